//! `run`: simulate, print, write.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use coercivity::export::csv;
use coercivity::export::folder::{CHECKPOINT, Folder, Standing, standing, write_file};
use coercivity::export::json::SummaryFile;
use coercivity::export::manifest::Manifest;
use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;
use coercivity::study::checkpoint::{self, Header};
use coercivity::study::flows::Noting;
use coercivity::study::reading::Reading;
use coercivity::study::{self, Options, Replicate, StudyResult};
use coercivity::summary::Summary;

use super::session::{Means, Subject, folder};
use super::{Ending, Failure, charts, place, progress, report, terminal};

/// Time between checkpoints of a long run.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// What is printed to stdout.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// Tables for people
    #[default]
    Table,
    /// The text of summary.json
    Json,
    /// One row per metric
    Csv,
}

/// Simulate a scenario.
#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools)] // flags of a command line are independent of each other
pub struct Run {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    means: Means,
    /// Folder for the results [default: out/SCENARIO]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Go on from the checkpoint of an interrupted run
    #[arg(long)]
    resume: bool,
    /// Replace results that are in the folder
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Also write outcomes.csv: every metric of every run
    #[arg(long)]
    outcomes: bool,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
}

impl Run {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        let (scenario, kernel) = self.subject.changes.open(&self.subject.scenario)?;
        let target = folder(self.out.as_deref(), &scenario.name);
        self.check_place(&target)?;
        let resume = if self.resume { Some(self.stored(&target, &scenario, &kernel)?) } else { None };
        // The map of the network shows what the first runs ship.
        let noting = Noting::new(&kernel);
        let result = if self.no_charts {
            self.simulate(&kernel, &scenario, &target, resume)?
        } else {
            self.simulate(&noting, &scenario, &target, resume)?
        };
        if result.replications_done == 0 {
            terminal::note("Interrupted before the first runs were finished: nothing was written.");
            return Ok(Ending::Interrupted);
        }
        let reading = Reading::of(&scenario, &result.summary);
        let charts = self.write(&scenario, &noting, (&result, &reading), &target)?;
        match self.format {
            Format::Table => terminal::print(&report::text(&scenario, &result, &reading)),
            Format::Json => terminal::print_bytes(&SummaryFile::new(&scenario, &result).to_json()),
            Format::Csv => terminal::print_bytes(&csv::metrics(&result.summary)),
        }
        self.means.note(&files_line(&target, charts, self.outcomes));
        if result.complete {
            return Ok(Ending::Done);
        }
        terminal::note(&format!(
            "Interrupted: these are the first {} of {} runs, marked as incomplete. `--resume` goes on from there.",
            result.replications_done, scenario.plan.replications
        ));
        Ok(Ending::Interrupted)
    }

    /// Refuses a place where results must not go, before any work is done.
    fn check_place(&self, target: &Path) -> Result<(), Failure> {
        let shown = target.display();
        let problem = match (standing(target), self.resume, self.force) {
            (Standing::Foreign, ..) => return Err(place::foreign(target)),
            (Standing::Results, false, false) => {
                format!(
                    "`{shown}` holds results; replace them with --force or choose another place with --out"
                )
            }
            (Standing::Unfinished, false, false) => {
                format!("`{shown}` holds an interrupted run; go on with --resume or start over with --force")
            }
            (Standing::Nothing | Standing::Results, true, _) => {
                format!("there is no interrupted run in `{shown}` to go on from; leave out --resume")
            }
            _ => return place::writable(target),
        };
        Err(Failure::Usage(problem))
    }

    fn stored(&self, target: &Path, scenario: &Scenario, kernel: &Kernel) -> Result<Summary, Failure> {
        let stored = checkpoint::load(&target.join(CHECKPOINT))?;
        let done = stored.header.end;
        if done > scenario.plan.replications {
            let wanted = scenario.plan.replications;
            return Err(Failure::Usage(format!(
                "the interrupted run already holds {done} runs, more than the {wanted} wanted now; ask for at least as many, or start over with --force"
            )));
        }
        let planned = stored.header.of;
        let checkpoint = stored.of(scenario, kernel.design())?;
        // A run that is done leaves no checkpoint: ending early would throw away what the longer one can go on from.
        if scenario.plan.replications < planned && scenario.plan.converge.is_none() {
            return Err(Failure::Usage(format!(
                "the interrupted run is one of {planned} runs; ending it at {} would use up its checkpoint. Its first {done} runs are in the folder already; go on with -n {planned} or more, or start over with --force",
                scenario.plan.replications
            )));
        }
        self.means.note(&format!("Going on after the first {done} runs."));
        Ok(checkpoint.summary)
    }

    fn simulate<R: Replicate>(
        &self,
        source: &R,
        scenario: &Scenario,
        target: &Path,
        resume: Option<Summary>,
    ) -> Result<StudyResult, Failure> {
        progress::catch_interrupts();
        let options = Options::of_plan(scenario, source.design(), self.means.workers())?;
        let bar = progress::bar(&scenario.name, options.portion.count(), self.means.silent());
        bar.set_position(resume.as_ref().map_or(0, Summary::count));
        bar.reset_eta();
        // One lock for both, as progress is called with one prefix at a time.
        let last = Mutex::new(RefCell::new((Instant::now(), None)));
        let note = |progress: study::Progress<'_>| {
            bar.set_position(progress.done);
            let Ok(last) = last.lock() else { return };
            let mut last = last.borrow_mut();
            if last.0.elapsed() >= CHECKPOINT_EVERY && progress.done < progress.wanted {
                last.1 = keep(scenario, progress.summary, target).err();
                last.0 = Instant::now();
            }
        };
        let result = study::run(source, &options, &note, &progress::interrupted, resume)?;
        bar.finish_and_clear();
        if let Ok(last) = last.into_inner()
            && let (_, Some(problem)) = last.into_inner()
        {
            terminal::note(&format!("warning: no checkpoint could be written: {problem}"));
        }
        Ok(result)
    }

    /// Writes all files; gives the number of charts.
    fn write(
        &self,
        scenario: &Scenario,
        noting: &Noting<'_>,
        (result, reading): (&StudyResult, &Reading),
        target: &Path,
    ) -> Result<usize, Failure> {
        let mut folder = Folder::create(target)?;
        folder.write("summary.json", &SummaryFile::new(scenario, result).to_json())?;
        folder.write("series.csv", &csv::series(&result.summary))?;
        if self.outcomes {
            folder.write("outcomes.csv", &csv::outcomes(&result.summary))?;
        }
        if !result.complete {
            let header = Header::of(scenario, 0, &result.summary);
            folder.write(CHECKPOINT, &checkpoint::to_bytes(&header, &result.summary))?;
        }
        let mut drawn = 0;
        if !self.no_charts {
            let pool = super::gauge::pool(&self.means)?;
            let pictures = pool.install(|| charts::all(scenario, noting, (result, reading)))?;
            for (name, bytes) in &pictures.files {
                folder.write(&format!("charts/{name}"), bytes)?;
            }
            drawn = pictures.files.len();
            if !pictures.left_out.is_empty() {
                self.means.note(&format!(
                    "Not drawn, as `[outputs]` leaves out their series: {}.",
                    pictures.left_out.join(", ")
                ));
            }
        }
        folder.finish(Manifest::new("run", &[(scenario, result)]))?;
        Ok(drawn)
    }
}

/// Stores a prefix in the folder the results shall go to.
fn keep(scenario: &Scenario, prefix: &Summary, target: &Path) -> Result<(), coercivity::error::Error> {
    let failed = |source| coercivity::error::Error::File { path: target.display().to_string(), source };
    std::fs::create_dir_all(target).map_err(failed)?;
    let bytes = checkpoint::to_bytes(&Header::of(scenario, 0, prefix), prefix);
    write_file(&target.join(CHECKPOINT), &bytes)
}

fn files_line(target: &Path, charts: usize, outcomes: bool) -> String {
    let outcomes = if outcomes { ", outcomes.csv" } else { "" };
    let charts = if charts > 0 { format!(", charts/ ({charts} pictures)") } else { String::new() };
    format!("Written to {}: summary.json, series.csv{outcomes}, manifest.json{charts}", target.display())
}
