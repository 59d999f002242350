//! Values of a column in runs of one number of blocks, so that lanes side by side do the same work.

/// How many values are sorted at once.
pub(super) const CHUNK: usize = 1024;
/// How many classes there are where values are told apart by their blocks; the last one holds all
/// values that are too long for the lanes.
#[cfg(target_arch = "x86_64")]
pub(super) const BLOCKS: usize = 9;
/// The class of the values that are too long for the lanes.
#[cfg(target_arch = "x86_64")]
pub(super) const LONG: usize = BLOCKS - 1;

/// Calls `run` with each class that occurs among at most [`CHUNK`] values and with their positions.
///
/// `class` tells the class of a length and does not fall; what is beyond the last counts as that.
#[inline]
pub(super) fn for_each_run<const CLASSES: usize>(
    values: &[&[u8]],
    class: impl Fn(usize) -> usize,
    mut run: impl FnMut(usize, &[u16]),
) {
    debug_assert!(values.len() <= CHUNK, "a chunk has at most 1,024 values");
    let class = |len: usize| class(len).min(CLASSES - 1);
    let (mut shortest, mut longest) = (usize::MAX, 0);
    for value in values {
        shortest = shortest.min(value.len());
        longest = longest.max(value.len());
    }
    if values.is_empty() {
        return;
    }
    let mut order = [0; CHUNK];
    if class(shortest) == class(longest) {
        for (position, index) in order.iter_mut().zip(0..) {
            *position = index;
        }
        let (order, _) = order.split_at(values.len());
        return run(class(longest), order);
    }
    let mut ends = [0; CLASSES];
    for value in values {
        if let Some(end) = ends.get_mut(class(value.len())) {
            *end += 1;
        }
    }
    let mut start = 0;
    for end in &mut ends {
        start += std::mem::replace(end, start);
    }
    for (value, index) in values.iter().zip(0..) {
        if let Some(end) = ends.get_mut(class(value.len())) {
            if let Some(position) = order.get_mut(*end) {
                *position = index;
            }
            *end += 1;
        }
    }
    let mut rest = order.as_slice();
    let mut start = 0;
    for (class, end) in ends.into_iter().enumerate() {
        let (members, after) = rest.split_at(end - start);
        if !members.is_empty() {
            run(class, members);
        }
        (rest, start) = (after, end);
    }
}
