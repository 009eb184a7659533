//! Phase 2: capacity lost, recovering, opening and growing.

use super::event::active;
use super::layout::Kernel;
use super::scratch::{Row, State};
use crate::policy::parameter::Parameter;
use crate::policy::shock::{Kind, RecoveryShape};

/// Dates of the lunar New Year, days since 1970-01-01 (2023 to 2030).
const NEW_YEARS: [i32; 8] = [19_379, 19_763, 20_117, 20_501, 20_855, 21_209, 21_593, 21_948];

/// Days of the New Year holiday that capacity is down.
const NEW_YEAR_DAYS: i32 = 14;

/// Capacity lost and added, recomputed for the pools that anything touches.
pub(crate) fn apply<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let days = u64::from(step) * u64::from(kernel.scenario.step_days);
    let day = kernel.scenario.start + i32::try_from(days).unwrap_or(i32::MAX / 2);
    let new_year = NEW_YEARS.iter().any(|eve| (*eve..*eve + NEW_YEAR_DAYS).contains(&day));
    let was_new_year = std::mem::replace(&mut state.new_year, new_year);
    if step > 0 && new_year == was_new_year && !kernel.pools.moved && !kernel.pools.opens.contains(&step) {
        return;
    }
    for pool in 0..kernel.pools.opens.len() {
        let dip = if new_year && kernel.pools.chinese[pool] {
            state.parameters[Parameter::NewYearDip as usize]
        } else {
            [0.0; L]
        };
        state.loss[pool] = dip;
        // A plant that has not opened lacks all of its nameplate; a project may build a share of it before.
        state.added[pool] = if step < kernel.pools.opens[pool] { [-1.0; L] } else { [0.0; L] };
    }
    // Computed anew like all the rest: projects on one route add up, whatever goes on in other lanes.
    for (growth, _) in state.growth.iter_mut().zip(&kernel.routes.grows).filter(|(_, grows)| **grows) {
        *growth = [1.0; L];
    }
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        match &shock.kind {
            Kind::CapacityLoss { pools, recovery, .. } => {
                let lost: Row<L> =
                    std::array::from_fn(|lane| lost_share(kernel, position, *recovery, step, lane, state));
                for pool in pools {
                    for lane in 0..L {
                        let kept = 1.0 - state.loss[pool.index()][lane];
                        state.loss[pool.index()][lane] = 1.0 - kept * (1.0 - lost[lane]);
                    }
                }
            }
            Kind::NewCapacity { pools, routes, .. } => {
                let ramp: Row<L> = std::array::from_fn(|lane| {
                    let since = (f64::from(step) - state.shock_start[position][lane]) * kernel.dt;
                    let whole = state.shock_time[position][lane].max(kernel.dt);
                    if active(state, position, step, lane) { (since / whole).clamp(0.0, 1.0) } else { 0.0 }
                });
                for pool in pools {
                    let opens = f64::from(kernel.pools.opens[pool.index()]);
                    for lane in 0..L {
                        let built = state.shock_size[position][lane] * ramp[lane];
                        let added = &mut state.added[pool.index()][lane];
                        // A project for a plant that is still to open builds that plant, not a second one beside it.
                        let builds = state.shock_start[position][lane] < opens;
                        *added = if builds { added.max(built - 1.0) } else { *added + built };
                    }
                }
                if !routes.is_empty() {
                    grow_shares(kernel, position, routes, &ramp, step, state);
                }
            }
            Kind::Subsidy { pools, .. } => {
                for pool in pools.iter().filter(|pool| step >= kernel.pools.opens[pool.index()]) {
                    for lane in 0..L {
                        if active(state, position, step, lane) {
                            let years =
                                (f64::from(step) - state.shock_start[position][lane]) * kernel.dt / 365.0;
                            state.added[pool.index()][lane] += state.shock_size[position][lane] * years;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    super::heavy::recover(kernel, state);
}

/// Buyers move shares to a supplier that grows, as fast as it grows.
fn grow_shares<const L: usize>(
    kernel: &Kernel,
    position: usize,
    routes: &[crate::id::RouteId],
    ramp: &Row<L>,
    step: u32,
    state: &mut State<L>,
) {
    if (0..L).all(|lane| f64::from(step) < state.shock_start[position][lane]) {
        return;
    }
    state.stale = true;
    for &id in routes {
        let r = kernel.route(id);
        for lane in 0..L {
            state.growth[r][lane] += state.shock_size[position][lane] * ramp[lane];
        }
    }
}

fn lost_share<const L: usize>(
    kernel: &Kernel,
    position: usize,
    recovery: RecoveryShape,
    step: u32,
    lane: usize,
    state: &State<L>,
) -> f64 {
    let at = f64::from(step);
    let loss = state.shock_size[position][lane].clamp(0.0, 1.0);
    if at < state.shock_start[position][lane] {
        return 0.0;
    }
    if at < state.shock_end[position][lane] {
        return loss;
    }
    let since = (at - state.shock_end[position][lane]) * kernel.dt;
    let days = state.shock_time[position][lane];
    if days <= 0.0 {
        return 0.0;
    }
    loss * match recovery {
        RecoveryShape::Instant => 0.0,
        RecoveryShape::Linear => (1.0 - since / days).max(0.0),
        RecoveryShape::Exponential => libm::exp(-since / days),
        // Half done at half the recovery time; 2 % left at its end.
        RecoveryShape::Logistic => 1.0 / (1.0 + libm::exp(8.0 * (since / days - 0.5))),
    }
}
