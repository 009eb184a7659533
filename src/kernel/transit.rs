//! Goods in transit: rings of slots, one a step, that turn together on wheels.
//!
//! A route's goods by one mode lie in a ring of as many slots as the lead has steps; the slot whose goods are
//! due is emptied and refilled in the same step. Rings of one length turn alike, so they lie on one *wheel*:
//! slot by slot, and within a slot route by route. A step therefore reads and writes the goods of many routes
//! as one stretch of memory, although all rings together are larger than the cache.

use std::ops::Range;

use super::layout::Kernel;
use super::scratch::{Row, State};
use crate::machine::expect_after;

/// A ring of goods in transit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ring {
    /// Its wheel, among the kernel's.
    pub wheel: u32,
    /// Its place among the rings of the wheel.
    pub member: u32,
    /// Number of slots; 0 where there is no ring.
    pub slots: u32,
    /// Steps from dispatch to arrival, at most `slots`.
    pub lead: u32,
}

/// Rings of one length and lead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wheel {
    /// First row of its slots among the rows of all wheels.
    pub offset: u32,
    /// Slots of each ring.
    pub slots: u32,
    /// Steps from dispatch to arrival.
    pub lead: u32,
    /// Number of rings.
    pub members: u32,
}

impl Wheel {
    /// First row of the slot that is due `ahead` steps after the one at `cursor`.
    #[inline(always)]
    pub(crate) fn slot(&self, cursor: u32, ahead: u32) -> usize {
        (self.offset + (cursor + ahead) % self.slots * self.members) as usize
    }
}

/// How the rows that are due move on: each ring's, route by route, by surface and by air. All are known by their
/// positions, so that a step finds them without a look at the wheels.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// Rows at the first step.
    start: Vec<[u32; 2]>,
    /// Rows from one slot to the next; 0 where there is no ring.
    stride: Vec<[u32; 2]>,
    /// Row from which a ring begins anew.
    end: Vec<[u32; 2]>,
    /// Rows of a wheel.
    span: Vec<[u32; 2]>,
}

impl Turns {
    pub(crate) fn of(wheels: &[Wheel], surface: &[Ring], air: &[Ring]) -> Self {
        let each = |pick: &dyn Fn(&Wheel, &Ring) -> u32, none: u32| {
            let row = |ring: &Ring| {
                if ring.slots > 0 { pick(&wheels[ring.wheel as usize], ring) } else { none }
            };
            surface.iter().zip(air).map(|(surface, air)| [row(surface), row(air)]).collect()
        };
        Self {
            start: each(&|wheel, ring| wheel.offset + ring.member, 0),
            stride: each(&|wheel, _| wheel.members, 0),
            end: each(&|wheel, _| wheel.offset + wheel.slots * wheel.members, u32::MAX),
            span: each(&|wheel, _| wheel.slots * wheel.members, 0),
        }
    }
}

impl Turns {
    /// Rows that are due at the first step, route by route.
    pub(crate) fn first(&self) -> &[[u32; 2]] {
        &self.start
    }

    /// The rows that are due a step later.
    #[inline(always)]
    pub(crate) fn go_on(&self, due: &mut [[u32; 2]]) {
        let Self { stride, end, span, .. } = self;
        for (((row, stride), end), span) in due
            .as_flattened_mut()
            .iter_mut()
            .zip(stride.as_flattened())
            .zip(end.as_flattened())
            .zip(span.as_flattened())
        {
            let next = *row + stride;
            *row = if next >= *end { next - span } else { next };
        }
    }
}

/// Routes ahead of the one at work whose goods in transit are asked for: all rings together are larger than a core's
/// cache, and which rows are due is known.
pub(crate) const AHEAD: usize = 8;

/// Rows that are due, route by route, each with those of the route [`AHEAD`] of it.
#[inline(always)]
pub(crate) fn due_of(due: &[[u32; 2]], routes: Range<usize>) -> impl Iterator<Item = ([u32; 2], [u32; 2])> {
    let next = &due[routes.start + AHEAD..routes.end + AHEAD];
    due[routes].iter().copied().zip(next.iter().copied())
}

/// Asks for the goods in transit of a route that a pass over routes will come to.
#[inline(always)]
pub(crate) fn expect_due<const L: usize>(ring: &[Row<L>], [surface, air]: [u32; 2]) {
    if let Some(first) = ring.first() {
        expect_after(first, surface as usize);
        expect_after(first, air as usize);
    }
}

/// Wheels while they are put together.
#[derive(Debug, Default)]
pub(crate) struct Wheels(Vec<Wheel>);

impl Wheels {
    /// A ring of so many slots on the wheel of its kind; an empty one on no wheel.
    pub(crate) fn ring(&mut self, slots: u32, lead: u32) -> Ring {
        if slots == 0 {
            return Ring::default();
        }
        let same = |wheel: &Wheel| wheel.slots == slots && wheel.lead == lead;
        let at = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Wheel { slots, lead, ..Wheel::default() });
            self.0.len() - 1
        });
        let member = self.0[at].members;
        self.0[at].members += 1;
        Ring { wheel: u32::try_from(at).unwrap_or(u32::MAX), member, slots, lead }
    }

    /// The wheels, one behind the other.
    pub(crate) fn placed(mut self) -> Vec<Wheel> {
        let mut offset = 0;
        for wheel in &mut self.0 {
            wheel.offset = offset;
            offset += wheel.slots * wheel.members;
        }
        self.0
    }
}

impl Kernel {
    /// Rows of all wheels.
    pub(crate) fn ring_rows(&self) -> usize {
        self.routes.wheels.iter().map(|wheel| (wheel.slots * wheel.members) as usize).sum()
    }
}

impl<const L: usize> State<L> {
    /// Goods of one ring that arrive `ahead` steps after those due next (0: due next). Nothing where the route
    /// has no such ring.
    #[must_use]
    pub fn due(&self, kernel: &Kernel, ring: &Ring, ahead: u32) -> Row<L> {
        if ahead >= ring.slots {
            return [0.0; L];
        }
        let wheel = &kernel.routes.wheels[ring.wheel as usize];
        self.ring[wheel.slot(self.cursor[ring.wheel as usize], ahead) + ring.member as usize]
    }

    /// All wheels turn by one slot.
    #[inline(always)]
    pub(crate) fn turn_wheels(&mut self, kernel: &Kernel) {
        for (cursor, wheel) in self.cursor.iter_mut().zip(&kernel.routes.wheels) {
            *cursor = if *cursor + 1 >= wheel.slots { 0 } else { *cursor + 1 };
        }
        kernel.routes.turns.go_on(&mut self.due);
    }

    /// All wheels stand at their first slot, empty.
    pub(crate) fn reset_wheels(&mut self, kernel: &Kernel) {
        self.ring.fill([0.0; L]);
        self.cursor.fill(0);
        let first = kernel.routes.turns.first();
        self.due[..first.len()].copy_from_slice(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_of_one_kind_lie_side_by_side_and_no_two_share_a_row() {
        let mut wheels = Wheels::default();
        let kinds = [(3, 3), (5, 3), (3, 3), (0, 0), (3, 3), (5, 5)];
        let rings: Vec<Ring> = kinds.iter().map(|(slots, lead)| wheels.ring(*slots, *lead)).collect();
        let placed = wheels.placed();
        assert_eq!(placed.len(), 3);
        let mut rows: Vec<usize> = Vec::new();
        for ring in rings.iter().filter(|ring| ring.slots > 0) {
            let wheel = &placed[ring.wheel as usize];
            assert_eq!((wheel.slots, wheel.lead), (ring.slots, ring.lead));
            rows.extend((0..ring.slots).map(|ahead| wheel.slot(2, ahead) + ring.member as usize));
        }
        let count = rows.len();
        assert_eq!(count, 3 * 3 + 5 + 5);
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows, (0..count).collect::<Vec<_>>(), "every row once");
        // Each ring is back where it began after as many steps as it has slots, and at no other time.
        let turns = Turns::of(&placed, &rings, &vec![Ring::default(); rings.len()]);
        let mut due = turns.first().to_vec();
        for step in 1..=15 {
            turns.go_on(&mut due);
            for (ring, (own, first)) in rings.iter().zip(due.iter().zip(turns.first())) {
                let whole = ring.slots == 0 || u32::is_multiple_of(step, ring.slots);
                assert_eq!(own[0] == first[0], whole, "{ring:?} after {step} steps");
            }
        }
        let (first, second) = (rings[0], rings[2]);
        assert_eq!(first.member + 1, second.member, "same kind, next place");
    }
}
