//! From a summary to the pictures of `charts/`.

use coercivity::chart::{
    Event, ExceedanceChart, ExceedanceCurve, FanChart, FanPanel, FirstStopChart, FirstStopRow, Format,
    Heatmap, HeatmapRow, Provenance,
};
use coercivity::error::Error;
use coercivity::export::json::day_of;
use coercivity::id::Place;
use coercivity::network::line::Stage;
use coercivity::policy::shock::Kind;
use coercivity::scenario::Scenario;
use coercivity::scenario::resolve::DEFAULT_NETWORK;
use coercivity::study::StudyResult;
use coercivity::study::flows::Noting;
use coercivity::study::reading::{Reading, group, metric};
use coercivity::summary::Summary;
use rayon::prelude::*;

use super::words::{place, stage};

mod desk;
mod map;

pub(super) use desk::begin;

/// What is drawn from.
struct Source<'a> {
    scenario: &'a Scenario,
    summary: &'a Summary,
    reading: &'a Reading,
    provenance: Provenance,
    events: Vec<Event>,
}

/// Automakers shown in one picture.
const MOST_AUTOMAKERS: usize = 20;

/// File, series and title of each picture of stocks.
const COVERS: [(&str, &str, &str); 3] = [
    ("cover-part-makers", "magnets", "Part makers' stocks of magnets"),
    ("cover-automakers", "parts", "Automakers' stocks of parts"),
    ("cover-other-users", "other users", "Other users' stocks of magnets"),
];

/// A picture before it is drawn to a format.
type Draw = Box<dyn Fn(Format) -> Result<Vec<u8>, Error> + Send + Sync>;

/// What [`all`] gives.
pub struct Pictures {
    /// Name and bytes of every picture, SVG and PNG.
    pub files: Vec<(String, Vec<u8>)>,
    /// Names of the pictures whose series the scenario's `[outputs]` leaves out.
    pub left_out: Vec<&'static str>,
}

/// Dated lines of the pictures: the scenario's marks; without any, the days on which its shocks begin.
fn events(scenario: &Scenario) -> Vec<Event> {
    if !scenario.marks.is_empty() {
        return scenario.marks.iter().map(|(day, label)| Event { day: *day, label: label.clone() }).collect();
    }
    // A shock that a chain of regimes brings begins when the chain says so, in each run on another day.
    let chained: Vec<usize> = scenario
        .shocks
        .iter()
        .filter_map(|shock| if let Kind::Regimes(chain) = &shock.kind { Some(&chain.states) } else { None })
        .flat_map(|states| states.iter().flat_map(|state| state.shocks.iter().copied()))
        .collect();
    let mut events: Vec<Event> = Vec::new();
    for (position, shock) in scenario.shocks.iter().enumerate() {
        if shock.trigger.is_some() || chained.contains(&position) {
            continue;
        }
        match events.iter_mut().find(|event| event.day == shock.start.date) {
            Some(event) => event.label = format!("{}; {}", event.label, shock.title),
            None => events.push(Event { day: shock.start.date, label: shock.title.clone() }),
        }
    }
    events
}

/// The first day of the month after that of `day`.
pub(super) fn next_month(day: i32) -> i32 {
    use jiff::ToSpan as _;
    let epoch = jiff::civil::date(1970, 1, 1);
    let next = epoch.checked_add(i64::from(day).days()).and_then(|date| date.last_of_month().tomorrow());
    let next = next.and_then(|date| date.since((jiff::Unit::Day, epoch)));
    next.map_or(day + 30, |span| span.get_days())
}

/// Every picture of a run, drawn on the threads of the pool it is called in.
pub fn all(
    scenario: &Scenario,
    noting: &Noting<'_>,
    (result, reading): (&StudyResult, &Reading),
) -> Result<Pictures, Error> {
    let provenance = Provenance {
        scenario: scenario.name.clone(),
        runs: result.replications_done,
        seed: scenario.plan.seed,
        band: "5–95 % and 25–75 % of runs".to_owned(),
        vintage: scenario.vintage.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let events = events(scenario);
    let source = Source { scenario, summary: &result.summary, reading, provenance, events };
    let mut left_out = Vec::new();
    let mut wanted: Vec<(&str, Draw)> = Vec::new();
    for (name, group, draw) in source.pictures(noting) {
        match draw {
            Some(draw) => wanted.push((name, draw)),
            None if noting.kernel().left_out().any(|left_out| left_out == group) => left_out.push(name),
            None => {}
        }
    }
    let formats = [("svg", Format::Svg), ("png", Format::Png)];
    let one = |(name, draw): &(&str, Draw)| -> Vec<_> {
        let file = |(ending, format)| draw(format).map(|bytes| (format!("{name}.{ending}"), bytes));
        formats.into_par_iter().map(file).collect()
    };
    let files = wanted.par_iter().flat_map(one).collect::<Result<_, _>>()?;
    Ok(Pictures { files, left_out })
}

impl Source<'_> {
    /// Name, group of series (empty for pictures of metrics) and drawing; `None` where there is nothing to draw.
    fn pictures(&self, noting: &Noting<'_>) -> Vec<(&'static str, &'static str, Option<Draw>)> {
        let mut list: Vec<(&'static str, &'static str, Option<Draw>)> = Vec::new();
        let mut fan = |name, group, chart: Option<FanChart>| {
            list.push((
                name,
                group,
                chart.map(|chart| -> Draw { Box::new(move |format| chart.render(format)) }),
            ));
        };
        let by_place = |name: &str| Place::parse(name).map_or_else(|| name.to_owned(), place);
        let (exports, vehicles) = ("magnet exports, t per month", "output, vehicles per week");
        let world = |_: &str| "All destinations".to_owned();
        fan(
            "exports",
            "exports",
            self.fan("exports", |n| n == "WORLD", world, "China's magnet exports", exports),
        );
        let title = "China's magnet exports by destination";
        fan(
            "exports-by-destination",
            "exports",
            self.fan("exports", |n| n != "WORLD", by_place, title, exports),
        );
        fan(
            "output-by-region",
            "output:region",
            self.fan("output:region", |_| true, by_place, "Vehicle output by region", vehicles),
        );
        fan("output-by-automaker", "output:automaker", self.automakers());
        let output = "output, t per week";
        let known = self.scenario.network == DEFAULT_NETWORK;
        let title = |name: &str| if known { stage_of_what(name) } else { stage_name(name) };
        let stages = self.fan("output:stage", |_| true, title, "Output by stage", output);
        // A stage's central output differs from the mean of drawn ones where bands are lopsided: no dashed line.
        fan("output-by-stage", "output:stage", stages.map(without_calm));
        let cover = "cover, days of calm use";
        for (file, what, title) in COVERS {
            let mine = |name: &str| name.split_once(':').is_some_and(|(own, _)| own == what);
            fan(file, "cover", self.fan("cover", mine, region_of, title, cover));
        }
        let title = "Prices relative to calm";
        fan("prices", "price", self.fan("price", |_| true, market, title, "price, calm = 1"));
        let licences = self.licences().map(|chart| -> Draw { Box::new(move |format| chart.render(format)) });
        list.push(("licences", "licences", licences));
        let waits = self.waiting().map(|chart| -> Draw { Box::new(move |format| chart.render(format)) });
        list.push(("waiting-times", "waits", waits));
        let lost = self.lost().map(|chart| -> Draw { Box::new(move |format| chart.render(format)) });
        list.push(("lost-output", "lost", lost));
        let losses = self.exceedance().map(|chart| -> Draw { Box::new(move |format| chart.render(format)) });
        list.push(("vehicles-lost", "", losses));
        let stops = self.first_stops().map(|chart| -> Draw { Box::new(move |format| chart.render(format)) });
        list.push(("first-stop", "", stops));
        let map = self.map(noting);
        list.push(("network-map", "", Some(Box::new(move |format| map.render(format)))));
        list
    }

    /// The name of a facility without what stands in brackets, unless another has the same name but for that.
    fn site_name(&self, id: &str) -> String {
        let sites = &self.scenario.lines.sites;
        let Some(site) = sites.iter().find(|site| site.id == id) else { return id.to_owned() };
        let short = |name: &str| name.split(" (").next().unwrap_or(name).to_owned();
        let name = short(&site.name);
        let alone = sites.iter().filter(|other| short(&other.name) == name).count() == 1;
        if alone { name } else { site.name.clone() }
    }

    /// A fan chart of the series of a group; `None` when there are none.
    fn fan(
        &self,
        name: &str,
        wanted: impl Fn(&str) -> bool,
        title: impl Fn(&str) -> String,
        caption: &str,
        quantity: &str,
    ) -> Option<FanChart> {
        let all = group(self.summary, name);
        let panels: Vec<FanPanel> = all
            .into_iter()
            .filter(|(_, own)| wanted(own))
            .map(|(i, own)| self.panel(i, title(own)))
            .collect();
        if panels.is_empty() {
            return None;
        }
        Some(FanChart {
            caption: caption.to_owned(),
            subtitle: self.scenario.title.clone(),
            quantity: quantity.to_owned(),
            panels,
            baseline_label: String::new(),
            events: self.events.clone(),
            // Prices of one good outside and inside compare.
            shared_scale: name == "price",
            off_zero: false,
            provenance: self.provenance.clone(),
        })
    }

    /// Output of the automakers most likely to stop, in per cent of calm, so that large and small compare.
    fn automakers(&self) -> Option<FanChart> {
        let all = group(self.summary, "output:automaker");
        let shown = self.reading.makers.iter().take(MOST_AUTOMAKERS);
        let panels: Vec<FanPanel> = shown
            .filter_map(|maker| {
                let (i, _) = all.iter().find(|(_, own)| *own == maker.id)?;
                let mut panel = self.panel(*i, self.site_name(&maker.id));
                let calm = panel.baseline.take()?;
                let rows = [&mut panel.p05, &mut panel.p25, &mut panel.p50, &mut panel.p75, &mut panel.p95];
                for row in rows {
                    row.iter_mut().zip(&calm).for_each(|(value, calm)| *value *= 100.0 / calm);
                }
                Some(panel)
            })
            .collect();
        let hidden = self.reading.makers.len().saturating_sub(panels.len());
        (!panels.is_empty()).then(|| FanChart {
            caption: "Vehicle output by automaker".to_owned(),
            subtitle: if hidden == 0 {
                self.scenario.title.clone()
            } else {
                format!(
                    "{}. Those most likely to stop; {hidden} more are in series.csv.",
                    self.scenario.title.trim_end_matches('.')
                )
            },
            quantity: "output, % of calm at mean growth; the scale does not begin at 0".to_owned(),
            panels,
            baseline_label: String::new(),
            events: self.events.clone(),
            shared_scale: true,
            off_zero: true,
            provenance: self.provenance.clone(),
        })
    }

    fn panel(&self, i: usize, title: String) -> FanPanel {
        let series = &self.summary.design().series[i];
        let mut panel = FanPanel { title, ..FanPanel::default() };
        let mut calm = Vec::new();
        // A last week of fewer than seven days would look like a fall.
        let whole = self.whole_periods(series.dates.len(), &series.group);
        for (period, point) in self.summary.series(i).into_iter().enumerate().take(whole) {
            let Some(day) = day_of(&point.date) else { continue };
            for day in self.places(&series.group, day) {
                panel.dates.push(day);
                panel.p05.push(point.q05);
                panel.p25.push(point.q25);
                panel.p50.push(point.q50);
                panel.p75.push(point.q75);
                panel.p95.push(point.q95);
                calm.push(series.reference.get(period).copied().unwrap_or(f64::NAN));
            }
        }
        // The reference of cover and licences only sets the width of bins; it is nobody's calm.
        if !matches!(series.group.as_str(), "cover" | "licences") {
            panel.baseline = Some(calm);
        }
        panel
    }

    /// Days on which the value of the period that begins on `day` is drawn, so that no effect seems to precede
    /// its cause: a month's total spans the month, a week's output stands in its middle, and what is read off at
    /// the end of a week stands there.
    fn places(&self, group: &str, day: i32) -> Vec<i32> {
        let last = self.scenario.start + i32::try_from(self.scenario.days).unwrap_or(i32::MAX / 2);
        match group {
            "exports" => vec![day, next_month(day).min(last)],
            "cover" | "price" | "licences" => vec![(day + 7).min(last)],
            _ => vec![day + 3],
        }
    }

    /// How many periods of a flow per week are whole weeks.
    fn whole_periods(&self, periods: usize, group: &str) -> usize {
        let partial = group.starts_with("output") && !self.scenario.days.is_multiple_of(7);
        if partial { periods.saturating_sub(1) } else { periods }
    }

    fn lost(&self) -> Option<Heatmap> {
        // Without a shock all it could show is plants that open later and take over from others.
        if self.scenario.shocks.is_empty() {
            return None;
        }
        let all = group(self.summary, "lost");
        let (first, _) = all.first()?;
        let dates = &self.summary.design().series[*first].dates;
        let rows = all.iter().map(|(i, id)| {
            let site = self.scenario.lines.sites.iter().find(|site| site.id == *id);
            HeatmapRow {
                label: self.site_name(id),
                group: site.map_or_else(String::new, |site| stage(site.stage).to_owned()),
                values: self.summary.series(*i).iter().map(|point| 100.0 * point.mean).collect(),
            }
        });
        Some(Heatmap {
            caption: "Lost output by facility".to_owned(),
            subtitle: self.scenario.title.clone(),
            quantity: "lost output, % of calm (mean of runs)".to_owned(),
            dates: dates.iter().filter_map(|label| day_of(label)).collect(),
            rows: rows.collect(),
            most_rows: 60,
            provenance: Provenance { band: "none, means of runs".to_owned(), ..self.provenance.clone() },
        })
    }

    fn exceedance(&self) -> Option<ExceedanceChart> {
        let losses = self.summary.values(metric(self.summary, "vehicles_lost")?);
        // A curve of no losses would be an empty picture.
        if losses.iter().all(|lost| *lost <= 0.0) {
            return None;
        }
        Some(ExceedanceChart {
            caption: "How many vehicles are not built, how surely".to_owned(),
            subtitle: self.scenario.title.clone(),
            quantity: "vehicles not built".to_owned(),
            curves: vec![ExceedanceCurve { label: self.scenario.name.clone(), losses }],
            provenance: Provenance { band: "95 % confidence".to_owned(), ..self.provenance.clone() },
        })
    }

    fn first_stops(&self) -> Option<FirstStopChart> {
        // Where nobody stops the table says so, with the confidence that many runs give.
        if self.reading.makers.iter().all(|maker| maker.stop.estimate <= 0.0) {
            return None;
        }
        let rows = self.reading.makers.iter().map(|maker| FirstStopRow {
            label: self.site_name(&maker.id),
            probability: maker.stop.estimate,
            interval: (maker.stop.low, maker.stop.high),
            days: maker.first_stop.unwrap_or([f64::NAN; 5]),
        });
        Some(FirstStopChart {
            caption: "Who stops, how surely, when first".to_owned(),
            subtitle: format!(
                "{}. A stop is output 5 % below calm on 3 days running.",
                self.scenario.title.trim_end_matches('.')
            ),
            rows: rows.collect(),
            most_rows: 30,
            provenance: self.provenance.clone(),
        })
    }
}

/// A stage of the shipped network with what its tonnes are, see [`coercivity::network::facility::Unit`].
fn stage_of_what(name: &str) -> String {
    let what = match Stage::parse(name) {
        Some(Stage::Mine) => " (oxide in ore)",
        Some(Stage::Separation) => " (oxide)",
        Some(Stage::Component) => " (magnets in them)",
        Some(Stage::OtherDemand) => " (magnets, oxide)",
        _ => "",
    };
    stage_name(name) + what
}

fn stage_name(name: &str) -> String {
    Stage::parse(name).map_or_else(|| name.to_owned(), |of| stage(of).to_owned())
}

/// `magnets:NAM` as `North America`.
fn region_of(name: &str) -> String {
    let region = name.split_once(':').map_or(name, |(_, region)| region);
    Place::parse(region).map_or_else(|| region.to_owned(), place)
}

/// `dytb:outside` in words.
fn market(name: &str) -> String {
    let (element, side) = name.split_once(':').unwrap_or((name, ""));
    let element = match element {
        "dytb" => "Dy and Tb",
        "ndpr" => "Nd and Pr",
        other => other,
    };
    match side {
        "outside" => format!("{element}, outside China"),
        "inside" => format!("{element}, in China"),
        other => format!("{element} {other}"),
    }
}

/// The same chart without its calm lines.
fn without_calm(mut chart: FanChart) -> FanChart {
    chart.panels.iter_mut().for_each(|panel| panel.baseline = None);
    chart
}
