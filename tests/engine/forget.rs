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
use pseudo_keyring::KeySource;
use pseudo_token::{Encoding, Epoch};

use crate::classes::Naive;
use crate::harness::{Sandbox, at, batch, keyring, options, text_column, texts};

mod crash;
mod keys;

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
        let policy = Policy::read(&path)?;
        let mut options = ForgetOptions {
            at: at(50),
            reason: "request 7",
            identity: None,
            tables: &[],
            threads: Some(2),
            classes: &Naive,
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
            let column = batch.column_by_name("account").unwrap();
            let mut cells = Vec::new();
            for row in 0..column.len() {
                let cell = arrow::util::display::array_value_to_string(column, row).unwrap();
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

#[test]
fn a_run_that_alone_holds_them_is_made_again_and_the_current_one_gets_the_list() {
    let house = House::empty(TABLES);
    house.run(1, "one");
    house.sandbox.text("people/a.csv", people(8..20));
    house.sandbox.parquet("orders/a.parquet", &orders(8..20), 8);
    house.run(2, "two");
    let two = house.shown();
    let report = house.forget("7").unwrap();
    let rows: Vec<usize> = report.runs.iter().map(|run| run.rows.len()).collect();
    assert_eq!(
        (house.runs(), rows),
        (vec!["one.2".to_owned(), "two.2".to_owned()], vec![0, 2])
    );
    house.holds_none_of(&[7]);
    for table in ["people", "orders"] {
        let [was, is] = ["two", "two.2"].map(|run| (run.to_owned(), table));
        assert_eq!(two[&was], house.shown()[&is]);
    }
    house.sandbox.text("people/a.csv", people(0..20));
    house.run(60, "three");
    house.holds_none_of(&[7]);
}

/// One column of each type that a rule may keep.
fn wide() -> arrow::array::RecordBatch {
    use arrow::array::*;
    use arrow::datatypes::{DataType, Int32Type};
    let all = || 0..400_i16;
    let some = || all().map(|n| (n % 9 != 0).then_some(n));
    let texts: Vec<String> = all().map(|n| format!("t{n}")).collect();
    let keyed: DictionaryArray<Int32Type> =
        all().map(|n| if n % 3 == 0 { "a" } else { "b" }).collect();
    let micros: TimestampMicrosecondArray = some().map(|n| n.map(i64::from)).collect();
    let price: Decimal128Array = some().map(|n| n.map(i128::from)).collect();
    let days = all().map(i32::from);
    let reals = all().map(|n| f64::from(n) / 8.0);
    let flags = some().map(|n| n.map(|n| n > 9));
    let accounts = all().map(i64::from);
    batch([
        ("account", Arc::new(Int64Array::from_iter_values(accounts))),
        ("text", Arc::new(StringArray::from_iter_values(&texts))),
        (
            "large",
            Arc::new(LargeStringArray::from_iter_values(&texts)),
        ),
        ("keyed", Arc::new(keyed)),
        ("small", Arc::new(Int16Array::from_iter(some()))),
        ("real", Arc::new(Float64Array::from_iter_values(reals))),
        ("flag", Arc::new(BooleanArray::from_iter(flags))),
        ("day", Arc::new(Date32Array::from_iter_values(days))),
        ("local", Arc::new(micros.clone())),
        ("zoned", Arc::new(micros.with_timezone("Asia/Shanghai"))),
        (
            "price",
            Arc::new(price.with_data_type(DataType::Decimal128(12, 2))),
        ),
        ("bytes", Arc::new(BinaryArray::from_iter_values(&texts))),
    ])
}

#[test]
fn what_is_left_is_what_the_source_gives_in_every_type() {
    const WIDE: &str = r#"
[tables.wide]
source = "wide.parquet"
subject = "account"
[tables.wide.columns]
account = [ { token = "account" }, { token = "account", encoding = "hex", bits = 256, to = "h" },
            { token = "account", encoding = "uuid", to = "u" },
            { token = "account", encoding = "binary", to = "b" },
            { seal = "account", to = "s" }, { seal = "account", encoding = "binary", to = "sb" },
            { fpe = "account", alphabet = "int64", to = "f" },
            { band = { width = 100 }, to = "band" } ]
text = "keep"
large = "keep"
keyed = "keep"
small = "keep"
real = "keep"
flag = "keep"
day = "keep"
local = "keep"
zoned = "keep"
price = "keep"
bytes = "keep"
"#;
    let mut house = House::empty(WIDE);
    let sink = "retain_runs = 2\nrow_group_rows = 150\nbloom_filter = [\"account\"]";
    house.sandbox.sink = sink.to_owned();
    house.sandbox.parquet("wide.parquet", &wide(), 170);
    house.run(1, "one");
    house
        .forget(
            "7
200
399
",
        )
        .unwrap();
    let read = || {
        let directory = house.sandbox.path("safe/current/wide");
        let path = fs::read_dir(directory)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let file = File::open(&path).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let groups = builder.metadata().row_groups().iter();
        let groups: Vec<_> = groups
            .map(|group| {
                let columns = group.columns().iter();
                let encodings =
                    columns.map(|c| (c.compression(), c.bloom_filter_offset().is_some()));
                (group.num_rows(), encodings.collect::<Vec<_>>())
            })
            .collect();
        let schema = builder.metadata().file_metadata().schema().clone();
        let rows: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
        let rows = arrow::compute::concat_batches(&rows[0].schema(), &rows).unwrap();
        (schema, groups, rows)
    };
    let left = read();
    assert_eq!(left.2.num_rows(), 397);
    let full = |options: &mut RunOptions<'_>| options.full = true;
    house.run_with(60, "two", keyring(), full).unwrap();
    let given = read();
    assert_eq!(left.0, given.0);
    assert_eq!(left.1, given.1);
    assert!(left.2 == given.2);
    assert_eq!(house.table("wide").forgotten_rows, 3);
}
