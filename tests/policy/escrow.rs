//! `escrow`: which columns may have their originals sealed beside them, and to whom.

use arrow_schema::DataType;
use pseudo_policy::{Action, Fault};

use crate::{RECIPIENT, bound, parsed, refused, schema, text};

fn rules(others: &str) -> String {
    text(&format!("id = [ {others}{{ escrow = \"{RECIPIENT}\" }} ]"))
}

fn faults(text: &str) -> Vec<Fault> {
    let violations = refused(text).violations;
    violations.iter().map(|violation| violation.fault).collect()
}

#[test]
fn it_stands_beside_tokens_and_writes_no_column() {
    let both = rules(
        "{ token = \"account\" }, { fpe = \"account\", alphabet = \"int64\", to = \"key\" }, \
         { seal = \"account\", to = \"sealed\" }, { band = { width = 10 }, to = \"band\" }, ",
    );
    let plan = bound(&both, &schema(&[("id", DataType::Int64)])).unwrap();
    let escrows: Vec<_> = plan
        .columns
        .iter()
        .map(|column| (column.output.name().as_str(), column.escrow.as_deref()))
        .collect();
    let expected = [
        ("id", Some(RECIPIENT)),
        ("key", Some(RECIPIENT)),
        ("sealed", None),
        ("band", None),
    ];
    assert_eq!(escrows, expected);
    assert_eq!(plan.dropped, [""; 0]);
}

#[test]
fn one_column_has_nothing_to_do_with_another() {
    let columns = format!(
        "id = [ {{ token = \"account\" }}, {{ escrow = \"{RECIPIENT}\" }} ]\n\
         phone = {{ token = \"phone\" }}"
    );
    let source = schema(&[("id", DataType::Int64), ("phone", DataType::Utf8)]);
    let plan = bound(&text(&columns), &source).unwrap();
    let escrows: Vec<_> = plan.columns.iter().map(|c| c.escrow.is_some()).collect();
    assert_eq!(escrows, [true, false]);
}

#[test]
fn it_is_an_action_of_its_own() {
    let pipeline = parsed(&rules("{ token = \"account\" }, "));
    let rules = &pipeline.table("users").unwrap().columns[0];
    assert_eq!(rules.escrow(), Some(RECIPIENT));
    let action = &rules.rules[1].action;
    assert_eq!(*action, Action::Escrow(RECIPIENT.to_owned()));
    assert!(!action.writes() && !action.takes_escrow() && !action.copies());
}

#[test]
fn without_a_token_beside_it_there_is_nothing_to_pair() {
    for alone in [
        format!("id = {{ escrow = \"{RECIPIENT}\" }}"),
        format!("id = [ \"keep\", {{ escrow = \"{RECIPIENT}\" }} ]"),
        format!("id = [ {{ seal = \"account\" }}, {{ escrow = \"{RECIPIENT}\" }} ]"),
    ] {
        assert_eq!(faults(&text(&alone)), [Fault::BadValue], "{alone}");
    }
    let shown = refused(&rules("")).to_string().replace(RECIPIENT, "age1…");
    insta::assert_snapshot!(shown, @r#"
    error: column `id` has `escrow` without a `token` or `fpe` beside
      --> p.toml:23:8, table [tables.users.columns]
      hint: give it one, for instance
            id = [ { token = "person" }, { escrow = "age1…" } ]
    "#);
}

#[test]
fn nobody_is_sealed_to_by_mistake() {
    let slip = RECIPIENT.replace("age1ql3", "age1ql4");
    let secret = format!("AGE-SECRET-KEY-1{}", "Q".repeat(58));
    for wrong in ["", "age1", "me@example.com", slip.as_str(), secret.as_str()] {
        let rules = rules("{ token = \"account\" }, ").replace(RECIPIENT, wrong);
        let refusal = refused(&rules);
        assert_eq!(refusal.violations.len(), 1, "{refusal}");
        if wrong.len() > 20 {
            assert!(!refusal.to_string().contains(wrong), "{refusal}");
        }
    }
}

#[test]
fn it_takes_nothing_beside_its_recipient() {
    let with = |side: &str| {
        let escrow = format!("{{ escrow = \"{RECIPIENT}\"");
        rules("{ token = \"account\" }, ").replace(&escrow, &format!("{escrow}, {side}"))
    };
    for side in ["to = \"other\"", "on_invalid = \"null\"", "kind = \"vin\""] {
        assert_eq!(faults(&with(side)), [Fault::BadValue], "{side}");
    }
    assert_eq!(faults(&with("bits = 128")), [Fault::UnknownKey]);
    let twice = rules(&format!(
        "{{ token = \"account\" }}, {{ escrow = \"{RECIPIENT}\" }}, "
    ));
    assert_eq!(faults(&twice), [Fault::BadValue]);
    let joint = format!("id = {{ token = \"account\", escrow = \"{RECIPIENT}\" }}");
    assert_eq!(faults(&text(&joint)), [Fault::TwoActions]);
}

#[test]
fn a_token_that_is_refused_is_all_that_is_told() {
    assert_eq!(
        faults(&rules("{ token = \"nobody\" }, ")),
        [Fault::UnknownIdentity]
    );
    assert_eq!(faults(&text("id = \"escrow\"")), [Fault::UnknownAction]);
}

#[test]
fn cells_without_a_text_have_no_pairs() {
    let blob = rules("{ token = \"blob\" }, ");
    for input in [DataType::Binary, DataType::FixedSizeBinary(8)] {
        let refusal = bound(&blob, &schema(&[("id", input)])).unwrap_err();
        let faults: Vec<_> = refusal.violations.iter().map(|v| v.fault).collect();
        assert_eq!(faults, [Fault::TypeNotTaken], "{refusal}");
    }
    assert!(bound(&blob, &schema(&[("id", DataType::Utf8)])).is_ok());
    let coded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    assert!(bound(&blob, &schema(&[("id", coded)])).is_ok());
}
