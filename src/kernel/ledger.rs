//! Licences held: tonnes, validity, quotas on approvals, and the limit on what a licensed route ships.

use std::collections::VecDeque;

use super::layout::{Kernel, Rule};
use super::scratch::{Row, add, less, more, rows};
use crate::machine::expect;
use crate::policy::licence::{Licensing, Use};

/// Days over which shipments of a licensed route are limited.
const WINDOW_DAYS: f64 = 30.0;

/// `licensed_rate` from which there is no limit.
const NO_LIMIT: f64 = 1.0e9;

/// Part of a licence that may be left of it when it counts as used up.
const ROUNDING: f64 = 1.0e-9;

/// What is approved but waits for a quota's next period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Position among the rule's routes.
    pub route: u32,
    /// Whose it is of the pairs behind the route.
    pub pair: u32,
    /// Tonnes not licensed yet.
    pub tonnes: f64,
    /// Step of first filing.
    pub step: u32,
    /// Day of first filing.
    pub filed: f64,
}

/// A licence.
#[derive(Clone, Copy, Debug)]
struct Licence {
    /// Day on which it lapses.
    expiry: f64,
    tonnes: f64,
    /// Whose it is.
    account: u32,
}

/// Licences of one rule. Each of the exporter–customer pairs behind a route has an account of its own.
pub(crate) struct Ledger<const L: usize> {
    /// Pairs behind each route.
    pairs: usize,
    /// Per lane, in order of time: all that have not lapsed, used up or not.
    licences: Vec<VecDeque<Licence>>,
    /// Λ: tonnes licensed and not yet shipped, per account.
    balance: Vec<Row<L>>,
    /// Tonnes of an account's licences that have not lapsed, shipped or not. The oldest are used first, so that of the
    /// oldest one is left what the balance is above those of the others.
    granted: Vec<Row<L>>,
    /// Per lane and account, oldest first: expiry and tonnes of those not used; only of licences for one shipment each.
    singles: Vec<Vec<VecDeque<(f64, f64)>>>,
    /// Shipments of the last 30 days, per route; empty if a route stands for several pairs.
    window: Vec<Row<L>>,
    /// The same by step: slot by slot, and within a slot route by route.
    ring: Vec<Row<L>>,
    slots: usize,
    /// Most that one pair of a route may ship in this step, and what all its pairs may together.
    limit: Vec<Row<L>>,
    allowed: Vec<Row<L>>,
    /// Tonnes left of each quota's period.
    left: Vec<Row<L>>,
    /// Per lane, in order of approval.
    held: Vec<VecDeque<Held>>,
    /// Quotas that each route stands under.
    under: Vec<Vec<u16>>,
    /// Routes some licence of which has just lapsed, ascending.
    lapsed: Vec<usize>,
}

impl<const L: usize> Ledger<L> {
    pub(crate) fn new(kernel: &Kernel, rule: &Rule, licensing: &Licensing) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step has 1 to 7 days")]
        let slots = ((WINDOW_DAYS / kernel.dt).round() as usize).max(1);
        let routes = rule.routes.len();
        let pairs = (licensing.pairs as usize).max(1);
        let accounts = routes * pairs;
        // The limit of several pairs is kept step by step and needs no memory.
        let windows = if pairs == 1 { routes } else { 0 };
        let under = rule.routes.iter().map(|&r| {
            let id = kernel.routes.id[r as usize];
            let quotas = (0_u16..).zip(&licensing.quotas);
            quotas.filter(|(_, quota)| quota.routes.binary_search(&id).is_ok()).map(|(q, _)| q).collect()
        });
        Self {
            pairs,
            licences: vec![VecDeque::new(); L],
            balance: rows(accounts),
            granted: rows(accounts),
            singles: match licensing.use_ {
                Use::Single => vec![vec![VecDeque::new(); accounts]; L],
                Use::Multi => Vec::new(),
            },
            window: rows(windows),
            ring: rows(windows * slots),
            slots,
            limit: rows(routes),
            allowed: rows(routes),
            left: rows(licensing.quotas.len()),
            held: vec![VecDeque::new(); L],
            under: under.collect(),
            lapsed: Vec::with_capacity(routes),
        }
    }

    pub(crate) fn reset(&mut self) {
        (0..L).for_each(|lane| self.void(lane));
        self.left.fill([0.0; L]);
    }

    /// All licences of a lane lapse, all approvals that wait are forgotten.
    pub(crate) fn void(&mut self, lane: usize) {
        self.licences[lane].clear();
        self.held[lane].clear();
        if let Some(singles) = self.singles.get_mut(lane) {
            singles.iter_mut().for_each(VecDeque::clear);
        }
        // A control that comes back counts from then on.
        let rows = self.window.iter_mut().chain(&mut self.ring).chain(&mut self.balance);
        rows.chain(&mut self.granted).for_each(|row| row[lane] = 0.0);
    }

    /// Pairs behind each route.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs
    }

    /// Tonnes that each pair of a route has licensed and not yet shipped, in each lane.
    #[inline(always)]
    pub(crate) fn balances(&self, c: usize) -> &[Row<L>] {
        &self.balance[c * self.pairs..(c + 1) * self.pairs]
    }

    /// Asks for what a licence on an account changes.
    pub(crate) fn expect(&self, account: usize) {
        for rows in [&self.balance, &self.granted] {
            rows.get(account).into_iter().for_each(expect);
        }
    }

    /// Tonnes licensed and not yet shipped on a route.
    pub(crate) fn balance(&self, c: usize, lane: usize) -> f64 {
        self.balance[c * self.pairs..(c + 1) * self.pairs].iter().map(|row| row[lane]).sum()
    }

    /// Licenses as much of `tonnes` as quotas have left and returns it.
    fn license(&mut self, (c, pair): (usize, usize), lane: usize, tonnes: f64, expiry: f64) -> f64 {
        let a = c * self.pairs + pair;
        let room = self.under[c].iter().map(|q| self.left[*q as usize][lane]);
        let granted = room.fold(tonnes, f64::min).max(0.0);
        if granted > 0.0 {
            for q in &self.under[c] {
                let left = &mut self.left[*q as usize][lane];
                *left = (*left - granted).max(0.0);
            }
            self.balance[a][lane] += granted;
            self.granted[a][lane] += granted;
            if let Some(singles) = self.singles.get_mut(lane) {
                singles[a].push_back((expiry, granted));
            }
            let account = u32::try_from(a).unwrap_or(u32::MAX);
            // Licences are given in order of time and hold equally long, so that the place is the end.
            let licences = &mut self.licences[lane];
            let last = licences.back().is_none_or(|own| own.expiry <= expiry);
            let place =
                if last { licences.len() } else { licences.partition_point(|own| own.expiry <= expiry) };
            licences.insert(place, Licence { expiry, tonnes: granted, account });
        }
        granted
    }

    /// An approval: a licence as far as quotas allow, and the rest waits. Returns the tonnes licensed and
    /// whether that is all.
    pub(crate) fn approve(&mut self, approved: Held, lane: usize, expiry: f64) -> (f64, bool) {
        let granted =
            self.license((approved.route as usize, approved.pair as usize), lane, approved.tonnes, expiry);
        let rest = approved.tonnes - granted;
        if rest > 0.0 {
            self.held[lane].push_back(Held { tonnes: rest, ..approved });
        }
        (granted, rest <= 0.0)
    }

    /// Begins the quota periods whose time has come, `since` days after the rule's start. Returns whether
    /// any did.
    pub(crate) fn renew(
        &mut self,
        licensing: &Licensing,
        quota: &[Row<L>],
        since: f64,
        dt: f64,
        lane: usize,
    ) -> bool {
        let mut renewed = false;
        for (q, entry) in licensing.quotas.iter().enumerate() {
            let periods = super::event::periods_begun(since, dt, entry.period_days);
            if periods > 0.0 {
                self.left[q][lane] = periods * quota[q][lane];
                renewed = true;
            }
        }
        renewed
    }

    /// Licenses what waited, oldest approval first; `licensed` hears what each got and whether that was all.
    pub(crate) fn release(&mut self, lane: usize, expiry: f64, mut licensed: impl FnMut(Held, f64, bool)) {
        for _ in 0..self.held[lane].len() {
            let Some(held) = self.held[lane].pop_front() else { return };
            // What is left over goes to the end: after a whole round the order is as before.
            let (granted, whole) = self.approve(held, lane, expiry);
            licensed(held, granted, whole);
        }
    }

    /// Licences whose day has come lapse. Returns the routes that lost some, ascending; give the list back with
    /// [`Self::keep`].
    pub(crate) fn expire(&mut self, now: f64, lane: usize) -> Vec<usize> {
        let mut lapsed = std::mem::take(&mut self.lapsed);
        lapsed.clear();
        while let Some(Licence { tonnes, account, .. }) =
            self.licences[lane].front().copied().filter(|licence| licence.expiry <= now)
        {
            self.licences[lane].pop_front();
            let a = account as usize;
            let left = if self.singles.is_empty() {
                self.lapse(a, lane, tonnes)
            } else {
                self.lapse_single(a, lane, now)
            };
            // What rounding leaves of a licence is no loss.
            if left > ROUNDING * tonnes {
                lapsed.push(a / self.pairs);
            }
        }
        lapsed.sort_unstable();
        lapsed.dedup();
        lapsed
    }

    /// The oldest licence of an account lapses: what was left of it.
    fn lapse(&mut self, a: usize, lane: usize, tonnes: f64) -> f64 {
        let others = more(self.granted[a][lane] - tonnes, 0.0);
        // Summed and taken off again, the last one leaves rounding.
        let others = if others > ROUNDING * tonnes { others } else { 0.0 };
        let balance = self.balance[a][lane];
        (self.granted[a][lane], self.balance[a][lane]) = (others, less(balance, others));
        more(balance - others, 0.0)
    }

    /// The same of licences for one shipment each; nothing if it was used.
    fn lapse_single(&mut self, a: usize, lane: usize, now: f64) -> f64 {
        let singles = &mut self.singles[lane][a];
        let lapsed = singles.front().copied().filter(|(expiry, _)| *expiry <= now);
        if lapsed.is_some() {
            singles.pop_front();
        }
        self.balance[a][lane] = self.unused(a, lane);
        lapsed.map_or(0.0, |(_, tonnes)| tonnes)
    }

    /// Tonnes of an account's licences for one shipment each; summed anew, so that an empty account holds nothing.
    fn unused(&self, a: usize, lane: usize) -> f64 {
        self.singles[lane][a].iter().map(|(_, tonnes)| tonnes).sum()
    }

    /// Takes the list of lapsed routes back, so that none is made anew.
    pub(crate) fn keep(&mut self, lapsed: Vec<usize>) {
        self.lapsed = lapsed;
    }

    fn slot(&self, c: usize, step: u32) -> usize {
        step as usize % self.slots * self.window.len() + c
    }

    /// Most that may leave in each lane: what is licensed, within `rate` times the usual daily flow over 30
    /// days. Where the desk is at work the window moves on by one step first: its oldest step's shipments
    /// leave it.
    #[inline(always)]
    pub(crate) fn allow(
        &mut self,
        c: usize,
        step: u32,
        working: &[bool; L],
        rate: &Row<L>,
        usual: &Row<L>,
        dt: f64,
    ) -> Row<L> {
        let slot = self.slot(c, step);
        // Whole steps: 28 of the 30 days where a step is a week.
        let days = self.slots as f64 * dt;
        let (mut window, mut oldest, balance) = (self.window[c], self.ring[slot], self.balance[c]);
        let mut allowed = [0.0; L];
        for lane in 0..L {
            let moved = more(window[lane] - oldest[lane], 0.0);
            window[lane] = if working[lane] { moved } else { window[lane] };
            oldest[lane] = if working[lane] { 0.0 } else { oldest[lane] };
            let room = more(rate[lane] * days * usual[lane] - window[lane], 0.0);
            let limited = less(balance[lane], room);
            allowed[lane] = if rate[lane] >= NO_LIMIT { balance[lane] } else { limited };
        }
        self.window[c] = window;
        self.ring[slot] = oldest;
        allowed
    }

    /// Most that may leave in each lane where a route stands for several pairs: each ships on its own licences and
    /// no more than its part of `most`, tonnes a day, so that nobody ships in another's place.
    #[inline(always)]
    pub(crate) fn allow_pairs(&mut self, c: usize, most: &Row<L>, dt: f64) -> Row<L> {
        let part = dt / self.pairs as f64;
        let limit = most.map(|most| most * part);
        self.limit[c] = limit;
        let mut allowed = [0.0; L];
        for balance in &self.balance[c * self.pairs..(c + 1) * self.pairs] {
            for lane in 0..L {
                allowed[lane] += less(balance[lane], limit[lane]);
            }
        }
        self.allowed[c] = allowed;
        allowed
    }

    /// What left a route of several pairs is spread over them in proportion to what each might have shipped. Returns
    /// what [`Self::least`] would afterwards, so that accounts are passed once.
    #[inline(always)]
    pub(crate) fn ship_pairs(&mut self, c: usize, use_: Use, tonnes: &Row<L>, pending: &[Row<L>]) -> Row<L> {
        let (limit, allowed) = (self.limit[c], self.allowed[c]);
        let mut part = [0.0; L];
        for lane in 0..L {
            part[lane] = if allowed[lane] > 0.0 { less(tonnes[lane] / allowed[lane], 1.0) } else { 0.0 };
        }
        let accounts = c * self.pairs..(c + 1) * self.pairs;
        if use_ == Use::Single {
            for a in accounts {
                let own: Row<L> =
                    std::array::from_fn(|lane| less(self.balance[a][lane], limit[lane]) * part[lane]);
                self.spend(a, use_, &own);
            }
            return self.least(c, pending);
        }
        let mut least = [f64::INFINITY; L];
        for (row, pending) in self.balance[accounts.clone()].iter_mut().zip(&pending[accounts]) {
            let (mut balance, pending) = (*row, *pending);
            for lane in 0..L {
                let own = less(balance[lane], limit[lane]) * part[lane];
                balance[lane] = more(balance[lane] - own, 0.0);
                least[lane] = less(balance[lane] + pending[lane], least[lane]);
            }
            *row = balance;
        }
        least
    }

    /// The smallest of what the pairs of a route hold and have applied for.
    #[inline(always)]
    pub(crate) fn least(&self, c: usize, pending: &[Row<L>]) -> Row<L> {
        let accounts = c * self.pairs..(c + 1) * self.pairs;
        let mut least = [f64::INFINITY; L];
        for (balance, pending) in self.balance[accounts.clone()].iter().zip(&pending[accounts]) {
            for lane in 0..L {
                least[lane] = less(balance[lane] + pending[lane], least[lane]);
            }
        }
        least
    }

    /// The only pair of a route ships `tonnes` in each lane.
    #[inline(always)]
    pub(crate) fn ship_alone(&mut self, c: usize, step: u32, use_: Use, tonnes: &Row<L>) {
        self.spend(c, use_, tonnes);
        let slot = self.slot(c, step);
        add(&mut self.ring[slot], tonnes);
        add(&mut self.window[c], tonnes);
    }

    /// Takes tonnes off one account.
    #[inline(always)]
    fn spend(&mut self, a: usize, use_: Use, tonnes: &Row<L>) {
        if use_ == Use::Single {
            for lane in 0..L {
                if tonnes[lane] > 0.0 {
                    self.spend_single(a, lane, tonnes[lane]);
                }
            }
            return;
        }
        let mut balance = self.balance[a];
        for lane in 0..L {
            balance[lane] = more(balance[lane] - tonnes[lane], 0.0);
        }
        self.balance[a] = balance;
    }

    /// A shipment uses the oldest licences for one shipment each, as many as it needs; what it leaves on the last
    /// of them lapses. Later licences stay: they were given for other shipments.
    fn spend_single(&mut self, a: usize, lane: usize, tonnes: f64) {
        // A rounding's worth of goods spends no licence.
        let trifle = ROUNDING * self.balance[a][lane];
        let mut left = tonnes;
        while left > trifle {
            let Some((_, licensed)) = self.singles[lane][a].pop_front() else { break };
            left -= licensed;
        }
        self.balance[a][lane] = self.unused(a, lane);
    }
}
