//! `--set key=value`: one line of TOML laid over everything.

use crate::diagnostic::{Diagnostic, Diagnostics, SourceId, Span};
use crate::policy::parameter::Parameter;
use crate::scenario::document::{Document, Entry, Item, Node, Table};
use crate::scenario::fields::meant;

use super::merge::{drop_marks, drop_rivals, id_of, put_alone};

/// Lays one `key=value` over everything.
pub(super) fn lay(root: &mut Table, set: &str, diagnostics: &mut Diagnostics) {
    let text = quoted_if_word(set);
    let mut trial = Diagnostics::new();
    let parsed = Document::parse("--set", &text, &mut trial);
    if trial.error_count() > 0 || parsed.as_ref().is_none_or(|document| document.root.entries.is_empty()) {
        let source = diagnostics.add_source("--set", set);
        diagnostics.push(unreadable(set, source, trial.list().first()));
        return;
    }
    if let Some(document) = Document::parse("--set", &text, diagnostics) {
        for entry in document.root.entries {
            if entry.key == "shock" {
                set_shock(root, entry, diagnostics);
            } else {
                set_entry(root, entry, &text);
            }
        }
    }
}

/// `shock.ID.key=value`.
fn set_shock(root: &mut Table, entry: Entry, diagnostics: &mut Diagnostics) {
    let Node::Table(by_id) = entry.item.node else {
        let problem =
            Diagnostic::error("E0210", "shocks are set one by one").at(entry.key_span, "which shock?");
        diagnostics.push(
            problem.help("write shock.ID.key=value, for example shock.april-controls.start=2025-05-01"),
        );
        return;
    };
    let (mut none, mut removed) = (Vec::new(), Vec::new());
    let list = match root.entries.iter_mut().find(|own| own.key == "shock") {
        Some(Entry { item: Item { node: Node::List(list), .. }, .. }) => list,
        _ => &mut none,
    };
    for Entry { key: id, key_span, item } in by_id.entries {
        let Some(position) = list.iter().position(|own| id_of(own) == Some(&id)) else {
            let ids: Vec<&str> = list.iter().filter_map(id_of).collect();
            diagnostics.push(no_such_shock(&id, &ids, key_span));
            continue;
        };
        match (item.node, &mut list[position].node) {
            (Node::Table(keys), Node::Table(own)) => {
                if matches!(keys.get("remove"), Some(Item { node: Node::Switch(true), .. })) {
                    list.remove(position);
                    removed.push(id);
                    continue;
                }
                for key in keys.entries {
                    drop_rivals(own, &key.key);
                    let text = diagnostics.sources().get(key.item.span.source.0);
                    let text = text.map_or_else(String::new, |source| source.text.clone());
                    set_entry(own, key, &text);
                }
            }
            _ => diagnostics.push(
                Diagnostic::error("E0210", format!("shock `{id}` is set key by key"))
                    .at(key_span, "which key?")
                    .help(format!("for example shock.{id}.start=2025-05-01")),
            ),
        }
    }
    removed.iter().for_each(|id| drop_marks(root, id));
}

/// What is wrong with a `--set` that is no TOML: its shape, its key, or its value.
fn unreadable(set: &str, source: SourceId, said: Option<&Diagnostic>) -> Diagnostic {
    let example = "for example --set parameters.panic=1.0, --set shock.april-controls.start=2025-05-01, --set study.replications=100";
    let whole = Span { source, start: 0, end: set.len() };
    let Some((key, value)) = set.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
        return Diagnostic::error("E0210", "this is not key=value").at(whole, "not understood").help(example);
    };
    let key = key.trim();
    let of_a_key = |c: char| c.is_ascii_alphanumeric() || "-_.\"".contains(c);
    if !key.chars().all(of_a_key) || key.starts_with('.') || key.ends_with('.') || key.contains("..") {
        let span = Span { source, start: 0, end: set.len() - value.len() - 1 };
        return Diagnostic::error("E0210", format!("`{key}` is no key"))
            .at(span, "a key is words of letters, digits and hyphens, joined by dots")
            .help(example);
    }
    let span = Span { source, start: set.len() - value.len(), end: set.len() };
    let problem = format!("the value of `{key}` cannot be read: `{}`", value.trim());
    let mut diagnostic = Diagnostic::error("E0210", problem)
        .at(span, said.map_or_else(|| "no value".to_owned(), |said| said.message.clone()))
        .help("a value is a number (0.5), a date (2025-04-04), true or false, a text (in \" if it has spaces), a list ([1, 2]) or a distribution ({ uniform = [0.5, 1] })");
    if let Some(name) = key.strip_prefix("parameters.") {
        let known = || Parameter::ALL.iter().map(|parameter| parameter.describe());
        if let Some(own) = known().find(|own| own.key == name) {
            diagnostic = diagnostic.help(format!("`{key}` lies in {} to {} {}", own.low, own.high, own.unit));
        } else if let Some(near) = meant(name, known().map(|own| own.key)) {
            diagnostic = diagnostic.help(format!("there is no parameter `{name}`; did you mean `{near}`?"));
        }
    }
    diagnostic
}

/// A message that there is no shock with this id.
pub(crate) fn no_such_shock(id: &str, ids: &[&str], span: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("E0211", format!("there is no shock `{id}`")).at(span, "no shock has this id");
    let diagnostic = match meant(id, ids.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    };
    diagnostic.help(if ids.is_empty() {
        "what it extends has no such shock".to_owned()
    } else {
        format!("shocks: {}", ids.join(", "))
    })
}

/// Puts a dotted entry: tables made by dots are entered, everything else is replaced.
fn set_entry(table: &mut Table, entry: Entry, text: &str) {
    let braces = text.get(entry.item.span.start..).is_some_and(|rest| rest.starts_with('{'));
    match entry.item.node {
        Node::Table(inner) if !braces => {
            if !matches!(table.get(&entry.key), Some(Item { node: Node::Table(_), .. })) {
                let empty = Node::Table(Table { span: entry.item.span, entries: Vec::new() });
                let item = Item { span: entry.item.span, node: empty };
                table.put(Entry { key: entry.key.clone(), key_span: entry.key_span, item });
            }
            let own = table.entries.iter_mut().find(|own| own.key == entry.key);
            if let Some(Entry { item: Item { node: Node::Table(own), .. }, .. }) = own {
                for inner in inner.entries {
                    set_entry(own, inner, text);
                }
            }
        }
        node => put_alone(table, Entry { item: Item { span: entry.item.span, node }, ..entry }),
    }
}

/// `key=word` as `key="word"`: a shell eats quotes, so a bare word may stand for a text. A date or number
/// stays what it is, and so does what has neither letter nor slash: it is a date or number with a slip.
fn quoted_if_word(set: &str) -> String {
    let Some((key, value)) = set.split_once('=') else { return set.to_owned() };
    let value = value.trim();
    let word = value.starts_with(|c: char| c.is_ascii_alphanumeric() || "./".contains(c))
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && value.contains(|c: char| c.is_ascii_alphabetic() || c == '/')
        && !matches!(value, "true" | "false" | "nan" | "inf")
        && toml::from_str::<toml::Table>(&format!("x = {value}")).is_err();
    if word { format!("{key}=\"{value}\"") } else { set.to_owned() }
}
