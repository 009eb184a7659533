//! Results as files: tables for programs, and the record of what made them.
//!
//! Life cycle: a [`folder::Folder`] is opened beside the place where the results shall stand, files are
//! written into it, and [`folder::Folder::finish`] writes the manifest and moves it into place in one step.
//! So a folder of results is always whole: readers never meet half of one, and a failed run leaves what
//! stood there before.
//!
//! | file | what | format |
//! |---|---|---|
//! | `summary.json` | every metric: unit, meaning, mean, quantiles, 95 % intervals | [`json`] |
//! | `series.csv` | every series, long form | [`csv`] |
//! | `outcomes.csv` | every metric of every replication, on request | [`csv`] |
//! | `manifest.json` | versions, digests of inputs and files; of runs that can go on the seed and batches | [`manifest`] |
//!
//! Numbers are written with the fewest digits that read back as the same number; keys have a fixed order;
//! nothing depends on the clock, the machine or the number of threads.

pub mod csv;
pub mod folder;
pub mod json;
pub mod manifest;
