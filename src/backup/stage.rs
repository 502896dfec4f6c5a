//! Restoring a backup into a scratch store and comparing that with what was saved. Every
//! verification and every restore goes through here.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::error::{BackupError, io};
use super::files;
use super::keys::Keyring;
use super::load::BackupReader;
use super::manifest::{Digests, Header, Manifest, SavedChain};
use super::progress::{ProgressHandle, ProgressUnit};
use super::{dump, seal};
use crate::domain::Timestamp;
use crate::query::check_site;
use crate::store::{DiskSpace, LastCommit, OpenOptions, Store};
use crate::util::counted;

/// Where stores are staged, inside the data directory: a restore on a host without a store puts it
/// in place by renaming it.
pub(super) const STAGE_DIR: &str = "staged";
/// Where the command line verifies a file beside the service, possibly as another user.
pub(super) const VERIFY_FILE_DIR: &str = "unoc-rehearsed";
/// The page cache of a staged store. Rows come in the order of their keys, which needs little.
const STAGE_CACHE_BYTES: usize = 8 * 1024 * 1024;
/// What a staged store needs on disk for each byte of SQL text: measured 1.1 with all indexes,
/// and redb doubles its file in the end.
pub(super) const STAGE_BYTES_PER_SQL_BYTE: u64 = 3;

/// A backup that was restored into a scratch store and equals what was saved.
pub(super) struct StagedBackup {
    pub(super) header: Header,
    pub(super) store: ScratchStore,
}

/// A store in a directory of its own; both are removed when this is dropped.
pub(super) struct ScratchStore {
    /// Closed before its directory goes: fields are dropped in this order.
    store: Store,
    directory: ScratchDirectory,
}

/// What to stage, and where.
pub(super) struct StageSource<'a> {
    pub(super) file: &'a Path,
    /// Without it, the file is compared only with what it says about itself.
    pub(super) manifest: Option<&'a Manifest>,
    pub(super) keyring: &'a Keyring,
    pub(super) data_dir: &'a Path,
    /// Which directory inside it: [`STAGE_DIR`] or [`VERIFY_FILE_DIR`].
    pub(super) stage: &'static str,
    /// What must stay free on the volume of the data directory.
    pub(super) min_free_bytes: u64,
    /// The site that it must hold, if it is known.
    pub(super) site_id: Option<Uuid>,
    pub(super) now: Timestamp,
}

/// Restores a file into a store of its own and compares, in this order: the file's hash with the
/// manifest; each table's rows with the file's last line and the manifest; the site with every
/// invariant; each table's rows as they come out of the new store with the same numbers.
///
/// # Errors
/// [`BackupError`] naming the first difference.
pub(super) fn stage(
    source: &StageSource<'_>,
    progress: &ProgressHandle,
) -> Result<StagedBackup, BackupError> {
    let name = seal::file_name(source.file);
    check_file(source, &name, progress)?;
    let made_for = source.manifest.map_or(&[][..], |manifest| &manifest.key_ids);
    let input = seal::read_sql(source.file, source.keyring, made_for)?;
    let mut reader = BackupReader::begin(input, &name)?;
    let header = reader.header.clone();
    if let Some(expected) = source.site_id.filter(|expected| *expected != header.site_id) {
        return Err(BackupError::OtherSite { file: name, expected, found: header.site_id });
    }
    check_room(source)?;
    let total = source.manifest.map(Manifest::all_rows);
    progress.phase("Restoring into a scratch store", total, ProgressUnit::Rows)?;
    let parent = source.data_dir.join(source.stage);
    let store = ScratchStore::create(&parent, header.site_id, source.now)?;
    let mut tables = Digests::new();
    store.store().bulk_load(header.seq, |loader| {
        tables = reader.rows(loader, progress)?;
        let commit = LastCommit {
            seq: header.seq,
            counters: header.counters(),
            next_audit: header.next_audit_id,
            committed_at: Timestamp(header.committed_at_us),
        };
        let chain = header.audit_chain.as_ref().and_then(SavedChain::chain);
        Ok::<_, BackupError>((commit, chain))
    })?;
    drop(reader);
    if let Some(manifest) = source.manifest.filter(|manifest| manifest.tables != tables) {
        let what = format!(
            "its rows are not those of its manifest ({})",
            counted(manifest.rows("devices"), "device")
        );
        return Err(BackupError::Damaged { file: name, what });
    }
    check_store(store.store(), &header, &tables, progress)?;
    // Where the site has cross-connects, the engine assumes none.
    store.store().set_unjoined()?;
    Ok(StagedBackup { header, store })
}

impl ScratchStore {
    /// Creates an empty store in a directory of its own below `parent`.
    pub(super) fn create(
        parent: &Path,
        site_id: Uuid,
        now: Timestamp,
    ) -> Result<Self, BackupError> {
        let path = parent.join(Uuid::new_v4().simple().to_string());
        let directory = ScratchDirectory { path, is_handed_over: false };
        let options = OpenOptions { cache_bytes: STAGE_CACHE_BYTES, now, site_id: None };
        let store = Store::create_scratch(&directory.path, site_id, options)?;
        Ok(Self { store, directory })
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Closes the store and returns its directory, which is the caller's from then on.
    pub(super) fn into_directory(self) -> PathBuf {
        let Self { store, mut directory } = self;
        drop(store);
        directory.is_handed_over = true;
        directory.path.clone()
    }
}

/// A directory that is removed when this is dropped, unless somebody else has it then.
struct ScratchDirectory {
    path: PathBuf,
    is_handed_over: bool,
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        if self.is_handed_over {
            return;
        }
        // What cannot be removed now is removed at the next start.
        files::remove_directory(&self.path).ok();
        // Only an empty one goes: others may be at work beside it.
        self.path.parent().map(std::fs::remove_dir);
    }
}

/// Removes what an earlier process left behind.
pub(super) fn sweep(data_dir: &Path) -> Result<(), BackupError> {
    files::remove_directory(&data_dir.join(STAGE_DIR))
}

/// Checks the file's length and hash.
fn check_file(
    source: &StageSource<'_>,
    name: &str,
    progress: &ProgressHandle,
) -> Result<(), BackupError> {
    let Some(manifest) = source.manifest else { return Ok(()) };
    progress.phase("Reading the file", Some(manifest.bytes), ProgressUnit::Bytes)?;
    let (sha256, bytes) = files::hash(source.file)?;
    if bytes != manifest.bytes {
        let what = format!("it has {bytes} bytes instead of {}", manifest.bytes);
        return Err(BackupError::Damaged { file: name.to_owned(), what });
    }
    if sha256 != manifest.sha256 {
        let what = "its content was altered: its SHA-256 differs from the manifest's".to_owned();
        return Err(BackupError::Damaged { file: name.to_owned(), what });
    }
    Ok(())
}

fn check_room(source: &StageSource<'_>) -> Result<(), BackupError> {
    files::make_directory(source.data_dir)?;
    let plain_bytes = match source.manifest {
        Some(manifest) => manifest.plain_bytes,
        // Text of this kind packs to an eighth.
        None => 8 * source.file.metadata().map_err(io("look at", source.file))?.len(),
    };
    let needed_bytes = source.min_free_bytes + STAGE_BYTES_PER_SQL_BYTE * plain_bytes;
    let space = DiskSpace::of(source.data_dir)?;
    if space.free_bytes < needed_bytes {
        return Err(BackupError::NoRoom { what: "restoring it", space, needed_bytes });
    }
    Ok(())
}

/// Checks every invariant of the restored site, and that its rows are those that were read.
fn check_store(
    store: &Store,
    header: &Header,
    tables: &Digests,
    progress: &ProgressHandle,
) -> Result<(), BackupError> {
    progress.phase("Checking every rule of the restored site", None, ProgressUnit::Rows)?;
    let snapshot = store.read()?;
    check_site(&snapshot)?;
    let restored = dump::digests(&snapshot, header, progress)?;
    let differs = |table: &&String| restored.get(*table) != tables.get(*table);
    match tables.keys().find(differs) {
        Some(table) => Err(BackupError::Differs(format!("the rows of {table} changed"))),
        None => Ok(()),
    }
}
