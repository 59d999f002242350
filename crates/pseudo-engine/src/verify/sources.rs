//! Which source files are not what the run read: a comparison with them speaks of other rows than
//! those that were published.

use std::collections::BTreeMap;
use std::fmt;

use crate::manifest::{Manifest, SourceManifest};
use crate::plan::{Job, TableJob};
use crate::source::SourceFile;
use crate::{Cancel, Result};

/// A source file that differs from what the manifest says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceChange {
    /// The table.
    pub table: String,
    /// The file, relative to the source root.
    pub file: String,
    /// How it differs.
    pub change: Change,
}

/// How a source file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is not what the run read.
    Changed,
    /// The run did not read it.
    New,
    /// The run read it, and it is no longer there.
    Gone,
}

impl fmt::Display for SourceChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.change {
            Change::Changed => "has changed since the run",
            Change::New => "came after the run",
            Change::Gone => "is gone since the run",
        };
        let Self { table, file, .. } = self;
        write!(
            f,
            "table `{table}`, source file `{file}` {what}: the comparison with the source speaks \
             of other rows than were published"
        )
    }
}

impl Change {
    /// The word for it: `changed`, `new`, `gone`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// The differences between the source of `job` and what `manifest` says was read, table by table.
/// As for a run, a file of the same size, time and inode is the same; of others the digest tells.
pub(crate) fn changes(job: &Job, manifest: &Manifest) -> Result<Vec<SourceChange>> {
    let mut changes = Vec::new();
    for bound in &job.tables {
        let tables = manifest.tables.iter();
        let own = tables.filter(|table| table.table == bound.plan.table);
        let read = own.flat_map(|table| &table.sources);
        let read: BTreeMap<_, _> = read.map(|file| (file.path.as_str(), file)).collect();
        changes.extend(of_table(bound, read)?);
    }
    let is_bound = |name: &str| job.tables.iter().any(|bound| bound.plan.table == name);
    for table in manifest.tables.iter().filter(|t| !is_bound(&t.table)) {
        changes.extend(table.sources.iter().map(|file| SourceChange {
            table: table.table.clone(),
            file: file.path.clone(),
            change: Change::Gone,
        }));
    }
    Ok(changes)
}

fn of_table(
    bound: &TableJob,
    mut read: BTreeMap<&str, &SourceManifest>,
) -> Result<Vec<SourceChange>> {
    let change = |file: &str, change| SourceChange {
        table: bound.plan.table.clone(),
        file: file.to_owned(),
        change,
    };
    let mut changes = Vec::new();
    for file in &bound.source.files {
        match read.remove(file.path.as_str()) {
            None => changes.push(change(&file.path, Change::New)),
            Some(known) if !is_same(file, known)? => {
                changes.push(change(&file.path, Change::Changed));
            }
            Some(_) => {}
        }
    }
    changes.extend(read.into_keys().map(|file| change(file, Change::Gone)));
    Ok(changes)
}

fn is_same(file: &SourceFile, known: &SourceManifest) -> Result<bool> {
    // what is generated has no stamp
    if file.location().is_some() {
        if file.stamp == known.stamp {
            return Ok(true);
        }
        if file.stamp.size != known.stamp.size {
            return Ok(false);
        }
    }
    Ok(file.digest(&Cancel::default())? == known.sha256)
}
