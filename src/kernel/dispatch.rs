//! Run-time choice of instruction set, and the crate's only unsafe code.
//!
//! The step is compiled for the instruction sets below from the same source. Every operation is IEEE
//! addition, multiplication, division, minimum or comparison, none is contracted to a fused one, and no sum
//! is reordered, so that all versions give the same bits; a test compares them.

#![allow(unsafe_code)]

use super::layout::Kernel;
use super::scratch::State;
use super::{Watch, step};
use crate::random::philox::Streams;

/// Something to be compiled for each instruction set: `run` must be `#[inline(always)]`, as what is only
/// called from the compiled versions below is not compiled with them.
pub trait Work {
    /// Does it.
    fn run(self);
}

/// For tests: no more lanes than these are believed, so that a narrower instruction set is picked. Tests that run
/// beside the one that sets it see no difference, which is what it tests.
#[cfg(test)]
pub(crate) static MOST_LANES: std::sync::atomic::AtomicUsize =
    std::sync::atomic::AtomicUsize::new(usize::MAX);

/// Does work on rows of `lanes` numbers with the widest instruction set this machine has.
pub fn on_widest(lanes: usize, work: impl Work) {
    #[cfg(test)]
    let lanes = lanes.min(MOST_LANES.load(std::sync::atomic::Ordering::Relaxed));
    #[cfg(target_arch = "x86_64")]
    {
        let wide = std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl");
        if lanes >= 8 && wide {
            // SAFETY: the function needs nothing but the instruction sets, which were just found.
            unsafe { on_avx512(work) };
            return;
        }
        if lanes >= 4 && std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            unsafe { on_avx2(work) };
            return;
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = lanes;
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn on_avx2(work: impl Work) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn on_avx512(work: impl Work) {
    work.run();
}

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
