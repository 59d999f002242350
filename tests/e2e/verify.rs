//! The gate as a person meets it, and `pseudo verify`.

use std::fs::{self, OpenOptions};
use std::io::Write;

use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::text::redacted;

/// Phone numbers that nobody has.
fn phones(count: u64) -> impl Iterator<Item = String> {
    let segments = ["154", "161", "163"];
    (1..=count).map(move |n| {
        let segment = segments[usize::try_from(n % 3).unwrap()];
        format!("{segment}{:08}", n * 61_803_399 % 100_000_000)
    })
}

/// Three people and three hundred more, with their phones.
fn with_phones(rule: &str) -> Sandbox {
    let sandbox = Sandbox::people();
    let rows: String = (1..)
        .zip(phones(300))
        .map(|(n, phone)| format!("{n},甲,北京,{phone}\n"))
        .collect();
    sandbox.write("raw/people.csv", format!("id,name,city,contact\n{rows}"));
    sandbox.edit(
        "people.toml",
        "city = \"keep\"",
        &format!("city = \"keep\"\ncontact = {rule}"),
    );
    sandbox
}

#[test]
fn a_kept_phone_is_not_published() {
    let sandbox = with_phones("\"keep\"");
    let failed = sandbox.run(&["run", "people.toml"]);
    assert_eq!(failed.code, Some(3), "{}", failed.err);
    let text = redacted(&failed.err);
    for said in [
        "error: verify: table `people`, column `contact`: 300 distinct values in 300 rows are of \
         kind `cn-phone` (`people/part-00000-",
        "  hint: tokenise the column that `contact` is made from",
        "nothing was published; `safe` has no current run",
    ] {
        assert!(text.contains(said), "{text}");
    }
    assert!(!phones(300).any(|phone| failed.err.contains(&phone)));
    assert!(sandbox.files("safe/.staging").is_empty());
    assert_eq!(sandbox.current("safe"), None);
    let failed = sandbox.run(&["run", "people.toml", "--log-format", "json"]);
    let first: Value = serde_json::from_str(failed.err.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["level"], &first["fault"]),
        (&"error".into(), &"leak".into())
    );
}

#[test]
fn a_suspicion_is_a_warning() {
    let sandbox = with_phones("\"keep\"");
    // one plate may be a slip
    let rows = "id,name,city,contact\n1,甲,北京,京A12345\n2,乙,上海,-\n";
    sandbox.write("raw/people.csv", rows);
    let done = sandbox.run(&["run", "people.toml"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let said = "warning: table `people`, column `contact`: 1 distinct values may be of kind \
                `cn-plate/1`";
    assert!(done.err.contains(said), "{}", done.err);
    let kinds = sandbox.manifest("safe")["tables"][0]["gate"]["columns"][1]["kinds"].clone();
    assert_eq!(kinds[0]["certainty"], "suspect");
    let done = sandbox.run(&["verify", "safe"]);
    assert!(
        done.code == Some(0) && done.err.contains(said),
        "{}",
        done.err
    );
}

#[test]
fn a_published_run_is_proved_without_keys() {
    let sandbox = with_phones("{ token = \"account\" }");
    sandbox.ok(&["run", "people.toml", "--run-id", "first"]);
    fs::remove_dir_all(sandbox.path("keys")).unwrap();
    let text = sandbox.ok(&["verify", "safe"]);
    assert!(text.contains("\npeople  city    1\n"), "{text}");
    let last = "\nrun first of safe is as its manifest says; give `--pipeline` to compare it with \
                its source\n";
    assert!(text.ends_with(last), "{text}");
    let with_source = ["verify", "safe", "--pipeline", "people.toml", "--json"];
    let found: Value = serde_json::from_str(&sandbox.ok(&with_source)).unwrap();
    assert_eq!(found["outcome"], "verified");
    assert_eq!(found["run_id"], "first");
    assert_eq!(found["protected_columns"], 3);
    assert_eq!(found["tables"][0]["gate"]["columns"][0]["column"], "city");
    sandbox.edit("people.toml", "name = \"drop\"", "name = \"null\"");
    let done = sandbox.run(&["verify", "safe", "--pipeline", "people.toml", "-q"]);
    assert_eq!(done.code, Some(0));
    assert!(
        done.err
            .contains("warning: the pipeline file is not the one"),
        "{}",
        done.err
    );
}

#[test]
fn counters_that_somebody_calls_unrelated_pass_with_a_word() {
    let sandbox = Sandbox::people();
    let rows: String = (0..2_000)
        .map(|n| format!("{},甲,{}\n", n * 7 % 2_000 + 1, n * 11 % 2_000 + 1))
        .collect();
    sandbox.write("raw/people.csv", format!("id,name,city\n{rows}"));
    let failed = sandbox.run(&["run", "people.toml"]);
    assert_eq!(failed.code, Some(3), "{}", failed.err);
    let hint = "where somebody answers for it that they number something else, write in \
                [identities.account]\n        unrelated = [\"people.city\"]\n";
    assert!(failed.err.contains(hint), "{}", failed.err);
    sandbox.edit(
        "people.toml",
        "kind = \"integer\"",
        "kind = \"integer\"\nunrelated = [\"people.city\"]",
    );
    let said = |identity: &str| {
        format!(
            "warning: table `people`, column `city`: 2,000 of 2,000 numbers are those of \
             `{identity}`, and pass because the pipeline calls the two unrelated\n"
        )
    };
    let done = sandbox.run(&["run", "people.toml"]);
    assert_eq!((done.code, done.err), (Some(0), said("account")));
    let done = sandbox.run(&["verify", "safe", "--pipeline", "people.toml"]);
    assert_eq!((done.code, done.err), (Some(0), said("people.id")));
}

#[test]
fn a_source_that_is_not_as_it_was_is_told() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "\"people.csv\"", "\"*.csv\"");
    for name in ["gone", "copied"] {
        sandbox.write(&format!("raw/{name}.csv"), "id,name,city\n7,甲,北京\n");
    }
    sandbox.ok(&["run", "people.toml"]);
    let verify = ["verify", "safe", "--pipeline", "people.toml"];
    let done = sandbox.run(&verify);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    fs::remove_file(sandbox.path("raw/gone.csv")).unwrap();
    fs::copy(sandbox.path("raw/copied.csv"), sandbox.path("copy")).unwrap();
    sandbox.rename("copy", "raw/copied.csv");
    sandbox.edit("raw/people.csv", "1,甲", "8,甲");
    sandbox.write("raw/late.csv", "id,name,city\n9,甲,北京\n");
    let done = sandbox.run(&verify);
    assert_eq!(done.code, Some(0));
    let told = |what: &str| {
        format!(
            "warning: table `people`, source file {what} the run: the comparison with the source \
             speaks of other rows than were published\n"
        )
    };
    let told = [
        told("`late.csv` came after"),
        told("`people.csv` has changed since"),
        told("`gone.csv` is gone since"),
    ];
    assert_eq!(done.err, told.concat());
    let found: Value =
        serde_json::from_str(&sandbox.ok(&[&verify[..], &["--json"]].concat())).unwrap();
    let changed = |file, change| json!({ "table": "people", "file": file, "change": change });
    let expected = json!([
        changed("late.csv", "new"),
        changed("people.csv", "changed"),
        changed("gone.csv", "gone"),
    ]);
    assert_eq!(found["changed_sources"], expected);
}

#[test]
fn a_changed_file_ends_with_three() {
    let sandbox = with_phones("{ token = \"account\" }");
    sandbox.ok(&["run", "people.toml"]);
    let (name, _) = sandbox.files("safe/current/people").remove(0);
    let mut file = OpenOptions::new()
        .append(true)
        .open(sandbox.path(&name))
        .unwrap();
    file.write_all(b"x").unwrap();
    let failed = sandbox.run(&["verify", "safe"]);
    assert_eq!(failed.code, Some(3));
    assert!(
        failed
            .err
            .contains("has another digest than the manifest says"),
        "{}",
        failed.err
    );
    fs::remove_file(sandbox.path(&name)).unwrap();
    assert_eq!(sandbox.run(&["verify", "safe"]).code, Some(3));
    let failed = sandbox.run(&["verify", "nowhere"]);
    assert_eq!(failed.code, Some(1), "{}", failed.err);
}
