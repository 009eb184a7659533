//! Exceedance curves: how probable it is that the loss is larger than x.

use super::axis::{Axis, number};
use super::drawing::{Anchor, Drawing, Frame, fit};
use super::page::{Page, Sign, floor_line, label_width, x_grid, y_grid};
use super::theme::{INK, LABEL, MUTED, SMALL, TICK, category, tint};
use super::{Format, Provenance};
use crate::error::Error;

/// Steps kept of a curve: more cannot be told apart on the page.
const MOST_STEPS: usize = 600;

/// One scenario's losses.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExceedanceCurve {
    /// Name of the scenario.
    pub label: String,
    /// The loss of every run, in any order.
    pub losses: Vec<f64>,
}

/// Exceedance curves of one or several scenarios, with 95 % pointwise confidence bands (Wilson).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExceedanceChart {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// What is lost, with the unit, e.g. "vehicles not built".
    pub quantity: String,
    /// The scenarios, at most seven of them drawn.
    pub curves: Vec<ExceedanceCurve>,
    /// The footer.
    pub provenance: Provenance,
}

/// A point of a curve: loss, share of runs above it, and the confidence interval of that share.
struct Step {
    loss: f64,
    share: f64,
    low: f64,
    high: f64,
}

/// Wilson's score interval at 95 % for `hits` of `runs`.
fn wilson(hits: f64, runs: f64) -> (f64, f64) {
    let z = 1.959_963_984_540_054;
    let (p, z2) = (hits / runs, z * z / runs);
    let centre = (p + z2 / 2.0) / (1.0 + z2);
    let half = z * (p * (1.0 - p) / runs + z2 / (4.0 * runs)).sqrt() / (1.0 + z2);
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

impl ExceedanceCurve {
    fn sorted(&self) -> Vec<f64> {
        let mut losses: Vec<f64> = self.losses.iter().copied().filter(|l| l.is_finite()).collect();
        losses.sort_by(f64::total_cmp);
        losses
    }
}

/// The share of runs above each loss, at up to [`MOST_STEPS`] losses.
fn steps(sorted: &[f64]) -> Vec<Step> {
    let runs = sorted.len();
    let every = runs.div_ceil(MOST_STEPS).max(1);
    let mut found: Vec<Step> = Vec::new();
    // Thinning keeps the tail whole: the last runs are the ones the chart is about.
    for i in (0..runs).filter(|i| i % every == 0 || i + 50 >= runs) {
        let above = runs - sorted.partition_point(|l| *l <= sorted[i]);
        if found.last().is_none_or(|s| sorted[i] > s.loss) {
            let (low, high) = wilson(above as f64, runs as f64);
            found.push(Step { loss: sorted[i], share: above as f64 / runs as f64, low, high });
        }
    }
    found
}

/// The loss that this share of the runs exceeds, as the summary has it: between two order statistics.
fn exceeded_by(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() - 1) as f64 * (1.0 - share).clamp(0.0, 1.0);
    let below = (rank as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (rank - below as f64) * (sorted[above] - sorted[below])
}

impl ExceedanceChart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        self.drawing().render(format)
    }

    fn drawing(&self) -> Drawing {
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        let curves: Vec<(&str, Vec<f64>)> = self
            .curves
            .iter()
            .map(|c| (c.label.as_str(), c.sorted()))
            .filter(|(_, losses)| !losses.is_empty())
            .take(7)
            .collect();
        if curves.is_empty() {
            return page.nothing("there is no run with a finite loss");
        }
        let largest = curves.iter().filter_map(|(_, l)| l.last()).fold(0.0_f64, |a, b| a.max(*b));
        if largest <= 0.0 {
            return page.nothing("no run of any scenario loses anything");
        }
        // Logarithmic when the middle of the losses lies far below the largest.
        let mut positive: Vec<f64> =
            curves.iter().flat_map(|(_, l)| l.iter().copied()).filter(|l| *l > 0.0).collect();
        positive.sort_by(f64::total_cmp);
        let low = positive[positive.len() / 50];
        let log = positive[positive.len() / 2] * 10.0 < largest && low * 100.0 < largest;

        if self.curves.len() > curves.len() {
            page.note(&format!(
                "{} scenarios without runs, or beyond seven, are not shown.",
                self.curves.len() - curves.len()
            ));
        }
        let entries: Vec<(Sign, String)> = curves
            .iter()
            .enumerate()
            .map(|(i, (label, losses))| {
                let free = losses.iter().filter(|l| **l <= 0.0).count() as f64 / losses.len() as f64;
                let mut words = vec![
                    format!("{label}: median {}", number(exceeded_by(losses, 0.5))),
                    format!("exceeded in 5 % of runs {}", number(exceeded_by(losses, 0.05))),
                ];
                if free > 0.0 {
                    words.push(format!("no loss in {} %", number((free * 1000.0).round() / 10.0)));
                }
                if losses.len() < 200 {
                    words.push(format!(
                        "only {} run{}",
                        losses.len(),
                        if losses.len() == 1 { "" } else { "s" }
                    ));
                }
                (Sign::Line(category(i)), words.join(", "))
            })
            .collect();
        page.legend(&entries);
        page.legend(&[
            match curves.len() {
                1 => (Sign::Area(tint(category(0), 0.25)), "95 % confidence band of the curve".to_string()),
                _ => (
                    Sign::Area(tint(MUTED, 0.3)),
                    "95 % confidence band of each curve, in its colour".to_string(),
                ),
            },
            (Sign::Dashed(MUTED), "median, and exceeded in 5 % of runs".to_string()),
        ]);
        let body = page.body();
        let d = &mut page.drawing;
        let top = body.y0 + LABEL + 18.0;
        d.text((body.x0, body.y0 + LABEL), "probability of losing more, %", LABEL, MUTED, Anchor::Left);
        let bottom = body.y1 - TICK - LABEL - 30.0;
        let y = Axis::with_step(0.0, 100.0, 20.0, bottom, top);
        let frame = Frame::new(body.x0 + label_width(&y, TICK) + 12.0, top, body.x1 - 30.0, bottom);
        let x = if log {
            Axis::logarithmic(low, largest, frame.x0, frame.x1)
        } else {
            Axis::linear(0.0, largest, frame.x0, frame.x1, 8)
        };
        x_grid(d, frame, &x, TICK, true);
        y_grid(d, frame, &y, TICK, true);
        let unit = x.multiple;
        let scale = if log { ", logarithmic scale" } else { "" };
        let name = match unit {
            "" => format!("{}{scale}", self.quantity),
            unit => format!("{} ({unit}){scale}", self.quantity),
        };
        let name = fit(&name, LABEL, false, frame.width());
        d.text((frame.centre_x(), frame.y1 + TICK + LABEL + 18.0), &name, LABEL, INK, Anchor::Centre);
        for (i, (_, losses)) in curves.iter().enumerate() {
            // Transparent, as bands of scenarios lie over each other.
            let faint = plotters::style::RGBAColor(category(i).0, category(i).1, category(i).2, 0.22);
            draw_curve(d, losses, &x, &y, category(i), faint);
        }
        for (share, label) in [(0.5, "median"), (0.05, "5 %")] {
            let at = y.place(share * 100.0);
            d.dashed(&[(frame.x0, at), (frame.x1, at)], 1.6, MUTED, 7.0, 6.0);
            d.text((frame.x1, at - 6.0), label, SMALL, MUTED, Anchor::Right);
            for (i, (_, losses)) in curves.iter().enumerate() {
                d.dot(x.place(exceeded_by(losses, share)), at, 6.0, category(i));
            }
        }
        floor_line(d, frame);
        page.finish()
    }
}

fn draw_curve(
    d: &mut Drawing,
    sorted: &[f64],
    x: &Axis,
    y: &Axis,
    colour: plotters::style::RGBAColor,
    faint: plotters::style::RGBAColor,
) {
    let (steps, runs) = (steps(sorted), sorted.len() as f64);
    // A staircase: between two losses of the sample the share does not change.
    let stairs = |value: &dyn Fn(&Step) -> f64, start: f64| -> Vec<(f64, f64)> {
        let mut points = vec![(x.place(x.low), y.place(start * 100.0))];
        for step in &steps {
            let at = x.place(step.loss);
            let before = points[points.len() - 1].1;
            points.push((at, before));
            points.push((at, y.place(value(step) * 100.0)));
        }
        points
    };
    d.between(&stairs(&|s| s.low, wilson(runs, runs).0), &stairs(&|s| s.high, 1.0), faint);
    d.line(&stairs(&|s| s.share, 1.0), 3.0, colour);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance, wobble};

    fn chart(curves: Vec<ExceedanceCurve>) -> ExceedanceChart {
        ExceedanceChart {
            caption: "Vehicles lost, and how surely (synthetic test data)".into(),
            subtitle: "World, twelve months from April 2025".into(),
            quantity: "vehicles not built".into(),
            curves,
            provenance: provenance(),
        }
    }

    fn curve(label: &str, runs: usize, level: f64, spread: f64, none: f64) -> ExceedanceCurve {
        let losses = (0..runs)
            .map(|i| {
                let normal = (0..6).map(|k| wobble(i, k * 17 + 1)).sum::<f64>() - 3.0;
                if wobble(i, 99) < none { 0.0 } else { level * libm::exp(spread * normal) }
            })
            .collect();
        ExceedanceCurve { label: label.into(), losses }
    }

    #[test]
    fn exceedance_of_several_scenarios() {
        let curves = vec![
            curve("As announced", 3000, 320_000.0, 0.5, 0.0),
            curve("General licences from the start", 300, 90_000.0, 0.7, 0.2),
            curve(
                "A name of a scenario that goes on and on about everything it changes",
                3000,
                600_000.0,
                0.4,
                0.0,
            ),
        ];
        let svg = examine("exceedance_3", |f| chart(curves.clone()).render(f));
        for text in [
            "Vehicles lost",
            "vehicles not built",
            "As announced: median",
            "no loss in",
            "probability of losing more",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        let svg = examine("exceedance_log", |f| chart(vec![curve("wide", 2000, 1000.0, 4.0, 0.1)]).render(f));
        assert!(svg.contains("logarithmic"));
    }

    #[test]
    fn exceedance_of_odd_inputs() {
        assert!(examine("exceedance_none", |f| chart(vec![]).render(f)).contains("nothing to show"));
        let with =
            |losses: &[f64]| chart(vec![ExceedanceCurve { label: "x".into(), losses: losses.to_vec() }]);
        assert!(examine("exceedance_zero", |f| with(&[0.0; 9]).render(f)).contains("loses anything"));
        assert!(examine("exceedance_nan", |f| with(&[f64::NAN; 9]).render(f)).contains("nothing to show"));
        examine("exceedance_one_run", |f| with(&[1234.0]).render(f));
        examine("exceedance_small", |f| with(&[0.001, 0.0012, 0.0007, -0.001]).render(f));
    }

    #[test]
    fn quantiles_of_a_known_sample() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        // Ranks 94.05 and 49.5 of 0 to 99.
        assert!((exceeded_by(&sorted, 0.05) - 95.05).abs() < 1e-9);
        assert!((exceeded_by(&sorted, 0.5) - 50.5).abs() < 1e-12);
        let (low, high) = wilson(50.0, 100.0);
        assert!((low - 0.4038).abs() < 1e-4 && (high - 0.5962).abs() < 1e-4);
    }
}
