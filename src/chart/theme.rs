//! Colours and sizes shared by all charts.
//!
//! Categories use the palette of Okabe and Ito (2008); ordered quantities use cividis (Nuñez, Anderton
//! and Renslow 2018) from light to dark. Both stay apart for readers with colour-vision deficiency, and
//! cividis also in greyscale print.

pub(super) use plotters::style::RGBAColor as Colour;

/// Page width, page units.
pub(super) const PAGE_WIDTH: f64 = 1600.0;
/// Usual page height, page units.
pub(super) const PAGE_HEIGHT: f64 = 1000.0;
/// Empty border of the page.
pub(super) const MARGIN: f64 = 36.0;

/// Text sizes (em, page units): at 170 mm print width 20 units are 6 pt.
pub(super) const TITLE: f64 = 30.0;
/// Line under the title, and panel titles.
pub(super) const SUBTITLE: f64 = 21.0;
/// Axis titles, legend, and most text inside a chart.
pub(super) const LABEL: f64 = 20.0;
/// Tick labels.
pub(super) const TICK: f64 = 18.0;
/// Smallest text: dense rows, notes and the footer.
pub(super) const SMALL: f64 = 15.5;

pub(super) const WHITE: Colour = Colour(255, 255, 255, 1.0);
pub(super) const INK: Colour = Colour(26, 28, 31, 1.0);
pub(super) const MUTED: Colour = Colour(92, 97, 104, 1.0);
pub(super) const AXIS: Colour = Colour(120, 125, 132, 1.0);
pub(super) const GRID: Colour = Colour(226, 229, 233, 1.0);
/// "Nothing happened here": zero on a sequential scale.
pub(super) const ZERO: Colour = Colour(240, 241, 243, 1.0);

pub(super) const BLUE: Colour = Colour(0, 114, 178, 1.0);
pub(super) const VERMILLION: Colour = Colour(213, 94, 0, 1.0);
pub(super) const GREEN: Colour = Colour(0, 158, 115, 1.0);
pub(super) const ORANGE: Colour = Colour(230, 159, 0, 1.0);
pub(super) const PURPLE: Colour = Colour(204, 121, 167, 1.0);
pub(super) const SKY: Colour = Colour(86, 180, 233, 1.0);

const CATEGORIES: [Colour; 7] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, Colour(60, 60, 60, 1.0)];

/// Colour of category `index`; repeats after seven, where dashes must tell them apart.
pub(super) fn category(index: usize) -> Colour {
    CATEGORIES[index % CATEGORIES.len()]
}

/// Mixes `colour` with white: 0 is white, 1 the colour itself. Opaque, so that grids do not shine through.
pub(super) fn tint(colour: Colour, strength: f64) -> Colour {
    mix(WHITE, colour, strength)
}

/// Straight-line mixture of two opaque colours.
pub(super) fn mix(from: Colour, to: Colour, share: f64) -> Colour {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    Colour(channel(from.0, to.0), channel(from.1, to.1), channel(from.2, to.2), 1.0)
}

/// Cividis at seven equal steps, dark to light.
const CIVIDIS: [Colour; 7] = [
    Colour(0, 32, 77, 1.0),
    Colour(33, 61, 107, 1.0),
    Colour(85, 91, 108, 1.0),
    Colour(123, 122, 119, 1.0),
    Colour(165, 156, 116, 1.0),
    Colour(211, 192, 100, 1.0),
    Colour(255, 234, 70, 1.0),
];

/// Sequential scale: 0 is light, 1 is dark.
pub(super) fn sequential(share: f64) -> Colour {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let place = (1.0 - share) * (CIVIDIS.len() - 1) as f64;
    let below = (place.floor() as usize).min(CIVIDIS.len() - 2);
    mix(CIVIDIS[below], CIVIDIS[below + 1], place - below as f64)
}

/// Ink or white, whichever reads better on `background`.
pub(super) fn text_on(background: Colour) -> Colour {
    let light =
        0.299 * f64::from(background.0) + 0.587 * f64::from(background.1) + 0.114 * f64::from(background.2);
    if light > 140.0 { INK } else { WHITE }
}
