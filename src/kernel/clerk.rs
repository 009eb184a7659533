//! Who works at the desk: how long a lot takes, what is decided about it, what follows.

use super::desk::{Counts, WAIT_BINS, wait_bin};
use super::experience::Experience;
use super::layout::Rule;
use super::ledger::{Held, Ledger};
use super::queue::{Practice, Ticket, Verdict, service};
use super::scratch::Row;
use super::terms::Terms;
use crate::machine::expect;
use crate::policy::licence::{Capacity, Licensing};
use crate::policy::parameter::Parameter;
use crate::random::philox::{Entity, Purpose, Streams};

/// Most lots in one filing, and number of the first lot of a standing book: filings of the control's first
/// day and those of the same step's orders must not share draws.
pub(crate) const STANDING: u32 = 2048;

/// An applicant needs at least an hour to answer, so that a desk that only returns cannot run in circles.
const SOONEST_ANSWER: f64 = 1.0 / 24.0;

/// One lot applied for. With the route, its step and number key its draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot {
    /// Position among the rule's routes.
    pub route: u32,
    /// Who applies, of the pairs behind the route.
    pub pair: u32,
    /// Tonnes applied for.
    pub tonnes: f64,
    /// Step of first filing.
    pub step: u32,
    /// Number within the filing.
    pub number: u32,
}

/// The desk of one rule in one lane, without its queue.
pub(crate) struct Clerk<'a, const L: usize> {
    pub rule: &'a Rule,
    pub licensing: &'a Licensing,
    pub entities: &'a [Entity],
    pub streams: &'a Streams,
    pub parameters: &'a [Row<L>],
    pub lane: usize,
    pub terms: &'a Terms<L>,
    pub ledger: &'a mut Ledger<L>,
    /// Tonnes applied for and not yet licensed, per account of the ledger.
    pub pending: &'a mut [Row<L>],
    /// By class.
    pub counts: &'a mut [Counts],
    /// By class, approved and rejected, and bin.
    pub waits: &'a mut [f64],
    pub experience: &'a mut Experience,
}

impl<const L: usize> Clerk<'_, L> {
    fn parameter(&self, parameter: Parameter) -> f64 {
        self.parameters[parameter as usize][self.lane]
    }

    fn class(&self, route: u32) -> usize {
        self.rule.class_of[route as usize] as usize
    }

    fn draws(&self, purpose: Purpose, lot: &Lot, round: u32) -> [f64; 2] {
        let entity = self.entities[self.rule.routes[lot.route as usize] as usize];
        let number = lot.number.wrapping_add(round.wrapping_mul(2 * STANDING));
        self.streams.block(purpose, entity, lot.step, number)
    }

    /// Whose lot it is, among the ledger's accounts.
    fn account(&self, lot: &Lot) -> usize {
        (lot.route * self.licensing.pairs + lot.pair) as usize
    }

    fn expiry(&self, day: f64) -> f64 {
        day + self.parameter(Parameter::ValiditySingle)
    }

    /// A case is closed after `days` of waiting.
    fn decided(counts: &mut Counts, waits: &mut [f64], class: usize, days: f64, approved: bool) {
        counts.pending -= 1.0;
        let row = 2 * class + usize::from(!approved);
        waits[row * WAIT_BINS + wait_bin(days)] += 1.0;
    }

    /// Approvals that waited for a quota are licensed on the day a period begins.
    pub(crate) fn release(&mut self, day: f64) {
        let expiry = self.expiry(day);
        let (lane, rule) = (self.lane, self.rule);
        let (pending, counts, waits) = (&mut *self.pending, &mut *self.counts, &mut *self.waits);
        let experience = &mut *self.experience;
        let rule_pairs = self.licensing.pairs;
        self.ledger.release(lane, expiry, |held, tonnes, whole| {
            let left = &mut pending[(held.route * rule_pairs + held.pair) as usize][lane];
            *left = (*left - tonnes).max(0.0);
            if whole {
                let class = rule.class_of[held.route as usize] as usize;
                counts[class].approved += 1.0;
                counts[class].waited += day - held.filed;
                experience.decided(class, held.step, day - held.filed);
                Self::decided(&mut counts[class], waits, class, day - held.filed, true);
            }
        });
    }
}

impl<const L: usize> Practice for Clerk<'_, L> {
    type Case = Lot;

    fn intake(&mut self, lot: &Lot, round: u32) -> f64 {
        let (low, high) = (self.parameter(Parameter::IntakeLow), self.parameter(Parameter::IntakeHigh));
        low + (high - low).max(0.0) * self.draws(Purpose::Intake, lot, round)[0]
    }

    fn work(&mut self, ticket: &Ticket<Lot>, intake: f64) -> f64 {
        let draws = self.draws(Purpose::Review, &ticket.case, ticket.round);
        let (dead, mean) = (self.parameter(Parameter::DeskDeadTime), self.parameter(Parameter::DeskMean));
        let law = self.licensing.law;
        if self.licensing.capacity == Capacity::Infinite {
            // The dead time includes the intake already spent.
            return service(law, (dead - intake).max(0.0), mean, draws);
        }
        let effort = self.terms.effort(self.lane);
        if dead + mean <= 0.0 {
            return effort;
        }
        service(law, effort * dead / (dead + mean), effort * mean / (dead + mean), draws)
    }

    fn pace(&self, lot: &Lot) -> f64 {
        self.terms.speed[self.class(lot.route)][self.lane]
    }

    fn priority(&self, lot: &Lot) -> u8 {
        self.licensing.classes[self.class(lot.route)].priority
    }

    fn verdict(&mut self, _: f64, ticket: &Ticket<Lot>) -> Verdict {
        let lot = &ticket.case;
        let class = self.class(lot.route);
        let luck = self.draws(Purpose::Decision, lot, ticket.round)[0];
        let reject = self.terms.reject[class][self.lane];
        if luck < reject {
            Verdict::Rejected
        } else if luck < reject + self.terms.returned[class][self.lane] {
            self.counts[class].returned += 1.0;
            let luck = self.draws(Purpose::ApplicantDelay, lot, ticket.round)[0];
            let after = -self.parameter(Parameter::ApplicantDays) * libm::log(1.0 - luck);
            Verdict::Returned { after: after.max(SOONEST_ANSWER) }
        } else {
            Verdict::Approved
        }
    }

    fn expect(&self, lot: &Lot) {
        let account = self.account(lot);
        if let Some(pending) = self.pending.get(account) {
            expect(pending);
        }
        self.ledger.expect(account);
    }

    fn close(&mut self, day: f64, ticket: &Ticket<Lot>, approved: bool) {
        let lot = &ticket.case;
        let class = self.class(lot.route);
        let expiry = self.expiry(day);
        let (tonnes, whole) = if approved {
            let Lot { route, pair, tonnes, step, .. } = *lot;
            let held = Held { route, pair, tonnes, step, filed: ticket.filed };
            self.ledger.approve(held, self.lane, expiry)
        } else {
            (lot.tonnes, true)
        };
        let account = self.account(lot);
        let pending = &mut self.pending[account][self.lane];
        *pending = (*pending - tonnes).max(0.0);
        if !whole {
            return;
        }
        let (counts, days) = (&mut self.counts[class], day - ticket.filed);
        if approved {
            counts.approved += 1.0;
            counts.waited += days;
        } else {
            counts.rejected += 1.0;
        }
        self.experience.decided(class, lot.step, days);
        Self::decided(counts, self.waits, class, days, approved);
    }
}
