//! A subject that is forgotten is in no retained run and comes back with no later one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::Int64Array;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pseudo_engine::filter::NoFilters;
use pseudo_engine::manifest::{Manifest, TableManifest};
use pseudo_engine::{
    Cancel, Choice, Disk, Error, ForgetOptions, ForgetOutcome, ForgetReport, Policy, RunOptions,
    RunOutcome, RunReport, Silent,
};
use pseudo_keyring::{Access, Change, Fresh, KeySource, Keyring, Unlock};
use pseudo_token::{Encoding, Epoch};

use crate::faulty::{Fault, Faulty};
use crate::harness::{Sandbox, another_keyring, at, batch, keyring, options, text_column, texts};

const TABLES: &str = r#"
[tables.people]
source = "people/*.csv"
subject = "account"
[tables.people.columns]
account = { token = "account" }
n = "keep"
phone = { token = "phone", on_invalid = "quarantine" }
name = "drop"
[tables.orders]
source = "orders/*.parquet"
subject = "account"
[tables.orders.columns]
account = [ { seal = "account", to = "sealed" }, { token = "account", encoding = "uuid" } ]
remark = "keep"
[tables.cars]
source = "cars.csv"
[tables.cars.columns]
model = "keep"
"#;

/// Rows of accounts, each of which has one in `people` and two in `orders`.
fn people(accounts: std::ops::Range<i64>) -> String {
    let row = |n: i64| match n % 10 {
        3 => format!("{n},r{n},,name{n}\n"),
        4 => format!("{n},r{n},no phone,name{n}\n"),
        _ => format!("{n},r{n},1380000{n:04},name{n}\n"),
    };
    let rows: String = accounts.map(row).collect();
    format!("account,n,phone,name\n{rows}")
}

fn orders(accounts: std::ops::Range<i64>) -> arrow::array::RecordBatch {
    let accounts: Vec<i64> = accounts.flat_map(|n| [n, n]).collect();
    let remarks: Vec<_> = accounts.iter().map(|n| format!("r{n}")).collect();
    batch([
        ("account", Arc::new(Int64Array::from(accounts))),
        (
            "remark",
            text_column(remarks.iter().map(|remark| Some(remark.as_str()))),
        ),
    ])
}

struct House {
    sandbox: Sandbox,
    tables: &'static str,
}

impl House {
    /// A source of accounts 0 to 59 in three files a table.
    fn empty(tables: &'static str) -> Self {
        let sandbox = Sandbox::new();
        for (name, first) in [("a", 0), ("b", 20), ("c", 40)] {
            let accounts = first..first + 20;
            sandbox.text(&format!("people/{name}.csv"), people(accounts.clone()));
            sandbox.parquet(&format!("orders/{name}.parquet"), &orders(accounts), 8);
        }
        sandbox.text("cars.csv", "model\nET7\nES8\n");
        Self { sandbox, tables }
    }

    /// The same, and two runs.
    fn new() -> Self {
        let house = Self::empty(TABLES);
        house.run(1, "one");
        house.sandbox.text("cars.csv", "model\nET7\nES8\nET5\n");
        house.run(2, "two");
        house
    }

    fn run(&self, second: u32, id: &str) -> RunReport {
        self.run_with(second, id, keyring(), |_| {}).unwrap()
    }

    fn run_with(
        &self,
        second: u32,
        id: &str,
        keys: &dyn KeySource,
        change: impl FnOnce(&mut RunOptions<'_>),
    ) -> Result<RunReport, Error> {
        self.sandbox
            .run_keyed(self.tables, second, keys, |options| {
                options.run_id = Some(id.to_owned());
                change(options);
            })
    }

    /// Runs some tables alone.
    fn run_table(&self, second: u32, table: &str) -> Result<RunReport, Error> {
        drop(self.sandbox.job(self.tables));
        let choice = Choice {
            tables: vec![table.to_owned()],
            ..Choice::default()
        };
        let path = self.sandbox.path("pipeline.toml");
        let job = pseudo_engine::open_with(&path, &NoFilters, &choice)?;
        let clock = move || at(second + 1);
        pseudo_engine::run(&job, keyring(), &options(second, &clock))
    }

    fn forget(&self, subjects: &str) -> Result<ForgetReport, Error> {
        self.forget_with(subjects, keyring(), |_| {})
    }

    fn forget_with(
        &self,
        subjects: &str,
        keys: &dyn KeySource,
        change: impl FnOnce(&mut ForgetOptions<'_>),
    ) -> Result<ForgetReport, Error> {
        drop(self.sandbox.job(self.tables));
        let path = self.sandbox.path("pipeline.toml");
        let policy = Policy::read(&path, &Choice::default().settings)?;
        let mut options = ForgetOptions {
            at: at(50),
            reason: "request 7",
            identity: None,
            tables: &[],
            threads: Some(2),
            progress: &Silent,
            cancel: Cancel::default(),
            disk: Disk::default(),
        };
        change(&mut options);
        let sink = self.sandbox.path("safe");
        pseudo_engine::forget(&sink, &policy, subjects, keys, &options)
    }

    fn runs(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.sandbox.path("safe/runs"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// By run and table, what a column that is kept shows.
    fn shown(&self) -> BTreeMap<(String, &'static str), Vec<String>> {
        let mut shown = BTreeMap::new();
        for run in self.runs() {
            for (table, column) in [("people", "n"), ("orders", "remark"), ("cars", "model")] {
                let directory = self.sandbox.path("safe/runs").join(&run).join(table);
                let mut rows: Vec<_> = read(&directory)
                    .iter()
                    .flat_map(|batch| texts(batch, column))
                    .map(Option::unwrap)
                    .collect();
                rows.sort();
                shown.insert((run.clone(), table), rows);
            }
        }
        shown
    }

    fn manifest(&self) -> Manifest {
        Manifest::read(&self.sandbox.path("safe/current")).unwrap()
    }

    fn table(&self, name: &str) -> TableManifest {
        let tables = self.manifest().tables;
        tables
            .into_iter()
            .find(|table| table.table == name)
            .unwrap()
    }

    /// No pseudonym and no row of these accounts is anywhere, and the current run is proved.
    fn holds_none_of(&self, accounts: &[i64]) {
        for ((run, table), rows) in self.shown() {
            for account in accounts {
                let row = format!("r{account}");
                assert!(!rows.contains(&row), "{run}, {table}: {row}");
            }
        }
        for (path, bytes) in self.sandbox.written() {
            for account in accounts {
                let token = token(*account);
                let text = |encoding: Encoding| {
                    let mut text = Vec::new();
                    encoding.encode(&token, &mut text);
                    text
                };
                let [base32, hex] = [Encoding::Base32, Encoding::Hex].map(text);
                for needle in [&base32[..], &hex, &token] {
                    let holds = bytes.windows(needle.len()).any(|part| part == needle);
                    assert!(!holds, "{account} is in {}", path.display());
                }
            }
        }
        let proved = pseudo_engine::verify(&self.sandbox.path("safe"), None, Some(2));
        assert!(proved.is_ok(), "{:?}", proved.err());
    }
}

fn read(directory: &Path) -> Vec<arrow::array::RecordBatch> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let open = |path: &PathBuf| {
        let file = File::open(path).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        builder.build().unwrap().map(Result::unwrap)
    };
    paths.iter().flat_map(open).collect()
}

/// The token of an account.
fn token(account: i64) -> [u8; 16] {
    let keys = keyring().domain_keys("analytics", Epoch(1)).unwrap();
    let key = keys.token_key("account", "integer/1").unwrap();
    let mut tokens = [[0; 16]];
    key.tokens(&[account.to_string().as_bytes()], &mut tokens);
    tokens[0]
}

/// What `rows` were without those of some accounts.
fn less(mut rows: Vec<String>, accounts: &[i64]) -> Vec<String> {
    rows.retain(|row| accounts.iter().all(|account| *row != format!("r{account}")));
    rows
}

#[test]
fn a_subject_is_gone_from_every_retained_run_and_all_else_stays() {
    let house = House::new();
    let before = house.shown();
    let inodes = |run: &str, table: &str| -> Vec<u64> {
        let directory = house.sandbox.path("safe/runs").join(run).join(table);
        let mut files: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap())
            .collect();
        files.sort_by_key(|file| file.file_name());
        files
            .iter()
            .map(|file| file.metadata().unwrap().ino())
            .collect()
    };
    let links = [inodes("two", "orders"), inodes("two", "cars")];
    let report = house.forget("+0007\n\n 3\n7\n").unwrap();
    assert_eq!(report.outcome, ForgetOutcome::Forgotten);
    assert_eq!((report.subjects, report.found, report.before), (2, 2, 0));
    assert_eq!(
        (report.current.as_str(), report.identity.as_str()),
        ("two.2", "account")
    );
    assert_eq!(house.runs(), ["one.2", "two.2"]);
    let rows = [("orders".to_owned(), 4), ("people".to_owned(), 2)].into();
    assert!(report.runs.iter().all(|run| run.rows == rows), "{report:?}");
    house.holds_none_of(&[3, 7]);
    let after = house.shown();
    for ((run, table), rows) in before {
        assert_eq!(after[&(format!("{run}.2"), table)], less(rows, &[3, 7]));
    }
    // files that did not hold them are the same ones, those that did are shared
    let now = [inodes("two.2", "orders"), inodes("two.2", "cars")];
    assert_eq!((&links[0][1..], &links[1]), (&now[0][1..], &now[1]));
    assert_ne!(links[0][0], now[0][0]);
    assert_eq!(inodes("one.2", "orders"), now[0]);
    // tables still join
    let tokens = |table: &str| -> Vec<Vec<u8>> {
        let run = house.sandbox.path("safe/current").join(table);
        let column = |batch: &arrow::array::RecordBatch| {
            let column = batch.column_by_name("account").unwrap().clone();
            let mut cells = Vec::new();
            for row in 0..column.len() {
                let cell = arrow::util::display::array_value_to_string(&column, row).unwrap();
                let encoding = if cell.len() == 26 {
                    Encoding::Base32
                } else {
                    Encoding::Hex
                };
                cells.push(encoding.decode(&cell).unwrap());
            }
            cells
        };
        let mut all: Vec<_> = read(&run).iter().flat_map(column).collect();
        all.sort();
        all.dedup();
        all
    };
    let (people, orders) = (tokens("people"), tokens("orders"));
    assert_eq!(orders.len(), 58);
    assert!(people.iter().all(|token| orders.contains(token)) && people.len() == 52);
}

#[test]
fn the_record_says_what_is_left_and_from_what_it_was_made() {
    let house = House::new();
    let before = house.table("people");
    house.forget("3\n7\n").unwrap();
    let manifest = house.manifest();
    let origin = &manifest.origins[0];
    assert_eq!(
        (origin.run_id.as_str(), origin.verb.as_str()),
        ("two", "forget")
    );
    assert_eq!(origin.reason, "request 7");
    let people = house.table("people");
    assert_eq!(people.forgotten_rows, 2);
    assert_eq!(people.published_rows, before.published_rows - 2);
    assert_eq!(people.sources[0].forgotten_rows, 2);
    let phone = |table: &TableManifest| table.columns[2].counts;
    let (was, is) = (phone(&before), phone(&people));
    assert_eq!((was.blank + was.null, is.blank + is.null), (6, 5));
    assert_eq!((was.transformed, is.transformed), (48, 47));
    assert_eq!(people.quarantined_rows, 6);
    assert_eq!(
        people.distinct_subjects,
        before.distinct_subjects.map(|n| n - 2)
    );
    let cars = house.table("cars");
    assert_eq!((cars.forgotten_rows, cars.published_rows), (0, 3));
    let text = serde_json_text(&house);
    assert!(!text.contains("name7") && !text.contains("\"7\""));
}

fn serde_json_text(house: &House) -> String {
    fs::read_to_string(house.sandbox.path("safe/current/manifest.json")).unwrap()
}

#[test]
fn tomorrow_they_are_still_gone() {
    let house = House::new();
    house.forget("7\n44\n").unwrap();
    // 44 is in quarantine in one table, and 7 comes back in a new file
    house.sandbox.text("people/d.csv", people(7..8));
    let next = house.run(60, "three");
    assert_eq!(next.outcome, RunOutcome::Published);
    assert_eq!(next.reused_files, 1, "cars alone");
    house.holds_none_of(&[7, 44]);
    let people = house.table("people");
    assert_eq!((people.source_rows, people.forgotten_rows), (61, 3));
    assert_eq!((people.published_rows, people.quarantined_rows), (53, 5));
    assert_eq!(people.columns[0].counts.rows, 53);
    assert_eq!(house.table("orders").forgotten_rows, 4);
    // and nothing is read again that is known
    assert_eq!(house.run(61, "four").outcome, RunOutcome::NothingToDo);
    house
        .sandbox
        .text("people/e.csv", "account,n,phone,name\n7,r7,,x\n");
    let more = house.run(62, "five");
    // cars, all orders, and the one file of people that has nobody in quarantine
    assert_eq!(more.reused_files, 5);
    assert_eq!(house.table("people").forgotten_rows, 4);
    house.holds_none_of(&[7, 44]);
    let full = |options: &mut RunOptions<'_>| options.full = true;
    house.run_with(63, "six", keyring(), full).unwrap();
    house.holds_none_of(&[7, 44]);
    house.run_table(64, "orders").unwrap();
    house.holds_none_of(&[7, 44]);
    house.run_table(65, "people").unwrap();
    house.holds_none_of(&[7, 44]);
}

#[test]
fn a_table_that_keeps_its_output_keeps_it_without_them() {
    let house = House::new();
    house.forget("7").unwrap();
    house.run_table(60, "cars").unwrap();
    house.holds_none_of(&[7]);
    assert_eq!(house.table("people").forgotten_rows, 1);
    let report = house.run(61, "four");
    assert_eq!(report.reused_files, 1);
    house.holds_none_of(&[7]);
    // what forgetting left is what the source gives
    let left = house.shown();
    assert_eq!(left[&("four".to_owned(), "people")].len(), 53);
}

#[test]
fn whoever_is_unknown_changes_nothing() {
    let house = House::new();
    let before = house.sandbox.written();
    let report = house.forget("999\n1000\n").unwrap();
    assert_eq!(report.outcome, ForgetOutcome::NothingToDo);
    assert_eq!((report.subjects, report.found, report.before), (2, 0, 0));
    let lock = |files: Vec<(PathBuf, Vec<u8>)>| -> Vec<(PathBuf, Vec<u8>)> {
        files
            .into_iter()
            .filter(|(path, _)| !path.ends_with(".lock"))
            .collect()
    };
    assert!(lock(house.sandbox.written()) == lock(before));
    // who was forgotten is known
    house.forget("7").unwrap();
    let again = house.forget("7\n999").unwrap();
    assert_eq!(again.outcome, ForgetOutcome::NothingToDo);
    assert_eq!((again.subjects, again.before), (2, 1));
    assert_eq!(house.runs(), ["one.2", "two.2"]);
    // more of them, later
    let more = house.forget("7\n8").unwrap();
    assert_eq!(
        (more.found, more.before, more.current.as_str()),
        (1, 1, "two.3")
    );
    house.run(70, "x");
    house.holds_none_of(&[7, 8]);
    assert_eq!(house.table("people").forgotten_rows, 2);
}

#[test]
fn another_secret_finds_nobody_and_changes_nothing() {
    let house = House::new();
    let error = house
        .forget_with("7", &another_keyring(), |_| {})
        .err()
        .unwrap();
    assert!(matches!(error, Error::RunKey { .. }), "{error}");
    assert_eq!(error.exit_code(), 2);
    assert_eq!(house.runs(), ["one", "two"]);
}

#[test]
fn a_list_that_is_not_the_one_that_was_written_stops_everything() {
    let house = House::new();
    house.forget("7\n8").unwrap();
    let path = house.sandbox.path("safe/.tombstones");
    let list = fs::read(&path).unwrap();
    let mut ways: Vec<Option<Vec<u8>>> = vec![None, Some(Vec::new())];
    for at in (0..list.len()).step_by(7).chain([list.len() - 1]) {
        let mut changed = list.clone();
        changed[at] ^= 1;
        ways.push(Some(changed));
        ways.push(Some(list[..at].to_vec()));
    }
    for way in ways {
        match &way {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let errors = [
            house.run_with(60, "x", keyring(), |_| {}).err(),
            house.forget("9").err(),
        ];
        for error in errors {
            let error = error.unwrap();
            let own = matches!(error, Error::Tombstones { .. } | Error::TombstoneKey { .. });
            assert!(own && error.exit_code() == 2, "{error}");
        }
        assert_eq!(house.runs(), ["one.2", "two.2"]);
    }
    // an older one, which was right once
    fs::write(&path, &list).unwrap();
    house.forget("9").unwrap();
    fs::write(&path, &list).unwrap();
    let error = house.run_with(60, "x", keyring(), |_| {}).err().unwrap();
    assert!(
        error.to_string().contains("not that of the current run"),
        "{error}"
    );
}

#[test]
fn a_table_that_cannot_be_searched_is_named() {
    const UNTOLD: &str = r#"
[tables.people]
source = "people/*.csv"
subject = "account"
[tables.people.columns]
account = { token = "account" }
n = "keep"
phone = "drop"
name = "drop"
[tables.orders]
source = "orders/*.parquet"
[tables.orders.columns]
account = { token = "account" }
remark = "keep"
[tables.cars]
source = "cars.csv"
subject = "model"
[tables.cars.columns]
model = "keep"
"#;
    let house = House::empty(UNTOLD);
    house.run(1, "one");
    let error = house.forget("7").err().unwrap();
    assert_eq!(error.exit_code(), 3);
    let text = error.to_string();
    assert!(
        text.contains("`orders`") && text.contains("no `subject`"),
        "{text}"
    );
    assert!(
        text.contains("`cars`") && !text.contains("`people`"),
        "{text}"
    );
    assert_eq!(house.runs(), ["one"]);
    let tables = Vec::leak(vec!["people".to_owned()]);
    let report = house
        .forget_with("7", keyring(), |options| options.tables = tables)
        .unwrap();
    assert_eq!(
        report.mentions,
        [("orders".to_owned(), "account".to_owned())]
    );
    house.run(60, "x");
    let shown = house.shown();
    let row = "r7".to_owned();
    for run in ["one.2", "x"] {
        assert!(!shown[&(run.to_owned(), "people")].contains(&row));
        assert!(shown[&(run.to_owned(), "orders")].contains(&row));
    }
}

#[test]
fn subjects_are_read_as_their_kind_says() {
    let house = House::new();
    let refused = |subjects: &str, says: &str| {
        let error = house.forget(subjects).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    };
    refused("", "no subject");
    refused("7\n n/a \n", "line 2 of the subjects is blank");
    let named = |identity: &'static str, tables: &'static [&'static str]| {
        let tables: Vec<_> = tables.iter().map(|table| (*table).to_owned()).collect();
        let named = house.forget_with("7", keyring(), |options| {
            options.identity = Some(identity);
            options.tables = Vec::leak(tables);
        });
        named.err().map(|error| error.to_string())
    };
    assert!(named("phone", &[]).unwrap().contains("`phone`"));
    assert!(named("account", &["nobody"]).unwrap().contains("`nobody`"));
    assert!(named("account", &["cars"]).unwrap().contains("`account`"));
    assert_eq!(house.runs(), ["one", "two"]);
    assert_eq!(named("account", &["people", "orders"]), None);
    house.holds_none_of(&[7]);
}

#[test]
fn a_value_without_a_pseudonym_is_refused() {
    const FPE: &str = r#"
[tables.orders]
source = "orders/*.parquet"
subject = "account"
[tables.orders.columns]
account = { fpe = "account", alphabet = "int64" }
remark = "keep"
[tables.people]
source = "people/*.csv"
[tables.people.columns]
account = "drop"
n = "keep"
phone = "drop"
name = "drop"
[tables.cars]
source = "cars.csv"
[tables.cars.columns]
model = "keep"
"#;
    let house = House::empty(FPE);
    house.run(1, "one");
    for bad in ["-7", "x", "12345678901234567890"] {
        let error = house.forget(&format!("8\n{bad}\n")).err().unwrap();
        assert!(matches!(error, Error::Subject { line: 2, .. }), "{error}");
    }
    house.forget("8").unwrap();
    let row = "r8".to_owned();
    assert!(!house.shown()[&("one.2".to_owned(), "orders")].contains(&row));
    house.run(60, "two");
    assert!(!house.shown()[&("two".to_owned(), "orders")].contains(&row));
    assert!(house.shown()[&("two".to_owned(), "people")].contains(&row));
}

/// A keyring of its own, which changes.
struct Ring {
    directory: tempfile::TempDir,
    unlock: Unlock,
}

impl Ring {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let identity = directory.path().join("test.key");
        pseudo_keyring::create_identity(&identity, "2026-01-01T00:00:00Z").unwrap();
        let unlock = Unlock::Identity(identity);
        let path = directory.path().join("test.keyring");
        Keyring::create(&path, &unlock, "2026-01-01T00:00:00Z").unwrap();
        Self { directory, unlock }
    }

    fn open(&self) -> Keyring {
        Keyring::open(&self.directory.path().join("test.keyring"), &self.unlock).unwrap()
    }

    fn change(&self, work: impl FnOnce(&mut Change<'_>)) {
        let path = self.directory.path().join("test.keyring");
        let mut change = Change::begin(&path, &self.unlock, Access::none()).unwrap();
        work(&mut change);
        change.commit().unwrap();
    }
}

#[test]
fn tombstones_outlive_a_rotation_but_not_their_epoch() {
    let house = House::empty(TABLES);
    let ring = Ring::new();
    house.run_with(1, "one", &ring.open(), |_| {}).unwrap();
    house.forget_with("7", &ring.open(), |_| {}).unwrap();
    let later = "2027-01-01T00:00:00Z";
    ring.change(|change| {
        change.rotate(Fresh::Secret, later).unwrap();
    });
    let new_epoch = |options: &mut RunOptions<'_>| options.new_epoch = true;
    house.run_with(60, "two", &ring.open(), new_epoch).unwrap();
    let gone = |run: &str, account: i64| {
        let rows = &house.shown()[&(run.to_owned(), "people")];
        !rows.contains(&format!("r{account}"))
    };
    assert!(gone("two", 7) && !gone("two", 8));
    // over runs of two epochs
    let report = house.forget_with("8", &ring.open(), |_| {}).unwrap();
    assert_eq!((report.runs.len(), report.epoch), (2, 2));
    assert!(gone("one.3", 8) && gone("two.2", 8) && gone("two.2", 7));
    house.run_with(61, "three", &ring.open(), |_| {}).unwrap();
    assert!(gone("three", 7) && gone("three", 8));
    assert_eq!(house.table("people").forgotten_rows, 2);
    ring.change(|change| change.destroy(Epoch(1)).unwrap());
    house.sandbox.text("people/d.csv", people(60..70));
    let error = house
        .run_with(62, "four", &ring.open(), |_| {})
        .err()
        .unwrap();
    assert!(
        matches!(error, Error::TombstoneKey { epoch: 1, .. }),
        "{error}"
    );
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn a_run_whose_keys_are_gone_cannot_be_searched() {
    let house = House::empty(TABLES);
    let ring = Ring::new();
    house.run_with(1, "one", &ring.open(), |_| {}).unwrap();
    ring.change(|change| {
        drop(
            change
                .rotate(Fresh::Secret, "2027-01-01T00:00:00Z")
                .unwrap(),
        )
    });
    let new_epoch = |options: &mut RunOptions<'_>| options.new_epoch = true;
    house.run_with(2, "two", &ring.open(), new_epoch).unwrap();
    ring.change(|change| change.destroy(Epoch(1)).unwrap());
    let error = house.forget_with("7", &ring.open(), |_| {}).err().unwrap();
    assert!(
        error.to_string().contains("run `one` cannot be searched"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("`one`"));
    assert_eq!(house.runs(), ["one", "two"]);
}

#[test]
fn a_subject_that_has_another_identity_now_stops_the_run() {
    const OTHER: &str = r#"
[tables.people]
source = "people/*.csv"
subject = "account"
[tables.people.columns]
account = { token = "note" }
n = "keep"
phone = "drop"
name = "drop"
"#;
    let mut house = House::new();
    house.forget("7").unwrap();
    house.tables = OTHER;
    let error = house.run_with(60, "x", keyring(), |_| {}).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains("`people`") && text.contains("`account`"),
        "{text}"
    );
}

/// What `rare` keeps is counted without them, and quarantine holds none of them.
#[test]
fn nothing_is_made_of_their_rows() {
    const RARE: &str = r#"
[tables.people]
source = "people/*.csv"
subject = "account"
order = "source"
[tables.people.columns]
account = { token = "account" }
city = { rare = { below = 3, to = "OTHER" } }
phone = { token = "phone", on_invalid = "quarantine" }
"#;
    let sandbox = Sandbox::new();
    let house = House {
        sandbox,
        tables: RARE,
    };
    let rows = "account,city,phone\n1,a,13800000001\n2,a,13800000002\n3,a,13800000003\n\
                4,b,13800000004\n5,b,13800000005\n6,b,13800000006\n";
    house.sandbox.text("people/a.csv", rows);
    house.run(1, "one");
    house.forget("1\n4").unwrap();
    house.sandbox.text(
        "people/b.csv",
        "account,city,phone\n1,a,wrong\n7,b,13800000007\n",
    );
    house.run(60, "two");
    let cities: Vec<_> = texts(&house.sandbox.read("people"), "city");
    let expected = ["OTHER", "OTHER", "b", "b", "b"].map(|city| Some(city.to_owned()));
    assert_eq!(cities, expected);
    let people = house.table("people");
    assert_eq!((people.forgotten_rows, people.quarantined_rows), (3, 0));
}

/// All that is below `safe`, but for the lock.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

fn tree(path: &Path, found: &mut Tree) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let about = path.symlink_metadata().unwrap();
        if about.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            found.insert(path, target.into_os_string().into_encoded_bytes());
        } else if about.is_dir() {
            tree(&path, found);
            found.insert(path, Vec::new());
        } else if !path.ends_with(".lock") {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
}

fn all(house: &House) -> Tree {
    let mut found = Tree::new();
    tree(&house.sandbox.path("safe"), &mut found);
    found
}

/// Puts back what was there before.
fn reset(house: &House, before: &Tree) {
    let safe = house.sandbox.path("safe");
    fs::remove_dir_all(&safe).unwrap();
    fs::create_dir(&safe).unwrap();
    let mut paths: Vec<_> = before.iter().collect();
    paths.sort();
    for (path, bytes) in paths {
        if path.ends_with("current") {
            let target = std::str::from_utf8(bytes).unwrap();
            std::os::unix::fs::symlink(target, path).unwrap();
        } else if path.extension().is_some_and(|e| e.len() > 1) || path.ends_with(".tombstones") {
            fs::write(path, bytes).unwrap();
        } else {
            fs::create_dir(path).unwrap();
        }
    }
}

/// Meets `fault` at every operation, one after the other, and answers how many there were.
fn at_every_operation(fault: Fault) -> usize {
    let house = House::new();
    house.forget("8").unwrap();
    let before = all(&house);
    let attempt = |disk: Disk| {
        house.forget_with("7\n25\n", keyring(), |options| {
            options.threads = Some(1);
            options.disk = disk;
        })
    };
    attempt(Disk::default()).unwrap();
    let undisturbed = all(&house);
    let root = house.sandbox.path("");
    for n in 1.. {
        reset(&house, &before);
        assert!(all(&house) == before);
        let disk = Faulty::new(n, fault, &root);
        let done = attempt(Disk::new(disk.clone()));
        let Some(hit) = disk.hit() else {
            assert_eq!(done.unwrap().outcome, ForgetOutcome::Forgotten);
            return n - 1;
        };
        let at = format!("{fault:?} at operation {n}, {hit}");
        // a disk that never comes to its fault spares the one of the machine
        let whole = Disk::new(Faulty::new(usize::MAX, Fault::Once, &root));
        let current = fs::read_link(house.sandbox.path("safe/current")).unwrap();
        let switched = current == Path::new("runs/two.3");
        assert!(switched || current == Path::new("runs/two.2"), "{at}");
        assert!(switched || done.is_err(), "{at}");
        if fault == Fault::Once && !switched {
            // whoever lives to tell clears up
            assert_eq!(house.runs(), ["one.2", "two.2"], "{at}");
        }
        let proved = pseudo_engine::verify(&house.sandbox.path("safe"), None, Some(1));
        assert!(proved.is_ok(), "{at}: {:?}", proved.err());
        let again = attempt(whole);
        let outcome = again.as_ref().map(|again| (again.outcome, again.before));
        let expected = match switched {
            true => (ForgetOutcome::NothingToDo, 2),
            false => (ForgetOutcome::Forgotten, 0),
        };
        assert_eq!(outcome.ok(), Some(expected), "{at}: then {:?}", again.err());
        assert!(all(&house) == undisturbed, "{at}");
    }
    unreachable!("forgetting has an end")
}

macro_rules! crashes {
    ($($name:ident $fault:ident)*) => {$(
        #[test]
        fn $name() {
            let operations = at_every_operation(Fault::$fault);
            assert!(operations > 60, "only {operations} operations");
        }
    )*};
}

crashes! {
    any_operation_may_fail Once
    the_disk_may_be_full Full
    it_may_be_killed_anywhere Killed
    the_power_may_go PowerCut
}

/// A run is the one that ends what a crash left, as well.
#[test]
fn the_next_run_ends_what_was_begun() {
    let house = House::new();
    let before = all(&house);
    let root = house.sandbox.path("");
    let (mut none, mut all_of_it) = (0, 0);
    for n in 1.. {
        reset(&house, &before);
        let disk = Faulty::new(n, Fault::Killed, &root);
        let done = house.forget_with("7", keyring(), |options| {
            options.threads = Some(1);
            options.disk = Disk::new(disk.clone());
        });
        let Some(hit) = disk.hit() else {
            done.unwrap();
            break;
        };
        house.sandbox.text("cars.csv", format!("model\nET7\n{n}\n"));
        house.run(60, "three");
        let at = format!("operation {n}, {hit}");
        let rows = house.shown();
        let holds = |run: &str| rows[&(run.to_owned(), "people")].contains(&"r7".to_owned());
        if house.sandbox.path("safe/.tombstones").exists() {
            assert!(!holds("two.2") && !holds("three"), "{at}");
            all_of_it += 1;
        } else {
            assert!(holds("two") && holds("three"), "{at}");
            none += 1;
        }
        assert_eq!(house.runs().len(), 2, "{at}");
    }
    assert!(none > 40 && all_of_it > 5, "{none} and {all_of_it}");
}
