//! A route between facilities: one row of `edges.csv`.

use super::facility::Provenance;
use super::line::Band;
use crate::diagnostic::Span;

/// One supplier's share of one buyer's use of one material.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    /// Material carried, as the data spell it.
    pub material: String,
    /// Share of the buyer's use of the material.
    pub share: Band,
    /// Days from order to door as the data have them; `None` where the data are silent.
    pub lead_time_days: Option<Band>,
    /// Whether supplier and buyer are in different countries, as the row says (`None`: it does not).
    pub crosses_border: Option<bool>,
    /// Where the row comes from.
    pub provenance: Provenance,
    /// Where the row stands, for messages.
    pub(super) place: Option<Span>,
    /// Its material.
    pub(super) material_place: Option<Span>,
    /// Its share.
    pub(super) share_place: Option<Span>,
    /// Its border flag.
    pub(super) border_place: Option<Span>,
}
