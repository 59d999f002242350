//! The one place that speaks of failures: `error:`, `-->` and `hint:` lines on standard error, or
//! the same as JSON, and the exit codes of the program. No message holds a value or key material,
//! for none of the errors that it is made from does; control characters in names do not reach the
//! terminal.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use pseudo_policy::Violation;
use serde_json::{Value, json};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::{Global, LogFormat};
use crate::table::plain;

/// Why a verb did not do its work.
pub(crate) enum Failure {
    Engine(pseudo_engine::Error),
    Keyring(pseudo_keyring::Error),
    Query(pseudo_query::Error),
    /// What was asked cannot be done.
    Usage {
        message: String,
        hint: Option<String>,
    },
    /// A scan found what nobody should, or could not look everywhere.
    Scan {
        message: String,
        hint: Option<String>,
        code: u8,
    },
    /// Standard output does not take the answer.
    Output(io::Error),
    /// A panic; the hook has said where.
    Bug,
    /// A run failed, or another verb that writes.
    Run {
        cause: Box<Self>,
        standing: Standing,
    },
}

/// What stands after a verb that failed: of a run, what readers of the sink see.
pub(crate) enum Standing {
    /// The pipeline file did not say which sink.
    Unknown,
    /// A keyring was to be changed.
    Keyring(PathBuf),
    /// A file was to be written.
    Nothing,
    /// Values were to be shown.
    Hidden,
    /// The current run before and after.
    Sink {
        sink: PathBuf,
        before: Option<String>,
        after: Option<String>,
        /// The run that failed is the one that is current.
        late: bool,
    },
}

impl Failure {
    pub(crate) const fn usage(message: String) -> Self {
        Self::Usage {
            message,
            hint: None,
        }
    }

    pub(crate) fn run(cause: impl Into<Self>, standing: Standing) -> Self {
        Self::Run {
            cause: Box::new(cause.into()),
            standing,
        }
    }

    /// The exit code, or `None` when the reader of standard output went away, which is no failure.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        match self {
            Self::Engine(error) => Some(error.exit_code()),
            Self::Keyring(error) => Some(error.exit_code()),
            Self::Usage { .. } => Some(2),
            Self::Scan { code, .. } => Some(*code),
            Self::Query(error) => query_exit_code(error),
            Self::Output(error) => (error.kind() != ErrorKind::BrokenPipe).then_some(1),
            Self::Bug => Some(255),
            Self::Run { cause, .. } => cause.exit_code(),
        }
    }

    /// What went wrong, in a line.
    pub(crate) fn summary(&self) -> String {
        let notices = self.notices();
        let first = notices.first().map(|notice| plain(&notice.message));
        match (first, notices.len()) {
            (None, _) => BUG.to_owned(),
            (Some(message), 1) => message,
            (Some(message), count) => format!("{message} (and {} more)", count - 1),
        }
    }

    fn notices(&self) -> Vec<Notice> {
        let one = |message: String, hint: Option<String>| {
            vec![Notice {
                message,
                hint,
                ..Notice::default()
            }]
        };
        match self {
            Self::Engine(pseudo_engine::Error::Refused(refusal)) => {
                refusal.violations.iter().map(Notice::of).collect()
            }
            Self::Engine(pseudo_engine::Error::Leak { leaks }) => leaks
                .iter()
                .map(|leak| Notice {
                    message: leak.to_string(),
                    hint: Some(leak.hint()),
                    fault: Some("leak"),
                    ..Notice::default()
                })
                .collect(),
            Self::Engine(error @ pseudo_engine::Error::Gates { failures }) => failures
                .iter()
                .map(|failure| Notice {
                    message: failure.clone(),
                    hint: error.hint(),
                    fault: Some("gates"),
                    ..Notice::default()
                })
                .collect(),
            Self::Engine(pseudo_engine::Error::Keyring(error)) | Self::Keyring(error) => {
                one(error.to_string(), error.hint())
            }
            Self::Engine(error) => one(error.to_string(), error.hint()),
            Self::Query(error) => one(error.to_string(), None),
            Self::Usage { message, hint } | Self::Scan { message, hint, .. } => {
                one(message.clone(), hint.clone())
            }
            Self::Output(error) => one(
                format!("cannot write to standard output: {}", error.kind()),
                None,
            ),
            Self::Bug => Vec::new(),
            Self::Run { cause, .. } => cause.notices(),
        }
    }
}

impl From<pseudo_engine::Error> for Failure {
    fn from(error: pseudo_engine::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<pseudo_keyring::Error> for Failure {
    fn from(error: pseudo_keyring::Error) -> Self {
        Self::Keyring(error)
    }
}

impl From<pseudo_query::Error> for Failure {
    fn from(error: pseudo_query::Error) -> Self {
        Self::Query(error)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("nothing was published"),
            Self::Keyring(path) => {
                write!(
                    f,
                    "nothing was changed; keyring `{}` is as it was",
                    path.display()
                )
            }
            Self::Nothing => f.write_str("nothing was written"),
            Self::Hidden => f.write_str("no value was shown"),
            Self::Sink {
                sink,
                before,
                after,
                late: false,
            } => match after {
                Some(run) => {
                    let sink = sink.display();
                    let still = if before == after { "still " } else { "" };
                    write!(
                        f,
                        "nothing was published; run `{run}` is {still}current in `{sink}`"
                    )
                }
                None => write!(
                    f,
                    "nothing was published; `{}` has no current run",
                    sink.display()
                ),
            },
            Self::Sink { sink, after, .. } => {
                let run = after.as_deref().unwrap_or("none");
                write!(
                    f,
                    "the failure came late: run `{run}` is current in `{}`",
                    sink.display()
                )
            }
        }
    }
}

/// One thing to say.
#[derive(Default)]
struct Notice {
    message: String,
    place: Option<String>,
    hint: Option<String>,
    fault: Option<&'static str>,
}

impl Notice {
    fn of(violation: &Violation) -> Self {
        let Violation {
            file,
            line,
            column,
            place,
            ..
        } = violation;
        let mut at = file.clone();
        // Line 0 is that of no line: the pipeline as a whole.
        if *line > 0 {
            at.push_str(&format!(":{line}:{column}"));
        }
        if !place.is_empty() {
            at.push_str(&format!(", {place}"));
        }
        Self {
            message: violation.message.clone(),
            place: Some(at),
            hint: violation.hint.clone(),
            fault: Some(violation.fault.code()),
        }
    }

    fn text(&self, severity: &str) -> String {
        let mut text = format!("{severity}: {}\n", plain(&self.message));
        if let Some(place) = &self.place {
            text.push_str(&format!("  --> {}\n", plain(place)));
        }
        let mut lead = "  hint: ";
        for line in self.hint.iter().flat_map(|hint| hint.lines()) {
            text.push_str(&format!("{lead}{}\n", plain(line)));
            lead = "        ";
        }
        text
    }
}

/// Standard error, and how it is written to.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    format: LogFormat,
    quiet: bool,
    color: bool,
}

impl Screen {
    pub(crate) fn new(global: &Global) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = !plain && io::stderr().is_terminal();
        Self {
            format: global.log_format,
            quiet: global.quiet,
            color,
        }
    }

    /// Whether a progress bar is wanted.
    pub(crate) fn draws(self) -> bool {
        !self.quiet && self.format == LogFormat::Text
    }

    /// What is good to know.
    pub(crate) fn note(self, text: &str) {
        if self.quiet {
            return;
        }
        match self.format {
            LogFormat::Text => self.write(&format!("{}\n", plain(text))),
            LogFormat::Json => self.write(&json(&json!({ "level": "info", "message": text }))),
        }
    }

    /// What must be known although nothing failed.
    pub(crate) fn warning(self, text: &str) {
        self.say(
            "warning",
            &Notice {
                message: text.to_owned(),
                ..Notice::default()
            },
        );
    }

    /// What is legal in a pipeline and yet deserves a word.
    pub(crate) fn violation(self, violation: &Violation) {
        self.say("warning", &Notice::of(violation));
    }

    /// Says why a verb failed, and with which code the program ends.
    pub(crate) fn report(self, failure: &Failure) -> ExitCode {
        let Some(code) = failure.exit_code() else {
            return ExitCode::SUCCESS;
        };
        for notice in failure.notices() {
            self.say("error", &notice);
        }
        if let Failure::Run { standing, .. } = failure {
            self.stands(standing);
        }
        ExitCode::from(code)
    }

    /// Says what is wrong with the arguments, which ask for a `run` or for something else.
    fn usage(self, error: &clap::Error, run: bool, code: u8) -> ExitCode {
        let text = error.render().to_string();
        match self.format {
            LogFormat::Text => drop(error.print()),
            LogFormat::Json => {
                let mut parts = text.trim_end().split("\n\n");
                let message = parts.next().unwrap_or_default();
                let message = message
                    .strip_prefix("error: ")
                    .unwrap_or(message)
                    .to_owned();
                let hint = parts.next().map(|hint| hint.trim_start().to_owned());
                self.say(
                    "error",
                    &Notice {
                        message,
                        hint,
                        fault: Some("usage"),
                        ..Notice::default()
                    },
                );
            }
        }
        if run {
            self.stands(&Standing::Unknown);
        }
        ExitCode::from(code)
    }

    /// Says what readers see after a run that failed.
    fn stands(self, standing: &Standing) {
        match self.format {
            LogFormat::Text => self.write(&format!("{}\n", plain(&standing.to_string()))),
            LogFormat::Json => self.write(&json(&standing_json(standing))),
        }
    }

    fn say(self, level: &str, notice: &Notice) {
        match self.format {
            LogFormat::Text if self.color => {
                let color = if level == "error" { 31 } else { 33 };
                self.write(&notice.text(&format!("\u{1b}[1;{color}m{level}\u{1b}[0m")));
            }
            LogFormat::Text => self.write(&notice.text(level)),
            LogFormat::Json => self.write(&json(&json!({
                "level": level,
                "message": notice.message,
                "place": notice.place,
                "hint": notice.hint,
                "fault": notice.fault,
            }))),
        }
    }

    fn write(self, text: &str) {
        // Nobody is left to tell when standard error itself fails.
        drop(io::stderr().lock().write_all(text.as_bytes()));
    }
}

/// Says what is wrong with the arguments, or answers `--help` and `--version`.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    let (format, run) = asked(std::env::args_os().skip(1));
    if error.use_stderr() && (run || format == LogFormat::Json) {
        let screen = Screen {
            format,
            quiet: false,
            color: false,
        };
        return screen.usage(error, run, code);
    }
    match error.print() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::from(1),
        _ => ExitCode::from(code),
    }
}

/// Writes an answer to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes an answer to standard output.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}

/// A line of JSON.
pub(crate) fn json(value: &Value) -> String {
    format!("{value}\n")
}

/// Sends the log of our own crates to standard error; those below may log what they read.
pub(crate) fn log(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => Level::ERROR,
        (false, 0) => Level::WARN,
        (false, 1) => Level::INFO,
        (false, 2) => Level::DEBUG,
        _ => Level::TRACE,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false);
    let layer = layer.with_span_events(FmtSpan::NONE);
    let registry = tracing_subscriber::registry().with(Targets::new().with_target("pseudo", level));
    match global.log_format {
        LogFormat::Text => registry
            .with(layer.without_time().with_target(false))
            .init(),
        LogFormat::Json => registry.with(layer.json()).init(),
    }
}

/// Makes a panic say where it happened and nothing else: its text may hold a value.
pub(crate) fn catch_panics(screen: Screen) {
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        let hint = Some("this is a bug: please report it with the place above".to_owned());
        let message = BUG.to_owned();
        screen.say(
            "error",
            &Notice {
                message,
                place,
                hint,
                fault: Some("bug"),
            },
        );
    }));
}

/// Turns a panic into a failure.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Failure::Bug))
}

/// How messages are wanted, and whether the verb publishes, of arguments that cannot be read as a
/// whole.
fn asked(args: impl Iterator<Item = OsString>) -> (LogFormat, bool) {
    let (mut format, mut verb, mut named) = (LogFormat::Text, None, false);
    for arg in args {
        let value = match arg.to_str() {
            _ if named => arg.to_str(),
            Some(text) => text.strip_prefix("--log-format="),
            None => None,
        };
        match value {
            Some("json") => format = LogFormat::Json,
            Some(_) => format = LogFormat::Text,
            None if arg == "--" => break,
            None if !arg.as_encoded_bytes().starts_with(b"-") => {
                verb.get_or_insert(arg == "run" || arg == "forget");
            }
            None => {}
        }
        named = value.is_none() && arg == "--log-format";
    }
    (format, verb == Some(true))
}

const BUG: &str = "internal error";

fn standing_json(standing: &Standing) -> Value {
    let (current, published) = match standing {
        Standing::Unknown | Standing::Keyring(_) | Standing::Nothing | Standing::Hidden => {
            (None, false)
        }
        Standing::Sink { after, late, .. } => (after.as_deref(), *late),
    };
    let message = standing.to_string();
    json!({ "level": "error", "message": message, "published": published, "current": current })
}

fn query_exit_code(error: &pseudo_query::Error) -> Option<u8> {
    use pseudo_query::Error as E;
    match error {
        E::Write(error) if error.kind() == ErrorKind::BrokenPipe => None,
        E::Internal => Some(255),
        E::Read { .. } | E::Manifest(_) | E::Write(_) | E::Threads(_) | E::Memory | E::Damaged => {
            Some(1)
        }
        _ => Some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_and_nothing_else() {
        let failure = guard::<()>(|| panic!("a value")).err();
        assert_eq!(failure.and_then(|failure| failure.exit_code()), Some(255));
    }

    #[test]
    fn a_failed_run_says_what_is_current() {
        let standing = |before: Option<&str>, after: Option<&str>, late: bool| {
            let run = |name: Option<&str>| name.map(str::to_owned);
            let (sink, before, after) = ("safe".into(), run(before), run(after));
            Standing::Sink {
                sink,
                before,
                after,
                late,
            }
            .to_string()
        };
        assert_eq!(
            standing(None, None, false),
            "nothing was published; `safe` has no current run"
        );
        let still = "nothing was published; run `a` is still current in `safe`";
        assert_eq!(standing(Some("a"), Some("a"), false), still);
        let late = "the failure came late: run `b` is current in `safe`";
        assert_eq!(standing(Some("a"), Some("b"), true), late);
        let other = "nothing was published; run `b` is current in `safe`";
        assert_eq!(standing(Some("a"), Some("b"), false), other);
    }

    #[test]
    fn notices_show_no_control_characters() {
        let notice = Notice {
            message: "column `a\u{1b}[2J`".to_owned(),
            place: Some("p.toml:1:1".to_owned()),
            hint: Some("write\nthis".to_owned()),
            fault: None,
        };
        let text = "error: column `a\u{fffd}[2J`\n  --> p.toml:1:1\n  hint: write\n        this\n";
        assert_eq!(notice.text("error"), text);
    }
}
