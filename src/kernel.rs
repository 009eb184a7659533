//! The simulator: flat arrays, L replications side by side.
//!
//! Life cycle: [`Kernel::compile`] turns a resolved scenario into read-only arrays once; each worker asks for
//! a [`Scratch`] once; [`Kernel::replicate`] then runs replications in it, without a lock, a clock or (after
//! the first batch) an allocation. A replication is a pure function of (scenario, seed, replication index):
//! the same bits whatever the number of lanes beside it, threads or machines.
//!
//! A step gathers and never scatters: each line reads what its customers asked and what its suppliers sent,
//! in the fixed order of the compiled arrays.

pub(crate) mod allocate;
pub(crate) mod book;
pub(crate) mod calendar;
pub(crate) mod capacity;
pub(crate) mod chain;
pub(crate) mod clerk;
pub(crate) mod compile;
pub(crate) mod desk;
#[cfg(test)]
mod desk_tests;
pub(crate) mod dispatch;
pub(crate) mod draw;
pub(crate) mod event;
pub(crate) mod experience;
pub(crate) mod filing;
pub(crate) mod heavy;
#[cfg(test)]
mod heavy_tests;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod ledger;
pub mod link;
pub(crate) mod observe;
pub(crate) mod origin;
#[cfg(test)]
mod origin_tests;
#[cfg(test)]
mod pairs_tests;
pub(crate) mod pieces;
pub(crate) mod price;
pub(crate) mod produce;
pub mod queue;
#[cfg(test)]
mod queue_tests;
pub(crate) mod response;
pub(crate) mod rows;
pub mod scratch;
pub(crate) mod series;
pub(crate) mod settle;
pub(crate) mod share;
pub(crate) mod source;
pub(crate) mod step;
pub(crate) mod tally;
pub mod terms;
pub(crate) mod timing;
pub mod transit;
pub(crate) mod usual;

use std::sync::Arc;

pub use layout::Kernel;
pub use scratch::{Scratch, State};

use crate::random::philox::Streams;
use crate::summary::{Design, Outcome};

/// What one step of one lane looks like to somebody who watches; see [`Kernel::watch`].
pub trait Watch<const L: usize> {
    /// Called once, before the first step: luck is drawn and the chain at rest.
    fn start(&mut self, kernel: &Kernel, state: &State<L>) {
        let _ = (kernel, state);
    }

    /// Called at the end of each step, with the state as the step left it.
    fn step(&mut self, kernel: &Kernel, step: u32, state: &State<L>);
}

/// Watches nothing.
pub struct Blind;

impl<const L: usize> Watch<L> for Blind {
    fn step(&mut self, _: &Kernel, _: u32, _: &State<L>) {}
}

impl Kernel {
    /// Replications simulated side by side.
    pub const LANES: usize = 8;

    /// Metrics and series of every outcome.
    #[must_use]
    pub fn design(&self) -> &Arc<Design> {
        &self.observe.design
    }

    /// Groups of series (as `series.csv` names them) of which the scenario's `[outputs]` leaves some out.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.observe.left_out.iter().map(String::as_str)
    }

    /// Routes between lines.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.routes.from.len()
    }

    /// Steps of one replication.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Working memory for one worker.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        Scratch::new(self)
    }

    /// Runs `count` replications (at most [`Kernel::LANES`]) starting with index `first` and appends their
    /// outcomes to `out`, in order of index.
    ///
    /// ```
    /// use coercivity::kernel::Kernel;
    /// use coercivity::scenario::Scenario;
    ///
    /// let sets = ["step_days=7", "end=2025-04-30"].map(str::to_owned);
    /// let (scenario, _) = Scenario::open("full-embargo", &sets)?;
    /// let kernel = Kernel::compile(&scenario);
    /// let (mut scratch, mut outcomes) = (kernel.scratch(), Vec::new());
    /// kernel.replicate(0, 8, &mut scratch, &mut outcomes);
    /// // The same replication in other company: the same bits.
    /// kernel.replicate(5, 1, &mut scratch, &mut outcomes);
    /// assert_eq!(outcomes[5], outcomes[8]);
    /// # Ok::<(), coercivity::error::Error>(())
    /// ```
    pub fn replicate(&self, first: u64, count: usize, scratch: &mut Scratch, out: &mut Vec<Outcome>) {
        let state = &mut scratch.0;
        self.run_lanes(first, state, &mut Blind, false);
        for lane in 0..count.min(Self::LANES) {
            out.push(tally::outcome(self, state, lane, first + lane as u64));
        }
    }

    /// Runs replications `first..first + L` in `state` and shows every step to `watch`.
    pub fn watch<const L: usize>(&self, first: u64, state: &mut State<L>, watch: &mut impl Watch<L>) {
        self.run_lanes(first, state, watch, false);
    }

    /// [`Kernel::watch`] without the choice of instruction set: for the test that the choice changes no bit.
    #[doc(hidden)]
    pub fn watch_plain<const L: usize>(&self, first: u64, state: &mut State<L>, watch: &mut impl Watch<L>) {
        self.run_lanes(first, state, watch, true);
    }

    /// The outcome of one lane after [`Kernel::watch`].
    #[must_use]
    pub fn outcome<const L: usize>(&self, state: &State<L>, lane: usize, replication: u64) -> Outcome {
        tally::outcome(self, state, lane, replication)
    }

    fn run_lanes<const L: usize>(
        &self,
        first: u64,
        state: &mut State<L>,
        watch: &mut impl Watch<L>,
        plain: bool,
    ) {
        let streams: [Streams; L] = std::array::from_fn(|lane| Streams::new(self.seed, first + lane as u64));
        draw::start(self, &streams, state);
        watch.start(self, state);
        for step in 0..self.steps {
            dispatch::advance(self, &streams, step, state, watch, plain);
        }
    }
}
