//! Shortcuts for clean values, held against the definition around the edges of what they take: of
//! ranges of characters, of blocks of bytes, of lengths.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use pseudo_pii::Verdict::{Invalid, Suspect, Valid};
use pseudo_pii::checksum::luhn;
use pseudo_pii::{Blanks, Kind};

use crate::{canonical, canonical_slow, no_blanks};

#[test]
fn one_strange_character_is_seen_at_every_place() {
    let lengths = (1..=18).chain([24, 31, 32, 33, 34, 48, 49, 50, 65, 66, 81]);
    for length in lengths {
        for plain in ["a", "中", "丁a中", "一鿿0·"] {
            let chars: Vec<char> = plain.chars().cycle().take(length).collect();
            let places = [0, 1, 4, 5, 7, 8, 15, 16, 17, 31, 32, 48]
                .into_iter()
                .chain([2, 1].map(|back| length.saturating_sub(back)))
                .filter(|place| *place < length);
            for place in places {
                for strange in STRANGE {
                    let mut value = chars.clone();
                    value[place] = strange;
                    agrees(&TEXTS, &value.into_iter().collect::<String>());
                }
            }
        }
    }
}

#[test]
fn every_character_is_judged_at_every_place() {
    for (kind, values) in CODES {
        for value in values {
            for place in 0..value.chars().count() {
                for other in ('\0'..='\u{80}').chain(STRANGE) {
                    let mut value: Vec<char> = value.chars().collect();
                    value[place] = other;
                    agrees(&[kind], &value.into_iter().collect::<String>());
                }
            }
        }
    }
}

#[test]
fn one_more_or_one_less_is_judged_at_every_place() {
    for (kind, values) in CODES {
        for value in values {
            let chars: Vec<char> = value.chars().collect();
            for place in 0..chars.len() {
                let mut less = chars.clone();
                less.remove(place);
                agrees(&[kind], &less.into_iter().collect::<String>());
                for added in ['0', '9', '/', ':', 'X', 'Z', 'É', '京'] {
                    let mut more = chars.clone();
                    more.insert(place, added);
                    agrees(&[kind], &more.into_iter().collect::<String>());
                }
            }
        }
    }
}

#[test]
fn signs_of_an_address_are_seen_at_every_place() {
    for length in (1..=19).chain([24, 25, 31, 32, 33, 40, 41]) {
        for at in 0..length {
            for dot in 0..length {
                for other in [0, at / 2, at, length / 2, length - 1] {
                    let mut value = vec![b'a'; length];
                    value[other] = b'@';
                    value[dot] = b'.';
                    value[at] = b'@';
                    agrees(&[Kind::Email], std::str::from_utf8(&value).unwrap());
                }
            }
        }
    }
}

#[test]
fn birth_dates_are_those_of_the_calendar() {
    for year in 1780..2220 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for month in 0..=19 {
            let days = match month {
                1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
                4 | 6 | 9 | 11 => 30,
                2 => 28 + i32::from(leap),
                _ => 0,
            };
            for day in [0, 1, 2, 27, 28, 29, 30, 31, 32, 39, 40, 99] {
                let real = (1800..2200).contains(&year) && (1..=days).contains(&day);
                let value = format!("110105{year}{month:02}{day:02}0010");
                let (_, verdict) = canonical(Kind::CnResidentId, &value, &no_blanks()).unwrap();
                assert_eq!(verdict != Invalid, real, "{value}");
            }
        }
    }
}

#[test]
fn long_lists_of_blanks_hold_what_they_list() {
    let list: Vec<String> = (0..40)
        .map(|n| {
            format!(
                "{}-{n}-{}",
                ["Null", "k", "无"][n % 3],
                ["x", "知", "9"][n / 3 % 3]
            )
        })
        .collect();
    let blanks = Blanks::new(&list);
    for (place, entry) in list.iter().enumerate() {
        for kind in [Kind::Text, Kind::Name, Kind::CnPlate, Kind::Email] {
            assert_eq!(canonical(kind, entry, &blanks), None);
            assert_eq!(canonical(kind, &entry.to_uppercase(), &blanks), None);
            let near = entry.replace(&format!("-{place}-"), "-41-");
            assert!(canonical(kind, &near, &blanks).is_some(), "{near}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nearly_plain_text_is_answered_by_the_definition(
        plain in vec(select(&['a', 'z', '0', '9', '中', '丁', '鿿', '一', '·', ' ', '.', '@']), 0..100),
        strange in vec((any::<Index>(), select(&STRANGE)), 0..3),
    ) {
        let mut value = plain;
        for (place, c) in strange {
            let place = place.index(value.len() + 1);
            value.insert(place, c);
        }
        agrees(&Kind::ALL, &value.into_iter().collect::<String>());
    }

    #[test]
    fn long_strange_text_is_answered_by_the_definition(
        head in "[a-z中国一鿿]{0,40}",
        any in any::<char>(),
        tail in "[a-z中国一鿿]{0,40}",
    ) {
        agrees(&TEXTS, &format!("{head}{any}{tail}"));
    }

    #[test]
    fn cards_are_judged_by_luhn(digits in "[0-9]{9,22}", right in any::<bool>()) {
        let (body, last) = digits.split_at(digits.len() - 1);
        let check = luhn(body.as_bytes()).unwrap();
        let last = if right { char::from(check) } else { last.chars().next().unwrap() };
        let expected = match digits.len() {
            12..=19 if last == char::from(check) => Valid,
            12..=19 => Suspect,
            _ => Invalid,
        };
        let value = format!("{body}{last}");
        prop_assert_eq!(canonical(Kind::BankCard, &value, &no_blanks()), Some((value, expected)));
    }

    #[test]
    fn integers_are_digits(digits in "[1-9][0-9]{0,40}", place in any::<Index>(), c in "[/:a-]") {
        let expected = Some((digits.clone(), Valid));
        prop_assert_eq!(canonical(Kind::Integer, &digits, &no_blanks()), expected);
        let place = 1 + place.index(digits.len());
        let mut value = digits;
        value.insert_str(place, &c);
        let expected = Some((value.clone(), Invalid));
        prop_assert_eq!(canonical(Kind::Integer, &value, &no_blanks()), expected);
    }
}

fn agrees(kinds: &[Kind], value: &str) {
    for &kind in kinds {
        for blanks in [&Blanks::default(), &no_blanks()] {
            let expected = canonical_slow(kind, value, blanks);
            assert_eq!(canonical(kind, value, blanks), expected, "{kind} {value:?}");
        }
    }
}

const TEXTS: [Kind; 4] = [Kind::Text, Kind::Name, Kind::Email, Kind::Address];

/// Clean values of the kinds of one structure.
const CODES: [(Kind, &[&str]); 8] = [
    (
        Kind::CnResidentId,
        &[
            "11010519491231002X",
            "440524188001010014",
            "110105491231002",
        ],
    ),
    (
        Kind::CnPhone,
        &[
            "13800138000",
            "+8613800138000",
            "+8675512345678",
            "+14155550100",
        ],
    ),
    (Kind::Vin, &["1M8GDM9AXKP042788", "5YJSA1DG9DFP14705"]),
    (
        Kind::CnPlate,
        &["京A12345", "粤ZD12345", "鿿B1234学", "一BZ99Z9"],
    ),
    (
        Kind::BankCard,
        &["411111111111", "4111111111111111", "6222021234567890128"],
    ),
    (Kind::CnUscc, &["91110000600037341L", "91350100M000100Y43"]),
    (
        Kind::Integer,
        &[
            "-1",
            "12",
            "123",
            "-1234567",
            "12345678",
            "-12345678901234567",
            "0",
        ],
    ),
    (
        Kind::Email,
        &[
            "a@b.cn",
            "ab.c-d@e.cn",
            "someone.else@example.com",
            "@",
            "a.b@c_d",
        ],
    ),
];

/// Both sides of every edge of the ranges the shortcuts know, and what NFKC composes, takes apart
/// or drops.
const STRANGE: [char; 56] = [
    '\0',
    '\t',
    '\u{1F}',
    ' ',
    '!',
    '/',
    ':',
    '@',
    'A',
    'Z',
    '[',
    '`',
    'a',
    'z',
    '{',
    '~',
    '\u{7F}',
    '\u{80}',
    '\u{85}',
    '\u{A0}',
    '\u{AD}',
    '\u{B6}',
    '\u{B7}',
    '\u{B8}',
    '\u{BF}',
    '\u{C0}',
    '\u{F7}',
    '\u{137}',
    '\u{301}',
    '\u{338}',
    '\u{345}',
    '\u{3A3}',
    '\u{7FF}',
    '\u{800}',
    '\u{1161}',
    '\u{200B}',
    '\u{2022}',
    '\u{2126}',
    '\u{2F00}',
    '\u{3000}',
    '\u{3007}',
    '\u{3099}',
    '\u{30FB}',
    '\u{3FFF}',
    '\u{4000}',
    '\u{4DB7}',
    '\u{4DFF}',
    '\u{4E00}',
    '\u{4FFF}',
    '\u{9FFF}',
    '\u{A000}',
    '\u{F900}',
    '\u{FA0E}',
    '\u{FEFF}',
    '\u{FF21}',
    '\u{20000}',
];
