//! The chain at rest, from what was drawn.

use coercivity::kernel::{Kernel, State};
use coercivity::network::line::{Carriage, LineGraph};
use coercivity::policy::parameter::Parameter;
use coercivity::policy::shock::Kind;
use coercivity::random::philox::Streams;
use coercivity::scenario::Scenario;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};

use super::desk::Desk;
use super::{Event, Group, Line, Pool, Route, Shipment, Simulator, policy};

/// The first step that begins on the date or after it.
fn step_of(scenario: &Scenario, date: Option<i32>) -> i32 {
    date.map_or(0, |date| (f64::from(date - scenario.start) / f64::from(scenario.step_days)).ceil() as i32)
}

/// Part of its share that a plant has grown into when the run starts; 1 for routes of the base year.
fn reached(scenario: &Scenario, route: &coercivity::network::line::LineRoute, ramp_days: f64) -> f64 {
    match route.opens {
        Some(_) => {
            let days = -f64::from(step_of(scenario, route.opens)) * f64::from(scenario.step_days);
            (days / ramp_days).clamp(0.0, 1.0)
        }
        None if route.share.central <= 0.0 => 0.0,
        None => 1.0,
    }
}

/// Solves x = A x + f by Gaussian elimination with pivots. `need[i][j]`: output of i used per output of j.
fn solve(mut need: Vec<Vec<f64>>, mut demand: Vec<f64>) -> Vec<f64> {
    let n = demand.len();
    for (i, row) in need.iter_mut().enumerate() {
        row.iter_mut().for_each(|x| *x = -*x);
        row[i] += 1.0;
    }
    for column in 0..n {
        let pivot =
            (column..n).max_by(|a, b| need[*a][column].abs().total_cmp(&need[*b][column].abs())).unwrap();
        need.swap(column, pivot);
        demand.swap(column, pivot);
        for row in column + 1..n {
            let factor = need[row][column] / need[column][column];
            if factor != 0.0 {
                for k in column..n {
                    need[row][k] -= factor * need[column][k];
                }
                demand[row] -= factor * demand[column];
            }
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| need[row][k] * demand[k]).sum();
        demand[row] = (demand[row] - known) / need[row][row];
    }
    demand
}

/// Baseline outputs per day for given amounts and shares of output, ascending by route.
fn baseline(graph: &LineGraph, flows: &[f64], growth: f64) -> Vec<f64> {
    let n = graph.lines.len();
    let mut need = vec![vec![0.0; n]; n];
    for (route, flow) in graph.routes.iter().zip(flows) {
        need[route.from.index()][route.to.index()] += flow;
    }
    solve(need, graph.lines.iter().map(|line| line.final_demand * growth).collect())
}

/// Amount × share of output of each route at the central values.
fn central_flows(scenario: &Scenario) -> Vec<f64> {
    let graph = &scenario.lines;
    let central: Vec<f64> = graph.coefficients.iter().map(|c| c.band.central).collect();
    let ramp_days = scenario.parameters.get(Parameter::RampDays).mean();
    let carries = |r: usize| {
        let route = &graph.routes[r];
        let share = if route.opens.is_some() { route.share.high } else { route.share.central };
        share * route.yield_per_tonne.as_ref().map_or(1.0, |y| y.value(&central))
    };
    let base_year = |r: usize| graph.routes[r].opens.is_none();
    (0..graph.routes.len())
        .map(|r| {
            let route = &graph.routes[r];
            let input = &graph.lines[route.to.index()].inputs[route.input as usize];
            let siblings = || input.routes.iter().map(|s| s.index());
            let whole: f64 = siblings().filter(|s| base_year(*s)).map(carries).sum();
            // What a newcomer has grown into comes off the others' shares, in proportion.
            let of_newcomer = |s: usize| {
                let ore = graph.routes[s].yield_per_tonne.is_some();
                let share = if ore { carries(s) / (whole + carries(s)) } else { carries(s) };
                share * reached(scenario, &graph.routes[s], ramp_days)
            };
            let taken: f64 = siblings().filter(|s| !base_year(*s)).map(of_newcomer).sum();
            let amount = route
                .yield_per_tonne
                .as_ref()
                .map_or(input.amount.value(&central), |y| 1.0 / y.value(&central));
            if !base_year(r) {
                amount * of_newcomer(r)
            } else if whole > 0.0 {
                amount * carries(r) / whole * (1.0 - taken).max(0.0)
            } else {
                0.0
            }
        })
        .collect()
}

/// Ore routes of a feed line with what a tonne of each holds; whether that is known of any of them.
fn ores(graph: &LineGraph, feed: usize, drawn: &[f64]) -> (Vec<(EdgeIndex, f64)>, bool) {
    let routes: Vec<_> =
        graph.routes.iter().enumerate().filter(|(_, route)| route.to.index() == feed).collect();
    let band = |route: &coercivity::network::line::LineRoute| {
        let mine = &graph.sites[graph.lines[route.from.index()].facility.index()].id;
        let id = format!("dytb-per-reo:{mine}");
        graph.coefficients.iter().find(|c| c.id == id).map(|c| c.band)
    };
    let known = routes.iter().any(|(_, route)| band(route).is_some());
    for ((_, route), content) in routes.iter().zip(drawn).filter(|_| known) {
        let (low, high) = band(route).map_or((0.0, 0.0), |band| (band.low, band.high));
        assert!((low..=high * (1.0 + 1.0e-12)).contains(content), "content {content} of {}", route.id);
    }
    (routes.iter().zip(drawn).map(|((r, _), content)| (EdgeIndex::new(*r), *content)).collect(), known)
}

pub(super) fn start<const L: usize>(kernel: &Kernel, state: &State<L>, first: u64, lane: usize) -> Simulator {
    let scenario = std::sync::Arc::new(kernel.scenario().clone());
    let lines = &scenario.lines;
    let dt = f64::from(scenario.step_days);
    let parameters: Vec<f64> = state.parameters.iter().map(|row| row[lane]).collect();
    let p = |parameter: Parameter| parameters[parameter as usize];
    let growth = p(Parameter::Growth);
    let mut graph: DiGraph<Line, Route> = DiGraph::new();
    for _ in &lines.lines {
        graph.add_node(Line::default());
    }
    let steps = |days: u32| days.div_ceil(scenario.step_days).max(1);
    for (r, route) in lines.routes.iter().enumerate() {
        let slow = scenario.shocks.iter().any(
            |shock| matches!(&shock.kind, Kind::LaneDelay { routes, .. } if routes.iter().any(|id| id.index() == r)),
        );
        graph.add_edge(
            NodeIndex::new(route.from.index()),
            NodeIndex::new(route.to.index()),
            Route {
                weight: state.weight[r][lane],
                amount: state.amount_of(kernel, r)[lane],
                target_days: state.routes[r].target_days[lane],
                tariff: 1.0,
                growth: 1.0,
                lead: steps(route.surface_days),
                air_lead: if route.carriage == Carriage::SeaAndAir { steps(route.air_days) } else { 0 },
                opens: step_of(&scenario, route.opens),
                candidate: route.share.central <= 0.0 && route.opens.is_none(),
                late: route.opens.map_or(route.share.central <= 0.0, |date| {
                    let (_, slowest) = scenario.parameters.get(Parameter::RampDays).support();
                    f64::from(scenario.start - date) < slowest
                }),
                slowest: if slow { f64::from(120_u32.div_ceil(scenario.step_days)) } else { 0.0 },
                ..Route::default()
            },
        );
    }
    for line in &lines.lines {
        for input in &line.inputs {
            let mut taken = 0.0;
            for r in &input.routes {
                let route = &mut graph[EdgeIndex::new(r.index())];
                if route.late {
                    let entry = &lines.routes[r.index()];
                    route.share = route.weight * reached(&scenario, entry, p(Parameter::RampDays));
                    taken += route.share;
                }
            }
            let ids = || input.routes.iter().map(|r| EdgeIndex::new(r.index()));
            let others: f64 = ids().filter(|r| !graph[*r].late).map(|r| graph[r].weight).sum();
            for r in ids() {
                let route = &mut graph[r];
                if !route.late {
                    // Where nobody is growing the drawn shares are used as they are, bit for bit.
                    let left = if taken > 0.0 { (1.0 - taken).max(0.0) / others } else { 1.0 };
                    route.share = route.weight * left;
                }
            }
        }
    }
    let flows: Vec<f64> = graph.edge_weights().map(|r| r.amount * r.share).collect();
    let outputs = baseline(lines, &flows, growth);
    // Solved another way, the baseline is the kernel's but for rounding; from here on the kernel's own bits
    // are used, so that no tie (a limit exactly met) is broken by how the baseline was solved.
    let scale = outputs.iter().copied().fold(0.0, f64::max);
    let outputs: Vec<f64> = outputs
        .iter()
        .zip(&state.base_output)
        .map(|(own, row)| {
            let close = (own - row[lane]).abs() <= 1.0e-12 * own.abs().max(1.0e-3 * scale);
            assert!(close, "baseline output: kernel {:e}, reference {own:e}", row[lane]);
            row[lane]
        })
        .collect();
    for (i, entry) in lines.lines.iter().enumerate() {
        let output = outputs[i];
        let sold = entry.final_demand * growth;
        let target = p(Parameter::FinishedDays) * (output - sold).max(0.0);
        let ids =
            |routes: &[coercivity::id::RouteId]| routes.iter().map(|r| EdgeIndex::new(r.index())).collect();
        graph[NodeIndex::new(i)] = Line {
            stock: target,
            stock_target: target,
            output: output * dt,
            expected: output,
            trend: output,
            demand_factor: 1.0,
            base_output: output,
            base_final: sold,
            inputs: entry.inputs.iter().map(|input| ids(&input.routes)).collect(),
            outgoing: ids(&entry.outgoing),
            ..Line::default()
        };
    }
    for r in (0..lines.routes.len()).map(EdgeIndex::new) {
        let buyer = graph[graph.edge_endpoints(r).unwrap().1].base_output;
        let route = &mut graph[r];
        let flow = route.amount * route.share * buyer;
        let flying = if route.air_lead > 0 { p(Parameter::AirShare) } else { 0.0 };
        for (lead, part) in [(route.lead, 1.0 - flying), (route.air_lead, flying)] {
            route.under_way.extend((0..lead).map(|due| Shipment { due, tonnes: flow * dt * part }));
        }
        route.base_flow = flow;
        route.stock = route.target_days * flow;
        for row in [
            &mut route.book,
            &mut route.placed,
            &mut route.ordered_month,
            &mut route.sent_month,
            &mut route.ordered_fortnight,
            &mut route.sent_fortnight,
        ] {
            *row = flow * dt;
        }
        (route.cap, route.openly) = (f64::INFINITY, f64::INFINITY);
    }
    let central = baseline(lines, &central_flows(&scenario), 1.0);
    let pools = lines
        .pools
        .iter()
        .map(|pool| {
            let usual: f64 = pool.lines.iter().map(|line| central[line.index()]).sum();
            let drawn: f64 = pool.lines.iter().map(|line| outputs[line.index()]).sum();
            let dated = pool.opens.is_some();
            let nameplate = if pool.utilisation_unknown {
                usual / p(Parameter::Headroom)
            } else {
                pool.capacity.max(usual / 0.95)
            };
            Pool {
                capacity: if dated {
                    pool.capacity.max(drawn / 0.95)
                } else if usual > 0.0 {
                    nameplate * drawn / usual
                } else {
                    pool.capacity
                },
                dated,
                overproduction: 1.0,
                opens: step_of(&scenario, pool.opens),
                ..Pool::default()
            }
        })
        .collect::<Vec<_>>();
    let mut groups: Vec<Group> = Vec::new();
    for (i, line) in lines.lines.iter().enumerate() {
        let Some(feed) = line.coproduct_of.map(coercivity::id::LineId::index) else { continue };
        if !groups.iter().any(|group| group.feed == feed) {
            let first: usize = groups.iter().map(|group: &Group| group.ores.len()).sum();
            let drawn: Vec<f64> = state.content[first..].iter().map(|row| row[lane]).collect();
            let (ores, known) = ores(lines, feed, &drawn);
            groups.push(Group { feed, ores, known, ..Group::default() });
        }
        groups.iter_mut().find(|group| group.feed == feed).unwrap().lines.push(i);
    }
    for group in &mut groups {
        let heavy: f64 = group.lines.iter().map(|line| outputs[*line]).sum();
        // What nobody knows anything of follows the feed line's output.
        let held: f64 = if group.known {
            group.ores.iter().map(|(r, content)| content * graph[*r].base_flow).sum()
        } else {
            outputs[group.feed]
        };
        group.held = held;
        group.recovery = if held > 0.0 { heavy / held } else { 0.0 };
        group.circuit_most = if held > 0.0 { 30.0 * heavy } else { 0.0 };
        // Heavy lines that opened lately are built for more than they have grown into.
        for line in &group.lines {
            let pool = &pools[lines.lines[*line].pool.index()];
            let room = pool.capacity - outputs[*line];
            if pool.dated && pool.opens <= 0 && room > 0.0 && held > 0.0 {
                let most = if group.known { group.recovery.max(1.0) } else { group.recovery };
                group.recovery = (group.recovery + room / held).min(most);
                group.circuit_most = 30.0 * group.recovery * held;
            }
        }
        group.recovery_calm = group.recovery;
        group.circuit = group.circuit_most;
    }
    let events = (0..scenario.shocks.len())
        .map(|s| Event {
            start: state.shock_start[s][lane],
            end: state.shock_end[s][lane],
            size: state.shock_size[s][lane],
            time: state.shock_time[s][lane],
            left: match scenario.shocks[s].kind {
                Kind::StockpileRelease { .. } => state.shock_size[s][lane],
                _ => 0.0,
            },
            quota_left: f64::INFINITY,
        })
        .collect();
    let desks = Desk::all(&scenario);
    Simulator {
        markets: policy::markets(&scenario),
        streams: Streams::new(scenario.plan.seed, first + lane as u64),
        graph,
        pools,
        groups,
        events,
        desks,
        price: [0.0; 4],
        withheld: [0.0; 4],
        parameters,
        step: 0,
        dt,
        scenario,
    }
}
