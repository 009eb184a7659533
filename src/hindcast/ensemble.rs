//! The model's 2025, many times: what of each replication is compared with the record.

use rayon::prelude::*;

use super::WORLD;
use super::normal::Normal;
use super::record::{Month, Record};
use super::score::{Pair, quantile};
use super::space;
use crate::error::Error;
use crate::export::json::day_of;
use crate::kernel::Kernel;
use crate::random::philox::Streams;
use crate::scenario::Scenario;
use crate::summary::{Design, Outcome};

/// First day of the run whose exports are calm, and first of the month of the controls: the model's own calm level
/// is measured between them.
const CALM: [Month; 2] = [Month::new(2025, 1), Month::new(2025, 4)];

/// States of applications, in the order of [`Member::licences`].
pub const STATES: [&str; 4] = ["pending", "approved", "returned", "rejected"];

/// What is measured, common to all members.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Frame {
    /// Destinations of the model.
    pub destinations: Vec<String>,
    /// Months of the run that are covered to their last day.
    pub months: Vec<Month>,
    /// Automakers, by facility id.
    pub makers: Vec<String>,
    /// First day of each week, days since 1970-01-01.
    pub weeks: Vec<i32>,
}

/// One replication.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    /// Index of the replication.
    pub replication: u64,
    /// Exports of each destination and month (months inside) ÷ calm level of this replication.
    pub shares: Vec<f64>,
    /// Days from the controls to each automaker's first stop; negative without one.
    pub first_stops: Vec<f64>,
    /// Days that each automaker is stopped.
    pub stop_days: Vec<f64>,
    /// Price of Dy and Tb relative to calm, by week: outside and inside the control.
    pub prices: [Vec<f64>; 2],
    /// Applications by week, in the order of [`STATES`]; empty without a desk.
    pub licences: [Vec<f64>; 4],
    /// Vehicles not built.
    pub vehicles_lost: f64,
}

/// Many replications.
#[derive(Clone, PartialEq, Debug)]
pub struct Ensemble {
    /// What is measured.
    pub frame: Frame,
    /// Seed of the scenario.
    pub seed: u64,
    /// The replications, in ascending order.
    pub members: Vec<Member>,
}

/// The scenario cut to end before `end`.
#[must_use]
pub fn until(scenario: &Scenario, end: Month) -> Scenario {
    let days = u32::try_from(end.first_day() - scenario.start).unwrap_or(1);
    let steps = (days / scenario.step_days).max(1);
    Scenario { days: steps * scenario.step_days, ..scenario.clone() }
}

/// Positions of what is measured in the design.
struct Positions {
    frame: Frame,
    exports: Vec<usize>,
    prices: [Option<usize>; 2],
    licences: [Option<usize>; 4],
    makers: Vec<(usize, usize)>,
    vehicles: Option<usize>,
}

impl Positions {
    fn of(design: &Design) -> Self {
        let mut offsets = Vec::with_capacity(design.series.len());
        let mut cells = 0;
        for series in &design.series {
            offsets.push(cells);
            cells += series.dates.len();
        }
        let series = |id: &str| design.series.iter().position(|series| series.id == id).map(|i| offsets[i]);
        let metric = |name: &str| design.metrics.iter().position(|metric| metric.name == name);
        let mut frame = Frame::default();
        let mut exports = Vec::new();
        for (series, offset) in design.series.iter().zip(&offsets) {
            if let Some(destination) = series.id.strip_prefix("exports:") {
                frame.destinations.push(destination.to_owned());
                frame.months = series.dates.iter().filter_map(|date| Month::parse(date)).collect();
                exports.push(*offset);
            }
            if series.group == "price" {
                frame.weeks = series.dates.iter().filter_map(|date| day_of(date)).collect();
            }
        }
        let mut makers = Vec::new();
        for (i, entry) in design.metrics.iter().enumerate() {
            if let Some(id) = entry.name.strip_prefix("first_stop_day@")
                && let Some(days) = metric(&format!("stop_days@{id}"))
            {
                frame.makers.push(id.to_owned());
                makers.push((i, days));
            }
        }
        Self {
            frame,
            exports,
            prices: ["price:dytb:outside", "price:dytb:inside"].map(series),
            licences: STATES.map(|state| series(&format!("licences:{state}"))),
            makers,
            vehicles: metric("vehicles_lost"),
        }
    }

    fn member(&self, outcome: &Outcome) -> Member {
        let months = &self.frame.months;
        let mut shares = Vec::with_capacity(self.exports.len() * months.len());
        for offset in &self.exports {
            let tonnes = &outcome.series[*offset..offset + months.len()];
            let (mut calm, mut days) = (0.0, 0.0);
            for (month, tonnes) in
                months.iter().zip(tonnes).filter(|(month, _)| (CALM[0]..CALM[1]).contains(*month))
            {
                calm += tonnes;
                days += month.days();
            }
            let daily = if days > 0.0 { calm / days } else { 0.0 };
            shares.extend(
                months
                    .iter()
                    .zip(tonnes)
                    .map(|(month, tonnes)| if daily > 0.0 { tonnes / (daily * month.days()) } else { 0.0 }),
            );
        }
        let weeks = |offset: Option<usize>| {
            offset.map_or_else(Vec::new, |offset| {
                outcome.series[offset..offset + self.frame.weeks.len()].to_vec()
            })
        };
        Member {
            replication: outcome.replication,
            shares,
            first_stops: self.makers.iter().map(|(first, _)| outcome.metrics[*first]).collect(),
            stop_days: self.makers.iter().map(|(_, days)| outcome.metrics[*days]).collect(),
            prices: self.prices.map(weeks),
            licences: self.licences.map(weeks),
            vehicles_lost: self.vehicles.map_or(0.0, |i| outcome.metrics[i]),
        }
    }
}

/// A pool of workers; without threads the calling one does the work.
pub(crate) fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Runs replications 0 to `replications` − 1 of a scenario. With several `sets` of calibrated values, equal
/// portions of them run with each set (the first ones a replication more where they do not divide); with
/// none, the scenario as it is.
///
/// # Errors
/// [`Error::NotFinite`] for the first replication with a number that is not finite.
pub fn run(
    scenario: &Scenario,
    sets: &[Vec<f64>],
    replications: u64,
    threads: usize,
) -> Result<Ensemble, Error> {
    let kernels: Vec<Kernel> = if sets.is_empty() {
        vec![Kernel::compile(scenario)]
    } else {
        sets.iter()
            .map(|values| {
                let mut own = scenario.clone();
                space::apply(&mut own, values);
                Kernel::compile(&own)
            })
            .collect()
    };
    let mut batches: Vec<(usize, u64, usize)> = Vec::new();
    let (count, parts) = (replications, kernels.len() as u64);
    for set in 0..parts {
        let (mut first, end) = (count * set / parts, count * (set + 1) / parts);
        while first < end {
            let size = (end - first).min(Kernel::LANES as u64);
            batches.push((usize::try_from(set).unwrap_or(0), first, usize::try_from(size).unwrap_or(1)));
            first += size;
        }
    }
    let positions = Positions::of(kernels[0].design());
    let work = || -> Vec<Result<Vec<Member>, Error>> {
        batches
            .par_iter()
            .map(|(set, first, count)| {
                let kernel = &kernels[*set];
                let mut outcomes = Vec::with_capacity(*count);
                kernel.replicate(*first, *count, &mut kernel.scratch(), &mut outcomes);
                outcomes
                    .iter()
                    .map(|outcome| finite(scenario, outcome).map(|()| positions.member(outcome)))
                    .collect()
            })
            .collect()
    };
    let mut members = Vec::with_capacity(usize::try_from(replications).unwrap_or(0));
    for batch in with_threads(threads, work) {
        members.extend(batch?);
    }
    Ok(Ensemble { frame: positions.frame, seed: scenario.plan.seed, members })
}

/// Runs replications 0 to `replications` − 1 on the calling thread.
///
/// # Errors
/// As [`run`].
pub(crate) fn serial(scenario: &Scenario, replications: u64) -> Result<Ensemble, Error> {
    let kernel = Kernel::compile(scenario);
    let positions = Positions::of(kernel.design());
    let (mut scratch, mut outcomes) = (kernel.scratch(), Vec::new());
    let mut first = 0;
    while first < replications {
        let count = (replications - first).min(Kernel::LANES as u64);
        kernel.replicate(first, usize::try_from(count).unwrap_or(1), &mut scratch, &mut outcomes);
        first += count;
    }
    let mut members = Vec::with_capacity(outcomes.len());
    for outcome in &outcomes {
        finite(scenario, outcome)?;
        members.push(positions.member(outcome));
    }
    Ok(Ensemble { frame: positions.frame, seed: scenario.plan.seed, members })
}

fn finite(scenario: &Scenario, outcome: &Outcome) -> Result<(), Error> {
    if outcome.metrics.iter().chain(&outcome.series).all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::NotFinite {
        scenario: scenario.name.clone(),
        replication: outcome.replication,
        metric: "a metric or series".to_owned(),
    })
}

impl Ensemble {
    /// Exports to a destination in a month ÷ calm level, one value per member; `None` when the model does not
    /// have the destination or the month.
    #[must_use]
    pub fn shares(&self, destination: &str, month: Month) -> Option<Vec<f64>> {
        let d = self.frame.destinations.iter().position(|own| own == destination)?;
        let m = self.frame.months.iter().position(|own| *own == month)?;
        let cell = d * self.frame.months.len() + m;
        Some(self.members.iter().map(|member| member.shares[cell]).collect())
    }

    /// Median of [`Self::shares`].
    #[must_use]
    pub fn median_share(&self, destination: &str, month: Month) -> f64 {
        self.shares(destination, month).map_or(f64::NAN, |shares| quantile(&shares, 0.5))
    }

    /// Tonnes forecast, one value per member, with the error of normal exports.
    #[must_use]
    pub fn tonnes(&self, normal: &Normal, destination: &str, month: Month) -> Option<Vec<f64>> {
        let level = normal.tonnes(destination, month)?;
        let shares = self.shares(destination, month)?;
        let error =
            |member: &Member| normal.error(&Streams::new(self.seed, member.replication), destination, month);
        Some(self.members.iter().zip(shares).map(|(member, share)| share * level * error(member)).collect())
    }

    /// Forecast and observation of a month; `None` where one is missing.
    #[must_use]
    pub fn pair(&self, record: &Record, normal: &Normal, destination: &str, month: Month) -> Option<Pair> {
        Some(Pair {
            ensemble: self.tonnes(normal, destination, month)?,
            observed: record.exported(destination, month)?,
        })
    }

    /// Day of the first stop of any automaker, one value per member with a stop.
    #[must_use]
    pub fn first_stops(&self) -> Vec<f64> {
        let first =
            |member: &Member| member.first_stops.iter().copied().filter(|day| *day >= 0.0).reduce(f64::min);
        self.members.iter().filter_map(first).collect()
    }

    /// Position of the week that holds a day.
    #[must_use]
    pub fn week(&self, day: i32) -> Option<usize> {
        self.frame.weeks.iter().rposition(|first| *first <= day)
    }
}

/// Share of normal that was exported, by month, all destinations; `None` where not published.
#[must_use]
pub fn observed_share(record: &Record, normal: &Normal, month: Month) -> Option<f64> {
    Some(record.exported(WORLD, month)? / normal.tonnes(WORLD, month)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_members_for_any_number_of_threads_and_calm_without_controls() {
        let (scenario, _) = Scenario::bundled("baseline").expect("bundled");
        let scenario = until(&scenario, Month::new(2025, 7));
        let one = run(&scenario, &[], 11, 1).expect("finite");
        let three = run(&scenario, &[], 11, 3).expect("finite");
        assert_eq!(one, three);
        assert_eq!(one.members.len(), 11);
        assert_eq!(one.frame.months.len(), 6);
        for month in Month::new(2025, 1).to(Month::new(2025, 6)) {
            // Plants outside China that open during the year take a little.
            let share = one.median_share(WORLD, month);
            assert!((0.93..=1.02).contains(&share), "{month}: {share}");
        }
        assert!(
            one.pair(
                &Record::embedded().expect("readable"),
                &Normal::of(&Record::embedded().expect("readable")),
                "ZZZ",
                CALM[0]
            )
            .is_none()
        );
    }

    #[test]
    fn sets_share_the_replications() {
        let (scenario, _) = Scenario::bundled(crate::hindcast::SCENARIO).expect("bundled");
        let scenario = until(&scenario, Month::new(2025, 6));
        let low: Vec<f64> = space::dimensions().iter().map(|d| d.at(0.2)).collect();
        let high: Vec<f64> = space::dimensions().iter().map(|d| d.at(0.8)).collect();
        let both = run(&scenario, &[low.clone(), high], 6, 2).expect("finite");
        let first = run(&scenario, &[low], 3, 1).expect("finite");
        assert_eq!(both.members[..3], first.members[..]);
        assert_eq!(both.members.iter().map(|m| m.replication).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    }
}
