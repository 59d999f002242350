//! What the gate found when it read the files back, and let pass.

use pseudo_engine::manifest::{GatedColumn, Manifest, SharedIdentity};

use crate::Report;
use crate::document::{Block, Head, Line, Section, Table, name, text};
use crate::words::{number, things};

pub(crate) fn section(report: &Report<'_>) -> Section {
    let manifest = report.manifest;
    let mut blocks = vec![
        Block::Text(sentence(manifest)),
        Block::Text(text(
            "Before publication every file was read back to its last page: its rows, types and \
             NULLs, the form of every pseudonym, and that nothing of the source's metadata came \
             along. Columns that show values were searched for identifiers by their check digits, \
             and for values of protected columns by the pseudonyms that these would have.",
        )),
    ];
    let kinds: Vec<_> = gated(manifest)
        .flat_map(|(table, column)| found(table, column))
        .collect();
    if !kinds.is_empty() {
        blocks.push(Block::Table(Table {
            caption: "Columns that may hold identifiers".to_owned(),
            heads: vec![
                Head::Words("Column"),
                Head::Words("Kind"),
                Head::Words("Certainty"),
                Head::Number("Distinct values"),
                Head::Number("Rows"),
                Head::Number("Distinct values looked at"),
            ],
            rows: kinds,
            note: None,
        }));
    }
    let shared: Vec<_> = gated(manifest)
        .flat_map(|(table, column)| common(table, column))
        .collect();
    if !shared.is_empty() {
        blocks.push(Block::Table(Table {
            caption: "Values that a column has in common with a protected identity".to_owned(),
            heads: vec![
                Head::Words("Column"),
                Head::Words("Identity"),
                Head::Number("In common"),
                Head::Number("Asked for"),
                Head::Number("By chance, at most"),
                Head::Words("Why it passed"),
            ],
            rows: shared,
            note: Some(
                "Small numbers and short texts are in many columns: what chance explains, or what \
                 is too little to tell, passes and is counted here."
                    .to_owned(),
            ),
        }));
    }
    Section {
        id: "gate",
        title: "The gate",
        blocks,
    }
}

/// What the gate says, in a sentence.
pub(crate) fn sentence(manifest: &Manifest) -> Line {
    let looked = gated(manifest).count() as u64;
    let looked = things(
        looked,
        "column that shows values",
        "columns that show values",
    );
    match suspicions(manifest) {
        0 => text(format!(
            "The gate read every file back, looked into {looked}, and found no identifiers there."
        )),
        some => text(format!(
            "The gate read every file back, looked into {looked}, and let it pass that {} hold \
             values in the form of identifiers.",
            things(some as u64, "of them may", "of them may")
        )),
    }
}

/// The number of columns that may hold identifiers.
pub(crate) fn suspicions(manifest: &Manifest) -> usize {
    let suspect = gated(manifest).filter(|(_, column)| !column.kinds.is_empty());
    suspect.count()
}

fn gated(manifest: &Manifest) -> impl Iterator<Item = (&str, &GatedColumn)> {
    let tables = manifest.tables.iter();
    tables.flat_map(|table| {
        let columns = table.gate.columns.iter();
        columns.map(|column| (table.table.as_str(), column))
    })
}

fn place(table: &str, column: &GatedColumn) -> Line {
    name(&format!("{table}.{}", column.column))
}

fn found(table: &str, column: &GatedColumn) -> Vec<Vec<Line>> {
    let kinds = column.kinds.iter().map(|kind| {
        vec![
            place(table, column),
            name(&kind.kind),
            text(kind.certainty.as_str()),
            text(number(kind.values)),
            text(number(kind.rows)),
            text(number(column.values)),
        ]
    });
    kinds.collect()
}

fn common(table: &str, column: &GatedColumn) -> Vec<Vec<Line>> {
    let shared = column.shared.iter().map(|shared| {
        vec![
            place(table, column),
            name(&shared.identity),
            text(number(shared.values)),
            text(number(shared.of)),
            text(number(shared.by_chance)),
            text(reason(shared)),
        ]
    });
    shared.collect()
}

fn reason(shared: &SharedIdentity) -> &'static str {
    if shared.unrelated {
        "the pipeline says that they are unrelated"
    } else if shared.values <= shared.by_chance {
        "chance explains it"
    } else {
        "too short or too few to tell"
    }
}
