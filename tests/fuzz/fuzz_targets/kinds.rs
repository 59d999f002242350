//! Every kind takes every text: it never panics, writes nothing for a blank or a text that stays as
//! it is, and takes no shortcut to another result.
#![no_main]

use pseudo_pii::{Blanks, Canonical, Kind};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let blanks = Blanks::default();
    for kind in Kind::ALL {
        let (mut written, mut slow) = (String::new(), String::new());
        let outcome = kind.canonical(text, &blanks, &mut written);
        assert_eq!(
            written.is_empty(),
            !matches!(outcome, Canonical::Written(_))
        );
        assert_eq!(kind.canonical_slow(text, &blanks, &mut slow), outcome);
        assert_eq!(slow, written);
    }
});
