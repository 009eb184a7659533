//! Phases 4 to 7 in one pass over lines; of them, here: demand, wanted output, capacity, production.

use super::book::{self, Gate};
use super::heavy;
use super::layout::{Kernel, NONE};
use super::link::Way;
use super::scratch::{Bound, Row, State, add, less, more};
use super::share;
use super::source::{Mix, consume, limit, per_unit};
use super::usual::{own_limit, own_parts, pooled_limit, pooled_parts};
use crate::network::line::Criticality;
use crate::policy::parameter::Parameter;
use crate::policy::response::Production;

/// Share of a minimum run rate by which output may miss it: rounding stops no line.
const ROUNDING: f64 = 1.0e-9;

/// Share of a nameplate below which what is wanted beyond capacity is rounding.
const TRIFLE: f64 = 1.0e-9;

/// Shares of a gap that a step closes, per lane: divisions made once a step, not once a line.
struct Pace<const L: usize> {
    /// Whether a step is a day, so that what comes in a step comes in a day, too.
    daily: bool,
    /// X̂, new demand smoothed over days.
    fast: Row<L>,
    /// X̄, over months.
    slow: Row<L>,
    /// Deferred demand that is caught up.
    catch_up: Row<L>,
    /// α, over-production.
    over: Row<L>,
    /// α's limit.
    most: Row<L>,
    /// Factor on final demand in this season.
    season: Row<L>,
    /// Largest ratio to the usual flow, per step.
    gate: Row<L>,
}

impl<const L: usize> Pace<L> {
    fn of(kernel: &Kernel, step: u32, parameters: &[Row<L>]) -> Self {
        let share = |parameter: Parameter| {
            parameters[parameter as usize].map(|days| if days > kernel.dt { kernel.dt / days } else { 1.0 })
        };
        Self {
            daily: kernel.scenario.step_days == 1,
            fast: share(Parameter::ExpectationDays),
            slow: share(Parameter::TrendDays),
            catch_up: share(Parameter::DeferDays),
            over: share(Parameter::OverproductionDays),
            most: parameters[Parameter::OverproductionMax as usize],
            season: season(kernel, step, &parameters[Parameter::SeasonAmplitude as usize]),
            gate: parameters[Parameter::GateRatio as usize].map(|ratio| ratio * kernel.dt),
        }
    }
}

/// Phases 4 to 7 for every line: demand, shares in use, wanted output, capacity, arrivals, production, gate.
///
/// One pass, capacity pool by capacity pool, so that a line's routes are touched while they are in the cache:
/// within the pass a line reads of other lines only what the last step left (orders placed, order books).
#[inline(always)]
pub(crate) fn advance<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let pace = Pace::of(kernel, step, &state.parameters);
    for (pool, ends) in kernel.pools.start.windows(2).enumerate() {
        let lines = &kernel.pools.lines[ends[0] as usize..ends[1] as usize];
        for &line in lines {
            let line = line as usize;
            demand(kernel, line, &pace, state);
            share::shares(kernel, step, line, state);
            want(kernel, line, &pace, state);
        }
        capacity(kernel, pool, lines, &pace, state);
        for &line in lines {
            let line = line as usize;
            if kernel.lines.group[line] == NONE {
                make(kernel, line, &pace, state);
            }
        }
    }
    state.stale = false;
    for group in 0..kernel.groups.len() {
        heavy::separate(kernel, group, state);
    }
}

/// Phase 5: new orders and final demand of the step, and their smoothed values.
#[inline(always)]
fn demand<const L: usize>(kernel: &Kernel, line: usize, pace: &Pace<L>, state: &mut State<L>) {
    let dt = kernel.dt;
    let mut new = std::mem::replace(&mut state.customers[line].placed, [0.0; L]);
    if kernel.lines.sink[line] {
        let (base, factor) = (state.base_final[line], state.demand_factor[line]);
        let (mut calm, mut asked) = ([0.0; L], [0.0; L]);
        for lane in 0..L {
            calm[lane] = base[lane] * dt * pace.season[lane];
            asked[lane] = calm[lane] * factor[lane];
        }
        if let Some(market) = kernel.lines.heeds[line].filter(|_| kernel.switches.price_feedback) {
            let feedback = super::price::demand_factor(state, market);
            for lane in 0..L {
                asked[lane] *= feedback[lane];
            }
        }
        add(&mut new, &asked);
        state.calm_demand[line] = calm;
        state.final_demand[line] = asked;
    }
    let (mut expected, mut trend) = (state.expected[line], state.trend[line]);
    let mut rates = new;
    if !pace.daily {
        for lane in 0..L {
            rates[lane] /= dt;
        }
    }
    for lane in 0..L {
        let rate = rates[lane];
        expected[lane] += pace.fast[lane] * (rate - expected[lane]);
        trend[lane] += pace.slow[lane] * (rate - trend[lane]);
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
fn want<const L: usize>(kernel: &Kernel, line: usize, pace: &Pace<L>, state: &mut State<L>) {
    let orders = std::mem::replace(&mut state.customers[line].books, [0.0; L]);
    let (target, finished) = (state.finished_target[line], state.finished[line]);
    let (mut owing, mut wanted) = ([0.0; L], [0.0; L]);
    if kernel.lines.sink[line] {
        let (deferred, asked, demand) = (state.deferred[line], state.final_demand[line], state.demand[line]);
        for lane in 0..L {
            let gap = target[lane] - finished[lane];
            let catch_up = deferred[lane] * pace.catch_up[lane];
            owing[lane] = more(orders[lane] + gap - (demand[lane] - asked[lane]), 0.0) + deferred[lane];
            wanted[lane] = more(orders[lane] + asked[lane] + catch_up + gap, 0.0);
        }
    } else {
        let demand = state.demand[line];
        for lane in 0..L {
            let gap = target[lane] - finished[lane];
            owing[lane] = more(orders[lane] + gap - demand[lane], 0.0);
            wanted[lane] = more(orders[lane] + gap, 0.0);
        }
    }
    state.owing[line] = owing;
    state.wanted[line] = wanted;
}

/// Capacity of a pool shared by its lines, and the slow rise of over-production under scarcity.
#[inline(always)]
fn capacity<const L: usize>(
    kernel: &Kernel,
    pool: usize,
    lines: &[u32],
    pace: &Pace<L>,
    state: &mut State<L>,
) {
    let dt = kernel.dt;
    let mut wanted = [0.0; L];
    for &line in lines {
        add(&mut wanted, &state.wanted[line as usize]);
    }
    let (nameplate, loss, added) = (state.capacity[pool], state.loss[pool], state.added[pool]);
    let mut over = state.overproduction[pool];
    let (mut available, mut short) = ([0.0; L], false);
    for lane in 0..L {
        available[lane] = over[lane] * (nameplate[lane] * (1.0 - loss[lane]) * (1.0 + added[lane])) * dt;
        short |= wanted[lane] > available[lane];
    }
    if !short {
        for lane in 0..L {
            over[lane] += (1.0 - over[lane]) * pace.over[lane];
        }
        state.overproduction[pool] = over;
        for &line in lines {
            state.bound[line as usize] = [Bound::DEMAND; L];
        }
        return;
    }
    let (mut scale, mut reason) = ([1.0; L], [Bound::DEMAND; L]);
    for lane in 0..L {
        let missing = more(wanted[lane] - available[lane], 0.0);
        // An ulp more than capacity, an ulp wanted of a plant that is shut, or anything of one without capacity is
        // no scarcity.
        let trifle = TRIFLE * nameplate[lane] * dt;
        let scarcity = if missing > trifle && trifle > 0.0 { missing / wanted[lane] } else { 0.0 };
        let rise = (pace.most[lane] - over[lane]) * scarcity;
        let pull = if scarcity > 0.0 { rise } else { 1.0 - over[lane] };
        over[lane] += pull * pace.over[lane];
        let short = wanted[lane] > available[lane];
        scale[lane] = if short { available[lane] / wanted[lane] } else { 1.0 };
        reason[lane] = if short { Bound::CAPACITY } else { Bound::DEMAND };
    }
    state.overproduction[pool] = over;
    for &line in lines {
        let mut wanted = state.wanted[line as usize];
        for lane in 0..L {
            wanted[lane] *= scale[lane];
        }
        state.wanted[line as usize] = wanted;
        state.bound[line as usize] = reason;
    }
}

/// Output of one line, the use of its inputs, and the gate for its orders.
#[inline(always)]
fn make<const L: usize>(kernel: &Kernel, line: usize, pace: &Pace<L>, state: &mut State<L>) {
    let slots = kernel.slots_of(line);
    if slots.is_empty() {
        state.output[line] = state.wanted[line];
        if kernel.stops {
            stop(kernel, line, state);
        }
        if kernel.lines.feeds[line] {
            heavy::feed(kernel, line, state);
        }
        return;
    }
    let first = slots.start;
    let inputs = &kernel.lines.inputs[slots.clone()];
    let mut output = state.wanted[line];
    for (slot, input) in slots.clone().zip(inputs) {
        state.work.limits[slot - first] = match input.way {
            Way::Alone => own_limit::<L, true>(kernel, line, slot, state),
            Way::Own => own_limit::<L, false>(kernel, line, slot, state),
            Way::Pooled => pooled_limit(kernel, input, state),
            Way::Other => limit(kernel, line, slot, state),
        };
    }
    if kernel.switches.production != Production::Hard {
        // By way of the state: a row that is handed over lane by lane is kept in memory, whatever the rule.
        state.output[line] = output;
        match kernel.switches.production {
            Production::Psi => scale_by_scarcity(kernel, line, state),
            _ => subtract_non_essential(kernel, line, state),
        }
        output = state.output[line];
    }
    for ((limit, input), which) in state.work.limits.iter().zip(inputs).zip(0_u32..) {
        let (limit, mut scarce) = (*limit, false);
        for lane in 0..L {
            scarce |= limit[lane] < output[lane];
        }
        if !(input.binds && scarce) {
            continue;
        }
        let (calm, mut bound) = (state.base_output[line], state.bound[line]);
        for lane in 0..L {
            // Rounding may put an exact limit an ulp below what is wanted, or leave an ulp wanted where
            // nothing is: no reason then.
            let rounding = 1.0e-9 * more(output[lane], calm[lane] * kernel.dt);
            bound[lane] = if limit[lane] < output[lane] - rounding { which } else { bound[lane] };
            output[lane] = less(limit[lane], output[lane]);
        }
        state.bound[line] = bound;
    }
    if kernel.mix == Mix::Some {
        remember(kernel, line, &output, state);
    }
    state.output[line] = output;
    if kernel.stops {
        stop(kernel, line, state);
    }
    let gate = Gate { most: pace.gate, expected: state.expected[line] };
    for (slot, input) in slots.zip(inputs) {
        match input.way {
            Way::Alone => own_parts::<L, true>(kernel, line, slot, &gate, state),
            Way::Own => own_parts::<L, false>(kernel, line, slot, &gate, state),
            Way::Pooled => pooled_parts(kernel, line, input, &gate, state),
            Way::Other => {
                consume(kernel, line, slot, state);
                book::gate(kernel, input, &gate, state);
            }
        }
    }
    if kernel.lines.feeds[line] {
        heavy::feed(kernel, line, state);
    }
}

/// Output short by this share makes a whole day of shortage; less makes a part of one, so that nothing hangs on
/// rounding.
const SHORT: f64 = 0.05;

/// Counts the days on which inputs kept the line below what it wanted.
#[inline(always)]
fn remember<const L: usize>(kernel: &Kernel, line: usize, output: &Row<L>, state: &mut State<L>) {
    let wanted = state.wanted[line];
    let mut short = false;
    for lane in 0..L {
        short |= wanted[lane] > output[lane];
    }
    if !short {
        return;
    }
    let mut days = state.short_days[line];
    for lane in 0..L {
        let missing = more(wanted[lane] - output[lane], 0.0);
        let part = if wanted[lane] > 0.0 { less(missing / (SHORT * wanted[lane]), 1.0) } else { 0.0 };
        days[lane] += kernel.dt * part;
    }
    state.short_days[line] = days;
}

/// BoARIO: output falls already when a stock is below ψ of its target; where ψ·target is less than a step's
/// use the rule would bind in calm, and the hard limit serves instead.
fn scale_by_scarcity<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let mut output = state.output[line];
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
                target[lane] += state.routes[r].share[lane] * state.routes[r].target_days[lane];
                stock[lane] += per_unit(state.routes[r].stock[lane], state.amount_of(kernel, r)[lane]);
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
    state.output[line] = output;
}

/// Pichler et al.: a missing non-essential input costs its share of the line's input cost.
fn subtract_non_essential<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let mut output = state.output[line];
    let slots = kernel.slots_of(line);
    let first = slots.start;
    let mut missing = [0.0; L];
    for slot in slots {
        let Criticality::NonEssential { cost_share } = kernel.lines.criticality[slot] else { continue };
        let limit = state.work.limits[slot - first];
        for lane in 0..L {
            if output[lane] > 0.0 {
                missing[lane] += cost_share * more(1.0 - limit[lane] / output[lane], 0.0);
            }
        }
    }
    for lane in 0..L {
        output[lane] *= more(1.0 - missing[lane], 0.0);
    }
    state.output[line] = output;
}

/// Whether a line that is to make `least` in a step or nothing stops, or stands since it did.
#[inline(always)]
fn stops(least: f64, waiting: f64, output: f64) -> bool {
    least > 0.0 && (waiting > 0.0 || output < least * (1.0 - ROUNDING))
}

/// A line below its minimum run rate stops, and restarts after a delay once every input has cover again.
fn stop<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    let dt = kernel.dt;
    let (rate, base) = (&state.parameters[Parameter::MinimumRun as usize], &state.base_output[line]);
    let (restart, output) = (&state.restart[line], &state.output[line]);
    // In most lines and steps no lane stops or stands, which is found for all of them at once.
    let mut any = false;
    for lane in 0..L {
        any |= stops(rate[lane] * base[lane] * dt, restart[lane], output[lane]);
    }
    if !any {
        return;
    }
    for lane in 0..L {
        let least =
            state.parameters[Parameter::MinimumRun as usize][lane] * state.base_output[line][lane] * dt;
        let waiting = state.restart[line][lane];
        if !stops(least, waiting, state.output[line][lane]) {
            continue;
        }
        if waiting > 0.0 {
            let cover = state.parameters[Parameter::RestartCover as usize][lane];
            let ready = kernel.slots_of(line).all(|slot| {
                let mut days = 0.0;
                for r in kernel.routes_of(slot) {
                    days += per_unit(state.routes[r].stock[lane], state.amount_of(kernel, r)[lane]);
                }
                days >= cover * state.base_output[line][lane]
            });
            if ready {
                state.restart[line][lane] = (waiting - dt).max(0.0);
            }
        } else {
            state.restart[line][lane] = state.parameters[Parameter::RestartDays as usize][lane].max(dt);
        }
        state.output[line][lane] = 0.0;
        state.bound[line][lane] = Bound::STOPPED;
    }
}
