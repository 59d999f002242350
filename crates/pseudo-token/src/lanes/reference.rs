//! One message at a time with the `hmac` and `aes-siv` crates: the measure of every other path.

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::ff1::{Alphabet, Direction, Ff1, NONE, general};
use crate::hmac::Keyed;
use crate::siv::{Siv, padded_len};

/// Writes the HMAC of each value.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
pub(super) fn digests<const N: usize>(keyed: &Keyed, values: &[&[u8]], out: &mut [[u8; N]]) {
    let hmac = Hmac::<Sha256>::new_from_slice(&keyed.key).expect("a key of 32 bytes");
    for (value, out) in values.iter().zip(out) {
        let mut hmac = hmac.clone();
        hmac.update(value);
        for (byte, digest) in out.iter_mut().zip(hmac.finalize().into_bytes()) {
            *byte = digest;
        }
    }
}

/// Appends the seal of each value.
#[expect(
    clippy::expect_used,
    reason = "one header, and a vector grows as needed"
)]
pub(super) fn seal(siv: &Siv, values: &[&[u8]], out: &mut Vec<u8>) {
    let mut cipher = Aes256Siv::new(&siv.key.into());
    let mut plaintext = Zeroizing::new(Vec::new());
    for value in values {
        plaintext.clear();
        plaintext.extend_from_slice(value);
        plaintext.push(0x80);
        plaintext.resize(padded_len(value.len()), 0);
        let sealed = cipher
            .encrypt([[0_u8; 0]], &plaintext)
            .expect("one component");
        out.extend_from_slice(&siv.header);
        out.extend_from_slice(&sealed);
    }
}

/// Opens `V ‖ C` and returns the padded plaintext.
pub(super) fn open(siv: &Siv, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut cipher = Aes256Siv::new(&siv.key.into());
    let plaintext = cipher
        .decrypt([[0_u8; 0]], sealed)
        .map_err(|_| Error::NotAuthentic)?;
    Ok(Zeroizing::new(plaintext))
}

/// Opens seals behind their headers, `V ‖ C`, in place, and answers which is the first that is not
/// authentic.
pub(super) fn open_all(siv: &Siv, sealed: &mut [&mut [u8]]) -> Result<(), usize> {
    for (at, sealed) in sealed.iter_mut().enumerate() {
        let plaintext = open(siv, sealed).map_err(|_| at)?;
        let (_, blocks) = sealed.split_at_mut(16);
        blocks.copy_from_slice(&plaintext);
    }
    Ok(())
}

/// Appends each value encrypted or decrypted in its format; false when a character is of another
/// alphabet.
pub(super) fn permute(
    ff1: &Ff1,
    alphabet: Alphabet,
    direction: Direction,
    values: &[&[u8]],
    out: &mut Vec<u8>,
) -> bool {
    let characters = alphabet.characters();
    let mut digits = Zeroizing::new(Vec::new());
    for value in values {
        digits.clear();
        digits.extend(value.iter().map(|&character| alphabet.digit(character)));
        if digits.contains(&NONE) {
            return false;
        }
        general::permute(
            &ff1.cipher,
            alphabet.radix(),
            &ff1.tweak,
            direction,
            &mut digits,
        );
        let text = digits
            .iter()
            .filter_map(|&digit| characters.get(usize::from(digit)));
        out.extend(text);
    }
    true
}
