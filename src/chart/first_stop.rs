//! Who stops, how surely, and when: one row per automaker (or facility).

use super::axis::{Axis, range, whole};
use super::drawing::{Anchor, Drawing, Frame, fit, text_width};
use super::page::{Page, Sign, x_grid};
use super::theme::{BLUE, GRID, INK, LABEL, MUTED, SMALL, TICK, VERMILLION, tint};
use super::{Format, Provenance};
use crate::error::Error;

/// One automaker. Days are since 1970-01-01, of the runs that stop at all; `NaN` if none does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FirstStopRow {
    /// Name.
    pub label: String,
    /// Share of runs with a stop, 0 to 1.
    pub probability: f64,
    /// Its confidence interval.
    pub interval: (f64, f64),
    /// 5, 25, 50, 75 and 95 % quantiles of the day of the first stop.
    pub days: [f64; 5],
}

/// Probability and date of the first stop.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FirstStopChart {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title: what counts as a stop belongs here.
    pub subtitle: String,
    /// The automakers; the chart sorts by date.
    pub rows: Vec<FirstStopRow>,
    /// Most rows shown: the most probable stops.
    pub most_rows: usize,
    /// The footer.
    pub provenance: Provenance,
}

impl FirstStopChart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        self.drawing().render(format)
    }

    fn drawing(&self) -> Drawing {
        let mut rows: Vec<&FirstStopRow> = self.rows.iter().filter(|r| r.probability.is_finite()).collect();
        rows.sort_by(|a, b| {
            let day = |r: &FirstStopRow| if r.days[2].is_finite() { r.days[2] } else { f64::INFINITY };
            b.probability
                .total_cmp(&a.probability)
                .then_with(|| day(a).total_cmp(&day(b)))
                .then_with(|| a.label.cmp(&b.label))
        });
        let hidden = rows.split_off(rows.len().min(self.most_rows.clamp(1, 200)));
        // The most probable are shown, in the order of their dates: where nearly all stop nearly surely, the
        // date is what tells them apart.
        rows.sort_by(|a, b| {
            a.days[2].is_nan().cmp(&b.days[2].is_nan()).then(a.days[2].total_cmp(&b.days[2]))
        });
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        if rows.is_empty() {
            return page.nothing("there is no facility with a known probability");
        }
        if let Some(next) = hidden.first() {
            page.note(&format!(
                "{} more rows are not shown; the most probable stop among them has {} %.",
                whole(hidden.len() as f64),
                super::axis::number((next.probability * 1000.0).round() / 10.0)
            ));
        }
        let days = range(rows.iter().flat_map(|r| &r.days));
        page.legend(&[
            (Sign::Dot(VERMILLION), "probability of a stop, with its interval".to_string()),
            (Sign::Line(BLUE), "first stop: median".to_string()),
            (Sign::Area(tint(BLUE, 0.5)), "25–75 %".to_string()),
            (Sign::Area(tint(BLUE, 0.22)), "5–95 % of the runs that stop".to_string()),
        ]);
        let (head_room, axis_room) = (LABEL + 12.0, TICK + 20.0);
        page.fit_rows(rows.len(), 21.0, head_room + axis_room);
        let body = page.body();
        let d = &mut page.drawing;
        let top = body.y0 + head_room;
        let step = ((body.y1 - top - axis_room) / rows.len() as f64).min(44.0);
        let size = (step * 0.8).clamp(9.0, LABEL);
        let widest = rows.iter().map(|r| text_width(&r.label, size, false)).fold(60.0, f64::max).min(440.0);
        let bottom = top + step * rows.len() as f64;
        let start = body.x0 + widest + 14.0;
        let heading = "probability of a stop, %";
        let split = start + ((body.x1 - start) * 0.2).max(text_width(heading, LABEL, false));
        let left = Frame::new(start, top, split, bottom);
        let right = Frame::new(split + 60.0, top, body.x1 - 40.0, bottom);
        d.text((left.x0, top - 10.0), heading, LABEL, MUTED, Anchor::Left);
        d.text(
            (right.x0, top - 10.0),
            "date of the first stop, earliest median first",
            LABEL,
            MUTED,
            Anchor::Left,
        );
        for i in 0..=rows.len() {
            let y = top + step * i as f64;
            d.line(&[(body.x0, y), (left.x1, y)], 1.0, GRID);
            d.line(&[(right.x0, y), (right.x1, y)], 1.0, GRID);
        }
        let chance = Axis::with_step(0.0, 100.0, 50.0, left.x0 + 8.0, left.x1 - 8.0);
        x_grid(d, left, &chance, TICK, true);
        let dates = days.map(|(low, high)| {
            let margin = ((high - low) * 0.03).max(3.0);
            Axis::dates((low - margin).floor(), (high + margin).ceil(), right.x0, right.x1, TICK)
        });
        if let Some(axis) = &dates {
            x_grid(d, right, axis, TICK, true);
        }
        for (i, row) in rows.iter().enumerate() {
            let y = top + step * (i as f64 + 0.5);
            let label = fit(&row.label, size, false, widest);
            d.text((start - 8.0, y + size * 0.36), &label, size, INK, Anchor::Right);
            let (low, high) = row.interval;
            let (low, high) = (chance.place(low * 100.0), chance.place(high * 100.0));
            let half = (step * 0.16).clamp(2.5, 6.0);
            d.rect(Frame::new(low, y - half, high, y + half), tint(VERMILLION, 0.4));
            d.disc(chance.place(row.probability * 100.0), y, half, VERMILLION);
            match &dates {
                Some(axis) if row.days[2].is_finite() => draw_days(d, row, axis, y, step),
                _ => {
                    let size = SMALL.min(step * 0.8);
                    d.text(
                        (right.x0 + 8.0, y + size * 0.36),
                        "no stop in any run",
                        size,
                        MUTED,
                        Anchor::Left,
                    );
                }
            }
        }
        page.finish()
    }
}

fn draw_days(d: &mut Drawing, row: &FirstStopRow, axis: &Axis, y: f64, step: f64) {
    let at = row.days.map(|day| axis.place(day));
    let thin = (step * 0.16).clamp(2.5, 7.0);
    let half = (step * 0.3).clamp(4.0, 12.0);
    // Even a date that is the same in all runs stays visible.
    let least = 1.5;
    d.rect(
        Frame::new(at[0].min(at[2] - least), y - thin, at[4].max(at[2] + least), y + thin),
        tint(BLUE, 0.3),
    );
    d.rect(
        Frame::new(at[1].min(at[2] - least), y - half, at[3].max(at[2] + least), y + half),
        tint(BLUE, 0.55),
    );
    d.line(&[(at[2], y - half - 1.0), (at[2], y + half + 1.0)], 3.5, BLUE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance, wobble};

    fn chart(count: usize) -> FirstStopChart {
        let rows = (0..count)
            .map(|i| {
                let p = (1.1 - i as f64 / count as f64 * 1.2 * (0.8 + 0.3 * wobble(i, 1))).clamp(0.0, 1.0);
                let middle = 20_200.0 + 200.0 * wobble(i, 2) + i as f64;
                let wide = 10.0 + 60.0 * wobble(i, 3);
                FirstStopRow {
                    label: if i == 3 {
                        "Bayerische Motoren Werke and all of its joint ventures".into()
                    } else {
                        format!("Automaker {i}")
                    },
                    probability: p,
                    interval: ((p - 0.03).max(0.0), (p + 0.03).min(1.0)),
                    days: if p > 0.0 {
                        [-1.0, -0.4, 0.0, 0.6, 2.0].map(|k| middle + k * wide)
                    } else {
                        [f64::NAN; 5]
                    },
                }
            })
            .collect();
        FirstStopChart {
            caption: "Who stops, how surely, and when (synthetic test data)".into(),
            subtitle: "A stop is three days or more below half of normal output".into(),
            rows,
            most_rows: 60,
            provenance: provenance(),
        }
    }

    #[test]
    fn first_stops() {
        let svg = examine("first_stop_43", |f| chart(43).render(f));
        for text in
            ["Who stops", "probability of a stop, %", "no stop in any run", "Automaker 42", "Jul 2025"]
        {
            assert!(svg.contains(text), "{text}");
        }
        examine("first_stop_12", |f| chart(12).render(f));
        examine("first_stop_1", |f| chart(1).render(f));
    }

    #[test]
    fn first_stops_of_odd_inputs() {
        assert!(examine("first_stop_none", |f| chart(0).render(f)).contains("nothing to show"));
        let mut never = chart(3);
        for row in &mut never.rows {
            (row.probability, row.days, row.interval) = (0.0, [f64::NAN; 5], (f64::NAN, f64::NAN));
        }
        assert!(examine("first_stop_never", |f| never.render(f)).contains("no stop in any run"));
        let mut same = chart(2);
        same.rows.iter_mut().for_each(|r| r.days = [20_200.0; 5]);
        examine("first_stop_same", |f| same.render(f));
    }
}
