//! AES-SIV (RFC 5297) with AES-256: the reversible, deterministic and authenticated seal.
//!
//! ```text
//! plaintext = canonical bytes ‖ 0x80 ‖ zero bytes up to a multiple of 16
//! sealed    = 0x01 ‖ key id (u32 big-endian) ‖ V ‖ C
//! V         = S2V(first half of the key, one empty component, plaintext)
//! C         = CTR(second half of the key, V without bits 31 and 63, plaintext)
//! ```
//!
//! A plaintext is always whole blocks, so S2V is plain CBC over them with one constant, which
//! depends on the key alone, added to the last: `dbl(CMAC(0)) ^ CMAC("")`, the sum over the empty
//! component, and the CMAC sub-key of a whole last block.

use std::fmt;

use aes::Aes256;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::error::Error;
use crate::lanes::{self, Lanes};

/// Makes and opens the seals of one domain, epoch, identity and kind.
pub struct SealKey {
    siv: Box<Siv>,
    lanes: Lanes,
}

impl SealKey {
    /// Takes a 64-byte AES-SIV key and its id, derived here or made elsewhere, as in a Tink keyset.
    #[must_use]
    pub fn from_bytes(key: &[u8; 64], id: u32) -> Self {
        Self {
            siv: Box::new(Siv::new(key, id)),
            lanes: Lanes::best(),
        }
    }

    /// Takes the 68 bytes of a `seal` sub-key: the key, and behind it its id, big-endian.
    #[must_use]
    pub fn from_subkey(bytes: &[u8; 68]) -> Self {
        let mut key = Zeroizing::new([0; 64]);
        let mut id = [0; 4];
        let (front, back) = bytes.split_at(64);
        key.copy_from_slice(front);
        id.copy_from_slice(back);
        Self::from_bytes(&key, u32::from_be_bytes(id))
    }

    /// Does the work on one path, or portably where the machine has no such path.
    #[must_use]
    pub fn on(mut self, lanes: Lanes) -> Self {
        self.lanes = lanes.or_portable();
        self
    }

    /// The id that every seal of this key names.
    #[must_use]
    pub const fn key_id(&self) -> u32 {
        self.siv.id
    }

    /// The length of the seal of a value.
    #[must_use]
    pub const fn sealed_len(value_len: usize) -> usize {
        OVERHEAD + padded_len(value_len)
    }

    /// Appends the seals of the values, back to back, each [`SealKey::sealed_len`] of its value
    /// long.
    pub fn seal(&self, values: &[&[u8]], out: &mut Vec<u8>) {
        lanes::seal(self.lanes, &self.siv, values, out);
    }

    /// Opens one seal and returns the canonical bytes.
    ///
    /// # Errors
    /// Refuses whatever [`SealKey::seal`] of this key has not made; nothing of a refused seal is
    /// revealed.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let mut plaintext = lanes::open(self.lanes, &self.siv, self.body(sealed)?)?;
        let len = unpadded_len(&plaintext).ok_or(Error::NotAuthentic)?;
        plaintext.truncate(len);
        Ok(std::mem::take(&mut *plaintext))
    }

    /// Opens seals, and appends their canonical bytes to `values`, back to back, and the length of
    /// each to `lengths`.
    ///
    /// # Errors
    /// Refuses all of them, and appends nothing, when [`SealKey::open`] refuses one: which, and
    /// why.
    pub fn open_all(
        &self,
        sealed: &[&[u8]],
        values: &mut Vec<u8>,
        lengths: &mut Vec<usize>,
    ) -> Result<(), (usize, Error)> {
        let bodies = sealed.iter().enumerate();
        let bodies = bodies.map(|(at, sealed)| self.body(sealed).map_err(|error| (at, error)));
        let bodies: Vec<&[u8]> = bodies.collect::<Result<_, _>>()?;
        let mut opened = Zeroizing::new(bodies.concat());
        let mut rest = opened.as_mut_slice();
        let mut places: Vec<&mut [u8]> = Vec::with_capacity(bodies.len());
        for body in &bodies {
            let (place, after) = rest.split_at_mut(body.len());
            places.push(place);
            rest = after;
        }
        let refused = |at| (at, Error::NotAuthentic);
        lanes::open_all(self.lanes, &self.siv, &mut places).map_err(refused)?;
        let padded = places.iter().map(|place| place.split_at(16).1);
        let lens = padded.clone().map(unpadded_len).enumerate();
        let lens = lens.map(|(at, len)| len.ok_or_else(|| refused(at)));
        let lens: Vec<usize> = lens.collect::<Result<_, _>>()?;
        for (padded, len) in padded.zip(&lens) {
            values.extend_from_slice(padded.split_at(*len).0);
        }
        lengths.extend(lens);
        Ok(())
    }

    /// A seal without its header, when it can be one of this key.
    fn body<'a>(&self, sealed: &'a [u8]) -> Result<&'a [u8], Error> {
        let (version, rest) = sealed.split_first().ok_or(Error::NotSealed)?;
        let (id, rest) = rest.split_first_chunk::<4>().ok_or(Error::NotSealed)?;
        if *version != VERSION || rest.len() < 32 || !rest.len().is_multiple_of(16) {
            return Err(Error::NotSealed);
        }
        let found = u32::from_be_bytes(*id);
        if found != self.siv.id {
            return Err(Error::WrongKey {
                found,
                expected: self.siv.id,
            });
        }
        Ok(rest)
    }
}

/// The length of the value in a plaintext, when it is padded as it should be.
fn unpadded_len(plaintext: &[u8]) -> Option<usize> {
    let len = plaintext.iter().rposition(|&byte| byte != 0)?;
    let is_padded = plaintext.get(len) == Some(&0x80) && padded_len(len) == plaintext.len();
    is_padded.then_some(len)
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({:08x})", self.siv.id)
    }
}

/// An AES-256-SIV key with all that depends on it alone.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Siv {
    /// The key in the order of RFC 5297.
    pub(crate) key: [u8; 64],
    /// The cipher of S2V.
    pub(crate) mac: Aes256,
    /// The cipher of the key stream.
    pub(crate) ctr: Aes256,
    /// What S2V adds to the last block of a plaintext.
    pub(crate) last: [u8; 16],
    /// What every seal begins with.
    pub(crate) header: [u8; HEADER],
    #[zeroize(skip)]
    id: u32,
    #[cfg(target_arch = "x86_64")]
    pub(crate) mac_keys: lanes::RoundKeys,
    #[cfg(target_arch = "x86_64")]
    pub(crate) ctr_keys: lanes::RoundKeys,
}

impl Siv {
    pub(crate) fn new(key: &[u8; 64], id: u32) -> Self {
        let [mac, ctr] = halves(key);
        let mac_cipher = Aes256::new(mac.into());
        let encrypt = |block: u128| {
            let mut block = Array(block.to_be_bytes());
            mac_cipher.encrypt_block(&mut block);
            u128::from_be_bytes(block.0)
        };
        let whole = double(encrypt(0));
        let partial = double(whole);
        let cmac_of_zero = encrypt(whole);
        let cmac_of_nothing = encrypt(partial ^ (0x80 << 120));
        let last = double(cmac_of_zero) ^ cmac_of_nothing ^ whole;
        let mut header = [VERSION; HEADER];
        if let Some(bytes) = header.last_chunk_mut::<4>() {
            *bytes = id.to_be_bytes();
        }
        Self {
            key: *key,
            ctr: Aes256::new(ctr.into()),
            last: last.to_be_bytes(),
            header,
            id,
            #[cfg(target_arch = "x86_64")]
            mac_keys: lanes::RoundKeys::new(mac),
            #[cfg(target_arch = "x86_64")]
            ctr_keys: lanes::RoundKeys::new(ctr),
            mac: mac_cipher,
        }
    }

    /// S2V over the blocks of one padded plaintext.
    pub(crate) fn tag(&self, blocks: &[[u8; 16]]) -> [u8; 16] {
        let mut state = Array([0; 16]);
        for (index, block) in blocks.iter().enumerate() {
            xor(&mut state.0, block);
            if index + 1 == blocks.len() {
                xor(&mut state.0, &self.last);
            }
            self.mac.encrypt_block(&mut state);
        }
        state.0
    }

    /// Adds the key stream that starts at `tag`; doing it twice undoes it.
    pub(crate) fn apply_key_stream(&self, tag: &[u8; 16], blocks: &mut [[u8; 16]]) {
        let mut counter = first_counter(tag);
        let mut stream = [Array([0; 16]); 8];
        for blocks in blocks.chunks_mut(stream.len()) {
            let (stream, _) = stream.split_at_mut(blocks.len());
            for block in &mut *stream {
                block.0 = counter.to_be_bytes();
                counter = counter.wrapping_add(1);
            }
            self.ctr.encrypt_blocks(stream);
            for (block, stream) in blocks.iter_mut().zip(stream) {
                xor(block, &stream.0);
            }
        }
    }
}

/// The counter of the first block of a key stream.
pub(crate) const fn first_counter(tag: &[u8; 16]) -> u128 {
    u128::from_be_bytes(*tag) & !(1 << 63 | 1 << 31)
}

/// The length of a plaintext after the mark `0x80` and its zero bytes.
pub(crate) const fn padded_len(len: usize) -> usize {
    (len / 16 + 1) * 16
}

/// Multiplies by x in the field of CMAC and S2V.
const fn double(block: u128) -> u128 {
    (block << 1) ^ if block >> 127 == 1 { 0x87 } else { 0 }
}

/// Adds one block to another.
pub(crate) fn xor(block: &mut [u8; 16], other: &[u8; 16]) {
    *block = (u128::from_ne_bytes(*block) ^ u128::from_ne_bytes(*other)).to_ne_bytes();
}

/// Both halves of a key.
#[expect(clippy::expect_used, reason = "a half is half as long as the whole")]
pub(crate) fn halves<const N: usize, const HALF: usize>(key: &[u8; N]) -> [&[u8; HALF]; 2] {
    const { assert!(2 * HALF == N, "halves are half as long as the whole") };
    let (front, back) = key.split_at(HALF);
    [front, back].map(|half| half.try_into().expect("a half"))
}

/// The version byte, which is also Tink's mark of a key id.
const VERSION: u8 = 1;
/// The bytes before the synthetic initialisation vector.
pub(crate) const HEADER: usize = 5;
/// The bytes before the ciphertext.
pub(crate) const OVERHEAD: usize = HEADER + 16;
