//! A tiny network for tests, with the names of the shipped one.

use crate::id::{FacilityId, LineId, MaterialId, Place, PoolId, RouteId};
use crate::network::line::{
    Amount, Band, Carriage, Criticality, EndUse, Input, Line, LineGraph, LineRoute, Material, Pool, Site,
    Stage,
};

/// Facility, company, stage, country, region, product, end use.
type Row = (&'static str, &'static str, Stage, &'static str, &'static str, &'static str, EndUse);

/// Mine (MMR) → oxide (CHN) → metal (CHN) → magnets (CHN, JPN) → motors (CHN, DEU, USA) → vehicles.
#[must_use]
pub fn graph() -> LineGraph {
    let rows: [Row; 18] = [
        ("mine-kachin", "various", Stage::Mine, "MMR", "MMR", "ionic REO concentrate", EndUse::Other),
        (
            "sep-creg-south-hre",
            "China Rare Earth Group",
            Stage::Separation,
            "CHN",
            "CHN",
            "DyTb oxide",
            EndUse::Other,
        ),
        ("metal-hre-chn", "China Rare Earth Group", Stage::Metal, "CHN", "CHN", "DyTb metal", EndUse::Other),
        ("mag-jl-mag", "JL MAG", Stage::Magnet, "CHN", "CHN", "NdFeB magnet (heavy RE)", EndUse::Other),
        ("mag-jl-mag", "JL MAG", Stage::Magnet, "CHN", "CHN", "NdFeB magnet (no heavy RE)", EndUse::Other),
        ("mag-tdk-jpn", "TDK", Stage::Magnet, "JPN", "JPN", "NdFeB magnet (heavy RE)", EndUse::Other),
        (
            "mag-mp-independence-usa",
            "MP Materials",
            Stage::Magnet,
            "USA",
            "NAM",
            "NdFeB magnet (heavy RE)",
            EndUse::Other,
        ),
        ("comp-findreams-chn", "BYD", Stage::Component, "CHN", "CHN", "traction motor", EndUse::Automotive),
        ("comp-bosch-eur", "Bosch", Stage::Component, "DEU", "EUR", "traction motor", EndUse::Automotive),
        (
            "comp-gm-ford-inhouse-nam",
            "GM, Ford",
            Stage::Component,
            "USA",
            "NAM",
            "traction motor",
            EndUse::Automotive,
        ),
        ("auto-byd-chn", "BYD", Stage::Automaker, "CHN", "CHN", "vehicle", EndUse::Automotive),
        ("auto-vw-eur", "Volkswagen", Stage::Automaker, "DEU", "EUR", "vehicle", EndUse::Automotive),
        ("auto-ford-nam", "Ford", Stage::Automaker, "USA", "NAM", "vehicle", EndUse::Automotive),
        ("dem-defence-usa", "various", Stage::OtherDemand, "USA", "NAM", "defence goods", EndUse::Defence),
        (
            "comp-borgwarner-magna-dana-nam",
            "BorgWarner, Magna, Dana",
            Stage::Component,
            "USA",
            "NAM",
            "traction motor",
            EndUse::Automotive,
        ),
        ("comp-nexteer-nam", "Nexteer", Stage::Component, "USA", "NAM", "traction motor", EndUse::Automotive),
        (
            "mag-star-group-kor",
            "Star Group",
            Stage::Magnet,
            "KOR",
            "KOR",
            "NdFeB magnet (heavy RE)",
            EndUse::Other,
        ),
        (
            "mag-shinetsu-vnm",
            "Shin-Etsu Chemical",
            Stage::Magnet,
            "VNM",
            "ASN",
            "NdFeB magnet (heavy RE)",
            EndUse::Other,
        ),
    ];
    let names = [
        ("ionic REO concentrate", false),
        ("DyTb oxide", true),
        ("DyTb metal", true),
        ("NdFeB magnet (heavy RE)", true),
        ("NdFeB magnet (no heavy RE)", false),
        ("traction motor", false),
        ("vehicle", false),
        ("defence goods", false),
    ];
    let place = |code: &str| Place::parse(code).unwrap_or(Place::CHN);
    let material = |name: &str| names.iter().position(|(own, _)| *own == name).unwrap_or(0);
    let mut graph = LineGraph::default();
    for (name, heavy) in names {
        graph.materials.push(Material { name: name.to_owned(), heavy, ndpr: 0.0, dytb: 0.0, price: None });
    }
    for (id, company, stage, country, region, product, end_use) in rows {
        let (country, region) = (place(country), place(region));
        let known = graph.sites.iter().position(|site| site.id == id);
        let facility = known.unwrap_or_else(|| {
            let site = Site {
                id: id.to_owned(),
                name: id.to_owned(),
                company: company.to_owned(),
                stage,
                country,
                region,
            };
            graph.sites.push(site);
            graph.pools.push(Pool {
                facility: FacilityId::new(graph.sites.len() - 1),
                capacity: 10.0,
                recorded_output: 8.0,
                utilisation_unknown: false,
                opens: None,
                lines: Vec::new(),
            });
            graph.sites.len() - 1
        });
        graph.pools[facility].lines.push(LineId::new(graph.lines.len()));
        graph.lines.push(Line {
            id: format!("{id}:{product}"),
            facility: FacilityId::new(facility),
            product: MaterialId::new(material(product)),
            stage,
            country,
            region,
            end_use,
            inputs: Vec::new(),
            final_demand: if matches!(stage, Stage::Automaker | Stage::OtherDemand) { 8.0 } else { 0.0 },
            pool: PoolId::new(facility),
            coproduct_of: None,
            outgoing: Vec::new(),
        });
    }
    let links = [
        (0, 1),
        (1, 2),
        (2, 3),
        (2, 5),
        (3, 7),
        (3, 8),
        (4, 8),
        (5, 8),
        (3, 9),
        (4, 9),
        (6, 9),
        (7, 10),
        (8, 11),
        (9, 12),
        (3, 13),
        (5, 13),
        (3, 14),
        (14, 12),
        (3, 15),
        (15, 12),
        (16, 8),
        (2, 16),
        (2, 17),
        (17, 8),
    ];
    for (from, to) in links {
        let product = graph.lines[from].product;
        let route = RouteId::new(graph.routes.len());
        graph.lines[from].outgoing.push(route);
        let inputs = &mut graph.lines[to].inputs;
        let input = inputs.iter().position(|input| input.material == product).unwrap_or_else(|| {
            let amount = Amount::fixed(1.0);
            inputs.push(Input {
                material: product,
                amount,
                criticality: Criticality::Essential,
                routes: Vec::new(),
            });
            inputs.len() - 1
        });
        graph.lines[to].inputs[input].routes.push(route);
        graph.routes.push(LineRoute {
            id: format!("{}>{}", graph.lines[from].id, graph.lines[to].id),
            from: LineId::new(from),
            to: LineId::new(to),
            material: product,
            input: u32::try_from(input).unwrap_or(0),
            share: Band::fixed(1.0),
            share_key: String::new(),
            yield_per_tonne: None,
            surface_days: 10,
            air_days: 5,
            carriage: Carriage::Surface,
            cover: Band::fixed(30.0),
            cover_key: String::new(),
            opens: None,
        });
    }
    graph
}
