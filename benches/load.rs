//! From text to a kernel: what a run costs before the first step. `cargo bench --bench load`.
#![allow(missing_docs)] // criterion's macros

use std::hint::black_box;

use coercivity::kernel::Kernel;
use coercivity::network::Network;
use coercivity::scenario::Scenario;
use criterion::{Criterion, criterion_group, criterion_main};

fn load(criterion: &mut Criterion) {
    let Ok((scenario, _)) = Scenario::bundled("2025-april-controls") else { return };
    let Ok(network) = Network::embedded("world-2024") else { return };
    let mut group = criterion.benchmark_group("load");
    group.sample_size(20);
    group.bench_function("network: read and validate", |bencher| {
        bencher.iter(|| black_box(Network::embedded("world-2024").is_ok()));
    });
    group.bench_function("network: expand into lines", |bencher| {
        bencher.iter(|| black_box(network.lines().is_ok()));
    });
    group.bench_function("scenario: parse and resolve, with its network", |bencher| {
        bencher.iter(|| black_box(Scenario::bundled("2025-april-controls").is_ok()));
    });
    group.bench_function("kernel: compile", |bencher| {
        bencher.iter(|| black_box(Kernel::compile(&scenario)));
    });
    group.bench_function("scratch: allocate", |bencher| {
        let kernel = Kernel::compile(&scenario);
        bencher.iter(|| black_box(kernel.scratch()));
    });
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
