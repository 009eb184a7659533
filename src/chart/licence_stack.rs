//! Licence stacks: what has become of all applications so far, over time.

use super::axis::{Axis, range};
use super::drawing::{Anchor, Drawing, Frame, fit};
use super::event::{self, Event};
use super::page::{
    Page, Sign, cells, columns, empty_panel, floor_line, label_width, panel_title, x_grid, y_grid,
};
use super::theme::Colour;
use super::theme::{GREEN, INK, LABEL, MUTED, SKY, SMALL, TICK, VERMILLION, tint};
use super::{Format, Provenance};
use crate::error::Error;

/// One licensing desk, destination or class; all vectors are as long as `dates`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LicencePanel {
    /// What the panel is of; may be empty when there is only one.
    pub title: String,
    /// Days since 1970-01-01, ascending.
    pub dates: Vec<i32>,
    /// Approved so far.
    pub approved: Vec<f64>,
    /// Waiting for a decision on that day.
    pub pending: Vec<f64>,
    /// Rejected so far.
    pub rejected: Vec<f64>,
    /// Shares approved of all filed so far, 0 to 1, that were published: day and share.
    pub published: Vec<(i32, f64)>,
}

/// Stacked areas of applications by state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LicenceStack {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// What is counted, e.g. "applications, mean of all runs".
    pub quantity: String,
    /// The panels, at most sixteen of them drawn.
    pub panels: Vec<LicencePanel>,
    /// Dated events, common to all panels.
    pub events: Vec<Event>,
    /// The footer.
    pub provenance: Provenance,
}

/// From the bottom: what was decided well, what waits, what was not. What was returned for information waits
/// again and is no layer of its own: stacked on what is pending it would count twice.
fn layers(panel: &LicencePanel) -> [(&'static str, &Vec<f64>, Colour); 3] {
    [
        ("approved", &panel.approved, tint(GREEN, 0.75)),
        ("pending", &panel.pending, tint(SKY, 0.7)),
        ("rejected", &panel.rejected, tint(VERMILLION, 0.9)),
    ]
}

/// Running sums over the layers: four lines, the lowest all zero. Numbers that are missing count as nothing.
fn stacked(panel: &LicencePanel) -> Vec<Vec<f64>> {
    let mut lines = vec![vec![0.0; panel.dates.len()]];
    for (_, values, _) in layers(panel) {
        let below = &lines[lines.len() - 1];
        let next =
            below.iter().zip(values).map(|(b, v)| b + if v.is_finite() { v.max(0.0) } else { 0.0 }).collect();
        lines.push(next);
    }
    lines
}

/// Height at which a share of all applications so far stands on a day; `None` outside the dates.
fn height(top: &[f64], dates: &[i32], (day, share): (i32, f64)) -> Option<f64> {
    let after = dates.iter().position(|own| *own >= day)?;
    let before = after.checked_sub(1).unwrap_or(after);
    if dates[before] > day {
        return None;
    }
    let length = (f64::from(dates[after]) - f64::from(dates[before])).max(1.0);
    let part = (f64::from(day) - f64::from(dates[before])) / length;
    Some(share * (top[before] + part * (top[after] - top[before])))
}

impl LicenceStack {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when a series is not as long as its dates, or the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        for panel in &self.panels {
            for (name, values, _) in layers(panel) {
                if values.len() != panel.dates.len() {
                    let problem = format!(
                        "panel `{}`: {} values of {name} for {} dates",
                        panel.title,
                        values.len(),
                        panel.dates.len()
                    );
                    return Err(Error::Chart { chart: self.caption.clone(), problem });
                }
            }
        }
        self.drawing().render(format)
    }

    fn drawing(&self) -> Drawing {
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        let shown = &self.panels[..self.panels.len().min(16)];
        let tops: Vec<f64> =
            shown.iter().map(|p| range(stacked(p).iter().flatten()).map_or(0.0, |(_, high)| high)).collect();
        if tops.iter().all(|t| *t <= 0.0) {
            return page.nothing("there are no applications");
        }
        if self.panels.len() > shown.len() {
            page.note(&format!("{} further panels are not shown.", self.panels.len() - shown.len()));
        }
        let mut legend: Vec<(Sign, String)> = layers(&shown[0])
            .into_iter()
            .enumerate()
            .rev()
            // A layer without any area needs no explanation.
            .filter(|(i, _)| shown.iter().any(|panel| layers(panel)[*i].1.iter().any(|v| *v > 0.0)))
            .map(|(_, (name, _, colour))| (Sign::Area(colour), name.to_string()))
            .collect();
        if shown.iter().any(|panel| !panel.published.is_empty()) {
            legend
                .push((Sign::Dot(INK), "published share approved, of the model's applications".to_string()));
        }
        page.legend(&legend);
        let days: Vec<f64> = shown.iter().flat_map(|panel| &panel.dates).map(|day| f64::from(*day)).collect();
        let days = range(&days).unwrap_or((0.0, 0.0));
        let events = event::within(&self.events, days);
        let body = page.body();
        let worded = shown.len() == 1 && event::worded(&events, days, body.x0 + 80.0, body.x1 - 24.0);
        if !worded && !events.is_empty() {
            page.note(&event::event_key(&events));
        }
        let mut body = page.body();
        let d = &mut page.drawing;
        let quantity = fit(&self.quantity, LABEL, false, body.width());
        d.text((body.x0, body.y0 + LABEL), &quantity, LABEL, MUTED, Anchor::Left);
        body.y0 += LABEL + 18.0;
        let tick = if columns(shown.len()) > 3 { SMALL } else { TICK };
        let wanted = if shown.len() > 6 { 3 } else { 5 };
        let labels = tops
            .iter()
            .map(|top| label_width(&Axis::linear(0.0, *top, 1.0, 0.0, wanted), tick))
            .fold(0.0, f64::max)
            + 12.0;
        for ((panel, cell), top) in shown.iter().zip(cells(body, shown.len())).zip(tops) {
            let title = if panel.title.is_empty() { 0.0 } else { LABEL + 14.0 };
            let levels = if worded {
                event::event_levels(&events, days, cell.x0 + labels, cell.x1 - 24.0)
            } else {
                vec![]
            };
            let marks = if events.is_empty() || worded { 0.0 } else { SMALL + 4.0 };
            let top_edge = cell.y0 + title + marks + event::room(&levels);
            let frame = Frame::new(cell.x0 + labels, top_edge, cell.x1 - 24.0, cell.y1 - tick - 14.0);
            let y = Axis::linear(0.0, top, frame.y1, frame.y0, wanted);
            let name = match y.multiple {
                "" => panel.title.clone(),
                multiple => format!("{} ({multiple})", panel.title),
            };
            panel_title(d, frame.x0, cell.y0 + LABEL, &name, frame.width());
            if top <= 0.0 || panel.dates.len() < 2 {
                let why = if top <= 0.0 { "no applications" } else { "a single date" };
                empty_panel(d, frame, why);
                continue;
            }
            let x = Axis::dates(days.0, days.1, frame.x0, frame.x1, tick);
            x_grid(d, frame, &x, tick, true);
            y_grid(d, frame, &y, tick, true);
            let place = |values: &[f64]| -> Vec<(f64, f64)> {
                panel
                    .dates
                    .iter()
                    .zip(values)
                    .map(|(day, v)| (x.place(f64::from(*day)), y.place(*v)))
                    .collect()
            };
            let lines = stacked(panel);
            for (i, (_, _, colour)) in layers(panel).into_iter().enumerate() {
                d.between(&place(&lines[i]), &place(&lines[i + 1]), colour);
            }
            for line in &lines[1..] {
                d.line(&place(line), 1.2, super::theme::WHITE);
            }
            event::draw(d, &events, &levels, &x, frame);
            for point in &panel.published {
                if let Some(height) = height(&lines[lines.len() - 1], &panel.dates, *point) {
                    d.dot(x.place(f64::from(point.0)), y.place(height), 6.0, INK);
                }
            }
            floor_line(d, frame);
        }
        page.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance};

    fn stack(count: usize) -> LicenceStack {
        let dates: Vec<i32> = (0..70).map(|i| 20_182 + 5 * i).collect();
        let grow = |level: f64, delay: f64, pace: f64| -> Vec<f64> {
            (0..70)
                .map(|i| level * (1.0 - libm::exp(-((f64::from(i) * 5.0 - delay).max(0.0)) / pace)))
                .collect()
        };
        LicenceStack {
            caption: "What becomes of applications (synthetic test data)".into(),
            subtitle: "All destinations".into(),
            quantity: "applications, mean of all runs".into(),
            panels: (0..count)
                .map(|i| LicencePanel {
                    title: if count == 1 { String::new() } else { format!("Destination {i}") },
                    dates: dates.clone(),
                    approved: grow(3200.0, 45.0, 120.0),
                    pending: (0..70)
                        .map(|i| {
                            900.0
                                * libm::exp(-((f64::from(i) - 14.0) / 16.0) * ((f64::from(i) - 14.0) / 16.0))
                        })
                        .collect(),
                    rejected: grow(240.0, 60.0, 100.0),
                    published: vec![(20_240, 0.25)],
                })
                .collect(),
            events: vec![Event { day: 20_220, label: "Talks".into() }],
            provenance: provenance(),
        }
    }

    #[test]
    fn a_published_share_stands_on_the_models_total_of_its_day() {
        let (top, dates) = ([0.0, 100.0, 200.0], [10, 20, 30]);
        assert_eq!(height(&top, &dates, (25, 0.5)), Some(75.0));
        assert_eq!(height(&top, &dates, (10, 0.5)), Some(0.0));
        assert_eq!((height(&top, &dates, (9, 0.5)), height(&top, &dates, (31, 0.5))), (None, None));
    }

    #[test]
    fn stacks() {
        let svg = examine("licence_1", |f| stack(1).render(f));
        for text in [
            "What becomes of applications",
            "applications, mean",
            "approved",
            "rejected",
            "Jul 2025",
            "Talks",
            "published",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        examine("licence_8", |f| stack(8).render(f));
    }

    #[test]
    fn odd_stacks() {
        assert!(examine("licence_none", |f| stack(0).render(f)).contains("nothing to show"));
        let mut odd = stack(2);
        odd.panels[0].approved.fill(f64::NAN);
        odd.panels[1] = LicencePanel { title: "empty".into(), ..LicencePanel::default() };
        assert!(examine("licence_odd", |f| odd.render(f)).contains("no applications"));
        odd.panels[0].approved.pop();
        assert!(odd.render(Format::Svg).is_err());
    }
}
