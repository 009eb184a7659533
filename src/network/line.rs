//! Production lines and the routes between them: what the simulator really steps through.
//!
//! A facility of the data has one line per product (a magnet maker one with and one without heavy rare
//! earths, an automaker electrified and combustion vehicles). Life cycle: `Network::lines` expands the
//! facilities once; tests and code may also build a [`LineGraph`] by hand with [`LineGraph::push_line`]
//! and friends; the kernel and the reference simulator both read it and nothing else of the network.

use crate::id::{CoefficientId, FacilityId, LineId, MaterialId, Place, PoolId, RouteId};
use crate::random::sample::Distribution;

/// The stage of the supply chain a facility belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// Mines: tonnes of rare-earth oxide in concentrate.
    Mine,
    /// Separation plants: tonnes of NdPr or DyTb oxide.
    Separation,
    /// Metal and alloy makers: tonnes of metal.
    Metal,
    /// Magnet makers: tonnes of finished magnets.
    Magnet,
    /// Part makers: traction motors, auxiliary motors and sensors; tonnes of embedded magnets.
    Component,
    /// Automakers: vehicles.
    Automaker,
    /// Other users: wind, robots, appliances, defence; tonnes.
    OtherDemand,
}

impl Stage {
    /// All stages from mine to user.
    pub const ALL: [Self; 7] = [
        Self::Mine,
        Self::Separation,
        Self::Metal,
        Self::Magnet,
        Self::Component,
        Self::Automaker,
        Self::OtherDemand,
    ];

    /// As the data files spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Separation => "separation",
            Self::Metal => "metal",
            Self::Magnet => "magnet",
            Self::Component => "component",
            Self::Automaker => "automaker",
            Self::OtherDemand => "other_demand",
        }
    }

    /// The stage spelt so in the data files.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// What a product is used for; priorities and demand shocks name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EndUse {
    /// Cars and their parts.
    Automotive,
    /// Wind turbines.
    Wind,
    /// Industrial motors and robots.
    Industry,
    /// Electronics, appliances, e-bikes, lifts.
    Consumer,
    /// Defence.
    Defence,
    /// Everything else, and intermediate stages.
    Other,
}

/// How the amount of an input per unit of output follows from drawn technical coefficients:
/// Σ weight·coefficient ÷ divisor.
#[derive(Clone, PartialEq, Debug)]
pub struct Amount {
    /// Weights and the coefficients they multiply; `None` multiplies 1.
    pub terms: Vec<(f64, Option<CoefficientId>)>,
    /// Coefficients (yields) the sum is divided by.
    pub divisors: Vec<CoefficientId>,
}

impl Amount {
    /// A number without uncertainty.
    #[must_use]
    pub fn fixed(amount: f64) -> Self {
        Self { terms: vec![(amount, None)], divisors: Vec::new() }
    }

    /// The amount for given coefficient values (indexed by [`CoefficientId`]).
    #[must_use]
    pub fn value(&self, coefficients: &[f64]) -> f64 {
        let sum: f64 = self
            .terms
            .iter()
            .map(|(weight, coefficient)| weight * coefficient.map_or(1.0, |c| coefficients[c.index()]))
            .sum();
        self.divisors.iter().fold(sum, |amount, divisor| amount / coefficients[divisor.index()])
    }
}

/// How much a line needs an input (production function `critical`; Pichler et al. 2022).
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Criticality {
    /// Output cannot exceed what the input allows.
    Essential,
    /// A shortage subtracts from output linearly: a share of the input missing costs as much of this share.
    NonEssential {
        /// The input's share of what all inputs of the product cost, 0 to 1.
        cost_share: f64,
    },
    /// Never binds.
    Negligible,
}

/// One input material of a line.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// The material.
    pub material: MaterialId,
    /// Tonnes (or vehicles) of input per unit of output. Where routes carry their own yields
    /// ([`LineRoute::yield_per_tonne`]) this is ignored.
    pub amount: Amount,
    /// How much the line needs it.
    pub criticality: Criticality,
    /// Routes that bring it, ascending.
    pub routes: Vec<RouteId>,
}

/// A production line: one product of one facility.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// `facility:product`, unique; keys the line's random numbers.
    pub id: String,
    /// The facility it stands in.
    pub facility: FacilityId,
    /// What it makes. Sinks make nothing that is shipped, but still name their product.
    pub product: MaterialId,
    /// Stage of the facility.
    pub stage: Stage,
    /// Country of the facility.
    pub country: Place,
    /// Region of the facility.
    pub region: Place,
    /// Use the product serves.
    pub end_use: EndUse,
    /// Inputs; empty for mines.
    pub inputs: Vec<Input>,
    /// Final demand in units per day (0 for lines that sell to other lines).
    pub final_demand: f64,
    /// Lines that share this one's capacity.
    pub pool: PoolId,
    /// For the heavy line of a separation group: the NdPr line whose feed it works from.
    pub coproduct_of: Option<LineId>,
    /// Routes that leave, ascending.
    pub outgoing: Vec<RouteId>,
}

/// A capacity shared by the lines of a facility that can be switched between products.
#[derive(Clone, PartialEq, Debug)]
pub struct Pool {
    /// The facility.
    pub facility: FacilityId,
    /// Capacity in units per day; at 0 the pool opens later.
    pub capacity: f64,
    /// Output the data record for 2024, units per day.
    pub recorded_output: f64,
    /// Whether the data say nothing of spare capacity (utilisation 1): headroom 1/0.85 is assumed.
    pub utilisation_unknown: bool,
    /// Date from which the pool works, for plants that start later: days since 1970-01-01.
    pub opens: Option<i32>,
    /// Member lines, ascending.
    pub lines: Vec<LineId>,
}

/// A share or another number with the band the data give.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Band {
    /// Low end.
    pub low: f64,
    /// Central value.
    pub central: f64,
    /// High end.
    pub high: f64,
}

impl Band {
    /// No uncertainty.
    #[must_use]
    pub fn fixed(value: f64) -> Self {
        Self { low: value, central: value, high: value }
    }

    /// The band as a distribution: triangular, or fixed when it has no width.
    #[must_use]
    pub fn distribution(self) -> Distribution {
        if self.low < self.high {
            Distribution::Triangular { low: self.low, mode: self.central, high: self.high }
        } else {
            Distribution::Fixed(self.central)
        }
    }
}

/// How goods travel on a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carriage {
    /// One mode only (road, rail, or bulk by sea).
    Surface,
    /// By sea with a drawn and shifting share by air.
    SeaAndAir,
}

/// A route: one supplier line, one buyer line, one material.
#[derive(Clone, PartialEq, Debug)]
pub struct LineRoute {
    /// `supplier-line>buyer-line`, unique; keys the route's random numbers.
    pub id: String,
    /// Supplier.
    pub from: LineId,
    /// Buyer.
    pub to: LineId,
    /// Material carried.
    pub material: MaterialId,
    /// Position in the buyer's `inputs`.
    pub input: u32,
    /// Share of the buyer's use of the material, in tonnes carried, before renormalisation.
    pub share: Band,
    /// Key of the share's random draw: routes that split one row of the data share it.
    pub share_key: String,
    /// For ore: tonnes of output per tonne carried (a coefficient of the mine).
    pub yield_per_tonne: Option<Amount>,
    /// Days in transit by surface, at least 1 step.
    pub surface_days: u32,
    /// Days in transit by air (used when carriage is by sea and air).
    pub air_days: u32,
    /// How goods travel.
    pub carriage: Carriage,
    /// Days of the buyer's use held as stock of this route's goods.
    pub cover: Band,
    /// Key of the stock target's common draw (the buying facility).
    pub cover_key: String,
    /// Not open in the base year: the date the supplier starts, days since 1970-01-01.
    pub opens: Option<i32>,
}

/// A technical coefficient with its band.
#[derive(Clone, PartialEq, Debug)]
pub struct Coefficient {
    /// Id as in `materials.csv`; keys its random draw.
    pub id: String,
    /// Value.
    pub band: Band,
}

/// What is known of a material.
#[derive(Clone, PartialEq, Debug)]
pub struct Material {
    /// Name as in the data.
    pub name: String,
    /// Contains heavy rare earths and so falls under the control of April 2025.
    pub heavy: bool,
    /// Tonnes of NdPr (as metal) in one tonne; for mass accounting and origin shares.
    pub ndpr: f64,
    /// Tonnes of Dy and Tb (as metal) in one tonne.
    pub dytb: f64,
    /// Price in dollars per tonne in the base year, where known.
    pub price: Option<f64>,
}

/// The facility a line belongs to, as far as the simulator and its reports need it.
#[derive(Clone, PartialEq, Debug)]
pub struct Site {
    /// Facility id of the data.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Company.
    pub company: String,
    /// Stage.
    pub stage: Stage,
    /// Country.
    pub country: Place,
    /// Region.
    pub region: Place,
}

/// Lines, routes, pools and coefficients.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LineGraph {
    /// Facilities, in the order of the data.
    pub sites: Vec<Site>,
    /// Materials.
    pub materials: Vec<Material>,
    /// Coefficients.
    pub coefficients: Vec<Coefficient>,
    /// Lines.
    pub lines: Vec<Line>,
    /// Routes, ordered by (buyer, input, supplier).
    pub routes: Vec<LineRoute>,
    /// Ore routes, ascending, with the tonnes of Dy and Tb oxide recoverable per tonne carried; routes of
    /// ores without a known content are not listed.
    pub heavy_yields: Vec<(RouteId, Amount)>,
    /// Capacity pools.
    pub pools: Vec<Pool>,
}

impl Material {
    /// Whether it is oxide or metal of Dy and Tb, and nothing else.
    #[must_use]
    pub fn is_heavy_alone(&self) -> bool {
        self.dytb > 0.0 && self.ndpr <= 0.0
    }
}

impl LineGraph {
    /// The central value of every coefficient, in their order: what [`Amount::value`] is asked with.
    #[must_use]
    pub fn central_values(&self) -> Vec<f64> {
        self.coefficients.iter().map(|coefficient| coefficient.band.central).collect()
    }

    /// Tonnes of Dy and Tb oxide recoverable per tonne of the ore a route carries; 0 where it is not known.
    #[must_use]
    pub fn heavy_content(&self, route: RouteId, coefficients: &[f64]) -> f64 {
        let known = self.heavy_yields.iter().find(|(own, _)| *own == route);
        known.map_or(0.0, |(_, amount)| amount.value(coefficients))
    }

    /// Adds a line to its pool and to the graph; its lists of routes fill as routes are pushed.
    ///
    /// # Panics
    /// When the pool has not been added: graphs built by hand are written by programmers.
    pub fn push_line(&mut self, mut line: Line) -> LineId {
        let id = LineId::new(self.lines.len());
        line.outgoing.clear();
        for input in &mut line.inputs {
            input.routes.clear();
        }
        self.pools[line.pool.index()].lines.push(id);
        self.lines.push(line);
        id
    }

    /// Adds a route and enters it at both of its ends. Routes must come in the order (buyer, input, supplier).
    ///
    /// # Panics
    /// When a line or the buyer's input does not exist.
    pub fn push_route(&mut self, route: LineRoute) -> RouteId {
        let id = RouteId::new(self.routes.len());
        self.lines[route.to.index()].inputs[route.input as usize].routes.push(id);
        self.lines[route.from.index()].outgoing.push(id);
        self.routes.push(route);
        id
    }
}
