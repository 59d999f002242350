//! Every action by a table of cases, and every way in which a column is refused.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float32Type,
    Float64Type, Int8Type, TimestampMicrosecondType, TimestampNanosecondType, TimestampSecondType,
    UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Float32Array,
    Float64Array, Int8Array, Int64Array, LargeStringArray, PrimitiveArray, StringViewArray,
    Time32SecondArray, UInt64Array,
};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};
use pseudo_arrow::{Band, Error, Kernel, Number, OnInvalid, Part, SealForm, TokenForm, Unit};
use pseudo_pii::{Blanks, Kind};

use crate::harness::{apply, cells, domain_key, error, seal, shown, some, texts, token};

#[test]
fn mask_counts_characters() {
    for (first, last, value, expected) in [
        (0, 4, "13912345678", "*******5678"),
        (3, 4, "13912345678", "139****5678"),
        (3, 0, "abcdef", "abc***"),
        (0, 0, "abc", "***"),
        (0, 0, "", ""),
        (1, 0, "张三丰", "张**"),
        (1, 1, "𠮷野家", "𠮷*家"),
        (1, 2, "张三丰", "***"),
        (2, 2, "ab", "**"),
        (0, 4, "5678", "****"),
        (usize::MAX, usize::MAX, "ab", "**"),
    ] {
        let kernel = Kernel::mask(first, last);
        assert_eq!(
            cells(&kernel, &texts(&[Some(value), None])),
            [Some(expected.into()), None]
        );
        let large = LargeStringArray::from(vec![value]);
        assert_eq!(cells(&kernel, &large), some(&[expected]));
        let view = StringViewArray::from(vec![value]);
        assert_eq!(cells(&kernel, &view), some(&[expected]));
    }
}

#[test]
fn constant_null_and_keep() {
    let array = texts(&[Some("a"), None, Some("")]);
    let (result, outcome) = apply(&Kernel::constant("x"), &array);
    assert_eq!(shown(&result), [Some("x".into()), None, Some("x".into())]);
    assert_eq!((outcome.transformed, outcome.null), (2, 1));
    let numbers = Int64Array::from(vec![Some(7), None]);
    assert_eq!(
        cells(&Kernel::constant(""), &numbers),
        [Some(String::new()), None]
    );
    let (result, outcome) = apply(&Kernel::null(DataType::Int16), &array);
    assert_eq!(shown(&result), [None, None, None]);
    assert_eq!((outcome.nulled, outcome.null, outcome.invalid), (2, 1, 0));
    let (result, outcome) = apply(&Kernel::keep(), &array.slice(1, 2));
    assert_eq!(shown(&result), [None, Some(String::new())]);
    assert_eq!((outcome.transformed, outcome.null), (1, 1));
}

fn band(band: Band) -> Kernel {
    Kernel::band(band, OnInvalid::Null).unwrap()
}

#[test]
fn band_of_a_width() {
    let kernel = band(Band::Width(Number::from(5_000)));
    let array = Int64Array::from(vec![0, 4_999, 5_000, -1, -5_000, -5_001]);
    let expected = [
        "0-5000",
        "0-5000",
        "5000-10000",
        "-5000-0",
        "-5000-0",
        "-10000--5000",
    ];
    assert_eq!(cells(&kernel, &array), some(&expected));
    let array = UInt64Array::from(vec![u64::MAX]);
    assert_eq!(
        cells(&kernel, &array),
        some(&["18446744073709550000-18446744073709555000"])
    );
    let array = Int8Array::from(vec![Some(i8::MIN), None, Some(i8::MAX)]);
    let expected = [Some("-5000-0".into()), None, Some("0-5000".into())];
    assert_eq!(cells(&kernel, &array), expected);
    let kernel = band(Band::Width(Number::new(5, 1)));
    let array = Int64Array::from(vec![1, -1]);
    assert_eq!(cells(&kernel, &array), some(&["1-1.5", "-1--0.5"]));
}

#[test]
fn band_of_edges() {
    let kernel = band(Band::Edges([0, 5_000, 20_000].map(Number::from).to_vec()));
    let array = Int64Array::from(vec![
        i64::MIN,
        -1,
        0,
        4_999,
        5_000,
        19_999,
        20_000,
        i64::MAX,
    ]);
    let expected = [
        "<0",
        "<0",
        "0-5000",
        "0-5000",
        "5000-20000",
        "5000-20000",
        "≥20000",
        "≥20000",
    ];
    assert_eq!(cells(&kernel, &array), some(&expected));
    let one = band(Band::Edges(vec![Number::new(-25, 1)]));
    assert_eq!(
        cells(&one, &Int64Array::from(vec![-3, -2])),
        some(&["<-2.5", "≥-2.5"])
    );
}

#[test]
fn band_of_decimals_is_exact() {
    let rate = Band::Width(Number::new(5, 3));
    let array = PrimitiveArray::<Decimal128Type>::from(vec![349, 350, 399, 400, -1])
        .with_precision_and_scale(10, 4)
        .unwrap();
    let expected = [
        "0.03-0.035",
        "0.035-0.04",
        "0.035-0.04",
        "0.04-0.045",
        "-0.005-0",
    ];
    assert_eq!(cells(&band(rate.clone()), &array), some(&expected));
    let coarse = PrimitiveArray::<Decimal32Type>::from(vec![3])
        .with_precision_and_scale(3, -2)
        .unwrap();
    assert_eq!(
        cells(&band(Band::Width(Number::from(200))), &coarse),
        some(&["200-400"])
    );
    let huge = i256::from_string(&"9".repeat(76)).unwrap();
    let edges = band(Band::Edges(vec![Number::new(5, 1), Number::from(7)]));
    for (scale, expected) in [(0, ["<0.5", "≥7", "≥7"]), (76, ["<0.5", "<0.5", "≥0.5"])] {
        let array = PrimitiveArray::<Decimal256Type>::from(vec![
            huge.wrapping_neg(),
            i256::from_i128(7),
            huge,
        ])
        .with_precision_and_scale(76, scale)
        .unwrap();
        let expected = expected.map(|label| label.replace("≥0.5", "0.5-7"));
        assert_eq!(cells(&edges, &array), expected.map(Some).to_vec());
    }
    let array = PrimitiveArray::<Decimal256Type>::from(vec![huge])
        .with_precision_and_scale(76, 0)
        .unwrap();
    let (result, outcome) = apply(&band(Band::Width(Number::from(1))), &array);
    assert_eq!((shown(&result), outcome.invalid), (vec![None], 1));
}

#[test]
fn band_of_floats_stands_on_its_edges() {
    let kernel = band(Band::Width(Number::new(1, 1)));
    let values = [
        0.3,
        0.299_999_999,
        0.7,
        -0.1,
        -0.05,
        f64::NAN,
        f64::INFINITY,
        1e300,
    ];
    let expected = ["0.3-0.4", "0.2-0.3", "0.7-0.8", "-0.1-0", "-0.1-0"];
    let mut expected = some(&expected);
    expected.extend([None, None, None]);
    let (result, outcome) = apply(&kernel, &Float64Array::from(values.to_vec()));
    assert_eq!(shown(&result), expected);
    assert_eq!((outcome.invalid, outcome.nulled), (3, 3));
    let array = Float32Array::from(vec![0.3, 0.7, 0.1]);
    assert_eq!(
        cells(&kernel, &array),
        some(&["0.3-0.4", "0.7-0.8", "0.1-0.2"])
    );
    let kernel = band(Band::Edges(vec![Number::new(1, 1), Number::new(5, 1)]));
    let values = vec![f32::NEG_INFINITY, 0.1, 0.5, f32::INFINITY, f32::NAN];
    let mut expected = some(&["<0.1", "0.1-0.5", "≥0.5", "≥0.5"]);
    expected.push(None);
    assert_eq!(cells(&kernel, &Float32Array::from(values)), expected);
}

#[test]
fn band_and_round_refuse_useless_steps() {
    for edges in [vec![], vec![5, 5], vec![5, 1]] {
        let edges = Band::Edges(edges.into_iter().map(Number::from).collect());
        assert!(matches!(
            Kernel::band(edges, OnInvalid::Null),
            Err(Error::Steps { .. })
        ));
    }
    for width in [0, -5] {
        let width = Number::from(width);
        let result = Kernel::band(Band::Width(width), OnInvalid::Null);
        assert!(matches!(result, Err(Error::Steps { action: "band", .. })));
        let result = Kernel::round(width, OnInvalid::Null);
        assert!(matches!(
            result,
            Err(Error::Steps {
                action: "round",
                ..
            })
        ));
    }
}

fn round(step: Number) -> Kernel {
    Kernel::round(step, OnInvalid::Null).unwrap()
}

#[test]
fn round_half_to_even() {
    let array = Int64Array::from(vec![499, 500, 501, 1_500, 2_500, -500, -1_500, -1_501]);
    let expected = ["0", "0", "1000", "2000", "2000", "0", "-2000", "-2000"];
    assert_eq!(cells(&round(Number::from(1_000)), &array), some(&expected));
    let array = Int8Array::from(vec![Some(127), None, Some(-128), Some(4)]);
    let (result, outcome) = apply(&round(Number::from(10)), &array);
    let result = result.as_primitive::<Int8Type>();
    assert_eq!(
        result.iter().collect::<Vec<_>>(),
        [None, None, None, Some(0)]
    );
    assert_eq!(
        (outcome.invalid, outcome.null, outcome.transformed),
        (2, 1, 1)
    );
    let array = UInt64Array::from(vec![u64::MAX, 14]);
    let result = apply(&round(Number::from(10)), &array).0;
    assert_eq!(
        result
            .as_primitive::<UInt64Type>()
            .iter()
            .collect::<Vec<_>>(),
        [None, Some(10)]
    );
}

#[test]
fn round_keeps_decimals_decimals() {
    let array = PrimitiveArray::<Decimal64Type>::from(vec![125, 135, 9_996, -125])
        .with_precision_and_scale(4, 2)
        .unwrap();
    let (result, _) = apply(&round(Number::new(1, 1)), &array);
    let result = result.as_primitive::<Decimal64Type>();
    assert_eq!(
        result.iter().collect::<Vec<_>>(),
        [Some(120), Some(140), None, Some(-120)]
    );
    let huge = i256::from_string(&format!("{}5", "1".repeat(60))).unwrap();
    let array = PrimitiveArray::<Decimal256Type>::from(vec![huge, huge.wrapping_neg()])
        .with_precision_and_scale(76, 0)
        .unwrap();
    let (result, _) = apply(&round(Number::from(10)), &array);
    let even = i256::from_string(&format!("{}20", "1".repeat(59))).unwrap();
    let result = result.as_primitive::<Decimal256Type>();
    assert_eq!(
        result.iter().collect::<Vec<_>>(),
        [Some(even), Some(even.wrapping_neg())]
    );
}

#[test]
fn round_floats() {
    let values = vec![0.25, 0.29, -0.04, 1e17, f64::NAN, f64::INFINITY];
    let (result, outcome) = apply(&round(Number::new(1, 1)), &Float64Array::from(values));
    let result = result.as_primitive::<Float64Type>();
    let expected = [Some(0.2), Some(0.3), Some(0.0), Some(1e17), None, None];
    assert_eq!(result.iter().collect::<Vec<_>>(), expected);
    assert!(result.value(2).is_sign_positive());
    assert_eq!(outcome.invalid, 2);
    let values = vec![1_234.5, f32::MAX];
    let (result, _) = apply(&round(Number::from(1_000)), &Float32Array::from(values));
    assert_eq!(result.as_primitive::<Float32Type>().value(0), 1_000.0);
}

#[test]
fn round_needs_a_step_that_the_type_can_hold() {
    let kernel = round(Number::new(5, 1));
    for data_type in [
        DataType::Int32,
        DataType::Decimal128(10, 0),
        DataType::Decimal128(10, -1),
    ] {
        let expected = Error::StepType {
            data_type: data_type.clone(),
        };
        assert_eq!(kernel.output(&data_type), Err(expected));
    }
    for data_type in [DataType::Float32, DataType::Decimal128(10, 1)] {
        assert_eq!(kernel.output(&data_type), Ok(data_type));
    }
}

const UNITS: [Unit; 6] = [
    Unit::Year,
    Unit::Quarter,
    Unit::Month,
    Unit::Week,
    Unit::Day,
    Unit::Hour,
];

#[test]
fn truncate_timestamps() {
    // Sunday 2021-08-15T13:45:10.5 and Thursday 1969-11-20T23:59:59.5.
    let array = PrimitiveArray::<TimestampMicrosecondType>::from(vec![
        1_629_035_110_500_000,
        -3_542_400_500_000,
    ]);
    let starts = [
        (1_609_459_200, -31_536_000),
        (1_625_097_600, -7_948_800),
        (1_627_776_000, -5_270_400),
        (1_628_467_200, -3_888_000),
        (1_628_985_600, -3_628_800),
        (1_629_032_400, -3_546_000),
    ];
    for (unit, (after, before)) in UNITS.into_iter().zip(starts) {
        let (result, _) = apply(&Kernel::truncate(unit, OnInvalid::Fail), &array);
        let result = result.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(
            result.values(),
            &[after * 1_000_000, before * 1_000_000],
            "{unit:?}"
        );
    }
}

#[test]
fn truncate_in_the_zone_of_the_column() {
    // 2021-07-31T18:30:00Z is 2021-08-01T02:30:00+08:00.
    let array = PrimitiveArray::<TimestampSecondType>::from(vec![1_627_756_200]);
    let zones = [
        (None, 1_625_097_600),
        (Some("UTC"), 1_625_097_600),
        (Some("+08:00"), 1_627_747_200),
    ];
    for (zone, expected) in zones.into_iter().chain([(Some("+08"), 1_627_747_200)]) {
        let array = array.clone().with_timezone_opt(zone);
        let (result, _) = apply(&Kernel::truncate(Unit::Month, OnInvalid::Fail), &array);
        assert_eq!(result.data_type(), array.data_type());
        assert_eq!(
            result.as_primitive::<TimestampSecondType>().value(0),
            expected,
            "{zone:?}"
        );
    }
    let unknown = DataType::Timestamp(TimeUnit::Second, Some("Middle/Earth".into()));
    let refused = Kernel::truncate(Unit::Day, OnInvalid::Null).output(&unknown);
    assert!(matches!(
        refused,
        Err(Error::UnsupportedType {
            action: "truncate",
            ..
        })
    ));
}

#[test]
fn truncate_dates() {
    let array = Date32Array::from(vec![Some(18_854), None, Some(-42)]);
    let starts = [
        (18_628, -365),
        (18_809, -92),
        (18_840, -61),
        (18_848, -45),
        (18_854, -42),
    ];
    for (unit, (after, before)) in UNITS.into_iter().zip(starts) {
        let kernel = Kernel::truncate(unit, OnInvalid::Fail);
        let result = apply(&kernel, &array).0;
        let expected = [Some(after.to_string()), None, Some(before.to_string())];
        assert_eq!(shown(&result), expected, "{unit:?}");
        let array = Date64Array::from(vec![18_854 * 86_400_000 + 5, -42 * 86_400_000 + 5]);
        let expected = [after, before].map(|day: i64| Some((day * 86_400_000).to_string()));
        assert_eq!(cells(&kernel, &array), expected, "{unit:?}");
    }
    let hour = Kernel::truncate(Unit::Hour, OnInvalid::Null);
    assert!(matches!(
        hour.output(&DataType::Date32),
        Err(Error::UnsupportedType { .. })
    ));
}

#[test]
fn truncate_out_of_range_is_invalid() {
    let array =
        PrimitiveArray::<TimestampNanosecondType>::from(vec![Some(i64::MIN), None, Some(5)]);
    let kernel = Kernel::truncate(Unit::Year, OnInvalid::Null);
    let (result, outcome) = apply(&kernel, &array);
    let result = result.as_primitive::<TimestampNanosecondType>();
    assert_eq!(result.iter().collect::<Vec<_>>(), [None, None, Some(0)]);
    assert_eq!((outcome.invalid, outcome.nulled, outcome.null), (1, 1, 1));
    let kernel = Kernel::truncate(Unit::Year, OnInvalid::Fail);
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 0 });
    let array = Date32Array::from(vec![i32::MIN]);
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 0 });
    let array = PrimitiveArray::<TimestampSecondType>::from(vec![i64::MIN, i64::MAX])
        .with_timezone("+08:00");
    let kernel = Kernel::truncate(Unit::Week, OnInvalid::Null);
    assert_eq!(apply(&kernel, &array).1.invalid, 2);
}

fn derive(part: Part) -> Kernel {
    Kernel::derive(part, None, Blanks::default(), 2026, OnInvalid::Null)
}

#[test]
fn derive_parts() {
    let person = [
        "11010519491231002X",
        "130503 670401001",
        "440524188001010014",
    ];
    let mails = ["A.B@Example.COM", "a@b@c.de", "nobody"];
    let vehicles = ["1m8gdm9axkp042788", "LSVAU2A37N2183294", "x"];
    for (part, values, expected) in [
        (
            Part::BirthYear,
            person,
            [Some("1949"), Some("1967"), Some("1880")],
        ),
        (Part::Sex, person, [Some("F"), Some("M"), Some("M")]),
        (
            Part::Province,
            person,
            [Some("110000"), Some("130000"), Some("440000")],
        ),
        (
            Part::EmailDomain,
            mails,
            [Some("example.com"), Some("c.de"), None],
        ),
        (Part::Wmi, vehicles, [Some("1M8"), Some("LSV"), None]),
    ] {
        let mut array: Vec<Option<&str>> = values.into_iter().map(Some).collect();
        array.extend([None, Some("N/A")]);
        let (result, outcome) = apply(&derive(part), &texts(&array));
        let mut expected: Vec<Option<String>> = expected
            .into_iter()
            .map(|part| part.map(str::to_owned))
            .collect();
        expected.extend([None, None]);
        assert_eq!(shown(&result), expected, "{part:?}");
        assert_eq!((outcome.null, outcome.blank), (1, 1));
    }
}

#[test]
fn derive_model_year_in_its_cycle() {
    let array = texts(&[Some("1M8GDM9AXKP042788")]);
    for (run_year, expected) in [
        (2017, "1989"),
        (2018, "2019"),
        (2026, "2019"),
        (2048, "2049"),
    ] {
        let blanks = Blanks::default();
        let kernel = Kernel::derive(
            Part::ModelYear,
            Some(Kind::Vin),
            blanks,
            run_year,
            OnInvalid::Null,
        );
        assert_eq!(cells(&kernel, &array), some(&[expected]));
    }
}

#[test]
fn derive_a_year_from_dates() {
    let kernel = derive(Part::BirthYear);
    assert_eq!(
        cells(&kernel, &Date32Array::from(vec![18_854, -1])),
        some(&["2021", "1969"])
    );
    assert_eq!(
        cells(&kernel, &Date64Array::from(vec![-1])),
        some(&["1969"])
    );
    let array = PrimitiveArray::<TimestampSecondType>::from(vec![1_609_459_199]);
    assert_eq!(cells(&kernel, &array), some(&["2020"]));
    assert_eq!(
        cells(&kernel, &array.with_timezone("+08:00")),
        some(&["2021"])
    );
    let (result, outcome) = apply(&kernel, &Date32Array::from(vec![i32::MAX, i32::MIN]));
    assert_eq!((shown(&result), outcome.invalid), (vec![None, None], 2));
}

#[test]
fn derive_counts_what_it_cannot_use() {
    let array = texts(&[
        Some("110105194912310021"),
        Some("nobody"),
        Some("11010519491231002X"),
    ]);
    let (_, outcome) = apply(&derive(Part::Sex), &array);
    assert_eq!((outcome.transformed, outcome.suspect), (2, 1));
    assert_eq!((outcome.nulled, outcome.invalid), (1, 1));
    let kernel = Kernel::derive(Part::Sex, None, Blanks::default(), 2026, OnInvalid::Fail);
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 1 });
    let other = Kernel::derive(
        Part::Sex,
        Some(Kind::Vin),
        Blanks::default(),
        2026,
        OnInvalid::Null,
    );
    let refused = other.output(&DataType::Utf8);
    assert!(matches!(
        refused,
        Err(Error::UnsupportedType {
            action: "derive",
            ..
        })
    ));
}

#[test]
fn on_invalid_decides() {
    let array = texts(&[Some("13912345678"), Some("4111"), None, Some("N/A")]);
    for (on_invalid, transformed, nulled) in [(OnInvalid::Token, 2, 0), (OnInvalid::Null, 1, 1)] {
        for kernel in [
            token(Kind::CnPhone, TokenForm::Base32, 128, on_invalid),
            seal(Kind::CnPhone, SealForm::Base64Url, on_invalid),
        ] {
            let (_, outcome) = apply(&kernel, &array);
            assert_eq!((outcome.transformed, outcome.nulled), (transformed, nulled));
            assert_eq!((outcome.invalid, outcome.null, outcome.blank), (1, 1, 1));
        }
    }
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Fail);
    assert_eq!(error(&kernel, &array), Error::Invalid { row: 1 });
    assert_eq!(
        error(&kernel, &array.slice(1, 2)),
        Error::Invalid { row: 0 }
    );
    let suspect = texts(&[Some("4111111111111112")]);
    let kernel = token(Kind::BankCard, TokenForm::Base32, 128, OnInvalid::Fail);
    assert_eq!(apply(&kernel, &suspect).1.suspect, 1);
}

#[test]
fn a_year_of_five_digits_has_no_text() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![2_932_896, 2_932_897, -719_529]));
    let seconds = [253_402_300_799, 253_402_300_800, -62_167_219_201];
    let stamps: ArrayRef = Arc::new(PrimitiveArray::<TimestampSecondType>::from(
        seconds.to_vec(),
    ));
    for array in [dates, stamps] {
        for kind in [Kind::Exact, Kind::Text, Kind::Name] {
            let kernel = token(kind, TokenForm::Base32, 128, OnInvalid::Token);
            let (result, outcome) = apply(&kernel, &array);
            assert!(result.is_valid(0));
            assert_eq!(
                (outcome.transformed, outcome.nulled, outcome.invalid),
                (1, 2, 2)
            );
            let kernel = token(kind, TokenForm::Base32, 128, OnInvalid::Fail);
            assert_eq!(error(&kernel, &array), Error::Invalid { row: 1 });
        }
    }
}

#[test]
fn a_number_can_be_blank() {
    let blanks = Blanks::new(&["0".to_owned(), "false".to_owned()]);
    let blanks = Arc::new(blanks);
    for kind in [Kind::Integer, Kind::Text] {
        let key = domain_key().token_key("person", kind.id());
        let form = TokenForm::Base32;
        let kernel =
            Kernel::token(key, kind, Arc::clone(&blanks), form, 128, OnInvalid::Token).unwrap();
        let (_, outcome) = apply(&kernel, &Int64Array::from(vec![0, 7]));
        assert_eq!((outcome.blank, outcome.transformed), (1, 1));
    }
    let key = domain_key().token_key("person", Kind::Text.id());
    let kernel = Kernel::token(
        key,
        Kind::Text,
        blanks,
        TokenForm::Hex,
        128,
        OnInvalid::Token,
    )
    .unwrap();
    assert_eq!(
        apply(&kernel, &BooleanArray::from(vec![true, false]))
            .1
            .blank,
        1
    );
}

#[test]
fn columns_are_refused_by_type() {
    let exact = token(Kind::Exact, TokenForm::Base32, 128, OnInvalid::Token);
    let text = token(Kind::Text, TokenForm::Base32, 128, OnInvalid::Token);
    assert!(exact.output(&DataType::Binary).is_ok());
    for (kernel, data_type) in [
        (&text, DataType::Binary),
        (&text, DataType::Float64),
        (&exact, DataType::Float32),
        (&text, DataType::Time32(TimeUnit::Second)),
        (&Kernel::mask(0, 4), DataType::Int64),
        (&band(Band::Width(Number::from(1))), DataType::Utf8),
        (&round(Number::from(1)), DataType::Date32),
        (
            &Kernel::truncate(Unit::Day, OnInvalid::Null),
            DataType::Utf8,
        ),
        (&derive(Part::Wmi), DataType::Date32),
        (&derive(Part::Wmi), DataType::Binary),
    ] {
        let refused = kernel.output(&data_type).unwrap_err();
        assert!(
            matches!(refused, Error::UnsupportedType { .. }),
            "{kernel:?} of {data_type}"
        );
    }
    assert!(matches!(
        error(&text, &Time32SecondArray::from(vec![1])),
        Error::UnsupportedType {
            action: "token",
            ..
        }
    ));
    assert!(matches!(
        error(&text, &BinaryArray::from(vec![b"secret".as_slice()])),
        Error::UnsupportedType { .. }
    ));
}

#[test]
fn a_uuid_has_128_bits() {
    for (form, bits) in [(TokenForm::Uuid, 256), (TokenForm::Hex, 64)] {
        let key = domain_key().token_key("person", Kind::Text.id());
        let blanks = Blanks::default();
        let result = Kernel::token(key, Kind::Text, blanks, form, bits, OnInvalid::Token);
        assert_eq!(
            result.unwrap_err(),
            Error::TokenBits {
                form: form.name(),
                bits
            }
        );
    }
}

#[test]
fn errors_and_debug_texts_hold_no_value() {
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Fail);
    let said = error(&kernel, &texts(&[Some("Zhang San")]));
    assert_eq!(said.to_string(), "row 0 holds an invalid value");
    assert_eq!(format!("{kernel:?}"), "Kernel(token)");
    let constant = Kernel::constant("Zhang San");
    assert_eq!(format!("{constant:?}"), "Kernel(constant)");
    let said = error(
        &Kernel::mask(0, 4),
        &PrimitiveArray::<Date32Type>::from(vec![20_000]),
    );
    assert_eq!(
        said.to_string(),
        "`mask` does not take a column of type Date32"
    );
}
