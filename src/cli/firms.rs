//! `firms`: production over time and systemic risk of networks of firms, from plain tables.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, Subcommand, ValueEnum};
use coercivity::firms::esri::{self, Loss, Model, Size};
use coercivity::firms::generate::{Recipe, generate, write};
use coercivity::firms::inoue::{self, Totals};
use coercivity::firms::{FirmNetwork, tables};
use serde_json::json;

use super::session::Means;
use super::words::{grouped, number, percent};
use super::{Ending, Failure, gauge, report, terminal};

/// Firms listed by the table of `firms esri`.
const MOST_FIRMS: usize = 25;
/// Rows of the table of `firms run`.
const MOST_STEPS: usize = 25;

const RUN_EXAMPLE: &str = "\
Example:
  coercivity firms generate 1000 my-firms
  coercivity firms run my-firms --steps 100 --format json

DIR holds nodes.csv (id,sector,output,final_demand,delta) and edges.csv (from,to,weight: supplier, customer,
money per step). Ids and sectors are whole numbers from 0; delta is the share of capacity a firm loses at step 0.";
const ESRI_EXAMPLE: &str = "\
Example:
  coercivity firms esri my-firms --firm 0 --firm 17 --format json

DIR is that of `firms run`; with criticality.csv (supplier_sector,customer_sector,class) in it, inputs are
negligible (0), non-essential (1) or essential (2), otherwise all are non-essential.";
const GENERATE_EXAMPLE: &str = "\
Example:
  coercivity firms generate 10000 my-firms --mean-in 4.5 --sectors 50 --seed 7";

/// Simulate, rank or generate networks of firms.
#[derive(Subcommand, Debug)]
pub enum Firms {
    /// Production and value added over time after Inoue and Todo (2019)
    #[command(after_help = RUN_EXAMPLE)]
    Run(Run),
    /// Economic systemic risk index: the share of output lost when a firm fails
    #[command(after_help = ESRI_EXAMPLE)]
    Esri(Esri),
    /// Write a made-up network with the shape of real ones
    #[command(after_help = GENERATE_EXAMPLE)]
    Generate(Generate),
}

impl Firms {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        match self {
            Self::Run(command) => command.run(),
            Self::Esri(command) => command.run(),
            Self::Generate(command) => command.run(),
        }
    }
}

/// What is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Format {
    /// A table for people
    #[default]
    Table,
    /// All digits
    Json,
}

/// A published model.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Preset {
    /// H. Inoue and Y. Todo, Nature Sustainability 2:841 (2019)
    #[default]
    InoueTodo,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Rationing {
    /// Every buyer gets the same share of its order
    #[default]
    Proportional,
    /// The smallest relative order is served first
    WaterFilling,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Weight {
    /// Sales to firms
    #[default]
    Sales,
    /// Sales to firms and to final demand
    Revenue,
}

/// Options of `firms run`.
#[derive(Args, Debug)]
pub struct Run {
    /// Folder with nodes.csv and edges.csv
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Model
    #[arg(long, value_enum, default_value_t)]
    preset: Preset,
    /// What a firm does when it cannot make what was ordered
    #[arg(long, value_enum, default_value_t)]
    rationing: Rationing,
    /// Steps to simulate
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    steps: u32,
    /// Target stock of every input, days of use
    #[arg(long, default_value_t = 15.0, value_parser = gauge::positive)]
    target_days: f64,
    /// Steps in which a gap between stock and target is closed
    #[arg(long, default_value_t = 6.0, value_parser = gauge::positive)]
    adjustment: f64,
    /// First step in which capacity is lost
    #[arg(long, default_value_t = 0, value_name = "STEP")]
    shock_from: u32,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    means: Means,
}

/// Options of `firms esri`.
#[derive(Args, Debug)]
pub struct Esri {
    /// Folder with nodes.csv and edges.csv
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Firm that fails, by its id; may be repeated [default: every firm, one at a time]
    #[arg(long = "firm", value_name = "ID")]
    firms: Vec<u64>,
    /// A scenario ends when no firm's loss grows by more than this
    #[arg(long, default_value_t = 1e-2, value_parser = gauge::share)]
    eps: f64,
    /// What a firm's weight is
    #[arg(long, value_enum, default_value_t)]
    weight: Weight,
    /// Nobody can replace a failed supplier
    #[arg(long)]
    no_replacement: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    means: Means,
}

/// Options of `firms generate`.
#[derive(Args, Debug)]
pub struct Generate {
    /// Number of firms
    #[arg(value_name = "N")]
    firms: u32,
    /// Folder to write to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Mean number of suppliers of a firm, before loops and repetitions are dropped
    #[arg(long, default_value_t = Recipe::default().mean_in)]
    mean_in: f64,
    /// How strongly large firms are preferred as suppliers (0: not at all)
    #[arg(long, default_value_t = Recipe::default().alpha)]
    alpha: f64,
    /// Number of sectors
    #[arg(long, default_value_t = Recipe::default().sectors)]
    sectors: u32,
    /// Share of firms that lose capacity
    #[arg(long, default_value_t = Recipe::default().shock_share)]
    shock_share: f64,
    /// Share of capacity those lose
    #[arg(long, default_value_t = Recipe::default().delta)]
    delta: f64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = Recipe::default().seed)]
    seed: u64,
    #[command(flatten)]
    means: Means,
}

/// Loads a network; warnings and what it holds go to stderr.
fn load(folder: &Path, means: &Means) -> Result<FirmNetwork, Failure> {
    let begun = Instant::now();
    let (network, warnings) = tables::load(folder)?;
    terminal::diagnostics(&warnings);
    let (firms, flows) = (grouped(network.len() as f64), grouped(network.flow_count() as f64));
    means.note(&format!("load      {}: {firms} firms, {flows} flows", gauge::seconds(begun.elapsed())));
    Ok(network)
}

impl Run {
    fn run(self) -> Result<Ending, Failure> {
        gauge::pool(&self.means)?.install(|| {
            let network = load(&self.folder, &self.means)?;
            let options = inoue::Options {
                steps: self.steps,
                rationing: match self.rationing {
                    Rationing::Proportional => inoue::Rationing::Proportional,
                    Rationing::WaterFilling => inoue::Rationing::WaterFilling,
                },
                target_days: self.target_days,
                adjustment: self.adjustment,
                shock_from: self.shock_from,
            };
            let bar = gauge::bar("simulate", "steps", u64::from(self.steps), &self.means);
            let begun = Instant::now();
            let totals = inoue::simulate(&network, &options, |step| bar.set_position(u64::from(step) + 1));
            let spent = begun.elapsed();
            bar.finish_and_clear();
            let rate = network.flow_count() as f64 * f64::from(self.steps) / spent.as_secs_f64().max(1e-9);
            self.means.note(&format!(
                "simulate  {}: {} steps, {} flow-steps/s",
                gauge::seconds(spent),
                self.steps,
                number(rate)
            ));
            match self.format {
                Format::Json => terminal::print(&self.json(&network, &totals)),
                Format::Table => terminal::print(&self.table(&totals)),
            }
            Ok(Ending::Done)
        })
    }

    fn json(&self, network: &FirmNetwork, totals: &Totals) -> String {
        let entries = (-1_i64..).zip(totals.production.iter().zip(&totals.value_added));
        let entries = entries
            .map(|(t, (production, value_added))| json!({"t": t, "production": production, "value_added": value_added}));
        let text = json!({
            "preset": name(self.preset),
            "rationing": name(self.rationing),
            "firms": network.len(),
            "flows": network.flow_count(),
            "steps": self.steps,
            "target_days": self.target_days,
            "adjustment": self.adjustment,
            "shock_from": self.shock_from,
            "totals": entries.collect::<Vec<_>>(),
        });
        format!("{text:#}\n")
    }

    fn table(&self, totals: &Totals) -> String {
        let mut table = report::table(&["Step", "production", "of calm", "value added", "of calm"]);
        let last = totals.production.len() - 1;
        let every = totals.production.len().div_ceil(MOST_STEPS).max(1);
        let of =
            |all: &[f64], at: usize| if all[0] > 0.0 { percent(all[at] / all[0]) } else { "–".to_owned() };
        for at in (0..=last).filter(|at| *at < 2 || at % every == 0 || *at == last) {
            table.add_row([
                if at == 0 { "calm".to_owned() } else { (at - 1).to_string() },
                number(totals.production[at]),
                of(&totals.production, at),
                number(totals.value_added[at]),
                of(&totals.value_added, at),
            ]);
        }
        format!(
            "Totals of all firms, money per step ({} rationing)\n{}\n",
            name(self.rationing),
            table.trim_fmt()
        )
    }
}

impl Esri {
    fn run(self) -> Result<Ending, Failure> {
        gauge::pool(&self.means)?.install(|| {
            let network = load(&self.folder, &self.means)?;
            let failing = self.failing(&network)?;
            let pairs = tables::load_criticality(&self.folder)?.unwrap_or_default();
            let size = match self.weight {
                Weight::Sales => Size::Sales,
                Weight::Revenue => Size::Revenue,
            };
            let options = esri::Options {
                eps: self.eps,
                replaceability: !self.no_replacement,
                ..esri::Options::default()
            };
            let bar = gauge::bar("index", "firms", failing.len() as u64, &self.means);
            let begun = Instant::now();
            let model = Model::new(&network, &pairs, size);
            let losses = model.index(&failing, &options, |done| bar.set_position(done as u64));
            let spent = begun.elapsed();
            bar.finish_and_clear();
            self.means.note(&format!(
                "index     {}: {} scenarios, {} scenarios/s",
                gauge::seconds(spent),
                grouped(losses.len() as f64),
                number(losses.len() as f64 / spent.as_secs_f64().max(1e-9))
            ));
            let rows: Vec<(u64, Loss)> =
                failing.iter().zip(losses).map(|(at, loss)| (network.ids()[*at as usize], loss)).collect();
            match self.format {
                Format::Json => terminal::print(&self.json(&network, &rows, !pairs.is_empty())),
                Format::Table => terminal::print(&table(rows)),
            }
            Ok(Ending::Done)
        })
    }

    /// Positions of the firms asked for.
    fn failing(&self, network: &FirmNetwork) -> Result<Vec<u32>, Failure> {
        let position = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if self.firms.is_empty() {
            return Ok((0..network.len()).map(position).collect());
        }
        let found: Vec<_> = self.firms.iter().map(|id| (id, network.find(*id))).collect();
        let missing: Vec<String> =
            found.iter().filter(|(_, at)| at.is_none()).map(|(id, _)| id.to_string()).collect();
        if !missing.is_empty() {
            let ids = network.ids();
            let between = match (ids.iter().min(), ids.iter().max()) {
                (Some(least), Some(most)) => {
                    format!("it names {} firms, with ids between {least} and {most}", ids.len())
                }
                _ => "it names none".to_owned(),
            };
            return Err(Failure::Usage(format!(
                "nodes.csv in `{}` has no firm {}; {between}",
                self.folder.display(),
                missing.join(", ")
            )));
        }
        Ok(found.into_iter().filter_map(|(_, at)| at.map(position)).collect())
    }

    fn json(&self, network: &FirmNetwork, rows: &[(u64, Loss)], classes: bool) -> String {
        let entries = rows.iter().map(|(id, loss)| {
            json!({"firm": id, "esri": loss.both, "downstream": loss.downstream, "upstream": loss.upstream, "steps": loss.steps})
        });
        let text = json!({
            "index": "esri",
            "firms": network.len(),
            "flows": network.flow_count(),
            "eps": self.eps,
            "weight": name(self.weight),
            "replacement": !self.no_replacement,
            "criticality_csv": classes,
            "results": entries.collect::<Vec<_>>(),
        });
        format!("{text:#}\n")
    }
}

fn table(mut rows: Vec<(u64, Loss)>) -> String {
    rows.sort_by(|a, b| b.1.both.total_cmp(&a.1.both).then(a.0.cmp(&b.0)));
    let mut table = report::table(&["Firm that fails", "index", "downstream", "upstream", "steps"]);
    for (id, loss) in rows.iter().take(MOST_FIRMS) {
        table.add_row([
            id.to_string(),
            number(loss.both),
            number(loss.downstream),
            number(loss.upstream),
            loss.steps.to_string(),
        ]);
    }
    let rest = rows.len().saturating_sub(MOST_FIRMS);
    let rest = if rest > 0 {
        format!("and {} firms with a smaller index; --format json lists all\n", grouped(rest as f64))
    } else {
        String::new()
    };
    format!("Share of all sales between firms that is lost\n{}\n{rest}", table.trim_fmt())
}

impl Generate {
    fn run(self) -> Result<Ending, Failure> {
        gauge::demand_new(&self.folder)?;
        let recipe = Recipe {
            firms: self.firms,
            mean_in: self.mean_in,
            alpha: self.alpha,
            sectors: self.sectors,
            shock_share: self.shock_share,
            delta: self.delta,
            seed: self.seed,
        };
        gauge::pool(&self.means)?.install(|| {
            let begun = Instant::now();
            let network = generate(&recipe).map_err(coercivity::error::Error::from)?;
            write(&network, &self.folder)?;
            let (shown, spent) = (self.folder.display(), gauge::seconds(begun.elapsed()));
            let (firms, flows) = (grouped(network.len() as f64), grouped(network.flow_count() as f64));
            self.means.note(&format!(
                "Written to {shown} in {spent}: nodes.csv ({firms} firms), edges.csv ({flows} flows). \
                 Look at it with `coercivity firms run {shown}`"
            ));
            Ok(Ending::Done)
        })
    }
}

/// What is typed for a value.
fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
