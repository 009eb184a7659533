//! A study in parts, computed anywhere, merged to the same bytes.
//!
//! A shard is a contiguous range of batches in the file format of a [`checkpoint`](super::checkpoint).
//! Merging refuses parts of other studies, gaps and overlaps by the name of the file; a part given twice
//! counts once.

use std::sync::Arc;

use super::checkpoint::{Checkpoint, Stored};
use crate::error::Error;
use crate::scenario::Scenario;
use crate::summary::{Design, Summary};

/// Name of the file of part `index` (from 1) of `of`: ascending names are ascending parts.
#[must_use]
pub fn file_name(scenario: &str, index: u64, of: u64) -> String {
    let width = of.to_string().len();
    format!("{scenario}-{index:0width$}-of-{of}.shard")
}

/// Adds up parts of one study, in any order. Gives the whole study's summary.
///
/// # Errors
/// [`Error::Result`] naming the first part that is of another study, overlaps another or lies behind a gap.
pub fn merge(
    parts: Vec<(String, Stored)>,
    scenario: &Scenario,
    design: &Arc<Design>,
) -> Result<Summary, Error> {
    let mut read: Vec<(String, Checkpoint)> = Vec::with_capacity(parts.len());
    for (path, stored) in parts {
        if stored.header.of != scenario.plan.replications {
            let problem = format!(
                "it is part of a study of {} replications, this one has {}",
                stored.header.of, scenario.plan.replications
            );
            return Err(Error::Result { path, problem });
        }
        let part = stored.of(scenario, design)?;
        read.push((path, part));
    }
    read.sort_by_key(|(_, part)| (part.header.first, part.header.end));
    let mut whole = Summary::new(design.clone());
    let mut last: Option<&(String, Checkpoint)> = None;
    let mut at = 0;
    for entry in &read {
        let (path, part) = entry;
        let refuse = |problem: String| Err(Error::Result { path: path.clone(), problem });
        let (first, end) = (part.header.first, part.header.end);
        if first == end {
            continue;
        }
        if let Some((other, before)) = last
            && first < at
        {
            if before.header == part.header && before.summary == part.summary {
                continue;
            }
            return refuse(format!("its replications {first} to {} are also in {other}", at.min(end) - 1));
        }
        if first > at {
            return refuse(format!("replications {at} to {} are in no part before it", first - 1));
        }
        if whole.merge(part.summary.clone()).is_err() {
            return refuse("it counts other metrics or series".to_owned());
        }
        at = end;
        last = Some(entry);
    }
    if at < scenario.plan.replications {
        let path = last.map_or_else(|| "the parts".to_owned(), |(path, _)| path.clone());
        let problem = format!("replications {at} to {} are in no part", scenario.plan.replications - 1);
        return Err(Error::Result { path, problem });
    }
    Ok(whole)
}
