//! Random shocks of every kind for the networks of [`crate::graphs`].

use coercivity::id::{LineId, PoolId, RouteId};
use coercivity::policy::licence::{Capacity, Class, Licensing, Regime, ReviewLaw, Use};
use coercivity::policy::parameter::{Parameter, Value};
use coercivity::policy::shock::{End, Kind, RecoveryShape, Shock, Trigger, When};
use coercivity::random::sample::Distribution;
use coercivity::scenario::Scenario;

use crate::graphs::{Dice, START};

/// How many kinds of shocks [`shocks`] knows.
pub const KINDS: u8 = 15;

/// Shocks of the kinds given, by number.
pub fn shocks(kinds: &[u8], scenario: &Scenario, dice: &mut Dice) -> Vec<Shock> {
    let mut list: Vec<Shock> = Vec::new();
    for (position, &kind) in kinds.iter().enumerate() {
        let kind = kind_of(kind, &list, scenario, dice);
        let delay = if dice.chance(0.5) { Value::fixed(0.0) } else { uniform(0.0, 20.0) };
        let trigger = (position > 0 && dice.chance(0.25)).then(|| Trigger {
            after: dice.below(position),
            on_end: dice.chance(0.5),
            delay: uniform(0.0, 15.0),
            probability: dice.between(0.5, 1.0),
        });
        let end = match dice.below(4) {
            0 => End::Never,
            1 => End::At(When { date: START + 80 + dice.below(60) as i32, delay: uniform(0.0, 10.0) }),
            _ => End::After(uniform(5.0, 60.0)),
        };
        list.push(Shock {
            id: format!("shock-{position}"),
            title: String::new(),
            kind,
            start: When { date: START - 3 + dice.below(60) as i32, delay },
            end,
            trigger,
        });
    }
    list
}

fn uniform(low: f64, high: f64) -> Value {
    Value::from(Distribution::Uniform { low, high })
}

fn routes(scenario: &Scenario, dice: &mut Dice) -> Vec<RouteId> {
    let all: Vec<RouteId> = (0..scenario.lines.routes.len()).map(RouteId::new).collect();
    dice.some(&all)
}

fn pools(scenario: &Scenario, dice: &mut Dice) -> Vec<PoolId> {
    let all: Vec<PoolId> = (0..scenario.lines.pools.len()).map(PoolId::new).collect();
    dice.some(&all)
}

fn sinks(scenario: &Scenario, dice: &mut Dice) -> Vec<LineId> {
    let lines = &scenario.lines.lines;
    let all: Vec<LineId> =
        (0..lines.len()).filter(|l| lines[*l].final_demand > 0.0).map(LineId::new).collect();
    dice.some(&all)
}

/// A flow of the network, to measure tonnes by.
fn flow(scenario: &Scenario) -> f64 {
    scenario.lines.lines.iter().map(|line| line.final_demand).fold(0.0, f64::max)
}

fn kind_of(kind: u8, before: &[Shock], scenario: &Scenario, dice: &mut Dice) -> Kind {
    let daily = flow(scenario);
    match kind {
        0 | 1 => Kind::CapacityLoss {
            pools: pools(scenario, dice),
            loss: if kind == 0 { Value::fixed(1.0) } else { uniform(0.1, 0.9) },
            recovery: dice.pick(&[
                RecoveryShape::Instant,
                RecoveryShape::Linear,
                RecoveryShape::Exponential,
                RecoveryShape::Logistic,
            ]),
            recovery_days: uniform(1.0, 40.0),
        },
        2 => Kind::Embargo { routes: routes(scenario, dice) },
        3 => Kind::Quota {
            routes: routes(scenario, dice),
            tonnes: uniform(0.5 * daily, 20.0 * daily),
            period_days: 7 + dice.below(40) as u32,
        },
        4 | 5 => Kind::Licensing(licensing(scenario, dice)),
        6 => {
            let desks: Vec<(usize, usize)> = before
                .iter()
                .enumerate()
                .filter_map(|(i, shock)| match &shock.kind {
                    Kind::Licensing(licensing) => Some((i, licensing.classes.len())),
                    _ => None,
                })
                .collect();
            if desks.is_empty() {
                return Kind::Licensing(licensing(scenario, dice));
            }
            let (licensing, classes) = dice.pick(&desks);
            Kind::Regime(Regime {
                licensing,
                speed: (0..classes).map(|_| uniform(0.3, 4.0)).collect(),
                reject: dice.chance(0.5).then(|| Value::fixed(0.2)),
                returned: dice.chance(0.5).then(|| uniform(0.0, 0.5)),
                officers: None,
            })
        }
        7 => Kind::GeneralLicence { routes: routes(scenario, dice) },
        8 => Kind::OverCompliance { routes: routes(scenario, dice) },
        9 => Kind::Tariff { routes: routes(scenario, dice), rate: uniform(0.05, 1.0) },
        10 => Kind::LaneDelay { routes: routes(scenario, dice), days: uniform(1.0, 140.0) },
        11 => Kind::PortClosure { routes: routes(scenario, dice) },
        12 => Kind::DemandChange { lines: sinks(scenario, dice), factor: uniform(0.3, 1.8) },
        13 => Kind::StockpileRelease {
            routes: routes(scenario, dice),
            tonnes: uniform(1.0, 30.0 * daily),
            rate: dice.between(0.1, 2.0) * daily,
            trigger_cover: dice.between(1.0, 20.0),
        },
        _ => match dice.below(3) {
            0 => Kind::NewCapacity {
                pools: pools(scenario, dice),
                added: uniform(0.1, 1.0),
                ramp_days: uniform(0.0, 60.0),
                routes: if dice.chance(0.7) { routes(scenario, dice) } else { Vec::new() },
            },
            1 => Kind::Subsidy { pools: pools(scenario, dice), growth: uniform(0.0, 1.0) },
            _ => Kind::Substitution {
                lines: (0..scenario.lines.lines.len()).map(LineId::new).collect(),
                rate: uniform(0.2, 5.0),
                limit: dice.pick(&[0.3, 0.9, 1.0]),
            },
        },
    }
}

fn licensing(scenario: &Scenario, dice: &mut Dice) -> Licensing {
    let controlled = routes(scenario, dice);
    let classes = 1 + dice.below(2);
    Licensing {
        class_of: controlled.iter().map(|_| dice.below(classes) as u16).collect(),
        controlled,
        classes: (0..classes)
            .map(|class| Class {
                name: format!("class-{class}"),
                speed: if dice.chance(0.5) {
                    Value::fixed(1.0)
                } else {
                    Value::Parameter(Parameter::UsSpeed)
                },
                reject: dice.chance(0.3).then(|| uniform(0.0, 0.3)),
                returned: dice.chance(0.3).then(|| Value::fixed(0.4)),
                priority: 0,
                eligible_after: if dice.chance(0.3) { uniform(0.0, 30.0) } else { Value::fixed(0.0) },
            })
            .collect(),
        law: dice.pick(&[
            ReviewLaw::ShiftedExponential,
            ReviewLaw::Gamma,
            ReviewLaw::Deterministic,
            ReviewLaw::Exponential,
        ]),
        capacity: Capacity::Infinite,
        use_: dice.pick(&[Use::Multi, Use::Single]),
        de_minimis: None,
        quotas: Vec::new(),
        pairs: dice.pick(&[1, 1, 4]),
    }
}
