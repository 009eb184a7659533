//! Counter-based random numbers named by purpose, and distributions as inverse functions of one uniform.

pub mod philox;
pub mod sample;
pub mod special;
mod valid;
