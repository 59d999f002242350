//! Which types an action takes, and what it makes of them (DESIGN.md 3, TOKENS.md 3). A pair that
//! is not listed here is refused before a row is read.

use arrow_schema::DataType;
use pseudo_pii::Kind;

use crate::absent::{NESTED, RUN_ENDS};
use crate::action::{Action, Band, FpeAlphabet, Part, RareTo, SealEncoding, TokenEncoding, Unit};
use crate::number::Number;
use crate::refusal::Fault;

/// Why an action does not fit a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) fault: Fault,
    /// What follows "column `c`: ".
    pub(crate) reason: String,
    /// The kind that would make the rule fit.
    pub(crate) kind: Option<Kind>,
}

/// The type that a column of `input` becomes; `kind` is that of the column, if it is known.
pub(crate) fn output(
    action: &Action,
    kind: Option<Kind>,
    input: &DataType,
) -> Result<DataType, Misfit> {
    check_flat(input)?;
    if matches!(action, Action::Keep | Action::Drop | Action::Null) {
        return Ok(input.clone());
    }
    let (key, values) = match input {
        DataType::Dictionary(key, values) => (Some(key), values.as_ref()),
        plain => (None, plain),
    };
    let output = plain(action, kind, values)?;
    // Text made once per distinct value stays once per distinct value.
    let encoded = !matches!(
        action,
        Action::Band(_) | Action::Round(_) | Action::Truncate(_)
    );
    Ok(match key {
        Some(key) if encoded && output == DataType::Utf8 => {
            DataType::Dictionary(key.clone(), Box::new(output))
        }
        _ => output,
    })
}

/// Refuses types that no rule but `drop` takes.
pub(crate) fn check_flat(input: &DataType) -> Result<(), Misfit> {
    let reason = match input {
        DataType::RunEndEncoded(..) => RUN_ENDS.to_owned(),
        DataType::Dictionary(_, values) if values.is_nested() => NESTED.to_owned(),
        nested if nested.is_nested() && !matches!(nested, DataType::Dictionary(..)) => {
            NESTED.to_owned()
        }
        _ => return Ok(()),
    };
    Err(Misfit {
        fault: Fault::UnsupportedType,
        reason,
        kind: None,
    })
}

fn plain(action: &Action, kind: Option<Kind>, input: &DataType) -> Result<DataType, Misfit> {
    match action {
        Action::Keep | Action::Drop | Action::Null => Ok(input.clone()),
        Action::Constant(_) => Ok(DataType::Utf8),
        Action::Token { encoding, bits, .. } => {
            identifier(action, kind, input)?;
            Ok(match encoding {
                TokenEncoding::Base32 | TokenEncoding::Hex => DataType::Utf8,
                TokenEncoding::Uuid => DataType::FixedSizeBinary(16),
                TokenEncoding::Binary => DataType::FixedSizeBinary(i32::from(bits / 8)),
            })
        }
        Action::Seal { encoding, .. } => {
            identifier(action, kind, input)?;
            Ok(match encoding {
                SealEncoding::Base64Url | SealEncoding::Base32 => DataType::Utf8,
                SealEncoding::Binary => DataType::Binary,
            })
        }
        Action::Fpe { alphabet, .. } => {
            identifier(action, kind, input)?;
            fpe(*alphabet, kind)
        }
        Action::Mask { .. } | Action::Map { .. } | Action::Prefix(_) => {
            takes(action, is_text(input), "text").map(|()| DataType::Utf8)
        }
        Action::Band(band) => {
            takes(action, is_number(input), NUMBERS)?;
            let numbers = match band {
                Band::Width(width) => std::slice::from_ref(width),
                Band::Edges(edges) => edges.as_slice(),
            };
            let whole = numbers.iter().all(|number| number.is_whole());
            takes(
                action,
                whole || !input.is_integer(),
                "whole numbers in a column of integers",
            )?;
            Ok(DataType::Utf8)
        }
        Action::Round(step) => {
            takes(action, is_number(input), NUMBERS)?;
            takes(
                action,
                holds(input, *step),
                "a step that the type of the column can hold",
            )?;
            Ok(input.clone())
        }
        Action::Truncate(unit) => {
            takes(action, is_moment(input), MOMENTS)?;
            takes(
                action,
                !is_date(input) || *unit != Unit::Hour,
                "a day at least in a column of dates",
            )?;
            Ok(input.clone())
        }
        Action::Shift { .. } => takes(action, is_moment(input), MOMENTS).map(|()| input.clone()),
        Action::Geo { decimals } => {
            let fits = input.is_floating() || is_decimal(input) || *input == DataType::Null;
            takes(action, fits, "floats and decimals")?;
            // To round to what is there would be to copy.
            let rounds = scale(input).is_none_or(|scale| i16::from(scale) > i16::from(*decimals));
            takes(action, rounds, "more decimals than it leaves")?;
            Ok(input.clone())
        }
        Action::Age { .. } => age(action, kind, input),
        Action::Rare { to, .. } => rare(action, to, input),
        Action::Escrow(_) => takes(action, has_text(input), TEXTS).map(|()| input.clone()),
        Action::Derive(part) => derive(*part, kind, input),
    }
}

/// What `token`, `seal` and `fpe` take: whatever has a canonical text, and bytes as they are.
fn identifier(action: &Action, kind: Option<Kind>, input: &DataType) -> Result<(), Misfit> {
    if is_binary(input) {
        return match kind {
            None | Some(Kind::Exact) => Ok(()),
            Some(kind) => Err(Misfit {
                fault: Fault::KindMismatch,
                reason: format!(
                    "`{}` takes bytes in an identity of kind `exact`, and this one is `{}`",
                    action.name(),
                    kind.name()
                ),
                kind: None,
            }),
        };
    }
    let fits = has_text(input);
    takes(
        action,
        fits,
        "text, integers, decimals, booleans, dates, timestamps and bytes",
    )
}

/// What an alphabet gives, of a kind that has values in it.
fn fpe(alphabet: FpeAlphabet, kind: Option<Kind>) -> Result<DataType, Misfit> {
    let fits = kind.is_none_or(|kind| has_values_in(kind, alphabet));
    match kind {
        Some(kind) if !fits => Err(Misfit {
            fault: Fault::KindMismatch,
            reason: format!(
                "`fpe` never finds a value of kind `{}` in the alphabet `{}`",
                kind.name(),
                alphabet.name()
            ),
            kind: None,
        }),
        _ if alphabet == FpeAlphabet::Int64 => Ok(DataType::Int64),
        _ => Ok(DataType::Utf8),
    }
}

/// Whether the canonical text of a kind can be one of an alphabet.
fn has_values_in(kind: Kind, alphabet: FpeAlphabet) -> bool {
    use FpeAlphabet as A;
    match kind {
        Kind::Exact | Kind::Text => alphabet != A::Int64,
        Kind::Integer => alphabet != A::LowerAlpha,
        // Digits, or digits at least in some.
        Kind::CnPhone | Kind::BankCard | Kind::CnResidentId | Kind::CnUscc => {
            !matches!(alphabet, A::LowerAlpha | A::Int64)
        }
        // Digits alone would pass the check, but no maker's code is made of them.
        Kind::Vin => matches!(alphabet, A::UpperAlnum | A::Alnum),
        // An address of mail has its `@`, a plate its province; of names and places hardly one is
        // a code, and what is none would be lost.
        Kind::Email | Kind::CnPlate | Kind::Name | Kind::Address => false,
    }
}

fn age(action: &Action, kind: Option<Kind>, input: &DataType) -> Result<DataType, Misfit> {
    if is_moment(input) {
        return Ok(DataType::Utf8);
    }
    let fits = is_text(input) || input.is_integer();
    takes(action, fits, "text, integers, dates and timestamps")?;
    let reason = match kind {
        Some(Kind::CnResidentId) => return Ok(DataType::Utf8),
        Some(kind) => format!(
            "`age` is told by kind `{}`, and the column is of kind `{}`",
            Kind::CnResidentId.name(),
            kind.name()
        ),
        None => "`age` needs the kind of the column".to_owned(),
    };
    Err(of_kind(kind, Kind::CnResidentId, reason))
}

/// The misfit of a column whose kind is another, or not known.
fn of_kind(kind: Option<Kind>, wanted: Kind, reason: String) -> Misfit {
    match kind {
        Some(_) => Misfit {
            fault: Fault::KindMismatch,
            reason,
            kind: None,
        },
        None => Misfit {
            fault: Fault::NeedsKind,
            reason,
            kind: Some(wanted),
        },
    }
}

fn rare(action: &Action, to: &RareTo, input: &DataType) -> Result<DataType, Misfit> {
    takes(
        action,
        is_text(input) || input.is_integer(),
        "text and integers",
    )?;
    match to {
        RareTo::Text(_) => Ok(DataType::Utf8),
        RareTo::Integer(to) => {
            let fits = integers(input).is_some_and(|(low, high)| (low..=high).contains(to));
            takes(action, fits, "a `to` that the type of the column can hold")?;
            Ok(input.clone())
        }
    }
}

/// The least and the greatest `i64` that a type of integers holds.
fn integers(input: &DataType) -> Option<(i64, i64)> {
    Some(match input {
        DataType::Int8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
        DataType::Int16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        DataType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        DataType::Int64 => (i64::MIN, i64::MAX),
        DataType::UInt8 => (0, i64::from(u8::MAX)),
        DataType::UInt16 => (0, i64::from(u16::MAX)),
        DataType::UInt32 => (0, i64::from(u32::MAX)),
        DataType::UInt64 => (0, i64::MAX),
        _ => return None,
    })
}

fn derive(part: Part, kind: Option<Kind>, input: &DataType) -> Result<DataType, Misfit> {
    let action = Action::Derive(part);
    let output = match part {
        Part::BirthYear | Part::ModelYear => DataType::Int16,
        Part::IsNev => DataType::Boolean,
        Part::Length => DataType::Int32,
        Part::Sex
        | Part::Province
        | Part::City
        | Part::IssueNetwork
        | Part::Wmi
        | Part::Plant
        | Part::EmailDomain => DataType::Utf8,
    };
    let moment = is_moment(input) && *input != DataType::Null;
    if moment && part == Part::BirthYear {
        return Ok(output);
    }
    let Some(wanted) = part.kind() else {
        return takes(&action, is_text(input), "text").map(|()| output);
    };
    let types = if part == Part::BirthYear {
        "text, integers and dates"
    } else {
        "text and integers"
    };
    takes(&action, is_text(input) || input.is_integer(), types)?;
    let reason = match kind {
        Some(kind) if kind == wanted => return Ok(output),
        Some(kind) => format!(
            "`{}` is a part of kind `{}`, and the column is of kind `{}`",
            part.name(),
            wanted.name(),
            kind.name()
        ),
        None => format!(
            "`derive = \"{}\"` needs the kind of the column",
            part.name()
        ),
    };
    Err(of_kind(kind, wanted, reason))
}

fn takes(action: &Action, fits: bool, wanted: &str) -> Result<(), Misfit> {
    if fits {
        return Ok(());
    }
    let reason = format!("`{}` takes {wanted}", action.name());
    Err(Misfit {
        fault: Fault::TypeNotTaken,
        reason,
        kind: None,
    })
}

/// Whether multiples of a step are values of the type.
fn holds(input: &DataType, step: Number) -> bool {
    let scale = match scale(input) {
        Some(scale) => scale,
        None if input.is_integer() => 0,
        None => return true,
    };
    if scale >= 0 {
        return step.scale() <= scale.unsigned_abs();
    }
    let unit = 10_i64.checked_pow(u32::from(scale.unsigned_abs()));
    step.is_whole() && unit.is_some_and(|unit| step.unscaled() % unit == 0)
}

/// Digits behind the point of a decimal.
fn scale(input: &DataType) -> Option<i8> {
    match input {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

fn is_text(input: &DataType) -> bool {
    matches!(
        input,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null
    )
}

fn is_binary(input: &DataType) -> bool {
    matches!(
        input,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

/// Whether a Bloom filter serves values of a type: a reader that looks one up writes it as it is.
pub(crate) fn bloom_filter(output: &DataType) -> bool {
    match output {
        DataType::Dictionary(_, values) => bloom_filter(values),
        DataType::Null => false,
        plain => is_text(plain) || is_binary(plain) || plain.is_integer(),
    }
}

fn is_decimal(input: &DataType) -> bool {
    scale(input).is_some()
}

fn is_date(input: &DataType) -> bool {
    matches!(input, DataType::Date32 | DataType::Date64)
}

/// Dates and timestamps.
fn is_moment(input: &DataType) -> bool {
    is_date(input) || matches!(input, DataType::Timestamp(..) | DataType::Null)
}

fn is_number(input: &DataType) -> bool {
    input.is_integer() || input.is_floating() || is_decimal(input) || *input == DataType::Null
}

fn has_text(input: &DataType) -> bool {
    is_text(input)
        || input.is_integer()
        || is_decimal(input)
        || matches!(
            input,
            DataType::Boolean | DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        )
}

/// Pairs are lines of text.
const TEXTS: &str = "columns whose values have a text; bytes have none";
const NUMBERS: &str = "integers, decimals and floats";
const MOMENTS: &str = "dates and timestamps";
