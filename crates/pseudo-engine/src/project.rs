//! A plan at work: one kernel per output column, over the rows of one chunk, into one staged file.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use pseudo_arrow::{Error as KernelError, Kernel, Outcome};
use pseudo_policy::{Order, PlannedColumn};
use pseudo_token::ShuffleKey;
use sha2::{Digest, Sha256};

use crate::chunk::Chunk;
use crate::inputs::Inputs;
use crate::kernels::{self, Context};
use crate::manifest::OutputManifest;
use crate::plan::TableJob;
use crate::sink::Sink;
use crate::source::{Slice, SourceFile, hex};
use crate::staging::Staging;
use crate::{Error, Result, order};

/// Works through chunks of one table, from any thread.
pub(crate) struct Projector<'a> {
    bound: &'a TableJob,
    columns: Vec<Column>,
    schema: Arc<Schema>,
    shuffle: Option<ShuffleKey>,
    sink: Sink,
}

struct Column {
    source: String,
    /// Position within the columns that are read.
    position: usize,
    /// Position of the column that says whom a row is about, for a kernel that asks.
    subject: Option<usize>,
    kernel: Kernel,
}

/// What one chunk gave.
pub(crate) struct ChunkResult {
    pub(crate) output: OutputManifest,
    pub(crate) file: Option<usize>,
    pub(crate) source_rows: u64,
    pub(crate) filtered_rows: u64,
    pub(crate) outcomes: Vec<Outcome>,
}

impl<'a> Projector<'a> {
    /// Binds the plan of a table to keys and inputs.
    pub(crate) fn new(
        bound: &'a TableJob,
        context: &Context<'_>,
        inputs: &Inputs<'_>,
        sink: Sink,
    ) -> Result<Self> {
        let plan = &bound.plan;
        let position = |index: usize| {
            let position = bound.read.binary_search(&index);
            position.map_err(|_| Error::Internal("a planned column that is not read".to_owned()))
        };
        let column = |column: &PlannedColumn| {
            let subject = column.subject.as_ref().map(|subject| subject.source_index);
            Ok(Column {
                source: column.source.clone(),
                position: position(column.source_index)?,
                subject: subject.map(position).transpose()?,
                kernel: kernels::kernel(column, context, inputs)?,
            })
        };
        let shuffle = (plan.order == Order::Shuffled).then(|| context.key.shuffle_key());
        Ok(Self {
            bound,
            columns: plan.columns.iter().map(column).collect::<Result<_>>()?,
            schema: Arc::new(plan.output_schema()),
            shuffle,
            sink,
        })
    }

    /// Reads, projects and stages one chunk.
    /// `file` is memory to write into, worth keeping from one chunk to the next.
    pub(crate) fn chunk(
        &self,
        chunk: &Chunk,
        staging: &Staging,
        file: &mut Vec<u8>,
    ) -> Result<ChunkResult> {
        let mut outcomes = vec![Outcome::default(); self.columns.len()];
        let (batch, source_rows) = match &chunk.part {
            None => (RecordBatch::new_empty(Arc::clone(&self.schema)), 0),
            Some((file, slice)) => {
                let source = self.bound.source.files.get(*file);
                let source = source.ok_or_else(|| Error::Internal("no such file".to_owned()))?;
                self.project(chunk.index, source, slice, &mut outcomes)?
            }
        };
        let rows = batch.num_rows() as u64;
        self.sink.encode(&batch, file)?;
        drop(batch);
        let sha256 = hex(&Sha256::digest(&file));
        let short = sha256.get(..8).unwrap_or_default();
        let path = format!(
            "{}/part-{:05}-{short}.parquet",
            self.bound.plan.table, chunk.index
        );
        staging.write(&path, file)?;
        let output = OutputManifest {
            path,
            bytes: file.len() as u64,
            sha256,
            rows,
        };
        let file = chunk.part.as_ref().map(|(file, _)| *file);
        Ok(ChunkResult {
            output,
            file,
            source_rows,
            filtered_rows: source_rows - rows,
            outcomes,
        })
    }

    /// The output rows of a slice, and how many rows it has.
    fn project(
        &self,
        chunk: u32,
        source: &SourceFile,
        slice: &Slice,
        outcomes: &mut [Outcome],
    ) -> Result<(RecordBatch, u64)> {
        let read = source.read(slice, &self.bound.read)?;
        let source_rows = read.num_rows();
        let (read, rows) = filter(self.bound, &source.path, read)?;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        let fields = self.schema.fields();
        for ((column, outcome), field) in self.columns.iter().zip(outcomes).zip(fields) {
            let input = read.column(column.position);
            let applied = match column.subject {
                Some(subject) => {
                    let subject = read.column(subject).as_ref();
                    column
                        .kernel
                        .apply_with_subject(input.as_ref(), subject, outcome)
                }
                None => column.kernel.apply(input.as_ref(), outcome),
            };
            let array =
                applied.map_err(|error| self.located(&error, source, slice, column, &rows))?;
            if array.data_type() != field.data_type() {
                let name = field.name();
                return Err(Error::Internal(format!(
                    "column `{name}` is not of its planned type"
                )));
            }
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(read.num_rows()));
        drop(read);
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| Error::reading_arrow(&source.path, &error))?;
        let batch = match &self.shuffle {
            Some(key) => order::shuffle(key, &self.bound.plan.table, chunk, &rows, &batch)?,
            None => batch,
        };
        Ok((batch, source_rows as u64))
    }

    /// A kernel's error with the place of the cell.
    fn located(
        &self,
        error: &KernelError,
        source: &SourceFile,
        slice: &Slice,
        column: &Column,
        rows: &[u32],
    ) -> Error {
        let file = source.path.clone();
        let name = Some(column.source.clone());
        match error {
            KernelError::Invalid { row } => {
                let row = rows.get(*row).copied().unwrap_or(0);
                match source.row_number(slice, u64::from(row)) {
                    Ok(row) => Error::Invalid {
                        file,
                        row,
                        column: column.source.clone(),
                    },
                    Err(error) => error,
                }
            }
            KernelError::TooLarge => Error::Source {
                file,
                row: None,
                column: name,
                fault: error.to_string(),
            },
            _ => Error::Internal(format!("column `{}`: {error}", column.source)),
        }
    }
}

/// The rows that stay, and where in the slice each of them stood.
pub(crate) fn filter(
    bound: &TableJob,
    path: &str,
    batch: RecordBatch,
) -> Result<(RecordBatch, Vec<u32>)> {
    let rows = u32::try_from(batch.num_rows())
        .map_err(|_| Error::Internal("a chunk of over 2^32 rows".to_owned()))?;
    let Some(filter) = &bound.filter else {
        return Ok((batch, (0..rows).collect()));
    };
    let fault = |reason: String| Error::source(path, format!("`filter`: {reason}"));
    let mask: BooleanArray = filter.select(&batch).map_err(fault)?;
    let stays = |row: u32| {
        let row = row as usize;
        mask.is_valid(row) && mask.value(row)
    };
    if mask.len() != batch.num_rows() {
        return Err(Error::Internal("a filter that loses rows".to_owned()));
    }
    let kept = (0..rows).filter(|&row| stays(row)).collect();
    let batch =
        filter_record_batch(&batch, &mask).map_err(|error| Error::reading_arrow(path, &error))?;
    Ok((batch, kept))
}
