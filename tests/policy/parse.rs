//! What a file may say, and what becomes of it.

use pseudo_pii::Kind;
use pseudo_policy::{
    Action, Band, ColumnType, Compression, CsvOptions, Date, Format, FpeAlphabet, OnInvalid, Order,
    Part, Pipeline, RareTo, SealEncoding, TextEncoding, TokenEncoding, Unit,
};

use crate::{HEAD, parsed, refused, text};

#[test]
fn a_file_becomes_types() {
    let pipeline = parsed(
        r#"
        version = 1
        name = "owner-analytics"
        domain = "analytics"
        [keys]
        keyring = "keys/analytics.keyring"
        identity = "keys/analytics.key"
        create = true
        [source]
        root = "../data/raw"
        [sink]
        root = "../data/safe"
        retain_runs = 3
        compression = "snappy"
        row_group_rows = 1000
        [identities.phone]
        kind = "cn-phone/1"
        blank = ["", "0"]
        [tables.users]
        source = "users/*.csv"
        subject = "id"
        filter = "id > 0"
        order = "source"
        unlisted = "drop"
        types = { id = "integer", paid = "decimal(12, 2)" }
        delimiter = "\t"
        quote = "'"
        header = false
        null = ["\\N"]
        encoding = "gb18030"
        allow_empty = true
        [tables.users.columns]
        phone = { token = "phone" }
        "#,
    );
    assert_eq!(
        (pipeline.name.as_str(), pipeline.domain.as_str()),
        ("owner-analytics", "analytics")
    );
    assert_eq!(pipeline.keys.keyring, "keys/analytics.keyring");
    assert_eq!(
        pipeline.keys.identity.as_deref(),
        Some("keys/analytics.key")
    );
    assert!(pipeline.keys.create);
    assert_eq!(
        (pipeline.source.root.as_str(), pipeline.sink.root.as_str()),
        ("../data/raw", "../data/safe")
    );
    assert_eq!(
        (pipeline.sink.retain_runs, pipeline.sink.row_group_rows),
        (3, 1000)
    );
    assert_eq!(pipeline.sink.compression, Compression::Snappy);
    let phone = pipeline.identities.get("phone").unwrap();
    assert_eq!((phone.name.as_str(), phone.kind), ("phone", Kind::CnPhone));
    assert_eq!(phone.blank, Some(vec![String::new(), "0".to_owned()]));
    let users = pipeline.table("users").unwrap();
    assert_eq!((users.line, users.line_column), (19, 9));
    assert_eq!(users.format, Some(Format::Csv));
    assert_eq!(users.subject.as_deref(), Some("id"));
    assert_eq!(users.filter.as_deref(), Some("id > 0"));
    assert_eq!(users.order, Order::Source);
    assert!(users.unlisted_drop && users.allow_empty);
    assert_eq!(users.types.get("id"), Some(&ColumnType::Integer));
    assert_eq!(users.types.get("paid"), Some(&ColumnType::Decimal(12, 2)));
    let csv = CsvOptions {
        delimiter: b'\t',
        quote: b'\'',
        header: false,
        null: vec!["\\N".to_owned()],
        encoding: TextEncoding::Gb18030,
    };
    assert_eq!(users.csv, csv);
}

#[test]
fn what_is_not_said_has_a_default() {
    let pipeline = parsed(&text("id = \"keep\""));
    assert_eq!(
        (pipeline.keys.create, pipeline.keys.identity.as_deref()),
        (false, None)
    );
    assert_eq!(pipeline.sink.retain_runs, 7);
    assert_eq!(pipeline.sink.compression, Compression::Zstd);
    let users = pipeline.tables.first().unwrap();
    assert_eq!(
        (users.format, users.order),
        (Some(Format::Parquet), Order::Shuffled)
    );
    assert!(!users.unlisted_drop && !users.allow_empty);
    assert_eq!(users.csv, CsvOptions::default());
    let rule = users.columns.first().unwrap().rules.first().unwrap();
    assert_eq!(
        (rule.to.as_deref(), rule.on_invalid, rule.kind),
        (None, None, None)
    );
}

#[test]
fn every_action_has_its_form() {
    let pii = |identity: &str, encoding, bits| Action::Token {
        identity: identity.to_owned(),
        encoding,
        bits,
    };
    let seal = |encoding| Action::Seal {
        identity: "person".to_owned(),
        encoding,
    };
    let number = |text: &str| match action(&format!("{{ round = {text} }}")) {
        Action::Round(number) => number,
        other => panic!("{other:?}"),
    };
    for (rule, expected) in [
        ("\"keep\"", Action::Keep),
        ("'drop'", Action::Drop),
        ("\"null\"", Action::Null),
        (
            "{ token = \"person\" }",
            pii("person", TokenEncoding::Base32, 128),
        ),
        (
            "{ token = \"person\", encoding = \"hex\", bits = 256 }",
            pii("person", TokenEncoding::Hex, 256),
        ),
        (
            "{ token = \"person\", encoding = \"uuid\" }",
            pii("person", TokenEncoding::Uuid, 128),
        ),
        ("{ seal = \"person\" }", seal(SealEncoding::Base64Url)),
        (
            "{ seal = \"person\", encoding = \"binary\" }",
            seal(SealEncoding::Binary),
        ),
        ("{ constant = \"\" }", Action::Constant(String::new())),
        (
            "{ mask = {} }",
            Action::Mask {
                keep_first: 0,
                keep_last: 0,
            },
        ),
        (
            "{ mask = { keep_first = 3, keep_last = 4 } }",
            Action::Mask {
                keep_first: 3,
                keep_last: 4,
            },
        ),
        (
            "{ band = { width = 5_000 } }",
            Action::Band(Band::Width(number("5000"))),
        ),
        (
            "{ band = { edges = [0.5, 1] } }",
            Action::Band(Band::Edges(vec![number("0.5"), number("1")])),
        ),
        ("{ round = 0.0025 }", Action::Round(number("25e-4"))),
        ("{ truncate = \"week\" }", Action::Truncate(Unit::Week)),
        (
            "{ derive = \"email-domain\" }",
            Action::Derive(Part::EmailDomain),
        ),
    ] {
        assert_eq!(action(rule), expected, "{rule}");
    }
    assert_eq!(number("0.0025").to_string(), "0.0025");
}

#[test]
fn coarse_and_legacy_actions_have_their_forms() {
    let at = Date::parse("2026-11-22");
    let age = |top, at| Action::Age { width: 5, top, at };
    let map = |default: Option<&str>| Action::Map {
        file: "maps/dealers.csv".to_owned(),
        default: default.map(str::to_owned),
    };
    let rare = |to| Action::Rare { below: 20, to };
    for (rule, expected) in [
        ("{ age = { width = 5 } }", age(None, None)),
        (
            "{ age = { width = 5, top = 75, at = \"2026-11-22\" } }",
            age(Some(75), at),
        ),
        ("{ shift = { days = 30 } }", Action::Shift { days: 30 }),
        ("{ map = \"maps/dealers.csv\" }", map(None)),
        (
            "{ map = \"maps/dealers.csv\", default = \"OTHER\" }",
            map(Some("OTHER")),
        ),
        (
            "{ map = \"maps/dealers.csv\", default = \"\" }",
            map(Some("")),
        ),
        (
            "{ rare = { below = 20, to = \"OTHER\" } }",
            rare(RareTo::Text("OTHER".to_owned())),
        ),
        (
            "{ rare = { below = 20, to = -1 } }",
            rare(RareTo::Integer(-1)),
        ),
        ("{ prefix = 2 }", Action::Prefix(2)),
        ("{ geo = { decimals = 0 } }", Action::Geo { decimals: 0 }),
    ] {
        assert_eq!(action(rule), expected, "{rule}");
    }
    for (word, alphabet) in [
        ("digits", FpeAlphabet::Digits),
        ("a-z", FpeAlphabet::LowerAlpha),
        ("0-9a-z", FpeAlphabet::LowerAlnum),
        ("0-9A-Z", FpeAlphabet::UpperAlnum),
        ("0-9A-Za-z", FpeAlphabet::Alnum),
        ("int64", FpeAlphabet::Int64),
    ] {
        let identity = "person".to_owned();
        let rule = format!("{{ fpe = \"person\", alphabet = \"{word}\" }}");
        assert_eq!(action(&rule), Action::Fpe { identity, alphabet });
        assert_eq!(alphabet.name(), word);
    }
}

#[test]
fn one_rule_is_written_in_many_ways() {
    let list = parsed(&text("id = [ { token = \"account\" } ]"));
    for columns in [
        "id = { token = \"account\" }",
        "id.token = \"account\"",
        "\"id\" = { token = \"account\" }",
        "[tables.users.columns.id]\ntoken = \"account\"",
        "[[tables.users.columns.id]]\ntoken = \"account\"",
    ] {
        assert_eq!(parsed(&text(columns)).hash(), list.hash(), "{columns}");
    }
}

#[test]
fn side_keys_are_read() {
    let pipeline = parsed(&text(
        "id = { derive = \"sex\", kind = \"cn-resident-id\", to = \"sex\", on_invalid = \"fail\" }",
    ));
    let column = pipeline.tables.first().unwrap().columns.first().unwrap();
    assert_eq!((column.line, column.line_column), (23, 1));
    let rule = column.rules.first().unwrap();
    assert_eq!((rule.line, rule.line_column), (23, 6));
    assert_eq!(rule.to.as_deref(), Some("sex"));
    assert_eq!(rule.kind, Some(Kind::CnResidentId));
    assert_eq!(rule.on_invalid, Some(OnInvalid::Fail));
}

#[test]
fn the_format_is_that_of_the_extension() {
    let table = |root: &str, source: &str| {
        let head = HEAD.replace("root = \"raw\"", &format!("root = \"{root}\""));
        let table =
            format!("{head}\n[tables.t]\nsource = \"{source}\"\n[tables.t.columns]\na = \"keep\"");
        Pipeline::parse("p.toml", &table).map(|pipeline| pipeline.tables.first().unwrap().format)
    };
    assert_eq!(table("raw", "t/*.parquet").unwrap(), Some(Format::Parquet));
    assert_eq!(table("raw", "t.csv").unwrap(), Some(Format::Csv));
    assert_eq!(table("raw", "t/*.csv.gz").unwrap(), Some(Format::Csv));
    assert_eq!(table("raw", "t.csv.zst").unwrap(), Some(Format::Csv));
    for packed in ["t.parquet.gz", "t.gz", "csv.gz", "t.csv.gz.gz", "t.csv.bz2"] {
        assert!(table("raw", packed).is_err(), "{packed}");
    }
    assert_eq!(table("sample:incident?scale=1", "t").unwrap(), None);
    assert!(table("raw", "v1.csv/t").is_err());
}

#[test]
fn columns_of_a_line_are_counted_in_characters() {
    let refusal = refused(&text("\"电话\" = \"none\""));
    let violation = refusal.violations.first().unwrap();
    assert_eq!((violation.line, violation.column), (23, 8));
}

#[test]
fn a_name_cannot_write_to_the_terminal() {
    let refusal = refused(&text("\"a\\u001b[2J\" = {}"));
    assert!(!refusal.to_string().contains('\u{1b}'));
}

/// Whatever is cut out of a file, the rest is read or refused.
#[test]
fn damaged_files_are_refused_and_nothing_panics() {
    let whole = include_str!("../../pipelines/quickstart.toml");
    for (at, _) in whole.char_indices().step_by(7) {
        let _ = Pipeline::parse("p.toml", whole.split_at(at).0);
    }
    let lines: Vec<&str> = whole.lines().collect();
    for left_out in 0..lines.len() {
        let rest = lines
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != left_out);
        let text: Vec<&str> = rest.map(|(_, line)| *line).collect();
        let _ = Pipeline::parse("p.toml", &text.join("\r\n"));
    }
    for c in [
        "\"", "[", "]", "{", "}", "=", "#", "\\", "'''", "\u{feff}", "\0",
    ] {
        for (at, _) in whole.char_indices().step_by(61) {
            let (left, right) = whole.split_at(at);
            let _ = Pipeline::parse("p.toml", &format!("{left}{c}{right}"));
        }
    }
}

fn action(rule: &str) -> Action {
    let pipeline = parsed(&text(&format!("a = {rule}")));
    let column = pipeline.tables.first().unwrap().columns.first().unwrap();
    column.rules.first().unwrap().action.clone()
}
