//! Where goods come from: the Chinese share of the rare earths in them, by what was done in China.
//!
//! Kept only for scenarios that ask (a licensing rule with `de_minimis`); others pay nothing. For each line's
//! finished goods and each route's stock, and for NdPr and for Dy and Tb apart, the share of the content by
//! mass that was mined, separated, made into metal and made into magnets in China. Stocks are well mixed;
//! goods in transit are not followed one by one: what arrives has the share its supplier's goods had one
//! lead time ago. Goods released from stockpiles take the share of the stock they join.

use super::layout::{Kernel, NONE};
use super::scratch::{Row, State, rows};
use crate::id::Place;
use crate::network::line::Stage;
use crate::policy::shock::Kind;

/// What is done to rare earths, in order.
pub const WORKED: [Stage; 4] = [Stage::Mine, Stage::Separation, Stage::Metal, Stage::Magnet];

/// NdPr, and Dy with Tb.
const ELEMENTS: usize = 2;

/// Position of Dy and Tb among the elements.
const HEAVY: usize = 1;

/// Chinese shares of the content: for each element, for each stage of [`WORKED`].
pub(crate) type Shares<const L: usize> = [[Row<L>; 4]; ELEMENTS];

/// Passes that settle shares around cycles of recycling.
const PASSES: u32 = 200;

/// What is compiled for a scenario that asks for origin.
#[derive(Debug)]
pub(crate) struct Content {
    /// Tonnes of each element that a tonne on a route brings.
    route: Vec<[f64; ELEMENTS]>,
    /// Longest lead in steps, and one more.
    slots: usize,
    /// Value of the heavy content of a tonne relative to the value of the tonne, by route.
    value: Vec<f64>,
}

/// Content of every route, when some rule needs it.
pub(crate) fn compile(kernel: &Kernel) -> Option<Content> {
    let asked = kernel.scenario.shocks.iter().any(|shock| match &shock.kind {
        Kind::Licensing(licensing) => licensing.de_minimis.is_some(),
        _ => false,
    });
    if !asked {
        return None;
    }
    let graph = kernel.graph();
    let central = graph.central_values();
    let price_of = |element: usize| {
        // Dollars per tonne of the element, from the oxide that has a price.
        let priced = graph.materials.iter().find_map(|material| {
            let (own, other) = if element == HEAVY {
                (material.dytb, material.ndpr)
            } else {
                (material.ndpr, material.dytb)
            };
            material.price.filter(|_| own > 0.0 && other <= 0.0).map(|price| price / own)
        });
        priced.unwrap_or(1.0)
    };
    let prices = [price_of(0), price_of(HEAVY)];
    let (mut route, mut value) = (Vec::new(), Vec::new());
    for id in &kernel.routes.id {
        let entry = &graph.routes[id.index()];
        let material = &graph.materials[entry.material.index()];
        let content = if let Some(light) = &entry.yield_per_tonne {
            [light.value(&central), graph.heavy_content(*id, &central)]
        } else if material.ndpr + material.dytb > 0.0 {
            [material.ndpr, material.dytb]
        } else {
            // Of goods whose content is not known, a tonne is a tonne.
            [1.0, 1.0]
        };
        route.push(content);
        let parts = [material.ndpr * prices[0], material.dytb * prices[HEAVY]];
        // Where the good's own price is not known, its rare earths stand for it; that overstates the share.
        let whole = material.price.unwrap_or(parts[0] + parts[HEAVY]).max(parts[HEAVY]);
        value.push(if whole > 0.0 { parts[HEAVY] / whole } else { 0.0 });
    }
    let leads = kernel.routes.surface.iter().chain(&kernel.routes.air).map(|ring| ring.lead as usize);
    Some(Content { route, slots: leads.max().unwrap_or(0) + 1, value })
}

/// Shares of L replications.
pub(crate) struct Origin<const L: usize> {
    /// Finished goods of each line.
    line: Vec<Shares<L>>,
    /// Stock of each route.
    stock: Vec<Shares<L>>,
    /// Finished goods of each line at each of the last steps.
    history: Vec<Shares<L>>,
    /// Stock of each route before production.
    before: Vec<Row<L>>,
}

impl<const L: usize> Origin<L> {
    pub(crate) fn new(kernel: &Kernel, content: &Content) -> Self {
        let lines = kernel.lines.pool.len();
        let none = [[[0.0; L]; 4]; ELEMENTS];
        Self {
            line: vec![none; lines],
            stock: vec![none; kernel.routes.from.len()],
            history: vec![none; lines * content.slots],
            before: rows(kernel.routes.from.len()),
        }
    }

    /// Share of a tonne's value on a route that is Dy and Tb separated, made into metal or made into magnets
    /// in China (whichever is most: what left China as a listed good counts, its ore does not).
    pub(crate) fn value_share(&self, kernel: &Kernel, content: &Content, r: usize, lane: usize) -> f64 {
        let shares = &self.line[kernel.routes.from[r] as usize][HEAVY];
        let most = shares[1..].iter().fold(0.0, |most: f64, row| most.max(row[lane]));
        content.value[r] * most
    }

    /// Chinese share of one element of a line's finished goods, by stage of [`WORKED`].
    #[cfg(test)]
    pub(crate) fn of_line(&self, line: usize, heavy: bool, lane: usize) -> [f64; 4] {
        self.line[line][usize::from(heavy)].map(|row| row[lane])
    }
}

/// Mixes `amount` with shares `new` into `old` with `held`; shares stay between those mixed.
fn mix<const L: usize>(old: &mut Row<L>, held: &Row<L>, new: &Row<L>, amount: &Row<L>) {
    for lane in 0..L {
        let whole = held[lane] + amount[lane];
        if whole > 0.0 {
            let part = (amount[lane] / whole).clamp(0.0, 1.0);
            old[lane] = (old[lane] + part * (new[lane] - old[lane])).clamp(0.0, 1.0);
        }
    }
}

/// Shares of a line's output, from what it used of each route's stock. Lanes in which nothing was used keep
/// `kept`.
fn output<const L: usize>(
    kernel: &Kernel,
    content: &Content,
    line: usize,
    kept: &Shares<L>,
    used: impl Fn(usize) -> (Row<L>, Shares<L>),
    feed: impl Fn(usize) -> Shares<L>,
) -> Shares<L> {
    let entry = &kernel.graph().lines[line];
    let mut made = *kept;
    let group = kernel.lines.group[line];
    if group != NONE {
        // Heavy lines of a group work from the ore of its feed.
        made = feed(kernel.groups[group as usize].feed as usize);
    } else {
        for (element, shares) in made.iter_mut().enumerate() {
            let (mut weight, mut sum) = ([0.0; L], [[0.0; L]; 4]);
            for r in kernel.slots_of(line).flat_map(|slot| kernel.routes_of(slot)) {
                let (amount, from) = used(r);
                for lane in 0..L {
                    let tonnes = amount[lane].max(0.0) * content.route[r][element];
                    weight[lane] += tonnes;
                    for (stage, row) in sum.iter_mut().enumerate() {
                        row[lane] += tonnes * from[element][stage][lane];
                    }
                }
            }
            for (share, row) in shares.iter_mut().zip(&sum) {
                for lane in 0..L {
                    if weight[lane] > 0.0 {
                        share[lane] = (row[lane] / weight[lane]).clamp(0.0, 1.0);
                    }
                }
            }
        }
    }
    let own = f64::from(u8::from(entry.country == Place::CHN));
    for (stage, worked) in WORKED.iter().enumerate() {
        // What a line does itself it does where it stands; what comes later has not been done yet.
        let decided = if *worked == entry.stage {
            Some(own)
        } else if WORKED.iter().position(|one| *one == entry.stage).is_some_and(|at| stage > at) {
            Some(0.0)
        } else {
            None
        };
        if let Some(decided) = decided {
            made.iter_mut().for_each(|shares| shares[stage] = [decided; L]);
        }
    }
    made
}

/// Shares of a chain at rest.
pub(crate) fn start<const L: usize>(kernel: &Kernel, state: &mut State<L>) {
    let (Some(content), Some(origin)) = (&kernel.origin, &mut state.origin) else { return };
    origin.line.fill([[[0.0; L]; 4]; ELEMENTS]);
    let passes = if kernel.lines.sweeps > 1 { PASSES } else { 1 };
    for _ in 0..passes {
        // The feed of a group comes before its heavy lines.
        for heavy in [false, true] {
            // `sweep` has buyers first.
            for &line in kernel.lines.sweep.iter().rev() {
                let line = line as usize;
                if (kernel.lines.group[line] != NONE) != heavy {
                    continue;
                }
                let lines = &origin.line;
                let used = |r: usize| (state.routes[r].base_flow, lines[kernel.routes.from[r] as usize]);
                let made = output(kernel, content, line, &lines[line], used, |feed| lines[feed]);
                origin.line[line] = made;
            }
        }
    }
    // Lines behind heavy ones were passed before them: once more, in order.
    for _ in 0..WORKED.len() {
        for &line in kernel.lines.sweep.iter().rev() {
            let line = line as usize;
            let lines = &origin.line;
            let used = |r: usize| (state.routes[r].base_flow, lines[kernel.routes.from[r] as usize]);
            let made = output(kernel, content, line, &lines[line], used, |feed| lines[feed]);
            origin.line[line] = made;
        }
    }
    for (r, shares) in origin.stock.iter_mut().enumerate() {
        *shares = origin.line[kernel.routes.from[r] as usize];
    }
    for (line, shares) in origin.line.iter().enumerate() {
        origin.history[line * content.slots..(line + 1) * content.slots].fill(*shares);
    }
}

/// Before arrivals: what is due joins the stocks with the shares its suppliers' goods had when it left.
pub(crate) fn arrive<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let (Some(content), Some(origin)) = (&kernel.origin, &mut state.origin) else { return };
    for r in 0..kernel.routes.from.len() {
        let mut held = state.routes[r].stock;
        let (surface, air) = (kernel.routes.surface[r], kernel.routes.air[r]);
        for (ring, row) in [surface, air].into_iter().zip(state.due[r]) {
            if ring.slots == 0 {
                continue;
            }
            let due = state.ring[row as usize];
            let ago =
                (step as usize + content.slots * ring.lead as usize - ring.lead as usize) % content.slots;
            let then = &origin.history[kernel.routes.from[r] as usize * content.slots + ago];
            for (old, new) in origin.stock[r].iter_mut().flatten().zip(then.iter().flatten()) {
                mix(old, &held, new, &due);
            }
            for lane in 0..L {
                held[lane] += due[lane];
            }
        }
        origin.before[r] = held;
    }
}

/// After production: output has the shares of what it used, and mixes with what stood finished.
pub(crate) fn produce<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let (Some(content), Some(origin)) = (&kernel.origin, &mut state.origin) else { return };
    for &line in &kernel.lines.order {
        let line = line as usize;
        let Origin { line: lines, stock, before, .. } = origin;
        let used =
            |r: usize| (std::array::from_fn(|lane| before[r][lane] - state.routes[r].stock[lane]), stock[r]);
        // Heavy goods come from the ore that the feed used in this step: before its own finished goods mix.
        let feed =
            |feed: usize| output(kernel, content, feed, &lines[feed], used, |_| [[[0.0; L]; 4]; ELEMENTS]);
        let made = output(kernel, content, line, &lines[line], used, feed);
        for (old, new) in lines[line].iter_mut().flatten().zip(made.iter().flatten()) {
            mix(old, &state.finished[line], new, &state.output[line]);
        }
        origin.history[line * content.slots + step as usize % content.slots] = origin.line[line];
    }
}
