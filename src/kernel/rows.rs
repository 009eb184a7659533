//! Rows: a number for each of the replications side by side, and what stands together in memory.

/// One number per lane.
pub type Row<const L: usize> = [f64; L];

/// The smaller of two numbers as processors find it: one instruction, where `f64::min` must mind NaN, which no
/// state holds.
#[inline(always)]
pub(crate) fn less(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The larger of two numbers; see [`less`].
#[inline(always)]
pub(crate) fn more(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Adds a row to a sum. Through a copy: what is behind two references might be the same row to the compiler.
#[inline(always)]
pub(crate) fn add<const L: usize>(sum: &mut Row<L>, row: &Row<L>) {
    let mut total = *sum;
    for lane in 0..L {
        total[lane] += row[lane];
    }
    *sum = total;
}

/// Rows of zeros.
pub(crate) fn rows<const L: usize>(count: usize) -> Vec<Row<L>> {
    vec![[0.0; L]; count]
}

/// What a step touches of one route, side by side in memory. A pass copies the rows it needs to locals, so that
/// the compiler may keep all lanes in registers. Quantities are in the units of the route's
/// product; flows are per step unless marked "per day".
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct RouteRows<const L: usize> {
    /// S: buyer's stock of this route's goods.
    pub stock: Row<L>,
    /// v: share in use, of the line's output.
    pub share: Row<L>,
    /// b: output the buyer owes on this route's account (dedicated sourcing), in units of output.
    pub owed: Row<L>,
    /// o⁰: base flow per day.
    pub base_flow: Row<L>,
    /// B: orders the supplier has not yet filled.
    pub book: Row<L>,
    /// e before, q after rationing: goods leaving in this step.
    pub leaving: Row<L>,
    /// T: goods in transit.
    pub transit: Row<L>,
    /// n̄: stock target in days.
    pub target_days: Row<L>,
    /// Cancelled orders that stay out of the target for a while.
    pub forgone: Row<L>,
    /// Ordered, smoothed over 14 days; orders just placed are in it.
    pub ordered_fortnight: Row<L>,
    /// Dispatched, smoothed over 14 days.
    pub sent_fortnight: Row<L>,
}

impl<const L: usize> RouteRows<L> {
    pub(super) const ZERO: Self = Self {
        stock: [0.0; L],
        share: [0.0; L],
        owed: [0.0; L],
        base_flow: [0.0; L],
        book: [0.0; L],
        leaving: [0.0; L],
        transit: [0.0; L],
        target_days: [0.0; L],
        forgone: [0.0; L],
        ordered_fortnight: [0.0; L],
        sent_fortnight: [0.0; L],
    };
}

/// What is remembered for a month of a route whose share, or that of others, adapts to its deliveries.
#[derive(Clone, Copy)]
pub struct AdaptingRows<const L: usize> {
    /// Orders placed in the last step.
    pub placed: Row<L>,
    /// Ordered, smoothed over 30 days (per step).
    pub ordered_month: Row<L>,
    /// Dispatched, smoothed over 30 days (per step).
    pub sent_month: Row<L>,
}

/// What a supplier's customers want of it: sums over its routes, made while the routes are passed.
#[derive(Clone)]
pub struct Customers<const L: usize> {
    /// Orders placed since the supplier last looked.
    pub placed: Row<L>,
    /// Orders in the books; once caps are known, a blocked route's only as far as they count.
    pub books: Row<L>,
    /// Σ e: what may leave in this step.
    pub asked: Row<L>,
    /// Ratio of dispatch to requests (proportional rationing).
    pub ratio: Row<L>,
}
