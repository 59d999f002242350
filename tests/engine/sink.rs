//! What the files look like: pages of tokens in every encoding with and without NULLs, read back by
//! arrow-rs; codecs, statistics and Bloom filters by what is in a column; chunks that fit a memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Date32Array, DictionaryArray, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
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

/// Columns that are kept: text, numbers and times that repeat, a dictionary that outgrows its room,
/// and text that the source holds as a dictionary, with NULLs and without.
fn repeating(rows: usize) -> RecordBatch {
    let number = |row: usize| i64::try_from(row).unwrap();
    let long = |row: usize| format!("{:0900}", if row < 6_000 { row % 50 } else { row % 4_000 });
    let some = |row: usize| (!row.is_multiple_of(3)).then_some(row);
    let rows = || 0..rows;
    let cities = ["上海", "合肥", "", "a \"quoted\" name"];
    let city = |row: usize| cities.get(row / 7 % 5).copied();
    let long: Vec<_> = rows().map(long).collect();
    let keyed: DictionaryArray<Int32Type> = rows().map(|row| city(row / 3)).collect();
    batch([
        (
            "row",
            Arc::new(Int64Array::from_iter_values(rows().map(number))),
        ),
        ("city", text_column(rows().map(city))),
        ("one", text_column(rows().map(|_| Some("one")))),
        ("none", text_column(rows().map(|_| None))),
        (
            "long",
            text_column(long.iter().map(|text| Some(text.as_str()))),
        ),
        ("keyed", Arc::new(keyed)),
        (
            "day",
            Arc::new(Date32Array::from_iter(rows().map(|row| {
                some(row).map(|row| i32::try_from(row % 365).unwrap() - 100)
            }))),
        ),
        (
            "number",
            Arc::new(Int64Array::from_iter(
                rows().map(|row| Some(-number(row % 11))),
            )),
        ),
        (
            "time",
            Arc::new(TimestampMicrosecondArray::from_iter(rows().map(|row| {
                some(row).map(|row| number(row % 100) * 1_000_000_007)
            }))),
        ),
    ])
}

fn keep_all(source: &RecordBatch, order: &str) -> String {
    let schema = source.schema();
    let keep = |name: &String| format!("{name} = \"keep\"\n");
    let columns: String = schema.fields().iter().map(|f| keep(f.name())).collect();
    format!(
        "[tables.t]\nsource = \"t.parquet\"\norder = \"{order}\"\n[tables.t.columns]\n{columns}"
    )
}

#[test]
fn values_that_repeat_are_read_back_in_any_order_and_any_row_group() {
    let source = repeating(9_000);
    let cells = |batch: &RecordBatch, row: usize| -> Vec<String> {
        let cell = |column: &ArrayRef| match column.is_null(row) {
            true => "NULL".to_owned(),
            false => array_value_to_string(column, row).unwrap(),
        };
        batch.columns().iter().map(cell).collect()
    };
    for order in ["source", "shuffled"] {
        for (compression, rows) in [("zstd", 1 << 20), ("none", 2_500), ("snappy", 1 << 20)] {
            let mut sandbox = Sandbox::new();
            sandbox.sink = format!("compression = \"{compression}\"\nrow_group_rows = {rows}");
            sandbox.parquet("t.parquet", &source, 4_000);
            sandbox.run(&keep_all(&source, order), 1).unwrap();
            let read = sandbox.read("t");
            assert_eq!(read.num_rows(), 9_000);
            let mut seen: Vec<_> = (0..9_000).map(|row| cells(&read, row)).collect();
            if order == "shuffled" {
                seen.sort_by_key(|cells| cells[0].parse::<usize>().unwrap());
            }
            for (row, seen) in seen.iter().enumerate() {
                assert_eq!(
                    *seen,
                    cells(&source, row),
                    "{order}, {compression}, row {row}"
                );
            }
        }
    }
}

#[test]
fn a_dictionary_holds_what_rows_have_and_statistics_its_bounds() {
    let mut sandbox = Sandbox::new();
    sandbox.sink = "row_group_rows = 1000000".to_owned();
    let source = repeating(9_000);
    sandbox.parquet("t.parquet", &source, 9_000);
    let report = sandbox.run(&keep_all(&source, "source"), 1).unwrap();
    let readers = readers(&sandbox, &report.manifest);
    let [reader] = readers.as_slice() else {
        panic!("one file");
    };
    let group = reader.metadata().row_group(0);
    let column = |name: &str| {
        let mut columns = group.columns().iter();
        columns.find(|c| c.column_path().string() == name).unwrap()
    };
    let bounds = |name: &str| {
        let statistics = column(name).statistics().unwrap();
        let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        (
            bytes(statistics.min_bytes_opt()),
            bytes(statistics.max_bytes_opt()),
            statistics.null_count_opt().unwrap(),
        )
    };
    let of = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(bounds("city"), (of(""), of("合肥"), 1_799));
    assert_eq!(bounds("one"), (of("one"), of("one"), 0));
    assert_eq!(bounds("none"), (None, None, 9_000));
    assert_eq!(bounds("long"), (None, None, 0), "long text is not said");
    let number = |number: i64| Some(number.to_le_bytes().to_vec());
    assert_eq!(bounds("number"), (number(-10), number(0), 0));
    let day = |day: i32| Some(day.to_le_bytes().to_vec());
    assert_eq!(bounds("day"), (day(-100), day(264), 3_000));
    let only = |name: &str| {
        let mask = column(name).page_encoding_stats_mask().unwrap();
        mask.is_only(Encoding::RLE_DICTIONARY)
    };
    for name in ["city", "one", "keyed", "day", "number", "time"] {
        assert!(only(name), "{name} is made of indices alone");
    }
    assert!(!only("long"), "a dictionary ends where it grows too long");
    assert!(column("row").dictionary_page_offset().is_none());
}

#[test]
fn an_entry_that_no_row_has_goes_nowhere() {
    let values = Arc::new(StringArray::from(vec!["seen", "CANARY-of-no-row"]));
    let keys = Int32Array::from_iter_values((0..5_000).map(|_| 0));
    let keyed: ArrayRef = Arc::new(DictionaryArray::try_new(keys, values).unwrap());
    let mut sandbox = Sandbox::new();
    sandbox.sink = "compression = \"none\"".to_owned();
    let source = batch([("keyed", keyed)]);
    sandbox.parquet("t.parquet", &source, 5_000);
    sandbox.run(&keep_all(&source, "source"), 1).unwrap();
    let canary = b"CANARY-of-no-row".as_slice();
    for (path, bytes) in sandbox.written() {
        let found = bytes.windows(canary.len()).any(|bytes| bytes == canary);
        assert!(!found, "{}", path.display());
    }
}
