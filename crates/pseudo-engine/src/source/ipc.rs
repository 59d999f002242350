//! Arrow IPC files, which are Feather version 2, too. A slice is a run of whole record batches, or
//! some rows of one that is too large; a batch is read whole, and kept while slices of it follow
//! each other.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::{Block, MessageHeader, MetadataVersion, root_as_footer, root_as_message};

use super::{Slice, TEXT_RATIO, Visitor};
use crate::memory::Budget;
use crate::space::Extent;
use crate::{Error, Result};

/// An opened file: where it is, and its footer.
pub(crate) struct IpcFile {
    pub(crate) location: PathBuf,
    /// As the file has it.
    written: SchemaRef,
    schema: SchemaRef,
    version: MetadataVersion,
    dictionaries: Vec<Block>,
    batches: Vec<Batch>,
    /// The batch that was read last.
    held: Mutex<Option<Held>>,
}

/// A record batch of the file.
struct Batch {
    block: Block,
    rows: u64,
    /// Bytes of its body once they are read.
    bytes: u64,
}

/// A record batch in memory.
struct Held {
    index: usize,
    columns: Vec<usize>,
    batch: RecordBatch,
}

/// At both ends of a file.
const MAGIC: &[u8] = b"ARROW1";
/// Where the length of the footer and the magic number are.
const TAIL: usize = 10;
const DAMAGED: &str = "damaged Arrow";

impl IpcFile {
    /// Reads the footer, and how many rows each batch has.
    pub(crate) fn open(path: &str, location: PathBuf, file: &File) -> Result<(Self, SchemaRef)> {
        let size = file.metadata().map_err(Error::io("read", &location))?.len();
        if let Some(fault) = unlike(file, size) {
            return Err(Error::source(path, fault));
        }
        let opened = guarded(path, || {
            Self::footer(&location, file, size).ok_or_else(|| Error::source(path, DAMAGED))
        })?;
        let schema = Arc::clone(&opened.schema);
        Ok((opened, schema))
    }

    /// None where the footer is damaged.
    fn footer(location: &Path, file: &File, size: u64) -> Option<Self> {
        let end = size.checked_sub(TAIL as u64)?;
        let mut tail = [0; TAIL];
        file.read_exact_at(&mut tail, end).ok()?;
        let length = read_footer_length(tail).ok()?;
        let start = end.checked_sub(length as u64)?;
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, start).ok()?;
        let footer = root_as_footer(&bytes).ok()?;
        let schema = footer.schema()?;
        if !schema.endianness().equals_to_target_endianness() {
            return None;
        }
        let written = fb_to_schema(schema);
        // what is said beside names and types may be anything, values included
        let field = |field: &Arc<Field>| {
            let (name, data_type) = (field.name(), field.data_type().clone());
            Field::new(name, data_type, field.is_nullable())
        };
        let fields: Vec<Field> = written.fields().iter().map(field).collect();
        let blocks = |blocks: Vec<Block>| {
            let fits = |block: &Block| within(block, start);
            blocks.iter().all(fits).then_some(blocks)
        };
        let listed = footer.recordBatches()?;
        let listed = blocks(listed.iter().copied().collect())?;
        let dictionaries = footer.dictionaries();
        let dictionaries = dictionaries.map(|listed| listed.iter().copied().collect());
        let batches = listed.into_iter().map(|block| Batch::of(file, block));
        Some(Self {
            location: location.to_owned(),
            written: Arc::new(written),
            schema: Arc::new(Schema::new(fields)),
            version: footer.version(),
            dictionaries: blocks(dictionaries.unwrap_or_default())?,
            batches: batches.collect::<Option<_>>()?,
            held: Mutex::default(),
        })
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows_before(self.batches.len())
    }

    pub(crate) fn rows_before(&self, batch: usize) -> u64 {
        self.batches
            .iter()
            .take(batch)
            .map(|batch| batch.rows)
            .sum()
    }

    /// What is in one of the columns; of equal parts, since the footer does not tell.
    pub(crate) fn extent(&self) -> Extent {
        let bytes: u64 = self.batches.iter().map(|batch| batch.bytes).sum();
        Extent {
            bytes: bytes / TEXT_RATIO / self.schema.fields().len().max(1) as u64,
            values: None,
        }
    }

    /// Whole batches up to the aimed size; one that is over twice that size is cut.
    pub(crate) fn slices(&self, budget: &Budget) -> Vec<Slice> {
        let slice = |groups: Range<usize>, rows: Range<u64>| Slice::RowGroups {
            batch: budget.batch_rows(self.row_bytes(groups.clone())),
            groups,
            rows,
        };
        let mut slices = Vec::new();
        let mut open: Option<(usize, u64)> = None;
        for (index, batch) in self.batches.iter().enumerate() {
            let limit = budget.slice_rows(self.row_bytes(index..index + 1));
            if let Some((first, sum)) = open.take() {
                if sum + batch.rows <= limit {
                    open = Some((first, sum + batch.rows));
                    continue;
                }
                slices.push(slice(first..index, 0..sum));
            }
            if batch.rows <= limit.saturating_mul(2) {
                open = Some((index, batch.rows));
                continue;
            }
            let mut first = 0;
            while first < batch.rows {
                let end = batch.rows.min(first + limit);
                slices.push(slice(index..index + 1, first..end));
                first = end;
            }
        }
        if let Some((first, sum)) = open.filter(|(_, sum)| *sum > 0) {
            slices.push(slice(first..self.batches.len(), 0..sum));
        }
        slices
    }

    /// Bytes of a row of some batches, once it is read.
    pub(crate) fn row_bytes(&self, batches: Range<usize>) -> u64 {
        let batches = self.batches.get(batches).unwrap_or_default();
        let (bytes, rows) = batches.iter().fold((0_u64, 0), |(bytes, rows), batch| {
            (bytes + batch.bytes, rows + batch.rows)
        });
        bytes.div_ceil(rows.max(1))
    }

    /// Bytes of the largest of some batches, once it is read.
    pub(crate) fn batch_bytes(&self, batches: Range<usize>) -> u64 {
        let batches = self.batches.get(batches).unwrap_or_default();
        batches.iter().map(|batch| batch.bytes).max().unwrap_or(0)
    }

    /// Reads some columns of the rows `rows` of some batches, `most` rows at a time.
    pub(crate) fn read(
        &self,
        path: &str,
        batches: Range<usize>,
        rows: Range<u64>,
        most: u64,
        columns: &[usize],
        each: Visitor<'_>,
    ) -> Result<()> {
        let schema = self.schema.project(columns);
        let schema = Arc::new(schema.map_err(|error| Error::reading_arrow(path, &error))?);
        let mut before = 0;
        for index in batches {
            let Some(batch) = self.batches.get(index) else {
                return Err(Error::Internal("no such batch".to_owned()));
            };
            let own = rows.start.saturating_sub(before)..batch.rows.min(rows.end - before);
            before += batch.rows;
            let whole = match own.end - own.start == batch.rows {
                true => guarded(path, || self.decode(path, index, columns))?,
                false => self.held(path, index, columns)?,
            };
            if whole.num_rows() as u64 != batch.rows {
                return Err(Error::source(path, DAMAGED));
            }
            let mut first = own.start;
            while first < own.end {
                let end = own.end.min(first + most.max(1));
                let length = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
                let part = whole.slice(length(first), length(end - first));
                let options = RecordBatchOptions::new().with_row_count(Some(part.num_rows()));
                let arrays = part.columns().to_vec();
                let part = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options);
                each(part.map_err(|error| Error::reading_arrow(path, &error))?)?;
                first = end;
            }
            if own.end == batch.rows {
                self.release(index);
            }
        }
        Ok(())
    }

    /// Columns of a record batch of which there are several slices.
    fn held(&self, path: &str, index: usize, columns: &[usize]) -> Result<RecordBatch> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |held: &&Held| held.index == index && held.columns == columns;
        if let Some(held) = held.as_ref().filter(is_same) {
            return Ok(held.batch.clone());
        }
        *held = None;
        let batch = guarded(path, || self.decode(path, index, columns))?;
        *held = Some(Held {
            index,
            columns: columns.to_vec(),
            batch: batch.clone(),
        });
        Ok(batch)
    }

    fn release(&self, index: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|held| held.index == index) {
            *held = None;
        }
    }

    fn decode(&self, path: &str, index: usize, columns: &[usize]) -> Result<RecordBatch> {
        let file = File::open(&self.location).map_err(Error::io("read", &self.location))?;
        let fault = |error| Error::reading_arrow(path, &error);
        let bytes = |block: &Block| {
            bytes(&file, block, block.bodyLength()).map_err(Error::io("read", &self.location))
        };
        let decoder = FileDecoder::new(Arc::clone(&self.written), self.version);
        let mut decoder = decoder.with_projection(columns.to_vec());
        for block in &self.dictionaries {
            decoder
                .read_dictionary(block, &bytes(block)?)
                .map_err(fault)?;
        }
        let batch = self.batches.get(index);
        let block = &batch.ok_or_else(|| Error::source(path, DAMAGED))?.block;
        let read = decoder
            .read_record_batch(block, &bytes(block)?)
            .map_err(fault)?;
        read.ok_or_else(|| Error::source(path, DAMAGED))
    }
}

impl Batch {
    /// What the head of a batch says; None where it is damaged.
    fn of(file: &File, block: Block) -> Option<Self> {
        let head = bytes(file, &block, 0).ok()?;
        let head = match head.strip_prefix(&[0xFF; 4]) {
            Some(rest) => rest.get(4..)?,
            None => head.get(4..)?,
        };
        let message = root_as_message(head).ok()?;
        if message.header_type() != MessageHeader::RecordBatch {
            return None;
        }
        let batch = message.header_as_record_batch()?;
        let rows = u64::try_from(batch.length()).ok()?;
        let body = u64::try_from(block.bodyLength()).ok()?;
        let is_packed = batch.compression().is_some();
        // a column without a bit for each of its rows has no values at all
        let most = body.saturating_mul(if is_packed { PACKED_ROWS } else { 8 });
        (rows <= most || rows <= EMPTY_ROWS).then_some(Self {
            block,
            rows,
            bytes: body.saturating_mul(if is_packed { TEXT_RATIO } else { 1 }),
        })
    }
}

/// Rows that a byte of a compressed batch can stand for, at most.
const PACKED_ROWS: u64 = 1 << 18;
/// Rows of a batch that has no bytes: of columns that are NULL.
const EMPTY_ROWS: u64 = 1 << 20;

/// What says that a file is of another format, or not whole.
fn unlike(file: &File, size: u64) -> Option<&'static str> {
    let mut head = [0; 6];
    let mut tail = [0; 6];
    let read = file.read_exact_at(&mut head, 0).is_ok()
        && file
            .read_exact_at(&mut tail, size.saturating_sub(6))
            .is_ok();
    match (head.starts_with(MAGIC), tail.starts_with(MAGIC)) {
        _ if size == 0 => Some("empty file: not even a footer"),
        _ if head.starts_with(b"FEA1") => Some("Feather version 1, which this build does not read"),
        _ if !read => Some("not an Arrow file"),
        (true, true) => None,
        (true, false) => Some("truncated Arrow: it has no footer"),
        _ if head.starts_with(&[0xFF; 4]) => Some("an Arrow stream: write it as a file"),
        _ => Some("not an Arrow file"),
    }
}

/// Whether a block lies before the byte `end`.
fn within(block: &Block, end: u64) -> bool {
    let number = |number: i64| u64::try_from(number).ok();
    let last = number(block.offset())
        .zip(number(block.metaDataLength().into()))
        .and_then(|(at, head)| at.checked_add(head))
        .zip(number(block.bodyLength()))
        .and_then(|(at, body)| at.checked_add(body));
    block.metaDataLength() >= 8 && last.is_some_and(|last| last <= end)
}

/// The head of a block that lies within the file, and the first `body` bytes of its body.
fn bytes(file: &File, block: &Block, body: i64) -> std::io::Result<Buffer> {
    let length = i64::from(block.metaDataLength()).saturating_add(body);
    let mut bytes = MutableBuffer::from_len_zeroed(usize::try_from(length).unwrap_or(usize::MAX));
    file.read_exact_at(&mut bytes, block.offset().unsigned_abs())?;
    Ok(bytes.into())
}

/// Decoders of damaged files may panic; that ends the file, not the process.
fn guarded<T>(path: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Error::source(path, DAMAGED)))
}
