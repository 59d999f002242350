//! Where the rows of subjects are: in every run, in the tables whose subject is of their identity,
//! by the pseudonyms that the run gave them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use pseudo_keyring::DomainKeys;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::subjects::Subjects;
use crate::manifest::{ColumnManifest, Manifest, OutputManifest, TableManifest};
use crate::policy::Policy;
use crate::verify::each_cell;
use crate::{Cancel, Error, Result, kernels, publish, rewrite};

/// Whom to look for, and where.
pub(crate) struct Search<'a> {
    pub(crate) sink: &'a Path,
    pub(crate) policy: &'a Policy,
    pub(crate) identity: &'a str,
    /// The tables to search; all when empty.
    pub(crate) tables: &'a [String],
    pub(crate) subjects: &'a Subjects,
    pub(crate) cancel: &'a Cancel,
}

/// What was found in one run: by the place of the table, what was found there.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) tables: BTreeMap<usize, Hits>,
}

/// What was found in a table.
pub(crate) struct Hits {
    /// The place of the column that was searched.
    pub(crate) column: usize,
    /// What was looked for in it, and whose it is.
    pub(crate) pseudonyms: HashMap<Vec<u8>, usize>,
    /// Of each file, the rows that go.
    pub(crate) files: Vec<u64>,
    /// Whose rows those are.
    pub(crate) subjects: BTreeSet<usize>,
}

impl Found {
    /// The subjects that were found.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &usize> {
        self.tables.values().flat_map(|hits| &hits.subjects)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }
}

/// What was found in a file: runs share most of theirs.
type Known = HashMap<(String, String), (u64, BTreeSet<usize>)>;

/// What is known of a table's subjects.
enum Place<'a> {
    /// The column that has their pseudonyms.
    Column(usize, &'a ColumnManifest),
    /// Rows are about others, or nobody.
    Others,
    /// Rows may be theirs, and nobody can tell; why.
    Untold(String),
}

/// Whether a table is among those that were named, if some were.
pub(crate) fn is_chosen(tables: &[String], name: &String) -> bool {
    tables.is_empty() || tables.contains(name)
}

/// The columns of a table that hold pseudonyms of an identity, while its rows are about others.
pub(crate) fn mentions<'a>(
    policy: &'a Policy,
    identity: &'a str,
    table: &'a TableManifest,
) -> impl Iterator<Item = &'a ColumnManifest> {
    let known = policy.pipeline.table(&table.table);
    let subject = known.and_then(|table| table.subject.as_ref());
    let columns = table.columns.iter();
    columns.filter(move |column| {
        column.identity.as_deref() == Some(identity) && Some(&column.source) != subject
    })
}

impl Search<'_> {
    /// Searches all runs, whose keys are `keys`.
    ///
    /// # Errors
    /// [`Error::NotSearched`] with every table that may hold rows of subjects, and shows none of
    /// their pseudonyms.
    pub(crate) fn runs(&self, runs: &[Manifest], keys: &[DomainKeys]) -> Result<Vec<Found>> {
        let mut untold = BTreeMap::new();
        for run in runs {
            for table in &run.tables {
                if let Place::Untold(reason) = self.place(table) {
                    let text = format!("table `{}` cannot be searched: {reason}", table.table);
                    untold.entry(text).or_insert(&run.run_id);
                }
            }
        }
        if !untold.is_empty() {
            let tables = untold
                .iter()
                .map(|(text, run)| format!("{text} (run `{run}`)"));
            let tables = tables.collect();
            return Err(Error::NotSearched { tables });
        }
        let mut known = Known::new();
        let runs = runs.iter().zip(keys);
        runs.map(|(run, keys)| self.run(run, keys, &mut known))
            .collect()
    }

    fn run(&self, run: &Manifest, keys: &DomainKeys, known: &mut Known) -> Result<Found> {
        let directory = publish::directory(self.sink, &run.run_id);
        let mut found = Found::default();
        for (index, table) in run.tables.iter().enumerate() {
            if let Place::Column(place, column) = self.place(table) {
                let hits = self.table((&directory, table), (place, column), keys, known)?;
                if !hits.subjects.is_empty() {
                    found.tables.insert(index, hits);
                }
            }
        }
        Ok(found)
    }

    fn table(
        &self,
        (directory, table): (&Path, &TableManifest),
        (place, column): (usize, &ColumnManifest),
        keys: &DomainKeys,
        known: &mut Known,
    ) -> Result<Hits> {
        let kernel = kernels::published(column, keys)?;
        let kernel = kernel.ok_or_else(|| Error::NotSearched {
            tables: vec![format!(
                "table `{}` cannot be searched: this program does not know `{}`",
                table.table, column.action
            )],
        })?;
        let pseudonyms = self.subjects.pseudonyms(&kernel, &table.table)?;
        let key = |output: &OutputManifest| (table.table.clone(), output.sha256.clone());
        let new = table.outputs.iter();
        let new: Vec<_> = new
            .filter(|output| !known.contains_key(&key(output)))
            .collect();
        let search = |output: &&OutputManifest| {
            self.cancel.check()?;
            let (mut rows, mut subjects) = (0, BTreeSet::new());
            rewrite::read(directory, table, output, &[place], |columns| {
                self.cancel.check()?;
                for column in columns {
                    each_cell(column, |_, cell| {
                        if let Some(subject) = pseudonyms.get(cell) {
                            rows += 1;
                            subjects.insert(*subject);
                        }
                    });
                }
                Ok(())
            })?;
            Ok((key(output), (rows, subjects)))
        };
        let found: Vec<_> = new.par_iter().map(search).collect::<Result<_>>()?;
        known.extend(found);
        let mut hits = Hits {
            column: place,
            pseudonyms,
            files: Vec::new(),
            subjects: BTreeSet::new(),
        };
        for output in &table.outputs {
            let (rows, subjects) = known.get(&key(output)).cloned().unwrap_or_default();
            hits.files.push(rows);
            hits.subjects.extend(subjects);
        }
        Ok(hits)
    }

    /// What is known of the subjects of a table.
    fn place<'t>(&self, table: &'t TableManifest) -> Place<'t> {
        if !is_chosen(self.tables, &table.table) {
            return Place::Others;
        }
        let is_theirs = |column: &ColumnManifest| column.identity.as_deref() == Some(self.identity);
        let Some(known) = self.policy.pipeline.table(&table.table) else {
            return Place::Untold("the pipeline has no such table".to_owned());
        };
        let Some(subject) = &known.subject else {
            return match table.columns.iter().find(|column| is_theirs(column)) {
                Some(column) => Place::Untold(format!(
                    "`{}` holds pseudonyms of identity `{}`, and the table has no `subject`",
                    column.column, self.identity
                )),
                None => Place::Others,
            };
        };
        let columns = table.columns.iter().enumerate();
        let own = columns.filter(|(_, column)| column.source == *subject);
        let own: Vec<_> = own
            .filter(|(_, column)| column.identity.is_some())
            .collect();
        if let Some((place, column)) = own.iter().find(|(_, column)| is_theirs(column)) {
            return Place::Column(*place, column);
        }
        let is_told = known.subject_identities().contains(self.identity);
        if is_told || own.is_empty() {
            return Place::Untold(format!("its output has no pseudonym of `{subject}`"));
        }
        Place::Others
    }
}
