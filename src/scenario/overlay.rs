//! Documents laid over each other: `extends` chains and `--set key=value`.
//!
//! A file that extends another is a small diff. `[parameters]`, `[switches]`, `[study]` and `[outputs]`
//! merge key by key, `[[shock]]` entries by `id` and then key by key (`remove = true` drops one),
//! `[[mark]]` and `sources` are appended; any other key replaces the base's. `title`, `description` and
//! `[expect]` speak about one file and are not inherited.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::bundled;
use super::document::{self, Document, Entry, Item, Node, Table};
use super::fields::meant;
use super::parameter_set::{self, Typed};
use super::{InputText, hexadecimal};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceId, Span};
use crate::policy::parameter::Parameter;

/// Longest chain of `extends`.
pub const LONGEST_CHAIN: usize = 8;

/// A scenario with everything it extends, as one table.
#[derive(Clone, PartialEq, Debug)]
pub struct Layers {
    /// Bundled name or file stem.
    pub name: String,
    /// Everything typed, laid over each other.
    pub root: Table,
    /// What this file itself extends, as typed.
    pub extends: Option<String>,
    /// The parameter set it names.
    pub parameter_set: Option<Typed>,
    /// Every text read.
    pub inputs: Vec<InputText>,
    /// The folder of each text that came from disk, for paths relative to it.
    pub folders: Vec<(SourceId, PathBuf)>,
}

impl Layers {
    /// The folder paths in this text are relative to: that of the file, or the current one.
    #[must_use]
    pub fn folder(&self, source: SourceId) -> PathBuf {
        let found = self.folders.iter().find(|(own, _)| *own == source);
        found.map_or_else(PathBuf::new, |(_, folder)| folder.clone())
    }
}

/// Reads a scenario by bundled name or path with all it extends, and lays `sets` (`key=value`) over it.
/// Problems go to `diagnostics`; `None` when nothing usable is left.
pub fn open(name_or_path: &str, sets: &[String], diagnostics: &mut Diagnostics) -> Option<Layers> {
    let origin = Origin::of(name_or_path, None);
    let name = origin.short_name();
    let mut reader = Reader { diagnostics, inputs: Vec::new(), folders: Vec::new(), chain: Vec::new() };
    let (mut root, extends) = reader.read(&origin, None)?;
    for set in sets {
        reader.set(&mut root, set);
    }
    let parameter_set = reader.parameter_set(&root);
    let Reader { inputs, folders, .. } = reader;
    Some(Layers { name, root, extends, parameter_set, inputs, folders })
}

/// Parses a text that is no file, with all it extends (bundled names only).
pub fn open_text(name: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Layers> {
    let mut reader =
        Reader { diagnostics, inputs: Vec::new(), folders: Vec::new(), chain: vec![name.to_owned()] };
    let (root, extends) = reader.lay_over_base(name, text, None)?;
    let parameter_set = reader.parameter_set(&root);
    let Reader { inputs, folders, .. } = reader;
    let name = Path::new(name)
        .file_stem()
        .map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned());
    Some(Layers { name, root, extends, parameter_set, inputs, folders })
}

/// Where a scenario text comes from.
enum Origin {
    Bundled(String),
    File(PathBuf),
}

impl Origin {
    /// A name without slash or `.toml` is a bundled scenario if there is one, otherwise a path relative to
    /// `folder`.
    fn of(text: &str, folder: Option<&Path>) -> Self {
        if bundled::text(text).is_some() {
            return Self::Bundled(text.to_owned());
        }
        Self::File(folder.map_or_else(|| PathBuf::from(text), |folder| folder.join(text)))
    }

    fn name(&self) -> String {
        match self {
            Self::Bundled(name) => format!("<embedded>/{name}.toml"),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn short_name(&self) -> String {
        match self {
            Self::Bundled(name) => name.clone(),
            Self::File(path) => path
                .file_stem()
                .map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned()),
        }
    }

    /// What two ways of naming the same text have in common.
    fn identity(&self) -> String {
        match self {
            Self::Bundled(_) => self.name(),
            Self::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string(),
        }
    }
}

struct Reader<'a> {
    diagnostics: &'a mut Diagnostics,
    inputs: Vec<InputText>,
    folders: Vec<(SourceId, PathBuf)>,
    chain: Vec<String>,
}

impl Reader<'_> {
    /// `from`: where the text was named, unless by the user directly.
    fn read(&mut self, origin: &Origin, from: Option<Span>) -> Option<(Table, Option<String>)> {
        let name = origin.name();
        let text = match origin {
            Origin::Bundled(short) => bundled::text(short)?.to_owned(),
            Origin::File(path) => {
                let missing = !path.exists();
                let looks_like_name = path.extension().is_none() && !name.contains(['/', '\\']);
                if missing && (looks_like_name || from.is_some()) {
                    self.diagnostics.push(unknown_scenario(&origin.short_name(), from));
                    return None;
                }
                document::read(path, &name, self.diagnostics)?
            }
        };
        let identity = origin.identity();
        if self.chain.contains(&identity) || self.chain.len() >= LONGEST_CHAIN {
            let looped = self.chain.contains(&identity);
            let mut links: Vec<String> = self.chain.iter().map(|link| stem(link)).collect();
            links.push(stem(&identity));
            let chain = links.join(" -> ");
            let (code, problem) = if looped {
                ("E0207", format!("scenarios extend each other in a circle: {chain}"))
            } else {
                ("E0208", format!("more than {LONGEST_CHAIN} scenarios extend one another: {chain}"))
            };
            let mut diagnostic = Diagnostic::error(code, problem);
            if let Some(span) = from {
                diagnostic = diagnostic.at(span, "this link");
            }
            self.diagnostics.push(
                diagnostic
                    .help("let the file extend `baseline` or another scenario that does not lead back here"),
            );
            return None;
        }
        self.chain.push(identity);
        let folder = match origin {
            Origin::Bundled(_) => None,
            Origin::File(path) => Some(path.parent().unwrap_or_else(|| Path::new(""))),
        };
        self.lay_over_base(&name, &text, folder)
    }

    fn lay_over_base(
        &mut self,
        name: &str,
        text: &str,
        folder: Option<&Path>,
    ) -> Option<(Table, Option<String>)> {
        self.inputs
            .push(InputText { name: name.to_owned(), sha256: hexadecimal(&Sha256::digest(text.as_bytes())) });
        let document = Document::parse(name, text, self.diagnostics)?;
        if let Some(folder) = folder {
            self.folders.push((document.source, folder.to_owned()));
        }
        let mut root = document.root;
        let Some(entry) = root.take("extends") else { return Some((root, None)) };
        let Node::Text(base_name) = entry.item.node else {
            if entry.item.node != Node::Refused {
                let problem = format!("`extends` is {}, but names one scenario", entry.item.node.in_words());
                self.diagnostics
                    .push(Diagnostic::error("E0214", problem).at(entry.item.span, "a text is wanted").help(
                    "give a bundled name such as `extends = \"baseline\"` or a path relative to this file",
                ));
            }
            return Some((root, None));
        };
        let origin = Origin::of(&base_name, folder);
        let (mut base, _) = self.read(&origin, Some(entry.item.span))?;
        for own in ["title", "description", "expect"] {
            base.take(own);
        }
        Self::lay(&mut base, root);
        Some((base, Some(base_name)))
    }

    /// Reads the parameter set that the whole names.
    fn parameter_set(&mut self, root: &Table) -> Option<Typed> {
        let item = root.get("parameter_set")?;
        let name = super::fields::text(item, "parameter_set", self.diagnostics)?;
        if name.value == parameter_set::NONE {
            return None;
        }
        let folder = self.folders.iter().find(|(own, _)| *own == name.span.source);
        let folder = folder.map_or_else(PathBuf::new, |(_, folder)| folder.clone());
        let (file, text) = parameter_set::find(name.value, name.span, &folder, self.diagnostics)?;
        let sha256 = hexadecimal(&Sha256::digest(text.as_bytes()));
        self.inputs.push(InputText { name: file.clone(), sha256 });
        parameter_set::parse(name.value, (&file, &text), self.diagnostics)
    }

    /// Lays a file's root over its base's.
    fn lay(base: &mut Table, over: Table) {
        base.span = over.span;
        for entry in over.entries {
            match entry.key.as_str() {
                "parameters" | "switches" | "study" | "outputs" => lay_key_by_key(base, entry),
                "sources" | "mark" => append(base, entry),
                "shock" => Self::lay_shocks(base, entry),
                _ => put_alone(base, entry),
            }
        }
    }

    fn lay_shocks(base: &mut Table, entry: Entry) {
        let Entry { item: Item { node: Node::List(over), .. }, .. } = entry else {
            base.put(entry);
            return;
        };
        let mut list = match base.take("shock") {
            Some(Entry { item: Item { node: Node::List(list), .. }, .. }) => list,
            _ => Vec::new(),
        };
        // Only the base's shocks can be changed: two of one id in the file itself are its mistake.
        let mut inherited = list.len();
        for item in over {
            let Node::Table(shock) = &item.node else {
                list.push(item);
                continue;
            };
            let position = shock
                .text("id")
                .and_then(|id| list[..inherited].iter().position(|own| id_of(own) == Some(id)));
            match (position, shock.get("remove")) {
                (Some(position), Some(Item { node: Node::Switch(true), .. })) => {
                    list.remove(position);
                    inherited -= 1;
                }
                (Some(position), _) => {
                    let Node::Table(over) = item.node else { continue };
                    lay_shock(&mut list[position], over);
                }
                (None, _) => list.push(item),
            }
        }
        base.put(Entry {
            item: Item { span: entry.item.span, node: Node::List(list) },
            key: entry.key,
            key_span: entry.key_span,
        });
    }

    /// Lays one `key=value` over everything.
    fn set(&mut self, root: &mut Table, set: &str) {
        self.inputs.push(InputText {
            name: "--set".to_owned(),
            sha256: hexadecimal(&Sha256::digest(set.as_bytes())),
        });
        let text = quoted_if_word(set);
        let before = self.diagnostics.error_count();
        let mut trial = Diagnostics::new();
        let parsed = Document::parse("--set", &text, &mut trial);
        if trial.error_count() > 0 || parsed.as_ref().is_none_or(|document| document.root.entries.is_empty())
        {
            let source = self.diagnostics.add_source("--set", set);
            self.diagnostics.push(unreadable(set, source, trial.list().first()));
            return;
        }
        if let Some(document) = Document::parse("--set", &text, self.diagnostics) {
            debug_assert_eq!(before, self.diagnostics.error_count());
            for entry in document.root.entries {
                if entry.key == "shock" {
                    self.set_shock(root, entry);
                } else {
                    set_entry(root, entry, &text);
                }
            }
        }
    }

    /// `shock.ID.key=value`.
    fn set_shock(&mut self, root: &mut Table, entry: Entry) {
        let Node::Table(by_id) = entry.item.node else {
            let problem =
                Diagnostic::error("E0210", "shocks are set one by one").at(entry.key_span, "which shock?");
            self.diagnostics.push(
                problem.help("write shock.ID.key=value, for example shock.april-controls.start=2025-05-01"),
            );
            return;
        };
        let mut none = Vec::new();
        let list = match root.entries.iter_mut().find(|own| own.key == "shock") {
            Some(Entry { item: Item { node: Node::List(list), .. }, .. }) => list,
            _ => &mut none,
        };
        for Entry { key: id, key_span, item } in by_id.entries {
            let Some(position) = list.iter().position(|own| id_of(own) == Some(&id)) else {
                let ids: Vec<&str> = list.iter().filter_map(id_of).collect();
                self.diagnostics.push(no_such_shock(&id, &ids, key_span));
                continue;
            };
            match (item.node, &mut list[position].node) {
                (Node::Table(keys), Node::Table(own)) => {
                    if matches!(keys.get("remove"), Some(Item { node: Node::Switch(true), .. })) {
                        list.remove(position);
                        continue;
                    }
                    for key in keys.entries {
                        drop_rivals(own, &key.key);
                        let text = self.diagnostics.sources().get(key.item.span.source.0);
                        let text = text.map_or_else(String::new, |source| source.text.clone());
                        set_entry(own, key, &text);
                    }
                }
                _ => self.diagnostics.push(
                    Diagnostic::error("E0210", format!("shock `{id}` is set key by key"))
                        .at(key_span, "which key?")
                        .help(format!("for example shock.{id}.start=2025-05-01")),
                ),
            }
        }
    }
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

fn id_of(item: &Item) -> Option<&str> {
    match &item.node {
        Node::Table(table) => table.text("id"),
        _ => None,
    }
}

fn stem(path: &str) -> String {
    Path::new(path).file_stem().map_or_else(|| path.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn unknown_scenario(name: &str, from: Option<Span>) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("E0209", format!("there is no scenario `{name}`"));
    if let Some(span) = from {
        diagnostic = diagnostic.at(span, "neither a bundled scenario nor a file");
    }
    if let Some(near) = meant(name, bundled::names()) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    diagnostic.help(format!("bundled scenarios: {}", bundled::names().collect::<Vec<_>>().join(", ")))
}

/// A message that there is no shock with this id.
pub(super) fn no_such_shock(id: &str, ids: &[&str], span: Span) -> Diagnostic {
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

fn lay_key_by_key(base: &mut Table, entry: Entry) {
    let own = base.entries.iter_mut().find(|own| own.key == entry.key);
    match (own.map(|own| &mut own.item.node), entry.item.node) {
        (Some(Node::Table(own)), Node::Table(over)) => {
            for inner in over.entries {
                // One switch, `sourcing`, is a table of its own: per stage.
                if entry.key == "switches" && inner.key == "sourcing" {
                    lay_key_by_key(own, inner);
                } else {
                    own.put(inner);
                }
            }
        }
        (_, node) => base.put(Entry { item: Item { span: entry.item.span, node }, ..entry }),
    }
}

fn append(base: &mut Table, entry: Entry) {
    let own = base.entries.iter_mut().find(|own| own.key == entry.key);
    match (own.map(|own| &mut own.item.node), entry.item.node) {
        (Some(Node::List(own)), Node::List(over)) => own.extend(over),
        (_, node) => base.put(Entry { item: Item { span: entry.item.span, node }, ..entry }),
    }
}

/// Keys that exclude each other: typing one drops what the base says with the other.
fn drop_rivals(table: &mut Table, key: &str) {
    let rivals: &[&str] = match key {
        "end" => &["days", "duration"],
        "days" | "duration" => &["end"],
        "start" => &["trigger"],
        "trigger" => &["start"],
        _ => &[],
    };
    for rival in rivals {
        table.take(rival);
    }
}

fn put_alone(table: &mut Table, entry: Entry) {
    drop_rivals(table, &entry.key);
    table.put(entry);
}

/// Lays a shock over the base's of the same id. Another kind is another shock: nothing is inherited.
fn lay_shock(own: &mut Item, over: Table) {
    let Node::Table(table) = &mut own.node else { return };
    let other_kind = over.text("kind").is_some_and(|kind| table.text("kind").is_some_and(|own| own != kind));
    if other_kind {
        *own = Item { span: over.span, node: Node::Table(over) };
        return;
    }
    // Both of two keys that exclude each other in one file is that file's mistake and must stay visible.
    for entry in &over.entries {
        drop_rivals(table, &entry.key);
    }
    for entry in over.entries {
        table.put(entry);
    }
    table.span = over.span;
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
