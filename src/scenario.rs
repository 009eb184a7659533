//! A question to the model: a network, a calendar, policies, behaviour and a study, all resolved.
//!
//! Life cycle: texts are parsed without meaning ([`document`]), laid over what they extend ([`overlay`])
//! and resolved against the network ([`resolve`], the only place that knows names); from then on no input
//! can fail. [`Scenario::open`] does all three.

pub mod bundled;
pub mod calendar;
mod chain;
mod conflict;
pub mod document;
mod fields;
pub mod format;
mod licensing;
mod marks;
mod names;
pub mod overlay;
pub mod parameter_set;
mod plausible;
pub mod quantity;
pub mod resolve;
pub mod rules;
pub mod schema;
pub mod select;
pub mod shock_schema;
pub mod shocks;
pub mod spell;
mod timing;

#[cfg(test)]
mod diagnostics_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tiny;

use std::fmt::Write as _;
use std::sync::Arc;

pub use rules::explain_code;

use sha2::{Digest as _, Sha256};

use crate::diagnostic::Diagnostics;
use crate::error::Error;
use crate::network::Network;
use crate::network::facility::BASE_YEAR;
use crate::network::line::LineGraph;
use crate::policy::parameter::Parameters;
use crate::policy::response::Switches;
use crate::policy::shock::Shock;

/// Where a statement comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Title or publisher.
    pub title: String,
    /// Address.
    pub url: String,
}

/// What the scenario claims about its effect; tests hold it to this.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// Scenario to compare with.
    pub parent: String,
    /// Name of a metric.
    pub metric: String,
    /// +1: the metric's mean is higher than in the parent; −1: lower; 0: no difference, for the stated reason.
    pub sign: i8,
    /// Why.
    pub because: String,
}

/// When to stop adding replications.
#[derive(Clone, PartialEq, Debug)]
pub struct Convergence {
    /// Name of a metric.
    pub metric: String,
    /// Half width of the 95 % interval of the mean, relative to the mean.
    pub relative_half_width: f64,
    /// Not before so many replications.
    pub at_least: u64,
}

/// How many replications, from which seed.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Replications (the most, when stopping at convergence).
    pub replications: u64,
    /// Seed.
    pub seed: u64,
    /// Stop when converged.
    pub converge: Option<Convergence>,
}

/// Which series a run observes and writes out: those of the groups named and those named themselves; where
/// nothing is named, all. Metrics are always complete.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outputs {
    /// Groups wanted, as `series.csv` names them (`exports`, `output:region`, `cover` …).
    pub groups: Vec<String>,
    /// Series wanted, as `series.csv` names them (`exports:USA`, `output@auto-ford-nam` …).
    pub series: Vec<String>,
}

impl Outputs {
    /// Whether a series is wanted.
    #[must_use]
    pub fn wants(&self, series: &crate::summary::Series) -> bool {
        self.groups.is_empty() && self.series.is_empty()
            || self.groups.contains(&series.group)
            || self.series.contains(&series.id)
    }
}

/// A text that was read to make a scenario, for the manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputText {
    /// Path as typed, `<embedded>/…`, or `--set`.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// A resolved scenario. Everything the kernel needs; nothing that can fail.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Short name (file stem or bundled name).
    pub name: String,
    /// Title.
    pub title: String,
    /// One paragraph.
    pub description: String,
    /// Sources.
    pub sources: Vec<Reference>,
    /// Name of the network.
    pub network: String,
    /// Year and sources the network's data describe, for charts.
    pub vintage: String,
    /// The network's lines.
    pub lines: Arc<LineGraph>,
    /// Date of step 0, days since 1970-01-01.
    pub start: i32,
    /// Length in days, a multiple of `step_days`.
    pub days: u32,
    /// Days per step, 1 or 7.
    pub step_days: u32,
    /// Parameters.
    pub parameters: Parameters,
    /// The parameter set that some of them are from (no part of the digest; the values are).
    pub parameter_set: Option<parameter_set::ParameterSet>,
    /// Switches.
    pub switches: Switches,
    /// Shocks, in file order.
    pub shocks: Vec<Shock>,
    /// Replications and seed.
    pub plan: Plan,
    /// What it claims.
    pub expectation: Option<Expectation>,
    /// Dated labels for charts.
    pub marks: Vec<(i32, String)>,
    /// Which series are wanted.
    pub outputs: Outputs,
    /// Every text read to make it (no part of its digest).
    pub inputs: Vec<InputText>,
}

impl Scenario {
    /// Opens a scenario by bundled name or path, lays `sets` (`key=value`) over it, and resolves it. The
    /// diagnostics returned with the scenario hold warnings only.
    ///
    /// ```
    /// use coercivity::policy::parameter::Parameter;
    /// use coercivity::scenario::Scenario;
    ///
    /// let sets = ["parameters.panic=1.5".to_owned()];
    /// let (scenario, warnings) = Scenario::open("2025-april-controls", &sets)?;
    /// assert!(warnings.list().is_empty());
    /// assert_eq!(scenario.parameters.get(Parameter::Panic).mean(), 1.5);
    /// # Ok::<(), coercivity::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// Every problem of the input, all at once.
    pub fn open(name_or_path: &str, sets: &[String]) -> Result<(Self, Diagnostics), Error> {
        let mut diagnostics = Diagnostics::new();
        let layers = overlay::open(name_or_path, sets, &mut diagnostics);
        Self::finish(layers, diagnostics)
    }

    /// A bundled scenario.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn bundled(name: &str) -> Result<(Self, Diagnostics), Error> {
        Self::open(name, &[])
    }

    /// A scenario file.
    ///
    /// # Errors
    /// Every problem of the input, all at once.
    pub fn load(path: &std::path::Path) -> Result<(Self, Diagnostics), Error> {
        Self::open(&path.to_string_lossy(), &[])
    }

    /// A scenario from a text; `name` is what messages call it.
    ///
    /// ```
    /// use coercivity::error::Error;
    /// use coercivity::scenario::Scenario;
    ///
    /// let text = "title = \"My own\"\nextends = \"full-embargo\"\n[parameters]\nus_speed = 0.25\n";
    /// let (scenario, _) = Scenario::parse("mine.toml", text)?;
    /// assert_eq!(scenario.name, "mine");
    ///
    /// // All mistakes at once, each with its place and what was probably meant.
    /// let text = text.replace("us_speed = 0.25", "us_sped = 9\npanic = -1");
    /// let Err(Error::Input(said)) = Scenario::parse("mine.toml", &text) else { panic!() };
    /// let message = said.render(false);
    /// assert!(message.contains("mine.toml:4:1") && message.contains("did you mean `us_speed`?"), "{message}");
    /// assert!(message.contains("mine.toml:5:9"), "{message}");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Every problem of the input, all at once.
    pub fn parse(name: &str, text: &str) -> Result<(Self, Diagnostics), Error> {
        let mut diagnostics = Diagnostics::new();
        let layers = overlay::open_text(name, text, &mut diagnostics);
        Self::finish(layers, diagnostics)
    }

    fn finish(
        layers: Option<overlay::Layers>,
        mut diagnostics: Diagnostics,
    ) -> Result<(Self, Diagnostics), Error> {
        let scenario = layers.and_then(|layers| {
            let scenario = resolve::resolve(&layers, &find_network, &mut diagnostics)?;
            names::check(&layers, &scenario, &mut diagnostics);
            plausible::check(&layers, &scenario, &mut diagnostics);
            (diagnostics.error_count() == 0).then_some(scenario)
        });
        match scenario {
            Some(scenario) => Ok(diagnostics.into_result(scenario)?),
            None => Err(Error::Input(diagnostics)),
        }
    }

    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.days / self.step_days
    }

    /// SHA-256 (hexadecimal) of everything that decides the numbers: two scenarios with the same digest
    /// give the same results. Names of files have no part in it.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut text = String::new();
        // Rust prints a float with the fewest digits that read back as the same number, so that equal
        // texts mean equal bits.
        let _ = write!(
            text,
            "{:?}\n{:?}\n",
            (&self.start, &self.days, &self.step_days),
            (&self.parameters, &self.switches)
        );
        let _ = write!(text, "{:?}\n{:?}\n{:?}\n", &self.shocks, (&self.plan, &self.outputs), &self.lines);
        hexadecimal(&Sha256::digest(text.as_bytes()))
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Looks a network up: a shipped one by name, otherwise a folder relative to where it was named.
fn find_network(name: &str, folder: &std::path::Path) -> Result<resolve::Ground, resolve::NoNetwork> {
    use resolve::NoNetwork;
    let broken = |error| match error {
        Error::Input(problems) => NoNetwork::Broken(problems),
        other => {
            let mut problems = Diagnostics::new();
            problems.push(crate::diagnostic::Diagnostic::error(
                "E0201",
                format!("cannot read network `{name}`: {other}"),
            ));
            NoNetwork::Broken(problems)
        }
    };
    let shipped = Network::embedded_names().any(|own| own == name);
    let (network, warnings) = if shipped {
        (Network::embedded(name).map_err(broken)?, Diagnostics::new())
    } else if folder.join(name).is_dir() {
        Network::load(&folder.join(name)).map_err(broken)?
    } else {
        return Err(NoNetwork::Unknown(Network::embedded_names().map(str::to_owned).collect()));
    };
    let lines = Arc::new(network.lines().map_err(NoNetwork::Broken)?);
    let vintage = if shipped { format!("{name}, base year {BASE_YEAR}") } else { network.name };
    Ok(resolve::Ground { lines, vintage, warnings })
}
