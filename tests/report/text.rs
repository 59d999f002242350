//! The Markdown as a whole.

use crate::sample::{before, manifest, report, run};

#[test]
fn markdown_of_a_run() {
    let (now, last) = (manifest(run()), manifest(before()));
    let mut report = report(&now);
    report.previous = Some(&last);
    insta::assert_snapshot!(report.markdown().unwrap());
}
