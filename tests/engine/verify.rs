//! A published run proved once more: every change to its files is told, and with the source at hand
//! what no key is needed to see.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterProperties;
use pseudo_engine::manifest::Manifest;
use pseudo_engine::{Error, VerifyReport};
use sha2::{Digest, Sha256};

use crate::harness::{Sandbox, batch, text_column};

const PIPELINE: &str = r#"
[tables.people]
source = "people.parquet"
order = "source"
[tables.people.columns]
id = { token = "account" }
tag = { token = "note", encoding = "uuid" }
number = { fpe = "account", alphabet = "int64" }
city = "keep"
name = "drop"
remark = "keep"
"#;

const ROWS: i64 = 3_000;

fn people() -> RecordBatch {
    let rows = 0..ROWS;
    let texts = |of: fn(i64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.clone().map(of)))
    };
    let sparse = |n: i64| (n % 10 != 0).then_some(n * 7_919 + 1_000_000);
    batch([
        (
            "id",
            Arc::new(rows.clone().map(sparse).collect::<Int64Array>()),
        ),
        ("tag", texts(|n| format!("tag {}", n % 40))),
        (
            "number",
            Arc::new(rows.clone().map(sparse).collect::<Int64Array>()),
        ),
        (
            "city",
            texts(|n| ["北京", "上海", "广州"][usize::try_from(n % 3).unwrap()].to_owned()),
        ),
        ("name", texts(name)),
        ("remark", texts(|n| format!("{n} mm"))),
    ])
}

fn name(n: i64) -> String {
    let n = u32::try_from(n).unwrap();
    let of = |from: u32, by: u32| char::from_u32(0x5000 + from + n / by % 97).unwrap();
    format!("{}{}", of(0, 1), of(700, 97))
}

fn published() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.parquet("people.parquet", &people(), 1_000);
    sandbox.run(PIPELINE, 1).unwrap();
    sandbox
}

fn proved(sandbox: &Sandbox) -> Result<VerifyReport, Error> {
    pseudo_engine::verify(&sandbox.path("safe"), None, Some(2))
}

fn compared(sandbox: &Sandbox, tables: &str) -> Result<VerifyReport, Error> {
    let job = sandbox.job(tables).unwrap();
    pseudo_engine::verify(&sandbox.path("safe"), Some(&job), Some(2))
}

/// Why the run is no longer what it was.
fn fault(sandbox: &Sandbox) -> String {
    let error = proved(sandbox).err().unwrap();
    assert_eq!(error.exit_code(), 3, "{error}");
    error.to_string()
}

fn manifest(sandbox: &Sandbox) -> Manifest {
    let text = fs::read(sandbox.path("safe/current/manifest.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn edit_manifest(sandbox: &Sandbox, edit: impl FnOnce(&mut Manifest)) {
    let mut manifest = manifest(sandbox);
    edit(&mut manifest);
    let path = sandbox.path("safe/current/manifest.json");
    fs::write(path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// The first file of the table.
fn first(sandbox: &Sandbox) -> PathBuf {
    let path = &manifest(sandbox).tables[0].outputs[0].path;
    sandbox.path("safe/current").join(path)
}

/// Replaces the first file, and makes the manifest agree with it.
fn replace(sandbox: &Sandbox, bytes: &[u8]) {
    fs::write(first(sandbox), bytes).unwrap();
    edit_manifest(sandbox, |manifest| {
        let output = &mut manifest.tables[0].outputs[0];
        output.bytes = bytes.len() as u64;
        let digest = Sha256::digest(bytes);
        output.sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    });
}

fn position(bytes: &[u8], needle: &[u8]) -> usize {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap()
}

#[test]
fn a_run_that_nobody_touched_is_proved() {
    let sandbox = published();
    let report = proved(&sandbox).unwrap();
    assert_eq!(report.manifest, manifest(&sandbox));
    assert_eq!((report.protected, report.same_pipeline), (None, true));
    let columns: Vec<_> = report.gates[0]
        .columns
        .iter()
        .map(|c| (&*c.column, c.values))
        .collect();
    assert_eq!(columns, [("city", 3), ("remark", 3_000)]);
    let report = compared(&sandbox, PIPELINE).unwrap();
    assert_eq!((report.protected, report.same_pipeline), (Some(4), true));
    let other = PIPELINE.replace("city = \"keep\"", "city = \"drop\"");
    assert!(!compared(&sandbox, &other).unwrap().same_pipeline);
}

#[test]
fn no_byte_of_a_file_changes_unseen() {
    let sandbox = published();
    let path = first(&sandbox);
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(997) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(fault(&sandbox).contains("has another digest than the manifest says"));
    }
    fs::write(&path, &whole[1..]).unwrap();
    assert!(fault(&sandbox).contains("digest"));
    fs::remove_file(&path).unwrap();
    assert!(fault(&sandbox).contains("is missing"));
    fs::write(&path, &whole).unwrap();
    proved(&sandbox).unwrap();
    fs::write(path.with_file_name("part-99999.parquet"), &whole).unwrap();
    let text = fault(&sandbox);
    assert_eq!(
        text,
        "verify: `people/part-99999.parquet`: is not in the manifest"
    );
}

#[test]
fn damaged_files_are_told_and_end_nothing() {
    let sandbox = published();
    let whole = fs::read(first(&sandbox)).unwrap();
    let mut told = 0;
    for at in (4..whole.len()).step_by(211) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        replace(&sandbox, &bytes);
        // within a pseudonym nothing but a digest could tell
        if let Err(error) = proved(&sandbox) {
            assert_eq!(error.exit_code(), 3, "{error}");
            told += 1;
        }
    }
    assert!(told > 100, "{told}");
}

#[test]
fn a_cell_in_clear_among_tokens_is_seen() {
    let sandbox = published();
    let path = first(&sandbox);
    let whole = fs::read(&path).unwrap();
    let token = crate::harness::texts(&sandbox.read("people"), "id")
        .into_iter()
        .flatten()
        .next();
    let at = position(&whole, token.unwrap().as_bytes());
    let mut bytes = whole.clone();
    // of the very length, so that the page is as good as before
    bytes[at..at + 26].copy_from_slice(b"canary@somewhere.example.c");
    replace(&sandbox, &bytes);
    let text = fault(&sandbox);
    let said = "column `id`: 1 cells do not have the form of their rule, `token account, base32, \
                128 bits`";
    assert!(
        text.contains(said) && text.contains("people/part-00000-"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
    // of another length: the page no longer adds up
    let mut bytes = whole;
    bytes[at - 4] = 25;
    replace(&sandbox, &bytes);
    fault(&sandbox);
}

#[test]
fn counts_schema_and_footer_are_those_of_the_manifest() {
    let change = |edit: fn(&mut Manifest)| {
        let sandbox = published();
        edit_manifest(&sandbox, edit);
        fault(&sandbox)
    };
    let text = change(|manifest| {
        let counts = &mut manifest.tables[0].columns[0].counts;
        counts.null -= 1;
        counts.transformed += 1;
    });
    assert_eq!(
        text,
        "verify: `people`: column `id`: 300 cells are NULL, 299 were counted"
    );
    let text = change(|manifest| {
        let table = &mut manifest.tables[0];
        table.outputs[0].rows += 1;
        table.source_rows += 1;
        table.published_rows += 1;
        for column in &mut table.columns {
            column.counts.rows += 1;
            column.counts.transformed += 1;
        }
    });
    assert!(text.contains("rows are missing or too many"), "{text}");
    for edit in [
        |manifest: &mut Manifest| manifest.tables[0].columns[3].data_type = "Int64".to_owned(),
        |manifest: &mut Manifest| manifest.tables[0].columns[3].column = "town".to_owned(),
        |manifest: &mut Manifest| drop(manifest.tables[0].columns.pop()),
    ] {
        assert!(change(edit).contains("has another schema than planned"));
    }
    let text = change(|manifest| manifest.tables[0].columns[3].action = "copy".to_owned());
    assert!(text.contains("its rules are not known"), "{text}");
}

#[test]
fn files_of_other_writers_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.parquet("people.parquet", &people(), 1_000);
    // the arrays of a test do not tell that bytes are a UUID
    let tables = PIPELINE.replace(", encoding = \"uuid\"", "");
    sandbox.run(&tables, 1).unwrap();
    let rows = sandbox.read("people").slice(0, 1_000);
    let written = |created_by: &str, with_schema: bool| {
        let properties = WriterProperties::builder().set_created_by(created_by.to_owned());
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(!with_schema);
        let path = sandbox.path("other.parquet");
        let file = File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new_with_options(file, rows.schema(), options).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        replace(&sandbox, &fs::read(path).unwrap());
        edit_manifest(&sandbox, |manifest| {
            let table = &mut manifest.tables[0];
            let lost: u64 = table.outputs[0].rows - 1_000;
            table.outputs[0].rows = 1_000;
            table.source_rows -= lost;
            table.published_rows -= lost;
            for column in &mut table.columns {
                column.counts.rows -= lost;
                column.counts.transformed -= lost;
            }
        });
        fault(&sandbox)
    };
    assert!(written("pseudo 0", true).contains("holds key-value metadata"));
    assert!(written("another", false).contains("was written by another program"));
    assert!(written("pseudo 0", false).contains("shows pseudonyms in its statistics"));
}

#[test]
fn the_source_tells_what_is_protected_and_shown() {
    let sandbox = published();
    // what the run could not see: the name is in no output, and a copy of it is kept
    let mut columns = people().columns().to_vec();
    columns[5] = Arc::clone(&columns[4]);
    let copied = RecordBatch::try_new(people().schema(), columns).unwrap();
    sandbox.parquet("people.parquet", &copied, 1_000);
    sandbox.run(PIPELINE, 2).unwrap();
    proved(&sandbox).unwrap();
    let error = compared(&sandbox, PIPELINE).err().unwrap();
    assert_eq!(error.exit_code(), 3);
    let text = error.to_string();
    let said = "table `people`, column `remark`: 3000 distinct values in 3000 rows are those of \
                the protected column `people.name`";
    assert!(text.contains(said), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    // a dropped column of a few words is no secret
    let mut columns = people().columns().to_vec();
    columns[4] = Arc::new(StringArray::from_iter_values(
        (0..ROWS).map(|n| name(n % 300)),
    ));
    columns[5] = Arc::clone(&columns[4]);
    let words = RecordBatch::try_new(people().schema(), columns).unwrap();
    sandbox.parquet("people.parquet", &words, 1_000);
    sandbox.run(PIPELINE, 3).unwrap();
    let report = compared(&sandbox, PIPELINE).unwrap();
    let shared = &report.gates[0].columns[1].shared;
    assert_eq!(
        (shared[0].identity.as_str(), shared[0].values),
        ("people.name", 300)
    );
}

#[test]
fn a_sink_without_a_run_is_an_error_of_its_own() {
    let sandbox = Sandbox::new();
    let error = proved(&sandbox).err().unwrap();
    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().contains("safe/current"), "{error}");
}

#[test]
fn long_texts_that_begin_and_end_alike_are_told_apart() {
    let address = |folder: &str, n: usize| format!("https://example.com/{folder}/{n}/index.html");
    let sandbox = Sandbox::new();
    let private: Vec<String> = (0..20_000).map(|n| address("private", n)).collect();
    let mut public: Vec<String> = (0..20_000).map(|n| address("public", n)).collect();
    let table = |public: &[String]| {
        let column = |texts: &[String]| text_column(texts.iter().map(|text| Some(text.as_str())));
        batch([("private", column(&private)), ("public", column(public))])
    };
    let pipeline = "[tables.t]\nsource = \"t.parquet\"\n[tables.t.columns]\n\
                    private = \"drop\"\npublic = \"keep\"\n";
    sandbox.parquet("t.parquet", &table(&public), 10_000);
    sandbox.run(pipeline, 1).unwrap();
    compared(&sandbox, pipeline).unwrap();
    public[17_000] = address("private", 9);
    sandbox.parquet("t.parquet", &table(&public), 10_000);
    sandbox.run(pipeline, 2).unwrap();
    let error = compared(&sandbox, pipeline).err().unwrap().to_string();
    let said = "column `public`: 1 distinct values in 1 rows are those of the protected column \
                `t.private`";
    assert!(error.contains(said), "{error}");
}
