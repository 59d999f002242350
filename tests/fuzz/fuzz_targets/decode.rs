//! Texts have one spelling.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pseudo_token::fuzz::decode(data));
