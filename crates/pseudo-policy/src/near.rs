//! "Did you mean": the most similar of a few names, if one is similar at all.

/// The candidate that `word` most likely means.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = folded(word);
    let allowed = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &folded(candidate)), candidate))
        .filter(|(steps, candidate)| {
            // A name shorter than the edits allowed is like every other name.
            *steps <= allowed && *steps < candidate.chars().count()
        })
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, candidate)| candidate)
}

/// Case and the choice between `-`, `_` and a space are no difference worth an edit.
fn folded(word: &str) -> Vec<char> {
    word.chars()
        .take(LENGTH_MAX)
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Optimal string alignment distance: insertions, deletions, replacements, swaps of neighbours.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut right_before = None;
        for (j, r) in right.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&above, j) + usize::from(l != r);
            let mut best = replaced.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && right_before == Some(l) && left_before == Some(r) {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
            right_before = Some(r);
        }
        before = above;
        above = row;
        left_before = Some(l);
    }
    above.last().copied().unwrap_or_default()
}

/// Names longer than this are compared by their beginnings.
const LENGTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let names = ["keep", "drop", "null", "on_invalid"];
        assert_eq!(nearest("dorp", names), Some("drop"));
        assert_eq!(nearest("Keep", names), Some("keep"));
        assert_eq!(nearest("on-invalid", names), Some("on_invalid"));
        assert_eq!(nearest("oninvald", names), Some("on_invalid"));
        assert_eq!(nearest("mask", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("x", ["a", "b"]), None);
    }

    #[test]
    fn distance_counts_edits() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (left, right, steps) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(&chars(left), &chars(right)), steps);
            assert_eq!(distance(&chars(right), &chars(left)), steps);
        }
    }
}
