//! The files of one table, turned: every pseudonym is opened, or looked up in escrow, and made
//! again with the keys of the other epoch, batch by batch and in memory alone; rows get the places
//! that they have under its order.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use arrow::array::{Array, ArrayRef, RecordBatch, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::Field;
use pseudo_arrow::{Error as KernelError, Kernel, Outcome};
use pseudo_keyring::Opener;
use pseudo_token::ShuffleKey;

use super::bridge::Bridge;
use super::joins::Join;
use crate::escrow::{self, Escrow, Pairs, Tokens};
use crate::manifest::{EscrowManifest, OutputManifest, TableManifest};
use crate::rewrite::Remake;
use crate::source::digest_file;
use crate::staging::Staging;
use crate::{Cancel, Error, Result, order};

/// A column of pseudonyms.
pub(super) struct Column {
    /// Its place in the output.
    pub(super) output: usize,
    pub(super) name: String,
    pub(super) turn: Turn,
    /// The place of its identity and form among the joins.
    pub(super) join: usize,
}

/// How a column is turned.
pub(super) enum Turn {
    /// Opened with a key, and made with another.
    Open { open: Kernel, make: Kernel },
    /// Looked up in escrow: made with the old key to see that it is right, then with the new one.
    Escrow { check: Kernel, make: Kernel },
}

/// A column of dates that are shifted by subject.
pub(super) struct Moves {
    /// Its place in the output.
    pub(super) output: usize,
    pub(super) name: String,
    /// The place of the subjects in the output.
    pub(super) subject: usize,
    /// Makes subjects of what was opened, where that is a part of them.
    pub(super) canonical: Option<Kernel>,
    pub(super) kernel: Kernel,
}

/// What the tables of a run share.
pub(super) struct Shared<'a> {
    /// The directory of the published run.
    pub(super) from: &'a Path,
    /// The epoch before.
    pub(super) epoch: u32,
    pub(super) opener: Option<&'a Opener>,
    /// The identities and forms, and their names.
    pub(super) joins: Vec<(String, String, Mutex<Join>)>,
    pub(super) bridge: Option<Mutex<Bridge>>,
    pub(super) cancel: &'a Cancel,
}

/// One table that is being turned.
pub(super) struct Table<'a> {
    shared: &'a Shared<'a>,
    old: &'a TableManifest,
    columns: &'a [Column],
    moves: &'a [Moves],
    escrows: &'a [Escrow],
    /// The keys of the order before and after, of rows that have one.
    order: Option<(ShuffleKey, ShuffleKey)>,
    /// Of each file, its place among those of its source, and whether these have all rows of it.
    chunks: Vec<(u32, bool)>,
    files: Vec<Mutex<State<'a>>>,
}

/// How far a file is.
struct State<'a> {
    rows: usize,
    outcomes: Vec<Outcome>,
    /// By column, the digests of the old pseudonyms that were met.
    seen: Vec<HashSet<u128>>,
    /// By column, the originals in escrow, once they were read.
    originals: Vec<Option<Originals>>,
    pairs: Pairs<'a>,
}

/// Originals by the digests of their pseudonyms.
type Originals = HashMap<u128, Box<str>>;

impl<'a> Table<'a> {
    pub(super) fn new(
        shared: &'a Shared<'a>,
        old: &'a TableManifest,
        (columns, moves): (&'a [Column], &'a [Moves]),
        escrows: &'a [Escrow],
        order: Option<(ShuffleKey, ShuffleKey)>,
    ) -> Self {
        let state = |file| State {
            rows: 0,
            outcomes: vec![Outcome::default(); old.columns.len()],
            seen: columns.iter().map(|_| HashSet::new()).collect(),
            originals: columns.iter().map(|_| None).collect(),
            pairs: Pairs::new(&old.table, file, escrows),
        };
        Self {
            shared,
            old,
            columns,
            moves,
            escrows,
            order,
            chunks: chunks(old),
            files: (0..old.outputs.len())
                .map(|file| Mutex::new(state(file)))
                .collect(),
        }
    }

    /// What was counted of each file, column by column.
    pub(super) fn outcomes(self) -> Result<Vec<Vec<Outcome>>> {
        let files = self.files.into_iter().map(Mutex::into_inner);
        let outcomes = files.map(|file| Ok(file.map_err(|_| lost())?.outcomes));
        outcomes.collect()
    }

    fn state(&self, file: usize) -> Result<(&OutputManifest, MutexGuard<'_, State<'a>>)> {
        let (output, state) = self
            .old
            .outputs
            .get(file)
            .zip(self.files.get(file))
            .ok_or_else(lost)?;
        Ok((output, state.lock().map_err(|_| lost())?))
    }

    /// Turns a column of a batch, whose `at`th of those that are turned it is. Answers what it is
    /// now, and its originals.
    fn turn(
        &self,
        (at, column): (usize, &Column),
        (output, state): (&OutputManifest, &mut State<'a>),
        array: &ArrayRef,
        field: &Field,
    ) -> Result<(ArrayRef, ArrayRef)> {
        let rows = state.rows;
        let fault = |error| self.fault(error, output, column, rows);
        let nothing = &mut Outcome::default();
        let (originals, make) = match &column.turn {
            Turn::Open { open, make } => {
                (open.apply(array.as_ref(), nothing).map_err(fault)?, make)
            }
            Turn::Escrow { check, make } => {
                let known = state.originals.get_mut(at).ok_or_else(lost)?;
                let known = match known {
                    Some(known) => known,
                    none => none.insert(self.originals(output, &column.name)?),
                };
                let originals = look_up(known, array, output, column)?;
                let again = check.apply(originals.as_ref(), nothing).map_err(fault)?;
                equal(array, &again, output, column)?;
                (originals, make)
            }
        };
        let outcome = state.outcomes.get_mut(column.output).ok_or_else(lost)?;
        let made = make.apply(originals.as_ref(), outcome).map_err(fault)?;
        let made = match field.data_type() {
            same if same == made.data_type() => made,
            other => cast(&made, other).map_err(|_| lost())?,
        };
        self.tell((at, column), state, array, &made)?;
        Ok((made, originals))
    }

    /// Moves dates, whose subjects were opened as `subjects`.
    fn shift(
        &self,
        moves: &Moves,
        (output, rows): (&OutputManifest, usize),
        dates: &ArrayRef,
        subjects: &ArrayRef,
    ) -> Result<ArrayRef> {
        let nothing = &mut Outcome::default();
        let fault = |_| lost();
        let subjects = match &moves.canonical {
            Some(kernel) => kernel.apply(subjects.as_ref(), nothing).map_err(fault)?,
            None => Arc::clone(subjects),
        };
        let stray = |row: &usize| dates.is_valid(*row) && subjects.is_null(*row);
        if let Some(row) = (0..dates.len()).find(stray) {
            let (row, file, name) = (rows + row + 1, &output.path, &moves.name);
            return Err(Error::Rekey {
                fault: format!(
                    "`{file}`, row {row}: `{name}` is shifted by a subject that is NULL"
                ),
                hint: Some("run from the source with `--new-epoch`"),
            });
        }
        let moved = moves
            .kernel
            .apply_with_subject(dates.as_ref(), subjects.as_ref(), nothing);
        moved.map_err(fault)
    }

    /// Counts the pairs of a batch that are new in its file, and puts them into the bridge.
    fn tell(
        &self,
        (at, column): (usize, &Column),
        state: &mut State<'a>,
        old: &ArrayRef,
        new: &ArrayRef,
    ) -> Result<()> {
        let (identity, rule, join) = self.shared.joins.get(column.join).ok_or_else(lost)?;
        let seen = state.seen.get_mut(at).ok_or_else(lost)?;
        let (old, new) = (Tokens::of(old)?, Tokens::of(new)?);
        let (mut before, mut after) = (String::new(), String::new());
        let (mut cells, mut pairs) = (0, Vec::new());
        for row in 0..old.len() {
            before.clear();
            after.clear();
            if !old.write(row, &mut before) {
                continue;
            }
            cells += 1;
            let digest = escrow::digest(&before);
            if !seen.insert(digest) {
                continue;
            }
            if !new.write(row, &mut after) {
                return Err(Error::Internal("a pseudonym that went lost".to_owned()));
            }
            pairs.push((digest, escrow::digest(&after)));
            if let Some(bridge) = &self.shared.bridge {
                let mut bridge = bridge.lock().map_err(|_| lost())?;
                bridge.add(identity, rule, &before, &after)?;
            }
        }
        join.lock()
            .map_err(|_| lost())?
            .add(cells, pairs.into_iter());
        Ok(())
    }

    /// Reads the pairs of a file in escrow.
    fn originals(&self, output: &OutputManifest, column: &str) -> Result<Originals> {
        let sealed = output.escrow.iter().find(|sealed| sealed.column == column);
        let (Some(sealed), Some(opener)) = (sealed, self.shared.opener) else {
            // a column without values has no pairs
            return Ok(HashMap::new());
        };
        let path = self.shared.from.join(&sealed.path);
        if digest_file(&path, self.shared.cancel)? != sealed.sha256 {
            return Err(damaged(
                &sealed.path,
                "has another digest than the manifest says",
            ));
        }
        let file = File::open(&path).map_err(Error::io("read", &path))?;
        let stream = opener.open(file).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Error::Rekey {
                fault: format!("the escrow identity does not open `{}`", sealed.path),
                hint: Some("give that of the recipient in the pipeline's `escrow` rule"),
            },
            io::ErrorKind::InvalidData => damaged(&sealed.path, "is not what was sealed"),
            _ => Error::io("read", &path)(error),
        })?;
        let found = escrow::originals(stream);
        found.ok_or_else(|| damaged(&sealed.path, "is not what was sealed"))
    }

    /// A kernel's error with the place of the cell.
    fn fault(
        &self,
        error: KernelError,
        output: &OutputManifest,
        column: &Column,
        rows: usize,
    ) -> Error {
        match error {
            KernelError::NotOpened { row } | KernelError::Invalid { row } => {
                let (row, name, epoch) = (rows + row + 1, &column.name, self.shared.epoch);
                let text = format!(
                    "row {row}, column `{name}`: is not what the key of epoch {epoch} made"
                );
                damaged(&output.path, &text)
            }
            KernelError::TooLarge => damaged(&output.path, &error.to_string()),
            error => Error::Internal(format!("column `{}`: {error}", column.name)),
        }
    }
}

impl Remake for Table<'_> {
    fn change(&self, staging: &Staging, file: usize, batch: RecordBatch) -> Result<RecordBatch> {
        let (output, mut state) = self.state(file)?;
        let state = &mut *state;
        let mut made = batch.columns().to_vec();
        // beside what stays, the originals of what does not
        let mut originals = made.clone();
        for (at, column) in self.columns.iter().enumerate() {
            let schema = batch.schema();
            let field = schema.fields().get(column.output).ok_or_else(lost)?;
            let array = batch.columns().get(column.output).ok_or_else(lost)?;
            let turned = self.turn((at, column), (output, state), array, field)?;
            let places = made
                .get_mut(column.output)
                .zip(originals.get_mut(column.output));
            let (made, original) = places.ok_or_else(lost)?;
            (*made, *original) = turned;
        }
        for moves in self.moves {
            let dates = batch
                .columns()
                .get(moves.output)
                .zip(originals.get(moves.subject));
            let (dates, subjects) = dates.ok_or_else(lost)?;
            let shifted = self.shift(moves, (output, state.rows), dates, subjects)?;
            *made.get_mut(moves.output).ok_or_else(lost)? = shifted;
        }
        state.pairs.add(staging, &originals, &made)?;
        state.rows += batch.num_rows();
        if made.is_empty() {
            return Ok(batch);
        }
        RecordBatch::try_new(batch.schema(), made).map_err(|_| lost())
    }

    fn reorders(&self) -> bool {
        self.order.is_some()
    }

    fn places(&self, file: usize, batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>> {
        let (old, new) = self.order.as_ref().ok_or_else(lost)?;
        let (chunk, is_whole) = self.chunks.get(file).ok_or_else(lost)?;
        let table = &self.old.table;
        Ok(order::again((old, new), table, *chunk, *is_whole, batches))
    }

    fn finish(&self, staging: &Staging, file: usize) -> Result<Option<Vec<EscrowManifest>>> {
        let (_, mut state) = self.state(file)?;
        let done = Pairs::new(&self.old.table, file, self.escrows);
        let pairs = std::mem::replace(&mut state.pairs, done);
        state.seen.clear();
        state.originals.clear();
        pairs.finish(staging).map(Some)
    }
}

/// Of each file of a table, its place among those of its source, and whether these have all rows of
/// it, none filtered, in quarantine or forgotten.
fn chunks(table: &TableManifest) -> Vec<(u32, bool)> {
    let mut outputs = table.outputs.as_slice();
    let mut chunks = Vec::new();
    for source in &table.sources {
        let (own, others) = outputs.split_at(source.outputs.min(outputs.len()));
        let published: u64 = own.iter().map(|output| output.rows).sum();
        let is_whole = published == source.rows;
        chunks.extend((0..).zip(own).map(|(chunk, _)| (chunk, is_whole)));
        outputs = others;
    }
    // the one file of a table without rows
    chunks.extend(outputs.iter().map(|_| (0, true)));
    chunks
}

/// The originals of a column of tokens.
fn look_up(
    known: &Originals,
    array: &ArrayRef,
    output: &OutputManifest,
    column: &Column,
) -> Result<ArrayRef> {
    let tokens = Tokens::of(array)?;
    let (mut text, mut originals) = (String::new(), StringBuilder::new());
    for row in 0..tokens.len() {
        text.clear();
        if !tokens.write(row, &mut text) {
            originals.append_null();
            continue;
        }
        let Some(value) = known.get(&escrow::digest(&text)) else {
            let fault = format!(
                "column `{}`: a token has no original in escrow",
                column.name
            );
            return Err(damaged(&output.path, &fault));
        };
        originals.append_value(value);
    }
    Ok(Arc::new(originals.finish()))
}

/// Refuses originals whose tokens are others.
fn equal(
    array: &ArrayRef,
    again: &ArrayRef,
    output: &OutputManifest,
    column: &Column,
) -> Result<()> {
    let (said, found) = (Tokens::of(array)?, Tokens::of(again)?);
    let (mut one, mut other) = (String::new(), String::new());
    for row in 0..said.len() {
        one.clear();
        other.clear();
        if said.write(row, &mut one) != found.write(row, &mut other) || one != other {
            let fault = format!("column `{}`: escrow has another original", column.name);
            return Err(damaged(&output.path, &fault));
        }
    }
    Ok(())
}

fn damaged(file: &str, fault: &str) -> Error {
    Error::Verify {
        file: file.to_owned(),
        fault: fault.to_owned(),
    }
}

fn lost() -> Error {
    Error::Internal("a file that is being turned was lost".to_owned())
}
