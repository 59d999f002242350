//! How a caller follows a run. Called from worker threads, a few times per chunk, never per row.

/// A listener.
pub trait Progress: Sync {
    /// Work begins; `rows` is the number to come, where the source tells.
    fn begin(&self, rows: Option<u64>);
    /// `count` more source rows are done.
    fn rows(&self, count: u64);
    /// The run enters a phase: `digest`, `count`, `project`, `verify`, `gates`,
    /// `publish`.
    fn phase(&self, name: &'static str);
}

/// Listens to nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _rows: Option<u64>) {}
    fn rows(&self, _count: u64) {}
    fn phase(&self, _name: &'static str) {}
}
