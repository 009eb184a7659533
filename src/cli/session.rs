//! What several commands share: opening a scenario, and the flags of a study.

use std::path::{Path, PathBuf};

use clap::Args;
use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;

use super::{Failure, terminal};

/// Which scenario, and what is changed about it.
#[derive(Args, Debug, Clone)]
pub struct Subject {
    /// Bundled name (see `scenarios list`) or path of a scenario file
    pub scenario: String,
    #[command(flatten)]
    pub changes: Changes,
}

/// Changes typed on the command line.
#[derive(Args, Debug, Clone)]
pub struct Changes {
    /// Change one key, e.g. `--set parameters.us_speed=0.5`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Exactly so many runs [default: the scenario's own number or stopping rule, 1000 where it says nothing; with
    /// `rank` and `sensitivity` 8; `check`, `explain` and `why` use none]
    #[arg(long, short = 'n', value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub replications: Option<u64>,
    /// Seed of the random numbers
    #[arg(long)]
    pub seed: Option<u64>,
}

/// How to compute; no result depends on it.
#[derive(Args, Debug, Clone)]
pub struct Means {
    /// Number of threads; default: as many as the machine has processors
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
    /// No notes and no progress on stderr, warnings and errors only
    #[arg(long, short)]
    pub quiet: bool,
    /// No progress bar
    #[arg(long)]
    pub no_progress: bool,
}

impl Means {
    /// Number of workers.
    pub fn workers(&self) -> usize {
        let machine = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(machine, usize::from)
    }

    /// Whether no progress is wanted.
    pub fn silent(&self) -> bool {
        self.quiet || self.no_progress
    }

    /// A line to stderr, unless quiet.
    pub fn note(&self, line: &str) {
        if !self.quiet {
            terminal::note(line);
        }
    }
}

impl Changes {
    /// Opens and resolves a scenario and compiles its kernel; warnings go to stderr.
    pub fn open(&self, name_or_path: &str) -> Result<(Scenario, Kernel), Failure> {
        let (mut scenario, warnings) = Scenario::open(name_or_path, &self.sets)?;
        terminal::diagnostics(&warnings);
        if let Some(replications) = self.replications {
            scenario.plan.replications = replications;
            scenario.plan.converge = None;
        }
        if let Some(seed) = self.seed {
            scenario.plan.seed = seed;
        }
        let kernel = Kernel::compile(&scenario);
        Ok((scenario, kernel))
    }
}

/// The folder results go to: as typed, or `out/NAME`.
pub fn folder(out: Option<&Path>, name: &str) -> PathBuf {
    out.map_or_else(|| Path::new("out").join(name), Path::to_owned)
}
