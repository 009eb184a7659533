//! The pipeline: open a scenario, compile it, run 64 replications, read the answer.
//! `cargo run --release --example quickstart`

use std::error::Error;
use std::fmt::Write as _;

use coercivity::kernel::Kernel;
use coercivity::scenario::Scenario;
use coercivity::scenario::calendar::date_text;
use coercivity::study::reading::Reading;
use coercivity::study::{self, Options};

/// What the README quotes.
///
/// # Errors
/// Whatever the library refuses.
pub fn headlines() -> Result<String, Box<dyn Error>> {
    let (mut scenario, _warnings) = Scenario::bundled("2025-april-controls")?;
    scenario.plan.replications = 64;
    let kernel = Kernel::compile(&scenario);

    // Two threads; no result depends on their number.
    let options = Options::of_plan(&scenario, kernel.design(), 2)?;
    let result = study::run(&kernel, &options, &|_| {}, &|| false, None)?;
    let reading = Reading::of(&scenario, &result.summary);

    let mut text = format!("{}: {} runs, seed {}\n", scenario.title, reading.runs, scenario.plan.seed);
    if let Some(lost) = reading.lost {
        let [mean, low, high, q05, q95] =
            [lost.mean, lost.mean_ci.0, lost.mean_ci.1, lost.q05, lost.q95].map(|n| n / 1e6);
        writeln!(
            text,
            "vehicles not built: {mean:.2} million (95 % confidence of the mean {low:.2} to {high:.2})"
        )?;
        writeln!(text, "    in 9 of 10 runs {q05:.2} to {q95:.2} million")?;
    }
    if let Some(stop) = reading.any_stop {
        let [share, low, high] = [stop.estimate, stop.low, stop.high].map(|n| 100.0 * n);
        writeln!(text, "an automaker stops in {share:.0} % of runs (95 % confidence {low:.0} to {high:.0})")?;
    }
    if let Some(dates) = reading.first_stop {
        #[allow(clippy::cast_possible_truncation)] // days since 1970
        let [first, _, middle, _, last] = dates.map(|day| date_text(day.round() as i32));
        writeln!(text, "first stop: {middle} in the middle run; in 9 of 10 runs {first} to {last}")?;
    }
    if let Some((month, share)) = reading.exports_trough() {
        writeln!(
            text,
            "magnet exports are lowest in the month of {}: {:.0} % of calm",
            date_text(month.day),
            100.0 * share
        )?;
    }
    Ok(text)
}

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", headlines()?);
    Ok(())
}
