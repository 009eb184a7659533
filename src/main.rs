//! The `coercivity` program: parse, run, exit code.

mod cli;

/// Rows of numbers are one cache line each.
#[global_allocator]
static MEMORY: coercivity::machine::OnLines = coercivity::machine::OnLines;

fn main() -> std::process::ExitCode {
    cli::main()
}
