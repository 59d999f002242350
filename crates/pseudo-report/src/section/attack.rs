//! What a thief could do with the run, as far as it was tried.

use pseudo_engine::risk::attack::{AttackReport, ViewAlone};

use crate::Report;
use crate::chart::{BARS_MAX, Bar, Chart, Tone};
use crate::document::{Block, Head, Line, Section, Table, name, text};
use crate::words::{number, percent, things};

pub(crate) fn section(report: &Report<'_>) -> Section {
    let blocks = match report.attack {
        Some(attack) => told(attack),
        None => vec![Block::Text(
            text("Nobody played the thief for this report; ")
                .name("pseudo attack")
                .text(" does."),
        )],
    };
    Section {
        id: "attack",
        title: "What a thief could do",
        blocks,
    }
}

fn told(attack: &AttackReport) -> Vec<Block> {
    let mut blocks = vec![Block::Lead(text(attack.sentence.as_str()))];
    blocks.push(Block::Text(text(match attack.with_source {
        true => "The thief had the published run and the raw source, and no key.",
        false => "The thief had the published run alone, and no key.",
    })));
    if let Some(chart) = alone(attack) {
        blocks.push(Block::Chart(chart));
    }
    blocks.push(Block::Table(singled_out(attack)));
    blocks.push(Block::Table(recovered(attack)));
    blocks.push(Block::Table(dictionaries(attack)));
    blocks.push(Block::Table(identified(attack)));
    blocks.push(Block::Table(counted(attack)));
    if attack.with_source {
        blocks.push(Block::Table(linked(attack)));
    }
    blocks.push(Block::Table(order(attack)));
    // a table that nothing is in says so
    for block in &mut blocks {
        if let Block::Table(table) = block
            && table.rows.is_empty()
        {
            let nothing = text(format!("{}: none.", table.caption));
            *block = Block::Text(nothing);
        }
    }
    if attack.unread_files > 0 {
        let files = things(attack.unread_files, "file", "files");
        blocks.push(Block::Text(text(format!(
            "{files} could not be looked into."
        ))));
    }
    blocks
}

/// Of the view that singles out most: how many people, by how many columns.
fn alone(attack: &AttackReport) -> Option<Chart> {
    let (view, _) = attack.worst()?;
    let bars = view.sets.iter().take(BARS_MAX).map(|set| {
        let label = format!(
            "{} ({})",
            number(set.alone),
            percent(set.alone, view.people)
        );
        // names of four columns would be cut to the same beginning
        let columns = things(set.columns.len() as u64, "column", "columns");
        Bar::new(
            &format!("by {columns}"),
            set.alone as f64,
            Tone::Alert,
            label,
        )
    });
    Some(Chart {
        id: "alone-chart",
        title: format!(
            "People who are alone with their values, of {}",
            number(view.people)
        ),
        description: "One bar a set of columns, as long as the number of people, of all of them. \
                      The numbers are in the table below."
            .to_owned(),
        bars: bars.collect(),
        full: Some(view.people as f64),
        note: None,
    })
}

fn table(caption: &str, heads: Vec<Head>, rows: Vec<Vec<Line>>) -> Table {
    Table {
        caption: caption.to_owned(),
        heads,
        rows,
        note: None,
    }
}

fn names(names: &[String]) -> Line {
    Line::default().names(names.iter().map(String::as_str))
}

fn place(table: &str, column: &str) -> Line {
    name(&format!("{table}.{column}"))
}

fn singled_out(attack: &AttackReport) -> Table {
    let rows = attack.singled_out.iter().flat_map(|view: &ViewAlone| {
        let left_out = view.left_out.iter().map(|reason| {
            vec![
                names(&view.tables),
                text(format!("not looked at: {reason}")),
                text("–"),
                text("–"),
                text("–"),
            ]
        });
        let sets = view.sets.iter().map(|set| {
            vec![
                names(&view.tables),
                names(&set.columns),
                text(number(set.alone)),
                text(number(view.people)),
                text(percent(set.alone, view.people)),
            ]
        });
        left_out.chain(sets).collect::<Vec<_>>()
    });
    let heads = vec![
        Head::Words("Tables"),
        Head::Long("By the columns"),
        Head::Number("Alone"),
        Head::Number("Of"),
        Head::Number("Share"),
    ];
    table("Who can be singled out", heads, rows.collect())
}

fn recovered(attack: &AttackReport) -> Table {
    let rows = attack.recovered.iter().map(|one| {
        vec![
            place(&one.table, &one.column),
            name(&one.hash),
            name(&one.dictionary),
            text(number(one.values)),
            text(number(one.of_values)),
            text(number(one.rows)),
            text(number(one.of_rows)),
        ]
    });
    let heads = vec![
        Head::Words("Column"),
        Head::Words("Hash"),
        Head::Words("Dictionary"),
        Head::Number("Values"),
        Head::Number("Of"),
        Head::Number("Rows"),
        Head::Number("Of"),
    ];
    table("Values that were recovered", heads, rows.collect())
}

fn dictionaries(attack: &AttackReport) -> Table {
    let rows = attack.dictionaries().into_iter().map(|tried| {
        let worst = tried.worst;
        vec![
            name(&worst.dictionary),
            text(number(tried.columns)),
            text(number(worst.candidates)),
            text(number(worst.tried)),
            text(number(tried.hits)),
            text(worst.missed.map(chance).unwrap_or_default()),
            place(&worst.table, &worst.column),
        ]
    });
    let heads = vec![
        Head::Words("Dictionary"),
        Head::Number("Columns"),
        Head::Number("Candidates"),
        Head::Number("Tried"),
        Head::Number("Hits"),
        Head::Number("Missed by, at most"),
        Head::Words("In"),
    ];
    table("Dictionaries that were tried", heads, rows.collect())
}

/// The chance that hashes without a key were missed.
fn chance(chance: f64) -> String {
    match chance {
        0.0 => "none".to_owned(),
        chance if chance < 0.0005 => "<0.1%".to_owned(),
        chance => format!("{:.1}%", chance * 100.0),
    }
}

fn identified(attack: &AttackReport) -> Table {
    let rows = attack.identified.iter().map(|one| {
        vec![
            name(&one.file),
            name(one.column.as_ref().unwrap_or(&one.place)),
            name(&one.kind),
            name(&one.certainty),
            text(number(one.values)),
            text(number(one.rows)),
        ]
    });
    let heads = vec![
        Head::Long("File"),
        Head::Words("Where"),
        Head::Words("Kind"),
        Head::Words("Certainty"),
        Head::Number("Values"),
        Head::Number("Rows"),
    ];
    table("Identifiers that stand in clear", heads, rows.collect())
}

fn counted(attack: &AttackReport) -> Table {
    let rows = attack.frequencies.iter().map(|one| {
        vec![
            place(&one.table, &one.column),
            text(number(one.values)),
            text(number(one.certain_values)),
            text(number(one.certain_rows)),
            text(number(one.rows)),
            text(percent(one.certain_rows, one.rows)),
        ]
    });
    let heads = vec![
        Head::Words("Column"),
        Head::Number("Values"),
        Head::Number("Certain values"),
        Head::Number("Certain rows"),
        Head::Number("Of rows"),
        Head::Number("Share"),
    ];
    table("What counts of pseudonyms tell", heads, rows.collect())
}

fn linked(attack: &AttackReport) -> Table {
    let rows = attack.linked.iter().flat_map(|one| {
        let left_out = one.left_out.iter().map(|reason| {
            vec![
                name(&one.table),
                text(format!("not looked at: {reason}")),
                text("–"),
                text("–"),
                text("–"),
            ]
        });
        let sets = one.sets.iter().map(|set| {
            vec![
                name(&one.table),
                names(&set.columns),
                text(number(set.linked)),
                text(number(one.rows)),
                text(percent(set.linked, one.rows)),
            ]
        });
        left_out.chain(sets).collect::<Vec<_>>()
    });
    let heads = vec![
        Head::Words("Table"),
        Head::Long("By the columns"),
        Head::Number("Linked"),
        Head::Number("Of rows"),
        Head::Number("Share"),
    ];
    table("Rows that were linked to the source", heads, rows.collect())
}

fn order(attack: &AttackReport) -> Table {
    let rows = attack.order.iter().map(|one| {
        let what = match &one.column {
            Some(column) => place(&one.table, column),
            None => name(&one.table).text(", against its source"),
        };
        vec![
            what,
            text(number(one.compared)),
            text(format!("{:+.3}", one.correlation)),
            text(format!("{:.3}", one.chance)),
            text(if one.tells { "yes" } else { "no" }),
        ]
    });
    let heads = vec![
        Head::Words("Column"),
        Head::Number("Compared"),
        Head::Number("Correlation"),
        Head::Number("By chance"),
        Head::Words("Tells something"),
    ];
    table("What the order of rows tells", heads, rows.collect())
}
