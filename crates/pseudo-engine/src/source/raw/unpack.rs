//! Unpacks gzip (RFC 1952, all members) and zstd (RFC 8878, all frames) from the front. What
//! follows the last member has to be another one: nothing in a file is left unread.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
}

/// A file that is being unpacked.
pub(super) struct Unpack {
    decoder: Decoder,
    /// Bytes of text that have been read.
    pub(super) at: u64,
}

enum Decoder {
    Gzip(Box<GzDecoder<BufReader<File>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<File>>>),
    /// All of it has been read.
    Done,
}

/// Packed bytes read at a time.
const BLOCK: usize = 128 << 10;
const GZIP: &[u8] = &[0x1F, 0x8B];
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// Bytes that a decoder met where a member has to begin.
const BEHIND: &str = "bytes behind the last member";

impl Packing {
    const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// What the name of a file says.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let is = |packing: &Self| name.ends_with(packing.extension());
        Self::ALL.into_iter().find(is)
    }

    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    fn begins(self, head: &[u8]) -> bool {
        match self {
            Self::Gzip => head.starts_with(GZIP),
            // a frame of zstd may be one that is skipped
            Self::Zstd => {
                head.starts_with(ZSTD) || matches!(head, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
            }
        }
    }

    /// What is wrong with a packed file; none where its disk could not be read.
    pub(super) fn fault(self, error: &io::Error) -> Option<String> {
        if error.raw_os_error().is_some() {
            return None;
        }
        let name = self.name();
        // of the messages of the decoders, which are constants, these two are known
        let text = error.to_string();
        Some(if error.kind() == io::ErrorKind::UnexpectedEof {
            format!("cut off: what {name} packed has no end")
        } else if text == BEHIND {
            format!("followed by bytes that {name} did not pack")
        } else if self == Self::Zstd && text.contains("too much memory") {
            "packed with a window of more than 128 MiB".to_owned()
        } else {
            format!("damaged: {name} cannot unpack it, or its checksum is another")
        })
    }
}

/// The name of a file without that of its packing.
pub(crate) fn inner(name: &str) -> &str {
    let packing = Packing::of_name(name);
    let end = packing.map_or("", Packing::extension);
    name.strip_suffix(end).unwrap_or(name)
}

/// How the first bytes of a file and its name contradict each other.
pub(super) fn misnamed(named: Option<Packing>, head: &[u8]) -> Option<String> {
    let is = |packing: &Packing| packing.begins(head);
    match (named, Packing::ALL.into_iter().find(is)) {
        (Some(named), found) if found != Some(named) => Some(match head {
            [] => "empty file: nothing was packed".to_owned(),
            _ => format!("not packed by {}, as its name says", named.name()),
        }),
        (None, Some(found)) => Some(format!(
            "packed by {}: its name has to end in `{}`",
            found.name(),
            found.extension()
        )),
        _ => None,
    }
}

impl Unpack {
    pub(super) fn open(location: &Path, packing: Packing) -> io::Result<Self> {
        let file = BufReader::with_capacity(BLOCK, File::open(location)?);
        let decoder = match packing {
            Packing::Gzip => Decoder::Gzip(Box::new(GzDecoder::new(file))),
            Packing::Zstd => Decoder::Zstd(Box::new(zstd::Decoder::with_buffer(file)?)),
        };
        Ok(Self { decoder, at: 0 })
    }

    /// The next bytes of text, as many as fit; none at its end.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            let room = into.get_mut(filled..).unwrap_or_default();
            let count = match &mut self.decoder {
                Decoder::Gzip(gzip) => gzip.read(room),
                Decoder::Zstd(zstd) => zstd.read(room),
                Decoder::Done => break,
            };
            match count {
                Ok(0) => self.next_member()?,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.at += filled as u64;
        Ok(filled)
    }

    /// Reads up to byte `to` of the text, by way of `block`, and lets it go.
    pub(super) fn skip(&mut self, to: u64, block: &mut [u8]) -> io::Result<()> {
        while self.at < to {
            let wanted = super::length(to - self.at).min(block.len());
            if self.read(block.get_mut(..wanted).unwrap_or_default())? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Goes on behind the end of a member; the decoder of zstd does so by itself.
    fn next_member(&mut self) -> io::Result<()> {
        let Decoder::Gzip(gzip) = std::mem::replace(&mut self.decoder, Decoder::Done) else {
            return Ok(());
        };
        let mut file = gzip.into_inner();
        match file.fill_buf()? {
            [] => return Ok(()),
            [0x1F, ..] => {}
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, BEHIND)),
        }
        self.decoder = Decoder::Gzip(Box::new(GzDecoder::new(file)));
        Ok(())
    }
}
