//! `age`: dates of birth and resident IDs as bands of an age.

use std::sync::Arc;

use arrow_array::types::{Int8Type, TimestampSecondType};
use arrow_array::{Date32Array, Date64Array, DictionaryArray, Int64Array, PrimitiveArray};
use arrow_schema::DataType;
use pseudo_arrow::{Date, Error, Kernel, OnInvalid};
use pseudo_pii::{Blanks, Kind};

use crate::harness::{apply, cells, error, shown, some, texts};

fn age(width: u32, top: u32, at: (i32, u8, u8), on_invalid: OnInvalid) -> Kernel {
    let at = Date::new(at.0, at.1, at.2).unwrap();
    Kernel::age(width, top, at, None, Blanks::default(), on_invalid).unwrap()
}

/// The resident ID, check character not counted, of who was born on a day.
fn id(date: &str) -> String {
    format!("110105{date}0021")
}

#[test]
fn full_years_on_the_day() {
    let kernel = |at| age(1, 120, at, OnInvalid::Null);
    for (birth, at, years) in [
        ("19900615", (2026, 6, 14), "35"),
        ("19900615", (2026, 6, 15), "36"),
        ("20000229", (2026, 2, 28), "25"),
        ("20000229", (2026, 3, 1), "26"),
        ("20000229", (2028, 2, 29), "28"),
        ("20261122", (2026, 11, 22), "0"),
    ] {
        assert_eq!(
            cells(&kernel(at), &texts(&[Some(&id(birth))])),
            some(&[years])
        );
    }
    let later = texts(&[Some(&id("20261123"))]);
    let (result, outcome) = apply(&kernel((2026, 11, 22)), &later);
    assert_eq!((shown(&result), outcome.invalid), (vec![None], 1));
}

#[test]
fn bands_and_the_open_one() {
    let kernel = age(5, 75, (2026, 11, 22), OnInvalid::Null);
    let births = [
        "19960101", "19921122", "19911122", "19511122", "19511123", "18000101",
    ];
    let ids: Vec<String> = births.iter().map(|birth| id(birth)).collect();
    let array: arrow_array::StringArray = ids.iter().map(Some).collect();
    let bands = ["30-34", "30-34", "35-39", "75+", "70-74", "75+"];
    assert_eq!(cells(&kernel, &array), some(&bands));
    // The last band before the open one is cut short.
    let kernel = age(10, 75, (2026, 11, 22), OnInvalid::Null);
    assert_eq!(cells(&kernel, &array)[4].as_deref(), Some("70-74"));
    let kernel = age(10, 71, (2026, 11, 22), OnInvalid::Null);
    assert_eq!(cells(&kernel, &array)[4].as_deref(), Some("71+"));
    let kernel = age(100, 18, (2026, 11, 22), OnInvalid::Null);
    assert_eq!(
        cells(&kernel, &texts(&[Some(&id("20200101"))])),
        some(&["0-17"])
    );
}

#[test]
fn dates_in_the_zone_of_their_column() {
    let kernel = age(5, 75, (2021, 8, 1), OnInvalid::Null);
    // 1991-08-01, the day thirty years before, and the day after.
    let days = Date32Array::from(vec![Some(7_882), None, Some(7_883), Some(i32::MAX)]);
    let (result, outcome) = apply(&kernel, &days);
    let expected = [Some("30-34"), None, Some("25-29"), None];
    assert_eq!(shown(&result), expected.map(|cell| cell.map(str::to_owned)));
    assert_eq!((outcome.null, outcome.invalid), (1, 1));
    let days = Date64Array::from(vec![7_882 * 86_400_000 + 86_399_999]);
    assert_eq!(cells(&kernel, &days), some(&["30-34"]));
    // 1991-08-01T18:30:00Z is the second of August in Shanghai.
    let stamps = PrimitiveArray::<TimestampSecondType>::from(vec![7_882 * 86_400 + 66_600]);
    assert_eq!(cells(&kernel, &stamps), some(&["30-34"]));
    let shanghai = stamps.with_timezone("Asia/Shanghai");
    assert_eq!(cells(&kernel, &shanghai), some(&["25-29"]));
    let failing = age(5, 75, (2021, 8, 1), OnInvalid::Fail);
    let born_later = Date32Array::from(vec![None, Some(20_000)]);
    assert_eq!(error(&failing, &born_later), Error::Invalid { row: 1 });
}

#[test]
fn blanks_wrong_checks_numbers_and_dictionaries() {
    let kernel = age(5, 75, (2026, 11, 22), OnInvalid::Null);
    let array = texts(&[
        Some("11010519491231002X"),
        Some("110105194912310021"),
        Some("110105 491231 002"),
        Some("N/A"),
        None,
        Some("Zhang San"),
        Some("110105194913310026"),
    ]);
    let (result, outcome) = apply(&kernel, &array);
    let mut expected = some(&["75+", "75+", "75+"]);
    expected.extend([None, None, None, None]);
    assert_eq!(shown(&result), expected);
    assert_eq!((outcome.blank, outcome.null, outcome.nulled), (1, 1, 2));
    assert_eq!((outcome.suspect, outcome.invalid), (1, 2));
    let number = Int64Array::from(vec![110_105_194_912_310_021]);
    assert_eq!(cells(&kernel, &number), some(&["75+"]));
    let encoded = DictionaryArray::<Int8Type>::new(vec![0, 1, 0].into(), array.slice(0, 2));
    assert_eq!(cells(&kernel, &encoded), some(&["75+", "75+", "75+"]));
    let days: arrow_array::ArrayRef = Arc::new(Date32Array::from(vec![7_882]));
    let encoded = DictionaryArray::<Int8Type>::new(vec![0, 0].into(), days);
    assert_eq!(cells(&kernel, &encoded), some(&["35-39", "35-39"]));
}

#[test]
fn useless_rules_and_columns_are_refused() {
    let at = Date::new(2026, 11, 22).unwrap();
    for (width, top) in [(0, 75), (5, 0), (5, 1_001)] {
        let kernel = Kernel::age(width, top, at, None, Blanks::default(), OnInvalid::Null);
        assert!(matches!(kernel, Err(Error::Steps { action: "age", .. })));
    }
    let kernel = age(5, 75, (2026, 11, 22), OnInvalid::Null);
    for data_type in [DataType::Boolean, DataType::Binary, DataType::Float64] {
        assert!(kernel.output(&data_type).is_err());
    }
    let phone = Kernel::age(
        5,
        75,
        at,
        Some(Kind::CnPhone),
        Blanks::default(),
        OnInvalid::Null,
    );
    assert!(phone.unwrap().output(&DataType::Utf8).is_err());
}

#[test]
fn a_date_is_one_of_the_calendar() {
    assert!(Date::new(2024, 2, 29).is_some());
    assert!(Date::new(0, 1, 1) < Date::new(9_999, 12, 31));
    for (year, month, day) in [
        (2023, 2, 29),
        (2026, 0, 1),
        (2026, 13, 1),
        (2026, 4, 31),
        (2026, 1, 0),
        (-1, 1, 1),
        (10_000, 1, 1),
    ] {
        assert_eq!(Date::new(year, month, day), None);
    }
}
