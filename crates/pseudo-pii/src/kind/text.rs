//! `text/1`: the prelude and nothing more.

use crate::canonical::{Quick, Verdict, is_padded};
use crate::plain::is_plain;

/// Plain text without spaces at its ends.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    (is_plain::<0>(value) && !is_padded(value)).then_some(Quick::Same(Verdict::Valid))
}

/// Appends the text as it is.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    out.push_str(text);
    Verdict::Valid
}
