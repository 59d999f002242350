//! What should be looked at.

use pseudo_engine::manifest::TableManifest;
use pseudo_engine::risk::{
    AssessedSet, ColumnClass, ColumnRisk, Origin, TableRisk, Unit, Warning, WarningKind, rule,
};

/// The warnings of one table.
pub(super) fn of(manifest: &TableManifest, risk: &TableRisk, k: u64) -> Vec<Warning> {
    let mut found = Found {
        table: &risk.table,
        warnings: Vec::new(),
    };
    if risk.rows == 0 {
        return Vec::new();
    }
    // Nobody knows all columns of somebody; that set is the worst case, and no reason to warn.
    for set in risk.sets.iter().filter(|set| set.origin != Origin::All) {
        found.set(set, k);
    }
    for column in &risk.columns {
        found.column(column, k);
    }
    found.parts(manifest);
    let few = risk.subjects.unwrap_or(risk.rows);
    if few < FEW_SUBJECTS {
        let who = if risk.subjects.is_some() {
            "subjects"
        } else {
            "rows"
        };
        let text = format!("{few} {who}: whoever knows one of them finds them among few");
        found.add(WarningKind::FewSubjects, &[], text);
    }
    found.warnings.sort_by_key(|warning| warning.kind);
    found.warnings
}

struct Found<'a> {
    table: &'a str,
    warnings: Vec<Warning>,
}

impl Found<'_> {
    fn add(&mut self, kind: WarningKind, columns: &[&str], text: String) {
        self.warnings.push(Warning {
            kind,
            table: self.table.to_owned(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            text,
        });
    }

    fn set(&mut self, set: &AssessedSet, k: u64) {
        let risk = &set.risk;
        let columns: Vec<&str> = risk.quasi_identifiers.iter().map(String::as_str).collect();
        let members = match risk.unit {
            Unit::Rows => "rows",
            Unit::Subjects => "subjects",
        };
        if risk.below > 0 {
            let text = format!(
                "{} of {} {members} ({}) are in classes of fewer than {k}, {} of them alone",
                risk.below,
                risk.members,
                percent(risk.below, risk.members),
                risk.unique,
            );
            self.add(WarningKind::SmallClasses, &columns, text);
        }
        for sensitive in risk
            .sensitive
            .iter()
            .filter(|one| one.disclosed > risk.unique)
        {
            let mut columns = columns.clone();
            columns.push(&sensitive.column);
            let text = format!(
                "{} of {} {members} ({}) share `{}` with all of their class",
                sensitive.disclosed,
                risk.members,
                percent(sensitive.disclosed, risk.members),
                sensitive.column,
            );
            self.add(WarningKind::SharedValue, &columns, text);
        }
    }

    fn column(&mut self, column: &ColumnRisk, k: u64) {
        let name = [column.column.as_str()];
        let valued = column.rows - column.nulls;
        let frequency = column.frequency.filter(|_| column.distinct * 2 < valued);
        if let Some(frequency) = frequency.filter(|attack| attack.rows >= READ_SHARE) {
            let text = format!(
                "{} distinct pseudonyms, one of them in {} of the rows: who knows how often each \
                 value occurs reads {:.1} % of the rows",
                column.distinct,
                percent(column.top, valued),
                frequency.rows * 100.0,
            );
            self.add(WarningKind::SkewedPseudonym, &name, text);
        }
        if let Some(lengths) = column.lengths.filter(|l| l.smallest > 0 && l.smallest < k) {
            let text = format!(
                "{} lengths of seals, the rarest in {} rows: a length tells who it may be",
                lengths.lengths, lengths.smallest,
            );
            self.add(WarningKind::SealLength, &name, text);
        }
        let shows = column.class != ColumnClass::Pseudonym;
        if shows && column.unique * FINE > valued {
            let text = format!(
                "{} of {valued} rows ({}) are alone with their value",
                column.unique,
                percent(column.unique, valued),
            );
            self.add(WarningKind::FineValue, &name, text);
        } else if shows && column.unique > 0 {
            let text = format!("{} values are in one row only", column.unique);
            self.add(WarningKind::RareValue, &name, text);
        }
    }

    /// Parts that can be read beside a pseudonym of the same source column.
    fn parts(&mut self, manifest: &TableManifest) {
        let is_pseudonym = |action: &str| ["token", "seal", "fpe"].contains(&action);
        for part in manifest
            .columns
            .iter()
            .filter(|one| PARTS.contains(&rule(one)))
        {
            let same = manifest
                .columns
                .iter()
                .filter(|one| one.source == part.source);
            let beside = same
                .filter(|one| is_pseudonym(rule(one)))
                .map(|one| &one.column);
            for pseudonym in beside {
                let text = format!(
                    "{} of the value whose pseudonym is `{pseudonym}`: fewer values are left to \
                     try, and any other source that shows as much is linked",
                    part.action,
                );
                self.add(
                    WarningKind::PartBesidePseudonym,
                    &[&part.column, pseudonym],
                    text,
                );
            }
        }
    }
}

fn percent(part: u64, all: u64) -> String {
    match part as f64 * 100.0 / all.max(1) as f64 {
        share if part > 0 && share < 0.1 => "<0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

/// Rules that leave the characters of a value to read.
const PARTS: [&str; 3] = ["keep", "mask", "prefix"];
/// A share of rows that counting reads.
const READ_SHARE: f64 = 0.01;
/// A value is fine when more than one row in so many is alone with it.
const FINE: u64 = 100;
const FEW_SUBJECTS: u64 = 100;
