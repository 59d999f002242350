//! A pipeline file without its source: for verbs that work on what is published.

use std::path::{Path, PathBuf};

use pseudo_policy::Pipeline;

use crate::{Result, plan};

/// What a pipeline file says, and what its paths are relative to.
pub struct Policy {
    /// What the file says.
    pub pipeline: Pipeline,
    base: PathBuf,
}

impl Policy {
    /// Reads the pipeline file at `path`; placeholders need no values. Nothing else is opened.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) with every mistake of the file.
    pub fn read(path: &Path) -> Result<Self> {
        let pipeline = plan::pipeline(path)?;
        let base = plan::base(path).to_path_buf();
        Ok(Self { pipeline, base })
    }

    /// What its paths are relative to.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// The keyring's path.
    #[must_use]
    pub fn keyring(&self) -> PathBuf {
        self.base.join(&self.pipeline.keys.keyring)
    }

    /// The path of the identity file that opens the keyring, when the pipeline names one.
    #[must_use]
    pub fn identity(&self) -> Option<PathBuf> {
        let identity = self.pipeline.keys.identity.as_ref();
        identity.map(|identity| self.base.join(identity))
    }

    /// The directory of rows in quarantine, when the pipeline names one.
    #[must_use]
    pub fn quarantine(&self) -> Option<PathBuf> {
        let root = self.pipeline.quarantine.root.as_ref();
        root.map(|root| self.base.join(root))
    }
}
