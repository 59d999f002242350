//! The grammar of CSV, byte by byte: RFC 4180, read the way common readers do. A quote opens a
//! quoted field only at the start of a field, and is text in the middle of one; `""` inside a
//! quoted field is a quote; text behind a closed one belongs to the field. A record ends at LF, CR
//! LF or a lone CR. Every other file here is a faster way to the same answer.

use super::Dialect;

/// What the bytes before have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A record begins here.
    Record,
    /// A field begins here.
    Field,
    /// In a field, outside quotes.
    Text,
    /// Inside quotes.
    Quoted,
    /// Behind a quote inside quotes: the field is closed, or the next byte is a quote.
    Closed,
    /// Behind a CR that ended a record: an LF still belongs to it.
    Return,
}

/// What a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// No part of a value.
    Nothing,
    /// A byte of a value.
    Byte,
    /// The end of a field that is not the last of its record.
    Field,
    /// The end of a record, and of its last field.
    Record,
}

impl State {
    /// Whether a file may not end here without one more record.
    pub(crate) fn is_open(self) -> bool {
        !matches!(self, Self::Record | Self::Return)
    }
}

impl Dialect {
    /// One byte. An empty line is a record only where `blank_lines` are.
    pub(crate) fn step(self, state: State, byte: u8, blank_lines: bool) -> (State, Event) {
        let (quote, delimiter) = (self.quote, self.delimiter);
        let line_end = match byte {
            b'\n' => Some(State::Record),
            b'\r' => Some(State::Return),
            _ => None,
        };
        match (state, line_end) {
            (State::Quoted, _) if byte == quote => (State::Closed, Event::Nothing),
            (State::Quoted, _) => (State::Quoted, Event::Byte),
            (State::Closed, _) if byte == quote => (State::Quoted, Event::Byte),
            (State::Return, Some(State::Record)) => (State::Record, Event::Nothing),
            (State::Record | State::Return, Some(next)) if !blank_lines => (next, Event::Nothing),
            (_, Some(next)) => (next, Event::Record),
            (_, None) if byte == delimiter => (State::Field, Event::Field),
            (State::Text | State::Closed, None) => (State::Text, Event::Byte),
            (_, None) if byte == quote => (State::Quoted, Event::Nothing),
            (_, None) => (State::Text, Event::Byte),
        }
    }

    /// The state behind bytes none of which is a quote, the last of them `last`. Starts of records
    /// and of fields are not told apart.
    pub(super) fn after_plain(self, state: State, last: u8) -> State {
        match last {
            _ if state == State::Quoted => State::Quoted,
            b'\r' => State::Return,
            b'\n' => State::Field,
            byte if byte == self.delimiter => State::Field,
            _ => State::Text,
        }
    }

    /// The state behind a quote.
    pub(super) fn after_quote(self, state: State) -> State {
        match state {
            State::Quoted => State::Closed,
            State::Text => State::Text,
            State::Record | State::Field | State::Return | State::Closed => State::Quoted,
        }
    }
}
