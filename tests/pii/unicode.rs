//! One Unicode version: the tables of the normaliser, of the properties and of the standard
//! library, held against each other over every code point.

use icu_properties::props::{
    Alphabetic, CanonicalCombiningClass, CaseIgnorable, Cased, DefaultIgnorableCodePoint,
    GeneralCategory, Lowercase, Script, Uppercase, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use pseudo_pii::{Kind, UNICODE_VERSION, Verdict};

use crate::{canonical, canonical_slow, no_blanks};

#[test]
fn standard_library_is_not_older() {
    assert_eq!(UNICODE_VERSION, (17, 0, 0));
    assert!(char::UNICODE_VERSION >= UNICODE_VERSION);
}

#[test]
fn tables_are_of_the_version() {
    let category = CodePointMapData::<GeneralCategory>::new();
    let assigned = every_char().filter(|&c| category.get(c) != GeneralCategory::Unassigned);
    // Unicode 17.0: 159,801 characters, and controls, private use and format besides; surrogates
    // are no characters of a Rust string.
    assert_eq!(assigned.count(), 299_382 - 2_048);
    // U+A7D2 came with 17.0, U+0558 with 18.0.
    assert_eq!(category.get('\u{A7D2}'), GeneralCategory::UppercaseLetter);
    assert_eq!(category.get('\u{0558}'), GeneralCategory::Unassigned);
}

#[test]
fn tables_agree_with_the_standard_library() {
    if char::UNICODE_VERSION != UNICODE_VERSION {
        return;
    }
    let alphabetic = CodePointSetData::new::<Alphabetic>();
    let lowercase = CodePointSetData::new::<Lowercase>();
    let uppercase = CodePointSetData::new::<Uppercase>();
    for c in every_char() {
        assert_eq!(alphabetic.contains(c), c.is_alphabetic(), "{c:?}");
        assert_eq!(lowercase.contains(c), c.is_lowercase(), "{c:?}");
        assert_eq!(uppercase.contains(c), c.is_uppercase(), "{c:?}");
    }
}

#[test]
fn white_space_and_controls_are_those_of_the_standard_library() {
    let white_space = CodePointSetData::new::<WhiteSpace>();
    let category = CodePointMapData::<GeneralCategory>::new();
    for c in every_char() {
        assert_eq!(white_space.contains(c), c.is_whitespace(), "{c:?}");
        assert_eq!(
            category.get(c) == GeneralCategory::Control,
            c.is_control(),
            "{c:?}"
        );
    }
}

#[test]
fn shortcuts_agree_with_the_definition_on_every_character() {
    for c in every_char() {
        for value in [format!("{c}"), format!("a{c}B")] {
            for kind in [Kind::Text, Kind::CnResidentId] {
                let expected = canonical_slow(kind, &value, &no_blanks());
                let answer = canonical(kind, &value, &no_blanks());
                assert_eq!(answer, expected, "{kind} U+{:04X}", u32::from(c));
            }
        }
    }
}

#[test]
fn unassigned_code_points_stay() {
    let category = CodePointMapData::<GeneralCategory>::new();
    for c in every_char().filter(|&c| category.get(c) == GeneralCategory::Unassigned) {
        for kind in [Kind::Name, Kind::CnResidentId] {
            let (text, _) = canonical(kind, &c.to_string(), &no_blanks()).unwrap();
            assert_eq!(text, c.to_string(), "{kind} U+{:04X}", u32::from(c));
        }
    }
}

#[test]
fn ignorable_code_points_go() {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let category = CodePointMapData::<GeneralCategory>::new();
    for c in every_char().filter(|&c| ignorable.contains(c)) {
        let (text, _) = canonical(Kind::Text, &format!("a{c}b"), &no_blanks()).unwrap();
        let stays = category.get(c) == GeneralCategory::Unassigned;
        assert_eq!(text == "ab", !stays, "U+{:04X}", u32::from(c));
    }
}

#[test]
fn common_han_is_plain() {
    let script = CodePointMapData::<Script>::new();
    let combining = CodePointMapData::<CanonicalCombiningClass>::new();
    for c in ('\u{4E00}'..='\u{9FFF}')
        .chain([' ', '\u{B7}'])
        .chain('!'..='~')
    {
        assert_eq!(combining.get(c), CanonicalCombiningClass::NotReordered);
        let text = format!("x{c}x");
        let expected = Some((text.clone(), Verdict::Valid));
        assert_eq!(canonical_slow(Kind::Text, &text, &no_blanks()), expected);
        if !c.is_ascii() && c != '\u{B7}' {
            assert_eq!(script.get(c), Script::Han);
        }
    }
}

#[test]
fn lowercase_is_the_full_mapping() {
    let category = CodePointMapData::<GeneralCategory>::new();
    for c in every_char().filter(|&c| category.get(c) != GeneralCategory::Unassigned) {
        let value = format!("A{c}");
        let Some((text, _)) = canonical(Kind::Text, &value, &no_blanks()) else {
            continue;
        };
        let expected: String = text
            .to_lowercase()
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        let (lowered, _) = canonical(Kind::Email, &value, &no_blanks()).unwrap();
        assert_eq!(lowered, expected, "{c:?}");
    }
}

#[test]
fn final_sigma_looks_through_what_case_ignores() {
    let (cased, ignored) = ('\u{3B1}', '\u{300}');
    assert!(CodePointSetData::new::<Cased>().contains(cased));
    assert!(CodePointSetData::new::<CaseIgnorable>().contains(ignored));
    for value in [
        "ΑΣ", "Σ", "ΣΑ", "ΑΣΑ", "Α.Σ", "ΑΣ.Α", "ΑΣ1", "1Σ", "ΑΣ̀", "ᾺΣ", "ΑΣΣ", "ʰΣ",
    ] {
        let (lowered, _) = canonical(Kind::Email, value, &no_blanks()).unwrap();
        let (text, _) = canonical(Kind::Text, value, &no_blanks()).unwrap();
        assert_eq!(lowered, text.to_lowercase(), "{value}");
    }
}

fn every_char() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}
