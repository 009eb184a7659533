//! Time to survive from the network alone: when the first automaker can stop, at the central values.
//!
//! What a facility has shipped still arrives for the lead time of the route, the buyer's stock of it lasts
//! the days of cover, and finished goods at every maker on the way last their days: the earliest stop is the
//! sum along the path to an automaker on which it is least. It is the onset under `dedicated` sourcing with
//! every route at its central stock; draws may be shorter or longer, and goods that fly arrive earlier.

use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::kernel::heavy::CIRCUIT_DAYS;
use crate::network::line::{LineGraph, Stage};

/// Days until an automaker can stop when all lines of a site stop; 0 for an automaker, `None` when none is
/// reached.
///
/// `finished_days` is the days of finished goods a maker keeps, `cover_factor` multiplies every stock.
#[must_use]
pub fn earliest_stop(graph: &LineGraph, site: usize, finished_days: f64, cover_factor: f64) -> Option<f64> {
    let mut days = DiGraph::<(), f64>::with_capacity(graph.lines.len() + 1, graph.routes.len());
    for _ in &graph.lines {
        days.add_node(());
    }
    for route in graph.routes.iter().filter(|route| route.opens.is_none() && route.share.central > 0.0) {
        let on_the_way = finished_days + f64::from(route.surface_days) + cover_factor * route.cover.central;
        days.add_edge(NodeIndex::new(route.from.index()), NodeIndex::new(route.to.index()), on_the_way);
    }
    // Heavy lines of a separation group work from the feed of another line, and for a while from what is in the
    // circuit.
    for (line, own) in graph.lines.iter().enumerate() {
        if let Some(feed) = own.coproduct_of {
            days.add_edge(NodeIndex::new(feed.index()), NodeIndex::new(line), CIRCUIT_DAYS);
        }
    }
    let start = days.add_node(());
    for (line, _) in graph.lines.iter().enumerate().filter(|(_, line)| line.facility.index() == site) {
        days.add_edge(start, NodeIndex::new(line), 0.0);
    }
    let reached = dijkstra(&days, start, None, |edge| *edge.weight());
    let makers = graph.lines.iter().enumerate().filter(|(_, line)| line.stage == Stage::Automaker);
    makers.filter_map(|(line, _)| reached.get(&NodeIndex::new(line)).copied()).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use proptest::prelude::*;

    #[test]
    fn the_shortest_path_counts() {
        let graph = Network::embedded("world-2024").unwrap().lines().unwrap();
        let site = |id: &str| graph.sites.iter().position(|site| site.id == id).unwrap();
        let maker = graph.sites.iter().position(|site| site.stage == Stage::Automaker).unwrap();
        assert_eq!(earliest_stop(&graph, maker, 10.0, 1.0), Some(0.0));
        // By hand: every part maker is one route away from an automaker.
        let parts = graph.sites.iter().position(|site| site.stage == Stage::Component).unwrap();
        let least = graph
            .routes
            .iter()
            .filter(|route| {
                graph.lines[route.from.index()].facility.index() == parts && route.share.central > 0.0
            })
            .map(|route| 10.0 + f64::from(route.surface_days) + route.cover.central)
            .fold(f64::INFINITY, f64::min);
        assert_eq!(earliest_stop(&graph, parts, 10.0, 1.0), Some(least));
        let mine = earliest_stop(&graph, site("mine-bayan-obo"), 10.0, 1.0).unwrap();
        let plant = earliest_stop(&graph, site("sep-northern-ndpr"), 10.0, 1.0).unwrap();
        assert!(mine > plant && plant > least, "{mine} {plant} {least}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]
        /// More of any one stock, or of all finished goods, never brings the stop forward.
        #[test]
        fn more_stock_never_shortens_survival(route in any::<prop::sample::Index>(), more in 0.0_f64..90.0, finished in 0.0_f64..30.0) {
            let mut graph = Network::embedded("world-2024").unwrap().lines().unwrap();
            let all = |graph: &LineGraph, finished| -> Vec<f64> {
                (0..graph.sites.len()).step_by(7).map(|site| earliest_stop(graph, site, finished, 1.0).unwrap_or(f64::INFINITY)).collect()
            };
            let before = all(&graph, 10.0);
            let route = route.index(graph.routes.len());
            graph.routes[route].cover.central += more;
            let after = all(&graph, 10.0 + finished);
            prop_assert!(before.iter().zip(&after).all(|(before, after)| after >= before));
        }
    }
}
