//! Counts of what became of every cell (TOKENS.md section 9), and a sketch of how many distinct
//! tokens were made. Outcomes of chunks are merged in any order to the same result.

use pseudo_pii::Verdict;

use crate::Error;

/// What became of the cells of one column.
///
/// `rows = transformed + null + blank + nulled`; `suspect` and `invalid` are sub-counts of
/// `transformed` and `nulled`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Cells seen.
    pub rows: u64,
    /// Cells that ended as what the rule makes of them.
    pub transformed: u64,
    /// Cells that were NULL.
    pub null: u64,
    /// Cells that held a blank and became NULL.
    pub blank: u64,
    /// Cells that became NULL because they are invalid, or because the rule says NULL.
    pub nulled: u64,
    /// Cells with the right structure and a failed check.
    pub suspect: u64,
    /// Cells with the wrong structure.
    pub invalid: u64,
    /// Cells that put their row into quarantine; such rows are in none of the other counts.
    pub quarantined: u64,
    /// Distinct tokens and seals.
    pub distinct: Sketch,
}

impl Outcome {
    /// Adds the counts of other cells of the same column.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.transformed += other.transformed;
        self.null += other.null;
        self.blank += other.blank;
        self.nulled += other.nulled;
        self.suspect += other.suspect;
        self.invalid += other.invalid;
        self.quarantined += other.quarantined;
        self.distinct.merge(&other.distinct);
    }

    /// Says whether every cell is accounted for exactly once.
    pub fn balanced(&self) -> bool {
        self.rows == self.transformed + self.null + self.blank + self.nulled
            && self.suspect + self.invalid <= self.transformed + self.nulled
    }
}

/// A HyperLogLog of token bytes: 16,384 registers, standard error 0.8 %.
///
/// Tokens are uniformly random, so their first eight bytes are the hash. The estimate is Ertl's
/// improved raw estimator, which needs no bias tables and is close to exact for small counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Empty until the first token: most columns have none.
    registers: Vec<u8>,
}

impl Sketch {
    /// Adds one token.
    pub fn insert(&mut self, token: &[u8]) {
        if self.registers.is_empty() {
            self.registers = vec![0; REGISTERS];
        }
        let hash = token
            .iter()
            .take(8)
            .fold(0_u64, |hash, byte| (hash << 8) | u64::from(*byte));
        let rank = (hash << INDEX_BITS).leading_zeros().min(RANK_BITS) + 1;
        let index = usize::try_from(hash >> RANK_BITS).unwrap_or_default();
        if let Some(register) = self.registers.get_mut(index) {
            *register = (*register).max(u8::try_from(rank).unwrap_or(u8::MAX));
        }
    }

    /// Adds one pseudonym whose bytes are not evenly spread.
    pub(crate) fn insert_text(&mut self, text: &[u8]) {
        let (words, rest) = text.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut()
            .zip(rest)
            .for_each(|(place, byte)| *place = *byte);
        let words = words
            .iter()
            .chain([&last])
            .map(|word| u64::from_le_bytes(*word));
        // The finaliser of SplitMix64 after each word: every bit reaches every bit.
        let hash = words.fold(text.len() as u64, |hash, word| {
            let hash = (hash ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
            let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            hash ^ (hash >> 31)
        });
        self.insert(&hash.to_be_bytes());
    }

    /// Adds the tokens of another sketch.
    pub fn merge(&mut self, other: &Self) {
        if self.registers.is_empty() {
            self.registers.clone_from(&other.registers);
            return;
        }
        for (mine, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Answers about how many distinct tokens were added.
    pub fn estimate(&self) -> u64 {
        if self.registers.is_empty() {
            return 0;
        }
        let mut histogram = [0.0_f64; RANK_BITS as usize + 2];
        for register in &self.registers {
            if let Some(count) = histogram.get_mut(usize::from(*register)) {
                *count += 1.0;
            }
        }
        let registers = REGISTERS as f64;
        let [zero, middle @ .., full] = histogram;
        let mut sum = registers * tau(1.0 - full / registers);
        for count in middle.iter().rev() {
            sum = 0.5 * (sum + count);
        }
        sum += registers * sigma(zero / registers);
        round_up(registers * registers / (2.0 * std::f64::consts::LN_2 * sum))
    }
}

/// Counts cells into an [`Outcome`]; with weights, the cell at a position stands for that many
/// rows. With marks, cells that a rule refuses are marked instead of failing the column.
pub(crate) struct Tally<'a> {
    pub(crate) outcome: &'a mut Outcome,
    weights: Option<&'a [u64]>,
    marks: Option<&'a mut [bool]>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(outcome: &'a mut Outcome) -> Self {
        Self {
            outcome,
            weights: None,
            marks: None,
        }
    }

    pub(crate) fn weighed(outcome: &'a mut Outcome, weights: &'a [u64]) -> Self {
        Self {
            weights: Some(weights),
            ..Self::new(outcome)
        }
    }

    pub(crate) fn marking(outcome: &'a mut Outcome, marks: &'a mut [bool]) -> Self {
        Self {
            marks: Some(marks),
            ..Self::new(outcome)
        }
    }

    /// Refuses a cell, whose rule says that it fails the column.
    pub(crate) fn refuse(&mut self, row: usize) -> Result<(), Error> {
        let marks = self.marks.as_deref_mut();
        let mark = marks.and_then(|marks| marks.get_mut(row));
        *mark.ok_or(Error::Invalid { row })? = true;
        Ok(())
    }

    pub(crate) fn transformed(&mut self, row: usize, verdict: Verdict) {
        let weight = self.weight(row);
        self.outcome.transformed += weight;
        self.verdict(verdict, weight);
    }

    pub(crate) fn null(&mut self, row: usize) {
        self.outcome.null += self.weight(row);
    }

    pub(crate) fn blank(&mut self, row: usize) {
        self.outcome.blank += self.weight(row);
    }

    /// Counts a cell that became NULL because the rule says so.
    pub(crate) fn withheld(&mut self, row: usize) {
        self.outcome.nulled += self.weight(row);
    }

    /// Counts an invalid value that became NULL.
    pub(crate) fn nulled(&mut self, row: usize) {
        let weight = self.weight(row);
        self.outcome.nulled += weight;
        self.outcome.invalid += weight;
    }

    fn verdict(&mut self, verdict: Verdict, weight: u64) {
        match verdict {
            Verdict::Valid => {}
            Verdict::Suspect => self.outcome.suspect += weight,
            Verdict::Invalid => self.outcome.invalid += weight,
        }
    }

    fn weight(&self, row: usize) -> u64 {
        self.weights
            .map_or(1, |weights| weights.get(row).copied().unwrap_or_default())
    }
}

/// Contribution of the registers that saw nothing.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// Contribution of the registers that are full.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "float to integer casts saturate"
)]
fn round_up(estimate: f64) -> u64 {
    estimate.round().max(0.0) as u64
}

const INDEX_BITS: u32 = 14;
const RANK_BITS: u32 = 64 - INDEX_BITS;
const REGISTERS: usize = 1 << INDEX_BITS;
