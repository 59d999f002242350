//! Every kind takes every text: it never panics, writes nothing for a blank, leaves canonical text
//! as it is, and takes no shortcut to another result.
#![no_main]

use pseudo_pii::{Blanks, Canonical, Kind};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let blanks = Blanks::default();
    for kind in Kind::ALL {
        let mut written = String::new();
        let outcome = kind.canonical(text, &blanks, &mut written);
        let canonical = match outcome {
            Canonical::Blank => "",
            Canonical::Same(_) => text,
            Canonical::Written(_) => &written,
        };
        assert!(written.is_empty() || matches!(outcome, Canonical::Written(_)));
        if !matches!(outcome, Canonical::Blank) {
            let mut again = String::new();
            let outcome = kind.canonical(canonical, &blanks, &mut again);
            // What only its kind joined to a word such as `none` is blank when it comes again.
            assert!(!matches!(outcome, Canonical::Written(_)));
            assert!(again.is_empty());
        }
        let mut slow = String::new();
        assert_eq!(kind.canonical_slow(text, &blanks, &mut slow), outcome);
        assert_eq!(slow, written);
    }
});
