//! `derive`: parts that are text, truth values and numbers.

use arrow_array::types::Int8Type;
use arrow_array::{Array, DictionaryArray, Int64Array};
use arrow_schema::DataType;
use pseudo_arrow::{Error, Kernel, OnInvalid, Part};
use pseudo_pii::{Blanks, Kind};

use crate::harness::{apply, cells, derive, error, shown, texts};

fn check(part: Part, cases: &[(&str, Option<&str>)]) {
    let kernel = derive(part);
    let values: Vec<Option<&str>> = cases.iter().map(|(value, _)| Some(*value)).collect();
    let expected: Vec<Option<String>> = cases
        .iter()
        .map(|(_, part)| part.map(str::to_owned))
        .collect();
    assert_eq!(cells(&kernel, &texts(&values)), expected, "{part:?}");
}

#[test]
fn city_is_a_code_of_the_second_level() {
    check(
        Part::City,
        &[
            ("11010519491231002X", Some("110100")),
            ("440524188001010014", Some("440500")),
            ("440524 880101 001", Some("440500")),
            ("110005194912310021", None),
            ("990105194912310021", None),
            ("Zhang San", None),
            ("N/A", None),
        ],
    );
}

#[test]
fn issue_network_is_of_mobiles() {
    check(
        Part::IssueNetwork,
        &[
            ("139 1234 5678", Some("139")),
            ("+8619912345678", Some("199")),
            ("010-62345678", None),
            ("+85212345678", None),
            ("", None),
        ],
    );
    let kernel = derive(Part::IssueNetwork);
    let numbers = Int64Array::from(vec![Some(13_912_345_678), None]);
    assert_eq!(cells(&kernel, &numbers), [Some("139".to_owned()), None]);
}

#[test]
fn plant_is_position_11() {
    check(
        Part::Plant,
        &[
            ("1M8GDM9AXKP042788", Some("P")),
            ("lsvau2a37n2183294", Some("2")),
            ("LSVAU2A37N218329", None),
        ],
    );
}

#[test]
fn new_energy_plates_have_six_places() {
    check(
        Part::IsNev,
        &[
            ("沪A·D12345", Some("true")),
            ("沪A12345", Some("false")),
            ("京A1234警", Some("false")),
            ("京A12345学", None),
            ("nothing", None),
            ("无", None),
        ],
    );
    let values = texts(&[Some("沪AD12345"), None, Some("沪A12345"), Some("?")]);
    let encoded = DictionaryArray::<Int8Type>::new(vec![0, 1, 2, 3, 0].into(), values);
    let (result, outcome) = apply(&derive(Part::IsNev), &encoded);
    assert_eq!(result.data_type(), &DataType::Boolean);
    let expected = [Some("true"), None, Some("false"), None, Some("true")];
    assert_eq!(shown(&result), expected.map(|cell| cell.map(str::to_owned)));
    assert_eq!((outcome.null, outcome.invalid), (1, 1));
}

#[test]
fn length_counts_the_text_as_it_is() {
    check(
        Part::Length,
        &[
            ("", Some("0")),
            (" N/A ", Some("5")),
            ("张三丰", Some("3")),
            ("𠮷e\u{301}", Some("3")),
        ],
    );
    let kernel = Kernel::derive(
        Part::Length,
        Some(Kind::CnPhone),
        Blanks::default(),
        2026,
        OnInvalid::Fail,
    );
    let (result, outcome) = apply(&kernel, &texts(&[Some("not a phone"), None]));
    assert_eq!(result.data_type(), &DataType::Int32);
    assert_eq!((outcome.transformed, outcome.null), (1, 1));
    for data_type in [DataType::Int64, DataType::Date32, DataType::Binary] {
        assert!(kernel.output(&data_type).is_err());
    }
    assert_eq!(kernel.output(&DataType::Null), Ok(DataType::Int32));
}

#[test]
fn a_part_that_is_not_there_can_fail() {
    for part in [Part::City, Part::IssueNetwork, Part::Plant, Part::IsNev] {
        let kernel = Kernel::derive(part, None, Blanks::default(), 2026, OnInvalid::Fail);
        let array = texts(&[None, Some("无"), Some("Zhang San")]);
        assert_eq!(error(&kernel, &array), Error::Invalid { row: 2 });
        assert!(array.is_null(0));
        assert!(kernel.output(&DataType::Date32).is_err());
        assert!(kernel.output(&DataType::Boolean).is_err());
    }
}
