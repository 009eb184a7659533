//! Days from door to door by pair of regions (`lead_times.csv`).

use super::facility::Facility;
use super::line::Band;
use crate::id::Place;
use std::collections::BTreeMap;

/// How goods move between two regions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// By sea, with a share by air where the goods are light.
    Sea,
    /// By road or rail.
    Road,
}

/// Which regions a row of the table joins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Lane {
    /// Facilities of one country.
    SameCountry,
    /// Facilities of one region in different countries.
    SameRegion,
    /// Two regions, in both directions.
    Between(Place, Place),
}

/// One row of `lead_times.csv`.
#[derive(Clone, PartialEq, Debug)]
pub struct LeadTime {
    /// The regions.
    pub lane: Lane,
    /// How goods move.
    pub mode: Mode,
    /// Days from door to door.
    pub days: Band,
    /// Source, or `(A)` and the assumption.
    pub basis: String,
}

/// Which lead times the lines get.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LeadTimes {
    /// Door to door by regions, and the routes' own where the table is silent.
    #[default]
    Table,
    /// The routes' own, from order to door.
    Data,
}

/// Codes that stand for several countries: two facilities of one code are not in one country.
fn is_collective(country: Place) -> bool {
    matches!(country.as_str(), "XRW" | "XEU")
}

/// The rows of a table by the regions they join; of two rows for one pair the first holds.
pub(super) struct LaneIndex<'a>(BTreeMap<Lane, &'a LeadTime>);

impl<'a> LaneIndex<'a> {
    pub(super) fn new(table: &'a [LeadTime]) -> Self {
        let mut index = BTreeMap::new();
        for row in table {
            index.entry(row.lane).or_insert(row);
        }
        Self(index)
    }

    /// The row that fits best: one country, then the pair of regions in this direction, in the other, then
    /// one region.
    pub(super) fn find(&self, from: &Facility, to: &Facility) -> Option<&'a LeadTime> {
        let find = |lane: Lane| self.0.get(&lane).copied();
        if from.country == to.country && !is_collective(from.country) {
            return find(Lane::SameCountry);
        }
        find(Lane::Between(from.region, to.region))
            .or_else(|| find(Lane::Between(to.region, from.region)))
            .or_else(|| if from.region == to.region { find(Lane::SameRegion) } else { None })
    }
}
