//! Every fault can be provoked, and no message holds what a file says beyond its names.

use arrow_schema::{DataType, Field, Schema};
use pseudo_policy::{Fault, Pipeline, Settings, Violation};

use crate::{bound, refused, schema, text};

#[test]
fn every_fault_can_be_provoked() {
    for fault in Fault::ALL {
        let violations = provoke(fault);
        let found = violations.iter().any(|violation| violation.fault == fault);
        assert!(found, "{} gave {violations:?}", fault.code());
        for violation in violations {
            assert!(violation.line > 0 && violation.column > 0);
            assert_eq!(violation.file, "p.toml");
            assert!(!violation.message.is_empty() && !violation.message.ends_with('.'));
        }
    }
}

#[test]
fn codes_differ() {
    let mut codes: Vec<&str> = Fault::ALL.iter().map(|fault| fault.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Fault::ALL.len());
}

fn provoke(fault: Fault) -> Vec<Violation> {
    let users = schema(&[("id", DataType::Int64), ("phone", DataType::Utf8)]);
    let parse = |columns: &str| refused(&text(columns)).violations;
    let bind =
        |columns: &str, schema: &Schema| bound(&text(columns), schema).unwrap_err().violations;
    match fault {
        Fault::Syntax => parse("id = \"keep"),
        Fault::UnknownKey => parse("id = { token = \"account\", bit = 128 }"),
        Fault::MissingKey => refused("version = 1").violations,
        Fault::WrongType => parse("id = 7"),
        Fault::BadValue => parse("id = { round = -1 }"),
        Fault::UnknownAction => parse("id = \"hide\""),
        Fault::UnknownKind => parse("id = { derive = \"sex\", kind = \"passport\" }"),
        Fault::UnknownIdentity => parse("id = { token = \"nobody\" }"),
        Fault::UnsetPlaceholder => {
            refused(&text("id = \"keep\"").replace("users/*", "{day}/*")).violations
        }
        Fault::NoSuchPlaceholder => {
            let settings = Settings::from([("day".to_owned(), "1".to_owned())]);
            let refusal = Pipeline::parse_with("p.toml", &text("id = \"keep\""), &settings);
            refusal.unwrap_err().violations
        }
        Fault::NotInThisBuild => parse("\"items[].phone\" = \"drop\""),
        Fault::TwoActions => parse("id = { token = \"account\", round = 1 }"),
        Fault::NoAction => parse("id = { to = \"key\" }"),
        Fault::OutputTwice => parse("id = { round = 10, to = \"n\" }\nn = \"keep\""),
        Fault::NoRule => bind("id = \"keep\"", &users),
        Fault::NoSuchColumn => bind("id = \"keep\"\nphone = \"drop\"\nmail = \"drop\"", &users),
        Fault::TwoPatterns => bind(
            "id = \"keep\"\n\"p*\" = \"drop\"\n\"ph*\" = \"drop\"",
            &users,
        ),
        Fault::DuplicateColumn => {
            let twice = schema(&[("id", DataType::Int64), ("id", DataType::Utf8)]);
            bind("id = \"keep\"", &twice)
        }
        Fault::UnsupportedType => {
            let item = Field::new("item", DataType::Utf8, true);
            bind(
                "id = \"keep\"",
                &schema(&[("id", DataType::List(item.into()))]),
            )
        }
        Fault::TypeNotTaken => bind("id = { mask = {} }\nphone = \"keep\"", &users),
        Fault::NeedsKind => bind("id = \"keep\"\nphone = { derive = \"sex\" }", &users),
        Fault::KindMismatch => {
            let rules = "phone = [ { token = \"vehicle\" }, { derive = \"sex\", to = \"sex\" } ]";
            bind(&format!("id = \"keep\"\n{rules}"), &users)
        }
        Fault::NeedsSubject => {
            let seen = schema(&[("id", DataType::Int64), ("seen", DataType::Date32)]);
            bind("id = \"keep\"\nseen = { shift = { days = 30 } }", &seen)
        }
        Fault::NothingWritten => bind("id = \"drop\"\nphone = \"drop\"", &users),
        Fault::MaskBesideToken => {
            let rules = "phone = [ { token = \"phone\" }, { mask = {}, to = \"end\" } ]";
            bound(&text(&format!("id = \"keep\"\n{rules}")), &users)
                .unwrap()
                .warnings
        }
    }
}

/// Puts a canary where every value stands.
#[test]
fn no_value_is_repeated() {
    let canaries = [
        format!("constant = \"{CANARY}\", to = 1"),
        format!("constant = \"{CANARY}\", bits = 128"),
        format!("constant = \"{CANARY}\", mask = {{}}"),
        format!("token = \"{CANARY}\""),
        format!("token = \"account\", encoding = \"{CANARY}\""),
        format!("token = \"account\", on_invalid = \"{CANARY}\""),
        format!("derive = \"{CANARY}\""),
        format!("derive = \"sex\", kind = \"{CANARY}\""),
        format!("truncate = \"{CANARY}\""),
        format!("round = \"{CANARY}\""),
        format!("mask = \"{CANARY}\""),
        format!("band = {{ width = \"{CANARY}\" }}"),
        format!("band = {{ edges = [\"{CANARY}\"] }}"),
        format!("fpe = \"{CANARY}\""),
        format!("fpe = \"account\", alphabet = \"{CANARY}\""),
        format!("age = {{ width = \"{CANARY}\" }}"),
        format!("age = {{ width = 5, at = \"{CANARY}\" }}"),
        format!("shift = {{ days = \"{CANARY}\" }}"),
        format!("map = \"{CANARY}\", default = \"{CANARY}\", bits = 128"),
        format!("rare = {{ below = \"{CANARY}\", to = \"{CANARY}\" }}"),
        format!("prefix = \"{CANARY}\""),
        format!("geo = {{ decimals = \"{CANARY}\" }}"),
        format!("constant = {CANARY}"),
        format!("constant = \"{CANARY}"),
        format!("constant = \"{CANARY}\", constant = \"{CANARY}\""),
    ];
    let mut texts: Vec<String> = canaries
        .iter()
        .map(|rule| text(&format!("id = {{ {rule} }}")))
        .collect();
    texts.push(text(&format!("id = \"{CANARY}\"")));
    texts.push(text(&format!("id = [\"{CANARY}\"]")));
    texts.push(text(&format!("id = {CANARY}")));
    let keys = [
        "version",
        "name",
        "domain",
        "keys",
        "source",
        "sink",
        "identities",
        "tables",
        "limits",
        "quarantine",
    ];
    texts.extend(keys.map(|key| format!("{key} = \"{CANARY}\"")));
    let keys = [
        "source",
        "format",
        "order",
        "unlisted",
        "encoding",
        "delimiter",
        "quote",
        "types",
    ];
    texts.extend(keys.map(|key| format!("[tables.t]\n{key} = \"{CANARY}\"")));
    texts.push(format!(
        "[tables.t]\nfilter = [\"{CANARY}\"]\ntypes = {{ id = \"{CANARY}\" }}"
    ));
    silent(&texts);
}

#[test]
fn no_value_of_a_section_is_repeated() {
    let mut texts = Vec::new();
    for key in [
        "memory",
        "quarantine_rate",
        "rows_change",
        "null_rate_change",
    ] {
        texts.push(format!("[limits]\n{key} = \"{CANARY}\""));
    }
    for value in [CANARY.to_owned(), format!("AGE-SECRET-KEY-1{CANARY}")] {
        texts.push(format!("[quarantine]\nrecipient = \"{value}\""));
    }
    texts.push(format!("[quarantine]\nroot = \"{{{CANARY}}}\""));
    for key in ["root", "bloom_filter"] {
        texts.push(format!("[sink]\n{key} = \"{{{CANARY}\""));
    }
    texts.push(text("id = \"keep\"").replace(
        "root = \"safe\"",
        &format!("root = \"safe\"\nbloom_filter = [\"{CANARY}\"]"),
    ));
    texts.push(text("id = \"keep\"").replace("users/*", &format!("{{{CANARY}}}/*")));
    silent(&texts);
}

/// Refuses every text, and repeats the canary of none.
fn silent(texts: &[String]) {
    for text in texts {
        let refusal = Pipeline::parse("p.toml", text).unwrap_err();
        assert!(!format!("{refusal}{refusal:?}").contains(CANARY), "{text}");
    }
}

/// What a rule writes does not show when the rule is quoted as a hint, either.
#[test]
fn what_a_rule_writes_is_not_repeated_in_hints_and_descriptions() {
    let users = schema(&[("phone_2", DataType::Utf8)]);
    for (fields, hint, description) in [
        ("constant = \"CANARY\"", "constant = \"…\"", "constant"),
        (
            "rare = { below = 20, to = \"CANARY\" }",
            "rare = { below = 20, to = \"…\" }",
            "rare, below 20 rows",
        ),
        (
            "map = \"a.csv\", default = \"CANARY\"",
            "map = \"…\", default = \"…\"",
            "map by a.csv, others to a default",
        ),
    ] {
        let rule = format!("{{ {} }}", fields.replace("CANARY", CANARY));
        let refusal = bound(&text(&format!("phone_1 = {rule}")), &users).unwrap_err();
        let hint = format!("phone_2 = {{ {hint} }}");
        assert!(refusal.to_string().contains(&hint), "{refusal}");
        assert!(!format!("{refusal}{refusal:?}").contains(CANARY));
        let twice = format!("phone_2 = [ {rule}, {rule} ]");
        let refusal = refused(&text(&twice));
        assert!(!format!("{refusal}{refusal:?}").contains(CANARY));
        let plan = bound(&text(&format!("phone_2 = {rule}")), &users).unwrap();
        assert_eq!(plan.columns.first().unwrap().describe(), description);
    }
}

/// The shape of a resident identity number: text that must never be repeated.
const CANARY: &str = "11010519491231002X";
