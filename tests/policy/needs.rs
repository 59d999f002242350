//! Which keys a pipeline takes, told from its file alone.

use pseudo_token::{Purpose, SubKey};

use crate::{parsed, text};

fn needs(text: &str) -> Vec<SubKey> {
    let pipeline = parsed(text);
    pipeline.needs(&pipeline.tables).into_iter().collect()
}

fn key(purpose: Purpose, identity: &str, kind: &str) -> SubKey {
    SubKey::new(purpose, identity, kind)
}

#[test]
fn every_keyed_rule_names_its_key_once() {
    let columns = "a = [ { token = \"account\" }, { seal = \"person\", to = \"b\" } ]\n\
                   c = { token = \"account\", encoding = \"hex\" }\n\
                   d = { fpe = \"account\", alphabet = \"int64\" }\n\
                   e = \"keep\"\nf = { mask = { keep_last = 4 } }\ng = { derive = \"length\" }";
    let expected = [
        key(Purpose::Token, "account", "integer/1"),
        key(Purpose::Seal, "person", "cn-resident-id/1"),
        key(Purpose::Fpe, "account", "integer/1"),
        SubKey::shuffle(),
    ];
    assert_eq!(needs(&text(columns)), expected);
}

#[test]
fn a_shift_takes_the_key_of_the_subject_and_the_order_its_own() {
    let columns = "a = { token = \"account\" }\nb = { shift = { days = 3 } }";
    let shuffled = text(columns).replace("[tables.users]", "[tables.users]\nsubject = \"a\"");
    let token = key(Purpose::Token, "account", "integer/1");
    let shift = key(Purpose::Shift, "account", "integer/1");
    let [list, forget] = [
        SubKey::tombstones(),
        key(Purpose::Forget, "account", "integer/1"),
    ];
    let mut expected = vec![token, shift, SubKey::shuffle(), list, forget];
    assert_eq!(needs(&shuffled), expected);
    let in_order = shuffled.replace("subject = \"a\"", "subject = \"a\"\norder = \"source\"");
    expected.remove(2);
    assert_eq!(needs(&in_order), expected);
}

#[test]
fn a_subject_takes_the_keys_of_its_tombstones_where_it_has_an_identity() {
    let columns = "a = { token = \"account\" }\nb = \"drop\"";
    let about = |name: &str| {
        let subject = format!("[tables.users]\nsubject = \"{name}\"\norder = \"source\"");
        needs(&text(columns).replace("[tables.users]", &subject))
    };
    let token = key(Purpose::Token, "account", "integer/1");
    let forget = key(Purpose::Forget, "account", "integer/1");
    assert_eq!(about("a"), [token.clone(), SubKey::tombstones(), forget]);
    assert_eq!(about("b"), [token]);
}

#[test]
fn nothing_keyed_takes_no_key() {
    let plain = text("a = \"keep\"\nb = \"drop\"");
    let plain = plain.replace("[tables.users]", "[tables.users]\norder = \"source\"");
    assert_eq!(needs(&plain), []);
}
