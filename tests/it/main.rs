//! Tests of the program and of the library through its public face: one binary, one module per subject.
#![allow(
    clippy::pedantic,
    clippy::collapsible_match,
    clippy::manual_is_multiple_of,
    clippy::redundant_closure,
    reason = "tests speak plainly: small casts and exact comparisons are theirs to make"
)]

mod agree;
mod bits;
mod claims;
mod cli;
mod conserve;
mod determinism;
mod docs;
mod golden;
mod graphs;
mod hindcast;
mod oracles;
mod policies;
mod program;
mod reference;
mod refusals;
mod rest;
mod studies;
mod tools;
