//! Phases 3 and 9 for controlled routes: applications, the desk, licences.
//!
//! Sparse by nature, so handled one replication at a time, in queues that keep their memory. Times are days
//! since the first step; an event that falls inside a step acts at the step's end, one without delay at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::compile::{Kernel, Rule};
use super::scratch::{Row, State, rows};
use crate::policy::licence::{Licensing, ReviewLaw, Use};
use crate::policy::parameter::Parameter;
use crate::policy::shock::Kind;
use crate::random::philox::{Purpose, Streams};

/// Days over which shipments of a licensed route are limited.
const WINDOW_DAYS: f64 = 30.0;

/// Number of the first lot of a standing book: filings of the control's first day and those of the same
/// step's orders must not share draws.
const STANDING: u32 = 2048;

/// Where an application stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Provincial intake.
    Intake,
    /// Review at the ministry.
    Review,
    /// Returned: the applicant answers.
    Applicant,
}

/// One application.
#[derive(Clone, Copy, Debug)]
struct Application {
    /// Position among the rule's routes.
    route: u32,
    /// Tonnes applied for.
    tonnes: f64,
    /// Day of first filing.
    filed: f64,
    /// Step of first filing and number of the lot: with the route, the key of its draws.
    step: u32,
    /// See `step`.
    lot: u32,
    /// Times it was returned.
    rounds: u32,
    /// Where it stands.
    stage: Stage,
    /// Days spent in intake (part of the dead time).
    intake: f64,
}

/// Orders events by time, then by age, so that equal times never depend on memory layout.
#[derive(Clone, Copy, Debug)]
struct Due {
    day: f64,
    number: u64,
    application: Application,
}

impl Eq for Due {}
impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == std::cmp::Ordering::Equal
    }
}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.day.total_cmp(&other.day).then(self.number.cmp(&other.number))
    }
}

/// What the desk has done so far in one replication.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Applications filed for the first time.
    pub filed: f64,
    /// Licences granted.
    pub approved: f64,
    /// Returns for information.
    pub returned: f64,
    /// Rejections.
    pub rejected: f64,
    /// Applications not decided yet.
    pub pending: f64,
    /// Days from filing to approval, summed over approvals.
    pub waited: f64,
}

/// One lane of one rule.
struct Lane {
    events: BinaryHeap<Reverse<Due>>,
    numbers: u64,
    /// Licences of each route, oldest first: (expiry day, tonnes left).
    licences: Vec<VecDeque<(f64, f64)>>,
    active: bool,
}

/// One rule.
struct RuleState<const L: usize> {
    lanes: Vec<Lane>,
    /// Λ: tonnes licensed and not yet shipped, per route.
    balance: Vec<Row<L>>,
    /// Tonnes applied for and not yet decided, per route.
    pending: Vec<Row<L>>,
    /// Shipments of the last 30 days, per route, and their ring.
    window: Vec<Row<L>>,
    ring: Vec<Row<L>>,
    /// Speed of each class.
    speed: Vec<Row<L>>,
    reject: Vec<Row<L>>,
    returned: Vec<Row<L>>,
}

/// The desks of all rules.
pub(crate) struct Desk<const L: usize> {
    rules: Vec<RuleState<L>>,
    /// Most that the desk lets leave on each governed route; infinite where nothing is controlled.
    pub(crate) allowance: Vec<Row<L>>,
    /// What has been done, per lane.
    pub(crate) counts: Vec<Counts>,
}

/// Slots of the shipment window.
fn window_slots(kernel: &Kernel) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let slots = (WINDOW_DAYS / kernel.dt).round() as usize;
    slots.max(1)
}

impl<const L: usize> Desk<L> {
    pub(crate) fn new(kernel: &Kernel) -> Self {
        let slots = window_slots(kernel);
        let rules = kernel
            .rules
            .iter()
            .map(|rule| RuleState {
                lanes: (0..L)
                    .map(|_| Lane {
                        events: BinaryHeap::new(),
                        numbers: 0,
                        licences: vec![VecDeque::new(); rule.routes.len()],
                        active: false,
                    })
                    .collect(),
                balance: rows(rule.routes.len()),
                pending: rows(rule.routes.len()),
                window: rows(rule.routes.len()),
                ring: rows(rule.routes.len() * slots),
                speed: rows(rule.classes),
                reject: rows(rule.classes),
                returned: rows(rule.classes),
            })
            .collect();
        Self { rules, allowance: rows(kernel.routes.governed_list.len()), counts: vec![Counts::default(); L] }
    }

    pub(crate) fn reset(&mut self) {
        for rule in &mut self.rules {
            for lane in &mut rule.lanes {
                lane.events.clear();
                lane.numbers = 0;
                lane.licences.iter_mut().for_each(VecDeque::clear);
                lane.active = false;
            }
            for rows in [&mut rule.balance, &mut rule.pending, &mut rule.window, &mut rule.ring] {
                rows.fill([0.0; L]);
            }
        }
        self.allowance.fill([f64::INFINITY; L]);
        self.counts.fill(Counts::default());
    }
}

fn licensing<'a>(kernel: &'a Kernel, rule: &Rule) -> Option<&'a Licensing> {
    match &kernel.scenario.shocks[rule.shock].kind {
        Kind::Licensing(licensing) => Some(licensing),
        _ => None,
    }
}

/// Phase 3: what is due is decided, licences expire, allowances follow.
pub(crate) fn decide<const L: usize>(kernel: &Kernel, streams: &[Streams; L], step: u32, state: &mut State<L>) {
    if kernel.rules.is_empty() {
        return;
    }
    let now = f64::from(step) * kernel.dt;
    state.desk.allowance.fill([f64::INFINITY; L]);
    for (position, rule) in kernel.rules.iter().enumerate() {
        if state.turned {
            terms(kernel, streams, step, position, state);
        }
        for lane in 0..L {
            let at = f64::from(step);
            let active = at >= state.shock_start[rule.shock][lane] && at < state.shock_end[rule.shock][lane];
            let was = std::mem::replace(&mut state.desk.rules[position].lanes[lane].active, active);
            if active && !was {
                // The standing book is filed on the control's first day.
                file_lane(kernel, streams, (step, STANDING), position, lane, state);
            }
            if !active {
                continue;
            }
            settle_due(kernel, &streams[lane], now, position, lane, state);
            expire(now, position, lane, state);
            for (c, &r) in rule.routes.iter().enumerate() {
                let governed = kernel.routes.governed[r as usize] as usize;
                let desk = &mut state.desk.rules[position];
                let most = state.parameters[Parameter::LicensedRate as usize][lane]
                    * WINDOW_DAYS
                    * state.base_flow[r as usize][lane];
                let slot = c * window_slots(kernel) + step as usize % window_slots(kernel);
                // The oldest step's shipments leave the window before this step's are added.
                desk.window[c][lane] = (desk.window[c][lane] - desk.ring[slot][lane]).max(0.0);
                desk.ring[slot][lane] = 0.0;
                let room = (most - desk.window[c][lane]).max(0.0);
                let allowance = desk.balance[c][lane].min(room);
                let row = &mut state.desk.allowance[governed];
                row[lane] = row[lane].min(allowance);
            }
        }
    }
}

/// Speeds and probabilities of each class under the regimes in force; pending reviews change pace.
fn terms<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    position: usize,
    state: &mut State<L>,
) {
    let rule = &kernel.rules[position];
    let Some(licensing) = licensing(kernel, rule) else { return };
    let at = f64::from(step);
    let now = at * kernel.dt;
    for (class, entry) in licensing.classes.iter().enumerate() {
        let number = u32::try_from(class).unwrap_or(u32::MAX);
        let entity = kernel.shock_entity[rule.shock];
        let number_of = |value, field: u32| {
            super::draw::value(value, streams, &state.parameters, (Purpose::ShockSize, entity, 16 * number + field))
        };
        let mut speed = number_of(&entry.speed, 0);
        let mut reject = entry
            .reject
            .as_ref()
            .map_or(state.parameters[Parameter::DeskReject as usize], |value| number_of(value, 1));
        let mut returned = entry
            .returned
            .as_ref()
            .map_or(state.parameters[Parameter::DeskReturn as usize], |value| number_of(value, 2));
        for (other, shock) in kernel.scenario.shocks.iter().enumerate() {
            let Kind::Regime(regime) = &shock.kind else { continue };
            if regime.licensing != rule.shock {
                continue;
            }
            let entity = kernel.shock_entity[other];
            let drawn = |value, field: u32| {
                super::draw::value(value, streams, &state.parameters, (Purpose::Regime, entity, 16 * number + field))
            };
            let factor = regime.speed.get(class).map_or([1.0; L], |value| drawn(value, 0));
            let harder = regime.reject.as_ref().map(|value| drawn(value, 1));
            let back = regime.returned.as_ref().map(|value| drawn(value, 2));
            for lane in 0..L {
                if at >= state.shock_start[other][lane] && at < state.shock_end[other][lane] {
                    speed[lane] *= factor[lane];
                    reject[lane] = harder.map_or(reject[lane], |row| row[lane]);
                    returned[lane] = back.map_or(returned[lane], |row| row[lane]);
                }
            }
        }
        let before = state.desk.rules[position].speed[class];
        for lane in 0..L {
            if before[lane] != speed[lane] && state.desk.rules[position].lanes[lane].active {
                repace(rule, class, lane, (now, before[lane] / speed[lane]), &mut state.desk.rules[position]);
            }
        }
        state.desk.rules[position].speed[class] = speed;
        state.desk.rules[position].reject[class] = reject;
        state.desk.rules[position].returned[class] = returned;
    }
}

/// What is left of every review of a class is stretched by `factor`.
fn repace<const L: usize>(
    rule: &Rule,
    class: usize,
    lane: usize,
    (now, factor): (f64, f64),
    desk: &mut RuleState<L>,
) {
    let events = std::mem::take(&mut desk.lanes[lane].events);
    let mut list = events.into_vec();
    for Reverse(due) in &mut list {
        let here = due.application.stage == Stage::Review
            && rule.class_of[due.application.route as usize] as usize == class;
        if here {
            due.day = now + (due.day - now).max(0.0) * factor;
        }
    }
    desk.lanes[lane].events = BinaryHeap::from(list);
}

/// Moves every application whose time has come, in order of time.
fn settle_due<const L: usize>(
    kernel: &Kernel,
    streams: &Streams,
    now: f64,
    position: usize,
    lane: usize,
    state: &mut State<L>,
) {
    let rule = &kernel.rules[position];
    let Some(licensing) = licensing(kernel, rule) else { return };
    loop {
        let desk = &mut state.desk.rules[position];
        match desk.lanes[lane].events.peek() {
            Some(Reverse(due)) if due.day <= now => {}
            _ => return,
        }
        let Some(Reverse(due)) = desk.lanes[lane].events.pop() else { return };
        let mut application = due.application;
        let c = application.route as usize;
        let entity = kernel.routes.entity[rule.routes[c] as usize];
        let number = application.lot + 4096 * application.rounds;
        let class = rule.class_of[c] as usize;
        let next = match application.stage {
            Stage::Applicant => {
                application.stage = Stage::Intake;
                application.rounds += 1;
                let number = application.lot + 4096 * application.rounds;
                let uniform = streams.uniform(Purpose::Intake, entity, application.step, number);
                application.intake = intake(state, lane, uniform);
                due.day + application.intake
            }
            Stage::Intake => {
                application.stage = Stage::Review;
                let draws = streams.block(Purpose::Review, entity, application.step, number);
                let time = review(licensing.law, application.intake, draws, lane, state);
                due.day + time / state.desk.rules[position].speed[class][lane]
            }
            Stage::Review => {
                let desk = &state.desk.rules[position];
                let uniform = streams.uniform(Purpose::Decision, entity, application.step, number);
                let reject = desk.reject[class][lane];
                let returned = desk.returned[class][lane];
                if uniform < reject {
                    state.desk.counts[lane].rejected += 1.0;
                    close(&application, position, lane, state);
                    continue;
                }
                if uniform < reject + returned {
                    state.desk.counts[lane].returned += 1.0;
                    application.stage = Stage::Applicant;
                    let uniform = streams.uniform(Purpose::ApplicantDelay, entity, application.step, number);
                    let mean = state.parameters[Parameter::ApplicantDays as usize][lane];
                    due.day - mean * libm::log(1.0 - uniform)
                } else {
                    state.desk.counts[lane].approved += 1.0;
                    state.desk.counts[lane].waited += due.day - application.filed;
                    let validity = state.parameters[Parameter::ValiditySingle as usize][lane];
                    close(&application, position, lane, state);
                    let desk = &mut state.desk.rules[position];
                    desk.balance[c][lane] += application.tonnes;
                    desk.lanes[lane].licences[c].push_back((due.day + validity, application.tonnes));
                    continue;
                }
            }
        };
        state.desk.rules[position].lanes[lane].events.push(Reverse(Due { day: next, number: due.number, application }));
    }
}

/// Takes a decided application off the pending ones.
fn close<const L: usize>(application: &Application, position: usize, lane: usize, state: &mut State<L>) {
    let pending = &mut state.desk.rules[position].pending[application.route as usize][lane];
    *pending = (*pending - application.tonnes).max(0.0);
    state.desk.counts[lane].pending -= 1.0;
}

fn intake<const L: usize>(state: &State<L>, lane: usize, uniform: f64) -> f64 {
    let low = state.parameters[Parameter::IntakeLow as usize][lane];
    let high = state.parameters[Parameter::IntakeHigh as usize][lane];
    low + (high - low).max(0.0) * uniform
}

/// Days of review at speed 1. The dead time includes the intake already spent.
fn review<const L: usize>(law: ReviewLaw, intake: f64, draws: [f64; 2], lane: usize, state: &State<L>) -> f64 {
    let dead = (state.parameters[Parameter::DeskDeadTime as usize][lane] - intake).max(0.0);
    let mean = state.parameters[Parameter::DeskMean as usize][lane];
    let [first, second] = draws.map(|uniform| -libm::log(1.0 - uniform));
    match law {
        ReviewLaw::ShiftedExponential => dead + mean * first,
        ReviewLaw::Gamma => (dead + mean) * 0.5 * (first + second),
        ReviewLaw::Deterministic => dead + mean,
        ReviewLaw::Exponential => (dead + mean) * first,
    }
}

fn expire<const L: usize>(now: f64, position: usize, lane: usize, state: &mut State<L>) {
    let desk = &mut state.desk.rules[position];
    for (c, licences) in desk.lanes[lane].licences.iter_mut().enumerate() {
        while licences.front().is_some_and(|(expiry, _)| *expiry <= now) {
            let tonnes = licences.pop_front().map_or(0.0, |licence| licence.1);
            desk.balance[c][lane] = (desk.balance[c][lane] - tonnes).max(0.0);
        }
        if licences.is_empty() {
            desk.balance[c][lane] = 0.0;
        }
    }
}

/// After dispatch: licences are used up, oldest first, and the 30-day window moves on.
pub(crate) fn shipped<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    for (position, rule) in kernel.rules.iter().enumerate() {
        let Some(licensing) = licensing(kernel, rule) else { continue };
        for (c, &r) in rule.routes.iter().enumerate() {
            let governed = kernel.routes.governed[r as usize] as usize;
            let slot = c * window_slots(kernel) + step as usize % window_slots(kernel);
            for lane in 0..L {
                let desk = &mut state.desk.rules[position];
                let exempt = state.exempt[governed][lane] > 0.0;
                let mut tonnes = state.leaving[r as usize][lane];
                if !desk.lanes[lane].active || exempt || tonnes <= 0.0 {
                    continue;
                }
                desk.ring[slot][lane] += tonnes;
                desk.window[c][lane] += tonnes;
                let licences = &mut desk.lanes[lane].licences[c];
                if licensing.use_ == Use::Single {
                    licences.clear();
                    desk.balance[c][lane] = 0.0;
                    continue;
                }
                desk.balance[c][lane] = (desk.balance[c][lane] - tonnes).max(0.0);
                while tonnes > 0.0 {
                    let Some(front) = licences.front_mut() else { break };
                    let used = front.1.min(tonnes);
                    front.1 -= used;
                    tonnes -= used;
                    if front.1 > 0.0 {
                        break;
                    }
                    licences.pop_front();
                }
                if licences.is_empty() {
                    desk.balance[c][lane] = 0.0;
                }
            }
        }
    }
}

/// Phase 9: routes apply for what orders and expected flow need beyond licences held and applied for.
pub(crate) fn file<const L: usize>(kernel: &Kernel, streams: &[Streams; L], step: u32, state: &mut State<L>) {
    for position in 0..kernel.rules.len() {
        for lane in 0..L {
            if state.desk.rules[position].lanes[lane].active {
                file_lane(kernel, streams, (step, 0), position, lane, state);
            }
        }
    }
}

fn file_lane<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    (step, first_lot): (u32, u32),
    position: usize,
    lane: usize,
    state: &mut State<L>,
) {
    let rule = &kernel.rules[position];
    let now = f64::from(step) * kernel.dt;
    // Whoever applies only for the horizon beyond its orders runs dry while the desk reviews.
    let horizon = state.parameters[Parameter::HorizonDays as usize][lane]
        + state.parameters[Parameter::LicenceLead as usize][lane];
    let lot_days = state.parameters[Parameter::LotDays as usize][lane];
    for (c, &r) in rule.routes.iter().enumerate() {
        let r = r as usize;
        let governed = kernel.routes.governed[r] as usize;
        if state.exempt[governed][lane] > 0.0 {
            continue;
        }
        let buyer = kernel.routes.to[r] as usize;
        let expected = state.amount[r][lane] * state.share[r][lane] * state.expected[buyer][lane];
        let lot = lot_days * expected.max(state.base_flow[r][lane]);
        let desk = &state.desk.rules[position];
        let need = state.book[r][lane] + expected * horizon - desk.balance[c][lane] - desk.pending[c][lane];
        if lot <= 0.0 || need <= 1.0e-9 * lot {
            continue;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let lots = (need / lot).ceil().min(f64::from(STANDING)) as u32;
        for number in 0..lots {
            let number = first_lot + number;
            let uniform = streams[lane].uniform(Purpose::Intake, kernel.routes.entity[r], step, number);
            let intake = intake(state, lane, uniform);
            let application = Application {
                route: u32::try_from(c).unwrap_or(u32::MAX),
                tonnes: lot,
                filed: now,
                step,
                lot: number,
                rounds: 0,
                stage: Stage::Intake,
                intake,
            };
            let desk = &mut state.desk.rules[position];
            let order = desk.lanes[lane].numbers;
            desk.lanes[lane].numbers += 1;
            desk.lanes[lane].events.push(Reverse(Due { day: now + intake, number: order, application }));
            desk.pending[c][lane] += lot;
            state.desk.counts[lane].filed += 1.0;
            state.desk.counts[lane].pending += 1.0;
        }
    }
}
