//! The reference: the model once more, naively, one replication in plain loops over a graph of lines.
//!
//! Nothing is shared with the kernel but the scenario, the random numbers and what was drawn before the
//! first step (shares, amounts, stock targets, parameters, dates and sizes of shocks). Goods in transit are
//! a list of shipments, licences a list of papers, rationing fills the customers one round after another.
//! Sums run over routes in ascending id.

mod desk;
mod policy;
mod production;
mod start;
mod trade;

use std::sync::Arc;

use coercivity::kernel::{Kernel, State};
use coercivity::policy::parameter::Parameter;
use coercivity::random::philox::Streams;
use coercivity::scenario::Scenario;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};

/// Why a line makes no more than it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reason {
    #[default]
    Demand,
    Capacity,
    Stopped,
    Input(u32),
}

#[derive(Clone, Debug, Default)]
pub struct Line {
    pub stock: f64,
    pub stock_target: f64,
    pub output: f64,
    pub wanted: f64,
    pub owing: f64,
    pub short_days: f64,
    pub demand: f64,
    pub expected: f64,
    pub trend: f64,
    pub calm_demand: f64,
    pub final_demand: f64,
    pub demand_factor: f64,
    pub served: f64,
    pub deferred: f64,
    pub lost: f64,
    pub base_output: f64,
    pub base_final: f64,
    pub restart: f64,
    pub reason: Reason,
    /// Routes of each input, ascending.
    pub inputs: Vec<Vec<EdgeIndex>>,
    /// Routes that leave, ascending.
    pub outgoing: Vec<EdgeIndex>,
}

/// Goods under way.
#[derive(Clone, Copy, Debug)]
pub struct Shipment {
    pub due: u32,
    pub tonnes: f64,
}

#[derive(Clone, Debug, Default)]
pub struct Route {
    pub stock: f64,
    pub book: f64,
    pub owed: f64,
    pub placed: f64,
    /// Asked of the supplier, then sent.
    pub leaving: f64,
    /// Asked for, usually sent, and not let through.
    pub kept_back: f64,
    pub forgone: f64,
    pub ordered_month: f64,
    pub sent_month: f64,
    pub ordered_fortnight: f64,
    pub sent_fortnight: f64,
    pub share: f64,
    pub weight: f64,
    pub amount: f64,
    pub base_flow: f64,
    pub target_days: f64,
    pub extra_lead: f64,
    pub tariff: f64,
    pub growth: f64,
    pub clock: f64,
    pub cap: f64,
    /// Of the cap, what may leave as what it is.
    pub openly: f64,
    pub closures: f64,
    /// Closed ports among the closures.
    pub shut: f64,
    pub exempt: f64,
    pub held_until: f64,
    pub blocked_days: f64,
    pub under_way: Vec<Shipment>,
    pub lead: u32,
    /// 0 where nothing flies.
    pub air_lead: u32,
    /// Step at which the route opens; negative where it opened before the run.
    pub opens: i32,
    pub candidate: bool,
    /// Whether its share still grows or comes in the run.
    pub late: bool,
    /// Longest extra lead, 0 on lanes that are never slow.
    pub slowest: f64,
}

#[derive(Clone, Debug, Default)]
pub struct Pool {
    pub capacity: f64,
    pub added: f64,
    pub loss: f64,
    pub overproduction: f64,
    pub opens: i32,
    /// Whether it opened after the base year.
    pub dated: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Group {
    pub feed: usize,
    pub lines: Vec<usize>,
    /// Ore routes of the feed line, with the heavy oxide in a tonne.
    pub ores: Vec<(EdgeIndex, f64)>,
    /// Whether any of it is known; if not, heavy oxide follows the feed line's output.
    pub known: bool,
    /// Heavy oxide in the ore used in this step.
    pub fed: f64,
    /// The same per day in calm.
    pub held: f64,
    pub recovery: f64,
    /// At the start, before plants open and projects build.
    pub recovery_calm: f64,
    pub circuit: f64,
    pub circuit_most: f64,
    pub tailings: f64,
}

#[derive(Clone, Debug, Default)]
pub struct Event {
    pub start: f64,
    pub end: f64,
    pub size: f64,
    pub time: f64,
    /// Left of a stockpile; replaced so far by a substitution.
    pub left: f64,
    pub quota_left: f64,
}

/// One replication.
pub struct Simulator {
    pub scenario: Arc<Scenario>,
    pub graph: DiGraph<Line, Route>,
    pub pools: Vec<Pool>,
    pub groups: Vec<Group>,
    pub events: Vec<Event>,
    pub desks: Vec<desk::Desk>,
    pub price: [f64; 4],
    pub withheld: [f64; 4],
    markets: Vec<policy::Market>,
    parameters: Vec<f64>,
    streams: Streams,
    pub step: u32,
    dt: f64,
}

impl Simulator {
    /// Takes what was drawn for replication `first + lane` from a state that has not made a step yet.
    pub fn start<const L: usize>(kernel: &Kernel, state: &State<L>, first: u64, lane: usize) -> Self {
        start::start(kernel, state, first, lane)
    }

    /// One step, phase after phase.
    pub fn advance(&mut self) {
        self.shocks();
        self.capacities();
        self.decisions();
        self.caps();
        self.arrivals();
        self.demand();
        self.shares();
        self.production();
        self.gate();
        self.quotas();
        self.keep_back();
        for line in 0..self.graph.node_count() {
            self.ration(line);
        }
        self.dispatch();
        self.used_up();
        self.orders();
        self.applications();
        self.prices();
        self.qualification();
        self.substitution();
        self.stockpiles();
        self.step += 1;
    }

    fn p(&self, parameter: Parameter) -> f64 {
        self.parameters[parameter as usize]
    }

    /// Share of a gap that closes in one step when the whole takes `days`.
    fn pace(&self, days: f64) -> f64 {
        (self.dt / days).min(1.0)
    }

    fn lines(&self) -> usize {
        self.graph.node_count()
    }

    fn routes(&self) -> impl Iterator<Item = EdgeIndex> + use<> {
        (0..self.graph.edge_count()).map(EdgeIndex::new)
    }

    fn ends(&self, route: EdgeIndex) -> (NodeIndex, NodeIndex) {
        self.graph.edge_endpoints(route).unwrap()
    }

    fn active(&self, event: usize) -> bool {
        let at = f64::from(self.step);
        at >= self.events[event].start && at < self.events[event].end
    }

    /// o⁰ or what is expected now, per step.
    fn usual(&self, route: EdgeIndex) -> f64 {
        let (_, buyer) = self.ends(route);
        let r = &self.graph[route];
        r.base_flow.max(r.amount * r.share * self.graph[buyer].expected) * self.dt
    }
}

/// Serves requests up to `supply` in proportion to their weights, none more than it asked for: everybody
/// gets a level times its weight, those who are full step out, and what they leave goes round again.
pub fn water_fill(requests: &[f64], weights: &[f64], supply: f64) -> Vec<f64> {
    let mut granted = vec![0.0; requests.len()];
    let mut full: Vec<bool> = (0..requests.len()).map(|i| requests[i] <= 0.0 || weights[i] <= 0.0).collect();
    loop {
        let given: f64 = (0..requests.len()).filter(|i| full[*i]).map(|i| granted[i]).sum();
        let weight: f64 = (0..requests.len()).filter(|i| !full[*i]).map(|i| weights[i]).sum();
        if weight <= 0.0 {
            return granted;
        }
        let level = (supply - given).max(0.0) / weight;
        let newly: Vec<usize> =
            (0..requests.len()).filter(|i| !full[*i] && requests[*i] <= level * weights[*i]).collect();
        if newly.is_empty() {
            for i in (0..requests.len()).filter(|i| !full[*i]) {
                granted[i] = level * weights[i];
            }
            return granted;
        }
        for i in newly {
            granted[i] = requests[i];
            full[i] = true;
        }
    }
}
