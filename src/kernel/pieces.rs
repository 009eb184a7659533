//! Many lists of seats in one memory, each in pieces of one cache line.
//!
//! To put a seat down touches the end of its list and nothing else, and who reads a list waits once for fifteen seats.

/// No piece.
const NONE: u32 = u32::MAX;

/// Seats in a piece of a list: with the next piece's number, one cache line.
const SEATS: usize = 15;

/// A piece of a list.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Piece {
    seats: [u32; SEATS],
    /// The piece that was filled before this one, or the next empty one.
    next: u32,
}

/// Seats in no order: the piece that is being filled, and how many seats it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    piece: u32,
    count: u32,
}

impl List {
    pub(crate) const EMPTY: Self = Self { piece: NONE, count: 0 };
}

/// Pieces of all lists.
#[derive(Debug)]
pub(crate) struct Pieces {
    all: Vec<Piece>,
    /// The first of those that no list has.
    empty: u32,
}

impl Default for Pieces {
    fn default() -> Self {
        Self { all: Vec::new(), empty: NONE }
    }
}

impl Pieces {
    /// Forgets all lists, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.empty = NONE;
    }

    /// Puts a seat down at the end of a list.
    pub(crate) fn push(&mut self, list: &mut List, seat: u32) {
        if list.piece == NONE || list.count as usize == SEATS {
            let piece = self.take();
            self.all[piece as usize].next = list.piece;
            *list = List { piece, count: 0 };
        }
        self.all[list.piece as usize].seats[list.count as usize] = seat;
        list.count += 1;
    }

    /// An empty piece.
    fn take(&mut self) -> u32 {
        if let Some(piece) = self.all.get(self.empty as usize) {
            return std::mem::replace(&mut self.empty, piece.next);
        }
        self.all.push(Piece { seats: [0; SEATS], next: NONE });
        u32::try_from(self.all.len() - 1).unwrap_or(NONE)
    }

    /// Seats of a list, the latest piece first.
    pub(crate) fn seats(&self, list: List) -> impl Iterator<Item = u32> + '_ {
        let later = std::iter::successors(self.all.get(list.piece as usize), |piece| {
            self.all.get(piece.next as usize)
        });
        let counts = std::iter::once(list.count as usize).chain(std::iter::repeat(SEATS));
        later.zip(counts).flat_map(|(piece, count)| &piece.seats[..count]).copied()
    }

    /// Takes all seats off a list, whose pieces are empty then.
    pub(crate) fn drain(&mut self, list: &mut List, each: impl FnMut(u32)) {
        let whole = std::mem::replace(list, List::EMPTY);
        self.seats(whole).for_each(each);
        let mut at = whole.piece;
        while let Some(piece) = self.all.get_mut(at as usize) {
            let next = std::mem::replace(&mut piece.next, self.empty);
            self.empty = std::mem::replace(&mut at, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_apart_and_share_their_pieces() {
        assert_eq!(size_of::<Piece>(), 64, "one cache line");
        let (mut pieces, mut lists) = (Pieces::default(), [List::EMPTY; 3]);
        for round in 0..3 {
            // Of 40, 20 and no seats: three pieces, two and none.
            for seat in 0..60_u32 {
                pieces.push(&mut lists[usize::from(seat >= 40)], seat);
            }
            assert_eq!(pieces.seats(lists[2]).count(), 0);
            for (list, own) in lists.iter_mut().zip([0..40_u32, 40..60, 0..0]) {
                let mut found: Vec<u32> = Vec::new();
                pieces.drain(list, |seat| found.push(seat));
                found.sort_unstable();
                assert_eq!(found, own.collect::<Vec<u32>>(), "round {round}");
                assert_eq!(pieces.seats(*list).count(), 0, "nothing is left");
            }
            assert_eq!(pieces.all.len(), 5, "pieces are used again");
        }
    }
}
