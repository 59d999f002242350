//! Which rows a kernel refuses: those that it fails at when they come alone, in every encoding, and
//! wherever the column is cut.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Date32Array, DictionaryArray, Float64Array, Int32Array};
use arrow_array::{RunArray, StringArray};
use proptest::collection::vec;
use proptest::prelude::*;
use pseudo_arrow::{
    Band, Date, Error, FpeForm, Kernel, Number, OnInvalid, Outcome, Part, SealForm, TokenForm, Unit,
};
use pseudo_pii::{Blanks, Kind};
use pseudo_token::Alphabet;

use crate::harness::{fpe, seal, shift, texts, token};

fn refused(kernel: &Kernel, array: &dyn Array, subject: Option<&dyn Array>) -> Vec<bool> {
    let marks = kernel.refused(array, subject).unwrap();
    let marks = marks.map(|marks| marks.values().iter().collect::<Vec<_>>());
    if let Some(marks) = &marks {
        assert!(marks.contains(&true) && marks.len() == array.len());
    }
    marks.unwrap_or_else(|| vec![false; array.len()])
}

/// What applying the kernel to each row alone says.
fn failing(kernel: &Kernel, array: &dyn Array, subject: Option<&dyn Array>) -> Vec<bool> {
    let fails = |row: usize| {
        let (cell, outcome) = (array.slice(row, 1), &mut Outcome::default());
        let applied = match subject {
            Some(subject) => kernel.apply_with_subject(&cell, &subject.slice(row, 1), outcome),
            None => kernel.apply(&cell, outcome),
        };
        match applied {
            Ok(_) => false,
            Err(error) => {
                assert_eq!(error, Error::Invalid { row: 0 });
                true
            }
        }
    };
    (0..array.len()).map(fails).collect()
}

fn strict() -> Vec<Kernel> {
    let fail = OnInvalid::Fail;
    let at = Date::new(2026, 11, 22).unwrap();
    let entries = [("N/A", "none"), ("15412345678", "x")];
    let entries = entries.map(|(from, to)| (from.to_owned(), to.to_owned()));
    let derive = |part| Kernel::derive(part, None, Blanks::default(), 2026, fail);
    vec![
        token(Kind::CnPhone, TokenForm::Base32, 128, fail),
        token(Kind::CnResidentId, TokenForm::Uuid, 128, fail),
        token(Kind::Text, TokenForm::Hex, 256, fail),
        seal(Kind::CnPhone, SealForm::Base64Url, fail),
        fpe(Kind::CnPhone, FpeForm::Text(Alphabet::Digits), fail),
        fpe(Kind::Text, FpeForm::Text(Alphabet::LowerAlpha), fail),
        derive(Part::BirthYear),
        derive(Part::IssueNetwork),
        derive(Part::IsNev),
        Kernel::age(5, 75, at, None, Blanks::default(), fail).unwrap(),
        Kernel::map(entries, None, fail),
    ]
}

fn cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        1 => Just(None),
        4 => "1[3-9][0-9]{9}".prop_map(Some),
        2 => Just(Some("15412345678".to_owned())),
        1 => "1[1-5][01][0-9]{3}(19|20)[0-9]{2}0[1-9][012][0-9]{4}[0-9X]".prop_map(Some),
        1 => "[京沪][A-Z][0-9A-Z]{5,6}".prop_map(Some),
        2 => "\\PC{0,20}".prop_map(Some),
        1 => proptest::sample::select(vec!["", " ", "N/A", "无"]).prop_map(|s| Some(s.into())),
    ]
}

fn dictionary(array: &StringArray) -> DictionaryArray<Int32Type> {
    let mut values: Vec<Option<&str>> = array.iter().collect();
    values.sort_unstable();
    values.dedup();
    let key = |cell| i32::try_from(values.binary_search(&cell).unwrap()).unwrap();
    let keys: Int32Array = array.iter().map(|cell| Some(key(cell))).collect();
    DictionaryArray::new(keys, Arc::new(StringArray::from(values)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_are_refused_that_fail_alone(
        cells in vec(cell(), 1..40), rows in 0_usize..1_400,
        cut in any::<proptest::sample::Index>(),
    ) {
        let array: StringArray = cells.into_iter().cycle().take(rows).collect();
        let encoded = dictionary(&array);
        let cut = cut.index(rows + 1);
        for kernel in strict() {
            let expected = failing(&kernel, &array, None);
            prop_assert_eq!(&refused(&kernel, &array, None), &expected);
            prop_assert_eq!(&refused(&kernel, &encoded, None), &expected);
            let slice = encoded.slice(cut, rows - cut);
            prop_assert_eq!(&refused(&kernel, &slice, None)[..], &expected[cut..]);
            let slice = array.slice(cut, rows - cut);
            prop_assert_eq!(&refused(&kernel, &slice, None)[..], &expected[cut..]);
        }
    }
}

#[test]
fn a_column_that_repeats_is_refused_row_by_row() {
    let cells = ["15412345678", "canary", "13812345678", ""];
    let array: StringArray = cells.into_iter().cycle().take(8_192).map(Some).collect();
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Fail);
    let expected: Vec<bool> = (0..8_192).map(|row| row % 4 == 1).collect();
    assert_eq!(refused(&kernel, &array, None), expected);
}

#[test]
fn numbers_dates_and_runs_are_refused_too() {
    let numbers = Float64Array::from(vec![Some(1.5), Some(f64::NAN), None, Some(f64::INFINITY)]);
    let ten = Number::new(10, 0);
    let round = Kernel::round(ten, OnInvalid::Fail).unwrap();
    let band = Kernel::band(Band::Width(ten), OnInvalid::Fail).unwrap();
    let geo = Kernel::geo(2, OnInvalid::Fail);
    for kernel in [round, band, geo] {
        let expected = failing(&kernel, &numbers, None);
        assert!(expected.contains(&true), "{kernel:?}");
        assert_eq!(refused(&kernel, &numbers, None), expected, "{kernel:?}");
    }
    let dates = Date32Array::from(vec![Some(0), Some(i32::MIN), None, Some(20_000)]);
    let truncate = Kernel::truncate(Unit::Month, OnInvalid::Fail);
    let marks = refused(&truncate, &dates, None);
    assert_eq!(marks, [false, true, false, false]);
    let ends = Int32Array::from(vec![2, 3]);
    let values = StringArray::from(vec!["canary", "15412345678"]);
    let runs = RunArray::<Int32Type>::try_new(&ends, &values).unwrap();
    let kernel = token(Kind::CnPhone, TokenForm::Hex, 128, OnInvalid::Fail);
    assert_eq!(refused(&kernel, &runs, None), [true, true, false]);
}

#[test]
fn shifted_dates_are_refused_by_their_subject() {
    let dates = Date32Array::from(vec![Some(i32::MAX); 64]);
    let subjects: ArrayRef = Arc::new(
        (0..64)
            .map(|n| Some(n.to_string()))
            .collect::<StringArray>(),
    );
    let kernel = shift(Kind::Integer, 30, OnInvalid::Fail);
    let expected = failing(&kernel, &dates, Some(&subjects));
    assert!(expected.contains(&true) && expected.contains(&false));
    assert_eq!(refused(&kernel, &dates, Some(&subjects)), expected);
    assert_eq!(kernel.refused(&dates, None), Err(Error::NoSubject));
    let few = subjects.slice(1, 3);
    assert_eq!(kernel.refused(&dates, Some(&few)), Err(Error::NoSubject));
}

#[test]
fn other_kernels_refuse_nothing() {
    let array = texts(&[Some("canary"), None]);
    let lenient = [
        token(Kind::CnPhone, TokenForm::Hex, 128, OnInvalid::Token),
        token(Kind::CnPhone, TokenForm::Hex, 128, OnInvalid::Null),
        Kernel::keep(),
        Kernel::mask(1, 1),
    ];
    for kernel in lenient {
        assert_eq!(kernel.refused(&array, None), Ok(None), "{kernel:?}");
    }
    let numbers = Float64Array::from(vec![1.0]);
    let kernel = fpe(Kind::CnPhone, FpeForm::Int64, OnInvalid::Fail);
    assert!(matches!(
        kernel.refused(&numbers, None),
        Err(Error::UnsupportedType { .. })
    ));
    assert_eq!(array.as_string::<i32>().value(0), "canary");
}
