//! `pseudo sample`: synthetic tables to try pipelines on.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use pseudo_arrow::sample::Spec;

use crate::message::{Failure, Screen};
use crate::progress::Meter;
use crate::table::thousands;

/// Write synthetic tables to try pipelines on
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo sample incident --scale 0.01 data/raw")]
pub(crate) struct Sample {
    #[command(subcommand)]
    dataset: Dataset,
}

#[derive(Debug, Subcommand)]
enum Dataset {
    Incident(Incident),
}

/// Write seven tables in the shape of a car maker's leaked customer data
///
/// The values are as dirty as real ones and belong to nobody. The same seed and scale give the same
/// rows on every machine. Files that exist are not overwritten.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo sample incident --scale 0.01 data/raw")]
struct Incident {
    /// The directory to write to, one subdirectory per table
    out: PathBuf,
    /// Size, relative to 4.85 million users
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Where the random values start
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// The format of the files
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Parquet
    #[default]
    Parquet,
    /// CSV with a header line
    Csv,
}

impl Sample {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        match self.dataset {
            Dataset::Incident(args) => args.run(screen),
        }
    }
}

impl Incident {
    fn run(self, screen: Screen) -> Result<(), Failure> {
        let name = format!("sample:incident?scale={}&seed={}", self.scale, self.seed);
        let spec = Spec::parse(&name).map_err(|error| Failure::usage(error.to_string()))?;
        let format = match self.format {
            Format::Parquet => pseudo_engine::sample::Format::Parquet,
            Format::Csv => pseudo_engine::sample::Format::Csv,
        };
        let meter = Meter::new(screen);
        let rows = pseudo_engine::sample::write(&spec, &self.out, format, &meter);
        meter.finish();
        let rows = thousands(rows?);
        screen.note(&format!("{rows} synthetic rows in {}", self.out.display()));
        Ok(())
    }
}
