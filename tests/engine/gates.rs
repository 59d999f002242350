//! `[gates]`: what does not hold is not published and every gate of every table is told; what does
//! is on record; and no way to a run leads past them.

use std::fs;

use pseudo_engine::manifest::{ClassGate, Manifest, TableManifest};
use pseudo_engine::metrics::Metrics;
use pseudo_engine::risk::{ClassCounter, ClassQuestion, NoClasses, SetRisk, Unit};
use pseudo_engine::{
    Cancel, Choice, Disk, Error, ForgetOptions, ForgetReport, Policy, RunOutcome, RunReport, Silent,
};

use crate::classes::Naive;
use crate::harness::{Sandbox, at, keyring, options};

const TABLES: &str = r#"
[tables.people]
source = "people/*.csv"
subject = "account"
[tables.people.columns]
account = { token = "account" }
city = "keep"
band = { prefix = 1 }
status = "keep"
[tables.cars]
source = "cars/*.csv"
allow_empty = true
[tables.cars.columns]
model = "keep"
"#;

const CITY: &str = "quasi_identifiers = [\"people.city\"]";

fn gated(gates: &str) -> String {
    format!("[gates]\n{gates}\n{TABLES}")
}

/// Rows of accounts, each with a city, an age and a status.
fn people(sandbox: &Sandbox, file: &str, rows: &[(u64, &str, &str, &str)]) {
    let mut text = "account,city,band,status\n".to_owned();
    for (account, city, band, status) in rows {
        text.push_str(&format!("{account},{city},{band},{status}\n"));
    }
    sandbox.text(&format!("people/{file}.csv"), text);
}

/// Three people in Canton, two in Xi'an, and three cars of one model beside one of another.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let first = [
        (71, "Canton", "31", "paid"),
        (72, "Canton", "32", "late"),
        (73, "Xi'an", "33", "paid"),
    ];
    people(&sandbox, "a", &first);
    let second = [(74, "Canton", "41", "paid"), (75, "Xi'an", "42", "paid")];
    people(&sandbox, "b", &second);
    sandbox.text("cars/c.csv", "model\ncommon\ncommon\ncommon\ncanary\n");
    sandbox
}

/// Runs it, which must not publish, and answers what does not hold.
fn refused(sandbox: &Sandbox, gates: &str, second: u32) -> Vec<String> {
    let error = sandbox.run(&gated(gates), second).err().unwrap();
    failures(sandbox, error)
}

fn failures(sandbox: &Sandbox, error: Error) -> Vec<String> {
    assert_eq!(error.exit_code(), 3, "{error}");
    assert!(error.hint().is_some());
    let staging = fs::read_dir(sandbox.path("safe/.staging")).unwrap();
    assert_eq!(staging.count(), 0);
    let Error::Gates { failures } = error else {
        unreachable!("{error}");
    };
    failures
}

fn current(sandbox: &Sandbox) -> Option<Manifest> {
    Manifest::read(&sandbox.path("safe/current")).ok()
}

fn table<'a>(manifest: &'a Manifest, name: &str) -> &'a TableManifest {
    let mut tables = manifest.tables.iter();
    tables.find(|table| table.table == name).unwrap()
}

fn gate<'a>(manifest: &'a Manifest, name: &str) -> &'a ClassGate {
    table(manifest, name).classes.as_ref().unwrap()
}

#[test]
fn every_gate_that_does_not_hold_is_told_and_nothing_is_published() {
    let sandbox = sandbox();
    let gates = "k = 3\nquasi_identifiers = [\"cars.model\", \"people.city\", \"people.band\"]\n\
                 sensitive = [\"people.status\"]\nl = 2\nt = 0.2";
    let told = refused(&sandbox, gates, 1);
    let place = "table `people`, columns `city`, `band`";
    assert_eq!(
        told,
        [
            "table `cars`, columns `model`: k = 1 where 3 is wanted; 1 of 4 rows are in classes \
             smaller than that"
                .to_owned(),
            format!(
                "{place}: k = 1 where 3 is wanted; 5 of 5 subjects are in classes smaller than that"
            ),
            format!(
                "{place}, sensitive `status`: l = 1 where 2 is wanted; 3 of 5 subjects are in \
                 classes that all share one value"
            ),
            format!("{place}, sensitive `status`: t = 0.3 where 0.2 is the most"),
        ]
    );
    assert!(current(&sandbox).is_none());

    let held = sandbox.run(&gated(&format!("k = 2\n{CITY}")), 2).unwrap();
    assert_eq!(held.outcome, RunOutcome::Published);
    let before = current(&sandbox);
    let told = refused(&sandbox, &format!("k = 3\n{CITY}"), 3);
    assert_eq!(told.len(), 1);
    assert_eq!(current(&sandbox), before);
}

#[test]
fn what_was_counted_is_on_record() {
    let sandbox = sandbox();
    let gates = "k = 2\nquasi_identifiers = [\"people.city\"]\nsensitive = [\"people.status\"]\n\
                 t = 0.3";
    let manifest = sandbox.run(&gated(gates), 1).unwrap().manifest;
    assert_eq!(current(&sandbox).as_ref(), Some(&manifest));
    let people = table(&manifest, "people");
    assert_eq!(people.subject.as_deref(), Some("account"));
    let gate = gate(&manifest, "people");
    assert_eq!(
        (gate.k, gate.l, gate.t, gate.below_rate),
        (2, None, Some(0.3), 0.0)
    );
    let found = &gate.found;
    assert_eq!((found.k, found.members, found.below), (2, 5, 0));
    assert_eq!((found.unit, found.k_wanted), (Unit::Subjects, 2));
    assert_eq!(found.quasi_identifiers, ["city"]);
    // four of five are paid, and all of two in Xi'an
    assert!((found.sensitive[0].t - 0.2).abs() < 1e-9);
    assert_eq!(gate.faults("people"), Vec::<String>::new());
    let cars = table(&manifest, "cars");
    assert!(cars.classes.is_none() && cars.subject.is_none());

    let metrics = Metrics {
        pipeline: "test",
        exit_code: 0,
        seconds: 1.0,
        finished: at(9),
        manifest: Some(&manifest),
    };
    let text = metrics.text("");
    let series = "pseudo_k_min{pipeline=\"test\",table=\"people\"} 2\n";
    assert!(text.contains(series), "{text}");
    assert_eq!(text.matches("pseudo_k_min{").count(), 1);
    let plain = sandbox.run(TABLES, 2).unwrap().manifest;
    assert!(
        table(&plain, "people").classes.is_none(),
        "of a run without gates"
    );
}

/// A subject with many rows hides in nobody but others.
#[test]
fn members_are_subjects_where_the_table_has_them() {
    let sandbox = sandbox();
    let rows = [(71, "Canton", "31", "paid"); 5];
    people(&sandbox, "a", &rows);
    people(
        &sandbox,
        "b",
        &[(74, "Xi'an", "31", "late"), (75, "Xi'an", "31", "late")],
    );
    let told = refused(&sandbox, &format!("k = 2\n{CITY}"), 1);
    assert!(
        told[0].contains("1 of 3 subjects are in classes smaller"),
        "{told:?}"
    );
    let rows = gated(&format!("k = 2\n{CITY}")).replace("subject = \"account\"\n", "");
    let manifest = sandbox.run(&rows, 2).unwrap().manifest;
    assert_eq!(gate(&manifest, "people").found.unit, Unit::Rows);
    assert_eq!(table(&manifest, "people").subject, None);
}

#[test]
fn a_share_of_the_members_may_be_below() {
    let sandbox = sandbox();
    let models = "quasi_identifiers = [\"cars.model\"]";
    let told = refused(
        &sandbox,
        &format!("k = 2\n{models}\nbelow_rate = 0.2499"),
        1,
    );
    assert!(
        told[0].ends_with("a share of 0.25; `below_rate` allows 0.2499"),
        "{told:?}"
    );
    let held = format!("k = 2\n{models}\nbelow_rate = 0.25");
    let manifest = sandbox.run(&gated(&held), 2).unwrap().manifest;
    let found = &gate(&manifest, "cars").found;
    assert_eq!((found.k, found.below, found.members), (1, 1, 4));
}

/// The files are those of the run before, and what is in them is counted all the same.
#[test]
fn a_stricter_gate_over_an_unchanged_source_is_looked_at() {
    let sandbox = sandbox();
    let gates = |k: u32| gated(&format!("k = {k}\n{CITY}"));
    sandbox.run(TABLES, 1).unwrap();
    let first = sandbox.run(&gates(2), 2).unwrap();
    assert_eq!(
        (first.outcome, first.reused_files),
        (RunOutcome::Published, 3)
    );
    assert_eq!(gate(&first.manifest, "people").found.members, 5);
    let again = sandbox.run(&gates(2), 3).unwrap();
    assert_eq!(again.outcome, RunOutcome::NothingToDo);
    let told = failures(&sandbox, sandbox.run(&gates(3), 4).err().unwrap());
    assert!(told[0].contains("2 of 5 subjects"), "{told:?}");
    assert_eq!(current(&sandbox), Some(first.manifest));
    // a class is made of rows of a file that is read again and of one that is not
    people(
        &sandbox,
        "b",
        &[(74, "Xi'an", "41", "paid"), (75, "Xi'an", "42", "paid")],
    );
    let told = failures(&sandbox, sandbox.run(&gates(3), 5).err().unwrap());
    assert!(told[0].contains("2 of 5 subjects"), "{told:?}");
    let more = [
        (76, "Canton", "41", "paid"),
        (75, "Xi'an", "4", "x"),
        (77, "Xi'an", "4", "x"),
    ];
    people(&sandbox, "b", &more);
    let held = sandbox.run(&gates(3), 6).unwrap();
    assert_eq!(
        (held.reused_files, gate(&held.manifest, "people").found.k),
        (2, 3)
    );
}

#[test]
fn a_table_that_keeps_its_output_is_held_to_them_too() {
    let sandbox = sandbox();
    sandbox.run(TABLES, 1).unwrap();
    let alone = |gates: &str, second: u32| {
        fs::write(sandbox.path("pipeline.toml"), "").unwrap();
        drop(sandbox.job(&gated(gates)));
        let choice = Choice {
            tables: vec!["cars".to_owned()],
            ..Choice::default()
        };
        let path = sandbox.path("pipeline.toml");
        let filters = pseudo_engine::filter::NoFilters;
        let job = pseudo_engine::open_with(&path, &filters, &choice).unwrap();
        pseudo_engine::run(&job, keyring(), &options(second, &|| at(59)))
    };
    let error = alone(&format!("k = 3\n{CITY}"), 2).err().unwrap();
    let told = failures(&sandbox, error);
    assert!(told[0].starts_with("table `people`"), "{told:?}");
    let manifest = alone(&format!("k = 2\n{CITY}"), 3).unwrap().manifest;
    assert_eq!(gate(&manifest, "people").found.k, 2);
    // a column that its policy has now, and its output does not
    let known = gated("k = 2\nquasi_identifiers = [\"people.town\"]");
    let renamed = known.replace("city = \"keep\"", "city = { prefix = 9, to = \"town\" }");
    drop(sandbox.job(&renamed));
    let choice = Choice {
        tables: vec!["cars".to_owned()],
        ..Choice::default()
    };
    let path = sandbox.path("pipeline.toml");
    let filters = pseudo_engine::filter::NoFilters;
    let job = pseudo_engine::open_with(&path, &filters, &choice).unwrap();
    let error = pseudo_engine::run(&job, keyring(), &options(4, &|| at(59)));
    let told = failures(&sandbox, error.err().unwrap());
    assert!(
        told[0].contains("its output has no column `town`"),
        "{told:?}"
    );
}

/// Answers what it was told to.
struct Says(Result<SetRisk, String>);

impl ClassCounter for Says {
    fn count(&self, _question: &ClassQuestion<'_>) -> Result<SetRisk, String> {
        self.0.clone()
    }
}

#[test]
fn a_gate_that_nobody_counts_does_not_hold() {
    let sandbox = sandbox();
    let gates = gated(&format!("k = 2\n{CITY}"));
    let manifest = sandbox.run(&gates, 1).unwrap().manifest;
    let mut other = gate(&manifest, "people").found.clone();
    other.k_wanted = 1;
    let mut nobody = gate(&manifest, "people").found.clone();
    nobody.members = 0;
    let says = |answer| -> &'static Says { Box::leak(Box::new(Says(answer))) };
    let mut vague = nobody.clone();
    (vague.members, vague.risks.marketer) = (5, f64::NAN);
    let counters: [(&'static dyn ClassCounter, &str); 5] = [
        (&NoClasses, "this build counts no classes"),
        (says(Err("no memory".to_owned())), "no memory"),
        (says(Ok(other)), "the answer is to another question"),
        (says(Ok(vague)), "the answer holds what is no number"),
        (says(Ok(nobody)), "no row of it says whom it is about"),
    ];
    for (second, (counter, says)) in (2..).zip(counters) {
        let run = sandbox.run_with(&gates, second, |options| {
            options.classes = counter;
            options.full = true;
        });
        let told = failures(&sandbox, run.err().unwrap());
        let expected = format!("table `people`: its classes cannot be counted: {says}");
        assert_eq!(told, [expected]);
        assert_eq!(current(&sandbox).as_ref(), Some(&manifest));
    }
    sandbox
        .run_with(TABLES, 9, |options| options.classes = &NoClasses)
        .unwrap();
}

#[test]
fn a_table_without_rows_singles_nobody_out() {
    let sandbox = sandbox();
    let gates = gated("k = 5\nquasi_identifiers = [\"cars.model\"]");
    sandbox.text("cars/c.csv", "model\n");
    let manifest = sandbox.run(&gates, 1).unwrap().manifest;
    assert!(table(&manifest, "cars").classes.is_none());
    fs::remove_file(sandbox.path("raw/cars/c.csv")).unwrap();
    let manifest = sandbox.run(&gates, 2).unwrap().manifest;
    assert!(manifest.tables.iter().all(|table| table.table != "cars"));
}

#[test]
fn a_manifest_from_before_there_were_gates_is_read() {
    let sandbox = sandbox();
    sandbox.run(TABLES, 1).unwrap();
    let path = sandbox.path("safe/current/manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("\"classes\""));
    let before: String = text
        .lines()
        .filter(|line| !line.contains("\"subject\""))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(before, text);
    fs::write(&path, before).unwrap();
    assert_eq!(
        sandbox.run(TABLES, 2).unwrap().outcome,
        RunOutcome::NothingToDo
    );
}

#[test]
fn verify_counts_once_more() {
    let sandbox = sandbox();
    let manifest = sandbox
        .run(&gated(&format!("k = 2\n{CITY}")), 1)
        .unwrap()
        .manifest;
    let safe = sandbox.path("safe");
    let verify = |manifest: &Manifest, counter: &dyn ClassCounter| {
        pseudo_engine::verify_gates(&safe, manifest, counter, None)
    };
    assert_eq!(verify(&manifest, &Naive).unwrap(), 1);
    let mut other = manifest.clone();
    for gate in other
        .tables
        .iter_mut()
        .filter_map(|table| table.classes.as_mut())
    {
        gate.found.k = 3;
    }
    let error = verify(&other, &Naive).err().unwrap();
    assert!(matches!(error, Error::Verify { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("table `people` has other classes"),
        "{error}"
    );
    let error = verify(&manifest, &NoClasses).err().unwrap();
    assert!(matches!(error, Error::Gates { .. }), "{error}");
    let mut stricter = manifest.clone();
    for gate in stricter
        .tables
        .iter_mut()
        .filter_map(|table| table.classes.as_mut())
    {
        (gate.k, gate.found.k_wanted, gate.found.below) = (3, 3, 2);
    }
    let error = verify(&stricter, &Naive).err().unwrap();
    assert!(matches!(error, Error::Gates { .. }), "{error}");
    let plain = sandbox.run(TABLES, 2).unwrap().manifest;
    assert_eq!(verify(&plain, &NoClasses).unwrap(), 0);
}

fn forget(sandbox: &Sandbox, subject: &str, counter: &dyn ClassCounter) -> ForgetReport {
    let policy = Policy::read(&sandbox.path("pipeline.toml")).unwrap();
    let options = ForgetOptions {
        at: at(50),
        reason: "request 7",
        identity: None,
        tables: &["people".to_owned()],
        threads: Some(2),
        classes: counter,
        progress: &Silent,
        cancel: Cancel::default(),
        disk: Disk::default(),
    };
    let safe = sandbox.path("safe");
    pseudo_engine::forget(&safe, &policy, subject, keyring(), &options).unwrap()
}

/// What a subject may ask for is not put off for the sake of the others: it is done and said.
#[test]
fn forgetting_goes_before_gates_and_claims_no_class_that_is_gone() {
    let run = |sandbox: &Sandbox, second: u32| -> Result<RunReport, Error> {
        sandbox.run(&gated(&format!("k = 2\n{CITY}")), second)
    };
    for counter in [&Naive as &dyn ClassCounter, &NoClasses] {
        let sandbox = sandbox();
        run(&sandbox, 1).unwrap();
        let report = forget(&sandbox, "73\n", counter);
        let now = current(&sandbox).unwrap();
        assert_eq!(table(&now, "people").published_rows, 4);
        assert_eq!(report.gates.len(), 1, "{:?}", report.gates);
        if let Some(gate) = &table(&now, "people").classes {
            assert_eq!((gate.k, gate.found.k, gate.found.members), (2, 1, 4));
            assert_eq!(report.gates, gate.faults("people"));
            let verified = pseudo_engine::verify_gates(&sandbox.path("safe"), &now, &Naive, None);
            assert!(matches!(verified.err().unwrap(), Error::Gates { .. }));
        } else {
            assert!(
                report.gates[0].contains("cannot be counted"),
                "{:?}",
                report.gates
            );
        }
        // the next run is held to them
        let told = failures(&sandbox, run(&sandbox, 60).err().unwrap());
        assert!(told[0].contains("1 of 4 subjects"), "{told:?}");
        assert_eq!(current(&sandbox), Some(now));
    }
    // whom the classes can do without
    let sandbox = sandbox();
    run(&sandbox, 1).unwrap();
    let report = forget(&sandbox, "71\n", &Naive);
    assert_eq!(report.gates, Vec::<String>::new());
    let found = gate(&current(&sandbox).unwrap(), "people").found.clone();
    assert_eq!((found.k, found.members), (2, 4));
}
