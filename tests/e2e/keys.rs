//! The life of a keyring by its verbs, and what others are given of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Done, Sandbox};
use crate::text::{redacted, words_of};

/// Runs `pseudo keys …`; `K` is the keyring of the sandbox.
fn keys(sandbox: &Sandbox, line: &str) -> Done {
    let line = format!("keys {line}").replace(" K", " keys/test.keyring");
    let words = words_of(&line);
    sandbox.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The same, of a command that must succeed; answers what it said on both channels.
fn told(sandbox: &Sandbox, line: &str) -> String {
    let done = keys(sandbox, line);
    assert_eq!(done.code, Some(0), "{line}\n{}", done.err);
    redacted(&format!("{}{}", done.out, done.err))
}

/// A sandbox whose pipeline seals, too.
fn sealing() -> Sandbox {
    let sandbox = Sandbox::people();
    let token = "id = { token = \"account\" }";
    let both = "id = [{ token = \"account\" }, { seal = \"account\", to = \"sealed\" }]";
    sandbox.edit("people.toml", token, both);
    sandbox
}

/// Makes an identity file, and answers its public key.
fn recipient(sandbox: &Sandbox, name: &str) -> String {
    told(sandbox, &format!("new {name}.keyring"));
    fs::remove_file(sandbox.path(&format!("{name}.keyring"))).unwrap();
    let text = fs::read_to_string(sandbox.path(&format!("{name}.key"))).unwrap();
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}

#[test]
fn an_epoch_lives_and_dies() {
    let sandbox = Sandbox::people();
    insta::assert_snapshot!("rotated", told(&sandbox, "rotate K"));
    insta::assert_snapshot!("disabled", told(&sandbox, "disable K --epoch 1"));
    insta::assert_snapshot!("enabled", told(&sandbox, "enable K --epoch 1"));
    insta::assert_snapshot!("checked", told(&sandbox, "check K"));
    insta::assert_snapshot!("destroyed", told(&sandbox, "destroy K --epoch 1 --yes"));
    let json: Value = serde_json::from_str(&told(&sandbox, "check K --json")).unwrap();
    assert_eq!(json["epochs"][0]["status"], "destroyed");
    assert_eq!(json["epochs"][0]["usable"], false);
    assert_eq!(json["epochs"][1]["usable"], true);
    let files = sandbox.files("keys").len();
    assert_eq!(files, 2, "nothing is left beside the keyring");
}

#[test]
fn what_cannot_be_changed_is_as_it_was() {
    let sandbox = Sandbox::people();
    told(&sandbox, "rotate K");
    let before = sandbox.files(".");
    let place = "transit:https://127.0.0.1:1/transit/analytics";
    let stranger = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    let refusals = [
        "destroy K --epoch 1".to_owned(),
        "destroy K --epoch 2 --yes".to_owned(),
        "destroy K --epoch 2".to_owned(),
        "disable K --epoch 7".to_owned(),
        "rotate keys/absent.keyring --identity keys/test.key".to_owned(),
        format!("rotate K --custody {place}"),
        "rotate K --custody vault:a".to_owned(),
        format!("new a.keyring --custody {place}"),
        format!("rewrap K --remove {stranger}"),
        format!("rewrap K --only {stranger}"),
        format!("rewrap K --approver {stranger}"),
    ]
    .map(|line| {
        let refusal = keys(&sandbox, &line).refusal();
        assert!(sandbox.files(".") == before, "{line}");
        format!("$ pseudo keys {}\n{refusal}", redacted(&line))
    });
    insta::assert_snapshot!("unchanged", refusals.join("\n"));
}

#[test]
fn a_run_with_a_bundle_writes_what_a_run_with_the_keyring_writes() {
    let sandbox = sealing();
    let run = ["run", "people.toml", "--run-id", "a"];
    sandbox.ok(&run);
    let written = sandbox.files("safe/current/people");
    let host = recipient(&sandbox, "host");
    let to = format!("-o host.bundle --recipient {host}");
    let export = format!("export K --role pseudonymise --pipeline people.toml {to}");
    let refused = keys(&sandbox, &export).refusal();
    insta::assert_snapshot!("export-that-reveals", refused);
    let exported = told(&sandbox, &format!("{export} --allow-reveal"));
    insta::assert_snapshot!("exported", exported);
    let listed = told(&sandbox, "list host.bundle");
    assert!(exported.starts_with(&listed), "{listed}");
    let listed = told(&sandbox, "list host.bundle --json");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["keys"][0]["purpose"], "token");
    sandbox.edit("people.toml", "keys/test.keyring", "host.bundle");
    let again = sandbox.ok(&["run", "people.toml"]);
    assert!(again.starts_with("nothing to do"), "{again}");
    fs::remove_dir_all(sandbox.path("safe")).unwrap();
    fs::remove_dir_all(sandbox.path("keys")).unwrap();
    sandbox.ok(&run);
    assert!(sandbox.files("safe/current/people") == written);
}

#[test]
fn a_bundle_serves_its_pipeline_alone() {
    let sandbox = sealing();
    let host = recipient(&sandbox, "host");
    fs::copy(sandbox.path("host.key"), sandbox.path("reveal.key")).unwrap();
    let run = format!("--role pseudonymise --pipeline people.toml --recipient {host}");
    told(
        &sandbox,
        &format!("export K {run} --allow-reveal -o host.bundle"),
    );
    let reveal = format!("--role reveal --identity account --recipient {host}");
    told(
        &sandbox,
        &format!("export K {reveal} --domain test --kind integer -o reveal.bundle"),
    );
    sandbox.edit("people.toml", "keys/test.keyring", "host.bundle");
    let refused = |from: &str, to: &str| {
        sandbox.edit("people.toml", from, to);
        let refusal = sandbox.run(&["run", "people.toml"]).refusal();
        assert!(!sandbox.path("safe").exists());
        sandbox.edit("people.toml", to, from);
        refusal
    };
    let refusals = [
        refused("domain = \"test\"", "domain = \"other\""),
        refused(
            "name = \"drop\"",
            "name = { fpe = \"account\", alphabet = \"digits\" }",
        ),
        refused("kind = \"integer\"", "kind = \"text\""),
        refused("host.bundle", "reveal.bundle"),
    ];
    insta::assert_snapshot!("other-uses-of-a-bundle", refusals.join("\n"));
}

#[test]
fn what_nobody_meant_is_not_exported() {
    let sandbox = sealing();
    let host = recipient(&sandbox, "host");
    sandbox.ok(&["run", "people.toml"]);
    told(&sandbox, "rotate K");
    let run = "--role pseudonymise --pipeline people.toml --allow-reveal";
    let to = format!("--recipient {host}");
    let refusals = [
        format!("{run} {to}"),
        run.to_owned(),
        format!("{run} --cleartext"),
        format!("{run} {to} --identity account"),
        format!("--role pseudonymise {to}"),
        format!("--role reveal {to}"),
        format!("--role reveal --identity account {to}"),
        format!("--role reveal --identity account --kind integer {to}"),
        format!("--role reveal --identity person --pipeline people.toml {to}"),
        format!("--role tink --identity a --identity b --pipeline people.toml {to}"),
    ]
    .map(|line| {
        let refusal = keys(&sandbox, &format!("export K -o a.bundle {line}")).refusal();
        assert!(!sandbox.path("a.bundle").exists(), "{line}");
        format!(
            "$ pseudo keys export K -o a.bundle {}\n{refusal}",
            redacted(&line)
        )
    });
    insta::assert_snapshot!("not-exported", refusals.join("\n"));
    told(
        &sandbox,
        &format!("export K -o a.bundle {run} {to} --epoch 1"),
    );
    told(
        &sandbox,
        &format!("export K -o b.bundle {run} {to} --new-epoch"),
    );
}

#[test]
fn a_keyset_for_tink_is_private_or_sealed() {
    let sandbox = sealing();
    let host = recipient(&sandbox, "host");
    let tink = "export K --role tink --identity account --pipeline people.toml";
    let said = told(&sandbox, &format!("{tink} --cleartext -o account.json"));
    let keyset = fs::read_to_string(sandbox.path("account.json")).unwrap();
    let keyset: Value = serde_json::from_str(&keyset).unwrap();
    let id = keyset["primaryKeyId"].to_string();
    let expected = format!("role tink, identity account, kind integer/1, key id {id}\n");
    assert!(said.starts_with(&expected), "{said}");
    let mode = fs::metadata(sandbox.path("account.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    told(
        &sandbox,
        &format!("{tink} --recipient {host} -o account.age"),
    );
    let sealed = fs::read(sandbox.path("account.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
}

#[test]
fn people_come_and_go() {
    let sandbox = Sandbox::people();
    let second = recipient(&sandbox, "second");
    let third = recipient(&sandbox, "third");
    let added = told(&sandbox, &format!("rewrap K --add {second}"));
    insta::assert_snapshot!("added", added);
    let list = told(&sandbox, "list K");
    let by_second = "list K --identity second.key";
    assert_eq!(told(&sandbox, by_second), list);
    let removed = told(&sandbox, &format!("rewrap K --remove {second}"));
    insta::assert_snapshot!("removed", removed);
    assert_eq!(keys(&sandbox, by_second).code, Some(2));
    assert_eq!(told(&sandbox, "list K"), list);
    let approvers = format!("rewrap K --approver {second} --approver {third}");
    insta::assert_snapshot!("approvers", told(&sandbox, &approvers));
    let nobody = "rewrap K --no-approvers";
    let one = "--approval-identity second.key";
    let refusals = [
        nobody.to_owned(),
        format!("{nobody} {one}"),
        format!("{nobody} {one} {one}"),
    ];
    let refusals = refusals.map(|line| keys(&sandbox, &line).refusal());
    insta::assert_snapshot!("not-approved", refusals.join("\n"));
    told(
        &sandbox,
        &format!("{nobody} {one} --approval-identity third.key"),
    );
    let json: Value = serde_json::from_str(&told(&sandbox, "list K --json")).unwrap();
    assert!(json["approvers"].is_null());
}

#[test]
fn a_killed_change_leaves_a_keyring() {
    let sandbox = Sandbox::people();
    let mut killed = 0;
    for round in 0..40 {
        let mut child = sandbox
            .command(&["keys", "rotate", "keys/test.keyring"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_micros(round * 700));
        child.kill().unwrap();
        killed += i32::from(!child.wait().unwrap().success());
        told(&sandbox, "check K");
    }
    assert!(killed > 5, "{killed} of 40 were killed");
    told(&sandbox, "rotate K");
}

/// While it waits for a passphrase that comes through a pipe, the program can be looked at.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_dumped() {
    let sandbox = Sandbox::people();
    let mut child = sandbox
        .command(&[
            "keys",
            "list",
            "keys/test.keyring",
            "--passphrase-file",
            "/dev/stdin",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let dumps = || {
        let text = fs::read_to_string(&limits).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let limits: Vec<_> = line
            .unwrap()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        limits[4..6] != ["0", "0"]
    };
    let late = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(10));
        !dumps()
    });
    assert!(late, "core files are not switched off");
    child.stdin.take().unwrap().write_all(b"word\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
}
