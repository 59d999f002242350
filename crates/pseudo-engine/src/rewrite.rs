//! A new run out of a published one, without the source: each file of it is taken over as it is, or
//! read, changed batch by batch and written again by the writer of a run. The files that are new
//! are proved as far as that goes without the source ([`Rewrite::prove`]), and the record of the
//! run says what it was made from ([`Origin`]).
//!
//! No more than a row group of each file that is being written is in memory. The caller holds the
//! sink's lock, corrects the counts of a table that it changed, and publishes: beside the run it
//! came from (`publish`) or in its place (`replace`).

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Repetition;
use parquet::schema::types::SchemaDescriptor;
use pseudo_policy::Sink as Options;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::disk::Disk;
use crate::error::{arrow_fault, parquet_fault};
use crate::manifest::{self, EscrowManifest, Manifest, Origin, OutputManifest, TableManifest};
use crate::reuse::{self, TableSketches};
use crate::risk::ClassCounter;
use crate::sink::{Scratch, Sink};
use crate::source::{BATCH_ROWS, digest_file};
use crate::staging::{Staged, StagedFile, Staging};
use crate::verify::{guarded, is_pseudonym, published};
use crate::{Cancel, Error, Leak, Result, gates, publish};

/// What is done to a batch of a file, which is told by its place among those of its table: other
/// rows, or other values of the same types.
pub(crate) type Change<'c> = dyn Fn(usize, RecordBatch) -> Result<RecordBatch> + Sync + 'c;

/// What is done to the files of a table, when it is more than to change batches: all of it is asked
/// by a file's place among those of its table, from any thread.
pub(crate) trait Remake: Sync {
    /// What is done to a batch; it keeps types, and may stage what stands beside the file.
    fn change(&self, staging: &Staging, file: usize, batch: RecordBatch) -> Result<RecordBatch>;

    /// Whether rows get other places. All of the file is in memory then.
    fn reorders(&self) -> bool {
        false
    }

    /// The places of the rows of changed batches, a batch and a row of it.
    fn places(&self, _file: usize, _batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>> {
        Ok(Vec::new())
    }

    /// Ends what was staged beside the file, and answers the sealed originals that take the place
    /// of those there are; none to take these over.
    fn finish(&self, _staging: &Staging, _file: usize) -> Result<Option<Vec<EscrowManifest>>> {
        Ok(None)
    }
}

/// Changes batches alone.
struct Batches<'a, 'c>(&'a Change<'c>);

impl Remake for Batches<'_, '_> {
    fn change(&self, _: &Staging, file: usize, batch: RecordBatch) -> Result<RecordBatch> {
        (self.0)(file, batch)
    }
}

/// A run that is being made out of another.
pub(crate) struct Rewrite<'a> {
    /// The directory of the published run.
    from: PathBuf,
    /// The record of the new run; of a table that was rewritten, all but the counts are right.
    pub(crate) manifest: Manifest,
    sketches: Vec<TableSketches>,
    /// The tables that have files of their own.
    remade: Vec<usize>,
    staging: Staging,
    options: &'a Options,
    cancel: &'a Cancel,
    made: Option<&'a Made>,
}

/// Files that were written again for one of several runs that share them. Each run must make the
/// same of the same file.
#[derive(Default)]
pub(crate) struct Made(Mutex<HashMap<(String, String), MadeFile>>);

/// Where such a file is staged, its record, and what became of it.
type MadeFile = (PathBuf, OutputManifest, Rewritten);

/// What became of a file that was written again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// Its place among those of its table.
    pub(crate) file: usize,
    /// Rows that were read.
    pub(crate) read: u64,
    /// Rows that were written.
    pub(crate) written: u64,
    /// By column, how many of those read were NULL, and of those written.
    pub(crate) nulls: Vec<(u64, u64)>,
}

/// A run that is staged to its last byte, and its record.
pub(crate) struct Remade {
    pub(crate) staging: Staging,
    pub(crate) manifest: Manifest,
}

impl<'a> Rewrite<'a> {
    /// Begins run `run_id`, made from the published run `from` for the reason that `origin` tells.
    /// New files are written as `options` say.
    pub(crate) fn begin(
        (disk, sink): (&Disk, &Path),
        from: &Manifest,
        (run_id, origin): (&str, Origin),
        options: &'a Options,
        cancel: &'a Cancel,
    ) -> Result<Self> {
        let directory = publish::directory(sink, &from.run_id);
        let mut manifest = Manifest {
            run_id: run_id.to_owned(),
            ..from.clone()
        };
        manifest.origins.push(origin);
        let staging = Staging::create(disk, sink, run_id)?;
        for name in manifest.directories() {
            staging.create_dir(&name)?;
        }
        Ok(Self {
            sketches: reuse::sketches(&directory, from),
            from: directory,
            manifest,
            remade: Vec::new(),
            staging,
            options,
            cancel,
            made: None,
        })
    }

    /// The same, whose files are those of other runs where they are made of the same ones.
    pub(crate) fn sharing(self, made: &'a Made) -> Self {
        let made = Some(made);
        Self { made, ..self }
    }

    /// Stages table `table`, counted from 0: files that `is_changed` says yes to are written again,
    /// through `change`, the others and all records of quarantine are taken over. Sketches of what
    /// was written again are lost, so that no run believes that it is what the source would give.
    pub(crate) fn table(
        &mut self,
        table: usize,
        is_changed: &(dyn Fn(usize) -> bool + Sync),
        change: &Change<'_>,
    ) -> Result<Vec<Rewritten>> {
        self.remake(table, is_changed, &Batches(change))
    }

    /// The same, with more to be done to a file.
    pub(crate) fn remake(
        &mut self,
        table: usize,
        is_changed: &(dyn Fn(usize) -> bool + Sync),
        change: &dyn Remake,
    ) -> Result<Vec<Rewritten>> {
        let own = self.manifest.tables.get(table).ok_or_else(lost)?;
        let files = (0..own.outputs.len()).collect::<Vec<_>>();
        let staged = files.par_iter().zip(&own.outputs).map(|(file, output)| {
            self.cancel.check()?;
            if let Some(record) = &output.quarantine {
                self.take(&record.path, record.bytes, &record.sha256)?;
            }
            if is_changed(*file) {
                let (output, done) = self.file(own, *file, output, change)?;
                return Ok((output, Some(done)));
            }
            self.take(&output.path, output.bytes, &output.sha256)?;
            self.take_escrow(output)?;
            Ok((output.clone(), None))
        });
        let staged: Vec<(OutputManifest, Option<Rewritten>)> = staged.collect::<Result<_>>()?;
        let (outputs, done): (Vec<_>, Vec<_>) = staged.into_iter().unzip();
        let done: Vec<Rewritten> = done.into_iter().flatten().collect();
        let own = self.manifest.tables.get_mut(table).ok_or_else(lost)?;
        own.outputs = outputs;
        own.published_rows = own.outputs.iter().map(|output| output.rows).sum();
        if let (false, Some(sketches)) = (done.is_empty(), self.sketches.get_mut(table)) {
            sketches.clear();
            self.remade.push(table);
        }
        Ok(done)
    }

    /// Takes over what of table `table` a later run asks for before it believes its files: the
    /// sketches of each source, when they were made again.
    pub(crate) fn sketch(&mut self, table: usize, sketches: TableSketches) {
        if let Some(own) = self.sketches.get_mut(table) {
            *own = sketches;
        }
    }

    /// Where the files of the new run are staged.
    pub(crate) fn staging(&self) -> &Staging {
        &self.staging
    }

    /// Takes the sealed originals of a file over as they are.
    fn take_escrow(&self, output: &OutputManifest) -> Result<()> {
        let mut sealed = output.escrow.iter();
        sealed.try_for_each(|sealed| self.take(&sealed.path, sealed.bytes, &sealed.sha256))
    }

    /// Takes a file over as it is.
    fn take(&self, path: &str, bytes: u64, sha256: &str) -> Result<()> {
        let from = self.from.join(path);
        if self.staging.take(&from, path, bytes, sha256)? {
            return Ok(());
        }
        Err(fault(path, "is missing or changed"))
    }

    /// Writes a file again, or takes over what another run has made of it.
    fn file(
        &self,
        table: &TableManifest,
        file: usize,
        output: &OutputManifest,
        change: &dyn Remake,
    ) -> Result<(OutputManifest, Rewritten)> {
        let key = (table.table.clone(), output.sha256.clone());
        let made = self.made.and_then(|made| made.0.lock().ok());
        let known = made.and_then(|made| made.get(&key).cloned());
        if let Some((from, known, done)) = known {
            let path = OutputManifest::path(&table.table, file, &known.sha256);
            if self
                .staging
                .take(&from, &path, known.bytes, &known.sha256)?
            {
                self.take_escrow(output)?;
                let output = OutputManifest {
                    path,
                    quarantine: output.quarantine.clone(),
                    escrow: output.escrow.clone(),
                    ..known
                };
                return Ok((output, Rewritten { file, ..done }));
            }
        }
        let (output, done) = self.write(table, file, output, change)?;
        if let Some(Ok(mut made)) = self.made.map(|made| made.0.lock()) {
            let path = self.staging.path().join(&output.path);
            made.insert(key, (path, output.clone(), done.clone()));
        }
        Ok((output, done))
    }

    fn write(
        &self,
        table: &TableManifest,
        file: usize,
        output: &OutputManifest,
        change: &dyn Remake,
    ) -> Result<(OutputManifest, Rewritten)> {
        let from = self.from.join(&output.path);
        if digest_file(&from, self.cancel)? != output.sha256 {
            return Err(fault(
                &output.path,
                "has another digest than the manifest says",
            ));
        }
        let mut staged = self
            .staging
            .create_file(&format!("{}/{file:05}", table.table))?;
        let written = self.copy(table, file, (&from, &output.path), change, &mut staged);
        // what the disk said is the cause of what the writer said
        let staged = staged.finish();
        let done = match written {
            Err(error) => return Err(staged.err().unwrap_or(error)),
            Ok(done) => done,
        };
        let Staged {
            file: handle,
            bytes,
            sha256,
        } = staged?;
        let path = OutputManifest::path(&table.table, file, &sha256);
        self.staging.name(handle, &path)?;
        let escrow = if let Some(escrow) = change.finish(&self.staging, file)? {
            escrow
        } else {
            self.take_escrow(output)?;
            output.escrow.clone()
        };
        let output = OutputManifest {
            path,
            bytes,
            sha256,
            rows: done.written,
            quarantine: output.quarantine.clone(),
            escrow,
        };
        Ok((output, done))
    }

    /// Copies a file's rows, changed, into another.
    fn copy(
        &self,
        table: &TableManifest,
        file: usize,
        (from, path): (&Path, &str),
        change: &dyn Remake,
        staged: &mut StagedFile,
    ) -> Result<Rewritten> {
        let (mut reader, schema) = open(from, path, table)?;
        let actions = table.columns.iter().map(|column| &column.action);
        let keyed: Vec<bool> = actions.map(|action| is_pseudonym(action)).collect();
        let sink = Sink::of(Arc::clone(&schema), &keyed, self.options)?;
        let mut scratch = Scratch::default();
        let mut writer = sink.begin(staged, &mut scratch)?;
        let mut done = Rewritten {
            file,
            nulls: vec![(0, 0); table.columns.len()],
            ..Rewritten::default()
        };
        let mut held = Vec::new();
        while let Some(batch) = next(&mut reader, path, &schema)? {
            self.cancel.check()?;
            done.read += batch.num_rows() as u64;
            count(&batch, &mut done.nulls, |(read, _)| read);
            let batch = change.change(&self.staging, file, batch)?;
            count(&batch, &mut done.nulls, |(_, written)| written);
            if change.reorders() {
                held.push(batch);
            } else {
                writer.push(&batch)?;
            }
        }
        if change.reorders() {
            writer.gather(&held, &change.places(file, &held)?)?;
        }
        done.written = writer.finish()?;
        Ok(done)
    }

    /// Proves the tables that have new files, whose counts the caller has corrected, and records
    /// what was found in them. Answers what a run would not publish.
    pub(crate) fn prove(&mut self) -> Result<Vec<Leak>> {
        let tables = self.remade.iter();
        let tables = tables.filter_map(|table| self.manifest.tables.get(*table).cloned());
        let tables: Vec<TableManifest> = tables.collect();
        let (gates, leaks) = published::remade(self.staging.path(), &tables)?;
        for (table, gate) in self.remade.iter().zip(gates) {
            if let Some(table) = self.manifest.tables.get_mut(*table) {
                table.gate = gate;
            }
        }
        Ok(leaks)
    }

    /// Counts the classes of the tables that have new files again, where gates ask for it, and
    /// records what is found. Answers what does not hold.
    pub(crate) fn recount(
        &mut self,
        counter: &dyn ClassCounter,
        memory_bytes: Option<u64>,
    ) -> Vec<String> {
        let tables = self.manifest.tables.iter_mut().enumerate();
        let remade = tables.filter(|(table, _)| self.remade.contains(table));
        let remade = remade.map(|(_, table)| table);
        gates::again(self.staging.path(), remade, counter, memory_bytes)
    }

    /// Stages the record. What is answered can be published.
    pub(crate) fn finish(self) -> Result<Remade> {
        self.manifest
            .tables
            .iter()
            .try_for_each(TableManifest::balance)?;
        let text = self.manifest.to_json()?;
        self.staging.write(manifest::FILE, &text)?;
        if let Some(bytes) = reuse::to_bytes(&text, &self.sketches) {
            self.staging.write(reuse::FILE, &bytes)?;
        }
        Ok(Remade {
            staging: self.staging,
            manifest: self.manifest,
        })
    }
}

/// Reads some columns (ascending indices) of a published file of `table`, batch by batch.
pub(crate) fn read(
    directory: &Path,
    table: &TableManifest,
    output: &OutputManifest,
    columns: &[usize],
    mut each: impl FnMut(&[ArrayRef]) -> Result<()>,
) -> Result<()> {
    let (path, location) = (&output.path, directory.join(&output.path));
    let builder = builder(&location, path)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    let mut reader = build(builder.with_projection(mask), path)?;
    let schema = published::schema(table)?;
    let schema = schema.project(columns).map_err(|_| lost())?;
    while let Some(batch) = next(&mut reader, path, &Arc::new(schema.clone()))? {
        each(batch.columns())?;
    }
    Ok(())
}

/// Opens a published file, and answers the schema that its rows are written with again: that of the
/// manifest, with columns that hold no NULL where the file says so.
fn open(
    location: &Path,
    path: &str,
    table: &TableManifest,
) -> Result<(ParquetRecordBatchReader, Arc<Schema>)> {
    let builder = builder(location, path)?;
    let required = required(builder.parquet_schema());
    let schema = published::schema(table)?;
    let fields = schema.fields().iter().map(|field| {
        let nullable = !required.contains(field.name());
        field.as_ref().clone().with_nullable(nullable)
    });
    let fields: Vec<Field> = fields.collect();
    Ok((build(builder, path)?, Arc::new(Schema::new(fields))))
}

/// The columns that hold no NULL.
fn required(schema: &SchemaDescriptor) -> Vec<String> {
    let fields = schema.root_schema().get_fields().iter();
    let fields = fields.map(|field| field.get_basic_info());
    fields
        .filter(|field| field.has_repetition() && field.repetition() == Repetition::REQUIRED)
        .map(|field| field.name().to_owned())
        .collect()
}

fn builder(location: &Path, path: &str) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(location).map_err(Error::io("read", location))?;
    let open = || {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file);
        builder.map_err(|error| parquet_fault(&error))
    };
    guarded(open).map_err(|text| fault(path, text))
}

fn build(
    builder: ParquetRecordBatchReaderBuilder<File>,
    path: &str,
) -> Result<ParquetRecordBatchReader> {
    let builder = builder.with_batch_size(BATCH_ROWS);
    let build = || builder.build().map_err(|error| parquet_fault(&error));
    guarded(build).map_err(|text| fault(path, text))
}

/// The next batch, in the types of `schema`, which the file alone does not tell.
fn next(
    reader: &mut ParquetRecordBatchReader,
    path: &str,
    schema: &Arc<Schema>,
) -> Result<Option<RecordBatch>> {
    let read = || {
        let batch = reader.next().transpose();
        batch.map_err(|error| arrow_fault(&error))
    };
    let Some(batch) = guarded(read).map_err(|text| fault(path, text))? else {
        return Ok(None);
    };
    let array = |(array, field): (&ArrayRef, &Arc<Field>)| match field.data_type() {
        same if same == array.data_type() => Ok(Arc::clone(array)),
        other => cast(array, other).map_err(|error| fault(path, arrow_fault(&error))),
    };
    let arrays = batch.columns().iter().zip(schema.fields()).map(array);
    let arrays = arrays.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)
        .map(Some)
        .map_err(|_| fault(path, "has another schema than its manifest"))
}

/// Adds the NULLs of a batch.
fn count(batch: &RecordBatch, nulls: &mut [(u64, u64)], of: fn(&mut (u64, u64)) -> &mut u64) {
    for (array, nulls) in batch.columns().iter().zip(nulls) {
        *of(nulls) += array.logical_null_count() as u64;
    }
}

fn fault(file: &str, fault: &str) -> Error {
    Error::Verify {
        file: file.to_owned(),
        fault: fault.to_owned(),
    }
}

fn lost() -> Error {
    Error::Internal("a table that is none".to_owned())
}
