//! The anchor: how long a log is and how it ends, in a file that is replaced as a whole.

use std::io::ErrorKind;
use std::path::Path;

use pseudo_token::Encoding;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::line::{self, Seal};
use super::{Fault, Place};
use crate::disk::Disk;
use crate::source::hex;
use crate::{Error, Result};

pub(super) struct Anchor {
    pub(super) lines: u64,
    pub(super) head: [u8; 32],
    /// The line that was about to be appended.
    pub(super) pending: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    format: String,
    key: u32,
    lines: u64,
    head: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
}

impl Anchor {
    /// The anchor of a log that is as it should be.
    pub(super) fn settled(chain: &Chain) -> Self {
        Self {
            lines: chain.lines(),
            head: chain.head(),
            pending: None,
        }
    }

    /// The anchor of a log that `line` is about to be appended to.
    pub(super) fn pending(chain: &Chain, line: &str) -> Self {
        let pending = Some(line.to_owned());
        Self {
            pending,
            ..Self::settled(chain)
        }
    }

    /// Reads it; there is none before the first line.
    pub(super) fn read(seal: &Seal<'_>, place: &Place) -> Result<Option<Self>> {
        let path = &place.anchor;
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path)(error)),
        };
        let anchor = text.strip_suffix(b"\n").and_then(|line| open(seal, line));
        anchor.map(Some).ok_or_else(|| damaged(path))
    }

    /// Replaces it, and waits until it is on the disk.
    pub(super) fn write(&self, seal: &Seal<'_>, place: &Place, disk: &Disk) -> Result<()> {
        let body = Body {
            format: FORMAT.to_owned(),
            key: seal.epoch.0,
            lines: self.lines,
            head: hex(&self.head),
            pending: self.pending.clone(),
        };
        let body = serde_json::to_string(&body)
            .map_err(|_| Error::Internal("an anchor that is no JSON".to_owned()))?;
        let (mut text, _) = seal.close(line::ANCHOR, &body);
        text.push('\n');
        disk.replace(&place.anchor, text.as_bytes(), MODE)?;
        disk.sync_name(&place.anchor)
    }
}

fn open(seal: &Seal<'_>, line: &[u8]) -> Option<Anchor> {
    let (body, _) = seal.open(line::ANCHOR, line)?;
    let body: Body = serde_json::from_str(&body).ok()?;
    let head = Encoding::Hex.decode(&body.head).ok()?.try_into().ok()?;
    (body.format == FORMAT && body.key == seal.epoch.0).then_some(Anchor {
        lines: body.lines,
        head,
        pending: body.pending,
    })
}

fn damaged(path: &Path) -> Error {
    Error::Audit(Fault {
        file: path.to_path_buf(),
        line: None,
        what: "was changed after it was written, or with another key",
    })
}

const FORMAT: &str = "pseudo-audit-anchor/1";
const MODE: u32 = 0o600;
