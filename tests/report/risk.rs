//! What a report says of risk: the figures that were measured, and none where nobody measured.

use pseudo_engine::risk::Assessment;
use pseudo_engine::risk::attack::AttackReport;
use serde_json::{Value, json};

use crate::page::read;
use crate::sample::{assessment, attack, manifest, report, run};

/// Numbers of all depths of a document.
fn numbers(value: &Value, found: &mut Vec<u64>) {
    match value {
        Value::Number(number) => found.extend(number.as_u64()),
        Value::Array(values) => values.iter().for_each(|value| numbers(value, found)),
        Value::Object(values) => values.values().for_each(|value| numbers(value, found)),
        _ => {}
    }
}

fn with_commas(number: u64) -> String {
    let digits: Vec<char> = number.to_string().chars().rev().collect();
    let groups = digits
        .chunks(3)
        .map(|group| group.iter().collect::<String>());
    let text = groups.collect::<Vec<_>>().join(",");
    text.chars().rev().collect()
}

#[test]
fn what_was_measured_is_told() {
    let now = manifest(run());
    let (assessment, attack) = (assessment(), attack());
    let mut report = report(&now);
    report.assessment = Some(&assessment);
    report.attack = Some(&attack);
    let texts = [
        read(&report.html().unwrap()).text,
        report.markdown().unwrap(),
    ];
    let mut counts = Vec::new();
    // of the set that somebody chose all, of the worst case what the table of sets says
    let sets = &assessment.tables[0].sets;
    numbers(&serde_json::to_value(&sets[1].risk).unwrap(), &mut counts);
    counts.extend([sets[0].risk.unique, sets[0].risk.below]);
    numbers(&serde_json::to_value(&attack).unwrap(), &mut counts);
    assert!(counts.len() > 30);
    // the end of a band that has none, and values in a column whose share is told
    counts.retain(|count| *count != u64::MAX && *count != 0);
    for text in texts {
        for count in &counts {
            assert!(text.contains(&with_commas(*count)), "{count}");
        }
        for share in ["3.1%", "20.0%", "1.0%", "5.0%", "3.8%", "0.312", "1.75"] {
            assert!(text.contains(share), "{share}");
        }
        for words in [
            "quasi-identifier",
            "direct identifier, as pseudonym",
            "sensitive",
        ] {
            assert!(text.contains(words), "{words}");
        }
        assert!(text.contains("Had this copy been stolen: 12,345 of 1,234,300 people"));
        assert!(text.contains("2 files could not be looked into."));
    }
    let json: Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    let told: Assessment = serde_json::from_value(json["assessment"].clone()).unwrap();
    assert_eq!(told, assessment);
    let told: AttackReport = serde_json::from_value(json["attack"].clone()).unwrap();
    assert_eq!(told, attack);
    // what somebody chose comes before the worst case
    let verdict = json["verdict"][3].as_str().unwrap();
    assert_eq!(
        verdict,
        "In table users, 12,345 are alone with the values of city and gender, 1.0% of 1,234,300 \
         subjects; the smallest class has 1 subject, and 5.0% are in classes of fewer than 5."
    );
}

#[test]
fn what_nobody_measured_is_not_told() {
    let now = manifest(run());
    let page = read(&report(&now).html().unwrap()).text;
    for words in ["Nobody measured for this report", "Nobody played the thief"] {
        assert!(page.contains(words), "{words}");
    }
    for words in ["alone", "smallest class has", "Had this copy been stolen"] {
        assert!(!page.contains(words), "{words}");
    }
}

/// A gate that does not hold, as after a `forget`, is not said to hold.
#[test]
fn gates_are_told_with_what_was_counted() {
    for (k, words) in [(1, "holds"), (2, "does not hold")] {
        let mut run = run();
        let mut found = serde_json::to_value(&assessment().tables[0].sets[1].risk).unwrap();
        found["k_wanted"] = json!(k);
        found["below"] = json!(if k == 1 { 0 } else { 12_345 });
        run["tables"][0]["classes"] = json!({ "k": k, "below_rate": 0.0, "found": found });
        let now = manifest(run);
        let page = read(&report(&now).html().unwrap()).text;
        assert!(page.contains("Gates, and what was counted before publication"));
        assert!(page.lines().any(|line| line.trim() == words), "{words}");
    }
}

#[test]
fn names_in_what_was_measured_are_text() {
    let name = "<script>alert(1)</script>`|";
    let rename = |value: Value| -> Value {
        let text = value.to_string();
        let quoted = json!(name).to_string();
        let text = text
            .replace("\"city\"", &quoted)
            .replace("\"users\"", &quoted);
        serde_json::from_str(&text).unwrap()
    };
    let assessment: Assessment =
        serde_json::from_value(rename(serde_json::to_value(assessment()).unwrap())).unwrap();
    let mut attack = rename(serde_json::to_value(attack()).unwrap());
    attack["sentence"] = json!(name);
    attack["singled_out"][0]["sets"][0]["columns"][0] = json!(name);
    let attack: AttackReport = serde_json::from_value(attack).unwrap();
    let now = manifest(rename(run()));
    let mut report = report(&now);
    report.assessment = Some(&assessment);
    report.attack = Some(&attack);
    let page = read(&report.html().unwrap());
    assert_eq!(page.all("script").count(), 0);
    assert!(page.text.contains(name));
    assert!(!report.json().unwrap().contains('<'));
    let markdown = report.markdown().unwrap();
    let table = markdown.lines().filter(|line| line.starts_with("| "));
    for line in table {
        assert!(
            !line.contains("`|`"),
            "a bar that is not escaped ends the cell: {line}"
        );
    }
}
