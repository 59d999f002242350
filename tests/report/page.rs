//! The page as a reader with little patience reads it: markup is read strictly, as XML would be,
//! and nothing in it reaches out.

use std::collections::{BTreeMap, BTreeSet};

use crate::sample::{assessment, attack, before, manifest, report, run};

/// What a page is made of, as far as the tests ask.
#[derive(Default)]
pub(crate) struct Page {
    /// All elements with their attributes, in order.
    pub(crate) elements: Vec<(String, BTreeMap<String, String>)>,
    /// The text between tags, without that of the style sheet.
    pub(crate) text: String,
    pub(crate) style: String,
}

/// Reads a page strictly: every element is closed in its turn, every attribute is quoted and comes
/// once, and no `<` or `&` stands for itself.
pub(crate) fn read(html: &str) -> Page {
    let mut page = Page::default();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>\n").unwrap();
    while let Some((text, after)) = rest.split_once('<') {
        page.text.push_str(&unescaped(text));
        // a `>` in an attribute is escaped
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            page.text.push('\n');
            continue;
        }
        let (tag, closed) = match tag.strip_suffix('/') {
            Some(tag) => (tag.trim_end(), true),
            None => (tag, false),
        };
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(
            name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "<{tag}>"
        );
        page.elements
            .push((name.to_owned(), read_attributes(attributes)));
        if name == "style" {
            let (style, after) = rest.split_once("</style>").unwrap();
            style.clone_into(&mut page.style);
            rest = after;
        } else if !closed {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{open:?} is not closed");
    assert_eq!(rest.trim(), "");
    page
}

fn read_attributes(mut text: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    while !text.trim().is_empty() {
        let (name, rest) = text.trim_start().split_once("=\"").unwrap();
        let (value, rest) = rest.split_once('"').unwrap();
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "{name}"
        );
        assert!(!value.contains(['<', '>']), "{value}");
        let twice = attributes.insert(name.to_owned(), unescaped(value));
        assert_eq!(twice, None, "{name} comes twice");
        text = rest;
    }
    attributes
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap();
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" | "#39" => '\'',
            other => {
                assert_eq!(other, "an entity of XML");
                '?'
            }
        });
        plain.push_str(rest);
    }
    plain
}

impl Page {
    pub(crate) fn all<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a BTreeMap<String, String>> {
        let named = self.elements.iter().filter(move |(of, _)| of == name);
        named.map(|(_, attributes)| attributes)
    }
}

#[test]
fn a_page_is_well_formed_and_reaches_nothing() {
    let (now, last) = (manifest(run()), manifest(before()));
    let mut report = report(&now);
    report.previous = Some(&last);
    let (assessment, attack) = (assessment(), attack());
    report.assessment = Some(&assessment);
    report.attack = Some(&attack);
    let page = read(&report.html().unwrap());
    for (name, attributes) in &page.elements {
        assert!(
            !["script", "link", "iframe", "object", "img", "form", "base"].contains(&name.as_str())
        );
        for (key, value) in attributes {
            assert!(
                !key.starts_with("on") && key != "src" && key != "style",
                "{name} {key}"
            );
            let remote = value.contains("://") && key != "xmlns";
            assert!(!remote, "{name} {key}={value}");
        }
    }
    for word in ["url(", "@import", "://", "expression"] {
        assert!(!page.style.contains(word), "{word}");
    }
    let policy = page
        .all("meta")
        .find(|meta| meta.contains_key("http-equiv"))
        .unwrap();
    assert_eq!(policy["http-equiv"], "Content-Security-Policy");
    assert!(policy["content"].starts_with("default-src 'none'; style-src "));
}

#[test]
fn a_page_can_be_heard_and_walked_through() {
    let now = manifest(run());
    let (assessment, attack) = (assessment(), attack());
    let mut report = report(&now);
    report.assessment = Some(&assessment);
    report.attack = Some(&attack);
    let page = read(&report.html().unwrap());
    assert_eq!(page.all("html").next().unwrap()["lang"], "en");
    for landmark in ["header", "nav", "main", "footer", "h1"] {
        assert_eq!(page.all(landmark).count(), 1, "{landmark}");
    }
    let ids: Vec<&String> = page
        .elements
        .iter()
        .filter_map(|(_, of)| of.get("id"))
        .collect();
    let known: BTreeSet<_> = ids.iter().collect();
    assert_eq!(known.len(), ids.len(), "an id comes twice");
    for (name, attributes) in &page.elements {
        if let Some(target) = attributes.get("href") {
            let id = target.strip_prefix('#').unwrap().to_owned();
            assert!(known.contains(&&id), "{target}");
        }
        if let Some(labels) = attributes.get("aria-labelledby") {
            for label in labels.split(' ') {
                assert!(known.contains(&&label.to_owned()), "{label}");
            }
        }
        if name == "th" {
            assert!(["col", "row"].contains(&attributes["scope"].as_str()));
        }
        if name == "svg" {
            assert_eq!(attributes["role"], "img");
            assert!(attributes.contains_key("aria-labelledby"));
        }
    }
    // every chart has a title and a description, every table a caption
    let count = |name| page.all(name).count();
    assert!(count("svg") >= 12);
    assert_eq!(count("desc"), count("svg"));
    assert_eq!(count("title"), count("svg") + 1);
    assert_eq!(count("caption"), count("table"));
    for link in page.all("nav") {
        assert_eq!(link["aria-label"], "Contents");
    }
}

/// The colours of a chart are names: each has a rule in the style sheet, or it would be the same in
/// the dark.
#[test]
fn every_colour_of_a_chart_has_a_rule() {
    let now = manifest(run());
    let page = read(&report(&now).html().unwrap());
    let shapes = [
        "rect", "text", "polyline", "path", "line", "circle", "polygon",
    ];
    let mut seen = BTreeSet::new();
    for (name, attributes) in &page.elements {
        if !shapes.contains(&name.as_str()) {
            continue;
        }
        for key in ["fill", "stroke"] {
            if let Some(color) = attributes.get(key).filter(|color| *color != "none") {
                seen.insert(format!("[{key}=\"{color}\"]"));
            }
        }
    }
    assert!(seen.len() >= 4, "{seen:?}");
    for rule in seen {
        assert!(page.style.contains(&format!(".chart {rule} {{")), "{rule}");
    }
}
