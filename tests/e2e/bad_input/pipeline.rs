//! Command lines and pipeline files that say something that cannot be done.

use super::{Case, asks, fails, passes};
use crate::harness::Sandbox;

fn edit(sandbox: &Sandbox, from: &str, to: &str) {
    sandbox.edit("night.toml", from, to);
}

fn city(sandbox: &Sandbox, rule: &str) {
    edit(sandbox, "city = \"keep\"", &format!("city = {rule}"));
}

const UNKNOWN: Option<&str> = Some("nothing was published");

pub(super) fn cases() -> Vec<Case> {
    let mut cases = arguments();
    cases.extend(pipelines());
    cases.extend(rules());
    cases
}

fn arguments() -> Vec<Case> {
    let unknown = |last, what, args, says| Case {
        last,
        ..asks(what, args, 2, says)
    };
    vec![
        unknown(
            UNKNOWN,
            "a pipeline that is not there",
            &["run", "absent.toml"],
            &[
                "error: cannot be read: no such file or directory",
                "absent.toml",
            ],
        ),
        unknown(
            UNKNOWN,
            "a directory in the place of the pipeline",
            &["run", "raw"],
            &["error: cannot be read: is a directory"],
        ),
        unknown(
            UNKNOWN,
            "an option that is none",
            &["run", "night.toml", "--bogus"],
            &["unexpected argument '--bogus' found"],
        ),
        unknown(UNKNOWN, "no pipeline", &["run"], &["<PIPELINE>"]),
        unknown(
            None,
            "a verb that is none",
            &["rnu", "night.toml"],
            &["unrecognized subcommand"],
        ),
        unknown(
            UNKNOWN,
            "a time that is none",
            &["run", "night.toml", "--at", "yesterday"],
            &["not an RFC 3339 time"],
        ),
        unknown(
            UNKNOWN,
            "a run id that climbs",
            &["run", "night.toml", "--run-id", "../first"],
            &["a run id is up to 64 letters"],
        ),
        asks(
            "a table that is not in the file",
            &["run", "night.toml", "--table", "persons"],
            2,
            &[
                "error: no table is called `persons`",
                "hint: tables: `people`, `orders`",
            ],
        ),
        asks(
            "a setting that nothing asks for",
            &["run", "night.toml", "--set", "night=mon"],
            2,
            &["error: no placeholder is called `night`"],
        ),
        fails(
            "a placeholder without a setting",
            2,
            &["error: placeholder `{night}` has no value", "--set night=…"],
            |s| edit(s, "\"people.csv\"", "\"{night}/people.csv\""),
        ),
    ]
}

fn pipelines() -> Vec<Case> {
    vec![
        Case {
            last: UNKNOWN,
            ..fails(
                "a pipeline that is no UTF-8",
                2,
                &["error: not valid UTF-8", "night.toml"],
                |s| s.write("night.toml", b"version = 1\nname = \"\xff\"\n"),
            )
        },
        Case {
            last: UNKNOWN,
            ..fails(
                "a pipeline that is no TOML",
                2,
                &["error: this is not TOML: ", "night.toml:2:15"],
                |s| s.write("night.toml", "version = 1\nname = \"people\n"),
            )
        },
        Case {
            last: UNKNOWN,
            ..fails(
                "an empty pipeline",
                2,
                &["error: `version` is missing", "error: `[keys]` is missing"],
                |s| s.write("night.toml", ""),
            )
        },
        fails(
            "the format of a later program",
            2,
            &["error: this build reads `version = 1`", "night.toml:1:11"],
            |s| edit(s, "version = 1", "version = 2"),
        ),
        fails(
            "a secret key in the place of a recipient",
            2,
            &["error: `recipient` is a secret key, which has no place in this file"],
            |s| {
                let quarantine = "[quarantine]\nroot = \"q\"\nrecipient = \"AGE-SECRET-KEY-1QQ\"\n";
                edit(s, "[limits]", &format!("{quarantine}[limits]"));
            },
        ),
        fails(
            "a quarantine inside the sink",
            2,
            &["error: the quarantine lies inside the sink, where analysts read"],
            |s| edit(s, "[limits]", "[quarantine]\nroot = \"safe/q\"\n[limits]"),
        ),
        fails(
            "a limit that is no share",
            2,
            &["error: `rows_change`", "night.toml:12:"],
            |s| edit(s, "rows_change = 0.5", "rows_change = \"half\""),
        ),
        passes("a pipeline with CR LF", &["nothing to do"], |s| {
            edit(s, "\n", "\r\n");
        }),
    ]
}

fn rules() -> Vec<Case> {
    vec![
        fails(
            "a column without a rule",
            2,
            &["error: column `city` has no rule"],
            |s| {
                edit(s, "city = \"keep\"\n", "");
            },
        ),
        fails(
            "a rule without a column",
            2,
            &["error: the source has no column `town`"],
            |s| {
                edit(s, "city = \"keep\"", "city = \"keep\"\ntown = \"keep\"");
            },
        ),
        fails(
            "an action that is none",
            2,
            &["error: unknown action `kepe`", "did you mean"],
            |s| {
                city(s, "\"kepe\"");
            },
        ),
        fails(
            "an identity that is none",
            2,
            &["error: identity `acount` is not declared"],
            |s| city(s, "{ token = \"acount\" }"),
        ),
        fails(
            "a rule for another type",
            2,
            &["error: column `city` is Utf8: `shift` takes dates and timestamps"],
            |s| {
                edit(
                    s,
                    "source = \"people.csv\"",
                    "source = \"people.csv\"\nsubject = \"id\"",
                );
                city(s, "{ shift = { days = 3 } }");
            },
        ),
        fails(
            "two rules that write one column",
            2,
            &["error: two rules write column `city` of the output"],
            |s| city(s, "[ \"keep\", { prefix = 1 } ]"),
        ),
        fails(
            "nothing that is written",
            2,
            &["error: nothing of table `people` is written"],
            |s| {
                city(s, "\"drop\"");
                edit(s, "id = { token = \"account\" }", "id = \"drop\"");
                edit(
                    s,
                    "phone = { token = \"phone\", on_invalid = \"quarantine\" }",
                    "phone = \"drop\"",
                );
            },
        ),
        fails(
            "a map that is not there",
            2,
            &["error: `map` file `groups.csv`: no such file or directory"],
            |s| city(s, "{ map = \"groups.csv\", default = \"OTHER\" }"),
        ),
        fails(
            "a map of three columns",
            2,
            &["error: `map` file `groups.csv`: line 1: too many fields"],
            |s| {
                s.write("groups.csv", "from,to,kanarie-cell\na,b,kanarie-cell\n");
                city(s, "{ map = \"groups.csv\", default = \"OTHER\" }");
            },
        ),
        fails(
            "a map that says two things of one value",
            2,
            &["error: `map` file `groups.csv`: line 3: a text that an earlier line has"],
            |s| {
                s.write("groups.csv", "from,to\nkanarie-cell,a\nkanarie-cell,b\n");
                city(s, "{ map = \"groups.csv\", default = \"OTHER\" }");
            },
        ),
        fails(
            "a map of no bytes",
            2,
            &["error: `map` file `groups.csv`: empty file"],
            |s| {
                s.write("groups.csv", "");
                city(s, "{ map = \"groups.csv\", default = \"OTHER\" }");
            },
        ),
        fails(
            "a filter that is no SQL",
            2,
            &["error: `filter`: not valid SQL"],
            |s| {
                edit(
                    s,
                    "\"people.csv\"",
                    "\"people.csv\"\nfilter = \"city ==== 'kanarie-cell\"",
                );
            },
        ),
        fails(
            "a filter over a column that is not there",
            2,
            &["error: `filter`: ", "unknown column"],
            |s| {
                edit(
                    s,
                    "\"people.csv\"",
                    "\"people.csv\"\nfilter = \"town = 'x'\"",
                );
            },
        ),
        fails(
            "an age without a day",
            2,
            &[
                "error: table `orders`: an `age` rule has no `at`",
                "run with `--at`",
            ],
            |s| {
                edit(
                    s,
                    "{ truncate = \"month\" }",
                    "{ age = { width = 5, top = 75 } }",
                );
            },
        ),
        fails(
            "a pattern that keeps",
            2,
            &["error: pattern `ci*` has a rule other than `drop`"],
            |s| edit(s, "city = \"keep\"", "\"ci*\" = \"keep\""),
        ),
    ]
}
