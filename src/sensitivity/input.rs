//! What is varied: parameters over their sweep ranges, and switches of behaviour as categories.

use crate::network::line::Stage;
use crate::policy::parameter::Parameter;
use crate::policy::response::{Production, Rationing, Sourcing};
use crate::random::sample::Distribution;
use crate::scenario::Scenario;

/// One uncertain input.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Input {
    /// A parameter, anywhere in its sweep range alike.
    Parameter(Parameter),
    /// The production function: hard, psi, critical.
    Production,
    /// The sourcing rule of part makers and automakers: pooled, dedicated, all-needed.
    Sourcing,
    /// The rationing rule: proportional, least-hurt-first, contract-first, domestic-first.
    Rationing,
}

/// The switches, in the order they are listed.
pub const SWITCHES: [Input; 3] = [Input::Production, Input::Sourcing, Input::Rationing];

impl Input {
    /// As it is typed: the parameter's key, or the switch's.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Parameter(parameter) => parameter.describe().key,
            Self::Production => "production",
            Self::Sourcing => "sourcing",
            Self::Rationing => "rationing",
        }
    }

    /// What it is varied over, for people.
    #[must_use]
    pub fn range(self) -> String {
        match self {
            Self::Parameter(parameter) => {
                let described = parameter.describe();
                format!("{} – {} {}", described.sweep.0, described.sweep.1, described.unit)
            }
            Self::Production => "hard, psi, critical".to_owned(),
            Self::Sourcing => "pooled, dedicated, all-needed".to_owned(),
            Self::Rationing => "proportional, least-hurt-first, contract-first, domestic-first".to_owned(),
        }
    }

    /// Sets it to its value at `uniform` (0 to 1).
    pub fn apply(self, uniform: f64, scenario: &mut Scenario) {
        match self {
            Self::Parameter(parameter) => {
                let (low, high) = parameter.describe().sweep;
                scenario.parameters.set(parameter, Distribution::Fixed(low + (high - low) * uniform));
            }
            Self::Production => {
                let all = [Production::Hard, Production::Psi, Production::Critical];
                scenario.switches.production = all[super::below(uniform, all.len())];
            }
            Self::Sourcing => {
                let all = [Sourcing::Pooled, Sourcing::Dedicated, Sourcing::AllNeeded];
                let rule = all[super::below(uniform, all.len())];
                for stage in [Stage::Component, Stage::Automaker] {
                    scenario.switches.sourcing[stage as usize] = rule;
                }
            }
            Self::Rationing => {
                let all = [
                    Rationing::Proportional,
                    Rationing::LeastHurtFirst,
                    Rationing::ContractFirst,
                    Rationing::DomesticFirst,
                ];
                scenario.switches.rationing = all[super::below(uniform, all.len())];
            }
        }
    }
}

/// All inputs: parameters in the order of the registry, then the switches.
#[must_use]
pub fn inputs() -> Vec<Input> {
    Parameter::ALL.iter().map(|parameter| Input::Parameter(*parameter)).chain(SWITCHES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_sweeps_are_allowed_values() {
        let all = inputs();
        assert!(all.len() <= super::super::design::MOST_INPUTS, "{}", all.len());
        for input in all {
            if let Input::Parameter(parameter) = input {
                let of = parameter.describe();
                assert!(
                    of.low <= of.sweep.0 && of.sweep.0 < of.sweep.1 && of.sweep.1 <= of.high,
                    "{}",
                    of.key
                );
            }
        }
    }

    #[test]
    fn categories_take_equal_parts() {
        let (mut scenario, _) = Scenario::bundled("baseline").unwrap();
        for (uniform, rule) in
            [(0.0, Sourcing::Pooled), (0.34, Sourcing::Dedicated), (1.0, Sourcing::AllNeeded)]
        {
            Input::Sourcing.apply(uniform, &mut scenario);
            assert_eq!(scenario.switches.sourcing[Stage::Automaker as usize], rule);
        }
    }
}
