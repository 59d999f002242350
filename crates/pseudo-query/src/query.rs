//! `pseudo query`: SQL over the current run.
//!
//! The session sees the files of the run's tables and no others. CSV and JSON are written a batch
//! at a time; a table on the terminal needs every row for the width of its columns.

use std::future::poll_fn;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::csv;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json;
use arrow::json::writer::LineDelimited;
use datafusion::common::TableReference;
use datafusion::datasource::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;

use crate::error::{self, Error};
use crate::layout::{Rows, Run};
use crate::session::{Identifiers, read_only, session};
use crate::shown;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a person; nothing is shortened, and control characters are escaped.
    Table,
    /// RFC 4180 with a header line; NULL is the empty field.
    Csv,
    /// One JSON object per line; NULL is `null`.
    Json,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The run that the rows come from.
    pub run: String,
    /// How many rows there are.
    pub rows: u64,
}

/// A question to the current run of a sink.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Where runs are published.
    pub sink: &'a Path,
    /// One SQL query.
    pub sql: &'a str,
    /// How the answer is written.
    pub format: Format,
    /// What joins, sorts and aggregates may hold together; beyond it the query fails.
    pub memory_bytes_max: usize,
}

/// What a query may hold unless its caller says otherwise.
pub const MEMORY_BYTES_MAX: usize = 1 << 30;

/// Answers `sql` over the current run of `sink` into `out`. Binary columns are written as hex.
///
/// # Errors
/// When nothing is published, the text is not one query over the run's tables, a file is damaged,
/// or the answer cannot be written.
pub fn query(sink: &Path, sql: &str, format: Format, out: &mut dyn Write) -> Result<Answer, Error> {
    Query {
        sink,
        sql,
        format,
        memory_bytes_max: MEMORY_BYTES_MAX,
    }
    .answer(out)
}

impl Query<'_> {
    /// Answers into `out`, as [`query`] does.
    ///
    /// # Errors
    /// As [`query`].
    pub fn answer(&self, out: &mut dyn Write) -> Result<Answer, Error> {
        let run = Run::current(self.sink)?;
        let threads = tokio::runtime::Builder::new_multi_thread().build();
        let threads = threads.map_err(Error::Threads)?;
        let rows = threads.block_on(Box::pin(self.rows(&run, out)));
        // A reader that went away must not wait for operators that are still at work.
        threads.shutdown_background();
        Ok(Answer {
            run: run.id,
            rows: rows?,
        })
    }

    async fn rows(&self, run: &Run, out: &mut dyn Write) -> Result<u64, Error> {
        let context = session(Identifiers::Folded, self.memory_bytes_max)?;
        let columns = Box::pin(register(&context, run)).await?;
        let mut rows = Box::pin(plan(&context, run, self.sql, &columns)).await?;
        let mut writer = Answering::new(self.format, rows.schema(), out);
        while let Some(batch) = poll_fn(|task| rows.as_mut().poll_next(task)).await {
            writer.write(batch.map_err(|error| error::strip(error, &columns))?)?;
        }
        writer.finish()
    }
}

/// Makes the run's tables, and nothing else of the file system, visible to the session; returns the
/// names of all their columns.
async fn register(context: &SessionContext, run: &Run) -> Result<Vec<String>, Error> {
    let border = |error| error::strip(error, &[]);
    let store = ObjectStoreUrl::parse(STORE).map_err(border)?;
    let files = LocalFileSystem::new_with_prefix(&run.dir).map_err(|_| Error::Damaged)?;
    context.register_object_store(store.as_ref(), Arc::new(files));
    let mut columns = Vec::new();
    for table in &run.tables {
        let provider = match &table.rows {
            Rows::Files(files) => Box::pin(open(context, files)).await?,
            Rows::None(schema) => Arc::new(EmptyTable::new(Arc::clone(schema))),
        };
        for field in provider.schema().fields() {
            columns.push(field.name().clone());
        }
        let name = TableReference::bare(table.name.as_str());
        context.register_table(name, provider).map_err(border)?;
    }
    Ok(columns)
}

async fn open(context: &SessionContext, files: &[String]) -> Result<Arc<dyn TableProvider>, Error> {
    let border = |error| error::strip(error, &[]);
    let urls = files.iter().map(|file| ListingTableUrl::parse(url(file)));
    let urls: Vec<ListingTableUrl> = urls.collect::<Result<_, _>>().map_err(border)?;
    // One run writes all files of a table in one schema, so that the first tells it.
    let first = urls.first().ok_or(Error::Internal)?;
    let options =
        ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
    let schema = options
        .infer_schema(&context.state(), first)
        .await
        .map_err(border)?;
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).map_err(border)?))
}

async fn plan(
    context: &SessionContext,
    run: &Run,
    sql: &str,
    columns: &[String],
) -> Result<SendableRecordBatchStream, Error> {
    let border = |error| error::strip(error, columns);
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state
        .sql_to_statement(sql, &dialect)
        .map_err(|error| match error {
            // No statement at all, or several.
            DataFusionError::Plan(_) | DataFusionError::NotImplemented(_) => Error::NotAQuery,
            other => border(other),
        })?;
    if !is_query(&statement) {
        return Err(Error::NotAQuery);
    }
    let references = state.resolve_table_references(&statement).map_err(border)?;
    let plan = state.statement_to_plan(statement).await.map_err(|error| {
        let error = border(error);
        let known = |table: &TableReference| context.table_exist(table.clone()).unwrap_or(false);
        let unknown = !references.iter().all(known);
        match error {
            Error::Plan { .. } if unknown => Error::UnknownTable {
                tables: run.tables.iter().map(|table| table.name.clone()).collect(),
            },
            other => other,
        }
    })?;
    read_only()
        .verify_plan(&plan)
        .map_err(|_| Error::NotAQuery)?;
    let frame = context.execute_logical_plan(plan).await.map_err(border)?;
    frame.execute_stream().await.map_err(border)
}

/// Says whether a statement asks; what it asks for is checked once more on its plan.
fn is_query(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(statement) => matches!(
            statement.as_ref(),
            ast::Statement::Query(_)
                | ast::Statement::Explain { .. }
                | ast::Statement::ExplainTable { .. }
        ),
        Statement::Explain(explained) => is_query(&explained.statement),
        _ => false,
    }
}

/// Writes batches in a format, through a buffer: a fault of the reader stays an I/O error.
struct Answering<'a> {
    format: Format,
    schema: SchemaRef,
    kept: Vec<RecordBatch>,
    header: bool,
    rows: u64,
    out: &'a mut dyn Write,
}

impl<'a> Answering<'a> {
    fn new(format: Format, schema: SchemaRef, out: &'a mut dyn Write) -> Self {
        Self {
            format,
            schema,
            kept: Vec::new(),
            header: true,
            rows: 0,
            out,
        }
    }

    fn write(&mut self, batch: RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        let text = match self.format {
            Format::Table => {
                self.kept.push(batch);
                return Ok(());
            }
            Format::Csv => csv_text(&batch, std::mem::take(&mut self.header)),
            Format::Json => json_text(&batch),
        };
        self.put(&text.map_err(|_| Error::Format)?)
    }

    fn finish(mut self) -> Result<u64, Error> {
        match self.format {
            Format::Table => {
                let text = shown::table(&self.schema, &self.kept).map_err(|_| Error::Format)?;
                self.put(&text)?;
            }
            Format::Csv if self.header => {
                let none = RecordBatch::new_empty(Arc::clone(&self.schema));
                let text = csv_text(&none, true).map_err(|_| Error::Format)?;
                self.put(&text)?;
            }
            Format::Csv | Format::Json => {}
        }
        self.out.flush().map_err(Error::Write)?;
        Ok(self.rows)
    }

    fn put(&mut self, text: &[u8]) -> Result<(), Error> {
        self.out.write_all(text).map_err(Error::Write)
    }
}

fn csv_text(batch: &RecordBatch, header: bool) -> Result<Vec<u8>, ArrowError> {
    let mut text = Vec::new();
    csv::WriterBuilder::new()
        .with_header(header)
        .build(&mut text)
        .write(batch)?;
    Ok(text)
}

fn json_text(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut text = Vec::new();
    let mut writer = json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, LineDelimited>(&mut text);
    writer.write(batch)?;
    writer.finish()?;
    Ok(text)
}

/// Where a file of the run is found, its name percent-encoded as RFC 3986 asks.
fn url(file: &str) -> String {
    let mut url = format!("{STORE}/");
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// The name under which the session knows the run's directory.
const STORE: &str = "pseudo://run";
