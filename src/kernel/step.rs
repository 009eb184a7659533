//! One step: the phases in their documented order.
//!
//! Dense phases are inlined into the callers in `dispatch.rs`, so that each is compiled for its instruction set.
//!
//! 1 regimes and shocks → 2 capacity → 3 licence decisions and expiries → 4 arrivals → 5 demand →
//! 6 production → 7 gate → 8 rationing and dispatch → 9 cancellation, orders, applications →
//! 10 prices → 11 slow adaptation (weekly) → 12 stockpiles → 13 tally.

use super::compile::Kernel;
use super::scratch::State;
use super::{allocate, book, desk, event, price, produce, response, share, tally};
use crate::random::philox::Streams;

#[inline(always)]
pub(crate) fn advance<const L: usize>(kernel: &Kernel, streams: &[Streams; L], step: u32, state: &mut State<L>) {
    event::apply(kernel, streams, step, state);
    desk::decide(kernel, streams, step, state);
    event::caps(kernel, step, state);
    arrive(kernel, step, state);
    produce::demand(kernel, step, state);
    share::shares(kernel, step, state);
    produce::produce(kernel, state);
    book::gate(kernel, state);
    event::quotas(kernel, state);
    allocate::ration(kernel, state);
    book::dispatch_and_order(kernel, step, state);
    event::shipped(kernel, state);
    desk::shipped(kernel, step, state);
    desk::file(kernel, streams, step, state);
    price::relax(kernel, state);
    response::adapt(kernel, step, state);
    response::stockpiles(kernel, step, state);
    tally::tally(kernel, step, state);
}

/// Phase 4: goods due in this step join the buyers' stocks.
#[inline(always)]
fn arrive<const L: usize>(kernel: &Kernel, step: u32, state: &mut State<L>) {
    let routes = &kernel.routes;
    for r in 0..routes.from.len() {
        let (surface, air) = (routes.surface[r], routes.air[r]);
        let slot = (surface.offset + step % surface.slots) as usize;
        let mut arriving = state.ring[slot];
        state.ring[slot] = [0.0; L];
        if air.slots > 0 {
            let slot = (air.offset + step % air.slots) as usize;
            let flown = state.ring[slot];
            state.ring[slot] = [0.0; L];
            for lane in 0..L {
                arriving[lane] += flown[lane];
            }
        }
        let (mut stock, mut transit) = (state.stock[r], state.transit[r]);
        for lane in 0..L {
            stock[lane] += arriving[lane];
            transit[lane] = (transit[lane] - arriving[lane]).max(0.0);
        }
        state.stock[r] = stock;
        state.transit[r] = transit;
    }
}
