//! The second yardstick: all the state that the model has on the same routes, and next to no arithmetic.
//!
//! A step reads and writes the rows that the model's step has to, in the same two passes over the routes: one by buyers
//! before goods are shared out, one after. What it does with them is one operation a row, so that it shows what it costs
//! to carry the state to and from the cache, whatever is known about supply chains. Licences, prices, markets and
//! outcomes are left out.
//!
//! Rows of L numbers a route touches in one step: in the first pass 6 read (stock, share, owed, usual flow, book, goods due)
//! and 3 written, and one of its supplier's read and written; in the second 10 read and 7 written, and of its supplier's one
//! read and two read and written; and where the model remembers deliveries for a month or sends goods by air, their
//! rows. A line has 16 read and 12 written.
#![allow(clippy::pedantic)] // counts become floats

use std::ops::{Add, Mul};

use crate::kernel::Kernel;
use crate::kernel::layout::NONE;
use crate::kernel::link::Link;
use crate::machine::{Work, on_widest};

/// What rows are of: numbers of 64 bits as in the model, or of 32 to see what half the bytes would be worth.
pub trait Number: Copy + From<f32> + Into<f64> + Add<Output = Self> + Mul<Output = Self> {}

impl Number for f32 {}
impl Number for f64 {}

/// One number per lane.
type Row<T, const L: usize> = [T; L];

/// Rows of a route, as many as the model's.
const ROUTE: usize = 11;
/// Rows of a line.
const LINE: usize = 16;

/// State of L replications on the routes of a compiled scenario.
pub struct Carried<'a, T, const L: usize> {
    kernel: &'a Kernel,
    links: &'a [Link],
    /// Rows of the ring that are due, by land and sea and by air.
    due: Vec<[u32; 2]>,
    routes: Vec<[Row<T, L>; ROUTE]>,
    ring: Vec<Row<T, L>>,
    lines: Vec<[Row<T, L>; LINE]>,
    /// What customers want of a line: placed, in the books, asked for, and the ratio that is granted.
    customers: Vec<[Row<T, L>; 4]>,
    adapting: Vec<[Row<T, L>; 3]>,
}

/// Halfway between two rows: stays within bounds for ever.
#[inline(always)]
fn mean<T: Number, const L: usize>(a: &Row<T, L>, b: &Row<T, L>) -> Row<T, L> {
    let (a, b) = (*a, *b);
    let mut half = [T::from(0.0); L];
    for lane in 0..L {
        half[lane] = T::from(0.5) * (a[lane] + b[lane]);
    }
    half
}

impl<'a, T: Number, const L: usize> Carried<'a, T, L> {
    /// Takes the topology of the kernel.
    #[must_use]
    pub fn new(kernel: &'a Kernel) -> Self {
        let adapting = kernel.routes.links.iter().filter(|link| link.adapting != NONE).count();
        // Lanes differ, and so do the rows of a route.
        let row: Row<T, L> = std::array::from_fn(|lane| T::from(1.0 + lane as f32));
        let route = std::array::from_fn(|place| row.map(|number| number + T::from(place as f32)));
        let lines = kernel.lines.pool.len();
        Self {
            kernel,
            links: &kernel.routes.links,
            due: kernel.routes.turns.first().to_vec(),
            routes: vec![route; kernel.routes.from.len()],
            ring: vec![row; kernel.ring_rows()],
            lines: vec![[row; LINE]; lines],
            customers: vec![[row; 4]; lines],
            adapting: vec![[row; 3]; adapting],
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
        self.routes.iter().flat_map(|rows| rows[0]).map(Into::into).sum()
    }

    #[inline(always)]
    fn advance(&mut self) {
        for line in 0..self.lines.len() {
            self.make(line);
        }
        for (rows, customers) in self.lines.iter_mut().zip(&mut self.customers) {
            customers[3] = mean(&customers[2], &rows[0]);
            customers[2] = [T::from(0.0); L];
            rows[1] = mean(&rows[1], &rows[0]);
        }
        for line in 0..self.lines.len() {
            self.dispatch(line);
        }
        self.kernel.routes.turns.go_on(&mut self.due);
    }

    /// The first pass, for one line: its own rows, then those of its routes.
    #[inline(always)]
    fn make(&mut self, line: usize) {
        let asked = self.customers[line];
        let rows = &mut self.lines[line];
        let mut last = mean(&asked[0], &asked[1]);
        for row in rows.iter_mut().take(12) {
            *row = mean(row, &last);
            last = *row;
        }
        for row in rows.iter().skip(12) {
            last = mean(&last, row);
        }
        let inputs = self.kernel.inputs_of(line);
        let places = self.links[inputs.clone()].iter().zip(&self.due[inputs.clone()]);
        let (ring, customers) = (&self.ring[..], &mut self.customers[..]);
        for (rows, (link, [surface, air])) in self.routes[inputs].iter_mut().zip(places) {
            let [stock, share, owed, usual, book, ..] = *rows;
            let mut stock = mean(&stock, &ring[*surface as usize]);
            if link.flies {
                stock = mean(&stock, &ring[*air as usize]);
            }
            let owed = mean(&owed, &share);
            let leaving = mean(&mean(&book, &usual), &last);
            (rows[0], rows[2], rows[5]) = (stock, owed, leaving);
            let supplier = &mut customers[link.from as usize];
            supplier[2] = mean(&supplier[2], &leaving);
        }
    }

    /// The second pass.
    #[inline(always)]
    fn dispatch(&mut self, line: usize) {
        let [expected, trend, ..] = self.lines[line];
        let inputs = self.kernel.inputs_of(line);
        let places = self.links[inputs.clone()].iter().zip(&self.due[inputs.clone()]);
        let (ring, customers, adapting) =
            (&mut self.ring[..], &mut self.customers[..], &mut self.adapting[..]);
        for (rows, (link, [surface, air])) in self.routes[inputs].iter_mut().zip(places) {
            let supplier = &mut customers[link.from as usize];
            let [stock, share, _, _, book, leaving, transit, target, forgone, ordered, sent] = *rows;
            let leaving = mean(&leaving, &supplier[3]);
            let mut transit = mean(&transit, &ring[*surface as usize]);
            ring[*surface as usize] = leaving;
            if link.flies {
                transit = mean(&transit, &ring[*air as usize]);
                ring[*air as usize] = leaving;
            }
            let placed = mean(&mean(&mean(&stock, &share), &mean(&target, &trend)), &expected);
            let (book, forgone) = (mean(&book, &placed), mean(&forgone, &leaving));
            (rows[4], rows[5], rows[6], rows[8]) = (book, leaving, transit, forgone);
            (rows[9], rows[10]) = (mean(&ordered, &placed), mean(&sent, &leaving));
            supplier[0] = mean(&supplier[0], &placed);
            supplier[1] = mean(&supplier[1], &book);
            if link.adapting != NONE {
                let memory = &mut adapting[link.adapting as usize];
                let [before, ordered, sent] = *memory;
                *memory = [placed, mean(&ordered, &before), mean(&sent, &leaving)];
            }
        }
    }
}

struct Advance<'a, 'b, T, const L: usize>(&'a mut Carried<'b, T, L>);

impl<T: Number, const L: usize> Work for Advance<'_, '_, T, L> {
    #[inline(always)]
    fn run(self) {
        self.0.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn every_row_is_carried_and_stays_within_bounds() {
        let (scenario, _) = Scenario::bundled("full-embargo").expect("bundled");
        let kernel = Kernel::compile(&scenario);
        let mut carried = Carried::<f64, 4>::new(&kernel);
        let before = carried.routes.clone();
        // What leaves in the first step must have arrived everywhere.
        let longest = kernel.routes.surface.iter().map(|ring| ring.slots).max().unwrap_or(0);
        carried.run(longest + 2);
        let rows = carried.routes.iter().chain(&before).flatten().flatten();
        assert!(
            rows.into_iter().all(|value| (0.0..=14.0).contains(value)),
            "between nothing and the largest number"
        );
        for (now, then) in carried.routes.iter().zip(&before) {
            // Shares, usual flows and targets are only read.
            for (place, (now, then)) in now.iter().zip(then).enumerate() {
                assert_eq!(now == then, matches!(place, 1 | 3 | 7), "row {place}");
            }
        }
    }
}
