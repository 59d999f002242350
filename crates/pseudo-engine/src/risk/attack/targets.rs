//! What candidates are compared with: the first bytes of the values of columns, found by hash in
//! tables that mostly answer from a few megabytes.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int32Type};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::decode::{Bytes, Encoding};
use super::fingerprint::mix;
use super::report::Target;
use super::stolen::{Stolen, Table};
use super::view::Print;
use crate::{Cancel, Result};

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Where it is found: [`spread`] of the first eight bytes.
    place: u64,
    /// The next eight bytes, or zeros behind fewer.
    rest: u64,
    /// Which bits of them count.
    mask: u64,
    /// The column, or whatever the owner of the entry calls it.
    pub(super) owner: u32,
}

impl Entry {
    pub(super) fn new(bytes: &Bytes, owner: u32) -> Self {
        let (first, rest) = halves(&bytes.first);
        let missing = 16_usize.saturating_sub(bytes.len) * 8;
        let missing = u32::try_from(missing).unwrap_or_default();
        let mask = u64::MAX.checked_shl(missing).unwrap_or_default();
        Self {
            place: spread(first),
            rest: rest & mask,
            mask,
            owner,
        }
    }

    /// Whether two entries are of one value.
    pub(super) const fn is_same(&self, other: &Self) -> bool {
        self.place == other.place && self.rest == other.rest && self.mask == other.mask
    }
}

/// Values by their first bytes.
pub(super) struct Index {
    entries: Vec<Entry>,
    /// Where the entries of a bucket begin.
    starts: Vec<u32>,
    bucket_bits: u32,
    /// A bit for each prefix that occurs.
    bitmap: Vec<u64>,
    bitmap_bits: u32,
}

impl Index {
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable();
        let bucket_bits = entries.len().max(2).ilog2();
        let bitmap_bits = (bucket_bits + 4).max(6);
        let mut bitmap = vec![0_u64; 1 << (bitmap_bits - 6)];
        let mut starts = vec![0_u32; (1 << bucket_bits) + 1];
        for entry in &entries {
            let bit = entry.place >> (64 - bitmap_bits);
            if let Some(word) = word_of(&mut bitmap, bit) {
                *word |= 1 << (bit % 64);
            }
            let bucket = usize::try_from(entry.place >> (64 - bucket_bits)).unwrap_or_default();
            if let Some(count) = starts.get_mut(bucket + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self {
            entries,
            starts,
            bucket_bits,
            bitmap,
            bitmap_bits,
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Calls `hit` with the place of each entry that a digest is of.
    #[inline]
    pub(super) fn look(&self, digest: &[u8; 16], mut hit: impl FnMut(usize)) {
        let (first, rest) = halves(digest);
        let place = spread(first);
        let bit = place >> (64 - self.bitmap_bits);
        let word = usize::try_from(bit / 64).ok();
        let word = word.and_then(|word| self.bitmap.get(word));
        if word.is_none_or(|word| word >> (bit % 64) & 1 == 0) {
            return;
        }
        let bucket = usize::try_from(place >> (64 - self.bucket_bits)).unwrap_or_default();
        let start = |bucket: usize| {
            let start = self.starts.get(bucket).copied().unwrap_or_default();
            usize::try_from(start).unwrap_or_default()
        };
        let entries = self.entries.get(start(bucket)..start(bucket + 1));
        for (at, entry) in (start(bucket)..).zip(entries.unwrap_or_default()) {
            if entry.place == place && rest & entry.mask == entry.rest {
                hit(at);
            }
        }
    }
}

fn word_of(bitmap: &mut [u64], bit: u64) -> Option<&mut u64> {
    usize::try_from(bit / 64)
        .ok()
        .and_then(|word| bitmap.get_mut(word))
}

fn halves(bytes: &[u8; 16]) -> (u64, u64) {
    let number = u128::from_be_bytes(*bytes).to_be_bytes();
    let (halves, _) = number.as_chunks::<8>();
    let half = |at: usize| halves.get(at).map_or(0, |half| u64::from_be_bytes(*half));
    (half(0), half(1))
}

/// One to one, so that values with a common beginning are spread out.
#[inline]
const fn spread(first: u64) -> u64 {
    first.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A column whose values are bytes.
pub(super) struct Column<'a> {
    pub(super) table: &'a Table,
    pub(super) index: usize,
    pub(super) encoding: Encoding,
    pub(super) told: Target,
    values: Vec<Bytes>,
}

/// Finds the columns whose values are bytes, and draws some values of each.
pub(super) fn columns<'a>(stolen: &'a Stolen, cancel: &Cancel) -> Result<Vec<Column<'a>>> {
    let tables = stolen.tables.iter();
    let all: Vec<(&Table, usize)> = tables
        .flat_map(|table| (0..table.columns.len()).map(move |index| (table, index)))
        .collect();
    let found = all.par_iter().map(|(table, index)| {
        cancel.check()?;
        draw(table, *index, cancel)
    });
    let found: Vec<Option<Column<'_>>> = found.collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// An index of the values of all columns; an entry's owner is the place of its column.
pub(super) fn index(columns: &mut [Column<'_>]) -> Index {
    let mut entries = Vec::new();
    for (owner, column) in (0..).zip(columns) {
        let values = std::mem::take(&mut column.values);
        entries.extend(values.iter().map(|bytes| Entry::new(bytes, owner)));
    }
    Index::new(entries)
}

/// Draws values of a column by their hash, so that each distinct one is as likely; None where the
/// values are no bytes.
fn draw<'a>(table: &'a Table, index: usize, cancel: &Cancel) -> Result<Option<Column<'a>>> {
    let Some(column) = table.columns.get(index) else {
        return Ok(None);
    };
    let Some(mut encoding) = start(&column.data_type) else {
        return Ok(None);
    };
    let mut drawn: HashSet<u64, BuildHasherDefault<Print>> = HashSet::default();
    let mut values: Vec<(u64, Bytes)> = Vec::new();
    let (mut most, mut shortest) = (u64::MAX, usize::MAX);
    table.read(index, &mut |array| {
        cancel.check()?;
        if encoding == Some(Encoding::Binary) || encoding.is_none() {
            encoding = encoding.or_else(|| of(array));
            if encoding.is_none() && array.null_count() < array.len() {
                return Ok(false);
            }
        }
        let Some(encoding) = encoding else {
            return Ok(true);
        };
        each(array, &mut |value| {
            let Some(bytes) = encoding.read(value) else {
                return;
            };
            shortest = shortest.min(bytes.len);
            let (first, rest) = halves(&bytes.first);
            let hash = mix(first ^ mix(rest));
            if hash <= most && drawn.insert(hash) {
                values.push((hash, bytes));
            }
        });
        while values.len() > DRAWN {
            most /= 2;
            values.retain(|(hash, _)| *hash <= most);
            drawn.retain(|hash| *hash <= most);
        }
        Ok(true)
    })?;
    let Some(encoding) = encoding.filter(|_| !values.is_empty()) else {
        return Ok(None);
    };
    let compared = values.len() as u64;
    let parts = most.leading_zeros();
    Ok(Some(Column {
        table,
        index,
        encoding,
        told: Target {
            table: table.name.clone(),
            column: column.name.clone(),
            encoding: encoding.name().to_owned(),
            bytes: shortest as u64,
            values: compared << parts,
            compared,
        },
        values: values.into_iter().map(|(_, bytes)| bytes).collect(),
    }))
}

/// How a column of that type is read, if it can hold bytes: known at once, or by its values.
fn start(data_type: &DataType) -> Option<Option<Encoding>> {
    match data_type {
        DataType::Utf8 => Some(None),
        DataType::Binary | DataType::FixedSizeBinary(_) => Some(Some(Encoding::Binary)),
        _ => None,
    }
}

/// The writing of the values of an array.
fn of(array: &ArrayRef) -> Option<Encoding> {
    let mut some: Vec<Vec<u8>> = Vec::new();
    each(array, &mut |value| {
        if some.len() < LOOKED_AT {
            some.push(value.to_vec());
        }
    });
    Encoding::of(some.iter().map(Vec::as_slice))
}

/// Hands out the values of an array; those of a dictionary once.
pub(super) fn each(array: &ArrayRef, take: &mut dyn FnMut(&[u8])) {
    match array.data_type() {
        DataType::Dictionary(..) => {
            if let Some(keyed) = array.as_dictionary_opt::<Int32Type>() {
                each(keyed.values(), take);
            }
        }
        DataType::Utf8 => {
            let cells = array.as_string::<i32>().iter().flatten();
            cells.for_each(|cell| take(cell.as_bytes()));
        }
        DataType::Binary => array.as_binary::<i32>().iter().flatten().for_each(take),
        DataType::FixedSizeBinary(_) => {
            let cells = array.as_fixed_size_binary().iter().flatten();
            cells.for_each(take);
        }
        _ => {}
    }
}

/// Values of a column that candidates are compared with.
const DRAWN: usize = 1 << 18;
/// Values that tell how a column is written.
const LOOKED_AT: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_finds_its_values_alone() {
        let bytes = |n: u64, len: usize| {
            let mut first = [0; 16];
            first[..8].copy_from_slice(&mix(n).to_be_bytes());
            first[8..].copy_from_slice(&mix(n + 1_000_000).to_be_bytes());
            first[len.min(16)..].fill(0);
            Bytes { first, len }
        };
        let lens = [8, 10, 16, 32];
        let entries = (0..5_000_u64).map(|n| Entry::new(&bytes(n, lens[n as usize % 4]), 7));
        let index = Index::new(entries.collect());
        for n in 0..20_000 {
            let mut hits = Vec::new();
            index.look(&bytes(n, 16).first, |at| hits.push(at));
            assert_eq!(hits.len(), usize::from(n < 5_000), "{n}");
        }
        // the last byte counts where the value has it
        let mut digest = bytes(2, 16).first;
        digest[15] ^= 1;
        index.look(&digest, |_| panic!("another digest"));
        let mut digest = bytes(0, 16).first;
        digest[15] ^= 1;
        let mut hits = 0;
        index.look(&digest, |_| hits += 1);
        assert_eq!(hits, 1);
    }

    #[test]
    fn an_empty_index_finds_nothing() {
        Index::new(Vec::new()).look(&[0; 16], |_| panic!("nothing is there"));
    }
}
