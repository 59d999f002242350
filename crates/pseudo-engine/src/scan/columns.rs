//! The columns of a file of text, which are all looked at at the same time.

use std::collections::HashMap;

use super::lone::{self, Lone};
use super::look::{Look, ROOM, decoded};
use super::{Place, ScanFinding};

/// Columns by name, up to a number of them; what is beyond it is one column.
#[derive(Default)]
pub(super) struct Columns {
    places: HashMap<String, usize>,
    columns: Vec<(String, Look)>,
    names: Lone,
}

impl Columns {
    /// The place of a column, which is made where there is none.
    pub(super) fn place(&mut self, path: &str) -> usize {
        if let Some(place) = self.places.get(path) {
            return *place;
        }
        self.names.add(path);
        let next = self.columns.len();
        if next >= COLUMNS_MAX {
            if next == COLUMNS_MAX {
                self.columns.push((REST.to_owned(), Look::new(room(next))));
            }
            return COLUMNS_MAX;
        }
        let shown = if lone::name(path, Place::ColumnNames).is_empty() {
            path.to_owned()
        } else {
            lone::masked(path, next + 1)
        };
        self.columns.push((shown, Look::new(room(next))));
        self.places.insert(path.to_owned(), next);
        next
    }

    /// A column that a file of fields has, whatever its name.
    pub(super) fn push(&mut self, name: &str) {
        let next = self.columns.len();
        self.names.add(name);
        let shown = if !lone::name(name, Place::ColumnNames).is_empty() {
            lone::masked(name, next + 1)
        } else if name.is_empty() {
            format!("{}", next + 1)
        } else {
            name.to_owned()
        };
        self.columns.push((shown, Look::new(room(next))));
    }

    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Adds a value of the column at `place`, a line of it at a time.
    pub(super) fn add(&mut self, place: usize, value: &[u8]) {
        let Some((_, look)) = self.columns.get_mut(place) else {
            return;
        };
        let text = decoded(value);
        if value.len() > LONG && text.contains('\n') {
            text.lines().for_each(|line| look.add_text(line, 1));
        } else {
            look.add_text(&text, 1);
        }
    }

    /// What they show.
    pub(super) fn finish(self) -> Vec<ScanFinding> {
        let mut findings = self.names.findings(Place::ColumnNames, None);
        for (name, look) in self.columns {
            findings.extend(look.finish(Place::Column, Some(&name)));
        }
        findings
    }
}

/// Bytes for the distinct values of a column: less for each that follows, so that all of them have
/// no more than a few times the room of one.
const fn room(place: usize) -> usize {
    ROOM / (place + 2)
}

/// Columns that are told apart.
pub(super) const COLUMNS_MAX: usize = 4_096;
/// All further ones.
const REST: &str = "(further columns)";
/// Bytes of a value that may have lines.
const LONG: usize = 64;
