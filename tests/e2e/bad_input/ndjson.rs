//! NDJSON as it comes, and as it should not.

use super::{Case, fails, passes};
use crate::harness::Sandbox;

/// The people, an object a line, and `lines` behind them.
fn write(sandbox: &Sandbox, lines: impl AsRef<[u8]>) {
    let mut rows = String::new();
    for (id, phone, city) in [
        (8_412_345_678_901_u64, "15498761234", "北京"),
        (8_412_345_678_902, "15498765678", "上海"),
        (8_412_345_678_903, "15498769012", "北京"),
        (8_412_345_678_904, "15498763456", "广州"),
        (8_412_345_678_905, "15498767890", "北京"),
    ] {
        rows.push_str(&format!(
            "{{\"id\":{id},\"name\":\"kanarie-cell\",\"phone\":\"{phone}\",\"city\":\"{city}\"}}\n"
        ));
    }
    sandbox.edit("night.toml", "\"people.csv\"", "\"people.ndjson\"");
    sandbox.write(
        "raw/people.ndjson",
        [rows.as_bytes(), lines.as_ref()].concat(),
    );
}

fn far(sandbox: &Sandbox, line: &str) {
    let many = "{\"id\":8412345678906}\n".repeat(20_000);
    write(sandbox, format!("{many}{line}\n"));
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        fails(
            "a line that is no JSON",
            1,
            &["error: `people.ndjson`, row 6: not JSON"],
            |s| write(s, "kanarie-cell\n"),
        ),
        fails(
            "a line that is cut off",
            1,
            &["error: `people.ndjson`, row 6: not JSON"],
            |s| write(s, "{\"id\":8412345678906,\"name\":\"kanarie-cell"),
        ),
        fails(
            "a list of objects",
            1,
            &["error: `people.ndjson`, row 6: not a JSON object"],
            |s| write(s, "[{\"name\":\"kanarie-cell\"}]\n"),
        ),
        fails(
            "a key that stands twice",
            1,
            &["error: `people.ndjson`, row 6, column `city`: a key that stands twice"],
            |s| {
                write(
                    s,
                    "{\"city\":\"a\",\"name\":\"kanarie-cell\",\"city\":\"b\"}\n",
                );
            },
        ),
        fails(
            "text that is no UTF-8",
            1,
            &["error: `people.ndjson`, row 6, column `city`: not valid UTF-8"],
            |s| write(s, b"{\"name\":\"kanarie-cell\",\"city\":\"\xff\"}\n"),
        ),
        fails(
            "a key without a rule",
            2,
            &["error: column `mail` has no rule"],
            |s| write(s, "{\"mail\":\"kanarie-cell\"}\n"),
        ),
        fails(
            "a key that comes late",
            1,
            &["error: `people.ndjson`, row 20006: a key that is no column"],
            |s| far(s, "{\"id\":8412345678907,\"mail\":\"kanarie-cell\"}"),
        ),
        fails(
            "a nested value in a column that is kept",
            2,
            &["error: column `city`", "this build has no nested columns"],
            |s| write(s, "{\"city\":[\"kanarie-cell\"]}\n"),
        ),
        fails(
            "a nested value that comes late",
            1,
            &["error: `people.ndjson`, row 20006, column `city`: nested: an object or a list"],
            |s| {
                far(
                    s,
                    "{\"id\":8412345678907,\"city\":{\"a\":\"kanarie-cell\"}}",
                );
            },
        ),
        fails(
            "a file without a record",
            1,
            &["error: `people.ndjson`: empty file: no record that tells which columns there are"],
            |s| {
                write(s, "");
                s.write("raw/people.ndjson", "\n \n");
            },
        ),
        fails(
            "one JSON document",
            2,
            &["error: this build has no `json` format"],
            |s| s.edit("night.toml", "\"people.csv\"", "\"people.json\""),
        ),
        passes(
            "blank lines, CR LF, and keys in another order",
            &["people          7         0            0          7"],
            |s| {
                s.edit("night.toml", "rows_change = 0.5\n", "");
                write(
                    s,
                    "\r\n  \n{\"city\":\"a\",\"id\":8412345678906}\r\n{\"id\":\"8412345678907\"}",
                );
            },
        ),
    ]
}
