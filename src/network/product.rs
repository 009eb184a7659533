//! What each facility makes from what: the recipes behind the lines.
//!
//! Magnet masses per vehicle, contents and yields are technical coefficients of `materials.csv`; they stay
//! symbolic here ([`Amount`]) so that every replication can draw its own.

use super::Network;
use super::facility::{Facility, Unit, Vehicle};
use super::findings::Findings;
use super::line::{Amount, Band, Coefficient, Criticality, Stage};
use super::material::Recipe;
use super::material::{
    AUXILIARY, DYTB_METAL, DYTB_OXIDE, HEAVY_MAGNET, IONIC_ORE, LIGHT_MAGNET, LIGHT_ORE, NDPR_METAL,
    NDPR_OXIDE, TRACTION, slug,
};
use crate::diagnostic::Diagnostic;
use crate::id::CoefficientId;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

/// Share of plug-in hybrids driven by permanent-magnet machines, as the data's own balance takes it.
const PHEV_PERMANENT_MAGNET: f64 = 0.98;
/// Magnets in sensors of an electric two-wheeler, kg (assumption of the data's own balance).
const TWO_WHEELER_AUXILIARY_KG: f64 = 0.02;

/// One product of one facility.
#[derive(Debug)]
pub(super) struct Product {
    /// Material it is, or for sinks what becomes of the input.
    pub material: String,
    /// Short form in the line's id.
    pub slug: String,
    /// Inputs, with amounts per unit.
    pub inputs: Vec<(String, Amount, Criticality)>,
    /// Part of the facility's capacity and output that belongs to this product's pool.
    pub part: f64,
    /// Units per year that final users take.
    pub demand: f64,
    /// Whether the pool is this product's alone.
    pub own_pool: bool,
}

impl Product {
    fn new(material: &str, inputs: Vec<(String, Amount, Criticality)>) -> Self {
        Self {
            material: material.to_owned(),
            slug: slug(material),
            inputs,
            part: 1.0,
            demand: 0.0,
            own_pool: false,
        }
    }
}

/// The coefficients as the simulator will index them, and what was missing.
pub(super) struct Coefficients {
    /// In the order of `materials.csv`, then those of own recipes.
    pub list: Vec<Coefficient>,
    index: BTreeMap<String, CoefficientId>,
    missing: BTreeSet<String>,
}

impl Coefficients {
    pub(super) fn new(network: &Network) -> Self {
        let mut coefficients = Self { list: Vec::new(), index: BTreeMap::new(), missing: BTreeSet::new() };
        for row in &network.coefficients {
            coefficients.add(row.id.clone(), row.value);
        }
        coefficients
    }

    fn add(&mut self, id: String, band: Band) -> CoefficientId {
        let position = CoefficientId::new(self.list.len());
        self.index.insert(id.clone(), position);
        self.list.push(Coefficient { id, band });
        position
    }

    /// The coefficient of an id, if the data have it.
    pub(super) fn find(&self, id: &str) -> Option<CoefficientId> {
        self.index.get(id).copied()
    }

    /// Its central value.
    pub(super) fn central(&self, id: &str) -> Option<f64> {
        self.find(id).map(|c| self.list[c.index()].band.central)
    }

    /// All central values.
    pub(super) fn centrals(&self) -> Vec<f64> {
        self.list.iter().map(|c| c.band.central).collect()
    }

    /// The coefficient a facility needs; reported once if the data do not have it.
    pub(super) fn need(
        &mut self,
        id: &str,
        facility: &Facility,
        findings: &mut Findings,
    ) -> Option<CoefficientId> {
        let found = self.find(id);
        let doubt = &findings.doubt;
        if doubt.names || doubt.of_facility(&facility.id) {
            return found;
        }
        if found.is_none() && self.missing.insert(id.to_owned()) {
            let mut error = Diagnostic::error(
                "E0132",
                format!("`{}` needs the coefficient `{id}`, which materials.csv does not give", facility.id),
            )
            .help("`network template` writes a materials.csv that has one of each kind");
            if let Some(place) = facility.place {
                error = error.at(place, "this facility");
            }
            if let Some(near) = findings.nearest(id, self.index.keys().map(String::as_str)) {
                error = error.help(format!("is it the one called `{near}`?"));
            }
            findings.push(error);
        }
        found
    }

    /// Σ weight·coefficient ÷ divisors.
    fn amount(
        &mut self,
        terms: &[(f64, &str)],
        divisors: &[&str],
        facility: &Facility,
        findings: &mut Findings,
    ) -> Amount {
        let mut amount = Amount { terms: Vec::new(), divisors: Vec::new() };
        for (weight, id) in terms {
            if *id == "1" {
                amount.terms.push((*weight, None));
            } else if let Some(id) = self.need(id, facility, findings) {
                amount.terms.push((*weight, Some(id)));
            }
        }
        for id in divisors {
            amount.divisors.extend(self.need(id, facility, findings));
        }
        amount
    }
}

/// Materials on the routes of one direction, sorted.
fn materials(network: &Network, node: NodeIndex<u32>, direction: Direction) -> BTreeSet<&str> {
    network.graph.edges_directed(node, direction).map(|edge| edge.weight().material.as_str()).collect()
}

/// The products of every facility, in the order of the graph's nodes.
pub(super) fn products(
    network: &Network,
    coefficients: &mut Coefficients,
    findings: &mut Findings,
) -> Vec<Vec<Product>> {
    let mut list: Vec<Vec<Product>> = Vec::new();
    let book = network.recipe_book();
    for node in network.graph.node_indices() {
        let facility = &network.graph[node];
        let sold = materials(network, node, Direction::Outgoing);
        let bought = materials(network, node, Direction::Incoming);
        let made = if let Some(recipes) = book.get(facility.id.as_str()) {
            own(recipes, facility, &sold, coefficients, findings)
        } else {
            match facility.stage {
                Stage::Mine => sold.iter().map(|m| Product::new(m, Vec::new())).collect(),
                Stage::Separation => separation(facility, &bought),
                Stage::Metal => metal(facility, &sold, coefficients, findings),
                Stage::Magnet => magnet(facility, &sold, &bought, coefficients, findings),
                Stage::Component => part(facility, &sold, coefficients, findings),
                Stage::Automaker => vehicle(facility, coefficients, findings),
                Stage::OtherDemand => other(facility, &bought, coefficients, findings),
            }
        };
        list.push(made);
    }
    split_parts(network, coefficients, &mut list);
    list
}

fn essential(material: &str, amount: Amount) -> (String, Amount, Criticality) {
    (material.to_owned(), amount, Criticality::Essential)
}

fn separation(facility: &Facility, bought: &BTreeSet<&str>) -> Vec<Product> {
    let product = if facility.unit == Unit::DyTbOxide { DYTB_OXIDE } else { NDPR_OXIDE };
    // Ore routes carry a yield per mine, so that the amount here is not used.
    let ores = [LIGHT_ORE, IONIC_ORE].into_iter().filter(|ore| bought.contains(ore));
    vec![Product::new(product, ores.map(|ore| essential(ore, Amount::fixed(1.0))).collect())]
}

fn metal(
    facility: &Facility,
    sold: &BTreeSet<&str>,
    c: &mut Coefficients,
    findings: &mut Findings,
) -> Vec<Product> {
    [(NDPR_METAL, NDPR_OXIDE, "ndpr-oxide-per-metal"), (DYTB_METAL, DYTB_OXIDE, "dytb-oxide-per-metal")]
        .into_iter()
        .filter(|(metal, ..)| sold.contains(metal))
        .map(|(metal, oxide, ratio)| {
            Product::new(
                metal,
                vec![essential(oxide, c.amount(&[(1.0, ratio)], &["yield-metal"], facility, findings))],
            )
        })
        .collect()
}

fn magnet(
    facility: &Facility,
    sold: &BTreeSet<&str>,
    bought: &BTreeSet<&str>,
    c: &mut Coefficients,
    findings: &mut Findings,
) -> Vec<Product> {
    let mut made = Vec::new();
    for (magnet, ndpr, dytb) in [
        (HEAVY_MAGNET, "ndpr-magnet-hre", "dytb-magnet-hre"),
        (LIGHT_MAGNET, "ndpr-magnet-lre", "dytb-magnet-lre"),
    ] {
        if !sold.contains(magnet) {
            continue;
        }
        let mut inputs =
            vec![essential(NDPR_METAL, c.amount(&[(1e-3, ndpr)], &["yield-magnet-net"], facility, findings))];
        if magnet == HEAVY_MAGNET {
            inputs.push(essential(
                DYTB_METAL,
                c.amount(&[(1e-3, dytb)], &["yield-magnet-net"], facility, findings),
            ));
        } else if bought.contains(DYTB_METAL) {
            // Traces are used where they are bought, but no maker stops for want of a trace.
            let traces = c.amount(&[(1e-3, dytb)], &["yield-magnet-net"], facility, findings);
            inputs.push((DYTB_METAL.to_owned(), traces, Criticality::Negligible));
        }
        made.push(Product::new(magnet, inputs));
    }
    made
}

fn part(
    facility: &Facility,
    sold: &BTreeSet<&str>,
    c: &mut Coefficients,
    findings: &mut Findings,
) -> Vec<Product> {
    [(TRACTION, "hre-traction"), (AUXILIARY, "hre-aux")]
        .into_iter()
        .filter(|(part, _)| sold.contains(part))
        .map(|(part, heavy)| {
            let inputs = vec![
                essential(HEAVY_MAGNET, c.amount(&[(1.0, heavy)], &[], facility, findings)),
                essential(LIGHT_MAGNET, c.amount(&[(1.0, "1"), (-1.0, heavy)], &[], facility, findings)),
            ];
            Product { own_pool: true, ..Product::new(part, inputs) }
        })
        .collect()
}

fn vehicle(facility: &Facility, c: &mut Coefficients, findings: &mut Findings) -> Vec<Product> {
    let Some(drive) = facility.powertrain else { return Vec::new() };
    let electrified = drive.electrified();
    let auxiliary = match facility.vehicle {
        Vehicle::TwoWheeler => Amount::fixed(TWO_WHEELER_AUXILIARY_KG * 1e-3),
        Vehicle::Car => {
            let id = format!("aux-kg-{}", facility.region.as_str().to_ascii_lowercase());
            c.amount(&[(1e-3, &id)], &[], facility, findings)
        }
    };
    let mut made = Vec::new();
    let mut add = |name: &str, slug: &str, share: f64, inputs| {
        if share * facility.recorded_output.max(facility.capacity.central) > 0.0 {
            made.push(Product {
                slug: slug.to_owned(),
                part: share,
                demand: share * facility.recorded_output,
                own_pool: true,
                ..Product::new(name, inputs)
            });
        }
    };
    if electrified > 0.0 {
        let traction = if facility.vehicle == Vehicle::TwoWheeler {
            c.amount(&[(1e-3, "e2w-kg")], &[], facility, findings)
        } else {
            let world = c.central("pm-share-world");
            let magnets = drive.permanent_magnet.or(world).unwrap_or_else(|| {
                c.need("pm-share-world", facility, findings);
                1.0
            });
            let terms = [
                (drive.bev / electrified * magnets * 1e-3, "bev-kg"),
                (drive.phev / electrified * PHEV_PERMANENT_MAGNET * 1e-3, "phev-kg"),
                (drive.hev / electrified * 1e-3, "hev-kg"),
            ];
            let terms: Vec<_> = terms.into_iter().filter(|(weight, _)| *weight > 0.0).collect();
            c.amount(&terms, &[], facility, findings)
        };
        add(
            "electrified vehicle",
            "electrified",
            electrified,
            vec![essential(TRACTION, traction), essential(AUXILIARY, auxiliary.clone())],
        );
    }
    add("combustion vehicle", "combustion", drive.ice, vec![essential(AUXILIARY, auxiliary)]);
    made
}

fn other(
    facility: &Facility,
    bought: &BTreeSet<&str>,
    c: &mut Coefficients,
    findings: &mut Findings,
) -> Vec<Product> {
    let output = facility.recorded_output;
    let mut made = Vec::new();
    let mut add = |name: &str, input: &str, part: f64, demand: f64| {
        if demand > 0.0 {
            let product = Product::new(name, vec![essential(input, Amount::fixed(1.0))]);
            made.push(Product { slug: slug(input), part, demand, own_pool: true, ..product });
        }
    };
    if facility.unit == Unit::Magnet {
        let heavy = facility.heavy_share.unwrap_or_else(|| {
            let mut error = Diagnostic::error(
                "E0118",
                format!("`{}` does not say how much of its magnets contains Dy or Tb", facility.id),
            )
            .help("column `hre_share`, 0 to 1");
            if let Some(place) = facility.place {
                error = error.at(place, "this facility");
            }
            findings.push_of(facility, error);
            0.0
        });
        add("goods with heavy-RE magnets", HEAVY_MAGNET, heavy, output * heavy);
        add("goods with magnets without heavy RE", LIGHT_MAGNET, 1.0 - heavy, output * (1.0 - heavy));
    } else {
        add("goods with NdPr oxide", NDPR_OXIDE, 1.0, output);
        if bought.contains(DYTB_OXIDE) {
            let demand = c
                .need("dytb-oxide-nonmagnet", facility, findings)
                .map_or(0.0, |id| c.list[id.index()].band.central);
            // Its use is given in tonnes of its own, not as a part of the facility's output.
            add(
                "goods with DyTb oxide",
                DYTB_OXIDE,
                if output > 0.0 { demand / output } else { 0.0 },
                demand,
            );
        }
    }
    made
}

/// Products of a facility that `recipes.csv` names; they share one capacity.
fn own(
    recipes: &[&Recipe],
    facility: &Facility,
    sold: &BTreeSet<&str>,
    c: &mut Coefficients,
    findings: &mut Findings,
) -> Vec<Product> {
    let mut made: Vec<Product> = Vec::new();
    let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
    for recipe in recipes {
        let position = *positions.entry(&recipe.product).or_insert_with(|| {
            made.push(Product::new(&recipe.product, Vec::new()));
            made.len() - 1
        });
        let Some((input, band)) = &recipe.input else { continue };
        let amount = if band.low < band.high {
            let id = c.add(format!("recipe:{}:{}:{}", facility.id, made[position].slug, slug(input)), *band);
            Amount { terms: vec![(1.0, Some(id))], divisors: Vec::new() }
        } else {
            Amount::fixed(band.central)
        };
        made[position].inputs.push((input.clone(), amount, recipe.criticality));
    }
    let mut unsold = made.iter_mut().filter(|p| !sold.contains(p.material.as_str()));
    if let Some(last) = unsold.next() {
        last.demand = facility.recorded_output;
        if unsold.next().is_some() {
            let mut error = Diagnostic::error(
                "E0134",
                format!("`{}` has more than one product that no route carries away", facility.id),
            )
            .help("what final users take is the facility's output: at most one product can be sold to them");
            if let Some(place) = facility.place {
                error = error.at(place, "this facility");
            }
            findings.push_of(facility, error);
        }
    }
    made
}

/// Divides a part maker's capacity by what automakers pull of each part at the central values.
fn split_parts(network: &Network, coefficients: &Coefficients, list: &mut [Vec<Product>]) {
    let centrals = coefficients.centrals();
    let mut pull: BTreeMap<(NodeIndex<u32>, &str), f64> = BTreeMap::new();
    for node in network.graph.node_indices() {
        let mut use_of: BTreeMap<&str, f64> = BTreeMap::new();
        for product in &list[node.index()] {
            for (material, amount, _) in &product.inputs {
                *use_of.entry(material).or_default() += product.demand * amount.value(&centrals);
            }
        }
        for edge in network.graph.edges_directed(node, Direction::Incoming) {
            let material = edge.weight().material.as_str();
            let used = use_of.get(material).copied().unwrap_or(0.0);
            *pull.entry((edge.source(), material)).or_default() += used * edge.weight().share.central;
        }
    }
    for node in network.graph.node_indices() {
        if network.graph[node].stage != Stage::Component {
            continue;
        }
        let parts = &mut list[node.index()];
        let pulled: Vec<f64> =
            parts.iter().map(|p| pull.get(&(node, p.material.as_str())).copied().unwrap_or(0.0)).collect();
        let sum: f64 = pulled.iter().sum();
        let count = parts.len();
        for (part, pulled) in parts.iter_mut().zip(pulled).filter(|(part, _)| part.own_pool) {
            #[allow(clippy::cast_precision_loss)] // at most two
            let equal = 1.0 / count as f64;
            part.part = if sum > 0.0 { pulled / sum } else { equal };
        }
    }
}
