//! Tests with an exact answer: small networks whose behaviour follows with pencil and paper.
//!
//! Each test says which premises make its answer exact (no spare capacity, no panic, slow smoothing …) and
//! sets them; [`build`] holds the networks and the calm parameters.

// Exactness is the point of these tests, and their numbers of days and facilities are small.
#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]

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
