//! `sensitivity`: which inputs decide a result.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use coercivity::chart::{Format as Picture, Provenance, Tornado, TornadoRow};
use coercivity::diagnostic::nearest;
use coercivity::export::folder::Folder;
use coercivity::export::json::pretty;
use coercivity::export::manifest::Manifest;
use coercivity::scenario::Scenario;
use coercivity::sensitivity::input::{Input, inputs};
use coercivity::sensitivity::{Estimate, design, model, morris, sobol};
use serde_json::json;

use super::session::{Changes, Means};
use super::words::{between, number};
use super::{Ending, Failure, gauge, progress, report, terminal};

/// Runs at each point unless typed.
const RUNS: u64 = 8;
/// Inputs listed by table and picture.
const MOST_ROWS: usize = 25;

const EXAMPLE: &str = "\
Example:
  coercivity sensitivity 2025-april-controls --method morris --points 10 --out out/effects
  coercivity sensitivity 2025-april-controls --method sobol --points 64 --input sourcing --input cover_factor

morris simulates points × (inputs + 1) designs, sobol points × (inputs + 2), each with -n runs [default: 8]
that have the same luck in all designs. Parameters range over their sweeps (`coercivity explain` lists them);
the switches production, sourcing (part makers, automakers) and rationing count as inputs too.";

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Method {
    /// Elementary effects: few simulations, many inputs
    #[default]
    Morris,
    /// Shares of variance, alone and with others
    Sobol,
}

/// What is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Format {
    /// The strongest inputs
    #[default]
    Table,
    /// All inputs, all digits
    Json,
}

/// Which uncertain inputs decide a result.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub struct Sensitivity {
    /// Bundled name or path of a scenario file
    scenario: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    means: Means,
    /// Result that is explained
    #[arg(long, default_value = "vehicles_lost", value_name = "NAME")]
    metric: String,
    /// Method
    #[arg(long, value_enum, default_value_t)]
    method: Method,
    /// Trajectories (morris) or rows of each matrix (sobol) [default: 10, 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=65_536))]
    points: Option<u32>,
    /// Input to vary; may be repeated [default: every parameter and switch]
    #[arg(long = "input", value_name = "KEY")]
    inputs: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also write sensitivity.json and tornado.svg, tornado.png to this new folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Indices of one input by either method.
struct Line {
    input: Input,
    /// First order and total order, or μ* alone.
    columns: Vec<Estimate>,
    /// μ and σ of elementary effects.
    moments: Option<(f64, f64)>,
}

impl Sensitivity {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        let chosen = self.chosen()?;
        if let Some(out) = &self.out {
            gauge::demand_new(out)?;
        }
        let (scenario, _) = self.changes.open(&self.scenario)?;
        let replications = self.changes.replications.unwrap_or(RUNS);
        let count = self.points.unwrap_or(if self.method == Method::Morris { 10 } else { 64 }) as usize;
        let seed = scenario.plan.seed;
        let trajectories = design::trajectories(chosen.len(), count, seed);
        let points = match self.method {
            Method::Morris => trajectories.points.clone(),
            Method::Sobol => design::saltelli(chosen.len(), count, seed),
        };
        self.means.note(&format!(
            "{} inputs, {} designs, {replications} runs each",
            chosen.len(),
            points.len()
        ));
        progress::catch_interrupts();
        let bar = gauge::bar(&scenario.name, "designs", points.len() as u64, &self.means);
        let results = gauge::pool(&self.means)?.install(|| {
            let note = |done| bar.set_position(done as u64);
            let what = (self.metric.as_str(), replications);
            model::evaluate(&scenario, &chosen, &points, what, &note, &progress::interrupted)
        })?;
        bar.finish_and_clear();
        let Some(results) = results else {
            terminal::note("Interrupted: nothing was computed or written.");
            return Ok(Ending::Interrupted);
        };
        let mut lines: Vec<Line> = match self.method {
            Method::Morris => morris::effects(&trajectories, &results, seed)
                .into_iter()
                .zip(&chosen)
                .map(|(found, input)| Line {
                    input: *input,
                    columns: vec![found.size],
                    moments: Some((found.mean, found.deviation)),
                })
                .collect(),
            Method::Sobol => sobol::indices(&results, count, seed)
                .into_iter()
                .zip(&chosen)
                .map(|(found, input)| Line {
                    input: *input,
                    columns: vec![found.first, found.total],
                    moments: None,
                })
                .collect(),
        };
        let rank = |line: &Line| line.columns.last().map_or(0.0, |estimate| estimate.value);
        lines.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.input.key().cmp(b.input.key())));
        let document = self.document(&scenario, &lines, points.len(), replications, count);
        if let Some(out) = &self.out {
            let tornado = self.tornado(&scenario, &lines, replications * points.len() as u64);
            let mut folder = Folder::create(out)?;
            folder.write("sensitivity.json", &pretty(&document))?;
            folder.write("tornado.svg", &tornado.render(Picture::Svg)?)?;
            folder.write("tornado.png", &tornado.render(Picture::Png)?)?;
            folder.finish(Manifest::of_scenario("sensitivity", &scenario))?;
            self.means.note(&format!(
                "Written to {}: sensitivity.json, tornado.svg, tornado.png, manifest.json",
                out.display()
            ));
        }
        match self.format {
            Format::Json => terminal::print_bytes(&pretty(&document)),
            Format::Table => terminal::print(&self.table(&lines)),
        }
        Ok(Ending::Done)
    }

    /// The inputs typed, in the order of the registry and each once.
    fn chosen(&self) -> Result<Vec<Input>, Failure> {
        let all = inputs();
        if self.inputs.is_empty() {
            return Ok(all);
        }
        let mut problems = Vec::new();
        for key in &self.inputs {
            if !all.iter().any(|input| input.key() == key) {
                let near = nearest(key, all.iter().map(|input| input.key()));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                problems.push(format!("there is no input `{key}`{near}"));
            }
        }
        if !problems.is_empty() {
            let keys: Vec<&str> = all.iter().map(|input| input.key()).collect();
            return Err(Failure::Usage(format!("{}\ninputs: {}", problems.join("\n"), keys.join(", "))));
        }
        Ok(all.into_iter().filter(|input| self.inputs.iter().any(|key| key == input.key())).collect())
    }

    fn name(&self) -> &'static str {
        match self.method {
            Method::Morris => "morris",
            Method::Sobol => "sobol",
        }
    }

    fn document(
        &self,
        scenario: &Scenario,
        lines: &[Line],
        designs: usize,
        replications: u64,
        points: usize,
    ) -> serde_json::Value {
        let estimate = |of: &Estimate| json!({"value": of.value, "interval": [of.low, of.high]});
        let entries = lines.iter().map(|line| match line.moments {
            Some((mean, deviation)) => json!({
                "input": line.input.key(), "range": line.input.range(), "mu_star": estimate(&line.columns[0]),
                "mu": mean, "sigma": deviation,
            }),
            None => json!({
                "input": line.input.key(), "range": line.input.range(), "first": estimate(&line.columns[0]),
                "total": estimate(&line.columns[1]),
            }),
        });
        json!({
            "scenario": scenario.name, "metric": self.metric, "method": self.name(), "points": points,
            "designs": designs, "replications": replications, "seed": scenario.plan.seed,
            "interval": "95 % bootstrap", "inputs": entries.collect::<Vec<_>>(),
        })
    }

    fn table(&self, lines: &[Line]) -> String {
        let interval = |of: &Estimate| between(&number(of.low), &number(of.high));
        let mut table = match self.method {
            Method::Morris => report::table(&["Input", "range", "µ*", "95 %", "µ", "σ"]),
            Method::Sobol => report::table(&["Input", "range", "first", "95 %", "total", "95 %"]),
        };
        for line in lines.iter().take(MOST_ROWS) {
            let mut cells = vec![line.input.key().to_owned(), line.input.range()];
            for column in &line.columns {
                cells.extend([number(column.value), interval(column)]);
            }
            if let Some((mean, deviation)) = line.moments {
                cells.extend([number(mean), number(deviation)]);
            }
            table.add_row(cells);
        }
        let says = match self.method {
            Method::Morris => {
                "change over the input's whole range: mean size µ*, mean µ, spread σ (interaction or curvature)"
            }
            Method::Sobol => {
                "share of variance explained by the input alone (first) and with all others (total)"
            }
        };
        let rest = lines.len().saturating_sub(MOST_ROWS);
        let rest = if rest > 0 {
            format!("and {rest} weaker inputs; --format json lists all\n")
        } else {
            String::new()
        };
        format!("{}: {says}\n{}\n{rest}", self.metric, table.trim_fmt())
    }

    fn tornado(&self, scenario: &Scenario, lines: &[Line], runs: u64) -> Tornado {
        let (series, quantity) = match self.method {
            Method::Morris => (
                vec!["µ*: over all trajectories".to_owned()],
                format!("mean size of the change of {} over the range", self.metric),
            ),
            Method::Sobol => (
                vec!["alone".to_owned(), "with others".to_owned()],
                format!("share of the variance of {}", self.metric),
            ),
        };
        let rows = lines.iter().map(|line| TornadoRow {
            label: line.input.key().to_owned(),
            effects: line.columns.iter().map(|of| of.value).collect(),
            intervals: line.columns.iter().map(|of| (of.low, of.high)).collect(),
        });
        Tornado {
            caption: "What decides the result".to_owned(),
            subtitle: scenario.title.clone(),
            quantity,
            series,
            rows: rows.collect(),
            most_rows: MOST_ROWS,
            provenance: Provenance {
                scenario: scenario.name.clone(),
                runs,
                seed: scenario.plan.seed,
                band: "95 % bootstrap interval".to_owned(),
                vintage: scenario.vintage.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        }
    }
}
