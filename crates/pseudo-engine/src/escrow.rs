//! Sealed originals: of a column with an `escrow` rule, the pairs of pseudonym and original, sealed
//! to an age recipient whose identity is not on this machine. Who has it can say whose token one
//! is, and make the tokens of another epoch without the source; who wrote the files cannot open
//! them, nor can any key of the pipeline.
//!
//! There is one file for each chunk and column, in the run's hidden directory, where no reader of
//! tables looks: `.escrow/<table>/<place>-<column>-<chunk>-<digest>.age`, made with its output file
//! and taken over with it. It is a binary age file (age-encryption.org/v1, X25519). What is in it
//! is NDJSON: each pair once, in the order of the source,
//!
//! ```json
//! {"token":"…","value":"…"}
//! ```
//!
//! `token` is the cell as readers of the table have it, bytes in lowercase hex, and `value` the
//! canonical text (TOKENS.md 3). Only rows that are published have pairs. Lines go from memory into
//! the seal; no byte of them is ever on a disk in clear, and what is remembered of a pair is a
//! digest. Each file has a key of its own that age draws: no two are equal, even over equal rows.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, FixedSizeBinaryArray, StringArray, UInt64Array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int64Type};
use pseudo_arrow::{Kernel, Outcome};
use pseudo_keyring::{Recipient, Sealer};
use pseudo_pii::{Blanks, Kind};
use pseudo_policy::PlannedColumn;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::kernels;
use crate::manifest::EscrowManifest;
use crate::source::hex;
use crate::staging::{Staged, StagedFile, Staging};
use crate::{Error, Result};

/// The directory of the pairs within a run.
pub(crate) const DIRECTORY: &str = ".escrow";

/// The directory of the pairs of a table.
pub(crate) fn directory(table: &str) -> String {
    format!("{DIRECTORY}/{table}")
}

/// The pairs of one output column.
pub(crate) struct Escrow {
    /// Position of the column in the output.
    output: usize,
    name: String,
    /// Position of its source among the columns that are read.
    position: usize,
    /// Makes the originals.
    canonical: Kernel,
    recipient: Recipient,
}

impl Escrow {
    /// The pairs of `column`, the `output`th, if its originals are to be sealed.
    pub(crate) fn new(
        column: &PlannedColumn,
        output: usize,
        position: usize,
    ) -> Result<Option<Self>> {
        let Some(recipient) = &column.escrow else {
            return Ok(None);
        };
        Self::of(column.output.name(), (output, position), recipient)
            .and_then(|escrow| escrow.making(kernels::canonical(column)?))
            .map(Some)
    }

    /// The pairs of a column of pseudonyms, whose originals are canonical as they come.
    pub(crate) fn of(
        name: &str,
        (output, position): (usize, usize),
        recipient: &str,
    ) -> Result<Self> {
        Ok(Self {
            output,
            name: name.to_owned(),
            position,
            canonical: Kernel::canonical(Kind::Exact, Blanks::default()),
            recipient: Recipient::parse(recipient)?,
        })
    }

    /// The same, with another kernel to make the originals.
    pub(crate) fn making(self, canonical: Kernel) -> Result<Self> {
        Ok(Self { canonical, ..self })
    }

    /// The name of the file of a chunk, relative to the run's directory.
    fn path(&self, table: &str, chunk: usize, sha256: &str) -> String {
        let place = format!("{:03}-{}", self.output, shown(&self.name));
        path(table, &place, chunk, sha256)
    }
}

/// The pairs of one chunk. A file is begun with its first pair.
pub(crate) struct Pairs<'a> {
    table: &'a str,
    /// The number of the chunk within the table.
    chunk: usize,
    escrows: &'a [Escrow],
    /// One for each escrow.
    open: Vec<Option<Open>>,
}

struct Open {
    path: PathBuf,
    sealer: Sealer<StagedFile>,
    /// Digests of the pseudonyms whose pairs are written.
    seen: HashSet<u128>,
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(table: &'a str, chunk: usize, escrows: &'a [Escrow]) -> Self {
        Self {
            table,
            chunk,
            escrows,
            open: escrows.iter().map(|_| None).collect(),
        }
    }

    /// Adds the pairs of a batch: `read` are the source columns, `made` those of the output.
    pub(crate) fn add(
        &mut self,
        staging: &Staging,
        read: &[ArrayRef],
        made: &[ArrayRef],
    ) -> Result<()> {
        for (escrow, open) in self.escrows.iter().zip(&mut self.open) {
            let input = read.get(escrow.position);
            let tokens = made.get(escrow.output);
            let (input, tokens) = input.zip(tokens).ok_or_else(missing)?;
            if tokens.logical_null_count() == tokens.len() {
                continue;
            }
            let open = match open {
                Some(open) => open,
                closed => {
                    let dir = directory(self.table);
                    staging.create_dir(&dir)?;
                    let name = format!("{dir}/{:03}.{:05}", escrow.output, self.chunk);
                    closed.insert(Open::begin(staging, &name, &escrow.recipient)?)
                }
            };
            open.add(escrow, input, tokens)?;
        }
        Ok(())
    }

    /// Ends the files, and answers what is to be recorded of them.
    pub(crate) fn finish(self, staging: &Staging) -> Result<Vec<EscrowManifest>> {
        let mut done = Vec::new();
        for (escrow, open) in self.escrows.iter().zip(self.open) {
            let Some(Open { path, sealer, seen }) = open else {
                continue;
            };
            let file = sealer.finish().map_err(Error::io("write", &path))?;
            let Staged {
                file,
                bytes,
                sha256,
            } = file.finish()?;
            let path = escrow.path(self.table, self.chunk, &sha256);
            staging.name(file, &path)?;
            done.push(EscrowManifest {
                column: escrow.name.clone(),
                recipient: escrow.recipient.to_string(),
                path,
                bytes,
                sha256,
                pairs: seen.len() as u64,
            });
        }
        Ok(done)
    }
}

impl Open {
    fn begin(staging: &Staging, name: &str, recipient: &Recipient) -> Result<Self> {
        let path = staging.path().join(name);
        let file = staging.create_file(name)?;
        let sealer = recipient.seal(file).map_err(Error::io("write", &path))?;
        let seen = HashSet::new();
        Ok(Self { path, sealer, seen })
    }

    /// Writes the pairs of the rows whose pseudonym is new.
    fn add(&mut self, escrow: &Escrow, input: &ArrayRef, tokens: &ArrayRef) -> Result<()> {
        let tokens = Tokens::of(tokens)?;
        let mut rows: Vec<u64> = Vec::new();
        let mut text = String::new();
        for row in 0..tokens.len() {
            text.clear();
            if tokens.write(row, &mut text) && self.seen.insert(digest(&text)) {
                rows.push(row as u64);
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let rows = UInt64Array::from(rows);
        let originals = take(input, &rows, None).map_err(|_| missing())?;
        let originals = escrow
            .canonical
            .apply(originals.as_ref(), &mut Outcome::default());
        let originals = originals.map_err(|_| missing())?;
        let originals = plain_text(&originals)?;
        for (row, value) in rows.values().iter().zip(originals.iter()) {
            text.clear();
            tokens.write(usize::try_from(*row).unwrap_or(usize::MAX), &mut text);
            self.write(&text, value.ok_or_else(missing)?)
                .map_err(Error::io("write", &self.path))?;
        }
        Ok(())
    }

    fn write(&mut self, token: &str, value: &str) -> io::Result<()> {
        self.sealer.write_all(b"{\"token\":")?;
        serde_json::to_writer(&mut self.sealer, token)?;
        self.sealer.write_all(b",\"value\":")?;
        serde_json::to_writer(&mut self.sealer, value)?;
        self.sealer.write_all(b"}\n")
    }
}

/// The cells of a column of pseudonyms as text.
pub(crate) enum Tokens {
    Text(StringArray),
    Bytes(FixedSizeBinaryArray),
    Seals(BinaryArray),
    Numbers(arrow::array::Int64Array),
}

impl Tokens {
    pub(crate) fn of(array: &ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::FixedSizeBinary(_) => Self::Bytes(array.as_fixed_size_binary().clone()),
            DataType::Binary => Self::Seals(array.as_binary::<i32>().clone()),
            DataType::Int64 => Self::Numbers(array.as_primitive::<Int64Type>().clone()),
            _ => Self::Text(plain_text(array)?),
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(array) => array.len(),
            Self::Bytes(array) => array.len(),
            Self::Seals(array) => array.len(),
            Self::Numbers(array) => array.len(),
        }
    }

    /// Appends the text of a cell; false, and nothing, where it is NULL.
    pub(crate) fn write(&self, row: usize, out: &mut String) -> bool {
        match self {
            Self::Text(array) if row < array.len() && array.is_valid(row) => {
                out.push_str(array.value(row));
            }
            Self::Bytes(array) if row < array.len() && array.is_valid(row) => {
                out.push_str(&hex(array.value(row)));
            }
            Self::Seals(array) if row < array.len() && array.is_valid(row) => {
                out.push_str(&hex(array.value(row)));
            }
            Self::Numbers(array) if row < array.len() && array.is_valid(row) => {
                out.push_str(&array.value(row).to_string());
            }
            _ => return false,
        }
        true
    }
}

pub(crate) fn plain_text(array: &ArrayRef) -> Result<StringArray> {
    let plain = cast(array, &DataType::Utf8).map_err(|_| missing())?;
    Ok(plain.as_string::<i32>().clone())
}

/// Tells pairs apart: 128 bits of SHA-256, in which no two of them are ever equal.
pub(crate) fn digest(token: &str) -> u128 {
    let digest = Sha256::digest(token.as_bytes());
    let (half, _) = digest.split_at(16);
    half.iter()
        .fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

fn path(table: &str, place: &str, chunk: usize, sha256: &str) -> String {
    let short = sha256.get(..8).unwrap_or_default();
    format!("{}/{place}-{chunk:05}-{short}.age", directory(table))
}

/// A line of a file of pairs.
#[derive(Deserialize)]
struct Line {
    token: String,
    value: String,
}

/// The originals in a file of pairs, by the digest of their pseudonyms; None when it is not what
/// was written.
pub(crate) fn originals(sealed: impl Read) -> Option<HashMap<u128, Box<str>>> {
    let mut found = HashMap::new();
    let lines = serde_json::Deserializer::from_reader(BufReader::new(sealed));
    for line in lines.into_iter::<Line>() {
        let Line { token, value } = line.ok()?;
        found.insert(digest(&token), value.into_boxed_str());
    }
    Some(found)
}

impl EscrowManifest {
    /// The name of the file when its chunk has another number.
    pub(crate) fn renumbered(&self, table: &str, chunk: usize) -> Self {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        // what follows the place is of a known form, whatever the place is made of
        let mut parts = name.rsplitn(3, '-');
        let place = parts.nth(2).unwrap_or_default();
        Self {
            path: path(table, place, chunk, &self.sha256),
            ..self.clone()
        }
    }
}

/// The name of a column as a part of a file's: its letters and digits, and no more than fit.
fn shown(column: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let legal = column.chars().map(|c| if legal(c) { c } else { '_' });
    legal.take(64).collect()
}

fn missing() -> Error {
    Error::Internal("a pseudonym without its original".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_column_and_stays_where_it_belongs() {
        assert_eq!(shown("phone_2"), "phone_2");
        assert_eq!(shown("../手机 a-b"), "______a_b");
        assert_eq!(shown(&"a".repeat(300)).len(), 64);
        let sha256 = "0123456789abcdef".to_owned();
        let made = EscrowManifest {
            column: "a-b".to_owned(),
            recipient: String::new(),
            path: path("users", "003-a_b", 7, &sha256),
            bytes: 1,
            sha256,
            pairs: 1,
        };
        assert_eq!(made.path, ".escrow/users/003-a_b-00007-01234567.age");
        let moved = made.renumbered("users", 123_456);
        assert_eq!(moved.path, ".escrow/users/003-a_b-123456-01234567.age");
        assert_eq!(moved.renumbered("users", 7), made);
    }
}
