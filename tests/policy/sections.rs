//! `[limits]`, `[quarantine]` and the Bloom filters of `[sink]`.

use arrow_schema::{DataType, TimeUnit};
use pseudo_policy::{Fault, Limits, OnInvalid, Quarantine, Spot};

use crate::{RECIPIENT, bound, parsed, refused, schema, text};

/// A pipeline with these lines before its `[sink]`, in whose table `id` is written as it is.
fn with(section: &str) -> String {
    text("id = \"keep\"").replace("[sink]", &format!("{section}\n[sink]"))
}

/// A pipeline with a list of Bloom filters; it stands in line 10.
fn filtered(names: &str, columns: &str) -> String {
    let sink = format!("root = \"safe\"\nbloom_filter = {names}");
    text(columns).replace("root = \"safe\"", &sink)
}

#[test]
fn limits_are_read() {
    assert_eq!(parsed(&with("")).limits, Limits::default());
    let limits = parsed(&with(
        "[limits]\nmemory = \"1GiB\"\nquarantine_rate = 0.001\nrows_change = 0.5\n\
         null_rate_change = 0.2",
    ));
    let expected = Limits {
        memory: Some(1 << 30),
        quarantine_rate: Some(0.001),
        rows_change: Some(0.5),
        null_rate_change: Some(0.2),
    };
    assert_eq!(limits.limits, expected);
    assert_eq!(limits.spots.limits, Spot { line: 8, column: 2 });
    let ends = "[limits]\nquarantine_rate = 0\nrows_change = 1e3\nnull_rate_change = 1.0";
    let expected = Limits {
        memory: None,
        quarantine_rate: Some(0.0),
        rows_change: Some(1000.0),
        null_rate_change: Some(1.0),
    };
    assert_eq!(parsed(&with(ends)).limits, expected);
}

#[test]
fn sizes_have_units() {
    let memory = |value: &str| with(&format!("[limits]\nmemory = {value}"));
    for (value, bytes) in [
        ("\"67108864B\"", 64 << 20),
        ("\"70000KB\"", 70_000_000),
        ("\"68MB\"", 68_000_000),
        ("\"1GB\"", 1_000_000_000),
        ("\"65536KiB\"", 64 << 20),
        ("\"64MiB\"", 64 << 20),
        ("\"2 GiB\"", 2 << 30),
        ("67108864", 64 << 20),
        ("1_000_000_000", 1_000_000_000),
    ] {
        assert_eq!(parsed(&memory(value)).limits.memory, Some(bytes), "{value}");
    }
    for value in [
        "67108863",
        "-1",
        "0",
        "\"67108863B\"",
        "\"67MB\"",
        "\"1\"",
        "\"GiB\"",
        "\"1.5GiB\"",
        "\"-1GiB\"",
        "\"+1GiB\"",
        "\"1gib\"",
        "\"1GiB \"",
        "\"1TiB\"",
        "\"99999999999999999999B\"",
        "\"17179869184GiB\"",
    ] {
        let violations = refused(&memory(value)).violations;
        let found: Vec<_> = violations.iter().map(|v| (v.fault, v.line)).collect();
        assert_eq!(found, [(Fault::BadValue, 9)], "{value}");
    }
    let violations = refused(&memory("1.5")).violations;
    assert_eq!(violations.first().unwrap().fault, Fault::WrongType);
}

#[test]
fn shares_are_bounded() {
    for (key, beyond) in [
        ("quarantine_rate", "1.000001"),
        ("rows_change", "1000.5"),
        ("null_rate_change", "2"),
    ] {
        for value in [beyond, "-0.1", "-1", "nan", "inf", "-inf"] {
            let text = with(&format!("[limits]\n{key} = {value}"));
            let violations = refused(&text).violations;
            let found: Vec<_> = violations.iter().map(|v| v.fault).collect();
            assert_eq!(found, [Fault::BadValue], "{key} {value}");
        }
    }
}

#[test]
fn quarantine_is_read() {
    assert_eq!(parsed(&with("")).quarantine, Quarantine::default());
    let text = format!("[quarantine]\nroot = \"../apart\"\nrecipient = \"{RECIPIENT}\"");
    let pipeline = parsed(&with(&text));
    let expected = Quarantine {
        root: Some("../apart".to_owned()),
        recipient: Some(RECIPIENT.to_owned()),
    };
    assert_eq!(pipeline.quarantine, expected);
    assert_eq!(pipeline.spots.quarantine, Spot { line: 8, column: 2 });
    assert_eq!(pipeline.spots.quarantine_root, Spot { line: 9, column: 8 });
    let rootless = with(&format!("[quarantine]\nrecipient = \"{RECIPIENT}\""));
    let violations = refused(&rootless).violations;
    let found: Vec<_> = violations.iter().map(|v| (v.fault, v.line)).collect();
    assert_eq!(found, [(Fault::MissingKey, 8)]);
}

/// Whoever pastes a secret key is told what it is, and never reads it again.
#[test]
fn a_secret_key_is_no_recipient() {
    let secret = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    let text = format!("[quarantine]\nroot = \"apart\"\nrecipient = \"{secret}\"");
    let refusal = refused(&with(&text));
    insta::assert_snapshot!("a-secret-key", refusal);
}

#[test]
fn a_row_can_be_left_out_wherever_a_value_is_judged() {
    let rules = "id = { token = \"account\", on_invalid = \"quarantine\" }\n\
                 seen = { truncate = \"day\", on_invalid = \"quarantine\" }";
    let seen = DataType::Timestamp(TimeUnit::Microsecond, None);
    let source = schema(&[("id", DataType::Int64), ("seen", seen)]);
    let plan = bound(&text(rules), &source).unwrap();
    let found = plan.columns.iter().map(|column| column.on_invalid);
    assert!(found.eq([OnInvalid::Quarantine; 2]));
    assert_eq!(OnInvalid::Quarantine.name(), "quarantine");
    for rule in [
        "{ constant = \"a\" }",
        "{ prefix = 2 }",
        "{ derive = \"length\" }",
    ] {
        let rule = rule.replace(" }", ", on_invalid = \"quarantine\" }");
        let violations = refused(&text(&format!("id = {rule}"))).violations;
        assert_eq!(violations.first().unwrap().fault, Fault::BadValue, "{rule}");
    }
}

/// A pipeline whose accounts are said to be unrelated to these columns, in line 11.
fn unrelated(names: &str, columns: &str) -> String {
    let account = "[identities.account]\nkind = \"integer\"\n";
    let said = format!("[identities.account]\nunrelated = {names}\nkind = \"integer\"\n");
    text(columns).replace(account, &said)
}

#[test]
fn unrelated_columns_are_of_the_output_and_of_numbers_not_made_from_the_identity() {
    let rules = "id = { token = \"account\" }\nrank = [ \"keep\", { round = 10, to = \"about\" } ]";
    let pipeline = parsed(&unrelated("[\"users.rank\", \"users.about\"]", rules));
    let account = &pipeline.identities["account"];
    assert_eq!(account.unrelated, ["users.rank", "users.about"]);

    let rules = "id = [ { token = \"account\" }, { round = 10, to = \"about\" } ]\n\
                 note = \"drop\"\nperson = { token = \"person\" }";
    for (name, fault, says) in [
        ("rank", Fault::NoSuchColumn, "no table writes"),
        ("users.rank", Fault::NoSuchColumn, "no table writes"),
        ("orders.about", Fault::NoSuchColumn, "no table writes"),
        ("users.note", Fault::NoSuchColumn, "no table writes"),
        (
            "users.about",
            Fault::BadValue,
            "is made from `id`, which `account` protects",
        ),
        (
            "users.id",
            Fault::BadValue,
            "is made from `id`, which `account` protects",
        ),
        ("users.person", Fault::BadValue, "is a column of pseudonyms"),
    ] {
        let violations = refused(&unrelated(&format!("[\"{name}\"]"), rules)).violations;
        let found: Vec<_> = violations.iter().map(|v| (v.fault, v.line)).collect();
        assert_eq!(found, [(fault, 11)], "{name}");
        assert!(violations[0].message.contains(says), "{}", violations[0]);
    }
    let phone = "[identities.phone]\nkind = \"cn-phone\"";
    let said = format!("{phone}\nunrelated = [\"users.rank\"]");
    let violations = refused(&text("rank = \"keep\"").replace(phone, &said)).violations;
    assert!(violations[0].message.contains("belongs to kind `integer`"));
    assert_eq!(violations.len(), 1);
}

#[test]
fn bloom_filters_are_of_columns_of_the_output() {
    let rules = "id = [ { token = \"account\" }, { round = 10, to = \"about\" } ]";
    let pipeline = parsed(&filtered("[\"about\", \"id\"]", rules));
    assert_eq!(pipeline.sink.bloom_filter, ["about", "id"]);
    let spots = [(10, 17), (10, 26)].map(|(line, column)| Spot { line, column });
    assert_eq!(pipeline.spots.bloom_filter, spots);
    let renamed = "id = { token = \"account\", to = \"key\" }\nnote = \"drop\"";
    for name in ["id", "note", "missing"] {
        let violations = refused(&filtered(&format!("[\"{name}\"]"), renamed)).violations;
        let found: Vec<_> = violations.iter().map(|v| (v.fault, v.line)).collect();
        assert_eq!(found, [(Fault::NoSuchColumn, 10)], "{name}");
    }
    // What the refused rule would have written, nobody knows.
    let violations = refused(&filtered("[\"key\"]", "id = { tokn = \"account\" }")).violations;
    assert!(
        violations
            .iter()
            .all(|v| v.fault == Fault::NoAction || v.line != 10)
    );
}

#[test]
fn bloom_filters_are_of_types_that_they_serve() {
    let bind = |rule: &str, input: DataType| {
        let text = filtered("[\"a\"]", &format!("a = {rule}"));
        bound(&text, &schema(&[("a", input)]))
    };
    let coded = |values| DataType::Dictionary(Box::new(DataType::Int32), Box::new(values));
    for input in [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
        DataType::FixedSizeBinary(16),
        DataType::Int8,
        DataType::Int64,
        DataType::UInt32,
        coded(DataType::Utf8),
    ] {
        assert!(bind("\"keep\"", input.clone()).is_ok(), "{input}");
    }
    for input in [
        DataType::Boolean,
        DataType::Float64,
        DataType::Date32,
        DataType::Decimal128(12, 2),
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Null,
        coded(DataType::Float32),
    ] {
        let violations = bind("\"keep\"", input.clone()).unwrap_err().violations;
        let found: Vec<_> = violations.iter().map(|v| (v.fault, v.line)).collect();
        assert_eq!(found, [(Fault::TypeNotTaken, 10)], "{input}");
    }
    // It is the type of the output that counts.
    assert!(bind("{ token = \"account\" }", DataType::Decimal128(9, 0)).is_ok());
    assert!(bind("{ band = { width = 10 } }", DataType::Float64).is_ok());
    let refusal = bind("\"keep\"", DataType::Decimal128(12, 2)).unwrap_err();
    insta::assert_snapshot!("bloom-filter-of-a-decimal", refusal);
}

#[test]
fn paths_have_their_places() {
    let text = text("id = \"keep\"").replace(
        "keyring = \"test.keyring\"",
        "keyring = \"test.keyring\"\n  identity = \"test.key\"",
    );
    let spots = parsed(&text).spots;
    let spot = |line, column| Spot { line, column };
    assert_eq!(spots.keyring, spot(5, 11));
    assert_eq!(spots.identity, spot(6, 14));
    assert_eq!(spots.source_root, spot(8, 8));
    assert_eq!(spots.sink_root, spot(10, 8));
    assert_eq!(spots.quarantine_root, Spot::default());
}
