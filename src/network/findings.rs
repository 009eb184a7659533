//! Problems of a network's files, with a ceiling on how many are shown.
//!
//! A file with a systematic mistake in 100,000 rows must neither fill the terminal nor the memory.

use super::doubt::Doubt;
use super::facility::Facility;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceId, nearest};

/// Problems of one severity that are kept; the rest are counted.
const SHOWN: usize = 200;
/// Spellings compared in all; beyond it mistakes are reported without a suggestion, so that a large file
/// full of them is refused in seconds.
const COMPARISONS: usize = 400_000;

/// Collects problems while files are read.
#[derive(Default)]
pub(super) struct Findings {
    diagnostics: Diagnostics,
    errors: usize,
    warnings: usize,
    comparisons: usize,
    /// What rows with mistakes leave in doubt.
    pub doubt: Doubt,
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

    /// Records a problem of a facility, unless a mistake already reported may be its reason.
    pub(super) fn push_of(&mut self, facility: &Facility, diagnostic: Diagnostic) {
        if !self.doubt.of_facility(&facility.id) {
            self.push(diagnostic);
        }
    }

    /// The nearest spelling, as long as enough comparisons are left.
    pub(super) fn nearest<'a>(
        &mut self,
        typed: &str,
        candidates: impl Iterator<Item = &'a str>,
    ) -> Option<&'a str> {
        if typed.len() > 100 || self.comparisons > COMPARISONS || self.errors >= SHOWN {
            return None;
        }
        let counted =
            candidates.inspect(|_| self.comparisons += 1).filter(|candidate| candidate.len() <= 100);
        nearest(typed, counted)
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
            self.diagnostics
                .push(Diagnostic::warning("W0199", format!("{more} more warnings are not shown")));
        }
        self.diagnostics
    }
}
