//! What the record taught: posterior against prior densities of the inputs.

use super::axis::{Axis, number, range};
use super::drawing::{Anchor, Drawing, Frame, fit};
use super::page::{Page, Sign, cells, columns, empty_panel, floor_line, panel_title, x_grid};
use super::theme::{BLUE, Colour, LABEL, MUTED, PAGE_HEIGHT, SMALL, TICK, tint};
use super::{Format, Provenance};
use crate::error::Error;

const PRIOR: Colour = Colour(205, 209, 214, 1.0);
/// Bars across the range of the prior.
const BARS: usize = 14;
const MOST_PANELS: usize = 40;

/// Samples of one uncertain input, before and after comparison with the record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParameterDensity {
    /// Name of the input.
    pub label: String,
    /// Its unit; may be empty.
    pub unit: String,
    /// Samples before, any number, any order.
    pub prior: Vec<f64>,
    /// Samples after (equally weighted), any number, any order.
    pub posterior: Vec<f64>,
}

/// Posterior against prior, one panel per input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreChart {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// The inputs.
    pub parameters: Vec<ParameterDensity>,
    /// The footer.
    pub provenance: Provenance,
}

/// Share of the samples in each bar of `low..high`.
fn histogram(samples: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut counts = [0_u64; BARS];
    let mut all = 0_u64;
    for sample in samples.iter().filter(|s| s.is_finite()) {
        let place = ((sample - low) / (high - low) * BARS as f64).floor();
        counts[(place.max(0.0) as usize).min(BARS - 1)] += 1;
        all += 1;
    }
    counts.iter().map(|c| *c as f64 / all.max(1) as f64).collect()
}

fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = samples.iter().copied().filter(|s| s.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

impl ScoreChart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        self.drawing().render(format)
    }

    fn drawing(&self) -> Drawing {
        let shown = &self.parameters[..self.parameters.len().min(MOST_PANELS)];
        let across = columns(shown.len());
        let height = PAGE_HEIGHT.max(240.0 + shown.len().div_ceil(across) as f64 * 190.0);
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        page.set_height(height);
        if shown.iter().all(|p| median(&p.prior).is_none() && median(&p.posterior).is_none()) {
            return page.nothing("there are no samples");
        }
        if self.parameters.len() > shown.len() {
            page.note(&format!("{} further inputs are not shown.", self.parameters.len() - shown.len()));
        }
        page.note("Heights: share of samples per bar; each panel on its own scale.");
        page.legend(&[
            (Sign::Area(PRIOR), "before (prior)".to_string()),
            (Sign::Area(tint(BLUE, 0.5)), "after comparison with the record (posterior)".to_string()),
            (Sign::Upright(BLUE), "median after".to_string()),
        ]);
        let body = page.body();
        let d = &mut page.drawing;
        let tick = if across > 3 { SMALL } else { TICK };
        for (parameter, cell) in shown.iter().zip(cells(body, shown.len())) {
            let frame = Frame::new(
                cell.x0 + 8.0,
                cell.y0 + LABEL * 2.2 + 14.0,
                cell.x1 - 26.0,
                cell.y1 - tick - 18.0,
            );
            let name = if parameter.unit.is_empty() {
                parameter.label.clone()
            } else {
                format!("{}, {}", parameter.label, parameter.unit)
            };
            panel_title(d, frame.x0, cell.y0 + LABEL, &name, frame.width());
            let Some((low, high)) = range(parameter.prior.iter().chain(&parameter.posterior)) else {
                empty_panel(d, frame, "no samples");
                continue;
            };
            let medians = [median(&parameter.prior), median(&parameter.posterior)];
            let words = medians.map(|m| m.map_or_else(|| "none".to_string(), number));
            let text = format!("median {} → {}", words[0], words[1]);
            let text = fit(&text, SMALL, false, frame.width());
            d.text((frame.x0, cell.y0 + LABEL * 2.2), &text, SMALL, MUTED, Anchor::Left);
            let x = Axis::exact(low, high, frame.x0, frame.x1, if across > 3 { 5 } else { 7 });
            x_grid(d, frame, &x, tick, true);
            if !x.multiple.is_empty() {
                d.text((frame.x1, cell.y0 + LABEL * 2.2), x.multiple, SMALL, MUTED, Anchor::Right);
            }
            let before = histogram(&parameter.prior, x.low, x.high);
            let after = histogram(&parameter.posterior, x.low, x.high);
            let top = range(before.iter().chain(&after)).map_or(1.0, |(_, high)| high).max(1e-9);
            draw_bars(d, frame, &before, top, PRIOR);
            draw_bars(d, frame, &after, top, Colour(BLUE.0, BLUE.1, BLUE.2, 0.5));
            outline(d, frame, &after, top);
            if let Some(middle) = medians[1] {
                let at = x.place(middle);
                d.line(&[(at, frame.y0 - 4.0), (at, frame.y1)], 2.0, BLUE);
            }
            floor_line(d, frame);
        }
        page.finish()
    }
}

fn draw_bars(d: &mut Drawing, frame: Frame, shares: &[f64], top: f64, colour: Colour) {
    let width = frame.width() / shares.len() as f64;
    for (i, share) in shares.iter().enumerate().filter(|(_, s)| **s > 0.0) {
        let x = frame.x0 + width * i as f64;
        d.rect(Frame::new(x, frame.y1 - frame.height() * share / top, x + width - 1.0, frame.y1), colour);
    }
}

fn outline(d: &mut Drawing, frame: Frame, shares: &[f64], top: f64) {
    let width = frame.width() / shares.len() as f64;
    let mut points = Vec::new();
    for (i, share) in shares.iter().enumerate() {
        let y = frame.y1 - frame.height() * share / top;
        points.push((frame.x0 + width * i as f64, y));
        points.push((frame.x0 + width * (i + 1) as f64, y));
    }
    if shares.iter().any(|s| *s > 0.0) {
        d.line(&points, 1.6, BLUE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance, wobble};

    fn chart(count: usize) -> ScoreChart {
        let parameters = (0..count)
            .map(|i| {
                let draw = |n: usize, salt: usize, terms: usize, shift: f64| -> Vec<f64> {
                    (0..n)
                        .map(|k| {
                            let sum: f64 = (0..terms).map(|t| wobble(k * 7 + t * 7919, salt + 31 * t)).sum();
                            (10.0 + 40.0 * (sum / terms as f64 * 0.6 + shift)) * libm::exp10(i as f64 - 3.0)
                        })
                        .collect()
                };
                ParameterDensity {
                    label: [
                        "dead time of the desk",
                        "mean time of a decision",
                        "share of unlisted magnets held, a long name",
                    ][i % 3]
                        .into(),
                    unit: "d".into(),
                    prior: draw(3000, i, 1, 0.1),
                    posterior: draw(400, i + 5, 6, 0.02 * (i % 5) as f64),
                }
            })
            .collect();
        ScoreChart {
            caption: "What the record of 2025 taught (synthetic test data)".into(),
            subtitle: "Acceptance by mean absolute error of exports, April to July".into(),
            parameters,
            provenance: provenance(),
        }
    }

    #[test]
    fn scores() {
        let svg = examine("score_7", |f| chart(7).render(f));
        for text in [
            "What the record of 2025 taught",
            "dead time of the desk, d",
            "before (prior)",
            "median",
            "share of samples",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        examine("score_12", |f| chart(12).render(f));
        examine("score_1", |f| chart(1).render(f));
    }

    #[test]
    fn odd_scores() {
        assert!(examine("score_none", |f| chart(0).render(f)).contains("nothing to show"));
        let mut odd = chart(3);
        odd.parameters[0].prior.fill(f64::NAN);
        odd.parameters[0].posterior.clear();
        odd.parameters[1].prior.fill(5.0);
        odd.parameters[1].posterior = vec![5.0];
        odd.parameters[2].posterior.clear();
        assert!(examine("score_odd", |f| odd.render(f)).contains("no samples"));
        let shares = histogram(&[0.0, 0.5, 1.0, f64::NAN], 0.0, 1.0);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
