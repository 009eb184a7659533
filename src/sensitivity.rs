//! Which uncertain inputs decide a result: variance-based indices and elementary effects.
//!
//! Life cycle: [`input::inputs`] lists what is varied (parameters over their sweep ranges, switches as
//! categories); [`design`] makes points of the unit cube; [`model::evaluate`] runs the scenario at each point
//! with the same luck; [`sobol`] or [`morris`] reads indices off the results.
//!
//! Nothing here knows the simulator but [`input`] and [`model`]: the estimators take numbers.

pub mod design;
pub mod input;
pub mod model;
pub mod morris;
pub mod sobol;

use crate::random::philox::{Entity, Purpose, Streams};

/// Resamples behind every bootstrap interval.
pub const RESAMPLES: u32 = 400;

/// A number with its 95 % bootstrap interval (2.5 and 97.5 % of resamples).
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Estimate {
    /// From all points.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Estimate {
    /// `statistic` of the rows `0..rows` and of resamples of them. It gets the rows to use.
    fn bootstrap(rows: usize, seed: u64, statistic: impl Fn(&[usize]) -> f64) -> Self {
        let all: Vec<usize> = (0..rows).collect();
        let value = statistic(&all);
        let mut resampled = Vec::with_capacity(RESAMPLES as usize);
        let mut chosen = all;
        for number in 0..RESAMPLES {
            // The same resamples for every index: their differences are those of the indices.
            let streams = Streams::new(seed, u64::from(number));
            for (at, row) in (0_u32..).zip(&mut chosen) {
                *row = below(streams.uniform(Purpose::Design, Entity(1), at, 0), rows);
            }
            resampled.push(statistic(&chosen));
        }
        resampled.retain(|value| value.is_finite());
        resampled.sort_by(f64::total_cmp);
        let at = |share: f64| resampled.get(below(share, resampled.len())).copied().unwrap_or(f64::NAN);
        Self { value, low: at(0.025), high: at(0.975) }
    }
}

/// A uniform as a whole number from 0 to `count` − 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and count")]
fn below(uniform: f64, count: usize) -> usize {
    ((uniform * count as f64) as usize).min(count.saturating_sub(1))
}
