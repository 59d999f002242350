//! HTML as a tree. Whatever is text is escaped in one place, and a page that was built is well
//! formed: every element is closed, as XML asks for it, too.

use crate::words::{is_hidden, visible};

/// A part of a page.
pub(crate) enum Node {
    /// An element.
    Element(Element),
    /// Text, escaped when it is written.
    Text(String),
    /// Markup of our own making: style sheets and charts.
    Markup(String),
}

/// An element with its attributes and content.
pub(crate) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    content: Vec<Node>,
}

/// An element without content.
pub(crate) const fn element(name: &'static str) -> Element {
    Element {
        name,
        attributes: Vec::new(),
        content: Vec::new(),
    }
}

/// A name that came from a file or a pipeline.
pub(crate) fn code(name: &str) -> Element {
    element("code").text(&visible(name))
}

impl Element {
    pub(crate) fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    pub(crate) fn class(self, name: &str) -> Self {
        self.attribute("class", name)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.with(Node::Text(text.to_owned()))
    }

    pub(crate) fn markup(self, markup: String) -> Self {
        self.with(Node::Markup(markup))
    }

    pub(crate) fn with(mut self, node: impl Into<Node>) -> Self {
        self.content.push(node.into());
        self
    }

    pub(crate) fn with_all<N: Into<Node>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.content.extend(nodes.into_iter().map(Into::into));
        self
    }

    /// Appends the element to `page`.
    pub(crate) fn write(&self, page: &mut String) {
        page.push('<');
        page.push_str(self.name);
        for (name, value) in &self.attributes {
            page.push(' ');
            page.push_str(name);
            page.push_str("=\"");
            escape(value, page);
            page.push('"');
        }
        if self.content.is_empty() && VOID.contains(&self.name) {
            page.push_str(" />");
            return;
        }
        page.push('>');
        for node in &self.content {
            match node {
                Node::Element(element) => element.write(page),
                Node::Text(text) => escape(text, page),
                Node::Markup(markup) => page.push_str(markup),
            }
        }
        page.push_str("</");
        page.push_str(self.name);
        page.push('>');
        if LINES.contains(&self.name) {
            page.push('\n');
        }
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Elements without an end.
const VOID: [&str; 2] = ["meta", "br"];

/// Elements that are followed by a line break, for whoever reads the source.
const LINES: [&str; 9] = [
    "head", "title", "header", "section", "nav", "p", "tr", "figure", "details",
];

/// Text as it may stand in an element or between quotes.
pub(crate) fn escape(text: &str, page: &mut String) {
    for one in text.chars() {
        match one {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            one if is_hidden(one) => page.extend(one.escape_unicode()),
            one => page.push(one),
        }
    }
}
