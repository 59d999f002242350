//! The hash of a pipeline moves with what decides output, and with nothing else.

use std::collections::BTreeMap;

use arrow_schema::{DataType, Schema};
use pseudo_policy::Pipeline;

use crate::{bound, parsed, schema, text};

const RULES: &str =
    "user_id = { token = \"account\" }\nnote = { constant = \"a\" }\ncity = \"keep\"";

fn users() -> Schema {
    schema(&[
        ("user_id", DataType::Int64),
        ("note", DataType::Utf8),
        ("city", DataType::Utf8),
    ])
}

#[test]
fn hash_ignores_what_decides_nothing() {
    let text = text(RULES);
    let hash = parsed(&text).hash();
    assert_eq!(hash.len(), 64);
    assert!(
        hash.bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    );
    let plan = bound(&text, &users()).unwrap();
    for (from, to) in [
        ("version = 1\n", "# a comment\n\nversion=1 # and another\n"),
        ("name = \"test\"", "name = \"other\""),
        (
            "keyring = \"test.keyring\"",
            "keyring = \"k\"\nidentity = \"i\"\ncreate = true",
        ),
        ("root = \"safe\"", "root = \"elsewhere\"\nretain_runs = 3"),
        ("[sink]", "[quarantine]\nroot = \"apart\"\n[sink]"),
        (
            "[sink]",
            "[limits]\nquarantine_rate = 0.1\nrows_change = 2\nnull_rate_change = 1\n[sink]",
        ),
        (
            "token = \"account\"",
            "token = \"account\", bits = 128, encoding = \"base32\"",
        ),
        ("user_id = {", "\"user_id\" = {"),
        (
            "note = { constant = \"a\" }\ncity = \"keep\"",
            "city = \"keep\"\nnote.constant = 'a'",
        ),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        assert_eq!(parsed(&changed).hash(), hash, "{to}");
        assert_eq!(
            bound(&changed, &users()).unwrap().hash(),
            plan.hash(),
            "{to}"
        );
    }
}

#[test]
fn hash_moves_with_everything_else() {
    let text = text(RULES);
    let mut hashes = BTreeMap::from([(parsed(&text).hash(), "")]);
    let mut plans = BTreeMap::from([(bound(&text, &users()).unwrap().hash().to_owned(), "")]);
    for (from, to) in [
        ("domain = \"test\"", "domain = \"tests\""),
        (
            "root = \"safe\"",
            "root = \"safe\"\ncompression = \"snappy\"",
        ),
        ("root = \"safe\"", "root = \"safe\"\nrow_group_rows = 1000"),
        (
            "root = \"safe\"",
            "root = \"safe\"\nbloom_filter = [\"city\"]",
        ),
        (
            "root = \"safe\"",
            "root = \"safe\"\nbloom_filter = [\"note\"]",
        ),
        ("[sink]", "[limits]\nmemory = \"1GiB\"\n[sink]"),
        ("[sink]", "[limits]\nmemory = \"2GiB\"\n[sink]"),
        (
            "token = \"account\"",
            "token = \"account\", on_invalid = \"quarantine\"",
        ),
        ("kind = \"integer\"", "kind = \"text\""),
        ("kind = \"integer\"", "kind = \"integer\"\nblank = []"),
        ("kind = \"integer\"", "kind = \"integer\"\nblank = [\"-\"]"),
        ("users/*.parquet", "user/*.parquet"),
        (
            "[tables.users.columns]",
            "filter = \"city = 'a'\"\n[tables.users.columns]",
        ),
        (
            "[tables.users.columns]",
            "filter = \"city = 'b'\"\n[tables.users.columns]",
        ),
        (
            "[tables.users.columns]",
            "order = \"source\"\n[tables.users.columns]",
        ),
        (
            "[tables.users.columns]",
            "subject = \"user_id\"\n[tables.users.columns]",
        ),
        ("token = \"account\"", "token = \"blob\""),
        ("token = \"account\"", "seal = \"account\""),
        ("token = \"account\"", "token = \"account\", bits = 256"),
        (
            "token = \"account\"",
            "token = \"account\", encoding = \"hex\"",
        ),
        ("token = \"account\"", "token = \"account\", to = \"id\""),
        (
            "token = \"account\"",
            "token = \"account\", on_invalid = \"fail\"",
        ),
        (
            "{ token = \"account\" }",
            concat!(
                "[ { token = \"account\" }, { escrow = \"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2",
                "elw8zmrj2kg5sfn9aqmcac8p\" } ]"
            ),
        ),
        ("constant = \"a\"", "constant = \"b\""),
        ("constant = \"a\"", "constant = \"…\""),
        ("\"keep\"", "\"null\""),
        ("\"keep\"", "\"drop\""),
        ("\"keep\"", "{ mask = { keep_first = 1 } }"),
        ("\"keep\"", "{ mask = { keep_last = 1 } }"),
        ("\"keep\"", "{ prefix = 1 }"),
        ("\"keep\"", "{ prefix = 2 }"),
        ("\"keep\"", "{ map = \"a.csv\" }"),
        ("\"keep\"", "{ map = \"b.csv\" }"),
        ("\"keep\"", "{ map = \"a.csv\", default = \"\" }"),
        ("\"keep\"", "{ map = \"a.csv\", default = \"b\" }"),
        ("\"keep\"", "{ rare = { below = 2, to = \"a\" } }"),
        ("\"keep\"", "{ rare = { below = 3, to = \"a\" } }"),
        ("\"keep\"", "{ rare = { below = 3, to = \"b\" } }"),
        ("\"keep\"", "{ derive = \"length\" }"),
        (
            "\"keep\"",
            "{ age = { width = 5 }, kind = \"cn-resident-id\" }",
        ),
        (
            "\"keep\"",
            "{ age = { width = 5, top = 75 }, kind = \"cn-resident-id\" }",
        ),
        (
            "\"keep\"",
            "{ age = { width = 5, at = \"2026-11-22\" }, kind = \"cn-resident-id\" }",
        ),
        (
            "token = \"account\"",
            "fpe = \"account\", alphabet = \"digits\"",
        ),
        (
            "token = \"account\"",
            "fpe = \"account\", alphabet = \"int64\"",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let before = hashes.insert(parsed(&changed).hash(), to);
        assert_eq!(before, None, "{to}");
        let hash = bound(&changed, &users()).unwrap().hash().to_owned();
        assert_eq!(plans.insert(hash, to), None, "{to}");
    }
}

#[test]
fn hash_moves_with_how_csv_is_read() {
    let text = text(RULES).replace("users/*.parquet", "users/*.csv");
    let columns = "[tables.users.columns]";
    let with = |line: &str| text.replace(columns, &format!("{line}\n{columns}"));
    for default in [
        "delimiter = \",\"",
        "quote = '\"'",
        "header = true",
        "null = [\"\", '\\N']",
        "encoding = \"utf-8\"",
        "format = \"csv\"",
    ] {
        assert_eq!(
            parsed(&with(default)).hash(),
            parsed(&text).hash(),
            "{default}"
        );
    }
    let mut hashes = BTreeMap::from([(parsed(&text).hash(), "")]);
    let mut plans = BTreeMap::from([(bound(&text, &users()).unwrap().hash().to_owned(), "")]);
    for line in [
        "delimiter = \";\"",
        "quote = \"'\"",
        "header = false",
        "null = [\"\"]",
        "encoding = \"gb18030\"",
        "types = { city = \"text\" }",
        "types = { user_id = \"integer\" }",
    ] {
        let changed = with(line);
        assert_eq!(hashes.insert(parsed(&changed).hash(), line), None, "{line}");
        let hash = bound(&changed, &users()).unwrap().hash().to_owned();
        assert_eq!(plans.insert(hash, line), None, "{line}");
    }
}

#[test]
fn the_hash_of_a_plan_moves_with_the_schema() {
    let text = text(RULES);
    let hash = bound(&text, &users()).unwrap().hash().to_owned();
    let wider = schema(&[
        ("user_id", DataType::Utf8),
        ("note", DataType::Utf8),
        ("city", DataType::Utf8),
    ]);
    assert_ne!(bound(&text, &wider).unwrap().hash(), hash);
}

/// The job of every night is the same one.
#[test]
fn hash_ignores_the_values_of_placeholders() {
    let text = text(RULES)
        .replace("users/*.parquet", "users/{day}/*.parquet")
        .replace("root = \"raw\"", "root = \"raw/{store}\"");
    let of = |day: &str, store: &str, text: &str| {
        let settings = [("day", day), ("store", store)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let pipeline = Pipeline::parse_with("p.toml", text, &settings.into()).unwrap();
        let table = pipeline.tables.first().unwrap();
        let plan = pipeline.bind(table, &users()).unwrap();
        (pipeline.hash(), plan.hash().to_owned())
    };
    let first = of("2026-11-22", "east", &text);
    assert_eq!(of("2026-11-23", "west", &text), first);
    let moved = of("2026-11-22", "east", &text.replace("{day}", "d={day}"));
    assert!(moved.0 != first.0 && moved.1 != first.1);
    // The root is that of the pipeline, and no table's.
    let moved = of("2026-11-22", "east", &text.replace("{store}", "s/{store}"));
    assert!(moved.0 != first.0 && moved.1 == first.1);
}

/// A Bloom filter of one table does not write another one again.
#[test]
fn the_hash_of_a_plan_ignores_the_bloom_filters_of_other_tables() {
    let two = format!(
        "{}\n[tables.orders]\nsource = \"o.csv\"\n[tables.orders.columns]\nvin = \"keep\"",
        text(RULES)
    );
    let listed = |names: &str| {
        let sink = format!("root = \"safe\"\nbloom_filter = [{names}]");
        let text = two.replace("root = \"safe\"", &sink);
        (parsed(&text).hash(), bound(&text, &users()).unwrap())
    };
    let (pipeline, plan) = listed("");
    let (other, same) = listed("\"vin\"");
    assert!(other != pipeline && same.hash() == plan.hash());
    let (both, users) = listed("\"vin\", \"city\"");
    assert!(both != other && users.hash() != plan.hash());
    assert_eq!(listed("\"city\", \"vin\"").0, both);
}

#[test]
fn what_the_proof_excuses_is_in_the_hash_of_the_pipeline_alone() {
    let text = text("user_id = { token = \"account\" }\nnote = \"keep\"\ncity = \"keep\"");
    let excused = text.replace(
        "kind = \"integer\"",
        "kind = \"integer\"\nunrelated = [\"users.city\"]",
    );
    assert_ne!(excused, text);
    assert_ne!(parsed(&excused).hash(), parsed(&text).hash());
    let plan = |text: &str| bound(text, &users()).unwrap().hash().to_owned();
    assert_eq!(plan(&excused), plan(&text));
}
