//! What the files look like: pages of tokens in every encoding with and without NULLs, read back by
//! arrow-rs; codecs, statistics and Bloom filters by what is in a column; chunks that fit a memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use pseudo_engine::manifest::Manifest;

use crate::harness::{Sandbox, batch, text_column, texts};

/// Every encoding that a keyed column can have, of columns without NULL, with some, with nothing
/// else.
const KEYED: &str = r#"
[tables.t]
source = "t.parquet"
order = "ORDER"
[tables.t.columns]
row = "keep"
full = [
  { token = "note", to = "full_base32" },
  { token = "note", bits = 256, to = "full_base32_256" },
  { token = "note", encoding = "hex", to = "full_hex" },
  { token = "note", encoding = "uuid", to = "full_uuid" },
  { token = "note", encoding = "binary", to = "full_binary" },
  { seal = "note", to = "full_seal" },
]
some = [
  { token = "note", to = "some_base32" },
  { token = "note", bits = 256, to = "some_base32_256" },
  { token = "note", encoding = "hex", to = "some_hex" },
  { token = "note", encoding = "uuid", to = "some_uuid" },
  { token = "note", encoding = "binary", to = "some_binary" },
  { seal = "note", to = "some_seal" },
]
none = { token = "note" }
"#;

fn notes(rows: usize) -> RecordBatch {
    let note = |row: usize| format!("note {} {}", row % 700, "x".repeat(row % 35));
    let full: Vec<_> = (0..rows).map(note).collect();
    let some = full.iter().enumerate();
    let some = some.map(|(row, note)| (row % 3 > 0).then_some(note.as_str()));
    let numbers = (0..rows).map(|row| i64::try_from(row).unwrap());
    batch([
        ("row", Arc::new(Int64Array::from_iter_values(numbers))),
        (
            "full",
            text_column(full.iter().map(|note| Some(note.as_str()))),
        ),
        ("some", text_column(some)),
        ("none", text_column(full.iter().map(|_| None))),
    ])
}

fn run(sink: &str, order: &str) -> (Sandbox, Manifest) {
    let mut sandbox = Sandbox::new();
    sink.clone_into(&mut sandbox.sink);
    sandbox.parquet("t.parquet", &notes(2_000), 900);
    let report = sandbox.run(&KEYED.replace("ORDER", order), 1).unwrap();
    (sandbox, report.manifest)
}

/// The cells of the current run, by the column `row`.
fn by_row(sandbox: &Sandbox) -> BTreeMap<usize, Vec<String>> {
    let read = sandbox.read("t");
    let cell = |column: &ArrayRef, row| array_value_to_string(column, row).unwrap();
    let rows = (0..read.num_rows()).map(|row| {
        let mut cells: Vec<_> = read.columns().iter().map(|c| cell(c, row)).collect();
        (cells.remove(0).parse().unwrap(), cells)
    });
    rows.collect()
}

fn readers(sandbox: &Sandbox, manifest: &Manifest) -> Vec<SerializedFileReader<File>> {
    let current = sandbox.path("safe/current");
    let path = |output: &_| -> PathBuf { current.join(output_path(output)) };
    let open = |path: PathBuf| {
        let properties = ReaderProperties::builder()
            .set_read_bloom_filter(true)
            .build();
        let options = ReadOptionsBuilder::new()
            .with_reader_properties(properties)
            .build();
        SerializedFileReader::new_with_options(File::open(path).unwrap(), options).unwrap()
    };
    manifest.tables[0]
        .outputs
        .iter()
        .map(path)
        .map(open)
        .collect()
}

fn output_path(output: &pseudo_engine::manifest::OutputManifest) -> &str {
    &output.path
}

#[test]
fn pages_of_every_encoding_are_read_back_in_any_order_and_any_row_group() {
    let mut seen = Vec::new();
    for order in ["source", "shuffled"] {
        for rows in [1 << 20, 64] {
            let (sandbox, _) = run(&format!("row_group_rows = {rows}"), order);
            seen.push(by_row(&sandbox));
        }
    }
    let first = &seen[0];
    assert_eq!(first.len(), 2_000);
    assert!(seen.iter().all(|rows| rows == first));
    // Row 1 and row 701 hold the same note; a NULL is empty text here.
    assert_eq!(first[&1], first[&701]);
    assert_ne!(first[&1], first[&2]);
    let (full, rest) = first[&3].split_at(6);
    assert!(full.iter().all(|cell| !cell.is_empty()));
    assert!(rest.iter().all(String::is_empty));
}

#[test]
fn keyed_columns_are_plain_and_bare_and_kept_ones_compressed_with_statistics() {
    let (sandbox, manifest) = run("", "shuffled");
    for reader in readers(&sandbox, &manifest) {
        for group in reader.metadata().row_groups() {
            for column in group.columns() {
                let kept = column.column_path().string() == "row";
                assert_eq!(column.statistics().is_some(), kept);
                assert_eq!(column.compression() == Compression::UNCOMPRESSED, !kept);
                assert_eq!(column.dictionary_page_offset(), None);
                assert!(column.encodings().any(|found| found == Encoding::PLAIN));
            }
        }
    }
}

#[test]
fn a_bloom_filter_knows_every_token_of_its_column_and_few_others() {
    let filters = "bloom_filter = [\"some_base32\", \"full_uuid\", \"row\"]\nrow_group_rows = 300";
    let (sandbox, manifest) = run(filters, "source");
    let tokens: Vec<_> = texts(&sandbox.read("t"), "some_base32");
    let mut tokens = tokens.chunks(300);
    let mut strangers = 0;
    // 2,000 rows in chunks of 900 rows, row groups of 300 rows
    let mut left = Vec::new();
    for reader in readers(&sandbox, &manifest) {
        for group in 0..reader.num_row_groups() {
            let rows = usize::try_from(reader.metadata().row_group(group).num_rows()).unwrap();
            let group = reader.get_row_group(group).unwrap();
            let filter = |name: &str| {
                let columns = group.metadata().columns();
                let found = columns
                    .iter()
                    .position(|c| c.column_path().string() == name);
                group.get_column_bloom_filter(found.unwrap())
            };
            let filter_of_tokens = filter("some_base32").unwrap();
            while left.len() < rows {
                left.extend(tokens.next().unwrap().iter().cloned());
            }
            for token in left.drain(..rows).flatten() {
                assert!(filter_of_tokens.check(token.as_str()));
                let stranger: String = token.chars().rev().collect();
                strangers += usize::from(filter_of_tokens.check(stranger.as_str()));
            }
            assert!(filter("full_uuid").is_some());
            assert!(filter("row").is_some());
            assert!(filter("full_hex").is_none());
        }
    }
    assert!(
        strangers < 100,
        "{strangers} of 1333 strangers are taken for tokens"
    );
}

#[test]
fn a_row_group_beyond_the_memory_is_read_in_slices_and_gives_the_same_rows() {
    let wide = |rows: usize| {
        let text: Vec<_> = (0..rows).map(|row| format!("{row:04000}")).collect();
        batch([(
            "full",
            text_column(text.iter().map(|text| Some(text.as_str()))),
        )])
    };
    let pipeline = "[tables.t]\nsource = \"t.parquet\"\norder = \"source\"\n\
        [tables.t.columns]\nfull = \"keep\"\n";
    let run = |limits: &str| {
        let sandbox = Sandbox::new();
        sandbox.parquet("t.parquet", &wide(6_000), 6_000);
        let report = sandbox.run(&format!("{limits}{pipeline}"), 1).unwrap();
        let files = report.manifest.tables[0].outputs.len();
        (files, texts(&sandbox.read("t"), "full"))
    };
    let (whole, rows) = run("");
    let (sliced, same) = run("[limits]\nmemory = \"64MiB\"\n");
    assert!(sliced > whole, "{sliced} files, {whole} without a limit");
    assert_eq!(rows, same);
}
