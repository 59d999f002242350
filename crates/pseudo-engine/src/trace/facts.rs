//! A draft of the facts that those have to tell who are responsible for the data: PIPL Article 57,
//! GDPR Article 33(3), and the thresholds of the Chinese measure on reporting network security
//! incidents. What no tool can know is a blank that begins with `[FILL IN`. No value is in it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};

use super::report::{Class, TraceReport, TracedRun};
use crate::disk::{Disk, PRIVATE};
use crate::{Error, Result};

/// Writes the draft.
#[must_use]
pub fn draft(report: &TraceReport, time: DateTime<Utc>) -> String {
    let mut text = String::new();
    let at = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    // a string takes whatever is written
    let _ = write!(
        text,
        "# Facts of a leak: draft\n\nMade by `pseudo trace` at {at} from a sample of {} rows. It \
         is no legal advice. What a tool cannot know is marked `[FILL IN …]`.\n\n{}\
         ## 1. Nature of the incident (GDPR 33(3)(a); PIPL 57(1): cause)\n\n{}\n\
         - How the data got out, since when, and who had access: [FILL IN cause]\n\
         - Found at: [FILL IN time, from which the 72 hours of GDPR 33(1) and the 4 hours of the \
         Chinese measure run]\n\n",
        report.rows,
        warning(report),
        origin(report),
    );
    text.push_str("## 2. Categories of data (PIPL 57(1); GDPR 33(3)(a))\n\n");
    text.push_str("| column | about | what was done to it |\n|---|---|---|\n");
    for category in &report.categories {
        let about = category.about.as_deref().unwrap_or("[FILL IN]");
        let cells = [&category.column, about, &category.rule].map(cell);
        let _ = writeln!(text, "| {} | {} | {} |", cells[0], cells[1], cells[2]);
    }
    text.push_str(STATE);
    text.push_str(&people(report));
    text.push_str(&harm(report));
    text.push_str(REST);
    text
}

/// Writes the draft into a new file.
///
/// # Errors
/// [`Error::Io`] when there is one, and when the disk fails.
pub fn write(draft: &str, path: &Path, disk: &Disk) -> Result<()> {
    let mut file = disk.create(path, PRIVATE)?;
    let written = file.write_all(draft.as_bytes());
    let written = written.and_then(|()| file.sync());
    if let Err(error) = written.map_err(Error::io("write", path)) {
        disk.remove_file(path)?;
        return Err(error);
    }
    disk.sync_name(path)
}

fn warning(report: &TraceReport) -> String {
    match report.conflicts {
        0 => String::new(),
        count => format!(
            "**{count} pseudonyms were made by two keys. That cannot be: a manifest, a key or a \
             file is not what it says. Find that out before anything below is told.**\n\n"
        ),
    }
}

fn origin(report: &TraceReport) -> String {
    let mut text = match report.class {
        Class::Raw => {
            "- The sample holds identifiers as they are: it is not from a published run, \
                       but from a source or a copy of one.\n"
                .to_owned()
        }
        Class::Pseudonymised => "- The sample is pseudonymised. Pseudonymised data is personal \
                                 data.\n"
            .to_owned(),
        Class::Mixed => "- The sample holds pseudonyms and identifiers as they are side by side: \
                         somebody has put them together, or a source held pseudonyms.\n"
            .to_owned(),
        Class::Neither => "- The sample holds neither pseudonyms nor identifiers that are \
                           recognised.\n"
            .to_owned(),
    };
    let makers = report.columns.iter().flat_map(|column| &column.made_by);
    let mut domains: Vec<_> = makers
        .map(|made| (made.maker.domain.clone(), made.maker.epoch, made.proved > 0))
        .collect();
    domains.sort_unstable();
    domains.dedup_by_key(|(domain, epoch, _)| (domain.clone(), *epoch));
    for (domain, epoch, _) in domains {
        let _ = writeln!(
            text,
            "- Pseudonyms of domain `{domain}`, epoch {epoch}. Whoever holds the keys could have \
             made them: this is evidence, not proof."
        );
    }
    let can: Vec<&TracedRun> = report.runs.iter().filter(|run| run.can()).collect();
    if let (Some(first), Some(last)) = (can.first(), can.last()) {
        let _ = writeln!(
            text,
            "- Of {} retained runs {} can have held all of these rows; the first is `{}`, \
             published {}, the last `{}`, published {}.",
            report.runs.len(),
            can.len(),
            first.run_id,
            first.finished,
            last.run_id,
            last.finished,
        );
    } else if !report.runs.is_empty() {
        text.push_str("- No retained run can have held all of these rows.\n");
    }
    text
}

fn people(report: &TraceReport) -> String {
    let people = &report.people;
    let by = people
        .by
        .as_deref()
        .unwrap_or("nothing that tells people apart");
    let most = match (&people.at_most, &people.of) {
        (Some(count), Some(of)) => format!("{count} ({of})"),
        _ => "[FILL IN: no run and no source tells]".to_owned(),
    };
    let reached = |count: Option<u64>| {
        let steps = STEPS.iter().rev();
        let mut reached = steps.filter(|(people, _)| count.is_some_and(|count| count >= *people));
        reached
            .next()
            .map_or("below all of them", |(_, grade)| *grade)
    };
    format!(
        "\n## 3. How many people and records (GDPR 33(3)(a))\n\n\
         - Records in the sample: {}. A sample is not the leak: [FILL IN records of the leak, if \
         known]\n- People, at least: {} ({by})\n- People, at most: {most}\n\n\
         Thresholds of 国家网络安全事件报告管理办法 (in force 2025-11-01; check the text): a leak \
         of 1,000,000, 10,000,000 or 100,000,000 people is 较大, 重大 or 特别重大; from 较大 on \
         it is reported within 4 hours, by operators of critical infrastructure within 1 hour.\n\n\
         - By the lower bound: {}\n- By the upper bound: {}\n\n",
        report.rows,
        people.at_least,
        reached(Some(people.at_least)),
        match people.at_most {
            Some(most) => reached(Some(most)),
            None => "[FILL IN]",
        },
    )
}

fn harm(report: &TraceReport) -> String {
    let known = match report.class {
        Class::Raw | Class::Mixed => {
            "Identifiers as they are: fraud, phishing and theft of identity need nothing else."
        }
        Class::Pseudonymised => {
            "Pseudonyms do not tell identifiers without the keys. Columns that were kept, banded \
             or cut can single people out together (`pseudo assess`), and whoever knows a person \
             may find them."
        }
        Class::Neither => "No identifier and no pseudonym is recognised.",
    };
    format!(
        "## 4. Likely consequences and possible harm (GDPR 33(3)(c); PIPL 57(1))\n\n- {known}\n\
         - For these people in particular: [FILL IN harm]\n\n"
    )
}

/// Text within a table of Markdown.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

const STEPS: [(u64, &str); 3] = [
    (1_000_000, "较大 (1,000,000 and more)"),
    (10_000_000, "重大 (10,000,000 and more)"),
    (100_000_000, "特别重大 (100,000,000 and more)"),
];

const STATE: &str = "\nSensitive personal information among it (PIPL 28; GDPR 9): [FILL IN]\n";

const REST: &str = "\
## 5. Measures (PIPL 57(2); GDPR 33(3)(d))

- Taken and proposed by the controller: [FILL IN measures]
- Are the keys of the domain safe? If they are not: `pseudo keys rotate`, `pseudo rekey`: [FILL IN]
- What people can do to lessen the harm (PIPL 57(2)): [FILL IN]
- Whether telling each person may be left out (PIPL 57; GDPR 34(3)): [FILL IN, with counsel]

## 6. Contact (PIPL 57(3); GDPR 33(3)(b))

- Name and contact of the data protection officer, or of the person responsible: [FILL IN contact]
- Authorities told, and when: [FILL IN]
";
