//! References to secrets elsewhere: what a keyring may say of them, and what it says when they
//! cannot be asked.

use pseudo_keyring::{
    Access, AwsCredentials, Change, Custody, Error, Fault, Fresh, KeySource, Keyring, Pkcs11,
    Transit,
};
use pseudo_token::Epoch;
use zeroize::Zeroizing;

use crate::harness::{Bench, CREATED, SECRET, item};

const PLACE: &str = concat!(
    r#"{"provider":"transit","address":"https://127.0.0.1:1","#,
    r#""mount":"transit","key":"analytics","version":3}"#
);

fn elsewhere(epoch: u32, status: &str, more: &str) -> String {
    format!(r#"{{"epoch":{epoch},"status":"{status}",{more}"created":"{CREATED}"}}"#)
}

fn held(place: &str) -> String {
    format!(r#""custody":{place},"check":"0011223344556677","#)
}

fn second(items: &[String]) -> String {
    let items = items.join(",");
    format!(r#"{{"format":"pseudo-keyring/2","secrets":[{items}]}}"#)
}

fn open(text: &str) -> Result<Keyring, Error> {
    let bench = Bench::new();
    Keyring::open(&bench.keyring(text), &bench.unlock())
}

#[test]
fn one_keyring_holds_both_sorts() {
    let text = second(&[
        item(1, "enabled", Some(SECRET)),
        elsewhere(2, "primary", &held(PLACE)),
    ]);
    let keyring = open(&text).unwrap();
    let entries: Vec<_> = keyring.entries().collect();
    assert!(entries[0].custody.is_none());
    assert_eq!(
        entries[1].check_value.unwrap().to_string(),
        "0011223344556677"
    );
    let shown = entries[1].custody.as_ref().unwrap().to_string();
    let expected = "key `analytics` version 3 of Transit `https://127.0.0.1:1/transit`";
    assert_eq!(shown, expected);
    assert_eq!(keyring.custody(Epoch(2)).unwrap().provider(), "transit");
    assert!(keyring.domain_keys("analytics", Epoch(1)).is_ok());
    let error = keyring.primary().unwrap_err();
    assert!(
        matches!(error, Error::Elsewhere { epoch: 2, .. }),
        "{error}"
    );
    let error = keyring.domain_keys("analytics", Epoch(2)).unwrap_err();
    let expected = match keyring.custody(Epoch(2)).unwrap().is_built() {
        true => matches!(error, Error::NoAccess { .. }),
        false => matches!(
            error,
            Error::NotBuilt {
                provider: "transit"
            }
        ),
    };
    assert!(expected && error.exit_code() == 2, "{error}");
}

#[test]
fn illegal_references_are_refused() {
    let refuse = |more: &str, expected: Fault| {
        let text = second(&[elsewhere(1, "primary", more)]);
        let error = open(&text).unwrap_err();
        let found = matches!(error, Error::Content { fault, .. } if fault == expected);
        assert!(found, "{error}: {text}");
    };
    let bad = |from: &str, to: &str| held(&PLACE.replace(from, to));
    refuse(&bad("\"version\":3", "\"version\":0"), Fault::Custody(1));
    refuse(&bad("\"analytics\"", "\"\""), Fault::Custody(1));
    refuse(&bad("analytics", "a\\u0007"), Fault::Custody(1));
    refuse(&bad("analytics", &"a".repeat(1025)), Fault::Custody(1));
    refuse(
        &held(PLACE).replace("0011223344556677", "00"),
        Fault::Custody(1),
    );
    refuse(&format!(r#""custody":{PLACE},"#), Fault::Custody(1));
    refuse(
        &format!(r#"{}"secret":"{SECRET}","#, held(PLACE)),
        Fault::TwoRoots(1),
    );
    refuse(
        &format!(r#""check":"0011223344556677","secret":"{SECRET}","#),
        Fault::Custody(1),
    );
    refuse(
        &bad("\"transit\",\"address\"", "\"other\",\"address\""),
        Fault::Document,
    );
    refuse(
        &bad("\"version\":3", "\"version\":3,\"more\":1"),
        Fault::Document,
    );
    refuse(&bad("\"mount\":\"transit\",", ""), Fault::Document);
    let destroyed = [
        elsewhere(1, "destroyed", &held(PLACE)),
        item(2, "primary", Some(SECRET)),
    ];
    let error = open(&second(&destroyed)).unwrap_err();
    let fault = Fault::NotDestroyed(1);
    assert!(matches!(error, Error::Content { fault: found, .. } if found == fault));
    let first = second(&[elsewhere(1, "primary", &held(PLACE))]).replace("keyring/2", "keyring/1");
    let error = open(&first).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Content {
                fault: Fault::Format,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_reference_comes_and_goes_like_a_secret() {
    let bench = Bench::new();
    let text = second(&[
        elsewhere(1, "enabled", &held(PLACE)),
        item(2, "primary", Some(SECRET)),
    ]);
    let (path, unlock) = (bench.keyring(&text), bench.unlock());
    let begin = || Change::begin(&path, &unlock, Access::none()).unwrap();
    let mut change = begin();
    change.disable(Epoch(1)).unwrap();
    let keyring = change.commit().unwrap();
    assert!(keyring.custody(Epoch(1)).is_some());
    let error = keyring.domain_keys("a", Epoch(1)).unwrap_err();
    assert!(matches!(error, Error::Disabled { epoch: 1 }));
    assert!(bench.opened("made.keyring").contains("keyring/2"));
    let mut change = begin();
    change.destroy(Epoch(1)).unwrap();
    assert!(change.commit().unwrap().custody(Epoch(1)).is_none());
    let opened = bench.opened("made.keyring");
    assert!(
        opened.contains("keyring/1") && !opened.contains("transit"),
        "{opened}"
    );
}

#[test]
fn a_provider_that_does_not_answer_changes_nothing() {
    let bench = Bench::new();
    let path = bench.path("a.keyring");
    let unlock = bench.unlock();
    let place = |key: &str| {
        Custody::Transit(Transit {
            address: "https://127.0.0.1:1".to_owned(),
            mount: "transit".to_owned(),
            key: key.to_owned(),
            version: 1,
            namespace: None,
        })
    };
    let fresh = || Fresh::Custody(place("analytics"));
    let error = Keyring::create_with(&path, &unlock, CREATED, fresh(), Access::none());
    assert!(error.is_err() && !path.exists());
    Keyring::create(&path, &unlock, CREATED).unwrap();
    let mut change = Change::begin(&path, &unlock, Access::none()).unwrap();
    assert!(change.rotate(fresh(), CREATED).is_err());
    let error = change
        .rotate(Fresh::Custody(place("")), CREATED)
        .unwrap_err();
    assert!(matches!(error, Error::Custody));
    let entries: Vec<_> = change.keyring().entries().collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].status, pseudo_keyring::Status::Primary);
}

#[test]
fn what_providers_need_has_no_face() {
    let access = Access {
        pin: Some(Zeroizing::new("canary-pin".to_owned())),
        vault_token: Some(Zeroizing::new("canary-token".to_owned())),
        aws: Some(AwsCredentials {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Zeroizing::new("canary-secret".to_owned()),
            session: Some(Zeroizing::new("canary-session".to_owned())),
        }),
        ..Access::none()
    };
    let shown = format!("{access:?} {:?}", access.aws);
    assert_eq!(shown, "Access(..) Some(AwsCredentials(AKIDEXAMPLE))");
    let place = Custody::Pkcs11(Pkcs11 {
        module: "/m.so".to_owned(),
        token: "t".to_owned(),
        key: "k".to_owned(),
        id: None,
    });
    assert_eq!(place.to_string(), "key `k` of PKCS#11 token `t`");
}

#[test]
fn references_are_read_as_people_write_them() {
    let read = |text: &str| text.parse::<Custody>();
    let text = "pkcs11:token=my%20token;object=k;id=%A0%03?module-path=/usr/lib/a.so";
    let Custody::Pkcs11(place) = read(text).unwrap() else {
        unreachable!("a PKCS#11 reference")
    };
    let id = place.id.as_deref();
    assert_eq!(
        (place.token.as_str(), place.key.as_str(), id),
        ("my token", "k", Some("a003"))
    );
    assert_eq!(place.module, "/usr/lib/a.so");
    let text = "transit:https://vault.example:8200/team/transit/my-key?version=7&namespace=a";
    let Custody::Transit(place) = read(text).unwrap() else {
        unreachable!("a Transit reference")
    };
    assert_eq!(place.address, "https://vault.example:8200");
    assert_eq!(
        (place.mount.as_str(), place.key.as_str()),
        ("team/transit", "my-key")
    );
    assert_eq!((place.version, place.namespace.as_deref()), (7, Some("a")));
    let Custody::AwsKms(place) = read("aws-kms:eu-central-1/alias/a?endpoint=https://h").unwrap()
    else {
        unreachable!("an AWS KMS reference")
    };
    assert_eq!(
        (place.region.as_str(), place.key.as_str()),
        ("eu-central-1", "alias/a")
    );
    assert_eq!(place.endpoint.as_deref(), Some("https://h"));
    for wrong in [
        "",
        "pkcs11",
        "pkcs11:token=a;object=b",
        "pkcs11:token=a?module-path=/m",
        "pkcs11:token=a;token=b;object=c?module-path=/m",
        "pkcs11:token=a;object=b;pin-value=1?module-path=/m",
        "pkcs11:token=%4;object=b?module-path=/m",
        "pkcs11:token=%+4;object=b?module-path=/m",
        "transit:vault/transit/key",
        "transit:https://vault/key",
        "transit:https://vault/transit/key?version=0",
        "transit:https://vault/transit/key?other=1",
        "aws-kms:eu-central-1",
        "aws-kms:evil.example\u{23}/key",
        "aws-kms:eu/key?other=1",
        "vault:https://vault/transit/key",
    ] {
        let error = read(wrong).unwrap_err();
        assert!(
            matches!(error, Error::CustodyText) && error.hint().is_some(),
            "{wrong}"
        );
    }
}
