//! What a scan tells: files, what they show, and why some were not looked into. No value.

use pseudo_pii::{Certainty, Kind};

/// What a tree holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Every file, and every directory whose name shows something, by path.
    pub files: Vec<ScannedFile>,
}

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScannedFile {
    /// Its path, below the one that was asked for; names that show an identifier are masked.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// What it is, where that is known.
    pub format: Option<Format>,
    /// What packs it, from the outside in.
    pub packed: Vec<Packing>,
    /// Rows, records or lines.
    pub rows: u64,
    /// What it shows.
    pub findings: Vec<ScanFinding>,
    /// Why it was not looked into to its end.
    pub unread: Option<Unread>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Fields between delimiters, RFC 4180.
    Csv,
    /// JSON, a document or one a line.
    Json,
    /// Any other text, line by line.
    Text,
    /// Nothing.
    Empty,
    /// A directory, for its name.
    Directory,
}

impl Format {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Text => "text",
            Self::Empty => "empty",
            Self::Directory => "directory",
        }
    }
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Packing {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Identifiers of one kind in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanFinding {
    /// Where they stand.
    pub place: Place,
    /// In or at which column; masked where its name shows an identifier.
    pub column: Option<String>,
    /// What they are.
    pub kind: Kind,
    /// How sure that is.
    pub certainty: Certainty,
    /// How many distinct values.
    pub values: u64,
    /// How many rows hold them; none of what stands beside the rows.
    pub rows: u64,
    /// How many values that are not NULL there are, in rows or beside them.
    pub of: u64,
}

/// Where in a file identifiers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The name of the file.
    FileName,
    /// The name of a directory.
    DirectoryName,
    /// Key-value metadata, and whatever else a footer says in words.
    Metadata,
    /// The names of columns, or the keys of JSON.
    ColumnNames,
    /// The rows of a column.
    Column,
    /// Entries of its dictionaries that no row refers to.
    Dictionary,
    /// Bounds that its statistics tell, and no row holds.
    Statistics,
    /// Lines of text.
    Text,
}

impl Place {
    /// The words for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FileName => "file name",
            Self::DirectoryName => "directory name",
            Self::Metadata => "metadata",
            Self::ColumnNames => "column names",
            Self::Column => "column",
            Self::Dictionary => "unused dictionary entries",
            Self::Statistics => "statistics",
            Self::Text => "text",
        }
    }
}

/// Why a file was not looked into, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What sort of reason.
    pub reason: Reason,
    /// The reason itself, without values.
    pub text: String,
}

/// A sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody asked for it.
    Skipped,
    /// Of no type that can be looked into.
    Unknown,
    /// Not what its type says.
    Damaged,
    /// The system does not let it be read.
    Unreadable,
}

impl Reason {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Unread {
    pub(super) fn new(reason: Reason, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { reason, text }
    }
}

/// Which findings are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// All that are so sure, or surer.
    Certainty(Certainty),
    /// All of a kind.
    Kind(Kind),
}

impl FailOn {
    /// Whether a finding is one too many.
    #[must_use]
    pub fn hits(self, finding: &ScanFinding) -> bool {
        match self {
            Self::Certainty(certainty) => finding.certainty >= certainty,
            Self::Kind(kind) => finding.kind == kind,
        }
    }
}

/// The kinds that are looked for.
pub const KINDS: [Kind; 7] = [
    Kind::BankCard,
    Kind::CnPhone,
    Kind::CnPlate,
    Kind::CnResidentId,
    Kind::CnUscc,
    Kind::Email,
    Kind::Vin,
];

impl ScanReport {
    /// The findings, each with its file.
    pub fn findings(&self) -> impl Iterator<Item = (&ScannedFile, &ScanFinding)> {
        let files = self.files.iter();
        files.flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }

    /// The files that were not looked into to their end although somebody asked for it.
    pub fn unread(&self) -> impl Iterator<Item = (&ScannedFile, &Unread)> {
        let files = self.files.iter();
        let named = files.filter_map(|file| file.unread.as_ref().map(|why| (file, why)));
        named.filter(|(_, why)| why.reason != Reason::Skipped)
    }
}
