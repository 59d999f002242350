//! The kernel: one action of a policy as a function from a column to a column.
//!
//! Laws, held by `tests/kernel`: NULL in, NULL out; the number of rows is kept; a dictionary gives
//! what its values give; cutting a column anywhere gives the same cells; a slice gives what its
//! copy gives.

mod age;
mod band;
mod canonical;
mod constant;
mod derive;
mod fpe;
mod geo;
mod map;
mod mask;
mod open;
mod prefix;
mod rare;
mod round;
mod seal;
mod shift;
mod token;
mod truncate;

use std::fmt;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, new_null_array};
use arrow_schema::DataType;
use pseudo_pii::{Blanks, Kind};
use pseudo_token::{Alphabet, FpeKey, SealKey, ShiftKey, TokenKey};

use crate::batch::Canon;
use crate::outcome::Tally;
use crate::{Date, Error, Kept, Number, Outcome, bytes, distinct, repeats};

/// One action of a policy, bound to its key, kind and options. One kernel serves many threads.
pub struct Kernel {
    action: Action,
}

impl Kernel {
    /// Makes the kernel that copies a column.
    pub fn keep() -> Self {
        Self {
            action: Action::Keep,
        }
    }

    /// Makes the kernel that answers NULL for every cell, in a column of type `output`.
    pub fn null(output: DataType) -> Self {
        Self {
            action: Action::Null(output),
        }
    }

    /// Makes the kernel of `token`: irreversible pseudonyms of 128 or 256 bits.
    ///
    /// # Errors
    /// [`Error::TokenBits`] for another number of bits, and for a UUID of more than 128.
    pub fn token(
        key: impl Into<Arc<TokenKey>>,
        kind: Kind,
        blanks: impl Into<Arc<Blanks>>,
        form: TokenForm,
        bits: u16,
        on_invalid: OnInvalid,
    ) -> Result<Self, Error> {
        let canon = Canon::new(kind, blanks.into(), on_invalid);
        Ok(Self {
            action: Action::Token(token::Token::new(key.into(), canon, form, bits)?),
        })
    }

    /// Makes the kernel of `seal`: reversible pseudonyms.
    pub fn seal(
        key: impl Into<Arc<SealKey>>,
        kind: Kind,
        blanks: impl Into<Arc<Blanks>>,
        form: SealForm,
        on_invalid: OnInvalid,
    ) -> Self {
        let canon = Canon::new(kind, blanks.into(), on_invalid);
        Self {
            action: Action::Seal(seal::Seal::new(key.into(), canon, form)),
        }
    }

    /// Makes the kernel of `fpe`: pseudonyms of the length and alphabet of the value.
    ///
    /// A value that the form cannot hold is invalid, and an invalid value becomes NULL under
    /// [`OnInvalid::Token`] too: nothing is ever left in clear.
    pub fn fpe(
        key: impl Into<Arc<FpeKey>>,
        kind: Kind,
        blanks: impl Into<Arc<Blanks>>,
        form: FpeForm,
        on_invalid: OnInvalid,
    ) -> Self {
        Self {
            action: Action::Fpe(fpe::Fpe::new(
                key.into(),
                kind,
                blanks.into(),
                form,
                on_invalid,
            )),
        }
    }

    /// Makes the kernel that opens what [`Kernel::seal`] made with this key and form, into the
    /// canonical bytes, in clear.
    ///
    /// A cell that this key did not seal fails with [`Error::NotOpened`].
    pub fn open_seals(key: impl Into<Arc<SealKey>>, form: SealForm) -> Self {
        let key = key.into();
        Self {
            action: Action::OpenSeals(open::Seals { key, form }),
        }
    }

    /// Makes the kernel that opens what [`Kernel::fpe`] made with this key and form, in clear.
    ///
    /// A cell that is not of the form fails with [`Error::NotOpened`]. A wrong key does not show:
    /// it opens to other values of the form.
    pub fn open_formats(key: impl Into<Arc<FpeKey>>, form: FpeForm) -> Self {
        let key = key.into();
        Self {
            action: Action::OpenFormats(open::Formats { key, form }),
        }
    }

    /// Makes the kernel that answers the canonical text of a column that has one, NULL where a cell
    /// is NULL or blank: the originals of its pseudonyms, in clear.
    pub fn canonical(kind: Kind, blanks: impl Into<Arc<Blanks>>) -> Self {
        let canon = Canon::new(kind, blanks.into(), OnInvalid::Token);
        Self {
            action: Action::Canonical(canonical::Canonical { canon }),
        }
    }

    /// Makes the kernel that answers the same text for every cell that is not NULL.
    pub fn constant(text: impl Into<String>) -> Self {
        Self {
            action: Action::Constant(constant::Constant { text: text.into() }),
        }
    }

    /// Makes the kernel of `mask`: all but the first and last characters become `*`.
    pub fn mask(keep_first: usize, keep_last: usize) -> Self {
        Self {
            action: Action::Mask(mask::Mask {
                keep_first,
                keep_last,
            }),
        }
    }

    /// Makes the kernel of `prefix`: the first `characters` characters, NULL where there are no
    /// more than those.
    pub fn prefix(characters: usize) -> Self {
        Self {
            action: Action::Prefix(prefix::Prefix { characters }),
        }
    }

    /// Makes the kernel of `map`: each text becomes the entry that equals it exactly, and `default`
    /// where there is none. Without a default such a text is invalid.
    pub fn map(
        entries: impl IntoIterator<Item = (String, String)>,
        default: Option<String>,
        on_invalid: OnInvalid,
    ) -> Self {
        Self {
            action: Action::Map(map::Map {
                entries: entries.into_iter().collect(),
                default,
                on_invalid,
            }),
        }
    }

    /// Makes the kernel of `rare`: values that are not among those kept become `to`.
    pub fn rare(kept: impl Into<Arc<Kept>>, to: RareTo) -> Self {
        Self {
            action: Action::Rare(rare::Rare {
                kept: kept.into(),
                to,
            }),
        }
    }

    /// Makes the kernel of `band`: numbers become the text of the band they fall in.
    ///
    /// # Errors
    /// [`Error::Steps`] for a width that is not positive, and for edges that are none or do not
    /// ascend.
    pub fn band(band: Band, on_invalid: OnInvalid) -> Result<Self, Error> {
        Ok(Self {
            action: Action::Band(band::Banding::new(band, on_invalid)?),
        })
    }

    /// Makes the kernel of `round`: numbers become the nearest multiple of `step`, half to even.
    ///
    /// # Errors
    /// [`Error::Steps`] for a step that is not positive.
    pub fn round(step: Number, on_invalid: OnInvalid) -> Result<Self, Error> {
        Ok(Self {
            action: Action::Round(round::Round::new(step, on_invalid)?),
        })
    }

    /// Makes the kernel of `geo`: coordinates become the nearest with this many decimals, half to
    /// even.
    pub fn geo(decimals: u8, on_invalid: OnInvalid) -> Self {
        Self {
            action: Action::Geo(geo::Geo::new(decimals, on_invalid)),
        }
    }

    /// Makes the kernel of `age`: dates of birth and resident IDs become the band of the age that
    /// was reached on the day `at`, `30-34` of a width of five years, `75+` from `top` on.
    ///
    /// `kind` is that of a column of text or numbers; without one it is `cn-resident-id`.
    ///
    /// # Errors
    /// [`Error::Steps`] for a width of zero and for a top that is zero or above 1,000.
    pub fn age(
        width: u32,
        top: u32,
        at: Date,
        kind: Option<Kind>,
        blanks: impl Into<Arc<Blanks>>,
        on_invalid: OnInvalid,
    ) -> Result<Self, Error> {
        let canon = Canon::new(
            kind.unwrap_or(Kind::CnResidentId),
            blanks.into(),
            on_invalid,
        );
        Ok(Self {
            action: Action::Age(age::Age::new(width, top, at, canon)?),
        })
    }

    /// Makes the kernel of `shift`: all dates of one subject move by the same number of days, at
    /// most `days` to either side. It needs [`Kernel::apply_with_subject`].
    ///
    /// `subject` and `blanks` are those of the identity of the subject column. A row whose subject
    /// is NULL or blank becomes NULL.
    ///
    /// # Errors
    /// [`Error::Steps`] for zero days.
    pub fn shift(
        key: impl Into<Arc<ShiftKey>>,
        subject: Kind,
        blanks: impl Into<Arc<Blanks>>,
        days: u32,
        on_invalid: OnInvalid,
    ) -> Result<Self, Error> {
        let canon = Canon::new(subject, blanks.into(), OnInvalid::Token);
        Ok(Self {
            action: Action::Shift(shift::Shift::new(key.into(), canon, days, on_invalid)?),
        })
    }

    /// Makes the kernel that moves dates from where `old` moved them to where `new` does; `days`
    /// are those of both. Subjects are canonical as they come. It needs
    /// [`Kernel::apply_with_subject`].
    ///
    /// # Errors
    /// [`Error::Steps`] for zero days.
    pub fn reshift(
        old: impl Into<Arc<ShiftKey>>,
        new: impl Into<Arc<ShiftKey>>,
        days: u32,
    ) -> Result<Self, Error> {
        let canon = Canon::new(Kind::Exact, Blanks::new(&[]).into(), OnInvalid::Token);
        let shift = shift::Shift::new(new.into(), canon, days, OnInvalid::Null)?;
        Ok(Self {
            action: Action::Shift(shift.undoing(old.into())),
        })
    }

    /// Makes the kernel of `truncate`: dates and times become the start of the period they fall in.
    pub fn truncate(unit: Unit, on_invalid: OnInvalid) -> Self {
        Self {
            action: Action::Truncate(truncate::Truncate { unit, on_invalid }),
        }
    }

    /// Makes the kernel of `derive`: one part of an identifier.
    ///
    /// `kind` is that of the column; without one it is the kind that the part belongs to. `length`
    /// has no use for one: it counts the text as it is, and nothing is blank.
    /// `run_year` anchors the thirty-year cycle of `model-year` and is used by nothing else.
    pub fn derive(
        part: Part,
        kind: Option<Kind>,
        blanks: impl Into<Arc<Blanks>>,
        run_year: i32,
        on_invalid: OnInvalid,
    ) -> Self {
        let kind = match part {
            Part::Length => part.kind(),
            _ => kind.unwrap_or(part.kind()),
        };
        let canon = Canon::new(kind, blanks.into(), on_invalid);
        Self {
            action: Action::Derive(derive::Derive {
                part,
                canon,
                run_year,
            }),
        }
    }

    /// Answers the type that a column of type `input` becomes.
    ///
    /// A dictionary stays one where the output is text, but for the bands of numbers; run ends are
    /// expanded.
    ///
    /// # Errors
    /// [`Error::UnsupportedType`] and [`Error::StepType`]: the column has to be refused before a
    /// row of it is read.
    pub fn output(&self, input: &DataType) -> Result<DataType, Error> {
        match (&self.action, input) {
            (Action::Keep, _) => Ok(input.clone()),
            (Action::Null(output), _) => Ok(output.clone()),
            (_, DataType::Dictionary(key, values)) => {
                let output = self.plain_output(values)?;
                Ok(if self.keeps_dictionary() && output == DataType::Utf8 {
                    DataType::Dictionary(key.clone(), Box::new(output))
                } else {
                    output
                })
            }
            (_, DataType::RunEndEncoded(_, values)) => self.plain_output(values.data_type()),
            _ => self.plain_output(input),
        }
    }

    /// Says whether the kernel needs the subject of each row: [`Kernel::apply_with_subject`].
    pub fn needs_subject(&self) -> bool {
        matches!(self.action, Action::Shift(_))
    }

    /// Transforms a column, given the subject of each row, and adds to `outcome` what became of its
    /// cells. A kernel that does not need subjects takes no notice of them.
    ///
    /// # Errors
    /// Those of [`Kernel::apply`]; [`Error::UnsupportedType`] for subjects that have no canonical
    /// text, [`Error::NoSubject`] for subjects that are not as many as the rows.
    pub fn apply_with_subject(
        &self,
        array: &dyn Array,
        subject: &dyn Array,
        outcome: &mut Outcome,
    ) -> Result<ArrayRef, Error> {
        let Action::Shift(shift) = &self.action else {
            return self.apply(array, outcome);
        };
        let output = self.output(array.data_type())?;
        if subject.len() != array.len() {
            return Err(Error::NoSubject);
        }
        let offsets = shift.offsets(subject)?;
        outcome.rows += array.len() as u64;
        if *array.data_type() == DataType::Null {
            outcome.null += array.len() as u64;
            return Ok(new_null_array(&output, array.len()));
        }
        let tally = &mut Tally::new(outcome);
        match distinct::plain(array)? {
            Some(plain) => shift.apply(&plain, &offsets, tally),
            None => shift.apply(array, &offsets, tally),
        }
    }

    /// Transforms a column and adds to `outcome` what became of its cells.
    ///
    /// # Errors
    /// [`Error::NoSubject`] for a kernel that needs subjects. What [`Kernel::output`] refuses;
    /// [`Error::Invalid`] with the first row that a rule with [`OnInvalid::Fail`] does not accept.
    /// After an error the counts of this call are not complete.
    pub fn apply(&self, array: &dyn Array, outcome: &mut Outcome) -> Result<ArrayRef, Error> {
        let output = self.output(array.data_type())?;
        if self.needs_subject() {
            return Err(Error::NoSubject);
        }
        let rows = array.len();
        outcome.rows += rows as u64;
        match &self.action {
            Action::Keep => {
                let null = array.logical_null_count() as u64;
                outcome.null += null;
                outcome.transformed += rows as u64 - null;
                Ok(array.slice(0, rows))
            }
            Action::Null(output) => {
                let null = array.logical_null_count() as u64;
                outcome.null += null;
                outcome.nulled += rows as u64 - null;
                Ok(new_null_array(output, rows))
            }
            _ if *array.data_type() == DataType::Null => {
                outcome.null += rows as u64;
                Ok(new_null_array(&output, rows))
            }
            _ if distinct::is_encoded(array) => distinct::apply(self, array, &output, outcome),
            _ => match self.repeats(array) {
                Some(encoded) => encoded.apply(self, &output, outcome),
                None => self.plain(array, &mut Tally::new(outcome)),
            },
        }
    }

    /// Says which rows a kernel with [`OnInvalid::Fail`] refuses, `None` where there are none; any
    /// other kernel refuses nothing. A kernel that needs subjects is given the one of each row.
    ///
    /// # Errors
    /// What [`Kernel::output`] refuses; those of [`Kernel::apply_with_subject`] for subjects.
    pub fn refused(
        &self,
        array: &dyn Array,
        subject: Option<&dyn Array>,
    ) -> Result<Option<BooleanArray>, Error> {
        self.output(array.data_type())?;
        let marks = match &self.action {
            Action::Keep | Action::Null(_) => return Ok(None),
            _ if *array.data_type() == DataType::Null => return Ok(None),
            Action::Shift(shift) => {
                let subject = subject.filter(|subject| subject.len() == array.len());
                let offsets = shift.offsets(subject.ok_or(Error::NoSubject)?)?;
                let mut marks = vec![false; array.len()];
                let outcome = &mut Outcome::default();
                let tally = &mut Tally::marking(outcome, &mut marks);
                match distinct::plain(array)? {
                    Some(plain) => shift.apply(&plain, &offsets, tally)?,
                    None => shift.apply(array, &offsets, tally)?,
                };
                marks
            }
            _ if distinct::is_encoded(array) => distinct::Encoded::of(array)?.refused(self)?,
            _ => match self.repeats(array) {
                Some(encoded) => encoded.refused(self)?,
                None => self.marks(array)?,
            },
        };
        Ok(marks.contains(&true).then(|| marks.into()))
    }

    /// Marks the cells that the kernel refuses, of a column that is neither a dictionary nor
    /// run-end encoded. Nothing is enciphered.
    pub(crate) fn marks(&self, array: &dyn Array) -> Result<Vec<bool>, Error> {
        let mut marks = vec![false; array.len()];
        let outcome = &mut Outcome::default();
        let tally = &mut Tally::marking(outcome, &mut marks);
        match &self.action {
            Action::Token(token) => token.canon.judge(array, tally)?,
            Action::Seal(seal) => seal.canon.judge(array, tally)?,
            Action::Fpe(fpe) => fpe.canon.judge(array, tally)?,
            _ => drop(self.plain(array, tally)?),
        }
        Ok(marks)
    }

    /// Looks for repetitions where one value costs more than finding it again.
    fn repeats(&self, array: &dyn Array) -> Option<distinct::Encoded> {
        match &self.action {
            Action::Token(_) | Action::Seal(_) | Action::Fpe(_) => repeats::encoded(array),
            _ => None,
        }
    }

    /// Transforms a column that is neither a dictionary nor run-end encoded.
    pub(crate) fn plain(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        match &self.action {
            Action::Keep | Action::Null(_) => Err(self.unsupported(array.data_type())),
            Action::Shift(_) => Err(Error::NoSubject),
            Action::Token(token) => token.apply(array, tally),
            Action::Seal(seal) => seal.apply(array, tally),
            Action::Fpe(fpe) => fpe.apply(array, tally),
            Action::OpenSeals(open) => open.apply(array, tally),
            Action::OpenFormats(open) => open.apply(array, tally),
            Action::Canonical(canonical) => canonical.apply(array, tally),
            Action::Constant(constant) => constant.apply(array, tally),
            Action::Mask(mask) => mask.apply(array, tally),
            Action::Prefix(prefix) => prefix.apply(array, tally),
            Action::Map(map) => map.apply(array, tally),
            Action::Rare(rare) => rare.apply(array, tally),
            Action::Band(band) => band.apply(array, tally),
            Action::Round(round) => round.apply(array, tally),
            Action::Geo(geo) => geo.apply(array, tally),
            Action::Age(age) => age.apply(array, tally),
            Action::Truncate(truncate) => truncate.apply(array, tally),
            Action::Derive(derive) => derive.apply(array, tally),
        }
    }

    fn plain_output(&self, input: &DataType) -> Result<DataType, Error> {
        let output = match &self.action {
            Action::Keep | Action::Null(_) => None,
            Action::Token(token) => token.output(input),
            Action::Seal(seal) => seal.output(input),
            Action::Fpe(fpe) => fpe.output(input),
            Action::OpenSeals(open) => open.output(input),
            Action::OpenFormats(open) => open.output(input),
            Action::Canonical(canonical) => canonical.output(input),
            Action::Constant(_) => (!is_encoded_type(input)).then_some(DataType::Utf8),
            Action::Mask(_) | Action::Prefix(_) | Action::Map(_) => text_output(input),
            Action::Rare(rare) => return rare.output(input),
            Action::Band(_) => band::Banding::output(input),
            Action::Round(round) => return round.output(input),
            Action::Geo(geo) => geo.output(input),
            Action::Age(age) => age.output(input),
            Action::Shift(_) => shift::Shift::output(input),
            Action::Truncate(truncate) => truncate.output(input),
            Action::Derive(derive) => derive.output(input),
        };
        output.ok_or_else(|| self.unsupported(input))
    }

    fn keeps_dictionary(&self) -> bool {
        match &self.action {
            Action::Token(_)
            | Action::Seal(_)
            | Action::Fpe(_)
            | Action::OpenSeals(_)
            | Action::OpenFormats(_)
            | Action::Canonical(_)
            | Action::Constant(_)
            | Action::Mask(_)
            | Action::Prefix(_)
            | Action::Map(_)
            | Action::Rare(_)
            | Action::Age(_)
            | Action::Derive(_) => true,
            Action::Keep
            | Action::Null(_)
            | Action::Band(_)
            | Action::Round(_)
            | Action::Geo(_)
            | Action::Shift(_)
            | Action::Truncate(_) => false,
        }
    }

    fn unsupported(&self, data_type: &DataType) -> Error {
        Error::UnsupportedType {
            action: self.action.name(),
            data_type: data_type.clone(),
        }
    }
}

impl fmt::Debug for Kernel {
    /// Names the action alone: keys have no face.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kernel({})", self.action.name())
    }
}

/// How a token is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenForm {
    /// RFC 4648 base32, lowercase, without padding: text.
    Base32,
    /// Lowercase hexadecimal: text.
    Hex,
    /// The 16 bytes as they are; the field carries the UUID logical type.
    Uuid,
    /// The bytes as they are.
    Binary,
}

impl TokenForm {
    /// Answers the name a policy writes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Uuid => "uuid",
            Self::Binary => "binary",
        }
    }
}

/// How a sealed value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SealForm {
    /// RFC 4648 base64url without padding: text.
    Base64Url,
    /// RFC 4648 base32, lowercase, without padding: text.
    Base32,
    /// The bytes as they are.
    Binary,
}

/// What a format-preserving pseudonym keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FpeForm {
    /// The length of the canonical text, within an alphabet: text. Of a phone number, the eleven
    /// digits of a `+86` mobile.
    Text(Alphabet),
    /// Whole numbers below 10^18, of kind `integer`: Int64.
    Int64,
}

/// What `rare` writes in place of a rare value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RareTo {
    /// A text; columns of numbers become text.
    Text(String),
    /// A number; for columns of whole numbers, whose type stays.
    Integer(i64),
}

/// What becomes of a value with the wrong structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnInvalid {
    /// It is transformed like any other and counted. Where an action has nothing to make of it,
    /// NULL.
    Token,
    /// It becomes NULL and is counted.
    Null,
    /// The column fails with [`Error::Invalid`].
    Fail,
}

/// The period that `truncate` keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// 1 January.
    Year,
    /// The first day of January, April, July or October.
    Quarter,
    /// The first day of the month.
    Month,
    /// Monday (ISO 8601).
    Week,
    /// Midnight.
    Day,
    /// The full hour.
    Hour,
}

/// The part of an identifier that `derive` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Year of birth of a resident ID or a date, Int16.
    BirthYear,
    /// `M` or `F` of a resident ID.
    Sex,
    /// GB/T 2260 code of the province of a resident ID.
    Province,
    /// Manufacturer code of a VIN.
    Wmi,
    /// Model year of a VIN, Int16.
    ModelYear,
    /// Domain of an e-mail address.
    EmailDomain,
    /// GB/T 2260 code of the city of a resident ID.
    City,
    /// First three digits of a `+86` mobile: the network that issued it.
    IssueNetwork,
    /// Assembly plant of a VIN.
    Plant,
    /// Whether a number plate is one of the new energy vehicles, Boolean.
    IsNev,
    /// Unicode scalar values of a text, Int32.
    Length,
}

impl Part {
    /// Answers the kind that the part belongs to.
    pub fn kind(self) -> Kind {
        match self {
            Self::BirthYear | Self::Sex | Self::Province | Self::City => Kind::CnResidentId,
            Self::Wmi | Self::ModelYear | Self::Plant => Kind::Vin,
            Self::EmailDomain => Kind::Email,
            Self::IssueNetwork => Kind::CnPhone,
            Self::IsNev => Kind::CnPlate,
            Self::Length => Kind::Exact,
        }
    }
}

/// The bands of `band`; the lower bound of a band belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Band {
    /// Bands of one width, one of which begins at zero.
    Width(Number),
    /// Bands between ascending edges, and an open one at either end.
    Edges(Vec<Number>),
}

/// What may happen to a column: the whole list.
enum Action {
    Keep,
    Null(DataType),
    Token(token::Token),
    Seal(seal::Seal),
    Fpe(fpe::Fpe),
    OpenSeals(open::Seals),
    OpenFormats(open::Formats),
    Canonical(canonical::Canonical),
    Constant(constant::Constant),
    Mask(mask::Mask),
    Prefix(prefix::Prefix),
    Map(map::Map),
    Rare(rare::Rare),
    Band(band::Banding),
    Round(round::Round),
    Geo(geo::Geo),
    Age(age::Age),
    Shift(shift::Shift),
    Truncate(truncate::Truncate),
    Derive(derive::Derive),
}

impl Action {
    fn name(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Null(_) => "null",
            Self::Token(_) => "token",
            Self::Seal(_) => "seal",
            Self::Fpe(_) => "fpe",
            Self::OpenSeals(_) | Self::OpenFormats(_) => "open",
            Self::Canonical(_) => "canonical text",
            Self::Constant(_) => "constant",
            Self::Mask(_) => "mask",
            Self::Prefix(_) => "prefix",
            Self::Map(_) => "map",
            Self::Rare(_) => "rare",
            Self::Band(_) => "band",
            Self::Round(_) => "round",
            Self::Geo(_) => "geo",
            Self::Age(_) => "age",
            Self::Shift(_) => "shift",
            Self::Truncate(_) => "truncate",
            Self::Derive(_) => "derive",
        }
    }
}

fn is_encoded_type(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Dictionary(..) | DataType::RunEndEncoded(..)
    )
}

fn text_output(input: &DataType) -> Option<DataType> {
    (bytes::is_text(input) || *input == DataType::Null).then_some(DataType::Utf8)
}
