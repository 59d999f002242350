//! `shift`: the dates of one subject move together.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int8Type, TimestampNanosecondType, TimestampSecondType};
use arrow_array::{
    Array, BinaryArray, Date32Array, Date64Array, DictionaryArray, Int8Array, NullArray,
    PrimitiveArray,
};
use arrow_schema::DataType;
use pseudo_arrow::{Error, Kernel, OnInvalid, Outcome};
use pseudo_pii::{Blanks, Kind};

use crate::harness::{apply_with, domain_key, shift, shown, texts};

/// Two spellings of one subject, another one, and none.
fn subjects() -> arrow_array::ArrayRef {
    texts(&[
        Some("139 1234 5678"),
        Some("+8613912345678"),
        Some("13800000000"),
        None,
        Some("N/A"),
        Some("not a phone"),
        Some("13912345678"),
    ])
}

fn dates() -> Date32Array {
    vec![
        Some(100),
        Some(110),
        Some(100),
        Some(100),
        Some(100),
        Some(100),
        None,
    ]
    .into()
}

#[test]
fn intervals_within_a_subject_stay() {
    let kernel = shift(Kind::CnPhone, 30, OnInvalid::Null);
    assert!(kernel.needs_subject());
    let (result, outcome) = apply_with(&kernel, &dates(), &subjects());
    let result = result.as_primitive::<Date32Type>();
    assert_eq!(result.value(1) - result.value(0), 10);
    for row in [0, 2, 5] {
        assert!((70..=130).contains(&result.value(row)));
    }
    let null: Vec<bool> = (0..7).map(|row| result.is_null(row)).collect();
    assert_eq!(null, [false, false, false, true, true, false, true]);
    // A row without a subject is withheld, and nothing about it is invalid.
    assert_eq!(
        (outcome.transformed, outcome.nulled, outcome.invalid),
        (4, 2, 0)
    );
    assert_eq!((outcome.null, outcome.blank), (1, 0));
}

#[test]
fn every_type_of_date_moves_by_whole_days() {
    let kernel = shift(Kind::CnPhone, 365, OnInvalid::Null);
    let subject = subjects().slice(0, 1);
    let (moved, _) = apply_with(&kernel, &Date32Array::from(vec![0]), &subject);
    let days = i64::from(moved.as_primitive::<Date32Type>().value(0));
    assert_ne!(days, 0);
    let (moved, _) = apply_with(&kernel, &Date64Array::from(vec![5]), &subject);
    assert_eq!(shown(&moved), [Some((days * 86_400_000 + 5).to_string())]);
    let stamps =
        PrimitiveArray::<TimestampNanosecondType>::from(vec![7]).with_timezone("Asia/Shanghai");
    let (moved, _) = apply_with(&kernel, &stamps, &subject);
    assert_eq!(moved.data_type(), stamps.data_type());
    let moved = moved.as_primitive::<TimestampNanosecondType>().value(0);
    assert_eq!(moved, days * 86_400_000_000_000 + 7);
}

#[test]
fn overflow_is_invalid() {
    let kernel = shift(Kind::CnPhone, 30, OnInvalid::Null);
    let subject = subjects().slice(0, 2);
    let ends = Date32Array::from(vec![i32::MIN, i32::MAX]);
    let (result, outcome) = apply_with(&kernel, &ends, &subject);
    assert_eq!(
        (result.null_count(), outcome.invalid, outcome.nulled),
        (1, 1, 1)
    );
    let ends = PrimitiveArray::<TimestampSecondType>::from(vec![i64::MIN, i64::MAX]);
    let (_, outcome) = apply_with(&kernel, &ends, &subject);
    assert_eq!((outcome.invalid, outcome.nulled), (1, 1));
    let failing = shift(Kind::CnPhone, 30, OnInvalid::Fail);
    let result = failing.apply_with_subject(&ends, &subject, &mut Outcome::default());
    assert!(matches!(result, Err(Error::Invalid { .. })));
}

#[test]
fn dictionaries_are_written_out() {
    let kernel = shift(Kind::CnPhone, 30, OnInvalid::Null);
    let expected = apply_with(&kernel, &dates(), &subjects());
    let keys = Int8Array::from(vec![
        Some(0),
        Some(1),
        Some(0),
        Some(0),
        Some(0),
        Some(0),
        None,
    ]);
    let values = Date32Array::from(vec![100, 110]);
    let encoded = DictionaryArray::<Int8Type>::new(keys, Arc::new(values));
    assert_eq!(kernel.output(encoded.data_type()), Ok(DataType::Date32));
    assert_eq!(apply_with(&kernel, &encoded, &subjects()), expected);
    let keys = Int8Array::from((0..7).collect::<Vec<i8>>());
    let subjects = DictionaryArray::<Int8Type>::new(keys, subjects());
    assert_eq!(apply_with(&kernel, &encoded, &subjects), expected);
    let none = DictionaryArray::<Int8Type>::new(vec![None::<i8>; 7].into(), texts(&[]));
    let (result, outcome) = apply_with(&kernel, &dates(), &none);
    assert_eq!((result.null_count(), outcome.nulled), (7, 6));
    let (result, outcome) = apply_with(&kernel, &dates(), &NullArray::new(7));
    assert_eq!((result.null_count(), outcome.nulled), (7, 6));
    let (_, outcome) = apply_with(&kernel, &NullArray::new(7), &subjects);
    assert_eq!(outcome.null, 7);
}

#[test]
fn a_shift_without_subjects_is_refused() {
    let kernel = shift(Kind::CnPhone, 30, OnInvalid::Null);
    let outcome = &mut Outcome::default();
    assert_eq!(kernel.apply(&dates(), outcome), Err(Error::NoSubject));
    let short = subjects().slice(0, 6);
    let result = kernel.apply_with_subject(&dates(), &short, outcome);
    assert_eq!(result, Err(Error::NoSubject));
    let binary = BinaryArray::from(vec![b"x".as_slice(); 7]);
    let result = kernel.apply_with_subject(&dates(), &binary, outcome);
    assert!(matches!(
        result,
        Err(Error::UnsupportedType {
            action: "shift",
            ..
        })
    ));
    for data_type in [DataType::Utf8, DataType::Int64] {
        assert!(kernel.output(&data_type).is_err());
    }
    assert_eq!(*outcome, Outcome::default());
    let key = domain_key().shift_key("person", "text/1");
    let result = Kernel::shift(key, Kind::Text, Blanks::default(), 0, OnInvalid::Null);
    assert!(matches!(
        result,
        Err(Error::Steps {
            action: "shift",
            ..
        })
    ));
}

#[test]
fn other_kernels_take_no_notice_of_subjects() {
    let mask = Kernel::mask(0, 2);
    assert!(!mask.needs_subject());
    let array = texts(&[Some("abcd"); 7]);
    let (result, _) = apply_with(&mask, &array, &subjects());
    assert_eq!(shown(&result)[0].as_deref(), Some("**cd"));
}

#[test]
fn dates_move_from_one_key_to_another() {
    let subjects = texts(&[Some("+8613912345678"), Some("+8613800000000"), None]);
    let dates = Date32Array::from(vec![Some(100), Some(200), None]);
    let key = |byte: u8| {
        pseudo_token::DomainKey::from_bytes([byte; 32]).shift_key("person", "cn-phone/1")
    };
    let shift = |byte| {
        let blanks = Blanks::default();
        Kernel::shift(key(byte), Kind::CnPhone, blanks, 30, OnInvalid::Null).unwrap()
    };
    let (old, _) = apply_with(&shift(1), &dates, &subjects);
    let (new, _) = apply_with(&shift(2), &dates, &subjects);
    let again = Kernel::reshift(key(1), key(2), 30).unwrap();
    let (moved, _) = apply_with(&again, &old, &subjects);
    assert_eq!(
        moved.as_primitive::<Date32Type>(),
        new.as_primitive::<Date32Type>()
    );
    assert_ne!(
        old.as_primitive::<Date32Type>(),
        new.as_primitive::<Date32Type>()
    );
    assert!(Kernel::reshift(key(1), key(2), 0).is_err());
}
