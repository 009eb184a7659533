//! `completions`: what a shell needs to complete commands.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Arguments, Ending, terminal};

/// Print completions for a shell.
#[derive(Args, Debug)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(self) -> Ending {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "coercivity", &mut text);
        terminal::print_bytes(&text);
        Ending::Done
    }
}
