//! Reveal and lookup as a person meets them, after a run that sealed.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use pseudo_keyring::{Access, Change, Recipient, Unlock};
use serde_json::Value;

use crate::harness::{Done, Sandbox};
use crate::text::{redacted, words_of};

/// A run over three vehicles: their seals in `tokens.csv`, their numbers in `values.txt`.
pub(crate) fn recall() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(&["keys", "new", "keys/recall.keyring"]);
    let rows = (1..).zip(VINS).map(|(n, vin)| format!("{vin},{n}\n"));
    sandbox.write(
        "raw/cars.csv",
        format!("vin,place\n{}", rows.collect::<String>()),
    );
    sandbox.write("recall.toml", PIPELINE);
    sandbox.ok(&["run", "recall.toml"]);
    let seals = sandbox.query("safe", "SELECT sealed FROM cars ORDER BY place");
    let seals: String = seals.iter().map(|row| format!("{}\n", row[0])).collect();
    sandbox.write("tokens.csv", seals);
    sandbox.write("values.txt", VINS.map(|vin| format!("{vin}\n")).concat());
    sandbox
}

/// Reveals or looks up in the identity of that pipeline.
pub(crate) fn asked<'a>(verb: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = [verb, "--pipeline", "recall.toml", "--identity", "vehicle"];
    [&words[..], more].concat()
}

pub(crate) const REASON: [&str; 2] = ["--reason", "recall 2026-17"];

fn with(verb: &str, more: &[&str]) -> Vec<String> {
    let words = asked(verb, &[&REASON[..], more].concat());
    words.into_iter().map(str::to_owned).collect()
}

fn run(sandbox: &Sandbox, words: &[String]) -> Done {
    sandbox.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Runs a command with something on its standard input.
fn fed(sandbox: &Sandbox, words: &[String], input: &str) -> Done {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut command = sandbox.command(&words);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    Done::of(child.wait_with_output().unwrap())
}

pub(crate) fn log(sandbox: &Sandbox) -> Vec<Value> {
    let text = fs::read_to_string(sandbox.path(LOG)).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn what_was_sealed_is_revealed_and_recorded() {
    let sandbox = recall();
    let done = run(&sandbox, &with("reveal", &["tokens.csv"]));
    assert_eq!(done.code, Some(0), "{}", done.err);
    let seals = fs::read_to_string(sandbox.path("tokens.csv")).unwrap();
    let seals: Vec<_> = seals.lines().collect();
    let lines = seals.iter().zip(VINS).enumerate();
    let lines = lines.map(|(n, (seal, vin))| format!("{},{seal},opened,{vin}\n", n + 1));
    let expected: String = lines.collect();
    assert_eq!(done.out, format!("line,seal,outcome,text\n{expected}"));
    let note = format!("3 of 3 opened; line 1 of `{LOG}`, MAC [check value]\n");
    assert_eq!(redacted(&done.err), note);
    let [line] = log(&sandbox).try_into().unwrap();
    assert_eq!(line["outcome"], "allowed");
    assert_eq!(
        (line["asked"].as_u64(), line["answered"].as_u64()),
        (Some(3), Some(3))
    );
    assert_eq!(line["identity"], "vehicle");
    assert!(line["who"]["uid"].is_u64() && !line["who"]["host"].as_str().unwrap().is_empty());
    let check = sandbox.ok(&["keys", "list", "keys/recall.keyring", "--json"]);
    let check: Value = serde_json::from_str(&check).unwrap();
    assert_eq!(line["keys"][0]["check"], check["epochs"][0]["check_value"]);
    nothing_is_told(&sandbox, &done.err);
}

/// No value and no seal in messages and in files that the verbs wrote.
fn nothing_is_told(sandbox: &Sandbox, err: &str) {
    let seals = fs::read_to_string(sandbox.path("tokens.csv")).unwrap();
    let secrets: Vec<_> = VINS.into_iter().chain(seals.lines()).collect();
    let mut places = vec![("stderr".to_owned(), err.as_bytes().to_vec())];
    places.extend(sandbox.files("keys"));
    for (place, bytes) in places {
        let text = String::from_utf8_lossy(&bytes);
        for secret in &secrets {
            assert!(!text.contains(secret), "a value is in {place}");
        }
    }
}

#[test]
fn lists_come_from_standard_input_and_answers_as_json() {
    let sandbox = recall();
    let seals = fs::read_to_string(sandbox.path("tokens.csv")).unwrap();
    let seal = seals.lines().next().unwrap();
    let (front, back) = seal.split_at(30);
    let other = if back.starts_with('A') { "B" } else { "A" };
    let changed = format!("{front}{other}{}", &back[1..]);
    let input = format!("id,seal\n1,{seal}\n2,{changed}\n3,hello\n");
    let words = with("reveal", &["--column", "seal", "--json", "-"]);
    let done = fed(&sandbox, &words, &input);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let lines: Vec<Value> = done
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["text"], VINS[0]);
    assert_eq!(lines[0]["epoch"], 1);
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["opened", "damaged", "not-a-seal"]);
    assert_eq!(lines[2]["text"], Value::Null);
    assert_eq!(lines[2]["line"], 4);
    nothing_is_told(&sandbox, &done.err);
}

#[test]
fn what_may_not_be_is_refused_and_recorded() {
    let sandbox = recall();
    let parquet = sandbox.files("safe/runs");
    let table = parquet.iter().find(|(name, _)| name.ends_with(".parquet"));
    let table = table.unwrap().0.clone();
    let blank = asked("reveal", &["--reason", "  ", "tokens.csv"]);
    let none = asked("reveal", &["tokens.csv"]);
    let above = asked(
        "reveal",
        &[&REASON[..], &["--limit", "2", "tokens.csv"]].concat(),
    );
    let whole = asked("reveal", &[&REASON[..], &[table.as_str()]].concat());
    insta::assert_snapshot!(redacted(&sandbox.run(&none).refusal()), @r"
    exit 3
    error: no reason is given
      hint: no value was shown; the refusal is line 1 of `keys/recall.keyring.audit-1.ndjson`
    ");
    insta::assert_snapshot!(redacted(&sandbox.run(&blank).refusal()), @r"
    exit 3
    error: no reason is given
      hint: no value was shown; the refusal is line 2 of `keys/recall.keyring.audit-1.ndjson`
    ");
    insta::assert_snapshot!(redacted(&sandbox.run(&above).refusal()), @r"
    exit 3
    error: more values are asked for than the limit of 2
      hint: no value was shown; the refusal is line 3 of `keys/recall.keyring.audit-1.ndjson`
    ");
    insta::assert_snapshot!(redacted(&sandbox.run(&whole).refusal()), @r"
    exit 3
    error: a whole table is asked for, and lists alone are served
      hint: no value was shown; the refusal is line 4 of `keys/recall.keyring.audit-1.ndjson`
    ");
    let lookup = asked("lookup", &["values.txt"]);
    insta::assert_snapshot!(redacted(&sandbox.run(&lookup).refusal()), @r"
    exit 3
    error: no reason is given
      hint: no value was shown; the refusal is line 5 of `keys/recall.keyring.audit-1.ndjson`
    ");
    let lines = log(&sandbox);
    assert_eq!(lines.len(), 5);
    for line in &lines {
        assert_eq!(
            (&line["outcome"], &line["answered"]),
            (&"refused".into(), &0.into())
        );
        assert!(line["why"].is_string());
    }
    let done = sandbox.run(&above);
    nothing_is_told(&sandbox, &done.err);
}

#[test]
fn two_approvers_are_asked_where_the_keyring_says_so() {
    let sandbox = recall();
    let approvers = ["first.key", "second.key"].map(|name| sandbox.path(name));
    let publics = approvers.each_ref().map(|path| {
        let public = pseudo_keyring::create_identity(path, "2026-01-01T00:00:00Z").unwrap();
        Recipient::parse(&public).unwrap()
    });
    let unlock = Unlock::Identity(sandbox.path("keys/recall.key"));
    let keyring: PathBuf = sandbox.path("keys/recall.keyring");
    let mut change = Change::begin(&keyring, &unlock, Access::none()).unwrap();
    change.approvers(&publics, None).unwrap();
    change.commit().unwrap();
    let one = with("reveal", &["--approve", "first.key", "tokens.csv"]);
    insta::assert_snapshot!(redacted(&run(&sandbox, &one).refusal()), @r"
    exit 3
    error: two approvers have to consent, and 1 did
      hint: no value was shown; the refusal is line 1 of `keys/recall.keyring.audit-1.ndjson`
    ");
    let twice = [
        "--approve",
        "first.key",
        "--approve",
        "first.key",
        "tokens.csv",
    ];
    assert_eq!(run(&sandbox, &with("reveal", &twice)).code, Some(3));
    let two = [
        "--approve",
        "first.key",
        "--approve",
        "second.key",
        "tokens.csv",
    ];
    let done = run(&sandbox, &with("reveal", &two));
    assert_eq!(done.code, Some(0), "{}", done.err);
    let lines = log(&sandbox);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["approvers"].as_array().unwrap().len(), 2);
    assert_eq!(lines[0]["approvers"], Value::Null);
}

/// A bundle of a role, with its identity file beside it.
fn export(sandbox: &Sandbox, name: &str, more: &[&str]) {
    let key = sandbox.path(&format!("{name}.key"));
    let public = pseudo_keyring::create_identity(&key, "2026-01-01T00:00:00Z").unwrap();
    let bundle = format!("{name}.bundle");
    let words = [
        "keys",
        "export",
        "keys/recall.keyring",
        "--pipeline",
        "recall.toml",
    ];
    let to = ["--recipient", &public, "-o", &bundle];
    sandbox.ok(&[&words[..], more, &to].concat());
}

#[test]
fn a_bundle_reveals_what_it_was_made_for() {
    let sandbox = recall();
    export(
        &sandbox,
        "desk",
        &["--role", "reveal", "--identity", "vehicle"],
    );
    export(
        &sandbox,
        "host",
        &["--role", "pseudonymise", "--allow-reveal"],
    );
    let desk = [&["--keys", "desk.bundle"], &["tokens.csv"][..]].concat();
    let done = run(&sandbox, &with("reveal", &desk));
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(VINS.iter().all(|vin| done.out.contains(vin)));
    let values = ["--keys", "desk.bundle", "values.txt"];
    insta::assert_snapshot!(run(&sandbox, &with("lookup", &values)).refusal(), @r"
    exit 3
    error: the keys at hand do not hold the token key of identity `vehicle` (vin/1)
      hint: no value was shown; the refusal is line 2 of `desk.bundle.audit-1.ndjson`
    ");
    let log = "desk.bundle.audit-1.ndjson";
    assert_eq!(
        fs::read_to_string(sandbox.path(log))
            .unwrap()
            .lines()
            .count(),
        2
    );
    sandbox.ok(&["audit", "verify", log, "--keys", "desk.bundle"]);
    // The keyring knows the key of that log, but its own anchor is of another.
    let other = sandbox.run(&["audit", "verify", log, "--keys", "keys/recall.keyring"]);
    assert_eq!(other.code, Some(3), "{}", other.err);
    // A host could open what it seals, and is not let.
    let host = ["--keys", "host.bundle", "tokens.csv"];
    insta::assert_snapshot!(run(&sandbox, &with("reveal", &host)).refusal(), @r"
    exit 3
    error: a bundle of role `pseudonymise` does not serve this
      hint: no value was shown; without the key of the audit log nothing is recorded
    ");
    let host = ["--keys", "host.bundle", "values.txt"];
    assert_eq!(run(&sandbox, &with("lookup", &host)).code, Some(3));
    assert!(!sandbox.path("host.bundle.audit-1.ndjson").exists());
}

#[test]
fn tokens_of_given_values_find_their_rows() {
    let sandbox = recall();
    let spelled = format!(" {} \n--\nno vin\n", VINS[1].to_lowercase());
    let done = fed(&sandbox, &with("lookup", &["-"]), &spelled);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let lines: Vec<Vec<&str>> = done
        .out
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!(lines[0], ["line", "verdict", "token"]);
    assert_eq!(lines[1][..2], ["1", "valid"]);
    assert_eq!(lines[2], ["2", "blank", ""]);
    assert_eq!(lines[3][..2], ["3", "invalid"]);
    let token = lines[1][2];
    let sql = format!("SELECT place FROM cars WHERE vin = '{token}'");
    assert_eq!(sandbox.query("safe", &sql), [["2"]]);
    let note = format!("2 of 3 looked up; line 1 of `{LOG}`, MAC [check value]\n");
    assert_eq!(redacted(&done.err), note);
    nothing_is_told(&sandbox, &done.err);

    let seal = run(&sandbox, &with("lookup", &["--seal", "values.txt"]));
    let seals: String = seal
        .out
        .lines()
        .skip(1)
        .map(|line| format!("{}\n", line.split(',').nth(2).unwrap()))
        .collect();
    assert_eq!(
        seals,
        fs::read_to_string(sandbox.path("tokens.csv")).unwrap()
    );
    let uuid = run(
        &sandbox,
        &with("lookup", &["--encoding", "uuid", "--json", "values.txt"]),
    );
    let first: Value = serde_json::from_str(uuid.out.lines().next().unwrap()).unwrap();
    assert_eq!(first["token"].as_str().unwrap().len(), 36);
    for wrong in [
        &["--encoding", "base64url", "values.txt"][..],
        &["--seal", "--encoding", "uuid", "values.txt"],
        &["--bits", "256", "--encoding", "uuid", "values.txt"],
        &["--epoch", "2", "values.txt"],
        &["absent.txt"],
    ] {
        let done = run(&sandbox, &with("lookup", wrong));
        assert_eq!(done.code, Some(2), "{wrong:?}: {}", done.err);
    }
    assert_eq!(log(&sandbox).len(), 3);
}

#[test]
fn names_can_be_given_without_a_pipeline() {
    let sandbox = recall();
    let names = [
        "--identity",
        "vehicle",
        "--domain",
        "recall",
        "--kind",
        "vin",
    ];
    let keys = ["reveal", "--keys", "keys/recall.keyring", "tokens.csv"];
    let done = sandbox.run(&[&keys[..], &names, &REASON].concat());
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains(VINS[0]));
    let other = [
        "--identity",
        "vehicle",
        "--domain",
        "research",
        "--kind",
        "vin",
    ];
    let done = sandbox.run(&[&keys[..], &other, &REASON].concat());
    assert_eq!(done.code, Some(0));
    assert_eq!(done.out.matches(",other-key,\n").count(), 3, "{}", done.out);
}

#[test]
fn the_examples_of_reveal_and_lookup_run() {
    let sandbox = recall();
    for verb in ["reveal", "lookup", "audit verify"] {
        let words: Vec<_> = verb.split_whitespace().chain(["--help"]).collect();
        let help = sandbox.ok(&words);
        let (_, example) = help.split_once("\nExample:\n  pseudo ").unwrap();
        let words = words_of(example.trim_end());
        let done = run(&sandbox, &words);
        assert_eq!(done.code, Some(0), "{words:?}: {}", done.err);
    }
}

#[test]
fn a_log_that_cannot_be_written_shows_nothing() {
    let sandbox = recall();
    sandbox.write("log/is/a/directory", "");
    let words = with("reveal", &["--audit", "log/is", "tokens.csv"]);
    let done = run(&sandbox, &words);
    assert_eq!(
        (done.code, done.out.as_str()),
        (Some(1), ""),
        "{}",
        done.err
    );
    let words = with("reveal", &["--audit", "absent/a.ndjson", "tokens.csv"]);
    let done = run(&sandbox, &words);
    assert_eq!(
        (done.code, done.out.as_str()),
        (Some(1), ""),
        "{}",
        done.err
    );
    let keyring = sandbox.path("keys/recall.keyring.audit-1.lock");
    assert_eq!(
        fs::metadata(keyring).unwrap().permissions().mode() & 0o007,
        0
    );
}

#[test]
fn wrong_use_ends_with_two_and_is_not_recorded() {
    let sandbox = recall();
    let names = ["--pipeline", "recall.toml", "--identity", "vehicle"];
    let bare = ["--keys", "keys/recall.keyring", "--identity", "vehicle"];
    let before = sandbox.files(".");
    let cases: [&[&str]; 14] = [
        &["reveal", "tokens.csv"],
        &["reveal", "--pipeline", "recall.toml", "tokens.csv"],
        &[
            "reveal",
            "--pipeline",
            "recall.toml",
            "--identity",
            "person",
            "-",
        ],
        &[
            "reveal",
            "--pipeline",
            "absent.toml",
            "--identity",
            "vehicle",
            "-",
        ],
        &[
            "reveal",
            "--pipeline",
            "tokens.csv",
            "--identity",
            "vehicle",
            "-",
        ],
        &[&["reveal", "-"], &bare[..]].concat(),
        &[
            &["reveal", "-", "--domain", "recall", "--kind", "car"],
            &bare[..],
        ]
        .concat(),
        &[&["reveal", "-", "--domain", "recall"], &names[..]].concat(),
        &[&["reveal", "absent.csv"], &names[..]].concat(),
        &[&["lookup"], &names[..]].concat(),
        &[&["lookup", "-", "--limit", "10001"], &names[..]].concat(),
        &[&["lookup", "-", "--limit", "0"], &names[..]].concat(),
        &["audit", "verify", LOG],
        &[
            "audit",
            "verify",
            LOG,
            "--pipeline",
            "recall.toml",
            "--noted",
            "1:ab",
        ],
    ];
    for args in cases {
        let done = sandbox.run(args);
        assert_eq!(done.code, Some(2), "{args:?}\n{}{}", done.out, done.err);
        assert_eq!(done.out, "", "{args:?}");
        assert!(!done.err.is_empty(), "{args:?}");
    }
    assert!(sandbox.files(".") == before, "nothing is written");
}

/// Where the log of that keyring is.
pub(crate) const LOG: &str = "keys/recall.keyring.audit-1.ndjson";

/// Valid numbers that no vehicle has.
pub(crate) const VINS: [&str; 3] = [
    "LSVAM4187C2184841",
    "1M8GDM9AXKP042788",
    "11111111111111111",
];

const PIPELINE: &str = r#"version = 1
name = "recall"
domain = "recall"
[keys]
keyring = "keys/recall.keyring"
[source]
root = "raw"
[sink]
root = "safe"
[identities.vehicle]
kind = "vin"
[tables.cars]
source = "cars.csv"
[tables.cars.columns]
vin = [ { token = "vehicle" }, { seal = "vehicle", to = "sealed" } ]
place = "keep"
"#;
