//! Text of fields, RFC 4180, with the delimiter that its first lines agree on. Records of other
//! lengths are filled up or cut: a leak was pasted by somebody.

use pseudo_pii::recognise;

use super::{Cell, Sample};
use crate::scan::Format;
use crate::source::csv::Dialect;
use crate::source::csv::machine::{Event, State};
use crate::trace::form;

/// Reads text of fields; none where there are no fields.
pub(super) fn read(text: &str, rows: usize) -> Option<Sample> {
    let delimiter = delimiter(text)?;
    let mut records = records(text, delimiter, rows.saturating_add(2));
    let mut sample = Sample::new(Format::Csv);
    let width = records.iter().map(Vec::len).max().unwrap_or_default();
    let has_names = records.first().is_some_and(|first| are_names(first));
    sample.names = vec![None; width];
    if has_names {
        let names = records.remove(0);
        let names = sample.names.iter_mut().zip(names);
        names.for_each(|(to, name)| *to = Some(name.trim().to_owned()));
    } else {
        sample.notes.push(NO_NAMES.to_owned());
    }
    if records.len() > rows {
        records.truncate(rows);
        sample.cut(rows);
    }
    sample.rows = records.len();
    sample.cells = vec![Vec::with_capacity(records.len()); width];
    for record in records {
        let mut fields = record.into_iter();
        for column in &mut sample.cells {
            column.push(fields.next().map_or(Cell::Null, Cell::Text));
        }
    }
    Some(sample)
}

/// The delimiter that stands as often in each of the first lines; a comma for lines of one word.
fn delimiter(text: &str) -> Option<u8> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<&str> = lines.take(LINES).collect();
    let count = |line: &str, delimiter: u8| {
        let (mut count, mut quoted) = (0_usize, false);
        for byte in line.bytes() {
            quoted ^= byte == b'"';
            count += usize::from(byte == delimiter && !quoted);
        }
        count
    };
    let first = lines.first()?;
    let agreed = DELIMITERS.into_iter().filter(|delimiter| {
        let expected = count(first, *delimiter);
        let same = lines
            .iter()
            .filter(|line| count(line, *delimiter) == expected);
        expected > 0 && same.count() * 10 >= lines.len() * 9
    });
    let agreed = agreed.max_by_key(|delimiter| count(first, *delimiter));
    let is_word = |line: &&str| !line.trim().contains(char::is_whitespace);
    agreed.or_else(|| lines.iter().all(is_word).then_some(b','))
}

/// Whether a record may be names: none of its fields is a value that tells what it is.
fn are_names(record: &[String]) -> bool {
    let is_name = |field: &String| {
        let field = field.trim();
        let is_number = field
            .bytes()
            .all(|b| b.is_ascii_digit() || b".-:/ +".contains(&b));
        !is_number
            && form::of_text(field).is_none()
            && recognise::alone(field).is_none()
            && !field.contains('@')
    };
    !record.is_empty() && record.iter().all(is_name)
}

fn records(text: &str, delimiter: u8, count: usize) -> Vec<Vec<String>> {
    let dialect = Dialect {
        delimiter,
        quote: b'"',
    };
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), Vec::new());
    let mut state = State::Record;
    let close = |field: &mut Vec<u8>| {
        let bytes = std::mem::take(field);
        String::from_utf8(bytes).unwrap_or_default()
    };
    for byte in text.bytes() {
        let event;
        (state, event) = dialect.step(state, byte, false);
        match event {
            Event::Nothing => {}
            Event::Byte => field.push(byte),
            Event::Field => record.push(close(&mut field)),
            Event::Record => {
                record.push(close(&mut field));
                records.push(std::mem::take(&mut record));
            }
        }
        if records.len() >= count {
            return records;
        }
    }
    if state.is_open() {
        record.push(close(&mut field));
        records.push(record);
    }
    records
}

/// Lines that have to agree.
const LINES: usize = 20;
const DELIMITERS: [u8; 4] = *b",\t;|";
const NO_NAMES: &str = "no header: columns are told by their place, and runs by pseudonyms alone";
