//! Writes the tables of a sample as files: raw, synthetic input to try pipelines on. The one writer
//! of this crate that writes what no policy has seen, and for generated values alone.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::csv::WriterBuilder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use pseudo_arrow::sample::{self, Spec, Table};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::disk::{Disk, DiskFile};
use crate::progress::Progress;
use crate::{Error, Result};

/// The format of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Parquet, zstd level 1.
    Parquet,
    /// CSV with a header; NULL is the empty field.
    Csv,
}

/// Rows of one file.
const FILE_ROWS: u64 = 1 << 20;
/// Rows of one row group, and of one batch.
const GROUP_ROWS: u64 = 1 << 17;

/// The mode of the files: synthetic values are for everybody.
const PUBLIC: u32 = 0o666;

/// Writes every table of `spec` to `directory/<table>/part-*.<format>`; answers the number of rows.
///
/// # Errors
/// [`Error::Io`]: also when a file of that name is already there.
pub fn write(
    spec: &Spec,
    directory: &Path,
    format: Format,
    progress: &dyn Progress,
) -> Result<u64> {
    let disk = Disk::default();
    let rows = sample::ALL.iter().map(|table| table.rows(spec.scale)).sum();
    progress.begin(Some(rows));
    let mut files = Vec::new();
    for table in sample::ALL {
        disk.create_dir(&directory.join(table.name()))?;
        let rows = table.rows(spec.scale);
        for index in 0..rows.div_ceil(FILE_ROWS) {
            files.push((
                table,
                index,
                index * FILE_ROWS..rows.min((index + 1) * FILE_ROWS),
            ));
        }
    }
    files.par_iter().try_for_each(|(table, index, rows)| {
        let extension = match format {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
        };
        let path = directory
            .join(table.name())
            .join(format!("part-{index:05}.{extension}"));
        let file = disk.create(&path, PUBLIC)?;
        let batches = (rows.start..rows.end)
            .step_by(step(GROUP_ROWS))
            .map(|start| {
                let end = rows.end.min(start + GROUP_ROWS);
                progress.rows(end - start);
                table.batch(spec.seed, spec.scale, start..end)
            });
        let written = match format {
            Format::Parquet => parquet(file, *table, batches),
            Format::Csv => csv(file, batches),
        };
        written.map_err(Error::io("write", &path))
    })?;
    Ok(rows)
}

fn step(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

fn parquet(
    file: DiskFile,
    table: Table,
    batches: impl Iterator<Item = arrow::array::RecordBatch>,
) -> std::io::Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(step(GROUP_ROWS)))
        .build();
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&table.schema()), Some(properties))?;
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.into_inner()?.sync()
}

fn csv(
    file: DiskFile,
    batches: impl Iterator<Item = arrow::array::RecordBatch>,
) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let mut header = true;
    for batch in batches {
        let mut writer = WriterBuilder::new().with_header(header).build(&mut file);
        writer.write(&batch).map_err(std::io::Error::other)?;
        header = false;
    }
    file.flush()?;
    file.into_inner()?.sync()
}
