//! Production over time after Inoue and Todo: the preset `inoue-todo`.
//!
//! Sources: H. Inoue and Y. Todo, *Firm-level propagation of shocks through supply-chain networks*, Nature
//! Sustainability 2:841 (2019), and *Propagation of negative shocks across nation-wide firm networks*, PLOS
//! ONE 14:e0213648 (2019). The order of operations is that of the authors' published program.
//!
//! Customer *i*, supplier *j*, sector s(*j*), initial flow `A_ij` from *j* to *i*, final demand `C_i`,
//! target days n = 15, adjustment time τ = 6. Start: `P0_i = C_i + Σ_k A_ki`, `S_ij = n A_ij`,
//! `O_ij = O*_ij = A_ij`, `P_i = P0_i`. Each step:
//!
//! 1. shock: capacity `Pcap_i = (1 − δ_i) P0_i` from step [`Options::shock_from`] on;
//! 2. stock: `u_is = (P_i / P0_i) a_is / S_is` (0 if `S_is` ≤ 1e-20), `S_ij ← max(0, S_ij + O*_ij − u_is(j) S_ij)`,
//!    where `a_is` and `S_is` sum flows and stocks of sector *s*: suppliers of one sector are perfect substitutes;
//! 3. orders: `x_i = P_i / P0_i`, `O_ij = max(0, A_ij x_i + (n A_ij x_i − S_ij) / τ)`;
//! 4. demand: `D_i = C_i + Σ_k O_ki`;
//! 5. production: `Pmax_i = min(Pcap_i, min_s P0_i S_is / a_is)`, `P_i = min(Pmax_i, D_i)`;
//! 6. rationing: proportional, `O*_ki = O_ki P_i / D_i`, or water-filling, `O*_ki = A_ki min(O_ki / A_ki, λ)`
//!    with λ such that `Σ_k A_ki min(O_ki / A_ki, λ) + C_i min(1, λ) = P_i`;
//! 7. output: Σ `P_i` and value added `Σ (P0_i − Σ_j A_ij) / P0_i · P_i`.
//!
//! A firm with `P0_i` = 0 keeps its stock and orders `A_ij`. There is no recovery.
//!
//! The program keeps `S_ij / A_ij` (days of stock) and derives the order from it when it is needed: one
//! number per flow is all the state there is, and one pass over the flows of a customer does steps 2, 3, the
//! sum of 4 and the minimum of 5. Results do not depend on the number of threads, byte for byte.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::FirmNetwork;
use super::block::{BY_LEVEL, FirmState, IN_PROPORTION, Initial, NOTHING, State};
use super::buyers::{Book, Buyers, LANES, Sale};
use super::layout::{Plan, compile};
use crate::machine::on_widest;

/// What a firm does when it cannot make what was ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rationing {
    /// Every buyer gets the same share of its order (the published program's `-R 0`).
    #[default]
    Proportional,
    /// The smallest relative order is served first, as the papers describe it (`-R 2` without two quirks
    /// of the published program, which lose some production; see the model chapter).
    WaterFilling,
}

/// Settings of a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// Number of steps.
    pub steps: u32,
    /// Rationing rule.
    pub rationing: Rationing,
    /// Target stock n in days of use.
    pub target_days: f64,
    /// Time τ in which a gap between stock and target is closed, steps.
    pub adjustment: f64,
    /// First step in which the loss of capacity holds.
    pub shock_from: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            steps: 100,
            rationing: Rationing::Proportional,
            target_days: 15.0,
            adjustment: 6.0,
            shock_from: 0,
        }
    }
}

/// Sums over all firms: entry 0 is the state before the shock (t = −1), entry t + 1 that of step t.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Production, money per step.
    pub production: Vec<f64>,
    /// Value added, money per step.
    pub value_added: Vec<f64>,
}

/// Runs all steps and calls `progress` with the number of each finished one.
///
/// Works in the rayon pool it is called from.
///
/// ```
/// use coercivity::firms::inoue::{Options, Rationing, simulate};
/// use coercivity::firms::{Firm, FirmNetwork, Flow};
///
/// // Firm 0 loses half of its capacity and supplies firm 1, which sells to households.
/// let firm = |id, final_demand, delta| Firm { id, sector: id, final_demand, delta };
/// let flows = [Flow { supplier: 0, customer: 1, weight: 10.0 }];
/// let network = FirmNetwork::new(&[firm(0, 0.0, 0.5), firm(1, 20.0, 0.0)], &flows).unwrap();
/// for rationing in [Rationing::Proportional, Rationing::WaterFilling] {
///     let totals = simulate(&network, &Options { rationing, ..Options::default() }, |_| {});
///     assert_eq!(totals.production[0], 30.0);
///     assert!(totals.production[100] < 16.0);
/// }
/// ```
#[must_use]
pub fn simulate(network: &FirmNetwork, options: &Options, mut progress: impl FnMut(u32)) -> Totals {
    let mut simulation = Simulation::new(network, options);
    let mut totals = Totals::default();
    let (production, value_added) = simulation.totals();
    totals.production.push(production);
    totals.value_added.push(value_added);
    for step in 0..options.steps {
        simulation.step();
        let (production, value_added) = simulation.totals();
        totals.production.push(production);
        totals.value_added.push(value_added);
        progress(step);
    }
    totals
}

/// A run that is stepped by hand: [`Simulation::new`], then [`Simulation::step`] as often as wanted.
pub struct Simulation {
    options: Options,
    now: u32,
    plans: Vec<Plan>,
    states: Vec<State>,
    /// What each block's customers ordered at each slot of its desk.
    ordered: Vec<Vec<f64>>,
    /// What each supplier grants, by block: share of the order, or level.
    granted: Vec<Vec<f64>>,
    /// For water-filling only: where purchases are noted, the buyers of each block's suppliers, and the
    /// relative orders of all books laid end to end.
    books: Vec<Book>,
    buyers: Vec<Buyers>,
    orders: Vec<f64>,
    /// Room for a desk, for each thread that may come.
    desks: Vec<Mutex<Vec<f64>>>,
}

impl Simulation {
    /// Lays the network out and sets the initial equilibrium.
    #[must_use]
    pub fn new(network: &FirmNetwork, options: &Options) -> Self {
        let sales = network.sales();
        let output: Vec<f64> = sales.iter().zip(network.final_demand()).map(|(sold, c)| c + sold).collect();
        let makes = |firm: usize| output[firm] > NOTHING;
        let mut base_demand = network.final_demand().to_vec();
        for firm in (0..network.len()).filter(|firm| !makes(*firm)) {
            let (suppliers, weights) = network.purchases(firm);
            for (supplier, weight) in suppliers.iter().zip(weights) {
                base_demand[*supplier as usize] += weight;
            }
        }
        let plans = compile(network, makes);
        let initial = |firm: &u32| {
            let firm = *firm as usize;
            let bought: f64 = network.purchases(firm).1.iter().sum();
            let value_added = if makes(firm) { output[firm] - bought } else { 0.0 };
            Initial { production: output[firm], value_added, capacity: 1.0 - network.delta()[firm] }
        };
        let water = options.rationing == Rationing::WaterFilling;
        let states: Vec<State> = plans
            .par_iter()
            .map(|plan| State {
                stock: vec![options.target_days; plan.weight.len()],
                firms: vec![FirmState { now: 1.0, before: 1.0, cover: f64::INFINITY }; plan.firm.len()],
                base_demand: plan.firm.iter().map(|firm| base_demand[*firm as usize]).collect(),
                demand: vec![0.0; plan.firm.len()],
                initial: plan.firm.iter().map(initial).collect(),
                production: 0.0,
                value_added: 0.0,
            })
            .collect();
        let neutral = if water { f64::INFINITY } else { 1.0 };
        let most_slots = plans.iter().map(|plan| plan.local.len()).max().unwrap_or(0);
        let books: Vec<Book> = if water { plans.par_iter().map(Book::new).collect() } else { Vec::new() };
        let buyers = |block| Buyers::new(block, &plans, &books);
        let listed = if water { plans.len() } else { 0 };
        let mut simulation = Self {
            options: *options,
            now: 0,
            buyers: (0..listed).into_par_iter().map(buyers).collect(),
            orders: vec![1.0; books.iter().map(|book| book.place.len()).sum()],
            books,
            ordered: plans.iter().map(|plan| vec![0.0; plan.local.len()]).collect(),
            granted: plans.iter().map(|plan| vec![neutral; plan.firm.len()]).collect(),
            // The last one is for a caller outside any pool.
            desks: (0..=rayon::current_num_threads())
                .map(|_| Mutex::new(Vec::with_capacity(most_slots * IN_PROPORTION)))
                .collect(),
            plans,
            states,
        };
        for state in &mut simulation.states {
            state.sum();
        }
        simulation
    }

    /// Production and value added of all firms in the last step.
    #[must_use]
    pub fn totals(&self) -> (f64, f64) {
        let sum = |of: fn(&State) -> f64| self.states.iter().map(of).sum();
        (sum(|state| state.production), sum(|state| state.value_added))
    }

    /// One step of all firms.
    pub fn step(&mut self) {
        match self.options.rationing {
            Rationing::Proportional => self.step_proportional(),
            Rationing::WaterFilling => self.step_by_level(),
        }
        self.now += 1;
    }

    fn step_proportional(&mut self) {
        let Self { options, plans, states, ordered, granted, desks, .. } = self;
        let shocked = self.now >= options.shock_from;
        let work = states.par_iter_mut().zip(ordered.par_iter_mut()).zip(plans.par_iter());
        work.with_max_len(1).for_each(|((state, ordered), plan)| {
            let mut desk = desk(desks);
            state.buy::<IN_PROPORTION>(plan, granted, &mut desk, (&[], &mut []), options);
            for (ordered, slot) in ordered.iter_mut().zip(desk.as_chunks::<IN_PROPORTION>().0) {
                *ordered = slot[1];
            }
        });
        let work = states.par_iter_mut().zip(granted.par_iter_mut()).enumerate();
        work.with_max_len(1).for_each(|(block, (state, granted))| {
            state.gather(block, plans, ordered);
            state.produce(shocked, granted);
            state.sum();
        });
    }

    fn step_by_level(&mut self) {
        let Self { options, plans, states, granted, books, buyers, orders, desks, .. } = self;
        let shocked = self.now >= options.shock_from;
        let mut rest = &mut orders[..];
        let orders_of: Vec<&mut [f64]> =
            books.iter().map(|book| rest.split_off_mut(..book.place.len()).unwrap_or_default()).collect();
        let work = states.par_iter_mut().zip(orders_of).zip(plans.par_iter()).zip(books.par_iter());
        work.with_max_len(1).for_each(|(((state, orders), plan), book)| {
            state.buy::<BY_LEVEL>(plan, granted, &mut desk(desks), (&book.place, orders), options);
        });
        let work = states.par_iter_mut().zip(granted.par_iter_mut()).zip(buyers.par_iter_mut());
        work.with_max_len(1).for_each(|((state, granted), buyers)| {
            let state = &mut *state;
            on_widest(LANES, Sale { buyers, state, orders, granted, shocked });
            state.sum();
        });
    }
}

/// The desk of this thread.
fn desk(desks: &[Mutex<Vec<f64>>]) -> MutexGuard<'_, Vec<f64>> {
    let last = desks.len() - 1;
    let at = rayon::current_thread_index().map_or(last, |thread| thread.min(last));
    desks[at].lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::firms::generate::{Recipe, generate};
    use crate::firms::{Firm, Flow, reference, tables};

    fn published() -> FirmNetwork {
        let nodes = include_bytes!("../../tests/firms/n100/nodes.csv");
        let edges = include_bytes!("../../tests/firms/n100/edges.csv");
        tables::parse("nodes.csv", nodes, "edges.csv", edges).unwrap().0
    }

    fn near(ours: f64, theirs: f64, tolerance: f64) -> bool {
        (ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3)
    }

    /// Totals of value added that the authors' program prints for this network with `-R 0`.
    #[test]
    fn the_published_program_is_reproduced() {
        let totals = simulate(&published(), &Options::default(), |_| {});
        assert_eq!(totals.value_added.len(), 101);
        for (t, theirs) in [
            (-1, 457.808_002_999_999_93),
            (0, 439.768_043_499_999_52),
            (9, 384.356_610_446_527_38),
            (49, 401.564_544_229_004_55),
            (99, 167.885_657_701_987_58),
        ] {
            let ours = totals.value_added[usize::try_from(t + 1).unwrap()];
            assert!(near(ours, theirs, 1e-12), "t = {t}: {ours} is not {theirs}");
        }
    }

    #[test]
    fn water_filling_agrees_with_an_independent_program() {
        let options = Options { rationing: Rationing::WaterFilling, ..Options::default() };
        let totals = simulate(&published(), &options, |_| {});
        assert!(near(totals.value_added[100], 276.0509, 2e-7), "{}", totals.value_added[100]);
    }

    #[test]
    fn nothing_happens_without_a_shock() {
        let options = Options { shock_from: 40, ..Options::default() };
        let totals = simulate(&published(), &options, |_| {});
        assert!(totals.production[..41].iter().all(|sum| near(*sum, totals.production[0], 1e-12)));
        assert!(totals.production[41] < totals.production[0]);
    }

    /// Several blocks, on several threads: the same bytes, and what the plain program says.
    #[test]
    fn threads_do_not_show() {
        let network = generate(&Recipe { firms: 30_000, ..Recipe::default() }).unwrap();
        for rationing in [Rationing::Proportional, Rationing::WaterFilling] {
            let options = Options { steps: 12, rationing, ..Options::default() };
            let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let one = pool(1).install(|| simulate(&network, &options, |_| {}));
            for threads in [2, 5] {
                assert_eq!(one, pool(threads).install(|| simulate(&network, &options, |_| {})));
            }
            assert_eq!(one, simulate(&network, &options, |_| {}));
            let plain = reference::inoue(&network, &options);
            for (ours, plain) in one.value_added.iter().zip(&plain.value_added) {
                assert!(near(*ours, *plain, 1e-11), "{ours} is not {plain}");
            }
        }
    }

    /// Whatever the dispatch may pick: no instruction set, four numbers at once, eight.
    #[test]
    fn instruction_sets_do_not_show() {
        use crate::machine::MOST_LANES;
        use std::sync::atomic::Ordering;

        let network = generate(&Recipe { firms: 3_000, ..Recipe::default() }).unwrap();
        let options = Options { steps: 30, rationing: Rationing::WaterFilling, ..Options::default() };
        let widest = simulate(&network, &options, |_| {});
        for lanes in [1, 4, 8] {
            MOST_LANES.store(lanes, Ordering::Relaxed);
            let own = simulate(&network, &options, |_| {});
            MOST_LANES.store(usize::MAX, Ordering::Relaxed);
            let bits = |sums: &[f64]| sums.iter().map(|sum| sum.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&own.value_added), bits(&widest.value_added), "{lanes} lanes");
            assert_eq!(bits(&own.production), bits(&widest.production), "{lanes} lanes");
        }
    }

    fn network(firms: usize, flows: usize) -> impl Strategy<Value = FirmNetwork> {
        let firm =
            (0_u64..4, prop_oneof![Just(0.0), 0.1_f64..3.0], prop_oneof![3 => Just(0.0), 1 => 0.0_f64..=1.0]);
        let flow = (0..firms, 0..firms, prop_oneof![1 => Just(0.0), 9 => 0.01_f64..4.0]);
        (proptest::collection::vec(firm, firms), proptest::collection::vec(flow, 0..flows)).prop_map(
            |(firms, flows)| {
                let numbered = firms.into_iter().zip(0..);
                let mut firms: Vec<Firm> = numbered
                    .map(|((sector, final_demand, delta), id)| Firm { id, sector, final_demand, delta })
                    .collect();
                let at = |position: usize| u32::try_from(position).unwrap();
                let mut flows: Vec<Flow> = flows
                    .into_iter()
                    .map(|(j, i, weight)| Flow { supplier: at(j), customer: at(i), weight })
                    .collect();
                flows.sort_by_key(|flow| (flow.customer, flow.supplier));
                flows.dedup_by_key(|flow| (flow.customer, flow.supplier));
                // Firms add value, as real ones do: otherwise orders feed on themselves and rounding grows. Those
                // that sell nothing may have no output at all.
                for firm in &mut firms {
                    let sum = |of: fn(&Flow) -> u32| -> f64 {
                        flows
                            .iter()
                            .filter(|flow| u64::from(of(flow)) == firm.id)
                            .map(|flow| flow.weight)
                            .sum()
                    };
                    let (sold, bought) = (sum(|flow| flow.supplier), sum(|flow| flow.customer));
                    if sold > 0.0 || firm.final_demand > 0.0 {
                        firm.final_demand = firm.final_demand.max(0.05 * sold).max(2.0 * bought - sold);
                    }
                }
                FirmNetwork::new(&firms, &flows).unwrap()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]
        #[test]
        fn the_plain_program_agrees(network in network(12, 60), water in any::<bool>(), shock_from in 0_u32..4) {
            let rationing = if water { Rationing::WaterFilling } else { Rationing::Proportional };
            let options = Options { steps: 24, rationing, shock_from, ..Options::default() };
            let (ours, plain) = (simulate(&network, &options, |_| {}), reference::inoue(&network, &options));
            for t in 0..25 {
                // Orders overshoot up to 3.5 times a tier, and so does rounding: exact at first, close later.
                let tolerance = if t <= 8 { 1e-12 } else { 1e-9 };
                prop_assert!(near(ours.production[t], plain.production[t], tolerance), "{t}: {} is not {}", ours.production[t], plain.production[t]);
                prop_assert!(near(ours.value_added[t], plain.value_added[t], tolerance), "{t}: {} is not {}", ours.value_added[t], plain.value_added[t]);
            }
        }
    }
}
