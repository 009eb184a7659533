//! A scenario text as it was typed: every value with its place, no defaults, no meaning.
//!
//! Life cycle: [`read`] takes a file from disk within limits, [`Document::parse`] turns its text into a
//! tree of [`Item`]s and records every problem of syntax; [`overlay`](super::overlay) lays documents over
//! each other and [`resolve`](super::resolve) gives them meaning.

use std::io::Read as _;
use std::path::Path;

use super::calendar;
use crate::diagnostic::{Diagnostic, Diagnostics, SourceId, Span};

/// Largest text that is read, in bytes.
pub const LARGEST_TEXT: usize = 1_000_000;
/// Deepest nesting of brackets, or parts of a dotted key.
pub const DEEPEST_NESTING: usize = 32;
/// Mistakes of syntax shown one by one; one often causes the next.
pub const MOST_SYNTAX_ERRORS: usize = 20;

/// A value and where it was typed.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// Where.
    pub span: Span,
    /// What.
    pub node: Node,
}

/// A value as typed.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A finite number with a point or exponent.
    Float(f64),
    /// `true` or `false`.
    Switch(bool),
    /// A date without time, in days since 1970-01-01.
    Date(i32),
    /// A list.
    List(Vec<Item>),
    /// A table.
    Table(Table),
    /// Something that was refused already; readers pass over it in silence.
    Refused,
}

impl Node {
    /// The kind of value in words, with an article.
    #[must_use]
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Switch(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Refused => "a refused value",
        }
    }
}

/// Keys and values, in the order they were typed.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    /// Where the table was typed (its header or braces).
    pub span: Span,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was typed.
    pub key_span: Span,
    /// The value.
    pub item: Item,
}

impl Table {
    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Item> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.item)
    }

    /// The text under a key, if it is one.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Item { node: Node::Text(text), .. }) => Some(text),
            _ => None,
        }
    }

    /// Puts an entry in the place of one with the same key, or behind the others.
    pub fn put(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|own| own.key == entry.key) {
            Some(own) => *own = entry,
            None => self.entries.push(entry),
        }
    }

    /// Takes an entry out.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        let position = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(position))
    }
}

/// A text, parsed.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Name of the text as messages give it.
    pub name: String,
    /// Its source in the diagnostics.
    pub source: SourceId,
    /// What was typed.
    pub root: Table,
}

impl Document {
    /// Parses a text; every problem of syntax goes to `diagnostics`. `None` when nothing usable is left.
    pub fn parse(name: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        if text.len() > LARGEST_TEXT {
            diagnostics.push(too_large(name, text.len() as u64));
            return None;
        }
        let source = diagnostics.add_source(name, text);
        if let Some(at) = too_deep(text) {
            diagnostics.push(
                Diagnostic::error(
                    "E0204",
                    format!("brackets or dotted keys are nested deeper than {DEEPEST_NESTING}"),
                )
                .at(Span { source, start: at, end: at + 1 }, "too deep here")
                .help("a scenario needs at most five levels"),
            );
            return None;
        }
        let (table, errors) = toml::de::DeTable::parse_recoverable(text);
        for error in errors.iter().take(MOST_SYNTAX_ERRORS) {
            let range = error.span().unwrap_or(0..0);
            diagnostics.push(
                Diagnostic::error("E0205", format!("this is not TOML: {}", one_line(error.message())))
                    .at(Span { source, start: range.start, end: range.end }, "here")
                    .help("see https://toml.io; texts stand in double quotes, dates stand without quotes"),
            );
        }
        if let more @ 1.. = errors.len().saturating_sub(MOST_SYNTAX_ERRORS) {
            diagnostics.push(
                Diagnostic::error("E0205", format!("this is not TOML in {more} more places"))
                    .help("is this the right file?"),
            );
        }
        let span = Span { source, start: 0, end: 0 };
        let root = Converter { source, diagnostics }.table(table.get_ref(), span);
        Some(Self { name: name.to_owned(), source, root })
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn too_large(name: &str, bytes: u64) -> Diagnostic {
    Diagnostic::error("E0202", format!("`{name}` has {bytes} bytes; a scenario has at most {LARGEST_TEXT}"))
        .help("is this the right file?")
}

/// Reads a file within limits. Problems go to `diagnostics`.
pub fn read(path: &Path, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let refused = |problem: String| Diagnostic::error("E0201", format!("cannot read `{name}`: {problem}"));
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            diagnostics.push(refused(reason(&error)));
            return None;
        }
    };
    if metadata.is_dir() {
        diagnostics.push(refused("it is a folder".to_owned()).help("give the TOML file inside"));
        return None;
    }
    if metadata.len() > LARGEST_TEXT as u64 {
        diagnostics.push(too_large(name, metadata.len()));
        return None;
    }
    let mut bytes = Vec::new();
    // A device or pipe has no length beforehand, so what is read is limited as well.
    let result =
        std::fs::File::open(path).and_then(|file| file.take(LARGEST_TEXT as u64 + 1).read_to_end(&mut bytes));
    if let Err(error) = result {
        diagnostics.push(refused(reason(&error)));
        return None;
    }
    if bytes.len() > LARGEST_TEXT {
        diagnostics.push(too_large(name, bytes.len() as u64));
        return None;
    }
    text_of(name, bytes, diagnostics)
}

/// The operating system's reason, in words that do not differ between systems for the usual case.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Bytes as text, or a message with the place of the first byte that is none.
pub fn text_of(name: &str, bytes: Vec<u8>, diagnostics: &mut Diagnostics) -> Option<String> {
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = diagnostics.add_source(name, text);
            let span = Span { source, start: at, end: at + 3 };
            let (line, column) = diagnostics.position(span).unwrap_or((1, 1));
            diagnostics.push(
                Diagnostic::error("E0203", format!("line {line}, column {column} is not valid UTF-8"))
                    .at(span, "this byte")
                    .help("save the file as UTF-8"),
            );
            None
        }
    }
}

/// Where brackets or dotted keys are nested too deep. Strings and comments are passed over; counting is
/// done before parsing so that no input can exhaust the stack.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut dots, mut at) = (0_usize, 0_usize, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'#' => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            quote @ (b'"' | b'\'') => {
                at = end_of_string(bytes, at, quote);
                continue;
            }
            b'[' | b'{' => {
                depth += 1;
                dots = 0;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                dots = 0;
            }
            b'.' => dots += 1,
            b'=' | b',' | b'\n' => dots = 0,
            _ => {}
        }
        if depth > DEEPEST_NESTING || dots > DEEPEST_NESTING {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// One past the closing quote of the string that opens at `at` (or the end of the line or text, for a
/// string that is never closed: the parser will complain).
fn end_of_string(bytes: &[u8], at: usize, quote: u8) -> usize {
    let long = bytes[at..].starts_with(&[quote; 3]);
    let width = if long { 3 } else { 1 };
    let mut at = at + width;
    while at < bytes.len() {
        if bytes[at] == b'\\' && quote == b'"' {
            at += 2;
            continue;
        }
        if !long && bytes[at] == b'\n' {
            return at;
        }
        if bytes[at] == quote && (!long || bytes[at..].starts_with(&[quote; 3])) {
            return at + width;
        }
        at += 1;
    }
    bytes.len()
}

/// From the parser's tree to ours.
struct Converter<'a> {
    source: SourceId,
    diagnostics: &'a mut Diagnostics,
}

impl Converter<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span { source: self.source, start: range.start, end: range.end }
    }

    fn table(&mut self, table: &toml::de::DeTable<'_>, span: Span) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().clone().into_owned(),
                key_span: self.span(key.span()),
                item: self.item(value.get_ref(), value.span()),
            })
            .collect();
        entries.sort_by_key(|entry| (entry.key_span.start, entry.key_span.end));
        Table { span, entries }
    }

    fn item(&mut self, value: &toml::de::DeValue<'_>, range: std::ops::Range<usize>) -> Item {
        use toml::de::DeValue;
        let span = self.span(range);
        let node = match value {
            DeValue::String(text) => Node::Text(text.clone().into_owned()),
            DeValue::Boolean(switch) => Node::Switch(*switch),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Node::Integer(number),
                Err(_) => self.refuse_number(span, "does not fit into 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Node::Float(number),
                _ => self.refuse_number(span, "is not a finite number"),
            },
            DeValue::Datetime(moment) => match (moment.date, moment.time, moment.offset) {
                (Some(date), None, None) => match calendar::day_number(date.year, date.month, date.day) {
                    Some(day) => Node::Date(day),
                    None => {
                        self.refuse_date(span, "this date does not exist or is not between 1990 and 2199")
                    }
                },
                _ => self.refuse_date(span, "a date is wanted, without a time of day"),
            },
            DeValue::Array(list) => {
                Node::List(list.iter().map(|value| self.item(value.get_ref(), value.span())).collect())
            }
            DeValue::Table(table) => Node::Table(self.table(table, span)),
        };
        Item { span, node }
    }

    fn refuse_number(&mut self, span: Span, problem: &str) -> Node {
        let diagnostic = Diagnostic::error("E0206", format!("this number {problem}")).at(span, "not usable");
        self.diagnostics.push(diagnostic.help("numbers are finite: nan, inf and huge values are refused"));
        Node::Refused
    }

    fn refuse_date(&mut self, span: Span, problem: &str) -> Node {
        let diagnostic = Diagnostic::error("E0220", problem).at(span, "not a date of the calendar");
        self.diagnostics.push(diagnostic.help("write dates as 2025-04-04, without quotes"));
        Node::Refused
    }
}
