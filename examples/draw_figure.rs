//! Draws who makes and who uses the magnets of the shipped network, before any simulation:
//! `cargo run --example draw_figure -- magnets.svg` (a name ending in `.png` gives a bitmap).

use coercivity::chart::{Format, MapBox, MapFlow, NetworkMap, Provenance};
use coercivity::network::Network;
use petgraph::visit::EdgeRef;
use std::collections::BTreeSet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "magnets.svg".to_string());
    let network = Network::embedded("world-2024")?;

    // Tonnes on a route: the buyer's magnets, split by kind and by the route's share of that kind.
    let mut flows = Vec::new();
    for edge in network.graph.edge_references() {
        let (seller, buyer) = (&network.graph[edge.source()], &network.graph[edge.target()]);
        let heavy = buyer.heavy_share.unwrap_or(0.0);
        let kind = match edge.weight().material.as_str() {
            "NdFeB magnet (heavy RE)" => heavy,
            "NdFeB magnet (no heavy RE)" => 1.0 - heavy,
            _ => continue,
        };
        let tonnes = buyer.magnet_tonnes.unwrap_or(0.0) * kind * edge.weight().share.central;
        flows.push((seller.region.as_str().to_string(), buyer.region.as_str().to_string(), tonnes));
    }

    let regions: Vec<String> =
        flows.iter().flat_map(|f| [f.0.clone(), f.1.clone()]).collect::<BTreeSet<_>>().into_iter().collect();
    let place = |region: &String| regions.iter().position(|r| r == region).unwrap_or(0);
    // One box per region on either side; the flows themselves give the sizes.
    let boxes = (0..regions.len())
        .flat_map(|region| [0, 1].map(|stage| (stage, region)))
        .map(|(stage, region)| MapBox {
            stage,
            region,
            output: flows
                .iter()
                .filter(|f| place(if stage == 0 { &f.0 } else { &f.1 }) == region)
                .map(|f| f.2)
                .sum(),
            shortfall: 0.0,
        })
        .collect();
    let map = NetworkMap {
        caption: "Who makes and who uses magnets".into(),
        subtitle: "The shipped network as it is, nothing simulated".into(),
        stages: vec!["Sold".into(), "Bought".into()],
        boxes,
        flows: flows
            .iter()
            .map(|(from, to, tonnes)| MapFlow {
                from: place(from) * 2,
                to: place(to) * 2 + 1,
                tonnes: *tonnes,
                shortfall: 0.0,
            })
            .collect(),
        regions,
        unit: "t of NdFeB magnets in 2024".into(),
        least_share: 0.0,
        provenance: Provenance {
            scenario: "none".into(),
            vintage: "network world-2024".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            ..Provenance::default()
        },
    };
    let format = if std::path::Path::new(&path).extension().is_some_and(|e| e == "png") {
        Format::Png
    } else {
        Format::Svg
    };
    std::fs::write(&path, map.render(format)?)?;
    println!("{path}");
    Ok(())
}
