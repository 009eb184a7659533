//! The fixed point of [`super::esri`], several scenarios side by side.
//!
//! Each firm has one row of `L` losses per direction, one lane per scenario. A step visits the firms that a
//! set of bits names, in ascending order: those next to a firm that changed in the step before. Recomputing
//! a firm whose neighbours stand still gives the same bytes, so the company a scenario is computed in does
//! not show in its result.

use super::esri::{Hit, Loss, Model, Options};
use super::visits::{Bits, Marks};
use crate::machine::{Work, on_widest};

type Lanes<const L: usize> = [f64; L];

/// Memory of one thread for batch after batch.
pub(super) struct Cascade<'a, const L: usize> {
    model: &'a Model<'a>,
    /// Share of capacity lost in the shock: `shock[shock_of[firm]]`, row 0 being no loss.
    shock_of: Vec<u32>,
    shock: Vec<Lanes<L>>,
    /// 1 − h^d, and what customers feel of it at the last step's values: σ (1 − h^d).
    down: Vec<Lanes<L>>,
    felt: Vec<Lanes<L>>,
    /// 1 − h^u, and the same at the last step.
    up: Vec<Lanes<L>>,
    up_before: Vec<Lanes<L>>,
    /// Σ s h^d of each sector, whether it changed, and the same sum without a shock.
    capacity: Vec<Lanes<L>>,
    sector_changed: Vec<bool>,
    unshocked: Vec<f64>,
    /// Firms to visit in this step and the next, by direction; firms that changed in this one; firms with a
    /// loss downstream.
    visit_down: Bits,
    visit_up: Bits,
    changed_down: Bits,
    changed_up: Bits,
    damaged: Bits,
}

impl<'a, const L: usize> Cascade<'a, L> {
    pub(super) fn new(model: &'a Model<'a>) -> Self {
        let n = model.sales.len();
        let rows = || vec![[0.0; L]; n];
        let unshocked =
            model.members.iter().map(|firms| firms.iter().map(|firm| model.sales[*firm as usize]).sum());
        Self {
            model,
            shock_of: vec![0; n],
            shock: vec![[0.0; L]],
            down: rows(),
            felt: rows(),
            up: rows(),
            up_before: rows(),
            capacity: vec![[0.0; L]; model.members.len()],
            sector_changed: vec![false; model.members.len()],
            unshocked: unshocked.collect(),
            visit_down: Bits::new(n),
            visit_up: Bits::new(n),
            changed_down: Bits::new(n),
            changed_up: Bits::new(n),
            damaged: Bits::new(n),
        }
    }

    /// Runs up to `L` scenarios to their ends.
    pub(super) fn run<I: Iterator<Item = Hit>>(
        &mut self,
        scenarios: impl Iterator<Item = I>,
        options: &Options,
        out: &mut [Loss],
    ) {
        self.reset();
        for (lane, scenario) in scenarios.enumerate().take(L) {
            for hit in scenario {
                self.hit(hit, lane);
            }
        }
        let mut live = [false; L];
        live[..out.len()].fill(true);
        let mut sums = Sums::<L>::default();
        self.changed_down.each(|firm| {
            let (loss, sales) = (self.shock[self.shock_of[firm] as usize], self.model.sales[firm]);
            let capacity = &mut self.capacity[self.model.network.sectors()[firm] as usize];
            for lane in 0..L {
                capacity[lane] -= sales * loss[lane];
                sums.both[lane] += sales * loss[lane];
            }
        });
        (sums.down, sums.up) = (sums.both, sums.both);
        self.publish(options, &live);
        for step in 1..=options.most_steps.max(1) {
            let before = sums.both;
            let mut fall = [0.0; L];
            on_widest(L, Passes { cascade: self, live: &live, sums: &mut sums, fall: &mut fall });
            for (lane, out) in out.iter_mut().enumerate() {
                if !live[lane] {
                    continue;
                }
                let ended =
                    fall[lane] <= options.eps || sums.both[lane] <= (1.0 + options.eps) * before[lane];
                if ended || step == options.most_steps.max(1) {
                    let share =
                        |sum: f64| if self.model.all_sales > 0.0 { sum / self.model.all_sales } else { 0.0 };
                    *out = Loss {
                        both: share(sums.both[lane]),
                        downstream: share(sums.down[lane]),
                        upstream: share(sums.up[lane]),
                        steps: step,
                    };
                    live[lane] = false;
                }
            }
            if !live.contains(&true) {
                break;
            }
            self.publish(options, &live);
        }
    }

    fn reset(&mut self) {
        self.shock_of.fill(0);
        self.shock.truncate(1);
        for rows in [&mut self.down, &mut self.felt, &mut self.up, &mut self.up_before] {
            rows.fill([0.0; L]);
        }
        for (capacity, unshocked) in self.capacity.iter_mut().zip(&self.unshocked) {
            *capacity = [*unshocked; L];
        }
        self.sector_changed.fill(false);
        for bits in [
            &mut self.visit_down,
            &mut self.visit_up,
            &mut self.changed_down,
            &mut self.changed_up,
            &mut self.damaged,
        ] {
            bits.clear();
        }
    }

    fn hit(&mut self, hit: Hit, lane: usize) {
        let firm = hit.firm as usize;
        if self.shock_of[firm] == 0 {
            self.shock_of[firm] = super::layout::u32_of(self.shock.len());
            self.shock.push([0.0; L]);
        }
        let shock = &mut self.shock[self.shock_of[firm] as usize];
        shock[lane] = shock[lane].max(hit.loss.clamp(0.0, 1.0));
        self.down[firm] = *shock;
        self.up[firm] = *shock;
        self.changed_down.set(firm);
        self.changed_up.set(firm);
        self.sector_changed[self.model.network.sectors()[firm] as usize] = true;
    }

    /// h^d of all firms to visit.
    #[inline(always)]
    fn pass_down(&mut self, live: &[bool; L], sums: &mut Sums<L>, fall: &mut Lanes<L>) {
        let Self {
            model,
            felt,
            down,
            up,
            shock,
            shock_of,
            capacity,
            sector_changed,
            changed_down,
            visit_down,
            ..
        } = self;
        let inputs = &model.inputs;
        let lives = live.map(|live| f64::from(u8::from(live)));
        for firm in visit_down.ones() {
            let range = inputs.range(firm);
            let essential = model.essential[firm] as usize;
            let mut lost = [0.0; L];
            add_up(&mut lost, inputs, range.start..essential, felt);
            let mut begin = essential;
            for count in &model.group[model.group_start[firm] as usize..model.group_start[firm + 1] as usize]
            {
                let end = begin + *count as usize;
                let mut of_sector = [0.0; L];
                add_up(&mut of_sector, inputs, begin..end, felt);
                begin = end;
                for lane in 0..L {
                    lost[lane] = larger(lost[lane], of_sector[lane]);
                }
            }
            let shock = &shock[shock_of[firm] as usize];
            let (old, other, sales) = (down[firm], &up[firm], model.sales[firm]);
            let new: Lanes<L> = std::array::from_fn(|lane| smaller(1.0, larger(shock[lane], lost[lane])));
            let sector = model.network.sectors()[firm] as usize;
            let capacity = &mut capacity[sector];
            let mut changed = false;
            for lane in 0..L {
                let more = new[lane] - old[lane];
                changed |= more * lives[lane] != 0.0;
                fall[lane] = larger(fall[lane], more);
                capacity[lane] -= sales * more;
                sums.down[lane] += sales * more;
                sums.both[lane] += sales * (larger(new[lane], other[lane]) - larger(old[lane], other[lane]));
            }
            down[firm] = new;
            if changed {
                changed_down.set(firm);
                sector_changed[sector] = true;
            }
        }
    }

    /// h^u of all firms to visit.
    #[inline(always)]
    fn pass_up(&mut self, live: &[bool; L], sums: &mut Sums<L>, fall: &mut Lanes<L>) {
        let Self { model, up_before, down, up, shock, shock_of, changed_up, visit_up, .. } = self;
        let lives = live.map(|live| f64::from(u8::from(live)));
        for firm in visit_up.ones() {
            let mut lost = [0.0; L];
            add_up(&mut lost, &model.outlets, model.outlets.range(firm), up_before);
            let shock = &shock[shock_of[firm] as usize];
            let (old, other, sales) = (up[firm], &down[firm], model.sales[firm]);
            let new: Lanes<L> = std::array::from_fn(|lane| smaller(1.0, larger(shock[lane], lost[lane])));
            let mut changed = false;
            for lane in 0..L {
                let more = new[lane] - old[lane];
                changed |= more * lives[lane] != 0.0;
                fall[lane] = larger(fall[lane], more);
                sums.up[lane] += sales * more;
                sums.both[lane] += sales * (larger(new[lane], other[lane]) - larger(old[lane], other[lane]));
            }
            up[firm] = new;
            if changed {
                changed_up.set(firm);
            }
        }
    }

    /// Makes this step's values those that neighbours see, and marks the neighbours.
    fn publish(&mut self, options: &Options, live: &[bool; L]) {
        let Self { model, .. } = self;
        let edges = model.network.flow_count();
        self.visit_up.clear();
        let mut marks = Marks::new(&mut self.visit_up, edges);
        self.changed_up.each(|firm| {
            self.up_before[firm] = self.up[firm];
            marks.add(model.network.purchases(firm).0);
        });
        self.changed_up.clear();
        self.visit_down.clear();
        let mut marks = Marks::new(&mut self.visit_down, edges);
        let sales = &model.sales;
        if options.replaceability {
            self.damaged.join(&self.changed_down);
            for (sector, capacity) in
                self.capacity.iter_mut().enumerate().filter(|(at, _)| self.sector_changed[*at])
            {
                // What is left of a sector is added up afresh where differences would have lost its digits.
                for (lane, capacity) in capacity.iter_mut().enumerate() {
                    if *capacity < 1e-6 * self.unshocked[sector] {
                        let left =
                            |firm: &u32| sales[*firm as usize] * (1.0 - self.down[*firm as usize][lane]);
                        *capacity = model.members[sector].iter().map(left).sum();
                    }
                }
            }
            self.damaged.each(|firm| {
                let sector = model.network.sectors()[firm] as usize;
                if self.sector_changed[sector] {
                    let (capacity, down) = (&self.capacity[sector], &self.down[firm]);
                    let felt: Lanes<L> = std::array::from_fn(|lane| {
                        let left = if capacity[lane] <= 1e-10 { 1.0 } else { capacity[lane] };
                        smaller(1.0, sales[firm] / left) * down[lane]
                    });
                    let mut changed = false;
                    for lane in 0..L {
                        #[expect(clippy::float_cmp, reason = "whether anything moved at all")]
                        let moved = felt[lane] != self.felt[firm][lane];
                        changed |= moved & live[lane];
                    }
                    self.felt[firm] = felt;
                    if changed {
                        marks.add(&model.outlets.firm[model.outlets.range(firm)]);
                    }
                }
            });
            self.sector_changed.fill(false);
        } else {
            self.changed_down.each(|firm| {
                self.felt[firm] = self.down[firm];
                marks.add(&model.outlets.firm[model.outlets.range(firm)]);
            });
        }
        self.changed_down.clear();
    }
}

/// Both passes of a step.
struct Passes<'c, 'a, const L: usize> {
    cascade: &'c mut Cascade<'a, L>,
    live: &'c [bool; L],
    sums: &'c mut Sums<L>,
    fall: &'c mut Lanes<L>,
}

impl<const L: usize> Work for Passes<'_, '_, L> {
    #[inline(always)]
    fn run(self) {
        self.cascade.pass_down(self.live, self.sums, self.fall);
        self.cascade.pass_up(self.live, self.sums, self.fall);
    }
}

/// Losses so far, in money.
#[derive(Clone, Copy)]
struct Sums<const L: usize> {
    both: Lanes<L>,
    down: Lanes<L>,
    up: Lanes<L>,
}

impl<const L: usize> Default for Sums<L> {
    fn default() -> Self {
        Self { both: [0.0; L], down: [0.0; L], up: [0.0; L] }
    }
}

/// Adds weight × loss of the neighbours in a range of a row.
#[inline(always)]
fn add_up<const L: usize>(
    sum: &mut Lanes<L>,
    rows: &super::esri::Rows,
    range: std::ops::Range<usize>,
    loss: &[Lanes<L>],
) {
    let mut total = *sum;
    for (firm, weight) in rows.firm[range.clone()].iter().zip(&rows.weight[range]) {
        let loss = loss[*firm as usize];
        for lane in 0..L {
            total[lane] += weight * loss[lane];
        }
    }
    *sum = total;
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}
