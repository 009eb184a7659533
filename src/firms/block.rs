//! What one block of firms does in a step of [`super::inoue`]: buy, gather demand, produce, ration.

use super::inoue::Options;
use super::layout::Plan;

/// Quantities at or below this count as nothing, as in the published program.
pub(super) const NOTHING: f64 = 1e-20;

/// Numbers in a desk slot: what the supplier grants, and in proportional rationing what was ordered. (With a
/// level, orders are noted one by one.)
pub(super) const IN_PROPORTION: usize = 2;
pub(super) const BY_LEVEL: usize = 1;

/// What changes in a block.
pub(super) struct State {
    /// Days of stock of each purchase: S / A.
    pub stock: Vec<f64>,
    pub firms: Vec<FirmState>,
    /// Final demand, and what firms without output order, which never changes.
    pub base_demand: Vec<f64>,
    /// Room for the demand of each firm.
    pub demand: Vec<f64>,
    /// Initial production, value added, share of capacity left.
    pub initial: Vec<Initial>,
    pub production: f64,
    pub value_added: f64,
}

#[derive(Clone, Copy)]
pub(super) struct FirmState {
    /// Production ÷ initial production, of this step and of the one whose orders are on their way.
    pub now: f64,
    pub before: f64,
    /// Least days of stock over the sectors the firm buys from.
    pub cover: f64,
}

#[derive(Clone, Copy)]
pub(super) struct Initial {
    pub production: f64,
    pub value_added: f64,
    pub capacity: f64,
}

/// The numbers one customer's purchases need, and what becomes of them.
struct Buyer<'a, const WIDTH: usize> {
    /// 1 / τ.
    pace: f64,
    /// Orders at no stock, now and before: x (1 + n / τ).
    want: f64,
    had: f64,
    /// Days used: x.
    used: f64,
    desk: &'a mut [[f64; WIDTH]],
    relative: &'a mut [f64],
}

impl<const WIDTH: usize> Buyer<'_, WIDTH> {
    /// Stock after arrivals and use; the new order goes to the supplier's slot.
    #[expect(clippy::inline_always, reason = "the body of the innermost loop")]
    #[inline(always)]
    fn purchase(&mut self, stock: f64, weight: f64, slot: u32, place: u32, used: f64) -> f64 {
        let slot = &mut self.desk[slot as usize];
        let order = positive(self.had - stock * self.pace);
        let came =
            if WIDTH == BY_LEVEL { if order < slot[0] { order } else { slot[0] } } else { order * slot[0] };
        let stock = positive(stock + came - used);
        let order = positive(self.want - stock * self.pace);
        if let Some(ordered) = slot.get_mut(1) {
            *ordered += weight * order;
        } else {
            self.relative[place as usize] = order;
        }
        stock
    }
}

#[expect(clippy::inline_always, reason = "the body of the innermost loop")]
#[inline(always)]
fn positive(value: f64) -> f64 {
    if value > 0.0 { value } else { 0.0 }
}

impl State {
    /// Steps 2 and 3 for a block's customers, their part of 4 and the stock bound of 5.
    ///
    /// `WIDTH` is that of a desk slot: [`IN_PROPORTION`] or [`BY_LEVEL`].
    pub(super) fn buy<const WIDTH: usize>(
        &mut self,
        plan: &Plan,
        granted: &[Vec<f64>],
        desk: &mut Vec<f64>,
        (mut place, relative): (&[u32], &mut [f64]),
        options: &Options,
    ) {
        let length = plan.local.len() * WIDTH;
        if desk.len() < length {
            desk.resize(length, 0.0);
        }
        let desk = desk[..length].as_chunks_mut::<WIDTH>().0;
        for (granted, bounds) in granted.iter().zip(plan.run.windows(2)) {
            let run = bounds[0] as usize..bounds[1] as usize;
            for (slot, supplier) in desk[run.clone()].iter_mut().zip(&plan.local[run]) {
                *slot = [0.0; WIDTH];
                slot[0] = granted[*supplier as usize];
            }
        }
        let reach = 1.0 + options.target_days / options.adjustment;
        let mut buyer =
            Buyer::<WIDTH> { pace: 1.0 / options.adjustment, want: 0.0, had: 0.0, used: 0.0, desk, relative };
        let (mut stock, mut weight, mut slot) = (&mut self.stock[..], &plan.weight[..], &plan.slot[..]);
        let mut parts = plan.parts.iter();
        let mut part = &plan.part[..];
        for (position, (firm, length)) in self.firms.iter_mut().zip(&plan.row).enumerate() {
            let length = *length as usize;
            let (row_stock, rest_stock) = std::mem::take(&mut stock).split_at_mut(length);
            let (row_weight, rest_weight) = weight.split_at(length);
            let (row_slot, rest_slot) = slot.split_at(length);
            (stock, weight, slot) = (rest_stock, rest_weight, rest_slot);
            let row_place = if WIDTH == BY_LEVEL {
                let (row, rest) = place.split_at(length);
                place = rest;
                row
            } else {
                row_slot
            };
            buyer.want = reach * firm.now;
            buyer.had = reach * firm.before;
            buyer.used = firm.now;
            let mut cover = f64::INFINITY;
            if position < plan.plain {
                let row = row_stock.iter_mut().zip(row_weight).zip(row_slot).zip(row_place);
                for (((stock, weight), slot), place) in row {
                    let used = if *weight * *stock > NOTHING { buyer.used } else { 0.0 };
                    *stock = buyer.purchase(*stock, *weight, *slot, *place, used);
                    cover = if *stock < cover { *stock } else { cover };
                }
            } else {
                let (row_part, rest) = part.split_at(parts.next().map_or(0, |count| *count as usize));
                part = rest;
                let mut begin = 0;
                for count in row_part {
                    let range = begin..begin + *count as usize;
                    begin = range.end;
                    let weights = &row_weight[range.clone()];
                    let stocks = &mut row_stock[range.clone()];
                    let flow: f64 = weights.iter().sum();
                    let held: f64 = weights.iter().zip(&*stocks).map(|(weight, stock)| weight * stock).sum();
                    let share = if held > NOTHING { buyer.used * flow / held } else { 0.0 };
                    let mut left = 0.0;
                    for (((stock, weight), slot), place) in
                        stocks.iter_mut().zip(weights).zip(&row_slot[range.clone()]).zip(&row_place[range])
                    {
                        *stock = buyer.purchase(*stock, *weight, *slot, *place, share * *stock);
                        left += *weight * *stock;
                    }
                    let days = left / flow;
                    cover = if days < cover { days } else { cover };
                }
            }
            firm.cover = cover;
        }
    }

    /// Step 4: demand of a block's firms, summed over the blocks of their customers in order.
    pub(super) fn gather(&mut self, block: usize, plans: &[Plan], ordered: &[Vec<f64>]) {
        self.demand.copy_from_slice(&self.base_demand);
        for (plan, ordered) in plans.iter().zip(ordered) {
            let range = plan.run[block] as usize..plan.run[block + 1] as usize;
            for (supplier, ordered) in plan.local[range.clone()].iter().zip(&ordered[range]) {
                self.demand[*supplier as usize] += ordered;
            }
        }
    }

    /// Steps 5 and 6, proportional.
    pub(super) fn produce(&mut self, shocked: bool, granted: &mut [f64]) {
        for (firm, granted) in granted.iter_mut().enumerate() {
            let demand = self.demand[firm];
            let made = self.make(firm, demand, shocked);
            *granted = if made < demand { made / demand } else { 1.0 };
        }
    }

    /// Production of one firm from capacity, stock and demand; keeps the ratio to initial production.
    #[inline(always)]
    pub(super) fn make(&mut self, firm: usize, demand: f64, shocked: bool) -> f64 {
        let (initial, firm) = (&self.initial[firm], &mut self.firms[firm]);
        let capacity = if shocked { initial.capacity } else { 1.0 };
        let able = initial.production * if firm.cover < capacity { firm.cover } else { capacity };
        let made = if able < demand { able } else { demand };
        firm.before = firm.now;
        firm.now = if initial.production > NOTHING { made / initial.production } else { 0.0 };
        made
    }

    /// Step 7 for a block.
    pub(super) fn sum(&mut self) {
        (self.production, self.value_added) = (0.0, 0.0);
        for (firm, initial) in self.firms.iter().zip(&self.initial) {
            self.production += initial.production * firm.now;
            self.value_added += initial.value_added * firm.now;
        }
    }
}
