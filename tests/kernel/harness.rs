//! Shared by the tests of kernels: keys, shorthands, and arrays as lists of texts.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Date64Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use arrow_select::take::take;
use pseudo_arrow::{Error, FpeForm, Kernel, OnInvalid, Outcome, Part, SealForm, TokenForm};
use pseudo_pii::{Blanks, Kind};
use pseudo_token::{DomainKey, Epoch, Secret};

pub(crate) fn domain_key() -> DomainKey {
    let secret: Vec<u8> = (0..32).collect();
    Secret::from_slice(&secret)
        .unwrap()
        .domain_key("analytics", Epoch(1))
}

/// The token kernel of identity `person`.
pub(crate) fn token(kind: Kind, form: TokenForm, bits: u16, on_invalid: OnInvalid) -> Kernel {
    let key = domain_key().token_key("person", kind.id());
    Kernel::token(key, kind, Blanks::default(), form, bits, on_invalid).unwrap()
}

/// The seal kernel of identity `person`.
pub(crate) fn seal(kind: Kind, form: SealForm, on_invalid: OnInvalid) -> Kernel {
    let key = domain_key().seal_key("person", kind.id());
    Kernel::seal(key, kind, Blanks::default(), form, on_invalid)
}

/// The fpe kernel of identity `person`.
pub(crate) fn fpe(kind: Kind, form: FpeForm, on_invalid: OnInvalid) -> Kernel {
    let key = domain_key().fpe_key("person", kind.id());
    Kernel::fpe(key, kind, Blanks::default(), form, on_invalid)
}

/// The shift kernel of identity `person`.
pub(crate) fn shift(subject: Kind, days: u32, on_invalid: OnInvalid) -> Kernel {
    let key = domain_key().shift_key("person", subject.id());
    Kernel::shift(key, subject, Blanks::default(), days, on_invalid).unwrap()
}

pub(crate) fn derive(part: Part) -> Kernel {
    Kernel::derive(part, None, Blanks::default(), 2026, OnInvalid::Null)
}

/// Applies a kernel and holds it to its announced type, its row count and its balance.
pub(crate) fn apply(kernel: &Kernel, array: &dyn Array) -> (ArrayRef, Outcome) {
    let mut outcome = Outcome::default();
    let result = kernel.apply(array, &mut outcome).unwrap();
    hold(kernel, array, &result, &outcome);
    (result, outcome)
}

/// Applies a kernel that needs subjects, as [`apply`] does.
pub(crate) fn apply_with(
    kernel: &Kernel,
    array: &dyn Array,
    subject: &dyn Array,
) -> (ArrayRef, Outcome) {
    let mut outcome = Outcome::default();
    let result = kernel.apply_with_subject(array, subject, &mut outcome);
    let result = result.unwrap();
    hold(kernel, array, &result, &outcome);
    (result, outcome)
}

fn hold(kernel: &Kernel, array: &dyn Array, result: &dyn Array, outcome: &Outcome) {
    assert_eq!(
        result.data_type(),
        &kernel.output(array.data_type()).unwrap()
    );
    assert_eq!(result.len(), array.len());
    assert_eq!(outcome.rows, array.len() as u64);
    assert!(outcome.balanced(), "{outcome:?}");
    let null = outcome.null + outcome.blank + outcome.nulled;
    assert_eq!(result.logical_null_count() as u64, null);
}

/// Applies a kernel and shows the cells.
pub(crate) fn cells(kernel: &Kernel, array: &dyn Array) -> Vec<Option<String>> {
    shown(&apply(kernel, array).0)
}

pub(crate) fn error(kernel: &Kernel, array: &dyn Array) -> Error {
    kernel.apply(array, &mut Outcome::default()).unwrap_err()
}

/// Shows text as it is, bytes in hex and numbers in decimal, through dictionaries.
pub(crate) fn shown(array: &dyn Array) -> Vec<Option<String>> {
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        return shown(&take(dictionary.values(), dictionary.keys(), None).unwrap());
    }
    let nulls = array.logical_nulls();
    let is_null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    let show = |row: usize| match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => hex(array.as_binary::<i32>().value(row)),
        DataType::FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row)),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Date32 => array.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Date64 => array.as_primitive::<Date64Type>().value(row).to_string(),
        other => panic!("{other} is not shown"),
    };
    (0..array.len())
        .map(|row| (!is_null(row)).then(|| show(row)))
        .collect()
}

pub(crate) fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<arrow_array::StringArray>())
}

pub(crate) fn some(values: &[&str]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|value| Some((*value).to_owned()))
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
