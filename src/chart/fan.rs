//! Fan charts: how a quantity may go over time, one panel or many.

use super::axis::{Axis, range};
use super::drawing::{Anchor, Drawing, Frame, fit};
use super::event::{self, Event};
use super::page::{Page, Sign, Titles, columns, empty_panel, floor_line, label_width, x_grid, y_grid};
use super::theme::{
    BLUE, Colour, GREEN, INK, LABEL, MUTED, PAGE_HEIGHT, PURPLE, SMALL, TICK, VERMILLION, tint,
};
use super::{Format, Provenance};
use crate::error::Error;

/// Most panels on one page; further ones are counted in a note.
const MOST_PANELS: usize = 60;

/// One series with its bands. All vectors are as long as `dates`; `NaN` leaves a gap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FanPanel {
    /// What the series is of, e.g. a destination, a region, an automaker.
    pub title: String,
    /// Days since 1970-01-01, ascending: one per day, week or month.
    pub dates: Vec<i32>,
    /// 5 % quantile, in the chart's unit.
    pub p05: Vec<f64>,
    /// 25 % quantile.
    pub p25: Vec<f64>,
    /// Median.
    pub p50: Vec<f64>,
    /// 75 % quantile.
    pub p75: Vec<f64>,
    /// 95 % quantile.
    pub p95: Vec<f64>,
    /// Mean, if wanted.
    pub mean: Option<Vec<f64>>,
    /// The same quantity without the shock, if wanted.
    pub baseline: Option<Vec<f64>>,
    /// What was observed, in a colour for each kind.
    pub observed: Vec<Observed>,
}

/// Observations of one kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// What the legend calls them.
    pub label: String,
    /// Day and value.
    pub points: Vec<(i32, f64)>,
}

/// Colours of kinds of observations, none of them that of the model.
const OBSERVED: [Colour; 3] = [VERMILLION, GREEN, PURPLE];

/// One quantity over time in one or many panels.
///
/// ```
/// use coercivity::chart::{FanChart, FanPanel, Format, Provenance};
///
/// let panel = FanPanel {
///     title: "Norway".into(),
///     dates: vec![20_089, 20_120, 20_148],
///     p05: vec![1.0, 0.5, 0.8],
///     p25: vec![1.1, 0.8, 0.9],
///     p50: vec![1.2, 0.9, 1.1],
///     p75: vec![1.3, 1.0, 1.2],
///     p95: vec![1.4, 1.2, 1.4],
///     ..FanPanel::default()
/// };
/// let mut chart = FanChart {
///     caption: "Exports".into(),
///     quantity: "t per month".into(),
///     panels: vec![panel],
///     provenance: Provenance { scenario: "made up".into(), runs: 64, seed: 7, ..Provenance::default() },
///     ..FanChart::default()
/// };
/// let svg = String::from_utf8(chart.render(Format::Svg)?).unwrap();
/// assert!(svg.contains("Norway") && svg.contains("64 runs, seed 7"));
/// chart.panels[0].p95.pop();
/// assert!(chart.render(Format::Svg).is_err()); // a value less than dates
/// # Ok::<(), coercivity::error::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FanChart {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// What is measured and in what, e.g. "magnet exports, t per month".
    pub quantity: String,
    /// The panels.
    pub panels: Vec<FanPanel>,
    /// What the dashed line of `baseline` is called; empty: "baseline (calm)".
    pub baseline_label: String,
    /// Dated events, common to all panels.
    pub events: Vec<Event>,
    /// All panels on one scale.
    pub shared_scale: bool,
    /// The scale begins below the lowest value instead of at 0, which the quantity should say: for small changes of
    /// something large.
    pub off_zero: bool,
    /// The footer.
    pub provenance: Provenance,
}

impl FanPanel {
    fn check(&self) -> Result<(), String> {
        let series = [
            ("p05", Some(&self.p05)),
            ("p25", Some(&self.p25)),
            ("p50", Some(&self.p50)),
            ("p75", Some(&self.p75)),
            ("p95", Some(&self.p95)),
            ("mean", self.mean.as_ref()),
            ("baseline", self.baseline.as_ref()),
        ];
        for (name, values) in series {
            if let Some(values) = values
                && values.len() != self.dates.len()
            {
                return Err(format!(
                    "panel `{}`: {} values of {name} for {} dates",
                    self.title,
                    values.len(),
                    self.dates.len()
                ));
            }
        }
        Ok(())
    }

    fn value_range(&self) -> Option<(f64, f64)> {
        range(
            [&self.p05, &self.p25, &self.p50, &self.p75, &self.p95]
                .into_iter()
                .chain(self.mean.as_ref())
                .chain(self.baseline.as_ref())
                .flatten()
                .chain(self.observed.iter().flat_map(|kind| &kind.points).map(|(_, v)| v)),
        )
    }

    fn day_range(&self) -> Option<(f64, f64)> {
        let observed = self.observed.iter().flat_map(|kind| &kind.points).map(|(day, _)| day);
        let days: Vec<f64> = self.dates.iter().chain(observed).map(|day| f64::from(*day)).collect();
        range(&days)
    }
}

fn joined(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

impl FanChart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when a series is not as long as its dates, or the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        for panel in &self.panels {
            panel.check().map_err(|problem| Error::Chart { chart: self.caption.clone(), problem })?;
        }
        self.drawing().render(format)
    }

    fn drawing(&self) -> Drawing {
        let count = self.panels.len().min(MOST_PANELS);
        let across = columns(count);
        let down = count.div_ceil(across).max(1);
        let height = PAGE_HEIGHT.max(260.0 + down as f64 * 190.0);
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        page.set_height(height);
        if self.panels.is_empty() {
            return page.nothing("there is no series");
        }
        let shown = &self.panels[..count];
        let values = shown.iter().map(FanPanel::value_range).fold(None, joined);
        let days = shown.iter().map(FanPanel::day_range).fold(None, joined);
        let (Some(values), Some(days)) = (values, days) else {
            return page.nothing("no series holds a finite number");
        };
        if self.panels.len() > count {
            page.note(&format!("{} further panels are not shown.", self.panels.len() - count));
        }
        page.legend(&legend_entries(shown, &self.baseline_label));
        let events = event::within(&self.events, days);
        // Many events, or many panels: letters and a key instead of labels.
        let body = page.body();
        let worded = count == 1 && event::worded(&events, days, body.x0 + 80.0, body.x1 - 20.0);
        if !worded && !events.is_empty() {
            page.note(&event::event_key(&events));
        }

        let body = page.body();
        let tick = if across > 3 { SMALL + 1.0 } else { TICK };
        // Labels are measured on a trial axis, as their width sets the frame they stand beside.
        let scale = |panel: &FanPanel, low: f64, high: f64| {
            let range = if self.shared_scale { values } else { panel.value_range().unwrap_or(values) };
            let range = if self.off_zero { range } else { (range.0.min(0.0), range.1.max(0.0)) };
            Axis::close(range.0, range.1, low, high, if down > 2 { 3 } else { 7 / down })
        };
        let labels = shown.iter().map(|p| label_width(&scale(p, 1.0, 0.0), tick)).fold(0.0, f64::max) + 12.0;
        // The quantity stands above the panels, level, where it reads without turning one's head.
        let common = {
            let axes: Vec<Axis> = shown.iter().map(|p| scale(p, 1.0, 0.0)).collect();
            let first = axes[0].multiple;
            if axes.iter().all(|a| a.multiple == first) { Some(axes[0].unit("")) } else { None }
        };
        let quantity = match &common {
            Some(multiple) if !multiple.is_empty() => format!("{} ({multiple})", self.quantity),
            _ => self.quantity.clone(),
        };
        let heading = fit(&quantity, LABEL, false, body.width());
        page.drawing.text((body.x0, body.y0 + LABEL), &heading, LABEL, MUTED, Anchor::Left);
        let cell_width = body.width() / across as f64;
        let names: Vec<String> = shown
            .iter()
            .map(|panel| match scale(panel, 1.0, 0.0).multiple {
                multiple if common.is_none() && !multiple.is_empty() => {
                    format!("{} ({multiple})", panel.title)
                }
                _ => panel.title.clone(),
            })
            .collect();
        let titles = Titles::new(&names, cell_width - 20.0 - labels);
        // Where titles need a second line the page grows, not the panels shrink.
        page.set_height(height + down as f64 * (titles.height() - LABEL).max(0.0));
        let body = page.body();
        let top = body.y0 + LABEL + 18.0;
        let d = &mut page.drawing;
        let cell_height = (body.y1 - top) / down as f64;
        for (i, panel) in shown.iter().enumerate() {
            let (column, row) = (i % across, i / across);
            let x0 = body.x0 + column as f64 * cell_width;
            let y0 = top + row as f64 * cell_height;
            let title = if panel.title.is_empty() { 6.0 } else { titles.height() + 14.0 };
            let marks = if events.is_empty() || worded { 0.0 } else { SMALL + 4.0 };
            let levels = if worded {
                event::event_levels(&events, days, x0 + labels, x0 + cell_width - 20.0)
            } else {
                vec![]
            };
            let frame = Frame::new(
                x0 + labels,
                y0 + title + marks + event::room(&levels),
                x0 + cell_width - 20.0,
                y0 + cell_height - tick - 14.0,
            );
            titles.draw(d, i, frame.x0, y0 + titles.height() + 4.0);
            if panel.value_range().is_none() {
                empty_panel(d, frame, "no finite number");
                continue;
            }
            let y = scale(panel, frame.y1, frame.y0);
            let x = Axis::dates(days.0, days.1, frame.x0, frame.x1, tick);
            x_grid(d, frame, &x, tick, true);
            y_grid(d, frame, &y, tick, true);
            draw_bands(d, panel, &x, &y);
            // On top of the bands: a date is looked for where something happens.
            event::draw(d, &events, &levels, &x, frame);
            floor_line(d, frame);
            draw_series(d, panel, &x, &y, if count > 6 { 2.2 } else { 3.0 });
        }
        page.finish()
    }
}

fn legend_entries(shown: &[FanPanel], baseline: &str) -> Vec<(Sign, String)> {
    let mut entries = vec![
        (Sign::Line(BLUE), "median".to_string()),
        (Sign::Area(tint(BLUE, 0.5)), "25–75 % of runs".to_string()),
        (Sign::Area(tint(BLUE, 0.22)), "5–95 % of runs".to_string()),
    ];
    if shown.iter().any(|p| p.mean.is_some()) {
        entries.push((Sign::Dashed(BLUE), "mean".to_string()));
    }
    if shown.iter().any(|p| p.baseline.is_some()) {
        let name = if baseline.is_empty() { "baseline (calm)" } else { baseline };
        entries.push((Sign::Dashed(INK), name.to_string()));
    }
    // Panels name the same kinds in the same order.
    let kinds = shown.iter().map(|p| &p.observed).max_by_key(|kinds| kinds.len());
    for (kind, colour) in kinds.into_iter().flatten().zip(OBSERVED) {
        entries.push((Sign::Dot(colour), kind.label.clone()));
    }
    entries
}

/// Where the values of a panel stand on the page.
fn points(panel: &FanPanel, values: &[f64], x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    panel.dates.iter().zip(values).map(|(day, v)| (x.place(f64::from(*day)), y.place(*v))).collect()
}

fn draw_bands(d: &mut Drawing, panel: &FanPanel, x: &Axis, y: &Axis) {
    for (low, high, strength) in [(&panel.p05, &panel.p95, 0.22), (&panel.p25, &panel.p75, 0.5)] {
        let (low, high) = (points(panel, low, x, y), points(panel, high, x, y));
        if let ([low], [high]) = (&low[..], &high[..]) {
            // A single period has no width: draw the bands as upright bars.
            d.rect(Frame::new(low.0 - 10.0, high.1, low.0 + 10.0, low.1), tint(BLUE, strength));
        } else {
            d.between(&low, &high, tint(BLUE, strength));
        }
    }
}

fn draw_series(d: &mut Drawing, panel: &FanPanel, x: &Axis, y: &Axis, width: f64) {
    let place = |values: &[f64]| points(panel, values, x, y);
    if panel.dates.len() == 1 {
        let middle = place(&panel.p50)[0];
        d.line(&[(middle.0 - 14.0, middle.1), (middle.0 + 14.0, middle.1)], width, BLUE);
        for (series, colour) in [(&panel.baseline, INK), (&panel.mean, BLUE)] {
            if let Some(series) = series {
                let at = place(series)[0];
                d.dashed(&[(at.0 - 20.0, at.1), (at.0 + 20.0, at.1)], width * 0.8, colour, 6.0, 4.0);
            }
        }
    } else {
        if let Some(baseline) = &panel.baseline {
            d.dashed(&place(baseline), width * 0.8, INK, 9.0, 6.0);
        }
        if let Some(mean) = &panel.mean {
            d.dashed(&place(mean), width * 0.8, BLUE, 9.0, 6.0);
        }
        d.line(&place(&panel.p50), width, BLUE);
    }
    for (kind, colour) in panel.observed.iter().zip(OBSERVED) {
        for (day, value) in &kind.points {
            d.dot(x.place(f64::from(*day)), y.place(*value), width * 1.9, colour);
        }
    }
}
