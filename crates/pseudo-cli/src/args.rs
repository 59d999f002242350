//! What can be asked: the doc comments are the help.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    attack, audit, check, completions, forget, init, keys, lookup, man, query, rekey, reveal, run,
    sample, scan, verify,
};

/// Pseudonymize tables by policy, and prove it
///
/// A pipeline file says where tables come from, what happens to each of their columns, and where
/// the result goes. A run is published whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "pseudo", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Init),
    Check(check::Check),
    Run(run::Run),
    Verify(verify::Verify),
    Scan(scan::Scan),
    Attack(attack::Attack),
    Query(query::Query),
    Reveal(reveal::Reveal),
    Lookup(lookup::Lookup),
    Keys(keys::Keys),
    Rekey(rekey::Rekey),
    Forget(forget::Forget),
    Audit(audit::Audit),
    Sample(sample::Sample),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Options that every verb takes.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Messages")]
pub(crate) struct Global {
    /// How messages are written to standard error
    #[arg(
        long,
        value_name = "FORMAT",
        global = true,
        value_enum,
        default_value_t
    )]
    pub(crate) log_format: LogFormat,
    /// Tell more; twice for every detail
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Tell nothing but warnings and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For a person
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    failed while running, or stopped by a signal
  2    usage, pipeline file, schema or keyring
  3    privacy: what was written may not be published, what is asked for may not be revealed, or
       `scan --fail-on` or `attack` found what should not be there
  4    data quality: `[limits]`, counts, or an invalid value under `on_invalid = \"fail\"`
  75   try again later
  255  a bug in this program

A run that fails says so, and which run is current.";
