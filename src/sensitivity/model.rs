//! The scenario at every point of a design, with the same luck.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::input::Input;
use crate::criticality::outage::outcomes;
use crate::error::Error;
use crate::kernel::Kernel;
use crate::scenario::Scenario;
use crate::study::metric_position;

/// Mean of a metric over the first `replications` at each point. Points are computed side by side; the same
/// replications have the same draws at every point (common random numbers), so that differences between points
/// are those of the inputs.
///
/// `progress` is called with the number of finished points; once `stop` says yes no other begins.
///
/// # Errors
/// An input error when the metric does not exist, [`Error::NotFinite`] for a replication with such a number.
/// `Ok(None)` when stopped.
pub fn evaluate(
    scenario: &Scenario,
    inputs: &[Input],
    points: &[Vec<f64>],
    (metric, replications): (&str, u64),
    progress: &(dyn Fn(usize) + Sync),
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Vec<f64>>, Error> {
    metric_position(Kernel::compile(scenario).design(), metric)?;
    let done = AtomicUsize::new(0);
    points
        .par_iter()
        .map(|point| {
            if stop() {
                return Ok(None);
            }
            let mut scenario = scenario.clone();
            for (input, uniform) in inputs.iter().zip(point) {
                input.apply(*uniform, &mut scenario);
            }
            let kernel = Kernel::compile(&scenario);
            let metric = metric_position(kernel.design(), metric)?;
            let values = outcomes(&kernel, replications, &scenario)?;
            let sum: f64 = values.iter().map(|outcome| outcome.metrics[metric]).sum();
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok(Some(sum / values.len().max(1) as f64))
        })
        .collect()
}
