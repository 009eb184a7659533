//! Calibration on the total exports of April to July 2025 and, of stocks and sourcing, on the stops of these months.
//!
//! History matching in two waves, then weights. Points of a Sobol' design fill the prior box; at each the model
//! runs with the same replications (common random numbers), *ended on 31 July*, so that later months cannot
//! be looked at. A point's implausibility in a month is
//! |observed − mean| ÷ √(variance of replications + variance of the observation + discrepancy²),
//! all as shares of normal exports. The second wave fills the box around the points whose worst month is below
//! [`IMPLAUSIBLE`]; its points, weighted by their likelihood, are the posterior. The likelihood of a point is the mean
//! over its replications of exp(−½ Σ (observed − share)² ÷ (variance of the observation + discrepancy²)), the sum
//! over the four months *of one replication*: luck that months share (a customs lag, a hold) counts once. The
//! central set is the mean of the posterior, unless one of its best points, run again with more replications,
//! is clearly likelier. Stocks and sourcing ([`Evidence::Stops`]) are turned in these waves like all else, so that the
//! desk is judged whatever they are; then each set of the posterior gets its own from candidates that are weighted by
//! the stops alone ([`halts`]).
//!
//! Vernon, Goldstein and Bower 2010, doi 10.1214/10-BA524; for the likelihood Wilkinson 2013,
//! doi 10.1515/sagmb-2013-0010.

use rayon::prelude::*;
use serde::Serialize;

use super::WORLD;
use super::ensemble::{self, observed_share, until, with_threads};
use super::halts::{self, Reported, Stopped};
use super::normal::Normal;
pub use super::points::{Point, parse_csv, to_csv};
use super::record::{Month, Record};
use super::space::{self, Dimension, Evidence, dimensions};
use crate::error::Error;
use crate::scenario::Scenario;

/// First and last month of the fit.
pub const FITTED: [Month; 2] = [Month::new(2025, 4), Month::new(2025, 7)];
/// Months of the fit.
pub const MONTHS: usize = 4;
/// Worst implausibility that a point may have.
pub const IMPLAUSIBLE: f64 = 3.0;
/// How wrong the model itself may be, as a share of normal exports (an assumption).
pub const DISCREPANCY: f64 = 0.03;
/// Points of the second wave that are run again, with this factor of replications, to find the central set.
const FINALISTS: (usize, u32) = (12, 4);
/// Difference of log-likelihoods beyond which a point replaces the posterior mean as the central set.
const CLEARLY: f64 = 1.0;
/// Fewest candidates for stocks and sourcing of each set.
const LEAST_CANDIDATES: u32 = 4;
/// Points that are computed between two calls of `keep`.
const CHUNK: usize = 32;

/// How much is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Effort {
    /// Points of each of the two waves.
    pub points: u32,
    /// Replications at each point; a multiple of 8 wastes nothing.
    pub replications: u32,
    /// Calibrated sets that the posterior is thinned to.
    pub sets: u32,
    /// Seed of the design. The scenario has its own.
    pub seed: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self { points: 768, replications: 24, sets: 64, seed: 2025 }
    }
}

/// What was observed, with its variance, as shares of normal exports.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Target {
    /// Share of normal exported, April to July.
    pub share: [f64; MONTHS],
    /// Its standard error, from the error of normal exports.
    pub error: [f64; MONTHS],
}

impl Target {
    /// From the record.
    #[must_use]
    pub fn of(record: &Record, normal: &Normal) -> Self {
        let mut share = [f64::NAN; MONTHS];
        for (cell, month) in share.iter_mut().zip(FITTED[0].to(FITTED[1])) {
            *cell = observed_share(record, normal, month).unwrap_or(f64::NAN);
        }
        let relative =
            (normal.growth_error * normal.growth_error + normal.month_error * normal.month_error).sqrt();
        Self { share, error: share.map(|share| share * relative) }
    }

    fn variance(&self, point: &Point, month: usize) -> f64 {
        let (own, error) = (point.deviation[month], self.error[month]);
        own * own + error * error + DISCREPANCY * DISCREPANCY
    }

    /// Implausibility of the worst month.
    #[must_use]
    pub fn implausibility(&self, point: &Point) -> f64 {
        let of = |m: usize| (self.share[m] - point.mean[m]).abs() / self.variance(point, m).sqrt();
        (0..MONTHS).map(of).fold(0.0, f64::max)
    }

    /// Logarithm of the likelihood of replications, one row of shares each, up to a constant.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn likelihood(&self, replications: &[[f64; MONTHS]]) -> f64 {
        let distance = |shares: &[f64; MONTHS]| -> f64 {
            (0..MONTHS)
                .map(|m| {
                    let gap = self.share[m] - shares[m];
                    gap * gap / (self.error[m] * self.error[m] + DISCREPANCY * DISCREPANCY)
                })
                .sum()
        };
        let logs: Vec<f64> = replications.iter().map(|shares| -0.5 * distance(shares)).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| libm::exp(log - most)).sum();
        most + libm::log(sum / logs.len() as f64)
    }
}

/// What calibration found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fit {
    /// How much was computed.
    pub effort: Effort,
    /// All points, by wave and number.
    pub points: Vec<Point>,
    /// Points of the first wave that are not implausible.
    pub plausible: usize,
    /// Range of each dimension in the second wave.
    pub ranges: Vec<(f64, f64)>,
    /// Effective number of points behind the posterior: (Σw)² ÷ Σw².
    pub effective: f64,
    /// The posterior, thinned to equally weighted sets.
    pub sets: Vec<Vec<f64>>,
    /// The central set.
    pub central: Vec<f64>,
}

/// Calibrates `scenario`.
///
/// `known` are points computed before (of this or a smaller effort); those that are still asked for are not
/// computed again. `keep` is called with all points so far after every few; what it stores can be `known` of
/// a later call, and the result is the same bytes. `None` when `stop` says so.
///
/// # Errors
/// [`Error::NotFinite`] from a replication; whatever `keep` gives.
pub fn refit(
    scenario: &Scenario,
    record: &Record,
    effort: Effort,
    threads: usize,
    known: &[Point],
    keep: &mut dyn FnMut(&[Point], usize) -> Result<(), Error>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Fit>, Error> {
    let normal = Normal::of(record);
    let target = Target::of(record, &normal);
    let reported = halts::reported(record)?;
    let cut = until(scenario, FITTED[1].plus(1));
    let all = dimensions();
    let finalists = FINALISTS.0.min(effort.points as usize) + 1;
    let candidates = (3 * effort.points / effort.sets.max(1)).max(LEAST_CANDIDATES);
    let mut work = Work {
        scenario: &cut,
        target,
        reported,
        effort,
        threads,
        known,
        keep,
        stop,
        points: Vec::new(),
        wanted: 2 * effort.points as usize + finalists + (effort.sets * candidates) as usize,
    };

    let prior: Vec<(f64, f64)> = all.iter().map(|d| (d.low, d.high)).collect();
    if !work.run(1, &design(&all, &prior, effort.points, effort.seed), 1)? {
        return Ok(None);
    }
    let ranges = plausible_box(&all, &work.points, &target);
    let plausible = work.points.iter().filter(|p| target.implausibility(p) < IMPLAUSIBLE).count();
    if !work.run(2, &design(&all, &ranges, effort.points, effort.seed.wrapping_add(1)), 1)? {
        return Ok(None);
    }
    let mut second: Vec<Point> = work.points.iter().filter(|p| p.wave == 2).cloned().collect();
    // In the order of how much they export beside the record, so that a few sets hold the whole range evenly.
    let beside = |p: &Point| p.mean.iter().zip(&target.share).map(|(own, share)| own / share).sum::<f64>();
    second.sort_by(|a, b| beside(a).total_cmp(&beside(b)).then(a.number.cmp(&b.number)));
    let weights = weights(&second);
    let effective = effective(&weights);
    let sets = thin(&second, &weights, effort.sets);
    let mean: Vec<f64> = (0..all.len())
        .map(|d| all[d].rounded(second.iter().zip(&weights).map(|(p, w)| w * p.values[d]).sum()))
        .collect();
    second.sort_by(|a, b| b.likelihood.total_cmp(&a.likelihood));
    let mut last: Vec<Vec<f64>> = second.into_iter().take(FINALISTS.0).map(|p| p.values).collect();
    last.push(mean);
    if !work.run(3, &last, FINALISTS.1)? {
        return Ok(None);
    }
    // What the record does not tell is best left in the middle: the mean (which was run last) stands unless a
    // point is clearly likelier.
    let third = || work.points.iter().filter(|p| p.wave == 3);
    let best = third().reduce(|a, b| if b.likelihood > a.likelihood { b } else { a });
    let mean = third().next_back();
    let central = match (best, mean) {
        (Some(best), Some(mean)) if best.likelihood > mean.likelihood + CLEARLY => best.values.clone(),
        (_, mean) => mean.map_or_else(Vec::new, |mean| mean.values.clone()),
    };
    if !work.run(4, &alternatives(&all, &sets, candidates, effort.seed.wrapping_add(2)), 1)? {
        return Ok(None);
    }
    let fourth: Vec<&Point> = work.points.iter().filter(|p| p.wave == 4).collect();
    let (sets, central) = choose(&all, &fourth, candidates as usize, effort.seed, central);
    Ok(Some(Fit { effort, points: work.points, plausible, ranges, effective, sets, central }))
}

/// Every set with each of so many other values of what the stops decide.
fn alternatives(all: &[Dimension], sets: &[Vec<f64>], candidates: u32, seed: u32) -> Vec<Vec<f64>> {
    let prior: Vec<(f64, f64)> = all.iter().map(|d| (d.low, d.high)).collect();
    let others = design(all, &prior, candidates, seed);
    let with = |set: &Vec<f64>, other: &Vec<f64>| {
        let values = all.iter().zip(set.iter().zip(other));
        values.map(|(d, (own, other))| if d.evidence == Evidence::Stops { *other } else { *own }).collect()
    };
    sets.iter().flat_map(|set| others.iter().map(move |other| with(set, other))).collect()
}

/// Of each set's candidates one, drawn by weight; and the mean of what the stops decide, put into the central set.
fn choose(
    all: &[Dimension],
    points: &[&Point],
    candidates: usize,
    seed: u32,
    mut central: Vec<f64>,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let (mut sets, mut means) = (Vec::new(), vec![0.0; all.len()]);
    for (group, set) in points.chunks(candidates).zip(0_u32..) {
        let logs: Vec<f64> = group.iter().map(|point| point.halts).collect();
        let weights = normalised(&logs);
        let luck = f64::from(sobol_burley::sample(set, 0, seed));
        let mut below = 0.0;
        let chosen = weights.iter().position(|weight| {
            below += weight;
            luck < below
        });
        sets.extend(chosen.or(group.len().checked_sub(1)).map(|c| group[c].values.clone()));
        for (point, weight) in group.iter().zip(&weights) {
            means.iter_mut().zip(&point.values).for_each(|(mean, value)| *mean += weight * value);
        }
    }
    if !sets.is_empty() {
        #[allow(clippy::cast_precision_loss)]
        let count = sets.len() as f64;
        for (d, dimension) in all.iter().enumerate().filter(|(_, d)| d.evidence == Evidence::Stops) {
            central[d] = dimension.rounded(means[d] / count);
        }
    }
    (sets, central)
}

/// Points of a scrambled Sobol' sequence in a box.
fn design(all: &[Dimension], ranges: &[(f64, f64)], points: u32, seed: u32) -> Vec<Vec<f64>> {
    let point = |number: u32| {
        all.iter().zip(ranges).zip(0..).map(move |((dimension, (low, high)), d)| {
            let u = f64::from(sobol_burley::sample(number, d, seed));
            dimension.rounded(low + u * (high - low))
        })
    };
    // The sequence ends at 2^16.
    (0..points.min(1 << 16)).map(|number| point(number).collect()).collect()
}

/// The smallest box around the plausible points of the first wave; the prior when there are fewer than two.
fn plausible_box(all: &[Dimension], points: &[Point], target: &Target) -> Vec<(f64, f64)> {
    let plausible: Vec<&Point> = points.iter().filter(|p| target.implausibility(p) < IMPLAUSIBLE).collect();
    all.iter()
        .enumerate()
        .map(|(d, dimension)| {
            if plausible.len() < 2 {
                return (dimension.low, dimension.high);
            }
            let values = || plausible.iter().map(|p| p.values[d]);
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
        })
        .collect()
}

/// Weights that add up to 1.
fn weights(points: &[Point]) -> Vec<f64> {
    normalised(&points.iter().map(|point| point.likelihood).collect::<Vec<f64>>())
}

/// Weights that add up to 1, from logarithms.
fn normalised(logs: &[f64]) -> Vec<f64> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let raw: Vec<f64> = logs.iter().map(|log| libm::exp(log - most)).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|weight| weight / sum).collect()
}

fn effective(weights: &[f64]) -> f64 {
    1.0 / weights.iter().map(|weight| weight * weight).sum::<f64>()
}

/// Systematic resampling: equally weighted sets at the middles of equal portions of the weight.
fn thin(points: &[Point], weights: &[f64], sets: u32) -> Vec<Vec<f64>> {
    let mut chosen = Vec::new();
    let (mut below, mut next) = (0.0, 0_u32);
    for (point, weight) in points.iter().zip(weights) {
        below += weight;
        while next < sets && (f64::from(next) + 0.5) / f64::from(sets) <= below {
            chosen.push(point.values.clone());
            next += 1;
        }
    }
    chosen
}

/// What all waves share.
struct Work<'a> {
    scenario: &'a Scenario,
    target: Target,
    reported: Reported,
    effort: Effort,
    threads: usize,
    known: &'a [Point],
    keep: &'a mut dyn FnMut(&[Point], usize) -> Result<(), Error>,
    stop: &'a (dyn Fn() -> bool + Sync),
    points: Vec<Point>,
    wanted: usize,
}

impl Work<'_> {
    /// Runs a wave; false when told to stop.
    fn run(&mut self, wave: u8, designs: &[Vec<f64>], factor: u32) -> Result<bool, Error> {
        let numbered: Vec<(u32, &Vec<f64>)> = (0..).zip(designs).collect();
        for chunk in numbered.chunks(CHUNK) {
            if (self.stop)() {
                return Ok(false);
            }
            let replications = u64::from(self.effort.replications) * u64::from(factor);
            let (scenario, known, target) = (self.scenario, self.known, (self.target, self.reported));
            let evaluated: Vec<Result<Point, Error>> = with_threads(self.threads, || {
                chunk
                    .par_iter()
                    .map(|(number, values)| {
                        let same = |p: &&Point| p.wave == wave && p.number == *number && p.values == **values;
                        known.iter().find(same).map_or_else(
                            || evaluate((scenario, &target), wave, *number, values, replications),
                            |p| Ok(p.clone()),
                        )
                    })
                    .collect()
            });
            for point in evaluated {
                self.points.push(point?);
            }
            (self.keep)(&self.points, self.wanted)?;
        }
        Ok(true)
    }
}

/// Runs the model at a point, on the calling thread's pool.
#[allow(clippy::cast_precision_loss)]
fn evaluate(
    (scenario, (target, reported)): (&Scenario, &(Target, Reported)),
    wave: u8,
    number: u32,
    values: &[f64],
    replications: u64,
) -> Result<Point, Error> {
    let mut own = scenario.clone();
    space::apply(&mut own, values);
    let ensemble = ensemble::serial(&own, replications)?;
    let (mut mean, mut deviation) = ([0.0; MONTHS], [0.0; MONTHS]);
    let mut rows = vec![[0.0; MONTHS]; ensemble.members.len()];
    for (m, month) in FITTED[0].to(FITTED[1]).enumerate() {
        let shares = ensemble.shares(WORLD, month).unwrap_or_default();
        let n = shares.len() as f64;
        mean[m] = shares.iter().sum::<f64>() / n;
        let squares: f64 = shares.iter().map(|share| (share - mean[m]) * (share - mean[m])).sum();
        deviation[m] = (squares / (n - 1.0)).sqrt();
        for (row, share) in rows.iter_mut().zip(shares) {
            row[m] = share;
        }
    }
    let stopped: Vec<Stopped> =
        ensemble.members.iter().map(|member| Stopped::of(&member.first_stops, reported)).collect();
    Ok(Point {
        wave,
        number,
        values: values.to_vec(),
        mean,
        deviation,
        likelihood: target.likelihood(&rows),
        stopped: stopped.iter().map(|count| f64::from(count.all)).sum::<f64>() / stopped.len() as f64,
        halts: halts::likelihood(reported, &stopped),
    })
}

#[cfg(test)]
mod tests {
    use super::super::points::tests::point;
    use super::*;

    #[test]
    fn implausibility_and_weights() {
        let target = Target { share: [0.5, 0.2, 0.5, 0.9], error: [0.0; MONTHS] };
        let near = point(1, [0.5, 0.25, 0.5, 0.9]);
        let far = point(2, [0.5, 0.45, 0.5, 0.9]);
        assert!((target.implausibility(&near) - 1.0).abs() < 1e-12, "0.05 over the root of 0.04² + 0.03²");
        assert!((target.implausibility(&far) - 5.0).abs() < 1e-12);
        let weights = weights(&[near.clone(), far.clone()]);
        assert!((weights[0] / weights[1] - libm::exp(0.5)).abs() < 1e-12);
        // One replication that is off by three discrepancies in one month, and one that is right.
        let (right, off) = (target.share, [0.5, 0.29, 0.5, 0.9]);
        assert!((target.likelihood(&[off]) + 4.5).abs() < 1e-9);
        assert!((target.likelihood(&[off, right]) - libm::log(0.5 * (1.0 + libm::exp(-4.5)))).abs() < 1e-9);
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let ranges = plausible_box(&dimensions(), &[near.clone(), point(3, near.mean), far], &target);
        assert_eq!(ranges[0], (near.values[0], point(3, near.mean).values[0]));
        assert!((effective(&[0.25; 4]) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn thinning_keeps_shares_of_weight() {
        let points: Vec<Point> = (0..3).map(|n| point(n, [0.5; MONTHS])).collect();
        let sets = thin(&points, &[0.5, 0.25, 0.25], 4);
        assert_eq!(sets, [&points[0], &points[0], &points[1], &points[2]].map(|p| p.values.clone()));
    }

    #[test]
    fn design_fills_the_box() {
        let all = dimensions();
        let prior: Vec<(f64, f64)> = all.iter().map(|d| (d.low, d.high)).collect();
        let points = design(&all, &prior, 64, 1);
        for (d, (low, high)) in prior.iter().enumerate() {
            let below = points.iter().filter(|p| p[d] < 0.5 * (low + high)).count();
            assert!((28..=36).contains(&below), "dimension {d}: {below} of 64 in the lower half");
            assert!(points.iter().all(|p| (low..=high).contains(&&p[d])));
        }
        assert_eq!(points, design(&all, &prior, 64, 1));
        assert_ne!(points, design(&all, &prior, 64, 2));
    }

    #[test]
    fn refit_goes_on_where_it_was_stopped_and_gives_the_same() {
        let (scenario, _) = Scenario::bundled(crate::hindcast::SCENARIO).expect("bundled");
        let record = Record::embedded().expect("readable");
        let effort = Effort { points: 6, replications: 2, sets: 3, seed: 1 };
        let mut stored = Vec::new();
        let mut keep = |points: &[Point], _: usize| {
            stored = points.to_vec();
            Ok(())
        };
        let whole = refit(&scenario, &record, effort, 2, &[], &mut keep, &|| false)
            .expect("finite")
            .expect("not stopped");
        assert_eq!(stored, whole.points);
        assert_eq!((whole.sets.len(), whole.central.len()), (3, dimensions().len()));
        let half = parse_csv("x", &to_csv(&whole.points[..8])).expect("readable");
        let again = refit(&scenario, &record, effort, 1, &half, &mut |_, _| Ok(()), &|| false)
            .expect("finite")
            .expect("not stopped");
        assert_eq!(again, whole);
        assert!(
            refit(&scenario, &record, effort, 1, &[], &mut |_, _| Ok(()), &|| true)
                .expect("nothing ran")
                .is_none()
        );
    }
}
