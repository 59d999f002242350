//! The audit log: what was written is proved, whatever else is found; and no line is lost.

use std::fs;
use std::path::PathBuf;
use std::thread;

use pseudo_engine::audit::{Audit, Entry, Noted};
use pseudo_engine::{Disk, Error};
use pseudo_token::Epoch;

use crate::desk::{Desk, entries, entry};
use crate::faulty::{Fault, Faulty};

/// A desk with so many lines in its log.
fn desk(lines: usize) -> Desk {
    let desk = Desk::new();
    let audit = desk.audit();
    for line in 1..=lines {
        let recorded = audit.record(&entry(&format!("case {line}"))).unwrap();
        assert_eq!(recorded.line, line as u64);
    }
    desk
}

/// What the fault of the log is, to whoever proves it and to whoever writes; nothing is changed.
fn fault(desk: &Desk) -> Option<String> {
    fault_by(desk, &desk.audit())
}

/// The same, by a log that is open.
fn fault_by(desk: &Desk, audit: &Audit) -> Option<String> {
    let files = || [".ndjson", ".anchor"].map(|end| fs::read(desk.beside(end)).ok());
    let before = files();
    let fault = match audit.verify(&[]) {
        Ok(_) => return None,
        Err(error) => error,
    };
    assert!(matches!(fault, Error::Audit(_)), "{fault}");
    assert_eq!(fault.exit_code(), 3);
    if before.iter().any(Option::is_some) {
        let refused = audit.record(&entry("again")).unwrap_err();
        assert_eq!(refused.to_string(), fault.to_string());
        assert!(files() == before, "what may be evidence is as it was");
    }
    let directory = format!("{}/", desk.dir.path().display());
    Some(fault.to_string().replace(&directory, ""))
}

#[test]
fn what_was_recorded_is_proved() {
    let desk = desk(3);
    let proof = desk.audit().verify(&[]).unwrap();
    assert_eq!((proof.lines, proof.allowed, proof.refused), (3, 3, 0));
    assert!(!proof.pending);
    let read: Vec<Entry> = desk.lines();
    assert_eq!(read[1], entry("case 2"));
    let text = fs::read_to_string(desk.beside(".ndjson")).unwrap();
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("{\"n\":1,\"key\":1,\"time\":\""),
        "{first}"
    );
    assert!(first.contains(&format!("\"previous\":\"{}\",\"mac\":\"", "0".repeat(64))));
}

/// HMAC over a tuple, as the head of `audit.rs` says it, by another way.
#[test]
fn the_mac_is_that_of_the_specification() {
    let desk = desk(2);
    let text = fs::read_to_string(desk.beside(".ndjson")).unwrap();
    let mut previous = "0".repeat(64);
    let held = desk.held();
    let key = held.source().audit_key(Epoch(1)).unwrap();
    for line in text.lines() {
        let (open, mac) = line.split_once(",\"mac\":\"").unwrap();
        let body = format!("{open}}}");
        assert!(body.ends_with(&format!("\"previous\":\"{previous}\"}}")));
        let mut message = Vec::new();
        for item in ["pseudo/v1/audit/line", "main", &body] {
            message.extend_from_slice(&u32::try_from(item.len()).unwrap().to_be_bytes());
            message.extend_from_slice(item.as_bytes());
        }
        let mut expected = [[0_u8; 32]];
        pseudo_token::TokenKey::from_bytes(&key).tokens(&[&message], &mut expected);
        let expected: String = expected[0].iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(mac, format!("{expected}\"}}"));
        previous = expected;
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let desk = desk(3);
    let audit = desk.audit();
    for end in [".ndjson", ".anchor"] {
        let path = desk.beside(end);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            for bit in [at % 8, 5] {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                fs::write(&path, &changed).unwrap();
                assert!(
                    fault_by(&desk, &audit).is_some(),
                    "{end}: byte {at}, bit {bit}"
                );
            }
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(fault_by(&desk, &audit), None);
    }
}

#[test]
fn every_cut_is_found() {
    let desk = desk(3);
    let audit = desk.audit();
    for end in [".ndjson", ".anchor"] {
        let path = desk.beside(end);
        let whole = fs::read(&path).unwrap();
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(fault_by(&desk, &audit).is_some(), "{end}: cut to {len}");
            fs::write(&path, &whole[whole.len() - len..]).unwrap();
            assert!(fault_by(&desk, &audit).is_some(), "{end}: the last {len}");
        }
        fs::remove_file(&path).unwrap();
        assert!(fault_by(&desk, &audit).is_some(), "{end}: removed");
        fs::write(&path, &whole).unwrap();
        assert_eq!(fault_by(&desk, &audit), None);
    }
}

#[test]
fn a_fault_is_told_by_line_and_reason() {
    let desk = desk(4);
    let path = desk.beside(".ndjson");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let of = |order: &[usize]| -> String {
        let lines = order.iter().map(|n| format!("{}\n", lines[*n - 1]));
        lines.collect()
    };
    let elsewhere = self::desk(4);
    let other = fs::read_to_string(elsewhere.beside(".ndjson")).unwrap();
    let cases = [
        (of(&[1, 2, 3]), "line 4 is gone, and all behind it"),
        (String::new(), "line 1 is gone, and all behind it"),
        (
            of(&[1, 3, 2, 4]),
            "line 2 is another line of the log, out of its place",
        ),
        (
            of(&[1, 3, 4]),
            "line 2 is another line of the log, out of its place",
        ),
        (
            of(&[1, 2, 2, 3, 4]),
            "line 3 is another line of the log, out of its place",
        ),
        (
            of(&[1, 2, 3, 4, 4]),
            "line 5 stands behind the last one that the anchor knows",
        ),
        (
            format!("{text}{{}}\n"),
            "line 5 stands behind the last one that the anchor knows",
        ),
        (
            format!("{text}\n"),
            "line 5 stands behind the last one that the anchor knows",
        ),
        (
            text.trim_end().to_owned(),
            "line 4 is cut off, or was changed after it was written",
        ),
        (
            text.replacen("case 3", "case 8", 1),
            "line 3 was changed after it was written, or with another key",
        ),
        (
            text.replace("\"asked\":3", "\"asked\":2"),
            "line 1 was changed after it was written, or with another key",
        ),
        (
            other,
            "line 1 was changed after it was written, or with another key",
        ),
    ];
    for (log, expected) in cases {
        fs::write(&path, log).unwrap();
        let expected = format!("audit log: `a.keyring.audit-1.ndjson`, {expected}");
        assert_eq!(fault(&desk).unwrap(), expected);
    }
    fs::write(&path, &text).unwrap();
    fs::remove_file(desk.beside(".anchor")).unwrap();
    let expected = "audit log: `a.keyring.audit-1.ndjson` has no anchor, which is beside the keys";
    assert_eq!(fault(&desk).unwrap(), expected);
    fs::write(desk.beside(".anchor"), "{}\n").unwrap();
    let expected = "audit log: `a.keyring.audit-1.anchor` \
                    was changed after it was written, or with another key";
    assert_eq!(fault(&desk).unwrap(), expected);
}

/// Two logs of one key, of a keyring and of its copy elsewhere.
#[test]
fn a_log_of_the_same_key_is_no_other() {
    let desk = desk(2);
    let copy = desk.path("copy.keyring");
    fs::copy(desk.keyring(), &copy).unwrap();
    let held = desk.held();
    let other = Audit::open(&copy, None, held.source(), None, Disk::default()).unwrap();
    other.record(&entry("case 1")).unwrap();
    other.record(&entry("case 3")).unwrap();
    let log = fs::read_to_string(other.log()).unwrap();
    let path = desk.beside(".ndjson");
    let own = fs::read_to_string(&path).unwrap();
    fs::write(&path, &log).unwrap();
    let fault_of = |desk: &Desk| {
        fault(desk)
            .unwrap()
            .split("ndjson`")
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        fault_of(&desk),
        ", line 2 is not the one that the anchor knows"
    );
    let [own, log] = [&own, &log].map(|text| text.lines().collect::<Vec<_>>());
    assert_eq!(own[0], log[0], "the same words have the same MAC");
    other.record(&entry("case 4")).unwrap();
    let third = fs::read_to_string(other.log()).unwrap();
    let third = third.lines().nth(2).unwrap().to_owned();
    desk_with(&path, &[own[0], own[1]]);
    assert_eq!(fault(&desk), None);
    desk.audit().record(&entry("case 4")).unwrap();
    desk_with(&path, &[own[0], own[1], &third]);
    assert_eq!(
        fault_of(&desk),
        ", line 3 does not follow the line before: it is of another log"
    );
}

fn desk_with(path: &PathBuf, lines: &[&str]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(path, text).unwrap();
}

#[test]
fn an_older_pair_is_found_by_what_was_noted() {
    let desk = desk(2);
    let files = [".ndjson", ".anchor"].map(|end| desk.beside(end));
    let old = files.clone().map(|path| fs::read(path).unwrap());
    let recorded = desk.audit().record(&entry("case 3")).unwrap();
    let noted = |mac: &str| Noted {
        line: recorded.line,
        mac: mac.to_owned(),
    };
    let right = [noted(&recorded.mac), noted(&recorded.mac[..16])];
    assert!(desk.audit().verify(&right).is_ok());
    let wrong = desk.audit().verify(&[noted(&"0".repeat(16))]).unwrap_err();
    assert!(
        wrong
            .to_string()
            .ends_with("line 3 is not the one that was noted")
    );
    for (path, bytes) in files.iter().zip(&old) {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(fault(&desk), None, "by itself it is as it was");
    assert!(matches!(desk.audit().verify(&right), Err(Error::Audit(_))));
}

#[test]
fn another_key_proves_nothing() {
    let desk = desk(2);
    let other = Desk::new();
    for end in [".ndjson", ".anchor"] {
        fs::copy(desk.beside(end), other.beside(end)).unwrap();
    }
    assert!(fault(&other).is_some());
    desk.rotate();
    let held = desk.held();
    let open = |epoch| {
        let epoch = Some(Epoch(epoch));
        let log = desk.beside(".ndjson");
        Audit::open(
            &desk.keyring(),
            Some(&log),
            held.source(),
            epoch,
            Disk::default(),
        )
        .unwrap()
    };
    assert_eq!(open(1).verify(&[]).unwrap().lines, 2);
    let error = open(2).record(&entry("case 3")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("has no anchor, which is beside the keys"),
        "{error}"
    );
    // Without a name, the primary epoch has a log of its own.
    let second = desk.audit();
    assert_eq!(second.record(&entry("case 1")).unwrap().line, 1);
    assert!(second.log().ends_with("a.keyring.audit-2.ndjson"));
    assert!(second.verify(&[]).is_ok() && open(1).verify(&[]).is_ok());
}

#[test]
fn no_log_is_as_wrong_as_none() {
    let desk = Desk::new();
    let error = desk.audit().verify(&[]).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("a.keyring.audit-1.ndjson` is not there"),
        "{error}"
    );
    assert_eq!(error.exit_code(), 3);
}

#[test]
fn one_keyring_has_one_log_by_whatever_name() {
    let desk = desk(1);
    let link = desk.path("link.keyring");
    std::os::unix::fs::symlink(desk.keyring(), &link).unwrap();
    let held = desk.held();
    let open = |keys: &PathBuf, log: Option<&PathBuf>| {
        let log = log.map(PathBuf::as_path);
        Audit::open(keys, log, held.source(), None, Disk::default()).unwrap()
    };
    assert_eq!(open(&link, None).record(&entry("case 2")).unwrap().line, 2);
    let fresh = desk.path("fresh.ndjson");
    let error = open(&desk.keyring(), Some(&fresh)).record(&entry("case 3"));
    let error = error.unwrap_err().to_string();
    assert!(
        error.ends_with("fresh.ndjson`, line 1 is gone, and all behind it"),
        "{error}"
    );
    assert!(!fresh.exists());
    // A log that moves stays the log.
    fs::copy(desk.beside(".ndjson"), &fresh).unwrap();
    fs::remove_file(desk.beside(".ndjson")).unwrap();
    let moved = open(&desk.keyring(), Some(&fresh));
    assert_eq!(moved.record(&entry("case 3")).unwrap().line, 3);
}

#[test]
fn a_fault_is_recorded_beside_the_log() {
    let desk = desk(2);
    let audit = desk.audit();
    let log = desk.beside(".ndjson");
    let whole = fs::read(&log).unwrap();
    fs::write(&log, b"gone\n").unwrap();
    let first = audit.record_fault(&entry("a")).unwrap();
    assert_eq!(
        (first.log.clone(), first.line),
        (desk.beside(".fault-1.ndjson"), 1)
    );
    assert_eq!(audit.record_fault(&entry("b")).unwrap().line, 2);
    // That log has a fault now, too.
    fs::write(&first.log, b"").unwrap();
    let third = audit.record_fault(&entry("c")).unwrap();
    assert_eq!(
        (third.log.clone(), third.line),
        (desk.beside(".fault-2.ndjson"), 1)
    );
    assert_eq!(fs::read(&log).unwrap(), b"gone\n");
    fs::write(&log, whole).unwrap();
    let error = audit.verify(&[]).unwrap_err().to_string();
    assert!(
        error.ends_with("fault-1.ndjson`, line 1 is gone, and all behind it"),
        "{error}"
    );
    assert_eq!(entries(&third.log), [entry("c")]);
    // No log passes for another of the same key.
    for (from, to) in [(".fault-2", ""), ("", ".fault-2")] {
        let files =
            [".ndjson", ".anchor"].map(|end| (format!("{from}{end}"), format!("{to}{end}")));
        let kept = files
            .clone()
            .map(|(_, to)| fs::read(desk.beside(&to)).unwrap());
        for (from, to) in &files {
            fs::copy(desk.beside(from), desk.beside(to)).unwrap();
        }
        assert!(matches!(audit.verify(&[]), Err(Error::Audit(_))));
        for ((_, to), kept) in files.iter().zip(kept) {
            fs::write(desk.beside(to), kept).unwrap();
        }
    }
}

#[test]
fn writers_wait_for_each_other() {
    let desk = Desk::new();
    let numbers = thread::scope(|scope| {
        let write = |writer: usize| {
            let audit = desk.audit();
            move || -> Vec<u64> {
                let entries = (0..10).map(|n| entry(&format!("case {writer}-{n}")));
                let record = |entry: Entry| audit.record(&entry).unwrap().line;
                entries.map(record).collect()
            }
        };
        let writers: Vec<_> = (0..6).map(|n| scope.spawn(write(n))).collect();
        let done = writers.into_iter().map(|writer| writer.join().unwrap());
        done.collect::<Vec<_>>()
    });
    for own in &numbers {
        assert!(own.is_sorted(), "{own:?}");
    }
    let mut all = numbers.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=60).collect::<Vec<_>>());
    assert_eq!(desk.audit().verify(&[]).unwrap().lines, 60);
    let mut reasons: Vec<_> = desk.lines().into_iter().map(|entry| entry.reason).collect();
    reasons.sort();
    reasons.dedup();
    assert_eq!(reasons.len(), 60);
}

/// Whatever operation a writer is stopped at: what was recorded is there, the log is no fault, and
/// the next writer goes on.
#[test]
fn no_line_is_lost_and_no_log_is_at_fault_after_a_crash() {
    for fault in [Fault::Once, Fault::Full, Fault::Killed, Fault::PowerCut] {
        for at in 1.. {
            let desk = Desk::new();
            let faulty = Faulty::new(at, fault, desk.dir.path());
            let audit = desk.audit_on(Disk::new(faulty.clone()));
            let cases = ["one", "two", "three"];
            let done = cases.map(|case| audit.record(&entry(case)).is_ok());
            let Some(hit) = faulty.hit() else {
                assert!(at > 30, "{fault:?}: {at} operations");
                break;
            };
            let local = desk.audit();
            let nothing = !desk.beside(".ndjson").exists() && !desk.beside(".anchor").exists();
            if !nothing {
                let proof = local.verify(&[]);
                assert!(proof.is_ok(), "{fault:?} at {hit}: {}", proof.unwrap_err());
            }
            local.record(&entry("after")).unwrap();
            let proof = local.verify(&[]).unwrap();
            assert!(!proof.pending, "{fault:?} at {hit}");
            let lines: Vec<_> = desk.lines().into_iter().map(|line| line.reason).collect();
            assert_eq!(lines.last().unwrap(), "after");
            for (case, done) in cases.iter().zip(done) {
                let times = lines.iter().filter(|line| line == case).count();
                assert!(
                    times == 1 || times == 0 && !done,
                    "{fault:?} at {hit}: {lines:?}"
                );
            }
            assert!(
                lines.is_sorted_by_key(|line| place(line)),
                "{fault:?} at {hit}: {lines:?}"
            );
        }
    }
}

fn place(case: &str) -> Option<usize> {
    ["one", "two", "three", "after"]
        .iter()
        .position(|c| *c == case)
}

#[test]
fn files_are_for_their_owner_and_group() {
    use std::os::unix::fs::PermissionsExt;
    let desk = desk(1);
    for (end, mode) in [(".ndjson", 0o640), (".anchor", 0o600)] {
        let found = fs::metadata(desk.beside(end)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found & !mode, 0, "{end}: {found:o}");
    }
}
