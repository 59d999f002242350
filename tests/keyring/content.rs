//! What a sealed document may say.

use pseudo_keyring::{Error, Fault, KeySource, Keyring, Status};
use pseudo_token::Epoch;

use crate::harness::{Bench, CREATED, OTHER_SECRET, SECRET, document, item, refused};

#[test]
fn every_status_has_its_use() {
    let bench = Bench::new();
    let third = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=";
    let path = bench.keyring(&document(&[
        item(4, "primary", Some(third)),
        item(2, "disabled", Some(SECRET)),
        item(1, "destroyed", None),
        item(3, "enabled", Some(OTHER_SECRET)),
    ]));
    let keyring = Keyring::open(&path, &bench.unlock()).unwrap();

    let (epoch, secret) = keyring.primary().unwrap();
    assert_eq!(epoch, Epoch(4));
    assert!(keyring.secret(Epoch(3)).is_ok());
    assert!(matches!(
        keyring.secret(Epoch(2)).unwrap_err(),
        Error::Disabled { epoch: 2 }
    ));
    assert!(matches!(
        keyring.secret(Epoch(1)).unwrap_err(),
        Error::Destroyed { epoch: 1 }
    ));
    assert!(matches!(
        keyring.secret(Epoch(5)).unwrap_err(),
        Error::NoEpoch { epoch: 5 }
    ));

    let seen: Vec<_> = keyring
        .entries()
        .map(|e| (e.epoch.0, e.status, e.check_value.is_some()))
        .collect();
    let expected = [
        (1, Status::Destroyed, false),
        (2, Status::Disabled, true),
        (3, Status::Enabled, true),
        (4, Status::Primary, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        format!("{keyring:?}"),
        "Keyring{1: Destroyed, 2: Disabled, 3: Enabled, 4: Primary}"
    );

    let source: &dyn KeySource = &keyring;
    assert_eq!(source.primary_epoch().unwrap(), epoch);
    assert_eq!(
        source.check_value(epoch).unwrap(),
        secret.check_value(epoch)
    );
    assert!(source.domain_keys("analytics", Epoch(3)).is_ok());
    assert!(source.domain_keys("analytics", Epoch(2)).is_err());
}

#[test]
fn illegal_epochs_are_refused() {
    let primary = || item(1, "primary", Some(SECRET));
    let other = |epoch, status| item(epoch, status, Some(OTHER_SECRET));
    let refuse = |items: &[String], fault| fault_is(&document(items), fault);

    refuse(&[], Fault::Primaries(0));
    refuse(&[other(1, "enabled")], Fault::Primaries(0));
    refuse(&[primary(), other(2, "primary")], Fault::Primaries(2));
    refuse(&[primary(), other(1, "enabled")], Fault::SameEpoch(1));
    refuse(&[other(0, "primary")], Fault::EpochZero);
    refuse(&[other(1, "Primary")], Fault::Status(1));
    refuse(&[item(1, "primary", None)], Fault::NoSecret(1));
    refuse(&[primary(), other(2, "destroyed")], Fault::NotDestroyed(2));
    refuse(&[primary().replace(CREATED, "today")], Fault::Created(1));
}

#[test]
fn illegal_secrets_are_refused() {
    let refuse = |secret, fault| fault_is(&document(&[item(1, "primary", Some(secret))]), fault);
    let weak = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let short = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==";
    let long = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
    let stray_bit = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=";
    let not_padded = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let other_alphabet = "_-ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for secret in [weak, short, long, stray_bit, not_padded, other_alphabet] {
        refuse(secret, Fault::Secret(1));
    }
    let escaped = r"\u0041AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    refuse(escaped, Fault::Document);
}

#[test]
fn illegal_json_is_refused() {
    let good = document(&[item(1, "primary", Some(SECRET))]);
    fault_is(&good.replace("keyring/1", "keyring/3"), Fault::Format);
    for text in [
        good.replace("\"epoch\":1", "\"epoch\":-1"),
        good.replace("\"epoch\"", "\"extra\":1,\"epoch\""),
        good.replace("\"secrets\"", "\"more\":1,\"secrets\""),
        format!("{good}{{}}"),
        item(1, "primary", Some(SECRET)),
        String::new(),
    ] {
        fault_is(&text, Fault::Document);
    }
}

#[test]
fn times_of_every_legal_shape_are_taken() {
    let bench = Bench::new();
    for time in [
        "2026-05-04T03:02:01Z",
        "2026-05-04T03:02:01.123456789+08:00",
        "2026-12-31T23:59:60-00:30",
    ] {
        let text = document(&[item(1, "primary", Some(SECRET)).replace(CREATED, time)]);
        let keyring = Keyring::open(&bench.keyring(&text), &bench.unlock()).unwrap();
        assert_eq!(keyring.entries().next().unwrap().created, time);
    }
}

fn fault_is(text: &str, expected: Fault) {
    let bench = Bench::new();
    let path = bench.keyring(text);
    refused(&path, &bench.unlock());
    let error = Keyring::open(&path, &bench.unlock()).unwrap_err();
    let found = matches!(error, Error::Content { fault, .. } if fault == expected);
    assert!(found, "{error}: {text}");
}
