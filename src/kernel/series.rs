//! The series of a run: their groups, names, units, dates and values in calm.

use std::collections::BTreeSet;

use super::compile::is_magnet;
use super::desk::{WAIT_BIN_DAYS, WAIT_BINS};
use super::layout::Kernel;
use super::observe::{Count, Observe, date_of, lines_of};
use super::price::MARKETS;
use crate::id::{Place, in_european_union};
use crate::network::line::Stage;
use crate::policy::parameter::Parameter;
use crate::policy::shock::Kind;
use crate::summary::Series;

/// Groups a series can belong to, as `[outputs]` names them and `series.csv` writes them.
pub(crate) const GROUPS: [&str; 12] = [
    "exports",
    "exports of calm",
    "output:world",
    "output:region",
    "output:automaker",
    "output:stage",
    "cover",
    "lost",
    "price",
    "licences",
    "licences by class",
    "waits",
];

/// What can become of an application, in the order the desk counts them.
const FATES: [&str; 4] = ["pending", "approved", "returned", "rejected"];

/// Unit and quantum of a count of applications.
const APPLICATIONS: (&str, f64) = ("applications", 1.0);

/// Every series there is, with what it counts, in the order they are written.
pub(super) fn list(kernel: &Kernel, observe: &Observe) -> Vec<(Series, Count)> {
    let scenario = kernel.scenario();
    let mut list = SeriesList {
        kernel,
        growth: scenario.parameters.get(Parameter::Growth).mean(),
        weeks: week_labels(scenario.start, scenario.days as usize),
        observe,
        series: Vec::new(),
    };
    list.exports();
    list.outputs();
    list.covers();
    list.lost();
    list.prices();
    list.licences();
    list.series
}

fn week_labels(start: i32, days: usize) -> Vec<String> {
    (0..days.div_ceil(7))
        .map(|week| date_of(start + 7 * i32::try_from(week).unwrap_or(0)).to_string())
        .collect()
}

/// Builds the list of series.
struct SeriesList<'a> {
    kernel: &'a Kernel,
    growth: f64,
    weeks: Vec<String>,
    observe: &'a Observe,
    series: Vec<(Series, Count)>,
}

impl SeriesList<'_> {
    fn push(
        &mut self,
        (group, id): (&str, String),
        (unit, quantum): (&'static str, f64),
        dates: Vec<String>,
        reference: Vec<f64>,
        count: Count,
    ) {
        self.series.push((Series { id, group: group.to_owned(), unit, dates, reference, quantum }, count));
    }

    /// A series whose value in calm is the same in every period.
    fn level(
        &mut self,
        name: (&str, String),
        scale: (&'static str, f64),
        dates: &[String],
        calm: f64,
        count: Count,
    ) {
        self.push(name, scale, dates.to_vec(), vec![calm; dates.len()], count);
    }

    /// The same by week.
    fn weekly(&mut self, name: (&str, String), scale: (&'static str, f64), calm: f64, count: Count) {
        let weeks = self.weeks.clone();
        self.level(name, scale, &weeks, calm, count);
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
        let countries: BTreeSet<Place> = leaving.iter().map(|r| country(*r)).collect();
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
        // Each run against its own level: the reference above is that of mean growth, which no run has.
        self.level(
            ("exports of calm", "exports_of_calm:WORLD".to_owned()),
            ("share", 1.0e-9),
            &months,
            1.0,
            Count::ExportsOfCalm,
        );
        for (name, routes) in groups {
            let daily: f64 =
                routes.iter().map(|r| self.kernel.central.flow[*r as usize]).sum::<f64>() * self.growth;
            let reference = self.observe.month_days.iter().map(|days| daily * days).collect();
            let (name, count) = (("exports", format!("exports:{name}")), Count::Exports(routes));
            self.push(name, ("t", 1.0e-6), months.clone(), reference, count);
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
            self.push((&group, id), (unit, 1.0e-4), weeks, reference, Count::Output(lines));
        }
    }

    /// Cover of part makers' magnets and of automakers' parts, by region; magnets of other users.
    fn covers(&mut self) {
        let graph = self.kernel.graph();
        for (stage, name) in
            [(Stage::Component, "magnets"), (Stage::Automaker, "parts"), (Stage::OtherDemand, "other users")]
        {
            let regions: BTreeSet<Place> =
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
                let name = ("cover", format!("cover:{name}:{region}"));
                self.weekly(name, ("days", 1.0e-6), 30.0, Count::Cover(routes));
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
            let name = ("lost", format!("lost@{}", site.id));
            self.level(name, ("share", 1.0e-9), &dates, 1.0, Count::Lost(lines));
        }
    }

    fn prices(&mut self) {
        for (market, name) in MARKETS.iter().enumerate() {
            if self.observe.markets[market].crossing.is_empty() {
                continue;
            }
            self.weekly(("price", format!("price:{name}")), ("ratio", 1.0e-9), 1.0, Count::Price(market));
        }
    }

    fn licences(&mut self) {
        if self.kernel.rules.is_empty() {
            return;
        }
        for (which, fate) in FATES.iter().enumerate() {
            self.weekly(("licences", format!("licences:{fate}")), APPLICATIONS, 0.0, Count::Licences(which));
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
    /// `wait:approved:CLASS`, `wait:rejected:CLASS` and `wait:open:CLASS` in group `waits`. With several rules `CLASS` is `RULE/CLASS`.
    fn class(&mut self, rule: &str, class: &str, place: (usize, usize)) {
        let class = if self.kernel.rules.len() > 1 { format!("{rule}/{class}") } else { class.to_owned() };
        for (which, fate) in FATES.iter().enumerate() {
            let count = Count::ClassLicences(place.0, place.1, which);
            let name = ("licences by class", format!("licences:{fate}:{class}"));
            self.weekly(name, APPLICATIONS, 0.0, count);
        }
        let bins: Vec<String> =
            (0_u16..).take(WAIT_BINS).map(|bin| (f64::from(bin) * WAIT_BIN_DAYS).to_string()).collect();
        for (which, fate) in ["approved", "rejected", "open"].iter().enumerate() {
            let count = Count::Waits(place.0, place.1, which);
            self.level(("waits", format!("wait:{fate}:{class}")), APPLICATIONS, &bins, 0.0, count);
        }
    }
}
