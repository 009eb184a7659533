//! Export licensing as data: which routes need a licence, how the desk decides.

use crate::id::RouteId;
use crate::policy::parameter::Value;

/// Law of the review time beyond intake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReviewLaw {
    /// Dead time plus an exponential part.
    #[default]
    ShiftedExponential,
    /// Gamma with the same mean and the variance of a two-stage Erlang law.
    Gamma,
    /// Always the mean.
    Deterministic,
    /// Exponential with the same mean, no dead time.
    Exponential,
}

/// How many cases the desk handles at once.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Capacity {
    /// Every case at once: delay only.
    #[default]
    Infinite,
    /// One officer works on one case at a time, first come first served inside a priority class. A case
    /// takes `officer_days` ÷ its class's speed on average, spread as the law says; the dead time and mean
    /// of the infinite desk give only the shape of the shifted law.
    Servers {
        /// Number of officers.
        officers: Value,
        /// Officer-days one case takes.
        officer_days: Value,
    },
}

/// Whether a licence covers one shipment or many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Use {
    /// Ships what is on order once, up to its tonnes; the rest lapses.
    Single,
    /// Ships until its tonnes are used or it expires.
    #[default]
    Multi,
}

/// How the desk treats one class of applications.
#[derive(Clone, PartialEq, Debug)]
pub struct Class {
    /// Name, e.g. `united-states`, `defence`, `other`.
    pub name: String,
    /// Multiplies the desk's speed.
    pub speed: Value,
    /// Probability of rejection; `None`: the parameter `desk_reject`.
    pub reject: Option<Value>,
    /// Probability of return for information; `None`: the parameter `desk_return`.
    pub returned: Option<Value>,
    /// Lower numbers are served first (servers mode).
    pub priority: u8,
    /// Days from the rule's start before which its applicants may not file (large applicants first).
    pub eligible_after: Value,
}

/// Most that is licensed in a period. Approvals beyond it wait for the next one; a large lot is licensed in
/// parts.
#[derive(Clone, PartialEq, Debug)]
pub struct LicenceQuota {
    /// Routes under it, ascending: those of a destination, of an element, or both.
    pub routes: Vec<RouteId>,
    /// Tonnes per period.
    pub tonnes: Value,
    /// Days of a period, counted from the rule's start; at least 1.
    pub period_days: u32,
}

/// A licensing rule: from its start, a controlled route ships only against a licence.
#[derive(Clone, PartialEq, Debug)]
pub struct Licensing {
    /// Controlled routes, ascending.
    pub controlled: Vec<RouteId>,
    /// Position in `classes` of each controlled route.
    pub class_of: Vec<u16>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Law of the review time.
    pub law: ReviewLaw,
    /// Infinite or servers.
    pub capacity: Capacity,
    /// Single or multi shipment.
    pub use_: Use,
    /// Exporter–customer pairs behind each controlled route, at least 1. Each applies for itself, for its part of
    /// the route's flow, and nobody ships on another's licence.
    pub pairs: u32,
    /// The rule of October 2025 on foreign-made goods: a controlled route needs a licence only while the
    /// share of value of Chinese origin in its supplier's goods is at least this; `None`: always.
    pub de_minimis: Option<Value>,
    /// Quotas on approvals; a route may stand under several.
    pub quotas: Vec<LicenceQuota>,
}

/// What a regime changes at the desk while it lasts.
///
/// Speeds of regimes in force at the same time multiply; of the other fields the regime that started last
/// and says something holds (of two that start on one day the later in the file).
#[derive(Clone, PartialEq, Debug)]
pub struct Regime {
    /// Position of the licensing rule in the scenario's shocks.
    pub licensing: usize,
    /// Multiplies the speed of each class (as many as the rule has classes). At a desk with officers, a
    /// regime that sets their number says with it what they are worth: there its speeds are not used.
    pub speed: Vec<Value>,
    /// Replaces the probability of rejection.
    pub reject: Option<Value>,
    /// Replaces the probability of return.
    pub returned: Option<Value>,
    /// Replaces the number of officers.
    pub officers: Option<Value>,
}
