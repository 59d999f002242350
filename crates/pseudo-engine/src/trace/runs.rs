//! Which retained runs hold the pseudonyms of a leak, and where in them. Files that runs share are
//! read once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::DataType;
use pseudo_policy::{SealEncoding, TokenEncoding};
use pseudo_token::Encoding;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::columns::Item;
use super::form::Pseudonym;
use super::needles::Needles;
use super::report::Maker;
use crate::manifest::{ColumnManifest, Manifest, OutputManifest, TableManifest};
use crate::verify::each_cell;
use crate::{Cancel, Error, Result, publish, rewrite, staging};

/// A retained run.
pub(super) struct Run {
    pub(super) sink: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) current: bool,
    pub(super) manifest: Manifest,
    /// By table, what it holds; or why nobody can tell.
    pub(super) hits: Result<Vec<Arc<Hits>>, String>,
}

/// What one table of a run holds.
#[derive(Default)]
pub(super) struct Hits {
    /// By file and row, columns and items.
    pub(super) rows: HashMap<(u32, u64), Vec<(u32, u32)>>,
    /// By item, where it stands.
    pub(super) items: HashMap<u32, Vec<(u32, u64)>>,
    /// By column, the items that stand in it.
    pub(super) columns: BTreeMap<u32, BTreeSet<u32>>,
}

/// The runs of a sink, the earliest first.
pub(super) fn of_sink(sink: &Path) -> Result<Vec<Run>> {
    let current = publish::current(sink)?;
    let mut runs = Vec::new();
    for directory in staging::entries(&publish::runs(sink))? {
        let Ok(manifest) = Manifest::read(&directory) else {
            // what has no record is no run
            continue;
        };
        let is_current = |current: &PathBuf| current.file_name() == directory.file_name();
        runs.push(Run {
            sink: sink.to_path_buf(),
            current: current.as_ref().is_some_and(is_current),
            directory,
            manifest,
            hits: Ok(Vec::new()),
        });
    }
    if runs.is_empty() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Error::io("read", &sink.join("current"))(missing));
    }
    runs.sort_by(|a, b| a.manifest.finished.cmp(&b.manifest.finished));
    Ok(runs)
}

/// How pseudonyms are written in a column of a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Token(TokenEncoding, usize),
    Seal(SealEncoding),
}

/// Looks for all pseudonyms.
pub(super) struct Search<'a> {
    items: &'a [Item],
    cancel: &'a Cancel,
    needles: HashMap<Form, Arc<Needles>>,
    /// By digest and table, what was found in a file.
    known: HashMap<(String, String), Arc<Vec<Hit>>>,
}

/// Row, column and item.
type Hit = (u64, u32, u32);

impl<'a> Search<'a> {
    pub(super) fn new(items: &'a [Item], cancel: &'a Cancel) -> Self {
        Self {
            items,
            cancel,
            needles: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// Looks into one run. What cannot be read is told by the run; only who stops it is obeyed.
    pub(super) fn run(&mut self, run: &mut Run) -> Result<()> {
        let tables = run.manifest.tables.iter();
        let hits: Result<Vec<_>> = tables
            .map(|table| self.table(&run.directory, table))
            .collect();
        run.hits = match hits {
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => Err(error.to_string()),
            Ok(hits) => Ok(hits),
        };
        Ok(())
    }

    fn table(&mut self, directory: &Path, table: &TableManifest) -> Result<Arc<Hits>> {
        let columns = table.columns.iter().enumerate();
        let columns: Vec<(usize, Form)> = columns
            .filter_map(|(place, column)| Some((place, form(column)?)))
            .collect();
        let columns: Vec<(usize, Arc<Needles>)> = columns
            .into_iter()
            .map(|(place, form)| (place, self.needles(form)))
            .filter(|(_, needles)| !needles.is_empty())
            .collect();
        let key = |output: &OutputManifest| (output.sha256.clone(), table.table.clone());
        let new = table
            .outputs
            .iter()
            .filter(|output| !self.known.contains_key(&key(output)));
        let new: Vec<_> = new.collect();
        let found: Vec<_> = new
            .par_iter()
            .map(|output| {
                let hits = self.file((directory, table), output, &columns)?;
                Ok((key(output), Arc::new(hits)))
            })
            .collect::<Result<_>>()?;
        self.known.extend(found);
        let mut hits = Hits::default();
        for (file, output) in (0..).zip(&table.outputs) {
            let own = self.known.get(&key(output)).map(|hits| hits.as_slice());
            for (row, column, item) in own.unwrap_or_default() {
                hits.rows
                    .entry((file, *row))
                    .or_default()
                    .push((*column, *item));
                hits.items.entry(*item).or_default().push((file, *row));
                hits.columns.entry(*column).or_default().insert(*item);
            }
        }
        Ok(Arc::new(hits))
    }

    fn file(
        &self,
        (directory, table): (&Path, &TableManifest),
        output: &OutputManifest,
        columns: &[(usize, Arc<Needles>)],
    ) -> Result<Vec<Hit>> {
        self.cancel.check()?;
        let mut hits = Vec::new();
        if columns.is_empty() {
            return Ok(hits);
        }
        let places: Vec<usize> = columns.iter().map(|(place, _)| *place).collect();
        let mut before = 0_u64;
        rewrite::read(directory, table, output, &places, |arrays| {
            self.cancel.check()?;
            for ((place, needles), array) in columns.iter().zip(arrays) {
                let column = u32::try_from(*place).unwrap_or(u32::MAX);
                let plain = match array.data_type() {
                    DataType::Dictionary(_, values) => cast(array, values).ok(),
                    _ => None,
                };
                each_cell(plain.as_ref().unwrap_or(array), |row, cell| {
                    if let Some(item) = needles.find(cell) {
                        hits.push((before + row as u64, column, item));
                    }
                });
            }
            before += arrays.first().map_or(0, |array| array.len() as u64);
            Ok(())
        })?;
        Ok(hits)
    }

    /// The pseudonyms of the leak as cells of a form.
    fn needles(&mut self, form: Form) -> Arc<Needles> {
        let items = (0..).zip(self.items);
        let cells = items.filter_map(|(item, what)| match what {
            Item::Pseudonym(pseudonym) => Some((cell(pseudonym, form)?, item)),
            Item::Value(..) => None,
        });
        let needles = self.needles.entry(form);
        Arc::clone(needles.or_insert_with(|| Arc::new(Needles::new(cells))))
    }
}

/// The keys that made what stands in a column of a run, as its manifest says.
pub(super) fn maker(run: &Manifest, column: &ColumnManifest) -> Option<Maker> {
    Some(Maker {
        domain: run.recipe.domain.clone(),
        identity: column.identity.clone()?,
        kind: column.kind.clone()?,
        epoch: run.recipe.epoch,
        check: run.recipe.key_check_value.clone(),
    })
}

/// How a column writes pseudonyms whose form tells; none for any other column.
pub(super) fn is_searched(column: &ColumnManifest) -> bool {
    form(column).is_some()
}

fn form(column: &ColumnManifest) -> Option<Form> {
    let mut words = column.action.rsplit(", ");
    let last = words.next()?;
    match column.action.split(' ').next()? {
        "token" => {
            let bits: usize = last.strip_suffix(" bits")?.parse().ok()?;
            Some(Form::Token(
                TokenEncoding::from_name(words.next()?)?,
                bits / 8,
            ))
        }
        "seal" => Some(Form::Seal(SealEncoding::from_name(last)?)),
        _ => None,
    }
}

fn cell(pseudonym: &Pseudonym, form: Form) -> Option<Vec<u8>> {
    let encoded = |encoding: Encoding, bytes: &[u8]| {
        let mut text = Vec::new();
        encoding.encode(bytes, &mut text);
        text
    };
    match (pseudonym, form) {
        (Pseudonym::Token(bytes), Form::Token(encoding, length)) => {
            (bytes.len() == length).then(|| match encoding {
                TokenEncoding::Base32 => encoded(Encoding::Base32, bytes),
                TokenEncoding::Hex => encoded(Encoding::Hex, bytes),
                TokenEncoding::Uuid | TokenEncoding::Binary => bytes.clone(),
            })
        }
        (Pseudonym::Seal(bytes), Form::Seal(encoding)) => Some(match encoding {
            SealEncoding::Base64Url => encoded(Encoding::Base64Url, bytes),
            SealEncoding::Base32 => encoded(Encoding::Base32, bytes),
            SealEncoding::Binary => bytes.clone(),
        }),
        _ => None,
    }
}
