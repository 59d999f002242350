//! A planned column → its kernel: the one place where the words of a policy meet those of the
//! kernels, and where keys go in.

use chrono::{Datelike, NaiveDate};
use pseudo_arrow::{FpeForm, Kernel};
use pseudo_keyring::DomainKeys;
use pseudo_pii::{Blanks, Kind};
use pseudo_policy::{
    Action, Band, Date, FpeAlphabet, Identity, Number, OnInvalid, Part, PlannedColumn, RareTo,
    SealEncoding, TokenEncoding, Unit,
};
use pseudo_token::Alphabet;

use crate::inputs::Inputs;
use crate::manifest::ColumnManifest;
use crate::verify::is_structured;
use crate::{Error, Result};

/// What kernels of one run share.
pub(crate) struct Context<'a> {
    /// The keys of the domain.
    pub(crate) keys: &'a DomainKeys,
    /// The year that model years are counted from.
    pub(crate) year: i32,
    /// The day on which ages are counted, where a rule does not say one.
    pub(crate) at: Option<pseudo_arrow::Date>,
}

/// Makes the kernel of `column`; `inputs` are those of its table.
pub(crate) fn kernel(
    column: &PlannedColumn,
    context: &Context<'_>,
    inputs: &Inputs,
) -> Result<Kernel> {
    let blanks = blanks(column.identity.as_ref());
    let on_invalid = on_invalid(column.on_invalid);
    let kernel = match &column.action {
        Action::Keep => Ok(Kernel::keep()),
        Action::Drop | Action::Escrow(_) => {
            return Err(Error::Internal("a dropped column in the plan".to_owned()));
        }
        Action::Null => Ok(Kernel::null(column.output.data_type().clone())),
        Action::Token { .. } | Action::Seal { .. } | Action::Fpe { .. } => {
            return keyed(column, context.keys);
        }
        Action::Constant(text) => Ok(Kernel::constant(text.clone())),
        Action::Mask {
            keep_first,
            keep_last,
        } => Ok(Kernel::mask(*keep_first, *keep_last)),
        Action::Band(bands) => Kernel::band(band(bands), on_invalid),
        Action::Round(step) => Kernel::round(number(*step), on_invalid),
        Action::Truncate(unit) => Ok(Kernel::truncate(period(*unit), on_invalid)),
        Action::Age { width, top, at } => {
            let day = at.map_or(context.at, date);
            let day = day.ok_or_else(|| Error::Internal("an age without a day".to_owned()))?;
            let top = top.unwrap_or(AGE_TOP_MAX);
            Kernel::age(*width, top, day, column.kind, blanks, on_invalid)
        }
        Action::Shift { days } => {
            let subject = column.subject.as_ref().map(|subject| &subject.identity);
            let subject = subject.ok_or_else(|| unplanned("subject"))?;
            let key = context.keys.shift_key(&subject.name, subject.kind.id())?;
            Kernel::shift(
                key,
                subject.kind,
                self::blanks(Some(subject)),
                *days,
                on_invalid,
            )
        }
        Action::Derive(part) => {
            let part = derived(*part);
            Ok(Kernel::derive(
                part,
                column.kind,
                blanks,
                context.year,
                on_invalid,
            ))
        }
        Action::Map { file, default } => {
            let entries = inputs.map(file).ok_or_else(|| unplanned("map"))?.clone();
            Ok(Kernel::map(entries, default.clone(), on_invalid))
        }
        Action::Rare { to, .. } => {
            let kept = inputs.kept(column).ok_or_else(|| unplanned("census"))?;
            Ok(Kernel::rare(kept, rare_to(to)))
        }
        Action::Prefix(characters) => Ok(Kernel::prefix(*characters)),
        Action::Geo { decimals } => Ok(Kernel::geo(*decimals, on_invalid)),
    };
    kernel.map_err(|error| Error::Internal(format!("column `{}`: {error}", column.source)))
}

/// The kernel by which the gate asks whether a value stands in a column of pseudonyms: that of the
/// column, but no value makes it fail, and what is invalid of a kind that tells is no pseudonym.
pub(crate) fn probe(column: &PlannedColumn, keys: &DomainKeys) -> Result<Kernel> {
    let kind = column.identity.as_ref().map(|identity| identity.kind);
    let on_invalid = match kind {
        Some(kind) if is_structured(kind) => OnInvalid::Null,
        _ => OnInvalid::Token,
    };
    let column = PlannedColumn {
        on_invalid,
        ..column.clone()
    };
    keyed(&column, keys)
}

/// The kernel that makes the originals of a column of pseudonyms.
pub(crate) fn canonical(column: &PlannedColumn) -> Result<Kernel> {
    let identity = column.identity.as_ref();
    let identity = identity.ok_or_else(|| unplanned("identity"))?;
    Ok(Kernel::canonical(identity.kind, blanks(Some(identity))))
}

/// The kernel that makes the originals of an identity, of values that are not blank.
pub(crate) fn originals(identity: &Identity) -> Kernel {
    Kernel::canonical(identity.kind, Blanks::new(&[]))
}

/// The kernel of a token, seal or fpe rule.
fn keyed(column: &PlannedColumn, keys: &DomainKeys) -> Result<Kernel> {
    let identity = column
        .identity
        .as_ref()
        .ok_or_else(|| unplanned("identity"))?;
    let (name, kind) = (identity.name.as_str(), identity.kind);
    let (blanks, on_invalid) = (blanks(Some(identity)), on_invalid(column.on_invalid));
    let kernel = match &column.action {
        Action::Token { encoding, bits, .. } => {
            let form = token_form(*encoding);
            Kernel::token(
                keys.token_key(name, kind.id())?,
                kind,
                blanks,
                form,
                *bits,
                on_invalid,
            )
        }
        Action::Seal { encoding, .. } => {
            let form = seal_form(*encoding);
            Ok(Kernel::seal(
                keys.seal_key(name, kind.id())?,
                kind,
                blanks,
                form,
                on_invalid,
            ))
        }
        Action::Fpe { alphabet, .. } => {
            let form = fpe_form(*alphabet);
            Ok(Kernel::fpe(
                keys.fpe_key(name, kind.id())?,
                kind,
                blanks,
                form,
                on_invalid,
            ))
        }
        _ => return Err(Error::Internal("an action without a key".to_owned())),
    };
    kernel.map_err(|error| Error::Internal(format!("column `{}`: {error}", column.source)))
}

/// Kernels that turn a column of seals, or of pseudonyms that keep a format, of one epoch into that
/// of another: one opens it, one makes it.
pub(crate) fn turn(
    action: &Action,
    identity: &Identity,
    (old, new): (&DomainKeys, &DomainKeys),
) -> Result<Option<(Kernel, Kernel)>> {
    let (name, kind) = (identity.name.as_str(), identity.kind);
    let nothing = || Blanks::new(&[]);
    Ok(match action {
        Action::Seal { encoding, .. } => {
            let form = seal_form(*encoding);
            let open = Kernel::open_seals(old.seal_key(name, kind.id())?, form);
            let key = new.seal_key(name, kind.id())?;
            // what comes out is canonical, and stays as it is
            let token = pseudo_arrow::OnInvalid::Token;
            Some((open, Kernel::seal(key, Kind::Exact, nothing(), form, token)))
        }
        Action::Fpe { alphabet, .. } => {
            let form = fpe_form(*alphabet);
            let open = Kernel::open_formats(old.fpe_key(name, kind.id())?, form);
            let key = new.fpe_key(name, kind.id())?;
            // a value that is not well made was not encrypted: it comes of another key
            let fail = pseudo_arrow::OnInvalid::Fail;
            Some((open, Kernel::fpe(key, kind, nothing(), form, fail)))
        }
        _ => None,
    })
}

/// The kernel that moves dates of one epoch to where another has them; subjects are canonical.
pub(crate) fn reshift(
    subject: &Identity,
    days: u32,
    (old, new): (&DomainKeys, &DomainKeys),
) -> Result<Kernel> {
    let key = |keys: &DomainKeys| keys.shift_key(&subject.name, subject.kind.id());
    Kernel::reshift(key(old)?, key(new)?, days).map_err(|error| Error::Internal(error.to_string()))
}

/// The kernel that makes the tokens of canonical texts.
pub(crate) fn tokens(action: &Action, identity: &Identity, keys: &DomainKeys) -> Result<Kernel> {
    let Action::Token { encoding, bits, .. } = action else {
        return Err(unplanned("action"));
    };
    let key = keys.token_key(&identity.name, identity.kind.id())?;
    let form = token_form(*encoding);
    let token = pseudo_arrow::OnInvalid::Token;
    Kernel::token(key, Kind::Exact, Blanks::new(&[]), form, *bits, token)
        .map_err(|error| Error::Internal(error.to_string()))
}

/// The kernel of a published column of pseudonyms, as its manifest tells of it: it asks which
/// pseudonym a value has there. None for any other column.
pub(crate) fn published(column: &ColumnManifest, keys: &DomainKeys) -> Result<Option<Kernel>> {
    let (Some(identity), Some(kind)) = (&column.identity, &column.kind) else {
        return Ok(None);
    };
    let Some(kind) = Kind::parse(kind) else {
        return Ok(None);
    };
    let blanks = column.blank_list.as_deref();
    let blanks = blanks.map_or_else(Blanks::default, Blanks::new);
    let always = pseudo_arrow::OnInvalid::Token;
    let mut words = column.action.rsplit(", ");
    let last = words.next().unwrap_or_default();
    let kernel = match column.action.split(' ').next() {
        Some("token") => {
            let bits = last
                .strip_suffix(" bits")
                .and_then(|bits| bits.parse().ok());
            let encoding = words.next().and_then(TokenEncoding::from_name);
            let (Some(bits), Some(encoding)) = (bits, encoding) else {
                return Ok(None);
            };
            let (key, form) = (keys.token_key(identity, kind.id())?, token_form(encoding));
            Kernel::token(key, kind, blanks, form, bits, always)
        }
        Some("seal") => {
            let Some(encoding) = SealEncoding::from_name(last) else {
                return Ok(None);
            };
            let (key, form) = (keys.seal_key(identity, kind.id())?, seal_form(encoding));
            Ok(Kernel::seal(key, kind, blanks, form, always))
        }
        Some("fpe") => {
            let Some(alphabet) = FpeAlphabet::from_name(last) else {
                return Ok(None);
            };
            let (key, form) = (keys.fpe_key(identity, kind.id())?, fpe_form(alphabet));
            Ok(Kernel::fpe(key, kind, blanks, form, always))
        }
        _ => return Ok(None),
    };
    let fault = |error| Error::Internal(format!("column `{}`: {error}", column.column));
    kernel.map(Some).map_err(fault)
}

/// A day of the calendar as kernels take it.
pub(crate) fn calendar_date(date: NaiveDate) -> Option<pseudo_arrow::Date> {
    let (month, day) = (
        u8::try_from(date.month()).ok()?,
        u8::try_from(date.day()).ok()?,
    );
    pseudo_arrow::Date::new(date.year(), month, day)
}

/// The day that a policy names.
fn date(date: Date) -> Option<pseudo_arrow::Date> {
    pseudo_arrow::Date::new(date.year(), date.month(), date.day())
}

fn unplanned(what: &str) -> Error {
    Error::Internal(format!("a rule whose {what} was not planned"))
}

pub(crate) fn blanks(identity: Option<&Identity>) -> Blanks {
    match identity.and_then(|identity| identity.blank.as_ref()) {
        Some(list) => Blanks::new(list),
        None => Blanks::default(),
    }
}

fn on_invalid(on_invalid: OnInvalid) -> pseudo_arrow::OnInvalid {
    match on_invalid {
        OnInvalid::Token => pseudo_arrow::OnInvalid::Token,
        OnInvalid::Null => pseudo_arrow::OnInvalid::Null,
        // Rows that go to quarantine have left before: one that is still there ends the run.
        OnInvalid::Quarantine | OnInvalid::Fail => pseudo_arrow::OnInvalid::Fail,
    }
}

fn number(number: Number) -> pseudo_arrow::Number {
    pseudo_arrow::Number::new(number.unscaled(), number.scale())
}

fn band(band: &Band) -> pseudo_arrow::Band {
    match band {
        Band::Width(width) => pseudo_arrow::Band::Width(number(*width)),
        Band::Edges(edges) => {
            pseudo_arrow::Band::Edges(edges.iter().copied().map(number).collect())
        }
    }
}

fn rare_to(to: &RareTo) -> pseudo_arrow::RareTo {
    match to {
        RareTo::Text(text) => pseudo_arrow::RareTo::Text(text.clone()),
        RareTo::Integer(number) => pseudo_arrow::RareTo::Integer(*number),
    }
}

fn token_form(encoding: TokenEncoding) -> pseudo_arrow::TokenForm {
    match encoding {
        TokenEncoding::Base32 => pseudo_arrow::TokenForm::Base32,
        TokenEncoding::Hex => pseudo_arrow::TokenForm::Hex,
        TokenEncoding::Uuid => pseudo_arrow::TokenForm::Uuid,
        TokenEncoding::Binary => pseudo_arrow::TokenForm::Binary,
    }
}

fn seal_form(encoding: SealEncoding) -> pseudo_arrow::SealForm {
    match encoding {
        SealEncoding::Base64Url => pseudo_arrow::SealForm::Base64Url,
        SealEncoding::Base32 => pseudo_arrow::SealForm::Base32,
        SealEncoding::Binary => pseudo_arrow::SealForm::Binary,
    }
}

fn fpe_form(alphabet: FpeAlphabet) -> FpeForm {
    match alphabet {
        FpeAlphabet::Digits => FpeForm::Text(Alphabet::Digits),
        FpeAlphabet::LowerAlpha => FpeForm::Text(Alphabet::LowerAlpha),
        FpeAlphabet::LowerAlnum => FpeForm::Text(Alphabet::LowerAlnum),
        FpeAlphabet::UpperAlnum => FpeForm::Text(Alphabet::UpperAlnum),
        FpeAlphabet::Alnum => FpeForm::Text(Alphabet::Alnum),
        FpeAlphabet::Int64 => FpeForm::Int64,
    }
}

fn period(unit: Unit) -> pseudo_arrow::Unit {
    match unit {
        Unit::Year => pseudo_arrow::Unit::Year,
        Unit::Quarter => pseudo_arrow::Unit::Quarter,
        Unit::Month => pseudo_arrow::Unit::Month,
        Unit::Week => pseudo_arrow::Unit::Week,
        Unit::Day => pseudo_arrow::Unit::Day,
        Unit::Hour => pseudo_arrow::Unit::Hour,
    }
}

fn derived(part: Part) -> pseudo_arrow::Part {
    match part {
        Part::BirthYear => pseudo_arrow::Part::BirthYear,
        Part::Sex => pseudo_arrow::Part::Sex,
        Part::Province => pseudo_arrow::Part::Province,
        Part::City => pseudo_arrow::Part::City,
        Part::IssueNetwork => pseudo_arrow::Part::IssueNetwork,
        Part::Wmi => pseudo_arrow::Part::Wmi,
        Part::ModelYear => pseudo_arrow::Part::ModelYear,
        Part::Plant => pseudo_arrow::Part::Plant,
        Part::IsNev => pseudo_arrow::Part::IsNev,
        Part::EmailDomain => pseudo_arrow::Part::EmailDomain,
        Part::Length => pseudo_arrow::Part::Length,
    }
}

/// The age of no one: the top of an `age` rule that names none.
const AGE_TOP_MAX: u32 = 1000;
