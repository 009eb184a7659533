//! A CSV text as rows of cells, each of which knows its bytes in the file.
//!
//! The csv crate splits the text; the place of a cell is looked for only when a message needs it, so a
//! sound file costs nothing extra. Lines that start with `#` are comments.

use super::findings::Findings;
use crate::diagnostic::{Diagnostic, SourceId, Span};
use crate::id::Place;
use crate::network::line::Band;

/// Rows a file may have at most.
const MAX_ROWS: usize = 100_000;
/// Columns a file may have at most.
const MAX_COLUMNS: usize = 500;
/// Numbers above this are mistakes, and their products could overflow.
const MAX_NUMBER: f64 = 1e15;

/// A parsed CSV file.
pub(super) struct Table {
    source: SourceId,
    name: String,
    columns: Vec<String>,
    rows: Vec<(usize, csv::StringRecord)>,
    /// Cells of the rows with too few or too many: which is which is not known.
    ragged: Vec<csv::StringRecord>,
}

impl Table {
    /// Splits a text into rows and checks its columns and the number of fields of each row.
    pub(super) fn parse(
        name: &str,
        text: &str,
        required: &[&str],
        optional: &[&str],
        findings: &mut Findings,
    ) -> Option<Self> {
        let source = findings.add_source(name, text);
        if let Some(start) = text.find(|c: char| c.is_control() && !"\t\r\n".contains(c)) {
            let found = text[start..].chars().next().unwrap_or_default();
            let message = format!("{name} holds U+{:04X}, which is no text", u32::from(found));
            let span = Span { source, start, end: start + found.len_utf8() };
            findings.push(
                Diagnostic::error("E0103", message)
                    .at(span, "the first such character")
                    .help("save the file as UTF-8 (spreadsheets call it \"CSV UTF-8\")"),
            );
            return None;
        }
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let offset = text.len() - body.len();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(body.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let span = |at: usize| Span { source, start: at, end: at };
            match record {
                Ok(record) => {
                    let start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
                    let start = skip_to_row(body.as_bytes(), start) + offset;
                    if rows.len() > MAX_ROWS {
                        findings.push(
                            Diagnostic::error("E0104", format!("{name} has more than {MAX_ROWS} rows"))
                                .at(span(start), "the first row too many"),
                        );
                        return None;
                    }
                    rows.push((start, record));
                }
                Err(error) => {
                    findings.push(
                        Diagnostic::error("E0107", format!("{name} cannot be read as CSV: {error}"))
                            .at(span(0), "in this file"),
                    );
                    return None;
                }
            }
        }
        if let Some(at) = rows.last().and_then(|(start, _)| open_quote(text.as_bytes(), *start)) {
            findings.push(
                Diagnostic::error("E0107", format!("a quotation mark of {name} is never closed"))
                    .at(Span { source, start: at, end: at + 1 }, "everything after it is one cell")
                    .help("a quotation mark inside a quoted cell is doubled"),
            );
            return None;
        }
        let mut rows = rows.into_iter();
        let Some((header_start, header)) = rows.next() else {
            findings.push(
                Diagnostic::error("E0105", format!("{name} has no header row"))
                    .at(Span { source, start: 0, end: 0 }, "expected the names of the columns")
                    .help(format!("columns needed: {}", required.join(", "))),
            );
            return None;
        };
        let mut table = Self {
            source,
            name: name.to_owned(),
            columns: header.iter().map(str::to_owned).collect(),
            rows: rows.collect(),
            ragged: Vec::new(),
        };
        table.check_columns(header_start, required, optional, findings).then_some(())?;
        table.set_ragged_rows_aside(findings);
        Some(table)
    }

    fn check_columns(
        &self,
        start: usize,
        required: &[&str],
        optional: &[&str],
        findings: &mut Findings,
    ) -> bool {
        let known = || required.iter().chain(optional).copied();
        let mut sound = true;
        if self.columns.len() > MAX_COLUMNS {
            let error =
                Diagnostic::error("E0105", format!("{} has {} columns", self.name, self.columns.len()));
            findings.push(
                error
                    .at(self.locate(findings, start, MAX_COLUMNS), format!("at most {MAX_COLUMNS} are read")),
            );
            return false;
        }
        if let [only] = &self.columns[..]
            && required.len() > 1
            && let Some(other) = only.chars().find(|c| ";\t|".contains(*c))
        {
            let error = Diagnostic::error("E0105", format!("{} is not separated by commas", self.name));
            let error = error.at(self.locate(findings, start, 0), "one column");
            findings.push(error.help(format!("save it with `,` instead of `{}`", other.escape_default())));
            return false;
        }
        for (index, column) in self.columns.iter().enumerate() {
            let span = self.locate(findings, start, index);
            if self.columns[..index].contains(column) {
                sound = false;
                findings.push(
                    Diagnostic::error("E0105", format!("column `{column}` appears twice"))
                        .at(span, "second time"),
                );
            } else if !known().any(|k| k == column) {
                let mut warning =
                    Diagnostic::warning("W0106", format!("{} does not use a column `{column}`", self.name))
                        .at(span, "not read");
                if let Some(near) = findings.nearest(column, known()) {
                    warning = warning.help(format!("did you mean `{near}`?"));
                }
                findings.push(warning);
            }
        }
        for column in required {
            if !self.columns.iter().any(|c| c == column) {
                sound = false;
                let span = Span {
                    source: self.source,
                    start,
                    end: self.locate(findings, start, self.columns.len().saturating_sub(1)).end,
                };
                let mut error = Diagnostic::error("E0105", format!("{} has no column `{column}`", self.name))
                    .at(span, "the columns it has");
                if let Some(near) = findings.nearest(column, self.columns.iter().map(String::as_str)) {
                    error = error.help(format!("is it the one called `{near}`?"));
                }
                findings.push(error);
            }
        }
        sound
    }

    /// Reports rows with too few or too many cells; they are read no further, as their cells would be taken
    /// for those of other columns.
    fn set_ragged_rows_aside(&mut self, findings: &mut Findings) {
        let (whole, ragged): (Vec<_>, Vec<_>) = std::mem::take(&mut self.rows)
            .into_iter()
            .partition(|(_, record)| record.len() == self.columns.len());
        self.rows = whole;
        for (start, record) in &ragged {
            let span = Span {
                source: self.source,
                start: *start,
                end: self.locate(findings, *start, record.len().saturating_sub(1)).end,
            };
            findings.push(
                Diagnostic::error(
                    "E0107",
                    format!(
                        "this row of {} has {} cells, the header {}",
                        self.name,
                        record.len(),
                        self.columns.len()
                    ),
                )
                .at(span, "wrong number of cells")
                .help("a cell that contains a comma must stand in double quotes"),
            );
        }
        self.ragged = ragged.into_iter().map(|(_, record)| record).collect();
    }

    /// Everything that stands in rows with too few or too many cells.
    pub(super) fn ragged_cells(&self) -> impl Iterator<Item = &str> {
        self.ragged.iter().flatten()
    }

    /// Whether the header names the column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c == column)
    }

    /// The first byte of the text, for messages about the file as a whole.
    pub(super) fn top(&self) -> Span {
        Span { source: self.source, start: 0, end: 0 }
    }

    /// All rows, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).map(move |index| Row { table: self, index })
    }

    /// The bytes of a cell of the row that starts at `start`.
    fn locate(&self, findings: &Findings, start: usize, column: usize) -> Span {
        let bytes = findings.source_text(self.source).as_bytes();
        let (start, end) = cell_range(bytes, start, column);
        Span { source: self.source, start, end }
    }
}

/// The csv crate reports where it began to look: line ends and comments may still precede the row.
fn skip_to_row(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b'\r' | b'\n') => at += 1,
            Some(b'#') => at += bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at),
            _ => return at.min(bytes.len()),
        }
    }
}

/// Place of the quotation mark that opens the last cell of the text, if nothing closes it.
fn open_quote(bytes: &[u8], mut at: usize) -> Option<usize> {
    // Cells of the row that starts at `at`, which is the last.
    loop {
        let opening = at;
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (None, _) => return Some(opening),
                    (Some(b'"'), Some(b'"')) => at += 2,
                    (Some(b'"'), _) => break,
                    _ => at += 1,
                }
            }
        }
        while bytes.get(at).is_some_and(|b| !matches!(b, b',' | b'\n' | b'\r')) {
            at += 1;
        }
        if bytes.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
}

/// Start and end of the `column`-th cell after `at`, quotes included; the end of the row if there is none.
fn cell_range(bytes: &[u8], mut at: usize, column: usize) -> (usize, usize) {
    let mut index = 0;
    loop {
        let start = at;
        let blank = bytes[at.min(bytes.len())..].iter().take_while(|b| **b == b' ' || **b == b'\t').count();
        if bytes.get(at + blank) == Some(&b'"') {
            at += blank + 1;
            while at < bytes.len() {
                if bytes[at] == b'"' {
                    if bytes.get(at + 1) == Some(&b'"') {
                        at += 1;
                    } else {
                        break;
                    }
                }
                at += 1;
            }
        }
        while at < bytes.len() && !matches!(bytes[at], b',' | b'\n' | b'\r') {
            at += 1;
        }
        if index == column || bytes.get(at) != Some(&b',') {
            return if index == column { (start, at) } else { (at, at) };
        }
        index += 1;
        at += 1;
    }
}

/// One row of a table.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'a Table,
    index: usize,
}

impl<'a> Row<'a> {
    /// The text of a cell; empty when there is no such column or cell.
    pub(super) fn text(self, column: &str) -> &'a str {
        let Some(index) = self.table.columns.iter().position(|c| c == column) else { return "" };
        self.table.rows[self.index].1.get(index).unwrap_or("")
    }

    /// The bytes of a cell; of the whole row's start when the column is absent.
    pub(super) fn span(self, column: &str, findings: &Findings) -> Span {
        let index = self.table.columns.iter().position(|c| c == column).unwrap_or(0);
        self.table.locate(findings, self.table.rows[self.index].0, index)
    }

    /// Reports an error at a cell.
    pub(super) fn error(
        self,
        findings: &mut Findings,
        code: &'static str,
        column: &str,
        message: impl Into<String>,
        help: &[String],
    ) {
        let mut diagnostic =
            Diagnostic::error(code, message).at(self.span(column, findings), format!("column `{column}`"));
        for line in help {
            diagnostic = diagnostic.help(line.as_str());
        }
        findings.push(diagnostic);
    }

    /// A text that must not be empty.
    pub(super) fn word(self, findings: &mut Findings, column: &str) -> String {
        let text = self.text(column);
        if text.is_empty() {
            self.error(findings, "E0108", column, format!("`{column}` is empty"), &[]);
        }
        text.to_owned()
    }

    /// A kebab-case identifier.
    pub(super) fn kebab(self, findings: &mut Findings, column: &str) -> String {
        let text = self.text(column);
        if !is_kebab(text) {
            self.error(
                findings,
                "E0111",
                column,
                format!("`{text}` is not a valid id"),
                &["lower-case letters and digits in words joined by single hyphens, such as `mine-north`"
                    .to_owned()],
            );
        }
        text.to_owned()
    }

    /// A finite number of at least 0; `None` for an empty cell, reported and 0 for anything else.
    pub(super) fn number(self, findings: &mut Findings, column: &str) -> Option<f64> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        let Ok(value) = text.parse::<f64>() else {
            self.error(
                findings,
                "E0108",
                column,
                format!("`{text}` is not a number"),
                &["write digits with a point, without separators or units".to_owned()],
            );
            return Some(0.0);
        };
        if !value.is_finite() || !(0.0..=MAX_NUMBER).contains(&value) {
            self.error(
                findings,
                "E0109",
                column,
                format!("`{text}` is out of range"),
                &[format!("finite numbers from 0 to {MAX_NUMBER:e}")],
            );
            return Some(0.0);
        }
        // −0 would print as "-0" in exports.
        Some(value.abs())
    }

    /// A number that must be there.
    pub(super) fn needed(self, findings: &mut Findings, column: &str) -> f64 {
        if self.text(column).is_empty() {
            self.error(
                findings,
                "E0108",
                column,
                format!("`{column}` is empty"),
                &["a number is needed here".to_owned()],
            );
        }
        self.number(findings, column).unwrap_or(0.0)
    }

    /// A band; without low and high ends there is no uncertainty. `None` without a central value.
    pub(super) fn band(self, findings: &mut Findings, low: &str, central: &str, high: &str) -> Option<Band> {
        let before = findings.errors();
        let value = self.number(findings, central)?;
        let band = Band {
            low: self.number(findings, low).unwrap_or(value),
            central: value,
            high: self.number(findings, high).unwrap_or(value),
        };
        // What could not be read is not compared as well.
        let read = findings.errors() == before;
        if read && (band.low > band.central + 1e-9 || band.central > band.high + 1e-9) {
            self.error(
                findings,
                "E0110",
                central,
                format!("low ≤ central ≤ high is broken: {}, {}, {}", band.low, band.central, band.high),
                &[format!("columns `{low}`, `{central}`, `{high}`")],
            );
        }
        Some(Band {
            low: band.low.min(band.central),
            central: band.central,
            high: band.high.max(band.central),
        })
    }

    /// A band that must be there.
    pub(super) fn needed_band(self, findings: &mut Findings, low: &str, central: &str, high: &str) -> Band {
        if let Some(band) = self.band(findings, low, central, high) {
            return band;
        }
        Band::fixed(self.needed(findings, central))
    }

    /// A share in [0, 1].
    pub(super) fn share(self, findings: &mut Findings, column: &str, code: &'static str) -> Option<f64> {
        let value = self.number(findings, column)?;
        if value > 1.0001 {
            self.error(findings, code, column, format!("`{column}` is {value}, outside 0 to 1"), &[]);
        }
        Some(value.min(1.0))
    }

    /// A place code of three capital letters.
    pub(super) fn place(self, findings: &mut Findings, column: &str, what: &str) -> Place {
        let text = self.text(column);
        Place::parse(text).unwrap_or_else(|| {
            let mut help = vec![what.to_owned()];
            if let Some(code) = Place::parse(&text.to_ascii_uppercase()) {
                help.push(format!("did you mean `{code}`?"));
            }
            self.error(
                findings,
                "E0115",
                column,
                format!("`{text}` is not a code of three capital letters"),
                &help,
            );
            Place::CHN
        })
    }

    /// One of a list of words.
    pub(super) fn choice<T>(
        self,
        findings: &mut Findings,
        code: &'static str,
        column: &str,
        words: &[(&str, T)],
    ) -> Option<T>
    where
        T: Clone,
    {
        let text = self.text(column);
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(value.clone());
        }
        let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let mut help = vec![format!("one of {list}")];
        if let Some(near) = findings.nearest(text, words.iter().map(|(word, _)| *word)) {
            help.push(format!("did you mean `{near}`?"));
        }
        self.error(findings, code, column, format!("`{column}` cannot be `{text}`"), &help);
        None
    }
}

/// Lower-case words and digits joined by single hyphens.
pub(super) fn is_kebab(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}
