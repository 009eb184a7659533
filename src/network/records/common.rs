//! What rows of several files have in common: provenance, years, places.

use crate::network::facility::{Confidence, Provenance};
use crate::network::findings::Findings;
use crate::network::table::Row;

/// Columns that say where a number comes from.
pub(super) const PROVENANCE: [&str; 5] = ["source_url", "publisher", "source_date", "confidence", "note"];

/// What a country's column may hold.
pub(super) const COUNTRY: &str =
    "ISO 3166-1 alpha-3, or `XRW` for the rest of the world and `XEU` for several European countries";

/// What a region's column may hold.
pub(super) const REGION: &str = "such as `CHN`, `NAM`, `EUR`, `JPN`, `KOR`, `IND`, `ASN`, `ROW`";

pub(super) fn provenance(row: Row<'_>, findings: &mut Findings) -> Provenance {
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

pub(super) fn year(row: Row<'_>, column: &str, findings: &mut Findings) -> Option<i16> {
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
