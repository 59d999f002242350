//! Who is concerned: the list of people, sealed to those who notify them, and never in clear
//! anywhere. A line of JSON for each subject and table of the source:
//!
//! ```json
//! {"table":"users","subject":{"column":"user_id","identities":["account"],"value":"…"},
//!  "values":{"phone":["…"]}}
//! ```
//!
//! What was found in no row of the source has no table: an opened seal, or an identifier of the
//! leak itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::Path;

use pseudo_keyring::Recipient;
use serde_json::json;

use super::columns::{Index, Item};
use super::subjects::Row;
use crate::disk::{Disk, PRIVATE};
use crate::{Error, Result};

/// Whom to tell, and where.
pub struct ListTo<'a> {
    /// Whom the list is sealed to.
    pub recipient: &'a Recipient,
    /// A file that must not be there.
    pub path: &'a Path,
}

/// The people of a leak. It has no `Debug`, for it holds values.
pub(super) struct List {
    subjects: BTreeMap<Subject, BTreeMap<String, BTreeSet<String>>>,
    /// Distinct people.
    pub(super) people: u64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    table: Option<String>,
    column: Option<String>,
    identities: Vec<String>,
    value: String,
}

impl List {
    /// The subjects of rows, and the values that no row holds.
    pub(super) fn new(
        kept: &[&Row],
        index: &Index,
        items: &[Item],
        values: &BTreeSet<u32>,
    ) -> Self {
        let mut subjects: BTreeMap<_, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        let mut rowed = BTreeSet::new();
        for row in kept {
            rowed.extend(index.rows(&row.items));
            // whom a row is about without a subject, its first identifier tells
            let first = || {
                let (column, value) = row.values.first()?;
                Some((column.clone(), Vec::new(), value.clone()))
            };
            let Some((column, identities, value)) = row.subject.clone().or_else(first) else {
                continue;
            };
            let subject = Subject {
                table: Some(row.table.clone()),
                column: Some(column),
                identities,
                value,
            };
            let own = subjects.entry(subject).or_default();
            for (column, value) in &row.values {
                own.entry(column.clone()).or_default().insert(value.clone());
            }
        }
        for item in values {
            let Some(Item::Value(kind, value, identity)) = items.get(*item as usize) else {
                continue;
            };
            let of = index.rows([item]);
            if !of.is_empty() && of.iter().all(|row| rowed.contains(row)) {
                continue;
            }
            let about = identity.clone().unwrap_or_else(|| kind.name().to_owned());
            let subject = Subject {
                table: None,
                column: None,
                identities: vec![about],
                value: value.clone(),
            };
            subjects.entry(subject).or_default();
        }
        let people = most(subjects.keys().map(|subject| {
            let name = match subject.identities.as_slice() {
                [] => subject.column.clone().unwrap_or_default(),
                names => names.join(","),
            };
            (name, subject.value.as_str())
        }));
        Self { subjects, people }
    }

    pub(super) fn lines(&self) -> u64 {
        self.subjects.len() as u64
    }

    /// Seals the list into a new file, which is there as a whole or not at all.
    pub(super) fn write(&self, to: &ListTo<'_>, disk: &Disk) -> Result<()> {
        let fault = || Error::io("write", to.path);
        let mut temporary = to.path.as_os_str().to_owned();
        temporary.push(format!(".{}", std::process::id()));
        let temporary = Path::new(&temporary);
        let written = (|| {
            let file = BufWriter::new(disk.create(temporary, PRIVATE)?);
            let mut sealer = to.recipient.seal(file).map_err(fault())?;
            for (subject, values) in &self.subjects {
                let line = json!({
                    "table": subject.table,
                    "subject": {
                        "column": subject.column,
                        "identities": subject.identities,
                        "value": subject.value,
                    },
                    "values": values,
                });
                let written = serde_json::to_writer(&mut sealer, &line);
                let written = written.map_err(std::io::Error::from);
                written
                    .and_then(|()| sealer.write_all(b"\n"))
                    .map_err(fault())?;
            }
            let file = sealer.finish().map_err(fault())?.into_inner();
            let file = file.map_err(|error| fault()(error.into_error()))?;
            file.sync().map_err(fault())?;
            // not a rename, which would replace what is there
            disk.link(temporary, to.path)
        })();
        let removed = disk.remove_file(temporary);
        written.and(removed)?;
        disk.sync_name(to.path)
    }
}

/// The rows of a source that a leak is about. What stands in many rows says less of a row of the
/// leak than the column of its subject, where it has that.
pub(super) fn kept<'a>(rows: &'a [Row], index: &Index) -> Vec<&'a Row> {
    let of_subjects = rows.iter().filter(|row| row.by_subject);
    let items: BTreeSet<u32> = of_subjects.flat_map(|row| &row.items).copied().collect();
    let told = index.rows(&items);
    let is_told = |row: &Row| index.rows(&row.items).is_subset(&told);
    let kept = rows.iter().filter(|row| row.by_subject || !is_told(row));
    kept.collect()
}

/// The most distinct values that one name has.
pub(super) fn most<'a>(values: impl Iterator<Item = (String, &'a str)>) -> u64 {
    let mut named: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in values {
        named.entry(name).or_default().insert(value);
    }
    named
        .values()
        .map(|values| values.len() as u64)
        .max()
        .unwrap_or_default()
}
