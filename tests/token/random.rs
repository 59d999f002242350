//! Random keys and values that are the same in every run.

use pseudo_token::Alphabet;

/// A generator of numbers (xorshift64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit
    }

    pub(crate) fn key(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.next().to_be_bytes()[0])
    }

    pub(crate) fn text(&mut self, alphabet: Alphabet, len: usize) -> Vec<u8> {
        let characters = alphabet.characters();
        (0..len)
            .map(|_| characters[self.below(characters.len())])
            .collect()
    }

    /// Random texts, and first those of the lowest and of the highest digit alone.
    pub(crate) fn texts(&mut self, alphabet: Alphabet, len: usize, count: usize) -> Vec<Vec<u8>> {
        let characters = alphabet.characters();
        let edges = [characters[0], characters[characters.len() - 1]];
        let edges = edges.into_iter().map(|character| vec![character; len]);
        let random = std::iter::repeat_with(|| self.text(alphabet, len));
        edges.chain(random).take(count).collect()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    /// Parts of `bytes` with up to 200 bytes each.
    pub(crate) fn values<'a>(&mut self, bytes: &'a [u8], count: usize) -> Vec<&'a [u8]> {
        (0..count)
            .map(|_| {
                let start = self.below(bytes.len() - 200);
                &bytes[start..start + self.below(201)]
            })
            .collect()
    }
}
