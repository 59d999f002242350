//! Reveal: listed seals open, all else is refused; and both stand in the log before a value is
//! shown.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use pseudo_engine::ask::{Denial, open_audit};
use pseudo_engine::audit::{Audit, Outcome};
use pseudo_engine::reveal::Opened;
use pseudo_engine::{Disk, Error, reveal};
use pseudo_keyring::{Recipient, Role};
use pseudo_pii::Kind;
use pseudo_token::{Encoding, Epoch, Purpose, SealKey, SubKey};

use crate::desk::{DOMAIN, Desk, TIME, denied, entries, question};
use crate::faulty::{Fault, Faulty};

const VINS: [&str; 3] = ["LSVAM4187C2184841", "LFV3A23C583027041", "Ünïcode 车"];

/// Number of the line, word, and text of each line.
fn shown(desk: &Desk, list: &str) -> Vec<(u64, &'static str, String)> {
    let answer = desk.reveal(list).unwrap();
    let lines = answer.lines.iter().map(|line| {
        let text = match &line.opened {
            Opened::Text(text, epoch) => format!("{text} {}", epoch.0),
            Opened::Bytes(bytes, _) => format!("{bytes:?}"),
            _ => String::new(),
        };
        (line.line, line.opened.name(), text)
    });
    lines.collect()
}

#[test]
fn seals_open_in_the_order_of_the_list() {
    let desk = Desk::new();
    let [a, b, c] = desk.seals(1, &VINS).try_into().unwrap();
    let base32 = {
        let mut text = Vec::new();
        let bytes = Encoding::Base64Url.decode(&b).unwrap();
        Encoding::Base32.encode(&bytes, &mut text);
        String::from_utf8(text).unwrap()
    };
    let list = format!("{c}\n\n {a} \r\n{base32}\n{a},more\n\"{c}\"");
    let text = |n: usize| format!("{} 1", VINS[n]);
    let expected = [
        (1, "opened", text(2)),
        (3, "opened", text(0)),
        (4, "opened", text(1)),
        (5, "opened", text(0)),
        (6, "opened", text(2)),
    ];
    assert_eq!(shown(&desk, &list), expected);
    let [line] = desk.lines().try_into().unwrap();
    assert_eq!(line.outcome, Outcome::Allowed);
    assert_eq!((line.asked, line.answered), (5, 5));
    assert_eq!(line.reason, "recall 2026-17");
    assert_eq!(line.time, "2027-01-15T08:00:00Z");
    assert_eq!(line.keys.len(), 1);
    let check = desk.held().source().check_value(Epoch(1)).unwrap();
    assert_eq!(
        (line.keys[0].epoch, &line.keys[0].check),
        (1, &check.to_string())
    );
    let log = fs::read_to_string(desk.beside(".ndjson")).unwrap();
    for secret in VINS.into_iter().chain([a.as_str(), &base32]) {
        assert!(!log.contains(secret), "a value is in the log");
    }
}

#[test]
fn what_does_not_open_says_why_and_shows_nothing() {
    let desk = Desk::new();
    let held = desk.held();
    let seal = desk.seals(1, &[VINS[0]]).remove(0);
    let bytes = Encoding::Base64Url.decode(&seal).unwrap();
    let written = |bytes: &[u8]| {
        let mut text = Vec::new();
        Encoding::Base64Url.encode(bytes, &mut text);
        String::from_utf8(text).unwrap()
    };
    let sealed = |domain: &str, identity: &str, kind: &str| {
        let keys = held.source().domain_keys(domain, Epoch(1)).unwrap();
        let (mut seal, key) = (Vec::new(), keys.seal_key(identity, kind).unwrap());
        key.seal(&[VINS[0].as_bytes()], &mut seal);
        written(&seal)
    };
    for (other, word) in [
        (sealed("research", "vehicle", "vin/1"), "other-key"),
        (sealed(DOMAIN, "person", "vin/1"), "other-key"),
        (sealed(DOMAIN, "vehicle", "text/1"), "other-key"),
        (String::from("LSVAM4187C2184841"), "not-a-seal"),
        (format!("{seal}="), "not-a-seal"),
        (seal.to_lowercase(), "not-a-seal"),
        (written(&bytes[..bytes.len() - 1]), "not-a-seal"),
        (written(&bytes[..20]), "not-a-seal"),
        (String::from("AQ"), "not-a-seal"),
        (String::from("车"), "not-a-seal"),
    ] {
        let found = shown(&desk, &format!("{other}\n"));
        assert_eq!(found, [(1, word, String::new())], "{other}");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let word = match at {
            0 => "not-a-seal",
            1..=4 => "other-key",
            _ => "damaged",
        };
        let found = shown(&desk, &written(&changed));
        assert_eq!(found, [(1, word, String::new())], "byte {at}");
    }
    let last = desk.lines().pop().unwrap();
    assert_eq!(
        (last.asked, last.answered, last.outcome),
        (1, 0, Outcome::Allowed)
    );
}

/// A forged seal that names our key id.
#[test]
fn a_seal_of_a_forger_is_damaged() {
    let desk = Desk::new();
    let held = desk.held();
    let keys = held.source().domain_keys(DOMAIN, Epoch(1)).unwrap();
    let id = keys.seal_key("vehicle", "vin/1").unwrap().key_id();
    let (mut seal, mut text) = (Vec::new(), Vec::new());
    SealKey::from_bytes(&[7; 64], id).seal(&[b"forged"], &mut seal);
    Encoding::Base64Url.encode(&seal, &mut text);
    let found = shown(&desk, std::str::from_utf8(&text).unwrap());
    assert_eq!(found, [(1, "damaged", String::new())]);
}

#[test]
fn the_epoch_is_that_of_the_seal() {
    let desk = Desk::new();
    let old = desk.seals(1, &VINS[..1]).remove(0);
    desk.rotate();
    let new = desk.seals(2, &VINS[..1]).remove(0);
    let text = |epoch: u32| format!("{} {epoch}", VINS[0]);
    let expected = [(1, "opened", text(1)), (2, "opened", text(2))];
    assert_eq!(shown(&desk, &format!("{old}\n{new}")), expected);
    let log = desk.path("a.keyring.audit-2.ndjson");
    let epochs = |line: usize| -> Vec<u32> {
        let keys = entries(&log).swap_remove(line).keys;
        keys.iter().map(|key| key.epoch).collect()
    };
    assert_eq!(epochs(0), [2, 1]);
    shown(&desk, &new);
    assert_eq!(epochs(1), [2], "no key is used that is not needed");
    desk.change(|change| change.disable(Epoch(1)).unwrap());
    assert_eq!(shown(&desk, &old), [(1, "other-key", String::new())]);
}

#[test]
fn a_column_of_a_csv_is_a_list() {
    let desk = Desk::new();
    let [a, b, _] = desk.seals(1, &VINS).try_into().unwrap();
    let list = format!("\u{feff}n,\"the \"\"vin\"\"\",x\r\n1,{a},y\r\n2,\"\n{b}\",\"\n\"\n3\n");
    let ask = |column| desk.reveal_as(&list, |question| question.column = Some(column));
    let answer = ask("the \"vin\"").unwrap();
    let lines: Vec<_> = answer
        .lines
        .iter()
        .map(|line| (line.line, line.opened.name()))
        .collect();
    assert_eq!(lines, [(2, "opened"), (3, "opened"), (6, "not-a-seal")]);
    assert_eq!(
        denied(ask("vin")),
        "the list is not CSV, or has no such column"
    );
    assert_eq!(
        denied(desk.reveal("\"open")),
        "the list is not CSV, or has no such column"
    );
}

#[test]
fn every_refusal_is_told_and_recorded() {
    let desk = Desk::new();
    let seals = desk.seals(1, &VINS).join("\n");
    let six = [seals.as_str(), seals.as_str()].join("\n");
    let long = "because ".repeat(63);
    let seal = desk.seals(1, &VINS[..1]).remove(0);
    let quoting = format!("open {seal} please");
    let of = |reason: Option<&str>, list: &str| {
        let answer = desk.reveal_as(list, |question| {
            question.reason = reason;
        });
        denied(answer)
    };
    let reason = Some("recall");
    let cases = [
        (of(None, &seals), "no reason is given", 3),
        (of(Some(""), &seals), "no reason is given", 3),
        (of(Some(" \t…-\u{200b}"), &seals), "no reason is given", 3),
        (
            of(Some(&long), &seals),
            "the reason is longer than 500 characters",
            3,
        ),
        (
            of(Some(&quoting), &seals),
            "the reason holds one of the values, and the audit log keeps reasons",
            3,
        ),
        (
            of(reason, &six),
            "more values are asked for than the limit of 5",
            6,
        ),
        (
            of(reason, "PAR1\u{15}\0"),
            "a whole table is asked for, and lists alone are served",
            0,
        ),
        (of(reason, "a\0b"), "the list is not a text in UTF-8", 0),
    ];
    let lines = desk.lines();
    assert_eq!(lines.len(), cases.len());
    for ((told, expected, asked), line) in cases.iter().zip(&lines) {
        assert_eq!(told, expected);
        assert_eq!(line.why.as_ref(), Some(told));
        assert_eq!((line.outcome, line.answered), (Outcome::Refused, 0));
        assert_eq!(line.asked, *asked);
    }
    assert_eq!(lines[3].reason.len(), 500);
    assert_eq!(lines[4].reason, "", "a reason with a value is not kept");
    let log = fs::read_to_string(desk.beside(".ndjson")).unwrap();
    assert!(!log.contains(&seal));
    let proof = desk.audit().verify(&[]).unwrap();
    assert_eq!((proof.lines, proof.refused), (8, 8));
}

#[test]
fn a_reason_that_holds_what_a_seal_opens_to_is_not_kept() {
    let desk = Desk::new();
    let seal = desk.seals(1, &VINS[..1]).remove(0);
    let reason = format!("asked for {}, our case 7", VINS[0]);
    let answer = desk.reveal_as(&seal, |question| question.reason = Some(&reason));
    assert_eq!(
        denied(answer),
        "the reason holds one of the values, and the audit log keeps reasons"
    );
    assert_eq!(desk.lines()[0].reason, "");
    assert!(
        !fs::read_to_string(desk.beside(".ndjson"))
            .unwrap()
            .contains(VINS[0])
    );
    // Another vehicle may be named: whether it is in the list is not asked of the keys.
    let reason = format!("not {}", VINS[1]);
    assert!(
        desk.reveal_as(&seal, |question| question.reason = Some(&reason))
            .is_ok()
    );
}

#[test]
fn a_refusal_says_where_it_stands() {
    let desk = Desk::new();
    let answer = desk.reveal_as("x", |question| question.reason = None);
    let error = answer.err().unwrap();
    let log = desk.beside(".ndjson");
    let hint = format!(
        "no value was shown; the refusal is line 1 of `{}`",
        log.display()
    );
    assert_eq!((error.exit_code(), error.hint()), (3, Some(hint)));
}

#[test]
fn a_list_is_bounded_whatever_the_limit() {
    let desk = Desk::new();
    let many = "x\n".repeat(10_001);
    let answer = desk.reveal_as(&many, |question| question.limit = u64::MAX);
    assert_eq!(
        denied(answer),
        "more values are asked for than the limit of 10000"
    );
    let endless = &mut std::io::repeat(b'x').take(1 << 40);
    let answer = reveal(&question(), endless, &desk.held(), &[], &desk.audit());
    assert_eq!(
        denied(answer),
        "a whole table is asked for, and lists alone are served"
    );
    assert_eq!(desk.lines().len(), 2);
}

/// Two approvers, and their identity files.
fn approvers(desk: &Desk) -> Vec<PathBuf> {
    let files: Vec<_> = ["first", "second", "third"]
        .into_iter()
        .map(|name| desk.path(name))
        .collect();
    let publics = files.iter().map(|file| {
        let public = pseudo_keyring::create_identity(file, TIME).unwrap();
        Recipient::parse(&public).unwrap()
    });
    let publics: Vec<_> = publics.collect();
    desk.change(|change| change.approvers(&publics[..2], None).unwrap());
    files
}

#[test]
fn two_approvers_consent_or_nothing_opens() {
    let desk = Desk::new();
    let files = approvers(&desk);
    let seal = desk.seals(1, &VINS[..1]).remove(0);
    let ask = |who: &[usize]| {
        let files: Vec<_> = who.iter().map(|n| files[*n].clone()).collect();
        let mut list = seal.as_bytes();
        reveal(&question(), &mut list, &desk.held(), &files, &desk.audit())
    };
    for (who, given) in [(&[][..], 0), (&[0], 1), (&[1, 1], 1), (&[0, 2], 1)] {
        let expected = format!("two approvers have to consent, and {given} did");
        assert_eq!(denied(ask(who)), expected, "{who:?}");
    }
    let answer = ask(&[1, 0]).unwrap();
    assert_eq!(answer.answered, 1);
    let lines = desk.lines();
    assert_eq!(lines.len(), 5);
    assert!(
        lines[..4]
            .iter()
            .all(|line| line.approvers.is_empty() && line.why.is_some())
    );
    assert_eq!(lines[4].approvers.len(), 2);
    assert!(lines[4].approvers.iter().all(|who| who.starts_with("age1")));
}

#[test]
fn a_bundle_opens_what_its_role_grants() {
    let desk = Desk::new();
    let seal = desk.seals(1, &VINS[..1]).remove(0);
    let name = |identity: &str| SubKey::new(Purpose::Seal, identity, "vin/1");
    let ask = |role, granted: SubKey| {
        let (path, held) = desk.bundle(role, &[granted]);
        let open = |keys: &dyn pseudo_keyring::KeySource| {
            Audit::open(&path, None, keys, None, Disk::default())
        };
        let audit = open_audit(&held, open)?;
        reveal(&question(), &mut seal.as_bytes(), &held, &[], &audit)
    };
    let answer = ask(Role::Reveal, name("vehicle")).unwrap();
    assert_eq!((answer.answered, answer.recorded.line), (1, 1));
    let refused = "the keys at hand do not hold the seal key of identity `vehicle` (vin/1)";
    assert_eq!(denied(ask(Role::Reveal, name("person"))), refused);
    let log = entries(&desk.path("a.bundle.audit-1.ndjson"));
    assert_eq!(log.len(), 2);
    assert_eq!(log[1].why.as_deref(), Some(refused));
    // A host that runs pipelines has no key of the log, and so reveals nothing.
    let error = ask(Role::Pseudonymise, name("vehicle")).err().unwrap();
    assert_eq!(
        error.to_string(),
        "a bundle of role `pseudonymise` does not serve this"
    );
    assert_eq!(error.exit_code(), 3);
    assert!(error.hint().unwrap().contains("nothing is recorded"));
    let (path, held) = desk.bundle(Role::Reveal, &[name("vehicle")]);
    let audit = Audit::open(&path, None, held.source(), None, Disk::default()).unwrap();
    let mut elsewhere = question();
    elsewhere.names.domain = "research".to_owned();
    let answer = reveal(&elsewhere, &mut seal.as_bytes(), &held, &[], &audit);
    assert_eq!(
        denied(answer),
        "the bundle serves domain `analytics`, and `research` is asked for"
    );
}

#[test]
fn a_tampered_log_refuses_and_the_refusal_is_recorded_beside_it() {
    let desk = Desk::new();
    let seal = desk.seals(1, &VINS[..1]).remove(0);
    desk.reveal(&seal).unwrap();
    desk.reveal(&seal).unwrap();
    let log = desk.beside(".ndjson");
    let whole = fs::read_to_string(&log).unwrap();
    let first = whole.lines().next().unwrap();
    let cut = format!("{first}\n");
    fs::write(&log, &cut).unwrap();
    let Err(Error::Denied { denial, recorded }) = desk.reveal(&seal) else {
        panic!("answered");
    };
    assert!(matches!(denial, Denial::Tampered(_)));
    let recorded = recorded.unwrap();
    assert_eq!(recorded.log, desk.beside(".fault-1.ndjson"));
    assert_eq!(
        fs::read_to_string(&log).unwrap(),
        cut,
        "the evidence is as it was"
    );
    // What would be refused anyway, too.
    let answer = desk.reveal_as(&seal, |question| question.reason = None);
    assert!(denied(answer).ends_with("line 2 is gone, and all behind it"));
    let faults = entries(&recorded.log);
    assert_eq!(faults.len(), 2);
    for line in &faults {
        assert_eq!((line.outcome, line.answered), (Outcome::Refused, 0));
        let why = line.why.as_ref().unwrap();
        assert!(
            why.starts_with("audit log: `") && why.ends_with("all behind it"),
            "{why}"
        );
    }
    assert!(desk.audit().verify(&[]).is_err());
    fs::write(&log, whole).unwrap();
    assert_eq!(desk.audit().verify(&[]).unwrap().faults, 2);
    assert_eq!(desk.reveal(&seal).unwrap().recorded.line, 3);
}

/// Nothing is shown unless the line is on the disk: at every operation that fails, there is no
/// answer, or a line.
#[test]
fn no_answer_without_a_line() {
    for fault in [Fault::Once, Fault::Full, Fault::Killed] {
        for at in 1.. {
            let desk = Desk::new();
            let seal = desk.seals(1, &VINS[..1]).remove(0);
            let faulty = Faulty::new(at, fault, desk.dir.path());
            let audit = desk.audit_on(Disk::new(faulty.clone()));
            let answer = reveal(&question(), &mut seal.as_bytes(), &desk.held(), &[], &audit);
            let Some(hit) = faulty.hit() else {
                assert!(answer.is_ok());
                break;
            };
            if answer.is_ok() {
                assert_eq!(desk.lines().len(), 1, "{fault:?} at {hit}");
            }
            let error = answer.err().unwrap();
            assert_eq!(error.exit_code(), 1, "{fault:?} at {hit}: {error}");
        }
    }
}

#[test]
fn canonical_bytes_that_are_no_text_are_shown_as_bytes() {
    let desk = Desk::new();
    let held = desk.held();
    let keys = held.source().domain_keys(DOMAIN, Epoch(1)).unwrap();
    let (mut seal, mut text) = (Vec::new(), Vec::new());
    let key = keys.seal_key("vehicle", "exact/1").unwrap();
    key.seal(&[&[0xff, 0xfe]], &mut seal);
    Encoding::Base64Url.encode(&seal, &mut text);
    let answer = desk.reveal_as(std::str::from_utf8(&text).unwrap(), |question| {
        question.names.kind = Kind::Exact;
    });
    let lines = answer.unwrap().lines;
    assert!(matches!(&lines[0].opened, Opened::Bytes(bytes, Epoch(1)) if *bytes == [0xff, 0xfe]));
}
