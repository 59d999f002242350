//! Texts taken apart: answers in CSV, command lines, and what differs from run to run.

/// The records of RFC 4180.
pub(crate) fn records(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ => field.push(char),
        }
    }
    assert!(row.is_empty() && field.is_empty(), "no line end at the end");
    rows
}

/// The text without what differs from run to run: times, run ids, public keys, check values.
pub(crate) fn redacted(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ':';
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| part(c) != part(first)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let shape: String = word.chars().map(shape).collect();
        out.push_str(match shape.as_str() {
            "9999-99-99T99:99:99Z" => "[time]",
            "99999999T999999Z" | "99999999T999999Z-9" => "[run]",
            _ if word.starts_with("age1") && word.len() == 62 => "[public key]",
            _ if word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit()) => "[check value]",
            _ => word,
        });
        rest = tail;
    }
    out
}

/// The words of a command line: quotes group, nothing else is special.
pub(crate) fn words_of(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for char in line.chars().chain([' ']) {
        match char {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                words.push(std::mem::take(&mut word));
                words.retain(|word| !word.is_empty());
            }
            _ => word.push(char),
        }
    }
    words
}

fn shape(c: char) -> char {
    if c.is_ascii_digit() { '9' } else { c }
}
