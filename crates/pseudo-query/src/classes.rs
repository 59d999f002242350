//! Equivalence classes over Parquet files: DataFusion reads the columns, one task a core hashes
//! and counts them. Nothing is spilled; what would not fit is counted in several passes.
//!
//! Reading order: `scan` (files and tasks) · `hash` (values as 64 bits) · `tally` (counts) ·
//! `members` (distinct subjects) · `measure` (k, l, t and risks).

pub(crate) mod hash;
mod measure;
mod members;
pub(crate) mod scan;
pub(crate) mod tally;

use arrow::array::{Array, AsArray, RecordBatch};
use pseudo_engine::risk::{ClassCounter, ClassQuestion, SetRisk, Unit};

use self::hash::{Cells, Keys, Seen};
pub(crate) use self::measure::Sizes;
pub(crate) use self::members::SetColumns;
use self::scan::Files;
use crate::error::Error;

/// Counts equivalence classes over Parquet files.
///
/// A subject that is NULL is one subject. A member counts once for each value that it has in a
/// sensitive column; the distribution in the whole table is the sum over its classes, so that
/// where every subject has one row it is that of the rows. In the order of a column NULL comes
/// first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Classes;

impl Classes {
    /// Answers `question`.
    ///
    /// # Errors
    /// When a column is not there, a file is damaged, or the count does not fit into the memory
    /// that it may hold.
    pub fn risk(self, question: &ClassQuestion<'_>) -> Result<SetRisk, Error> {
        if question.files.is_empty() {
            return Ok(nothing(question));
        }
        let files = Files::open(question.files, question.memory_bytes_max)?;
        let columns = |names: &[String]| -> Result<Vec<usize>, Error> {
            names.iter().map(|name| files.column(name)).collect()
        };
        let set = SetColumns {
            quasi_identifiers: columns(question.quasi_identifiers)?,
            sensitive: columns(question.sensitive)?,
        };
        let subject = question
            .subject
            .map(|name| files.column(name))
            .transpose()?;
        let counted = members::count(&files, &[set], subject, question.memory_bytes_max)?;
        let counted = counted.into_iter().next().ok_or(Error::Internal)?;
        Ok(counted.risk(
            question.quasi_identifiers,
            unit(question.subject.is_some()),
            question.k,
            question.sensitive,
        ))
    }
}

impl ClassCounter for Classes {
    fn count(&self, question: &ClassQuestion<'_>) -> Result<SetRisk, String> {
        self.risk(question).map_err(|error| error.to_string())
    }
}

fn unit(has_subject: bool) -> Unit {
    if has_subject {
        Unit::Subjects
    } else {
        Unit::Rows
    }
}

/// The answer for a table without files.
fn nothing(question: &ClassQuestion<'_>) -> SetRisk {
    let sensitive = question.sensitive.iter();
    let sensitive = sensitive.map(|column| measure::sensitive(column, &Vec::new(), None));
    Sizes::default().risk(
        question.quasi_identifiers,
        unit(question.subject.is_some()),
        question.k,
        sensitive.collect(),
    )
}

/// Hashes columns of batches, whose places in the files are `columns`, ascending.
pub(crate) struct Hashing {
    keys: Keys,
    columns: Vec<usize>,
    seen: Vec<Seen>,
}

impl Hashing {
    pub(crate) fn new(keys: Keys, columns: &[usize]) -> Self {
        Self {
            keys,
            columns: columns.to_vec(),
            seen: columns.iter().map(|_| Seen::default()).collect(),
        }
    }

    /// The cells of a batch, column by column.
    pub(crate) fn cells(&mut self, batch: &RecordBatch) -> Result<Vec<Cells>, Error> {
        let columns = batch.columns().iter().zip(&mut self.seen);
        columns
            .map(|(array, seen)| self.keys.cells(array, seen))
            .collect()
    }

    /// The cells of the column at a place in the files.
    pub(crate) fn at<'a, T>(&self, of: &'a [T], column: usize) -> Result<&'a T, Error> {
        let place = self.columns.binary_search(&column).ok();
        place.and_then(|place| of.get(place)).ok_or(Error::Internal)
    }

    /// The hashes of rows over some columns.
    pub(crate) fn rows(
        &self,
        cells: &[Cells],
        columns: &[usize],
        rows: usize,
    ) -> Result<Vec<u64>, Error> {
        let mut hashes = vec![self.keys.row(); rows];
        for column in columns {
            self.keys.absorb(self.at(cells, *column)?, &mut hashes);
        }
        Ok(hashes)
    }
}

/// The values of a column where they have an order, for hashes that are not known yet.
pub(crate) fn learn_order(
    array: &dyn Array,
    cells: &Cells,
    order: &mut hash::HashedMap<u64, i128>,
) {
    let dictionary = array.as_any_dictionary_opt();
    let values = dictionary.map_or(array, |dictionary| dictionary.values());
    let values = hash::numbers(values);
    let entries = match cells {
        Cells::Each(each) => each.as_slice(),
        Cells::Keyed { entries, .. } => entries,
    };
    for (number, hash) in values.into_iter().flatten().zip(entries) {
        if let Some(number) = number {
            order.entry(*hash).or_insert(number);
        }
    }
}
