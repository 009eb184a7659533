//! What a line's inputs allow, by its sourcing rule, and how its output uses them.

use super::compile::Kernel;
use super::scratch::{Row, State};
use super::share::is_late;
use crate::policy::response::Sourcing;

/// Output (units of the line) that one input allows, by the line's sourcing rule. Leaves in `allows` what
/// each route's stock allows, and under dedicated sourcing in `leaving` (free until the gate) what each
/// route can do for its own share: [`consume`] needs both.
#[inline(always)]
pub(crate) fn limit<const L: usize>(
    kernel: &Kernel,
    line: usize,
    slot: usize,
    state: &mut State<L>,
) -> Row<L> {
    let sourcing = kernel.lines.sourcing[line];
    let mix = if sourcing == Sourcing::Pooled { 1.0 } else { kernel.switches.pooled_mix };
    let mut pooled = [0.0; L];
    for r in kernel.routes_of(slot) {
        let (stock, amount) = (state.stock[r], state.amount[r]);
        let mut allows = [0.0; L];
        for lane in 0..L {
            allows[lane] = per_unit(stock[lane], amount[lane]);
            pooled[lane] += allows[lane];
        }
        state.allows[r] = allows;
    }
    if mix >= 1.0 {
        return pooled;
    }
    let own = match sourcing {
        Sourcing::AllNeeded => all_needed_limit(kernel, slot, pooled, state),
        _ => dedicated_limit(kernel, line, slot, state),
    };
    std::array::from_fn(
        |lane| {
            if mix > 0.0 { (1.0 - mix) * own[lane] + mix * pooled[lane] } else { own[lane] }
        },
    )
}

#[inline(always)]
fn all_needed_limit<const L: usize>(
    kernel: &Kernel,
    slot: usize,
    pooled: Row<L>,
    state: &State<L>,
) -> Row<L> {
    // Newcomers are not needed, but what they do not bring must be there all the same.
    let mut least = pooled;
    for r in kernel.routes_of(slot) {
        if is_late(kernel, r) {
            continue;
        }
        let (amount, share, stock) = (state.amount[r], state.share[r], state.stock[r]);
        for lane in 0..L {
            let need = amount[lane] * share[lane];
            if need > 0.0 {
                least[lane] = least[lane].min(stock[lane] / need);
            }
        }
    }
    least
}

/// Σ over routes of what each can do for its own share of new demand and of what is owed on its account.
#[inline(always)]
fn dedicated_limit<const L: usize>(
    kernel: &Kernel,
    line: usize,
    slot: usize,
    state: &mut State<L>,
) -> Row<L> {
    let range = kernel.routes_of(slot);
    let new = state.demand[line];
    let owing = state.owing[line];
    let mut late = [0.0; L];
    let mut others = [1.0; L];
    let changes = kernel.lines.slot_changes[slot];
    if changes {
        others = [0.0; L];
        for r in range.clone() {
            for lane in 0..L {
                if is_late(kernel, r) {
                    let can = (state.share[r][lane] * new[lane]).min(state.allows[r][lane]);
                    state.leaving[r][lane] = can;
                    late[lane] += can;
                } else {
                    others[lane] += state.share[r][lane];
                }
            }
        }
    }
    let mut owed = [0.0; L];
    for r in range.clone() {
        let own = state.owed[r];
        for lane in 0..L {
            owed[lane] += own[lane];
        }
    }
    let mut keep = [1.0; L];
    let mut fresh = [0.0; L];
    for lane in 0..L {
        // What is owed on all routes together never exceeds what the line still owes.
        if owed[lane] > owing[lane] {
            keep[lane] = owing[lane] / owed[lane];
        }
        fresh[lane] = if others[lane] > 0.0 { (new[lane] - late[lane]).max(0.0) / others[lane] } else { 0.0 };
    }
    let mut sum = late;
    for r in range {
        if changes && is_late(kernel, r) {
            continue;
        }
        let (share, allows) = (state.share[r], state.allows[r]);
        let mut due = state.owed[r];
        let mut can = [0.0; L];
        for lane in 0..L {
            due[lane] = share[lane] * fresh[lane] + due[lane] * keep[lane];
            can[lane] = due[lane].min(allows[lane]);
            sum[lane] += can[lane];
        }
        state.owed[r] = due;
        state.leaving[r] = can;
    }
    sum
}

/// stock ÷ amount, without limit where nothing is needed.
#[inline(always)]
pub(crate) fn per_unit(stock: f64, amount: f64) -> f64 {
    if amount > 0.0 { stock / amount } else { f64::INFINITY }
}

/// Takes the line's output worth of one input from the stocks of its routes: each route its part, and what
/// is then missing from what the others have left, in proportion.
#[inline(always)]
pub(crate) fn consume<const L: usize>(kernel: &Kernel, line: usize, slot: usize, state: &mut State<L>) {
    // With nothing of its own rule left in the mix, nothing was worked out route by route.
    let dedicated = kernel.lines.sourcing[line] == Sourcing::Dedicated && kernel.switches.pooled_mix < 1.0;
    let range = kernel.routes_of(slot);
    let output = state.output[line];
    let mut scale = output;
    if dedicated {
        let mut can = [0.0; L];
        for r in range.clone() {
            let own = state.leaving[r];
            for lane in 0..L {
                can[lane] += own[lane];
            }
        }
        for lane in 0..L {
            scale[lane] = if can[lane] > 0.0 { output[lane] / can[lane] } else { 0.0 };
        }
    }
    let mut taken = [0.0; L];
    let mut left = [0.0; L];
    for r in range.clone() {
        let part = if dedicated { state.leaving[r] } else { state.share[r] };
        let allows = state.allows[r];
        let mut used = [0.0; L];
        for lane in 0..L {
            used[lane] = (part[lane] * scale[lane]).min(allows[lane]);
            taken[lane] += used[lane];
            left[lane] += if allows[lane] < f64::INFINITY { allows[lane] - used[lane] } else { 0.0 };
        }
        state.leaving[r] = used;
    }
    if kernel.lines.slot_changes[slot] {
        // While a newcomer is not yet trusted the shares in use add up to more than one: nobody uses more
        // than output needs (what rounding adds is let be).
        for r in range.clone() {
            let mut used = state.leaving[r];
            for lane in 0..L {
                if taken[lane] > output[lane] * (1.0 + 1.0e-12) {
                    used[lane] *= output[lane] / taken[lane];
                }
            }
            state.leaving[r] = used;
        }
    }
    let mut draw = [0.0; L];
    for lane in 0..L {
        let missing = (output[lane] - taken[lane]).max(0.0);
        draw[lane] = if left[lane] > 0.0 { (missing / left[lane]).min(1.0) } else { 0.0 };
    }
    for r in range {
        let (allows, amount) = (state.allows[r], state.amount[r]);
        let mut used = state.leaving[r];
        let mut stock = state.stock[r];
        for lane in 0..L {
            let rest = if allows[lane] < f64::INFINITY { allows[lane] - used[lane] } else { 0.0 };
            used[lane] += rest * draw[lane];
            stock[lane] = (stock[lane] - used[lane] * amount[lane]).max(0.0);
        }
        state.stock[r] = stock;
        if dedicated {
            let mut owed = state.owed[r];
            for lane in 0..L {
                owed[lane] = (owed[lane] - used[lane]).max(0.0);
            }
            state.owed[r] = owed;
        }
    }
}
