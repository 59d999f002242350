//! A scan finds what is planted, wherever it stands; finds nothing where nothing is; names what it
//! could not look into; and shows no value.

mod plant;
mod quiet;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use pseudo_engine::scan::{
    FailOn, Format, Place, Reason, ScanOptions, ScanReport, ScannedFile, scan,
};
use pseudo_engine::{Error, Silent};
use pseudo_pii::{Certainty, Kind};

use self::plant::mobile;
use crate::harness::Sandbox;

/// Scans some paths of a sandbox.
pub(crate) fn scanned(sandbox: &Sandbox, paths: &[&str]) -> ScanReport {
    scanned_with(sandbox, paths, None, &[])
}

fn scanned_with(
    sandbox: &Sandbox,
    paths: &[&str],
    sample: Option<u64>,
    skip: &[String],
) -> ScanReport {
    let paths: Vec<_> = paths.iter().map(|path| sandbox.path(path)).collect();
    let options = ScanOptions {
        sample,
        skip,
        threads: Some(2),
        progress: &Silent,
    };
    scan(&paths, &options).unwrap()
}

/// The one file whose path ends so.
fn file<'r>(report: &'r ScanReport, end: &str) -> &'r ScannedFile {
    let mut files = report.files.iter().filter(|file| file.path.ends_with(end));
    let found = files.next().unwrap();
    assert!(files.next().is_none(), "{end} is there twice");
    found
}

/// What a file shows: place, column and kind.
fn shown(file: &ScannedFile) -> Vec<(Place, Option<&str>, Kind)> {
    let findings = file.findings.iter();
    findings
        .map(|one| (one.place, one.column.as_deref(), one.kind))
        .collect()
}

/// Lines with a phone each.
fn phones(count: u64) -> String {
    (0..count).map(|n| format!("{}\n", mobile(n))).collect()
}

#[test]
fn every_planted_identifier_is_found() {
    let sandbox = Sandbox::new();
    let planted = plant::tree(&sandbox);
    let report = scanned(&sandbox, &["raw"]);
    let files = report.files.iter();
    let files = files.filter(|file| file.format != Some(Format::Directory));
    assert_eq!(files.count(), 50);
    assert_eq!(report.unread().count(), 0, "{:?}", report.unread().next());
    for (end, expected) in &planted {
        let found = shown(file(&report, end));
        for (place, column, kind) in expected {
            let wanted = (*place, *column, *kind);
            assert!(
                found.contains(&wanted),
                "{end}: {wanted:?} in {:?}",
                file(&report, end)
            );
        }
    }
    let clean = report.files.iter().filter(|file| file.findings.is_empty());
    assert_eq!(clean.count(), plant::CLEAN, "{:?}", planted.len());
    let certain = FailOn::Certainty(Certainty::Certain);
    assert!(report.findings().any(|(_, finding)| certain.hits(finding)));
    let text = format!("{report:?}");
    for value in plant::values() {
        assert!(!text.contains(&value), "{value}");
    }
}

#[test]
fn rates_are_of_the_rows() {
    let sandbox = Sandbox::new();
    let row = |n: u64| match n % 4 {
        0 => format!("{n},{}\n", mobile(n)),
        _ => format!("{n},none\n"),
    };
    let rows: String = (0..4_000).map(row).collect();
    sandbox.text("notes.csv", format!("id,note\n{rows}{}", row(0)));
    let report = scanned(&sandbox, &["raw"]);
    let file = file(&report, "notes.csv");
    assert_eq!((file.rows, file.format), (4_001, Some(Format::Csv)));
    let finding = &file.findings[0];
    assert_eq!(shown(file), [(Place::Column, Some("note"), Kind::CnPhone)]);
    assert_eq!(
        (finding.values, finding.rows, finding.of),
        (1_000, 1_001, 4_001)
    );
    assert_eq!(finding.certainty, Certainty::Certain);
    let sampled = scanned_with(&sandbox, &["raw"], Some(400), &[]);
    let finding = &sampled.files[0].findings[0];
    assert_eq!((finding.rows, finding.of), (100, 400));
}

#[test]
fn files_that_cannot_be_looked_into_are_named() {
    let sandbox = Sandbox::new();
    let gzip = plant::gzip(phones(1_000).as_bytes());
    let parquet = plant::text_file(&phones(50));
    for (name, content) in [
        ("empty.csv", &b""[..]),
        ("empty.parquet", b""),
        ("no.parquet", b"PAR2 and no more"),
        ("cut.parquet", &parquet[..parquet.len() - 9]),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("book.xlsx", b"PK\x03\x04\x14\0\x06\0"),
        ("cut.csv.gz", &gzip[..gzip.len() - 20]),
        ("wrong.zst", b"\x28\xB5\x2F\xFD\xFF\xFF\xFF\xFF\xFF"),
        ("open.csv", b"id,name\n1,\"never closed\n2,b\n"),
        ("half.ndjson", b"{\"a\":1}\n{\"a\":\n{\"a\":2}\n"),
        ("half.json", b"{\"a\": [1, 2"),
        ("no-json-at-all", b"{ this is a template }\n"),
        ("sealed.age", b"age-encryption.org/v1\n-> X25519 abc\n"),
    ] {
        sandbox.text(name, content);
    }
    symlink("/etc", sandbox.path("raw/outside")).unwrap();
    symlink("nowhere", sandbox.path("raw/dangling")).unwrap();
    symlink("..", sandbox.path("raw/loop")).unwrap();
    symlink("empty.csv", sandbox.path("raw/inside")).unwrap();
    let report = scanned(&sandbox, &["raw"]);
    let unread: Vec<_> = report
        .unread()
        .map(|(file, why)| (file.path.rsplit('/').next().unwrap(), why.reason))
        .collect();
    let expected = [
        ("book.xlsx", Reason::Unknown),
        ("cut.csv.gz", Reason::Damaged),
        ("cut.parquet", Reason::Damaged),
        ("dangling", Reason::Unknown),
        ("empty.parquet", Reason::Damaged),
        ("half.json", Reason::Damaged),
        ("half.ndjson", Reason::Damaged),
        ("loop", Reason::Unknown),
        ("no.parquet", Reason::Damaged),
        ("open.csv", Reason::Damaged),
        ("outside", Reason::Unknown),
        ("picture.png", Reason::Unknown),
        ("sealed.age", Reason::Unknown),
        ("wrong.zst", Reason::Damaged),
    ];
    assert_eq!(unread, expected);
    // what stands before the damage is found all the same
    let cut = file(&report, "cut.csv.gz");
    assert_eq!(cut.findings[0].kind, Kind::CnPhone);
    assert_eq!(file(&report, "empty.csv").format, Some(Format::Empty));
    assert_eq!(file(&report, "no-json-at-all").format, Some(Format::Text));
    let skip = ["*.png".to_owned(), "*/book.*".to_owned()];
    let skipped = scanned_with(&sandbox, &["raw"], None, &skip);
    assert_eq!(skipped.unread().count(), expected.len() - 2);
    let book = file(&skipped, "book.xlsx").unread.as_ref().unwrap();
    assert_eq!(book.reason, Reason::Skipped);
}

#[test]
fn what_is_not_there_is_an_error_and_what_is_closed_is_named() {
    let sandbox = Sandbox::new();
    let options = ScanOptions {
        sample: None,
        skip: &[],
        threads: None,
        progress: &Silent,
    };
    let missing = scan(&[sandbox.path("absent")], &options);
    assert!(matches!(missing, Err(Error::Io { .. })));
    sandbox.text("closed.txt", "x");
    let path = sandbox.path("raw/closed.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::File::open(&path).is_ok();
    let report = scanned(&sandbox, &["raw"]);
    assert_eq!(report.unread().count(), usize::from(!is_root));
}

#[test]
fn a_file_that_is_met_twice_is_looked_at_once() {
    let sandbox = Sandbox::new();
    sandbox.text("a/phones.txt", phones(40));
    symlink("a", sandbox.path("raw/current")).unwrap();
    let report = scanned(
        &sandbox,
        &["raw", "raw/a", "raw/a/phones.txt", "raw/current"],
    );
    assert_eq!(report.files.len(), 1, "{report:?}");
    // a link that somebody names is followed
    let linked = scanned(&sandbox, &["raw/current"]);
    assert_eq!(linked.files.len(), 1);
    assert!(linked.files[0].path.ends_with("raw/current/phones.txt"));
}

#[test]
fn long_lines_and_long_fields_are_looked_at_to_their_end() {
    let sandbox = Sandbox::new();
    let line = phones(30).replace('\n', " , ");
    let filler = "lorem ipsum dolor ".repeat(200_000);
    sandbox.text("line.log", format!("{filler}{line}{filler}"));
    sandbox.text(
        "line.ndjson",
        format!("{{\"a\":1}}\n{{\"text\":\"{filler}{line}"),
    );
    let lines = phones(30);
    sandbox.text(
        "field.csv",
        format!("id,text\n1,\"{filler}\n{lines}\"\n2,b\n"),
    );
    let solid = "x".repeat(3_000_000);
    sandbox.text("solid.txt", format!("{solid}\nmail a.b@example.com\n"));
    let report = scanned(&sandbox, &["raw"]);
    for (end, place, kind) in [
        ("line.log", Place::Text, Kind::CnPhone),
        ("line.ndjson", Place::Text, Kind::CnPhone),
        ("field.csv", Place::Column, Kind::CnPhone),
        ("solid.txt", Place::Text, Kind::Email),
    ] {
        let found = shown(file(&report, end));
        assert_eq!(found.len(), 1, "{end}: {found:?}");
        assert_eq!((found[0].0, found[0].2), (place, kind), "{end}");
    }
}

#[test]
fn other_encodings_are_read() {
    let sandbox = Sandbox::new();
    let plates: String = (0..30)
        .map(|n| format!("{n},{}\n", pseudo_pii::sample::plate(n * 31).as_str()))
        .collect();
    let text = format!("编号,车牌\n{plates}");
    let wide: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    sandbox.text("utf-16.csv", wide);
    let (gb, ..) = encoding_rs::GB18030.encode(&text);
    sandbox.text("gb18030.csv", gb);
    sandbox.text("mark.csv", format!("\u{feff}{text}"));
    let report = scanned(&sandbox, &["raw"]);
    assert_eq!(report.files.len(), 3);
    for file in &report.files {
        assert_eq!(file.rows, 30, "{}", file.path);
        let kinds: Vec<_> = file.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [Kind::CnPlate], "{}", file.path);
    }
    assert_eq!(
        file(&report, "mark.csv").findings[0].column.as_deref(),
        Some("车牌")
    );
}

/// Whether a tree is as it was: a scan writes nothing.
#[test]
fn a_scan_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.text("a.csv.gz", plant::gzip(b"id\n1\n"));
    let names = |path: &Path| fs::read_dir(path).unwrap().count();
    let before = (names(&sandbox.path("")), names(&sandbox.path("raw")));
    scanned(&sandbox, &["raw"]);
    assert_eq!(
        before,
        (names(&sandbox.path("")), names(&sandbox.path("raw")))
    );
}
