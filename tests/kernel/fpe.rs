//! `fpe`: what fits, what does not, and what never passes.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_array::{
    BinaryArray, BooleanArray, Int64Array, PrimitiveArray, StringArray, UInt64Array,
};
use arrow_schema::DataType;
use pseudo_arrow::{Error, FpeForm, OnInvalid};
use pseudo_pii::Kind;
use pseudo_token::Alphabet;

use crate::harness::{apply, cells, error, fpe, shown, texts};

const DIGITS: FpeForm = FpeForm::Text(Alphabet::Digits);

#[test]
fn what_does_not_fit_is_null_and_never_in_clear() {
    let array = texts(&[
        Some("13912345678"),
        None,
        Some("N/A"),
        Some("Zhang San"),
        Some("010-62345678"),
        Some("+85212345678"),
        Some("+86 139-1234-5678"),
    ]);
    for on_invalid in [OnInvalid::Token, OnInvalid::Null] {
        let kernel = fpe(Kind::CnPhone, DIGITS, on_invalid);
        let (result, outcome) = apply(&kernel, &array);
        let cells = shown(&result);
        assert!(cells[0].is_some());
        assert_eq!(cells[0], cells[6]);
        assert_eq!(cells[1..6], [None, None, None, None, None]);
        assert_eq!(
            (outcome.transformed, outcome.null, outcome.blank),
            (2, 1, 1)
        );
        assert_eq!((outcome.nulled, outcome.invalid), (3, 3));
        assert_eq!(outcome.distinct.estimate(), 1);
    }
    let kernel = fpe(Kind::CnPhone, DIGITS, OnInvalid::Fail);
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 3 });
    assert_eq!(
        error(&kernel, &array.slice(4, 3)),
        Error::Invalid { row: 0 }
    );
    assert_eq!(
        error(&kernel, &array).to_string(),
        "row 3 holds an invalid value"
    );
    assert_eq!(format!("{kernel:?}"), "Kernel(fpe)");
}

#[test]
fn a_value_with_the_wrong_structure_is_null_even_if_its_characters_fit() {
    let kernel = fpe(
        Kind::Vin,
        FpeForm::Text(Alphabet::UpperAlnum),
        OnInvalid::Null,
    );
    // The second has a wrong check character, the third is too short for a VIN.
    let array = texts(&[
        Some("1M8GDM9AXKP042788"),
        Some("LSVAU2A37N2183294"),
        Some("LSVAU2A37N218329"),
    ]);
    let (result, outcome) = apply(&kernel, &array);
    let is_there: Vec<bool> = shown(&result).iter().map(Option::is_some).collect();
    assert_eq!(is_there, [true, true, false]);
    assert_eq!((outcome.suspect, outcome.invalid), (1, 1));
}

#[test]
fn numbers_keep_their_type() {
    let kernel = fpe(Kind::Integer, FpeForm::Int64, OnInvalid::Null);
    let array = Int64Array::from(vec![
        Some(0),
        Some(42),
        None,
        Some(-1),
        Some(999_999_999_999_999_999),
        Some(1_000_000_000_000_000_000),
        Some(i64::MAX),
    ]);
    let (result, outcome) = apply(&kernel, &array);
    assert_eq!(result.data_type(), &DataType::Int64);
    let numbers = result.as_primitive::<Int64Type>();
    let is_there: Vec<bool> = numbers.iter().map(|number| number.is_some()).collect();
    assert_eq!(is_there, [true, true, false, false, true, false, false]);
    assert_eq!((outcome.transformed, outcome.invalid), (3, 3));
    let spelled = texts(&[
        Some("000"),
        Some("+42"),
        None,
        Some("-1"),
        Some("N/A"),
        None,
        None,
    ]);
    let of_text = cells(&kernel, &spelled);
    assert_eq!(of_text[..4], cells(&kernel, &array)[..4]);
    let wide = UInt64Array::from(vec![42, u64::MAX]);
    assert_eq!(cells(&kernel, &wide), [of_text[1].clone(), None]);
    let decimal = PrimitiveArray::<Decimal128Type>::from(vec![4_200, 4_250])
        .with_precision_and_scale(10, 2)
        .unwrap();
    assert_eq!(cells(&kernel, &decimal), [of_text[1].clone(), None]);
}

#[test]
fn int64_of_another_kind_never_succeeds() {
    let kernel = fpe(Kind::Text, FpeForm::Int64, OnInvalid::Null);
    let (result, outcome) = apply(&kernel, &StringArray::from(vec!["42", ""]));
    assert_eq!(shown(&result), [None, None]);
    assert_eq!((outcome.invalid, outcome.blank), (1, 1));
}

#[test]
fn columns_are_refused_by_type() {
    let kernel = fpe(Kind::Text, DIGITS, OnInvalid::Null);
    for data_type in [DataType::Binary, DataType::Float64] {
        assert!(matches!(
            kernel.output(&data_type),
            Err(Error::UnsupportedType { action: "fpe", .. })
        ));
    }
    let exact = fpe(Kind::Exact, DIGITS, OnInvalid::Null);
    let binary = BinaryArray::from(vec![
        b"0123456789".as_slice(),
        b"\xff\xff\xff\xff\xff\xff\xff",
    ]);
    let of_text = cells(&exact, &texts(&[Some("0123456789")]));
    assert_eq!(cells(&exact, &binary), [of_text[0].clone(), None]);
    let letters = fpe(
        Kind::Exact,
        FpeForm::Text(Alphabet::LowerAlpha),
        OnInvalid::Null,
    );
    let (_, outcome) = apply(&letters, &BooleanArray::from(vec![true, false]));
    assert_eq!((outcome.transformed, outcome.invalid), (1, 1));
}
