//! The shape of scenario files as plain structs: the JSON schema for editors and the tables of the
//! documentation come from these. They give nothing a meaning; a test feeds them and the document reader
//! the same files.
#![allow(dead_code, reason = "the structs describe a format; only their shape is used")]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, json_schema};
use serde::Deserialize;
use serde_json::Value;

use super::shock_schema::ShockTable;
use crate::policy::parameter::Parameter;

/// A date without time, such as 2025-04-04.
#[derive(Debug)]
pub struct Day(());

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let moment = toml::value::Datetime::deserialize(deserializer)?;
        match (moment.date, moment.time, moment.offset) {
            (Some(_), None, None) => Ok(Self(())),
            _ => Err(serde::de::Error::custom("a date without time is wanted")),
        }
    }
}

impl JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "description": "A date without time and quotes: 2025-04-04." })
    }
}

/// A number, a distribution, or the draw of a parameter.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum Number {
    /// A known number.
    Fixed(f64),
    /// A distribution.
    Drawn(Law),
    /// times · (the draw of a parameter)^power (not under `[parameters]`).
    Scaled(Scaled),
}

/// A parameter's draw, scaled, so that several numbers can share one parameter.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Scaled {
    parameter: String,
    power: Option<f64>,
    times: Option<f64>,
}

/// A distribution: exactly one of the laws.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Law {
    /// [low, high], every value alike.
    Uniform([f64; 2]),
    /// [low, mode, high].
    Triangular([f64; 3]),
    /// [low, mode, high]: a beta with mean (low + 4·mode + high)/6.
    Pert([f64; 3]),
    /// Mean and coefficient of variation of the variate itself.
    LogNormal(LogNormal),
    /// Beta stretched over [low, high].
    Beta(Beta),
    /// Exponential with this mean.
    Exponential(Exponential),
    /// One of the values, as likely as its weight says (all alike without weights).
    Empirical(Empirical),
    /// The same draw as this parameter's (not under `[parameters]`).
    Parameter(String),
}

/// Mean and coefficient of variation.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct LogNormal {
    mean: f64,
    cv: f64,
}

/// Shapes and range.
#[expect(clippy::struct_field_names, reason = "a beta's second shape is called beta")]
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Beta {
    alpha: f64,
    beta: f64,
    low: f64,
    high: f64,
}

/// Mean.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Exponential {
    mean: f64,
}

/// Values and weights.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Empirical {
    values: Vec<f64>,
    weights: Option<Vec<f64>>,
}

/// One text or several.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// A scenario file.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// A short title for charts and lists. Needed; not inherited.
    title: String,
    /// One paragraph: what happens and why it is asked.
    description: Option<String>,
    /// A bundled scenario or the path of a file (relative to this one) that this file is a diff to.
    extends: Option<String>,
    /// Where statements come from; appended to the base's.
    sources: Option<Vec<Source>>,
    /// A shipped network or a folder (relative to this file); default `world-2024`.
    network: Option<String>,
    /// First day of the run.
    start: Option<Day>,
    /// First day no longer simulated. Instead: `days`.
    end: Option<Day>,
    /// Length of the run in days. Instead: `end`.
    #[schemars(range(min = 1, max = 36500))]
    days: Option<u32>,
    /// Days per step, 1 (default) or 7.
    #[schemars(extend("enum" = [1, 7]))]
    step_days: Option<u32>,
    /// What the scenario claims; a test holds it to this. Not inherited.
    expect: Option<Expect>,
    /// A bundled parameter set or the path of a file (relative to this one) whose values replace defaults;
    /// `[parameters]` and `--set` replace the set's. `none`: the documented defaults.
    parameter_set: Option<String>,
    /// `joint` (default): each replication takes one row of the set's `[joint]` table whole; `central`: all take
    /// the set's `[parameters]`.
    #[schemars(extend("enum" = ["joint", "central"]))]
    parameter_draw: Option<String>,
    /// Uncertain inputs of the model, by key; see the table of parameters.
    #[serde(default)]
    #[schemars(schema_with = "parameters")]
    parameters: Option<BTreeMap<String, Number>>,
    /// Which rules firms follow.
    switches: Option<SwitchesTable>,
    /// How many replications.
    study: Option<Study>,
    /// Which series are observed, written out and drawn; metrics are always complete.
    outputs: Option<OutputsTable>,
    /// Dated labels for charts; appended to the base's.
    mark: Option<Vec<Mark>>,
    /// What happens.
    shock: Option<Vec<ShockTable>>,
}

fn parameters(generator: &mut schemars::SchemaGenerator) -> Schema {
    let number = generator.subschema_for::<Number>();
    let mut properties = serde_json::Map::new();
    for parameter in Parameter::ALL {
        let known = parameter.describe();
        let description =
            format!("{} Unit: {}. Default: {}.", known.meaning, known.unit, parameter.default_value());
        let mut property = number.clone();
        property.insert("description".to_owned(), description.into());
        properties.insert(known.key.to_owned(), property.into());
    }
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A source.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Title or publisher.
    title: String,
    /// Address.
    url: String,
}

/// A claim.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Scenario to compare with; default: what this one extends.
    parent: Option<String>,
    /// Name of a metric.
    metric: String,
    /// On which side of the parent's the metric lies.
    sign: Sign,
    /// Why.
    because: String,
}

/// Side of zero.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Higher than in the parent.
    Higher,
    /// Lower than in the parent.
    Lower,
    /// No difference.
    None,
}

/// Rules of behaviour.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct SwitchesTable {
    /// How output follows from inputs; default `hard`.
    production: Option<ProductionWord>,
    /// How suppliers stand in for each other: one rule, or one per stage. Default: `dedicated` at
    /// component makers and automakers, `pooled` elsewhere.
    sourcing: Option<SourcingTable>,
    /// Who is served when a supplier is short; default `proportional`.
    rationing: Option<RationingWord>,
    /// End uses from first served to last, for `rationing = "priority"`.
    priority: Option<Vec<EndUseWord>>,
    /// Whether shares, recipes and stocks of the network are drawn from their bands; default true.
    sample_network: Option<bool>,
    /// Whether prices feed back on demand; default false.
    price_feedback: Option<bool>,
    /// Whether blocked routes are bypassed by shipping sub-assemblies; default false.
    bypass: Option<bool>,
}

/// Production functions.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum ProductionWord {
    /// Leontief.
    Hard,
    /// Scaled down when stocks fall below a share of target.
    Psi,
    /// By criticality of inputs.
    Critical,
}

/// One rule or one per stage.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum SourcingTable {
    /// For all stages.
    All(SourcingWord),
    /// Per stage.
    Stages(SourcingStages),
}

/// A sourcing rule per stage.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct SourcingStages {
    separation: Option<SourcingWord>,
    metal: Option<SourcingWord>,
    magnet: Option<SourcingWord>,
    component: Option<SourcingWord>,
    automaker: Option<SourcingWord>,
    other_demand: Option<SourcingWord>,
}

/// Sourcing rules.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum SourcingWord {
    /// Perfect substitutes.
    Pooled,
    /// Each supplier serves its own share of output.
    Dedicated,
    /// Every supplier is necessary.
    AllNeeded,
}

/// Rationing rules.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum RationingWord {
    /// The same share of every request.
    Proportional,
    /// By end use.
    Priority,
    /// Smallest relative request first.
    LeastHurtFirst,
    /// Base flows first.
    ContractFirst,
    /// Buyers at home first.
    DomesticFirst,
    /// By price of the buyer's market.
    Price,
}

/// End uses.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum EndUseWord {
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
    /// Everything else.
    Other,
}

/// Replications.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Replications, the most when stopping at convergence; default 1000.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    replications: Option<u64>,
    /// Seed; default 20250404.
    seed: Option<u64>,
    /// Stop when a metric's mean is known well enough.
    converge: Option<Converge>,
}

/// When to stop.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Converge {
    /// Name of a metric.
    metric: String,
    /// Half width of the 95 % interval of the mean, relative to the mean.
    #[schemars(range(min = 0.000_001, max = 1))]
    relative_half_width: f64,
    /// Not before so many replications; default 200.
    #[schemars(range(min = 2))]
    at_least: Option<u64>,
}

/// Series wanted.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct OutputsTable {
    /// Groups of series wanted, as `series.csv` names them: exports, output:world, output:region,
    /// output:automaker, output:stage, cover, lost, price, licences, licences by class, waits.
    groups: Option<Texts>,
    /// Series wanted besides, as `series.csv` names them, for example `exports:USA`. Nothing named: all.
    series: Option<Texts>,
}

/// A dated label.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Date; or else `shock`.
    date: Option<Day>,
    /// Words.
    label: String,
    /// Shock whose day it is; the mark moves with the shock and goes with it.
    shock: Option<String>,
    /// Which of the shock's days; default start.
    at: Option<MarkAt>,
}

/// Days of a shock.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum MarkAt {
    /// The first day of effect.
    Start,
    /// The day it ends.
    End,
}

/// The JSON schema (draft 2020-12) of scenario files.
#[must_use]
pub fn json() -> String {
    let mut schema = schemars::schema_for!(ScenarioFile).to_value();
    without_null(&mut schema);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Takes `null` out: TOML has none, a key that may be missing is simply not required.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            if let Some(Value::Array(types)) = keys.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    keys.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = keys.get_mut("anyOf") {
                choices.retain(|choice| choice["type"] != "null");
            }
            keys.retain(|key, value| key != "default" || !value.is_null());
            for value in keys.values_mut() {
                without_null(value);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(without_null),
        _ => {}
    }
}
