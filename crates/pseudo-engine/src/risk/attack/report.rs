//! What an attack tells: names and counts, never a value.

use serde::{Deserialize, Serialize};

use crate::thousands;

/// What a thief could do with a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttackReport {
    /// [`super::FORMAT`].
    pub format: String,
    /// The run.
    pub run_id: String,
    /// Whether the thief had the raw source, too.
    pub with_source: bool,
    /// The columns that could be hashes.
    pub targets: Vec<Target>,
    /// What was tried against each of them.
    pub trials: Vec<Trial>,
    /// How many hashes were computed for that.
    pub hashes: u64,
    /// Hashes without a key that were inverted.
    pub recovered: Vec<Recovered>,
    /// Values that are identifiers as they stand.
    pub identified: Vec<Identified>,
    /// Files of the run that could not be looked into.
    pub unread_files: u64,
    /// Who can be singled out, by table and by tables that join.
    pub singled_out: Vec<ViewAlone>,
    /// What the counts of pseudonyms tell.
    pub frequencies: Vec<ColumnFrequency>,
    /// Rows that are linked to the raw source.
    pub linked: Vec<TableLinkage>,
    /// What the places of rows tell.
    pub order: Vec<OrderLeak>,
    /// All of it in one sentence.
    pub sentence: String,
}

/// A column whose values are bytes in some writing, as hashes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its table.
    pub table: String,
    /// Its name.
    pub column: String,
    /// How bytes are written: `hex`, `base32`, `base64`, `binary`.
    pub encoding: String,
    /// Bytes of the shortest value; eight at least.
    pub bytes: u64,
    /// Distinct values, an estimate where they are many.
    pub values: u64,
    /// Distinct values that candidates were compared with, drawn at random.
    pub compared: u64,
}

/// What was tried against one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Where candidates come from: a kind of identifier, or `source`.
    pub dictionary: String,
    /// How many there are.
    pub candidates: u64,
    /// How many were tried, in each spelling and with each hash.
    pub tried: u64,
    /// Candidates whose hash stands in the column.
    pub hits: u64,
    /// The chance that a column of hashes without a key of such candidates had no hit: `e^-x`,
    /// where `x` hits were to be expected. None where that is not known.
    pub missed: Option<f64>,
}

/// What was tried of one dictionary, over all columns.
#[derive(Clone, Copy, Debug)]
pub struct Dictionary<'a> {
    /// Columns that it was tried on.
    pub columns: u64,
    /// Candidates whose hashes stand in them.
    pub hits: u64,
    /// The column whose hashes, had they no key, would most likely have been missed.
    pub worst: &'a Trial,
}

/// Hashes without a key that were inverted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Where the candidates come from.
    pub dictionary: String,
    /// The hash.
    pub hash: String,
    /// Distinct values that were inverted.
    pub values: u64,
    /// Distinct values of the column.
    pub of_values: u64,
    /// Rows that hold them.
    pub rows: u64,
    /// Rows of the column that are not NULL.
    pub of_rows: u64,
}

/// Values that are identifiers as they stand, as `scan` finds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    /// The file; names that show an identifier are masked.
    pub file: String,
    /// Where in it.
    pub place: String,
    /// In which column.
    pub column: Option<String>,
    /// The kind.
    pub kind: String,
    /// `suspect` or `certain`.
    pub certainty: String,
    /// Distinct values.
    pub values: u64,
    /// Rows that hold them.
    pub rows: u64,
}

/// Who can be singled out by what one table shows, or two that join by their pseudonyms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewAlone {
    /// The tables; the first is the one that people stand in once.
    pub tables: Vec<String>,
    /// The column of pseudonyms that says whom a row is about; none where each row is somebody.
    pub subject: Option<String>,
    /// People, or rows without a subject.
    pub people: u64,
    /// Of the sets of one, two, three and four columns those that single out most.
    pub sets: Vec<SetAlone>,
    /// Why it was not looked at, if it was not.
    pub left_out: Option<String>,
}

/// How many people a set of columns singles out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAlone {
    /// The columns, `table.column`.
    pub columns: Vec<String>,
    /// People with values that nobody else has.
    pub alone: u64,
}

/// What the counts of the values of a column tell to whom knows how often things are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnFrequency {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Distinct values.
    pub values: u64,
    /// Rows that are not NULL.
    pub rows: u64,
    /// Values whose count no other has: by rank they are told for certain.
    pub certain_values: u64,
    /// Rows of them.
    pub certain_rows: u64,
    /// Rows that a thief who goes by rank gets right on average.
    pub expected_rows: f64,
    /// Whether the counts were compared with those of the raw column; otherwise it is supposed that
    /// they are the same.
    pub with_source: bool,
}

/// Rows of a table that are linked to the raw source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableLinkage {
    /// The table.
    pub table: String,
    /// The raw table.
    pub source: String,
    /// Rows of the output.
    pub rows: u64,
    /// Columns whose values stand in both.
    pub columns: Vec<String>,
    /// Of the sets of one to four of these columns, and of all, those that link most.
    pub sets: Vec<SetLinked>,
    /// Why it was not looked at, if it was not.
    pub left_out: Option<String>,
}

/// How many rows a set of columns links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLinked {
    /// The columns.
    pub columns: Vec<String>,
    /// Rows whose values are unique in the output and in the raw source.
    pub linked: u64,
}

/// What the places of rows tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLeak {
    /// The table.
    pub table: String,
    /// The column whose values rise or fall with the place; none where linked rows were compared
    /// with their places in the source.
    pub column: Option<String>,
    /// Pairs of rows that were compared, or rows that were linked.
    pub compared: u64,
    /// -1 to 1: without a column the rank correlation of places (Spearman), with one the share of
    /// neighbours that rise less that of those that fall; that of the file where it is strongest.
    pub correlation: f64,
    /// What chance gives in that file: one standard deviation.
    pub chance: f64,
    /// Whether it is beyond chance.
    pub tells: bool,
}

impl AttackReport {
    /// Whether a value was recovered, or stands in clear.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        !self.recovered.is_empty() || !self.identified.is_empty()
    }

    /// What was tried, dictionary by dictionary.
    #[must_use]
    pub fn dictionaries(&self) -> Vec<Dictionary<'_>> {
        let mut all: Vec<Dictionary<'_>> = Vec::new();
        for trial in &self.trials {
            let same = |one: &&mut Dictionary<'_>| one.worst.dictionary == trial.dictionary;
            let Some(known) = all.iter_mut().find(same) else {
                all.push(Dictionary {
                    columns: 1,
                    hits: trial.hits,
                    worst: trial,
                });
                continue;
            };
            known.columns += 1;
            known.hits += trial.hits;
            if trial.missed > known.worst.missed {
                known.worst = trial;
            }
        }
        all
    }

    /// The set that singles out most people, with its view: among those of about as many the
    /// smallest.
    #[must_use]
    pub fn worst(&self) -> Option<(&ViewAlone, &SetAlone)> {
        let all = || {
            let views = self.singled_out.iter();
            views.flat_map(|view| view.sets.iter().map(move |set| (view, set)))
        };
        let most = all().map(|(_, set)| set.alone).max().filter(|n| *n > 0)?;
        let enough = |set: &SetAlone| set.alone.saturating_mul(100) >= most.saturating_mul(95);
        all()
            .filter(|(_, set)| enough(set))
            .min_by_key(|(_, set)| (set.columns.len(), std::cmp::Reverse(set.alone)))
    }

    /// All of it in one sentence.
    pub(super) fn conclude(&self) -> String {
        let mut parts = vec![self.people()];
        parts.extend(self.joined());
        parts.push(self.guessed());
        let values: u64 = self.identified.iter().map(|one| one.values).sum();
        parts.push(match values {
            0 => "no value looks like an identifier".to_owned(),
            1 => "1 value looks like an identifier".to_owned(),
            many => format!("{} values look like identifiers", thousands(many)),
        });
        if self.with_source {
            parts.push(self.links());
        }
        format!("Had this copy been stolen: {}.", parts.join("; "))
    }

    fn people(&self) -> String {
        let Some((view, set)) = self.worst() else {
            let people = self.singled_out.iter().map(|view| view.people).max();
            return format!(
                "none of {} could be singled out",
                people_text(people.unwrap_or_default())
            );
        };
        format!(
            "{} of {} could be singled out, by {{{}}}",
            thousands(set.alone),
            people_text(view.people),
            set.columns.join(", ")
        )
    }

    /// What a second table adds to what the worst one tells.
    fn joined(&self) -> Option<String> {
        let (worst, _) = self.worst()?;
        let views = self.singled_out.iter();
        let joined = views.filter(|view| view.tables.len() > 1 && view.tables != worst.tables);
        let best = |view: &ViewAlone| view.sets.iter().max_by_key(|set| set.alone).cloned();
        let sets = joined.filter_map(|view| best(view).map(|set| (view, set)));
        let (view, set) = sets
            .filter(|(_, set)| set.alone > 0)
            .max_by_key(|(_, set)| set.alone)?;
        Some(format!(
            "{} of {} with `{}`, by {{{}}}",
            thousands(set.alone),
            people_text(view.people),
            view.tables.last().cloned().unwrap_or_default(),
            set.columns.join(", ")
        ))
    }

    fn guessed(&self) -> String {
        let columns = count(self.targets.len() as u64, "column");
        if self.recovered.is_empty() {
            let hashes = thousands(self.hashes);
            return format!(
                "nothing was recovered from {columns} of pseudonyms by {hashes} hashes"
            );
        }
        let one = |one: &Recovered| {
            format!(
                "{} of {} values of `{}.{}` were recovered, {} of `{}`",
                thousands(one.values),
                thousands(one.of_values),
                one.table,
                one.column,
                one.hash,
                one.dictionary
            )
        };
        let recovered: Vec<_> = self.recovered.iter().map(one).collect();
        recovered.join(", ")
    }

    fn links(&self) -> String {
        let of = |table: &TableLinkage| table.sets.iter().map(|set| set.linked).max();
        let linked: u64 = self.linked.iter().filter_map(of).sum();
        let rows: u64 = self.linked.iter().map(|table| table.rows).sum();
        format!(
            "{} of {} rows could be linked to the source",
            thousands(linked),
            thousands(rows)
        )
    }
}

fn people_text(people: u64) -> String {
    format!("{} people", thousands(people))
}

fn count(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {thing}{s}", thousands(number))
}
