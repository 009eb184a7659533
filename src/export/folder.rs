//! Writing so that no reader ever sees half of it.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::manifest::{FileDigest, MANIFEST, Manifest};
use crate::error::Error;
use crate::scenario::hexadecimal;

/// Writes a file to a temporary name beside it, then renames.
///
/// # Errors
/// [`Error::File`] as the operating system says; the file that stood there before is then untouched.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temporary = beside(path, ".partial");
    let failed = |source| Error::File { path: path.display().to_string(), source };
    let written = std::fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        // The rename must not reach the disk before the bytes do.
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&temporary, path)).map_err(|source| {
        let _ = std::fs::remove_file(&temporary);
        failed(source)
    })
}

/// The path with something added to its last part.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(|| OsString::from("results"), OsString::from);
    name.push(suffix);
    path.with_file_name(name)
}

/// What stands at a place where results shall go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing, or an empty folder.
    Nothing,
    /// Results of this program.
    Results,
    /// An interrupted run to go on from: [`CHECKPOINT`].
    Unfinished,
    /// Something else, never to be replaced.
    Foreign,
}

/// Name of the file an interrupted run leaves in its folder.
pub const CHECKPOINT: &str = "checkpoint.bin";

/// What stands at `path`.
#[must_use]
pub fn standing(path: &Path) -> Standing {
    let has = |name: &str| path.join(name).is_file();
    if path.symlink_metadata().is_err() {
        return Standing::Nothing;
    }
    match std::fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Standing::Nothing,
        Ok(false) if has(CHECKPOINT) => Standing::Unfinished,
        Ok(false) if has(MANIFEST) && Manifest::is_one(&path.join(MANIFEST)) => Standing::Results,
        _ => Standing::Foreign,
    }
}

/// A folder of results being written.
#[derive(Debug)]
pub struct Folder {
    target: PathBuf,
    partial: PathBuf,
    files: Vec<FileDigest>,
    finished: bool,
    /// Folders above it that were not there before, the innermost first.
    above: Vec<PathBuf>,
}

impl Folder {
    /// Opens a folder that shall stand at `target`; nothing is changed there before [`Self::finish`].
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be made, or has no name.
    pub fn create(target: &Path) -> Result<Self, Error> {
        if target.file_name().is_none() {
            // `.`, `..` and `/` cannot be replaced by what was written beside them.
            let source = std::io::Error::other("results need a folder of their own");
            return Err(Error::File { path: target.display().to_string(), source });
        }
        let partial = beside(target, ".partial");
        let failed = |source| Error::File { path: partial.display().to_string(), source };
        match std::fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let above = target.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
        let above = above.take_while(|path| !path.exists()).map(Path::to_owned).collect();
        // Dropped where the folder itself cannot be made, it takes those above it away again.
        let folder = Self { target: target.to_owned(), partial, files: Vec::new(), finished: false, above };
        std::fs::create_dir_all(&folder.partial)
            .map_err(|source| Error::File { path: folder.partial.display().to_string(), source })?;
        Ok(folder)
    }

    /// Writes a file; `name` may contain folders, separated by `/`.
    ///
    /// # Errors
    /// [`Error::File`] as the operating system says.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.partial.join(name);
        let failed = |source| Error::File { path: path.display().to_string(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, bytes).map_err(failed)?;
        self.files.push(FileDigest { name: name.to_owned(), sha256: hexadecimal(&Sha256::digest(bytes)) });
        Ok(())
    }

    /// Writes the manifest with the digests of all files, and moves the folder into place. Results that
    /// stand there are replaced.
    ///
    /// # Errors
    /// [`Error::File`] as the operating system says, or when something stands there that is not ours.
    pub fn finish(mut self, mut manifest: Manifest) -> Result<(), Error> {
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        manifest.files = std::mem::take(&mut self.files);
        let failed = |path: &Path, source| Error::File { path: path.display().to_string(), source };
        let path = self.partial.join(MANIFEST);
        std::fs::write(&path, manifest.to_json()).map_err(|source| failed(&path, source))?;
        let old = beside(&self.target, ".replaced");
        match standing(&self.target) {
            Standing::Foreign => {
                let source = std::io::Error::other("something else stands there; it was not touched");
                return Err(failed(&self.target, source));
            }
            Standing::Nothing => {
                // An empty folder may be in the way of a rename on some systems.
                let _ = std::fs::remove_dir(&self.target);
                std::fs::rename(&self.partial, &self.target)
                    .map_err(|source| failed(&self.target, source))?;
            }
            Standing::Results | Standing::Unfinished => {
                let _ = std::fs::remove_dir_all(&old);
                std::fs::rename(&self.target, &old).map_err(|source| failed(&self.target, source))?;
                if let Err(source) = std::fs::rename(&self.partial, &self.target) {
                    let _ = std::fs::rename(&old, &self.target);
                    return Err(failed(&self.target, source));
                }
                let _ = std::fs::remove_dir_all(&old);
            }
        }
        self.finished = true;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_dir_all(&self.partial);
            // Where something else came to stand in the meantime they are not empty and stay.
            self.above.iter().for_each(|folder| drop(std::fs::remove_dir(folder)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::example()
    }

    #[test]
    fn results_appear_whole_and_replace_only_results() {
        let place = tempfile::tempdir().expect("a folder");
        let target = place.path().join("deep/er/run");
        assert_eq!(standing(&target), Standing::Nothing);
        let mut folder = Folder::create(&target).expect("created");
        folder.write("charts/a.svg", b"<svg/>").expect("written");
        assert_eq!(standing(&target), Standing::Nothing, "nothing before the end");
        folder.finish(manifest()).expect("finished");
        assert_eq!(standing(&target), Standing::Results);
        assert_eq!(std::fs::read(target.join("charts/a.svg")).expect("there"), b"<svg/>");

        let mut folder = Folder::create(&target).expect("created");
        folder.write("b.txt", b"b").expect("written");
        folder.finish(manifest()).expect("replaced");
        assert!(!target.join("charts").exists() && target.join("b.txt").exists());

        let foreign = place.path().join("home");
        std::fs::create_dir(&foreign).expect("made");
        std::fs::write(foreign.join("manifest.json"), b"{\"mine\": true}").expect("written");
        assert_eq!(standing(&foreign), Standing::Foreign);
        let folder = Folder::create(&foreign).expect("created");
        assert!(folder.finish(manifest()).is_err());
        assert_eq!(std::fs::read(foreign.join("manifest.json")).expect("untouched"), b"{\"mine\": true}");
        assert!(!place.path().join("home.partial").exists(), "cleaned up");
    }

    #[test]
    fn files_are_replaced_at_once() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("x");
        write_file(&path, b"1").expect("written");
        write_file(&path, b"2").expect("replaced");
        assert_eq!(std::fs::read(&path).expect("there"), b"2");
        assert_eq!(std::fs::read_dir(place.path()).expect("listed").count(), 1);
        assert!(write_file(&place.path().join("no/such/x"), b"3").is_err());
    }
}
