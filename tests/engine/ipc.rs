//! Arrow IPC files: the rows of the same batches in Parquet, however they are cut, and nothing read
//! of what is not whole.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float64Array, Int64Array, LargeStringArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use pseudo_engine::Error;

use crate::harness::{Sandbox, batch, texts};

const TABLE: &str = r#"
[tables.t]
source = "t.*"
[tables.t.columns]
id = { token = "account" }
note = [{ token = "note" }, { prefix = 2, to = "start" }]
large = { token = "note" }
view = { seal = "note" }
keyed = { rare = { below = 3, to = "?" } }
flag = "keep"
day = { truncate = "month" }
at = "keep"
price = "keep"
ratio = { round = 10 }
"#;

fn write(path: &Path, batches: &[RecordBatch]) {
    let schema = batches[0].schema();
    let mut writer = FileWriter::try_new(File::create(path).unwrap(), &schema).unwrap();
    batches
        .iter()
        .for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
}

fn rows(first: i64, count: i64) -> RecordBatch {
    let rows = || first..first + count;
    let some = |n: i64| (n % 7 != 0).then_some(n);
    let text = |n: i64| some(n).map(|n| format!("note {} 文", n % 500));
    let texts: Vec<Option<String>> = rows().map(text).collect();
    let keyed = rows().map(|n| Some(["a", "b", "c", "rare"][usize::try_from(n % 4).unwrap()]));
    let columns: [(&str, ArrayRef); 10] = [
        ("id", Arc::new(Int64Array::from_iter(rows().map(some)))),
        ("note", Arc::new(StringArray::from(texts.clone()))),
        ("large", Arc::new(LargeStringArray::from(texts.clone()))),
        ("view", Arc::new(StringViewArray::from_iter(texts))),
        (
            "keyed",
            Arc::new(keyed.collect::<DictionaryArray<Int32Type>>()),
        ),
        (
            "flag",
            Arc::new(BooleanArray::from_iter(
                rows().map(|n| some(n).map(|n| n % 2 == 0)),
            )),
        ),
        (
            "day",
            Arc::new(Date32Array::from_iter_values(
                rows().map(|n| i32::try_from(n % 9_999).unwrap()),
            )),
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                rows().map(|n| n * 1_000_003),
            )),
        ),
        (
            "price",
            Arc::new(Decimal128Array::from_iter_values(rows().map(i128::from))),
        ),
        (
            "ratio",
            Arc::new(Float64Array::from_iter_values(
                rows().map(|n| n as f64 / 3.0),
            )),
        ),
    ];
    batch(columns)
}

fn published(sandbox: &Sandbox, pipeline: &str) -> RecordBatch {
    sandbox.run(pipeline, 1).unwrap();
    sandbox.read("t")
}

#[test]
fn rows_are_those_of_the_same_batches_in_parquet() {
    let all = rows(0, 400_000);
    let source = TABLE.replace(
        "[tables.t.columns]",
        "order = \"source\"\n[tables.t.columns]",
    );
    for (limits, cut) in [
        ("", vec![400_000]),
        (
            "",
            vec![10; 3].into_iter().chain([250_000, 149_970]).collect(),
        ),
        ("[limits]\nmemory = \"64MiB\"\n", vec![1_000; 400]),
        ("[limits]\nmemory = \"64MiB\"\n", vec![400_000]),
    ] {
        let pipeline = format!("{limits}{source}");
        let parquet = Sandbox::new();
        parquet.parquet("t.parquet", &all, 50_000);
        let expected = published(&parquet, &pipeline.replace("t.*", "t.parquet"));
        let sandbox = Sandbox::new();
        let (mut batches, mut first) = (vec![], 0);
        for length in cut {
            batches.push(all.slice(first, length));
            first += length;
        }
        assert_eq!(first, 400_000);
        for name in ["t.arrow", "t.feather"] {
            write(&sandbox.path("raw").join(name), &batches);
            let found = published(&sandbox, &pipeline.replace("t.*", name));
            assert!(found == expected, "{limits}{}", batches.len());
            std::fs::remove_dir_all(sandbox.path("safe")).unwrap();
        }
    }
}

#[test]
fn rows_are_told_by_their_number() {
    let note: ArrayRef = Arc::new(StringArray::from_iter_values((0..300_000).map(|n| {
        if n == 250_017 {
            "canary"
        } else {
            "13800138000"
        }
    })));
    let sandbox = Sandbox::new();
    let all = batch([("phone", note)]);
    write(
        &sandbox.path("raw/t.arrow"),
        &[all.slice(0, 9), all.slice(9, 299_991)],
    );
    let pipeline = "[tables.t]\nsource = \"t.arrow\"\n[tables.t.columns]\n\
                    phone = { token = \"phone\", on_invalid = \"fail\" }\n";
    let error = sandbox.run(pipeline, 1).err().unwrap();
    assert!(
        matches!(error, Error::Invalid { row: 250_018, .. }),
        "{error}"
    );
}

#[test]
fn a_draft_is_made_for_it() {
    let sandbox = Sandbox::new();
    write(
        &sandbox.path("raw/people.feather"),
        &[rows(0, 5_000), rows(5_000, 70_000)],
    );
    let draft = sandbox.draft(false).unwrap();
    assert_eq!(draft.tables[0].source, "people.feather", "{}", draft.text);
    assert_eq!(draft.tables[0].rows, Some(75_000));
    sandbox.run_draft(&draft).unwrap();
    assert_eq!(sandbox.read("people").num_rows(), 75_000);
}

#[test]
fn what_is_no_arrow_file_is_told() {
    let keep = "[tables.t]\nsource = \"t.arrow\"\nunlisted = \"drop\"\n[tables.t.columns]\n\
                note = \"keep\"\n";
    let fault = |bytes: &[u8]| {
        let sandbox = Sandbox::new();
        sandbox.text("t.arrow", bytes);
        let error = sandbox.run(keep, 1).err().unwrap();
        assert_eq!(error.exit_code(), 1, "{error}");
        let text = error.to_string();
        text.strip_prefix("`t.arrow`: ").unwrap().to_owned()
    };
    assert_eq!(fault(b""), "empty file: not even a footer");
    assert_eq!(fault(b"id,note\n1,canary\n"), "not an Arrow file");
    assert_eq!(fault(b"AR"), "not an Arrow file");
    assert_eq!(
        fault(b"FEA1canaryFEA1"),
        "Feather version 1, which this build does not read"
    );
    let rows = rows(0, 300);
    let mut stream = StreamWriter::try_new(Vec::new(), &rows.schema()).unwrap();
    stream.write(&rows).unwrap();
    let stream = stream.into_inner().unwrap();
    assert_eq!(fault(&stream), "an Arrow stream: write it as a file");
    let sandbox = Sandbox::new();
    write(&sandbox.path("raw/t.arrow"), &[rows]);
    let bytes = std::fs::read(sandbox.path("raw/t.arrow")).unwrap();
    assert_eq!(
        fault(&bytes[..bytes.len() / 2]),
        "truncated Arrow: it has no footer"
    );
    // wherever a byte is another, there is an error or there are rows, and no panic
    let mut failed = 0;
    for at in (0..bytes.len()).rev().take(9_000).step_by(41) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0xFF;
        sandbox.text("t.arrow", &bytes);
        let _ = std::fs::remove_dir_all(sandbox.path("safe"));
        match sandbox.run(keep, 1) {
            Ok(_) => assert_eq!(texts(&sandbox.read("t"), "note").len(), 300, "{at}"),
            Err(error) => {
                failed += 1;
                assert!(!error.to_string().contains("note 1"), "{error}");
            }
        }
    }
    assert!(failed > 5, "{failed}");
}

#[test]
fn columns_that_no_rule_takes_are_refused_as_in_parquet() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values([b"canary"]));
    let sandbox = Sandbox::new();
    write(&sandbox.path("raw/t.arrow"), &[batch([("note", bytes)])]);
    let pipeline = "[tables.t]\nsource = \"t.arrow\"\n[tables.t.columns]\n\
                    note = { mask = { keep_last = 4 } }\n";
    assert_eq!(sandbox.run(pipeline, 1).err().unwrap().exit_code(), 2);
}
