//! Raw rows to validated types, all files together.

mod common;
mod nodes;
mod others;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};

use self::common::PROVENANCE;
use self::nodes::facility;
use self::others::{coefficient, figure, lead_time, project, recipe, route};
use super::Network;
use super::facility::Facility;
use super::findings::Findings;
use super::load::File;
use super::material::Recipe;
use super::route::Route;
use super::table::{Row, Table};
use super::transit::LeadTime;
use crate::diagnostic::Diagnostic;

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
        _ => (
            &["facility", "product", "input", "amount"],
            &["amount_low", "amount_high", "criticality", "cost_share"],
        ),
    }
}

/// All files as one network; every mistake is recorded, replaced by something harmless, and what it leaves in
/// doubt is noted.
pub(super) fn read(name: &str, files: &[File], findings: &mut Findings) -> Network {
    let tables: Vec<Option<Table>> = files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let (required, optional) = columns(index);
            let optional: Vec<&str> =
                optional.iter().chain(if index < 5 { &PROVENANCE[..] } else { &[] }).copied().collect();
            let table = file
                .text
                .as_deref()
                .and_then(|text| Table::parse(&file.name, text, required, &optional, findings));
            // The first two files must be there; of the others, those that are must be readable.
            if table.is_none() && (index < 2 || file.text.is_some()) {
                findings.doubt.file(index);
            }
            let table = table?;
            for cell in table.ragged_cells() {
                match index {
                    0 => findings.doubt.unread(cell),
                    1 | 6 => findings.doubt.facility(cell),
                    _ => findings.doubt.file(index),
                }
            }
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

    let mut recipes: Vec<Recipe> = Vec::new();
    for row in rows(6) {
        let (read, wrong) = watched(row, findings, recipe);
        if wrong {
            findings.doubt.facility(&read.facility);
        }
        recipes.push(read);
    }
    let own: BTreeSet<&str> = recipes.iter().map(|r| r.facility.as_str()).collect();
    let mut graph: DiGraph<Facility, Route> = DiGraph::new();
    let mut index: BTreeMap<String, NodeIndex<u32>> = BTreeMap::new();
    for row in rows(0) {
        let (facility, wrong) = watched(row, findings, |row, findings| facility(row, &own, findings));
        if wrong || index.contains_key(&facility.id) {
            findings.doubt.facility(&facility.id);
        }
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
        let (route, wrong) = watched(row, findings, route);
        if wrong {
            findings.doubt.facility(row.text("from"));
            findings.doubt.facility(row.text("to"));
        }
        // Without a table of facilities every end would be unknown, which is not the route's fault.
        if tables[0].is_none() {
            continue;
        }
        match (end(row, "from", &index, findings), end(row, "to", &index, findings)) {
            (Some(from), Some(to)) => {
                graph.add_edge(from, to, route);
            }
            // What this route was to bring or take is not known: no further complaint about its other end.
            (Some(known), None) | (None, Some(known)) => {
                graph[known].sound = false;
                findings.doubt.facility(&graph[known].id);
            }
            (None, None) => {}
        }
    }
    // What a row with too few or too many cells was to bring or take is not known.
    for table in [&tables[1], &tables[6]].into_iter().flatten() {
        for node in table.ragged_cells().filter_map(|cell| index.get(cell)) {
            graph[*node].sound = false;
        }
    }
    let coefficients = unique(
        rows(2),
        |row, findings| {
            let (read, wrong) = watched(row, findings, coefficient);
            if wrong {
                findings.doubt.coefficient(&read.id);
            }
            read
        },
        |c| &c.id,
        findings,
    );
    // A name used twice is probably another one mistyped.
    findings.doubt.names |= rows(2).count() > coefficients.len();
    let lead_times = rows(5).filter_map(|row| {
        let (read, wrong) = watched(row, findings, lead_time);
        findings.doubt.lead_times |= wrong;
        read
    });
    let lead_times: Vec<LeadTime> = lead_times.collect();
    Network {
        name: name.to_owned(),
        graph,
        coefficients,
        projects: unique(rows(3), |row, findings| project(row, findings), |p| &p.id, findings),
        countries: rows(4).map(|row| figure(row, findings)).collect(),
        lead_times,
        recipes,
    }
}

/// What a row says, and whether anything is wrong with it.
fn watched<'a, T>(
    row: Row<'a>,
    findings: &mut Findings,
    read: impl FnOnce(Row<'a>, &mut Findings) -> T,
) -> (T, bool) {
    let before = findings.errors();
    let said = read(row, findings);
    (said, findings.errors() > before)
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
    if findings.doubt.may_be(id) {
        return None;
    }
    let mut help = vec!["an `id` of nodes.csv".to_owned()];
    if let Some(near) = findings.nearest(id, index.keys().map(String::as_str)) {
        help.push(format!("did you mean `{near}`?"));
    }
    row.error(findings, "E0119", column, format!("there is no facility `{id}`"), &help);
    None
}
