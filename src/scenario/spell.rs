//! What a scenario resolved to, in the words of its format: for `explain`, and for whoever wants to copy a key.

use std::fmt::Write as _;

use super::calendar::date_text;
use super::select::{END_USES, STAGES};
use crate::network::line::Stage;
use crate::policy::licence::{Capacity, Class, ReviewLaw, Use};
use crate::policy::parameter::{Parameter, Value};
use crate::policy::response::{Production, Rationing, Sourcing, Switches};
use crate::policy::shock::{End, Kind, RecoveryShape, Shock, When};
use crate::random::sample::Distribution;

/// A key and its value as a scenario file would say it.
pub type Key = (&'static str, String);

/// Values of an empirical distribution that are written out; of more, the range says enough.
const MOST_VALUES: usize = 8;

/// A number of a shock: `0.5`, `{ uniform = [1, 2] }`, `{ parameter = "us_speed" }`.
#[must_use]
pub fn value(value: &Value) -> String {
    match value {
        Value::Drawn(law) => distribution(law),
        Value::Parameter(parameter) => format!("{{ parameter = \"{}\" }}", parameter.describe().key),
        Value::Scaled { parameter, power, times } => {
            let mut text = format!("{{ parameter = \"{}\"", parameter.describe().key);
            for (key, factor) in [("power", *power), ("times", *times)] {
                if (factor - 1.0).abs() > 0.0 {
                    let _ = write!(text, ", {key} = {factor}");
                }
            }
            text + " }"
        }
    }
}

/// A distribution.
#[must_use]
pub fn distribution(law: &Distribution) -> String {
    match law {
        Distribution::Fixed(number) => number.to_string(),
        Distribution::Uniform { low, high } => format!("{{ uniform = [{low}, {high}] }}"),
        Distribution::Triangular { low, mode, high } => format!("{{ triangular = [{low}, {mode}, {high}] }}"),
        Distribution::Pert { low, mode, high } => format!("{{ pert = [{low}, {mode}, {high}] }}"),
        Distribution::LogNormal { mean, cv } => format!("{{ lognormal = {{ mean = {mean}, cv = {cv} }} }}"),
        Distribution::Beta { alpha, beta, low, high } => {
            format!("{{ beta = {{ alpha = {alpha}, beta = {beta}, low = {low}, high = {high} }} }}")
        }
        Distribution::Exponential { mean } => format!("{{ exponential = {{ mean = {mean} }} }}"),
        Distribution::Empirical { values, cumulative } if values.len() <= MOST_VALUES => {
            let mut before = 0.0;
            let weights = cumulative.iter().map(|sum| {
                let weight = sum - before;
                before = *sum;
                weight.to_string()
            });
            let weights = weights.collect::<Vec<_>>().join(", ");
            let values = values.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
            format!("{{ empirical = {{ values = [{values}], weights = [{weights}] }} }}")
        }
        many @ Distribution::Empirical { .. } => many.to_string(),
    }
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

fn word<T: PartialEq>(words: &[(&'static str, T)], wanted: &T) -> String {
    quoted(words.iter().find(|(_, own)| own == wanted).map_or("", |(word, _)| word))
}

fn when(when: &When) -> String {
    match &when.delay {
        Value::Drawn(Distribution::Fixed(0.0)) => date_text(when.date),
        delay => format!("{{ date = {}, delay = {} }}", date_text(when.date), value(delay)),
    }
}

/// When a shock happens.
#[must_use]
pub fn timing(shock: &Shock, shocks: &[Shock]) -> Vec<Key> {
    let start = match &shock.trigger {
        None => ("start", when(&shock.start)),
        Some(trigger) => {
            let other = shocks.get(trigger.after).map_or("", |other| other.id.as_str());
            let on = if trigger.on_end { "end" } else { "start" };
            let (delay, probability) = (value(&trigger.delay), trigger.probability);
            let table = format!(
                "{{ after = \"{other}\", on = \"{on}\", delay = {delay}, probability = {probability} }}"
            );
            ("trigger", table)
        }
    };
    let mut keys = vec![start];
    match &shock.end {
        End::Never => {}
        End::At(day) => keys.push(("end", when(day))),
        End::After(days) => keys.push(("duration", value(days))),
    }
    keys
}

/// The keys of a shock beyond its time and place. Classes, quotas and states have functions of their own.
#[must_use]
pub fn keys(kind: &Kind, shocks: &[Shock]) -> Vec<Key> {
    match kind {
        Kind::CapacityLoss { loss, recovery, recovery_days, .. } => {
            let shapes = [
                ("instant", RecoveryShape::Instant),
                ("linear", RecoveryShape::Linear),
                ("exponential", RecoveryShape::Exponential),
                ("logistic", RecoveryShape::Logistic),
            ];
            vec![
                ("loss", value(loss)),
                ("recovery", word(&shapes, recovery)),
                ("recovery_days", value(recovery_days)),
            ]
        }
        Kind::Quota { tonnes, period_days, .. } => {
            vec![("tonnes", value(tonnes)), ("period_days", period_days.to_string())]
        }
        Kind::Licensing(rule) => {
            let laws = [
                ("shifted-exponential", ReviewLaw::ShiftedExponential),
                ("gamma", ReviewLaw::Gamma),
                ("deterministic", ReviewLaw::Deterministic),
                ("exponential", ReviewLaw::Exponential),
            ];
            let capacity = match &rule.capacity {
                Capacity::Infinite => quoted("infinite"),
                Capacity::Servers { officers, officer_days } => {
                    format!("{{ officers = {}, officer_days = {} }}", value(officers), value(officer_days))
                }
            };
            let uses = [("single", Use::Single), ("multi", Use::Multi)];
            let mut keys = vec![
                ("law", word(&laws, &rule.law)),
                ("use", word(&uses, &rule.use_)),
                ("capacity", capacity),
                ("pairs", rule.pairs.to_string()),
            ];
            keys.extend(rule.de_minimis.as_ref().map(|share| ("de_minimis", value(share))));
            keys
        }
        Kind::Regime(regime) => {
            let rule = shocks.get(regime.licensing);
            let mut keys = vec![("of", quoted(rule.map_or("", |rule| &rule.id)))];
            match (regime.speed.split_first(), rule.map(|rule| &rule.kind)) {
                (Some((first, rest)), _) if rest.iter().all(|speed| speed == first) => {
                    keys.push(("speed", value(first)));
                }
                (_, Some(Kind::Licensing(rule))) => {
                    let of = |(class, speed): (&Class, &Value)| format!("{} = {}", class.name, value(speed));
                    let speeds: Vec<String> = rule.classes.iter().zip(&regime.speed).map(of).collect();
                    keys.push(("class_speed", format!("{{ {} }}", speeds.join(", "))));
                }
                _ => {}
            }
            let others =
                [("reject", &regime.reject), ("return", &regime.returned), ("officers", &regime.officers)];
            keys.extend(others.into_iter().filter_map(|(key, said)| Some((key, value(said.as_ref()?)))));
            keys
        }
        Kind::Tariff { rate, .. } => vec![("rate", value(rate))],
        Kind::LaneDelay { days, .. } => vec![("days", value(days))],
        Kind::DemandChange { factor, .. } => vec![("factor", value(factor))],
        Kind::StockpileRelease { tonnes, rate, trigger_cover, .. } => vec![
            ("tonnes", value(tonnes)),
            ("rate", rate.to_string()),
            ("trigger_cover", trigger_cover.to_string()),
        ],
        Kind::NewCapacity { added, ramp_days, routes, .. } => vec![
            ("added", value(added)),
            ("ramp_days", value(ramp_days)),
            ("opens_routes", (!routes.is_empty()).to_string()),
        ],
        Kind::Subsidy { growth, .. } => vec![("growth", value(growth))],
        Kind::Substitution { rate, limit, .. } => vec![("rate", value(rate)), ("limit", limit.to_string())],
        Kind::Regimes(_)
        | Kind::Embargo { .. }
        | Kind::GeneralLicence { .. }
        | Kind::OverCompliance { .. }
        | Kind::PortClosure { .. } => Vec::new(),
    }
}

/// The keys of a class of applications; what it leaves to a parameter names the parameter.
#[must_use]
pub fn class(class: &Class) -> Vec<Key> {
    let or = |own: &Option<Value>, parameter| value(own.as_ref().unwrap_or(&Value::Parameter(parameter)));
    vec![
        ("speed", value(&class.speed)),
        ("reject", or(&class.reject, Parameter::DeskReject)),
        ("return", or(&class.returned, Parameter::DeskReturn)),
        ("priority", class.priority.to_string()),
        ("eligible_after", value(&class.eligible_after)),
    ]
}

/// A switch of behaviour as a scenario sets it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Switch {
    /// Key under `[switches]`.
    pub key: &'static str,
    /// Value in the words of the format.
    pub value: String,
    /// Whether it is not the default.
    pub set: bool,
    /// What it decides.
    pub meaning: &'static str,
    /// Where the default comes from.
    pub basis: &'static str,
}

/// Every switch, in the order of the format.
#[must_use]
pub fn switches(switches: &Switches) -> Vec<Switch> {
    let default = plain(&Switches::default());
    let own = plain(switches);
    let said = own.into_iter().zip(default).zip(SWITCHES);
    said.map(|(((key, value), (_, usual)), (_, meaning, basis))| Switch {
        key,
        set: value != usual,
        value,
        meaning,
        basis,
    })
    .collect()
}

/// Key, meaning, basis of the default.
const SWITCHES: [(&str, &str, &str); 7] = [
    (
        "production",
        "How output follows from stocks of inputs.",
        "assumption: what is short limits at once, as in Inoue and Todo 2019; BoARIO (`psi`) slows earlier",
    ),
    (
        "sourcing",
        "How a line's suppliers of one material stand in for each other.",
        "assumption: parts are qualified with one supplier, ore and metal are not; the rule that decides most",
    ),
    ("rationing", "Who is served when a supplier is short.", "ARIO (Hallegatte 2008), BoARIO"),
    ("priority", "End uses from first served to last, for rationing by priority.", "none: no order is known"),
    (
        "sample_network",
        "Whether bands of the network (shares, recipes, stocks) are drawn.",
        "definition: most of the network is estimated, and results say how far",
    ),
    ("price_feedback", "Whether prices act on the demand of other users.", "assumption: off"),
    ("bypass", "Whether blocked magnets travel in sub-assemblies.", "assumption: off"),
];

fn plain(switches: &Switches) -> Vec<Key> {
    let productions =
        [("hard", Production::Hard), ("psi", Production::Psi), ("critical", Production::Critical)];
    let rules = [
        ("pooled", Sourcing::Pooled),
        ("dedicated", Sourcing::Dedicated),
        ("all-needed", Sourcing::AllNeeded),
    ];
    let rationings = [
        ("proportional", Rationing::Proportional),
        ("priority", Rationing::Priority),
        ("least-hurt-first", Rationing::LeastHurtFirst),
        ("contract-first", Rationing::ContractFirst),
        ("domestic-first", Rationing::DomesticFirst),
        ("price", Rationing::Price),
    ];
    // Mines buy nothing: their stage has no rule to name.
    let stages = STAGES.iter().filter(|(_, stage)| *stage != Stage::Mine);
    let sourcing =
        stages.map(|(name, stage)| format!("{name} = {}", word(&rules, &switches.sourcing[*stage as usize])));
    let priority = switches.priority.iter().map(|end_use| word(&END_USES, end_use));
    vec![
        ("production", word(&productions, &switches.production)),
        ("sourcing", format!("{{ {} }}", sourcing.collect::<Vec<_>>().join(", "))),
        ("rationing", word(&rationings, &switches.rationing)),
        ("priority", format!("[{}]", priority.collect::<Vec<_>>().join(", "))),
        ("sample_network", switches.sample_network.to_string()),
        ("price_feedback", switches.price_feedback.to_string()),
        ("bypass", switches.bypass.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    const TYPED: &str = r#"
title = "All that can be said"
extends = "baseline"

[switches]
production = "psi"
sourcing = { component = "all-needed", magnet = "dedicated" }
rationing = "priority"
priority = ["defence", "wind"]
bypass = true

[[shock]]
id = "rule"
kind = "licensing"
start = { date = 2025-04-04, delay = { uniform = [0, 9] } }
duration = { lognormal = { mean = 200, cv = 0.5 } }
where = { from = ["CHN"], to_not = ["CHN"], control = "heavy" }
law = "gamma"
use = "single"
pairs = 10
capacity = { officers = 30, officer_days = { triangular = [5, 8, 9] } }
classes = [
    { name = "defence", where = { end_use = ["defence"] }, reject = 1.0, priority = 2, eligible_after = 30 },
    { name = "rest", speed = { parameter = "us_speed", power = 0.5, times = 2 } },
]

[[shock]]
id = "eased"
kind = "regime"
of = "rule"
trigger = { after = "rule", delay = 10, probability = 0.5 }
speed = { empirical = { values = [1, 2], weights = [0.25, 0.75] } }
class_speed = { defence = 0.5 }
officers = 60
"#;

    /// The scenario with every switch and number replaced by how it is spelled is the same scenario.
    #[test]
    fn what_is_spelled_reads_back_as_itself() {
        let (scenario, _) = Scenario::parse("typed", TYPED).unwrap();
        let mut text = "title = \"Spelled\"\nextends = \"baseline\"\n[switches]\n".to_owned();
        for switch in switches(&scenario.switches) {
            let _ = writeln!(text, "{} = {}", switch.key, switch.value);
        }
        let wheres = ["{ from = [\"CHN\"], to_not = [\"CHN\"], control = \"heavy\" }"];
        for (position, shock) in scenario.shocks.iter().enumerate() {
            let kind = if position == 0 { "licensing" } else { "regime" };
            let _ = writeln!(text, "[[shock]]\nid = \"{}\"\nkind = \"{kind}\"", shock.id);
            for (key, value) in
                timing(shock, &scenario.shocks).into_iter().chain(keys(&shock.kind, &scenario.shocks))
            {
                let _ = writeln!(text, "{key} = {value}");
            }
            if let Kind::Licensing(rule) = &shock.kind {
                let _ = writeln!(text, "where = {}\nclasses = [", wheres[0]);
                for (own, place) in rule.classes.iter().zip(["where = { end_use = [\"defence\"] }, ", ""]) {
                    let said = class(own).into_iter().map(|(key, value)| format!("{key} = {value}"));
                    let said = said.collect::<Vec<_>>().join(", ");
                    let _ = writeln!(text, "{{ name = \"{}\", {place}{said} }},", own.name);
                }
                text.push_str("]\n");
            }
        }
        let (again, _) =
            Scenario::parse("spelled", &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        assert_eq!(again.switches, scenario.switches);
        for (mut own, typed) in again.shocks.into_iter().zip(&scenario.shocks) {
            // What a class leaves to a parameter is spelled as that parameter: the same number by another way.
            if let (Kind::Licensing(own), Kind::Licensing(typed)) = (&mut own.kind, &typed.kind) {
                for (own, typed) in own.classes.iter_mut().zip(&typed.classes) {
                    own.reject = own.reject.take().filter(|_| typed.reject.is_some());
                    own.returned = own.returned.take().filter(|_| typed.returned.is_some());
                }
            }
            assert_eq!(own, *typed);
        }
    }
}
