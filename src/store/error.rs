//! The store's errors.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::domain::InvariantError;

/// Why the store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the store {} is in use by another process (a running unoc holds it)",
        path.display()
    )]
    Locked { path: PathBuf },
    #[error(
        "{} says that this directory holds site {site_id}, but {what}. Nothing was changed. \
         Restore the site from its newest backup with: unoc restore latest; or, to start with an \
         empty site, remove {} and start again",
        marker.display(),
        marker.display()
    )]
    Missing { marker: PathBuf, site_id: uuid::Uuid, what: String },
    /// Neither the store nor the marker can be used.
    #[error(
        "{} cannot be read ({marker_error}), and the store beside it is lost: {what}. Nothing was \
         changed. Restore the site from its newest backup with: unoc restore latest; or, to start \
         with an empty site, remove both files and start again",
        marker.display()
    )]
    StoreAndMarkerLost { marker: PathBuf, marker_error: String, what: String },
    #[error(
        "the store holds site {found}, but {} names site {expected}: the files of two sites are \
         mixed. Put the matching store back, or remove the marker to adopt this store",
        marker.display()
    )]
    WrongSite { marker: PathBuf, expected: uuid::Uuid, found: uuid::Uuid },
    #[error(
        "the configuration names site {expected}, but this data directory holds site {found}. \
         Correct site_id, or name another data_dir"
    )]
    OtherSite { expected: uuid::Uuid, found: uuid::Uuid },
    #[error(
        "{} cannot be read ({what}); the store beside it was not changed. Remove {0} and start again: \
         it is written again from the store",
        path.display()
    )]
    BadMarker { path: PathBuf, what: String },
    /// The operating system denies access, whatever the store holds.
    #[error("{what}: {source}. {advice}")]
    Denied { what: String, source: std::io::Error, advice: String },
    #[error("{} is not a UNOC store: {what}", path.display())]
    NotAStore { path: PathBuf, what: String },
    #[error(
        "{} was written by a newer UNOC: it has schema {found}, and this version opens schemas up to {known}. \
         Nothing was changed. Install that version or a newer one; or, to go back to a backup that an \
         older version made, move this file away, then: unoc restore BACKUP",
        path.display()
    )]
    SchemaNewer { path: PathBuf, found: u32, known: u32 },
    #[error("damaged record in table {table}, key {key}: {what}")]
    Damaged { table: &'static str, key: String, what: String },
    #[error("the stored site breaks a rule: {0}")]
    Inconsistent(#[from] InvariantError),
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    #[error("the store failed: {0}")]
    Redb(#[from] redb::Error),
}

impl StoreError {
    /// Whether the store is missing or damaged, so that it may be replaced. A store that could not be read
    /// may be whole.
    pub fn is_missing_or_damaged(&self) -> bool {
        if let Self::Redb(error) = self {
            return is_damage(error);
        }
        matches!(
            self,
            Self::Missing { .. }
                | Self::StoreAndMarkerLost { .. }
                | Self::NotAStore { .. }
                | Self::Damaged { .. }
                | Self::Inconsistent(_)
        )
    }
}

/// Runs `read` on a store's file that may be damaged: redb panics at some damaged pages.
///
/// # Errors
/// [`StoreError::NotAStore`] after a panic; those of `read`.
pub fn catch_damage<T>(
    path: &Path,
    read: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let what = "its pages are damaged".to_owned();
        Err(StoreError::NotAStore { path: path.to_owned(), what })
    })
}

/// Whether the error shows damage of the file, rather than a failure of the operating system.
pub(super) fn is_damage(error: &redb::Error) -> bool {
    match error {
        redb::Error::Io(error) => is_out_of_range_read(error),
        redb::Error::Corrupted(_)
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. } => true,
        _ => false,
    }
}

/// Whether a read went past the end of the file or to an impossible offset, as damaged pages cause.
pub(super) fn is_out_of_range_read(error: &std::io::Error) -> bool {
    error.raw_os_error().is_none() || error.kind() == ErrorKind::InvalidInput
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Redb(error.into())
            }
        }
    )*};
}

from_redb!(CommitError, StorageError, TableError, TransactionError);

/// An I/O error with what was being done.
pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> StoreError {
    let what = what.into();
    move |source| StoreError::Io { what, source }
}
