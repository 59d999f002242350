//! What each column tells by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::execution::memory_pool::MemoryReservation;
use pseudo_engine::manifest::{ColumnManifest, TableManifest};
use pseudo_engine::risk::{ColumnClass, ColumnRisk, FrequencyAttack, LengthGroups, rule};

use crate::classes::hash::Keys;
use crate::classes::scan::Files;
use crate::classes::tally::{Tally, runs};
use crate::classes::{Hashing, Sizes};
use crate::error::{self, Error};

/// A column that is counted.
struct Wanted {
    place: usize,
    /// Its place in the manifest.
    index: usize,
    is_seal: bool,
}

/// What a task counts.
struct Task {
    hashing: Hashing,
    columns: Vec<Counts>,
    account: MemoryReservation,
}

#[derive(Default)]
struct Counts {
    values: Tally<u64>,
    nulls: u64,
    lengths: BTreeMap<usize, u64>,
}

/// The columns of a table without files.
pub(super) fn none(table: &TableManifest, classes: &[ColumnClass]) -> Vec<ColumnRisk> {
    let columns = table.columns.iter().zip(classes);
    let nothing = (Sizes::default(), 0, BTreeMap::new());
    columns
        .map(|(column, class)| risk(column, *class, &nothing))
        .collect()
}

/// Counts all columns, as many in a scan as memory allows.
pub(super) fn count(
    files: &Files,
    table: &TableManifest,
    classes: &[ColumnClass],
    memory_bytes_max: usize,
) -> Result<Vec<ColumnRisk>, Error> {
    let rows = usize::try_from(files.rows).map_err(|_| Error::Memory)?;
    let mut told: Vec<Option<ColumnRisk>> = table.columns.iter().map(|_| None).collect();
    let mut scan = Vec::new();
    let mut bytes = 0;
    for (index, (column, class)) in table.columns.iter().zip(classes).enumerate() {
        let more = if *class == ColumnClass::Pseudonym {
            rows.saturating_mul(LISTED)
        } else {
            0
        };
        if bytes + more > memory_bytes_max / 4 * 3 && !scan.is_empty() {
            tell(files, table, classes, std::mem::take(&mut scan), &mut told)?;
            bytes = 0;
        }
        bytes += more;
        scan.push(Wanted {
            place: files.column(&column.column)?,
            index,
            is_seal: rule(column) == "seal",
        });
    }
    tell(files, table, classes, scan, &mut told)?;
    told.into_iter()
        .map(|one| one.ok_or(Error::Internal))
        .collect()
}

fn tell(
    files: &Files,
    table: &TableManifest,
    classes: &[ColumnClass],
    mut wanted: Vec<Wanted>,
    told: &mut [Option<ColumnRisk>],
) -> Result<(), Error> {
    wanted.sort_by_key(|one| one.place);
    let places: Vec<usize> = wanted.iter().map(|one| one.place).collect();
    let wanted = Arc::new(wanted);
    let keys = Keys::new();
    let begin = || Task {
        hashing: Hashing::new(keys, &places),
        columns: places.iter().map(|_| Counts::default()).collect(),
        account: files.account(),
    };
    let all = Arc::clone(&wanted);
    let tasks = files.fold(&places, begin, move |task, batch| task.take(&all, batch))?;
    let mut accounts = Vec::new();
    let mut columns: Vec<Vec<Counts>> = places.iter().map(|_| Vec::new()).collect();
    for task in tasks {
        let own = columns.iter_mut().zip(task.columns);
        own.for_each(|(all, counts)| all.push(counts));
        accounts.push(task.account);
    }
    for (one, counts) in wanted.iter().zip(columns) {
        let counts = Counts::sum(counts, keys.null());
        let column = table.columns.get(one.index).zip(classes.get(one.index));
        let told = told.get_mut(one.index);
        if let (Some((column, class)), Some(told)) = (column, told) {
            *told = Some(risk(column, *class, &counts));
        }
    }
    Ok(())
}

impl Task {
    fn take(&mut self, wanted: &[Wanted], batch: &RecordBatch) -> Result<(), Error> {
        let cells = self.hashing.cells(batch)?;
        let columns = wanted.iter().zip(&mut self.columns);
        for (((one, counts), array), cells) in columns.zip(batch.columns()).zip(&cells) {
            counts.nulls += array.logical_null_count() as u64;
            cells.count(|hash, times| counts.values.add(hash, times));
            if one.is_seal {
                lengths(array, &mut counts.lengths);
            }
        }
        let held = self.columns.iter().map(|counts| counts.values.held()).sum();
        let held = self.account.try_resize(held);
        held.map_err(|error| error::strip(error, &[]))
    }
}

impl Counts {
    /// Values by how many rows have them, rows that are NULL, and rows by length.
    fn sum(all: Vec<Self>, null: u64) -> (Sizes, u64, BTreeMap<usize, u64>) {
        let mut tallies = Vec::new();
        let mut nulls = 0;
        let mut lengths: BTreeMap<usize, u64> = BTreeMap::new();
        for one in all {
            tallies.push(one.values);
            nulls += one.nulls;
            for (length, rows) in one.lengths {
                *lengths.entry(length).or_default() += rows;
            }
        }
        let add = |sizes: &mut Sizes, mut values: Vec<(u64, u64)>| {
            if let Ok(place) = values.binary_search_by_key(&null, |(value, _)| *value) {
                values.remove(place);
            }
            sizes.add(&values);
        };
        (
            Sizes::sum(runs(tallies, Sizes::default, add)),
            nulls,
            lengths,
        )
    }
}

fn risk(
    column: &ColumnManifest,
    class: ColumnClass,
    (sizes, nulls, lengths): &(Sizes, u64, BTreeMap<usize, u64>),
) -> ColumnRisk {
    let rows = sizes.members();
    let all = rows as f64;
    let top = sizes.iter().last().map_or(0, |(rows, _)| rows);
    let part = |(rows, values): (u64, u64)| {
        let share = rows as f64 / all;
        values as f64 * share * -share.log2()
    };
    // Of equally frequent ones one is right, whatever their number.
    let ties: Vec<f64> = sizes.iter().map(|(rows, _)| rows as f64).collect();
    let frequency = FrequencyAttack {
        values: ties.len() as f64,
        rows: if rows == 0 {
            0.0
        } else {
            ties.iter().sum::<f64>() / all
        },
    };
    let seals = LengthGroups {
        lengths: lengths.len() as u64,
        smallest: lengths.values().min().copied().unwrap_or_default(),
        unique: lengths.values().filter(|rows| **rows == 1).count() as u64,
    };
    ColumnRisk {
        column: column.column.clone(),
        class,
        action: column.action.clone(),
        rows: rows + nulls,
        nulls: *nulls,
        distinct: sizes.classes(),
        unique: sizes
            .iter()
            .find(|(rows, _)| *rows == 1)
            .map_or(0, |(_, values)| values),
        top,
        entropy: sizes.iter().map(part).sum::<f64>().max(0.0),
        min_entropy: if rows == 0 {
            0.0
        } else {
            (all / top as f64).log2()
        },
        frequency: (class == ColumnClass::Pseudonym).then_some(frequency),
        lengths: (rule(column) == "seal").then_some(seals),
    }
}

/// Counts the lengths of the values of text and binary.
fn lengths(array: &ArrayRef, counts: &mut BTreeMap<usize, u64>) {
    let mut count = |length: usize| *counts.entry(length).or_default() += 1;
    match array.data_type() {
        DataType::Utf8View => {
            array
                .as_string_view()
                .iter()
                .flatten()
                .for_each(|v| count(v.len()));
        }
        DataType::BinaryView => {
            array
                .as_binary_view()
                .iter()
                .flatten()
                .for_each(|v| count(v.len()));
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = dictionary.values();
            let all = (!values.is_empty()).then(|| dictionary.normalized_keys());
            for (row, key) in all.into_iter().flatten().enumerate() {
                let length = match values.data_type() {
                    DataType::Utf8 => values.as_string::<i32>().value(key).len(),
                    DataType::Binary => values.as_binary::<i32>().value(key).len(),
                    _ => continue,
                };
                if array.is_valid(row) {
                    count(length);
                }
            }
        }
        _ => {}
    }
}

/// Bytes of a hash in a list that grows.
const LISTED: usize = 12;
