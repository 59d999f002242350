//! What a run wrote and from what: files, digests, counts, rules, key ids. It holds no values and
//! no secrets, and two runs over the same input differ in it by run id and times alone, and by the
//! digests of sealed originals.

use std::collections::BTreeMap;
use std::path::Path;

use pseudo_arrow::Outcome;
use pseudo_policy::PlannedColumn;
use serde::{Deserialize, Serialize};

pub use crate::gates::ClassGate;
pub use crate::source::Stamp;
use crate::{Error, Result, escrow, quarantine, rekey};

/// The name of the file within a run's directory.
pub const FILE: &str = "manifest.json";

/// The format this build writes and reads.
pub const FORMAT: &str = "pseudo-manifest/1";

/// The record of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// The name of the run's directory.
    pub run_id: String,
    /// When the run started, RFC 3339.
    pub started: String,
    /// When it was published, RFC 3339.
    pub finished: String,
    /// What, besides the source files, decided the output.
    pub recipe: Recipe,
    /// SHA-256, in hex, of the list of forgotten subjects, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstones: Option<String>,
    /// The runs that this one was made from without its source, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
    /// How its pseudonyms were turned from those of another epoch, when they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rekey: Option<RekeyManifest>,
    /// The tables, in the order of the pipeline.
    pub tables: Vec<TableManifest>,
}

/// A switch of epochs without the source, and the proof that joins survived it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RekeyManifest {
    /// The epoch before.
    pub from: u32,
    /// The key check value of its secret, in hex.
    pub from_key_check_value: String,
    /// The epoch after.
    pub to: u32,
    /// Rows published, after as before.
    pub rows: u64,
    /// The pseudonyms of one identity and form, in all tables.
    pub joins: Vec<JoinManifest>,
    /// The table of old and new pseudonyms, when one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BridgeManifest>,
}

/// Pseudonyms that join with each other. `before` and `after` are equal, or nothing is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinManifest {
    /// The identity.
    pub identity: String,
    /// The rule, in words.
    pub rule: String,
    /// Cells that were turned.
    pub cells: u64,
    /// Distinct pseudonyms before.
    pub before: u64,
    /// Distinct pseudonyms after.
    pub after: u64,
    /// One pseudonym in so many was looked at: all of them, up to a million.
    pub one_in: u64,
}

/// Old and new pseudonyms, sealed: an age file with a line of JSON for each pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeManifest {
    /// Whom it is sealed to, `age1…`.
    pub recipient: String,
    /// Relative to the run's directory.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Lines in it; a pair may be there for each file that it is in.
    pub lines: u64,
}

/// A run that another was made from without its source, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The name of the run; it may be gone.
    pub run_id: String,
    /// The verb, as `forget`.
    pub verb: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why, in the words of whoever asked for it.
    pub reason: String,
}

/// What decides output bytes besides the source, for all tables: two runs whose recipes are equal,
/// those of their tables too, write equal files over equal files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Version of this program.
    pub tool_version: String,
    /// Version of the Unicode tables behind every canonical form.
    pub unicode_version: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// SHA-256 of what the pipeline says, in hex.
    pub pipeline_hash: String,
    /// The pseudonymisation domain.
    pub domain: String,
    /// The epoch of the secret.
    pub epoch: u32,
    /// The key check value of the secret, in hex.
    pub key_check_value: String,
    /// Where rows in quarantine are kept, when a rule puts some there and somebody may read them.
    /// It decides no output, and yet another one is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<KeptRows>,
}

/// Where rows in quarantine are kept, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRows {
    /// The directory, as the pipeline file has it.
    pub root: String,
    /// The age recipient that they are sealed to.
    pub recipient: String,
}

/// What decides the output of one table besides its source, [`Recipe`]'s keys and the values that
/// `rare` rules keep. It is that of the run which made the output, however many runs ago.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRecipe {
    /// Version of the program that made the output.
    pub tool_version: String,
    /// Version of its Unicode tables.
    pub unicode_version: String,
    /// SHA-256 of the bound plan, in hex.
    pub plan_hash: String,
    /// The year that derived model years are counted from, when a rule uses it.
    pub year: Option<i32>,
    /// The day on which ages are counted, when a rule leaves it to the run.
    pub at: Option<String>,
    /// SHA-256, in hex, of the files that `map` rules read.
    pub maps: BTreeMap<String, String>,
    /// SHA-256, in hex, of the tombstones by which rows are left out, when there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<String>,
}

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableManifest {
    /// Its name.
    pub table: String,
    /// Rows read.
    pub source_rows: u64,
    /// Rows written: `source_rows` less `filtered`, `quarantined` and `forgotten`.
    pub published_rows: u64,
    /// Rows that the `filter` left out.
    pub filtered_rows: u64,
    /// Rows in quarantine: read, let through by the `filter`, and not written.
    pub quarantined_rows: u64,
    /// Rows of forgotten subjects: let through by the `filter`, and not written or removed since.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgotten_rows: u64,
    /// The output column of pseudonyms that says whom a row is about, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Estimate of the distinct subjects, when the table has one that is tokenised.
    pub distinct_subjects: Option<u64>,
    /// What decided its output.
    #[serde(default)]
    pub recipe: TableRecipe,
    /// By output column, the digest of the values that a `rare` rule keeps, in hex
    /// ([`pseudo_arrow::Kept::digest`]).
    #[serde(default)]
    pub rare: BTreeMap<String, String>,
    /// What was read, now or for a run before.
    pub sources: Vec<SourceManifest>,
    /// What was written: the files of the first source, those of the second, and so on.
    pub outputs: Vec<OutputManifest>,
    /// What happened to each column.
    pub columns: Vec<ColumnManifest>,
    /// Columns of the source that are not in the output.
    pub dropped: Vec<String>,
    /// What the gate found, and let pass.
    #[serde(default)]
    pub gate: GateManifest,
    /// What `[gates]` asks of it, and what was counted, when it asks something and there are rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassGate>,
}

/// What the gate found in the output of one table, and let pass: what a column holds that may be
/// identifiers, or shares with protected columns as chance would have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateManifest {
    /// The columns that may show values.
    pub columns: Vec<GatedColumn>,
}

/// One column that may show values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatedColumn {
    /// The output column.
    pub column: String,
    /// Distinct values looked at; beyond some ten thousand, those of each file count again.
    pub values: u64,
    /// The kinds of identifiers that its values look like.
    pub kinds: Vec<FoundKind>,
    /// The identities that hold values of it.
    pub shared: Vec<SharedIdentity>,
}

/// A kind of identifiers that a column may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundKind {
    /// The kind, with its version.
    pub kind: String,
    /// `suspect` or `certain`.
    pub certainty: String,
    /// Distinct values of that kind.
    pub values: u64,
    /// Rows that hold them.
    pub rows: u64,
}

/// An identity that holds values of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedIdentity {
    /// The identity; in a proof against the source, a column of it.
    pub identity: String,
    /// Distinct values that both hold.
    pub values: u64,
    /// Of so many that were asked for.
    pub of: u64,
    /// As many as that would be shared by chance, at most.
    pub by_chance: u64,
    /// Chance does not explain it: it passed because the pipeline says that the two are unrelated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrelated: bool,
}

/// One source file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceManifest {
    /// Relative to the source root.
    pub path: String,
    /// Size, modification time and inode when it was read.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Rows read from it.
    pub rows: u64,
    /// Those of them that the `filter` left out.
    #[serde(default)]
    pub filtered_rows: u64,
    /// Those of them that are in quarantine.
    #[serde(default)]
    pub quarantined_rows: u64,
    /// Those of them that are of forgotten subjects.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgotten_rows: u64,
    /// The number of output files that its rows are in.
    #[serde(default)]
    pub outputs: usize,
    /// What happened to its rows in each column, in the order of the table's.
    #[serde(default)]
    pub columns: Vec<Counts>,
}

/// One file of the output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputManifest {
    /// Relative to the run's directory.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Rows in it.
    pub rows: u64,
    /// Where the rows stood that were left out of it, when there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<RecordManifest>,
    /// The sealed originals of its pseudonyms, where rules ask for them. The one part of a run that
    /// another run over the same input does not write byte by byte again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escrow: Vec<EscrowManifest>,
}

/// The sealed originals of one column, of the rows of one output file: an age file with a line of
/// JSON for each pair of pseudonym and original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowManifest {
    /// The output column.
    pub column: String,
    /// Whom it is sealed to, `age1…`.
    pub recipient: String,
    /// Relative to the run's directory.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Pairs in it.
    pub pairs: u64,
}

/// The record of rows in quarantine: a line of JSON for each column and reason that put a row
/// there, with source file, row number from 1, column and reason code; no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordManifest {
    /// Relative to the run's directory.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Rows that it tells of.
    pub rows: u64,
    /// Lines in it: as many or more.
    pub lines: u64,
}

/// One column of the output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnManifest {
    /// The source column.
    pub source: String,
    /// The output column.
    pub column: String,
    /// The rule, in words.
    pub action: String,
    /// The identity, where the rule has one.
    pub identity: Option<String>,
    /// The kind of that identity, with its version.
    pub kind: Option<String>,
    /// The blank list of that identity, where it replaces the default.
    pub blank_list: Option<Vec<String>>,
    /// The output type.
    #[serde(rename = "type")]
    pub data_type: String,
    /// rows = transformed + null + blank + nulled, and as many as the table publishes.
    #[serde(flatten)]
    pub counts: Counts,
    /// Estimate of the distinct tokens, for tokens and seals.
    pub distinct: Option<u64>,
}

/// The counts of TOKENS.md 9, of the rows that are published. A row in quarantine is in none of
/// them but `quarantined`, and there for each column that put it into quarantine: the sum over the
/// columns may exceed the rows that the table has in quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows seen.
    pub rows: u64,
    /// Cells that the rule gave a value.
    pub transformed: u64,
    /// Cells that were NULL.
    pub null: u64,
    /// Cells that were blank, and are NULL.
    pub blank: u64,
    /// Cells that were invalid or out of range, and are NULL.
    pub nulled: u64,
    /// Cells whose check failed; part of `transformed` and `nulled`.
    pub suspect: u64,
    /// Cells whose structure is wrong; part of `transformed` and `nulled`.
    pub invalid: u64,
    /// Cells that put their row into quarantine; not part of `rows`.
    #[serde(default)]
    pub quarantined: u64,
}

impl From<&Outcome> for Counts {
    fn from(outcome: &Outcome) -> Self {
        Self {
            rows: outcome.rows,
            transformed: outcome.transformed,
            null: outcome.null,
            blank: outcome.blank,
            nulled: outcome.nulled,
            suspect: outcome.suspect,
            invalid: outcome.invalid,
            quarantined: outcome.quarantined,
        }
    }
}

impl Manifest {
    /// Reads the manifest of the run in `directory`.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Manifest`] when it is not one.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
        let manifest: Option<Self> = serde_json::from_slice(&text).ok();
        manifest
            .filter(|manifest| manifest.format == FORMAT)
            .ok_or(Error::Manifest { path })
    }

    /// The directories of the run, each once.
    pub(crate) fn directories(&self) -> Vec<String> {
        let tables = self.tables.iter().map(|table| table.table.clone());
        let mut directories: Vec<_> = tables.collect();
        let outputs = || self.tables.iter().flat_map(|table| &table.outputs);
        let records = quarantine::DIRECTORY.to_owned();
        if outputs().any(|output| output.quarantine.is_some()) && !directories.contains(&records) {
            directories.push(records);
        }
        let sealed = |table: &&TableManifest| table.outputs.iter().any(|o| !o.escrow.is_empty());
        let mut sealed = self.tables.iter().filter(sealed).peekable();
        if sealed.peek().is_some() {
            directories.push(escrow::DIRECTORY.to_owned());
        }
        directories.extend(sealed.map(|table| escrow::directory(&table.table)));
        if self.bridge().is_some() {
            directories.push(rekey::DIRECTORY.to_owned());
        }
        directories
    }

    /// The table of old and new pseudonyms.
    pub(crate) fn bridge(&self) -> Option<&BridgeManifest> {
        self.rekey.as_ref()?.bridge.as_ref()
    }

    /// All files of the run but its records: their paths, sizes and digests.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, u64, &str)> {
        let outputs = self.tables.iter().flat_map(|table| &table.outputs);
        let bridge = self.bridge().into_iter();
        let bridge = bridge.map(|b| (b.path.as_str(), b.bytes, b.sha256.as_str()));
        outputs.flat_map(OutputManifest::files).chain(bridge)
    }

    /// The manifest as the bytes of its file.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|_| Error::Internal("a manifest that is not JSON".to_owned()))?;
        text.push(b'\n');
        Ok(text)
    }
}

impl TableManifest {
    /// Fails when the counts do not add up (TOKENS.md 9).
    pub(crate) fn balance(&self) -> Result<()> {
        let unbalanced = |fault: String| {
            Err(Error::Counts {
                table: self.table.clone(),
                fault,
            })
        };
        let left_out = self.filtered_rows + self.quarantined_rows + self.forgotten_rows;
        if self.source_rows != self.published_rows + left_out {
            return unbalanced("source rows are not all accounted for".to_owned());
        }
        for column in &self.columns {
            let Counts {
                rows,
                transformed,
                null,
                blank,
                nulled,
                quarantined,
                ..
            } = column.counts;
            if rows != transformed + null + blank + nulled || rows != self.published_rows {
                return unbalanced(format!(
                    "cells of `{}` are not all accounted for",
                    column.column
                ));
            }
            if quarantined > self.quarantined_rows {
                return unbalanced(format!(
                    "`{}` put more rows into quarantine than there are",
                    column.column
                ));
            }
        }
        Ok(())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl OutputManifest {
    /// The files that belong to it, itself first: their paths, sizes and digests.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, u64, &str)> {
        let record = self.quarantine.iter();
        let record = record.map(|r| (r.path.as_str(), r.bytes, r.sha256.as_str()));
        let sealed = self.escrow.iter();
        let sealed = sealed.map(|e| (e.path.as_str(), e.bytes, e.sha256.as_str()));
        let own = (self.path.as_str(), self.bytes, self.sha256.as_str());
        std::iter::once(own).chain(record).chain(sealed)
    }

    /// The name of file `number` of a table, relative to the run's directory. A reader that lists
    /// before and opens after a switch finds the digest's file or none.
    pub(crate) fn path(table: &str, number: usize, sha256: &str) -> String {
        let short = sha256.get(..8).unwrap_or_default();
        format!("{table}/part-{number:05}-{short}.parquet")
    }
}

impl ColumnManifest {
    pub(crate) fn new(column: &PlannedColumn, outcome: &Outcome) -> Self {
        let identity = column.identity.as_ref();
        let tokens = matches!(
            column.action,
            pseudo_policy::Action::Token { .. } | pseudo_policy::Action::Seal { .. }
        );
        Self {
            source: column.source.clone(),
            column: column.output.name().clone(),
            action: column.describe(),
            identity: identity.map(|identity| identity.name.clone()),
            kind: identity.map(|identity| identity.kind.id().to_owned()),
            blank_list: identity.and_then(|identity| identity.blank.clone()),
            data_type: column.output.data_type().to_string(),
            counts: Counts::from(outcome),
            distinct: tokens.then(|| outcome.distinct.estimate()),
        }
    }
}
