//! JSON: an object a line, or an array of objects. Members of objects within objects are columns of
//! their own; lists are text.

use std::collections::HashMap;

use serde_json::{Deserializer, Value};

use super::{Cell, Sample};
use crate::scan::Format;

/// Reads rows of objects; none where the text is not that.
pub(super) fn read(text: &str, rows: usize) -> Option<Sample> {
    let mut table = Rows {
        sample: Sample::new(Format::Json),
        places: HashMap::new(),
    };
    let mut more = false;
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let values = match value {
            Ok(Value::Array(values)) => values,
            Ok(value @ Value::Object(_)) => vec![value],
            // the end of what was cut: the rows before it are rows
            Err(error) if error.is_eof() && table.sample.rows > 0 => break,
            _ => return None,
        };
        for value in values {
            more = table.sample.rows == rows;
            if more {
                break;
            }
            table.row(value)?;
        }
        if more {
            break;
        }
    }
    let mut sample = table.sample;
    for column in &mut sample.cells {
        column.resize(sample.rows, Cell::Null);
    }
    if more {
        sample.cut(rows);
    }
    Some(sample)
}

struct Rows {
    sample: Sample,
    places: HashMap<String, usize>,
}

impl Rows {
    fn row(&mut self, value: Value) -> Option<()> {
        let Value::Object(_) = value else {
            return None;
        };
        self.put("", value, 0);
        self.sample.rows += 1;
        Some(())
    }

    fn put(&mut self, path: &str, value: Value, depth: usize) {
        let cell = match value {
            Value::Object(members) if depth < DEPTH_MAX => {
                for (name, value) in members {
                    let path = match path {
                        "" => name,
                        path => format!("{path}.{name}"),
                    };
                    self.put(&path, value, depth + 1);
                }
                return;
            }
            Value::Null => Cell::Null,
            Value::String(text) => Cell::Text(text),
            other => Cell::Text(other.to_string()),
        };
        let next = self.sample.names.len();
        if next >= COLUMNS_MAX && !self.places.contains_key(path) {
            return;
        }
        let place = *self.places.entry(path.to_owned()).or_insert(next);
        if place == next {
            self.sample.names.push(Some(path.to_owned()));
            self.sample.cells.push(Vec::new());
        }
        let row = self.sample.rows;
        if let Some(column) = self.sample.cells.get_mut(place) {
            column.resize(row, Cell::Null);
            column.push(cell);
        }
    }
}

const DEPTH_MAX: usize = 8;
const COLUMNS_MAX: usize = 4_096;
