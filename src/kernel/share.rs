//! Shares in use: base shares, moved by tariffs, by deliveries (pooled sourcing) and by plants that open.

use super::layout::{Kernel, Lines};
use super::link::Way;
use super::scratch::{AdaptingRows, Row, State, less, more};
use crate::policy::parameter::Parameter;
use crate::policy::response::Sourcing;

/// Smallest reliability a route is credited with when shares adapt, so that it can recover.
pub(crate) const LEAST_RELIABILITY: f64 = 0.05;

/// `candidate_days` at and beyond which a candidate is qualified.
pub(crate) const QUALIFIED: f64 = 1.0e6;

/// Lines for whose inputs [`shares`] has something to do in every step.
pub(crate) fn moving(lines: &Lines) -> Vec<bool> {
    let moves = |(line, ends): (usize, &[u32])| {
        let pooled = lines.sourcing[line] == Sourcing::Pooled;
        let inputs = &lines.inputs[ends[0] as usize..ends[1] as usize];
        inputs.iter().any(|input| input.way != Way::Pooled && (pooled || input.changes))
    };
    lines.slots.windows(2).enumerate().map(moves).collect()
}

/// Shares in use of one line's suppliers, where anything can have changed.
#[inline(always)]
pub(crate) fn shares<const L: usize>(kernel: &Kernel, step: u32, line: usize, state: &mut State<L>) {
    if !(state.stale || kernel.lines.shares_move[line]) {
        return;
    }
    let exponent = state.parameters[Parameter::AdaptationExponent as usize];
    let pooled = kernel.lines.sourcing[line] == Sourcing::Pooled;
    let slots = kernel.slots_of(line);
    for (slot, input) in slots.clone().zip(&kernel.lines.inputs[slots]) {
        // Of the usual case shares are worked out as its goods arrive.
        if input.way != Way::Pooled && (pooled || state.stale || input.changes) {
            slot_shares(kernel, step, slot, pooled.then_some(&exponent), state);
        }
    }
}

#[inline(always)]
fn slot_shares<const L: usize>(
    kernel: &Kernel,
    step: u32,
    slot: usize,
    exponent: Option<&Row<L>>,
    state: &mut State<L>,
) {
    let range = kernel.routes_of(slot);
    let ramp_days = state.parameters[Parameter::RampDays as usize];
    let mut sum = [0.0; L];
    let mut displaced = [0.0; L];
    for r in range.clone() {
        let adapting = kernel.routes.links[r].adapting;
        let reliability = state.adapting.get(adapting as usize).map_or([1.0; L], reliability);
        if is_late(kernel, r) {
            for lane in 0..L {
                let reached = if kernel.routes.candidate[r] {
                    f64::from(u8::from(state.candidate_days[r][lane] >= QUALIFIED))
                } else {
                    // A project may open a plant before its date.
                    ramp(kernel, step, r, ramp_days[lane]).max(state.growth[r][lane] - 1.0).clamp(0.0, 1.0)
                };
                let share = state.pull[r][lane] * reached;
                state.routes[r].share[lane] = share;
                // Others give way only to what the newcomer has been seen to deliver.
                displaced[lane] += share * reliability[lane];
            }
            continue;
        }
        let mut raw = state.pull[r];
        if kernel.routes.grows[r] {
            // Buyers follow a growing supplier as far as it delivers.
            for lane in 0..L {
                raw[lane] *= 1.0 + (state.growth[r][lane] - 1.0) * reliability[lane];
            }
        }
        if let Some(exponent) = exponent {
            for lane in 0..L {
                let credit = more(reliability[lane], LEAST_RELIABILITY);
                raw[lane] *= if kernel.unit_exponent { credit } else { libm::pow(credit, exponent[lane]) };
            }
        }
        for lane in 0..L {
            sum[lane] += raw[lane];
        }
        state.routes[r].share = raw;
    }
    let mut scale = [0.0; L];
    for lane in 0..L {
        scale[lane] = if sum[lane] > 0.0 { (1.0 - displaced[lane]).max(0.0) / sum[lane] } else { 0.0 };
    }
    for r in range {
        if !is_late(kernel, r) {
            for lane in 0..L {
                state.routes[r].share[lane] *= scale[lane];
            }
        }
    }
}

/// Whether the route is a newcomer in this run: see [`super::layout::Routes::late`].
pub(crate) fn is_late(kernel: &Kernel, r: usize) -> bool {
    kernel.routes.late[r]
}

/// Part of its share that a plant which opened by date has grown into; negative before the date.
pub(crate) fn ramp(kernel: &Kernel, step: u32, r: usize, ramp_days: f64) -> f64 {
    (f64::from(step) - f64::from(kernel.routes.opens[r])) * kernel.dt / ramp_days
}

/// Dispatched ÷ ordered, at most 1; 0 where nothing was ordered.
#[inline(always)]
fn reliability<const L: usize>(memory: &AdaptingRows<L>) -> Row<L> {
    let (ordered, sent) = (&memory.ordered_month, &memory.sent_month);
    std::array::from_fn(|lane| if ordered[lane] > 0.0 { less(sent[lane] / ordered[lane], 1.0) } else { 0.0 })
}
