//! `address/1`: all white space removed, ASCII letters in upper case. No check is possible: every
//! address is valid.

use crate::canonical::{Quick, Verdict, push_without};
use crate::plain::{DOT, LOWER, SPACE, is_plain};

/// Plain addresses without spaces and lower case.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    is_plain::<{ SPACE | LOWER | DOT }>(value).then_some(Quick::Same(Verdict::Valid))
}

/// Appends the address.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    push_without(text, char::is_whitespace, out);
    if let Some(address) = out.get_mut(start..) {
        address.make_ascii_uppercase();
    }
    Verdict::Valid
}
