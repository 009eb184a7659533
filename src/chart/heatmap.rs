//! Heat map: which facilities lose how much of their output, week by week.

use super::axis::{Axis, number, range, whole};
use super::drawing::{Anchor, Drawing, Frame, fit, text_width, wrap};
use super::page::{Page, colour_bar, x_grid};
use super::theme::{AXIS, INK, LABEL, SMALL, TICK, WHITE, ZERO, sequential};
use super::{Format, Provenance};
use crate::error::Error;

/// One facility (or company, or region).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeatmapRow {
    /// Name of the facility.
    pub label: String,
    /// What it belongs to: a stage or a region. Groups keep the order of their first row.
    pub group: String,
    /// One value per period, in the chart's unit; `NaN` is "no number".
    pub values: Vec<f64>,
}

/// Lost output of facilities over time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heatmap {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// What the colours are, with the unit, e.g. "lost output, % of normal (median run)".
    pub quantity: String,
    /// First day of every period, days since 1970-01-01, ascending.
    pub dates: Vec<i32>,
    /// The facilities; the chart picks and sorts.
    pub rows: Vec<HeatmapRow>,
    /// Most rows shown: those with the largest sums.
    pub most_rows: usize,
    /// The footer.
    pub provenance: Provenance,
}

/// Losses of a row; gains in other periods take nothing off them, as the picture does not show gains.
fn total(row: &HeatmapRow) -> f64 {
    row.values.iter().filter(|v| **v > 0.0 && v.is_finite()).sum()
}

impl Heatmap {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when a row is not as long as the dates, or the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        for row in &self.rows {
            if row.values.len() != self.dates.len() {
                let problem = format!(
                    "row `{}`: {} values for {} dates",
                    row.label,
                    row.values.len(),
                    self.dates.len()
                );
                return Err(Error::Chart { chart: self.caption.clone(), problem });
            }
        }
        self.drawing().render(format)
    }

    /// The rows to show, group by group, largest sum first.
    fn chosen(&self) -> (Vec<(&str, Vec<&HeatmapRow>)>, Vec<&HeatmapRow>) {
        let mut rows: Vec<&HeatmapRow> = self.rows.iter().collect();
        rows.sort_by(|a, b| total(b).total_cmp(&total(a)).then_with(|| a.label.cmp(&b.label)));
        let hidden = rows.split_off(rows.len().min(self.most_rows.clamp(1, 200)));
        let mut groups: Vec<(&str, Vec<&HeatmapRow>)> = Vec::new();
        for row in &self.rows {
            if !groups.iter().any(|(name, _)| *name == row.group) {
                groups.push((&row.group, rows.iter().copied().filter(|r| r.group == row.group).collect()));
            }
        }
        groups.retain(|(_, rows)| !rows.is_empty());
        (groups, hidden)
    }

    fn drawing(&self) -> Drawing {
        let (groups, hidden) = self.chosen();
        let shown: usize = groups.iter().map(|(_, rows)| rows.len()).sum();
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        if self.rows.is_empty() || self.dates.is_empty() {
            return page.nothing("there are no facilities or no periods");
        }
        let Some((_, largest)) = range(self.rows.iter().flat_map(|r| &r.values)) else {
            return page.nothing("no value is a finite number");
        };
        if largest <= 0.0 {
            return page.nothing("no facility loses anything in any period");
        }
        if let Some((_, most)) = range(hidden.iter().flat_map(|r| &r.values)) {
            page.note(&format!(
                "The {shown} rows with the largest sums are shown; {} more never exceed {}{} in any period.",
                whole(hidden.len() as f64),
                number(most.max(0.0)),
                if self.quantity.contains('%') { " %" } else { " (in the unit of the colours)" }
            ));
        }
        let (group_width, bar_width) = (if groups.len() > 1 { 170.0 } else { 0.0 }, 150.0);
        let gap = 8.0;
        let axis_room = TICK + 18.0;
        page.fit_rows(shown, 20.0, axis_room + gap * groups.len() as f64);
        let body = page.body();
        let d = &mut page.drawing;
        let room = body.height() - axis_room - gap * (groups.len() as f64 - 1.0);
        let row_height = (room / shown as f64).min(40.0);
        let size = (row_height * 0.78).clamp(9.0, TICK);
        let label_width = groups
            .iter()
            .flat_map(|(_, rows)| rows)
            .map(|r| text_width(&r.label, size, false))
            .fold(60.0, f64::max)
            .min(400.0);
        let left = body.x0 + group_width + label_width + 12.0;
        let right = body.x1 - bar_width;
        let bottom = body.y0 + row_height * shown as f64 + gap * (groups.len() as f64 - 1.0);
        let grid = Frame::new(left, body.y0, right, bottom);
        let ends = (self.dates.first(), self.dates.last());
        let (first, last) = (f64::from(*ends.0.unwrap_or(&0)), f64::from(*ends.1.unwrap_or(&0)));
        // The last period is as long as the one before it.
        let period =
            if self.dates.len() > 1 { (last - first) / (self.dates.len() as f64 - 1.0) } else { 7.0 };
        let x = Axis::dates(first, last + period.max(1.0), left, right, TICK);
        x_grid(d, grid, &x, TICK, true);
        // Percentages read best on a scale of 0 to 100 whenever they reach far into it.
        let top = if largest > 60.0 && largest <= 100.0 {
            100.0
        } else {
            Axis::linear(0.0, largest, 0.0, 1.0, 5).high
        };

        let mut y = body.y0;
        // One size for all stages: that of the shortest block. Two lines of small text beat one of large that
        // is cut off.
        let shortest = groups.iter().map(|(_, rows)| rows.len()).min().unwrap_or(1);
        let lowest = row_height * shortest as f64;
        let name_size = if lowest < LABEL * 2.4 { SMALL.min(lowest * 0.9) } else { LABEL };
        for (name, rows) in &groups {
            let extent = row_height * rows.len() as f64;
            d.rect(Frame::new(left, y, right, y + extent), WHITE);
            if groups.len() > 1 {
                let most = ((extent / (name_size * 1.15)) as usize).clamp(1, 4);
                let mut at = y + name_size * 0.95;
                for line in wrap(name, name_size, true, group_width - 20.0, most) {
                    d.bold((body.x0, at), &line, name_size, INK, Anchor::Left);
                    at += name_size * 1.2;
                }
                d.line(&[(left - label_width - 16.0, y), (left - label_width - 16.0, y + extent)], 2.0, AXIS);
            }
            for row in rows {
                let label = fit(&row.label, size, false, label_width);
                d.text((left - 8.0, y + row_height / 2.0 + size * 0.36), &label, size, INK, Anchor::Right);
                self.cells(
                    d,
                    row,
                    &x,
                    (y, y + row_height - if row_height > 8.0 { 1.0 } else { 0.0 }),
                    period,
                    top,
                );
                y += row_height;
            }
            y += gap;
        }
        let title = wrap(&self.quantity, SMALL, false, bar_width - 24.0, 4);
        let bar = Frame::new(right + 28.0, body.y0, body.x1, body.y0 + body.height().min(520.0));
        colour_bar(d, bar, top, &title);
        page.finish()
    }

    fn cells(
        &self,
        d: &mut Drawing,
        row: &HeatmapRow,
        x: &Axis,
        (y0, y1): (f64, f64),
        period: f64,
        top: f64,
    ) {
        for (i, (day, value)) in self.dates.iter().zip(&row.values).enumerate() {
            if !value.is_finite() {
                continue;
            }
            let end = self.dates.get(i + 1).map_or(f64::from(*day) + period, |next| f64::from(*next));
            let colour = if *value <= top * 0.002 { ZERO } else { sequential(value / top) };
            d.rect(Frame::new(x.place(f64::from(*day)), y0, x.place(end), y1), colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance, wobble};

    fn heatmap(count: usize, most_rows: usize) -> Heatmap {
        let dates: Vec<i32> = (0..60).map(|i| 20_089 + 7 * i).collect();
        let stages = ["Ore concentrate", "Separated oxide", "Magnets", "Motors and parts", "Automakers"];
        let rows = (0..count)
            .map(|i| HeatmapRow {
                label: format!("{} plant {}", ["Ganzhou", "Hanau", "Shin-Etsu Echizen", "Halol"][i % 4], i),
                group: stages[i % stages.len()].into(),
                values: (0..60)
                    .map(|week| {
                        let start = 12.0 + 30.0 * wobble(i, 3);
                        let t = f64::from(week) - start;
                        let level = 95.0 * wobble(i, 4);
                        if t < 0.0 { 0.0 } else { level * libm::exp(-t / (4.0 + 20.0 * wobble(i, 5))) }
                    })
                    .collect(),
            })
            .collect();
        Heatmap {
            caption: "Who loses output, and when (synthetic test data)".into(),
            subtitle: "Median of all runs, by week".into(),
            quantity: "lost output, % of normal".into(),
            dates,
            rows,
            most_rows,
            provenance: provenance(),
        }
    }

    #[test]
    fn heatmaps() {
        let svg = examine("heatmap_30", |f| heatmap(95, 30).render(f));
        for text in ["Who loses output", "of normal", "Magnets", "65 more never exceed", "May 2025", "100"] {
            assert!(svg.contains(text), "{text}");
        }
        examine("heatmap_80", |f| heatmap(80, 80).render(f));
        let mut few = heatmap(3, 10);
        few.rows[1].label =
            "A facility with a name so long that nobody could ever want to read it all in a chart".into();
        few.rows[2].values[20] = f64::NAN;
        examine("heatmap_3", |f| few.render(f));
    }

    #[test]
    fn empty_heatmaps_say_so() {
        let mut chart = heatmap(4, 10);
        chart.rows.iter_mut().for_each(|r| r.values.fill(0.0));
        assert!(examine("heatmap_zero", |f| chart.render(f)).contains("no facility loses anything"));
        chart.rows.iter_mut().for_each(|r| r.values.fill(f64::NAN));
        assert!(examine("heatmap_nan", |f| chart.render(f)).contains("nothing to show"));
        chart.rows[0].values.pop();
        assert!(chart.render(Format::Png).is_err());
        chart.rows.clear();
        assert!(examine("heatmap_none", |f| chart.render(f)).contains("nothing to show"));
    }
}
