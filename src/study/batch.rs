//! The unit of work: a fixed count of consecutive replications.

/// Replications in a batch (the last one of a portion may be shorter). A constant, not an option:
/// convergence is asked at multiples of it, and shards are cut at them.
pub const SIZE: u64 = 32;

/// A range of consecutive replications.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Portion {
    /// The first.
    pub first: u64,
    /// One past the last.
    pub end: u64,
}

impl Portion {
    /// How many replications.
    #[must_use]
    pub fn count(self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    /// How many batches.
    #[must_use]
    pub fn batches(self) -> u64 {
        self.count().div_ceil(SIZE)
    }

    /// The replications of batch `index` (from 0).
    #[must_use]
    pub fn batch(self, index: u64) -> Self {
        let first = self.first.saturating_add(index.saturating_mul(SIZE)).min(self.end);
        Self { first, end: first.saturating_add(SIZE).min(self.end) }
    }

    /// Part `index` (from 0) of `of` parts of nearly equal length, cut between batches. Parts may be empty
    /// when there are more parts than batches.
    #[must_use]
    pub fn part(self, index: u64, of: u64) -> Self {
        let batches = u128::from(self.batches());
        let cut = |k: u64| {
            let batch = batches * u128::from(k) / u128::from(of.max(1));
            u64::try_from(batch).map_or(self.end, |batch| self.batch(batch).first)
        };
        Self { first: cut(index.min(of)), end: if index + 1 >= of { self.end } else { cut(index + 1) } }
    }
}

/// Whether convergence is asked after so many replications: at every batch up to 1,024 replications, then
/// at every 32nd part of the next power of two, so that asking stays cheap. Depends on nothing else.
#[must_use]
pub fn is_milestone(replications: u64) -> bool {
    let spacing = (replications.max(1).next_power_of_two() / 32).max(SIZE);
    replications > 0 && replications.is_multiple_of(spacing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn milestones_thin_out() {
        let all: Vec<u64> = (1..=4096).filter(|n| is_milestone(*n)).collect();
        assert_eq!(all[..4], [32, 64, 96, 128]);
        assert!(all.contains(&1024) && all.contains(&1088) && !all.contains(&1056));
        assert_eq!(all.last(), Some(&4096));
    }

    proptest! {
        #[test]
        fn parts_cover_without_overlap(first in 0_u64..1000, count in 0_u64..5000, of in 1_u64..40) {
            let whole = Portion { first, end: first + count };
            let mut at = first;
            for index in 0..of {
                let part = whole.part(index, of);
                prop_assert_eq!(part.first, at);
                prop_assert!(part.end >= part.first);
                prop_assert!(part.end == whole.end || (part.end - first).is_multiple_of(SIZE));
                at = part.end;
            }
            prop_assert_eq!(at, whole.end);
        }

        #[test]
        fn batches_cover_without_overlap(first in 0_u64..1000, count in 0_u64..5000) {
            let whole = Portion { first, end: first + count };
            let mut at = first;
            for index in 0..whole.batches() {
                let batch = whole.batch(index);
                prop_assert_eq!(batch.first, at);
                prop_assert!(batch.count() >= 1 && batch.count() <= SIZE);
                at = batch.end;
            }
            prop_assert_eq!(at, whole.end);
        }
    }
}
