//! Many replications of one kernel: the unit of work, who does it, and what is kept when it is cut short.
//!
//! Life cycle: a [`Plan`](crate::scenario::Plan) says how many replications; [`run`] hands them
//! to workers in pieces (see [`batch`]) in ascending order, and counts finished
//! pieces in one [`Summary`] in ascending order too. So at every moment the summary holds a *prefix* of
//! the replications, whatever the number of workers: that is what progress shows, what a [`checkpoint`]
//! stores, and what remains after an interruption. Pieces finished ahead of their turn wait in memory;
//! there are at most about as many as workers, so memory does not grow with the number of replications
//! (but for the scalar outcomes that the summary keeps).
//!
//! Whether a study has converged is asked of prefixes of fixed lengths only, so the answer, and the
//! number of replications counted, do not depend on the number of workers either.

pub mod batch;
pub mod checkpoint;
pub mod difference;
pub mod exposure;
pub mod flows;
mod pool;
pub mod reading;
pub mod replay;
pub mod shard;

use std::sync::Arc;

use crate::error::Error;
use crate::scenario::Scenario;
use crate::summary::{Design, Outcome, Summary};

use batch::Portion;

/// Something that turns indices of replications into outcomes; the kernel, or a stand-in for tests.
///
/// The outcome of a replication must not depend on which others are computed with it or before it.
pub trait Replicate: Sync {
    /// Working memory of one worker.
    type Scratch;

    /// What an outcome holds.
    fn design(&self) -> &Arc<Design>;
    /// Most replications one call of [`Self::replicate`] takes.
    fn lanes(&self) -> usize;
    /// New working memory.
    fn scratch(&self) -> Self::Scratch;
    /// Appends the outcomes of replications `first` to `first + count − 1` to `out`; `count` is at most
    /// [`Self::lanes`].
    fn replicate(&self, first: u64, count: usize, scratch: &mut Self::Scratch, out: &mut Vec<Outcome>);
}

/// When to stop before the last replication.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Until {
    /// Position of the metric in the design.
    pub metric: usize,
    /// Half width of the 95 % interval of its mean, relative to the mean.
    pub relative_half_width: f64,
    /// Not before so many replications.
    pub at_least: u64,
}

/// What to compute.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Name of the scenario, for errors.
    pub scenario: String,
    /// Number of workers, at least 1.
    pub threads: usize,
    /// Which replications; ends at the most, when `until` is given.
    pub portion: Portion,
    /// Stop when converged; only for portions that start at replication 0.
    pub until: Option<Until>,
}

impl Options {
    /// All replications of a scenario's plan.
    ///
    /// # Errors
    /// When the plan names a metric the design does not have; the message lists the nearest.
    pub fn of_plan(scenario: &Scenario, design: &Design, threads: usize) -> Result<Self, Error> {
        let until = match &scenario.plan.converge {
            None => None,
            Some(rule) => Some(Until {
                metric: metric_position(design, &rule.metric)?,
                relative_half_width: rule.relative_half_width,
                at_least: rule.at_least,
            }),
        };
        let portion = Portion { first: 0, end: scenario.plan.replications };
        Ok(Self { scenario: scenario.name.clone(), threads, portion, until })
    }
}

/// Position of a metric in the design.
///
/// # Errors
/// An input error with the nearest names when there is none of this name.
pub fn metric_position(design: &Design, name: &str) -> Result<usize, Error> {
    if let Some(position) = design.metrics.iter().position(|metric| metric.name == name) {
        return Ok(position);
    }
    let names = || design.metrics.iter().map(|metric| metric.name.as_str());
    let mut problem = crate::diagnostic::Diagnostic::error("E0701", format!("there is no metric `{name}`"));
    if let Some(near) = crate::diagnostic::nearest(name, names()) {
        problem = problem.help(format!("did you mean `{near}`?"));
    }
    let short: Vec<&str> = names().filter(|name| !name.contains(['@', ':'])).collect();
    problem = problem.help(format!(
        "totals: {}; most of them also exist per region, country or facility, such as `vehicles_lost:NAM`",
        short.join(", ")
    ));
    let mut diagnostics = crate::diagnostic::Diagnostics::new();
    diagnostics.push(problem);
    Err(diagnostics.into())
}

/// How far a study is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Replications in the prefix.
    pub done: u64,
    /// Replications wanted (the most, when stopping at convergence).
    pub wanted: u64,
    /// The prefix.
    pub summary: &'a Summary,
}

/// What a study gave.
#[derive(Clone, PartialEq, Debug)]
pub struct StudyResult {
    /// The replications `portion.first` to `portion.first + replications_done − 1`.
    pub summary: Summary,
    /// How many replications that is.
    pub replications_done: u64,
    /// Whether nothing is missing: all were computed, or the study converged.
    pub complete: bool,
    /// Whether it stopped because it had converged; `None` without a rule.
    pub converged: Option<bool>,
}

/// Computes the replications of `options`, beginning after those of `resume` (a prefix of the same
/// portion, from a checkpoint).
///
/// `progress` is called with every longer prefix, from a worker, while no other worker may add to it.
/// Once `stop` says yes, workers finish their piece and start no other.
///
/// ```
/// use coercivity::kernel::Kernel;
/// use coercivity::scenario::Scenario;
/// use coercivity::study::{self, Options, reading};
///
/// let sets = ["step_days=7", "end=2025-07-30", "study.replications=16"].map(str::to_owned);
/// let (scenario, _) = Scenario::open("full-embargo", &sets)?;
/// let kernel = Kernel::compile(&scenario);
/// let options = Options::of_plan(&scenario, kernel.design(), 2)?;
/// let result = study::run(&kernel, &options, &|_| {}, &|| false, None)?;
/// assert_eq!((result.replications_done, result.complete), (16, true));
/// let lost = result.summary.metric(reading::metric(&result.summary, "vehicles_lost").unwrap());
/// assert!(lost.mean > 0.0 && lost.min <= lost.q50 && lost.q50 <= lost.max);
/// # Ok::<(), coercivity::error::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotFinite`] names the first replication (of the prefix) with a number that is not finite;
/// [`Error::Result`] when `resume` counts other things or other replications.
pub fn run<R: Replicate>(
    source: &R,
    options: &Options,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: &(dyn Fn() -> bool + Sync),
    resume: Option<Summary>,
) -> Result<StudyResult, Error> {
    pool::run(source, options, progress, stop, resume)
}

impl Replicate for crate::kernel::Kernel {
    type Scratch = crate::kernel::Scratch;

    fn design(&self) -> &Arc<Design> {
        Self::design(self)
    }

    fn lanes(&self) -> usize {
        Self::LANES
    }

    fn scratch(&self) -> Self::Scratch {
        Self::scratch(self)
    }

    fn replicate(&self, first: u64, count: usize, scratch: &mut Self::Scratch, out: &mut Vec<Outcome>) {
        Self::replicate(self, first, count, scratch, out);
    }
}

#[cfg(test)]
pub(crate) mod tests;
