//! How far a run is: a bar with rows per second and the time left on a terminal, a line now and
//! then elsewhere.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use pseudo_engine::Progress;

use crate::message::Screen;
use crate::table::thousands;

pub(crate) struct Meter {
    screen: Screen,
    bar: Option<ProgressBar>,
    lines: Mutex<Lines>,
}

/// What the next line says, where there is no terminal.
struct Lines {
    phase: &'static str,
    total: Option<u64>,
    done: u64,
    begun: Instant,
    told: Instant,
}

impl Meter {
    pub(crate) fn new(screen: Screen) -> Self {
        let bar = (screen.draws() && stderr().is_terminal()).then(ProgressBar::no_length);
        let now = Instant::now();
        let lines = Lines {
            phase: "",
            total: None,
            done: 0,
            begun: now,
            told: now,
        };
        Self {
            screen,
            bar,
            lines: Mutex::new(lines),
        }
    }

    /// Clears the bar away, so that what follows stands alone.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn style(&self, bar: &ProgressBar, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> ").with_key("speed", speed));
        }
    }
}

impl Progress for Meter {
    fn begin(&self, rows: Option<u64>) {
        if let Some(bar) = &self.bar {
            self.style(
                bar,
                if rows.is_some() {
                    WITH_LENGTH
                } else {
                    WITHOUT_LENGTH
                },
            );
            bar.reset();
            if let Some(rows) = rows {
                bar.set_length(rows);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        *lines = Lines {
            phase: lines.phase,
            total: rows,
            done: 0,
            begun: now,
            told: now,
        };
    }

    fn rows(&self, count: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(count);
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.done += count;
        if lines.told.elapsed() >= BETWEEN_LINES {
            lines.told = Instant::now();
            self.screen.note(&lines.text());
        }
    }

    fn phase(&self, name: &'static str) {
        tracing::info!(phase = name);
        if let Some(bar) = &self.bar {
            bar.set_message(name);
        }
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .phase = name;
    }
}

impl Lines {
    fn text(&self) -> String {
        let seconds = self.begun.elapsed().as_secs().max(1);
        let rate = self.done / seconds;
        let done = thousands(self.done);
        let head = if self.phase.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.phase)
        };
        let things = match self.phase {
            "guesses" => "candidates",
            _ => "rows",
        };
        match self.total {
            Some(total) => {
                let left = total
                    .saturating_sub(self.done)
                    .checked_div(rate)
                    .unwrap_or_default();
                let (total, rate) = (thousands(total), thousands(rate));
                format!("{head}{done} of {total} {things}, {rate} {things}/s, {left} s left")
            }
            None => format!("{head}{done} {things}, {} {things}/s", thousands(rate)),
        }
    }
}

/// Whole rows, or whatever is counted, per second.
fn speed(state: &ProgressState, to: &mut dyn fmt::Write) {
    let rows = format!("{:.0}", state.per_sec())
        .parse()
        .unwrap_or_default();
    // A terminal that does not take the text shows none.
    let _ = write!(to, "{}/s", thousands(rows));
}

const BETWEEN_LINES: Duration = Duration::from_secs(10);
const WITH_LENGTH: &str = "{msg:8} [{bar:20}] {human_pos}/{human_len}  {speed}  {eta}";
const WITHOUT_LENGTH: &str = "{msg:8} {spinner} {human_pos}  {speed}";
