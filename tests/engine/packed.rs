//! CSV inside gzip and zstd: the rows, files and row numbers of the plain file, and clear faults
//! where what was packed is not whole.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use pseudo_engine::RunOptions;

use crate::harness::{Sandbox, texts};

const TABLE: &str = r#"
[limits]
memory = "64MiB"
[tables.t]
source = "t.csv*"
format = "csv"
[tables.t.columns]
id = { token = "account" }
note = { token = "note" }
city = { rare = { below = 3, to = "?" } }
"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// Records whose fields hold all that CSV has to quote, at least `bytes` bytes of them.
fn csv(seed: u64, bytes: usize) -> String {
    const PARTS: [&str; 9] = ["a", "\"\"", "\n", ",", "\r\n", "文", " ", "xyz", "x\ny"];
    let mut numbers = Numbers(seed);
    let mut text = "id,note,city\n".to_owned();
    for row in 0.. {
        if text.len() >= bytes {
            break;
        }
        let note: String = (0..numbers.below(12))
            .map(|_| PARTS[numbers.below(PARTS.len())])
            .collect();
        let end = ["\n", "\r\n"][usize::from(numbers.below(40) == 0)];
        // most of the file has no quote: there, cuts are known from before alone
        let note = match row / 40_000 % 3 {
            0 => format!("\"{note}\""),
            _ => "plain text of some length".to_owned(),
        };
        text.push_str(&format!("{row},{note},c{}{end}", numbers.below(50)));
    }
    text
}

fn files(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let directory = sandbox.path("safe/current/t");
    let entries = std::fs::read_dir(directory).unwrap();
    let read = |path: PathBuf| {
        (
            path.file_name().unwrap().into(),
            std::fs::read(path).unwrap(),
        )
    };
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

fn published(name: &str, bytes: &[u8], threads: usize) -> BTreeMap<PathBuf, Vec<u8>> {
    let sandbox = Sandbox::new();
    sandbox.text(name, bytes);
    let threads = |options: &mut RunOptions<'_>| options.threads = Some(threads);
    sandbox.run_with(TABLE, 1, threads).unwrap();
    files(&sandbox)
}

/// What a run over `t.csv.gz` or `t.csv.zst` says that fails.
fn fault(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let sandbox = Sandbox::new();
    sandbox.text(name, bytes);
    let error = sandbox.run(TABLE, 1).err().unwrap();
    assert_eq!(error.exit_code(), 1, "{error}");
    assert!(!sandbox.path("safe/current").exists());
    let text = error.to_string();
    let own = format!("`{name}`");
    assert!(text.starts_with(&own) && !text.contains("canary"), "{text}");
    text[own.len()..]
        .trim_start_matches([':', ',', ' '])
        .to_owned()
}

#[test]
fn the_files_published_are_those_of_the_plain_file() {
    let text = csv(1, 9 << 20);
    let plain = published("t.csv", text.as_bytes(), 2);
    assert!(plain.len() > 2, "{}", plain.len());
    for (name, packed) in [
        ("t.csv.gz", gzip(text.as_bytes())),
        ("t.csv.zst", zstd(text.as_bytes())),
    ] {
        for threads in [1, 5] {
            let same = published(name, &packed, threads) == plain;
            assert!(same, "{name} on {threads} threads");
        }
    }
}

#[test]
fn small_texts_of_every_shape_give_the_same_files() {
    for seed in 2..40 {
        let text = csv(seed, 1 + 97 * usize::try_from(seed).unwrap());
        let plain = published("t.csv", text.as_bytes(), 1);
        assert!(
            published("t.csv.gz", &gzip(text.as_bytes()), 2) == plain,
            "{seed}"
        );
        assert!(
            published("t.csv.zst", &zstd(text.as_bytes()), 2) == plain,
            "{seed}"
        );
    }
}

#[test]
fn members_and_frames_are_one_text() {
    let text = csv(7, 50_000);
    let plain = published("t.csv", text.as_bytes(), 2);
    let parts = text.as_bytes().chunks(700);
    let members: Vec<u8> = parts.clone().flat_map(gzip).collect();
    let empty = gzip(b"");
    assert!(published("t.csv.gz", &[&empty, &members[..], &empty].concat(), 2) == plain);
    let frames: Vec<u8> = parts.flat_map(zstd).collect();
    let skipped = b"\x50\x2A\x4D\x18\x03\0\0\0abc";
    assert!(published("t.csv.zst", &[skipped, &frames[..], skipped].concat(), 2) == plain);
}

#[test]
fn plain_and_packed_files_are_one_table() {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", "id,note,city\n1,a,x\n");
    sandbox.text("t.csv.gz", gzip(b"city,id\nx,2\n"));
    sandbox.text(
        "t.csv.zst",
        zstd("\u{feff}note,id,city\nb,3,x\n".as_bytes()),
    );
    sandbox.run(TABLE, 1).unwrap();
    let batch = sandbox.read("t");
    assert_eq!(texts(&batch, "city"), vec![Some("x".to_owned()); 3]);
    // unpacked, the file is another one, though its rows are the same
    let report = sandbox.run(TABLE, 2).unwrap();
    assert_eq!(report.outcome, pseudo_engine::RunOutcome::NothingToDo);
    let (plain, mut options) = ("city,id\nx,2\n".as_bytes(), Compression::best());
    for _ in 0..2 {
        let mut packed = GzEncoder::new(Vec::new(), options);
        packed.write_all(plain).unwrap();
        sandbox.text("t.csv.gz", packed.finish().unwrap());
        options = Compression::none();
    }
    let report = sandbox.run(TABLE, 3).unwrap();
    assert_eq!(report.reused_files, 2);
}

#[test]
fn what_is_not_whole_is_told() {
    let text = csv(3, 200_000);
    let cut = "cut off: what gzip packed has no end";
    let damaged = "damaged: gzip cannot unpack it, or its checksum is another";
    let packed = gzip(text.as_bytes());
    for length in [
        3,
        9,
        12,
        packed.len() / 2,
        packed.len() - 1,
        packed.len() - 8,
    ] {
        assert_eq!(fault("t.csv.gz", &packed[..length]), cut, "{length}");
    }
    let mut wrong = packed.clone();
    *wrong.iter_mut().rev().nth(5).unwrap() ^= 1;
    assert_eq!(fault("t.csv.gz", wrong), damaged);
    let behind = "followed by bytes that gzip did not pack";
    assert_eq!(fault("t.csv.gz", [&packed[..], b"canary"].concat()), behind);
    assert_eq!(
        fault("t.csv.gz", [&packed[..], &packed[..40]].concat()),
        cut
    );
    assert_eq!(
        fault("t.csv.gz", b"id,note,city\n"),
        "not packed by gzip, as its name says"
    );
    assert_eq!(
        fault("t.csv.gz", zstd(b"x")),
        "not packed by gzip, as its name says"
    );
    assert_eq!(fault("t.csv.gz", b""), "empty file: nothing was packed");
    assert_eq!(
        fault("t.csv.gz", gzip(b"")),
        "empty file: not even a header"
    );
    let twice = gzip(&packed);
    assert!(fault("t.csv.gz", twice).contains("header"));
    let named = fault("t.csv", &packed);
    assert_eq!(named, "packed by gzip: its name has to end in `.gz`");

    let packed = zstd(text.as_bytes());
    let cut = "cut off: what zstd packed has no end";
    for length in [5, packed.len() / 2, packed.len() - 1] {
        assert_eq!(fault("t.csv.zst", &packed[..length]), cut, "{length}");
    }
    let damaged = "damaged: zstd cannot unpack it, or its checksum is another";
    assert_eq!(
        fault("t.csv.zst", [&packed[..], b"canary"].concat()),
        damaged
    );
    assert_eq!(
        fault("t.csv.zst", zstd(b"")),
        "empty file: not even a header"
    );
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(28).unwrap();
    wide.write_all(text.as_bytes()).unwrap();
    let wide = wide.finish().unwrap();
    assert_eq!(
        fault("t.csv.zst", wide),
        "packed with a window of more than 128 MiB"
    );
}

/// Text that packs well is no reason to hold it in memory.
#[test]
fn a_record_without_an_end_is_refused() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"id,note,city\n1,").unwrap();
    let block = vec![b'x'; 1 << 20];
    (0..40).for_each(|_| packed.write_all(&block).unwrap());
    let text = fault("t.csv.gz", packed.finish().unwrap());
    assert_eq!(text, "a record of over 16 MiB");
}

#[test]
fn rows_are_told_by_their_number() {
    let text = csv(5, 6 << 20);
    let rows = {
        let sandbox = Sandbox::new();
        sandbox.text("t.csv", &text);
        sandbox.run(TABLE, 1).unwrap().manifest.tables[0].source_rows
    };
    let broken = format!("{text}1,canary,c\"1\n1,2,3,canary\n");
    let plain = fault("t.csv", &broken);
    assert_eq!(plain, format!("row {}: too many fields", rows + 2));
    assert_eq!(fault("t.csv.gz", gzip(broken.as_bytes())), plain);
    assert_eq!(fault("t.csv.zst", zstd(broken.as_bytes())), plain);
}

#[test]
fn rows_in_quarantine_are_told_by_their_number() {
    let mut text = "n,phone\n".to_owned();
    for row in 1..=400_000 {
        let phone = if row % 1_000 == 0 {
            "canary"
        } else {
            "13800138000"
        };
        text.push_str(&format!("{row},{phone}\n"));
    }
    let pipeline = "[limits]\nmemory = \"64MiB\"\n[tables.t]\nsource = \"t.csv*\"\n\
                    format = \"csv\"\n[tables.t.columns]\nn = \"keep\"\n\
                    phone = { token = \"phone\", on_invalid = \"quarantine\" }\n";
    for (name, bytes) in [
        ("t.csv", text.clone().into_bytes()),
        ("t.csv.gz", gzip(text.as_bytes())),
    ] {
        let sandbox = Sandbox::new();
        sandbox.text(name, bytes);
        let report = sandbox.run(pipeline, 1).unwrap();
        assert_eq!(report.manifest.tables[0].quarantined_rows, 400);
        assert!(report.manifest.tables[0].outputs.len() > 1);
        let records = sandbox.path("safe/current/quarantine");
        let mut told = Vec::new();
        for entry in std::fs::read_dir(records).unwrap() {
            let lines = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            told.extend(lines.lines().map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                line["row"].as_u64().unwrap()
            }));
        }
        told.sort_unstable();
        assert!(told.into_iter().eq((1..=400).map(|n| n * 1_000)), "{name}");
    }
}

#[test]
fn a_draft_and_the_proof_with_the_source_read_it() {
    let mut text = "id,phone,city\n".to_owned();
    for row in 0..500_000_u64 {
        let phone = 13_800_000_000 + row * 7_919 % 100_000_000;
        text.push_str(&format!("{row},{phone},c{}\n", row % 7));
    }
    let sandbox = Sandbox::new();
    sandbox.text("people_1.csv.gz", gzip(text.as_bytes()));
    sandbox.text(
        "people_2.csv.gz",
        gzip(b"id,phone,city\n1,13800138000,c1\n"),
    );
    let draft = sandbox.draft(false).unwrap();
    let [table] = &draft.tables[..] else {
        panic!("{}", draft.text);
    };
    assert_eq!(table.source, "people_[0-9]*.csv.gz");
    assert!(
        table.rows_read > 10_000 && table.rows.is_none(),
        "{}",
        draft.text
    );
    let kind = table.columns.iter().find(|column| column.column == "phone");
    assert_eq!(kind.unwrap().kind.unwrap().name(), "cn-phone");
    sandbox.run_draft(&draft).unwrap();

    let pipeline = "[tables.people]\nsource = \"people*.gz\"\nformat = \"csv\"\n\
                    [tables.people.columns]\nid = \"keep\"\n\
                    phone = { token = \"phone\" }\ncity = \"keep\"\n";
    sandbox.run(pipeline, 9).unwrap();
    let job = sandbox.job(pipeline).unwrap();
    let report = pseudo_engine::verify(&sandbox.path("safe"), Some(&job), Some(2)).unwrap();
    assert!(report.changed.is_empty(), "{:?}", report.changed);
    assert_eq!(report.protected, Some(1));
}
