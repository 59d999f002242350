//! `cn-plate/1`: a Chinese number plate: the character of its province, a letter, and five places
//! (six for new energy), the last of five being a character on plates for a special use.

use crate::canonical::{Quick, Verdict, is_han, push_code};
use crate::plain::{is_common_han, is_plain};

/// Plates with a common Han character in front that are right in structure.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    let settled = is_ordinary(value.as_bytes())
        || (value.len() <= LONGEST && is_plain::<0>(value) && judge(value) == Verdict::Valid);
    settled.then_some(Quick::Same(Verdict::Valid))
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

/// Whether text is a plate of a common Han character and places that are ASCII, five or six: both
/// lengths in one pass, the last place maybe twice.
#[inline]
fn is_ordinary(plate: &[u8]) -> bool {
    let (9..=10, Some(head), Some(last)) = (plate.len(), plate.first_chunk::<9>(), plate.last())
    else {
        return false;
    };
    let [lead, next, _, letter, places @ ..] = head;
    let places = places
        .iter()
        .chain([last])
        .fold(PLACE, |all, byte| all & CLASS[usize::from(*byte)]);
    is_common_han(*lead, *next) & (CLASS[usize::from(*letter)] & LETTER != 0) & (places != 0)
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
const fn is_place(c: char) -> bool {
    matches!(c, '0'..='9' | 'A'..='H' | 'J'..='N' | 'P'..='Z')
}

/// What a byte may stand for.
const PLACE: u8 = 1;
const LETTER: u8 = 2;
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if is_place(byte as char) {
            class[byte as usize] = if byte.is_ascii_digit() {
                PLACE
            } else {
                PLACE | LETTER
            };
        }
        byte += 1;
    }
    class
};

/// Learners, police, trailers, Hong Kong, Macau, embassies, consulates.
const SPECIAL: [char; 7] = ['学', '警', '挂', '港', '澳', '使', '领'];

/// Bytes of the longest plate: two Han characters and five of ASCII, or one and seven.
const LONGEST: usize = 11;

/// Characters of the plate of a new energy vehicle; every other has one less.
const NEV: usize = 8;
