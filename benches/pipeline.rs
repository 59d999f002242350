//! From Parquet to Parquet: what a run costs beside an identity copy of the same tables, at one
//! thread and at two, with peak memory. The copy is made by the stock reader and writer of the
//! parquet crate, row groups in parallel, zstd(1), one synced file a row group: a run that copied
//! would be refused by its own gate. Prints the figures of one process and ends with one line a
//! figure, `figure NAME VALUE`.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench speaks, and has nobody to hand an error to"
)]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use pseudo_arrow::sample::Spec;
use pseudo_engine::filter::NoFilters;
use pseudo_engine::risk::NoClasses;
use pseudo_engine::{Cancel, Disk, RunOptions, Silent, sample};
use pseudo_keyring::{Keyring, Unlock};
use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

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

const CASES: [&str; 4] = [
    "copy, 2 threads",
    "run, 2 threads",
    "run, 2 threads, shuffled",
    "run, 1 thread",
];

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
    let mut best = [f64::INFINITY; 4];
    let [copied, run_two, run_shuffled, run_one] = &mut best;
    let mut peak_mib: f64 = 0.0;
    let mut rows = 0;
    for _ in 0..ROUNDS {
        timed(copied, || copy(folder.path(), 2));
        reset_peak();
        for (best, order, threads) in [
            (&mut *run_two, "source", 2),
            (&mut *run_shuffled, "shuffled", 2),
            (&mut *run_one, "source", 1),
        ] {
            timed(best, || {
                rows = run(folder.path(), &keyring, &pipeline(order), threads);
            });
        }
        peak_mib = peak_mib.max(peak());
    }
    println!(
        "{rows} rows of {} tables, best of {ROUNDS} rounds",
        TABLES.len()
    );
    for (name, seconds) in CASES.iter().zip(best) {
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

fn pipeline(order: &str) -> String {
    let mut text = format!("{HEAD}[sink]\nroot = \"safe\"\nretain_runs = 1\n");
    for Table { name, tokens, kept } in TABLES {
        text.push_str(&format!(
            "[tables.{name}]\nsource = \"{name}/*.parquet\"\norder = \"{order}\"\n\
             [tables.{name}.columns]\n"
        ));
        for (column, identity) in tokens {
            text.push_str(&format!("{column} = {{ token = \"{identity}\" }}\n"));
        }
        for column in kept {
            text.push_str(&format!("{column} = \"keep\"\n"));
        }
    }
    text
}

/// Keeps the shortest time of `work`, in seconds.
fn timed(best: &mut f64, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    *best = best.min(start.elapsed().as_secs_f64());
}

/// Copies the tables of `raw` to `copy`.
fn copy(folder: &Path, threads: usize) {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads");
    for Table { name, .. } in TABLES {
        let target = folder.join("copy").join(name);
        fs::create_dir_all(&target).expect("a directory");
        for entry in fs::read_dir(folder.join("raw").join(name)).expect("a table") {
            let source = entry.expect("a file").path();
            let file = File::open(&source).expect("a file");
            let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
            let metadata = metadata.expect("a footer");
            let groups = 0..metadata.metadata().num_row_groups();
            pool.install(|| {
                groups.into_par_iter().for_each(|group| {
                    copy_group(&source, &metadata, group, &target);
                });
            });
        }
    }
}

fn copy_group(source: &Path, metadata: &ArrowReaderMetadata, group: usize, target: &Path) {
    let file = File::open(source).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
        .with_row_groups(vec![group])
        .with_batch_size(32_768)
        .build()
        .expect("a reader");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let file = File::create(target.join(format!("{group:05}.parquet"))).expect("a file");
    let mut writer = ArrowWriter::try_new(file, Arc::clone(metadata.schema()), Some(properties))
        .expect("a writer");
    for batch in reader {
        writer.write(&batch.expect("rows")).expect("pages");
    }
    let file = writer.into_inner().expect("a footer");
    file.sync_all().expect("a disk");
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
        classes: &NoClasses,
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
