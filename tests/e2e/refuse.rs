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
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    let lines: Vec<_> = refused.err.lines().collect();
    let told = lines.windows(2).filter_map(|pair| {
        let message = pair[0].strip_prefix("error: ")?;
        let place = pair[1].strip_prefix("  --> people.toml:").unwrap();
        Some(format!("{}: {message}", &place[..place.find(':').unwrap()]))
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|text| text.split(':').next().unwrap().parse::<u32>().unwrap());
    insta::assert_snapshot!(told.join("\n"), @"
    5: unknown key `keyrng`
    11: `retain_runs` is an integer, not a string
    13: unknown kind `integr`
    16: `order` is one of `shuffled`, `source`
    17: column `city` has no rule
    18: identity `acount` is not declared
    19: unknown action `dorp`
    20: two rules write column `phone` of the output, this one and that of line 20
    21: `edges` is a list of rising numbers, each of at most 18 digits
    23: the source has no column `age`
    ");
    assert_eq!(
        lines.last(),
        Some(&"nothing was published; `safe` has no current run")
    );
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
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r#"
    exit 2
    error: column `phone_2` has no rule
      --> people.toml:14:1, table [tables.people.columns]
      hint: decide it, for instance
            phone_2 = "drop"
    nothing was published; `safe` has no current run
    "#);
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
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @r#"
    exit 2
    error: column `city` has no rule
      --> people.toml:14:1, table [tables.people.columns]
      hint: decide it, for instance
            city = "drop"
    error: the source has no column `town`
      --> people.toml:17:1, table [tables.people.columns]
      hint: leave the rule out
    "#);
}

#[test]
fn sources_that_are_not_there_are_refused() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "\"people.csv\"", "\"person-*.csv\"");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r"
    exit 2
    error: no file matches `source`
      --> people.toml:12:1, table [tables.people]
    nothing was published; `safe` has no current run
    ");
    sandbox.edit("people.toml", "root = \"raw\"", "root = \"row\"");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r"
    exit 1
    error: cannot read source root `row`: no such file or directory
    nothing was published; `safe` has no current run
    ");
    sandbox.edit(
        "people.toml",
        "root = \"row\"",
        "root = \"sample:accident\"",
    );
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r"
    exit 2
    error: no sample is called `accident`; there is `incident`
      --> people.toml:7:8, table [source]
    nothing was published; `safe` has no current run
    ");
    assert!(!sandbox.path("safe").exists());
}

#[test]
fn pipelines_that_cannot_be_read_are_refused() {
    let sandbox = Sandbox::people();
    insta::assert_snapshot!(sandbox.run(&["run", "absent.toml"]).refusal(), @r"
    exit 2
    error: cannot be read: no such file or directory
      --> absent.toml:1:1
    nothing was published
    ");
    insta::assert_snapshot!(sandbox.run(&["run", "raw"]).refusal(), @r"
    exit 2
    error: cannot be read: is a directory
      --> raw:1:1
    nothing was published
    ");
    sandbox.write("people.toml", b"version = 1\nname = \"\xff\"\n");
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @r"
    exit 2
    error: not valid UTF-8
      --> people.toml:1:1
    ");
    sandbox.write("people.toml", "version = 1\nname = \"people\n");
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @r#"
    exit 2
    error: this is not TOML: invalid basic string, expected `"`
      --> people.toml:2:15
    "#);
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
    insta::assert_snapshot!(run(), @r"
    exit 2
    error: identity file `keys/other.key` does not open keyring `keys/test.keyring`
      hint: another identity made it, or its header is damaged: compare with a copy of both
    nothing was published; `safe` has no current run
    ");
    sandbox.edit("people.toml", "\nidentity = \"keys/other.key\"", "");

    let mut damaged = keyring.clone();
    *damaged.last_mut().unwrap() ^= 1;
    sandbox.write("keys/test.keyring", &damaged);
    insta::assert_snapshot!(run(), @r"
    exit 2
    error: keyring `keys/test.keyring` is damaged: its sealed content is not what was written
      hint: restore the keyring from a copy
    nothing was published; `safe` has no current run
    ");
    sandbox.write("keys/test.keyring", &keyring[..keyring.len() / 2]);
    insta::assert_snapshot!(run(), @r"
    exit 2
    error: keyring `keys/test.keyring` is truncated
      hint: restore the keyring from a copy
    nothing was published; `safe` has no current run
    ");
    sandbox.write("keys/test.keyring", "not a keyring");
    insta::assert_snapshot!(run(), @r"
    exit 2
    error: keyring `keys/test.keyring` is not a binary age file of version 1
    nothing was published; `safe` has no current run
    ");
    fs::remove_file(sandbox.path("keys/test.keyring")).unwrap();
    insta::assert_snapshot!(run(), @r"
    exit 2
    error: cannot read `keys/test.keyring`: no such file or directory
      hint: `pseudo keys new` makes a keyring and its identity file
    nothing was published; `safe` has no current run
    ");
    sandbox.write("keys/test.keyring", &keyring);

    let identity = sandbox.path("keys/test.key");
    fs::set_permissions(&identity, fs::Permissions::from_mode(0o640)).unwrap();
    insta::assert_snapshot!(run(), @r"
    exit 2
    error: identity file `keys/test.key` has mode 0640: others can read it
      hint: chmod 600 keys/test.key
    nothing was published; `safe` has no current run
    ");
    fs::remove_file(identity).unwrap();
    // no identity beside it: a passphrase is asked for, and there is no terminal
    insta::assert_snapshot!(run(), @r"
    exit 2
    error: the keyring needs a passphrase, and there is no terminal to ask on
      hint: give `--passphrase-file`, or an identity file
    nothing was published; `safe` has no current run
    ");
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
    insta::assert_snapshot!(run("wrong").refusal(), @r"
    exit 2
    error: wrong passphrase for keyring `keys/word.keyring`
    nothing was published; `safe` has no current run
    ");
    insta::assert_snapshot!(run("public").refusal(), @r"
    exit 2
    error: passphrase file `public` can be read by others
      hint: chmod 600 public
    nothing was published; `safe` has no current run
    ");
    insta::assert_snapshot!(run("absent").refusal(), @r"
    exit 2
    error: passphrase file `absent` cannot be read: entity not found
    nothing was published; `safe` has no current run
    ");
    assert_eq!(sandbox.current("safe"), None);
    let done = run("right");
    assert_eq!(done.code, Some(0), "{}", done.err);
}

#[test]
fn keys_inside_the_sink_are_refused() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "root = \"safe\"", "root = \".\"");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r"
    exit 2
    error: a key file lies inside the sink, where analysts read
      --> people.toml:5:11, table [keys]
    error: a source file lies inside the sink
      --> people.toml:7:8, table [source]
    nothing was published; `.` has no current run
    ");
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
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml", "--full"]).refusal(), @r"
    exit 2
    error: keyring `keys/test.keyring` of run `first` is gone
      hint: restore it from a copy; `pseudo keys new` makes another, and other tokens
    nothing was published; run `first` is still current in `safe`
    ");
    assert!(!sandbox.path("keys/test.keyring").exists());
}

#[test]
fn a_damaged_source_file_is_a_failure_with_its_place() {
    let sandbox = Sandbox::people();
    sandbox.write("raw/people.csv", "id,name,city\n1,甲,北京\n2,\"乙,上海\n");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r"
    exit 1
    error: `people.csv`, row 2, column `name`: ends inside a quoted field
    nothing was published; `safe` has no current run
    ");
    sandbox.write("raw/people.parquet", "PAR1 and no more PAR1");
    sandbox.edit("people.toml", "people.csv", "people.parquet");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r"
    exit 1
    error: `people.parquet`: truncated or damaged Parquet
    nothing was published; `safe` has no current run
    ");
    assert_eq!(sandbox.current("safe"), None);
}

#[test]
fn questions_that_cannot_be_answered_are_refused() {
    let sandbox = Sandbox::people();
    let query = |sql: &str| sandbox.run(&["query", "safe", sql]).refusal();
    insta::assert_snapshot!(query("SELECT 1"), @r"
    exit 2
    error: nothing is published: the sink holds no `current`
    ");
    sandbox.ok(&["run", "people.toml"]);
    insta::assert_snapshot!(query("SELECT city\nFRM people"), @r"
    exit 2
    error: not valid SQL at line 2, column 5
    ");
    insta::assert_snapshot!(query("SELECT name FROM people"), @r"
    exit 2
    error: unknown column at line 1, column 8; the columns are `city`, `id`
    ");
    insta::assert_snapshot!(query("SELECT * FROM persons"), @r"
    exit 2
    error: unknown table; the tables are `people`
    ");
    insta::assert_snapshot!(query("DROP TABLE people"), @r"
    exit 2
    error: only one query is answered: a published run is read, never changed
    ");
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
