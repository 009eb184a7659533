//! Mean shipments between stages and regions, for the map of the network.
//!
//! Series are kept by line and region, not by route: 1,600 routes × 80 weeks would be most of a summary.
//! The map needs one number per pair of boxes: it is noted while the first replications run, and where nobody noted
//! it they are run again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::Replicate;
use crate::id::Place;
use crate::kernel::scratch::{RouteRows, Row, add};
use crate::kernel::{Kernel, Scratch, State, Watch};
use crate::network::line::Stage;
use crate::summary::{Design, Outcome};

/// Replications behind a map, at most.
pub const NOTED: u64 = 64;
const LANES: usize = Kernel::LANES;

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
    /// Replications behind the means.
    pub runs: u64,
    /// Senders and receivers, by stage, then by region.
    pub boxes: Vec<StageRegion>,
    /// Flows, by sender, then receiver.
    pub flows: Vec<Flow>,
}

/// What was shipped on each route over a run.
struct Shipments(Vec<Row<LANES>>);

impl Watch<LANES> for Shipments {
    fn step(&mut self, _: &Kernel, _: u32, state: &State<LANES>) {
        for (sum, route) in self.0.iter_mut().zip(&state.routes) {
            add(sum, &route.leaving);
        }
    }
}

/// Sums over the replications of a piece of a study: what each route ships in calm, and what it shipped.
type Sums = (Vec<f64>, Vec<f64>);

/// A kernel that notes on the way what the first replications ship, so that a map of them needs no second run.
pub struct Noting<'a> {
    kernel: &'a Kernel,
    /// By first replication: how many, and their sums.
    noted: Mutex<BTreeMap<u64, (usize, Sums)>>,
}

impl<'a> Noting<'a> {
    /// Nothing is noted yet.
    #[must_use]
    pub fn new(kernel: &'a Kernel) -> Self {
        Self { kernel, noted: Mutex::default() }
    }

    /// The kernel that runs.
    #[must_use]
    pub fn kernel(&self) -> &'a Kernel {
        self.kernel
    }

    /// Runs a piece of replications; gives what they ship.
    fn watch(&self, first: u64, count: usize, state: &mut State<LANES>) -> Sums {
        let mut watch = Shipments(vec![[0.0; LANES]; state.routes.len()]);
        self.kernel.watch(first, state, &mut watch);
        let days = f64::from(self.kernel.scenario().days);
        let calm = |route: &RouteRows<LANES>| days * route.base_flow[..count].iter().sum::<f64>();
        let calm = state.routes.iter().map(calm).collect();
        (calm, watch.0.iter().map(|row| row[..count].iter().sum()).collect())
    }

    /// Flows of the first `runs` replications (at most [`NOTED`]). What was not noted, such as what a checkpoint
    /// holds, is run again, on the threads of the pool this is called in.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn flows(&self, runs: u64) -> Flows {
        let runs = runs.min(NOTED);
        let routes = self.kernel.routes.from.len();
        let firsts: Vec<u64> = (0..runs).step_by(LANES).collect();
        // Pieces are added up in their order, whoever ran them.
        let pieces: Vec<Sums> = firsts
            .into_par_iter()
            .map_init(
                || None,
                |state, first| {
                    let count = usize::try_from(runs - first).unwrap_or(LANES).min(LANES);
                    let noted = self.lock().get(&first).filter(|noted| noted.0 == count).cloned();
                    noted.map_or_else(
                        || self.watch(first, count, state.get_or_insert_with(|| State::new(self.kernel))),
                        |(_, sums)| sums,
                    )
                },
            )
            .collect();
        let (mut calm, mut shipped) = (vec![0.0; routes], vec![0.0; routes]);
        for (of_calm, of_shocked) in pieces {
            calm.iter_mut().zip(of_calm).for_each(|(sum, part)| *sum += part);
            shipped.iter_mut().zip(of_shocked).for_each(|(sum, part)| *sum += part);
        }
        let mean = 1.0 / (runs.max(1) as f64);
        Flows::gather(self.kernel, runs, |r| (calm[r] * mean, shipped[r] * mean))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, (usize, Sums)>> {
        // What is inside is whole at all times.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replicate for Noting<'_> {
    type Scratch = Scratch;

    fn design(&self) -> &Arc<Design> {
        self.kernel.design()
    }

    fn lanes(&self) -> usize {
        LANES
    }

    fn scratch(&self) -> Scratch {
        self.kernel.scratch()
    }

    fn replicate(&self, first: u64, count: usize, scratch: &mut Scratch, out: &mut Vec<Outcome>) {
        if first + count as u64 > NOTED || !first.is_multiple_of(LANES as u64) {
            self.kernel.replicate(first, count, scratch, out);
            return;
        }
        let sums = self.watch(first, count, &mut scratch.0);
        self.lock().insert(first, (count, sums));
        out.extend((0..count).map(|lane| self.kernel.outcome(&scratch.0, lane, first + lane as u64)));
    }
}

impl Flows {
    /// Runs the first `runs` replications (at most [`NOTED`]), on the threads of the pool it is called in.
    #[must_use]
    pub fn of(kernel: &Kernel, runs: u64) -> Self {
        Noting::new(kernel).flows(runs)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::study::batch::Portion;
    use crate::study::{self, Options};

    #[test]
    fn what_is_noted_on_the_way_is_what_a_second_run_gives() {
        let sets = ["step_days=7", "end=2025-07-30"].map(str::to_owned);
        let (scenario, _) = Scenario::open("full-embargo", &sets).expect("bundled");
        let kernel = Kernel::compile(&scenario);
        let options = |threads, end| Options {
            scenario: scenario.name.clone(),
            threads,
            portion: Portion { first: 0, end },
            until: None,
        };
        for (threads, end, before, noted) in [(2, 74, 0, 8), (1, 20, 0, 3), (2, 74, 32, 4), (1, 50, 12, 5)] {
            let noting = Noting::new(&kernel);
            // What a checkpoint holds was noted by nobody.
            let prefix = (before > 0).then(|| {
                study::run(&kernel, &options(1, before), &|_| (), &|| false, None).expect("finite").summary
            });
            let result =
                study::run(&noting, &options(threads, end), &|_| (), &|| false, prefix).expect("finite");
            assert_eq!(noting.flows(end), Flows::of(&kernel, end), "{end} runs after {before}");
            assert_eq!(noting.lock().len(), noted, "{end} runs after {before}");
            let plain = study::run(&kernel, &options(1, end), &|_| (), &|| false, None).expect("finite");
            assert_eq!(result.summary, plain.summary, "watched or not, at once or not, the same outcomes");
        }
    }
}
