//! What the record of a table says when rows are removed. Of a removed cell it is known whether it
//! was NULL, and no more: whether its value was NULL, blank or nulled, suspect or invalid, was
//! counted and not kept. Such cells are taken from `null` first. The next run reads the table
//! again, and counts anew.

use super::search::Hits;
use crate::manifest::{Counts, TableManifest};
use crate::rewrite::Rewritten;

/// Takes the rows that were removed from the counts of a table, and of its sources.
pub(crate) fn without(table: &mut TableManifest, done: &[Rewritten], hits: &Hits) {
    let mut files = done.iter().peekable();
    let mut first = 0;
    for source in &mut table.sources {
        let end = first + source.outputs;
        while let Some(done) = files.next_if(|done| done.file < end) {
            source.forgotten_rows += removed(done);
            for (counts, nulls) in source.columns.iter_mut().zip(&done.nulls) {
                take(counts, removed(done), nulls.0.saturating_sub(nulls.1));
            }
        }
        first = end;
    }
    let subjects = hits.subjects.len() as u64;
    let subject = table.columns.get(hits.column);
    let subject = subject.map(|column| column.source.clone());
    for done in done {
        table.forgotten_rows += removed(done);
        for (column, nulls) in table.columns.iter_mut().zip(&done.nulls) {
            take(
                &mut column.counts,
                removed(done),
                nulls.0.saturating_sub(nulls.1),
            );
        }
    }
    for column in &mut table.columns {
        // how many others have the same pseudonym is not known
        let is_subject = Some(&column.source) == subject.as_ref();
        column.distinct = column.distinct.filter(|_| is_subject);
        column.distinct = column
            .distinct
            .map(|distinct| distinct.saturating_sub(subjects));
    }
    let distinct = table.distinct_subjects;
    table.distinct_subjects = distinct.map(|distinct| distinct.saturating_sub(subjects));
}

fn removed(done: &Rewritten) -> u64 {
    done.read.saturating_sub(done.written)
}

/// Takes `rows` cells, of which `nulls` were NULL.
fn take(counts: &mut Counts, rows: u64, nulls: u64) {
    counts.rows = counts.rows.saturating_sub(rows);
    counts.transformed = counts.transformed.saturating_sub(rows - nulls.min(rows));
    let mut left = nulls;
    for count in [&mut counts.null, &mut counts.blank, &mut counts.nulled] {
        let part = left.min(*count);
        *count -= part;
        left -= part;
    }
    counts.invalid = counts.invalid.min(counts.transformed + counts.nulled);
    let others = counts.transformed + counts.nulled - counts.invalid;
    counts.suspect = counts.suspect.min(others);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_taken_so_that_the_counts_still_add_up() {
        let mut counts = Counts {
            rows: 10,
            transformed: 6,
            null: 1,
            blank: 1,
            nulled: 2,
            suspect: 3,
            invalid: 4,
            quarantined: 7,
        };
        take(&mut counts, 7, 3);
        let expected = Counts {
            rows: 3,
            transformed: 2,
            null: 0,
            blank: 0,
            nulled: 1,
            suspect: 0,
            invalid: 3,
            quarantined: 7,
        };
        assert_eq!(counts, expected);
    }
}
