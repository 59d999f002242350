//! What a trace found, as a person reads it and as a machine does.

use std::collections::BTreeSet;
use std::fmt::Write;

use pseudo_engine::trace::{Attribution, Class, TraceReport, TracedColumn, TracedRun};
use serde_json::{Value, json};

use crate::table::{Table, thousands};

pub(super) fn as_text(report: &TraceReport) -> String {
    let mut text = format!("{}\n", columns(report));
    if !report.runs.is_empty() {
        let _ = writeln!(text, "{}", runs(report));
    }
    if report.conflicts > 0 {
        let _ = writeln!(
            text,
            "IMPOSSIBLE: {} pseudonyms were made by two keys; believe nothing of this before it \
             is explained\n",
            thousands(report.conflicts)
        );
    }
    let _ = writeln!(text, "{}", in_words(report));
    if let Some(list) = &report.list {
        let (people, path) = (thousands(list.people), list.path.display());
        let are = if list.people == 1 {
            "person is"
        } else {
            "people are"
        };
        let _ = writeln!(
            text,
            "{people} {are} listed in `{path}`, sealed to {}",
            list.recipient
        );
    }
    text
}

fn columns(report: &TraceReport) -> Table {
    let heads = [
        "column",
        "holds",
        "form",
        "domain",
        "identity",
        "epoch",
        "pseudonyms",
        "made by it",
        "proved",
    ];
    let mut table = Table::new(&heads).numbers_from(5);
    for column in &report.columns {
        let form = form(column);
        let mut row = |made: [&str; 3], counts: [u64; 3]| {
            let [pseudonyms, matched, proved] = counts.map(|count| match count {
                0 => String::new(),
                count => thousands(count),
            });
            let [domain, identity, epoch] = made;
            table.row([
                column.name.as_str(),
                column.class.name(),
                &form,
                domain,
                identity,
                epoch,
                &pseudonyms,
                &matched,
                &proved,
            ]);
        };
        for Attribution {
            maker,
            matched,
            proved,
        } in &column.made_by
        {
            let epoch = maker.epoch.to_string();
            let made = [maker.domain.as_str(), &maker.identity, &epoch];
            row(made, [column.pseudonyms, *matched, *proved]);
        }
        if column.unknown > 0 {
            row(
                ["none of the keys", "", ""],
                [column.pseudonyms, column.unknown, 0],
            );
        }
        if column.damaged > 0 {
            row(["damaged", "", ""], [column.pseudonyms, column.damaged, 0]);
        }
        if column.pseudonyms == 0 {
            row(["", "", ""], [0; 3]);
        }
    }
    table
}

/// What stands in a column, by form and by kind.
fn form(column: &TracedColumn) -> String {
    let forms = column.forms.iter();
    let forms = forms.map(|(scheme, written)| format!("{} {}", scheme.name(), written.name()));
    let kinds = column.kinds.iter().map(|(kind, ..)| kind.name().to_owned());
    forms.chain(kinds).collect::<Vec<_>>().join(", ")
}

fn runs(report: &TraceReport) -> Table {
    let heads = [
        "run",
        "published",
        "domain",
        "table",
        "can have held them",
        "epoch",
        "held",
        "with other values",
        "not there",
    ];
    let mut table = Table::new(&heads).numbers_from(5);
    for run in &report.runs {
        let can = match &run.unread {
            Some(_) => "cannot be read",
            None if run.can() => "yes",
            None => "no",
        };
        table.row([
            run.run_id.as_str(),
            &run.finished,
            &run.domain,
            run.table.as_deref().unwrap_or_default(),
            can,
            &run.epoch.to_string(),
            &thousands(run.held),
            &thousands(run.changed),
            &thousands(run.absent),
        ]);
    }
    table
}

/// The answer in words.
fn in_words(report: &TraceReport) -> String {
    let rows = match report.rows {
        1 => "This row".to_owned(),
        rows => format!("These {} rows", thousands(rows)),
    };
    let (is, has) = if report.rows == 1 {
        ("is", "holds")
    } else {
        ("are", "hold")
    };
    let mut text = match report.class {
        Class::Neither => format!("{rows} {has} neither pseudonyms nor identifiers"),
        Class::Mixed => format!("{rows} {has} both pseudonyms and identifiers as they are"),
        Class::Raw => format!("{rows} {is} raw: identifiers as they are"),
        Class::Pseudonymised => format!("{rows} {is} pseudonymised"),
    };
    let made = report.columns.iter().flat_map(|column| &column.made_by);
    let made: BTreeSet<_> = made
        .map(|made| (&made.maker.domain, made.maker.epoch))
        .collect();
    let has_pseudonyms = report.columns.iter().any(|column| column.pseudonyms > 0);
    let from: Vec<_> = made
        .iter()
        .map(|(domain, epoch)| format!("domain `{domain}`, epoch {epoch}"))
        .collect();
    match from.is_empty() {
        false => {
            let _ = write!(text, ", from {}", from.join("; from "));
        }
        true if has_pseudonyms => text.push_str(", and made by none of the keys"),
        true => {}
    }
    let can = report.runs.iter().filter(|run| run.can());
    text.push_str(&tables_of(can.map(|run| run.table.as_deref())));
    if !report.runs.is_empty() && has_pseudonyms {
        let them = if report.rows == 1 { "it" } else { "them" };
        let _ = write!(text, "; {}", runs_in_words(&report.runs, them));
    }
    text.push_str(&people(report));
    if !made.is_empty() {
        text.push_str(
            " Whoever holds the keys can have made the pseudonyms: this is evidence, not proof.",
        );
    }
    text
}

fn tables_of<'a>(tables: impl Iterator<Item = Option<&'a str>>) -> String {
    let tables: BTreeSet<&str> = tables.flatten().collect();
    match tables.len() {
        0 => String::new(),
        _ => format!(
            ", table {}",
            tables.into_iter().collect::<Vec<_>>().join(" or ")
        ),
    }
}

fn runs_in_words(runs: &[TracedRun], them: &str) -> String {
    let name = |run: &TracedRun| format!("{} ({})", run.run_id, run.finished);
    let can: Vec<&TracedRun> = runs.iter().filter(|run| run.can()).collect();
    let cannot = runs.len() - can.len();
    let others = match cannot {
        0 => String::new(),
        1 => ", 1 other cannot".to_owned(),
        count => format!(", {count} others cannot"),
    };
    match can.as_slice() {
        [] if runs.len() == 1 => format!("the retained run cannot have held {them}"),
        [] => format!("none of {} retained runs can have held {them}", runs.len()),
        [only] => format!("run {} can have held {them}{others}", name(only)),
        [first, .., last] => format!(
            "{} runs can have held {them}, the first {}, the last {}{others}",
            can.len(),
            name(first),
            name(last)
        ),
    }
}

fn people(report: &TraceReport) -> String {
    let people = &report.people;
    let most = match (&people.at_most, &people.of) {
        (Some(count), Some(of)) => format!("at most {} people ({of})", thousands(*count)),
        _ => "nobody can tell at most how many people".to_owned(),
    };
    match &people.by {
        None if people.at_most.is_none() => {
            ". How many people it concerns, nothing tells.".to_owned()
        }
        None => format!("; {most}."),
        Some(by) => format!("; at least {} ({by}), {most}.", thousands(people.at_least)),
    }
}

pub(super) fn as_json(report: &TraceReport) -> Value {
    let list = report.list.as_ref().map(|list| {
        json!({
            "path": list.path.to_string_lossy(),
            "recipient": list.recipient,
            "lines": list.lines,
            "people": list.people,
        })
    });
    let recorded = report.recorded.iter().map(|recorded| {
        json!({
            "log": recorded.log.to_string_lossy(),
            "line": recorded.line,
            "mac": recorded.mac,
        })
    });
    let categories = report.categories.iter().map(|category| {
        json!({ "column": category.column, "about": category.about, "rule": category.rule })
    });
    json!({
        "format": report.format.name(),
        "rows": report.rows,
        "class": report.class.name(),
        "notes": report.notes,
        "recomputed": report.recomputed,
        "conflicts": report.conflicts,
        "columns": report.columns.iter().map(column_json).collect::<Vec<_>>(),
        "runs": report.runs.iter().map(run_json).collect::<Vec<_>>(),
        "people": {
            "at_least": report.people.at_least,
            "by": report.people.by,
            "at_most": report.people.at_most,
            "of": report.people.of,
        },
        "categories": categories.collect::<Vec<_>>(),
        "list": list,
        "recorded": recorded.collect::<Vec<_>>(),
    })
}

fn column_json(column: &TracedColumn) -> Value {
    let forms = column.forms.iter();
    let forms = forms
        .map(|(scheme, written)| json!({ "scheme": scheme.name(), "written": written.name() }));
    let kinds = column.kinds.iter().map(|(kind, certainty, values)| {
        json!({ "kind": kind.name(), "certainty": certainty.name(), "values": values })
    });
    let made = column.made_by.iter().map(|made| {
        json!({
            "domain": made.maker.domain,
            "identity": made.maker.identity,
            "kind": made.maker.kind,
            "epoch": made.maker.epoch,
            "key_check_value": made.maker.check,
            "matched": made.matched,
            "proved": made.proved,
        })
    });
    json!({
        "column": column.name,
        "class": column.class.name(),
        "values": column.values,
        "forms": forms.collect::<Vec<_>>(),
        "pseudonyms": column.pseudonyms,
        "rewritten": column.rewritten,
        "kinds": kinds.collect::<Vec<_>>(),
        "in_source": column.in_source,
        "made_by": made.collect::<Vec<_>>(),
        "unknown": column.unknown,
        "damaged": column.damaged,
    })
}

fn run_json(run: &TracedRun) -> Value {
    json!({
        "sink": run.sink.to_string_lossy(),
        "run_id": run.run_id,
        "current": run.current,
        "domain": run.domain,
        "epoch": run.epoch,
        "started": run.started,
        "finished": run.finished,
        "table": run.table,
        "compared": run.compared,
        "held": run.held,
        "changed": run.changed,
        "absent": run.absent,
        "can": run.can(),
        "unread": run.unread,
    })
}
