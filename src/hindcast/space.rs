//! What calibration may turn: twelve parameters, none of them of a single month.

use crate::policy::parameter::Parameter;
use crate::random::sample::Distribution;
use crate::scenario::Scenario;

/// What decides a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// China's exports of April to July.
    Exports,
    /// The number of automakers that stopped from April to July.
    Stops,
}

/// A parameter with the range it is turned over.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dimension {
    /// The parameter.
    pub parameter: Parameter,
    /// Lowest value: the low end of the registry's sweep.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// Decimals that values are rounded to, so that a file holds them exactly.
    pub decimals: usize,
    /// What decides it.
    pub evidence: Evidence,
}

/// The twelve dimensions, in the order of every file and table.
#[must_use]
pub fn dimensions() -> Vec<Dimension> {
    let dimension = |parameter: Parameter, decimals| {
        let (low, high) = parameter.describe().sweep;
        Dimension { parameter, low, high, decimals, evidence: Evidence::Exports }
    };
    let stops =
        |parameter, decimals| Dimension { evidence: Evidence::Stops, ..dimension(parameter, decimals) };
    vec![
        dimension(Parameter::DeskDeadTime, 1),
        dimension(Parameter::DeskMean, 1),
        dimension(Parameter::DeskEasing, 3),
        dimension(Parameter::UsSpeed, 3),
        dimension(Parameter::LicensedRate, 3),
        dimension(Parameter::OverCompliance, 3),
        dimension(Parameter::HoldLow, 1),
        dimension(Parameter::HoldHigh, 1),
        dimension(Parameter::Cancellation, 4),
        stops(Parameter::CoverFactor, 3),
        stops(Parameter::CoverSpread, 3),
        stops(Parameter::StandInDays, 0),
    ]
}

impl Dimension {
    /// Name in files.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.parameter.describe().key
    }

    /// Unit, for people.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        self.parameter.describe().unit
    }

    /// What it is, for people.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        self.parameter.describe().meaning
    }

    /// The value rounded to the decimals of the file.
    #[must_use]
    pub fn rounded(&self, value: f64) -> f64 {
        format!("{value:.*}", self.decimals).parse().unwrap_or(value)
    }

    /// The value at share `u` of the way from `low` to `high`.
    #[must_use]
    pub fn at(&self, u: f64) -> f64 {
        self.rounded(self.low + u * (self.high - self.low))
    }
}

/// Sets the parameters of a scenario, one value per dimension.
pub fn apply(scenario: &mut Scenario, values: &[f64]) {
    for (dimension, value) in dimensions().iter().zip(values) {
        scenario.parameters.set(dimension.parameter, Distribution::Fixed(*value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_a_file_holds() {
        for dimension in dimensions() {
            for u in [0.0, 0.123_456_789, 0.5, 1.0] {
                let value = dimension.at(u);
                assert!((dimension.low..=dimension.high).contains(&value));
                assert_eq!(value.to_string().parse::<f64>().ok(), Some(value));
            }
        }
        assert_eq!(dimensions().len(), 12);
    }

    /// With every dimension set, nothing of a calibration made before is left in the scenario.
    #[test]
    fn applied_values_replace_what_was_drawn_together() {
        let (mut scenario, _) = Scenario::bundled(crate::hindcast::SCENARIO).expect("bundled");
        assert!(scenario.parameters.joint().is_some_and(|joint| joint.parameters().count() == 12));
        let values: Vec<f64> = dimensions().iter().map(|dimension| dimension.at(0.4)).collect();
        apply(&mut scenario, &values);
        assert_eq!(scenario.parameters.joint().map(|joint| joint.parameters().count()), Some(0));
        for (dimension, value) in dimensions().iter().zip(values) {
            assert_eq!(*scenario.parameters.get(dimension.parameter), Distribution::Fixed(value));
        }
    }
}
