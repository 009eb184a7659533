//! `compare`: scenarios with the same luck, and their differences to the first.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use coercivity::chart::Format as Picture;
use coercivity::export::folder::Folder;
use coercivity::export::json::{Figures, SummaryFile, pretty};
use coercivity::export::manifest::Manifest;
use coercivity::scenario::Scenario;
use coercivity::study::difference::{Difference, differences};
use coercivity::study::{self, Options, StudyResult};
use comfy_table::Table;
use serde::Serialize;

use super::run::Format;
use super::session::{Changes, Means};
use super::words::{between, date, number, percent};
use super::{Ending, Failure, place, progress, report, terminal};

mod pictures;

/// Run scenarios with the same luck.
#[derive(Args, Debug)]
pub struct Compare {
    /// The scenario to compare with, then the others
    #[arg(num_args = 2.., required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    means: Means,
    /// Metrics to list; default: totals and regions. `all`: every one
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also write summaries, differences and charts to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace results that are in the folder
    #[arg(long)]
    force: bool,
}

/// One scenario against the first, for JSON.
#[derive(Serialize)]
struct Against<'a> {
    scenario: &'a str,
    base: &'a str,
    replications: u64,
    differences: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    metric: &'a str,
    unit: &'a str,
    base_mean: f64,
    mean: f64,
    difference: Figures,
}

impl Compare {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        if let Some(out) = &self.out {
            place::free(out, self.force)?;
        }
        let Some(runs) = self.simulate()? else {
            terminal::note("Interrupted: nothing was compared or written.");
            return Ok(Ending::Interrupted);
        };
        let (base, others) = (&runs[0], &runs[1..]);
        let mut found = Vec::new();
        for other in others {
            let mut list = differences(&other.1.summary, &base.1.summary);
            self.choose(&mut list, base)?;
            found.push((other, list));
        }
        let against: Vec<Against<'_>> = found
            .iter()
            .map(|((scenario, result), list)| Against {
                scenario: &scenario.name,
                base: &base.0.name,
                replications: result.replications_done.min(base.1.replications_done),
                differences: list.iter().map(entry).collect(),
            })
            .collect();
        if let Some(out) = &self.out {
            let mut folder = Folder::create(out)?;
            folder.write("differences.json", &pretty(&against))?;
            for (i, (scenario, result)) in runs.iter().enumerate() {
                let name = format!("{}-{}.summary.json", i + 1, scenario.name);
                folder.write(&name, &SummaryFile::new(scenario, result).to_json())?;
            }
            if let Some(chart) = pictures::exceedance(&runs) {
                folder.write("charts/vehicles-lost.svg", &chart.render(Picture::Svg)?)?;
                folder.write("charts/vehicles-lost.png", &chart.render(Picture::Png)?)?;
            }
            if let Some(chart) = pictures::changes(&runs) {
                folder.write("charts/differences.svg", &chart.render(Picture::Svg)?)?;
                folder.write("charts/differences.png", &chart.render(Picture::Png)?)?;
            }
            let all: Vec<_> = runs.iter().map(|(scenario, result)| (scenario, result)).collect();
            folder.finish(Manifest::new("compare", &all))?;
        }
        match self.format {
            Format::Json => terminal::print_bytes(&pretty(&against)),
            Format::Csv => terminal::print(&csv(&against)),
            Format::Table => terminal::print(&text(&found, base)),
        }
        if let Some(out) = &self.out {
            self.means.note(&format!("Written to {}", out.display()));
        }
        Ok(Ending::Done)
    }

    /// Runs all scenarios with the seed and number of runs of the first; `None` when interrupted.
    fn simulate(&self) -> Result<Option<Vec<(Scenario, StudyResult)>>, Failure> {
        progress::catch_interrupts();
        let mut changes = self.changes.clone();
        let mut opened = Vec::new();
        for name in &self.scenarios {
            let (scenario, kernel) = changes.open(name)?;
            // The same luck for all: seed and number of the first.
            changes.seed = Some(scenario.plan.seed);
            changes.replications = Some(scenario.plan.replications);
            opened.push((scenario, kernel));
        }
        if let [(first, _), others @ ..] = &opened[..] {
            for (other, _) in others {
                for doubt in apart(first, other) {
                    terminal::note(&format!("warning: {doubt}"));
                }
            }
        }
        let mut runs = Vec::new();
        for (mut scenario, kernel) in opened {
            scenario.plan.converge = None;
            let options = Options::of_plan(&scenario, kernel.design(), self.means.workers())?;
            let bar = progress::bar(&scenario.name, options.portion.count(), self.means.silent());
            let note = |progress: study::Progress<'_>| bar.set_position(progress.done);
            let result = study::run(&kernel, &options, &note, &progress::interrupted, None)?;
            bar.finish_and_clear();
            if !result.complete {
                return Ok(None);
            }
            runs.push((scenario, result));
        }
        Ok(Some(runs))
    }

    /// Keeps the metrics asked for, in the order asked for.
    fn choose(&self, list: &mut Vec<Difference>, base: &(Scenario, StudyResult)) -> Result<(), Failure> {
        if self.metric.iter().any(|name| name == "all") {
            return Ok(());
        }
        if self.metric.is_empty() {
            list.retain(|difference| !difference.metric.contains('@'));
            return Ok(());
        }
        let mut chosen = Vec::new();
        for name in &self.metric {
            study::metric_position(base.1.summary.design(), name)?;
            chosen.extend(list.iter().find(|difference| difference.metric == *name).cloned());
        }
        *list = chosen;
        Ok(())
    }
}

/// What makes differences say more than the two scenarios' policies do.
fn apart(first: &Scenario, other: &Scenario) -> Vec<String> {
    let mut doubts = Vec::new();
    let days = |scenario: &Scenario| {
        let start = f64::from(scenario.start);
        format!("from {} to {}", date(start), date(start + f64::from(scenario.days)))
    };
    if days(first) != days(other) {
        doubts.push(format!(
            "`{}` runs {}, `{}` {}: totals are of different lengths; give both the same dates, e.g. with --set end=…",
            first.name,
            days(first),
            other.name,
            days(other)
        ));
    }
    let set = |scenario: &Scenario| {
        let set = scenario.parameter_set.as_ref();
        set.map_or_else(
            || "the documented defaults".to_owned(),
            |set| format!("parameter set `{}`", set.name),
        )
    };
    if set(first) != set(other) {
        doubts.push(format!(
            "`{}` uses {}, `{}` {}: part of the differences are of these numbers; give both the same with --set parameter_set=…",
            first.name,
            set(first),
            other.name,
            set(other)
        ));
    }
    if first.step_days != other.step_days {
        doubts.push(format!(
            "`{}` takes steps of {} d, `{}` of {} d",
            first.name, first.step_days, other.name, other.step_days
        ));
    }
    if first.network != other.network {
        doubts.push(format!(
            "`{}` runs on the network `{}`, `{}` on `{}`",
            first.name, first.network, other.name, other.network
        ));
    }
    doubts
}

fn entry(difference: &Difference) -> Entry<'_> {
    Entry {
        metric: &difference.metric,
        unit: difference.unit.trim(),
        base_mean: difference.base,
        mean: difference.mean,
        difference: Figures::from(&difference.difference),
    }
}

type Found<'a> = (&'a (Scenario, StudyResult), Vec<Difference>);

fn text(found: &[Found<'_>], base: &(Scenario, StudyResult)) -> String {
    let mut out = String::new();
    for ((scenario, result), list) in found {
        let table: Table = table(list, &base.0.name, &scenario.name);
        let _ = write!(
            out,
            "{} against {}: means of {} pairs of runs with the same luck, seed {}\n{}\n\n",
            scenario.name,
            base.0.name,
            result.replications_done.min(base.1.replications_done),
            base.0.plan.seed,
            table.trim_fmt()
        );
    }
    out.push_str("Clear: the 95 % interval of the mean difference lies on one side of zero.\n");
    out
}

fn table(list: &[Difference], base: &str, other: &str) -> Table {
    let mut table =
        report::table(&["Metric", base, other, "difference", "95 % interval", "of first", "clear"]);
    for difference in list {
        let d = &difference.difference;
        let clear = match difference.sign() {
            1 => "higher",
            -1 => "lower",
            _ => "no",
        };
        // Relative to next to nothing, a percentage says nothing.
        // Of a negative value (output gained) the sign is that of the difference still.
        let ratio = d.mean / difference.base.abs();
        let relative = if ratio.abs() < 10.0 { percent(ratio) } else { "–".to_owned() };
        table.add_row([
            format!("{} [{}]", difference.metric, difference.unit.trim()),
            number(difference.base),
            number(difference.mean),
            number(d.mean),
            between(&number(d.mean_ci.0), &number(d.mean_ci.1)),
            relative,
            clear.to_owned(),
        ]);
    }
    table
}

fn csv(against: &[Against<'_>]) -> String {
    let mut out = "scenario,base,metric,unit,base_mean,mean,difference,low,high\n".to_owned();
    // Names hold no commas or quotes: they are file stems and names of the program.
    for other in against {
        for entry in &other.differences {
            let figures = &entry.difference;
            let (mean, [low, high]) = figures.mean();
            let _ = writeln!(
                out,
                "{},{},{},{},{},{},{mean},{low},{high}",
                other.scenario, other.base, entry.metric, entry.unit, entry.base_mean, entry.mean
            );
        }
    }
    out
}
