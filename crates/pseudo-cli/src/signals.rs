//! How a run is stopped: the first SIGINT or SIGTERM asks it to stop, the second ends the program
//! at once, as does the first while a person is asked for something.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use pseudo_engine::{Cancel, Error};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::message::Failure;

/// Whether the next signal ends the program.
static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Begins to listen, and answers what the signals raise.
pub(crate) fn listen() -> Result<Cancel, Failure> {
    let cancel = Cancel::default();
    for signal in [SIGINT, SIGTERM] {
        // in this order, for the first signal raises what the second one finds raised
        flag::register_conditional_default(signal, Arc::clone(&AT_ONCE))
            .and_then(|_| flag::register(signal, Arc::clone(&AT_ONCE)))
            .and_then(|_| flag::register(signal, cancel.flag()))
            .map_err(|_| Error::Internal("no handler of signals".to_owned()))?;
    }
    Ok(cancel)
}

/// Asks a person something: until the answer is there, a signal ends the program.
pub(crate) fn at_once<T>(ask: impl FnOnce() -> T) -> T {
    let before = AT_ONCE.swap(true, Ordering::Relaxed);
    let answer = ask();
    AT_ONCE.store(before, Ordering::Relaxed);
    answer
}
