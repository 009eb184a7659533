//! Quantiles: exact from kept values, and from integer histograms where keeping all would be too much.
//!
//! Both interpolate linearly between order statistics: quantile p of n values is at rank (n − 1)·p,
//! counted from 0 (definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The
//! American Statistician 50 (1996); the default of R and `NumPy`).
//!
//! **Error of the histogram.** A bin is 1/128 of the reference wide up to four times the reference, and
//! at most 1/128 of its own lower end beyond. Each order statistic is found to within the width of its
//! bin and lies within the exact extremes, so quantiles of a constant are exact. Where there is no
//! reference, the unit is one quantum: integers below four are exact, larger ones to 1/128.

use crate::summary::fixed::{scaled, to_value};

/// Quantile `p` of values in ascending order, in steps; NaN if there is none.
///
/// ```
/// use coercivity::summary::quantile::of_sorted;
///
/// assert_eq!(of_sorted(&[10, 20, 40], 0.5), 20.0);
/// assert_eq!(of_sorted(&[10, 20, 40], 0.75), 30.0);
/// assert!(of_sorted(&[], 0.5).is_nan());
/// ```
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn of_sorted(values: &[i64], p: f64) -> f64 {
    interpolate(values.len() as u64, p, |rank| {
        usize::try_from(rank).ok().and_then(|rank| values.get(rank)).map_or(f64::NAN, |&v| v as f64)
    })
}

/// Interpolates between the two order statistics next to quantile `p` of `n`.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn interpolate(n: u64, p: f64, at_rank: impl Fn(u64) -> f64) -> f64 {
    let Some(last) = n.checked_sub(1) else { return f64::NAN };
    let rank = last as f64 * p.clamp(0.0, 1.0);
    let below = (rank as u64).min(last);
    let share = rank - below as f64;
    let low = at_rank(below);
    if share <= 0.0 || below == last { low } else { low + share * (at_rank(below + 1) - low) }
}

/// Bins below four times the unit.
const LINEAR: i32 = 512;
/// Bins per unit, and per octave beyond.
const FINE: i32 = 128;

/// The bin of `x`: ⌊128·x⌋ below 4, then 128 equal bins per octave; mirrored for negative numbers.
#[allow(clippy::cast_possible_truncation)]
fn bin(x: f64) -> i16 {
    let size = x.abs();
    let k = if size < 4.0 {
        (size * f64::from(FINE)) as i32
    } else {
        // Exponent and the first seven bits of the mantissa are the bin.
        let bits = size.to_bits() >> (52 - 7);
        i32::try_from(bits).unwrap_or(i32::MAX) - (1025 << 7) + LINEAR
    };
    let k = i16::try_from(k).unwrap_or(i16::MAX - 1);
    if x < 0.0 { -1 - k } else { k }
}

/// The smaller end of the `k`-th bin of positive numbers.
fn lower_end(k: i32) -> f64 {
    if k < LINEAR {
        f64::from(k) / f64::from(FINE)
    } else {
        let octave = (k - LINEAR) / FINE;
        let step = (k - LINEAR) % FINE;
        (1.0 + f64::from(step) / f64::from(FINE)) * libm::ldexp(4.0, octave)
    }
}

/// Both ends of a bin, ascending.
fn ends(bin: i16) -> (f64, f64) {
    let bin = i32::from(bin);
    if bin >= 0 { (lower_end(bin), lower_end(bin + 1)) } else { (-lower_end(-bin), -lower_end(-1 - bin)) }
}

/// Everything kept about one series in one period; all fields add up, or are extremes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) sum: i128,
    pub(crate) least: i64,
    pub(crate) most: i64,
    /// (bin, count) in ascending order of bins, no count of 0. Calm periods fill one bin.
    pub(crate) bins: Vec<(i16, u32)>,
}

impl Cell {
    /// Counts a value of `steps` quanta; one quantum is `scale` units of the histogram.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn push(&mut self, steps: i64, scale: f64) {
        let first = self.bins.is_empty();
        self.sum += i128::from(steps);
        self.least = if first { steps } else { self.least.min(steps) };
        self.most = if first { steps } else { self.most.max(steps) };
        self.add(bin(steps as f64 * scale), 1);
    }

    /// Asks for the bins, as values are about to be counted.
    pub(crate) fn expect(&self) {
        self.bins.iter().step_by(8).for_each(crate::machine::expect);
    }

    fn add(&mut self, bin: i16, count: u32) {
        match self.bins.binary_search_by_key(&bin, |entry| entry.0) {
            Ok(position) => self.bins[position].1 += count,
            Err(position) => self.bins.insert(position, (bin, count)),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if other.bins.is_empty() {
            return;
        }
        if self.bins.is_empty() {
            self.clone_from(other);
            return;
        }
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        for &(bin, count) in &other.bins {
            self.add(bin, count);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.bins.iter().map(|&(_, count)| u64::from(count)).sum()
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn mean(&self, quantum: f64) -> f64 {
        scaled(self.sum as f64 / self.count() as f64, quantum)
    }

    /// Quantile `p`, in the unit of the series.
    pub(crate) fn quantile(&self, p: f64, scale: f64, quantum: f64) -> f64 {
        let (least, most) = (to_value(self.least, quantum), to_value(self.most, quantum));
        let value = interpolate(self.count(), p, |rank| {
            scaled(self.at_rank(rank) / scale, quantum).max(least).min(most)
        });
        value.max(least).min(most)
    }

    /// The order statistic of `rank`, in units of the histogram, as if a bin's values were spread evenly.
    #[allow(clippy::cast_precision_loss)]
    fn at_rank(&self, rank: u64) -> f64 {
        let mut before = 0_u64;
        for &(bin, count) in &self.bins {
            if rank < before + u64::from(count) {
                let (low, high) = ends(bin);
                return low + (high - low) * ((rank - before) as f64 + 0.5) / f64::from(count);
            }
            before += u64::from(count);
        }
        f64::NAN
    }
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bins_meet_without_gaps() {
        for k in -3000..3000_i16 {
            let (low, high) = ends(k);
            assert!(low < high && high <= ends(k + 1).0 + 1e-300, "bin {k}");
            assert_eq!(bin(low + 0.5 * (high - low)), k);
            assert!(
                high - low <= (low.abs().max(high.abs()) / 128.0).max(1.0 / 128.0),
                "bin {k} is too wide"
            );
        }
        assert_eq!(bin(4.0), 512);
        assert_eq!(bin(f64::MAX).signum(), 1);
        assert_eq!(bin(-f64::MAX).signum(), -1);
    }

    #[test]
    fn definition_seven() {
        assert_eq!(of_sorted(&[1, 2, 3, 4], 0.5), 2.5);
        assert_eq!(of_sorted(&[10, 20], 0.05), 10.5);
        assert_eq!(of_sorted(&[7], 0.95), 7.0);
        assert!(of_sorted(&[], 0.5).is_nan());
    }

    proptest! {
        /// The stated error holds against exact order statistics.
        #[test]
        fn histogram_error(mut steps in prop::collection::vec(-200..40_000_i64, 1..80), reference in prop_oneof![Just(0.0), 1.0..3000.0_f64]) {
            let scale = if reference > 0.0 { 1.0 / reference } else { 1.0 };
            let mut cell = Cell::default();
            for &step in &steps {
                cell.push(step, scale);
            }
            steps.sort_unstable();
            for p in [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0] {
                let exact = of_sorted(&steps, p);
                let largest = steps.iter().map(|s| s.abs()).max().unwrap_or(0) as f64;
                let next = steps[((steps.len() - 1) as f64 * p).ceil() as usize] as f64;
                let size = next.abs().max(exact.abs()).max(steps[((steps.len() - 1) as f64 * p) as usize].abs() as f64);
                let bound = (size.min(largest) / 128.0).max(1.0 / scale / 128.0) * (1.0 + 1e-9);
                let got = cell.quantile(p, scale, 1.0);
                prop_assert!((got - exact).abs() <= bound, "{} of {:?}: {} not {}", p, steps, got, exact);
            }
        }
    }
}
