//! What the machine has to offer: the widest instruction set and the lines of its cache. The crate's only unsafe code.
//!
//! # Instruction set
//! Work is compiled for the instruction sets below from the same source. Every operation is IEEE
//! addition, multiplication, division, minimum or comparison, none is contracted to a fused one, and no sum
//! is reordered, so that all versions give the same bits; a test compares them.
//!
//! # Lines
//! A row of eight numbers is one cache line of 64 bytes if it begins on one, and two otherwise. Allocators promise
//! 16 bytes, and most give no more. A program that has [`OnLines`] as its allocator gets rows of one line each (for
//! the licensing model 1.1 ×, for the bare kernel 1.2 × as fast: `docs/performance.md`).

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// Something to be compiled for each instruction set: `run` must be `#[inline(always)]`, as what is only
/// called from the compiled versions below is not compiled with them.
pub(crate) trait Work {
    /// Does it.
    fn run(self);
}

/// For tests: no more lanes than these are believed, so that a narrower instruction set is picked. Tests that run
/// beside the one that sets it see no difference, which is what it tests.
#[cfg(test)]
pub(crate) static MOST_LANES: std::sync::atomic::AtomicUsize =
    std::sync::atomic::AtomicUsize::new(usize::MAX);

/// Does work on rows of `lanes` numbers with the widest instruction set this machine has.
pub(crate) fn on_widest(lanes: usize, work: impl Work) {
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

/// Asks for what will be read a few hundred instructions from now, so that nobody waits for it then.
#[inline(always)]
pub(crate) fn expect<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of every x86-64, reads nothing, and the address is that of a reference.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Asks for the thing that stands `ahead` things after this one. There need be none: to ask in vain at the end of a list
/// is cheaper than to look each time whether it is the end.
#[inline(always)]
pub(crate) fn expect_after<T>(place: &T, ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let there = std::ptr::from_ref(place).wrapping_add(ahead).cast();
        // SAFETY: the instruction is part of every x86-64, reads nothing, and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(there) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (place, ahead);
}

/// The system's allocator, with memory that begins on a cache line.
///
/// ```
/// use coercivity::machine::OnLines;
///
/// #[global_allocator]
/// static MEMORY: OnLines = OnLines;
///
/// let mut rows = vec![[0.0_f64; 8]; 100];
/// assert_eq!(rows.as_ptr().addr() % 64, 0);
/// // Whatever a piece grows to or shrinks to, beyond what is aligned too, it holds what it held.
/// for count in [1, 2_000, 300_000, 3, 400_000] {
///     rows.truncate(3);
///     rows.shrink_to_fit();
///     rows.resize(count, [1.0; 8]);
///     rows.shrink_to_fit();
///     assert_eq!(rows[0], [0.0; 8]);
///     assert!(rows[3.min(count)..].iter().all(|row| *row == [1.0; 8]));
/// }
/// rows.truncate(2_000);
/// rows.shrink_to_fit();
/// assert_eq!(rows.as_ptr().addr() % 64, 0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OnLines;

impl OnLines {
    /// Bytes of a line.
    const LINE: usize = 64;
    /// Smallest piece that is moved to a line: there are many small ones, and the system has faster ways for them.
    const LEAST: usize = 256;
    /// Largest piece that is moved to a line: larger ones the system can grow without a
    /// copy if they are aligned its own way.
    const MOST: usize = 16 << 20;

    /// The layout that is asked of the system: a function of the layout alone, so that a piece is given back as it
    /// was got.
    const fn asked(layout: Layout) -> Layout {
        let size = layout.size();
        if size < Self::LEAST || size > Self::MOST || layout.align() >= Self::LINE {
            return layout;
        }
        match layout.align_to(Self::LINE) {
            Ok(aligned) => aligned,
            Err(_) => layout,
        }
    }
}

// SAFETY: every piece comes from the system's allocator, with a layout of the same size and at least the same
// alignment, and goes back to it with that very layout, as `asked` depends on the layout alone.
unsafe impl GlobalAlloc for OnLines {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises for `layout`; the size is the same and not zero.
        unsafe { System.alloc(Self::asked(layout)) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(Self::asked(layout)) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        // SAFETY: the piece was allocated with this layout, as it was asked.
        unsafe { System.dealloc(piece, Self::asked(layout)) }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size, rounded up to the alignment, does not overflow.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let (old, asked) = (Self::asked(layout), Self::asked(new));
        if old.align() == asked.align() {
            // SAFETY: the piece was allocated with `old`. If its alignment is the caller's, so is the promise about the
            // new size; if it is a line, the new size is at most `MOST`.
            return unsafe { System.realloc(piece, old, new_size) };
        }
        // SAFETY: both pieces have at least the smaller size, and are different ones.
        unsafe {
            let moved = System.alloc(asked);
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(piece, moved, layout.size().min(new_size));
                System.dealloc(piece, old);
            }
            moved
        }
    }
}
