//! Phases 8 and 9 for controlled routes: licences are used up, who applies for how much, and who applies anew when a
//! licence lapses.

use super::clerk::{Lot, STANDING};
use super::desk::{RuleState, at_desk, expected_flow, licensing};
use super::layout::Kernel;
use super::scratch::{RouteRows, Row, State, more};
use crate::policy::parameter::Parameter;
use crate::random::philox::Streams;

/// After dispatch, for every rule: licences are used up, and routes apply for what orders and expected flow need beyond
/// licences held and applied for. Route by route, so that its accounts are passed once.
#[inline(always)]
pub(crate) fn ship_and_file<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    state: &mut State<L>,
) {
    if kernel.rules.is_empty() {
        return;
    }
    for (position, rule) in kernel.rules.iter().enumerate() {
        let Some(licensing) = licensing(kernel, rule) else { continue };
        let active = state.desk.rules[position].active;
        if !active.contains(&true) {
            continue;
        }
        reckon_all(kernel, step, position, &active, state);
        for (c, &r) in rule.routes.iter().enumerate() {
            let exempt = state.exempt[kernel.routes.governed[r as usize] as usize];
            let mut tonnes = super::event::openly(kernel, state, r as usize);
            let RuleState { needs, ledger, pending, .. } = &mut state.desk.rules[position];
            let needs = needs[c];
            for lane in 0..L {
                let counts = active[lane] && needs[lane] && exempt[lane] <= 0.0;
                tonnes[lane] = if counts { tonnes[lane] } else { 0.0 };
            }
            let least = if ledger.pairs() == 1 {
                ledger.ship_alone(c, step, licensing.use_, &tonnes);
                ledger.least(c, pending)
            } else {
                ledger.ship_pairs(c, licensing.use_, &tonnes, pending)
            };
            file_route(kernel, streams, (step, 0), (position, c), (&active, &least), state);
        }
    }
    state.desk.sum();
}

/// The review time that applicants of each class reckon with: what the law allows the desk, or what they have
/// seen, if that is longer.
fn reckon<const L: usize>(kernel: &Kernel, now: f64, (position, lane): (usize, usize), state: &mut State<L>) {
    let lawful = state.parameters[Parameter::LicenceLead as usize][lane];
    let learns = state.parameters[Parameter::WaitMemory as usize][lane] > 0.0;
    let RuleState { lanes, lead, .. } = &mut state.desk.rules[position];
    for (class, lead) in lead.iter_mut().enumerate() {
        let seen = if learns { lanes[lane].experience.wait(class, now, kernel.dt) } else { 0.0 };
        lead[lane] = lawful.max(seen);
    }
}

/// All routes of one rule apply for the standing book, in the lanes of `only`.
pub(super) fn file_standing<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    position: usize,
    only: &[bool; L],
    state: &mut State<L>,
) {
    reckon_all(kernel, step, position, only, state);
    for c in 0..kernel.rules[position].routes.len() {
        let RuleState { ledger, pending, .. } = &state.desk.rules[position];
        let least = ledger.least(c, pending);
        file_route(kernel, streams, (step, STANDING), (position, c), (only, &least), state);
    }
}

/// Whoever applies only for the horizon beyond its orders runs dry while the desk reviews; whoever reckons with the
/// lawful time only runs dry while the desk takes longer.
fn reckon_all<const L: usize>(
    kernel: &Kernel,
    step: u32,
    position: usize,
    only: &[bool; L],
    state: &mut State<L>,
) {
    let now = f64::from(step) * kernel.dt;
    (0..L).filter(|lane| only[*lane]).for_each(|lane| reckon(kernel, now, (position, lane), state));
}

/// The pairs of one route apply, in the lanes of `only`: all lanes are looked at side by side, and those few in which the
/// pair that has `least` needs something go through the pairs one by one.
#[expect(clippy::needless_bitwise_bool, reason = "no short cuts: whole rows are compared at once")]
#[inline(always)]
fn file_route<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    (step, first_lot): (u32, u32),
    (position, c): (usize, usize),
    (only, least): (&[bool; L], &Row<L>),
    state: &mut State<L>,
) {
    let rule = &kernel.rules[position];
    let start = state.shock_start[rule.shock];
    let beyond = state.parameters[Parameter::HorizonDays as usize];
    let lot_days = state.parameters[Parameter::LotDays as usize];
    let pairs = state.desk.rules[position].ledger.pairs();
    let part = 1.0 / pairs as f64;
    // Numbers of lots are shared out between the pairs, so that no two share draws.
    let most = (f64::from(STANDING) * part).floor();
    let r = rule.routes[c] as usize;
    let class = rule.class_of[c] as usize;
    let own = &state.desk.rules[position];
    let RouteRows { book, base_flow, .. } = state.routes[r];
    let expected = expected_flow(kernel, r, state);
    let exempt = state.exempt[kernel.routes.governed[r] as usize];
    let (lead, eligible) = (own.lead[class], own.terms.eligible[class]);
    let needs = own.needs[c];
    let (mut lot, mut wanted, mut trifle, mut files) = ([0.0; L], [0.0; L], [0.0; L], false);
    for lane in 0..L {
        let horizon = beyond[lane] + lead[lane];
        lot[lane] = lot_days[lane] * more(expected[lane], base_flow[lane]) * part;
        trifle[lane] = 1.0e-9 * lot[lane];
        let since = (f64::from(step) - start[lane]) * kernel.dt;
        let may = only[lane] & needs[lane] & (since >= eligible[lane]) & (exempt[lane] <= 0.0);
        let need = (book[lane] + expected[lane] * horizon) * part;
        wanted[lane] = if may & (lot[lane] > 0.0) { need } else { f64::NEG_INFINITY };
        // On most days nobody behind the route needs anything: that is found in one go.
        files |= wanted[lane] - least[lane] > trifle[lane];
    }
    if !files {
        return;
    }
    for lane in (0..L).filter(|lane| wanted[*lane] - least[*lane] > trifle[*lane]) {
        for pair in 0..pairs {
            let own = &state.desk.rules[position];
            let held = own.ledger.balances(c)[pair][lane] + own.pending[c * pairs + pair][lane];
            let need = wanted[lane] - held;
            if need <= trifle[lane] {
                continue;
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive and capped"
            )]
            let lots = (need / lot[lane]).ceil().min(most) as u32;
            let filing = Filing { route: c, pair, pairs, lot: lot[lane], lots, step, first_lot };
            apply(kernel, streams, (position, lane), &filing, state);
        }
    }
}

/// What a route files in one step.
struct Filing {
    /// Position among the rule's routes.
    route: usize,
    /// Who files, of so many pairs behind the route.
    pair: usize,
    pairs: usize,
    /// Tonnes of each lot.
    lot: f64,
    lots: u32,
    step: u32,
    first_lot: u32,
}

fn apply<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    (position, lane): (usize, usize),
    filing: &Filing,
    state: &mut State<L>,
) {
    let Filing { route, pair, pairs, lot, lots, step, first_lot } = *filing;
    let class = kernel.rules[position].class_of[route] as usize;
    let own = &mut state.desk.rules[position];
    own.pending[route * pairs + pair][lane] += f64::from(lots) * lot;
    let counts = &mut own.lanes[lane].counts[class];
    counts.filed += f64::from(lots);
    counts.pending += f64::from(lots);
    own.lanes[lane].experience.filed(class, step, lots);
    at_desk(kernel, streams, (position, lane), state, |queue, clerk| {
        let small = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let (route, pair, pairs) = (small(route), small(pair), small(pairs));
        for number in 0..lots {
            let number = first_lot + number * pairs + pair;
            let lot = Lot { route, pair, tonnes: lot, step, number };
            queue.file(f64::from(step) * kernel.dt, lot, clerk);
        }
    });
}

/// Licences lapse, and whoever lost one applies anew on the same morning as far as it needs to.
pub(super) fn renew<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    (step, position): (u32, usize),
    lane: usize,
    state: &mut State<L>,
) {
    let now = f64::from(step) * kernel.dt;
    let lapsed = state.desk.rules[position].ledger.expire(now, lane);
    if !lapsed.is_empty() {
        reckon(kernel, now, (position, lane), state);
        let only = std::array::from_fn(|other| other == lane);
        for &c in &lapsed {
            let RuleState { ledger, pending, .. } = &state.desk.rules[position];
            let least = ledger.least(c, pending);
            file_route(kernel, streams, (step, STANDING), (position, c), (&only, &least), state);
        }
        at_desk(kernel, streams, (position, lane), state, |queue, clerk| queue.advance(now, clerk));
    }
    state.desk.rules[position].ledger.keep(lapsed);
}
