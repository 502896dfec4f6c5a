//! What an import did, and how much one may do.

/// Devices and interfaces that one import may create: a commit of some seconds that needs 0.5 GB of
/// disk space and less than 200 MB of memory.
pub(in crate::domain) const IMPORT_ENTITIES_MAX: usize = 250_000;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// New interfaces, also those of new devices.
    pub interfaces: usize,
}
