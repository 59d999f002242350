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
        "`t.csv`, row 1, column `note`: ends inside a quoted field"
    );
    assert_eq!(
        fault("id,note\n1,a\n\"canary\n"),
        "`t.csv`, row 2, column `id`: ends inside a quoted field"
    );
    let header = "`t.csv`: its first record ends inside a quoted field";
    assert_eq!(fault("id,\"canary\n1,a\n"), header);
}

#[test]
fn files_without_a_header_are_refused() {
    let empty = "`t.csv`: empty file: not even a header";
    for content in ["", "\u{feff}", "\n", "\r\n\r\n"] {
        assert_eq!(fault(content), empty, "{content:?}");
    }
    let unnamed = "`t.csv`: header, column 2: has no name";
    for content in ["id,,note\n1,canary,b\n", "id,\"\",note", "id,\n"] {
        assert_eq!(fault(content), unnamed, "{content:?}");
    }
    let text = fault(b"id,canary\xff\n1,a\n");
    assert_eq!(text, "`t.csv`: header, column 2: not valid UTF-8");
    let long = format!("\"{}", "canary,".repeat(3 << 20));
    let text = fault(long);
    assert_eq!(text, "`t.csv`: its first record has no end within 16 MiB");
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", "id,note,note\n1,canary,b\n");
    let error = sandbox.run(KEEP, 1).err().unwrap();
    assert_eq!(error.exit_code(), 2);
    let text = error.to_string();
    assert!(
        text.contains("`note`") && !text.contains("canary"),
        "{text}"
    );
}

#[test]
fn lines_end_with_lf_cr_lf_or_cr() {
    let expected = [Some("a".to_owned()), Some("b".to_owned())];
    for content in [
        "id,note\n1,a\n2,b",
        "id,note\r\n1,a\r\n2,b\r\n",
        "id,note\r1,a\r2,b\r",
        "id,note\r\n1,a\r2,b\n\r\n",
        "\n\nid,note\n\n1,a\n\n\n2,b\n\n",
    ] {
        assert_eq!(notes(content), expected, "{content:?}");
    }
    let quoted = "id,note\n1,\"a\rb\r\nc\nd\"\n";
    assert_eq!(notes(quoted), [Some("a\rb\r\nc\nd".to_owned())]);
    // in a field without quotes it ends a record, as everywhere
    let text = fault("id,note\n1,can\rary\n");
    assert_eq!(text, "`t.csv`, row 2: too few fields");
}

#[test]
fn an_empty_line_is_a_record_of_one_column_alone() {
    let one = KEEP.replace("id = \"keep\"\n", "");
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", "note\na\n\n\r\nb\n\n");
    sandbox.run(&one, 1).unwrap();
    let found = texts(&sandbox.read("t"), "note");
    let found: Vec<_> = found.iter().map(Option::as_deref).collect();
    assert_eq!(found, [Some("a"), None, None, Some("b"), None]);
    // what a fault counts is what is read
    sandbox.text("t.csv", "note\n\n\ncanary,\n");
    let error = sandbox.run(&one, 2).err().unwrap().to_string();
    assert_eq!(error, "`t.csv`, row 3: too many fields");
    assert_eq!(
        fault("id,note\n\n1,a\n\n\n2\n"),
        "`t.csv`, row 2: too few fields"
    );
}

#[test]
fn unusual_fields_are_text() {
    let note = |note: &str| notes(format!("id,note\n1,{note}\n2,b\n"));
    for (written, text) in [
        ("a\0b", "a\0b"),
        ("\"a\0\"", "a\0"),
        ("a\"b\"", "a\"b\""),
        ("\"a\"b", "ab"),
        ("\"a\"b\"", "ab\""),
        (" \"a\"", " \"a\""),
        ("\"\"\"\"", "\""),
        ("\"\"\"a\"\",\"\"b\"\"\"", "\"a\",\"b\""),
        ("\u{feff}a", "\u{feff}a"),
        ("\u{1F697}", "\u{1F697}"),
    ] {
        assert_eq!(
            note(written),
            [Some(text.to_owned()), Some("b".to_owned())],
            "{written:?}"
        );
    }
    let long = "é".repeat(1 << 19);
    assert_eq!(note(&long)[0].as_ref(), Some(&long));
    let long = format!("{},\n", "x".repeat(1 << 20));
    assert_eq!(note(&format!("\"{long}\""))[0].as_ref(), Some(&long));
}

#[test]
fn ten_thousand_columns_are_read() {
    let line = |prefix: &str| {
        let fields: Vec<_> = (0..10_000).map(|n| format!("{prefix}{n}")).collect();
        fields.join(",")
    };
    let sandbox = Sandbox::new();
    let rows: Vec<_> = (0..20).map(|row| line(&format!("{row}-"))).collect();
    sandbox.text("t.csv", format!("{}\n{}\n", line("列"), rows.join("\n")));
    let tables = "[tables.t]\nsource = \"t.csv\"\norder = \"source\"\nunlisted = \"drop\"\n\
                  [tables.t.columns]\n\"列0\" = \"keep\"\n\"列9999\" = \"keep\"\n";
    sandbox.run(tables, 1).unwrap();
    let batch = sandbox.read("t");
    assert_eq!((batch.num_columns(), batch.num_rows()), (2, 20));
    assert_eq!(texts(&batch, "列9999")[19].as_deref(), Some("19-9999"));
    sandbox.text(
        "t.csv",
        format!("{}\n{}\n", line("列"), line("0-").replacen(',', ";", 1)),
    );
    let error = sandbox.run(tables, 2).err().unwrap().to_string();
    assert_eq!(error, "`t.csv`, row 1: too few fields");
}

/// A pipeline over GB18030.
fn gb18030(option: &str) -> String {
    KEEP.replace("order", &format!("encoding = \"gb18030\"\n{option}order"))
}

#[test]
fn gb18030_is_decoded() {
    let sandbox = Sandbox::new();
    // 甲, 亅 whose second byte is `|`, 𠀀 of four bytes of which two look like digits
    let content = b"id,note\n\xBC\xD7,\"a\n\"\"\x81\x7C\"\n2,\x95\x32\x82\x36\n3,\n";
    let expected = [Some("a\n\"\u{4E85}"), Some("\u{20000}"), None];
    let read = |content: &[u8], options: &str| {
        sandbox.text("t.csv", content);
        let _ = std::fs::remove_dir_all(sandbox.path("safe"));
        sandbox.run(&gb18030(options), 1).unwrap();
        let batch = sandbox.read("t");
        assert_eq!(texts(&batch, "id")[0].as_deref(), Some("甲"));
        let found = texts(&batch, "note");
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, expected);
    };
    read(content, "");
    read(&[b"\x84\x31\x95\x33", content.as_slice()].concat(), "");
    let mut bars = content.to_vec();
    for byte in &mut bars {
        *byte = if *byte == b',' { b'|' } else { *byte };
    }
    read(&bars, "delimiter = \"|\"\n");
}

#[test]
fn names_in_gb18030_are_decoded() {
    let sandbox = Sandbox::new();
    // 编号, 备注
    sandbox.text(
        "t.csv",
        b"\xB1\xE0\xBA\xC5,\xB1\xB8\xD7\xA2\r\n1,\xD2\xD2\r\n",
    );
    let tables = gb18030("")
        .replace("id =", "\"编号\" =")
        .replace("note =", "\"备注\" =");
    sandbox.run(&tables, 1).unwrap();
    assert_eq!(texts(&sandbox.read("t"), "备注"), [Some("乙".to_owned())]);
}

#[test]
fn bytes_that_are_no_gb18030_are_refused_by_row_and_column() {
    for (bad, text) in [
        (b"1,a\n2,canary\xFF\n".as_slice(), "row 2, column `note`"),
        (b"1,a\n2,b\n\x81,c\n", "row 3, column `id`"),
        (b"1,\x81\x30\x81\n", "row 1, column `note`"),
        (b"1,a\n2,canary\x81", "row 2, column `note`"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.text("t.csv", [b"id,note\n", bad].concat());
        let error = sandbox.run(&gb18030(""), 1).err().unwrap();
        assert_eq!(error.exit_code(), 1);
        assert_eq!(
            error.to_string(),
            format!("`t.csv`, {text}: not valid GB18030")
        );
    }
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", b"id,canary\xFF\n1,a\n");
    let error = sandbox.run(&gb18030(""), 1).err().unwrap().to_string();
    assert_eq!(error, "`t.csv`: header, column 2: not valid GB18030");
}

#[test]
fn slices_of_gb18030_never_cut_a_record() {
    let row = |row: usize| {
        let mut text = format!("{row}|\"").into_bytes();
        // `|"` where a delimiter and a quote would be, were they not the end of 亅 and the next
        text.extend(b"\x81\x7C\"\"\n\x81\x7C\"\n");
        text
    };
    let mut content = b"id|note\n".to_vec();
    let rows = 2_000_000;
    (0..rows).for_each(|n| content.extend(row(n)));
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", &content);
    let report = sandbox.run(&gb18030("delimiter = \"|\"\n"), 1).unwrap();
    assert!(report.manifest.tables[0].outputs.len() > 1);
    let batch = sandbox.read("t");
    assert_eq!(batch.num_rows(), rows);
    let notes = texts(&batch, "note");
    assert!(notes.iter().all(|note| note.as_deref() == Some("亅\"\n亅")));
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
