//! A plan at work: one kernel per output column, over the rows of one chunk, into one staged file.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use pseudo_arrow::{Error as KernelError, Kernel, Outcome};
use pseudo_pii::Blanks;
use pseudo_policy::{
    Action, Band, Number, OnInvalid, Order, Part, PlannedColumn, SealEncoding, TokenEncoding, Unit,
};
use pseudo_token::{DomainKey, ShuffleKey};
use sha2::{Digest, Sha256};

use crate::chunk::Chunk;
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
    /// Binds the plan of a table to keys.
    pub(crate) fn new(bound: &'a TableJob, key: &DomainKey, year: i32, sink: Sink) -> Result<Self> {
        let plan = &bound.plan;
        let columns = plan
            .columns
            .iter()
            .map(|column| {
                let position = bound
                    .read
                    .binary_search(&column.source_index)
                    .map_err(|_| Error::Internal("a planned column that is not read".to_owned()))?;
                let kernel = kernel(column, key, year)?;
                Ok(Column {
                    source: column.source.clone(),
                    position,
                    kernel,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let shuffle = (plan.order == Order::Shuffled).then(|| key.shuffle_key());
        Ok(Self {
            bound,
            columns,
            schema: Arc::new(plan.output_schema()),
            shuffle,
            sink,
        })
    }

    /// Reads, projects and stages one chunk.
    pub(crate) fn chunk(&self, chunk: &Chunk, staging: &Staging) -> Result<ChunkResult> {
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
        let bytes = self.sink.encode(&batch)?;
        drop(batch);
        let sha256 = hex(&Sha256::digest(&bytes));
        let short = sha256.get(..8).unwrap_or_default();
        let path = format!(
            "{}/part-{:05}-{short}.parquet",
            self.bound.plan.table, chunk.index
        );
        staging.write(&path, &bytes)?;
        let output = OutputManifest {
            path,
            bytes: bytes.len() as u64,
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
        let (read, rows) = self.filter(&source.path, read)?;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        let fields = self.schema.fields();
        for ((column, outcome), field) in self.columns.iter().zip(outcomes).zip(fields) {
            let input = read.column(column.position);
            let array = column
                .kernel
                .apply(input.as_ref(), outcome)
                .map_err(|error| self.located(&error, source, slice, column, &rows))?;
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

    /// The rows that stay, and where in the slice each of them stood.
    fn filter(&self, path: &str, batch: RecordBatch) -> Result<(RecordBatch, Vec<u32>)> {
        let rows = u32::try_from(batch.num_rows())
            .map_err(|_| Error::Internal("a chunk of over 2^32 rows".to_owned()))?;
        let Some(filter) = &self.bound.filter else {
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
        let batch = filter_record_batch(&batch, &mask)
            .map_err(|error| Error::reading_arrow(path, &error))?;
        Ok((batch, kept))
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

fn kernel(column: &PlannedColumn, key: &DomainKey, year: i32) -> Result<Kernel> {
    let identity = column.identity.as_ref();
    let blanks = match identity.and_then(|identity| identity.blank.as_ref()) {
        Some(list) => Blanks::new(list),
        None => Blanks::default(),
    };
    let on_invalid = match column.on_invalid {
        OnInvalid::Token => pseudo_arrow::OnInvalid::Token,
        OnInvalid::Null => pseudo_arrow::OnInvalid::Null,
        OnInvalid::Fail => pseudo_arrow::OnInvalid::Fail,
    };
    let named = || identity.ok_or_else(|| Error::Internal("a token without identity".to_owned()));
    let kernel = match &column.action {
        Action::Keep => Ok(Kernel::keep()),
        Action::Drop => return Err(Error::Internal("a dropped column in the plan".to_owned())),
        Action::Null => Ok(Kernel::null(column.output.data_type().clone())),
        Action::Token { encoding, bits, .. } => {
            let identity = named()?;
            let token = key.token_key(&identity.name, identity.kind.id());
            Kernel::token(
                token,
                identity.kind,
                blanks,
                token_form(*encoding),
                *bits,
                on_invalid,
            )
        }
        Action::Seal { encoding, .. } => {
            let identity = named()?;
            let seal = key.seal_key(&identity.name, identity.kind.id());
            Ok(Kernel::seal(
                seal,
                identity.kind,
                blanks,
                seal_form(*encoding),
                on_invalid,
            ))
        }
        Action::Constant(text) => Ok(Kernel::constant(text.clone())),
        Action::Mask {
            keep_first,
            keep_last,
        } => Ok(Kernel::mask(*keep_first, *keep_last)),
        Action::Band(Band::Width(width)) => {
            Kernel::band(pseudo_arrow::Band::Width(number(*width)), on_invalid)
        }
        Action::Band(Band::Edges(edges)) => {
            let edges = edges.iter().copied().map(number).collect();
            Kernel::band(pseudo_arrow::Band::Edges(edges), on_invalid)
        }
        Action::Round(step) => Kernel::round(number(*step), on_invalid),
        Action::Truncate(unit) => Ok(Kernel::truncate(period(*unit), on_invalid)),
        Action::Derive(part) => Ok(Kernel::derive(
            derived(*part),
            column.kind,
            blanks,
            year,
            on_invalid,
        )),
    };
    kernel.map_err(|error| Error::Internal(format!("column `{}`: {error}", column.source)))
}

fn number(number: Number) -> pseudo_arrow::Number {
    pseudo_arrow::Number::new(number.unscaled(), number.scale())
}

fn token_form(encoding: TokenEncoding) -> pseudo_arrow::TokenForm {
    match encoding {
        TokenEncoding::Base32 => pseudo_arrow::TokenForm::Base32,
        TokenEncoding::Hex => pseudo_arrow::TokenForm::Hex,
        TokenEncoding::Uuid => pseudo_arrow::TokenForm::Uuid,
        TokenEncoding::Binary => pseudo_arrow::TokenForm::Binary,
    }
}

fn seal_form(encoding: SealEncoding) -> pseudo_arrow::SealForm {
    match encoding {
        SealEncoding::Base64Url => pseudo_arrow::SealForm::Base64Url,
        SealEncoding::Base32 => pseudo_arrow::SealForm::Base32,
        SealEncoding::Binary => pseudo_arrow::SealForm::Binary,
    }
}

fn period(unit: Unit) -> pseudo_arrow::Unit {
    match unit {
        Unit::Year => pseudo_arrow::Unit::Year,
        Unit::Quarter => pseudo_arrow::Unit::Quarter,
        Unit::Month => pseudo_arrow::Unit::Month,
        Unit::Week => pseudo_arrow::Unit::Week,
        Unit::Day => pseudo_arrow::Unit::Day,
        Unit::Hour => pseudo_arrow::Unit::Hour,
    }
}

fn derived(part: Part) -> pseudo_arrow::Part {
    match part {
        Part::BirthYear => pseudo_arrow::Part::BirthYear,
        Part::Sex => pseudo_arrow::Part::Sex,
        Part::Province => pseudo_arrow::Part::Province,
        Part::Wmi => pseudo_arrow::Part::Wmi,
        Part::ModelYear => pseudo_arrow::Part::ModelYear,
        Part::EmailDomain => pseudo_arrow::Part::EmailDomain,
    }
}
