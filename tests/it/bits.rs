//! The kernel agrees with itself bit for bit: whatever the number of lanes, and whoever else is there.

use coercivity::id::{FacilityId, LineId, PoolId};
use coercivity::kernel::{Kernel, State, Watch};
use coercivity::network::line::{EndUse, Line, LineGraph, Pool, Site, Stage};
use coercivity::policy::shock::{Kind, Shock};
use coercivity::scenario::Scenario;
use proptest::prelude::*;

use crate::agree::cases;
use crate::graphs::{self, Plan, place};

/// Every array of a state with the sort of thing it has a row for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Per {
    Line,
    Pool,
    Other,
}

fn arrays<const L: usize>(state: &State<L>) -> Vec<(&'static str, Per, Vec<[f64; L]>)> {
    macro_rules! list {
        ($($per:ident: $($name:ident)+;)+) => { vec![$($((stringify!($name), Per::$per, state.$name.clone())),+),+] };
    }
    macro_rules! columns {
        ($of:ident, $per:ident: $($name:ident)+) => {
            [$((stringify!($name), Per::$per, state.$of.iter().map(|rows| rows.$name).collect())),+]
        };
    }
    let mut all = list! {
        Other: weight amount pull extra_lead tariff growth candidate_days
            cap closures exempt held circuit circuit_most recovery recovered unrecovered content tailings parameters shock_start shock_end
            shock_size shock_time shock_left quota_left price withheld;
        Line: finished finished_target output wanted expected trend demand owing calm_demand final_demand deferred
            served lost base_output base_final demand_factor restart;
        Pool: capacity added loss overproduction;
    };
    all.extend(columns!(routes, Other: stock share owed base_flow book leaving transit target_days forgone
        ordered_fortnight sent_fortnight));
    all.extend(columns!(adapting, Other: placed ordered_month sent_month));
    all.extend(columns!(customers, Line: placed books asked ratio));
    all
}

/// A fingerprint of every array in every step, lane by lane.
struct Fingerprints {
    /// Lines and pools that come first and are left out.
    skip: usize,
    steps: Vec<Vec<Vec<(&'static str, u64)>>>,
}

impl<const L: usize> Watch<L> for Fingerprints {
    fn start(&mut self, kernel: &Kernel, state: &State<L>) {
        Watch::<L>::step(self, kernel, 0, state);
    }

    fn step(&mut self, _: &Kernel, _: u32, state: &State<L>) {
        let of_lane = |lane: usize| {
            let mut prints: Vec<(&'static str, u64)> = arrays(state)
                .into_iter()
                .map(|(name, per, rows)| {
                    let skip = if per == Per::Other { 0 } else { self.skip };
                    (name, print(rows[skip..].iter().map(|row| row[lane].to_bits())))
                })
                .collect();
            prints.push(("bound", print(state.bound[self.skip..].iter().map(|row| u64::from(row[lane])))));
            prints
        };
        self.steps.push((0..L).map(of_lane).collect());
    }
}

/// FNV-1a over words.
fn print(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(0xcbf2_9ce4_8422_2325, |hash, word| {
        (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
    })
}

fn fingerprints<const L: usize>(scenario: &Scenario, first: u64, skip: usize) -> Fingerprints {
    let kernel = Kernel::compile(scenario);
    let mut state = State::<L>::new(&kernel);
    let mut prints = Fingerprints { skip, steps: Vec::new() };
    // A state that has been used before must leave no trace.
    kernel.watch(first + 100, &mut state, &mut coercivity::kernel::Blind);
    kernel.watch::<L>(first, &mut state, &mut prints);
    prints
}

fn same(a: &Fingerprints, b: &Fingerprints, (lane_a, lane_b): (usize, usize), what: &str) {
    for (step, (x, y)) in a.steps.iter().zip(&b.steps).enumerate() {
        for (x, y) in x[lane_a].iter().zip(&y[lane_b]) {
            assert_eq!(
                x, y,
                "{what}: lanes {lane_a} and {lane_b} differ at entry {step} (0 is before the first step)"
            );
        }
    }
}

/// Puts a facility without routes in front of everything, so that every id moves by one.
fn with_a_stranger(scenario: &Scenario) -> Scenario {
    let mut graph: LineGraph = (*scenario.lines).clone();
    let up_line = |id: &mut LineId| id.0 += 1;
    let up_pool = |id: &mut PoolId| id.0 += 1;
    for line in &mut graph.lines {
        line.facility.0 += 1;
        up_pool(&mut line.pool);
        line.coproduct_of.iter_mut().for_each(up_line);
    }
    for pool in &mut graph.pools {
        pool.facility.0 += 1;
        pool.lines.iter_mut().for_each(up_line);
    }
    for route in &mut graph.routes {
        up_line(&mut route.from);
        up_line(&mut route.to);
    }
    let chn = place("CHN");
    let site = Site {
        id: "stranger".into(),
        name: String::new(),
        company: String::new(),
        stage: Stage::OtherDemand,
        country: chn,
        region: chn,
    };
    graph.sites.insert(0, site);
    let line = Line {
        id: "stranger:nothing".into(),
        facility: FacilityId(0),
        product: graph.lines[0].product,
        stage: Stage::OtherDemand,
        country: chn,
        region: chn,
        end_use: EndUse::Other,
        inputs: Vec::new(),
        final_demand: 7.0,
        pool: PoolId(0),
        coproduct_of: None,
        outgoing: Vec::new(),
    };
    graph.lines.insert(0, line);
    let pool = Pool {
        facility: FacilityId(0),
        capacity: 10.0,
        recorded_output: 7.0,
        utilisation_unknown: false,
        opens: None,
        lines: vec![LineId(0)],
    };
    graph.pools.insert(0, pool);
    let mut scenario = scenario.clone();
    for Shock { kind, .. } in &mut scenario.shocks {
        match kind {
            Kind::CapacityLoss { pools, .. }
            | Kind::NewCapacity { pools, .. }
            | Kind::Subsidy { pools, .. } => {
                pools.iter_mut().for_each(up_pool);
            }
            Kind::DemandChange { lines, .. } | Kind::Substitution { lines, .. } => {
                lines.iter_mut().for_each(up_line)
            }
            _ => {}
        }
    }
    scenario.lines = std::sync::Arc::new(graph);
    scenario
}

fn bit_for_bit(plan: &Plan) {
    let scenario = plan.scenario();
    let eight = fingerprints::<8>(&scenario, 0, 0);
    let four = fingerprints::<4>(&scenario, 4, 0);
    for lane in [0, 3, 6] {
        same(&eight, &fingerprints::<1>(&scenario, lane as u64, 0), (lane, 0), "one lane");
    }
    for lane in 0..4 {
        same(&eight, &four, (lane + 4, lane), "four lanes");
    }
    same(&eight, &fingerprints::<8>(&with_a_stranger(&scenario), 0, 1), (2, 2), "an isolated facility");
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn lanes_and_strangers_change_no_bit(plan in graphs::plans()) {
        bit_for_bit(&plan);
    }
}
