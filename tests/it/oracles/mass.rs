//! Nothing is lost and nothing comes from nowhere.

use coercivity::kernel::{Kernel, State, Watch};
use coercivity::network::line::{Criticality, LineGraph, Stage};
use coercivity::policy::parameter::Parameter;
use coercivity::policy::response::Sourcing;
use coercivity::policy::shock::Kind;
use coercivity::scenario::Scenario;

use super::build::{Capacity, Net, START, Way, close, fixed, outage, parallel, run, scenario, set, shock};
use super::rest::drawn;

/// Tonnes below which a flow is rounding.
const GRAM: f64 = 1.0e-6;

/// Books of every stock, kept beside the kernel's.
struct Ledger<const L: usize> {
    graph: LineGraph,
    /// Stock, transit, amount and circuit of the step before.
    before: Option<[Vec<[f64; L]>; 5]>,
    /// Worst relative gap: inputs, goods made, circuits, rings.
    worst: [f64; 4],
    least: f64,
    checked: usize,
}

impl<const L: usize> Ledger<L> {
    fn new(scenario: &Scenario) -> Self {
        Self { graph: (*scenario.lines).clone(), before: None, worst: [0.0; 4], least: 0.0, checked: 0 }
    }

    fn note(&mut self, which: usize, gap: f64, scale: f64) {
        let gap = gap.abs() / scale.max(1.0e-9);
        assert!(gap.is_finite());
        self.worst[which] = self.worst[which].max(gap);
        self.checked += 1;
    }
}

impl<const L: usize> Watch<L> for Ledger<L> {
    fn step(&mut self, kernel: &Kernel, _: u32, state: &State<L>) {
        for rows in [
            &state.column(|route| route.stock),
            &state.column(|route| route.transit),
            &state.column(|route| route.book),
            &state.finished,
            &state.output,
            &state.circuit,
            &state.column(|route| route.owed),
        ] {
            self.least = rows.iter().flatten().fold(self.least, |least, x| least.min(*x));
        }
        let position = |r: usize| kernel.routes.position[r] as usize;
        if let Some([stock, transit, amount, finished, circuit]) = self.before.take() {
            let graph = std::mem::take(&mut self.graph);
            let mut feeds: Vec<usize> = Vec::new();
            for (i, line) in graph.lines.iter().enumerate() {
                for lane in 0..L {
                    let made = state.output[i][lane];
                    for input in &line.inputs {
                        // Stocks and goods at sea change by what left the supplier less what was used.
                        let (mut used, mut scale) = (0.0, made);
                        for r in input.routes.iter().map(|r| position(r.index())) {
                            let came = stock[r][lane] + transit[r][lane] + state.routes[r].leaving[lane];
                            used += (came - state.routes[r].stock[lane] - state.routes[r].transit[lane])
                                / amount[r][lane];
                            scale += came / amount[r][lane];
                        }
                        // What is negligible never stops a line: it may make more than the input allows.
                        let free = input.criticality == Criticality::Negligible && used < made;
                        self.note(0, if free { 0.0 } else { used - made }, scale);
                    }
                    // Finished goods change by what was made less what left.
                    let sold: f64 =
                        line.outgoing.iter().map(|r| state.routes[position(r.index())].leaving[lane]).sum();
                    let served = if line.final_demand > 0.0 { state.served[i][lane] } else { 0.0 };
                    let gap = finished[i][lane] + made - sold - served - state.finished[i][lane];
                    self.note(1, gap, finished[i][lane] + made);
                }
                if let Some(feed) = line.coproduct_of.filter(|feed| !feeds.contains(&feed.index())) {
                    feeds.push(feed.index());
                }
            }
            for (g, feed) in feeds.iter().enumerate() {
                for lane in 0..L {
                    // Circuit and tailings together grow by what the feed brought, less what was made.
                    let members = graph
                        .lines
                        .iter()
                        .enumerate()
                        .filter(|(_, l)| l.coproduct_of.is_some_and(|f| f.index() == *feed));
                    let heavy: f64 = members.map(|(i, _)| state.output[i][lane]).sum();
                    let brought = state.recovery[g][lane] * state.output[*feed][lane];
                    let old = circuit[g][lane];
                    let now = state.circuit[g][lane] + state.tailings[g][lane];
                    self.note(2, old + brought - heavy - now, old + brought);
                }
            }
            self.graph = graph;
        }
        for r in 0..state.routes.len() {
            for lane in 0..L {
                let on_the_way: f64 = [&kernel.routes.surface[r], &kernel.routes.air[r]]
                    .into_iter()
                    .flat_map(|ring| (0..ring.slots).map(move |ahead| state.due(kernel, ring, ahead)[lane]))
                    .sum();
                self.note(
                    3,
                    on_the_way - state.routes[r].transit[lane],
                    on_the_way + state.routes[r].base_flow[lane] + GRAM,
                );
            }
        }
        let circuit = state.circuit.iter().zip(&state.tailings);
        let circuit = circuit.map(|(c, t)| std::array::from_fn(|lane| c[lane] + t[lane])).collect();
        self.before = Some([
            state.column(|route| route.stock),
            state.column(|route| route.transit),
            (0..state.routes.len()).map(|r| *state.amount_of(kernel, r)).collect(),
            state.finished.clone(),
            circuit,
        ]);
    }
}

#[track_caller]
fn balanced<const L: usize>(scenario: &Scenario, first: u64) {
    let kernel = Kernel::compile(scenario);
    let mut state = State::<L>::new(&kernel);
    let mut ledger = Ledger::new(scenario);
    kernel.watch(first, &mut state, &mut ledger);
    assert!(ledger.checked > 1000);
    assert!(ledger.least >= 0.0, "a stock fell to {}", ledger.least);
    assert!(
        ledger.worst.iter().all(|gap| *gap < 1.0e-10),
        "inputs, goods made, circuits, rings: {:?}",
        ledger.worst
    );
}

/// Every stock of the small world is what it was plus what came less what went, in every step of a lively run.
#[test]
fn the_small_world_balances() {
    let scenario = drawn(400, Vec::new());
    let graph = scenario.lines.clone();
    let routes: Vec<_> = (0..graph.routes.len()).map(coercivity::id::RouteId::new).collect();
    let lines: Vec<_> = (0..graph.lines.len()).map(coercivity::id::LineId::new).collect();
    let shocks = vec![
        outage(vec![graph.lines[2].pool, graph.lines[5].pool], 0.8, 20, 60),
        shock("wave", Kind::DemandChange { lines: lines.clone(), factor: fixed(1.3) }, 50, Some(150)),
        shock("slow", Kind::LaneDelay { routes: routes[3..].to_vec(), days: fixed(25.0) }, 60, Some(200)),
        shock("tariff", Kind::Tariff { routes: routes[..9].to_vec(), rate: fixed(0.5) }, 100, Some(300)),
        shock("quota", Kind::Quota { routes, tonnes: fixed(900.0), period_days: 30 }, 150, Some(250)),
        shock("thrift", Kind::Substitution { lines, rate: fixed(0.2), limit: 0.5 }, 10, None),
    ];
    balanced::<4>(&drawn(400, shocks), 0);
}

/// So does the shipped world under the controls of April 2025.
#[test]
fn the_world_balances_under_controls() {
    let (scenario, _) = Scenario::bundled("2025-april-controls").expect("a bundled scenario");
    balanced::<2>(&scenario, 0);
}

/// A newcomer that is asked for more than it delivers makes nobody use more than is needed.
#[test]
fn a_newcomer_that_delivers_late_wastes_nothing() {
    for sourcing in [Sourcing::Pooled, Sourcing::Dedicated, Sourcing::AllNeeded] {
        let (mut net, lines) = parallel(8.0, &[0.75, 0.25], |_| Capacity::Of(8.0), Way::default());
        let late = net.facility("late", Stage::Mine, "AUS", Capacity::Of(0.5), 0.0);
        let route = net.route(late, lines[2], "goods", Way { share: 0.5, ..Way::default() });
        net.graph.routes[route.index()].opens = Some(START + 30);
        let mut scenario = scenario(&net, 400, Vec::new());
        set(&mut scenario, Parameter::RampDays, 60.0);
        scenario.switches.sourcing = [sourcing; 7];
        balanced::<1>(&scenario, 0);
    }
}

/// Per element: initial + mined = stocks + transit + finished + embodied + process losses, at every step.
#[test]
fn elements_are_conserved_along_a_chain() {
    let mut net = Net::default();
    let mine = net.facility("mine", Stage::Mine, "CHN", Capacity::Of(40.0), 0.0);
    let maker = net.facility("maker", Stage::Magnet, "CHN", Capacity::Of(12.0), 0.0);
    let user = net.facility("user", Stage::OtherDemand, "DEU", Capacity::Of(12.0), 8.0);
    // 3 t of ore at 10 % give 1 t of magnets at 24 %: 0.06 t of every 0.3 t are lost in the process.
    net.route(mine, maker, "ore", Way { amount: 3.0, ..Way::default() });
    net.route(maker, user, "heavy magnets", Way { cover: 20.0, ..Way::default() });
    let shocks = vec![outage(vec![net.pool(mine)], 0.7, 10, 60), {
        let mut second = outage(vec![net.pool(maker)], 0.9, 90, 25);
        second.id = "second".into();
        second
    }];
    let run = run(&scenario(&net, 300, shocks));
    let (ore, magnets) = (0.1, 0.24);
    let held = |t: usize| {
        let s = &run.steps[t];
        let made = s.finished[mine.index()] + s.stock[0] + s.transit[0];
        ore * made
            + magnets * (s.finished[maker.index()] + s.stock[1] + s.transit[1] + s.finished[user.index()])
    };
    let initial = held(0);
    let (mut mined, mut embodied, mut lost) = (0.0, 0.0, 0.0);
    for t in 1..300 {
        let s = &run.steps[t];
        mined += ore * s.output[mine.index()];
        lost += (3.0 * ore - magnets) * s.output[maker.index()];
        embodied += magnets * s.served[user.index()];
        close(held(t) + embodied + lost, initial + mined, 1.0e-12);
    }
    assert!(run.lost(user) > 0.0);
}
