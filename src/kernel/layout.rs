//! A scenario as flat arrays: what the step reads and never writes.
//!
//! Routes stand by buyer, input and supplier, so that a line's inputs are side by side; everything else is found by
//! ranges into them.

use std::sync::Arc;

use super::draw::Central;
use super::link::{Input, Link};
use super::observe::Observe;
use super::source::Mix;
use super::transit::{Ring, Turns, Wheel};
use crate::id::RouteId;
use crate::network::line::{Criticality, LineGraph};
use crate::policy::response::{Sourcing, Switches};
use crate::random::philox::Entity;
use crate::scenario::Scenario;

/// Marks "none" in arrays of indices.
pub(crate) const NONE: u32 = u32::MAX;

/// Longest extra delay of a lane, days.
pub(crate) const LONGEST_DELAY: u32 = 120;

/// Routes in kernel order: by buyer, input, supplier.
#[derive(Debug, Default)]
pub struct Routes {
    /// Supplier line.
    pub from: Vec<u32>,
    /// Buyer line.
    pub to: Vec<u32>,
    /// Position in the network's list of routes.
    pub id: Vec<RouteId>,
    /// Kernel position of each route of the network.
    pub position: Vec<u32>,
    /// Goods on their way by land and sea.
    pub surface: Vec<Ring>,
    /// Goods in the air; no slots where nothing flies.
    pub air: Vec<Ring>,
    /// All rings turn on these.
    pub wheels: Vec<Wheel>,
    /// How the rows that are due move on.
    pub turns: Turns,
    /// What a step needs to know of each route, side by side.
    pub links: Vec<Link>,
    /// Position of each route's amount (input per unit of output) among all amounts: one for all routes of an
    /// input, but one each where every supplier's ore has its own yield.
    pub amount: Vec<u32>,
    /// Position among governed routes (those a shock may close), or `NONE`.
    pub governed: Vec<u32>,
    /// Kernel routes that are governed.
    pub governed_list: Vec<u32>,
    /// Of governed routes, whether motors and sub-assemblies find a way past their control in the end.
    pub bypassed: Vec<bool>,
    /// Step at which the route opens, negative where it opened before the run; 0 for routes of the base year.
    pub opens: Vec<i32>,
    /// Whether the route is a newcomer in this run: its supplier opens in it, is still growing into its share
    /// when it starts, or must qualify first.
    pub late: Vec<bool>,
    /// Whether the route is a candidate that must qualify first.
    pub candidate: Vec<bool>,
    /// Key of random draws.
    pub entity: Vec<Entity>,
    /// Who is served first under rationing by class (0 first).
    pub class: Vec<u8>,
    /// Whether a project enlarges its supplier and with it the route.
    pub grows: Vec<bool>,
    /// Whether its deliveries are remembered for a month: its share, or that of others, adapts to them.
    pub adapts: Vec<bool>,
    /// Whether the route leaves China.
    pub leaves_china: Vec<bool>,
}

/// Lines and their slots (inputs).
#[derive(Debug, Default)]
pub struct Lines {
    /// Slots of line i: `slots[i]..slots[i + 1]`.
    pub slots: Vec<u32>,
    /// Routes of slot k: `slot_routes[k]..slot_routes[k + 1]`.
    pub slot_routes: Vec<u32>,
    /// How much the line needs the slot's material.
    pub criticality: Vec<Criticality>,
    /// Whether a slot has routes that open or qualify during the run.
    pub slot_changes: Vec<bool>,
    /// What a step needs to know of each slot, side by side.
    pub inputs: Vec<Input>,
    /// Whether shares of the line's suppliers may change from step to step in a way that is not worked out as goods
    /// arrive: see [`super::share`].
    pub shares_move: Vec<bool>,
    /// Outgoing routes of line i: `outgoing[out[i]..out[i + 1]]`.
    pub out: Vec<u32>,
    /// Kernel positions of routes, by supplier.
    pub outgoing: Vec<u32>,
    /// Capacity pool.
    pub pool: Vec<u32>,
    /// Sourcing rule.
    pub sourcing: Vec<Sourcing>,
    /// Separation group of a heavy line, or `NONE`.
    pub group: Vec<u32>,
    /// Whether the line feeds a separation group.
    pub feeds: Vec<bool>,
    /// Whether the line has final demand.
    pub sink: Vec<bool>,
    /// Market whose price the line's final users heed where prices act on demand, see [`super::price::heeded`].
    pub heeds: Vec<Option<usize>>,
    /// Buyers first: order in which one sweep solves an acyclic baseline.
    pub sweep: Vec<u32>,
    /// Sweeps needed: 1 without cycles.
    pub sweeps: u32,
    /// Lines in the order production visits them: co-product lines after their feed.
    pub order: Vec<u32>,
}

/// Capacity pools.
#[derive(Debug, Default)]
pub struct Pools {
    /// Lines of pool p: `lines[start[p]..start[p + 1]]`.
    pub start: Vec<u32>,
    /// Line positions.
    pub lines: Vec<u32>,
    /// First step at which the pool works; 0 where it worked before the run.
    pub opens: Vec<u32>,
    /// Whether it started after the base year, so that the data know nothing of its output.
    pub dated: Vec<bool>,
    /// Central output of the baseline, units per day, at growth 1.
    pub central: Vec<f64>,
    /// Nameplate capacity, units per day.
    pub capacity: Vec<f64>,
    /// Whether utilisation is unknown.
    pub unknown: Vec<bool>,
    /// Whether it stands in China.
    pub chinese: Vec<bool>,
    /// Whether any shock moves a capacity, now or while it recovers.
    pub moved: bool,
}

/// A scenario compiled for simulation. Read-only; shared by all workers.
#[derive(Debug)]
pub struct Kernel {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) seed: u64,
    pub(crate) steps: u32,
    /// Days per step.
    pub(crate) dt: f64,
    /// Lines.
    pub lines: Lines,
    /// Routes.
    pub routes: Routes,
    pub(crate) pools: Pools,
    pub(crate) groups: Vec<super::heavy::Group>,
    /// Routes that must qualify first.
    pub(crate) candidates: Vec<u32>,
    pub(crate) switches: Switches,
    pub(crate) mix: Mix,
    /// Whether production stops below a minimum run rate anywhere.
    pub(crate) stops: bool,
    /// Whether γ = 1 everywhere, so that no power is needed.
    pub(crate) unit_exponent: bool,
    pub(crate) central: Central,
    pub(crate) observe: Observe,
    /// Position of each controlled route in its licensing rule, by rule.
    pub(crate) rules: Vec<Rule>,
    /// What is needed to follow origin, for scenarios that ask.
    pub(crate) origin: Option<super::origin::Content>,
    /// Whether chains of regimes decide when shocks are in force.
    pub(crate) chained: bool,
    /// Keys of the draws every replication makes.
    pub(crate) keys: super::keys::Keys,
    /// Key of each shock's draws.
    pub(crate) shock_entity: Vec<Entity>,
}

/// A licensing rule with its routes in kernel order.
#[derive(Debug)]
pub struct Rule {
    /// Position in the scenario's shocks.
    pub shock: usize,
    /// Kernel routes.
    pub routes: Vec<u32>,
    /// Class of each.
    pub class_of: Vec<u16>,
    /// Number of classes.
    pub classes: usize,
}

impl Kernel {
    /// The resolved scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub(crate) fn graph(&self) -> &LineGraph {
        &self.scenario.lines
    }

    pub(crate) fn pool_lines(&self, pool: usize) -> &[u32] {
        &self.pools.lines[self.pools.start[pool] as usize..self.pools.start[pool + 1] as usize]
    }

    pub(crate) fn slots_of(&self, line: usize) -> std::ops::Range<usize> {
        self.lines.slots[line] as usize..self.lines.slots[line + 1] as usize
    }

    pub(crate) fn routes_of(&self, slot: usize) -> std::ops::Range<usize> {
        self.lines.slot_routes[slot] as usize..self.lines.slot_routes[slot + 1] as usize
    }

    /// Routes that supply a line: its slots' routes stand side by side.
    pub(crate) fn inputs_of(&self, line: usize) -> std::ops::Range<usize> {
        let slots = self.slots_of(line);
        self.lines.slot_routes[slots.start] as usize..self.lines.slot_routes[slots.end] as usize
    }

    pub(crate) fn outgoing(&self, line: usize) -> &[u32] {
        &self.lines.outgoing[self.lines.out[line] as usize..self.lines.out[line + 1] as usize]
    }

    /// Kernel position of a route of the network.
    pub(crate) fn route(&self, id: RouteId) -> usize {
        self.routes.position[id.index()] as usize
    }
}
