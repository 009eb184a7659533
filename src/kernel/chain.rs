//! Phase 1 for chains of regimes: which state holds when, drawn once per replication, and the shocks that a
//! state brings into force as it comes.

use super::event::steps_after;
use super::layout::Kernel;
use super::scratch::{Row, State};
use crate::policy::parameter::Value;
use crate::policy::regime::Chain;
use crate::policy::shock::Kind;
use crate::random::philox::{Purpose, Streams};

/// Visits in order of time: (first step, state). Each lasts until the next.
pub(crate) type Visits = Vec<(f64, usize)>;

/// The chain at a position among the scenario's shocks.
fn chain(kernel: &Kernel, position: usize) -> Option<&Chain> {
    match &kernel.scenario.shocks.get(position)?.kind {
        Kind::Regimes(chain) => Some(chain),
        _ => None,
    }
}

/// Whether some chain decides when a shock is in force.
pub(crate) fn ruled(kernel: &Kernel, position: usize) -> bool {
    kernel.scenario.shocks.iter().any(|shock| match &shock.kind {
        Kind::Regimes(chain) => chain.states.iter().any(|state| state.shocks.contains(&position)),
        _ => false,
    })
}

/// Draws the visits of a chain that begins and ends as given, and the first spell of each of its shocks.
pub(crate) fn start<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    position: usize,
    (begin, end): (&Row<L>, &Row<L>),
    state: &mut State<L>,
) {
    let Some(chain) = chain(kernel, position) else { return };
    let entity = kernel.shock_entity[position];
    let last = f64::from(kernel.steps);
    for lane in 0..L {
        let mut visits = std::mem::take(&mut state.visits[position * L + lane]);
        visits.clear();
        let (mut at, mut now, mut number) = (0, begin[lane], 0_u32);
        // Steps are at least 1, so that a run has at most as many visits as steps.
        while now < last && now < end[lane] && at < chain.states.len() {
            visits.push((now, at));
            let dwell = match &chain.states[at].dwell {
                Value::Parameter(parameter) => state.parameters[*parameter as usize][lane],
                Value::Scaled { parameter, power, times } => {
                    Value::scaled(state.parameters[*parameter as usize][lane], *power, *times)
                }
                Value::Drawn(law) => {
                    super::draw::draw(law, &streams[lane], Purpose::Regime, entity, 2 * number)
                }
            };
            let luck = streams[lane].uniform(Purpose::Regime, entity, 0, 2 * number + 1);
            let Some(next) = chain.successor(at, luck) else { break };
            now += steps_after(kernel, dwell.max(0.0)).max(1.0);
            at = next;
            number += 1;
        }
        let count = state.shock_start.len();
        let members = chain.states.iter().flat_map(|state| &state.shocks);
        for &shock in members.filter(|shock| **shock < count && **shock != position) {
            (state.shock_start[shock][lane], state.shock_end[shock][lane]) =
                spell(chain, &visits, shock, 0, end[lane]).unwrap_or((f64::INFINITY, f64::INFINITY));
            state.returns[shock][lane] = 0;
        }
        state.visits[position * L + lane] = visits;
    }
}

/// First and one-past-last step of the first spell of a shock from a visit on: visits that follow each other
/// and all name it are one spell.
fn spell(chain: &Chain, visits: &Visits, shock: usize, from: usize, end: f64) -> Option<(f64, f64)> {
    let named = |visit: &(f64, usize)| chain.states[visit.1].shocks.contains(&shock);
    let first = from + visits.get(from..)?.iter().position(named)?;
    let past = visits[first..].iter().position(|visit| !named(visit));
    Some((visits[first].0, past.map_or(end, |past| visits[first + past].0)))
}

/// Chains move on: a shock that a new visit brings back gets its new dates.
pub(crate) fn turn<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let at = f64::from(step);
    for position in 0..kernel.scenario.shocks.len() {
        let Some(chain) = chain(kernel, position) else { continue };
        for lane in 0..L {
            let visits = std::mem::take(&mut state.visits[position * L + lane]);
            let place = visits.partition_point(|visit| visit.0 < at);
            if let Some(visit) = visits.get(place).filter(|visit| visit.0 <= at) {
                for &shock in &chain.states[visit.1].shocks {
                    // A spell that goes on keeps its start.
                    if shock != position
                        && shock < state.shock_end.len()
                        && state.shock_end[shock][lane] <= at
                    {
                        let end = state.shock_end[position][lane];
                        if let Some(dates) = spell(chain, &visits, shock, place, end) {
                            (state.shock_start[shock][lane], state.shock_end[shock][lane]) = dates;
                            state.returns[shock][lane] += 1;
                        }
                    }
                }
            }
            state.visits[position * L + lane] = visits;
        }
    }
}
