//! Questions asked of the graph itself, before anything is simulated.

use super::Network;
use super::line::{Input, Line, LineGraph, Stage};
use crate::id::{FacilityId, LineId, Place};
use petgraph::Direction;
use petgraph::algo::articulation_points::articulation_points;
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::{Dfs, NodeIndexable, Reversed};
use std::collections::{BTreeMap, BTreeSet};

/// Sweeps after which origins in cycles are taken as they are.
const SWEEPS: usize = 1_000;

/// Routes into and out of a facility.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Degree {
    /// Routes that bring something.
    pub incoming: usize,
    /// Routes that take something away.
    pub outgoing: usize,
}

/// Herfindahl–Hirschman index: the sum of squared shares, 1 for a monopoly, 1/n for n equals. The shares
/// are taken as given: those of a published total need not sum to one.
#[must_use]
pub fn hhi(shares: impl IntoIterator<Item = f64>) -> f64 {
    shares.into_iter().map(|share| share * share).sum()
}

impl Network {
    /// The position of a facility in the graph, by its id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<FacilityId> {
        self.graph
            .node_indices()
            .find(|node| self.graph[*node].id == id)
            .map(|node| FacilityId::new(node.index()))
    }

    /// Numbers of routes at a facility.
    #[must_use]
    pub fn degree(&self, facility: FacilityId) -> Degree {
        let node = NodeIndex::new(facility.index());
        let count = |direction| self.graph.edges_directed(node, direction).count();
        Degree { incoming: count(Direction::Incoming), outgoing: count(Direction::Outgoing) }
    }

    /// All facilities that goods of this one can reach, itself not counted.
    #[must_use]
    pub fn downstream(&self, facility: FacilityId) -> BTreeSet<FacilityId> {
        let start = NodeIndex::new(facility.index());
        if start.index() >= self.graph.node_bound() {
            return BTreeSet::new();
        }
        let mut search = Dfs::new(&self.graph, start);
        let mut reached = BTreeSet::new();
        while let Some(node) = search.next(&self.graph) {
            reached.insert(FacilityId::new(node.index()));
        }
        reached.remove(&facility);
        reached
    }

    /// All facilities whose goods can reach this one, itself not counted.
    #[must_use]
    pub fn upstream(&self, facility: FacilityId) -> BTreeSet<FacilityId> {
        let start = NodeIndex::new(facility.index());
        if start.index() >= self.graph.node_bound() {
            return BTreeSet::new();
        }
        let reversed = Reversed(&self.graph);
        let mut search = Dfs::new(reversed, start);
        let mut reached = BTreeSet::new();
        while let Some(node) = search.next(reversed) {
            reached.insert(FacilityId::new(node.index()));
        }
        reached.remove(&facility);
        reached
    }

    /// Recorded output of a stage by country, in the unit of the stage.
    #[must_use]
    pub fn output_by_country(&self, stage: Stage) -> BTreeMap<Place, f64> {
        let mut sum = BTreeMap::new();
        for facility in self.graph.node_weights().filter(|f| f.stage == stage) {
            *sum.entry(facility.country).or_default() += facility.recorded_output;
        }
        sum
    }

    /// Concentration of a stage's recorded output by country ([`hhi`]); 0 when nothing is recorded.
    #[must_use]
    pub fn concentration(&self, stage: Stage) -> f64 {
        let outputs = self.output_by_country(stage);
        let sum: f64 = outputs.values().sum();
        if sum > 0.0 { hhi(outputs.into_values().map(|output| output / sum)) } else { 0.0 }
    }

    /// Facilities whose loss splits the network, routes taken without direction; ascending.
    #[must_use]
    pub fn articulation_points(&self) -> Vec<FacilityId> {
        let mut pairs = BTreeSet::new();
        for edge in self.graph.edge_indices() {
            if let Some((a, b)) = self.graph.edge_endpoints(edge).filter(|(a, b)| a != b) {
                pairs.insert((a.min(b), a.max(b)));
            }
        }
        let mut roads = UnGraph::<(), ()>::with_capacity(self.graph.node_count(), pairs.len());
        for _ in self.graph.node_indices() {
            roads.add_node(());
        }
        for (a, b) in pairs {
            roads.add_edge(a, b, ());
        }
        let points: BTreeSet<usize> = articulation_points(&roads).into_iter().map(NodeIndex::index).collect();
        points.into_iter().map(FacilityId::new).collect()
    }
}

/// Shares of each line's rare-earth content by the country where it passed a stage (mined, separated, made
/// metal, made magnet), at the central values; empty for lines above that stage. Shares sum to 1.
#[must_use]
pub fn origin(graph: &LineGraph, stage: Stage) -> Vec<BTreeMap<Place, f64>> {
    let centrals = graph.central_values();
    let mut shares: Vec<BTreeMap<Place, f64>> = vec![BTreeMap::new(); graph.lines.len()];
    // Stages are in the order of the chain; within one, groups come after the line they belong to. One
    // sweep does for the built-in chain, networks with cycles of their own need more.
    let mut order: Vec<LineId> = (0..graph.lines.len()).map(LineId::new).collect();
    order.sort_by_key(|l| (graph.lines[l.index()].stage, graph.lines[l.index()].coproduct_of.is_some(), *l));
    for _ in 0..SWEEPS {
        let mut moved = 0.0_f64;
        for id in &order {
            let line = &graph.lines[id.index()];
            let now = if line.stage == stage {
                BTreeMap::from([(line.country, 1.0)])
            } else if let Some(parent) = line.coproduct_of {
                shares[parent.index()].clone()
            } else {
                mix(graph, line, &centrals, &shares)
            };
            let before = &shares[id.index()];
            let change = now
                .iter()
                .map(|(country, share)| (share - before.get(country).copied().unwrap_or(0.0)).abs());
            moved = moved.max(change.fold(0.0, f64::max));
            shares[id.index()] = now;
        }
        if moved < 1e-12 {
            break;
        }
    }
    shares
}

/// Origins of a line's inputs, weighted with the rare earths in them (with plain amounts where the
/// contents are not known).
fn mix(
    graph: &LineGraph,
    line: &Line,
    centrals: &[f64],
    shares: &[BTreeMap<Place, f64>],
) -> BTreeMap<Place, f64> {
    let content = |input: &Input| {
        let material = &graph.materials[input.material.index()];
        material.ndpr + material.dytb
    };
    let known = line.inputs.iter().any(|input| content(input) > 0.0);
    let mut sum: BTreeMap<Place, f64> = BTreeMap::new();
    for input in &line.inputs {
        let per_tonne = if known { content(input) } else { 1.0 };
        for route in input.routes.iter().map(|r| &graph.routes[r.index()]) {
            let tonnes = match &route.yield_per_tonne {
                Some(yields) => route.share.central * yields.value(centrals),
                None => route.share.central * input.amount.value(centrals) * per_tonne,
            };
            for (country, share) in shares[route.from.index()].iter().filter(|_| tonnes > 0.0) {
                *sum.entry(*country).or_default() += tonnes * share;
            }
        }
    }
    let all: f64 = sum.values().sum();
    sum.into_iter().map(|(country, part)| (country, part / all)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hhi_of_mine_output_is_that_of_the_oracle() {
        // Thousand tonnes of 2024 by country; the published world total is rounded to 390.
        let mined = [270.0, 45.0, 31.0, 13.0, 13.0, 13.0, 2.9, 2.5];
        assert!((hhi(mined.map(|t| t / 390.0)) - 0.502_35).abs() < 5e-6);
    }

    #[test]
    fn china_makes_93_percent_of_the_magnets() {
        let network = Network::embedded("world-2024").unwrap();
        let makers = network.output_by_country(Stage::Magnet);
        let share = makers[&Place::CHN] / makers.values().sum::<f64>();
        assert!((share - 0.934).abs() < 0.001, "{share}");
        // (185000² + 9000² + 1750² + 1000² + 800² + 400² + 200²) ÷ 198150².
        assert!(
            (network.concentration(Stage::Magnet) - 0.873_864_3).abs() < 1e-6,
            "{}",
            network.concentration(Stage::Magnet)
        );
    }

    #[test]
    fn reach_follows_the_goods() {
        let network = Network::embedded("world-2024").unwrap();
        let [mine, plant, metal] =
            ["mine-bayan-obo", "sep-northern-ndpr", "metal-northern-chn"].map(|id| network.find(id).unwrap());
        let reached = network.downstream(mine);
        assert!(reached.contains(&plant) && reached.contains(&metal) && !reached.contains(&mine));
        assert!(network.upstream(metal).contains(&mine) && network.upstream(mine).is_empty());
        assert_eq!(network.degree(mine), Degree { incoming: 0, outgoing: 1 });
        // Bayan Obo sells to one plant only, which joins it to everything else.
        assert!(network.articulation_points().contains(&plant));
    }

    #[test]
    fn origins_sum_to_one_below_their_stage() {
        let graph = Network::embedded("world-2024").unwrap().lines().unwrap();
        for stage in [Stage::Mine, Stage::Separation, Stage::Metal, Stage::Magnet] {
            for (line, shares) in graph.lines.iter().zip(origin(&graph, stage)) {
                let sum: f64 = shares.values().sum();
                let skips = line.stage == Stage::OtherDemand && line.id.starts_with("dem-bonded");
                if line.stage >= stage && !skips {
                    assert!((sum - 1.0).abs() < 1e-12, "{} {stage:?} {sum}", line.id);
                } else if line.stage < stage {
                    assert!(shares.is_empty());
                }
            }
        }
    }
}
