//! `cn-resident-id/1`: the resident identity number of GB 11643-1999, 17 digits and a check
//! character of ISO 7064 MOD 11-2. Numbers of the 1989 edition, 15 digits without a check, are
//! written in the later form, so that both belong to one person.

use crate::canonical::{Quick, Verdict, push_code};
use crate::checksum::{is_digits, mod_11_2};

/// Numbers of 18 characters that are right in structure.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    match judge(value.as_bytes()) {
        Verdict::Invalid => None,
        verdict => Some(Quick::Same(verdict)),
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
    birth_date(text).map(|(year, _, _)| year)
}

/// Year, month and day of birth in a canonical number, if they make a real date.
pub fn birth_date(text: &str) -> Option<(i16, u8, u8)> {
    let (year, month, day) = real_date(shaped(text.as_bytes())?)?;
    Some((i16::try_from(year).ok()?, month, day))
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

/// City that issued a canonical number, as the ASCII digits of a code of GB/T 2260: `110100`.
///
/// Nothing where the province is none, or the number names no city. That the province has such a
/// city is not checked: codes come and go with the years.
pub fn city(text: &str) -> Option<[u8; 6]> {
    province(text)?;
    let [p1, p2, c1, c2, ..] = *shaped(text.as_bytes())?;
    ([c1, c2] != *b"00").then_some([p1, p2, c1, c2, b'0', b'0'])
}

#[inline]
fn judge(code: &[u8]) -> Verdict {
    let Ok(code) = <&[u8; 18]>::try_from(code) else {
        return Verdict::Invalid;
    };
    let [body @ .., check] = code;
    match mod_11_2(body) {
        None => Verdict::Invalid,
        Some(_) if real_date(code).is_none() => Verdict::Invalid,
        Some(right) if right == *check => Verdict::Valid,
        Some(_) if is_check(*check) => Verdict::Suspect,
        Some(_) => Verdict::Invalid,
    }
}

fn is_check(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'X')
}

/// 17 digits and a digit or `X`.
fn shaped(code: &[u8]) -> Option<&[u8; 18]> {
    let code: &[u8; 18] = code.try_into().ok()?;
    let [body @ .., check] = code;
    (is_digits(body) && is_check(*check)).then_some(code)
}

/// Year, month and day at 7..14, if they make a date of 1800-01-01..2199-12-31.
#[inline]
fn real_date(code: &[u8; 18]) -> Option<(u16, u8, u8)> {
    let [_, _, _, _, _, _, y1, y2, y3, y4, m1, m2, d1, d2, ..] = *code;
    // Four numbers of two digits at once, each in 16 bits.
    let digits = u64::from_le_bytes([y1, y2, y3, y4, m1, m2, d1, d2]) & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let [century, _, year, _, month, _, day, _] = pairs.to_le_bytes();
    let days = *DAYS.get(usize::from(month))?;
    let real = (1..=days).contains(&day)
        // February the 29th
        || ((month, day) == (2, 29) && year % 4 == 0 && (year != 0 || century % 4 == 0));
    (real && (18..22).contains(&century))
        .then(|| (u16::from(century) * 100 + u16::from(year), month, day))
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

/// Days of each month of a common year, by its number.
const DAYS: [u8; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The first level of GB/T 2260, and 83.
pub(crate) const PROVINCES: [&str; 35] = [
    "110000", "120000", "130000", "140000", "150000", "210000", "220000", "230000", "310000",
    "320000", "330000", "340000", "350000", "360000", "370000", "410000", "420000", "430000",
    "440000", "450000", "460000", "500000", "510000", "520000", "530000", "540000", "610000",
    "620000", "630000", "640000", "650000", "710000", "810000", "820000", "830000",
];
