//! Which parameters a distribution may have.

use crate::random::sample::Distribution;

/// Bounds within which `libm` neither overflows nor takes long; wider ones are refused.
const LARGEST: f64 = 1e100;
const SHAPES: (f64, f64) = (0.05, 1e4);
const LARGEST_CV: f64 = 1e3;

impl Distribution {
    /// Checks that the parameters are finite, in order, and positive where they must be.
    ///
    /// # Errors
    /// One sentence saying which parameter is wrong and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        match *self {
            Self::Fixed(value) => finite(&[("value", value)]),
            Self::Uniform { low, high } => ordered(&[("low", low), ("high", high)]),
            Self::Triangular { low, mode, high } | Self::Pert { low, mode, high } => {
                ordered(&[("low", low), ("mode", mode), ("high", high)])
            }
            Self::LogNormal { mean, cv } => {
                positive("mean", mean)?;
                within("cv", cv, (0.0, LARGEST_CV))
            }
            Self::Beta { alpha, beta, low, high } => {
                within("alpha", alpha, SHAPES)?;
                within("beta", beta, SHAPES)?;
                ordered(&[("low", low), ("high", high)])
            }
            Self::Exponential { mean } => positive("mean", mean),
            Self::Empirical { ref values, ref cumulative } => {
                for &value in values {
                    finite(&[("value", value)])?;
                }
                let rising = |list: &[f64]| list.windows(2).all(|pair| pair[0] <= pair[1]);
                if values.is_empty() || values.len() != cumulative.len() {
                    return Err(
                        "an empirical distribution needs as many weights as values, at least one".to_owned()
                    );
                }
                let ends =
                    cumulative[0] > 0.0 && cumulative[cumulative.len() - 1].to_bits() == 1.0_f64.to_bits();
                if !(rising(values) && rising(cumulative) && ends) {
                    return Err(
                        "values must ascend, cumulative weights too, from above 0 to exactly 1".to_owned()
                    );
                }
                Ok(())
            }
        }
    }
}

fn finite(parameters: &[(&str, f64)]) -> Result<(), String> {
    match parameters.iter().find(|(_, value)| !(value.is_finite() && value.abs() <= LARGEST)) {
        Some((name, value)) => {
            Err(format!("{name} is {value}; it must be a number between -1e100 and 1e100"))
        }
        None => Ok(()),
    }
}

fn ordered(parameters: &[(&str, f64)]) -> Result<(), String> {
    finite(parameters)?;
    match parameters.windows(2).find(|pair| pair[0].1 > pair[1].1) {
        Some(pair) => Err(format!(
            "{} ({}) is above {} ({}); the order is {}",
            pair[0].0,
            pair[0].1,
            pair[1].0,
            pair[1].1,
            parameters.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" <= ")
        )),
        None => Ok(()),
    }
}

fn positive(name: &str, value: f64) -> Result<(), String> {
    within(name, value, (1.0 / LARGEST, LARGEST))
        .map_err(|_| format!("{name} is {value}; it must be above 0 (and at most 1e100)"))
}

fn within(name: &str, value: f64, (least, most): (f64, f64)) -> Result<(), String> {
    if value >= least && value <= most {
        Ok(())
    } else {
        Err(format!("{name} is {value}; it must lie between {least} and {most}"))
    }
}

#[cfg(test)]
#[allow(clippy::pedantic)] // exact comparisons and casts are what is tested
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let wrong = [
            (Distribution::Uniform { low: 2.0, high: 1.0 }, "low (2) is above high (1)"),
            (Distribution::Triangular { low: 1.0, mode: 5.0, high: 4.0 }, "mode (5) is above high (4)"),
            (Distribution::Fixed(f64::NAN), "value is NaN"),
            (Distribution::Exponential { mean: 0.0 }, "mean is 0"),
            (Distribution::LogNormal { mean: 1.0, cv: -1.0 }, "cv is -1"),
            (Distribution::Beta { alpha: 0.0, beta: 1.0, low: 0.0, high: 1.0 }, "alpha is 0"),
        ];
        for (d, text) in wrong {
            let error = d.validate().expect_err(text);
            assert!(error.contains(text), "{error}");
        }
        assert!(Distribution::empirical(&[1.0], &[]).is_err());
        assert!(Distribution::empirical(&[1.0], &[0.0]).is_err());
        assert!(Distribution::empirical(&[1.0, f64::INFINITY], &[1.0, 1.0]).is_err());
    }
}
