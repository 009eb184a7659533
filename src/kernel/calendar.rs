//! Events in order of time, cheap where most of them lie far ahead.
//!
//! A desk has thousands of cases under review, each due weeks from now. In one heap every event moves past a dozen
//! others that are long out of the cache; here the seat of its case is put down once, in a list of the day it is due,
//! and only the events of the day that has come are ordered. What is due at a seat, and when, its owner knows and is
//! asked again when the day has come.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::pieces::{List, Pieces};

/// Days that lists stand for; later events are looked through each time so many days have passed.
const DAYS: u16 = 512;

/// Days so far off that one more makes no difference.
const BEYOND: f64 = 1.0e15;

/// Something that will happen to the case at a seat, of which there is one at a time. Events are ordered by day, then
/// by number, so that equal days never depend on memory layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub day: f64,
    /// No two events have the same.
    pub number: u32,
    pub seat: u32,
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        self.day.total_cmp(&other.day).then(self.number.cmp(&other.number))
    }
}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Eq for Event {}
impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

/// Events by day, earliest first.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// Due before `edge`, the latest first.
    near: Vec<Event>,
    /// Also due before `edge`, put down since.
    fresh: BinaryHeap<Reverse<Event>>,
    pieces: Pieces,
    /// Seats due on each day from `edge` on, as a ring.
    days: Vec<List>,
    /// Of what is due later than the ring reaches, or never.
    late: List,
    /// Empty but while late events are moved.
    moved: Vec<Event>,
    /// A whole day.
    edge: f64,
    /// Events in the lists of `days`.
    ahead: usize,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            near: Vec::new(),
            fresh: BinaryHeap::new(),
            pieces: Pieces::default(),
            days: Vec::new(),
            late: List::EMPTY,
            moved: Vec::new(),
            edge: 0.0,
            ahead: 0,
        }
    }
}

impl Calendar {
    /// Forgets all events and the time, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.forget();
        self.edge = 0.0;
    }

    /// Forgets all events, as they are about to be put down anew.
    pub(crate) fn forget(&mut self) {
        self.near.clear();
        self.fresh.clear();
        self.pieces.clear();
        self.days.fill(List::EMPTY);
        (self.late, self.ahead) = (List::EMPTY, 0);
    }

    /// Puts an event down.
    #[inline]
    pub(crate) fn push(&mut self, event: Event) {
        if event.day < self.edge {
            self.fresh.push(Reverse(event));
            return;
        }
        if self.days.is_empty() {
            self.days.resize(usize::from(DAYS), List::EMPTY);
        }
        let list = if event.day < self.edge + f64::from(DAYS) {
            self.ahead += 1;
            &mut self.days[place(event.day)]
        } else {
            &mut self.late
        };
        self.pieces.push(list, event.seat);
    }

    /// Seats due on the next day that has not begun, if that is not after `until`: a moment to ask for them.
    pub(crate) fn coming(&self, until: f64) -> impl Iterator<Item = u32> + '_ {
        let list = self.days.get(place(self.edge)).filter(|_| self.edge <= until && self.edge < BEYOND);
        self.pieces.seats(list.copied().unwrap_or(List::EMPTY))
    }

    /// Takes the earliest event if it is due until `until` (inclusive). `at` knows what is due at a seat, as it was put
    /// down; `today` hears of the events of each day that begins.
    pub(crate) fn next(
        &mut self,
        until: f64,
        at: impl Fn(u32) -> Event,
        mut today: impl FnMut(&[Event]),
    ) -> Option<Event> {
        loop {
            let fresh = self.fresh.peek().map(|Reverse(event)| event);
            let first = match (self.near.last(), fresh) {
                (Some(near), Some(fresh)) => Some((near.min(fresh), fresh < near)),
                (Some(near), None) => Some((near, false)),
                (None, Some(fresh)) => Some((fresh, true)),
                (None, None) => None,
            };
            match first {
                Some((event, _)) if event.day > until => return None,
                Some((_, true)) => return self.fresh.pop().map(|Reverse(event)| event),
                Some((_, false)) => return self.near.pop(),
                None if self.edge > until || self.edge.is_infinite() => return None,
                None => {
                    self.turn(until, &at);
                    today(&self.near);
                }
            }
        }
    }

    /// Orders the events of the next day, or goes on to `until` when there are none before. Nothing is `near`.
    fn turn(&mut self, until: f64, at: &impl Fn(u32) -> Event) {
        if until >= BEYOND {
            // Whole days are no longer told apart out there: everything there is comes in one order.
            self.edge = f64::INFINITY;
            for list in self.days.iter_mut().chain([&mut self.late]) {
                self.pieces.drain(list, |seat| self.fresh.push(Reverse(at(seat))));
            }
            self.ahead = 0;
            return;
        }
        if self.ahead == 0 {
            let days = self.pieces.seats(self.late).map(|seat| at(seat).day);
            let first = days.fold(f64::INFINITY, f64::min);
            self.edge = self.edge.max(first.min(until).floor());
            self.collect(at);
            if self.ahead == 0 {
                // Nothing is due until then.
                self.edge = until.floor() + 1.0;
                return;
            }
        }
        self.pieces.drain(&mut self.days[place(self.edge)], |seat| self.near.push(at(seat)));
        let next = self.edge + 1.0;
        debug_assert!(
            self.near.iter().all(|event| event.day >= self.edge && event.day < next),
            "as put down"
        );
        self.ahead -= self.near.len();
        self.near.sort_unstable_by(|a, b| b.cmp(a));
        self.edge += 1.0;
        if self.edge % f64::from(DAYS) == 0.0 {
            self.collect(at);
        }
    }

    /// Late events that the ring now reaches go into their lists, and the others back.
    fn collect(&mut self, at: &impl Fn(u32) -> Event) {
        let mut moved = std::mem::take(&mut self.moved);
        self.pieces.drain(&mut self.late, |seat| moved.push(at(seat)));
        moved.drain(..).for_each(|event| self.push(event));
        self.moved = moved;
    }
}

/// The list of a day.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a day of the ring, not negative"
)]
fn place(day: f64) -> usize {
    (day as u64 % u64::from(DAYS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        /// Whatever is put down when, it comes out as a plain heap would give it.
        #[test]
        fn events_come_as_from_one_heap(
            steps in prop::collection::vec((0.0_f64..900.0, prop::collection::vec((0.0_f64..1.0, 0_u8..6), 0..8), any::<bool>()), 1..40)
        ) {
            let (mut calendar, mut heap) = (Calendar::default(), BinaryHeap::new());
            let (mut now, mut number, mut free) = (0.0, 0, Vec::new());
            // Who sits where, and when something happens there.
            let mut seats: Vec<Event> = Vec::new();
            for (further, new, shift) in steps {
                for (u, kind) in new {
                    let after = match kind {
                        0 => 0.0,
                        1 => u,
                        2 => 60.0 * u,
                        3 => 600.0 * u,
                        4 => 5000.0 * u,
                        _ => f64::INFINITY,
                    };
                    // Seats are taken again, as by the desk.
                    let seat = free.pop().unwrap_or(u32::try_from(seats.len()).expect("few"));
                    let event = Event { day: now + after, number, seat };
                    if event.seat as usize == seats.len() {
                        seats.push(event);
                    }
                    seats[event.seat as usize] = event;
                    calendar.push(event);
                    heap.push(Reverse(event));
                    number += 1;
                }
                if shift {
                    let later = |Reverse(mut event): Reverse<Event>| {
                        event.day += if event.day > now { 7.5 } else { 0.0 };
                        Reverse(event)
                    };
                    heap = heap.into_iter().map(later).collect();
                    calendar.forget();
                    for Reverse(event) in &heap {
                        seats[event.seat as usize] = *event;
                        calendar.push(*event);
                    }
                }
                now += further;
                while heap.peek().is_some_and(|Reverse(event)| event.day <= now) {
                    let taken = calendar.next(now, |seat| seats[seat as usize], |_| ());
                    prop_assert_eq!(taken, heap.pop().map(|Reverse(event)| event));
                    free.extend(taken.map(|event| event.seat));
                }
                prop_assert_eq!(calendar.next(now, |seat| seats[seat as usize], |_| ()), None);
            }
        }
    }
}
