//! A log against its key and its anchor: every line is authentic, has its number, and follows the
//! one before; the last one is the anchor's.

use memchr::memchr;

use super::anchor::Anchor;
use super::line::{self, Body, Entry, Outcome, Seal};
use super::{Fault, Noted, Place};
use crate::source::hex;
use crate::{Error, Result};

/// A log that is as it was written.
pub(super) struct Chain {
    /// The MAC of each line.
    macs: Vec<[u8; 32]>,
    allowed: u64,
    refused: u64,
    pending: Option<Pending>,
}

/// A line that a writer was stopped at.
struct Pending {
    mac: [u8; 32],
    /// What of it is not in the log.
    rest: Vec<u8>,
}

/// A line to be appended.
pub(super) struct Next {
    pub(super) text: String,
    pub(super) mac: [u8; 32],
}

/// What was proved of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many lines it has.
    pub lines: u64,
    /// How many say that values were shown.
    pub allowed: u64,
    /// How many say that none was.
    pub refused: u64,
    /// The MAC of the last line, in hexadecimal.
    pub head: String,
    /// Whether a writer was stopped at one more line, which the next one finishes.
    pub pending: bool,
    /// How many lines the logs of faults have.
    pub faults: u64,
}

impl Chain {
    /// Proves a log against its anchor, the line that is about to be appended included.
    pub(super) fn prove(
        seal: &Seal<'_>,
        place: &Place,
        log: &[u8],
        anchor: Option<&Anchor>,
    ) -> Result<Self, Fault> {
        let mut chain = Self {
            macs: Vec::new(),
            allowed: 0,
            refused: 0,
            pending: None,
        };
        let Some(anchor) = anchor else {
            let unanchored = || place.fault(None, "has no anchor, which is beside the keys");
            return log.is_empty().then_some(chain).ok_or_else(unanchored);
        };
        let mut rest = log;
        while chain.lines() < anchor.lines {
            let fault = |what| place.fault(Some(chain.lines() + 1), what);
            let end = memchr(b'\n', rest);
            let (line, tail) = match end.and_then(|end| rest.split_at_checked(end)) {
                Some((line, tail)) => (line, tail.get(1..).unwrap_or_default()),
                None if rest.is_empty() => return Err(fault("is gone, and all behind it")),
                None => return Err(fault("is cut off, or was changed after it was written")),
            };
            let (entry, mac) = chain.open(seal, line).map_err(fault)?;
            chain.count(&entry);
            chain.add(mac);
            rest = tail;
        }
        if chain.head() != anchor.head {
            return Err(place.fault(Some(chain.lines()), "is not the one that the anchor knows"));
        }
        chain.pending = chain.tail(seal, rest, anchor).map_err(|what| {
            let line = Some(chain.lines() + 1);
            place.fault(line, what)
        })?;
        Ok(chain)
    }

    /// What stands behind the lines that the anchor counts: nothing, or a part of what is pending.
    fn tail(
        &self,
        seal: &Seal<'_>,
        tail: &[u8],
        anchor: &Anchor,
    ) -> Result<Option<Pending>, &'static str> {
        let Some(line) = &anchor.pending else {
            let fault = "stands behind the last one that the anchor knows";
            return tail.is_empty().then_some(None).ok_or(fault);
        };
        let (_, mac) = self.open(seal, line.as_bytes())?;
        let whole = format!("{line}\n");
        let rest = whole.as_bytes().strip_prefix(tail);
        let rest = rest.ok_or("is not the one that the anchor has pending")?;
        let rest = rest.to_vec();
        Ok(Some(Pending { mac, rest }))
    }

    /// The line that has to come next.
    fn open(&self, seal: &Seal<'_>, line: &[u8]) -> Result<(Entry, [u8; 32]), &'static str> {
        let (body, mac) = seal
            .open(line::LINE, line)
            .ok_or("was changed after it was written, or with another key")?;
        let body: Body<Entry> =
            serde_json::from_str(&body).map_err(|_| "is of a later version of this program")?;
        if body.n != self.lines() + 1 {
            return Err("is another line of the log, out of its place");
        }
        if body.previous != hex(&self.head()) || body.key != seal.epoch.0 {
            return Err("does not follow the line before: it is of another log");
        }
        Ok((body.entry, mac))
    }

    /// The line that says `entry`.
    pub(super) fn next(&self, seal: &Seal<'_>, entry: &Entry) -> Result<Next> {
        let body = Body {
            n: self.lines() + 1,
            key: seal.epoch.0,
            entry,
            previous: hex(&self.head()),
        };
        let body = serde_json::to_string(&body)
            .map_err(|_| Error::Internal("an audit line that is no JSON".to_owned()))?;
        let (text, mac) = seal.close(line::LINE, &body);
        Ok(Next { text, mac })
    }

    /// Counts what is pending as a line of the log, and answers what of it has to be appended.
    pub(super) fn finish(&mut self) -> Option<Vec<u8>> {
        let Pending { mac, rest } = self.pending.take()?;
        self.add(mac);
        Some(rest)
    }

    pub(super) fn add(&mut self, mac: [u8; 32]) {
        self.macs.push(mac);
    }

    pub(super) fn lines(&self) -> u64 {
        self.macs.len() as u64
    }

    /// The MAC of the last line.
    pub(super) fn head(&self) -> [u8; 32] {
        self.macs.last().copied().unwrap_or_default()
    }

    /// What was proved, if every noted line is among it.
    pub(super) fn proof(&self, place: &Place, noted: &[Noted]) -> Result<Proof> {
        for Noted { line, mac } in noted {
            let at = usize::try_from(line.wrapping_sub(1)).unwrap_or(usize::MAX);
            let found = self.macs.get(at).map(|found| hex(found));
            if !found.is_some_and(|found| found.starts_with(mac.as_str())) {
                let fault = place.fault(Some(*line), "is not the one that was noted");
                return Err(Error::Audit(fault));
            }
        }
        Ok(Proof {
            lines: self.lines(),
            allowed: self.allowed,
            refused: self.refused,
            head: hex(&self.head()),
            pending: self.pending.is_some(),
            faults: 0,
        })
    }

    fn count(&mut self, entry: &Entry) {
        match entry.outcome {
            Outcome::Allowed => self.allowed += 1,
            Outcome::Refused => self.refused += 1,
        }
    }
}
