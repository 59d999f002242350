//! How a pipeline names a sample: `sample:incident?scale=0.01&seed=42`.

use std::fmt;
use std::ops::Range;

use arrow_array::RecordBatch;

use super::Table;

/// The largest scale at which identifiers stay distinct.
pub const MAX_SCALE: f64 = 20.0;

/// A sample: which tables, how large, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The tables.
    pub dataset: Dataset,
    /// The size relative to the incident's; above 0 and at most [`MAX_SCALE`].
    pub scale: f64,
    /// The seed.
    pub seed: u64,
}

/// A set of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dataset {
    /// The seven tables of [`super::ALL`].
    Incident,
}

/// Why a sample cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The text does not begin as a sample does.
    #[error("a sample begins with `sample:`")]
    NotASample,
    /// There is no such dataset.
    #[error("no sample is called `{name}`; there is `incident`")]
    UnknownDataset {
        /// The name.
        name: String,
    },
    /// There is no such key.
    #[error("a sample has no `{key}`; it has `scale` and `seed`")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A key is given twice.
    #[error("`{key}` is given twice")]
    RepeatedKey {
        /// The key.
        key: &'static str,
    },
    /// The scale is no number, or out of range.
    #[error("`scale` must be a number above 0 and at most {MAX_SCALE}")]
    Scale,
    /// The seed is no whole number.
    #[error("`seed` must be a whole number from 0 to 18446744073709551615")]
    Seed,
}

impl Spec {
    /// What the name of a sample begins with.
    pub const SCHEME: &'static str = "sample:";

    /// Reads a name such as `sample:incident?scale=0.01&seed=42`; scale is 1 and seed 42 unless
    /// given.
    ///
    /// # Errors
    ///
    /// Refuses what is not a sample's name, unknown datasets and keys, and values out of range.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let rest = text
            .strip_prefix(Self::SCHEME)
            .ok_or(SpecError::NotASample)?;
        let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
        let dataset = Dataset::parse(name).ok_or_else(|| SpecError::UnknownDataset {
            name: name.to_owned(),
        })?;
        let (mut scale, mut seed) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "scale" => set(&mut scale, "scale", parse_scale(value)?)?,
                "seed" => set(
                    &mut seed,
                    "seed",
                    value.parse().map_err(|_| SpecError::Seed)?,
                )?,
                _ => {
                    let key = key.to_owned();
                    return Err(SpecError::UnknownKey { key });
                }
            }
        }
        let (scale, seed) = (scale.unwrap_or(1.0), seed.unwrap_or(42));
        Ok(Self {
            dataset,
            scale,
            seed,
        })
    }

    /// Returns the tables.
    #[must_use]
    pub const fn tables(&self) -> &'static [Table] {
        match self.dataset {
            Dataset::Incident => &super::ALL,
        }
    }

    /// Returns how many rows a table has.
    #[must_use]
    pub fn rows(&self, table: Table) -> u64 {
        table.rows(self.scale)
    }

    /// Makes some rows of a table.
    #[must_use]
    pub fn batch(&self, table: Table, rows: Range<u64>) -> RecordBatch {
        table.batch(self.seed, self.scale, rows)
    }
}

/// Writes the one name of the sample that has every key, in order.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            dataset,
            scale,
            seed,
        } = self;
        write!(
            f,
            "{}{}?scale={scale}&seed={seed}",
            Self::SCHEME,
            dataset.name()
        )
    }
}

impl Dataset {
    /// Returns the dataset of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        (name == Self::Incident.name()).then_some(Self::Incident)
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
        }
    }
}

fn parse_scale(value: &str) -> Result<f64, SpecError> {
    let scale = value.parse().map_err(|_| SpecError::Scale)?;
    if scale > 0.0 && scale <= MAX_SCALE {
        Ok(scale)
    } else {
        Err(SpecError::Scale)
    }
}

fn set<T>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), SpecError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(SpecError::RepeatedKey { key }),
    }
}
