//! What a report says, one file a topic, in the order in which it is read.

mod attack;
mod changes;
mod columns;
mod evidence;
mod gate;
mod keys;
mod limits;
mod risk;
mod rows;
pub(crate) mod summary;

use pseudo_engine::Result;

use crate::Report;
use crate::document::{Document, Section, fact, name, text};
use crate::words::time;

/// The whole report.
pub(crate) fn document(report: &Report<'_>) -> Result<Document> {
    let manifest = report.manifest;
    let recipe = &manifest.recipe;
    let facts = vec![
        fact("Run", name(&manifest.run_id)),
        fact("Published", text(time(&manifest.finished))),
        fact("Started", text(time(&manifest.started))),
        fact("Domain", name(&recipe.domain)),
        fact(
            "Key",
            text(format!("epoch {}, check value ", recipe.epoch)).name(&recipe.key_check_value),
        ),
        fact(
            "Program",
            text(format!(
                "pseudo {}, Unicode {}",
                recipe.tool_version, recipe.unicode_version
            )),
        ),
    ];
    let notice = text("").strong("Pseudonymised, and still personal data.").text(
        " Whoever holds the keyring can link these tables to people again, and what they show can \
         still single somebody out: access, purpose and retention are those of personal data.",
    );
    let sections: Vec<Section> = vec![
        summary::section(report),
        changes::section(report),
        rows::section(report),
        columns::section(report),
        gate::section(report),
        risk::section(report),
        attack::section(report),
        keys::section(report),
        evidence::section(report)?,
        limits::section(report),
    ];
    let foot = text("Made from ")
        .name("manifest.json")
        .text(" of this run, SHA-256 ")
        .name(&report.digest()?)
        .text(". It holds counts and names, and no value of the data.");
    Ok(Document {
        title: recipe.pipeline.clone(),
        facts,
        notice,
        sections,
        foot,
    })
}
