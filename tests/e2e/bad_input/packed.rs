//! Files packed by gzip and zstd, whole and not.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Case, PEOPLE, fails, passes};
use crate::harness::Sandbox;

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes.as_ref()).unwrap();
    packed.finish().unwrap()
}

fn write(sandbox: &Sandbox, name: &str, bytes: impl AsRef<[u8]>) {
    sandbox.edit("night.toml", "\"people.csv\"", &format!("\"{name}\""));
    sandbox.write(&format!("raw/{name}"), bytes);
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        fails(
            "gzip that is cut off",
            1,
            &["error: `people.csv.gz`: cut off: what gzip packed has no end"],
            |s| write(s, "people.csv.gz", &gzip(PEOPLE)[..100]),
        ),
        fails(
            "gzip whose checksum is another",
            1,
            &["error: `people.csv.gz`: damaged: gzip cannot unpack it, or its checksum is another"],
            |s| {
                let mut packed = gzip(PEOPLE);
                *packed.iter_mut().rev().nth(6).unwrap() ^= 0x10;
                write(s, "people.csv.gz", packed);
            },
        ),
        fails(
            "text behind what gzip packed",
            1,
            &["error: `people.csv.gz`: followed by bytes that gzip did not pack"],
            |s| {
                write(
                    s,
                    "people.csv.gz",
                    [&gzip(PEOPLE)[..], b"kanarie-cell"].concat(),
                );
            },
        ),
        fails(
            "plain text that is called gzip",
            1,
            &["error: `people.csv.gz`: not packed by gzip, as its name says"],
            |s| write(s, "people.csv.gz", PEOPLE),
        ),
        fails(
            "gzip that is called plain text",
            1,
            &["error: `people.csv`: packed by gzip: its name has to end in `.gz`"],
            |s| s.write("raw/people.csv", gzip(PEOPLE)),
        ),
        fails(
            "a file of no bytes that is called gzip",
            1,
            &["error: `people.csv.gz`: empty file: nothing was packed"],
            |s| write(s, "people.csv.gz", ""),
        ),
        fails(
            "gzip of nothing",
            1,
            &["error: `people.csv.gz`: empty file: not even a header"],
            |s| write(s, "people.csv.gz", gzip("")),
        ),
        fails(
            "a record that goes on and on, in few bytes",
            1,
            &["error: `people.csv.gz`: a record of over 16 MiB"],
            |s| {
                let long = "kanarie-cell".repeat(6 << 20);
                write(s, "people.csv.gz", gzip(format!("{PEOPLE}1,{long}")));
            },
        ),
        fails(
            "a row too short behind many members",
            1,
            &["error: `people.csv.gz`, row 11: too few fields"],
            |s| {
                let rows = PEOPLE.split_once('\n').unwrap().1;
                let members = [gzip(PEOPLE), gzip(rows), gzip("1,kanarie-cell\n")];
                write(s, "people.csv.gz", members.concat());
            },
        ),
        fails(
            "zstd that is cut off",
            1,
            &["error: `people.csv.zst`: cut off: what zstd packed has no end"],
            |s| {
                let packed = zstd::encode_all(PEOPLE.as_bytes(), 1).unwrap();
                write(s, "people.csv.zst", &packed[..packed.len() - 9]);
            },
        ),
        fails(
            "packed Parquet",
            2,
            &["error: this build reads no packed `parquet`"],
            |s| write(s, "people.parquet.gz", gzip("PAR1")),
        ),
        passes(
            "several members, an empty one among them",
            &["people          5         0            0          5"],
            |s| {
                let (head, rows) = PEOPLE.split_at(30);
                write(
                    s,
                    "people.csv.gz",
                    [gzip(head), gzip(""), gzip(rows)].concat(),
                );
            },
        ),
        passes(
            "zstd",
            &["people          5         0            0          5"],
            |s| {
                let packed = zstd::encode_all(PEOPLE.as_bytes(), 1).unwrap();
                write(s, "people.csv.zst", packed);
            },
        ),
    ]
}
