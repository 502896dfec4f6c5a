//! What an import did, and how much one may do.

/// Devices and interfaces that one import makes at most: a commit of some seconds, 0.5 GB of room
/// on disk while it lasts, and less than 200 MB of memory.
pub(in crate::domain) const IMPORT_ENTITIES_MAX: usize = 250_000;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// Interfaces made along the way.
    pub interfaces: usize,
}
