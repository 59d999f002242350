//! The gate: what must not be published is refused with exit code 3, what chance explains passes
//! and is recorded, and no message names a value.

use std::fs;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, Decimal128Array, Decimal256Array, DictionaryArray, Float64Array,
    Int16Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{Field, Int32Type, Schema, i256};
use pseudo_engine::manifest::{GatedColumn, Manifest};
use pseudo_engine::{Error, RunOutcome};

use crate::harness::{Sandbox, batch, text_column};

/// A mobile number of a segment that nobody has.
fn phone(n: u64) -> String {
    let segment = ["154", "161", "163"][usize::try_from(n % 3).unwrap()];
    format!("{segment}{:08}", (n + 1) * 61_803_399 % 100_000_000)
}

fn phones(count: u64) -> Vec<String> {
    (0..count).map(phone).collect()
}

fn column<T: AsRef<str>>(values: &[T]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn numbers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// Whole numbers as the decimals that databases without integers export.
fn decimals(values: &[String], scale: i8) -> ArrayRef {
    let unit = 10_i128.pow(scale.unsigned_abs().into());
    let values = values
        .iter()
        .map(|value| value.parse::<i128>().unwrap() * unit);
    let array = Decimal128Array::from_iter_values(values);
    Arc::new(array.with_precision_and_scale(38, scale).unwrap())
}

/// Whole numbers as they become when a column of integers has gaps.
fn floats(values: &[String]) -> ArrayRef {
    let values = values.iter().map(|value| value.parse().unwrap());
    Arc::new(Float64Array::from_iter_values(values))
}

/// A pipeline of one table `t` with these columns.
fn table(columns: &str) -> String {
    format!("[tables.t]\nsource = \"t.parquet\"\n[tables.t.columns]\n{columns}\n")
}

fn published(batch: &RecordBatch, columns: &str) -> Manifest {
    let sandbox = Sandbox::new();
    sandbox.parquet("t.parquet", batch, 700);
    let report = sandbox.run(&table(columns), 1).unwrap();
    assert_eq!(report.outcome, RunOutcome::Published);
    let stored = fs::read(sandbox.path("safe/current/manifest.json")).unwrap();
    let stored: Manifest = serde_json::from_slice(&stored).unwrap();
    assert_eq!(stored, report.manifest);
    report.manifest
}

/// What the gate says of a table that it does not let pass; nothing is left of it.
fn stopped(batch: &RecordBatch, columns: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.parquet("t.parquet", batch, 700);
    refused(&sandbox, &table(columns))
}

fn refused(sandbox: &Sandbox, tables: &str) -> String {
    let error = sandbox.run(tables, 1).err().unwrap();
    assert_eq!(error.exit_code(), 3, "{error}");
    assert!(matches!(error, Error::Leak { .. }), "{error}");
    assert!(!sandbox.path("safe/current").exists());
    let staged = fs::read_dir(sandbox.path("safe/.staging")).unwrap();
    assert_eq!(staged.count(), 0);
    format!("{error}\n{error:?}")
}

fn gated<'a>(manifest: &'a Manifest, table: &str, column: &str) -> &'a GatedColumn {
    let table = manifest.tables.iter().find(|t| t.table == table).unwrap();
    let mut columns = table.gate.columns.iter();
    columns.find(|gated| gated.column == column).unwrap()
}

#[test]
fn a_phone_that_is_kept_is_refused() {
    let phones = phones(500);
    let whole = phones.iter().map(|phone| phone.parse().unwrap());
    let large = phones
        .iter()
        .map(|phone| i256::from_i128(phone.parse::<i128>().unwrap() * 1_000));
    let large = Decimal256Array::from_iter_values(large);
    let columns: [(&str, ArrayRef); 7] = [
        ("text", column(&phones)),
        ("number", numbers(whole)),
        ("binary", Arc::new(BinaryArray::from_iter_values(&phones))),
        ("float", floats(&phones)),
        ("decimal", decimals(&phones, 0)),
        ("decimal with a fraction", decimals(&phones, 10)),
        (
            "large decimal",
            Arc::new(large.with_precision_and_scale(60, 3).unwrap()),
        ),
    ];
    for (name, array) in columns {
        let text = stopped(&batch([("contact", array)]), "contact = \"keep\"");
        let said = "table `t`, column `contact`: 500 distinct values in 500 rows are of kind \
                    `cn-phone` (`t/part-00000-";
        assert!(text.contains(said), "{name}: {text}");
        assert!(!phones.iter().any(|phone| text.contains(phone)), "{text}");
    }
}

#[test]
fn a_copy_of_a_protected_column_is_refused_in_any_type() {
    // too few for the shape to be proof
    let phones = phones(3);
    let whole = phones.iter().map(|phone| phone.parse().unwrap());
    let spaced: Vec<String> = phones.iter().map(|phone| format!(" +86 {phone}")).collect();
    let keyed: DictionaryArray<Int32Type> = phones.iter().map(String::as_str).collect();
    let copies: [ArrayRef; 6] = [
        column(&phones),
        numbers(whole),
        floats(&phones),
        decimals(&phones, 2),
        column(&spaced),
        Arc::new(keyed),
    ];
    for copy in copies {
        for rule in [
            "{ token = \"phone\" }",
            "{ token = \"phone\", encoding = \"hex\" }",
            "{ token = \"phone\", encoding = \"uuid\" }",
            "{ token = \"phone\", encoding = \"binary\", bits = 256 }",
            "{ token = \"phone\", bits = 256, on_invalid = \"fail\" }",
            "{ seal = \"phone\" }",
            "{ seal = \"phone\", encoding = \"base32\" }",
            "{ seal = \"phone\", encoding = \"binary\" }",
            "{ fpe = \"phone\", alphabet = \"digits\" }",
        ] {
            let batch = batch([("phone", column(&phones)), ("copy", Arc::clone(&copy))]);
            let text = stopped(&batch, &format!("phone = {rule}\ncopy = \"keep\""));
            let said = "column `copy`: 3 distinct values in 3 rows stand in clear for what \
                        identity `phone` protects";
            assert!(text.contains(said), "{rule}: {text}");
        }
    }
}

#[test]
fn one_value_of_a_protected_column_is_one_too_many() {
    let mut notes: Vec<String> = (0..2_000).map(|n| format!("remark number {n}")).collect();
    let names: Vec<String> = (0..2_000).map(|n| format!("subject of file {n}")).collect();
    let source = batch([("subject", column(&names)), ("note", column(&notes))]);
    let rules = "subject = { token = \"note\" }\nnote = \"keep\"";
    let manifest = published(&source, rules);
    assert_eq!(gated(&manifest, "t", "note").values, 2_000);
    notes[1_999].clone_from(&names[3]);
    let source = batch([("subject", column(&names)), ("note", column(&notes))]);
    let text = stopped(&source, rules);
    assert!(
        text.contains("column `note`: 1 distinct values in 1 rows"),
        "{text}"
    );
    // the rows of the third file, and only of that
    assert!(text.contains("`t/part-00000-"), "{text}");
    assert!(!text.contains("subject of file"), "{text}");
}

const TWO: &str = r#"
[tables.users]
source = "users.parquet"
[tables.users.columns]
user_id = RULE
[tables.orders]
source = "orders.parquet"
[tables.orders.columns]
user_id = { token = "account" }
"#;

/// Users with the ids that `id` makes, all of which but each seventh have orders.
fn users_and_orders(rows: i64, id: fn(i64) -> i64, as_text: bool) -> Sandbox {
    let sandbox = Sandbox::new();
    let ids = |keep: fn(&i64) -> bool| (0..rows).filter(keep).map(id);
    let users = ids(|_| true);
    let users: ArrayRef = if as_text {
        column(&users.map(|id| format!("U{id:07}")).collect::<Vec<_>>())
    } else {
        numbers(users)
    };
    let orders = ids(|n| n % 7 != 0);
    let orders: ArrayRef = if as_text {
        column(&orders.map(|id| format!("U{id:07}")).collect::<Vec<_>>())
    } else {
        numbers(orders)
    };
    sandbox.parquet("users.parquet", &batch([("user_id", users)]), 1_000);
    sandbox.parquet("orders.parquet", &batch([("user_id", orders)]), 1_000);
    sandbox
}

#[test]
fn an_id_that_is_kept_while_another_table_protects_it_is_refused() {
    let sparse: fn(i64) -> i64 = |n| 100_000_000 + n * 7 + n % 3;
    let dense_behind_an_offset: fn(i64) -> i64 = |n| 20_000_000 + n;
    let dense: fn(i64) -> i64 = |n| n + 1;
    for (rows, id, as_text) in [
        (60, sparse, false),
        (60, sparse, true),
        (5_000, dense_behind_an_offset, false),
        (5_000, dense, false),
        (5_000, dense, true),
    ] {
        let sandbox = users_and_orders(rows, id, as_text);
        sandbox
            .run(&TWO.replace("RULE", "{ token = \"account\" }"), 1)
            .unwrap();
        fs::remove_dir_all(sandbox.path("safe")).unwrap();
        let text = refused(&sandbox, &TWO.replace("RULE", "\"keep\""));
        assert!(
            text.contains("table `users`, column `user_id`") && text.contains("identity `account`"),
            "{text}"
        );
        // the same column twice is no copy by chance
        refused(
            &users_and_orders(3, id, as_text),
            &TWO.replace("RULE", "[ { token = \"account\", to = \"id\" }, \"keep\" ]"),
        );
    }
}

#[test]
fn small_numbers_that_chance_explains_pass() {
    // customers 1 to 15,000 with orders for two thirds of them, as in TPC-H
    let rows = 15_000;
    let source = batch([
        (
            "custkey",
            numbers((1..=rows).map(|n| n - i64::from(n % 3 == 0))),
        ),
        ("nationkey", numbers((1..=rows).map(|n| n % 25))),
        (
            "partkey",
            numbers((1..=rows).map(|n| n * 7_919 % 20_000 + 1)),
        ),
        ("suppkey", numbers((1..=rows).map(|n| n % 1_000 + 1))),
        ("linenumber", numbers((1..=rows).map(|n| n % 7 + 1))),
        ("quantity", numbers((1..=rows).map(|n| n % 50 + 1))),
        (
            "salary",
            numbers((1..=rows).map(|n| n % 9_000 * (n % 90) / 9 * 10)),
        ),
        (
            "born",
            Arc::new(Int16Array::from_iter_values(
                (1..=rows).map(|n| i16::try_from(1_930 + n % 80).unwrap()),
            )),
        ),
    ]);
    let manifest = published(
        &source,
        "custkey = { token = \"account\" }\nnationkey = \"keep\"\npartkey = \"keep\"\n\
         suppkey = \"keep\"\nlinenumber = \"keep\"\nquantity = \"keep\"\nsalary = \"keep\"\n\
         born = \"keep\"",
    );
    let nations = gated(&manifest, "t", "nationkey");
    assert_eq!((nations.values, nations.shared.len()), (25, 1));
    let shared = &nations.shared[0];
    assert_eq!(shared.identity, "account");
    assert!(shared.values >= 16 && shared.by_chance >= 16, "{shared:?}");
}

#[test]
fn amounts_that_are_seldom_whole_are_no_counters() {
    // a hundredth of all amounts is whole, and they end where the account numbers do
    let (rows, accounts) = (150_000_i64, 10_000_i64);
    let account = || numbers((0..rows).map(|n| n % accounts + 1));
    let amounts = |every: i64| -> ArrayRef {
        let cents = (0..rows).map(|n| match n % every {
            0 => (n / every * 31 % accounts + 1) * 100,
            _ => n * 7_919 % (accounts * 100) / 100 * 100 + n % 99 + 1,
        });
        let array = Decimal128Array::from_iter_values(cents.map(i128::from));
        Arc::new(array.with_precision_and_scale(15, 2).unwrap())
    };
    let rules = "id = { token = \"account\" }\nbalance = \"keep\"";
    let source = |every| batch([("id", account()), ("balance", amounts(every))]);
    let manifest = published(&source(100), rules);
    assert_eq!(gated(&manifest, "t", "balance").values, 1_500);
    // one in ten is more than amounts explain
    let text = stopped(&source(10), rules);
    assert!(text.contains("column `balance`"), "{text}");
    // gaps are no amounts
    let gaps = (0..rows).map(|n| match n % 100 {
        0 => (n / 100 * 31 % accounts + 1).to_string(),
        _ => "NaN".to_owned(),
    });
    let gaps: Vec<String> = gaps.collect();
    let text = stopped(
        &batch([("id", account()), ("balance", floats(&gaps))]),
        rules,
    );
    assert!(text.contains("column `balance`"), "{text}");
}

#[test]
fn words_that_names_are_made_of_pass() {
    let family = [
        "黄", "高", "白", "龙", "安", "江", "温", "洪", "梅", "王", "李", "张",
    ];
    let given = [
        "山", "平", "石", "州", "阳", "康", "岩", "门", "伟", "芳", "娜", "敏", "静",
    ];
    let names: Vec<String> = family
        .iter()
        .flat_map(|family| given.iter().map(move |given| format!("{family}{given}")))
        .collect();
    // nearly all of them are somebody's name, as many cities are
    let mut cities: Vec<String> = ["北京", "上海", "广州", "深圳", "天津", "重庆", "武汉"]
        .map(str::to_owned)
        .to_vec();
    cities.extend((0..60).map(|n| format!("{}城", char::from_u32(0x5000 + n * 7).unwrap())));
    for (family, given) in family
        .iter()
        .zip(given)
        .chain(family.iter().skip(1).zip(given))
    {
        cities.push(format!("{family}{given}"));
    }
    let rows = 3_000;
    let of = |values: &[String], n: usize| values[n % values.len()].clone();
    let source = batch([
        (
            "name",
            column(&(0..rows).map(|n| of(&names, n * 7)).collect::<Vec<_>>()),
        ),
        (
            "city",
            column(&(0..rows).map(|n| of(&cities, n)).collect::<Vec<_>>()),
        ),
        (
            "gender",
            column(&(0..rows).map(|n| ["男", "女"][n % 2]).collect::<Vec<_>>()),
        ),
        (
            "model",
            column(
                &(0..rows)
                    .map(|n| format!("P{:03}", n % 40))
                    .collect::<Vec<_>>(),
            ),
        ),
    ]);
    let rules = "name = { token = \"note\" }\ngender = \"keep\"\nmodel = \"keep\"\ncity = ";
    let manifest = published(&source, &format!("{rules}\"keep\""));
    let shared = &gated(&manifest, "t", "city").shared[0];
    assert!((20..=23).contains(&shared.values), "{shared:?}");
    assert!(gated(&manifest, "t", "gender").shared.is_empty());
    // the names themselves do not
    let copy = names.iter().cycle().take(rows).collect::<Vec<_>>();
    let source = batch([
        ("name", Arc::clone(source.column(0))),
        ("city", column(&copy)),
        ("gender", Arc::clone(source.column(2))),
        ("model", Arc::clone(source.column(3))),
    ]);
    let text = stopped(&source, &format!("{rules}\"keep\""));
    assert!(
        text.contains("column `city`: 156 distinct values"),
        "{text}"
    );
}

#[test]
fn parts_of_identifiers_raise_no_alarm() {
    let rows = 900;
    let person = |n: u64| {
        let body = format!(
            "1101012099{:02}{:02}{:03}",
            n % 12 + 1,
            n % 28 + 1,
            n % 1_000
        );
        let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let digits = body.bytes().map(|byte| u64::from(byte - b'0'));
        let sum: u64 = digits
            .zip(weights)
            .map(|(digit, weight)| digit * weight)
            .sum();
        let check = usize::try_from(sum % 11).unwrap();
        format!("{body}{}", char::from(b"10X98765432"[check]))
    };
    let emails: Vec<String> = (0..rows)
        .map(|n| format!("a{n}@mail{}.example.com", n % 40))
        .collect();
    let cards: Vec<String> = (0..rows)
        .map(|n| format!("6222{:015}", n * 7_919))
        .collect();
    let source = batch([
        ("person", column(&(0..rows).map(person).collect::<Vec<_>>())),
        ("phone", column(&phones(rows))),
        ("email", column(&emails)),
        ("masked_email", column(&emails)),
        ("card", column(&cards)),
        (
            "salary",
            numbers((0..rows).map(|n| i64::try_from(n).unwrap() * 10)),
        ),
    ]);
    published(
        &source,
        r#"person = [ { token = "person" }, { derive = "birth-year", to = "year" },
  { derive = "sex", to = "sex" }, { derive = "city", to = "city" } ]
phone = [ { token = "phone" }, { derive = "issue-network", to = "network" },
  { prefix = 3, to = "start" }, { mask = { keep_first = 3, keep_last = 4 }, to = "masked" } ]
email = { derive = "email-domain", kind = "email" }
masked_email = { mask = { keep_first = 1, keep_last = 19 } }
card = { mask = { keep_first = 6, keep_last = 4 } }
salary = [ { band = { width = 1000 } }, { round = 1000, to = "rounded" },
  { constant = "13812345678", to = "same" } ]"#,
    );
    // a part that is all of it is no part
    let whole = phones(rows).into_iter().map(|phone| phone.parse().unwrap());
    let source = batch([("phone", numbers(whole))]);
    let text = stopped(&source, "phone = { round = 1 }");
    assert!(text.contains("cn-phone"), "{text}");
    // neither is a coordinate that is nowhere on earth
    let text = stopped(
        &batch([("phone", floats(&phones(rows)))]),
        "phone = { geo = { decimals = 2 } }",
    );
    assert!(text.contains("cn-phone"), "{text}");
}

#[test]
fn measures_that_are_no_identifiers_pass() {
    let rows = 5_000_i32;
    let float = |of: fn(f64) -> f64| -> ArrayRef {
        let values = (0..rows).map(|n| of(f64::from(n)));
        Arc::new(Float64Array::from_iter_values(values))
    };
    let ids: Vec<String> = (1..=rows).map(|n| n.to_string()).collect();
    let prices: Vec<String> = (1..=rows).map(|n| (n % 900).to_string()).collect();
    let odd = [f64::NAN, f64::INFINITY, -0.0, 1e300, -1e300];
    let odd = odd.into_iter().cycle().take(ids.len());
    let source = batch([
        ("id", column(&ids)),
        ("price", decimals(&prices, 2)),
        ("longitude", float(|n| 73.0 + n * 0.125 % 62.0)),
        ("latitude", float(|n| 18.0 + n * 0.25 % 36.0)),
        ("weight", float(|n| 0.1 + n)),
        ("odd", Arc::new(Float64Array::from_iter_values(odd))),
    ]);
    let rules = "id = { token = \"account\" }\nprice = \"keep\"\nweight = \"keep\"\n\
                 longitude = { geo = { decimals = 2 } }\nlatitude = \"keep\"\nodd = \"keep\"";
    let manifest = published(&source, rules);
    assert_eq!(gated(&manifest, "t", "latitude").values, 36);
    assert_eq!(gated(&manifest, "t", "weight").values, 0);
    assert_eq!(gated(&manifest, "t", "odd").values, 1);
}

#[test]
fn empty_tables_and_columns_without_values_pass() {
    let rules = "phone = { token = \"phone\" }\nid = { fpe = \"account\", alphabet = \"int64\" }\n\
                 kept = \"keep\"\nnumber = \"keep\"";
    for rows in [0, 1, 9, 1_500] {
        let source = batch([
            ("phone", text_column(std::iter::repeat_n(None, rows))),
            ("id", Arc::new(Int64Array::from(vec![None; rows]))),
            ("kept", text_column(std::iter::repeat_n(None, rows))),
            ("number", Arc::new(Int64Array::from(vec![None; rows]))),
        ]);
        let manifest = published(&source, rules);
        assert_eq!(gated(&manifest, "t", "kept").values, 0);
    }
}

#[test]
fn every_form_of_pseudonym_is_read_back() {
    let rows = 2_000;
    let some = |n: i64| (n % 5 != 0).then_some(n * 1_000_003);
    let ids: Int64Array = (0..rows).map(some).collect();
    let phones: StringArray = (0..2_000).map(|n| (n % 3 != 0).then(|| phone(n))).collect();
    let tags = ["red", "green", "blue", "NULL"];
    let tags: DictionaryArray<Int32Type> = (0..2_000).map(|n| tags.get(n % 5).copied()).collect();
    let required = Schema::new(vec![
        Field::new("id", arrow::datatypes::DataType::Int64, true),
        Field::new("phone", arrow::datatypes::DataType::Utf8, true),
        Field::new("tag", tags.data_type().clone(), true),
        Field::new("no", arrow::datatypes::DataType::Int64, false),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        Arc::new(phones),
        Arc::new(tags),
        numbers((0..rows).map(|n| n * 11)),
    ];
    let source = RecordBatch::try_new(Arc::new(required), columns).unwrap();
    let manifest = published(
        &source,
        r#"id = [ { token = "account" }, { token = "account", bits = 256, to = "id_256" },
  { token = "account", encoding = "hex", bits = 256, to = "id_hex" },
  { token = "account", encoding = "uuid", to = "id_uuid" },
  { fpe = "account", alphabet = "int64", to = "id_int" },
  { seal = "account", encoding = "binary", to = "id_seal" } ]
phone = [ { token = "phone", encoding = "binary", bits = 256 }, { seal = "phone", to = "sealed" },
  { fpe = "phone", alphabet = "digits", to = "digits" } ]
tag = [ { token = "note" }, { seal = "note", encoding = "base32", to = "tag_seal" } ]
no = [ { token = "account" }, { token = "account", encoding = "uuid", to = "no_uuid" } ]"#,
    );
    let nulls = |column: &str| {
        let columns = &manifest.tables[0].columns;
        let counts = columns.iter().find(|c| c.column == column).unwrap().counts;
        counts.null + counts.blank + counts.nulled
    };
    assert_eq!(
        (nulls("id_seal"), nulls("digits"), nulls("tag"), nulls("no")),
        (400, 667, 800, 0)
    );
}

#[test]
fn high_cardinality_is_looked_at_to_the_last_value() {
    let rows = 150_000;
    let mut notes: Vec<String> = (0..rows)
        .map(|n| format!("a long remark, number {n}"))
        .collect();
    let names: Vec<String> = (0..rows)
        .map(|n| format!("a long subject, number {n}"))
        .collect();
    let sandbox = Sandbox::new();
    let rules = table("subject = { token = \"note\" }\nnote = \"keep\"\nphone = \"keep\"");
    let mut others: Vec<String> = (0..rows).map(|n| format!("{n} of {rows}")).collect();
    let write = |notes: &[String], others: &[String]| {
        let source = batch([
            ("subject", column(&names)),
            ("note", column(notes)),
            ("phone", column(others)),
        ]);
        sandbox.parquet("t.parquet", &source, 50_000);
    };
    write(&notes, &others);
    let manifest = sandbox.run(&rules, 1).unwrap().manifest;
    assert_eq!(gated(&manifest, "t", "note").values, rows);
    fs::remove_dir_all(sandbox.path("safe")).unwrap();
    notes[149_990].clone_from(&names[1]);
    write(&notes, &others);
    let text = refused(&sandbox, &rules);
    assert!(
        text.contains("column `note`: 1 distinct values in 1 rows"),
        "{text}"
    );
    fs::remove_dir_all(sandbox.path("safe")).unwrap();
    for (n, other) in (0..).zip(others.iter_mut().skip(140_000)) {
        *other = phone(n);
    }
    write(&others, &others);
    let text = refused(&sandbox, &rules);
    assert!(
        text.contains("column `phone`: 10000 distinct values"),
        "{text}"
    );
}

#[test]
fn what_passes_is_recorded_alike_by_any_number_of_threads() {
    let sandbox = users_and_orders(20_000, |n| n * 3, false);
    let tables = TWO.replace("RULE", "{ round = 10 }");
    let run = |second, threads| {
        let report = sandbox.run_with(&tables, second, |options| {
            options.threads = Some(threads);
            options.full = true;
        });
        report.unwrap().manifest.tables
    };
    let first = run(1, 1);
    assert!(!first[0].gate.columns[0].shared.is_empty());
    assert_eq!(first, run(2, 4));
}
