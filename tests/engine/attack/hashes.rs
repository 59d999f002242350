//! Unkeyed hashes are inverted, tokens are not.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, StringArray};
use md5::Md5;
use pseudo_engine::risk::attack::{AttackOptions, Recovered, attack};
use pseudo_engine::{Cancel, Error, Silent};
use pseudo_pii::sample;
use pseudo_token::Encoding;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use sm3::Sm3;

use super::{attacked, spaces, with};
use crate::harness::{Sandbox, batch};

const ROWS: u64 = 3_000;

fn column(cell: impl Fn(u64) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..ROWS).map(cell)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A phone for every three rows, in its place among a thousand.
fn phone(row: u64) -> String {
    sample::phone(row % (ROWS / 3) * 7).as_str().to_owned()
}

/// Phones under a token, and beside it under hashes that somebody meant well.
fn hashed() -> Sandbox {
    let sandbox = Sandbox::new();
    let base32 = |bytes: &[u8]| {
        let mut text = Vec::new();
        Encoding::Base32.encode(bytes, &mut text);
        String::from_utf8(text).unwrap().to_uppercase()
    };
    let base64 = |bytes: &[u8]| {
        let mut text = Vec::new();
        Encoding::Base64Url.encode(bytes, &mut text);
        String::from_utf8(text).unwrap()
    };
    let sm3 = (0..ROWS).map(|row| Sm3::digest(phone(row)).to_vec());
    let columns = batch([
        ("id", column(|row| row.to_string())),
        ("phone", column(phone)),
        ("sealed", column(phone)),
        ("sha256", column(|row| hex(&Sha256::digest(phone(row))))),
        (
            "md5",
            column(|row| hex(&Md5::digest(format!("+86{}", phone(row)))).to_uppercase()),
        ),
        (
            "short",
            column(|row| base32(&Sha1::digest(format!("86{}", phone(row)))[..10])),
        ),
        (
            "sha512",
            column(|row| base64(&Sha512::digest(row.to_string()))),
        ),
        ("sm3", Arc::new(BinaryArray::from_iter_values(sm3))),
        (
            "salted",
            column(|row| hex(&Sha256::digest(format!("salt{}", phone(row))))),
        ),
    ]);
    sandbox.parquet("users.parquet", &columns, 1_000);
    let rules = "[tables.users]\nsource = \"users.parquet\"\nsubject = \"id\"\n\
         [tables.users.columns]\nid = { token = \"account\" }\nphone = { token = \"phone\" }\n\
         sealed = { seal = \"phone\" }\nsha256 = \"keep\"\nmd5 = \"keep\"\nshort = \"keep\"\n\
         sha512 = \"keep\"\nsm3 = \"keep\"\nsalted = \"keep\"\n";
    sandbox.run(rules, 1).unwrap();
    sandbox
}

fn recovered(column: &str, dictionary: &str, hash: &str, values: u64) -> Recovered {
    Recovered {
        table: "users".to_owned(),
        column: column.to_owned(),
        dictionary: dictionary.to_owned(),
        hash: hash.to_owned(),
        values,
        of_values: values,
        rows: ROWS,
        of_rows: ROWS,
    }
}

#[test]
fn every_hash_without_a_key_is_inverted_and_no_token_is() {
    let sandbox = hashed();
    let report = attacked(&sandbox, false);
    assert_eq!(
        report.recovered,
        [
            recovered("sha256", "cn-phone", "SHA-256", 1_000),
            recovered("md5", "cn-phone", "MD5", 1_000),
            recovered("short", "cn-phone", "SHA-1", 1_000),
            recovered("sm3", "cn-phone", "SM3", 1_000),
            recovered("sha512", "integer", "SHA-512", ROWS),
        ]
    );
    let target = |name: &str| report.targets.iter().find(|target| target.column == name);
    for (name, encoding, bytes) in [
        ("id", "base32", 16),
        ("phone", "base32", 16),
        ("sha256", "hex", 32),
        ("md5", "hex", 16),
        ("short", "base32", 10),
        ("sha512", "base64", 64),
        ("sm3", "binary", 32),
    ] {
        let target = target(name).unwrap();
        assert_eq!(
            (target.encoding.as_str(), target.bytes),
            (encoding, bytes),
            "{name}"
        );
    }
    assert!(target("sealed").is_some() && target("salted").is_some());
    assert!(report.is_broken());
    assert!(
        report
            .sentence
            .contains("1,000 of 1,000 values of `users.sha256` were recovered")
    );
}

#[test]
fn tokens_stand_against_the_values_themselves() {
    let sandbox = hashed();
    let report = attacked(&sandbox, true);
    let found: Vec<(&str, &str)> = report
        .recovered
        .iter()
        .map(|one| (one.column.as_str(), one.dictionary.as_str()))
        .collect();
    for column in ["sha256", "md5", "sm3", "sha512"] {
        assert!(found.contains(&(column, "source")), "{column}: {found:?}");
    }
    for column in ["id", "phone", "sealed", "salted"] {
        assert!(!found.iter().any(|(name, _)| *name == column), "{column}");
    }
    let source = report
        .trials
        .iter()
        .filter(|trial| trial.dictionary == "source");
    let tried: Vec<u64> = source.map(|trial| trial.tried).collect();
    assert_eq!(tried.len(), report.targets.len());
    assert!(tried.iter().all(|tried| *tried >= 3_000), "{tried:?}");
}

#[test]
fn a_guess_says_what_it_may_have_missed() {
    let sandbox = hashed();
    let options = AttackOptions {
        source: None,
        tables: &[],
        guesses: 7,
        exhaustive: false,
        spaces: &spaces(),
        memory_bytes_max: 1 << 30,
        threads: Some(1),
        progress: &Silent,
        cancel: &Cancel::default(),
    };
    let few = attack(&sandbox.path("safe"), &options).unwrap();
    let trial = |column: &str| {
        let mut trials = few.trials.iter();
        let trial = trials.find(|one| one.column == column && one.dictionary == "cn-phone");
        trial.unwrap().clone()
    };
    // 7 of 10,000 phones against 1,000 values
    let phone = trial("phone");
    assert_eq!((phone.candidates, phone.tried, phone.hits), (10_000, 7, 0));
    assert!((phone.missed.unwrap() - (-0.7_f64).exp()).abs() < 1e-9);
    let all = AttackOptions {
        exhaustive: true,
        ..options
    };
    let all = attack(&sandbox.path("safe"), &all).unwrap();
    assert!(
        all.trials
            .iter()
            .all(|trial| trial.tried == trial.candidates)
    );
    assert!(all.trials.iter().all(|trial| trial.missed == Some(0.0)));
    // three spellings and five hashes of each phone
    let hits = |column: &str| {
        let trials = all.trials.iter().filter(|trial| trial.column == column);
        trials.map(|trial| trial.hits).sum::<u64>()
    };
    assert_eq!(
        (hits("sha256"), hits("md5"), hits("short")),
        (1_000, 1_000, 1_000)
    );
    assert_eq!((hits("phone"), hits("id"), hits("salted")), (0, 0, 0));
}

#[test]
fn an_attack_stops_and_names_what_is_not_there() {
    let sandbox = hashed();
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(matches!(
        with(&sandbox, None, &cancel),
        Err(Error::Cancelled)
    ));
    let empty = sandbox.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let error = with(&sandbox, Some(&empty), &Cancel::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no table there is one of the run"),
        "{error}"
    );
    let error = with(&Sandbox::new(), None, &Cancel::default()).unwrap_err();
    assert_eq!(error.exit_code(), 1);
}
