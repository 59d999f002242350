//! The frozen vectors of the token specification: every cell gives its verdict and its text.

use pseudo_pii::{Blanks, Kind, Verdict};
use serde_json::Value;

use crate::{canonical, canonical_slow};

#[test]
fn every_cell_gives_its_canonical_text() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let cells = vectors["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 153);
    for cell in cells {
        let value = cell["value"].as_str().unwrap();
        let kind = Kind::parse(cell["kind"].as_str().unwrap()).unwrap();
        let verdict = match cell["verdict"].as_str().unwrap() {
            "blank" => None,
            "valid" => Some(Verdict::Valid),
            "suspect" => Some(Verdict::Suspect),
            "invalid" => Some(Verdict::Invalid),
            other => panic!("verdict `{other}`"),
        };
        let expected = verdict.map(|verdict| {
            let text = cell["canonical"].as_str().unwrap();
            (text.to_owned(), verdict)
        });
        let blanks = Blanks::default();
        assert_eq!(
            canonical(kind, value, &blanks),
            expected,
            "{kind} {value:?}"
        );
        assert_eq!(
            canonical_slow(kind, value, &blanks),
            expected,
            "{kind} {value:?}"
        );
    }
}

#[test]
fn typed_text_is_canonical_already() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    for cell in vectors["typed"].as_array().unwrap() {
        let text = cell["text"].as_str().unwrap();
        let expected = Some((text.to_owned(), Verdict::Valid));
        assert_eq!(canonical(Kind::Text, text, &Blanks::default()), expected);
    }
}

const VECTORS: &str = include_str!("../vectors/tokens-v1.json");
