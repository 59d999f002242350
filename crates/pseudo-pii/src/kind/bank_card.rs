//! `bank-card/1`: a payment card number of ISO/IEC 7812, 12 to 19 digits, the last by Luhn. Old
//! domestic cards fail the check: suspect, not invalid.

use crate::canonical::{Quick, Verdict, push_number};
use crate::checksum::is_luhn;

/// Digits of the right number.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    match judge(value.as_bytes()) {
        Verdict::Invalid => None,
        verdict => Some(Quick::Same(verdict)),
    }
}

/// Appends the number without separators.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    push_number(text, out);
    judge(out.get(start..).unwrap_or_default().as_bytes())
}

#[inline]
fn judge(number: &[u8]) -> Verdict {
    match is_luhn(number) {
        Some(true) => Verdict::Valid,
        Some(false) => Verdict::Suspect,
        None => Verdict::Invalid,
    }
}
