//! The first pass of `rare`: how many rows of a whole table hold each value.
//!
//! A census holds the values of a column in clear, in memory alone; nothing prints it. Whatever the
//! order in which batches are counted and censuses merged, the values kept are the same.

use std::collections::{HashMap, HashSet};
use std::fmt;

use arrow_array::Array;
use arrow_schema::DataType;
use sha2::{Digest, Sha256};

use crate::bytes::{self, Cell};
use crate::{Error, distinct};

/// Counts of the rows that hold each value of a column; NULL is no value.
#[derive(Default)]
pub struct Census {
    rows: HashMap<Box<str>, u64>,
}

impl Census {
    /// Counts the rows of one batch.
    ///
    /// # Errors
    /// [`Error::UnsupportedType`] for a column that is neither text nor whole numbers.
    pub fn add(&mut self, array: &dyn Array) -> Result<(), Error> {
        match distinct::weighed(array)? {
            Some((values, weights)) => self.count(&values, Some(&weights)),
            None => self.count(array, None),
        }
    }

    /// Adds the rows of another census of the same column.
    pub fn merge(&mut self, other: Self) {
        if self.rows.is_empty() {
            self.rows = other.rows;
            return;
        }
        for (value, rows) in other.rows {
            *self.rows.entry(value).or_default() += rows;
        }
    }

    /// Answers how many values were counted.
    pub fn distinct(&self) -> usize {
        self.rows.len()
    }

    /// Answers the values that `below` rows hold, or more.
    pub fn kept(self, below: u64) -> Kept {
        let kept = self.rows.into_iter().filter(|(_, rows)| *rows >= below);
        Kept::new(kept.map(|(value, _)| value))
    }

    fn count(&mut self, array: &dyn Array, weights: Option<&[u64]>) -> Result<(), Error> {
        let data_type = array.data_type();
        if *data_type == DataType::Null {
            return Ok(());
        }
        let cells = bytes::cells(array).filter(|_| counts(data_type));
        let cells = cells.ok_or_else(|| Error::UnsupportedType {
            action: "rare",
            data_type: data_type.clone(),
        })?;
        let mut written = String::new();
        for row in 0..array.len() {
            let weight = weights.map_or(1, |weights| weights.get(row).copied().unwrap_or_default());
            if weight == 0 || cells.is_null(row) {
                continue;
            }
            written.clear();
            let text = match cells.cell(row, &mut written) {
                Cell::Text(text) => text,
                Cell::Written => &written,
                Cell::Bytes(_) | Cell::Missing => return Err(Error::Assembly),
            };
            match self.rows.get_mut(text) {
                Some(rows) => *rows += weight,
                None => {
                    self.rows.insert(text.into(), weight);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Census {
    /// Names no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Census({})", self.rows.len())
    }
}

/// The values of a column that enough rows hold.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    values: HashSet<Box<str>>,
    digest: [u8; 32],
}

impl Kept {
    /// Makes the set of these values, numbers being written in decimal.
    pub fn new<V: Into<Box<str>>>(values: impl IntoIterator<Item = V>) -> Self {
        let values: HashSet<Box<str>> = values.into_iter().map(Into::into).collect();
        let mut ascending: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        ascending.sort_unstable();
        let mut hasher = Sha256::new();
        for value in ascending {
            hasher.update((value.len() as u64).to_be_bytes());
            hasher.update(value);
        }
        let digest = hasher.finalize().into();
        Self { values, digest }
    }

    /// Answers the SHA-256 of the values in ascending order of their bytes, each behind its length
    /// in bytes as u64 big-endian.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Answers how many values are kept.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Says whether every value is rare.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(crate) fn contains(&self, value: &str) -> bool {
        self.values.contains(value)
    }
}

impl fmt::Debug for Kept {
    /// Names no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({})", self.values.len())
    }
}

/// Says whether the values of a column can be counted: text and whole numbers.
pub(crate) fn counts(data_type: &DataType) -> bool {
    bytes::is_text(data_type) || data_type.is_integer()
}
