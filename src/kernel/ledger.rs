//! Licences held: tonnes, validity, quotas on approvals, and the limit on what a licensed route ships.

use std::collections::VecDeque;

use super::compile::{Kernel, Rule};
use super::scratch::{Row, rows};
use crate::policy::licence::{Licensing, Use};

/// Days over which shipments of a licensed route are limited.
const WINDOW_DAYS: f64 = 30.0;

/// `licensed_rate` from which there is no limit.
const NO_LIMIT: f64 = 1.0e9;

/// What is approved but waits for a quota's next period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Position among the rule's routes.
    pub route: u32,
    /// Tonnes not licensed yet.
    pub tonnes: f64,
    /// Step of first filing.
    pub step: u32,
    /// Day of first filing.
    pub filed: f64,
}

/// Licences of one rule.
pub(crate) struct Ledger<const L: usize> {
    /// Per lane and route, oldest first: (expiry day, tonnes left).
    licences: Vec<Vec<VecDeque<(f64, f64)>>>,
    /// Λ: tonnes licensed and not yet shipped, per route.
    balance: Vec<Row<L>>,
    /// Shipments of the last 30 days, per route, and their ring.
    window: Vec<Row<L>>,
    ring: Vec<Row<L>>,
    slots: usize,
    /// Tonnes left of each quota's period.
    left: Vec<Row<L>>,
    /// Per lane, in order of approval.
    held: Vec<VecDeque<Held>>,
    /// Quotas that each route stands under.
    under: Vec<Vec<u16>>,
}

impl<const L: usize> Ledger<L> {
    pub(crate) fn new(kernel: &Kernel, rule: &Rule, licensing: &Licensing) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step has 1 to 7 days")]
        let slots = ((WINDOW_DAYS / kernel.dt).round() as usize).max(1);
        let routes = rule.routes.len();
        let under = rule.routes.iter().map(|&r| {
            let id = kernel.routes.id[r as usize];
            let quotas = (0_u16..).zip(&licensing.quotas);
            quotas.filter(|(_, quota)| quota.routes.binary_search(&id).is_ok()).map(|(q, _)| q).collect()
        });
        Self {
            licences: vec![vec![VecDeque::new(); routes]; L],
            balance: rows(routes),
            window: rows(routes),
            ring: rows(routes * slots),
            slots,
            left: rows(licensing.quotas.len()),
            held: vec![VecDeque::new(); L],
            under: under.collect(),
        }
    }

    pub(crate) fn reset(&mut self) {
        (0..L).for_each(|lane| self.void(lane));
        for rows in [&mut self.balance, &mut self.window, &mut self.ring, &mut self.left] {
            rows.fill([0.0; L]);
        }
    }

    /// All licences of a lane lapse, all approvals that wait are forgotten.
    pub(crate) fn void(&mut self, lane: usize) {
        self.licences[lane].iter_mut().for_each(VecDeque::clear);
        self.held[lane].clear();
        self.balance.iter_mut().for_each(|row| row[lane] = 0.0);
    }

    /// Tonnes licensed and not yet shipped.
    pub(crate) fn balance(&self, c: usize, lane: usize) -> f64 {
        self.balance[c][lane]
    }

    /// Licenses as much of `tonnes` as quotas have left and returns it.
    fn license(&mut self, c: usize, lane: usize, tonnes: f64, expiry: f64) -> f64 {
        let room = self.under[c].iter().map(|q| self.left[*q as usize][lane]);
        let granted = room.fold(tonnes, f64::min).max(0.0);
        if granted > 0.0 {
            for q in &self.under[c] {
                let left = &mut self.left[*q as usize][lane];
                *left = (*left - granted).max(0.0);
            }
            self.balance[c][lane] += granted;
            self.licences[lane][c].push_back((expiry, granted));
        }
        granted
    }

    /// An approval: a licence as far as quotas allow, and the rest waits. Returns the tonnes licensed and
    /// whether that is all.
    pub(crate) fn approve(&mut self, approved: Held, lane: usize, expiry: f64) -> (f64, bool) {
        let granted = self.license(approved.route as usize, lane, approved.tonnes, expiry);
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
            if since % f64::from(entry.period_days.max(1)) < dt {
                self.left[q][lane] = quota[q][lane];
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

    /// Licences whose day has come lapse.
    pub(crate) fn expire(&mut self, now: f64, lane: usize) {
        for (c, licences) in self.licences[lane].iter_mut().enumerate() {
            while licences.front().is_some_and(|(expiry, _)| *expiry <= now) {
                let tonnes = licences.pop_front().map_or(0.0, |licence| licence.1);
                self.balance[c][lane] = (self.balance[c][lane] - tonnes).max(0.0);
            }
            if licences.is_empty() {
                self.balance[c][lane] = 0.0;
            }
        }
    }

    /// The window moves on by one step: its oldest step's shipments leave it.
    pub(crate) fn slide(&mut self, c: usize, step: u32, lane: usize) {
        let slot = c * self.slots + step as usize % self.slots;
        self.window[c][lane] = (self.window[c][lane] - self.ring[slot][lane]).max(0.0);
        self.ring[slot][lane] = 0.0;
    }

    /// Most that may leave: what is licensed, within `rate` times the usual daily flow over 30 days.
    pub(crate) fn allowance(&self, c: usize, lane: usize, rate: f64, usual: f64) -> f64 {
        if rate >= NO_LIMIT {
            return self.balance[c][lane];
        }
        let room = (rate * WINDOW_DAYS * usual - self.window[c][lane]).max(0.0);
        self.balance[c][lane].min(room)
    }

    /// Uses licences up, oldest first.
    pub(crate) fn ship(&mut self, c: usize, step: u32, lane: usize, use_: Use, mut tonnes: f64) {
        let slot = c * self.slots + step as usize % self.slots;
        self.ring[slot][lane] += tonnes;
        self.window[c][lane] += tonnes;
        let licences = &mut self.licences[lane][c];
        // A rounding's worth of goods spends no single licence.
        if use_ == Use::Single && tonnes > 1.0e-9 * self.balance[c][lane] {
            licences.clear();
        }
        self.balance[c][lane] = (self.balance[c][lane] - tonnes).max(0.0);
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
            self.balance[c][lane] = 0.0;
        }
    }
}
