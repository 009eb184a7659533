//! Messages about a user's input: file, line, column, what is wrong, what is allowed, nearest spelling.
//!
//! Life cycle: a reader adds every text it reads to [`Diagnostics`] as a [`Source`], pushes a
//! [`Diagnostic`] for every problem it meets and carries on; at the end [`Diagnostics::into_result`]
//! turns errors into a refusal, and [`Diagnostics::render`] prints them all as rustc would.

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};

/// Problems that [`Diagnostics::render`] shows; of the others it says how many there are. A file that is
/// something else altogether has a problem on every line, and nobody reads a hundred thousand.
pub const MOST_SHOWN: usize = 100;

/// Index of a text in [`Diagnostics`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct SourceId(pub usize);

/// A text that was read, kept so that messages can quote it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path as the user typed it, or `<embedded>/…`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A byte range of a [`Source`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Span {
    /// Which text.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is used, but probably does not mean what was meant.
    Warning,
}

/// One problem.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Stable code, `E…` or `W…`; `check --explain CODE` has a paragraph on each.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The place, if there is one, and further places with a word on each.
    pub labels: Vec<(Span, String)>,
    /// What is allowed; nearest correct spelling.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning without a place yet.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a place (the first one is the primary) with a short word on it.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }

    /// Adds a help line.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

/// All texts read and all problems found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Nothing read, nothing wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a text for quoting.
    pub fn add_source(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.sources.push(Source { name: name.into(), text: text.into() });
        SourceId(self.sources.len() - 1)
    }

    /// The texts read so far.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Records a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// All problems in the order found.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Number of errors (warnings not counted).
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.list.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Takes over the problems of another set, with its texts.
    pub fn absorb(&mut self, other: Self) {
        let offset = self.sources.len();
        self.sources.extend(other.sources);
        for mut diagnostic in other.list {
            for (span, _) in &mut diagnostic.labels {
                span.source.0 += offset;
            }
            self.list.push(diagnostic);
        }
    }

    /// `Ok(value)` with the warnings that remain, or `Err` if there is any error.
    ///
    /// # Errors
    /// All problems, when at least one is an error.
    pub fn into_result<T>(self, value: T) -> Result<(T, Self), Self> {
        if self.error_count() == 0 { Ok((value, self)) } else { Err(self) }
    }

    /// Line and column (both from 1, columns in characters) of a span's first byte.
    #[must_use]
    pub fn position(&self, span: Span) -> Option<(usize, usize)> {
        let text = self.sources.get(span.source.0)?.text.as_bytes();
        let before = &text[..span.start.min(text.len())];
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let column = 1 + String::from_utf8_lossy(&before[start..]).chars().count();
        Some((line, column))
    }

    /// All problems as text, with quoted lines; `styled` adds terminal colours.
    #[must_use]
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for diagnostic in self.list.iter().take(MOST_SHOWN) {
            out.push_str(&self.render_one(diagnostic, &renderer));
            out.push_str("\n\n");
        }
        if let more @ 1.. = self.list.len().saturating_sub(MOST_SHOWN) {
            out.push_str(&format!("and {more} more\n\n"));
        }
        out
    }

    fn render_one(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code)
            .elements(Vec::<Snippet<'_, Annotation<'_>>>::new());
        for (position, source) in self.sources.iter().enumerate() {
            let here: Vec<_> =
                diagnostic.labels.iter().enumerate().filter(|(_, (s, _))| s.source.0 == position).collect();
            if here.is_empty() {
                continue;
            }
            let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str()).fold(true);
            for (rank, (span, label)) in here {
                let kind = if rank == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                snippet = snippet.annotation(kind.span(self.clamp(*span)).label(label.as_str()));
            }
            group = group.element(snippet);
        }
        for line in &diagnostic.help {
            group = group.element(Level::HELP.message(line.as_str()));
        }
        renderer.render(&[group])
    }

    /// A range that is certainly inside the text and on character boundaries.
    fn clamp(&self, span: Span) -> std::ops::Range<usize> {
        let text = &self.sources[span.source.0].text;
        let floor = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (floor(span.start), floor(span.end));
        start..end.max(start)
    }
}

/// The candidate nearest to what was typed, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 2 + candidate.len().max(typed.len()) / 6)
        .min()
        .map(|(_, candidate)| candidate)
}
