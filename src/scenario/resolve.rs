//! From what was typed to a [`Scenario`]: the only place where names get their meaning.

use std::path::Path;
use std::sync::Arc;

use super::document::{Item, Node};
use super::fields::{Fields, with_choices, wrong_type};
use super::overlay::Layers;
use super::select::{END_USES, STAGES};
use super::timing::{self, Run};
use super::{
    Convergence, Expectation, Outputs, Plan, Reference, Scenario, bundled, marks, parameter_set, shocks,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::network::line::{LineGraph, Stage};
use crate::policy::response::{Production, Rationing, Sourcing, Switches};

/// Name of the network used when a scenario names none.
pub const DEFAULT_NETWORK: &str = "world-2024";
/// Replications when a scenario says nothing.
pub const DEFAULT_REPLICATIONS: u64 = 1000;
/// Seed when a scenario says nothing.
pub const DEFAULT_SEED: u64 = 20_250_404;
/// Longest run in days.
pub const LONGEST_RUN: i64 = 36_500;

/// The run of a scenario that does not say a possible one: all [`YEARS`](super::calendar::YEARS), from 1 January 1990 to 31
/// December 2199.
const ANY_TIME: Run = Run { start: 7_305, end: 84_006 };

/// A network as a scenario needs it.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Its lines.
    pub lines: Arc<LineGraph>,
    /// Year and sources its data describe.
    pub vintage: String,
    /// Warnings its files gave.
    pub warnings: Diagnostics,
}

/// Finds a network by name or folder; paths are relative to the given folder.
pub type FindNetwork<'f> = dyn Fn(&str, &Path) -> Result<Ground, NoNetwork> + 'f;

/// Why there is no network.
#[derive(Clone, Debug)]
pub enum NoNetwork {
    /// Neither a bundled name nor a folder; the names there are.
    Unknown(Vec<String>),
    /// Its files have problems.
    Broken(Diagnostics),
}

/// Gives layers their meaning. All problems go to `diagnostics`; `None` when there is any error.
///
/// Names of metrics and series depend on what is simulated: `scenario::names` looks at them afterwards.
pub fn resolve(layers: &Layers, find: &FindNetwork<'_>, diagnostics: &mut Diagnostics) -> Option<Scenario> {
    let top = layers.root.span;
    let mut fields = Fields::new(&layers.root, "a scenario", top);
    fields.take("extends"); // read by the overlay; asked for here so that the list of keys is complete
    let title = fields.need_text("title", diagnostics).map(|text| text.value.to_owned());
    let description = fields.text("description", diagnostics).map(|text| text.value.trim().to_owned());
    let sources = sources(&mut fields, diagnostics);
    let (network, ground) = ground(layers, &mut fields, find, diagnostics);
    let calendar = calendar(&mut fields, diagnostics);
    let expectation = expectation(layers, &mut fields, diagnostics);
    let (parameters, parameter_set) = parameter_set::parameters(layers, &mut fields, diagnostics);
    let switches = switches(&mut fields, diagnostics);
    let plan = plan(&mut fields, diagnostics);
    let outputs = outputs(&mut fields, diagnostics);
    let marks = marks::marks(&mut fields, diagnostics);
    let list = fields.list("shock", diagnostics).unwrap_or_default();
    fields.finish(diagnostics);
    // Shocks speak of routes: without a network all they could get is noise. Without a calendar any date is let be.
    let ground = ground?;
    let (run, step_days) = calendar.unwrap_or((ANY_TIME, 1));
    let shocks = shocks::shocks(list, &ground.lines, run, diagnostics);
    let marks = match (&shocks, &parameters) {
        (Some(shocks), parameters) => marks::dated(marks, (shocks, parameters), run, diagnostics),
        _ => Vec::new(),
    };
    super::names::collisions(&ground.lines, layers.place(&["network"]), diagnostics);
    if diagnostics.error_count() > 0 || calendar.is_none() {
        return None;
    }
    Some(Scenario {
        name: layers.name.clone(),
        title: title?,
        description: description.unwrap_or_default(),
        sources,
        network,
        vintage: ground.vintage,
        lines: ground.lines,
        start: run.start,
        days: u32::try_from(run.end - run.start).ok()?,
        step_days,
        parameters,
        parameter_set,
        switches,
        shocks: shocks?,
        plan,
        expectation,
        marks,
        outputs,
        inputs: layers.inputs.clone(),
    })
}

fn sources(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    let mut found = Vec::new();
    for item in fields.list("sources", diagnostics).unwrap_or_default() {
        let Node::Table(table) = &item.node else {
            wrong_type::<()>(item, "sources", "a list of { title, url }", diagnostics);
            continue;
        };
        let mut source = Fields::new(table, "a source", item.span);
        let title = source.need_text("title", diagnostics);
        let url = source.need_text("url", diagnostics);
        source.finish(diagnostics);
        if let (Some(title), Some(url)) = (title, url) {
            found.push(Reference { title: title.value.to_owned(), url: url.value.to_owned() });
        }
    }
    found
}

fn ground(
    layers: &Layers,
    fields: &mut Fields<'_>,
    find: &FindNetwork<'_>,
    diagnostics: &mut Diagnostics,
) -> (String, Option<Ground>) {
    let (name, span) = match fields.take("network") {
        None => (DEFAULT_NETWORK, None),
        Some(item) => match super::fields::text(item, "network", diagnostics) {
            Some(text) => (text.value, Some(text.span)),
            None => return (String::new(), None),
        },
    };
    let folder = span.map_or_else(Default::default, |span| layers.folder(span.source));
    match find(name, &folder) {
        Ok(mut ground) => {
            diagnostics.absorb(std::mem::take(&mut ground.warnings));
            (name.to_owned(), Some(ground))
        }
        Err(NoNetwork::Unknown(names)) => {
            let mut diagnostic = Diagnostic::error("E0254", format!("there is no network `{name}`"));
            if let Some(span) = span {
                diagnostic = diagnostic.at(span, "neither a bundled network nor a folder");
            }
            let words: Vec<&str> = names.iter().map(String::as_str).collect();
            diagnostics.push(
                with_choices(diagnostic, name, &words)
                    .help("a folder is given by its path, relative to this file"),
            );
            (name.to_owned(), None)
        }
        Err(NoNetwork::Broken(problems)) => {
            diagnostics.absorb(problems);
            (name.to_owned(), None)
        }
    }
}

fn calendar(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<(Run, u32)> {
    let start = fields.need("start", diagnostics).and_then(|item| timing::date(item, "start", diagnostics));
    let end = fields.take("end").map(|item| (item.span, timing::date(item, "end", diagnostics)));
    let typed_days = fields.take("days").map(|item| item.span);
    let days = fields.whole("days", 1..=LONGEST_RUN, diagnostics);
    let step_days = match fields.take("step_days") {
        None => Some(1),
        Some(Item { node: Node::Integer(step @ (1 | 7)), .. }) => u32::try_from(*step).ok(),
        Some(item) => {
            let diagnostic = Diagnostic::error("E0225", "`step_days` is 1 or 7").at(item.span, "not 1 or 7");
            diagnostics.push(diagnostic);
            None
        }
    };
    let (last, last_span) = match (end, typed_days) {
        (Some((span, _)), Some(other)) => {
            let diagnostic = Diagnostic::error("E0253", "a scenario has both `end` and `days`");
            diagnostics.push(diagnostic.at(other, "one of the two is enough").at(span, "first said here"));
            return None;
        }
        (Some((span, end)), None) => (end?.value, span),
        (None, Some(span)) => (start?.value.saturating_add(i32::try_from(days?.value).ok()?), span),
        (None, None) => {
            fields.missing("end", diagnostics);
            return None;
        }
    };
    let (start, step_days) = (start?, step_days?);
    let length = i64::from(last) - i64::from(start.value);
    if !(1..=LONGEST_RUN).contains(&length) {
        let diagnostic = Diagnostic::error(
            "E0224",
            format!("the run lasts {length} days, but must last 1 to {LONGEST_RUN}"),
        );
        diagnostics.push(diagnostic.at(last_span, "the end").at(start.span, "the start"));
        return None;
    }
    if length % i64::from(step_days) != 0 {
        let diagnostic =
            Diagnostic::error("E0226", format!("{length} days cannot be cut into steps of {step_days} days"));
        let (shorter, longer) = (length - length % 7, length - length % 7 + 7);
        diagnostics.push(diagnostic.at(last_span, "the end").help(format!("{shorter} or {longer} days can")));
        return None;
    }
    Some((Run { start: start.value, end: last }, step_days))
}

fn expectation(
    layers: &Layers,
    fields: &mut Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Expectation> {
    let (table, span) = fields.table("expect", diagnostics)?;
    let mut expect = Fields::new(table, "`[expect]`", span);
    let parent = match (expect.text("parent", diagnostics), &layers.extends) {
        (Some(parent), _) => {
            let is_path = Path::new(parent.value).extension().is_some() || parent.value.contains('/');
            if bundled::text(parent.value).is_none() && !is_path {
                let names: Vec<&str> = bundled::names().collect();
                let diagnostic = Diagnostic::error(
                    "E0256",
                    format!("there is no scenario `{}` to compare with", parent.value),
                );
                diagnostics.push(with_choices(
                    diagnostic.at(parent.span, "unknown scenario"),
                    parent.value,
                    &names,
                ));
            }
            Some(parent.value.to_owned())
        }
        (None, Some(extends)) => Some(extends.clone()),
        (None, None) => {
            expect.missing("parent", diagnostics);
            None
        }
    };
    let metric = expect.need_text("metric", diagnostics).map(|text| text.value.to_owned());
    let signs = [("higher", 1_i8), ("lower", -1), ("none", 0)];
    let sign = match expect.need("sign", diagnostics) {
        Some(item) => super::fields::choice(item, "sign", &signs, diagnostics),
        None => None,
    };
    let because = expect.need_text("because", diagnostics).map(|text| text.value.to_owned());
    expect.finish(diagnostics);
    Some(Expectation { parent: parent?, metric: metric?, sign: sign?, because: because? })
}

fn switches(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Switches {
    let mut switches = Switches::default();
    let Some((table, span)) = fields.table("switches", diagnostics) else { return switches };
    let mut own = Fields::new(table, "`[switches]`", span);
    let productions =
        [("hard", Production::Hard), ("psi", Production::Psi), ("critical", Production::Critical)];
    if let Some(production) = own.choice("production", &productions, diagnostics) {
        switches.production = production;
    }
    let rationings = [
        ("proportional", Rationing::Proportional),
        ("priority", Rationing::Priority),
        ("least-hurt-first", Rationing::LeastHurtFirst),
        ("contract-first", Rationing::ContractFirst),
        ("domestic-first", Rationing::DomesticFirst),
        ("price", Rationing::Price),
    ];
    if let Some(rationing) = own.choice("rationing", &rationings, diagnostics) {
        switches.rationing = rationing;
    }
    if let Some(item) = own.take("sourcing") {
        sourcing(item, &mut switches.sourcing, diagnostics);
    }
    for word in own.texts("priority", diagnostics).unwrap_or_default() {
        let item = Item { span: word.span, node: Node::Text(word.value.to_owned()) };
        let Some(end_use) = super::fields::choice(&item, "priority", &END_USES, diagnostics) else {
            continue;
        };
        if switches.priority.contains(&end_use) {
            let diagnostic = Diagnostic::error("E0258", format!("`priority` names `{}` twice", word.value));
            diagnostics.push(diagnostic.at(word.span, "again here"));
        } else {
            switches.priority.push(end_use);
        }
    }
    if let Some(switch) = own.switch("sample_network", diagnostics) {
        switches.sample_network = switch;
    }
    if let Some(switch) = own.switch("price_feedback", diagnostics) {
        switches.price_feedback = switch;
    }
    if let Some(switch) = own.switch("bypass", diagnostics) {
        switches.bypass = switch;
    }
    own.finish(diagnostics);
    switches
}

/// One rule for all stages, or a table of stages.
fn sourcing(item: &Item, sourcing: &mut [Sourcing; 7], diagnostics: &mut Diagnostics) {
    let rules = [
        ("pooled", Sourcing::Pooled),
        ("dedicated", Sourcing::Dedicated),
        ("all-needed", Sourcing::AllNeeded),
    ];
    let Node::Table(table) = &item.node else {
        if let Some(rule) = super::fields::choice(item, "sourcing", &rules, diagnostics) {
            *sourcing = [rule; 7];
        }
        return;
    };
    let mut own = Fields::new(table, "`sourcing`", item.span);
    for (word, stage) in STAGES {
        if stage != Stage::Mine
            && let Some(rule) = own.choice(word, &rules, diagnostics)
        {
            sourcing[stage as usize] = rule;
        }
    }
    own.finish(diagnostics);
}

fn plan(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Plan {
    let mut plan = Plan { replications: DEFAULT_REPLICATIONS, seed: DEFAULT_SEED, converge: None };
    let Some((table, span)) = fields.table("study", diagnostics) else { return plan };
    let mut own = Fields::new(table, "`[study]`", span);
    if let Some(replications) = own.whole("replications", 1..=1_000_000_000, diagnostics) {
        plan.replications = replications.value;
    }
    if let Some(seed) = own.whole("seed", 0..=i64::MAX, diagnostics) {
        plan.seed = seed.value;
    }
    if let Some((table, span)) = own.table("converge", diagnostics) {
        plan.converge = convergence(table, span, plan.replications, diagnostics);
    }
    own.finish(diagnostics);
    plan
}

fn convergence(
    table: &super::document::Table,
    span: Span,
    replications: u64,
    diagnostics: &mut Diagnostics,
) -> Option<Convergence> {
    let mut own = Fields::new(table, "`converge`", span);
    let metric = own.need_text("metric", diagnostics).map(|text| text.value.to_owned());
    let width = own.number("relative_half_width", 1.0e-6..=1.0, diagnostics);
    if table.get("relative_half_width").is_none() {
        own.missing("relative_half_width", diagnostics);
    }
    let at_least = own.whole("at_least", 2..=1_000_000_000, diagnostics);
    own.finish(diagnostics);
    if let Some(at_least) = at_least
        && at_least.value > replications
    {
        let problem = format!("`at_least` is {}, more than the {replications} replications", at_least.value);
        diagnostics
            .push(Diagnostic::warning("W0259", problem).at(at_least.span, "the study never stops early"));
    }
    let at_least = at_least.map_or(200.min(replications), |number| number.value);
    Some(Convergence { metric: metric?, relative_half_width: width?.value, at_least })
}

fn outputs(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Outputs {
    let mut outputs = Outputs::default();
    let Some((table, span)) = fields.table("outputs", diagnostics) else { return outputs };
    let mut own = Fields::new(table, "`[outputs]`", span);
    let groups = crate::kernel::series::GROUPS.map(|group| (group, group));
    for word in own.texts("groups", diagnostics).unwrap_or_default() {
        let item = Item { span: word.span, node: Node::Text(word.value.to_owned()) };
        outputs
            .groups
            .extend(super::fields::choice(&item, "groups", &groups, diagnostics).map(str::to_owned));
    }
    let series = own.texts("series", diagnostics).unwrap_or_default();
    outputs.series = series.into_iter().map(|word| word.value.to_owned()).collect();
    own.finish(diagnostics);
    outputs
}
