//! The guard of a trace: a reason, a line in every log, consent, keys; and that no value gets out
//! but sealed.

use std::fs;
use std::io::Read;

use pseudo_engine::audit::{Audit, Outcome};
use pseudo_engine::trace::{ListTo, Ring, facts};
use pseudo_engine::{Disk, Error};
use pseudo_keyring::{Opener, Recipient, Role};
use pseudo_token::{Purpose, SubKey};
use serde_json::Value;

use super::office::{DOMAINS, Office};
use crate::desk::{TIME, denied, entries};
use crate::harness::at;

/// A recipient, and who opens what is sealed to it.
fn team(office: &Office) -> (Recipient, Opener) {
    let identity = office.path("team.key");
    let public = pseudo_keyring::create_identity(&identity, TIME).unwrap();
    (
        Recipient::parse(&public).unwrap(),
        Opener::read(&identity).unwrap(),
    )
}

/// Traces with a list of people; answers its lines.
fn listed(office: &Office, leak: &str, sourced: bool) -> (u64, Vec<Value>, Vec<u8>) {
    let (recipient, opener) = team(office);
    let path = office.path("people.age");
    let report = office.trace_as(leak, |request| {
        request.list = Some(ListTo {
            recipient: &recipient,
            path: &path,
        });
        if !sourced {
            request.policies = &[];
        }
    });
    let list = report.unwrap().list.unwrap();
    assert_eq!(
        (&list.path, &list.recipient),
        (&path, &recipient.to_string())
    );
    let sealed = fs::read(&path).unwrap();
    let mut text = String::new();
    opener
        .open(sealed.as_slice())
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    assert_eq!(lines.len() as u64, list.lines);
    fs::remove_file(&path).unwrap();
    fs::remove_file(office.path("team.key")).unwrap();
    (list.people, lines, sealed)
}

#[test]
fn people_are_sealed_with_what_reaches_them() {
    let office = Office::published();
    let raw = fs::read_to_string(office.path("raw/users.csv")).unwrap();
    for columns in [&["user_id"][..], &["phone", "city"], &["sealed"]] {
        let (people, lines, sealed) = listed(&office, &office.leak("care", columns, 10), true);
        assert_eq!((people, lines.len()), (10, 10), "{columns:?}");
        for line in &lines {
            assert_eq!(line["table"], "users");
            assert_eq!(line["subject"]["identities"][0], "account");
            let id = line["subject"]["value"].as_str().unwrap();
            let row = raw.lines().find(|row| row.starts_with(id)).unwrap();
            let phone = line["values"]["phone"][0].as_str().unwrap();
            assert_eq!(phone, format!("+86{}", row.split(',').nth(1).unwrap()));
            assert_eq!(line["values"]["vin"][0], row.split(',').nth(3).unwrap());
            let has = |text: &str| {
                sealed
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
            };
            assert!(!has(id) && !has(phone));
        }
    }
    // without a source what seals open to is all there is
    let (people, lines, _) = listed(&office, &office.leak("care", &["sealed"], 4), false);
    assert_eq!((people, lines.len()), (4, 4));
    assert!(lines.iter().all(|line| line["table"].is_null()));
    assert!(lines.iter().all(|line| {
        line["subject"]["value"]
            .as_str()
            .unwrap()
            .starts_with("LSV")
    }));
}

#[test]
fn a_list_replaces_nothing_and_lies_in_no_sink() {
    let office = Office::published();
    let (recipient, _) = team(&office);
    let leak = office.leak("care", &["user_id"], 2);
    fs::write(office.path("there.age"), "mine").unwrap();
    for name in ["there.age", "safe-care/people.age"] {
        let path = office.path(name);
        let recipient = &recipient;
        let to = ListTo {
            recipient,
            path: &path,
        };
        assert!(
            office
                .trace_as(&leak, |request| request.list = Some(to))
                .is_err()
        );
    }
    assert_eq!(
        fs::read_to_string(office.path("there.age")).unwrap(),
        "mine"
    );
    assert!(!office.path("safe-care/people.age").exists());
    assert!(office.desk.lines().is_empty(), "nothing was asked");
    // nobody found, no list
    let path = office.path("none.age");
    let to = ListTo {
        recipient: &recipient,
        path: &path,
    };
    let report = office
        .trace_as("city\nBeijing\n", |request| request.list = Some(to))
        .unwrap();
    assert!(report.list.is_none() && !path.exists());
}

#[test]
fn a_trace_is_in_the_log_before_it_is_told() {
    let office = Office::published();
    let leak = office.leak("care", &["user_id", "phone", "sealed"], 6);
    let report = office.trace(&leak);
    let [line] = office.desk.lines().try_into().unwrap();
    assert_eq!(
        (line.verb.as_str(), line.outcome),
        ("trace", Outcome::Allowed)
    );
    assert_eq!((line.asked, line.answered), (18, 18));
    assert_eq!(line.domain, "analytics,care,sales");
    assert_eq!(line.identity, "account,phone,vehicle");
    assert_eq!(line.kind, "cn-phone/1,integer/1,vin/1");
    assert_eq!((line.keys.len(), report.recorded[0].line), (1, 1));
    assert!(office.desk.audit().verify(&[]).is_ok());
    // the same leak has the same digest, and a list is told of
    listed(&office, &leak, true);
    let [first, second] = office.desk.lines().try_into().unwrap();
    assert_eq!(first.inputs, second.inputs);
    assert_eq!(second.list.unwrap().people, 6);
    // a disk that fails tells nothing
    let log = office.desk.beside(".ndjson");
    fs::remove_file(office.desk.beside(".lock")).unwrap();
    fs::create_dir(office.desk.beside(".lock")).unwrap();
    assert!(office.trace_as(&leak, |_| {}).is_err());
    assert_eq!(entries(&log).len(), 2);
}

#[test]
fn a_trace_without_a_reason_is_refused_and_recorded() {
    let office = Office::published();
    let leak = office.leak("care", &["user_id"], 2);
    let token = leak.lines().nth(1).unwrap();
    let quoted = format!("who is {token}");
    let long = "why ".repeat(200);
    for (reason, told) in [
        (None, "no reason is given"),
        (Some(" . "), "no reason is given"),
        (
            Some(long.as_str()),
            "the reason is longer than 500 characters",
        ),
        (
            Some(quoted.as_str()),
            "the reason holds one of the values, and the audit log keeps reasons",
        ),
    ] {
        let answer = office.trace_as(&leak, |request| request.reason = reason);
        assert_eq!(denied(answer), told);
    }
    let raw = "phone\n13800000036\n13800000067\n";
    let answer = office.trace_as(raw, |request| {
        request.reason = Some("+8613800000036 called");
    });
    assert!(denied(answer).starts_with("the reason holds one of the values"));
    let lines = office.desk.lines();
    assert_eq!(lines.len(), 5);
    assert!(
        lines
            .iter()
            .all(|line| line.outcome == Outcome::Refused && line.answered == 0)
    );
    let log = fs::read_to_string(office.desk.beside(".ndjson")).unwrap();
    assert!(!log.contains(token) && !log.contains("13800000036"));
}

#[test]
fn a_damaged_log_refuses_and_is_left_as_it_is() {
    let office = Office::published();
    let leak = office.leak("care", &["user_id"], 2);
    office.trace(&leak);
    let log = office.desk.beside(".ndjson");
    let text = fs::read_to_string(&log)
        .unwrap()
        .replace("incident", "accident");
    fs::write(&log, &text).unwrap();
    let told = denied(office.trace_as(&leak, |_| {}));
    assert!(told.starts_with("audit log: "), "{told}");
    assert_eq!(fs::read_to_string(&log).unwrap(), text);
    assert_eq!(entries(&office.desk.beside(".fault-1.ndjson")).len(), 1);
}

#[test]
fn every_log_has_it_and_one_that_is_damaged_refuses_for_all() {
    let (one, other) = (Office::published(), Office::published());
    let leak = format!(
        "{}{}",
        one.leak("care", &["user_id"], 3),
        other
            .leak("sales", &["user_id"], 2)
            .split_once('\n')
            .unwrap()
            .1
    );
    let (held, theirs) = (one.desk.held(), other.desk.held());
    let (audit, their_audit) = (one.desk.audit(), other.desk.audit());
    let ring = |held, audit| Ring {
        held,
        audit,
        domains: None,
    };
    let rings = [ring(&held, &audit), ring(&theirs, &their_audit)];
    let trace = || pseudo_engine::trace(&one.request(&rings), &mut leak.as_bytes());
    let report = trace().unwrap();
    let made = report.columns[0].made_by.iter();
    let made: Vec<_> = made
        .map(|made| (made.maker.domain.as_str(), made.proved))
        .collect();
    assert_eq!(made, [("care", 3), ("sales", 2)]);
    assert_ne!(
        report.columns[0].made_by[0].maker.check,
        report.columns[0].made_by[1].maker.check
    );
    assert_eq!(report.recorded.len(), 2);
    assert_eq!((one.desk.lines().len(), other.desk.lines().len()), (1, 1));
    let log = other.desk.beside(".ndjson");
    fs::write(&log, "{}\n").unwrap();
    assert!(denied(trace()).starts_with("audit log: "));
    let outcomes: Vec<_> = one.desk.lines().iter().map(|line| line.outcome).collect();
    // the log that took it as told has behind that, that it was not
    assert_eq!(
        outcomes,
        [Outcome::Allowed, Outcome::Allowed, Outcome::Refused]
    );
}

#[test]
fn bundles_trace_what_was_granted_to_them() {
    let office = Office::published();
    let seal = SubKey::new(Purpose::Seal, "vehicle", "vin/1");
    let (path, held) = office.desk.bundle(Role::Reveal, &[seal]);
    let open = || Audit::open(&path, None, held.source(), None, Disk::default()).unwrap();
    let audit = open();
    let rings = [Ring {
        held: &held,
        audit: &audit,
        domains: None,
    }];
    let trace = |leak: &str| pseudo_engine::trace(&office.request(&rings), &mut leak.as_bytes());
    let report = trace(&office.leak("analytics", &["sealed"], 3)).unwrap();
    assert_eq!(report.columns[0].made_by[0].proved, 3);
    let told = denied(trace(&office.leak("analytics", &["user_id"], 3)));
    assert!(told.starts_with("the keys at hand "), "{told}");
    let outcomes: Vec<_> = entries(audit.log())
        .iter()
        .map(|line| line.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Allowed, Outcome::Refused]);

    let token = SubKey::new(Purpose::Token, "account", "integer/1");
    let (path, held) = office.desk.bundle(Role::Pseudonymise, &[token]);
    let opened = pseudo_engine::ask::open_audit(&held, |source| {
        Audit::open(&path, None, source, None, Disk::default())
    });
    assert!(matches!(opened, Err(Error::Denied { recorded: None, .. })));
}

#[test]
fn two_have_to_consent_where_the_keyring_says_so() {
    let office = Office::published();
    let approvers: Vec<_> = ["mei", "tom"]
        .iter()
        .map(|name| {
            let path = office.path(&format!("{name}.key"));
            let public = pseudo_keyring::create_identity(&path, TIME).unwrap();
            (path, Recipient::parse(&public).unwrap())
        })
        .collect();
    let recipients: Vec<_> = approvers
        .iter()
        .map(|(_, recipient)| recipient.clone())
        .collect();
    office
        .desk
        .change(|change| change.approvers(&recipients, None).unwrap());
    let files: Vec<_> = approvers.into_iter().map(|(path, _)| path).collect();
    let (tokens, seals) = (
        office.leak("care", &["user_id"], 2),
        office.leak("care", &["sealed"], 2),
    );
    // tokens alone open nothing
    assert!(office.trace_as(&tokens, |_| {}).is_ok());
    let told = denied(office.trace_as(&seals, |request| request.approvers = &files[..1]));
    assert!(told.contains("approv"), "{told}");
    assert!(
        office
            .trace_as(&seals, |request| request.approvers = &files)
            .is_ok()
    );
    let (recipient, _) = team(&office);
    let path = office.path("people.age");
    let list = || {
        Some(ListTo {
            recipient: &recipient,
            path: &path,
        })
    };
    assert!(
        office
            .trace_as(&tokens, |request| request.list = list())
            .is_err()
    );
    assert!(!path.exists());
    let both = office.trace_as(&tokens, |request| {
        request.list = list();
        request.approvers = &files;
    });
    assert!(both.is_ok() && path.exists());
    let line = office.desk.lines().pop().unwrap();
    assert_eq!((line.approvers.len(), line.outcome), (2, Outcome::Allowed));
}

/// Neither the answer nor the draft nor a log holds a value or a pseudonym.
#[test]
fn no_value_gets_out() {
    let office = Office::published();
    let raw = fs::read_to_string(office.path("raw/users.csv")).unwrap();
    let mut leaks = vec![
        raw.lines()
            .take(40)
            .map(|line| format!("{line}\n"))
            .collect(),
    ];
    for domain in DOMAINS {
        leaks.push(office.leak(domain, &["user_id", "phone", "sealed", "city"], 40));
    }
    let mut told = String::new();
    for leak in &leaks {
        let report = office.trace(leak);
        told.push_str(&format!("{report:?}"));
        told.push_str(&facts::draft(&report, at(0)));
    }
    told.push_str(&fs::read_to_string(office.desk.beside(".ndjson")).unwrap());
    told.push_str(&fs::read_to_string(office.desk.beside(".anchor")).unwrap());
    let cells = leaks.iter().flat_map(|leak| leak.lines().skip(1));
    for cell in cells.flat_map(|line| line.split(',')) {
        assert!(!told.contains(cell), "a cell is told");
    }
}

#[test]
fn the_draft_says_what_is_known_and_marks_what_is_not() {
    let office = Office::published();
    let report = office.trace(&office.leak("care", &["user_id", "sealed", "city"], 10));
    let draft = facts::draft(&report, at(0));
    for part in [
        "PIPL 57(1)",
        "PIPL 57(2)",
        "PIPL 57(3)",
        "GDPR 33(3)(a)",
        "GDPR 33(3)(b)",
        "GDPR 33(3)(c)",
        "GDPR 33(3)(d)",
        "domain `care`, epoch 1",
        "- People, at least: 10 (",
        "- By the lower bound: below all of them",
        "| user_id | account | token account, base32, 128 bits |",
        "| city | city | keep |",
        "Of 3 retained runs 1 can have held all of these rows",
        "[FILL IN contact]",
        "较大",
    ] {
        assert!(draft.contains(part), "{part}\n{draft}");
    }
    assert!(!draft.to_lowercase().contains("anonym"));
    let path = office.path("facts.md");
    facts::write(&draft, &path, &Disk::default()).unwrap();
    assert!(facts::write(&draft, &path, &Disk::default()).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), draft);
}
