//! Phases 7 to 9 as each route sees them: the gate; then dispatch, cancellation and orders in one pass.

use super::compile::{Kernel, NONE};
use super::scratch::{AdaptingRows, RouteRows, Row, State, add, less, more};
use crate::policy::parameter::Parameter;

/// Phase 7: what may leave for one buyer, `e = min(book, cap, r_max·max(base flow, expected flow))`.
///
/// The gate comes before rationing so that goods are not allotted to routes that cannot ship.
#[inline(always)]
pub(crate) fn gate<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let most = state.parameters[Parameter::GateRatio as usize].map(|ratio| ratio * kernel.dt);
    let expected = state.expected[line];
    let range = kernel.inputs_of(line);
    let State { routes, amount, cap, customers, .. } = state;
    for (rows, link) in routes[range.clone()].iter_mut().zip(&kernel.routes.links[range]) {
        let amount = amount[link.amount as usize];
        let RouteRows { share, base_flow, book, .. } = *rows;
        let mut leaving = [0.0; L];
        for lane in 0..L {
            let usual = more(base_flow[lane], amount[lane] * share[lane] * expected[lane]);
            leaving[lane] = less(book[lane], most[lane] * usual);
        }
        if link.governed != NONE {
            let cap = cap[link.governed as usize];
            for lane in 0..L {
                leaving[lane] = less(leaving[lane], cap[lane]);
            }
        }
        rows.leaving = leaving;
        add(&mut customers[link.from as usize].asked, &leaving);
    }
}

/// Behaviour of buyers, per lane; constant in a run but for the step's length.
struct Habits<const L: usize> {
    /// Share of the gap to its target that an order closes.
    close: Row<L>,
    /// Share of late orders that is cancelled.
    cancel: Row<L>,
    /// Share of what is cancelled that stays out of the target.
    lost: Row<L>,
    /// Share of that which is still out a step later.
    keep: Row<L>,
    /// χ: how much more of a late supplier's goods is wanted.
    panic: Row<L>,
    calm_air: Row<L>,
    short_air: Row<L>,
    /// Cover, relative to its target, below which goods fly.
    air_trigger: Row<L>,
}

impl<const L: usize> Habits<L> {
    fn of(parameters: &[Row<L>], dt: f64) -> Self {
        let row = |parameter: Parameter| parameters[parameter as usize];
        Self {
            close: row(Parameter::AdjustmentDays).map(|days| (dt / days).min(1.0)),
            cancel: row(Parameter::Cancellation).map(|share| (share * dt).min(1.0)),
            lost: row(Parameter::LostFraction),
            keep: row(Parameter::LostDays).map(|days| 1.0 - (dt / days).min(1.0)),
            panic: row(Parameter::Panic),
            calm_air: row(Parameter::AirShare),
            short_air: row(Parameter::AirShareShort),
            air_trigger: row(Parameter::AirTrigger),
        }
    }
}

/// Phase 8, second half, and phase 9: goods leave their suppliers and go into transit; old orders are
/// cancelled in part; then each buyer orders what it expects to use and a part of the gap between its target
/// and what it has, has coming, and has asked for.
///
/// One pass over the routes: what a route orders depends on its own goods and its buyer alone. The slot of a
/// ring that was due in this step takes what leaves now.
#[inline(always)]
pub(crate) fn dispatch_and_order<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let dt = kernel.dt;
    let month = (dt / 30.0).min(1.0);
    let fortnight = (dt / 14.0).min(1.0);
    let habits = Habits::of(&state.parameters, dt);
    let State {
        routes, adapting, ring, due_row, cursor, customers, amount, extra_lead, expected, trend, ..
    } = &mut *state;
    for line in 0..kernel.lines.pool.len() {
        let (expected, trend) = (expected[line], trend[line]);
        let range = kernel.inputs_of(line);
        let links = &kernel.routes.links[range.clone()];
        for ((rows, link), r) in routes[range.clone()].iter_mut().zip(links).zip(range) {
            let ratio = customers[link.from as usize].ratio;
            let amount = amount[link.amount as usize];
            let wheel = &kernel.routes.wheels[link.surface_wheel as usize];
            let surface_lead = f64::from(wheel.lead);
            let slot = (due_row[link.surface_wheel as usize] + link.surface) as usize;
            let RouteRows { stock, share, target_days: days, .. } = *rows;
            let (mut leaving, mut transit) = (rows.leaving, rows.transit);
            let (mut per_output, mut lead) = ([0.0; L], [dt * surface_lead; L]);
            for lane in 0..L {
                leaving[lane] *= ratio[lane];
                per_output[lane] = amount[lane] * share[lane];
            }
            let mut by_surface = leaving;
            let mut extra = [0.0; L];
            if link.delayed {
                extra = extra_lead[r];
                for lane in 0..L {
                    lead[lane] = dt * (surface_lead + extra[lane]);
                }
            }
            if link.air_wheel != NONE {
                // Little flies in calm, most when the buyer's cover is low.
                let air_lead = f64::from(kernel.routes.wheels[link.air_wheel as usize].lead);
                let slot = &mut ring[(due_row[link.air_wheel as usize] + link.air) as usize];
                let arrived = *slot;
                let mut flown = [0.0; L];
                for lane in 0..L {
                    let low = habits.air_trigger[lane] * days[lane] * (per_output[lane] * trend[lane]);
                    let flying =
                        if stock[lane] < low { habits.short_air[lane] } else { habits.calm_air[lane] };
                    transit[lane] = more(transit[lane] - arrived[lane], 0.0);
                    flown[lane] = leaving[lane] * flying;
                    by_surface[lane] = leaving[lane] * (1.0 - flying);
                    lead[lane] = dt * ((surface_lead + extra[lane]) * (1.0 - flying) + air_lead * flying);
                }
                *slot = flown;
            }
            let due = &mut ring[slot];
            let arrived = *due;
            for lane in 0..L {
                transit[lane] = more(transit[lane] - arrived[lane], 0.0) + leaving[lane];
            }
            if link.delayed {
                // A lane that may be slow: each replication has its own delay.
                *due = [0.0; L];
                for lane in 0..L {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let longer = (extra[lane] as u32).min(wheel.slots - wheel.lead);
                    let slot = wheel.slot(cursor[link.surface_wheel as usize], wheel.lead + longer);
                    ring[slot + link.surface as usize][lane] += by_surface[lane];
                }
            } else {
                *due = by_surface;
            }
            let (mut ordered, mut sent) = (rows.ordered_fortnight, rows.sent_fortnight);
            let (mut book, mut forgone) = (rows.book, rows.forgone);
            let mut placed = [0.0; L];
            for lane in 0..L {
                sent[lane] += fortnight * (leaving[lane] - sent[lane]);
                let left = more(book[lane] - leaving[lane], 0.0);
                let cancelled = left * habits.cancel[lane];
                let left = left - cancelled;
                forgone[lane] = forgone[lane] * habits.keep[lane] + habits.lost[lane] * cancelled;
                let on_time = if ordered[lane] > 0.0 { sent[lane] / ordered[lane] } else { 1.0 };
                let overdue = more(1.0 - less(on_time, 1.0), 0.0);
                let target = days[lane] * (1.0 + habits.panic[lane] * overdue);
                let have = stock[lane] + transit[lane] + left + forgone[lane];
                let gap = per_output[lane] * trend[lane] * (target + lead[lane]) - have;
                placed[lane] = more(dt * per_output[lane] * expected[lane] + habits.close[lane] * gap, 0.0);
                book[lane] = left + placed[lane];
                ordered[lane] += fortnight * (placed[lane] - ordered[lane]);
            }
            rows.ordered_fortnight = ordered;
            rows.sent_fortnight = sent;
            rows.forgone = forgone;
            rows.leaving = leaving;
            rows.transit = transit;
            rows.book = book;
            let supplier = &mut customers[link.from as usize];
            add(&mut supplier.placed, &placed);
            add(&mut supplier.books, &book);
            if link.adapting != NONE {
                let memory = &mut adapting[link.adapting as usize];
                let AdaptingRows { placed: before, mut ordered_month, mut sent_month } = *memory;
                for lane in 0..L {
                    ordered_month[lane] += month * (before[lane] - ordered_month[lane]);
                    sent_month[lane] += month * (leaving[lane] - sent_month[lane]);
                }
                *memory = AdaptingRows { placed, ordered_month, sent_month };
            }
        }
    }
    state.turn_wheels(kernel);
}
