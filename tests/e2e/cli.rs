//! The command line itself: help, exit codes, channels, keys.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::harness::{Done, Sandbox};
use crate::text::{redacted, words_of};

const VERBS: [&str; 30] = [
    "",
    "init",
    "check",
    "run",
    "verify",
    "scan",
    "assess",
    "attack",
    "query",
    "trace",
    "reveal",
    "lookup",
    "keys",
    "keys new",
    "keys list",
    "keys check",
    "keys rotate",
    "keys disable",
    "keys enable",
    "keys destroy",
    "keys export",
    "keys rewrap",
    "rekey",
    "forget",
    "audit",
    "audit verify",
    "sample",
    "sample incident",
    "completions",
    "man",
];

#[test]
fn every_verb_explains_itself() {
    let sandbox = Sandbox::new();
    for verb in VERBS {
        let words: Vec<_> = verb.split_whitespace().chain(["--help"]).collect();
        let done = sandbox.run(&words);
        assert_eq!(done.code, Some(0), "{verb}");
        assert_eq!(done.err, "", "{verb}");
        insta::assert_snapshot!(format!("help {verb}").trim().replace(' ', "-"), done.out);
    }
    let version = sandbox.ok(&["--version"]);
    assert_eq!(version, concat!("pseudo ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn every_verb_is_explained() {
    let help = Sandbox::new().ok(&["--help"]);
    let verbs = help
        .split_once("Commands:\n")
        .unwrap()
        .1
        .split("\n\n")
        .next()
        .unwrap();
    for line in verbs.lines() {
        let verb = line.split_whitespace().next().unwrap();
        assert!(
            verb == "help" || VERBS.contains(&verb),
            "{verb} has no golden help"
        );
    }
}

#[test]
fn the_examples_of_the_help_run() {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    sandbox.write("ids.txt", "100000001\n");
    for verb in [
        "sample incident",
        "init",
        "keys new",
        "run",
        "check",
        "verify",
        "scan",
        "assess",
        "query",
        "forget",
        "keys list",
        "keys check",
        "keys rotate",
        "keys disable",
        "keys enable",
        "keys destroy",
        "completions",
        "man",
    ] {
        let words: Vec<_> = verb.split_whitespace().chain(["--help"]).collect();
        let help = sandbox.ok(&words);
        let example = help
            .split_once("\nExample:\n  pseudo ")
            .unwrap()
            .1
            .trim_end();
        sandbox.ok(&words_of(example)
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>());
        if verb == "run" {
            // the sink that the help asks is a person's, not the quickstart's
            let safe = sandbox.path("data/safe");
            std::os::unix::fs::symlink("../target/quickstart/safe", safe).unwrap();
        }
    }
    let users = sandbox.files("data/raw/users");
    assert!(users.iter().all(|(name, _)| name.ends_with(".parquet")) && !users.is_empty());
}

#[test]
fn wrong_use_ends_with_two() {
    let sandbox = Sandbox::people();
    let before = sandbox.files(".");
    let cases: [&[&str]; 20] = [
        &[],
        &["scan"],
        &["scan", "raw", "--fail-on", "passport"],
        &["scan", "raw", "--skip", "[a"],
        &["scan", "raw", "--json", "--sarif"],
        &["rnu", "people.toml"],
        &["run"],
        &["run", "people.toml", "--ful"],
        &["run", "people.toml", "--threads", "0"],
        &["run", "people.toml", "--run-id", "../escape"],
        &["run", "people.toml", "--run-id", ""],
        &["run", "people.toml", "--at", "yesterday"],
        &["run", "people.toml", "-q", "-v"],
        &["query", "safe"],
        &["query", "safe", "SELECT 1", "--format", "xml"],
        &["sample", "incident", "out", "--scale", "0"],
        &["sample", "incident", "out", "--scale", "21"],
        &["man", "rnu"],
        &["completions", "tcsh!"],
        &["keys", "new", "k", "--identity", "i", "--passphrase"],
    ];
    for args in cases {
        let done = sandbox.run(args);
        assert_eq!(done.code, Some(2), "{args:?}\n{}{}", done.out, done.err);
        assert_eq!(done.out, "", "{args:?}");
        assert!(!done.err.is_empty(), "{args:?}");
    }
    assert_eq!(sandbox.files("."), before);
    let typo = sandbox.run(&["rnu", "people.toml"]);
    insta::assert_snapshot!(typo.refusal(), @r"
    exit 2
    error: unrecognized subcommand 'rnu'

    Usage: pseudo [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    let scale = sandbox.run(&["sample", "incident", "out", "--scale", "0"]);
    insta::assert_snapshot!(scale.refusal(), @r"
    exit 2
    error: `scale` must be a number above 0 and at most 20
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::people();
    let cases: [&[&str]; 14] = [
        &["run", "people.toml"],
        &["run", "people.toml"],
        &["scan", "raw"],
        &["scan", "raw", "--sarif"],
        &["run", "people.toml", "--full", "--json"],
        &["check", "people.toml"],
        &["query", "safe", "SELECT * FROM people"],
        &["query", "safe", "SELECT * FROM people", "--format", "csv"],
        &["query", "safe", "SELECT * FROM people", "--json"],
        &["keys", "list", "keys/test.keyring"],
        &["completions", "zsh"],
        &["man"],
        &["--help"],
        &["--version"],
    ];
    for args in cases {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = sandbox
            .command(args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let done = Done::of(output);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.err);
        assert!(!done.err.contains("error"), "{args:?}: {}", done.err);
    }
}

#[test]
fn messages_that_nobody_reads_are_no_failure() {
    let sandbox = Sandbox::people();
    for log in ["text", "json"] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let args = ["run", "people.toml", "--full", "-vvv", "--log-format", log];
        let output = sandbox.command(&args).stderr(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{log}");
    }
}

#[test]
fn shells_and_manuals_are_served() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            sandbox.ok(&["completions", shell]).contains("pseudo"),
            "{shell}"
        );
    }
    for verb in VERBS {
        let words: Vec<_> = ["man"].into_iter().chain(verb.split_whitespace()).collect();
        let page = sandbox.ok(&words);
        assert!(page.contains(".TH "), "{verb}");
        assert!(page.contains(".SH SYNOPSIS"), "{verb}");
    }
}

#[test]
fn json_messages_are_one_object_a_line() {
    let sandbox = Sandbox::people();
    let cases: [(&[&str], i32); 5] = [
        (&["run", "people.toml", "-vvv"], 0),
        (&["check", "people.toml"], 0),
        (&["run", "absent.toml"], 2),
        (&["query", "safe", "SELEC"], 2),
        (&["keys", "new", "keys/more.keyring"], 0),
    ];
    for (args, code) in cases {
        let done = sandbox.run(&[args, &["--log-format", "json"]].concat());
        assert_eq!(done.code, Some(code), "{args:?}: {}", done.err);
        assert!(!done.err.is_empty(), "{args:?}");
        for line in done.err.lines() {
            let value: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(
                value.is_ok_and(|value| value["level"].is_string()),
                "{args:?}: {line}"
            );
        }
    }
    let answer = sandbox.ok(&["run", "people.toml", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["outcome"], "nothing-to-do");
    assert_eq!(answer["manifest"], sandbox.manifest("safe"));
    let plan: serde_json::Value =
        serde_json::from_str(&sandbox.ok(&["check", "people.toml", "--json"])).unwrap();
    assert_eq!(plan["tables"][0]["columns"][0]["identity"], "account");
}

#[test]
fn a_check_and_a_run_tell_what_happens_to_every_column() {
    let sandbox = Sandbox::people();
    let check = sandbox.run(&["check", "people.toml"]);
    assert_eq!(check.code, Some(0));
    insta::assert_snapshot!(check.out, @r"
    pipeline people, domain test

    table people
    column  type  output  type  rule                             kind       if invalid
    id      Utf8  id      Utf8  token account, base32, 128 bits  integer/1  token
    city    Utf8  city    Utf8  keep
    name                        drop
    ");
    insta::assert_snapshot!(check.err, @"1 table, 2 columns: ready to run; no row was read");
    assert!(!sandbox.path("safe").exists());
    let run = sandbox.run(&["run", "people.toml", "--run-id", "first"]);
    insta::assert_snapshot!("summary", run.out);
    insta::assert_snapshot!(run.err, @"");
    let again = sandbox.run(&["run", "people.toml"]);
    let nothing = "nothing to do: source, pipeline and keys are those of run first: safe/current\n";
    assert_eq!(again.out, nothing);
    let quiet = sandbox.run(&["run", "people.toml", "--full", "-q"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""));
}

#[test]
fn an_answer_comes_as_a_table_as_csv_or_as_json() {
    let sandbox = Sandbox::people();
    sandbox.ok(&["run", "people.toml"]);
    let sql = "SELECT city, count(*) AS people FROM people GROUP BY city ORDER BY city";
    insta::assert_snapshot!(sandbox.ok(&["query", "safe", sql]), @r"
    +------+--------+
    | city | people |
    +------+--------+
    | 上海 | 1      |
    | 北京 | 2      |
    +------+--------+
    ");
    insta::assert_snapshot!(sandbox.ok(&["query", "safe", sql, "--format", "csv"]), @r"
    city,people
    上海,1
    北京,2
    ");
    insta::assert_snapshot!(sandbox.ok(&["query", "safe", sql, "--json"]), @r#"
    {"city":"上海","people":1}
    {"city":"北京","people":2}
    "#);
}

#[test]
fn keys_are_made_once_for_their_owner_and_never_shown() {
    let sandbox = Sandbox::new();
    let new = [
        "keys",
        "new",
        "keys/analytics.keyring",
        "--identity",
        "apart/analytics.key",
    ];
    let made = sandbox.run(&new);
    assert_eq!(made.code, Some(0), "{}", made.err);
    insta::assert_snapshot!(redacted(&made.out), @r"
    epoch  status   check value       created
    1      primary  [check value]  [time]
    ");
    insta::assert_snapshot!("made-with-identity", redacted(&made.err));
    for (path, mode) in [
        ("keys", 0o700),
        ("keys/analytics.keyring", 0o600),
        ("apart/analytics.key", 0o600),
    ] {
        let metadata = fs::metadata(sandbox.path(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
    }
    let files = sandbox.files(".");
    assert_eq!(files.len(), 2);
    insta::assert_snapshot!(sandbox.run(&new).refusal(), @r"
    exit 2
    error: `keys/analytics.keyring` exists
      hint: choose another path: keys are never overwritten
    ");
    assert_eq!(sandbox.files("."), files);

    let list = [
        "keys",
        "list",
        "keys/analytics.keyring",
        "--identity",
        "apart/analytics.key",
    ];
    assert_eq!(sandbox.ok(&list), made.out);
    insta::assert_snapshot!(
        "keys-json",
        redacted(&sandbox.ok(&[&list[..], &["--json"]].concat()))
    );
    let identity = fs::read_to_string(sandbox.path("apart/analytics.key")).unwrap();
    let secret = identity.lines().last().unwrap();
    assert!(secret.starts_with("AGE-SECRET-KEY-1"));
    let told = sandbox.run(&[&list[..], &["-vvv", "--log-format", "json"]].concat());
    assert!(!format!("{}{}{}{}", made.out, made.err, told.out, told.err).contains(secret));
}

#[test]
fn a_passphrase_comes_from_a_private_file() {
    let sandbox = Sandbox::new();
    sandbox.write("word", "correct horse\r\nnot this line\n");
    fs::set_permissions(sandbox.path("word"), fs::Permissions::from_mode(0o600)).unwrap();
    let made = sandbox.run(&["keys", "new", "word.keyring", "--passphrase-file", "word"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    insta::assert_snapshot!("made-with-passphrase", redacted(&made.err));
    assert_eq!(sandbox.files(".").len(), 2, "no identity file is made");
    sandbox.write("same", "correct horse");
    fs::set_permissions(sandbox.path("same"), fs::Permissions::from_mode(0o400)).unwrap();
    let list = ["keys", "list", "word.keyring"];
    assert_eq!(
        sandbox.ok(&[&list[..], &["--passphrase-file", "same"]].concat()),
        made.out
    );
    insta::assert_snapshot!(sandbox.run(&list).refusal(), @r"
    exit 2
    error: the keyring needs a passphrase, and there is no terminal to ask on
      hint: give `--passphrase-file`, or an identity file
    ");
    for text in [made.out, made.err] {
        assert!(!text.contains("horse"));
    }
}
