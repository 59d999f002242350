//! Lookup: the pseudonyms that a run makes, and nothing without a line in the log.

use pseudo_engine::ask::{Answer, Question};
use pseudo_engine::audit::Outcome;
use pseudo_engine::lookup::{Found, Lookup, Pseudonym};
use pseudo_engine::{Error, lookup};
use pseudo_keyring::Role;
use pseudo_pii::Kind;
use pseudo_policy::{SealEncoding, TokenEncoding};
use pseudo_token::{Epoch, Purpose, SubKey};

use crate::desk::{Desk, denied, question};
use crate::harness::{Sandbox, texts};

const TOKEN: Pseudonym = Pseudonym::Token {
    encoding: TokenEncoding::Base32,
    long: false,
};

fn plain<'a>(pseudonym: Pseudonym) -> Lookup<'a> {
    Lookup {
        pseudonym,
        blank: None,
        epoch: None,
    }
}

fn phones<'a>() -> Question<'a> {
    let mut question = question();
    question.names.identity = "phone".to_owned();
    question.names.kind = Kind::CnPhone;
    question
}

fn ask(desk: &Desk, how: Lookup<'_>, list: &str) -> Result<Answer<Found>, Error> {
    lookup(
        &phones(),
        how,
        &mut list.as_bytes(),
        &desk.held(),
        &desk.audit(),
    )
}

fn shown(answer: &Answer<Found>) -> Vec<(u64, &str, &str)> {
    let lines = answer.lines.iter();
    lines
        .map(|line| {
            let text = line.pseudonym.as_deref().unwrap_or_default();
            (line.line, line.verdict_name(), text)
        })
        .collect()
}

/// The engine's own run over the same values is the oracle.
#[test]
fn what_is_found_is_what_a_run_writes() {
    let sandbox = Sandbox::new();
    sandbox.text("p.csv", "phone\n+86 138 0013 8000\n13800138001\nnobody\n");
    let forms = [
        ("{ token = \"phone\" }", TOKEN),
        (
            "{ token = \"phone\", encoding = \"hex\", bits = 256 }",
            Pseudonym::Token {
                encoding: TokenEncoding::Hex,
                long: true,
            },
        ),
        (
            "{ seal = \"phone\" }",
            Pseudonym::Seal(SealEncoding::Base64Url),
        ),
        (
            "{ seal = \"phone\", encoding = \"base32\" }",
            Pseudonym::Seal(SealEncoding::Base32),
        ),
    ];
    let desk = Desk::new();
    let held = desk.held();
    for (second, (rule, form)) in (0..).zip(forms) {
        let table = format!(
            "[tables.p]\nsource = \"p.csv\"\norder = \"source\"\n\
             [tables.p.columns]\nphone = {rule}\n"
        );
        let new = |options: &mut pseudo_engine::RunOptions<'_>| options.new_epoch = true;
        sandbox
            .run_keyed(&table, second, held.source(), new)
            .unwrap();
        let written: Vec<_> = texts(&sandbox.read("p"), "phone")
            .into_iter()
            .flatten()
            .collect();
        let list = "138-0013-8000\n\n+86 13800138001\nnobody \n--\n";
        let answer = ask(&desk, plain(form), list);
        let answer = answer.unwrap();
        let [a, b, c] = written.try_into().unwrap();
        let expected = [
            (1, "valid", a.as_str()),
            (3, "valid", b.as_str()),
            (4, "invalid", c.as_str()),
            (5, "blank", ""),
        ];
        assert_eq!(shown(&answer), expected, "{rule}");
        assert_eq!(answer.answered, 3);
    }
}

#[test]
fn tokens_are_written_in_every_form() {
    let desk = Desk::new();
    let token = |encoding, long| {
        let form = Pseudonym::Token { encoding, long };
        let answer = ask(&desk, plain(form), "13800138000\n").unwrap();
        answer.lines[0].pseudonym.clone().unwrap()
    };
    let hex = token(TokenEncoding::Hex, false);
    assert_eq!(hex.len(), 32);
    assert_eq!(token(TokenEncoding::Binary, false), hex);
    assert!(token(TokenEncoding::Hex, true).starts_with(&hex));
    let uuid = token(TokenEncoding::Uuid, false);
    let groups: Vec<_> = uuid.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(uuid.replace('-', ""), hex);
    assert_eq!(token(TokenEncoding::Base32, false).len(), 26);
    assert_eq!(token(TokenEncoding::Base32, true).len(), 52);
}

#[test]
fn a_lookup_is_recorded_without_a_value() {
    let desk = Desk::new();
    let answer = ask(&desk, plain(TOKEN), "13800138000\n13800138001\n-\n").unwrap();
    assert_eq!(answer.recorded.line, 1);
    let [line] = desk.lines().try_into().unwrap();
    assert_eq!(
        (line.verb.as_str(), line.outcome),
        ("lookup", Outcome::Allowed)
    );
    assert_eq!((line.asked, line.answered), (3, 2));
    assert_eq!(
        (line.identity.as_str(), line.kind.as_str()),
        ("phone", "cn-phone/1")
    );
    let log = std::fs::read_to_string(desk.beside(".ndjson")).unwrap();
    for secret in ["138001", shown(&answer)[0].2] {
        assert!(!log.contains(secret));
    }
    // The same list has the same digest, another one another.
    ask(&desk, plain(TOKEN), "13800138000\n13800138001\n-\n").unwrap();
    ask(&desk, plain(TOKEN), "13800138000\n").unwrap();
    let inputs: Vec<_> = desk.lines().into_iter().map(|line| line.inputs).collect();
    assert_eq!(inputs[0], inputs[1]);
    assert_ne!(inputs[1], inputs[2]);
}

#[test]
fn a_reason_that_holds_a_value_is_not_kept() {
    let desk = Desk::new();
    for reason in ["call 138 0013 8000 back", "call +8613800138000 back"] {
        let mut question = phones();
        question.reason = Some(reason);
        let mut list = "138 0013 8000\n".as_bytes();
        let answer = lookup(
            &question,
            plain(TOKEN),
            &mut list,
            &desk.held(),
            &desk.audit(),
        );
        let told = "the reason holds one of the values, and the audit log keeps reasons";
        assert_eq!(denied(answer), told);
    }
    assert!(
        desk.lines()
            .iter()
            .all(|line| line.reason.is_empty() && line.answered == 0)
    );
}

#[test]
fn an_epoch_can_be_named_and_blanks_are_those_of_the_identity() {
    let desk = Desk::new();
    let first = ask(&desk, plain(TOKEN), "13800138000\n").unwrap();
    desk.rotate();
    let second = ask(&desk, plain(TOKEN), "13800138000\n").unwrap();
    assert_ne!(shown(&first), shown(&second));
    let old = Lookup {
        epoch: Some(Epoch(1)),
        ..plain(TOKEN)
    };
    assert_eq!(
        shown(&ask(&desk, old, "13800138000\n").unwrap()),
        shown(&first)
    );
    let absent = Lookup {
        epoch: Some(Epoch(7)),
        ..plain(TOKEN)
    };
    assert_eq!(ask(&desk, absent, "1\n").err().unwrap().exit_code(), 2);
    let list = ["nobody".to_owned()];
    let own = Lookup {
        blank: Some(&list),
        ..plain(TOKEN)
    };
    let answer = ask(&desk, own, "nobody\n-\n").unwrap();
    let verdicts: Vec<_> = shown(&answer).iter().map(|line| line.1).collect();
    assert_eq!(
        verdicts,
        ["blank", "blank"],
        "without separators `-` is empty"
    );
}

#[test]
fn a_key_that_was_not_granted_is_refused_and_recorded() {
    let desk = Desk::new();
    let seal = SubKey::new(Purpose::Seal, "phone", "cn-phone/1");
    let (path, held) = desk.bundle(Role::Reveal, &[seal]);
    let audit = pseudo_engine::audit::Audit::open(
        &path,
        None,
        held.source(),
        None,
        pseudo_engine::Disk::default(),
    );
    let audit = audit.unwrap();
    let mut list = "13800138000\n".as_bytes();
    let answer = lookup(&phones(), plain(TOKEN), &mut list, &held, &audit);
    assert_eq!(
        denied(answer),
        "the keys at hand do not hold the token key of identity `phone` (cn-phone/1)"
    );
    let mut list = "13800138000\n".as_bytes();
    let form = plain(Pseudonym::Seal(SealEncoding::Base64Url));
    assert!(lookup(&phones(), form, &mut list, &held, &audit).is_ok());
    let outcomes: Vec<_> = crate::desk::entries(audit.log())
        .into_iter()
        .map(|line| line.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Refused, Outcome::Allowed]);
}
