//! Bad input of every kind, each with its exit code (DESIGN.md 4) and its words, through the
//! program as a scheduler starts it. After each, whatever it was: no panic, no value and no secret
//! in anything that was said or written, what was published before as it was and proved once more,
//! nothing staged, and a last line that says so.
#![expect(clippy::too_many_lines, reason = "tables")]

mod csv;
mod data;
mod files;
mod keys;
mod ndjson;
mod packed;
mod parquet;
mod pipeline;

use std::fs;
use std::sync::OnceLock;

use serde_json::Value;

use crate::harness::{Done, Sandbox};
use crate::leak::{forms, holds};

/// One bad input.
struct Case {
    what: &'static str,
    /// Spoils a night whose run before, `first`, is published.
    spoil: fn(&Sandbox),
    args: &'static [&'static str],
    code: i32,
    /// What is said, on standard error, or on standard output by what succeeds.
    says: &'static [&'static str],
    /// The last line of a failure.
    last: Option<&'static str>,
}

/// A run that fails, and leaves `first` current.
fn fails(
    what: &'static str,
    code: i32,
    says: &'static [&'static str],
    spoil: fn(&Sandbox),
) -> Case {
    Case {
        what,
        spoil,
        args: &["run", "night.toml"],
        code,
        says,
        last: Some("nothing was published; run `first` is still current in `safe`"),
    }
}

/// A run that looks bad, and is not.
fn passes(what: &'static str, says: &'static [&'static str], spoil: fn(&Sandbox)) -> Case {
    Case {
        last: None,
        ..fails(what, 0, says, spoil)
    }
}

/// Something else that fails: `args` alone, or beside what `spoil` does.
fn asks(
    what: &'static str,
    args: &'static [&'static str],
    code: i32,
    says: &'static [&'static str],
) -> Case {
    Case {
        args,
        ..fails(what, code, says, |_| {})
    }
}

macro_rules! tables {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                hold(&$name::cases());
            }
        )*

        #[test]
        fn there_are_enough() {
            let counts = [$($name::cases().len()),*];
            assert!(counts.iter().sum::<usize>() >= 90, "{counts:?}");
        }
    };
}

tables!(csv, data, files, keys, ndjson, packed, parquet, pipeline);

/// Tries all cases, and tells of every one that is not as its row says.
fn hold(cases: &[Case]) {
    let wrong: Vec<String> = cases.iter().filter_map(|case| case.wrong()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

impl Case {
    /// What is not as it should be.
    fn wrong(&self) -> Option<String> {
        let sandbox = night();
        (self.spoil)(&sandbox);
        let before = published(&sandbox);
        let secrets = secrets(&sandbox);
        let mut faults = Vec::new();
        let text = sandbox.run(self.args);
        self.read(&text, &mut faults);
        self.hear(&format!("{}{}", text.out, text.err), &mut faults);
        let last = text.err.lines().last();
        if self.last.is_some() && last != self.last {
            faults.push(format!("last line: {last:?}"));
        }
        let more = ["-vvv", "--log-format", "json"];
        let record = ["--lineage", "lineage.ndjson", "--metrics", "pseudo.prom"];
        let is_run = self.args.first() == Some(&"run");
        let record = if is_run { record.as_slice() } else { &[] };
        let json = sandbox.run(&[self.args, &more, record].concat());
        self.read(&json, &mut faults);
        let said = said(&json.err, &mut faults);
        // what was published by the first run is nothing to do for the second
        if self.code != 0 {
            self.hear(&said, &mut faults);
        }
        let told = [&text.out, &text.err, &json.out, &json.err].map(|text| text.as_bytes());
        let places = ["safe", "lineage.ndjson", "pseudo.prom"];
        let written: Vec<_> = places
            .iter()
            .flat_map(|place| sandbox.files(place))
            .collect();
        let written = written.iter().flat_map(|(name, bytes)| {
            let name = name.as_bytes();
            [name, bytes.as_slice()]
        });
        for bytes in told.into_iter().chain(written) {
            let shown = secrets.iter().find(|secret| shows(bytes, secret));
            faults.extend(shown.map(|secret| format!("shows {secret}")));
        }
        self.stands(&sandbox, &before, &mut faults);
        let words = format!("{}\n{}", text.err, text.out);
        let words: String = words.chars().take(4_000).collect();
        let faults = faults.join("\n  ");
        (!faults.is_empty()).then(|| format!("{}:\n  {faults}\n{words}", self.what))
    }

    /// The exit code of an answer, and that it is no panic.
    fn read(&self, done: &Done, faults: &mut Vec<String>) {
        if done.code != Some(self.code) {
            faults.push(format!("exit {:?}, not {}", done.code, self.code));
        }
        for bug in [
            "panicked",
            "internal error",
            "this is a bug",
            "RUST_BACKTRACE",
        ] {
            if done.err.contains(bug) {
                faults.push(format!("says {bug}"));
            }
        }
    }

    fn hear(&self, words: &str, faults: &mut Vec<String>) {
        let unsaid = self.says.iter().filter(|says| !words.contains(*says));
        faults.extend(unsaid.map(|says| format!("does not say {says:?}")));
    }

    /// What was published is as it was, and proved; nothing is staged.
    fn stands(&self, sandbox: &Sandbox, before: &Published, faults: &mut Vec<String>) {
        let succeeds = self.code == 0 && self.args.first() == Some(&"run");
        if !succeeds && published(sandbox) != *before {
            faults.push("what is published has changed".to_owned());
        }
        if !sandbox.files("safe/.staging").is_empty() {
            faults.push("something is staged".to_owned());
        }
        let proof = sandbox.run(&["verify", "safe"]);
        if proof.code != Some(0) {
            faults.push(format!("what is current is not proved: {}", proof.err));
        }
    }
}

/// Everything that the lines of a log say; each has to be JSON.
fn said(log: &str, faults: &mut Vec<String>) -> String {
    let mut said = String::new();
    for line in log.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            faults.push(format!("no JSON: {line}"));
            continue;
        };
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        let (level, message) = (text("level"), text("message"));
        said.push_str(&format!("{level}: {message}\n"));
        said.push_str(&format!("--> {}\nhint: {}\n", text("place"), text("hint")));
    }
    said
}

type Published = (Option<String>, Vec<(String, Vec<u8>)>);

fn published(sandbox: &Sandbox) -> Published {
    let files = sandbox.files("safe").into_iter();
    let files = files.filter(|(name, _)| !name.ends_with(".lock"));
    (sandbox.current("safe"), files.collect())
}

/// Two tables, and a first run over them.
fn night() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(&["keys", "new", "keys/test.keyring"]);
    sandbox.write("raw/people.csv", PEOPLE);
    sandbox.write("raw/orders/1.parquet", orders());
    sandbox.write("night.toml", PIPELINE);
    sandbox.ok(&["run", "night.toml", "--run-id", "first"]);
    sandbox
}

/// The orders of the first night.
fn orders() -> &'static [u8] {
    static ORDERS: OnceLock<Vec<u8>> = OnceLock::new();
    ORDERS.get_or_init(|| made(TYPES, ORDERS_CSV))
}

/// A Parquet file with the rows of a CSV text, made by a run that keeps everything.
fn made(types: &str, rows: &str) -> Vec<u8> {
    let sandbox = Sandbox::new();
    sandbox.ok(&["keys", "new", "keys/test.keyring"]);
    sandbox.write("raw/t.csv", rows);
    let heads = rows.lines().next().unwrap().split(',');
    let rules: Vec<_> = heads.map(|head| format!("\"{head}\" = \"keep\"")).collect();
    let (head, _) = PIPELINE.split_once("[limits]").unwrap();
    let table = format!(
        "{head}[tables.t]\nsource = \"t.csv\"\norder = \"source\"\ntypes = {{ {types} }}\n\
         [tables.t.columns]\n{}\n",
        rules.join("\n")
    );
    sandbox.write("t.toml", table);
    sandbox.ok(&["run", "t.toml"]);
    let (_, bytes) = sandbox.files("safe/current/t").remove(0);
    bytes
}

/// What stands in the cells of the sources, and what opens the keyring.
fn secrets(sandbox: &Sandbox) -> Vec<String> {
    let keys = sandbox.files("keys").into_iter();
    let keys = keys.filter_map(|(_, bytes)| String::from_utf8(bytes).ok());
    let keys: String = keys.collect();
    let keys = keys
        .lines()
        .filter(|line| line.starts_with("AGE-SECRET-KEY"));
    let secrets = CANARIES.iter().copied().chain(keys);
    secrets.map(str::to_owned).collect()
}

/// Whether a text, in any form, or a number, as it is in a page, stands in the bytes.
fn shows(bytes: &[u8], secret: &str) -> bool {
    let number = secret.parse::<i64>().ok();
    forms(secret).iter().any(|form| holds(bytes, form))
        || number.is_some_and(|number| holds(bytes, &number.to_le_bytes()))
}

/// A copy of `bytes` with `part` at `at`, from the end where that is negative.
fn patched(bytes: &[u8], at: isize, part: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = match usize::try_from(at) {
        Ok(at) => at,
        Err(_) => bytes.len() - at.unsigned_abs(),
    };
    bytes[at..at + part.len()].copy_from_slice(part);
    bytes
}

fn chmod(sandbox: &Sandbox, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

/// In every input; no two share a part.
const CANARIES: [&str; 6] = [
    "8412345678901",
    "金丝雀甲乙丙",
    "15498761234",
    "kanarie-note",
    "kanarie-cell",
    "kanarie-passphrase",
];

const PEOPLE: &str = "id,name,phone,city
8412345678901,金丝雀甲乙丙,15498761234,北京
8412345678902,kanarie-cell,15498765678,上海
8412345678903,kanarie-cell,15498769012,北京
8412345678904,kanarie-cell,15498763456,广州
8412345678905,kanarie-cell,15498767890,北京
";

const TYPES: &str = "account = \"integer\", day = \"date\"";

const ORDERS_CSV: &str = "account,note,day
8412345678901,kanarie-note one,2024-01-05
8412345678901,kanarie-note two,2024-01-06
8412345678902,kanarie-note three,2024-02-07
";

const PIPELINE: &str = r#"version = 1
name = "night"
domain = "test"
[keys]
keyring = "keys/test.keyring"
[source]
root = "raw"
[sink]
root = "safe"
compression = "none"
[limits]
rows_change = 0.5
null_rate_change = 0.5
quarantine_rate = 0.3
[identities.account]
kind = "integer"
[identities.phone]
kind = "cn-phone"
[identities.note]
kind = "text"
[tables.people]
source = "people.csv"
[tables.people.columns]
id = { token = "account" }
name = "drop"
phone = { token = "phone", on_invalid = "quarantine" }
city = "keep"
[tables.orders]
source = "orders/*.parquet"
[tables.orders.columns]
account = { token = "account" }
note = { seal = "note" }
day = { truncate = "month" }
"#;
