//! Named parameter sets: values that belong together, with where they come from, in a file of their own.
//!
//! A scenario names one with `parameter_set = "2025-fitted"`, a bundled name or the path of a file relative
//! to the scenario's. The set replaces defaults; `[parameters]` of the scenario, of whatever it extends, and
//! `--set` replace the set. A set may come with a `[joint]` table of equally likely rows, of which each replication
//! takes one whole, unless the scenario says `parameter_draw = "central"`.

use super::document::{Document, Item, Node, Table};
use super::fields::{Fields, out_of_range, plain_number, wrong_type};
use super::overlay::Layers;
use super::{bundled, quantity};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::policy::joint::Joint;
use crate::policy::parameter::{Parameter, Parameters};

/// The word for documented defaults.
pub const NONE: &str = "none";

/// What is known of the set that a scenario uses.
#[derive(Clone, PartialEq, Debug)]
pub struct ParameterSet {
    /// Name as typed.
    pub name: String,
    /// Title.
    pub title: String,
    /// Where its values come from.
    pub basis: String,
    /// Parameters whose values in the scenario are the set's.
    pub parameters: Vec<Parameter>,
    /// How many rows are drawn from; 0: central values.
    pub rows: usize,
}

/// A set's text, before its names get their meaning.
#[derive(Clone, PartialEq, Debug)]
pub struct Typed {
    /// Name as typed in the scenario.
    pub name: String,
    /// The file.
    pub root: Table,
}

/// Finds the text of a set: the name of the text, and the text. Problems go to `diagnostics`.
pub(super) fn find(
    name: &str,
    span: Span,
    folder: &std::path::Path,
    diagnostics: &mut Diagnostics,
) -> Option<(String, String)> {
    if let Some(text) = bundled::parameter_set(name) {
        return Some((format!("<embedded>/parameters/{name}.toml"), text.to_owned()));
    }
    let path = folder.join(name);
    if path.is_file() {
        let shown = path.display().to_string();
        let text = super::document::read(&path, &shown, diagnostics)?;
        return Some((shown, text));
    }
    let names: Vec<&str> = bundled::parameter_sets().chain([NONE]).collect();
    let diagnostic = Diagnostic::error("E0260", format!("there is no parameter set `{name}`"))
        .at(span, "neither a bundled parameter set nor a file");
    diagnostics.push(super::fields::with_choices(diagnostic, name, &names).help(
        "a file is given by its path, relative to this one; `none` stands for the documented defaults",
    ));
    None
}

/// Parses a set's text.
pub(super) fn parse(name: &str, (file, text): (&str, &str), diagnostics: &mut Diagnostics) -> Option<Typed> {
    let document = Document::parse(file, text, diagnostics)?;
    Some(Typed { name: name.to_owned(), root: document.root })
}

/// Parameters of a scenario: defaults, the set, and what files and `--set` say themselves.
pub(super) fn parameters(
    layers: &Layers,
    fields: &mut Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> (Parameters, Option<ParameterSet>) {
    let mut parameters = Parameters::default();
    fields.take("parameter_set"); // read by the overlay; asked for here so that the list of keys is complete
    let draws = [("joint", true), ("central", false)];
    let joint = fields.choice("parameter_draw", &draws, diagnostics).unwrap_or(true);
    let mut set = layers.parameter_set.as_ref().and_then(|typed| {
        let set = read(typed, joint, &mut parameters, diagnostics);
        debug_assert!(set.is_some() || diagnostics.error_count() > 0);
        set
    });
    if let Some((table, _)) = fields.table("parameters", diagnostics) {
        for (parameter, _) in typed(table, &mut parameters, diagnostics) {
            if let Some(set) = &mut set {
                set.parameters.retain(|own| *own != parameter);
            }
        }
    }
    (parameters, set)
}

/// Reads a `[parameters]` table into `parameters`.
fn typed(
    table: &Table,
    parameters: &mut Parameters,
    diagnostics: &mut Diagnostics,
) -> Vec<(Parameter, Span)> {
    let mut found = Vec::new();
    for entry in &table.entries {
        let Some(parameter) = quantity::parameter(&entry.key, entry.key_span, diagnostics) else { continue };
        if let Some(distribution) =
            quantity::distribution(&entry.item, &entry.key, limits(parameter), diagnostics)
        {
            parameters.set(parameter, distribution);
        }
        found.push((parameter, entry.key_span));
    }
    found
}

fn limits(parameter: Parameter) -> quantity::Limits {
    let known = parameter.describe();
    quantity::Limits(known.low, known.high)
}

fn read(
    set: &Typed,
    drawn: bool,
    parameters: &mut Parameters,
    diagnostics: &mut Diagnostics,
) -> Option<ParameterSet> {
    let mut fields = Fields::new(&set.root, "a parameter set", set.root.span);
    let title = fields.need_text("title", diagnostics);
    let basis = fields.need_text("basis", diagnostics);
    let found = match fields.need("parameters", diagnostics) {
        Some(Item { node: Node::Table(table), .. }) => Some(typed(table, parameters, diagnostics)),
        Some(item) => wrong_type(item, "parameters", "a table", diagnostics),
        None => None,
    };
    let found = found.unwrap_or_default();
    let mut rows = 0;
    if let Some((table, span)) = fields.table("joint", diagnostics) {
        let joint = joint(table, span, &found, diagnostics);
        if let Some(joint) = joint.filter(|_| drawn) {
            rows = joint.count();
            parameters.draw_together(joint);
        }
    }
    fields.finish(diagnostics);
    Some(ParameterSet {
        name: set.name.clone(),
        title: title?.value.to_owned(),
        basis: basis?.value.trim().to_owned(),
        parameters: found.into_iter().map(|(parameter, _)| parameter).collect(),
        rows,
    })
}

/// `parameters = […]` and `sets = [[…], …]`.
fn joint(
    table: &Table,
    span: Span,
    central: &[(Parameter, Span)],
    diagnostics: &mut Diagnostics,
) -> Option<Joint> {
    let before = diagnostics.error_count();
    let mut fields = Fields::new(table, "`[joint]`", span);
    fields.need("parameters", diagnostics);
    let mut columns = Vec::new();
    for word in fields.texts("parameters", diagnostics).unwrap_or_default() {
        let Some(parameter) = quantity::parameter(word.value, word.span, diagnostics) else { continue };
        if columns.contains(&parameter) {
            let problem = format!("`[joint]` names `{}` twice", word.value);
            diagnostics.push(Diagnostic::error("E0261", problem).at(word.span, "again here"));
        } else if !central.iter().any(|(own, _)| *own == parameter) {
            let problem =
                format!("`[joint]` draws `{}`, but `[parameters]` has no central value of it", word.value);
            diagnostics.push(Diagnostic::error("E0261", problem).at(word.span, "no central value"));
        }
        columns.push(parameter);
    }
    let list = fields.need("sets", diagnostics).and(fields.list("sets", diagnostics)).unwrap_or_default();
    fields.finish(diagnostics);
    let mut sets = Vec::with_capacity(list.len());
    for item in list {
        let Node::List(row) = &item.node else {
            wrong_type::<()>(item, "sets", "a list of lists of numbers", diagnostics);
            continue;
        };
        if row.len() != columns.len() {
            let problem =
                format!("a set has {} values, but {} parameters are drawn", row.len(), columns.len());
            diagnostics.push(
                Diagnostic::error("E0261", problem)
                    .at(item.span, "not one for each")
                    .help("one value for each entry of `parameters`, in that order"),
            );
            continue;
        }
        let values: Vec<Option<f64>> =
            row.iter().zip(&columns).map(|(item, parameter)| number(item, *parameter, diagnostics)).collect();
        sets.extend(values.into_iter().collect::<Option<Vec<f64>>>());
    }
    if diagnostics.error_count() > before {
        return None;
    }
    let made = Joint::new(&columns, sets);
    if made.is_none() {
        let diagnostic =
            Diagnostic::error("E0261", "`[joint]` has no set to draw").at(span, "nothing to draw from");
        diagnostics.push(diagnostic.help("leave `[joint]` out where there are central values only"));
    }
    made
}

fn number(item: &Item, parameter: Parameter, diagnostics: &mut Diagnostics) -> Option<f64> {
    let known = parameter.describe();
    let value = plain_number(item).or_else(|| wrong_type(item, known.key, "a number", diagnostics))?;
    if (known.low..=known.high).contains(&value) {
        return Some(value);
    }
    let allowed = format!("between {} and {}", known.low, known.high);
    out_of_range(item.span, known.key, &value.to_string(), &allowed, diagnostics)
}
