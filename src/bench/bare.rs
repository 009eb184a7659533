//! The yardstick: the same routes, rings and lanes as the model, and nothing but the arithmetic without which
//! there is no supply chain.
//!
//! Per route, lane and step it moves arrivals into stock, uses stock, ships from the order book into the
//! transit ring, smooths orders and places new ones; per line it adds up what customers ordered. No
//! licences, prices, shocks, rationing, capacity or outcomes. It says what the machine could do with this
//! layout, so that the model's speed is a share of it and not of a peak nobody reaches.
//!
//! Rows of L numbers a route touches in one step: 6 read and written (stock, book, transit, smoothed orders,
//! orders placed, one slot of the ring), and read besides: its share, its target, its buyer's demand, its
//! supplier's output, and once more the orders placed, for the sum over customers: [`Bare::BYTES`] bytes a
//! route, lane and step, if every row went to memory.
#![allow(clippy::pedantic)] // counts become floats

use crate::kernel::Kernel;
use crate::machine::{Work, on_widest};

/// One number per lane.
type Row<const L: usize> = [f64; L];

/// A route: its lines and its ring.
#[derive(Clone, Copy)]
struct Link {
    from: u32,
    to: u32,
    offset: u32,
    slots: u32,
}

/// State of L replications on the routes of a compiled scenario.
pub struct Bare<const L: usize> {
    links: Vec<Link>,
    /// Routes of line i: `outgoing[out[i]..out[i + 1]]`.
    out: Vec<u32>,
    outgoing: Vec<u32>,
    cursor: Vec<u32>,
    share: Vec<Row<L>>,
    target: Vec<Row<L>>,
    stock: Vec<Row<L>>,
    book: Vec<Row<L>>,
    transit: Vec<Row<L>>,
    smoothed: Vec<Row<L>>,
    placed: Vec<Row<L>>,
    ring: Vec<Row<L>>,
    demand: Vec<Row<L>>,
    output: Vec<Row<L>>,
}

impl<const L: usize> Bare<L> {
    /// Bytes a route, lane and step reads (11 numbers) and writes (6).
    pub const BYTES: usize = 17 * 8;

    /// Takes the topology of the kernel; all routes start at rest with a flow of 1.
    #[must_use]
    pub fn new(kernel: &Kernel) -> Self {
        let routes = &kernel.routes;
        let count = routes.from.len();
        let lines = kernel.lines.pool.len();
        let mut offset = 0;
        let mut links = Vec::with_capacity(count);
        for r in 0..count {
            // The model keeps a ring by surface and one by air: as many slots here, in one ring.
            let slots = routes.surface[r].slots + routes.air[r].slots;
            links.push(Link { from: routes.from[r], to: routes.to[r], offset, slots });
            offset += slots;
        }
        let out = kernel.lines.out.clone();
        // At rest every route carries 1 a step; who has no customers in the network has one outside it.
        let customers = |line: u32| f64::from((out[line as usize + 1] - out[line as usize]).max(1));
        Self {
            share: links.iter().map(|link: &Link| [1.0 / customers(link.to); L]).collect(),
            target: links.iter().map(|link| [30.0 + f64::from(link.slots); L]).collect(),
            transit: links.iter().map(|link| [f64::from(link.slots); L]).collect(),
            demand: (0..lines).map(|line| [customers(line as u32); L]).collect(),
            output: vec![[1.0; L]; lines],
            // Some lanes start short, so that they differ.
            stock: vec![std::array::from_fn(|lane| 30.0 - lane as f64); count],
            out,
            outgoing: kernel.lines.outgoing.clone(),
            cursor: vec![0; count],
            book: vec![[1.0; L]; count],
            smoothed: vec![[1.0; L]; count],
            placed: vec![[1.0; L]; count],
            ring: vec![[1.0; L]; offset as usize],
            links,
        }
    }

    /// Steps on the widest instruction set, as the model does.
    pub fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            on_widest(L, Advance(self));
        }
    }

    /// Sum of all stocks: to be looked at, so that no work may be left out.
    #[must_use]
    pub fn stocks(&self) -> f64 {
        self.stock.iter().flatten().sum()
    }

    #[inline(always)]
    fn advance(&mut self) {
        for line in 0..self.demand.len() {
            let customers = &self.outgoing[self.out[line] as usize..self.out[line + 1] as usize];
            let mut sum = [if customers.is_empty() { 1.0 } else { 0.0 }; L];
            for &r in customers {
                let placed = self.placed[r as usize];
                for lane in 0..L {
                    sum[lane] += placed[lane];
                }
            }
            let mut demand = self.demand[line];
            for lane in 0..L {
                demand[lane] += (1.0 / 7.0) * (sum[lane] - demand[lane]);
            }
            self.demand[line] = demand;
            self.output[line] = sum;
        }
        for r in 0..self.links.len() {
            let link = self.links[r];
            let cursor = self.cursor[r];
            let slot = (link.offset + cursor) as usize;
            self.cursor[r] = if cursor + 1 == link.slots { 0 } else { cursor + 1 };
            let (share, target) = (self.share[r], self.target[r]);
            let (demand, have) = (self.demand[link.to as usize], self.output[link.from as usize]);
            let (mut stock, mut book, mut transit) = (self.stock[r], self.book[r], self.transit[r]);
            let (mut smoothed, mut placed) = (self.smoothed[r], self.placed[r]);
            let mut moving = self.ring[slot];
            for lane in 0..L {
                stock[lane] += moving[lane];
                transit[lane] -= moving[lane];
                let wanted = share[lane] * demand[lane];
                stock[lane] -= stock[lane].min(wanted);
                let leaving = book[lane].min(have[lane]);
                moving[lane] = leaving;
                transit[lane] += leaving;
                smoothed[lane] += (1.0 / 30.0) * (placed[lane] - smoothed[lane]);
                let left = book[lane] - leaving;
                let gap = target[lane] * smoothed[lane] - (stock[lane] + transit[lane] + left);
                placed[lane] = (wanted + (1.0 / 30.0) * gap).max(0.0);
                book[lane] = left + placed[lane];
            }
            self.ring[slot] = moving;
            self.stock[r] = stock;
            self.book[r] = book;
            self.transit[r] = transit;
            self.smoothed[r] = smoothed;
            self.placed[r] = placed;
        }
    }
}

struct Advance<'a, const L: usize>(&'a mut Bare<L>);

impl<const L: usize> Work for Advance<'_, L> {
    #[inline(always)]
    fn run(self) {
        self.0.advance();
    }
}
