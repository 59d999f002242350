//! What a schema allows of a policy: default deny, and every action with the types it takes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use pseudo_pii::Kind;
use pseudo_policy::{Fault, OnInvalid, Order};

use crate::{bound, parsed, schema, text};

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn dictionary(values: DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(values))
}

/// The type that a column of one type becomes under a rule, or the fault.
fn output(rule: &str, input: DataType) -> Result<DataType, Fault> {
    match bound(&text(&format!("a = {rule}")), &schema(&[("a", input)])) {
        Ok(plan) => Ok(plan.columns.first().unwrap().output.data_type().clone()),
        Err(refusal) => {
            assert_eq!(refusal.violations.len(), 1, "{refusal}");
            Err(refusal.violations.first().unwrap().fault)
        }
    }
}

#[test]
fn a_column_without_a_rule_is_refused_with_one() {
    let columns = "user_id = { token = \"account\" }\nphone_1 = \"drop\"";
    let source = schema(&[
        ("user_id", DataType::Int64),
        ("phone_1", DataType::Utf8),
        ("phone_2", DataType::Utf8),
        ("备注", DataType::Utf8),
    ]);
    let refusal = bound(&text(columns), &source).unwrap_err();
    insta::assert_snapshot!(refusal, @r#"
    error: column `phone_2` has no rule
      --> p.toml:22:1, table [tables.users.columns]
      hint: decide it, for instance
            phone_2 = "drop"
    error: column `备注` has no rule
      --> p.toml:22:1, table [tables.users.columns]
      hint: decide it, for instance
            "备注" = "drop"
    "#);
    let pasted: Vec<&str> = refusal
        .violations
        .iter()
        .map(|violation| {
            violation
                .hint
                .as_deref()
                .unwrap()
                .split_once('\n')
                .unwrap()
                .1
        })
        .collect();
    assert!(bound(&text(&format!("{columns}\n{}", pasted.join("\n"))), &source).is_ok());
}

#[test]
fn rules_for_columns_that_are_not_there_are_refused() {
    let text = text(
        "user_id = { token = \"account\" }\n\
         phone_2 = [ { token = \"phone\" }, { mask = {}, to = \"end\" } ]\n\
         nickname = \"drop\"\n\
         \"debug_*\" = \"drop\"\n\
         \"home.city\" = \"drop\"",
    )
    .replace(
        "[tables.users.columns]",
        "subject = \"userid\"\n[tables.users.columns]",
    );
    let city = Field::new("city", DataType::Utf8, true);
    let source = schema(&[
        ("user_id", DataType::Int64),
        ("phone2", DataType::Utf8),
        ("home", DataType::Struct(Fields::from(vec![city]))),
    ]);
    let refusal = bound(&text, &source).unwrap_err();
    insta::assert_snapshot!(refusal);
}

#[test]
fn what_a_schema_refuses_is_told_at_once() {
    let rules = "\
        a = { mask = { keep_last = 4 } }\n\
        b = { truncate = \"hour\" }\n\
        c = { derive = \"sex\", to = \"sex\" }\n\
        d = [ { token = \"vehicle\" }, { derive = \"sex\", to = \"s\" } ]\n\
        e = [ { token = \"vehicle\" }, { derive = \"wmi\", kind = \"email\", to = \"w\" } ]\n\
        f = { token = \"account\" }\n\
        g = { token = \"phone\" }\n\
        h = { round = 0.5 }\n\
        i = \"keep\"\n\
        j = \"null\"\n\
        k = \"keep\"\n\
        \"l*\" = \"drop\"\n\
        \"ll*\" = \"drop\"";
    let item = Arc::new(Field::new("item", DataType::Utf8, true));
    let ends = Arc::new(Field::new("run_ends", DataType::Int32, false));
    let source = schema(&[
        ("a", DataType::Int64),
        ("b", DataType::Date32),
        ("c", DataType::Utf8),
        ("d", DataType::Utf8),
        ("e", DataType::Utf8),
        ("f", DataType::Float64),
        ("g", DataType::Binary),
        ("h", DataType::Int32),
        ("i", DataType::List(Arc::clone(&item))),
        ("j", DataType::RunEndEncoded(ends, item)),
        ("k", DataType::Utf8),
        ("k", DataType::Utf8),
        ("llama", DataType::Utf8),
        ("m", DataType::Utf8),
    ]);
    let refusal = bound(&text(rules), &source).unwrap_err();
    insta::assert_snapshot!(refusal);
}

#[test]
fn identifiers_take_what_has_a_canonical_text() {
    use DataType as T;
    for input in [
        T::Utf8,
        T::LargeUtf8,
        T::Utf8View,
        T::Int8,
        T::UInt64,
        T::Decimal32(4, 2),
        T::Decimal256(60, 0),
        T::Boolean,
        T::Date32,
        T::Date64,
        MICROS,
        T::Null,
        T::Timestamp(TimeUnit::Nanosecond, Some("Asia/Shanghai".into())),
    ] {
        assert_eq!(
            output("{ token = \"account\" }", input.clone()),
            Ok(T::Utf8),
            "{input}"
        );
        assert_eq!(
            output("{ seal = \"account\" }", input.clone()),
            Ok(T::Utf8),
            "{input}"
        );
    }
    for input in [
        T::Float16,
        T::Float32,
        T::Float64,
        T::Time32(TimeUnit::Second),
        T::Time64(TimeUnit::Nanosecond),
        T::Duration(TimeUnit::Second),
        T::Interval(arrow_schema::IntervalUnit::YearMonth),
        dictionary(T::Float64),
    ] {
        let found = output("{ token = \"account\" }", input.clone());
        assert_eq!(found, Err(Fault::TypeNotTaken), "{input}");
    }
    for input in [
        T::Binary,
        T::LargeBinary,
        T::BinaryView,
        T::FixedSizeBinary(16),
    ] {
        assert_eq!(
            output("{ token = \"blob\" }", input.clone()),
            Ok(T::Utf8),
            "{input}"
        );
        assert_eq!(
            output("{ seal = \"blob\" }", input.clone()),
            Ok(T::Utf8),
            "{input}"
        );
        let found = output("{ seal = \"account\" }", input.clone());
        assert_eq!(found, Err(Fault::KindMismatch), "{input}");
    }
}

#[test]
fn encodings_give_their_types() {
    let text = [
        "token = \"phone\"",
        "token = \"phone\", encoding = \"hex\", bits = 256",
        "seal = \"phone\"",
        "seal = \"phone\", encoding = \"base32\"",
        "constant = \"x\"",
        "mask = {}",
        "derive = \"email-domain\", kind = \"email\"",
        "derive = \"wmi\", kind = \"vin\"",
        "derive = \"sex\", kind = \"cn-resident-id\"",
        "derive = \"province\", kind = \"cn-resident-id\"",
    ];
    for fields in text {
        let rule = format!("{{ {fields} }}");
        let encoded = dictionary(DataType::Utf8);
        assert_eq!(
            output(&rule, DataType::LargeUtf8),
            Ok(DataType::Utf8),
            "{rule}"
        );
        assert_eq!(
            output(&rule, dictionary(DataType::LargeUtf8)),
            Ok(encoded),
            "{rule}"
        );
    }
    let plain = [
        (
            "token = \"phone\", encoding = \"uuid\"",
            DataType::FixedSizeBinary(16),
        ),
        (
            "token = \"phone\", encoding = \"binary\"",
            DataType::FixedSizeBinary(16),
        ),
        (
            "token = \"phone\", encoding = \"binary\", bits = 256",
            DataType::FixedSizeBinary(32),
        ),
        ("seal = \"phone\", encoding = \"binary\"", DataType::Binary),
        ("derive = \"model-year\", kind = \"vin\"", DataType::Int16),
        (
            "derive = \"birth-year\", kind = \"cn-resident-id\"",
            DataType::Int16,
        ),
    ];
    for (fields, expected) in plain {
        let rule = format!("{{ {fields} }}");
        assert_eq!(
            output(&rule, DataType::LargeUtf8),
            Ok(expected.clone()),
            "{rule}"
        );
        assert_eq!(
            output(&rule, dictionary(DataType::Utf8)),
            Ok(expected),
            "{rule}"
        );
    }
}

#[test]
fn numbers_and_dates_take_their_own() {
    use DataType as T;
    let money = T::Decimal128(12, 2);
    let band = "{ band = { width = 5000 } }";
    for input in [
        T::Int8,
        T::UInt64,
        money.clone(),
        T::Decimal256(40, 2),
        T::Float32,
        T::Float64,
    ] {
        assert_eq!(output(band, input.clone()), Ok(T::Utf8), "{input}");
        assert_eq!(output("{ round = 1000 }", input.clone()), Ok(input));
    }
    assert_eq!(output(band, T::Utf8), Err(Fault::TypeNotTaken));
    assert_eq!(
        output("{ round = 10 }", T::Date32),
        Err(Fault::TypeNotTaken)
    );
    assert_eq!(
        output("{ band = { edges = [0, 0.5] } }", T::Int32),
        Err(Fault::TypeNotTaken)
    );
    assert_eq!(
        output("{ band = { edges = [0, 0.5] } }", money.clone()),
        Ok(T::Utf8)
    );
    assert_eq!(output("{ round = 0.25 }", money.clone()), Ok(money.clone()));
    assert_eq!(output("{ round = 0.125 }", money), Err(Fault::TypeNotTaken));
    assert_eq!(output("{ round = 0.5 }", T::Float64), Ok(T::Float64));
    assert_eq!(
        output("{ round = 500 }", T::Decimal64(9, -2)),
        Ok(T::Decimal64(9, -2))
    );
    assert_eq!(
        output("{ round = 50 }", T::Decimal64(9, -2)),
        Err(Fault::TypeNotTaken)
    );

    let zoned = T::Timestamp(TimeUnit::Second, Some("Asia/Shanghai".into()));
    for input in [T::Date32, T::Date64, MICROS, zoned.clone()] {
        assert_eq!(
            output("{ truncate = \"quarter\" }", input.clone()),
            Ok(input.clone())
        );
        assert_eq!(output("{ derive = \"birth-year\" }", input), Ok(T::Int16));
    }
    assert_eq!(output("{ truncate = \"hour\" }", zoned.clone()), Ok(zoned));
    assert_eq!(
        output("{ truncate = \"hour\" }", T::Date64),
        Err(Fault::TypeNotTaken)
    );
    assert_eq!(
        output("{ truncate = \"year\" }", T::Utf8),
        Err(Fault::TypeNotTaken)
    );
    assert_eq!(
        output("{ derive = \"sex\" }", T::Date32),
        Err(Fault::TypeNotTaken)
    );
    assert_eq!(output("{ mask = {} }", T::Int64), Err(Fault::TypeNotTaken));
}

#[test]
fn keep_and_null_keep_types_and_refuse_nested_ones() {
    use DataType as T;
    let item = Arc::new(Field::new("item", T::Utf8, true));
    for rule in ["\"keep\"", "\"null\""] {
        for input in [
            T::Float16,
            T::Duration(TimeUnit::Second),
            dictionary(T::Utf8),
            T::Null,
        ] {
            assert_eq!(output(rule, input.clone()), Ok(input));
        }
        for input in [
            T::List(Arc::clone(&item)),
            T::Struct(Fields::from(vec![Arc::clone(&item)])),
            dictionary(T::List(Arc::clone(&item))),
        ] {
            assert_eq!(output(rule, input), Err(Fault::UnsupportedType));
        }
    }
    let nested = schema(&[("a", T::List(item)), ("b", T::Utf8)]);
    let plan = bound(&text("a = \"drop\"\nb = \"keep\""), &nested).unwrap();
    assert_eq!(plan.dropped, ["a"]);
}

#[test]
fn a_plan_says_what_is_written() {
    let rules = "\
        id_number = [ { token = \"person\" }, { derive = \"sex\", to = \"sex\" } ]\n\
        user_id = { token = \"account\", encoding = \"uuid\", on_invalid = \"null\" }\n\
        city = \"keep\"\n\
        \"tmp_*\" = \"drop\"\n\
        tmp_b = { mask = {} }";
    let metadata = HashMap::from([("origin".to_owned(), "crm".to_owned())]);
    let source = Schema::new_with_metadata(
        vec![
            Field::new("tmp_a", DataType::Float64, true),
            Field::new("user_id", DataType::Int64, false),
            Field::new("id_number", DataType::Utf8, false),
            Field::new("city", DataType::Utf8, false).with_metadata(metadata.clone()),
            Field::new("tmp_b", DataType::Utf8, true),
            Field::new("other", DataType::Utf8, true),
        ],
        metadata,
    );
    let text = text(rules).replace(
        "[tables.users.columns]",
        "unlisted = \"drop\"\n[tables.users.columns]",
    );
    let plan = bound(&text, &source).unwrap();
    let uuid = HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())]);
    let expected = Schema::new(vec![
        Field::new("user_id", DataType::FixedSizeBinary(16), true).with_metadata(uuid),
        Field::new("id_number", DataType::Utf8, true),
        Field::new("sex", DataType::Utf8, true),
        Field::new("city", DataType::Utf8, false),
        Field::new("tmp_b", DataType::Utf8, true),
    ]);
    assert_eq!(plan.output_schema(), expected);
    assert_eq!(plan.source_columns(), [1, 2, 3, 4]);
    assert_eq!(plan.dropped, ["tmp_a", "other"]);
    assert_eq!(
        (plan.table.as_str(), plan.order),
        ("users", Order::Shuffled)
    );
    let texts: Vec<String> = plan
        .columns
        .iter()
        .map(|column| column.describe())
        .collect();
    assert_eq!(
        texts,
        [
            "token account, uuid, 128 bits",
            "token person, base32, 128 bits",
            "derive sex",
            "keep",
            "mask, first 0 and last 0 kept"
        ]
    );
    let [user_id, id_number, sex, ..] = plan.columns.as_slice() else {
        panic!()
    };
    assert_eq!(
        (user_id.output_type().as_str(), user_id.identity_name()),
        ("Uuid", Some("account"))
    );
    assert_eq!(user_id.on_invalid, OnInvalid::Null);
    assert_eq!(
        (id_number.on_invalid, sex.on_invalid),
        (OnInvalid::Token, OnInvalid::Null)
    );
    assert_eq!(sex.kind, Some(Kind::CnResidentId));
    assert_eq!(sex.identity_name(), None);
}

#[test]
fn a_mask_beside_a_token_is_warned_about() {
    let source = schema(&[("phone", DataType::Utf8)]);
    let rules = "phone = [ { token = \"phone\" }, { mask = { keep_last = 4 }, to = \"end\" } ]";
    let plan = bound(&text(rules), &source).unwrap();
    let warning = plan.warnings.first().unwrap().block("warning");
    insta::assert_snapshot!(warning, @r#"
    warning: column `phone` has a mask beside its token, which helps to guess the value
      --> p.toml:23:32, table [tables.users.columns]
      hint: leave the mask out, or move it to a table of another domain
    "#);
    let plan = bound(&text("phone = { mask = { keep_last = 4 } }"), &source).unwrap();
    assert!(plan.warnings.is_empty());
}

/// Names match exactly; a pattern does not beat a name.
#[test]
fn names_match_exactly() {
    let refusal = bound(
        &text("Phone = \"drop\""),
        &schema(&[("phone", DataType::Utf8)]),
    );
    let faults: Vec<Fault> = refusal
        .unwrap_err()
        .violations
        .iter()
        .map(|violation| violation.fault)
        .collect();
    assert_eq!(faults, [Fault::NoRule, Fault::NoSuchColumn]);
}

#[test]
fn a_pipeline_changed_by_hand_is_still_bound_with_care() {
    let mut pipeline = parsed(&text("a = { token = \"account\" }"));
    pipeline.identities.clear();
    let table = pipeline.tables.first().unwrap();
    let refusal = pipeline
        .bind(table, &schema(&[("a", DataType::Utf8)]))
        .unwrap_err();
    assert_eq!(
        refusal.violations.first().unwrap().fault,
        Fault::UnknownIdentity
    );
}
