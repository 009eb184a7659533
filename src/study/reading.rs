//! What people ask of a summary: who stops, when, how surely, and what is lost.
//!
//! Life cycle: [`Reading::of`] finds the metrics and series it knows by their names in the summary's
//! design; what a network does not have (no automakers, no exports) is absent, not zero. Tables, charts
//! and comparisons read the same [`Reading`], so they cannot disagree.

use crate::export::json::day_of;
use crate::id::Place;
use crate::network::line::Stage;
use crate::scenario::Scenario;
use crate::summary::interval::{Probability, probability};
use crate::summary::{SeriesPoint, Statistics, Summary};

/// The 5, 25, 50, 75 and 95 % quantiles of a date, in days since 1970-01-01.
pub type Dates = [f64; 5];

/// One automaker.
#[derive(Clone, PartialEq, Debug)]
pub struct Maker {
    /// Facility id of the data.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Region.
    pub region: Place,
    /// Probability that it stops at all.
    pub stop: Probability,
    /// Date of its first stop in runs where it stops; `None` when it never does.
    pub first_stop: Option<Dates>,
    /// Mean number of days it is stopped, over all runs.
    pub stop_days: f64,
    /// Share of runs in which it is the first to stop (alone or with others).
    pub first: f64,
    /// Vehicles it does not build.
    pub lost: Statistics,
}

/// Vehicles a region does not build.
#[derive(Clone, PartialEq, Debug)]
pub struct RegionLoss {
    /// Region.
    pub region: Place,
    /// Vehicles lost.
    pub lost: Statistics,
    /// Vehicles it builds in calm over the run, central network; `None` where the scenario's `[outputs]`
    /// leaves out the region's series.
    pub calm: Option<f64>,
}

/// One month of magnet exports.
#[derive(Clone, PartialEq, Debug)]
pub struct Month {
    /// First day, days since 1970-01-01.
    pub day: i32,
    /// Tonnes in calm at mean growth.
    pub calm: f64,
    /// Tonnes.
    pub tonnes: SeriesPoint,
    /// Share of the run's own calm; `None` where the scenario's `[outputs]` leaves the series out.
    pub of_calm: Option<SeriesPoint>,
}

impl Month {
    /// The median share of calm: each run against its own, or against mean growth where only that is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let mean_growth = || (self.calm > 0.0).then(|| self.tonnes.q50 / self.calm);
        self.of_calm.as_ref().map(|share| share.q50).or_else(mean_growth)
    }
}

/// Readings of one scenario's results.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    /// Date of the first shock, days since 1970-01-01; `None` without shocks.
    pub first_shock: Option<i32>,
    /// Replications.
    pub runs: u64,
    /// Vehicles lost in all, where the network builds vehicles.
    pub lost: Option<Statistics>,
    /// The same relative to calm output.
    pub lost_share: Option<Statistics>,
    /// Probability that any automaker stops.
    pub any_stop: Option<Probability>,
    /// Date of the first stop of all, in runs with one.
    pub first_stop: Option<Dates>,
    /// Automakers, most probable stop first, then the earliest, then by name.
    pub makers: Vec<Maker>,
    /// Regions that build vehicles, largest loss first.
    pub regions: Vec<RegionLoss>,
    /// China's magnet exports by month of the customs record.
    pub exports: Vec<Month>,
}

impl Reading {
    /// Reads a summary of `scenario`.
    #[must_use]
    pub fn of(scenario: &Scenario, summary: &Summary) -> Self {
        let first_shock = first_shock(scenario);
        let origin = first_shock.unwrap_or(scenario.start);
        let statistics = |name: &str| metric(summary, name).map(|i| summary.metric(i));
        let firsts = metric(summary, "first_stop_day").map(|i| summary.values(i));
        let mut makers = makers(scenario, summary, origin, firsts.as_deref());
        makers.sort_by(|a, b| {
            let median = |maker: &Maker| maker.first_stop.map_or(f64::INFINITY, |dates| dates[2]);
            let stops = b.stop.estimate.total_cmp(&a.stop.estimate);
            stops.then(median(a).total_cmp(&median(b))).then_with(|| a.name.cmp(&b.name))
        });
        let any_stop = firsts.as_deref().map(stops);
        let mut regions = regions(summary);
        regions.sort_by(|a, b| b.lost.mean.total_cmp(&a.lost.mean).then(a.region.cmp(&b.region)));
        Self {
            first_shock,
            runs: summary.count(),
            lost: statistics("vehicles_lost"),
            lost_share: statistics("vehicles_lost_share"),
            any_stop,
            first_stop: firsts.as_deref().and_then(|days| dates(days, origin)),
            makers,
            regions,
            exports: exports(summary),
        }
    }

    /// The lowest month of exports, from the month of the first shock on, with the median of each run's share of its
    /// own calm.
    #[must_use]
    pub fn exports_trough(&self) -> Option<(&Month, f64)> {
        let from = self.first_shock?;
        let after = self.exports.iter().filter(|month| month.day + 27 >= from);
        after.filter_map(|month| Some((month, month.share()?))).min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The automaker that is most often the first to stop.
    #[must_use]
    pub fn most_often_first(&self) -> Option<&Maker> {
        let candidates = self.makers.iter().filter(|maker| maker.first > 0.0);
        candidates.reduce(|best, maker| if maker.first > best.first { maker } else { best })
    }
}

/// Date of the first shock, not before the start of the run.
#[must_use]
pub fn first_shock(scenario: &Scenario) -> Option<i32> {
    let dated = scenario.shocks.iter().filter(|shock| shock.trigger.is_none());
    dated.map(|shock| shock.start.date.max(scenario.start)).min()
}

/// Position of a metric.
#[must_use]
pub fn metric(summary: &Summary, name: &str) -> Option<usize> {
    summary.design().metrics.iter().position(|metric| metric.name == name)
}

/// Positions of the series of a group, with the part of their names behind `:` or `@`.
#[must_use]
pub fn group<'a>(summary: &'a Summary, group: &str) -> Vec<(usize, &'a str)> {
    let all = summary.design().series.iter().enumerate().filter(|(_, series)| series.group == group);
    all.map(|(i, series)| (i, series.id.split_once([':', '@']).map_or(series.id.as_str(), |(_, name)| name)))
        .collect()
}

/// Probability of a day that is not negative (−1 stands for "no stop").
fn stops(days: &[f64]) -> Probability {
    probability(days.iter().filter(|day| **day >= 0.0).count() as u64, days.len() as u64)
}

/// Quantiles of the dates of the stops there are.
fn dates(days: &[f64], origin: i32) -> Option<Dates> {
    let mut stops: Vec<f64> = days.iter().copied().filter(|day| *day >= 0.0).collect();
    stops.sort_unstable_by(f64::total_cmp);
    let at = |p: f64| quantile(&stops, p).map(|day| day + f64::from(origin));
    Some([at(0.05)?, at(0.25)?, at(0.5)?, at(0.75)?, at(0.95)?])
}

/// Quantile by linear interpolation, as everywhere in the program; `None` of nothing.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn quantile(ascending: &[f64], p: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let rank = p * last as f64;
    let below = (rank as usize).min(last);
    let (low, high) = (ascending[below], ascending[(below + 1).min(last)]);
    Some(low + (rank - below as f64) * (high - low))
}

fn makers(scenario: &Scenario, summary: &Summary, origin: i32, firsts: Option<&[f64]>) -> Vec<Maker> {
    let sites = scenario.lines.sites.iter().filter(|site| site.stage == Stage::Automaker);
    let made = sites.filter_map(|site| {
        let position = |kind: &str| metric(summary, &format!("{kind}@{}", site.id));
        let days = summary.values(position("first_stop_day")?);
        let first = firsts.map_or(0, |firsts| {
            days.iter()
                .zip(firsts)
                .filter(|(own, first)| **own >= 0.0 && own.total_cmp(first).is_le())
                .count()
        });
        Some(Maker {
            id: site.id.clone(),
            name: site.name.clone(),
            region: site.region,
            stop: stops(&days),
            first_stop: dates(&days, origin),
            stop_days: summary.metric(position("stop_days")?).mean,
            #[allow(clippy::cast_precision_loss)]
            first: first as f64 / (days.len() as f64).max(1.0),
            lost: summary.metric(position("vehicles_lost")?),
        })
    });
    made.collect()
}

fn regions(summary: &Summary) -> Vec<RegionLoss> {
    let series = group(summary, "output:region");
    let of = summary.design().metrics.iter().enumerate().filter_map(|(i, metric)| {
        let name = metric.name.strip_prefix("vehicles_lost:")?;
        let own = series.iter().find(|(_, own)| *own == name);
        let calm = own.map(|(s, _)| summary.design().series[*s].reference.iter().sum());
        Some(RegionLoss { region: Place::parse(name)?, lost: summary.metric(i), calm })
    });
    of.collect()
}

fn exports(summary: &Summary) -> Vec<Month> {
    let Some((i, _)) = group(summary, "exports").into_iter().find(|(_, name)| *name == "WORLD") else {
        return Vec::new();
    };
    let reference = &summary.design().series[i].reference;
    let shares = summary.design().series.iter().position(|series| series.group == "exports of calm");
    let mut shares = shares.map(|i| summary.series(i).into_iter()).into_iter().flatten();
    let months = summary.series(i).into_iter().zip(reference);
    months
        .filter_map(|(tonnes, calm)| {
            Some(Month { day: day_of(&tonnes.date)?, calm: *calm, of_calm: shares.next(), tonnes })
        })
        .collect()
}
