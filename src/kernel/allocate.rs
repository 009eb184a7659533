//! Phase 8, first half: who gets what when a supplier is short.
//!
//! All rules are one routine: find the level λ with Σ min(request, weight·λ) = what is left, class after
//! class. Proportional rationing has weight = request, so that λ is the common ratio; smallest relative
//! request first has weight = base flow; a contract is a first claim up to the base flow.

use super::compile::priority_class;
use super::layout::Kernel;
use super::scratch::{Row, State, more};
use crate::policy::parameter::Parameter;
use crate::policy::response::Rationing;

/// Marks a supplier's own final demand among its routes.
const FINAL: u32 = u32::MAX;

/// Turns requests into shipments and settles finished stock and final demand.
#[inline(always)]
pub(crate) fn ration<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let defer_days = state.parameters[Parameter::DeferDays as usize];
    let catch_up = defer_days.map(|days| (kernel.dt / days).min(1.0));
    for line in 0..kernel.lines.pool.len() {
        let own = final_request(kernel, line, &catch_up, state);
        let mut asked = std::mem::replace(&mut state.customers[line].asked, [0.0; L]);
        for lane in 0..L {
            asked[lane] += own[lane];
        }
        let (finished, output) = (state.finished[line], state.output[line]);
        let (mut have, mut ratio, mut rest) = ([0.0; L], [1.0; L], [0.0; L]);
        let mut short = false;
        for lane in 0..L {
            have[lane] = finished[lane] + output[lane];
            rest[lane] = more(have[lane] - asked[lane], 0.0);
            short |= asked[lane] > have[lane];
        }
        if short {
            for lane in 0..L {
                ratio[lane] = if asked[lane] > have[lane] { have[lane] / asked[lane] } else { 1.0 };
            }
        }
        state.customers[line].ratio = ratio;
        if kernel.lines.sink[line] {
            let mut served = own;
            for lane in 0..L {
                served[lane] *= ratio[lane];
            }
            state.served[line] = served;
        }
        if short && kernel.switches.rationing != Rationing::Proportional {
            share_by_rule(kernel, line, &catch_up, state);
        }
        state.finished[line] = rest;
        if kernel.lines.sink[line] {
            settle_final(line, state);
        }
    }
}

/// The rules other than the proportional one, for the lanes in which a line is short: those whose ratio is below 1.
///
/// Looks up anew what [`ration`] knows: rows that are looked at lane by lane are kept in memory, and there they would
/// be for every line and rule.
#[cold]
#[inline(never)]
fn share_by_rule<const L: usize>(kernel: &Kernel, line: usize, catch_up: &Row<L>, state: &mut State<L>) {
    let own = final_request(kernel, line, catch_up, state);
    for lane in 0..L {
        if state.customers[line].ratio[lane] < 1.0 {
            let have = state.finished[line][lane] + state.output[line][lane];
            share_out(kernel, line, lane, (have, own[lane]), state);
            state.customers[line].ratio[lane] = 1.0;
        }
    }
}

/// Final demand of the step and the part of deferred demand that is caught up now.
#[inline(always)]
fn final_request<const L: usize>(
    kernel: &Kernel,
    line: usize,
    catch_up: &Row<L>,
    state: &State<L>,
) -> Row<L> {
    if !kernel.lines.sink[line] {
        return [0.0; L];
    }
    let (mut request, deferred) = (state.final_demand[line], state.deferred[line]);
    for lane in 0..L {
        request[lane] += deferred[lane] * catch_up[lane];
    }
    request
}

/// What is not served is deferred or lost.
#[inline(always)]
fn settle_final<const L: usize>(line: usize, state: &mut State<L>) {
    let defer = state.parameters[Parameter::DeferFraction as usize];
    let (asked, served) = (state.final_demand[line], state.served[line]);
    let (mut deferred, mut lost) = (state.deferred[line], state.lost[line]);
    for lane in 0..L {
        let short = asked[lane] - served[lane];
        let caught_up = more(-short, 0.0);
        let short = more(short, 0.0);
        deferred[lane] = more(deferred[lane] - caught_up, 0.0) + defer[lane] * short;
        lost[lane] += (1.0 - defer[lane]) * short;
    }
    state.deferred[line] = deferred;
    state.lost[line] = lost;
}

/// One claim on a short supplier's goods: `part` of a request, served as weight·λ up to the part.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Level at which the claim is fully served: part ÷ weight.
    pub full_at: f64,
    /// Most the claim takes.
    pub part: f64,
    /// Its weight.
    pub weight: f64,
    /// Whose claim it is: position among the supplier's customers.
    pub who: u32,
}

/// Shares `have` among the requests of one lane by the scenario's rule; requests become shipments.
/// `own`: what the line's own final demand asks for.
fn share_out<const L: usize>(
    kernel: &Kernel,
    line: usize,
    lane: usize,
    (have, own): (f64, f64),
    state: &mut State<L>,
) {
    let rule = kernel.switches.rationing;
    let outgoing = kernel.outgoing(line);
    let customers = outgoing.len() + usize::from(kernel.lines.sink[line]);
    // Both queues are taken out while the state is read, and put back with their memory.
    let mut queue = std::mem::take(&mut state.queue);
    let mut granted = std::mem::take(&mut state.granted);
    granted.clear();
    granted.resize(customers, 0.0);
    let classes: u8 = match rule {
        Rationing::Priority => u8::try_from(kernel.switches.priority.len()).unwrap_or(u8::MAX - 1) + 1,
        Rationing::ContractFirst | Rationing::DomesticFirst => 2,
        Rationing::Proportional | Rationing::LeastHurtFirst | Rationing::Price => 1,
    };
    let mut left = have;
    for class in 0..classes {
        queue.clear();
        for who in 0..customers {
            let route = outgoing.get(who).map_or(FINAL, |r| *r);
            let asked = if route == FINAL { own } else { state.routes[route as usize].leaving[lane] };
            let usual = usual_flow(kernel, line, route, lane, state);
            let (part, weight) = match rule {
                Rationing::ContractFirst if class == 0 => (asked.min(usual), asked.min(usual)),
                Rationing::ContractFirst => (asked - asked.min(usual), asked - asked.min(usual)),
                Rationing::LeastHurtFirst => (asked, usual),
                Rationing::Price => (asked, asked * bid(kernel, line, route, lane, state)),
                _ if class_of(kernel, line, route) != class => (0.0, 0.0),
                _ => (asked, asked),
            };
            if part > 0.0 && weight > 0.0 {
                let who = u32::try_from(who).unwrap_or(FINAL);
                queue.push(Claim { full_at: part / weight, part, weight, who });
            }
        }
        let level = level(&mut queue, left);
        for claim in &queue {
            let grant =
                if claim.full_at <= level { claim.part } else { (claim.weight * level).min(claim.part) };
            left = (left - grant).max(0.0);
            granted[claim.who as usize] += grant;
        }
    }
    for (who, r) in outgoing.iter().enumerate() {
        state.routes[*r as usize].leaving[lane] = granted[who];
    }
    if kernel.lines.sink[line] {
        state.served[line][lane] = granted[customers - 1];
    }
    state.queue = queue;
    state.granted = granted;
}

/// λ with Σ min(part, weight·λ) = `supply`; infinite when supply suffices. Sorts the claims by the level
/// at which they are full: O(d log d) for d customers.
pub fn level(claims: &mut [Claim], supply: f64) -> f64 {
    claims.sort_unstable_by(|a, b| a.full_at.total_cmp(&b.full_at).then(a.who.cmp(&b.who)));
    let mut weights: f64 = claims.iter().map(|claim| claim.weight).sum();
    let mut left = supply;
    for claim in claims.iter() {
        if left <= claim.full_at * weights {
            return left / weights;
        }
        left -= claim.part;
        weights -= claim.weight;
    }
    f64::INFINITY
}

fn class_of(kernel: &Kernel, line: usize, r: u32) -> u8 {
    if r == FINAL {
        // A line's own final customers are at home.
        return match kernel.switches.rationing {
            Rationing::Priority => priority_class(&kernel.switches, kernel.graph().lines[line].end_use),
            _ => 0,
        };
    }
    kernel.routes.class[r as usize]
}

/// Base or expected flow, whichever is larger, per step.
fn usual_flow<const L: usize>(kernel: &Kernel, line: usize, r: u32, lane: usize, state: &State<L>) -> f64 {
    if r == FINAL {
        return state.base_final[line][lane] * kernel.dt;
    }
    let r = r as usize;
    let expected = state.expected[kernel.routes.to[r] as usize][lane];
    state.routes[r].base_flow[lane]
        .max(state.amount_of(kernel, r)[lane] * state.routes[r].share[lane] * expected)
        * kernel.dt
}

/// Price on the buyer's side of the border relative to calm: of Dy and Tb for goods that fall under them, of Nd and
/// Pr otherwise.
fn bid<const L: usize>(kernel: &Kernel, line: usize, r: u32, lane: usize, state: &State<L>) -> f64 {
    let graph = kernel.graph();
    let buyer = if r == FINAL { line } else { kernel.routes.to[r as usize] as usize };
    let heavy = super::price::heavy(&graph.materials[graph.lines[line].product.index()]);
    libm::exp(state.price[super::price::market(heavy, graph.lines[buyer].country)][lane])
}
