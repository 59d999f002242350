//! Laws that hold for every column: NULL stays NULL, cuts and dictionaries change nothing, and the
//! batched paths give what one value at a time gives.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::{date32_to_datetime, timestamp_us_to_datetime};
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, Date32Array, DictionaryArray, Int32Array, Int64Array, PrimitiveArray,
    StringArray,
};
use arrow_select::concat::concat;
use proptest::collection::vec;
use proptest::prelude::*;
use pseudo_arrow::{
    Band, Date, FpeForm, Kept, Kernel, Number, OnInvalid, Outcome, Part, RareTo, SealForm,
    TokenForm, Unit,
};
use pseudo_pii::{Blanks, Canonical, Kind};
use pseudo_token::{Alphabet, Encoding};

use crate::harness::{
    apply, apply_with, cells, derive, domain_key, fpe, seal, shift, shown, token,
};

fn cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        1 => Just(None),
        4 => "1[3-9][0-9]{9}".prop_map(Some),
        1 => "[+ (]{0,2}86[ -]?1[3-9][0-9]{9}".prop_map(Some),
        1 => "[0-9]{17}[0-9Xx]".prop_map(Some),
        1 => "[京沪][A-Z][0-9A-Z]{5,6}".prop_map(Some),
        1 => "1[1-5][01][0-9]{3}(19|20)[0-9]{2}0[1-9][012][0-9]{4}[0-9X]".prop_map(Some),
        1 => "\\PC{0,40}".prop_map(Some),
        1 => proptest::sample::select(vec!["", " ", "N/A", "无", "-"]).prop_map(|s| Some(s.into())),
    ]
}

/// A column over more than one batch, of repeated random cells.
fn column() -> impl Strategy<Value = StringArray> {
    (vec(cell(), 1..60), 0_usize..2_600)
        .prop_map(|(cells, rows)| cells.into_iter().cycle().take(rows).collect())
}

fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for kind in [
        Kind::Exact,
        Kind::Text,
        Kind::CnPhone,
        Kind::CnResidentId,
        Kind::Name,
    ] {
        kernels.push(token(kind, TokenForm::Base32, 128, OnInvalid::Token));
        kernels.push(token(kind, TokenForm::Hex, 256, OnInvalid::Null));
        kernels.push(token(kind, TokenForm::Uuid, 128, OnInvalid::Null));
        kernels.push(seal(kind, SealForm::Base64Url, OnInvalid::Token));
        kernels.push(seal(kind, SealForm::Binary, OnInvalid::Null));
    }
    for part in PARTS {
        kernels.push(derive(part));
    }
    for (kind, form) in [
        (Kind::CnPhone, FpeForm::Text(Alphabet::Digits)),
        (Kind::CnResidentId, FpeForm::Text(Alphabet::UpperAlnum)),
        (Kind::Text, FpeForm::Text(Alphabet::Alnum)),
        (Kind::Integer, FpeForm::Int64),
    ] {
        kernels.push(fpe(kind, form, OnInvalid::Null));
    }
    let at = Date::new(2026, 11, 22).unwrap();
    let age = Kernel::age(5, 75, at, None, Blanks::default(), OnInvalid::Null);
    kernels.push(age.unwrap());
    let entries = [("N/A", "none"), ("", "empty")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    kernels.push(Kernel::map(entries.clone(), None, OnInvalid::Null));
    kernels.push(Kernel::map(
        entries,
        Some("OTHER".to_owned()),
        OnInvalid::Fail,
    ));
    let kept = Kept::new(["N/A", "无", ""]);
    kernels.push(Kernel::rare(kept, RareTo::Text("OTHER".to_owned())));
    kernels.push(Kernel::prefix(3));
    kernels.push(Kernel::mask(1, 4));
    kernels.push(Kernel::constant("someone"));
    kernels.push(Kernel::keep());
    kernels
}

const PARTS: [Part; 11] = [
    Part::BirthYear,
    Part::Sex,
    Part::Province,
    Part::City,
    Part::Wmi,
    Part::ModelYear,
    Part::Plant,
    Part::EmailDomain,
    Part::IssueNetwork,
    Part::IsNev,
    Part::Length,
];

fn dictionary(array: &StringArray) -> DictionaryArray<Int32Type> {
    let mut values: Vec<Option<&str>> = array.iter().collect();
    values.sort_unstable();
    values.dedup();
    let keys: Int32Array = array
        .iter()
        .map(|cell| Some(i32::try_from(values.binary_search(&cell).unwrap()).unwrap()))
        .collect();
    DictionaryArray::new(keys, Arc::new(StringArray::from(values)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn null_stays_null(array in column()) {
        for kernel in kernels() {
            let (result, _) = apply(&kernel, &array);
            for row in 0..array.len() {
                prop_assert!(array.is_valid(row) || result.is_null(row));
            }
        }
    }

    #[test]
    fn a_cut_changes_nothing(array in column(), cut in any::<proptest::sample::Index>()) {
        let cut = cut.index(array.len() + 1);
        for kernel in kernels() {
            let (whole, counts) = apply(&kernel, &array);
            let (left, mut merged) = apply(&kernel, &array.slice(0, cut));
            let (right, rest) = apply(&kernel, &array.slice(cut, array.len() - cut));
            merged.merge(&rest);
            prop_assert_eq!(&concat(&[&left, &right]).unwrap(), &whole);
            prop_assert_eq!(merged, counts);
        }
    }

    #[test]
    fn a_dictionary_gives_what_its_values_give(array in column()) {
        let encoded = dictionary(&array);
        for kernel in kernels() {
            let (result, counts) = apply(&kernel, &encoded);
            let (expected, expected_counts) = apply(&kernel, &array);
            prop_assert_eq!(shown(&result), shown(&expected));
            prop_assert_eq!(counts, expected_counts);
        }
    }

    #[test]
    fn a_shift_is_the_same_in_pieces_and_in_dictionaries(
        subjects in column(),
        days in vec(any::<Option<i32>>(), 1..40),
        cut in any::<proptest::sample::Index>(),
    ) {
        let dates: Date32Array = days.iter().copied().cycle().take(subjects.len()).collect();
        let cut = cut.index(subjects.len() + 1);
        let kernel = shift(Kind::CnPhone, 30, OnInvalid::Null);
        let (whole, counts) = apply_with(&kernel, &dates, &subjects);
        for row in 0..dates.len() {
            prop_assert!(dates.is_valid(row) || whole.is_null(row));
            prop_assert!(subjects.is_valid(row) || whole.is_null(row));
        }
        let rest = dates.len() - cut;
        let (left, mut merged) =
            apply_with(&kernel, &dates.slice(0, cut), &subjects.slice(0, cut));
        let (right, others) =
            apply_with(&kernel, &dates.slice(cut, rest), &subjects.slice(cut, rest));
        merged.merge(&others);
        prop_assert_eq!(&concat(&[&left, &right]).unwrap(), &whole);
        prop_assert_eq!(&merged, &counts);
        let encoded = dictionary(&subjects);
        prop_assert_eq!(apply_with(&kernel, &dates, &encoded), (whole, counts));
    }

    #[test]
    fn a_pseudonym_has_the_shape_of_its_value(
        values in vec("[0-9]{6,24}|[0-9A-Za-z]{4,20}", 1..60),
    ) {
        let array: StringArray = values.iter().map(Some).collect();
        let kernel = fpe(Kind::Text, FpeForm::Text(Alphabet::Alnum), OnInvalid::Fail);
        let pseudonyms = cells(&kernel, &array);
        for (value, pseudonym) in values.iter().zip(&pseudonyms) {
            let pseudonym = pseudonym.as_ref().unwrap();
            prop_assert_eq!(pseudonym.len(), value.len());
            prop_assert!(pseudonym.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
        for (a, of_a) in values.iter().zip(&pseudonyms) {
            for (b, of_b) in values.iter().zip(&pseudonyms) {
                prop_assert_eq!(a == b, of_a == of_b);
            }
        }
    }

    #[test]
    fn int64_is_a_bijection(numbers in vec(0_i64..1_000_000_000_000_000_000, 1..200)) {
        let kernel = fpe(Kind::Integer, FpeForm::Int64, OnInvalid::Fail);
        let (result, _) = apply(&kernel, &Int64Array::from(numbers.clone()));
        let result = result.as_primitive::<Int64Type>();
        let distinct = |numbers: &[i64]| {
            numbers.iter().collect::<std::collections::BTreeSet<_>>().len()
        };
        prop_assert_eq!(distinct(result.values()), distinct(&numbers));
        prop_assert!(result.values().iter().all(|n| (0..1_000_000_000_000_000_000).contains(n)));
    }

    #[test]
    fn a_column_gives_what_its_values_give_alone(array in column()) {
        let (kind, blanks) = (Kind::CnPhone, Blanks::default());
        let token_key = domain_key().token_key("person", kind.id());
        let seal_key = domain_key().seal_key("person", kind.id());
        let tokens = cells(&token(kind, TokenForm::Base32, 128, OnInvalid::Token), &array);
        let seals = cells(&seal(kind, SealForm::Base64Url, OnInvalid::Token), &array);
        for ((value, token), sealed) in array.iter().zip(tokens).zip(seals) {
            let mut out = String::new();
            let canonical = match value.map(|value| kind.canonical(value, &blanks, &mut out)) {
                None | Some(Canonical::Blank) => {
                    prop_assert_eq!((token, sealed), (None, None));
                    continue;
                }
                Some(Canonical::Same(_)) => value.unwrap().as_bytes(),
                Some(Canonical::Written(_)) => out.as_bytes(),
            };
            let mut alone = [[0; 16]];
            token_key.tokens(&[canonical], &mut alone);
            let mut text = Vec::new();
            Encoding::Base32.encode(&alone[0], &mut text);
            prop_assert_eq!(token.unwrap().into_bytes(), text);
            let sealed = Encoding::Base64Url.decode(&sealed.unwrap()).unwrap();
            prop_assert_eq!(seal_key.open(&sealed).unwrap().to_vec(), canonical);
        }
    }

    #[test]
    fn a_number_joins_with_its_text(numbers in vec(any::<Option<i64>>(), 0..1_500)) {
        let texts: StringArray =
            numbers.iter().map(|n| n.map(|n| n.to_string())).collect();
        let numbers = Int64Array::from(numbers);
        for kind in [Kind::Exact, Kind::Text, Kind::Integer, Kind::BankCard] {
            let kernel = token(kind, TokenForm::Binary, 128, OnInvalid::Token);
            prop_assert_eq!(apply(&kernel, &numbers), apply(&kernel, &texts));
        }
    }

    #[test]
    fn a_date_joins_with_its_text(days in vec(-719_528_i32..=2_932_896, 1..100)) {
        let texts: StringArray = days
            .iter()
            .map(|day| Some(date32_to_datetime(*day).unwrap().date().to_string()))
            .collect();
        let kernel = token(Kind::Text, TokenForm::Base32, 128, OnInvalid::Fail);
        prop_assert_eq!(cells(&kernel, &Date32Array::from(days)), cells(&kernel, &texts));
    }

    #[test]
    fn a_timestamp_joins_with_its_text(
        stamps in vec(-62_167_219_200_000_000_i64..=253_402_300_799_999_999, 1..100),
    ) {
        let texts: StringArray = stamps
            .iter()
            .map(|stamp| {
                let text = format!("{:?}", timestamp_us_to_datetime(*stamp).unwrap());
                Some(match text.contains('.') {
                    true => text.trim_end_matches('0').to_owned(),
                    false => text,
                })
            })
            .collect();
        let kernel = token(Kind::Text, TokenForm::Base32, 128, OnInvalid::Fail);
        let stamps = PrimitiveArray::<TimestampMicrosecondType>::from(stamps);
        prop_assert_eq!(cells(&kernel, &stamps), cells(&kernel, &texts));
    }

    #[test]
    fn rounding_is_to_the_nearest_multiple(
        numbers in vec(-1_000_000_i64..1_000_000, 1..100),
        step in 1_i64..5_000,
    ) {
        let kernel = Kernel::round(Number::from(step), OnInvalid::Fail).unwrap();
        let (result, _) = apply(&kernel, &Int64Array::from(numbers.clone()));
        for (rounded, number) in result.as_primitive::<Int64Type>().values().iter().zip(numbers) {
            let off = (rounded - number).abs() * 2;
            prop_assert_eq!(rounded % step, 0);
            prop_assert!(off < step || (off == step && rounded / step % 2 == 0));
        }
    }

    #[test]
    fn a_band_holds_its_number(
        numbers in vec(any::<i64>(), 1..100),
        width in 1_i64..1_000_000,
    ) {
        let kernel = Kernel::band(Band::Width(Number::from(width)), OnInvalid::Fail).unwrap();
        let labels = cells(&kernel, &Int64Array::from(numbers.clone()));
        for (label, number) in labels.iter().zip(numbers) {
            let label = label.as_ref().unwrap();
            let dash = 1 + label[1..].find('-').unwrap();
            let low: i128 = label[..dash].parse().unwrap();
            let high: i128 = label[dash + 1..].parse().unwrap();
            prop_assert_eq!(high - low, i128::from(width));
            prop_assert_eq!(low % i128::from(width), 0);
            prop_assert!(low <= i128::from(number) && i128::from(number) < high);
        }
    }

    #[test]
    fn truncating_twice_is_truncating_once(stamps in vec(-1_i64 << 50..1 << 50, 1..100)) {
        let stamps = PrimitiveArray::<TimestampMicrosecondType>::from(stamps);
        for unit in [Unit::Year, Unit::Quarter, Unit::Month, Unit::Week, Unit::Day, Unit::Hour] {
            let kernel = Kernel::truncate(unit, OnInvalid::Fail);
            for zone in [None, Some("+08:00"), Some("-03:30")] {
                let stamps = stamps.clone().with_timezone_opt(zone);
                let (once, _) = apply(&kernel, &stamps);
                prop_assert_eq!(&apply(&kernel, &once).0, &once);
                let starts = once.as_primitive::<TimestampMicrosecondType>();
                for (start, stamp) in starts.values().iter().zip(stamps.values()) {
                    prop_assert!(start <= stamp && stamp - start < 366 * 86_400_000_000);
                }
            }
        }
    }
}

#[test]
fn one_kernel_serves_many_threads() {
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Token);
    let array: ArrayRef = Arc::new(
        (0..5_000)
            .map(|n| Some(format!("139{n:08}")))
            .collect::<StringArray>(),
    );
    let expected = apply(&kernel, &array).0;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let result = kernel.apply(&array, &mut Outcome::default()).unwrap();
                assert_eq!(&result, &expected);
            });
        }
    });
}
