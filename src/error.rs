//! What can go wrong, as the program's exit codes tell it apart.

use crate::diagnostic::Diagnostics;

/// Every failure of the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user's input is at fault; each diagnostic names a place and a remedy.
    #[error("{} problem(s) in the input", .0.error_count())]
    Input(Diagnostics),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The path as the user gave it.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A replication produced a number that is not finite.
    #[error("replication {replication} of `{scenario}`: {metric} is not finite; no result was kept from it")]
    NotFinite {
        /// Scenario name.
        scenario: String,
        /// Replication index.
        replication: u64,
        /// Name of the metric.
        metric: String,
    },
    /// A result file that does not belong to this run, or is damaged.
    #[error("{path}: {problem}")]
    Result {
        /// The path as the user gave it.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A chart could not be drawn.
    #[error("chart `{chart}`: {problem}")]
    Chart {
        /// Which chart.
        chart: String,
        /// What went wrong.
        problem: String,
    },
}

impl Error {
    /// Process exit code: 2 where the user's input is at fault (a file that is not there or holds something
    /// else among it), 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Result { .. } => 2,
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => 2,
            _ => 1,
        }
    }
}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Input(diagnostics)
    }
}
