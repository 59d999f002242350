//! From Parquet to Parquet: what a run costs beside an identity copy of the same tables through the
//! same engine and sink, at one thread and at two, with peak memory. Prints the figures of one
//! process and ends with one line a figure, `figure NAME VALUE`.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench speaks, and has nobody to hand an error to"
)]

use std::fs;
use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, Utc};
use pseudo_arrow::sample::Spec;
use pseudo_engine::filter::NoFilters;
use pseudo_engine::{Cancel, Disk, RunOptions, Silent, sample};
use pseudo_keyring::{Keyring, Unlock};

/// Share of the sample's full size.
const SCALE: &str = "0.2";
/// Each figure is the best of so many rounds; rounds are interleaved.
const ROUNDS: usize = 5;

const HEAD: &str = r#"
version = 1
name = "bench"
domain = "bench"
[keys]
keyring = "keys/bench.keyring"
[source]
root = "raw"
[identities.account]
kind = "integer"
[identities.person]
kind = "cn-resident-id"
[identities.phone]
kind = "cn-phone"
[identities.name]
kind = "name"
[identities.email]
kind = "email"
"#;

/// What the run tokenises of a table, and what it keeps.
struct Table {
    name: &'static str,
    /// Columns with their identities.
    tokens: &'static [(&'static str, &'static str)],
    kept: &'static [&'static str],
}

const TABLES: [Table; 2] = [
    Table {
        name: "users",
        tokens: &[
            ("user_id", "account"),
            ("name", "name"),
            ("phone", "phone"),
            ("email", "email"),
            ("id_number", "person"),
        ],
        kept: &["gender", "birth_date", "city", "registered_at"],
    },
    Table {
        name: "addresses",
        tokens: &[
            ("user_id", "account"),
            ("recipient", "name"),
            ("phone", "phone"),
        ],
        kept: &[
            "address_id",
            "province",
            "city",
            "district",
            "address_line",
            "postcode",
        ],
    },
];

/// What a pipeline does with the columns that are not kept.
#[derive(Clone, Copy)]
enum Work {
    Copy,
    Tokens,
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let spec = format!("sample:incident?scale={SCALE}&seed=42");
    let spec = Spec::parse(&spec).expect("a sample");
    sample::write(
        &spec,
        &folder.path().join("raw"),
        sample::Format::Parquet,
        &Silent,
    )
    .expect("raw tables");
    let keyring = keyring(folder.path());
    let cases = [
        ("copy, 2 threads", Work::Copy, "source", 2),
        ("run, 2 threads", Work::Tokens, "source", 2),
        ("run, 2 threads, shuffled", Work::Tokens, "shuffled", 2),
        ("run, 1 thread", Work::Tokens, "source", 1),
    ];
    let mut best = [f64::INFINITY; 4];
    let mut peak_mib: f64 = 0.0;
    let mut rows = 0;
    for _ in 0..ROUNDS {
        for ((_, work, order, threads), best) in cases.iter().zip(&mut best) {
            reset_peak();
            let start = Instant::now();
            rows = run(folder.path(), &keyring, &pipeline(*work, order), *threads);
            *best = best.min(start.elapsed().as_secs_f64());
            if matches!(work, Work::Tokens) {
                peak_mib = peak_mib.max(peak());
            }
        }
    }
    println!(
        "{rows} rows of {} tables, best of {ROUNDS} rounds",
        TABLES.len()
    );
    for ((name, ..), seconds) in cases.iter().zip(best) {
        println!("{name:<26} {seconds:>7.3} s");
    }
    let [copy, two, shuffled, one] = best;
    println!("figure run_copy_ratio {:.3}", two / copy);
    println!("figure shuffled_copy_ratio {:.3}", shuffled / copy);
    println!("figure run_peak_mib {peak_mib:.0}");
    println!("figure run_rows_per_second {:.0}", f64::from(rows) / two);
    println!("figure threads_speedup {:.3}", one / two);
}

fn keyring(folder: &Path) -> Keyring {
    let identity = folder.join("bench.key");
    pseudo_keyring::create_identity(&identity, "2026-01-01T00:00:00Z").expect("an identity");
    let path = folder.join("bench.keyring");
    Keyring::create(&path, &Unlock::Identity(identity), "2026-01-01T00:00:00Z").expect("a keyring")
}

fn pipeline(work: Work, order: &str) -> String {
    let sink = match work {
        Work::Copy => "copy",
        Work::Tokens => "safe",
    };
    let mut text = format!("{HEAD}[sink]\nroot = \"{sink}\"\nretain_runs = 1\n");
    for Table { name, tokens, kept } in TABLES {
        text.push_str(&format!(
            "[tables.{name}]\nsource = \"{name}/*.parquet\"\norder = \"{order}\"\n\
             [tables.{name}.columns]\n"
        ));
        for (column, identity) in tokens {
            let rule = match work {
                Work::Copy => "\"keep\"".to_owned(),
                Work::Tokens => format!("{{ token = \"{identity}\" }}"),
            };
            text.push_str(&format!("{column} = {rule}\n"));
        }
        for column in kept {
            text.push_str(&format!("{column} = \"keep\"\n"));
        }
    }
    text
}

fn run(folder: &Path, keyring: &Keyring, pipeline: &str, threads: usize) -> u32 {
    let path = folder.join("bench.toml");
    fs::write(&path, pipeline).expect("a pipeline file");
    let job = pseudo_engine::open(&path, &NoFilters).expect("a pipeline");
    let options = RunOptions {
        started: Utc::now(),
        clock: &|| -> DateTime<Utc> { Utc::now() },
        at: None,
        run_id: None,
        full: true,
        new_epoch: false,
        threads: Some(threads),
        space: None,
        progress: &Silent,
        cancel: Cancel::default(),
        disk: Disk::default(),
    };
    let report = pseudo_engine::run(&job, keyring, &options).expect("a run");
    let rows: u64 = report
        .manifest
        .tables
        .iter()
        .map(|table| table.published_rows)
        .sum();
    u32::try_from(rows).expect("few rows")
}

/// Forgets the peak so far; Linux alone knows how.
fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory in MiB; zero where the system does not tell.
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
