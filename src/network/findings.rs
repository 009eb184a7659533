//! Problems of a network's files, with a ceiling on how many are shown.
//!
//! A file with a systematic mistake in 100,000 rows must neither fill the terminal nor the memory.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceId};

/// Problems of one severity that are kept; the rest are counted.
const SHOWN: usize = 200;

/// Collects problems while files are read.
#[derive(Default)]
pub(super) struct Findings {
    diagnostics: Diagnostics,
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Keeps a text for quoting.
    pub(super) fn add_source(&mut self, name: &str, text: &str) -> SourceId {
        self.diagnostics.add_source(name, text)
    }

    /// A text kept before.
    pub(super) fn source_text(&self, source: SourceId) -> &str {
        self.diagnostics.sources().get(source.0).map_or("", |s| s.text.as_str())
    }

    /// Records a problem, or only counts it when enough are recorded.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let count = match diagnostic.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= SHOWN {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Errors found, shown or not.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// All that was found, with a last line on what is not shown.
    pub(super) fn finish(mut self) -> Diagnostics {
        if self.errors > SHOWN {
            let more = self.errors - SHOWN;
            self.diagnostics.push(Diagnostic::error("E0199", format!("{more} more errors are not shown")));
        }
        if self.warnings > SHOWN {
            let more = self.warnings - SHOWN;
            self.diagnostics.push(Diagnostic::warning("W0199", format!("{more} more warnings are not shown")));
        }
        self.diagnostics
    }
}
