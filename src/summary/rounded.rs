//! Outcomes rounded to integers: what several replications gave, ready to be counted.

use super::fixed::to_fixed;
use super::{Design, NotFinite, Outcome};
use crate::machine::{Work, on_widest};

/// Several outcomes as integer multiples of the quanta of a design. Workers make these side by side; to count them is
/// all that is left for one at a time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rounded {
    /// Indices of the replications.
    pub(super) replications: Vec<u64>,
    /// Metrics, outcome by outcome.
    pub(super) rows: Vec<i64>,
    /// Numbers of the series, cell by cell and in a cell outcome by outcome: there are thousands of cells, and each is
    /// looked for once.
    pub(super) cells: Vec<i64>,
    /// Metrics and cells of the design.
    pub(super) of: (usize, usize),
}

impl Rounded {
    /// Rounds outcomes of a design.
    ///
    /// # Errors
    /// The first replication with a number that cannot be counted, and which number that is.
    pub fn of(design: &Design, outcomes: &[Outcome]) -> Result<Self, (u64, NotFinite)> {
        let mut rounded = Self { of: (design.metrics.len(), design.cells()), ..Self::default() };
        let mut well = true;
        // Rounding is one instruction where the machine has it, and a call where programs must do without.
        on_widest(usize::MAX, Round { design, outcomes, rounded: &mut rounded, well: &mut well });
        if well {
            return Ok(rounded);
        }
        let refused =
            outcomes.iter().find_map(|outcome| Some((outcome.replication, problem(design, outcome)?)));
        // Something was refused: if not a number, then that there is none at all.
        let none = || (0, NotFinite { metric: "an outcome".to_owned(), value: f64::NAN });
        Err(refused.unwrap_or_else(none))
    }
}

struct Round<'a> {
    design: &'a Design,
    outcomes: &'a [Outcome],
    rounded: &'a mut Rounded,
    well: &'a mut bool,
}

impl Work for Round<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { design, outcomes, rounded, well } = self;
        let (count, cells) = (outcomes.len(), design.cells());
        *well =
            outcomes.iter().all(|own| own.metrics.len() == design.metrics.len() && own.series.len() == cells);
        if !*well {
            return;
        }
        rounded.replications.extend(outcomes.iter().map(|outcome| outcome.replication));
        rounded.rows.reserve(count * design.metrics.len());
        for outcome in outcomes {
            for (metric, value) in design.metrics.iter().zip(&outcome.metrics) {
                let fixed = to_fixed(*value, metric.quantum);
                *well &= fixed.is_some();
                rounded.rows.push(fixed.unwrap_or(0));
            }
        }
        rounded.cells.resize(cells * count, 0);
        for (k, outcome) in outcomes.iter().enumerate() {
            let mut own = rounded.cells.iter_mut().skip(k).step_by(count);
            let mut values = outcome.series.iter();
            for series in &design.series {
                for (value, cell) in values.by_ref().take(series.dates.len()).zip(own.by_ref()) {
                    let fixed = to_fixed(*value, series.quantum);
                    *well &= fixed.is_some();
                    *cell = fixed.unwrap_or(0);
                }
            }
        }
    }
}

/// What is wrong with an outcome, if anything is.
fn problem(design: &Design, outcome: &Outcome) -> Option<NotFinite> {
    for (got, expected) in [(&outcome.metrics, design.metrics.len()), (&outcome.series, design.cells())] {
        if let Some(&value) = got.get(expected) {
            return Some(NotFinite { metric: "a number the design does not name".to_owned(), value });
        }
    }
    for (i, metric) in design.metrics.iter().enumerate() {
        let value = outcome.metrics.get(i).copied().unwrap_or(f64::NAN);
        if to_fixed(value, metric.quantum).is_none() {
            return Some(NotFinite { metric: metric.name.clone(), value });
        }
    }
    let mut values = outcome.series.iter().copied();
    for series in &design.series {
        for date in &series.dates {
            let value = values.next().unwrap_or(f64::NAN);
            if to_fixed(value, series.quantum).is_none() {
                return Some(NotFinite { metric: format!("{} of {date}", series.id), value });
            }
        }
    }
    None
}
