//! Batches, between which a study may be looked at and cut, and the pieces of them that workers take.

/// Replications in a batch. A constant, not an option: convergence is asked at multiples of it, and shards are cut at
/// them.
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

    /// First replication of batch `index` (from 0).
    fn batch(self, index: u64) -> u64 {
        self.first.saturating_add(index.saturating_mul(SIZE)).min(self.end)
    }

    /// The pieces that workers take, each of at most `lanes` replications, in order. They are cut where batches end
    /// and, within a batch, at every `lanes`, wherever the portion begins: whoever goes on from a prefix meets the
    /// same ends of batches.
    #[must_use]
    pub fn pieces(self, lanes: usize) -> Pieces {
        let lanes = (lanes as u64).clamp(1, SIZE);
        let numbers = |replication: u64| {
            (replication / SIZE).saturating_mul(SIZE.div_ceil(lanes)) + replication % SIZE / lanes
        };
        let (first, end) = if self.count() == 0 {
            (0, 0)
        } else {
            (numbers(self.first), numbers(self.end - 1).saturating_add(1))
        };
        Pieces { portion: self, lanes, first, end }
    }

    /// Part `index` (from 0) of `of` parts of nearly equal length, cut between batches. Parts may be empty
    /// when there are more parts than batches.
    #[must_use]
    pub fn part(self, index: u64, of: u64) -> Self {
        let batches = u128::from(self.batches());
        let cut = |k: u64| {
            let batch = batches * u128::from(k) / u128::from(of.max(1));
            u64::try_from(batch).map_or(self.end, |batch| self.batch(batch))
        };
        Self { first: cut(index.min(of)), end: if index + 1 >= of { self.end } else { cut(index + 1) } }
    }
}

/// The pieces of a portion: see [`Portion::pieces`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pieces {
    portion: Portion,
    /// Most replications of a piece.
    lanes: u64,
    /// Number of the first piece, counted from replication 0, and one past that of the last.
    first: u64,
    end: u64,
}

impl Pieces {
    /// How many.
    #[must_use]
    pub fn count(self) -> u64 {
        self.end - self.first
    }

    /// The replications of piece `index` (from 0), if there is one.
    #[must_use]
    pub fn get(self, index: u64) -> Option<Portion> {
        if index >= self.count() {
            return None;
        }
        let (number, per_batch) = (self.first + index, SIZE.div_ceil(self.lanes));
        let batch = (number / per_batch).saturating_mul(SIZE);
        let from = batch.saturating_add(number % per_batch * self.lanes);
        let to = from.saturating_add(self.lanes).min(batch.saturating_add(SIZE));
        Some(Portion { first: from.max(self.portion.first), end: to.min(self.portion.end) })
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

    #[test]
    fn the_last_replications_there_can_be_are_cut_like_the_first() {
        let last = Portion { first: u64::MAX - 50, end: u64::MAX };
        let pieces = last.pieces(8);
        let all: Vec<Portion> = (0..pieces.count()).filter_map(|index| pieces.get(index)).collect();
        assert_eq!((all[0].first, all.last().map(|piece| piece.end)), (last.first, Some(last.end)));
        assert_eq!(all.iter().map(|piece| piece.count()).sum::<u64>(), 50);
        assert!(all.windows(2).all(|pair| pair[0].end == pair[1].first));
        assert_eq!(Portion { first: 0, end: u64::MAX }.pieces(0).count(), u64::MAX);
        assert_eq!(Portion { first: 9, end: 9 }.pieces(8).count(), 0);
        assert_eq!(Portion { first: 9, end: 3 }.pieces(8).get(0), None);
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
        fn pieces_cover_without_overlap(first in 0_u64..1000, count in 0_u64..500, lanes in 0_usize..40) {
            let whole = Portion { first, end: first + count };
            let pieces = whole.pieces(lanes);
            let mut at = first;
            for index in 0..pieces.count() {
                let piece = pieces.get(index).expect("one of them");
                prop_assert_eq!(piece.first, at);
                prop_assert!(piece.count() >= 1 && piece.count() <= (lanes.max(1) as u64).min(SIZE));
                prop_assert_eq!(piece.first / SIZE, (piece.end - 1) / SIZE, "of one batch");
                at = piece.end;
            }
            prop_assert_eq!(at, whole.end);
            prop_assert_eq!(pieces.get(pieces.count()), None);
            // Whoever begins later cuts at the same places.
            if count > 1 {
                let rest = Portion { first: first + count / 2, ..whole }.pieces(lanes);
                let ends = |pieces: Pieces| -> Vec<u64> { (0..pieces.count()).filter_map(|i| Some(pieces.get(i)?.end)).collect() };
                prop_assert!(ends(pieces).ends_with(&ends(rest)));
            }
        }
    }
}
