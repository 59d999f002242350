//! What a run has to do for one table: which source files it reads, and in which chunks, and of
//! which it takes over the output.

use std::collections::BTreeMap;

use pseudo_policy::{Action, PlannedColumn};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::chunk::{self, Chunk};
use crate::inputs::Inputs;
use crate::manifest::{TableManifest, TableRecipe};
use crate::memory::Budget;
use crate::plan::TableJob;
use crate::project::ChunkResult;
use crate::quarantine::Screen;
use crate::reuse::{Done, Store, TableSketches, Taken, Wanted};
use crate::source::{SourceFile, hex};
use crate::staging::Staging;
use crate::{Cancel, Error, Result};

/// The work of one table.
pub(crate) struct Work<'a> {
    pub(crate) bound: &'a TableJob,
    /// What its rules need besides their columns.
    pub(crate) inputs: Inputs<'a>,
    /// Its rules that put rows into quarantine.
    pub(crate) screen: Screen,
    recipe: &'a TableRecipe,
    /// The digests of what `rare` rules keep.
    rare: BTreeMap<String, String>,
    /// The digest of each source file, as far as they were taken.
    digests: Digests,
    table: usize,
    budget: Budget,
    /// The files of the source, in their order.
    files: Vec<Input<'a>>,
    /// The chunk of a table that has no other.
    empty: Option<Chunk>,
}

/// The digests of the source files of a table, in hex; none of one that nothing waits for.
pub(crate) type Digests = Vec<Option<String>>;

/// One source file.
enum Input<'a> {
    /// Its output is that of the current run, and staged from this number on.
    Taken(Taken<'a>, usize),
    /// It is read.
    Read(Vec<Chunk>),
}

impl<'a> Work<'a> {
    /// Plans the work of a table, the `table`th of its job, cut as `budget` says. What a `rare`
    /// rule keeps is counted here, over all of the table: it decides whether anything can be taken
    /// from `store`.
    pub(crate) fn new(
        (table, bound, budget): (usize, &'a TableJob, Budget),
        screen: Screen,
        recipe: &'a TableRecipe,
        digests: Digests,
        store: Option<&'a Store<'a>>,
        cancel: &Cancel,
    ) -> Result<Self> {
        let plan = &bound.plan;
        let cut = |file| {
            cancel.check()?;
            chunk::cut(table, bound, file, &budget)
        };
        let files = 0..bound.source.files.len();
        let counted: Vec<Vec<Chunk>> = if plan.columns.iter().any(is_rare) {
            files.into_par_iter().map(cut).collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        let chunks: Vec<_> = counted.iter().flatten().collect();
        let inputs = Inputs::count((bound, &budget), &chunks, &screen, cancel)?;
        let rare = kept(&plan.columns, &inputs);
        let paths = bound.source.files.iter().map(|file| file.path.as_str());
        let wanted = Wanted {
            table: &plan.table,
            recipe,
            rare: &rare,
            sources: paths.zip(digests.iter().map(Option::as_deref)).collect(),
        };
        let nothing = || wanted.sources.iter().map(|_| None).collect();
        let taken = store.map_or_else(nothing, |store| store.files(&wanted));
        let mut counted = counted.into_iter();
        let files: Vec<_> = taken
            .into_iter()
            .map(|taken| (taken, counted.next()))
            .collect();
        let input = |(file, (taken, chunks)): (usize, (Option<Taken<'a>>, Option<Vec<Chunk>>))| {
            Ok(match (taken, chunks) {
                (Some(taken), _) => Input::Taken(taken, 0),
                (None, Some(chunks)) => Input::Read(chunks),
                (None, None) => Input::Read(cut(file)?),
            })
        };
        let files = files.into_par_iter().enumerate().map(input);
        Ok(Self {
            files: files.collect::<Result<_>>()?,
            bound,
            inputs,
            screen,
            recipe,
            rare,
            digests,
            table,
            budget,
            empty: None,
        })
    }

    /// Numbers the output files and stages those that are taken over; a file whose output turns out
    /// not to be what was published is read after all.
    pub(crate) fn lay(&mut self, staging: &Staging, cancel: &Cancel) -> Result<()> {
        let name = &self.bound.plan.table;
        staging.create_dir(name)?;
        let mut next = 0;
        for (file, input) in self.files.iter_mut().enumerate() {
            cancel.check()?;
            if let Input::Taken(taken, first) = input {
                *first = next;
                if taken.stage(staging, name, next)? {
                    next += taken.files();
                    continue;
                }
                *input = Input::Read(chunk::cut(self.table, self.bound, file, &self.budget)?);
            }
            if let Input::Read(chunks) = input {
                for chunk in chunks {
                    chunk.number = next;
                    next += 1;
                }
            }
        }
        self.empty = (next == 0).then(|| Chunk::empty(self.table));
        Ok(())
    }

    /// The chunks to work through, in the order of their numbers.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        let read = self.files.iter().flat_map(|input| match input {
            Input::Taken(..) => [].as_slice(),
            Input::Read(chunks) => chunks,
        });
        read.chain(&self.empty)
    }

    /// The source files that are read.
    pub(crate) fn read(&self) -> impl Iterator<Item = &SourceFile> {
        let files = self.bound.source.files.iter().zip(&self.files);
        files.filter_map(|(file, input)| matches!(input, Input::Read(_)).then_some(file))
    }

    /// How many source files are not read.
    pub(crate) fn reused_files(&self) -> usize {
        self.files.len() - self.read().count()
    }

    /// Takes the digests of the source files.
    pub(crate) fn digested(&mut self, digests: Digests) {
        self.digests = digests;
    }

    /// Adds up what the source files gave; `results` are those of the chunks, in order. What is
    /// said of the columns is left to the caller, who gets their outcomes.
    pub(crate) fn account(
        self,
        results: Vec<ChunkResult>,
    ) -> Result<(TableManifest, TableSketches, Done)> {
        let (plan, mut digests) = (&self.bound.plan, self.digests.into_iter());
        let columns = plan.columns.len();
        let mut sum = Done::nothing(columns);
        let (mut sources, mut sketches) = (Vec::new(), Vec::new());
        let mut results = results.into_iter().peekable();
        for (file, (source, input)) in self.bound.source.files.iter().zip(&self.files).enumerate() {
            let done = match input {
                Input::Taken(taken, first) => taken.done(&plan.table, *first)?,
                Input::Read(_) => {
                    let own = |result: &ChunkResult| result.file == Some(file);
                    let own = std::iter::from_fn(|| results.next_if(own));
                    own.fold(Done::nothing(columns), ChunkResult::follow)
                }
            };
            let sha256 = digests.next().flatten().ok_or_else(undigested)?;
            let (source, own) = done.record(source, sha256);
            sources.push(source);
            sketches.push(own);
            sum.add(done);
        }
        let sum = results.fold(sum, ChunkResult::follow);
        let manifest = TableManifest {
            table: plan.table.clone(),
            recipe: self.recipe.clone(),
            rare: self.rare,
            sources,
            ..TableManifest::default()
        };
        Ok((manifest, sketches, sum))
    }
}

impl ChunkResult {
    fn follow(mut sum: Done, result: Self) -> Done {
        sum.add(Done {
            source_rows: result.source_rows,
            filtered_rows: result.filtered_rows,
            quarantined_rows: result.quarantined_rows,
            forgotten_rows: result.forgotten_rows,
            outputs: vec![result.output],
            outcomes: result.outcomes,
        });
        sum
    }
}

fn undigested() -> Error {
    Error::Internal("a source file without its digest".to_owned())
}

fn is_rare(column: &PlannedColumn) -> bool {
    matches!(column.action, Action::Rare { .. })
}

/// The digests of what `rare` rules keep.
fn kept(columns: &[PlannedColumn], inputs: &Inputs<'_>) -> BTreeMap<String, String> {
    let digest = |column: &PlannedColumn| {
        let kept = inputs.kept(column)?;
        Some((column.output.name().clone(), hex(&kept.digest())))
    };
    columns.iter().filter_map(digest).collect()
}
