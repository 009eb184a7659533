//! Phases 4 and 7 to 9 as each route sees them: arrivals, gate; then dispatch, cancellation and orders in one
//! pass.

use super::compile::{Kernel, NONE};
use super::scratch::{Row, State};
use crate::policy::parameter::Parameter;

/// Phase 4: goods due in this step join the stocks of one line.
#[inline(always)]
pub(crate) fn arrive<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    for r in kernel.inputs_of(line) {
        let (surface, air) = (kernel.routes.surface[r], kernel.routes.air[r]);
        let [by_surface, by_air] = state.cursor[r];
        let slot = (surface.offset + by_surface) as usize;
        let mut arriving = state.ring[slot];
        state.ring[slot] = [0.0; L];
        if air.slots > 0 {
            let slot = (air.offset + by_air) as usize;
            let flown = state.ring[slot];
            state.ring[slot] = [0.0; L];
            for lane in 0..L {
                arriving[lane] += flown[lane];
            }
        }
        let (mut stock, mut transit) = (state.stock[r], state.transit[r]);
        for lane in 0..L {
            stock[lane] += arriving[lane];
            transit[lane] = (transit[lane] - arriving[lane]).max(0.0);
        }
        state.stock[r] = stock;
        state.transit[r] = transit;
    }
}

/// Phase 7: what may leave for one buyer, `e = min(book, cap, r_max·max(base flow, expected flow))`.
///
/// The gate comes before rationing so that goods are not allotted to routes that cannot ship.
#[inline(always)]
pub(crate) fn gate<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let most = state.parameters[Parameter::GateRatio as usize];
    let expected = state.expected[line];
    for r in kernel.inputs_of(line) {
        let (book, base) = (state.book[r], state.base_flow[r]);
        let (amount, share) = (state.amount[r], state.share[r]);
        let mut leaving: Row<L> = [0.0; L];
        for lane in 0..L {
            let usual = base[lane].max(amount[lane] * share[lane] * expected[lane]);
            leaving[lane] = book[lane].min(most[lane] * kernel.dt * usual);
        }
        let governed = kernel.routes.governed[r];
        if governed != NONE {
            let cap = state.cap[governed as usize];
            for lane in 0..L {
                leaving[lane] = leaving[lane].min(cap[lane]);
            }
        }
        state.leaving[r] = leaving;
    }
}

/// Phase 8, second half, and phase 9: goods leave their suppliers and go into transit; old orders are
/// cancelled in part; then each buyer orders what it expects to use and a part of the gap between its target
/// and what it has, has coming, and has asked for.
///
/// One pass over the routes: what a route orders depends on its own goods and its buyer alone. Rows are
/// copied to locals, so that the compiler may keep all lanes in registers.
#[inline(always)]
pub(crate) fn dispatch_and_order<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let dt = kernel.dt;
    let month = (dt / 30.0).min(1.0);
    let fortnight = (dt / 14.0).min(1.0);
    let parameters = &state.parameters;
    let close = parameters[Parameter::AdjustmentDays as usize].map(|days| (dt / days).min(1.0));
    let cancel = parameters[Parameter::Cancellation as usize].map(|share| (share * dt).min(1.0));
    let lost = parameters[Parameter::LostFraction as usize];
    let keep = parameters[Parameter::LostDays as usize].map(|days| 1.0 - (dt / days).min(1.0));
    let panic = parameters[Parameter::Panic as usize];
    let calm_air = parameters[Parameter::AirShare as usize];
    let short_air = parameters[Parameter::AirShareShort as usize];
    let air_trigger = parameters[Parameter::AirTrigger as usize];
    for r in 0..kernel.routes.from.len() {
        let buyer = kernel.routes.to[r] as usize;
        let (surface, air) = (kernel.routes.surface[r], kernel.routes.air[r]);
        let [by_surface, by_air] = state.cursor[r];
        let ratio = state.ratio[kernel.routes.from[r] as usize];
        let expected = state.expected[buyer];
        let trend = state.trend[buyer];
        let amount = state.amount[r];
        let share = state.share[r];
        let days = state.target_days[r];
        let stock = state.stock[r];
        let before = state.placed[r];
        let mut leaving = state.leaving[r];
        let mut per_output = [0.0; L];
        let mut flying = [0.0; L];
        for lane in 0..L {
            leaving[lane] *= ratio[lane];
            per_output[lane] = amount[lane] * share[lane];
        }
        if air.slots > 0 {
            // Little flies in calm, most when the buyer's cover is low.
            for lane in 0..L {
                let low = air_trigger[lane] * days[lane] * (per_output[lane] * trend[lane]);
                flying[lane] = if stock[lane] < low { short_air[lane] } else { calm_air[lane] };
            }
        }
        state.leaving[r] = leaving;
        let mut extra = [0.0; L];
        if surface.slots == surface.lead {
            // Here the slot of arrival is the one just emptied.
            let slot = (surface.offset + by_surface) as usize;
            let mut row = state.ring[slot];
            for lane in 0..L {
                row[lane] += leaving[lane] * (1.0 - flying[lane]);
            }
            state.ring[slot] = row;
        } else {
            // A lane that may be slow: each replication has its own delay.
            extra = state.extra_lead[r];
            for lane in 0..L {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let more = (extra[lane] as u32).min(surface.slots - surface.lead);
                let slot = surface.offset + (by_surface + surface.lead + more) % surface.slots;
                state.ring[slot as usize][lane] += leaving[lane] * (1.0 - flying[lane]);
            }
        }
        if air.slots > 0 {
            let slot = (air.offset + by_air) as usize;
            let mut row = state.ring[slot];
            for lane in 0..L {
                row[lane] += leaving[lane] * flying[lane];
            }
            state.ring[slot] = row;
        }
        state.cursor[r] = [next(by_surface, surface.slots), next(by_air, air.slots)];
        if kernel.routes.adapts[r] {
            let (mut ordered, mut sent) = (state.ordered_month[r], state.sent_month[r]);
            for lane in 0..L {
                ordered[lane] += month * (before[lane] - ordered[lane]);
                sent[lane] += month * (leaving[lane] - sent[lane]);
            }
            state.ordered_month[r] = ordered;
            state.sent_month[r] = sent;
        }
        let (mut ordered, mut sent) = (state.ordered_fortnight[r], state.sent_fortnight[r]);
        let (mut book, mut transit) = (state.book[r], state.transit[r]);
        let mut forgone = state.forgone[r];
        let mut placed = [0.0; L];
        for lane in 0..L {
            ordered[lane] += fortnight * (before[lane] - ordered[lane]);
            sent[lane] += fortnight * (leaving[lane] - sent[lane]);
            transit[lane] += leaving[lane];
            let left = (book[lane] - leaving[lane]).max(0.0);
            let cancelled = left * cancel[lane];
            let left = left - cancelled;
            forgone[lane] = forgone[lane] * keep[lane] + lost[lane] * cancelled;
            let on_time = if ordered[lane] > 0.0 { sent[lane] / ordered[lane] } else { 1.0 };
            let overdue = (1.0 - on_time).clamp(0.0, 1.0);
            let target = days[lane] * (1.0 + panic[lane] * overdue);
            let by_surface = (f64::from(surface.lead) + extra[lane]) * (1.0 - flying[lane]);
            let lead = dt * (by_surface + f64::from(air.lead) * flying[lane]);
            let have = stock[lane] + transit[lane] + left + forgone[lane];
            let gap = per_output[lane] * trend[lane] * (target + lead) - have;
            placed[lane] = (dt * per_output[lane] * expected[lane] + close[lane] * gap).max(0.0);
            book[lane] = left + placed[lane];
        }
        state.ordered_fortnight[r] = ordered;
        state.sent_fortnight[r] = sent;
        state.book[r] = book;
        state.transit[r] = transit;
        state.forgone[r] = forgone;
        state.placed[r] = placed;
    }
}

/// The next slot of a ring.
#[inline(always)]
fn next(slot: u32, slots: u32) -> u32 {
    if slot + 1 >= slots { 0 } else { slot + 1 }
}
