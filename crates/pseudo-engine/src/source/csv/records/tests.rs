//! The fast way, the grammar and csv-core, a reader of another author, read the same records.

use arrow::array::{Array, AsArray};
use csv_core::{ReadRecordResult, ReaderBuilder};

use super::*;

const DIALECT: Dialect = Dialect {
    delimiter: b',',
    quote: b'"',
};

type Rows = Vec<Vec<String>>;

/// Pseudo-random numbers (xorshift64), the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    /// Text of records that have mostly `width` fields, with whatever else there is in files.
    fn text(&mut self, width: usize, irregular: bool) -> String {
        let mut text = String::new();
        for _ in 0..self.below(40) {
            for field in 0..width {
                let plain = "abcdefghij—é".chars().cycle().skip(self.below(9));
                let plain: String = plain.take(self.below(30)).collect();
                text.push_str(&match self.below(if irregular { 9 } else { 6 }) {
                    0 => String::new(),
                    1 | 2 => plain,
                    3 => format!("\"{plain}\""),
                    4 => format!("\"{plain}\"\"{plain},\n\""),
                    5 => format!("\"{plain}\r\n\"\"\""),
                    6 => format!("{plain}\"{plain}"),
                    7 => format!("\"{plain}\"{plain}"),
                    _ => "\r".to_owned(),
                });
                text.push_str(if field + 1 < width { "," } else { "" });
            }
            let ends = ["\n", "\n", "\r\n", "\r", "\n\n", ",\n"];
            text.push_str(ends[self.below(if irregular { 6 } else { 3 })]);
        }
        text.truncate(text.trim_end_matches(['\n', '\r']).len() + self.below(2));
        text
    }
}

/// All records of a text as csv-core reads them, and whether it ends inside quotes.
fn reference(text: &str) -> (Rows, bool) {
    let (mut state, mut rows) = (State::Record, Vec::new());
    for byte in text.bytes() {
        state = DIALECT.step(state, byte, false).0;
    }
    let mut reader = ReaderBuilder::new().build();
    let (mut input, mut output, mut ends) = (text.as_bytes(), vec![0; 1 << 16], vec![0; 1 << 10]);
    let (mut written, mut fields) = (0, 0);
    loop {
        let (result, read, bytes, count) =
            reader.read_record(input, &mut output[written..], &mut ends[fields..]);
        input = &input[read..];
        written += bytes;
        fields += count;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let field = |(start, end): (usize, &usize)| &output[start..*end];
                let row = starts.zip(&ends[..fields]).map(field);
                rows.push(
                    row.map(|f| String::from_utf8(f.to_vec()).unwrap())
                        .collect(),
                );
                (written, fields) = (0, 0);
            }
            ReadRecordResult::End => break,
            _ => unreachable!("the buffers are large"),
        }
    }
    (rows, state == State::Quoted)
}

const NO_NULLS: &Nulls = &Nulls {
    texts: Vec::new(),
    longest: None,
};

fn layout(width: usize, wanted: &[usize]) -> Layout<'_> {
    Layout {
        dialect: DIALECT,
        width,
        wanted,
        nulls: NO_NULLS,
        not_text: "not text",
    }
}

/// Reads a text of which more and more is there, in batches of `rows_max` rows.
fn read(text: &str, width: usize, rows_max: usize, random: &mut Random) -> Result<Rows, Fault> {
    let wanted: Vec<usize> = (0..width).collect();
    let types = vec![&DataType::Utf8; width];
    let mut records = Records::new(layout(width, &wanted), rows_max);
    let (mut rows, mut from, mut to) = (Vec::new(), 0, 0);
    loop {
        let last = to == text.len();
        let located = |fault: Fault| Fault {
            row: rows.len() + fault.row,
            ..fault
        };
        let taken = if random.below(4) == 0 {
            records.irregular(&text.as_bytes()[from..to], last)
        } else {
            records.take(&text.as_bytes()[from..to], last)
        };
        from += taken.map_err(located)?;
        if !records.is_full() && !last {
            to = text.len().min(to + 1 + random.below(200));
            continue;
        }
        let (count, more) = (records.rows(), records.is_full());
        let arrays = records.finish(&types)?;
        for row in 0..count {
            let value = |array: &ArrayRef| array.as_string::<i32>().value(row).to_owned();
            rows.push(arrays.iter().map(value).collect());
        }
        if !more {
            return Ok(rows);
        }
    }
}

#[test]
fn every_way_reads_the_same_records() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut read_well, mut regular, mut faults, mut left_open) = (0, 0, 0, 0);
    for round in 0..6000 {
        let width = 2 + random.below(4);
        let mut text = random.text(width, round % 2 == 0);
        if round % 10 == 1 {
            text.push_str("\n\"a,b\nc");
        }
        let rows_max = 1 + random.below(50);
        let found = read(&text, width, rows_max, &mut random);
        let (expected, open) = reference(&text);
        let whole = expected.len() - usize::from(open);
        let fault = expected[..whole].iter().position(|row| row.len() != width);
        match (fault, open) {
            (None, false) => {
                read_well += 1;
                let bytes = text.as_bytes();
                regular += usize::from(Index::default().build(bytes, DIALECT, width, true));
                assert_eq!(found.unwrap(), expected, "{text:?}");
            }
            (Some(row), _) => {
                faults += 1;
                assert_eq!(found.err().unwrap().row, row, "{text:?}");
            }
            (None, true) => {
                left_open += 1;
                let fault = found.err().unwrap();
                let expected = ("ends inside a quoted field", whole);
                assert_eq!((fault.text, fault.row), expected, "{text:?}");
            }
        }
    }
    let counts = [read_well, regular, faults, left_open];
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}

#[test]
fn regular_text_takes_the_fast_way() {
    let regular = |text: &str| Index::default().build(text.as_bytes(), DIALECT, 2, true);
    let long = "x".repeat(200);
    for text in [
        "a,b\n",
        "a,b",
        "a,b\r\nc,d\r\n",
        "\"a\",\"b\"",
        "\"a\"\"\",\"\"\n,",
        "\"a\nb\",\"c,d\r\n\"\n",
        "",
        &format!("{long},\"{long}\"\n").repeat(5),
    ] {
        assert!(regular(text), "{text}");
    }
    for text in [
        "a\"b,c\n",
        "\"a\"b,c\n",
        "a,b\rc,d\n",
        "a,b\n\nc,d\n",
        "a\n",
        "a,b,c\n",
        "a,\"b",
        "a,b\r",
    ] {
        assert!(!regular(text), "{text}");
    }
}

#[test]
fn nulls_are_fields_and_not_parts_of_them() {
    let nulls = Nulls::new(&["".to_owned(), "\"".to_owned(), "\\N".to_owned()]);
    let layout = Layout {
        nulls: &nulls,
        ..layout(2, &[1])
    };
    let text = "1,\n2,\"\"\n3,\\N\n4,\"\"\"\"\n5,\\Nx\n6, \n";
    for fast in [true, false] {
        let mut records = Records::new(layout, 100);
        let taken = if fast {
            records.take(text.as_bytes(), true)
        } else {
            records.irregular(text.as_bytes(), true)
        };
        assert_eq!(taken, Ok(text.len()));
        let arrays = records.finish(&[&DataType::Utf8]).unwrap();
        let values: Vec<_> = arrays[0].as_string::<i32>().iter().collect();
        assert_eq!(values, [None, None, None, None, Some("\\Nx"), Some(" ")]);
        assert_eq!(arrays[0].null_count(), 4);
    }
}

#[test]
fn an_empty_line_is_a_record_of_one_field() {
    let text = "a\n\nb\r\n\r\n\"\"\nc";
    for fast in [true, false] {
        let mut records = Records::new(layout(1, &[0]), 100);
        let taken = if fast {
            records.take(text.as_bytes(), true)
        } else {
            records.irregular(text.as_bytes(), true)
        };
        assert_eq!(taken, Ok(text.len()));
        let arrays = records.finish(&[&DataType::Utf8]).unwrap();
        let values: Vec<_> = arrays[0].as_string::<i32>().iter().flatten().collect();
        assert_eq!(values, ["a", "", "b", "", "", "c"]);
    }
}
