//! What is not turned, and what is said then; the sink stays as it is.

use std::fs;
use std::io::Write;
use std::iter;

use pseudo_engine::{Error, RekeyReport, RunOutcome};
use pseudo_keyring::{KeySource, Opener, Recipient};
use pseudo_token::Epoch;
use sha2::{Digest, Sha256};

use super::{Bench, TIME, recipient, table};

/// The error, when nothing has changed.
fn refused(bench: &Bench, done: impl FnOnce() -> Result<RekeyReport, Error>) -> Error {
    let before = bench.tree();
    let error = done().err().unwrap();
    assert!(bench.tree() == before, "{error}");
    error
}

#[test]
fn what_cannot_be_turned_is_refused() {
    let bench = Bench::new();
    let missing = bench.rekey(1, 2).err().unwrap();
    assert!(missing.to_string().contains("current"), "{missing}");
    assert_eq!(missing.exit_code(), 1);
    bench.run(1, 1);
    let text = |from, to| {
        let error = refused(&bench, || bench.rekey(from, to));
        assert_eq!(error.exit_code(), 2, "{error}");
        error.to_string()
    };
    assert_eq!(text(1, 1), "the two epochs are one");
    assert!(text(1, 9).contains('9'));
    assert!(text(9, 1).contains('9'));
    assert!(text(1, 4).contains("disabled"), "{}", text(1, 4));
    assert!(text(1, 5).contains("destroyed"));
    assert!(text(5, 1).contains("destroyed"));
    assert!(text(2, 1).contains("was made with key"));
    let error = refused(&bench, || bench.rekey_with(1, 2, |_| {}));
    let text = "tokens without an original at hand: \
                `people.id`, `people.phone`, `orders.remark`, `calls.phone`";
    assert_eq!((error.to_string().as_str(), error.exit_code()), (text, 2));
    assert!(error.hint().unwrap().contains("--escrow-identity"));
}

#[test]
fn another_identity_opens_no_escrow() {
    let bench = Bench::new();
    bench.run(1, 1);
    let other = bench.sandbox.path("other.key");
    pseudo_keyring::create_identity(&other, TIME).unwrap();
    let opener = Opener::read(&other).unwrap();
    let error = refused(&bench, || {
        bench.rekey_with(1, 2, |options| options.escrow = Some(&opener))
    });
    let text = error.to_string();
    assert!(
        text.starts_with("the escrow identity does not open `.escrow/"),
        "{text}"
    );
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn without_escrow_the_source_has_to_be_run() {
    let mut bench = Bench::new();
    let rule = format!(", {{ escrow = \"{}\" }} ]", recipient(&bench.identity));
    bench.tables = bench.tables.replacen(&rule, " ]", 1);
    bench.run(1, 1);
    let error = refused(&bench, || bench.rekey(1, 2));
    let text = "tokens without an original at hand: `people.id`";
    assert_eq!((error.to_string().as_str(), error.exit_code()), (text, 2));
    assert_eq!(
        error.hint().unwrap(),
        "run from the source with `--new-epoch`"
    );
    let run = bench.try_run(2, 600, |options| options.new_epoch = true);
    assert_eq!(run.unwrap().outcome, RunOutcome::Published);
}

#[test]
fn shifted_dates_need_a_way_back_to_their_subjects() {
    let mut bench = Bench::new();
    bench
        .sandbox
        .text("born.csv", "id,born\n1,2000-01-01\nx,2001-01-01\n");
    let tables = |id: &str| {
        format!(
            "[tables.born]\nsource = \"born.csv\"\nsubject = \"id\"\norder = \"source\"\n\
             types = {{ born = \"date\" }}\n[tables.born.columns]\n\
             id = {id}\nborn = {{ shift = {{ days = 30 }} }}"
        )
    };
    bench.tables = tables("{ token = \"account\" }");
    bench.run(1, 1);
    let error = refused(&bench, || bench.rekey(1, 2));
    assert!(error.to_string().contains("`born.id`"), "{error}");
    // a subject that no pseudonym was made of
    bench.tables = tables("{ fpe = \"account\", alphabet = \"int64\" }");
    bench.run(1, 2);
    let error = refused(&bench, || bench.rekey(1, 2));
    let text = error.to_string();
    assert!(
        text.ends_with("row 2: `born` is shifted by a subject that is NULL"),
        "{text}"
    );
    assert_eq!(error.exit_code(), 2);
    assert!(error.hint().unwrap().contains("--new-epoch"));
}

#[test]
fn another_pipeline_than_that_of_the_run_is_refused() {
    let mut bench = Bench::new();
    bench.run(1, 1);
    bench.tables = bench.tables.replace("width = 10", "width = 20");
    let error = refused(&bench, || bench.rekey(1, 2));
    assert!(error.to_string().contains("another pipeline"), "{error}");
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn a_bridge_takes_nobodys_place() {
    let bench = Bench::new();
    bench.run(1, 1);
    let path = bench.sandbox.path("bridge.age");
    fs::write(&path, "mine").unwrap();
    let to = Recipient::parse(&recipient(&bench.identity)).unwrap();
    let error = refused(&bench, || {
        bench.rekey_with(1, 2, |options| options.bridge = Some((&path, &to)))
    });
    assert!(error.to_string().ends_with("is there already"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let inside = bench.sandbox.path("safe/current/people/bridge.parquet");
    let error = refused(&bench, || {
        bench.rekey_with(1, 2, |options| options.bridge = Some((&inside, &to)))
    });
    assert!(error.to_string().contains("inside the sink"), "{error}");
}

#[test]
fn what_the_disk_has_no_room_for_is_not_begun() {
    let bench = Bench::new();
    bench.run(1, 1);
    let opener = Opener::read(&bench.identity).unwrap();
    let error = refused(&bench, || {
        bench.rekey_with(1, 2, |options| {
            options.escrow = Some(&opener);
            options.space = Some(1000);
        })
    });
    assert!(matches!(error, Error::Space { .. }), "{error}");
}

#[test]
fn damaged_output_is_not_turned() {
    let bench = Bench::new();
    let manifest = bench.run(1, 1);
    let output = &table(&manifest, "people").outputs[0];
    let run = bench.sandbox.path("safe/current");
    for (path, fault) in [
        (&output.path, "has another digest than the manifest says"),
        (
            &output.escrow[0].path,
            "has another digest than the manifest says",
        ),
    ] {
        let path = run.join(path);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        fs::write(&path, &changed).unwrap();
        let error = refused(&bench, || bench.rekey(1, 2));
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().ends_with(fault), "{error}");
        fs::write(&path, &whole).unwrap();
    }
    bench.rekey(1, 2).unwrap();
}

/// What somebody who has the batch host, but not the keys, could put in the place of a file.
#[test]
fn escrow_that_is_not_true_is_found() {
    for (change, fault) in [
        ("value", "escrow has another original"),
        ("token", "a token has no original in escrow"),
    ] {
        let bench = Bench::new();
        let mut manifest = bench.run(1, 1);
        let sealed = &mut manifest.tables[0].outputs[0].escrow[0];
        let path = bench.sandbox.path("safe/current").join(&sealed.path);
        let mut lines = bench.open(&path);
        lines[0][change] = "110105194912310020".into();
        let to: age::x25519::Recipient = recipient(&bench.identity).parse().unwrap();
        let encryptor = age::Encryptor::with_recipients(iter::once(&to as _)).unwrap();
        let mut bytes = Vec::new();
        let mut out = encryptor.wrap_output(&mut bytes).unwrap();
        for line in &lines {
            writeln!(out, "{line}").unwrap();
        }
        out.finish().unwrap();
        fs::write(&path, &bytes).unwrap();
        sealed.bytes = bytes.len() as u64;
        sealed.sha256 = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let record = bench.sandbox.path("safe/current/manifest.json");
        fs::write(record, manifest.to_json().unwrap()).unwrap();
        let error = refused(&bench, || bench.rekey(1, 2));
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().ends_with(fault), "{error}");
    }
}

#[test]
fn a_pseudonym_of_another_key_is_told_by_its_row() {
    let bench = Bench {
        tables: "[tables.t]\nsource = \"t.csv\"\norder = \"source\"\n[tables.t.columns]\n\
                 a = { seal = \"note\" }"
            .to_owned(),
        ..Bench::new()
    };
    bench.sandbox.text("t.csv", "a\nx\ny\n");
    bench.run(1, 1);
    bench.sandbox.text("t.csv", "a\nx\ny\nz\n");
    let mut second = bench
        .try_run(2, 2, |options| options.new_epoch = true)
        .unwrap()
        .manifest;
    // a record that says what is not so
    second.recipe.epoch = 1;
    second.recipe.key_check_value = bench.keyring().check_value(Epoch(1)).unwrap().to_string();
    let record = bench.sandbox.path("safe/current/manifest.json");
    fs::write(record, second.to_json().unwrap()).unwrap();
    let error = refused(&bench, || bench.rekey_with(1, 3, |_| {}));
    let text = error.to_string();
    assert!(
        text.ends_with("row 1, column `a`: is not what the key of epoch 1 made"),
        "{text}"
    );
    assert_eq!(error.exit_code(), 3);
}
