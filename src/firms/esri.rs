//! The economic systemic risk index (ESRI): which share of an economy's output is lost when a firm fails.
//!
//! Sources: C. Diem, A. Borsos, T. Reisch, J. Kertész and S. Thurner, *Quantifying firm-level economic
//! systemic risk from nation-wide supply networks*, Scientific Reports 12:7719 (2022); C. Diem and others,
//! *Estimating the loss of economic predictability from aggregating firm-level production networks*, PNAS
//! Nexus 3:pgae064 (2024).
//!
//! `W_ij` is what *i* sells to *j*, `s_i = Σ_j W_ij`, `p_i` the sector, `ψ_i` the capacity a shock leaves;
//! `h^d_i(0) = h^u_i(0) = ψ_i`. From the values at *t* follow those at *t* + 1:
//!
//! - weight of supplier *j* for customer *i*: essential `Λ_ji = W_ji / Σ_{l: p_l = p_j} W_li`, non-essential
//!   `Λ_ji = W_ji / Σ_l W_li`, negligible 0;
//! - replaceability `σ_j = min(1, s_j / Σ_{l: p_l = p_j} s_l h^d_l)` (a denominator ≤ 1e-10 counts as 1);
//! - lost input `1 − q_ik = Σ_{j: p_j = k} σ_j Λ_ji (1 − h^d_j)`;
//! - `h^d_i = max(0, min(ψ_i, min_{essential k} q_ik, 1 − Σ_{non-essential k} (1 − q_ik)))`;
//! - `h^u_i = max(0, min(ψ_i, 1 − Σ_j W_ij / s_i (1 − h^u_j)))`.
//!
//! A scenario ends with the first step in which no `h` falls by more than ε, or in which the loss
//! `Σ_j s_j / Σ s (1 − min(h^d_j, h^u_j))` grows by a factor of at most 1 + ε. The index of a firm is the
//! loss when that firm alone fails.
//!
//! The program keeps losses 1 − h: what no shock has reached is exactly 0. Scenarios are computed side by
//! side, each ends by its own criterion, and a step recomputes only firms next to one that changed.
//! A scenario's result is the same bytes whatever it is computed with and on however many threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::FirmNetwork;
use super::cascade::Cascade;
use super::tables::{Criticality, SectorPair};

/// Settings of the index.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// ε of the criterion that ends a scenario.
    pub eps: f64,
    /// Whether σ is computed; otherwise it is 1 and nobody can be replaced.
    pub replaceability: bool,
    /// Steps after which a scenario ends in any case.
    pub most_steps: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { eps: 1e-2, replaceability: true, most_steps: 100_000 }
    }
}

/// What `s_i` is: a firm's weight in the loss, and what its sales are compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Size {
    /// Sales to firms, as in the equations above.
    #[default]
    Sales,
    /// Sales to firms and to final demand.
    Revenue,
}

/// A firm and the share of its capacity that it loses, 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    /// Position of the firm.
    pub firm: u32,
    /// Share of capacity lost.
    pub loss: f64,
}

/// What a scenario costs, as a share of all sales between firms.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Loss {
    /// The index: the larger of both losses of each firm.
    pub both: f64,
    /// Through missing inputs alone.
    pub downstream: f64,
    /// Through missing customers alone.
    pub upstream: f64,
    /// Steps until the scenario ended.
    pub steps: u32,
}

/// A network made ready: weights Λ and shares of sales, both ways.
///
/// ```
/// use coercivity::firms::esri::{Model, Options, Size};
/// use coercivity::firms::{Firm, FirmNetwork, Flow};
///
/// // 0 supplies 1, 1 supplies 2: without the middle nothing is sold.
/// let firms: Vec<Firm> =
///     (0..3).map(|id| Firm { id, sector: id, final_demand: 1.0, delta: 0.0 }).collect();
/// let flow = |supplier, customer| Flow { supplier, customer, weight: 1.0 };
/// let network = FirmNetwork::new(&firms, &[flow(0, 1), flow(1, 2)]).unwrap();
/// let options = Options { replaceability: false, ..Options::default() };
/// let losses = Model::new(&network, &[], Size::Sales).index(&[0, 1, 2], &options, |_| {});
/// assert_eq!(losses[1].both, 1.0);
/// assert!(losses.iter().all(|loss| loss.both >= loss.downstream.max(loss.upstream)));
/// ```
pub struct Model<'a> {
    pub(super) network: &'a FirmNetwork,
    /// `s` of each firm, and the sum.
    pub(super) sales: Vec<f64>,
    pub(super) all_sales: f64,
    /// Suppliers that matter to each firm: first those that are not essential, then by sector the essential.
    pub(super) inputs: Rows,
    /// Where a firm's essential inputs begin in `inputs`, and its groups in `group`.
    pub(super) essential: Vec<u32>,
    pub(super) group_start: Vec<u32>,
    /// Number of suppliers in each essential group.
    pub(super) group: Vec<u32>,
    /// Customers of each firm, with their share of its sales.
    pub(super) outlets: Rows,
    /// Firms of each sector.
    pub(super) members: Vec<Vec<u32>>,
}

/// Sparse rows.
#[derive(Default)]
pub(super) struct Rows {
    pub start: Vec<u32>,
    pub firm: Vec<u32>,
    pub weight: Vec<f64>,
}

impl Rows {
    #[inline]
    pub(super) fn range(&self, row: usize) -> std::ops::Range<usize> {
        self.start[row] as usize..self.start[row + 1] as usize
    }
}

impl<'a> Model<'a> {
    /// Prepares a network. Pairs of sectors that are not listed are non-essential; pairs that name a sector
    /// no firm is in have no effect.
    #[must_use]
    pub fn new(network: &'a FirmNetwork, criticality: &[SectorPair], size: Size) -> Self {
        let mut sales = network.sales();
        if size == Size::Revenue {
            sales.iter_mut().zip(network.final_demand()).for_each(|(sales, demand)| *sales += demand);
        }
        let mut classes: Vec<((u64, u64), Criticality)> =
            criticality.iter().map(|pair| ((pair.supplier, pair.customer), pair.class)).collect();
        classes.sort_by_key(|entry| entry.0);
        let sector_id = |firm: u32| network.sector_ids[network.sector[firm as usize] as usize];
        let class_of = |supplier: u32, customer: u32| {
            let pair = (sector_id(supplier), sector_id(customer));
            classes
                .binary_search_by_key(&pair, |entry| entry.0)
                .map_or(Criticality::NonEssential, |at| classes[at].1)
        };
        let count = super::layout::u32_of;
        let mut inputs = Rows { start: vec![0], ..Rows::default() };
        let (mut essential, mut group_start, mut group) = (Vec::new(), vec![0], Vec::new());
        let mut kept: Vec<(u32, u32, f64)> = Vec::new();
        for customer in 0..count(network.len()) {
            let (suppliers, weights) = network.purchases(customer as usize);
            let all: f64 = weights.iter().sum();
            kept.clear();
            for (supplier, weight) in suppliers.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
                match class_of(*supplier, customer) {
                    Criticality::Negligible => {}
                    Criticality::NonEssential => {
                        inputs.firm.push(*supplier);
                        inputs.weight.push(weight / all);
                    }
                    Criticality::Essential => {
                        kept.push((network.sector[*supplier as usize], *supplier, *weight));
                    }
                }
            }
            essential.push(count(inputs.firm.len()));
            kept.sort_by_key(|entry| (entry.0, entry.1));
            for same in kept.chunk_by(|a, b| a.0 == b.0) {
                let of_sector: f64 = same.iter().map(|entry| entry.2).sum();
                group.push(count(same.len()));
                inputs.firm.extend(same.iter().map(|entry| entry.1));
                inputs.weight.extend(same.iter().map(|entry| entry.2 / of_sector));
            }
            inputs.start.push(count(inputs.firm.len()));
            group_start.push(count(group.len()));
        }
        let mut members = vec![Vec::new(); network.sector_count()];
        for (firm, sector) in (0..).zip(&network.sector) {
            members[*sector as usize].push(firm);
        }
        Self {
            network,
            all_sales: sales.iter().sum(),
            outlets: outlets(network, &sales),
            sales,
            inputs,
            essential,
            group_start,
            group,
            members,
        }
    }

    /// The index of each of these firms: the loss when it alone fails.
    pub fn index(&self, firms: &[u32], options: &Options, progress: impl Fn(usize) + Sync) -> Vec<Loss> {
        let scenario = |at: usize| std::iter::once(Hit { firm: firms[at], loss: 1.0 });
        self.run(firms.len(), &scenario, options, &progress)
    }

    /// Losses of any scenarios. A firm that is hit twice loses the larger share.
    pub fn losses(
        &self,
        scenarios: &[Vec<Hit>],
        options: &Options,
        progress: impl Fn(usize) + Sync,
    ) -> Vec<Loss> {
        self.run(scenarios.len(), &|at: usize| scenarios[at].iter().copied(), options, &progress)
    }

    /// Side by side as many as there is work for, fewer where the state of a batch would be large.
    fn run<I: Iterator<Item = Hit>>(
        &self,
        count: usize,
        scenario: &(impl Fn(usize) -> I + Sync),
        options: &Options,
        progress: &(impl Fn(usize) + Sync),
    ) -> Vec<Loss> {
        let threads = rayon::current_num_threads();
        if count <= threads {
            self.batches::<1, I>(count, scenario, options, progress)
        } else if count <= 8 * threads || self.network.len() > 1 << 19 {
            self.batches::<4, I>(count, scenario, options, progress)
        } else {
            self.batches::<8, I>(count, scenario, options, progress)
        }
    }

    /// Runs scenarios in batches of `L`; threads take batches in turn and keep their memory.
    fn batches<const L: usize, I: Iterator<Item = Hit>>(
        &self,
        count: usize,
        scenario: &(impl Fn(usize) -> I + Sync),
        options: &Options,
        progress: &(impl Fn(usize) + Sync),
    ) -> Vec<Loss> {
        let mut losses = vec![Loss::default(); count];
        let finished = AtomicUsize::new(0);
        let batches: Vec<std::sync::Mutex<(usize, &mut [Loss])>> = losses
            .chunks_mut(L)
            .enumerate()
            .map(|(batch, out)| std::sync::Mutex::new((batch * L, out)))
            .collect();
        let next = AtomicUsize::new(0);
        rayon::broadcast(|_| {
            let mut cascade: Option<Cascade<'_, L>> = None;
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut batch = batch.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let (first, out) = &mut *batch;
                let cascade = cascade.get_or_insert_with(|| Cascade::new(self));
                cascade.run((*first..*first + out.len()).map(scenario), options, out);
                progress(finished.fetch_add(out.len(), Ordering::Relaxed) + out.len());
            }
        });
        losses
    }
}

/// Customers of each firm, ascending.
fn outlets(network: &FirmNetwork, sales: &[f64]) -> Rows {
    let n = network.len();
    let mut rows = Rows {
        start: vec![0; n + 1],
        firm: vec![0; network.flow_count()],
        weight: vec![0.0; network.flow_count()],
    };
    for supplier in &network.supplier {
        rows.start[*supplier as usize + 1] += 1;
    }
    for row in 1..=n {
        rows.start[row] += rows.start[row - 1];
    }
    let mut next = rows.start.clone();
    for customer in 0..super::layout::u32_of(n) {
        let (suppliers, weights) = network.purchases(customer as usize);
        for (supplier, weight) in suppliers.iter().zip(weights) {
            let at = &mut next[*supplier as usize];
            rows.firm[*at as usize] = customer;
            rows.weight[*at as usize] = if *weight > 0.0 { weight / sales[*supplier as usize] } else { 0.0 };
            *at += 1;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::firms::{Firm, Flow, reference};

    fn firms(sectors: &[u64]) -> Vec<Firm> {
        (0..)
            .zip(sectors)
            .map(|(id, sector)| Firm { id, sector: *sector, final_demand: 1.0, delta: 0.0 })
            .collect()
    }

    /// A chain of `n` firms that all sell the same, the last one to households, each unable to do without its
    /// supplier: when firm m of 1..=n fails, it and all behind it stop.
    #[test]
    fn a_chain_loses_what_lies_behind_the_failed_firm() {
        let n = 12_u32;
        let sectors: Vec<u64> = (0..u64::from(n)).collect();
        let mut chain = firms(&sectors);
        chain
            .iter_mut()
            .for_each(|firm| firm.final_demand = if firm.id + 1 == u64::from(n) { 2.0 } else { 0.0 });
        let flows: Vec<Flow> = (1..n).map(|i| Flow { supplier: i - 1, customer: i, weight: 2.0 }).collect();
        let network = FirmNetwork::new(&chain, &flows).unwrap();
        let all: Vec<SectorPair> = sectors
            .iter()
            .flat_map(|a| {
                sectors.iter().map(|b| SectorPair {
                    supplier: *a,
                    customer: *b,
                    class: Criticality::Essential,
                })
            })
            .collect();
        let options = Options { eps: 1e-8, ..Options::default() };
        let every: Vec<u32> = (0..n).collect();
        let losses = Model::new(&network, &all, Size::Revenue).index(&every, &options, |_| {});
        for (m, loss) in (1..).zip(&losses) {
            let expected = f64::from(n - m + 1) / f64::from(n);
            assert!((loss.downstream - expected).abs() < 1e-12, "{m}: {loss:?} is not {expected}");
            // Those before it lose their only customer.
            assert!((loss.upstream - f64::from(m) / f64::from(n)).abs() < 1e-12, "{m}: {loss:?}");
            assert!((loss.both - 1.0).abs() < 1e-12, "{m}: {loss:?}");
        }
    }

    fn world() -> impl Strategy<Value = (FirmNetwork, Vec<SectorPair>, Vec<Vec<Hit>>)> {
        let n = 14_u32;
        let sector = proptest::collection::vec(0_u64..4, n as usize);
        let flow = (0..n, 0..n, prop_oneof![1 => Just(0.0), 9 => 0.01_f64..4.0]);
        let class = prop_oneof![
            Just(Criticality::Negligible),
            Just(Criticality::NonEssential),
            Just(Criticality::Essential)
        ];
        let pairs = proptest::collection::vec(class, 16).prop_map(|classes| {
            let at = |position: usize| position as u64;
            let pair = |(p, class): (usize, Criticality)| SectorPair {
                supplier: at(p / 4),
                customer: at(p % 4),
                class,
            };
            classes.into_iter().enumerate().map(pair).collect::<Vec<_>>()
        });
        let hit = (0..n, prop_oneof![Just(1.0), 0.0_f64..=1.0]).prop_map(|(firm, loss)| Hit { firm, loss });
        let scenarios = proptest::collection::vec(proptest::collection::vec(hit, 0..4), 1..30);
        (sector, proptest::collection::vec(flow, 0..60), pairs, scenarios).prop_map(
            |(sectors, flows, pairs, scenarios)| {
                let mut flows: Vec<Flow> = flows
                    .into_iter()
                    .map(|(supplier, customer, weight)| Flow { supplier, customer, weight })
                    .collect();
                flows.sort_by_key(|flow| (flow.customer, flow.supplier));
                flows.dedup_by_key(|flow| (flow.customer, flow.supplier));
                (FirmNetwork::new(&firms(&sectors), &flows).unwrap(), pairs, scenarios)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]
        #[test]
        fn the_plain_program_agrees((network, pairs, scenarios) in world(), tight in any::<bool>(), replaceability in any::<bool>(), revenue in any::<bool>()) {
            let options = Options { eps: if tight { 1e-8 } else { 1e-2 }, replaceability, most_steps: 500 };
            let size = if revenue { Size::Revenue } else { Size::Sales };
            let model = Model::new(&network, &pairs, size);
            let losses = model.losses(&scenarios, &options, |_| {});
            for (ours, scenario) in losses.iter().zip(&scenarios) {
                let plain = reference::esri(&network, &pairs, size, scenario, &options);
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-10;
                prop_assert!(near(ours.both, plain.both) && near(ours.downstream, plain.downstream) && near(ours.upstream, plain.upstream), "{ours:?} is not {plain:?}");
                prop_assert_eq!(ours.steps, plain.steps);
            }
        }

        #[test]
        fn company_does_not_show((network, pairs, scenarios) in world()) {
            let model = Model::new(&network, &pairs, Size::Sales);
            let options = Options { eps: 1e-6, ..Options::default() };
            let together = model.losses(&scenarios, &options, |_| {});
            let mut turned = scenarios.clone();
            turned.reverse();
            let mut reversed = model.losses(&turned, &options, |_| {});
            reversed.reverse();
            prop_assert_eq!(&together, &reversed);
            for (scenario, loss) in scenarios.iter().zip(&together) {
                prop_assert_eq!(model.losses(std::slice::from_ref(scenario), &options, |_| {})[0], *loss);
            }
        }
    }
}
