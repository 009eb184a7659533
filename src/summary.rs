//! Exact, mergeable statistics of replications.
//!
//! Every outcome is rounded once to an integer multiple of its quantum. From there on everything is
//! integers: kept values, sums, counts. Merging is adding integers, so any order of merging and any
//! number of workers gives the same bytes; a test shuffles to check.
//!
//! Scalars ([`Metric`]) are kept whole, 8 bytes each, so their order statistics are exact; 10⁷
//! replications of one metric take 80 MB. Time series ([`Series`]) are kept as exact sums, exact
//! extremes and integer histograms whose error [`quantile`] states.

pub mod bytes;
pub mod fixed;
pub mod interval;
pub mod quantile;
pub mod risk;
mod rounded;

use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use interval::{Statistics, converged, paired};
pub use rounded::Rounded;

use bytes::Writer;
use fixed::to_fixed;
use quantile::Cell;

/// Cells ahead of the one that is counted in whose bins are asked for.
const AHEAD: usize = 8;

/// One number per replication.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Metric {
    /// Name used in tables and files.
    pub name: String,
    /// Unit, as written behind a number.
    pub unit: &'static str,
    /// Value of one integer step, in `unit`; values are rounded to multiples of it.
    pub quantum: f64,
    /// One sentence for people.
    pub meaning: String,
    /// For a metric that not every replication has (the day of a stop, where there is one): the value that
    /// stands for "it did not happen". Statistics are of the others.
    pub absent: Option<f64>,
}

/// One number per replication and period.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Series {
    /// Name used in tables and files.
    pub id: String,
    /// Series that belong in one picture share a group.
    pub group: String,
    /// Unit, as written behind a number.
    pub unit: &'static str,
    /// Label of each period.
    pub dates: Vec<String>,
    /// Value in calm, one per period, in `unit`. The histogram's bins are fractions of it; where it is
    /// missing or below one quantum, they are multiples of `quantum`.
    pub reference: Vec<f64>,
    /// Value of one integer step, in `unit`.
    pub quantum: f64,
}

/// What a [`Summary`] summarises.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Design {
    /// The scalars, in the order of [`Outcome::metrics`].
    pub metrics: Vec<Metric>,
    /// The series, in the order of [`Outcome::series`].
    pub series: Vec<Series>,
}

impl Design {
    /// Number of series values in one outcome: the sum of the series' periods.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.series.iter().map(|s| s.dates.len()).sum()
    }

    /// SHA-256 of everything in the design; a stored summary carries it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut w = Writer::default();
        w.count(self.metrics.len());
        for m in &self.metrics {
            w.text(&m.name);
            w.text(m.unit);
            w.number(m.quantum);
            w.text(&m.meaning);
            m.absent.into_iter().for_each(|value| w.number(value));
        }
        w.count(self.series.len());
        for s in &self.series {
            w.text(&s.id);
            w.text(&s.group);
            w.text(s.unit);
            w.number(s.quantum);
            w.count(s.dates.len());
            s.dates.iter().for_each(|date| w.text(date));
            w.count(s.reference.len());
            s.reference.iter().for_each(|&value| w.number(value));
        }
        Sha256::digest(w.as_slice()).into()
    }
}

/// The numbers one replication produced.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// Index of the replication, from 0.
    pub replication: u64,
    /// One value per metric of the design.
    pub metrics: Vec<f64>,
    /// All series flattened in the order of the design, periods inside.
    pub series: Vec<f64>,
}

/// An outcome that was refused whole, because one of its numbers is missing, unasked for, not
/// finite, or beyond 2⁵⁰ quanta.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{metric} is {value}; expected a finite number of at most 2^50 steps of its quantum")]
pub struct NotFinite {
    /// Name of the metric, or of the series and period.
    pub metric: String,
    /// The value; NaN if it is missing.
    pub value: f64,
}

/// Two summaries of different designs cannot be merged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the summaries count different metrics or series, so they cannot be added")]
pub struct DesignMismatch;

/// Mean and quantiles over replications in one period, in the unit of the series.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SeriesPoint {
    /// Label of the period.
    pub date: String,
    /// Mean, exact up to the quantum.
    pub mean: f64,
    /// Quantile 5 %; like the others within the error stated in [`quantile`].
    pub q05: f64,
    /// Quantile 25 %.
    pub q25: f64,
    /// Median.
    pub q50: f64,
    /// Quantile 75 %.
    pub q75: f64,
    /// Quantile 95 %.
    pub q95: f64,
}

/// Statistics of any number of replications, in integers.
#[derive(Clone, Debug)]
pub struct Summary {
    design: Arc<Design>,
    replications: Vec<u64>,
    /// Fixed-point metrics, one row per entry of `replications`.
    rows: Vec<i64>,
    cells: Vec<Cell>,
}

impl Summary {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(design: Arc<Design>) -> Self {
        let cells = vec![Cell::default(); design.cells()];
        Self { design, replications: Vec::new(), rows: Vec::new(), cells }
    }

    /// What is summarised.
    #[must_use]
    pub fn design(&self) -> &Arc<Design> {
        &self.design
    }

    /// Counts one outcome. Pushing the same replication twice counts it twice; see [`Self::repeated`].
    ///
    /// # Errors
    /// [`NotFinite`] names the first number that cannot be counted; nothing of the outcome is kept.
    pub fn push(&mut self, outcome: &Outcome) -> Result<(), NotFinite> {
        self.push_all(std::slice::from_ref(outcome)).map_err(|(_, problem)| problem)
    }

    /// Counts several outcomes.
    ///
    /// # Errors
    /// The replication whose outcome cannot be counted, and why; nothing of any outcome is kept.
    pub fn push_all(&mut self, outcomes: &[Outcome]) -> Result<(), (u64, NotFinite)> {
        let rounded = Rounded::of(&self.design, outcomes)?;
        self.add(&rounded);
        Ok(())
    }

    /// Counts outcomes that are rounded already, of the same design.
    pub(crate) fn add(&mut self, rounded: &Rounded) {
        debug_assert_eq!(rounded.of, (self.design.metrics.len(), self.cells.len()), "of the same design");
        let count = rounded.replications.len();
        let periods = self
            .design
            .series
            .iter()
            .flat_map(|series| (0..series.dates.len()).map(move |period| series.scale(period)));
        for ((k, own), scale) in (0..).zip(rounded.cells.chunks_exact(count.max(1))).zip(periods) {
            // Bins of thousands of cells lie all over the memory.
            if let Some(later) = self.cells.get(k + AHEAD) {
                later.expect();
            }
            own.iter().for_each(|steps| self.cells[k].push(*steps, scale));
        }
        self.rows.extend(&rounded.rows);
        self.replications.extend(&rounded.replications);
    }

    /// Adds what `other` counted: integer additions only, so the order of merges leaves no trace.
    ///
    /// # Errors
    /// [`DesignMismatch`] if the two count different things; `self` is then unchanged.
    pub fn merge(&mut self, other: Self) -> Result<(), DesignMismatch> {
        if !Arc::ptr_eq(&self.design, &other.design) && self.design.digest() != other.design.digest() {
            return Err(DesignMismatch);
        }
        self.replications.extend(other.replications);
        self.rows.extend(other.rows);
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.merge(theirs);
        }
        Ok(())
    }

    /// Number of outcomes counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.replications.len() as u64
    }

    /// The smallest replication index that was counted more than once (shards that overlap).
    #[must_use]
    pub fn repeated(&self) -> Option<u64> {
        self.replications().windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    /// The replications counted, in ascending order.
    #[must_use]
    pub fn replications(&self) -> Vec<u64> {
        let mut all = self.replications.clone();
        all.sort_unstable();
        all
    }

    /// Statistics of metric `i` of the design over the replications that have it (see [`Metric::absent`]);
    /// those of no value at all if there is no such metric.
    #[must_use]
    pub fn metric(&self, i: usize) -> Statistics {
        let Some(metric) = self.design.metrics.get(i) else {
            return Statistics::of_fixed(Vec::new(), f64::NAN);
        };
        let absent = metric.absent.and_then(|value| to_fixed(value, metric.quantum));
        let values = self.column(i).into_iter().map(|(_, q)| q).filter(|q| Some(*q) != absent);
        let mut statistics = Statistics::of_fixed(values.collect(), metric.quantum);
        if metric.unit.trim() == "probability" && statistics.count > 0 {
            // Yes or no in each run: counted, with an exact interval.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a share of runs"
            )]
            let events = (statistics.mean * statistics.count as f64).round() as u64;
            let counted = interval::probability(events, statistics.count);
            statistics.mean_ci = (counted.low, counted.high);
        }
        statistics
    }

    /// Values of metric `i` in replication order, in its unit; empty if there is no such metric.
    #[must_use]
    pub fn values(&self, i: usize) -> Vec<f64> {
        let quantum = self.design.metrics.get(i).map_or(f64::NAN, |m| m.quantum);
        let mut column = self.column(i);
        column.sort_unstable();
        column.into_iter().map(|(_, q)| fixed::to_value(q, quantum)).collect()
    }

    /// Bands of series `i` of the design, one point per period; empty if there is no such series or
    /// nothing was counted.
    #[must_use]
    pub fn series(&self, i: usize) -> Vec<SeriesPoint> {
        let Some(series) = self.design.series.get(i) else { return Vec::new() };
        if self.replications.is_empty() {
            return Vec::new();
        }
        let start: usize = self.design.series[..i].iter().map(|s| s.dates.len()).sum();
        series
            .dates
            .iter()
            .enumerate()
            .filter_map(|(period, date)| {
                let cell = self.cells.get(start + period)?;
                let at = |p| cell.quantile(p, series.scale(period), series.quantum);
                Some(SeriesPoint {
                    date: date.clone(),
                    mean: cell.mean(series.quantum),
                    q05: at(0.05),
                    q25: at(0.25),
                    q50: at(0.50),
                    q75: at(0.75),
                    q95: at(0.95),
                })
            })
            .collect()
    }

    /// (replication, fixed-point value) of metric `i`, in the order of pushing.
    pub(crate) fn column(&self, i: usize) -> Vec<(u64, i64)> {
        let width = self.design.metrics.len();
        if i >= width {
            return Vec::new();
        }
        self.replications.iter().copied().zip(self.rows.iter().copied().skip(i).step_by(width)).collect()
    }
}

impl PartialEq for Summary {
    /// Equal if the same outcomes were counted, in whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Series {
    /// How many units of the histogram one quantum of `period` is: quanta ÷ reference, or 1.
    fn scale(&self, period: usize) -> f64 {
        let reference = self.reference.get(period).copied().unwrap_or(0.0);
        let scale = self.quantum / reference;
        if scale > 0.0 && scale < 1.0 { scale } else { 1.0 }
    }
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn design() -> Arc<Design> {
        let metric = |name: &str, quantum| Metric {
            name: name.to_owned(),
            unit: " t",
            quantum,
            meaning: "for tests".to_owned(),
            absent: None,
        };
        Arc::new(Design {
            metrics: vec![metric("loss", 1e-3), metric("days", 1.0)],
            series: vec![Series {
                id: "flow".to_owned(),
                group: "flows".to_owned(),
                unit: " t/d",
                dates: vec!["2025-W01".to_owned(), "2025-W02".to_owned()],
                reference: vec![100.0, 0.0],
                quantum: 1e-6,
            }],
        })
    }

    pub(crate) fn outcome(replication: u64, a: f64, b: f64) -> Outcome {
        Outcome { replication, metrics: vec![a, b], series: vec![a, b] }
    }

    #[test]
    fn refuses_whole_outcomes() {
        let mut s = Summary::new(design());
        let mut bad = outcome(0, 1.0, f64::INFINITY);
        assert_eq!(s.push(&bad).expect_err("infinite").metric, "days");
        bad = outcome(0, 1.0, 2.0);
        bad.series[1] = f64::NAN;
        assert_eq!(s.push(&bad).expect_err("not a number").metric, "flow of 2025-W02");
        bad.series.pop();
        assert!(s.push(&bad).is_err(), "missing");
        assert!(s.push(&outcome(0, 1e30, 0.0)).is_err(), "too large to be exact");
        bad.series.extend([1.0, 1.0]);
        assert!(s.push(&bad).expect_err("too long").to_string().contains("does not name"));
        assert_eq!(s, Summary::new(design()));
        s.push(&outcome(0, 1.0, 2.0)).expect("fine");
        assert_eq!((s.count(), s.values(0)), (1, vec![1.0]));
        let mut other = (*design()).clone();
        other.metrics[0].quantum = 1.0;
        assert_eq!(s.merge(Summary::new(Arc::new(other))), Err(DesignMismatch));
    }

    #[test]
    fn known_statistics() {
        let mut s = Summary::new(design());
        for i in (0..101).rev() {
            s.push(&outcome(i, i as f64, -(i as f64))).expect("finite");
        }
        let m = s.metric(0);
        assert_eq!((m.count, m.mean, m.min, m.max), (101, 50.0, 0.0, 100.0));
        assert_eq!((m.q05, m.q25, m.q50, m.q75, m.q95), (5.0, 25.0, 50.0, 75.0, 95.0));
        assert!((m.sd - 858.5_f64.sqrt()).abs() < 1e-12, "n(n+1)/12 for 0..n−1");
        let half = 1.983_971_518_523_55 * m.sd / 101.0_f64.sqrt();
        assert!((m.mean_ci.1 - 50.0 - half).abs() < 1e-9);
        assert_eq!(s.metric(1).q05, -95.0);
        assert_eq!(s.values(0)[3], 3.0, "replication order");
        assert_eq!(s.metric(7).count, 0);
        assert_eq!(s.repeated(), None);
        s.push(&outcome(7, 0.0, 0.0)).expect("finite");
        assert_eq!(s.repeated(), Some(7));
    }

    #[test]
    fn a_metric_that_did_not_happen_is_left_out() {
        let mut design = (*design()).clone();
        design.metrics[1].absent = Some(-1.0);
        let mut s = Summary::new(Arc::new(design));
        for (i, day) in [-1.0, 40.0, -1.0, 44.0].into_iter().enumerate() {
            s.push(&outcome(i as u64, -1.0, day)).expect("finite");
        }
        let days = s.metric(1);
        assert_eq!((days.count, days.mean, days.min, days.q50), (2, 42.0, 40.0, 42.0));
        assert_eq!((s.metric(0).count, s.metric(0).mean), (4, -1.0), "other metrics may well be negative");
        assert_eq!(s.values(1), [-1.0, 40.0, -1.0, 44.0]);
        let mut none = Summary::new(s.design().clone());
        none.push(&outcome(0, 0.0, -1.0)).expect("finite");
        assert!(none.metric(1).count == 0 && none.metric(1).mean.is_nan());
    }

    #[test]
    fn bands_of_a_constant_are_exact() {
        let mut s = Summary::new(design());
        for i in 0..9 {
            s.push(&outcome(i, 100.0, 0.0)).expect("finite");
        }
        let points = s.series(0);
        assert_eq!((points[0].mean, points[0].q05, points[0].q95), (100.0, 100.0, 100.0));
        assert_eq!((points[1].mean, points[1].q50), (0.0, 0.0));
    }

    proptest! {
        /// Any split into shards, merged in any order, is one pass byte for byte, and survives storage.
        #[test]
        fn merges_leave_no_trace(
            rows in prop::collection::vec((-1e6..1e6_f64, -5.0..900.0_f64, 0..4_usize), 0..60),
            order in Just([0_usize, 1, 2, 3]).prop_shuffle(),
        ) {
            let mut whole = Summary::new(design());
            let mut shards = vec![Summary::new(design()); 4];
            for (i, &(a, b, shard)) in rows.iter().enumerate() {
                let o = outcome(i as u64, a, b);
                whole.push(&o).expect("finite");
                shards[shard].push(&o).expect("finite");
            }
            let mut merged = Summary::new(design());
            for i in order {
                let stored = Summary::from_bytes(&shards[i].to_bytes(), design()).expect("readable");
                prop_assert_eq!(&stored, &shards[i]);
                merged.merge(stored).expect("same design");
            }
            prop_assert_eq!(merged.to_bytes(), whole.to_bytes());
            prop_assert_eq!(merged.series(0), whole.series(0));
            prop_assert_eq!(merged.values(1), whole.values(1));
        }
    }
}
