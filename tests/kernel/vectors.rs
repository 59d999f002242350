//! Every cell of `tests/vectors/tokens-v1.json` from an Arrow array to the bytes of the output.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::types::{
    Decimal128Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Int8Array, Int64Array,
    LargeStringArray, PrimitiveArray, StringArray, StringViewArray, UInt64Array,
};
use arrow_schema::DataType;
use pseudo_arrow::{FpeForm, Kernel, OnInvalid, SealForm, TokenForm};
use pseudo_pii::{Blanks, Kind};
use pseudo_token::{Alphabet, DomainKey, Encoding, Epoch, Secret};
use serde_json::Value;

use crate::harness::{apply, apply_with, cells, from_hex, hex, shown};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/tokens-v1.json")).unwrap()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

fn domain_key(vectors: &Value, case: &Value) -> DomainKey {
    let epoch = text(case, "epoch");
    let secret = Secret::from_slice(&from_hex(text(&vectors["secrets"], epoch))).unwrap();
    secret.domain_key(text(case, "domain"), Epoch(epoch.parse().unwrap()))
}

fn kernels(key: &DomainKey, identity: &str, kind: Kind) -> Vec<(&'static str, Kernel)> {
    let token = |form, bits| {
        let key = key.token_key(identity, kind.id());
        Kernel::token(key, kind, Blanks::default(), form, bits, OnInvalid::Token).unwrap()
    };
    let seal = |form| {
        let key = key.seal_key(identity, kind.id());
        Kernel::seal(key, kind, Blanks::default(), form, OnInvalid::Token)
    };
    vec![
        ("token_base32", token(TokenForm::Base32, 128)),
        ("token_hex", token(TokenForm::Hex, 128)),
        ("token_hex", token(TokenForm::Uuid, 128)),
        ("token_hex", token(TokenForm::Binary, 128)),
        ("token256_base32", token(TokenForm::Base32, 256)),
        ("token256_hex", token(TokenForm::Hex, 256)),
        ("token256_hex", token(TokenForm::Binary, 256)),
        ("seal_base64url", seal(SealForm::Base64Url)),
        ("seal_base32", seal(SealForm::Base32)),
        ("seal_hex", seal(SealForm::Binary)),
    ]
}

/// What a vector expects of one kernel; a blank has no entry.
fn expected(case: &Value, name: &str) -> Option<String> {
    match name {
        "seal_hex" => {
            let sealed = Encoding::Base64Url.decode(case["seal_base64url"].as_str()?);
            Some(hex(&sealed.unwrap()))
        }
        _ => Some(case[name].as_str()?.to_owned()),
    }
}

/// Cells that share a key and a kind: one column.
fn columns(vectors: &Value) -> Vec<Vec<&Value>> {
    let mut columns: BTreeMap<[&str; 4], Vec<&Value>> = BTreeMap::new();
    for case in vectors["cells"].as_array().unwrap() {
        let column = ["epoch", "domain", "identity", "kind"].map(|key| text(case, key));
        columns.entry(column).or_default().push(case);
    }
    columns.into_values().collect()
}

#[test]
fn every_cell_in_every_form_and_text_type() {
    let vectors = vectors();
    let mut seen = 0;
    for column in columns(&vectors) {
        let key = domain_key(&vectors, column[0]);
        let kind = Kind::parse(text(column[0], "kind")).unwrap();
        // A NULL between the cells moves everything that is compacted.
        let values: Vec<Option<&str>> = column
            .iter()
            .flat_map(|case| [Some(text(case, "value")), None])
            .collect();
        let arrays: [ArrayRef; 3] = [
            Arc::new(StringArray::from(values.clone())),
            Arc::new(LargeStringArray::from(values.clone())),
            Arc::new(StringViewArray::from(values.clone())),
        ];
        for (name, kernel) in kernels(&key, text(column[0], "identity"), kind) {
            let expected: Vec<Option<String>> = column
                .iter()
                .flat_map(|case| [expected(case, name), None])
                .collect();
            for array in &arrays {
                assert_eq!(cells(&kernel, array), expected, "{name} of {}", kind.id());
            }
            // Without a NULL in the array the offsets are computed in another way.
            for (row, expected) in expected.iter().enumerate().step_by(2) {
                assert_eq!(cells(&kernel, &arrays[0].slice(row, 1))[0], *expected);
            }
        }
        seen += column.len();
    }
    assert_eq!(seen, vectors["cells"].as_array().unwrap().len());
}

#[test]
fn every_verdict_is_counted() {
    let vectors = vectors();
    for column in columns(&vectors) {
        let key = domain_key(&vectors, column[0]);
        let kind = Kind::parse(text(column[0], "kind")).unwrap();
        let array: StringArray = column
            .iter()
            .map(|case| Some(text(case, "value")))
            .collect();
        let count = |verdict| {
            column
                .iter()
                .filter(|case| text(case, "verdict") == verdict)
                .count() as u64
        };
        for (_, kernel) in kernels(&key, text(column[0], "identity"), kind) {
            let (_, outcome) = apply(&kernel, &array);
            assert_eq!(outcome.blank, count("blank"));
            assert_eq!(outcome.suspect, count("suspect"));
            assert_eq!(outcome.invalid, count("invalid"));
            assert_eq!(outcome.transformed + outcome.blank, outcome.rows);
            let mut canonical: Vec<&str> = column
                .iter()
                .filter_map(|case| case["canonical"].as_str())
                .collect();
            canonical.sort_unstable();
            canonical.dedup();
            assert_eq!(outcome.distinct.estimate(), canonical.len() as u64);
        }
    }
}

#[test]
fn exact_takes_binary_as_it_is() {
    let vectors = vectors();
    for column in columns(&vectors)
        .iter()
        .filter(|c| text(c[0], "kind") == "exact/1")
    {
        let key = domain_key(&vectors, column[0]);
        let values: BinaryArray = column
            .iter()
            .map(|case| Some(text(case, "value").as_bytes()))
            .collect();
        for (name, kernel) in kernels(&key, text(column[0], "identity"), Kind::Exact) {
            let expected: Vec<Option<String>> =
                column.iter().map(|case| expected(case, name)).collect();
            assert_eq!(cells(&kernel, &values), expected);
        }
    }
}

#[test]
fn every_typed_value() {
    let vectors = vectors();
    for case in vectors["typed"].as_array().unwrap() {
        let key = domain_key(&vectors, case);
        let kind = Kind::parse(text(case, "kind")).unwrap();
        let array = typed(text(case, "type"), text(case, "value"));
        let of_text = StringArray::from(vec![text(case, "text")]);
        for (name, kernel) in kernels(&key, text(case, "identity"), kind) {
            let (result, _) = apply(&kernel, &array);
            assert_eq!(shown(&result), cells(&kernel, &of_text), "{case}");
            if name == "token_base32" {
                assert_eq!(shown(&result)[0].as_deref(), case["token_base32"].as_str());
            }
        }
    }
}

#[test]
fn every_fpe_value() {
    let vectors = vectors();
    let cases = vectors["fpe"].as_array().unwrap();
    assert_eq!(cases.len(), 26);
    let mut columns: BTreeMap<[&str; 5], Vec<&Value>> = BTreeMap::new();
    for case in cases {
        let column = ["epoch", "domain", "identity", "kind", "alphabet"].map(|key| text(case, key));
        columns.entry(column).or_default().push(case);
    }
    for column in columns.values() {
        let (key, kind) = (domain_key(&vectors, column[0]), text(column[0], "kind"));
        let form = fpe_form(text(column[0], "alphabet"));
        let key = key.fpe_key(text(column[0], "identity"), kind);
        let (kind, blanks) = (Kind::parse(kind).unwrap(), Blanks::default());
        let kernel = Kernel::fpe(key, kind, blanks, form, OnInvalid::Token);
        // A NULL between the cells moves everything that is compacted.
        let values: StringArray = column
            .iter()
            .flat_map(|case| [Some(text(case, "value")), None])
            .collect();
        let expected: Vec<Option<String>> = column
            .iter()
            .flat_map(|case| [fpe_text(&case["fpe"]), None])
            .collect();
        let (result, outcome) = apply(&kernel, &values);
        assert_eq!(shown(&result), expected, "{column:?}");
        let count = |verdict| {
            let of = |case: &&&Value| text(case, "verdict") == verdict;
            column.iter().filter(of).count() as u64
        };
        assert_eq!(
            (outcome.invalid, outcome.nulled, outcome.suspect),
            (count("invalid"), count("invalid"), count("suspect"))
        );
        for (row, expected) in expected.iter().enumerate().step_by(2) {
            assert_eq!(cells(&kernel, &values.slice(row, 1))[0], *expected);
        }
    }
}

fn fpe_form(alphabet: &str) -> FpeForm {
    FpeForm::Text(match alphabet {
        "digits" => Alphabet::Digits,
        "a-z" => Alphabet::LowerAlpha,
        "0-9a-z" => Alphabet::LowerAlnum,
        "0-9A-Z" => Alphabet::UpperAlnum,
        "0-9A-Za-z" => Alphabet::Alnum,
        "int64" => return FpeForm::Int64,
        other => panic!("alphabet `{other}`"),
    })
}

/// What a vector expects, numbers being shown in decimal.
fn fpe_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        number => Some(number.to_string()),
    }
}

#[test]
fn every_shift() {
    let vectors = vectors();
    let cases = vectors["shift"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let kind = Kind::parse(text(case, "kind")).unwrap();
        let key = domain_key(&vectors, case).shift_key(text(case, "identity"), kind.id());
        let days = u32::try_from(case["days"].as_u64().unwrap()).unwrap();
        let kernel = Kernel::shift(key, kind, Blanks::default(), days, OnInvalid::Fail).unwrap();
        let moved = case["shift_days"].as_i64().unwrap();
        let subject = StringArray::from(vec![text(case, "subject"); 2]);
        let dates = Date32Array::from(vec![Some(18_840), None]);
        let (result, _) = apply_with(&kernel, &dates, &subject);
        assert_eq!(shown(&result), [Some((18_840 + moved).to_string()), None]);
        let stamps = PrimitiveArray::<TimestampSecondType>::from(vec![Some(AUGUST), None])
            .with_timezone("+08:00");
        let (result, _) = apply_with(&kernel, &stamps, &subject);
        let result: &PrimitiveArray<TimestampSecondType> = result.as_any().downcast_ref().unwrap();
        assert_eq!(result.value(0), AUGUST + moved * 86_400);
        if let Ok(number) = text(case, "subject").parse::<i64>() {
            let subject = Int64Array::from(vec![number; 2]);
            let (result, _) = apply_with(&kernel, &dates, &subject);
            assert_eq!(shown(&result), [Some((18_840 + moved).to_string()), None]);
        }
    }
}

/// Builds the array of one value that a typed vector describes.
fn typed(data_type: &str, value: &str) -> ArrayRef {
    let decimal = |precision, scale, unscaled| -> ArrayRef {
        let array = PrimitiveArray::<Decimal128Type>::from(vec![unscaled]);
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    };
    match (data_type, value) {
        ("Int64", _) => Arc::new(Int64Array::from(vec![value.parse::<i64>().unwrap()])),
        ("Int8", _) => Arc::new(Int8Array::from(vec![value.parse::<i8>().unwrap()])),
        ("UInt64", _) => Arc::new(UInt64Array::from(vec![value.parse::<u64>().unwrap()])),
        ("Boolean", _) => Arc::new(BooleanArray::from(vec![value == "true"])),
        ("Decimal128(12,2)", "12.50") => decimal(12, 2, 1_250),
        ("Decimal128(12,2)", "0.00") => decimal(12, 2, 0),
        ("Decimal128(12,2)", "-0.50") => decimal(12, 2, -50),
        ("Decimal128(5,-2)", "unscaled 123") => decimal(5, -2, 123),
        ("Decimal128(38,0)", "1200") => decimal(38, 0, 1_200),
        ("Decimal128(12,4)", "0.0100") => decimal(12, 4, 100),
        ("Date32", "2021-08-01") => Arc::new(Date32Array::from(vec![18_840])),
        ("Date64", "unscaled -1") => Arc::new(Date64Array::from(vec![-1])),
        ("Timestamp(us, UTC)", _) => Arc::new(
            PrimitiveArray::<TimestampMicrosecondType>::from(vec![AUGUST * 1_000_000])
                .with_timezone("UTC"),
        ),
        ("Timestamp(us, +08:00)", _) => Arc::new(
            PrimitiveArray::<TimestampMicrosecondType>::from(vec![AUGUST * 1_000_000 + 120_000])
                .with_timezone("+08:00"),
        ),
        ("Timestamp(ns)", _) => Arc::new(PrimitiveArray::<TimestampNanosecondType>::from(vec![
            AUGUST * 1_000_000_000 + 1,
        ])),
        ("Timestamp(s)", _) => Arc::new(PrimitiveArray::<TimestampSecondType>::from(vec![-1])),
        ("Timestamp(ms)", _) => {
            Arc::new(PrimitiveArray::<TimestampMillisecondType>::from(vec![-1]))
        }
        other => panic!("{other:?} is not a typed vector"),
    }
}

#[test]
fn a_column_of_type_null_becomes_nulls() {
    let vectors = vectors();
    let key = domain_key(&vectors, &vectors["cells"][0]);
    for (_, kernel) in kernels(&key, "person", Kind::Text) {
        let (result, outcome) = apply(&kernel, &arrow_array::NullArray::new(5));
        assert_eq!((result.logical_null_count(), outcome.null), (5, 5));
        assert_ne!(result.data_type(), &DataType::Null);
    }
}

/// 2021-08-01T00:00:00Z.
const AUGUST: i64 = 1_627_776_000;
