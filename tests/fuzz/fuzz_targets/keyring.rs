//! What opens as a keyring is a legal one.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pseudo_keyring::fuzz::keyring(data));
