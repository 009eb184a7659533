//! What a line's inputs allow, by its sourcing rule; how its output uses them; and what it asks for next.

use super::layout::Kernel;
use super::link::{Input, Link};
use super::scratch::{Row, State, add, less, more};
use super::share::is_late;
use crate::policy::parameter::Parameter;
use crate::policy::response::Sourcing;
use crate::random::sample::Distribution;

/// How much of the pooled rule is mixed into the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mix {
    /// None of it in any replication.
    Nothing,
    /// Some of it, or in some replications.
    Some,
    /// Nothing but it.
    All,
}

impl Mix {
    /// What the laws of the share and of its growth in shortage say, before they are drawn.
    pub(crate) fn of(share: &Distribution, stand_in: &Distribution) -> Self {
        match share {
            share if share.is_fixed() && share.mean() >= 1.0 => Self::All,
            _ if !stand_in.is_fixed() || stand_in.mean() > 0.0 => Self::Some,
            share if !share.is_fixed() => Self::Some,
            share if share.mean() <= 0.0 => Self::Nothing,
            _ => Self::Some,
        }
    }
}

/// What a route allows where nothing is needed of it: more than anything, but sums of it stay finite.
pub(crate) const FREE: f64 = 1.0e200;

/// Goods due in this step on one route.
#[inline(always)]
pub(crate) fn add_due<const L: usize>(
    stock: &mut Row<L>,
    link: &Link,
    [surface, air]: [u32; 2],
    ring: &[Row<L>],
) {
    add(stock, &ring[surface as usize]);
    if link.flies {
        add(stock, &ring[air as usize]);
    }
}

/// Goods due in this step join the stocks of an input's routes. Leaves in the working rows what each stock
/// allows and returns the sum.
#[inline(always)]
pub(crate) fn arrive<const L: usize>(kernel: &Kernel, input: &Input, state: &mut State<L>) -> Row<L> {
    let State { routes, ring, due, per_amount, work, .. } = state;
    let links = kernel.routes.links[input.routes()].iter().zip(&due[input.routes()]);
    let (ring, per_amount) = (&ring[..], &per_amount[..]);
    let mut pooled = [0.0; L];
    for ((rows, (link, due)), allowed) in
        routes[input.routes()].iter_mut().zip(links).zip(&mut work.allows[input.places()])
    {
        let mut stock = rows.stock;
        add_due(&mut stock, link, *due, ring);
        rows.stock = stock;
        let per = per_amount[link.amount as usize];
        let mut allows = [0.0; L];
        for lane in 0..L {
            allows[lane] = if per[lane] > 0.0 { stock[lane] * per[lane] } else { FREE };
            pooled[lane] += allows[lane];
        }
        *allowed = allows;
    }
    pooled
}

/// What is owed on all routes together never exceeds what the line still owes: the part of it that stays.
#[inline(always)]
pub(crate) fn keep<const L: usize>(owed: &Row<L>, owing: &Row<L>) -> Row<L> {
    let (mut keep, mut all) = ([1.0; L], true);
    for lane in 0..L {
        all &= owed[lane] <= owing[lane];
    }
    if !all {
        for lane in 0..L {
            keep[lane] = if owed[lane] > owing[lane] { owing[lane] / owed[lane] } else { 1.0 };
        }
    }
    keep
}

/// Output (units of the line) that one input allows, by the line's sourcing rule. Leaves in the working rows
/// what [`consume`] needs.
#[inline(always)]
pub(crate) fn limit<const L: usize>(
    kernel: &Kernel,
    line: usize,
    slot: usize,
    state: &mut State<L>,
) -> Row<L> {
    let pooled = arrive(kernel, &kernel.lines.inputs[slot], state);
    let sourcing = kernel.lines.sourcing[line];
    if sourcing == Sourcing::Pooled || kernel.mix == Mix::All {
        return pooled;
    }
    let own = match sourcing {
        Sourcing::AllNeeded => all_needed_limit(kernel, slot, pooled, state),
        _ => dedicated_limit(kernel, line, slot, state),
    };
    if kernel.mix == Mix::Nothing {
        return own;
    }
    mixed(line, &own, &pooled, state)
}

/// What the stage's own rule and the pooled one allow together: a share κ of what is wanted follows the pooled rule,
/// however much is in store. κ grows with the days of want.
#[inline(always)]
pub(crate) fn mixed<const L: usize>(line: usize, own: &Row<L>, pooled: &Row<L>, state: &State<L>) -> Row<L> {
    let (share, days) = (
        &state.parameters[Parameter::PooledMix as usize],
        &state.parameters[Parameter::StandInDays as usize],
    );
    let (short, wanted) = (&state.short_days[line], &state.wanted[line]);
    let (mut limit, mut mix, mut learns) = ([0.0; L], *share, false);
    for lane in 0..L {
        learns |= short[lane] > 0.0;
    }
    if learns {
        // Where nobody ever lacked anything the mix is the share, without a division.
        for lane in 0..L {
            let learned = if days[lane] > 0.0 { less(short[lane] / days[lane], 1.0) } else { 0.0 };
            mix[lane] = share[lane] + (1.0 - share[lane]) * learned;
        }
    }
    for lane in 0..L {
        let (own, pooled) = (less(own[lane], wanted[lane]), less(pooled[lane], wanted[lane]));
        limit[lane] = (1.0 - mix[lane]) * own + mix[lane] * pooled;
    }
    limit
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
        let (amount, rows) = (state.amount_of(kernel, r), &state.routes[r]);
        for lane in 0..L {
            let need = amount[lane] * rows.share[lane];
            if need > 0.0 {
                least[lane] = less(least[lane], rows.stock[lane] / need);
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
    let first = kernel.inputs_of(line).start;
    let changes = kernel.lines.slot_changes[slot];
    let mut owed = [0.0; L];
    for rows in &state.routes[range.clone()] {
        add(&mut owed, &rows.owed);
    }
    let (new, owing) = (state.demand[line], state.owing[line]);
    let (mut late, mut others) = ([0.0; L], [1.0; L]);
    if changes {
        others = [0.0; L];
        for r in range.clone() {
            let share = state.routes[r].share;
            for lane in 0..L {
                if is_late(kernel, r) {
                    let can = less(share[lane] * new[lane], state.work.allows[r - first][lane]);
                    state.work.part[r - first][lane] = can;
                    late[lane] += can;
                } else {
                    others[lane] += share[lane];
                }
            }
        }
    }
    let (keep, mut fresh) = (keep(&owed, &owing), new);
    if changes {
        for lane in 0..L {
            fresh[lane] =
                if others[lane] > 0.0 { more(new[lane] - late[lane], 0.0) / others[lane] } else { 0.0 };
        }
    }
    let mut sum = late;
    let allowed = &state.work.allows[range.start - first..range.end - first];
    let parts = &mut state.work.part[range.start - first..range.end - first];
    for (((rows, allows), part), r) in
        state.routes[range.clone()].iter_mut().zip(allowed).zip(parts).zip(range)
    {
        if changes && is_late(kernel, r) {
            continue;
        }
        let (share, mut due, mut can) = (rows.share, rows.owed, *allows);
        for lane in 0..L {
            due[lane] = share[lane] * fresh[lane] + due[lane] * keep[lane];
            can[lane] = less(due[lane], can[lane]);
            sum[lane] += can[lane];
        }
        rows.owed = due;
        *part = can;
    }
    state.work.can[slot - kernel.slots_of(line).start] = sum;
    sum
}

/// stock ÷ amount, without limit where nothing is needed.
#[inline(always)]
pub(crate) fn per_unit(stock: f64, amount: f64) -> f64 {
    if amount > 0.0 { stock / amount } else { FREE }
}

/// Takes the line's output worth of one input from the stocks of its routes: each route its part, and what
/// is then missing from what the others have left, in proportion. Leaves in the working rows how much of the output
/// each route gave.
#[inline(always)]
pub(crate) fn consume<const L: usize>(kernel: &Kernel, line: usize, slot: usize, state: &mut State<L>) {
    // With nothing of its own rule left in the mix, nothing was worked out route by route.
    let dedicated = kernel.lines.sourcing[line] == Sourcing::Dedicated && kernel.mix != Mix::All;
    let input = &kernel.lines.inputs[slot];
    let output = state.output[line];
    let mut scale = output;
    if dedicated {
        let can = state.work.can[slot - kernel.slots_of(line).start];
        for lane in 0..L {
            scale[lane] = if can[lane] > 0.0 { output[lane] / can[lane] } else { 0.0 };
        }
    }
    let State { routes, work, amount, .. } = state;
    let allowed = &work.allows[input.places()];
    let parts = &mut work.part[input.places()];
    let links = &kernel.routes.links[input.routes()];
    let routes = &mut routes[input.routes()];
    let (mut taken, mut left) = ([0.0; L], [0.0; L]);
    for ((rows, allows), part) in routes.iter().zip(allowed).zip(&mut *parts) {
        let (wanted, allows) = (if dedicated { *part } else { rows.share }, *allows);
        let mut used = [0.0; L];
        for lane in 0..L {
            used[lane] = less(wanted[lane] * scale[lane], allows[lane]);
            taken[lane] += used[lane];
            left[lane] += allows[lane] - used[lane];
        }
        *part = used;
    }
    if input.changes {
        // While a newcomer is not yet trusted the shares in use add up to more than one: nobody uses more
        // than output needs (what rounding adds is let be).
        for part in &mut *parts {
            for lane in 0..L {
                if taken[lane] > output[lane] * (1.0 + 1.0e-12) {
                    part[lane] *= output[lane] / taken[lane];
                }
            }
        }
    }
    let mut draw = [0.0; L];
    for lane in 0..L {
        let missing = more(output[lane] - taken[lane], 0.0);
        draw[lane] = if left[lane] > 0.0 { less(missing / left[lane], 1.0) } else { 0.0 };
    }
    for (((rows, link), allows), part) in routes.iter_mut().zip(links).zip(allowed).zip(parts) {
        let (allows, mut used, amount) = (*allows, *part, amount[link.amount as usize]);
        let mut stock = rows.stock;
        for lane in 0..L {
            used[lane] += (allows[lane] - used[lane]) * draw[lane];
            stock[lane] = more(stock[lane] - used[lane] * amount[lane], 0.0);
        }
        rows.stock = stock;
        *part = used;
        if dedicated {
            let mut owed = rows.owed;
            for lane in 0..L {
                owed[lane] = more(owed[lane] - used[lane], 0.0);
            }
            rows.owed = owed;
        }
    }
}
