//! Files with mistakes and, beside each, the refusal it meets: `cases/*.toml` and `cases/*.snap`.

use std::fs;
use std::path::Path;

use pseudo_policy::Pipeline;

#[test]
fn every_case_is_refused_as_written_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/policy/cases");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        cases += 1;
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let refusal = Pipeline::parse(&format!("{name}.toml"), &text).unwrap_err();
        insta::with_settings!({
            snapshot_path => "cases", prepend_module_to_snapshot => false, omit_expression => true
        }, {
            insta::assert_snapshot!(name, refusal);
        });
    }
    assert!(cases >= 6);
}

#[test]
fn ten_mistakes_are_ten_messages_each_with_its_line() {
    let text = include_str!("cases/ten-mistakes.toml");
    let refusal = Pipeline::parse("ten-mistakes.toml", text).unwrap_err();
    let marked = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("# mistake"));
    let expected: Vec<usize> = marked.map(|(index, _)| index + 1).collect();
    let found: Vec<usize> = refusal
        .violations
        .iter()
        .map(|violation| violation.line)
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 10);
}
