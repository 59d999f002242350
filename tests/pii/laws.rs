//! Laws of every kind, over dirty values and over any text at all.

use proptest::prelude::*;
use pseudo_pii::derive::{email, phone, plate, resident_id, vin};
use pseudo_pii::{Blanks, Kind, Verdict};

use crate::dirty::cell;
use crate::{canonical, canonical_slow, no_blanks};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn shortcuts_answer_what_the_definition_answers((kind, value) in cell()) {
        for blanks in [Blanks::default(), no_blanks()] {
            let expected = canonical_slow(kind, &value, &blanks);
            prop_assert_eq!(canonical(kind, &value, &blanks), expected);
        }
    }

    #[test]
    fn canonical_text_is_its_own_canonical_text((kind, value) in cell()) {
        let Some((once, verdict)) = canonical(kind, &value, &no_blanks()) else {
            return Ok(());
        };
        let twice = canonical(kind, &once, &no_blanks());
        if is_settled(kind, &once) {
            let (twice, second) = twice.unwrap();
            prop_assert_eq!(twice, once);
            prop_assert!(second <= verdict);
        } else {
            prop_assert!(twice.is_some());
        }
    }

    #[test]
    fn spelling_does_not_matter((kind, value) in cell(), wide in any::<bool>()) {
        if kind == Kind::Exact {
            return Ok(());
        }
        let wider: String = value.chars().map(|c| if wide { widened(c) } else { c }).collect();
        let spelled = format!("\u{FEFF} {wider}\u{3000}\n");
        let blanks = Blanks::default();
        prop_assert_eq!(canonical(kind, &spelled, &blanks), canonical(kind, &value, &blanks));
    }

    #[test]
    fn any_text_is_answered(value in any::<String>()) {
        for kind in Kind::ALL {
            let blanks = Blanks::default();
            let answer = canonical(kind, &value, &blanks);
            prop_assert_eq!(&answer, &canonical_slow(kind, &value, &blanks));
            if let Some((text, _)) = answer {
                prop_assert!(!text.is_empty() || kind == Kind::Exact);
            }
        }
        let _ = (resident_id::birth_year(&value), resident_id::sex(&value));
        let _ = (resident_id::province(&value), email::domain(&value));
        let _ = (vin::wmi(&value), vin::model_year(&value, 2022), vin::plant(&value));
        let _ = (resident_id::city(&value), resident_id::birth_date(&value));
        let _ = (phone::issue_network(&value), plate::is_nev(&value));
    }

    #[test]
    fn valid_numbers_have_their_parts((kind, value) in cell()) {
        let Some((text, verdict)) = canonical(kind, &value, &no_blanks()) else {
            return Ok(());
        };
        let sound = verdict != Verdict::Invalid;
        match kind {
            Kind::CnResidentId => {
                prop_assert_eq!(resident_id::birth_year(&text).is_some(), sound);
                prop_assert!(resident_id::sex(&text).is_some() || !sound);
            }
            Kind::Vin => {
                prop_assert_eq!(vin::wmi(&text).is_some(), sound);
                prop_assert_eq!(vin::plant(&text).is_some(), sound);
            }
            Kind::CnPlate => prop_assert_eq!(plate::is_nev(&text).is_some(), sound),
            Kind::CnPhone => prop_assert!(phone::mobile(&text).is_none() || sound),
            Kind::Email => prop_assert_eq!(email::domain(&text).is_some(), sound),
            _ => {}
        }
    }
}

/// Where the rules leave a text that they would change once more, it is one of two: a phone number
/// with a `0` behind the country code, or a text whose characters compose because what stood
/// between them was removed.
fn is_settled(kind: Kind, text: &str) -> bool {
    let composed = canonical_slow(Kind::Text, text, &no_blanks());
    kind == Kind::Exact
        || (composed.is_some_and(|(composed, _)| composed == text)
            && !(kind == Kind::CnPhone && text.starts_with("+860")))
}

fn widened(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap(),
        _ => c,
    }
}
