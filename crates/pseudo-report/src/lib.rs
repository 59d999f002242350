//! What a run came to, for people who answer for it: one page that opens anywhere, Markdown, and
//! JSON for machines, from the manifest and what was measured of its output.
//!
//! Invariants: no value of data, no clock and no network; every text that came from a file or a
//! pipeline is escaped where it is written; equal inputs give equal bytes; the words claim no more
//! than pseudonymisation.
//!
//! Reading order: [`Report`] says what is told of; `section` what is told, one file a topic, in the
//! terms of `document`; `changes` what is other than in the run before, `treatment` what became of
//! a column; `html`, of `node`s, and `markdown` write a document,
//! `chart` draws, `words` says numbers.

mod changes;
mod chart;
mod document;
mod html;
mod markdown;
mod node;
mod section;
mod treatment;
mod words;

use std::path::Path;

use pseudo_engine::manifest::Manifest;
use pseudo_engine::risk::Assessment;
use pseudo_engine::risk::attack::AttackReport;
use pseudo_engine::{Error, Result};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::document::Document;

/// The format of the JSON.
pub const FORMAT: &str = "pseudo-report/1";

/// What is told of.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The directory that the run is published in, for the commands that prove it.
    pub sink: &'a Path,
    /// The run.
    pub manifest: &'a Manifest,
    /// The run that it is compared with: the one that was current before it.
    pub previous: Option<&'a Manifest>,
    /// What was measured of the run.
    pub assessment: Option<&'a Assessment>,
    /// What an attack on the run came to.
    pub attack: Option<&'a AttackReport>,
}

impl Report<'_> {
    /// The report as a page that needs no other file, no script and no network.
    ///
    /// # Errors
    /// [`Error::Internal`] when a chart cannot be drawn.
    pub fn html(&self) -> Result<String> {
        html::page(&self.document()?)
    }

    /// The report as Markdown, with the tables of the page in place of its charts.
    ///
    /// # Errors
    /// [`Error::Internal`] when the manifest cannot be written.
    pub fn markdown(&self) -> Result<String> {
        Ok(markdown::text(&self.document()?))
    }

    /// The report as JSON: the verdict, what changed, and all that it was made from.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be written.
    pub fn json(&self) -> Result<String> {
        let verdict: Vec<_> = section::summary::verdict(self)
            .iter()
            .map(document::Line::plain)
            .collect();
        let report = json!({
            "format": FORMAT,
            "verdict": verdict,
            "manifest_sha256": self.digest()?,
            "columns": treatment::Totals::of(self.manifest),
            "changes": self.changes(),
            "assessment": self.assessment,
            "attack": self.attack,
            "manifest": self.manifest,
        });
        let text = serde_json::to_string_pretty(&report)
            .map_err(|_| Error::Internal("a report that is not JSON".to_owned()))?;
        // in JSON these stand in strings alone; a page that takes the text in finds no tag in it
        let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
        Ok(text.replace('&', "\\u0026") + "\n")
    }

    fn document(&self) -> Result<Document> {
        section::document(self)
    }

    fn changes(&self) -> Option<changes::Changes> {
        let previous = self.previous?;
        Some(changes::Changes::between(previous, self.manifest))
    }

    /// SHA-256, in hex, of the manifest's file.
    fn digest(&self) -> Result<String> {
        let digest = Sha256::digest(self.manifest.to_json()?);
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
