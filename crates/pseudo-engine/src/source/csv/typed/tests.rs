//! The short ways agree with Arrow's casts wherever they answer at all.

use super::*;

fn agree(data_type: &DataType, texts: &[String], plain: impl Fn(&[u8]) -> Option<i64>) -> usize {
    let mut answered = 0;
    for text in texts {
        let Some(value) = plain(text.as_bytes()) else {
            continue;
        };
        answered += 1;
        let array = cast(&StringArray::from(vec![text.as_str()]), data_type).unwrap();
        let array = arrow::compute::cast(&array, &DataType::Int64).unwrap();
        let array = array.as_any().downcast_ref::<Int64Array>().unwrap();
        assert_eq!(array.value(0), value, "{text}");
    }
    answered
}

#[test]
fn dates_are_those_of_arrow() {
    let mut texts = Vec::new();
    for year in [
        1, 4, 99, 100, 400, 1582, 1899, 1900, 1970, 2000, 2023, 2024, 2100, 9999,
    ] {
        for month in 0..=13 {
            for day in 0..=32 {
                texts.push(format!("{year:04}-{month:02}-{day:02}"));
            }
        }
    }
    let plain = |text: &[u8]| date(text).map(i64::from);
    let middle = cast(&StringArray::from(vec!["2024-02-29"]), &DataType::Date32).unwrap();
    assert!(middle.is_valid(0));
    let mut answered = 0;
    for text in &texts {
        let array = cast(&StringArray::from(vec![text.as_str()]), &DataType::Date32);
        // a day that does not exist is none for both
        assert_eq!(array.is_ok(), plain(text.as_bytes()).is_some(), "{text}");
        if let Ok(array) = array {
            let array = array.as_any().downcast_ref::<Date32Array>().unwrap();
            assert_eq!(
                Some(i64::from(array.value(0))),
                plain(text.as_bytes()),
                "{text}"
            );
            answered += 1;
        }
    }
    assert_eq!(answered, 14 * 365 + 4);
    for text in ["2024-2-29", "2024-02-29 ", "2024/02/29", "+024-02-29", ""] {
        assert_eq!(plain(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn timestamps_are_those_of_arrow() {
    let mut texts = Vec::new();
    for day in [
        "1969-12-31",
        "1970-01-01",
        "2024-02-29",
        "0001-01-01",
        "2023-02-29",
    ] {
        for time in ["00:00:00", "23:59:59", "08:30:60", "24:00:00", "12:60:00"] {
            for fraction in [
                "", ".", ".5", ".123456", ".000001", ".1234567", "Z", "+08:00",
            ] {
                texts.push(format!("{day} {time}{fraction}"));
                texts.push(format!("{day}T{time}{fraction}"));
            }
        }
    }
    let data_type = DataType::Timestamp(TimeUnit::Microsecond, None);
    assert_eq!(agree(&data_type, &texts, timestamp), 4 * 2 * 4 * 2);
}

#[test]
fn integers_are_those_of_arrow() {
    let texts: Vec<_> = [
        "0",
        "-0",
        "7",
        "-7",
        "0007",
        "999999999999999999",
        "-999999999999999999",
        "9223372036854775807",
        "",
        "-",
        "+1",
        "1 ",
        "1.0",
        "٣",
    ]
    .map(str::to_owned)
    .to_vec();
    assert_eq!(agree(&DataType::Int64, &texts, integer), 7);
}
