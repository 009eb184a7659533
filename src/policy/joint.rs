//! Parameters that are drawn together: each replication takes one of several sets of values as a whole.
//!
//! A calibration leaves sets that fit, not numbers that fit one by one: a long review with a fast easing and a
//! short one with a slow easing may both reproduce the record, and mixing them does not.

use super::parameter::Parameter;

/// Equally likely sets of values.
#[derive(Clone, PartialEq, Debug)]
pub struct Joint {
    /// The parameter of each column; `None` where it was set to something else since.
    columns: Vec<Option<Parameter>>,
    sets: Vec<Vec<f64>>,
}

impl Joint {
    /// `sets` of one value for each of `parameters`; `None` when there is no set or one of another length.
    #[must_use]
    pub fn new(parameters: &[Parameter], sets: Vec<Vec<f64>>) -> Option<Self> {
        let fits = !sets.is_empty() && sets.iter().all(|set| set.len() == parameters.len());
        fits.then(|| Self { columns: parameters.iter().copied().map(Some).collect(), sets })
    }

    /// How many sets there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sets.len()
    }

    /// Parameters that are drawn so.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter> + '_ {
        self.columns.iter().flatten().copied()
    }

    /// The value of a parameter in every set.
    #[must_use]
    pub fn values(&self, parameter: Parameter) -> Option<Vec<f64>> {
        let column = self.columns.iter().position(|own| *own == Some(parameter))?;
        Some(self.sets.iter().map(|set| set[column]).collect())
    }

    /// The set that one uniform on (0, 1) picks.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn pick(&self, uniform: f64) -> usize {
        ((uniform * self.sets.len() as f64) as usize).min(self.sets.len() - 1)
    }

    /// Parameters and values of one set.
    pub fn set(&self, position: usize) -> impl Iterator<Item = (Parameter, f64)> + '_ {
        let values = self.sets.get(position).into_iter().flatten();
        self.columns.iter().zip(values).filter_map(|(parameter, value)| Some(((*parameter)?, *value)))
    }

    /// A parameter is set to something else: the others are drawn together as before.
    pub(super) fn release(&mut self, parameter: Parameter) {
        self.columns.iter_mut().filter(|own| **own == Some(parameter)).for_each(|own| *own = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_uniform_picks_a_whole_set() {
        let (mean, speed) = (Parameter::DeskMean, Parameter::UsSpeed);
        let mut joint = Joint::new(&[mean, speed], vec![vec![50.0, 0.3], vec![90.0, 0.6]]).expect("fits");
        assert_eq!([1e-9, 0.49, 0.5, 0.999_999].map(|u| joint.pick(u)), [0, 0, 1, 1]);
        assert_eq!(joint.set(1).collect::<Vec<_>>(), [(mean, 90.0), (speed, 0.6)]);
        assert_eq!(joint.values(speed), Some(vec![0.3, 0.6]));
        joint.release(mean);
        assert_eq!(joint.set(1).collect::<Vec<_>>(), [(speed, 0.6)]);
        assert_eq!(joint.values(mean), None);
        assert!(Joint::new(&[mean], vec![]).is_none() && Joint::new(&[mean], vec![vec![]]).is_none());
    }
}
