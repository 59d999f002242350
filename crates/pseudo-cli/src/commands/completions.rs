//! `pseudo completions`: what a shell needs to complete our arguments.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::message::{self, Failure};

/// Write completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo completions bash")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // Into memory first: the generator panics when its writer fails.
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "pseudo", &mut text);
        message::print_bytes(&text)
    }
}
