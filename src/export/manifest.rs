//! `manifest.json`: everything needed to make the same files again, and to know that they are the same.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;
use crate::study::{StudyResult, batch, checkpoint};

/// Name of the file.
pub const MANIFEST: &str = "manifest.json";
/// What the file says it is.
const FORMAT: &str = "coercivity manifest";
/// Version of the file's form.
const FORMAT_VERSION: u32 = 1;

/// A file and its digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileDigest {
    /// Name; of inputs the last part of the path only, so that no path of a machine gets in.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// The scenario a run computed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScenarioRecord {
    /// Name.
    pub name: String,
    /// Digest of all that decides the outcome of a replication (scenario, parameters, network, seed).
    pub identity: String,
    /// Name of its network.
    pub network: String,
    /// Every text read to make it.
    pub inputs: Vec<FileDigest>,
}

/// How many replications, and whether that is all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// Seed.
    pub seed: u64,
    /// Replications wanted (the most, when stopping at convergence).
    pub replications_wanted: u64,
    /// Replications counted: the first so many.
    pub replications: u64,
    /// Replications in a batch.
    pub batch: u64,
    /// Batches begun: the last one may be in part.
    pub batches: u64,
    /// Nothing is missing.
    pub complete: bool,
    /// Stopped because converged; absent without a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converged: Option<bool>,
}

/// The record of one folder of results.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// What this file is.
    pub format: String,
    /// Version of its form.
    pub format_version: u32,
    /// Program and version.
    pub program: BTreeMap<String, String>,
    /// The command that wrote the folder.
    pub command: String,
    /// The scenarios, in the order given.
    pub scenarios: Vec<ScenarioRecord>,
    /// The runs, in the order of the scenarios.
    pub runs: Vec<RunRecord>,
    /// Files of the folder, in the order of their names.
    pub files: Vec<FileDigest>,
}

impl Manifest {
    /// The record of the runs of a command.
    #[must_use]
    pub fn new(command: &str, runs: &[(&Scenario, &StudyResult)]) -> Self {
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            program: [("name", env!("CARGO_PKG_NAME")), ("version", env!("CARGO_PKG_VERSION"))]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            command: command.to_owned(),
            scenarios: runs.iter().map(|(scenario, _)| scenario_record(scenario)).collect(),
            runs: runs.iter().map(|(scenario, result)| run_record(scenario, result)).collect(),
            files: Vec::new(),
        }
    }

    /// The record of a command whose results are of scenarios, but are no runs to go on from.
    #[must_use]
    pub fn of_scenario(command: &str, scenario: &Scenario) -> Self {
        Self { scenarios: vec![scenario_record(scenario)], ..Self::new(command, &[]) }
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        super::json::pretty(self)
    }

    /// Whether the file at `path` is a manifest of this program.
    #[must_use]
    pub fn is_one(path: &Path) -> bool {
        let text = std::fs::metadata(path).ok().filter(|about| about.len() < 64 << 20);
        let text = text.and_then(|_| std::fs::read(path).ok());
        text.is_some_and(|text| serde_json::from_slice::<Self>(&text).is_ok_and(|own| own.format == FORMAT))
    }

    #[cfg(test)]
    pub(crate) fn example() -> Self {
        Self::new("test", &[])
    }
}

fn scenario_record(scenario: &Scenario) -> ScenarioRecord {
    let last = |name: &str| {
        if name.starts_with("<embedded>") {
            name.to_owned()
        } else {
            name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned()
        }
    };
    let inputs = scenario
        .inputs
        .iter()
        .map(|input| FileDigest { name: last(&input.name), sha256: input.sha256.clone() });
    ScenarioRecord {
        name: scenario.name.clone(),
        identity: checkpoint::identity(scenario),
        network: last(&scenario.network),
        inputs: inputs.collect(),
    }
}

fn run_record(scenario: &Scenario, result: &StudyResult) -> RunRecord {
    RunRecord {
        seed: scenario.plan.seed,
        replications_wanted: scenario.plan.replications,
        replications: result.replications_done,
        batch: batch::SIZE,
        batches: result.replications_done.div_ceil(batch::SIZE),
        complete: result.complete,
        converged: result.converged,
    }
}
