//! The run as a thief finds it: its tables, their files, and what the manifest tells of columns.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::error::{arrow_fault, parquet_fault};
use crate::manifest::{ColumnManifest, Manifest, TableManifest};
use crate::verify::stock::guarded;
use crate::{Error, Result, publish};

/// A run.
pub(super) struct Stolen {
    pub(super) run_id: String,
    directory: PathBuf,
    pub(super) tables: Vec<Table>,
}

/// One table that has rows.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) rows: u64,
    pub(super) files: Vec<TableFile>,
    pub(super) columns: Vec<Column>,
    /// The column of pseudonyms that says whom a row is about.
    subject: Option<String>,
    /// Paths of its sources, below a root that the thief does not know.
    pub(super) sources: Vec<String>,
}

/// One file of a table.
pub(super) struct TableFile {
    /// Relative to the run.
    name: String,
    path: PathBuf,
    pub(super) rows: u64,
}

/// One column.
pub(super) struct Column {
    pub(super) name: String,
    /// The column of the source that it was made of.
    pub(super) source: String,
    /// The identity of its pseudonyms, where it holds some.
    pub(super) identity: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) data_type: DataType,
    /// An estimate of how many pseudonyms there are.
    pub(super) distinct: Option<u64>,
}

impl Stolen {
    /// Opens the current run; `only` names the tables that count, all where it is empty.
    pub(super) fn open(sink: &Path, only: &[String]) -> Result<Self> {
        let directory = publish::current(sink)?.ok_or_else(|| {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            Error::io("read", &sink.join("current"))(missing)
        })?;
        let manifest = Manifest::read(&directory)?;
        if let Some(unknown) = only
            .iter()
            .find(|name| !manifest.tables.iter().any(|table| table.table == **name))
        {
            return Err(Error::unfit(unknown, "no table of the current run"));
        }
        let wanted = |table: &&TableManifest| only.is_empty() || only.contains(&table.table);
        let with_rows = |table: &&TableManifest| table.published_rows > 0;
        let tables = manifest.tables.iter().filter(wanted).filter(with_rows);
        Ok(Self {
            run_id: manifest.run_id.clone(),
            tables: tables
                .map(|table| Table::new(&directory, table))
                .collect::<Result<_>>()?,
            directory,
        })
    }

    /// The directories of the tables.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> {
        self.tables
            .iter()
            .map(|table| self.directory.join(&table.name))
    }
}

impl Table {
    fn new(directory: &Path, manifest: &TableManifest) -> Result<Self> {
        let column = |column: &ColumnManifest| {
            let data_type = column.data_type.parse().map_err(|_| {
                Error::source(&manifest.table, "the manifest names a type that is none")
            })?;
            Ok(Column {
                name: column.column.clone(),
                source: column.source.clone(),
                identity: column.identity.clone(),
                kind: column.kind.clone(),
                data_type,
                distinct: column.distinct,
            })
        };
        let files = manifest.outputs.iter().map(|output| TableFile {
            name: output.path.clone(),
            path: directory.join(&output.path),
            rows: output.rows,
        });
        Ok(Self {
            name: manifest.table.clone(),
            rows: manifest.published_rows,
            files: files.collect(),
            columns: manifest.columns.iter().map(column).collect::<Result<_>>()?,
            subject: manifest.subject.clone(),
            sources: manifest
                .sources
                .iter()
                .map(|one| one.path.clone())
                .collect(),
        })
    }

    /// The columns that show values, by index.
    pub(super) fn shown(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| column.identity.is_none())
    }

    /// The columns of pseudonyms, by index.
    pub(super) fn pseudonyms(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| column.identity.is_some())
    }

    /// The column that says whom a row is about, by index.
    pub(super) fn subject(&self) -> Option<(usize, &Column)> {
        let subject = self.subject.as_ref()?;
        self.pseudonyms()
            .find(|(_, column)| column.name == *subject)
    }

    /// Reads one column of all files, batch by batch in order. `each` answers whether to go on.
    pub(super) fn read(
        &self,
        column: usize,
        each: &mut dyn FnMut(&ArrayRef) -> Result<bool>,
    ) -> Result<()> {
        let Some(column) = self.columns.get(column) else {
            return Ok(());
        };
        for file in &self.files {
            if !file.read(column, each)? {
                break;
            }
        }
        Ok(())
    }
}

impl TableFile {
    /// Reads one column; answers whether to go on.
    pub(super) fn read(
        &self,
        column: &Column,
        each: &mut dyn FnMut(&ArrayRef) -> Result<bool>,
    ) -> Result<bool> {
        let damaged = |fault: &'static str| Error::source(&self.name, fault);
        let file = File::open(&self.path).map_err(Error::io("read", &self.path))?;
        let load = |options| {
            guarded(|| {
                ArrowReaderMetadata::load(&file, options).map_err(|error| parquet_fault(&error))
            })
        };
        let plain = load(ArrowReaderOptions::new()).map_err(damaged)?;
        let index = plain.schema().index_of(&column.name).ok();
        let index = index.ok_or_else(|| damaged("lacks a column of the manifest"))?;
        let options = ArrowReaderOptions::new().with_schema(hinted(plain.schema(), index, column));
        let metadata = load(options).map_err(damaged)?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), [index]);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS);
        let mut reader =
            guarded(|| builder.build().map_err(|error| parquet_fault(&error))).map_err(damaged)?;
        while let Some(batch) = guarded(|| {
            let next = reader.next().transpose();
            next.map_err(|error| arrow_fault(&error))
        })
        .map_err(damaged)?
        {
            let array = batch.columns().first();
            let array = array.ok_or_else(|| damaged("lacks a column of the manifest"))?;
            if !each(array)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The schema with a dictionary for text that repeats: what is shown, and is no pseudonym.
fn hinted(schema: &SchemaRef, index: usize, column: &Column) -> SchemaRef {
    let field = |(at, field): (usize, &Arc<Field>)| {
        let is_text = matches!(field.data_type(), DataType::Utf8 | DataType::Binary);
        if at == index && is_text && column.identity.is_none() {
            let values = Box::new(field.data_type().clone());
            let keyed = DataType::Dictionary(Box::new(DataType::Int32), values);
            return Arc::new(field.as_ref().clone().with_data_type(keyed));
        }
        Arc::clone(field)
    };
    let fields = schema.fields().iter().enumerate().map(field);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

const BATCH_ROWS: usize = 65_536;
