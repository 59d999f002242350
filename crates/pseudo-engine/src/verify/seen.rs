//! What one column of the output was seen to hold: the kinds that its values look like, and the
//! values that protected columns are asked about.
//!
//! Memory is bounded. The first values of a column are held with all their rows; behind them every
//! batch's values are looked at as they come and are let go, so that a value of many batches counts
//! in each.

use std::collections::{BTreeSet, HashMap};

use pseudo_pii::{Blanks, Finding, Kind, Recogniser};

use super::chance;
use super::probe;
use super::rule::Rule;
use super::values::Values;

/// One column.
pub(crate) struct Seen {
    /// Index of the table, and of the column within it.
    pub(crate) table: usize,
    pub(crate) column: usize,
    rule: Rule,
    held: HashMap<Box<[u8]>, Held>,
    held_bytes: usize,
    held_all: bool,
    /// Values that were not held, of this wave.
    rest: Vec<(usize, Values)>,
    distinct: u64,
    top: BTreeSet<i64>,
    /// Rows of whole numbers, and of others.
    whole: u64,
    fractions: u64,
    recogniser: Recogniser,
}

struct Held {
    place: usize,
    file: usize,
    rows: u64,
}

/// One value that is held.
pub(crate) struct Value {
    pub(crate) bytes: Box<[u8]>,
    pub(crate) rows: u64,
    pub(crate) file: usize,
}

impl Seen {
    pub(crate) fn new(table: usize, column: usize, rule: Rule) -> Self {
        Self {
            table,
            column,
            rule,
            held: HashMap::new(),
            held_bytes: 0,
            held_all: true,
            rest: Vec::new(),
            distinct: 0,
            top: BTreeSet::new(),
            whole: 0,
            fractions: 0,
            recogniser: Recogniser::default(),
        }
    }

    pub(crate) fn is_compared(&self) -> bool {
        self.rule.is_compared()
    }

    /// Whether its numbers may be a copy of whole ones, which have no fraction.
    pub(crate) fn is_copied(&self) -> bool {
        self.rule == Rule::Copies && chance::may_be_whole(self.whole, self.fractions)
    }

    /// Adds the values of a batch of file `file`. Batches come in the order of their files.
    pub(crate) fn add(&mut self, file: usize, values: &Values) {
        let mut rest = Values::default();
        self.fractions += values.fractions;
        for (value, rows) in values.iter() {
            self.whole += rows;
            if let Some(held) = self.held.get_mut(value) {
                held.rows += rows;
                continue;
            }
            self.distinct += 1;
            if let Some(number) = chance::number(value) {
                self.rise(number);
            }
            if self.held.len() < HELD_MAX && self.held_bytes < HELD_BYTES_MAX {
                self.held_bytes += value.len();
                let place = self.held.len();
                self.held.insert(value.into(), Held { place, file, rows });
                continue;
            }
            if let (true, Ok(text)) = (self.rule.is_recognised(), std::str::from_utf8(value)) {
                self.recogniser.add(text, rows);
            }
            self.held_all = false;
            rest.push(value, rows);
        }
        if self.is_compared() && !rest.is_empty() {
            self.rest.push((file, rest));
        }
    }

    fn rise(&mut self, number: i64) {
        let is_full = self.top.len() >= chance::TOP;
        if is_full && self.top.first().is_some_and(|least| number <= *least) {
            return;
        }
        if self.top.insert(number) && is_full {
            self.top.pop_first();
        }
    }

    /// Whether all of its values are held.
    pub(crate) const fn holds_all(&self) -> bool {
        self.held_all
    }

    /// Takes the values that were not held.
    pub(crate) fn take_rest(&mut self) -> Vec<(usize, Values)> {
        std::mem::take(&mut self.rest)
    }

    /// Ends the column: its values in the order in which they were met, and its largest numbers.
    pub(crate) fn finish(&mut self) -> (Vec<Value>, BTreeSet<i64>) {
        let mut held: Vec<_> = self.held.drain().collect();
        held.sort_unstable_by_key(|(_, held)| held.place);
        let values: Vec<Value> = held
            .into_iter()
            .map(|(bytes, Held { file, rows, .. })| Value { bytes, rows, file })
            .collect();
        if self.rule.is_recognised() {
            for value in &values {
                if let Ok(text) = std::str::from_utf8(&value.bytes) {
                    self.recogniser.add(text, value.rows);
                }
            }
        }
        (values, std::mem::take(&mut self.top))
    }

    /// How many distinct values there were.
    pub(crate) const fn distinct(&self) -> u64 {
        self.distinct
    }

    /// The kinds that the values look like.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.recogniser.findings()
    }
}

/// The first file that holds a value of `kind`; the first of all where none of those held does.
pub(crate) fn first_file(kind: Kind, values: &[Value]) -> usize {
    let (blanks, mut written) = (Blanks::default(), String::new());
    let mut is_of = |value: &&Value| {
        let text = std::str::from_utf8(&value.bytes).unwrap_or_default();
        probe::canonical(kind, text, &blanks, &mut written).is_some()
    };
    let first = values.iter().find(|value| is_of(value)).or(values.first());
    first.map_or(0, |value| value.file)
}

/// Values of a column that are held.
const HELD_MAX: usize = 65_536;
const HELD_BYTES_MAX: usize = 8 << 20;
