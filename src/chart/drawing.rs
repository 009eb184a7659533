//! A picture as a list of shapes in page coordinates: what all charts produce and all formats are made of.

use super::paint;
use super::theme::Colour;

/// Where the given x of a text lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Centre,
    Right,
}

/// One line of text; `y` is its baseline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub x: f64,
    pub y: f64,
    pub words: String,
    pub size: f64,
    pub bold: bool,
    pub colour: Colour,
    pub anchor: Anchor,
}

/// Something to draw.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Line { points: Vec<(f64, f64)>, width: f64, colour: Colour },
    Area { points: Vec<(f64, f64)>, colour: Colour },
    Rect { frame: Frame, colour: Colour },
    Dot { x: f64, y: f64, radius: f64, colour: Colour },
    Text(Text),
}

/// A rectangle on the page, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Frame {
    pub fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self { x0, y0, x1, y1 }
    }
    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }
    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }
    pub fn centre_x(&self) -> f64 {
        f64::midpoint(self.x0, self.x1)
    }
    pub fn centre_y(&self) -> f64 {
        f64::midpoint(self.y0, self.y1)
    }
}

/// A finished picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    pub width: f64,
    pub height: f64,
    /// Title for screen readers.
    pub caption: String,
    /// Description for screen readers.
    pub description: String,
    pub shapes: Vec<Shape>,
}

impl Drawing {
    /// A line through `points`; the points that are not finite split it.
    pub fn line(&mut self, points: &[(f64, f64)], width: f64, colour: Colour) {
        for run in points.split(|(x, y)| !(x.is_finite() && y.is_finite())) {
            if run.len() > 1 {
                self.shapes.push(Shape::Line { points: run.to_vec(), width, colour });
            }
        }
    }

    /// A dashed line through `points`: `on` and `off` page units by turns.
    pub fn dashed(&mut self, points: &[(f64, f64)], width: f64, colour: Colour, on: f64, off: f64) {
        for run in points.split(|(x, y)| !(x.is_finite() && y.is_finite())) {
            for dash in dashes(run, on, off) {
                self.shapes.push(Shape::Line { points: dash, width, colour });
            }
        }
    }

    /// The area between two lines that share their x; gaps in either split it.
    pub fn between(&mut self, lower: &[(f64, f64)], upper: &[(f64, f64)], colour: Colour) {
        let pairs: Vec<_> = lower.iter().copied().zip(upper.iter().copied()).collect();
        for run in pairs.split(|(l, u)| !(l.0.is_finite() && l.1.is_finite() && u.1.is_finite())) {
            if run.len() > 1 {
                let points = run.iter().map(|p| p.0).chain(run.iter().rev().map(|p| p.1)).collect();
                self.area(points, colour);
            }
        }
    }

    /// A filled polygon.
    pub fn area(&mut self, points: Vec<(f64, f64)>, colour: Colour) {
        if points.len() > 2 && points.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
            self.shapes.push(Shape::Area { points, colour });
        }
    }

    /// A filled rectangle.
    pub fn rect(&mut self, frame: Frame, colour: Colour) {
        if [frame.x0, frame.y0, frame.x1, frame.y1].iter().all(|v| v.is_finite()) {
            self.shapes.push(Shape::Rect { frame, colour });
        }
    }

    /// A filled circle with a thin white rim, so that it reads on any ground.
    pub fn dot(&mut self, x: f64, y: f64, radius: f64, colour: Colour) {
        if x.is_finite() && y.is_finite() {
            self.shapes.push(Shape::Dot { x, y, radius: radius + 1.5, colour: super::theme::WHITE });
            self.shapes.push(Shape::Dot { x, y, radius, colour });
        }
    }

    /// A filled circle without a rim.
    pub fn disc(&mut self, x: f64, y: f64, radius: f64, colour: Colour) {
        if x.is_finite() && y.is_finite() {
            self.shapes.push(Shape::Dot { x, y, radius, colour });
        }
    }

    /// One line of text with its baseline at `y`.
    pub fn text(&mut self, at: (f64, f64), text: &str, size: f64, colour: Colour, anchor: Anchor) {
        self.push_text(at, text, size, false, colour, anchor);
    }

    /// The same in bold.
    pub fn bold(&mut self, at: (f64, f64), text: &str, size: f64, colour: Colour, anchor: Anchor) {
        self.push_text(at, text, size, true, colour, anchor);
    }

    fn push_text(
        &mut self,
        (x, y): (f64, f64),
        words: &str,
        size: f64,
        bold: bool,
        colour: Colour,
        anchor: Anchor,
    ) {
        // Control characters are not allowed in XML and have no glyph.
        let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if !words.trim().is_empty() && x.is_finite() && y.is_finite() {
            self.shapes.push(Shape::Text(Text { x, y, words, size, bold, colour, anchor }));
        }
    }
}

/// Width of a text in page units.
pub(super) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    paint::em_width(text, bold) * size
}

/// The text, shortened with an ellipsis to fit `width`.
pub(super) fn fit(text: &str, size: f64, bold: bool, width: f64) -> String {
    if text_width(text, size, bold) <= width {
        return text.to_string();
    }
    let characters: Vec<char> = text.chars().collect();
    // Widths grow with length, so the longest fitting prefix is found by bisection.
    let (mut low, mut high) = (0, characters.len());
    let shortened = |n: usize| format!("{}…", characters[..n].iter().collect::<String>().trim_end());
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        if text_width(&shortened(middle), size, bold) <= width { low = middle } else { high = middle }
    }
    if low == 0 { "…".to_string() } else { shortened(low) }
}

/// Breaks a text into at most `most` lines of `width`; what is left over ends in an ellipsis.
pub(super) fn wrap(text: &str, size: f64, bold: bool, width: f64, most: usize) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut lines: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if lines.len() + 1 == most {
            lines.push(fit(&words[at..].join(" "), size, bold, width));
            break;
        }
        let mut line = words[at].to_string();
        at += 1;
        while at < words.len() {
            let longer = format!("{line} {}", words[at]);
            if text_width(&longer, size, bold) > width {
                break;
            }
            line = longer;
            at += 1;
        }
        lines.push(fit(&line, size, bold, width));
    }
    lines
}

fn dashes(points: &[(f64, f64)], on: f64, off: f64) -> Vec<Vec<(f64, f64)>> {
    let mut found = Vec::new();
    let Some(&first) = points.first() else { return found };
    let (on, off) = (on.max(0.5), off.max(0.5));
    let (mut drawing, mut left, mut at) = (true, on, first);
    let mut dash = vec![first];
    for &next in &points[1..] {
        loop {
            let (dx, dy) = (next.0 - at.0, next.1 - at.1);
            let length = (dx * dx + dy * dy).sqrt();
            if length <= left || found.len() > 20_000 {
                left -= length;
                at = next;
                if drawing {
                    dash.push(at);
                }
                break;
            }
            at = (at.0 + dx * left / length, at.1 + dy * left / length);
            if drawing {
                dash.push(at);
                found.push(std::mem::take(&mut dash));
            } else {
                dash = vec![at];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
    }
    if drawing && dash.len() > 1 {
        found.push(dash);
    }
    found
}
