//! `hindcast`: the record of 2025 against the model.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use coercivity::export::folder::{Folder, Standing, standing, write_file};
use coercivity::export::json::pretty;
use coercivity::export::manifest::Manifest;
use coercivity::hindcast::SCENARIO;
use coercivity::hindcast::fit::{self, Effort, Fit, Point};
use coercivity::hindcast::fitted::{self, Fitted};
use coercivity::hindcast::record::Record;
use coercivity::hindcast::scorecard::{self, Settings};
use coercivity::scenario::Scenario;

use super::session::{Means, folder};
use super::{Ending, Failure, hindcast_charts, hindcast_report, place, progress, terminal};

/// What is printed to stdout.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Format {
    /// Tables for people
    #[default]
    Table,
    /// The text of hindcast.json
    Json,
}

/// Compare the model with 2025.
#[derive(Args, Debug)]
pub struct Hindcast {
    /// Runs that are scored
    #[arg(long, short = 'n', default_value_t = 512, value_parser = clap::value_parser!(u64).range(32..=1_000_000))]
    replications: u64,
    /// Runs of each variant with one mechanism less
    #[arg(long, default_value_t = 96, value_parser = clap::value_parser!(u64).range(8..=1_000_000))]
    variant_replications: u64,
    /// Seed of the random numbers
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    means: Means,
    /// Calibrate anew on April to July, instead of using the shipped calibration
    #[arg(long)]
    refit: bool,
    /// Points in each of the two waves of a calibration
    #[arg(long, default_value_t = Effort::default().points, requires = "refit", value_parser = clap::value_parser!(u32).range(8..=65_536))]
    points: u32,
    /// Runs at each point of a calibration
    #[arg(long, default_value_t = Effort::default().replications, requires = "refit", value_parser = clap::value_parser!(u32).range(2..=4096))]
    point_replications: u32,
    /// Folder for the results [default: out/hindcast]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Replace results that are in the folder
    #[arg(long)]
    force: bool,
}

impl Hindcast {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        let target = folder(self.out.as_deref(), "hindcast");
        self.check_place(&target)?;
        progress::catch_interrupts();
        let (mut scenario, warnings) = Scenario::bundled(SCENARIO)?;
        terminal::diagnostics(&warnings);
        if let Some(seed) = self.seed {
            scenario.plan.seed = seed;
        }
        let (calibration, fitted) = if self.refit {
            let Some(fit) = self.refit(&scenario, &target)? else { return Ok(Ending::Interrupted) };
            let fitted = Fitted::from(&fit);
            (Some(fit), fitted)
        } else {
            (None, Fitted::embedded()?)
        };
        let settings = Settings {
            replications: self.replications,
            variant_replications: self.variant_replications,
            threads: self.means.workers(),
        };
        let bar = progress::bar("hindcast", 1, self.means.silent());
        let show = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let result = scorecard::run(&scenario, &fitted, settings, &show, &progress::interrupted)?;
        bar.finish_and_clear();
        let Some((card, members)) = result else {
            terminal::note("Interrupted: nothing was written.");
            return Ok(Ending::Interrupted);
        };
        let pictures = hindcast_charts::all(&scenario, &card, &members, &fitted)?;
        let mut out = Folder::create(&target)?;
        out.write("hindcast.json", &pretty(&card))?;
        for (name, bytes) in &pictures {
            out.write(&format!("charts/{name}"), bytes)?;
        }
        if let Some(fit) = &calibration {
            let found = fitted::file(fit, &fitted::digest(&scenario));
            out.write("2025-fitted.toml", found.as_bytes())?;
            out.write("points.csv", fit::to_csv(&fit.points).as_bytes())?;
        }
        out.finish(Manifest::new("hindcast", &[]))?;
        if calibration.is_some() {
            // What was found stands in the folder now.
            let _ = std::fs::remove_file(points_file(&target));
        }
        match self.format {
            Format::Table => terminal::print(&hindcast_report::text(&card, calibration.as_ref())),
            Format::Json => terminal::print_bytes(&pretty(&card)),
        }
        self.means.note(&format!(
            "Written to {}: hindcast.json, manifest.json, charts/ ({} pictures){}",
            target.display(),
            pictures.len(),
            if calibration.is_some() { ", 2025-fitted.toml, points.csv" } else { "" }
        ));
        Ok(Ending::Done)
    }

    fn check_place(&self, target: &Path) -> Result<(), Failure> {
        let shown = target.display();
        if standing(target) == Standing::Unfinished {
            return Err(Failure::Usage(format!(
                "`{shown}` holds an interrupted run and is never replaced; choose another place with --out"
            )));
        }
        place::free(target, self.force)
    }

    /// Calibrates, going on from the points of an interrupted calibration; `None` when interrupted.
    fn refit(&self, scenario: &Scenario, target: &Path) -> Result<Option<Fit>, Failure> {
        let effort =
            Effort { points: self.points, replications: self.point_replications, ..Effort::default() };
        let path = points_file(target);
        let identity = format!(
            "# {} runs at each point, design seed {}, scenario {}, version {}\n",
            effort.replications,
            effort.seed,
            fitted::digest(scenario),
            env!("CARGO_PKG_VERSION")
        );
        let known = self.stored(&path, &identity)?;
        if let Some(parent) = path.parent() {
            let failed =
                |source| coercivity::error::Error::File { path: parent.display().to_string(), source };
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        let bar = progress::bar("points of the calibration", 1, self.means.silent());
        let mut keep = |points: &[Point], wanted: usize| {
            bar.set_length(wanted as u64);
            bar.set_position(points.len() as u64);
            // An interrupted calibration that goes on passes its known points again: never store fewer.
            if points.len() < known.len() {
                return Ok(());
            }
            write_file(&path, format!("{identity}{}", fit::to_csv(points)).as_bytes())
        };
        let record = Record::embedded()?;
        let threads = self.means.workers();
        let fit = fit::refit(scenario, &record, effort, threads, &known, &mut keep, &progress::interrupted)?;
        bar.finish_and_clear();
        if fit.is_none() {
            let shown = path.display();
            terminal::note(&format!(
                "Interrupted: the points so far are in {shown}; the same command goes on from there."
            ));
        }
        Ok(fit)
    }

    /// Points of an interrupted calibration of the same kind.
    fn stored(&self, path: &Path, identity: &str) -> Result<Vec<Point>, Failure> {
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(Vec::new()) };
        let Some(points) = text.strip_prefix(identity) else {
            self.means.note(&format!("{} is of another calibration and is replaced.", path.display()));
            return Ok(Vec::new());
        };
        let points = fit::parse_csv(&path.display().to_string(), points)?;
        self.means.note(&format!("Going on after the first {} points.", points.len()));
        Ok(points)
    }
}

/// Where points are stored while a calibration runs: beside the folder, which appears whole at the end.
fn points_file(target: &Path) -> PathBuf {
    let mut name = target.file_name().map_or_else(|| "hindcast".into(), std::ffi::OsStr::to_os_string);
    name.push("-points.csv");
    target.with_file_name(name)
}
