//! How far the rows single people out: the gates that the run was held to, and what was measured.

use std::cmp::Reverse;

use pseudo_engine::manifest::{ClassGate, Manifest};
use pseudo_engine::risk::{AssessedSet, Assessment, Origin, SetRisk, TableRisk, Unit, WarningKind};

use crate::Report;
use crate::chart::{BARS_MAX, Bar, Chart, Tone};
use crate::document::{Block, Head, Line, More, Section, Table, name, text};
use crate::words::{count, number, percent, share, things, visible};

/// With more tables than this, they are closed at first.
const OPEN_MAX: usize = 12;

pub(crate) fn section(report: &Report<'_>) -> Section {
    let mut blocks = gates(report.manifest);
    match report.assessment {
        Some(assessment) => blocks.extend(measured(assessment)),
        None => blocks.push(Block::Text(
            text("Nobody measured for this report how far the tables single people out; ")
                .name("pseudo assess")
                .text(" does."),
        )),
    }
    Section {
        id: "risk",
        title: "Who can be singled out",
        blocks,
    }
}

/// The set that says most about the run: of the sets that somebody chose, or that were proposed,
/// that of the table with the most people.
pub(crate) fn headline(assessment: &Assessment) -> Option<(&TableRisk, &SetRisk)> {
    let chosen = assessment.tables.iter().filter_map(|table| {
        let sets = table.sets.iter().filter(|set| set.risk.members > 0);
        let set = sets.min_by_key(|set| set.origin)?;
        Some((table, set))
    });
    let best = chosen.min_by_key(|(_, set)| {
        let all = set.origin == Origin::All;
        (all, set.risk.unit == Unit::Rows, Reverse(set.risk.members))
    });
    best.map(|(table, set)| (table, &set.risk))
}

/// What the headline says, in a sentence.
pub(crate) fn sentence(assessment: &Assessment) -> Option<Line> {
    let (table, set) = headline(assessment)?;
    let alone = match set.unique {
        0 => "nobody is".to_owned(),
        1 => "1 is".to_owned(),
        some => format!("{} are", number(some)),
    };
    let told = text("In table ")
        .name(&table.table)
        .text(format!(", {alone} alone with the values of "));
    let told = told.names(set.quasi_identifiers.iter().map(String::as_str));
    Some(told.text(format!(
        ", {} of {}; the smallest class has {}, and {} are in classes of fewer than {}.",
        percent(set.unique, set.members),
        members(set, set.members),
        members(set, set.k),
        percent(set.below, set.members),
        number(set.k_wanted),
    )))
}

fn members(set: &SetRisk, how_many: u64) -> String {
    match set.unit {
        Unit::Rows => things(how_many, "row", "rows"),
        Unit::Subjects => things(how_many, "subject", "subjects"),
    }
}

fn gates(manifest: &Manifest) -> Vec<Block> {
    let held = manifest.tables.iter();
    let held = held.filter_map(|table| Some((table.table.as_str(), table.classes.as_ref()?)));
    let rows: Vec<_> = held.map(|(table, gate)| gate_row(table, gate)).collect();
    if rows.is_empty() {
        return vec![Block::Text(text(
            "The pipeline has no gates for this: a run is published whatever its classes are.",
        ))];
    }
    vec![
        Block::Text(text(
            "A class is made of all who show the same values. The pipeline does not publish a \
             table whose classes are smaller than its gates ask for.",
        )),
        Block::Table(Table {
            caption: "Gates, and what was counted before publication".to_owned(),
            heads: vec![
                Head::Words("Table"),
                Head::Long("Columns that may be known of somebody"),
                Head::Number("k asked"),
                Head::Number("Smallest class"),
                Head::Number("In classes below k"),
                Head::Number("Allowed below k"),
                Head::Long("Sensitive columns"),
                Head::Words("Gate"),
            ],
            rows,
            note: None,
        }),
    ]
}

fn gate_row(table: &str, gate: &ClassGate) -> Vec<Line> {
    let set = &gate.found;
    let holds = gate.faults(table).is_empty();
    let mut sensitive = text("");
    for (at, risk) in set.sensitive.iter().enumerate() {
        let asked = |asked: Option<String>| asked.map_or(String::new(), |a| format!(" of {a}"));
        sensitive = sensitive
            .text(if at > 0 { "; " } else { "" })
            .name(&risk.column);
        sensitive = sensitive.text(format!(
            ": l {}{}, t {:.3}{}",
            number(risk.l_distinct),
            asked(gate.l.map(number)),
            risk.t,
            asked(gate.t.map(|t| format!("{t:.3}"))),
        ));
    }
    vec![
        name(table),
        Line::default().names(set.quasi_identifiers.iter().map(String::as_str)),
        text(number(gate.k)),
        text(number(set.k)),
        text(format!(
            "{} ({})",
            number(set.below),
            percent(set.below, set.members)
        )),
        text(share(gate.below_rate)),
        sensitive,
        text(if holds { "holds" } else { "does not hold" }),
    ]
}

fn measured(assessment: &Assessment) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some((table, set)) = headline(assessment) {
        blocks.extend(sentence(assessment).map(Block::Lead));
        blocks.push(Block::Chart(sizes(&table.table, set)));
        blocks.push(Block::Table(size_table(&table.table, set)));
        blocks.push(Block::Chart(attackers(&table.table, set)));
        blocks.push(Block::Table(attacker_table(assessment)));
        blocks.push(Block::Text(text(
            "The prosecutor knows that a certain person is in the table; the journalist does not, \
             and is at a disadvantage where the population is known to be larger; the marketer \
             links all records and counts how many are right.",
        )));
    }
    blocks.push(Block::Table(sets(assessment)));
    blocks.extend(warnings(assessment));
    blocks.extend(frequencies(assessment));
    let open = assessment.tables.len() <= OPEN_MAX;
    blocks.extend(assessment.tables.iter().map(|table| {
        Block::More(More {
            title: text("Columns of ").name(&table.table).text(" one by one"),
            open: false,
            printed: open,
            blocks: by_column(table),
        })
    }));
    blocks
}

fn sizes(table: &str, set: &SetRisk) -> Chart {
    let bars = set.sizes.iter().map(|band| {
        let tone = match band.to < set.k_wanted {
            true => Tone::Alert,
            false => Tone::Main,
        };
        let label = format!(
            "{} ({})",
            number(band.members),
            percent(band.members, set.members)
        );
        Bar::new(
            &band_name(band.from, band.to),
            band.members as f64,
            tone,
            label,
        )
    });
    Chart {
        id: "sizes-chart",
        title: format!(
            "{} of {} by the size of their class",
            match set.unit {
                Unit::Rows => "Rows",
                Unit::Subjects => "Subjects",
            },
            visible(table)
        ),
        description: format!(
            "One bar a size of class, as long as the number of those in such classes; classes of \
             fewer than {} are in the colour of warnings. The numbers are in the table below.",
            number(set.k_wanted)
        ),
        bars: bars.collect(),
        full: None,
        note: Some(format!(
            "Who is in a class of 1 is alone with the values. Classes below {} are too small.",
            number(set.k_wanted)
        )),
    }
}

fn band_name(from: u64, to: u64) -> String {
    match (from, to) {
        (from, to) if from == to => format!("class of {}", number(from)),
        (from, u64::MAX) => format!("{} or more", number(from)),
        (from, to) => format!("{} to {}", number(from), number(to)),
    }
}

fn size_table(table: &str, set: &SetRisk) -> Table {
    let rows = set.sizes.iter().map(|band| {
        vec![
            text(band_name(band.from, band.to)),
            text(number(band.classes)),
            text(number(band.members)),
            text(percent(band.members, set.members)),
        ]
    });
    Table {
        caption: format!("Classes of {} by size", visible(table)),
        heads: vec![
            Head::Words("Size"),
            Head::Number("Classes"),
            Head::Number("Members"),
            Head::Number("Share"),
        ],
        rows: rows.collect(),
        note: None,
    }
}

fn attackers(table: &str, set: &SetRisk) -> Chart {
    let risks = &set.risks;
    let bar = |name: &str, risk: f64, tone| Bar::new(name, risk, tone, share(risk));
    Chart {
        id: "attackers-chart",
        title: format!(
            "Chance to link a record of {} to the right person",
            visible(table)
        ),
        description: "One bar an attacker, as long as the chance, of 100%. The numbers are in the \
                      table below."
            .to_owned(),
        bars: vec![
            bar(
                "Prosecutor, worst record",
                risks.prosecutor.highest,
                Tone::Alert,
            ),
            bar(
                "Prosecutor, on average",
                risks.prosecutor.average,
                Tone::Main,
            ),
            bar(
                "Journalist, worst record",
                risks.journalist.highest,
                Tone::Alert,
            ),
            bar(
                "Journalist, on average",
                risks.journalist.average,
                Tone::Main,
            ),
            bar("Marketer", risks.marketer, Tone::Main),
        ],
        full: Some(1.0),
        note: None,
    }
}

/// All sets that were asked about, with their tables.
fn all(assessment: &Assessment) -> impl Iterator<Item = (&str, &AssessedSet)> {
    let tables = assessment.tables.iter();
    tables.flat_map(|table| table.sets.iter().map(|set| (table.table.as_str(), set)))
}

fn attacker_table(assessment: &Assessment) -> Table {
    let rows = all(assessment).map(|(table, set)| {
        let risks = &set.risk.risks;
        let shares = [
            risks.prosecutor.highest,
            risks.prosecutor.average,
            risks.prosecutor.at_risk,
            risks.journalist.highest,
            risks.journalist.average,
            risks.journalist.at_risk,
            risks.marketer,
        ];
        let mut cells = vec![name(table), columns(set)];
        cells.extend(shares.map(|risk| text(share(risk))));
        cells
    });
    Table {
        caption: "Chances of three attackers".to_owned(),
        heads: vec![
            Head::Words("Table"),
            Head::Long("Columns"),
            Head::Number("Prosecutor, highest"),
            Head::Number("Average"),
            Head::Number("Records at risk"),
            Head::Number("Journalist, highest"),
            Head::Number("Average"),
            Head::Number("Records at risk"),
            Head::Number("Marketer"),
        ],
        rows: rows.collect(),
        note: Some(format!(
            "At risk is a record with a chance above 1 in {}.",
            number(assessment.k_wanted)
        )),
    }
}

fn columns(set: &AssessedSet) -> Line {
    if set.origin == Origin::All {
        return text("all columns that show values");
    }
    let names = set.risk.quasi_identifiers.iter().map(String::as_str);
    Line::default().names(names)
}

fn sets(assessment: &Assessment) -> Table {
    let rows = all(assessment).map(|(table, set)| {
        let risk = &set.risk;
        let origin = match set.origin {
            Origin::Declared => "the pipeline",
            Origin::Given => "who asked",
            Origin::Proposed => "proposed",
            Origin::All => "worst case",
        };
        vec![
            name(table),
            columns(set),
            text(origin),
            text(members(risk, risk.members)),
            text(number(risk.classes)),
            text(number(risk.k)),
            text(number(risk.unique)),
            text(percent(risk.unique, risk.members)),
            text(number(risk.below)),
            text(percent(risk.below, risk.members)),
        ]
    });
    Table {
        caption: "Classes by set of columns".to_owned(),
        heads: vec![
            Head::Words("Table"),
            Head::Long("Columns"),
            Head::Words("Chosen by"),
            Head::Number("Members"),
            Head::Number("Classes"),
            Head::Number("Smallest"),
            Head::Number("Alone"),
            Head::Number("Share"),
            Head::Number("Below k"),
            Head::Number("Share"),
        ],
        rows: rows.collect(),
        note: None,
    }
}

fn warnings(assessment: &Assessment) -> Option<Block> {
    let rows: Vec<_> = assessment
        .warnings
        .iter()
        .map(|warning| {
            let kind = match warning.kind {
                WarningKind::SmallClasses => "small classes",
                WarningKind::SharedValue => "a class shares a value",
                WarningKind::SkewedPseudonym => "counting reads pseudonyms",
                WarningKind::PartBesidePseudonym => "a part beside its pseudonym",
                WarningKind::FineValue => "a value nearly a row's own",
                WarningKind::SealLength => "length of seals",
                WarningKind::RareValue => "rare values",
                WarningKind::FewSubjects => "few subjects",
            };
            vec![
                name(&warning.table),
                text(kind),
                text(warning.text.as_str()),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            caption: "What should be looked at".to_owned(),
            heads: vec![Head::Words("Table"), Head::Words("What"), Head::Long("Why")],
            rows,
            note: None,
        })
    })
}

/// What counting tells of pseudonyms, by column; none where there are no pseudonyms.
fn frequencies(assessment: &Assessment) -> Option<Block> {
    let mut found: Vec<_> = assessment
        .tables
        .iter()
        .flat_map(|table| {
            let columns = table.columns.iter();
            columns.filter_map(|column| {
                let place = format!("{}.{}", table.table, column.column);
                Some((place, column.frequency?.rows))
            })
        })
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let more = found.len().saturating_sub(BARS_MAX);
    let shown = found.iter().take(BARS_MAX);
    let bars: Vec<Bar> = shown
        .map(|(place, rows)| Bar::new(place, *rows, Tone::Main, share(*rows)))
        .collect();
    (!bars.is_empty()).then(|| {
        Block::Chart(Chart {
            id: "frequency-chart",
            title: "Rows that counting gives away, by column of pseudonyms".to_owned(),
            description: "One bar a column, as long as the share of rows, of 100%, that somebody \
                          reads who knows how often every value occurs. The numbers are in the \
                          tables below."
                .to_owned(),
            bars,
            full: Some(1.0),
            note: Some(match more {
                0 => {
                    "Of somebody who knows to the row how often every value occurs: the worst case."
                        .to_owned()
                }
                more => format!(
                    "The {BARS_MAX} columns with the largest share; {} more in the tables.",
                    count(more)
                ),
            }),
        })
    })
}

fn by_column(table: &TableRisk) -> Vec<Block> {
    let rows = table.columns.iter().map(|column| {
        let rate = |rate: Option<f64>| text(rate.map_or("–".to_owned(), share));
        let lengths = column.lengths.map_or("–".to_owned(), |lengths| {
            let (all, alone) = (number(lengths.lengths), number(lengths.unique));
            format!("{all}, {alone} rows alone")
        });
        vec![
            name(&column.column),
            text(super::columns::class(column.class)),
            text(number(column.distinct)),
            text(number(column.unique)),
            text(number(column.top)),
            text(format!("{:.1}", column.entropy)),
            text(format!("{:.1}", column.min_entropy)),
            rate(column.frequency.map(|frequency| frequency.rows)),
            text(lengths),
        ]
    });
    let mut blocks = vec![Block::Table(Table {
        caption: format!("Columns of {} by themselves", visible(&table.table)),
        heads: vec![
            Head::Words("Column"),
            Head::Words("Class"),
            Head::Number("Distinct"),
            Head::Number("Rows alone"),
            Head::Number("Rows of the commonest"),
            Head::Number("Entropy, bits"),
            Head::Number("Min-entropy, bits"),
            Head::Number("Read by counting"),
            Head::Number("Lengths of seals"),
        ],
        rows: rows.collect(),
        note: None,
    })];
    let sensitive = table.sets.iter().flat_map(|set| {
        let risks = set.risk.sensitive.iter();
        risks.map(move |risk| {
            vec![
                name(&risk.column),
                columns(set),
                text(number(risk.l_distinct)),
                text(format!("{:.2}", risk.l_entropy)),
                text(format!("{:.3}", risk.t)),
                text(number(risk.disclosed)),
            ]
        })
    });
    let sensitive: Vec<_> = sensitive.collect();
    if !sensitive.is_empty() {
        blocks.push(Block::Table(Table {
            caption: format!("What classes of {} tell", visible(&table.table)),
            heads: vec![
                Head::Words("Sensitive column"),
                Head::Long("In classes of"),
                Head::Number("l, distinct"),
                Head::Number("l, entropy"),
                Head::Number("t"),
                Head::Number("Known without being alone"),
            ],
            rows: sensitive,
            note: None,
        }));
    }
    blocks
}
