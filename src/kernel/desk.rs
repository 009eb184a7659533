//! Phase 3 for controlled routes: the desk decides, and licences allow.
//!
//! Sparse by nature, so handled one replication at a time, in queues that keep their memory. Times are days
//! since the first step; an event that falls inside a step acts at the step's end, one without delay at once.

use super::clerk::{Clerk, Lot};
use super::experience::Experience;
use super::filing;
use super::layout::{Kernel, Rule};
use super::ledger::Ledger;
use super::queue::Queue;
use super::scratch::{Row, State, less, more, rows};
use super::terms::Terms;
use crate::id::RouteId;
use crate::policy::licence::Licensing;
use crate::policy::parameter::Parameter;
use crate::policy::shock::Kind;
use crate::random::philox::Streams;

/// Bins of waiting times: ten days each, the last open.
pub(crate) const WAIT_BINS: usize = 37;

/// Days of a bin.
pub(crate) const WAIT_BIN_DAYS: f64 = 10.0;

/// The bin of a wait.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bins")]
pub(crate) fn wait_bin(days: f64) -> usize {
    let last = u32::try_from(WAIT_BINS - 1).map_or(0.0, f64::from);
    (days / WAIT_BIN_DAYS).clamp(0.0, last) as usize
}

/// What the desk has done so far in one replication.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Applications filed for the first time.
    pub filed: f64,
    /// Applications licensed in full.
    pub approved: f64,
    /// Returns for information.
    pub returned: f64,
    /// Rejections.
    pub rejected: f64,
    /// Applications not decided, or approved and waiting for a quota.
    pub pending: f64,
    /// Days from filing to licence, summed over `approved`.
    pub waited: f64,
}

impl Counts {
    /// Pending, approved, returned, rejected.
    pub(crate) fn stack(&self) -> [f64; 4] {
        [self.pending, self.approved, self.returned, self.rejected]
    }

    fn add(&mut self, other: &Self) {
        self.filed += other.filed;
        self.approved += other.approved;
        self.returned += other.returned;
        self.rejected += other.rejected;
        self.pending += other.pending;
        self.waited += other.waited;
    }
}

/// One lane of one rule.
#[derive(Default)]
pub(super) struct Lane {
    queue: Queue<Lot>,
    /// By class.
    pub(super) counts: Vec<Counts>,
    /// Cases decided for good, by class, approved and rejected, and bin of waiting time.
    waits: Vec<f64>,
    pub(super) experience: Experience,
}

/// One rule.
pub(super) struct RuleState<const L: usize> {
    pub(super) lanes: Vec<Lane>,
    /// Whether the rule is in force.
    pub(super) active: [bool; L],
    /// Days of review that applicants of each class reckon with.
    pub(super) lead: Vec<Row<L>>,
    pub(super) ledger: Ledger<L>,
    /// Tonnes applied for and not yet licensed, per account of the ledger.
    pub(super) pending: Vec<Row<L>>,
    pub(super) terms: Terms<L>,
    /// Whether goods need a licence in this step, per route: not below a rule's share of Chinese origin.
    pub(super) needs: Vec<[bool; L]>,
}

/// The desks of all rules.
pub(crate) struct Desk<const L: usize> {
    pub(super) rules: Vec<RuleState<L>>,
    /// Most that the desk lets leave on each governed route; infinite where nothing is controlled.
    pub(crate) allowance: Vec<Row<L>>,
    /// What has been done by all rules, per lane.
    pub(crate) counts: Vec<Counts>,
}

impl<const L: usize> Desk<L> {
    pub(crate) fn new(kernel: &Kernel) -> Self {
        let lane = |rule: &Rule| Lane {
            counts: vec![Counts::default(); rule.classes],
            waits: vec![0.0; 2 * rule.classes * WAIT_BINS],
            experience: Experience::new(rule.classes, kernel.scenario.steps()),
            ..Lane::default()
        };
        let rules = kernel.rules.iter().filter_map(|rule| {
            let licensing = licensing(kernel, rule)?;
            Some(RuleState {
                lanes: (0..L).map(|_| lane(rule)).collect(),
                active: [false; L],
                lead: rows(rule.classes),
                ledger: Ledger::new(kernel, rule, licensing),
                pending: rows(rule.routes.len() * (licensing.pairs as usize).max(1)),
                terms: Terms::new(rule, licensing),
                needs: vec![[true; L]; rule.routes.len()],
            })
        });
        let rules = rules.collect();
        Self { rules, allowance: rows(kernel.routes.governed_list.len()), counts: vec![Counts::default(); L] }
    }

    pub(crate) fn reset(&mut self) {
        for rule in &mut self.rules {
            for lane in &mut rule.lanes {
                lane.queue.clear();
                lane.counts.fill(Counts::default());
                lane.waits.fill(0.0);
                lane.experience.clear();
            }
            rule.active = [false; L];
            rule.ledger.reset();
            rule.pending.fill([0.0; L]);
        }
        self.allowance.fill([f64::INFINITY; L]);
        self.counts.fill(Counts::default());
    }

    /// What has been done for one class of one rule.
    pub(crate) fn class_counts(&self, rule: usize, class: usize, lane: usize) -> &Counts {
        &self.rules[rule].lanes[lane].counts[class]
    }

    /// Cases of a class that were approved (`false`) or rejected, by bin of waiting time.
    pub(crate) fn waits(&self, (rule, class): (usize, usize), rejected: bool, lane: usize) -> &[f64] {
        let row = 2 * class + usize::from(rejected);
        &self.rules[rule].lanes[lane].waits[row * WAIT_BINS..(row + 1) * WAIT_BINS]
    }

    /// Open cases of a class by bin of the days they have waited.
    pub(crate) fn open(
        &self,
        (rule, class): (usize, usize),
        lane: usize,
        now: f64,
        dt: f64,
    ) -> [f64; WAIT_BINS] {
        let mut bins = [0.0; WAIT_BINS];
        for (step, cases) in self.rules[rule].lanes[lane].experience.open(class) {
            bins[wait_bin(now - f64::from(step) * dt)] += f64::from(cases);
        }
        bins
    }

    /// Tonnes that a pair behind a controlled route has licensed and not yet shipped.
    #[cfg(test)]
    pub(crate) fn pair_balance(&self, rule: usize, c: usize, pair: usize, lane: usize) -> f64 {
        self.rules[rule].ledger.balances(c)[pair][lane]
    }

    /// Days of review that applicants of a class reckon with.
    #[cfg(test)]
    pub(crate) fn lead(&self, rule: usize, class: usize, lane: usize) -> f64 {
        self.rules[rule].lead[class][lane]
    }

    /// Probability that an application for a route (position in the kernel) is rejected now; 0 where no rule in force
    /// asks for one.
    pub(crate) fn rejection(&self, kernel: &Kernel, route: u32, lane: usize) -> f64 {
        let of_rule = |(rule, desk): (&Rule, &RuleState<L>)| {
            let c = rule.routes.iter().position(|own| *own == route)?;
            let class = rule.class_of[c] as usize;
            desk.active[lane].then(|| desk.terms.reject[class][lane])
        };
        kernel.rules.iter().zip(&self.rules).find_map(of_rule).unwrap_or(0.0)
    }

    /// Sums what classes count into what everybody reads.
    pub(super) fn sum(&mut self) {
        for (lane, total) in self.counts.iter_mut().enumerate() {
            *total = Counts::default();
            self.rules.iter().flat_map(|rule| &rule.lanes[lane].counts).for_each(|counts| total.add(counts));
        }
    }
}

impl<const L: usize> State<L> {
    /// Controlled routes of every licensing rule, with the tonnes licensed and not yet shipped, and the tonnes
    /// applied for, in one lane.
    #[must_use]
    pub fn licences(&self, kernel: &Kernel, lane: usize) -> Vec<Vec<(RouteId, f64, f64)>> {
        let of_rule = |(rule, desk): (&Rule, &RuleState<L>)| {
            (0..rule.routes.len())
                .map(|c| {
                    (
                        kernel.routes.id[rule.routes[c] as usize],
                        desk.ledger.balance(c, lane),
                        desk.pending[c * desk.ledger.pairs()..(c + 1) * desk.ledger.pairs()]
                            .iter()
                            .map(|row| row[lane])
                            .sum(),
                    )
                })
                .collect()
        };
        kernel.rules.iter().zip(&self.desk.rules).map(of_rule).collect()
    }

    /// Applications filed, approved, returned and rejected so far in one lane, and the days waited for
    /// approvals.
    #[must_use]
    pub fn desk_counts(&self, lane: usize) -> [f64; 5] {
        let counts = &self.desk.counts[lane];
        [counts.filed, counts.approved, counts.returned, counts.rejected, counts.waited]
    }
}

pub(super) fn licensing<'a>(kernel: &'a Kernel, rule: &Rule) -> Option<&'a Licensing> {
    match &kernel.scenario.shocks[rule.shock].kind {
        Kind::Licensing(licensing) => Some(licensing),
        _ => None,
    }
}

/// Lets `act` work with the queue and the clerk of one rule in one lane.
pub(super) fn at_desk<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    (position, lane): (usize, usize),
    state: &mut State<L>,
    act: impl FnOnce(&mut Queue<Lot>, &mut Clerk<'_, L>),
) {
    let rule = &kernel.rules[position];
    let Some(licensing) = licensing(kernel, rule) else { return };
    let RuleState { lanes, ledger, pending, terms, .. } = &mut state.desk.rules[position];
    let Lane { queue, counts, waits, experience, .. } = &mut lanes[lane];
    let mut clerk = Clerk {
        rule,
        licensing,
        entities: &kernel.routes.entity,
        streams: &streams[lane],
        parameters: &state.parameters,
        lane,
        terms,
        ledger,
        pending,
        counts,
        waits,
        experience,
    };
    act(queue, &mut clerk);
}

/// Phase 3, first half: what is due is decided, licences expire.
pub(crate) fn decide<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    state: &mut State<L>,
) {
    if kernel.rules.is_empty() {
        return;
    }
    let now = f64::from(step) * kernel.dt;
    for (position, rule) in kernel.rules.iter().enumerate() {
        let Some(licensing) = licensing(kernel, rule) else { continue };
        for (lane, own) in state.desk.rules[position].lanes.iter_mut().enumerate() {
            let memory = state.parameters[Parameter::WaitMemory as usize][lane];
            own.experience.fade(1.0 - kernel.dt / memory.max(kernel.dt));
        }
        if state.turned {
            turn(kernel, streams, step, position, state);
        }
        // Cases lie all over the memory: those of the next lane are fetched while one is at work.
        let expect = |lane: usize, desk: &Desk<L>| {
            desk.rules[position].lanes.get(lane).into_iter().for_each(|own| own.queue.expect(now));
        };
        expect(0, &state.desk);
        for lane in 0..L {
            expect(lane + 1, &state.desk);
            if !state.desk.rules[position].active[lane] {
                continue;
            }
            let since = (f64::from(step) - state.shock_start[rule.shock][lane]) * kernel.dt;
            at_desk(kernel, streams, (position, lane), state, |queue, clerk| {
                queue.advance(now, clerk);
                if clerk.ledger.renew(licensing, &clerk.terms.quota, since, kernel.dt, lane) {
                    clerk.release(now);
                }
            });
            filing::renew(kernel, streams, (step, position), lane, state);
            if licensing.de_minimis.is_some() {
                weigh(kernel, (position, lane), state);
            }
        }
    }
    state.desk.sum();
}

/// A shock began or ended: cases until now are decided on the old terms, those after on the new ones; a
/// control that begins takes the standing book, one that ends sends everybody home.
fn turn<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    position: usize,
    state: &mut State<L>,
) {
    let rule = &kernel.rules[position];
    let Some(licensing) = licensing(kernel, rule) else { return };
    let now = f64::from(step) * kernel.dt;
    for lane in 0..L {
        if state.desk.rules[position].active[lane] {
            at_desk(kernel, streams, (position, lane), state, |queue, clerk| queue.advance(now, clerk));
        }
    }
    let mut terms = std::mem::take(&mut state.desk.rules[position].terms);
    terms.update(kernel, streams, step, (rule, licensing), state);
    state.desk.rules[position].terms = terms;
    for lane in 0..L {
        let active = super::event::active(state, rule.shock, step, lane);
        let own = &mut state.desk.rules[position];
        let was = std::mem::replace(&mut own.active[lane], active);
        if active {
            at_desk(kernel, streams, (position, lane), state, |queue, clerk| {
                if clerk.terms.repaced(lane) {
                    queue.repace(now, clerk);
                }
                let servers = clerk.terms.servers(licensing, lane);
                queue.staff(now, servers, clerk);
            });
            if !was {
                if licensing.de_minimis.is_some() {
                    weigh(kernel, (position, lane), state);
                }
                let only = std::array::from_fn(|other| other == lane);
                filing::file_standing(kernel, streams, step, position, &only, state);
            }
        } else if was {
            own.lanes[lane].queue.clear();
            own.lanes[lane].counts.iter_mut().for_each(|counts| counts.pending = 0.0);
            own.lanes[lane].experience.close_all();
            own.ledger.void(lane);
            own.pending.iter_mut().for_each(|row| row[lane] = 0.0);
        }
    }
}

/// Which routes carry enough of Chinese origin to need a licence.
fn weigh<const L: usize>(kernel: &Kernel, (position, lane): (usize, usize), state: &mut State<L>) {
    let (Some(content), Some(origin)) = (&kernel.origin, &state.origin) else { return };
    let RuleState { terms, needs, .. } = &mut state.desk.rules[position];
    let threshold = terms.threshold(lane);
    for (c, &r) in kernel.rules[position].routes.iter().enumerate() {
        needs[c][lane] = origin.value_share(kernel, content, r as usize, lane) >= threshold;
    }
}

/// Phase 3, second half: what all rules together let leave.
#[inline(always)]
pub(crate) fn allowances<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    if kernel.rules.is_empty() {
        return;
    }
    state.desk.allowance.fill([f64::INFINITY; L]);
    for position in 0..kernel.rules.len() {
        allow(kernel, step, position, state);
    }
}

/// What one rule lets leave on its routes.
#[inline(always)]
fn allow<const L: usize>(kernel: &Kernel, step: u32, position: usize, state: &mut State<L>) {
    let rate = state.parameters[Parameter::LicensedRate as usize];
    let gate = state.parameters[Parameter::GateRatio as usize];
    let active = state.desk.rules[position].active;
    if !active.contains(&true) {
        return;
    }
    for (c, &r) in kernel.rules[position].routes.iter().enumerate() {
        let r = r as usize;
        let (mut usual, expected) = (state.routes[r].base_flow, expected_flow(kernel, r, state));
        for lane in 0..L {
            // A route that opened later has no base flow: what is expected of it, then.
            usual[lane] = if usual[lane] > 0.0 { usual[lane] } else { expected[lane] };
        }
        let Desk { rules, allowance, .. } = &mut state.desk;
        let RuleState { ledger, needs, .. } = &mut rules[position];
        let needs = needs[c];
        let allowed = if ledger.pairs() == 1 {
            ledger.allow(c, step, &active, &rate, &usual, kernel.dt)
        } else {
            let mut most = [0.0; L];
            for lane in 0..L {
                let claim = gate[lane] * more(usual[lane], expected[lane]);
                most[lane] = less(rate[lane] * usual[lane], claim);
            }
            ledger.allow_pairs(c, &most, kernel.dt)
        };
        let most = &mut allowance[kernel.routes.governed[r] as usize];
        for lane in 0..L {
            let limit = if active[lane] && needs[lane] { allowed[lane] } else { f64::INFINITY };
            most[lane] = less(most[lane], limit);
        }
    }
}

/// Daily flow on a route that its buyer expects to use.
#[inline(always)]
pub(super) fn expected_flow<const L: usize>(kernel: &Kernel, r: usize, state: &State<L>) -> Row<L> {
    let (amount, share) = (state.amount_of(kernel, r), state.routes[r].share);
    let mut flow = state.expected[kernel.routes.to[r] as usize];
    for lane in 0..L {
        flow[lane] *= amount[lane] * share[lane];
    }
    flow
}
