//! Plays the thief: what somebody who holds a published run, and maybe the raw source too, could do
//! with it. No key is needed, and no value that is found leaves this module: counts alone.
//!
//! Reading order: `report` (what is told) · `stolen` and `raw` (what the thief has) ·
//! `dictionary` with `decode`, `space`, `hash`, `targets` and `recover` (unkeyed hashes) ·
//! `fingerprint` (rows as numbers) · `alone` with `view` and `search` (who can be singled out) ·
//! `linkage` (who stands in the raw source, too) · `order` (what the places of rows tell) ·
//! `frequency` (what counts tell).
//!
//! Rows are compared by fingerprints of 64 bits; among ten million rows two different ones are
//! taken for the same with a probability of 3 in a million.

mod alone;
mod decode;
mod dictionary;
mod fingerprint;
mod frequency;
mod hash;
mod linkage;
mod order;
mod raw;
mod recover;
mod report;
mod search;
mod space;
mod stolen;
mod targets;
mod view;

use std::path::Path;

pub use self::report::{
    AttackReport, ColumnFrequency, Dictionary, Identified, OrderLeak, Recovered, SetAlone,
    SetLinked, TableLinkage, Target, Trial, ViewAlone,
};
pub use self::space::Spaces;
use self::stolen::Stolen;
use crate::progress::{Progress, Silent};
use crate::scan::{ScanOptions, scan};
use crate::{Cancel, Error, Result};

/// The format of an [`AttackReport`].
pub const FORMAT: &str = "pseudo-attack/1";

/// How to attack.
pub struct AttackOptions<'a> {
    /// A folder of the raw tables, if the thief has that too.
    pub source: Option<&'a Path>,
    /// The tables that are attacked; all of them where there is none.
    pub tables: &'a [String],
    /// Candidates of one dictionary in one spelling that are tried, at most.
    pub guesses: u64,
    /// Whether all candidates are tried, however many there are.
    pub exhaustive: bool,
    /// Which candidates there are.
    pub spaces: &'a Spaces,
    /// Bytes that rows may take while they are compared.
    pub memory_bytes_max: u64,
    /// Worker threads; one per core where absent.
    pub threads: Option<usize>,
    /// Who is told of rows and candidates that are done.
    pub progress: &'a dyn Progress,
    /// What stops it.
    pub cancel: &'a Cancel,
}

/// Attacks the current run of `sink`.
///
/// # Errors
/// [`Error::Io`], [`Error::Manifest`] and [`Error::Source`] when run or source cannot be read,
/// [`Error::Unfit`] for a table that the run does not have, [`Error::Cancelled`].
pub fn attack(sink: &Path, options: &AttackOptions<'_>) -> Result<AttackReport> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.unwrap_or(0))
        .build();
    let pool = pool.map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    pool.install(|| with(sink, options))
}

fn with(sink: &Path, options: &AttackOptions<'_>) -> Result<AttackReport> {
    let stolen = Stolen::open(sink, options.tables)?;
    let raw = options
        .source
        .map(|folder| raw::Raw::open(folder, &stolen))
        .transpose()?;
    let mut report = AttackReport {
        format: FORMAT.to_owned(),
        run_id: stolen.run_id.clone(),
        with_source: raw.is_some(),
        ..AttackReport::default()
    };
    options.progress.begin(None);
    options.progress.phase("identifiers");
    identify(&stolen, &mut report)?;
    options.cancel.check()?;
    options.progress.phase("people");
    report.singled_out = alone::attack(&stolen, options)?;
    options.cancel.check()?;
    options.progress.phase("counts");
    report.frequencies = frequency::attack(&stolen, raw.as_ref(), options)?;
    options.cancel.check()?;
    options.progress.phase("order");
    report.order = order::sorted_columns(&stolen, options)?;
    if let Some(raw) = &raw {
        options.progress.phase("source");
        linkage::attack(&stolen, raw, options, &mut report)?;
    }
    options.cancel.check()?;
    options.progress.phase("guesses");
    dictionary::attack(&stolen, raw.as_ref(), options, &mut report)?;
    report.sentence = report.conclude();
    Ok(report)
}

/// Looks for values that are identifiers as they stand, as `scan` does.
fn identify(stolen: &Stolen, report: &mut AttackReport) -> Result<()> {
    let folders: Vec<_> = stolen.folders().collect();
    let options = ScanOptions {
        sample: None,
        skip: &[],
        threads: None,
        progress: &Silent,
    };
    let scanned = scan(&folders, &options)?;
    report.unread_files = scanned.unread().count() as u64;
    for (file, finding) in scanned.findings() {
        report.identified.push(Identified {
            file: file.path.clone(),
            place: finding.place.name().to_owned(),
            column: finding.column.clone(),
            kind: finding.kind.name().to_owned(),
            certainty: finding.certainty.name().to_owned(),
            values: finding.values,
            rows: finding.rows,
        });
    }
    Ok(())
}
