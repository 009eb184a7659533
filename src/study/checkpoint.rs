//! A study cut short, as a file to go on from.
//!
//! ```text
//! "COERCHK" version(1)   SHA-256 of the rest   length (8 bytes, little-endian) and text of a header
//! the summary of the prefix (see [`crate::summary::bytes`])
//! ```

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::export::folder::write_file;
use crate::scenario::Scenario;
use crate::summary::{Design, Summary};

const MAGIC: &[u8; 8] = b"COERCHK\x01";
/// Larger files are no checkpoints.
const LARGEST: u64 = 16 << 30;

/// Digest of everything that decides the outcome of a replication: the scenario without the number of
/// replications, as more of the same may be added later.
#[must_use]
pub fn identity(scenario: &Scenario) -> String {
    let mut same = scenario.clone();
    same.plan.replications = 0;
    same.plan.converge = None;
    same.digest()
}

/// Whose replications a stored summary holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Version of the program.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of the scenario, see [`identity`].
    pub identity: String,
    /// Seed.
    pub seed: u64,
    /// First replication.
    pub first: u64,
    /// One past the last replication.
    pub end: u64,
    /// Replications of the whole study.
    pub of: u64,
}

/// A stored prefix, or a stored portion (a shard).
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint {
    /// Whose.
    pub header: Header,
    /// The replications.
    pub summary: Summary,
}

impl Header {
    /// Describes the replications of `scenario` in `summary`, the first of which is `first`.
    #[must_use]
    pub fn of(scenario: &Scenario, first: u64, summary: &Summary) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.name.clone(),
            identity: identity(scenario),
            seed: scenario.plan.seed,
            first,
            end: first + summary.count(),
            of: scenario.plan.replications,
        }
    }
}

impl Checkpoint {
    /// Describes the replications of `scenario` in `summary`, the first of which is `first`.
    #[must_use]
    pub fn new(scenario: &Scenario, first: u64, summary: Summary) -> Self {
        Self { header: Header::of(scenario, first, &summary), summary }
    }

    /// Writes the file: to another name first, then renamed, so that no reader ever sees half of it.
    ///
    /// # Errors
    /// [`Error::File`] as the operating system says.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        write_file(path, &to_bytes(&self.header, &self.summary))
    }
}

/// The bytes of a checkpoint's file. The summary is borrowed, as that of a long run is most of the memory
/// there is.
#[must_use]
pub fn to_bytes(header: &Header, summary: &Summary) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let checksum = bytes.len()..bytes.len() + 32;
    bytes.resize(checksum.end, 0);
    // A header of texts and integers always has a JSON form.
    let header = serde_json::to_vec(header).unwrap_or_default();
    bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&summary.to_bytes());
    let digest = Sha256::digest(&bytes[checksum.end..]);
    bytes[checksum].copy_from_slice(&digest);
    bytes
}

/// A file read and found whole; whether it belongs here is asked with [`Stored::of`].
#[derive(Clone, Debug)]
pub struct Stored {
    path: String,
    /// Whose replications.
    pub header: Header,
    summary: Vec<u8>,
}

/// Reads a checkpoint or shard.
///
/// # Errors
/// [`Error::File`] when it cannot be read, [`Error::Result`] when it is none, is damaged, or was written by
/// another version of the program.
pub fn load(path: &Path) -> Result<Stored, Error> {
    let shown = path.display().to_string();
    let failed = |source| Error::File { path: shown.clone(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(Error::Result {
            path: shown,
            problem: "this is not a file of stored replications".to_owned(),
        });
    }
    let mut file = std::fs::File::open(path).map_err(failed)?;
    // A large file of another kind is refused before it fills the memory.
    let mut bytes = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.starts_with(&MAGIC[..7]) {
        file.take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
    }
    parse(&shown, &bytes)
}

/// Reads the bytes of a checkpoint or shard; `path` is what messages call it.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &str, bytes: &[u8]) -> Result<Stored, Error> {
    let refuse = |problem: &str| Err(Error::Result { path: path.to_owned(), problem: problem.to_owned() });
    let Some(rest) = bytes.strip_prefix(&MAGIC[..7]) else {
        return refuse("this is not a file of stored replications");
    };
    let Some((&version, rest)) = rest.split_first() else { return refuse("it is cut off") };
    if version != MAGIC[7] {
        return refuse("it was written by another version of the program");
    }
    let Some((checksum, body)) = rest.split_first_chunk::<32>() else { return refuse("it is cut off") };
    if Sha256::digest(body).as_slice() != checksum {
        return refuse("it is damaged or cut off: its checksum does not match");
    }
    let header = body.split_first_chunk::<8>().and_then(|(length, rest)| {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (header, summary) = rest.split_at_checked(length)?;
        Some((serde_json::from_slice::<Header>(header).ok()?, summary.to_vec()))
    });
    let Some((header, summary)) = header else { return refuse("its header cannot be read") };
    if header.version != env!("CARGO_PKG_VERSION") {
        return refuse(&format!(
            "it was written by version {} of the program, this is {}",
            header.version,
            env!("CARGO_PKG_VERSION")
        ));
    }
    Ok(Stored { path: path.to_owned(), header, summary })
}

impl Stored {
    /// The replications, if they are of this scenario.
    ///
    /// # Errors
    /// [`Error::Result`] when they are of another scenario, seed, parameter or network, or contradict the
    /// header.
    pub fn of(self, scenario: &Scenario, design: &Arc<Design>) -> Result<Checkpoint, Error> {
        let Self { path, header, summary } = self;
        let refuse = |problem: String| Error::Result { path: path.clone(), problem };
        if header.identity != identity(scenario) {
            let what = if header.scenario != scenario.name {
                format!("it holds scenario `{}`, this run is `{}`", header.scenario, scenario.name)
            } else if header.seed != scenario.plan.seed {
                format!("it was made with seed {}, this run has seed {}", header.seed, scenario.plan.seed)
            } else {
                format!("scenario `{}` or its network has changed since it was written", scenario.name)
            };
            return Err(refuse(what));
        }
        let summary = Summary::from_bytes(&summary, design.clone()).map_err(refuse)?;
        let expected = header.first..header.end;
        if !summary.replications().into_iter().eq(expected) {
            return Err(refuse("its replications are not those its header names".to_owned()));
        }
        Ok(Checkpoint { header, summary })
    }
}
