//! Events in order of time, cheap where most of them lie far ahead.
//!
//! A desk has thousands of cases under review, each due weeks from now. In one heap every event moves past a dozen
//! others that are long out of the cache; here it is put down once, in a list of the day it is due, and only the
//! events of the day that has come are ordered. Lists are chained through one small table with an entry a seat, so
//! that what eight replications side by side have ahead of them stays in the cache.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Days that lists stand for; later events are looked through each time so many days have passed.
const DAYS: u16 = 512;

/// Days so far off that one more makes no difference.
const BEYOND: f64 = 1.0e15;

/// The end of a list.
const NONE: u32 = u32::MAX;

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

/// An event that waits in a list.
#[derive(Clone, Copy, Debug)]
struct Entry {
    day: f64,
    number: u32,
    /// Seat of the next one in the list.
    next: u32,
}

/// Events by day, earliest first.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// Due before `edge`, the latest first.
    near: Vec<Event>,
    /// Also due before `edge`, put down since.
    fresh: BinaryHeap<Reverse<Event>>,
    /// By seat: what waits in the lists.
    entries: Vec<Entry>,
    /// First seat of the list of each day from `edge` on, as a ring.
    days: Vec<u32>,
    /// The list of what is due later than the ring reaches, or never.
    late: u32,
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
            entries: Vec::new(),
            days: Vec::new(),
            late: NONE,
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
        self.days.fill(NONE);
        (self.late, self.ahead) = (NONE, 0);
    }

    /// Puts an event down.
    pub(crate) fn push(&mut self, event: Event) {
        let Event { day, number, seat } = event;
        if day < self.edge {
            self.fresh.push(Reverse(event));
            return;
        }
        if self.days.is_empty() {
            self.days.resize(usize::from(DAYS), NONE);
        }
        let list = if day < self.edge + f64::from(DAYS) {
            self.ahead += 1;
            &mut self.days[place(day)]
        } else {
            &mut self.late
        };
        let entry = Entry { day, number, next: std::mem::replace(list, seat) };
        let at = seat as usize;
        if at >= self.entries.len() {
            self.entries.resize(at + 1, entry);
        }
        self.entries[at] = entry;
    }

    /// Takes the earliest event if it is due until `until` (inclusive). `today` hears of the events of each day that
    /// begins.
    pub(crate) fn next(&mut self, until: f64, mut today: impl FnMut(&[Event])) -> Option<Event> {
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
                    self.turn(until);
                    today(&self.near);
                }
            }
        }
    }

    /// The event at the head of a list, which is taken off it.
    fn take(entries: &[Entry], list: &mut u32) -> Option<Event> {
        let Entry { day, number, next } = *entries.get(*list as usize)?;
        Some(Event { day, number, seat: std::mem::replace(list, next) })
    }

    /// Orders the events of the next day, or goes on to `until` when there are none before. Nothing is `near`.
    fn turn(&mut self, until: f64) {
        if until >= BEYOND {
            // Whole days are no longer told apart out there: everything there is comes in one order.
            self.edge = f64::INFINITY;
            for list in self.days.iter_mut().chain([&mut self.late]) {
                while let Some(event) = Self::take(&self.entries, list) {
                    self.fresh.push(Reverse(event));
                }
            }
            self.ahead = 0;
            return;
        }
        if self.ahead == 0 {
            let (mut first, mut at) = (f64::INFINITY, self.late);
            while let Some(event) = Self::take(&self.entries, &mut at) {
                first = first.min(event.day);
            }
            self.edge = self.edge.max(first.min(until).floor());
            self.collect();
            if self.ahead == 0 {
                // Nothing is due until then.
                self.edge = until.floor() + 1.0;
                return;
            }
        }
        let list = &mut self.days[place(self.edge)];
        while let Some(event) = Self::take(&self.entries, list) {
            self.near.push(event);
        }
        self.ahead -= self.near.len();
        self.near.sort_unstable_by(|a, b| b.cmp(a));
        self.edge += 1.0;
        if self.edge % f64::from(DAYS) == 0.0 {
            self.collect();
        }
    }

    /// Late events that the ring now reaches go into their lists, and the others back.
    fn collect(&mut self) {
        let mut list = std::mem::replace(&mut self.late, NONE);
        while let Some(event) = Self::take(&self.entries, &mut list) {
            self.push(event);
        }
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
                    let event = Event { day: now + after, number, seat: free.pop().unwrap_or(number) };
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
                    heap.iter().for_each(|Reverse(event)| calendar.push(*event));
                }
                now += further;
                while heap.peek().is_some_and(|Reverse(event)| event.day <= now) {
                    let taken = calendar.next(now, |_| ());
                    prop_assert_eq!(taken, heap.pop().map(|Reverse(event)| event));
                    free.extend(taken.map(|event| event.seat));
                }
                prop_assert_eq!(calendar.next(now, |_| ()), None);
            }
        }
    }
}
