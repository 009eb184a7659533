//! Scenario → arrays. The only place where units are taken off and names are left behind.

use std::sync::Arc;

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::draw::Central;
use super::layout::{Kernel, LONGEST_DELAY, Lines, NONE, Pools, Routes, Rule};
use super::observe::Observe;
use super::source::Mix;
use super::transit::{Turns, Wheels};
use crate::id::{Place, PoolId, RouteId};
use crate::network::line::{Carriage, EndUse, LineGraph, Stage};
use crate::policy::parameter::Parameter;
use crate::policy::response::{Rationing, Sourcing, Switches};
use crate::policy::shock::{Kind, Shock};
use crate::random::philox::Entity;
use crate::scenario::Scenario;

impl Kernel {
    /// Compiles a scenario. Cannot fail: everything that can was refused when the scenario was resolved.
    #[must_use]
    pub fn compile(scenario: &Scenario) -> Self {
        let fixed = |parameter, value: f64| matches!(scenario.parameters.get(parameter), crate::random::sample::Distribution::Fixed(v) if *v == value);
        let graph = &scenario.lines;
        let step_of = |date: Option<i32>| -> i32 {
            date.map_or(0, |date| {
                // The first step that begins on the date or after it.
                let since = i64::from(scenario.start) - i64::from(date);
                let steps = -since.div_euclid(i64::from(scenario.step_days));
                i32::try_from(steps).unwrap_or(i32::MAX / 2)
            })
        };
        let mut order: Vec<usize> = (0..graph.routes.len()).collect();
        order.sort_by_key(|&r| {
            let route = &graph.routes[r];
            (route.to, route.input, route.from, r)
        });
        let routes = compile_routes(scenario, &order, &step_of);
        let lines = compile_lines(graph, &scenario.switches, &routes);
        let mut routes = routes;
        routes.adapts = (0..routes.from.len())
            .map(|r| {
                let line = routes.to[r] as usize;
                let slot = lines.slots[line] as usize + graph.routes[routes.id[r].index()].input as usize;
                lines.sourcing[line] == Sourcing::Pooled || lines.slot_changes[slot]
            })
            .collect();
        let groups = super::heavy::compile(graph, &routes.position);
        let mut lines = lines;
        for (g, group) in groups.iter().enumerate() {
            lines.feeds[group.feed as usize] = true;
            for &line in &group.lines {
                lines.group[line as usize] = u32::try_from(g).unwrap_or(NONE);
            }
        }
        routes.amount = super::link::amounts(graph, &routes, &lines);
        routes.links = super::link::compile(&routes);
        let unit_exponent = fixed(Parameter::AdaptationExponent, 1.0);
        let law = |parameter| scenario.parameters.get(parameter);
        let mix = Mix::of(law(Parameter::PooledMix), law(Parameter::StandInDays));
        lines.inputs = super::link::inputs(&scenario.switches, mix, unit_exponent, &routes, &lines);
        lines.shares_move = super::share::moving(&lines);
        let mut pools = compile_pools(graph, &step_of);
        pools.moved = scenario.shocks.iter().any(|shock| {
            matches!(shock.kind, Kind::CapacityLoss { .. } | Kind::NewCapacity { .. } | Kind::Subsidy { .. })
        });
        let rules = compile_rules(scenario, &routes);
        let keys = super::keys::Keys::of(scenario, &routes);
        let shock_entity = scenario.shocks.iter().map(|shock| Entity::of(&shock.id)).collect();
        let mut kernel = Self {
            seed: scenario.plan.seed,
            steps: scenario.steps(),
            dt: f64::from(scenario.step_days),
            lines,
            pools,
            groups,
            candidates: (0..routes.candidate.len()).filter(|r| routes.candidate[*r]).map(index).collect(),
            routes,
            switches: scenario.switches.clone(),
            mix,
            stops: !fixed(Parameter::MinimumRun, 0.0),
            unit_exponent,
            central: Central::default(),
            observe: Observe::default(),
            rules,
            origin: None,
            chained: scenario.shocks.iter().any(|shock| matches!(shock.kind, Kind::Regimes(_))),
            keys,
            shock_entity,
            scenario: Arc::new(scenario.clone()),
        };
        kernel.central = super::draw::central_baseline(&kernel);
        kernel.pools.central = (0..kernel.pools.opens.len())
            .map(|p| kernel.pool_lines(p).iter().map(|&line| kernel.central.output[line as usize]).sum())
            .collect();
        kernel.origin = super::origin::compile(&kernel);
        kernel.observe = super::observe::compile(&kernel);
        kernel
    }
}

fn index(position: usize) -> u32 {
    PoolId::new(position).0
}

fn compile_routes(scenario: &Scenario, order: &[usize], step_of: &dyn Fn(Option<i32>) -> i32) -> Routes {
    let graph = &scenario.lines;
    let mut routes = Routes { position: vec![NONE; order.len()], ..Routes::default() };
    let delayed = delayed_routes(&scenario.shocks, order.len());
    let governed = governed_routes(&scenario.shocks, order.len());
    let grows = growing_routes(&scenario.shocks, order.len());
    let steps = |days: u32| days.div_ceil(scenario.step_days).max(1);
    let (_, slowest_ramp) = scenario.parameters.get(Parameter::RampDays).support();
    let mut wheels = Wheels::default();
    for (position, &r) in order.iter().enumerate() {
        let route = &graph.routes[r];
        routes.position[r] = index(position);
        routes.from.push(route.from.0);
        routes.to.push(route.to.0);
        routes.id.push(RouteId::new(r));
        let lead = steps(route.surface_days);
        let slots = lead + if delayed[r] { LONGEST_DELAY.div_ceil(scenario.step_days) } else { 0 };
        routes.surface.push(wheels.ring(slots, lead));
        let lead = if route.carriage == Carriage::SeaAndAir { steps(route.air_days) } else { 0 };
        routes.air.push(wheels.ring(lead, lead));
        routes.governed.push(if governed[r] { index(routes.governed_list.len()) } else { NONE });
        if governed[r] {
            routes.governed_list.push(index(position));
            let magnet = is_magnet(graph, route.from.index());
            routes.bypassed.push(scenario.switches.bypass && magnet);
        }
        routes.opens.push(step_of(route.opens));
        routes.late.push(match route.opens {
            Some(date) => f64::from(date) + slowest_ramp > f64::from(scenario.start),
            None => route.share.central <= 0.0,
        });
        routes.grows.push(grows[r]);
        routes.candidate.push(route.share.central <= 0.0 && route.opens.is_none());
        routes.entity.push(Entity::of(&route.id));
        let (seller, buyer) = (&graph.lines[route.from.index()], &graph.lines[route.to.index()]);
        routes.leaves_china.push(seller.country == Place::CHN && buyer.country != Place::CHN);
        routes.class.push(match scenario.switches.rationing {
            Rationing::Priority => priority_class(&scenario.switches, buyer.end_use),
            Rationing::DomesticFirst => u8::from(seller.country != buyer.country),
            _ => 0,
        });
    }
    routes.wheels = wheels.placed();
    routes.turns = Turns::of(&routes.wheels, &routes.surface, &routes.air);
    routes
}

/// Position of an end use in the list of priorities; unlisted uses come last.
pub(crate) fn priority_class(switches: &Switches, end_use: EndUse) -> u8 {
    let position = switches.priority.iter().position(|listed| *listed == end_use);
    u8::try_from(position.unwrap_or(switches.priority.len())).unwrap_or(u8::MAX)
}

/// Routes whose goods a shock may slow down: their rings are longer.
fn delayed_routes(shocks: &[Shock], count: usize) -> Vec<bool> {
    let mut delayed = vec![false; count];
    for shock in shocks {
        if let Kind::LaneDelay { routes, .. } = &shock.kind {
            routes.iter().for_each(|route| delayed[route.index()] = true);
        }
    }
    delayed
}

/// Routes that a project makes larger.
fn growing_routes(shocks: &[Shock], count: usize) -> Vec<bool> {
    let mut grows = vec![false; count];
    for shock in shocks {
        if let Kind::NewCapacity { routes, .. } = &shock.kind {
            routes.iter().for_each(|route| grows[route.index()] = true);
        }
    }
    grows
}

/// Routes that a shock may close or cap.
fn governed_routes(shocks: &[Shock], count: usize) -> Vec<bool> {
    let mut governed = vec![false; count];
    for shock in shocks {
        let routes = match &shock.kind {
            Kind::Embargo { routes }
            | Kind::Quota { routes, .. }
            | Kind::OverCompliance { routes }
            | Kind::PortClosure { routes } => routes,
            Kind::Licensing(licensing) => &licensing.controlled,
            _ => continue,
        };
        routes.iter().for_each(|route| governed[route.index()] = true);
    }
    governed
}

fn compile_lines(graph: &LineGraph, switches: &Switches, routes: &Routes) -> Lines {
    let mut lines = Lines { slots: vec![0], slot_routes: vec![0], out: vec![0], ..Lines::default() };
    let mut next = 0;
    for (i, line) in graph.lines.iter().enumerate() {
        for (k, input) in line.inputs.iter().enumerate() {
            let begin = next;
            while next < routes.to.len()
                && routes.to[next] as usize == i
                && graph.routes[routes.id[next].index()].input as usize == k
            {
                next += 1;
            }
            lines.slot_routes.push(index(next));
            lines.criticality.push(input.criticality);
            lines.slot_changes.push((begin..next).any(|r| routes.late[r] || routes.grows[r]));
        }
        lines.slots.push(index(lines.criticality.len()));
        lines.pool.push(line.pool.0);
        lines.sourcing.push(switches.sourcing[line.stage as usize]);
        lines.group.push(NONE);
        lines.feeds.push(false);
        lines.sink.push(line.final_demand > 0.0);
        lines.heeds.push(super::price::heeded(graph, line));
    }
    let mut by_supplier: Vec<u32> = (0..routes.from.len()).map(index).collect();
    by_supplier.sort_by_key(|&r| (routes.from[r as usize], r));
    for i in 0..graph.lines.len() {
        let end = by_supplier.partition_point(|&r| routes.from[r as usize] as usize <= i);
        lines.out.push(index(end));
    }
    lines.outgoing = by_supplier;
    (lines.sweep, lines.sweeps) = sweep_order(graph);
    lines.order = (0..graph.lines.len()).map(index).collect();
    lines.order.sort_by_key(|&i| (graph.lines[i as usize].coproduct_of.is_some(), i));
    lines
}

/// Buyers before suppliers, so that one pass solves x = A x + f; with cycles a fixed number of passes,
/// the same for every lane, so that results never depend on what runs beside them.
fn sweep_order(graph: &LineGraph) -> (Vec<u32>, u32) {
    let mut digraph = DiGraph::<(), ()>::with_capacity(graph.lines.len(), graph.routes.len());
    let nodes: Vec<_> = graph.lines.iter().map(|_| digraph.add_node(())).collect();
    for route in &graph.routes {
        digraph.add_edge(nodes[route.from.index()], nodes[route.to.index()], ());
    }
    let components = tarjan_scc(&digraph);
    let cyclic = components.iter().any(|component| component.len() > 1)
        || graph.routes.iter().any(|route| route.from == route.to);
    // Tarjan yields components in reverse topological order: buyers (which are reached) first.
    let sweep = components
        .into_iter()
        .flat_map(|mut component| {
            component.sort();
            component.into_iter().map(|node| index(node.index()))
        })
        .collect();
    (sweep, if cyclic { 600 } else { 1 })
}

fn compile_pools(graph: &LineGraph, step_of: &dyn Fn(Option<i32>) -> i32) -> Pools {
    let mut pools = Pools { start: vec![0], ..Pools::default() };
    for pool in &graph.pools {
        pools.lines.extend(pool.lines.iter().map(|line| line.0));
        pools.start.push(index(pools.lines.len()));
        pools.opens.push(step_of(pool.opens).max(0).cast_unsigned());
        pools.dated.push(pool.opens.is_some());
        pools.capacity.push(pool.capacity);
        pools.unknown.push(pool.utilisation_unknown);
        pools.chinese.push(graph.sites[pool.facility.index()].country == Place::CHN);
    }
    pools
}

fn compile_rules(scenario: &Scenario, routes: &Routes) -> Vec<Rule> {
    scenario
        .shocks
        .iter()
        .enumerate()
        .filter_map(|(shock, entry)| {
            let Kind::Licensing(licensing) = &entry.kind else { return None };
            let mut pairs: Vec<(u32, u16)> = licensing
                .controlled
                .iter()
                .zip(&licensing.class_of)
                .map(|(route, class)| (routes.position[route.index()], *class))
                .collect();
            pairs.sort_unstable();
            Some(Rule {
                shock,
                routes: pairs.iter().map(|pair| pair.0).collect(),
                class_of: pairs.iter().map(|pair| pair.1).collect(),
                classes: licensing.classes.len(),
            })
        })
        .collect()
}

/// Stages whose goods count as magnets when customs see them.
pub(crate) fn is_magnet(graph: &LineGraph, line: usize) -> bool {
    graph.lines[line].stage == Stage::Magnet
}
