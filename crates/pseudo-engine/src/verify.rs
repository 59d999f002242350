//! What was written, read back before it is published: every file's rows, schema and metadata
//! against the manifest and the plan.

use std::fs::File;
use std::path::Path;

use arrow::datatypes::Schema;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::manifest::{Manifest, OutputManifest};
use crate::plan::Job;
use crate::sink::parquet_schema;
use crate::{Error, Result};

/// Checks the staged files of `manifest` below `directory`.
///
/// # Errors
/// [`Error::Verify`] with the first file that is not what the plan says.
pub(crate) fn staged(directory: &Path, manifest: &Manifest, job: &Job) -> Result<()> {
    for (table, bound) in manifest.tables.iter().zip(&job.tables) {
        let schema = bound.plan.output_schema();
        table
            .outputs
            .par_iter()
            .try_for_each(|output| file(directory, output, &schema))?;
    }
    Ok(())
}

/// Whether every file of `manifest` is below `directory` in its recorded size.
pub(crate) fn present(directory: &Path, manifest: &Manifest) -> bool {
    manifest
        .tables
        .iter()
        .flat_map(|table| &table.outputs)
        .all(|output| {
            let is_there = |path: &str, bytes: u64| {
                let metadata = std::fs::metadata(directory.join(path));
                metadata.is_ok_and(|metadata| metadata.len() == bytes)
            };
            let record = output.quarantine.as_ref();
            is_there(&output.path, output.bytes)
                && record.is_none_or(|record| is_there(&record.path, record.bytes))
        })
}

fn file(directory: &Path, output: &OutputManifest, schema: &Schema) -> Result<()> {
    let path = directory.join(&output.path);
    let fault = |fault: &str| {
        Err(Error::Verify {
            file: output.path.clone(),
            fault: fault.to_owned(),
        })
    };
    let file = File::open(&path).map_err(Error::io("read", &path))?;
    if file.metadata().map_err(Error::io("read", &path))?.len() != output.bytes {
        return fault("not of the size that was written");
    }
    let Ok(metadata) = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()) else {
        return fault("cannot be read back");
    };
    let metadata = metadata.metadata().file_metadata();
    if u64::try_from(metadata.num_rows()).ok() != Some(output.rows) {
        return fault("rows are missing or too many");
    }
    if metadata
        .key_value_metadata()
        .is_some_and(|pairs| !pairs.is_empty())
    {
        return fault("holds key-value metadata");
    }
    match parquet_schema(schema) {
        Ok(planned) if planned.root_schema() == metadata.schema_descr().root_schema() => Ok(()),
        _ => fault("has another schema than planned"),
    }
}
