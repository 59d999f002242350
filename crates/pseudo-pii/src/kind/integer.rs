//! `integer/1`: ASCII digits with an optional sign, without `+`, leading zeros and `-0`, so that a
//! number kept as text in one table and as an integer in another is one number.

use crate::canonical::{Quick, Verdict};
use crate::checksum::is_digits;

/// Numbers in their shortest form.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    let shortest = match value.as_bytes() {
        [b'0'] => true,
        [b'-', rest @ ..] | rest => matches!(rest, [b'1'..=b'9', ..]) && is_digits(rest),
    };
    shortest.then_some(Quick::Same(Verdict::Valid))
}

/// Appends the number in its shortest form, anything else as it is.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !is_digits(digits.as_bytes()) {
        out.push_str(text);
        return Verdict::Invalid;
    }
    match digits.trim_start_matches('0') {
        "" => out.push('0'),
        digits => {
            if negative {
                out.push('-');
            }
            out.push_str(digits);
        }
    }
    Verdict::Valid
}
