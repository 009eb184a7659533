//! One step: the phases in their documented order.
//!
//! Dense phases are inlined into the callers in `dispatch.rs`, so that each is compiled for its instruction set.
//!
//! 1 regimes and shocks → 2 capacity → 3 licence decisions and expiries → 4 arrivals → 5 demand →
//! 6 production → 7 gate → 8 rationing and dispatch → 9 cancellation, orders, applications →
//! 10 prices → 11 slow adaptation (weekly) → 12 stockpiles → 13 tally.

use super::layout::Kernel;
use super::scratch::State;
use super::{allocate, book, desk, event, filing, origin, price, produce, response, tally};
use crate::random::philox::Streams;

#[inline(always)]
pub(crate) fn advance<const L: usize>(
    kernel: &Kernel,
    streams: &[Streams; L],
    step: u32,
    state: &mut State<L>,
) {
    event::apply(kernel, streams, step, state);
    desk::decide(kernel, streams, step, state);
    desk::allowances(kernel, step, state);
    event::caps(kernel, step, state);
    if kernel.origin.is_some() {
        origin::arrive(kernel, step, state);
    }
    produce::advance(kernel, step, state);
    if kernel.origin.is_some() {
        origin::produce(kernel, step, state);
    }
    event::quotas(kernel, state);
    price::withhold(kernel, state);
    allocate::ration(kernel, state);
    book::dispatch_and_order(kernel, state);
    event::shipped(kernel, state);
    filing::ship_and_file(kernel, streams, step, state);
    price::relax(kernel, state);
    response::adapt(kernel, step, state);
    response::stockpiles(kernel, step, state);
    tally::tally(kernel, step, state);
}
