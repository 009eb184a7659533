//! Heavy oxide that a separation group is asked for, and what its ores hold.

use super::Network;
use super::baseline::pulled;
use super::findings::Findings;
use super::line::LineGraph;
use crate::diagnostic::Diagnostic;
use crate::id::LineId;
use petgraph::graph::NodeIndex;
use std::collections::BTreeMap;

/// Rounding, and shares that sum to one within 2 %.
const TOLERANCE: f64 = 0.02;

/// What calm asks of a separation group at the central values, and what the ore it then uses holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HeavyBalance {
    /// The group's NdPr line.
    pub feed: LineId,
    /// Tonnes of Dy and Tb oxide a day asked of its heavy lines.
    pub asked: f64,
    /// Tonnes a day in its ores, at the lower ends of their bands, the central values and the upper ends.
    pub held: [f64; 3],
}

/// Heavy oxide asked and held, group by group; groups of whose ores nothing is known are left out.
#[must_use]
pub fn heavy_balance(graph: &LineGraph) -> Vec<HeavyBalance> {
    let output = pulled(graph);
    let centrals = graph.central_values();
    let lows: Vec<f64> = graph.coefficients.iter().map(|c| c.band.low).collect();
    let highs: Vec<f64> = graph.coefficients.iter().map(|c| c.band.high).collect();
    let mut groups: BTreeMap<LineId, f64> = BTreeMap::new();
    for (i, line) in graph.lines.iter().enumerate() {
        // A plant that opens later brings its own use of what its ores hold.
        if let Some(feed) = line.coproduct_of.filter(|_| graph.pools[line.pool.index()].opens.is_none()) {
            *groups.entry(feed).or_default() += output[i];
        }
    }
    let balance = |(feed, asked): (LineId, f64)| {
        let line = &graph.lines[feed.index()];
        let routes = || line.inputs.iter().flat_map(|input| &input.routes);
        routes().any(|id| graph.heavy_yields.iter().any(|(own, _)| own == id)).then(|| {
            // Shares are of tonnes of ore, so a tonne of oxide takes 1 ÷ the mean yield of them.
            let light: f64 = routes()
                .map(|id| {
                    let route = &graph.routes[id.index()];
                    route.share.central * route.yield_per_tonne.as_ref().map_or(0.0, |y| y.value(&centrals))
                })
                .sum();
            let ore = if light > 0.0 { output[feed.index()] / light } else { 0.0 };
            let held = [&lows, &centrals, &highs].map(|values| {
                let content = |id: &crate::id::RouteId| {
                    graph.routes[id.index()].share.central * graph.heavy_content(*id, values)
                };
                ore * routes().map(content).sum::<f64>()
            });
            HeavyBalance { feed, asked, held }
        })
    };
    groups.into_iter().filter_map(balance).collect()
}

/// Refuses groups that are asked for more than their ores can hold.
pub(super) fn check(network: &Network, graph: &LineGraph, findings: &mut Findings) {
    for HeavyBalance { feed, asked, held } in heavy_balance(graph) {
        let most = held[2];
        if asked <= most * (1.0 + TOLERANCE) {
            continue;
        }
        let line = &graph.lines[feed.index()];
        let facility = &network.graph[NodeIndex::new(line.facility.index())];
        let mut error = Diagnostic::error(
            "E0145",
            format!(
                "{:.0} t of DyTb oxide a year are asked of the ores of `{}`, which hold {:.0} t at most",
                asked * 365.0,
                facility.id,
                most * 365.0
            ),
        )
        .help("raise dytb-per-reo of its mines, give it a richer ore, or let other plants make DyTb oxide");
        if let Some(place) = facility.place {
            error = error.at(place, "works these ores");
        }
        findings.push(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand, from the data: 14,743 t of NdPr oxide (as final demand pulls it) need its tonnes ÷ 0.2262 of ore,
    /// whose mean content is 4.7 %.
    #[test]
    fn the_balance_of_2024() {
        let graph = Network::embedded("world-2024").unwrap().lines().unwrap();
        let found = heavy_balance(&graph);
        let south = found
            .iter()
            .find(|balance| graph.lines[balance.feed.index()].id.starts_with("sep-creg-south"))
            .unwrap();
        let [low, central, high] = south.held.map(|held| held / pulled(&graph)[south.feed.index()]);
        assert!((central - 0.208_81).abs() < 1e-4, "{central}");
        assert!(low < 0.14 && high > 0.29, "{low} {high}");
        assert!(south.asked < south.held[1] && south.asked > 0.9 * south.held[1], "{south:?}");
    }
}
