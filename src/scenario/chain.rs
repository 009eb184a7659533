//! Chains of regimes: states, what follows them, and the shocks each brings.

use super::document::{Item, Node};
use super::fields::{Fields, meant, wrong_type};
use super::overlay;
use super::quantity::{DAYS, POSITIVE, value};
use super::shocks::Draft;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::policy::parameter::Value;
use crate::policy::regime::{Chain, ChainState};
use crate::policy::shock::Kind;
use crate::random::sample::Distribution;

/// A name and where it was typed.
type Name = (String, Span);

/// A state before the names in it are looked up.
struct StateDraft {
    name: Name,
    dwell: Value,
    next: Vec<(Name, f64)>,
    shocks: Vec<Name>,
}

/// The states of a chain before the scenario's shocks are known.
pub struct ChainDraft(Vec<StateDraft>);

/// Reads the keys of a chain of regimes.
pub fn chain(fields: &mut Fields<'_>, what: &str, diagnostics: &mut Diagnostics) -> Option<ChainDraft> {
    let list = fields.need("states", diagnostics)?;
    let Node::List(items) = &list.node else {
        return wrong_type(list, "states", "a list of tables", diagnostics);
    };
    let states: Option<Vec<StateDraft>> = items.iter().map(|item| state(item, what, diagnostics)).collect();
    let states = states?;
    if states.is_empty() {
        let problem = format!("{what} has no states");
        diagnostics.push(Diagnostic::error("E0235", problem).at(list.span, "an empty list"));
        return None;
    }
    Some(ChainDraft(states))
}

fn state(item: &Item, what: &str, diagnostics: &mut Diagnostics) -> Option<StateDraft> {
    let Node::Table(table) = &item.node else {
        return wrong_type(item, "states", "a list of tables", diagnostics);
    };
    let of = table
        .text("name")
        .map_or_else(|| format!("a state of {what}"), |name| format!("state `{name}` of {what}"));
    let mut fields = Fields::new(table, of, item.span);
    let name = fields.need_text("name", diagnostics);
    let dwell = fields.need("dwell", diagnostics).and_then(|item| value(item, "dwell", DAYS, diagnostics));
    let mut next = Some(Vec::new());
    if let Some((table, _)) = fields.table("next", diagnostics) {
        for entry in &table.entries {
            let weight = match value(&entry.item, &entry.key, POSITIVE, diagnostics) {
                Some(Value::Drawn(Distribution::Fixed(weight))) => Some(weight),
                Some(_) => wrong_type(&entry.item, &entry.key, "a plain number", diagnostics),
                None => None,
            };
            next = next.zip(weight).map(|(mut list, weight)| {
                list.push(((entry.key.clone(), entry.key_span), weight));
                list
            });
        }
    }
    let shocks = fields.texts("shocks", diagnostics).unwrap_or_default();
    fields.finish(diagnostics);
    let name = name?;
    Some(StateDraft {
        name: (name.value.to_owned(), name.span),
        dwell: dwell?,
        next: next?,
        shocks: shocks.into_iter().map(|shock| (shock.value.to_owned(), shock.span)).collect(),
    })
}

/// Gives every chain the positions of the states and shocks it names.
pub fn connect(drafts: &mut [Draft], ids: &[&str], diagnostics: &mut Diagnostics) {
    let known: Vec<(String, bool)> =
        drafts.iter().map(|draft| (draft.id.clone(), matches!(draft.kind, Kind::Regimes(_)))).collect();
    for draft in drafts {
        let (Kind::Regimes(chain), Some(said)) = (&mut draft.kind, &draft.chain) else { continue };
        let names: Vec<&str> = said.0.iter().map(|state| state.name.0.as_str()).collect();
        for (position, state) in said.0.iter().enumerate() {
            if names[..position].contains(&state.name.0.as_str()) {
                let problem = format!("two states of `{}` are called `{}`", draft.id, state.name.0);
                diagnostics.push(Diagnostic::error("E0216", problem).at(state.name.1, "again here"));
            }
            let mut next = vec![0.0; names.len()];
            for ((name, span), weight) in &state.next {
                if let Some(found) = names.iter().position(|own| own == name) {
                    next[found] = *weight;
                    continue;
                }
                let diagnostic = Diagnostic::error("E0216", format!("`{}` has no state `{name}`", draft.id));
                let diagnostic = diagnostic.at(*span, "unknown state");
                let diagnostic = match meant(name, names.iter().copied()) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic,
                };
                diagnostics.push(diagnostic.help(format!("states: {}", names.join(", "))));
            }
            let mut shocks = Vec::new();
            for (id, span) in &state.shocks {
                match known.iter().position(|(own, _)| own == id) {
                    Some(found) if known[found].1 => diagnostics.push(
                        Diagnostic::error("E0216", format!("`{id}` is a chain of regimes itself"))
                            .at(*span, "a state brings other kinds of shocks"),
                    ),
                    Some(found) => shocks.push(found),
                    None if !ids.contains(&id.as_str()) => {
                        diagnostics.push(overlay::no_such_shock(id, ids, *span));
                    }
                    // A shock that exists but is itself wrong was reported already.
                    None => {}
                }
            }
            let name = state.name.0.clone();
            chain.states.push(ChainState { name, dwell: state.dwell.clone(), next, shocks });
        }
    }
}

/// A chain whose states `connect` fills in.
#[must_use]
pub fn empty() -> Chain {
    Chain { states: Vec::new() }
}
