//! Distributions: one uniform in, one variate out, on `libm` only.
//!
//! One uniform per variate is what common random numbers and quasi-random designs need; `libm` is what
//! makes the bits the same on every machine.

use std::fmt;

use crate::random::special::{beta_quantile, normal_quantile};

/// A fixed or uncertain input.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Distribution {
    /// A known number.
    Fixed(f64),
    /// Every value of [low, high] alike.
    Uniform {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// A triangle over [low, high] with its tip at `mode`.
    Triangular {
        /// Smallest value.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Largest value.
        high: f64,
    },
    /// A beta on [low, high] with mean (low + 4·mode + high)/6.
    Pert {
        /// Smallest value.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Largest value.
        high: f64,
    },
    /// Logarithm normally distributed, given by mean and coefficient of variation.
    LogNormal {
        /// Mean of the variate itself.
        mean: f64,
        /// Standard deviation ÷ mean.
        cv: f64,
    },
    /// Beta with shapes α, β stretched over [low, high].
    Beta {
        /// First shape.
        alpha: f64,
        /// Second shape.
        beta: f64,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Exponential with the given mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// One of the values, each as likely as its weight says.
    Empirical {
        /// The values, in ascending order.
        values: Vec<f64>,
        /// Cumulative weights, ending at 1, as long as `values`.
        cumulative: Vec<f64>,
    },
}

impl Distribution {
    /// `values` with `weights` (any positive scale), sorted by value; weights of zero drop out.
    ///
    /// # Errors
    /// Says what is wrong: unequal lengths, nothing left, a number not finite, a negative weight.
    pub fn empirical(values: &[f64], weights: &[f64]) -> Result<Self, String> {
        if values.len() != weights.len() {
            return Err(format!("{} values but {} weights", values.len(), weights.len()));
        }
        if let Some(w) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(format!("weight {w} is not a number of at least 0"));
        }
        let mut pairs: Vec<(f64, f64)> =
            values.iter().copied().zip(weights.iter().copied()).filter(|&(_, w)| w > 0.0).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = pairs.iter().map(|&(_, w)| w).sum();
        if pairs.is_empty() {
            return Err("no value has a weight above 0".to_owned());
        }
        if !total.is_finite() {
            return Err("the weights add up to more than a number can hold".to_owned());
        }
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = pairs
            .iter()
            .map(|&(_, w)| {
                sum += w;
                (sum / total).min(1.0)
            })
            .collect();
        if let Some(last) = cumulative.last_mut() {
            *last = 1.0; // whatever rounding left
        }
        let made = Self::Empirical { values: pairs.into_iter().map(|(v, _)| v).collect(), cumulative };
        made.validate().map(|()| made)
    }

    /// The value that is not exceeded with probability `u`, 0 < `u` < 1 (clamped to the nearest such
    /// numbers), in the unit of the input. Non-decreasing in `u` up to rounding, within
    /// [`Self::support`], never NaN for a distribution that passed [`Self::validate`] and a `u` that
    /// is a number.
    #[must_use]
    pub fn quantile(&self, u: f64) -> f64 {
        let u = u.clamp(f64::MIN_POSITIVE, 1.0 - 0.5 * f64::EPSILON);
        let (least, most) = self.support();
        if least >= most {
            return least;
        }
        let value = match *self {
            Self::Fixed(value) => value,
            Self::Uniform { low, high } => low + u * (high - low),
            Self::Triangular { low, mode, high } => {
                let width = high - low;
                if u * width < mode - low {
                    low + (u * width * (mode - low)).sqrt()
                } else {
                    high - ((1.0 - u) * width * (high - mode)).sqrt()
                }
            }
            Self::Pert { low, mode, high } => {
                let (alpha, beta) = pert_shapes(low, mode, high);
                low + (high - low) * beta_quantile(alpha, beta, u)
            }
            Self::LogNormal { mean, cv } => {
                let variance = libm::log1p(cv * cv);
                mean * libm::exp(variance.sqrt() * normal_quantile(u) - 0.5 * variance)
            }
            Self::Beta { alpha, beta, low, high } => low + (high - low) * beta_quantile(alpha, beta, u),
            Self::Exponential { mean } => -mean * libm::log1p(-u),
            Self::Empirical { ref values, ref cumulative } => {
                let position = cumulative.partition_point(|&c| c < u).min(values.len().saturating_sub(1));
                values.get(position).copied().unwrap_or(least)
            }
        };
        value.max(least).min(most)
    }

    /// Expected value, in the unit of the input.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Fixed(value) => value,
            Self::Uniform { low, high } => low + 0.5 * (high - low),
            Self::Triangular { low, mode, high } => low + ((mode - low) + (high - low)) / 3.0,
            Self::Pert { low, mode, high } => low + (4.0 * (mode - low) + (high - low)) / 6.0,
            Self::LogNormal { mean, .. } | Self::Exponential { mean } => mean,
            Self::Beta { alpha, beta, low, high } => low + (high - low) * alpha / (alpha + beta),
            Self::Empirical { ref values, ref cumulative } => {
                weighted(values, cumulative).map(|(value, weight)| value * weight).sum()
            }
        }
    }

    /// Variance, in the square of the unit of the input.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let of_beta = |alpha: f64, beta: f64, width: f64| {
            let sum = alpha + beta;
            width * width * alpha * beta / (sum * sum * (sum + 1.0))
        };
        match *self {
            Self::Fixed(_) => 0.0,
            Self::Uniform { low, high } => (high - low) * (high - low) / 12.0,
            Self::Triangular { low, mode, high } => {
                let (width, tip) = (high - low, mode - low);
                (width * width + tip * tip - width * tip) / 18.0
            }
            Self::Pert { low, mode, high } => {
                let (alpha, beta) = pert_shapes(low, mode, high);
                of_beta(alpha, beta, high - low)
            }
            Self::LogNormal { mean, cv } => mean * mean * cv * cv,
            Self::Beta { alpha, beta, low, high } => of_beta(alpha, beta, high - low),
            Self::Exponential { mean } => mean * mean,
            Self::Empirical { ref values, ref cumulative } => {
                let mean = self.mean();
                weighted(values, cumulative).map(|(value, w)| (value - mean) * (value - mean) * w).sum()
            }
        }
    }

    /// Smallest and largest possible value; the upper end may be infinite.
    #[must_use]
    pub fn support(&self) -> (f64, f64) {
        match *self {
            Self::Fixed(value) => (value, value),
            Self::Uniform { low, high }
            | Self::Triangular { low, high, .. }
            | Self::Pert { low, high, .. }
            | Self::Beta { low, high, .. } => (low, high),
            Self::LogNormal { mean, cv } if cv <= 0.0 => (mean, mean),
            Self::LogNormal { .. } | Self::Exponential { .. } => (0.0, f64::INFINITY),
            Self::Empirical { ref values, .. } => {
                (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0))
            }
        }
    }

    /// Whether every draw is the same number.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        let (least, most) = self.support();
        least >= most
    }
}

impl fmt::Display for Distribution {
    /// As the chapter on scenarios writes it: `triangular(1, 2, 4)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(value) => write!(f, "{value}"),
            Self::Uniform { low, high } => write!(f, "uniform({low}, {high})"),
            Self::Triangular { low, mode, high } => write!(f, "triangular({low}, {mode}, {high})"),
            Self::Pert { low, mode, high } => write!(f, "pert({low}, {mode}, {high})"),
            Self::LogNormal { mean, cv } => write!(f, "lognormal(mean {mean}, cv {cv})"),
            Self::Beta { alpha, beta, low, high } => write!(f, "beta({alpha}, {beta}; {low} to {high})"),
            Self::Exponential { mean } => write!(f, "exponential(mean {mean})"),
            Self::Empirical { values, .. } => {
                let (least, most) = self.support();
                write!(f, "empirical({} values, {least} to {most})", values.len())
            }
        }
    }
}

/// Beta shapes of a PERT; their sum is 6.
fn pert_shapes(low: f64, mode: f64, high: f64) -> (f64, f64) {
    let width = high - low;
    if width > 0.0 {
        (1.0 + 4.0 * (mode - low) / width, 1.0 + 4.0 * (high - mode) / width)
    } else {
        (3.0, 3.0)
    }
}

/// Each value with its own weight.
fn weighted<'a>(values: &'a [f64], cumulative: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let before = std::iter::once(0.0).chain(cumulative.iter().copied());
    values.iter().zip(cumulative.iter().zip(before)).map(|(&value, (&to, from))| (value, to - from))
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::philox::{Entity, Purpose, Streams};

    fn samples() -> Vec<Distribution> {
        vec![
            Distribution::Fixed(3.0),
            Distribution::Uniform { low: -2.0, high: 5.0 },
            Distribution::Triangular { low: 1.0, mode: 2.0, high: 4.0 },
            Distribution::Triangular { low: 1.0, mode: 1.0, high: 4.0 },
            Distribution::Triangular { low: 1.0, mode: 4.0, high: 4.0 },
            Distribution::Pert { low: 10.0, mode: 20.0, high: 60.0 },
            Distribution::Pert { low: 0.0, mode: 0.0, high: 1.0 },
            Distribution::LogNormal { mean: 5.0, cv: 0.4 },
            Distribution::Beta { alpha: 2.0, beta: 5.0, low: 0.0, high: 10.0 },
            Distribution::Beta { alpha: 0.5, beta: 0.5, low: 0.0, high: 1.0 },
            Distribution::Exponential { mean: 7.0 },
            Distribution::empirical(&[3.0, 1.0, 2.0], &[1.0, 2.0, 1.0]).expect("valid"),
        ]
    }

    /// Midpoint rule over the quantile function: its integral is the mean, of its square the second
    /// moment. Heavy tails leave a little outside 10⁵ cells, hence the tolerance.
    #[test]
    fn moments() {
        const N: u32 = 100_000;
        for d in samples() {
            d.validate().expect("valid");
            let draw = |i: u32| d.quantile((f64::from(i) + 0.5) / f64::from(N));
            let mean = (0..N).map(draw).sum::<f64>() / f64::from(N);
            let variance = (0..N).map(|i| (draw(i) - mean).powi(2)).sum::<f64>() / f64::from(N);
            assert!((mean - d.mean()).abs() < 1e-4 * d.mean().abs(), "{d}: mean {mean}");
            assert!((variance - d.variance()).abs() <= 2e-3 * d.variance(), "{d}: variance {variance}");
        }
    }

    #[test]
    fn closed_forms() {
        let d = Distribution::Triangular { low: 1.0, mode: 2.0, high: 4.0 };
        assert!((d.quantile(1.0 / 3.0) - 2.0).abs() < 1e-12, "a third lies below the mode");
        let d = Distribution::Exponential { mean: 2.0 };
        assert!((d.quantile(0.5) - 2.0 * std::f64::consts::LN_2).abs() < 1e-15);
        let d = Distribution::LogNormal { mean: 5.0, cv: 0.4 };
        assert!((d.quantile(0.5) - 5.0 / (1.16_f64).sqrt()).abs() < 1e-14, "median = mean/√(1+cv²)");
        let d = Distribution::empirical(&[3.0, 1.0], &[1.0, 3.0]).expect("valid");
        assert_eq!([0.1, 0.74, 0.76, 0.99].map(|u| d.quantile(u) as i32), [1, 1, 3, 3]);
    }

    /// The bits themselves: the same in debug and release and on every machine, or published numbers
    /// are not reproducible. A deliberate change of a sampler changes the pin, and every result.
    #[test]
    fn bits_are_pinned() {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for d in samples() {
            for i in 0..500_u32 {
                let u = Streams::new(5, 0).uniform(Purpose::Test, Entity(1), i, 0);
                hash = (hash ^ d.quantile(u).to_bits()).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        assert_eq!(hash, 0x8c87_b7d2_0ac4_8a97, "{hash:#x}");
    }

    #[test]
    fn shown_as_written() {
        assert_eq!(samples()[2].to_string(), "triangular(1, 2, 4)");
        assert_eq!(Distribution::Fixed(0.25).to_string(), "0.25");
    }

    /// Whoever skips `validate` gets some number or NaN, but never a panic or an endless loop.
    #[test]
    fn nonsense_does_not_panic() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e308];
        for low in odd {
            for high in odd {
                for d in [
                    Distribution::Uniform { low, high },
                    Distribution::Triangular { low, mode: 3.0, high },
                    Distribution::Pert { low, mode: f64::NAN, high },
                    Distribution::LogNormal { mean: low, cv: high },
                    Distribution::Beta { alpha: low, beta: high, low: 0.0, high: 1.0 },
                    Distribution::Exponential { mean: low },
                    Distribution::Empirical { values: vec![low], cumulative: vec![high, low] },
                    Distribution::Empirical { values: vec![], cumulative: vec![] },
                ] {
                    let _ = (d.quantile(0.3), d.quantile(f64::NAN), d.mean(), d.variance(), d.validate());
                }
            }
        }
    }

    fn any_distribution() -> impl Strategy<Value = Distribution> {
        let three = prop::array::uniform3(-1e3..1e3_f64).prop_map(|mut v| {
            v.sort_by(f64::total_cmp);
            v
        });
        prop_oneof![
            three.clone().prop_map(|v| Distribution::Uniform { low: v[0], high: v[2] }),
            three.clone().prop_map(|v| Distribution::Triangular { low: v[0], mode: v[1], high: v[2] }),
            three.clone().prop_map(|v| Distribution::Pert { low: v[0], mode: v[1], high: v[2] }),
            (1e-3..1e3_f64, 0.0..10.0_f64).prop_map(|(mean, cv)| Distribution::LogNormal { mean, cv }),
            (0.05..50.0_f64, 0.05..50.0_f64, three).prop_map(|(alpha, beta, v)| Distribution::Beta {
                alpha,
                beta,
                low: v[0],
                high: v[2]
            }),
            (1e-3..1e3_f64).prop_map(|mean| Distribution::Exponential { mean }),
            prop::collection::vec((-1e3..1e3_f64, 0.1..9.0_f64), 1..9).prop_map(|pairs| {
                let (values, weights): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
                Distribution::empirical(&values, &weights).expect("valid by construction")
            }),
        ]
    }

    proptest! {
        #[test]
        fn monotone_inside_and_never_nan(d in any_distribution(), us in prop::collection::vec(0.0..1.0_f64, 2..12)) {
            prop_assert_eq!(d.validate(), Ok(()));
            let mut us = us;
            us.extend([0.0, 1e-300, 1e-16, 0.5, 1.0 - 1e-16, 1.0]);
            us.sort_by(f64::total_cmp);
            let (least, most) = d.support();
            let mut last = f64::NEG_INFINITY;
            for u in us {
                let x = d.quantile(u);
                prop_assert!(x.is_finite() && x >= least && x <= most, "{} at {}: {}", d, u, x);
                prop_assert!(x >= last - 1e-12 * last.abs().max(1e-9), "{} at {}: {} after {}", d, u, x, last);
                last = x;
            }
        }
    }
}
