//! Raw rows to validated types, one function per file.

use super::Network;
use super::country::CountryFigure;
use super::facility::{Confidence, Facility, Powertrain, Provenance, Unit, Vehicle};
use super::findings::Findings;
use super::line::{Band, EndUse, Stage};
use super::load::File;
use super::material::{CoefficientRow, Recipe};
use super::project::Project;
use super::route::Route;
use super::table::{Row, Table, is_kebab};
use super::transit::{Lane, LeadTime, Mode};
use crate::diagnostic::Diagnostic;
use crate::id::Place;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet};

const PROVENANCE: [&str; 5] = ["source_url", "publisher", "source_date", "confidence", "note"];
const COUNTRY: &str =
    "ISO 3166-1 alpha-3, or `XRW` for the rest of the world and `XEU` for several European countries";
const REGION: &str = "such as `CHN`, `NAM`, `EUR`, `JPN`, `KOR`, `IND`, `ASN`, `ROW`";

/// The columns of a file: needed, and read if they are there (provenance besides).
fn columns(file: usize) -> (&'static [&'static str], &'static [&'static str]) {
    match file {
        0 => (
            &["id", "name", "stage", "country", "region", "capacity", "unit", "inventory_days"],
            &[
                "company",
                "capacity_low",
                "capacity_high",
                "utilisation",
                "output_2024",
                "inventory_days_low",
                "inventory_days_high",
                "start_year",
                "bev_share",
                "phev_share",
                "hev_share",
                "ice_share",
                "pm_share",
                "magnet_t_2024",
                "hre_share",
                "start_date",
                "start_date_basis",
                "end_use",
                "vehicle",
            ],
        ),
        1 => (
            &["from", "to", "material", "share"],
            &[
                "share_low",
                "share_high",
                "lead_time_days_low",
                "lead_time_days",
                "lead_time_days_high",
                "crosses_border",
            ],
        ),
        2 => (&["id", "central"], &["low", "high", "stage", "parameter", "input", "output", "unit"]),
        3 => (
            &["id", "project", "type", "country", "capacity", "unit", "start_year"],
            &["capacity_low", "capacity_high", "stage", "owner"],
        ),
        4 => (&["country", "metric", "year", "value", "unit"], &["low", "high"]),
        5 => (&["from_region", "to_region", "mode", "days"], &["days_low", "days_high", "basis"]),
        _ => (&["facility", "product", "input", "amount"], &["amount_low", "amount_high"]),
    }
}

/// All files as one network; every mistake is recorded and replaced by something harmless. The flag is
/// false when a file that is there could not be split into rows: then rules that join rows say nothing true.
pub(super) fn read(name: &str, files: &[File], findings: &mut Findings) -> (Network, bool) {
    let tables: Vec<Option<Table>> = files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let (required, optional) = columns(index);
            let optional: Vec<&str> =
                optional.iter().chain(if index < 5 { &PROVENANCE[..] } else { &[] }).copied().collect();
            let table = Table::parse(&file.name, file.text.as_deref()?, required, &optional, findings)?;
            if index < 5 && !PROVENANCE.iter().any(|column| table.has(column)) {
                findings.push(
                    Diagnostic::warning(
                        "W0130",
                        format!("{} does not say where its rows come from", file.name),
                    )
                    .at(table.top(), "no provenance columns")
                    .help(format!("columns read: {}", PROVENANCE.join(", "))),
                );
            }
            Some(table)
        })
        .collect();
    let rows = |index: usize| tables.get(index).and_then(Option::as_ref).into_iter().flat_map(Table::rows);

    let recipes: Vec<Recipe> = rows(6).map(|row| recipe(row, findings)).collect();
    let own: BTreeSet<&str> = recipes.iter().map(|r| r.facility.as_str()).collect();
    let mut graph: DiGraph<Facility, Route> = DiGraph::new();
    let mut index: BTreeMap<String, NodeIndex<u32>> = BTreeMap::new();
    for row in rows(0) {
        let facility = facility(row, &own, findings);
        if let Some(first) = index.get(&facility.id) {
            duplicate(
                row,
                "id",
                &facility.id,
                graph.node_weight(*first).and_then(|f: &Facility| f.place),
                findings,
            );
        } else {
            index.insert(facility.id.clone(), graph.add_node(facility));
        }
    }
    for row in rows(1) {
        let route = route(row, findings);
        // Without a table of facilities every end would be unknown, which is not the route's fault.
        if tables[0].is_none() {
            continue;
        }
        match (end(row, "from", &index, findings), end(row, "to", &index, findings)) {
            (Some(from), Some(to)) => {
                graph.add_edge(from, to, route);
            }
            // What this route was to bring or take is not known: no further complaint about its other end.
            (Some(known), None) | (None, Some(known)) => graph[known].sound = false,
            (None, None) => {}
        }
    }
    let complete = tables.iter().take(2).all(Option::is_some)
        && files.iter().zip(&tables).all(|(file, table)| file.text.is_none() || table.is_some());
    let network = Network {
        name: name.to_owned(),
        graph,
        coefficients: unique(rows(2), |row, findings| coefficient(row, findings), |c| &c.id, findings),
        projects: unique(rows(3), |row, findings| project(row, findings), |p| &p.id, findings),
        countries: rows(4).map(|row| figure(row, findings)).collect(),
        lead_times: rows(5).filter_map(|row| lead_time(row, findings)).collect(),
        recipes,
    };
    (network, complete)
}

fn duplicate(
    row: Row<'_>,
    column: &str,
    id: &str,
    first: Option<crate::diagnostic::Span>,
    findings: &mut Findings,
) {
    let mut error = Diagnostic::error("E0112", format!("`{id}` appears twice"))
        .at(row.span(column, findings), "second time");
    if let Some(first) = first {
        error = error.at(first, "first time");
    }
    findings.push(error);
}

/// Rows whose ids must differ.
fn unique<'a, T>(
    rows: impl Iterator<Item = Row<'a>>,
    parse: impl Fn(Row<'a>, &mut Findings) -> T,
    id: impl Fn(&T) -> &String,
    findings: &mut Findings,
) -> Vec<T> {
    let mut seen = BTreeMap::new();
    let mut list = Vec::new();
    for row in rows {
        let parsed = parse(row, findings);
        let place = row.span("id", findings);
        if let Some(first) = seen.insert(id(&parsed).clone(), place) {
            duplicate(row, "id", id(&parsed), Some(first), findings);
        } else {
            list.push(parsed);
        }
    }
    list
}

fn end(
    row: Row<'_>,
    column: &str,
    index: &BTreeMap<String, NodeIndex<u32>>,
    findings: &mut Findings,
) -> Option<NodeIndex<u32>> {
    let id = row.text(column);
    if let Some(node) = index.get(id) {
        return Some(*node);
    }
    let mut help = vec!["an `id` of nodes.csv".to_owned()];
    if let Some(near) = findings.nearest(id, index.keys().map(String::as_str)) {
        help.push(format!("did you mean `{near}`?"));
    }
    row.error(findings, "E0119", column, format!("there is no facility `{id}`"), &help);
    None
}

fn provenance(row: Row<'_>, findings: &mut Findings) -> Provenance {
    let text = |column: &str| row.text(column).to_owned();
    let (url, date, note) = (row.text("source_url"), row.text("source_date"), row.text("note"));
    if !url.is_empty() && !url.starts_with("http") {
        row.error(
            findings,
            "E0130",
            "source_url",
            format!("`{url}` is not an address"),
            &["starts with `http`".to_owned()],
        );
    }
    let starts_with_year = date.len() >= 4 && date.bytes().take(4).all(|b| b.is_ascii_digit());
    if !date.is_empty() && !starts_with_year {
        row.error(
            findings,
            "E0130",
            "source_date",
            format!("`{date}` is not a date"),
            &["a year, `2024-05` or `2024-05-31`".to_owned()],
        );
    }
    let degrees = Confidence::ALL.map(|c| (c.as_str(), c));
    let confidence = if row.text("confidence").is_empty() {
        None
    } else {
        row.choice(findings, "E0129", "confidence", &degrees)
    };
    if confidence == Some(Confidence::Estimate) && note.chars().count() < 5 {
        row.error(findings, "E0130", "note", "an estimate needs a note on how it was derived", &[]);
    }
    Provenance {
        source_url: text("source_url"),
        publisher: text("publisher"),
        source_date: text("source_date"),
        confidence,
        note: text("note"),
    }
}

fn year(row: Row<'_>, column: &str, findings: &mut Findings) -> Option<i16> {
    let text = row.text(column);
    if text.is_empty() {
        return None;
    }
    let year = text.parse::<i16>().ok().filter(|year| (1900..=2200).contains(year));
    if year.is_none() {
        row.error(
            findings,
            "E0140",
            column,
            format!("`{text}` is not a year"),
            &["a year from 1900 to 2200".to_owned()],
        );
    }
    year
}

fn facility(row: Row<'_>, own: &BTreeSet<&str>, findings: &mut Findings) -> Facility {
    let id = row.kebab(findings, "id");
    let own = own.contains(id.as_str());
    let stages = Stage::ALL.map(|stage| (stage.as_str(), stage));
    let stage = row.choice(findings, "E0113", "stage", &stages);
    let unit = match stage {
        _ if own => Some(Unit::Own(row.word(findings, "unit"))),
        Some(stage) => row.choice(findings, "E0114", "unit", Unit::of_stage(stage)),
        None => None,
    };
    let sound = stage.is_some() && unit.is_some() && is_kebab(&id);
    let unit = unit.unwrap_or(Unit::Magnet);
    let stage = stage.unwrap_or(Stage::OtherDemand);
    let before = findings.errors();
    let capacity = row.needed_band(findings, "capacity_low", "capacity", "capacity_high");
    let (utilisation, recorded_output) = output(row, capacity.central, before, findings);
    let powertrain = (stage == Stage::Automaker && !own).then(|| powertrain(row, findings));
    let ends = [
        ("automotive", EndUse::Automotive),
        ("wind", EndUse::Wind),
        ("industry", EndUse::Industry),
        ("consumer", EndUse::Consumer),
        ("defence", EndUse::Defence),
        ("other", EndUse::Other),
    ];
    let end_use = match row.text("end_use") {
        "" if matches!(stage, Stage::Automaker | Stage::Component) => EndUse::Automotive,
        "" => EndUse::Other,
        _ => row.choice(findings, "E0137", "end_use", &ends).unwrap_or(EndUse::Other),
    };
    let kinds = [("", Vehicle::Car), ("car", Vehicle::Car), ("two-wheeler", Vehicle::TwoWheeler)];
    let start_date = match row.text("start_date") {
        "" => None,
        text => text
            .parse()
            .map_err(|_| {
                row.error(
                    findings,
                    "E0136",
                    "start_date",
                    format!("`{text}` is not a date"),
                    &["write 2025-09-19".to_owned()],
                );
            })
            .ok(),
    };
    Facility {
        name: row.word(findings, "name"),
        company: row.text("company").to_owned(),
        country: row.place(findings, "country", COUNTRY),
        region: row.place(findings, "region", REGION),
        inventory_days: row.needed_band(
            findings,
            "inventory_days_low",
            "inventory_days",
            "inventory_days_high",
        ),
        start_year: year(row, "start_year", findings),
        start_date,
        start_date_basis: row.text("start_date_basis").to_owned(),
        magnet_tonnes: row.number(findings, "magnet_t_2024"),
        heavy_share: row.share(findings, "hre_share", "E0118"),
        vehicle: row.choice(findings, "E0137", "vehicle", &kinds).unwrap_or_default(),
        provenance: provenance(row, findings),
        place: Some(row.span("id", findings)),
        id,
        stage,
        unit,
        capacity,
        utilisation,
        recorded_output,
        powertrain,
        end_use,
        sound,
    }
}

/// Utilisation and output; either follows from the other, and without both nothing is known of spare capacity.
/// Numbers that were found wrong since `before` errors are not compared as well.
fn output(row: Row<'_>, capacity: f64, before: usize, findings: &mut Findings) -> (f64, f64) {
    let utilisation = row.share(findings, "utilisation", "E0116");
    let output = row.number(findings, "output_2024");
    if findings.errors() > before {
        return (1.0, capacity);
    }
    let (utilisation, output) = match (utilisation, output) {
        (Some(utilisation), Some(output)) => {
            if (output - utilisation * capacity).abs() > (0.002 * capacity).max(1.0) {
                let expected = utilisation * capacity;
                row.error(
                    findings,
                    "E0117",
                    "output_2024",
                    format!("output is {output}, capacity × utilisation is {expected}"),
                    &["leave one of the two empty, and it follows from the other".to_owned()],
                );
            }
            (utilisation, output)
        }
        (Some(utilisation), None) => (utilisation, utilisation * capacity),
        (None, Some(output)) => {
            if output > capacity * 1.0001 {
                row.error(
                    findings,
                    "E0117",
                    "output_2024",
                    format!("output is {output}, above the capacity of {capacity}"),
                    &[],
                );
            }
            (if capacity > 0.0 { (output / capacity).min(1.0) } else { 1.0 }, output)
        }
        (None, None) => (1.0, capacity),
    };
    (utilisation, output)
}

fn powertrain(row: Row<'_>, findings: &mut Findings) -> Powertrain {
    let mut share = |column| row.share(findings, column, "E0118").unwrap_or(0.0);
    let (bev, phev, hev, ice) =
        (share("bev_share"), share("phev_share"), share("hev_share"), share("ice_share"));
    let sum = bev + phev + hev + ice;
    if (sum - 1.0).abs() > 1e-6 {
        row.error(
            findings,
            "E0118",
            "bev_share",
            format!("shares by drive sum to {sum}, not 1"),
            &["columns bev_share, phev_share, hev_share, ice_share".to_owned()],
        );
    }
    Powertrain { bev, phev, hev, ice, permanent_magnet: row.share(findings, "pm_share", "E0118") }
}

fn route(row: Row<'_>, findings: &mut Findings) -> Route {
    let share = row.needed_band(findings, "share_low", "share", "share_high");
    if share.high > 1.0001 {
        row.error(
            findings,
            "E0123",
            "share",
            format!("the share reaches {}", share.high),
            &["shares lie between 0 and 1".to_owned()],
        );
    }
    let lead_time_days = row.band(findings, "lead_time_days_low", "lead_time_days", "lead_time_days_high");
    if lead_time_days.is_some_and(|days| days.high > 3650.0) {
        row.error(
            findings,
            "E0124",
            "lead_time_days",
            "a lead time above ten years",
            &["days from order to door".to_owned()],
        );
    }
    let flags = [("1", Some(true)), ("0", Some(false)), ("", None)];
    Route {
        material: row.word(findings, "material"),
        share: Band { low: share.low.min(1.0), central: share.central.min(1.0), high: share.high.min(1.0) },
        lead_time_days,
        crosses_border: row.choice(findings, "E0125", "crosses_border", &flags).flatten(),
        provenance: provenance(row, findings),
        place: Some(row.span("from", findings)),
        material_place: Some(row.span("material", findings)),
        share_place: Some(row.span("share", findings)),
        border_place: Some(row.span("crosses_border", findings)),
    }
}

fn coefficient(row: Row<'_>, findings: &mut Findings) -> CoefficientRow {
    let id = row.text("id");
    if !id.split(':').all(is_kebab) || id.split(':').count() > 2 {
        row.error(
            findings,
            "E0111",
            "id",
            format!("`{id}` is not a valid id"),
            &["words joined by hyphens, or `ndpr-per-reo:` and the id of a mine".to_owned()],
        );
    }
    let value = row.needed_band(findings, "low", "central", "high");
    let (smallest, largest) = super::expand::coefficient_bounds(id);
    if value.low < smallest || value.high > largest {
        row.error(
            findings,
            "E0131",
            "central",
            format!("`{id}` ranges from {} to {}", value.low, value.high),
            &[format!("from {smallest} to {largest}")],
        );
    }
    let text = |column: &str| row.text(column).to_owned();
    CoefficientRow {
        id: id.to_owned(),
        stage: text("stage"),
        parameter: text("parameter"),
        input: text("input"),
        output: text("output"),
        value,
        unit: text("unit"),
        provenance: provenance(row, findings),
    }
}

fn project(row: Row<'_>, findings: &mut Findings) -> Project {
    Project {
        id: row.kebab(findings, "id"),
        name: row.word(findings, "project"),
        kind: row.word(findings, "type"),
        stage: row.text("stage").to_owned(),
        country: row.place(findings, "country", COUNTRY),
        owner: row.text("owner").to_owned(),
        capacity: row.needed_band(findings, "capacity_low", "capacity", "capacity_high"),
        unit: row.text("unit").to_owned(),
        start_year: year(row, "start_year", findings).unwrap_or_default(),
        provenance: provenance(row, findings),
    }
}

fn figure(row: Row<'_>, findings: &mut Findings) -> CountryFigure {
    CountryFigure {
        country: row.word(findings, "country"),
        metric: row.word(findings, "metric"),
        year: year(row, "year", findings).unwrap_or_default(),
        value: row.needed_band(findings, "low", "value", "high"),
        unit: row.text("unit").to_owned(),
        provenance: provenance(row, findings),
    }
}

fn lead_time(row: Row<'_>, findings: &mut Findings) -> Option<LeadTime> {
    let lane = match (row.text("from_region"), row.text("to_region")) {
        ("same-country", "same-country") => Some(Lane::SameCountry),
        ("same-region", "same-region") => Some(Lane::SameRegion),
        (from, to) => {
            let lane = Place::parse(from).zip(Place::parse(to)).map(|(from, to)| Lane::Between(from, to));
            if lane.is_none() {
                row.error(
                    findings,
                    "E0141",
                    "from_region",
                    format!("`{from}` to `{to}` is not a pair of regions"),
                    &["two region codes, or `same-country` or `same-region` in both columns".to_owned()],
                );
            }
            lane
        }
    };
    let mode = row.choice(findings, "E0141", "mode", &[("sea", Mode::Sea), ("road", Mode::Road)]);
    let days = row.needed_band(findings, "days_low", "days", "days_high");
    if days.high > 3650.0 {
        row.error(
            findings,
            "E0124",
            "days",
            "a lead time above ten years",
            &["days from door to door".to_owned()],
        );
    }
    Some(LeadTime { lane: lane?, mode: mode?, days, basis: row.text("basis").to_owned() })
}

fn recipe(row: Row<'_>, findings: &mut Findings) -> Recipe {
    let input = match row.text("input") {
        "" => None,
        input => Some((input.to_owned(), row.needed_band(findings, "amount_low", "amount", "amount_high"))),
    };
    Recipe {
        facility: row.word(findings, "facility"),
        product: row.word(findings, "product"),
        input,
        place: Some(row.span("facility", findings)),
    }
}
