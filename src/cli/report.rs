//! The tables of `run`, for people who do not read code.

use std::fmt::Write as _;

use coercivity::scenario::Scenario;
use coercivity::study::StudyResult;
use coercivity::study::reading::{Maker, Reading};
use coercivity::summary::Summary;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::words::{between, date, large, month, number, percent, place};

/// Automakers listed.
const MOST_MAKERS: usize = 12;

/// Three rules and no columns' borders, as in print.
const PLAIN: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// A table in the style of the program: the first column left, the others right.
pub fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(PLAIN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_cell_alignment(if i == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
    table
}

/// All of it.
pub fn text(scenario: &Scenario, result: &StudyResult, reading: &Reading) -> String {
    let mut out = format!("{}\n\n", scenario.title);
    out.push_str(&headline(scenario, reading));
    out.push('\n');
    section(&mut out, "Vehicles not built, by region", regions(reading));
    section(&mut out, "Automakers, most probable stop first", makers(reading));
    out.push_str(&unlisted(reading));
    section(&mut out, "China's magnet exports by month of the customs record, tonnes", exports(reading));
    if reading.lost.is_none() && reading.exports.is_empty() {
        section(&mut out, "Totals", totals(&result.summary));
    }
    out.push_str(&footnote(scenario, result));
    out
}

fn section(out: &mut String, title: &str, table: Option<Table>) {
    if let Some(table) = table {
        let _ = write!(out, "{title}\n{}\n\n", table.trim_fmt());
    }
}

/// Who stops first, when, how surely; what is lost; how deep exports fall.
pub fn headline(scenario: &Scenario, reading: &Reading) -> String {
    let mut lines = Vec::new();
    match (reading.any_stop, reading.first_stop, reading.most_often_first()) {
        (Some(stop), Some(dates), Some(first)) => {
            lines.push(format!(
                "The first automaker stops around {} (in 9 of 10 runs with a stop: {}); some automaker stops in {} of runs.",
                date(dates[2]),
                between(&date(dates[0]), &date(dates[4])),
                percent(stop.estimate)
            ));
            lines.push(format!("Most often first: {} (in {} of runs).", first.name, percent(first.first)));
        }
        (Some(stop), ..) => lines.push(format!(
            "No automaker stops in any of {} runs (so the probability is below {} with 95 % confidence).",
            reading.runs,
            percent(stop.high)
        )),
        _ => {}
    }
    if let Some(lost) = &reading.lost {
        let share = reading
            .lost_share
            .as_ref()
            .map_or(String::new(), |share| format!(", {} of all", percent(share.mean)));
        // One run gives no interval.
        let known = lost.mean_ci.0.is_finite() && lost.mean_ci.1.is_finite();
        // Student's t knows nothing of signs: where no run loses less than nothing, the mean does not either.
        let low = if lost.min >= 0.0 { lost.mean_ci.0.max(0.0) } else { lost.mean_ci.0 };
        let interval = between(&large(low), &large(lost.mean_ci.1));
        lines.push(format!(
            "Vehicles not built by {}: {} on average{share} (95 % confidence: {}); in 9 of 10 runs {}.",
            date(f64::from(scenario.start) + f64::from(scenario.days)),
            large(lost.mean),
            if known { interval } else { "unknown from so few runs".to_owned() },
            between(&large(lost.q05), &large(lost.q95))
        ));
    }
    if let Some((lowest, share)) = reading.exports_trough()
        && share < 0.995
    {
        lines.push(format!(
            "China's magnet exports are lowest in {}: {} of the calm level ({} t; in 9 of 10 runs {} t).",
            month(lowest.day),
            percent(share),
            number(lowest.tonnes.q50),
            between(&number(lowest.tonnes.q05), &number(lowest.tonnes.q95))
        ));
    }
    let mut out = String::new();
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn regions(reading: &Reading) -> Option<Table> {
    if reading.regions.is_empty() {
        return None;
    }
    let mut table = table(&["Region", "mean", "of calm output", "9 of 10 runs"]);
    for region in &reading.regions {
        let calm = region.calm.filter(|calm| *calm > 0.0);
        let share = calm.map_or_else(|| "–".to_owned(), |calm| percent(region.lost.mean / calm));
        table.add_row([
            place(region.region),
            number(region.lost.mean),
            share,
            between(&number(region.lost.q05), &number(region.lost.q95)),
        ]);
    }
    Some(table)
}

fn makers(reading: &Reading) -> Option<Table> {
    let touched = |maker: &&Maker| maker.stop.estimate > 0.0;
    let stopping: Vec<&Maker> = reading.makers.iter().filter(touched).collect();
    if stopping.is_empty() {
        return None;
    }
    let mut table = table(&[
        "Automaker",
        "stops in",
        "first stop, middle",
        "9 of 10 stops",
        "days stopped",
        "vehicles lost",
    ]);
    for maker in stopping.iter().take(MOST_MAKERS) {
        let dates = maker.first_stop.unwrap_or([f64::NAN; 5]);
        table.add_row([
            shortened(&maker.name, 38),
            percent(maker.stop.estimate),
            date(dates[2]),
            between(&date(dates[0]), &date(dates[4])),
            number(maker.stop_days.round()),
            number(maker.lost.mean),
        ]);
    }
    Some(table)
}

/// A line on the automakers that are not in the table.
fn unlisted(reading: &Reading) -> String {
    let stopping = reading.makers.iter().filter(|maker| maker.stop.estimate > 0.0).count();
    let (more, never) = (stopping.saturating_sub(MOST_MAKERS), reading.makers.len() - stopping);
    if stopping == 0 {
        return String::new();
    }
    match (more, never) {
        (0, 0) => String::new(),
        (0, _) => format!("Further automakers: {never} never stop (all in summary.json).\n\n"),
        _ => format!("Further automakers: {more} stop less often, {never} never (all in summary.json).\n\n"),
    }
}

/// The part of a text before brackets, cut if still too long.
fn shortened(text: &str, most: usize) -> String {
    let short = text.split(" (").next().unwrap_or(text);
    if short.chars().count() <= most {
        return short.to_owned();
    }
    let cut: String = short.chars().take(most - 1).collect();
    format!("{cut}…")
}

fn exports(reading: &Reading) -> Option<Table> {
    if reading.exports.is_empty() {
        return None;
    }
    let mut table = table(&["Month", "median run", "9 of 10 runs", "of its calm", "9 of 10 runs"]);
    for entry in &reading.exports {
        let band = entry.of_calm.as_ref();
        table.add_row([
            month(entry.day),
            number(entry.tonnes.q50),
            between(&number(entry.tonnes.q05), &number(entry.tonnes.q95)),
            entry.share().map_or_else(|| "–".to_owned(), percent),
            band.map_or_else(|| "–".to_owned(), |band| between(&percent(band.q05), &percent(band.q95))),
        ]);
    }
    Some(table)
}

/// Metrics of a network that has neither automakers nor exports.
fn totals(summary: &Summary) -> Option<Table> {
    let mut table = table(&["Metric", "unit", "mean", "median", "9 of 10 runs"]);
    let mut any = false;
    for (i, metric) in summary.design().metrics.iter().enumerate() {
        let s = summary.metric(i);
        table.add_row([
            metric.name.clone(),
            metric.unit.trim().to_owned(),
            number(s.mean),
            number(s.q50),
            between(&number(s.q05), &number(s.q95)),
        ]);
        any = true;
    }
    any.then_some(table)
}

fn footnote(scenario: &Scenario, result: &StudyResult) -> String {
    let converged = match result.converged {
        Some(true) => ", stopped when converged",
        Some(false) if result.complete => ", not converged",
        _ => "",
    };
    let runs = if result.complete {
        format!("{} runs{converged}", result.replications_done)
    } else {
        format!("{} of {} runs, interrupted", result.replications_done, scenario.plan.replications)
    };
    let calm = if scenario.shocks.is_empty() {
        "Calm is each run's own level at its start.\n\
         Plants that open later take over from others: stages (`lost_output`) leave it without any shock.\n"
    } else {
        "Calm is each run's own level at its start, held.\n"
    };
    format!(
        "{runs}, seed {}; \"9 of 10 runs\": 5 % to 95 % quantile. Data: {}.\n\
         A stop is output 5 % below calm on 3 days running. Who buys from whom is mostly estimated: read\n\
         probabilities and bands, not single figures. {calm}",
        scenario.plan.seed, scenario.vintage
    )
}
