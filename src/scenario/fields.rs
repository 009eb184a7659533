//! Reading a table key by key: every key asked for is known, every other one is reported.

use super::document::{Item, Node, Table};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, nearest};
use crate::policy::parameter::Parameter;

/// A number and where it was typed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// A table being read.
pub struct Fields<'a> {
    table: &'a Table,
    /// What is being read, for messages: "a scenario", "shock `x`".
    what: String,
    span: Span,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Starts to read; `span` is where a missing key is reported.
    pub fn new(table: &'a Table, what: impl Into<String>, span: Span) -> Self {
        Self { table, what: what.into(), span, asked: Vec::new() }
    }

    /// Where the table stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// What is read, in words.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The value of a key that may be missing.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Item> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.get(key)
    }

    /// The value of a key that must be there.
    pub fn need(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'a Item> {
        let item = self.take(key);
        if item.is_none() {
            self.missing(key, diagnostics);
        }
        item
    }

    /// Reports a key as missing.
    pub fn missing(&self, key: &str, diagnostics: &mut Diagnostics) {
        diagnostics.push(
            Diagnostic::error("E0213", format!("{} lacks `{key}`", self.what))
                .at(self.span, format!("`{key}` is wanted here")),
        );
    }

    /// A text.
    pub fn text(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<&'a str>> {
        text(self.take(key)?, key, diagnostics)
    }

    /// A text that must be there.
    pub fn need_text(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<&'a str>> {
        text(self.need(key, diagnostics)?, key, diagnostics)
    }

    /// `true` or `false`.
    pub fn switch(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let item = self.take(key)?;
        match item.node {
            Node::Switch(switch) => Some(switch),
            _ => wrong_type(item, key, "true or false", diagnostics),
        }
    }

    /// A whole number within limits.
    pub fn whole(
        &mut self,
        key: &'static str,
        limits: std::ops::RangeInclusive<i64>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Placed<u64>> {
        let item = self.take(key)?;
        let Node::Integer(number) = item.node else {
            return wrong_type(item, key, "a whole number", diagnostics);
        };
        if !limits.contains(&number) {
            let allowed = format!("between {} and {}", limits.start(), limits.end());
            return out_of_range(item.span, key, &number.to_string(), &allowed, diagnostics);
        }
        Some(Placed { value: u64::try_from(number).ok()?, span: item.span })
    }

    /// A number within limits, without a distribution.
    pub fn number(
        &mut self,
        key: &'static str,
        limits: std::ops::RangeInclusive<f64>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Placed<f64>> {
        let item = self.take(key)?;
        let Some(number) = plain_number(item) else { return wrong_type(item, key, "a number", diagnostics) };
        if !limits.contains(&number) {
            let allowed = format!("between {} and {}", limits.start(), limits.end());
            return out_of_range(item.span, key, &number.to_string(), &allowed, diagnostics);
        }
        Some(Placed { value: number, span: item.span })
    }

    /// One word of a list of allowed ones.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        allowed: &[(&'static str, T)],
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        choice(self.take(key)?, key, allowed, diagnostics)
    }

    /// Texts: a list, or a single one.
    pub fn texts(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Placed<&'a str>>> {
        let item = self.take(key)?;
        texts(item, key, diagnostics)
    }

    /// A table.
    pub fn table(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<(&'a Table, Span)> {
        let item = self.take(key)?;
        match &item.node {
            Node::Table(table) => Some((table, item.span)),
            _ => wrong_type(item, key, "a table", diagnostics),
        }
    }

    /// The items of a list.
    pub fn list(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'a [Item]> {
        let item = self.take(key)?;
        match &item.node {
            Node::List(list) => Some(list),
            _ => wrong_type(item, key, "a list", diagnostics),
        }
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        for entry in &self.table.entries {
            if self.asked.contains(&entry.key.as_str()) {
                continue;
            }
            let mut diagnostic =
                Diagnostic::error("E0212", format!("{} has no key `{}`", self.what, entry.key))
                    .at(entry.key_span, "unknown key");
            let parameter = Parameter::ALL.iter().any(|parameter| parameter.describe().key == entry.key);
            if parameter && self.asked.contains(&"parameters") {
                diagnostic = diagnostic.help(format!("did you mean `parameters.{}`?", entry.key));
            } else if let Some(near) = meant(&entry.key, self.asked.iter().copied()) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            diagnostics.push(diagnostic.help(format!("keys: {}", self.asked.join(", "))));
        }
    }
}

/// A whole or broken number.
#[must_use]
pub fn plain_number(item: &Item) -> Option<f64> {
    match item.node {
        Node::Float(number) => Some(number),
        #[expect(clippy::cast_precision_loss, reason = "numbers people type are far below 2^53")]
        Node::Integer(number) => Some(number as f64),
        _ => None,
    }
}

/// A text.
pub fn text<'a>(item: &'a Item, key: &str, diagnostics: &mut Diagnostics) -> Option<Placed<&'a str>> {
    match &item.node {
        Node::Text(value) => Some(Placed { value, span: item.span }),
        _ => wrong_type(item, key, "a text", diagnostics),
    }
}

/// Texts: a list, or a single one.
pub fn texts<'a>(item: &'a Item, key: &str, diagnostics: &mut Diagnostics) -> Option<Vec<Placed<&'a str>>> {
    match &item.node {
        Node::Text(_) => text(item, key, diagnostics).map(|one| vec![one]),
        Node::List(list) => Some(list.iter().filter_map(|item| text(item, key, diagnostics)).collect()),
        _ => wrong_type(item, key, "a list of texts", diagnostics),
    }
}

/// One word of a list of allowed ones.
pub fn choice<T: Copy>(
    item: &Item,
    key: &str,
    allowed: &[(&'static str, T)],
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let typed = text(item, key, diagnostics)?;
    let found = allowed.iter().find(|(word, _)| *word == typed.value);
    if found.is_none() {
        let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
        let diagnostic = Diagnostic::error("E0216", format!("`{key}` cannot be `{}`", typed.value));
        diagnostics.push(with_choices(diagnostic.at(typed.span, "unknown word"), typed.value, &words));
    }
    found.map(|(_, value)| *value)
}

/// The word that was probably meant. Of short codes such as `CHN` at most one letter may differ: any two
/// of them are near each other.
#[must_use]
pub fn meant<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let near = nearest(typed, words)?;
    let distance = strsim::damerau_levenshtein(&typed.to_lowercase(), &near.to_lowercase());
    (distance <= 1 || distance * 2 < near.chars().count()).then_some(near)
}

/// Adds the nearest spelling and all allowed words (or how many there are).
#[must_use]
pub fn with_choices(diagnostic: Diagnostic, typed: &str, words: &[&str]) -> Diagnostic {
    with_many_choices(diagnostic, typed, words, "`network show` lists them")
}

/// [`with_choices`] of words that, when there are too many to list, are found elsewhere.
#[must_use]
pub fn with_many_choices(
    diagnostic: Diagnostic,
    typed: &str,
    words: &[&str],
    where_listed: &str,
) -> Diagnostic {
    let diagnostic = match meant(typed, words.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    };
    if words.len() <= 40 {
        let between = if words.iter().any(|word| word.contains(',')) { "; " } else { ", " };
        diagnostic.help(format!("allowed: {}", words.join(between)))
    } else {
        diagnostic.help(format!("there are {} to choose from; {where_listed}", words.len()))
    }
}

/// Reports a value of the wrong type (in silence when it was refused before).
pub fn wrong_type<T>(item: &Item, key: &str, wanted: &str, diagnostics: &mut Diagnostics) -> Option<T> {
    if item.node != Node::Refused {
        let problem = format!("`{key}` is {}, but {wanted} is wanted", item.node.in_words());
        diagnostics.push(Diagnostic::error("E0214", problem).at(item.span, format!("{wanted} is wanted")));
    }
    None
}

/// Reports a number outside its range.
pub fn out_of_range<T>(
    span: Span,
    key: &str,
    number: &str,
    allowed: &str,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let problem = format!("`{key}` is {number}, but must be {allowed}");
    diagnostics.push(Diagnostic::error("E0215", problem).at(span, "out of range"));
    None
}
