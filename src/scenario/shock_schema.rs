//! The shape of `[[shock]]` entries, as [`schema`](super::schema) does it for the rest of a file.
#![allow(dead_code, reason = "the structs describe a format; only their shape is used")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::{Day, Number, Texts};

/// A date, fixed or with a drawn delay.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum When {
    /// A date.
    Fixed(Day),
    /// A date and days after it.
    Drawn(Delayed),
}

/// A date and days after it.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Delayed {
    /// The date.
    date: Day,
    /// Days added.
    delay: Option<Number>,
}

/// What sets a shock off.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct TriggerTable {
    /// Id of another shock.
    after: String,
    /// Whether its start (default) or end counts.
    on: Option<Moment>,
    /// Days between; default 0.
    delay: Option<Number>,
    /// Probability that it happens at all; default 1.
    #[schemars(range(min = 0, max = 1))]
    probability: Option<f64>,
}

/// Start or end.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Moment {
    /// The other's start.
    Start,
    /// The other's end.
    End,
}

/// A selector: all conditions hold, or any table of a list.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum Where {
    /// All conditions hold.
    All(Box<Conditions>),
    /// Any of them.
    Any(Vec<Conditions>),
}

/// Conditions of a selector. Shocks on routes know the first part, shocks on facilities the second.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// Routes: the supplier stands in one of these countries or regions (`EU`: the 27 states).
    from: Option<Texts>,
    /// Routes: the supplier stands in none of these.
    from_not: Option<Texts>,
    /// Routes: the buyer stands in one of these.
    to: Option<Texts>,
    /// Routes: the buyer stands in none of these.
    to_not: Option<Texts>,
    /// Routes: material carried, as in the data or with hyphens.
    material: Option<Texts>,
    /// Routes: whether supplier and buyer stand in different countries.
    crosses_border: Option<bool>,
    /// Routes: `heavy` for goods under the control of April 2025, `not-heavy` for all others.
    control: Option<Control>,
    /// Routes: stage of the supplier.
    stage_from: Option<Texts>,
    /// Routes: stage of the buyer.
    stage_to: Option<Texts>,
    /// Facility ids; for routes either end.
    facility: Option<Texts>,
    /// Routes: facility id of the supplier.
    from_facility: Option<Texts>,
    /// Routes: facility id of the buyer.
    to_facility: Option<Texts>,
    /// Companies as in the data; for routes either end.
    company: Option<Texts>,
    /// Routes: company of the supplier.
    from_company: Option<Texts>,
    /// Routes: company of the buyer.
    to_company: Option<Texts>,
    /// Routes: size of the applicant, the exporter and its customer on the route: of a material's trade over borders,
    /// `large` the largest that together carry half, `small` the smallest that carry a tenth, `medium` the rest.
    applicant: Option<Texts>,
    /// End use of the product; for routes that of the buyer.
    end_use: Option<Texts>,
    /// Facilities: in one of these countries or regions.
    #[serde(rename = "in")]
    in_: Option<Texts>,
    /// Facilities: in none of these.
    in_not: Option<Texts>,
    /// Facilities: what the line makes.
    product: Option<Texts>,
    /// Facilities: a material the line uses.
    uses: Option<Texts>,
    /// Facilities: stage.
    stage: Option<Texts>,
}

/// Control category.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Contains heavy rare earths and fell under the control of April 2025.
    Heavy,
    /// Everything else.
    NotHeavy,
}

/// How many cases a desk handles at once.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum CapacityTable {
    /// `"infinite"`: every case at once.
    Infinite(Infinite),
    /// Officers with a queue in front of them.
    Servers(Servers),
}

/// The word `infinite`.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Infinite {
    /// Every case at once.
    Infinite,
}

/// Officers.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Servers {
    /// Number of officers.
    officers: Number,
    /// Officer-days one case takes.
    officer_days: Number,
}

/// A class of applications.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct ClassTable {
    /// Name, which regimes refer to.
    name: String,
    /// Its routes among the controlled ones; without it, what the other classes leave.
    #[serde(rename = "where")]
    where_: Option<Where>,
    /// Multiplies the desk's speed; default 1.
    speed: Option<Number>,
    /// Probability of rejection; default: parameter `desk_reject`.
    reject: Option<Number>,
    /// Probability of return; default: parameter `desk_return`.
    #[serde(rename = "return")]
    return_: Option<Number>,
    /// Lower numbers are served first; default 1.
    #[schemars(range(min = 0, max = 255))]
    priority: Option<u8>,
    /// Days from the rule's start before which its applicants may not file; default 0.
    eligible_after: Option<Number>,
}

/// A quota on approvals. What is approved beyond it waits for the next period.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct QuotaTable {
    /// Its routes among the controlled ones: those of a destination, of an element, or both.
    #[serde(rename = "where")]
    where_: Where,
    /// Tonnes licensed per period on all its routes together.
    tonnes: Number,
    /// Days of a period, counted from the rule's start; default 30.
    #[schemars(range(min = 1, max = 3650))]
    period_days: Option<u32>,
}

/// A state of a chain of regimes.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct StateTable {
    /// Name.
    name: String,
    /// Days it lasts, drawn at each visit; an exponential distribution makes a Markov chain.
    dwell: Number,
    /// Weights of the states that may follow, by name; without it, it lasts for ever.
    next: Option<BTreeMap<String, f64>>,
    /// Ids of shocks in force during it and at no other time; their own dates are not used.
    shocks: Option<Texts>,
}

/// A shock. Which keys apply depends on `kind`.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct ShockTable {
    /// Unique; keys its random numbers, and files that extend this one change it by its id.
    #[schemars(regex(pattern = r"^[a-z0-9-]+$"))]
    id: String,
    /// What it does.
    kind: Option<KindWord>,
    /// Words for charts; default the id.
    title: Option<String>,
    /// Drops the base's shock of this id.
    remove: Option<bool>,
    /// First day of effect.
    start: Option<When>,
    /// Instead of a start: because of another shock.
    trigger: Option<TriggerTable>,
    /// First day without it; default: it lasts.
    end: Option<When>,
    /// Instead of an end: days it lasts.
    duration: Option<Number>,
    /// Where it acts. All kinds but `regime` and `regimes`.
    #[serde(rename = "where")]
    where_: Option<Where>,
    /// capacity-loss: share of capacity lost.
    loss: Option<Number>,
    /// capacity-loss: path of recovery after the end; default instant.
    recovery: Option<RecoveryWord>,
    /// capacity-loss: days of recovery; default 0.
    recovery_days: Option<Number>,
    /// quota: tonnes per period on all its routes together. stockpile-release: tonnes in store.
    tonnes: Option<Number>,
    /// quota: days of a period; default 30.
    #[schemars(range(min = 1, max = 3650))]
    period_days: Option<u32>,
    /// licensing: law of the review time; default shifted-exponential.
    law: Option<LawWord>,
    /// licensing: `"infinite"` (default) or officers.
    capacity: Option<CapacityTable>,
    /// licensing: whether a licence covers one shipment or many; default multi.
    #[serde(rename = "use")]
    use_: Option<UseWord>,
    /// licensing: exporter–customer pairs behind each route, each with licences of its own; default 1.
    #[schemars(range(min = 1, max = 64))]
    pairs: Option<u32>,
    /// licensing: a licence is needed only from this share of value of Chinese origin in the supplier's
    /// goods.
    de_minimis: Option<Number>,
    /// licensing: quotas on approvals.
    quotas: Option<Vec<QuotaTable>>,
    /// regimes: the states of the chain; it begins in the first.
    states: Option<Vec<StateTable>>,
    /// licensing: classes of applications; the first that fits takes a route.
    classes: Option<Vec<ClassTable>>,
    /// regime: id of the licensing rule it changes.
    of: Option<String>,
    /// regime: multiplies the speed of every class; default 1.
    speed: Option<Number>,
    /// regime: multiplies the speed of single classes instead, by name.
    class_speed: Option<BTreeMap<String, Number>>,
    /// regime: probability of rejection while it lasts.
    reject: Option<Number>,
    /// regime: probability of return while it lasts.
    #[serde(rename = "return")]
    return_: Option<Number>,
    /// regime: number of officers while it lasts.
    officers: Option<Number>,
    /// tariff: ad-valorem rate, 0.25 for 25 %. stockpile-release: most tonnes a day (a plain number).
    /// substitution: share replaced per year; default parameter `substitution_cap`.
    rate: Option<Number>,
    /// lane-delay: extra days by surface, at most 120.
    days: Option<Number>,
    /// demand-change: factor on final demand.
    factor: Option<Number>,
    /// stockpile-release: days of cover below which it is released.
    trigger_cover: Option<f64>,
    /// new-capacity: share of base capacity added (of nameplate for plants that have none yet).
    added: Option<Number>,
    /// new-capacity: days of the ramp; default parameter `ramp_days`.
    ramp_days: Option<Number>,
    /// new-capacity: whether routes from there open or grow with it; default true.
    opens_routes: Option<bool>,
    /// subsidy: growth of capacity per year while it lasts.
    growth: Option<Number>,
    /// substitution: largest share replaced; default 1.
    #[schemars(range(min = 0, max = 1))]
    limit: Option<f64>,
}

/// Kinds of shocks.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum KindWord {
    /// Capacity is lost, then recovers.
    CapacityLoss,
    /// Nothing leaves on these routes.
    Embargo,
    /// At most so many tonnes leave in each period.
    Quota,
    /// A licence is needed.
    Licensing,
    /// A licence desk works differently.
    Regime,
    /// Regimes follow each other by chance; each brings other shocks.
    Regimes,
    /// Exempt from licensing and customs holds.
    GeneralLicence,
    /// Customs hold unlisted goods.
    OverCompliance,
    /// A tariff moves demand to other routes.
    Tariff,
    /// Goods dispatched while it lasts take longer.
    LaneDelay,
    /// Nothing leaves, and goods at sea arrive so much later.
    PortClosure,
    /// Final demand is multiplied.
    DemandChange,
    /// A stockpile is released to buyers that run short.
    StockpileRelease,
    /// Capacity is added over a ramp.
    NewCapacity,
    /// Capacity grows while it lasts.
    Subsidy,
    /// Heavy-free magnets replace heavy ones.
    Substitution,
}

/// Paths of recovery.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum RecoveryWord {
    /// All at once.
    Instant,
    /// In a straight line.
    Linear,
    /// Exponentially.
    Exponential,
    /// Along a logistic curve.
    Logistic,
}

/// Laws of the review time.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum LawWord {
    /// Dead time and an exponential part.
    ShiftedExponential,
    /// Gamma.
    Gamma,
    /// Always the mean.
    Deterministic,
    /// Exponential without dead time.
    Exponential,
}

/// What a licence covers.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum UseWord {
    /// One shipment.
    Single,
    /// Many shipments.
    Multi,
}
