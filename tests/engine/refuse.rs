//! What is refused, and that nothing is written then.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pseudo_engine::Error;

use crate::harness::{Sandbox, batch, text_column};

const KEEP: &str = r#"
[tables.t]
source = "t.parquet"
[tables.t.columns]
id = "keep"
"#;

fn refusal(sandbox: &Sandbox, tables: &str) -> String {
    let error = sandbox.run(tables, 1).err().unwrap();
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(matches!(error, Error::Refused(_)));
    assert!(!sandbox.path("safe").exists());
    error.to_string()
}

fn source() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.parquet("t.parquet", &batch([("id", text_column([Some("x")]))]), 1);
    sandbox
}

#[test]
fn a_column_without_a_rule_is_named() {
    let sandbox = Sandbox::new();
    let columns = [
        ("id", text_column([Some("x")])),
        ("phone_2", text_column([Some("y")])),
    ];
    sandbox.parquet("t.parquet", &batch(columns), 1);
    let text = refusal(&sandbox, KEEP);
    assert!(
        text.contains("`phone_2`") && text.contains("phone_2 = \"drop\""),
        "{text}"
    );
}

#[test]
fn violations_of_all_tables_come_at_once() {
    let sandbox = source();
    let both = format!("{KEEP}{}", KEEP.replace("tables.t", "tables.u"));
    let text = refusal(&sandbox, &both.replace("id =", "missing ="));
    assert_eq!(text.matches("`missing`").count(), 2, "{text}");
}

#[test]
fn a_pattern_that_matches_nothing_is_refused() {
    let text = refusal(&source(), &KEEP.replace("t.parquet", "nothing/*.parquet"));
    assert!(text.contains("no file"), "{text}");
}

#[test]
fn a_filter_is_refused_where_nothing_evaluates_it() {
    let text = refusal(
        &source(),
        &KEEP.replace(
            "[tables.t.columns]",
            "filter = \"id = 'x'\"\n[tables.t.columns]",
        ),
    );
    assert!(text.contains("`filter`") && !text.contains("'x'"), "{text}");
}

#[test]
fn keys_inside_the_sink_are_refused() {
    let sandbox = source();
    let inside = |pipeline: &str| pipeline.to_owned();
    let _ = sandbox.job(KEEP);
    let text = fs::read_to_string(sandbox.path("pipeline.toml")).unwrap();
    let text = inside(&text).replace("keys/test.keyring", "safe/../safe/keys/test.keyring");
    let pipeline = pseudo_policy::Pipeline::parse("test", &text).unwrap();
    let filters = pseudo_engine::filter::NoFilters;
    let error = pseudo_engine::plan(pipeline, &sandbox.path("."), &filters)
        .err()
        .unwrap();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("inside the sink"), "{error}");
}

#[test]
fn damaged_parquet_is_told_without_its_bytes() {
    let sandbox = source();
    let path = sandbox.path("raw/t.parquet");
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let error = sandbox.run(KEEP, 1).err().unwrap();
        assert_eq!(error.exit_code(), 1, "{error}");
        assert!(error.to_string().starts_with("`t.parquet`: "), "{error}");
    }
    assert!(!sandbox.path("safe").exists());
}

#[test]
fn flipped_bytes_never_end_the_process() {
    let sandbox = source();
    let path = sandbox.path("raw/t.parquet");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, bytes).unwrap();
        // some bytes carry no meaning, so that either end is right
        if let Err(error) = sandbox.run(KEEP, 1) {
            assert!([1, 2].contains(&error.exit_code()), "{error}");
        }
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    let sandbox = source();
    fs::write(sandbox.path("safe"), "a file").unwrap();
    let error = sandbox.run(KEEP, 1).err().unwrap();
    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().starts_with("cannot create `"), "{error}");
    fs::remove_file(sandbox.path("safe")).unwrap();
    fs::create_dir(sandbox.path("safe")).unwrap();
    fs::set_permissions(sandbox.path("safe"), fs::Permissions::from_mode(0o550)).unwrap();
    // root may write anywhere, so that only the message of a refusal is checked
    if let Err(error) = sandbox.run(KEEP, 1) {
        assert!(error.to_string().contains("permission denied"), "{error}");
    }
}

#[test]
fn a_source_inside_the_sink_is_refused() {
    let sandbox = source();
    let _ = sandbox.job(KEEP);
    let text = fs::read_to_string(sandbox.path("pipeline.toml")).unwrap();
    let text = text.replace("root = \"safe\"", "root = \"raw/../raw\"");
    let pipeline = pseudo_policy::Pipeline::parse("test", &text).unwrap();
    let filters = pseudo_engine::filter::NoFilters;
    let error = pseudo_engine::plan(pipeline, &sandbox.path("."), &filters)
        .err()
        .unwrap();
    assert_eq!(error.exit_code(), 2);
    assert!(
        error
            .to_string()
            .contains("source file lies inside the sink"),
        "{error}"
    );
}
