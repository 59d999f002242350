//! Identifiers within text, where they stand as words: not within a longer run of digits, letters
//! or underscores, not as part of a decimal number or of a number in groups.

use super::mobile;
use super::number::{eleven, has_resident_places, resident};

/// The numbers within a text, at most one of each kind: what passes before what does not.
#[derive(Default)]
pub(super) struct Found {
    /// A mobile in use behind `+86` or a word for phone.
    pub(super) named: Option<[u8; mobile::DIGITS]>,
    /// Eleven digits.
    pub(super) mobile: Option<[u8; mobile::DIGITS]>,
    /// 17 digits and a digit or `X`.
    pub(super) resident: Option<[u8; 18]>,
}

/// Looks for an e-mail address: a local part, `@`, and a domain of labels, the last of letters.
pub(super) fn hold_email(text: &str) -> bool {
    // bytes, not characters: there are many addresses, and this is most of what they cost
    let mut before: &[u8] = &[];
    let mut parts = text.as_bytes().split(|byte| *byte == b'@');
    parts.any(|part| {
        let local = before.iter().rev().take_while(|byte| is_local(**byte));
        let is_named = local.clone().any(u8::is_ascii_alphanumeric);
        let domain = part.iter().position(|byte| !is_domain(*byte));
        let domain = part.get(..domain.unwrap_or(part.len()));
        before = part;
        is_named && domain.is_some_and(is_mail_domain)
    })
}

fn is_mail_domain(mut domain: &[u8]) -> bool {
    // A full stop may end the sentence and not the address.
    while let [rest @ .., b'.' | b'-'] = domain {
        domain = rest;
    }
    let mut labels = domain.rsplit(|byte| *byte == b'.');
    let top = labels.next().unwrap_or_default();
    let second = labels.next().unwrap_or_default();
    (2..=LONGEST_TOP).contains(&top.len())
        && top.iter().all(u8::is_ascii_alphabetic)
        && !second.is_empty()
        && labels.all(|label| !label.is_empty())
        // 163.com and 126.com are domains, 2.kg is none.
        && (second.len() > 2 || second.iter().any(|byte| !byte.is_ascii_digit()))
}

fn is_local(byte: u8) -> bool {
    CLASS[usize::from(byte)] & LOCAL != 0
}

fn is_domain(byte: u8) -> bool {
    CLASS[usize::from(byte)] & DOMAIN != 0
}

/// Looks for mobiles and resident numbers.
pub(super) fn numbers(text: &str) -> Found {
    let mut found = Found::default();
    if !has_enough_digits_together(text) {
        return found;
    }
    let mut at = 0;
    while let Some((before, rest)) = text.split_at_checked(at) {
        let Some(gap) = rest.bytes().position(|byte| byte.is_ascii_digit()) else {
            break;
        };
        let start = before.len() + gap;
        let (before, word) = text.split_at(start);
        at = start + found.take(before, word);
    }
    found
}

impl Found {
    /// Takes what a word begins with, and answers how long that is: at least its run of digits.
    fn take(&mut self, before: &str, word: &str) -> usize {
        let len = digits(word);
        if let Some(before) = before.strip_suffix('+') {
            if len == 13 && is_begin(before) && word.get(len..).is_some_and(is_end) {
                let number = word.get(..len).and_then(|word| word.strip_prefix("86"));
                self.take_mobile(number.unwrap_or_default(), true);
            }
            return len; // of another country
        }
        let is_named = is_name(before);
        if !is_named && !is_begin(before) {
            return len;
        }
        let part = |from: usize, to: usize| word.get(from..to).unwrap_or_default();
        let ends = |at: usize| word.get(at..).is_some_and(is_end);
        match len {
            mobile::DIGITS if ends(len) => self.take_mobile(part(0, len), is_named),
            13 if word.starts_with("86") && ends(len) => self.take_mobile(part(2, len), is_named),
            15 if word.starts_with("0086") && ends(len) => self.take_mobile(part(4, len), is_named),
            17 if matches!(word.as_bytes().get(len), Some(b'X' | b'x')) && ends(len + 1) => {
                self.take_resident(part(0, len + 1));
                return len + 1;
            }
            18 if ends(len) => self.take_resident(part(0, len)),
            3 => {
                let (first, second) = (part(4, 8), part(9, 13));
                let grouped = matches!(part(3, 4), "-" | " ") && part(3, 4) == part(8, 9);
                if grouped && digits(first) == 4 && digits(second) == 4 && ends(13) {
                    let number = [part(0, 3), first, second].concat();
                    self.take_mobile(&number, is_named);
                    return 13;
                }
            }
            _ => {}
        }
        len
    }

    fn take_mobile(&mut self, text: &str, is_named: bool) {
        let Some(digits) = eleven(text) else {
            return;
        };
        let in_use = mobile::is_in_use(digits);
        if is_named && in_use {
            self.named = Some(*digits);
        } else if self
            .mobile
            .is_none_or(|old| in_use && !mobile::is_in_use(&old))
        {
            self.mobile = Some(*digits);
        }
    }

    fn take_resident(&mut self, text: &str) {
        let Ok(mut code) = <[u8; 18]>::try_from(text.as_bytes()) else {
            return;
        };
        code.make_ascii_uppercase();
        let is_better = self
            .resident
            .is_none_or(|old| resident(&code) > resident(&old));
        if has_resident_places(&code) && is_better {
            self.resident = Some(code);
        }
    }
}

/// Whether there are eleven digits in a row, or three, four and four with one byte between them.
fn has_enough_digits_together(text: &str) -> bool {
    const ROW: u32 = 0b111_1111_1111;
    const GROUPS: u32 = 0b1_1101_1110_1111;
    let (mut last, mut has) = (0, false);
    for byte in text.bytes() {
        last = last << 1 | u32::from(byte.is_ascii_digit());
        has |= (last & ROW == ROW) | (last & GROUPS == GROUPS);
    }
    has
}

/// How many digits a text begins with.
fn digits(text: &str) -> usize {
    let count = text.bytes().position(|byte| !byte.is_ascii_digit());
    count.unwrap_or(text.len())
}

/// Whether what follows is called a phone number: by the code of its country, or by a word.
fn is_name(before: &str) -> bool {
    const NAMES: [&[u8]; 12] = [
        b"+86",
        b"tel",
        b"phone",
        b"mobile",
        b"cell",
        b"call",
        "电话".as_bytes(),
        "手机".as_bytes(),
        "手机号".as_bytes(),
        "号码".as_bytes(),
        "致电".as_bytes(),
        "联系".as_bytes(),
    ];
    let before = before
        .trim_end_matches([' ', '-', ')', '(', ':', '.', '：', '（'])
        .as_bytes();
    NAMES.iter().any(|name| {
        let start = before.len().checked_sub(name.len());
        start
            .and_then(|at| before.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(name))
    })
}

/// Whether a word may begin behind this text.
fn is_begin(before: &str) -> bool {
    is_border(before.bytes().rev())
}

/// Whether a word ends before this text.
fn is_end(behind: &str) -> bool {
    is_border(behind.bytes())
}

/// Whether the bytes next to a word, nearest first, do not continue it.
fn is_border(mut bytes: impl Iterator<Item = u8>) -> bool {
    match bytes.next() {
        None => true,
        Some(b'.' | b'-') => !bytes.next().is_some_and(|byte| byte.is_ascii_digit()),
        Some(b'_' | b'@') => false,
        Some(byte) => !byte.is_ascii_alphanumeric(),
    }
}

/// Letters of the longest top-level domain that is not one of a company.
const LONGEST_TOP: usize = 24;

/// Where in an e-mail address a byte may stand.
static CLASS: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'.' | b'-' => LOCAL | DOMAIN,
            b'_' | b'%' | b'+' => LOCAL,
            _ if byte.is_ascii_alphanumeric() => LOCAL | DOMAIN,
            _ => 0,
        };
        byte += 1;
    }
    classes
};
const LOCAL: u8 = 1;
const DOMAIN: u8 = 2;
