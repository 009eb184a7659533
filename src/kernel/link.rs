//! What a step needs to know of each route, and of each input of a line, in one small record each, so that a pass
//! reads one array.

use super::layout::{Lines, NONE, Routes};
use super::source::Mix;
use crate::network::line::{Criticality, LineGraph};
use crate::policy::response::{Production, Sourcing, Switches};

/// A route as the step sees it.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Supplier line.
    pub from: u32,
    /// Position of its input per unit of output among all amounts.
    pub amount: u32,
    /// Position among governed routes, or `NONE`.
    pub governed: u32,
    /// Position among the routes whose deliveries are remembered for a month, or `NONE`.
    pub adapting: u32,
    /// Steps from dispatch to arrival by land and sea.
    pub lead: f64,
    /// The same by air.
    pub air_lead: f64,
    /// Whether goods fly.
    pub flies: bool,
    /// Whether the lane may be slow: its goods may take longer than the lead.
    pub delayed: bool,
}

/// Links of all routes, in their order.
pub(crate) fn compile(routes: &Routes) -> Vec<Link> {
    let mut adapting = 0;
    (0..routes.from.len())
        .map(|r| {
            let (surface, air) = (routes.surface[r], routes.air[r]);
            let position = adapting;
            adapting += u32::from(routes.adapts[r]);
            Link {
                from: routes.from[r],
                amount: routes.amount[r],
                governed: routes.governed[r],
                adapting: if routes.adapts[r] { position } else { NONE },
                lead: f64::from(surface.lead),
                air_lead: f64::from(air.lead),
                flies: air.slots > 0,
                delayed: surface.slots > surface.lead,
            }
        })
        .collect()
}

/// Position of each route's amount: routes of one input share it, unless some have yields of their own.
pub(crate) fn amounts(graph: &LineGraph, routes: &Routes, lines: &Lines) -> Vec<u32> {
    let mut next = 0;
    let mut list = Vec::with_capacity(routes.from.len());
    for ends in lines.slot_routes.windows(2) {
        let range = ends[0] as usize..ends[1] as usize;
        let own = range.clone().any(|r| graph.routes[routes.id[r].index()].yield_per_tonne.is_some());
        for r in range.clone() {
            list.push(next);
            next += u32::from(own || r + 1 == range.end);
        }
    }
    list
}

/// Which case an input is of; all but the last have no newcomers among their routes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Dedicated sourcing: each route does its own part, none stands in for another, all have one amount, and a
    /// lack limits output.
    Alone,
    /// Dedicated sourcing where routes stand in for each other to a degree, or a lack does not limit output.
    Own,
    /// Pooled sourcing, with shares that follow deliveries in proportion.
    Pooled,
    /// All others.
    Other,
}

/// An input of a line as the step sees it.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Its routes.
    pub start: u32,
    /// One past its last route.
    pub end: u32,
    /// Place of its first route among those of the line.
    pub place: u32,
    /// Position of its first route's amount among all amounts.
    pub amount: u32,
    /// Whether routes open, qualify or grow during the run.
    pub changes: bool,
    /// Whether a lack of it limits the line's output as such.
    pub binds: bool,
    /// How its routes are passed.
    pub way: Way,
}

impl Input {
    /// Its routes.
    #[inline(always)]
    pub(crate) fn routes(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Its routes among the line's: positions of working rows.
    #[inline(always)]
    pub(crate) fn places(&self) -> std::ops::Range<usize> {
        self.place as usize..(self.place + self.end - self.start) as usize
    }
}

/// Inputs of all lines, in order.
pub(crate) fn inputs(
    switches: &Switches,
    mix: Mix,
    unit_exponent: bool,
    routes: &Routes,
    lines: &Lines,
) -> Vec<Input> {
    let mut list = Vec::with_capacity(lines.criticality.len());
    for (line, slots) in lines.slots.windows(2).enumerate() {
        let first = lines.slot_routes[slots[0] as usize];
        for slot in slots[0] as usize..slots[1] as usize {
            let (start, end) = (lines.slot_routes[slot], lines.slot_routes[slot + 1]);
            let changes = lines.slot_changes[slot];
            let binds = match lines.criticality[slot] {
                Criticality::Essential => true,
                Criticality::NonEssential { .. } => switches.production != Production::Critical,
                Criticality::Negligible => false,
            };
            let amounts = routes.amount.get(start as usize..end as usize).unwrap_or_default();
            let amount = amounts.first().copied().unwrap_or(0);
            let common = amounts.last() == Some(&amount);
            let way = match lines.sourcing[line] {
                _ if changes || lines.feeds[line] => Way::Other,
                Sourcing::Pooled if unit_exponent => Way::Pooled,
                Sourcing::Dedicated if common && binds && mix == Mix::Nothing => Way::Alone,
                Sourcing::Dedicated if common && mix != Mix::All => Way::Own,
                _ => Way::Other,
            };
            list.push(Input { start, end, place: start - first, amount, changes, binds, way });
        }
    }
    debug_assert_eq!(list.last().map_or(0, |input| input.end as usize), routes.from.len());
    list
}
