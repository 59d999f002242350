//! Parquet that is none, or not all of it, or not what the rules were written for.

use super::{Case, ORDERS_CSV, TYPES, fails, made, orders, passes, patched};
use crate::harness::Sandbox;

fn write(sandbox: &Sandbox, bytes: impl AsRef<[u8]>) {
    sandbox.write("raw/orders/1.parquet", bytes);
}

/// The orders with another text for their types or rows.
fn changed(sandbox: &Sandbox, types: &str, rows: &str) {
    write(sandbox, made(types, rows));
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = damaged();
    cases.extend(unexpected());
    cases
}

fn damaged() -> Vec<Case> {
    vec![
        fails("zero bytes", 1, &["`orders/1.parquet`: empty file"], |s| {
            write(s, "");
        }),
        fails(
            "the first half",
            1,
            &["error: `orders/1.parquet`: truncated Parquet: it has no footer"],
            |s| write(s, &orders()[..orders().len() / 2]),
        ),
        fails(
            "all but the last byte",
            1,
            &["error: `orders/1.parquet`: truncated Parquet: it has no footer"],
            |s| write(s, &orders()[..orders().len() - 1]),
        ),
        fails(
            "another magic number at the end",
            1,
            &["error: `orders/1.parquet`: truncated Parquet: it has no footer"],
            |s| write(s, patched(orders(), -4, b"PARX")),
        ),
        fails(
            "a footer that is encrypted",
            1,
            &["error: `orders/1.parquet`: its footer is encrypted, and this build reads none"],
            |s| write(s, patched(&patched(orders(), -4, b"PARE"), 0, b"PARE")),
        ),
        fails(
            "CSV by the name of Parquet",
            1,
            &["error: `orders/1.parquet`: not a Parquet file"],
            |s| write(s, ORDERS_CSV),
        ),
        fails(
            "a ZIP archive by the name of Parquet",
            1,
            &["error: `orders/1.parquet`: not a Parquet file"],
            |s| write(s, [b"PK\x03\x04".as_slice(), &[0; 200]].concat()),
        ),
        fails(
            "text between two magic numbers",
            1,
            &["error: `orders/1.parquet`: truncated or damaged Parquet"],
            |s| write(s, "PAR1 kanarie-note PAR1"),
        ),
        fails(
            "a footer longer than its file",
            1,
            &["error: `orders/1.parquet`: truncated or damaged Parquet"],
            |s| write(s, patched(orders(), -8, &[0xff, 0xff, 0xff, 0x7f])),
        ),
        fails(
            "more rows than a file can hold",
            1,
            &["error: `orders/1.parquet`: its footer claims more rows than it can hold"],
            |s| write(s, boastful()),
        ),
        fails(
            "a footer of zeros",
            1,
            &["error: `orders/1.parquet`: not valid Parquet"],
            |s| write(s, patched(orders(), -108, &[0; 100])),
        ),
        fails(
            "a page without its head",
            1,
            &["error: `orders/1.parquet`: truncated or damaged Parquet"],
            |s| write(s, patched(orders(), 4, &[0xff; 30])),
        ),
        fails(
            "a page whose text is no UTF-8",
            1,
            &["error: `orders/1.parquet`: truncated or damaged Parquet"],
            |s| {
                let text = b"kanarie-note one";
                let mut places = orders().windows(text.len());
                let at = places.position(|window| window == text).unwrap();
                write(s, patched(orders(), at.cast_signed(), &[0xff]));
            },
        ),
    ]
}

fn unexpected() -> Vec<Case> {
    vec![
        fails(
            "a column more",
            2,
            &["error: column `extra` has no rule", "extra = \"drop\""],
            |s| {
                let more = ORDERS_CSV.replace('\n', ",kanarie-cell\n");
                changed(s, TYPES, &more.replacen("kanarie-cell", "extra", 1));
            },
        ),
        fails(
            "a column less",
            2,
            &["error: the source has no column `day`"],
            |s| {
                changed(
                    s,
                    "account = \"integer\"",
                    "account,note\n8412345678901,kanarie-note\n",
                );
            },
        ),
        fails(
            "no column at all",
            2,
            &["error: the source has no column `account`"],
            |s| {
                write(s, columnless());
            },
        ),
        fails(
            "a type that the rule does not take",
            2,
            &["error: column `day` is Utf8: `truncate` takes dates and timestamps"],
            |s| changed(s, "account = \"integer\"", ORDERS_CSV),
        ),
        fails(
            "two files that disagree about a type",
            2,
            &["`orders/2.parquet`, column `account`: of another type than in other files"],
            |s| s.write("raw/orders/2.parquet", made("day = \"date\"", ORDERS_CSV)),
        ),
        fails(
            "no rows where there were some",
            4,
            &["error: table `orders`: 0 rows, and 3 in the current run"],
            |s| changed(s, TYPES, "account,note,day\n"),
        ),
        passes(
            "no rows",
            &[
                "orders          0         0            0          0",
                "is published: safe/current",
            ],
            |s| {
                s.edit("night.toml", "rows_change = 0.5\n", "");
                changed(s, TYPES, "account,note,day\n");
            },
        ),
        passes(
            "a column of NULLs alone",
            &["seal note, base64url             note                0     3"],
            |s| {
                s.edit("night.toml", "null_rate_change = 0.5\n", "");
                let rows = "account,note,day\n8412345678901,,2024-01-05\n8412345678902,,\n\
                            8412345678903,,\n";
                changed(s, TYPES, rows);
            },
        ),
        fails(
            "NULLs where there were none",
            4,
            &["error: table `orders`, column `note`: 3 of 3 cells are NULL"],
            |s| {
                let rows = "account,note,day\n8412345678901,,2024-01-05\n\
                            8412345678902,,2024-01-05\n8412345678903,,2024-01-05\n";
                changed(s, TYPES, rows);
            },
        ),
    ]
}

/// Three rows of no columns, in no row group.
fn columnless() -> Vec<u8> {
    footer(b"\x16\x06\x19\x0c\x00")
}

/// A row group of no columns that claims 2^60 rows.
fn boastful() -> Vec<u8> {
    const ROWS: &[u8] = b"\x16\x80\x80\x80\x80\x80\x80\x80\x80\x20";
    let group = [b"\x19\x0c\x16\x00".as_slice(), ROWS, b"\x00"].concat();
    footer(&[ROWS, b"\x19\x1c", &group, b"\x00"].concat())
}

/// A file of a `FileMetaData` of parquet.thrift in Thrift's compact protocol: version 1, a root
/// without children, and `rest`.
fn footer(rest: &[u8]) -> Vec<u8> {
    let root = [b"\x48\x06schema".as_slice(), b"\x15\x00\x00"].concat();
    let footer = [b"\x15\x02\x19\x1c", root.as_slice(), rest].concat();
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", footer.as_slice(), &length, b"PAR1"].concat()
}
