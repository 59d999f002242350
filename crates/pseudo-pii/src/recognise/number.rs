//! Values that are one number or code: which shape they have, and whether they pass its check.

use std::sync::LazyLock;

use super::mobile;
use crate::checksum::{gb_32100, is_digits, luhn, mod_11_2, vin as vin_check};
use crate::derive::resident_id;
use crate::kind::cn_resident_id::PROVINCES;
use crate::{Blanks, Canonical, Kind, Verdict, fold};

/// A value that has the places of a number, without separators and in upper case.
#[derive(Clone, Copy)]
pub(super) enum Number<'r> {
    /// No identifier, and no text that could hold one.
    Nothing,
    /// Eleven digits.
    Mobile(&'r [u8; mobile::DIGITS], Spelling),
    /// 15 digits.
    Fifteen(&'r str),
    /// 17 letters and digits.
    Seventeen(&'r [u8; 17]),
    /// 18 letters and digits.
    Eighteen(&'r [u8; 18]),
    /// As many digits as cards have, but for the cases above.
    Card(&'r [u8]),
}

/// How a number of eleven digits is written.
#[derive(Clone, Copy)]
pub(super) enum Spelling {
    /// Digits, perhaps behind `86`.
    Plain,
    /// In groups of three, four and four.
    Grouped,
    /// Behind `+86`.
    China,
}

impl<'r> Number<'r> {
    /// Reads a value as one number, `None` when it may be text that holds some.
    pub(super) fn of(text: &'r str, room: &'r mut [u8; fold::ROOM]) -> Option<Self> {
        if !(FEWEST..=LONGEST).contains(&text.len()) {
            return None;
        }
        // most numbers are nothing but digits
        let text = if is_digits(text.as_bytes()) {
            text
        } else if let Some(text) = without_fraction(text) {
            text
        } else {
            return Some(Self::Nothing);
        };
        if is_digits(text.as_bytes()) {
            return Some(Self::of_digits(text, Spelling::Plain).unwrap_or(Self::Nothing));
        }
        let places = text.bytes().filter(u8::is_ascii_alphanumeric).count();
        if !(FEWEST..=MOST).contains(&places) {
            return None;
        }
        let is_code = places == text.len() && !has(text, u8::is_ascii_lowercase);
        let code = if is_code {
            text
        } else {
            fold::code(text, true, room)?
        };
        if let Some(number) = code.strip_prefix('+') {
            let mobile = number.strip_prefix("86").and_then(eleven)?;
            return Some(Self::Mobile(mobile, Spelling::China));
        }
        if is_digits(code.as_bytes()) {
            return Self::of_groups(text, code);
        }
        let bytes = code.as_bytes();
        let is_resident = matches!(bytes, [body @ .., b'X'] if is_digits(body));
        // Letters in groups are words, or the keys of a licence.
        let is_word = text.trim_start_matches('\'').len() == code.len();
        let cased = has(text, u8::is_ascii_lowercase) && has(text, u8::is_ascii_uppercase);
        if !(is_word || is_resident) || cased || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        if let Ok(code) = bytes.try_into() {
            Some(Self::Seventeen(code))
        } else {
            bytes.try_into().ok().map(Self::Eighteen)
        }
    }

    #[inline]
    fn of_digits(code: &'r str, spelling: Spelling) -> Option<Self> {
        let digits = code.as_bytes();
        let behind = match digits.len() {
            13 => code.strip_prefix("86"),
            15 => code.strip_prefix("0086"),
            _ => Some(code),
        };
        if let Some(mobile) = behind.and_then(eleven) {
            return Some(Self::Mobile(mobile, spelling));
        }
        match digits.len() {
            15 => Some(Self::Fifteen(code)),
            17 => digits.try_into().ok().map(Self::Seventeen),
            18 => digits.try_into().ok().map(Self::Eighteen),
            13..=19 => Some(Self::Card(digits)),
            _ => None,
        }
    }

    /// Digits with something between them: one number, or several that only look like one.
    fn of_groups(text: &str, code: &'r str) -> Option<Self> {
        let mut groups = text
            .split(|c: char| !c.is_ascii_digit())
            .map(str::len)
            .filter(|len| *len > 0);
        let first = groups.next()?;
        let behind = [groups.next(), groups.next(), groups.next()];
        if text.starts_with('-') && behind == [None; 3] {
            return Some(Self::Nothing); // a negative number
        }
        match (code.len(), first, behind) {
            // The country code of North America.
            (mobile::DIGITS, 1, _) => Some(Self::Nothing),
            (mobile::DIGITS, 3, [Some(4), Some(4), None]) => {
                Self::of_digits(code, Spelling::Grouped)
            }
            (14 | 16 | 17 | 19, ..) if !is_issued(code.as_bytes()) => None,
            _ => Self::of_digits(code, Spelling::Plain),
        }
    }
}

/// Drops a fraction of zeros, which spreadsheets add; `None` for any other decimal number.
fn without_fraction(text: &str) -> Option<&str> {
    let point = text.bytes().position(|byte| byte == b'.');
    let parts = point.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    match parts {
        Some((whole, fraction))
            if is_digits(whole.as_bytes()) && is_digits(fraction.as_bytes()) =>
        {
            fraction.bytes().all(|byte| byte == b'0').then_some(whole)
        }
        _ => Some(text),
    }
}

/// Eleven digits.
pub(super) fn eleven(text: &str) -> Option<&[u8; mobile::DIGITS]> {
    let digits: &[u8; mobile::DIGITS] = text.as_bytes().try_into().ok()?;
    is_digits(digits).then_some(digits)
}

/// Whether a text is a plate of a province.
pub(super) fn is_plate(text: &str) -> bool {
    let Some(province) = text.chars().next() else {
        return false;
    };
    if province.is_ascii() || !PLATE_PROVINCES.contains(province) {
        return false;
    }
    let verdict = Kind::CnPlate.canonical(text, &NO_BLANKS, &mut String::new());
    is_valid(verdict)
}

/// 17 digits and a digit or `X`.
pub(super) fn has_resident_places(code: &[u8; 18]) -> bool {
    let [body @ .., check] = code;
    is_digits(body) && matches!(check, b'0'..=b'9' | b'X')
}

/// Whether the check of a resident number is right, `None` when its structure is not.
pub(super) fn resident(code: &[u8; 18]) -> Option<bool> {
    let [p1, p2, ..] = *code;
    resident_id::birth_date(std::str::from_utf8(code).ok()?)?;
    let [body @ .., check] = code;
    is_province([p1, p2]).then(|| mod_11_2(body) == Some(*check))
}

/// Whether 15 digits have the structure of a resident number of 1989.
pub(super) fn is_resident_15(code: &str) -> bool {
    let [p1, p2, _, _, _, _, _, _, m1, _, d1, ..] = *code.as_bytes() else {
        return false;
    };
    // Most numbers fail here, before anything is written.
    is_province([p1, p2])
        && matches!((m1, d1), (b'0' | b'1', b'0'..=b'3'))
        && is_valid(Kind::CnResidentId.canonical(code, &NO_BLANKS, &mut String::new()))
}

/// What is right in a code of the alphabet of vehicle numbers.
#[derive(Clone, Copy)]
pub(super) struct Vin {
    /// A maker, something but digits behind it, a serial number, and no date.
    pub(super) structured: bool,
    /// The check character.
    pub(super) checked: bool,
}

/// Looks at a code as a vehicle number, `None` when it is not of the alphabet or all one class.
pub(super) fn vin(code: &[u8; 17]) -> Option<Vin> {
    let check = vin_check(code)?;
    let is_mixed = code.iter().any(u8::is_ascii_digit) && !is_digits(code);
    let [w1, w2, w3, parts @ .., _, _, s1, s2, s3, s4] = code;
    let [_, _, _, _, _, at_9, ..] = parts;
    let structured = *w1 != b'0'
        && !is_digits(&[*w1, *w2, *w3])
        && !is_digits(parts)
        && is_digits(&[*s1, *s2, *s3, *s4])
        && !code.windows(8).any(is_date);
    is_mixed.then_some(Vin {
        structured,
        checked: check == *at_9,
    })
}

/// `YYYYMMDD` of the 20th and 21st century.
fn is_date(window: &[u8]) -> bool {
    matches!(window, [b'1', b'9', ..] | [b'2', b'0', ..])
        && matches!(
            window,
            [
                _,
                _,
                b'0'..=b'9',
                b'0'..=b'9',
                b'0',
                b'1'..=b'9',
                b'0'..=b'3',
                b'0'..=b'9'
            ] | [
                _,
                _,
                b'0'..=b'9',
                b'0'..=b'9',
                b'1',
                b'0'..=b'2',
                b'0'..=b'3',
                b'0'..=b'9'
            ]
        )
}

/// Whether the check of a social credit code is right, `None` when its structure is not.
pub(super) fn uscc(code: &[u8; 18]) -> Option<bool> {
    let [body @ .., check] = code;
    let [registrar, b'1'..=b'9', r1, r2, r3, r4, r5, r6, ..] = *body else {
        return None;
    };
    let region = is_digits(&[r3, r4, r5, r6]) && (is_province([r1, r2]) || [r1, r2] == *b"10");
    if !region || !matches!(registrar, b'1'..=b'9' | b'A' | b'N' | b'Y') {
        return None;
    }
    gb_32100(body).map(|right| right == *check)
}

/// Whether digits pass Luhn, `None` when no issuer has such numbers.
pub(super) fn bank_card(digits: &[u8]) -> Option<bool> {
    let [body @ .., check] = digits else {
        return None;
    };
    (is_issued(digits) && is_digits(digits)).then(|| luhn(body) == Some(*check))
}

/// Whether cards of that length begin so.
fn is_issued(digits: &[u8]) -> bool {
    let [i1, i2, i3, i4, ..] = *digits else {
        return false;
    };
    match ([i1, i2, i3, i4], digits.len()) {
        // Visa
        ([b'4', ..], 13 | 16 | 19) => true,
        // Mastercard: 51 to 55, 2221 to 2720
        ([b'5', b'1'..=b'5', ..], 16) => true,
        (prefix @ [b'2', ..], 16) => (*b"2221"..=*b"2720").contains(&prefix),
        // American Express, Diners Club, JCB
        ([b'3', b'4' | b'7', ..], 15) => true,
        ([b'3', b'0' | b'6' | b'8' | b'9', ..], 14) => true,
        ([b'3', b'5', ..], 16) => true,
        // UnionPay and Maestro, Discover, cards of one country alone
        ([b'5', b'0' | b'6'..=b'9', ..] | [b'6' | b'9', ..], 16..=19) => true,
        // Samples
        ([b'0', b'9', b'8', ..], 19) => true,
        _ => false,
    }
}

/// First level of GB/T 2260.
fn is_province([tens, units]: [u8; 2]) -> bool {
    let digit = |byte: u8| usize::from(byte.wrapping_sub(b'0'));
    let row = IS_PROVINCE
        .get(digit(tens))
        .and_then(|row| row.get(digit(units)));
    row == Some(&true)
}

fn has(text: &str, class: fn(&u8) -> bool) -> bool {
    text.as_bytes().iter().any(class)
}

const fn is_valid(answer: Canonical) -> bool {
    matches!(
        answer,
        Canonical::Same(Verdict::Valid) | Canonical::Written(Verdict::Valid)
    )
}

static IS_PROVINCE: [[bool; 10]; 10] = {
    let mut table = [[false; 10]; 10];
    let mut at = 0;
    while at < PROVINCES.len() {
        let code = PROVINCES[at].as_bytes();
        table[(code[0] - b'0') as usize][(code[1] - b'0') as usize] = true;
        at += 1;
    }
    table
};

/// What provinces are called on plates.
const PLATE_PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

static NO_BLANKS: LazyLock<Blanks> = LazyLock::new(|| Blanks::new(&[]));

/// Places of the shortest number, a mobile.
const FEWEST: usize = mobile::DIGITS;
/// Places of the longest number, a card.
const MOST: usize = 19;
/// Bytes of the longest number with all that people put between its places.
pub(super) const LONGEST: usize = 40;
