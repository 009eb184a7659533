//! Phases 7 to 9 as each route sees them: gate, dispatch, cancellation, orders.

use super::compile::{Kernel, NONE};
use super::scratch::{Row, State};
use crate::policy::parameter::Parameter;

/// Phase 7: what may leave on each route, e = min(book, cap, r_max·max(base flow, expected flow)).
///
/// The gate comes before rationing so that goods are not allotted to routes that cannot ship.
pub(crate) fn gate<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let most = state.parameters[Parameter::GateRatio as usize].map(|ratio| ratio * kernel.dt);
    for r in 0..kernel.routes.from.len() {
        let expected = state.expected[kernel.routes.to[r] as usize];
        let (book, base) = (&state.book[r], &state.base_flow[r]);
        let (amount, share) = (&state.amount[r], &state.share[r]);
        let mut leaving: Row<L> = std::array::from_fn(|lane| {
            let usual = base[lane].max(amount[lane] * share[lane] * expected[lane]);
            book[lane].min(most[lane] * usual)
        });
        let governed = kernel.routes.governed[r];
        if governed != NONE {
            let cap = &state.cap[governed as usize];
            for lane in 0..L {
                leaving[lane] = leaving[lane].min(cap[lane]);
            }
        }
        state.leaving[r] = leaving;
    }
}

/// Phase 8, second half: goods leave their suppliers and go into transit.
pub(crate) fn dispatch<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let dt = kernel.dt;
    let month = (dt / 30.0).min(1.0);
    let fortnight = (dt / 14.0).min(1.0);
    for r in 0..kernel.routes.from.len() {
        let ratio = state.ratio[kernel.routes.from[r] as usize];
        let mut leaving = state.leaving[r];
        for lane in 0..L {
            leaving[lane] *= ratio[lane];
        }
        state.leaving[r] = leaving;
        let flying = flying(kernel, r, state);
        let (surface, air) = (kernel.routes.surface[r], kernel.routes.air[r]);
        if surface.slots == surface.lead {
            let row = &mut state.ring[(surface.offset + (step + surface.lead) % surface.slots) as usize];
            for lane in 0..L {
                row[lane] += leaving[lane] * (1.0 - flying[lane]);
            }
        } else {
            // A lane that may be slow: each replication has its own delay.
            for lane in 0..L {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let extra = (state.extra_lead[r][lane] as u32).min(surface.slots - surface.lead);
                let slot = surface.offset + (step + surface.lead + extra) % surface.slots;
                state.ring[slot as usize][lane] += leaving[lane] * (1.0 - flying[lane]);
            }
        }
        if air.slots > 0 {
            let row = &mut state.ring[(air.offset + (step + air.lead) % air.slots) as usize];
            for lane in 0..L {
                row[lane] += leaving[lane] * flying[lane];
            }
        }
        let placed = state.placed[r];
        for lane in 0..L {
            state.book[r][lane] = (state.book[r][lane] - leaving[lane]).max(0.0);
            state.transit[r][lane] += leaving[lane];
            state.ordered_month[r][lane] += month * (placed[lane] - state.ordered_month[r][lane]);
            state.sent_month[r][lane] += month * (leaving[lane] - state.sent_month[r][lane]);
            state.ordered_fortnight[r][lane] += fortnight * (placed[lane] - state.ordered_fortnight[r][lane]);
            state.sent_fortnight[r][lane] += fortnight * (leaving[lane] - state.sent_fortnight[r][lane]);
        }
    }
}

/// Share of a route's goods that flies: little in calm, most when the buyer's cover is low.
fn flying<const L: usize>(kernel: &Kernel, r: usize, state: &State<L>) -> Row<L> {
    if kernel.routes.air[r].slots == 0 {
        return [0.0; L];
    }
    let calm = &state.parameters[Parameter::AirShare as usize];
    let short = &state.parameters[Parameter::AirShareShort as usize];
    let trigger = &state.parameters[Parameter::AirTrigger as usize];
    let trend = &state.trend[kernel.routes.to[r] as usize];
    std::array::from_fn(|lane| {
        let flow = state.amount[r][lane] * state.share[r][lane] * trend[lane];
        if state.stock[r][lane] < trigger[lane] * state.target_days[r][lane] * flow { short[lane] } else { calm[lane] }
    })
}

/// Phase 9: old orders are cancelled in part, then each buyer orders what it expects to use and a part of
/// the gap between its target and what it has, has coming, and has asked for.
pub(crate) fn order<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let dt = kernel.dt;
    let parameters = &state.parameters;
    let close = parameters[Parameter::AdjustmentDays as usize].map(|days| (dt / days).min(1.0));
    let cancel = parameters[Parameter::Cancellation as usize].map(|share| (share * dt).min(1.0));
    let lost = parameters[Parameter::LostFraction as usize];
    let fade = parameters[Parameter::LostDays as usize].map(|days| (dt / days).min(1.0));
    let panic = parameters[Parameter::Panic as usize];
    for r in 0..kernel.routes.from.len() {
        let buyer = kernel.routes.to[r] as usize;
        let (surface, air) = (kernel.routes.surface[r], kernel.routes.air[r]);
        let flying = flying(kernel, r, state);
        let (expected, trend) = (&state.expected[buyer], &state.trend[buyer]);
        let mut placed = [0.0; L];
        for lane in 0..L {
            let per_output = state.amount[r][lane] * state.share[r][lane];
            let book = state.book[r][lane];
            let cancelled = book * cancel[lane];
            let book = book - cancelled;
            let forgone = state.forgone[r][lane] * (1.0 - fade[lane]) + lost[lane] * cancelled;
            let ordered = state.ordered_fortnight[r][lane];
            let overdue =
                if ordered > 0.0 { (1.0 - state.sent_fortnight[r][lane] / ordered).clamp(0.0, 1.0) } else { 0.0 };
            let target = state.target_days[r][lane] * (1.0 + panic[lane] * overdue);
            let by_surface = (f64::from(surface.lead) + state.extra_lead[r][lane]) * (1.0 - flying[lane]);
            let lead = dt * (by_surface + f64::from(air.lead) * flying[lane]);
            let have = state.stock[r][lane] + state.transit[r][lane] + book + forgone;
            let gap = per_output * trend[lane] * (target + lead) - have;
            placed[lane] = (dt * per_output * expected[lane] + close[lane] * gap).max(0.0);
            state.forgone[r][lane] = forgone;
            state.book[r][lane] = book + placed[lane];
        }
        state.placed[r] = placed;
    }
}
