//! The parts every chart shares: title, legend, axes, footer, and the words for an empty picture.

use super::Provenance;
use super::axis::Axis;
use super::drawing::{Anchor, Drawing, Frame, fit, text_width, wrap};
use super::theme::{
    AXIS, GRID, INK, LABEL, MARGIN, MUTED, PAGE_HEIGHT, PAGE_WIDTH, SMALL, SUBTITLE, TICK, TITLE,
};
use plotters::style::RGBAColor as Colour;

/// The sign beside a legend entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sign {
    /// Filled area.
    Area(Colour),
    /// Solid line.
    Line(Colour),
    /// Dashed line.
    Dashed(Colour),
    /// Dot.
    Dot(Colour),
    /// Upright thin line.
    Upright(Colour),
}

/// A page being filled from both ends: title and legend from the top, notes and footer from the bottom.
pub(super) struct Page {
    pub drawing: Drawing,
    top: f64,
    bottom: f64,
}

impl Page {
    /// A page of the usual size.
    pub fn new(caption: &str, subtitle: &str, provenance: &Provenance) -> Self {
        Self::tall(caption, subtitle, provenance, PAGE_HEIGHT)
    }

    /// A page of the given height.
    pub fn tall(caption: &str, subtitle: &str, provenance: &Provenance, height: f64) -> Self {
        let footer = provenance.footer();
        let description = if subtitle.is_empty() { footer.clone() } else { format!("{subtitle}. {footer}") };
        let drawing = Drawing {
            width: PAGE_WIDTH,
            height,
            caption: caption.to_string(),
            description,
            shapes: Vec::new(),
        };
        let mut page = Self { drawing, top: MARGIN - 8.0, bottom: height - MARGIN / 2.0 };
        let width = PAGE_WIDTH - 2.0 * MARGIN;
        for line in wrap(caption, TITLE, true, width, 2) {
            page.top += TITLE;
            page.drawing.bold((MARGIN, page.top), &line, TITLE, INK, Anchor::Left);
            page.top += TITLE * 0.25;
        }
        for line in wrap(subtitle, SUBTITLE, false, width, 3) {
            page.top += SUBTITLE + 3.0;
            page.drawing.text((MARGIN, page.top), &line, SUBTITLE, MUTED, Anchor::Left);
            page.top += SUBTITLE * 0.2;
        }
        page.top += 10.0;
        page.note_block(&footer, 3);
        let rule = page.bottom + 2.0;
        page.drawing.line(&[(MARGIN, rule), (PAGE_WIDTH - MARGIN, rule)], 1.0, GRID);
        page.bottom -= 8.0;
        page
    }

    /// Small text above the footer, such as what was left out of the picture.
    pub fn note(&mut self, text: &str) {
        self.note_block(text, 3);
    }

    fn note_block(&mut self, text: &str, most: usize) {
        let lines = wrap(text, SMALL, false, PAGE_WIDTH - 2.0 * MARGIN, most);
        let step = SMALL * 1.35;
        let mut y = self.bottom - step * (lines.len().max(1) - 1) as f64 - 4.0;
        self.bottom = y - SMALL * 1.3;
        for line in &lines {
            self.drawing.text((MARGIN, y), line, SMALL, MUTED, Anchor::Left);
            y += step;
        }
    }

    /// Legend entries in a row, wrapped where they must be.
    pub fn legend(&mut self, entries: &[(Sign, String)]) {
        if entries.is_empty() {
            return;
        }
        let (sign_width, gap, right) = (44.0, 34.0, PAGE_WIDTH - MARGIN);
        let mut x = MARGIN;
        self.top += LABEL;
        for (sign, label) in entries {
            let label = fit(label, LABEL, false, right - MARGIN - sign_width);
            let width = sign_width + 10.0 + text_width(&label, LABEL, false);
            if x + width > right && x > MARGIN {
                x = MARGIN;
                self.top += LABEL * 1.5;
            }
            let middle = self.top - LABEL * 0.36;
            let (end, half) = (x + sign_width, LABEL * 0.42);
            let d = &mut self.drawing;
            match *sign {
                Sign::Area(colour) => d.rect(Frame::new(x, middle - half, end, middle + half), colour),
                Sign::Line(colour) => d.line(&[(x, middle), (end, middle)], 3.5, colour),
                Sign::Dashed(colour) => d.dashed(&[(x, middle), (end, middle)], 2.5, colour, 9.0, 6.0),
                Sign::Dot(colour) => d.dot(x + sign_width / 2.0, middle, 6.0, colour),
                Sign::Upright(colour) => {
                    let centre = x + sign_width / 2.0;
                    d.line(&[(centre, middle - half), (centre, middle + half)], 2.0, colour);
                }
            }
            d.text((end + 10.0, self.top), &label, LABEL, INK, Anchor::Left);
            x += width + gap;
        }
        self.top += 14.0;
    }

    /// What is left between top and bottom.
    pub fn body(&self) -> Frame {
        Frame::new(MARGIN, self.top, PAGE_WIDTH - MARGIN, self.bottom.max(self.top + 50.0))
    }

    /// Says plainly that the picture is empty, and why.
    pub fn nothing(mut self, why: &str) -> Drawing {
        let body = self.body();
        self.drawing.rect(body, super::theme::ZERO);
        let text = format!("nothing to show: {why}");
        let lines = wrap(&text, SUBTITLE, false, body.width() - 100.0, 4);
        let mut y = body.centre_y() - (lines.len() as f64 - 1.0) * SUBTITLE * 0.7;
        for line in lines {
            self.drawing.text((body.centre_x(), y), &line, SUBTITLE, INK, Anchor::Centre);
            y += SUBTITLE * 1.4;
        }
        self.drawing
    }
}

/// Width the labels of an upright axis need.
pub(super) fn label_width(axis: &Axis, size: f64) -> f64 {
    axis.ticks.iter().map(|t| text_width(&t.label, size, false)).fold(0.0, f64::max)
}

/// Horizontal grid lines with labels on the left of `frame`.
pub(super) fn y_grid(d: &mut Drawing, frame: Frame, axis: &Axis, size: f64, labels: bool) {
    for tick in &axis.ticks {
        let y = axis.place(tick.value);
        d.line(&[(frame.x0, y), (frame.x1, y)], 1.0, GRID);
        if labels {
            d.text((frame.x0 - 8.0, y + size * 0.36), &tick.label, size, INK, Anchor::Right);
        }
    }
}

/// Vertical grid lines with labels below `frame`; labels that would touch are left out.
pub(super) fn x_grid(d: &mut Drawing, frame: Frame, axis: &Axis, size: f64, labels: bool) {
    let mut taken = f64::NEG_INFINITY;
    for tick in &axis.ticks {
        let x = axis.place(tick.value);
        d.line(&[(x, frame.y0), (x, frame.y1)], 1.0, GRID);
        let half = text_width(&tick.label, size, false) / 2.0;
        if labels {
            d.line(&[(x, frame.y1), (x, frame.y1 + 5.0)], 1.0, AXIS);
            if x - half > taken {
                d.text((x, frame.y1 + 8.0 + size), &tick.label, size, INK, Anchor::Centre);
                taken = x + half + size * 0.4;
            }
        }
    }
}

/// Line along the foot of a frame.
pub(super) fn floor_line(d: &mut Drawing, frame: Frame) {
    d.line(&[(frame.x0, frame.y1), (frame.x1, frame.y1)], 1.3, AXIS);
}

/// Title above a panel.
pub(super) fn panel_title(d: &mut Drawing, x: f64, y: f64, text: &str, width: f64) {
    let text = fit(text, LABEL, true, width);
    d.bold((x, y), &text, LABEL, INK, Anchor::Left);
}

/// "Nothing to show" inside one panel.
pub(super) fn empty_panel(d: &mut Drawing, frame: Frame, why: &str) {
    d.rect(frame, super::theme::ZERO);
    let text = fit(&format!("nothing to show: {why}"), TICK, false, frame.width() - 16.0);
    d.text((frame.centre_x(), frame.centre_y()), &text, TICK, MUTED, Anchor::Centre);
}
