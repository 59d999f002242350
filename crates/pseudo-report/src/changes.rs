//! What is other in a run than in the one before it, by name: settings, tables, columns, rules,
//! rows and source files. Files are the same when their digests are.

use std::collections::BTreeMap;

use pseudo_engine::manifest::{ColumnManifest, Manifest, TableManifest};
use serde::Serialize;

/// From one run to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Changes {
    /// The run before.
    pub(crate) since: String,
    /// When that was published, RFC 3339.
    pub(crate) published: String,
    /// What concerns all tables.
    pub(crate) settings: Vec<Setting>,
    pub(crate) tables_added: Vec<String>,
    pub(crate) tables_removed: Vec<String>,
    /// Tables that both runs have and that differ.
    pub(crate) tables: Vec<TableChanges>,
    /// How many tables both have that do not differ.
    pub(crate) tables_same: usize,
}

/// A setting that was another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// What is other in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TableChanges {
    pub(crate) table: String,
    pub(crate) source_rows: [u64; 2],
    pub(crate) published_rows: [u64; 2],
    /// Columns that are published and were not.
    pub(crate) columns_added: Vec<String>,
    /// Columns that were published and are not.
    pub(crate) columns_removed: Vec<String>,
    /// Columns whose rule, identity, kind or type was another.
    pub(crate) rules: Vec<RuleChange>,
    /// Columns of the source that are left out now, and were not there or not left out.
    pub(crate) dropped_added: Vec<String>,
    /// Columns of the source that were left out, and are gone or in use now.
    pub(crate) dropped_removed: Vec<String>,
    pub(crate) sources_added: usize,
    pub(crate) sources_changed: usize,
    pub(crate) sources_removed: usize,
}

/// A column that was made in another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RuleChange {
    pub(crate) column: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Changes {
    pub(crate) fn between(before: &Manifest, after: &Manifest) -> Self {
        let old: BTreeMap<&str, &TableManifest> = by_name(&before.tables);
        let new: BTreeMap<&str, &TableManifest> = by_name(&after.tables);
        let mut tables = Vec::new();
        let mut tables_same = 0;
        for table in &after.tables {
            let Some(before) = old.get(table.table.as_str()) else {
                continue;
            };
            match TableChanges::between(before, table) {
                Some(changes) => tables.push(changes),
                None => tables_same += 1,
            }
        }
        Self {
            since: before.run_id.clone(),
            published: before.finished.clone(),
            settings: settings(before, after),
            tables_added: absent(&new, &old),
            tables_removed: absent(&old, &new),
            tables,
            tables_same,
        }
    }

    /// Whether nothing is other.
    pub(crate) fn is_empty(&self) -> bool {
        self.settings.is_empty()
            && self.tables.is_empty()
            && self.tables_added.is_empty()
            && self.tables_removed.is_empty()
    }
}

fn by_name(tables: &[TableManifest]) -> BTreeMap<&str, &TableManifest> {
    let named = tables.iter().map(|table| (table.table.as_str(), table));
    named.collect()
}

/// The names of `these` that are not among `those`.
fn absent<T, U>(these: &BTreeMap<&str, T>, those: &BTreeMap<&str, U>) -> Vec<String> {
    let names = these.keys().filter(|name| !those.contains_key(*name));
    names.map(|name| (*name).to_owned()).collect()
}

fn settings(before: &Manifest, after: &Manifest) -> Vec<Setting> {
    let (old, new) = (&before.recipe, &after.recipe);
    let text = |text: &String| text.clone();
    let list = |list: &Option<String>| list.clone().unwrap_or_else(|| "none".to_owned());
    let rows = |kept: &Option<pseudo_engine::manifest::KeptRows>| {
        kept.as_ref()
            .map_or("none".to_owned(), |kept| kept.recipient.clone())
    };
    let all = [
        ("program", text(&old.tool_version), text(&new.tool_version)),
        (
            "Unicode tables",
            text(&old.unicode_version),
            text(&new.unicode_version),
        ),
        ("pipeline name", text(&old.pipeline), text(&new.pipeline)),
        (
            "what the pipeline says",
            text(&old.pipeline_hash),
            text(&new.pipeline_hash),
        ),
        ("domain", text(&old.domain), text(&new.domain)),
        ("key epoch", old.epoch.to_string(), new.epoch.to_string()),
        (
            "key check value",
            text(&old.key_check_value),
            text(&new.key_check_value),
        ),
        (
            "list of forgotten subjects",
            list(&before.tombstones),
            list(&after.tombstones),
        ),
        (
            "reader of quarantined rows",
            rows(&old.quarantine),
            rows(&new.quarantine),
        ),
    ];
    let other = all.into_iter().filter(|(_, before, after)| before != after);
    let other = other.map(|(name, before, after)| Setting {
        name,
        before,
        after,
    });
    other.collect()
}

impl TableChanges {
    fn between(before: &TableManifest, after: &TableManifest) -> Option<Self> {
        let old: BTreeMap<&str, &ColumnManifest> = columns(before);
        let new: BTreeMap<&str, &ColumnManifest> = columns(after);
        let rules = after.columns.iter().filter_map(|column| {
            let (before, after) = (rule(old.get(column.column.as_str())?), rule(column));
            (before != after).then(|| RuleChange {
                column: column.column.clone(),
                before,
                after,
            })
        });
        let left_out = |table: &TableManifest| -> Vec<String> { table.dropped.clone() };
        let (old_dropped, new_dropped) = (left_out(before), left_out(after));
        let mut changes = Self {
            columns_added: absent(&new, &old),
            columns_removed: absent(&old, &new),
            rules: rules.collect(),
            dropped_added: without(&new_dropped, &old_dropped),
            dropped_removed: without(&old_dropped, &new_dropped),
            ..Self::default()
        };
        let files = |table: &TableManifest| -> BTreeMap<String, String> {
            let files = table.sources.iter();
            files
                .map(|file| (file.path.clone(), file.sha256.clone()))
                .collect()
        };
        let (old_files, new_files) = (files(before), files(after));
        for (path, digest) in &new_files {
            match old_files.get(path) {
                None => changes.sources_added += 1,
                Some(before) if before != digest => changes.sources_changed += 1,
                Some(_) => {}
            }
        }
        let gone = old_files
            .keys()
            .filter(|path| !new_files.contains_key(*path));
        changes.sources_removed = gone.count();
        changes.source_rows = [before.source_rows, after.source_rows];
        changes.published_rows = [before.published_rows, after.published_rows];
        let same_rows = changes
            .source_rows
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a == b))
            && matches!(changes.published_rows, [a, b] if a == b);
        let nothing = Self {
            source_rows: changes.source_rows,
            published_rows: changes.published_rows,
            ..Self::default()
        };
        if same_rows && changes == nothing {
            return None;
        }
        changes.table.clone_from(&after.table);
        Some(changes)
    }
}

fn columns(table: &TableManifest) -> BTreeMap<&str, &ColumnManifest> {
    let named = table.columns.iter();
    named
        .map(|column| (column.column.as_str(), column))
        .collect()
}

/// How a column is made, in words.
fn rule(column: &ColumnManifest) -> String {
    let mut text = column.action.clone();
    if let Some(kind) = &column.kind {
        text.push_str(&format!(", kind {kind}"));
    }
    if column.source != column.column {
        text.push_str(&format!(", of {}", column.source));
    }
    text.push_str(&format!(", as {}", column.data_type));
    text
}

fn without(these: &[String], those: &[String]) -> Vec<String> {
    let those: std::collections::BTreeSet<_> = those.iter().collect();
    let only = these.iter().filter(|one| !those.contains(one));
    only.cloned().collect()
}
