//! Leak by canary: values planted in protected columns are looked for in every byte that a run
//! wrote, in their raw, canonical and UTF-16 forms, and in every message of a failed one.

use std::sync::Arc;

use arrow::array::{DictionaryArray, Int64Array};
use arrow::datatypes::Int32Type;

use crate::harness::{Sandbox, batch, text_column};

const PIPELINE: &str = r#"
[tables.people]
source = "people.parquet"
[tables.people.columns]
account = { token = "account" }
person = [
  { seal = "person" },
  { derive = "birth-year", to = "birth_year" },
  { token = "person", to = "person_token" },
]
phone = { token = "phone", encoding = "uuid" }
name = "drop"
tag = { token = "note" }
remark = "null"
masked = { mask = { keep_first = 1, keep_last = 1 } }
"#;

const CANARIES: [&str; 8] = [
    "8412345678901",
    "110105194912310020",
    "15412345678",
    "+8615412345678",
    "canary-name-甲乙丙",
    "canary-tag",
    "canary-remark",
    "canary-masked",
];

fn people() -> arrow::array::RecordBatch {
    let tags: DictionaryArray<Int32Type> = ["canary-tag", "canary-tag"].into_iter().collect();
    batch([
        (
            "account",
            Arc::new(Int64Array::from(vec![8_412_345_678_901, 2])),
        ),
        (
            "person",
            text_column([Some("110105194912310020"), Some("canary-name-甲乙丙")]),
        ),
        (
            "phone",
            text_column([Some("15412345678"), Some("+86 154 1234 5678")]),
        ),
        ("name", text_column([Some("canary-name-甲乙丙"), None])),
        ("tag", Arc::new(tags)),
        ("remark", text_column([Some("canary-remark"), None])),
        ("masked", text_column([Some("canary-masked"), None])),
    ])
}

fn found(bytes: &[u8]) -> Option<&'static str> {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    CANARIES.into_iter().find(|canary| {
        let wide: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
        holds(canary.as_bytes()) || holds(&wide)
    })
}

#[test]
fn no_canary_is_in_any_byte_of_the_sink() {
    let sandbox = Sandbox::new();
    sandbox.parquet("people.parquet", &people(), 1);
    sandbox.run(PIPELINE, 1).unwrap();
    let written = sandbox.written();
    assert!(written.len() >= 3, "{written:?}");
    for (path, bytes) in written {
        assert_eq!(found(&bytes), None, "{}", path.display());
    }
    // the raw file holds them all, so the search would find them; the writer compresses nothing
    // here
    let raw = std::fs::read(sandbox.path("raw/people.parquet")).unwrap();
    assert!(found(&raw).is_some());
}

#[test]
fn a_failed_run_shows_none_of_them() {
    let sandbox = Sandbox::new();
    sandbox.parquet("people.parquet", &people(), 1);
    let failing = PIPELINE.replace(
        "{ seal = \"person\" }",
        "{ seal = \"person\", on_invalid = \"fail\" }",
    );
    let error = sandbox.run(&failing, 1).err().unwrap();
    assert_eq!(error.exit_code(), 4);
    let text = error.to_string();
    let expected =
        "`people.parquet`, row 2, column `person`: invalid value, and its rule says `fail`";
    assert_eq!(text, expected);
    assert_eq!(found(format!("{error:?} {error}").as_bytes()), None);
    for (path, bytes) in sandbox.written() {
        assert_eq!(found(&bytes), None, "{}", path.display());
    }
}
