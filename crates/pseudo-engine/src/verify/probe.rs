//! Whether values of the output stand in a protected column, asked the other way round: pseudonyms
//! are deterministic, so a value stands in the clear where its own pseudonym stands in the column.
//! No value of the source is kept for that, and none is needed.
//!
//! The pseudonyms of all values asked for form a small filter; the column's cells stream past it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use arrow::array::{Array, ArrayRef, BinaryArray, StringArray};
use pseudo_arrow::{Kernel, Outcome};
use pseudo_pii::{Blanks, Canonical, Kind, Verdict};
use sha2::{Digest, Sha256};

use super::filter::{Entries, Filter, each_cell};
use crate::{Error, Result, Shared};

/// One protected identity in one form, and what was asked about it.
pub(crate) struct Probe {
    /// What it protects.
    pub(crate) name: Shared,
    /// Its kind.
    pub(crate) kind: Kind,
    cells: Cells,
    /// Whether nothing says what it holds, and it is but a few values.
    pub(crate) is_categories: bool,
    /// Whether all columns that it protects are whole numbers.
    pub(crate) are_numbers: bool,
    /// Columns of the output, `table.column`, whose numbers are said to be others.
    pub(crate) unrelated: Vec<String>,
    asked: Asked,
    /// By column of the output.
    pub(crate) overlaps: BTreeMap<usize, Overlap>,
}

/// What a value looks like in the protected column.
pub(crate) enum Cells {
    /// What the rule's kernel makes of it.
    Kernel(Box<Kernel>),
    /// A digest of its canonical text.
    Canonical(Box<Blanks>),
}

/// Why a value is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// It stands in the output, and would not be found by chance.
    Sure,
    /// It stands in the output: digits.
    Digits,
    /// It stands in the output: short, without digits.
    Letters,
    /// It stands in the output: short, with digits and others.
    Codes,
    /// It does not, and is like the digits that do.
    LikeDigits,
    /// It does not, and is like the letters that do.
    LikeLetters,
    /// It is among the largest numbers of the output.
    Top,
    /// It is above the largest.
    Above,
}

/// How many classes there are.
pub(crate) const CLASSES: usize = 8;

/// A value as it stands in a column.
#[derive(Clone, Copy)]
pub(crate) enum Text<'a> {
    /// Text.
    Valid(&'a str),
    /// Bytes that are no UTF-8.
    Other(&'a [u8]),
}

impl<'a> Text<'a> {
    pub(crate) fn new(value: &'a [u8]) -> Self {
        std::str::from_utf8(value).map_or(Self::Other(value), Self::Valid)
    }
}

/// One value of one column.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) text: Text<'a>,
    pub(crate) class: Class,
    pub(crate) rows: u64,
    /// The file that it was met in first.
    pub(crate) file: usize,
}

/// What was found of the values of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// Values asked for, by class.
    pub(crate) asked: [u64; CLASSES],
    /// Values found, by class.
    pub(crate) found: [u64; CLASSES],
    /// Rows of the output that hold values found.
    pub(crate) rows: u64,
    /// The first file that holds one.
    pub(crate) file: Option<usize>,
}

impl Overlap {
    pub(crate) fn asked(&self, class: Class) -> u64 {
        self.asked.get(class as usize).copied().unwrap_or_default()
    }

    pub(crate) fn found(&self, class: Class) -> u64 {
        self.found.get(class as usize).copied().unwrap_or_default()
    }
}

/// The cells that are looked for, and what each was asked for.
#[derive(Default)]
struct Asked {
    entries: Entries,
    tags: Vec<Tag>,
}

/// Small, for there may be a million: a table has fewer columns and files than that.
struct Tag {
    column: u32,
    file: u32,
    rows: u32,
    class: Class,
}

/// Kinds whose values tell what they are: an invalid one is none.
pub(crate) fn is_structured(kind: Kind) -> bool {
    match kind {
        Kind::Email | Kind::CnPhone | Kind::CnResidentId | Kind::Vin => true,
        Kind::CnPlate | Kind::BankCard | Kind::CnUscc => true,
        Kind::Exact | Kind::Text | Kind::Integer | Kind::Name | Kind::Address => false,
    }
}

impl Probe {
    pub(crate) fn new(name: Shared, kind: Kind, cells: Cells) -> Self {
        Self {
            name,
            kind,
            cells,
            is_categories: false,
            are_numbers: false,
            unrelated: Vec::new(),
            asked: Asked::default(),
            overlaps: BTreeMap::new(),
        }
    }

    /// Whether its values tell what they are.
    pub(crate) fn is_structured(&self) -> bool {
        is_structured(self.kind)
    }

    /// Whether nothing but numbers can be found: a structured kind may write a number as text.
    pub(crate) fn holds_numbers(&self) -> bool {
        self.are_numbers && !self.is_structured()
    }

    /// How many cells are looked for.
    pub(crate) fn len(&self) -> usize {
        self.asked.entries.len()
    }

    /// Looks for `questions` about output column `column` from now on.
    pub(crate) fn ask(&mut self, column: usize, questions: &[Question<'_>]) -> Result<()> {
        let overlap = self.overlaps.entry(column).or_default();
        for question in questions {
            if let Some(asked) = overlap.asked.get_mut(question.class as usize) {
                *asked += 1;
            }
        }
        for block in questions.chunks(BLOCK) {
            let mut texts = Vec::with_capacity(block.len());
            let mut others = Vec::new();
            for question in block {
                match question.text {
                    Text::Valid(text) => texts.push((question, text)),
                    Text::Other(bytes) => others.push((question, bytes)),
                }
            }
            self.ask_texts(column, &texts)?;
            if self.kind == Kind::Exact {
                self.ask_bytes(column, &others)?;
            }
        }
        Ok(())
    }

    fn ask_texts(&mut self, column: usize, texts: &[(&Question<'_>, &str)]) -> Result<()> {
        match &self.cells {
            Cells::Kernel(kernel) => {
                let array = StringArray::from_iter_values(texts.iter().map(|(_, text)| text));
                let cells = applied(kernel, &array)?;
                let questions = texts.iter().map(|(question, _)| *question);
                self.asked.extend(column, questions, &cells)
            }
            Cells::Canonical(blanks) => {
                let mut written = String::new();
                for (question, text) in texts {
                    if let Some(cell) = canonical(self.kind, text, blanks, &mut written) {
                        self.asked.push(column, question, &digest(cell.as_bytes()));
                    }
                }
                Ok(())
            }
        }
    }

    fn ask_bytes(&mut self, column: usize, bytes: &[(&Question<'_>, &[u8])]) -> Result<()> {
        let Cells::Kernel(kernel) = &self.cells else {
            for (question, bytes) in bytes {
                self.asked.push(column, question, &digest(bytes));
            }
            return Ok(());
        };
        let array = BinaryArray::from_iter_values(bytes.iter().map(|(_, bytes)| bytes));
        let cells = applied(kernel, &array)?;
        let questions = bytes.iter().map(|(question, _)| *question);
        self.asked.extend(column, questions, &cells)
    }

    /// Everything that was asked since, ready for cells to stream past.
    pub(crate) fn filter(&self) -> Filter<'_> {
        Filter::new(&self.asked.entries)
    }

    /// Takes what a filter has found, and forgets what was asked.
    pub(crate) fn settle(&mut self, found: Vec<AtomicBool>) {
        let asked = std::mem::take(&mut self.asked);
        for (tag, found) in asked.tags.into_iter().zip(found) {
            let column = usize::try_from(tag.column).unwrap_or_default();
            let Some(overlap) = self
                .overlaps
                .get_mut(&column)
                .filter(|_| found.into_inner())
            else {
                continue;
            };
            if let Some(found) = overlap.found.get_mut(tag.class as usize) {
                *found += 1;
            }
            if matches!(
                tag.class,
                Class::Sure | Class::Digits | Class::Letters | Class::Codes
            ) {
                overlap.rows += u64::from(tag.rows);
                let file = usize::try_from(tag.file).unwrap_or_default();
                overlap.file = overlap.file.into_iter().chain([file]).min();
            }
        }
    }
}

impl Asked {
    /// Adds the cells that the values of `questions` became, row by row.
    fn extend<'q>(
        &mut self,
        column: usize,
        questions: impl ExactSizeIterator<Item = &'q Question<'q>>,
        cells: &ArrayRef,
    ) -> Result<()> {
        if cells.len() != questions.len() {
            return Err(Error::Internal("verify: rows were lost".to_owned()));
        }
        let (mut questions, mut next) = (questions, 0);
        each_cell(cells, |row, cell| {
            if let Some(question) = questions.nth(row - next) {
                self.push(column, question, cell);
            }
            next = row + 1;
        });
        Ok(())
    }

    fn push(&mut self, column: usize, question: &Question<'_>, cell: &[u8]) {
        self.entries.push(cell);
        self.tags.push(Tag {
            column: u32::try_from(column).unwrap_or(u32::MAX),
            file: u32::try_from(question.file).unwrap_or(u32::MAX),
            rows: u32::try_from(question.rows).unwrap_or(u32::MAX),
            class: question.class,
        });
    }
}

fn applied(kernel: &Kernel, array: &dyn Array) -> Result<ArrayRef> {
    let applied = kernel.apply(array, &mut Outcome::default());
    applied.map_err(|error| Error::Internal(format!("verify: {error}")))
}

/// What stands for a text in a filter: long ones would take memory, and whole columns of them begin
/// and end alike. 128 bits of SHA-256.
pub(crate) fn digest(text: &[u8]) -> [u8; 16] {
    let digest = Sha256::digest(text);
    digest.first_chunk().copied().unwrap_or_default()
}

/// The canonical text of a value, where it has one that says something of that kind.
pub(crate) fn canonical<'a>(
    kind: Kind,
    text: &'a str,
    blanks: &Blanks,
    written: &'a mut String,
) -> Option<&'a str> {
    written.clear();
    let (cell, verdict) = match kind.canonical(text, blanks, written) {
        Canonical::Blank => return None,
        Canonical::Same(verdict) => (text, verdict),
        Canonical::Written(verdict) => (written.as_str(), verdict),
    };
    (verdict != Verdict::Invalid || !is_structured(kind)).then_some(cell)
}

/// Values that become pseudonyms in one go.
const BLOCK: usize = 8_192;
