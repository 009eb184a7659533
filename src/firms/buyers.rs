//! Water-filling in a step of [`super::inoue`]: the buyers of each supplier, and what it grants them.
//!
//! A purchase writes its relative order O / A into the *book* of its block, where purchases of one supplier
//! stand together. A supplier reads its buyers from all books: as books are in the order of suppliers, a
//! block of suppliers reads each book from one end to the other.

use super::block::State;
use super::layout::{Plan, u32_of};
use super::water::{self, Buyer, Sums};
use crate::machine::Work;

/// The order book of one block of customers.
pub(super) struct Book {
    /// Place of each purchase in the book.
    pub place: Vec<u32>,
    /// Where each slot's purchases begin.
    start: Vec<u32>,
}

impl Book {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut start = vec![0_u32; plan.local.len() + 1];
        for slot in &plan.slot {
            start[*slot as usize + 1] += 1;
        }
        for slot in 1..start.len() {
            start[slot] += start[slot - 1];
        }
        let mut next = start.clone();
        let place = plan.slot.iter().map(|slot| {
            let at = &mut next[*slot as usize];
            *at += 1;
            *at - 1
        });
        Self { place: place.collect(), start }
    }
}

/// Firms whose buyers are added up side by side.
pub(super) const LANES: usize = 8;

/// The buyers of one block of suppliers.
///
/// Firms are in the order of their number of buyers. Of [`LANES`] firms with equally many, the first buyers of
/// all stand together, then the second ones, and so on; the buyers of other firms stand firm by firm.
#[derive(Default)]
pub(super) struct Buyers {
    /// Position of each firm in its block, and the last level of each that fell short: where the search begins.
    firm: Vec<u32>,
    level: Vec<f64>,
    /// Number of buyers, and number of firms that have as many.
    runs: Vec<(u32, u32)>,
    /// Where each buyer's order stands when all books are laid end to end.
    source: Vec<u32>,
    /// What it buys in calm: A.
    flow: Vec<f64>,
}

impl Buyers {
    /// Lists the buyers of block `block`: those of a firm by the block they are in.
    pub(super) fn new(block: usize, plans: &[Plan], books: &[Book]) -> Self {
        let count = plans[block].firm.len();
        let mut number = vec![0_u32; count];
        let slots = |plan: &Plan| plan.run[block] as usize..plan.run[block + 1] as usize;
        for (plan, book) in plans.iter().zip(books) {
            for slot in slots(plan) {
                number[plan.local[slot] as usize] += book.start[slot + 1] - book.start[slot];
            }
        }
        let mut firm: Vec<u32> = (0..u32_of(count)).collect();
        firm.sort_by_key(|firm| number[*firm as usize]);
        // Where the next buyer of each firm goes, and how far the one after it is away.
        let (mut next, mut apart, mut runs) = (vec![0; count], vec![1; count], Vec::new());
        let mut total = 0;
        for run in firm.chunk_by(|a, b| number[*a as usize] == number[*b as usize]) {
            let buyers = number[run[0] as usize];
            runs.push((buyers, u32_of(run.len())));
            for group in run.chunks(LANES) {
                let wide = group.len() == LANES;
                for (lane, firm) in (0..).zip(group) {
                    apart[*firm as usize] = if wide { u32_of(LANES) } else { 1 };
                    next[*firm as usize] = total + if wide { lane } else { lane * buyers };
                }
                total += buyers * u32_of(group.len());
            }
        }
        let mut source = vec![0; total as usize];
        let mut flow = vec![0.0; source.len()];
        let (mut first, mut by_place) = (0, Vec::new());
        for (plan, book) in plans.iter().zip(books) {
            by_place.clear();
            by_place.resize(plan.weight.len(), 0.0);
            for (place, weight) in book.place.iter().zip(&plan.weight) {
                by_place[*place as usize] = *weight;
            }
            for slot in slots(plan) {
                let firm = plan.local[slot] as usize;
                for place in book.start[slot]..book.start[slot + 1] {
                    let at = next[firm] as usize;
                    source[at] = first + place;
                    flow[at] = by_place[place as usize];
                    next[firm] += apart[firm];
                }
            }
            first += u32_of(plan.weight.len());
        }
        Self { firm, level: vec![0.0; count], runs, source, flow }
    }
}

/// Steps 4, 5 and 6 for one block of suppliers: demand from all `orders`, production, and the level up to which
/// orders are met.
pub(super) struct Sale<'a> {
    pub buyers: &'a mut Buyers,
    pub state: &'a mut State,
    pub orders: &'a [f64],
    pub granted: &'a mut [f64],
    pub shocked: bool,
}

impl Work for Sale<'_> {
    #[inline(always)]
    fn run(mut self) {
        let Buyers { firm, mut level, runs, source, flow } = std::mem::take(self.buyers);
        let mut at = 0;
        let mut begin = 0;
        for (number, count) in &runs {
            let (number, end) = (*number as usize, at + *count as usize);
            while at < end {
                let group = LANES.min(end - at);
                let listed = begin..begin + number * group;
                begin = listed.end;
                let (source, flow) = (&source[listed.clone()], &flow[listed]);
                if let (Some(firms), Some(levels)) =
                    (firm[at..end].first_chunk(), level[at..end].first_chunk_mut())
                {
                    self.side_by_side(firms, levels, source, flow);
                } else {
                    for lane in 0..group {
                        let listed = lane * number..(lane + 1) * number;
                        self.alone(
                            firm[at + lane],
                            &mut level[at + lane],
                            &source[listed.clone()],
                            &flow[listed],
                        );
                    }
                }
                at += group;
            }
        }
        *self.buyers = Buyers { firm, level, runs, source, flow };
    }
}

impl Sale<'_> {
    /// Firms with equally many buyers.
    #[inline(always)]
    fn side_by_side(
        &mut self,
        firms: &[u32; LANES],
        levels: &mut [f64; LANES],
        source: &[u32],
        flow: &[f64],
    ) {
        let households = firms.map(|firm| self.state.base_demand[firm as usize]);
        let mut sums = Sums::new();
        for (source, flow) in source.as_chunks().0.iter().zip(flow.as_chunks().0) {
            sums.add(&self.relative(source), flow, levels);
        }
        sums.add(&[1.0; LANES], &households, levels);
        let demand = sums.demand();
        let made =
            std::array::from_fn(|lane| self.state.make(firms[lane] as usize, demand[lane], self.shocked));
        let next = sums.next(&made);
        // From here on lanes are picked one by one, from a copy: what is picked from has to lie in memory, and the
        // sums shall stay in registers while they are made.
        let sums = std::hint::black_box(sums);
        for lane in 0..LANES {
            self.granted[firms[lane] as usize] = if made[lane] >= demand[lane] {
                f64::INFINITY
            } else if made[lane] <= 0.0 {
                0.0
            } else {
                levels[lane] = if sums.stay(lane, next[lane]) {
                    next[lane]
                } else {
                    let orders = self.orders;
                    let list = source[lane..].iter().step_by(LANES).map(|place| orders[*place as usize]);
                    let list = list.zip(flow[lane..].iter().step_by(LANES).copied());
                    search(sums.lane(lane), levels[lane], made[lane], list, households[lane])
                };
                levels[lane]
            };
        }
    }

    /// One firm, its buyers side by side.
    #[inline(always)]
    fn alone(&mut self, firm: u32, level: &mut f64, source: &[u32], flow: &[f64]) {
        let firm = firm as usize;
        let households = self.state.base_demand[firm];
        let sums = self.sums(source, flow, households, *level);
        let [demand] = sums.demand();
        let made = self.state.make(firm, demand, self.shocked);
        self.granted[firm] = if made >= demand {
            f64::INFINITY
        } else if made <= 0.0 {
            0.0
        } else {
            let list = || {
                let orders = source.iter().map(|place| self.orders[*place as usize]);
                orders.zip(flow.iter().copied()).chain([(1.0, households)]).collect()
            };
            *level =
                water::level(sums, *level, made, |level| self.sums(source, flow, households, level), list);
            *level
        };
    }

    #[inline(always)]
    fn sums(&self, source: &[u32], flow: &[f64], households: f64, level: f64) -> Sums<1> {
        let mut sums = Sums::<LANES>::new();
        let ((source, last), (flow, rest)) = (source.as_chunks(), flow.as_chunks());
        for (source, flow) in source.iter().zip(flow) {
            sums.add(&self.relative(source), flow, &[level; LANES]);
        }
        // Nothing ordered of nothing changes no sum.
        let (mut relative, mut flow) = ([0.0; LANES], [0.0; LANES]);
        for (lane, (place, weight)) in last.iter().zip(rest).enumerate() {
            (relative[lane], flow[lane]) = (self.orders[*place as usize], *weight);
        }
        sums.add(&relative, &flow, &[level; LANES]);
        let mut sums = sums.total();
        sums.add(&[1.0], &[households], &[level]);
        sums
    }

    #[inline(always)]
    fn relative(&self, source: &[u32; LANES]) -> [f64; LANES] {
        source.map(|place| self.orders[place as usize])
    }
}

/// The level of one of several firms whose first guess was not good enough.
fn search(
    sums: Sums<1>,
    guess: f64,
    supply: f64,
    list: impl Iterator<Item = Buyer> + Clone,
    households: f64,
) -> f64 {
    let list = list.chain([(1.0, households)]);
    let at = |level: f64| {
        let mut sums = Sums::new();
        list.clone().for_each(|(relative, flow)| sums.add(&[relative], &[flow], &[level]));
        sums
    };
    water::level(sums, guess, supply, at, || list.clone().collect())
}
