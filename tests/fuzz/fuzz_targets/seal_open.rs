//! Seals open to what was sealed, and nothing else opens.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pseudo_token::fuzz::seal_open(data));
