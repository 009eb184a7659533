//! What calibration may turn: nine numbers, none of them of a single month.

use super::record::Month;
use crate::policy::parameter::{Parameter, Value};
use crate::policy::shock::Kind;
use crate::random::sample::Distribution;
use crate::scenario::Scenario;

/// Regimes that start before this month ease the desk; what comes later is not calibrated.
const EASED_BEFORE: Month = Month::new(2025, 8);

/// Something to turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Knob {
    /// A parameter of the registry.
    Parameter(Parameter),
    /// How fast the desk is after all regimes of April to July together, relative to its first day. The
    /// regimes share it in the proportions (of logarithms) that the scenario gives them, and what the scenario
    /// gives one class beyond the others stays as it is.
    Easing,
}

/// A knob with the range it is turned over.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dimension {
    /// The knob.
    pub knob: Knob,
    /// Lowest value; of parameters the low end of the registry's sweep.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// Decimals that values are rounded to, so that a file holds them exactly.
    pub decimals: usize,
}

/// The nine dimensions, in the order of every file and table.
#[must_use]
pub fn dimensions() -> Vec<Dimension> {
    let parameter = |parameter: Parameter, decimals| {
        let (low, high) = parameter.describe().sweep;
        Dimension { knob: Knob::Parameter(parameter), low, high, decimals }
    };
    vec![
        parameter(Parameter::DeskDeadTime, 1),
        parameter(Parameter::DeskMean, 1),
        Dimension { knob: Knob::Easing, low: 1.0, high: 2.5, decimals: 3 },
        parameter(Parameter::UsSpeed, 3),
        parameter(Parameter::LicensedRate, 3),
        parameter(Parameter::OverCompliance, 3),
        parameter(Parameter::HoldLow, 1),
        parameter(Parameter::HoldHigh, 1),
        parameter(Parameter::Cancellation, 4),
    ]
}

impl Dimension {
    /// Name in files.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self.knob {
            Knob::Parameter(parameter) => parameter.describe().key,
            Knob::Easing => "easing",
        }
    }

    /// Unit, for people.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self.knob {
            Knob::Parameter(parameter) => parameter.describe().unit,
            Knob::Easing => "ratio",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self.knob {
            Knob::Parameter(parameter) => parameter.describe().meaning,
            Knob::Easing => "Speed of the desk after the talks of May and June 2025, relative to April.",
        }
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

/// Sets the knobs of a scenario, one value per dimension.
pub fn apply(scenario: &mut Scenario, values: &[f64]) {
    for (dimension, value) in dimensions().iter().zip(values) {
        match dimension.knob {
            Knob::Parameter(parameter) => scenario.parameters.set(parameter, Distribution::Fixed(*value)),
            Knob::Easing => ease(scenario, *value),
        }
    }
}

fn fixed(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Drawn(distribution)) => distribution.mean(),
        _ => 1.0,
    }
}

/// Makes the speeds of the easing regimes multiply to `total`.
fn ease(scenario: &mut Scenario, total: f64) {
    let until = EASED_BEFORE.first_day();
    let mut regimes: Vec<(Vec<f64>, f64)> = Vec::new();
    for shock in &scenario.shocks {
        if let Kind::Regime(regime) = &shock.kind
            && shock.start.date < until
        {
            // The last class is the one of everybody else.
            let general = fixed(regime.speed.last()).max(f64::MIN_POSITIVE);
            let beyond = regime.speed.iter().map(|speed| fixed(Some(speed)) / general).collect();
            regimes.push((beyond, libm::log(general).max(0.0)));
        }
    }
    let sum: f64 = regimes.iter().map(|(_, weight)| weight).sum();
    #[allow(clippy::cast_precision_loss)]
    let equal = 1.0 / regimes.len().max(1) as f64;
    let mut next = regimes.into_iter();
    for shock in &mut scenario.shocks {
        if let Kind::Regime(regime) = &mut shock.kind
            && shock.start.date < until
            && let Some((beyond, weight)) = next.next()
        {
            let part = if sum > 0.0 { weight / sum } else { equal };
            let speed = libm::pow(total, part);
            regime.speed = beyond.iter().map(|factor| Value::fixed(speed * factor)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speeds(scenario: &Scenario) -> Vec<Vec<f64>> {
        let of = |kind: &Kind| match kind {
            Kind::Regime(regime) => Some(regime.speed.iter().map(|speed| fixed(Some(speed))).collect()),
            _ => None,
        };
        scenario
            .shocks
            .iter()
            .filter(|s| s.start.date < EASED_BEFORE.first_day())
            .filter_map(|s| of(&s.kind))
            .collect()
    }

    #[test]
    fn easing_sets_the_product_and_keeps_what_classes_have_beyond_others() {
        let (mut scenario, _) = Scenario::bundled(crate::hindcast::SCENARIO).expect("bundled");
        let before = speeds(&scenario);
        assert!(before.len() >= 2, "regimes of May and June");
        let general = |all: &[Vec<f64>]| -> f64 { all.iter().filter_map(|s| s.last()).product() };
        let first = |all: &[Vec<f64>]| -> f64 { all.iter().filter_map(|s| s.first()).product() };
        ease(&mut scenario, 2.0);
        let after = speeds(&scenario);
        assert!((general(&after) - 2.0).abs() < 1e-12);
        assert!((first(&after) / general(&after) - first(&before) / general(&before)).abs() < 1e-12);
        ease(&mut scenario, general(&before));
        for (a, b) in speeds(&scenario).iter().flatten().zip(before.iter().flatten()) {
            assert!((a - b).abs() < 1e-12, "easing by what it was changes nothing");
        }
        let september = scenario
            .shocks
            .iter()
            .filter(|s| s.start.date >= EASED_BEFORE.first_day() && matches!(s.kind, Kind::Regime(_)));
        assert_eq!(september.count(), 1, "later regimes are not touched");
    }

    #[test]
    fn values_are_what_a_file_holds() {
        for dimension in dimensions() {
            for u in [0.0, 0.123_456_789, 0.5, 1.0] {
                let value = dimension.at(u);
                assert!((dimension.low..=dimension.high).contains(&value));
                assert_eq!(value.to_string().parse::<f64>().ok(), Some(value));
            }
        }
        assert_eq!(dimensions().len(), 9);
    }
}
