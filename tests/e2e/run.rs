//! The main job: raw tables become safe ones, every row is accounted for, and joins still work.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::Sandbox;
use crate::text::records;

const SCALE: &str = "0.002";
const SINK: &str = "data/safe";

#[test]
fn the_quickstart_runs_and_then_has_nothing_to_do() {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    let run = ["run", "pipelines/quickstart.toml"];
    let first = sandbox.run(&run);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let sink = "target/quickstart/safe";
    let id = sandbox.current(sink).unwrap();
    let last = first.out.lines().last().unwrap();
    let place = last
        .strip_prefix(&format!("run {id} is published: "))
        .unwrap();
    assert!(sandbox.path(place).join("users").is_dir(), "{place}");
    for table in ["users", "owners", "orders"] {
        assert!(
            first.out.lines().any(|line| line.starts_with(table)),
            "{table}"
        );
    }
    assert!(
        first
            .out
            .lines()
            .any(|line| line.starts_with("users") && line.contains("48,500"))
    );
    for said in ["made keyring", "made identity file", "keep copies"] {
        assert!(first.err.contains(said), "{said}: {}", first.err);
    }
    for key in ["quickstart.key", "quickstart.keyring"] {
        let path = sandbox.path("target/quickstart/keys").join(key);
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let written = sandbox.files(sink);
    let second = sandbox.run(&run);
    assert_eq!(second.code, Some(0), "{}", second.err);
    assert!(second.out.starts_with("nothing to do: "), "{}", second.out);
    assert!(second.out.trim_end().ends_with(place), "{}", second.out);
    assert_eq!(second.err, "");
    let unlocked = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
        files
            .into_iter()
            .filter(|(name, _)| !name.ends_with(".lock"))
            .collect()
    };
    assert_eq!(unlocked(sandbox.files(sink)), unlocked(written));
}

#[test]
fn every_input_row_is_accounted_for() {
    let sandbox = incident();
    sandbox.ok(&["run", "pipelines/owner-analytics.toml"]);
    let manifest = sandbox.manifest(SINK);
    let tables = manifest["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 7);
    for table in tables {
        let name = table["table"].as_str().unwrap();
        let raw = raw(&sandbox, name);
        let rows = raw.rows.len() as u64;
        assert_eq!(number(table, "source_rows"), rows, "{name}");
        assert_eq!(number(table, "published_rows"), rows, "{name}");
        let mut columns: Vec<_> = texts(&table["dropped"]);
        let mut sql = "SELECT count(*)".to_owned();
        let mut expected = vec![rows.to_string()];
        for column in table["columns"].as_array().unwrap() {
            let of = |key| number(column, key);
            assert_eq!(of("rows"), rows, "{name}: {column}");
            let ends = of("transformed") + of("null") + of("blank") + of("nulled");
            assert_eq!(ends, rows, "{name}: {column}");
            let output = column["column"].as_str().unwrap();
            sql.push_str(&format!(", count({output})"));
            expected.push(of("transformed").to_string());
            columns.push(column["source"].as_str().unwrap().to_owned());
        }
        columns.sort();
        columns.dedup();
        let mut heads = raw.heads.clone();
        heads.sort();
        assert_eq!(columns, heads, "{name}");
        assert_eq!(
            sandbox.query(SINK, &format!("{sql} FROM {name}")),
            [expected]
        );
    }
}

#[test]
fn joins_over_tokens_count_what_joins_over_raw_keys_count() {
    let sandbox = incident();
    sandbox.ok(&["run", "pipelines/owner-analytics.toml"]);
    let expected = raw_joins(&sandbox);
    assert!(expected.iter().all(|count| *count > 0), "{expected:?}");
    assert_eq!(safe_joins(&sandbox, SINK), expected);
    assert_eq!(spread(&sandbox, SINK), raw_spread(&sandbox));

    // another domain: the same joins, and no token in common
    let pipeline = "pipelines/owner-analytics.toml";
    sandbox.edit(
        pipeline,
        "domain  = \"analytics\"",
        "domain  = \"marketing\"",
    );
    sandbox.edit(
        pipeline,
        "root        = \"../data/safe\"",
        "root        = \"../data/other\"",
    );
    sandbox.ok(&["run", pipeline]);
    assert_eq!(safe_joins(&sandbox, "data/other"), expected);
    let sql = "SELECT user_id FROM users UNION SELECT id_number FROM users";
    let ours = sandbox.query(SINK, sql);
    let mut both = [ours.clone(), sandbox.query("data/other", sql)].concat();
    both.retain(|row| row != &[""]);
    let total = both.len();
    both.sort();
    both.dedup();
    assert_eq!(both.len(), total);
    assert!(total > ours.len());
}

#[test]
fn a_run_is_the_same_bytes_whatever_the_threads() {
    let sandbox = incident();
    let run = [
        "run",
        "pipelines/owner-analytics.toml",
        "--full",
        "--threads",
    ];
    sandbox.ok(&[&run[..], &["1"]].concat());
    let one = sandbox.manifest(SINK);
    sandbox.ok(&[&run[..], &["3"]].concat());
    let three = sandbox.manifest(SINK);
    assert_ne!(one["run_id"], three["run_id"]);
    assert_eq!(one["tables"], three["tables"]);
}

/// The seven raw tables as Parquet in `data/raw`, the same as CSV in `data/csv`, and the keys.
fn incident() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    sandbox.ok(&["keys", "new", "pipelines/keys/analytics.keyring"]);
    let sample = ["sample", "incident", "--scale", SCALE, "--format"];
    sandbox.ok(&[&sample[..], &["parquet", "data/raw"]].concat());
    sandbox.ok(&[&sample[..], &["csv", "data/csv"]].concat());
    sandbox
}

struct Raw {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Raw {
    fn column(&self, name: &str) -> Vec<&str> {
        let at = self.heads.iter().position(|head| head == name).unwrap();
        self.rows.iter().map(|row| row[at].as_str()).collect()
    }
}

fn raw(sandbox: &Sandbox, table: &str) -> Raw {
    let path = sandbox.path("data/csv").join(table).join("part-00000.csv");
    let mut rows = records(&fs::read_to_string(path).unwrap());
    Raw {
        heads: rows.remove(0),
        rows,
    }
}

/// The counts of the joins of [`safe_joins`], over the raw tables.
fn raw_joins(sandbox: &Sandbox) -> Vec<u64> {
    let table = |name| raw(sandbox, name);
    let (users, owners) = (table("users"), table("owners"));
    let (orders, loans) = (table("orders"), table("loans"));
    let keys = |table: &Raw, name: &str| -> Vec<String> {
        table.column(name).into_iter().map(str::to_owned).collect()
    };
    let user_of_order: HashMap<_, _> = keys(&orders, "order_id")
        .into_iter()
        .zip(keys(&orders, "user_id"))
        .collect();
    let user_rows = tally(keys(&users, "user_id"));
    let owner_rows = tally(keys(&owners, "owner_id"));
    let rows = |tally: &HashMap<String, u64>, key: &str| tally.get(key).copied().unwrap_or(0);
    let first: u64 = keys(&orders, "user_id")
        .iter()
        .map(|user| rows(&user_rows, user))
        .sum();
    let (mut second, mut third) = (0, 0);
    for (order, owner) in loans
        .column("order_id")
        .into_iter()
        .zip(loans.column("owner_id"))
    {
        let users = user_of_order
            .get(order)
            .map_or(0, |user| rows(&user_rows, user));
        second += users;
        third += users * rows(&owner_rows, owner);
    }
    let borrowers = tally(ids(&loans, "borrower_id_number"));
    let persons = ids(&owners, "id_number");
    let fourth: u64 = persons.iter().map(|id| rows(&borrowers, id)).sum();
    let persons = tally(persons);
    let fifth = persons
        .keys()
        .filter(|id| borrowers.contains_key(*id))
        .count() as u64;
    let known = tally(ids(&users, "id_number"));
    let sixth = persons
        .iter()
        .map(|(id, owners)| rows(&known, id) * owners)
        .sum();
    vec![first, second, third, fourth, fifth, sixth]
}

fn safe_joins(sandbox: &Sandbox, sink: &str) -> Vec<u64> {
    let orders = "SELECT count(*) FROM users u JOIN orders o ON u.user_id = o.user_id";
    let loans = format!("{orders} JOIN loans l ON o.order_id = l.order_id");
    let owners = format!("{loans} JOIN owners w ON l.owner_id = w.owner_id");
    let borrowers = "FROM owners w JOIN loans l ON w.id_number = l.borrower_id_number";
    let sql = [
        orders.to_owned(),
        loans,
        owners,
        format!("SELECT count(*) {borrowers}"),
        format!("SELECT count(DISTINCT w.id_number) {borrowers}"),
        "SELECT count(*) FROM users u JOIN owners w ON u.id_number = w.id_number".to_owned(),
    ];
    sql.iter().map(|sql| sandbox.number(sink, sql)).collect()
}

/// How many persons stand behind how many users: the shape of a group-by on the ID number.
fn spread(sandbox: &Sandbox, sink: &str) -> BTreeMap<u64, u64> {
    let users = "SELECT count(*) AS n FROM users WHERE id_number IS NOT NULL GROUP BY id_number";
    let sql = format!("SELECT n, count(*) FROM ({users}) GROUP BY n");
    let rows = sandbox.query(sink, &sql);
    rows.iter()
        .map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap()))
        .collect()
}

fn raw_spread(sandbox: &Sandbox) -> BTreeMap<u64, u64> {
    let mut spread = BTreeMap::new();
    for n in tally(ids(&raw(sandbox, "users"), "id_number")).into_values() {
        *spread.entry(n).or_default() += 1;
    }
    spread
}

/// The canonical ID numbers of a column, blanks left out: the rule of `cn-resident-id` once more,
/// as far as the sample's dirt goes.
fn ids(table: &Raw, column: &str) -> Vec<String> {
    table
        .column(column)
        .into_iter()
        .filter_map(canonical_id)
        .collect()
}

fn canonical_id(text: &str) -> Option<String> {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap(),
        _ => c.to_ascii_uppercase(),
    };
    let id: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(narrow)
        .collect();
    let id = id.to_uppercase();
    if ["", "无", "N/A", "-", "暂无"].contains(&id.as_str()) {
        return None;
    }
    if id.len() != 15 {
        return Some(id);
    }
    let body = format!("{}19{}", &id[..6], &id[6..]);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body
        .bytes()
        .zip(weights)
        .map(|(b, weight)| usize::from(b - b'0') * weight)
        .sum();
    Some(format!("{body}{}", &"10X98765432"[sum % 11..=sum % 11]))
}

fn tally(keys: Vec<String>) -> HashMap<String, u64> {
    let mut tally = HashMap::new();
    for key in keys {
        *tally.entry(key).or_default() += 1;
    }
    tally
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}
