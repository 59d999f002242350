//! Parquet files as DataFusion reads them, folded by one task a core. Columns that repeat come as
//! dictionaries, so that a value that stands in many rows is hashed once.

use std::collections::HashSet;
use std::fs::File;
use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path as StorePath;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use tokio::runtime::Runtime;

use super::tally::cores;
use crate::error::{self, Error};
use crate::session::{Identifiers, session};

/// The files of a table.
pub(crate) struct Files {
    /// Its columns as they are read.
    pub(crate) schema: SchemaRef,
    /// Its rows.
    pub(crate) rows: u64,
    groups: Vec<Vec<PartitionedFile>>,
    context: Arc<TaskContext>,
    threads: Runtime,
}

impl Files {
    /// Opens files of one schema, at least one; folds over them hold `memory_bytes_max` together.
    pub(crate) fn open(files: &[PathBuf], memory_bytes_max: usize) -> Result<Self, Error> {
        let mut schema = None;
        let mut rows = 0;
        let mut opened = Vec::new();
        for path in files {
            let footer = Footer::read(path)?;
            rows += footer.rows;
            let schema = schema.get_or_insert_with(|| footer.hinted());
            if !same_names(schema, &footer.schema) {
                return Err(Error::Damaged);
            }
            // without `..`, which a store takes for no place
            let whole = std::fs::canonicalize(path).map_err(Error::read(path))?;
            let place = StorePath::from_absolute_path(whole).map_err(|_| Error::Damaged)?;
            let mut file = PartitionedFile::new(String::new(), footer.bytes);
            file.object_meta.location = place;
            opened.push((footer.bytes, file.with_arrow_schema(Arc::clone(schema))));
        }
        let context = session(Identifiers::Exact, memory_bytes_max)?.task_ctx();
        let store = ObjectStoreUrl::parse(STORE).map_err(border)?;
        let runtime = context.runtime_env();
        runtime.register_object_store(store.as_ref(), Arc::new(LocalFileSystem::new()));
        let config = context.session_config().clone().with_batch_size(BATCH_ROWS);
        let context = TaskContext::default()
            .with_runtime(runtime)
            .with_session_config(config);
        let threads = tokio::runtime::Builder::new_multi_thread().build();
        Ok(Self {
            schema: schema.ok_or(Error::Internal)?,
            rows,
            groups: groups(opened),
            context: Arc::new(context),
            threads: threads.map_err(Error::Threads)?,
        })
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Result<usize, Error> {
        let found = self
            .schema
            .fields()
            .iter()
            .position(|field| field.name() == name);
        found.ok_or_else(|| Error::NoColumn {
            column: name.to_owned(),
        })
    }

    /// An account for memory that a fold holds.
    pub(crate) fn account(&self) -> MemoryReservation {
        MemoryConsumer::new("fold").register(self.context.memory_pool())
    }

    /// Gives every batch of `columns` (ascending) to `fold`, with what `begin` made for its task,
    /// and answers what the tasks ended with.
    pub(crate) fn fold<W: Send + 'static>(
        &self,
        columns: &[usize],
        begin: impl Fn() -> W,
        fold: impl Fn(&mut W, &RecordBatch) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Vec<W>, Error> {
        let fold = Arc::new(fold);
        let mut tasks = Vec::new();
        for group in &self.groups {
            let plan = self.plan(columns, group)?;
            let context = Arc::clone(&self.context);
            let fold = Arc::clone(&fold);
            let mut answer = begin();
            tasks.push(self.threads.spawn(async move {
                let mut batches = execute_stream(plan, context).map_err(border)?;
                while let Some(batch) = poll_fn(|task| batches.as_mut().poll_next(task)).await {
                    fold(&mut answer, &batch.map_err(border)?)?;
                }
                Ok(answer)
            }));
        }
        let mut answers = Vec::new();
        for task in tasks {
            // Decoders of damaged files may panic.
            let answer = self.threads.block_on(task).map_err(|_| Error::Damaged)?;
            answers.push(answer?);
        }
        Ok(answers)
    }

    fn plan(
        &self,
        columns: &[usize],
        files: &[PartitionedFile],
    ) -> Result<Arc<dyn ExecutionPlan>, Error> {
        let store = ObjectStoreUrl::parse(STORE).map_err(border)?;
        let source = Arc::new(ParquetSource::new(Arc::clone(&self.schema)));
        let config = FileScanConfigBuilder::new(store, source)
            .with_file_group(FileGroup::new(files.to_vec()))
            .with_projection_indices(Some(columns.to_vec()))
            .map_err(border)?
            .build();
        let plan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
        Ok(plan)
    }
}

/// What the footer of a file says.
struct Footer {
    schema: SchemaRef,
    rows: u64,
    bytes: u64,
    /// Columns with a page of values that others refer to.
    repeating: HashSet<String>,
}

impl Footer {
    fn read(path: &PathBuf) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::read(path))?;
        let bytes = file.metadata().map_err(Error::read(path))?.len();
        let footer = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let footer = footer.map_err(|_| Error::Damaged)?;
        let rows = footer.metadata().file_metadata().num_rows();
        let chunks = footer.metadata().row_groups().first();
        let chunks = chunks.into_iter().flat_map(|group| group.columns());
        let repeating = chunks
            .filter(|chunk| chunk.dictionary_page_offset().is_some())
            .filter_map(|chunk| chunk.column_path().parts().first().cloned());
        Ok(Self {
            schema: Arc::clone(footer.schema()),
            rows: u64::try_from(rows).map_err(|_| Error::Damaged)?,
            bytes,
            repeating: repeating.collect(),
        })
    }

    /// The schema that the reader is asked for: dictionaries of what repeats, and views of what
    /// does not.
    fn hinted(&self) -> SchemaRef {
        let hint = |field: &Arc<Field>| {
            let repeats = self.repeating.contains(field.name());
            let hint = match field.data_type() {
                own @ (DataType::Utf8 | DataType::Binary) if repeats => {
                    DataType::Dictionary(Box::new(DataType::Int32), Box::new(own.clone()))
                }
                DataType::Utf8 => DataType::Utf8View,
                DataType::Binary => DataType::BinaryView,
                other => other.clone(),
            };
            Field::new(field.name(), hint, field.is_nullable())
        };
        let fields: Vec<Field> = self.schema.fields().iter().map(hint).collect();
        Arc::new(Schema::new(fields))
    }
}

fn same_names(one: &SchemaRef, other: &SchemaRef) -> bool {
    let (one, other) = (one.fields(), other.fields());
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.name() == b.name())
}

/// Shares files out, as many bytes to each core; the largest first.
fn groups(mut files: Vec<(u64, PartitionedFile)>) -> Vec<Vec<PartitionedFile>> {
    let count = cores().min(files.len()).max(1);
    let mut groups: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); count];
    files.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    for (bytes, file) in files {
        if let Some(least) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            least.0 += bytes;
            least.1.push(file);
        }
    }
    groups.into_iter().map(|(_, files)| files).collect()
}

fn border(error: datafusion::error::DataFusionError) -> Error {
    error::strip(error, &[])
}

/// The name under which a scan knows the disk. No text names a file there: plans are made of the
/// files that were opened.
const STORE: &str = "pseudo://files";
const BATCH_ROWS: usize = 1 << 15;
