//! Announced capacity, stockpiles, controls and price floors: rows of `policy_projects.csv`.

use super::facility::Provenance;
use super::line::Band;
use crate::id::Place;

/// One row of `policy_projects.csv`.
#[derive(Clone, PartialEq, Debug)]
pub struct Project {
    /// Kebab-case id, unique.
    pub id: String,
    /// Name for people (column `project`).
    pub name: String,
    /// Kind: `capacity`, `stockpile`, `substitution`, `export_control`…
    pub kind: String,
    /// Stage of the chain, or `policy`.
    pub stage: String,
    /// Country.
    pub country: Place,
    /// Owner.
    pub owner: String,
    /// Size in `unit`.
    pub capacity: Band,
    /// Unit.
    pub unit: String,
    /// Year it starts.
    pub start_year: i16,
    /// Where the row comes from.
    pub provenance: Provenance,
}
