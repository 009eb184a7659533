//! The command line: what can be typed, and one module per command.
//!
//! Results go to stdout, everything else (warnings, progress, where files are) to stderr.
//! Exit codes: 0 done, 1 failure while running, 2 usage or input, 130 interrupted.

mod bench;
mod charts;
mod check;
mod compare;
mod completions;
mod explain;
mod firms;
mod gauge;
mod hindcast;
mod hindcast_charts;
mod hindcast_report;
mod network;
mod place;
mod progress;
mod rank;
mod report;
mod run;
mod scenarios;
mod schema;
mod sensitivity;
mod session;
mod shard;
mod terminal;
mod why;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use coercivity::error::Error;

/// What a command comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    Done,
    /// Stopped by Ctrl-C; what was finished is kept.
    Interrupted,
}

/// Why a command did not come to its end.
#[derive(Debug)]
enum Failure {
    /// Of the library.
    Library(Error),
    /// Of what was typed; one sentence and what to type instead.
    Usage(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// Simulator of rare-earth supply chains under export licensing: who stops, when, how surely, what is lost.
#[derive(Parser, Debug)]
#[command(name = "coercivity", version, max_term_width = 100, after_help = FIRST_STEPS)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const FIRST_STEPS: &str = "\
First steps:
  coercivity scenarios list                what is bundled
  coercivity run 2025-april-controls       tables here, files and charts in out/2025-april-controls/
  coercivity scenarios copy full-embargo   a file of your own to edit; then: coercivity run full-embargo.toml

Exit codes: 0 done · 1 failure while running · 2 usage or input · 130 interrupted (partial results kept)";

#[derive(Subcommand, Debug)]
enum Command {
    /// Simulate a scenario; print tables, write results and charts
    Run(run::Run),
    /// Find all problems of a scenario without running it
    Check(check::Check),
    /// Say which facilities, routes, tonnes and dates a scenario touches, and every number it uses
    Explain(explain::Explain),
    /// Run scenarios with the same luck and print the differences to the first
    Compare(compare::Compare),
    /// Replay one run and name, day by day, what bound a facility's output
    Why(why::Why),
    /// Compare the model with the record of 2025; calibrate it anew
    Hindcast(hindcast::Hindcast),
    /// List, show or copy the bundled scenarios
    #[command(subcommand)]
    Scenarios(scenarios::Scenarios),
    /// Show or export a network, or write a template for one's own
    #[command(subcommand)]
    Network(network::Network),
    /// Compute a study in parts, anywhere, and merge them to the same bytes
    #[command(subcommand)]
    Shard(shard::Shard),
    /// Rank facilities by what the loss of each costs, beside measures of the network
    Rank(rank::Rank),
    /// Find which uncertain inputs decide a result
    Sensitivity(sensitivity::Sensitivity),
    /// Time a standard suite on this machine
    Bench(bench::Bench),
    /// Networks of firms from plain tables: production over time, systemic risk, generation
    #[command(subcommand)]
    Firms(firms::Firms),
    /// Print the JSON schema of scenario files, for editors
    Schema,
    /// Print completions for a shell
    Completions(completions::Completions),
}

/// Runs the program.
pub fn main() -> ExitCode {
    terminal::report_bugs();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are results; a closed pipe behind them is nobody's fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome = match arguments.command {
        None => Ok(welcome()),
        Some(Command::Run(command)) => command.run(),
        Some(Command::Check(command)) => command.run(),
        Some(Command::Explain(command)) => command.run(),
        Some(Command::Compare(command)) => command.run(),
        Some(Command::Why(command)) => command.run(),
        Some(Command::Hindcast(command)) => command.run(),
        Some(Command::Scenarios(command)) => command.run(),
        Some(Command::Network(command)) => command.run(),
        Some(Command::Shard(command)) => command.run(),
        Some(Command::Rank(command)) => command.run(),
        Some(Command::Sensitivity(command)) => command.run(),
        Some(Command::Bench(command)) => command.run(),
        Some(Command::Firms(command)) => command.run(),
        Some(Command::Schema) => Ok(schema::run()),
        Some(Command::Completions(command)) => Ok(command.run()),
    };
    match outcome {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Err(Failure::Usage(message)) => {
            terminal::error(&message);
            ExitCode::from(2)
        }
        Err(Failure::Library(error)) => {
            match &error {
                Error::Input(diagnostics) => terminal::diagnostics(diagnostics),
                other => terminal::error(&other.to_string()),
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn welcome() -> Ending {
    terminal::print(&format!(
        "coercivity {}: a simulator of rare-earth supply chains under export licensing.\n\
         It answers: if shipments of rare earths and magnets must wait for licences, who stops, when,\n\
         how surely, and what is lost? The network of 2024 (mines to automakers) is inside the program.\n\n\
         {FIRST_STEPS}\n\n`coercivity --help` lists all commands.\n",
        env!("CARGO_PKG_VERSION")
    ));
    Ending::Done
}
