//! Charts: horizontal bars with their names before them and their numbers behind them, so that none
//! needs an axis, a legend or a second look. Drawn twice, for wide pages and for narrow ones.
//!
//! The colours are those of the light theme, so that a chart that is copied out of the page can be
//! read; the style sheet maps them to those of the reader's theme by their names here.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use pseudo_engine::{Error, Result};

use crate::node::{Element, element, escape};
use crate::words::visible;

/// What a bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// What the chart is about.
    Main,
    /// What wants attention.
    Alert,
    /// What is there for comparison.
    Calm,
}

/// One bar, of parts that follow each other.
pub(crate) struct Bar {
    /// Its name.
    pub(crate) name: String,
    /// Its parts.
    pub(crate) parts: Vec<(f64, Tone)>,
    /// Its number in words.
    pub(crate) label: String,
}

impl Bar {
    pub(crate) fn new(name: &str, value: f64, tone: Tone, label: String) -> Self {
        Self {
            name: visible(name),
            parts: vec![(value, tone)],
            label,
        }
    }

    fn length(&self) -> f64 {
        self.parts.iter().map(|(value, _)| value).sum()
    }
}

/// Bars of one scale, which begins at 0.
pub(crate) struct Chart {
    /// A name for links within the page.
    pub(crate) id: &'static str,
    /// What it shows.
    pub(crate) title: String,
    /// What is to be seen in it.
    pub(crate) description: String,
    /// The bars, the first one on top.
    pub(crate) bars: Vec<Bar>,
    /// The value of a bar of full length; that of the longest when there is none.
    pub(crate) full: Option<f64>,
    /// What stands below: a note about what is left out.
    pub(crate) note: Option<String>,
}

const WIDE: u32 = 720;
const NARROW: u32 = 340;
/// More bars than this are not read.
pub(crate) const BARS_MAX: usize = 12;

/// Ink, line, and the tones, as the style sheet knows them.
const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
const LINE: RGBColor = RGBColor(0xB8, 0xC0, 0xC8);
const MAIN: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const ALERT: RGBColor = RGBColor(0xC4, 0x4E, 0x00);
const CALM: RGBColor = RGBColor(0x7F, 0x89, 0x94);

/// `plotters` divides font sizes by this before it writes them.
const FONT: f64 = 14.0 * 1.24;

impl Tone {
    const fn color(self) -> RGBColor {
        match self {
            Self::Main => MAIN,
            Self::Alert => ALERT,
            Self::Calm => CALM,
        }
    }
}

impl Chart {
    /// The chart with its title and note.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be drawn.
    pub(crate) fn figure(&self) -> Result<Element> {
        let figure = element("figure")
            .with(element("figcaption").text(&self.title))
            .markup(self.svg(WIDE, "wide")?)
            .markup(self.svg(NARROW, "narrow")?);
        Ok(match &self.note {
            Some(note) => figure.with(element("p").class("note").text(note)),
            None => figure,
        })
    }

    fn svg(&self, width: u32, class: &str) -> Result<String> {
        let mut drawn = String::new();
        self.draw(&mut drawn, width)
            .map_err(|_| Error::Internal("a chart that cannot be drawn".to_owned()))?;
        let frame = drawn.split_once('>').and_then(|(head, rest)| {
            let (_, box_and_more) = head.split_once("viewBox")?;
            Some((box_and_more.to_owned(), rest.to_owned()))
        });
        let (head, rest) =
            frame.ok_or_else(|| Error::Internal("a chart without a frame".to_owned()))?;
        let id = format!("{}-{class}", self.id);
        let (mut title, mut description) = (String::new(), String::new());
        escape(&self.title, &mut title);
        escape(&self.description, &mut description);
        Ok(format!(
            "\n<svg class=\"chart {class}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" \
             viewBox{head}>\n<title id=\"{id}-t\">{title}</title>\
             <desc id=\"{id}-d\">{description}</desc>{rest}"
        ))
    }

    fn draw(
        &self,
        drawn: &mut String,
        width: u32,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let place = Place::of(self, width);
        let root = SVGBackend::with_string(drawn, (width, place.height)).into_drawing_area();
        let longest = self.bars.iter().map(Bar::length).fold(0.0, f64::max);
        let full = self.full.unwrap_or(longest);
        let full = if full > 0.0 { full } else { 1.0 };
        let rows = self.bars.len() as f64;
        let (left, right) = (place.left, place.right);
        let spec = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            0.0..full,
            0.0..rows,
            (left..right, 0..place.bottom),
        );
        let area = root.apply_coord_spec(spec);
        let text = |anchor| {
            let font = ("sans-serif", FONT).into_font().color(&INK);
            font.pos(Pos::new(anchor, VPos::Center))
        };
        for (row, bar) in self.bars.iter().enumerate() {
            let row = row as f64;
            // a part that is there is seen
            let least = full * 2.0 / f64::from(right - left);
            let mut from = 0.0;
            for (value, tone) in bar.parts.iter().filter(|(value, _)| *value > 0.0) {
                let to = from + value.max(least);
                let corners = [(from, row + place.top), (to, row + place.end)];
                area.draw(&Rectangle::new(corners, tone.color().filled()))?;
                from = to;
            }
            let middle = row + f64::midpoint(place.top, place.end);
            let at = |x, offset, words: String, style| {
                EmptyElement::at((x, middle)) + Text::new(words, offset, style)
            };
            area.draw(&at(from, (8, 0), bar.label.clone(), text(HPos::Left)))?;
            let name = cut(&bar.name, place.units);
            let (offset, anchor) = if place.above {
                ((0, -22), HPos::Left)
            } else {
                ((-12, 0), HPos::Right)
            };
            area.draw(&at(0.0, offset, name, text(anchor)))?;
        }
        let line = [(0.0, 0.0), (0.0, rows)];
        if !place.above {
            area.draw(&PathElement::new(line, LINE.stroke_width(1)))?;
        }
        root.present()
    }
}

/// Where things stand in a chart.
struct Place {
    left: i32,
    right: i32,
    bottom: i32,
    height: u32,
    /// The bar within its row, as shares of it.
    top: f64,
    end: f64,
    /// Names are above their bars.
    above: bool,
    /// What fits into a name, in halves of an em.
    units: usize,
}

impl Place {
    fn of(chart: &Chart, width: u32) -> Self {
        let widest = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| units(text)).max().unwrap_or(0)
        };
        let pixels =
            |units: usize, each: usize| i32::try_from(units * each / 10).unwrap_or(i32::MAX);
        let width = i32::try_from(width).unwrap_or(i32::MAX);
        // figures are narrower than letters
        let label = pixels(widest(&mut chart.bars.iter().map(|bar| &bar.label)), 82) + 12;
        let above = width < 500;
        let (row, top, end) = if above {
            (50, 0.5, 0.84)
        } else {
            (32, 0.2, 0.8)
        };
        let bottom = row * i32::try_from(chart.bars.len()).unwrap_or(i32::MAX / row);
        let names = widest(&mut chart.bars.iter().map(|bar| &bar.name)).min(32);
        let left = if above { 0 } else { pixels(names, 90) + 14 };
        Self {
            left,
            right: (width - label).max(left + 40),
            bottom,
            height: u32::try_from(bottom).unwrap_or_default(),
            top,
            end,
            above,
            units: if above { 44 } else { 32 },
        }
    }
}

/// How much room a text takes, in halves of an em: ideographs and their like take two.
fn units(text: &str) -> usize {
    text.chars().map(unit).sum()
}

const fn unit(one: char) -> usize {
    if matches!(one, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}')
        || matches!(one, '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}')
        || matches!(one, '\u{ff00}'..='\u{ff60}')
        || one > '\u{ffff}'
    {
        2
    } else {
        1
    }
}

/// The text, or as much of it as fits.
fn cut(text: &str, room: usize) -> String {
    if units(text) <= room {
        return text.to_owned();
    }
    let mut taken = 1;
    let fits = |one: &char| {
        taken += unit(*one);
        taken <= room
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}
