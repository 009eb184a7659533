//! Phases 1, 2, 11 and 12: shocks begin, last and end; slow adaptation; stockpiles; caps on governed routes.
//!
//! Modifiers (closures, capacity lost, tariffs, factors) are computed anew from the shocks in force instead
//! of being pushed up and down, so that what a shock leaves behind is exactly nothing.

use super::compile::{Kernel, NONE};
use super::produce::QUALIFIED;
use super::scratch::{Row, State};
use crate::policy::parameter::Parameter;
use crate::policy::shock::{End, Kind, RecoveryShape, Shock};
use crate::random::philox::{Purpose, Streams};

/// First value of a candidate's clock that means "being qualified".
const WAITING: f64 = 1.0e5;

/// Dates of the lunar New Year, days since 1970-01-01 (2023 to 2030).
const NEW_YEARS: [i32; 8] = [19_379, 19_763, 20_117, 20_501, 20_855, 21_209, 21_593, 21_948];

/// Days of the New Year holiday that capacity is down.
const NEW_YEAR_DAYS: i32 = 14;

/// Draws dates and sizes of every shock.
pub(crate) fn start<const L: usize>(kernel: &Kernel, streams: &[Streams; L], state: &mut State<L>) {
    let shocks = &kernel.scenario.shocks;
    for position in 0..shocks.len() {
        let (size, time) = sizes(kernel, streams, position, &state.parameters);
        state.shock_size[position] = size;
        state.shock_time[position] = time;
        // A stockpile starts full; a substitution with nothing replaced.
        let stockpile = matches!(shocks[position].kind, Kind::StockpileRelease { .. });
        state.shock_left[position] = if stockpile { size } else { [0.0; L] };
        state.quota_left[position] = [f64::INFINITY; L];
        state.shock_start[position] = [f64::NAN; L];
    }
    // A trigger may name a later entry: as many rounds as there are shocks settle every chain.
    for _ in 0..=shocks.len() {
        for (position, shock) in shocks.iter().enumerate() {
            let begin = begins(kernel, streams, position, shock, state);
            state.shock_end[position] = ends(kernel, streams, position, shock, &begin, state);
            state.shock_start[position] = begin;
        }
    }
    for position in 0..shocks.len() {
        for lane in 0..L {
            if state.shock_start[position][lane].is_nan() {
                state.shock_start[position][lane] = f64::INFINITY;
                state.shock_end[position][lane] = f64::INFINITY;
            }
        }
    }
    state.turned = true;
    state.blocked_days.fill([0.0; L]);
}

fn steps_after(kernel: &Kernel, days: f64) -> f64 {
    (days / kernel.dt).ceil()
}

fn begins<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    position: usize,
    shock: &Shock,
    state: &State<L>,
) -> Row<L> {
    let entity = kernel.shock_entity[position];
    let draw = |value, purpose, number| super::draw::value(value, streams, &state.parameters, (purpose, entity, number));
    if let Some(trigger) = &shock.trigger {
        let delay = draw(&trigger.delay, Purpose::ShockTime, 1);
        return std::array::from_fn(|lane| {
            let cause = if trigger.on_end { state.shock_end[trigger.after] } else { state.shock_start[trigger.after] };
            let luck = streams[lane].uniform(Purpose::Trigger, entity, 0, 0);
            if luck < trigger.probability {
                (cause[lane] + steps_after(kernel, libm::round(delay[lane]))).max(0.0)
            } else {
                f64::INFINITY
            }
        });
    }
    let delay = draw(&shock.start.delay, Purpose::ShockTime, 0);
    let days = f64::from(shock.start.date) - f64::from(kernel.scenario.start);
    delay.map(|delay| steps_after(kernel, days + libm::round(delay)).max(0.0))
}

fn ends<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    position: usize,
    shock: &Shock,
    begin: &Row<L>,
    state: &State<L>,
) -> Row<L> {
    let entity = kernel.shock_entity[position];
    let draw = |value| super::draw::value(value, streams, &state.parameters, (Purpose::ShockEnd, entity, 0));
    match &shock.end {
        End::Never => [f64::INFINITY; L],
        End::At(when) => {
            let days = f64::from(when.date) - f64::from(kernel.scenario.start);
            draw(&when.delay).map(|delay| steps_after(kernel, days + libm::round(delay)).max(0.0))
        }
        End::After(duration) => {
            let duration = draw(duration);
            std::array::from_fn(|lane| begin[lane] + steps_after(kernel, libm::round(duration[lane].max(0.0))))
        }
    }
}

/// The drawn size of a shock and its second number.
fn sizes<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    position: usize,
    parameters: &[Row<L>],
) -> (Row<L>, Row<L>) {
    let entity = kernel.shock_entity[position];
    let draw = |value, number| super::draw::value(value, streams, parameters, (Purpose::ShockSize, entity, number));
    match &kernel.scenario.shocks[position].kind {
        Kind::CapacityLoss { loss, recovery_days, .. } => (draw(loss, 0), draw(recovery_days, 1)),
        Kind::Quota { tonnes, .. } | Kind::StockpileRelease { tonnes, .. } => (draw(tonnes, 0), [0.0; L]),
        Kind::Tariff { rate, .. } | Kind::Substitution { rate, .. } => (draw(rate, 0), [0.0; L]),
        Kind::LaneDelay { days, .. } => (draw(days, 0), [0.0; L]),
        Kind::DemandChange { factor, .. } => (draw(factor, 0), [0.0; L]),
        Kind::NewCapacity { added, ramp_days, .. } => (draw(added, 0), draw(ramp_days, 1)),
        Kind::Subsidy { growth, .. } => (draw(growth, 0), [0.0; L]),
        _ => ([0.0; L], [0.0; L]),
    }
}

/// Whether a shock is in force.
fn active<const L: usize>(state: &State<L>, position: usize, step: u32, lane: usize) -> bool {
    let at = f64::from(step);
    at >= state.shock_start[position][lane] && at < state.shock_end[position][lane]
}

/// Phases 1 and 2: what is in force in this step.
pub(crate) fn apply<const L: usize>(kernel: &Kernel, streams: &[Streams; L], step: u32, state: &mut State<L>) {
    let at = f64::from(step);
    state.turned = step == 0
        || state.shock_start.iter().chain(&state.shock_end).any(|row| row.iter().any(|edge| *edge == at));
    if state.turned {
        closures(kernel, streams, step, state);
        tariffs_and_lanes(kernel, step, state);
        demand_factors(kernel, step, state);
    }
    capacities(kernel, step, state);
    periods(kernel, step, state);
}

/// Embargoes, closed ports, general licences, holds.
fn closures<const L: usize>(kernel: &Kernel, streams: &[Streams; L], step: u32, state: &mut State<L>) {
    state.closures.fill([0.0; L]);
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
            }
        }
    }
}

/// Customs over-compliance begins: each route is held with a probability, for a time drawn for it.
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
            let luck = streams[lane].uniform(Purpose::OverCompliance, kernel.routes.entity[r], 0, episode);
            if luck < state.parameters[Parameter::OverCompliance as usize][lane] {
                let uniform = streams[lane].uniform(Purpose::Hold, kernel.routes.entity[r], 0, episode);
                let low = state.parameters[Parameter::HoldLow as usize][lane];
                let high = state.parameters[Parameter::HoldHigh as usize][lane];
                let days = low + (high - low).max(0.0) * uniform;
                let until = f64::from(step) + steps_after(kernel, days);
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

/// Capacity lost and added, recomputed for the pools that anything touches.
fn capacities<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let day = kernel.scenario.start + i32::try_from(f64::from(step) as i64 * kernel.dt as i64).unwrap_or(i32::MAX / 2);
    let new_year = NEW_YEARS.iter().any(|eve| (*eve..*eve + NEW_YEAR_DAYS).contains(&day));
    for pool in 0..kernel.pools.opens.len() {
        let closed = f64::from(u8::from(step < kernel.pools.opens[pool]));
        let dip = if new_year && kernel.pools.chinese[pool] {
            state.parameters[Parameter::NewYearDip as usize]
        } else {
            [0.0; L]
        };
        state.loss[pool] = std::array::from_fn(|lane| 1.0 - (1.0 - closed) * (1.0 - dip[lane]));
        state.added[pool] = [0.0; L];
        if kernel.pools.opens[pool] == step && step > 0 {
            heavy_recovery(kernel, pool, state);
        }
    }
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        match &shock.kind {
            Kind::CapacityLoss { pools, recovery, .. } => {
                let lost: Row<L> = std::array::from_fn(|lane| lost_share(kernel, position, *recovery, step, lane, state));
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
                    for lane in 0..L {
                        state.added[pool.index()][lane] += state.shock_size[position][lane] * ramp[lane];
                    }
                }
                if !routes.is_empty() {
                    grow_shares(kernel, position, routes, &ramp, step, state);
                }
            }
            Kind::Subsidy { pools, .. } => {
                for pool in pools {
                    for lane in 0..L {
                        if active(state, position, step, lane) {
                            let years = (f64::from(step) - state.shock_start[position][lane]) * kernel.dt / 365.0;
                            state.added[pool.index()][lane] += state.shock_size[position][lane] * years;
                        }
                    }
                }
            }
            _ => {}
        }
    }
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
            state.growth[r][lane] = 1.0 + state.shock_size[position][lane] * ramp[lane];
        }
    }
}

/// A heavy line that opens brings its recovery to the circuit, as far as the ore's grade allows.
fn heavy_recovery<const L: usize>(kernel: &Kernel, pool: usize, state: &mut State<L>) {
    for &line in kernel.pool_lines(pool) {
        let g = kernel.lines.group[line as usize];
        if g == NONE {
            continue;
        }
        let g = g as usize;
        for lane in 0..L {
            let feed = state.base_output[kernel.groups[g].feed as usize][lane];
            if feed > 0.0 {
                let wanted = state.recovery[g][lane] + state.capacity[pool][lane] / feed;
                state.recovery[g][lane] = wanted.min(kernel.groups[g].grade.max(state.recovery[g][lane]));
                state.circuit_most[g][lane] = 30.0 * state.recovery[g][lane] * feed;
            }
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

/// Caps of governed routes: closed, held, licensed, exempt or free.
pub(crate) fn caps<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let at = f64::from(step);
    let bypass_days = state.parameters[Parameter::BypassDays as usize];
    let bypass_cap = state.parameters[Parameter::BypassCap as usize];
    for (g, &r) in kernel.routes.governed_list.iter().enumerate() {
        let base = state.base_flow[r as usize];
        for lane in 0..L {
            let exempt = state.exempt[g][lane] > 0.0;
            let held = at < state.held[g][lane] && !exempt;
            let mut cap = if state.closures[g][lane] > 0.0 || held {
                0.0
            } else if exempt {
                f64::INFINITY
            } else {
                state.desk.allowance[g][lane]
            };
            let blocked = cap < base[lane] * kernel.dt;
            state.blocked_days[g][lane] = if blocked { state.blocked_days[g][lane] + kernel.dt } else { 0.0 };
            if kernel.switches.bypass && state.blocked_days[g][lane] > bypass_days[lane] {
                cap = cap.max(bypass_cap[lane] * base[lane] * kernel.dt);
            }
            state.cap[g][lane] = cap;
        }
    }
}

/// After the gate: routes under a quota share what is left of the period.
pub(crate) fn quotas<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::Quota { routes, .. } = &shock.kind else { continue };
        let mut asked = [0.0; L];
        for &id in routes {
            let leaving = &state.leaving[kernel.route(id)];
            for lane in 0..L {
                asked[lane] += leaving[lane];
            }
        }
        for lane in 0..L {
            let left = state.quota_left[position][lane];
            if asked[lane] > left {
                let ratio = left / asked[lane];
                for &id in routes {
                    state.leaving[kernel.route(id)][lane] *= ratio;
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
            let leaving = state.leaving[kernel.route(id)];
            for lane in 0..L {
                let left = &mut state.quota_left[position][lane];
                *left = (*left - leaving[lane]).max(0.0);
            }
        }
    }
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
            if since % f64::from((*period_days).max(1)) < kernel.dt {
                state.quota_left[position][lane] = state.shock_size[position][lane];
            }
        }
    }
}

/// Phase 11: qualification of candidates (daily clocks), substitution (weekly).
pub(crate) fn adapt<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    qualify(kernel, state);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let week = (7.0 / kernel.dt).round().max(1.0) as u32;
    if step % week != 0 {
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
    let find = |heavy: bool| {
        inputs.iter().position(|input| graph.materials[input.material.index()].heavy == heavy)
    };
    let (Some(from), Some(to)) = (find(true), find(false)) else { return };
    let first = kernel.lines.slots[line] as usize;
    let (from, to) = (kernel.routes_of(first + from), kernel.routes_of(first + to));
    let Some(probe) = from.clone().next() else { return };
    let moved = state.amount[probe][lane] * (after - before) / (1.0 - before);
    for r in from {
        state.amount[r][lane] -= moved;
    }
    for r in to {
        state.amount[r][lane] += moved;
    }
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

/// Phase 12: stockpiles are released to buyers whose cover is low.
pub(crate) fn stockpiles<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
        let Kind::StockpileRelease { routes, rate, trigger_cover, .. } = &shock.kind else { continue };
        for lane in 0..L {
            if !active(state, position, step, lane) || state.shock_left[position][lane] <= 0.0 {
                continue;
            }
            let gap = |state: &State<L>, r: usize| -> f64 {
                let flow = state.amount[r][lane]
                    * state.share[r][lane]
                    * state.trend[kernel.routes.to[r] as usize][lane];
                (trigger_cover * flow - state.stock[r][lane]).max(0.0)
            };
            let wanted: f64 = routes.iter().map(|id| gap(state, kernel.route(*id))).sum();
            let released = wanted.min(rate * kernel.dt).min(state.shock_left[position][lane]);
            if released <= 0.0 {
                continue;
            }
            for &id in routes {
                let r = kernel.route(id);
                let part = released * gap(state, r) / wanted;
                state.stock[r][lane] += part;
            }
            state.shock_left[position][lane] -= released;
            state.tally.released[lane] += released;
        }
    }
}
