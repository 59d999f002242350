//! `name/1`: one middle dot, no white space in a name that holds a Han character and single spaces
//! in any other, Unicode lowercase. No check is possible: every name is valid.

use crate::canonical::{
    Quick, Verdict, is_han, is_name_dot, is_padded, lowercase_from, push_without,
};
use crate::plain::{SPACE, UPPER, is_han_alone, is_plain};

/// Plain names in lower case with nothing to join or to collapse.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    let settled = is_han_alone(value)
        || is_plain::<{ UPPER | SPACE }>(value)
        || (is_plain::<UPPER>(value)
            && value.is_ascii()
            && !is_padded(value)
            && !value.contains("  "));
    settled.then_some(Quick::Same(Verdict::Valid))
}

/// Appends the name.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    if text.chars().any(is_name_dot) {
        let dotted = text
            .chars()
            .map(|c| if is_name_dot(c) { '\u{B7}' } else { c });
        push_joined(&dotted.collect::<String>(), out);
    } else {
        push_joined(text, out);
    }
    lowercase_from(start, out);
    Verdict::Valid
}

fn push_joined(text: &str, out: &mut String) {
    if text.chars().any(is_han) {
        push_without(text, char::is_whitespace, out);
        return;
    }
    for (place, word) in text.split_whitespace().enumerate() {
        if place > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}
