//! `pseudo attack`: what a thief could do, in numbers and without a value.

use serde_json::Value;

use crate::harness::Sandbox;

const PIPELINE: &str = r#"version = 1
name = "open"
domain = "analytics"
[keys]
keyring = "keys/open.keyring"
[source]
root = "raw"
[sink]
root = "safe"
[identities.account]
kind = "integer"
[identities.phone]
kind = "cn-phone"
[identities.order]
kind = "integer"
[tables.users]
source = "users/*.parquet"
subject = "user_id"
unlisted = "drop"
[tables.users.columns]
user_id = { token = "account" }
phone = { token = "phone" }
birth_date = "keep"
city = "keep"
[tables.orders]
source = "orders/*.parquet"
subject = "user_id"
unlisted = "drop"
[tables.orders.columns]
order_id = { token = "order" }
user_id = { token = "account" }
model = "keep"
"#;

/// People whose birth date and city are kept, and the model that they ordered.
fn published() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(&["sample", "incident", "--scale", "0.01", "raw"]);
    sandbox.ok(&["keys", "new", "keys/open.keyring"]);
    sandbox.write("open.toml", PIPELINE);
    sandbox.ok(&["run", "open.toml"]);
    sandbox
}

#[test]
fn birth_date_city_and_model_single_people_out() {
    let sandbox = published();
    let attack = ["attack", "safe", "--guesses", "20000", "--threads", "2"];
    let done = sandbox.run(&attack);
    assert_eq!(
        (done.code, done.err.as_str()),
        (Some(0), ""),
        "{}",
        done.out
    );
    let run = sandbox.current("safe").unwrap();
    let told = done.out.replace(&run, "RUN");
    let told = told.replace("; ", ";\n").replace(": 3", ":\n3");
    insta::assert_snapshot!(told, @r"
    people of       singled out by                               alone      of   share
    users           users.birth_date                             3,544  48,500   7.3 %
    users           users.birth_date, users.city                37,056  48,500  76.4 %
    users ⋈ orders  users.birth_date, orders.model                 982   1,234  79.6 %
    users ⋈ orders  users.birth_date, users.city, orders.model   1,103   1,234  89.4 %

    dictionary      columns   tried               of  hits  missed by        at worst
    cn-phone              4  20,000    7,000,000,000     0     99.6 %  orders.user_id
    cn-resident-id        4  20,000  178,382,678,760     0    100.0 %  orders.user_id
    cn-plate              4  20,000   34,458,675,456     0     99.9 %  orders.user_id
    integer               4  20,000      100,000,000     0     78.1 %  orders.user_id

    told by counts  values  for certain  rows  expected rows      of  share
    users.phone     47,095            1    73             79  47,625  0.2 %
    orders.user_id   1,234            0     0              3   1,250  0.2 %

    run RUN
    Had this copy been stolen:
    37,056 of 48,500 people could be singled out, by {users.birth_date, users.city};
    1,103 of 1,234 people with `orders`, by {users.birth_date, users.city, orders.model};
    nothing was recovered from 4 columns of pseudonyms by 700,000 hashes;
    no value looks like an identifier.
    ");
    let report = sandbox.ok(&[&attack[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["format"], "pseudo-attack/1");
    assert_eq!(report["recovered"], Value::Array(Vec::new()));
    let views = report["singled_out"].as_array().unwrap();
    let view = views
        .iter()
        .find(|view| view["tables"][1] == "orders")
        .unwrap();
    let set = view["sets"].as_array().unwrap().last().unwrap();
    let columns = ["users.birth_date", "users.city", "orders.model"];
    assert_eq!(set["columns"], Value::from(columns.to_vec()));
    // as a query counts them
    let alone = sandbox.number(
        "safe",
        "WITH alone AS (SELECT min(u.user_id) AS person FROM users u JOIN orders o USING (user_id)
         GROUP BY u.birth_date, u.city, o.model HAVING count(DISTINCT u.user_id) = 1)
         SELECT count(DISTINCT person) FROM alone",
    );
    assert_eq!(set["alone"], alone);
    assert!(alone > 1_000, "{alone}");
    let people = "SELECT count(DISTINCT user_id) FROM orders JOIN users USING (user_id)";
    assert_eq!(view["people"], sandbox.number("safe", people));
}

#[test]
fn the_raw_source_links_what_is_kept() {
    let sandbox = published();
    let attack = [
        "attack",
        "safe",
        "--source",
        "raw",
        "--guesses",
        "20000",
        "--json",
    ];
    let done = sandbox.run(&attack);
    assert_eq!(
        (done.code, done.err.as_str()),
        (Some(0), ""),
        "{}",
        done.out
    );
    let report: Value = serde_json::from_str(&done.out).unwrap();
    let linked = report["linked"].as_array().unwrap();
    let users = linked
        .iter()
        .find(|table| table["table"] == "users")
        .unwrap();
    assert_eq!(users["columns"], Value::from(vec!["birth_date", "city"]));
    let pairs = sandbox.number(
        "safe",
        "SELECT count(*) FROM (SELECT 1 FROM users GROUP BY birth_date, city HAVING count(*) = 1)",
    );
    let best = users["sets"].as_array().unwrap().last().unwrap();
    assert_eq!(best["linked"], pairs);
    let order = report["order"].as_array().unwrap();
    assert!(order.iter().all(|leak| leak["tells"] == false), "{order:?}");
    let sentence = report["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("rows could be linked to the source"),
        "{sentence}"
    );
}

#[test]
fn a_hash_without_a_key_ends_with_exit_3() {
    let sandbox = Sandbox::people();
    let hash = |number: u64| {
        let mut out = [[0; 16]];
        pseudo_token::sha256(&[number.to_string().as_bytes()], &mut out);
        out[0]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let rows: String = (0..3_000_u64)
        .map(|n| format!("{n},{}\n", hash(n)))
        .collect();
    sandbox.write("raw/people.csv", format!("id,name\n{rows}"));
    sandbox.edit(
        "people.toml",
        "name = \"drop\"\ncity = \"keep\"",
        "name = \"keep\"",
    );
    sandbox.ok(&["run", "people.toml"]);
    let done = sandbox.run(&["attack", "safe", "--guesses", "1000000", "-q"]);
    assert_eq!(done.code, Some(3), "{}", done.out);
    insta::assert_snapshot!(done.err, @r"
    error: 1 column inverted
      hint: hashes without a key are no pseudonyms: tokenise these columns
    ");
    let inverted = done
        .out
        .lines()
        .find(|line| line.starts_with("people.name"));
    let inverted = inverted.unwrap();
    let inverted: Vec<&str> = inverted.split_whitespace().collect();
    let all = ["3,000"; 4];
    assert_eq!(
        inverted,
        [&["people.name", "SHA-256", "integer"][..], &all].concat()
    );
    assert!(!done.out.contains(&hash(11)));
}

#[test]
fn what_is_not_there_is_named() {
    let sandbox = Sandbox::people();
    sandbox.ok(&["run", "people.toml"]);
    for args in [
        &["attack", "nowhere"][..],
        &["attack", "safe", "--table", "pets"],
        &["attack", "safe", "--source", "keys"],
    ] {
        let done = sandbox.run(args);
        assert_eq!(done.out, "");
        assert!(
            matches!(done.code, Some(1 | 2)),
            "{args:?}: {:?}",
            done.code
        );
    }
}
