//! How near the model is to what this machine can do: `cargo bench --bench yardstick`.
//!
//! All measured in one run, round by round in turn, so that a busy machine slows all of it: memory bandwidth, a bare
//! kernel (see `coercivity::bench::bare`), the model's state carried, the model on one thread and on two, and the
//! model where fewer cases or none come to the licence desk. README.md beside this file
//! says how each figure is computed. No library measures here: what is printed is what this file does.
#![allow(clippy::pedantic, missing_docs)] // a table for people; counts become floats

use std::hint::black_box;
use std::time::Instant;

use coercivity::bench::bare::Bare;
use coercivity::bench::carried::Carried;
use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;

/// As in the program: rows of numbers are one cache line each.
#[global_allocator]
static MEMORY: coercivity::machine::OnLines = coercivity::machine::OnLines;

/// Rounds; the median of each figure and of each ratio is printed.
const ROUNDS: usize = 7;
/// Batches of [`Kernel::LANES`] replications a thread does in a round.
const BATCHES: u64 = 8;
/// Numbers in each of the triad's three arrays: far more than any cache holds.
const TRIAD: usize = 16 << 20;

/// Seconds on the wall clock and on the processor.
#[derive(Clone, Copy)]
struct Time {
    wall: f64,
    cpu: f64,
}

/// Seconds this thread has run, where the system says so (Linux); otherwise none.
fn on_cpu() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds * 1e-9)
}

fn time(work: impl FnOnce()) -> Time {
    let (wall, cpu) = (Instant::now(), on_cpu());
    work();
    let wall = wall.elapsed().as_secs_f64();
    let spent = cpu.zip(on_cpu()).map(|(before, after)| after - before);
    // Systems that do not count say zero.
    let cpu = spent.filter(|spent| *spent > 0.0).unwrap_or(wall);
    Time { wall, cpu }
}

/// Runs the same work on `threads` threads; `cpu` is the mean over them.
fn on_threads<T: Send>(workers: &mut [T], work: impl Fn(&mut T) + Sync) -> Time {
    let wall = Instant::now();
    let spent: Vec<Time> = std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            workers.iter_mut().map(|worker| scope.spawn(move || time(|| work(worker)))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let cpu = spent.iter().map(|time| time.cpu).sum::<f64>() / spent.len().max(1) as f64;
    Time { wall: wall.elapsed().as_secs_f64(), cpu }
}

/// a = b + s·c on arrays beyond the caches.
struct Triad {
    a: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
}

impl Triad {
    /// Bytes one pass reads and writes, as the STREAM benchmark counts them (without the read that a write
    /// allocates a cache line with).
    const BYTES: f64 = 3.0 * 8.0 * TRIAD as f64;

    fn new() -> Self {
        Self { a: vec![0.5; TRIAD], b: vec![1.0; TRIAD], c: vec![2.0; TRIAD] }
    }

    fn pass(&mut self) {
        for ((a, b), c) in self.a.iter_mut().zip(&self.b).zip(&self.c) {
            *a = b + 3.0 * c;
        }
        black_box(&self.a);
    }
}

/// A thread's number, memory and outcomes.
type Worker = (u64, coercivity::kernel::Scratch, Vec<coercivity::summary::Outcome>);

fn workers(kernel: &Kernel) -> [Worker; 2] {
    [0, 1].map(|worker| (worker, kernel.scratch(), Vec::new()))
}

/// One figure: what it counts, per second, in each round.
struct Figure {
    name: &'static str,
    unit: &'static str,
    rounds: Vec<(f64, f64)>,
}

impl Figure {
    fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit, rounds: Vec::new() }
    }

    fn record(&mut self, amount: f64, time: Time) {
        self.rounds.push((amount / time.wall, amount / time.cpu));
    }

    /// Median, slowest and fastest round by processor time, and the median by wall clock.
    fn print(&self) {
        let cpu = sorted(self.rounds.iter().map(|round| round.1));
        let wall = sorted(self.rounds.iter().map(|round| round.0));
        println!(
            "{:<36} {:>9.2} {:>9.2} {:>9.2} {:>11.2}  {}",
            self.name,
            cpu[cpu.len() / 2],
            cpu[0],
            cpu[cpu.len() - 1],
            wall[wall.len() / 2],
            self.unit
        );
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Median over rounds of one figure as a share of another, by processor time.
fn ratio(of: &Figure, to: &Figure) -> f64 {
    let ratios = sorted(of.rounds.iter().zip(&to.rounds).map(|(a, b)| a.1 / b.1));
    ratios[ratios.len() / 2]
}

fn main() {
    let Ok((scenario, _)) = Scenario::bundled("2025-april-controls") else { return };
    let kernel = Kernel::compile(&scenario);
    let (edges, steps) = (kernel.edges() as f64, f64::from(kernel.steps()));
    let million = |replications: u64| edges * steps * replications as f64 / 1e6;

    if std::env::args().any(|argument| argument == "count") {
        // For valgrind: see README.md.
        let mut out = Vec::new();
        kernel.replicate(0, Kernel::LANES, &mut kernel.scratch(), &mut out);
        println!("one batch of {} replications, {edges} routes, {steps} steps", black_box(out).len());
        return;
    }
    let mut triads = [Triad::new(), Triad::new()];
    let (mut bare8, mut bare16) = (Bare::<8>::new(&kernel), Bare::<16>::new(&kernel));
    let (mut carried, mut half) = (Carried::<f64, 8>::new(&kernel), Carried::<f32, 16>::new(&kernel));
    let mut own_workers = workers(&kernel);
    let replicate = |kernel: &Kernel, (worker, scratch, out): &mut Worker| {
        let lanes = Kernel::LANES;
        for batch in 0..BATCHES {
            kernel.replicate((*worker * BATCHES + batch) * lanes as u64, lanes, scratch, out);
        }
        black_box(&out);
        out.clear();
    };
    let model = |worker: &mut Worker| replicate(&kernel, worker);
    // The same network and days: one pair of exporter and customer a route, and an embargo, which has no desk.
    let one_pair = ["shock.april-controls.pairs=1".to_owned()];
    let others = [("2025-april-controls", &one_pair[..]), ("full-embargo", &[])];
    let others = others.map(|(name, sets)| {
        let (scenario, _) = Scenario::open(name, sets).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let kernel = Kernel::compile(&scenario);
        assert!(kernel.edges() as f64 == edges && f64::from(kernel.steps()) == steps, "{name}: other work");
        let workers = workers(&kernel);
        (kernel, workers)
    });
    let [(single, mut single_workers), (embargo, mut embargo_workers)] = others;

    let mut figures = [
        Figure::new("triad, 1 thread", "GB/s"),
        Figure::new("triad, 2 threads", "GB/s"),
        Figure::new("bare kernel, 8 lanes, 1 thread", "million edge-steps/s"),
        Figure::new("bare kernel, 16 lanes, 1 thread", "million edge-steps/s"),
        Figure::new("the model's state carried, 1 thread", "million edge-steps/s"),
        Figure::new("  in 32 bits and 16 lanes", "million edge-steps/s"),
        Figure::new("model, 8 lanes, 1 thread", "million edge-steps/s"),
        Figure::new("model, 8 lanes, 2 threads", "million edge-steps/s"),
        Figure::new("  one pair a route, 2 threads", "million edge-steps/s"),
        Figure::new("  an embargo, 1 thread", "million edge-steps/s"),
        Figure::new("  an embargo, 2 threads", "million edge-steps/s"),
    ];
    // The first round warms up and is not recorded.
    for round in 0..=ROUNDS {
        let each = BATCHES * Kernel::LANES as u64;
        let measured = [
            (4.0 * Triad::BYTES / 1e9, on_threads(&mut triads[..1], |t| (0..4).for_each(|_| t.pass()))),
            (8.0 * Triad::BYTES / 1e9, on_threads(&mut triads, |t| (0..4).for_each(|_| t.pass()))),
            (million(each), time(|| (0..BATCHES).for_each(|_| bare8.run(kernel.steps())))),
            (million(each), time(|| (0..BATCHES / 2).for_each(|_| bare16.run(kernel.steps())))),
            (million(each), time(|| (0..BATCHES).for_each(|_| carried.run(kernel.steps())))),
            (million(each), time(|| (0..BATCHES / 2).for_each(|_| half.run(kernel.steps())))),
            (million(each), on_threads(&mut own_workers[..1], model)),
            (million(2 * each), on_threads(&mut own_workers, model)),
            (million(2 * each), on_threads(&mut single_workers, |worker| replicate(&single, worker))),
            (million(each), on_threads(&mut embargo_workers[..1], |worker| replicate(&embargo, worker))),
            (million(2 * each), on_threads(&mut embargo_workers, |worker| replicate(&embargo, worker))),
        ];
        assert!(
            bare8.stocks().is_finite()
                && bare16.stocks().is_finite()
                && (carried.stocks() + half.stocks()).is_finite()
        );
        if round > 0 {
            for (figure, (amount, time)) in figures.iter_mut().zip(measured) {
                figure.record(amount, time);
            }
        }
    }

    println!("routes {edges}, steps {steps}, median of {ROUNDS} rounds of {BATCHES} batches\n");
    println!("{:<36} {:>9} {:>9} {:>9} {:>11}", "", "per s CPU", "slowest", "fastest", "per s wall");
    figures.iter().for_each(Figure::print);
    let [_, triad2, bare8, bare16, carried, half, one, two, _, embargo, _] = &figures;
    println!();
    println!("model ÷ bare kernel of 8 lanes, 1 thread: {:.3}", ratio(one, bare8));
    println!("model ÷ its own state carried, 1 thread:  {:.3}", ratio(one, carried));
    println!("an embargo ÷ state carried, 1 thread:     {:.3}", ratio(embargo, carried));
    println!("state carried ÷ bare kernel of 8 lanes:   {:.3}", ratio(carried, bare8));
    println!("state in 32 bits, 16 lanes ÷ 64, 8 lanes: {:.3}", ratio(half, carried));
    println!("model, 2 threads ÷ 1 thread:              {:.3}", ratio(two, one));
    println!("bare kernel, 16 lanes ÷ 8:                {:.3}", ratio(bare16, bare8));
    // What the bare kernel would need if every row came from memory, against what memory gives.
    let rate = sorted(bare8.rounds.iter().map(|round| round.1))[ROUNDS / 2] * 1e6;
    let bytes = rate * Bare::<8>::BYTES as f64 / 1e9;
    let memory = sorted(triad2.rounds.iter().map(|round| round.1))[ROUNDS / 2];
    println!(
        "bare kernel of 8 lanes moves {bytes:.1} GB/s of rows; memory gives {memory:.1} GB/s to both cores"
    );
}
