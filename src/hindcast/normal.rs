//! What would have been exported without controls, from what was known before April 2025.
//!
//! Normal exports of a month are those of the same month of 2024 (its season) times the growth of the
//! first quarter of 2025 on that of 2024 (19 %). How wrong such a normal may be is read off the record too:
//! the scatter of the yearly growth of single months before April 2025. Its part that is common to all months is
//! the standard error of a growth estimated from three months.
//!
//! The model has no season and draws its own growth, so what is taken from it is the *share of its own
//! calm level*: exports per day of a month ÷ exports per day from January to March of the same replication.
//! Growth so cancels in the model, and comes back once, from the record.

use std::collections::BTreeMap;

use serde::Serialize;

use super::WORLD;
use super::record::{Month, Record};
use crate::random::philox::{Entity, Purpose, Streams};
use crate::random::sample::Distribution;

const JANUARY_2024: Month = Month::new(2024, 1);
const JANUARY: Month = Month::new(2025, 1);
const MARCH: Month = Month::new(2025, 3);

/// Normal exports and how surely they are known.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Normal {
    /// First quarter of 2025 ÷ first quarter of 2024, all destinations.
    pub growth: f64,
    /// Relative standard error of `growth`.
    pub growth_error: f64,
    /// Relative scatter of a single month's growth.
    pub month_error: f64,
    /// Months before April 2025 whose growth is known.
    pub months_behind: usize,
    /// Tonnes of 2024, by destination and month of 2025.
    #[serde(skip)]
    base: BTreeMap<(String, Month), f64>,
}

impl Normal {
    /// Reads it off the record. Only rows before April 2025 decide growth and its errors; levels of 2024 by
    /// destination may come from growth rates published later, which say something of 2024 only.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn of(record: &Record) -> Self {
        let quarter = |first: Month| record.total(WORLD, first, first.plus(2));
        let growth = match (quarter(JANUARY), quarter(JANUARY_2024)) {
            (Some(now), Some(then)) if then > 0.0 => now / then,
            _ => 1.0,
        };
        let rates: Vec<f64> = JANUARY_2024
            .to(MARCH)
            .filter_map(|month| {
                let row = record.row(WORLD, month)?;
                let computed = || Some(row.tonnes? / record.exported(WORLD, month.plus(-12))?);
                row.yoy_pct.map(|pct| 1.0 + pct / 100.0).or_else(computed)
            })
            .collect();
        let count = rates.len() as f64;
        let mean = rates.iter().sum::<f64>() / count;
        let variance = rates.iter().map(|rate| (rate - mean) * (rate - mean)).sum::<f64>() / (count - 1.0);
        let scatter = if rates.len() > 1 { variance.sqrt() / growth } else { 0.0 };
        let mut base = BTreeMap::new();
        let last = Month::new(2025, 12);
        for destination in record.destinations(JANUARY_2024, last) {
            for month in JANUARY.to(last) {
                if let Some(tonnes) = year_before(record, &destination, month) {
                    base.insert((destination.clone(), month), tonnes);
                }
            }
        }
        Self {
            growth,
            growth_error: scatter / 3.0_f64.sqrt(),
            month_error: scatter,
            months_behind: rates.len(),
            base,
        }
    }

    /// Tonnes exported to a destination in the same month of 2024; where that is not published, its mean month of
    /// 2024.
    #[must_use]
    pub fn year_before(&self, destination: &str, month: Month) -> Option<f64> {
        self.base.get(&(destination.to_owned(), month)).copied()
    }

    /// Tonnes expected without controls.
    #[must_use]
    pub fn tonnes(&self, destination: &str, month: Month) -> Option<f64> {
        Some(self.year_before(destination, month)? * self.growth)
    }

    /// Factor on normal exports of a replication: errors of growth and of the month, drawn with mean 1.
    #[must_use]
    pub fn error(&self, streams: &Streams, destination: &str, month: Month) -> f64 {
        let draw = |cv: f64, uniform: f64| {
            if cv > 0.0 { Distribution::LogNormal { mean: 1.0, cv }.quantile(uniform) } else { 1.0 }
        };
        let step = u32::try_from(month.first_day()).unwrap_or(0);
        let growth = streams.uniform(Purpose::Growth, Entity::of("hindcast:normal"), 0, 0);
        let season =
            streams.uniform(Purpose::Season, Entity::of(&format!("hindcast:{destination}")), step, 0);
        draw(self.growth_error, growth) * draw(self.month_error, season)
    }
}

/// Level of 2024: the same month as published, or as the growth rate published a year later implies; else the
/// mean month of the longest total of 2024; else the mean of the months known.
#[allow(clippy::cast_precision_loss)]
fn year_before(record: &Record, destination: &str, month: Month) -> Option<f64> {
    let implied = |month: Month| {
        let row = record.row(destination, month)?;
        Some(row.tonnes? / (1.0 + row.yoy_pct? / 100.0))
    };
    let known = |month: Month| record.exported(destination, month.plus(-12)).or_else(|| implied(month));
    if let Some(tonnes) = known(month) {
        return Some(tonnes);
    }
    // Season is known of all destinations together only, so a mean month stands for an unknown one.
    let year = |months: i32| {
        record.total(destination, JANUARY_2024, JANUARY_2024.plus(months - 1)).map(|t| t / f64::from(months))
    };
    let half = || {
        let row = record.totals.iter().find(|row| {
            row.product == "magnets"
                && row.destination == destination
                && row.period_start == JANUARY
                && row.period_end == JANUARY.plus(5)
        })?;
        Some(row.tonnes? / (1.0 + row.yoy_pct? / 100.0) / 6.0)
    };
    year(12).or_else(half).or_else(|| {
        let all: Vec<f64> = JANUARY.to(JANUARY.plus(11)).filter_map(known).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_is_that_of_the_published_growth() {
        let record = Record::embedded().expect("readable");
        let normal = Normal::of(&record);
        assert!((normal.growth - 15_267.0 / 12_797.0).abs() < 1e-12);
        // Growth of the months before April 2025: 11, 26, 21, 28 and 6.7 %.
        assert_eq!(normal.months_behind, 5);
        assert!((normal.month_error - 0.076).abs() < 0.003, "{}", normal.month_error);
        let share = |month: i32| {
            let month = Month::new(2025, month);
            record.exported(WORLD, month).expect("known") / normal.tonnes(WORLD, month).expect("known")
        };
        let shares: Vec<f64> = (4..=11).map(|month| (share(month) * 100.0).round() / 100.0).collect();
        assert_eq!(shares, [0.46, 0.22, 0.52, 0.89, 0.97, 0.98, 0.97, 1.08]);
    }

    #[test]
    fn levels_of_destinations_come_from_what_is_known_best() {
        let record = Record::embedded().expect("readable");
        let normal = Normal::of(&record);
        let level = |destination: &str, month: i32| {
            normal.year_before(destination, Month::new(2025, month)).expect("some level")
        };
        assert_eq!(level("USA", 5), 689.0, "published");
        assert!((level("DEU", 7) - 1116.0 / 0.97).abs() < 1e-9, "implied by the growth rate of 2025");
        assert!((level("USA", 4) - 7443.0 / 12.0).abs() < 1e-9, "mean month of the year");
        assert!((level("EU", 6) - 8360.0 / (1.0 - 0.224) / 6.0).abs() < 1e-9, "mean month of the half year");
        assert!(normal.tonnes("ZZZ", JANUARY).is_none());
    }

    #[test]
    fn errors_have_mean_one_and_the_stated_spread() {
        let normal = Normal::of(&Record::embedded().expect("readable"));
        let month = Month::new(2025, 8);
        let draws: Vec<f64> = (0..4000).map(|r| normal.error(&Streams::new(1, r), WORLD, month)).collect();
        let mean = draws.iter().sum::<f64>() / 4000.0;
        let sd = (draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 4000.0).sqrt();
        let stated = (normal.growth_error.powi(2) + normal.month_error.powi(2)).sqrt();
        assert!((mean - 1.0).abs() < 0.006 && (sd - stated).abs() < 0.006, "{mean} {sd} {stated}");
        assert_eq!(draws[7], normal.error(&Streams::new(1, 7), WORLD, month));
    }
}
