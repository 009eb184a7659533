//! The largest steady flow from mines to automakers, and the capacities that limit it.
//!
//! Everything is counted in what leaves the mines: tonnes of `NdPr` oxide that the ore yields (tonnes of
//! whatever a line without inputs makes, where no yields are given). Each line's flow in calm is followed
//! down its routes, so that losses on the way cancel, and a capacity limits the flow through it in the
//! proportion of capacity to calm output. Routes themselves have no limit, suppliers may be exchanged and
//! other users get nothing: an upper bound of what automakers can be delivered for good.
//!
//! Capacities are whole grams a day, so that sums are exact and the loss of a facility is the exact
//! difference of two flows.

use petgraph::algo::dinics;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use crate::kernel::Kernel;
use crate::network::line::Stage;
use crate::policy::parameter::Parameter;
use crate::study::exposure::central_flows;

/// Grams in a tonne.
const GRAMS: f64 = 1e6;
/// A capacity that never binds: below overflow even when a thousand of them are added.
const UNLIMITED: u64 = 1 << 52;
/// Sweeps through lines that feed each other.
const SWEEPS: usize = 1_000;

/// Largest flow and what limits it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cut {
    /// Largest flow, kg per day.
    pub capacity: f64,
    /// Flow in calm, kg per day.
    pub calm: f64,
    /// Facilities (positions of sites) whose capacities are the cut, with kg per day, largest first.
    pub sites: Vec<(usize, f64)>,
}

/// Capacities of facilities and who can ship to whom.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Capacities {
    /// Grams per day that can pass each site.
    pub limit: Vec<u64>,
    /// Whether flow begins there.
    pub source: Vec<bool>,
    /// Whether flow ends there.
    pub sink: Vec<bool>,
    /// Pairs of sites (seller, buyer), ascending, each once.
    pub roads: Vec<(usize, usize)>,
    /// Grams per day that reach sinks in calm.
    pub calm: u64,
}

impl Capacities {
    /// Capacities and roads of a scenario's network at central values, as open in the base year.
    #[must_use]
    pub fn of(kernel: &Kernel) -> Self {
        let scenario = kernel.scenario();
        let graph = &scenario.lines;
        let growth = scenario.parameters.get(Parameter::Growth).mean();
        let headroom = scenario.parameters.get(Parameter::Headroom).mean();
        let made = &kernel.central.output;
        let flows = central_flows(kernel);
        let centrals = graph.central_values();
        // Mined tonnes per unit of output, by line.
        let mut content: Vec<f64> =
            graph.lines.iter().map(|line| if line.inputs.is_empty() { 1.0 } else { 0.0 }).collect();
        let carried = |content: &[f64], r: usize| {
            let route = &graph.routes[r];
            let buyer = &graph.lines[route.to.index()];
            match (&route.yield_per_tonne, buyer.coproduct_of) {
                // The heavy line's ore is that of the other line's feed.
                (_, Some(_)) => 0.0,
                (Some(yields), None) => flows[r] * yields.value(&centrals),
                (None, None) => flows[r] * content[route.from.index()],
            }
        };
        for _ in 0..SWEEPS {
            let mut moved = 0.0_f64;
            for (at, line) in graph.lines.iter().enumerate().filter(|(_, line)| !line.inputs.is_empty()) {
                let routes = line.inputs.iter().flat_map(|input| &input.routes);
                let sum: f64 = routes.map(|route| carried(&content, route.index())).sum();
                let output = made[at] * growth;
                let now = if output > 0.0 { sum / output } else { 0.0 };
                moved = moved.max((now - content[at]).abs());
                content[at] = now;
            }
            if moved < 1e-12 {
                break;
            }
        }
        let mut through = vec![0.0; graph.lines.len()];
        let mut roads = std::collections::BTreeSet::new();
        let site = |line: crate::id::LineId| graph.lines[line.index()].facility.index();
        for (r, route) in graph.routes.iter().enumerate() {
            let amount = carried(&content, r);
            if graph.lines[route.from.index()].inputs.is_empty() {
                through[route.from.index()] += amount;
            }
            if !graph.lines[route.to.index()].inputs.is_empty() {
                through[route.to.index()] += amount;
            }
            if amount > 0.0 {
                roads.insert((site(route.from), site(route.to)));
            }
        }
        let count = graph.sites.len();
        let (mut limit, mut calm) = (vec![0; count], 0);
        let (mut source, mut sink) = (vec![false; count], vec![false; count]);
        for (line, amount) in graph.lines.iter().zip(&through) {
            source[line.facility.index()] |= line.inputs.is_empty();
            sink[line.facility.index()] |= line.stage == Stage::Automaker;
            if line.stage == Stage::Automaker {
                calm += grams(*amount);
            }
        }
        for pool in &graph.pools {
            let output: f64 = pool.lines.iter().map(|line| made[line.index()]).sum();
            let amount: f64 = pool.lines.iter().map(|line| through[line.index()]).sum();
            if output > 0.0 {
                // As replications do: headroom where the data give none, and room for what is drawn upstream.
                let capacity = if pool.utilisation_unknown {
                    output / headroom
                } else {
                    pool.capacity.max(output / crate::kernel::settle::CALM_LIMIT)
                };
                limit[pool.facility.index()] += grams(amount * capacity / output);
            }
        }
        Self { limit, source, sink, roads: roads.into_iter().collect(), calm }
    }

    /// The same without one site.
    #[must_use]
    pub fn without(&self, site: usize) -> Self {
        let mut rest = self.clone();
        if let Some(limit) = rest.limit.get_mut(site) {
            *limit = 0;
        }
        rest
    }

    /// The largest flow, grams per day.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.solve().0
    }

    /// The largest flow and the cut nearest to the mines.
    #[must_use]
    pub fn cut(&self) -> Cut {
        let (capacity, mut sites) = self.solve();
        sites.sort_by_key(|site| (std::cmp::Reverse(self.limit[*site]), *site));
        let kilograms = |grams: u64| grams as f64 / 1000.0;
        Cut {
            capacity: kilograms(capacity),
            calm: kilograms(self.calm),
            sites: sites.into_iter().map(|site| (site, kilograms(self.limit[site]))).collect(),
        }
    }

    /// Largest flow, and the sites that bind.
    fn solve(&self) -> (u64, Vec<usize>) {
        // Each site is two nodes, in and out, with its capacity between.
        let count = self.limit.len();
        let mut graph = DiGraph::<(), u64>::with_capacity(2 * count + 2, count + self.roads.len());
        for _ in 0..2 * count + 2 {
            graph.add_node(());
        }
        let (enter, leave) =
            (|site: usize| NodeIndex::new(2 * site), |site: usize| NodeIndex::new(2 * site + 1));
        let (start, end) = (NodeIndex::new(2 * count), NodeIndex::new(2 * count + 1));
        for site in 0..count {
            graph.add_edge(enter(site), leave(site), self.limit[site].min(UNLIMITED));
        }
        for site in 0..count {
            if self.source[site] {
                graph.add_edge(start, enter(site), UNLIMITED);
            }
            if self.sink[site] {
                graph.add_edge(leave(site), end, UNLIMITED);
            }
        }
        for (from, to) in &self.roads {
            graph.add_edge(leave(*from), enter(*to), UNLIMITED);
        }
        let (largest, flows) = dinics(&graph, start, end);
        // What can still be reached from the mines lies before the cut.
        let mut reached = vec![false; graph.node_count()];
        let mut open = vec![start];
        reached[start.index()] = true;
        while let Some(node) = open.pop() {
            let forward = graph.edges(node).filter(|edge| flows[edge.id().index()] < *edge.weight());
            let back = graph.edges_directed(node, petgraph::Direction::Incoming);
            let back = back.filter(|edge| flows[edge.id().index()] > 0);
            for next in forward.map(|edge| edge.target()).chain(back.map(|edge| edge.source())) {
                if !std::mem::replace(&mut reached[next.index()], true) {
                    open.push(next);
                }
            }
        }
        let binds = |site: &usize| {
            reached[enter(*site).index()] && !reached[leave(*site).index()] && self.limit[*site] > 0
        };
        (largest, (0..count).filter(binds).collect())
    }
}

/// Whole grams of tonnes; nothing for what is no amount.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range")]
fn grams(tonnes: f64) -> u64 {
    (tonnes * GRAMS).round().clamp(0.0, UNLIMITED as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use proptest::prelude::*;

    /// The smallest cut by trying every set of sites.
    fn smallest_cut(of: &Capacities) -> u64 {
        let count = of.limit.len();
        let cuts = |removed: usize| {
            let mut reached: Vec<bool> =
                (0..count).map(|site| of.source[site] && removed & (1 << site) == 0).collect();
            for _ in 0..count {
                for (from, to) in &of.roads {
                    reached[*to] |= reached[*from] && removed & (1 << to) == 0;
                }
            }
            !(0..count).any(|site| reached[site] && of.sink[site])
        };
        let weight =
            |removed: usize| (0..count).filter(|site| removed & (1 << site) != 0).map(|s| of.limit[s]).sum();
        (0..1_usize << count).filter(|removed| cuts(*removed)).map(weight).min().unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]
        /// Largest flow = smallest cut, with every site and without any one of them.
        #[test]
        fn flows_equal_cuts(
            limit in proptest::collection::vec(0_u64..50, 7),
            mut roads in proptest::collection::vec((0_usize..7, 0_usize..7), 0..20),
            source in proptest::collection::vec(any::<bool>(), 7),
            sink in proptest::collection::vec(any::<bool>(), 7),
        ) {
            roads.retain(|(from, to)| from != to);
            roads.sort_unstable();
            roads.dedup();
            let all = Capacities { limit, source, sink, roads, calm: 0 };
            let (largest, sites) = all.solve();
            prop_assert_eq!(largest, smallest_cut(&all));
            prop_assert_eq!(sites.iter().map(|site| all.limit[*site]).sum::<u64>(), largest);
            for site in 0..7 {
                let rest = all.without(site);
                prop_assert_eq!(rest.largest(), smallest_cut(&rest));
                prop_assert!(rest.largest() <= largest && largest - rest.largest() <= all.limit[site]);
            }
        }
    }

    #[test]
    fn calm_flow_is_below_the_cut() {
        let (scenario, _) = Scenario::bundled("baseline").unwrap();
        let cut = Capacities::of(&Kernel::compile(&scenario)).cut();
        assert!(cut.calm > 0.0 && cut.calm <= cut.capacity, "{cut:?}");
        let limits: f64 = cut.sites.iter().map(|(_, limit)| limit).sum();
        assert!((limits - cut.capacity).abs() < 1e-6 * cut.capacity);
    }
}
