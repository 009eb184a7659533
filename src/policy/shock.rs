//! Shocks: where, when, how much, how they end, what triggers them.

use super::licence::{Licensing, Regime};
use super::regime::Chain;
use crate::id::{LineId, PoolId, RouteId};
use crate::policy::parameter::Value;

/// A date, fixed or drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct When {
    /// Days since 1970-01-01.
    pub date: i32,
    /// Days added (rounded to whole days), usually fixed at 0.
    pub delay: Value,
}

/// How a shock ends.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    /// It lasts to the end of the run.
    Never,
    /// On a date.
    At(When),
    /// After a number of days.
    After(Value),
}

/// A shock that starts because another did.
#[derive(Clone, PartialEq, Debug)]
pub struct Trigger {
    /// Position of the other shock.
    pub after: usize,
    /// Whether its end (instead of its start) is what counts.
    pub on_end: bool,
    /// Days between.
    pub delay: Value,
    /// Probability that it happens at all.
    pub probability: f64,
}

/// Path of recovery after a capacity loss ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RecoveryShape {
    /// All at once.
    #[default]
    Instant,
    /// In a straight line over the recovery time.
    Linear,
    /// Exponentially, with the recovery time as mean.
    Exponential,
    /// Along a logistic curve, half done at half the recovery time.
    Logistic,
}

/// What a shock does.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Capacity is lost, then recovers.
    CapacityLoss {
        /// Capacities hit.
        pools: Vec<PoolId>,
        /// Share lost.
        loss: Value,
        /// Path of recovery after the end.
        recovery: RecoveryShape,
        /// Recovery time in days.
        recovery_days: Value,
    },
    /// Nothing leaves on these routes.
    Embargo {
        /// Routes closed.
        routes: Vec<RouteId>,
    },
    /// At most so many tonnes leave on these routes together in each period.
    Quota {
        /// Routes under the quota.
        routes: Vec<RouteId>,
        /// Tonnes per period.
        tonnes: Value,
        /// Length of a period in days.
        period_days: u32,
    },
    /// A licence is needed.
    Licensing(Licensing),
    /// The desk works differently.
    Regime(Regime),
    /// Regimes follow each other by chance; each brings other shocks into force.
    Regimes(Chain),
    /// Given on its first day: no licence is needed, and customs hold nothing, until it ends or
    /// `validity_general` days have passed.
    GeneralLicence {
        /// Routes exempted.
        routes: Vec<RouteId>,
    },
    /// Customs hold unlisted goods; goods stay in the order book.
    OverCompliance {
        /// Routes of unlisted goods of the same HS family.
        routes: Vec<RouteId>,
    },
    /// A tariff raises landed cost and moves demand to a buyer's other routes; a buyer without one pays.
    Tariff {
        /// Routes it falls on.
        routes: Vec<RouteId>,
        /// Ad-valorem rate (0.25 = 25 %).
        rate: Value,
    },
    /// Goods dispatched while it lasts take longer.
    LaneDelay {
        /// Routes delayed.
        routes: Vec<RouteId>,
        /// Extra days by surface (rounded to steps, at most 120).
        days: Value,
    },
    /// Nothing leaves while it lasts; orders stay in the book, goods already under way arrive.
    PortClosure {
        /// Routes that use the port.
        routes: Vec<RouteId>,
    },
    /// Final demand is multiplied.
    DemandChange {
        /// Lines whose final demand changes.
        lines: Vec<LineId>,
        /// Factor.
        factor: Value,
    },
    /// A stockpile is released to lines short of an input.
    StockpileRelease {
        /// Routes into whose buyer's stock it is released, in proportion to base flow.
        routes: Vec<RouteId>,
        /// Tonnes in the stockpile.
        tonnes: Value,
        /// Most tonnes released per day.
        rate: f64,
        /// Cover (days) below which it is released.
        trigger_cover: f64,
    },
    /// Capacity is added over a ramp, and buyers with a route to it take up shares.
    NewCapacity {
        /// Capacities enlarged.
        pools: Vec<PoolId>,
        /// Share of base capacity added (0.5 = half as much again); for plants with none, of their nameplate.
        added: Value,
        /// Days of the ramp.
        ramp_days: Value,
        /// Whether routes from the pools open or grow with it.
        routes: Vec<RouteId>,
    },
    /// A floor price or subsidy keeps marginal capacity running: adds capacity at the growth cap.
    Subsidy {
        /// Capacities supported.
        pools: Vec<PoolId>,
        /// Growth of capacity per year while it lasts.
        growth: Value,
    },
    /// Users replace heavy-rare-earth magnets by heavy-free ones at this rate, up to a limit.
    Substitution {
        /// Lines that change their recipe.
        lines: Vec<LineId>,
        /// Share of the heavy input replaced per year.
        rate: Value,
        /// Largest share replaced.
        limit: f64,
    },
}

/// A shock.
#[derive(Clone, PartialEq, Debug)]
pub struct Shock {
    /// Unique in the scenario; keys its random numbers.
    pub id: String,
    /// Words for charts and `explain`.
    pub title: String,
    /// What it does.
    pub kind: Kind,
    /// First day of effect.
    pub start: When,
    /// How it ends.
    pub end: End,
    /// Set when it starts because of another shock; then `start.date` is not used.
    pub trigger: Option<Trigger>,
}
