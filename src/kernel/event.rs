//! Phase 1: shocks in force, and what they let leave on governed routes.
//!
//! Modifiers (closures, capacity lost, tariffs, factors) are computed anew from the shocks in force instead
//! of being pushed up and down, so that what a shock leaves behind is exactly nothing.

use super::layout::{Kernel, NONE};
use super::scratch::{Row, State, add, less, more};
use crate::policy::parameter::Parameter;
use crate::policy::shock::Kind;
use crate::random::philox::{Purpose, Streams};

pub(crate) fn steps_after(kernel: &Kernel, days: f64) -> f64 {
    (days / kernel.dt).ceil()
}

/// Whether a shock is in force.
pub(crate) fn active<const L: usize>(state: &State<L>, position: usize, step: u32, lane: usize) -> bool {
    let at = f64::from(step);
    at >= state.shock_start[position][lane] && at < state.shock_end[position][lane]
}

/// Phases 1 and 2: what is in force in this step.
pub(crate) fn apply<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    state: &mut State<L>,
) {
    let at = f64::from(step);
    if kernel.chained {
        super::chain::turn(kernel, step, state);
    }
    state.turned = step == 0 || state.shock_start.iter().chain(&state.shock_end).any(|row| row.contains(&at));
    if state.turned {
        closures(kernel, streams, step, state);
        tariffs_and_lanes(kernel, step, state);
        demand_factors(kernel, step, state);
    }
    super::capacity::apply(kernel, step, state);
    periods(kernel, step, state);
}

/// Embargoes, closed ports, general licences, holds.
fn closures<const L: usize>(kernel: &Kernel, streams: &[Streams; L], step: u32, state: &mut State<L>) {
    state.closures.fill([0.0; L]);
    state.shut.fill([0.0; L]);
    state.exempt.fill([0.0; L]);
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let (routes, closes) = match &shock.kind {
            Kind::Embargo { routes } | Kind::PortClosure { routes } => (routes, true),
            Kind::GeneralLicence { routes } => (routes, false),
            Kind::OverCompliance { routes } => {
                hold(kernel, streams, step, position, routes, state);
                continue;
            }
            _ => continue,
        };
        for &id in routes {
            let governed = kernel.routes.governed[kernel.route(id)];
            if governed == NONE {
                continue;
            }
            for lane in 0..L {
                let on = f64::from(u8::from(active(state, position, step, lane)));
                let rows = if closes { &mut state.closures } else { &mut state.exempt };
                rows[governed as usize][lane] += on;
                if matches!(shock.kind, Kind::PortClosure { .. }) {
                    state.shut[governed as usize][lane] += on;
                }
            }
        }
    }
}

/// Customs over-compliance begins: each route is held with a probability, for a time drawn for it. Every episode
/// has luck of its own, also where a chain of regimes brings the same shock back.
fn hold<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    position: usize,
    routes: &[crate::id::RouteId],
    state: &mut State<L>,
) {
    for &id in routes {
        let r = kernel.route(id);
        let governed = kernel.routes.governed[r] as usize;
        for lane in 0..L {
            #[allow(clippy::float_cmp)] // steps are whole numbers
            if state.shock_start[position][lane] != f64::from(step) {
                continue;
            }
            let episode = kernel.shock_entity[position].0;
            let again = state.returns[position][lane];
            let luck =
                streams[lane].uniform(Purpose::OverCompliance, kernel.routes.entity[r], again, episode);
            if luck < state.parameters[Parameter::OverCompliance as usize][lane] {
                let uniform = streams[lane].uniform(Purpose::Hold, kernel.routes.entity[r], again, episode);
                let low = state.parameters[Parameter::HoldLow as usize][lane];
                let high = state.parameters[Parameter::HoldHigh as usize][lane];
                let days = low + (high - low).max(0.0) * uniform;
                let until = f64::from(step) + steps_after(kernel, days);
                let until = until.min(state.shock_end[position][lane]);
                state.held[governed][lane] = state.held[governed][lane].max(until);
            }
        }
    }
}

fn tariffs_and_lanes<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    state.tariff.fill([1.0; L]);
    state.extra_lead.fill([0.0; L]);
    state.stale = true;
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        match &shock.kind {
            Kind::Tariff { routes, .. } => {
                let factor: Row<L> = std::array::from_fn(|lane| {
                    let rate = state.shock_size[position][lane];
                    let elasticity = state.parameters[Parameter::TariffElasticity as usize][lane];
                    let on = active(state, position, step, lane);
                    if on { libm::pow(1.0 + rate, -elasticity) } else { 1.0 }
                });
                for &id in routes {
                    for lane in 0..L {
                        state.tariff[kernel.route(id)][lane] *= factor[lane];
                    }
                }
            }
            Kind::LaneDelay { routes, .. } => {
                for &id in routes {
                    for lane in 0..L {
                        if active(state, position, step, lane) {
                            let steps = libm::round(state.shock_size[position][lane] / kernel.dt).max(0.0);
                            state.extra_lead[kernel.route(id)][lane] += steps;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (pull, (weight, tariff)) in state.pull.iter_mut().zip(state.weight.iter().zip(&state.tariff)) {
        *pull = std::array::from_fn(|lane| weight[lane] * tariff[lane]);
    }
    for (r, ring) in kernel.routes.surface.iter().enumerate() {
        if ring.slots > ring.lead {
            let most = f64::from(ring.slots - ring.lead);
            state.extra_lead[r].iter_mut().for_each(|steps| *steps = steps.min(most));
        }
    }
}

fn demand_factors<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    state.demand_factor.fill([1.0; L]);
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::DemandChange { lines, .. } = &shock.kind else { continue };
        for line in lines {
            for lane in 0..L {
                if active(state, position, step, lane) {
                    state.demand_factor[line.index()][lane] *= state.shock_size[position][lane];
                }
            }
        }
    }
}

/// Caps of governed routes: closed, held, licensed, exempt or free, and no more than a quota has left. Of the
/// orders in their books suppliers count what may leave, or some days of base flow: blocked exporters slow
/// down. What does not count is taken off the sum of all orders, so that a control which stops nothing changes
/// no bit.
///
/// Past a magnet's control (whatever its kind) motors and sub-assemblies find a way in the end; past a closed
/// port nothing does. What goes so needs no licence, uses up no quota, and customs count it as motors.
#[inline(always)]
pub(crate) fn caps<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let at = f64::from(step);
    let bypass_days = state.parameters[Parameter::BypassDays as usize];
    let bypass_cap = state.parameters[Parameter::BypassCap as usize];
    let counted_days = state.parameters[Parameter::BlockedBookDays as usize];
    let dt = kernel.dt;
    let under_quota = kernel.scenario.shocks.iter().any(|shock| matches!(shock.kind, Kind::Quota { .. }));
    if under_quota {
        quota_caps(kernel, state);
    }
    let governed = &kernel.routes.governed_list[..];
    // Lists of one length, so that no look at it is needed route by route.
    let (exempt, held) = (&state.exempt[..governed.len()], &state.held[..governed.len()]);
    let (closures, shut) = (&state.closures[..governed.len()], &state.shut[..governed.len()]);
    let (allowances, bypassed) =
        (&state.desk.allowance[..governed.len()], &kernel.routes.bypassed[..governed.len()]);
    let (caps, blocked) = (&mut state.cap[..governed.len()], &mut state.blocked_days[..governed.len()]);
    let (routes, links, customers) = (&state.routes[..], &kernel.routes.links[..], &mut state.customers[..]);
    for (g, &r) in governed.iter().enumerate() {
        let rows = &routes[r as usize];
        let (base_flow, book) = (rows.base_flow, rows.book);
        let (exempt, held, closures, shut) = (exempt[g], held[g], closures[g], shut[g]);
        let quota = if under_quota { caps[g] } else { [f64::INFINITY; L] };
        let (allowance, mut blocked_days) = (allowances[g], blocked[g]);
        let (mut cap, mut left_out) = ([0.0; L], [0.0; L]);
        for lane in 0..L {
            let licensed = if exempt[lane] > 0.0 { f64::INFINITY } else { allowance[lane] };
            let free = if at < held[lane] && exempt[lane] <= 0.0 { 0.0 } else { licensed };
            cap[lane] = less(if closures[lane] > 0.0 { 0.0 } else { free }, quota[lane]);
            let blocked = cap[lane] < base_flow[lane] * dt && shut[lane] <= 0.0;
            blocked_days[lane] = if blocked { blocked_days[lane] + dt } else { 0.0 };
        }
        if kernel.switches.bypass {
            state.open[g] = cap;
        }
        if bypassed[g] {
            for lane in 0..L {
                // Worked out for all lanes and then chosen, so that no lane needs a branch of its own.
                let round = more(cap[lane], bypass_cap[lane] * base_flow[lane] * dt);
                cap[lane] = if blocked_days[lane] > bypass_days[lane] { round } else { cap[lane] };
            }
        }
        for lane in 0..L {
            let counted = less(book[lane], more(cap[lane], counted_days[lane] * base_flow[lane]));
            left_out[lane] = counted - book[lane];
        }
        blocked[g] = blocked_days;
        caps[g] = cap;
        add(&mut customers[links[r as usize].from as usize].books, &left_out);
    }
}

/// What is left of the tightest quota on each governed route; no limit where there is none.
fn quota_caps<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    state.cap.fill([f64::INFINITY; L]);
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::Quota { routes, .. } = &shock.kind else { continue };
        let left = state.quota_left[position];
        for &id in routes {
            let cap = &mut state.cap[kernel.routes.governed[kernel.route(id)] as usize];
            for lane in 0..L {
                cap[lane] = less(cap[lane], left[lane]);
            }
        }
    }
}

/// What leaves a route as what it is, not inside goods that go round a control.
pub(crate) fn openly<const L: usize>(kernel: &Kernel, state: &State<L>, r: usize) -> Row<L> {
    let mut leaving = state.routes[r].leaving;
    if kernel.switches.bypass && kernel.routes.governed[r] != NONE {
        let open = state.open[kernel.routes.governed[r] as usize];
        for lane in 0..L {
            leaving[lane] = less(leaving[lane], open[lane]);
        }
    }
    leaving
}

/// After the gate: routes under a quota share what is left of the period.
pub(crate) fn quotas<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::Quota { routes, .. } = &shock.kind else { continue };
        let mut asked = [0.0; L];
        for &id in routes {
            add(&mut asked, &openly(kernel, state, kernel.route(id)));
        }
        for lane in 0..L {
            let left = state.quota_left[position][lane];
            if asked[lane] > left {
                let ratio = left / asked[lane];
                for &id in routes {
                    let r = kernel.route(id);
                    let before = openly(kernel, state, r)[lane];
                    let after = before * ratio;
                    let leaving = &mut state.routes[r].leaving[lane];
                    *leaving = after + (*leaving - before);
                    if kernel.switches.bypass {
                        state.open[kernel.routes.governed[r] as usize][lane] = after;
                    }
                    let asked = &mut state.customers[kernel.routes.from[r] as usize].asked[lane];
                    *asked = more(*asked - (before - after), 0.0);
                }
            }
        }
    }
}

/// After dispatch: what was shipped counts against quotas.
pub(crate) fn shipped<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::Quota { routes, .. } = &shock.kind else { continue };
        for &id in routes {
            let tonnes = openly(kernel, state, kernel.route(id));
            for lane in 0..L {
                let left = &mut state.quota_left[position][lane];
                *left = (*left - tonnes[lane]).max(0.0);
            }
        }
    }
}

/// Periods that begin in a step, `since` days after the first one did: several where they are shorter than a step.
pub(crate) fn periods_begun(since: f64, dt: f64, period_days: u32) -> f64 {
    let period = f64::from(period_days.max(1));
    ((since + dt) / period).ceil() - (since / period).ceil()
}

/// Quota periods begin anew.
fn periods<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::Quota { period_days, .. } = &shock.kind else { continue };
        for lane in 0..L {
            if !active(state, position, step, lane) {
                state.quota_left[position][lane] = f64::INFINITY;
                continue;
            }
            let since = (f64::from(step) - state.shock_start[position][lane]) * kernel.dt;
            let periods = periods_begun(since, kernel.dt, *period_days);
            if periods > 0.0 {
                state.quota_left[position][lane] = periods * state.shock_size[position][lane];
            }
        }
    }
}
