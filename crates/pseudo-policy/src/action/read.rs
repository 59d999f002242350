//! How the action of a rule is read from its table.

use std::ops::RangeInclusive;

use toml_edit::Item;

use super::example;
use super::{Action, Band, FpeAlphabet, KEYS, Part, RareTo, SealEncoding, TokenEncoding, Unit};
use crate::absent::Where;
use crate::column::Context;
use crate::date::Date;
use crate::near::nearest;
use crate::number::Number;
use crate::quarantine::recipient;
use crate::reader::{Reader, Section, quoted, repeatable, shown, toml_key, toml_text};
use crate::refusal::Fault;

impl Action {
    /// Reads the action of a rule that is a table.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        section: &mut Section<'_>,
        context: &Context<'_>,
        column: &str,
    ) -> Option<Self> {
        let named: Vec<&'static str> = KEYS
            .into_iter()
            .filter(|key| section.table.contains_key(key))
            .collect();
        for key in &named {
            section.item(key);
        }
        let [key] = named.as_slice() else {
            not_one(reader, section, column, &named);
            return None;
        };
        match *key {
            "token" => token(reader, section, context),
            "seal" => seal(reader, section, context),
            "fpe" => fpe(reader, section, context),
            "constant" => text(reader, section, "constant").map(Self::Constant),
            "mask" => mask(reader, section),
            "band" => band(reader, section),
            "round" => round(reader, section),
            "truncate" => section
                .choice(reader, "truncate", Unit::WORDS, Where::Nowhere)
                .map(Self::Truncate),
            "age" => age(reader, section),
            "shift" => shift(reader, section),
            "map" => map(reader, section),
            "rare" => rare(reader, section),
            "prefix" => section
                .count(reader, "prefix", 1..=SHOWN_MAX)
                .and_then(|length| usize::try_from(length).ok())
                .map(Self::Prefix),
            "geo" => geo(reader, section),
            "escrow" => recipient(reader, section, "escrow").map(|to| Self::Escrow(to.to_owned())),
            _ => section
                .choice(reader, "derive", Part::WORDS, Where::Nowhere)
                .map(Self::Derive),
        }
    }
}

/// Refuses a rule that names no action, or several.
fn not_one(reader: &mut Reader<'_>, section: &mut Section<'_>, column: &str, named: &[&str]) {
    let name = toml_key(column);
    let (fault, message, hint) = match named {
        [] => {
            let keys = section.table.iter().map(|(key, _)| key);
            let near = keys.filter_map(|key| nearest(key, KEYS)).next();
            let example = example(near.unwrap_or("token")).unwrap_or_default();
            let hint = format!("name it, for instance\n{name} = {{ {example} }}");
            (
                Fault::NoAction,
                format!("a rule of column `{}` has no action", shown(column)),
                hint,
            )
        }
        several => {
            let hint = format!("write a list of rules\n{name} = [ {{ … }}, {{ … }} ]");
            let keys = quoted(several.iter().copied());
            (
                Fault::TwoActions,
                format!("one rule names several actions: {keys}"),
                hint,
            )
        }
    };
    reader.refuse(fault, section.spot, &section.place, message, Some(hint));
    // With the action unknown, nobody can say which keys belong beside it.
    for key in ["encoding", "bits", "alphabet", "default"] {
        section.item(key);
    }
}

fn token(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    context: &Context<'_>,
) -> Option<Action> {
    let encoding = section
        .choice(reader, "encoding", TokenEncoding::WORDS, Where::Nowhere)
        .unwrap_or(TokenEncoding::Base32);
    let bits = bits(reader, section, encoding);
    let identity = identity(reader, section, "token", context)?;
    Some(Action::Token {
        identity,
        encoding,
        bits,
    })
}

fn seal(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    context: &Context<'_>,
) -> Option<Action> {
    let encoding = section
        .choice(reader, "encoding", SealEncoding::WORDS, Where::Nowhere)
        .unwrap_or(SealEncoding::Base64Url);
    let identity = identity(reader, section, "seal", context)?;
    Some(Action::Seal { identity, encoding })
}

fn fpe(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    context: &Context<'_>,
) -> Option<Action> {
    if !section.table.contains_key("alphabet") {
        section.missing(reader, "alphabet", "alphabet = \"0-9A-Z\"");
    }
    let alphabet = section.choice(reader, "alphabet", FpeAlphabet::WORDS, Where::Nowhere);
    let identity = identity(reader, section, "fpe", context)?;
    Some(Action::Fpe {
        identity,
        alphabet: alphabet?,
    })
}

fn identity(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    context: &Context<'_>,
) -> Option<String> {
    let name = section.text(reader, key)?;
    if context.identities.contains_key(name) {
        return Some(name.to_owned());
    }
    let message = match repeatable(name) {
        Some(name) => format!("identity `{name}` is not declared"),
        None => format!("the identity of `{key}` is not declared"),
    };
    let near = nearest(name, context.identities.keys().map(String::as_str));
    let hint = match (near, repeatable(name)) {
        (Some(near), _) => Some(format!("did you mean\n{key} = {}", toml_text(near))),
        (None, Some(name)) if !reader.partial => Some(format!(
            "declare it, for instance\n[identities.{name}]\nkind = \"text\""
        )),
        _ => None,
    };
    if reader.partial && near.is_none() {
        // Its declaration may be on a line that could not be read.
        return Some(name.to_owned());
    }
    let spot = section.value_spot(reader, key);
    reader.refuse(Fault::UnknownIdentity, spot, &section.place, message, hint);
    None
}

fn bits(reader: &mut Reader<'_>, section: &mut Section<'_>, encoding: TokenEncoding) -> u16 {
    let Some(item) = section.item("bits") else {
        return 128;
    };
    match item.as_integer() {
        Some(128) => 128,
        Some(256) => {
            if encoding == TokenEncoding::Uuid {
                let message = "`encoding = \"uuid\"` has 128 bits";
                section.bad(reader, "bits", message, Some("leave `bits` out".to_owned()));
            }
            256
        }
        Some(_) => {
            section.bad(reader, "bits", "`bits` is 128 or 256", None);
            128
        }
        None => {
            reader.wrong_type(item, &section.place, "bits", "an integer");
            128
        }
    }
}

/// A text that may be empty.
fn text(reader: &mut Reader<'_>, section: &mut Section<'_>, key: &'static str) -> Option<String> {
    let item = section.item(key)?;
    if item.as_str().is_none() {
        reader.wrong_type(item, &section.place, key, "a string");
    }
    item.as_str().map(str::to_owned)
}

/// The table under the key of an action.
fn inner<'a>(
    reader: &mut Reader<'_>,
    section: &mut Section<'a>,
    key: &'static str,
) -> Option<Section<'a>> {
    let table = section.table(reader, key)?;
    let spot = section.value_spot(reader, key);
    Some(Section::new(table, section.place.clone(), spot))
}

/// A count that has to be there; `example` is ready to paste.
fn required_count(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<u32>,
    example: &str,
) -> Option<u32> {
    if !section.table.contains_key(key) {
        section.missing(reader, key, example);
    }
    section.count(reader, key, range)
}

fn mask(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let mut inner = inner(reader, section, "mask")?;
    let mut count = |key| {
        let count = inner.count(reader, key, 0..=SHOWN_MAX).unwrap_or_default();
        usize::try_from(count).unwrap_or_default()
    };
    let (keep_first, keep_last) = (count("keep_first"), count("keep_last"));
    inner.finish(reader, Where::Nowhere);
    Some(Action::Mask {
        keep_first,
        keep_last,
    })
}

fn band(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let mut inner = inner(reader, section, "band")?;
    let (width, edges) = (inner.item("width"), inner.item("edges"));
    let band = match (width, edges) {
        (Some(item), None) => positive(reader, &inner, "width", item).map(Band::Width),
        (None, Some(item)) => self::edges(reader, &inner, item).map(Band::Edges),
        _ => {
            let message = "`band` has either `width` or `edges`";
            let hint = "for instance\nband = { width = 5000 }\nband = { edges = [0, 5000] }";
            section.bad(reader, "band", message, Some(hint.to_owned()));
            None
        }
    };
    inner.finish(reader, Where::Nowhere);
    band.map(Action::Band)
}

fn edges(reader: &mut Reader<'_>, section: &Section<'_>, item: &Item) -> Option<Vec<Number>> {
    let Some(array) = item.as_array() else {
        reader.wrong_type(item, &section.place, "edges", "a list of numbers");
        return None;
    };
    let numbers = array
        .iter()
        .map(|value| reader.number(&Item::Value(value.clone())));
    let edges: Option<Vec<Number>> = numbers.collect();
    let rising = |edges: &Vec<Number>| {
        !edges.is_empty()
            && edges
                .iter()
                .zip(edges.iter().skip(1))
                .all(|(low, high)| low < high)
    };
    let edges = edges.filter(rising);
    if edges.is_none() {
        let message = "`edges` is a list of rising numbers, each of at most 18 digits";
        section.bad(reader, "edges", message, None);
    }
    edges
}

fn round(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let item = section.item("round")?;
    positive(reader, section, "round", item).map(Action::Round)
}

fn age(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let mut inner = inner(reader, section, "age")?;
    let example = "age = { width = 5, top = 75 }";
    let width = required_count(reader, &mut inner, "width", 1..=YEARS_MAX, example);
    let top = inner.count(reader, "top", 1..=YEARS_MAX);
    let written = inner.text(reader, "at");
    let at = written.and_then(Date::parse);
    if written.is_some() && at.is_none() {
        inner.bad(reader, "at", "`at` is a date, YYYY-MM-DD", None);
    }
    inner.finish(reader, Where::Nowhere);
    Some(Action::Age {
        width: width?,
        top,
        at,
    })
}

fn shift(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let mut inner = inner(reader, section, "shift")?;
    let example = "shift = { days = 30 }";
    let days = required_count(reader, &mut inner, "days", 1..=DAYS_MAX, example);
    inner.finish(reader, Where::Nowhere);
    days.map(|days| Action::Shift { days })
}

fn map(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let default = text(reader, section, "default");
    let file = section.text(reader, "map")?.to_owned();
    Some(Action::Map { file, default })
}

fn rare(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let mut inner = inner(reader, section, "rare")?;
    let example = "rare = { below = 20, to = \"OTHER\" }";
    // A value that is there has a row: below 1 none is rare.
    let below = required_count(reader, &mut inner, "below", 2..=u32::MAX, example);
    let to = match inner.item("to") {
        None => {
            inner.missing(reader, "to", example);
            None
        }
        Some(item) => {
            let to = match item.as_integer() {
                Some(integer) => Some(RareTo::Integer(integer)),
                None => item.as_str().map(|text| RareTo::Text(text.to_owned())),
            };
            if to.is_none() {
                reader.wrong_type(item, &inner.place, "to", "a string or an integer");
            }
            to
        }
    };
    inner.finish(reader, Where::Nowhere);
    Some(Action::Rare {
        below: u64::from(below?),
        to: to?,
    })
}

fn geo(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let mut inner = inner(reader, section, "geo")?;
    let example = "geo = { decimals = 2 }";
    let decimals = required_count(reader, &mut inner, "decimals", 0..=DECIMALS_MAX, example);
    inner.finish(reader, Where::Nowhere);
    let decimals = u8::try_from(decimals?).ok()?;
    Some(Action::Geo { decimals })
}

fn positive(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &str,
    item: &Item,
) -> Option<Number> {
    if item.as_integer().is_none() && item.as_float().is_none() {
        reader.wrong_type(item, &section.place, key, "a number");
        return None;
    }
    let number = reader.number(item).filter(|number| number.unscaled() > 0);
    if number.is_none() {
        let message = format!("`{key}` is a number above zero of at most 18 digits");
        section.bad(reader, key, message, None);
    }
    number
}

/// Characters that a mask or prefix may show at one end.
const SHOWN_MAX: u32 = 1000;
/// Years that a range of ages may span, and the oldest of all.
const YEARS_MAX: u32 = 150;
/// Days that dates may be shifted by: a hundred years.
const DAYS_MAX: u32 = 36_525;
/// Decimals of a coordinate: 8 of a degree are a millimetre.
const DECIMALS_MAX: u32 = 8;
