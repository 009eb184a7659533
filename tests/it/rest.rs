//! Without shocks nothing moves: every state constant over 1,000 steps, for every combination of rules.

use coercivity::kernel::{Kernel, State, Watch};
use coercivity::network::Network;
use coercivity::policy::parameter::Parameter;
use coercivity::policy::response::{Production, Rationing, Sourcing};
use coercivity::random::sample::Distribution;
use coercivity::scenario::Scenario;
use proptest::prelude::*;

use crate::agree::cases;
use crate::graphs;

const PRODUCTION: [Production; 3] = [Production::Hard, Production::Psi, Production::Critical];
const SOURCING: [Sourcing; 3] = [Sourcing::Pooled, Sourcing::Dedicated, Sourcing::AllNeeded];
const RATIONING: [Rationing; 6] = [
    Rationing::Proportional,
    Rationing::Priority,
    Rationing::LeastHurtFirst,
    Rationing::ContractFirst,
    Rationing::DomesticFirst,
    Rationing::Price,
];

/// Compares each step with the state before the first.
#[derive(Default)]
struct Still {
    name: String,
    before: Vec<Vec<f64>>,
}

fn rows<const L: usize>(state: &State<L>, started: bool) -> Vec<(&'static str, Vec<f64>, Vec<f64>)> {
    let flat = |rows: &[[f64; L]]| rows.iter().flatten().copied().collect::<Vec<f64>>();
    let flow = flat(&state.column(|route| route.base_flow));
    let output = flat(&state.base_output);
    let stock: Vec<f64> = flow
        .iter()
        .zip(flat(&state.column(|route| route.target_days)))
        .map(|(flow, days)| flow * (1.0 + days))
        .collect();
    let mut list = vec![
        ("stock", flat(&state.column(|route| route.stock)), stock.clone()),
        ("book", flat(&state.column(|route| route.book)), flow.clone()),
        ("transit", flat(&state.column(|route| route.transit)), flow.clone()),
        ("forgone", flat(&state.column(|route| route.forgone)), stock.clone()),
        (
            "owed",
            flat(&state.column(|route| route.owed)),
            vec![output.iter().copied().fold(0.0, f64::max); flow.len()],
        ),
        ("sent, fortnight", flat(&state.column(|route| route.sent_fortnight)), flow.clone()),
        ("ordered, fortnight", flat(&state.column(|route| route.ordered_fortnight)), flow),
        ("share", flat(&state.column(|route| route.share)), Vec::new()),
        ("finished stock", flat(&state.finished), output.clone()),
        ("expected", flat(&state.expected), output.clone()),
        ("trend", flat(&state.trend), output.clone()),
        ("deferred", flat(&state.deferred), output.clone()),
        ("lost", flat(&state.lost), output.clone()),
        ("output", flat(&state.output), output),
        ("over-production", flat(&state.overproduction), Vec::new()),
        ("price", flat(&state.price), vec![1.0; 4 * L]),
        ("withheld", flat(&state.withheld), vec![1.0; 4 * L]),
    ];
    if !started {
        list.iter_mut().for_each(|row| row.2.clear());
    }
    list
}

impl<const L: usize> Watch<L> for Still {
    fn start(&mut self, _: &Kernel, state: &State<L>) {
        self.before = rows(state, false).into_iter().map(|row| row.1).collect();
    }

    fn step(&mut self, _: &Kernel, step: u32, state: &State<L>) {
        for ((name, now, scale), before) in rows(state, true).iter().zip(&self.before) {
            for (i, (now, before)) in now.iter().zip(before).enumerate() {
                let scale = scale.get(i).copied().unwrap_or(0.0).max(before.abs());
                assert!(
                    (now - before).abs() <= 1.0e-12 * scale,
                    "{}: step {step}: {name} {} of lane {} moved from {before:e} to {now:e} (scale {scale:e})",
                    self.name,
                    i / L,
                    i % L
                );
            }
        }
    }
}

fn stays<const L: usize>(scenario: &Scenario, name: String) {
    let kernel = Kernel::compile(scenario);
    let mut state = State::<L>::new(&kernel);
    kernel.watch(0, &mut state, &mut Still { name, before: Vec::new() });
}

/// Every combination of production, sourcing (everywhere the same, or the default mix) and rationing.
fn combinations(scenario: &mut Scenario, mut run: impl FnMut(&Scenario, String)) {
    let default = scenario.switches.sourcing;
    for production in PRODUCTION {
        for sourcing in [None, Some(SOURCING[0]), Some(SOURCING[1]), Some(SOURCING[2])] {
            for rationing in RATIONING {
                scenario.switches.production = production;
                scenario.switches.sourcing = sourcing.map_or(default, |rule| [rule; 7]);
                scenario.switches.rationing = rationing;
                run(scenario, format!("{production:?}, {sourcing:?}, {rationing:?}"));
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn random_networks_rest_under_every_combination_of_rules(plan in graphs::plans()) {
        let mut plan = plan;
        plan.shocks.clear();
        (plan.rich, plan.unusual, plan.weekly) = (false, false, false);
        let mut scenario = plan.scenario();
        scenario.days = 1000;
        combinations(&mut scenario, |scenario, name| stays::<2>(scenario, name));
    }
}

/// The shipped network before the first plant of the future opens; `days` steps of `L` sampled replications.
fn world(days: u32) -> Scenario {
    let network = Network::embedded("world-2024").unwrap();
    let mut graph = network.lines().unwrap();
    // Plants that open later are excluded by date: they open after the run.
    let start = graphs::START;
    let late = start + 10 * 365;
    graph.pools.iter_mut().filter_map(|pool| pool.opens.as_mut()).for_each(|date| *date = late);
    graph.routes.iter_mut().filter_map(|route| route.opens.as_mut()).for_each(|date| *date = late);
    let mut scenario = graphs::scenario(graph, days);
    scenario.parameters.set(Parameter::Growth, Distribution::Fixed(1.0));
    scenario
}

#[test]
fn the_world_rests_for_a_thousand_days() {
    stays::<4>(&world(1000), "defaults".into());
}

#[test]
fn the_world_rests_under_every_combination_of_rules() {
    combinations(&mut world(40), |scenario, name| stays::<2>(scenario, name));
}

/// Plants that opened before the run have grown into their shares: the chain rests with them in it.
#[test]
fn the_world_rests_with_plants_that_opened_long_before() {
    let mut scenario = world(300);
    let graph = std::sync::Arc::make_mut(&mut scenario.lines);
    let before = graphs::START - 20 * 365;
    graph.pools.iter_mut().filter_map(|pool| pool.opens.as_mut()).for_each(|date| *date = before);
    graph.routes.iter_mut().filter_map(|route| route.opens.as_mut()).for_each(|date| *date = before);
    let kernel = Kernel::compile(&scenario);
    let mut state = State::<2>::new(&kernel);
    kernel.watch(0, &mut state, &mut coercivity::kernel::Blind);
    for (r, route) in scenario.lines.routes.iter().enumerate().filter(|(_, route)| route.opens.is_some()) {
        let r = kernel.routes.position[r] as usize;
        let feeds = state.base_output[kernel.routes.to[r] as usize][0] > 0.0;
        assert!(!feeds || state.routes[r].base_flow[0] > 0.0, "{} carries nothing", route.id);
    }
    stays::<2>(&scenario, "plants of before".into());
}

/// A newcomer half way up its ramp when the run starts has half its share and goes on to all of it.
#[test]
fn a_plant_in_the_midst_of_its_ramp_goes_on_from_there() {
    struct Shares(Vec<f64>);
    impl Watch<1> for Shares {
        fn start(&mut self, kernel: &Kernel, state: &State<1>) {
            self.step(kernel, 0, state);
        }
        fn step(&mut self, kernel: &Kernel, _: u32, state: &State<1>) {
            let late =
                |r: &usize| kernel.scenario().lines.routes[kernel.routes.id[*r].index()].opens.is_some();
            let r = (0..kernel.routes.from.len()).find(late).unwrap();
            self.0.push(state.routes[r].share[0] / state.weight[r][0]);
        }
    }
    let mut scenario = world(401);
    scenario.parameters.set(Parameter::RampDays, Distribution::Fixed(800.0));
    let graph = std::sync::Arc::make_mut(&mut scenario.lines);
    let before = graphs::START - 400;
    graph.pools.iter_mut().filter_map(|pool| pool.opens.as_mut()).for_each(|date| *date = before);
    graph.routes.iter_mut().filter_map(|route| route.opens.as_mut()).for_each(|date| *date = before);
    let kernel = Kernel::compile(&scenario);
    let mut shares = Shares(Vec::new());
    kernel.watch(0, &mut State::<1>::new(&kernel), &mut shares);
    // Before the first step, in it, 200 days later, at the end of the ramp.
    for (entry, reached) in [(0, 0.5), (1, 0.5), (201, 0.75), (401, 1.0)] {
        assert!((shares.0[entry] - reached).abs() < 1.0e-12, "entry {entry}: {}", shares.0[entry]);
    }
}
