//! Keys by what may be said of them, who can open what, and where a run came from.

use std::collections::BTreeMap;

use pseudo_engine::manifest::{Manifest, RekeyManifest};

use crate::Report;
use crate::document::{Block, Fact, Head, Section, Table, fact, name, text};
use crate::words::{number, time};

pub(crate) fn section(report: &Report<'_>) -> Section {
    let manifest = report.manifest;
    let mut blocks = vec![Block::Facts(facts(manifest))];
    if let Some(rekey) = &manifest.rekey {
        blocks.extend(rekeyed(rekey));
    }
    if !manifest.origins.is_empty() {
        let rows = manifest.origins.iter().map(|origin| {
            vec![
                name(&origin.run_id),
                name(&origin.verb),
                text(time(&origin.at)),
                name(&origin.reason),
            ]
        });
        blocks.push(Block::Table(Table {
            caption: "Runs that this one was made from without the source".to_owned(),
            heads: vec![
                Head::Words("Run"),
                Head::Words("By"),
                Head::Words("When"),
                Head::Long("Reason given"),
            ],
            rows: rows.collect(),
            note: None,
        }));
    }
    Section {
        id: "keys",
        title: "Keys and who can open what",
        blocks,
    }
}

fn facts(manifest: &Manifest) -> Vec<Fact> {
    let recipe = &manifest.recipe;
    let mut facts = vec![
        fact(
            "Pseudonymisation domain",
            name(&recipe.domain).text(": pseudonyms of another domain cannot be joined with these"),
        ),
        fact("Key epoch", text(recipe.epoch.to_string())),
        fact(
            "Key check value",
            name(&recipe.key_check_value).text(": names the secret and tells nothing of it"),
        ),
        fact("Pipeline, SHA-256", name(&recipe.pipeline_hash)),
    ];
    if let Some(kept) = &recipe.quarantine {
        facts.push(fact(
            "Rows in quarantine",
            text("sealed to ")
                .name(&kept.recipient)
                .text(", kept in ")
                .name(&kept.root),
        ));
    }
    for (recipient, (columns, pairs)) in sealed(manifest) {
        facts.push(fact(
            "Sealed originals",
            text("of ")
                .names(columns.iter().map(String::as_str))
                .text(format!(", {} pairs, for ", number(pairs)))
                .name(recipient),
        ));
    }
    facts.push(fact(
        "Forgotten subjects",
        match &manifest.tombstones {
            Some(digest) => text("left out by the list with SHA-256 ").name(digest),
            None => text("none"),
        },
    ));
    facts
}

/// By recipient, the columns whose originals are sealed to it, and how many pairs.
fn sealed(manifest: &Manifest) -> BTreeMap<&str, (Vec<String>, u64)> {
    let mut all: BTreeMap<&str, (Vec<String>, u64)> = BTreeMap::new();
    for table in &manifest.tables {
        for file in table.outputs.iter().flat_map(|output| &output.escrow) {
            let (columns, pairs) = all.entry(file.recipient.as_str()).or_default();
            let column = format!("{}.{}", table.table, file.column);
            if !columns.contains(&column) {
                columns.push(column);
            }
            *pairs = pairs.saturating_add(file.pairs);
        }
    }
    all
}

fn rekeyed(rekey: &RekeyManifest) -> Vec<Block> {
    let mut facts = vec![fact(
        "Turned from another epoch",
        text(format!("{}, check value ", rekey.from))
            .name(&rekey.from_key_check_value)
            .text(format!(", to {}; {} rows", rekey.to, number(rekey.rows))),
    )];
    if let Some(bridge) = &rekey.bridge {
        facts.push(fact(
            "Old and new pseudonyms",
            text(format!("{} pairs, sealed to ", number(bridge.lines)))
                .name(&bridge.recipient)
                .text(", in ")
                .name(&bridge.path)
                .text(", SHA-256 ")
                .name(&bridge.sha256),
        ));
    }
    let rows = rekey.joins.iter().map(|join| {
        vec![
            name(&join.identity),
            name(&join.rule),
            text(number(join.cells)),
            text(number(join.before)),
            text(number(join.after)),
            text(number(join.one_in)),
        ]
    });
    let joins = Table {
        caption: "Joins before and after the switch of epochs".to_owned(),
        heads: vec![
            Head::Words("Identity"),
            Head::Long("Rule"),
            Head::Number("Cells"),
            Head::Number("Distinct before"),
            Head::Number("Distinct after"),
            Head::Number("One looked at in"),
        ],
        rows: rows.collect(),
        note: None,
    };
    vec![Block::Facts(facts), Block::Table(joins)]
}
