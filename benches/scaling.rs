//! How time grows with threads, replications and the size of the network: `cargo bench --bench scaling`.
//!
//! Networks are chains: many rows of ten lines from mine to user, each buying from its own row and from the
//! next one, so that a line has two routes in whatever the size. Throughput is routes × steps × replications.
#![allow(missing_docs)] // criterion's macros

use std::hint::black_box;
use std::sync::Arc;

use coercivity::id::{FacilityId, LineId, MaterialId, Place, PoolId};
use coercivity::kernel::Kernel;
use coercivity::network::line::{
    Amount, Band, Carriage, Criticality, EndUse, Input, Line, LineGraph, LineRoute, Material, Pool, Site,
    Stage,
};
use coercivity::scenario::Scenario;
use coercivity::study::{self, Options, batch::Portion};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// As in the program: rows of numbers are one cache line each.
#[global_allocator]
static MEMORY: coercivity::machine::OnLines = coercivity::machine::OnLines;

/// Lines of a row, from mine to user.
const LENGTH: usize = 10;
const STAGES: [Stage; LENGTH] = [
    Stage::Mine,
    Stage::Separation,
    Stage::Separation,
    Stage::Metal,
    Stage::Metal,
    Stage::Magnet,
    Stage::Magnet,
    Stage::Component,
    Stage::Component,
    Stage::Automaker,
];

/// `rows` × [`LENGTH`] lines: those of one place in the row stand side by side.
fn chains(rows: usize) -> LineGraph {
    let mut graph = LineGraph::default();
    for (at, stage) in STAGES.into_iter().enumerate() {
        let (heavy, price) = (false, None);
        graph.materials.push(Material { name: format!("goods {at}"), heavy, ndpr: 0.0, dytb: 0.0, price });
        for row in 0..rows {
            let facility = FacilityId::new(graph.sites.len());
            let (country, region) = (Place::CHN, Place::CHN);
            let id = format!("f-{at}-{row}");
            let (name, company) = (id.clone(), id.clone());
            graph.sites.push(Site { id: id.clone(), name, company, stage, country, region });
            graph.pools.push(Pool {
                facility,
                capacity: 12.0,
                recorded_output: 10.0,
                utilisation_unknown: false,
                opens: None,
                lines: Vec::new(),
            });
            let input = |before: usize| Input {
                material: MaterialId::new(before),
                amount: Amount::fixed(1.0),
                criticality: Criticality::Essential,
                routes: Vec::new(),
            };
            graph.push_line(Line {
                id: format!("{id}:goods"),
                facility,
                product: MaterialId::new(at),
                stage,
                country,
                region,
                end_use: EndUse::Automotive,
                inputs: at.checked_sub(1).map(input).into_iter().collect(),
                final_demand: if at + 1 == LENGTH { 10.0 } else { 0.0 },
                pool: PoolId::new(facility.index()),
                coproduct_of: None,
                outgoing: Vec::new(),
            });
        }
    }
    for at in 1..LENGTH {
        for row in 0..rows {
            let to = at * rows + row;
            let mut suppliers = [(at - 1) * rows + row, (at - 1) * rows + (row + 1) % rows];
            suppliers.sort_unstable();
            for from in suppliers {
                let id = format!("{}>{}", graph.lines[from].id, graph.lines[to].id);
                graph.push_route(LineRoute {
                    share_key: id.clone(),
                    id,
                    from: LineId::new(from),
                    to: LineId::new(to),
                    material: MaterialId::new(at - 1),
                    input: 0,
                    share: Band::fixed(0.5),
                    yield_per_tonne: None,
                    surface_days: 10,
                    air_days: 5,
                    carriage: Carriage::SeaAndAir,
                    cover: Band::fixed(30.0),
                    cover_key: format!("cover-{to}"),
                    opens: None,
                });
            }
        }
    }
    graph
}

/// The calm scenario, on the chains or on its own network.
fn calm(graph: Option<LineGraph>) -> Option<Kernel> {
    let sets = ["end=2025-07-02".to_owned()];
    let (mut scenario, _) = Scenario::open("2025-april-controls", &sets).ok()?;
    if let Some(graph) = graph {
        // Shocks name routes of their own network.
        scenario.shocks.clear();
        scenario.lines = Arc::new(graph);
    }
    Some(Kernel::compile(&scenario))
}

fn measure(
    group: &str,
    name: &str,
    kernel: &Kernel,
    replications: u64,
    threads: usize,
    criterion: &mut Criterion,
) {
    let mut group = criterion.benchmark_group(group);
    group.sample_size(10);
    let steps = kernel.edges() as u64 * u64::from(kernel.steps());
    group.throughput(Throughput::Elements(steps * replications));
    let portion = Portion { first: 0, end: replications };
    let options = Options { scenario: name.to_owned(), threads, portion, until: None };
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter(|| black_box(study::run(kernel, &options, &|_| {}, &|| false, None).is_ok()));
    });
    group.finish();
}

fn scaling(criterion: &mut Criterion) {
    let Some(kernel) = calm(None) else { return };
    for threads in [1, 2] {
        measure("threads", &threads.to_string(), &kernel, 128, threads, criterion);
    }
    for replications in [8, 32, 128, 512] {
        measure("replications", &replications.to_string(), &kernel, replications, 1, criterion);
    }
    for lines in [100, 1_000, 10_000] {
        let Some(kernel) = calm(Some(chains(lines / LENGTH))) else { return };
        measure("lines", &lines.to_string(), &kernel, 8, 1, criterion);
    }
}

criterion_group!(benches, scaling);
criterion_main!(benches);
