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
        "derive = \"city\", kind = \"cn-resident-id\"",
        "derive = \"issue-network\", kind = \"cn-phone\"",
        "derive = \"plant\", kind = \"vin\"",
        "age = { width = 5 }, kind = \"cn-resident-id\"",
        "fpe = \"person\", alphabet = \"0-9A-Z\"",
        "map = \"a.csv\"",
        "rare = { below = 20, to = \"OTHER\" }",
        "prefix = 2",
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
}

#[test]
fn what_is_not_text_is_no_dictionary() {
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
            "derive = \"is-nev\", kind = \"cn-plate\"",
            DataType::Boolean,
        ),
        ("derive = \"length\"", DataType::Int32),
        ("fpe = \"account\", alphabet = \"int64\"", DataType::Int64),
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
fn ages_codes_and_coordinates_take_their_own() {
    use DataType as T;
    let age = "{ age = { width = 5 } }";
    for input in [T::Date32, T::Date64, MICROS] {
        assert_eq!(output(age, input), Ok(T::Utf8));
    }
    assert_eq!(output(age, dictionary(T::Date32)), Ok(dictionary(T::Utf8)));
    assert_eq!(output(age, T::Utf8), Err(Fault::NeedsKind));
    assert_eq!(output(age, T::Float64), Err(Fault::TypeNotTaken));
    let of_vin = "{ age = { width = 5 }, kind = \"vin\" }";
    assert_eq!(output(of_vin, T::Utf8), Err(Fault::KindMismatch));

    let geo = "{ geo = { decimals = 2 } }";
    for input in [T::Float32, T::Float64, T::Decimal128(9, 6)] {
        assert_eq!(output(geo, input.clone()), Ok(input));
    }
    assert_eq!(output(geo, dictionary(T::Float64)), Ok(T::Float64));
    for input in [T::Int32, T::Utf8, T::Decimal64(9, 2), T::Decimal32(4, -1)] {
        assert_eq!(output(geo, input), Err(Fault::TypeNotTaken));
    }

    let text = "{ rare = { below = 20, to = \"OTHER\" } }";
    let number = "{ rare = { below = 20, to = 200 } }";
    assert_eq!(output(text, T::Int64), Ok(T::Utf8));
    assert_eq!(output(text, T::Float64), Err(Fault::TypeNotTaken));
    for input in [T::Int16, T::UInt8, T::Int64, T::UInt64] {
        assert_eq!(output(number, input.clone()), Ok(input.clone()));
        assert_eq!(output(number, dictionary(input.clone())), Ok(input));
    }
    assert_eq!(output(number, T::Int8), Err(Fault::TypeNotTaken));
    assert_eq!(output(number, T::Utf8), Err(Fault::TypeNotTaken));
    let negative = "{ rare = { below = 20, to = -1 } }";
    assert_eq!(output(negative, T::UInt64), Err(Fault::TypeNotTaken));

    for rule in [
        "{ map = \"a.csv\" }",
        "{ prefix = 2 }",
        "{ derive = \"length\" }",
    ] {
        assert_eq!(output(rule, T::Int64), Err(Fault::TypeNotTaken), "{rule}");
    }
}

/// A kind and an alphabet that never meet are refused.
#[test]
fn fpe_wants_an_alphabet_that_the_kind_has_values_in() {
    let alphabets = ["digits", "a-z", "0-9a-z", "0-9A-Z", "0-9A-Za-z", "int64"];
    let fits = |kind: Kind| {
        let fits = |alphabet: &&&str| {
            let text = text(&format!(
                "a = {{ fpe = \"phone\", alphabet = \"{alphabet}\" }}"
            ));
            let text = text.replace("cn-phone", kind.name());
            match bound(&text, &schema(&[("a", DataType::Utf8)])) {
                Ok(plan) => {
                    assert_eq!(plan.columns.first().unwrap().on_invalid, OnInvalid::Null);
                    true
                }
                Err(refusal) => {
                    let violation = refusal.violations.first().unwrap();
                    assert_eq!(violation.fault, Fault::KindMismatch, "{refusal}");
                    false
                }
            }
        };
        let names: Vec<&str> = alphabets.iter().filter(fits).copied().collect();
        match names.as_slice() {
            [] => "none".to_owned(),
            names => names.join(" "),
        }
    };
    let table: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| format!("{}: {}", kind.name(), fits(*kind)))
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    exact: digits a-z 0-9a-z 0-9A-Z 0-9A-Za-z
    text: digits a-z 0-9a-z 0-9A-Z 0-9A-Za-z
    integer: digits 0-9a-z 0-9A-Z 0-9A-Za-z int64
    name: none
    email: none
    cn-phone: digits 0-9a-z 0-9A-Z 0-9A-Za-z
    cn-resident-id: digits 0-9a-z 0-9A-Z 0-9A-Za-z
    vin: 0-9A-Z 0-9A-Za-z
    cn-plate: none
    bank-card: digits 0-9a-z 0-9A-Z 0-9A-Za-z
    cn-uscc: digits 0-9a-z 0-9A-Z 0-9A-Za-z
    address: none
    ");
}

#[test]
fn shift_moves_by_the_one_identity_of_the_subject() {
    let shifted = |user_id: &str, subject: &str| {
        let rules = format!("user_id = {user_id}\nseen = {{ shift = {{ days = 30 }} }}");
        let header = "[tables.users.columns]";
        let text = text(&rules).replace(header, &format!("{subject}\n{header}"));
        let source = schema(&[("seen", MICROS), ("user_id", DataType::Int64)]);
        bound(&text, &source)
    };
    let about = "subject = \"user_id\"";
    for user_id in [
        "{ token = \"account\" }",
        "{ seal = \"account\" }",
        "{ fpe = \"account\", alphabet = \"int64\" }",
        "[ { token = \"account\" }, { seal = \"account\", to = \"sealed\" } ]",
    ] {
        let plan = shifted(user_id, about).unwrap();
        let seen = plan.columns.first().unwrap();
        assert_eq!(seen.output.data_type(), &MICROS);
        assert_eq!(
            (seen.identity_name(), seen.on_invalid),
            (None, OnInvalid::Null)
        );
        let subject = seen.subject.as_ref().unwrap();
        assert_eq!(
            (subject.column.as_str(), subject.source_index),
            ("user_id", 1)
        );
        assert_eq!(
            (subject.identity.name.as_str(), subject.identity.kind),
            ("account", Kind::Integer)
        );
        assert_eq!(plan.source_columns(), [0, 1]);
    }
    let refusals: Vec<String> = [
        ("{ token = \"account\" }", ""),
        ("\"drop\"", about),
        ("\"keep\"", about),
        (
            "[ { token = \"account\" }, { token = \"phone\", to = \"phone\" } ]",
            about,
        ),
        // The subject is told once, not again with every column that needs it.
        ("{ token = \"account\" }", "subject = \"user\""),
    ]
    .into_iter()
    .map(|(user_id, subject)| shifted(user_id, subject).unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(refusals.join("\n\n"), @r#"
    error: column `seen`: `shift` needs the `subject` of the table, and none is named
      --> p.toml:25:8, table [tables.users.columns]
      hint: decide it, for instance
            seen = "drop"

    error: column `seen`: `shift` needs one identity of the subject, and `user_id` has none
      --> p.toml:25:8, table [tables.users.columns]
      hint: decide it, for instance
            seen = "drop"

    error: column `seen`: `shift` needs one identity of the subject, and `user_id` has none
      --> p.toml:25:8, table [tables.users.columns]
      hint: decide it, for instance
            seen = "drop"

    error: column `seen`: `shift` needs one identity of the subject, and `user_id` has several
      --> p.toml:25:8, table [tables.users.columns]
      hint: decide it, for instance
            seen = "drop"

    error: `subject` names a column that the source does not have: `user`
      --> p.toml:20:1, table [tables.users]
      hint: leave `subject` out, or name a column of the source
    "#);
}

#[test]
fn a_plan_knows_what_copies_and_what_the_run_has_to_say() {
    let plan = |rule: &str| {
        let text = text(&format!("a = {rule}"));
        bound(&text, &schema(&[("a", DataType::Utf8)])).unwrap()
    };
    for (rule, copies) in [
        ("\"keep\"", true),
        ("{ rare = { below = 20, to = \"OTHER\" } }", true),
        ("{ map = \"a.csv\" }", true),
        ("{ prefix = 2 }", false),
        ("{ mask = {} }", false),
        ("{ token = \"person\" }", false),
    ] {
        assert_eq!(
            plan(rule).columns.first().unwrap().copies(),
            copies,
            "{rule}"
        );
    }
    let age = |at: &str| {
        let rule = format!("{{ age = {{ width = 5{at} }}, kind = \"cn-resident-id\" }}");
        let plan = plan(&rule);
        (plan.needs_at(), plan.columns.first().unwrap().describe())
    };
    assert_eq!(
        age(""),
        (true, "age, width 5, at the day that --at says".to_owned())
    );
    assert_eq!(
        age(", top = 75, at = \"2026-11-22\""),
        (false, "age, width 5, top 75, at 2026-11-22".to_owned())
    );
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
