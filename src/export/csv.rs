//! `series.csv` and `outcomes.csv`.

use crate::summary::Summary;

/// Bands of all series in long form: one row per series and period.
///
/// Columns: `date` (label of the period), `group`, `series`, `unit`, `mean`, `q05`, `q25`, `median`,
/// `q75`, `q95`, `reference` (the value in calm; empty where there is none).
#[must_use]
pub fn series(summary: &Summary) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let head = ["date", "group", "series", "unit", "mean", "q05", "q25", "median", "q75", "q95", "reference"];
    // Writing to memory cannot fail.
    let _ = writer.write_record(head);
    for (i, series) in summary.design().series.iter().enumerate() {
        for (period, point) in summary.series(i).iter().enumerate() {
            let numbers = [point.mean, point.q05, point.q25, point.q50, point.q75, point.q95].map(number);
            let reference = series.reference.get(period).copied().map(number).unwrap_or_default();
            let texts = [point.date.as_str(), &series.group, &series.id, series.unit.trim()];
            let row = texts.into_iter().chain(numbers.iter().map(String::as_str)).chain([reference.as_str()]);
            let _ = writer.write_record(row);
        }
    }
    writer.into_inner().unwrap_or_default()
}

/// One row per replication in ascending order, one column per metric, after the column `replication`.
#[must_use]
pub fn outcomes(summary: &Summary) -> Vec<u8> {
    let metrics = &summary.design().metrics;
    let columns: Vec<Vec<f64>> = (0..metrics.len()).map(|i| summary.values(i)).collect();
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let head = std::iter::once("replication").chain(metrics.iter().map(|metric| metric.name.as_str()));
    let _ = writer.write_record(head);
    for (row, replication) in summary.replications().into_iter().enumerate() {
        let values = columns.iter().map(|column| column.get(row).copied().map(number).unwrap_or_default());
        let _ = writer.write_record(std::iter::once(replication.to_string()).chain(values));
    }
    writer.into_inner().unwrap_or_default()
}

/// The metrics of a summary as a table: one row per metric.
#[must_use]
pub fn metrics(summary: &Summary) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let head = [
        "metric",
        "unit",
        "runs",
        "mean",
        "mean_low",
        "mean_high",
        "sd",
        "q05",
        "q25",
        "median",
        "q75",
        "q95",
        "min",
        "max",
        "meaning",
    ];
    let _ = writer.write_record(head);
    for (i, metric) in summary.design().metrics.iter().enumerate() {
        let s = summary.metric(i);
        let numbers =
            [s.mean, s.mean_ci.0, s.mean_ci.1, s.sd, s.q05, s.q25, s.q50, s.q75, s.q95, s.min, s.max];
        let numbers = numbers.map(number);
        let count = s.count.to_string();
        let texts = [metric.name.as_str(), metric.unit.trim(), count.as_str()];
        let row =
            texts.into_iter().chain(numbers.iter().map(String::as_str)).chain([metric.meaning.as_str()]);
        let _ = writer.write_record(row);
    }
    writer.into_inner().unwrap_or_default()
}

/// The fewest digits that read back as the same number; empty when there is none.
fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}
