//! A switch of epochs without the source: what comes out is what the source would have given, joins
//! are those there were, and whatever happens meanwhile, readers have one epoch or the other.

mod crash;
mod refused;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, DictionaryArray, Int64Array, RecordBatch};
use arrow::datatypes::Int32Type;
use pseudo_engine::manifest::{Manifest, TableManifest};
use pseudo_engine::risk::NoClasses;
use pseudo_engine::{
    Cancel, Disk, Error, RekeyOptions, RekeyReport, RunOptions, RunOutcome, RunReport, Silent,
};
use pseudo_keyring::{Access, Change, Fresh, KeySource, Keyring, Opener, Recipient, Unlock};
use pseudo_policy::Pipeline;
use pseudo_token::Epoch;
use serde_json::Value;

use crate::classes::Naive;
use crate::harness::{Sandbox, at, batch, text_column, texts};

/// Files of a test, and who has which keys.
struct Bench {
    sandbox: Sandbox,
    /// The keyring as it was when each epoch was new, and as it is now.
    keyrings: Vec<Keyring>,
    identity: PathBuf,
    tables: String,
}

const TIME: &str = "2026-01-01T00:00:00Z";

/// A keyring of the epochs 1, 2 and 3, and 4 and 5, of which one is disabled and one destroyed, as
/// it was in each of them and as it is.
fn keyrings(sandbox: &Sandbox) -> Vec<Keyring> {
    let identity = sandbox.path("owner.key");
    pseudo_keyring::create_identity(&identity, TIME).unwrap();
    let unlock = Unlock::Identity(identity);
    let path = sandbox.path("keys.keyring");
    let mut keyrings = vec![Keyring::create(&path, &unlock, TIME).unwrap()];
    let mut change = |work: &dyn Fn(&mut Change<'_>)| {
        let mut change = Change::begin(&path, &unlock, Access::none()).unwrap();
        work(&mut change);
        change.commit().unwrap();
        keyrings.push(Keyring::open(&path, &unlock).unwrap());
    };
    for _ in 2..=6 {
        change(&|change| {
            change.rotate(Fresh::Secret, TIME).unwrap();
        });
    }
    change(&|change| {
        change.disable(Epoch(4)).unwrap();
        change.destroy(Epoch(5)).unwrap();
    });
    keyrings
}

/// `{escrow}` is the escrow rule.
const TABLES: &str = r#"
[tables.people]
source = "people/*.csv"
subject = "id"
types = { n = "integer" }
[tables.people.columns]
id = [ { token = "person" }, {escrow} ]
phone = [
  { token = "phone" },
  { seal = "phone", to = "sealed" },
  { seal = "phone", to = "bytes", encoding = "binary" },
  { fpe = "phone", alphabet = "digits", to = "dialled" },
  {escrow},
]
n = [ { fpe = "account", alphabet = "int64" }, { band = { width = 10 }, to = "tens" } ]
city = "keep"
name = "drop"
[tables.orders]
source = "orders/*.parquet"
order = "source"
[tables.orders.columns]
account = { fpe = "account", alphabet = "int64" }
remark = [ { token = "note", encoding = "uuid" }, { seal = "note", to = "kept" }, {escrow} ]
[tables.calls]
source = "calls.csv"
[tables.calls.columns]
phone = [ { token = "phone", on_invalid = "quarantine" }, {escrow} ]
caller = { seal = "phone", encoding = "base32" }
[tables.cities]
source = "cities.csv"
order = "source"
[tables.cities.columns]
city = "keep"
"#;

fn people(range: std::ops::Range<usize>) -> String {
    let row = |n: usize| {
        let phone = match n % 9 {
            0 => String::new(),
            1 => format!("canary-phone-{n}"),
            n if n % 2 == 0 => format!("+86 138-0000-{n:04}"),
            n => format!("1380000{n:04}"),
        };
        format!(
            "1101051949{:04}0{:03},{phone},{n},Beijing,canary-name-{n}\n",
            n % 50,
            n % 40
        )
    };
    let rows: String = range.map(row).collect();
    format!("id,phone,n,city,name\n{rows}")
}

fn orders(range: std::ops::Range<i64>) -> RecordBatch {
    let remark = |n: i64| (n % 5 != 0).then(|| format!("canary remark {}", n % 8));
    let remarks: DictionaryArray<Int32Type> = range
        .clone()
        .map(remark)
        .collect::<Vec<_>>()
        .iter()
        .map(Option::as_deref)
        .collect();
    batch([
        ("account", Arc::new(Int64Array::from_iter_values(range))),
        ("remark", Arc::new(remarks)),
    ])
}

impl Bench {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let identity = sandbox.path("custodian.key");
        let public = pseudo_keyring::create_identity(&identity, TIME).unwrap();
        let tables = TABLES.replace("{escrow}", &format!("{{ escrow = \"{public}\" }}"));
        sandbox.text("people/a.csv", people(0..70));
        sandbox.text("people/b.csv", people(70..90));
        sandbox.parquet("orders/1.parquet", &orders(0..60), 20);
        sandbox.text("calls.csv", calls());
        sandbox.text("cities.csv", "city\nBeijing\nXi'an\n");
        Self {
            keyrings: keyrings(&sandbox),
            identity,
            tables,
            sandbox,
        }
    }

    /// The keyring when `epoch` was new.
    fn at(&self, epoch: usize) -> &Keyring {
        &self.keyrings[epoch - 1]
    }

    fn keyring(&self) -> &Keyring {
        self.keyrings.last().unwrap()
    }

    /// The same source, before any run of it.
    fn fresh(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        copy(&self.sandbox.path("raw"), &sandbox.path("raw"));
        sandbox
    }

    fn run(&self, epoch: usize, second: u32) -> Manifest {
        self.try_run(epoch, second, |_| {}).unwrap().manifest
    }

    fn try_run(
        &self,
        epoch: usize,
        second: u32,
        change: impl FnOnce(&mut RunOptions<'_>),
    ) -> Result<RunReport, Error> {
        let keys = self.at(epoch);
        self.sandbox.run_keyed(&self.tables, second, keys, change)
    }

    fn pipeline(&self) -> Pipeline {
        let _ = self.sandbox.job(&self.tables);
        let text = fs::read_to_string(self.sandbox.path("pipeline.toml")).unwrap();
        Pipeline::parse("pipeline.toml", &text).unwrap()
    }

    fn rekey(&self, from: u32, to: u32) -> Result<RekeyReport, Error> {
        let opener = Opener::read(&self.identity).unwrap();
        self.rekey_with(from, to, |options| options.escrow = Some(&opener))
    }

    fn rekey_with<'a>(
        &'a self,
        from: u32,
        to: u32,
        change: impl FnOnce(&mut RekeyOptions<'a>),
    ) -> Result<RekeyReport, Error> {
        let mut options = RekeyOptions {
            started: at(500),
            clock: &|| at(501),
            from,
            to,
            escrow: None,
            bridge: None,
            threads: Some(2),
            space: None,
            classes: &Naive,
            progress: &Silent,
            cancel: Cancel::default(),
            disk: Disk::default(),
        };
        change(&mut options);
        let safe = self.sandbox.path("safe");
        // the source is not there: nothing of it is read
        let (raw, away) = (self.sandbox.path("raw"), self.sandbox.path("away"));
        let pipeline = self.pipeline();
        copy(&raw, &away);
        fs::remove_dir_all(&raw).unwrap();
        let done = pseudo_engine::rekey(&safe, &pipeline, self.keyring(), &options);
        copy(&away, &raw);
        done
    }

    /// The names and bytes of all there is in the sink.
    fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files: BTreeMap<_, _> = self.sandbox.written().into_iter().collect();
        let current = self.sandbox.path("safe/current");
        let target = fs::read_link(&current).unwrap();
        files.insert(current, target.into_os_string().into_encoded_bytes());
        files.retain(|path, _| !path.ends_with(".lock"));
        files
    }

    fn shows_nothing(&self, at: &str) {
        for (path, bytes) in self.sandbox.written() {
            for needle in ["canary", "1380000", "1101051949"] {
                let needle = needle.as_bytes();
                let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
                assert!(!holds(&bytes), "{at}: {}", path.display());
            }
        }
    }

    fn open(&self, path: &Path) -> Vec<Value> {
        let opener = Opener::read(&self.identity).unwrap();
        let mut text = String::new();
        let mut stream = opener.open(fs::File::open(path).unwrap()).unwrap();
        stream.read_to_string(&mut text).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Proves the current run.
    fn is_proved(&self) -> bool {
        pseudo_engine::verify(&self.sandbox.path("safe"), None, Some(1)).is_ok()
    }
}

fn calls() -> String {
    let row = |n: usize| match n % 4 {
        0 => format!("canary-call-{n},1380000{:04}\n", n % 9),
        _ => format!("1380000{:04},+861380000{:04}\n", n % 9, n % 5),
    };
    let rows: String = (0..40).map(row).collect();
    format!("phone,caller\n{rows}")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn table<'a>(manifest: &'a Manifest, name: &str) -> &'a TableManifest {
    manifest.tables.iter().find(|t| t.table == name).unwrap()
}

/// The rows of a table as texts, in an order of their own.
fn rows(batch: &RecordBatch) -> Vec<Vec<Option<String>>> {
    let schema = batch.schema();
    let columns = schema.fields().iter().map(|field| match field.data_type() {
        arrow::datatypes::DataType::Binary | arrow::datatypes::DataType::FixedSizeBinary(_) => {
            let array = batch.column_by_name(field.name()).unwrap();
            let options = arrow::util::display::FormatOptions::new();
            let shown = arrow::util::display::ArrayFormatter::try_new(array, &options).unwrap();
            let cell = |row| array.is_valid(row).then(|| shown.value(row).to_string());
            (0..array.len()).map(cell).collect()
        }
        _ => texts(batch, field.name()),
    });
    let columns: Vec<_> = columns.collect();
    let row = |row: usize| {
        columns
            .iter()
            .map(|column: &Vec<_>| column[row].clone())
            .collect()
    };
    let mut rows: Vec<_> = (0..batch.num_rows()).map(row).collect();
    rows.sort();
    rows
}

const NAMES: [&str; 4] = ["people", "orders", "calls", "cities"];

/// Matches of people and calls by their phones, and of people and orders by their accounts.
fn joined(sandbox: &Sandbox) -> [usize; 3] {
    let column = |table: &str, column: &str| texts(&sandbox.read(table), column);
    let matches = |left: Vec<Option<String>>, right: Vec<Option<String>>| {
        let right: Vec<_> = right.into_iter().flatten().collect();
        let left = left.iter().flatten();
        left.map(|one| right.iter().filter(|other| *other == one).count())
            .sum()
    };
    [
        matches(column("people", "phone"), column("calls", "phone")),
        matches(column("people", "n"), column("orders", "account")),
        matches(column("people", "id"), column("people", "id")),
    ]
}

#[test]
fn it_is_what_the_source_would_have_given() {
    let bench = Bench::new();
    let before = bench.run(1, 1);
    let old: Vec<_> = NAMES.map(|name| rows(&bench.sandbox.read(name))).into();
    let report = bench.rekey(1, 2).unwrap();
    assert_eq!(report.outcome, RunOutcome::Published);
    let turned = report.manifest;
    let other = bench.fresh();
    let keys = bench.at(2);
    let fresh = other
        .run_keyed(&bench.tables, 1, keys, |_| {})
        .unwrap()
        .manifest;
    for (name, old) in NAMES.iter().zip(old) {
        let (found, expected) = (bench.sandbox.read(name), other.read(name));
        assert_eq!(rows(&found), rows(&expected), "{name}");
        assert_eq!(rows(&found) == old, *name == "cities", "{name}");
        // with all rows of its chunks at hand even their order is that one
        if *name != "calls" {
            assert!(found == expected, "{name}");
        }
        let (turned, fresh) = (table(&turned, name), table(&fresh, name));
        assert_eq!(turned.columns, fresh.columns, "{name}");
        assert_eq!(turned.distinct_subjects, fresh.distinct_subjects);
        assert_eq!(turned.published_rows, table(&before, name).published_rows);
        assert_eq!(turned.recipe, fresh.recipe);
    }
    assert!(table(&turned, "calls").quarantined_rows == 10);
    assert_eq!(turned.recipe, fresh.recipe);
    let origin = turned.origins.last().unwrap();
    assert_eq!(
        (&origin.run_id, origin.verb.as_str()),
        (&before.run_id, "rekey")
    );
    assert!(bench.is_proved());
    bench.shows_nothing("after");
}

#[test]
fn joins_are_as_many_before_as_after_and_during() {
    let bench = Bench::new();
    bench.run(1, 1);
    let before = joined(&bench.sandbox);
    assert!(before.iter().all(|matches| *matches > 50), "{before:?}");
    let turned = bench.rekey(1, 2).unwrap().manifest;
    assert_eq!(joined(&bench.sandbox), before);
    // who reads the old run still has it whole
    let runs = bench.sandbox.path("safe/runs");
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 2);
    let proof = turned.rekey.unwrap();
    assert_eq!((proof.from, proof.to), (1, 2));
    assert_eq!(
        proof.from_key_check_value,
        bench.keyring().check_value(Epoch(1)).unwrap().to_string()
    );
    assert_eq!(proof.rows, 90 + 60 + 30 + 2);
    let rules: BTreeSet<_> = proof.joins.iter().map(|join| join.rule.as_str()).collect();
    assert_eq!(rules.len(), proof.joins.len());
    for join in &proof.joins {
        assert_eq!((join.before, join.one_in), (join.after, 1), "{join:?}");
        assert!(join.before > 0 && join.cells >= join.before);
    }
    let tokens = proof
        .joins
        .iter()
        .find(|join| join.rule == "token phone, base32, 128 bits");
    let phones = |table: &str| texts(&bench.sandbox.read(table), "phone");
    let phones: Vec<_> = phones("people")
        .into_iter()
        .chain(phones("calls"))
        .flatten()
        .collect();
    let distinct: BTreeSet<_> = phones.iter().collect();
    let tokens = tokens.unwrap();
    assert_eq!(
        (tokens.cells, tokens.after),
        (phones.len() as u64, distinct.len() as u64)
    );
}

#[test]
fn the_next_run_goes_on_from_it() {
    let bench = Bench::new();
    bench.run(1, 1);
    bench.rekey(1, 2).unwrap();
    let again = bench.try_run(2, 600, |_| {}).unwrap();
    assert_eq!(again.outcome, RunOutcome::NothingToDo);
    assert!(matches!(
        bench.try_run(1, 601, |_| {}),
        Err(Error::OtherKey { .. })
    ));
    bench
        .sandbox
        .parquet("orders/2.parquet", &orders(60..70), 20);
    let next = bench.try_run(2, 602, |_| {}).unwrap();
    assert_eq!(
        (next.outcome, next.reused_files),
        (RunOutcome::Published, 4)
    );
    assert_eq!(next.manifest.rekey, None);
    let other = bench.fresh();
    let keys = bench.at(2);
    other.run_keyed(&bench.tables, 1, keys, |_| {}).unwrap();
    for name in NAMES {
        assert_eq!(
            rows(&bench.sandbox.read(name)),
            rows(&other.read(name)),
            "{name}"
        );
    }
}

#[test]
fn it_can_be_done_again_and_again() {
    let bench = Bench::new();
    bench.run(1, 1);
    bench.rekey(1, 2).unwrap();
    let third = bench.rekey_with(2, 3, |options| {
        options.started = at(700);
        options.escrow = Some(Box::leak(Box::new(Opener::read(&bench.identity).unwrap())));
    });
    let third = third.unwrap().manifest;
    assert_eq!(third.origins.len(), 2);
    let other = bench.fresh();
    let keys = bench.at(3);
    other.run_keyed(&bench.tables, 1, keys, |_| {}).unwrap();
    for name in NAMES {
        assert_eq!(
            rows(&bench.sandbox.read(name)),
            rows(&other.read(name)),
            "{name}"
        );
    }
}

#[test]
fn chunks_keep_their_keyed_order() {
    let bench = Bench {
        tables: "[tables.t]\nsource = \"t.parquet\"\n[tables.t.columns]\n\
                 n = { fpe = \"account\", alphabet = \"int64\" }\nm = \"keep\""
            .to_owned(),
        ..Bench::new()
    };
    let numbers = || Arc::new(Int64Array::from_iter_values(0..300_000));
    let even = Int64Array::from_iter_values((0..300_000).map(|n| n % 1000));
    let columns = batch([("n", numbers()), ("m", Arc::new(even))]);
    bench.sandbox.parquet("t.parquet", &columns, 50_000);
    let before = bench.run(1, 1);
    assert!(table(&before, "t").outputs.len() > 1);
    let turned = bench.rekey_with(1, 2, |_| {}).unwrap().manifest;
    let other = bench.fresh();
    let keys = bench.at(2);
    let fresh = other
        .run_keyed(&bench.tables, 1, keys, |_| {})
        .unwrap()
        .manifest;
    assert!(
        bench.sandbox.read("t") == other.read("t"),
        "rows and their order"
    );
    let files = |manifest: &Manifest| table(manifest, "t").outputs.clone();
    assert_eq!(files(&turned), files(&fresh), "to the byte");
}

#[test]
fn the_bridge_leads_from_every_old_token_to_one_new_one() {
    let bench = Bench::new();
    bench.run(1, 1);
    let tokens = |table: &str, column: &str| -> BTreeSet<String> {
        texts(&bench.sandbox.read(table), column)
            .into_iter()
            .flatten()
            .collect()
    };
    let both = |column: &str| &tokens("people", column) | &tokens("calls", column);
    let (before, sealed) = (both("phone"), tokens("people", "sealed"));
    let opener = Opener::read(&bench.identity).unwrap();
    let to = Recipient::parse(&recipient(&bench.identity)).unwrap();
    let path = bench.sandbox.path("bridge.age");
    let rekey = || {
        bench.rekey_with(1, 2, |options| {
            options.escrow = Some(&opener);
            options.bridge = Some((&path, &to));
        })
    };
    let manifest = rekey().unwrap().manifest;
    let lines = bench.open(&path);
    let record = manifest.rekey.unwrap().bridge.unwrap();
    assert_eq!(record.lines, lines.len() as u64);
    assert_eq!(record.recipient, to.to_string());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let map = |rule: &str| {
        let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line["rule"] == rule) {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            map.entry(text("old")).or_default().insert(text("new"));
        }
        assert!(map.values().all(|new| new.len() == 1), "{map:?}");
        let new: BTreeSet<String> = map.values().flatten().cloned().collect();
        assert_eq!(new.len(), map.len());
        (map.into_keys().collect::<BTreeSet<_>>(), new)
    };
    assert_eq!(
        map("token phone, base32, 128 bits"),
        (before, both("phone"))
    );
    assert_eq!(
        map("seal phone, base64url"),
        (sealed, tokens("people", "sealed"))
    );
    assert!(bench.is_proved());
    // asked for again, it is there again; nothing else is done
    let whole = fs::read(&path).unwrap();
    let tree = bench.tree();
    assert_eq!(rekey().unwrap().outcome, RunOutcome::NothingToDo);
    fs::remove_file(&path).unwrap();
    assert_eq!(rekey().unwrap().outcome, RunOutcome::NothingToDo);
    assert!(fs::read(&path).unwrap() == whole && bench.tree() == tree);
    // and it is proved with the run
    let hidden = bench.sandbox.path("safe/current").join(&record.path);
    fs::write(&hidden, &whole[..whole.len() - 1]).unwrap();
    assert!(!bench.is_proved());
}

fn recipient(identity: &Path) -> String {
    let text = fs::read_to_string(identity).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-"))
        .unwrap();
    line.parse::<age::x25519::Identity>()
        .unwrap()
        .to_public()
        .to_string()
}

#[test]
fn escrow_is_that_of_the_new_tokens() {
    let bench = Bench::new();
    let before = bench.run(1, 1);
    let after = bench.rekey(1, 2).unwrap().manifest;
    let pairs = |manifest: &Manifest| {
        let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let outputs = manifest.tables.iter().flat_map(|table| &table.outputs);
        for sealed in outputs.flat_map(|output| &output.escrow) {
            let run = bench.sandbox.path("safe/runs").join(&manifest.run_id);
            let lines = bench.open(&run.join(&sealed.path));
            assert_eq!(lines.len() as u64, sealed.pairs);
            for line in lines {
                let text = |key: &str| line[key].as_str().unwrap().to_owned();
                let column = (sealed.column.clone(), text("value"));
                all.entry(column).or_default().insert(text("token"));
            }
        }
        all
    };
    let (old, new) = (pairs(&before), pairs(&after));
    assert_eq!(
        old.keys().collect::<Vec<_>>(),
        new.keys().collect::<Vec<_>>()
    );
    assert!(
        old.values()
            .chain(new.values())
            .all(|tokens| tokens.len() == 1)
    );
    assert!(old.iter().all(|(value, token)| new[value] != *token));
    let people = bench.sandbox.read("people");
    let column =
        |name: &str| -> BTreeSet<String> { texts(&people, name).into_iter().flatten().collect() };
    for name in ["id", "dialled"] {
        let tokens = new.iter().filter(|((column, _), _)| column == name);
        let tokens: BTreeSet<_> = tokens.flat_map(|(_, tokens)| tokens.clone()).collect();
        assert_eq!(tokens, column(name), "{name}");
    }
    // of a phone all of it, whatever fpe leaves off
    let dialled = new.keys().filter(|(column, _)| column == "dialled");
    assert!(dialled.clone().count() > 0 && dialled.clone().all(|(_, v)| v.starts_with("+86")));
}

#[test]
fn text_that_no_identity_has_stays_out() {
    // a column without values has no escrow, and needs none
    let mut bench = Bench::new();
    bench.sandbox.parquet(
        "n.parquet",
        &batch([
            ("a", text_column([None, None])),
            ("b", text_column([Some("1"), None])),
        ]),
        8,
    );
    bench.tables = "[tables.n]\nsource = \"n.parquet\"\n[tables.n.columns]\n\
                    a = { token = \"note\" }\nb = { seal = \"note\" }"
        .to_owned();
    bench.run(1, 1);
    let manifest = bench.rekey_with(1, 2, |_| {}).unwrap().manifest;
    assert_eq!(table(&manifest, "n").published_rows, 2);
}

#[test]
fn dates_move_from_one_epoch_to_the_other_with_their_subjects() {
    let mut bench = Bench::new();
    let row = |n: usize| match n % 7 {
        0 => format!(",2001-02-{:02}\n", n % 28 + 1),
        1 => format!("+86 138-0000-{:04},\n", n % 5),
        _ => format!("1380000{:04},2001-02-{:02}\n", n % 5, n % 28 + 1),
    };
    let text: String = (0..100).map(row).collect();
    bench
        .sandbox
        .text("born.csv", format!("phone,born\n{text}"));
    let rules = [
        "{ seal = \"phone\" }".to_owned(),
        "{ fpe = \"phone\", alphabet = \"digits\" }".to_owned(),
        format!(
            "[ {{ token = \"phone\" }}, {{ escrow = \"{}\" }} ]",
            recipient(&bench.identity)
        ),
    ];
    for rule in rules {
        let _ = fs::remove_dir_all(bench.sandbox.path("safe"));
        bench.tables = format!(
            "[tables.born]\nsource = \"born.csv\"\nsubject = \"phone\"\n\
             types = {{ born = \"date\" }}\n[tables.born.columns]\n\
             phone = {rule}\nborn = {{ shift = {{ days = 30 }} }}"
        );
        bench.run(1, 1);
        let before = rows(&bench.sandbox.read("born"));
        bench.rekey(1, 2).unwrap();
        let other = bench.fresh();
        other
            .run_keyed(&bench.tables, 1, bench.at(2), |_| {})
            .unwrap();
        let after = bench.sandbox.read("born");
        assert!(after == other.read("born"), "{rule}");
        assert_ne!(rows(&after), before);
    }
}

/// Of what is not a pseudonym all stays as it was, but shifted dates: it is counted, not believed.
#[test]
fn gates_are_counted_again() {
    let mut bench = Bench::new();
    let gates = "[gates]\nk = 20\nquasi_identifiers = [\"people.city\"]\n";
    bench.tables = format!("{gates}{}", bench.tables);
    let before = bench.run(1, 1);
    let counted = table(&before, "people").classes.clone().unwrap();
    let turned = bench.rekey(1, 2).unwrap().manifest;
    assert_eq!(table(&turned, "people").classes, Some(counted));
    let opener = Opener::read(&bench.identity).unwrap();
    let refused = bench.rekey_with(2, 3, |options| {
        options.escrow = Some(&opener);
        options.classes = &NoClasses;
    });
    let error = refused.err().unwrap();
    assert!(matches!(error, Error::Gates { .. }), "{error}");
    assert_eq!(error.exit_code(), 3);
    let current = Manifest::read(&bench.sandbox.path("safe/current")).unwrap();
    assert_eq!(current, turned);
}
