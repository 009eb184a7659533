//! The usual cases of sourcing: no newcomers, and few passes over an input's routes.
//!
//! One pass before output is known and one after it (two where routes stand in for each other), each with all that
//! there is to do on a route. [`super::source`] has the same rules for all cases, pass by pass.

use super::book::Gate;
use super::layout::Kernel;
use super::link::Input;
use super::scratch::{Row, State, add, less, more};
use super::share::LEAST_RELIABILITY;
use super::source::{FREE, Mix, add_due, keep, mixed};
use super::transit::{due_of, expect_due};

/// Dedicated sourcing ([`Way::Own`]): goods due join the stocks, and each route
/// can do what its stock allows of its own part of new demand and of what is owed on its account. Leaves that
/// in the working rows and returns what the input allows. `ALONE`: see [`Way::Alone`]; otherwise routes may stand
/// in for each other, and what each stock allows is left in the working rows, too.
#[inline(always)]
pub(crate) fn own_limit<const L: usize, const ALONE: bool>(
    kernel: &Kernel,
    line: usize,
    slot: usize,
    state: &mut State<L>,
) -> Row<L> {
    let input = &kernel.lines.inputs[slot];
    let (new, owing) = (state.demand[line], state.owing[line]);
    let State { routes, ring, due, per_amount, work, owed, .. } = state;
    let keep = keep(&owed[slot], &owing);
    let per = per_amount[input.amount as usize];
    let links = kernel.routes.links[input.routes()].iter().zip(due_of(due, input.routes()));
    let working = work.part[input.places()].iter_mut().zip(&mut work.allows[input.places()]);
    let ring = &ring[..];
    let (mut sum, mut pooled) = ([0.0; L], [0.0; L]);
    for ((rows, (link, (own_due, next_due))), (part, allowed)) in
        routes[input.routes()].iter_mut().zip(links).zip(working)
    {
        expect_due(ring, next_due);
        let (mut stock, share, mut owes) = (rows.stock, rows.share, rows.owed);
        add_due(&mut stock, link, own_due, ring);
        let (mut can, mut allows) = ([0.0; L], [0.0; L]);
        for lane in 0..L {
            allows[lane] = if per[lane] > 0.0 { stock[lane] * per[lane] } else { FREE };
            owes[lane] = share[lane] * new[lane] + owes[lane] * keep[lane];
            can[lane] = less(owes[lane], allows[lane]);
            sum[lane] += can[lane];
        }
        if !ALONE {
            add(&mut pooled, &allows);
            *allowed = allows;
        }
        rows.stock = stock;
        rows.owed = owes;
        *part = can;
    }
    work.can[slot - kernel.slots_of(line).start] = sum;
    if ALONE || kernel.mix == Mix::Nothing {
        return sum;
    }
    mixed(line, &sum, &pooled, state)
}

/// After [`own_limit`]: each route does its part of the line's output, and where routes stand in for each other
/// (not `ALONE`) what is then missing is taken from what the others have left, in proportion. In the same pass
/// each route's order meets the gate.
#[inline(always)]
pub(crate) fn own_parts<const L: usize, const ALONE: bool>(
    kernel: &Kernel,
    line: usize,
    slot: usize,
    gate: &Gate<L>,
    state: &mut State<L>,
) {
    let input = &kernel.lines.inputs[slot];
    let (output, can) = (state.output[line], state.work.can[slot - kernel.slots_of(line).start]);
    let mut scale = output;
    for lane in 0..L {
        scale[lane] = if can[lane] > 0.0 { output[lane] / can[lane] } else { 0.0 };
    }
    let State { routes, work, amount, owed, cap, customers, .. } = state;
    let (cap, customers) = (&cap[..], &mut customers[..]);
    let parts = &mut work.part[input.places()];
    let allowed = &work.allows[input.places()];
    let mut draw = [0.0; L];
    if !ALONE {
        draw = draws(parts, allowed, &scale, &output);
    }
    let amount = amount[input.amount as usize];
    let links = &kernel.routes.links[input.routes()];
    let mut left = [0.0; L];
    for ((rows, link), (part, allows)) in
        routes[input.routes()].iter_mut().zip(links).zip(parts.iter().zip(allowed))
    {
        let mut used = *part;
        for lane in 0..L {
            // Alone, output is at most what the routes can: nothing is missing.
            used[lane] = if ALONE {
                used[lane] * scale[lane]
            } else {
                used[lane] + (allows[lane] - used[lane]) * draw[lane]
            };
        }
        let (mut stock, mut owes) = (rows.stock, rows.owed);
        for lane in 0..L {
            stock[lane] = more(stock[lane] - used[lane] * amount[lane], 0.0);
            owes[lane] = more(owes[lane] - used[lane], 0.0);
            left[lane] += owes[lane];
        }
        rows.stock = stock;
        rows.owed = owes;
        gate.pass(rows, link, &amount, cap, customers);
    }
    owed[slot] = left;
}

/// Parts that routes can do become parts that they do, within what their stocks allow. Returns the share of what
/// is left in each stock that makes up for what is then missing of the output.
#[inline(always)]
pub(crate) fn draws<const L: usize>(
    parts: &mut [Row<L>],
    allowed: &[Row<L>],
    scale: &Row<L>,
    output: &Row<L>,
) -> Row<L> {
    let (mut taken, mut left) = ([0.0; L], [0.0; L]);
    for (part, allows) in parts.iter_mut().zip(allowed) {
        let (can, allows) = (*part, *allows);
        let mut used = [0.0; L];
        for lane in 0..L {
            used[lane] = less(can[lane] * scale[lane], allows[lane]);
            taken[lane] += used[lane];
            left[lane] += allows[lane] - used[lane];
        }
        *part = used;
    }
    let (mut draw, mut lacks) = ([0.0; L], false);
    for lane in 0..L {
        lacks |= output[lane] > taken[lane];
    }
    if lacks {
        for lane in 0..L {
            let missing = more(output[lane] - taken[lane], 0.0);
            draw[lane] = if left[lane] > 0.0 { less(missing / left[lane], 1.0) } else { 0.0 };
        }
    }
    draw
}

/// Pooled sourcing ([`Way::Pooled`]): suppliers' shares follow what they delivered, and goods due join the stocks.
/// Leaves shares and what each stock allows in the working rows and returns what the input allows.
#[inline(always)]
pub(crate) fn pooled_limit<const L: usize>(kernel: &Kernel, input: &Input, state: &mut State<L>) -> Row<L> {
    let (range, places) = (input.routes(), input.places());
    let State { routes, adapting, pull, ring, due, per_amount, work, .. } = state;
    let parts = &mut work.part[places.clone()];
    let links = &kernel.routes.links[range.clone()];
    // Routes of one input stand side by side among those that adapt, too.
    let first = links.first().map_or(0, |link| link.adapting as usize);
    let mut sum = [0.0; L];
    for ((memory, pull), part) in
        adapting[first..first + links.len()].iter().zip(&pull[range.clone()]).zip(&mut *parts)
    {
        let (mut share, ordered, sent) = (*pull, memory.ordered_month, memory.sent_month);
        let mut behind = false;
        for lane in 0..L {
            behind |= sent[lane] < ordered[lane] || ordered[lane] <= 0.0;
        }
        if behind {
            // Whoever delivers all keeps all of its share, which needs no division.
            for lane in 0..L {
                let kept = if ordered[lane] > 0.0 { sent[lane] / ordered[lane] } else { 0.0 };
                share[lane] *= more(less(kept, 1.0), LEAST_RELIABILITY);
            }
        }
        add(&mut sum, &share);
        *part = share;
    }
    let mut scale = [0.0; L];
    for lane in 0..L {
        scale[lane] = if sum[lane] > 0.0 { 1.0 / sum[lane] } else { 0.0 };
    }
    let mut pooled = [0.0; L];
    let links = links.iter().zip(due_of(due, range.clone()));
    let (ring, per_amount) = (&ring[..], &per_amount[..]);
    for ((rows, (link, (own_due, next_due))), (part, allowed)) in
        routes[range].iter_mut().zip(links).zip(parts.iter_mut().zip(&mut work.allows[places]))
    {
        expect_due(ring, next_due);
        let (mut share, mut stock) = (*part, rows.stock);
        add_due(&mut stock, link, own_due, ring);
        let per = per_amount[link.amount as usize];
        let mut allows = [0.0; L];
        for lane in 0..L {
            share[lane] *= scale[lane];
            allows[lane] = if per[lane] > 0.0 { stock[lane] * per[lane] } else { FREE };
            pooled[lane] += allows[lane];
        }
        rows.stock = stock;
        rows.share = share;
        *part = share;
        *allowed = allows;
    }
    pooled
}

/// After [`pooled_limit`]: output is taken from the stocks by shares, and what some lack from what others have
/// left. In the same pass each route's order meets the gate.
#[inline(always)]
pub(crate) fn pooled_parts<const L: usize>(
    kernel: &Kernel,
    line: usize,
    input: &Input,
    gate: &Gate<L>,
    state: &mut State<L>,
) {
    let output = state.output[line];
    let State { routes, work, amount, cap, customers, .. } = state;
    let (amount, cap, customers) = (&amount[..], &cap[..], &mut customers[..]);
    let parts = &mut work.part[input.places()];
    let allowed = &work.allows[input.places()];
    let draw = draws(parts, allowed, &output, &output);
    let links = &kernel.routes.links[input.routes()];
    for ((rows, link), (part, allows)) in
        routes[input.routes()].iter_mut().zip(links).zip(parts.iter().zip(allowed))
    {
        let (part, allows, amount) = (*part, *allows, amount[link.amount as usize]);
        let mut stock = rows.stock;
        for lane in 0..L {
            let used = part[lane] + (allows[lane] - part[lane]) * draw[lane];
            stock[lane] = more(stock[lane] - used * amount[lane], 0.0);
        }
        rows.stock = stock;
        gate.pass(rows, link, &amount, cap, customers);
    }
}
