//! Which rows of a leak a run can have held: all their pseudonyms stand in one row of a table, and
//! the values of the columns that both have are the same there.
//!
//! Values went through other hands: what is compared is what the text of the leak reads as in the
//! type of the run's column; a text that reads as nothing there is not compared, and an empty one
//! is as good as NULL.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::columns::{Column, Columns};
use super::runs::{self, Hits, Run};
use super::sample::{Cell, Sample};
use crate::manifest::TableManifest;
use crate::{Error, Result, rewrite};

/// What a run has of the rows of a leak.
#[derive(Default)]
pub(super) struct Verdict {
    /// The place of the table that it was compared with.
    pub(super) table: Option<usize>,
    pub(super) compared: u64,
    pub(super) held: u64,
    pub(super) changed: u64,
    pub(super) absent: u64,
    /// Rows of the run that the rows of the leak are.
    pub(super) rows: BTreeSet<(u32, u64)>,
}

/// The leak as rows are looked for.
pub(super) struct Leak<'a> {
    sample: &'a Sample,
    columns: &'a [Column],
    /// By row and column, the items that are known to be of somebody.
    rows: Vec<Vec<(usize, u32)>>,
}

/// How a column of the leak is looked for in a table.
#[derive(Clone, Copy)]
enum Place {
    /// In this column.
    Column(u32),
    /// In any column of pseudonyms.
    Any,
}

impl<'a> Leak<'a> {
    /// Columns none of whose pseudonyms `is_known` are those of others, and no ground for anything.
    pub(super) fn new(
        sample: &'a Sample,
        columns: &'a Columns,
        is_known: impl Fn(u32) -> bool,
    ) -> Self {
        let mut rows = vec![Vec::new(); sample.rows];
        for (place, column) in columns.columns.iter().enumerate() {
            if !column.pseudonyms.iter().any(|item| is_known(*item)) {
                continue;
            }
            let cells = column.cells.iter();
            for (row, item) in cells.filter(|(_, item)| column.pseudonyms.contains(item)) {
                // a word of a text may be anything
                let tells = !column.is_text || is_known(*item);
                if let Some(row) = rows.get_mut(*row as usize).filter(|_| tells) {
                    row.push((place, *item));
                }
            }
        }
        Self {
            sample,
            columns: &columns.columns,
            rows,
        }
    }

    /// Rows that have something to be looked for.
    pub(super) fn telling(&self) -> u64 {
        self.rows.iter().filter(|row| !row.is_empty()).count() as u64
    }

    /// Compares with the table of a run that has most of it.
    pub(super) fn compare(&self, run: &Run) -> Result<Verdict> {
        let Ok(hits) = &run.hits else {
            return Ok(Verdict::default());
        };
        let mut best: Option<((u64, usize), Verdict)> = None;
        let tables = run.manifest.tables.iter().zip(hits).enumerate();
        for (place, (table, hits)) in tables {
            let places = self.places(table, hits);
            if places.is_empty() {
                continue;
            }
            let verdict = self.table(run, (place, table), hits, &places)?;
            let columns = places.len() + usize::try_from(verdict.compared).unwrap_or_default();
            let rank = (verdict.held + verdict.changed, columns);
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, verdict));
            }
        }
        let nothing = || Verdict {
            absent: self.telling(),
            ..Verdict::default()
        };
        Ok(best.map_or_else(nothing, |(_, verdict)| verdict))
    }

    /// Where columns of the leak are looked for in a table.
    fn places(&self, table: &TableManifest, hits: &Hits) -> BTreeMap<usize, Place> {
        let mut places = BTreeMap::new();
        let used: BTreeSet<usize> = self
            .rows
            .iter()
            .flatten()
            .map(|(place, _)| *place)
            .collect();
        for place in used {
            let Some(column) = self.columns.get(place) else {
                continue;
            };
            let named = table.columns.iter().position(|own| {
                column.name.as_ref() == Some(&own.column) && runs::is_searched(own)
            });
            if let Some(named) = named.filter(|_| !column.is_text) {
                places.insert(
                    place,
                    Place::Column(u32::try_from(named).unwrap_or(u32::MAX)),
                );
            } else if column
                .pseudonyms
                .iter()
                .any(|item| hits.items.contains_key(item))
            {
                places.insert(place, Place::Any);
            }
        }
        places
    }

    fn table(
        &self,
        run: &Run,
        (index, table): (usize, &TableManifest),
        hits: &Hits,
        places: &BTreeMap<usize, Place>,
    ) -> Result<Verdict> {
        let mut verdict = Verdict {
            table: Some(index),
            ..Verdict::default()
        };
        let kept = self.kept(table);
        verdict.compared = kept.len() as u64;
        let mut candidates: Vec<(usize, Vec<(u32, u64)>)> = Vec::new();
        for (row, items) in self.rows.iter().enumerate() {
            let asked: Vec<(Place, u32)> = items
                .iter()
                .filter_map(|(column, item)| Some((*places.get(column)?, *item)))
                .collect();
            // a row that says nothing of this table, but does of another
            if asked.is_empty() {
                verdict.absent += u64::from(!items.is_empty());
                continue;
            }
            let is_there = |(place, item): &(Place, u32)| match place {
                Place::Any => hits.items.contains_key(item),
                Place::Column(column) => hits
                    .columns
                    .get(column)
                    .is_some_and(|items| items.contains(item)),
            };
            if !asked.iter().all(is_there) {
                verdict.absent += 1;
                continue;
            }
            let rows = together(hits, &asked);
            if rows.is_empty() {
                verdict.changed += 1;
            } else {
                candidates.push((row, rows));
            }
        }
        self.values(run, table, &kept, candidates, &mut verdict)?;
        Ok(verdict)
    }

    /// Compares values of rows that hold the pseudonyms.
    fn values(
        &self,
        run: &Run,
        table: &TableManifest,
        kept: &[Kept],
        candidates: Vec<(usize, Vec<(u32, u64)>)>,
        verdict: &mut Verdict,
    ) -> Result<()> {
        let mut wanted: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
        for (file, row) in candidates.iter().flat_map(|(_, rows)| rows) {
            wanted.entry(*file).or_default().insert(*row);
        }
        let places: Vec<usize> = kept.iter().map(|kept| kept.place).collect();
        let read = |(file, rows): (u32, BTreeSet<u64>)| {
            let output = table.outputs.get(file as usize);
            let output = output.ok_or_else(|| Error::Internal("no such file".to_owned()))?;
            let mut values: Vec<Vec<Option<String>>> = Vec::new();
            rewrite::read_rows(&run.directory, table, output, &places, &rows, |arrays| {
                let texts: Vec<Arc<dyn Array>> = arrays.iter().map(texts).collect::<Result<_>>()?;
                let count = texts.first().map_or(0, |array| array.len());
                for row in 0..count {
                    let cells = texts.iter().map(|array| {
                        let array = array.as_string::<i32>();
                        array.is_valid(row).then(|| array.value(row).to_owned())
                    });
                    values.push(cells.collect());
                }
                Ok(())
            })?;
            let rows = rows.into_iter().map(move |row| (file, row));
            Ok(rows.zip(values).collect::<Vec<_>>())
        };
        let mut values: HashMap<(u32, u64), Vec<Option<String>>> = HashMap::new();
        if !kept.is_empty() {
            let found: Vec<_> = wanted.into_par_iter().map(read).collect::<Result<_>>()?;
            values.extend(found.into_iter().flatten());
        }
        for (row, rows) in candidates {
            let is_same = |at: &&(u32, u64)| match values.get(*at) {
                None => kept.is_empty(),
                Some(cells) => kept
                    .iter()
                    .zip(cells)
                    .all(|(kept, cell)| kept.is(row, cell.as_deref())),
            };
            let same = rows.iter().filter(is_same);
            let same: Vec<_> = same.copied().collect();
            match same.is_empty() {
                true => verdict.changed += 1,
                false => verdict.held += 1,
            }
            verdict.rows.extend(same);
        }
        Ok(())
    }

    /// The columns that both have, and that show values, in the order of the table.
    fn kept(&self, table: &TableManifest) -> Vec<Kept> {
        let columns = table.columns.iter().enumerate();
        let kept = columns
            .filter(|(_, own)| own.identity.is_none())
            .filter_map(|(place, own)| {
                let mut named = self.columns.iter();
                let leaked = named.position(|column| column.name.as_ref() == Some(&own.column))?;
                let data_type: DataType = own.data_type.parse().ok()?;
                let texts = self
                    .sample
                    .cells
                    .get(leaked)?
                    .iter()
                    .map(|cell| match cell {
                        Cell::Text(text) => Some(text.as_str()),
                        Cell::Null | Cell::Bytes(_) => None,
                    });
                let texts = StringArray::from_iter(texts);
                let trimmed = texts.iter().map(|text| text.map(str::trim));
                let typed = match data_type {
                    DataType::Utf8 => Arc::new(texts) as ArrayRef,
                    // what has no other form than text
                    ref other => {
                        let trimmed = Arc::new(StringArray::from_iter(trimmed)) as ArrayRef;
                        cast(&trimmed, other).ok()?
                    }
                };
                let typed = self::texts(&typed).ok()?;
                let cells = self.sample.cells.get(leaked)?.iter();
                let texts = typed.as_string::<i32>().iter();
                let cells = cells.zip(texts).map(|(cell, text)| match (cell, text) {
                    (_, Some(text)) if !text.is_empty() => Said::Text(text.to_owned()),
                    (Cell::Text(text), None) if !is_nothing(text) => Said::Unclear,
                    (Cell::Bytes(_), _) => Said::Unclear,
                    _ => Said::Nothing,
                });
                Some(Kept {
                    place,
                    cells: cells.collect(),
                })
            });
        kept.collect()
    }
}

/// A column that both have.
struct Kept {
    /// Its place in the table.
    place: usize,
    /// By row of the leak, what it says.
    cells: Vec<Said>,
}

/// What a cell of the leak says.
enum Said {
    Nothing,
    Text(String),
    /// Nobody can tell.
    Unclear,
}

impl Kept {
    fn is(&self, row: usize, cell: Option<&str>) -> bool {
        match (self.cells.get(row), cell) {
            (Some(Said::Text(text)), Some(cell)) => {
                text.trim() == cell.trim() || is_nothing(text) && cell.is_empty()
            }
            (Some(Said::Text(text)), None) => is_nothing(text),
            (Some(Said::Nothing), cell) => cell.is_none_or(str::is_empty),
            (Some(Said::Unclear) | None, _) => true,
        }
    }
}

/// How programs write NULL as text.
fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    let nulls = ["null", "none", "nan", "nat", "\\n", "<na>"];
    text.is_empty() || nulls.iter().any(|null| text.eq_ignore_ascii_case(null))
}

/// The rows that hold all of these.
fn together(hits: &Hits, asked: &[(Place, u32)]) -> Vec<(u32, u64)> {
    let places = |item: &u32| hits.items.get(item).map_or(&[][..], Vec::as_slice);
    let rarest = asked
        .iter()
        .map(|(_, item)| places(item))
        .min_by_key(|rows| rows.len());
    let holds = |at: &&(u32, u64)| {
        let cells = hits.rows.get(*at).map_or(&[][..], Vec::as_slice);
        asked.iter().all(|(place, item)| {
            cells.iter().any(|(column, own)| match place {
                Place::Any => own == item,
                Place::Column(named) => (named, item) == (column, own),
            })
        })
    };
    let mut rows: Vec<_> = rarest
        .unwrap_or_default()
        .iter()
        .filter(holds)
        .copied()
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows.truncate(CANDIDATES_MAX);
    rows
}

/// An array as text.
fn texts(array: &ArrayRef) -> Result<ArrayRef> {
    cast(array, &DataType::Utf8).map_err(|_| Error::Internal("a column that is no text".to_owned()))
}

/// Rows of a run that one row of the leak is compared with.
const CANDIDATES_MAX: usize = 10_000;
