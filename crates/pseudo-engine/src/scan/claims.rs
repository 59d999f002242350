//! What a Parquet file says about values beside its rows: key-value metadata, bounds of statistics,
//! entries of dictionaries.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{Encoding, Type as PhysicalType};
use parquet::column::page::{Page, PageReader};
use parquet::errors::Result;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::at::At;
use super::leaf::Leaf;
use super::lone::Lone;
use super::{Place, ScanFinding};
use crate::verify::stock::guarded;

/// What a footer says in words.
pub(super) fn metadata(file: &Arc<ParquetMetaData>) -> Vec<ScanFinding> {
    let mut lone = Lone::default();
    let footer = file.file_metadata();
    lone.add(footer.created_by().unwrap_or_default());
    for pair in footer.key_value_metadata().into_iter().flatten() {
        lone.add(&pair.key);
        lone.add(pair.value.as_deref().unwrap_or_default());
    }
    for group in file.row_groups() {
        for chunk in group.columns() {
            lone.add(chunk.file_path().unwrap_or_default());
        }
    }
    // the schema of Arrow is packed within a pair: what it holds shows behind that alone
    let open = || {
        ArrowReaderMetadata::try_new(Arc::clone(file), ArrowReaderOptions::new())
            .map_err(|_| "no schema of Arrow")
    };
    if let Ok(arrow) = guarded(open) {
        schema(arrow.schema(), &mut lone);
    }
    lone.findings(Place::Metadata, None)
}

fn schema(schema: &Schema, lone: &mut Lone) {
    let fields = schema.flattened_fields().into_iter();
    let pairs = fields.flat_map(Field::metadata).chain(schema.metadata());
    for (key, value) in pairs {
        lone.add(key);
        lone.add(value);
    }
}

/// The names of all columns and of what they are within.
pub(super) fn names(file: &ParquetMetaData) -> Vec<ScanFinding> {
    let mut lone = Lone::default();
    for column in file.file_metadata().schema_descr().columns() {
        lone.add(&column.path().parts().join("."));
    }
    lone.findings(Place::ColumnNames, None)
}

/// Calls `each` with the bounds that the statistics of a column tell, in one row group.
pub(super) fn bounds(
    file: &ParquetMetaData,
    group: usize,
    leaf: &Leaf,
    mut each: impl FnMut(&[u8]),
) {
    // writers cut long bounds: what is left of a value is none
    let is_whole = |value: &&[u8]| value.len() < BOUND_MAX;
    let mut claim = |value: Option<&[u8]>| {
        let value = value.filter(is_whole);
        if let Some(text) = value.and_then(|value| leaf.text(value)) {
            each(&text);
        }
    };
    let chunk = file
        .row_groups()
        .get(group)
        .map(|group| group.column(leaf.index));
    if let Some(statistics) = chunk.and_then(|chunk| chunk.statistics()) {
        claim(statistics.min_bytes_opt());
        claim(statistics.max_bytes_opt());
    }
    let index = file
        .column_index()
        .and_then(|index| index.get(group)?.get(leaf.index));
    match index {
        Some(ColumnIndexMetaData::INT64(index)) => {
            let numbers = index.min_values_iter().chain(index.max_values_iter());
            numbers
                .for_each(|number| claim(number.map(|n| n.to_le_bytes()).as_ref().map(|b| &b[..])));
        }
        Some(ColumnIndexMetaData::DOUBLE(index)) => {
            let numbers = index.min_values_iter().chain(index.max_values_iter());
            numbers
                .for_each(|number| claim(number.map(|n| n.to_le_bytes()).as_ref().map(|b| &b[..])));
        }
        Some(
            ColumnIndexMetaData::BYTE_ARRAY(index)
            | ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index),
        ) => index
            .min_values_iter()
            .chain(index.max_values_iter())
            .for_each(claim),
        _ => {}
    }
}

/// Calls `each` with the entries of the dictionary of a column, in one row group.
///
/// Standard: Parquet format 2.x, `Encodings.md` (a dictionary is PLAIN).
pub(super) fn dictionary(
    file: &At,
    metadata: &ParquetMetaData,
    group: usize,
    leaf: &Leaf,
    mut each: impl FnMut(&[u8]),
) -> Result<()> {
    let Some(group) = metadata.row_groups().get(group) else {
        return Ok(());
    };
    let chunk = group.column(leaf.index);
    let rows = usize::try_from(group.num_rows())?;
    let mut pages = SerializedPageReader::new(Arc::new(file.clone()), chunk, rows, None)?;
    let is_dictionary = pages.peek_next_page()?.is_some_and(|page| page.is_dict);
    if !is_dictionary {
        return Ok(());
    }
    let Some(Page::DictionaryPage {
        buf,
        num_values,
        encoding,
        ..
    }) = pages.get_next_page()?
    else {
        return Ok(());
    };
    if !matches!(
        encoding,
        Encoding::PLAIN | Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY
    ) {
        return Ok(());
    }
    let fixed = match chunk.column_type() {
        PhysicalType::INT64 | PhysicalType::DOUBLE => Some(8),
        PhysicalType::FIXED_LEN_BYTE_ARRAY => {
            Some(usize::try_from(chunk.column_descr().type_length())?)
        }
        _ => None,
    };
    let mut rest: &[u8] = &buf;
    for _ in 0..num_values {
        let length = match (fixed, rest.split_first_chunk()) {
            (Some(length), _) => length,
            (None, Some((length, behind))) => {
                rest = behind;
                usize::try_from(u32::from_le_bytes(*length))?
            }
            (None, None) => break,
        };
        let Some((value, behind)) = rest.split_at_checked(length) else {
            break;
        };
        if let Some(text) = leaf.text(value) {
            each(&text);
        }
        rest = behind;
    }
    Ok(())
}

/// Bytes from which on a bound may be cut: writers do at 64, and before a character.
const BOUND_MAX: usize = 60;
