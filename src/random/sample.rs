//! Distributions: one uniform in, one variate out, on `libm` only.
//!
//! One uniform per variate is what common random numbers and quasi-random designs need; `libm` is what
//! makes the bits the same on every machine.

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
