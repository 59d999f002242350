//! One line of JSON, value by value. Strict as RFC 8259 is: what another reader might read in
//! another way is refused.

use memchr::memchr2;

/// Stands where a line is no JSON.
pub(super) const NOT_JSON: &str = "not JSON";

/// A place in a line.
pub(super) struct Scan<'t> {
    text: &'t [u8],
    at: usize,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'t> {
    Null,
    /// As it is written: a number, `true` or `false`.
    Plain(&'t [u8]),
    /// What is between the quotes, and whether it has escapes.
    Text(&'t [u8], bool),
    /// An object or a list, passed over.
    Nested,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over space, and answers the byte behind it.
    pub(super) fn next(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.peek()
    }

    /// Passes over space and `byte`; false where another one is.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is = self.next() == Some(byte);
        self.at += usize::from(is);
        is
    }

    /// A string: what is between its quotes, and whether it has escapes.
    pub(super) fn string(&mut self) -> Option<(&'t [u8], bool)> {
        if !self.take(b'"') {
            return None;
        }
        let (start, mut escapes) = (self.at, false);
        loop {
            let rest = self.text.get(self.at..)?;
            let stop = memchr2(b'"', b'\\', rest)?;
            self.at += stop + 1;
            if rest.get(stop) == Some(&b'"') {
                break;
            }
            escapes = true;
            // the byte behind, which may be a quote
            self.at += 1;
        }
        let text = self.text.get(start..self.at - 1)?;
        // a branch for each byte would cost more than to look at all of them
        let is_control = text.iter().fold(false, |any, byte| any | (*byte < 0x20));
        (!is_control).then_some((text, escapes))
    }

    /// Any value.
    pub(super) fn value(&mut self) -> Option<Value<'t>> {
        match self.next()? {
            b'"' => self
                .string()
                .map(|(text, escapes)| Value::Text(text, escapes)),
            b'{' | b'[' => self.nested(),
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.word(b"null").map(|_| Value::Null),
            b't' => self.word(b"true").map(Value::Plain),
            b'f' => self.word(b"false").map(Value::Plain),
            _ => None,
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<&'t [u8]> {
        let found = self.text.get(self.at..self.at + word.len())?;
        self.at += word.len();
        (found == word).then_some(found)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Option<Value<'t>> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let is_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || is_zero && whole > 1 {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            (self.digits() > 0).then_some(())?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            (self.digits() > 0).then_some(())?;
        }
        self.text.get(start..self.at).map(Value::Plain)
    }

    fn nested(&mut self) -> Option<Value<'t>> {
        let rest = self.text.get(self.at..)?;
        let values = serde_json::Deserializer::from_slice(rest);
        let mut values = values.into_iter::<serde::de::IgnoredAny>();
        values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(Value::Nested)
    }
}

/// Appends what a string says whose escapes are as they are written; None where one is none.
pub(super) fn unescape(written: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut rest = written;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(rest.get(..at)?);
        let escape = rest.get(at + 1)?;
        rest = rest.get(at + 2..)?;
        text.push(match escape {
            b'"' | b'\\' | b'/' => *escape,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character = character(&mut rest)?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return None,
        });
    }
    text.extend_from_slice(rest);
    Some(())
}

/// The character whose escape goes on with `rest`: one unit of UTF-16, or two.
fn character(rest: &mut &[u8]) -> Option<char> {
    let first = unit(rest)?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first);
    }
    *rest = rest.strip_prefix(b"\\u")?;
    let second = unit(rest)?;
    (0xDC00..0xE000).contains(&second).then_some(())?;
    char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))
}

fn unit(rest: &mut &[u8]) -> Option<u32> {
    let (digits, behind) = rest.split_at_checked(4)?;
    *rest = behind;
    digits.iter().try_fold(0, |unit, digit| {
        Some(unit * 16 + char::from(*digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Value<'_>> {
        let mut scan = Scan::new(text.as_bytes());
        let value = scan.value()?;
        scan.next().is_none().then_some(value)
    }

    /// Every text of up to six of these bytes is a value here where it is one for `serde_json`.
    #[test]
    fn a_value_is_what_another_reader_takes_for_one() {
        const BYTES: &[u8; 14] = b"\"\\-0,1.eE+u []";
        let mut values = 0;
        for length in 1..=5_u32 {
            for number in 0..BYTES.len().pow(length) {
                let byte = |at: u32| BYTES[number / BYTES.len().pow(at) % BYTES.len()];
                let text: Vec<u8> = (0..length).map(byte).collect();
                let text = str::from_utf8(&text).unwrap();
                let is_ours = match read(text) {
                    Some(Value::Text(text, _)) => unescape(text, &mut Vec::new()).is_some(),
                    other => other.is_some(),
                };
                let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text);
                assert_eq!(is_ours, theirs.is_ok(), "{text}");
                values += u32::from(is_ours);
            }
        }
        assert!(values > 3_000, "{values}");
    }

    #[test]
    fn escapes_are_those_of_another_reader() {
        for text in [
            r#""""#,
            r#""a\"b\\c\/d\b\f\n\r\t""#,
            r#""\u6587\u00e9x""#,
            r#""\ud83d\ude97""#,
            r#""\ud83d""#,
            r#""\ud83d\u0041""#,
            r#""\ude97""#,
            r#""\u12""#,
            r#""\x""#,
            r#""\u0000""#,
            "\"文\\u6587\"",
            r#""\ud83dx""#,
            r#""\u+123""#,
        ] {
            let theirs: Option<String> = serde_json::from_str(text).ok();
            let ours = match read(text) {
                Some(Value::Text(text, escapes)) => {
                    let mut read = Vec::new();
                    assert!(escapes || !text.contains(&b'\\'));
                    unescape(text, &mut read).and_then(|()| String::from_utf8(read).ok())
                }
                _ => None,
            };
            assert_eq!(ours, theirs, "{text}");
        }
    }
}
