//! What is counted, in which units, and the names it is published under.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::layout::{Kernel, NONE};
use super::price::MARKETS;
use super::series;
use crate::id::Place;
use crate::network::line::{LineGraph, Stage};
use crate::summary::{Design, Metric};

/// The series of all exports, which metrics are read from.
const TOTAL_EXPORTS: &str = "exports:WORLD";

/// Day of a first stop in a replication without one.
pub(crate) const NO_STOP: f64 = -1.0;

/// Longest customs lag that is looked for, days.
pub(crate) const LONGEST_LAG: usize = 60;

/// Routes whose flows make a market's price, with their content of the element.
#[derive(Debug, Default)]
pub(crate) struct Market {
    /// Routes that cross the control into the market.
    pub crossing: Vec<(u32, f64)>,
    /// Those of them that a control may stop.
    pub gated: Vec<(u32, f64)>,
    /// Routes that bring the market's own primary supply.
    pub home: Vec<(u32, f64)>,
}

/// What a series counts.
#[derive(Debug)]
pub(crate) enum Count {
    /// Magnets leaving China, by month of the customs record.
    Exports(Vec<u32>),
    /// All magnets leaving China by month, relative to the run's own calm.
    ExportsOfCalm,
    /// Output of lines, by week.
    Output(Vec<u32>),
    /// Days of stock that routes bring, by week (mean of daily readings).
    Cover(Vec<u32>),
    /// Share of calm output lost by lines, by fortnight.
    Lost(Vec<u32>),
    /// Price relative to calm, by week.
    Price(usize),
    /// Licence desk, by week: pending, approved, returned, rejected.
    Licences(usize),
    /// The same of one class: rule, class, which.
    ClassLicences(usize, usize, usize),
    /// Cases of a class (rule, class) by tens of days they waited, read at the end: approved, rejected, open.
    Waits(usize, usize, usize),
}

/// Lists compiled once: what to count, and the design of outcomes.
#[derive(Debug, Default)]
pub(crate) struct Observe {
    pub(crate) design: Arc<Design>,
    pub(crate) markets: Vec<Market>,
    pub(crate) counts: Vec<Count>,
    /// First cell of each series.
    pub(crate) offsets: Vec<usize>,
    pub(crate) cells: usize,
    /// Month (position) of each day of the run and of `LONGEST_LAG` days more.
    pub(crate) month: Vec<usize>,
    pub(crate) months: usize,
    pub(crate) month_days: Vec<f64>,
    pub(crate) weeks: usize,
    /// Automaker sites: (site, its lines).
    pub(crate) makers: Vec<(usize, Vec<u32>)>,
    pub(crate) maker_regions: Vec<(Place, Vec<usize>)>,
    pub(crate) stage_lines: Vec<(Stage, Vec<u32>)>,
    /// Days from the start of the run to the first shock.
    pub(crate) origin: f64,
    /// Routes that series of exports count, each with the places of those series among all of exports.
    pub(crate) exporting: Vec<(u32, Vec<u32>)>,
    /// Position of the total-exports series among `counts`.
    pub(crate) exports_total: Option<usize>,
    /// Groups of which the scenario leaves out series.
    pub(crate) left_out: BTreeSet<String>,
}

pub(super) fn date_of(days: i32) -> Date {
    jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days))
}

/// Compiles what is counted.
pub(crate) fn compile(kernel: &Kernel) -> Observe {
    let graph = kernel.graph();
    let scenario = kernel.scenario();
    let days = scenario.days as usize;
    let mut observe = Observe { weeks: days.div_ceil(7), ..Observe::default() };
    calendar(&mut observe, scenario.start, days);
    observe.origin = scenario
        .shocks
        .iter()
        .filter(|shock| shock.trigger.is_none())
        .map(|shock| f64::from((shock.start.date - scenario.start).max(0)))
        .fold(f64::INFINITY, f64::min);
    if !observe.origin.is_finite() {
        observe.origin = 0.0;
    }
    observe.markets = markets(kernel);
    observe.makers = graph
        .sites
        .iter()
        .enumerate()
        .filter(|(_, site)| site.stage == Stage::Automaker)
        .map(|(i, _)| (i, lines_of(graph, |line| line.facility.index() == i)))
        .collect();
    let regions: BTreeSet<Place> = observe.makers.iter().map(|(site, _)| graph.sites[*site].region).collect();
    observe.maker_regions = regions
        .into_iter()
        .map(|region| {
            let inside = |(_, (site, _)): &(usize, &(usize, Vec<u32>))| graph.sites[*site].region == region;
            (region, observe.makers.iter().enumerate().filter(inside).map(|(m, _)| m).collect())
        })
        .collect();
    observe.stage_lines = Stage::ALL
        .into_iter()
        .filter(|stage| *stage != Stage::Automaker)
        .map(|stage| (stage, lines_of(graph, |line| line.stage == stage)))
        .filter(|(_, lines)| !lines.is_empty())
        .collect();
    let all = series::list(kernel, &observe);
    observe.left_out = all
        .iter()
        .map(|(series, _)| series)
        .filter(|series| !scenario.outputs.wants(series))
        .map(|series| series.group.clone())
        .collect();
    let (wanted, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(series, _)| scenario.outputs.wants(series));
    // Metrics read the total of exports whether it is written or not: it is counted behind the series wanted.
    let kept = others.into_iter().filter(|(series, _)| series.id == TOTAL_EXPORTS);
    let written = wanted.len();
    let mut series = Vec::new();
    for (s, (entry, count)) in wanted.into_iter().chain(kept).enumerate() {
        if entry.id == TOTAL_EXPORTS {
            observe.exports_total = Some(s);
        }
        observe.offsets.push(observe.cells);
        observe.cells += entry.dates.len();
        observe.counts.push(count);
        series.push(entry);
    }
    series.truncate(written);
    observe.exporting = exporting(&observe.counts);
    let metrics = metrics(kernel, &observe);
    observe.design = Arc::new(Design { metrics, series });
    observe
}

/// Turns lists of routes by series into lists of series by route, so that a step looks at each route once.
fn exporting(counts: &[Count]) -> Vec<(u32, Vec<u32>)> {
    let lists = counts
        .iter()
        .filter_map(|count| if let Count::Exports(routes) = count { Some(routes) } else { None });
    let mut by_route = BTreeMap::<u32, Vec<u32>>::new();
    for (place, routes) in (0..).zip(lists) {
        routes.iter().for_each(|r| by_route.entry(*r).or_default().push(place));
    }
    by_route.into_iter().collect()
}

fn calendar(observe: &mut Observe, start: i32, days: usize) {
    let first = date_of(start);
    for day in 0..days + LONGEST_LAG {
        let date = date_of(start + i32::try_from(day).unwrap_or(i32::MAX / 2));
        let months = i64::from(date.year() - first.year()) * 12 + i64::from(date.month() - first.month());
        observe.month.push(usize::try_from(months).unwrap_or(0));
    }
    // A month counts only when the run covers it to its last day.
    let whole = |month: usize| observe.month.iter().take(days).filter(|m| **m == month).count();
    let mut month = 0;
    loop {
        let inside = whole(month);
        let Some(first_day) = observe.month.iter().position(|m| *m == month) else { break };
        let length = usize::try_from(date_of(start + i32::try_from(first_day).unwrap_or(0)).days_in_month())
            .unwrap_or(31);
        if inside == 0 || (inside < length && month > 0) {
            break;
        }
        observe.month_days.push(f64::from(u32::try_from(inside).unwrap_or(0)));
        month += 1;
    }
    observe.months = month;
}

pub(super) fn lines_of(graph: &LineGraph, wanted: impl Fn(&crate::network::line::Line) -> bool) -> Vec<u32> {
    (0_u32..).zip(&graph.lines).filter(|(_, line)| wanted(line)).map(|(i, _)| i).collect()
}

/// Routes that make prices: into the market over the border of the control, and the market's own mines or
/// separators.
fn markets(kernel: &Kernel) -> Vec<Market> {
    let graph = kernel.graph();
    let central = graph.central_values();
    let mut markets: Vec<Market> = MARKETS.iter().map(|_| Market::default()).collect();
    for r in 0..kernel.routes.from.len() {
        let route = &graph.routes[kernel.routes.id[r].index()];
        let (from, to) = (&graph.lines[route.from.index()], &graph.lines[route.to.index()]);
        let material = &graph.materials[route.material.index()];
        let light_ore = route.yield_per_tonne.as_ref().map_or(0.0, |amount| amount.value(&central));
        let (from_inside, to_inside) = (from.country == Place::CHN, to.country == Place::CHN);
        let position = u32::try_from(r).unwrap_or(u32::MAX);
        for (market, heavy) in [(0, true), (1, true), (2, false), (3, false)] {
            let inside = market % 2 == 1;
            let content = match (heavy, from.stage) {
                (false, Stage::Mine) => light_ore,
                (true, Stage::Mine) => graph.heavy_content(kernel.routes.id[r], &central),
                (true, _) => material.dytb,
                (false, _) => material.ndpr,
            };
            if content <= 0.0 || to_inside != inside {
                continue;
            }
            let primary = if inside { Stage::Mine } else { Stage::Separation };
            if from_inside != to_inside {
                markets[market].crossing.push((position, content));
                if kernel.routes.governed[r] != NONE {
                    markets[market].gated.push((position, content));
                }
            } else if from.stage == primary {
                markets[market].home.push((position, content));
            }
        }
    }
    markets
}

fn metrics(kernel: &Kernel, observe: &Observe) -> Vec<Metric> {
    let graph = kernel.graph();
    let mut list = Vec::new();
    let mut push = |name: String, unit, quantum, meaning: &str| {
        let absent = name.starts_with("first_stop_day").then_some(NO_STOP);
        list.push(Metric { name, unit, quantum, meaning: meaning.to_owned(), absent });
    };
    if !observe.makers.is_empty() {
        push("vehicles_lost".into(), "vehicles", 1.0e-3, "Vehicles not built, net of what was caught up");
        push(
            "vehicles_lost_share".into(),
            "share",
            1.0e-9,
            "Vehicles not built relative to calm output of the run",
        );
        push("peak_shortfall".into(), "share", 1.0e-9, "Largest weekly shortfall of world vehicle output");
        push(
            "any_stop".into(),
            "probability",
            1.0e-9,
            "Whether any automaker stopped (5 % below calm on 3 consecutive days)",
        );
        push(
            "first_stop_day".into(),
            "days",
            1.0e-6,
            "Days from the first shock to the first stop, in the runs with a stop",
        );
        push("automakers_stopped".into(), "automakers", 1.0e-6, "Automakers that stopped at least once");
        for (region, _) in &observe.maker_regions {
            push(format!("vehicles_lost:{region}"), "vehicles", 1.0e-3, "Vehicles not built in the region");
        }
        for (site, _) in &observe.makers {
            let id = &graph.sites[*site].id;
            push(format!("vehicles_lost@{id}"), "vehicles", 1.0e-3, "Vehicles not built by the automaker");
            push(format!("stopped@{id}"), "probability", 1.0e-9, "Whether the automaker stopped");
            push(
                format!("first_stop_day@{id}"),
                "days",
                1.0e-6,
                "Days from the first shock to its first stop, in the runs in which it stops",
            );
            push(format!("stop_days@{id}"), "days", 1.0e-6, "Days it was stopped");
        }
    }
    for (stage, _) in &observe.stage_lines {
        push(
            format!("lost_output:{}", stage.as_str()),
            "t",
            1.0e-6,
            "Output lost by the stage relative to calm",
        );
    }
    if observe.exports_total.is_some() {
        push("exports".into(), "t", 1.0e-6, "China's magnet exports in the months of the run");
        push(
            "exports_trough".into(),
            "share",
            1.0e-9,
            "Lowest month of China's magnet exports relative to calm, from the month of the first shock",
        );
    }
    for (market, name) in MARKETS.iter().enumerate() {
        if !observe.markets[market].crossing.is_empty() {
            push(format!("price_peak:{name}"), "ratio", 1.0e-9, "Highest price relative to calm");
        }
    }
    if !kernel.rules.is_empty() {
        push("licences_filed".into(), "applications", 1.0, "Licence applications filed");
        push("licences_approved".into(), "applications", 1.0, "Licences granted");
        push("licences_returned".into(), "applications", 1.0, "Applications returned for information");
        push("licences_rejected".into(), "applications", 1.0, "Applications rejected");
        push("licences_pending_peak".into(), "applications", 1.0, "Most applications pending at once");
        push("licence_wait".into(), "days", 1.0e-6, "Mean days from filing to approval");
    }
    push("stockpile_released".into(), "t", 1.0e-6, "Tonnes released from stockpiles");
    list
}
