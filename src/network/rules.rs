//! Rules that join rows: which facility may sell what to whom, shares that sum to one, supply for everybody.

use super::Network;
use super::facility::{Facility, Unit};
use super::findings::Findings;
use super::line::{Criticality, Stage};
use super::material::Recipe;
use super::material::{BUILT_IN, built_in, is_ore};
use super::route::Route;
use super::transit::Lane;
use crate::diagnostic::{Diagnostic, Span};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

/// Shares into one buyer of one material may miss 1 by this much before they are renormalised.
const TOLERANCE: f64 = 0.02;

/// Recipes by facility.
type Book<'a> = BTreeMap<&'a str, Vec<&'a Recipe>>;

fn at(error: Diagnostic, place: Option<Span>, label: &str) -> Diagnostic {
    match place {
        Some(place) => error.at(place, label),
        None => error,
    }
}

/// Checks everything that needs more than one row.
pub(super) fn check(network: &Network, findings: &mut Findings) {
    if network.graph.node_count() == 0 {
        if findings.errors() == 0 {
            findings.push(Diagnostic::error("E0143", "the network has no facility"));
        }
        return;
    }
    let own = network.recipe_book();
    // In doubt for those that come later only: rules speak of different things.
    let mut doubted = Vec::new();
    check_recipes(network, findings, &mut doubted);
    check_ores(network, findings);
    check_regions(network, findings);
    check_routes(network, &own, findings, &mut doubted);
    check_shares(network, findings, &mut doubted);
    check_supply(network, &own, findings, &mut doubted);
    doubted.iter().for_each(|id| findings.doubt.facility(id));
}

fn check_recipes<'a>(network: &'a Network, findings: &mut Findings, doubted: &mut Vec<&'a str>) {
    let mut seen: BTreeMap<(&str, &str, &str), Option<Span>> = BTreeMap::new();
    let mut costs: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    let ids: BTreeSet<&str> = network.graph.node_weights().map(|f| f.id.as_str()).collect();
    for recipe in &network.recipes {
        let before = findings.errors();
        if !ids.contains(recipe.facility.as_str()) && !findings.doubt.may_be(&recipe.facility) {
            let mut error = at(
                Diagnostic::error("E0119", format!("there is no facility `{}`", recipe.facility)),
                recipe.place,
                "column `facility`",
            );
            if let Some(near) = findings.nearest(&recipe.facility, ids.iter().copied()) {
                error = error.help(format!("did you mean `{near}`?"));
            }
            findings.push(error);
        }
        let input = recipe.input.as_ref().map_or("", |(input, _)| input.as_str());
        if seen.insert((&recipe.facility, &recipe.product, input), recipe.place).is_some() {
            let what = format!("`{}` has two rows for {} from `{input}`", recipe.facility, recipe.product);
            findings.push(at(Diagnostic::error("E0112", what), recipe.place, "second time"));
        }
        if let Criticality::NonEssential { cost_share } = recipe.criticality {
            let sum: &mut f64 = costs.entry((&recipe.facility, &recipe.product)).or_default();
            let before = *sum;
            *sum += cost_share;
            if before <= 1.0 + 1.0e-9 && *sum > 1.0 + 1.0e-9 {
                let what =
                    format!("the cost shares of `{}` at `{}` sum to {sum}", recipe.product, recipe.facility);
                findings.push(at(Diagnostic::error("E0144", what), recipe.place, "above 1 with this row"));
            }
        }
        if super::material::slug(&recipe.product).is_empty() {
            let what = format!("the product `{}` has no letter or digit to name its line by", recipe.product);
            findings.push(at(Diagnostic::error("E0133", what), recipe.place, "in this row"));
        }
        if findings.errors() > before {
            doubted.push(&recipe.facility);
        }
    }
}

/// Contents of ores name mines that there are.
fn check_ores(network: &Network, findings: &mut Findings) {
    if findings.errors() > 0 {
        // The mine that is meant may be the one whose row is wrong.
        return;
    }
    let mines = || network.graph.node_weights().filter(|f| f.stage == Stage::Mine).map(|f| f.id.as_str());
    for row in &network.coefficients {
        // Who misspells a mine in `ndpr-per-reo` is told what the mine lacks.
        let Some(("dytb-per-reo", mine)) = row.id.split_once(':') else { continue };
        if mines().any(|id| id == mine) || findings.doubt.may_be(mine) {
            continue;
        }
        let what = format!("`{}` speaks of a mine that is not in nodes.csv", row.id);
        let mut error = at(Diagnostic::error("E0147", what), row.place, "no mine of this name");
        if let Some(near) = findings.nearest(mine, mines()) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        findings.push(error);
    }
}

/// Lead times join regions that there are.
fn check_regions(network: &Network, findings: &mut Findings) {
    let regions: BTreeSet<String> =
        network.graph.node_weights().map(|facility| facility.region.to_string()).collect();
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    for row in &network.lead_times {
        if let Lane::Between(from, to) = row.lane {
            unknown.extend(
                [from, to].iter().map(ToString::to_string).filter(|region| !regions.contains(region)),
            );
        }
    }
    for region in unknown {
        let mut warning = Diagnostic::warning(
            "W0148",
            format!("lead_times.csv speaks of the region `{region}`, in which there is no facility"),
        );
        if let Some(near) = findings.nearest(&region, regions.iter().map(String::as_str)) {
            warning = warning.help(format!("did you mean `{near}`?"));
        }
        findings.push(warning);
    }
}

/// Whether a facility makes a material, by its stage and unit or by its own recipe.
fn sells(own: &Book<'_>, facility: &Facility, material: &str) -> bool {
    if let Some(recipes) = own.get(facility.id.as_str()) {
        return recipes.iter().any(|r| r.product == material);
    }
    built_in(material).is_some_and(|m| {
        m.maker == facility.stage
            && (facility.stage != Stage::Separation
                || (material == super::material::DYTB_OXIDE) == (facility.unit == Unit::DyTbOxide))
    })
}

/// Whether a facility uses a material.
fn uses(own: &Book<'_>, facility: &Facility, material: &str) -> bool {
    if let Some(recipes) = own.get(facility.id.as_str()) {
        return recipes.iter().any(|r| r.input.as_ref().is_some_and(|(m, _)| m == material));
    }
    built_in(material).is_some_and(|m| {
        let oxide = m.maker == Stage::Separation;
        m.users.contains(&facility.stage)
            && (facility.stage != Stage::OtherDemand || oxide == (facility.unit == Unit::NdPrOxide))
    })
}

fn check_routes<'a>(
    network: &'a Network,
    own: &Book<'_>,
    findings: &mut Findings,
    doubted: &mut Vec<&'a str>,
) {
    let known: BTreeSet<&str> = BUILT_IN
        .iter()
        .map(|m| m.name)
        .chain(network.recipes.iter().map(|r| r.product.as_str()))
        .chain(network.recipes.iter().filter_map(|r| r.input.as_ref().map(|(m, _)| m.as_str())))
        .collect();
    let mut seen: BTreeMap<(NodeIndex<u32>, NodeIndex<u32>, &str), Option<Span>> = BTreeMap::new();
    for edge in network.graph.edge_references() {
        let (from, to, route) = (&network.graph[edge.source()], &network.graph[edge.target()], edge.weight());
        let before = findings.errors();
        if let Some(first) = seen.insert((edge.source(), edge.target(), &route.material), route.place) {
            let what =
                format!("the route from `{}` to `{}` with {} appears twice", from.id, to.id, route.material);
            findings.push(at(
                at(Diagnostic::error("E0120", what), route.place, "second time"),
                first,
                "first time",
            ));
        }
        if !known.contains(route.material.as_str()) {
            let list = BUILT_IN.iter().map(|m| format!("`{}`", m.name)).collect::<Vec<_>>().join(", ");
            let mut error = at(
                Diagnostic::error("E0122", format!("there is no material `{}`", route.material)),
                route.material_place,
                "column `material`",
            );
            error = error.help(format!("one of {list}, or a material of recipes.csv"));
            if let Some(near) = findings.nearest(&route.material, known.iter().copied()) {
                error = error.help(format!("did you mean `{near}`?"));
            }
            findings.push(error);
        } else if from.sound && !sells(own, from, &route.material)
            || to.sound && !uses(own, to, &route.material)
        {
            let what = format!(
                "{} cannot go from `{}` ({}, {}) to `{}` ({}, {})",
                route.material,
                from.id,
                from.stage.as_str(),
                from.unit.as_str(),
                to.id,
                to.stage.as_str(),
                to.unit.as_str()
            );
            findings.push(
                at(Diagnostic::error("E0121", what), route.material_place, "column `material`")
                    .help("from mine to separation, metal, magnet, component, automaker; magnets and oxides also to other_demand; anything else through recipes.csv"),
            );
        }
        check_ends(from, to, route, findings);
        if findings.errors() > before {
            doubted.extend([from.id.as_str(), to.id.as_str()]);
        }
    }
}

fn check_ends(from: &Facility, to: &Facility, route: &Route, findings: &mut Findings) {
    let crosses = from.country != to.country;
    if route.crosses_border.is_some_and(|said| said != crosses) {
        let what = format!(
            "`crosses_border` says {}, but `{}` is in {} and `{}` in {}",
            i32::from(!crosses),
            from.id,
            from.country,
            to.id,
            to.country
        );
        findings.push(
            at(Diagnostic::error("E0125", what), route.border_place, "column `crosses_border`")
                .help("leave the column out, and the countries decide"),
        );
    }
    if from.opens().is_some() && route.share.central > 0.0 {
        let what = format!(
            "`{}` starts after the base year and yet has a share of {} in it",
            from.id, route.share.central
        );
        findings.push(
            at(Diagnostic::error("E0138", what), route.place, "this route")
                .help("central share 0, and `share_high` the share once it works"),
        );
    }
}

fn check_shares<'a>(network: &'a Network, findings: &mut Findings, doubted: &mut Vec<&'a str>) {
    for node in network.graph.node_indices().filter(|node| network.graph[*node].sound) {
        let mut sums: BTreeMap<&str, (f64, Option<Span>)> = BTreeMap::new();
        for edge in network.graph.edges_directed(node, Direction::Incoming) {
            let entry = sums.entry(&edge.weight().material).or_insert((0.0, None));
            entry.0 += edge.weight().share.central;
            // Petgraph lists the newest edge first: the last one seen is the first row of the file.
            entry.1 = edge.weight().share_place;
        }
        for (material, (sum, place)) in sums {
            if (sum - 1.0).abs() > TOLERANCE {
                let what =
                    format!("shares into `{}` of {material} sum to {sum:.4}, not 1", network.graph[node].id);
                findings.push(
                    at(Diagnostic::error("E0126", what), place, "the first of them")
                        .help(format!("within {TOLERANCE}; the rest is renormalised")),
                );
                doubted.push(&network.graph[node].id);
            }
        }
    }
}

fn check_supply<'a>(
    network: &'a Network,
    own: &Book<'_>,
    findings: &mut Findings,
    doubted: &mut Vec<&'a str>,
) {
    for node in network.graph.node_indices().filter(|node| network.graph[*node].sound) {
        let facility = &network.graph[node];
        let before = findings.errors();
        let bought: BTreeSet<&str> = network
            .graph
            .edges_directed(node, Direction::Incoming)
            .map(|e| e.weight().material.as_str())
            .collect();
        let sold = network.graph.edges_directed(node, Direction::Outgoing).next().is_some();
        if let Some(recipes) = own.get(facility.id.as_str()) {
            for (input, place) in recipes.iter().filter_map(|r| r.input.as_ref().map(|(m, _)| (m, r.place))) {
                if !bought.contains(input.as_str()) {
                    let what = format!("`{}` needs {input}, and no route brings it", facility.id);
                    findings.push(at(Diagnostic::error("E0127", what), place, "needed by this recipe"));
                }
            }
            if findings.errors() > before {
                doubted.push(&facility.id);
            }
            continue;
        }
        let needed = match facility.stage {
            Stage::Mine => 0,
            Stage::Separation | Stage::Metal | Stage::OtherDemand => 1,
            Stage::Magnet | Stage::Component | Stage::Automaker => 2,
        };
        if bought.len() < needed {
            let what = format!(
                "`{}` buys {} material(s), a facility of stage {} needs {needed}",
                facility.id,
                bought.len(),
                facility.stage.as_str()
            );
            findings.push(at(Diagnostic::error("E0127", what), facility.place, "this facility"));
        }
        if !sold && !matches!(facility.stage, Stage::Automaker | Stage::OtherDemand) {
            let what = format!("`{}` sells to nobody", facility.id);
            findings.push(at(
                Diagnostic::error("E0128", what),
                facility.place,
                "no route leaves this facility",
            ));
        }
        if facility.stage == Stage::Separation && bought.iter().filter(|m| is_ore(m)).count() > 1 {
            let what = format!("`{}` works from two kinds of concentrate", facility.id);
            findings.push(
                at(Diagnostic::error("E0142", what), facility.place, "this facility")
                    .help("make it two facilities, one per kind, each with its own capacity"),
            );
        }
        if findings.errors() > before {
            doubted.push(&facility.id);
        }
    }
}
