//! Run-time choice of instruction set, and the crate's only unsafe code.
//!
//! The step is compiled for the instruction sets below from the same source. Every operation is IEEE
//! addition, multiplication, division, minimum or comparison, none is contracted to a fused one, and no sum
//! is reordered, so that all versions give the same bits; a test compares them.

#![allow(unsafe_code)]

use super::compile::Kernel;
use super::scratch::State;
use super::{Watch, step};
use crate::random::philox::Streams;

/// One step on the widest instruction set this machine has.
pub(crate) fn advance<const L: usize, W: Watch<L>>(
    kernel: &Kernel,
    streams: &[Streams; L],
    at: u32,
    state: &mut State<L>,
    watch: &mut W,
) {
    #[cfg(target_arch = "x86_64")]
    {
        let wide = std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl");
        if L >= 8 && wide {
            // SAFETY: the function needs nothing but the instruction sets, which were just found.
            unsafe { advance_avx512(kernel, streams, at, state) };
            watch.step(kernel, at, state);
            return;
        }
        if L >= 4 && std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            unsafe { advance_avx2(kernel, streams, at, state) };
            watch.step(kernel, at, state);
            return;
        }
    }
    step::advance(kernel, streams, at, state);
    watch.step(kernel, at, state);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn advance_avx2<const L: usize>(kernel: &Kernel, streams: &[Streams; L], at: u32, state: &mut State<L>) {
    step::advance(kernel, streams, at, state);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn advance_avx512<const L: usize>(kernel: &Kernel, streams: &[Streams; L], at: u32, state: &mut State<L>) {
    step::advance(kernel, streams, at, state);
}
