//! `address/1`: all white space removed, ASCII letters in upper case. No check is possible: every
//! address is valid.

use crate::canonical::{Quick, Seen, Verdict, push_without, scan};

/// Plain addresses without spaces and lower case.
pub(super) fn quick(value: &str) -> Option<Quick> {
    let settled = !scan(value)?.any(Seen::SPACE | Seen::LOWER);
    settled.then_some(Quick::Same(Verdict::Valid))
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
