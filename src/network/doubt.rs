//! What rows with mistakes leave in doubt.
//!
//! All problems are reported at once, so rules that join rows are checked although some rows are wrong. What
//! they would say of a facility, a coefficient or a lead time that is itself wrong may be the same mistake
//! once more: it is not said.

use std::collections::BTreeSet;

/// Everything that further complaints would say nothing new about.
#[derive(Default)]
pub(super) struct Doubt {
    /// Facilities with a mistake in their own row, or in that of a route or recipe of theirs.
    facilities: BTreeSet<String>,
    /// Whatever stands in rows of nodes.csv that could not be read: ids among it.
    unread: BTreeSet<String>,
    /// Coefficients whose value is not known.
    coefficients: BTreeSet<String>,
    /// Some coefficient's name is not known: any that is missing may be that one.
    pub names: bool,
    /// Some lead time is not known: any that is missing may be that one.
    pub lead_times: bool,
    /// Who sells what to whom is not known: rules that join rows say nothing true.
    pub structure: bool,
}

impl Doubt {
    /// A facility is in doubt.
    pub(super) fn facility(&mut self, id: &str) {
        self.facilities.insert(id.to_owned());
    }

    /// A row of nodes.csv that could not be read holds this cell.
    pub(super) fn unread(&mut self, cell: &str) {
        self.unread.insert(cell.to_owned());
    }

    /// A coefficient's value is in doubt.
    pub(super) fn coefficient(&mut self, id: &str) {
        self.coefficients.insert(id.to_owned());
    }

    /// A whole file is: by its position among the files of a network.
    pub(super) fn file(&mut self, index: usize) {
        match index {
            0 | 1 | 6 => self.structure = true,
            2 => self.names = true,
            5 => self.lead_times = true,
            // Projects and national figures join nothing.
            _ => {}
        }
    }

    /// Whether a facility is in doubt.
    pub(super) fn of_facility(&self, id: &str) -> bool {
        self.facilities.contains(id)
    }

    /// Whether a row of nodes.csv that could not be read may be that of this facility.
    pub(super) fn may_be(&self, id: &str) -> bool {
        self.unread.contains(id)
    }

    /// Whether a coefficient's value is in doubt.
    pub(super) fn of_coefficient(&self, id: &str) -> bool {
        self.coefficients.contains(id)
    }
}
