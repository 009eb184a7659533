//! Cycles: a loop of lines that needs as much of itself as it makes can have no baseline.
//!
//! For each strongly connected component with input matrix A (amount × share), the draws have a baseline
//! x = A x + f for every demand f exactly when the spectral radius of A is below 1. Collatz–Wielandt
//! bounds decide it: for a positive vector v and the primitive matrix A + I,
//! min (A + I)v/v ≤ ρ(A) + 1 ≤ max (A + I)v/v.

use super::Network;
use super::findings::Findings;
use super::line::{LineGraph, LineRoute};
use crate::diagnostic::Diagnostic;
use petgraph::graph::{DiGraph, NodeIndex};

/// Rounds of the power iteration before a component is called undecided, and refused.
const ROUNDS: usize = 20_000;

/// Refuses components whose gain reaches 1, at central values or anywhere in the bands.
pub(super) fn check(network: &Network, graph: &LineGraph, findings: &mut Findings) {
    let mut loops = DiGraph::<(), u32>::new();
    for _ in &graph.lines {
        loops.add_node(());
    }
    for (index, route) in graph.routes.iter().enumerate() {
        loops.add_edge(NodeIndex::new(route.to.index()), NodeIndex::new(route.from.index()), u32::try_from(index).unwrap_or(u32::MAX));
    }
    for component in petgraph::algo::tarjan_scc(&loops) {
        let single = component.len() == 1;
        if single && loops.find_edge(component[0], component[0]).is_none() {
            continue;
        }
        let mut members: Vec<usize> = component.iter().map(|n| n.index()).collect();
        members.sort_unstable();
        for (worst, told) in [(false, "at the central values"), (true, "at an end of the bands")] {
            if gain_below_one(graph, &members, worst) {
                continue;
            }
            let cycle = name_cycle(graph, &loops, &members);
            let mut error = Diagnostic::error("E0135", format!("a cycle needs as much of its own product as it makes, {told}: {}", cycle.join(" → ")))
                .help("the spectral radius of amounts × shares around it must be below 1; lower an amount of recipes.csv");
            let facility = &network.graph[NodeIndex::new(graph.lines[members[0]].facility.index())];
            let recipe = network.recipes.iter().find(|r| cycle.contains(&r.facility)).and_then(|r| r.place);
            if let Some(place) = recipe.or(facility.place) {
                error = error.at(place, "part of the cycle");
            }
            findings.push(error);
            break;
        }
    }
}

/// Units of the supplier's product per unit of the buyer's, through one route.
fn entry(graph: &LineGraph, route: &LineRoute, values: &[Vec<f64>; 3], worst: bool) -> f64 {
    let input = &graph.lines[route.to.index()].inputs[route.input as usize];
    let routes = || input.routes.iter().map(|r| &graph.routes[r.index()]);
    let [low, central, high] = values;
    let share = if worst {
        // The largest share after renormalisation: this one high, the others low.
        let others: f64 = routes().filter(|r| r.from != route.from).map(|r| r.share.low).sum();
        if route.share.high > 0.0 { route.share.high / (route.share.high + others) } else { 0.0 }
    } else {
        let sum: f64 = routes().map(|r| r.share.central).sum();
        if sum > 0.0 { route.share.central / sum } else { 0.0 }
    };
    let largest = |amount: &super::line::Amount| {
        if !worst {
            return amount.value(central);
        }
        let sum: f64 = amount
            .terms
            .iter()
            .map(|(w, c)| w * c.map_or(1.0, |c| if *w > 0.0 { high[c.index()] } else { low[c.index()] }))
            .sum();
        amount.divisors.iter().fold(sum, |a, d| a / low[d.index()])
    };
    match &route.yield_per_tonne {
        Some(yields) => share / yields.value(if worst { low } else { central }),
        None => share * largest(&input.amount),
    }
}

fn gain_below_one(graph: &LineGraph, members: &[usize], worst: bool) -> bool {
    let band = |pick: fn(&super::line::Coefficient) -> f64| graph.coefficients.iter().map(pick).collect::<Vec<f64>>();
    let values = [band(|c| c.band.low), band(|c| c.band.central), band(|c| c.band.high)];
    let mut entries = Vec::new();
    for (row, line) in members.iter().enumerate() {
        for input in &graph.lines[*line].inputs {
            for route in input.routes.iter().map(|r| &graph.routes[r.index()]) {
                if let Ok(column) = members.binary_search(&route.from.index()) {
                    entries.push((row, column, entry(graph, route, &values, worst)));
                }
            }
        }
    }
    let mut vector = vec![1.0; members.len()];
    for _ in 0..ROUNDS {
        let mut next = vector.clone();
        for (row, column, value) in &entries {
            next[*row] += value * vector[*column];
        }
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for (after, before) in next.iter().zip(&vector) {
            least = least.min(after / before);
            most = most.max(after / before);
        }
        if !most.is_finite() || least >= 2.0 {
            return false;
        }
        if most < 2.0 {
            return true;
        }
        let largest = next.iter().copied().fold(0.0, f64::max);
        vector = next.iter().map(|v| v / largest).collect();
        if vector.iter().any(|v| *v <= 0.0) {
            return false;
        }
    }
    false
}

/// Facilities of the shortest cycle through the component's first line, first and last the same, in the
/// direction goods flow.
fn name_cycle(graph: &LineGraph, loops: &DiGraph<(), u32>, members: &[usize]) -> Vec<String> {
    let start = members[0];
    let mut came_from = vec![usize::MAX; graph.lines.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    let mut path = Vec::new();
    'search: while let Some(at) = queue.pop_front() {
        let mut suppliers: Vec<usize> = loops.neighbors(NodeIndex::new(at)).map(NodeIndex::index).filter(|n| members.binary_search(n).is_ok()).collect();
        suppliers.sort_unstable();
        for next in suppliers {
            if next == start {
                // Walk back to the start: from the last supplier to the first buyer is the way goods flow.
                path.push(start);
                let mut step = at;
                while step != start {
                    path.push(step);
                    step = came_from[step];
                }
                path.push(start);
                break 'search;
            }
            if came_from[next] == usize::MAX {
                came_from[next] = at;
                queue.push_back(next);
            }
        }
    }
    path.iter().map(|line| graph.sites[graph.lines[*line].facility.index()].id.clone()).collect()
}
