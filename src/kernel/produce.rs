//! Phases 4 to 7 in one pass over lines; of them, here: demand, wanted output, capacity, production.

use super::compile::{Kernel, NONE};
use super::scratch::{Bound, Row, State};
use super::source::{consume, limit, per_unit};
use super::{book, share};
use crate::network::line::{Criticality, Stage};
use crate::policy::parameter::Parameter;
use crate::policy::response::Production;

/// Phases 4 to 7 for every line: arrivals, demand, shares in use, wanted output, capacity, production, gate.
///
/// One pass, capacity pool by capacity pool, so that a line's routes are touched while they are in the cache:
/// within the pass a line reads of other lines only what the last step left (orders placed, order books).
#[inline(always)]
pub(crate) fn advance<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let season = season(kernel, step, &state.parameters[Parameter::SeasonAmplitude as usize]);
    for pool in 0..kernel.pools.opens.len() {
        for &line in kernel.pool_lines(pool) {
            let line = line as usize;
            book::arrive(kernel, line, state);
            demand(kernel, line, &season, state);
            share::shares(kernel, step, line, state);
            want(kernel, line, state);
        }
        capacity(kernel, pool, state);
        for &line in kernel.pool_lines(pool) {
            let line = line as usize;
            if kernel.lines.group[line] == NONE {
                make(kernel, line, state);
                book::gate(kernel, line, state);
            }
        }
    }
    state.stale = false;
    for group in 0..kernel.groups.len() {
        separate(kernel, group, state);
    }
}

/// Phase 5: new orders and final demand of the step, and their smoothed values.
#[inline(always)]
fn demand<const L: usize>(kernel: &Kernel, line: usize, season: &Row<L>, state: &mut State<L>) {
    let dt = kernel.dt;
    let fast = state.parameters[Parameter::ExpectationDays as usize];
    let slow = state.parameters[Parameter::TrendDays as usize];
    let mut new = [0.0; L];
    for &r in kernel.outgoing(line) {
        let placed = state.placed[r as usize];
        for lane in 0..L {
            new[lane] += placed[lane];
        }
    }
    if kernel.lines.sink[line] {
        let other = kernel.graph().lines[line].stage == Stage::OtherDemand;
        let (base, factor) = (state.base_final[line], state.demand_factor[line]);
        let feedback = super::price::demand_factor(kernel, state, other);
        let (mut calm, mut asked) = ([0.0; L], [0.0; L]);
        for lane in 0..L {
            calm[lane] = base[lane] * dt * season[lane];
            asked[lane] = calm[lane] * factor[lane] * feedback[lane];
            new[lane] += asked[lane];
        }
        state.calm_demand[line] = calm;
        state.final_demand[line] = asked;
    }
    let (mut expected, mut trend) = (state.expected[line], state.trend[line]);
    for lane in 0..L {
        let rate = new[lane] / dt;
        expected[lane] += (dt / fast[lane]).min(1.0) * (rate - expected[lane]);
        trend[lane] += (dt / slow[lane]).min(1.0) * (rate - trend[lane]);
    }
    state.expected[line] = expected;
    state.trend[line] = trend;
    state.demand[line] = new;
}

/// A cosine over the year with its peak on 1 December.
fn season<const L: usize>(kernel: &Kernel, step: u32, amplitude: &Row<L>) -> Row<L> {
    if amplitude.iter().all(|a| *a == 0.0) {
        return [1.0; L];
    }
    let day = f64::from(kernel.scenario.start) + f64::from(step) * kernel.dt;
    // 1 December 1970 was day 334.
    let wave = libm::cos((day - 334.0) / 365.25 * std::f64::consts::TAU);
    amplitude.map(|a| 1.0 + a * wave)
}

/// X° before capacity: eligible orders, final demand with catch-up, and the gap of finished stock.
#[inline(always)]
fn want<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let dt = kernel.dt;
    let blocked_days = state.parameters[Parameter::BlockedBookDays as usize];
    let defer_days = state.parameters[Parameter::DeferDays as usize];
    let mut orders = [0.0; L];
    for &r in kernel.outgoing(line) {
        let r = r as usize;
        let book = state.book[r];
        let governed = kernel.routes.governed[r];
        if governed == NONE {
            for lane in 0..L {
                orders[lane] += book[lane];
            }
        } else {
            let (cap, base) = (state.cap[governed as usize], state.base_flow[r]);
            for lane in 0..L {
                let eligible = cap[lane].max(blocked_days[lane] * base[lane]);
                orders[lane] += book[lane].min(eligible);
            }
        }
    }
    let (target, finished) = (state.finished_target[line], state.finished[line]);
    let (deferred, asked, demand) = (state.deferred[line], state.final_demand[line], state.demand[line]);
    let (mut owing, mut wanted) = ([0.0; L], [0.0; L]);
    for lane in 0..L {
        let gap = target[lane] - finished[lane];
        let catch_up = deferred[lane] * (dt / defer_days[lane]).min(1.0);
        owing[lane] = (orders[lane] + gap - (demand[lane] - asked[lane])).max(0.0) + deferred[lane];
        wanted[lane] = (orders[lane] + asked[lane] + catch_up + gap).max(0.0);
    }
    state.owing[line] = owing;
    state.wanted[line] = wanted;
}

/// Capacity of a pool shared by its lines, and the slow rise of over-production under scarcity.
#[inline(always)]
fn capacity<const L: usize>(kernel: &Kernel, pool: usize, state: &mut State<L>) {
    let dt = kernel.dt;
    let most = state.parameters[Parameter::OverproductionMax as usize];
    let days = state.parameters[Parameter::OverproductionDays as usize];
    let mut wanted = [0.0; L];
    for &line in kernel.pool_lines(pool) {
        for lane in 0..L {
            wanted[lane] += state.wanted[line as usize][lane];
        }
    }
    let (nameplate, loss, added) = (state.capacity[pool], state.loss[pool], state.added[pool]);
    let mut over = state.overproduction[pool];
    let mut scale = [1.0; L];
    let mut reason = [Bound::DEMAND; L];
    for lane in 0..L {
        let available = over[lane] * (nameplate[lane] * (1.0 - loss[lane]) * (1.0 + added[lane])) * dt;
        let missing = (wanted[lane] - available).max(0.0);
        let scarcity = if wanted[lane] > 0.0 { missing / wanted[lane] } else { 0.0 };
        let rise = (most[lane] - over[lane]) * scarcity;
        let pull = if scarcity > 0.0 { rise } else { 1.0 - over[lane] };
        over[lane] += pull * (dt / days[lane]).min(1.0);
        if wanted[lane] > available {
            scale[lane] = available / wanted[lane];
            reason[lane] = Bound::CAPACITY;
        }
    }
    state.overproduction[pool] = over;
    for &line in kernel.pool_lines(pool) {
        let mut wanted = state.wanted[line as usize];
        for lane in 0..L {
            wanted[lane] *= scale[lane];
        }
        state.wanted[line as usize] = wanted;
        state.bound[line as usize] = reason;
    }
}

/// Output of one line and the use of its inputs.
#[inline(always)]
fn make<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let slots = kernel.slots_of(line);
    if slots.is_empty() {
        state.output[line] = state.wanted[line];
        if kernel.stops {
            stop(kernel, line, state);
        }
        return;
    }
    let first = slots.start;
    let mut output = state.wanted[line];
    for slot in slots.clone() {
        state.limits[slot - first] = limit(kernel, line, slot, state);
    }
    if kernel.switches.production == Production::Psi {
        scale_by_scarcity(kernel, line, &mut output, state);
    }
    if kernel.switches.production == Production::Critical {
        subtract_non_essential(kernel, line, &mut output, state);
    }
    for slot in slots.clone() {
        let binds = match kernel.lines.criticality[slot] {
            Criticality::Essential => true,
            Criticality::NonEssential => kernel.switches.production != Production::Critical,
            Criticality::Negligible => false,
        };
        if !binds {
            continue;
        }
        let limit = state.limits[slot - first];
        for lane in 0..L {
            // Rounding may put an exact limit an ulp below what is wanted, or leave an ulp wanted where
            // nothing is: no reason then.
            if limit[lane] < output[lane] {
                let rounding = 1.0e-9 * output[lane].max(state.base_output[line][lane] * kernel.dt);
                if limit[lane] < output[lane] - rounding {
                    state.bound[line][lane] = u32::try_from(slot - first).unwrap_or(0);
                }
                output[lane] = limit[lane];
            }
        }
    }
    state.output[line] = output;
    if kernel.stops {
        stop(kernel, line, state);
    }
    for slot in slots {
        consume(kernel, line, slot, state);
    }
}

/// BoARIO: output falls already when a stock is below ψ of its target; where ψ·target is less than a step's
/// use the rule would bind in calm, and the hard limit serves instead.
fn scale_by_scarcity<const L: usize>(kernel: &Kernel, line: usize, output: &mut Row<L>, state: &State<L>) {
    let psi = state.parameters[Parameter::Psi as usize];
    let mut least = [1.0_f64; L];
    for slot in kernel.slots_of(line) {
        if kernel.lines.criticality[slot] == Criticality::Negligible {
            continue;
        }
        let mut target = [0.0; L];
        let mut stock = [0.0; L];
        for r in kernel.routes_of(slot) {
            for lane in 0..L {
                target[lane] += state.share[r][lane] * state.target_days[r][lane];
                stock[lane] += per_unit(state.stock[r][lane], state.amount[r][lane]);
            }
        }
        for lane in 0..L {
            let wanted_stock = psi[lane] * target[lane] / kernel.dt * output[lane];
            if psi[lane] * target[lane] >= kernel.dt && wanted_stock > 0.0 {
                least[lane] = least[lane].min(stock[lane] / wanted_stock);
            }
        }
    }
    for lane in 0..L {
        output[lane] *= least[lane];
    }
}

/// Pichler et al.: a missing non-essential input costs its share of the line's input cost.
fn subtract_non_essential<const L: usize>(
    kernel: &Kernel,
    line: usize,
    output: &mut Row<L>,
    state: &State<L>,
) {
    let slots = kernel.slots_of(line);
    let first = slots.start;
    let entry = &kernel.graph().lines[line];
    let cost = |slot: usize, lane: usize| -> f64 {
        let price =
            kernel.graph().materials[entry.inputs[slot - first].material.index()].price.unwrap_or(1.0);
        let mut amount = 0.0;
        for r in kernel.routes_of(slot) {
            amount += state.amount[r][lane] * state.share[r][lane];
        }
        amount * price
    };
    for lane in 0..L {
        let mut whole = 0.0;
        let mut missing = 0.0;
        for slot in slots.clone() {
            let part = cost(slot, lane);
            whole += part;
            if kernel.lines.criticality[slot] == Criticality::NonEssential && output[lane] > 0.0 {
                missing += part * (1.0 - state.limits[slot - first][lane] / output[lane]).max(0.0);
            }
        }
        if whole > 0.0 {
            output[lane] *= (1.0 - missing / whole).max(0.0);
        }
    }
}

/// A line below its minimum run rate stops, and restarts after a delay once every input has cover again.
fn stop<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let dt = kernel.dt;
    for lane in 0..L {
        let least =
            state.parameters[Parameter::MinimumRun as usize][lane] * state.base_output[line][lane] * dt;
        if least <= 0.0 {
            continue;
        }
        let waiting = state.restart[line][lane];
        if waiting > 0.0 {
            let cover = state.parameters[Parameter::RestartCover as usize][lane];
            let ready = kernel.slots_of(line).all(|slot| {
                let mut days = 0.0;
                for r in kernel.routes_of(slot) {
                    days += per_unit(state.stock[r][lane], state.amount[r][lane]);
                }
                days >= cover * state.base_output[line][lane]
            });
            if ready {
                state.restart[line][lane] = (waiting - dt).max(0.0);
            }
            state.output[line][lane] = 0.0;
            state.bound[line][lane] = Bound::STOPPED;
        } else if state.output[line][lane] < least {
            state.restart[line][lane] = state.parameters[Parameter::RestartDays as usize][lane].max(dt);
            state.output[line][lane] = 0.0;
            state.bound[line][lane] = Bound::STOPPED;
        }
    }
}

/// Heavy lines of a group work from what the feed line's ore gave, and from the circuit's stock.
fn separate<const L: usize>(kernel: &Kernel, g: usize, state: &mut State<L>) {
    let group = &kernel.groups[g];
    let feed = state.output[group.feed as usize];
    for lane in 0..L {
        let available = state.circuit[g][lane] + state.recovery[g][lane] * feed[lane];
        let mut wanted = 0.0;
        for &line in &group.lines {
            wanted += state.wanted[line as usize][lane];
        }
        let mut made = 0.0;
        if wanted <= available {
            for &line in &group.lines {
                state.output[line as usize][lane] = state.wanted[line as usize][lane];
            }
            made = wanted;
        } else {
            // Split by capacity; what one line cannot use goes to the others.
            for &line in &group.lines {
                state.output[line as usize][lane] = 0.0;
                state.bound[line as usize][lane] = 0;
            }
            for _ in 0..group.lines.len() {
                let left = available - made;
                let mut weight = 0.0;
                for &line in &group.lines {
                    let line = line as usize;
                    if state.output[line][lane] < state.wanted[line][lane] {
                        weight += state.capacity[kernel.lines.pool[line] as usize][lane];
                    }
                }
                if weight <= 0.0 || left <= 0.0 {
                    break;
                }
                for &line in &group.lines {
                    let line = line as usize;
                    let room = state.wanted[line][lane] - state.output[line][lane];
                    if room > 0.0 {
                        let part = left * state.capacity[kernel.lines.pool[line] as usize][lane] / weight;
                        let take = part.min(room);
                        state.output[line][lane] += take;
                        made += take;
                    }
                }
            }
        }
        let rest = (available - made).max(0.0);
        let kept = rest.min(state.circuit_most[g][lane]);
        state.tailings[g][lane] += rest - kept;
        state.circuit[g][lane] = kept;
    }
}
