//! Cycles: a loop of lines that needs as much of itself as it makes can have no baseline.
//!
//! For each strongly connected component with input matrix A (amount × share), the draws have a baseline
//! x = A x + f for every demand f exactly when the spectral radius of A is below 1.

use super::Network;
use super::findings::Findings;
use super::line::{Amount, Coefficient, Input, LineGraph};
use crate::diagnostic::Diagnostic;
use crate::id::LineId;
use petgraph::graph::{DiGraph, NodeIndex};

/// Sweeps before a component is called undecided, and refused: gains up to about 0.999 are decided.
const SWEEPS: usize = 20_000;

/// Refuses components whose gain reaches 1, at central values or anywhere in the bands.
pub(super) fn check(network: &Network, graph: &LineGraph, findings: &mut Findings) {
    let mut loops = DiGraph::<(), u32>::new();
    for _ in &graph.lines {
        loops.add_node(());
    }
    for (index, route) in graph.routes.iter().enumerate() {
        loops.add_edge(
            NodeIndex::new(route.to.index()),
            NodeIndex::new(route.from.index()),
            u32::try_from(index).unwrap_or(u32::MAX),
        );
    }
    // Tarjan's algorithm is recursive in petgraph: a chain of 100,000 lines would overflow the stack.
    for component in petgraph::algo::kosaraju_scc(&loops) {
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

/// Low, central and high values of all coefficients.
struct Values([Vec<f64>; 3]);

impl Values {
    fn of(graph: &LineGraph) -> Self {
        let all = |pick: fn(&Coefficient) -> f64| graph.coefficients.iter().map(pick).collect();
        Self([all(|c| c.band.low), all(|c| c.band.central), all(|c| c.band.high)])
    }

    /// The amount at the central values, or the largest one in the bands.
    fn amount(&self, amount: &Amount, worst: bool) -> f64 {
        let [low, central, high] = &self.0;
        if !worst {
            return amount.value(central);
        }
        let end = |weight: f64| if weight > 0.0 { high } else { low };
        let sum: f64 = amount.terms.iter().map(|(w, c)| w * c.map_or(1.0, |c| end(*w)[c.index()])).sum();
        amount.divisors.iter().fold(sum, |a, d| a / low[d.index()])
    }

    /// The yield at the central values, or the smallest one.
    fn yields(&self, amount: &Amount, worst: bool) -> f64 {
        amount.value(&self.0[usize::from(!worst)])
    }
}

/// Units of a supplier's product per unit of the buyer's, for all routes of one input.
fn entries<'a>(
    graph: &'a LineGraph,
    input: &'a Input,
    values: &'a Values,
    worst: bool,
) -> impl Iterator<Item = (LineId, f64)> + 'a {
    let routes = || input.routes.iter().map(|r| &graph.routes[r.index()]);
    let sum: f64 = routes().map(|r| if worst { r.share.low } else { r.share.central }).sum();
    let amount = values.amount(&input.amount, worst);
    routes().map(move |route| {
        let share = if worst {
            // The largest share after renormalisation: this one high, the others low.
            let all = route.share.high + (sum - route.share.low).max(0.0);
            if all > 0.0 { route.share.high / all } else { 0.0 }
        } else if sum > 0.0 {
            route.share.central / sum
        } else {
            0.0
        };
        (route.from, share * route.yield_per_tonne.as_ref().map_or(amount, |y| 1.0 / values.yields(y, worst)))
    })
}

/// Whether the spectral radius of the component's input matrix A is below 1, proved by a positive x with
/// A x < x (which exists exactly then). Gauss–Seidel sweeps towards x = A x + 1, forth and back, find it.
fn gain_below_one(graph: &LineGraph, members: &[usize], worst: bool) -> bool {
    let values = Values::of(graph);
    let rows: Vec<Vec<(usize, f64)>> = members
        .iter()
        .map(|line| {
            let inputs =
                graph.lines[*line].inputs.iter().flat_map(|input| entries(graph, input, &values, worst));
            inputs
                .filter_map(|(from, value)| {
                    members.binary_search(&from.index()).ok().map(|column| (column, value))
                })
                .collect()
        })
        .collect();
    let mut x = vec![1.0; members.len()];
    let product =
        |row: usize, x: &[f64]| rows[row].iter().map(|(column, value)| value * x[*column]).sum::<f64>();
    for _ in 0..SWEEPS {
        for row in (0..rows.len()).chain((0..rows.len()).rev()) {
            x[row] = 1.0 + product(row, &x);
        }
        if x.iter().any(|v| *v > 1e150 || !v.is_finite()) {
            return false;
        }
        let mut below = true;
        let mut above = true;
        for (row, value) in x.iter().enumerate() {
            let after = product(row, &x);
            below &= after < *value;
            above &= after >= *value;
        }
        if below || above {
            return below;
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
        let mut suppliers: Vec<usize> = loops
            .neighbors(NodeIndex::new(at))
            .map(NodeIndex::index)
            .filter(|n| members.binary_search(n).is_ok())
            .collect();
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
