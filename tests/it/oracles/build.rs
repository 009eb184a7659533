//! Networks made by hand, scenarios without disturbance, and a recorder of what each step left.

use std::sync::Arc;

use coercivity::id::{FacilityId, LineId, MaterialId, Place, PoolId, RouteId};
use coercivity::kernel::{Kernel, State, Watch};
use coercivity::network::line::{
    Amount, Band, Carriage, Criticality, EndUse, Input, Line, LineGraph, LineRoute, Material, Pool, Site,
    Stage,
};
use coercivity::policy::licence::{Capacity as Desk, Class, Licensing, ReviewLaw, Use};
use coercivity::policy::parameter::{Parameter, Parameters, Value};
use coercivity::policy::response::{Sourcing, Switches};
use coercivity::policy::shock::{End, Kind, RecoveryShape, Shock, When};
use coercivity::random::sample::Distribution;
use coercivity::scenario::{Outputs, Plan, Scenario};

/// First day of every run: 1 January 2025.
pub const START: i32 = 20_089;

/// Capacity of a facility.
#[derive(Clone, Copy)]
pub enum Capacity {
    /// Just what calm needs (with the parameter `utilisation` at 1).
    Tight,
    /// So many units per day; in calm at most 95 % of it may be used.
    Of(f64),
}

/// A network in the making.
#[derive(Clone, Default)]
pub struct Net {
    /// What has been built so far.
    pub graph: LineGraph,
}

/// What a route is like unless said otherwise.
#[derive(Clone, Copy)]
pub struct Way {
    /// Share of the buyer's use.
    pub share: f64,
    /// Input per unit of the buyer's output.
    pub amount: f64,
    /// Days in transit.
    pub lead: u32,
    /// Days of use in stock.
    pub cover: f64,
}

impl Default for Way {
    fn default() -> Self {
        Self { share: 1.0, amount: 1.0, lead: 4, cover: 8.0 }
    }
}

impl Net {
    /// A material, found again by its name; heavy when the name says so.
    pub fn material(&mut self, name: &str) -> MaterialId {
        if let Some(known) = self.graph.materials.iter().position(|m| m.name == name) {
            return MaterialId::new(known);
        }
        let heavy = name.starts_with("heavy");
        self.graph.materials.push(Material {
            name: name.to_owned(),
            heavy,
            ndpr: 0.25,
            dytb: if heavy { 0.0625 } else { 0.0 },
            price: None,
        });
        MaterialId::new(self.graph.materials.len() - 1)
    }

    /// A facility with one line; `demand` is its final demand per day.
    pub fn facility(
        &mut self,
        id: &str,
        stage: Stage,
        country: &str,
        capacity: Capacity,
        demand: f64,
    ) -> LineId {
        let country = Place::parse(country).expect("three capital letters");
        let product = self.material(&format!("made by {id}"));
        let facility = FacilityId::new(self.graph.sites.len());
        let line = LineId::new(self.graph.lines.len());
        let pool = PoolId::new(self.graph.pools.len());
        self.graph.sites.push(Site {
            id: id.to_owned(),
            name: id.to_owned(),
            company: id.to_owned(),
            stage,
            country,
            region: country,
        });
        self.graph.lines.push(Line {
            id: format!("{id}:line"),
            facility,
            product,
            stage,
            country,
            region: country,
            end_use: EndUse::Other,
            inputs: Vec::new(),
            final_demand: demand,
            pool,
            coproduct_of: None,
            outgoing: Vec::new(),
        });
        self.graph.pools.push(Pool {
            facility,
            capacity: match capacity {
                Capacity::Tight => 0.0,
                Capacity::Of(units) => units,
            },
            recorded_output: 0.0,
            utilisation_unknown: matches!(capacity, Capacity::Tight),
            opens: None,
            lines: vec![line],
        });
        line
    }

    /// A mine: no inputs, just enough capacity.
    pub fn mine(&mut self, id: &str) -> LineId {
        self.facility(id, Stage::Mine, "CHN", Capacity::Tight, 0.0)
    }

    /// A maker in the middle of a chain.
    pub fn maker(&mut self, id: &str) -> LineId {
        self.facility(id, Stage::Magnet, "CHN", Capacity::Tight, 0.0)
    }

    /// A user with final demand.
    pub fn user(&mut self, id: &str, demand: f64) -> LineId {
        self.facility(id, Stage::OtherDemand, "DEU", Capacity::Tight, demand)
    }

    /// A route that brings `material` from one line to another.
    pub fn route(&mut self, from: LineId, to: LineId, material: &str, way: Way) -> RouteId {
        let material = self.material(material);
        let route = RouteId::new(self.graph.routes.len());
        let inputs = &mut self.graph.lines[to.index()].inputs;
        let known = inputs.iter().position(|input| input.material == material);
        let input = known.unwrap_or(inputs.len());
        if known.is_none() {
            inputs.push(Input {
                material,
                amount: Amount::fixed(way.amount),
                criticality: Criticality::Essential,
                routes: Vec::new(),
            });
        }
        inputs[input].routes.push(route);
        self.graph.lines[from.index()].outgoing.push(route);
        let id = format!("{}>{}", self.graph.lines[from.index()].id, self.graph.lines[to.index()].id);
        self.graph.routes.push(LineRoute {
            share_key: id.clone(),
            id,
            from,
            to,
            material,
            input: u32::try_from(input).expect("few inputs"),
            share: Band::fixed(way.share),
            yield_per_tonne: None,
            surface_days: way.lead,
            air_days: 1,
            carriage: Carriage::Surface,
            cover: Band::fixed(way.cover),
            cover_key: self.graph.lines[to.index()].id.clone(),
            opens: None,
        });
        route
    }

    /// The pool of a line.
    pub fn pool(&self, line: LineId) -> PoolId {
        self.graph.lines[line.index()].pool
    }

    /// A line's capacity in units per day.
    pub fn set_capacity(&mut self, line: LineId, capacity: Capacity) {
        let pool = &mut self.graph.pools[self.graph.lines[line.index()].pool.index()];
        pool.utilisation_unknown = matches!(capacity, Capacity::Tight);
        if let Capacity::Of(units) = capacity {
            pool.capacity = units;
        }
    }
}

/// Mine → makers → user: lines in order, with the cover held by each buyer.
pub fn chain(demand: f64, covers: &[f64], lead: u32) -> (Net, Vec<LineId>) {
    let mut net = Net::default();
    let mut lines = vec![net.mine("mine")];
    for stage in 1..covers.len() {
        lines.push(net.maker(&format!("maker-{stage}")));
    }
    lines.push(net.user("user", demand));
    for (buyer, cover) in covers.iter().enumerate() {
        let way = Way { cover: *cover, lead, ..Way::default() };
        net.route(lines[buyer], lines[buyer + 1], &format!("goods-{buyer}"), way);
    }
    (net, lines)
}

/// Several suppliers of one material and one user; the shares are of its use.
pub fn parallel(
    demand: f64,
    shares: &[f64],
    capacity: impl Fn(f64) -> Capacity,
    way: Way,
) -> (Net, Vec<LineId>) {
    let mut net = Net::default();
    let mut lines = Vec::new();
    for (i, share) in shares.iter().enumerate() {
        lines.push(net.facility(&format!("mine-{i}"), Stage::Mine, "CHN", capacity(demand * share), 0.0));
    }
    let user = net.user("user", demand);
    for (i, share) in shares.iter().enumerate() {
        net.route(lines[i], user, "goods", Way { share: *share, ..way });
    }
    lines.push(user);
    (net, lines)
}

/// Parameters under which firms neither anticipate nor panic: what comes in is what was used.
pub fn calm() -> Parameters {
    let mut parameters = Parameters::default();
    for (parameter, value) in [
        (Parameter::Growth, 1.0),
        (Parameter::Headroom, 1.0),
        (Parameter::CoverSpread, 0.0),
        (Parameter::OverproductionMax, 1.0),
        (Parameter::FinishedDays, 0.0),
        (Parameter::GateRatio, 1000.0),
        (Parameter::Cancellation, 0.0),
        (Parameter::DeferFraction, 0.0),
        (Parameter::MinimumRun, 0.0),
        (Parameter::Panic, 0.0),
        (Parameter::AirShare, 0.0),
        (Parameter::AirShareShort, 0.0),
        (Parameter::CustomsLag, 0.0),
        (Parameter::AdjustmentDays, 3650.0),
        (Parameter::ExpectationDays, 3650.0),
        (Parameter::TrendDays, 36500.0),
    ] {
        parameters.set(parameter, Distribution::Fixed(value));
    }
    parameters
}

/// Hard production, proportional rationing, pooled sourcing everywhere, nothing drawn.
pub fn plain() -> Switches {
    Switches { sourcing: [Sourcing::Pooled; 7], sample_network: false, ..Switches::default() }
}

/// A scenario on a hand-made network.
pub fn scenario(net: &Net, days: u32, shocks: Vec<Shock>) -> Scenario {
    Scenario {
        name: "oracle".into(),
        title: "Oracle".into(),
        description: String::new(),
        sources: Vec::new(),
        network: "hand-made".into(),
        vintage: String::new(),
        lines: Arc::new(net.graph.clone()),
        start: START,
        days,
        step_days: 1,
        parameters: calm(),
        parameter_set: None,
        switches: plain(),
        shocks,
        plan: Plan { replications: 8, seed: 7, converge: None },
        expectation: None,
        marks: Vec::new(),
        outputs: Outputs::default(),
        inputs: Vec::new(),
    }
}

/// Sets one parameter to a number.
pub fn set(scenario: &mut Scenario, parameter: Parameter, value: f64) {
    scenario.parameters.set(parameter, Distribution::Fixed(value));
}

/// A number without uncertainty.
pub fn fixed(number: f64) -> Value {
    Value::fixed(number)
}

/// A shock from a day of the run to another (`None`: for good).
pub fn shock(id: &str, kind: Kind, from: i32, to: Option<i32>) -> Shock {
    let when = |day: i32| When { date: START + day, delay: fixed(0.0) };
    Shock {
        id: id.to_owned(),
        title: id.to_owned(),
        kind,
        start: when(from),
        end: to.map_or(End::Never, |day| End::At(when(day))),
        trigger: None,
    }
}

/// A facility loses a share of its capacity.
pub fn outage(pools: Vec<PoolId>, loss: f64, from: i32, days: i32) -> Shock {
    let kind = Kind::CapacityLoss {
        pools,
        loss: fixed(loss),
        recovery: RecoveryShape::Instant,
        recovery_days: fixed(0.0),
    };
    shock("outage", kind, from, Some(from + days))
}

/// A licensing rule with one class, a desk without limit, and nothing special.
pub fn licensing(routes: &[RouteId], law: ReviewLaw, use_: Use) -> Kind {
    Kind::Licensing(Licensing {
        controlled: routes.to_vec(),
        class_of: vec![0; routes.len()],
        classes: vec![Class {
            name: "all".into(),
            speed: fixed(1.0),
            reject: None,
            returned: None,
            priority: 0,
            eligible_after: fixed(0.0),
        }],
        law,
        capacity: Desk::Infinite,
        use_,
        de_minimis: None,
        pairs: 1,
        quotas: Vec::new(),
    })
}

/// What one step left.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Per line.
    pub output: Vec<f64>,
    pub finished: Vec<f64>,
    pub served: Vec<f64>,
    pub asked: Vec<f64>,
    /// Per route of the network.
    pub stock: Vec<f64>,
    pub transit: Vec<f64>,
    pub book: Vec<f64>,
    /// Orders smoothed over 14 days.
    pub ordered: Vec<f64>,
    pub left: Vec<f64>,
    pub share: Vec<f64>,
    pub amount: Vec<f64>,
    /// ln p: heavy outside and inside, light outside and inside.
    pub price: Vec<f64>,
}

/// A run of one replication.
pub struct Run {
    /// One entry per step.
    pub steps: Vec<Snapshot>,
    /// What is left in the stockpile of each shock, step by step.
    pub piles: Vec<Vec<f64>>,
}

impl Watch<1> for Run {
    fn step(&mut self, kernel: &Kernel, _: u32, state: &State<1>) {
        let lines = |rows: &[[f64; 1]]| rows.iter().map(|row| row[0]).collect();
        let routes =
            |rows: &[[f64; 1]]| kernel.routes.position.iter().map(|p| rows[*p as usize][0]).collect();
        self.piles.push(lines(&state.shock_left));
        self.steps.push(Snapshot {
            output: lines(&state.output),
            finished: lines(&state.finished),
            served: lines(&state.served),
            asked: lines(&state.final_demand),
            stock: routes(&state.column(|route| route.stock)),
            transit: routes(&state.column(|route| route.transit)),
            book: routes(&state.column(|route| route.book)),
            ordered: routes(&state.column(|route| route.ordered_fortnight)),
            left: routes(&state.column(|route| route.leaving)),
            share: routes(&state.column(|route| route.share)),
            amount: routes(&(0..state.routes.len()).map(|r| *state.amount_of(kernel, r)).collect::<Vec<_>>()),
            price: lines(&state.price),
        });
    }
}

/// Runs replication 0.
pub fn run(scenario: &Scenario) -> Run {
    run_of(scenario, 0)
}

/// Runs one replication.
pub fn run_of(scenario: &Scenario, replication: u64) -> Run {
    let kernel = Kernel::compile(scenario);
    let mut state = State::<1>::new(&kernel);
    let mut run = Run { steps: Vec::new(), piles: Vec::new() };
    kernel.watch(replication, &mut state, &mut run);
    assert_eq!(run.steps.len(), scenario.steps() as usize);
    run
}

impl Run {
    /// Final demand of a line that was not met, over the whole run.
    pub fn lost(&self, line: LineId) -> f64 {
        self.steps.iter().map(|step| step.asked[line.index()] - step.served[line.index()]).sum()
    }

    /// Days on which a line made nothing.
    pub fn idle_days(&self, line: LineId) -> usize {
        self.steps.iter().filter(|step| step.output[line.index()] == 0.0).count()
    }

    /// First day on which less than everything asked for was served.
    pub fn first_loss(&self, line: LineId) -> Option<usize> {
        self.steps.iter().position(|step| step.served[line.index()] < step.asked[line.index()])
    }
}

/// Equal within a relative tolerance.
#[track_caller]
pub fn close(found: f64, expected: f64, relative: f64) {
    let scale = expected.abs().max(1.0e-300);
    assert!(
        (found - expected).abs() <= relative * scale,
        "found {found}, expected {expected} within {relative} relative"
    );
}
