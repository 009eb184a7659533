//! Working memory of L replications side by side: entity-major rows with the lanes innermost.

use super::allocate::Claim;
use super::compile::Kernel;
use super::desk::Desk;
use super::tally::Tally;

/// One number per lane.
pub type Row<const L: usize> = [f64; L];

/// Rows of zeros.
pub(crate) fn rows<const L: usize>(count: usize) -> Vec<Row<L>> {
    vec![[0.0; L]; count]
}

/// Working memory of one worker; allocated once, reused by every batch.
pub struct Scratch(pub(crate) State<{ Kernel::LANES }>);

impl Scratch {
    pub(crate) fn new(kernel: &Kernel) -> Self {
        Self(State::new(kernel))
    }
}

/// State of L replications. Quantities are in the units of the route's or line's product; flows marked
/// "per day" are rates, all others are per step.
pub struct State<const L: usize> {
    // ---- per route -------------------------------------------------------------------------
    /// S: buyer's stock of this route's goods.
    pub stock: Vec<Row<L>>,
    /// B: orders the supplier has not yet filled.
    pub book: Vec<Row<L>>,
    /// T: goods in transit.
    pub transit: Vec<Row<L>>,
    /// b: output the buyer owes on this route's account (dedicated sourcing), in units of output.
    pub owed: Vec<Row<L>>,
    /// Orders placed in the last step.
    pub placed: Vec<Row<L>>,
    /// e before, q after rationing: goods leaving in this step.
    pub leaving: Vec<Row<L>>,
    /// Output that the route's stock allows in this step, units of the buyer's line.
    pub allows: Vec<Row<L>>,
    /// Cancelled orders that stay out of the target for a while.
    pub forgone: Vec<Row<L>>,
    /// Ordered and dispatched, smoothed over 30 days (per step).
    pub ordered_month: Vec<Row<L>>,
    /// See `ordered_month`.
    pub sent_month: Vec<Row<L>>,
    /// Ordered and dispatched, smoothed over 14 days (per step).
    pub ordered_fortnight: Vec<Row<L>>,
    /// See `ordered_fortnight`.
    pub sent_fortnight: Vec<Row<L>>,
    /// v: share in use, of the line's output.
    pub share: Vec<Row<L>>,
    /// w: share in the base year (for routes that open later: the share once ramped up).
    pub weight: Vec<Row<L>>,
    /// a: input per unit of output.
    pub amount: Vec<Row<L>>,
    /// o⁰: base flow per day.
    pub base_flow: Vec<Row<L>>,
    /// n̄: stock target in days.
    pub target_days: Vec<Row<L>>,
    /// Extra steps in transit while a lane is slow.
    pub extra_lead: Vec<Row<L>>,
    /// Factor of tariffs on the route's weight.
    pub tariff: Vec<Row<L>>,
    /// Factor of a growing supplier on the route's weight.
    pub growth: Vec<Row<L>>,
    /// Slot of the surface and of the air ring that is due in this step.
    pub cursor: Vec<[u32; 2]>,
    /// Rings of goods in transit.
    pub ring: Vec<Row<L>>,
    /// A candidate's clock: days of shortage, then `WAITING` + days of qualification, then `QUALIFIED` + days.
    pub candidate_days: Vec<Row<L>>,
    // ---- per governed route ----------------------------------------------------------------
    /// Most that may leave in this step.
    pub cap: Vec<Row<L>>,
    /// Number of closures (embargo, port, hold) in force.
    pub closures: Vec<Row<L>>,
    /// Number of general licences in force.
    pub exempt: Vec<Row<L>>,
    /// Step until which customs hold the route's unlisted goods.
    pub held: Vec<Row<L>>,
    // ---- per line --------------------------------------------------------------------------
    /// F: finished stock.
    pub finished: Vec<Row<L>>,
    /// F*: its target.
    pub finished_target: Vec<Row<L>>,
    /// X: output of the step.
    pub output: Vec<Row<L>>,
    /// Output wanted before inputs are looked at.
    pub wanted: Vec<Row<L>>,
    /// X̂: new demand per day, smoothed over days.
    pub expected: Vec<Row<L>>,
    /// X̄: new demand per day, smoothed over months.
    pub trend: Vec<Row<L>>,
    /// New demand of the step.
    pub demand: Vec<Row<L>>,
    /// Output owed from before: late orders, deferred demand, and finished stock below target.
    pub owing: Vec<Row<L>>,
    /// Final demand of the step before any shock (sinks).
    pub calm_demand: Vec<Row<L>>,
    /// Final demand of the step, with shocks.
    pub final_demand: Vec<Row<L>>,
    /// Deferred final demand.
    pub deferred: Vec<Row<L>>,
    /// Final demand served in the step.
    pub served: Vec<Row<L>>,
    /// Final demand lost for good, so far.
    pub lost: Vec<Row<L>>,
    /// x⁰: baseline output per day.
    pub base_output: Vec<Row<L>>,
    /// f⁰: baseline final demand per day.
    pub base_final: Vec<Row<L>>,
    /// Factor on final demand.
    pub demand_factor: Vec<Row<L>>,
    /// Days until a stopped line may restart; 0 when running.
    pub restart: Vec<Row<L>>,
    /// Ratio of dispatch to requests (proportional rationing).
    pub ratio: Vec<Row<L>>,
    /// Which limit bound the line's output, when watched: see [`Bound`].
    pub bound: Vec<[u32; L]>,
    // ---- per pool --------------------------------------------------------------------------
    /// K⁰: capacity per day.
    pub capacity: Vec<Row<L>>,
    /// Capacity added by projects and support, share of K⁰.
    pub added: Vec<Row<L>>,
    /// ρ: share of capacity lost.
    pub loss: Vec<Row<L>>,
    /// α: over-production.
    pub overproduction: Vec<Row<L>>,
    // ---- per separation group --------------------------------------------------------------
    /// Heavy oxide in the circuit.
    pub circuit: Vec<Row<L>>,
    /// Its most (30 days of base output).
    pub circuit_most: Vec<Row<L>>,
    /// Recovery: heavy oxide per unit of the feed line's output.
    pub recovery: Vec<Row<L>>,
    /// Heavy oxide that overflowed to tailings, so far.
    pub tailings: Vec<Row<L>>,
    // ---- per replication -------------------------------------------------------------------
    /// Parameters.
    pub parameters: Vec<Row<L>>,
    /// First and one-past-last step of each shock; `f64::INFINITY` when it never comes.
    pub shock_start: Vec<Row<L>>,
    /// See `shock_start`.
    pub shock_end: Vec<Row<L>>,
    /// Drawn size of each shock.
    pub shock_size: Vec<Row<L>>,
    /// Second drawn number of each shock (recovery time, ramp).
    pub shock_time: Vec<Row<L>>,
    /// What is left of each stockpile; share replaced so far by each substitution.
    pub shock_left: Vec<Row<L>>,
    /// What is left of each quota's period; infinite when none is in force.
    pub quota_left: Vec<Row<L>>,
    /// Chinese shares of goods; only for scenarios that ask.
    pub(crate) origin: Option<super::origin::Origin<L>>,
    /// Visits of each chain of regimes: shock by shock, lanes innermost; empty for other shocks.
    pub(crate) visits: Vec<super::chain::Visits>,
    /// ln p relative to the base price: per element, outside then inside the control.
    pub price: Vec<Row<L>>,
    /// Smoothed share of supply withheld, in the order of `price`.
    pub withheld: Vec<Row<L>>,
    /// Licence desk.
    pub(crate) desk: Desk<L>,
    /// What outcomes are made of.
    pub(crate) tally: Tally<L>,
    /// Rationing by rules other than proportional: claims on one supplier.
    pub(crate) queue: Vec<Claim>,
    /// What each of its customers was granted.
    pub(crate) granted: Vec<f64>,
    /// Limits of the slots of one line.
    pub(crate) limits: Vec<Row<L>>,
    /// Whether shares must be computed anew.
    pub(crate) stale: bool,
    /// Whether a shock started or ended in this step, in any lane.
    pub(crate) turned: bool,
    /// Days for which a governed route has let less than its base flow through.
    pub(crate) blocked_days: Vec<Row<L>>,
}

/// What bound a line's output in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// Nothing was wanted beyond what was made.
    Demand,
    /// Capacity.
    Capacity,
    /// A line stop (below the minimum run rate, or waiting to restart).
    Stopped,
    /// The input at this position among the line's inputs.
    Input(u32),
}

impl Bound {
    pub(crate) const DEMAND: u32 = u32::MAX;
    pub(crate) const CAPACITY: u32 = u32::MAX - 1;
    pub(crate) const STOPPED: u32 = u32::MAX - 2;

    /// From the code kept in [`State::bound`].
    #[must_use]
    pub fn from_code(code: u32) -> Self {
        match code {
            Self::DEMAND => Self::Demand,
            Self::CAPACITY => Self::Capacity,
            Self::STOPPED => Self::Stopped,
            input => Self::Input(input),
        }
    }
}

impl<const L: usize> State<L> {
    /// Memory for the kernel's network.
    #[must_use]
    pub fn new(kernel: &Kernel) -> Self {
        let routes = kernel.routes.from.len();
        let lines = kernel.lines.pool.len();
        let pools = kernel.pools.opens.len();
        let groups = kernel.groups.len();
        let governed = kernel.routes.governed_list.len();
        let shocks = kernel.scenario.shocks.len();
        Self {
            stock: rows(routes),
            book: rows(routes),
            transit: rows(routes),
            owed: rows(routes),
            placed: rows(routes),
            leaving: rows(routes),
            allows: rows(routes),
            forgone: rows(routes),
            ordered_month: rows(routes),
            sent_month: rows(routes),
            ordered_fortnight: rows(routes),
            sent_fortnight: rows(routes),
            share: rows(routes),
            weight: rows(routes),
            amount: rows(routes),
            base_flow: rows(routes),
            target_days: rows(routes),
            extra_lead: rows(routes),
            tariff: rows(routes),
            growth: rows(routes),
            ring: rows(kernel.ring_rows),
            cursor: vec![[0; 2]; routes],
            candidate_days: rows(routes),
            cap: rows(governed),
            closures: rows(governed),
            exempt: rows(governed),
            held: rows(governed),
            finished: rows(lines),
            finished_target: rows(lines),
            output: rows(lines),
            wanted: rows(lines),
            expected: rows(lines),
            trend: rows(lines),
            demand: rows(lines),
            owing: rows(lines),
            calm_demand: rows(lines),
            final_demand: rows(lines),
            deferred: rows(lines),
            served: rows(lines),
            lost: rows(lines),
            base_output: rows(lines),
            base_final: rows(lines),
            demand_factor: rows(lines),
            restart: rows(lines),
            ratio: rows(lines),
            bound: vec![[Bound::DEMAND; L]; lines],
            capacity: rows(pools),
            added: rows(pools),
            loss: rows(pools),
            overproduction: rows(pools),
            circuit: rows(groups),
            circuit_most: rows(groups),
            recovery: rows(groups),
            tailings: rows(groups),
            parameters: rows(crate::policy::parameter::Parameter::COUNT),
            shock_start: rows(shocks),
            shock_end: rows(shocks),
            shock_size: rows(shocks),
            shock_time: rows(shocks),
            shock_left: rows(shocks),
            quota_left: rows(shocks),
            origin: kernel.origin.as_ref().map(|content| super::origin::Origin::new(kernel, content)),
            visits: vec![Vec::new(); if kernel.chained { shocks * L } else { 0 }],
            price: rows(4),
            withheld: rows(4),
            desk: Desk::new(kernel),
            tally: Tally::new(kernel),
            queue: Vec::new(),
            granted: Vec::new(),
            limits: rows(kernel.lines.criticality.len().max(1)),
            stale: true,
            turned: true,
            blocked_days: rows(governed),
        }
    }
}
