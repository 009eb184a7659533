//! Tail measures of one number over replications: exceedance curve, value at risk, expected shortfall.
//!
//! "Large is bad" throughout; negate values where small is bad.

use serde::Serialize;

use crate::summary::interval::{Probability, probability};

/// One point of an exceedance curve.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Exceedance {
    /// The threshold, in the unit of the values.
    pub threshold: f64,
    /// Probability that a replication reaches it (value ≥ threshold), with its 95 % interval.
    #[serde(flatten)]
    pub probability: Probability,
}

/// The values that are numbers, in ascending order.
fn ascending(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Exceedance curve of `values` (any order; NaN is left out): the probability of reaching each
/// distinct value, thresholds ascending, thinned to at most `points` (at least 2) of evenly spaced
/// rank that include the smallest and the largest value.
#[must_use]
pub fn exceedance(values: &[f64], points: usize) -> Vec<Exceedance> {
    let sorted = ascending(values);
    // First position of every distinct value: all from there on reach it.
    let firsts: Vec<usize> = (0..sorted.len()).filter(|&i| i == 0 || sorted[i] > sorted[i - 1]).collect();
    let gaps = points.max(2).min(firsts.len()).saturating_sub(1);
    (0..firsts.len().min(gaps + 1))
        .filter_map(|k| {
            let first = *firsts.get((k * (firsts.len() - 1)).checked_div(gaps).unwrap_or(0))?;
            let reach = (sorted.len() - first) as u64;
            Some(Exceedance {
                threshold: sorted[first],
                probability: probability(reach, sorted.len() as u64),
            })
        })
        .collect()
}

/// Probability that `event` holds in a replication, with its 95 % interval.
#[must_use]
pub fn probability_of(values: &[f64], event: impl Fn(f64) -> bool) -> Probability {
    probability(values.iter().filter(|&&v| event(v)).count() as u64, values.len() as u64)
}

/// Value at risk: the smallest value that is not exceeded with probability `level` (0.95, say). NaN if
/// there are no values.
#[must_use]
pub fn value_at_risk(values: &[f64], level: f64) -> f64 {
    let sorted = ascending(values);
    rank_at(sorted.len(), level).and_then(|rank| sorted.get(rank).copied()).unwrap_or(f64::NAN)
}

/// Expected shortfall (conditional value at risk): mean of the worst 1 − `level` of the values, the
/// value at the boundary counted by the fraction that belongs to the tail (Acerbi and Tasche, "On the
/// coherence of expected shortfall", Journal of Banking & Finance 26 (2002)). NaN if there are no values.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn expected_shortfall(values: &[f64], level: f64) -> f64 {
    let sorted = ascending(values);
    let n = sorted.len();
    let Some(rank) = rank_at(n, level) else { return f64::NAN };
    let tail = (1.0 - level.clamp(0.0, 1.0)) * n as f64;
    let beyond = (n - 1 - rank) as f64;
    if tail <= beyond.max(1e-9) {
        // Rounding, or level 1: nothing of the boundary value belongs to the tail.
        let worst = sorted.get(rank + 1..).filter(|worst| !worst.is_empty()).unwrap_or(&sorted[rank..]);
        return worst.iter().sum::<f64>() / worst.len() as f64;
    }
    (sorted[rank + 1..].iter().sum::<f64>() + (tail - beyond) * sorted[rank]) / tail
}

/// Rank (from 0) of the smallest order statistic x with F(x) ≥ `level`.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn rank_at(n: usize, level: f64) -> Option<usize> {
    let last = n.checked_sub(1)?;
    // 0.95 × 100 is 95 and a little less or more in binary: a hair's breadth is not a rank.
    let rank = (level.clamp(0.0, 1.0) * n as f64 - 1e-9).ceil() as usize;
    Some(rank.saturating_sub(1).min(last))
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to_100() -> Vec<f64> {
        (1..=100).rev().map(f64::from).collect()
    }

    #[test]
    fn known_tail() {
        let v = to_100();
        assert_eq!(value_at_risk(&v, 0.95), 95.0);
        assert!((expected_shortfall(&v, 0.95) - 98.0).abs() < 1e-9, "mean of 96 … 100");
        assert!(
            (expected_shortfall(&v, 0.955) - (96.0 * 0.5 + 97.0 + 98.0 + 99.0 + 100.0) / 4.5).abs() < 1e-9
        );
        assert_eq!((value_at_risk(&v, 0.0), value_at_risk(&v, 1.0)), (1.0, 100.0));
        assert!((expected_shortfall(&v, 0.0) - 50.5).abs() < 1e-12);
        assert_eq!(expected_shortfall(&v, 1.0), 100.0);
        assert!(value_at_risk(&[], 0.5).is_nan() && expected_shortfall(&[], 0.5).is_nan());
    }

    #[test]
    fn known_curve() {
        let curve = exceedance(&[2.0, 0.0, 0.0, 5.0], 100);
        let points: Vec<_> = curve.iter().map(|e| (e.threshold, e.probability.estimate)).collect();
        assert_eq!(points, [(0.0, 1.0), (2.0, 0.5), (5.0, 0.25)]);
        assert_eq!(exceedance(&to_100(), 12).len(), 12);
        assert_eq!(exceedance(&[3.0; 7], 12).len(), 1);
        assert!(exceedance(&[], 12).is_empty());
        assert_eq!(exceedance(&[0.0, -0.0], 12).len(), 1, "one zero");
        assert!((probability_of(&to_100(), |v| v > 90.0).estimate - 0.1).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn curve_falls_and_tail_is_worse(values in prop::collection::vec(-50.0..50.0_f64, 1..80), level in 0.0..=1.0_f64, points in 0..90_usize) {
            let curve = exceedance(&values, points);
            let fold = |f: fn(f64, f64) -> f64| values.iter().copied().reduce(f).unwrap_or(0.0);
            prop_assert_eq!(curve[0].threshold, fold(f64::min));
            prop_assert_eq!(curve[curve.len() - 1].threshold, fold(f64::max));
            prop_assert!(curve.len() <= points.max(2));
            for pair in curve.windows(2) {
                prop_assert!(pair[0].threshold < pair[1].threshold);
                prop_assert!(pair[0].probability.estimate > pair[1].probability.estimate);
            }
            for point in &curve {
                let p = point.probability;
                prop_assert!(p.low <= p.estimate && p.estimate <= p.high);
            }
            prop_assert!(expected_shortfall(&values, level) >= value_at_risk(&values, level) - 1e-9);
        }
    }
}
