//! National figures beside the network: mine output, reserves, trade anchors, vehicle output.

use super::facility::Provenance;
use super::line::Band;

/// One row of `production_by_country.csv`.
#[derive(Clone, PartialEq, Debug)]
pub struct CountryFigure {
    /// Country or region code, `WLD` for the world, or a group such as `TOP10`.
    pub country: String,
    /// What is counted, such as `mine_production`.
    pub metric: String,
    /// Year.
    pub year: i16,
    /// Value in `unit`.
    pub value: Band,
    /// Unit.
    pub unit: String,
    /// Where the row comes from.
    pub provenance: Provenance,
}
