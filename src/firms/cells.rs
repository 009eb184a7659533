//! Cells of plain tables: cutting a file into rows, reading numbers, and remembering where each stood.

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Diagnostics, Span, nearest};

/// Mistakes of one file that are reported one by one.
pub const SHOWN: usize = 50;

/// Files up to this size are quoted whole, so that a message can show the lines around a mistake.
const QUOTED_WHOLE: usize = 1 << 20;

/// Longest first line, and longest part of a line that is quoted: a file without line ends is no table.
const LONGEST_LINE: usize = 1 << 16;

/// Size of the pieces a file is parsed in.
const PIECE: usize = 1 << 20;

/// A mistake at a byte range of a file.
pub(super) struct Problem {
    code: &'static str,
    pub warning: bool,
    place: (usize, usize),
    message: String,
    help: String,
}

impl Problem {
    pub(super) fn new(code: &'static str, place: (usize, usize), message: String) -> Self {
        Self { code, warning: false, place, message, help: String::new() }
    }

    pub(super) fn help(mut self, line: impl Into<String>) -> Self {
        self.help = line.into();
        self
    }
}

/// The problems of one piece of a file: the first few, and how many more.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    hidden: usize,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        if self.list.len() < SHOWN { self.list.push(problem) } else { self.hidden += 1 }
    }
}

/// A cell without the blanks around it.
#[derive(Clone, Copy, Default)]
pub(super) struct Cell<'a> {
    pub text: &'a [u8],
    start: usize,
}

impl Cell<'_> {
    pub(super) fn problem(&self, code: &'static str, wrong: &str) -> Problem {
        let shown: String = String::from_utf8_lossy(self.text).chars().take(40).collect();
        Problem::new(code, (self.start, self.start + self.text.len()), format!("`{shown}` {wrong}"))
    }
}

/// A file being read.
pub(super) struct Table<'a> {
    pub name: &'a str,
    text: &'a [u8],
    pub problems: Vec<Problem>,
    pub hidden: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(name: &'a str, text: &'a [u8]) -> Self {
        Self { name, text, problems: Vec::new(), hidden: 0 }
    }

    pub(super) fn add(&mut self, problem: Problem) {
        if self.problems.len() < SHOWN { self.problems.push(problem) } else { self.hidden += 1 }
    }

    /// Reads the header, then every row with `row`; rows for which it returns `None` are left out.
    pub(super) fn rows<const N: usize, T: Send>(
        &mut self,
        columns: [&str; N],
        row: impl Fn(&[Cell<'a>; N], &mut Problems) -> Option<T> + Sync,
    ) -> Vec<T> {
        let text = self.text;
        let begin = if text.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let header_end = line_end(text, begin);
        let Some((roles, width)) = self.header(begin, header_end, columns) else { return Vec::new() };
        let body = (header_end + 1).min(text.len());
        let count = (text.len() - body).div_ceil(PIECE);
        let cut = |piece: usize| {
            let at = body + piece * PIECE;
            if piece == 0 {
                body
            } else if at >= text.len() {
                text.len()
            } else {
                (line_end(text, at) + 1).min(text.len())
            }
        };
        let mut pieces: Vec<(Vec<T>, Problems)> = (0..count)
            .into_par_iter()
            .map(|piece| {
                let mut problems = Problems::default();
                let mut kept = Vec::with_capacity(PIECE / 20);
                let (mut at, end) = (cut(piece), cut(piece + 1));
                while at < end {
                    at = read_row(text, at, &roles, width, &row, &mut kept, &mut problems);
                }
                (kept, problems)
            })
            .collect();
        let mut rows = Vec::with_capacity(pieces.iter().map(|piece| piece.0.len()).sum());
        for (kept, problems) in &mut pieces {
            rows.append(kept);
            self.hidden += problems.hidden;
            for problem in problems.list.drain(..) {
                self.add(problem);
            }
        }
        rows
    }

    /// Which wanted column (if any) each column of the file is, and the number of columns.
    fn header<const N: usize>(
        &mut self,
        begin: usize,
        end: usize,
        columns: [&str; N],
    ) -> Option<(Vec<Option<usize>>, usize)> {
        if end - begin > LONGEST_LINE {
            let message = format!("the first line has {} bytes and names no columns", end - begin);
            let help = format!("the first line must name {}", columns.join(", "));
            self.add(Problem::new("E641", (begin, begin + 1), message).help(help));
            return None;
        }
        let mut names = Vec::new();
        let mut at = begin;
        for part in self.text[begin..end].split(|byte| *byte == b',') {
            let cell = trim(part, at);
            names.push((String::from_utf8_lossy(cell.text).into_owned(), cell));
            at += part.len() + 1;
        }
        let mut roles = vec![None; names.len()];
        let before = self.problems.len();
        for (column, wanted) in columns.iter().enumerate() {
            if let Some(found) = names.iter().position(|(name, _)| name == wanted) {
                roles[found] = Some(column);
            } else {
                let message = format!("column `{wanted}` is missing");
                let near = nearest(wanted, names.iter().map(|(name, _)| name.as_str()))
                    .filter(|near| !near.is_empty());
                let help = near.map_or_else(String::new, |near| format!("`{near}` looks like it; "));
                let help = format!("{help}the first line must name {}", columns.join(", "));
                self.add(Problem::new("E641", (begin, end), message).help(help));
            }
        }
        let width = roles.len();
        (self.problems.len() == before).then_some((roles, width))
    }

    /// Byte range of a data row; only called to report, so a scan will do. Rows are numbered as kept.
    pub(super) fn row(&self, number: usize) -> (usize, usize) {
        let mut at = (line_end(self.text, 0) + 1).min(self.text.len());
        let mut left = number;
        while at < self.text.len() {
            let end = line_end(self.text, at);
            if !trim(&self.text[at..end], at).text.is_empty() {
                if left == 0 {
                    return (at, end);
                }
                left -= 1;
            }
            at = end + 1;
        }
        (self.text.len(), self.text.len())
    }

    /// Number of data rows; only called to report.
    pub(super) fn row_count(&self) -> usize {
        let rows = self.text.split(|byte| *byte == b'\n').skip(1);
        rows.filter(|row| !trim(row, 0).text.is_empty()).count()
    }

    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.text[..at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    /// Hands all problems over, each with the text it quotes.
    pub(super) fn report(&mut self, diagnostics: &mut Diagnostics) {
        if self.problems.is_empty() {
            return;
        }
        let whole = self.text.len() <= QUOTED_WHOLE;
        let source = whole.then(|| diagnostics.add_source(self.name, String::from_utf8_lossy(self.text)));
        for problem in std::mem::take(&mut self.problems) {
            // Places are cut at commas and line ends, so an invalid byte never straddles one and lossy
            // decoding of the part before a place has the length that place has in the decoded whole.
            let length = |from: usize, to: usize| String::from_utf8_lossy(&self.text[from..to]).len();
            let (start, end) = problem.place;
            let end = if whole { end } else { end.min(start + LONGEST_LINE) };
            let mut message = problem.message;
            let (source, base) = if let Some(source) = source {
                (source, 0)
            } else {
                let line_start =
                    self.text[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                let before = start - line_start;
                let column = if before <= LONGEST_LINE {
                    1 + String::from_utf8_lossy(&self.text[line_start..start]).chars().count()
                } else {
                    1 + before
                };
                let line = self.line(start);
                let line_start = if before <= LONGEST_LINE { line_start } else { start };
                let line_end = line_end(self.text, start).min(start + LONGEST_LINE);
                let quoted = String::from_utf8_lossy(&self.text[line_start..line_end]);
                message = format!("line {line}, column {column}: {message}");
                (diagnostics.add_source(format!("{} (line {line} on)", self.name), quoted), line_start)
            };
            let span = Span { source, start: length(base, start), end: length(base, end) };
            let mut diagnostic = if problem.warning {
                Diagnostic::warning(problem.code, message)
            } else {
                Diagnostic::error(problem.code, message)
            };
            diagnostic = diagnostic.at(span, "here");
            if !problem.help.is_empty() {
                diagnostic = diagnostic.help(problem.help);
            }
            diagnostics.push(diagnostic);
        }
        if self.hidden > 0 {
            diagnostics
                .push(Diagnostic::error("E640", format!("{} problems more in {}", self.hidden, self.name)));
            self.hidden = 0;
        }
    }
}

/// Reads the row that starts at `at` and returns where the next one starts.
#[inline]
fn read_row<'a, const N: usize, T>(
    text: &'a [u8],
    at: usize,
    roles: &[Option<usize>],
    width: usize,
    row: &impl Fn(&[Cell<'a>; N], &mut Problems) -> Option<T>,
    kept: &mut Vec<T>,
    problems: &mut Problems,
) -> usize {
    let mut cells = [Cell::default(); N];
    let mut column = 0;
    let mut start = at;
    let mut here = at;
    loop {
        let byte = text.get(here).copied().unwrap_or(b'\n');
        if byte == b',' || byte == b'\n' {
            if let Some(Some(role)) = roles.get(column) {
                cells[*role] = trim(&text[start..here], start);
            }
            column += 1;
            start = here + 1;
            if byte == b'\n' {
                break;
            }
        }
        here += 1;
    }
    if column == width && !(column == 1 && cells[0].text.is_empty()) {
        kept.extend(row(&cells, problems));
    } else if !trim(&text[at..here], at).text.is_empty() {
        let message = format!("{column} cells where the header names {width}");
        problems.push(
            Problem::new("E642", (at, here), message).help("cells are parted by commas and not quoted"),
        );
    }
    here + 1
}

fn line_end(text: &[u8], from: usize) -> usize {
    text[from.min(text.len())..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(text.len(), |length| from + length)
}

#[inline]
fn trim(text: &[u8], start: usize) -> Cell<'_> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    let (mut from, mut to) = (0, text.len());
    while from < to && blank(&text[from]) {
        from += 1;
    }
    while from < to && blank(&text[to - 1]) {
        to -= 1;
    }
    Cell { text: &text[from..to], start: start + from }
}

#[inline]
pub(super) fn whole_number(cell: Cell<'_>, what: &str, problems: &mut Problems) -> Option<u64> {
    let mut value = 0_u64;
    let mut sound = !cell.text.is_empty();
    for byte in cell.text {
        let digit = byte.wrapping_sub(b'0');
        let next = value.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit)));
        sound &= digit < 10 && next.is_some();
        value = next.unwrap_or(0);
    }
    if !sound {
        problems.push(
            cell.problem("E642", &format!("is not {what}"))
                .help("a whole number from 0 to 18446744073709551615"),
        );
    }
    sound.then_some(value)
}

/// Powers of ten that a double holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// A finite number ≥ 0. Digits with a point and fewer than 2⁵³ in all are one exact division away from the
/// nearest double; everything else goes through the standard library.
#[inline]
pub(super) fn amount(cell: Cell<'_>, problems: &mut Problems) -> Option<f64> {
    let (mut digits, mut decimals, mut seen, mut point, mut plain) = (0_u64, 0_usize, 0_usize, false, true);
    for byte in cell.text {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
            seen += 1;
            decimals += usize::from(point);
        } else if *byte == b'.' && !point {
            point = true;
        } else {
            plain = false;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 the conversion is exact")]
    if plain && seen > 0 && seen <= 18 && digits < 1 << 53 {
        return Some(digits as f64 / TENS[decimals]);
    }
    let value = std::str::from_utf8(cell.text).ok().and_then(|text| text.parse::<f64>().ok());
    let value = value.filter(|value| value.is_finite() && *value >= 0.0).map(|value| value + 0.0);
    if value.is_none() {
        problems.push(cell.problem("E642", "is not an amount").help("a finite number that is not negative"));
    }
    value
}
