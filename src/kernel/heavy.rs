//! Separation is joint production: heavy oxide comes out of the ore that a group's NdPr line works.
//!
//! Ore brings Dy and Tb at each mine's own content. Of what the ore used holds, circuits recover a share η, which
//! calm fixes: `η = x_H ÷ Σ content·flow`. What is recovered and not asked for waits in the circuit (30 days of
//! calm output at most) or is lost to tailings; what is not recovered is lost at once. So heavy oxide closes ore
//! by ore, also when one mine fails and another takes its place.
//!
//! Contents are bands, and so is what magnets hold: many pairs of draws cannot both be true. Where a draw asks for
//! more than its ores hold, contents are taken nearer to the upper ends of their bands; where that is not enough
//! what ores and goods hold of Dy and Tb is drawn again, and nothing else.

use super::layout::Kernel;
use super::scratch::{Row, State, add, more};
use crate::network::line::{Amount, LineGraph};

/// Days of base output that a separation circuit holds of heavy oxide.
pub(crate) const CIRCUIT_DAYS: f64 = 30.0;

/// Asked may exceed held by this share: rounding.
const ROUNDING: f64 = 1.0e-9;

/// Heavy lines that work from the feed of one NdPr line.
#[derive(Debug)]
pub struct Group {
    /// The NdPr line.
    pub feed: u32,
    /// Its heavy lines.
    pub lines: Vec<u32>,
    /// Ore routes of the NdPr line.
    pub ores: Vec<Ore>,
    /// Position of the first of them among those of all groups.
    pub first: usize,
    /// Whether it is known what any of the ores holds. If not, heavy oxide follows the NdPr line's output; also
    /// where that line buys nothing.
    pub known: bool,
}

/// An ore route of a group.
#[derive(Debug)]
pub struct Ore {
    /// Kernel position of the route.
    pub route: u32,
    /// Tonnes of Dy and Tb oxide in a tonne of the ore; nothing where it is not known.
    pub content: Option<Amount>,
    /// Its upper end.
    pub most: f64,
}

/// Groups of a network, in the order of their first heavy lines.
pub(super) fn compile(graph: &LineGraph, position: &[u32]) -> Vec<Group> {
    let highs: Vec<f64> = graph.coefficients.iter().map(|coefficient| coefficient.band.high).collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut first = 0;
    for (i, line) in (0_u32..).zip(&graph.lines) {
        let Some(feed) = line.coproduct_of else { continue };
        if let Some(group) = groups.iter_mut().find(|group| group.feed == feed.0) {
            group.lines.push(i);
            continue;
        }
        let routes = graph.lines[feed.index()].inputs.iter().flat_map(|input| &input.routes);
        let ores = routes.map(|id| {
            let content =
                graph.heavy_yields.iter().find(|(own, _)| own == id).map(|(_, amount)| amount.clone());
            let most = content.as_ref().map_or(0.0, |content| content.value(&highs));
            Ore { route: position[id.index()], content, most }
        });
        let ores: Vec<Ore> = ores.collect();
        let known = ores.iter().any(|ore| ore.content.is_some());
        let count = ores.len();
        groups.push(Group { feed: feed.0, lines: vec![i], ores, first, known });
        first += count;
    }
    groups
}

/// Which coefficients say nothing but how much Dy and Tb ores and goods hold: those that no amount of anything else is
/// made of. They are drawn again where a draw asks for more than its ores hold.
pub(super) fn contents_only(graph: &LineGraph) -> Vec<bool> {
    let mut used = vec![[false; 2]; graph.coefficients.len()];
    let mut mark = |amount: &Amount, heavy: bool| {
        let terms = amount.terms.iter().filter_map(|(_, coefficient)| *coefficient);
        terms.chain(amount.divisors.iter().copied()).for_each(|c| used[c.index()][usize::from(heavy)] = true);
    };
    for line in &graph.lines {
        for input in &line.inputs {
            let material = &graph.materials[input.material.index()];
            mark(&input.amount, material.is_heavy_alone());
        }
    }
    graph
        .routes
        .iter()
        .filter_map(|route| route.yield_per_tonne.as_ref())
        .for_each(|amount| mark(amount, false));
    graph.heavy_yields.iter().for_each(|(_, amount)| mark(amount, true));
    used.into_iter().map(|[other, heavy]| heavy && !other).collect()
}

/// Contents of one lane's ores, as drawn.
pub(super) fn contents<const L: usize>(
    kernel: &Kernel,
    lane: usize,
    coefficients: &[f64],
    state: &mut State<L>,
) {
    for group in &kernel.groups {
        for (ore, content) in group.ores.iter().zip(&mut state.content[group.first..]) {
            content[lane] = ore.content.as_ref().map_or(0.0, |amount| amount.value(coefficients));
        }
    }
}

/// Which of the lanes just `drawn` ask for more heavy oxide than their ores hold even at the upper ends of their
/// bands. In the others contents are raised to what is asked, where they are below it.
pub(super) fn refused<const L: usize>(
    kernel: &Kernel,
    drawn: &[bool; L],
    shares: &[Row<L>],
    state: &mut State<L>,
) -> [bool; L] {
    let mut refused = [false; L];
    for group in kernel.groups.iter().filter(|group| group.known) {
        let feed = state.base_output[group.feed as usize];
        let asked = asked_in_calm(group, state);
        for lane in (0..L).filter(|lane| drawn[*lane]) {
            let (mut held, mut most) = (0.0, 0.0);
            for (ore, content) in group.ores.iter().zip(&state.content[group.first..]) {
                let r = ore.route as usize;
                let flow = state.amount_of(kernel, r)[lane] * shares[r][lane] * feed[lane];
                held += flow * content[lane];
                most += flow * ore.most;
            }
            if asked[lane] <= held {
                continue;
            }
            refused[lane] |= asked[lane] > most * (1.0 + ROUNDING);
            let way = if most > held { ((asked[lane] - held) / (most - held)).min(1.0) } else { 0.0 };
            for (ore, content) in group.ores.iter().zip(&mut state.content[group.first..]) {
                content[lane] += way * (ore.most - content[lane]);
            }
        }
    }
    refused
}

/// What calm asks of a group's heavy lines per day.
fn asked_in_calm<const L: usize>(group: &Group, state: &State<L>) -> Row<L> {
    let mut sum = [0.0; L];
    for &line in &group.lines {
        add(&mut sum, &state.base_output[line as usize]);
    }
    sum
}

/// Heavy oxide per day in the ore that calm uses. The chain must be at rest but for its circuits.
fn held_in_calm<const L: usize>(group: &Group, state: &State<L>) -> Row<L> {
    if group.ores.is_empty() {
        return state.base_output[group.feed as usize];
    }
    let mut sum = [0.0; L];
    for (ore, content) in group.ores.iter().zip(&state.content[group.first..]) {
        let flow = &state.routes[ore.route as usize].base_flow;
        for lane in 0..L {
            sum[lane] += content[lane] * flow[lane];
        }
    }
    sum
}

/// Recovery and circuits of a chain at rest.
pub(super) fn settle<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    for (g, group) in kernel.groups.iter().enumerate() {
        if !group.known {
            // An ore that holds what its feed line makes of it: recovery is then per unit of that output.
            for (ore, content) in group.ores.iter().zip(group.first..) {
                let amount = state.amount[kernel.routes.amount[ore.route as usize] as usize];
                state.content[content] = amount.map(|amount| if amount > 0.0 { 1.0 / amount } else { 0.0 });
            }
        }
        let (held, asked) = (held_in_calm(group, state), asked_in_calm(group, state));
        for lane in 0..L {
            // Above 1 only where all draws were refused: that much of the feed is not on record.
            state.recovery[g][lane] = if held[lane] > 0.0 { asked[lane] / held[lane] } else { 0.0 };
            state.circuit_most[g][lane] = if held[lane] > 0.0 { CIRCUIT_DAYS * asked[lane] } else { 0.0 };
        }
        for &line in &group.lines {
            // A plant that opened lately is built for more than it has grown into.
            let pool = kernel.lines.pool[line as usize] as usize;
            if kernel.pools.dated[pool] && kernel.pools.opens[pool] == 0 {
                let room = room(state.capacity[pool], &state.base_output[line as usize]);
                raise(group, g, &held, &room, state);
            }
        }
        state.recovery_calm[g] = state.recovery[g];
        state.circuit[g] = state.circuit_most[g];
        state.tailings[g] = [0.0; L];
        state.unrecovered[g] = [0.0; L];
    }
}

/// Capacity beyond calm output.
fn room<const L: usize>(capacity: Row<L>, output: &Row<L>) -> Row<L> {
    let mut room = capacity;
    for lane in 0..L {
        room[lane] = more(room[lane] - output[lane], 0.0);
    }
    room
}

/// More capacity of heavy lines brings more recovery to the circuit, as far as the ore holds what they can make.
fn raise<const L: usize>(group: &Group, g: usize, held: &Row<L>, capacity: &Row<L>, state: &mut State<L>) {
    for lane in 0..L {
        if held[lane] > 0.0 && capacity[lane] > 0.0 {
            let before = state.recovery[g][lane];
            let most = if group.known { before.max(1.0) } else { before };
            state.recovery[g][lane] = (before + capacity[lane] / held[lane]).min(most);
            state.circuit_most[g][lane] = CIRCUIT_DAYS * state.recovery[g][lane] * held[lane];
        }
    }
}

/// Recovery after capacities changed: what it was at the start, and what plants that opened since and projects add.
pub(crate) fn recover<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    for (g, group) in kernel.groups.iter().enumerate() {
        let pool_of = |line: u32| kernel.lines.pool[line as usize] as usize;
        if !kernel.pools.moved && group.lines.iter().all(|line| kernel.pools.opens[pool_of(*line)] == 0) {
            continue;
        }
        let held = held_in_calm(group, state);
        state.recovery[g] = state.recovery_calm[g];
        for lane in 0..L {
            state.circuit_most[g][lane] = CIRCUIT_DAYS * state.recovery[g][lane] * held[lane];
        }
        for &line in &group.lines {
            let pool = pool_of(line);
            // A plant that is to open lacks all of its nameplate before, and has it then.
            let more_than = if kernel.pools.opens[pool] > 0 { 1.0 } else { 0.0 };
            let mut added = state.capacity[pool];
            for lane in 0..L {
                added[lane] *= more(state.added[pool][lane] + more_than, 0.0);
            }
            raise(group, g, &held, &added, state);
        }
    }
}

/// Heavy oxide in the ore that a line has just used, tonnes; the working rows say how much of its output each route
/// gave.
#[inline(always)]
fn fed<const L: usize>(kernel: &Kernel, group: &Group, state: &State<L>) -> Row<L> {
    if group.ores.is_empty() {
        return state.output[group.feed as usize];
    }
    let first = kernel.inputs_of(group.feed as usize).start;
    let mut sum = [0.0; L];
    for (ore, content) in group.ores.iter().zip(&state.content[group.first..]) {
        let r = ore.route as usize;
        let (part, amount) = (&state.work.part[r - first], state.amount_of(kernel, r));
        for lane in 0..L {
            sum[lane] += part[lane] * amount[lane] * content[lane];
        }
    }
    sum
}

/// What the ore that a group's NdPr line has just used brings to its circuit.
#[inline(always)]
pub(super) fn feed<const L: usize>(kernel: &Kernel, line: usize, state: &mut State<L>) {
    for (g, group) in kernel.groups.iter().enumerate().filter(|(_, group)| group.feed as usize == line) {
        let held = fed(kernel, group, state);
        for lane in 0..L {
            let recovered = state.recovery[g][lane] * held[lane];
            state.recovered[g][lane] = recovered;
            state.unrecovered[g][lane] += held[lane] - recovered;
        }
    }
}

/// Heavy lines of a group work from what the feed line's ore gave, and from the circuit's stock.
pub(super) fn separate<const L: usize>(kernel: &Kernel, g: usize, state: &mut State<L>) {
    let group = &kernel.groups[g];
    for lane in 0..L {
        let available = state.circuit[g][lane] + state.recovered[g][lane];
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
            let short = wanted - available > ROUNDING * wanted;
            for &line in &group.lines {
                state.output[line as usize][lane] = 0.0;
                let bound = &mut state.bound[line as usize][lane];
                *bound = if short { 0 } else { *bound };
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
