//! Which files are which tables, and columns of odd names and types.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow::datatypes::Int32Type;
use pseudo_engine::Error;

use super::rules;
use crate::harness::{Sandbox, batch, text_column};

#[test]
fn folders_partitions_and_numbered_files_are_tables() {
    let sandbox = Sandbox::new();
    let same = "id,city\n1,a\n2,a\n";
    for name in [
        "users/part-0.csv",
        "users/part-1.csv",
        "orders/day=2026-11-22/a.csv",
        "orders/day=2026-11-23/b.csv",
        "shop/cars-1.csv",
        "shop/cars-2.csv",
        "loans_2024.csv",
        "loans_2025.csv",
        "loans.csv",
        "{x}.csv",
        "notes.txt",
        "_log/1.csv",
        ".hidden.csv",
    ] {
        sandbox.text(name, same);
    }
    sandbox.text("shop/dealers.csv", "dealer,town\nx,a\ny,a\n");
    sandbox.text("void.csv", "");
    let draft = sandbox.draft(false).unwrap();
    let tables: Vec<(&str, &str, u64)> = draft
        .tables
        .iter()
        .map(|table| (table.name.as_str(), table.source.as_str(), table.rows_read))
        .collect();
    let expected = [
        ("loans", "loans.csv", 2),
        ("loans_2", "loans_[0-9]*.csv", 4),
        ("orders", "orders/*/*.csv", 4),
        ("shop_cars", "shop/cars-[0-9]*.csv", 4),
        ("shop_dealers", "shop/dealers.csv", 2),
        ("users", "users/*.csv", 4),
    ];
    let mut sorted = tables.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "{:?}", draft.text);
    let skipped: Vec<_> = draft
        .skipped
        .iter()
        .map(|one| (one.path.as_str(), one.reason))
        .collect();
    assert_eq!(
        skipped,
        [
            ("notes.txt", "its name tells no format"),
            ("void.csv", "empty"),
            ("{x}.csv", "a brace in its path would be a placeholder"),
        ]
    );
    sandbox.run_draft(&draft).unwrap();
}

#[test]
fn a_folder_without_tables_gives_none_and_one_that_is_not_there_an_error() {
    let sandbox = Sandbox::new();
    assert!(sandbox.draft(false).unwrap().tables.is_empty());
    assert!(matches!(
        sandbox.draft_of("nowhere", false),
        Err(Error::Io { .. })
    ));
    sandbox.text("users/a.parquet", "not Parquet");
    assert!(matches!(sandbox.draft(false), Err(Error::Source { .. })));
}

#[test]
fn columns_of_every_name_and_type_get_a_rule_that_binds() {
    let sandbox = Sandbox::new();
    let rows = 300;
    let numbers = |step: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            (0..rows).map(|row| row * step),
        ))
    };
    let floats = |number: fn(i64) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..rows).map(number)))
    };
    let list = (0..rows).map(|_| Some([Some(1)]));
    let texts = |text: fn(i64) -> String| -> ArrayRef {
        Arc::new((0..rows).map(text).map(Some).collect::<StringArray>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "tags",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(list)),
        ),
        ("odd*name", numbers(3)),
        ("a \"b\"\n= 1", numbers(0)),
        ("Σ.total", numbers(1)),
        ("latitude", floats(|row| 31.0 + row as f64 / 7.0)),
        (
            "contact_phone",
            floats(|row| (15_400_000_000 + row * 7_919) as f64),
        ),
        (
            "is_new",
            Arc::new(BooleanArray::from_iter(
                (0..rows).map(|row| Some(row % 2 == 0)),
            )),
        ),
        ("serial", texts(|row| format!("SN-{row:05}"))),
        ("token", texts(|row| format!("q{row}z"))),
        ("counter", numbers(2)),
        ("empty", text_column((0..rows).map(|_| None))),
        ("email", text_column((0..rows).map(|_| None))),
        (
            "remark",
            texts(|row| match row {
                4 => "call 15412345678 or +86 15412345679".to_owned(),
                _ => format!("no remark, {}", row % 3),
            }),
        ),
        ("mobile_brand", texts(|row| format!("brand {}", row % 4))),
    ];
    let table = RecordBatch::try_from_iter(columns).unwrap();
    sandbox.parquet("things/a.parquet", &table, 100);
    let draft = sandbox.draft(false).unwrap();
    assert_eq!(
        rules(&draft, "things"),
        "tags |  | \"drop\"\n\
         a \"b\"\n= 1 |  | \"keep\"\n\
         Σ.total |  | \"keep\"\n\
         latitude |  | { geo = { decimals = 2 } }\n\
         contact_phone |  | \"drop\"\n\
         is_new |  | \"keep\"\n\
         serial | text | { token = \"thing\" }\n\
         token | text | { token = \"token\" }\n\
         counter | integer | { token = \"counter\" }\n\
         empty |  | \"drop\"\n\
         email | email | { token = \"email_key\" }\n\
         remark |  | \"drop\"\n\
         mobile_brand |  | \"keep\"\n"
            .replace("email_key", "email")
    );
    assert!(draft.text.contains("unlisted = \"drop\""), "{}", draft.text);
    sandbox.run_draft(&draft).unwrap();
}

#[test]
fn parts_of_a_resident_number_get_names_that_are_free_and_keys_of_text_join() {
    let sandbox = Sandbox::new();
    let ids = [
        "11010519491231002X",
        "440524188001010014",
        "110101199003070038",
    ];
    let texts = |text: &dyn Fn(usize) -> String| {
        let all: Vec<String> = (0..90).map(text).collect();
        text_column(
            all.iter()
                .map(|text| Some(text.as_str()))
                .collect::<Vec<_>>(),
        )
    };
    let people = batch([
        ("personUuid", texts(&|row| format!("{row:08x}-aa"))),
        ("idCard", texts(&|row| ids[row % 3].to_owned())),
        ("sex", texts(&|row| ["F", "M"][row % 2].to_owned())),
    ]);
    let visits = batch([
        ("visit_id", texts(&|row| format!("V{row}"))),
        (
            "guest_person_uuid",
            texts(&|row| format!("{:08x}-aa", row / 2)),
        ),
    ]);
    sandbox.parquet("people/a.parquet", &people, 100);
    sandbox.parquet("visits/a.parquet", &visits, 100);
    let draft = sandbox.draft(true).unwrap();
    assert_eq!(
        rules(&draft, "people"),
        "personUuid | text | { token = \"person_key\" }\n\
         idCard | cn-resident-id | [ { token = \"person\" }, \
         { derive = \"birth-year\", to = \"birth_year\" }, \
         { derive = \"sex\", to = \"idCard_sex\" } ]\n\
         sex |  | \"keep\"\n"
    );
    assert_eq!(
        rules(&draft, "visits"),
        "visit_id | text | { token = \"visit\" }\n\
         guest_person_uuid | text | { token = \"person_key\" }\n"
    );
    let subjects: Vec<_> = draft
        .tables
        .iter()
        .map(|table| table.subject.as_deref())
        .collect();
    assert_eq!(subjects, [Some("personUuid"), Some("guest_person_uuid")]);
    for id in ids {
        assert!(!draft.text.contains(id));
    }
    sandbox.run_draft(&draft).unwrap();
}
