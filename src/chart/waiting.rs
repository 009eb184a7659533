//! Waiting times for a licence, by class: the share approved, and the share rejected, within so many days.

use super::axis::{Axis, whole};
use super::drawing::{Anchor, Drawing, Frame, fit};
use super::page::{
    Page, Sign, cells, columns, empty_panel, floor_line, label_width, panel_title, x_grid, y_grid,
};
use super::theme::{BLUE, Colour, LABEL, MUTED, SMALL, TICK, VERMILLION};
use super::{Format, Provenance};
use crate::error::Error;

/// Other classes, in the background of each panel.
const FAINT: Colour = Colour(205, 209, 214, 1.0);

/// The applications of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingClass {
    /// Name of the class.
    pub label: String,
    /// How many were approved after 0, 1, 2 … days.
    pub approved: Vec<u64>,
    /// How many were rejected after so many days.
    pub rejected: Vec<u64>,
    /// How many had waited so many days when the simulation ended, and had not heard.
    pub open: Vec<u64>,
}

/// Distribution of waiting times by class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingChart {
    /// Title of the picture.
    pub caption: String,
    /// A line under the title; may be empty.
    pub subtitle: String,
    /// The classes, at most sixteen of them drawn.
    pub classes: Vec<WaitingClass>,
    /// The footer.
    pub provenance: Provenance,
}

impl WaitingClass {
    fn all(&self) -> f64 {
        self.approved.iter().chain(&self.rejected).chain(&self.open).map(|count| *count as f64).sum()
    }

    /// Shares approved and rejected by the end of each day, 0 to 100.
    ///
    /// The estimator of Aalen and Johansen: open cases count among those who wait until the age they have
    /// reached and then leave unheard. Without rejections it is that of Kaplan and Meier. Counting open cases
    /// as undecided for ever would make a desk look slow because it got many applications lately.
    fn shares(&self) -> Vec<(f64, f64)> {
        let days = [&self.approved, &self.rejected, &self.open].map(Vec::len).into_iter().max().unwrap_or(0);
        let on = |list: &[u64], day: usize| list.get(day).map_or(0.0, |count| *count as f64);
        let (mut waiting, mut unheard) = (self.all(), 1.0);
        let (mut approved, mut rejected) = (0.0, 0.0);
        let of_day = |day| {
            if waiting > 0.0 {
                let (yes, no) = (on(&self.approved, day), on(&self.rejected, day));
                approved += unheard * yes / waiting;
                rejected += unheard * no / waiting;
                unheard *= 1.0 - (yes + no) / waiting;
                waiting -= yes + no + on(&self.open, day);
            }
            (100.0 * approved, 100.0 * rejected)
        };
        (0..days).map(of_day).collect()
    }

    /// First day by which `share` per cent are approved.
    fn day_of(&self, share: f64) -> Option<usize> {
        self.shares().iter().position(|(approved, _)| *approved >= share - 1e-9)
    }

    /// What became of the class, in a few words.
    fn in_words(&self) -> String {
        let median = self.day_of(50.0).map_or_else(
            || "fewer than half approved".to_string(),
            |day| format!("half approved after {} d", whole(day as f64)),
        );
        let rejected = self.shares().last().map_or(0.0, |(_, rejected)| *rejected);
        if rejected < 0.05 {
            return median;
        }
        format!("{median}; {} % rejected", super::axis::number((rejected * 10.0).round() / 10.0))
    }
}

impl WaitingChart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::Chart`] when the picture cannot be encoded.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        self.drawing().render(format)
    }

    fn drawing(&self) -> Drawing {
        let mut page = Page::new(&self.caption, &self.subtitle, &self.provenance);
        let shown = &self.classes[..self.classes.len().min(16)];
        if shown.iter().all(|c| c.all() <= 0.0) {
            return page.nothing("nobody applied for a licence");
        }
        if self.classes.len() > shown.len() {
            page.note(&format!("{} further classes are not shown.", self.classes.len() - shown.len()));
        }
        let mut legend = vec![(Sign::Line(BLUE), "approved within so many days".to_string())];
        if shown.iter().any(|class| class.rejected.iter().any(|count| *count > 0)) {
            legend.push((Sign::Line(VERMILLION), "rejected".to_string()));
        }
        if shown.len() > 1 {
            legend.push((Sign::Line(FAINT), "the other classes".to_string()));
        }
        legend.push((Sign::Dashed(MUTED), "half of all applications".to_string()));
        page.legend(&legend);
        let mut body = page.body();
        let d = &mut page.drawing;
        d.text((body.x0, body.y0 + LABEL), "% of all applications", LABEL, MUTED, Anchor::Left);
        body.y0 += LABEL + 18.0;
        d.text((body.centre_x(), body.y1), "days since the application", LABEL, MUTED, Anchor::Centre);
        body.y1 -= LABEL + 8.0;
        let small = columns(shown.len()) > 3;
        let tick = if small { SMALL } else { TICK };
        // A long tail would squeeze the part that matters: end where almost all that will be is decided.
        let last = shown
            .iter()
            .filter_map(|class| {
                let shares = class.shares();
                let (approved, rejected) = *shares.last()?;
                shares.iter().position(|(yes, no)| yes + no >= (approved + rejected) * 0.995)
            })
            .max()
            .unwrap_or(0);
        let labels = label_width(&Axis::with_step(0.0, 100.0, 25.0, 1.0, 0.0), tick) + 12.0;
        for (i, (class, cell)) in shown.iter().zip(cells(body, shown.len())).enumerate() {
            let frame = Frame::new(
                cell.x0 + labels,
                cell.y0 + LABEL * 2.3 + 14.0,
                cell.x1 - 26.0,
                cell.y1 - tick - 16.0,
            );
            panel_title(d, frame.x0, cell.y0 + LABEL, &class.label, frame.width());
            if class.all() <= 0.0 {
                empty_panel(d, frame, "no applications");
                continue;
            }
            let text = class.in_words();
            let text = fit(&text, SMALL, false, frame.width());
            d.text((frame.x0, cell.y0 + LABEL * 2.2), &text, SMALL, MUTED, Anchor::Left);
            let x = Axis::linear(0.0, last.max(5) as f64, frame.x0, frame.x1, if small { 3 } else { 6 });
            let y = Axis::with_step(0.0, 100.0, 25.0, frame.y1, frame.y0);
            x_grid(d, frame, &x, tick, true);
            y_grid(d, frame, &y, tick, true);
            let half = y.place(50.0);
            d.dashed(&[(frame.x0, half), (frame.x1, half)], 1.5, MUTED, 7.0, 6.0);
            for (k, other) in shown.iter().enumerate() {
                if k != i && other.all() > 0.0 {
                    d.line(&stairs(other, false, &x, &y), 1.6, FAINT);
                }
            }
            if class.rejected.iter().any(|count| *count > 0) {
                d.line(&stairs(class, true, &x, &y), 3.2, VERMILLION);
            }
            d.line(&stairs(class, false, &x, &y), 3.2, BLUE);
            if let Some(day) = class.day_of(50.0) {
                d.dot(x.place(day as f64), half, 5.0, BLUE);
            }
            floor_line(d, frame);
        }
        page.finish()
    }
}

/// Days narrower than this, in page units, are joined by a line: steps that small only look rough.
const NARROWEST_STAIR: f64 = 6.0;

fn stairs(class: &WaitingClass, rejected: bool, x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    let mut points = vec![(x.place(0.0), y.place(0.0))];
    let mut height = y.place(0.0);
    let stepped = x.place(1.0) - x.place(0.0) >= NARROWEST_STAIR;
    for (day, (approved, refused)) in class.shares().iter().enumerate() {
        let share = if rejected { refused } else { approved };
        if day as f64 > x.high {
            break;
        }
        if stepped {
            points.push((x.place(day as f64), height));
        }
        height = y.place(*share);
        points.push((x.place(day as f64), height));
    }
    // Beyond the longest wait that is known nothing is.
    let known = class.shares().len().saturating_sub(1) as f64;
    points.push((x.place(known.min(x.high)), height));
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::{examine, provenance};

    fn chart(count: usize) -> WaitingChart {
        let classes = (0..count)
            .map(|i| WaitingClass {
                label: [
                    "Civil, general licence",
                    "Civil, first application",
                    "Dual use, a class with a long name",
                    "Unlisted magnets held",
                ][i % 4]
                    .into(),
                approved: (0..200_u32)
                    .map(|day| {
                        let z = (f64::from(day) - 20.0 - 12.0 * i as f64) / (8.0 + 3.0 * i as f64);
                        (1000.0 * libm::exp(-z * z / 2.0)) as u64
                    })
                    .collect(),
                rejected: vec![10 * i as u64; 100],
                open: vec![30 * i as u64; 100],
            })
            .collect();
        WaitingChart {
            caption: "How long applications wait (synthetic test data)".into(),
            subtitle: "All applications of all runs".into(),
            classes,
            provenance: provenance(),
        }
    }

    #[test]
    fn waiting_times() {
        let svg = examine("waiting_4", |f| chart(4).render(f));
        for text in [
            "How long applications wait",
            "days since the application",
            "half approved after 20 d",
            "% rejected",
            "other classes",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        examine("waiting_1", |f| chart(1).render(f));
        examine("waiting_12", |f| chart(12).render(f));
    }

    #[test]
    fn open_cases_neither_slow_the_curve_nor_are_rejections_good_service() {
        let class = |approved: &[u64], rejected: &[u64], open: &[u64]| WaitingClass {
            label: String::new(),
            approved: approved.to_vec(),
            rejected: rejected.to_vec(),
            open: open.to_vec(),
        };
        // Textbook case: 4 of 10 approved on day 1, 3 leave unheard on day 1, 1 of the 3 left approved on day 2.
        let shares = class(&[0, 4, 1], &[], &[0, 3, 2]).shares();
        assert!((shares[1].0 - 40.0).abs() < 1e-9 && (shares[2].0 - (40.0 + 60.0 / 3.0)).abs() < 1e-9);
        let refused = class(&[], &[8], &[]);
        assert_eq!((refused.shares()[0], refused.day_of(50.0)), ((0.0, 100.0), None));
        assert_eq!(refused.in_words(), "fewer than half approved; 100 % rejected");
    }

    #[test]
    fn odd_waiting_times() {
        assert!(examine("waiting_none", |f| chart(0).render(f)).contains("nothing to show"));
        let mut odd = chart(3);
        odd.classes[0] = WaitingClass { label: "nobody".into(), ..WaitingClass::default() };
        odd.classes[1] = WaitingClass { rejected: vec![5], ..WaitingClass::default() };
        odd.classes[2] = WaitingClass { open: vec![0, 7], ..WaitingClass::default() };
        let svg = examine("waiting_odd", |f| odd.render(f));
        assert!(svg.contains("no applications") && svg.contains("fewer than half"));
    }
}
