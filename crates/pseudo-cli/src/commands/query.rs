//! `pseudo query`: SQL over the current run.

use std::io::{BufWriter, stdout};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::message::Failure;

/// Ask the current run of a sink in SQL
///
/// Every table of the run is a table of the query. Nothing can be changed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo query data/safe \"SELECT count(*) FROM users\"")]
pub(crate) struct Query {
    /// The directory that runs are published in
    sink: PathBuf,
    /// One SELECT statement
    sql: String,
    /// How the answer is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Aligned columns
    #[default]
    Table,
    /// RFC 4180 with a header line
    Csv,
    /// One object per line
    Json,
}

impl Query {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let format = match self.format {
            _ if self.json => pseudo_query::Format::Json,
            Format::Table => pseudo_query::Format::Table,
            Format::Csv => pseudo_query::Format::Csv,
            Format::Json => pseudo_query::Format::Json,
        };
        let mut out = BufWriter::new(stdout().lock());
        pseudo_query::query(&self.sink, &self.sql, format, &mut out)?;
        Ok(())
    }
}
