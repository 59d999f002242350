//! The speed of a scan beside that of reading: every column of the sample's Parquet, decoded by
//! Arrow on as many threads and thrown away. Prints one line a figure, `figure NAME VALUE`.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench")]

use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pseudo_arrow::sample::Spec;
use pseudo_engine::scan::{ScanOptions, scan};
use pseudo_engine::{Silent, sample};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

const SCALE: f64 = 0.2;
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let raw = folder.path().join("raw");
    let spec = Spec::parse(&format!("sample:incident?scale={SCALE}&seed=42")).expect("a sample");
    let rows = sample::write(&spec, &raw, sample::Format::Parquet, &Silent).expect("raw tables");
    let files = files(&raw);
    let (mut read_best, mut scan_best) = (f64::INFINITY, f64::INFINITY);
    let mut findings = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        files.par_iter().for_each(|file| read(file));
        read_best = read_best.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let options = ScanOptions {
            sample: None,
            skip: &[],
            threads: None,
            progress: &Silent,
        };
        let report = scan(std::slice::from_ref(&raw), &options).expect("a report");
        findings = report.findings().count();
        scan_best = scan_best.min(start.elapsed().as_secs_f64());
    }
    println!("{rows} rows, {findings} findings, best of {ROUNDS} rounds");
    println!("figure scan_rows_per_second {:.0}", rows as f64 / scan_best);
    println!("figure read_rows_per_second {:.0}", rows as f64 / read_best);
    println!("figure scan_read_ratio {:.3}", read_best / scan_best);
}

/// Decodes all columns of a file.
fn read(path: &Path) {
    let file = File::open(path).expect("a file");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("a footer");
    let batches = builder.with_batch_size(8_192).build().expect("a reader");
    for batch in batches {
        black_box(batch.expect("a batch"));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
