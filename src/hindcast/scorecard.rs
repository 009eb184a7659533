//! The whole comparison: scores, baselines, what each mechanism contributes, aims met and missed.

use serde::Serialize;

use super::ensemble::{self, Ensemble, until};
use super::evidence::{Licences, PriceGap};
use super::fit::FITTED;
use super::fitted::Fitted;
use super::normal::Normal;
use super::record::{Month, Record};
use super::score::{Pair, Score, quantile};
use super::space::{self, dimensions};
use super::stops::Stops;
use super::variant;
use super::{WORLD, aims};
use crate::error::Error;
use crate::scenario::Scenario;

/// First and last month of validation.
pub const VALIDATED: [Month; 2] = [Month::new(2025, 8), Month::new(2025, 11)];
/// The last month before the controls.
const MARCH: Month = Month::new(2025, 3);

/// How much is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Replications of the ensemble that is scored.
    pub replications: u64,
    /// Replications of each variant (at most; never more than `replications`).
    pub variant_replications: u64,
    /// Workers.
    pub threads: usize,
}

/// A month of one destination.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MonthRow {
    /// Month of the customs record.
    pub month: Month,
    /// Tonnes exported.
    pub observed: f64,
    /// Tonnes expected without controls.
    pub normal: f64,
    /// Median share of calm in the model.
    pub share: f64,
    /// Tonnes in the model: 2.5, 5, 10, 25, 50, 75, 90, 95 and 97.5 % of runs, with the error of normal.
    pub tonnes: [f64; 9],
    /// Whether the 80 % band holds the observation.
    pub inside: bool,
}

/// A forecast without a model.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Baseline {
    /// What it does.
    pub name: &'static str,
    /// Its score.
    pub score: Score,
    /// Skill of the model against it.
    pub skill: f64,
}

/// Scores over some months, all destinations together.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Window {
    /// `fit`, `validation` or `both`.
    pub name: &'static str,
    /// First month.
    pub first: Month,
    /// Last month.
    pub last: Month,
    /// The model.
    pub model: Score,
    /// The baselines.
    pub baselines: Vec<Baseline>,
}

/// One destination; calibration saw none.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DestinationScore {
    /// ISO 3166 code or `EU`.
    pub destination: String,
    /// Months published.
    pub rows: Vec<MonthRow>,
    /// Months of April to July.
    pub fit_months: Option<Score>,
    /// Months of August to November.
    pub validation: Option<Score>,
    /// Same month of 2024 × growth, August to November.
    pub baseline: Option<Score>,
    /// Whether all of August to November is published.
    pub complete: bool,
}

/// The central set with one change.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VariantScore {
    /// Name in files.
    pub key: &'static str,
    /// For people.
    pub title: &'static str,
    /// Whether this is one of the choices made with August to November in view.
    pub validation_choice: bool,
    /// April to July.
    pub fit: Score,
    /// August to November.
    pub validation: Score,
    /// May to November of the United States, relative error of the median.
    pub united_states_mape: f64,
    /// Median share of calm, April to November.
    pub shares: Vec<f64>,
    /// Median day of the first stop in runs with one.
    pub first_stop: f64,
    /// Mean vehicles not built.
    pub vehicles_lost: f64,
}

/// A calibrated number.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Calibrated {
    /// Name.
    pub key: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Range before.
    pub prior: (f64, f64),
    /// 10, 50 and 90 % after.
    pub posterior: [f64; 3],
    /// Central set.
    pub central: f64,
}

/// Something aimed at and what came of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Aim {
    /// What.
    pub what: &'static str,
    /// Aim.
    pub aim: &'static str,
    /// What came of it.
    pub reached: String,
    /// Whether it is met.
    pub met: bool,
}

/// All of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Scorecard {
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of the scenario with the central set, to the end of November 2025.
    pub digest: String,
    /// Seed.
    pub seed: u64,
    /// Replications scored.
    pub replications: u64,
    /// Replications of each variant.
    pub variant_replications: u64,
    /// What would have been exported.
    pub normal: Normal,
    /// The calibrated numbers.
    pub calibrated: Vec<Calibrated>,
    /// All destinations together.
    pub world: Vec<MonthRow>,
    /// Scores.
    pub windows: Vec<Window>,
    /// By destination.
    pub destinations: Vec<DestinationScore>,
    /// The central set as it is, then with one change each.
    pub variants: Vec<VariantScore>,
    /// Stops of named firms.
    pub stops: Stops,
    /// Prices.
    pub prices: PriceGap,
    /// The desk; `None` without one.
    pub licences: Option<Licences>,
    /// Aims.
    pub aims: Vec<Aim>,
    /// Where the model is wrong, in words.
    pub wrong: Vec<String>,
}

/// Runs and compares. `progress` is told how many runs of how many are done; `None` when `stop` says so.
///
/// # Errors
/// [`Error::NotFinite`] from a replication; [`Error::Result`] when a shipped file is damaged.
pub fn run(
    scenario: &Scenario,
    fitted: &Fitted,
    settings: Settings,
    progress: &dyn Fn(u64, u64),
    stop: &dyn Fn() -> bool,
) -> Result<Option<(Scorecard, Ensemble)>, Error> {
    let record = Record::embedded()?;
    let normal = Normal::of(&record);
    let cut = until(scenario, VALIDATED[1].plus(1));
    let few = settings.variant_replications.min(settings.replications);
    let total = settings.replications + few * (variant::ALL.len() as u64 + 1);
    let mut done = 0;
    progress(done, total);
    let ensemble = ensemble::run(&cut, &fitted.sets, settings.replications, settings.threads)?;
    done += settings.replications;
    progress(done, total);
    let mut central = cut.clone();
    space::apply(&mut central, &fitted.central);
    let mut variants = Vec::new();
    let changed = variant::ALL.iter().map(|v| (v.key, v.title, v.validation_choice, v.of(&central)));
    let as_it_is = ("central", "calibrated, central set", false, central.clone());
    for (key, title, validation_choice, own) in std::iter::once(as_it_is).chain(changed) {
        if stop() {
            return Ok(None);
        }
        let members = ensemble::run(&own, &[], few, settings.threads)?;
        variants.push(variant_score((key, title, validation_choice), &record, &normal, &members));
        done += few;
        progress(done, total);
    }
    let stops = Stops::of(&record, &ensemble)?;
    let mut card = Scorecard {
        scenario: scenario.name.clone(),
        digest: central.digest(),
        seed: scenario.plan.seed,
        replications: settings.replications,
        variant_replications: few,
        calibrated: calibrated(fitted),
        world: month_rows(&record, &normal, &ensemble, WORLD),
        windows: windows(&record, &normal, &ensemble),
        destinations: destinations(&record, &normal, &ensemble),
        variants,
        stops,
        prices: PriceGap::of(&record, &ensemble),
        licences: Licences::of(&record, &ensemble),
        aims: Vec::new(),
        wrong: Vec::new(),
        normal,
    };
    card.aims = aims::aims(&card);
    card.wrong = aims::wrong(&card);
    Ok(Some((card, ensemble)))
}

fn calibrated(fitted: &Fitted) -> Vec<Calibrated> {
    let column = |d: usize| -> Vec<f64> { fitted.sets.iter().map(|set| set[d]).collect() };
    dimensions()
        .iter()
        .enumerate()
        .map(|(d, dimension)| Calibrated {
            key: dimension.key(),
            unit: dimension.unit(),
            meaning: dimension.meaning(),
            prior: (dimension.low, dimension.high),
            posterior: [0.1, 0.5, 0.9].map(|p| dimension.rounded(quantile(&column(d), p))),
            central: fitted.central[d],
        })
        .collect()
}

fn month_rows(record: &Record, normal: &Normal, ensemble: &Ensemble, destination: &str) -> Vec<MonthRow> {
    let row = |month: Month| {
        let pair = ensemble.pair(record, normal, destination, month)?;
        Some(MonthRow {
            month,
            observed: pair.observed,
            normal: normal.tonnes(destination, month)?,
            share: ensemble.median_share(destination, month),
            tonnes: [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
                .map(|p| quantile(&pair.ensemble, p)),
            inside: pair.within(80),
        })
    };
    FITTED[0].to(VALIDATED[1]).filter_map(row).collect()
}

fn pairs(
    record: &Record,
    normal: &Normal,
    ensemble: &Ensemble,
    destination: &str,
    [first, last]: [Month; 2],
) -> Vec<(Month, Pair)> {
    first
        .to(last)
        .filter_map(|month| Some((month, ensemble.pair(record, normal, destination, month)?)))
        .collect()
}

fn score(pairs: &[(Month, Pair)]) -> Score {
    let only: Vec<Pair> = pairs.iter().map(|(_, pair)| pair.clone()).collect();
    Score::of(&only)
}

fn windows(record: &Record, normal: &Normal, ensemble: &Ensemble) -> Vec<Window> {
    let all = [("fit", FITTED), ("validation", VALIDATED), ("both", [FITTED[0], VALIDATED[1]])];
    all.into_iter()
        .map(|(name, months)| {
            let pairs = pairs(record, normal, ensemble, WORLD, months);
            let model = score(&pairs);
            let observed: Vec<f64> = pairs.iter().map(|(_, pair)| pair.observed).collect();
            let value = |forecast: &dyn Fn(Month) -> Option<f64>| {
                let values: Vec<f64> =
                    pairs.iter().map(|(month, _)| forecast(*month).unwrap_or(f64::NAN)).collect();
                Score::of_values(&values, &observed)
            };
            // Each window starts from the last month that a calibration of the window before would know.
            let last =
                |month: Month| record.exported(WORLD, if month < VALIDATED[0] { MARCH } else { FITTED[1] });
            let baselines = [
                ("last month before the window carried forward", value(&last)),
                ("same month of 2024", value(&|month| normal.year_before(WORLD, month))),
                (
                    "same month of 2024 × growth of the first quarter",
                    value(&|month| normal.tonnes(WORLD, month)),
                ),
            ];
            let baselines =
                baselines.map(|(name, score)| Baseline { name, skill: model.skill(&score), score });
            Window { name, first: months[0], last: months[1], model, baselines: baselines.into() }
        })
        .collect()
}

fn destinations(record: &Record, normal: &Normal, ensemble: &Ensemble) -> Vec<DestinationScore> {
    let names = record.destinations(FITTED[0], VALIDATED[1]);
    let known = names.into_iter().filter(|name| name != WORLD && ensemble.frame.destinations.contains(name));
    known
        .map(|destination| {
            let of = |months| pairs(record, normal, ensemble, &destination, months);
            let (fit, validation) = (of(FITTED), of(VALIDATED));
            let some = |pairs: &[(Month, Pair)]| (!pairs.is_empty()).then(|| score(pairs));
            let observed: Vec<f64> = validation.iter().map(|(_, pair)| pair.observed).collect();
            let usual: Vec<f64> = validation
                .iter()
                .map(|(month, _)| normal.tonnes(&destination, *month).unwrap_or(f64::NAN))
                .collect();
            DestinationScore {
                rows: month_rows(record, normal, ensemble, &destination),
                fit_months: some(&fit),
                validation: some(&validation),
                baseline: (!validation.is_empty()).then(|| Score::of_values(&usual, &observed)),
                complete: validation.len() == 4,
                destination,
            }
        })
        .collect()
}

#[allow(clippy::cast_precision_loss)]
fn variant_score(
    (key, title, validation_choice): (&'static str, &'static str, bool),
    record: &Record,
    normal: &Normal,
    ensemble: &Ensemble,
) -> VariantScore {
    let of = |destination: &str, months| score(&pairs(record, normal, ensemble, destination, months));
    let lost: f64 = ensemble.members.iter().map(|member| member.vehicles_lost).sum();
    VariantScore {
        key,
        title,
        validation_choice,
        fit: of(WORLD, FITTED),
        validation: of(WORLD, VALIDATED),
        united_states_mape: of("USA", [FITTED[0], VALIDATED[1]]).mape,
        shares: FITTED[0].to(VALIDATED[1]).map(|month| ensemble.median_share(WORLD, month)).collect(),
        first_stop: quantile(&ensemble.first_stops(), 0.5),
        vehicles_lost: lost / ensemble.members.len() as f64,
    }
}
