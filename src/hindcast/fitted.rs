//! The calibration that is shipped: a central set, a posterior of equally weighted sets, and how they came
//! about, in one parameter set that the scenarios of 2025 use.

use std::fmt::Write as _;

use super::SCENARIO;
use super::fit::Fit;
use super::score::quantile;
use super::space::{Dimension, dimensions};
use crate::error::Error;
use crate::policy::parameter::Parameters;
use crate::scenario::Scenario;

/// Calibrated sets.
#[derive(Clone, PartialEq, Debug)]
pub struct Fitted {
    /// One value per dimension.
    pub central: Vec<f64>,
    /// Equally weighted sets.
    pub sets: Vec<Vec<f64>>,
}

impl From<&Fit> for Fitted {
    fn from(fit: &Fit) -> Self {
        Self { central: fit.central.clone(), sets: fit.sets.clone() }
    }
}

impl Fitted {
    /// The calibration inside the program.
    ///
    /// # Errors
    /// When the file is damaged or of other dimensions; a test reads it.
    pub fn embedded() -> Result<Self, Error> {
        let open = |draw: &str| Scenario::open(SCENARIO, &[format!("parameter_draw={draw}")]);
        let (drawn, central) = (open("joint")?.0.parameters, open("central")?.0.parameters);
        Self::of(&drawn, &central)
    }

    /// From parameters drawn together, and the same at their central values.
    fn of(drawn: &Parameters, central: &Parameters) -> Result<Self, Error> {
        let columns: Option<Vec<Vec<f64>>> =
            dimensions().iter().map(|dimension| drawn.joint()?.values(dimension.parameter)).collect();
        let columns = columns.filter(|columns| columns.iter().all(|column| !column.is_empty()));
        let columns = columns.ok_or_else(|| Error::Result {
            path: format!("the parameter set of {SCENARIO}"),
            problem: "it has no sets of the calibrated dimensions".to_owned(),
        })?;
        let sets = (0..columns[0].len()).map(|set| columns.iter().map(|column| column[set]).collect());
        let all = dimensions();
        let central = all.iter().map(|dimension| central.get(dimension.parameter).mean());
        Ok(Self { central: central.collect(), sets: sets.collect() })
    }
}

/// What was found as a parameter set with its provenance.
#[must_use]
pub fn file(fit: &Fit, scenario_digest: &str) -> String {
    let all = dimensions();
    let effort = fit.effort;
    let mut text = format!(
        "# Written by `coercivity hindcast --refit`. Of the whole of 2025, no number is of a single month.\n\
         title = \"Calibrated on the exports and stops of April to July 2025\"\n\
         basis = \"\"\"\n\
         The desk: China's total magnet exports of April to July 2025, and nothing else. Stocks and sourcing (cover_factor,\n\
         cover_spread, stand_in_days): how many automakers' stops were reported from April to July 2025 and by when they had\n\
         begun, and nothing else; the desk hears nothing of it. August to November was seen while the mechanisms were chosen: it validates, it is not\n\
         predicted. History matching over the ranges in the comments with\n\
         {} Sobol' points in each of two waves, {} replications a point, {} points of the first wave not implausible,\n\
         {:.0} effective points behind the posterior; design seed {}. Scenario {SCENARIO} to July 2025 without these\n\
         numbers: digest {}, version {}.\n\
         \"\"\"\n\n\
         # The middle of the posterior: posterior from 10 to 90 %, then the range searched.\n\
         [parameters]\n",
        effort.points,
        effort.replications,
        fit.plausible,
        fit.effective,
        effort.seed,
        scenario_digest.get(..16).unwrap_or(scenario_digest),
        env!("CARGO_PKG_VERSION")
    );
    for (d, dimension) in all.iter().enumerate() {
        let column: Vec<f64> = fit.sets.iter().map(|set| set[d]).collect();
        let of = |p: f64| dimension.rounded(quantile(&column, p));
        let _ = writeln!(
            text,
            "{} = {:?} # {}, posterior {} to {}, searched {} to {}",
            dimension.key(),
            fit.central[d],
            dimension.unit(),
            of(0.1),
            of(0.9),
            dimension.low,
            dimension.high
        );
    }
    let keys: Vec<String> = all.iter().map(|dimension| format!("    \"{}\",\n", dimension.key())).collect();
    let _ = write!(
        text,
        "\n# The posterior: equally likely sets, of which each replication takes one whole.\n\
         [joint]\nparameters = [\n{}]\nsets = [\n",
        keys.concat()
    );
    for set in &fit.sets {
        let row: Vec<String> = set.iter().map(|value| format!("{value:?}")).collect();
        let _ = writeln!(text, "    [{}],", row.join(", "));
    }
    text.push_str("]\n");
    text
}

/// Digest of all that decides a point of a calibration of `scenario` but the calibrated numbers.
#[must_use]
pub fn digest(scenario: &Scenario) -> String {
    let mut own = super::ensemble::until(scenario, super::fit::FITTED[1].plus(1));
    let anywhere: Vec<f64> = dimensions().iter().map(|dimension: &Dimension| dimension.low).collect();
    super::space::apply(&mut own, &anywhere);
    own.parameters.draw_alone();
    own.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hindcast::fit::Effort;

    #[test]
    fn shipped_values_lie_in_their_ranges() {
        let fitted = Fitted::embedded().expect("readable");
        for (d, dimension) in dimensions().iter().enumerate() {
            let range = dimension.low..=dimension.high;
            assert!(range.contains(&fitted.central[d]), "{}", dimension.key());
            assert!(fitted.sets.iter().all(|set| range.contains(&set[d])), "{}", dimension.key());
        }
        assert!(fitted.sets.len() >= 16);
    }

    #[test]
    fn files_hold_what_was_found() {
        let shipped = Fitted::embedded().expect("readable");
        let sets = vec![shipped.central.clone(), shipped.sets[3].clone()];
        let fit = Fit {
            effort: Effort::default(),
            points: Vec::new(),
            plausible: 3,
            ranges: Vec::new(),
            effective: 2.0,
            sets: sets.clone(),
            central: shipped.sets[1].clone(),
        };
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("own.toml");
        std::fs::write(&path, file(&fit, "0123456789abcdef0123")).expect("written");
        let open = |draw: &str| {
            let set = format!("parameter_set={}", path.display());
            let sets = [set, format!("parameter_draw={draw}")];
            Scenario::open(SCENARIO, &sets).expect("readable").0.parameters
        };
        let read = Fitted::of(&open("joint"), &open("central")).expect("of these dimensions");
        assert_eq!(read, Fitted { central: shipped.sets[1].clone(), sets });
        assert!(Fitted::of(&open("central"), &open("central")).is_err());
    }

    /// A calibration that starts from another one finds the same.
    #[test]
    fn the_digest_forgets_the_calibration() {
        let open = |set: &str| Scenario::open(SCENARIO, &[set.to_owned()]).expect("bundled").0;
        let own = digest(&open("parameter_set=2025-fitted"));
        assert_eq!(own, digest(&open("parameter_set=none")));
        assert_eq!(own, digest(&open("parameter_draw=central")));
        assert_ne!(own, digest(&open("parameters.panic=0.1")));
    }
}
