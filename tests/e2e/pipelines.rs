//! Every pipeline of the project runs on sample data, and so does every command of README.md.

use std::collections::BTreeMap;
use std::fs;

use crate::harness::{Sandbox, pipelines, project};
use crate::text::words_of;

#[test]
fn every_pipeline_is_executed() {
    let names: Vec<_> = pipelines().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["owner-analytics.toml", "quickstart.toml", "tpch.toml"]
    );
}

#[test]
fn owner_analytics() {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    sandbox.ok(&["sample", "incident", "--scale", "0.001", "data/raw"]);
    sandbox.ok(&["keys", "new", "pipelines/keys/analytics.keyring"]);
    sandbox.ok(&["check", "pipelines/owner-analytics.toml"]);
    let done = sandbox.run(&["run", "pipelines/owner-analytics.toml"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let sink = "data/safe";
    // employees share no token with users, and contacts' phones none with theirs
    let shared = "SELECT count(*) FROM users u JOIN employees e ON u.user_id = e.employee_id";
    assert_eq!(sandbox.number(sink, shared), 0);
    let shared = "SELECT count(*) FROM users u JOIN contacts c ON u.phone = c.phone";
    assert_eq!(sandbox.number(sink, shared), 0);
    let owners = "SELECT count(*) FROM owners o JOIN users u ON u.phone = o.phone";
    assert!(sandbox.number(sink, owners) > 0);
    let odd = "SELECT count(*) FROM orders WHERE price % 1000 <> 0";
    assert_eq!(sandbox.number(sink, odd), 0);
}

#[test]
fn quickstart() {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    sandbox.edit("pipelines/quickstart.toml", "scale=0.01", "scale=0.001");
    sandbox.ok(&["check", "pipelines/quickstart.toml"]);
    assert!(!sandbox.path("target").exists());
    sandbox.ok(&["run", "pipelines/quickstart.toml"]);
    let sink = "target/quickstart/safe";
    assert_eq!(sandbox.number(sink, "SELECT count(*) FROM users"), 4_850);
    let joined =
        "SELECT count(*) FROM orders o JOIN owners w USING (user_id) JOIN users USING (user_id)";
    assert!(sandbox.number(sink, joined) >= sandbox.number(sink, "SELECT count(*) FROM orders"));
}

/// TPC-H in CSV, with the types that its specification says: the rules meet the same columns.
#[test]
fn tpch() {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    let customers: String = (1..=60).map(customer).collect();
    sandbox.write(
        "data/tpch/customer/1.csv",
        format!("{CUSTOMER}\n{customers}"),
    );
    let mut orders_of: BTreeMap<u64, u64> = BTreeMap::new();
    let mut orders = format!("{ORDERS}\n");
    for order in 1..=400 {
        // a third of the customers never orders
        let customer = 1 + order * order % 60;
        *orders_of.entry(customer).or_default() += 1;
        orders.push_str(&self::order(order, customer));
    }
    sandbox.write("data/tpch/orders/1.csv", orders);
    let pipeline = "pipelines/tpch.toml";
    let types = |types: &str| format!("*.csv\"\ntypes = {{ {types} }}");
    sandbox.edit(
        pipeline,
        "customer/*.parquet\"",
        &format!("customer/{}", types(CUSTOMER_TYPES)),
    );
    sandbox.edit(
        pipeline,
        "orders/*.parquet\"",
        &format!("orders/{}", types(ORDERS_TYPES)),
    );
    sandbox.ok(&["keys", "new", "pipelines/keys/tpch.keyring"]);
    sandbox.ok(&["check", pipeline]);
    sandbox.ok(&["run", pipeline]);

    let sink = "data/tpch-safe";
    let join = "FROM customer c JOIN orders o ON c.c_custkey = o.o_custkey";
    assert_eq!(
        sandbox.number(sink, &format!("SELECT count(*) {join}")),
        400
    );
    let mut expected: Vec<_> = orders_of
        .into_values()
        .map(|n| vec![n.to_string()])
        .collect();
    expected.sort();
    let mut found = sandbox.query(
        sink,
        &format!("SELECT count(*) {join} GROUP BY c.c_custkey"),
    );
    found.sort();
    assert_eq!(found, expected);
    let bands = "SELECT DISTINCT c_acctbal FROM customer ORDER BY 1";
    let bands = sandbox.query(sink, bands).concat();
    assert!(
        bands
            .iter()
            .all(|band| band.ends_with("000") || band.ends_with("-0")),
        "{bands:?}"
    );
    assert!(bands.len() > 2, "{bands:?}");
    let days = "SELECT count(*) FROM orders WHERE date_part('day', o_orderdate) <> 1";
    assert_eq!(sandbox.number(sink, days), 0);
}

#[test]
fn the_commands_of_the_readme_run() {
    let readme = fs::read_to_string(project().join("README.md")).unwrap();
    let blocks = readme
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let lines: Vec<_> = blocks.flat_map(str::lines).collect();
    assert!(
        lines.contains(&"cargo run -- run pipelines/quickstart.toml"),
        "{lines:?}"
    );
    assert!(lines.contains(&"cargo test"), "{lines:?}");
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    let mut queries = 0;
    for line in lines {
        let words = words_of(line);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let args = match words.as_slice() {
            ["cargo", "run", options @ ..] => {
                let at = options.iter().position(|word| *word == "--").unwrap();
                &options[at + 1..]
            }
            ["pseudo", args @ ..] => args,
            _ => continue,
        };
        let answer = sandbox.ok(args);
        if args[0] == "query" {
            queries += 1;
            assert!(answer.lines().count() > 3, "{line}: {answer}");
        }
    }
    assert!(queries > 0, "README.md asks nothing");
}

fn customer(key: u64) -> String {
    let balance = i64::try_from(key).unwrap() * 17_393 % 1_099_999 - 99_999;
    let sign = if balance < 0 { "-" } else { "" };
    let (whole, cents) = (balance.abs() / 100, balance.abs() % 100);
    format!(
        "{key},Customer#{key:09},\"{key} Elm, Street\",{},{}-555-{key:04},{sign}{whole}.{cents:02},\
         BUILDING,\"carefully, final\"\n",
        key % 25,
        10 + key % 25,
    )
}

fn order(key: u64, customer: u64) -> String {
    let (price, day) = (key * 1_234 % 500_000, 1 + key % 28);
    format!(
        "{key},{customer},O,{price}.{:02},1996-{:02}-{day:02},5-LOW,Clerk#{key:09},0,quickly\n",
        key % 100,
        1 + key % 12,
    )
}

const CUSTOMER: &str =
    "c_custkey,c_name,c_address,c_nationkey,c_phone,c_acctbal,c_mktsegment,c_comment";
const CUSTOMER_TYPES: &str =
    "c_custkey = \"integer\", c_nationkey = \"integer\", c_acctbal = \"decimal(15,2)\"";
const ORDERS: &str = "o_orderkey,o_custkey,o_orderstatus,o_totalprice,o_orderdate,o_orderpriority,\
                      o_clerk,o_shippriority,o_comment";
const ORDERS_TYPES: &str = "o_orderkey = \"integer\", o_custkey = \"integer\", \
                            o_totalprice = \"decimal(15,2)\", o_orderdate = \"date\"";
