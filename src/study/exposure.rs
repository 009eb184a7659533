//! What a scenario touches before anything is simulated: routes, facilities, tonnes, dates.

use std::collections::BTreeMap;

use crate::id::{LineId, PoolId, RouteId};
use crate::kernel::Kernel;
use crate::network::line::LineGraph;
use crate::policy::parameter::{Parameters, Value};
use crate::policy::shock::{End, Kind, Shock};
use crate::scenario::Scenario;
use crate::scenario::spell::{self, Key};

/// One material on the routes a shock touches.
#[derive(Clone, PartialEq, Debug)]
pub struct Touched {
    /// Name of the material.
    pub material: String,
    /// Routes of it.
    pub routes: usize,
    /// Tonnes (or units) per month in calm, central network.
    pub per_month: f64,
    /// Positions of the suppliers' facilities, largest flow first.
    pub suppliers: Vec<usize>,
    /// Positions of the buyers' facilities, largest flow first.
    pub buyers: Vec<usize>,
}

/// A part of a shock with keys of its own: a class of applications, a quota on approvals, a state of a chain.
#[derive(Clone, PartialEq, Debug)]
pub struct Section {
    /// What it is, e.g. "class `defence`".
    pub name: String,
    /// Its keys in the words of the scenario format.
    pub keys: Vec<Key>,
    /// Goods on its routes.
    pub goods: Vec<Touched>,
}

/// What one shock touches.
#[derive(Clone, PartialEq, Debug)]
pub struct Exposure {
    /// Id of the shock.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its kind in words.
    pub kind: &'static str,
    /// First day, days since 1970-01-01; `None` when another shock triggers it.
    pub start: Option<i32>,
    /// Last day, if it is fixed.
    pub end: Option<i32>,
    /// Its keys in the words of the scenario format: when, and how much.
    pub keys: Vec<Key>,
    /// Parts of it that have keys of their own.
    pub sections: Vec<Section>,
    /// Goods on the routes touched.
    pub goods: Vec<Touched>,
    /// Positions of the facilities whose capacity or demand is touched.
    pub facilities: Vec<usize>,
    /// Why it changes nothing, if that can be told beforehand.
    pub idle: Option<String>,
}

/// Tonnes per day on every route in calm, at the central values of the data and mean growth.
///
/// In the order of the network's routes.
#[must_use]
pub fn central_flows(kernel: &Kernel) -> Vec<f64> {
    let scenario = kernel.scenario();
    let growth = scenario.parameters.get(crate::policy::parameter::Parameter::Growth).mean();
    let flow = |r| kernel.central.flow[kernel.route(RouteId::new(r))] * growth;
    (0..scenario.lines.routes.len()).map(flow).collect()
}

/// What each shock touches, in the order of the scenario.
#[must_use]
pub fn exposures(kernel: &Kernel) -> Vec<Exposure> {
    let scenario = kernel.scenario();
    let flows = central_flows(kernel);
    scenario.shocks.iter().map(|shock| exposure(scenario, shock, &flows)).collect()
}

fn exposure(scenario: &Scenario, shock: &Shock, flows: &[f64]) -> Exposure {
    let graph = &scenario.lines;
    let part = part(&shock.kind);
    let mut facilities: Vec<usize> = part
        .pools
        .iter()
        .map(|pool| graph.pools[pool.index()].facility)
        .chain(part.lines.iter().map(|line| graph.lines[line.index()].facility))
        .map(crate::id::FacilityId::index)
        .collect();
    facilities.dedup();
    let mut keys = spell::timing(shock, &scenario.shocks);
    keys.extend(spell::keys(&shock.kind, &scenario.shocks));
    Exposure {
        id: shock.id.clone(),
        title: shock.title.clone(),
        kind: part.kind,
        start: shock.trigger.is_none().then_some(shock.start.date),
        end: match &shock.end {
            End::At(when) => Some(when.date),
            End::Never | End::After(_) => None,
        },
        keys,
        sections: sections(scenario, &shock.kind, flows),
        goods: goods(graph, part.routes, flows),
        facilities,
        idle: idle(scenario, shock, &part, flows),
    }
}

/// Which part of the network a shock acts on, and how strongly.
struct Part<'a> {
    kind: &'static str,
    routes: &'a [RouteId],
    pools: &'a [PoolId],
    lines: &'a [LineId],
    /// The number that would make it do nothing, and the value it has.
    size: Option<(f64, &'a Value)>,
}

fn part(kind: &Kind) -> Part<'_> {
    let mut part = Part { kind: "shock", routes: &[], pools: &[], lines: &[], size: None };
    match kind {
        Kind::CapacityLoss { pools, loss, .. } => {
            part = Part { kind: "capacity loss", pools, size: Some((0.0, loss)), ..part };
        }
        Kind::Embargo { routes } => part = Part { kind: "embargo", routes, ..part },
        Kind::Quota { routes, .. } => part = Part { kind: "quota", routes, ..part },
        Kind::Licensing(rule) => part = Part { kind: "licensing", routes: &rule.controlled, ..part },
        Kind::Regime(_) => part.kind = "regime of the licence desk",
        Kind::Regimes(_) => part.kind = "chain of regimes",
        Kind::GeneralLicence { routes } => part = Part { kind: "general licence", routes, ..part },
        Kind::OverCompliance { routes } => part = Part { kind: "customs over-compliance", routes, ..part },
        Kind::Tariff { routes, rate } => {
            part = Part { kind: "tariff", routes, size: Some((0.0, rate)), ..part }
        }
        Kind::LaneDelay { routes, days } => {
            part = Part { kind: "lane delay", routes, size: Some((0.0, days)), ..part };
        }
        Kind::PortClosure { routes } => part = Part { kind: "port closure", routes, ..part },
        Kind::DemandChange { lines, factor } => {
            part = Part { kind: "change of demand", lines, size: Some((1.0, factor)), ..part };
        }
        Kind::StockpileRelease { routes, tonnes, .. } => {
            part = Part { kind: "stockpile release", routes, size: Some((0.0, tonnes)), ..part };
        }
        Kind::NewCapacity { pools, routes, added, .. } => {
            part = Part { kind: "new capacity", pools, routes, size: Some((0.0, added)), ..part };
        }
        Kind::Subsidy { pools, growth } => {
            part = Part { kind: "subsidy", pools, size: Some((0.0, growth)), ..part };
        }
        Kind::Substitution { lines, rate, .. } => {
            part = Part { kind: "substitution", lines, size: Some((0.0, rate)), ..part };
        }
    }
    part
}

fn goods(graph: &LineGraph, routes: &[RouteId], flows: &[f64]) -> Vec<Touched> {
    #[derive(Default)]
    struct Sum {
        routes: usize,
        flow: f64,
        suppliers: BTreeMap<usize, f64>,
        buyers: BTreeMap<usize, f64>,
    }
    let mut sums: BTreeMap<usize, Sum> = BTreeMap::new();
    for id in routes {
        let route = &graph.routes[id.index()];
        let sum = sums.entry(route.material.index()).or_default();
        let flow = flows[id.index()];
        sum.routes += 1;
        sum.flow += flow;
        *sum.suppliers.entry(graph.lines[route.from.index()].facility.index()).or_default() += flow;
        *sum.buyers.entry(graph.lines[route.to.index()].facility.index()).or_default() += flow;
    }
    let largest_first = |sites: BTreeMap<usize, f64>| {
        let mut sites: Vec<(usize, f64)> = sites.into_iter().collect();
        sites.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        sites.into_iter().map(|(site, _)| site).collect()
    };
    let list = sums.into_iter().map(|(material, sum)| Touched {
        material: graph.materials[material].name.clone(),
        routes: sum.routes,
        per_month: sum.flow * 365.0 / 12.0,
        suppliers: largest_first(sum.suppliers),
        buyers: largest_first(sum.buyers),
    });
    list.collect()
}

/// Classes and quotas of a licensing rule, states of a chain.
fn sections(scenario: &Scenario, kind: &Kind, flows: &[f64]) -> Vec<Section> {
    let graph = &scenario.lines;
    match kind {
        Kind::Licensing(rule) => {
            let classes = rule.classes.iter().enumerate().map(|(position, class)| {
                let own = rule.controlled.iter().zip(&rule.class_of);
                let own = own.filter(|(_, of)| usize::from(**of) == position).map(|(route, _)| *route);
                let routes: Vec<RouteId> = own.collect();
                Section {
                    name: format!("class `{}`", class.name),
                    keys: spell::class(class),
                    goods: goods(graph, &routes, flows),
                }
            });
            let quotas = rule.quotas.iter().map(|quota| {
                let within = |route: &&RouteId| rule.controlled.binary_search(route).is_ok();
                let routes: Vec<RouteId> = quota.routes.iter().filter(within).copied().collect();
                Section {
                    name: "quota on approvals".to_owned(),
                    keys: vec![
                        ("tonnes", spell::value(&quota.tonnes)),
                        ("period_days", quota.period_days.to_string()),
                    ],
                    goods: goods(graph, &routes, flows),
                }
            });
            classes.chain(quotas).collect()
        }
        Kind::Regimes(chain) => {
            let states = chain.states.iter().map(|state| {
                let id = |shock: &usize| format!("\"{}\"", scenario.shocks[*shock].id);
                let shocks = state.shocks.iter().map(id).collect::<Vec<_>>().join(", ");
                let next = chain.states.iter().zip(&state.next).filter(|(_, weight)| **weight > 0.0);
                let next = next.map(|(to, weight)| format!("{} = {weight}", to.name)).collect::<Vec<_>>();
                let next = next.join(", ");
                Section {
                    name: format!("state `{}`", state.name),
                    keys: vec![
                        ("dwell", spell::value(&state.dwell)),
                        ("next", format!("{{ {next} }}")),
                        ("shocks", format!("[{shocks}]")),
                    ],
                    goods: Vec::new(),
                }
            });
            states.collect()
        }
        _ => Vec::new(),
    }
}

/// Why a shock changes nothing, if that can be told without simulating.
fn idle(scenario: &Scenario, shock: &Shock, part: &Part<'_>, flows: &[f64]) -> Option<String> {
    let end_of_run = scenario.start + i32::try_from(scenario.days).unwrap_or(i32::MAX / 2);
    if shock.trigger.is_none() {
        let earliest = shock.start.date + least_days(&shock.start.delay, &scenario.parameters);
        if earliest >= end_of_run {
            return Some("it starts after the end of the run".to_owned());
        }
        if let End::At(when) = &shock.end
            && when.date <= scenario.start
        {
            return Some("it ends before the run starts".to_owned());
        }
    }
    if let Some((nothing, value)) = part.size
        && fixed(value, &scenario.parameters).is_some_and(|size| (size - nothing).abs() < 1e-12)
    {
        return Some(format!("its size is {nothing}"));
    }
    let opens_later = |id: &RouteId| scenario.lines.routes[id.index()].opens.is_some();
    let only_routes = part.pools.is_empty() && part.lines.is_empty() && !part.routes.is_empty();
    if only_routes && part.routes.iter().all(|id| flows[id.index()] <= 0.0 && !opens_later(id)) {
        return Some("nothing flows on the routes it names".to_owned());
    }
    if part.pools.is_empty()
        && part.lines.is_empty()
        && part.routes.is_empty()
        && !matches!(shock.kind, Kind::Regime(_) | Kind::Regimes(_))
    {
        return Some("it names no route and no facility".to_owned());
    }
    None
}

fn fixed(value: &Value, parameters: &Parameters) -> Option<f64> {
    match *value.distribution(parameters) {
        crate::random::sample::Distribution::Fixed(number) => Some(number),
        _ => None,
    }
}

/// Days that a drawn delay adds at least (0 when it has no known lower end).
#[allow(clippy::cast_possible_truncation)]
fn least_days(value: &Value, parameters: &Parameters) -> i32 {
    fixed(value, parameters).map_or(0, |days| days.round() as i32)
}
