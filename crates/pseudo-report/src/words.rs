//! Numbers, times, lists and names as a person reads them.

/// A number with a comma at every thousand.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The number of what a list holds.
pub(crate) fn count(length: usize) -> String {
    number(length as u64)
}

/// A number of things, as `1 row` and `2 rows`.
pub(crate) fn things(how_many: u64, one: &str, many: &str) -> String {
    let word = if how_many == 1 { one } else { many };
    format!("{} {word}", number(how_many))
}

/// A part of a whole: 0% and 100% are said of none and all alone.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    share(part as f64 / whole as f64)
}

/// A share from 0 to 1 in percent.
pub(crate) fn share(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        "0%".to_owned()
    } else if percent >= 100.0 {
        "100%".to_owned()
    } else if percent < 0.1 {
        "<0.1%".to_owned()
    } else if percent > 99.9 {
        ">99.9%".to_owned()
    } else {
        format!("{percent:.1}%")
    }
}

/// A size in decimal units.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    let mut size = bytes as f64;
    let mut unit = "bytes";
    for next in units {
        // what would be written as 1000.0
        if size < 999.95 {
            break;
        }
        size /= 1000.0;
        unit = next;
    }
    if unit == "bytes" {
        things(bytes, "byte", "bytes")
    } else {
        format!("{size:.1} {unit}")
    }
}

/// An RFC 3339 time in UTC, to the second; any other text as it is.
pub(crate) fn time(text: &str) -> String {
    match text.split_once('T') {
        Some((day, rest)) => match rest.strip_suffix('Z') {
            Some(clock) => {
                let clock = clock.split_once('.').map_or(clock, |(seconds, _)| seconds);
                format!("{day} {clock} UTC")
            }
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

/// Texts as a sentence lists them: `a, b and c`.
pub(crate) fn listed(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// A name with what nobody sees of it in view: control characters, marks that turn the direction of
/// text, and spaces of no width, by which one name could pass for another.
pub(crate) fn visible(name: &str) -> String {
    if name.is_empty() {
        return "(empty)".to_owned();
    }
    let mut text = String::with_capacity(name.len());
    for one in name.chars() {
        if is_hidden(one) {
            text.extend(one.escape_unicode());
        } else {
            text.push(one);
        }
    }
    text
}

/// Whether nobody sees a character, or sees by it what is not there.
pub(crate) fn is_hidden(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(
            one,
            '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}
