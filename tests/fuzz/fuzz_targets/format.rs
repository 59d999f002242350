//! Encryption keeps the format, on every path alike.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pseudo_token::fuzz::format(data));
