//! The calibration that is shipped: a central set, a posterior of equally weighted sets, and how they came about.

use std::fmt::Write as _;

use super::fit::Fit;
use super::space::dimensions;
use crate::error::Error;

const CENTRAL: &str = include_str!("../../scenarios/parameters/2025-fitted.toml");
const POSTERIOR: &str = include_str!("../../scenarios/hindcast/posterior.csv");

/// Where the shipped files stand, for messages.
const CENTRAL_NAME: &str = "<embedded>/parameters/2025-fitted.toml";
const POSTERIOR_NAME: &str = "<embedded>/hindcast/posterior.csv";

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
    /// When a file is damaged or of other dimensions; a test reads them.
    pub fn embedded() -> Result<Self, Error> {
        Ok(Self { central: parse_central(CENTRAL)?, sets: parse_posterior(POSTERIOR)? })
    }
}

/// Values of the dimensions from the text of a parameter file.
fn parse_central(text: &str) -> Result<Vec<f64>, Error> {
    let failed = |problem: String| Error::Result { path: CENTRAL_NAME.to_owned(), problem };
    let table: toml::Table = toml::from_str(text).map_err(|problem| failed(problem.to_string()))?;
    let number = |value: &toml::Value| {
        #[allow(clippy::cast_precision_loss)]
        value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
    };
    dimensions()
        .iter()
        .map(|dimension| {
            let value = table
                .get("parameters")
                .and_then(|own| own.get(dimension.key()))
                .or_else(|| table.get(dimension.key()));
            value.and_then(number).ok_or_else(|| failed(format!("there is no number `{}`", dimension.key())))
        })
        .collect()
}

fn parse_posterior(text: &str) -> Result<Vec<Vec<f64>>, Error> {
    let failed = |problem: String| Error::Result { path: POSTERIOR_NAME.to_owned(), problem };
    let keys: Vec<&str> = dimensions().iter().map(super::space::Dimension::key).collect();
    let mut lines = text.lines();
    if lines.next() != Some(keys.join(",").as_str()) {
        return Err(failed("the columns are not the calibrated dimensions".to_owned()));
    }
    let mut sets = Vec::new();
    for (line, row) in lines.enumerate() {
        let values: Option<Vec<f64>> = row.split(',').map(|cell| cell.parse().ok()).collect();
        let values = values.filter(|values| values.len() == keys.len());
        sets.push(values.ok_or_else(|| failed(format!("line {} is damaged", line + 2)))?);
    }
    if sets.is_empty() {
        return Err(failed("there is no set".to_owned()));
    }
    Ok(sets)
}

/// The central set as a parameter file with its provenance.
#[must_use]
pub fn central_file(fit: &Fit, scenario_digest: &str) -> String {
    let mut text = String::new();
    let effort = fit.effort;
    let _ = write!(
        text,
        "# Calibrated on China's total magnet exports of April to July 2025, and on nothing else; written by\n\
         # `coercivity hindcast --refit`. August to November was seen while the mechanisms were chosen: it validates,\n\
         # it is not predicted. Every number below is of the whole of 2025, none of a single month.\n\
         #\n\
         # Method: history matching over the ranges in the comments with {} Sobol' points in each of two waves,\n\
         # {} replications a point, {} points of the first wave not implausible, {:.0} effective points behind the\n\
         # posterior (scenarios/hindcast/posterior.csv); design seed {}.\n\
         # Scenario 2025-april-controls, digest {scenario_digest}, version {}.\n\n",
        effort.points,
        effort.replications,
        fit.plausible,
        fit.effective,
        effort.seed,
        env!("CARGO_PKG_VERSION")
    );
    let of = |d: usize| -> (f64, f64) {
        let column: Vec<f64> = fit.sets.iter().map(|set| set[d]).collect();
        (super::score::quantile(&column, 0.1), super::score::quantile(&column, 0.9))
    };
    let line = |d: usize, text: &mut String| {
        let dimension = &dimensions()[d];
        let (low, high) = of(d);
        let note = format!(
            "posterior {} to {} (10 to 90 %), prior {} to {}",
            dimension.rounded(low),
            dimension.rounded(high),
            dimension.low,
            dimension.high
        );
        let _ = writeln!(text, "{} = {:?} # {}, {note}", dimension.key(), fit.central[d], dimension.unit());
    };
    let own = |key: &str| dimensions().iter().position(|dimension| dimension.key() == key).unwrap_or(0);
    text.push_str("# Speed of the desk after the regimes of May and June together, relative to April; they share it as the\n# scenario says.\n");
    line(own("easing"), &mut text);
    text.push_str("\n[parameters]\n");
    for (d, dimension) in dimensions().iter().enumerate() {
        if dimension.key() != "easing" {
            line(d, &mut text);
        }
    }
    text
}

/// The posterior as CSV, one set a row.
#[must_use]
pub fn posterior_file(fit: &Fit) -> String {
    let mut text = dimensions().iter().map(super::space::Dimension::key).collect::<Vec<_>>().join(",");
    text.push('\n');
    for set in &fit.sets {
        let row: Vec<String> = set.iter().map(f64::to_string).collect();
        text.push_str(&row.join(","));
        text.push('\n');
    }
    text
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
        let fit = Fit {
            effort: Effort::default(),
            points: Vec::new(),
            plausible: 3,
            ranges: Vec::new(),
            effective: 2.0,
            sets: shipped.sets.clone(),
            central: shipped.central.clone(),
        };
        assert_eq!(parse_central(&central_file(&fit, "0")).expect("readable"), shipped.central);
        assert_eq!(parse_posterior(&posterior_file(&fit)).expect("readable"), shipped.sets);
        assert!(parse_posterior("a,b\n").is_err() && parse_central("[parameters]\n").is_err());
    }
}
