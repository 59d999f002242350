//! What a query may not do, and that no error holds a value of the data or of the statement.

use std::fs;

use pseudo_query::{Error, Format, Query};

use crate::sink::{CANARY, Sink, users};

#[test]
fn only_queries_are_answered() {
    let sink = Sink::published();
    let outside = sink.path().join("out.csv");
    let outside = outside.to_str().unwrap();
    for sql in [
        &format!("COPY users TO '{outside}' STORED AS CSV"),
        &format!("COPY (SELECT * FROM users) TO '{outside}'"),
        &format!("EXPLAIN ANALYZE COPY users TO '{outside}' STORED AS CSV"),
        &format!("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{outside}'"),
        "CREATE TABLE t AS SELECT * FROM users",
        "CREATE VIEW v AS SELECT * FROM users",
        "SELECT * INTO t FROM users",
        "INSERT INTO users SELECT * FROM users",
        "DELETE FROM users",
        "UPDATE users SET id = 1",
        "DROP TABLE users",
        "SET datafusion.execution.target_partitions = 1",
        "SHOW ALL",
        "BEGIN",
        "PREPARE p AS SELECT 1",
        "SELECT 1; SELECT 2",
        "",
    ] {
        let error = sink.refusal(sql);
        assert!(matches!(error, Error::NotAQuery), "{sql}: {error:?}");
    }
    assert!(!sink.path().join("out.csv").exists());
}

#[test]
fn a_path_is_not_a_table() {
    let sink = Sink::published();
    let part = sink
        .path()
        .join("runs/r1/users/part-00000-00000000.parquet");
    for name in [
        part.to_str().unwrap(),
        "/etc/passwd",
        "pseudo://run/users/part-00000-00000000.parquet",
        "information_schema.tables",
        "other.schema.users",
    ] {
        for sql in [
            format!("SELECT * FROM '{name}'"),
            format!("SELECT * FROM \"{name}\""),
        ] {
            let error = sink.refusal(&sql);
            let refused = matches!(error, Error::UnknownTable { .. } | Error::Syntax { .. });
            assert!(refused, "{sql}: {error:?}");
        }
    }
    let error = sink.refusal("SELECT * FROM information_schema.tables");
    assert!(matches!(error, Error::UnknownTable { .. }), "{error:?}");
}

#[test]
fn faults_are_named_with_their_place() {
    let sink = Sink::published();
    let text = |sql: &str| sink.refusal(sql).to_string();
    assert_eq!(text("SELECT id\nFROM users WHERE ("), "not valid SQL");
    assert_eq!(
        text("SELECT id\nFRM users"),
        "not valid SQL at line 2, column 5"
    );
    let known = "the columns are `country`, `id`, `region`, `sealed`, `token`";
    let unknown = text("SELECT id, phone FROM users");
    assert_eq!(
        unknown,
        format!("unknown column at line 1, column 12; {known}")
    );
    assert_eq!(
        text("SELECT 1 FROM user"),
        "unknown table; the tables are `users`, `orders`, `车辆`, `nothing`"
    );
    let ambiguous = text("SELECT id FROM users u JOIN orders o ON u.id = o.id");
    assert!(
        ambiguous.starts_with("ambiguous or duplicate column name"),
        "{ambiguous}"
    );
}

#[test]
fn no_error_holds_a_value() {
    let sink = Sink::published();
    for sql in [
        "SELECT cast(country AS BIGINT) FROM users",
        "SELECT cast('canary-7f3a' AS BIGINT)",
        "SELECT to_timestamp(country) FROM users",
        "SELECT arrow_cast(country, 'canary-7f3a') FROM users",
        "SELECT id FROM users WHERE country = \"canary-7f3a\"",
        "SELECT id FROM \"canary-7f3a\"",
        "SELECT \"canary-7f3a\"(id) FROM users",
        "SELECT x FROM (SELECT concat(country, 'canary-7f3a') FROM users)",
        "SELECT id FROM users WHERE country = 'canary-7f3a",
        "SELECT 'canary-7f3a' 'canary-7f3a' FROM users GROUP BY",
        "SELECT id, 'canary-7f3a' || country FROM users GROUP BY id",
        "SELECT interval 'canary-7f3a'",
        "SELECT date 'canary-7f3a'",
        "SELECT regexp_like(country, '(canary-7f3a') FROM users",
        "SELECT id / 0 FROM users",
    ] {
        let error = sink.refusal(sql);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(CANARY), "{sql}: {shown}");
    }
}

#[test]
fn a_damaged_file_is_named_by_kind_alone() {
    let sink = Sink::published();
    let part = sink
        .path()
        .join("runs/r1/users/part-00001-00000000.parquet");
    let bytes = fs::read(&part).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&part)
        .unwrap()
        .set_len(bytes.len() as u64 / 2)
        .unwrap();
    assert!(matches!(
        sink.refusal("SELECT * FROM users"),
        Error::Damaged
    ));
}

#[test]
fn a_sink_without_a_run_is_refused() {
    let sink = Sink {
        dir: tempfile::tempdir().unwrap(),
    };
    assert!(matches!(sink.refusal("SELECT 1"), Error::NothingPublished));
    sink.write("r1", "users", 0, &users(&[1], &[None]));
    for target in ["/etc", "../elsewhere", "runs/../..", "other/r1"] {
        sink.switch(target);
        assert!(
            matches!(sink.refusal("SELECT 1"), Error::ForeignCurrent),
            "{target}"
        );
    }
    sink.switch("runs/gone");
    assert!(matches!(sink.refusal("SELECT 1"), Error::Manifest(_)));
}

#[test]
fn what_does_not_fit_into_memory_is_refused_and_never_spilled() {
    let sink = Sink::published();
    let sql = "SELECT value FROM range(1, 1000000) ORDER BY value % 7, value";
    let (path, format) = (sink.path(), Format::Json);
    let question = Query {
        sink: path,
        sql,
        format,
        memory_bytes_max: 1 << 20,
    };
    let error = question.answer(&mut Vec::new()).unwrap_err();
    assert!(matches!(error, Error::Memory), "{error:?}");
}
