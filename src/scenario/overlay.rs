//! Documents laid over each other: `extends` chains and `--set key=value`.
//!
//! A file that extends another is a small diff. `[parameters]`, `[switches]`, `[study]` and `[outputs]`
//! merge key by key, `[[shock]]` entries by `id` and then key by key (`remove = true` drops one),
//! `[[mark]]` and `sources` are appended; any other key replaces the base's. `title`, `description` and
//! `[expect]` speak about one file and are not inherited.

mod merge;
mod set;

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::bundled;
use super::document::{self, Document, Node, Table};
use super::fields::meant;
use super::parameter_set::{self, Typed};
use super::{InputText, hexadecimal};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceId, Span};

pub(super) use set::no_such_shock;

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
        let sha256 = hexadecimal(&Sha256::digest(set.as_bytes()));
        reader.inputs.push(InputText { name: "--set".to_owned(), sha256 });
        set::lay(&mut root, set, reader.diagnostics);
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
        let Some(entry) = root.take("extends") else {
            // A slip such as `extend` is reported as an unknown key later. It is followed all the same, or a base that
            // is not there would hide every other mistake behind the keys that it would have given.
            let slip = root.entries.iter().find_map(|entry| match &entry.item.node {
                Node::Text(base) if meant(&entry.key, ["extends"]).is_some() => {
                    Some((base.clone(), entry.item.span))
                }
                _ => None,
            });
            return match slip.and_then(|(base, span)| self.base(&base, span, folder)) {
                Some(base) => Some((over(base, root), None)),
                None => Some((root, None)),
            };
        };
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
        let base = self.base(&base_name, entry.item.span, folder)?;
        Some((over(base, root), Some(base_name)))
    }

    /// The base of a text. Where there is none of its name, that is reported, and one that was probably meant
    /// stands in for it, so that the rest can be checked.
    fn base(&mut self, name: &str, span: Span, folder: Option<&Path>) -> Option<Table> {
        let origin = Origin::of(name, folder);
        let missing = matches!(&origin, Origin::File(path) if !path.exists());
        let found = self.read(&origin, Some(span)).map(|(base, _)| base);
        if found.is_some() || !missing {
            return found;
        }
        let near = meant(name, bundled::names())?.to_owned();
        self.read(&Origin::Bundled(near), Some(span)).map(|(base, _)| base)
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
}

/// A text over its base, without what the base says of itself.
fn over(mut base: Table, own: Table) -> Table {
    for said in ["title", "description", "expect"] {
        base.take(said);
    }
    merge::lay(&mut base, own);
    base
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
