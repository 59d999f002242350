//! Twenty-four nights of one job, one after the other: files arrive, come late, come damaged; keys,
//! schedulers and people make mistakes. Each night ends as documented: with its exit code, with
//! what is current, and with no file read twice without a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Done, Sandbox};

#[test]
fn twenty_four_nights() {
    let mut job = Job::new();
    growing(&mut job);
    damaged(&mut job);
    interrupted(&mut job);
    refused(&mut job);
    assert_eq!(job.night, 24);
    job.sandbox
        .ok(&["verify", "safe", "--pipeline", "night.toml"]);
}

/// Nights 1 to 5: more every night, nothing one night, and a file that comes late.
fn growing(job: &mut Job) {
    job.arrive(1);
    job.publishes(&["people/01.csv", "orders/01.csv"]);
    job.arrive(2);
    job.publishes(&["people/02.csv", "orders/02.csv"]);
    job.arrive(3);
    job.publishes(&["people/03.csv", "orders/03.csv"]);
    job.has_nothing_to_do();
    job.write("orders/03-late.csv", &orders(4));
    job.arrive(5);
    job.publishes(&["people/05.csv", "orders/03-late.csv", "orders/05.csv"]);
}

/// Nights 6 to 11: another keyring, half a file, a column that nobody has announced.
fn damaged(job: &mut Job) {
    job.arrive(6);
    job.edit("test.keyring", "other.keyring");
    job.fails(2, "error: the current run was made with key ");
    job.edit("other.keyring", "test.keyring");
    job.arrive(7);
    let read = [
        "people/06.csv",
        "people/07.csv",
        "orders/06.csv",
        "orders/07.csv",
    ];
    job.publishes(&read);

    job.arrive(8);
    let whole = people(8);
    job.write("people/08.csv", &whole[..whole.len() - 25]);
    job.fails(1, "error: `people/08.csv`, row 10: too few fields");
    job.write("people/08.csv", &whole);
    job.arrive(9);
    let read = [
        "people/08.csv",
        "people/09.csv",
        "orders/08.csv",
        "orders/09.csv",
    ];
    job.publishes(&read);

    job.arrive(10);
    let more = orders(10).replace('\n', ",web\n");
    job.write("orders/10.csv", &more.replacen("web", "channel", 1));
    job.fails(2, "error: column `channel` has no rule");
    // the rule that is proposed; what is dropped changes no output
    job.edit("price = {", "channel = \"drop\"\nprice = {");
    job.arrive(11);
    let read = [
        "people/10.csv",
        "people/11.csv",
        "orders/10.csv",
        "orders/11.csv",
    ];
    job.publishes(&read);
}

/// Nights 12 to 15: a run that is killed, and one that is one too many.
fn interrupted(job: &mut Job) {
    job.arrive(12);
    let large = orders(12);
    job.write("orders/12.csv", &long());
    job.is_stopped("-KILL");
    job.write("orders/12.csv", &large);
    job.arrive(13);
    let read = [
        "people/12.csv",
        "people/13.csv",
        "orders/12.csv",
        "orders/13.csv",
    ];
    job.publishes(&read);

    job.arrive(14);
    let mut options = OpenOptions::new();
    let lock = options.write(true).open(job.sandbox.path("safe/.lock"));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    job.fails(75, "error: another run holds the sink");
    drop(lock);
    job.arrive(15);
    let read = [
        "people/14.csv",
        "people/15.csv",
        "orders/14.csv",
        "orders/15.csv",
    ];
    job.publishes(&read);
}

/// Nights 16 to 24: bad values, a file that comes very late, files that are copied, a run that is
/// told to stop, and a file that is gone.
fn refused(job: &mut Job) {
    job.arrive(16);
    job.write("people/16.csv", &people(16).replace(",15", ",no"));
    job.fails(4, "error: table `people`: 10 of 240 rows in quarantine");
    job.write("people/16.csv", &people(16).replacen(",15", ",no", 1));
    job.arrive(17);
    let read = [
        "people/16.csv",
        "people/17.csv",
        "orders/16.csv",
        "orders/17.csv",
    ];
    job.publishes(&read);

    job.write("people/04.csv", &people(4));
    job.arrive(18);
    // a file with rows in quarantine is read by each run
    let read = [
        "people/04.csv",
        "people/16.csv",
        "people/18.csv",
        "orders/18.csv",
    ];
    job.publishes(&read);
    job.copy("people/01.csv");
    job.copy("orders/18.csv");
    job.has_nothing_to_do();

    job.arrive(20);
    job.write("orders/20.csv", &long());
    job.is_stopped("-TERM");
    job.write("orders/20.csv", &orders(20));
    job.arrive(21);
    let read = [
        "people/16.csv",
        "people/20.csv",
        "people/21.csv",
        "orders/20.csv",
        "orders/21.csv",
    ];
    job.publishes(&read);

    job.sandbox.rename("raw/people/01.csv", "01.csv");
    job.fails(4, "a change of 0.");
    job.sandbox.rename("01.csv", "raw/people/01.csv");
    job.arrive(23);
    job.publishes(&["people/16.csv", "people/23.csv", "orders/23.csv"]);
    job.arrive(24);
    job.publishes(&["people/16.csv", "people/24.csv", "orders/24.csv"]);
}

/// The job, its source, and what it has come to.
struct Job {
    sandbox: Sandbox,
    night: u32,
    /// The night whose run is current.
    current: Option<u32>,
    /// Runs that were published.
    published: usize,
    /// The inodes of the output of each source file in the current run.
    outputs: BTreeMap<String, Vec<u64>>,
    /// All tokens of persons.
    tokens: BTreeSet<String>,
}

impl Job {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.ok(&["keys", "new", "keys/test.keyring"]);
        sandbox.ok(&["keys", "new", "keys/other.keyring"]);
        sandbox.write("night.toml", PIPELINE);
        Self {
            sandbox,
            night: 0,
            current: None,
            published: 0,
            outputs: BTreeMap::new(),
            tokens: BTreeSet::new(),
        }
    }

    fn write(&self, file: &str, rows: &str) {
        self.sandbox.write(&format!("raw/{file}"), rows);
    }

    /// The files of a night.
    fn arrive(&self, night: u32) {
        self.write(&format!("people/{night:02}.csv"), &people(night));
        self.write(&format!("orders/{night:02}.csv"), &orders(night));
    }

    /// A file is what it was, in another place of the disk.
    fn copy(&self, file: &str) {
        let path = |name: &str| self.sandbox.path(name);
        fs::copy(path("raw").join(file), path("copy")).unwrap();
        self.sandbox.rename("copy", &format!("raw/{file}"));
    }

    fn edit(&self, from: &str, to: &str) {
        self.sandbox.edit("night.toml", from, to);
    }

    /// Tonight's command.
    fn command(&mut self) -> Command {
        self.night += 1;
        let id = format!("night-{:02}", self.night);
        let args = ["run", "night.toml", "--json", "--run-id", &id];
        self.sandbox.command(&args)
    }

    /// Tonight's run is published, and has read `files` alone.
    fn publishes(&mut self, files: &[&str]) {
        let done = Done::of(self.command().output().unwrap());
        assert_eq!(done.code, Some(0), "night {}: {}", self.night, done.err);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(report["outcome"], "published");
        self.current = Some(self.night);
        self.published += 1;
        let now = self.inodes();
        let taken: BTreeSet<u64> = self.outputs.values().flatten().copied().collect();
        let is_read = |inodes: &Vec<u64>| !inodes.iter().all(|inode| taken.contains(inode));
        let read = now.iter().filter(|(_, inodes)| is_read(inodes));
        let read: BTreeSet<_> = read.map(|(file, _)| file.as_str()).collect();
        assert_eq!(
            read,
            files.iter().copied().collect(),
            "night {}",
            self.night
        );
        assert_eq!(report["reused_files"], now.len() - files.len());
        self.outputs = now;
        self.stands();
        self.joins();
    }

    fn has_nothing_to_do(&mut self) {
        let done = Done::of(self.command().output().unwrap());
        assert_eq!(done.code, Some(0), "night {}: {}", self.night, done.err);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(report["outcome"], "nothing-to-do");
        assert_eq!(self.inodes(), self.outputs);
        self.stands();
    }

    /// Tonight's run fails, and says so.
    fn fails(&mut self, code: i32, says: &str) {
        let done = Done::of(self.command().output().unwrap());
        self.failed(&done, code, says);
        assert_eq!(
            fs::read_dir(self.sandbox.path("safe/.staging"))
                .unwrap()
                .count(),
            0
        );
    }

    fn failed(&self, done: &Done, code: i32, says: &str) {
        assert_eq!(done.code, Some(code), "night {}: {}", self.night, done.err);
        assert_eq!(done.out, "");
        assert!(
            done.err.contains(says),
            "night {}: {}",
            self.night,
            done.err
        );
        let current = self.current.unwrap();
        let last =
            format!("nothing was published; run `night-{current:02}` is still current in `safe`");
        assert_eq!(done.err.lines().last(), Some(last.as_str()));
        assert_eq!(self.inodes(), self.outputs);
        self.stands();
    }

    /// Tonight's run gets a signal in the midst of its work.
    fn is_stopped(&mut self, signal: &str) {
        let mut command = self.command();
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = command.spawn().unwrap();
        self.until_staged(&mut run);
        let id = run.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
        let done = Done::of(run.wait_with_output().unwrap());
        if signal == "-KILL" {
            assert_eq!(done.code, None, "{}", done.err);
            assert_eq!(self.inodes(), self.outputs);
            self.stands();
        } else {
            self.failed(&done, 1, "error: the run was stopped before its end");
            assert_eq!(
                fs::read_dir(self.sandbox.path("safe/.staging"))
                    .unwrap()
                    .count(),
                0
            );
        }
    }

    fn until_staged(&self, run: &mut Child) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let is_staged = |(name, _): &(String, Vec<u8>)| name.contains("/orders/");
        while !self.sandbox.files("safe/.staging").iter().any(is_staged) {
            assert!(run.try_wait().unwrap().is_none(), "the run is over");
            assert!(Instant::now() < deadline, "the moment does not come");
        }
    }

    /// What is current is the run it should be, as it was written; five runs are kept.
    fn stands(&self) {
        let current = self.current.map(|night| format!("night-{night:02}"));
        assert_eq!(
            self.sandbox.current("safe"),
            current,
            "night {}",
            self.night
        );
        self.sandbox.ok(&["verify", "safe"]);
        let runs = fs::read_dir(self.sandbox.path("safe/runs"))
            .unwrap()
            .count();
        assert_eq!(runs, self.published.min(5), "night {}", self.night);
    }

    /// The inodes of the output of each source file.
    fn inodes(&self) -> BTreeMap<String, Vec<u64>> {
        let mut found = BTreeMap::new();
        for table in self.sandbox.manifest("safe")["tables"].as_array().unwrap() {
            let mut outputs = table["outputs"].as_array().unwrap().iter();
            for source in table["sources"].as_array().unwrap() {
                let count = usize::try_from(source["outputs"].as_u64().unwrap()).unwrap();
                let inode = |output: &Value| {
                    let path = output["path"].as_str().unwrap();
                    let path = self.sandbox.path("safe/current").join(path);
                    fs::metadata(path).unwrap().ino()
                };
                let inodes = outputs.by_ref().take(count).map(inode).collect();
                found.insert(source["path"].as_str().unwrap().to_owned(), inodes);
            }
        }
        found
    }

    /// Orders meet the persons whose they are, and persons keep their tokens.
    fn joins(&mut self) {
        let rows = |table: &str| -> Vec<Vec<String>> {
            let files = self.sandbox.files(&format!("raw/{table}")).into_iter();
            let texts = files.map(|(_, bytes)| String::from_utf8(bytes).unwrap());
            let rows = |text: String| -> Vec<Vec<String>> {
                let rows = text.lines().skip(1);
                rows.map(|row| row.split(',').map(str::to_owned).collect())
                    .collect()
            };
            texts.flat_map(rows).collect()
        };
        let number = |text: &String| text.parse::<u64>().unwrap();
        let persons = rows("people").into_iter();
        let persons = persons.filter(|row| row[2].starts_with("15"));
        let persons: BTreeSet<u64> = persons.map(|row| number(&row[0])).collect();
        let orders = rows("orders");
        let met = orders
            .iter()
            .filter(|row| persons.contains(&number(&row[1])));
        let joined = "SELECT count(*) FROM people p JOIN orders o ON p.id = o.buyer";
        let count = self.sandbox.number("safe", joined);
        assert_eq!(count, met.count() as u64, "night {}", self.night);
        let tokens = self.sandbox.query("safe", "SELECT id FROM people");
        let tokens: BTreeSet<String> = tokens.into_iter().flatten().collect();
        assert_eq!(tokens.len(), persons.len());
        assert!(tokens.is_superset(&self.tokens), "night {}", self.night);
        self.tokens = tokens;
    }
}

/// The persons of a night: a hundred in the first, and ten in each other.
fn people(night: u32) -> String {
    let ids = if night == 1 {
        1..=100
    } else {
        night * 100 + 1..=night * 100 + 10
    };
    let row = |id: u32| {
        format!(
            "{id},甲,154{:08},北京\n",
            u64::from(id) * 61_803_399 % 100_000_000
        )
    };
    format!("id,name,phone,city\n{}", ids.map(row).collect::<String>())
}

/// The orders of a night, of persons of that night and the nights before; some of nobody.
fn orders(night: u32) -> String {
    let row = |n: u32| {
        let of = night - n % 3 % night;
        let buyer = of * 100 + n % 12;
        let order = night * 1_000 + n;
        format!("{order},{buyer:08},2026-01-{night:02},{}\n", 90_000 + n)
    };
    let count = if night == 1 { 300 } else { 30 };
    let rows: String = (0..count).map(row).collect();
    format!("order_id,buyer,day,price\n{rows}")
}

/// Orders that take a while.
fn long() -> String {
    let row = |n: u32| format!("{n},{n:08},2026-01-01,90000\n");
    let rows: String = (0..400_000).map(row).collect();
    format!("order_id,buyer,day,price\n{rows}")
}

const PIPELINE: &str = r#"version = 1
name = "night"
domain = "test"
[keys]
keyring = "keys/test.keyring"
[source]
root = "raw"
[sink]
root = "safe"
retain_runs = 5
[limits]
rows_change = 0.3
quarantine_rate = 0.02
[identities.account]
kind = "integer"
[identities.order]
kind = "integer"
[identities.phone]
kind = "cn-phone"
[tables.people]
source = "people/*.csv"
subject = "id"
[tables.people.columns]
id = { token = "account" }
name = "drop"
phone = { token = "phone", on_invalid = "quarantine" }
city = "keep"
[tables.orders]
source = "orders/*.csv"
subject = "buyer"
types = { day = "date", price = "integer" }
[tables.orders.columns]
order_id = { token = "order" }
buyer = { token = "account" }
day = { truncate = "month" }
price = { round = 1000 }
"#;
