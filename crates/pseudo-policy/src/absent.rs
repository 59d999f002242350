//! What a pipeline file may one day say and this build does not have. To add one of them: delete
//! its row here and add its variant where the row's [`Where`] is read.

/// Where in a file a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// A section beside `[keys]`, `[source]`, `[sink]`.
    Section,
    /// The key that names an action.
    Action,
    /// The value of `format`, or the extension of a source.
    Format,
    /// No word of this place is absent.
    Nowhere,
}

/// The rows: one per absent word.
const ABSENT: [(Where, &str); 8] = [
    (Where::Format, "arrow"),
    (Where::Format, "delta"),
    (Where::Format, "gz"),
    (Where::Format, "json"),
    (Where::Format, "jsonl"),
    (Where::Format, "ndjson"),
    (Where::Format, "orc"),
    (Where::Format, "zst"),
];

/// Nested columns, `a.b` and `items[].phone`.
pub(crate) const NESTED: &str =
    "this build has no nested columns, such as `a.b` or `items[].phone`";
/// Run-end encoded arrays.
pub(crate) const RUN_ENDS: &str = "this build has no run-end encoded columns";

/// The message for a word that this build does not have.
pub(crate) fn message(place: Where, word: &str) -> Option<String> {
    let (_, word) = ABSENT.iter().find(|row| **row == (place, word))?;
    Some(match place {
        Where::Section => format!("this build has no `[{word}]`"),
        Where::Format => format!("this build has no `{word}` format"),
        Where::Action | Where::Nowhere => format!("this build has no `{word}`"),
    })
}
