//! The `pseudo` binary: arguments, messages, exit codes.
//!
//! Invariants: data goes to standard output and everything else to standard error; a run that fails
//! says that nothing was published and what is still current; a reader that goes away is no
//! failure.
//!
//! Reading order: `harden` is what is done first, `args` is what can be asked, `commands` has one
//! file per verb, `message` is the one place that speaks of failures and knows the exit codes,
//! `progress` and `table` are how work and answers look, `record` is what a run tells machines,
//! `signals` is how a run is stopped, `unlock` is how a keyring is found and unlocked, `access` is
//! what providers of secrets need, `guarded` what reveal and lookup share.

mod access;
mod args;
mod commands;
mod guarded;
mod harden;
mod message;
mod progress;
mod record;
mod report;
mod signals;
mod table;
mod unlock;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::message::{Failure, Screen};

fn main() -> ExitCode {
    harden::process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return message::usage(&error),
    };
    let screen = Screen::new(&cli.global);
    message::log(&cli.global);
    message::catch_panics(screen);
    let done = message::guard(|| commands::run(cli.command, screen));
    done.map_or_else(
        |failure: Failure| screen.report(&failure),
        |()| ExitCode::SUCCESS,
    )
}
