//! `shard run` and `shard merge`: a study in parts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use coercivity::export::csv;
use coercivity::export::folder::Folder;
use coercivity::export::json::SummaryFile;
use coercivity::export::manifest::Manifest;
use coercivity::study::batch::Portion;
use coercivity::study::checkpoint::{self, Checkpoint};
use coercivity::study::{self, Options, StudyResult, shard};

use super::session::{Means, Subject, folder};
use super::{Ending, Failure, place, progress, terminal};

/// Compute a study in parts.
#[derive(Subcommand, Debug)]
pub enum Shard {
    /// Compute one part; the same part is the same bytes wherever and how often it is computed
    Run(Part),
    /// Add up all parts of a study
    Merge(Merge),
}

/// Compute one part.
#[derive(Args, Debug)]
pub struct Part {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    means: Means,
    /// Which part, from 1
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    index: u64,
    /// Number of parts
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    of: u64,
    /// Folder for the part's file
    #[arg(long, value_name = "DIR", default_value = "shards")]
    out: PathBuf,
}

/// Add up all parts of a study.
#[derive(Args, Debug)]
pub struct Merge {
    #[command(flatten)]
    subject: Subject,
    /// Files of parts, in any order
    #[arg(required = true, value_name = "SHARD")]
    shards: Vec<PathBuf>,
    /// Folder for the results [default: out/SCENARIO]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace results that are in the folder
    #[arg(long)]
    force: bool,
}

impl Shard {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        match self {
            Self::Run(part) => part.run(),
            Self::Merge(merge) => merge.run(),
        }
    }
}

impl Part {
    fn run(self) -> Result<Ending, Failure> {
        if self.index > self.of {
            return Err(Failure::Usage(format!(
                "there is no part {} of {}; parts count from 1",
                self.index, self.of
            )));
        }
        let (mut scenario, kernel) = self.subject.changes.open(&self.subject.scenario)?;
        // A part cannot know when the whole has converged.
        scenario.plan.converge = None;
        let path = self.out.join(shard::file_name(&scenario.name, self.index, self.of));
        std::fs::create_dir_all(&self.out).map_err(|source| {
            Failure::Usage(format!("results cannot be written to `{}`: {source}", self.out.display()))
        })?;
        progress::catch_interrupts();
        let whole = Portion { first: 0, end: scenario.plan.replications };
        let portion = whole.part(self.index - 1, self.of);
        let options =
            Options { portion, ..Options::of_plan(&scenario, kernel.design(), self.means.workers())? };
        let bar = progress::bar(&scenario.name, portion.count(), self.means.silent());
        let note = |progress: study::Progress<'_>| bar.set_position(progress.done);
        let result = study::run(&kernel, &options, &note, &progress::interrupted, None)?;
        bar.finish_and_clear();
        if !result.complete {
            terminal::note("Interrupted: a part is written whole or not at all; nothing was written.");
            return Ok(Ending::Interrupted);
        }
        Checkpoint::new(&scenario, portion.first, result.summary).write(&path)?;
        let runs = match portion.count() {
            0 => "No runs (more parts than batches of runs)".to_owned(),
            1 => format!("Run {}", portion.first),
            _ => format!("Runs {} to {}", portion.first, portion.end - 1),
        };
        self.means.note(&format!("{runs} written to {}", path.display()));
        Ok(Ending::Done)
    }
}

impl Merge {
    fn run(self) -> Result<Ending, Failure> {
        let (mut scenario, kernel) = self.subject.changes.open(&self.subject.scenario)?;
        scenario.plan.converge = None;
        let target = folder(self.out.as_deref(), &scenario.name);
        place::free(&target, self.force)?;
        let mut parts = Vec::new();
        for path in &self.shards {
            parts.push((path.display().to_string(), checkpoint::load(path)?));
        }
        let summary = shard::merge(parts, &scenario, kernel.design())?;
        let replications_done = summary.count();
        let result = StudyResult { summary, replications_done, complete: true, converged: None };
        let mut folder = Folder::create(&target)?;
        folder.write("summary.json", &SummaryFile::new(&scenario, &result).to_json())?;
        folder.write("series.csv", &csv::series(&result.summary))?;
        folder.finish(Manifest::new("shard merge", &[(&scenario, &result)]))?;
        terminal::note(&format!("{replications_done} runs merged; written to {}", target.display()));
        Ok(Ending::Done)
    }
}
