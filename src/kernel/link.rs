//! What a step needs to know of each route, in one small record, so that a pass over routes reads one array.

use super::compile::{Lines, NONE, Routes};
use crate::network::line::LineGraph;

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
    /// Wheel of goods by land and sea.
    pub surface_wheel: u32,
    /// Place on it.
    pub surface: u32,
    /// Wheel of goods in the air, or `NONE` where nothing flies.
    pub air_wheel: u32,
    /// Place on it.
    pub air: u32,
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
                surface_wheel: surface.wheel,
                surface: surface.member,
                air_wheel: if air.slots > 0 { air.wheel } else { NONE },
                air: air.member,
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
