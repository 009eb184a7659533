//! Which facilities matter: what is lost when each fails alone, beside measures that need no simulation.
//!
//! Life cycle: [`rank`] takes a resolved scenario and gives a [`Ranking`] with one [`Row`] per facility,
//! largest simulated loss first.
//!
//! | column | module | meaning |
//! |---|---|---|
//! | impact, time to survive, time to recover | [`outage`] | paired difference of simulations with and without the outage, same luck |
//! | REI | here | impact ÷ largest impact (risk exposure index, Simchi-Levi and others 2014), 0 to 1 |
//! | earliest stop | [`survive`] | lead times and days of stock along the path to an automaker that has fewest |
//! | ESRI | [`reach`] | downstream fixed point of the economic systemic risk index (Diem and others 2022) on lines |
//! | flow lost | [`flow`] | fall of the largest flow from mines to automakers |
//! | degree | here | routes into and out of the facility |
//!
//! Every structural measure is compared with the simulated one: [`Verdict`] says where they disagree.

pub mod flow;
pub mod outage;
pub mod reach;
pub mod survive;

use crate::error::Error;
use crate::kernel::Kernel;
use crate::network::line::Stage;
use crate::policy::parameter::Parameter;
use crate::scenario::Scenario;

use flow::{Capacities, Cut};
use outage::{Outages, Response};

/// Share of facilities that count as important by a measure.
pub const TOP: f64 = 0.25;

/// What is done to each facility, and how it is measured.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Days for which the facility is out, from the first day of the run.
    pub days: u32,
    /// Share of its capacity that is lost, 0 to 1.
    pub loss: f64,
    /// Replications of each outage.
    pub replications: u64,
    /// Metric whose rise is the impact.
    pub metric: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { days: 60, loss: 1.0, replications: 8, metric: "vehicles_lost".to_owned() }
    }
}

/// How a structural measure compares with the simulated impact; both count as large in the top quarter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Both large or both small.
    Agrees,
    /// The measure is large, the impact is not.
    Overrates,
    /// The impact is large, the measure is not.
    Misses,
}

impl Verdict {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Overrates => "overrates",
            Self::Misses => "misses",
        }
    }
}

/// One facility.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Position in the network's list of sites.
    pub site: usize,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: Stage,
    /// What the simulation of its outage gave.
    pub response: Response,
    /// Impact ÷ largest impact; 0 where the outage does no harm.
    pub rei: f64,
    /// Days until the first automaker can stop at the central values; `None` if none is reached.
    pub earliest_stop: Option<f64>,
    /// Share of output that cannot be made without it, mean of the stages' shares.
    pub esri: f64,
    /// Fall of the largest flow without it, kg of `NdPr` oxide (or of ore where nothing is known) per day.
    pub flow_lost: f64,
    /// Routes into and out of it, between facilities' lines.
    pub degree: usize,
    /// What ESRI, flow and degree say beside the simulation.
    pub verdicts: [Verdict; 3],
}

/// Names of the measures in [`Row::verdicts`].
pub const MEASURES: [&str; 3] = ["esri", "flow", "degree"];

/// All facilities, largest impact first.
#[derive(Clone, PartialEq, Debug)]
pub struct Ranking {
    /// The facilities.
    pub rows: Vec<Row>,
    /// Largest flow from mines to automakers and the capacities that limit it.
    pub cut: Cut,
    /// Rank correlation (Spearman) of each measure with the impact.
    pub correlations: [f64; 3],
}

/// Ranks every facility that works in the base year.
///
/// `progress` is called with the number of outages simulated; once `stop` says yes no other begins.
///
/// # Errors
/// An input error when the metric does not exist, [`Error::NotFinite`] for a replication with such a number.
/// `Ok(None)` when stopped.
pub fn rank(
    scenario: &Scenario,
    options: &Options,
    progress: &(dyn Fn(usize) + Sync),
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Ranking>, Error> {
    // Facilities are compared by series that a scenario's `[outputs]` may leave out.
    let scenario = &Scenario { outputs: crate::scenario::Outputs::default(), ..scenario.clone() };
    let kernel = Kernel::compile(scenario);
    let sites = working(&kernel);
    let outages = Outages::new(scenario, &kernel, options)?;
    let Some(responses) = outages.run(&sites, progress, stop)? else { return Ok(None) };
    let graph = &scenario.lines;
    let finished = scenario.parameters.get(Parameter::FinishedDays).mean();
    let stock = scenario.parameters.get(Parameter::CoverFactor).mean();
    let sizes = reach::sizes(graph, &kernel.central.output);
    let capacities = Capacities::of(&kernel);
    let cut = capacities.cut();
    let degrees = degrees(scenario);
    let largest = responses.iter().map(|response| response.impact).fold(0.0, f64::max);
    let mut rows: Vec<Row> = sites
        .iter()
        .zip(responses)
        .map(|(site, response)| Row {
            site: *site,
            id: graph.sites[*site].id.clone(),
            name: graph.sites[*site].name.clone(),
            stage: graph.sites[*site].stage,
            rei: index(response.impact, largest),
            response,
            earliest_stop: survive::earliest_stop(graph, *site, finished, stock),
            esri: reach::index(graph, &sizes, *site),
            flow_lost: cut.capacity - capacities.without(*site).cut().capacity,
            degree: degrees[*site],
            verdicts: [Verdict::Agrees; 3],
        })
        .collect();
    let impacts: Vec<f64> = rows.iter().map(|row| row.response.impact).collect();
    let measures: [Vec<f64>; 3] = [
        rows.iter().map(|row| row.esri).collect(),
        rows.iter().map(|row| row.flow_lost).collect(),
        rows.iter().map(|row| row.degree as f64).collect(),
    ];
    let harmful = top(&impacts);
    let mut correlations = [0.0; 3];
    for (m, measure) in measures.iter().enumerate() {
        correlations[m] = spearman(measure, &impacts);
        for ((row, large), harm) in rows.iter_mut().zip(top(measure)).zip(&harmful) {
            row.verdicts[m] = match (large, *harm) {
                (true, false) => Verdict::Overrates,
                (false, true) => Verdict::Misses,
                _ => Verdict::Agrees,
            };
        }
    }
    rows.sort_by(|a, b| b.response.impact.total_cmp(&a.response.impact).then(a.id.cmp(&b.id)));
    Ok(Some(Ranking { rows, cut, correlations }))
}

/// Positions of the facilities that make something in the base year.
#[must_use]
pub fn working(kernel: &Kernel) -> Vec<usize> {
    let graph = &kernel.scenario().lines;
    let mut made = vec![false; graph.sites.len()];
    for (line, output) in graph.lines.iter().zip(&kernel.central.output) {
        made[line.facility.index()] |= *output > 0.0;
    }
    (0..graph.sites.len()).filter(|site| made[*site]).collect()
}

/// Routes between lines, counted at both ends.
fn degrees(scenario: &Scenario) -> Vec<usize> {
    let graph = &scenario.lines;
    let mut degrees = vec![0; graph.sites.len()];
    for route in graph.routes.iter().filter(|route| route.opens.is_none()) {
        degrees[graph.lines[route.from.index()].facility.index()] += 1;
        degrees[graph.lines[route.to.index()].facility.index()] += 1;
    }
    degrees
}

/// Impact relative to the largest, 0 to 1.
fn index(impact: f64, largest: f64) -> f64 {
    if largest > 0.0 { (impact / largest).max(0.0) } else { 0.0 }
}

/// Which values are above 0 and among the largest quarter; ties at its edge are in.
fn top(values: &[f64]) -> Vec<bool> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let count = (values.len() as f64 * TOP).ceil() as usize;
    let edge = sorted.get(count.saturating_sub(1)).copied().unwrap_or(0.0);
    values.iter().map(|value| *value > 0.0 && *value >= edge).collect()
}

/// Rank correlation with mean ranks for ties; 0 when one of the two is constant.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product =
        |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum() };
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    if scale > 0.0 { product(&a, &b) / scale } else { 0.0 }
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for same in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let rank = below as f64 + (same.len() as f64 + 1.0) / 2.0;
        same.iter().for_each(|at| ranks[*at] = rank);
        below += same.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_ties_and_correlate() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert!((spearman(&[1.0, 2.0, 5.0], &[10.0, 20.0, 21.0]) - 1.0).abs() < 1e-12);
        assert!((spearman(&[1.0, 2.0, 5.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        assert!(spearman(&[1.0, 1.0], &[1.0, 2.0]).abs() < 1e-12);
        assert_eq!(top(&[0.0, 4.0, 1.0, 2.0, 0.0]), [false, true, false, true, false]);
        assert_eq!(top(&[0.0; 3]), [false; 3]);
    }

    #[test]
    fn the_risk_exposure_index_lies_between_zero_and_one() {
        let (mut scenario, _) = Scenario::bundled("baseline").unwrap();
        scenario.days = 126;
        let options = Options { replications: 2, days: 40, ..Options::default() };
        let ranking = rank(&scenario, &options, &|_| {}, &|| false).unwrap().unwrap();
        assert!(ranking.rows.iter().all(|row| (0.0..=1.0).contains(&row.rei)));
        assert!((ranking.rows[0].rei - 1.0).abs() < 1e-12, "{:?}", ranking.rows[0]);
        assert!(ranking.rows.windows(2).all(|pair| pair[0].response.impact >= pair[1].response.impact));
        assert!(ranking.rows.iter().all(|row| (0.0..=1.0).contains(&row.esri) && row.flow_lost >= 0.0));
        assert!(rank(&scenario, &options, &|_| {}, &|| true).unwrap().is_none());
        let unknown = Options { metric: "vehicles".to_owned(), ..options };
        assert!(matches!(rank(&scenario, &unknown, &|_| {}, &|| false), Err(Error::Input(_))));
    }
}
