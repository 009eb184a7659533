//! What the stops of April to July tell of stocks and sourcing.
//!
//! Exports say how long the desk takes; they say nearly nothing of how much firms had in store, how unevenly, nor of
//! how soon others could bring what a supplier does not. The stops do. So these three numbers are calibrated
//! apart, after the desk and without touching it: for each set of desk numbers that the exports left, candidates are
//! weighted by how well they give the automakers whose stop was reported: how many, and that all of them had begun
//! by the last of the reported days. The desk hears nothing of the stops (a cut posterior: Plummer 2015, doi
//! 10.1007/s11222-014-9503-z).
//!
//! The record counts *reported* stops. How many were not reported nobody knows; that each had one chance in two of
//! being named is an assumption ([`REPORTED`]). Who stopped and for how long is not used, nor any stop after July:
//! they are there to judge the result.

use super::record::Record;
use super::stops::{Usage, days_after, mapping};
use crate::error::Error;

/// Probability that a stop is reported by name (an assumption).
pub const REPORTED: f64 = 0.5;

/// Least likelihood of a replication, so that candidates that explain nothing still have an order.
const LEAST: f64 = 1.0e-12;

/// Stops reported by name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Reported {
    /// Automakers.
    pub firms: u32,
    /// Day after the controls by which all of them had stopped.
    pub by: f64,
}

/// Stops that a replication has by the end of July.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stopped {
    /// Automakers.
    pub all: u32,
    /// Those that had stopped by the day of [`Reported::by`].
    pub early: u32,
}

impl Stopped {
    /// From the first days of stops after the controls; negative where there is none.
    #[must_use]
    pub fn of(first_days: &[f64], reported: &Reported) -> Self {
        let count = |last: f64| {
            let days = first_days.iter().filter(|day| (0.0..=last).contains(*day)).count();
            u32::try_from(days).unwrap_or(u32::MAX)
        };
        Self { all: count(f64::INFINITY), early: count(reported.by) }
    }
}

/// Automakers with a reported halt that began within the months of the fit.
///
/// # Errors
/// When the mapping of firms to facilities is damaged.
pub fn reported(record: &Record) -> Result<Reported, Error> {
    let last = f64::from(super::fit::FITTED[1].plus(1).first_day() - 1);
    let origin = f64::from(crate::export::json::day_of(super::stops::CONTROLS).unwrap_or(0));
    let mut found = Reported { firms: 0, by: 0.0 };
    for entry in mapping()?.iter().filter(|entry| entry.usage == Usage::Halt) {
        let own = record
            .halts
            .iter()
            .filter(|halt| halt.firm == entry.firm && halt.country == entry.country && halt.kind == "halt");
        let began = own.filter_map(|halt| days_after(&halt.start)).map(|(_, latest)| latest);
        if let Some(day) = began.reduce(f64::min).filter(|day| origin + day <= last) {
            found = Reported { firms: found.firms + 1, by: found.by.max(day) };
        }
    }
    Ok(found)
}

/// Logarithm of the mean over replications of the probability of what is reported, when each stop is named with
/// probability [`REPORTED`]: so many are named, none of them late.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn likelihood(reported: &Reported, replications: &[Stopped]) -> f64 {
    let firms = reported.firms;
    let of = |stopped: &Stopped| -> f64 {
        if stopped.early < firms {
            return 0.0;
        }
        let ways: f64 = (0..firms).map(|i| f64::from(stopped.early - i) / f64::from(firms - i)).product();
        ways * libm::pow(REPORTED, f64::from(firms))
            * libm::pow(1.0 - REPORTED, f64::from(stopped.all - firms))
    };
    let sum: f64 = replications.iter().map(of).sum();
    libm::log((sum / replications.len() as f64).max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_automakers_are_named() {
        let record = Record::embedded().expect("readable");
        let reported = |record: &Record| reported(record).expect("mapping");
        // Ford at some time in May, Suzuki on the 26th.
        assert_eq!(reported(&record), Reported { firms: 2, by: 57.0 });
        let mut later = record.clone();
        for halt in later.halts.iter_mut().filter(|halt| halt.firm == "Ford") {
            halt.start = "2025-08-01".to_owned();
        }
        assert_eq!(reported(&later), Reported { firms: 1, by: 52.0 }, "stops after July do not count");
    }

    #[test]
    fn the_likelihood_is_that_of_independent_reports() {
        let reported = Reported { firms: 2, by: 57.0 };
        let of = |all: u32, early: u32| libm::exp(likelihood(&reported, &[Stopped { all, early }]));
        assert!((of(2, 2) - 0.25).abs() < 1e-15);
        assert!((of(3, 3) - 0.375).abs() < 1e-15);
        assert!((of(3, 2) - 0.125).abs() < 1e-15, "the late one must be one that was not named");
        assert!((of(30, 30) - 435.0 / 1_073_741_824.0).abs() < 1e-15);
        assert!(of(9, 1) > 0.0 && of(9, 1) < 1e-11, "what explains nothing is merely unlikely");
        let two = [Stopped { all: 2, early: 2 }, Stopped { all: 3, early: 3 }];
        assert!(
            (libm::exp(likelihood(&reported, &two)) - 0.3125).abs() < 1e-15,
            "the mean over replications"
        );
        let days = [-1.0, 30.0, 57.0, 58.0, 110.0];
        assert_eq!(Stopped::of(&days, &reported), Stopped { all: 4, early: 2 });
    }
}
