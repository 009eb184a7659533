//! `bench`: how fast the simulator is on this machine, and how fast anything could be.

use std::time::Instant;

use clap::{Args, ValueEnum};
use coercivity::bench::bare::Bare;
use coercivity::bench::triad;
use coercivity::export::json::pretty;
use coercivity::firms::FirmNetwork;
use coercivity::firms::esri::{self, Hit, Model, Size};
use coercivity::firms::generate::{Recipe, generate};
use coercivity::firms::inoue::{self, Rationing, Simulation};
use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;
use coercivity::study::batch::{self, Portion};
use coercivity::study::{self, Options};
use indicatif::ProgressBar;
use rayon::ThreadPool;
use rayon::prelude::*;
use serde_json::json;

use super::session::Means;
use super::words::{number, percent};
use super::{Ending, Failure, gauge, progress, report, terminal};

/// The scenario that is timed.
const SCENARIO: &str = "2025-april-controls";
/// Bytes a flow-step of the firm model moves at least: stock read and written, flow, position of the supplier.
const FLOW_BYTES: f64 = 28.0;

const EXAMPLE: &str = "\
Example:
  coercivity bench --quick
  coercivity bench --format json > bench.json

Rates depend on what else the machine does: compare them with the bandwidth measured in the same minute.
Bare step: the least arithmetic of a supply chain in the simulator's layout, on the same routes; whole runs
work in the cache, so that it limits them and bandwidth does not.";

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Format {
    /// A table for people
    #[default]
    Table,
    /// All digits
    Json,
}

/// Time a standard suite on this machine.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub struct Bench {
    /// Smaller workloads, seconds instead of a minute
    #[arg(long)]
    quick: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    means: Means,
}

/// One workload with one and with all threads.
struct Entry {
    name: String,
    unit: &'static str,
    one: f64,
    all: f64,
    /// What it is a share of, with one and with all threads.
    limit: Option<(&'static str, f64, f64)>,
}

/// Rounds of every workload: what else the machine does slows some of them.
const ROUNDS: usize = 3;

/// Best rates with one and with all threads, measured in turn.
fn best(mut rate: impl FnMut(Threads) -> Result<f64, Failure>) -> Result<(f64, f64), Failure> {
    let (mut one, mut all) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        one = one.max(rate(Threads::One)?);
        all = all.max(rate(Threads::All)?);
    }
    Ok((one, all))
}

#[derive(Clone, Copy)]
enum Threads {
    One,
    All,
}

/// The pools and how much to do.
struct Suite {
    one: ThreadPool,
    all: ThreadPool,
    quick: bool,
    bar: ProgressBar,
}

impl Bench {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        let threads = self.means.workers();
        if cfg!(debug_assertions) {
            terminal::note(
                "warning: this is a build for development; rates of a release build are many times higher",
            );
        }
        progress::catch_interrupts();
        let suite = Suite {
            one: gauge::pool_of(1)?,
            all: gauge::pool_of(threads)?,
            quick: self.quick,
            bar: gauge::bar("bench", "workloads", if self.quick { 4 } else { 5 }, &self.means),
        };
        let entries = suite.run()?;
        suite.bar.finish_and_clear();
        let Some(entries) = entries else {
            terminal::note("Interrupted: nothing was measured to its end.");
            return Ok(Ending::Interrupted);
        };
        match self.format {
            Format::Table => terminal::print(&table(&entries, threads)),
            Format::Json => terminal::print_bytes(&pretty(&document(&entries, threads, self.quick))),
        }
        Ok(Ending::Done)
    }
}

impl Suite {
    /// All workloads; `None` when interrupted.
    fn run(&self) -> Result<Option<Vec<Entry>>, Failure> {
        let mut entries = vec![self.bandwidth()];
        self.bar.inc(1);
        let (bandwidth_one, bandwidth_all) = (entries[0].one, entries[0].all);
        let (scenario, _) = Scenario::bundled(SCENARIO)?;
        let kernel = Kernel::compile(&scenario);
        let bare = self.bare(&kernel)?;
        let runs = self.runs(&scenario, &kernel)?;
        self.bar.inc(1);
        if progress::interrupted() {
            return Ok(None);
        }
        let per_run = kernel.edges() as f64 * f64::from(kernel.steps());
        entries.push(Entry {
            name: format!("{SCENARIO}, {} routes, {} steps", kernel.edges(), kernel.steps()),
            unit: "route-steps/s",
            one: runs.one * per_run,
            all: runs.all * per_run,
            limit: Some(("bare step", bare.one, bare.all)),
        });
        entries.push(runs);
        entries.push(bare);
        let limit = Some(("bandwidth", bandwidth_one / FLOW_BYTES, bandwidth_all / FLOW_BYTES));
        for firms in if self.quick { &[10_000][..] } else { &[10_000, 100_000] } {
            let recipe = Recipe { firms: *firms, ..Recipe::default() };
            let network = self.all.install(|| generate(&recipe)).map_err(coercivity::error::Error::from)?;
            entries.push(Entry { limit, ..self.firms(&network, Rationing::Proportional)? });
            entries.push(Entry { limit, ..self.firms(&network, Rationing::WaterFilling)? });
            self.bar.inc(1);
            if progress::interrupted() {
                return Ok(None);
            }
            if *firms == 10_000 {
                entries.extend(self.index(&network)?);
                self.bar.inc(1);
            }
        }
        Ok(Some(entries))
    }

    fn pool(&self, threads: Threads) -> &ThreadPool {
        match threads {
            Threads::One => &self.one,
            Threads::All => &self.all,
        }
    }

    /// Best rates in each pool.
    fn in_pools(&self, rate: impl Fn() -> f64 + Sync) -> Result<(f64, f64), Failure> {
        best(|threads| Ok(self.pool(threads).install(&rate)))
    }

    fn bandwidth(&self) -> Entry {
        let (elements, repeats) = if self.quick { (1 << 23, 4) } else { (1 << 25, 8) };
        Entry {
            name: format!("memory, a = b + 3 c, {} MB", elements * 24 / 1_000_000),
            unit: "bytes/s",
            one: triad(&self.one, elements, repeats),
            all: triad(&self.all, elements, repeats),
            limit: None,
        }
    }

    fn bare(&self, kernel: &Kernel) -> Result<Entry, Failure> {
        let batches: usize = if self.quick { 4 } else { 16 };
        let rate = || {
            let mut states: Vec<_> =
                (0..rayon::current_num_threads()).map(|_| Bare::<{ Kernel::LANES }>::new(kernel)).collect();
            let steps = kernel.steps() * u32::try_from(batches).unwrap_or(1);
            let begun = Instant::now();
            states.par_iter_mut().with_max_len(1).for_each(|state| state.run(steps));
            let spent = begun.elapsed().as_secs_f64().max(1e-9);
            // Looked at, so that no work may be left out.
            std::hint::black_box(states.iter().map(Bare::stocks).sum::<f64>());
            kernel.edges() as f64 * f64::from(steps) * (Kernel::LANES * states.len()) as f64 / spent
        };
        let (one, all) = self.in_pools(rate)?;
        let name = "bare step on the same routes".to_owned();
        Ok(Entry { name, unit: "route-steps/s", one, all, limit: None })
    }

    fn runs(&self, scenario: &Scenario, kernel: &Kernel) -> Result<Entry, Failure> {
        let batches = if self.quick { 1 } else { 4 };
        let (one, all) = best(|threads| {
            let threads = self.pool(threads).current_num_threads();
            let portion = Portion { first: 0, end: batches * batch::SIZE * threads as u64 };
            let options = Options { scenario: scenario.name.clone(), threads, portion, until: None };
            let begun = Instant::now();
            let result = study::run(kernel, &options, &|_| {}, &progress::interrupted, None)?;
            Ok(result.replications_done as f64 / begun.elapsed().as_secs_f64().max(1e-9))
        })?;
        Ok(Entry { name: format!("{SCENARIO}, whole runs"), unit: "runs/s", one, all, limit: None })
    }

    fn firms(&self, network: &FirmNetwork, rationing: Rationing) -> Result<Entry, Failure> {
        let steps = if self.quick { 20 } else { 50 };
        let options = inoue::Options { rationing, ..Default::default() };
        let (one, all) = self.in_pools(|| {
            let mut simulation = Simulation::new(network, &options);
            // Past the first steps, in which few firms fall short.
            (0..10).for_each(|_| simulation.step());
            let begun = Instant::now();
            (0..steps).for_each(|_| simulation.step());
            network.flow_count() as f64 * f64::from(steps) / begun.elapsed().as_secs_f64().max(1e-9)
        })?;
        let rule = match rationing {
            Rationing::Proportional => "",
            Rationing::WaterFilling => ", water-filling",
        };
        let name = format!("inoue-todo, {} firms{rule}", number(network.len() as f64));
        Ok(Entry { name, unit: "flow-steps/s", one, all, limit: None })
    }

    /// Scenarios of the systemic index: one firm fails, and a tenth of all firms lose half.
    fn index(&self, network: &FirmNetwork) -> Result<[Entry; 2], Failure> {
        let count: u32 = if self.quick { 64 } else { 256 };
        let firms = u32::try_from(network.len()).unwrap_or(u32::MAX);
        let one = (0..count).map(|at| vec![Hit { firm: at * (firms / count), loss: 1.0 }]);
        let tenth = (0..count).map(|at| {
            let hit = (0..firms).filter(|firm| (firm + at) % 10 == 0);
            hit.map(|firm| Hit { firm, loss: 0.5 }).collect()
        });
        let model = Model::new(network, &[], Size::Sales);
        Ok([
            self.scenarios(&model, network.len(), "one fails", &one.collect::<Vec<_>>())?,
            self.scenarios(&model, network.len(), "a tenth lose half", &tenth.collect::<Vec<_>>())?,
        ])
    }

    fn scenarios(
        &self,
        model: &Model<'_>,
        firms: usize,
        what: &str,
        scenarios: &[Vec<Hit>],
    ) -> Result<Entry, Failure> {
        let (one, all) = self.in_pools(|| {
            let begun = Instant::now();
            let losses = model.losses(scenarios, &esri::Options::default(), |_| {});
            losses.len() as f64 / begun.elapsed().as_secs_f64().max(1e-9)
        })?;
        let name = format!("systemic index, {} firms, {what}", number(firms as f64));
        Ok(Entry { name, unit: "scenarios/s", one, all, limit: None })
    }
}

fn table(entries: &[Entry], threads: usize) -> String {
    let head = ["Workload", "unit", "1 thread", "all threads", "efficiency", "of limit", "limit"];
    let mut table = report::table(&head);
    for entry in entries {
        let share = entry.limit.map_or_else(
            || "–".to_owned(),
            |(_, one, all)| format!("{}, {}", percent(entry.one / one), percent(entry.all / all)),
        );
        table.add_row([
            entry.name.clone(),
            entry.unit.to_owned(),
            number(entry.one),
            number(entry.all),
            percent(entry.all / entry.one / threads as f64),
            share,
            entry.limit.map_or_else(|| "–".to_owned(), |(name, ..)| name.to_owned()),
        ]);
    }
    format!(
        "coercivity {} with 1 and {threads} threads\n{}\nBest of {ROUNDS} rounds. efficiency: rate with all threads ÷ (threads × rate with one). \
         of limit: with one, with all threads.\nbandwidth: at {FLOW_BYTES} bytes a flow-step, the least that must be moved.\n",
        env!("CARGO_PKG_VERSION"),
        table.trim_fmt()
    )
}

fn document(entries: &[Entry], threads: usize, quick: bool) -> serde_json::Value {
    let rows = entries.iter().map(|entry| {
        let limit = entry.limit.map(|(name, one, all)| {
            json!({"name": name, "one_thread": one, "all_threads": all,
                   "share_one_thread": entry.one / one, "share_all_threads": entry.all / all})
        });
        json!({
            "workload": entry.name, "unit": entry.unit, "one_thread": entry.one, "all_threads": entry.all,
            "thread_efficiency": entry.all / entry.one / threads as f64, "limit": limit,
        })
    });
    json!({
        "version": env!("CARGO_PKG_VERSION"), "threads": threads, "quick": quick,
        "optimised": !cfg!(debug_assertions), "workloads": rows.collect::<Vec<_>>(),
    })
}
