//! A document as a page: one file, no script, nothing to load. It can be read by a screen reader,
//! on a telephone, on paper, in the light and in the dark.

use pseudo_engine::Result;

use crate::document::{Block, Document, Fact, Head, Line, More, Section, Span, Table, Tile};
use crate::node::{Element, code, element};
use crate::words::visible;

/// Nothing is loaded, sent or run, whatever a name in a table may say.
const POLICY: &str = include_str!("html/policy.txt");
const STYLE: &str = include_str!("html/style.css");

/// The page.
pub(crate) fn page(document: &Document) -> Result<String> {
    let mut page = "<!DOCTYPE html>\n".to_owned();
    let html = element("html")
        .attribute("lang", "en")
        .with(head(document))
        .with(body(document)?);
    html.write(&mut page);
    page.push('\n');
    Ok(page)
}

fn head(document: &Document) -> Element {
    let meta = |name, content: &str| {
        element("meta")
            .attribute("name", name)
            .attribute("content", content)
    };
    let title = format!("Pseudonymisation report: {}", visible(&document.title));
    element("head")
        .with(element("meta").attribute("charset", "utf-8"))
        .with(
            element("meta")
                .attribute("http-equiv", "Content-Security-Policy")
                .attribute("content", POLICY.trim_end()),
        )
        .with(meta("viewport", "width=device-width, initial-scale=1"))
        .with(meta("color-scheme", "light dark"))
        .with(meta("referrer", "no-referrer"))
        .with(element("title").text(&title))
        .with(element("style").markup(STYLE.to_owned()))
}

fn body(document: &Document) -> Result<Element> {
    let links = document.sections.iter().map(|section| {
        let link = element("a").attribute("href", format!("#{}", section.id));
        element("li").with(link.text(section.title))
    });
    let nav = element("nav")
        .attribute("aria-label", "Contents")
        .with(element("ul").with_all(links));
    let header = element("header")
        .with(
            element("p")
                .class("eyebrow")
                .text("Pseudonymisation report"),
        )
        .with(element("h1").text(&visible(&document.title)))
        .with(facts(&document.facts))
        .with(
            written("p", &document.notice)
                .class("notice")
                .attribute("role", "note"),
        );
    let mut main = element("main").attribute("id", "main");
    for section in &document.sections {
        main = main.with(topic(section)?);
    }
    Ok(element("body")
        .with(
            element("a")
                .class("skip")
                .attribute("href", "#main")
                .text("To the report"),
        )
        .with(header)
        .with(nav)
        .with(main)
        .with(element("footer").with(written("p", &document.foot))))
}

fn topic(section: &Section) -> Result<Element> {
    let title = format!("{}-title", section.id);
    let element = element("section")
        .attribute("id", section.id)
        .attribute("aria-labelledby", title.as_str())
        .with(element("h2").attribute("id", title).text(section.title));
    blocks(element, &section.blocks)
}

fn blocks(mut into: Element, blocks: &[Block]) -> Result<Element> {
    for block in blocks {
        into = match block {
            Block::Text(line) => into.with(written("p", line)),
            Block::Lead(line) => into.with(written("p", line).class("lead")),
            Block::List(lines) => {
                let items = lines.iter().map(|line| written("li", line));
                into.with(element("ul").with_all(items))
            }
            Block::Facts(list) => into.with(facts(list)),
            Block::Tiles(tiles) => into.with(numbers(tiles)),
            Block::Table(table) => into.with_all(rows(table)),
            Block::Chart(chart) => into.with(chart.figure()?),
            Block::Command(line) => into.with(element("pre").with(code(line))),
            Block::More(more) => into.with(closed(more)?),
        };
    }
    Ok(into)
}

fn closed(more: &More) -> Result<Element> {
    let details = element("details");
    let details = if more.open {
        details.attribute("open", "open")
    } else {
        details
    };
    let details = if more.printed {
        details.class("printed")
    } else {
        details
    };
    blocks(details.with(written("summary", &more.title)), &more.blocks)
}

/// A line as the content of an element.
fn written(name: &'static str, line: &Line) -> Element {
    spans(element(name), line)
}

fn spans(into: Element, line: &Line) -> Element {
    line.0.iter().fold(into, |into, span| match span {
        Span::Text(text) => into.text(text),
        Span::Strong(text) => into.with(element("strong").text(text)),
        Span::Name(name) => into.with(code(name)),
    })
}

fn facts(facts: &[Fact]) -> Element {
    let pairs = facts.iter().map(|fact| {
        element("div")
            .with(element("dt").text(fact.term))
            .with(written("dd", &fact.says))
    });
    element("dl").with_all(pairs)
}

fn numbers(tiles: &[Tile]) -> Element {
    let items = tiles.iter().map(|tile| {
        let alert = if tile.alert { "tile alert" } else { "tile" };
        element("li")
            .class(alert)
            .with(element("strong").text(&tile.number))
            .with(element("span").text(&tile.of))
    });
    // rows of tiles are full
    let class = if tiles.len().is_multiple_of(4) {
        "tiles four"
    } else {
        "tiles"
    };
    element("ul").class(class).with_all(items)
}

/// The table, in a frame that can be scrolled by hand and by keyboard, and its note.
fn rows(table: &Table) -> Vec<Element> {
    let heads = table.heads.iter().map(|head| {
        let cell = element("th").attribute("scope", "col");
        match head {
            Head::Words(text) => cell.text(text),
            Head::Long(text) => cell.class("long").text(text),
            Head::Number(text) => cell.class("number").text(text),
        }
    });
    let rows = table.rows.iter().map(|row| {
        let cells = row.iter().zip(&table.heads).enumerate();
        element("tr").with_all(cells.map(|(at, (line, head))| cell(at, line, *head)))
    });
    let whole = element("table")
        .with(element("caption").text(&table.caption))
        .with(element("thead").with(element("tr").with_all(heads)))
        .with(element("tbody").with_all(rows));
    let frame = element("div")
        .class("scroll")
        .attribute("role", "region")
        .attribute("aria-label", table.caption.as_str())
        .attribute("tabindex", "0")
        .with(whole);
    let note = table.note.as_ref();
    let note = note.map(|note| element("p").class("note").text(note));
    std::iter::once(frame).chain(note).collect()
}

fn cell(at: usize, line: &Line, head: Head) -> Element {
    let cell = if at == 0 {
        element("th").attribute("scope", "row")
    } else {
        element("td")
    };
    let cell = match head {
        Head::Words(_) | Head::Long(_) => cell,
        Head::Number(_) if line.plain() == "0" => cell.class("number zero"),
        Head::Number(_) => cell.class("number"),
    };
    spans(cell, line)
}
