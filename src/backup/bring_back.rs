//! A backup restored on a host whose store is lost or damaged, or that never had one.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::activity::{Board, Work};
use super::error::BackupError;
use super::keys::Keyring;
use super::manifest::{Header, Manifest};
use super::stage::{Source, Staged};
use crate::domain::Timestamp;
use crate::store::Store;

/// What was put in place.
#[derive(Clone, Debug)]
pub struct BroughtBack {
    pub header: Header,
    /// Where the files that were in the way are now.
    pub set_aside: Option<PathBuf>,
}

/// Stages and verifies a file, then makes it the store of the data directory. What was there under
/// that name is moved into the quarantine, never deleted. Nothing else may use the directory.
///
/// # Errors
/// [`BackupError`]; the directory is then what it was.
pub fn bring_back(
    file: &Path,
    manifest: Option<&Manifest>,
    keyring: &Keyring,
    data_dir: &Path,
    site_id: Option<Uuid>,
    now: Timestamp,
) -> Result<BroughtBack, BackupError> {
    let shown = Board::default().begin(Work::Restore, now)?;
    let source = Source { file, manifest, keyring, data_dir, min_free_bytes: 0, site_id, now };
    let staged = Staged::restore(&source, &shown)?;
    let header = staged.header.clone();
    let directory = staged.into_directory();
    let name = super::name::BackupId::at(now).as_str().replace("unoc_", "") + "-damaged";
    let set_aside = Store::put_in_place(&directory, data_dir, &name)?;
    Ok(BroughtBack { header, set_aside })
}
