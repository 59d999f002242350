//! What is other than in the run before.

use crate::Report;
use crate::changes::{Changes, TableChanges};
use crate::document::{Block, Head, Line, More, Section, Table, name, text};
use crate::words::{number, things, time};

/// More tables than this are not shown open.
const OPEN_MAX: usize = 12;

pub(crate) fn section(report: &Report<'_>) -> Section {
    let blocks = match report.changes() {
        None => vec![Block::Text(text(
            "No earlier run of this sink is at hand to compare this one with.",
        ))],
        Some(changes) => told(&changes),
    };
    Section {
        id: "changes",
        title: "Since the run before",
        blocks,
    }
}

fn told(changes: &Changes) -> Vec<Block> {
    let since = text("Compared with run ")
        .name(&changes.since)
        .text(format!(", published {}", time(&changes.published)));
    if changes.is_empty() {
        return vec![Block::Text(since.text(
            ": pipeline, key, program, source files, columns, rules and numbers of rows are the \
             same.",
        ))];
    }
    let mut blocks = vec![Block::Text(since.text("."))];
    if !changes.settings.is_empty() {
        let rows = changes.settings.iter().map(|setting| {
            vec![
                text(setting.name),
                name(&setting.before),
                name(&setting.after),
            ]
        });
        blocks.push(Block::Table(Table {
            caption: "Settings that changed".to_owned(),
            heads: vec![
                Head::Words("Setting"),
                Head::Long("Before"),
                Head::Long("Now"),
            ],
            rows: rows.collect(),
            note: None,
        }));
    }
    let mut lines = Vec::new();
    let names = |words: &str, names: &[String]| {
        text(words)
            .names(names.iter().map(String::as_str))
            .text(".")
    };
    if !changes.tables_added.is_empty() {
        lines.push(names("New tables: ", &changes.tables_added));
    }
    if !changes.tables_removed.is_empty() {
        lines.push(names("Tables that are gone: ", &changes.tables_removed));
    }
    if changes.tables_same > 0 {
        let same = things(changes.tables_same as u64, "table is", "tables are");
        lines.push(text(format!("{same} as before.")));
    }
    if !lines.is_empty() {
        blocks.push(Block::List(lines));
    }
    let open = changes.tables.len() <= OPEN_MAX;
    blocks.extend(changes.tables.iter().map(|table| {
        Block::More(More {
            title: text("Table ").name(&table.table),
            open,
            printed: true,
            blocks: table_changes(table),
        })
    }));
    blocks
}

fn table_changes(changes: &TableChanges) -> Vec<Block> {
    let mut lines = Vec::new();
    for (words, [before, after]) in [
        ("Rows read", changes.source_rows),
        ("Rows published", changes.published_rows),
    ] {
        lines.push(match before == after {
            true => text(format!("{words}: {}, as before.", number(after))),
            false => text(format!(
                "{words}: {}, {} before ({}).",
                number(after),
                number(before),
                difference(before, after)
            )),
        });
    }
    let files = [
        (changes.sources_added, "new"),
        (changes.sources_changed, "changed"),
        (changes.sources_removed, "gone"),
    ];
    let files: Vec<String> = files
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", things(*count as u64, "file", "files")))
        .collect();
    if !files.is_empty() {
        lines.push(text(format!("Source: {}.", crate::words::listed(&files))));
    }
    for (words, names) in [
        ("New columns: ", &changes.columns_added),
        (
            "Columns that are no longer published: ",
            &changes.columns_removed,
        ),
        (
            "Source columns that are newly left out: ",
            &changes.dropped_added,
        ),
        (
            "Source columns that were left out before: ",
            &changes.dropped_removed,
        ),
    ] {
        if !names.is_empty() {
            lines.push(
                text(words)
                    .names(names.iter().map(String::as_str))
                    .text("."),
            );
        }
    }
    let mut blocks = vec![Block::List(lines)];
    if !changes.rules.is_empty() {
        let row = |rule: &crate::changes::RuleChange| -> Vec<Line> {
            vec![name(&rule.column), name(&rule.before), name(&rule.after)]
        };
        blocks.push(Block::Table(Table {
            caption: "Rules that changed".to_owned(),
            heads: vec![
                Head::Words("Column"),
                Head::Long("Before"),
                Head::Long("Now"),
            ],
            rows: changes.rules.iter().map(row).collect(),
            note: None,
        }));
    }
    blocks
}

fn difference(before: u64, after: u64) -> String {
    if after >= before {
        format!("+{}", number(after - before))
    } else {
        format!("−{}", number(before - after))
    }
}
