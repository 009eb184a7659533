//! The record of 2025, reproduced and scored.
//!
//! Life cycle: [`record`] is what happened, as published, every row with its source; [`normal`] is what would
//! have been exported without controls, judged from what was known before April 2025; [`fit`] calibrates
//! a small, stated set of numbers on the total exports of April to July alone; [`ensemble`] runs the model with
//! the sets that calibration left; [`score`], [`stops`] and [`evidence`] compare; [`scorecard`] puts it together.
//!
//! August to November was seen while the mechanisms of the model were chosen. Scores on these months are
//! validation, not prediction.

pub(crate) mod aims;
pub mod ensemble;
pub mod evidence;
pub mod fit;
pub mod fitted;
pub mod halts;
pub mod normal;
pub mod points;
pub mod record;
pub mod score;
pub mod scorecard;
pub mod space;
pub mod stops;
pub mod variant;

/// The scenario that stands for 2025: the controls of April, the talks, and the licences that suppliers of three
/// automakers had from June.
pub const SCENARIO: &str = "big-three-temporary-licences";

/// Destination that stands for all.
pub const WORLD: &str = "WORLD";
