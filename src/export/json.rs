//! `summary.json`: every metric with its unit, meaning, statistics and 95 % confidence intervals.
//!
//! Numbers that are not defined and open ends of intervals are `null`.

use serde::Serialize;

use crate::scenario::Scenario;
use crate::study::StudyResult;
use crate::summary::{Statistics, Summary};

/// What the file says it is.
pub const FORMAT: &str = "coercivity summary";
/// Version of the file's form.
pub const FORMAT_VERSION: u32 = 1;

/// The file.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SummaryFile {
    format: &'static str,
    format_version: u32,
    scenario: About,
    seed: u64,
    replications: u64,
    complete: bool,
    /// In the order of the design.
    metrics: Vec<MetricEntry>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
struct About {
    name: String,
    title: String,
    network: String,
    vintage: String,
    start: String,
    days: u32,
    step_days: u32,
}

/// Statistics of one metric.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MetricEntry {
    name: String,
    unit: String,
    meaning: String,
    /// Runs that have the metric, where not every run needs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<u64>,
    #[serde(flatten)]
    statistics: Figures,
}

/// Mean, spread and quantiles, each with its 95 % confidence interval where there is one.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Figures {
    mean: f64,
    mean_ci95: [f64; 2],
    sd: f64,
    min: f64,
    q05: f64,
    q25: f64,
    median: f64,
    q75: f64,
    q95: f64,
    max: f64,
    q05_ci95: [f64; 2],
    q25_ci95: [f64; 2],
    median_ci95: [f64; 2],
    q75_ci95: [f64; 2],
    q95_ci95: [f64; 2],
}

impl Figures {
    /// The mean and its 95 % confidence interval.
    #[must_use]
    pub fn mean(&self) -> (f64, [f64; 2]) {
        (self.mean, self.mean_ci95)
    }
}

impl From<&Statistics> for Figures {
    fn from(s: &Statistics) -> Self {
        Self {
            mean: s.mean,
            mean_ci95: s.mean_ci.into(),
            sd: s.sd,
            min: s.min,
            q05: s.q05,
            q25: s.q25,
            median: s.q50,
            q75: s.q75,
            q95: s.q95,
            max: s.max,
            q05_ci95: s.ci_q05.into(),
            q25_ci95: s.ci_q25.into(),
            median_ci95: s.ci_q50.into(),
            q75_ci95: s.ci_q75.into(),
            q95_ci95: s.ci_q95.into(),
        }
    }
}

/// One entry per metric of a summary.
#[must_use]
pub fn metrics(summary: &Summary) -> Vec<MetricEntry> {
    let entries = summary.design().metrics.iter().enumerate().map(|(i, metric)| {
        let statistics = summary.metric(i);
        MetricEntry {
            name: metric.name.clone(),
            unit: metric.unit.trim().to_owned(),
            meaning: metric.meaning.clone(),
            runs: metric.absent.map(|_| statistics.count),
            statistics: Figures::from(&statistics),
        }
    });
    entries.collect()
}

impl SummaryFile {
    /// Gathers what the file holds.
    #[must_use]
    pub fn new(scenario: &Scenario, result: &StudyResult) -> Self {
        Self {
            format: FORMAT,
            format_version: FORMAT_VERSION,
            scenario: About {
                name: scenario.name.clone(),
                title: scenario.title.clone(),
                network: scenario.network.clone(),
                vintage: scenario.vintage.clone(),
                start: iso_date(scenario.start),
                days: scenario.days,
                step_days: scenario.step_days,
            },
            seed: scenario.plan.seed,
            replications: result.replications_done,
            complete: result.complete,
            metrics: metrics(&result.summary),
        }
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        pretty(self)
    }
}

/// A day as `2025-04-04`.
#[must_use]
pub fn iso_date(day: i32) -> String {
    use jiff::ToSpan as _;
    let date = jiff::civil::date(1970, 1, 1).checked_add(i64::from(day).days());
    date.map_or_else(|_| format!("day {day}"), |date| date.to_string())
}

/// The day of a label such as `2025-04-04` or `2025-04`, in days since 1970-01-01.
#[must_use]
pub fn day_of(label: &str) -> Option<i32> {
    let whole = if label.len() == 7 { format!("{label}-01") } else { label.to_owned() };
    let date: jiff::civil::Date = whole.parse().ok()?;
    let days = date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).ok()?;
    Some(days.get_days())
}

/// JSON with line breaks and a final one. The values written here are records of numbers and texts, which
/// always have a JSON form.
pub fn pretty<T: Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_labels_agree() {
        for day in [0, 20_182, 20_454, -1] {
            assert_eq!(day_of(&iso_date(day)), Some(day));
        }
        assert_eq!(iso_date(20_182), "2025-04-04");
        assert_eq!(day_of("2025-04"), day_of("2025-04-01"));
        assert_eq!(day_of("2025-W14"), None);
    }
}
