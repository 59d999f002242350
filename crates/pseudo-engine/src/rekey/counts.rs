//! What was counted of the new pseudonyms, as a later run asks for it.

use pseudo_arrow::Outcome;

use super::table::Column;
use crate::manifest::{ColumnManifest, SourceManifest, TableManifest};

/// The sketches of each source of a table, and what was counted in all of it.
pub(super) fn sketches(
    table: &TableManifest,
    files: &[Vec<Outcome>],
) -> (Vec<Vec<u8>>, Vec<Outcome>) {
    let nothing = || vec![Outcome::default(); table.columns.len()];
    let add = |sum: &mut Vec<Outcome>, other: &[Outcome]| {
        for (sum, outcome) in sum.iter_mut().zip(other) {
            sum.merge(outcome);
        }
    };
    let (mut rest, mut all, mut sketches) = (files, nothing(), Vec::new());
    let source = |source: &SourceManifest| {
        let (own, others) = rest.split_at(source.outputs.min(rest.len()));
        rest = others;
        own
    };
    for own in table.sources.iter().map(source) {
        let mut sum = nothing();
        own.iter().for_each(|file| add(&mut sum, file));
        let mut bytes = Vec::new();
        for outcome in &sum {
            outcome.distinct.encode(&mut bytes);
        }
        add(&mut all, &sum);
        sketches.push(bytes);
    }
    (sketches, all)
}

/// Estimates again how many distinct pseudonyms there are: the new ones give another estimate.
pub(super) fn estimate(
    table: &mut TableManifest,
    columns: &[Column],
    sum: &[Outcome],
    subject: Option<&String>,
) {
    for column in columns {
        let known = table.columns.get_mut(column.output);
        if let Some((known, sum)) = known.zip(sum.get(column.output)) {
            known.distinct = known.distinct.map(|_| sum.distinct.estimate());
        }
    }
    let is_subject =
        |column: &&ColumnManifest| Some(&column.source) == subject && column.distinct.is_some();
    let subject = table.columns.iter().find(is_subject);
    table.distinct_subjects = subject.and_then(|column| column.distinct);
}
