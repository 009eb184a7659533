//! The licence desk: every case at once, with delay.

use coercivity::policy::licence::{Licensing, ReviewLaw, Use};
use coercivity::policy::parameter::{Parameter, Value};
use coercivity::policy::shock::Kind;
use coercivity::random::philox::{Entity, Purpose};
use coercivity::scenario::Scenario;
use petgraph::graph::EdgeIndex;

use super::Simulator;

#[derive(Clone, Copy, PartialEq, Debug)]
enum At {
    Intake,
    Review,
    Applicant,
}

/// An application, and when it moves next.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Position among the rule's routes.
    route: usize,
    /// Whose it is of the pairs behind the route.
    pair: usize,
    tonnes: f64,
    filed: f64,
    step: u32,
    lot: u32,
    rounds: u32,
    intake: f64,
    at: At,
    due: f64,
    /// Order of filing.
    number: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub filed: f64,
    pub approved: f64,
    pub returned: f64,
    pub rejected: f64,
    pub waited: f64,
}

#[derive(Clone, Copy, Debug)]
struct Licence {
    expiry: f64,
    left: f64,
    granted: f64,
}

/// One licensing rule.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    pub shock: usize,
    active: bool,
    cases: Vec<Case>,
    filed: u64,
    /// Oldest first, per controlled route and pair behind it.
    licences: Vec<Vec<Vec<Licence>>>,
    /// Most that each of several pairs ships in this step, per controlled route.
    limits: Vec<f64>,
    /// (step, tonnes) shipped, per controlled route.
    shipped: Vec<Vec<(u32, f64)>>,
    /// Speed, rejection and return of each class.
    terms: Vec<(f64, f64, f64)>,
    /// Step, class and days of every final decision.
    decided: Vec<(u32, u16, f64)>,
    /// Largest lot so far, per controlled route.
    pub largest_lot: Vec<f64>,
    pub counts: Counts,
}

impl Desk {
    pub(super) fn all(scenario: &Scenario) -> Vec<Self> {
        let desk = |(shock, entry): (usize, &coercivity::policy::shock::Shock)| match &entry.kind {
            Kind::Licensing(rule) => Some(Self {
                shock,
                licences: vec![vec![Vec::new(); rule.pairs as usize]; rule.controlled.len()],
                shipped: vec![Vec::new(); rule.controlled.len()],
                largest_lot: vec![0.0; rule.controlled.len()],
                ..Self::default()
            }),
            _ => None,
        };
        scenario.shocks.iter().enumerate().filter_map(desk).collect()
    }

    /// Tonnes licensed and not shipped, tonnes applied for.
    pub fn tonnes(&self, route: usize) -> (f64, f64) {
        let pairs = 0..self.licences[route].len();
        let of = pairs.map(|pair| self.tonnes_of(route, pair));
        of.fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
    }

    /// What each pair could ship of what it has licensed.
    fn could(&self, route: usize, limit: f64) -> Vec<f64> {
        (0..self.licences[route].len()).map(|pair| self.tonnes_of(route, pair).0.min(limit)).collect()
    }

    fn tonnes_of(&self, route: usize, pair: usize) -> (f64, f64) {
        let licensed = self.licences[route][pair].iter().map(|l| l.left).sum();
        let own = self.cases.iter().filter(|c| c.route == route && c.pair == pair);
        (licensed, own.map(|c| c.tonnes).sum())
    }
}

/// Takes tonnes off licences, oldest first.
fn use_up(licences: &mut Vec<Licence>, mut tonnes: f64) {
    for licence in licences.iter_mut() {
        let used = licence.left.min(tonnes);
        licence.left -= used;
        tonnes -= used;
    }
    licences.retain(|licence| licence.left > 0.0);
}

/// Spends licences for one shipment each, oldest first, until the tonnes are covered but for a trifle.
fn use_singly(licences: &mut Vec<Licence>, tonnes: f64, trifle: f64) {
    let mut covered = 0.0;
    while tonnes - covered > trifle && !licences.is_empty() {
        covered += licences.remove(0).left;
    }
}

fn rule(scenario: &Scenario, shock: usize) -> &Licensing {
    match &scenario.shocks[shock].kind {
        Kind::Licensing(rule) => rule,
        _ => unreachable!("desks are made of licensing rules"),
    }
}

impl Simulator {
    fn value(&self, value: &Value, purpose: Purpose, shock: &str, number: u32) -> f64 {
        match value {
            Value::Parameter(parameter) => self.p(*parameter),
            Value::Scaled { parameter, power, times } => times * libm::pow(self.p(*parameter), *power),
            Value::Drawn(law) if law.is_fixed() => law.mean(),
            Value::Drawn(law) => law.quantile(self.streams.uniform(purpose, Entity::of(shock), 0, number)),
        }
    }

    /// Speed, rejection and return of a class now.
    fn terms(&self, shock: usize, class: usize) -> (f64, f64, f64) {
        let rule = rule(&self.scenario, shock);
        let (entry, id) = (&rule.classes[class], &self.scenario.shocks[shock].id);
        let number = Entity::of(&rule.classes[class].name).0 << 4;
        let own = |value: &Option<Value>, field, otherwise| {
            value
                .as_ref()
                .map_or(self.p(otherwise), |v| self.value(v, Purpose::ShockSize, id, number + field))
        };
        let mut speed = self.value(&entry.speed, Purpose::ShockSize, id, number);
        let mut reject = own(&entry.reject, 1, Parameter::DeskReject);
        let mut returned = own(&entry.returned, 2, Parameter::DeskReturn);
        // Of what regimes say of rejection and return, the one that started last holds.
        let (mut said_reject, mut said_return) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (s, other) in self.scenario.shocks.iter().enumerate() {
            let Kind::Regime(regime) = &other.kind else { continue };
            if regime.licensing != shock || !self.active(s) {
                continue;
            }
            let value = |v: &Value, field| self.value(v, Purpose::Regime, &other.id, field);
            speed *= value(&regime.speed[class], number);
            let start = self.events[s].start;
            if let Some(v) = regime.reject.as_ref().filter(|_| start >= said_reject) {
                (reject, said_reject) = (value(v, 1), start);
            }
            if let Some(v) = regime.returned.as_ref().filter(|_| start >= said_return) {
                (returned, said_return) = (value(v, 2), start);
            }
        }
        (speed, reject, returned)
    }

    /// Phase 3: pace, decisions, expiries.
    pub(super) fn decisions(&mut self) {
        let now = f64::from(self.step) * self.dt;
        for d in 0..self.desks.len() {
            let shock = self.desks[d].shock;
            let rule = rule(&self.scenario, shock).clone();
            let terms: Vec<(f64, f64, f64)> =
                (0..rule.classes.len()).map(|class| self.terms(shock, class)).collect();
            let (active, was) = (self.active(shock), self.desks[d].active);
            if was {
                // What was due by now is decided on the terms of before.
                let before = self.desks[d].terms.clone();
                self.settle(d, &rule, now, &before);
                for case in self.desks[d].cases.iter_mut().filter(|case| case.at == At::Review) {
                    let class = rule.class_of[case.route] as usize;
                    if terms[class].0 != before[class].0 {
                        case.due = now + (case.due - now).max(0.0) * (before[class].0 / terms[class].0);
                    }
                }
            }
            self.desks[d].active = active;
            self.desks[d].terms = terms.clone();
            if was && !active {
                // A control that ends sends everybody home.
                let desk = &mut self.desks[d];
                desk.cases.clear();
                desk.filed = 0;
                desk.licences.iter_mut().flatten().for_each(Vec::clear);
            }
            if !active {
                continue;
            }
            // What is expected moves on within the step; the limit is that of its morning.
            let pairs = rule.pairs as usize;
            let limits = rule.controlled.iter().map(|r| self.pair_limit(EdgeIndex::new(r.index()), pairs));
            self.desks[d].limits = limits.collect();
            if !was {
                self.apply(d, 2048, &|_| true);
            }
            self.settle(d, &rule, now, &terms);
            let mut lapsed = vec![false; rule.controlled.len()];
            for (lapsed, pairs) in lapsed.iter_mut().zip(&mut self.desks[d].licences) {
                for licences in pairs {
                    let worth = |l: &Licence| l.left > 1.0e-9 * l.granted;
                    *lapsed |= licences.iter().any(|licence| licence.expiry <= now && worth(licence));
                    licences.retain(|licence| licence.expiry > now);
                }
            }
            // Whoever lost a licence applies the same morning.
            if lapsed.contains(&true) {
                self.apply(d, 2048, &|c| lapsed[c]);
                self.settle(d, &rule, now, &terms);
            }
        }
    }

    fn settle(&mut self, d: usize, rule: &Licensing, now: f64, terms: &[(f64, f64, f64)]) {
        while let Some(position) = self.next_case(d, now) {
            let case = self.desks[d].cases.remove(position);
            self.moves(d, rule, case, terms);
        }
    }

    /// The earliest case due, the oldest of those due together.
    fn next_case(&self, d: usize, now: f64) -> Option<usize> {
        let cases = &self.desks[d].cases;
        (0..cases.len()).filter(|c| cases[*c].due <= now).min_by(|a, b| {
            cases[*a].due.total_cmp(&cases[*b].due).then(cases[*a].number.cmp(&cases[*b].number))
        })
    }

    fn moves(&mut self, d: usize, rule: &Licensing, mut case: Case, terms: &[(f64, f64, f64)]) {
        let route = &self.scenario.lines.routes[rule.controlled[case.route].index()];
        let entity = Entity::of(&route.id);
        let class = rule.class_of[case.route];
        let (speed, reject, returned) = terms[class as usize];
        let news = (self.step, class, case.due - case.filed);
        let draw = |purpose, rounds| self.streams.block(purpose, entity, case.step, case.lot + 4096 * rounds);
        match case.at {
            At::Applicant => {
                case.rounds += 1;
                case.intake = self.intake(draw(Purpose::Intake, case.rounds)[0]);
                case.at = At::Intake;
                case.due += case.intake;
            }
            At::Intake => {
                let [a, b] = draw(Purpose::Review, case.rounds).map(|uniform| -libm::log(1.0 - uniform));
                let dead = (self.p(Parameter::DeskDeadTime) - case.intake).max(0.0);
                let mean = self.p(Parameter::DeskMean);
                let days = match rule.law {
                    ReviewLaw::ShiftedExponential => dead + mean * a,
                    ReviewLaw::Gamma => (dead + mean) * 0.5 * (a + b),
                    ReviewLaw::Deterministic => dead + mean,
                    ReviewLaw::Exponential => (dead + mean) * a,
                };
                case.at = At::Review;
                case.due += days / speed;
            }
            At::Review => {
                let luck = draw(Purpose::Decision, case.rounds)[0];
                if luck < reject {
                    self.desks[d].decided.push(news);
                    self.desks[d].counts.rejected += 1.0;
                    return;
                }
                if luck >= reject + returned {
                    let validity = self.p(Parameter::ValiditySingle);
                    let desk = &mut self.desks[d];
                    desk.decided.push(news);
                    desk.counts.approved += 1.0;
                    desk.counts.waited += case.due - case.filed;
                    desk.licences[case.route][case.pair].push(Licence {
                        expiry: case.due + validity,
                        left: case.tonnes,
                        granted: case.tonnes,
                    });
                    return;
                }
                let answer = draw(Purpose::ApplicantDelay, case.rounds)[0];
                case.at = At::Applicant;
                // Nobody answers within the hour.
                let days = -self.p(Parameter::ApplicantDays) * libm::log(1.0 - answer);
                case.due += days.max(1.0 / 24.0);
                self.desks[d].counts.returned += 1.0;
            }
        }
        self.desks[d].cases.push(case);
    }

    fn intake(&self, uniform: f64) -> f64 {
        let (low, high) = (self.p(Parameter::IntakeLow), self.p(Parameter::IntakeHigh));
        low + (high - low).max(0.0) * uniform
    }

    /// What licences and the 30-day limit let leave on a route; without limit where nothing is controlled.
    pub(super) fn allowance(&self, r: EdgeIndex) -> f64 {
        let slots = ((30.0 / self.dt).round() as u32).max(1);
        let mut least = f64::INFINITY;
        for desk in self.desks.iter().filter(|desk| desk.active) {
            let controlled = &rule(&self.scenario, desk.shock).controlled;
            for c in (0..controlled.len()).filter(|c| controlled[*c].index() == r.index()) {
                let recent: f64 =
                    desk.shipped[c].iter().filter(|s| s.0 + slots > self.step).map(|s| s.1).sum();
                let rate = self.p(Parameter::LicensedRate);
                if desk.licences[c].len() > 1 {
                    least = least.min(desk.could(c, desk.limits[c]).iter().sum());
                    continue;
                }
                let base = self.graph[r].base_flow;
                let usual = if base > 0.0 { base } else { self.expected_flow(r) };
                // From 1e9 on the rate is no limit.
                let room = if rate >= 1.0e9 {
                    f64::INFINITY
                } else {
                    (rate * (f64::from(slots) * self.dt) * usual - recent).max(0.0)
                };
                least = least.min(desk.tonnes(c).0.min(room));
            }
        }
        least
    }

    /// Most that one of several pairs ships in a step: its part of what is usual times the licensed rate, and of what
    /// is usual or expected times what the gate lets any route claim.
    fn pair_limit(&self, r: EdgeIndex, pairs: usize) -> f64 {
        let (base, expected) = (self.graph[r].base_flow, self.expected_flow(r));
        let (rate, gate) = (self.p(Parameter::LicensedRate), self.p(Parameter::GateRatio));
        let usual = if base > 0.0 { base } else { expected };
        (rate * usual).min(gate * usual.max(expected)) * self.dt / pairs as f64
    }

    fn expected_flow(&self, r: EdgeIndex) -> f64 {
        self.graph[r].amount * self.graph[r].share * self.graph[self.ends(r).1].expected
    }

    pub(super) fn licences_used(&mut self) {
        for d in 0..self.desks.len() {
            let rule = rule(&self.scenario, self.desks[d].shock).clone();
            for (c, r) in rule.controlled.iter().enumerate() {
                let route = &self.graph[EdgeIndex::new(r.index())];
                let tonnes = route.leaving.min(route.openly);
                if !self.desks[d].active || route.exempt > 0.0 || tonnes <= 0.0 {
                    continue;
                }
                let pairs = self.desks[d].licences[c].len();
                let desk = &mut self.desks[d];
                let limit = desk.limits[c];
                if pairs > 1 {
                    // Everybody ships the same part of what it could.
                    let could = desk.could(c, limit);
                    let all: f64 = could.iter().sum();
                    for (pair, could) in could.into_iter().enumerate().filter(|(_, could)| *could > 0.0) {
                        let own = could * (tonnes / all).min(1.0);
                        let held = desk.tonnes_of(c, pair).0;
                        if rule.use_ == Use::Multi {
                            use_up(&mut desk.licences[c][pair], own);
                        } else {
                            use_singly(&mut desk.licences[c][pair], own, 1.0e-9 * held);
                        }
                    }
                    continue;
                }
                desk.shipped[c].push((self.step, tonnes));
                if rule.use_ == Use::Single {
                    let trifle = 1.0e-9 * desk.tonnes(c).0;
                    use_singly(&mut desk.licences[c][0], tonnes, trifle);
                    continue;
                }
                use_up(&mut desk.licences[c][0], tonnes);
            }
        }
    }

    /// Phase 9: applications for what orders and expected flow need beyond licences held and applied for.
    pub(super) fn applications(&mut self) {
        for d in 0..self.desks.len() {
            if self.desks[d].active {
                self.apply(d, 0, &|_| true);
            }
        }
    }

    /// Days of review that applicants of a class reckon with: the lawful ones, or if longer the mean of what they
    /// have seen lately and of open cases that have waited longer than that.
    fn lead(&self, d: usize, class: usize) -> f64 {
        let (lawful, memory) = (self.p(Parameter::LicenceLead), self.p(Parameter::WaitMemory));
        if memory <= 0.0 {
            return lawful;
        }
        let desk = &self.desks[d];
        let keep = 1.0 - self.dt / memory.max(self.dt);
        let (mut cases, mut days) = (0.0, 0.0);
        for (step, _, waited) in desk.decided.iter().filter(|news| usize::from(news.1) == class) {
            let weight = keep.powi((self.step - step) as i32);
            cases += weight;
            days += weight * waited;
        }
        let mean = if cases > 0.0 { days / cases } else { 0.0 };
        let classes = &rule(&self.scenario, desk.shock).class_of;
        for case in desk.cases.iter().filter(|case| usize::from(classes[case.route]) == class) {
            let age = f64::from(self.step) * self.dt - case.filed;
            if age > mean {
                cases += 1.0;
                days += age;
            }
        }
        if cases > 0.0 { lawful.max(days / cases) } else { lawful }
    }

    fn apply(&mut self, d: usize, first_lot: u32, only: &dyn Fn(usize) -> bool) {
        let now = f64::from(self.step) * self.dt;
        let shock = self.desks[d].shock;
        let leads: Vec<f64> =
            (0..rule(&self.scenario, shock).classes.len()).map(|class| self.lead(d, class)).collect();
        // Filed in the order of routes, which ties between cases depend on.
        let mut controlled: Vec<(usize, usize)> =
            rule(&self.scenario, shock).controlled.iter().enumerate().map(|(c, r)| (r.index(), c)).collect();
        controlled.sort_unstable();
        for (r, c) in controlled.into_iter().filter(|(_, c)| only(*c)) {
            let edge = EdgeIndex::new(r);
            let route = &self.graph[edge];
            let class = rule(&self.scenario, shock).class_of[c] as usize;
            let entry = &rule(&self.scenario, shock).classes[class].eligible_after;
            let name = &rule(&self.scenario, shock).classes[class].name;
            let id = &self.scenario.shocks[shock].id;
            let eligible = self.value(entry, Purpose::ShockSize, id, (Entity::of(name).0 << 4) + 3);
            if route.exempt > 0.0 || now - self.events[shock].start * self.dt < eligible {
                continue;
            }
            let pairs = self.desks[d].licences[c].len();
            let (expected, part) = (self.expected_flow(edge), 1.0 / pairs as f64);
            let lot = self.p(Parameter::LotDays) * expected.max(route.base_flow) * part;
            let horizon = self.p(Parameter::HorizonDays) + leads[class];
            let wanted = (route.book + expected * horizon) * part;
            let entity = Entity::of(&self.scenario.lines.routes[r].id);
            for pair in 0..pairs {
                let (licensed, pending) = self.desks[d].tonnes_of(c, pair);
                let need = wanted - licensed - pending;
                if lot <= 0.0 || need <= 1.0e-9 * lot {
                    continue;
                }
                let lots = (need / lot).ceil().min(f64::from(2048 / pairs as u32)) as u32;
                for number in 0..lots {
                    let lot_number = first_lot + number * pairs as u32 + pair as u32;
                    let uniform = self.streams.uniform(Purpose::Intake, entity, self.step, lot_number);
                    let intake = self.intake(uniform);
                    let step = self.step;
                    let desk = &mut self.desks[d];
                    desk.largest_lot[c] = desk.largest_lot[c].max(lot);
                    desk.cases.push(Case {
                        route: c,
                        pair,
                        tonnes: lot,
                        filed: now,
                        step,
                        lot: lot_number,
                        rounds: 0,
                        intake,
                        at: At::Intake,
                        due: now + intake,
                        number: desk.filed,
                    });
                    desk.filed += 1;
                    desk.counts.filed += 1.0;
                }
            }
        }
    }
}
