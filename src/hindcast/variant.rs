//! The same model with one mechanism less, to see what each contributes.

use crate::policy::parameter::{Parameter, Value};
use crate::policy::response::Sourcing;
use crate::policy::shock::Kind;
use crate::random::sample::Distribution;
use crate::scenario::Scenario;

use super::record::Month;

/// A change of the calibrated scenario.
#[derive(Clone, Copy)]
pub struct Variant {
    /// Name in files.
    pub key: &'static str,
    /// What it does, for people.
    pub title: &'static str,
    /// Whether it is one of the choices that were made with August to November in view.
    pub validation_choice: bool,
    change: fn(&mut Scenario),
}

impl std::fmt::Debug for Variant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key)
    }
}

const fn variant(key: &'static str, title: &'static str, change: fn(&mut Scenario)) -> Variant {
    Variant { key, title, validation_choice: false, change }
}

const fn choice(key: &'static str, title: &'static str, change: fn(&mut Scenario)) -> Variant {
    Variant { key, title, validation_choice: true, change }
}

/// All of them; the first are the choices made with August to November in view.
pub const ALL: &[Variant] = &[
    choice("no-tonnage-cap", "no cap on licensed shipments", |s| set(s, Parameter::LicensedRate, 1.0e9)),
    choice("no-stricter-september", "no stricter reviews in September", |s| {
        neutral(s, |start| start >= august());
    }),
    choice("no-us-multiplier", "United States treated like everybody", one_class),
    // The specified need reckons with no wait at all; that applicants do was decided when the months from August on
    // had been seen.
    choice("no-learning", "applicants reckon with the lawful review time alone", |s| {
        set(s, Parameter::WaitMemory, 0.0);
    }),
    choice("no-foresight", "applicants do not reckon with the review time", unforeseen),
    choice("none-of-these", "none of these five", |s| {
        set(s, Parameter::LicensedRate, 1.0e9);
        neutral(s, |start| start >= august());
        one_class(s);
        unforeseen(s);
    }),
    variant("one-pair", "one licence serves all pairs behind a route", |s| {
        for shock in &mut s.shocks {
            if let Kind::Licensing(licensing) = &mut shock.kind {
                licensing.pairs = 1;
            }
        }
    }),
    variant("stocks-as-in-the-data", "stocks as in the data, instead of calibrated on stops", |s| {
        set(s, Parameter::CoverFactor, 1.0);
    }),
    variant("nobody-stands-in", "no other supplier ever stands in for one that is missing", |s| {
        set(s, Parameter::StandInDays, 0.0);
    }),
    variant("no-customs-holds", "listed goods only: no holds of unlisted magnets", |s| {
        set(s, Parameter::OverCompliance, 0.0);
    }),
    variant("no-dead-time", "no dead time of the desk", |s| set(s, Parameter::DeskDeadTime, 0.0)),
    variant("no-easing", "the desk never eases", |s| neutral(s, |start| start < august())),
    variant("no-returns", "no application is returned", |s| {
        set(s, Parameter::DeskReturn, 0.0);
        for shock in &mut s.shocks {
            if let Kind::Regime(regime) = &mut shock.kind {
                regime.returned = None;
            }
        }
    }),
    variant("no-customs-lag", "customs record on the day of the gate", |s| {
        set(s, Parameter::CustomsLag, 0.0);
    }),
    variant("no-cancellation", "no order is cancelled", |s| set(s, Parameter::Cancellation, 0.0)),
    variant("no-lost-orders", "what is cancelled is ordered again at once", |s| {
        set(s, Parameter::LostFraction, 0.0);
    }),
    variant("no-panic", "targets do not rise in shortage", |s| set(s, Parameter::Panic, 0.0)),
    variant("no-air-freight", "no switch to air freight", |s| {
        let calm = s.parameters.get(Parameter::AirShare).clone();
        s.parameters.set(Parameter::AirShareShort, calm);
    }),
    variant("no-spread-of-stocks", "every buyer holds the same stocks", |s| {
        set(s, Parameter::CoverSpread, 0.0);
    }),
    variant("pooled-sourcing", "suppliers stand in for each other everywhere", |s| {
        s.switches.sourcing = [Sourcing::Pooled; 7];
    }),
];

/// Nobody reckons with the review time.
fn unforeseen(scenario: &mut Scenario) {
    set(scenario, Parameter::LicenceLead, 0.0);
    set(scenario, Parameter::WaitMemory, 0.0);
}

/// First day of August 2025: regimes from then on were not calibrated.
fn august() -> i32 {
    Month::new(2025, 8).first_day()
}

fn set(scenario: &mut Scenario, parameter: Parameter, value: f64) {
    scenario.parameters.set(parameter, Distribution::Fixed(value));
}

/// Regimes whose start is meant change nothing. They stay in the list, as others refer to their positions.
fn neutral(scenario: &mut Scenario, meant: impl Fn(i32) -> bool) {
    for shock in &mut scenario.shocks {
        if let Kind::Regime(regime) = &mut shock.kind
            && meant(shock.start.date)
        {
            regime.speed.fill(Value::fixed(1.0));
            (regime.reject, regime.returned, regime.officers) = (None, None, None);
        }
    }
}

/// Every class is as fast as the last one, everybody else.
fn one_class(scenario: &mut Scenario) {
    for shock in &mut scenario.shocks {
        match &mut shock.kind {
            Kind::Licensing(licensing) => {
                if let Some(general) = licensing.classes.last().map(|class| class.speed.clone()) {
                    licensing.classes.iter_mut().for_each(|class| class.speed = general.clone());
                }
            }
            Kind::Regime(regime) => {
                if let Some(general) = regime.speed.last().cloned() {
                    regime.speed.fill(general);
                }
            }
            _ => {}
        }
    }
}

impl Variant {
    /// The scenario changed.
    #[must_use]
    pub fn of(&self, scenario: &Scenario) -> Scenario {
        let mut own = scenario.clone();
        (self.change)(&mut own);
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_changes_the_scenario() {
        let (scenario, _) = Scenario::bundled(crate::hindcast::SCENARIO).expect("bundled");
        let mut keys = std::collections::BTreeSet::new();
        for variant in ALL {
            assert!(keys.insert(variant.key));
            assert_ne!(variant.of(&scenario).digest(), scenario.digest(), "{} changes nothing", variant.key);
        }
    }
}
