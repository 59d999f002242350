//! Rows in and rows out, by table.

use pseudo_engine::manifest::TableManifest;

use crate::Report;
use crate::chart::{BARS_MAX, Bar, Chart, Tone};
use crate::document::{Block, Head, Line, Section, Table, name, text};
use crate::words::{count, number};

pub(crate) fn section(report: &Report<'_>) -> Section {
    let tables = &report.manifest.tables;
    let heads = vec![
        Head::Words("Table"),
        Head::Number("Read"),
        Head::Number("Published"),
        Head::Number("Filtered out"),
        Head::Number("In quarantine"),
        Head::Number("Forgotten"),
        Head::Number("Subjects (about)"),
    ];
    let blocks = vec![
        Block::Text(text(
            "Rows read are rows published, and those left out: by the pipeline's filter, in \
             quarantine for a cell that no rule takes, or because their subject was forgotten.",
        )),
        Block::Chart(chart(tables)),
        Block::Table(Table {
            caption: "Rows by table".to_owned(),
            heads,
            rows: tables.iter().map(row).collect(),
            note: None,
        }),
    ];
    Section {
        id: "rows",
        title: "Rows",
        blocks,
    }
}

fn row(table: &TableManifest) -> Vec<Line> {
    // an estimate may come out above what there can be
    let subjects = table.distinct_subjects;
    let subjects = subjects.map(|estimate| estimate.min(table.published_rows));
    let mut cells = vec![name(&table.table)];
    let counts = [
        table.source_rows,
        table.published_rows,
        table.filtered_rows,
        table.quarantined_rows,
        table.forgotten_rows,
    ];
    cells.extend(counts.map(|count| text(number(count))));
    cells.push(text(subjects.map_or("–".to_owned(), number)));
    cells
}

fn chart(tables: &[TableManifest]) -> Chart {
    let left_out = |table: &TableManifest| table.source_rows.saturating_sub(table.published_rows);
    let mut largest: Vec<&TableManifest> = tables.iter().collect();
    largest.sort_by_key(|table| std::cmp::Reverse(table.source_rows));
    let more = largest.len().saturating_sub(BARS_MAX);
    let bars = largest.iter().take(BARS_MAX).map(|table| {
        let label = match left_out(table) {
            0 => number(table.published_rows),
            some => format!(
                "{}, {} left out",
                number(table.published_rows),
                number(some)
            ),
        };
        let mut bar = Bar::new(&table.table, table.published_rows as f64, Tone::Main, label);
        bar.parts.push((left_out(table) as f64, Tone::Alert));
        bar
    });
    Chart {
        id: "rows-chart",
        title: "Rows published, by table".to_owned(),
        description: "One bar a table, as long as the rows that were read; its last part, where \
                      there is one, are the rows left out. The numbers are in the table below."
            .to_owned(),
        bars: bars.collect(),
        full: None,
        note: (more > 0).then(|| {
            format!(
                "The {BARS_MAX} largest tables; {} more are in the table below.",
                count(more)
            )
        }),
    }
}
