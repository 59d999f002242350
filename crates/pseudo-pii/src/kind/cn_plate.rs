//! `cn-plate/1`: a Chinese number plate: the character of its province, a letter, and five places
//! (six for new energy), the last of five being a character on plates for a special use.

use crate::canonical::{Quick, Seen, Verdict, is_han, push_code, scan};

/// Plates with a common Han character in front that are right in structure.
pub(super) fn quick(value: &str) -> Option<Quick> {
    let plain = value.len() <= LONGEST && scan(value)?.any(Seen::HAN);
    (plain && judge(value) == Verdict::Valid).then_some(Quick::Same(Verdict::Valid))
}

/// Appends the plate in upper case without separators.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    push_code(text, out);
    judge(out.get(start..).unwrap_or_default())
}

/// Whether a canonical plate is one of the new energy vehicles: six places behind the letter.
pub fn is_nev(text: &str) -> Option<bool> {
    (judge(text) == Verdict::Valid).then(|| text.chars().count() == NEV)
}

fn judge(plate: &str) -> Verdict {
    let mut chars = plate.chars();
    let province = chars.next().is_some_and(is_han);
    let letter = chars
        .next()
        .is_some_and(|c| c.is_ascii_uppercase() && is_place(c));
    let places = chars.as_str();
    let ordinary = match places.char_indices().nth(4) {
        Some((at, last)) if SPECIAL.contains(&last) => {
            places.len() == at + last.len_utf8() && places.chars().take(4).all(is_place)
        }
        _ => matches!(places.len(), 5 | 6) && places.chars().all(is_place),
    };
    if province && letter && ordinary {
        Verdict::Valid
    } else {
        Verdict::Invalid
    }
}

/// A digit or a letter but `I` and `O`.
fn is_place(c: char) -> bool {
    matches!(c, '0'..='9' | 'A'..='H' | 'J'..='N' | 'P'..='Z')
}

/// Learners, police, trailers, Hong Kong, Macau, embassies, consulates.
const SPECIAL: [char; 7] = ['学', '警', '挂', '港', '澳', '使', '领'];

/// Bytes of the longest plate: two Han characters and five of ASCII, or one and seven.
const LONGEST: usize = 11;

/// Characters of the plate of a new energy vehicle; every other has one less.
const NEV: usize = 8;
