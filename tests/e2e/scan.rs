//! `pseudo scan`: what is found, how it is told to people and to machines, and how it ends.

use std::fs;

use serde_json::Value;

use crate::harness::{Done, Sandbox};

const PHONE: &str = "15498761234";
const MAIL: &str = "kanarie@example.com";

/// A tree with a phone in a name, mails in a column, and nothing else.
fn tree() -> Sandbox {
    let sandbox = Sandbox::new();
    let rows: String = (0..40).map(|n| format!("{n},{n}{MAIL}\n")).collect();
    sandbox.write("zone/a/mails.csv", format!("id,contact\n{rows}"));
    sandbox.write(&format!("zone/{PHONE}.txt"), "nothing\n");
    sandbox.write("zone/clean.tsv", "id\tcity\n1\t北京\n");
    sandbox
}

/// Answers what was said, when it shows no value.
fn clean(done: Done) -> Done {
    for text in [&done.out, &done.err] {
        assert!(!text.contains(PHONE) && !text.contains("kanarie"), "{text}");
    }
    done
}

#[test]
fn nothing_is_found_in_what_a_run_publishes() {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    sandbox.ok(&["sample", "incident", "--scale", "0.002", "data/raw"]);
    sandbox.ok(&["keys", "new", "pipelines/keys/analytics.keyring"]);
    sandbox.ok(&["run", "pipelines/owner-analytics.toml"]);
    for path in ["data/safe", "data/safe/current"] {
        let done = sandbox.run(&["scan", path, "--fail-on", "suspect"]);
        assert_eq!(
            (done.code, done.err.as_str()),
            (Some(0), ""),
            "{}",
            done.out
        );
        assert!(done.out.ends_with(" rows: 0 findings\n"), "{}", done.out);
    }
    let raw = sandbox.run(&["scan", "data/raw", "--fail-on", "cn-resident-id", "--json"]);
    assert_eq!(raw.code, Some(3), "{}", raw.err);
    let report: Value = serde_json::from_str(&raw.out).unwrap();
    let files = report["files"].as_array().unwrap();
    let users = files
        .iter()
        .find(|file| file["path"].as_str().unwrap().contains("users/"));
    let findings = users.unwrap()["findings"].as_array().unwrap();
    let of = |column: &str| -> Vec<&str> {
        let found = findings.iter().filter(|one| one["column"] == column);
        found.map(|one| one["kind"].as_str().unwrap()).collect()
    };
    assert_eq!(of("phone"), ["cn-phone"]);
    assert_eq!(of("email"), ["email"]);
    assert_eq!(of("id_number"), ["cn-resident-id"]);
    assert_eq!(of("city"), [""; 0]);
}

#[test]
fn a_person_reads_a_table() {
    let sandbox = tree();
    let done = clean(sandbox.run(&["scan", "zone"]));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(done.out, @r"
    file                    place      column   kind      certainty  values  rows  of     rate
    zone/***********~1.txt  file name           cn-phone  suspect         1     0   1  100.0 %
    zone/a/mails.csv        column     contact  email     certain        40    40  40  100.0 %

    3 files, 1,016 bytes, 42 rows: 2 findings
    ");
    let done = clean(sandbox.run(&["scan", "zone", "--fail-on", "certain"]));
    assert_eq!(done.code, Some(3));
    insta::assert_snapshot!(done.err, @r"
    error: 1 finding that `--fail-on` names
      hint: whoever reads these files reads identifiers: find out what wrote them
    ");
    let kind = clean(sandbox.run(&["scan", "zone", "--fail-on", "vin", "--fail-on", "bank-card"]));
    assert_eq!(kind.code, Some(0), "{}", kind.err);
    let one = clean(sandbox.run(&["scan", "zone/clean.tsv", "--fail-on", "suspect"]));
    assert_eq!(one.code, Some(0), "{}", one.err);
}

#[test]
fn what_cannot_be_looked_into_ends_with_one() {
    let sandbox = tree();
    sandbox.write("zone/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    sandbox.write(&format!("zone/{PHONE}.parquet"), "no Parquet");
    let done = clean(sandbox.run(&["scan", "zone"]));
    assert_eq!(done.code, Some(1));
    insta::assert_snapshot!(done.out, @r"
    file                        place      column   kind      certainty  values  rows  of     rate
    zone/***********~1.parquet  file name           cn-phone  suspect         1     0   1  100.0 %
    zone/***********~2.txt      file name           cn-phone  suspect         1     0   1  100.0 %
    zone/a/mails.csv            column     contact  email     certain        40    40  40  100.0 %

    not looked into             why
    zone/***********~1.parquet  not a Parquet file
    zone/picture.png            a PNG picture

    3 files, 1,016 bytes, 42 rows: 3 findings
    ");
    insta::assert_snapshot!(done.err, @r"
    error: 2 files not looked into to the end
      hint: `--skip PATTERN` leaves out what need not be looked into
    ");
    let args = ["scan", "zone", "--skip", "*.png", "--skip", "*.parquet"];
    assert_eq!(clean(sandbox.run(&args)).code, Some(0));
    // a finding weighs more than a file that is not looked into
    let both = clean(sandbox.run(&["scan", "zone", "--fail-on", "email"]));
    assert_eq!(both.code, Some(3), "{}", both.err);
    let json = clean(sandbox.run(&["scan", "zone", "--json"]));
    let report: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (json.code, &report["outcome"]),
        (Some(1), &Value::from("incomplete"))
    );
    let absent = sandbox.run(&["scan", "absent"]);
    insta::assert_snapshot!(absent.refusal(), @r"
    exit 1
    error: cannot read `absent`: no such file or directory
    ");
}

/// The properties that the schema of SARIF 2.1.0 requires, and the words that it allows.
#[test]
fn sarif_is_what_its_schema_says() {
    let sandbox = tree();
    sandbox.write("zone/客 1.bin", b"\0\0\0");
    let done = clean(sandbox.run(&["scan", "zone", "--sarif"]));
    assert_eq!(done.code, Some(1));
    let log: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(
        log["$schema"]
            .as_str()
            .unwrap()
            .ends_with("sarif-schema-2.1.0.json")
    );
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "pseudo scan");
    let rules = driver["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 7);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notices = invocation["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notices.len(), 1);
    assert!(notices[0]["message"]["text"].is_string());
    let uri = |one: &Value| {
        let place = &one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        place.as_str().unwrap().to_owned()
    };
    assert_eq!(uri(&notices[0]), "zone/%E5%AE%A2%201.bin");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(result["message"]["text"].is_string());
        assert!(["warning", "error"].contains(&result["level"].as_str().unwrap()));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["properties"]["values"].is_u64());
    }
    assert_eq!(
        uri(&results[0]),
        "zone/%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A~1.txt"
    );
    let column = &results[1]["locations"][0]["logicalLocations"][0]["name"];
    assert_eq!(
        (column, uri(&results[1]).as_str()),
        (&Value::from("contact"), "zone/a/mails.csv")
    );
    assert!(fs::read_dir(sandbox.path("")).unwrap().count() == 1);
}
