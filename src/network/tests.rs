use super::facility::day_number;
use super::line::{Carriage, Stage};
use super::load::{FILES, File, parse};
use super::transit::LeadTimes;
use super::*;
use crate::diagnostic::{Diagnostics, Severity};
use crate::id::Place;
use jiff::civil::date;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn shipped() -> (Network, line::LineGraph) {
    let network = Network::embedded("world-2024").unwrap();
    let lines = network.lines().unwrap();
    (network, lines)
}

/// The template with one file's text changed.
fn template_with(file: &str, change: impl Fn(&str) -> Option<String>) -> Vec<File> {
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

fn check(files: &[File]) -> Diagnostics {
    match parse("template", files, Findings::default()) {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => diagnostics,
    }
}

/// Replaces `old` by `new` in a file of the template and expects one code, at the bytes of `at` in line `line`.
#[track_caller]
fn broken(file: &str, old: &str, new: &str, code: &str, at: &str) {
    broken_also(file, old, new, code, at, &[]);
}

/// As [`broken`], with further codes that follow from the same mistake.
#[track_caller]
fn broken_also(file: &str, old: &str, new: &str, code: &str, at: &str, also: &[&str]) {
    let files = template_with(file, |text| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` must be there once");
        Some(text.replacen(old, new, 1))
    });
    let text = files.iter().find(|f| f.name == file).unwrap().text.clone().unwrap();
    let found = check(&files);
    let hit = found
        .list()
        .iter()
        .find(|d| d.code == code)
        .unwrap_or_else(|| panic!("no {code} in\n{}", found.render(false)));
    let span = hit.labels.first().unwrap().0;
    let source = &found.sources()[span.source.0];
    assert_eq!(source.name, file);
    assert_eq!(&source.text[span.start..span.end], at, "{}", found.render(false));
    assert!(codes::explain(code).is_some());
    let line = text[..span.start].matches('\n').count() + 1;
    assert_eq!(found.position(span).unwrap().0, line);
    let others: Vec<_> = found.list().iter().filter(|d| d.code != code).map(|d| d.code).collect();
    assert_eq!(others, also, "{}", found.render(false));
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

#[test]
fn every_rule_on_facilities_names_the_cell() {
    let f = "nodes.csv";
    broken_also(
        f,
        "id,name,stage,company",
        "id,name,stages,company",
        "E0105",
        &template::FILES[1].1.lines().nth(4).unwrap().replace("stage", "stages"),
        &["W0106"],
    );
    // Routes that name the old id go on to say so.
    broken_also(f, "mine-hill,Hill mine,", "Mine_hill,Hill mine,", "E0111", "Mine_hill", &["E0119", "E0119"]);
    broken_also(f, "dem-wind,Wind", "auto-city,Wind", "E0112", "auto-city", &["E0119", "E0119"]);
    broken(f, "Hill mine,mine,", "Hill mine,mime,", "E0113", "mime");
    broken(f, "20000,,t REO/yr", "20000,,t ore/yr", "E0114", "t ore/yr");
    broken(f, "Example Mining,CHN,CHN", "Example Mining,China,CHN", "E0115", "China");
    broken(f, "Example Mining,CHN,CHN", "Example Mining,CHN,chn", "E0115", "chn");
    broken(f, "9000,12500,14000", "13000,12500,14000", "E0110", "12500");
    broken(f, ",t NdPr oxide/yr,0.8,4000,", ",t NdPr oxide/yr,1.8,4000,", "E0116", "1.8");
    broken(f, ",0.8,4000,", ",0.8,4444,", "E0117", "4444");
    broken(f, ",0.2,0.1,0.2,0.5,", ",0.3,0.1,0.2,0.5,", "E0118", "0.3");
    broken_also(f, "15,30,60,,,,,,,,0.8,wind", "15,30,60,,,,,,,,,wind", "E0118", "dem-wind", &["W0144"]);
    broken(f, ",0.8,wind,", ",0.8,windy,", "E0137", "windy");
    broken(f, "2026,2026-03-01", "2026,2026-13-01", "E0136", "2026-13-01");
    broken(f, "15,35,60,2010", "15,35,60,201x", "E0140", "201x");
    broken(f, "Example Oxides,CHN,CHN,,5000", "Example Oxides,CHN,CHN,,five", "E0108", "five");
    broken(f, "Hill mine,mine", ",mine", "E0108", "");
    broken(f, ",0.85,1020,15,", ",0.85,1020,NaN,", "E0109", "NaN");
    broken(f, ",0.85,1020,15,", ",0.85,1020,-15,", "E0109", "-15");
    broken(f, ",0.85,1020,15,", ",0.85,1020,inf,", "E0109", "inf");
    broken(f, "magnet embedded/yr,0.85", "magnet embedded/yr,\"0,85\"", "E0108", "\"0,85\"");
    broken(f, "0.2,0.5,0.95,,,estimate", "0.2,0.5,0.95,,,guess", "E0129", "guess");
    broken(f, "0.8,wind,estimate,invented", "0.8,wind,estimate,x", "E0130", "x");
    broken(f, "hre_share,end_use,", "hre_share,end_uses,", "W0106", "end_uses");
}

#[test]
fn every_rule_on_routes_names_the_cell() {
    let f = "edges.csv";
    broken(f, "mine-hill,sep-river,ionic", "mine-hil,sep-river,ionic", "E0119", "mine-hil");
    broken(
        f,
        "recycler-north,mag-coast,NdPr metal,",
        "metal-valley,mag-coast,NdPr metal,",
        "E0120",
        "metal-valley",
    );
    broken_also(
        f,
        "sep-river,metal-valley,NdPr oxide",
        "sep-river,metal-valley,DyTb oxide",
        "E0121",
        "DyTb oxide",
        &["E0126"],
    );
    broken(
        f,
        "sep-river,metal-valley,NdPr oxide",
        "sep-river,metal-valley,NdPr oxides",
        "E0122",
        "NdPr oxides",
    );
    broken(f, "NdPr metal,0.9,0.98,1,", "NdPr metal,0.9,0.98,1.2,", "E0123", "0.98");
    broken(f, "NdPr metal,0.9,0.98,1,", "NdPr metal,0.8,0.88,1,", "E0126", "0.88");
    broken(
        f,
        "comp-port,NdFeB magnet (heavy RE),0,0,0.3,10",
        "comp-port,NdFeB magnet (heavy RE),0,0.01,0.3,10",
        "E0138",
        "mag-new",
    );
    broken(f, "traction motor,1,1,1,5,", "traction motor,1,1,1,5000,", "E0124", "5000");
    broken(
        f,
        "traction motor,1,1,1,5,",
        "traction motor,1,1,1,5,,",
        "E0107",
        "comp-port,auto-city,traction motor,1,1,1,5,,estimate,invented",
    );
    broken(f, "share_high,lead_time_days,confidence", "share_high,crosses_border,confidence", "E0125", "10");
}

#[test]
fn rules_that_join_rows_name_the_facility() {
    let without = |row: &'static str| {
        move |text: &str| {
            Some(text.lines().filter(|l| !l.starts_with(row)).map(|l| format!("{l}\n")).collect::<String>())
        }
    };
    let found = check(&template_with("edges.csv", without("comp-port,auto-city,traction")));
    let codes: Vec<_> = found.list().iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E0127"], "{}", found.render(false));
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((13, 1)));
    let found = check(&template_with("edges.csv", without("mag-new,comp-port")));
    assert_eq!(found.list().iter().map(|d| d.code).collect::<Vec<_>>(), ["E0128"]);
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((11, 1)));
    let two = |text: &str| {
        Some(text.replace("mine-hill,sep-river,ionic REO concentrate,1,1,1,10,estimate,invented\n", "mine-hill,sep-river,ionic REO concentrate,1,1,1,10,estimate,invented\nmine-hill,sep-river,light REO concentrate,1,1,1,10,estimate,invented\n"))
    };
    assert_eq!(check(&template_with("edges.csv", two)).list()[0].code, "E0142");
    // Border flags that contradict the countries.
    let flags = |text: &str| {
        Some(
            text.lines()
                .map(|l| {
                    if l.starts_with('#') {
                        format!("{l}\n")
                    } else if l.starts_with("from") {
                        format!("{l},crosses_border\n")
                    } else {
                        format!("{l},1\n")
                    }
                })
                .collect::<String>(),
        )
    };
    let found = check(&template_with("edges.csv", flags));
    assert!(
        found.list().iter().all(|d| d.code == "E0125") && found.error_count() == 9,
        "{}",
        found.render(false)
    );
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((6, 70)));
}

#[test]
fn every_rule_on_the_other_files_names_the_cell() {
    broken("materials.csv", "bev-kg,1.1,1.8", "phev-kg,1.1,1.8", "E0112", "phev-kg");
    broken("materials.csv", "hre-aux,0.3,0.5,0.7", "hre-aux,0.3,0.5,1.7", "E0131", "0.5");
    broken("materials.csv", "yield-metal,0.8,", "yield-metal,0,", "E0131", "0.97");
    broken("materials.csv", "bev-kg,1.1,1.8,2.5", "bev kg,1.1,1.8,2.5", "E0111", "bev kg");
    broken("lead_times.csv", "CHN,EUR,sea", "CHN,EUR,ship", "E0141", "ship");
    broken("lead_times.csv", "CHN,EUR,sea", "CHN,Europe,sea", "E0141", "CHN");
    broken_also(
        "recipes.csv",
        "recycler-north,NdPr metal",
        "recycler-nord,NdPr metal",
        "E0119",
        "recycler-nord",
        &["E0121"],
    );
    let found = check(&template_with("materials.csv", |text| {
        Some(text.replace("ndpr-per-reo:mine-hill", "ndpr-per-reo:mine-hall"))
    }));
    assert_eq!(found.list()[0].code, "E0132");
    assert_eq!(found.sources()[found.list()[0].labels[0].0.source.0].name, "nodes.csv");
    assert!(found.list()[0].help.iter().any(|h| h.contains("ndpr-per-reo:mine-hall")));
    let found =
        check(&template_with("recipes.csv", |text| Some(format!("{text}recycler-north,NdPr-metal,,,,\n"))));
    assert!(found.list().iter().any(|d| d.code == "E0133"), "{}", found.render(false));
    let found = check(&template_with("recipes.csv", |text| {
        Some(format!("{text}recycler-north,ash,,,,\nrecycler-north,slag,,,,\n"))
    }));
    assert_eq!(found.list().iter().map(|d| d.code).collect::<Vec<_>>(), ["E0134"]);
}

#[test]
fn missing_and_empty_files_are_named() {
    for (index, code) in [(0, "E0101"), (1, "E0101")] {
        let found = check(&template_with(FILES[index], |_| None));
        assert_eq!(
            found.list().iter().map(|d| d.code).collect::<Vec<_>>(),
            [code],
            "{}",
            found.render(false)
        );
    }
    assert_eq!(check(&template_with("nodes.csv", |_| Some(String::new()))).list()[0].code, "E0105");
    let header = |text: &str| text.lines().find(|l| l.starts_with("id,")).map(|l| format!("{l}\n"));
    let mut files = template_with("nodes.csv", header);
    files[1].text = Some("from,to,material,share,note\n".to_owned());
    files[6].text = None;
    assert_eq!(check(&files).list()[0].code, "E0143");
    // Without lead_times.csv the routes' own days hold; without those either, nothing does.
    assert!(check(&template_with("lead_times.csv", |_| None)).list().is_empty());
    let mut files = template_with("edges.csv", |text| Some(text.replace("lead_time_days", "days_ignored")));
    files[5].text = None;
    let found = check(&files);
    assert!(
        found.list().iter().filter(|d| d.severity == Severity::Error).all(|d| d.code == "E0124")
            && found.error_count() > 0
    );
    let plain = check(&template_with("nodes.csv", |text| Some(text.replace("confidence,note", "x,y"))));
    assert!(plain.list().iter().any(|d| d.code == "W0130") && plain.error_count() == 0);
}

#[test]
fn bytes_that_are_not_text_and_files_too_large_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    for (name, text) in template::FILES {
        write(name, text.as_bytes());
    }
    write("materials.csv", b"id,central\nbev-kg,1\nhev-\xff,1\n");
    let Err(crate::error::Error::Input(found)) = Network::load(dir.path()) else { panic!("accepted") };
    assert_eq!(found.list()[0].code, "E0103");
    assert_eq!(found.position(found.list()[0].labels[0].0), Some((3, 5)));
    std::fs::File::create(dir.path().join("materials.csv")).unwrap().set_len(64 * 1024 * 1024 + 1).unwrap();
    let Err(crate::error::Error::Input(found)) = Network::load(dir.path()) else { panic!("accepted") };
    assert_eq!(found.list()[0].code, "E0102");
    std::fs::remove_file(dir.path().join("materials.csv")).unwrap();
    std::fs::create_dir(dir.path().join("materials.csv")).unwrap();
    let Err(crate::error::Error::Input(found)) = Network::load(dir.path()) else { panic!("accepted") };
    assert_eq!(found.list()[0].code, "E0101");
    let Err(crate::error::Error::Input(found)) = Network::embedded("world-2042") else { panic!("accepted") };
    assert!(found.list()[0].help.iter().any(|h| h.contains("world-2024`?")));
}

#[test]
fn long_files_of_mistakes_are_cut_short() {
    let rows: String = (0..3_000)
        .map(|i| format!("n-{i},sep-river,ionic REO concentrate,1,1,1,10,estimate,invented\n"))
        .collect();
    let found = check(&template_with("edges.csv", |text| Some(format!("{text}{rows}"))));
    assert_eq!(found.list().len(), 201);
    assert!(found.list()[200].message.contains("2800 more"), "{}", found.list()[200].message);
    let rows = "a,b\n".repeat(100_002);
    let found =
        check(&template_with("lead_times.csv", |_| Some(format!("from_region,to_region,mode,days\n{rows}"))));
    assert!(found.list().iter().any(|d| d.code == "E0104"));
}

#[test]
fn a_cycle_that_needs_all_it_makes_is_refused_by_name() {
    let amount =
        |row: &'static str| template_with("recipes.csv", move |text| Some(text.replace("3.6,4,5", row)));
    // Around it: 0.02 of 0.284 t metal a tonne of magnets, times magnets per tonne of metal.
    assert!(check(&amount("3,4,5")).list().is_empty());
    for (row, told) in [("300,300,300", "central"), ("4,4,300", "end of the bands")] {
        let found = check(&amount(row));
        assert_eq!(
            found.list().iter().map(|d| d.code).collect::<Vec<_>>(),
            ["E0135"],
            "{}",
            found.render(false)
        );
        let message = &found.list()[0].message;
        assert!(
            message.contains(told) && message.contains("mag-coast → recycler-north → mag-coast"),
            "{message}"
        );
        assert_eq!(found.position(found.list()[0].labels[0].0), Some((4, 1)));
    }
}

#[test]
fn the_gain_of_a_ring_is_the_product_around_it() {
    // Three facilities with recipes, each 1 t from `amount` t of the one before; demand from a fourth.
    let ring = |amounts: [f64; 3]| {
        let node = |id: &str| format!("{id},{id},metal,CHN,CHN,10,t,1,1,invented\n");
        let nodes = format!(
            "id,name,stage,country,region,capacity,unit,utilisation,inventory_days,note\n{}{}{}{}",
            node("a"),
            node("b"),
            node("c"),
            node("d")
        )
        .replace(",1,1,", ",1,5,");
        let edges = "from,to,material,share,lead_time_days,note\na,b,pa,1,2,x\nb,c,pb,1,2,x\nc,a,pc,1,2,x\nc,d,pc,1,2,x\n";
        let recipes = format!(
            "facility,product,input,amount\na,pa,pc,{}\nb,pb,pa,{}\nc,pc,pb,{}\nd,pd,pc,1\n",
            amounts[0], amounts[1], amounts[2]
        );
        let texts = [Some(nodes), Some(edges.to_owned()), None, None, None, None, Some(recipes)];
        FILES
            .iter()
            .zip(texts)
            .map(|(name, text)| File { name: (*name).to_owned(), text })
            .collect::<Vec<_>>()
    };
    for (amounts, sound) in [
        ([0.5, 0.5, 0.5], true),
        ([20.0, 0.05, 0.999], true),
        ([20.0, 0.05, 1.001], false),
        ([1.0, 1.0, 1.0], false),
        ([1e9, 1e-9, 0.9], true),
        ([0.0, 5.0, 5.0], true),
    ] {
        let found = check(&ring(amounts));
        assert_eq!(found.error_count() == 0, sound, "{amounts:?}\n{}", found.render(false));
    }
    let (network, _) =
        parse("ring", &ring([0.5, 0.5, 0.5]), Findings::default()).map_err(|d| d.render(false)).unwrap();
    let graph = network.lines().unwrap();
    // x_c = f + 0.125 x_c, f = 10 t a year.
    let c = graph.lines.iter().position(|l| l.id == "c:pc").unwrap();
    assert!((baseline::pulled(&graph)[c] * 365.0 - 10.0 / 0.875).abs() < 1e-9);
}

#[test]
fn a_long_chain_overflows_no_stack_and_takes_no_hour() {
    let count = 30_000;
    let nodes: String = (0..count).map(|i| format!("f{i},f,metal,CHN,CHN,10,t,5\n")).collect();
    let edges: String = (1..count).map(|i| format!("f{},f{i},p{},1,2\n", i - 1, i - 1)).collect();
    let recipes: String = (0..count)
        .map(|i| if i == 0 { "f0,p0,,\n".to_owned() } else { format!("f{i},p{i},p{},1\n", i - 1) })
        .collect();
    let texts = [
        Some(format!("id,name,stage,country,region,capacity,unit,inventory_days\n{nodes}")),
        Some(format!("from,to,material,share,lead_time_days\n{edges}")),
        None,
        None,
        None,
        None,
        Some(format!("facility,product,input,amount\n{recipes}")),
    ];
    let files: Vec<File> =
        FILES.iter().zip(texts).map(|(name, text)| File { name: (*name).to_owned(), text }).collect();
    let (network, _) = parse("chain", &files, Findings::default()).map_err(|d| d.render(false)).unwrap();
    let graph = network.lines().unwrap();
    assert!((baseline::pulled(&graph)[0] * 365.0 - 10.0).abs() < 1e-6);
    assert_eq!(network.articulation_points().len(), count - 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bytes_cause_a_panic(file in 0_usize..7, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let found = check(&template_with(FILES[file], |_| Some(text.clone())));
        let _ = found.render(false);
    }

    #[test]
    fn no_mangled_file_causes_a_panic(file in 0_usize..7, cut in 0.0_f64..1.0, length in 0_usize..12, put in "[ -~\n\",#éA-Z0-9.]{0,6}") {
        let change = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let at = (cut * bytes.len() as f64) as usize;
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, put.bytes());
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let found = check(&template_with(FILES[file], change));
        let _ = found.render(false);
        for (span, _) in found.list().iter().flat_map(|d| &d.labels) {
            prop_assert!(span.end <= found.sources()[span.source.0].text.len() && span.start <= span.end);
        }
    }
}
