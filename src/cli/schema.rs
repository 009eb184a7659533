//! `schema`: the JSON schema of scenario files.

use super::{Ending, Failure, terminal};

/// Runs the command.
pub fn run() -> Result<Ending, Failure> {
    terminal::print(coercivity::scenario::bundled::SCHEMA);
    Ok(Ending::Done)
}
