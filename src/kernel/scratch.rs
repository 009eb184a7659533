//! Working memory of L replications side by side: entity-major rows with the lanes innermost.

use super::allocate::Claim;
use super::desk::Desk;
use super::layout::Kernel;
pub use super::rows::{AdaptingRows, Customers, RouteRows, Row};
pub(crate) use super::rows::{add, less, more, rows};
use super::tally::Tally;
use super::transit::AHEAD;

/// Working memory of one worker; allocated once, reused by every batch.
pub struct Scratch(pub(crate) State<{ Kernel::LANES }>);

impl Scratch {
    pub(crate) fn new(kernel: &Kernel) -> Self {
        Self(State::new(kernel))
    }
}

/// Working rows of one line, route by route and input by input; nothing lasts beyond the line's turn.
pub(crate) struct Work<const L: usize> {
    /// Output that each route's stock allows, units of the buyer's line.
    pub allows: Vec<Row<L>>,
    /// What each route can do for its own share, then what it does.
    pub part: Vec<Row<L>>,
    /// Σ of the parts each route can do, by input.
    pub can: Vec<Row<L>>,
    /// Limits of the inputs.
    pub limits: Vec<Row<L>>,
}

/// State of L replications. Quantities are in the units of the route's or line's product; flows marked
/// "per day" are rates, all others are per step.
pub struct State<const L: usize> {
    // ---- per route -------------------------------------------------------------------------
    /// What a step touches.
    pub routes: Vec<RouteRows<L>>,
    /// Memory of the routes that adapt: see [`super::link::Link::adapting`].
    pub adapting: Vec<AdaptingRows<L>>,
    /// Whether any order of a route was ever late, in any lane: others have nothing cancelled to remember.
    pub(crate) forgoes: Vec<bool>,
    /// a: input per unit of output, at the positions of [`super::link::Link::amount`].
    pub amount: Vec<Row<L>>,
    /// Its inverse; 0 where nothing is needed.
    pub per_amount: Vec<Row<L>>,
    /// w: share in the base year (for routes that open later: the share once ramped up).
    pub weight: Vec<Row<L>>,
    /// The weight with the factor of tariffs.
    pub pull: Vec<Row<L>>,
    /// Extra steps in transit while a lane is slow.
    pub extra_lead: Vec<Row<L>>,
    /// Factor of tariffs on the route's weight.
    pub tariff: Vec<Row<L>>,
    /// Factor of a growing supplier on the route's weight.
    pub growth: Vec<Row<L>>,
    /// Rings of goods in transit, wheel by wheel.
    pub(crate) ring: Vec<Row<L>>,
    /// Slot of each wheel that is due in this step.
    pub(crate) cursor: Vec<u32>,
    /// Row of each route's goods that are due in this step, by surface and by air; and some more at the end, so that
    /// every route has one that many routes ahead.
    pub(crate) due: Vec<[u32; 2]>,
    /// A candidate's clock: days of shortage, then `WAITING` + days of qualification, then `QUALIFIED` + days.
    pub candidate_days: Vec<Row<L>>,
    // ---- per input of a line ---------------------------------------------------------------
    /// Σ of what is owed on the accounts of its routes, under dedicated sourcing of the usual kinds.
    pub(crate) owed: Vec<Row<L>>,
    // ---- per governed route ----------------------------------------------------------------
    /// Most that may leave in this step.
    pub cap: Vec<Row<L>>,
    /// Number of embargoes and closed ports in force.
    pub closures: Vec<Row<L>>,
    /// Number of closed ports among them: nothing goes round those.
    pub shut: Vec<Row<L>>,
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
    /// Days on which inputs kept the line short, so far.
    pub short_days: Vec<Row<L>>,
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
    /// What customers want.
    pub customers: Vec<Customers<L>>,
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
    /// η: share of the heavy oxide in the ore used that circuits recover.
    pub recovery: Vec<Row<L>>,
    /// The same at the start, before plants open and projects build.
    pub(crate) recovery_calm: Vec<Row<L>>,
    /// Heavy oxide recovered in this step.
    pub recovered: Vec<Row<L>>,
    /// Heavy oxide in ore that was used and not recovered, so far.
    pub unrecovered: Vec<Row<L>>,
    /// Tonnes of heavy oxide in a tonne of ore: ore routes of all groups, group by group.
    pub content: Vec<Row<L>>,
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
    /// Times that a chain has brought each shock back.
    pub(crate) returns: Vec<[u32; L]>,
    /// ln p relative to the base price: per element, outside then inside the control.
    pub price: Vec<Row<L>>,
    /// Smoothed share of supply withheld, in the order of `price`.
    pub withheld: Vec<Row<L>>,
    /// What the gate keeps back in this step of each market's usual supply, tonnes of the element.
    pub(crate) kept: Vec<Row<L>>,
    /// What the markets are like in calm.
    pub(crate) markets: Vec<super::price::Calm<L>>,
    /// Licence desk.
    pub(crate) desk: Desk<L>,
    /// What outcomes are made of.
    pub(crate) tally: Tally<L>,
    /// Rationing by rules other than proportional: claims on one supplier.
    pub(crate) queue: Vec<Claim>,
    /// What each of its customers was granted.
    pub(crate) granted: Vec<f64>,
    /// Of the line whose turn it is.
    pub(crate) work: Work<L>,
    /// Whether the last step fell into the New Year holiday.
    pub(crate) new_year: bool,
    /// Whether shares must be computed anew.
    pub(crate) stale: bool,
    /// Whether a shock started or ended in this step, in any lane.
    pub(crate) turned: bool,
    /// Days for which a governed route has let less than its base flow through.
    pub(crate) blocked_days: Vec<Row<L>>,
    /// Most that may leave a governed route as what it is, in this step; what leaves beyond it goes round the
    /// control inside other goods. Kept only where the scenario lets goods go round.
    pub(crate) open: Vec<Row<L>>,
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
    /// One row of each route.
    #[must_use]
    pub fn column(&self, pick: impl Fn(&RouteRows<L>) -> Row<L>) -> Vec<Row<L>> {
        self.routes.iter().map(pick).collect()
    }

    /// a: input per unit of output of a route's buyer.
    #[must_use]
    pub fn amount_of(&self, kernel: &Kernel, r: usize) -> &Row<L> {
        &self.amount[kernel.routes.amount[r] as usize]
    }

    /// Keeps the inverse of every amount beside it.
    pub(crate) fn invert_amounts(&mut self) {
        for (inverse, amount) in self.per_amount.iter_mut().zip(&self.amount) {
            *inverse = amount.map(|amount| if amount > 0.0 { 1.0 / amount } else { 0.0 });
        }
    }

    /// Memory for the kernel's network.
    #[must_use]
    pub fn new(kernel: &Kernel) -> Self {
        let routes = kernel.routes.from.len();
        let lines = kernel.lines.pool.len();
        let pools = kernel.pools.opens.len();
        let groups = kernel.groups.len();
        let governed = kernel.routes.governed_list.len();
        let shocks = kernel.scenario.shocks.len();
        let amounts = kernel.routes.amount.last().map_or(0, |last| *last as usize + 1);
        let widest = (0..lines).map(|line| kernel.inputs_of(line).len()).max().unwrap_or(0);
        let deepest = (0..lines).map(|line| kernel.slots_of(line).len()).max().unwrap_or(0);
        Self {
            routes: vec![RouteRows::ZERO; routes],
            adapting: vec![
                AdaptingRows { placed: [0.0; L], ordered_month: [0.0; L], sent_month: [0.0; L] };
                kernel.routes.adapts.iter().filter(|adapts| **adapts).count()
            ],
            forgoes: vec![false; routes],
            amount: rows(amounts),
            per_amount: rows(amounts),
            weight: rows(routes),
            pull: rows(routes),
            extra_lead: rows(routes),
            tariff: rows(routes),
            growth: rows(routes),
            ring: rows(kernel.ring_rows()),
            cursor: vec![0; kernel.routes.wheels.len()],
            due: vec![[0; 2]; routes + AHEAD],
            candidate_days: rows(routes),
            owed: rows(kernel.lines.inputs.len()),
            cap: rows(governed),
            closures: rows(governed),
            shut: rows(governed),
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
            short_days: rows(lines),
            calm_demand: rows(lines),
            final_demand: rows(lines),
            deferred: rows(lines),
            served: rows(lines),
            lost: rows(lines),
            base_output: rows(lines),
            base_final: rows(lines),
            demand_factor: rows(lines),
            restart: rows(lines),
            customers: vec![
                Customers { placed: [0.0; L], books: [0.0; L], asked: [0.0; L], ratio: [1.0; L] };
                lines
            ],
            bound: vec![[Bound::DEMAND; L]; lines],
            capacity: rows(pools),
            added: rows(pools),
            loss: rows(pools),
            overproduction: rows(pools),
            circuit: rows(groups),
            circuit_most: rows(groups),
            recovery: rows(groups),
            recovery_calm: rows(groups),
            recovered: rows(groups),
            unrecovered: rows(groups),
            content: rows(kernel.groups.iter().map(|group| group.ores.len()).sum()),
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
            returns: vec![[0; L]; shocks],
            price: rows(4),
            withheld: rows(4),
            kept: rows(4),
            markets: vec![super::price::Calm::NONE; 4],
            desk: Desk::new(kernel),
            tally: Tally::new(kernel),
            queue: Vec::new(),
            granted: Vec::new(),
            work: Work {
                allows: rows(widest),
                part: rows(widest),
                can: rows(deepest),
                limits: rows(deepest),
            },
            new_year: false,
            stale: true,
            turned: true,
            blocked_days: rows(governed),
            open: rows(if kernel.switches.bypass { governed } else { 0 }),
        }
    }
}
