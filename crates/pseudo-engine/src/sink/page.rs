//! What the pages of a column chunk are made of: headers, definition levels, and runs of numbers.
//!
//! Standard: Parquet format 2.x, `Encodings.md` (RLE / bit-packed hybrid), `README.md` (data pages
//! of version 1) and `parquet.thrift` (page headers), in the Thrift compact protocol.

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// How the values of a data page are written.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// One after another.
    Plain = 0,
    /// As indices into the dictionary of the chunk.
    Indices = 8,
}

/// Appends the header of a data page of `rows` rows, whose body takes `size` bytes, `stored` as it
/// is written.
pub(super) fn data_header(
    rows: usize,
    content: Content,
    (size, stored): (usize, usize),
    out: &mut Vec<u8>,
) -> Result<()> {
    const DATA_PAGE: usize = 0;
    const RLE: usize = 3;
    sizes(DATA_PAGE, (size, stored), out)?;
    // `data_page_header`, the second field after the last one
    out.push(0x2c);
    for number in [rows, content as usize, RLE, RLE] {
        i32_field(number, out);
    }
    out.extend([STOP, STOP]);
    Ok(())
}

/// Appends the header of a dictionary page of `values` values, one after another, whose body takes
/// `size` bytes, `stored` as it is written.
pub(super) fn dictionary_header(
    values: usize,
    (size, stored): (usize, usize),
    out: &mut Vec<u8>,
) -> Result<()> {
    const DICTIONARY_PAGE: usize = 2;
    sizes(DICTIONARY_PAGE, (size, stored), out)?;
    // `dictionary_page_header`, the fourth field after the last one
    out.push(0x4c);
    for number in [values, Content::Plain as usize] {
        i32_field(number, out);
    }
    out.extend([STOP, STOP]);
    Ok(())
}

const STOP: u8 = 0;

/// The first fields of every header.
fn sizes(kind: usize, (size, stored): (usize, usize), out: &mut Vec<u8>) -> Result<()> {
    // the format counts bytes in 32 bits
    i32::try_from(size.max(stored))?;
    for number in [kind, size, stored] {
        i32_field(number, out);
    }
    Ok(())
}

/// An `i32` in the field after the last one.
fn i32_field(number: usize, out: &mut Vec<u8>) {
    out.push(0x15);
    varint(number << 1, out);
}

/// Definition levels of rows without NULL: one run of ones, its length in front.
pub(super) fn all_valid(rows: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut run = Vec::new();
    varint(rows << 1, &mut run);
    run.push(1);
    prefixed(&run, out)
}

/// Definition levels of rows that `is_valid` tells apart, one bit-packed run, its length in front.
/// Answers how many rows are not NULL.
pub(super) fn some_valid(
    rows: usize,
    is_valid: impl Fn(usize) -> Result<bool>,
    out: &mut Vec<u8>,
) -> Result<usize> {
    let mut run = Vec::with_capacity(8 + rows.div_ceil(8));
    varint(rows.div_ceil(8) << 1 | 1, &mut run);
    let mut valid = 0;
    for first in (0..rows).step_by(8) {
        let mut byte = 0;
        for row in first..rows.min(first + 8) {
            byte |= u8::from(is_valid(row)?) << (row - first);
        }
        valid += byte.count_ones() as usize;
        run.push(byte);
    }
    prefixed(&run, out)?;
    Ok(valid)
}

fn prefixed(run: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(&u32::try_from(run.len())?.to_le_bytes());
    out.extend_from_slice(run);
    Ok(())
}

/// Appends `numbers`, none of which has more than `width` bits, as runs: of one number where it
/// repeats, of packed bits elsewhere.
pub(super) fn runs(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    /// With fewer a run of its own does not pay.
    const RUN_MIN: usize = 16;
    let (mut packed, mut rest) = (0, numbers);
    let mut open = numbers;
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|number| *number == first).count();
        if run < RUN_MIN {
            // whole groups alone can be followed by another run
            let group = rest.len().min(8);
            rest = rest.get(group..).unwrap_or_default();
            packed += group;
            continue;
        }
        pack(open.get(..packed).unwrap_or_default(), width, out);
        varint(run << 1, out);
        let bytes = first.to_le_bytes();
        out.extend_from_slice(bytes.get(..width.div_ceil(8) as usize).unwrap_or_default());
        rest = rest.get(run..).unwrap_or_default();
        (packed, open) = (0, rest);
    }
    pack(open.get(..packed).unwrap_or_default(), width, out);
}

/// Appends a run of packed bits, filled up with zeros to a whole group of eight numbers.
fn pack(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    varint(numbers.len().div_ceil(8) << 1 | 1, out);
    out.reserve(numbers.len().div_ceil(8) * width as usize);
    for group in numbers.chunks(8) {
        // eight numbers of up to 32 bits are 256 bits: two halves, each of whole bytes or of
        // nibbles
        let mut bits = 0_u128;
        let mut filled = 0;
        for number in group.iter().copied().chain([0; 8]).take(8) {
            bits |= u128::from(number) << filled;
            filled += width;
            if filled >= 64 {
                out.extend_from_slice(&low(bits));
                bits >>= 64;
                filled -= 64;
            }
        }
        let bytes = low(bits);
        out.extend_from_slice(bytes.get(..filled.div_ceil(8) as usize).unwrap_or_default());
    }
}

fn low(bits: u128) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = bits.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

/// The fault of a NULL where the schema has none.
pub(super) fn null_in_required() -> ParquetError {
    ParquetError::General("NULL in a required column".to_owned())
}

/// ULEB128.
fn varint(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(0x80 | u8::try_from(number & 0x7f).unwrap_or(0));
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

/// A column chunk in memory.
pub(super) struct Chunk<'a>(pub(super) &'a [u8]);

impl Length for Chunk<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

impl<'a> ChunkReader for Chunk<'a> {
    type T = &'a [u8];

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.0.get(usize::try_from(start)?..).unwrap_or_default())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.get_read(start)?;
        Ok(Bytes::copy_from_slice(bytes.get(..length).unwrap_or(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads runs as the format says, number by number.
    fn read(mut bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let (mut head, mut shift) = (0_usize, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                head |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if head & 1 == 0 {
                let size = width.div_ceil(8) as usize;
                let mut word = [0; 4];
                word[..size].copy_from_slice(&bytes[..size]);
                bytes = &bytes[size..];
                numbers.extend(std::iter::repeat_n(u32::from_le_bytes(word), head >> 1));
                continue;
            }
            let groups = head >> 1;
            let bit = |at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
            for index in 0..groups * 8 {
                let first = index * width as usize;
                numbers.push((0..width as usize).map(|at| bit(first + at) << at).sum());
            }
            bytes = &bytes[groups * width as usize..];
        }
        assert!(bytes.is_empty(), "nothing follows the last run");
        assert!(numbers[count..].iter().all(|number| *number == 0));
        numbers.truncate(count);
        numbers
    }

    #[test]
    fn runs_hold_the_numbers() {
        // every width, with and without repetition, of lengths around a group
        for width in 1..=32 {
            let mask = u32::MAX >> (32 - width);
            let mut state = 0x9e37_79b9_u32;
            let mut next = move || {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state
            };
            for length in (0..40).chain([1000, 1001]) {
                let mut numbers = Vec::new();
                while numbers.len() < length {
                    let run = [1, 1, 1, 3, 9, 17, 40][next() as usize % 7];
                    numbers.extend(std::iter::repeat_n(next() & mask, run));
                }
                numbers.truncate(length);
                let mut out = Vec::new();
                runs(&numbers, width, &mut out);
                assert_eq!(read(&out, width, length), numbers, "{width} bits, {length}");
            }
        }
    }
}
