//! CSV as it comes: quotes, newlines in fields, marks, odd lines; and slices that never cut a
//! record.

use crate::harness::{Sandbox, texts};

const KEEP: &str = r#"
[tables.t]
source = "t.csv"
order = "source"
[tables.t.columns]
id = "keep"
note = "keep"
"#;

fn notes(content: impl AsRef<[u8]>) -> Vec<Option<String>> {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", content);
    sandbox.run(KEEP, 1).unwrap();
    texts(&sandbox.read("t"), "note")
}

fn fault(content: impl AsRef<[u8]>) -> String {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", content);
    let error = sandbox.run(KEEP, 1).err().unwrap();
    assert_eq!(error.exit_code(), 1, "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    error.to_string()
}

#[test]
fn fields_keep_their_text() {
    let rows = "id,note\r\n1,plain\r\n2,\"a,b\"\r\n3,\"line\nbreak\"\r\n\
                4,\"say \"\"hi\"\"\"\r\n5,\n6,\\N\n7,00012";
    let expected = [
        Some("plain"),
        Some("a,b"),
        Some("line\nbreak"),
        Some("say \"hi\""),
        None,
        None,
    ];
    let expected: Vec<_> = expected.into_iter().chain([Some("00012")]).collect();
    assert_eq!(
        notes(rows),
        expected
            .iter()
            .map(|t| t.map(str::to_owned))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_byte_order_mark_and_unicode_names_are_no_trouble() {
    assert_eq!(notes("\u{feff}id,note\n1,甲\n"), [Some("甲".to_owned())]);
}

#[test]
fn a_stray_quote_inside_a_field_is_text() {
    assert_eq!(
        notes("id,note\n1,5\" pipe\n2,b\n"),
        [Some("5\" pipe".into()), Some("b".into())]
    );
}

#[test]
fn a_header_alone_is_an_empty_table() {
    assert!(notes("id,note\n").is_empty());
    assert!(notes("id,note").is_empty());
}

#[test]
fn faults_name_file_row_and_column_and_no_value() {
    let text = fault(b"id,note\n1,a\n2,canary\xff\n");
    assert_eq!(text, "`t.csv`, row 2, column `note`: not valid UTF-8");
    assert_eq!(
        fault("id,note\n1,a\n2,canary,c\n"),
        "`t.csv`, row 2: too many fields"
    );
    assert_eq!(fault("id,note\n1\n"), "`t.csv`, row 1: too few fields");
    assert_eq!(
        fault("id,note\n1,\"canary\n"),
        "`t.csv`: ends inside a quoted field"
    );
    assert_eq!(fault(""), "`t.csv`: empty file: not even a header");
}

#[test]
fn slices_never_cut_a_record() {
    let mut content = String::from("id,note\n");
    let rows = 300_000;
    for row in 0..rows {
        let filler = "x".repeat(row % 90);
        content.push_str(&format!("{row},\"{filler}\n\"\"{row}\"\", and more\"\n"));
    }
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", &content);
    let report = sandbox.run(KEEP, 1).unwrap();
    assert!(report.manifest.tables[0].outputs.len() > 1);
    let batch = sandbox.read("t");
    assert_eq!(batch.num_rows(), rows);
    let ids: Vec<_> = texts(&batch, "id").into_iter().flatten().collect();
    assert!(
        ids.iter()
            .enumerate()
            .all(|(row, id)| *id == row.to_string())
    );
    // a fault far into the file is still told by its row
    sandbox.text("t.csv", format!("{content}1,2,3\n"));
    let error = sandbox.run(KEEP, 2).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("`t.csv`, row {}: too many fields", rows + 1)
    );
}

#[test]
fn declared_types_are_parsed_or_refused() {
    let typed = |content: &str| {
        let sandbox = Sandbox::new();
        sandbox.text("t.csv", content);
        let pipeline = KEEP.replace("order", "types = { id = \"integer\" }\norder");
        sandbox
            .run(&pipeline, 1)
            .map(|_| texts(&sandbox.read("t"), "id"))
    };
    assert_eq!(
        typed("id,note\n12,a\n,b\n").unwrap(),
        [Some("12".to_owned()), None]
    );
    let error = typed("id,note\n12,a\ncanary,b\n")
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        "`t.csv`, row 2, column `id`: not a value of the declared type"
    );
}
