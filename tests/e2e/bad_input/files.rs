//! Files and directories that are not there, or not what they should be.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{Case, asks, fails, passes};
use crate::harness::Sandbox;

/// The people's file becomes a link.
fn link(sandbox: &Sandbox, target: &str) {
    let path = sandbox.path("raw/people.csv");
    fs::remove_file(&path).unwrap();
    symlink(target, path).unwrap();
}

fn source(sandbox: &Sandbox, source: &str) {
    sandbox.edit("night.toml", "\"people.csv\"", &format!("\"{source}\""));
}

fn root(sandbox: &Sandbox, root: &str) {
    sandbox.edit(
        "night.toml",
        "root = \"raw\"",
        &format!("root = \"{root}\""),
    );
}

fn sink(sandbox: &Sandbox, sink: &str) {
    sandbox.edit(
        "night.toml",
        "root = \"safe\"",
        &format!("root = \"{sink}\""),
    );
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = sources();
    cases.extend(roots());
    cases.extend(sinks());
    cases
}

fn sources() -> Vec<Case> {
    vec![
        fails(
            "a pattern that matches nothing",
            2,
            &[
                "error: no file matches `source`",
                "night.toml:21:1, table [tables.people]",
            ],
            |s| source(s, "person-*.csv"),
        ),
        fails(
            "a pattern that is none",
            2,
            &["error: `people[.csv`: not a valid pattern"],
            |s| source(s, "people[.csv"),
        ),
        fails(
            "a directory where a file should be",
            2,
            &[
                "error: no file matches `source`",
                "hint: `people.csv` is a directory",
            ],
            |s| {
                fs::remove_file(s.path("raw/people.csv")).unwrap();
                fs::create_dir(s.path("raw/people.csv")).unwrap();
            },
        ),
        fails(
            "a link to a directory",
            2,
            &[
                "error: no file matches `source`",
                "hint: `people.csv` is a directory",
            ],
            |s| link(s, "orders"),
        ),
        fails(
            "a link to nothing",
            1,
            &["error: cannot read `raw/people.csv`: no such file or directory"],
            |s| link(s, "gone.csv"),
        ),
        fails(
            "a link to itself",
            1,
            &["error: cannot read `raw/people.csv`: too many levels of symbolic links"],
            |s| link(s, "people.csv"),
        ),
        fails(
            "a file that opens and cannot be read",
            1,
            &["error: cannot read `raw/people.csv`: input/output error"],
            |s| link(s, "/proc/self/mem"),
        ),
        fails(
            "a pipe that nobody writes to",
            1,
            &["error: `people.csv`: not a regular file"],
            |s| {
                fs::remove_file(s.path("raw/people.csv")).unwrap();
                let made = Command::new("mkfifo")
                    .arg(s.path("raw/people.csv"))
                    .status();
                assert!(made.unwrap().success());
            },
        ),
        fails(
            "a format that this build does not read",
            2,
            &["error: this build has no `orc` format"],
            |s| source(s, "people.orc"),
        ),
        fails(
            "text that is called Arrow",
            1,
            &["error: `people.arrow`: not an Arrow file"],
            |s| {
                s.rename("raw/people.csv", "raw/people.arrow");
                source(s, "people.arrow");
            },
        ),
        fails(
            "an Arrow file without its end",
            1,
            &["error: `people.arrow`: truncated Arrow: it has no footer"],
            |s| {
                s.write("raw/people.arrow", "ARROW1\0\0kanarie-cell");
                source(s, "people.arrow");
            },
        ),
        fails(
            "a name that does not tell the format",
            2,
            &["error: the extension of `source` tells no format"],
            |s| source(s, "people.dat"),
        ),
        passes("a link to a file", &["nothing to do"], |s| {
            s.rename("raw/people.csv", "elsewhere.csv");
            symlink("../elsewhere.csv", s.path("raw/people.csv")).unwrap();
        }),
        passes(
            "a table that may be empty, without a file",
            &["is published"],
            |s| {
                s.edit("night.toml", "rows_change = 0.5\n", "");
                source(s, "person-*.csv\"\nallow_empty = true # \"");
            },
        ),
    ]
}

fn roots() -> Vec<Case> {
    vec![
        fails(
            "a source that is not there",
            1,
            &["error: cannot read source root `row`: no such file or directory"],
            |s| root(s, "row"),
        ),
        fails(
            "a source that is a file",
            1,
            &["error: cannot read source root `night.toml`: not a directory"],
            |s| root(s, "night.toml"),
        ),
        fails(
            "a store that this build does not read",
            2,
            &["error: this build reads directories and `sample:` only"],
            |s| root(s, "s3://bucket/raw"),
        ),
        fails(
            "a sample that nobody made",
            2,
            &["error: no sample is called `accident`"],
            |s| root(s, "sample:accident"),
        ),
    ]
}

fn sinks() -> Vec<Case> {
    let other = |last: &'static str, case: Case| Case {
        last: Some(last),
        ..case
    };
    vec![
        other(
            "nothing was published; `night.toml` has no current run",
            fails(
                "a sink that is a file",
                1,
                &[
                    "error: cannot create `night.toml`: file exists",
                    "hint: a run needs a directory there, and a file is in its place",
                ],
                |s| {
                    sink(s, "night.toml");
                },
            ),
        ),
        other(
            "nothing was published; `raw/people.csv/safe` has no current run",
            fails(
                "a sink below a file",
                1,
                &["error: cannot create `raw/people.csv/safe`: not a directory"],
                |s| sink(s, "raw/people.csv/safe"),
            ),
        ),
        other(
            "nothing was published; `/proc/safe` has no current run",
            fails(
                "a sink where nothing can be made",
                1,
                &["error: cannot create `/proc/safe`: no such file or directory"],
                |s| sink(s, "/proc/safe"),
            ),
        ),
        other(
            "nothing was published; `other` has no current run",
            fails(
                "a directory where the link to the current run should be",
                1,
                &[
                    "error: cannot read `other/current`: invalid argument",
                    "hint: `current` is a link that runs make",
                ],
                |s| {
                    fs::create_dir_all(s.path("other/current")).unwrap();
                    sink(s, "other");
                },
            ),
        ),
        other(
            "nothing was published; `.` has no current run",
            fails(
                "keys and source inside the sink",
                2,
                &[
                    "error: a key file lies inside the sink, where analysts read",
                    "error: a source file lies inside the sink",
                ],
                |s| sink(s, "."),
            ),
        ),
        fails(
            "a file where staging should be",
            1,
            &["error: cannot read `safe/.staging`: not a directory"],
            |s| {
                let _ = fs::remove_dir_all(s.path("safe/.staging"));
                s.write("safe/.staging", "");
                s.edit("night.toml", "city = \"keep\"", "city = \"null\"");
            },
        ),
        Case {
            args: &["run", "night.toml", "--run-id", "first", "--full"],
            ..fails(
                "a run id that is taken",
                2,
                &["error: run id `first` is taken"],
                |_| {},
            )
        },
        fails(
            "a sink that another run holds",
            75,
            &[
                "error: another run holds the sink: pid 77, started 2026-01-01T00:00:00Z",
                "hint: run again when it has ended",
            ],
            |s| {
                s.write("safe/.lock", "pid 77, started 2026-01-01T00:00:00Z\n");
                let mut options = OpenOptions::new();
                let lock = options.write(true).open(s.path("safe/.lock")).unwrap();
                lock.lock().unwrap();
                // held until the test ends
                std::mem::forget(lock);
            },
        ),
        Case {
            last: None,
            ..asks(
                "a sink without a run",
                &["verify", "raw"],
                1,
                &[
                    "error: cannot read `raw/current`: no such file or directory",
                    "hint: no run is published there",
                ],
            )
        },
        Case {
            last: None,
            ..asks(
                "a question about a sink without a run",
                &["query", "raw", "SELECT 1"],
                2,
                &["error: nothing is published: the sink holds no `current`"],
            )
        },
    ]
}
