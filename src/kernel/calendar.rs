//! Events in order of time, cheap where most of them lie far ahead.
//!
//! A desk has thousands of cases under review, each due weeks from now. In one heap every event moves past a dozen
//! others that are long out of the cache; here it is put down once, in a list of the day it is due, and only the
//! events of the day that has come are ordered.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Days that lists stand for; later events are looked through each time so many days have passed.
const DAYS: u16 = 512;

/// Days so far off that one more makes no difference.
const BEYOND: f64 = 1.0e15;

/// Something that is due on a day. Its order is by day first, and no two are equal.
pub(crate) trait Dated: Ord {
    /// The day.
    fn day(&self) -> f64;
}

/// Events by day, earliest first.
#[derive(Debug)]
pub(crate) struct Calendar<E> {
    /// Due before `edge`, the latest first.
    near: Vec<E>,
    /// Also due before `edge`, put down since.
    fresh: BinaryHeap<Reverse<E>>,
    /// Due on the days from `edge` on, one list a day, as a ring.
    days: Vec<Vec<E>>,
    /// Due later than the ring reaches, or never.
    late: Vec<E>,
    /// A whole day.
    edge: f64,
    /// Events in `days`.
    ahead: usize,
}

impl<E: Dated> Default for Calendar<E> {
    fn default() -> Self {
        Self {
            near: Vec::new(),
            fresh: BinaryHeap::new(),
            days: Vec::new(),
            late: Vec::new(),
            edge: 0.0,
            ahead: 0,
        }
    }
}

impl<E: Dated> Calendar<E> {
    /// Forgets all events and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.near.clear();
        self.fresh.clear();
        self.days.iter_mut().for_each(Vec::clear);
        self.late.clear();
        (self.edge, self.ahead) = (0.0, 0);
    }

    /// Puts an event down.
    pub(crate) fn push(&mut self, event: E) {
        let day = event.day();
        if day < self.edge {
            self.fresh.push(Reverse(event));
        } else if day < self.edge + f64::from(DAYS) {
            if self.days.is_empty() {
                self.days.resize_with(usize::from(DAYS), Vec::new);
            }
            self.days[place(day)].push(event);
            self.ahead += 1;
        } else {
            self.late.push(event);
        }
    }

    /// Takes the earliest event if it is due until `until` (inclusive).
    pub(crate) fn next(&mut self, until: f64) -> Option<E> {
        loop {
            let fresh = self.fresh.peek().map(|Reverse(event)| event);
            let first = match (self.near.last(), fresh) {
                (Some(near), Some(fresh)) => Some((near.min(fresh), fresh < near)),
                (Some(near), None) => Some((near, false)),
                (None, Some(fresh)) => Some((fresh, true)),
                (None, None) => None,
            };
            match first {
                Some((event, _)) if event.day() > until => return None,
                Some((_, true)) => return self.fresh.pop().map(|Reverse(event)| event),
                Some((_, false)) => return self.near.pop(),
                None if self.edge > until || self.edge.is_infinite() => return None,
                None => self.turn(until),
            }
        }
    }

    /// Orders the events of the next day, or goes on to `until` when there are none before. Nothing is `near`.
    fn turn(&mut self, until: f64) {
        if until >= BEYOND {
            // Whole days are no longer told apart out there: everything there is comes in one order.
            self.edge = f64::INFINITY;
            let lists = self.days.iter_mut().flat_map(|list| list.drain(..));
            self.fresh.extend(lists.chain(self.late.drain(..)).map(Reverse));
            self.ahead = 0;
            return;
        }
        if self.ahead == 0 {
            let first = self.late.iter().map(Dated::day).fold(f64::INFINITY, f64::min);
            self.edge = self.edge.max(first.min(until).floor());
            self.collect();
            if self.ahead == 0 {
                // Nothing is due until then.
                self.edge = until.floor() + 1.0;
                return;
            }
        }
        let list = &mut self.days[place(self.edge)];
        self.ahead -= list.len();
        std::mem::swap(&mut self.near, list);
        self.near.sort_unstable_by(|a, b| b.cmp(a));
        self.edge += 1.0;
        if self.edge % f64::from(DAYS) == 0.0 {
            self.collect();
        }
    }

    /// Late events that the ring now reaches go into their lists.
    fn collect(&mut self) {
        let (reach, mut at) = (self.edge + f64::from(DAYS), 0);
        while at < self.late.len() {
            if self.late[at].day() < reach {
                let event = self.late.swap_remove(at);
                self.push(event);
            } else {
                at += 1;
            }
        }
    }

    /// Changes events and orders them anew.
    pub(crate) fn change(&mut self, mut change: impl FnMut(&mut E)) {
        let mut all = std::mem::take(&mut self.near);
        all.extend(self.fresh.drain().map(|Reverse(event)| event));
        self.days.iter_mut().for_each(|list| all.append(list));
        all.append(&mut self.late);
        self.ahead = 0;
        for mut event in all {
            change(&mut event);
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

    #[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
    struct Note(f64, u32);

    impl Eq for Note {}

    #[expect(clippy::derive_ord_xor_partial_ord, reason = "no NaN among the days of a test")]
    impl Ord for Note {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
        }
    }

    impl Dated for Note {
        fn day(&self) -> f64 {
            self.0
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        /// Whatever is put down when, it comes out as a plain heap would give it.
        #[test]
        fn events_come_as_from_one_heap(
            steps in prop::collection::vec((0.0_f64..900.0, prop::collection::vec((0.0_f64..1.0, 0_u8..6), 0..8), any::<bool>()), 1..40)
        ) {
            let (mut calendar, mut heap) = (Calendar::default(), BinaryHeap::new());
            let (mut now, mut number) = (0.0, 0);
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
                    calendar.push(Note(now + after, number));
                    heap.push(Reverse(Note(now + after, number)));
                    number += 1;
                }
                if shift {
                    let late = |note: &mut Note| note.0 += if note.0 > now { 7.5 } else { 0.0 };
                    calendar.change(late);
                    heap = heap.into_iter().map(|Reverse(mut note)| { late(&mut note); Reverse(note) }).collect();
                }
                now += further;
                while heap.peek().is_some_and(|Reverse(note)| note.0 <= now) {
                    prop_assert_eq!(calendar.next(now), heap.pop().map(|Reverse(note)| note));
                }
                prop_assert_eq!(calendar.next(now), None);
            }
        }
    }
}
