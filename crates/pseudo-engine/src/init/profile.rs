//! What the columns of a table hold, as far as they are read: counts, a sketch, the kinds that
//! values look like, and some values, which never leave this module's callers. Memory is bounded
//! whatever the table; the order of reading decides nothing that is written but by the sample.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use pseudo_pii::{Blanks, Canonical, Kind, Recogniser, Verdict};
use pseudo_policy::CsvOptions;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::find::Found;
use super::sketch::Sketch;
use super::spelling::Spelling;
use crate::progress::Progress;
use crate::source::SourceTable;
use crate::verify::distinct;
use crate::{Cancel, Error, Result};

/// A table, looked at.
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) source: String,
    /// How its files are read, where they are text.
    pub(super) csv: Option<CsvOptions>,
    pub(super) rows_read: u64,
    /// All rows, where the format tells.
    pub(super) rows: Option<u64>,
    /// Whether all rows were read.
    pub(super) is_full: bool,
    pub(super) columns: Vec<Column>,
}

/// A column, looked at.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) data_type: DataType,
    /// Rows that hold a value.
    pub(super) values: u64,
    /// Rows that hold a word for nothing, `N/A` or `无`.
    pub(super) blanks: u64,
    /// Rows that hold a number that is not whole; of those nothing else is known.
    pub(super) fractions: u64,
    pub(super) sketch: Sketch,
    pub(super) recogniser: Recogniser,
    pub(super) spelling: Spelling,
    /// The least and the largest whole number.
    pub(super) bounds: Option<(i128, i128)>,
    /// Some distinct values, by their hashes; never written anywhere.
    pub(super) examples: BTreeMap<u64, Box<str>>,
}

impl Column {
    fn new(name: &str, data_type: &DataType) -> Self {
        Self {
            name: name.to_owned(),
            data_type: match data_type {
                DataType::Dictionary(_, values) => values.as_ref().clone(),
                plain => plain.clone(),
            },
            values: 0,
            blanks: 0,
            fractions: 0,
            sketch: Sketch::default(),
            recogniser: Recogniser::default(),
            spelling: Spelling::default(),
            bounds: None,
            examples: BTreeMap::new(),
        }
    }

    /// Adds a batch.
    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        let array = match array.data_type() {
            DataType::Dictionary(_, values) => cast(array, values)
                .map_err(|_| Error::Internal("a dictionary without values".to_owned()))?,
            _ => ArrayRef::clone(array),
        };
        let present = (array.len() - array.logical_null_count()) as u64;
        self.values += present;
        let Some(values) = distinct(&array) else {
            return Ok(());
        };
        self.fractions += values.fractions;
        let mut written = String::new();
        let blanks = Blanks::default();
        for (value, rows) in values.iter() {
            let Ok(text) = std::str::from_utf8(value) else {
                self.sketch.add(Sketch::hash(value), rows);
                continue;
            };
            written.clear();
            let same = match Kind::Integer.canonical(text, &blanks, &mut written) {
                Canonical::Blank => {
                    self.values -= rows;
                    self.blanks += rows;
                    continue;
                }
                Canonical::Same(_) => text,
                Canonical::Written(Verdict::Valid) => written.as_str(),
                Canonical::Written(_) => text.trim(),
            };
            let hash = Sketch::hash(same.as_bytes());
            if self.sketch.add(hash, rows) {
                self.look(hash, text, same, rows);
            }
        }
        Ok(())
    }

    /// Looks at a new value; `same` is how it is written among numbers.
    fn look(&mut self, hash: u64, text: &str, same: &str, rows: u64) {
        self.recogniser.add(text, rows);
        self.spelling.add(text);
        if let Ok(number) = same.parse::<i128>() {
            let (least, largest) = self.bounds.unwrap_or((number, number));
            self.bounds = Some((least.min(number), largest.max(number)));
        }
        let is_full = self.examples.len() >= EXAMPLES;
        let last = self.examples.last_key_value().map(|(last, _)| *last);
        if is_full && last.is_some_and(|last| hash > last) {
            return;
        }
        let end = text.floor_char_boundary(EXAMPLE_BYTES);
        let example = text.get(..end).unwrap_or_default();
        self.examples.insert(hash, example.into());
        if is_full {
            self.examples.pop_last();
        }
    }

    /// How many distinct values there are, about.
    pub(super) fn distinct(&self) -> u64 {
        self.sketch.distinct().min(self.values)
    }

    /// Whether hardly a value occurs twice.
    pub(super) fn is_unique(&self) -> bool {
        self.values >= UNIQUE_MIN && self.distinct() as f64 >= UNIQUE * self.values as f64
    }

    /// Whether few values stand in many rows each.
    pub(super) fn is_category(&self, most: u64) -> bool {
        let distinct = self.distinct();
        let rows_each = if distinct <= CATEGORIES_FEW { 2 } else { 10 };
        let is_few = distinct <= most && self.sketch.is_exact();
        is_few && distinct > 0 && self.values >= rows_each * distinct
    }

    /// The share of the examples that `is` says yes to.
    pub(super) fn share(&self, mut is: impl FnMut(&str) -> bool) -> f64 {
        let of = self.examples.len().max(1);
        let found = self.examples.values().filter(|value| is(value)).count();
        found as f64 / of as f64
    }

    /// The share of the examples that are of a kind as a whole.
    pub(super) fn share_of(&self, kind: Kind) -> f64 {
        let (blanks, mut written) = (Blanks::default(), String::new());
        self.share(|value| {
            written.clear();
            let verdict = match kind.canonical(value, &blanks, &mut written) {
                Canonical::Blank => return false,
                Canonical::Same(verdict) | Canonical::Written(verdict) => verdict,
            };
            verdict != Verdict::Invalid
        })
    }
}

/// Reads a table: some of it, spread over its files, or all of it.
pub(super) fn read(
    found: &Found,
    source: &SourceTable,
    full: bool,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Profile> {
    let fields = source.schema.fields();
    let mut columns: Vec<Column> = fields
        .iter()
        .map(|field| Column::new(field.name(), field.data_type()))
        .collect();
    let wanted = (0..fields.len()).filter(|index| {
        let field = fields.get(*index);
        field.is_some_and(|field| is_flat(field.data_type()))
    });
    let wanted: Vec<usize> = wanted.collect();
    let step = match full {
        true => 1,
        false => source.files.len().div_ceil(SLICES).max(1),
    };
    let chosen = source.files.len().div_ceil(step);
    let (mut rows_read, mut rows_chosen) = (0, Some(0));
    for file in source.files.iter().step_by(step) {
        let slices = match full {
            true => file.slices(&wanted, &crate::memory::Budget::reading())?,
            false => file.spread(&wanted, (SLICES / chosen.max(1)).max(1))?,
        };
        rows_chosen = rows_chosen.zip(file.rows()).map(|(sum, rows)| sum + rows);
        for slice in &slices {
            file.read(slice, &wanted, &mut |batch| {
                cancel.check()?;
                rows_read += batch.num_rows() as u64;
                progress.rows(batch.num_rows() as u64);
                let arrays = batch.columns();
                let mut read: Vec<(&mut Column, &ArrayRef)> = Vec::new();
                for (index, column) in columns.iter_mut().enumerate() {
                    let at = wanted.binary_search(&index).ok();
                    read.extend(
                        at.and_then(|at| arrays.get(at))
                            .map(|array| (column, array)),
                    );
                }
                read.par_iter_mut()
                    .with_max_len(1)
                    .try_for_each(|(column, array)| column.add(array))
            })?;
        }
    }
    let rows: Option<u64> = source
        .files
        .iter()
        .map(crate::source::SourceFile::rows)
        .sum();
    let is_full = full || rows == Some(rows_read) || found.bytes <= SMALL;
    Ok(Profile {
        name: found.name.clone(),
        source: found.source.clone(),
        csv: found.csv.clone(),
        rows_read,
        rows: rows.or(is_full.then_some(rows_read)),
        is_full,
        columns,
    })
}

/// Whether cells of that type can be read one by one.
pub(super) fn is_flat(data_type: &DataType) -> bool {
    match data_type {
        DataType::RunEndEncoded(..) => false,
        DataType::Dictionary(_, values) => !values.is_nested(),
        plain => !plain.is_nested(),
    }
}

/// Slices of a table that stand for all of it.
const SLICES: usize = 16;
/// Bytes of a table of text that is read as a whole.
const SMALL: u64 = 1 << 20;
/// Values that are looked at closely.
const EXAMPLES: usize = 512;
const EXAMPLE_BYTES: usize = 256;
/// Values from which on being all distinct says something.
const UNIQUE_MIN: u64 = 20;
/// An estimate of distinct values is a few per cent off.
const UNIQUE: f64 = 0.95;
/// So few distinct values are categories even where rows are few.
const CATEGORIES_FEW: u64 = 12;
