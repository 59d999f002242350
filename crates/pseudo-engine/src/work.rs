//! What a run has to do for one table: which source files it reads, and in which chunks, and of
//! which it takes over the output.

use std::collections::BTreeMap;

use pseudo_policy::{Action, PlannedColumn};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::chunk::{self, Chunk};
use crate::inputs::Inputs;
use crate::manifest::{SourceManifest, TableManifest, TableRecipe};
use crate::memory::Budget;
use crate::plan::TableJob;
use crate::project::ChunkResult;
use crate::quarantine::Gate;
use crate::reuse::{Done, Store, TableSketches, Taken};
use crate::source::{SourceFile, hex};
use crate::staging::Staging;
use crate::{Cancel, Result};

/// The work of one table.
pub(crate) struct Work<'a> {
    pub(crate) bound: &'a TableJob,
    /// What its rules need besides their columns.
    pub(crate) inputs: Inputs<'a>,
    /// Its rules that put rows into quarantine.
    pub(crate) gate: Gate,
    /// As much of the record of the table as is known beforehand.
    manifest: TableManifest,
    table: usize,
    budget: Budget,
    /// The files of the source, in their order.
    files: Vec<Input<'a>>,
    /// The chunk of a table that has no other.
    empty: Option<Chunk>,
}

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
        gate: Gate,
        recipe: &TableRecipe,
        sources: Vec<SourceManifest>,
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
        let inputs = Inputs::count(bound, &chunks, &gate, cancel)?;
        let manifest = TableManifest {
            table: plan.table.clone(),
            recipe: recipe.clone(),
            rare: kept(&plan.columns, &inputs),
            sources,
            ..TableManifest::default()
        };
        let nothing = || manifest.sources.iter().map(|_| None).collect();
        let taken = store.map_or_else(nothing, |store| store.files(&manifest));
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
            gate,
            manifest,
            table,
            budget,
            empty: None,
        })
    }

    /// Numbers the output files and stages those that are taken over; a file whose output turns out
    /// not to be what was published is read after all.
    pub(crate) fn lay(&mut self, staging: &Staging, cancel: &Cancel) -> Result<()> {
        let name = &self.manifest.table;
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

    /// Records the digests of the source files.
    pub(crate) fn digested(&mut self, digests: Vec<String>) {
        for (source, sha256) in self.manifest.sources.iter_mut().zip(digests) {
            source.sha256 = sha256;
        }
    }

    /// Adds up what the source files gave; `results` are those of the chunks, in order. What is
    /// said of the columns is left to the caller, who gets their outcomes.
    pub(crate) fn account(
        self,
        results: Vec<ChunkResult>,
    ) -> Result<(TableManifest, TableSketches, Done)> {
        let mut manifest = self.manifest;
        let columns = self.bound.plan.columns.len();
        let (mut sum, mut sketches) = (Done::nothing(columns), Vec::new());
        let mut results = results.into_iter().peekable();
        for (file, (source, input)) in manifest.sources.iter_mut().zip(&self.files).enumerate() {
            let done = match input {
                Input::Taken(taken, first) => taken.done(&manifest.table, *first)?,
                Input::Read(_) => {
                    let own = |result: &ChunkResult| result.file == Some(file);
                    let own = std::iter::from_fn(|| results.next_if(own));
                    own.fold(Done::nothing(columns), ChunkResult::follow)
                }
            };
            sketches.push(done.record(source));
            sum.add(done);
        }
        let sum = results.fold(sum, ChunkResult::follow);
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
