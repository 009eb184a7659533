//! Every number of the model that a scenario can set or draw, with default, range and basis.
//!
//! The registry is the one place that knows them: the scenario format, `explain`, the schema, the
//! sensitivity study and the kernel all read it. In a scenario file a parameter is one key of
//! `[parameters]`, a number or a distribution.

use std::borrow::Cow;

use super::joint::Joint;
use crate::random::sample::Distribution;

/// What a parameter is and where its default comes from.
#[derive(Clone, Debug)]
pub struct Description {
    /// Key in the scenario file.
    pub key: &'static str,
    /// Unit of the number.
    pub unit: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// Where the default comes from: a source, `derived: …`, or `assumption: …`.
    pub basis: &'static str,
    /// Smallest value allowed.
    pub low: f64,
    /// Largest value allowed.
    pub high: f64,
    /// Range that a sensitivity study sweeps.
    pub sweep: (f64, f64),
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $unit:literal, $default:expr, $low:expr => $high:expr, $sweep:expr, $meaning:literal, $basis:literal;)+) => {
        /// A parameter of the model.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(usize)]
        pub enum Parameter { $(#[doc = $meaning] $name),+ }

        impl Parameter {
            /// All parameters in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// What it is and where its default comes from.
            #[must_use]
            pub fn describe(self) -> Description {
                match self { $(Self::$name => Description {
                    key: $key, unit: $unit, meaning: $meaning, basis: $basis, low: $low, high: $high, sweep: $sweep,
                }),+ }
            }

            /// The default.
            #[must_use]
            pub fn default_value(self) -> Distribution {
                match self { $(Self::$name => $default),+ }
            }
        }
    };
}

use Distribution::{Fixed, Triangular, Uniform};

parameters! {
    Growth = "growth", "ratio to 2024", Uniform { low: 1.05, high: 1.20 }, 0.2 => 5.0, (1.0, 1.25),
        "Level of final demand and capacity relative to the base year.",
        "derived: China's magnet exports grew 19 % in the first quarter of 2025 and 28 % in December 2024; may contain front-loading";
    SeasonAmplitude = "season_amplitude", "share", Fixed(0.0), 0.0 => 0.9, (0.0, 0.1),
        "Half the yearly swing of final demand (a cosine with its peak on 1 December).",
        "assumption: off; the New Year dip of the record is the exporter's calendar, not demand";
    NewYearDip = "new_year_dip", "share", Fixed(0.0), 0.0 => 1.0, (0.0, 0.6),
        "Share of Chinese capacity lost in the two weeks of the lunar New Year.",
        "assumption: off by default; January and February 2025 differ by 44 % in customs data";
    Headroom = "utilisation", "share", Fixed(0.85), 0.3 => 1.0, (0.7, 0.95),
        "Utilisation assumed where the data give none.",
        "assumption: DisruptSC uses 0.8; automakers and other users run at 0.85";
    PooledMix = "pooled_mix", "share", Fixed(0.0), 0.0 => 1.0, (0.0, 1.0),
        "Share κ of the pooled rule mixed into dedicated and all-needed sourcing: what part of a missing supplier's goods others can bring.",
        "assumption: magnets and parts are qualified for one use; the exports of 2025 say nothing about it, the stops do";
    StandInDays = "stand_in_days", "d", Fixed(0.0), 0.0 => 36500.0, (10.0, 400.0),
        "Days short of an input after which a line's other suppliers stand in for the missing one altogether (0: never).",
        "assumption: off; permits to deviate from a qualified part take weeks, its full qualification a year";
    CoverFactor = "cover_factor", "ratio", Fixed(1.0), 0.0 => 20.0, (0.5, 4.0),
        "Multiplies every stock target.", "definition";
    CoverSpread = "cover_spread", "coefficient of variation", Fixed(0.8), 0.0 => 3.0, (0.0, 2.0),
        "Spread of stock targets between routes (lognormal factor of mean 1).",
        "derived: with no spread no plant stops before day 105, with 0.8 the first stops on day 47-55 as in the record";
    AdjustmentDays = "stock_adjustment_days", "d", Fixed(30.0), 1.0 => 3650.0, (20.0, 60.0),
        "Time over which a gap between stock and target is ordered.",
        "Inoue and Todo 2019 use 6 d, BoARIO 60 d; small values give a bullwhip";
    ExpectationDays = "expectation_days", "d", Fixed(7.0), 1.0 => 3650.0, (3.0, 30.0),
        "Smoothing of new orders in what is ordered for use.", "derived: tested on six echelons";
    TrendDays = "trend_days", "d", Fixed(120.0), 1.0 => 36500.0, (60.0, 180.0),
        "Smoothing of new orders in stock targets.",
        "derived: with 7 d New Year becomes a six-fold order wave, with 120 d a 1.2-fold one";
    Psi = "psi", "share", Fixed(0.8), 0.0 => 1.0, (0.5, 1.0),
        "Stock below which production is scaled down (production = \"psi\").", "BoARIO default";
    OverproductionMax = "overproduction_max", "ratio", Fixed(1.25), 1.0 => 10.0, (1.0, 1.5),
        "Largest capacity relative to nameplate under lasting scarcity.", "BoARIO; ARIO (Hallegatte 2008)";
    OverproductionDays = "overproduction_days", "d", Fixed(365.0), 1.0 => 36500.0, (90.0, 730.0),
        "Time to reach it.", "BoARIO; ARIO (Hallegatte 2008)";
    FinishedDays = "finished_days", "d", Fixed(10.0), 0.0 => 3650.0, (5.0, 20.0),
        "Finished goods a maker keeps, in days of base output.", "assumption";
    BlockedBookDays = "blocked_book_days", "d", Fixed(20.0), 0.0 => 3650.0, (5.0, 60.0),
        "Orders of a blocked route that still count as wanted output, in days of base flow.", "assumption";
    GateRatio = "gate_ratio", "ratio", Fixed(1.5), 1.0 => 1000.0, (1.2, 3.0),
        "Most that one route may claim of a supplier in a step, relative to its base or expected flow.",
        "derived: keeps inflated orders from being rewarded";
    Cancellation = "cancellation", "share per day", Fixed(0.03), 0.0 => 1.0, (0.0, 0.06),
        "Share of orders older than a step that is cancelled per day.", "derived: fitted to the missing restocking surge of 2025";
    LostFraction = "lost_fraction", "share", Fixed(0.5), 0.0 => 1.0, (0.0, 1.0),
        "Share of what is cancelled that leaves stock targets for `lost_days`.", "assumption";
    LostDays = "lost_days", "d", Fixed(90.0), 1.0 => 3650.0, (30.0, 180.0),
        "Time for which cancelled orders stay out of stock targets (exponential).", "assumption";
    DeferFraction = "defer_fraction", "share", Fixed(0.5), 0.0 => 1.0, (0.0, 1.0),
        "Share of final demand not met that waits instead of being lost.", "assumption";
    DeferDays = "defer_days", "d", Fixed(60.0), 1.0 => 3650.0, (30.0, 120.0),
        "Time over which deferred demand is caught up within capacity.", "assumption";
    MinimumRun = "minimum_run", "share", Fixed(0.0), 0.0 => 1.0, (0.0, 0.6),
        "Run rate below which a line stops.", "assumption: 0, because a node aggregates plants";
    RestartDays = "restart_days", "d", Fixed(2.0), 0.0 => 365.0, (0.0, 7.0),
        "Delay of a restart after a line stop.", "assumption";
    RestartCover = "restart_cover", "d", Fixed(3.0), 0.0 => 365.0, (0.0, 7.0),
        "Cover of every input needed before a restart.", "assumption";
    Panic = "panic", "ratio", Fixed(0.5), 0.0 => 10.0, (0.0, 2.0),
        "Rise of stock targets per share of orders overdue (14 days).", "assumption";
    AdaptationExponent = "adaptation_exponent", "exponent", Fixed(1.0), 0.0 => 5.0, (0.0, 2.0),
        "How strongly buyers under pooled sourcing shift to routes that deliver.", "assumption";
    QualificationDays = "qualification_days", "d", Fixed(365.0), 0.0 => 3650.0, (180.0, 730.0),
        "Time to qualify a new supplier.", "assumption: automotive practice";
    QualificationTrigger = "qualification_trigger", "d", Fixed(14.0), 0.0 => 3650.0, (7.0, 60.0),
        "Days of shortage after which a new supplier's qualification starts.", "assumption";
    RampDays = "ramp_days", "d", Fixed(365.0), 1.0 => 3650.0, (180.0, 730.0),
        "Time for a plant that starts after the base year to reach its share.", "assumption: first-year ramps of magnet plants";
    RegionOdds = "region_odds", "ratio", Triangular { low: 0.65, mode: 1.0, high: 1.35 }, 0.01 => 100.0, (0.65, 1.35),
        "Common factor on the odds of Chinese supply of a region (one draw per region and material).",
        "derived: links drawn one by one understate the uncertainty of China's share; the band of an estimate, 35 %";
    AirShare = "air_share", "share", Fixed(0.1), 0.0 => 1.0, (0.0, 0.3),
        "Share of sea-and-air routes that flies in calm.", "assumption";
    AirShareShort = "air_share_short", "share", Fixed(0.8), 0.0 => 1.0, (0.3, 1.0),
        "Share that flies when cover is below `air_trigger` of its target.",
        "assumption; reports of June 2025 of air freight at five times the cost";
    AirTrigger = "air_trigger", "share", Fixed(0.5), 0.0 => 1.0, (0.25, 0.75),
        "Cover, relative to target, below which goods fly.", "assumption";
    TariffElasticity = "tariff_elasticity", "elasticity", Fixed(1.0), 0.0 => 10.0, (0.2, 3.0),
        "Fall of a route's weight per rise of landed cost.", "assumption: below trade elasticities for goods with alternatives, because magnets are qualified parts";
    DeskDeadTime = "desk_dead_time", "d", Fixed(20.0), 0.0 => 3650.0, (10.0, 55.0),
        "Days before which no licence decision falls, provincial intake included.",
        "derived: first licences of 2025 after 3.5 weeks; approvals of 25 % on day 61 and 60 % by day 87";
    DeskMean = "desk_mean", "d", Fixed(50.0), 0.0 => 3650.0, (20.0, 150.0),
        "Mean of the delay beyond the dead time.", "derived: approvals of 25 % on day 61 and 60 % by day 87";
    DeskReject = "desk_reject", "probability", Fixed(0.01), 0.0 => 1.0, (0.0, 0.1),
        "Probability that an application is rejected.", "EU Chamber, September 2025: 1 of 141";
    DeskReturn = "desk_return", "probability", Fixed(0.3), 0.0 => 1.0, (0.0, 0.6),
        "Probability that an application is returned for information.", "assumption";
    ApplicantDays = "applicant_days", "d", Fixed(14.0), 0.0 => 3650.0, (7.0, 30.0),
        "Mean time an applicant takes to answer a return.", "assumption";
    IntakeLow = "intake_low", "d", Fixed(7.0), 0.0 => 3650.0, (3.0, 10.0),
        "Shortest provincial intake.", "assumption; reports of 2025 say one to two weeks";
    IntakeHigh = "intake_high", "d", Fixed(14.0), 0.0 => 3650.0, (10.0, 30.0),
        "Longest provincial intake.", "assumption; reports of 2025 say one to two weeks";
    UsSpeed = "us_speed", "ratio", Fixed(0.3), 0.001 => 10.0, (0.05, 1.0),
        "Speed of the desk for goods bound for the United States.",
        "derived: May 2025 exports were 7 % of normal to the United States, 24 % overall";
    DeskEasing = "desk_easing", "ratio", Fixed(1.6), 0.01 => 100.0, (1.0, 2.5),
        "Speed of the desk after the talks of May and June 2025 and the doubling of its staff together, relative to April.",
        "assumption: the scenario's regimes share it; exports of April to July 2025 tell it (parameter set 2025-fitted)";
    LotDays = "lot_days", "d", Fixed(180.0), 1.0 => 3650.0, (60.0, 360.0),
        "Days of base flow in one application.",
        "derived: who applies asks for what a licence of six months lets it ship (`validity_single`)";
    HorizonDays = "licence_horizon", "d", Fixed(30.0), 0.0 => 3650.0, (10.0, 90.0),
        "Days of expected flow for which a buyer wants licences beyond its order book.", "assumption";
    LicenceLead = "licence_lead", "d", Fixed(63.0), 0.0 => 3650.0, (30.0, 120.0),
        "Shortest review time applicants reckon with when they decide how much to apply for.",
        "source: the ministry must decide within 45 working days (Straight Arrow News, 23 April 2025), 63 calendar days";
    WaitMemory = "wait_memory", "d", Fixed(90.0), 0.0 => 36500.0, (30.0, 365.0),
        "Memory of the waits that applicants of a class have seen; they reckon with their mean where it is longer than `licence_lead` (0: with `licence_lead` alone).",
        "assumption: a quarter; that applicants learn is reported: one reckoned with 45 days of paperwork and 45 or more of review on 30 June 2025 (Reuters via PressBee)";
    ValiditySingle = "validity_single", "d", Fixed(180.0), 1.0 => 3650.0, (90.0, 365.0),
        "Validity of a licence.", "reports of 2025: at least some valid for six months";
    ValidityGeneral = "validity_general", "d", Fixed(365.0), 1.0 => 3650.0, (180.0, 730.0),
        "Validity of a general licence.", "reports of November 2025: one year";
    LicensedRate = "licensed_rate", "ratio", Fixed(1.2), 0.0 => 1.0e9, (1.0, 1.5),
        "Most that a licensed route ships over 30 days, relative to base flow (1e9: no limit).",
        "derived: without it the surge of July to September 2025 is too high (1.15 to 1.28 of normal)";
    OverCompliance = "over_compliance", "probability", Fixed(0.6), 0.0 => 1.0, (0.0, 1.0),
        "Probability that customs hold a route of unlisted goods of the same HS family.",
        "derived: heavy magnets are 53 % of exports, so listed goods alone cannot make the trough of May 2025";
    HoldLow = "hold_low", "d", Fixed(30.0), 0.0 => 3650.0, (20.0, 60.0),
        "Shortest hold of unlisted goods.", "derived; Financial Times, June 2025: 1 to 2 months";
    HoldHigh = "hold_high", "d", Fixed(75.0), 0.0 => 3650.0, (60.0, 120.0),
        "Longest hold of unlisted goods.", "derived; Financial Times, June 2025: 1 to 2 months";
    CustomsLag = "customs_lag", "d", Uniform { low: 0.0, high: 14.0 }, 0.0 => 60.0, (0.0, 20.0),
        "Days between the gate and the customs record.", "assumption: April 2025 was 46 % of normal, not 10 %, because goods cleared before the date still left";
    PriceSupplyElasticity = "price_supply_elasticity", "elasticity", Fixed(0.15), 0.0 => 5.0, (0.0, 0.4),
        "Elasticity of supply outside the control.", "derived: Dy and Tb oxide about tripled in Europe within a month";
    PriceDemandElasticity = "price_demand_elasticity", "elasticity", Fixed(-0.5), -5.0 => -0.01, (-1.2, -0.2),
        "Elasticity of demand.", "derived: Dy and Tb oxide about tripled in Europe within a month";
    PriceCushion = "price_cushion", "share", Fixed(0.5), 0.0 => 1.0, (0.0, 1.0),
        "How much full stocks damp the price.", "derived: Dy and Tb oxide about tripled in Europe within a month";
    PriceDays = "price_days", "d", Fixed(14.0), 1.0 => 3650.0, (7.0, 60.0),
        "Time over which prices move to their target.", "derived: Dy and Tb oxide about tripled in Europe within a month";
    SubstitutionCap = "substitution_cap", "share per year", Fixed(0.10), 0.0 => 1.0, (0.0, 0.2),
        "Fastest replacement of heavy-rare-earth magnets by heavy-free ones.", "Sprecher et al. 2017, doi 10.1021/acs.est.6b05751";
    BypassDays = "bypass_days", "d", Fixed(60.0), 0.0 => 3650.0, (30.0, 180.0),
        "Days of blockage after which finished sub-assemblies are shipped instead.", "assumption";
    BypassCap = "bypass_cap", "share", Fixed(0.10), 0.0 => 1.0, (0.0, 0.3),
        "Largest share of a blocked route's base flow that goes so.", "assumption";
}

/// The distribution of each parameter, and which of them are drawn together.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameters {
    marginals: Vec<Distribution>,
    joint: Option<Joint>,
}

impl Default for Parameters {
    fn default() -> Self {
        let marginals = Parameter::ALL.iter().map(|parameter| parameter.default_value()).collect();
        Self { marginals, joint: None }
    }
}

impl Parameters {
    /// The distribution of one parameter, whatever it is drawn together with.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> &Distribution {
        &self.marginals[parameter as usize]
    }

    /// Sets one parameter. It is no longer drawn together with others.
    pub fn set(&mut self, parameter: Parameter, distribution: Distribution) {
        self.marginals[parameter as usize] = distribution;
        if let Some(joint) = &mut self.joint {
            joint.release(parameter);
        }
    }

    /// What is drawn together, if anything is.
    #[must_use]
    pub fn joint(&self) -> Option<&Joint> {
        self.joint.as_ref()
    }

    /// Draws parameters together from now on, instead of whatever was drawn together before.
    pub fn draw_together(&mut self, joint: Joint) {
        for parameter in joint.parameters() {
            let values = joint.values(parameter).unwrap_or_default();
            if let Ok(marginal) = Distribution::empirical(&values, &vec![1.0; values.len()]) {
                self.marginals[parameter as usize] = marginal;
            }
        }
        self.joint = Some(joint);
    }

    /// Draws every parameter for itself from its own distribution.
    pub fn draw_alone(&mut self) {
        self.joint = None;
    }
}

/// A number of a policy: drawn for itself, or the very draw of a parameter.
///
/// In a scenario file `speed = { parameter = "us_speed" }`; whoever reads it takes the replication's draw
/// of that parameter, so that policy and parameter never disagree.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A fixed number or a draw of its own, keyed by the shock's id and the field.
    Drawn(Distribution),
    /// The same draw as this parameter's.
    Parameter(Parameter),
    /// times · (the parameter's draw)^power, so that several numbers can share one parameter.
    Scaled {
        /// The parameter.
        parameter: Parameter,
        /// Exponent, not 0; below 0 only where the parameter cannot be 0.
        power: f64,
        /// Factor, above 0.
        times: f64,
    },
}

/// Values that stand for a distribution where it is scaled.
const STEPS: u32 = 64;

impl Value {
    /// A known number.
    #[must_use]
    pub fn fixed(number: f64) -> Self {
        Self::Drawn(Fixed(number))
    }

    /// The distribution behind it (for a parameter, its distribution in this scenario). To be drawn with
    /// the parameter's key when it is one. Where one is scaled, 64 values stand for it.
    #[must_use]
    pub fn distribution<'a>(&'a self, parameters: &'a Parameters) -> Cow<'a, Distribution> {
        match self {
            Self::Drawn(distribution) => Cow::Borrowed(distribution),
            Self::Parameter(parameter) => Cow::Borrowed(parameters.get(*parameter)),
            Self::Scaled { parameter, power, times } => {
                let of = |value: f64| Self::scaled(value, *power, *times);
                Cow::Owned(match parameters.get(*parameter) {
                    Fixed(value) => Fixed(of(*value)),
                    law => {
                        let middle = |step: u32| (f64::from(step) + 0.5) / f64::from(STEPS);
                        let values: Vec<f64> =
                            (0..STEPS).map(|step| of(law.quantile(middle(step)))).collect();
                        Distribution::empirical(&values, &vec![1.0; values.len()])
                            .unwrap_or_else(|_| Fixed(of(law.mean())))
                    }
                })
            }
        }
    }

    /// times · value^power, for values of at least 0.
    #[must_use]
    pub fn scaled(value: f64, power: f64, times: f64) -> f64 {
        times * libm::pow(value.max(0.0), power)
    }
}

impl From<Distribution> for Value {
    fn from(distribution: Distribution) -> Self {
        Self::Drawn(distribution)
    }
}
