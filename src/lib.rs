//! Coercivity: a simulator of rare-earth supply chains under export licensing.
//!
//! ```text
//!  scenario.toml ─┐
//!  base.toml ─────┼─> Document ──resolve──> Scenario ──compile──> Kernel ──replicate──> Outcome ──push──> Summary ──> charts, tables
//!  network/*.csv ─┘   (as typed,            (domain,             (flat arrays,          (numbers per       (exact,
//!                      with spans)           ids, units, rules)   read-only)             replication)       mergeable)
//! ```
//!
//! The library never prints, exits, or reads the clock or the environment.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod criticality;
pub mod diagnostic;
pub mod error;
pub mod export;
pub mod firms;
pub mod hindcast;
pub mod id;
pub mod kernel;
pub mod machine;
pub mod network;
pub mod policy;
pub mod random;
pub mod scenario;
pub mod sensitivity;
pub mod study;
pub mod summary;
pub mod units;

#[cfg(feature = "cli")]
pub mod bench;
#[cfg(feature = "charts")]
pub mod chart;
