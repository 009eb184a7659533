//! What this machine can do at most, for comparison with what the simulator does on it: the only part of the
//! library that reads the clock.

pub mod bare;
pub mod carried;

use std::time::Instant;

use rayon::ThreadPool;
use rayon::prelude::*;

/// Bytes a second of a = b + 3 c over arrays of `elements` numbers (24 bytes each are counted), best of `repeats`.
///
/// Arrays should be several times as large as the caches.
#[must_use]
pub fn triad(pool: &ThreadPool, elements: usize, repeats: u32) -> f64 {
    const PIECE: usize = 1 << 16;
    let mut best = 0.0_f64;
    pool.install(|| {
        let fill = |value: f64| {
            (0..elements).into_par_iter().with_min_len(PIECE).map(|_| value).collect::<Vec<f64>>()
        };
        let (mut a, b, c) = (fill(0.0), fill(1.0), fill(2.0));
        for _ in 0..repeats.max(1) {
            let begun = Instant::now();
            a.par_chunks_mut(PIECE).zip(b.par_chunks(PIECE)).zip(c.par_chunks(PIECE)).for_each(
                |((a, b), c)| {
                    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                        *a = b + 3.0 * c;
                    }
                },
            );
            std::hint::black_box(&mut a);
            best = best.max(24.0 * elements as f64 / begun.elapsed().as_secs_f64().max(1e-9));
        }
    });
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_positive_for_any_length() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        for elements in [1, 1000, 1 << 17] {
            let rate = triad(&pool, elements, 2);
            assert!(rate > 0.0 && rate.is_finite(), "{rate}");
        }
    }
}
