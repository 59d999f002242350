//! Leak by canary: values planted in every protected column are looked for, in every form that they
//! could take, in every byte that was written: files of the sink, answers, messages, logs.

use crate::harness::{Done, Sandbox};

/// Column, canary, rule. The kept columns hold none.
const PLANTED: [(&str, &str, &str); 20] = [
    ("account", "8412345678901", "{ token = \"account\" }"),
    (
        "wide",
        "7412345678902",
        "{ token = \"account\", bits = 256, encoding = \"hex\" }",
    ),
    (
        "person",
        "110105194912310029",
        "[ { token = \"person\" }, { derive = \"sex\", to = \"sex\" } ]",
    ),
    (
        "born_in",
        "44098119870415123X",
        "{ derive = \"birth-year\", kind = \"cn-resident-id\" }",
    ),
    (
        "phone",
        "+86 154-9876-1234",
        "{ token = \"phone\", encoding = \"uuid\" }",
    ),
    (
        "mobile",
        "15498765678",
        "{ token = \"phone\", encoding = \"binary\" }",
    ),
    ("sealed", "15498769012", "{ seal = \"phone\" }"),
    (
        "sealed_bytes",
        "15498763456",
        "{ seal = \"phone\", encoding = \"binary\" }",
    ),
    (
        "remark",
        "kanarie-seal",
        "{ seal = \"note\", encoding = \"base32\" }",
    ),
    (
        "email",
        "kanarie.local@example.com",
        "{ derive = \"email-domain\", kind = \"email\" }",
    ),
    ("name", "金丝雀甲乙丙", "\"drop\""),
    ("unlisted", "kanarie-unlisted", ""),
    ("nothing", "kanarie-null", "\"null\""),
    ("same", "kanarie-constant", "{ constant = \"x\" }"),
    (
        "card",
        "6222980000123456781",
        "{ mask = { keep_first = 0, keep_last = 4 } }",
    ),
    ("salary", "871236545", "{ band = { width = 1000000 } }"),
    ("income", "654987321", "{ round = 1000000 }"),
    ("born", "1987-06-17", "{ truncate = \"year\" }"),
    (
        "seen",
        "2031-07-19T13:37:42.123456",
        "{ truncate = \"month\" }",
    ),
    (
        "vin",
        "LZZ98KANARIE12345",
        "{ derive = \"model-year\", kind = \"vin\" }",
    ),
];

/// Parts of canaries that no rule above lets through either.
const PARTS: [&str; 9] = [
    "15498761234",
    "8615498761234",
    "kanarie",
    "金丝雀",
    "9876-1234",
    "622298000012",
    "19491231",
    "19870415",
    "13:37:42",
];

const TYPES: &str = "types = { account = \"integer\", salary = \"integer\", born = \"date\", \
                     income = \"decimal(12,2)\", seen = \"timestamp\" }";

#[test]
fn no_canary_is_in_any_byte_that_a_run_wrote() {
    let sandbox = planted();
    for (log, run) in [("text", "first"), ("json", "second")] {
        let args = [
            "run",
            "people.toml",
            "--full",
            "-vvv",
            "--log-format",
            log,
            "--run-id",
            run,
        ];
        let done = sandbox.run(&args);
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(
            done.err.contains("publish"),
            "the log tells its phases: {}",
            done.err
        );
        clean(&done);
    }
    clean(&sandbox.run(&["run", "people.toml", "-vvv"]));
    clean(&sandbox.run(&["run", "people.toml", "--full", "--json", "-vvv"]));
    clean(&sandbox.run(&["check", "people.toml", "-vvv"]));
    for format in ["csv", "json", "table"] {
        clean(&sandbox.run(&[
            "query",
            "safe",
            "SELECT * FROM people",
            "--format",
            format,
            "-vvv",
        ]));
    }
    let files = sandbox.files("safe");
    assert!(files.len() >= 7, "three runs of two files, and the lock");
    for (name, bytes) in files {
        assert_eq!(found(&bytes), None, "{name}");
        assert_eq!(found(name.as_bytes()), None);
    }
}

#[test]
fn the_search_would_find_them() {
    let sandbox = planted();
    let (_, raw) = sandbox.files("raw").remove(0);
    for (_, canary, _) in PLANTED {
        assert!(holds(&raw, canary.as_bytes()), "{canary}");
    }
    // a rule that keeps is seen in the pages
    sandbox.edit(
        "people.toml",
        "salary = { band = { width = 1000000 } }",
        "salary = \"keep\"",
    );
    sandbox.ok(&["run", "people.toml"]);
    assert!(
        sandbox
            .files("safe")
            .iter()
            .any(|(_, bytes)| found(bytes).is_some())
    );
}

/// A table with a canary in every protected column, once plain, once among other values.
fn planted() -> Sandbox {
    let sandbox = Sandbox::people();
    let heads: Vec<_> = PLANTED.iter().map(|(column, ..)| *column).collect();
    let cells: Vec<_> = PLANTED.iter().map(|(_, canary, _)| *canary).collect();
    let raw = format!(
        "{0},city\n{1},北京\n{1},上海\n{2}\n",
        heads.join(","),
        cells.join(","),
        ",".repeat(20)
    );
    sandbox.write("raw/people.csv", raw);
    let ruled = PLANTED.iter().filter(|(_, _, rule)| !rule.is_empty());
    let rules: Vec<_> = ruled
        .map(|(column, _, rule)| format!("{column} = {rule}\n"))
        .collect();
    sandbox.edit(
        "people.toml",
        "id = { token = \"account\" }\nname = \"drop\"\n",
        &rules.concat(),
    );
    sandbox.edit(
        "people.toml",
        "people.csv\"",
        &format!("people.csv\"\n{TYPES}\nunlisted = \"drop\""),
    );
    // so that pages can be searched
    sandbox.edit(
        "people.toml",
        "root = \"safe\"",
        "root = \"safe\"\ncompression = \"none\"",
    );
    sandbox.edit("people.toml", "kind = \"integer\"", IDENTITIES);
    sandbox
}

fn clean(done: &Done) {
    for text in [&done.out, &done.err] {
        assert_eq!(found(text.as_bytes()), None, "{text}");
    }
}

/// The first canary that is in the bytes, in any form.
fn found(bytes: &[u8]) -> Option<String> {
    let texts = PLANTED.iter().map(|(_, canary, _)| *canary).chain(PARTS);
    let in_text = texts
        .into_iter()
        .find(|canary| forms(canary).iter().any(|form| holds(bytes, form)));
    let numbers = [
        8_412_345_678_901_i64,
        871_236_545,
        65_498_732_100,
        1_942_234_662_123_456,
    ];
    let in_pages = numbers
        .into_iter()
        .find(|n| holds(bytes, &n.to_le_bytes()) || holds(bytes, &n.to_be_bytes()));
    // 1987-06-17 in days since 1970
    let in_days = holds(bytes, &6_376_i32.to_le_bytes()).then(|| "1987-06-17".to_owned());
    in_text
        .map(str::to_owned)
        .or(in_pages.map(|n| n.to_string()))
        .or(in_days)
}

/// As it is, in UTF-16, in full width, in hex and backwards.
pub(crate) fn forms(canary: &str) -> [Vec<u8>; 5] {
    let wide = |c: char| match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap(),
        _ => c,
    };
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    [
        canary.as_bytes().to_vec(),
        canary.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        canary.chars().map(wide).collect::<String>().into_bytes(),
        hex.into_bytes(),
        canary.chars().rev().collect::<String>().into_bytes(),
    ]
}

/// Whether a text stands in the bytes.
pub(crate) fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else {
        return false;
    };
    let mut starts = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    starts.any(|(at, _)| bytes[at + 1..].starts_with(rest))
}

const IDENTITIES: &str = r#"kind = "integer"
[identities.person]
kind = "cn-resident-id"
[identities.phone]
kind = "cn-phone"
[identities.note]
kind = "text""#;
