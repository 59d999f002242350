//! Bodies of the fuzz targets: laws that hold for all bytes whatever.
//!
//! `tests/fuzz` calls them with bytes that a fuzzer makes up, `tests/token/smoke.rs` with a few
//! random ones, so that they stay true.

use crate::encoding::Encoding;
use crate::ff1::{Alphabet, FpeKey};
use crate::lanes::Lanes;
use crate::siv::SealKey;

/// Opens bytes as they are and behind a good header, and seals them: what opens is what was sealed,
/// and all paths agree.
pub fn seal_open(data: &[u8]) {
    let keys = Lanes::available()
        .into_iter()
        .map(|lanes| SealKey::from_bytes(&KEY, ID).on(lanes));
    let keys: Vec<SealKey> = keys.collect();
    let mut sealed = Vec::new();
    for key in &keys {
        sealed.clear();
        key.seal(&[data], &mut sealed);
        assert_eq!(key.open(&sealed).as_deref(), Ok(data), "a seal opens");
        for bytes in [data, &[&[1], ID.to_be_bytes().as_slice(), data].concat()] {
            let opened = key.open(bytes);
            for other in &keys {
                assert_eq!(other.open(bytes), opened, "all paths open alike");
            }
            if let Ok(value) = opened {
                sealed.clear();
                key.seal(&[&value], &mut sealed);
                assert_eq!(sealed, bytes, "a value has one seal");
            }
        }
    }
}

/// Decodes bytes as text: what is decoded has no other text.
pub fn decode(data: &[u8]) {
    for encoding in Encoding::ALL {
        let mut text = Vec::new();
        encoding.encode(data, &mut text);
        let decoded = str::from_utf8(&text).ok().map(|text| encoding.decode(text));
        assert_eq!(
            decoded.as_ref().and_then(|bytes| bytes.as_deref().ok()),
            Some(data),
            "what is encoded is decoded"
        );
        if let Ok(text) = str::from_utf8(data)
            && let Ok(bytes) = encoding.decode(text)
        {
            let mut again = Vec::new();
            encoding.encode(&bytes, &mut again);
            assert_eq!(again, data, "bytes have one text");
        }
    }
}

/// Encrypts bytes in their format, alone and among others: what is accepted comes back, stays in
/// its alphabet, and is the same on all paths.
pub fn format(data: &[u8]) {
    for alphabet in Alphabet::ALL {
        let values = [data; 5];
        let mut expected: Option<Vec<u8>> = None;
        for lanes in Lanes::available() {
            let key = FpeKey::from_bytes(&[0x5a; 32]).on(lanes);
            let mut encrypted = Vec::new();
            let accepted = key.encrypt(alphabet, &values, &mut encrypted).is_ok();
            assert_eq!(
                accepted,
                alphabet.accepts(data),
                "what is accepted is known"
            );
            let (one, _) = encrypted.split_at(encrypted.len() / 5);
            assert!(!accepted || alphabet.accepts(one), "a format is kept");
            let mut decrypted = Vec::new();
            let undone = key.decrypt(alphabet, &[one], &mut decrypted).is_ok();
            assert!(
                !accepted || undone && decrypted == data,
                "a value comes back"
            );
            let expected = expected.get_or_insert_with(|| encrypted.clone());
            assert_eq!(*expected, encrypted, "all paths encrypt alike");
        }
    }
}

const KEY: [u8; 64] = [0xa5; 64];
const ID: u32 = 0x0102_0304;
