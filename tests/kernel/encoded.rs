//! Dictionaries, run ends and slices of them give what their values give.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type, UInt16Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int32Array, Int64Array, LargeStringArray, RunArray,
    StringArray, StringViewArray, UInt16Array,
};
use arrow_schema::DataType;
use pseudo_arrow::{
    Band, Error, FpeForm, Kernel, Number, OnInvalid, Outcome, Part, SealForm, TokenForm,
};
use pseudo_pii::{Blanks, Kind};
use pseudo_token::Alphabet;

use crate::harness::{apply, cells, error, fpe, seal, shown, texts, token};

/// Values that are used often, once and never, NULL in keys and values, a blank and an invalid
/// phone.
fn phones() -> DictionaryArray<UInt16Type> {
    let values = texts(&[
        Some("139-1234-5678"),
        Some("never used"),
        None,
        Some("N/A"),
        Some("12"),
    ]);
    let keys = [
        Some(0),
        None,
        Some(2),
        Some(3),
        Some(4),
        Some(0),
        Some(0),
        Some(4),
    ];
    DictionaryArray::new(UInt16Array::from(keys.to_vec()), values)
}

fn plain(array: &dyn Array) -> ArrayRef {
    let dictionary = array.as_any_dictionary();
    arrow_select::take::take(dictionary.values(), dictionary.keys(), None).unwrap()
}

#[test]
fn a_dictionary_gives_what_its_values_give() {
    let array = phones();
    let utf8 = DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8));
    let phone = Kind::CnPhone;
    for (kernel, output) in [
        (
            token(phone, TokenForm::Base32, 128, OnInvalid::Token),
            utf8.clone(),
        ),
        (
            token(phone, TokenForm::Hex, 256, OnInvalid::Null),
            utf8.clone(),
        ),
        (
            token(phone, TokenForm::Uuid, 128, OnInvalid::Null),
            DataType::FixedSizeBinary(16),
        ),
        (
            seal(phone, SealForm::Base64Url, OnInvalid::Token),
            utf8.clone(),
        ),
        (
            seal(phone, SealForm::Binary, OnInvalid::Token),
            DataType::Binary,
        ),
        (Kernel::mask(3, 4), utf8.clone()),
        (Kernel::constant("x"), utf8.clone()),
        (Kernel::keep(), utf8),
        (Kernel::null(DataType::Utf8), DataType::Utf8),
    ] {
        for (start, length) in [(0, 8), (3, 5), (0, 3), (5, 2), (2, 1), (4, 0)] {
            let slice = array.slice(start, length);
            let (result, outcome) = apply(&kernel, &slice);
            let (expected, counts) = apply(&kernel, &plain(&slice));
            assert_eq!(result.data_type(), &output);
            assert_eq!(shown(&result), shown(&expected));
            assert_eq!(outcome, counts, "{kernel:?} of {start}, {length}");
        }
    }
}

#[test]
fn a_value_that_no_row_uses_is_not_touched() {
    let values = texts(&[Some("13912345678"), Some("not a phone")]);
    let array = DictionaryArray::<Int8Type>::new(vec![0_i8, 0, 0].into(), values);
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Fail);
    let (result, outcome) = apply(&kernel, &array);
    assert_eq!((outcome.transformed, outcome.invalid), (3, 0));
    assert_eq!(outcome.distinct.estimate(), 1);
    assert!(result.as_any_dictionary().values().is_null(1));
}

#[test]
fn null_stands_in_the_keys_of_the_output() {
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Null);
    let (result, _) = apply(&kernel, &phones());
    let keys = result.as_any_dictionary().keys();
    let null: Vec<bool> = (0..keys.len()).map(|row| keys.is_null(row)).collect();
    assert_eq!(null, [false, true, true, true, true, false, false, true]);
}

#[test]
fn the_first_bad_row_is_named() {
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Fail);
    let values = texts(&[Some("1"), Some("13912345678"), Some("2")]);
    let keys = Int32Array::from(vec![Some(1), None, Some(2), Some(0)]);
    let array = DictionaryArray::<Int32Type>::new(keys, values);
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 2 });
    assert_eq!(
        error(&kernel, &array.slice(1, 3)),
        Error::Invalid { row: 1 }
    );
    assert_eq!(error(&kernel, &plain(&array)), Error::Invalid { row: 2 });
}

#[test]
fn numbers_in_a_dictionary_become_plain() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(4_999), None, Some(5_000)]));
    let keys = Int32Array::from(vec![Some(2), Some(0), Some(1), None]);
    let array = DictionaryArray::<Int32Type>::new(keys, values);
    let band = Kernel::band(Band::Width(Number::from(5_000)), OnInvalid::Null).unwrap();
    let expected = [Some("5000-10000"), Some("0-5000"), None, None];
    assert_eq!(
        cells(&band, &array),
        expected.map(|text| text.map(str::to_owned))
    );
    assert_eq!(band.output(array.data_type()).unwrap(), DataType::Utf8);
    let round = Kernel::round(Number::from(1_000), OnInvalid::Null).unwrap();
    let expected = [Some("5000"), Some("5000"), None, None];
    assert_eq!(
        cells(&round, &array),
        expected.map(|text| text.map(str::to_owned))
    );
    let token = token(Kind::Integer, TokenForm::Base32, 128, OnInvalid::Token);
    assert_eq!(cells(&token, &array), cells(&token, &plain(&array)));
}

#[test]
fn derived_text_stays_a_dictionary_and_derived_numbers_do_not() {
    let values = texts(&[Some("11010519491231002X"), Some("nobody")]);
    let array = DictionaryArray::<Int8Type>::new(vec![0_i8, 1, 0].into(), values);
    let derive = |part| Kernel::derive(part, None, Blanks::default(), 2026, OnInvalid::Null);
    let (sex, outcome) = apply(&derive(Part::Sex), &array);
    assert!(matches!(sex.data_type(), DataType::Dictionary(..)));
    assert_eq!(
        shown(&sex),
        [Some("F".to_owned()), None, Some("F".to_owned())]
    );
    assert_eq!(
        (outcome.transformed, outcome.nulled, outcome.invalid),
        (2, 1, 1)
    );
    let (year, _) = apply(&derive(Part::BirthYear), &array);
    assert_eq!(year.data_type(), &DataType::Int16);
    assert_eq!(
        shown(&year),
        [Some("1949".to_owned()), None, Some("1949".to_owned())]
    );
}

#[test]
fn run_ends_are_expanded() {
    let values = StringArray::from(vec![Some("13912345678"), None, Some("12"), Some("unused")]);
    let runs = RunArray::<Int32Type>::try_new(&vec![3, 4, 7, 9].into(), &values).unwrap();
    let rows: Vec<Option<&str>> = [0, 0, 0, 1, 2, 2, 2, 3, 3]
        .into_iter()
        .map(|run| (run != 1).then(|| values.value(run)))
        .collect();
    for kernel in [
        token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Null),
        seal(Kind::CnPhone, SealForm::Base32, OnInvalid::Token),
        Kernel::mask(0, 2),
        Kernel::constant("x"),
    ] {
        for (start, length) in [(0, 9), (0, 7), (2, 4), (3, 1), (5, 2), (9, 0)] {
            let (result, outcome) = apply(&kernel, &runs.slice(start, length));
            let (expected, counts) = apply(&kernel, &texts(&rows[start..start + length]));
            assert_eq!(shown(&result), shown(&expected), "{start}, {length}");
            assert_eq!(outcome, counts);
        }
    }
}

#[test]
fn a_dictionary_without_values_is_null() {
    let values = texts(&[]);
    let array = DictionaryArray::<Int8Type>::new(vec![None::<i8>, None].into(), values);
    let kernel = token(Kind::Text, TokenForm::Base32, 128, OnInvalid::Fail);
    let (result, outcome) = apply(&kernel, &array);
    assert_eq!((result.logical_null_count(), outcome.null), (2, 2));
}

/// A cell of a column of many rows.
fn often(row: usize, values: usize) -> Option<String> {
    match row * row % values {
        0 => None,
        1 => Some("N/A".to_owned()),
        2 => Some("12".to_owned()),
        n if row.is_multiple_of(2) => Some(format!("139-1234-{n:04}")),
        n => Some(format!("1391234{n:04}")),
    }
}

#[test]
fn a_column_that_repeats_gives_what_its_rows_give() {
    let phone = Kind::CnPhone;
    let kernels = [
        token(phone, TokenForm::Base32, 128, OnInvalid::Token),
        token(phone, TokenForm::Uuid, 128, OnInvalid::Null),
        seal(phone, SealForm::Base64Url, OnInvalid::Null),
        seal(phone, SealForm::Binary, OnInvalid::Token),
        fpe(phone, FpeForm::Text(Alphabet::Digits), OnInvalid::Null),
    ];
    // Few values, values that the sample does not show to be many, and many.
    for values in [7, 1_500, 9_973] {
        let rows: Vec<Option<String>> = (0..10_000).map(|row| often(row, values)).collect();
        let arrays: [ArrayRef; 3] = [
            Arc::new(StringArray::from(rows.clone())),
            Arc::new(LargeStringArray::from(rows.clone())),
            Arc::new(StringViewArray::from_iter(rows.clone())),
        ];
        for kernel in &kernels {
            let (mut expected, mut counts) = (Vec::new(), Outcome::default());
            for start in (0..rows.len()).step_by(1_000) {
                let (result, outcome) = apply(kernel, &arrays[0].slice(start, 1_000));
                expected.extend(shown(&result));
                counts.merge(&outcome);
            }
            for array in &arrays {
                let (result, outcome) = apply(kernel, array);
                assert_eq!(shown(&result), expected);
                assert_eq!(outcome, counts);
            }
        }
    }
}

#[test]
fn the_first_bad_row_of_a_column_that_repeats_is_named() {
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Fail);
    let cell = |row| match row {
        7_000.. => "Zhang San",
        _ if row % 2 == 0 => "13912345678",
        _ => "13800000000",
    };
    let array: StringArray = (0..10_000).map(|row| Some(cell(row))).collect();
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 7_000 });
    let blank: StringArray = (0..10_000).map(|_| None::<&str>).collect();
    assert_eq!(apply(&kernel, &blank).1.null, 10_000);
}
