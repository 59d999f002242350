//! The draft as the text of a pipeline file.

use std::fmt::Write;

use pseudo_policy::{CsvOptions, TextEncoding, toml_key, toml_text};

use super::decide::{Decided, Shared};
use super::{DraftTable, Request};
use crate::thousands;

/// Writes the draft.
pub(super) fn of(request: &Request<'_>, decided: &Decided) -> String {
    let mut text = String::new();
    head(&mut text, request, &decided.tables);
    if !decided.identities.is_empty() {
        text.push_str(IDENTITIES);
    }
    for (name, shared) in &decided.identities {
        identity(&mut text, name, shared);
    }
    for draft in &decided.tables {
        table(&mut text, draft);
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
    text
}

fn head(text: &mut String, request: &Request<'_>, tables: &[DraftTable]) {
    let read: u64 = tables.iter().map(|table| table.rows_read).sum();
    let rows: Option<u64> = tables.iter().map(|table| table.rows).sum();
    let of = rows
        .map(|rows| format!(" of {}", thousands(rows)))
        .unwrap_or_default();
    let s = if tables.len() == 1 { "" } else { "s" };
    line(
        text,
        format_args!(
            "# A draft by `pseudo init`: {} table{s}, {}{of} rows looked at.",
            tables.len(),
            thousands(read)
        ),
    );
    text.push_str(ABOUT);
    let (name, root, sink) = (
        toml_text(request.name),
        toml_text(request.root),
        toml_text(request.sink),
    );
    let keys = |end: &str| toml_text(&format!("keys/{}.{end}", request.name));
    line(text, format_args!("version = 1\nname    = {name}"));
    line(text, format_args!("domain  = \"analytics\"{DOMAIN}"));
    line(text, format_args!("[keys]\nkeyring  = {}", keys("keyring")));
    line(text, format_args!("identity = {}", keys("key")));
    line(text, format_args!("create   = true{CREATE}"));
    line(text, format_args!("[source]\nroot = {root}\n"));
    line(text, format_args!("[sink]\nroot = {sink}\n"));
}

fn identity(text: &mut String, name: &str, shared: &Shared) {
    for columns in wrapped(&shared.columns) {
        line(text, format_args!("# {columns}"));
    }
    line(text, format_args!("[identities.{}]", toml_key(name)));
    line(text, format_args!("kind = \"{}\"", shared.kind.name()));
    if !shared.unrelated.is_empty() {
        text.push_str(UNRELATED);
        line(text, format_args!("unrelated = ["));
        for column in &shared.unrelated {
            line(text, format_args!("    {},", toml_text(column)));
        }
        line(text, format_args!("]"));
    }
    text.push('\n');
}

fn table(text: &mut String, draft: &DraftTable) {
    let name = toml_key(&draft.name);
    let read = thousands(draft.rows_read);
    let rows = match draft.rows {
        Some(rows) if rows == draft.rows_read => format!("{read} rows, all looked at"),
        Some(rows) => format!("{} rows, {read} of them looked at", thousands(rows)),
        None => format!("{read} rows looked at"),
    };
    line(text, format_args!("# {rows}\n[tables.{name}]"));
    line(text, format_args!("source  = {}", toml_text(&draft.source)));
    if let Some(subject) = &draft.subject {
        line(text, format_args!("subject = {}", toml_text(subject)));
    }
    if let Some(csv) = &draft.csv {
        options(text, csv);
    }
    if draft.unlisted {
        line(
            text,
            format_args!("unlisted = \"drop\"    # columns that no rule can name"),
        );
    }
    if !draft.types.is_empty() {
        let types = draft.types.iter();
        let types = types.map(|(column, word)| format!("{} = \"{word}\"", toml_key(column)));
        let types: Vec<String> = types.collect();
        line(text, format_args!("types   = {{ {} }}", types.join(", ")));
    }
    line(text, format_args!("\n[tables.{name}.columns]"));
    let keys: Vec<String> = draft
        .columns
        .iter()
        .map(|column| toml_key(&column.column))
        .collect();
    let width = keys
        .iter()
        .map(|key| key.chars().count())
        .max()
        .unwrap_or_default();
    for (key, column) in keys.iter().zip(&draft.columns) {
        let pad = " ".repeat(width - key.chars().count());
        let mut rules = column.rule.lines();
        let first = format!("{key}{pad} = {}", rules.next().unwrap_or_default());
        line(text, format_args!("{first:<RULE$}  # {}", column.reason));
        let indent = width + " = [ ".len();
        rules.for_each(|rule| line(text, format_args!("{:indent$}{rule}", "")));
    }
    text.push('\n');
}

/// What is said of CSV files that are not as most.
fn options(text: &mut String, csv: &CsvOptions) {
    let default = CsvOptions::default();
    if csv.delimiter != default.delimiter {
        let delimiter = char::from(csv.delimiter).to_string();
        line(text, format_args!("delimiter = {}", toml_text(&delimiter)));
    }
    if csv.encoding != TextEncoding::Utf8 {
        line(text, format_args!("encoding = \"{}\"", csv.encoding.name()));
    }
    if csv.header != default.header {
        line(text, format_args!("header  = false"));
    }
}

/// Names, as many on a line as fit.
fn wrapped(names: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.chars().count() + name.chars().count() < LINE => {
                line.push_str(", ");
                line.push_str(name);
            }
            _ => lines.push(name.clone()),
        }
    }
    lines
}

/// Writing to a `String` cannot fail.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{content}");
}

const ABOUT: &str = "\
# Read every rule before it runs: it is proposed by what names say and values look like, and what
# nothing is known of is dropped. `pseudo check` says what each rule will do.

";
const DOMAIN: &str = "    # who may link: tokens of two domains cannot be joined\n";
const CREATE: &str = "    # made at the first run; from then on both are to be kept\n";
const IDENTITIES: &str = "\
# What joins with what: columns are comparable when they share an identity, and only then.

";
const UNRELATED: &str = "\
# Their numbers end where these do, and are others by name or fraction: see that none is a copy.
";
/// Columns of a line.
const LINE: usize = 96;
const RULE: usize = 44;
