//! Instructions a piece of work takes, counted by valgrind, against the table `counts.csv`.
//!
//! `cargo bench --bench counts` compares and fails if anything takes more than the tolerance more;
//! `cargo bench --bench counts -- --bless` writes the table anew. The program runs itself under callgrind twice
//! per workload, with the work done once and three times: half the difference is the work without what prepares
//! it. Without valgrind it says so and ends well.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use coercivity::firms::FirmNetwork;
use coercivity::firms::esri::{self, Model, Size};
use coercivity::firms::generate::{self, Recipe};
use coercivity::firms::inoue::{Options, Rationing, Simulation};
use coercivity::firms::tables;
use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;
use coercivity::study::{self, batch::Portion};

/// As in the program: rows of numbers are one cache line each.
#[global_allocator]
static MEMORY: coercivity::machine::OnLines = coercivity::machine::OnLines;

/// More than this above the table is a regression. Counts of one build differ by less than 0.1 %; another
/// compiler may move them by some per cent.
const TOLERANCE: f64 = 0.03;

/// A prepared workload: does the work as often as it is told.
type Work = fn(repeat: u32);

const WORKLOADS: [(&str, Work); 6] = [
    ("firms: 10 steps of 10,000, proportional", |repeat| steps(Rationing::Proportional, repeat)),
    ("firms: 10 steps of 10,000, water-filling", |repeat| steps(Rationing::WaterFilling, repeat)),
    ("firms: index of 8 of 10,000", index),
    ("firms: tables of 10,000 read", read),
    ("april: compiled", compile),
    ("april: 32 runs", runs),
];

fn network() -> FirmNetwork {
    generate::generate(&Recipe { firms: 10_000, ..Recipe::default() }).expect("a sound recipe")
}

fn steps(rationing: Rationing, repeat: u32) {
    let mut simulation = Simulation::new(&network(), &Options { rationing, ..Options::default() });
    // Past the first steps, in which few firms fall short.
    (0..20).for_each(|_| simulation.step());
    // The same ten steps over and over would need a copy; the steps that follow cost within a per cent as much.
    (0..10 * repeat).for_each(|_| simulation.step());
    black_box(simulation.totals());
}

fn index(repeat: u32) {
    let network = network();
    let model = Model::new(&network, &[], Size::Sales);
    let sample: Vec<u32> = (0..8).map(|at| at * 1_250).collect();
    for _ in 0..repeat {
        black_box(model.index(&sample, &esri::Options::default(), |_| {}));
    }
}

fn read(repeat: u32) {
    let folder = std::env::temp_dir().join(format!("coercivity-counts-{}", std::process::id()));
    generate::write(&network(), &folder).expect("a folder for tables");
    for _ in 0..repeat {
        black_box(tables::load(&folder).expect("tables as they were written"));
    }
    std::fs::remove_dir_all(&folder).expect("a folder of one's own");
}

fn april() -> Scenario {
    Scenario::bundled("2025-april-controls").expect("a bundled scenario").0
}

fn compile(repeat: u32) {
    let scenario = april();
    for _ in 0..repeat {
        black_box(Kernel::compile(&scenario));
    }
}

fn runs(repeat: u32) {
    let kernel = Kernel::compile(&april());
    let portion = Portion { first: 0, end: 32 };
    let options = study::Options { scenario: "april".to_owned(), threads: 1, portion, until: None };
    for _ in 0..repeat {
        black_box(study::run(&kernel, &options, &|_| {}, &|| false, None).expect("finite numbers"));
    }
}

/// Instructions of one workload, its preparation taken off.
fn count(name: &str) -> Result<f64, String> {
    let collect = |repeat: &str| {
        let program = std::env::current_exe().map_err(|problem| problem.to_string())?;
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program)
            .args(["--work", name, repeat])
            .output()
            .map_err(|problem| problem.to_string())?;
        let text = String::from_utf8_lossy(&output.stderr);
        let total =
            text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse::<f64>().ok());
        total.filter(|_| output.status.success()).ok_or_else(|| format!("{name}: {text}"))
    };
    Ok((collect("3")? - collect("1")?) / 2.0)
}

fn table() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/counts.csv")
}

/// The table's counts by name.
fn committed() -> BTreeMap<String, f64> {
    let text = std::fs::read_to_string(table()).unwrap_or_default();
    let row = |line: &str| {
        let (name, count) = line.rsplit_once(',')?;
        Some((name.trim_matches('"').to_owned(), count.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some([name, repeat]) =
        arguments.iter().position(|a| a == "--work").and_then(|at| arguments[at + 1..].first_chunk())
    {
        let work = WORKLOADS.iter().find(|workload| workload.0 == name).expect("a workload of this name").1;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
        pool.install(|| work(repeat.parse().expect("a number")));
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not installed: no instruction is counted");
        return ExitCode::SUCCESS;
    }
    let before = committed();
    let mut rows = "\"workload\",instructions\n".to_owned();
    let mut worse = false;
    println!("{:<44} {:>14} {:>9}", "", "instructions", "÷ table");
    for (name, _) in WORKLOADS {
        let counted = match count(name) {
            Ok(counted) => counted,
            Err(problem) => {
                println!("{problem}");
                return ExitCode::FAILURE;
            }
        };
        rows += &format!("\"{name}\",{counted:.0}\n");
        let ratio = before.get(name).map(|before| counted / before);
        let more = ratio.is_some_and(|ratio| ratio > 1.0 + TOLERANCE);
        worse |= more;
        let shown = ratio.map_or_else(|| "new".to_owned(), |ratio| format!("{ratio:.3}"));
        println!(
            "{name:<44} {counted:>14.0} {shown:>9}{}",
            if more { "  more than the table allows" } else { "" }
        );
    }
    if arguments.iter().any(|argument| argument == "--bless") {
        std::fs::write(table(), rows).expect("the table can be written");
        return ExitCode::SUCCESS;
    }
    if worse { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
