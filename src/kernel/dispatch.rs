//! The step, compiled for each instruction set; see [`crate::machine`].

use super::layout::Kernel;
use super::scratch::State;
use super::{Watch, step};
use crate::machine::{Work, on_widest};
use crate::random::philox::Streams;

/// One step of L replications.
struct Step<'a, const L: usize> {
    kernel: &'a Kernel,
    streams: &'a [Streams; L],
    at: u32,
    state: &'a mut State<L>,
}

impl<const L: usize> Work for Step<'_, L> {
    #[inline(always)]
    fn run(self) {
        step::advance(self.kernel, self.streams, self.at, self.state);
    }
}

/// One step, on the widest instruction set or (to compare) on the one the program was compiled for.
pub(crate) fn advance<const L: usize, W: Watch<L>>(
    kernel: &Kernel,
    streams: &[Streams; L],
    at: u32,
    state: &mut State<L>,
    watch: &mut W,
    plain: bool,
) {
    let work = Step { kernel, streams, at, state: &mut *state };
    if plain {
        work.run();
    } else {
        on_widest(L, work);
    }
    watch.step(kernel, at, state);
}
