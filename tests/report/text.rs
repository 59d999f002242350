//! The Markdown as a whole.

use crate::sample::{assessment, attack, before, manifest, report, run};

#[test]
fn markdown_of_a_run() {
    let (now, last) = (manifest(run()), manifest(before()));
    let mut report = report(&now);
    report.previous = Some(&last);
    let (assessment, attack) = (assessment(), attack());
    report.assessment = Some(&assessment);
    report.attack = Some(&attack);
    insta::assert_snapshot!(report.markdown().unwrap());
}
