//! Values that a run must not publish, or not without a word.

use super::{Case, PEOPLE, fails, passes};
use crate::harness::Sandbox;

fn rows(sandbox: &Sandbox, from: &str, to: &str) {
    sandbox.write("raw/people.csv", PEOPLE.replace(from, to));
}

fn phone(sandbox: &Sandbox, rule: &str) {
    let from = "{ token = \"phone\", on_invalid = \"quarantine\" }";
    sandbox.edit("night.toml", from, rule);
}

/// Three hundred people.
fn many() -> String {
    let row = |n: u32| {
        let segment = ["154", "161", "163"][n as usize % 3];
        let number = u64::from(n) * 61_803_399 % 100_000_000;
        format!("{n},kanarie-cell,{segment}{number:08},北京\n")
    };
    format!(
        "id,name,phone,city\n{}",
        (1..=300).map(row).collect::<String>()
    )
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        fails(
            "an invalid value under `fail`",
            4,
            &[
                "error: `people.csv`, row 2, column `phone`: invalid value, and its rule says \
                 `fail`",
                "hint: `on_invalid = \"null\"` makes such a value NULL and counts it",
            ],
            |s| {
                phone(s, "{ token = \"phone\", on_invalid = \"fail\" }");
                rows(s, "15498765678", "kanarie-cell");
            },
        ),
        fails(
            "too many rows in quarantine",
            4,
            &[
                "error: table `people`: 1 of 5 rows in quarantine, a share of 0.2; \
                 `quarantine_rate` allows 0.1",
                "hint: look at the source",
            ],
            |s| {
                rows(s, "5678,", "kanarie-cell,");
                s.edit(
                    "night.toml",
                    "quarantine_rate = 0.3",
                    "quarantine_rate = 0.1",
                );
            },
        ),
        passes(
            "a row in quarantine",
            &[
                "people          5         0            1          4",
                "rows in quarantine: 1, told in safe/current/quarantine",
            ],
            |s| {
                rows(s, "15498765678", "kanarie-cell");
            },
        ),
        fails(
            "far fewer rows than in the night before",
            4,
            &[
                "error: table `people`: 2 rows, and 5 in the current run, a change of 0.6; \
               `rows_change` allows 0.5",
            ],
            |s| {
                s.write(
                    "raw/people.csv",
                    PEOPLE.split_inclusive('\n').take(3).collect::<String>(),
                );
            },
        ),
        fails(
            "far more rows than in the night before",
            4,
            &["error: table `people`: 10 rows, and 5 in the current run, a change of 1;"],
            |s| {
                let (_, more) = PEOPLE.split_once('\n').unwrap();
                s.write("raw/people.csv", format!("{PEOPLE}{more}"));
            },
        ),
        fails(
            "far more NULLs than in the night before",
            4,
            &["error: table `people`, column `city`: 3 of 5 cells are NULL, and 0 of 5"],
            |s| rows(s, "北京", ""),
        ),
        fails(
            "a phone column that is kept",
            3,
            &[
                "error: verify: table `people`, column `phone`: 300 distinct values in 300 rows \
                 are of kind `cn-phone`",
                "hint: tokenise the column that `phone` is made from",
            ],
            |s| {
                phone(s, "\"keep\"");
                s.edit("night.toml", "rows_change = 0.5\n", "");
                s.write("raw/people.csv", many());
            },
        ),
        fails(
            "a protected column that is kept under another name",
            3,
            &[
                "error: verify: table `people`, column `contact`: 2 distinct values in 2 rows \
                 stand in clear for what identity `phone` protects",
            ],
            |s| {
                let contact = ["contact", "15498761234", "15498765678", "-", "", ""].into_iter();
                let rows = PEOPLE.lines().zip(contact);
                let rows: Vec<_> = rows.map(|(row, cell)| format!("{row},{cell}\n")).collect();
                s.write("raw/people.csv", rows.concat());
                s.edit(
                    "night.toml",
                    "city = \"keep\"",
                    "city = \"keep\"\ncontact = \"keep\"",
                );
            },
        ),
        fails(
            "a filter that meets what it cannot judge",
            1,
            &[
                "error: `people.csv`: `filter`: a row does not fit an expression: a value cannot \
                 be converted",
            ],
            |s| {
                let filter = "source = \"people.csv\"\nfilter = \"CAST(name AS BIGINT) > 0\"";
                s.edit("night.toml", "source = \"people.csv\"", filter);
            },
        ),
    ]
}
