//! Progress with remaining time, and Ctrl-C.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::terminal;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C asks workers to finish what they are at, the second ends the program at once.
pub fn catch_interrupts() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        terminal::note("\nStopping after the runs under way (Ctrl-C again: at once).");
    };
    // Where the system has no signals the program runs without.
    let _ = ctrlc::set_handler(handler);
}

/// Whether Ctrl-C was typed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A progress bar on stderr; invisible unless that is a terminal and people want it.
pub fn bar(label: &str, wanted: u64, quiet: bool) -> ProgressBar {
    let visible = !quiet && std::io::stderr().is_terminal();
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(wanted), target);
    bar.set_style(style("runs"));
    bar.set_prefix(label.to_owned());
    bar
}

/// A line of at most 80 columns, with the longest names and numbers that there are.
pub fn style(what: &str) -> ProgressStyle {
    let form =
        format!("{{prefix:.27}} [{{bar:12}}] {{human_pos}}/{{human_len}} {what}, {{rate}}, {{eta}} left");
    ProgressStyle::with_template(&form)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, to: &mut dyn std::fmt::Write| {
            let _ = write!(to, "{}/s", super::words::number(state.per_sec()));
        })
        .progress_chars("=> ")
}
