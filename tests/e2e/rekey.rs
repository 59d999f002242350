//! `pseudo rekey` as a person meets it: the night after the keys were rotated.

use std::fs;

use serde_json::Value;

use crate::harness::Sandbox;
use crate::text::redacted;

/// Three people whose accounts are in escrow with a custodian, a run of them, and a new epoch.
fn rotated() -> Sandbox {
    let sandbox = Sandbox::people();
    let made = sandbox.run(&["keys", "new", "custody/custodian.keyring"]);
    let public = made
        .err
        .split_whitespace()
        .find(|word| word.starts_with("age1"));
    let public = public.unwrap().to_owned();
    let rules = format!(
        "[ {{ token = \"account\" }}, {{ seal = \"account\", to = \"sealed\" }},\n\
         {{ escrow = \"{public}\" }} ]"
    );
    sandbox.edit("people.toml", "{ token = \"account\" }", &rules);
    sandbox.ok(&["run", "people.toml", "--run-id", "before"]);
    sandbox.ok(&["keys", "rotate", "keys/test.keyring"]);
    fs::write(sandbox.path("recipient"), public).unwrap();
    sandbox
}

const REKEY: [&str; 8] = [
    "rekey",
    "safe",
    "--pipeline",
    "people.toml",
    "--from",
    "1",
    "--to",
    "2",
];

fn rekey<'a>(more: &[&'a str]) -> Vec<&'a str> {
    REKEY.iter().chain(more).copied().collect()
}

const CUSTODIAN: [&str; 2] = ["--escrow-identity", "custody/custodian.key"];

#[test]
fn a_run_is_turned_without_its_source() {
    let sandbox = rotated();
    let tokens = |column: &str| sandbox.query("safe", &format!("SELECT {column} FROM people"));
    let before = [tokens("id"), tokens("sealed")];
    let source = fs::read(sandbox.path("raw/people.csv")).unwrap();
    fs::remove_dir_all(sandbox.path("raw")).unwrap();
    let answer = sandbox.ok(&rekey(&CUSTODIAN));
    insta::assert_snapshot!(redacted(&answer), @r#"
    identity  rule                             cells  distinct before  after
    account   token account, base32, 128 bits      3                3      3
    account   seal account, base64url              3                3      3

    rows: 3
    run [run] is published, epoch 1 turned into 2: safe/current
    "#);
    let after = [tokens("id"), tokens("sealed")];
    for (before, after) in before.iter().zip(&after) {
        assert!(before.iter().all(|token| !after.contains(token)));
    }
    sandbox.ok(&["verify", "safe"]);
    // what comes next is a run like any other
    sandbox.write("raw/people.csv", source);
    let next = sandbox.ok(&["run", "people.toml"]);
    assert!(next.starts_with("nothing to do"), "{next}");
    let again = sandbox.ok(&rekey(&CUSTODIAN));
    assert!(again.starts_with("nothing to do: run "), "{again}");
}

#[test]
fn the_answer_is_there_for_machines_and_the_bridge_for_their_owner() {
    let sandbox = rotated();
    let public = fs::read_to_string(sandbox.path("recipient")).unwrap();
    let bridge = [
        "--json",
        "--bridge",
        "bridge.age",
        "--bridge-recipient",
        &public,
    ];
    let words: Vec<_> = CUSTODIAN.iter().chain(&bridge).copied().collect();
    let answer: Value = serde_json::from_str(&sandbox.ok(&rekey(&words))).unwrap();
    assert_eq!(
        (&answer["outcome"], &answer["sink"]),
        (&"published".into(), &"safe".into())
    );
    let turned = &answer["manifest"]["rekey"];
    assert_eq!(
        (&turned["from"], &turned["to"], &turned["rows"]),
        (&1.into(), &2.into(), &3.into())
    );
    for join in turned["joins"].as_array().unwrap() {
        assert_eq!((&join["before"], &join["after"]), (&3.into(), &3.into()));
    }
    assert_eq!(turned["bridge"]["lines"], 6);
    let sealed = fs::read(sandbox.path("bridge.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    assert_eq!(turned["bridge"]["bytes"], sealed.len());
    assert_eq!(sandbox.manifest("safe"), answer["manifest"]);
}

#[test]
fn what_is_refused_says_what_to_do_and_what_is_current() {
    let sandbox = rotated();
    let files = sandbox.files("safe/runs");
    insta::assert_snapshot!(sandbox.run(&rekey(&[])).refusal(), @r#"
    exit 2
    error: tokens without an original at hand: `people.id`
      hint: without escrow, run from the source with `--new-epoch`;
            tokens are made again where the escrow identity is: `--escrow-identity`
    nothing was published; run `before` is still current in `safe`
    "#);
    let other = ["--escrow-identity", "keys/test.key"];
    let done = sandbox.run(&rekey(&other));
    assert_eq!(done.code, Some(2));
    assert!(
        done.err
            .contains("error: the escrow identity does not open `.escrow/people/")
    );
    assert!(
        done.err
            .ends_with("run `before` is still current in `safe`\n"),
        "{}",
        done.err
    );
    let mut words = rekey(&CUSTODIAN);
    words[7] = "3";
    insta::assert_snapshot!(sandbox.run(&words).refusal(), @r#"
    exit 2
    error: keyring has no epoch 3
    nothing was published; run `before` is still current in `safe`
    "#);
    sandbox.ok(&["keys", "disable", "keys/test.keyring", "--epoch", "1"]);
    insta::assert_snapshot!(sandbox.run(&rekey(&CUSTODIAN)).refusal(), @r#"
    exit 2
    error: epoch 1 of the keyring is disabled
    nothing was published; run `before` is still current in `safe`
    "#);
    assert!(sandbox.files("safe/runs") == files);
}
