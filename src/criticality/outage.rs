//! One facility out for a while: what the simulation says, against the same replications without the outage.

use rayon::prelude::*;

use super::Options;
use crate::error::Error;
use crate::id::PoolId;
use crate::kernel::Kernel;
use crate::policy::parameter::Value;
use crate::policy::shock::{End, Kind, RecoveryShape, Shock, When};
use crate::scenario::Scenario;
use crate::study::metric_position;
use crate::summary::{Design, Outcome};

/// Weekly vehicle output below this share of that of the undisturbed run counts as not recovered.
pub const RECOVERED: f64 = 0.99;

/// What an outage did.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Response {
    /// Mean rise of the metric.
    pub impact: f64,
    /// Smallest and largest rise over the replications.
    pub range: (f64, f64),
    /// Share of replications in which an automaker stops that would not have (or not so early).
    pub stop_probability: f64,
    /// Time to survive: mean days until that stop over those replications; `None` without any.
    pub survive: Option<f64>,
    /// Time to recover: mean days from the end of the outage to the end of the last week with less than 99 %
    /// of the vehicles of the undisturbed run (0: no such week after the outage).
    pub recover: f64,
    /// Share of replications that had not recovered in the last whole week of the run.
    pub unrecovered: f64,
}

/// Everything outages are compared with.
pub struct Outages<'a> {
    scenario: &'a Scenario,
    options: &'a Options,
    metric: usize,
    first_stop: Option<usize>,
    /// Cells of weekly vehicle output in the series of an outcome.
    output: Option<std::ops::Range<usize>>,
    /// Day of the run from which the undisturbed runs count days to a stop.
    origin: f64,
    undisturbed: Vec<Outcome>,
}

impl<'a> Outages<'a> {
    /// Simulates the undisturbed runs.
    ///
    /// # Errors
    /// An input error when the metric does not exist; [`Error::NotFinite`].
    pub fn new(scenario: &'a Scenario, kernel: &Kernel, options: &'a Options) -> Result<Self, Error> {
        let design = kernel.design();
        let metric = metric_position(design, &options.metric)?;
        let first_stop = design.metrics.iter().position(|metric| metric.name == "first_stop_day");
        let undisturbed = outcomes(kernel, options.replications, scenario)?;
        let (output, origin) = (weekly_output(design), kernel.observe.origin);
        Ok(Self { scenario, options, metric, first_stop, output, origin, undisturbed })
    }

    /// Simulates the outage of each site, side by side; the order of results is that of `sites`.
    ///
    /// # Errors
    /// [`Error::NotFinite`]. `Ok(None)` when stopped.
    pub fn run(
        &self,
        sites: &[usize],
        progress: &(dyn Fn(usize) + Sync),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Response>>, Error> {
        let done = std::sync::atomic::AtomicUsize::new(0);
        sites
            .par_iter()
            .map(|site| {
                if stop() {
                    return Ok(None);
                }
                let response = self.response(*site)?;
                progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
                Ok(Some(response))
            })
            .collect()
    }

    fn response(&self, site: usize) -> Result<Response, Error> {
        let graph = &self.scenario.lines;
        let pools =
            (0..graph.pools.len()).filter(|p| graph.pools[*p].facility.index() == site).map(PoolId::new);
        let mut scenario = self.scenario.clone();
        scenario.shocks.push(Shock {
            // Ids of scenario files hold no spaces, so that this is nobody else's.
            id: format!("outage of {}", graph.sites[site].id),
            title: String::new(),
            kind: Kind::CapacityLoss {
                pools: pools.collect(),
                loss: Value::fixed(self.options.loss),
                recovery: RecoveryShape::Instant,
                recovery_days: Value::fixed(0.0),
            },
            start: When { date: scenario.start, delay: Value::fixed(0.0) },
            end: End::After(Value::fixed(f64::from(self.options.days))),
            trigger: None,
        });
        let kernel = Kernel::compile(&scenario);
        let disturbed = outcomes(&kernel, self.options.replications, &scenario)?;
        Ok(self.compare(&disturbed, kernel.observe.origin))
    }

    fn compare(&self, disturbed: &[Outcome], origin: f64) -> Response {
        let count = disturbed.len().max(1) as f64;
        let mut response = Response { range: (f64::INFINITY, f64::NEG_INFINITY), ..Response::default() };
        let (mut stops, mut days) = (0.0, 0.0);
        for (with, without) in disturbed.iter().zip(&self.undisturbed) {
            let rise = with.metrics[self.metric] - without.metrics[self.metric];
            response.impact += rise / count;
            response.range = (response.range.0.min(rise), response.range.1.max(rise));
            if let Some(first) = self.first_stop {
                let day = |outcome: &Outcome, origin: f64| {
                    let day = outcome.metrics[first];
                    if day < 0.0 { f64::INFINITY } else { day + origin }
                };
                let (with, without) = (day(with, origin), day(without, self.origin));
                if with < without {
                    stops += 1.0;
                    days += with;
                }
            }
            if let Some(cells) = &self.output {
                let pairs = with.series[cells.clone()].iter().zip(&without.series[cells.clone()]);
                // The last week may have fewer than seven days, in both runs alike.
                let short: Vec<bool> = pairs.map(|(with, without)| *with < RECOVERED * without).collect();
                let last = short.iter().rposition(|short| *short).map_or(0, |week| 7 * (week + 1));
                response.recover += (last as f64 - f64::from(self.options.days)).max(0.0) / count;
                response.unrecovered += f64::from(u8::from(short.last() == Some(&true))) / count;
            }
        }
        response.stop_probability = stops / count;
        response.survive = (stops > 0.0).then(|| days / stops);
        response
    }
}

/// Cells of the world's weekly vehicle output, if there are automakers.
fn weekly_output(design: &Design) -> Option<std::ops::Range<usize>> {
    let mut first = 0;
    for series in &design.series {
        let cells = first..first + series.dates.len();
        if series.id == "output:WORLD" {
            return Some(cells);
        }
        first = cells.end;
    }
    None
}

/// The first replications of a kernel.
///
/// # Errors
/// [`Error::NotFinite`] names the replication.
pub(crate) fn outcomes(
    kernel: &Kernel,
    replications: u64,
    scenario: &Scenario,
) -> Result<Vec<Outcome>, Error> {
    let mut scratch = kernel.scratch();
    let mut out = Vec::new();
    let mut first = 0;
    while first < replications {
        let count = (replications - first).min(Kernel::LANES as u64);
        kernel.replicate(first, usize::try_from(count).unwrap_or(Kernel::LANES), &mut scratch, &mut out);
        first += count;
    }
    for outcome in &out {
        if let Some(at) = outcome.metrics.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                scenario: scenario.name.clone(),
                replication: outcome.replication,
                metric: kernel.design().metrics[at].name.clone(),
            });
        }
    }
    Ok(out)
}
