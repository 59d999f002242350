//! Placeholders: `{name}` in the `source` of a table and in the `root` of `[source]`, filled by
//! values from outside of the file, so that one file serves every night. A value names files below
//! the place that the file names, and never another place.

use std::collections::BTreeMap;

use crate::near::nearest;
use crate::reader::{Reader, Section, quoted};
use crate::refusal::Fault;

/// Values for placeholders, by name.
pub type Settings = BTreeMap<String, String>;

/// The text under a key with its placeholders filled; None when one of them cannot be.
pub(crate) fn fill(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &str,
    text: &str,
) -> Option<String> {
    let Some((pieces, tail)) = pieces(text) else {
        let message = format!("`{key}` has a brace that belongs to no placeholder");
        let hint = "a placeholder is `{name}`, of letters, digits, `_` and `-`".to_owned();
        section.bad(reader, key, message, Some(hint));
        return None;
    };
    let mut filled = String::new();
    let mut whole = true;
    for (before, name) in pieces {
        filled.push_str(before);
        match value(reader, section, key, name) {
            Some(value) => filled.push_str(value),
            None => whole = false,
        }
    }
    filled.push_str(tail);
    // Two values, or a value and what stands beside it, can make what neither of them is.
    let up = |text: &str| text.split('/').filter(|part| *part == "..").count();
    if whole && up(&filled) > up(text) {
        let message = format!("the values of placeholders make a `..` in `{key}`");
        section.bad(reader, key, message, None);
        return None;
    }
    whole.then_some(filled)
}

/// Refuses placeholders where none are filled.
pub(crate) fn refuse_braces(reader: &mut Reader<'_>, section: &Section<'_>, key: &str, text: &str) {
    if text.contains(['{', '}']) {
        let message = format!("`{key}` has braces, and no placeholders are filled here");
        let hint = "placeholders stand in `source` and in `[source] root`".to_owned();
        section.bad(reader, key, message, Some(hint));
    }
}

/// Refuses values that no placeholder asked for; only when all of the file was read.
pub(crate) fn refuse_unused(reader: &mut Reader<'_>) {
    if reader.partial {
        return;
    }
    let spot = reader.spot(None);
    let settings = reader.settings;
    for name in settings.keys() {
        if reader.placeholders.contains(name) {
            continue;
        }
        let names = || reader.placeholders.iter().map(String::as_str);
        let message = match is_name(name) {
            true => format!("no placeholder is called `{name}`"),
            false => "a name given with `--set` cannot be that of a placeholder".to_owned(),
        };
        let hint = match nearest(name, names()) {
            Some(near) => format!("did you mean\n--set {near}=…"),
            None if reader.placeholders.is_empty() => {
                "leave `--set` out: the file has no placeholder".to_owned()
            }
            None => format!("placeholders: {}", quoted(names())),
        };
        reader.refuse(Fault::NoSuchPlaceholder, spot, "", message, Some(hint));
    }
}

/// The value of a placeholder; what is wrong with it is told once.
fn value<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'_>,
    key: &str,
    name: &str,
) -> Option<&'a str> {
    let first = reader.placeholders.insert(name.to_owned());
    let settings = reader.settings;
    let Some(value) = settings.get(name) else {
        if first {
            let message = format!("placeholder `{{{name}}}` has no value");
            let hint = Some(format!("give it one, for instance\n--set {name}=…"));
            let spot = section.value_spot(reader, key);
            reader.refuse(Fault::UnsetPlaceholder, spot, &section.place, message, hint);
        }
        return None;
    };
    let Some(fault) = fault(value) else {
        return Some(value);
    };
    if first {
        let message = format!("the value of placeholder `{{{name}}}` {fault}");
        let hint = format!("give a part of a path, for instance\n--set {name}=2026-11-22");
        section.bad(reader, key, message, Some(hint));
    }
    None
}

/// Why a value is not a part of a path.
fn fault(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        Some("is empty")
    } else if value.chars().any(char::is_control) {
        Some("has control characters")
    } else if value.starts_with('/') {
        Some("begins with `/`")
    } else if value.split('/').any(|part| part == "..") {
        Some("has a `..`")
    } else if value.contains(PATTERN) {
        Some("has a character of patterns: `*`, `?`, `[`, `]`, `{`, `}`, `\\`")
    } else {
        None
    }
}

/// The placeholders of a text, each with what stands before it, and what stands behind the last;
/// None when a brace is left over.
fn pieces(text: &str) -> Option<(Vec<(&str, &str)>, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}')?;
        if before.contains('}') || !is_name(name) {
            return None;
        }
        pieces.push((before, name));
        rest = behind;
    }
    (!rest.contains('}')).then_some((pieces, rest))
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(begins) && name.len() <= NAME_MAX && name.bytes().all(fits)
}

/// Characters that mean something in a pattern of files, here or elsewhere.
const PATTERN: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
/// Characters of a name.
const NAME_MAX: usize = 64;
