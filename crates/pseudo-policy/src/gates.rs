//! Gates: `[gates]` of a pipeline file: which columns of the output are known of people, and how
//! large the classes of rows that share their values must be before the output is published.
//! Columns are named as `table.column`; those of one table are one set.

use std::collections::BTreeSet;

use toml_edit::Item;

use crate::absent::Where;
use crate::action::Action;
use crate::limits;
use crate::near::nearest;
use crate::reader::{Reader, Section, repeatable, shown};
use crate::refusal::{Fault, Spot};
use crate::table::Table;

/// What the output must hold: k-anonymity, and l-diversity and t-closeness where they are asked
/// for.
#[derive(Debug, Clone, PartialEq)]
pub struct Gates {
    /// The fewest members of a class; at least 2.
    pub k: u32,
    /// The columns that are known of people, `table.column` of the output.
    pub quasi_identifiers: Vec<String>,
    /// The columns that nobody should learn of somebody, `table.column` of the output.
    pub sensitive: Vec<String>,
    /// The fewest distinct values of a sensitive column in a class; at least 2.
    pub l: Option<u32>,
    /// The largest distance of a sensitive column's distribution in a class from that in its table,
    /// 0 to 1.
    pub t: Option<f64>,
    /// Share of the members of a table that may be in classes smaller than `k`, 0 to 1.
    pub below_rate: f64,
}

/// What the gates say of one table: names of columns of its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSet<'a> {
    /// The table.
    pub table: &'a str,
    /// The columns that are known of people, at least one.
    pub quasi_identifiers: Vec<&'a str>,
    /// The columns that nobody should learn of somebody.
    pub sensitive: Vec<&'a str>,
}

impl Gates {
    /// What they say of each table that they name, in the order of the file.
    #[must_use]
    pub fn sets(&self) -> Vec<GateSet<'_>> {
        let mut sets: Vec<GateSet<'_>> = Vec::new();
        for (table, column) in self.quasi_identifiers.iter().filter_map(split) {
            match sets.iter_mut().find(|set| set.table == table) {
                Some(set) => set.quasi_identifiers.push(column),
                None => sets.push(GateSet {
                    table,
                    quasi_identifiers: vec![column],
                    sensitive: Vec::new(),
                }),
            }
        }
        for (table, column) in self.sensitive.iter().filter_map(split) {
            if let Some(set) = sets.iter_mut().find(|set| set.table == table) {
                set.sensitive.push(column);
            }
        }
        sets
    }

    /// Reads the section; None where it is refused.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        mut section: Section<'_>,
        tables: &[Table],
    ) -> Option<Self> {
        for (key, example) in [
            (K, "k = 5"),
            (KNOWN, "quasi_identifiers = [\"users.city\"]"),
        ] {
            if !section.table.contains_key(key) {
                section.missing(reader, key, example);
            }
        }
        let k = section.count(reader, K, 2..=COUNT_MAX);
        let known = section.texts(reader, KNOWN);
        let sensitive = section.texts(reader, SENSITIVE);
        let l = section.count(reader, L, 2..=COUNT_MAX);
        let t = limits::share(reader, &mut section, T, 1);
        let below_rate = limits::share(reader, &mut section, "below_rate", 1);
        check_pairs(reader, &section);
        check_columns(reader, &section, tables);
        section.finish(reader, Where::Nowhere);
        Some(Self {
            k: k?,
            quasi_identifiers: known?,
            sensitive: sensitive.unwrap_or_default(),
            l,
            t,
            below_rate: below_rate.unwrap_or_default(),
        })
    }
}

#[expect(clippy::ptr_arg, reason = "for the items of a list")]
fn split(name: &String) -> Option<(&str, &str)> {
    name.split_once('.')
}

/// Refuses what says nothing without another key.
fn check_pairs(reader: &mut Reader<'_>, section: &Section<'_>) {
    let has = |key: &str| section.table.contains_key(key);
    let is_empty = |key: &str| {
        let list = section.table.get(key).and_then(Item::as_array);
        list.is_some_and(toml_edit::Array::is_empty)
    };
    for key in [KNOWN, SENSITIVE] {
        if is_empty(key) {
            section.bad(reader, key, format!("`{key}` is empty"), None);
        }
    }
    for key in [L, T] {
        if has(key) && !has(SENSITIVE) {
            let message = format!("`{key}` says nothing here: no column is `sensitive`");
            let hint = "name one, for instance\nsensitive = [\"loans.status\"]".to_owned();
            section.bad(reader, key, message, Some(hint));
        }
    }
    if has(SENSITIVE) && !has(L) && !has(T) {
        let message = "`sensitive` says nothing here: neither `l` nor `t` is given";
        let hint = "say how diverse classes must be, for instance\nl = 2".to_owned();
        section.bad(reader, SENSITIVE, message, Some(hint));
    }
}

type Told = (Fault, String, String);

/// Refuses names that no table writes, that show nothing, or that stand there twice.
fn check_columns(reader: &mut Reader<'_>, section: &Section<'_>, tables: &[Table]) {
    // A rule that is refused would have said what it writes.
    let mut columns = tables.iter().flat_map(|table| &table.columns);
    if reader.partial || columns.any(|column| column.rules.is_empty()) {
        return;
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for key in [KNOWN, SENSITIVE] {
        for (name, spot) in names(reader, section, key) {
            let twice = !seen.insert(name.clone());
            let table = name.split_once('.').unwrap_or_default().0.to_owned();
            let told = match fault(key, &name, tables) {
                Some(told) => Some(told),
                None if twice => Some(repeated(&name)),
                None if key == SENSITIVE && !known.contains(&table) => Some(alone(&name, &table)),
                None => None,
            };
            if key == KNOWN {
                known.insert(table);
            }
            if let Some((fault, message, hint)) = told {
                reader.refuse(fault, spot, &section.place, message, Some(hint));
            }
        }
    }
}

/// The names under a key, and where they stand.
fn names(reader: &Reader<'_>, section: &Section<'_>, key: &str) -> Vec<(String, Spot)> {
    let list = section.table.get(key).and_then(Item::as_array);
    let values = list.into_iter().flat_map(|list| list.iter());
    let named = values.filter_map(|value| Some((value.as_str()?.to_owned(), value.span())));
    named
        .map(|(name, span)| (name, reader.spot(span)))
        .collect()
}

/// Why a name does not stand there rightly, by itself.
fn fault(key: &str, name: &str, tables: &[Table]) -> Option<Told> {
    let (table, output) = name.split_once('.').unwrap_or_default();
    let Some(table) = tables.iter().find(|known| known.name == table) else {
        return Some(unknown(key, name, tables));
    };
    let rules = table.columns.iter();
    let mut rules = rules.flat_map(|column| column.rules.iter().map(move |rule| (column, rule)));
    let writes = |rule: &Action| rule.writes();
    let found = rules.find(|(c, rule)| writes(&rule.action) && rule.output(&c.column) == output);
    let Some((_, rule)) = found else {
        let mut columns = table.columns.iter();
        if columns.any(|column| column.column == output) {
            return Some(hidden(
                name,
                "is not in the output, so that nobody knows it",
            ));
        }
        return Some(unknown(key, name, tables));
    };
    rule.action.identity()?;
    Some(hidden(
        name,
        "is a column of pseudonyms, which nobody knows of somebody",
    ))
}

fn hidden(name: &str, what: &str) -> Told {
    let message = format!("`{}` {what}", shown(name));
    let hint = "leave it out; name what is left to read of people, such as an age band".to_owned();
    (Fault::BadValue, message, hint)
}

fn repeated(name: &str) -> Told {
    let message = format!("`{}` is named twice", shown(name));
    let hint = "a column is a quasi-identifier or `sensitive`, and stands once".to_owned();
    (Fault::BadValue, message, hint)
}

fn alone(name: &str, table: &str) -> Told {
    let message = format!(
        "`sensitive` says nothing of `{}`: no quasi-identifier is of table `{}`",
        shown(name),
        shown(table)
    );
    let hint = "name what is known of people in that table under `quasi_identifiers`".to_owned();
    (Fault::BadValue, message, hint)
}

fn unknown(key: &str, name: &str, tables: &[Table]) -> Told {
    let message = match repeatable(&name.replacen('.', "_", 1)) {
        Some(_) => format!("`{key}`: no table writes a column `{name}`"),
        None => format!("`{key}` names a column that no table writes"),
    };
    let written = tables.iter().flat_map(|table| {
        let written = table.written();
        written.map(move |column| format!("{}.{column}", table.name))
    });
    let written: Vec<String> = written.collect();
    let bare = |known: &&String| {
        known
            .split_once('.')
            .is_some_and(|(_, column)| column == name)
    };
    let near = nearest(name, written.iter().map(String::as_str));
    let near = near.or_else(|| written.iter().find(bare).map(String::as_str));
    let hint = match near {
        Some(near) => format!("did you mean `{}`", shown(near)),
        None => "name table and column of the output, as `users.city`".to_owned(),
    };
    (Fault::NoSuchColumn, message, hint)
}

const K: &str = "k";
const L: &str = "l";
const T: &str = "t";
const KNOWN: &str = "quasi_identifiers";
const SENSITIVE: &str = "sensitive";
/// A class of more members than this hides nobody better.
const COUNT_MAX: u32 = 1_000_000;
