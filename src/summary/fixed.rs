//! Rounding to integer multiples of a quantum, once, and exact moments of the integers.

/// Largest number of steps a value may have. 2⁵⁰ steps are exact in `f64`, and the squared deviations
/// from the mean of 2²⁵ (33 million) such values, or differences of two, add up to less than 2¹²⁷.
pub const LIMIT: i64 = 1 << 50;

/// `value` in steps of `quantum` (above 0), rounded half away from zero; `None` if that is no number of at most
/// [`LIMIT`] steps.
#[must_use]
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // bounded by LIMIT
pub fn to_fixed(value: f64, quantum: f64) -> Option<i64> {
    let steps = (value / quantum).round();
    (quantum > 0.0 && steps.abs() <= LIMIT as f64).then_some(steps as i64)
}

/// The value of `steps` steps. Steps below one are powers of ten, say 10⁻³, which no `f64` holds
/// exactly: dividing by the whole inverse gives the number people would write, 0.003 and not
/// 0.003000…04.
#[must_use]
#[inline]
#[allow(clippy::cast_precision_loss)] // bounded by LIMIT
pub fn to_value(steps: i64, quantum: f64) -> f64 {
    scaled(steps as f64, quantum)
}

/// As [`to_value`], for a number of steps that need not be whole.
pub(crate) fn scaled(steps: f64, quantum: f64) -> f64 {
    let inverse = 1.0 / quantum;
    let whole = inverse.round();
    let near = (inverse - whole).abs() <= 4.0 * f64::EPSILON * whole;
    if quantum < 1.0 && near { steps / whole } else { steps * quantum }
}

/// Mean and standard deviation of `values`, in steps; NaN where undefined (no value, one value).
///
/// Sums are exact: deviations are from the rounded mean, at most 2⁵¹ each.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_wrap)]
pub(crate) fn moments(values: &[i64]) -> (f64, f64) {
    if values.is_empty() {
        return (f64::NAN, f64::NAN);
    }
    let n = values.len() as i128;
    let sum: i128 = values.iter().map(|&v| i128::from(v)).sum();
    let pivot = sum / n;
    let (mut first, mut second) = (0_i128, 0_i128);
    for &v in values {
        let deviation = i128::from(v) - pivot;
        first += deviation;
        second += deviation * deviation;
    }
    let n = n as f64;
    let first = first as f64;
    let mean = pivot as f64 + first / n;
    let variance = (second as f64 - first * (first / n)) / (n - 1.0);
    (mean, if values.len() < 2 { f64::NAN } else { variance.max(0.0).sqrt() })
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use super::*;

    #[test]
    fn rounding_and_limits() {
        assert_eq!(to_fixed(1.0, 1e-3), Some(1000));
        assert_eq!(to_fixed(-0.0015, 1e-3), Some(-2));
        assert_eq!(to_fixed(f64::NAN, 1.0), None);
        assert_eq!(to_fixed(f64::NEG_INFINITY, 1.0), None);
        assert_eq!(to_fixed(0.0, 0.0), None);
        assert_eq!(to_fixed(LIMIT as f64, 1.0), Some(LIMIT));
        assert_eq!(to_fixed(LIMIT as f64 * 1.1, 1.0), None);
        assert_eq!(to_fixed(1.0, -1.0), None);
        for (quantum, steps) in [(1e-3, 1e3), (1e-5, 1e5), (0.25, 4.0)] {
            for i in -3000..3000 {
                let value = f64::from(i) / steps;
                assert_eq!(to_fixed(value, quantum).map(|q| to_value(q, quantum)), Some(value));
            }
        }
    }

    #[test]
    fn moments_do_not_cancel_or_overflow() {
        let (mean, sd) = moments(&[LIMIT, LIMIT - 1, LIMIT - 2]);
        assert_eq!((mean, sd), ((LIMIT - 1) as f64, 1.0));
        let (mean, sd) = moments(&[LIMIT, -LIMIT]);
        assert_eq!(mean, 0.0);
        assert!((sd / (LIMIT as f64 * 2.0_f64.sqrt()) - 1.0).abs() < 1e-15);
        assert!(moments(&[]).0.is_nan());
        assert!(moments(&[1]).1.is_nan());
    }
}
