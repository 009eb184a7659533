//! The April scenario: 8 lanes × 8 batches a thread, on one thread and on two.
//!
//! Throughput is routes × steps × replications: `cargo bench --bench replicate`.
#![allow(missing_docs)] // criterion's macros

use std::hint::black_box;

use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// As in the program: rows of numbers are one cache line each.
#[global_allocator]
static MEMORY: coercivity::machine::OnLines = coercivity::machine::OnLines;

const BATCHES: u64 = 8;

fn replicate(criterion: &mut Criterion) {
    let Ok((scenario, _)) = Scenario::bundled("2025-april-controls") else { return };
    let kernel = Kernel::compile(&scenario);
    let mut group = criterion.benchmark_group("replicate");
    group.sample_size(10);
    for threads in [1_u64, 2] {
        let replications = threads * BATCHES * Kernel::LANES as u64;
        group.throughput(Throughput::Elements(
            kernel.edges() as u64 * u64::from(kernel.steps()) * replications,
        ));
        // Each thread its own memory and its own replications.
        let mut workers: Vec<_> = (0..threads).map(|thread| (thread, kernel.scratch(), Vec::new())).collect();
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            bencher.iter(|| {
                std::thread::scope(|scope| {
                    for (thread, scratch, out) in &mut workers {
                        let kernel = &kernel;
                        scope.spawn(move || {
                            for batch in 0..BATCHES {
                                let first = (*thread * BATCHES + batch) * Kernel::LANES as u64;
                                kernel.replicate(first, Kernel::LANES, scratch, out);
                            }
                            black_box(&out);
                            out.clear();
                        });
                    }
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, replicate);
criterion_main!(benches);
