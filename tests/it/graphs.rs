//! Small networks for tests: a builder for hand-made ones, and random ones that follow from a [`Plan`].
//!
//! A plan is a handful of numbers, so that a failing case shrinks and prints well; everything else
//! is drawn from its seed by a generator that has nothing to do with the simulator's.

use std::sync::Arc;

use coercivity::id::{CoefficientId, FacilityId, LineId, MaterialId, Place, PoolId, RouteId};
use coercivity::network::line::{
    Amount, Band, Carriage, Coefficient, Criticality, EndUse, Input, Line, LineGraph, LineRoute, Material, Pool, Site,
    Stage,
};
use coercivity::policy::parameter::{Parameter, Parameters};
use coercivity::policy::response::{Production, Rationing, Sourcing, Switches};
use coercivity::random::sample::Distribution;
use coercivity::scenario::{Outputs, Plan as Replications, Scenario};
use proptest::prelude::*;

use crate::policies;

/// 12 January 2025: the lunar New Year falls into the first weeks.
pub const START: i32 = 20_100;

/// SplitMix64: a generator of its own, so that no test shares luck with what it tests.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.between(0.0, 1.0) < probability
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// Each member with probability one half, at least one.
    pub fn some<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        let mut chosen: Vec<T> = from.iter().filter(|_| self.chance(0.5)).cloned().collect();
        if chosen.is_empty() && !from.is_empty() {
            chosen.push(self.pick(from));
        }
        chosen
    }
}

pub fn place(code: &str) -> Place {
    Place::parse(code).unwrap()
}

/// Builds a [`LineGraph`] by hand.
#[derive(Default)]
pub struct Builder {
    pub graph: LineGraph,
}

/// A route of the builder: a fixed share by surface in one day, with ten days of cover, unless changed.
pub fn route(from: LineId, to: LineId, input: u32, share: f64) -> LineRoute {
    LineRoute {
        id: String::new(),
        from,
        to,
        material: MaterialId(0),
        input,
        share: Band::fixed(share),
        share_key: String::new(),
        yield_per_tonne: None,
        surface_days: 1,
        air_days: 1,
        carriage: Carriage::Surface,
        cover: Band::fixed(10.0),
        cover_key: String::new(),
        opens: None,
    }
}

impl Builder {
    pub fn material(&mut self, name: &str, heavy: bool, (ndpr, dytb): (f64, f64), price: Option<f64>) -> MaterialId {
        self.graph.materials.push(Material { name: name.into(), heavy, ndpr, dytb, price });
        MaterialId::new(self.graph.materials.len() - 1)
    }

    pub fn coefficient(&mut self, id: &str, band: Band) -> CoefficientId {
        self.graph.coefficients.push(Coefficient { id: id.into(), band });
        CoefficientId::new(self.graph.coefficients.len() - 1)
    }

    /// A facility with one line and a capacity of its own.
    pub fn line(&mut self, id: &str, stage: Stage, country: &str, product: MaterialId, demand: f64) -> LineId {
        let facility = FacilityId::new(self.graph.sites.len());
        let region = place(if matches!(country, "DEU" | "FRA") { "EUR" } else if country == "USA" { "NAM" } else { country });
        self.graph.sites.push(Site {
            id: id.into(),
            name: id.into(),
            company: id.into(),
            stage,
            country: place(country),
            region,
        });
        let line = LineId::new(self.graph.lines.len());
        let pool = PoolId::new(self.graph.pools.len());
        self.graph.pools.push(Pool {
            facility,
            capacity: 0.0,
            recorded_output: 0.0,
            utilisation_unknown: true,
            opens: None,
            lines: vec![line],
        });
        self.graph.lines.push(Line {
            id: format!("{id}:{}", self.graph.materials[product.index()].name),
            facility,
            product,
            stage,
            country: place(country),
            region,
            end_use: EndUse::Other,
            inputs: Vec::new(),
            final_demand: demand,
            pool,
            coproduct_of: None,
            outgoing: Vec::new(),
        });
        line
    }

    /// Lets a line share the capacity of another.
    pub fn share_pool(&mut self, line: LineId, with: LineId) {
        let old = self.graph.lines[line.index()].pool;
        let new = self.graph.lines[with.index()].pool;
        self.graph.pools[old.index()].lines.clear();
        self.graph.pools[new.index()].lines.push(line);
        self.graph.pools[new.index()].lines.sort();
        self.graph.lines[line.index()].pool = new;
    }

    /// Adds an input to a line; its position.
    pub fn input(&mut self, line: LineId, material: MaterialId, amount: Amount) -> u32 {
        let inputs = &mut self.graph.lines[line.index()].inputs;
        inputs.push(Input { material, amount, criticality: Criticality::Essential, routes: Vec::new() });
        (inputs.len() - 1) as u32
    }

    pub fn route(&mut self, mut route: LineRoute) {
        route.material = self.graph.lines[route.to.index()].inputs[route.input as usize].material;
        let (from, to) = (&self.graph.lines[route.from.index()].id, &self.graph.lines[route.to.index()].id);
        route.id = format!("{from}>{to}");
        route.share_key.clone_from(&route.id);
        route.cover_key.clone_from(to);
        self.graph.routes.push(route);
    }

    /// Orders routes as the simulator expects them and fills the lists that point at them.
    pub fn finish(mut self) -> LineGraph {
        let graph = &mut self.graph;
        graph.routes.sort_by_key(|route| (route.to, route.input, route.from));
        for (position, route) in graph.routes.iter().enumerate() {
            let id = RouteId::new(position);
            graph.lines[route.to.index()].inputs[route.input as usize].routes.push(id);
            graph.lines[route.from.index()].outgoing.push(id);
        }
        self.graph
    }
}

/// A scenario without shocks over a network, deterministic but for what the caller changes.
pub fn scenario(graph: LineGraph, days: u32) -> Scenario {
    let mut parameters = Parameters::default();
    parameters.set(Parameter::Growth, Distribution::Fixed(1.0));
    Scenario {
        name: "test".into(),
        title: String::new(),
        description: String::new(),
        sources: Vec::new(),
        network: "test".into(),
        vintage: String::new(),
        lines: Arc::new(graph),
        start: START,
        days,
        step_days: 1,
        parameters,
        switches: Switches::default(),
        shocks: Vec::new(),
        plan: Replications { replications: 8, seed: 1, converge: None },
        expectation: None,
        marks: Vec::new(),
        outputs: Outputs::default(),
        inputs: Vec::new(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Chain,
    Diamond,
    Tree,
    Web,
    Cycle,
}

/// A random case in few words.
#[derive(Clone, Debug)]
pub struct Plan {
    pub shape: Shape,
    pub seed: u64,
    pub layers: usize,
    pub production: Production,
    pub sourcing: [Sourcing; 7],
    pub pooled_mix: f64,
    pub rationing: Rationing,
    pub weekly: bool,
    pub sampled: bool,
    /// Parameters away from their defaults, season, minimum runs, bypass, feedback of prices.
    pub unusual: bool,
    /// Plants that open, candidates that qualify, co-products, recipes that are not all essential.
    pub rich: bool,
    /// Kinds of shocks, by number.
    pub shocks: Vec<u8>,
    pub days: u32,
}

fn sourcing() -> impl Strategy<Value = Sourcing> {
    prop_oneof![Just(Sourcing::Pooled), Just(Sourcing::Dedicated), Just(Sourcing::AllNeeded)]
}

/// Random cases.
pub fn plans() -> impl Strategy<Value = Plan> {
    let shape = prop_oneof![
        Just(Shape::Chain),
        Just(Shape::Diamond),
        Just(Shape::Tree),
        Just(Shape::Web),
        Just(Shape::Cycle)
    ];
    let production = prop_oneof![Just(Production::Hard), Just(Production::Psi), Just(Production::Critical)];
    let rationing = prop_oneof![
        Just(Rationing::Proportional),
        Just(Rationing::Priority),
        Just(Rationing::LeastHurtFirst),
        Just(Rationing::ContractFirst),
        Just(Rationing::DomesticFirst),
        Just(Rationing::Price)
    ];
    let mix = prop_oneof![3 => Just(0.0), 1 => Just(0.35), 1 => Just(1.0)];
    let shocks = prop::collection::vec(0..policies::KINDS, 0..5);
    (
        (shape, any::<u64>(), 2_usize..=6, production),
        (prop::array::uniform7(sourcing()), mix, rationing, prop::bool::weighted(0.2)),
        (any::<bool>(), any::<bool>(), any::<bool>(), shocks, 60_u32..250),
    )
        .prop_map(
            |(
                (shape, seed, layers, production),
                (sourcing, pooled_mix, rationing, weekly),
                (sampled, unusual, rich, shocks, days),
            )| Plan {
                shape,
                seed,
                layers,
                production,
                sourcing,
                pooled_mix,
                rationing,
                weekly,
                sampled,
                unusual,
                rich,
                shocks,
                days,
            },
        )
}

impl Plan {
    /// The scenario of the plan.
    pub fn scenario(&self) -> Scenario {
        let mut dice = Dice::new(self.seed);
        let graph = network(self, &mut dice);
        let mut scenario = scenario(graph, if self.weekly { self.days * 4 / 7 * 7 } else { self.days });
        scenario.step_days = if self.weekly { 7 } else { 1 };
        scenario.plan.seed = dice.bits();
        scenario.switches = Switches {
            production: self.production,
            sourcing: self.sourcing,
            pooled_mix: self.pooled_mix,
            rationing: self.rationing,
            priority: dice.some(&[EndUse::Defence, EndUse::Automotive, EndUse::Wind]),
            sample_network: self.sampled,
            price_feedback: self.unusual && dice.chance(0.5),
            bypass: self.unusual && dice.chance(0.5),
        };
        if self.unusual {
            unusual(&mut scenario.parameters, &mut dice);
        }
        if self.rich {
            quick(&mut scenario.parameters, &mut dice);
        }
        scenario.shocks = policies::shocks(&self.shocks, &scenario, &mut dice);
        scenario
    }
}

fn unusual(parameters: &mut Parameters, dice: &mut Dice) {
    use Parameter as P;
    let ranges = [
        (P::Growth, 0.9, 1.3),
        (P::SeasonAmplitude, 0.01, 0.2),
        (P::NewYearDip, 0.1, 0.6),
        (P::FinishedDays, 0.0, 12.0),
        (P::Panic, 0.1, 2.0),
        (P::Cancellation, 0.0, 0.06),
        (P::LostFraction, 0.0, 1.0),
        (P::DeferFraction, 0.0, 1.0),
        (P::DeferDays, 5.0, 80.0),
        (P::MinimumRun, 0.1, 0.6),
        (P::RestartDays, 0.0, 7.0),
        (P::AdaptationExponent, 0.3, 2.0),
        (P::OverproductionDays, 20.0, 365.0),
        (P::ExpectationDays, 3.0, 30.0),
        (P::TrendDays, 60.0, 180.0),
        (P::AdjustmentDays, 20.0, 60.0),
        (P::GateRatio, 1.2, 3.0),
        (P::BypassDays, 5.0, 40.0),
        (P::AirTrigger, 0.3, 0.9),
        (P::BlockedBookDays, 2.0, 40.0),
    ];
    for (parameter, low, high) in ranges {
        if dice.chance(0.5) {
            let value = dice.between(low, high);
            let drawn = Distribution::Uniform { low: value, high: value + 0.1 * (high - value) };
            parameters.set(parameter, if dice.chance(0.5) { drawn } else { Distribution::Fixed(value) });
        }
    }
}

/// What takes a year by default happens inside a short run.
fn quick(parameters: &mut Parameters, dice: &mut Dice) {
    use Parameter as P;
    for (parameter, low, high) in [
        (P::QualificationDays, 10.0, 40.0),
        (P::QualificationTrigger, 1.5, 9.5),
        (P::RampDays, 10.0, 90.0),
        (P::DeskDeadTime, 3.0, 25.0),
        (P::DeskMean, 2.0, 30.0),
        (P::ApplicantDays, 2.0, 10.0),
        (P::IntakeLow, 1.0, 3.0),
        (P::IntakeHigh, 3.0, 9.0),
        (P::LotDays, 11.0, 61.0),
        (P::HorizonDays, 5.0, 31.0),
        (P::ValiditySingle, 20.0, 70.0),
        (P::SubstitutionCap, 0.1, 1.0),
    ] {
        let value = dice.between(low, high);
        parameters.set(parameter, Distribution::Fixed(value));
    }
    if dice.chance(0.5) {
        parameters.set(P::LicensedRate, Distribution::Fixed(1.0e9));
    }
}

const STAGES: [Stage; 6] =
    [Stage::Mine, Stage::Separation, Stage::Metal, Stage::Magnet, Stage::Component, Stage::Automaker];
const COUNTRIES: [&str; 5] = ["CHN", "CHN", "JPN", "DEU", "USA"];

/// A random network: layers of lines, each buying from the layers above.
fn network(plan: &Plan, dice: &mut Dice) -> LineGraph {
    let mut b = Builder::default();
    let first_stage = 6 - plan.layers;
    let mut layers: Vec<Vec<LineId>> = Vec::new();
    for layer in 0..plan.layers {
        let stage = STAGES[first_stage + layer];
        let last = layer + 1 == plan.layers;
        let width = match plan.shape {
            Shape::Chain => 1,
            Shape::Diamond => 1 + usize::from(layer % 2 == 1),
            Shape::Tree => (1 << (plan.layers - 1 - layer).min(3)).min(8),
            Shape::Web | Shape::Cycle => 1 + dice.below(4),
        };
        let kinds = if width > 1 && plan.shape != Shape::Tree { 1 + dice.below(2) } else { 1 };
        let materials: Vec<MaterialId> = (0..kinds)
            .map(|kind| {
                let content = (dice.between(0.1, 1.0), if kind == 0 { dice.between(0.01, 0.1) } else { 0.0 });
                let content = if stage == Stage::Mine { (0.0, 0.0) } else { content };
                let price = dice.chance(0.5).then(|| dice.between(10.0, 1000.0));
                b.material(&format!("{}{kind}", stage.as_str()), kind == 0, content, price)
            })
            .collect();
        let mut lines = Vec::new();
        for position in 0..width {
            let demand = if last || (plan.shape == Shape::Web && dice.chance(0.15)) { dice.between(1.0, 100.0) } else { 0.0 };
            let stage = if last && dice.chance(0.3) { Stage::OtherDemand } else { stage };
            let line = b.line(&format!("{}-{position}", STAGES[first_stage + layer].as_str()), stage, dice.pick(&COUNTRIES), materials[position % kinds], demand);
            let entry = &mut b.graph.lines[line.index()];
            entry.end_use = dice.pick(&[EndUse::Automotive, EndUse::Wind, EndUse::Defence, EndUse::Other]);
            let pool = &mut b.graph.pools[entry.pool.index()];
            pool.utilisation_unknown = dice.chance(0.5);
            if position > 0 && plan.shape != Shape::Tree && dice.chance(0.3) {
                b.share_pool(line, lines[position - 1]);
            }
            lines.push(line);
        }
        for (position, &line) in lines.iter().enumerate() {
            if layer > 0 {
                supply(plan, &mut b, dice, &layers, (position, width, line), stage);
            }
        }
        layers.push(lines);
    }
    if plan.rich {
        co_products(&mut b, dice, &layers);
        late_plants(&mut b, dice);
        candidates(&mut b, dice);
    }
    if plan.shape == Shape::Cycle {
        recycling(&mut b, dice, &layers);
    }
    b.finish()
}

/// Gives a line its inputs and their suppliers.
fn supply(plan: &Plan, b: &mut Builder, dice: &mut Dice, layers: &[Vec<LineId>], (position, width, line): (usize, usize, LineId), stage: Stage) {
    let above = &layers[layers.len() - 1];
    let mut choice: Vec<LineId> = above.clone();
    if plan.shape == Shape::Tree {
        choice = above.iter().enumerate().filter(|(i, _)| i * width / above.len() == position).map(|(_, l)| *l).collect();
    } else if matches!(plan.shape, Shape::Web | Shape::Cycle) {
        choice = dice.some(above);
        if layers.len() > 1 && dice.chance(0.3) {
            choice.push(dice.pick(&layers[layers.len() - 2]));
        }
    }
    let mut materials: Vec<MaterialId> = choice.iter().map(|l| b.graph.lines[l.index()].product).collect();
    materials.sort();
    materials.dedup();
    for material in materials {
        let suppliers: Vec<LineId> = choice.iter().copied().filter(|l| b.graph.lines[l.index()].product == material).collect();
        let amount = dice.between(0.2, 1.2);
        let amount = if dice.chance(0.5) {
            let id = b.coefficient(&format!("amount-{}-{}", line.0, material.0), Band { low: 0.8 * amount, central: amount, high: 1.1 * amount });
            Amount { terms: vec![(1.0, Some(id))], divisors: Vec::new() }
        } else {
            Amount::fixed(amount)
        };
        let input = b.input(line, material, amount);
        if plan.rich {
            let criticality = dice.pick(&[Criticality::Essential, Criticality::Essential, Criticality::NonEssential, Criticality::Negligible]);
            b.graph.lines[line.index()].inputs[input as usize].criticality = criticality;
        }
        let cover = dice.between(3.0, 30.0);
        for supplier in suppliers {
            let ore = b.graph.lines[supplier.index()].stage == Stage::Mine && stage == Stage::Separation;
            add_route(b, dice, (supplier, line, input), cover, ore);
        }
    }
}

fn add_route(b: &mut Builder, dice: &mut Dice, (from, to, input): (LineId, LineId, u32), cover: f64, ore: bool) {
    let share = dice.between(0.1, 1.0);
    let yield_per_tonne = ore.then(|| {
        let mine = b.graph.sites[b.graph.lines[from.index()].facility.index()].id.clone();
        let id = format!("ndpr-per-reo:{mine}");
        let known = b.graph.coefficients.iter().position(|c| c.id == id);
        let id = known.map(CoefficientId::new).unwrap_or_else(|| {
            let content = dice.between(0.05, 0.3);
            let heavy = dice.between(0.001, 0.02);
            b.coefficient(&format!("dytb-per-reo:{mine}"), Band { low: 0.5 * heavy, central: heavy, high: 1.5 * heavy });
            b.coefficient(&id, Band { low: 0.8 * content, central: content, high: 1.2 * content })
        });
        Amount { terms: vec![(1.0, Some(id))], divisors: Vec::new() }
    });
    b.route(LineRoute {
        share: Band { low: 0.6 * share, central: share, high: 1.3 * share },
        yield_per_tonne,
        surface_days: 1 + dice.below(20) as u32,
        air_days: 1 + dice.below(5) as u32,
        carriage: if dice.chance(0.4) { Carriage::SeaAndAir } else { Carriage::Surface },
        cover: Band { low: 0.5 * cover, central: cover, high: 2.0 * cover },
        ..route(from, to, input, share)
    });
}

/// Heavy oxide beside the oxide of the first separation line, bought by whoever comes after.
fn co_products(b: &mut Builder, dice: &mut Dice, layers: &[Vec<LineId>]) {
    let Some(layer) = layers.iter().position(|l| b.graph.lines[l[0].index()].stage == Stage::Separation) else { return };
    if layer + 1 >= layers.len() {
        return;
    }
    let feed = dice.pick(&layers[layer]);
    let material = b.material("heavy oxide", true, (0.0, 0.9), Some(1000.0));
    let count = 1 + dice.below(2);
    let heavy: Vec<LineId> = (0..count)
        .map(|i| {
            let line = b.line(&format!("heavy-{i}"), Stage::Separation, "CHN", material, 0.0);
            b.graph.lines[line.index()].coproduct_of = Some(feed);
            line
        })
        .collect();
    for buyer in dice.some(&layers[layer + 1]) {
        let input = b.input(buyer, material, Amount::fixed(dice.between(0.001, 0.05)));
        for &supplier in &heavy {
            add_route(b, dice, (supplier, buyer, input), 20.0, false);
        }
    }
    if dice.chance(0.5) {
        let line = heavy[count - 1];
        open_later(b, dice, line);
    }
}

/// Turns a line into a plant that opens during the run, if every buyer has another supplier.
fn open_later(b: &mut Builder, dice: &mut Dice, line: LineId) {
    let sole = b.graph.routes.iter().filter(|route| route.from == line).any(|route| {
        !b.graph.routes.iter().any(|other| {
            (other.to, other.input) == (route.to, route.input) && other.from != line && other.share.central > 0.0
        })
    });
    let entry = &b.graph.lines[line.index()];
    if sole || entry.final_demand > 0.0 || b.graph.pools[entry.pool.index()].lines.len() != 1 {
        return;
    }
    let date = START + 5 + dice.below(60) as i32;
    let pool = entry.pool;
    b.graph.pools[pool.index()].opens = Some(date);
    b.graph.pools[pool.index()].capacity = dice.between(1.0, 200.0);
    b.graph.pools[pool.index()].utilisation_unknown = false;
    for route in b.graph.routes.iter_mut().filter(|route| route.from == line) {
        route.opens = Some(date);
        route.share = Band { low: 0.0, central: 0.0, high: dice.between(0.05, 0.4) };
    }
}

fn late_plants(b: &mut Builder, dice: &mut Dice) {
    for line in 0..b.graph.lines.len() {
        let line = LineId::new(line);
        let entry = &b.graph.lines[line.index()];
        if entry.coproduct_of.is_none() && entry.stage != Stage::Mine && dice.chance(0.2) {
            open_later(b, dice, line);
        }
    }
}

/// Suppliers that could qualify: makers of the material that do not serve the buyer yet.
fn candidates(b: &mut Builder, dice: &mut Dice) {
    for to in 0..b.graph.lines.len() {
        for input in 0..b.graph.lines[to].inputs.len() {
            let material = b.graph.lines[to].inputs[input].material;
            let makers: Vec<LineId> = (0..b.graph.lines.len())
                .map(LineId::new)
                .filter(|maker| {
                    let line = &b.graph.lines[maker.index()];
                    line.product == material
                        && maker.index() != to
                        && b.graph.pools[line.pool.index()].opens.is_none()
                        && !b.graph.routes.iter().any(|r| (r.from, r.to.index()) == (*maker, to))
                })
                .collect();
            if makers.is_empty() || !dice.chance(0.4) {
                continue;
            }
            let maker = dice.pick(&makers);
            let ore = b.graph.lines[maker.index()].stage == Stage::Mine;
            let before = b.graph.routes.len();
            add_route(b, dice, (maker, LineId::new(to), input as u32), 10.0, ore && b.graph.lines[to].stage == Stage::Separation);
            b.graph.routes[before].share = Band { low: 0.0, central: 0.0, high: dice.between(0.1, 0.8) };
        }
    }
}

/// A recycler that makes an early material from a later one: a cycle whose gain is well below 1.
fn recycling(b: &mut Builder, dice: &mut Dice, layers: &[Vec<LineId>]) {
    if layers.len() < 3 {
        return;
    }
    let early = usize::from(b.graph.lines[layers[0][0].index()].stage == Stage::Mine);
    let late = layers.len() - 2;
    let product = b.graph.lines[layers[early][0].index()].product;
    let scrap = b.graph.lines[layers[late][0].index()].product;
    let recycler = b.line("recycler", Stage::Separation, "JPN", product, 0.0);
    let input = b.input(recycler, scrap, Amount::fixed(dice.between(0.02, 0.1)));
    add_route(b, dice, (layers[late][0], recycler, input), 10.0, false);
    if dice.chance(0.3) {
        // A line that uses some of its own product.
        let input = b.input(recycler, product, Amount::fixed(0.1));
        add_route(b, dice, (recycler, recycler, input), 10.0, false);
    }
    let buyers: Vec<(usize, usize)> = (0..b.graph.lines.len())
        .flat_map(|line| (0..b.graph.lines[line].inputs.len()).map(move |input| (line, input)))
        .filter(|(line, input)| *line != recycler.index() && b.graph.lines[*line].inputs[*input].material == product)
        .collect();
    for (line, input) in buyers {
        add_route(b, dice, (recycler, LineId::new(line), input as u32), 10.0, false);
        b.graph.routes.last_mut().unwrap().share = Band::fixed(0.1);
    }
}
