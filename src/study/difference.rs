//! Two scenarios with the same luck, replication by replication.

use crate::summary::fixed::to_fixed;
use crate::summary::{Statistics, Summary, paired};

/// How one metric differs from another scenario's.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// Name of the metric.
    pub metric: String,
    /// Its unit.
    pub unit: &'static str,
    /// Mean in the scenario compared with.
    pub base: f64,
    /// Mean in this scenario.
    pub mean: f64,
    /// This minus the other, over replications that both counted.
    pub difference: Statistics,
}

impl Difference {
    /// Whether the 95 % interval of the mean difference lies on one side of zero: +1, −1, or 0.
    #[must_use]
    pub fn sign(&self) -> i8 {
        let (low, high) = self.difference.mean_ci;
        i8::from(low > 0.0) - i8::from(high < 0.0)
    }
}

/// Differences of `of` to `base` in every metric that both have, in the order of `base`.
///
/// A metric that only one of the two has (licence counts of a scenario against one without licensing) is
/// left out: it has no value to compare with. The day of a first stop is compared over the runs that stop
/// in both, as −1 stands for "no stop"; without such a run it is left out.
///
/// ```
/// use coercivity::kernel::Kernel;
/// use coercivity::scenario::Scenario;
/// use coercivity::study::{self, Options, difference::differences};
///
/// let simulate = |name: &str| {
///     let sets = ["step_days=7", "end=2025-07-30", "study.replications=16"].map(str::to_owned);
///     let (scenario, _) = Scenario::open(name, &sets)?;
///     let kernel = Kernel::compile(&scenario);
///     let options = Options::of_plan(&scenario, kernel.design(), 2)?;
///     Ok::<_, coercivity::error::Error>(study::run(&kernel, &options, &|_| {}, &|| false, None)?.summary)
/// };
/// let found = differences(&simulate("full-embargo")?, &simulate("baseline")?);
/// let lost = found.iter().find(|found| found.metric == "vehicles_lost").unwrap();
/// assert_eq!(lost.sign(), 1);
/// # Ok::<(), coercivity::error::Error>(())
/// ```
#[must_use]
pub fn differences(of: &Summary, base: &Summary) -> Vec<Difference> {
    let list = base.design().metrics.iter().enumerate().filter_map(|(i, metric)| {
        let j = of.design().metrics.iter().position(|other| other.name == metric.name)?;
        let (base, mean, difference) = if metric.absent.is_some() {
            stops(of, j, base, i)?
        } else {
            let difference = if i == j { paired(of, base, i) } else { moved(of, j, base, i, |_, _| true) };
            (base.metric(i).mean, of.metric(j).mean, difference)
        };
        Some(Difference { metric: metric.name.clone(), unit: metric.unit, base, mean, difference })
    });
    list.collect()
}

/// Means and difference of a day over the replications in which neither is negative.
fn stops(of: &Summary, j: usize, base: &Summary, i: usize) -> Option<(f64, f64, Statistics)> {
    let both = |a: f64, b: f64| a >= 0.0 && b >= 0.0;
    let difference = moved(of, j, base, i, both);
    // The mean of one side: its difference to zero, over the same pairs.
    let (mut sum, mut count) = (0.0, 0.0);
    pairs(of, j, base, i, |value, other| {
        if both(value, other) {
            sum += other;
            count += 1.0;
        }
    });
    (count > 0.0).then(|| (sum / count, sum / count + difference.mean, difference))
}

/// Calls `each` with the values of every replication that both counted, ascending.
fn pairs(of: &Summary, j: usize, base: &Summary, i: usize, mut each: impl FnMut(f64, f64)) {
    let mut others = base.replications().into_iter().zip(base.values(i)).peekable();
    for (replication, value) in of.replications().into_iter().zip(of.values(j)) {
        while others.next_if(|(other, _)| *other < replication).is_some() {}
        if let Some((_, other)) = others.next_if(|(other, _)| *other == replication) {
            each(value, other);
        }
    }
}

/// [`paired`] for a metric that stands at different positions in the two designs, over wanted pairs.
fn moved(of: &Summary, j: usize, base: &Summary, i: usize, wanted: impl Fn(f64, f64) -> bool) -> Statistics {
    let quantum = of.design().metrics[j].quantum.min(base.design().metrics[i].quantum);
    let mut differences = Vec::new();
    pairs(of, j, base, i, |value, other| {
        if wanted(value, other) {
            differences.extend(to_fixed(value - other, quantum));
        }
    });
    Statistics::of_fixed(differences, quantum)
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons are what is tested
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::summary::{Design, Metric, Outcome};

    fn summary(names: &[&str], rows: &[(u64, &[f64])]) -> Summary {
        let metric = |name: &&str| Metric {
            name: (*name).to_owned(),
            unit: "t",
            quantum: 1e-3,
            meaning: "for tests".to_owned(),
            absent: name.starts_with("first_stop_day").then_some(-1.0),
        };
        let design = Design { metrics: names.iter().map(metric).collect(), series: Vec::new() };
        let mut summary = Summary::new(Arc::new(design));
        for (replication, metrics) in rows {
            let outcome =
                Outcome { replication: *replication, metrics: metrics.to_vec(), series: Vec::new() };
            summary.push(&outcome).expect("finite");
        }
        summary
    }

    #[test]
    fn metrics_meet_by_name_and_replications_by_index() {
        let base = summary(
            &["lost", "licences", "exports"],
            &[(0, &[1.0, 9.0, 5.0]), (1, &[2.0, 9.0, 5.0]), (2, &[4.0, 9.0, 7.0])],
        );
        let of = summary(&["lost", "exports"], &[(1, &[5.0, 6.0]), (2, &[8.0, 9.0]), (3, &[0.0, 0.0])]);
        let found = differences(&of, &base);
        let names: Vec<&str> = found.iter().map(|d| d.metric.as_str()).collect();
        assert_eq!(names, ["lost", "exports"]);
        let (lost, exports) = (&found[0].difference, &found[1].difference);
        assert_eq!((lost.count, lost.mean, lost.min, lost.max), (2, 3.5, 3.0, 4.0));
        assert_eq!((exports.count, exports.mean, exports.min, exports.max), (2, 1.5, 1.0, 2.0));
    }

    #[test]
    fn days_of_stops_are_compared_where_both_stop() {
        let name = ["first_stop_day@auto-x"];
        let base = summary(&name, &[(0, &[-1.0]), (1, &[50.0]), (2, &[60.0]), (3, &[-1.0])]);
        let of = summary(&name, &[(0, &[40.0]), (1, &[45.0]), (2, &[57.0]), (3, &[-1.0])]);
        let found = differences(&of, &base);
        assert_eq!((found[0].base, found[0].mean), (55.0, 51.0));
        assert_eq!((found[0].difference.count, found[0].difference.mean), (2, -4.0));
        let never = summary(&name, &[(0, &[-1.0]), (1, &[-1.0])]);
        assert!(differences(&of, &never).is_empty());
    }

    #[test]
    fn equal_scenarios_do_not_differ() {
        let base = summary(&["lost"], &[(0, &[1.0]), (1, &[2.0])]);
        let found = differences(&base, &base);
        assert_eq!((found[0].difference.mean, found[0].difference.sd, found[0].sign()), (0.0, 0.0, 0));
    }
}
