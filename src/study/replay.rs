//! One replication again, asking each day what bound one facility's output.
//!
//! Life cycle: [`replay`] runs the replication with a watcher and gives one [`Day`] per step; [`spells`]
//! joins days with the same chain of causes. A chain starts at the facility: the input that limited its
//! output, the route of that input that fell short most (tonnes below base flow over the last 30 days),
//! what stood at that route's gate, and, when the gate was open, the same question to its supplier.

use crate::kernel::scratch::Bound;
use crate::kernel::{Kernel, State, Watch};

/// Longest chain that is followed: mine to user is seven stages.
const LONGEST: usize = 8;
/// A desk that rejects this share of a class does not keep it waiting, it refuses it.
const REFUSED: f64 = 0.5;
/// Share of a line's sales that must be held back, or not asked for, to be called the reason.
const HELD_BACK: f64 = 0.02;
/// Output this share below calm counts as short.
const SHORT: f64 = 0.005;

/// What stood between a supplier and its customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// Nothing.
    Open,
    /// An embargo or a closed port.
    Closed,
    /// Customs held unlisted goods.
    Held,
    /// Licences did not cover the base flow.
    Licence,
    /// Nor will they: applications are rejected, not late.
    Rejected,
}

/// What limited a line.
#[derive(Clone, PartialEq, Debug)]
pub enum Limit {
    /// Customers wanted no more.
    Demand,
    /// Goods that customers wait for cannot leave: this share of its usual sales is held back at the border.
    Border {
        /// Share of base flow on routes that a control lets less than that through.
        share: f64,
    },
    /// It is asked for less than in calm, by this share.
    Asked {
        /// Share of calm demand that is missing, smoothed over days.
        less: f64,
    },
    /// Its own capacity.
    Capacity,
    /// It stood still: below the minimum run rate, or waiting to restart.
    Stopped,
    /// An input.
    Input {
        /// Name of the material.
        material: String,
        /// Position of the supplier's facility.
        supplier: usize,
        /// What the supplier sent over the last 30 days relative to base flow.
        sent: f64,
        /// What stood at the gate.
        gate: Gate,
    },
}

/// One link of a chain.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// Position of the facility.
    pub site: usize,
    /// Name of the product of the line in question.
    pub product: String,
    /// What limited it.
    pub limit: Limit,
}

/// One day (or week, for weekly steps).
#[derive(Clone, PartialEq, Debug)]
pub struct Day {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Share of calm output missing.
    pub shortfall: f64,
    /// From the facility upstream; empty when nothing is missing.
    pub chain: Vec<Link>,
}

/// Consecutive days with the same chain.
#[derive(Clone, PartialEq, Debug)]
pub struct Spell {
    /// First day.
    pub first: i32,
    /// Last day.
    pub last: i32,
    /// Mean share of calm output missing.
    pub shortfall: f64,
    /// The chain, with the deliveries of its last day.
    pub chain: Vec<Link>,
}

/// Replays a replication and follows the facility at position `site`.
#[must_use]
pub fn replay(kernel: &Kernel, replication: u64, site: usize) -> Vec<Day> {
    let graph = &kernel.scenario().lines;
    let lines = (0..graph.lines.len()).filter(|&line| graph.lines[line].facility.index() == site).collect();
    let mut follower = Follower { lines, sent: Vec::new(), days: Vec::new() };
    let mut state: State<1> = State::new(kernel);
    kernel.watch(replication, &mut state, &mut follower);
    follower.days
}

/// Joins days with the same chain of causes.
#[must_use]
pub fn spells(days: &[Day], step_days: u32) -> Vec<Spell> {
    let length = i32::try_from(step_days).unwrap_or(1);
    let mut list: Vec<(Spell, f64)> = Vec::new();
    for day in days {
        let last = day.day + length - 1;
        match list.last_mut() {
            Some((spell, count)) if same(&spell.chain, &day.chain) => {
                spell.last = last;
                spell.shortfall += day.shortfall;
                spell.chain.clone_from(&day.chain);
                *count += 1.0;
            }
            _ => list.push((
                Spell { first: day.day, last, shortfall: day.shortfall, chain: day.chain.clone() },
                1.0,
            )),
        }
    }
    list.into_iter().map(|(spell, count)| Spell { shortfall: spell.shortfall / count, ..spell }).collect()
}

/// The same causes, whatever the amounts.
fn same(a: &[Link], b: &[Link]) -> bool {
    let alike = |a: &Limit, b: &Limit| match (a, b) {
        (
            Limit::Input { material, supplier, gate, .. },
            Limit::Input { material: other, supplier: from, gate: at, .. },
        ) => (material, supplier, gate) == (other, from, at),
        // How much of it changes from day to day.
        (Limit::Border { .. }, Limit::Border { .. }) | (Limit::Asked { .. }, Limit::Asked { .. }) => true,
        _ => a == b,
    };
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| (a.site, &a.product) == (b.site, &b.product) && alike(&a.limit, &b.limit))
}

struct Follower {
    lines: Vec<usize>,
    /// Shipments of each route per step, smoothed over 30 days. The kernel keeps such a mean only where it
    /// needs one itself.
    sent: Vec<f64>,
    days: Vec<Day>,
}

impl Watch<1> for Follower {
    fn step(&mut self, kernel: &Kernel, step: u32, state: &State<1>) {
        let scenario = kernel.scenario();
        let step_days = f64::from(scenario.step_days);
        if self.sent.is_empty() {
            self.sent = state.routes.iter().map(|route| route.base_flow[0] * step_days).collect();
        }
        for (mean, leaving) in self.sent.iter_mut().zip(state.routes.iter().map(|route| &route.leaving)) {
            *mean += (leaving[0] - *mean) * (step_days / 30.0).min(1.0);
        }
        let (mut calm, mut made) = (0.0, 0.0);
        let mut worst: Option<(usize, f64)> = None;
        for &line in &self.lines {
            let missing = calm_output(kernel, line, state) - state.output[line][0];
            calm += calm_output(kernel, line, state);
            made += state.output[line][0];
            if worst.is_none_or(|(_, most)| missing > most) {
                worst = Some((line, missing));
            }
        }
        let shortfall = if calm > 0.0 { 1.0 - made / calm } else { 0.0 };
        let chain = match worst {
            Some((line, _)) if shortfall > SHORT => chain(kernel, line, step, state, &self.sent),
            _ => Vec::new(),
        };
        let day = scenario.start + i32::try_from(step * scenario.step_days).unwrap_or(i32::MAX / 2);
        self.days.push(Day { day, shortfall, chain });
    }
}

/// Output of a step in calm.
fn calm_output(kernel: &Kernel, line: usize, state: &State<1>) -> f64 {
    if kernel.lines.sink[line] {
        state.calm_demand[line][0]
    } else {
        state.base_output[line][0] * f64::from(kernel.scenario().step_days)
    }
}

fn chain(kernel: &Kernel, start: usize, step: u32, state: &State<1>, sent: &[f64]) -> Vec<Link> {
    let graph = &kernel.scenario().lines;
    let mut chain: Vec<Link> = Vec::new();
    let mut line = start;
    let mut visited = vec![start];
    while chain.len() < LONGEST {
        let entry = &graph.lines[line];
        let product = graph.materials[entry.product.index()].name.clone();
        let mut link = Link { site: entry.facility.index(), product, limit: Limit::Demand };
        let slot = match Bound::from_code(state.bound[line][0]) {
            Bound::Demand => {
                link.limit = unwanted(kernel, line, step, state);
                None
            }
            Bound::Capacity => {
                link.limit = Limit::Capacity;
                None
            }
            Bound::Stopped => {
                link.limit = Limit::Stopped;
                None
            }
            Bound::Input(slot) => Some(slot as usize),
        };
        let Some((slot, r)) =
            slot.and_then(|slot| Some((slot, shortest_route(kernel, line, slot, state, sent)?)))
        else {
            chain.push(link);
            break;
        };
        let supplier = kernel.routes.from[r] as usize;
        let base = state.routes[r].base_flow[0] * f64::from(kernel.scenario().step_days);
        let gate = gate(kernel, r, step, base, state);
        link.limit = Limit::Input {
            material: graph.materials[entry.inputs[slot].material.index()].name.clone(),
            supplier: graph.lines[supplier].facility.index(),
            sent: if base > 0.0 { sent[r] / base } else { 0.0 },
            gate,
        };
        chain.push(link);
        if gate != Gate::Open || visited.contains(&supplier) {
            break;
        }
        visited.push(supplier);
        line = supplier;
    }
    chain
}

/// Why nothing more is wanted of a line.
fn unwanted(kernel: &Kernel, line: usize, step: u32, state: &State<1>) -> Limit {
    let days = f64::from(kernel.scenario().step_days);
    let (mut usual, mut blocked) = (0.0, 0.0);
    for &r in kernel.outgoing(line) {
        let r = r as usize;
        let base = state.routes[r].base_flow[0];
        usual += base;
        if gate(kernel, r, step, base * days, state) != Gate::Open {
            blocked += base;
        }
    }
    let calm = state.base_output[line][0];
    let less = if calm > 0.0 { 1.0 - state.expected[line][0] / calm } else { 0.0 };
    if blocked > HELD_BACK * usual {
        Limit::Border { share: blocked / usual }
    } else if less > HELD_BACK {
        Limit::Asked { less }
    } else {
        Limit::Demand
    }
}

/// The route of a slot that fell short most over the last 30 days, in units of the material.
fn shortest_route(
    kernel: &Kernel,
    line: usize,
    slot: usize,
    state: &State<1>,
    sent: &[f64],
) -> Option<usize> {
    let first = kernel.lines.slots[line] as usize + slot;
    let routes = kernel.lines.slot_routes[first] as usize..kernel.lines.slot_routes[first + 1] as usize;
    let days = f64::from(kernel.scenario().step_days);
    let missing = |r: usize| state.routes[r].base_flow[0] * days - sent[r];
    routes.max_by(|a, b| missing(*a).total_cmp(&missing(*b)))
}

fn gate(kernel: &Kernel, r: usize, step: u32, base: f64, state: &State<1>) -> Gate {
    let governed = kernel.routes.governed[r];
    let Some(cap) = state.cap.get(governed as usize) else { return Gate::Open };
    let governed = governed as usize;
    if cap[0] >= base * (1.0 - 1e-9) {
        return Gate::Open;
    }
    if state.closures[governed][0] > 0.0 {
        Gate::Closed
    } else if f64::from(step) < state.held[governed][0] && state.exempt[governed][0] <= 0.0 {
        Gate::Held
    } else if u32::try_from(r).is_ok_and(|r| state.desk.rejection(kernel, r, 0) >= REFUSED) {
        Gate::Rejected
    } else {
        Gate::Licence
    }
}
