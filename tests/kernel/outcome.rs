//! The counts of a column and the sketch of its distinct tokens.

use arrow_array::{Int64Array, StringArray};
use pseudo_arrow::{OnInvalid, SealForm};
use pseudo_arrow::{Outcome, Sketch, TokenForm};
use pseudo_pii::Kind;

use crate::harness::{apply, seal, token};

#[test]
fn a_sketch_is_close_to_the_truth() {
    let kernel = token(Kind::Integer, TokenForm::Binary, 128, OnInvalid::Token);
    for (distinct, error) in [
        (1, 0.0),
        (2, 0.0),
        (100, 0.01),
        (3_000, 0.02),
        (200_000, 0.03),
    ] {
        let array: Int64Array = (0..distinct).chain(0..distinct / 2).collect();
        let (_, outcome) = apply(&kernel, &array);
        let off = outcome.distinct.estimate() as f64 / distinct as f64 - 1.0;
        assert!(
            off.abs() <= error,
            "{distinct} distinct tokens, off by {off}"
        );
    }
    assert_eq!(Sketch::default().estimate(), 0);
}

#[test]
fn a_sketch_is_read_as_it_was_written_and_not_when_it_is_damaged() {
    let kernel = token(Kind::Integer, TokenForm::Binary, 128, OnInvalid::Token);
    for (distinct, lengths) in [
        (0, 2..=2),
        (1, 5..=5),
        (1_000, 2_800..=3_002),
        (100_000, 16_386..=16_386),
    ] {
        let array: Int64Array = (0..distinct).collect();
        let sketch = apply(&kernel, &array).1.distinct;
        let mut bytes = Vec::new();
        sketch.encode(&mut bytes);
        assert!(
            lengths.contains(&bytes.len()),
            "{distinct}: {}",
            bytes.len()
        );
        for end in 0..bytes.len() {
            assert_eq!(
                Sketch::decode(&mut &bytes[..end]),
                None,
                "{distinct}: {end}"
            );
        }
        bytes.extend(b"next");
        let mut rest = bytes.as_slice();
        assert_eq!(Sketch::decode(&mut rest), Some(sketch));
        assert_eq!(rest, b"next");
    }
    let damaged: [&[u8]; 5] = [
        &[0, 1, 0, 7, 0],
        &[0, 1, 0, 7, 52],
        &[0, 1, 0x40, 0, 1],
        &[0, 2, 0, 7, 1, 0, 7, 1],
        &[0x20, 0],
    ];
    for mut bytes in damaged {
        assert_eq!(Sketch::decode(&mut bytes), None);
    }
    let sparse = [[0xff; 2].as_slice(), &[0; 1 << 14]].concat();
    assert_eq!(Sketch::decode(&mut sparse.as_slice()), None);
}

#[test]
fn a_sketch_of_seals_counts_values() {
    let kernel = seal(Kind::Text, SealForm::Base64Url, OnInvalid::Token);
    let array: StringArray = ["a", "b", "a", " b "].into_iter().map(Some).collect();
    assert_eq!(apply(&kernel, &array).1.distinct.estimate(), 2);
}

#[test]
fn merging_is_counting_the_whole() {
    let kernel = token(Kind::CnPhone, TokenForm::Base32, 128, OnInvalid::Null);
    let values: Vec<Option<String>> = (0..9_000_u32)
        .map(|row| match row % 5 {
            0 => None,
            1 => Some("N/A".to_owned()),
            2 => Some(format!("12{row}")),
            _ => Some(format!("139{row:08}")),
        })
        .collect();
    let array = StringArray::from(values);
    let (_, whole) = apply(&kernel, &array);
    let mut merged = Outcome::default();
    for (start, length) in [(4_000, 5_000), (0, 17), (17, 3_983)] {
        merged.merge(&apply(&kernel, &array.slice(start, length)).1);
    }
    assert_eq!(merged, whole);
    assert_eq!(
        (whole.null, whole.blank, whole.nulled, whole.invalid),
        (1_800, 1_800, 1_800, 1_800)
    );
    assert!(whole.balanced());
}

#[test]
fn an_unbalanced_outcome_says_so() {
    let outcome = Outcome {
        rows: 2,
        transformed: 1,
        ..Outcome::default()
    };
    assert!(!outcome.balanced());
}
