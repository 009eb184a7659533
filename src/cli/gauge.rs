//! Progress bars of commands that do not count runs, folders that must be new, and numbers typed within bounds.

use std::path::Path;
use std::time::Duration;

use coercivity::export::folder::{Standing, standing};
use indicatif::ProgressBar;
use rayon::ThreadPool;

use super::session::Means;
use super::{Failure, place, progress};

/// A progress bar with remaining time that counts `unit`; invisible unless stderr is a terminal.
pub fn bar(label: &str, unit: &str, wanted: u64, means: &Means) -> ProgressBar {
    let bar = progress::bar(label, wanted, means.silent());
    bar.set_style(progress::style(unit));
    bar
}

/// A pool of as many threads as were asked for.
pub fn pool(means: &Means) -> Result<ThreadPool, Failure> {
    pool_of(means.workers())
}

/// A pool of so many threads.
pub fn pool_of(threads: usize) -> Result<ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|problem| {
        Failure::Usage(format!(
            "{threads} threads cannot be had here ({problem}); ask for fewer with --threads"
        ))
    })
}

/// Refuses a folder that holds anything.
pub fn demand_new(folder: &Path) -> Result<(), Failure> {
    match standing(folder) {
        Standing::Nothing => place::writable(folder),
        _ if folder.is_dir() => Err(Failure::Usage(format!(
            "`{}` holds something and is not touched; name a new folder",
            folder.display()
        ))),
        _ => Err(place::foreign(folder)),
    }
}

/// Seconds to three digits.
pub fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// A share as typed: 0 to 1.
pub fn share(text: &str) -> Result<f64, String> {
    within(text, 0.0, 1.0)
}

/// A positive number as typed.
pub fn positive(text: &str) -> Result<f64, String> {
    let value = within(text, 0.0, 1e12)?;
    if value > 0.0 { Ok(value) } else { Err("must be above 0".to_owned()) }
}

fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("a number from {least} to {most} is needed"))?;
    if value >= least && value <= most {
        Ok(value)
    } else {
        Err(format!("a number from {least} to {most} is needed"))
    }
}
