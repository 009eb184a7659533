//! The pictures of a comparison.

use coercivity::chart::{ExceedanceChart, ExceedanceCurve, Provenance, Tornado, TornadoRow};
use coercivity::id::Place;
use coercivity::scenario::Scenario;
use coercivity::study::StudyResult;
use coercivity::study::difference::{Difference, differences};
use coercivity::study::reading::metric;

use super::super::words::place;

/// What each scenario changes for each region's automakers, run by run against the first; nothing where no vehicle
/// is counted.
pub fn changes(runs: &[(Scenario, StudyResult)]) -> Option<Tornado> {
    let (first, others) = runs.split_first()?;
    let found: Vec<Vec<Difference>> =
        others.iter().map(|other| differences(&other.1.summary, &first.1.summary)).collect();
    let row = |metric: &str| {
        let of = |list: &Vec<Difference>| {
            let found = list.iter().find(|difference| difference.metric == metric);
            found.map_or((f64::NAN, (f64::NAN, f64::NAN)), |found| {
                (found.difference.mean, found.difference.mean_ci)
            })
        };
        let region = metric
            .strip_prefix("vehicles_lost:")
            .map(|region| Place::parse(region).map_or_else(|| region.to_owned(), place));
        let (effects, intervals) = found.iter().map(of).unzip();
        TornadoRow { label: region.unwrap_or_else(|| "All regions".to_owned()), effects, intervals }
    };
    let counted = |name: &&str| *name == "vehicles_lost" || name.starts_with("vehicles_lost:");
    let metrics = first.1.summary.design().metrics.iter().map(|metric| metric.name.as_str());
    let rows: Vec<TornadoRow> = metrics.filter(counted).map(row).collect();
    (!rows.is_empty()).then(|| Tornado {
        caption: "What changes, with the same luck".to_owned(),
        subtitle: format!("Each scenario against {}, run by run", first.0.name),
        quantity: "change of vehicles not built".to_owned(),
        series: others.iter().map(|(scenario, _)| scenario.name.clone()).collect(),
        rows,
        most_rows: 40,
        provenance: provenance(runs, "95 % interval of the mean difference"),
    })
}

fn provenance(runs: &[(Scenario, StudyResult)], band: &str) -> Provenance {
    let first = runs.first();
    Provenance {
        scenario: runs.iter().map(|(scenario, _)| scenario.name.as_str()).collect::<Vec<_>>().join(", "),
        runs: first.map_or(0, |(_, result)| result.replications_done),
        seed: first.map_or(0, |(scenario, _)| scenario.plan.seed),
        band: band.to_owned(),
        vintage: first.map_or_else(String::new, |(scenario, _)| scenario.vintage.clone()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// How surely how many vehicles are not built, scenario by scenario.
pub fn exceedance(runs: &[(Scenario, StudyResult)]) -> Option<ExceedanceChart> {
    let curves: Option<Vec<ExceedanceCurve>> = runs
        .iter()
        .map(|(scenario, result)| {
            let losses = result.summary.values(metric(&result.summary, "vehicles_lost")?);
            Some(ExceedanceCurve { label: scenario.name.clone(), losses })
        })
        .collect();
    Some(ExceedanceChart {
        caption: "How many vehicles are not built, how surely".to_owned(),
        subtitle: "The same runs of chance in every scenario".to_owned(),
        quantity: "vehicles not built".to_owned(),
        curves: curves?,
        provenance: provenance(runs, "95 % confidence"),
    })
}
