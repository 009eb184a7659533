//! The downstream half of the economic systemic risk index on production lines: what cannot be made when a
//! facility fails for good and nobody else expands.
//!
//! Source: C. Diem and others, Scientific Reports 12:7719 (2022); the full index of firm networks is in
//! [`crate::firms::esri`]. A line keeps h of its output: `q_k` = Σ over the routes of input *k* of share × h of
//! the supplier, h = min(min over essential inputs of `q_k`, 1 − Σ over non-essential inputs of (1 − `q_k`) ÷
//! number of inputs); heavy lines of a separation group also no more than the line whose feed they use.

use crate::network::line::{Criticality, LineGraph, Stage};

/// Sweeps after which cycles are taken as they are.
const SWEEPS: usize = 1_000;

/// Share of output lost by every line when all lines of a site stop.
#[must_use]
pub fn losses(graph: &LineGraph, site: usize) -> Vec<f64> {
    let mut kept: Vec<f64> =
        graph.lines.iter().map(|line| if line.facility.index() == site { 0.0 } else { 1.0 }).collect();
    for _ in 0..SWEEPS {
        let mut moved = 0.0_f64;
        for (at, line) in graph.lines.iter().enumerate() {
            let mut least: f64 = line.coproduct_of.map_or(1.0, |feed| kept[feed.index()]);
            let mut subtracted = 0.0;
            for input in &line.inputs {
                let routes = || input.routes.iter().map(|route| &graph.routes[route.index()]);
                let all: f64 = routes().map(|route| route.share.central).sum();
                if all <= 0.0 {
                    continue;
                }
                // What is lost, so that with nothing lost nothing is rounded.
                let lost: f64 =
                    routes().map(|route| route.share.central / all * (1.0 - kept[route.from.index()])).sum();
                match input.criticality {
                    Criticality::Essential => least = least.min(1.0 - lost),
                    Criticality::NonEssential { cost_share } => subtracted += lost * cost_share,
                    Criticality::Negligible => {}
                }
            }
            let now = least.min(1.0 - subtracted).clamp(0.0, kept[at]);
            moved = moved.max(kept[at] - now);
            kept[at] = now;
        }
        if moved < 1e-12 {
            break;
        }
    }
    kept.into_iter().map(|kept| 1.0 - kept).collect()
}

/// Weight of each line: its share of its stage's output, divided by the number of stages, because tonnes of
/// ore and vehicles do not add up. Sums to 1.
#[must_use]
pub fn sizes(graph: &LineGraph, output: &[f64]) -> Vec<f64> {
    let mut all = [0.0; Stage::ALL.len()];
    for (line, output) in graph.lines.iter().zip(output) {
        all[line.stage as usize] += output.max(0.0);
    }
    let stages = all.iter().filter(|sum| **sum > 0.0).count().max(1) as f64;
    let share = |(line, output): (&crate::network::line::Line, &f64)| {
        let all = all[line.stage as usize];
        if all > 0.0 { output.max(0.0) / all / stages } else { 0.0 }
    };
    graph.lines.iter().zip(output).map(share).collect()
}

/// The index of a site: Σ size × share lost, 0 to 1 for sizes that sum to 1.
#[must_use]
pub fn index(graph: &LineGraph, sizes: &[f64], site: usize) -> f64 {
    let lost: f64 = losses(graph, site).iter().zip(sizes).map(|(lost, size)| lost * size).sum();
    lost.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    /// A chain is cut out of the shipped network by leaving one route to each line: failure of the m-th of n
    /// equal lines stops n − m + 1 of them.
    #[test]
    fn a_chain_loses_what_is_behind_the_break() {
        let full = Network::embedded("world-2024").unwrap().lines().unwrap();
        let n = 5;
        let mut chain = LineGraph { sites: full.sites[..n].to_vec(), ..LineGraph::default() };
        chain.materials.clone_from(&full.materials);
        let template = full.lines.iter().find(|line| line.inputs.len() == 1).unwrap();
        for at in 0..n {
            let mut line = template.clone();
            line.facility = crate::id::FacilityId::new(at);
            line.pool = crate::id::PoolId::new(at);
            line.coproduct_of = None;
            line.inputs[0].criticality = Criticality::Essential;
            if at == 0 {
                line.inputs.clear();
            }
            let mut pool = full.pools[0].clone();
            pool.lines.clear();
            chain.pools.push(pool);
            chain.push_line(line);
        }
        for at in 1..n {
            let mut route = full.routes[0].clone();
            (route.from, route.to) = (crate::id::LineId::new(at - 1), crate::id::LineId::new(at));
            (route.input, route.share) = (0, crate::network::line::Band::fixed(1.0));
            chain.push_route(route);
        }
        let sizes = vec![1.0 / n as f64; n];
        for m in 1..=n {
            let expected = (n - m + 1) as f64 / n as f64;
            assert!((index(&chain, &sizes, m - 1) - expected).abs() < 1e-12, "m = {m}");
        }
    }

    #[test]
    fn sizes_sum_to_one_and_the_index_is_a_share() {
        let graph = Network::embedded("world-2024").unwrap().lines().unwrap();
        let sizes = sizes(&graph, &crate::network::baseline::pulled(&graph));
        assert!((sizes.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for site in (0..graph.sites.len()).step_by(11) {
            let index = index(&graph, &sizes, site);
            assert!((0.0..=1.0).contains(&index), "{} {index}", graph.sites[site].id);
        }
    }
}
