//! Rows of the other files, one function per file.

use super::common::{COUNTRY, provenance, year};
use crate::id::Place;
use crate::network::country::CountryFigure;
use crate::network::findings::Findings;
use crate::network::line::{Band, Criticality};
use crate::network::material::{CoefficientRow, Recipe};
use crate::network::project::Project;
use crate::network::route::Route;
use crate::network::table::{Row, is_kebab};
use crate::network::transit::{Lane, LeadTime, Mode};

pub(super) fn route(row: Row<'_>, findings: &mut Findings) -> Route {
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

/// The unit in which the built-in chain reads a coefficient; none for those it does not read.
fn coefficient_unit(id: &str) -> Option<&'static str> {
    let name = id.split(':').next().unwrap_or(id);
    match name {
        "bev-kg" | "phev-kg" | "hev-kg" | "e2w-kg" => Some("kg/vehicle"),
        _ if name.starts_with("aux-kg-") => Some("kg/vehicle"),
        "ndpr-magnet-hre" | "ndpr-magnet-lre" | "dytb-magnet-hre" | "dytb-magnet-lre" => Some("kg/t"),
        "pm-share-world" | "hre-traction" | "hre-aux" | "yield-magnet-net" | "yield-metal" => {
            Some("fraction")
        }
        "ndpr-oxide-per-metal" | "dytb-oxide-per-metal" | "ndpr-per-reo" | "dytb-per-reo" => Some("t/t"),
        "dytb-oxide-nonmagnet" => Some("t/yr"),
        "price-ndpr-2024" | "price-dy-2024" | "price-tb-2024" => Some("USD/kg"),
        _ => None,
    }
}

pub(super) fn coefficient(row: Row<'_>, findings: &mut Findings) -> CoefficientRow {
    let id = row.text("id");
    if !id.split(':').all(is_kebab) || id.split(':').count() > 2 {
        row.error(
            findings,
            "E0111",
            "id",
            format!("`{id}` is not a valid id"),
            &["words joined by hyphens, or `ndpr-per-reo:` and the id of a mine".to_owned()],
        );
        findings.doubt.names = true;
    }
    let value = row.needed_band(findings, "low", "central", "high");
    let (smallest, largest) = crate::network::expand::coefficient_bounds(id);
    if value.low < smallest || value.high > largest {
        row.error(
            findings,
            "E0131",
            "central",
            format!("`{id}` ranges from {} to {}", value.low, value.high),
            &[format!("from {smallest} to {largest}")],
        );
    }
    let (unit, expected) = (row.text("unit"), coefficient_unit(id));
    if let Some(expected) = expected.filter(|expected| !unit.is_empty() && unit != *expected) {
        row.error(
            findings,
            "E0146",
            "unit",
            format!("`{id}` is given in `{unit}`"),
            &[format!("numbers are read as {expected}: convert them, or leave the cell empty")],
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
        place: Some(row.span("id", findings)),
    }
}

pub(super) fn project(row: Row<'_>, findings: &mut Findings) -> Project {
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

pub(super) fn figure(row: Row<'_>, findings: &mut Findings) -> CountryFigure {
    CountryFigure {
        country: row.word(findings, "country"),
        metric: row.word(findings, "metric"),
        year: year(row, "year", findings).unwrap_or_default(),
        value: row.needed_band(findings, "low", "value", "high"),
        unit: row.text("unit").to_owned(),
        provenance: provenance(row, findings),
    }
}

pub(super) fn lead_time(row: Row<'_>, findings: &mut Findings) -> Option<LeadTime> {
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

pub(super) fn recipe(row: Row<'_>, findings: &mut Findings) -> Recipe {
    let input = match row.text("input") {
        "" => None,
        input => Some((input.to_owned(), row.needed_band(findings, "amount_low", "amount", "amount_high"))),
    };
    Recipe {
        facility: row.word(findings, "facility"),
        product: row.word(findings, "product"),
        criticality: criticality(row, findings),
        input,
        place: Some(row.span("facility", findings)),
    }
}

/// How much a product needs an input: essential unless the row says otherwise. A cost share belongs to what is not
/// essential, and to nothing else.
fn criticality(row: Row<'_>, findings: &mut Findings) -> Criticality {
    let share = row.share(findings, "cost_share", "E0144");
    let words = [
        ("", Criticality::Essential),
        ("essential", Criticality::Essential),
        ("non-essential", Criticality::NonEssential { cost_share: share.unwrap_or(0.0) }),
        ("negligible", Criticality::Negligible),
    ];
    let found = row.choice(findings, "E0144", "criticality", &words).unwrap_or(Criticality::Essential);
    let needs_one = matches!(found, Criticality::NonEssential { .. });
    if needs_one && row.text("cost_share").is_empty() {
        row.error(
            findings,
            "E0144",
            "cost_share",
            "a non-essential input needs its share of what all inputs of the product cost",
            &["0 to 1: a shortage of the input lowers output by that share of it".to_owned()],
        );
    } else if !needs_one && !row.text("cost_share").is_empty() {
        row.error(
            findings,
            "E0144",
            "cost_share",
            "only a non-essential input has a cost share",
            &["write `non-essential` under `criticality`, or leave the cell empty".to_owned()],
        );
    }
    found
}
