//! What is counted, in which units, and the names it is published under.

use std::sync::Arc;

use jiff::civil::Date;

use super::compile::{Kernel, is_magnet};
use super::desk::{WAIT_BIN_DAYS, WAIT_BINS};
use super::price::MARKETS;
use crate::id::{Place, in_european_union};
use crate::network::line::{LineGraph, Stage};
use crate::policy::parameter::Parameter;
use crate::policy::shock::Kind;
use crate::summary::{Design, Metric, Series};

/// Longest customs lag that is looked for, days.
pub(crate) const LONGEST_LAG: usize = 60;

/// Routes whose flows make a market's price, with their content of the element.
#[derive(Debug, Default)]
pub(crate) struct Market {
    /// Routes that cross the control into the market.
    pub crossing: Vec<(u32, f64)>,
    /// Routes that bring the market's own primary supply.
    pub home: Vec<(u32, f64)>,
}

/// What a series counts.
#[derive(Debug)]
pub(crate) enum Count {
    /// Magnets leaving China, by month of the customs record.
    Exports(Vec<u32>),
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
    /// Cases of a class (rule, class) decided for good, by tens of days they waited; read once at the end.
    Waits(usize, usize),
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
    /// Position of the total-exports series.
    pub(crate) exports_total: Option<usize>,
}

fn date_of(days: i32) -> Date {
    jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days))
}

/// Compiles what is counted.
pub(crate) fn compile(kernel: &Kernel) -> Observe {
    let graph = kernel.graph();
    let scenario = kernel.scenario();
    let growth = scenario.parameters.get(Parameter::Growth).mean();
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
    let regions: std::collections::BTreeSet<Place> =
        observe.makers.iter().map(|(site, _)| graph.sites[*site].region).collect();
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
    let mut list = SeriesList {
        kernel,
        growth,
        weeks: week_labels(scenario.start, days),
        observe: &observe,
        series: Vec::new(),
        counts: Vec::new(),
    };
    list.exports();
    list.outputs();
    list.covers();
    list.lost();
    list.prices();
    list.licences();
    let (series, counts) = (list.series, list.counts);
    observe.exports_total = series.iter().position(|s| s.id == "exports:WORLD");
    let mut offset = 0;
    for entry in &series {
        observe.offsets.push(offset);
        offset += entry.dates.len();
    }
    observe.cells = offset;
    observe.counts = counts;
    let metrics = metrics(kernel, &observe);
    observe.design = Arc::new(Design { metrics, series });
    observe
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

fn week_labels(start: i32, days: usize) -> Vec<String> {
    (0..days.div_ceil(7))
        .map(|week| date_of(start + 7 * i32::try_from(week).unwrap_or(0)).to_string())
        .collect()
}

fn lines_of(graph: &LineGraph, wanted: impl Fn(&crate::network::line::Line) -> bool) -> Vec<u32> {
    (0_u32..).zip(&graph.lines).filter(|(_, line)| wanted(line)).map(|(i, _)| i).collect()
}

/// Routes that make prices: into the market over the border of the control, and the market's own mines or
/// separators.
fn markets(kernel: &Kernel) -> Vec<Market> {
    let graph = kernel.graph();
    let central: Vec<f64> = graph.coefficients.iter().map(|c| c.band.central).collect();
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
                (true, Stage::Mine) => ore_content(graph, from.facility.index()),
                (true, _) => material.dytb,
                (false, _) => material.ndpr,
            };
            if content <= 0.0 || to_inside != inside {
                continue;
            }
            let primary = if inside { Stage::Mine } else { Stage::Separation };
            if from_inside != to_inside {
                markets[market].crossing.push((position, content));
            } else if from.stage == primary {
                markets[market].home.push((position, content));
            }
        }
    }
    markets
}

fn ore_content(graph: &LineGraph, site: usize) -> f64 {
    let mine = &graph.sites[site].id;
    let coefficient =
        graph.coefficients.iter().find(|c| c.id.strip_prefix("dytb-per-reo:") == Some(mine.as_str()));
    coefficient.map_or(0.0, |c| c.band.central)
}

/// Builds the list of series.
struct SeriesList<'a> {
    kernel: &'a Kernel,
    growth: f64,
    weeks: Vec<String>,
    observe: &'a Observe,
    series: Vec<Series>,
    counts: Vec<Count>,
}

impl SeriesList<'_> {
    fn push(
        &mut self,
        group: &str,
        id: String,
        unit: &'static str,
        quantum: f64,
        dates: Vec<String>,
        reference: Vec<f64>,
        count: Count,
    ) {
        self.series.push(Series { id, group: group.to_owned(), unit, dates, reference, quantum });
        self.counts.push(count);
    }

    fn exports(&mut self) {
        let graph = self.kernel.graph();
        let leaving: Vec<u32> = (0..self.kernel.routes.from.len())
            .filter(|&r| {
                self.kernel.routes.leaves_china[r] && is_magnet(graph, self.kernel.routes.from[r] as usize)
            })
            .filter_map(|r| u32::try_from(r).ok())
            .collect();
        if leaving.is_empty() || self.observe.months == 0 {
            return;
        }
        let country = |r: u32| graph.lines[self.kernel.routes.to[r as usize] as usize].country;
        let countries: std::collections::BTreeSet<Place> = leaving.iter().map(|r| country(*r)).collect();
        let mut groups = vec![("WORLD".to_owned(), leaving.clone())];
        let union: Vec<u32> = leaving.iter().copied().filter(|r| in_european_union(country(*r))).collect();
        if !union.is_empty() {
            groups.push(("EU".to_owned(), union));
        }
        for place in countries {
            groups.push((
                place.to_string(),
                leaving.iter().copied().filter(|r| country(*r) == place).collect(),
            ));
        }
        let months: Vec<String> = (0..self.observe.months)
            .map(|month| {
                let day = self.observe.month.iter().position(|m| *m == month).unwrap_or(0);
                date_of(self.kernel.scenario.start + i32::try_from(day).unwrap_or(0)).to_string()
            })
            .collect();
        for (name, routes) in groups {
            let daily: f64 =
                routes.iter().map(|r| self.kernel.central.flow[*r as usize]).sum::<f64>() * self.growth;
            let reference = self.observe.month_days.iter().map(|days| daily * days).collect();
            self.push(
                "exports",
                format!("exports:{name}"),
                "t",
                1.0e-6,
                months.clone(),
                reference,
                Count::Exports(routes),
            );
        }
    }

    fn weekly_reference(&self, lines: &[u32]) -> Vec<f64> {
        let daily: f64 =
            lines.iter().map(|line| self.kernel.central.output[*line as usize]).sum::<f64>() * self.growth;
        let days = self.kernel.scenario.days as usize;
        (0..self.weeks.len())
            .map(|week| daily * f64::from(u32::try_from((days - 7 * week).min(7)).unwrap_or(7)))
            .collect()
    }

    fn outputs(&mut self) {
        let graph = self.kernel.graph();
        let makers = lines_of(graph, |line| line.stage == Stage::Automaker);
        let mut groups: Vec<(String, String, &'static str, Vec<u32>)> = Vec::new();
        if !makers.is_empty() {
            groups.push(("output:world".into(), "output:WORLD".into(), "vehicles", makers));
        }
        for (region, members) in &self.observe.maker_regions {
            let lines = members.iter().flat_map(|m| self.observe.makers[*m].1.clone()).collect();
            groups.push(("output:region".into(), format!("output:{region}"), "vehicles", lines));
        }
        for (site, lines) in &self.observe.makers {
            groups.push((
                "output:automaker".into(),
                format!("output@{}", graph.sites[*site].id),
                "vehicles",
                lines.clone(),
            ));
        }
        for (stage, lines) in &self.observe.stage_lines {
            groups.push(("output:stage".into(), format!("output:{}", stage.as_str()), "t", lines.clone()));
        }
        for (group, id, unit, lines) in groups {
            let reference = self.weekly_reference(&lines);
            let weeks = self.weeks.clone();
            self.push(&group, id, unit, 1.0e-4, weeks, reference, Count::Output(lines));
        }
    }

    /// Cover of part makers' magnets and of automakers' parts, by region; magnets of other users.
    fn covers(&mut self) {
        let graph = self.kernel.graph();
        for (stage, name) in
            [(Stage::Component, "magnets"), (Stage::Automaker, "parts"), (Stage::OtherDemand, "other users")]
        {
            let regions: std::collections::BTreeSet<Place> =
                graph.lines.iter().filter(|line| line.stage == stage).map(|line| line.region).collect();
            for region in regions {
                let routes: Vec<u32> = (0_u32..)
                    .zip(&self.kernel.routes.to)
                    .filter(|(_, to)| {
                        let line = &graph.lines[**to as usize];
                        line.stage == stage && line.region == region
                    })
                    .map(|(r, _)| r)
                    .collect();
                let weeks = self.weeks.clone();
                let reference = vec![30.0; weeks.len()];
                self.push(
                    "cover",
                    format!("cover:{name}:{region}"),
                    "days",
                    1.0e-6,
                    weeks,
                    reference,
                    Count::Cover(routes),
                );
            }
        }
    }

    fn lost(&mut self) {
        let graph = self.kernel.graph();
        let dates: Vec<String> = self.weeks.iter().step_by(2).cloned().collect();
        for (i, site) in graph.sites.iter().enumerate() {
            let lines = lines_of(graph, |line| line.facility.index() == i);
            if lines.is_empty() || lines.iter().all(|line| self.kernel.central.output[*line as usize] <= 0.0)
            {
                continue;
            }
            let reference = vec![1.0; dates.len()];
            self.push(
                "lost",
                format!("lost@{}", site.id),
                "share",
                1.0e-9,
                dates.clone(),
                reference,
                Count::Lost(lines),
            );
        }
    }

    fn prices(&mut self) {
        for (market, name) in MARKETS.iter().enumerate() {
            if self.observe.markets[market].crossing.is_empty() {
                continue;
            }
            let weeks = self.weeks.clone();
            let reference = vec![1.0; weeks.len()];
            self.push(
                "price",
                format!("price:{name}"),
                "ratio",
                1.0e-9,
                weeks,
                reference,
                Count::Price(market),
            );
        }
    }

    fn licences(&mut self) {
        if self.kernel.rules.is_empty() {
            return;
        }
        for (which, name) in ["pending", "approved", "returned", "rejected"].iter().enumerate() {
            let weeks = self.weeks.clone();
            let reference = vec![0.0; weeks.len()];
            self.push(
                "licences",
                format!("licences:{name}"),
                "applications",
                1.0,
                weeks,
                reference,
                Count::Licences(which),
            );
        }
        for (position, rule) in self.kernel.rules.iter().enumerate() {
            let shock = &self.kernel.scenario.shocks[rule.shock];
            let Kind::Licensing(licensing) = &shock.kind else { continue };
            for (class, entry) in licensing.classes.iter().enumerate() {
                self.class(&shock.id, &entry.name, (position, class));
            }
        }
    }

    /// What the desk does for one class: `licences:pending:CLASS` and so on in group `licences by class`, and
    /// `wait:CLASS` in group `waits`. With several rules `CLASS` is `RULE/CLASS`.
    fn class(&mut self, rule: &str, class: &str, place: (usize, usize)) {
        let class = if self.kernel.rules.len() > 1 { format!("{rule}/{class}") } else { class.to_owned() };
        for (which, name) in ["pending", "approved", "returned", "rejected"].iter().enumerate() {
            let weeks = self.weeks.clone();
            let reference = vec![0.0; weeks.len()];
            let count = Count::ClassLicences(place.0, place.1, which);
            self.push(
                "licences by class",
                format!("licences:{name}:{class}"),
                "applications",
                1.0,
                weeks,
                reference,
                count,
            );
        }
        let bins: Vec<String> =
            (0_u16..).take(WAIT_BINS).map(|bin| (f64::from(bin) * WAIT_BIN_DAYS).to_string()).collect();
        let reference = vec![0.0; bins.len()];
        self.push(
            "waits",
            format!("wait:{class}"),
            "applications",
            1.0,
            bins,
            reference,
            Count::Waits(place.0, place.1),
        );
    }
}

fn metrics(kernel: &Kernel, observe: &Observe) -> Vec<Metric> {
    let graph = kernel.graph();
    let mut list = Vec::new();
    let mut push = |name: String, unit, quantum, meaning: &str| {
        list.push(Metric { name, unit, quantum, meaning: meaning.to_owned() });
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
            "Days from the first shock to the first stop; -1 without one",
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
                "Days from the first shock to its first stop; -1 without one",
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
