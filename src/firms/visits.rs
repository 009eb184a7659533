//! Which firms a step of [`super::cascade`] visits: a bit each, in ascending order.

/// A set of firms.
pub(super) struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    pub(super) fn new(count: usize) -> Self {
        Self { words: vec![0; count.div_ceil(64)], count }
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    #[inline]
    pub(super) fn set(&mut self, at: usize) {
        self.words[at / 64] |= 1 << (at % 64);
    }

    fn fill(&mut self) {
        self.words.fill(u64::MAX);
        if let Some(last) = self.words.last_mut().filter(|_| !self.count.is_multiple_of(64)) {
            *last = (1 << (self.count % 64)) - 1;
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Positions of all bits, ascending.
    #[inline(always)]
    pub(super) fn ones(&self) -> Ones<'_> {
        Ones { words: &self.words, at: 0, word: self.words.first().copied().unwrap_or(0) }
    }

    pub(super) fn each(&self, visit: impl FnMut(usize)) {
        self.ones().for_each(visit);
    }
}

/// See [`Bits::ones`]. A loop over it stands in the function that is compiled for an instruction set; the body of a
/// closure would not.
pub(super) struct Ones<'a> {
    words: &'a [u64],
    at: usize,
    /// What is left of the word at `at`.
    word: u64,
}

impl Iterator for Ones<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.at += 1;
            self.word = *self.words.get(self.at)?;
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(self.at * 64 + bit)
    }
}

/// Marks neighbours until so many are marked that visiting all is no dearer.
pub(super) struct Marks<'a> {
    bits: &'a mut Bits,
    left: usize,
}

impl<'a> Marks<'a> {
    pub(super) fn new(bits: &'a mut Bits, edges: usize) -> Self {
        Self { bits, left: edges / 2 + 1 }
    }

    #[inline]
    pub(super) fn add(&mut self, firms: &[u32]) {
        if self.left == 0 {
            return;
        }
        if firms.len() >= self.left {
            self.left = 0;
            self.bits.fill();
            return;
        }
        self.left -= firms.len();
        for firm in firms {
            self.bits.set(*firm as usize);
        }
    }
}
