//! `cn-phone/1`: E.164. A national number is a Chinese one; the numbers of other countries are
//! recognised by their `+`. There is no check digit: a number is valid or not one.

use crate::canonical::{Quick, Verdict, push_number};
use crate::checksum::is_digits;

/// Mobiles as people write them, and numbers in E.164 already.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    if is_mobile(value) {
        return Some(Quick::Chinese(Verdict::Valid));
    }
    let number = value.strip_prefix('+')?;
    let settled = match number.strip_prefix("86") {
        Some(national) => is_national(national),
        None => is_foreign(number),
    };
    settled.then_some(Quick::Same(Verdict::Valid))
}

/// Appends the number by the procedure of the kind, whose steps are numbered below.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    // 1: what is left is `cleaned`
    push_number(text, out);
    let cleaned = out.get(start..).unwrap_or_default();
    // 2
    let stripped = cleaned
        .strip_prefix("0086")
        .or_else(|| cleaned.strip_prefix("+86"))
        .or_else(|| cleaned.strip_prefix("86").filter(|rest| is_mobile(rest)));
    let national = stripped.is_some();
    let number = stripped.unwrap_or(cleaned);
    // 3
    let number = IP_DIALLING
        .iter()
        .find_map(|prefix| number.strip_prefix(prefix).filter(|rest| is_mobile(rest)))
        .unwrap_or(number);
    let written = if is_mobile(number) {
        number // 4
    } else if let Some(landline) = number.strip_prefix('0').filter(|rest| is_landline(rest)) {
        landline // 5
    } else if national && is_national(number) {
        number // 6
    } else {
        // 7 and 8
        let foreign = cleaned.strip_prefix('+').is_some_and(is_foreign);
        return if foreign && !national {
            Verdict::Valid
        } else {
            Verdict::Invalid
        };
    };
    let dropped = cleaned.len() - written.len();
    out.replace_range(start..start + dropped, CHINA);
    Verdict::Valid
}

/// The eleven digits of a canonical number that is a Chinese mobile.
pub fn mobile(text: &str) -> Option<&str> {
    text.strip_prefix(CHINA).filter(|number| is_mobile(number))
}

/// First three digits of a canonical number that is a Chinese mobile: the network that issued it.
/// The number may have been ported to another since.
pub fn issue_network(text: &str) -> Option<&str> {
    mobile(text)?.get(..3)
}

/// `1[3-9]` and nine digits.
#[inline]
fn is_mobile(text: &str) -> bool {
    text.len() == 11 && matches!(text.as_bytes(), [b'1', b'3'..=b'9', rest @ ..] if is_digits(rest))
}

/// What follows the `0` of a number with an area code: 9 to 11 digits.
fn is_landline(text: &str) -> bool {
    (9..=11).contains(&text.len()) && is_digits(text.as_bytes())
}

/// `[1-9]` and 8 to 10 digits.
fn is_national(text: &str) -> bool {
    !text.starts_with('0') && is_landline(text)
}

/// What follows the `+` of a foreign number: 7 to 15 digits.
fn is_foreign(text: &str) -> bool {
    (7..=15).contains(&text.len()) && is_digits(text.as_bytes())
}

/// Prefix of a Chinese number in E.164.
pub(super) const CHINA: &str = "+86";

/// Carriers' prefixes for calls over IP, which people copied with the number.
const IP_DIALLING: [&str; 3] = ["17951", "17911", "12593"];
