//! Phases 11 and 12: qualification of new suppliers, substitution, stockpiles.

use super::event::active;
use super::layout::Kernel;
use super::scratch::State;
use super::share::QUALIFIED;
use crate::policy::parameter::Parameter;
use crate::policy::shock::Kind;

/// First value of a candidate's clock that means "being qualified".
const WAITING: f64 = 1.0e5;

/// Phase 11: qualification of candidates (daily clocks), substitution (weekly).
pub(crate) fn adapt<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    qualify(kernel, state);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let week = (7.0 / kernel.dt).round().max(1.0) as u32;
    if !step.is_multiple_of(week) {
        return;
    }
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::Substitution { lines, limit, .. } = &shock.kind else { continue };
        for lane in 0..L {
            if !active(state, position, step, lane) {
                continue;
            }
            let years = (f64::from(step) - state.shock_start[position][lane]) * kernel.dt / 365.0;
            let fastest = state.parameters[Parameter::SubstitutionCap as usize][lane];
            let replaced = (state.shock_size[position][lane].min(fastest) * years).min(*limit);
            let before = state.shock_left[position][lane];
            for line in lines {
                substitute(kernel, line.index(), lane, (before, replaced), state);
            }
            state.shock_left[position][lane] = replaced.max(before);
        }
    }
}

/// Moves a share of a line's heavy-rare-earth input to its heavy-free one: from `before` to `after` replaced.
fn substitute<const L: usize>(
    kernel: &Kernel,
    line: usize,
    lane: usize,
    (before, after): (f64, f64),
    state: &mut State<L>,
) {
    if after <= before || before >= 1.0 {
        return;
    }
    let graph = kernel.graph();
    let inputs = &graph.lines[line].inputs;
    let find =
        |heavy: bool| inputs.iter().position(|input| graph.materials[input.material.index()].heavy == heavy);
    let (Some(from), Some(to)) = (find(true), find(false)) else { return };
    let first = kernel.lines.slots[line] as usize;
    let (from, to) = (kernel.routes_of(first + from), kernel.routes_of(first + to));
    let Some(probe) = from.clone().next() else { return };
    let moved = state.amount_of(kernel, probe)[lane] * (after - before) / (1.0 - before);
    for (range, change) in [(from, -moved), (to, moved)] {
        // Routes of one input may share their amount.
        let mut last = None;
        for position in kernel.routes.amount[range].iter().map(|at| *at as usize) {
            if last != Some(position) {
                state.amount[position][lane] += change;
            }
            last = Some(position);
        }
    }
    state.invert_amounts();
}

/// A candidate's clock runs while its buyer's line falls short for want of the material; after the trigger
/// the qualification runs on its own.
fn qualify<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    for &r in &kernel.candidates {
        let r = r as usize;
        let buyer = kernel.routes.to[r] as usize;
        let slot = kernel.graph().routes[kernel.routes.id[r].index()].input;
        let dt = kernel.dt;
        for lane in 0..L {
            let clock = &mut state.candidate_days[r][lane];
            if *clock >= WAITING {
                *clock += dt;
                let needed = WAITING + state.parameters[Parameter::QualificationDays as usize][lane];
                if *clock >= needed && *clock < QUALIFIED {
                    *clock = QUALIFIED;
                    state.stale = true;
                }
                continue;
            }
            let short = state.bound[buyer][lane] == slot;
            *clock = if short { *clock + dt } else { 0.0 };
            if *clock >= state.parameters[Parameter::QualificationTrigger as usize][lane] {
                *clock = WAITING;
            }
        }
    }
}

/// Part of a target stock that a buyer is always left with when a stockpile buys back.
const CALM_COVER: f64 = 0.9;

/// Gaps below this part of what the buyers should hold are rounding: a pile that has filled them to the trigger
/// must not take an ulp too little or too much for a shortage or for calm.
const NO_GAP: f64 = 1.0e-9;

/// Phase 12: stockpiles are released to buyers whose cover is low, and filled again in calm.
pub(crate) fn stockpiles<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::StockpileRelease { routes, rate, trigger_cover, .. } = &shock.kind else { continue };
        for lane in 0..L {
            if !active(state, position, step, lane) {
                continue;
            }
            let flow = |state: &State<L>, r: usize| {
                state.amount_of(kernel, r)[lane]
                    * state.routes[r].share[lane]
                    * state.trend[kernel.routes.to[r] as usize][lane]
            };
            let gap = |state: &State<L>, r: usize| -> f64 {
                (trigger_cover * flow(state, r) - state.routes[r].stock[lane]).max(0.0)
            };
            let wanted: f64 = routes.iter().map(|id| gap(state, kernel.route(*id))).sum();
            let needed: f64 = routes.iter().map(|id| trigger_cover * flow(state, kernel.route(*id))).sum();
            if wanted <= NO_GAP * needed {
                // Calm: it takes what buyers hold beyond their need; they order it anew.
                let spare = |state: &State<L>, r: usize| -> f64 {
                    let kept = trigger_cover.max(CALM_COVER * state.routes[r].target_days[lane]);
                    (state.routes[r].stock[lane] - kept * flow(state, r)).max(0.0)
                };
                let offered: f64 = routes.iter().map(|id| spare(state, kernel.route(*id))).sum();
                let missing = state.shock_size[position][lane] - state.shock_left[position][lane];
                let bought = offered.min(rate * kernel.dt).min(missing);
                if bought > 0.0 {
                    for &id in routes {
                        let r = kernel.route(id);
                        let part = bought * spare(state, r) / offered;
                        let stock = &mut state.routes[r].stock[lane];
                        *stock = (*stock - part).max(0.0);
                    }
                    state.shock_left[position][lane] += bought;
                }
                continue;
            }
            let released = wanted.min(rate * kernel.dt).min(state.shock_left[position][lane]);
            if released <= 0.0 {
                continue;
            }
            for &id in routes {
                let r = kernel.route(id);
                let part = released * gap(state, r) / wanted;
                state.routes[r].stock[lane] += part;
            }
            state.shock_left[position][lane] -= released;
            state.tally.released[lane] += released;
        }
    }
}
