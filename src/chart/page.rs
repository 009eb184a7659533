//! The parts every chart shares: title, legend, axes, footer, and the words for an empty picture.

use super::Provenance;
use super::axis::Axis;
use super::drawing::{Anchor, Drawing, Frame, fit, text_width, wrap};
use super::theme::Colour;
use super::theme::{
    AXIS, GRID, INK, LABEL, MARGIN, MUTED, PAGE_HEIGHT, PAGE_WIDTH, SMALL, SUBTITLE, TICK, TITLE,
};

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
/// What stands at the bottom is kept apart until [`Page::finish`], so that the height may still change.
pub(super) struct Page {
    pub drawing: Drawing,
    top: f64,
    /// Lines of the foot from the bottom upwards, with their distance from the bottom.
    foot: Vec<(f64, String)>,
    foot_height: f64,
    /// Height of the footer alone, below the notes.
    footer_height: f64,
}

impl Page {
    /// A page of the usual size.
    pub fn new(caption: &str, subtitle: &str, provenance: &Provenance) -> Self {
        let footer = provenance.footer();
        let description = if subtitle.is_empty() { footer.clone() } else { format!("{subtitle}. {footer}") };
        let drawing = Drawing {
            width: PAGE_WIDTH,
            height: PAGE_HEIGHT,
            caption: caption.to_string(),
            description,
            shapes: Vec::new(),
        };
        let mut page = Self {
            drawing,
            top: MARGIN - 8.0,
            foot: Vec::new(),
            foot_height: MARGIN / 2.0,
            footer_height: 0.0,
        };
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
        page.note(&footer);
        page.foot_height += 2.0;
        page.footer_height = page.foot_height;
        page.foot_height += 8.0;
        page
    }

    /// Small text above the footer, such as what was left out of the picture.
    pub fn note(&mut self, text: &str) {
        let lines = wrap(text, SMALL, false, PAGE_WIDTH - 2.0 * MARGIN, 3);
        self.foot_height += 4.0;
        for line in lines.into_iter().rev() {
            self.foot.push((self.foot_height, line));
            self.foot_height += SMALL * 1.35;
        }
    }

    /// Changes the height of the page.
    pub fn set_height(&mut self, height: f64) {
        self.drawing.height = height;
    }

    /// Makes the page as high as `rows` of rows need, each at least `least` high, beside `other` for axes:
    /// short for few rows, taller than usual only for very many.
    pub fn fit_rows(&mut self, rows: usize, least: f64, other: f64) {
        let (rows, taken) = (rows as f64, self.top + self.foot_height + other);
        self.set_height((taken + rows * 44.0).min(PAGE_HEIGHT).max(taken + rows * least).max(360.0));
    }

    /// The finished picture, with notes and footer at the bottom.
    pub fn finish(mut self) -> Drawing {
        let height = self.drawing.height;
        for (above, line) in &self.foot {
            self.drawing.text((MARGIN, height - above), line, SMALL, MUTED, Anchor::Left);
        }
        // A thin rule sets the footer off from the notes.
        let rule = height - self.footer_height;
        self.drawing.line(&[(MARGIN, rule), (PAGE_WIDTH - MARGIN, rule)], 1.0, GRID);
        self.drawing
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
        let bottom = (self.drawing.height - self.foot_height).max(self.top + 50.0);
        Frame::new(MARGIN, self.top, PAGE_WIDTH - MARGIN, bottom)
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
        self.finish()
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

/// How far a label may stand out to the right of its frame, where the next panel or a legend begins.
const OVERHANG: f64 = 24.0;

/// Vertical grid lines with labels below `frame`; labels that would touch are left out, and one that would
/// stand out too far moves in a little.
pub(super) fn x_grid(d: &mut Drawing, frame: Frame, axis: &Axis, size: f64, labels: bool) {
    let mut taken = f64::NEG_INFINITY;
    for tick in &axis.ticks {
        let x = axis.place(tick.value);
        d.line(&[(x, frame.y0), (x, frame.y1)], 1.0, GRID);
        let half = text_width(&tick.label, size, false) / 2.0;
        if labels {
            d.line(&[(x, frame.y1), (x, frame.y1 + 5.0)], 1.0, AXIS);
            let middle = x.min(frame.x1 + OVERHANG - half);
            if middle - half > taken && x - middle <= half {
                d.text((middle, frame.y1 + 8.0 + size), &tick.label, size, INK, Anchor::Centre);
                taken = middle + half + size * 0.4;
            }
        }
    }
}

/// Line along the foot of a frame.
pub(super) fn floor_line(d: &mut Drawing, frame: Frame) {
    d.line(&[(frame.x0, frame.y1), (frame.x1, frame.y1)], 1.3, AXIS);
}

/// Smallest size of a panel's title relative to its usual one.
const SMALLEST_TITLE: f64 = 0.7;

/// Size in which the titles of panels are broken in two lines rather than made smaller still.
const BROKEN_TITLE: f64 = 0.8;

/// Titles of the panels of one picture: all in one size, so that no panel looks more important than another.
pub(super) struct Titles {
    size: f64,
    /// Lines of each title.
    lines: Vec<Vec<String>>,
}

impl Titles {
    /// The largest size in which all `names` fit; where even a small one is too large, two lines.
    pub fn new(names: &[String], width: f64) -> Self {
        let widest = names.iter().map(|name| text_width(name, LABEL, true)).fold(1.0, f64::max);
        let size = (LABEL * width / widest * 0.999).clamp(BROKEN_TITLE * LABEL, LABEL);
        Self { size, lines: names.iter().map(|name| wrap(name, size, true, width, 2)).collect() }
    }

    /// Height from the top of the first line to the last baseline.
    pub fn height(&self) -> f64 {
        let most = self.lines.iter().map(Vec::len).max().unwrap_or(0);
        if most == 0 { 0.0 } else { LABEL + (most - 1) as f64 * self.size * 1.15 }
    }

    /// Draws the title of panel `index` with its last baseline at `y`.
    pub fn draw(&self, d: &mut Drawing, index: usize, x: f64, y: f64) {
        for (above, line) in self.lines.get(index).into_iter().flatten().rev().enumerate() {
            d.bold((x, y - above as f64 * self.size * 1.15), line, self.size, INK, Anchor::Left);
        }
    }
}

/// Title above a panel.
pub(super) fn panel_title(d: &mut Drawing, x: f64, y: f64, text: &str, width: f64) {
    // A long name is set smaller before it is cut; a hair smaller than fits, or rounding would cut it.
    let size = (LABEL * width / text_width(text, LABEL, true) * 0.999).clamp(SMALLEST_TITLE * LABEL, LABEL);
    let text = fit(text, size, true, width);
    d.bold((x, y), &text, size, INK, Anchor::Left);
}

/// "Nothing to show" inside one panel.
pub(super) fn empty_panel(d: &mut Drawing, frame: Frame, why: &str) {
    d.rect(frame, super::theme::ZERO);
    let text = fit(&format!("nothing to show: {why}"), TICK, false, frame.width() - 16.0);
    d.text((frame.centre_x(), frame.centre_y()), &text, TICK, MUTED, Anchor::Centre);
}

/// Columns of a grid of `count` panels on a wide page.
pub(super) fn columns(count: usize) -> usize {
    match count {
        0..=3 => count.max(1),
        4 => 2,
        5 | 6 | 9 => 3,
        7 | 8 | 10..=16 => 4,
        _ => 5,
    }
}

/// A grid of `count` equal cells in `body`, row by row.
pub(super) fn cells(body: Frame, count: usize) -> Vec<Frame> {
    let across = columns(count);
    let down = count.div_ceil(across).max(1);
    let (width, height) = (body.width() / across as f64, body.height() / down as f64);
    (0..count)
        .map(|i| {
            let (x, y) = (body.x0 + (i % across) as f64 * width, body.y0 + (i / across) as f64 * height);
            Frame::new(x, y, x + width, y + height)
        })
        .collect()
}

/// An upright colour bar for a share of `top`, with its title above; needs about 120 units to the right of x.
pub(super) fn colour_bar(d: &mut Drawing, frame: Frame, top: f64, title: &[String]) {
    let mut y = frame.y0 + SMALL;
    for line in title {
        d.text((frame.x0, y), line, SMALL, INK, Anchor::Left);
        y += SMALL * 1.3;
    }
    let zero = 18.0;
    let bar = Frame::new(frame.x0, y, frame.x0 + 26.0, frame.y1 - zero - 6.0);
    let steps = 64;
    for i in 0..steps {
        let at = |k: usize| bar.y1 - bar.height() * k as f64 / f64::from(steps as u32);
        let share = (i as f64 + 0.5) / f64::from(steps as u32);
        d.rect(Frame::new(bar.x0, at(i + 1), bar.x1, at(i)), super::theme::sequential(share));
    }
    let axis = Axis::exact(0.0, top, bar.y1, bar.y0, 5);
    for tick in axis.ticks.iter().filter(|t| t.value > 0.0) {
        let y = axis.place(tick.value);
        d.line(&[(bar.x1, y), (bar.x1 + 5.0, y)], 1.0, AXIS);
        d.text((bar.x1 + 9.0, y + SMALL * 0.36), &tick.label, SMALL, INK, Anchor::Left);
    }
    let none = Frame::new(bar.x0, frame.y1 - zero, bar.x1, frame.y1);
    d.rect(none, super::theme::ZERO);
    d.text((bar.x1 + 9.0, none.centre_y() + SMALL * 0.36), "0", SMALL, INK, Anchor::Left);
}
