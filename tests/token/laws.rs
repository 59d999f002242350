//! Laws that hold for every key and every value.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use pseudo_token::{
    Alphabet, AuditKey, DomainKey, Encoding, Epoch, Error, Lanes, SealKey, Secret, ShiftKey,
    TokenKey,
};

proptest! {
    #[test]
    fn open_undoes_seal(key: [u8; 32], value in vec(any::<u8>(), 0..200), lanes in lanes()) {
        let key = DomainKey::from_bytes(key).seal_key("person", "text/1").on(lanes);
        let sealed = seal(&key, &value);
        prop_assert_eq!(sealed.len(), SealKey::sealed_len(value.len()));
        prop_assert_eq!(key.open(&sealed), Ok(value));
    }

    #[test]
    fn a_seal_shows_its_key_and_steps_of_16(key: [u8; 32], len in 0_usize..200) {
        let key = DomainKey::from_bytes(key).seal_key("person", "text/1");
        let sealed = seal(&key, &vec![b'x'; len]);
        prop_assert_eq!(sealed[0], 1);
        prop_assert_eq!(&sealed[1..5], &key.key_id().to_be_bytes());
        prop_assert_eq!((sealed.len() - 5) % 16, 0);
        prop_assert_eq!(sealed.len(), SealKey::sealed_len(len / 16 * 16));
    }

    #[test]
    fn equal_values_and_only_they_have_equal_pseudonyms(
        key: [u8; 32],
        one in vec(any::<u8>(), 0..4),
        other in vec(any::<u8>(), 0..4),
    ) {
        let key = DomainKey::from_bytes(key);
        let tokens = key.token_key("person", "text/1");
        let mut out = [[0; 16]; 2];
        tokens.tokens(&[&one, &other], &mut out);
        prop_assert_eq!(out[0] == out[1], one == other);
        let seals = key.seal_key("person", "text/1");
        prop_assert_eq!(seal(&seals, &one) == seal(&seals, &other), one == other);
    }

    #[test]
    fn one_changed_bit_of_a_secret_changes_every_pseudonym(
        secret: [u8; 32],
        bit in 0_usize..256,
        value in vec(any::<u8>(), 0..100),
    ) {
        let mut other = secret;
        other[bit / 8] ^= 1 << (bit % 8);
        let (one, other) = (Secret::new(secret), Secret::new(other));
        prop_assert_ne!(one.check_value(Epoch(1)), other.check_value(Epoch(1)));
        let one = one.domain_key("analytics", Epoch(1));
        let other = other.domain_key("analytics", Epoch(1));
        prop_assert!(differ(&one, ["person", "text/1"], &other, ["person", "text/1"], &value)?);
    }

    #[test]
    fn one_changed_character_of_a_name_changes_every_pseudonym(
        secret: [u8; 32],
        name in "[a-z]{1,20}",
        position in any::<prop::sample::Index>(),
        value in vec(any::<u8>(), 0..100),
    ) {
        let position = position.index(name.len());
        let mut other = name.clone().into_bytes();
        other[position] ^= 1;
        let other = String::from_utf8(other).unwrap();
        let secret = Secret::new(secret);
        let key = secret.domain_key(&name, Epoch(1));
        let places = ["person", "text/1"];
        prop_assert!(differ(&key, places, &secret.domain_key(&other, Epoch(1)), places, &value)?);
        prop_assert!(differ(&key, places, &secret.domain_key(&name, Epoch(2)), places, &value)?);
        prop_assert!(differ(&key, [&name, "text/1"], &key, [&other, "text/1"], &value)?);
        prop_assert!(differ(&key, ["person", &name], &key, ["person", &other], &value)?);
    }

    #[test]
    fn what_moves_between_identity_and_kind_changes_every_pseudonym(
        key: [u8; 32],
        text in "[a-z/1]{1,20}",
        cut in any::<prop::sample::Index>(),
        value in vec(any::<u8>(), 0..100),
    ) {
        let key = DomainKey::from_bytes(key);
        let (identity, kind) = text.split_at(cut.index(text.len()));
        prop_assert!(differ(&key, [identity, kind], &key, [&text, ""], &value)?);
    }

    #[test]
    fn a_tampered_seal_never_opens(
        key: [u8; 32],
        value in vec(any::<u8>(), 0..100),
        position in any::<prop::sample::Index>(),
        change in 1_u8..,
        lanes in lanes(),
    ) {
        let key = DomainKey::from_bytes(key).seal_key("person", "text/1").on(lanes);
        let sealed = seal(&key, &value);
        let position = position.index(sealed.len());
        let mut tampered = sealed.clone();
        tampered[position] ^= change;
        prop_assert!(key.open(&tampered).is_err());
        prop_assert!(key.open(&sealed[..position]).is_err());
        prop_assert!(key.open(&[&sealed[..], &[change]].concat()).is_err());
        prop_assert!(key.open(&[&sealed[..], &[0; 16]].concat()).is_err());
    }

    #[test]
    fn a_text_that_was_changed_never_opens(
        key: [u8; 32],
        value in vec(any::<u8>(), 0..60),
        position in any::<prop::sample::Index>(),
        character in "[ -~]",
        encoding in prop::sample::select(Encoding::ALL.to_vec()),
    ) {
        let key = DomainKey::from_bytes(key).seal_key("person", "text/1");
        let mut text = Vec::new();
        encoding.encode(&seal(&key, &value), &mut text);
        let text = String::from_utf8(text).unwrap();
        let position = position.index(text.len());
        let mut changed = text.clone();
        changed.replace_range(position..=position, &character);
        let opened = encoding.decode(&changed).and_then(|sealed| key.open(&sealed));
        prop_assert_eq!(opened.is_ok(), changed == text);
        changed.insert_str(position, &text[position..=position]);
        let opened = encoding.decode(&changed).and_then(|sealed| key.open(&sealed));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn decode_undoes_encode(
        bytes in vec(any::<u8>(), 0..200),
        encoding in prop::sample::select(Encoding::ALL.to_vec()),
    ) {
        let mut text = b"kept".to_vec();
        encoding.encode(&bytes, &mut text);
        let text = str::from_utf8(text.strip_prefix(b"kept").unwrap()).unwrap();
        prop_assert_eq!(text.len(), encoding.encoded_len(bytes.len()));
        prop_assert_eq!(encoding.decode(text), Ok(bytes));
    }

    #[test]
    fn what_decodes_is_what_was_encoded(
        text in "[A-Za-z0-9_=-]{0,40}",
        encoding in prop::sample::select(Encoding::ALL.to_vec()),
    ) {
        match encoding.decode(&text) {
            Ok(bytes) => {
                let mut again = Vec::new();
                encoding.encode(&bytes, &mut again);
                prop_assert_eq!(again, text.into_bytes());
            }
            Err(error) => {
                prop_assert_eq!(error, Error::NotCanonical { encoding: encoding.name() });
            }
        }
    }

    #[test]
    fn a_format_is_kept_and_comes_back(
        key: [u8; 32],
        alphabet in prop::sample::select(Alphabet::ALL.to_vec()),
        digits in vec(any::<prop::sample::Index>(), 6..129),
        lanes in lanes(),
    ) {
        let key = DomainKey::from_bytes(key).fpe_key("account", "text/1").on(lanes);
        let text: Vec<u8> = digits.iter().map(|digit| *digit.get(alphabet.characters())).collect();
        let (mut encrypted, mut decrypted) = (Vec::new(), Vec::new());
        prop_assert_eq!(key.encrypt(alphabet, &[&text], &mut encrypted), Ok(()));
        prop_assert_eq!(encrypted.len(), text.len());
        prop_assert!(alphabet.accepts(&encrypted));
        prop_assert_eq!(key.decrypt(alphabet, &[&encrypted], &mut decrypted), Ok(()));
        prop_assert_eq!(decrypted, text);
    }

    #[test]
    fn days_are_the_remainder_of_the_hmac(
        key: [u8; 32],
        limit in prop_oneof![1_u32..400, any::<u32>()],
        subjects in vec(vec(any::<u8>(), 0..40), 0..600),
        lanes in lanes(),
    ) {
        let subjects: Vec<&[u8]> = subjects.iter().map(Vec::as_slice).collect();
        let mut days = vec![0; subjects.len()];
        ShiftKey::from_bytes(&key).on(lanes).days(limit, &subjects, &mut days);
        let mut digests = vec![[0; 32]; subjects.len()];
        TokenKey::from_bytes(&key).tokens(&subjects, &mut digests);
        for (days, digest) in days.into_iter().zip(digests) {
            let number = u64::from_be_bytes(*digest.first_chunk().unwrap());
            let limit = i128::from(limit);
            prop_assert_eq!(i128::from(days), i128::from(number) % (2 * limit + 1) - limit);
            prop_assert!(i128::from(days).abs() <= limit);
        }
    }

    #[test]
    fn an_audit_mac_is_the_hmac_of_the_tuple_and_of_nothing_else(
        key: [u8; 32],
        items in vec(vec(any::<u8>(), 0..80), 0..4),
        bit in 0_usize..256,
    ) {
        let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
        let mut tuple = Vec::new();
        for item in &items {
            tuple.extend_from_slice(&u32::try_from(item.len()).unwrap().to_be_bytes());
            tuple.extend_from_slice(item);
        }
        let mut expected = [[0; 32]];
        TokenKey::from_bytes(&key).tokens(&[&tuple], &mut expected);
        let audit = AuditKey::from_bytes(&key);
        prop_assert_eq!(audit.mac(&items), expected[0]);
        prop_assert!(audit.is_mac(&items, &expected[0]));
        let mut changed = expected[0];
        changed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!audit.is_mac(&items, &changed));
    }

    #[test]
    fn a_row_order_can_be_computed_in_parts(
        key: [u8; 32],
        table in "[a-z_]{0,80}",
        chunk: u32,
        start in 0_u32..5,
        rows in 0_u32..600,
        cut in any::<prop::sample::Index>(),
        lanes in lanes(),
    ) {
        let key = DomainKey::from_bytes(key).shuffle_key().on(lanes);
        let mut whole = vec![[0; 32]; rows as usize];
        key.order_keys(&table, chunk, start..start + rows, &mut whole);
        let cut = cut.index(whole.len() + 1);
        let middle = start + u32::try_from(cut).unwrap();
        let mut parts = vec![[0; 32]; rows as usize];
        key.order_keys(&table, chunk, start..middle, &mut parts[..cut]);
        key.order_keys(&table, chunk, middle..start + rows, &mut parts[cut..]);
        prop_assert_eq!(&whole, &parts);
        prop_assert_eq!(whole.iter().collect::<HashSet<_>>().len(), whole.len());
    }
}

fn lanes() -> impl Strategy<Value = Lanes> {
    prop::sample::select(Lanes::available())
}

fn seal(key: &SealKey, value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    key.seal(&[value], &mut sealed);
    sealed
}

/// Whether token and seal of a value differ between two places, and neither opens the other's seal.
fn differ(
    one: &DomainKey,
    [identity, kind]: [&str; 2],
    other: &DomainKey,
    [other_identity, other_kind]: [&str; 2],
    value: &[u8],
) -> Result<bool, TestCaseError> {
    let mut tokens = [[[0; 16]]; 2];
    one.token_key(identity, kind)
        .tokens(&[value], &mut tokens[0]);
    other
        .token_key(other_identity, other_kind)
        .tokens(&[value], &mut tokens[1]);
    let one = one.seal_key(identity, kind);
    let other = other.seal_key(other_identity, other_kind);
    let (sealed, other_sealed) = (seal(&one, value), seal(&other, value));
    prop_assert!(other.open(&sealed).is_err() && one.open(&other_sealed).is_err());
    Ok(tokens[0] != tokens[1] && sealed[5..] != other_sealed[5..])
}
