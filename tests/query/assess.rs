//! What a run tells of people, on tables made by hand.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use pseudo_engine::risk::{Assessment, ColumnClass, Origin, Unit, WarningKind};
use pseudo_query::{Assess, ColumnName, Error};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::classes::near;
use crate::sink::Sink;

/// Name, subject and columns of a table; of each column name, rule, source and values.
type Spec<'a> = (
    &'a str,
    Option<&'a str>,
    Vec<(&'a str, &'a str, &'a str, ArrayRef)>,
);

/// A run with these tables.
fn publish(tables: &[Spec<'_>]) -> Sink {
    let sink = Sink {
        dir: TempDir::new().unwrap(),
    };
    let mut recorded = Vec::new();
    for (name, subject, columns) in tables {
        let arrays = columns
            .iter()
            .map(|(name, _, _, array)| (*name, Arc::clone(array), true));
        let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
        sink.write("r1", name, 0, &batch);
        let column = |(name, action, source, array): &(&str, &str, &str, ArrayRef)| {
            json!({
                "source": source, "column": name, "action": action, "identity": null,
                "kind": null, "blank_list": null, "type": array.data_type().to_string(),
                "rows": 0, "transformed": 0, "null": 0, "blank": 0, "nulled": 0, "suspect": 0,
                "invalid": 0, "distinct": null,
            })
        };
        let path = format!("{name}/part-00000-00000000.parquet");
        recorded.push(json!({
            "table": name, "source_rows": 0, "published_rows": 0, "filtered_rows": 0,
            "quarantined_rows": 0, "distinct_subjects": null, "subject": subject, "sources": [],
            "dropped": [], "columns": columns.iter().map(column).collect::<Vec<_>>(),
            "outputs": [{ "path": path, "bytes": 0, "sha256": "", "rows": 0 }],
        }));
    }
    sink.record_tables("r1", recorded);
    sink.switch("runs/r1");
    sink
}

fn text(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn people() -> Sink {
    let some = |values: [&'static str; 6]| text(&values.map(Some));
    let seals = ["aaaa", "bbbb", "cccc", "dddd", "eeeeee", "ffff"];
    publish(&[(
        "staff",
        Some("who"),
        vec![
            (
                "who",
                "token person, base32, 128 bits",
                "id",
                some(["a", "b", "c", "d", "e", "e"]),
            ),
            ("sealed", "seal person, base32", "id", some(seals)),
            (
                "branch",
                "token branch, base32, 128 bits",
                "branch",
                some(["x", "x", "x", "x", "y", "y"]),
            ),
            (
                "城市",
                "keep",
                "city",
                text(&[Some("n"), Some("n"), Some("n"), Some("s"), Some("s"), None]),
            ),
            (
                "hired",
                "truncate to year",
                "hired",
                Arc::new(Date32Array::from(vec![0, 0, 0, 365, 365, 365])),
            ),
            (
                "id_start",
                "prefix, first 2",
                "id",
                some(["1", "1", "1", "1", "1", "1"]),
            ),
            (
                "salary",
                "keep",
                "salary",
                Arc::new(Int64Array::from(vec![1, 1, 1, 4, 5, 6])),
            ),
            ("note", "keep", "note", some(["p", "q", "r", "s", "t", "u"])),
        ],
    )])
}

fn assess(
    sink: &Sink,
    sets: &[Vec<ColumnName>],
    sensitive: &[ColumnName],
) -> Result<Assessment, Error> {
    Assess {
        sink: sink.path(),
        tables: &[],
        quasi_identifiers: sets,
        sensitive,
        k: Some(2),
        memory_bytes_max: 64 << 20,
    }
    .assess()
}

fn named(table: &str, column: &str) -> ColumnName {
    ColumnName {
        table: table.to_owned(),
        column: column.to_owned(),
    }
}

#[test]
fn columns_are_classed_by_rule_and_name_and_counted() {
    let assessment = assess(&people(), &[], &[named("staff", "note")]).unwrap();
    let table = assessment.tables.first().unwrap();
    assert_eq!((table.rows, table.subjects), (6, Some(5)));
    let classes: Vec<_> = table.columns.iter().map(|one| one.class).collect();
    let pseudonym = ColumnClass::Pseudonym;
    let (known, secret) = (ColumnClass::QuasiIdentifier, ColumnClass::Sensitive);
    assert_eq!(
        classes,
        [
            pseudonym, pseudonym, pseudonym, known, known, known, secret, secret
        ]
    );
    let counts = |name: &str| {
        let column = table.columns.iter().find(|one| one.column == name).unwrap();
        (column.distinct, column.nulls, column.unique, column.top)
    };
    assert_eq!(counts("who"), (5, 0, 4, 2));
    assert_eq!(counts("城市"), (2, 1, 0, 3));
    assert_eq!(counts("salary"), (4, 0, 3, 3));
    let column = |name: &str| table.columns.iter().find(|one| one.column == name).unwrap();
    // branch: 4 and 2 of 6 rows
    near(column("branch").entropy, 3_f64.log2() - 2.0 / 3.0);
    near(column("branch").min_entropy, 1.5_f64.log2());
    let attack = column("branch").frequency.unwrap();
    near(attack.values, 2.0);
    near(attack.rows, 1.0);
    // who: one of two rows is known by its count, of four of one row one is met by chance
    let attack = column("who").frequency.unwrap();
    near(attack.values, 2.0);
    near(attack.rows, 0.5);
    assert_eq!(column("salary").frequency, None);
    let lengths = column("sealed").lengths.unwrap();
    assert_eq!(
        (lengths.lengths, lengths.smallest, lengths.unique),
        (2, 1, 1)
    );
}

#[test]
fn sets_are_given_proposed_and_all() {
    let sets = [vec![named("staff", "hired")]];
    let assessment = assess(&people(), &sets, &[]).unwrap();
    let table = assessment.tables.first().unwrap();
    let told: Vec<_> = table
        .sets
        .iter()
        .map(|set| {
            let risk = &set.risk;
            (
                set.origin,
                risk.quasi_identifiers.len(),
                risk.k,
                risk.members,
                risk.unique,
            )
        })
        .collect();
    // e is in two classes of what is proposed: its city is once unknown
    assert_eq!(
        told,
        [
            (Origin::Given, 1, 2, 5, 0),
            (Origin::Proposed, 3, 1, 6, 1),
            (Origin::All, 5, 1, 6, 6),
        ]
    );
    let given = &table.sets.first().unwrap().risk;
    assert_eq!(given.unit, Unit::Subjects);
    let salary = given.sensitive.first().unwrap();
    assert_eq!(
        (salary.l_distinct, salary.disclosed, salary.ordered),
        (1, 3, true)
    );
    // a, b and c earn the least of four: 1/2 + 2/3 + 5/6 less than … over three steps
    near(
        salary.t,
        (0.5 + (1.0 - 4.0 / 6.0) + (1.0 - 5.0 / 6.0)) / 3.0,
    );
    let kinds: Vec<_> = assessment.warnings.iter().map(|one| one.kind).collect();
    for kind in [
        WarningKind::SmallClasses,
        WarningKind::SharedValue,
        WarningKind::SkewedPseudonym,
        WarningKind::PartBesidePseudonym,
        WarningKind::FineValue,
        WarningKind::SealLength,
        WarningKind::FewSubjects,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}: {kinds:?}");
    }
    let json = serde_json::to_string(&assessment).unwrap();
    let back: Assessment = serde_json::from_str(&json).unwrap();
    assert_eq!(back, assessment);
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap()["format"],
        "pseudo-assessment/1"
    );
}

#[test]
fn what_is_not_there_is_named() {
    let sink = people();
    let table = assess(&sink, &[vec![named("stuff", "hired")]], &[]).unwrap_err();
    assert_eq!(table.to_string(), "unknown table; the tables are `staff`");
    for (sets, sensitive) in [
        (vec![vec![named("staff", "Hired")]], vec![]),
        (vec![], vec![named("staff", "Hired")]),
    ] {
        let column = assess(&sink, &sets, &sensitive).unwrap_err();
        assert_eq!(column.to_string(), "there is no column `Hired`");
    }
    let empty = Sink {
        dir: TempDir::new().unwrap(),
    };
    assert!(matches!(
        assess(&empty, &[], &[]),
        Err(Error::NothingPublished)
    ));
}

#[test]
fn tables_without_rows_or_files_are_told_of() {
    let none = publish(&[(
        "empty",
        Some("who"),
        vec![("who", "token person", "who", text(&[]))],
    )]);
    let none = assess(&none, &[], &[]).unwrap();
    let sink = Sink::published();
    let nothing = Assess {
        sink: sink.path(),
        tables: &["nothing".to_owned()],
        quasi_identifiers: &[],
        sensitive: &[],
        k: None,
        memory_bytes_max: 64 << 20,
    };
    let nothing = nothing.assess().unwrap();
    assert_eq!(
        (none.tables.len(), nothing.tables.len(), nothing.k_wanted),
        (1, 1, 5)
    );
    let subjects: Vec<_> = none.tables.iter().map(|table| table.subjects).collect();
    assert_eq!(subjects, [Some(0)]);
    for table in none.tables.iter().chain(&nothing.tables) {
        assert_eq!(table.rows, 0, "{}", table.table);
        assert!(
            table
                .sets
                .iter()
                .all(|set| set.risk.k == 0 && set.risk.members == 0)
        );
        assert!(
            table
                .columns
                .iter()
                .all(|one| one.distinct == 0 && one.entropy == 0.0)
        );
    }
    assert!(none.warnings.is_empty() && nothing.warnings.is_empty());
}
