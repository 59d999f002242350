//! scratch
#![expect(clippy::disallowed_methods, reason = "scratch")]
use pseudo_engine::manifest::Manifest;
use pseudo_report::Report;
use std::path::Path;
#[test]
fn scratch() {
    let sink = Path::new("/work/acc/data/safe");
    let manifest = Manifest::read(&sink.join("current")).unwrap();
    let previous = Manifest::read(&sink.join("runs/20261122T121610Z")).unwrap();
    let report = Report {
        sink: Path::new("data/safe"),
        manifest: &manifest,
        previous: Some(&previous),
    };
    std::fs::write("/work/tmp-report/out.html", report.html().unwrap()).unwrap();
    std::fs::write("/work/tmp-report/out.md", report.markdown().unwrap()).unwrap();
    std::fs::write("/work/tmp-report/out.json", report.json().unwrap()).unwrap();
}
