//! Text to TOML. The parser stops at the first error; where that error cannot reach beyond its
//! line, the line is left out and the rest is read, so that one slip does not hide the others.

use toml_edit::Document;

use crate::reader::{Reader, shown};
use crate::refusal::Fault;

/// Reads the document; None when what is left of it no longer has the structure its author meant.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Document<String>> {
    let mut text = reader.text().to_owned();
    let mut whole = true;
    for _ in 0..ERRORS_MAX {
        let error = match Document::parse(text.clone()) {
            Ok(document) => return whole.then_some(document),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(text.len()..text.len());
        let line = reader.line_of(span.start.min(text.len()));
        let content = text.get(line.clone()).unwrap_or_default();
        let header = content.trim_start().starts_with('[');
        let duplicate = error.message() == "duplicate key";
        let name = text
            .get(span.clone())
            .filter(|_| duplicate)
            .unwrap_or_default();
        let message = match duplicate {
            true => format!("`{}` is there twice", shown(name.trim_matches(['"', '\'']))),
            false => format!("this is not TOML: {}", error.message()),
        };
        let hint = (duplicate && !header)
            .then(|| "several rules of one column are a list, [ …, … ]".to_owned());
        let spot = reader.spot(Some(span));
        reader.refuse(Fault::Syntax, spot, "", message, hint);
        reader.partial = true;

        if !stands_alone(content, duplicate) {
            return None;
        }
        // Without its header, what follows would be read as part of another table.
        whole &= !header;
        text.replace_range(line.clone(), &" ".repeat(line.len()));
    }
    None
}

/// Whether an error in a line ends with the line.
fn stands_alone(line: &str, duplicate: bool) -> bool {
    if line.trim().is_empty() || line.contains("\"\"\"") || line.contains("'''") {
        return false;
    }
    let mut depth = 0_i32;
    let mut quote = None;
    let mut escaped = false;
    for c in line.chars() {
        match (quote, c) {
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), c) if c == open && !escaped => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => break,
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            _ => {}
        }
        escaped = false;
    }
    depth == 0 && (duplicate || Document::parse(line).is_err())
}

/// Errors worth telling at once.
const ERRORS_MAX: usize = 50;
