//! What a file is, told by its first bytes before its name: names lie, and copies lose them.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use memchr::memchr;

use super::{Fault, Format, Packing, Reason, Unread};
use crate::error::kind_text;

/// A file, opened.
pub(super) struct Opened {
    pub(super) format: Format,
    pub(super) packed: Vec<Packing>,
    pub(super) body: Body,
}

/// What is to be read.
pub(super) enum Body {
    Nothing,
    Parquet(File),
    /// Fields, and what is between them.
    Csv(Stream, u8),
    Text(Stream),
    /// JSON, one document a line.
    Lines(Stream),
    /// One JSON document, and whether the name of the file says so.
    Document(Stream, bool),
}

/// Bytes of a file, unpacked.
pub(super) type Stream = Box<dyn Read + Send>;

/// Opens a file.
pub(super) fn open(path: &Path) -> Result<Opened, Unread> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut head = beginning(&file).map_err(|error| unreadable(&error))?;
    if head.starts_with(PARQUET) || is_parquet(&name) {
        return parquet(file, &head);
    }
    let mut stream: Stream = Box::new(file);
    let mut packed = Vec::new();
    while let Some(packing) = packing(&head) {
        if packed.len() == PACKED_MAX {
            return Err(unknown("packed more than three times"));
        }
        packed.push(packing);
        let damaged = |error| Fault::Io(error).unread(Some(packing));
        let unpacked: Stream = match packing {
            Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK, stream))),
            Packing::Zstd => Box::new(zstd::Decoder::new(stream).map_err(damaged)?),
        };
        let (inner, rest) = headed(unpacked).map_err(damaged)?;
        (head, stream) = (inner, Box::new(rest));
    }
    let encoding = match head.as_slice() {
        [0xFF, 0xFE, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] => Some(UTF_16BE),
        _ => None,
    };
    if let Some(encoding) = encoding {
        let utf_8 = Utf8::new(stream, encoding.new_decoder_with_bom_removal());
        let (inner, rest) = headed(utf_8).map_err(|error| unreadable(&error))?;
        (head, stream) = (inner, Box::new(rest));
    }
    if head.starts_with(MARK) {
        // a mark before the first name is no part of it
        io::copy(&mut (&mut stream).take(MARK.len() as u64), &mut io::sink())
            .map_err(|error| unreadable(&error))?;
        head.drain(..MARK.len());
    }
    let (format, body) = of_text(&head, stream, &name)?;
    Ok(Opened {
        format,
        packed,
        body,
    })
}

fn parquet(file: File, head: &[u8]) -> Result<Opened, Unread> {
    let damaged = |text| Err(Unread::new(Reason::Damaged, text));
    match head {
        [] => damaged("empty file: not even a footer"),
        _ if head.starts_with(b"PARE") => Err(unknown("Parquet with an encrypted footer")),
        _ if !head.starts_with(PARQUET) => damaged("not a Parquet file"),
        _ => Ok(Opened {
            format: Format::Parquet,
            packed: Vec::new(),
            body: Body::Parquet(file),
        }),
    }
}

/// What the first bytes of a file, unpacked and in UTF-8, say.
fn of_text(head: &[u8], stream: Stream, name: &str) -> Result<(Format, Body), Unread> {
    let magic = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, what)) = magic {
        return Err(unknown(what));
    }
    let is_ours = head.starts_with(OURS);
    if !is_ours && is_binary(head) {
        return Err(unknown("of an unknown type, and no text"));
    }
    let ends = |extensions: &[&str]| {
        let mut parts = name.split('.').skip(1);
        parts.any(|part| extensions.contains(&part))
    };
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_json = ends(&["json", "ndjson", "jsonl", "geojson"]);
    Ok(match first {
        None if head.is_empty() => (Format::Empty, Body::Nothing),
        _ if is_ours => (Format::Text, Body::Text(stream)),
        Some(b'{' | b'[') | None if is_lines(head) => (Format::Json, Body::Lines(stream)),
        _ if ends(&["ndjson", "jsonl"]) => (Format::Json, Body::Lines(stream)),
        Some(b'{' | b'[') => (Format::Json, Body::Document(stream, is_json)),
        _ if is_json => (Format::Json, Body::Document(stream, true)),
        _ => {
            let named = ends(&["csv", "tsv", "tab", "psv"]);
            match delimiter(head, named) {
                Some(delimiter) => (Format::Csv, Body::Csv(stream, delimiter)),
                None => (Format::Text, Body::Text(stream)),
            }
        }
    })
}

/// Whether the first line is a document of JSON, and not all there is.
fn is_lines(head: &[u8]) -> bool {
    let line = memchr(b'\n', head).and_then(|end| head.get(..end));
    let parsed = |line| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    line.is_some_and(parsed)
}

/// What is between the fields of a file, which its name calls one of fields or not.
fn delimiter(head: &[u8], named: bool) -> Option<u8> {
    let lines = head.split(|byte| *byte == b'\n' || *byte == b'\r');
    let mut lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    if head.len() >= HEAD && lines.len() > 1 {
        lines.pop(); // not whole
    }
    let lines = lines.get(..LINES.min(lines.len())).unwrap_or_default();
    let count = |line: &[u8], of: u8| line.iter().filter(|byte| **byte == of).count();
    let first = lines.first()?;
    let most = DELIMITERS.into_iter().max_by_key(|of| {
        let alike = lines
            .iter()
            .filter(|line| count(line, *of) == count(first, *of));
        let fields = count(first, *of);
        (fields > 0, alike.count(), fields)
    })?;
    let fields = count(first, most);
    let regular = lines.len() >= 3 && lines.iter().all(|line| count(line, most) == fields);
    (named || fields > 0 && regular).then_some(most)
}

fn is_parquet(name: &str) -> bool {
    [".parquet", ".parq"].iter().any(|end| name.ends_with(end))
}

fn packing(head: &[u8]) -> Option<Packing> {
    match head {
        [0x1F, 0x8B, 8, ..] => Some(Packing::Gzip),
        [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Packing::Zstd),
        _ => None,
    }
}

/// Whether bytes are no text of any encoding: NUL, or many other control characters.
fn is_binary(head: &[u8]) -> bool {
    let is_control = |byte: &&u8| matches!(byte, 0x01..=0x08 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F);
    head.contains(&0) || head.iter().filter(is_control).count() * 20 > head.len()
}

/// The first bytes of a file, which is read from its beginning afterwards.
fn beginning(file: &File) -> io::Result<Vec<u8>> {
    let (mut head, mut filled) = (vec![0; HEAD], 0);
    loop {
        let room = head.get_mut(filled..).unwrap_or_default();
        match file.read_at(room, filled as u64) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    Ok(head)
}

/// The first bytes of a stream, and the stream with them.
fn headed<R: Read>(mut stream: R) -> io::Result<(Vec<u8>, Headed<R>)> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut stream).take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(stream)))
}

/// A stream with its first bytes before it once more.
type Headed<R> = Chain<Cursor<Vec<u8>>, R>;

/// UTF-16 as UTF-8.
struct Utf8<R> {
    stream: R,
    decoder: Decoder,
    input: Vec<u8>,
    output: Vec<u8>,
    /// What of the output was read.
    read: usize,
    done: bool,
}

impl<R: Read> Utf8<R> {
    fn new(stream: R, decoder: Decoder) -> Self {
        Self {
            stream,
            decoder,
            input: vec![0; HEAD],
            output: Vec::new(),
            read: 0,
            done: false,
        }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.output.len() && !self.done {
            let length = self.stream.read(&mut self.input)?;
            self.done = length == 0;
            self.read = 0;
            let input = self.input.get(..length).unwrap_or_default();
            let room = self
                .decoder
                .max_utf8_buffer_length(length)
                .unwrap_or(HEAD * 4);
            self.output.resize(room, 0);
            let last = self.done;
            let (_, _, written, _) = self.decoder.decode_to_utf8(input, &mut self.output, last);
            self.output.truncate(written);
        }
        let rest = self.output.get(self.read..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.read += length;
        Ok(length)
    }
}

fn unknown(what: &str) -> Unread {
    Unread::new(Reason::Unknown, what)
}

fn unreadable(error: &io::Error) -> Unread {
    Unread::new(Reason::Unreadable, kind_text(error))
}

/// Bytes that tell what a file is.
const HEAD: usize = 8 << 10;
/// Bytes that are unpacked at a time.
const BLOCK: usize = 128 << 10;
/// Lines that tell whether text has fields.
const LINES: usize = 20;
const PACKED_MAX: usize = 3;
const DELIMITERS: [u8; 4] = *b",\t;|";
const PARQUET: &[u8] = b"PAR1";
/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";
/// Our own files that are bytes: what a run keeps of pseudonyms, looked at as text.
const OURS: &[u8] = b"pseudo-reuse/";

/// How files begin that are known, and cannot be looked into.
const MAGICS: [(&[u8], &str); 19] = [
    (b"PARE", "Parquet with an encrypted footer"),
    (PARQUET, "Parquet within a packed file"),
    (b"PK\x03\x04", "a ZIP archive, or a document made of one"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"BZh", "packed by bzip2"),
    (b"\xFD7zXZ\0", "packed by xz"),
    (b"\x04\x22\x4D\x18", "packed by LZ4"),
    (b"\xFF\x06\0\0sNaPpY", "packed by Snappy"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xFF\xD8\xFF", "a JPEG picture"),
    (b"\xD0\xCF\x11\xE0", "a document of an office program"),
    (b"age-encryption.org/v1", "sealed by age"),
];
