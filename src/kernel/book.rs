//! Phases 7 to 9 as each route sees them: the gate; then dispatch, cancellation and orders in one pass.

use super::layout::{Kernel, NONE};
use super::link::{Input, Link};
use super::scratch::{AdaptingRows, Customers, RouteRows, Row, State, add, less, more};
use crate::policy::parameter::Parameter;

/// Phase 7, for one buyer: what may leave, `e = min(book, cap, r_max·max(base flow, expected flow))`.
///
/// The gate comes before rationing so that goods are not allotted to routes that cannot ship.
pub(crate) struct Gate<const L: usize> {
    /// Largest ratio to the usual flow, per step.
    pub most: Row<L>,
    /// What the buyer expects to make, per day.
    pub expected: Row<L>,
}

impl<const L: usize> Gate<L> {
    /// One route's goods at the gate.
    #[inline(always)]
    pub(crate) fn pass(
        &self,
        rows: &mut RouteRows<L>,
        link: &Link,
        amount: &Row<L>,
        cap: &[Row<L>],
        customers: &mut [Customers<L>],
    ) {
        let RouteRows { share, base_flow, book, .. } = *rows;
        let (amount, mut leaving) = (*amount, [0.0; L]);
        for lane in 0..L {
            let usual = more(base_flow[lane], amount[lane] * share[lane] * self.expected[lane]);
            leaving[lane] = less(book[lane], self.most[lane] * usual);
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

/// The gate for all routes of an input.
#[inline(always)]
pub(crate) fn gate<const L: usize>(kernel: &Kernel, input: &Input, gate: &Gate<L>, state: &mut State<L>) {
    let State { routes, amount, cap, customers, .. } = state;
    for (rows, link) in routes[input.routes()].iter_mut().zip(&kernel.routes.links[input.routes()]) {
        gate.pass(rows, link, &amount[link.amount as usize], cap, customers);
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
    /// Share that flies in calm.
    calm_air: Row<L>,
    /// The bits in which it differs from the share that flies when the buyer is short: what is chosen between
    /// two numbers by their bits is chosen for all lanes at once, where the compiler would choose between two
    /// places in memory, lane by lane.
    air_flip: [u64; L],
    /// Cover, relative to its target, below which goods fly.
    air_trigger: Row<L>,
}

impl<const L: usize> Habits<L> {
    fn of(parameters: &[Row<L>], dt: f64) -> Self {
        let row = |parameter: Parameter| parameters[parameter as usize];
        let (calm, short) = (row(Parameter::AirShare), row(Parameter::AirShareShort));
        Self {
            close: row(Parameter::AdjustmentDays).map(|days| (dt / days).min(1.0)),
            cancel: row(Parameter::Cancellation).map(|share| (share * dt).min(1.0)),
            lost: row(Parameter::LostFraction),
            keep: row(Parameter::LostDays).map(|days| 1.0 - (dt / days).min(1.0)),
            panic: row(Parameter::Panic),
            calm_air: calm,
            air_flip: std::array::from_fn(|lane| calm[lane].to_bits() ^ short[lane].to_bits()),
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
        routes,
        adapting,
        forgoes,
        ring,
        due,
        cursor,
        customers,
        amount,
        extra_lead,
        expected,
        trend,
        ..
    } = &mut *state;
    // Where they are in memory is read once, not route by route: what is written there might be anything.
    let (adapting, ring, customers) = (&mut adapting[..], &mut ring[..], &mut customers[..]);
    let (amount, extra_lead, cursor) = (&amount[..], &extra_lead[..], &cursor[..]);
    for ((line, expected), trend) in expected.iter().enumerate().zip(&*trend) {
        let (expected, trend) = (*expected, *trend);
        let range = kernel.inputs_of(line);
        let links = kernel.routes.links[range.clone()].iter().zip(&due[range.clone()]);
        let routes = routes[range.clone()].iter_mut().zip(&mut forgoes[range.clone()]);
        for ((r, (rows, forgoes)), (link, own_due)) in range.zip(routes).zip(links) {
            let [surface, air] = own_due.map(|row| row as usize);
            let supplier = &mut customers[link.from as usize];
            let ratio = supplier.ratio;
            let amount = amount[link.amount as usize];
            let RouteRows { stock, share, target_days: days, .. } = *rows;
            let (mut leaving, mut transit) = (rows.leaving, rows.transit);
            let (mut use_now, mut use_later) = ([0.0; L], [0.0; L]);
            for lane in 0..L {
                leaving[lane] *= ratio[lane];
                let per_output = amount[lane] * share[lane];
                use_now[lane] = dt * per_output * expected[lane];
                use_later[lane] = per_output * trend[lane];
            }
            let (mut by_surface, mut steps) = (leaving, [link.lead; L]);
            if link.delayed {
                let extra = extra_lead[r];
                for lane in 0..L {
                    steps[lane] += extra[lane];
                }
            }
            if link.flies {
                // Little flies in calm, most when the buyer's cover is low.
                let slot = &mut ring[air];
                let arrived = *slot;
                let mut flown = [0.0; L];
                for lane in 0..L {
                    let low = habits.air_trigger[lane] * days[lane] * use_later[lane];
                    let short = u64::from(stock[lane] < low).wrapping_neg();
                    let flying =
                        f64::from_bits(habits.calm_air[lane].to_bits() ^ (habits.air_flip[lane] & short));
                    transit[lane] = more(transit[lane] - arrived[lane], 0.0);
                    flown[lane] = leaving[lane] * flying;
                    by_surface[lane] = leaving[lane] * (1.0 - flying);
                    steps[lane] = steps[lane] * (1.0 - flying) + link.air_lead * flying;
                }
                *slot = flown;
            }
            let place = &mut ring[surface];
            let arrived = *place;
            for lane in 0..L {
                transit[lane] = more(transit[lane] - arrived[lane], 0.0) + leaving[lane];
            }
            *place = by_surface;
            if link.delayed {
                // A lane that may be slow: each replication has its own delay. What was put down is taken up again, as
                // goods looked at lane by lane would be kept in memory on all routes.
                let goods = std::mem::replace(place, [0.0; L]);
                let (extra, lane_ring) = (extra_lead[r], &kernel.routes.surface[r]);
                let wheel = &kernel.routes.wheels[lane_ring.wheel as usize];
                let now = cursor[lane_ring.wheel as usize];
                for lane in 0..L {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let longer = (extra[lane] as u32).min(wheel.slots - wheel.lead);
                    let slot = wheel.slot(now, wheel.lead + longer);
                    ring[slot + lane_ring.member as usize][lane] += goods[lane];
                }
            }
            let (mut ordered, mut sent) = (rows.ordered_fortnight, rows.sent_fortnight);
            let (mut book, mut left, mut forgone) = (rows.book, [0.0; L], [0.0; L]);
            let (mut placed, mut target, mut late) = ([0.0; L], days, false);
            for lane in 0..L {
                sent[lane] += fortnight * (leaving[lane] - sent[lane]);
                late |= sent[lane] < ordered[lane];
            }
            if late {
                // Whoever waits wants more. Where nobody does the target is what it was, without a division.
                for lane in 0..L {
                    let on_time = if ordered[lane] > 0.0 { sent[lane] / ordered[lane] } else { 1.0 };
                    let overdue = more(1.0 - less(on_time, 1.0), 0.0);
                    target[lane] = days[lane] * (1.0 + habits.panic[lane] * overdue);
                }
            }
            let mut waits = *forgoes;
            for lane in 0..L {
                left[lane] = more(book[lane] - leaving[lane], 0.0);
                waits |= left[lane] > 0.0;
            }
            if waits {
                // Where no order is late and none ever was there is nothing to cancel and nothing to remember.
                forgone = rows.forgone;
                for lane in 0..L {
                    let cancelled = left[lane] * habits.cancel[lane];
                    left[lane] -= cancelled;
                    forgone[lane] = forgone[lane] * habits.keep[lane] + habits.lost[lane] * cancelled;
                }
                rows.forgone = forgone;
                *forgoes = true;
            }
            for lane in 0..L {
                let have = stock[lane] + transit[lane] + left[lane] + forgone[lane];
                let gap = use_later[lane] * (target[lane] + dt * steps[lane]) - have;
                placed[lane] = more(use_now[lane] + habits.close[lane] * gap, 0.0);
                book[lane] = left[lane] + placed[lane];
                ordered[lane] += fortnight * (placed[lane] - ordered[lane]);
            }
            rows.ordered_fortnight = ordered;
            rows.sent_fortnight = sent;
            rows.leaving = leaving;
            rows.transit = transit;
            rows.book = book;
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
