//! Answers over a published run, in every format.

use std::io::{self, Write};

use pseudo_query::{Error, Format, query};

use crate::sink::{CANARY, Sink, users};

#[test]
fn reads_every_file_of_a_table() {
    let sink = Sink::published();
    assert_eq!(
        sink.csv("SELECT count(*) AS n, sum(id) AS s FROM users"),
        "n,s\n3,6\n"
    );
    assert_eq!(sink.csv("SELECT \"id\" FROM 车辆"), "id\n9\n");
}

#[test]
fn names_the_run_and_counts_the_rows() {
    let (_, answer) = Sink::published()
        .ask("SELECT * FROM Users", Format::Json)
        .unwrap();
    assert_eq!((answer.run.as_str(), answer.rows), ("r1", 3));
}

#[test]
fn writes_csv_with_null_as_the_empty_field_and_binary_as_hex() {
    let text = Sink::published().csv("SELECT * FROM users ORDER BY id LIMIT 2");
    let expected = "id,token,sealed,country,region\n\
        1,01010101010101010101010101010101,01ab,cn,cn\n\
        2,02020202020202020202020202020202,01ab,,\n";
    assert_eq!(text, expected);
}

#[test]
fn writes_one_json_object_per_line() {
    let sink = Sink::published();
    let sql = "SELECT * FROM users ORDER BY id LIMIT 2";
    let expected = concat!(
        r#"{"id":1,"token":"01010101010101010101010101010101","sealed":"01ab","#,
        r#""country":"cn","region":"cn"}"#,
        "\n",
        r#"{"id":2,"token":"02020202020202020202020202020202","sealed":"01ab","#,
        r#""country":null,"region":null}"#,
        "\n",
    );
    assert_eq!(sink.ask(sql, Format::Json).unwrap().0, expected);
}

#[test]
fn draws_a_table_and_shortens_nothing() {
    let sink = Sink::published();
    let sql = "SELECT id, country, repeat('x', 300) AS wide FROM users ORDER BY id DESC";
    let text = sink.ask(sql, Format::Table).unwrap().0;
    assert!(text.contains(&"x".repeat(300)), "{text}");
    assert!(text.contains(CANARY) && text.contains("NULL"), "{text}");
    assert_eq!(text.lines().count(), 7);
}

#[test]
fn what_a_terminal_obeys_reaches_it_in_no_table() {
    let sink = Sink::published();
    let cell = "a\u{1b}[2J\tb\r\u{9b}1m\u{202e}c\u{7f}甲";
    let sql = format!("SELECT '{cell}' AS \"x\u{1b}]0;y\u{7}\", 'one\ntwo' AS lines");
    let text = sink.ask(&sql, Format::Table).unwrap().0;
    let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!text.contains(obeyed), "{text:?}");
    let escaped = r"a\u{1b}[2J\tb\r\u{9b}1m\u{202e}c\u{7f}甲";
    let head = r"x\u{1b}]0;y\u{7}";
    assert!(text.contains(escaped) && text.contains(head), "{text}");
    assert!(text.contains("| one ") && text.contains("| two "), "{text}");
    // what a machine reads is exact
    let csv = sink.ask(&sql, Format::Csv).unwrap().0;
    assert!(csv.contains(cell.split_once('\r').unwrap().0), "{csv:?}");
    let json = sink.ask(&sql, Format::Json).unwrap().0;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["x\u{1b}]0;y\u{7}"], cell);
}

#[test]
fn an_empty_table_keeps_its_columns() {
    let sink = Sink::published();
    assert_eq!(
        sink.csv("SELECT * FROM orders"),
        "id,token,sealed,country,region\n"
    );
    assert_eq!(
        sink.ask("SELECT * FROM orders", Format::Json).unwrap().0,
        ""
    );
    let table = sink.ask("SELECT id FROM orders", Format::Table).unwrap().0;
    assert!(table.contains("| id |"), "{table}");
    assert_eq!(sink.csv("SELECT * FROM nothing"), "token,born,at\n");
}

#[test]
fn joins_tables_of_the_run() {
    let sql = "SELECT u.id, v.id AS vehicle FROM users u JOIN 车辆 v USING (country)";
    assert_eq!(Sink::published().csv(sql), "id,vehicle\n1,9\n");
}

#[test]
fn common_table_expressions_windows_and_explain_are_queries() {
    let sink = Sink::published();
    let sql = "WITH t AS (SELECT id FROM users) \
        SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM t ORDER BY id;";
    assert_eq!(sink.csv(sql), "id,r\n1,3\n2,2\n3,1\n");
    assert!(
        sink.csv("EXPLAIN SELECT id FROM users")
            .contains("DataSourceExec")
    );
    assert!(sink.csv("DESCRIBE users").contains("token"));
}

#[test]
fn follows_the_switch_to_another_run() {
    let sink = Sink::published();
    sink.write("r2", "users", 0, &users(&[7], &[None]));
    sink.record("r2", &[("users", 1)]);
    sink.switch("runs/r2");
    assert_eq!(sink.csv("SELECT id FROM users"), "id\n7\n");
    assert!(matches!(
        sink.refusal("SELECT id FROM orders"),
        Error::UnknownTable { .. }
    ));
}

#[test]
fn a_reader_that_went_away_is_an_io_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let sink = Sink::published();
    let error = query(sink.path(), "SELECT * FROM users", Format::Csv, &mut Closed).unwrap_err();
    let kind = match error {
        Error::Write(error) => Some(error.kind()),
        _ => None,
    };
    assert_eq!(kind, Some(io::ErrorKind::BrokenPipe));
}
