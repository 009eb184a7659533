//! Tests of the program and of the library through its public face: one binary, one module per subject.

mod cli;
mod determinism;
mod docs;
mod oracles;
mod program;
mod tools;
