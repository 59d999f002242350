//! How often each hash was seen: a map while they are few, then sorted lists, which hold the many
//! in eight bytes each.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::hash::HashedMap;

/// What is counted: a hash, or some that belong together. Lists are cut by the first.
pub(crate) trait Key: Copy + Ord + Hash + Send {
    /// The first hash.
    fn head(self) -> u64;
}

impl Key for u64 {
    fn head(self) -> u64 {
        self
    }
}

impl Key for (u64, u64) {
    fn head(self) -> u64 {
        self.0
    }
}

impl Key for (u64, u64, u64) {
    fn head(self) -> u64 {
        self.0
    }
}

/// Counts keys.
pub(crate) struct Tally<K> {
    few: HashedMap<K, u64>,
    /// Empty until there are too many for the map.
    many: Vec<Bucket<K>>,
}

struct Bucket<K> {
    each: Vec<K>,
    counted: Vec<(K, u64)>,
    each_max: usize,
    counted_max: usize,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self {
            few: HashedMap::default(),
            many: Vec::new(),
        }
    }
}

impl<K: Key> Tally<K> {
    /// Counts a key `times` times.
    pub(crate) fn add(&mut self, key: K, times: u64) {
        if let Some(count) = self.few.get_mut(&key) {
            *count += times;
        } else if !self.many.is_empty() {
            self.put(key, times);
        } else if self.few.len() < FEW {
            self.few.insert(key, times);
        } else {
            self.spread();
            self.put(key, times);
        }
    }

    /// Bytes that it holds.
    pub(crate) fn held(&self) -> usize {
        let few = self.few.capacity() * (size_of::<(K, u64)>() + 1);
        few + self.many.iter().map(Bucket::held).sum::<usize>()
    }

    /// Goes over to lists. What was seen often stays in the map.
    fn spread(&mut self) {
        self.many = (0..BUCKETS).map(|_| Bucket::new()).collect();
        let seen: u64 = self.few.values().sum();
        if seen < 2 * FEW as u64 {
            for (key, times) in std::mem::take(&mut self.few) {
                self.put(key, times);
            }
        }
    }

    fn put(&mut self, key: K, times: u64) {
        if let Some(bucket) = self.many.get_mut(place(key, BUCKET_SHIFT)) {
            bucket.put(key, times);
        }
    }
}

impl<K: Key> Bucket<K> {
    fn new() -> Self {
        Self {
            each: Vec::new(),
            counted: Vec::new(),
            each_max: EACH_MIN,
            counted_max: EACH_MIN,
        }
    }

    fn held(&self) -> usize {
        self.each.capacity() * size_of::<K>() + self.counted.capacity() * size_of::<(K, u64)>()
    }

    fn put(&mut self, key: K, times: u64) {
        if times == 1 {
            if self.each.len() == self.each_max {
                self.compact();
            }
            self.each.push(key);
        } else {
            self.counted.push((key, times));
        }
    }

    /// Counts what repeats in the list; a list of keys that do not is left to grow.
    fn compact(&mut self) {
        self.each.sort_unstable();
        let runs = self.each.chunk_by(|a, b| a == b).count();
        if runs * 2 > self.each.len() {
            self.each_max *= 2;
            return;
        }
        append_runs(&mut self.each, &mut self.counted);
        if self.counted.len() >= self.counted_max {
            merge(&mut self.counted);
            self.counted_max = EACH_MIN.max(self.counted.len() * 2);
        }
    }

    /// Takes over what another holds.
    fn join(&mut self, mut other: Self) {
        if self.each.is_empty() {
            self.each = other.each;
        } else {
            self.each.append(&mut other.each);
        }
        self.counted.append(&mut other.counted);
    }

    /// The keys in their order, with their counts.
    fn runs(mut self) -> Vec<(K, u64)> {
        self.each.sort_unstable();
        append_runs(&mut self.each, &mut self.counted);
        merge(&mut self.counted);
        self.counted
    }
}

/// Calls `each` with keys in their order and their counts, all that have a first hash at once, and
/// answers what each thread made of its calls.
pub(crate) fn runs<K: Key, A: Send>(
    tallies: Vec<Tally<K>>,
    begin: impl Fn() -> A + Sync,
    each: impl Fn(&mut A, Vec<(K, u64)>) + Sync,
) -> Vec<A> {
    let spread = tallies.iter().any(|tally| !tally.many.is_empty());
    let shift = if spread { BUCKET_SHIFT } else { u64::BITS - 1 };
    let all = 0..1_usize << (u64::BITS - shift);
    let mut buckets: Vec<Vec<Bucket<K>>> = all.map(|_| vec![Bucket::new()]).collect();
    for tally in tallies {
        for (key, times) in tally.few {
            let bucket = buckets.get_mut(place(key, shift));
            if let Some(bucket) = bucket.and_then(|parts| parts.first_mut()) {
                bucket.counted.push((key, times));
            }
        }
        for (parts, other) in buckets.iter_mut().zip(tally.many) {
            parts.push(other);
        }
    }
    let queue = Mutex::new(buckets.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut answer = begin();
        while let Some(parts) = next() {
            let mut whole = Bucket::new();
            parts.into_iter().for_each(|part| whole.join(part));
            each(&mut answer, whole.runs());
        }
        answer
    };
    let cores = if spread { cores() } else { 1 };
    thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        let mut answers = vec![work()];
        for other in others {
            match other.join() {
                Ok(answer) => answers.push(answer),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        answers
    })
}

/// Cores that may be used.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// The list of a key, where each has those with the same first bits.
fn place<K: Key>(key: K, shift: u32) -> usize {
    usize::try_from(key.head() >> shift).unwrap_or_default()
}

/// Moves sorted keys over as runs.
fn append_runs<K: Key>(each: &mut Vec<K>, counted: &mut Vec<(K, u64)>) {
    for run in each.chunk_by(|a, b| a == b) {
        counted.extend(run.first().map(|key| (*key, run.len() as u64)));
    }
    each.clear();
}

fn merge<K: Key>(counted: &mut Vec<(K, u64)>) {
    counted.sort_unstable();
    counted.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        kept.1 += if same { later.1 } else { 0 };
        same
    });
}

/// Keys that a map may hold: it stays in a cache.
const FEW: usize = 1 << 14;
const BUCKETS: usize = 1 << 8;
const BUCKET_SHIFT: u32 = u64::BITS - 8;
/// A list is looked at for repeats when it is so long.
const EACH_MIN: usize = 1 << 12;
