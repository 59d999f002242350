//! Prepared keys and batches of blocks in safe code, on every machine.

use aes::cipher::{Array, BlockCipherEncrypt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoding::Encoding;
use crate::error::Error;
use crate::hmac::Keyed;
use crate::siv::{OVERHEAD, Siv, first_counter, padded_len, xor};

/// Writes the HMAC of each value.
pub(super) fn digests<const N: usize>(keyed: &Keyed, values: &[&[u8]], out: &mut [[u8; N]]) {
    for (value, out) in values.iter().zip(out) {
        digest(keyed, value, out);
    }
}

/// Writes the HMAC of one value.
pub(super) fn digest<const N: usize>(keyed: &Keyed, value: &[u8], out: &mut [u8; N]) {
    write_words(keyed.digest(value), out);
}

/// Writes as many of the words as `out` takes, big-endian.
pub(super) fn write_words<const N: usize>(words: [u32; 8], out: &mut [u8; N]) {
    let (chunks, _) = out.as_chunks_mut::<4>();
    for (bytes, word) in chunks.iter_mut().zip(words) {
        *bytes = word.to_be_bytes();
    }
}

/// Appends the seal of each value, 64 messages or 64 blocks of key stream at a time.
pub(super) fn seal(siv: &Siv, values: &[&[u8]], out: &mut Vec<u8>) {
    for values in values.chunks(GROUP) {
        let start = out.len();
        for value in values {
            out.extend_from_slice(&siv.header);
            out.extend_from_slice(&[0; 16]);
            let end = out.len() + padded_len(value.len());
            out.extend_from_slice(value);
            out.push(0x80);
            out.resize(end, 0);
        }
        let (_, mut rest) = out.split_at_mut(start);
        let mut seals: [Slot<'_>; GROUP] = std::array::from_fn(|_| Slot::default());
        for (slot, value) in seals.iter_mut().zip(values) {
            let (seal, after) = rest.split_at_mut(OVERHEAD + padded_len(value.len()));
            *slot = Slot::of(seal);
            rest = after;
        }
        let (seals, _) = seals.split_at_mut(values.len());
        add_tags(siv, seals);
        add_key_streams(siv, seals);
    }
}

/// Where one seal is written, its blocks still in clear.
#[derive(Default)]
struct Slot<'a> {
    tag: Option<&'a mut [u8; 16]>,
    blocks: &'a mut [[u8; 16]],
}

impl<'a> Slot<'a> {
    fn of(seal: &'a mut [u8]) -> Self {
        let (_, rest) = seal.split_at_mut(OVERHEAD - 16);
        Self::of_body(rest)
    }

    /// That of a seal behind its header, of 16 bytes at least.
    fn of_body(body: &'a mut [u8]) -> Self {
        let (tag, blocks) = body.split_at_mut(body.len().min(16));
        Self {
            tag: tag.first_chunk_mut(),
            blocks: blocks.as_chunks_mut().0,
        }
    }

    /// The blocks with their counters.
    fn take_blocks(&mut self) -> impl Iterator<Item = (u128, &mut [u8; 16])> {
        let first = self.tag.as_deref().map(first_counter).unwrap_or_default();
        (first..).zip(self.blocks.iter_mut())
    }
}

/// S2V over all messages side by side; a message that has ended keeps its place and its tag.
fn add_tags(siv: &Siv, seals: &mut [Slot<'_>]) {
    let mut states = [Array([0; 16]); GROUP];
    let longest = seals
        .iter()
        .map(|seal| seal.blocks.len())
        .max()
        .unwrap_or(0);
    for index in 0..longest {
        for (state, seal) in states.iter_mut().zip(&*seals) {
            if let Some(block) = seal.blocks.get(index) {
                xor(&mut state.0, block);
                if index + 1 == seal.blocks.len() {
                    xor(&mut state.0, &siv.last);
                }
            }
        }
        let (states, _) = states.split_at_mut(seals.len());
        siv.mac.encrypt_blocks(states);
        for (state, seal) in states.iter().zip(&mut *seals) {
            if index + 1 == seal.blocks.len()
                && let Some(tag) = &mut seal.tag
            {
                **tag = state.0;
            }
        }
    }
}

/// CTR over all blocks of all messages, 64 blocks at a time.
fn add_key_streams(siv: &Siv, seals: &mut [Slot<'_>]) {
    let mut stream = [Array([0; 16]); GROUP];
    let mut used = 0;
    let mut pending = seals.iter_mut().flat_map(Slot::take_blocks).peekable();
    let mut blocks: [Option<&mut [u8; 16]>; GROUP] = [const { None }; GROUP];
    while let Some((counter, block)) = pending.next() {
        if let (Some(place), Some(stream)) = (blocks.get_mut(used), stream.get_mut(used)) {
            *place = Some(block);
            stream.0 = counter.to_be_bytes();
            used += 1;
        }
        if used == GROUP || pending.peek().is_none() {
            let (stream, _) = stream.split_at_mut(used);
            siv.ctr.encrypt_blocks(stream);
            for (stream, block) in stream.iter().zip(&mut blocks) {
                if let Some(block) = block.take() {
                    xor(block, &stream.0);
                }
            }
            used = 0;
        }
    }
}

/// Opens `V ‖ C` and returns the padded plaintext.
pub(super) fn open(siv: &Siv, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (tag, ciphertext) = sealed.split_first_chunk::<16>().ok_or(Error::NotSealed)?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    let (blocks, _) = plaintext.as_chunks_mut::<16>();
    siv.apply_key_stream(tag, blocks);
    let authentic = siv.tag(blocks).ct_eq(tag);
    if bool::from(authentic) {
        Ok(plaintext)
    } else {
        Err(Error::NotAuthentic)
    }
}

/// Opens seals behind their headers, `V ‖ C`, in place, 64 messages or 64 blocks of key stream at
/// a time, and answers which is the first that is not authentic.
pub(super) fn open_all(siv: &Siv, sealed: &mut [&mut [u8]]) -> Result<(), usize> {
    for (group, sealed) in sealed.chunks_mut(GROUP).enumerate() {
        let mut said = [[0; 16]; GROUP];
        let mut seals: [Slot<'_>; GROUP] = std::array::from_fn(|_| Slot::default());
        let count = sealed.len();
        for ((slot, said), sealed) in seals.iter_mut().zip(&mut said).zip(sealed) {
            *slot = Slot::of_body(sealed);
            *said = slot.tag.as_deref().copied().unwrap_or_default();
        }
        let (seals, _) = seals.split_at_mut(count);
        add_key_streams(siv, seals);
        add_tags(siv, seals);
        let found = seals.iter().map(|seal| seal.tag.as_deref());
        let differs = |(found, said): (Option<&[u8; 16]>, &[u8; 16])| {
            found.is_none_or(|found| !bool::from(found.ct_eq(said)))
        };
        if let Some(at) = found.zip(&said).position(differs) {
            return Err(group * GROUP + at);
        }
    }
    Ok(())
}

/// Appends the texts of all tokens, back to back.
pub(super) fn encode_all<const N: usize>(
    encoding: Encoding,
    tokens: &[[u8; N]],
    out: &mut Vec<u8>,
) {
    out.reserve(tokens.len() * encoding.encoded_len(N));
    for token in tokens {
        encode(encoding, token, out);
    }
}

/// Appends the text of `bytes`: two characters by one look-up in a table of all pairs.
pub(super) fn encode(encoding: Encoding, bytes: &[u8], out: &mut Vec<u8>) {
    match encoding {
        Encoding::Base32 => encode_pairs::<5>(&BASE32, encoding, bytes, out),
        Encoding::Hex => encode_pairs::<4>(&HEX, encoding, bytes, out),
        Encoding::Base64Url => encode_pairs::<6>(&BASE64_URL, encoding, bytes, out),
    }
}

/// Eight characters of `BITS` bits hold `BITS` bytes.
fn encode_pairs<const BITS: usize>(
    pairs: &[[u8; 2]],
    encoding: Encoding,
    bytes: &[u8],
    out: &mut Vec<u8>,
) {
    let text = |step: &[u8; BITS]| {
        let mut word = [0; 8];
        let (front, _) = word.split_at_mut(BITS);
        front.copy_from_slice(step);
        let word = u64::from_be_bytes(word);
        let mut text = [[0; 2]; 4];
        for (index, text) in text.iter_mut().enumerate() {
            let pair = word >> (64 - 2 * BITS * (index + 1)) & ((1 << (2 * BITS)) - 1);
            let pair = usize::try_from(pair).ok().and_then(|pair| pairs.get(pair));
            *text = pair.copied().unwrap_or_default();
        }
        text
    };
    let (steps, rest) = bytes.as_chunks::<BITS>();
    out.reserve(encoding.encoded_len(bytes.len()));
    for step in steps {
        out.extend_from_slice(text(step).as_flattened());
    }
    let mut last = [0; BITS];
    let (front, _) = last.split_at_mut(rest.len());
    front.copy_from_slice(rest);
    let text = text(&last);
    let (used, _) = text
        .as_flattened()
        .split_at(encoding.encoded_len(rest.len()));
    out.extend_from_slice(used);
}

/// All pairs of characters of an alphabet.
#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn pairs<const PAIRS: usize>(encoding: Encoding) -> [[u8; 2]; PAIRS] {
    let alphabet = encoding.alphabet();
    let mut pairs = [[0; 2]; PAIRS];
    let mut index = 0;
    while index < PAIRS {
        pairs[index] = [
            alphabet[index / alphabet.len()],
            alphabet[index % alphabet.len()],
        ];
        index += 1;
    }
    pairs
}

static BASE32: [[u8; 2]; 1024] = pairs(Encoding::Base32);
static HEX: [[u8; 2]; 256] = pairs(Encoding::Hex);
static BASE64_URL: [[u8; 2]; 4096] = pairs(Encoding::Base64Url);

/// How many messages are sealed side by side.
const GROUP: usize = 64;
