//! A plan at work: one kernel per output column, over the rows of one chunk, into one staged file.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema};
use pseudo_arrow::{Error as KernelError, Kernel, Outcome};
use pseudo_policy::{Order, PlannedColumn};
use pseudo_token::ShuffleKey;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::chunk::Chunk;
use crate::inputs::Inputs;
use crate::kernels::{self, Context};
use crate::manifest::OutputManifest;
use crate::plan::TableJob;
use crate::quarantine::{Held, Screen, Vault};
use crate::sink::{Scratch, Sink, Writer};
use crate::source::{Slice, SourceFile};
use crate::staging::{Staged, StagedFile, Staging};
use crate::{Cancel, Error, Result, order, source};

/// Works through chunks of one table, from any thread.
pub(crate) struct Projector<'a> {
    bound: &'a TableJob,
    columns: Vec<Column>,
    schema: Arc<Schema>,
    shuffle: Option<ShuffleKey>,
    sink: Sink,
    cancel: Cancel,
    screen: &'a Screen,
    vault: Option<&'a Vault>,
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
    pub(crate) quarantined_rows: u64,
    pub(crate) forgotten_rows: u64,
    pub(crate) outcomes: Vec<Outcome>,
}

impl<'a> Projector<'a> {
    /// Binds the plan of a table to keys and inputs.
    pub(crate) fn new(
        bound: &'a TableJob,
        context: &Context<'_>,
        inputs: &Inputs<'_>,
        sink: Sink,
        (screen, vault): (&'a Screen, Option<&'a Vault>),
        cancel: &Cancel,
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
        let is_shuffled = plan.order == Order::Shuffled;
        let shuffle = is_shuffled
            .then(|| context.keys.shuffle_key())
            .transpose()?;
        Ok(Self {
            bound,
            columns: plan.columns.iter().map(column).collect::<Result<_>>()?,
            schema: Arc::new(plan.output_schema()),
            shuffle,
            sink,
            cancel: cancel.clone(),
            screen,
            vault,
        })
    }

    /// Reads, projects and stages one chunk. `scratch` is worth keeping from one chunk to the next.
    pub(crate) fn chunk(
        &self,
        chunk: &Chunk,
        staging: &Staging,
        scratch: &mut Scratch,
    ) -> Result<ChunkResult> {
        let mut outcomes = vec![Outcome::default(); self.columns.len()];
        let table = &self.bound.plan.table;
        let mut staged = staging.create_file(&format!("{table}/{:05}", chunk.number))?;
        let mut held = Held::new(self.screen, self.bound, chunk, staging, self.vault);
        let written = self.write(chunk, &mut staged, scratch, &mut outcomes, &mut held);
        // what the disk said is the cause of what the writer said
        let staged = staged.finish();
        let (source_rows, rows) = match written {
            Err(error) => return Err(staged.err().unwrap_or(error)),
            Ok(rows) => rows,
        };
        let Staged {
            file,
            bytes,
            sha256,
        } = staged?;
        let path = OutputManifest::path(table, chunk.number, &sha256);
        staging.name(file, &path)?;
        let forgotten_rows = held.forgotten;
        let (quarantined_rows, quarantine) = held.finish()?;
        let output = OutputManifest {
            path,
            bytes,
            sha256,
            rows,
            quarantine,
        };
        let file = chunk.part.as_ref().map(|(file, _)| *file);
        Ok(ChunkResult {
            output,
            file,
            source_rows,
            filtered_rows: source_rows - rows - quarantined_rows - forgotten_rows,
            quarantined_rows,
            forgotten_rows,
            outcomes,
        })
    }

    /// Writes the file of a chunk, and answers how many rows came in and went out.
    fn write(
        &self,
        chunk: &Chunk,
        staged: &mut StagedFile,
        scratch: &mut Scratch,
        outcomes: &mut [Outcome],
        held: &mut Held<'_>,
    ) -> Result<(u64, u64)> {
        let mut writer = self.sink.begin(staged, scratch)?;
        let mut source_rows = 0;
        if let Some((file, slice)) = &chunk.part {
            let source = self.bound.source.files.get(*file);
            let source = source.ok_or_else(|| Error::Internal("no such file".to_owned()))?;
            let part = (source, slice);
            source_rows = self.project(chunk.index, part, outcomes, held, &mut writer)?;
        }
        Ok((source_rows, writer.finish()?))
    }

    /// Writes the output rows of a slice, and answers how many rows it has. Rows that keep their
    /// order are written batch by batch; a keyed order needs all of the chunk first.
    fn project(
        &self,
        chunk: u32,
        (source, slice): (&SourceFile, &Slice),
        outcomes: &mut [Outcome],
        held: &mut Held<'_>,
        writer: &mut Writer<'_, StagedFile>,
    ) -> Result<u64> {
        let (mut seen, mut batches, mut kept) = (0, Vec::new(), Vec::new());
        source.read(slice, &self.bound.read, &mut |batch| {
            self.cancel.check()?;
            let first = seen;
            seen += batch.num_rows();
            let (batch, rows) = filter(self.bound, &source.path, batch, first)?;
            let (batch, rows) = held.take((source, slice), batch, rows, outcomes)?;
            let located = |error: &KernelError, column: &Column| {
                self.located(error, source, slice, column, &rows)
            };
            let batch = self.kernels(&batch, outcomes, located)?;
            if self.shuffle.is_none() {
                return writer.push(&batch);
            }
            batches.push(batch);
            kept.extend(rows);
            Ok(())
        })?;
        if let Some(key) = &self.shuffle {
            self.cancel.check()?;
            let table = &self.bound.plan.table;
            let places = order::shuffled(key, table, chunk, &kept, &batches);
            writer.gather(&batches, &places)?;
        }
        Ok(seen as u64)
    }

    /// The output columns of a batch; idle threads take some of them.
    fn kernels(
        &self,
        read: &RecordBatch,
        outcomes: &mut [Outcome],
        located: impl Fn(&KernelError, &Column) -> Error + Sync,
    ) -> Result<RecordBatch> {
        let array = |column: &Column, outcome: &mut Outcome, field: &Field| -> Result<ArrayRef> {
            let (input, kernel) = (read.column(column.position).as_ref(), &column.kernel);
            let applied = match column.subject {
                Some(subject) => {
                    kernel.apply_with_subject(input, read.column(subject).as_ref(), outcome)
                }
                None => kernel.apply(input, outcome),
            };
            let array = applied.map_err(|error| located(&error, column))?;
            let is_planned = match array.data_type() {
                DataType::Dictionary(_, values) if values.as_ref() == field.data_type() => true,
                found => found == field.data_type(),
            };
            if !is_planned {
                let fault = format!("column `{}` is not of its planned type", field.name());
                return Err(Error::Internal(fault));
            }
            Ok(array)
        };
        let fields = self.schema.fields();
        let columns = self.columns.par_iter().zip(outcomes).zip(fields.par_iter());
        let arrays: Vec<_> = columns
            .map(|((column, outcome), field)| array(column, outcome, field))
            .collect();
        // of several faults, that of the first column is told
        let arrays = arrays.into_iter().collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(read.num_rows()));
        let schema = source::schema_of(&self.schema, &arrays);
        RecordBatch::try_new_with_options(schema, arrays, &options)
            .map_err(|_| Error::Internal("a NULL where the plan has none".to_owned()))
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

/// The rows of a batch that stay, and where in the slice each of them stood; its first row is row
/// `first` there.
pub(crate) fn filter(
    bound: &TableJob,
    path: &str,
    batch: RecordBatch,
    first: usize,
) -> Result<(RecordBatch, Vec<u32>)> {
    let row = |row: usize| u32::try_from(first + row).unwrap_or(u32::MAX);
    let Some(filter) = &bound.filter else {
        let rows = (0..batch.num_rows()).map(row).collect();
        return Ok((batch, rows));
    };
    let fault = |reason: String| Error::source(path, format!("`filter`: {reason}"));
    let mask: BooleanArray = filter.select(&batch).map_err(fault)?;
    if mask.len() != batch.num_rows() {
        return Err(Error::Internal("a filter that loses rows".to_owned()));
    }
    let stays = |row: &usize| mask.is_valid(*row) && mask.value(*row);
    let kept = (0..batch.num_rows()).filter(stays).map(row).collect();
    let batch =
        filter_record_batch(&batch, &mask).map_err(|error| Error::reading_arrow(path, &error))?;
    Ok((batch, kept))
}
