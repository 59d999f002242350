//! Every column with its rule and what came of its cells.

use std::collections::BTreeMap;

use pseudo_engine::manifest::{ColumnManifest, Manifest, TableManifest};
use pseudo_engine::risk::ColumnClass;

use crate::Report;
use crate::chart::{BARS_MAX, Bar, Chart, Tone};
use crate::document::{Block, Head, Line, More, Section, Table, name, text};
use crate::treatment::{Totals, Treatment};
use crate::words::{count, number, percent, things};

/// With more columns than this, tables are closed at first.
const OPEN_MAX: usize = 120;

pub(crate) fn section(report: &Report<'_>) -> Section {
    let manifest = report.manifest;
    let totals = Totals::of(manifest);
    let mut blocks = vec![
        Block::Chart(treatments(&totals)),
        Block::Table(counted(&totals)),
    ];
    if let Some(chart) = faults(manifest) {
        blocks.push(Block::Text(text(
            "A cell is suspect when its check digit fails, and invalid when its structure is \
             wrong. Such a cell becomes a pseudonym or NULL as its rule says, and is never copied.",
        )));
        blocks.push(Block::Chart(chart));
    }
    let open = totals.published + totals.dropped <= OPEN_MAX;
    blocks.extend(manifest.tables.iter().map(|table| {
        let columns = things(table.columns.len() as u64, "column", "columns");
        let dropped = match table.dropped.len() {
            0 => String::new(),
            some => format!(", {} not published", count(some)),
        };
        Block::More(More {
            title: text("Table ")
                .name(&table.table)
                .text(format!(": {columns}{dropped}")),
            open,
            printed: true,
            blocks: of_table(table, classes(report, &table.table)),
        })
    }));
    Section {
        id: "columns",
        title: "Columns and their rules",
        blocks,
    }
}

fn treatments(totals: &Totals) -> Chart {
    let bar = |name: &str, number: usize, tone| {
        let value = f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        Bar::new(name, value, tone, count(number))
    };
    let mut bars = vec![
        bar("Pseudonyms", totals.pseudonyms, Tone::Main),
        bar("Coarser than the source", totals.coarser, Tone::Main),
        bar("As the source has them", totals.kept, Tone::Alert),
        bar("Not published", totals.dropped, Tone::Calm),
    ];
    if totals.emptied > 0 {
        bars.push(bar(
            "Without values of the source",
            totals.emptied,
            Tone::Calm,
        ));
    }
    Chart {
        id: "treatment-chart",
        title: "What became of the columns".to_owned(),
        description: "One bar for each treatment, as long as the number of columns. The numbers \
                      are in the table below."
            .to_owned(),
        bars,
        full: None,
        note: None,
    }
}

fn counted(totals: &Totals) -> Table {
    let row =
        |what: &str, number: usize, means: &str| vec![text(what), text(count(number)), text(means)];
    let mut rows = vec![
        row(
            "Pseudonyms",
            totals.pseudonyms,
            "tokens, seals and values of the same format, made under the key of the domain",
        ),
        row(
            "Coarser",
            totals.coarser,
            "bands, prefixes, dates cut short, derived parts, rare values replaced",
        ),
        row(
            "As the source has them",
            totals.kept,
            "no rule changes their values",
        ),
        row(
            "Not published",
            totals.dropped,
            "columns of the source without an output",
        ),
    ];
    if totals.emptied > 0 {
        rows.push(row(
            "Without values",
            totals.emptied,
            "NULL, or one text for all rows",
        ));
    }
    Table {
        caption: "Columns by treatment".to_owned(),
        heads: vec![
            Head::Words("Treatment"),
            Head::Number("Columns"),
            Head::Words("What it means"),
        ],
        rows,
        note: None,
    }
}

/// The columns whose cells failed a check most often; none when no cell did.
fn faults(manifest: &Manifest) -> Option<Chart> {
    let mut found: Vec<(String, u64, u64)> = Vec::new();
    for table in &manifest.tables {
        for column in table
            .columns
            .iter()
            .filter(|column| column.identity.is_some())
        {
            let counts = &column.counts;
            let failed = counts.suspect.saturating_add(counts.invalid);
            if failed > 0 {
                let name = format!("{}.{}", table.table, column.column);
                found.push((
                    name,
                    failed,
                    counts.transformed.saturating_add(counts.nulled),
                ));
            }
        }
    }
    let share = |(_, failed, of): &(String, u64, u64)| *failed as f64 / (*of).max(1) as f64;
    found.sort_by(|a, b| share(b).total_cmp(&share(a)).then_with(|| a.0.cmp(&b.0)));
    let more = found.len().saturating_sub(BARS_MAX);
    let bars: Vec<Bar> = found
        .iter()
        .take(BARS_MAX)
        .map(|one| {
            let label = format!("{} of {}", percent(one.1, one.2), number(one.2));
            Bar::new(&one.0, share(one), Tone::Main, label)
        })
        .collect();
    (!bars.is_empty()).then(|| Chart {
        id: "faults-chart",
        title: "Cells that failed a check, by column of identifiers".to_owned(),
        description: "One bar a column, as long as the share of its cells that are suspect or \
                      invalid. The numbers are in the tables below."
            .to_owned(),
        bars,
        full: None,
        note: (more > 0).then(|| {
            format!(
                "The {BARS_MAX} columns with the largest share; {} more in the tables.",
                count(more)
            )
        }),
    })
}

/// What the columns of a table are to somebody who looks for people, by name, where it was
/// measured.
fn classes<'a>(report: &Report<'a>, table: &str) -> Option<BTreeMap<&'a str, ColumnClass>> {
    let mut tables = report.assessment?.tables.iter();
    let table = tables.find(|assessed| assessed.table == table)?;
    let columns = table.columns.iter();
    Some(
        columns
            .map(|column| (column.column.as_str(), column.class))
            .collect(),
    )
}

pub(crate) const fn class(class: ColumnClass) -> &'static str {
    match class {
        ColumnClass::Pseudonym => "direct identifier, as pseudonym",
        ColumnClass::QuasiIdentifier => "quasi-identifier",
        ColumnClass::Sensitive => "sensitive",
        ColumnClass::Other => "other",
    }
}

fn of_table(table: &TableManifest, classes: Option<BTreeMap<&str, ColumnClass>>) -> Vec<Block> {
    let mut heads = vec![
        Head::Words("Column"),
        Head::Words("Becomes"),
        Head::Long("Rule"),
        Head::Number("With a value"),
        Head::Number("NULL"),
        Head::Number("Blank"),
        Head::Number("Made NULL"),
        Head::Number("Suspect"),
        Head::Number("Invalid"),
        Head::Number("In quarantine"),
        Head::Number("Distinct (about)"),
    ];
    let mut rows: Vec<Vec<Line>> = table.columns.iter().map(row).collect();
    if let Some(classes) = classes {
        heads.insert(1, Head::Words("Class"));
        for (row, column) in rows.iter_mut().zip(&table.columns) {
            let class = classes.get(column.column.as_str()).copied().map(class);
            row.insert(1, text(class.unwrap_or("–")));
        }
    }
    let (heads, rows, none) = without_zeros(heads, rows);
    let mut blocks = vec![Block::Table(Table {
        caption: format!(
            "Columns of {}, {}",
            crate::words::visible(&table.table),
            things(table.published_rows, "row", "rows")
        ),
        heads,
        rows,
        note: (!none.is_empty()).then(|| format!("No cells here are: {}.", none.join(", "))),
    })];
    if !table.dropped.is_empty() {
        let dropped = table.dropped.iter().map(String::as_str);
        blocks.push(Block::Text(
            text("Not published: ").names(dropped).text("."),
        ));
    }
    blocks
}

fn row(column: &ColumnManifest) -> Vec<Line> {
    let counts = &column.counts;
    let mut head = name(&column.column);
    if column.source != column.column {
        head = head.text(" of ").name(&column.source);
    }
    let rule = match &column.kind {
        Some(kind) => name(&column.action).text(", kind ").name(kind),
        None => name(&column.action),
    };
    let rule = rule.text(", as ").name(&column.data_type);
    let mut cells = vec![head, text(Treatment::of(column).name()), rule];
    let counts = [
        counts.transformed,
        counts.null,
        counts.blank,
        counts.nulled,
        counts.suspect,
        counts.invalid,
        counts.quarantined,
    ];
    cells.extend(counts.map(|count| text(number(count))));
    // an estimate may come out above what there can be
    let distinct = column
        .distinct
        .map(|estimate| estimate.min(column.counts.transformed));
    cells.push(text(distinct.map_or("–".to_owned(), number)));
    cells
}

/// The table without columns of numbers that are 0 in all rows, and what these were called.
fn without_zeros(
    heads: Vec<Head>,
    rows: Vec<Vec<Line>>,
) -> (Vec<Head>, Vec<Vec<Line>>, Vec<String>) {
    let zero = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(at));
        !rows.is_empty() && cells.all(|cell| cell.plain() == "0")
    };
    let shown: Vec<bool> = (0..heads.len()).map(|at| !zero(at)).collect();
    let mut none = Vec::new();
    for (head, _) in heads.iter().zip(&shown).filter(|(_, shown)| !**shown) {
        let (Head::Words(text) | Head::Long(text) | Head::Number(text)) = head;
        none.push(match *text {
            "NULL" => "NULL".to_owned(),
            "Made NULL" => "made NULL".to_owned(),
            text => text.to_lowercase(),
        });
    }
    let keep = |row: Vec<Line>| -> Vec<Line> {
        let cells = row.into_iter().zip(&shown);
        cells
            .filter(|(_, shown)| **shown)
            .map(|(cell, _)| cell)
            .collect()
    };
    let rows = rows.into_iter().map(keep).collect();
    let heads = heads.into_iter().zip(&shown);
    let heads = heads
        .filter(|(_, shown)| **shown)
        .map(|(head, _)| head)
        .collect();
    (heads, rows, none)
}
