//! Leak by canary: values planted in protected columns are looked for in every byte that a run
//! wrote, in their raw, canonical and UTF-16 forms, and in every message of a failed one. Keys are
//! looked for in the same way, in every spelling of bytes.

use std::sync::Arc;

use arrow::array::{DictionaryArray, Int64Array};
use arrow::datatypes::Int32Type;
use pseudo_keyring::{Access, Fresh, Keyring, Unlock};
use pseudo_token::{Encoding, Epoch, Purpose, Secret};

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

/// A secret, and all that a run derives from it, by name.
fn keys() -> (Keyring, Vec<(String, Vec<u8>)>) {
    let directory = tempfile::tempdir().unwrap();
    let identity = directory.path().join("test.key");
    let created = "2026-01-01T00:00:00Z";
    pseudo_keyring::create_identity(&identity, created).unwrap();
    let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 37 % 251).unwrap());
    let path = directory.path().join("test.keyring");
    let unlock = Unlock::Identity(identity);
    let (fresh, access) = (Fresh::Given(bytes.into()), Access::none());
    let keyring = Keyring::create_with(&path, &unlock, created, fresh, access).unwrap();
    let domain = Secret::new(bytes).domain_key("analytics", Epoch(1));
    let mut keys = vec![
        ("the secret".to_owned(), bytes.to_vec()),
        (
            "the domain key".to_owned(),
            domain.dangerously_expose().to_vec(),
        ),
    ];
    for purpose in Purpose::ALL {
        for (identity, kind) in [
            ("account", "integer/1"),
            ("person", "cn-resident-id/1"),
            ("phone", "cn-phone/1"),
            ("note", "text/1"),
            ("", ""),
        ] {
            let key = domain.dangerously_export_subkey(purpose, identity, kind);
            keys.push((format!("{} of {identity}", purpose.name()), key.to_vec()));
        }
    }
    (keyring, keys)
}

#[test]
fn no_key_is_in_any_byte_of_the_sink_or_of_what_is_shown() {
    let (keyring, keys) = keys();
    let sandbox = Sandbox::new();
    sandbox.parquet("people.parquet", &people(), 1);
    let pipeline = PIPELINE.replace(
        "source = \"people.parquet\"",
        "source = \"people.parquet\"\nsubject = \"account\"\norder = \"shuffled\"",
    );
    let report = sandbox.run_keyed(&pipeline, 1, &keyring, |_| {}).unwrap();
    let mut seen = sandbox.written();
    assert!(seen.len() >= 3, "{seen:?}");
    let shown = format!("{keyring:?} {:?}", report.manifest).into_bytes();
    seen.push(("what is shown".into(), shown));
    let spellings = |key: &[u8]| -> Vec<Vec<u8>> {
        let encodings = [Encoding::Hex, Encoding::Base32, Encoding::Base64Url];
        let encoded = encodings.map(|encoding| {
            let mut text = Vec::new();
            encoding.encode(key, &mut text);
            text
        });
        [key.to_vec()].into_iter().chain(encoded).collect()
    };
    for (name, key) in &keys {
        for spelling in spellings(key) {
            let holds = |bytes: &[u8]| {
                bytes
                    .windows(spelling.len())
                    .any(|window| window == spelling)
            };
            assert!(holds(&[b"<".as_slice(), &spelling, b">"].concat()));
            for (path, bytes) in &seen {
                assert!(!holds(bytes), "{name} is in {}", path.display());
            }
        }
    }
}
