//! Firm networks: steps of the preset `inoue-todo` and scenarios of the systemic index.
//!
//! Throughput is flows × steps for the first, scenarios for the second; one thread, so that figures do not
//! depend on the machine's other core. `cargo bench --bench firms`.
#![allow(missing_docs)] // criterion's macros

use coercivity::firms::esri::{Model, Options as IndexOptions, Size};
use coercivity::firms::generate::{Recipe, generate};
use coercivity::firms::inoue::{Options, Rationing, Simulation};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// As in the program: rows of numbers are one cache line each.
#[global_allocator]
static MEMORY: coercivity::machine::OnLines = coercivity::machine::OnLines;

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("inoue-todo");
    group.sample_size(10);
    for firms in [1_000, 10_000, 100_000] {
        let Ok(network) = generate(&Recipe { firms, ..Recipe::default() }) else { return };
        for (name, rationing) in
            [("proportional", Rationing::Proportional), ("water", Rationing::WaterFilling)]
        {
            group.throughput(Throughput::Elements(10 * network.flow_count() as u64));
            group.bench_function(BenchmarkId::new(name, firms), |bencher| {
                let options = Options { rationing, ..Options::default() };
                let fresh = || {
                    let mut simulation = Simulation::new(&network, &options);
                    // Past the first steps, in which few firms fall short.
                    (0..20).for_each(|_| simulation.step());
                    simulation
                };
                bencher.iter_batched_ref(
                    fresh,
                    |simulation| (0..10).for_each(|_| simulation.step()),
                    criterion::BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

fn scenarios(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("systemic index, one firm fails");
    group.sample_size(10);
    for firms in [1_000_u32, 10_000] {
        let Ok(network) = generate(&Recipe { firms, ..Recipe::default() }) else { return };
        let model = Model::new(&network, &[], Size::Sales);
        let sample: Vec<u32> = (0..64).map(|at| at * (firms / 64)).collect();
        group.throughput(Throughput::Elements(64));
        group.bench_function(BenchmarkId::from_parameter(firms), |bencher| {
            bencher.iter(|| model.index(&sample, &IndexOptions::default(), |_| {}));
        });
    }
    group.finish();
}

fn one_thread(_: &mut Criterion) {
    // Fails only if the pool exists already, and then it is this one.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
}

criterion_group!(benches, one_thread, steps, scenarios);
criterion_main!(benches);
