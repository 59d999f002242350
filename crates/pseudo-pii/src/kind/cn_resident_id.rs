//! `cn-resident-id/1`: the resident identity number of GB 11643-1999, 17 digits and a check
//! character of ISO 7064 MOD 11-2. Numbers of the 1989 edition, 15 digits without a check, are
//! written in the later form, so that both belong to one person.

use crate::canonical::{Quick, Verdict, push_code};
use crate::checksum::{is_digits, mod_11_2};

/// Numbers of 18 characters that are right in structure.
pub(super) fn quick(value: &str) -> Option<Quick> {
    match judge(value.as_bytes()) {
        Verdict::Invalid => None,
        verdict => Some(Quick::same(verdict)),
    }
}

/// Appends the number of 18 characters, anything else in upper case.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    push_code(text, out);
    let code = out.get(start..).unwrap_or_default().as_bytes();
    if let Some(code) = upgraded(code) {
        out.truncate(start);
        out.extend(code.map(char::from));
        return judge(&code);
    }
    judge(code)
}

/// Year of birth in a canonical number, if its date is a real one.
pub fn birth_year(text: &str) -> Option<i16> {
    let digits = shaped(text.as_bytes())?;
    i16::try_from(real_year(digits)?).ok()
}

/// `M` or `F`, from digit 17 of a canonical number: odd for men, even for women.
pub fn sex(text: &str) -> Option<&'static str> {
    let [.., sequence, _] = shaped(text.as_bytes())?;
    Some(if sequence % 2 == 1 { "M" } else { "F" })
}

/// Province that issued a canonical number, as a code of GB/T 2260: `110000`.
///
/// The residence permits of Taiwan residents bear 83.
pub fn province(text: &str) -> Option<&'static str> {
    let [tens, units, ..] = shaped(text.as_bytes())?;
    PROVINCES
        .into_iter()
        .find(|code| code.as_bytes().starts_with(&[*tens, *units]))
}

fn judge(code: &[u8]) -> Verdict {
    let Some(code) = shaped(code) else {
        return Verdict::Invalid;
    };
    let [body @ .., check] = code;
    if real_year(code).is_none() {
        Verdict::Invalid
    } else if mod_11_2(body) == Some(*check) {
        Verdict::Valid
    } else {
        Verdict::Suspect
    }
}

/// 17 digits and a digit or `X`.
fn shaped(code: &[u8]) -> Option<&[u8; 18]> {
    let code: &[u8; 18] = code.try_into().ok()?;
    let [body @ .., check] = code;
    (is_digits(body) && matches!(check, b'0'..=b'9' | b'X')).then_some(code)
}

/// Year of the date at 7..14, if it is one of 1800-01-01..2199-12-31.
fn real_year(code: &[u8; 18]) -> Option<u16> {
    let [_, _, _, _, _, _, date @ ..] = code;
    let [y1, y2, y3, y4, m1, m2, d1, d2, ..] = date.map(|byte| u16::from(byte & 15));
    let (year, month, day) = (
        y1 * 1000 + y2 * 100 + y3 * 10 + y4,
        m1 * 10 + m2,
        d1 * 10 + d2,
    );
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    ((1800..2200).contains(&year) && (1..=days).contains(&day)).then_some(year)
}

/// The number of 15 digits with its century and its check character.
fn upgraded(code: &[u8]) -> Option<[u8; 18]> {
    let code: &[u8; 15] = code.try_into().ok()?;
    let (region, birth) = code.split_at(6);
    let mut body = [0; 17];
    let digits = region.iter().chain(b"19").chain(birth);
    body.iter_mut()
        .zip(digits)
        .for_each(|(place, digit)| *place = *digit);
    let check = mod_11_2(&body)?;
    let mut upgraded = [check; 18];
    upgraded
        .iter_mut()
        .zip(body)
        .for_each(|(place, digit)| *place = digit);
    Some(upgraded)
}

/// The first level of GB/T 2260, and 83.
const PROVINCES: [&str; 35] = [
    "110000", "120000", "130000", "140000", "150000", "210000", "220000", "230000", "310000",
    "320000", "330000", "340000", "350000", "360000", "370000", "410000", "420000", "430000",
    "440000", "450000", "460000", "500000", "510000", "520000", "530000", "540000", "610000",
    "620000", "630000", "640000", "650000", "710000", "810000", "820000", "830000",
];
