//! A summary as bytes, for checkpoints and shards.
//!
//! ```text
//! "COERSUM" version(1)   SHA-256 of the design   counts, varints (7 bits per byte, zigzag if signed)
//! replications, ascending, as differences        metrics, column by column
//! series cells: sum least most bins (bin, count) SHA-256 of everything before
//! ```
//!
//! The same outcomes give the same bytes, in whatever order they were pushed or merged.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::summary::fixed::LIMIT;
use crate::summary::quantile::Cell;
use crate::summary::{Design, Summary};

const MAGIC: &[u8; 8] = b"COERSUM\x01";
const DAMAGED: &str = "the summary is damaged: its numbers contradict each other";

/// Writes integers, texts and numbers without gaps.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    #[allow(clippy::cast_possible_truncation)] // seven bits at a time
    fn unsigned(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    #[allow(clippy::cast_sign_loss)] // zigzag: 0, −1, 1, −2 … become 0, 1, 2, 3 …
    fn signed(&mut self, value: i128) {
        self.unsigned(((value << 1) ^ (value >> 127)) as u128);
    }

    pub(crate) fn count(&mut self, value: usize) {
        self.unsigned(value as u128);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn number(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_bits().to_le_bytes());
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn unsigned(&mut self) -> Option<u128> {
        let mut value = 0_u128;
        for shift in (0..128).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u128::from(byte & 0x7f);
            value |= bits.checked_mul(1_u128 << shift)?;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    #[allow(clippy::cast_possible_wrap)] // zigzag backwards
    fn signed(&mut self) -> Option<i128> {
        let value = self.unsigned()?;
        Some((value >> 1) as i128 ^ -((value & 1) as i128))
    }

    fn whole<T: TryFrom<u128>>(&mut self) -> Option<T> {
        T::try_from(self.unsigned()?).ok()
    }

    /// A fixed-point value within its limit.
    fn steps(&mut self) -> Option<i64> {
        i64::try_from(self.signed()?).ok().filter(|v| (-LIMIT..=LIMIT).contains(v))
    }
}

impl Summary {
    /// The summary in its one canonical form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let width = self.design.metrics.len();
        let row = |i: usize| &self.rows[i * width..(i + 1) * width];
        let mut order: Vec<usize> = (0..self.replications.len()).collect();
        order.sort_unstable_by(|&a, &b| (self.replications[a], row(a)).cmp(&(self.replications[b], row(b))));

        let mut w = Writer(MAGIC.to_vec());
        w.0.extend_from_slice(&self.design.digest());
        w.count(order.len());
        let mut last = 0;
        for &i in &order {
            w.unsigned(u128::from(self.replications[i] - last));
            last = self.replications[i];
        }
        for metric in 0..width {
            for &i in &order {
                w.signed(i128::from(row(i)[metric]));
            }
        }
        for cell in &self.cells {
            w.signed(cell.sum);
            w.signed(i128::from(cell.least));
            w.signed(i128::from(cell.most));
            w.count(cell.bins.len());
            for &(bin, count) in &cell.bins {
                w.signed(i128::from(bin));
                w.unsigned(u128::from(count));
            }
        }
        let checksum = Sha256::digest(w.as_slice());
        w.0.extend_from_slice(&checksum);
        w.0
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// One sentence: not a summary, another version, another design (scenario, network or horizon
    /// changed), or damaged.
    pub fn from_bytes(bytes: &[u8], design: Arc<Design>) -> Result<Self, String> {
        let Some(rest) = bytes.strip_prefix(&MAGIC[..7]) else {
            return Err("this is not a summary of replications".to_owned());
        };
        if rest.first() != Some(&MAGIC[7]) {
            return Err("the summary was written by another version of the program".to_owned());
        }
        let Some((body, checksum)) = bytes.split_last_chunk::<32>().filter(|(body, _)| body.len() >= 40)
        else {
            return Err("the summary is cut off".to_owned());
        };
        if Sha256::digest(body).as_slice() != checksum {
            return Err("the summary is damaged: its checksum does not match".to_owned());
        }
        if body[8..40] != design.digest() {
            return Err("the summary counts other metrics or series than this run".to_owned());
        }
        let mut summary = Self::new(design);
        let mut reader = Reader(&body[40..]);
        summary.fill(&mut reader).filter(|()| reader.0.is_empty()).ok_or_else(|| DAMAGED.to_owned())?;
        Ok(summary)
    }

    /// Reads the counts; `None` at the first contradiction. Memory grows only as bytes are read.
    fn fill(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let count: usize = reader.whole()?;
        let mut last = 0_u64;
        for _ in 0..count {
            last = last.checked_add(reader.whole()?)?;
            self.replications.push(last);
        }
        let width = self.design.metrics.len();
        self.rows = vec![0; count.checked_mul(width)?];
        for metric in 0..width {
            for i in 0..count {
                self.rows[i * width + metric] = reader.steps()?;
            }
        }
        let largest_sum = i128::from(LIMIT).checked_mul(i128::try_from(count).ok()?)?;
        for cell in &mut self.cells {
            let sum = reader.signed()?;
            let smallest = reader.steps()?;
            let largest = reader.steps()?;
            let mut bins = Vec::new();
            for _ in 0..reader.whole::<usize>()? {
                bins.push((i16::try_from(reader.signed()?).ok()?, reader.whole::<u32>()?));
            }
            let rising = bins.windows(2).all(|pair| pair[0].0 < pair[1].0);
            let filled = bins.iter().all(|&(_, count)| count > 0);
            *cell = Cell { sum, least: smallest, most: largest, bins };
            if !(rising && filled && smallest <= largest && (-largest_sum..=largest_sum).contains(&sum)) {
                return None;
            }
            if usize::try_from(cell.count()).ok()? != count {
                return None;
            }
        }
        Some(())
    }
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::summary::tests::{design, outcome};

    fn small() -> Summary {
        let mut s = Summary::new(design());
        for i in 0..5_u32 {
            s.push(&outcome(u64::from(i) << 40, f64::from(i) * -7.5, f64::from(i))).expect("finite");
        }
        s
    }

    #[test]
    fn integers_survive() {
        let mut w = Writer::default();
        for v in [0, 1, -1, 63, -64, 64, i128::MAX, i128::MIN] {
            w.signed(v);
        }
        w.unsigned(u128::MAX);
        let mut r = Reader(w.as_slice());
        for v in [0, 1, -1, 63, -64, 64, i128::MAX, i128::MIN] {
            assert_eq!(r.signed(), Some(v));
        }
        assert_eq!((r.unsigned(), r.unsigned()), (Some(u128::MAX), None));
    }

    #[test]
    fn damage_is_told_apart() {
        let bytes = small().to_bytes();
        let problem = |bytes: &[u8]| Summary::from_bytes(bytes, design()).expect_err("damaged");
        assert!(problem(b"hello").contains("not a summary"));
        assert!(problem(&bytes[..20]).contains("cut off"));
        assert!(problem(&bytes[..bytes.len() - 1]).contains("checksum"));
        let mut newer = bytes.clone();
        newer[7] = 2;
        assert!(problem(&newer).contains("another version"));
        let mut other = (*design()).clone();
        other.metrics[0].name.push('x');
        let error = Summary::from_bytes(&bytes, Arc::new(other)).expect_err("other design");
        assert!(error.contains("other metrics"), "{error}");
    }

    proptest! {
        /// Even with a checksum that fits, no body whatever makes the reader panic or run away.
        #[test]
        fn hostile_bodies(at in 40_usize..200, with in any::<u8>(), cut in 0_usize..100, tail in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = small().to_bytes();
            bytes.truncate(bytes.len() - 32);
            let end = (bytes.len() - cut).max(40);
            bytes.truncate(end);
            bytes.extend(tail);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = with;
            }
            let checksum = Sha256::digest(&bytes);
            bytes.extend_from_slice(&checksum);
            if let Ok(mut read) = Summary::from_bytes(&bytes, design()) {
                read.merge(small()).expect("same design");
                let _ = (read.metric(0), read.series(0), read.to_bytes());
            }
        }
    }
}
