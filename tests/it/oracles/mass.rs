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
            let mut contents = state.content.iter();
            for (g, feed) in feeds.iter().enumerate() {
                let ores: Vec<(usize, &[f64; L])> = graph.lines[*feed]
                    .inputs
                    .iter()
                    .flat_map(|input| &input.routes)
                    .map(|r| (position(r.index()), contents.next().unwrap()))
                    .collect();
                for lane in 0..L {
                    // What the ore used held is made, or is in circuit and tailings, or was not recovered.
                    let members = graph
                        .lines
                        .iter()
                        .enumerate()
                        .filter(|(_, l)| l.coproduct_of.is_some_and(|f| f.index() == *feed));
                    let heavy: f64 = members.map(|(i, _)| state.output[i][lane]).sum();
                    let brought: f64 = ores
                        .iter()
                        .map(|(r, content)| {
                            let came = stock[*r][lane] + transit[*r][lane] + state.routes[*r].leaving[lane];
                            let kept = state.routes[*r].stock[lane] + state.routes[*r].transit[lane];
                            content[lane] * (came - kept)
                        })
                        .sum();
                    let old = circuit[g][lane];
                    let now = state.circuit[g][lane] + state.tailings[g][lane] + state.unrecovered[g][lane];
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
        let circuit = state.circuit.iter().zip(&state.tailings).zip(&state.unrecovered);
        let circuit = circuit.map(|((c, t), u)| std::array::from_fn(|lane| c[lane] + t[lane] + u[lane]));
        let circuit = circuit.collect();
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

/// NdPr, and Dy with Tb, as metal.
type Elements = [f64; 2];

fn plus(sum: &mut Elements, tonnes: f64, content: Elements) {
    (0..2).for_each(|e| sum[e] += tonnes * content[e]);
}

/// What becomes of both elements between mine and user, at the central values, from what the data say of contents.
struct ElementBooks {
    graph: LineGraph,
    /// Contents of what each route carries and each line makes, per tonne.
    carried: Vec<Elements>,
    made: Vec<Elements>,
    /// On each route, and in each circuit, at the end of the step before.
    before: Option<(Vec<f64>, Vec<f64>)>,
    initial: Elements,
    mined: Elements,
    embodied: Elements,
    lost: Elements,
    /// Whether heavy lines wanted more than there was.
    short: bool,
    steps: usize,
}

impl ElementBooks {
    fn new(scenario: &Scenario) -> Self {
        let graph = (*scenario.lines).clone();
        let central = graph.central_values();
        let oxide = |heavy: bool| {
            let content = |m: &coercivity::network::line::Material| if heavy { m.dytb } else { m.ndpr };
            let name = if heavy { "DyTb oxide" } else { "NdPr oxide" };
            graph.materials.iter().find(|m| m.name == name).map(content).unwrap()
        };
        let mut made = vec![[0.0; 2]; graph.lines.len()];
        // Suppliers before buyers: stages stand in the order of the chain.
        let mut order: Vec<usize> = (0..graph.lines.len()).collect();
        order.sort_by_key(|i| graph.lines[*i].stage);
        let mut carried = vec![[0.0; 2]; graph.routes.len()];
        for i in order {
            let line = &graph.lines[i];
            let material = &graph.materials[line.product.index()];
            made[i] = match line.stage {
                Stage::Mine => {
                    let first =
                        line.outgoing.iter().find(|r| graph.routes[r.index()].yield_per_tonne.is_some());
                    first.map_or([0.0; 2], |r| {
                        let light = graph.routes[r.index()].yield_per_tonne.as_ref().unwrap();
                        [
                            light.value(&central) * oxide(false),
                            graph.heavy_content(*r, &central) * oxide(true),
                        ]
                    })
                }
                // Parts lose nothing of their magnets.
                Stage::Component => {
                    let mut sum = [0.0; 2];
                    for input in &line.inputs {
                        let good = input.routes.first().map_or([0.0; 2], |r| carried[r.index()]);
                        plus(&mut sum, input.amount.value(&central), good);
                    }
                    sum
                }
                Stage::Automaker | Stage::OtherDemand => [0.0; 2],
                // Traces of Dy and Tb in magnets without are not followed: they count as lost in making them.
                Stage::Magnet if !material.heavy => [material.ndpr, 0.0],
                _ => [material.ndpr, material.dytb],
            };
            line.outgoing.iter().for_each(|r| carried[r.index()] = made[i]);
        }
        Self {
            short: false,
            graph,
            carried,
            made,
            before: None,
            initial: [0.0; 2],
            mined: [0.0; 2],
            embodied: [0.0; 2],
            lost: [0.0; 2],
            steps: 0,
        }
    }

    fn held(&self, on_routes: &[f64], state: &State<1>) -> Elements {
        let mut sum = [0.0; 2];
        for (tonnes, content) in on_routes.iter().zip(&self.carried) {
            plus(&mut sum, *tonnes, *content);
        }
        for (tonnes, content) in state.finished.iter().zip(&self.made) {
            plus(&mut sum, tonnes[0], *content);
        }
        sum
    }
}

impl Watch<1> for ElementBooks {
    fn step(&mut self, kernel: &Kernel, _: u32, state: &State<1>) {
        let graph = std::mem::take(&mut self.graph);
        let rows = |r: usize| &state.routes[kernel.routes.position[r] as usize];
        let on_routes: Vec<f64> =
            (0..graph.routes.len()).map(|r| rows(r).stock[0] + rows(r).transit[0]).collect();
        let oxide = graph.materials.iter().find(|m| m.name == "DyTb oxide").unwrap().dytb;
        let circuits: Vec<f64> = state.circuit.iter().map(|row| row[0] * oxide).collect();
        let mut held = self.held(&on_routes, state);
        held[1] += circuits.iter().sum::<f64>();
        let Some((before, old_circuits)) = self.before.replace((on_routes.clone(), circuits.clone())) else {
            self.initial = held;
            self.graph = graph;
            return;
        };
        let mut groups = 0;
        for (i, line) in graph.lines.iter().enumerate() {
            if line.coproduct_of.is_some() {
                continue;
            }
            let mut came = [0.0; 2];
            for r in line.inputs.iter().flat_map(|input| &input.routes).map(|r| r.index()) {
                plus(&mut came, before[r] + rows(r).leaving[0] - on_routes[r], self.carried[r]);
            }
            if line.stage == Stage::Mine {
                plus(&mut self.mined, state.output[i][0], self.made[i]);
                continue;
            }
            if line.final_demand > 0.0 {
                plus(&mut self.embodied, 1.0, came);
                continue;
            }
            let mut went = [0.0; 2];
            plus(&mut went, state.output[i][0], self.made[i]);
            let heavy = || {
                graph.lines.iter().enumerate().filter(|(_, l)| l.coproduct_of.is_some_and(|f| f.index() == i))
            };
            if heavy().next().is_some() {
                heavy().for_each(|(h, _)| plus(&mut went, state.output[h][0], self.made[h]));
                went[1] += circuits[groups] - old_circuits[groups];
                groups += 1;
            }
            for e in 0..2 {
                let lost = came[e] - went[e];
                self.lost[e] += lost;
                // What comes out of a plant went into it on the same day.
                let of = came[e] + went[e].abs() + circuits.iter().sum::<f64>();
                assert!(
                    lost >= -1.0e-10 * of - GRAM,
                    "{} made {} t of element {e} out of {} t",
                    line.id,
                    went[e],
                    came[e]
                );
                self.short |= e == 1 && heavy().any(|(h, _)| state.output[h][0] < 0.9 * state.wanted[h][0]);
            }
        }
        self.graph = graph;
        for e in 0..2 {
            let whole = self.initial[e] + self.mined[e];
            let found = held[e] + self.embodied[e] + self.lost[e];
            assert!((found - whole).abs() <= 1.0e-10 * whole, "element {e}: {found} t of {whole} t");
        }
        self.steps += 1;
    }
}

/// Per element and at every step, on the shipped world while heavy ores fail and others take their place: initial +
/// mined = stocks + transit + finished + circuits + embodied + losses, and no line makes more of an element than
/// went into it.
#[test]
fn no_line_of_the_world_makes_an_element() {
    let (mut scenario, _) = Scenario::bundled("myanmar-border-closure").expect("a bundled scenario");
    scenario.switches.sample_network = false;
    // With the ores of Laos and of southern China failing as well, what is left decides how much Dy and Tb there is.
    let graph = scenario.lines.clone();
    let mine = |id: &str| {
        let site = graph.sites.iter().position(|site| site.id == id).unwrap();
        graph.lines.iter().find(|line| line.facility.index() == site).unwrap().pool
    };
    scenario.shocks.push(outage(
        vec![mine("mine-laos"), mine("mine-southern-ionic"), mine("mine-kachin")],
        0.7,
        30,
        400,
    ));
    let kernel = Kernel::compile(&scenario);
    let mut books = ElementBooks::new(&scenario);
    kernel.watch(0, &mut State::<1>::new(&kernel), &mut books);
    assert!(books.short, "heavy lines never lacked anything");
    assert!(books.steps > 300 && books.mined.iter().chain(&books.embodied).all(|tonnes| *tonnes > 1.0));
    // Processes lose something: the books would not notice goods that hold nothing.
    assert!((0..2).all(|e| books.lost[e] > 0.02 * books.mined[e] && books.lost[e] < 0.5 * books.mined[e]));
}
