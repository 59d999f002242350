//! The bridge: which new pseudonym stands for which old one, for whoever has to carry what was
//! keyed by old ones across the switch. It is an age file in the run's hidden directory, so that it
//! is published with the run or not at all; what is in it is NDJSON,
//!
//! ```json
//! {"identity":"phone","rule":"token phone, base32, 128 bits","old":"…","new":"…"}
//! ```

use std::io::{self, Write};
use std::path::PathBuf;

use pseudo_keyring::{Recipient, Sealer};

use super::DIRECTORY;
use crate::manifest::BridgeManifest;
use crate::staging::{Staged, StagedFile, Staging};
use crate::{Error, Result};

/// A bridge that is being written.
pub(super) struct Bridge {
    path: PathBuf,
    recipient: String,
    sealer: Sealer<StagedFile>,
    lines: u64,
}

impl Bridge {
    pub(super) fn begin(staging: &Staging, recipient: &Recipient) -> Result<Self> {
        staging.create_dir(DIRECTORY)?;
        let name = format!("{DIRECTORY}/bridge");
        let path = staging.path().join(&name);
        let file = staging.create_file(&name)?;
        let sealer = recipient.seal(file).map_err(Error::io("write", &path))?;
        Ok(Self {
            path,
            recipient: recipient.to_string(),
            sealer,
            lines: 0,
        })
    }

    /// Adds a pair of an identity and a rule.
    pub(super) fn add(&mut self, identity: &str, rule: &str, old: &str, new: &str) -> Result<()> {
        self.lines += 1;
        let written = self.write([identity, rule, old, new]);
        written.map_err(Error::io("write", &self.path))
    }

    fn write(&mut self, texts: [&str; 4]) -> io::Result<()> {
        for (lead, text) in LEADS.into_iter().zip(texts) {
            self.sealer.write_all(lead)?;
            serde_json::to_writer(&mut self.sealer, text)?;
        }
        self.sealer.write_all(b"}\n")
    }

    pub(super) fn finish(self, staging: &Staging) -> Result<BridgeManifest> {
        let file = self.sealer.finish();
        let file = file.map_err(Error::io("write", &self.path))?;
        let Staged {
            file,
            bytes,
            sha256,
        } = file.finish()?;
        let short = sha256.get(..8).unwrap_or_default();
        let path = format!("{DIRECTORY}/bridge-{short}.age");
        staging.name(file, &path)?;
        Ok(BridgeManifest {
            recipient: self.recipient,
            path,
            bytes,
            sha256,
            lines: self.lines,
        })
    }
}

const LEADS: [&[u8]; 4] = [b"{\"identity\":", b",\"rule\":", b",\"old\":", b",\"new\":"];
