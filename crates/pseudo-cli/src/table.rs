//! Aligned columns of text. Control characters do not reach the terminal: names come from files.

use std::fmt;

pub(crate) use pseudo_engine::thousands;

pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    numbers_from: usize,
}

impl Table {
    pub(crate) fn new(heads: &[&str]) -> Self {
        let heads = heads.iter().map(|head| (*head).to_owned()).collect();
        Self {
            rows: vec![heads],
            numbers_from: usize::MAX,
        }
    }

    /// Columns from this one on are aligned to the right.
    pub(crate) fn numbers_from(self, numbers_from: usize) -> Self {
        Self {
            numbers_from,
            ..self
        }
    }

    pub(crate) fn row<const N: usize, S: AsRef<str>>(&mut self, cells: [S; N]) {
        self.rows
            .push(cells.iter().map(|cell| plain(cell.as_ref())).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width_of = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| width(cell)).max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..columns).map(width_of).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (at, (cell, width_of)) in row.iter().zip(&widths).enumerate() {
                if at > 0 {
                    line.push_str("  ");
                }
                let gap = " ".repeat(width_of - width(cell));
                if at >= self.numbers_from {
                    line.push_str(&gap);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&gap);
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The text without what a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

/// Columns on a terminal; two for what UAX 11 calls wide, by its large blocks.
fn width(text: &str) -> usize {
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

const fn wide(c: char) -> bool {
    matches!(
        c,
        '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{1f300}'..='\u{1faff}'
            | '\u{20000}'..='\u{3fffd}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(&["name", "rows"]).numbers_from(1);
        table.row(["姓名", "7"]);
        table.row(["a\u{1b}[31m", "12,345"]);
        let expected = "name      rows\n姓名         7\na\u{fffd}[31m  12,345\n";
        assert_eq!(table.to_string(), expected);
    }
}
