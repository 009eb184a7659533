//! `schema`: the JSON schema of scenario files.

use super::{Ending, terminal};

/// Runs the command.
pub fn run() -> Ending {
    terminal::print(coercivity::scenario::bundled::SCHEMA);
    Ending::Done
}
