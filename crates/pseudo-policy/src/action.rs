//! Action: what may happen to a column, one variant per action. The compiler lists them all
//! wherever data is touched, and so can an auditor.

use pseudo_pii::Kind;

use crate::date::Date;
use crate::number::Number;
use crate::reader::{shown, toml_text};

mod read;

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
    /// Write values of the same length and alphabet: for schemas that take nothing else.
    Fpe {
        /// Name of the identity.
        identity: String,
        /// The characters that a value is made of.
        alphabet: FpeAlphabet,
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
    /// Write the range of years that an age falls in.
    Age {
        /// Years of a range, at least one.
        width: u32,
        /// From this age on there is one range; the one below it ends a year before.
        top: Option<u32>,
        /// The day on which ages are counted; without it the run says one.
        at: Option<Date>,
    },
    /// Move dates and timestamps, those of one subject together.
    Shift {
        /// Days that they move at most, either way; at least one.
        days: u32,
    },
    /// Write a part of an identifier.
    Derive(Part),
    /// Write what a file says of a text.
    Map {
        /// CSV file of two columns; path as written, relative to the pipeline file.
        file: String,
        /// What is written of a text that the file does not have; without it such a text is
        /// invalid.
        default: Option<String>,
    },
    /// Write one value for all that are rare.
    Rare {
        /// A value of fewer rows than this is rare; at least 2.
        below: u64,
        /// What is written for it.
        to: RareTo,
    },
    /// Write the first characters, at least one.
    Prefix(usize),
    /// Round a coordinate.
    Geo {
        /// Digits behind the point, 0 to 8.
        decimals: u8,
    },
}

/// What `rare` writes for a rare value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RareTo {
    /// A text; integers become text.
    Text(String),
    /// An integer, in a column of integers.
    Integer(i64),
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

            /// What a word stands for.
            #[must_use]
            pub fn from_name(word: &str) -> Option<Self> {
                let mut words = Self::WORDS.iter();
                words.find(|(known, _)| *known == word).map(|(_, value)| *value)
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
    /// The characters of an `fpe` value, in the order of their digits.
    FpeAlphabet {
        /// The ten digits.
        Digits = "digits",
        /// Small letters.
        LowerAlpha = "a-z",
        /// Digits and small letters.
        LowerAlnum = "0-9a-z",
        /// Digits and capital letters.
        UpperAlnum = "0-9A-Z",
        /// Digits, capital and small letters.
        Alnum = "0-9A-Za-z",
        /// Integers of at most 18 digits, written as Int64.
        Int64 = "int64",
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
        /// GB/T 2260 code of the city, of a resident identity number.
        City = "city",
        /// First three digits, of a Chinese mobile number.
        IssueNetwork = "issue-network",
        /// World manufacturer identifier, of a vehicle identification number.
        Wmi = "wmi",
        /// Model year, of a vehicle identification number.
        ModelYear = "model-year",
        /// Plant, of a vehicle identification number.
        Plant = "plant",
        /// Whether a number plate is one of new energy.
        IsNev = "is-nev",
        /// What follows the last `@`, of an e-mail address.
        EmailDomain = "email-domain",
        /// Characters of a text.
        Length = "length",
    }
}

impl Part {
    /// The kind of identifier that it is a part of; None for the part that every text has.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::BirthYear | Self::Sex | Self::Province | Self::City => Some(Kind::CnResidentId),
            Self::IssueNetwork => Some(Kind::CnPhone),
            Self::Wmi | Self::ModelYear | Self::Plant => Some(Kind::Vin),
            Self::IsNev => Some(Kind::CnPlate),
            Self::EmailDomain => Some(Kind::Email),
            Self::Length => None,
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
pub(crate) const KEYS: [&str; 15] = [
    "token", "seal", "fpe", "mask", "constant", "band", "round", "truncate", "age", "shift",
    "derive", "map", "rare", "prefix", "geo",
];

/// Keys beside them.
pub(crate) const SIDE_KEYS: [&str; 7] = [
    "to",
    "on_invalid",
    "kind",
    "encoding",
    "bits",
    "alphabet",
    "default",
];

/// An action written out, ready to paste.
pub(crate) fn example(key: &str) -> Option<&'static str> {
    Some(match key {
        "token" => "token = \"person\"",
        "seal" => "seal = \"person\"",
        "fpe" => "fpe = \"person\", alphabet = \"0-9A-Z\"",
        "mask" => "mask = { keep_first = 0, keep_last = 4 }",
        "constant" => "constant = \"…\"",
        "band" => "band = { width = 5000 }",
        "round" => "round = 1000",
        "truncate" => "truncate = \"month\"",
        "age" => "age = { width = 5, top = 75 }",
        "shift" => "shift = { days = 30 }",
        "derive" => "derive = \"birth-year\", to = \"birth_year\"",
        "map" => "map = \"groups.csv\", default = \"OTHER\"",
        "rare" => "rare = { below = 20, to = \"OTHER\" }",
        "prefix" => "prefix = 2",
        "geo" => "geo = { decimals = 2 }",
        _ => return None,
    })
}

impl Action {
    /// The name of the identity, of `token`, `seal` and `fpe`.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        match self {
            Self::Token { identity, .. }
            | Self::Seal { identity, .. }
            | Self::Fpe { identity, .. } => Some(identity),
            _ => None,
        }
    }

    /// Whether values of the source stand in the output, all or some: every check of such a column
    /// is that of `keep`.
    #[must_use]
    pub const fn copies(&self) -> bool {
        matches!(self, Self::Keep | Self::Map { .. } | Self::Rare { .. })
    }

    /// Whether the run has to say the day on which ages are counted.
    #[must_use]
    pub const fn needs_at(&self) -> bool {
        matches!(self, Self::Age { at: None, .. })
    }

    /// Whether a value that is not well made may be transformed over its cleaned text.
    pub(crate) const fn takes_invalid(&self) -> bool {
        matches!(self, Self::Token { .. } | Self::Seal { .. })
    }

    /// Whether there are values that the action cannot take, for `on_invalid` to decide.
    pub(crate) const fn judges(&self) -> bool {
        match self {
            Self::Token { .. } | Self::Seal { .. } | Self::Fpe { .. } => true,
            Self::Band(_) | Self::Round(_) | Self::Truncate(_) | Self::Geo { .. } => true,
            Self::Age { .. } | Self::Shift { .. } => true,
            Self::Derive(part) => part.kind().is_some(),
            Self::Keep | Self::Drop | Self::Null | Self::Constant(_) | Self::Mask { .. } => false,
            // A text that the file does not have.
            Self::Map { default, .. } => default.is_none(),
            Self::Rare { .. } | Self::Prefix(_) => false,
        }
    }

    /// Every rule that makes pseudonyms of an identity: of them [`Action::describe`] tells which
    /// one a manifest means.
    pub fn of_identity(name: &str) -> impl Iterator<Item = Self> {
        let identity = || name.to_owned();
        let token = move |(encoding, bits)| Self::Token {
            identity: identity(),
            encoding,
            bits,
        };
        let seal = move |encoding| Self::Seal {
            identity: identity(),
            encoding,
        };
        let fpe = move |alphabet| Self::Fpe {
            identity: identity(),
            alphabet,
        };
        let forms = TokenEncoding::WORDS.iter();
        let forms = forms.flat_map(|(_, encoding)| [(*encoding, 128), (*encoding, 256)]);
        let seals = SealEncoding::WORDS.iter().map(|(_, encoding)| *encoding);
        let fpes = FpeAlphabet::WORDS.iter().map(|(_, alphabet)| *alphabet);
        forms.map(token).chain(seals.map(seal)).chain(fpes.map(fpe))
    }

    /// What is done, in a few words; texts that are written to the output are left out.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Token {
                identity,
                encoding,
                bits,
            } => {
                let encoding = encoding.name();
                format!("token {}, {encoding}, {bits} bits", shown(identity))
            }
            Self::Seal { identity, encoding } => {
                format!("seal {}, {}", shown(identity), encoding.name())
            }
            Self::Fpe { identity, alphabet } => {
                format!("fpe {}, {}", shown(identity), alphabet.name())
            }
            Self::Mask {
                keep_first,
                keep_last,
            } => format!("mask, first {keep_first} and last {keep_last} kept"),
            Self::Band(Band::Width(width)) => format!("band, width {width}"),
            Self::Band(Band::Edges(edges)) => format!("band, edges {}", listed(edges)),
            Self::Round(step) => format!("round to {step}"),
            Self::Truncate(unit) => format!("truncate to {}", unit.name()),
            Self::Age { width, top, at } => {
                let top = top.map_or(String::new(), |top| format!(", top {top}"));
                let at = at.map_or("the day that --at says".to_owned(), |at| at.to_string());
                format!("age, width {width}{top}, at {at}")
            }
            Self::Shift { days } => format!("shift by up to {days} days per subject"),
            Self::Derive(part) => format!("derive {}", part.name()),
            Self::Map { file, default } => {
                let others = default.as_ref().map_or("", |_| ", others to a default");
                format!("map by {}{others}", shown(file))
            }
            Self::Rare { below, .. } => format!("rare, below {below} rows"),
            Self::Prefix(length) => format!("prefix, first {length}"),
            Self::Geo { decimals } => format!("geo, {decimals} decimals"),
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
            Self::Fpe { .. } => "fpe",
            Self::Constant(_) => "constant",
            Self::Mask { .. } => "mask",
            Self::Band(_) => "band",
            Self::Round(_) => "round",
            Self::Truncate(_) => "truncate",
            Self::Age { .. } => "age",
            Self::Shift { .. } => "shift",
            Self::Derive(_) => "derive",
            Self::Map { .. } => "map",
            Self::Rare { .. } => "rare",
            Self::Prefix(_) => "prefix",
            Self::Geo { .. } => "geo",
        }
    }

    /// The whole action, if it is one word.
    pub(crate) fn word(&self) -> Option<&'static str> {
        matches!(self, Self::Keep | Self::Drop | Self::Null).then(|| self.name())
    }

    /// The fields of the action as TOML, with `…` for what [`Action::texts`] lists.
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
            Self::Fpe { identity, alphabet } => {
                let (identity, alphabet) = (toml_text(identity), alphabet.name());
                format!("fpe = {identity}, alphabet = \"{alphabet}\"")
            }
            Self::Constant(_) => "constant = \"…\"".to_owned(),
            Self::Mask {
                keep_first,
                keep_last,
            } => format!("mask = {{ keep_first = {keep_first}, keep_last = {keep_last} }}"),
            Self::Band(Band::Width(width)) => format!("band = {{ width = {width} }}"),
            Self::Band(Band::Edges(edges)) => format!("band = {{ edges = {} }}", listed(edges)),
            Self::Round(step) => format!("round = {step}"),
            Self::Truncate(unit) => format!("truncate = \"{}\"", unit.name()),
            Self::Age { width, top, at } => {
                let top = top.map_or(String::new(), |top| format!(", top = {top}"));
                let at = at.map_or(String::new(), |at| format!(", at = \"{at}\""));
                format!("age = {{ width = {width}{top}{at} }}")
            }
            Self::Shift { days } => format!("shift = {{ days = {days} }}"),
            Self::Derive(part) => format!("derive = \"{}\"", part.name()),
            Self::Map { default, .. } => {
                let default = default.as_ref().map_or("", |_| ", default = \"…\"");
                format!("map = \"…\"{default}")
            }
            Self::Rare { below, to } => match to {
                RareTo::Text(_) => format!("rare = {{ below = {below}, to = \"…\" }}"),
                RareTo::Integer(to) => format!("rare = {{ below = {below}, to = {to} }}"),
            },
            Self::Prefix(length) => format!("prefix = {length}"),
            Self::Geo { decimals } => format!("geo = {{ decimals = {decimals} }}"),
        }
    }

    /// Texts of the file that no message quotes, in the order they are written.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Constant(text) => vec![text],
            Self::Map { file, default } => std::iter::once(file.as_str())
                .chain(default.as_deref())
                .collect(),
            Self::Rare {
                to: RareTo::Text(text),
                ..
            } => vec![text],
            _ => Vec::new(),
        }
    }
}

fn listed(numbers: &[Number]) -> String {
    let numbers: Vec<String> = numbers.iter().map(Number::to_string).collect();
    format!("[{}]", numbers.join(", "))
}
