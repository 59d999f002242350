//! CSV as it comes, and as it should not.

use super::{Case, PEOPLE, fails, passes};
use crate::harness::Sandbox;

fn write(sandbox: &Sandbox, bytes: impl AsRef<[u8]>) {
    sandbox.write("raw/people.csv", bytes);
}

fn append(sandbox: &Sandbox, bytes: &[u8]) {
    write(sandbox, [PEOPLE.as_bytes(), bytes].concat());
}

fn option(sandbox: &Sandbox, line: &str) {
    let table = "source = \"people.csv\"\n";
    sandbox.edit("night.toml", table, &format!("{table}{line}\n"));
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = damaged();
    cases.extend(heads());
    cases.extend(odd());
    cases
}

fn damaged() -> Vec<Case> {
    vec![
        fails(
            "a byte that is no UTF-8",
            1,
            &["error: `people.csv`, row 6, column `city`: not valid UTF-8"],
            |s| append(s, b"8412345678906,x,15498767890,kanarie-cell\xff\n"),
        ),
        fails(
            "a byte that is no GB18030",
            1,
            &["error: `people.csv`, row 2, column `city`: not valid GB18030"],
            |s| {
                option(s, "encoding = \"gb18030\"");
                write(
                    s,
                    b"id,name,phone,city\n8412345678901,\xbc\xd7,15498761234,\xd2\xd2\n\
                      8412345678902,x,15498765678,kanarie-cell\x81\n",
                );
            },
        ),
        fails(
            "UTF-8 that is called GB18030",
            1,
            &["error: `people.csv`, row 1, column `city`: not valid GB18030"],
            |s| {
                option(s, "encoding = \"gb18030\"");
                write(s, PEOPLE.replace("北京", "北京市"));
            },
        ),
        fails(
            "a quote that is never closed",
            1,
            &["error: `people.csv`, row 6, column `name`: ends inside a quoted field"],
            |s| append(s, "8412345678906,\"kanarie-cell,15498767890,x\n".as_bytes()),
        ),
        fails(
            "a field too few",
            1,
            &["error: `people.csv`, row 6: too few fields"],
            |s| append(s, b"8412345678906,kanarie-cell,15498767890\n"),
        ),
        fails(
            "a field too many",
            1,
            &["error: `people.csv`, row 6: too many fields"],
            |s| append(s, b"8412345678906,kanarie-cell,15498767890,x,y\n"),
        ),
        fails(
            "a file that stops in the middle of a line",
            1,
            &["error: `people.csv`, row 5: too few fields"],
            |s| write(s, &PEOPLE[..PEOPLE.len() - 24]),
        ),
        fails(
            "a delimiter that it does not have",
            2,
            &["error: column `id,name,phone,city` has no rule"],
            |s| option(s, "delimiter = \";\""),
        ),
        fails(
            "a value that is not of its declared type",
            1,
            &["error: `people.csv`, row 1, column `name`: not a value of the declared type"],
            |s| {
                option(s, "types = { name = \"integer\" }");
                s.edit(
                    "night.toml",
                    "name = \"drop\"",
                    "name = { band = { width = 10 } }",
                );
            },
        ),
    ]
}

fn heads() -> Vec<Case> {
    vec![
        fails(
            "zero bytes",
            1,
            &["error: `people.csv`: empty file: not even a header"],
            |s| {
                write(s, "");
            },
        ),
        fails(
            "a byte order mark alone",
            1,
            &["error: `people.csv`: empty file: not even a header"],
            |s| write(s, "\u{feff}"),
        ),
        fails(
            "a column without a name",
            1,
            &["error: `people.csv`: header, column 2"],
            |s| {
                write(s, PEOPLE.replacen("name", "", 1));
            },
        ),
        fails(
            "two columns of one name",
            2,
            &["error: the source has more than one column `phone`"],
            |s| write(s, PEOPLE.replacen("city", "phone", 1)),
        ),
        fails(
            "a head without an end",
            1,
            &["error: `people.csv`: its first record has no end within 16 MiB"],
            |s| write(s, format!("\"{}", "kanarie-cell".repeat(3 << 19))),
        ),
        fails(
            "a column whose name is not ASCII, without a rule",
            2,
            &[
                "error: column `手机 号` has no rule",
                "\"手机 号\" = \"drop\"",
            ],
            |s| write(s, PEOPLE.replacen("city", "手机 号", 1)),
        ),
        fails(
            "a column whose name a terminal would obey",
            2,
            &["error: column `a", "[2J` has no rule"],
            |s| write(s, PEOPLE.replacen("city", "a\u{1b}[2J", 1)),
        ),
        fails(
            "ten thousand columns without a rule",
            2,
            &[
                "error: column `列0` has no rule",
                "error: column `列9999` has no rule",
            ],
            |s| write(s, wide()),
        ),
        passes(
            "ten thousand columns",
            &["is published: safe/current"],
            |s| {
                s.edit("night.toml", "rows_change = 0.5\n", "");
                option(s, "unlisted = \"drop\"");
                write(s, wide());
            },
        ),
    ]
}

/// The people with ten thousand columns more.
fn wide() -> String {
    let heads: String = (0..10_000).map(|n| format!(",列{n}")).collect();
    let cells = ",kanarie-cell".repeat(10_000);
    let (head, rows) = PEOPLE.split_once('\n').unwrap();
    let rows: String = rows.lines().map(|row| format!("{row}{cells}\n")).collect();
    format!("{head}{heads}\n{rows}")
}

/// What is legal although it does not look so.
fn odd() -> Vec<Case> {
    vec![
        passes(
            "a byte order mark, CR LF, and newlines in fields",
            &["people          5         0            0          5"],
            |s| {
                let rows = PEOPLE.replace("kanarie-cell", "\"kanarie-cell,\nand \"\"more\"\"\"");
                write(s, format!("\u{feff}{}", rows.replace('\n', "\r\n")));
            },
        ),
        passes(
            "a NUL in a field",
            &["people          5         0            0          5"],
            |s| {
                write(s, PEOPLE.replace("kanarie-cell", "kanarie-cell\0"));
            },
        ),
        passes(
            "cells of a megabyte",
            &["people          5         0            0          5"],
            |s| {
                let long = "kanarie-cell".repeat(1 << 17);
                write(s, PEOPLE.replacen("kanarie-cell", &long, 2));
            },
        ),
        passes(
            "cells of a megabyte that are sealed",
            &["people          5"],
            |s| {
                let long = "kanarie-cell".repeat(1 << 17);
                write(s, PEOPLE.replacen("kanarie-cell", &long, 2));
                s.edit(
                    "night.toml",
                    "name = \"drop\"",
                    "name = { seal = \"note\" }",
                );
            },
        ),
        passes(
            "names that are not ASCII",
            &["people  姓名  ", "is published: safe/current"],
            |s| {
                write(s, PEOPLE.replacen("name", "姓名", 1));
                s.edit("night.toml", "name = \"drop\"", "\"姓名\" = \"drop\"");
            },
        ),
        passes(
            "columns of NULLs and blanks alone",
            &["people  phone    phone    token phone, base32, 128 bits"],
            |s| {
                s.edit("night.toml", "null_rate_change = 0.5\n", "");
                write(s, "id,name,phone,city\n8412345678901,,,\n,,无,\n,,-,\\N\n");
            },
        ),
    ]
}
