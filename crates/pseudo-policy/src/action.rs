//! Action: what may happen to a column, one variant per action. The compiler lists them all
//! wherever data is touched, and so can an auditor.

use pseudo_pii::Kind;
use toml_edit::Item;

use crate::absent::Where;
use crate::column::Context;
use crate::near::nearest;
use crate::number::Number;
use crate::reader::{Reader, Section, quoted, repeatable, shown, toml_key, toml_text};
use crate::refusal::Fault;

/// What is done to a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Copy it.
    Keep,
    /// Do not even read it.
    Drop,
    /// Write NULLs of its type.
    Null,
    /// Write tokens.
    Token {
        /// Name of the identity.
        identity: String,
        /// How a token is written.
        encoding: TokenEncoding,
        /// 128 or 256.
        bits: u16,
    },
    /// Write sealed values.
    Seal {
        /// Name of the identity.
        identity: String,
        /// How a sealed value is written.
        encoding: SealEncoding,
    },
    /// Write one text.
    Constant(String),
    /// Write `*` for all but the first and last characters.
    Mask {
        /// Characters shown at the start.
        keep_first: usize,
        /// Characters shown at the end.
        keep_last: usize,
    },
    /// Write the range that a number falls in.
    Band(Band),
    /// Round to a multiple of a positive step, half to even.
    Round(Number),
    /// Cut a date or timestamp to a unit.
    Truncate(Unit),
    /// Write a part of an identifier.
    Derive(Part),
}

/// The ranges of `band`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Band {
    /// Ranges of one positive width, from zero both ways.
    Width(Number),
    /// Ranges between rising edges, at least one, open at both ends.
    Edges(Vec<Number>),
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$line:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$line])* $variant,)* }

        impl $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)*];

            /// The word for it in a pipeline file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// How a token is written.
    TokenEncoding {
        /// Base32 of RFC 4648, lowercase, without padding.
        Base32 = "base32",
        /// Lowercase hexadecimal.
        Hex = "hex",
        /// The bytes, with the UUID logical type.
        Uuid = "uuid",
        /// The bytes.
        Binary = "binary",
    }
}

words! {
    /// How a sealed value is written.
    SealEncoding {
        /// Base64url of RFC 4648, without padding.
        Base64Url = "base64url",
        /// Base32 of RFC 4648, lowercase, without padding.
        Base32 = "base32",
        /// The bytes.
        Binary = "binary",
    }
}

words! {
    /// What a date or timestamp is cut to.
    Unit {
        /// 1 January.
        Year = "year",
        /// The first day of a quarter.
        Quarter = "quarter",
        /// The first day of a month.
        Month = "month",
        /// Monday, as in ISO 8601.
        Week = "week",
        /// Midnight.
        Day = "day",
        /// The full hour; timestamps only.
        Hour = "hour",
    }
}

words! {
    /// A part of an identifier.
    Part {
        /// Year of birth, of a resident identity number or a date.
        BirthYear = "birth-year",
        /// `M` or `F`, of a resident identity number.
        Sex = "sex",
        /// GB/T 2260 code of the province, of a resident identity number.
        Province = "province",
        /// World manufacturer identifier, of a vehicle identification number.
        Wmi = "wmi",
        /// Model year, of a vehicle identification number.
        ModelYear = "model-year",
        /// What follows the last `@`, of an e-mail address.
        EmailDomain = "email-domain",
    }
}

impl Part {
    /// The kind of identifier that it is a part of.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::BirthYear | Self::Sex | Self::Province => Kind::CnResidentId,
            Self::Wmi | Self::ModelYear => Kind::Vin,
            Self::EmailDomain => Kind::Email,
        }
    }
}

/// Actions that are one word.
pub(crate) const WORDS: [(&str, Action); 3] = [
    ("keep", Action::Keep),
    ("drop", Action::Drop),
    ("null", Action::Null),
];

/// Keys that name an action.
pub(crate) const KEYS: [&str; 8] = [
    "token", "seal", "mask", "constant", "band", "round", "truncate", "derive",
];

/// Keys beside them.
pub(crate) const SIDE_KEYS: [&str; 5] = ["to", "on_invalid", "kind", "encoding", "bits"];

/// An action written out, ready to paste.
pub(crate) fn example(key: &str) -> Option<&'static str> {
    Some(match key {
        "token" => "token = \"person\"",
        "seal" => "seal = \"person\"",
        "mask" => "mask = { keep_first = 0, keep_last = 4 }",
        "constant" => "constant = \"…\"",
        "band" => "band = { width = 5000 }",
        "round" => "round = 1000",
        "truncate" => "truncate = \"month\"",
        "derive" => "derive = \"birth-year\", to = \"birth_year\"",
        _ => return None,
    })
}

impl Action {
    /// The name of the identity, of `token` and `seal`.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        match self {
            Self::Token { identity, .. } | Self::Seal { identity, .. } => Some(identity),
            _ => None,
        }
    }

    /// What is done, in a few words; the text of a constant is left out.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Token {
                identity,
                encoding,
                bits,
            } => {
                format!(
                    "token {}, {}, {bits} bits",
                    shown(identity),
                    encoding.name()
                )
            }
            Self::Seal { identity, encoding } => {
                format!("seal {}, {}", shown(identity), encoding.name())
            }
            Self::Mask {
                keep_first,
                keep_last,
            } => {
                format!("mask, first {keep_first} and last {keep_last} kept")
            }
            Self::Band(Band::Width(width)) => format!("band, width {width}"),
            Self::Band(Band::Edges(edges)) => format!("band, edges {}", listed(edges)),
            Self::Round(step) => format!("round to {step}"),
            Self::Truncate(unit) => format!("truncate to {}", unit.name()),
            Self::Derive(part) => format!("derive {}", part.name()),
            Self::Keep | Self::Drop | Self::Null | Self::Constant(_) => self.name().to_owned(),
        }
    }

    /// The word that names the action.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::Null => "null",
            Self::Token { .. } => "token",
            Self::Seal { .. } => "seal",
            Self::Constant(_) => "constant",
            Self::Mask { .. } => "mask",
            Self::Band(_) => "band",
            Self::Round(_) => "round",
            Self::Truncate(_) => "truncate",
            Self::Derive(_) => "derive",
        }
    }

    /// The whole action, if it is one word.
    pub(crate) fn word(&self) -> Option<&'static str> {
        matches!(self, Self::Keep | Self::Drop | Self::Null).then(|| self.name())
    }

    /// The fields of the action as TOML, the text of a constant left out.
    pub(crate) fn toml(&self) -> String {
        match self {
            Self::Keep | Self::Drop | Self::Null => self.name().to_owned(),
            Self::Token {
                identity,
                encoding,
                bits,
            } => {
                let mut text = format!("token = {}", toml_text(identity));
                if *encoding != TokenEncoding::Base32 {
                    text.push_str(&format!(", encoding = \"{}\"", encoding.name()));
                }
                if *bits != 128 {
                    text.push_str(&format!(", bits = {bits}"));
                }
                text
            }
            Self::Seal { identity, encoding } => {
                let mut text = format!("seal = {}", toml_text(identity));
                if *encoding != SealEncoding::Base64Url {
                    text.push_str(&format!(", encoding = \"{}\"", encoding.name()));
                }
                text
            }
            Self::Constant(_) => "constant = \"…\"".to_owned(),
            Self::Mask {
                keep_first,
                keep_last,
            } => {
                format!("mask = {{ keep_first = {keep_first}, keep_last = {keep_last} }}")
            }
            Self::Band(Band::Width(width)) => format!("band = {{ width = {width} }}"),
            Self::Band(Band::Edges(edges)) => format!("band = {{ edges = {} }}", listed(edges)),
            Self::Round(step) => format!("round = {step}"),
            Self::Truncate(unit) => format!("truncate = \"{}\"", unit.name()),
            Self::Derive(part) => format!("derive = \"{}\"", part.name()),
        }
    }

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
            "token" => {
                let encoding = section
                    .choice(reader, "encoding", TokenEncoding::WORDS, Where::Nowhere)
                    .unwrap_or(TokenEncoding::Base32);
                let bits = bits(reader, section, encoding);
                let identity = identity(reader, section, "token", context)?;
                Some(Self::Token {
                    identity,
                    encoding,
                    bits,
                })
            }
            "seal" => {
                let encoding = section
                    .choice(reader, "encoding", SealEncoding::WORDS, Where::Nowhere)
                    .unwrap_or(SealEncoding::Base64Url);
                let identity = identity(reader, section, "seal", context)?;
                Some(Self::Seal { identity, encoding })
            }
            "constant" => constant(reader, section),
            "mask" => mask(reader, section),
            "band" => band(reader, section),
            "round" => round(reader, section),
            "truncate" => section
                .choice(reader, "truncate", Unit::WORDS, Where::Nowhere)
                .map(Self::Truncate),
            _ => section
                .choice(reader, "derive", Part::WORDS, Where::Part)
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
    section.item("encoding");
    section.item("bits");
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

fn constant(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let item = section.item("constant")?;
    if item.as_str().is_none() {
        reader.wrong_type(item, &section.place, "constant", "a string");
    }
    item.as_str().map(|text| Action::Constant(text.to_owned()))
}

fn mask(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<Action> {
    let table = section.table(reader, "mask")?;
    let spot = section.value_spot(reader, "mask");
    let mut inner = Section::new(table, section.place.clone(), spot);
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
    let table = section.table(reader, "band")?;
    let spot = section.value_spot(reader, "band");
    let mut inner = Section::new(table, section.place.clone(), spot);
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

fn listed(numbers: &[Number]) -> String {
    let numbers: Vec<String> = numbers.iter().map(Number::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

/// Characters that a mask may show at one end.
const SHOWN_MAX: u32 = 1000;
