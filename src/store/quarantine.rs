//! The quarantine: whole copies of stores that were replaced, which a later `unoc` can open.
//!
//! A copy in the quarantine may be the only one of acknowledged writes. Only redundant ones are removed
//! here: unfinished copies, and copies of the commit that the store still has. When the quarantine is
//! full, nothing is added until an operator makes space.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use redb::{
    Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, Value, WriteTransaction,
};
use uuid::Uuid;

use super::access;
use super::disk_space::DiskSpace;
use super::error::{StoreError, catch_damage, io};
use super::marker::{self, SiteMarker};
use super::meta::{self, LastCommit};
use super::open::{
    STORE_FILE, Store, create_history_tables, create_job_tables, create_private_dir, lock,
    open_error,
};
use super::snapshot::Snapshot;
use super::{outages, tables};
use crate::util::files;

/// Directory inside the data directory for stores that were replaced.
pub const QUARANTINE_DIR: &str = "quarantine";
/// Size of the quarantine: a handful of copies, since a site of 100,000 devices takes 100 to 300 MB. The
/// first copy may be larger: only the volume limits it.
pub const QUARANTINE_BYTES_MAX: u64 = 2 << 30;
/// The page cache of a copy while it is written: rows come in the order of their keys, which needs
/// little. redb's default of 1 GiB would hold all that was not yet written.
const COPY_CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Why a store must not be copied into the quarantine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuarantineRefusal {
    /// The volume has too little free space.
    #[error(
        "{} has {} MiB free, and copying the local store to quarantine needs {} MiB",
        .space.directory.display(), .space.free_bytes >> 20, .needed_bytes.div_ceil(1 << 20)
    )]
    VolumeFull { space: DiskSpace, needed_bytes: u64 },
    /// The quarantine would exceed [`QUARANTINE_BYTES_MAX`].
    #[error(
        "{} holds {} MiB; with the {} MiB of the local store it would exceed the limit of {} MiB",
        .directory.display(), .bytes >> 20, .more_bytes.div_ceil(1 << 20), QUARANTINE_BYTES_MAX >> 20
    )]
    QuarantineFull { directory: PathBuf, bytes: u64, more_bytes: u64 },
}

impl Store {
    /// Why this store must not be copied into the quarantine, if there is a reason. `keep_free_bytes` has
    /// to be free on the volume afterwards.
    ///
    /// # Errors
    /// When the file system does not answer.
    pub fn check_quarantine(
        &self,
        keep_free_bytes: u64,
    ) -> Result<Option<QuarantineRefusal>, StoreError> {
        // A copy has no page that the store does not have; without a commit there is nothing to copy.
        let copy_bytes = if self.read()?.seq() == 0 { 0 } else { self.file_bytes()? };
        let (space, needed_bytes) = (self.disk_space()?, copy_bytes + keep_free_bytes);
        if space.free_bytes < needed_bytes {
            return Ok(Some(QuarantineRefusal::VolumeFull { space, needed_bytes }));
        }
        let directory = self.directory().join(QUARANTINE_DIR);
        let bytes = bytes_below(&directory)
            .map_err(io(format!("cannot read the directory {}", directory.display())))?;
        let is_full = bytes > 0 && copy_bytes > 0 && bytes + copy_bytes > QUARANTINE_BYTES_MAX;
        Ok(is_full.then_some(QuarantineRefusal::QuarantineFull {
            directory,
            bytes,
            more_bytes: copy_bytes,
        }))
    }

    /// Removes redundant copies from the quarantine: unfinished ones, and those of the commit that this
    /// store still has, which were made for an adoption that did not happen.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn clean_quarantine(&self) -> Result<(), StoreError> {
        let parent = self.directory().join(QUARANTINE_DIR);
        let failed = || io(format!("cannot read the directory {}", parent.display()));
        let entries = match fs::read_dir(&parent) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed())?,
        };
        let last_commit = self.read()?.last_commit();
        for entry in entries {
            let path = entry.map_err(failed())?.path();
            let is_unfinished = path.extension().is_some_and(|extension| extension == "part");
            if is_unfinished || last_commit_of(&path) == Some(last_commit) {
                remove_dir(&path)?;
            }
        }
        Ok(())
    }

    /// Copies a snapshot into the data directory `name` below [`QUARANTINE_DIR`], durably, and returns its
    /// path. `name` must be new.
    ///
    /// # Errors
    /// When the volume is full or the name is taken; an unfinished copy is removed.
    pub fn copy_to_quarantine(
        &self,
        snapshot: &Snapshot,
        name: &str,
    ) -> Result<PathBuf, StoreError> {
        self.copy_to(snapshot, &self.directory().join(QUARANTINE_DIR), name)
    }

    /// Copies a snapshot into the data directory `name` below `parent`, which is created.
    ///
    /// # Errors
    /// As [`Store::copy_to_quarantine`].
    pub fn copy_to(
        &self,
        snapshot: &Snapshot,
        parent: &Path,
        name: &str,
    ) -> Result<PathBuf, StoreError> {
        create_private_dir(parent)?;
        let directory = parent.join(name);
        let unfinished = parent.join(format!("{name}.part"));
        remove_dir(&unfinished)?;
        create_private_dir(&unfinished)?;
        let copied = self.copy_into(snapshot, &unfinished).and_then(|()| {
            files::rename_durably(&unfinished, &directory)
                .map_err(io(format!("cannot rename a store to {}", directory.display())))
        });
        if let Err(error) = copied {
            remove_dir(&unfinished)?;
            return Err(error);
        }
        Ok(directory)
    }

    /// Makes the closed store in `from` the store of the data directory `directory`. The store that it
    /// replaces, if there is one, is moved into the quarantine as `name`, which must be new; returns its
    /// path. The marker is written first: a kill at any moment leaves a directory that the next start
    /// refuses, or the whole new store.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when a process holds the store that is there; [`StoreError::Denied`] when
    /// this process may not use it; when the file system refuses.
    pub fn install(
        from: &Path,
        directory: &Path,
        site_id: Uuid,
        name: &str,
    ) -> Result<Option<PathBuf>, StoreError> {
        create_private_dir(directory)?;
        let _lock = lock(directory)?;
        let failed = || io(format!("cannot move the restored store to {}", directory.display()));
        let store = directory.join(STORE_FILE);
        // A file that cannot be read may be a whole store: only one that can be is replaced.
        let exists = access::check(&store)?;
        if exists
            && let Err(error) = catch_damage(&store, || check_readable(&store))
            && !error.is_missing_or_damaged()
        {
            return Err(error);
        }
        let restored = fs::File::open(from.join(STORE_FILE));
        restored.and_then(|file| file.sync_all()).map_err(failed())?;
        marker::write(directory, &SiteMarker { site_id })?;
        let mut quarantined = None;
        if exists {
            let parent = directory.join(QUARANTINE_DIR);
            create_private_dir(&parent)?;
            let to = parent.join(name);
            fs::create_dir(&to).map_err(failed())?;
            files::rename_durably(&store, &to.join(STORE_FILE)).map_err(failed())?;
            quarantined = Some(to);
        }
        files::rename_durably(&from.join(STORE_FILE), &store).map_err(failed())?;
        if let Err(error) = remove_dir(from) {
            // The store is installed; the leftovers only take space, until the next restore removes them.
            tracing::warn!(%error, "Could not remove leftovers of the restore");
        }
        Ok(quarantined)
    }

    fn copy_into(&self, snapshot: &Snapshot, directory: &Path) -> Result<(), StoreError> {
        let db = redb::Builder::new()
            .set_cache_size(COPY_CACHE_BYTES)
            .create(directory.join(STORE_FILE))
            .map_err(|error| StoreError::Redb(error.into()))?;
        let tx = db.begin_write()?;
        copy_tables(snapshot.transaction(), &tx)?;
        tx.commit()?;
        drop(db);
        marker::write(directory, &SiteMarker { site_id: self.site_id() })
    }
}

fn copy_tables(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), StoreError> {
    copy(from, to, tables::META)?;
    copy(from, to, tables::DEVICES)?;
    copy(from, to, tables::INTERFACES)?;
    copy(from, to, tables::LINKS)?;
    copy(from, to, tables::INDEX)?;
    copy(from, to, tables::BLOCKS)?;
    copy(from, to, tables::DIRTY)?;
    copy(from, to, tables::AUDIT)?;
    // The runs of jobs and the history are not part of the site; the tables have to exist.
    create_job_tables(to)?;
    create_history_tables(to)?;
    outages::forget_history(&mut to.open_table(tables::META)?)
}

pub(super) fn copy<K: Key, V: Value>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<(), StoreError> {
    let source = from.open_table(table)?;
    let mut target = to.open_table(table)?;
    for row in source.iter()? {
        let (key, value) = row?;
        target.insert(key.value(), value.value())?;
    }
    Ok(())
}

/// Checks that the operating system lets this process read the file, whatever it holds.
fn check_readable(store: &Path) -> Result<(), StoreError> {
    match redb::Builder::new().open_read_only(store) {
        Err(error) => open_error(store, error).map_or(Ok(()), Err),
        Ok(_) => Ok(()),
    }
}

/// The last commit of a store that nobody has open; `None` where it cannot be read, and before the first
/// commit.
fn last_commit_of(directory: &Path) -> Option<LastCommit> {
    let path = directory.join(STORE_FILE);
    let read = || {
        let opened = redb::Builder::new().set_cache_size(COPY_CACHE_BYTES).open_read_only(&path);
        let Ok(db) = opened else { return Ok(None) };
        let tx = db.begin_read()?;
        meta::read_last_commit(&tx.open_table(tables::META)?).map(Some)
    };
    catch_damage(&path, read).ok().flatten().filter(|commit| commit.seq > 0)
}

/// The size of the files below a directory; 0 when it does not exist.
fn bytes_below(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_file() {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok(bytes)
}

fn remove_dir(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(io(format!("cannot remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}
