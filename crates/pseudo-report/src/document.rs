//! A report before it has a form: sections of text, tables and charts. What it says is written
//! once, and `html` and `markdown` say it each in their way.

use crate::chart::Chart;

/// A whole report.
pub(crate) struct Document {
    /// The name of the pipeline.
    pub(crate) title: String,
    /// Which run of what.
    pub(crate) facts: Vec<Fact>,
    /// What the reader has to know before all else.
    pub(crate) notice: Line,
    /// What it says, by topic.
    pub(crate) sections: Vec<Section>,
    /// What it was made from.
    pub(crate) foot: Line,
}

/// A topic.
pub(crate) struct Section {
    /// A name for links within the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) blocks: Vec<Block>,
}

pub(crate) enum Block {
    /// A paragraph.
    Text(Line),
    /// What stands out of the text.
    Lead(Line),
    List(Vec<Line>),
    Facts(Vec<Fact>),
    Tiles(Vec<Tile>),
    Table(Table),
    Chart(Chart),
    /// What is typed into a shell.
    Command(String),
    /// What is read by whoever asks for it.
    More(More),
}

/// A part with a title that may be closed.
pub(crate) struct More {
    pub(crate) title: Line,
    pub(crate) open: bool,
    /// Whether it is printed although it is closed.
    pub(crate) printed: bool,
    pub(crate) blocks: Vec<Block>,
}

/// A term and what it is here.
pub(crate) struct Fact {
    pub(crate) term: &'static str,
    pub(crate) says: Line,
}

/// A number that says something by itself.
pub(crate) struct Tile {
    pub(crate) number: String,
    pub(crate) of: String,
    /// Whether it wants attention.
    pub(crate) alert: bool,
}

/// A table; the first cell of a row is its head.
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) heads: Vec<Head>,
    pub(crate) rows: Vec<Vec<Line>>,
    /// What is left out of it.
    pub(crate) note: Option<String>,
}

/// The head of a column.
#[derive(Clone, Copy)]
pub(crate) enum Head {
    Words(&'static str),
    /// Of texts that need room.
    Long(&'static str),
    Number(&'static str),
}

/// A text with names in it.
#[derive(Clone, Default)]
pub(crate) struct Line(pub(crate) Vec<Span>);

#[derive(Clone)]
pub(crate) enum Span {
    /// Words of our own.
    Text(String),
    /// Words of our own that matter.
    Strong(String),
    /// A text that came from a file or a pipeline, or is typed as it stands.
    Name(String),
}

impl Line {
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Text(text.into()));
        self
    }

    pub(crate) fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Strong(text.into()));
        self
    }

    pub(crate) fn name(mut self, name: &str) -> Self {
        self.0.push(Span::Name(name.to_owned()));
        self
    }

    /// Names as a sentence lists them; of many, the first ones and how many more.
    pub(crate) fn names<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let more = names.len().saturating_sub(NAMES_MAX);
        let shown = names.len() - more;
        let mut line = self;
        for (at, name) in names.into_iter().take(NAMES_MAX).enumerate() {
            line = match at {
                0 => line,
                at if at + 1 == shown && more == 0 => line.text(" and "),
                _ => line.text(", "),
            };
            line = line.name(name);
        }
        match more {
            0 => line,
            more => line.text(format!(" and {} more", crate::words::count(more))),
        }
    }

    /// The text without form.
    pub(crate) fn plain(&self) -> String {
        let spans = self.0.iter().map(|span| match span {
            Span::Text(text) | Span::Strong(text) | Span::Name(text) => text.as_str(),
        });
        spans.collect()
    }
}

/// More names than this are not read in a sentence.
const NAMES_MAX: usize = 24;

pub(crate) fn text(text: impl Into<String>) -> Line {
    Line::default().text(text)
}

pub(crate) fn name(name: &str) -> Line {
    Line::default().name(name)
}

pub(crate) fn fact(term: &'static str, says: Line) -> Fact {
    Fact { term, says }
}
