//! From facilities to production lines: one line per product, routes from line to line, shared capacity.

use super::facility::{Facility, Unit, day_number};
use super::findings::Findings;
use super::line::{Amount, Band, Carriage, Input, Line, LineGraph, LineRoute, Material, Pool, Site, Stage};
use super::material::{
    AUXILIARY, BUILT_IN, DYTB_METAL, DYTB_OXIDE, HEAVY_MAGNET, LIGHT_MAGNET, NDPR_METAL, NDPR_OXIDE,
    TRACTION, built_in,
};
use super::product::{Coefficients, Product, products};
use super::route::Route;
use super::transit::{LaneIndex, LeadTimes, Mode};
use super::{Network, gain, ore};
use crate::diagnostic::Diagnostic;
use crate::id::{FacilityId, LineId, MaterialId, PoolId};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

const DAYS_PER_YEAR: f64 = 365.0;
/// Door to door by air (the model chapter).
const AIR_DAYS: u32 = 5;
/// Chinese run-rate of Dy and Tb oxide in mid-2024, t a month (note of `sep-creg-south-hre`): the weights
/// of the two prices in one of the mix.
const DY_RUN_RATE: f64 = 215.0;
const TB_RUN_RATE: f64 = 40.8;

/// The values a coefficient may take: divisors must not be 0, shares not exceed 1.
pub(super) fn coefficient_bounds(id: &str) -> (f64, f64) {
    if id.starts_with("yield-") || id.starts_with("ndpr-per-reo:") {
        (1e-6, 1.0)
    } else if id.starts_with("hre-") || id.starts_with("pm-share") || id.starts_with("dytb-per-reo:") {
        (0.0, 1.0)
    } else if id.ends_with("-oxide-per-metal") {
        (1e-3, 1e3)
    } else {
        (0.0, f64::INFINITY)
    }
}

/// Expands a network; problems go to `findings`, and the result is then not to be used.
pub(super) fn expand(network: &Network, lead_times: LeadTimes, findings: &mut Findings) -> LineGraph {
    let mut coefficients = Coefficients::new(network);
    let mut made = products(network, &mut coefficients, findings);
    let parents = coproducts(network);
    for (node, _) in &parents {
        for product in &mut made[node.index()] {
            product.inputs.clear();
        }
    }
    let mut graph = LineGraph::default();
    let mut materials = Materials { coefficients: &coefficients, index: BTreeMap::new(), list: Vec::new() };
    for material in &BUILT_IN {
        materials.intern(material.name);
    }
    let mut of_facility: Vec<Vec<LineId>> = Vec::new();
    for node in network.graph.node_indices() {
        let lines = add_facility(network, node, &made[node.index()], &mut materials, &mut graph, findings);
        of_facility.push(lines);
    }
    for (heavy, light) in parents {
        let parent = of_facility[light.index()].first().copied();
        for line in &of_facility[heavy.index()] {
            graph.lines[line.index()].coproduct_of = parent;
        }
    }
    graph.materials = materials.list;
    add_routes(network, lead_times, &mut coefficients, &of_facility, &mut graph, findings);
    graph.coefficients = coefficients.list;
    check_supply(network, &graph, findings);
    if findings.errors() == 0 {
        gain::check(network, &graph, findings);
        // With a cycle that never ends there is no output to compare with.
        if findings.errors() == 0 {
            ore::check(network, &graph, findings);
        }
    }
    graph
}

/// Each plant of heavy oxide with the NdPr plant that shares most of its mines, if any does.
fn coproducts(network: &Network) -> Vec<(NodeIndex<u32>, NodeIndex<u32>)> {
    let graph = &network.graph;
    let mut pairs = Vec::new();
    for heavy in graph
        .node_indices()
        .filter(|n| graph[*n].stage == Stage::Separation && graph[*n].unit == Unit::DyTbOxide)
    {
        let mines: BTreeSet<_> = graph
            .neighbors_directed(heavy, Direction::Incoming)
            .filter(|n| graph[*n].stage == Stage::Mine)
            .collect();
        let mut shared: BTreeMap<NodeIndex<u32>, usize> = BTreeMap::new();
        for mine in mines {
            let plants: BTreeSet<_> = graph
                .neighbors(mine)
                .filter(|n| graph[*n].stage == Stage::Separation && graph[*n].unit == Unit::NdPrOxide)
                .collect();
            for light in plants {
                *shared.entry(light).or_default() += 1;
            }
        }
        let best =
            shared.into_iter().min_by(|a, b| b.1.cmp(&a.1).then_with(|| graph[a.0].id.cmp(&graph[b.0].id)));
        pairs.extend(best.map(|(light, _)| (heavy, light)));
    }
    pairs
}

/// Materials by name, with what is known of their contents.
struct Materials<'a> {
    coefficients: &'a Coefficients,
    index: BTreeMap<String, MaterialId>,
    list: Vec<Material>,
}

impl Materials<'_> {
    fn intern(&mut self, name: &str) -> MaterialId {
        if let Some(id) = self.index.get(name) {
            return *id;
        }
        let (ndpr, dytb) = self.content(name);
        let dollars_per_kg = |id: &str| self.coefficients.central(id);
        let price = match name {
            NDPR_OXIDE => dollars_per_kg("price-ndpr-2024").map(|p| p * 1e3),
            DYTB_OXIDE => dollars_per_kg("price-dy-2024")
                .zip(dollars_per_kg("price-tb-2024"))
                .map(|(dy, tb)| 1e3 * (DY_RUN_RATE * dy + TB_RUN_RATE * tb) / (DY_RUN_RATE + TB_RUN_RATE)),
            _ => None,
        };
        let id = MaterialId::new(self.list.len());
        self.list.push(Material {
            name: name.to_owned(),
            heavy: built_in(name).is_some_and(|m| m.heavy),
            ndpr,
            dytb,
            price,
        });
        self.index.insert(name.to_owned(), id);
        id
    }

    /// Tonnes of NdPr and of Dy and Tb, as metal, in one tonne.
    fn content(&self, name: &str) -> (f64, f64) {
        let c = |id: &str| self.coefficients.central(id).unwrap_or(0.0);
        let oxide = |id: &str| self.coefficients.central(id).map_or(0.0, |ratio| 1.0 / ratio);
        let heavy = (c("ndpr-magnet-hre") / 1e3, c("dytb-magnet-hre") / 1e3);
        let light = (c("ndpr-magnet-lre") / 1e3, c("dytb-magnet-lre") / 1e3);
        let mix = |share: f64| {
            (share * heavy.0 + (1.0 - share) * light.0, share * heavy.1 + (1.0 - share) * light.1)
        };
        match name {
            NDPR_OXIDE | "goods with NdPr oxide" => (oxide("ndpr-oxide-per-metal"), 0.0),
            DYTB_OXIDE | "goods with DyTb oxide" => (0.0, oxide("dytb-oxide-per-metal")),
            NDPR_METAL => (1.0, 0.0),
            DYTB_METAL => (0.0, 1.0),
            HEAVY_MAGNET | "goods with heavy-RE magnets" => heavy,
            LIGHT_MAGNET | "goods with magnets without heavy RE" => light,
            TRACTION => mix(c("hre-traction")),
            AUXILIARY => mix(c("hre-aux")),
            _ => (0.0, 0.0),
        }
    }
}

fn add_facility(
    network: &Network,
    node: NodeIndex<u32>,
    products: &[Product],
    materials: &mut Materials<'_>,
    graph: &mut LineGraph,
    findings: &mut Findings,
) -> Vec<LineId> {
    let facility = &network.graph[node];
    let id = FacilityId::new(node.index());
    graph.sites.push(Site {
        id: facility.id.clone(),
        name: facility.name.clone(),
        company: facility.company.clone(),
        stage: facility.stage,
        country: facility.country,
        region: facility.region,
    });
    let mut shared = None;
    let mut lines: Vec<LineId> = Vec::new();
    let mut names = BTreeSet::new();
    for product in products {
        let name = format!("{}:{}", facility.id, product.slug);
        if !names.insert(product.slug.as_str()) {
            let error = Diagnostic::error(
                "E0133",
                format!("two products of `{}` shorten to the same name `{}`", facility.id, product.slug),
            );
            findings.push_of(facility, with_place(error, facility, "this facility"));
        }
        let pool = match shared {
            Some(pool) if !product.own_pool => pool,
            _ => {
                let part = if product.own_pool { product.part } else { 1.0 };
                graph.pools.push(pool(facility, id, part));
                PoolId::new(graph.pools.len() - 1)
            }
        };
        if !product.own_pool {
            shared = Some(pool);
        }
        let line = graph.push_line(Line {
            id: name,
            facility: id,
            product: materials.intern(&product.material),
            stage: facility.stage,
            country: facility.country,
            region: facility.region,
            end_use: facility.end_use,
            inputs: product
                .inputs
                .iter()
                .map(|(material, amount, criticality)| Input {
                    material: materials.intern(material),
                    amount: amount.clone(),
                    criticality: *criticality,
                    routes: Vec::new(),
                })
                .collect(),
            final_demand: product.demand / DAYS_PER_YEAR,
            pool,
            coproduct_of: None,
            outgoing: Vec::new(),
        });
        lines.push(line);
    }
    lines
}

fn pool(facility: &Facility, id: FacilityId, part: f64) -> Pool {
    Pool {
        facility: id,
        capacity: facility.capacity.central * part / DAYS_PER_YEAR,
        recorded_output: facility.recorded_output * part / DAYS_PER_YEAR,
        utilisation_unknown: (facility.utilisation - 1.0).abs() < 1e-9,
        opens: facility.opens().map(day_number),
        lines: Vec::new(),
    }
}

fn with_place(error: Diagnostic, facility: &Facility, label: &str) -> Diagnostic {
    match facility.place {
        Some(place) => error.at(place, label),
        None => error,
    }
}

/// Adds all routes in the order (buyer, input, supplier).
fn add_routes(
    network: &Network,
    lead_times: LeadTimes,
    coefficients: &mut Coefficients,
    of_facility: &[Vec<LineId>],
    graph: &mut LineGraph,
    findings: &mut Findings,
) {
    let mut routes: Vec<(LineRoute, Option<Amount>)> = Vec::new();
    let lanes = LaneIndex::new(&network.lead_times);
    let own: BTreeSet<&str> = network.recipes.iter().map(|r| r.facility.as_str()).collect();
    let mut sellers: BTreeMap<(usize, &str), LineId> = BTreeMap::new();
    let mut buyers: BTreeMap<(usize, &str), Vec<(LineId, usize)>> = BTreeMap::new();
    for (facility, line) in
        of_facility.iter().enumerate().flat_map(|(f, lines)| lines.iter().map(move |l| (f, *l)))
    {
        let name = |m: MaterialId| graph.materials[m.index()].name.as_str();
        sellers.insert((facility, name(graph.lines[line.index()].product)), line);
        for (position, input) in graph.lines[line.index()].inputs.iter().enumerate() {
            buyers.entry((facility, name(input.material))).or_default().push((line, position));
        }
    }
    for edge in network.graph.edge_references() {
        let (from, to, row) = (&network.graph[edge.source()], &network.graph[edge.target()], edge.weight());
        let Some(supplier) = sellers.get(&(edge.source().index(), row.material.as_str())).copied() else {
            continue;
        };
        let takers = buyers.get(&(edge.target().index(), row.material.as_str()));
        let fed_through_group =
            of_facility[edge.target().index()].iter().any(|l| graph.lines[l.index()].coproduct_of.is_some());
        if takers.is_none() && !fed_through_group {
            let mut warning =
                Diagnostic::warning("W0144", format!("`{}` has no use for {}", to.id, row.material));
            if let Some(place) = row.material_place {
                warning = warning.at(place, "this route carries nothing");
            }
            findings.push_of(to, warning);
        }
        for (buyer, input) in takers.into_iter().flatten().copied() {
            let built_in = !own.contains(from.id.as_str()) && !own.contains(to.id.as_str());
            let (yields, heavy) =
                if built_in { ore_yields(from, to, coefficients, findings) } else { (None, None) };
            let (surface_days, carriage) = carriage(&lanes, lead_times, from, to, row, findings);
            let later = from.opens().is_some();
            routes.push((
                LineRoute {
                    id: format!("{}>{}", graph.lines[supplier.index()].id, graph.lines[buyer.index()].id),
                    from: supplier,
                    to: buyer,
                    material: graph.lines[buyer.index()].inputs[input].material,
                    input: u32::try_from(input).unwrap_or(u32::MAX),
                    share: if later {
                        Band { low: 0.0, central: 0.0, high: row.share.high }
                    } else {
                        row.share
                    },
                    share_key: format!("{}>{}:{}", from.id, to.id, row.material),
                    yield_per_tonne: yields,
                    surface_days,
                    air_days: AIR_DAYS,
                    carriage,
                    cover: to.inventory_days,
                    cover_key: to.id.clone(),
                    opens: from.opens().map(day_number),
                },
                heavy,
            ));
        }
    }
    routes.sort_by_key(|(route, _)| (route.to, route.input, route.from));
    for (route, heavy) in routes {
        let id = graph.push_route(route);
        graph.heavy_yields.extend(heavy.map(|amount| (id, amount)));
    }
}

/// Oxide per tonne of ore of this mine: what the buyer makes, and Dy and Tb besides.
fn ore_yields(
    mine: &Facility,
    plant: &Facility,
    coefficients: &mut Coefficients,
    findings: &mut Findings,
) -> (Option<Amount>, Option<Amount>) {
    if mine.stage != Stage::Mine || plant.stage != Stage::Separation {
        return (None, None);
    }
    let amount = |id| Amount { terms: vec![(1.0, Some(id))], divisors: Vec::new() };
    let heavy_id = format!("dytb-per-reo:{}", mine.id);
    if plant.unit == Unit::DyTbOxide {
        let id = coefficients.need(&heavy_id, mine, findings);
        let known = !findings.doubt.of_coefficient(&heavy_id);
        if known && id.is_some_and(|id| coefficients.list[id.index()].band.low < 1e-6) {
            let error = Diagnostic::error(
                "E0131",
                format!("`{heavy_id}` reaches 0, and `{}` works from this ore alone", plant.id),
            );
            findings.push_of(plant, with_place(error, plant, "this plant"));
        }
        return (id.map(amount), id.map(amount));
    }
    let yields = coefficients.need(&format!("ndpr-per-reo:{}", mine.id), mine, findings).map(amount);
    (yields, coefficients.find(&heavy_id).map(amount))
}

/// Days by surface, and whether part of the goods may fly.
fn carriage(
    lanes: &LaneIndex<'_>,
    lead_times: LeadTimes,
    from: &Facility,
    to: &Facility,
    row: &Route,
    findings: &mut Findings,
) -> (u32, Carriage) {
    let lane = lanes.find(from, to);
    let days = match lead_times {
        LeadTimes::Table => lane.map(|l| l.days).or(row.lead_time_days),
        LeadTimes::Data => row.lead_time_days.or(lane.map(|l| l.days)),
    };
    if days.is_none() && !findings.doubt.lead_times && !findings.doubt.of_facility(&from.id) {
        let mut error = Diagnostic::error(
            "E0124",
            format!("nothing says how long goods travel from `{}` to `{}`", from.id, to.id),
        )
        .help(format!("fill `lead_time_days`, or add a row {},{} to lead_times.csv", from.region, to.region));
        if let Some(place) = row.place {
            error = error.at(place, "this route");
        }
        findings.push_of(to, error);
    }
    let by_sea = from.region != to.region && lane.is_none_or(|l| l.mode == Mode::Sea);
    let light = matches!(from.stage, Stage::Metal | Stage::Magnet | Stage::Component);
    let carriage = if by_sea && light { Carriage::SeaAndAir } else { Carriage::Surface };
    (whole_days(days.map_or(1.0, |d| d.central)), carriage)
}

/// The nearest whole number of days, at least one.
fn whole_days(days: f64) -> u32 {
    // Bounded by validation to ten years; the cast cannot lose anything.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = days.round().clamp(1.0, 3650.0) as u32;
    whole
}

/// Every input must have a supplier, and one that works from the start.
fn check_supply(network: &Network, graph: &LineGraph, findings: &mut Findings) {
    for line in &graph.lines {
        let node = NodeIndex::new(line.facility.index());
        let facility = &network.graph[node];
        let mut suppliers = network.graph.neighbors_directed(node, Direction::Incoming);
        // What a supplier in doubt would have sold is not known.
        if suppliers.any(|supplier| findings.doubt.of_facility(&network.graph[supplier].id)) {
            continue;
        }
        for input in &line.inputs {
            let now: f64 = input.routes.iter().map(|r| graph.routes[r.index()].share.central).sum();
            if now <= 0.0 {
                let material = &graph.materials[input.material.index()].name;
                let error = Diagnostic::error(
                    "E0127",
                    format!("`{}` needs {material}, and no route brings it from a plant at work", line.id),
                );
                let error = with_place(error, facility, "this facility")
                    .help("shares of suppliers that open later count from their opening only");
                findings.push_of(facility, error);
            }
        }
    }
}
