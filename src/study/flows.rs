//! Mean shipments between stages and regions, for the map of the network.
//!
//! Series are kept by line and region, not by route: 1,600 routes × 80 weeks would be most of a summary.
//! The map needs one number per pair of boxes, so it replays a few replications and adds up.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::id::Place;
use crate::kernel::scratch::RouteRows;
use crate::kernel::{Kernel, State, Watch};
use crate::network::line::Stage;

/// Replications replayed for a map, at most.
pub const REPLAYED: u64 = 64;
/// Lanes of the replay.
const LANES: usize = 8;

/// All facilities of one stage in one region.
#[derive(Clone, PartialEq, Debug)]
pub struct StageRegion {
    /// Stage.
    pub stage: Stage,
    /// Region.
    pub region: Place,
    /// Output in calm over the run, in tonnes of `NdPr` carried (for sinks: received).
    pub calm: f64,
    /// The same with the shocks.
    pub shocked: f64,
}

/// All shipments from one stage and region to another.
#[derive(Clone, PartialEq, Debug)]
pub struct Flow {
    /// Position of the sender in [`Flows::boxes`].
    pub from: usize,
    /// Position of the receiver.
    pub to: usize,
    /// Calm flow over the run, in tonnes of `NdPr` carried.
    pub calm: f64,
    /// The same with the shocks.
    pub shocked: f64,
}

/// Who ships how much to whom, in calm and in the scenario: means of the first replications.
#[derive(Clone, PartialEq, Debug)]
pub struct Flows {
    /// Replications replayed.
    pub runs: u64,
    /// Senders and receivers, by stage, then by region.
    pub boxes: Vec<StageRegion>,
    /// Flows, by sender, then receiver.
    pub flows: Vec<Flow>,
}

/// Sums of shipments of each route over a run.
struct Shipments {
    shipped: Vec<f64>,
    lanes: usize,
}

impl Watch<LANES> for Shipments {
    fn step(&mut self, _: &Kernel, _: u32, state: &State<LANES>) {
        for (sum, leaving) in self.shipped.iter_mut().zip(state.routes.iter().map(|route| &route.leaving)) {
            *sum += leaving[..self.lanes].iter().sum::<f64>();
        }
    }
}

impl Flows {
    /// Replays the first `runs` replications (at most [`REPLAYED`]), on the threads of the pool it is called in.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn of(kernel: &Kernel, runs: u64) -> Self {
        let runs = runs.min(REPLAYED);
        let routes = kernel.routes.from.len();
        let days = f64::from(kernel.scenario().days);
        let firsts: Vec<u64> = (0..runs).step_by(LANES).collect();
        // Batches run side by side and are added up in their order.
        let batches: Vec<(Vec<f64>, Vec<f64>)> = firsts
            .into_par_iter()
            .map_init(
                || State::<LANES>::new(kernel),
                |state, first| {
                    let lanes = usize::try_from(runs - first).unwrap_or(LANES).min(LANES);
                    let mut watch = Shipments { shipped: vec![0.0; routes], lanes };
                    kernel.watch(first, state, &mut watch);
                    let calm = |route: &RouteRows<LANES>| days * route.base_flow[..lanes].iter().sum::<f64>();
                    (state.routes.iter().map(calm).collect(), watch.shipped)
                },
            )
            .collect();
        let (mut calm, mut shipped) = (vec![0.0; routes], vec![0.0; routes]);
        for (of_calm, of_shocked) in batches {
            calm.iter_mut().zip(of_calm).for_each(|(sum, part)| *sum += part);
            shipped.iter_mut().zip(of_shocked).for_each(|(sum, part)| *sum += part);
        }
        let mean = 1.0 / (runs.max(1) as f64);
        Self::gather(kernel, runs, |r| (calm[r] * mean, shipped[r] * mean))
    }

    /// Adds routes up by stage and region of both ends.
    fn gather(kernel: &Kernel, runs: u64, route: impl Fn(usize) -> (f64, f64)) -> Self {
        let graph = &kernel.scenario().lines;
        let central = graph.central_values();
        let place = |line: u32| (graph.lines[line as usize].stage, graph.lines[line as usize].region);
        let mut pairs: BTreeMap<_, (f64, f64)> = BTreeMap::new();
        for r in 0..kernel.routes.from.len() {
            let of = &graph.routes[kernel.routes.id[r].index()];
            let carried = &graph.materials[of.material.index()];
            // Ore carries NdPr at its mine's grade, everything else at its material's content.
            let grade = of.yield_per_tonne.as_ref().map(|amount| {
                let product = graph.lines[of.to.index()].product;
                amount.value(&central) * graph.materials[product.index()].ndpr
            });
            let content = grade.unwrap_or(carried.ndpr);
            let (calm, shipped) = route(r);
            let sum = pairs.entry((place(kernel.routes.from[r]), place(kernel.routes.to[r]))).or_default();
            sum.0 += calm * content;
            sum.1 += shipped * content;
        }
        let mut ends: BTreeMap<(Stage, Place), [(f64, f64); 2]> = BTreeMap::new();
        for ((from, to), (calm, shocked)) in &pairs {
            for (end, side) in [(from, 0), (to, 1)] {
                let sums = ends.entry(*end).or_default();
                sums[side].0 += calm;
                sums[side].1 += shocked;
            }
        }
        let position = |end: &(Stage, Place)| ends.keys().position(|key| key == end).unwrap_or(0);
        let flows = pairs.iter().map(|((from, to), (calm, shocked))| Flow {
            from: position(from),
            to: position(to),
            calm: *calm,
            shocked: *shocked,
        });
        let flows = flows.collect();
        let boxes = ends.iter().map(|((stage, region), [out, into])| {
            // Users sell to nobody in the network: for them, what they receive is what they make.
            let (calm, shocked) = if out.0 > 0.0 { *out } else { *into };
            StageRegion { stage: *stage, region: *region, calm, shocked }
        });
        Self { runs, boxes: boxes.collect(), flows }
    }
}
