//! Places for results: refused before the work whose results they would hold.

use std::path::Path;

use coercivity::error::Error;
use coercivity::export::folder::{Folder, Standing, standing};

use super::Failure;

/// Says that what stands at `target` is not ours to replace.
pub fn foreign(target: &Path) -> Failure {
    let what =
        if target.is_dir() { "holds something else than results of this program" } else { "is no folder" };
    let shown = target.display();
    Failure::Usage(format!("`{shown}` {what} and is never replaced; choose another place with --out"))
}

/// Demands that results can be written to `target`, and that nothing stands there or that it may be replaced.
pub fn free(target: &Path, force: bool) -> Result<(), Failure> {
    match (standing(target), force) {
        (Standing::Foreign, _) => Err(foreign(target)),
        (Standing::Results | Standing::Unfinished, false) => Err(Failure::Usage(format!(
            "`{}` holds results; replace them with --force or choose another place with --out",
            target.display()
        ))),
        _ => writable(target),
    }
}

/// Demands that a folder can be made at `target`: after hours of work is too late to find out.
pub fn writable(target: &Path) -> Result<(), Failure> {
    match Folder::create(target) {
        // Dropped unfinished, it leaves nothing behind.
        Ok(_) => Ok(()),
        Err(Error::File { source, .. }) => Err(Failure::Usage(format!(
            "results cannot be written to `{}`: {source}; choose another place with --out",
            target.display()
        ))),
        Err(other) => Err(other.into()),
    }
}
