//! Whom to forget: values of one identity, a line each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, ArrayRef, StringArray};
use pseudo_arrow::{Kernel, Outcome};
use pseudo_keyring::{DomainKeys, KeySource};
use pseudo_pii::{Blanks, Canonical, Kind, Verdict};
use pseudo_policy::{Action, OnInvalid, Table};

use super::ForgetOptions;
use super::search::is_chosen;
use crate::forgotten::tombstone_kernel;
use crate::policy::Policy;
use crate::source::hex;
use crate::tombstones::Tombstones;
use crate::verify::each_cell;
use crate::{Error, Result};

/// Values that are well made, each once.
pub(crate) struct Subjects {
    identity: String,
    pub(crate) kind: Kind,
    blanks: Blanks,
    values: StringArray,
    /// Of each value, its line.
    lines: Vec<usize>,
}

/// The identity that is meant.
pub(crate) fn identity(policy: &Policy, options: &ForgetOptions<'_>) -> Result<String> {
    let tables = &policy.pipeline.tables;
    for name in options.tables {
        if policy.pipeline.table(name).is_none() {
            return Err(Error::Whom(format!("no table is called `{name}`")));
        }
    }
    let chosen = |table: &&Table| is_chosen(options.tables, &table.name);
    let subjects = tables.iter().filter(chosen);
    let identities: BTreeSet<&str> = subjects.flat_map(Table::subject_identities).collect();
    let mut all = identities.iter();
    let text = match (options.identity, all.next(), all.next()) {
        (Some(named), ..) if identities.contains(named) => return Ok(named.to_owned()),
        (None, Some(only), None) => return Ok((*only).to_owned()),
        (Some(named), ..) => format!("the subject of no table is of identity `{named}`"),
        (None, None, _) => "no table has a `subject` with an identity".to_owned(),
        (None, ..) => {
            let names: Vec<_> = identities.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(", ");
            format!("the subjects of the tables are of several identities, {names}: name one")
        }
    };
    Err(Error::Whom(text))
}

impl Subjects {
    /// Reads values of `identity`, one a line; empty lines are none. Each has to have a pseudonym
    /// wherever the pipeline gives its subjects one.
    pub(crate) fn read(
        policy: &Policy,
        identity: &str,
        text: &str,
        tables: &[String],
    ) -> Result<Self> {
        let known = policy.pipeline.identities.get(identity);
        let known = known.ok_or_else(|| Error::Internal("no such identity".to_owned()))?;
        let blanks = known.blank.as_deref();
        let blanks = blanks.map_or_else(Blanks::default, Blanks::new);
        let strict = policy.pipeline.tables.iter();
        let strict = strict.filter(|table| is_chosen(tables, &table.name));
        let strict = strict.filter(|table| leaves_invalid_out(table, identity));
        let strict = strict.map(|table| table.name.as_str()).next();
        let mut subjects: BTreeMap<String, (usize, &str)> = BTreeMap::new();
        for (line, value) in (1..)
            .zip(text.lines())
            .filter(|(_, value)| !value.is_empty())
        {
            let mut canonical = String::new();
            let fault = |fault: String| Err(Error::Subject { line, fault });
            let verdict = match known.kind.canonical(value, &blanks, &mut canonical) {
                Canonical::Blank => return fault("is blank".to_owned()),
                Canonical::Same(verdict) => {
                    value.clone_into(&mut canonical);
                    verdict
                }
                Canonical::Written(verdict) => verdict,
            };
            if let (Verdict::Invalid, Some(table)) = (verdict, strict) {
                let kind = known.kind.name();
                return fault(format!(
                    "is no `{kind}`, and table `{table}` has no pseudonym of such a value"
                ));
            }
            subjects.entry(canonical).or_insert((line, value));
        }
        if subjects.is_empty() {
            return Err(Error::Whom("no subject is given".to_owned()));
        }
        Ok(Self {
            identity: identity.to_owned(),
            kind: known.kind,
            blanks,
            values: subjects.values().map(|(_, value)| Some(*value)).collect(),
            lines: subjects.values().map(|(line, _)| *line).collect(),
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// What `kernel` makes of each, and whose it is. A value that it makes nothing of is refused:
    /// `table` has no pseudonym by which its rows could be told.
    pub(crate) fn pseudonyms(
        &self,
        kernel: &Kernel,
        table: &str,
    ) -> Result<HashMap<Vec<u8>, usize>> {
        let made = self.apply(kernel)?;
        let mut nulls = made.nulls().into_iter().flat_map(|nulls| nulls.iter());
        let nothing = nulls.position(|is_valid| !is_valid);
        if let Some(line) = nothing.and_then(|place| self.lines.get(place)) {
            let fault = format!("has no pseudonym in table `{table}`");
            return Err(Error::Subject { line: *line, fault });
        }
        let mut pseudonyms = HashMap::new();
        each_cell(&made, |place, cell| {
            pseudonyms.insert(cell.to_vec(), place);
        });
        Ok(pseudonyms)
    }

    /// The tombstone of each, in hex.
    pub(crate) fn tombstones(&self, keys: &DomainKeys) -> Result<Vec<String>> {
        let kernel = tombstone_kernel(keys, &self.identity, self.kind, self.blanks.clone())?;
        let mut tombstones = Vec::new();
        each_cell(&self.apply(&kernel)?, |_, cell| tombstones.push(hex(cell)));
        Ok(tombstones)
    }

    /// Which of them are in the list.
    pub(crate) fn known(
        &self,
        list: &Tombstones,
        source: &dyn KeySource,
    ) -> Result<BTreeSet<usize>> {
        let mut known = BTreeSet::new();
        for maker in list.makers() {
            let tombstones = self.tombstones(&maker.keys(source)?)?;
            let own = tombstones.iter().enumerate();
            known.extend(own.filter(|(_, t)| list.has(t)).map(|(place, _)| place));
        }
        Ok(known)
    }

    fn apply(&self, kernel: &Kernel) -> Result<ArrayRef> {
        let made = kernel.apply(&self.values, &mut Outcome::default());
        made.map_err(|error| Error::Internal(format!("subjects: {error}")))
    }
}

/// Whether a table has no pseudonym of a subject that is not well made.
fn leaves_invalid_out(table: &Table, identity: &str) -> bool {
    let columns = table.columns.iter();
    let columns = columns.filter(|column| Some(&column.column) == table.subject.as_ref());
    let mut rules = columns.flat_map(|column| &column.rules);
    rules.any(|rule| {
        let other = rule
            .on_invalid
            .is_some_and(|other| other != OnInvalid::Token);
        let theirs = rule.action.identity() == Some(identity);
        theirs && (other || matches!(rule.action, Action::Fpe { .. }))
    })
}
