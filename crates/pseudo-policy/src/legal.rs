//! Which types an action takes, and what it makes of them (DESIGN.md 3, TOKENS.md 3). A pair that
//! is not listed here is refused before a row is read.

use arrow_schema::DataType;
use pseudo_pii::Kind;

use crate::absent::{NESTED, RUN_ENDS};
use crate::action::{Action, Band, Part, SealEncoding, TokenEncoding, Unit};
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
        Action::Mask { .. } => takes(action, is_text(input), "text").map(|()| DataType::Utf8),
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
            let date = matches!(input, DataType::Date32 | DataType::Date64);
            let time = matches!(input, DataType::Timestamp(..) | DataType::Null);
            takes(action, date || time, "dates and timestamps")?;
            takes(
                action,
                time || *unit != Unit::Hour,
                "a day at least in a column of dates",
            )?;
            Ok(input.clone())
        }
        Action::Derive(part) => derive(*part, kind, input),
    }
}

/// What `token` and `seal` take: whatever has a canonical text, and bytes as they are.
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

fn derive(part: Part, kind: Option<Kind>, input: &DataType) -> Result<DataType, Misfit> {
    let action = Action::Derive(part);
    let output = match part {
        Part::BirthYear | Part::ModelYear => DataType::Int16,
        Part::Sex | Part::Province | Part::Wmi | Part::EmailDomain => DataType::Utf8,
    };
    let date = matches!(
        input,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
    );
    if date && part == Part::BirthYear {
        return Ok(output);
    }
    let wanted = if part == Part::BirthYear {
        "text, integers and dates"
    } else {
        "text and integers"
    };
    let fits = is_text(input) || input.is_integer();
    takes(&action, fits, wanted)?;
    match kind {
        Some(kind) if kind == part.kind() => Ok(output),
        Some(kind) => Err(Misfit {
            fault: Fault::KindMismatch,
            reason: format!(
                "`{}` is a part of kind `{}`, and the column is of kind `{}`",
                part.name(),
                part.kind().name(),
                kind.name()
            ),
            kind: None,
        }),
        None => Err(Misfit {
            fault: Fault::NeedsKind,
            reason: format!(
                "`derive = \"{}\"` needs the kind of the column",
                part.name()
            ),
            kind: Some(part.kind()),
        }),
    }
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
    let scale = match input {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale,
        integer if integer.is_integer() => 0,
        _ => return true,
    };
    if scale >= 0 {
        return step.scale() <= scale.unsigned_abs();
    }
    let unit = 10_i64.checked_pow(u32::from(scale.unsigned_abs()));
    step.is_whole() && unit.is_some_and(|unit| step.unscaled() % unit == 0)
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

fn is_decimal(input: &DataType) -> bool {
    matches!(
        input,
        DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
    )
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

const NUMBERS: &str = "integers, decimals and floats";
