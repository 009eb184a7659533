//! What the shipped network is, and what it expands to.

mod gain;
mod mistakes;

use super::facility::day_number;
use super::line::{Carriage, Stage};
use super::load::{FILES, File, parse};
use super::transit::LeadTimes;
use super::*;
use crate::diagnostic::Diagnostics;
use crate::id::Place;
use jiff::civil::date;
use std::collections::BTreeSet;

fn shipped() -> (Network, line::LineGraph) {
    let network = Network::embedded("world-2024").unwrap();
    let lines = network.lines().unwrap();
    (network, lines)
}

/// The template with one file's text changed.
pub(super) fn template_with(file: &str, change: impl Fn(&str) -> Option<String>) -> Vec<File> {
    FILES
        .iter()
        .map(|name| {
            let text =
                template::FILES.iter().find(|(known, _)| known == name).map(|(_, text)| (*text).to_owned());
            let text = if *name == file { change(&text.unwrap_or_default()) } else { text };
            File { name: (*name).to_owned(), text }
        })
        .collect()
}

pub(super) fn check(files: &[File]) -> Diagnostics {
    match parse("template", files, Findings::default()) {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => diagnostics,
    }
}

#[test]
fn the_shipped_network_has_its_facilities_routes_and_lines() {
    let (network, graph) = shipped();
    assert_eq!((network.graph.node_count(), network.graph.edge_count()), (148, 1108));
    assert_eq!((network.coefficients.len(), network.projects.len(), network.countries.len()), (63, 38, 162));
    assert_eq!((graph.lines.len(), graph.routes.len(), graph.pools.len()), (233, 1570, 211));
    let ids: BTreeSet<&str> = graph.lines.iter().map(|l| l.id.as_str()).collect();
    for id in [
        "auto-ford-nam:electrified",
        "auto-ford-nam:combustion",
        "mag-jl-mag:heavy",
        "mag-jl-mag:light",
        "comp-nidec-chn:traction",
        "comp-nidec-chn:auxiliary",
        "sep-northern-ndpr:ndpr-oxide",
        "metal-japan:dytb-metal",
        "mine-kachin:ionic-ore",
        "dem-bonded-nonmagnet:dytb-oxide",
    ] {
        assert!(ids.contains(id), "{id}");
    }
    assert_eq!(ids.len(), graph.lines.len());
    assert_eq!(graph.routes.iter().map(|r| &r.id).collect::<BTreeSet<_>>().len(), graph.routes.len());
}

#[test]
fn nothing_in_the_shipped_files_is_worth_a_warning() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/networks/world-2024");
    let (network, warnings) = Network::load(&dir).unwrap();
    assert!(warnings.list().is_empty(), "{}", warnings.render(false));
    assert_eq!(network.lines().unwrap(), shipped().1);
}

#[test]
fn indices_of_lines_routes_and_pools_agree() {
    let (_, graph) = shipped();
    for (index, route) in graph.routes.iter().enumerate() {
        let id = crate::id::RouteId::new(index);
        assert!(graph.lines[route.from.index()].outgoing.contains(&id));
        let input = &graph.lines[route.to.index()].inputs[route.input as usize];
        assert!(input.routes.contains(&id) && input.material == route.material);
        assert_eq!(graph.lines[route.from.index()].product, route.material);
        assert!(route.surface_days >= 1);
    }
    assert!(
        graph.routes.windows(2).all(|w| (w[0].to, w[0].input, w[0].from) < (w[1].to, w[1].input, w[1].from))
    );
    for (index, pool) in graph.pools.iter().enumerate() {
        assert!(
            !pool.lines.is_empty() && pool.lines.iter().all(|l| graph.lines[l.index()].pool.index() == index)
        );
    }
}

#[test]
fn heavy_oxide_comes_out_of_the_group_that_shares_its_mines() {
    let (_, graph) = shipped();
    let parent = |id: &str| {
        let line = graph.lines.iter().find(|l| l.id == id).unwrap();
        assert!(line.inputs.is_empty());
        graph.lines[line.coproduct_of.unwrap().index()].id.clone()
    };
    assert_eq!(parent("sep-creg-south-hre:dytb-oxide"), "sep-creg-south-ndpr:ndpr-oxide");
    assert_eq!(parent("sep-other-cn-hre:dytb-oxide"), "sep-creg-south-ndpr:ndpr-oxide");
    assert_eq!(parent("sep-lynas-hre:dytb-oxide"), "sep-lynas-kuantan-ndpr:ndpr-oxide");
    assert_eq!(graph.lines.iter().filter(|l| l.coproduct_of.is_some()).count(), 3);
    // 31 rows go from mines to plants; 11 of them to the heavy lines, which have no routes of their own.
    assert_eq!(graph.routes.iter().filter(|r| r.yield_per_tonne.is_some()).count(), 20);
    assert_eq!(graph.heavy_yields.len(), 6);
}

#[test]
fn plants_that_start_later_have_dates_and_no_share_before() {
    let (network, graph) = shipped();
    let expected = [
        ("sep-solvay-ndpr", date(2025, 4, 15)),
        ("sep-lynas-hre", date(2025, 5, 15)),
        ("mag-neo-narva", date(2025, 9, 19)),
        ("mag-evac-usa", date(2025, 11, 15)),
        ("mag-mp-independence-usa", date(2025, 11, 1)),
    ];
    let later: Vec<_> = network.graph.node_weights().filter(|f| f.opens().is_some()).collect();
    assert_eq!(later.len(), expected.len());
    for (id, day) in expected {
        let facility = later.iter().find(|f| f.id == id).unwrap();
        assert_eq!(facility.opens(), Some(day));
        assert!(!facility.start_date_basis.is_empty());
        let pool = graph.pools.iter().find(|p| graph.sites[p.facility.index()].id == id).unwrap();
        assert_eq!(pool.opens, Some(day_number(day)));
        assert!(pool.recorded_output.abs() < 1e-12 && pool.capacity > 0.0);
    }
    for route in graph.routes.iter().filter(|r| r.opens.is_some()) {
        assert!(route.share.central.abs() < 1e-12 && route.share.high > 0.0);
    }
    assert_eq!(day_number(date(1970, 1, 1)), 0);
    assert_eq!(day_number(date(2025, 4, 4)), 20_182);
}

#[test]
fn transit_goes_by_regions_and_only_light_goods_fly() {
    let (network, graph) = shipped();
    let route =
        |id: &str| graph.routes.iter().find(|r| r.id.starts_with(id)).unwrap_or_else(|| panic!("{id}"));
    let by = |from: &str, to: &str| {
        let region = |line: crate::id::LineId| graph.lines[line.index()].region;
        let pair = (Place::parse(from).unwrap(), Place::parse(to).unwrap());
        graph.routes.iter().filter(|r| (region(r.from), region(r.to)) == pair).collect::<Vec<_>>()
    };
    for (to, days) in [("JPN", 10), ("KOR", 10), ("ASN", 20), ("IND", 20), ("NAM", 35), ("EUR", 42)] {
        assert!(!by("CHN", to).is_empty() && by("CHN", to).iter().all(|r| r.surface_days == days), "{to}");
    }
    assert!(by("CHN", "CHN").iter().all(|r| r.surface_days == 3 && r.carriage == Carriage::Surface));
    assert!(
        by("CHN", "EUR")
            .iter()
            .filter(|r| graph.lines[r.from.index()].stage == Stage::Magnet)
            .all(|r| r.carriage == Carriage::SeaAndAir)
    );
    let ore = route("mine-kachin:ionic-ore>");
    assert_eq!((ore.surface_days, ore.carriage), (10, Carriage::Surface));
    assert_eq!(route("mine-mountain-pass:light-ore>sep-shenghe").carriage, Carriage::Surface);
    let data = network.lines_with(LeadTimes::Data).unwrap();
    let ore = data.routes.iter().find(|r| r.id.starts_with("mine-kachin:ionic-ore>")).unwrap();
    assert_eq!(ore.surface_days, 50);
    // Every pair of regions that trades has a row: no shipped route falls back on its own days.
    let index = transit::LaneIndex::new(&network.lead_times);
    for edge in network.graph.edge_indices() {
        let (a, b) = network.graph.edge_endpoints(edge).unwrap();
        assert!(index.find(&network.graph[a], &network.graph[b]).is_some());
    }
}

#[test]
fn part_makers_divide_their_capacity_and_carmakers_their_vehicles() {
    let (network, graph) = shipped();
    for stage in [Stage::Component, Stage::Automaker, Stage::Magnet, Stage::Metal] {
        for (node, facility) in network.graph.node_weights().enumerate().filter(|(_, f)| f.stage == stage) {
            let sum: f64 =
                graph.pools.iter().filter(|p| p.facility.index() == node).map(|p| p.capacity * 365.0).sum();
            assert!((sum / facility.capacity.central - 1.0).abs() < 1e-9, "{}", facility.id);
        }
    }
    let demand: f64 =
        graph.lines.iter().filter(|l| l.stage == Stage::Automaker).map(|l| l.final_demand * 365.0).sum();
    assert!((demand - (92_510_000.0 + 1_180_000.0)).abs() < 1.0, "{demand}");
    let shared: Vec<_> =
        graph.lines.iter().filter(|l| l.id.starts_with("mag-jl-mag:")).map(|l| l.pool).collect();
    assert!(shared.len() == 2 && shared[0] == shared[1]);
}
