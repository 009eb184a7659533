//! Texts made from what the program knows of its own format: the chapter on scenario files and the
//! catalogue of bundled scenarios. Tests keep the checked-in copies fresh.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Scenario, bundled, calendar, rules, schema};
use crate::error::Error;
use crate::policy::parameter::Parameter;

/// Keys of each kind of shock beside `id`, `kind`, `title`, `remove`, `start`, `trigger`, `end` and
/// `duration`: those it needs, and those it may have.
pub const KEYS_OF_KIND: [(&str, &[&str], &[&str]); 16] = [
    ("capacity-loss", &["where", "loss"], &["recovery", "recovery_days"]),
    ("embargo", &["where"], &[]),
    ("quota", &["where", "tonnes"], &["period_days"]),
    ("licensing", &["where"], &["law", "capacity", "use", "pairs", "de_minimis", "quotas", "classes"]),
    ("regime", &["of"], &["speed", "class_speed", "reject", "return", "officers"]),
    ("regimes", &["states"], &[]),
    ("general-licence", &["where"], &[]),
    ("over-compliance", &["where"], &[]),
    ("tariff", &["where", "rate"], &[]),
    ("lane-delay", &["where", "days"], &[]),
    ("port-closure", &["where"], &[]),
    ("demand-change", &["where", "factor"], &[]),
    ("stockpile-release", &["where", "tonnes", "rate", "trigger_cover"], &[]),
    ("new-capacity", &["where", "added"], &["ramp_days", "opens_routes"]),
    ("subsidy", &["where", "growth"], &[]),
    ("substitution", &["where"], &["rate", "limit"]),
];

const OPENING: &str = r#"# The scenario format

<!-- Made by the program from its own schema and registry of parameters; a test fails when this file is stale. -->

A scenario is a TOML file. The shortest one changes one thing of another:

```toml
#:schema ./schema.json
title = "Controls a month later"
extends = "2025-april-controls"

[[shock]]
id = "april-controls"
start = 2025-05-04
```

**Laying over.** A file that `extends` another is a small diff. `[parameters]`, `[switches]`, `[study]` and
`[outputs]` merge key by key; a `[[shock]]` with the `id` of one of the base's changes that one key by key
(another `kind` replaces it, `remove = true` drops it); `sources` and `[[mark]]` are appended; every other
key replaces. `title`, `description` and `[expect]` are not inherited. `--set key=value` on the command line
lays single values over everything: `--set parameters.panic=1.0`, `--set shock.april-controls.start=2025-05-04`.

**Dates** stand without quotes and name whole days. A start is the first day of effect, an end the first
day without.

**Numbers.** Wherever a number can be uncertain, a distribution can stand: `0.5`, `{ uniform = [1.05, 1.2] }`,
`{ triangular = [30, 50, 80] }`, `{ pert = [30, 50, 80] }`, `{ lognormal = { mean = 50, cv = 0.8 } }`,
`{ beta = { alpha = 2, beta = 5, low = 0, high = 1 } }`, `{ exponential = { mean = 50 } }`,
`{ empirical = { values = [10, 20], weights = [1, 3] } }`; and in shocks `{ parameter = "us_speed" }`, the very
draw of a parameter. It is drawn once per replication. `{ parameter = "desk_easing", power = 0.4, times = 1.5 }` is
1.5 times that draw to the power of 0.4, so that several numbers can share one parameter; a negative power undoes it.

**Parameter sets.** `parameter_set = "2025-fitted"` takes values that belong together from a file of their own, a
bundled one or a path: `title` and `basis` (texts), central values under `[parameters]`, and perhaps a table
`[joint]` with `parameters = [keys]` and `sets = [[values], …]`, equally likely rows of which each replication takes
one whole, so that the bands of results hold what a calibration left open. `parameter_draw = "central"` takes the
central values instead. `[parameters]` of the scenario and of what it extends, and `--set parameters.…`, replace the
set's; what is replaced is no longer drawn with the rest. `parameter_set = "none"` goes back to the documented
defaults.

**Regimes.** Speeds of regimes in force at the same time multiply; of what else they change, the regime that
started last holds.
"#;

/// The chapter on scenario files.
#[must_use]
pub fn chapter() -> String {
    let schema: Value = serde_json::from_str(&schema::json()).unwrap_or_default();
    let mut text = OPENING.to_owned();
    let definitions = &schema["$defs"];
    table(&mut text, "Top level", &schema);
    for (title, name) in [
        ("`sources`", "Source"),
        ("`[expect]`", "Expect"),
        ("`[switches]`", "SwitchesTable"),
        ("`[study]`", "Study"),
        ("`converge`", "Converge"),
        ("`[outputs]`", "OutputsTable"),
        ("`[[mark]]`", "Mark"),
        ("`[[shock]]`", "ShockTable"),
        ("`trigger`", "TriggerTable"),
        ("`where`", "Conditions"),
        ("`classes`", "ClassTable"),
        ("`quotas` of a licensing rule", "QuotaTable"),
        ("`states` of a chain of regimes", "StateTable"),
        ("`capacity`", "Servers"),
    ] {
        table(&mut text, title, &definitions[name]);
        if name == "ShockTable" {
            kinds(&mut text, &definitions["KindWord"]);
        }
    }
    parameters(&mut text);
    text.push_str("\n## Messages\n\n`check --explain CODE` prints these.\n\n| code | meaning |\n|---|---|\n");
    for rule in rules::RULES {
        let _ = writeln!(text, "| {} | {} |", rule.code, cell(rule.text));
    }
    text
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn table(text: &mut String, title: &str, of: &Value) {
    let _ = write!(
        text,
        "\n## {title}\n\n{}\n\n| key | meaning |\n|---|---|\n",
        of["description"].as_str().unwrap_or_default()
    );
    for (key, property) in of["properties"].as_object().into_iter().flatten() {
        let _ =
            writeln!(text, "| `{key}` | {} |", cell(property["description"].as_str().unwrap_or_default()));
    }
}

fn kinds(text: &mut String, words: &Value) {
    text.push_str("\n### Kinds\n\n| kind | what happens | needs | may have |\n|---|---|---|---|\n");
    let list = |keys: &[&str]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    for (kind, needs, may) in KEYS_OF_KIND {
        let known = words["oneOf"].as_array().into_iter().flatten().find(|word| word["const"] == kind);
        let meaning = known.and_then(|word| word["description"].as_str()).unwrap_or_default();
        let _ = writeln!(text, "| `{kind}` | {} | {} | {} |", cell(meaning), list(needs), list(may));
    }
}

fn parameters(text: &mut String) {
    text.push_str("\n## `[parameters]`\n\n| key | meaning | unit | default | allowed | swept | basis |\n|---|---|---|---|---|---|---|\n");
    for parameter in Parameter::ALL {
        let known = parameter.describe();
        let (low, high) = known.sweep;
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} to {} | {low} to {high} | {} |",
            known.key,
            cell(known.meaning),
            known.unit,
            parameter.default_value(),
            known.low,
            known.high,
            cell(known.basis)
        );
    }
}

/// The catalogue of bundled scenarios: one paragraph and the sources of each.
///
/// # Errors
/// When a bundled scenario has problems (tests say that none has).
pub fn catalogue() -> Result<String, Error> {
    let mut text = "# Scenarios\n\n<!-- Made by the program from the files beside it; a test fails when this file is stale. -->\n\n\
        Every file here is inside the program: `coercivity run NAME` runs it, `coercivity scenarios copy NAME` writes it\n\
        out to be changed. Numbers marked (assumption) in a file's comments are ours; everything else is from the sources.\n\
        Each but the first claims on which side of its parent's a metric lies.\n"
        .to_owned();
    for name in bundled::names() {
        let (scenario, _) = Scenario::bundled(name)?;
        let _ = write!(text, "\n## `{name}`\n\n**{}.** {}\n", scenario.title, scenario.description);
        let (start, end) = (scenario.start, scenario.start.saturating_add_unsigned(scenario.days));
        let _ =
            write!(text, "\nRuns from {} to {}", calendar::date_text(start), calendar::date_text(end - 1));
        let parent = bundled::extends(name);
        let _ =
            writeln!(text, "{}.", parent.map_or_else(String::new, |parent| format!("; extends `{parent}`")));
        if let Some(claim) = &scenario.expectation {
            let side = match claim.sign {
                1 => "is higher than in",
                -1 => "is lower than in",
                _ => "does not differ from",
            };
            let _ = writeln!(
                text,
                "Claim: `{}` {side} `{}`, because {}.",
                claim.metric, claim.parent, claim.because
            );
        }
        text.push_str("\nSources:\n\n");
        let own = bundled::source_count(name);
        let inherited = scenario.sources.len().saturating_sub(own);
        for source in &scenario.sources[inherited..] {
            let _ = writeln!(text, "- [{}]({})", source.title, source.url);
        }
        if inherited > 0 {
            let _ = writeln!(text, "- and those of what it extends");
        }
    }
    Ok(text)
}
