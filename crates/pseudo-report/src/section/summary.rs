//! The verdict, in a few sentences with numbers, and the numbers once more for whoever skims.

use pseudo_engine::manifest::{Manifest, TableManifest};

use crate::Report;
use crate::document::{Block, Line, Section, Tile, text};
use crate::section::{gate, risk};
use crate::treatment::Totals;
use crate::words::{count, number, percent, things};

pub(crate) fn section(report: &Report<'_>) -> Section {
    let mut sentences = verdict(report).into_iter();
    let mut blocks = Vec::new();
    blocks.extend(sentences.next().map(Block::Lead));
    blocks.extend(sentences.map(Block::Text));
    blocks.push(Block::Tiles(tiles(report)));
    Section {
        id: "summary",
        title: "In short",
        blocks,
    }
}

/// What a board has to know: one sentence each on rows, columns and the gate.
pub(crate) fn verdict(report: &Report<'_>) -> Vec<Line> {
    let manifest = report.manifest;
    let mut lines = vec![
        published(manifest),
        columns(&Totals::of(manifest)),
        gate::sentence(manifest),
    ];
    lines.extend(report.assessment.and_then(risk::sentence));
    let attack = report.attack;
    lines.extend(attack.map(|attack| text(attack.sentence.as_str())));
    lines
}

fn published(manifest: &Manifest) -> Line {
    let rows = Rows::of(manifest);
    let tables = things(manifest.tables.len() as u64, "table", "tables");
    let read = things(rows.source, "row", "rows");
    if !manifest.tables.iter().all(adds_up) {
        return text(
            "The counts of this manifest do not add up: it is not as it was written, and \
                     nothing in this report can be relied on.",
        );
    }
    if rows.source == rows.published {
        text(format!(
            "All {read} that were read are published, in {tables}; every cell is accounted for."
        ))
    } else {
        let left_out = rows.source - rows.published;
        text(format!(
            "Of {read} that were read, {} are published, in {tables}; {} ({}) are left out for a \
             reason that is counted, and every cell is accounted for.",
            number(rows.published),
            number(left_out),
            percent(left_out, rows.source),
        ))
    }
}

fn columns(totals: &Totals) -> Line {
    let source = things(totals.source as u64, "source column", "source columns");
    let emptied = match totals.emptied {
        0 => String::new(),
        some => format!(", {} without values of the source", count(some)),
    };
    text(format!(
        "Of {source}, {} not published. Of {}, {} pseudonyms, {} coarser than the source{emptied}, \
         and {} as the source has {}.",
        are(totals.dropped),
        things(
            totals.published as u64,
            "published column",
            "published columns"
        ),
        hold(totals.pseudonyms),
        are(totals.coarser),
        stand(totals.kept),
        if totals.kept == 1 { "it" } else { "them" },
    ))
}

fn are(how_many: usize) -> String {
    format!(
        "{} {}",
        count(how_many),
        if how_many == 1 { "is" } else { "are" }
    )
}

fn hold(how_many: usize) -> String {
    format!(
        "{} {}",
        count(how_many),
        if how_many == 1 { "holds" } else { "hold" }
    )
}

fn stand(how_many: usize) -> String {
    format!(
        "{} {}",
        count(how_many),
        if how_many == 1 { "stands" } else { "stand" }
    )
}

fn tiles(report: &Report<'_>) -> Vec<Tile> {
    let manifest = report.manifest;
    let rows = Rows::of(manifest);
    let totals = Totals::of(manifest);
    let suspicions = gate::suspicions(manifest);
    let tile = |number: String, of: &str, alert: bool| Tile {
        number,
        of: of.to_owned(),
        alert,
    };
    let mut tiles = vec![
        tile(number(rows.published), "rows published", false),
        tile(count(totals.pseudonyms), "columns of pseudonyms", false),
        tile(count(totals.coarser), "columns made coarser", false),
        tile(count(totals.kept), "columns as the source has them", false),
        tile(count(totals.dropped), "source columns not published", false),
        tile(
            count(suspicions),
            "columns that may hold identifiers",
            suspicions > 0,
        ),
    ];
    if let Some((_, set)) = report.assessment.and_then(risk::headline) {
        let small = set.k < set.k_wanted;
        tiles.push(tile(number(set.k), "in the smallest class", small));
        let alone = percent(set.unique, set.members);
        tiles.push(tile(alone, "are alone in their class", set.unique > 0));
    }
    tiles
}

/// Rows of all tables.
pub(crate) struct Rows {
    pub(crate) source: u64,
    pub(crate) published: u64,
}

impl Rows {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let sum = |rows: fn(&TableManifest) -> u64| {
            let rows = manifest.tables.iter().map(rows);
            rows.fold(0, u64::saturating_add)
        };
        Self {
            source: sum(|table| table.source_rows),
            published: sum(|table| table.published_rows),
        }
    }
}

/// Whether every row and every cell of a table is accounted for.
fn adds_up(table: &TableManifest) -> bool {
    let parts = [
        table.published_rows,
        table.filtered_rows,
        table.quarantined_rows,
        table.forgotten_rows,
    ];
    let sum = |parts: &[u64]| {
        parts
            .iter()
            .try_fold(0_u64, |sum, part| sum.checked_add(*part))
    };
    let cells = table.columns.iter().all(|column| {
        let counts = &column.counts;
        let cells = [counts.transformed, counts.null, counts.blank, counts.nulled];
        sum(&cells) == Some(counts.rows) && counts.rows == table.published_rows
    });
    cells && sum(&parts) == Some(table.source_rows)
}
