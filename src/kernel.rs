//! The simulator: flat arrays, L replications side by side.
