//! Who is singled out, linked to the source, and told by counts and order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use pseudo_engine::risk::attack::{AttackReport, SetAlone, ViewAlone};

use super::attacked;
use crate::harness::{Sandbox, batch};

const USERS: u64 = 4_000;

fn column(rows: u64, cell: impl Fn(u64) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..rows).map(cell)))
}

/// A number below `below` that looks like none of its neighbours'.
fn any(row: u64, salt: u64, below: u64) -> u64 {
    let mixed = (row * 8 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 32)) % below
}

fn birth(user: u64) -> String {
    let day = any(user, 1, 900);
    format!(
        "19{:02}-{:02}-{:02}",
        70 + day / 300,
        day / 28 % 12 + 1,
        day % 28 + 1
    )
}

fn city(user: u64) -> String {
    format!("city {}", any(user, 2, 6))
}

fn user_of(order: u64) -> u64 {
    any(order, 3, USERS / 2)
}

fn model(order: u64) -> String {
    format!("model {}", any(order, 4, 9))
}

/// People, and what some of them ordered.
fn sandbox(order: &str, birth_rule: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let users = batch([
        ("user_id", column(USERS, |row| row.to_string())),
        ("birth_date", column(USERS, birth)),
        ("city", column(USERS, city)),
        ("sex", column(USERS, |row| any(row, 5, 2).to_string())),
    ]);
    sandbox.parquet("users.parquet", &users, 5_000);
    let orders = batch([
        ("order_id", column(USERS, |row| row.to_string())),
        ("user_id", column(USERS, |row| user_of(row).to_string())),
        ("model", column(USERS, model)),
        (
            "at",
            Arc::new(Int64Array::from_iter_values(
                (0..4_000).map(|n| 1_000_000_000 + n * 37),
            )),
        ),
    ]);
    sandbox.parquet("orders.parquet", &orders, 5_000);
    let rules = format!(
        "[identities.order]\nkind = \"integer\"\n\
         [tables.users]\nsource = \"users.parquet\"\nsubject = \"user_id\"\norder = \"{order}\"\n\
         [tables.users.columns]\nuser_id = {{ token = \"account\" }}\nbirth_date = {birth_rule}\n\
         city = \"keep\"\nsex = \"keep\"\n\
         [tables.orders]\nsource = \"orders.parquet\"\nsubject = \"user_id\"\norder = \"{order}\"\n\
         [tables.orders.columns]\norder_id = {{ token = \"order\" }}\n\
         user_id = {{ token = \"account\" }}\nmodel = \"keep\"\nat = \"keep\"\n"
    );
    sandbox.run(&rules, 1).unwrap();
    sandbox
}

fn view<'a>(report: &'a AttackReport, tables: &[&str]) -> &'a ViewAlone {
    let mut views = report.singled_out.iter();
    views.find(|view| view.tables == tables).unwrap()
}

/// People whom one of their rows tells from all others, the slow way.
fn alone(rows: impl Iterator<Item = (u64, Vec<String>)>) -> u64 {
    let mut classes: BTreeMap<Vec<String>, BTreeSet<u64>> = BTreeMap::new();
    for (person, cells) in rows {
        classes.entry(cells).or_default().insert(person);
    }
    let alone = classes.values().filter(|people| people.len() == 1);
    alone.flatten().collect::<BTreeSet<_>>().len() as u64
}

#[test]
fn people_are_singled_out_in_a_table_and_by_tables_that_join() {
    let report = attacked(&sandbox("shuffled", "\"keep\""), false);
    let users = view(&report, &["users"]);
    assert_eq!(users.subject.as_deref(), Some("users.user_id"));
    assert_eq!(users.people, USERS);
    let set = |view: &ViewAlone, columns: &[&str]| -> SetAlone {
        let set = view.sets.iter().find(|set| set.columns == columns);
        set.unwrap_or_else(|| panic!("{columns:?} of {:?}", view.sets))
            .clone()
    };
    let pair = set(users, &["users.birth_date", "users.city"]);
    let slow = alone((0..USERS).map(|user| (user, vec![birth(user), city(user)])));
    assert!(slow > 100, "{slow}");
    assert_eq!(pair.alone, slow);
    let orders = view(&report, &["users", "orders"]);
    let ordered: BTreeSet<u64> = (0..USERS).map(user_of).collect();
    assert_eq!(orders.people, ordered.len() as u64);
    // `at` is one of a kind and tells everybody apart
    assert_eq!(set(orders, &["orders.at"]).alone, orders.people);
}

#[test]
fn birth_date_city_and_model_are_named() {
    let sandbox = sandbox("shuffled", "\"keep\"");
    // without the number that tells all orders apart
    let rules = "[identities.order]\nkind = \"integer\"\n\
         [tables.users]\nsource = \"users.parquet\"\nsubject = \"user_id\"\n\
         [tables.users.columns]\nuser_id = { token = \"account\" }\nbirth_date = \"keep\"\n\
         city = \"keep\"\nsex = \"drop\"\n\
         [tables.orders]\nsource = \"orders.parquet\"\nsubject = \"user_id\"\n\
         [tables.orders.columns]\norder_id = { token = \"order\" }\n\
         user_id = { token = \"account\" }\nmodel = \"keep\"\nat = \"drop\"\n";
    sandbox.run(rules, 2).unwrap();
    let report = attacked(&sandbox, false);
    let orders = view(&report, &["users", "orders"]);
    let last = orders.sets.last().unwrap();
    assert_eq!(
        last.columns,
        ["users.birth_date", "users.city", "orders.model"]
    );
    let rows = (0..USERS).map(|order| {
        let user = user_of(order);
        (user, vec![birth(user), city(user), model(order)])
    });
    assert_eq!(last.alone, alone(rows));
    assert!(
        report
            .sentence
            .contains("by {users.birth_date, users.city, orders.model}"),
        "{}",
        report.sentence
    );
    let coarse = attacked(&self::sandbox("shuffled", "{ prefix = 3 }"), false);
    let sets = &view(&coarse, &["users"]).sets;
    assert!(sets.iter().all(|set| set.alone == 0), "{sets:?}");
}

#[test]
fn kept_columns_link_rows_to_the_source_and_coarse_ones_do_not() {
    let report = attacked(&sandbox("shuffled", "\"keep\""), true);
    let users = report
        .linked
        .iter()
        .find(|one| one.table == "users")
        .unwrap();
    assert_eq!(users.columns, ["birth_date", "city", "sex"]);
    // what is unique in the output is unique in the source
    let all = (0..USERS).map(|user| {
        let sex = any(user, 5, 2).to_string();
        (user, vec![birth(user), city(user), sex])
    });
    let most = users.sets.last().unwrap();
    assert_eq!((most.columns.len(), most.linked), (3, alone(all)));
    let orders = report
        .linked
        .iter()
        .find(|one| one.table == "orders")
        .unwrap();
    assert_eq!(orders.sets.first().unwrap().columns, ["at"]);
    assert_eq!(orders.sets.first().unwrap().linked, USERS);
    let coarse = attacked(&sandbox("shuffled", "{ prefix = 4 }"), true);
    let users = coarse
        .linked
        .iter()
        .find(|one| one.table == "users")
        .unwrap();
    assert_eq!(users.columns, ["city", "sex"]);
    assert!(users.sets.is_empty(), "{:?}", users.sets);
}

#[test]
fn rows_in_the_order_of_the_source_are_told() {
    let kept = attacked(&sandbox("source", "\"keep\""), true);
    let of = |report: &AttackReport, table: &str, column: Option<&str>| {
        let mut leaks = report.order.iter();
        let found = leaks.find(|one| one.table == table && one.column.as_deref() == column);
        found.cloned()
    };
    let linked = of(&kept, "users", None).unwrap();
    assert!(linked.tells && linked.correlation > 0.999, "{linked:?}");
    let sorted = of(&kept, "orders", Some("at")).unwrap();
    assert!(sorted.tells && sorted.correlation > 0.999, "{sorted:?}");
    let shuffled = attacked(&sandbox("shuffled", "\"keep\""), true);
    let linked = of(&shuffled, "users", None).unwrap();
    assert!(
        !linked.tells && linked.correlation.abs() < 0.2,
        "{linked:?}"
    );
    assert_eq!(of(&shuffled, "orders", Some("at")), None);
}

#[test]
fn counts_tell_the_pseudonyms_of_categories() {
    let sandbox = Sandbox::new();
    // brand n of 1 to 40 stands in n rows
    let brands = (1..=40_u64).flat_map(|brand| (0..brand).map(move |_| format!("brand {brand}")));
    let brands: Vec<String> = brands.collect();
    let brands = Arc::new(StringArray::from_iter_values(brands)) as ArrayRef;
    let rows = brands.len() as u64;
    let columns = batch([
        ("id", column(rows, |row| row.to_string())),
        ("brand", brands),
    ]);
    sandbox.parquet("cars.parquet", &columns, 5_000);
    let rules = "[tables.cars]\nsource = \"cars.parquet\"\nsubject = \"id\"\n\
         [tables.cars.columns]\nid = { token = \"account\" }\nbrand = { token = \"note\" }\n";
    sandbox.run(rules, 1).unwrap();
    for source in [false, true] {
        let report = attacked(&sandbox, source);
        let [brand] = report.frequencies.as_slice() else {
            panic!("{:?}", report.frequencies);
        };
        assert_eq!(
            (brand.column.as_str(), brand.with_source),
            ("brand", source)
        );
        assert_eq!((brand.values, brand.certain_values), (40, 40));
        assert_eq!((brand.rows, brand.certain_rows), (rows, rows));
    }
}
