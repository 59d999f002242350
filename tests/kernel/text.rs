//! `prefix`, `map` and `geo`: codes and coordinates made coarser.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float32Type, Float64Type};
use arrow_array::{Float32Array, Float64Array, PrimitiveArray, StringViewArray};
use arrow_schema::DataType;
use pseudo_arrow::{Error, Kernel, OnInvalid};

use crate::harness::{apply, cells, error, shown, some, texts};

#[test]
fn prefix_counts_characters() {
    for (characters, value, expected) in [
        (2, "310105", Some("31")),
        (2, "上海市浦东", Some("上海")),
        (1, "𠮷野家", Some("𠮷")),
        (2, "ab", None),
        (2, "", None),
        (0, "ab", Some("")),
        (0, "", None),
        (usize::MAX, "ab", None),
    ] {
        let kernel = Kernel::prefix(characters);
        let (result, outcome) = apply(&kernel, &texts(&[Some(value), None]));
        assert_eq!(shown(&result), [expected.map(str::to_owned), None]);
        let withheld = u64::from(expected.is_none());
        assert_eq!((outcome.nulled, outcome.invalid), (withheld, 0), "{value}");
        let view = StringViewArray::from(vec![value]);
        assert_eq!(cells(&kernel, &view)[0].as_deref(), expected);
    }
    assert!(Kernel::prefix(2).output(&DataType::Int64).is_err());
}

fn entries() -> Vec<(String, String)> {
    [("S-001", "Shanghai"), ("S-002", ""), ("", "nobody")]
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .to_vec()
}

#[test]
fn map_matches_exactly() {
    let array = texts(&[
        Some("S-001"),
        Some("S-002"),
        Some(""),
        None,
        Some("s-001"),
        Some("S-001 "),
    ]);
    let kernel = Kernel::map(entries(), Some("OTHER".to_owned()), OnInvalid::Fail);
    let mut expected = some(&["Shanghai", "", "nobody", "OTHER", "OTHER"]);
    expected.insert(3, None);
    let (result, outcome) = apply(&kernel, &array);
    assert_eq!(shown(&result), expected);
    assert_eq!((outcome.transformed, outcome.invalid), (5, 0));
    let kernel = Kernel::map(entries(), None, OnInvalid::Null);
    let (result, outcome) = apply(&kernel, &array);
    assert_eq!(shown(&result)[3..], [None, None, None]);
    assert_eq!((outcome.nulled, outcome.invalid), (2, 2));
    let kernel = Kernel::map(entries(), None, OnInvalid::Fail);
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 4 });
    assert!(kernel.output(&DataType::Int64).is_err());
}

#[test]
fn geo_rounds_half_to_even_and_keeps_the_type() {
    let kernel = Kernel::geo(2, OnInvalid::Null);
    let values = vec![
        31.230_416,
        121.473_701,
        -0.004,
        31.125,
        f64::NAN,
        f64::INFINITY,
    ];
    let (result, outcome) = apply(&kernel, &Float64Array::from(values));
    let result = result.as_primitive::<Float64Type>();
    let expected = [
        Some(31.23),
        Some(121.47),
        Some(0.0),
        Some(31.12),
        None,
        None,
    ];
    assert_eq!(result.iter().collect::<Vec<_>>(), expected);
    assert_eq!(outcome.invalid, 2);
    let (result, _) = apply(&kernel, &Float32Array::from(vec![121.473_7]));
    assert_eq!(result.as_primitive::<Float32Type>().value(0), 121.47);
    let decimals = PrimitiveArray::<Decimal128Type>::from(vec![31_230_416, 31_125_000, 31_135_000])
        .with_precision_and_scale(9, 6)
        .unwrap();
    let (result, _) = apply(&kernel, &decimals);
    let values = result.as_primitive::<Decimal128Type>().values();
    assert_eq!(values, &[31_230_000, 31_120_000, 31_140_000]);
    let kernel = Kernel::geo(0, OnInvalid::Fail);
    let (result, _) = apply(&kernel, &Float64Array::from(vec![31.5, 121.473_701]));
    assert_eq!(
        result.as_primitive::<Float64Type>().values(),
        &[32.0, 121.0]
    );
    assert_eq!(
        error(&kernel, &Float64Array::from(vec![1.0, f64::NAN])),
        Error::Invalid { row: 1 }
    );
}

#[test]
fn geo_refuses_what_it_would_copy() {
    let kernel = Kernel::geo(2, OnInvalid::Null);
    for data_type in [
        DataType::Decimal128(9, 2),
        DataType::Decimal64(9, 0),
        DataType::Decimal32(5, -1),
        DataType::Int64,
        DataType::Utf8,
    ] {
        let refused = kernel.output(&data_type).unwrap_err();
        assert!(matches!(
            refused,
            Error::UnsupportedType { action: "geo", .. }
        ));
    }
    let finest = Kernel::geo(u8::MAX, OnInvalid::Null);
    assert!(finest.output(&DataType::Decimal256(76, 76)).is_err());
    let (_, outcome) = apply(&finest, &Float64Array::from(vec![31.5, 0.0]));
    assert!(outcome.balanced());
}
