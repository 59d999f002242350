//! NDJSON: an object a line, a column a key, and no key that passes unseen.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use pseudo_engine::{Error, RunOptions};
use serde_json::{Map, Value, json};

use crate::harness::{Sandbox, texts};

const KEEP: &str = r#"
[tables.t]
source = "t.*"
format = "ndjson"
order = "source"
[tables.t.columns]
id = "keep"
note = "keep"
"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn notes(content: impl AsRef<[u8]>) -> Vec<Option<String>> {
    let sandbox = Sandbox::new();
    sandbox.text("t.ndjson", content);
    sandbox.run(KEEP, 1).unwrap();
    texts(&sandbox.read("t"), "note")
}

fn told(pipeline: &str, name: &str, content: &[u8]) -> Error {
    let sandbox = Sandbox::new();
    sandbox.text(name, content);
    let error = sandbox.run(pipeline, 1).err().unwrap();
    assert!(!error.to_string().contains("canary"), "{error}");
    assert!(!sandbox.path("safe/current").exists());
    error
}

fn fault(content: impl AsRef<[u8]>) -> String {
    let error = told(KEEP, "t.ndjson", content.as_ref());
    assert_eq!(error.exit_code(), 1, "{error}");
    let text = error.to_string();
    text.strip_prefix("`t.ndjson`, ")
        .unwrap_or(&text)
        .to_owned()
}

#[test]
fn values_are_the_text_they_are_written_as() {
    let rows = "\u{feff}{\"id\":1,\"note\":\"plain\"}\r\n\
                {\"note\": \"a \\\"b\\\" \\n \\u6587\\ud83d\\ude97 文\", \"id\": 2}\n\n  \n\
                {\"id\":3,\"note\":-0.50e+07}\n{\"id\":4,\"note\":true}\n{\"id\":5,\"note\":null}\n\
                {\"id\":6}\n{\"i\\u0064\":\"007\",\"note\":\"\"}\n\
                 { \"note\" : 12345678901234567890123 } ";
    let expected = [
        Some("plain"),
        Some("a \"b\" \n 文🚗 文"),
        Some("-0.50e+07"),
        Some("true"),
        None,
        None,
        Some(""),
        Some("12345678901234567890123"),
    ];
    assert_eq!(notes(rows), expected.map(|text| text.map(str::to_owned)));
}

#[test]
fn faults_name_file_and_row_and_no_value() {
    let first = "{\"id\":1,\"note\":\"canary\"}\n\n";
    for (line, text) in [
        (
            "{\"id\":1,\"id\":2,\"note\":\"canary\"}",
            "row 2, column `id`: a key that stands twice",
        ),
        ("[\"canary\"]", "row 2: not a JSON object"),
        ("17", "row 2: not a JSON object"),
        ("canary", "row 2: not JSON"),
        ("{\"id\":1,\"note\":\"canary\"", "row 2: not JSON"),
        (
            "{\"id\":1,\"note\":\"canary\"}{\"id\":2}",
            "row 2: not JSON",
        ),
        ("{\"id\":01}", "row 2: not JSON"),
        ("{\"id\":1,}", "row 2: not JSON"),
        ("{\"id\":'canary'}", "row 2: not JSON"),
        ("{\"id\":\"canary\\x\"}", "row 2: not JSON"),
        ("{\"id\":\"canary\t\"}", "row 2: not JSON"),
        ("{\"id\":NaN}", "row 2: not JSON"),
    ] {
        let found = fault(format!("{first}{line}\n"));
        let same = found == text || found.replace(", column `id`", "") == text;
        assert!(same, "{line}: {found}");
        // behind the beginning, where keys are looked for
        let many = "{\"id\":1,\"note\":\"canary\"}\n".repeat(20_000);
        let far = fault(format!("{many}{line}\n"));
        let text = text.replace("row 2", "row 20001");
        let same = far == text || far.replace(", column `id`", "") == text;
        assert!(same, "{line}: {far}");
    }
    let broken = [first.as_bytes(), b"{\"id\":2,\"note\":\"canary\xff\"}\n"].concat();
    assert_eq!(fault(broken), "row 2, column `note`: not valid UTF-8");
    assert_eq!(fault("{\"\":\"canary\"}\n"), "row 1: a key without a name");
    let empty = "`t.ndjson`: empty file: no record that tells which columns there are";
    for content in ["", "\n \r\n", "{}\n"] {
        assert_eq!(fault(content), empty);
    }
    let long = format!("{{\"id\":\"{}", "canary".repeat(3 << 20));
    let text = fault(&long);
    assert_eq!(
        text,
        "`t.ndjson`: its first record has no end within 16 MiB"
    );
}

#[test]
fn no_key_passes_unseen() {
    let late = |line: &str| format!("{}{line}\n", "{\"id\":1,\"note\":\"x\"}\n".repeat(20_000));
    let error = told(
        KEEP,
        "t.ndjson",
        b"{\"id\":1,\"note\":\"x\",\"phone\":\"canary\"}\n",
    );
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(error.to_string().contains("`phone`"), "{error}");
    let content = late("{\"id\":2,\"phone\":\"canary\"}");
    let unseen = "row 20001: a key that is no column: give it a type in `types`, or say \
                  `unlisted = \"drop\"`";
    assert_eq!(fault(&content), unseen);
    // a type makes a column of it, which wants a rule
    let typed = KEEP.replace("order", "types = { phone = \"text\" }\norder");
    let error = told(&typed, "t.ndjson", content.as_bytes());
    assert_eq!(error.exit_code(), 2, "{error}");
    let ruled = format!("{typed}phone = {{ token = \"phone\" }}\n");
    let sandbox = Sandbox::new();
    sandbox.text("t.ndjson", &content);
    sandbox.run(&ruled, 1).unwrap();
    let tokens = texts(&sandbox.read("t"), "phone");
    assert!(tokens[..20_000].iter().all(Option::is_none) && tokens[20_000].is_some());
    let dropped = KEEP.replace("order", "unlisted = \"drop\"\norder");
    sandbox.text(
        "t.ndjson",
        late("{\"id\":2,\"phone\":\"canary\",\"phone\":[{}]}"),
    );
    sandbox.run(&dropped, 2).unwrap();
    assert_eq!(sandbox.read("t").num_rows(), 20_001);
    // a key that another file has at its beginning is known in all of them
    sandbox.text("t.ndjson", &content);
    sandbox.text("t.jsonl", "{\"phone\":\"13800138000\"}\n");
    let ruled = format!("{KEEP}phone = {{ token = \"phone\" }}\n");
    sandbox.run(&ruled, 3).unwrap();
}

#[test]
fn nested_values_are_dropped_or_refused() {
    let content = "{\"id\":1,\"note\":\"x\",\"tags\":[\"canary\",{\"a\":[]}]}\n";
    let keep = format!("{KEEP}tags = \"keep\"\n");
    let error = told(&keep, "t.ndjson", content.as_bytes());
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(error.to_string().contains("nested"), "{error}");
    let sandbox = Sandbox::new();
    sandbox.text("t.ndjson", content);
    sandbox.text("t.jsonl", "{\"tags\":\"canary\",\"id\":2}\n");
    sandbox.run(&format!("{KEEP}tags = \"drop\"\n"), 1).unwrap();
    assert_eq!(sandbox.read("t").num_rows(), 2);
    let late = "{\"id\":1,\"note\":\"x\"}\n".repeat(20_000);
    let text = fault(format!("{late}{{\"note\":{{\"a\":\"canary\"}}}}\n"));
    assert_eq!(
        text,
        "row 20001, column `note`: nested: an object or a list"
    );
}

#[test]
fn declared_types_are_parsed_or_refused() {
    let types = "types = { id = \"integer\", note = \"boolean\" }\norder";
    let pipeline = KEEP.replace("order", types);
    let sandbox = Sandbox::new();
    sandbox.text("t.ndjson", "{\"id\":\"012\",\"note\":true}\n{\"id\":7}\n");
    sandbox.run(&pipeline, 1).unwrap();
    let batch = sandbox.read("t");
    assert_eq!(
        batch.column(0).data_type(),
        &arrow::datatypes::DataType::Int64
    );
    assert_eq!(
        texts(&batch, "id"),
        [Some("12".to_owned()), Some("7".to_owned())]
    );
    let error = told(&pipeline, "t.ndjson", b"{\"id\":7,\"note\":\"canary\"}\n");
    let text = "`t.ndjson`, row 1, column `note`: not a value of the declared type";
    assert_eq!(error.to_string(), text);
    let quoted = KEEP.replace("order", "quote = \"'\"\norder");
    assert_eq!(told(&quoted, "t.ndjson", b"{\"id\":7}\n").exit_code(), 2);
}

/// Objects of random values in lines of every kind, and what their notes are.
fn objects(bytes: usize) -> (String, Vec<Option<String>>) {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut below = |limit: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % limit
    };
    let (mut text, mut expected) = (String::new(), Vec::new());
    for row in 0_u64.. {
        if text.len() > bytes {
            break;
        }
        let value = match below(8) {
            0 => Value::Null,
            1 => json!(below(1 << 40)),
            2 => json!(below(2) == 0),
            3 => json!("x\ty\"z\\ \u{1}\u{7f}\r\n"),
            4 => json!("文🚗".repeat(usize::try_from(below(60)).unwrap())),
            5 => json!(-1.5e300),
            _ => json!("plain"),
        };
        let mut object = Map::new();
        if below(2) == 0 {
            object.insert("id".to_owned(), json!(row.to_string()));
            object.insert("note".to_owned(), value.clone());
        } else {
            object.insert("note".to_owned(), value.clone());
            object.insert("id".to_owned(), json!(row));
        }
        let mut line = Value::Object(object).to_string();
        if below(9) == 0 {
            line = line.replace("\":", "\" :\t").replace("note", "no\\u0074e");
        }
        text.push_str(&line);
        text.push_str(["\n", "\r\n", "\n\n"][usize::try_from(below(3)).unwrap()]);
        expected.push(match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        });
    }
    (text, expected)
}

/// Random objects read as `serde_json` reads them, plain and packed, in the same files.
#[test]
fn rows_are_those_of_another_reader() {
    let (text, expected) = objects(7 << 20);
    let pipeline = format!("[limits]\nmemory = \"64MiB\"\n{KEEP}");
    let published = |name: &str, bytes: &[u8], threads: usize| {
        let sandbox = Sandbox::new();
        sandbox.text(name, bytes);
        let threads = |options: &mut RunOptions<'_>| options.threads = Some(threads);
        sandbox.run_with(&pipeline, 1, threads).unwrap();
        let files = std::fs::read_dir(sandbox.path("safe/current/t")).unwrap();
        let mut files: Vec<_> = files
            .map(|file| file.unwrap().path())
            .map(|path| {
                (
                    path.file_name().unwrap().to_owned(),
                    std::fs::read(path).unwrap(),
                )
            })
            .collect();
        files.sort();
        (files, sandbox.read("t"))
    };
    let (plain, batch) = published("t.ndjson", text.as_bytes(), 2);
    assert!(plain.len() > 2, "{}", plain.len());
    assert_eq!(texts(&batch, "note"), expected);
    let ids: Vec<_> = texts(&batch, "id").into_iter().flatten().collect();
    assert!(
        ids.iter()
            .enumerate()
            .all(|(row, id)| *id == row.to_string())
    );
    assert!(published("t.ndjson.gz", &gzip(text.as_bytes()), 5).0 == plain);
    let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
    assert!(published("t.jsonl.zst", &packed, 1).0 == plain);
    // a fault far into the text is told by its row
    let broken = format!("{text}{{\"note\":\"canary\n");
    for (name, bytes) in [
        ("t.ndjson", broken.clone().into_bytes()),
        ("t.ndjson.gz", gzip(broken.as_bytes())),
    ] {
        let error = told(&pipeline, name, &bytes);
        let text = format!("`{name}`, row {}: not JSON", expected.len() + 1);
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_draft_is_made_for_it() {
    let mut text = String::new();
    for row in 0..90_000_u64 {
        let phone = 13_800_000_000 + row * 7_919 % 100_000_000;
        let tags = if row % 2 == 0 { "[]" } else { "null" };
        text.push_str(&format!(
            "{{\"user_id\":{row},\"phone\":\"{phone}\",\"tags\":{tags},\"amount\":{}.5}}\n",
            row % 900
        ));
    }
    for (name, bytes) in [
        ("people.ndjson", text.clone().into_bytes()),
        ("people.jsonl.gz", gzip(text.as_bytes())),
    ] {
        let sandbox = Sandbox::new();
        sandbox.text(name, bytes);
        let draft = sandbox.draft(false).unwrap();
        let [table] = &draft.tables[..] else {
            panic!("{}", draft.text);
        };
        let rule = |column: &str| {
            let found = table.columns.iter().find(|found| found.column == column);
            found.unwrap().rule.clone()
        };
        assert_eq!(table.source, name);
        assert_eq!(rule("tags"), "\"drop\"", "{}", draft.text);
        assert!(rule("phone").contains("token"), "{}", draft.text);
        sandbox.run_draft(&draft).unwrap();
        assert_eq!(sandbox.read(&table.name).num_rows(), 90_000);
    }
}
