//! A document as Markdown, with the tables of GitHub's dialect. Names are code spans, in which
//! nothing is markup; a fence longer than any run of backticks in a name holds it.

use crate::document::{Block, Document, Fact, Head, Line, Span, Table};
use crate::words::{is_hidden, visible};

/// The text.
pub(crate) fn text(document: &Document) -> String {
    let mut text = format!("# Pseudonymisation report: {}\n\n", span(&document.title));
    facts(&mut text, &document.facts);
    text.push_str(&format!("> {}\n", line(&document.notice)));
    for section in &document.sections {
        text.push_str(&format!("\n## {}\n", section.title));
        blocks(&mut text, &section.blocks);
    }
    text.push_str(&format!("\n---\n\n{}\n", line(&document.foot)));
    text
}

fn blocks(text: &mut String, blocks: &[Block]) {
    for block in blocks {
        // the numbers of a chart are those of a table beside it
        if matches!(block, Block::Chart(_)) {
            continue;
        }
        text.push('\n');
        match block {
            Block::Text(said) => text.push_str(&format!("{}\n", line(said))),
            Block::Lead(said) => text.push_str(&format!("**{}**\n", line(&bare(said)))),
            Block::List(lines) => {
                let items = lines.iter().map(|said| format!("- {}\n", line(said)));
                text.extend(items);
            }
            Block::Facts(list) => facts(text, list),
            Block::Tiles(tiles) => {
                let items = tiles.iter();
                text.extend(items.map(|tile| format!("- **{}** {}\n", tile.number, tile.of)));
            }
            Block::Table(table) => rows(text, table),
            Block::Command(command) => text.push_str(&format!("    {}\n", visible(command))),
            Block::More(more) => {
                text.push_str(&format!("### {}\n", line(&more.title)));
                self::blocks(text, &more.blocks);
            }
            Block::Chart(_) => {}
        }
    }
}

fn facts(text: &mut String, facts: &[Fact]) {
    let items = facts.iter();
    text.extend(items.map(|fact| format!("- {}: {}\n", fact.term, line(&fact.says))));
    if !facts.is_empty() {
        text.push('\n');
    }
}

fn rows(text: &mut String, table: &Table) {
    text.push_str(&format!("{}:\n\n|", words(&table.caption)));
    for head in &table.heads {
        let (Head::Words(head) | Head::Long(head) | Head::Number(head)) = head;
        text.push_str(&format!(" {head} |"));
    }
    text.push_str("\n|");
    for head in &table.heads {
        text.push_str(match head {
            Head::Words(_) | Head::Long(_) => "---|",
            Head::Number(_) => "---:|",
        });
    }
    text.push('\n');
    for row in &table.rows {
        text.push('|');
        for cell in row {
            text.push_str(&format!(" {} |", spans(cell, true)));
        }
        text.push('\n');
    }
    if let Some(note) = &table.note {
        text.push_str(&format!("\n{}\n", words(note)));
    }
}

fn line(line: &Line) -> String {
    spans(line, false)
}

fn spans(line: &Line, in_table: bool) -> String {
    let spans = line.0.iter().map(|part| match part {
        Span::Text(text) => words(text),
        Span::Strong(text) => format!("**{}**", words(text)),
        // within a table a bar ends a cell, in code too
        Span::Name(name) if in_table => span(name).replace('|', "\\|"),
        Span::Name(name) => span(name),
    });
    spans.collect()
}

/// Text in which nothing is markup.
fn words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for one in text.chars() {
        if is_hidden(one) {
            plain.extend(one.escape_unicode());
        } else {
            if "\\`*_<>&[]|~#".contains(one) {
                plain.push('\\');
            }
            plain.push(one);
        }
    }
    plain
}

/// The line without emphasis of its own.
fn bare(line: &Line) -> Line {
    let spans = line.0.iter().map(|span| match span {
        Span::Strong(text) => Span::Text(text.clone()),
        other => other.clone(),
    });
    Line(spans.collect())
}

/// A name as a code span (CommonMark 0.31, section 6.1).
fn span(name: &str) -> String {
    let name = visible(name);
    let mut longest = 0;
    let mut run = 0;
    for one in name.chars() {
        run = if one == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    // one space at both ends is taken off again, and keeps backticks from the fence
    let pad = if longest > 0 || name.starts_with(' ') || name.ends_with(' ') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{name}{pad}{fence}")
}
