//! What is refused, in the words that a person reads, and that nothing is written then.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::Sandbox;

#[test]
fn ten_mistakes_are_ten_messages_each_with_its_line() {
    let sandbox = Sandbox::people();
    sandbox.write(
        "raw/people.csv",
        "id,name,phone,salary,born,city\n1,甲,2,3,4,北京\n",
    );
    sandbox.write("people.toml", TEN_MISTAKES);
    let before = sandbox.files(".");
    let refused = sandbox.run(&["run", "people.toml"]);
    insta::assert_snapshot!(refused.refusal(), @"");
    assert_eq!(
        refused
            .err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count(),
        10
    );
    let place = |line: &&str| line.starts_with("  --> people.toml:");
    assert_eq!(refused.err.lines().filter(place).count(), 10);
    assert_eq!(sandbox.files("."), before);
    let checked = sandbox.run(&["check", "people.toml"]);
    assert_eq!(checked.code, Some(2));
    assert!(refused.err.starts_with(&checked.err), "{}", checked.err);
}

#[test]
fn a_column_without_a_rule_is_refused_by_name() {
    let sandbox = Sandbox::people();
    sandbox.write("raw/people.csv", "id,name,city,phone_2\n1,甲,北京,138\n");
    let before = sandbox.files(".");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @"");
    assert_eq!(sandbox.files("."), before);
    let json = sandbox.run(&["check", "people.toml", "--log-format", "json"]);
    insta::assert_snapshot!("refusal-json", json.refusal());

    // the rule of the hint, pasted, is enough
    sandbox.edit(
        "people.toml",
        "city = \"keep\"",
        "city = \"keep\"\nphone_2 = \"drop\"",
    );
    sandbox.ok(&["run", "people.toml"]);
}

#[test]
fn a_rule_for_a_column_that_is_not_there_is_refused() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "city = ", "town = ");
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @"");
}

#[test]
fn sources_that_are_not_there_are_refused() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "\"people.csv\"", "\"person-*.csv\"");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @"");
    sandbox.edit("people.toml", "root = \"raw\"", "root = \"row\"");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @"");
    sandbox.edit(
        "people.toml",
        "root = \"row\"",
        "root = \"sample:accident\"",
    );
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @"");
    assert!(!sandbox.path("safe").exists());
}

#[test]
fn pipelines_that_cannot_be_read_are_refused() {
    let sandbox = Sandbox::people();
    insta::assert_snapshot!(sandbox.run(&["run", "absent.toml"]).refusal(), @"");
    insta::assert_snapshot!(sandbox.run(&["run", "raw"]).refusal(), @"");
    sandbox.write("people.toml", b"version = 1\nname = \"\xff\"\n");
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @"");
    sandbox.write("people.toml", "version = 1\nname = \"people\n");
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @"");
    assert!(!sandbox.path("safe").exists());
}

#[test]
fn keyrings_that_do_not_open_are_refused() {
    let sandbox = Sandbox::people();
    let run = || sandbox.run(&["run", "people.toml"]).refusal();
    sandbox.ok(&["keys", "new", "keys/other.keyring"]);
    let keyring = fs::read(sandbox.path("keys/test.keyring")).unwrap();

    sandbox.edit(
        "people.toml",
        "test.keyring\"",
        "test.keyring\"\nidentity = \"keys/other.key\"",
    );
    insta::assert_snapshot!(run(), @"");
    sandbox.edit("people.toml", "\nidentity = \"keys/other.key\"", "");

    let mut damaged = keyring.clone();
    *damaged.last_mut().unwrap() ^= 1;
    sandbox.write("keys/test.keyring", &damaged);
    insta::assert_snapshot!(run(), @"");
    sandbox.write("keys/test.keyring", &keyring[..keyring.len() / 2]);
    insta::assert_snapshot!(run(), @"");
    sandbox.write("keys/test.keyring", "not a keyring");
    insta::assert_snapshot!(run(), @"");
    fs::remove_file(sandbox.path("keys/test.keyring")).unwrap();
    insta::assert_snapshot!(run(), @"");
    sandbox.write("keys/test.keyring", &keyring);

    let identity = sandbox.path("keys/test.key");
    fs::set_permissions(&identity, fs::Permissions::from_mode(0o640)).unwrap();
    insta::assert_snapshot!(run(), @"");
    fs::remove_file(identity).unwrap();
    // no identity beside it: a passphrase is asked for, and there is no terminal
    insta::assert_snapshot!(run(), @"");
    assert_eq!(sandbox.current("safe"), None);
}

#[test]
fn a_wrong_passphrase_is_refused() {
    let sandbox = Sandbox::people();
    sandbox.write("right", "correct horse\n");
    sandbox.write("wrong", "incorrect horse\n");
    sandbox.write("public", "correct horse\n");
    for name in ["right", "wrong"] {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(sandbox.path("public"), fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.ok(&[
        "keys",
        "new",
        "keys/word.keyring",
        "--passphrase-file",
        "right",
    ]);
    sandbox.edit("people.toml", "keys/test.keyring", "keys/word.keyring");
    let run = |file: &str| sandbox.run(&["run", "people.toml", "--passphrase-file", file]);
    insta::assert_snapshot!(run("wrong").refusal(), @"");
    insta::assert_snapshot!(run("public").refusal(), @"");
    insta::assert_snapshot!(run("absent").refusal(), @"");
    assert_eq!(sandbox.current("safe"), None);
    let done = run("right");
    assert_eq!(done.code, Some(0), "{}", done.err);
}

#[test]
fn keys_inside_the_sink_are_refused() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "root = \"safe\"", "root = \".\"");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @"");
    assert!(!sandbox.path("runs").exists());
}

#[test]
fn a_lost_keyring_is_not_replaced_while_its_tokens_are_current() {
    let sandbox = Sandbox::people();
    sandbox.edit(
        "people.toml",
        "test.keyring\"",
        "test.keyring\"\ncreate = true",
    );
    sandbox.ok(&["run", "people.toml", "--run-id", "first"]);
    fs::remove_file(sandbox.path("keys/test.keyring")).unwrap();
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml", "--full"]).refusal(), @"");
    assert!(!sandbox.path("keys/test.keyring").exists());
}

#[test]
fn a_damaged_source_file_is_a_failure_with_its_place() {
    let sandbox = Sandbox::people();
    sandbox.write("raw/people.csv", "id,name,city\n1,甲,北京\n2,\"乙,上海\n");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @"");
    sandbox.write("raw/people.parquet", "PAR1 and no more PAR1");
    sandbox.edit("people.toml", "people.csv", "people.parquet");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @"");
    assert_eq!(sandbox.current("safe"), None);
}

#[test]
fn questions_that_cannot_be_answered_are_refused() {
    let sandbox = Sandbox::people();
    let query = |sql: &str| sandbox.run(&["query", "safe", sql]).refusal();
    insta::assert_snapshot!(query("SELECT 1"), @"");
    sandbox.ok(&["run", "people.toml"]);
    insta::assert_snapshot!(query("SELECT city\nFRM people"), @"");
    insta::assert_snapshot!(query("SELECT name FROM people"), @"");
    insta::assert_snapshot!(query("SELECT * FROM persons"), @"");
    insta::assert_snapshot!(query("DROP TABLE people"), @"");
}

const TEN_MISTAKES: &str = r#"version = 1
name    = "ten-mistakes"
domain  = "test"
[keys]
keyrng  = "keys/test.keyring"
keyring = "keys/test.keyring"
[source]
root = "raw"
[sink]
root        = "safe"
retain_runs = "seven"
[identities.account]
kind = "integr"
[tables.people]
source = "people.csv"
order  = "random"
[tables.people.columns]
id     = { token = "acount" }
name   = "dorp"
phone  = [ { token = "account" }, "keep" ]
salary = { band = { edges = [5000, 0] } }
born   = "drop"
age    = "keep"
"#;
