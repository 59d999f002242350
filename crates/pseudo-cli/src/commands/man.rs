//! `pseudo man`: manual pages, made from the same texts as the help.

use clap::{Args, CommandFactory};

use crate::args::Cli;
use crate::message::{self, Failure};

/// Write the manual page of the program or of a verb
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo man run")]
pub(crate) struct Man {
    /// The verb, `keys new` for instance; the program itself when absent
    verb: Vec<String>,
}

impl Man {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut root = Cli::command();
        // Tells every verb its full name.
        root.build();
        let mut command = &root;
        for word in &self.verb {
            let found = command.find_subcommand(word);
            command = found.ok_or_else(|| Failure::usage(format!("there is no verb `{word}`")))?;
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone())
            .render(&mut page)
            .map_err(Failure::Output)?;
        message::print_bytes(&page)
    }
}
