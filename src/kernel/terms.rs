//! The terms of a licensing rule: how fast, how strict and how well staffed the desk is under the regimes in
//! force, and the load that follows.

use super::layout::{Kernel, Rule};
use super::scratch::{Row, State, rows};
use crate::policy::licence::{Capacity, Licensing, Regime};
use crate::policy::parameter::{Parameter, Value};
use crate::policy::shock::Kind;
use crate::random::philox::{Entity, Purpose, Streams};

/// Numbers of draws: classes use 16 each from 0 on.
const OFFICERS: u32 = 0x0100_0000;
const EFFORT: u32 = 0x0100_0001;
const DE_MINIMIS: u32 = 0x0100_0002;
const QUOTAS: u32 = 0x0200_0000;

/// Most officers that anybody asks for; keeps sums far from overflow.
const MOST_OFFICERS: f64 = 1.0e6;

/// Terms in force, per lane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms<const L: usize> {
    /// Days of work done per day on a case of each class.
    pub speed: Vec<Row<L>>,
    /// The same before the terms last changed.
    before: Vec<Row<L>>,
    /// Probability of rejection by class.
    pub reject: Vec<Row<L>>,
    /// Probability of return by class.
    pub returned: Vec<Row<L>>,
    /// Days from the rule's start before which a class may not file.
    pub eligible: Vec<Row<L>>,
    /// Tonnes per period of each quota.
    pub quota: Vec<Row<L>>,
    /// Officers, officer-days a case takes (neither used by a desk that serves everybody at once), and the
    /// share of value from which the rule asks for a licence.
    single: [Vec<Row<L>>; 3],
}

/// Positions in `Terms::single`.
const COUNT: usize = 0;
const DAYS: usize = 1;
const SHARE: usize = 2;

/// First of the sixteen numbers of a class's draws: made of its name, so that a class more shifts nobody else's luck.
fn class_number(name: &str) -> u32 {
    Entity::of(name).0 << 4
}

impl<const L: usize> Terms<L> {
    pub(crate) fn new(rule: &Rule, licensing: &Licensing) -> Self {
        Self {
            speed: rows(rule.classes),
            before: rows(rule.classes),
            reject: rows(rule.classes),
            returned: rows(rule.classes),
            eligible: rows(rule.classes),
            quota: rows(licensing.quotas.len()),
            single: [rows(1), rows(1), rows(1)],
        }
    }

    /// Officers at work; `None` where every case is served at once.
    pub(crate) fn servers(&self, licensing: &Licensing, lane: usize) -> Option<u32> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped just before")]
        let officers = libm::round(self.single[COUNT][0][lane].clamp(0.0, MOST_OFFICERS)) as u32;
        matches!(licensing.capacity, Capacity::Servers { .. }).then_some(officers)
    }

    /// Whether any class is worked on at another pace since the terms last changed.
    pub(crate) fn repaced(&self, lane: usize) -> bool {
        let differs = |(now, before): (&Row<L>, &Row<L>)| now[lane].to_bits() != before[lane].to_bits();
        self.speed.iter().zip(&self.before).any(differs)
    }

    /// Officer-days of a case at speed 1.
    pub(crate) fn effort(&self, lane: usize) -> f64 {
        self.single[DAYS][0][lane]
    }

    /// Share of value of Chinese origin from which a licence is needed.
    pub(crate) fn threshold(&self, lane: usize) -> f64 {
        self.single[SHARE][0][lane]
    }

    /// Works the terms out for the regimes in force at `step`.
    pub(crate) fn update(
        &mut self,
        kernel: &Kernel,
        streams: &[Streams; L],
        step: u32,
        (rule, licensing): (&Rule, &Licensing),
        state: &State<L>,
    ) {
        self.before.copy_from_slice(&self.speed);
        let entity = kernel.shock_entity[rule.shock];
        let drawn = |value: &Value, number| {
            super::draw::value(value, streams, &state.parameters, (Purpose::ShockSize, entity, number))
        };
        let or = |value: Option<&Value>, number, parameter| {
            value.map_or(state.parameters[parameter as usize], |value| drawn(value, number))
        };
        for (class, entry) in licensing.classes.iter().enumerate() {
            let number = class_number(&entry.name);
            self.speed[class] = drawn(&entry.speed, number);
            self.reject[class] = or(entry.reject.as_ref(), number + 1, Parameter::DeskReject);
            self.returned[class] = or(entry.returned.as_ref(), number + 2, Parameter::DeskReturn);
            self.eligible[class] = drawn(&entry.eligible_after, number + 3);
        }
        for ((row, quota), number) in self.quota.iter_mut().zip(&licensing.quotas).zip(QUOTAS..) {
            *row = drawn(&quota.tonnes, number);
        }
        if let Some(share) = &licensing.de_minimis {
            self.single[SHARE][0] = drawn(share, DE_MINIMIS);
        }
        let staffed = if let Capacity::Servers { officers, officer_days } = &licensing.capacity {
            self.single[COUNT][0] = drawn(officers, OFFICERS);
            self.single[DAYS][0] = drawn(officer_days, EFFORT);
            true
        } else {
            false
        };
        self.regimes(kernel, streams, step, (rule, licensing, staffed), state);
    }

    fn regimes(
        &mut self,
        kernel: &Kernel,
        streams: &[Streams; L],
        step: u32,
        (rule, licensing, staffed): (&Rule, &Licensing, bool),
        state: &State<L>,
    ) {
        let at = f64::from(step);
        // Start of the regime that said it last: probabilities of rejection and of return, officers.
        let mut said = [[f64::NEG_INFINITY; L]; 3];
        for (position, shock) in kernel.scenario.shocks.iter().enumerate() {
            let Kind::Regime(regime) = &shock.kind else { continue };
            if regime.licensing != rule.shock {
                continue;
            }
            let begin = state.shock_start[position];
            let on: [bool; L] =
                std::array::from_fn(|lane| at >= begin[lane] && at < state.shock_end[position][lane]);
            let entity = kernel.shock_entity[position];
            let drawn = |value: &Value, number| {
                super::draw::value(value, streams, &state.parameters, (Purpose::Regime, entity, number))
            };
            if !(staffed && regime.officers.is_some()) {
                for ((speed, value), class) in
                    self.speed.iter_mut().zip(&regime.speed).zip(&licensing.classes)
                {
                    let factor = drawn(value, class_number(&class.name));
                    (0..L).filter(|lane| on[*lane]).for_each(|lane| speed[lane] *= factor[lane]);
                }
            }
            let mut replace = |what: usize, value: Row<L>, targets: &mut [Row<L>]| {
                for lane in 0..L {
                    if on[lane] && begin[lane] >= said[what][lane] {
                        said[what][lane] = begin[lane];
                        targets.iter_mut().for_each(|row| row[lane] = value[lane]);
                    }
                }
            };
            let Regime { reject, returned, officers, .. } = regime;
            if let Some(value) = reject {
                replace(0, drawn(value, 1), &mut self.reject);
            }
            if let Some(value) = returned {
                replace(1, drawn(value, 2), &mut self.returned);
            }
            if let Some(value) = officers {
                replace(2, drawn(value, 3), &mut self.single[COUNT]);
            }
        }
    }
}

/// How busy a desk with officers is when flows are calm.
#[derive(Clone, PartialEq, Debug)]
pub struct Load {
    /// Position of the licensing rule among the scenario's shocks.
    pub rule: usize,
    /// The regime that changes the number of officers; `None`: the rule's own.
    pub regime: Option<usize>,
    /// Officers.
    pub officers: f64,
    /// Reviews a day, returned applications counted each time.
    pub reviews_per_day: f64,
    /// ρ: officer-days of work per officer-day. At 1 and above the backlog grows without end.
    pub load: f64,
}

impl Load {
    /// Whether the desk cannot keep up even when flows are calm.
    #[must_use]
    pub fn overloaded(&self) -> bool {
        self.load >= 1.0
    }
}

impl Kernel {
    /// The load of every desk with officers, under its own terms and under each regime that changes the
    /// number of officers, at the mean of all distributions. Each controlled route that is open in the base
    /// year files one lot per pair behind it and `lot_days`. Other changes by regimes are not counted.
    #[must_use]
    pub fn desk_loads(&self) -> Vec<Load> {
        let mut loads = Vec::new();
        let parameters = &self.scenario().parameters;
        let mean = |value: &Value| value.distribution(parameters).mean();
        for rule in &self.rules {
            let Kind::Licensing(licensing) = &self.scenario.shocks[rule.shock].kind else { continue };
            let Capacity::Servers { officers, officer_days } = &licensing.capacity else { continue };
            let lots_per_day = f64::from(licensing.pairs) / parameters.get(Parameter::LotDays).mean();
            let (mut reviews, mut work) = (0.0, 0.0);
            for (c, &r) in rule.routes.iter().enumerate() {
                let route = &self.graph().routes[self.routes.id[r as usize].index()];
                if self.routes.late[r as usize] || route.share.high <= 0.0 {
                    continue;
                }
                let class = &licensing.classes[rule.class_of[c] as usize];
                let back = class
                    .returned
                    .as_ref()
                    .map_or_else(|| parameters.get(Parameter::DeskReturn).mean(), mean);
                let visits = lots_per_day / (1.0 - back.clamp(0.0, 1.0));
                reviews += visits;
                work += visits * mean(officer_days) / mean(&class.speed);
            }
            let mut load = |regime, officers: f64| {
                loads.push(Load {
                    rule: rule.shock,
                    regime,
                    officers,
                    reviews_per_day: reviews,
                    load: work / officers,
                });
            };
            load(None, mean(officers));
            for (position, shock) in self.scenario.shocks.iter().enumerate() {
                if let Kind::Regime(Regime { licensing, officers: Some(officers), .. }) = &shock.kind
                    && *licensing == rule.shock
                {
                    load(Some(position), mean(officers));
                }
            }
        }
        loads
    }
}
