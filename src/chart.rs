//! Charts: plain numbers in, a picture out (SVG or PNG), with no knowledge of the simulator.
//!
//! Every chart is a struct of plain data with a `render` method. The struct is first laid out as a
//! `drawing::Drawing` (a list of lines, areas and texts in page coordinates), and that list is then
//! played onto a plotters backend; so the SVG and the PNG of one chart are the same drawing, and the
//! same input gives the same bytes.
//!
//! Dates are days since 1970-01-01. Numbers that are not finite are gaps, never a panic; a chart with
//! nothing to draw says so in the picture. Every picture carries its [`Provenance`] in the footer.
// Pixels, ticks and counts on a page are small numbers: the casts between them lose nothing.
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod axis;
mod drawing;
mod event;
mod exceedance;
mod fan;
mod first_stop;
mod heatmap;
mod licence_stack;
mod network_map;
mod page;
mod paint;
mod score;
mod theme;
mod tornado;
mod waiting;

pub use event::Event;
pub use exceedance::{ExceedanceChart, ExceedanceCurve};
pub use fan::{FanChart, FanPanel, Observed};
pub use first_stop::{FirstStopChart, FirstStopRow};
pub use heatmap::{Heatmap, HeatmapRow};
pub use licence_stack::{LicencePanel, LicenceStack};
pub use network_map::{MapBox, MapFlow, NetworkMap};
pub use score::{ParameterDensity, ScoreChart};
pub use tornado::{Tornado, TornadoRow};
pub use waiting::{WaitingChart, WaitingClass};

/// File format of a rendered chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Vector graphics, for print and for the web; text stays text.
    Svg,
    /// Bitmap, one pixel per page unit (1600 × 1000 for most charts), anti-aliased.
    Png,
}

/// Where the numbers of a picture come from; printed as its footer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Name of the scenario.
    pub scenario: String,
    /// Replications behind the picture.
    pub runs: u64,
    /// Seed of the random numbers.
    pub seed: u64,
    /// What bands and intervals mean, e.g. "5–95 % and 25–75 % of runs".
    pub band: String,
    /// Vintage of the input data, e.g. "network of 2024, customs data to Nov 2025".
    pub vintage: String,
    /// Version of the program.
    pub version: String,
}

impl Provenance {
    /// The footer line.
    fn footer(&self) -> String {
        let mut parts = Vec::new();
        if !self.scenario.is_empty() {
            parts.push(format!("Scenario: {}", self.scenario));
        }
        // A picture of the input alone has no runs to speak of.
        if self.runs > 0 {
            let runs = axis::grouped(&self.runs.to_string());
            parts.push(format!("{runs} run{}, seed {}", if self.runs == 1 { "" } else { "s" }, self.seed));
        }
        if !self.band.is_empty() {
            parts.push(format!("bands: {}", self.band));
        }
        if !self.vintage.is_empty() {
            parts.push(format!("data: {}", self.vintage));
        }
        if !self.version.is_empty() {
            parts.push(format!("coercivity {}", self.version));
        }
        parts.join("  ·  ")
    }
}

#[cfg(test)]
mod tests;
