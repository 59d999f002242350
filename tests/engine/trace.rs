//! Trace: rows of three domains come from their own domain and run, and from no other; nothing is
//! told without a line in the log, and no value at all.

mod formats;
mod guard;
mod office;
mod runs;

use std::collections::BTreeSet;

use pseudo_engine::trace::{Class, Scheme};
use pseudo_pii::Kind;

use self::office::{DOMAINS, Office};

/// Every row of every domain, by its tokens and by its seals alone.
#[test]
fn rows_are_attributed_to_the_domain_and_the_run_that_they_are_from() {
    let office = Office::published();
    for domain in DOMAINS {
        for columns in [&["user_id", "phone", "city"][..], &["sealed", "city"][..]] {
            for count in [1, 10, 100] {
                let leak = office.leak(domain, columns, count);
                let report = office.trace(&leak);
                assert_eq!(
                    (report.rows, report.class),
                    (count as u64, Class::Pseudonymised)
                );
                assert_eq!(report.conflicts, 0);
                let made = report.columns.iter().filter(|column| column.pseudonyms > 0);
                for column in made.clone() {
                    let [made] = column.made_by.as_slice() else {
                        panic!("{domain} {columns:?} {count}: {column:?}");
                    };
                    assert_eq!((made.maker.domain.as_str(), made.maker.epoch), (domain, 1));
                    assert_eq!((made.matched, made.proved), (count as u64, count as u64));
                    assert_eq!((column.unknown, column.damaged), (0, 0));
                }
                assert_eq!(made.count(), columns.len() - 1);
                let can = report.runs.iter().filter(|run| run.can());
                let can: Vec<_> = can.map(|run| run.domain.as_str()).collect();
                assert_eq!(can, [domain], "{columns:?} {count}");
                for run in report.runs.iter().filter(|run| run.domain != domain) {
                    assert_eq!((run.held, run.changed, run.absent), (0, 0, count as u64));
                }
                let run = report.runs.iter().find(|run| run.can()).unwrap();
                assert_eq!((run.table.as_deref(), run.compared), (Some("users"), 1));
                assert_eq!(report.people.at_least, count as u64);
                assert_eq!(report.people.at_most, Some(300));
            }
        }
    }
}

#[test]
fn without_a_run_the_source_tells_and_without_a_source_the_runs() {
    let office = Office::published();
    let leak = office.leak("sales", &["user_id"], 10);
    let by_source = office
        .trace_as(&leak, |request| request.sinks = &[])
        .unwrap();
    let made = &by_source.columns[0].made_by[0];
    assert_eq!(
        (made.maker.domain.as_str(), made.matched, made.proved),
        ("sales", 10, 10)
    );
    assert!(by_source.runs.is_empty() && by_source.recomputed);
    assert_eq!(
        (by_source.people.at_least, by_source.people.at_most),
        (10, Some(300))
    );

    let by_runs = office
        .trace_as(&leak, |request| request.policies = &[])
        .unwrap();
    let made = &by_runs.columns[0].made_by[0];
    assert_eq!(
        (made.maker.domain.as_str(), made.matched, made.proved),
        ("sales", 10, 0)
    );
    assert!(!by_runs.recomputed);
    assert_eq!(by_runs.runs.iter().filter(|run| run.can()).count(), 1);
    assert_eq!(by_runs.people.at_least, 10);
}

#[test]
fn an_epoch_tells_itself() {
    let office = Office::published();
    let before = office.leak("care", &["user_id", "sealed"], 5);
    office.desk.rotate();
    office.publish("care", 10);
    let after = office.leak("care", &["user_id", "sealed"], 5);
    for (leak, epoch) in [(before, 1), (after, 2)] {
        let report = office.trace(&leak);
        for column in &report.columns {
            let epochs: Vec<_> = column.made_by.iter().map(|made| made.maker.epoch).collect();
            assert_eq!((epochs, column.unknown), (vec![epoch], 0));
        }
        let can = report.runs.iter().filter(|run| run.can());
        let can: Vec<_> = can.map(|run| (run.domain.as_str(), run.epoch)).collect();
        assert_eq!(can, [("care", epoch)]);
    }
}

#[test]
fn raw_rows_are_told_from_pseudonyms_and_both_from_neither() {
    let office = Office::published();
    let raw = std::fs::read_to_string(office.path("raw/users.csv")).unwrap();
    let raw: String = raw
        .lines()
        .take(21)
        .map(|line| format!("{line}\n"))
        .collect();
    let report = office.trace(&raw);
    assert_eq!(report.class, Class::Raw);
    let column = |name: &str| report.columns.iter().find(|c| c.name == name).unwrap();
    assert_eq!(column("phone").kinds[0].0, Kind::CnPhone);
    assert_eq!(
        (column("phone").in_source, column("phone").class),
        (20, Class::Raw)
    );
    // numbers of accounts look like nothing: their name and the source tell
    assert_eq!(
        (column("user_id").in_source, column("user_id").class),
        (20, Class::Raw)
    );
    assert_eq!(column("city").class, Class::Neither);
    assert_eq!(report.people.at_least, 20);
    assert!(report.runs.iter().all(|run| !run.can()));

    let one: String = raw
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(office.trace(&one).class, Class::Raw);

    let tokens = office.leak("sales", &["user_id"], 20);
    let rows = tokens.lines().zip(raw.lines());
    let mixed = rows.map(|(token, raw)| format!("{token},{}\n", raw.split(',').nth(1).unwrap()));
    let report = office.trace(&mixed.collect::<String>());
    assert_eq!(report.class, Class::Mixed);
    assert_eq!(report.columns[0].class, Class::Pseudonymised);
    assert_eq!(report.columns[1].class, Class::Raw);

    let report = office.trace("city,score\nBeijing,12\nShanghai,9\n");
    assert_eq!((report.class, report.people.at_least), (Class::Neither, 0));
    assert!(report.people.by.is_none());
}

#[test]
fn other_hands_change_a_leak_and_it_is_known_all_the_same() {
    let office = Office::published();
    let leak = office.leak("care", &["user_id", "phone", "city"], 20);
    let lines: Vec<&str> = leak.lines().collect();
    let no_header: String = lines[1..].iter().map(|line| format!("{line}\n")).collect();
    let renamed = no_header.clone();
    let backwards = |line: &&str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.reverse();
        format!("{}\n", fields.join(";"))
    };
    let shuffled: String = lines[..1]
        .iter()
        .chain(lines[1..].iter().rev())
        .map(backwards)
        .collect();
    let loud = format!("{}\n{}", lines[0], no_header.to_uppercase());
    let spaced = leak.replace(',', " , ");
    let leaks = [
        ("no header", no_header),
        ("renamed", format!("a,b,c\n{renamed}")),
        ("shuffled", shuffled),
        ("loud", loud),
        ("spaced", spaced),
    ];
    for (what, leak) in leaks {
        let report = office.trace(&leak);
        assert_eq!(report.rows, 20, "{what}");
        let made = report.columns.iter().flat_map(|column| &column.made_by);
        let made: Vec<_> = made
            .map(|made| (made.maker.domain.as_str(), made.proved))
            .collect();
        assert_eq!(made, [("care", 20), ("care", 20)], "{what}");
        // the cities were changed by capitals
        let can: Vec<_> = report.runs.iter().filter(|run| run.can()).collect();
        let expected = usize::from(what != "loud");
        assert_eq!(can.len(), expected, "{what}");
        assert_eq!(report.people.at_least, 20, "{what}");
        let rewritten = report.columns.iter().any(|column| column.rewritten > 0);
        assert_eq!(rewritten, ["loud", "spaced"].contains(&what), "{what}");
    }
    let report = office.trace(&office.leak("care", &["phone"], 7));
    assert_eq!(report.people.at_least, 7);
    assert_eq!(
        report.people.by.as_deref(),
        Some("distinct values, identity phone")
    );
}

#[test]
fn what_is_cut_or_made_up_is_of_no_key() {
    let office = Office::published();
    let leak = office.leak("care", &["user_id"], 10);
    let cut = leak
        .lines()
        .skip(1)
        .map(|line| format!("{}\n", &line[..25]));
    let report = office.trace(&format!("user_id\n{}", cut.collect::<String>()));
    assert_eq!(report.class, Class::Neither);

    let made_up = "user_id\nabcdefghijklmnopqrstuvwxya\nbbcdefghijklmnopqrstuvwxya\n";
    let report = office.trace(made_up);
    let column = &report.columns[0];
    assert_eq!((column.pseudonyms, column.unknown), (2, 2));
    assert!(column.made_by.is_empty() && report.runs.iter().all(|run| !run.can()));
    assert_eq!(report.people.at_least, 0);

    let other = Office::published();
    let report = other.trace(&office.leak("care", &["user_id", "sealed"], 10));
    let unknown: Vec<_> = report.columns.iter().map(|column| column.unknown).collect();
    assert_eq!(unknown, [10, 10]);
    assert!(
        report
            .columns
            .iter()
            .all(|column| column.made_by.is_empty())
    );

    let leak = office.leak("care", &["sealed"], 1);
    let seal = leak.lines().nth(1).unwrap();
    let (front, back) = seal.split_at(30);
    let flipped = if back.starts_with('A') { "B" } else { "A" };
    let report = office.trace(&format!("sealed\n{front}{flipped}{}\n", &back[1..]));
    assert_eq!(
        (report.columns[0].damaged, report.columns[0].unknown),
        (1, 0)
    );
}

#[test]
fn all_forms_are_told() {
    let office = Office::published();
    let report = office.trace(&office.leak("sales", &["user_id", "sealed", "city"], 3));
    let forms = report.columns.iter().map(|column| {
        let forms = column.forms.iter();
        forms
            .map(|(scheme, written)| (*scheme, written.name()))
            .collect::<BTreeSet<_>>()
    });
    let forms: Vec<_> = forms.collect();
    assert_eq!(forms[0], BTreeSet::from([(Scheme::Token, "base32")]));
    assert_eq!(forms[1], BTreeSet::from([(Scheme::Seal, "base64url")]));
    assert!(forms[2].is_empty());
}
