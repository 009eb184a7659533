//! `rank`: which facilities matter, by simulation and by the shape of the network.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use coercivity::chart::{Format as Picture, Provenance, Tornado, TornadoRow};
use coercivity::criticality::{self, MEASURES, Options, Ranking, Row, Verdict};
use coercivity::export::folder::Folder;
use coercivity::export::json::pretty;
use coercivity::export::manifest::Manifest;
use coercivity::scenario::Scenario;
use serde_json::json;

use super::session::{Changes, Means};
use super::words::{number, percent, stage};
use super::{Ending, Failure, gauge, progress, report, terminal};

/// Facilities listed by the table.
const MOST_ROWS: usize = 30;

/// Facilities of the cut listed by the table.
const MOST_LIMITS: usize = 12;

const EXAMPLE: &str = "\
Example:
  coercivity rank --days 60 --loss 1.0 --out out/rank
  coercivity rank full-embargo --days 30 -n 32 --format csv > rank.csv

Each facility in turn loses its capacity on the first day of the run; shocks of the scenario act as well.
REI: impact relative to the largest. TTS: mean days until an automaker stops; earliest: the same from lead
times and central stocks alone. TTR: days from the end of the outage until 99 % of the vehicles are built.
ESRI: share of output, mean over stages, that cannot be made without it. Flow: fall of the largest flow.";

/// What is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Format {
    /// The most critical facilities
    #[default]
    Table,
    /// All facilities, all digits
    Json,
    /// One row per facility
    Csv,
}

/// Rank facilities by what their loss costs.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub struct Rank {
    /// Bundled name or path of a scenario file
    #[arg(default_value = "baseline")]
    scenario: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    means: Means,
    /// Days for which a facility is out
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Share of its capacity that is lost
    #[arg(long, default_value_t = 1.0, value_parser = gauge::share)]
    loss: f64,
    /// Metric whose rise is the impact
    #[arg(long, default_value = "vehicles_lost", value_name = "NAME")]
    metric: String,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also write ranking.json, ranking.csv and a picture to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Rank {
    /// Runs the command.
    pub fn run(self) -> Result<Ending, Failure> {
        let (scenario, kernel) = self.changes.open(&self.scenario)?;
        if self.days > scenario.days {
            return Err(Failure::Usage(format!(
                "an outage of {} days does not fit into the {} days of `{}`; shorten --days or move the end with `--set end=…`",
                self.days, scenario.days, scenario.name
            )));
        }
        if let Some(out) = &self.out {
            gauge::demand_new(out)?;
        }
        let options = Options {
            days: self.days,
            loss: self.loss,
            replications: self.changes.replications.unwrap_or(Options::default().replications),
            metric: self.metric.clone(),
        };
        progress::catch_interrupts();
        let wanted = criticality::working(&kernel).len() as u64;
        let bar = gauge::bar(&scenario.name, "facilities", wanted, &self.means);
        let ranking = gauge::pool(&self.means)?.install(|| {
            let note = |done| bar.set_position(done as u64);
            criticality::rank(&scenario, &options, &note, &progress::interrupted)
        })?;
        bar.finish_and_clear();
        let Some(ranking) = ranking else {
            terminal::note("Interrupted: nothing was ranked.");
            return Ok(Ending::Interrupted);
        };
        if let Some(out) = &self.out {
            let picture = picture(&scenario, &options, &ranking);
            let mut folder = Folder::create(out)?;
            folder.write("ranking.json", &pretty(&document(&scenario, &options, &ranking)))?;
            folder.write("ranking.csv", csv(&ranking).as_bytes())?;
            folder.write("ranking.svg", &picture.render(Picture::Svg)?)?;
            folder.write("ranking.png", &picture.render(Picture::Png)?)?;
            folder.finish(Manifest::of_scenario("rank", &scenario))?;
            let files = "ranking.json, ranking.csv, ranking.svg, ranking.png, manifest.json";
            self.means.note(&format!("Written to {}: {files}", out.display()));
        }
        match self.format {
            Format::Table => terminal::print(&table(&scenario, &options, &ranking)),
            Format::Json => terminal::print_bytes(&pretty(&document(&scenario, &options, &ranking))),
            Format::Csv => terminal::print(&csv(&ranking)),
        }
        Ok(Ending::Done)
    }
}

/// What disagrees with the simulation: `flow overrates, degree misses`.
fn flags(row: &Row) -> String {
    let apart = MEASURES.iter().zip(row.verdicts).filter(|(_, verdict)| *verdict != Verdict::Agrees);
    apart.map(|(measure, verdict)| format!("{measure} {}", verdict.as_str())).collect::<Vec<_>>().join(", ")
}

fn days(days: Option<f64>) -> String {
    days.map_or_else(|| "–".to_owned(), number)
}

fn table(scenario: &Scenario, options: &Options, ranking: &Ranking) -> String {
    let head = [
        "Facility",
        "stage",
        "impact",
        "REI",
        "TTS d",
        "earliest d",
        "TTR d",
        "ESRI",
        "flow",
        "degree",
        "apart",
    ];
    let mut table = report::table(&head);
    let all = ranking.cut.capacity;
    for row in ranking.rows.iter().take(MOST_ROWS) {
        table.add_row([
            row.id.clone(),
            stage(row.stage).to_owned(),
            number(row.response.impact),
            format!("{:.2}", row.rei),
            days(row.response.survive),
            days(row.earliest_stop),
            number(row.response.recover) + if row.response.unrecovered > 0.0 { "+" } else { "" },
            percent(row.esri),
            if all > 0.0 { percent(row.flow_lost / all) } else { "–".to_owned() },
            row.degree.to_string(),
            flags(row),
        ]);
    }
    let rest = ranking.rows.len().saturating_sub(MOST_ROWS);
    let rest = if rest > 0 {
        format!("and {rest} facilities with less impact; --format csv lists all\n")
    } else {
        String::new()
    };
    let cut: Vec<String> = ranking
        .cut
        .sites
        .iter()
        .take(MOST_LIMITS)
        .map(|(site, limit)| format!("  {} {}", scenario.lines.sites[*site].id, number(*limit)))
        .collect();
    let more = ranking.cut.sites.len().saturating_sub(cut.len());
    let more = if more > 0 { format!("\n  and {more} more; --format json lists all") } else { String::new() };
    let [esri, flow, degree] = ranking.correlations.map(|r| format!("{r:.2}"));
    format!(
        "Loss of {} of one facility for {} days in `{}`: {}, mean of {} runs against the same runs without it\n{}\n{rest}\n\
         +: not recovered in the last week of some runs. apart: measures that put the facility in (overrates) or\n\
         out of (misses) the top quarter unlike the simulation. Rank correlation with impact: ESRI {esri}, flow {flow}, degree {degree}\n\n\
         Largest flow from mines to automakers: {} kg of oxide a day (calm: {}), limited by {} facilities, kg a day:\n{}{more}\n",
        percent(options.loss),
        options.days,
        scenario.name,
        options.metric,
        options.replications,
        table.trim_fmt(),
        number(ranking.cut.capacity),
        number(ranking.cut.calm),
        ranking.cut.sites.len(),
        cut.join("\n")
    )
}

/// Facilities by impact, with the range over the runs.
fn picture(scenario: &Scenario, options: &Options, ranking: &Ranking) -> Tornado {
    let row = |row: &Row| TornadoRow {
        label: format!("{} ({})", row.name.split(" (").next().unwrap_or(&row.name), stage(row.stage)),
        effects: vec![row.response.impact],
        intervals: vec![row.response.range],
    };
    Tornado {
        caption: "Which facility would be missed most".to_owned(),
        subtitle: format!(
            "Loss of {} of one facility for {} days, against the same runs without it",
            percent(options.loss),
            options.days
        ),
        quantity: format!("change of {}", options.metric),
        series: vec!["mean of the runs".to_owned()],
        rows: ranking.rows.iter().map(row).collect(),
        most_rows: MOST_ROWS,
        provenance: Provenance {
            scenario: scenario.name.clone(),
            runs: options.replications,
            seed: scenario.plan.seed,
            band: "least to most of the runs".to_owned(),
            vintage: scenario.vintage.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
    }
}

fn document(scenario: &Scenario, options: &Options, ranking: &Ranking) -> serde_json::Value {
    let facilities = ranking.rows.iter().map(|row| {
        let response = &row.response;
        let verdict = |measure: usize| row.verdicts[measure].as_str();
        json!({
            "id": row.id, "name": row.name, "stage": row.stage.as_str(),
            "impact": response.impact, "impact_range": [response.range.0, response.range.1], "rei": row.rei,
            "stop_probability": response.stop_probability, "time_to_survive": response.survive,
            "earliest_stop": row.earliest_stop, "time_to_recover": response.recover,
            "unrecovered": response.unrecovered, "esri": row.esri, "flow_lost": row.flow_lost, "degree": row.degree,
            "verdicts": {"esri": verdict(0), "flow": verdict(1), "degree": verdict(2)},
        })
    });
    let cut = ranking.cut.sites.iter();
    let cut = cut.map(|(site, limit)| json!({"id": scenario.lines.sites[*site].id, "kg_per_day": limit}));
    let [esri, flow, degree] = ranking.correlations;
    json!({
        "scenario": scenario.name, "seed": scenario.plan.seed, "replications": options.replications,
        "days": options.days, "loss": options.loss, "metric": options.metric,
        "max_flow": {"kg_per_day": ranking.cut.capacity, "calm_kg_per_day": ranking.cut.calm, "cut": cut.collect::<Vec<_>>()},
        "rank_correlation_with_impact": {"esri": esri, "flow": flow, "degree": degree},
        "facilities": facilities.collect::<Vec<_>>(),
    })
}

fn csv(ranking: &Ranking) -> String {
    let mut text = "rank,id,stage,impact,impact_low,impact_high,rei,stop_probability,time_to_survive,earliest_stop,\
                    time_to_recover,unrecovered,esri,flow_lost_kg_per_day,degree,esri_verdict,flow_verdict,degree_verdict\n"
        .to_owned();
    let optional = |days: Option<f64>| days.map_or_else(String::new, |days| days.to_string());
    for (rank, row) in (1..).zip(&ranking.rows) {
        let response = &row.response;
        let cells = [
            rank.to_string(),
            row.id.clone(),
            row.stage.as_str().to_owned(),
            response.impact.to_string(),
            response.range.0.to_string(),
            response.range.1.to_string(),
            row.rei.to_string(),
            response.stop_probability.to_string(),
            optional(response.survive),
            optional(row.earliest_stop),
            response.recover.to_string(),
            response.unrecovered.to_string(),
            row.esri.to_string(),
            row.flow_lost.to_string(),
            row.degree.to_string(),
            row.verdicts[0].as_str().to_owned(),
            row.verdicts[1].as_str().to_owned(),
            row.verdicts[2].as_str().to_owned(),
        ];
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}
