//! The sample tables: their size, that they do not depend on how they are cut, their keys, their
//! people and their dirt.

use std::collections::{HashMap, HashSet};

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use pseudo_arrow::sample::{ALL, Dataset, MAX_SCALE, Spec, SpecError, Table};
use pseudo_pii::{Blanks, Canonical, Kind, Verdict, derive};

#[test]
fn rows_at_scale_one_are_those_of_the_incident() {
    let rows = ALL.map(|table| table.rows(1.0));
    assert_eq!(
        rows,
        [
            4_850_000, 399_000, 650_000, 22_800, 500_000, 125_000, 90_000
        ]
    );
    assert!(ALL.iter().all(|table| table.rows(1e-9) == 50));
    assert_eq!(Table::Users.rows(0.01), 48_500);
}

#[test]
fn names_are_read() {
    for table in ALL {
        assert_eq!(Table::parse(table.name()), Some(table));
    }
    assert_eq!(Table::parse("Users"), None);
}

#[test]
fn keys_differ_in_type_and_money_is_decimal() {
    let type_of = |table: Table, column: &str| {
        table
            .schema()
            .field_with_name(column)
            .unwrap()
            .data_type()
            .clone()
    };
    assert_eq!(type_of(Table::Users, "user_id"), DataType::Int64);
    assert_eq!(type_of(Table::Orders, "user_id"), DataType::Utf8);
    assert_eq!(type_of(Table::Orders, "price"), DataType::Decimal128(12, 2));
    assert_eq!(type_of(Table::Loans, "rate"), DataType::Decimal128(5, 4));
}

#[test]
fn a_table_is_the_same_however_it_is_cut() {
    for table in ALL {
        let rows = table.rows(0.003);
        let whole = table.batch(42, 0.003, 0..rows);
        assert_eq!(whole.num_rows() as u64, rows);
        assert_eq!(whole.schema(), table.schema());
        let mut start = 0;
        for length in [1, 2, 7, 40, 1_000_000] {
            let from = start as u64;
            let part = table.batch(42, 0.003, from..from + length);
            assert_eq!(part, whole.slice(start, part.num_rows()));
            start += part.num_rows();
        }
        assert_eq!(start, whole.num_rows());
        assert_eq!(table.batch(42, 0.003, rows..rows + 9).num_rows(), 0);
        assert_ne!(table.batch(43, 0.003, 0..rows), whole);
    }
}

#[test]
fn the_first_users_are_frozen() {
    // Another sample is another version of the generator.
    assert_eq!(pseudo_arrow::sample::GENERATOR_VERSION, 1);
    let users = Table::Users.batch(42, 1.0, 3..5);
    let cells = |column: &str| texts(&users, column);
    assert_eq!(cells("name"), [some("陆波万"), some("丁峰康")]);
    assert_eq!(cells("phone"), [some("16314898308"), some("16116506028")]);
    assert_eq!(
        cells("id_number"),
        [some("539868199208146417"), some("379895198703103099")]
    );
    assert_eq!(cells("email")[1], some("dingfengkang177999912@example.net"));
}

#[test]
fn every_reference_resolves() {
    for scale in [0.000_001, 0.000_5, 0.02] {
        let [users, owners, addresses, _, contacts, orders, loans] = tables(scale);
        let user_ids = distinct(&users, "user_id");
        let owner_ids = distinct(&owners, "owner_id");
        let order_ids = distinct(&orders, "order_id");
        assert_eq!(user_ids.len(), users.num_rows());
        assert_eq!(owner_ids.len(), owners.num_rows());
        assert_eq!(order_ids.len(), orders.num_rows());
        assert!(distinct(&owners, "user_id").is_subset(&user_ids));
        assert!(distinct(&addresses, "user_id").is_subset(&user_ids));
        assert!(distinct(&contacts, "owner_id").is_subset(&owner_ids));
        assert!(distinct(&loans, "owner_id").is_subset(&owner_ids));
        let paid = distinct(&loans, "order_id");
        assert!(paid.is_subset(&order_ids));
        assert_eq!(paid.len(), loans.num_rows());
        for id in texts(&orders, "user_id") {
            assert!(user_ids.contains(&id.unwrap().parse().unwrap()));
        }
        let cars: HashSet<_> = clean(Kind::Vin, &owners, "vin")
            .into_iter()
            .flatten()
            .collect();
        let ordered = clean(Kind::Vin, &orders, "vin").into_iter().flatten();
        let (known, all) = ordered.fold((0, 0), |(known, all), vin| {
            (known + u32::from(cars.contains(&vin)), all + 1)
        });
        assert!(known * 100 >= all * 90, "{known} of {all}");
    }
}

#[test]
fn an_order_is_its_owners() {
    let [_, owners, _, _, _, orders, loans] = tables(0.02);
    let owner_user: HashMap<_, _> = pairs(&owners, "owner_id", "user_id");
    let car = clean(Kind::Vin, &owners, "vin");
    let car_user: HashMap<_, _> = car.into_iter().zip(numbers(&owners, "user_id")).collect();
    let order_user: HashMap<i64, i64> = numbers(&orders, "order_id")
        .into_iter()
        .zip(
            texts(&orders, "user_id")
                .into_iter()
                .map(|id| id.unwrap().parse().unwrap()),
        )
        .collect();
    for (order, owner) in pairs(&loans, "order_id", "owner_id") {
        assert_eq!(order_user[&order], owner_user[&owner]);
    }
    let users = numbers(&orders, "order_id")
        .into_iter()
        .map(|order| order_user[&order]);
    for (vin, user) in clean(Kind::Vin, &orders, "vin").into_iter().zip(users) {
        if let Some(&owner) = vin.and_then(|vin| car_user.get(&Some(vin))) {
            assert_eq!(owner, user);
        }
    }
}

#[test]
fn a_person_keeps_number_and_phone_across_tables_and_spellings() {
    let [users, owners, _, _, _, _, loans] = tables(0.05);
    let rows: HashMap<_, _> = numbers(&users, "user_id").into_iter().zip(0..).collect();
    let id = clean(Kind::CnResidentId, &users, "id_number");
    let phone = clean(Kind::CnPhone, &users, "phone");
    let (mut ids, mut phones) = (0, 0);
    let mut owner_ids = HashMap::new();
    let own_id = clean(Kind::CnResidentId, &owners, "id_number");
    let own_phone = clean(Kind::CnPhone, &owners, "phone");
    for (row, user) in numbers(&owners, "user_id").into_iter().enumerate() {
        let user: usize = rows[&user];
        ids += u32::from(same(&own_id[row], &id[user]));
        phones += u32::from(same(&own_phone[row], &phone[user]));
    }
    assert!(ids > 8_000 && phones > 18_000);
    owner_ids.extend(numbers(&owners, "owner_id").into_iter().zip(own_id));
    let borrower = clean(Kind::CnResidentId, &loans, "borrower_id_number");
    let raw = texts(&loans, "borrower_id_number");
    let owner_raw: HashMap<_, _> = numbers(&owners, "owner_id")
        .into_iter()
        .zip(texts(&owners, "id_number"))
        .collect();
    let (mut joined, mut respelled) = (0, 0);
    for (row, owner) in numbers(&loans, "owner_id").into_iter().enumerate() {
        let one = same(&borrower[row], &owner_ids[&owner]);
        joined += u32::from(one);
        respelled += u32::from(one && owner_raw[&owner] != raw[row]);
    }
    assert!(joined > 4_300, "{joined}");
    assert!(respelled > 250, "{respelled}");
}

/// Whether both are there; if so they are equal.
fn same(one: &Option<String>, other: &Option<String>) -> bool {
    let both = one.is_some() && other.is_some();
    assert!(!both || one == other);
    both
}

#[test]
fn gender_and_birth_date_are_those_of_the_identity_number() {
    let users = Table::Users.batch(1, 0.01, 0..20_000);
    let birth = users["birth_date"].as_primitive::<Date32Type>();
    let ids = clean(Kind::CnResidentId, &users, "id_number");
    let mut seen = 0;
    for (row, (id, gender)) in ids.iter().zip(texts(&users, "gender")).enumerate() {
        let Some(id) = id else { continue };
        if let Some(gender) = gender {
            let sex = derive::resident_id::sex(id).unwrap();
            assert_eq!(gender == "男", sex == "M");
        }
        if birth.is_valid(row) {
            let date = birth.value_as_date(row).unwrap();
            assert_eq!(date.format("%Y%m%d").to_string(), id[6..14]);
            seen += 1;
        }
        assert_eq!(&id[2..4], "98");
    }
    assert!(seen > 6_000);
}

#[test]
fn some_people_registered_twice() {
    let users = Table::Users.batch(1, 0.01, 0..48_500);
    let phones = clean(Kind::CnPhone, &users, "phone");
    let distinct: HashSet<_> = phones.iter().flatten().collect();
    let again = phones.iter().flatten().count() - distinct.len();
    assert!((300..700).contains(&again), "{again}");
}

#[test]
fn dirt_has_its_share() {
    let [users, owners, addresses, _, contacts, orders, loans] = tables(0.05);
    let employees = Table::Employees.batch(42, 1.0, 0..22_800);
    for (table, column, kind) in [
        (&users, "phone", Kind::CnPhone),
        (&owners, "phone", Kind::CnPhone),
        (&addresses, "phone", Kind::CnPhone),
        (&contacts, "phone", Kind::CnPhone),
        (&users, "id_number", Kind::CnResidentId),
        (&owners, "id_number", Kind::CnResidentId),
        (&employees, "id_number", Kind::CnResidentId),
        (&loans, "borrower_id_number", Kind::CnResidentId),
        (&owners, "vin", Kind::Vin),
        (&orders, "vin", Kind::Vin),
        (&owners, "licence_plate", Kind::CnPlate),
        (&loans, "bank_card", Kind::BankCard),
        (&employees, "bank_card", Kind::BankCard),
        (&contacts, "uscc", Kind::CnUscc),
        (&users, "email", Kind::Email),
        (&users, "name", Kind::Name),
        (&addresses, "address_line", Kind::Address),
    ] {
        let cells: Vec<_> = texts(table, column).into_iter().flatten().collect();
        let share = |test: &dyn Fn(&str) -> bool| {
            cells.iter().filter(|cell| test(cell)).count() as f64 / cells.len() as f64
        };
        let blank = share(&|cell| verdict(kind, cell).is_none());
        let valid = share(&|cell| verdict(kind, cell) == Some(Verdict::Valid));
        let stray = share(&|cell| cell.trim() != cell);
        assert!(valid >= 0.94, "{column}: {valid} valid");
        assert!(
            (0.005..0.05).contains(&stray),
            "{column}: {stray} with stray spaces"
        );
        let careful = column == "borrower_id_number";
        assert!(
            careful || (0.004..0.03).contains(&blank),
            "{column}: {blank} blank"
        );
    }
}

#[test]
fn each_sort_of_dirt_occurs() {
    let users = Table::Users.batch(42, 0.05, 0..100_000);
    let share = |column: &str, test: &dyn Fn(&str) -> bool| {
        let cells: Vec<_> = texts(&users, column).into_iter().flatten().collect();
        cells.iter().filter(|cell| test(cell)).count() as f64 / cells.len() as f64
    };
    let full_width = |cell: &str| cell.contains(|c| ('０'..='９').contains(&c));
    let suspect = |cell: &str| verdict(Kind::CnResidentId, cell) == Some(Verdict::Suspect);
    let fifteen = |cell: &str| cell.len() == 15 && cell.bytes().all(|b| b.is_ascii_digit());
    for (share, low, high) in [
        (share("phone", &full_width), 0.008, 0.012),
        (share("phone", &|cell| cell.starts_with("+86")), 0.012, 0.02),
        (share("phone", &|cell| cell == "空"), 0.001, 0.003),
        (share("id_number", &full_width), 0.008, 0.012),
        (share("id_number", &|cell| cell.ends_with('x')), 0.01, 0.03),
        (share("id_number", &fifteen), 0.01, 0.02),
        (share("id_number", &suspect), 0.008, 0.012),
        (share("id_number", &|cell| cell == "暂无"), 0.001, 0.003),
        (share("name", &|cell| cell == "N/A"), 0.001, 0.003),
        (share("name", &|cell| cell.trim().contains(' ')), 0.01, 0.02),
    ] {
        assert!(
            (low..high).contains(&share),
            "{share} is not within {low}..{high}"
        );
    }
    let null = |column: &str| users[column].null_count() as f64 / 100_000.0;
    assert!((0.008..0.012).contains(&null("phone")));
    assert!((0.53..0.57).contains(&null("id_number")));
}

#[test]
fn amounts_and_moments_are_plausible() {
    let [users, .., orders, loans] = tables(0.01);
    let price = orders["price"].as_primitive::<Decimal128Type>();
    assert!(
        price
            .values()
            .iter()
            .all(|fen| (29_800_000..=65_700_000).contains(fen))
    );
    let rate = loans["rate"].as_primitive::<Decimal128Type>();
    assert!(rate.values().iter().all(|rate| (199..799).contains(rate)));
    let price: HashMap<_, _> = numbers(&orders, "order_id")
        .into_iter()
        .zip(price.values())
        .collect();
    let principal = loans["principal"].as_primitive::<Decimal128Type>();
    for (order, principal) in numbers(&loans, "order_id").iter().zip(principal.values()) {
        assert!(principal < price[order]);
    }
    for (table, column) in [(&users, "registered_at"), (&orders, "ordered_at")] {
        let moments = table[column].as_primitive::<TimestampMicrosecondType>();
        assert!(moments.values().is_sorted());
        assert!(moments.values().iter().all(|micros| micros % 1_000 == 0));
    }
}

#[test]
fn a_spec_is_read_and_written() {
    let spec = Spec::parse("sample:incident?scale=0.01&seed=7").unwrap();
    let same = Spec {
        dataset: Dataset::Incident,
        scale: 0.01,
        seed: 7,
    };
    assert_eq!(spec, same);
    assert_eq!(spec.to_string(), "sample:incident?scale=0.01&seed=7");
    let plain = Spec::parse("sample:incident").unwrap();
    assert_eq!(plain.to_string(), "sample:incident?scale=1&seed=42");
    assert_eq!(Spec::parse("sample:incident?seed=1").unwrap().scale, 1.0);
    assert_eq!(spec.tables(), ALL);
    assert_eq!(spec.rows(Table::Users), 48_500);
    assert_eq!(
        spec.batch(Table::Loans, 0..3),
        Table::Loans.batch(7, 0.01, 0..3)
    );
}

#[test]
fn a_wrong_spec_is_refused_by_name() {
    let refusal = |text: &str| Spec::parse(text).unwrap_err();
    assert_eq!(refusal("incident"), SpecError::NotASample);
    assert_eq!(
        refusal("sample:"),
        SpecError::UnknownDataset {
            name: String::new()
        }
    );
    let unknown = refusal("sample:incident?rows=5");
    assert_eq!(
        unknown.to_string(),
        "a sample has no `rows`; it has `scale` and `seed`"
    );
    let dataset = refusal("sample:accident");
    assert_eq!(
        dataset.to_string(),
        "no sample is called `accident`; there is `incident`"
    );
    let twice = refusal("sample:incident?seed=5&seed=5");
    assert_eq!(twice.to_string(), "`seed` is given twice");
    for scale in ["", "0", "-1", "nan", "inf", "21", "x"] {
        assert_eq!(
            refusal(&format!("sample:incident?scale={scale}")),
            SpecError::Scale
        );
    }
    assert_eq!(
        SpecError::Scale.to_string(),
        "`scale` must be a number above 0 and at most 20"
    );
    assert!(Spec::parse(&format!("sample:incident?scale={MAX_SCALE}")).is_ok());
    for seed in ["", "-1", "1.5", "18446744073709551616"] {
        assert_eq!(
            refusal(&format!("sample:incident?seed={seed}")),
            SpecError::Seed
        );
    }
}

fn tables(scale: f64) -> [RecordBatch; 7] {
    ALL.map(|table| table.batch(42, scale, 0..table.rows(scale)))
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    batch[column]
        .as_string::<i32>()
        .iter()
        .map(|cell| cell.map(str::to_owned))
        .collect()
}

fn numbers(batch: &RecordBatch, column: &str) -> Vec<i64> {
    batch[column].as_primitive::<Int64Type>().values().to_vec()
}

fn distinct(batch: &RecordBatch, column: &str) -> HashSet<i64> {
    numbers(batch, column).into_iter().collect()
}

fn pairs(batch: &RecordBatch, key: &str, value: &str) -> HashMap<i64, i64> {
    numbers(batch, key)
        .into_iter()
        .zip(numbers(batch, value))
        .collect()
}

/// The canonical texts of the cells that are valid.
fn clean(kind: Kind, batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let canonical = |cell: String| {
        let mut out = String::new();
        match kind.canonical(&cell, &Blanks::default(), &mut out) {
            Canonical::Same(Verdict::Valid) => Some(cell),
            Canonical::Written(Verdict::Valid) => Some(out),
            _ => None,
        }
    };
    texts(batch, column)
        .into_iter()
        .map(|cell| cell.and_then(canonical))
        .collect()
}

fn verdict(kind: Kind, cell: &str) -> Option<Verdict> {
    match kind.canonical(cell, &Blanks::default(), &mut String::new()) {
        Canonical::Blank => None,
        Canonical::Same(verdict) | Canonical::Written(verdict) => Some(verdict),
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
