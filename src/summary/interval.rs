//! Statistics of a sample with 95 % confidence intervals, and paired differences.
//!
//! - Mean: Student's t. Exact for normal values; for others it is the usual large-sample interval.
//! - Quantiles: between two order statistics whose ranks come from the binomial distribution. Valid
//!   for any distribution; the coverage is at least 95 %. An end is infinite where the sample is too
//!   small to bound the quantile (the 5 % quantile needs 72 values for a lower end).
//! - Probabilities: Clopper and Pearson (Biometrika 26 (1934) 404–413); coverage at least 95 %.

use serde::Serialize;

use crate::random::special::{beta_cdf, beta_quantile, student_t_quantile};
use crate::summary::Summary;
use crate::summary::fixed::{moments, scaled, to_value};
use crate::summary::quantile::of_sorted;

/// Error probability on each side of an interval.
const SIDE: f64 = 0.025;

/// Statistics of one number over replications, in its unit. Undefined numbers are NaN, unbounded ends
/// of intervals infinite (both `null` in JSON).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Statistics {
    /// Number of values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// 95 % confidence interval of the mean (Student's t).
    pub mean_ci: (f64, f64),
    /// Standard deviation (n − 1).
    pub sd: f64,
    /// Quantile 5 %.
    pub q05: f64,
    /// Quantile 25 %.
    pub q25: f64,
    /// Median.
    pub q50: f64,
    /// Quantile 75 %.
    pub q75: f64,
    /// Quantile 95 %.
    pub q95: f64,
    /// 95 % confidence interval of the 5 % quantile (order statistics, any distribution).
    pub ci_q05: (f64, f64),
    /// 95 % confidence interval of the 25 % quantile.
    pub ci_q25: (f64, f64),
    /// 95 % confidence interval of the median.
    pub ci_q50: (f64, f64),
    /// 95 % confidence interval of the 75 % quantile.
    pub ci_q75: (f64, f64),
    /// 95 % confidence interval of the 95 % quantile.
    pub ci_q95: (f64, f64),
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Statistics {
    /// Statistics of `values` (in steps of `quantum`, any order).
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn of_fixed(mut values: Vec<i64>, quantum: f64) -> Self {
        values.sort_unstable();
        let (mean, sd) = moments(&values);
        let (mean, sd) = (scaled(mean, quantum), scaled(sd, quantum));
        let n = values.len();
        let half = if n < 2 {
            f64::INFINITY
        } else {
            student_t_quantile((n - 1) as f64, 1.0 - SIDE) * sd / (n as f64).sqrt()
        };
        let quantile = |p| scaled(of_sorted(&values, p), quantum);
        let interval = |p| {
            let (low, high) = quantile_ranks(n, p);
            let value = |rank: Option<usize>, without| {
                rank.and_then(|rank| values.get(rank)).map_or(without, |&v| to_value(v, quantum))
            };
            (value(low, f64::NEG_INFINITY), value(high, f64::INFINITY))
        };
        let end = |value: Option<&i64>| value.map_or(f64::NAN, |&v| to_value(v, quantum));
        Self {
            count: n as u64,
            mean,
            mean_ci: (mean - half, mean + half),
            sd,
            q05: quantile(0.05),
            q25: quantile(0.25),
            q50: quantile(0.50),
            q75: quantile(0.75),
            q95: quantile(0.95),
            ci_q05: interval(0.05),
            ci_q25: interval(0.25),
            ci_q50: interval(0.50),
            ci_q75: interval(0.75),
            ci_q95: interval(0.95),
            min: end(values.first()),
            max: end(values.last()),
        }
    }
}

/// Ranks (from 0) of the order statistics that enclose quantile `p` of the distribution with 95 %
/// confidence, whatever the distribution; `None` where `n` values cannot bound it on that side.
fn quantile_ranks(n: usize, p: f64) -> (Option<usize>, Option<usize>) {
    // With B ~ Bin(n, p) values below the quantile, the value of rank l lies above it iff B ≤ l.
    // Lower end: the largest l with P(B ≤ l) ≤ 2.5 %; the upper end is its mirror image.
    (largest_rank(n, p), largest_rank(n, 1.0 - p).map(|rank| n - 1 - rank))
}

/// The largest l with P(Bin(n, p) ≤ l) ≤ 2.5 %.
#[allow(clippy::cast_precision_loss)]
fn largest_rank(n: usize, p: f64) -> Option<usize> {
    let (mut low, mut high) = (0, n); // invariant: ranks below `low` satisfy it, `high` does not
    while low < high {
        let middle = low + (high - low) / 2;
        let cumulative = beta_cdf((n - middle) as f64, middle as f64 + 1.0, 1.0 - p);
        if cumulative <= SIDE {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low.checked_sub(1)
}

/// A probability estimated from counting.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Probability {
    /// Events ÷ trials.
    pub estimate: f64,
    /// Lower end of the 95 % confidence interval (Clopper–Pearson).
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Probability of an event seen `events` times in `trials`. Without trials it may be anything:
/// the estimate is NaN and the interval (0, 1).
///
/// ```
/// use coercivity::summary::interval::probability;
///
/// // No stop in 100 runs is not "never": it may be 3.6 % of all.
/// let stops = probability(0, 100);
/// assert_eq!((stops.estimate, stops.low), (0.0, 0.0));
/// assert!((stops.high - 0.0362).abs() < 1e-4);
/// ```
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn probability(events: u64, trials: u64) -> Probability {
    let events = events.min(trials);
    let (k, n) = (events as f64, trials as f64);
    Probability {
        estimate: k / n,
        low: if events == 0 { 0.0 } else { beta_quantile(k, n - k + 1.0, SIDE) },
        high: if events == trials { 1.0 } else { beta_quantile(k + 1.0, n - k, 1.0 - SIDE) },
    }
}

/// Statistics of `a` − `b` for metric `i`, over the replications that both counted.
///
/// The same replication of two scenarios has the same luck, so most of the noise cancels. Differences
/// are exact integers if the two metrics have the same quantum, and are rounded to the finer quantum
/// otherwise. Of no value at all if a metric is missing; a repeated replication is paired once.
#[must_use]
pub fn paired(a: &Summary, b: &Summary, i: usize) -> Statistics {
    let (Some(of_a), Some(of_b)) = (a.design().metrics.get(i), b.design().metrics.get(i)) else {
        return Statistics::of_fixed(Vec::new(), f64::NAN);
    };
    let sorted = |summary: &Summary| {
        let mut column = summary.column(i);
        column.sort_unstable();
        column.dedup_by_key(|entry| entry.0);
        column
    };
    let (left, right) = (sorted(a), sorted(b));
    let same = of_a.quantum.to_bits() == of_b.quantum.to_bits();
    let quantum = of_a.quantum.min(of_b.quantum);
    let mut differences = Vec::with_capacity(left.len().min(right.len()));
    let mut others = right.iter().peekable();
    for &(replication, x) in &left {
        while others.next_if(|other| other.0 < replication).is_some() {}
        let Some(&&(_, y)) = others.peek().filter(|other| other.0 == replication) else { continue };
        if same {
            differences.push(x - y);
        } else {
            let difference = to_value(x, of_a.quantum) - to_value(y, of_b.quantum);
            differences.extend(crate::summary::fixed::to_fixed(difference, quantum));
        }
    }
    Statistics::of_fixed(differences, quantum)
}

/// Whether the mean is known to within `relative_half_width` of itself (95 % confidence). A quantity
/// that never varies has converged, also at 0; a sample of fewer than two values has not.
#[must_use]
pub fn converged(statistics: &Statistics, relative_half_width: f64) -> bool {
    let half = 0.5 * (statistics.mean_ci.1 - statistics.mean_ci.0);
    half <= relative_half_width * statistics.mean.abs()
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use super::*;
    use crate::random::philox::{Entity, Purpose, Streams};
    use crate::random::sample::Distribution;
    use crate::summary::tests::{design, outcome};

    /// Ranks for the median and tails, from tables of the binomial distribution.
    #[test]
    fn ranks() {
        assert_eq!(quantile_ranks(10, 0.5), (Some(1), Some(8)), "2nd and 9th of 10");
        assert_eq!(quantile_ranks(100, 0.5), (Some(39), Some(60)), "40th and 61st of 100");
        assert_eq!(quantile_ranks(5, 0.5), (None, None), "2/32 > 5 %");
        assert_eq!(quantile_ranks(71, 0.05).0, None);
        assert_eq!(quantile_ranks(72, 0.05).0, Some(0), "0.95^72 < 2.5 %");
        assert_eq!(quantile_ranks(72, 0.95).1, Some(71));
        assert_eq!(quantile_ranks(0, 0.5), (None, None));
    }

    #[test]
    fn clopper_pearson() {
        let p = probability(0, 100);
        assert!((p.high - (1.0 - libm::pow(0.025, 0.01))).abs() < 1e-12, "closed form for no event");
        assert_eq!((p.estimate, p.low), (0.0, 0.0));
        let p = probability(10, 100);
        assert!((p.low - 0.049_005).abs() < 1e-6 && (p.high - 0.176_223).abs() < 1e-6, "{p:?}");
        let p = probability(5, 5);
        assert!((p.low - libm::pow(0.025, 0.2)).abs() < 1e-12 && p.high == 1.0);
        assert!(probability(0, 0).estimate.is_nan());
    }

    /// Of 4,000 repeats, 95 ± 1.5 % of the intervals must hold the truth (standard error of the share:
    /// 0.35 %). Intervals of far quantiles and of rare events are wider than they need to be, because
    /// counts are whole: up to 98.5 % is right for them.
    #[test]
    fn intervals_cover() {
        let cases = [
            (Distribution::Triangular { low: 0.0, mode: 1.0, high: 5.0 }, 400),
            (Distribution::LogNormal { mean: 10.0, cv: 0.5 }, 1000),
            (Distribution::Exponential { mean: 3.0 }, 700),
        ];
        for (which, (distribution, n)) in cases.into_iter().enumerate() {
            let (mut mean, mut median, mut q95, mut event) = (0, 0, 0, 0);
            let (true_median, true_q95) = (distribution.quantile(0.5), distribution.quantile(0.95));
            for repeat in 0..4000_u64 {
                let streams = Streams::new(23 + which as u64, repeat);
                let values: Vec<i64> = (0..n)
                    .map(|i| distribution.quantile(streams.uniform(Purpose::Test, Entity(0), i, 0)))
                    .filter_map(|x| crate::summary::fixed::to_fixed(x, 1e-9))
                    .collect();
                let above = values.iter().filter(|&&v| to_value(v, 1e-9) > true_q95).count();
                let p = probability(above as u64, u64::from(n));
                let s = Statistics::of_fixed(values, 1e-9);
                let holds = |(low, high): (f64, f64), truth: f64| u32::from(low <= truth && truth <= high);
                mean += holds(s.mean_ci, distribution.mean());
                median += holds(s.ci_q50, true_median);
                q95 += holds(s.ci_q95, true_q95);
                event += holds((p.low, p.high), 0.05);
            }
            assert!((3740..=3860).contains(&mean), "{distribution}: mean {mean}");
            assert!((3740..=3860).contains(&median), "{distribution}: median {median}");
            assert!((3740..=3940).contains(&q95), "{distribution}: 95 % quantile {q95}");
            assert!((3740..=3940).contains(&event), "{distribution}: probability {event}");
        }
    }

    /// Two scenarios that share their luck, and two that do not.
    #[test]
    fn common_random_numbers_pay() {
        let loss = Distribution::LogNormal { mean: 100.0, cv: 0.6 };
        let noise = Distribution::Uniform { low: 0.9, high: 1.0 };
        let run = |seed: u64, policy: f64, entity: &str| {
            let mut summary = Summary::new(design());
            for replication in (0..500).rev() {
                let streams = Streams::new(seed, replication);
                let base = loss.quantile(streams.uniform(Purpose::ShockSize, Entity::of("shock"), 0, 0));
                let own = noise.quantile(streams.uniform(Purpose::Test, Entity::of(entity), 0, 0));
                summary.push(&outcome(replication, base * policy * own, 0.0)).expect("finite");
            }
            summary
        };
        let a = run(1, 1.0, "a");
        let common = paired(&a, &run(1, 0.9, "b"), 0);
        let independent = paired(&a, &run(2, 0.9, "b"), 0);
        assert_eq!(common.count, 500);
        assert!(common.sd < 0.3 * independent.sd, "{} against {}", common.sd, independent.sd);
        assert!(common.mean_ci.0 > 0.0, "500 pairs show the policy's gain of 10 %");
        assert!((common.mean - (a.metric(0).mean - run(1, 0.9, "b").metric(0).mean)).abs() < 1e-9);
    }

    #[test]
    fn only_equal_replications_are_paired() {
        let (mut a, mut b) = (Summary::new(design()), Summary::new(design()));
        for i in 0..10_u32 {
            a.push(&outcome(u64::from(i), f64::from(i), 0.0)).expect("finite");
            b.push(&outcome(u64::from(i * 2), 1.0, 0.0)).expect("finite");
        }
        let s = paired(&a, &b, 0);
        assert_eq!((s.count, s.mean, s.min, s.max), (5, 3.0, -1.0, 7.0));
        assert_eq!(paired(&a, &b, 9).count, 0);
    }

    #[test]
    fn convergence() {
        let of = |values: &[i64]| Statistics::of_fixed(values.to_vec(), 1.0);
        assert!(!converged(&of(&[]), 0.5) && !converged(&of(&[3]), 0.5));
        assert!(converged(&of(&[0, 0, 0]), 0.01));
        assert!(converged(&of(&[100, 101, 99, 100]), 0.02) && !converged(&of(&[100, 101, 99, 100]), 0.005));
    }
}
