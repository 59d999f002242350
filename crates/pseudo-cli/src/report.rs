//! What is written for people: a page, and the same as JSON and Markdown beside it.

use std::path::{Path, PathBuf};

use clap::Args;
use pseudo_engine::manifest::Manifest;
use pseudo_engine::risk::Assessment;
use pseudo_engine::risk::attack::AttackReport;
use pseudo_report::Report;

use crate::message::{Failure, Screen};

/// Where it is written.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Operations")]
pub(crate) struct ReportArgs {
    /// Write a report for people to this file, a page for any browser, and beside it the same as
    /// `.json` and `.md`; files that cannot be written are a warning
    #[arg(long, value_name = "FILE.html", value_parser = page)]
    report: Option<PathBuf>,
}

impl ReportArgs {
    /// Whether a report is wanted.
    pub(crate) const fn wanted(&self) -> bool {
        self.report.is_some()
    }

    /// Refuses a report in the sink: what is there is the output, proved and nothing but.
    pub(crate) fn check(&self, sink: Option<&Path>) -> Result<(), Failure> {
        let (Some(path), Some(sink)) = (&self.report, sink) else {
            return Ok(());
        };
        if pseudo_engine::report::is_inside(path, sink)? {
            let path = path.display();
            return Err(Failure::usage(format!(
                "the report `{path}` lies inside the sink, where analysts read"
            )));
        }
        Ok(())
    }

    /// Writes the report on a published run, if one is wanted, with what was found out about it.
    pub(crate) fn tell(
        &self,
        sink: &Path,
        run_id: &str,
        assessment: Option<&Assessment>,
        attack: Option<&AttackReport>,
        screen: Screen,
    ) {
        if !self.wanted() {
            return;
        }
        let Ok(manifest) = Manifest::read(&sink.join("runs").join(run_id)) else {
            screen.warning(&format!(
                "run {run_id} is gone, and there is no report on it"
            ));
            return;
        };
        let previous = pseudo_engine::report::before(sink, &manifest);
        let told = self.write(&Report {
            sink,
            manifest: &manifest,
            previous: previous.as_ref(),
            assessment,
            attack,
        });
        if let Err(error) = told {
            screen.warning(&error.to_string());
        }
    }

    /// Writes the report, if one is wanted; the page last: whoever sees it finds the others.
    pub(crate) fn write(&self, report: &Report<'_>) -> pseudo_engine::Result<()> {
        let Some(path) = &self.report else {
            return Ok(());
        };
        let (json, markdown, html) = (report.json()?, report.markdown()?, report.html()?);
        let write = pseudo_engine::report::write;
        write(&path.with_extension("json"), json.as_bytes())?;
        write(&path.with_extension("md"), markdown.as_bytes())?;
        write(path, html.as_bytes())
    }
}

/// The run that is current in a sink, as far as there is one that can be read.
pub(crate) fn current(sink: &Path) -> Option<Manifest> {
    Manifest::read(&sink.join("current")).ok()
}

/// JSON and Markdown take the name with another ending, so that this one must be the page's.
fn page(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|end| end.to_str()) {
        Some("html" | "htm") => Ok(path),
        _ => Err("the name of a report ends in `.html`".to_owned()),
    }
}
