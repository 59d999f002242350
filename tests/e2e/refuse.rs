//! What is refused, in the words that a person reads, and that nothing is written then.

use crate::harness::Sandbox;

#[test]
fn mistakes_of_every_kind_are_told_at_once_each_with_its_line() {
    let sandbox = Sandbox::people();
    sandbox.write(
        "raw/people.csv",
        "id,name,phone,salary,born,city\n1,甲,2,3,4,北京\n",
    );
    sandbox.write("people.toml", MISTAKES);
    let before = sandbox.files(".");
    let refused = sandbox.run(&["run", "people.toml"]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    let lines: Vec<_> = refused.err.lines().collect();
    let told = lines.windows(2).filter_map(|pair| {
        let message = pair[0].strip_prefix("error: ")?;
        let place = pair[1].strip_prefix("  --> people.toml:").unwrap();
        Some(format!("{}: {message}", &place[..place.find(':').unwrap()]))
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|text| text.split(':').next().unwrap().parse::<u32>().unwrap());
    insta::assert_snapshot!("mistakes", told.join("\n"));
    assert_eq!(
        lines.last(),
        Some(&"nothing was published; `safe` has no current run")
    );
    assert_eq!(sandbox.files("."), before);
    let checked = sandbox.run(&["check", "people.toml"]);
    assert_eq!(checked.code, Some(2));
    assert!(refused.err.starts_with(&checked.err), "{}", checked.err);
}

#[test]
fn a_column_without_a_rule_is_refused_by_name() {
    let sandbox = Sandbox::people();
    sandbox.write("raw/people.csv", "id,name,city,phone_2\n1,甲,北京,138\n");
    let before = sandbox.files(".");
    insta::assert_snapshot!(sandbox.run(&["run", "people.toml"]).refusal(), @r#"
    exit 2
    error: column `phone_2` has no rule
      --> people.toml:14:1, table [tables.people.columns]
      hint: decide it, for instance
            phone_2 = "drop"
    nothing was published; `safe` has no current run
    "#);
    assert_eq!(sandbox.files("."), before);
    let json = sandbox.run(&["check", "people.toml", "--log-format", "json"]);
    insta::assert_snapshot!("refusal-json", json.refusal());

    // the rule of the hint, pasted, is enough
    sandbox.edit(
        "people.toml",
        "city = \"keep\"",
        "city = \"keep\"\nphone_2 = \"drop\"",
    );
    sandbox.ok(&["run", "people.toml"]);
}

#[test]
fn a_rule_for_a_column_that_is_not_there_is_refused() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "city = ", "town = ");
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @r#"
    exit 2
    error: column `city` has no rule
      --> people.toml:14:1, table [tables.people.columns]
      hint: decide it, for instance
            city = "drop"
    error: the source has no column `town`
      --> people.toml:17:1, table [tables.people.columns]
      hint: leave the rule out
    "#);
}

#[test]
fn questions_that_cannot_be_answered_are_refused() {
    let sandbox = Sandbox::people();
    let query = |sql: &str| sandbox.run(&["query", "safe", sql]).refusal();
    insta::assert_snapshot!(query("SELECT 1"), @r"
    exit 2
    error: nothing is published: the sink holds no `current`
    ");
    sandbox.ok(&["run", "people.toml"]);
    insta::assert_snapshot!(query("SELECT city\nFRM people"), @r"
    exit 2
    error: not valid SQL at line 2, column 5
    ");
    insta::assert_snapshot!(query("SELECT name FROM people"), @r"
    exit 2
    error: unknown column at line 1, column 8; the columns are `city`, `id`
    ");
    insta::assert_snapshot!(query("SELECT * FROM persons"), @r"
    exit 2
    error: unknown table; the tables are `people`
    ");
    insta::assert_snapshot!(query("DROP TABLE people"), @r"
    exit 2
    error: only one query is answered: a published run is read, never changed
    ");
}

const MISTAKES: &str = r#"versoin = 1
version = 1
name    = "mis takes"
domain  = ""
[keys]
keyrng  = "keys/test.keyring"
keyring = "keys/test.keyring"
create  = "yes"
[source]
root = "raw"
[sink]
root        = "safe"
retain_runs = "seven"
compression = "zip"
[limits]
memory      = "1KiB"
rows_change = -1
[quarantine]
recipient = "age1"
[identities.account]
kind = "integr"
[identities.person]
[tables.people]
source    = "people.csv"
order     = "random"
subject   = "account"
delimiter = ";;"
types     = { id = "int" }
[tables.people.columns]
id      = { token = "acount" }
name    = "dorp"
phone   = [ { token = "account" }, "keep" ]
salary  = { band = { edges = [5000, 0] } }
born    = "drop"
age     = "keep"
city    = { token = "account", bits = 64 }
mail    = { derive = "email-domain", mask = { keep_last = 1 } }
items   = []
"x*"    = "keep"
[tables.pets]
source = "pets.orc"
[tables.pets.columns]
a.b = "drop"
[tables.empty]
"#;
