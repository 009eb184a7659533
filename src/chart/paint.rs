//! Plays a [`Drawing`] onto a plotters backend and packs the result as SVG or PNG bytes.

use super::Format;
use super::drawing::{Anchor, Drawing, Shape};
use crate::error::Error;
use crate::machine::{Work, on_widest};
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, DrawingBackend, IntoDrawingArea, IntoFont, PathElement, Polygon,
    Rectangle, SVGBackend, Text as TextElement,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};
use std::cell::Cell;
use std::sync::Once;

/// The embedded font and, for viewers of SVG files without it, its nearest relatives.
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
/// Height of the font's line over its em; the bitmap backend sizes text by the line.
const LINE_PER_EM: f64 = 1.164;
/// The SVG backend divides the size it is given by this number to get the em.
const SVG_SIZE_PER_EM: f64 = 1.24;
/// Backend units per page unit: the backends only know whole numbers, so the SVG is drawn on a finer grid
/// (its `viewBox`), and the bitmap is drawn larger and averaged down, which smooths all edges.
const SVG_GRID: i32 = 8;
const PNG_GRID: i32 = 3;

thread_local! {
    /// The memory that a thread draws bitmaps in. To get it anew from the system took a quarter of the time of a picture.
    static CANVAS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes of the largest canvas that a thread keeps for its next picture: that of one and a half usual pages.
const MOST_KEPT: usize = 64 << 20;

fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A failure here comes back as a "font unavailable" error when text is drawn.
        let _ =
            plotters::style::register_font(FAMILY, FontStyle::Normal, include_bytes!("fonts/DejaVuSans.ttf"));
        let _ = plotters::style::register_font(
            FAMILY,
            FontStyle::Bold,
            include_bytes!("fonts/DejaVuSans-Bold.ttf"),
        );
    });
}

fn font(size: f64, bold: bool) -> FontDesc<'static> {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::Name(FAMILY), size, style)
}

/// Width of a text in em.
pub(super) fn em_width(text: &str, bold: bool) -> f64 {
    register_fonts();
    // Widths come back in whole pixels: measure large.
    let (size, characters) = (2000.0, text.chars().count());
    match font(size, bold).layout_box(text) {
        Ok(((x0, _), (x1, _))) => f64::from(x1 - x0) / size * LINE_PER_EM,
        Err(_) => 0.6 * characters as f64,
    }
}

/// How one backend wants its numbers.
struct Medium {
    grid: i32,
    size_per_em: f64,
    /// Distance from the y handed to the backend down to the baseline, in em.
    baseline: f64,
}

impl Medium {
    fn point(&self, (x, y): (f64, f64)) -> (i32, i32) {
        (self.length(x), self.length(y))
    }
    /// Clamped well inside what the backends can add and multiply without overflow.
    fn length(&self, v: f64) -> i32 {
        (v.clamp(-2000.0, 12_000.0) * f64::from(self.grid)).round() as i32
    }
    fn points(&self, points: &[(f64, f64)]) -> Vec<(i32, i32)> {
        let mut all: Vec<_> = points.iter().map(|p| self.point(*p)).collect();
        all.dedup();
        all
    }
}

/// The one routine behind every format; the page is white before.
fn draw_onto<DB: DrawingBackend>(
    drawing: &Drawing,
    area: &DrawingArea<DB, Shift>,
    medium: &Medium,
) -> Result<(), String> {
    let failed = |e: &dyn std::fmt::Display| e.to_string();
    for shape in &drawing.shapes {
        match shape {
            Shape::Line { points, width, colour } => {
                let points = medium.points(points);
                if points.len() > 1 {
                    let width = (width * f64::from(medium.grid)).round().max(1.0) as u32;
                    let style = ShapeStyle { color: *colour, filled: false, stroke_width: width };
                    area.draw(&PathElement::new(points, style)).map_err(|e| failed(&e))?;
                }
            }
            Shape::Area { points, colour } => {
                let points = medium.points(points);
                if points.len() > 2 {
                    area.draw(&Polygon::new(points, colour.filled())).map_err(|e| failed(&e))?;
                }
            }
            Shape::Rect { frame, colour } => {
                let corners = [medium.point((frame.x0, frame.y0)), medium.point((frame.x1, frame.y1))];
                area.draw(&Rectangle::new(corners, colour.filled())).map_err(|e| failed(&e))?;
            }
            Shape::Dot { x, y, radius, colour } => {
                let radius = medium.length(*radius).max(1);
                area.draw(&Circle::new(medium.point((*x, *y)), radius, colour.filled()))
                    .map_err(|e| failed(&e))?;
            }
            Shape::Text(text) => {
                let em = text.size * f64::from(medium.grid);
                let description = font(em * medium.size_per_em, text.bold);
                let at = (text.x, text.y - medium.baseline * text.size);
                let across = match text.anchor {
                    Anchor::Left => HPos::Left,
                    Anchor::Centre => HPos::Center,
                    Anchor::Right => HPos::Right,
                };
                let style = TextStyle::from(description.into_font())
                    .color(&text.colour)
                    .pos(Pos::new(across, VPos::Top));
                area.draw(&TextElement::new(text.words.as_str(), medium.point(at), style))
                    .map_err(|e| failed(&e))?;
            }
        }
    }
    area.present().map_err(|e| failed(&e))
}

impl Drawing {
    /// The picture as the bytes of a file.
    ///
    /// # Errors
    /// [`Error::Chart`] when the backend or the encoder fails.
    pub(super) fn render(&self, format: Format) -> Result<Vec<u8>, Error> {
        register_fonts();
        let bytes = match format {
            Format::Svg => self.svg(),
            Format::Png => self.png(),
        };
        bytes.map_err(|problem| Error::Chart { chart: self.caption.clone(), problem })
    }

    fn pixels(&self) -> (u32, u32) {
        (self.width.clamp(1.0, 4000.0).round() as u32, self.height.clamp(1.0, 10_000.0).round() as u32)
    }

    fn svg(&self) -> Result<Vec<u8>, String> {
        let (width, height) = self.pixels();
        let grid = SVG_GRID.unsigned_abs();
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, (width * grid, height * grid)).into_drawing_area();
            let medium = Medium { grid: SVG_GRID, size_per_em: SVG_SIZE_PER_EM, baseline: 0.76 };
            area.fill(&RGBColor(255, 255, 255)).map_err(|e| e.to_string())?;
            draw_onto(self, &area, &medium)?;
        }
        let body = text.split_once(">\n").map_or("", |(_, body)| body);
        let document = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n{body}",
            width * grid,
            height * grid,
            escaped(&self.caption),
            escaped(&self.description),
        );
        Ok(document.into_bytes())
    }

    fn png(&self) -> Result<Vec<u8>, String> {
        let (width, height) = self.pixels();
        let grid = PNG_GRID.unsigned_abs();
        let (wide, high) = (width * grid, height * grid);
        let mut large = CANVAS.take();
        large.clear();
        let bytes = wide as usize * high as usize * 3;
        large.reserve_exact(bytes);
        large.resize(bytes, u8::MAX);
        {
            let area = BitMapBackend::with_buffer(&mut large, (wide, high)).into_drawing_area();
            let medium = Medium { grid: PNG_GRID, size_per_em: LINE_PER_EM, baseline: LINE_PER_EM / 2.0 };
            draw_onto(self, &area, &medium)?;
        }
        let mut small = Vec::new();
        // Many numbers of eight bits: whatever the machine adds side by side serves.
        on_widest(usize::MAX, Averaged { large: &large, width: width as usize, small: &mut small });
        if large.capacity() <= MOST_KEPT {
            CANVAS.set(large);
        }
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Some 40 % of the usual level's time for 1.4 times its bytes.
        encoder.set_deflate_compression(png::DeflateCompression::Level(1));
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
        writer.write_image_data(&small).map_err(|e| e.to_string())?;
        writer.finish().map_err(|e| e.to_string())?;
        Ok(bytes)
    }
}

/// Shrinks an RGB image to so many pixels across by averaging blocks of `PNG_GRID` × `PNG_GRID` pixels.
struct Averaged<'a> {
    large: &'a [u8],
    width: usize,
    small: &'a mut Vec<u8>,
}

impl Work for Averaged<'_> {
    #[inline(always)]
    fn run(self) {
        averaged(self.large, self.width, self.small);
    }
}

#[inline(always)]
fn averaged(large: &[u8], width: usize, small: &mut Vec<u8>) {
    const GRID: usize = PNG_GRID.unsigned_abs() as usize;
    const COUNT: u16 = (GRID * GRID) as u16;
    const WHITE: u16 = GRID as u16 * u8::MAX as u16;
    /// Pixels that are looked at together: most of a page is white.
    const TOGETHER: usize = 16;
    let row = width * GRID * 3;
    small.reserve(large.len() / (GRID * GRID));
    let mut sums = vec![0_u16; row];
    for rows in large.chunks_exact(row * GRID) {
        // First the rows of a block, then what stands side by side in it.
        sums.fill(0);
        for row in rows.chunks_exact(row) {
            for (sum, channel) in sums.iter_mut().zip(row) {
                *sum += u16::from(*channel);
            }
        }
        for stretch in sums.chunks(TOGETHER * GRID * 3) {
            if stretch.iter().fold(0, |different, sum| different | (sum ^ WHITE)) == 0 {
                small.resize(small.len() + stretch.len() / GRID, u8::MAX);
                continue;
            }
            for block in stretch.chunks_exact(GRID * 3) {
                for channel in 0..3 {
                    let total: u16 = (0..GRID).map(|pixel| block[pixel * 3 + channel]).sum();
                    small.push(((total + COUNT / 2) / COUNT) as u8);
                }
            }
        }
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
