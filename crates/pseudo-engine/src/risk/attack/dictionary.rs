//! Unkeyed hashes: whoever can list all phone numbers can invert a hash of phone numbers.
//!
//! A column of `n` values that are hashes of a space of `s` candidates is hit by a share `n / s` of
//! candidates that are drawn at random. So a few candidates tell whether a column is made like that:
//! as many are tried as would give [`EXPECTED`] hits, within the limit of guesses. Where something
//! is hit, all candidates are tried (`recover`).

use std::collections::BTreeMap;
use std::sync::Mutex;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use pseudo_pii::{Blanks, Kind};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::AttackOptions;
use super::hash::Hash;
use super::raw::{Raw, RawTable};
use super::recover::{Full, Inverted};
use super::report::{AttackReport, Recovered, Trial};
use super::space::{Family, Message, Space};
use super::stolen::Stolen;
use super::targets::{self, Column, Index};
use crate::Result;
use crate::verify::{probe, values};

/// Hits by column and hash.
pub(super) type Hits = BTreeMap<(u32, Hash), u64>;

/// Where candidates come from.
#[derive(Clone, Copy)]
pub(super) enum Words<'a> {
    /// All identifiers of a sort, in one spelling.
    Space(&'a Space<'a>, usize),
    /// The values of a raw column, and their canonical form.
    Raw(&'a RawTable, usize, Option<Kind>),
}

/// Tries all dictionaries against all columns.
pub(super) fn attack(
    stolen: &Stolen,
    raw: Option<&Raw>,
    options: &AttackOptions<'_>,
    report: &mut AttackReport,
) -> Result<()> {
    let mut columns = targets::columns(stolen, options.cancel)?;
    let index = targets::index(&mut columns);
    report.targets = columns.iter().map(|column| column.told.clone()).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let mut tried = Tried {
        columns: &columns,
        index: &index,
        options,
        full: BTreeMap::new(),
    };
    if let Some(raw) = raw {
        tried.source(stolen, raw, report)?;
    }
    for family in Family::ALL {
        let space = Space::new(family, options.spaces);
        if space.size > 0 {
            tried.space(&space, report)?;
        }
    }
    Ok(())
}

/// The columns, and those of them that were read in full.
struct Tried<'a> {
    columns: &'a [Column<'a>],
    index: &'a Index,
    options: &'a AttackOptions<'a>,
    full: BTreeMap<u32, Full>,
}

impl Tried<'_> {
    /// Tries identifiers of one sort.
    fn space(&mut self, space: &Space<'_>, report: &mut AttackReport) -> Result<()> {
        let count = self.count(space);
        let mut hits = Hits::new();
        let mut spelt = Vec::new();
        for spelling in 0..space.family.spellings() {
            let words = Words::Space(space, spelling);
            let found = Mutex::new(Hits::new());
            try_space(space, spelling, count, self.options, &|messages| {
                let hit = self.probe(messages);
                let mut found = found.lock().unwrap_or_else(|error| error.into_inner());
                add(&mut found, hit);
                Ok(true)
            })?;
            let found = found
                .into_inner()
                .unwrap_or_else(|error| error.into_inner());
            add(&mut hits, found.clone());
            spelt.extend(found.into_keys().map(|place| (words, place)));
        }
        let name = space.family.name();
        report.hashes += count * (space.family.spellings() * Hash::ALL.len()) as u64;
        for (column, at) in self.columns.iter().zip(0..) {
            let expected = count as f64 * column.told.compared as f64 / space.size as f64;
            report.trials.push(Trial {
                table: column.told.table.clone(),
                column: column.told.column.clone(),
                dictionary: name.to_owned(),
                candidates: space.size,
                tried: count,
                hits: of_column(&hits, at),
                missed: Some(if count == space.size {
                    0.0
                } else {
                    (-expected).exp()
                }),
            });
        }
        self.recover(name, &spelt, report)
    }

    /// How many candidates are tried: as many as tell, for the column that needs most.
    fn count(&self, space: &Space<'_>) -> u64 {
        if self.options.exhaustive {
            return space.size;
        }
        let needed = self.columns.iter().map(|column| {
            let share = space.size.div_ceil(column.told.compared.max(1));
            share.saturating_mul(EXPECTED)
        });
        let needed = needed.max().unwrap_or_default();
        needed.min(self.options.guesses).min(space.size)
    }

    /// Tries the values of the raw columns.
    fn source(&mut self, stolen: &Stolen, raw: &Raw, report: &mut AttackReport) -> Result<()> {
        let (mut hits, mut asked) = (Hits::new(), 0);
        let mut spelt = Vec::new();
        for table in raw.tables() {
            for (index, name) in table.columns() {
                let words = Words::Raw(table, index, kind(stolen, table, name));
                let found = Mutex::new((Hits::new(), 0));
                words.each(Some(SOURCE_ROWS), self.options, &|messages| {
                    let hit = self.probe(messages);
                    let mut found = found.lock().unwrap_or_else(|error| error.into_inner());
                    add(&mut found.0, hit);
                    found.1 += messages.len() as u64;
                    Ok(true)
                })?;
                let found = found
                    .into_inner()
                    .unwrap_or_else(|error| error.into_inner());
                asked += found.1;
                add(&mut hits, found.0.clone());
                spelt.extend(found.0.into_keys().map(|place| (words, place)));
            }
        }
        report.hashes += asked * Hash::ALL.len() as u64;
        for (column, at) in self.columns.iter().zip(0..) {
            report.trials.push(Trial {
                table: column.told.table.clone(),
                column: column.told.column.clone(),
                dictionary: SOURCE.to_owned(),
                candidates: asked,
                tried: asked,
                hits: of_column(&hits, at),
                missed: None,
            });
        }
        self.recover(SOURCE, &spelt, report)
    }

    /// Which columns hold the hashes of messages.
    fn probe(&self, messages: &[&[u8]]) -> Hits {
        let mut digests = vec![[0; 16]; messages.len()];
        let mut hits = Hits::new();
        for hash in Hash::ALL {
            hash.digests(messages, &mut digests);
            for digest in &digests {
                self.index.look(digest, |at| {
                    if let Some(entry) = self.index.entries().get(at) {
                        *hits.entry((entry.owner, hash)).or_default() += 1;
                    }
                });
            }
        }
        hits
    }

    /// Inverts what was hit, with all words.
    fn recover(
        &mut self,
        dictionary: &str,
        hit: &[(Words<'_>, (u32, Hash))],
        report: &mut AttackReport,
    ) -> Result<()> {
        let places: std::collections::BTreeSet<_> = hit.iter().map(|(_, place)| *place).collect();
        for (column, hash) in places {
            self.options.progress.phase("recover");
            let at = usize::try_from(column).unwrap_or_default();
            let Some(target) = self.columns.get(at) else {
                continue;
            };
            if let std::collections::btree_map::Entry::Vacant(place) = self.full.entry(column) {
                place.insert(Full::read(target, self.options.cancel)?);
            }
            let Some(full) = self.full.get(&column) else {
                continue;
            };
            let inverted = Inverted::new(full);
            for (words, _) in hit.iter().filter(|(_, place)| *place == (column, hash)) {
                words.each(None, self.options, &|messages| {
                    Ok(inverted.try_all(hash, messages))
                })?;
            }
            let (values, rows) = inverted.count();
            report.recovered.push(Recovered {
                table: target.told.table.clone(),
                column: target.told.column.clone(),
                dictionary: dictionary.to_owned(),
                hash: hash.name().to_owned(),
                values,
                of_values: full.values(),
                rows,
                of_rows: full.rows(),
            });
        }
        Ok(())
    }
}

impl Words<'_> {
    /// Hands all words to `each`, or those of the first rows, until it answers that none is needed
    /// any more.
    fn each(
        &self,
        rows: Option<u64>,
        options: &AttackOptions<'_>,
        each: &(dyn Fn(&[&[u8]]) -> Result<bool> + Sync),
    ) -> Result<()> {
        match self {
            Self::Space(space, spelling) => try_space(space, *spelling, space.size, options, each),
            Self::Raw(table, column, kind) => table.read(*column, rows, &|array| {
                options.cancel.check()?;
                let words = words(array, *kind);
                let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                options.progress.rows(words.len() as u64);
                words
                    .chunks(BATCH)
                    .try_for_each(|words| each(words).map(drop))
            }),
        }
    }
}

/// Hands `count` candidates to `each`, drawn evenly from all of them, each once, until it answers
/// that none is needed any more.
fn try_space(
    space: &Space<'_>,
    spelling: usize,
    count: u64,
    options: &AttackOptions<'_>,
    each: &(dyn Fn(&[&[u8]]) -> Result<bool> + Sync),
) -> Result<()> {
    let stride = stride(space.size);
    let blocks = count.div_ceil(BLOCK);
    let tried = (0..blocks).into_par_iter().try_for_each(|block| {
        options.cancel.check().map_err(Some)?;
        let start = block * BLOCK;
        let end = (start + BLOCK).min(count);
        let first = u128::from(start) * u128::from(stride) % u128::from(space.size.max(1));
        let mut number = u64::try_from(first).unwrap_or_default();
        let mut messages = vec![Message::default(); BATCH];
        let mut left = end - start;
        while left > 0 {
            let batch = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
            for message in messages.iter_mut().take(batch) {
                space.write(number, spelling, message);
                // both are below the size, which is far below 2^63
                number += stride;
                if number >= space.size {
                    number -= space.size;
                }
            }
            let texts: Vec<&[u8]> = messages.iter().take(batch).map(Message::as_bytes).collect();
            if !each(&texts).map_err(Some)? {
                return Err(None);
            }
            left -= batch as u64;
        }
        options.progress.rows(end - start);
        Ok(())
    });
    match tried {
        Err(Some(error)) => Err(error),
        Ok(()) | Err(None) => Ok(()),
    }
}

/// A step that visits all numbers below `size` in an order that looks like none: a share of the
/// golden section, and no common divisor.
fn stride(size: u64) -> u64 {
    let section = u128::from(size) * 0x9e37_79b9_7f4a_7c15 >> 64;
    let mut stride = u64::try_from(section).unwrap_or_default().max(1);
    while common_divisor(stride, size) != 1 {
        stride += 1;
    }
    stride % size.max(1)
}

fn common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// The values of an array as a thief would hash them: as they stand, and in canonical form.
fn words(array: &ArrayRef, kind: Option<Kind>) -> Vec<Vec<u8>> {
    let plain = match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values).ok(),
        DataType::Utf8View | DataType::LargeUtf8 => cast(array, &DataType::Utf8).ok(),
        _ => None,
    };
    let array = plain.as_ref().unwrap_or(array);
    let (mut words, mut written) = (Vec::new(), String::new());
    let blanks = Blanks::default();
    let Some(distinct) = values::distinct(array) else {
        return words;
    };
    for (value, _) in distinct.iter() {
        words.push(value.to_vec());
        if let (Some(kind), Ok(text)) = (kind, std::str::from_utf8(value))
            && let Some(cell) = probe::canonical(kind, text, &blanks, &mut written)
            && cell != text
        {
            words.push(cell.as_bytes().to_vec());
        }
    }
    words
}

/// The kind of the pseudonyms that were made of a raw column.
fn kind(stolen: &Stolen, raw: &RawTable, name: &str) -> Option<Kind> {
    let columns = stolen.tables.get(raw.of)?.columns.iter();
    let mut kinds = columns.filter(|column| column.source == name);
    let kind = kinds.find_map(|column| column.kind.as_deref())?;
    Kind::parse(kind.split('/').next()?)
}

fn add(hits: &mut Hits, more: Hits) {
    for (place, count) in more {
        *hits.entry(place).or_default() += count;
    }
}

fn of_column(hits: &Hits, column: u32) -> u64 {
    let own = hits.iter().filter(|((owner, _), _)| *owner == column);
    own.map(|(_, count)| count).sum()
}

/// Hits that tell a column of hashes from one that is none: it would be missed by a chance of e^-20.
const EXPECTED: u64 = 20;
/// Candidates of a task, and of a batch of it.
const BLOCK: u64 = 1 << 18;
const BATCH: usize = 4096;
/// Rows of a raw column that are tried at first.
const SOURCE_ROWS: u64 = 1 << 17;
/// What the raw source is called among the dictionaries.
const SOURCE: &str = "source";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stride_visits_every_number_once() {
        for size in [1, 2, 7, 10_000, 30_030] {
            let stride = stride(size);
            let mut seen = vec![false; size as usize];
            let mut number = 0;
            for _ in 0..size {
                assert!(!std::mem::replace(&mut seen[number as usize], true));
                number = (number + stride) % size;
            }
        }
    }
}
