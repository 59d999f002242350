//! From the cells of a column to canonical bytes, at most [`BATCH`] rows at a time.
//!
//! A value that is canonical already is borrowed from the column; the others are written one after
//! another into one arena that is used again for the next batch. No allocation is made per value.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::Array;
use arrow_schema::DataType;
use pseudo_pii::derive::phone;
use pseudo_pii::{Blanks, Canonical, Kind, Verdict};
use pseudo_token::Alphabet;

use crate::bytes::{self, Cell, Cells};
use crate::column::Present;
use crate::outcome::Tally;
use crate::{Error, OnInvalid};

/// How the cells of a column become canonical.
pub(crate) struct Canon {
    pub(crate) kind: Kind,
    pub(crate) blanks: Arc<Blanks>,
    pub(crate) on_invalid: OnInvalid,
    pub(crate) takes: Takes,
    /// No blank could be the text of a number, a date or a truth value.
    blanks_are_words: bool,
}

impl Canon {
    pub(crate) fn new(kind: Kind, blanks: Arc<Blanks>, on_invalid: OnInvalid) -> Self {
        let blanks_are_words = !blanks.list().iter().any(|blank| {
            let blank: &str = blank.as_ref();
            blank.contains(char::is_numeric)
                || blank.eq_ignore_ascii_case("true")
                || blank.eq_ignore_ascii_case("false")
        });
        Self {
            kind,
            blanks,
            on_invalid,
            takes: Takes::Anything,
            blanks_are_words,
        }
    }

    /// Says whether columns of this type have canonical bytes (TOKENS.md section 3).
    pub(crate) fn accepts(&self, data_type: &DataType) -> bool {
        match data_type {
            DataType::Null => true,
            _ if bytes::is_binary(data_type) => self.kind == Kind::Exact,
            _ => bytes::has_text(data_type),
        }
    }

    /// Says whether the cells of a column are canonical as they come, or as they are written.
    pub(crate) fn is_as_is(&self, data_type: &DataType) -> bool {
        match self.kind {
            Kind::Exact => true,
            Kind::Text => !bytes::is_text(data_type) && self.blanks_are_words,
            Kind::Integer => data_type.is_integer() && self.blanks_are_words,
            _ => false,
        }
    }

    /// Goes through the cells as a cipher would, and makes nothing of them: their verdicts alone
    /// are wanted.
    pub(crate) fn judge(&self, array: &dyn Array, tally: &mut Tally) -> Result<(), Error> {
        let cells = bytes::cells(array).ok_or(Error::Assembly)?;
        let as_is = self.is_as_is(array.data_type());
        let mut batch = Batch::default();
        for start in (0..array.len()).step_by(BATCH) {
            let rows = start..array.len().min(start + BATCH);
            cells.fill(rows, self, as_is, &mut batch, tally)?;
        }
        Ok(())
    }

    /// Calls `part` for every row with its canonical text, and counts the rows. It appends a cell
    /// and says whether it made something of the text; what it makes nothing of is invalid.
    pub(crate) fn each(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        mut part: impl FnMut(Option<&str>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let cells = bytes::cells(array).ok_or(Error::Assembly)?;
        let (mut written, mut canonical) = (String::new(), String::new());
        for row in 0..array.len() {
            if cells.is_null(row) {
                tally.null(row);
                part(None)?;
                continue;
            }
            written.clear();
            canonical.clear();
            let text = match cells.cell(row, &mut written) {
                Cell::Text(text) => text,
                Cell::Written => &written,
                Cell::Bytes(_) | Cell::Missing => "",
            };
            let (text, verdict) = match self.kind.canonical(text, &self.blanks, &mut canonical) {
                Canonical::Blank => {
                    tally.blank(row);
                    part(None)?;
                    continue;
                }
                Canonical::Same(verdict) => (text, verdict),
                Canonical::Written(verdict) => (canonical.as_str(), verdict),
            };
            match (part(Some(text))?, self.on_invalid) {
                (true, _) => tally.transformed(row, verdict),
                (false, OnInvalid::Fail) => tally.refuse(row)?,
                (false, OnInvalid::Token | OnInvalid::Null) => tally.nulled(row),
            }
        }
        Ok(())
    }
}

/// Which canonical bytes an action takes; the others are invalid to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Anything,
    /// Text of an alphabet.
    Text(Alphabet),
    /// The digits of a `+86` mobile, its country code left off.
    Mobile(Alphabet),
    /// Whole numbers that eighteen digits hold, written with leading zeros.
    Number,
    Nothing,
}

/// The canonical bytes of some rows.
#[derive(Default)]
pub(crate) struct Batch<'a> {
    arena: String,
    scratch: String,
    slots: Vec<Slot<'a>>,
    pub(crate) present: Present,
}

impl<'a> Batch<'a> {
    /// Replaces the batch by the rows of a range, and counts what does not become canonical bytes.
    ///
    /// Generic over the column, so that the loop is compiled once per physical type.
    pub(crate) fn fill<C: Cells<'a> + ?Sized>(
        &mut self,
        cells: &C,
        rows: Range<usize>,
        canon: &Canon,
        as_is: bool,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        self.arena.clear();
        self.slots.clear();
        self.present.clear();
        for row in rows {
            if cells.is_null(row) {
                tally.null(row);
                self.present.push(false);
                continue;
            }
            let mut canonical = if as_is {
                self.as_is(cells, row)
            } else {
                self.canonical(cells, row, canon)
            };
            if canon.takes != Takes::Anything {
                canonical = self.taken(canonical, canon.takes);
            }
            match (canonical, canon.on_invalid) {
                (Taken::Blank, _) => tally.blank(row),
                (Taken::Missing | Taken::Slot(_, Verdict::Invalid), OnInvalid::Fail) => {
                    tally.refuse(row)?;
                }
                (Taken::Missing, _) | (Taken::Slot(_, Verdict::Invalid), OnInvalid::Null) => {
                    tally.nulled(row);
                }
                (Taken::Slot(slot, verdict), _) => {
                    tally.transformed(row, verdict);
                    self.slots.push(slot);
                    self.present.push(true);
                    continue;
                }
            }
            self.present.push(false);
        }
        Ok(())
    }

    /// Answers how many rows have canonical bytes.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Calls `f` with the canonical bytes of the rows that have them.
    pub(crate) fn with_values<R>(&self, f: impl FnOnce(&[&[u8]]) -> R) -> R {
        let mut values: [&[u8]; BATCH] = [&[]; BATCH];
        for (value, slot) in values.iter_mut().zip(&self.slots) {
            *value = slot.bytes(&self.arena);
        }
        f(values.get(..self.slots.len()).unwrap_or_default())
    }

    /// Answers what an action takes of canonical bytes; what it does not take is like a value
    /// without text.
    fn taken(&mut self, canonical: Taken<'a>, takes: Takes) -> Taken<'a> {
        let Taken::Slot(slot, verdict) = canonical else {
            return canonical;
        };
        let bytes = slot.bytes(&self.arena);
        let slot = match takes {
            Takes::Anything => Some(slot),
            Takes::Text(alphabet) => alphabet.accepts(bytes).then_some(slot),
            Takes::Mobile(alphabet) => std::str::from_utf8(bytes)
                .ok()
                .and_then(phone::mobile)
                .filter(|mobile| alphabet.accepts(mobile.as_bytes()))
                .map(|mobile| slot.tail(mobile.len())),
            Takes::Number => NUMBER
                .get(bytes.len()..)
                .filter(|_| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit))
                .map(|zeros| self.padded(zeros, slot)),
            Takes::Nothing => None,
        };
        slot.map_or(Taken::Missing, |slot| Taken::Slot(slot, verdict))
    }

    fn padded(&mut self, zeros: &str, digits: Slot<'a>) -> Slot<'a> {
        let start = self.arena.len();
        self.arena.push_str(zeros);
        match digits {
            Slot::Column(bytes) => self.arena.extend(bytes.iter().copied().map(char::from)),
            Slot::Arena { start, end } => self.arena.extend_from_within(start..end),
        }
        let end = self.arena.len();
        Slot::Arena { start, end }
    }

    fn as_is<C: Cells<'a> + ?Sized>(&mut self, cells: &C, row: usize) -> Taken<'a> {
        let start = self.arena.len();
        match cells.cell(row, &mut self.arena) {
            Cell::Bytes(bytes) => Taken::Slot(Slot::Column(bytes), Verdict::Valid),
            Cell::Text(text) => Taken::Slot(Slot::Column(text.as_bytes()), Verdict::Valid),
            Cell::Written => Taken::Slot(
                Slot::Arena {
                    start,
                    end: self.arena.len(),
                },
                Verdict::Valid,
            ),
            Cell::Missing => Taken::Missing,
        }
    }

    fn canonical<C: Cells<'a> + ?Sized>(
        &mut self,
        cells: &C,
        row: usize,
        canon: &Canon,
    ) -> Taken<'a> {
        let start = self.arena.len();
        self.scratch.clear();
        let column = match cells.cell(row, &mut self.scratch) {
            Cell::Text(text) => Some(text),
            Cell::Written => None,
            Cell::Bytes(_) | Cell::Missing => return Taken::Missing,
        };
        let text = column.unwrap_or(&self.scratch);
        let verdict = match canon.kind.canonical(text, &canon.blanks, &mut self.arena) {
            Canonical::Blank => {
                self.arena.truncate(start);
                return Taken::Blank;
            }
            Canonical::Written(verdict) => verdict,
            Canonical::Same(verdict) => {
                if let Some(text) = column {
                    return Taken::Slot(Slot::Column(text.as_bytes()), verdict);
                }
                self.arena.push_str(text);
                verdict
            }
        };
        Taken::Slot(
            Slot::Arena {
                start,
                end: self.arena.len(),
            },
            verdict,
        )
    }
}

/// How many rows the ciphers take at once.
pub(crate) const BATCH: usize = 1_024;

/// Eighteen digits.
const NUMBER: &str = "000000000000000000";

/// Where the canonical bytes of one row are.
#[derive(Clone, Copy)]
enum Slot<'a> {
    Column(&'a [u8]),
    Arena { start: usize, end: usize },
}

impl<'a> Slot<'a> {
    fn bytes<'s>(self, arena: &'s str) -> &'s [u8]
    where
        'a: 's,
    {
        match self {
            Self::Column(bytes) => bytes,
            Self::Arena { start, end } => arena.as_bytes().get(start..end).unwrap_or_default(),
        }
    }

    /// The last bytes alone.
    fn tail(self, length: usize) -> Self {
        match self {
            Self::Column(bytes) => {
                let start = bytes.len().saturating_sub(length);
                Self::Column(bytes.get(start..).unwrap_or_default())
            }
            Self::Arena { start, end } => Self::Arena {
                start: start.max(end.saturating_sub(length)),
                end,
            },
        }
    }
}

/// What became of one cell.
enum Taken<'a> {
    Slot(Slot<'a>, Verdict),
    Blank,
    /// The value has no text: a year of more than four digits.
    Missing,
}
