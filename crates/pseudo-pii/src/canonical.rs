//! The steps every kind shares: prelude, blanks, separators, lowercase.
//!
//! Prelude: control and invisible characters out, Unicode NFKC (UAX #15), until nothing changes,
//! then white space off both ends. Most values are plain (printable ASCII and common Han), where
//! the prelude is a trim: `plain` proves that without any Unicode table.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    CaseIgnorable, Cased, DefaultIgnorableCodePoint, GeneralCategory, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};

use crate::fold;

/// Version of the Unicode tables every kind of version 1 is defined over.
///
/// Other tables are another version of every kind: a code point unassigned in this one stays as it
/// is, and the standard library may know more code points but not fewer.
pub const UNICODE_VERSION: (u8, u8, u8) = (17, 0, 0);

/// What a kind answers about one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Canonical {
    /// The value says nothing: the cell becomes NULL and never a token.
    Blank,
    /// The value is its own canonical text; nothing was appended.
    Same(Verdict),
    /// The canonical text differs from the value and was appended to the output.
    Written(Verdict),
}

/// How well an identifier is made. It never changes the canonical text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The structure is right, and so is the check character, where the kind has one.
    Valid,
    /// The structure is right, the check character is not.
    Suspect,
    /// The structure is wrong.
    Invalid,
}

/// The texts that stand for "no value" in one identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blanks {
    list: Vec<String>,
    /// Indexed by the first byte of a text and by its last: which entries begin or end so, in
    /// either case. A bit may stand for several entries.
    first: [u16; 256],
    last: [u16; 256],
}

impl Blanks {
    /// The list an identity has unless its policy replaces it.
    pub const DEFAULT: [&str; 11] = [
        "null", "none", "n/a", "-", "--", "/", "\\n", "无", "暂无", "不详", "未知",
    ];

    /// Makes a list of blank texts. Empty text is blank under every list.
    ///
    /// Entries meet a value after the prelude, without regard to ASCII case: an entry that the
    /// prelude would change can never match.
    pub fn new(list: &[String]) -> Self {
        let (mut first, mut last) = ([0; 256], [0; 256]);
        for (place, entry) in list.iter().enumerate() {
            for (table, byte) in [
                (&mut first, entry.bytes().next()),
                (&mut last, entry.bytes().next_back()),
            ] {
                for byte in byte
                    .iter()
                    .flat_map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()])
                {
                    table[usize::from(byte)] |= 1 << (place % 16);
                }
            }
        }
        Self {
            list: list.to_vec(),
            first,
            last,
        }
    }

    /// The entries, as given.
    pub fn list(&self) -> &[String] {
        &self.list
    }

    /// Whether a text may be blank: nearly always the answer of [`Blanks::hold`].
    #[inline]
    pub(crate) fn may_hold(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match (bytes.first(), bytes.last()) {
            (Some(&first), Some(&last)) => {
                self.first[usize::from(first)] & self.last[usize::from(last)] != 0
            }
            _ => true,
        }
    }

    /// Whether a text that has been through the prelude is blank.
    pub(crate) fn hold(&self, text: &str) -> bool {
        text.is_empty()
            || (self.may_hold(text)
                && self
                    .list
                    .iter()
                    .any(|entry| entry.eq_ignore_ascii_case(text)))
    }
}

impl Default for Blanks {
    fn default() -> Self {
        Self::new(&Self::DEFAULT.map(String::from))
    }
}

/// A value whose canonical text is known without the Unicode tables. Small enough for a register.
#[derive(Clone, Copy)]
pub(crate) enum Quick {
    /// The value as it is.
    Same(Verdict),
    /// The value behind the prefix of Chinese phone numbers.
    Chinese(Verdict),
}

/// The prelude of every kind but `exact` as it is defined, for any text.
pub(crate) fn prelude_slow(value: &str) -> Cow<'_, str> {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let mut text = Cow::Borrowed(value);
    loop {
        let mut changed = false;
        if text.chars().any(is_replaced) {
            text = Cow::Owned(text.chars().filter_map(replacement).collect());
            changed = true;
        }
        let normal = match nfkc.normalize(&text) {
            Cow::Owned(normal) if normal != *text => Some(normal),
            _ => None,
        };
        if let Some(normal) = normal {
            text = Cow::Owned(normal);
            changed = true;
        }
        if !changed {
            return trimmed(text);
        }
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn is_replaced(c: char) -> bool {
    c.is_control() || is_ignorable(c)
}

fn replacement(c: char) -> Option<char> {
    match (c.is_control(), c.is_whitespace()) {
        (true, true) => Some(' '),
        (true, false) => None,
        (false, _) => (!is_ignorable(c)).then_some(c),
    }
}

/// Default_Ignorable_Code_Point reserves ranges for the future; what is unassigned stays.
fn is_ignorable(c: char) -> bool {
    c >= '\u{AD}'
        && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        && is_assigned(c)
}

fn is_assigned(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) != GeneralCategory::Unassigned
}

/// Script=Han of Scripts.txt.
pub(crate) fn is_han(c: char) -> bool {
    match c {
        '\0'..'\u{2E80}' => false,
        '\u{4E00}'..='\u{9FFF}' => true,
        _ => CodePointMapData::<Script>::new().get(c) == Script::Han,
    }
}

/// What "remove separators" removes.
pub(crate) fn is_separator(c: char) -> bool {
    match c {
        '\0'..='\x7F' => matches!(c, '-' | '.' | '(' | ')' | '_' | '\'') || c.is_whitespace(),
        '\u{B7}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => true,
        _ => is_name_dot(c) || c.is_whitespace(),
    }
}

/// The dots people type for the middle dot of a name.
pub(crate) fn is_name_dot(c: char) -> bool {
    matches!(
        c,
        '\u{2022}' | '\u{30FB}' | '\u{2027}' | '\u{2219}' | '\u{22C5}'
    )
}

/// Appends `text` without the characters `removed` names.
pub(crate) fn push_without(text: &str, removed: fn(char) -> bool, out: &mut String) {
    for part in text.split(removed) {
        out.push_str(part);
    }
}

/// Appends `text` without separators.
pub(crate) fn push_number(text: &str, out: &mut String) {
    match fold::code(text, false, &mut [0; fold::ROOM]) {
        Some(number) => out.push_str(number),
        None => push_without(text, is_separator, out),
    }
}

/// Appends `text` without separators, its ASCII letters in upper case.
pub(crate) fn push_code(text: &str, out: &mut String) {
    if let Some(code) = fold::code(text, true, &mut [0; fold::ROOM]) {
        out.push_str(code);
        return;
    }
    let start = out.len();
    push_without(text, is_separator, out);
    if let Some(code) = out.get_mut(start..) {
        code.make_ascii_uppercase();
    }
}

/// Turns what stands in `out` from `start` on into Unicode lowercase: the full mapping with
/// Final_Sigma, without a locale.
pub(crate) fn lowercase_from(start: usize, out: &mut String) {
    let Some(text) = out.get_mut(start..) else {
        return;
    };
    text.make_ascii_lowercase();
    if text.chars().all(|c| c.is_ascii() || is_lowered(c)) {
        return;
    }
    let text = out.split_off(start);
    for (at, c) in text.char_indices() {
        match c {
            'Σ' if is_final_sigma(&text, at) => out.push('ς'),
            _ if is_lowered(c) => out.push(c),
            _ => out.extend(c.to_lowercase()),
        }
    }
}

/// Whether lowercase leaves `c` alone. The standard library may know case pairs of a later Unicode
/// version; they are unassigned here.
fn is_lowered(c: char) -> bool {
    if matches!(c, '\u{4E00}'..='\u{9FFF}') {
        return true;
    }
    let mut mapped = c.to_lowercase();
    (mapped.next() == Some(c) && mapped.next().is_none()) || !is_assigned(c)
}

/// Final_Sigma of the Unicode Standard, table 3-17, for the sigma at byte `at`.
fn is_final_sigma(text: &str, at: usize) -> bool {
    let cased = CodePointSetData::new::<Cased>();
    let ignorable = CodePointSetData::new::<CaseIgnorable>();
    let last = text
        .get(..at)
        .and_then(|head| head.chars().rfind(|&c| !ignorable.contains(c)));
    let next = text
        .get(at..)
        .and_then(|tail| tail.chars().skip(1).find(|&c| !ignorable.contains(c)));
    last.is_some_and(|c| cased.contains(c)) && !next.is_some_and(|c| cased.contains(c))
}

/// Whether a text begins or ends with U+0020.
pub(crate) fn is_padded(text: &str) -> bool {
    text.starts_with(' ') || text.ends_with(' ')
}
