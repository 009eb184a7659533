//! Tests of the program and of the library through its public face: one binary, one module per subject.

mod agree;
mod cli;
mod conserve;
mod determinism;
mod docs;
mod graphs;
mod oracles;
mod policies;
mod program;
mod reference;
mod rest;
mod tools;
