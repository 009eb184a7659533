//! Who stopped: named firms of the record against the automakers of the model.

use serde::{Deserialize, Serialize};

use super::ensemble::Ensemble;
use super::record::{Month, Record, rows};
use super::score::quantile;
use crate::error::Error;
use crate::export::json::day_of;
use crate::random::special::normal_quantile;
use crate::summary::interval::{Probability, probability};

/// First day of the controls; days of stops are counted from here.
pub const CONTROLS: &str = "2025-04-04";
/// Last day of the window in which a stop counts: reports end with September 2025.
const LAST_DAY: &str = "2025-09-30";

/// What became of a firm of the record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Usage {
    /// Reported a halt.
    #[serde(rename = "halt")]
    Halt,
    /// Reported a cut.
    #[serde(rename = "cut")]
    Cut,
    /// Reported that nothing happened.
    #[serde(rename = "control")]
    Control,
    /// No facility of the model stands for it.
    #[serde(rename = "left out")]
    LeftOut,
}

/// Which facility of the model stands for a firm of `halts.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mapping {
    /// Firm as in `halts.csv`.
    pub firm: String,
    /// Country as in `halts.csv`.
    pub country: String,
    /// Facility id; empty when left out.
    pub facility: String,
    /// What became of it.
    #[serde(rename = "use")]
    pub usage: Usage,
    /// Why so.
    pub why: String,
}

/// The mapping inside the program.
///
/// # Errors
/// When the file is damaged; a test reads it.
pub fn mapping() -> Result<Vec<Mapping>, Error> {
    rows("<embedded>/hindcast/firms.csv", include_str!("../../scenarios/hindcast/firms.csv"))
}

/// One firm, record against model.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FirmStop {
    /// Firm.
    pub firm: String,
    /// Facility that stands for it.
    pub facility: String,
    /// What became of it.
    pub usage: Usage,
    /// Days from the controls to the reported onset: earliest and latest, as precisely as reported.
    pub onset: Option<(f64, f64)>,
    /// Reported length of the longest halt, days.
    pub length: Option<f64>,
    /// Probability that the facility stops between 4 April and 30 September 2025.
    pub stops: Probability,
    /// Days from the controls to its first stop where it stops: 10 %, median, 90 %.
    pub first_stop: Option<[f64; 3]>,
    /// Median days stopped until the end of the run, where it stops.
    pub stop_days: Option<f64>,
}

/// How well the model tells firms that stopped from those that did not.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Discrimination {
    /// Firms that stopped.
    pub stopped: usize,
    /// Controls.
    pub controls: usize,
    /// Area under the receiver operating characteristic: probability that a firm that stopped has the higher
    /// probability of a stop.
    pub area: f64,
    /// 95 % interval.
    pub interval: (f64, f64),
}

/// Stops of named firms.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Stops {
    /// Firms with a facility of their own.
    pub firms: Vec<FirmStop>,
    /// Halts against controls.
    pub halts: Discrimination,
    /// Halts and cuts against controls.
    pub halts_and_cuts: Discrimination,
    /// Probability that the first stop of any automaker falls between day 35 and day 70.
    pub first_between: Probability,
    /// Days from the controls to the first stop of any automaker: 10 %, median, 90 % of runs with one.
    pub first_stop: [f64; 3],
    /// Automakers of the model.
    pub makers: usize,
    /// Automakers that stop between 4 April and 30 September: 10 %, median, 90 % of runs.
    pub stopped: [f64; 3],
    /// Mean days that these are stopped until the end of the run: 10 %, median, 90 % of runs with one.
    pub mean_days: [f64; 3],
    /// Firms whose car plants were reported to have halted, of those that a facility stands for.
    pub reported: usize,
    /// Mean of their longest reported halts, days.
    pub reported_days: f64,
}

/// Day of a text such as `2025-05-26` or `2025-05`, counted from the controls: earliest and latest.
pub(crate) fn days_after(text: &str) -> Option<(f64, f64)> {
    let origin = day_of(CONTROLS)?;
    if text.len() == 7 {
        let month = Month::parse(text)?;
        let first = f64::from(month.first_day() - origin);
        return Some((first.max(0.0), first + month.days() - 1.0));
    }
    let day = f64::from(day_of(text)? - origin);
    Some((day, day))
}

impl Stops {
    /// Compares.
    ///
    /// # Errors
    /// When the mapping is damaged.
    pub fn of(record: &Record, ensemble: &Ensemble) -> Result<Self, Error> {
        let window = days_after(LAST_DAY).map_or(f64::INFINITY, |days| days.1);
        let runs = ensemble.members.len() as u64;
        let mut firms = Vec::new();
        for entry in mapping()? {
            let Some(maker) = ensemble.frame.makers.iter().position(|id| *id == entry.facility) else {
                continue;
            };
            let firsts: Vec<f64> = ensemble
                .members
                .iter()
                .map(|m| m.first_stops[maker])
                .filter(|day| (0.0..=window).contains(day))
                .collect();
            let lengths: Vec<f64> = ensemble
                .members
                .iter()
                .filter(|m| (0.0..=window).contains(&m.first_stops[maker]))
                .map(|m| m.stop_days[maker])
                .collect();
            let own = || {
                record
                    .halts
                    .iter()
                    .filter(|h| h.firm == entry.firm && h.country == entry.country && h.kind != "no_halt")
            };
            let onset = own().filter_map(|halt| days_after(&halt.start)).min_by(|a, b| a.1.total_cmp(&b.1));
            let any = !firsts.is_empty();
            firms.push(FirmStop {
                onset: if entry.usage == Usage::Control { None } else { onset },
                length: own().filter_map(|halt| halt.duration_days).reduce(f64::max),
                stops: probability(firsts.len() as u64, runs),
                first_stop: any.then(|| [0.1, 0.5, 0.9].map(|p| quantile(&firsts, p))),
                stop_days: any.then(|| quantile(&lengths, 0.5)),
                firm: entry.firm,
                facility: entry.facility,
                usage: entry.usage,
            });
        }
        let scores = |wanted: &[Usage]| -> Vec<f64> {
            firms.iter().filter(|firm| wanted.contains(&firm.usage)).map(|firm| firm.stops.estimate).collect()
        };
        let controls = scores(&[Usage::Control]);
        let halts = discrimination(&scores(&[Usage::Halt]), &controls);
        let halts_and_cuts = discrimination(&scores(&[Usage::Halt, Usage::Cut]), &controls);
        let inside = |day: &f64| (0.0..=window).contains(day);
        let (mut stopped, mut mean_days) = (Vec::new(), Vec::new());
        for member in &ensemble.members {
            let days = member.first_stops.iter().zip(&member.stop_days).filter(|(first, _)| inside(first));
            let (count, sum) = days.fold((0.0, 0.0), |(count, sum), (_, days)| (count + 1.0, sum + days));
            stopped.push(count);
            if count > 0.0 {
                mean_days.push(sum / count);
            }
        }
        let lengths: Vec<f64> =
            firms.iter().filter(|f| f.usage == Usage::Halt).filter_map(|f| f.length).collect();
        let first = ensemble.first_stops();
        let between = first.iter().filter(|day| (35.0..=70.0).contains(*day)).count() as u64;
        Ok(Self {
            firms,
            halts,
            halts_and_cuts,
            first_between: probability(between, runs),
            first_stop: [0.1, 0.5, 0.9].map(|p| quantile(&first, p)),
            makers: ensemble.frame.makers.len(),
            stopped: [0.1, 0.5, 0.9].map(|p| quantile(&stopped, p)),
            mean_days: [0.1, 0.5, 0.9].map(|p| quantile(&mean_days, p)),
            reported: lengths.len(),
            reported_days: mean(&lengths),
        })
    }
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { f64::NAN } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Area under the curve by counting pairs (ties half), with Newcombe's interval from the variance of the
/// exponential model, which holds at areas of 0 and 1 too.
///
/// Newcombe 2006, doi 10.1002/sim.2324 (method 5).
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn discrimination(stopped: &[f64], controls: &[f64]) -> Discrimination {
    let (m, n) = (stopped.len() as f64, controls.len() as f64);
    let wins = |a: f64, b: f64| {
        if a > b {
            1.0
        } else if a < b {
            0.0
        } else {
            0.5
        }
    };
    let sum: f64 = stopped.iter().map(|a| controls.iter().map(|b| wins(*a, *b)).sum::<f64>()).sum();
    let area = sum / (m * n);
    let spare = 0.5 * (m + n) - 1.0;
    let variance =
        |t: f64| t * (1.0 - t) * (1.0 + spare * (1.0 - t) / (2.0 - t) + spare * t / (1.0 + t)) / (m * n);
    let z = normal_quantile(0.975);
    // The ends are the areas that are just z standard errors away.
    let end = |mut inside: f64, mut outside: f64| {
        if !area.is_finite() {
            return outside;
        }
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if (middle - area).abs() <= z * variance(middle).sqrt() {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        inside
    };
    Discrimination {
        stopped: stopped.len(),
        controls: controls.len(),
        area,
        interval: (end(area, 0.0), end(area, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn every_firm_of_the_record_is_mapped_or_left_out_with_a_reason() {
        let record = Record::embedded().expect("readable");
        let mapping = mapping().expect("readable");
        for halt in &record.halts {
            let found = mapping.iter().filter(|m| m.firm == halt.firm && m.country == halt.country).count();
            assert_eq!(found, 1, "{} in {}", halt.firm, halt.country);
        }
        let network = Network::embedded("world-2024").expect("shipped");
        let lines = network.lines().expect("lines");
        for entry in &mapping {
            assert!(!entry.why.is_empty());
            assert_eq!(entry.facility.is_empty(), entry.usage == Usage::LeftOut, "{}", entry.firm);
            let known = lines.sites.iter().any(|site| site.id == entry.facility);
            assert!(entry.facility.is_empty() || known, "{}", entry.facility);
            assert!(
                record.halts.iter().any(|halt| halt.firm == entry.firm),
                "{} is in the record",
                entry.firm
            );
        }
    }

    #[test]
    fn areas_and_their_intervals() {
        let perfect = discrimination(&[0.9, 0.8], &[0.1, 0.2, 0.3]);
        assert_eq!(perfect.area, 1.0);
        assert!(perfect.interval.0 > 0.2 && perfect.interval.0 < 0.7 && perfect.interval.1 > 0.999);
        let none = discrimination(&[0.5, 0.5], &[0.5, 0.5]);
        assert_eq!(none.area, 0.5);
        assert!((none.interval.0 - (1.0 - none.interval.1)).abs() < 1e-9, "symmetric");
        let many: Vec<f64> = (0..200).map(f64::from).collect();
        let shifted: Vec<f64> = many.iter().map(|x| x - 40.5).collect();
        let wide = discrimination(&many[..20], &shifted[..20]);
        let narrow = discrimination(&many, &shifted);
        assert!(narrow.interval.1 - narrow.interval.0 < 0.12);
        assert!(wide.interval.1 - wide.interval.0 > 0.0);
        assert!(narrow.interval.0 < narrow.area && narrow.area < narrow.interval.1);
    }

    #[test]
    fn onsets_are_as_precise_as_reported() {
        assert_eq!(days_after("2025-05-26"), Some((52.0, 52.0)));
        assert_eq!(days_after("2025-05"), Some((27.0, 57.0)));
        assert_eq!(days_after("2025-04"), Some((0.0, 26.0)));
        assert_eq!(days_after("soon"), None);
    }
}
