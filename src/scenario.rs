//! A question to the model: a network, a calendar, policies, behaviour and a study, all resolved.
//!
//! Life cycle: [`document`](self) texts are parsed without meaning, resolved against the network (the only
//! place that knows names), and from then on no input can fail.

use std::sync::Arc;

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

/// Which series a run writes out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outputs {
    /// Kinds of groups wanted (`total`, `stage`, `region`, `country`, `company`, `facility`,
    /// `destination`); empty: the default of the program.
    pub groups: Vec<String>,
    /// Names of series wanted; empty: all.
    pub series: Vec<String>,
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
    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.days / self.step_days
    }
}
