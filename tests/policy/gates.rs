//! `[gates]`: what is read, what each table gets of it, and what says nothing.

use std::collections::BTreeSet;

use arrow_schema::DataType;
use pseudo_policy::{Fault, Gates};

use crate::{HEAD, bound, parsed, refused, schema};

const TABLES: &str = r#"
[tables.users]
source = "users/*.parquet"
[tables.users.columns]
id = { token = "account" }
age = { band = { width = 10 }, to = "age_band" }
city = "keep"
[tables.loans]
source = "loans/*.parquet"
[tables.loans.columns]
bank = "keep"
status = "keep"
note = "drop""#;

/// A pipeline with these gates, in whose third line they begin.
fn gated(gates: &str) -> String {
    let (version, head) = HEAD.split_once('\n').unwrap();
    let (name, rest) = head.split_once("[keys]").unwrap();
    format!("{version}\n{name}[gates]\n{gates}\n[keys]{rest}\n{TABLES}\n")
}

fn faults(gates: &str) -> Vec<(Fault, String)> {
    let violations = refused(&gated(gates)).violations;
    let told = violations.into_iter();
    told.map(|told| (told.fault, told.message)).collect()
}

#[test]
fn gates_are_read_and_told_table_by_table() {
    assert_eq!(parsed(&gated("").replace("[gates]", "")).gates, None);
    let all = parsed(&gated(
        "k = 5\nquasi_identifiers = [\"users.age_band\", \"loans.bank\", \"users.city\"]\n\
         sensitive = [\"loans.status\"]\nl = 2\nt = 0.3\nbelow_rate = 0.01",
    ));
    let expected = Gates {
        k: 5,
        quasi_identifiers: ["users.age_band", "loans.bank", "users.city"]
            .map(str::to_owned)
            .to_vec(),
        sensitive: vec!["loans.status".to_owned()],
        l: Some(2),
        t: Some(0.3),
        below_rate: 0.01,
    };
    let gates = all.gates.unwrap();
    assert_eq!(gates, expected);
    let sets = gates.sets();
    let sets = sets.iter().map(|set| {
        (
            set.table,
            set.quasi_identifiers.as_slice(),
            set.sensitive.as_slice(),
        )
    });
    assert!(sets.eq([
        ("users", ["age_band", "city"].as_slice(), [].as_slice()),
        ("loans", ["bank"].as_slice(), ["status"].as_slice()),
    ]));
    let least = parsed(&gated("k = 2\nquasi_identifiers = [\"users.city\"]"));
    let least = least.gates.unwrap();
    assert_eq!((least.l, least.t, least.below_rate), (None, None, 0.0));
    assert!(least.sensitive.is_empty());
}

/// A stricter gate is something to do, and no file has to be written again for it.
#[test]
fn gates_are_in_the_hash_of_the_pipeline_and_in_no_plan() {
    let mut hashes = BTreeSet::new();
    let mut plans = BTreeSet::new();
    let known = "quasi_identifiers = [\"users.city\"]";
    let sensitive = "sensitive = [\"users.age_band\"]";
    for gates in [
        String::new(),
        format!("k = 5\n{known}"),
        format!("k = 6\n{known}"),
        "k = 5\nquasi_identifiers = [\"users.age_band\"]".to_owned(),
        format!("k = 5\n{known}\nbelow_rate = 0.1"),
        format!("k = 5\n{known}\n{sensitive}\nl = 2"),
        format!("k = 5\n{known}\n{sensitive}\nt = 2e-1"),
        format!("k = 5\n{known}\n{sensitive}\nl = 2\nt = 0.2"),
    ] {
        let text = match gates.is_empty() {
            true => gated("").replace("[gates]", ""),
            false => gated(&gates),
        };
        assert!(hashes.insert(parsed(&text).hash()), "{gates}");
        let columns = [
            ("id", DataType::Int64),
            ("age", DataType::Int64),
            ("city", DataType::Utf8),
        ];
        let plan = bound(&text, &schema(&columns)).unwrap();
        plans.insert(plan.hash().to_owned());
    }
    assert_eq!(plans.len(), 1);
}

#[test]
fn the_order_of_columns_is_nothing_to_look_at_again() {
    let hash = |names: &str| {
        let gates = format!("k = 2\nquasi_identifiers = [{names}]");
        parsed(&gated(&gates)).hash()
    };
    let both = hash("\"users.city\", \"users.age_band\"");
    assert_eq!(hash("\"users.age_band\", \"users.city\""), both);
    assert_ne!(hash("\"users.age_band\""), both);
}

#[test]
fn what_says_nothing_is_refused() {
    let known = "quasi_identifiers = [\"users.city\"]";
    for (gates, fault, says) in [
        (
            "k = 5".to_owned(),
            Fault::MissingKey,
            "`quasi_identifiers` is missing",
        ),
        (known.to_owned(), Fault::MissingKey, "`k` is missing"),
        (format!("k = 1\n{known}"), Fault::BadValue, "`k` is from 2"),
        (
            format!("k = 2.5\n{known}"),
            Fault::WrongType,
            "`k` is an integer",
        ),
        (
            "k = 5\nquasi_identifiers = []".to_owned(),
            Fault::BadValue,
            "is empty",
        ),
        (
            format!("k = 5\n{known}\nl = 2"),
            Fault::BadValue,
            "no column is `sensitive`",
        ),
        (
            format!("k = 5\n{known}\nt = 0.2"),
            Fault::BadValue,
            "no column is `sensitive`",
        ),
        (
            format!("k = 5\n{known}\nsensitive = [\"users.age_band\"]"),
            Fault::BadValue,
            "neither `l` nor `t` is given",
        ),
        (
            format!("k = 5\n{known}\nl = 1\nsensitive = [\"users.age_band\"]"),
            Fault::BadValue,
            "`l` is from 2",
        ),
        (
            format!("k = 5\n{known}\nl = 2\nsensitive = [\"users.city\"]"),
            Fault::BadValue,
            "`users.city` is named twice",
        ),
        (
            format!("k = 5\n{known}\nl = 2\nsensitive = [\"loans.status\"]"),
            Fault::BadValue,
            "no quasi-identifier is of table `loans`",
        ),
        (
            format!("k = 5\n{known}\nbelow_rate = 2"),
            Fault::BadValue,
            "from 0 to 1",
        ),
    ] {
        let told = faults(&gates);
        assert_eq!(told.len(), 1, "{gates}: {told:?}");
        assert!(
            told[0].0 == fault && told[0].1.contains(says),
            "{gates}: {told:?}"
        );
    }
}

#[test]
fn columns_are_of_the_output_and_show_something_of_people() {
    for (name, fault, says) in [
        (
            "users.age",
            Fault::BadValue,
            "`users.age` is not in the output",
        ),
        (
            "users.town",
            Fault::NoSuchColumn,
            "no table writes a column `users.town`",
        ),
        ("users.cty", Fault::NoSuchColumn, "no table writes"),
        ("user.city", Fault::NoSuchColumn, "no table writes"),
        ("city", Fault::NoSuchColumn, "no table writes"),
        ("users.id", Fault::BadValue, "is a column of pseudonyms"),
        ("loans.note", Fault::BadValue, "is not in the output"),
    ] {
        let told = faults(&format!("k = 5\nquasi_identifiers = [\"{name}\"]"));
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert!(
            told[0].0 == fault && told[0].1.contains(says),
            "{name}: {told:?}"
        );
    }
}

/// What the refused rule would have written, nobody knows.
#[test]
fn a_rule_that_is_refused_is_told_alone() {
    let text = gated("k = 5\nquasi_identifiers = [\"users.town\"]");
    let violations = refused(&text.replace("token = \"account\"", "tokn = \"account\"")).violations;
    let told: Vec<_> = violations.iter().map(|told| told.fault).collect();
    assert!(!told.contains(&Fault::NoSuchColumn), "{told:?}");
}
