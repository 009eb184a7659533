//! Tornado: what changes the result, by how much, and how surely.

use super::axis::{Axis, range, whole};
use super::drawing::{Anchor, Drawing, Frame, fit, text_width};
use super::page::{Page, Sign, x_grid};
use super::theme::{INK, LABEL, MUTED, TICK, category, tint};
use super::{Format, Provenance};
use crate::error::Error;

/// One input or one measure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TornadoRow {
    /// Name of the input (or the measure).
    pub label: String,
    /// The change of the result, one number per series; `NaN` draws nothing.
    pub effects: Vec<f64>,
    /// The intervals of the changes, one per series; `NaN` draws nothing.
    pub intervals: Vec<(f64, f64)>,
}

/// Bars around zero, largest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tornado {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// What changes, with the unit, e.g. "change of vehicles lost, paired differences".
    pub quantity: String,
    /// Meaning of the series, e.g. "input at its 5 % value", "input at its 95 % value".
    pub series: Vec<String>,
    /// The inputs; the chart sorts by the largest change.
    pub rows: Vec<TornadoRow>,
    /// Most rows shown.
    pub most_rows: usize,
    /// The footer.
    pub provenance: Provenance,
}

fn largest(row: &TornadoRow) -> f64 {
    row.effects.iter().filter(|v| v.is_finite()).fold(0.0, |a, v| a.max(v.abs()))
}

impl Tornado {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when a row has more or fewer numbers than there are series, or the picture cannot be
    /// encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        for row in &self.rows {
            if row.effects.len() != self.series.len() || row.intervals.len() != self.series.len() {
                let problem = format!(
                    "row `{}`: {} effects and {} intervals for {} series",
                    row.label,
                    row.effects.len(),
                    row.intervals.len(),
                    self.series.len()
                );
                return Err(Error::Chart { chart: self.caption.clone(), problem });
            }
        }
        self.drawing().render(format)
    }

    fn drawing(&self) -> Drawing {
        let mut rows: Vec<&TornadoRow> = self.rows.iter().collect();
        rows.sort_by(|a, b| largest(b).total_cmp(&largest(a)).then_with(|| a.label.cmp(&b.label)));
        let hidden = rows.split_off(rows.len().min(self.most_rows.clamp(1, 100)));
        let least = 12.0 * self.series.len() as f64 + 10.0;
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        let values: Vec<f64> = rows
            .iter()
            .flat_map(|r| r.effects.iter().copied().chain(r.intervals.iter().flat_map(|(a, b)| [*a, *b])))
            .collect();
        let Some((low, high)) = range(&values) else {
            return page.nothing("no row holds a finite number");
        };
        if rows.iter().all(|r| largest(r) <= 0.0) {
            return page.nothing("nothing changes the result");
        }
        if let Some(next) = hidden.first() {
            page.note(&format!(
                "{} more rows are not shown; none changes the result by more than {}.",
                whole(hidden.len() as f64),
                super::axis::number(largest(next))
            ));
        }
        let colour = |i: usize| tint(category(i), 0.75);
        let mut legend: Vec<(Sign, String)> =
            self.series.iter().enumerate().map(|(i, s)| (Sign::Area(colour(i)), s.clone())).collect();
        if rows.iter().any(|r| r.intervals.iter().any(|(a, b)| a.is_finite() && b.is_finite())) {
            // The footer says what the interval is, and the legend says the same.
            let band = if self.provenance.band.is_empty() { "interval" } else { &self.provenance.band };
            legend.push((Sign::Line(INK), band.to_owned()));
        }
        page.legend(&legend);
        let axis_room = TICK + LABEL + 26.0;
        page.fit_rows(rows.len(), least.max(22.0), axis_room);
        let body = page.body();
        let d = &mut page.drawing;
        let bottom = body.y1 - axis_room;
        let step = ((bottom - body.y0) / rows.len() as f64).min(64.0);
        let size = (step * 0.62).clamp(10.0, LABEL);
        let widest = rows.iter().map(|r| text_width(&r.label, size, false)).fold(60.0, f64::max).min(460.0);
        let frame =
            Frame::new(body.x0 + widest + 24.0, body.y0, body.x1 - 30.0, body.y0 + step * rows.len() as f64);
        let x = Axis::linear(low.min(0.0), high.max(0.0), frame.x0, frame.x1, 8);
        x_grid(d, frame, &x, TICK, true);
        let name = match x.multiple {
            "" => self.quantity.clone(),
            multiple => format!("{} ({multiple})", self.quantity),
        };
        let name = fit(&name, LABEL, false, frame.width());
        d.text((frame.centre_x(), frame.y1 + TICK + LABEL + 18.0), &name, LABEL, INK, Anchor::Centre);
        let zero = x.place(0.0);
        for (i, row) in rows.iter().enumerate() {
            let y = frame.y0 + step * i as f64;
            let label = fit(&row.label, size, false, widest);
            d.text((frame.x0 - 10.0, y + step / 2.0 + size * 0.36), &label, size, INK, Anchor::Right);
            let thick = step * 0.76 / row.effects.len().max(1) as f64;
            for (k, (effect, (low, high))) in row.effects.iter().zip(&row.intervals).enumerate() {
                let top = y + step * 0.12 + thick * k as f64;
                let end = x.place(*effect);
                d.rect(Frame::new(zero.min(end), top, zero.max(end), top + thick - 1.0), colour(k));
                let (middle, cap) = (top + thick / 2.0, (thick * 0.22).min(6.0));
                let (low, high) = (x.place(*low), x.place(*high));
                d.line(&[(low, middle), (high, middle)], 2.0, INK);
                for at in [low, high] {
                    d.line(&[(at, middle - cap), (at, middle + cap)], 2.0, INK);
                }
            }
        }
        d.line(&[(zero, frame.y0 - 4.0), (zero, frame.y1)], 1.8, MUTED);
        page.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance, wobble};

    fn chart(count: usize) -> Tornado {
        let rows = (0..count)
            .map(|i| {
                let size = 90_000.0 * libm::exp(-(i as f64) / 4.0);
                TornadoRow {
                    label: [
                        "dead time of the desk, d",
                        "share of magnets with heavy rare earths",
                        "cover at automakers, d",
                        "a measure with an unreasonably long name that someone wrote into the scenario file",
                        "officers",
                    ][i % 5]
                        .into(),
                    effects: vec![-size * (0.3 + wobble(i, 1)), size * (0.3 + wobble(i, 2))],
                    intervals: vec![(-size * 1.5, -size * 0.2), (size * 0.2, size * 1.4)],
                }
            })
            .collect();
        Tornado {
            caption: "What moves the loss (synthetic test data)".into(),
            subtitle: String::new(),
            quantity: "change of vehicles lost".into(),
            series: vec!["input at its 5 % value".into(), "input at its 95 % value".into()],
            rows,
            most_rows: 20,
            provenance: provenance(),
        }
    }

    #[test]
    fn tornados() {
        let svg = examine("tornado_25", |f| chart(25).render(f));
        for text in [
            "What moves the loss",
            "change of vehicles lost",
            "5 more rows",
            "input at its 95 % value",
            "−50,000",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        let mut one = chart(4);
        one.series.truncate(1);
        for row in &mut one.rows {
            row.effects.truncate(1);
            row.intervals.truncate(1);
        }
        examine("tornado_differences", |f| one.render(f));
    }

    #[test]
    fn odd_tornados() {
        assert!(examine("tornado_none", |f| chart(0).render(f)).contains("nothing to show"));
        let mut zero = chart(2);
        zero.rows.iter_mut().for_each(|r| r.effects.fill(0.0));
        assert!(examine("tornado_zero", |f| zero.render(f)).contains("nothing changes"));
        zero.rows[0].effects.pop();
        assert!(zero.render(Format::Svg).is_err());
    }
}
