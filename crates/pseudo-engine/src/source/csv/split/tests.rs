//! Cuts are ends of records, wherever a part begins.

use super::*;
use crate::source::csv::machine::Event;

struct Memory(Vec<u8>);

impl Blocks for Memory {
    fn blocks(&self, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<()> {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let _ = self.0[range].chunks(5).all(each);
        Ok(())
    }
}

const DIALECT: Dialect = Dialect {
    delimiter: b',',
    quote: b'"',
};

/// Ends of records, those behind a CR before and behind its LF; None when quotes stay open.
fn ends(text: &[u8]) -> Option<Vec<u64>> {
    let (mut state, mut ends) = (State::Record, Vec::new());
    for (at, byte) in (1..).zip(text) {
        let event;
        (state, event) = DIALECT.step(state, *byte, true);
        match event {
            Event::Record if state == State::Return && text.get(at) == Some(&b'\n') => {}
            Event::Record => ends.push(at as u64),
            Event::Nothing if state == State::Record => ends.push(at as u64),
            _ => {}
        }
    }
    (state != State::Quoted).then_some(ends)
}

#[test]
fn cuts_are_ends_of_records() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut below = |limit: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % limit
    };
    let (mut cut, mut open) = (0, 0);
    for round in 0..20_000 {
        // rarely a quote, often one
        let quotes = [1, 8, 40][round % 3];
        let mut byte = || match below(100) {
            n if n < quotes => b'"',
            n if n < 60 => b'x',
            n if n < 80 => b',',
            n if n < 95 => b'\n',
            _ => b'\r',
        };
        let text: Vec<u8> = (0..300).map(|_| byte()).collect();
        let (step, body) = (10 + below(60), below(2));
        let body = body..300;
        let expected = ends(&text[usize::try_from(body.start).unwrap()..]);
        let found = cuts(&Memory(text.clone()), DIALECT, body.clone(), step).unwrap();
        let mut one_pass = InOrder::new(DIALECT, body.start, step);
        let rest = &text[usize::try_from(body.start).unwrap()..];
        let chunk = usize::try_from(1 + below(40)).unwrap();
        rest.chunks(chunk).for_each(|block| one_pass.feed(block));
        assert_eq!(one_pass.finish(), (found.clone(), body.end));
        let Some(expected) = expected else {
            open += 1;
            continue;
        };
        let expected: Vec<u64> = expected.iter().map(|end| body.start + end).collect();
        let cuts = found.unwrap();
        assert!(cuts.is_sorted(), "{cuts:?}");
        cut += cuts.len();
        for end in cuts {
            let text = String::from_utf8_lossy(&text);
            assert!(expected.contains(&end), "{end} in {text:?}");
        }
    }
    assert!(cut > 25_000 && open > 1000, "{cut} {open}");
}

#[test]
fn a_file_that_stays_quoted_is_told_apart() {
    let text = |last: &str| Memory(format!("a,b\n\"{}{last}", "x\n".repeat(200)).into_bytes());
    let cuts = |file: Memory| {
        let size = file.0.len() as u64;
        cuts(&file, DIALECT, 4..size, 20).unwrap()
    };
    assert_eq!(cuts(text("")), None);
    assert_eq!(cuts(text("\"\n")), Some(vec![407]));
    let plain = Memory("a,b\n".repeat(100).into_bytes());
    assert_eq!(cuts(plain).unwrap().len(), 19);
}
