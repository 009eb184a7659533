//! Small networks for tests: a builder for hand-made ones, and random ones that follow from a [`Plan`].
//!
//! A plan is a handful of numbers, so that a failing case shrinks and prints well; everything else
//! is drawn from its seed by a generator that has nothing to do with the simulator's.

mod random;

use std::sync::Arc;

use coercivity::id::{CoefficientId, FacilityId, LineId, MaterialId, Place, PoolId, RouteId};
use coercivity::network::line::{
    Amount, Band, Carriage, Coefficient, Criticality, EndUse, Input, Line, LineGraph, LineRoute, Material,
    Pool, Site, Stage,
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
    pub fn material(
        &mut self,
        name: &str,
        heavy: bool,
        (ndpr, dytb): (f64, f64),
        price: Option<f64>,
    ) -> MaterialId {
        self.graph.materials.push(Material { name: name.into(), heavy, ndpr, dytb, price });
        MaterialId::new(self.graph.materials.len() - 1)
    }

    pub fn coefficient(&mut self, id: &str, band: Band) -> CoefficientId {
        self.graph.coefficients.push(Coefficient { id: id.into(), band });
        CoefficientId::new(self.graph.coefficients.len() - 1)
    }

    /// A facility with one line and a capacity of its own.
    pub fn line(
        &mut self,
        id: &str,
        stage: Stage,
        country: &str,
        product: MaterialId,
        demand: f64,
    ) -> LineId {
        let facility = FacilityId::new(self.graph.sites.len());
        let region = place(if matches!(country, "DEU" | "FRA") {
            "EUR"
        } else if country == "USA" {
            "NAM"
        } else {
            country
        });
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
            let mine = &graph.sites[graph.lines[route.from.index()].facility.index()].id;
            let heavy = format!("dytb-per-reo:{mine}");
            if let Some(known) = graph.coefficients.iter().position(|c| c.id == heavy) {
                let amount =
                    Amount { terms: vec![(1.0, Some(CoefficientId::new(known)))], divisors: Vec::new() };
                graph.heavy_yields.push((id, amount));
            }
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
        parameter_set: None,
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
        let graph = random::network(self, &mut dice);
        let mut scenario = scenario(graph, if self.weekly { self.days * 4 / 7 * 7 } else { self.days });
        scenario.step_days = if self.weekly { 7 } else { 1 };
        scenario.plan.seed = dice.bits();
        scenario.switches = Switches {
            production: self.production,
            sourcing: self.sourcing,
            rationing: self.rationing,
            priority: dice.some(&[EndUse::Defence, EndUse::Automotive, EndUse::Wind]),
            sample_network: self.sampled,
            price_feedback: self.unusual && dice.chance(0.5),
            bypass: self.unusual && dice.chance(0.5),
        };
        scenario.parameters.set(Parameter::PooledMix, Distribution::Fixed(self.pooled_mix));
        let stand_in = dice.pick(&[0.0, 0.0, 20.0]);
        scenario.parameters.set(Parameter::StandInDays, Distribution::Fixed(stand_in));
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
