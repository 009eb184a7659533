//! The real network as a graph of facilities and routes, and the lines the simulator makes of it.

pub mod line;
