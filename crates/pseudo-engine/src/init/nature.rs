//! What a column is, told by its type, its values and its name. Values decide where they can: a
//! check that chance does not pass counts for more than a name. Where neither tells, the column is
//! unknown, and what is unknown is not kept.

use arrow::datatypes::DataType;
use pseudo_pii::{Certainty, Finding, Kind};

use super::name::{self, Hint};
use super::profile::{Column, is_flat};
use super::spelling::Written;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Nature {
    /// Of a type that no rule but `drop` takes.
    Nested,
    /// No value was seen, and the name says nothing.
    Empty,
    /// Identifiers of a kind, and why.
    Identifier(Kind, Why),
    /// Other values, some of which hold identifiers, or may.
    Holds(Finding),
    /// The name says a kind, and the values are of another form.
    Unlike(Kind),
    /// Days of birth.
    Birth(Form),
    /// Dates or timestamps.
    Moment(Form),
    Boolean,
    Coordinate,
    Postcode,
    /// Something to join by: its name says so.
    Key,
    /// All values are distinct, and nothing says what they are.
    Code,
    /// Few values, each in many rows.
    Category,
    /// An amount or a count.
    Number,
    Unknown,
}

/// Why a column is of a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Why {
    /// Its values pass as that kind.
    Values(Finding),
    /// Its name says so, and its values do not speak against it.
    Name,
}

/// How moments are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Date,
    Timestamp,
    /// As text that a CSV reader can turn into dates or timestamps.
    Typed(Written),
    /// As text, year first.
    Text(Written),
    /// In some other way.
    Other,
}

/// What a column of a table is; `table` are the words of the table's name.
pub(super) fn of(column: &Column, table: &[String], is_csv: bool) -> Nature {
    if !is_flat(&column.data_type) {
        return Nature::Nested;
    }
    let hint = name::hint(&column.name, table);
    let form = form(column, is_csv);
    if let Some(form) = form.filter(|form| *form != Form::Other) {
        let is_birth = hint == Some(Hint::Birth);
        return if is_birth {
            Nature::Birth(form)
        } else {
            Nature::Moment(form)
        };
    }
    if column.data_type == DataType::Boolean {
        return Nature::Boolean;
    }
    let findings = column.recogniser.findings();
    if let Some(nature) = by_values(column, hint, &findings) {
        return nature;
    }
    if let Some(nature) = by_name(column, hint) {
        return nature;
    }
    // a key becomes a token, whatever else it looks like
    if hint == Some(Hint::Key) && can_be_key(&column.data_type) && column.values > 0 {
        return Nature::Key;
    }
    if let Some(finding) = findings.first() {
        return Nature::Holds(*finding);
    }
    rest(column, hint)
}

/// Told by the values: most of them are of a kind as a whole, beyond what chance explains.
fn by_values(column: &Column, hint: Option<Hint>, findings: &[Finding]) -> Option<Nature> {
    let agrees = |finding: &Finding| hint == Some(Hint::Kind(finding.kind));
    let is_sure = |finding: &&Finding| finding.certainty == Certainty::Certain || agrees(finding);
    let found = findings.iter().filter(is_sure);
    let mut whole = found.filter(|finding| column.share_of(finding.kind) >= HALF);
    if let Some(finding) = whole.next() {
        let is_text = is_text(&column.data_type);
        return Some(match is_text || is_whole(&column.data_type) {
            true => Nature::Identifier(finding.kind, Why::Values(*finding)),
            false => Nature::Holds(*finding),
        });
    }
    let certain = findings
        .iter()
        .find(|found| found.certainty == Certainty::Certain);
    certain.map(|finding| Nature::Holds(*finding))
}

/// Told by the name, where the values do not speak against it.
fn by_name(column: &Column, hint: Option<Hint>) -> Option<Nature> {
    let (is_text, is_empty) = (is_text(&column.data_type), column.values == 0);
    match hint? {
        Hint::Kind(kind @ (Kind::Name | Kind::Address)) => {
            is_text.then_some(Nature::Identifier(kind, Why::Name))
        }
        Hint::MaybeName => {
            let is_name = is_text && column.share(is_han_name) >= HALF && !is_empty;
            (is_name && !column.is_category(CATEGORIES))
                .then_some(Nature::Identifier(Kind::Name, Why::Name))
        }
        Hint::Kind(kind) => {
            let fits = is_text || is_whole(&column.data_type);
            let looks = match kind {
                Kind::CnPhone => column.share(is_phone) >= MOST,
                kind => column.share_of(kind) >= HALF,
            };
            if fits && (is_empty || looks) {
                return Some(Nature::Identifier(kind, Why::Name));
            }
            let words = name::words(&column.name);
            let ends_as_key = words.last().is_some_and(|word| name::ends_key(word));
            let is_key = ends_as_key && can_be_key(&column.data_type);
            Some(if is_key {
                Nature::Key
            } else {
                Nature::Unlike(kind)
            })
        }
        Hint::Birth if is_text || is_empty => Some(Nature::Birth(Form::Other)),
        Hint::Postcode => Some(Nature::Postcode),
        Hint::Coordinate if !is_text => Some(Nature::Coordinate),
        _ => None,
    }
}

/// What is left: told by how often values occur, and by the type.
fn rest(column: &Column, hint: Option<Hint>) -> Nature {
    let is_measure = hint == Some(Hint::Measure);
    let (is_text, is_whole) = (is_text(&column.data_type), is_whole(&column.data_type));
    if column.values == 0 {
        return Nature::Empty;
    }
    if !is_text && !is_whole && !column.data_type.is_numeric() {
        return Nature::Unknown;
    }
    // integers with gaps become floats in some tools, and decimals where a database has no others
    let is_loose = !is_text && !is_whole;
    if is_loose && column.fractions > 0 {
        return Nature::Number;
    }
    let is_short = column.share(|value| value.chars().count() <= CATEGORY_CHARS) >= 1.0;
    let categories = match is_loose && hint == Some(Hint::Key) {
        true => KEYS_FEW,
        false => CATEGORIES,
    };
    if is_short && column.is_category(categories) {
        return Nature::Category;
    }
    let written = column.spelling.written();
    let is_decimal = is_text && matches!(written, Some(Written::Decimals(_)));
    let is_number = !is_text || written == Some(Written::Integers);
    if is_decimal || is_number && is_measure {
        return Nature::Number;
    }
    if column.is_unique() && !is_loose && (is_whole || column.share(is_code) >= 1.0) {
        return Nature::Code;
    }
    Nature::Unknown
}

/// How a column of moments is stored; none for any other.
fn form(column: &Column, is_csv: bool) -> Option<Form> {
    match &column.data_type {
        DataType::Date32 | DataType::Date64 => Some(Form::Date),
        DataType::Timestamp(..) => Some(Form::Timestamp),
        DataType::Time32(_) | DataType::Time64(_) => Some(Form::Other),
        data_type if is_text(data_type) => match column.spelling.written()? {
            written @ (Written::Dates | Written::Timestamps) => {
                Some(match is_csv && column.blanks == 0 {
                    true => Form::Typed(written),
                    false => Form::Text(written),
                })
            }
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Whether a column of that type holds whole numbers alone.
pub(super) fn is_whole(data_type: &DataType) -> bool {
    let is_decimal = matches!(
        data_type,
        DataType::Decimal32(_, 0)
            | DataType::Decimal64(_, 0)
            | DataType::Decimal128(_, 0)
            | DataType::Decimal256(_, 0)
    );
    data_type.is_integer() || is_decimal
}

/// Whether `token` takes a column of that type as a key.
fn can_be_key(data_type: &DataType) -> bool {
    let is_bytes = matches!(data_type, DataType::FixedSizeBinary(_));
    is_text(data_type) || is_whole(data_type) || is_bytes
}

/// Seven to fifteen digits (ITU-T E.164) and what is written between them.
fn is_phone(text: &str) -> bool {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = |c: char| c.is_ascii_digit() || "+-() ./".contains(c);
    (7..=15).contains(&digits) && text.chars().all(rest)
}

/// Two to four Han characters, as most Chinese names.
fn is_han_name(text: &str) -> bool {
    let mut count = 0;
    let is_han = text.chars().filter(|c| !c.is_whitespace()).all(|c| {
        count += 1;
        ('\u{4E00}'..='\u{9FFF}').contains(&c) || c == '·'
    });
    is_han && (2..=4).contains(&count)
}

/// One word of letters and digits.
fn is_code(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_./#:".contains(c);
    let is_word = !text.is_empty() && text.len() <= CODE_BYTES && text.chars().all(is_part);
    is_word && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Shares of the values that are looked at closely.
const HALF: f64 = 0.5;
const MOST: f64 = 0.8;
/// Distinct values of categories at most.
const CATEGORIES: u64 = 1_000;
/// Distinct values of a key that is none.
pub(super) const KEYS_FEW: u64 = 100;
const CATEGORY_CHARS: usize = 48;
const CODE_BYTES: usize = 64;
