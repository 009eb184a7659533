//! A chain at rest: stocks, goods in transit, books and capacities that calm needs.

use super::layout::{Kernel, NONE};
use super::scratch::{AdaptingRows, Customers, RouteRows, Row, State};
use crate::policy::parameter::Parameter;

/// Share of its nameplate that a capacity never exceeds in calm (where the balance says otherwise, the
/// difference is unrecorded supply).
pub(crate) const CALM_LIMIT: f64 = 0.95;

/// Stocks, goods in transit, books and capacities of a chain at rest.
pub(super) fn settle<const L: usize>(kernel: &Kernel, shares: &[Row<L>], state: &mut State<L>) {
    let dt = kernel.dt;
    state.reset_wheels(kernel);
    state.invert_amounts();
    state.owed.fill([0.0; L]);
    state.forgoes.fill(false);
    for customers in &mut state.customers {
        *customers = Customers { placed: [0.0; L], books: [0.0; L], asked: [0.0; L], ratio: [1.0; L] };
    }
    let air = state.parameters[Parameter::AirShare as usize];
    for r in 0..kernel.routes.from.len() {
        let buyer = kernel.routes.to[r] as usize;
        let amount = *state.amount_of(kernel, r);
        let share = shares[r];
        let (mut flow, mut sent) = ([0.0; L], [0.0; L]);
        for lane in 0..L {
            flow[lane] = amount[lane] * share[lane] * state.base_output[buyer][lane];
            sent[lane] = flow[lane] * dt;
        }
        let transit = load(kernel, r, &sent, &air, state);
        let rows = &mut state.routes[r];
        let target_days = rows.target_days;
        *rows = RouteRows {
            stock: std::array::from_fn(|lane| target_days[lane] * flow[lane]),
            share,
            owed: [0.0; L],
            base_flow: flow,
            book: sent,
            leaving: [0.0; L],
            transit,
            target_days,
            forgone: [0.0; L],
            ordered_fortnight: sent,
            sent_fortnight: sent,
        };
        let link = &kernel.routes.links[r];
        if let Some(memory) = state.adapting.get_mut(link.adapting as usize) {
            *memory = AdaptingRows { placed: sent, ordered_month: sent, sent_month: sent };
        }
        let customers = &mut state.customers[link.from as usize];
        for lane in 0..L {
            customers.placed[lane] += sent[lane];
            customers.books[lane] += sent[lane];
        }
        state.extra_lead[r] = [0.0; L];
        state.tariff[r] = [1.0; L];
        state.pull[r] = state.weight[r];
        state.growth[r] = [1.0; L];
        state.candidate_days[r] = [0.0; L];
    }
    for rows in [&mut state.cap, &mut state.closures, &mut state.shut, &mut state.exempt, &mut state.held] {
        rows.fill([0.0; L]);
    }
    state.short_days.fill([0.0; L]);
    let finished_days = state.parameters[Parameter::FinishedDays as usize];
    for line in 0..kernel.lines.pool.len() {
        for lane in 0..L {
            let output = state.base_output[line][lane];
            let sold = output - state.base_final[line][lane];
            state.finished_target[line][lane] = finished_days[lane] * sold.max(0.0);
            state.finished[line][lane] = state.finished_target[line][lane];
            state.expected[line][lane] = output;
            state.trend[line][lane] = output;
            state.output[line][lane] = output * dt;
        }
        state.demand_factor[line] = [1.0; L];
        state.deferred[line] = [0.0; L];
        state.lost[line] = [0.0; L];
        state.restart[line] = [0.0; L];
    }
    settle_capacities(kernel, state);
}

/// Fills a route's rings as if it had always sent so much a step; returns what is under way.
fn load<const L: usize>(
    kernel: &Kernel,
    r: usize,
    sent: &Row<L>,
    air: &Row<L>,
    state: &mut State<L>,
) -> Row<L> {
    let (surface, plane) = (kernel.routes.surface[r], kernel.routes.air[r]);
    let flying = if plane.slots > 0 { *air } else { [0.0; L] };
    let mut transit = [0.0; L];
    let by_surface: Row<L> = std::array::from_fn(|lane| sent[lane] * (1.0 - flying[lane]));
    let flown: Row<L> = std::array::from_fn(|lane| sent[lane] * flying[lane]);
    for (ring, part) in [(surface, by_surface), (plane, flown)] {
        // Goods due in steps 0..lead: a ring longer than its lead has free slots behind them.
        for ahead in 0..ring.lead {
            let slot = kernel.routes.wheels[ring.wheel as usize].slot(0, ahead);
            state.ring[slot + ring.member as usize] = part;
        }
        for lane in 0..L {
            transit[lane] += part[lane] * f64::from(ring.lead);
        }
    }
    transit
}

fn settle_capacities<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let headroom = state.parameters[Parameter::Headroom as usize];
    for pool in 0..kernel.pools.opens.len() {
        let central = kernel.pools.central[pool];
        for lane in 0..L {
            let drawn: f64 =
                kernel.pool_lines(pool).iter().map(|&line| state.base_output[line as usize][lane]).sum();
            state.capacity[pool][lane] = if kernel.pools.dated[pool] {
                // What a plant that opened after the base year has reached differs from draw to draw; its
                // nameplate does not.
                kernel.pools.capacity[pool].max(drawn / CALM_LIMIT)
            } else if central <= 0.0 {
                kernel.pools.capacity[pool]
            } else {
                let nameplate = if kernel.pools.unknown[pool] {
                    central / headroom[lane]
                } else {
                    kernel.pools.capacity[pool].max(central / CALM_LIMIT)
                };
                nameplate * drawn / central
            };
        }
        state.added[pool] = [0.0; L];
        state.loss[pool] = [0.0; L];
        state.overproduction[pool] = [1.0; L];
    }
    super::heavy::settle(kernel, state);
    debug_assert!(kernel.lines.group.iter().all(|g| *g == NONE || (*g as usize) < kernel.groups.len()));
}
