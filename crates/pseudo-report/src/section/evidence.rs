//! Which files were read and written, by digest, and how anybody proves it once more.

use pseudo_engine::Result;
use pseudo_engine::manifest::TableManifest;

use crate::Report;
use crate::document::{Block, Head, Line, More, Section, Table, name, text};
use crate::words::{bytes, count, number, things, visible};

/// More files of a table than this are left to the manifest.
const FILES_MAX: usize = 500;

pub(crate) fn section(report: &Report<'_>) -> Result<Section> {
    let manifest = report.manifest;
    let sink = report.sink.to_string_lossy();
    let run = format!("{sink}/runs/{}/manifest.json", manifest.run_id);
    let mut blocks = vec![
        Block::Text(text(
            "Anybody who may read the sink can prove the current run once more, without a key. \
             With the pipeline and its source, protected values are looked for in the output, \
             too.",
        )),
        Block::Command(format!("pseudo verify {}", quoted(&sink))),
        Block::Command(format!(
            "pseudo verify {} --pipeline PIPELINE.toml",
            quoted(&sink)
        )),
        Block::Text(
            text("This report was made from the manifest whose SHA-256 is ")
                .name(&report.digest()?)
                .text(":"),
        ),
        Block::Command(format!("sha256sum {}", quoted(&run))),
    ];
    blocks.extend(
        manifest
            .tables
            .iter()
            .map(|table| Block::More(files(table))),
    );
    Ok(Section {
        id: "evidence",
        title: "Files, and how to verify them",
        blocks,
    })
}

fn files(table: &TableManifest) -> More {
    let sources = things(table.sources.len() as u64, "source file", "source files");
    let outputs = things(table.outputs.len() as u64, "output file", "output files");
    let read = table.sources.iter().map(|file| file.stamp.size).sum();
    let written = table.outputs.iter().map(|file| file.bytes).sum();
    let read_files = table
        .sources
        .iter()
        .map(|file| line(&file.path, Some(file.rows), file.stamp.size, &file.sha256));
    let mut blocks = vec![list("Source files", &table.table, read_files.collect())];
    let mut all = Vec::new();
    for output in &table.outputs {
        all.push(line(
            &output.path,
            Some(output.rows),
            output.bytes,
            &output.sha256,
        ));
        if let Some(record) = &output.quarantine {
            all.push(line(
                &record.path,
                Some(record.rows),
                record.bytes,
                &record.sha256,
            ));
        }
        for sealed in &output.escrow {
            all.push(line(
                &sealed.path,
                Some(sealed.pairs),
                sealed.bytes,
                &sealed.sha256,
            ));
        }
    }
    blocks.push(list("Output files", &table.table, all));
    More {
        title: text("Table ").name(&table.table).text(format!(
            ": {sources}, {}; {outputs}, {}",
            bytes(read),
            bytes(written)
        )),
        open: false,
        printed: false,
        blocks,
    }
}

fn line(path: &str, rows: Option<u64>, size: u64, sha256: &str) -> Vec<Line> {
    vec![
        name(path),
        text(rows.map_or("–".to_owned(), number)),
        text(number(size)),
        name(sha256),
    ]
}

fn list(what: &str, table: &str, mut rows: Vec<Vec<Line>>) -> Block {
    let more = rows.len().saturating_sub(FILES_MAX);
    rows.truncate(FILES_MAX);
    Block::Table(Table {
        caption: format!("{what} of {}", visible(table)),
        heads: vec![
            Head::Long("File"),
            Head::Number("Rows"),
            Head::Number("Bytes"),
            Head::Long("SHA-256"),
        ],
        rows,
        note: (more > 0).then(|| format!("{} more are in manifest.json.", count(more))),
    })
}

/// A path as a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = |one: char| one.is_ascii_alphanumeric() || "-_./".contains(one);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}
