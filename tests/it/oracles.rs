//! Tests with an exact answer: small networks whose behaviour follows with pencil and paper.
//!
//! Each test says which premises make its answer exact (no spare capacity, no panic, slow smoothing …) and
//! sets them; [`build`] holds the networks and the calm parameters.

mod build;
mod bytes;
mod flow;
mod licence;
mod mass;
mod order;
mod outage;
mod policy;
mod ration;
mod rest;
