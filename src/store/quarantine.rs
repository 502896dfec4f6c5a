//! Setting a store aside: a whole copy of it that a later `unoc` can open.

use std::fs;
use std::path::{Path, PathBuf};

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, Value, WriteTransaction};
use uuid::Uuid;

use super::error::{StoreError, io};
use super::marker::{self, Marker};
use super::open::{STORE_FILE, Store, create_private_dir, lock, make_job_tables};
use super::snapshot::Snapshot;
use super::tables;

/// Directory inside the data directory for stores that were set aside.
pub const QUARANTINE_DIR: &str = "quarantine";
/// The page cache of a copy while it is written: rows come in the order of their keys, which needs
/// little. redb's own default is 1 GiB, and holds what was not yet written.
const COPY_CACHE_BYTES: usize = 8 * 1024 * 1024;

impl Store {
    /// Copies what `snapshot` shows into a data directory of its own below
    /// [`QUARANTINE_DIR`], durably, and returns that directory. `name` must be new.
    ///
    /// # Errors
    /// When the volume is full or the name is taken; an unfinished copy is removed.
    pub fn set_aside(&self, snapshot: &Snapshot, name: &str) -> Result<PathBuf, StoreError> {
        self.keep_copy(snapshot, &self.directory().join(QUARANTINE_DIR), name)
    }

    /// The same below another directory, which is made.
    ///
    /// # Errors
    /// As [`Store::set_aside`].
    pub fn keep_copy(
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
            fs::rename(&unfinished, &directory)
                .and_then(|()| marker::sync_dir(parent))
                .map_err(io(format!("cannot name {}", directory.display())))
        });
        if let Err(error) = copied {
            remove_dir(&unfinished)?;
            return Err(error);
        }
        Ok(directory)
    }

    /// Makes the closed store in `from` the store of `directory`. A store that is there is moved into
    /// the quarantine as `name`, which must be new; returns where to. The marker comes first: a kill at
    /// any moment leaves a directory that the next start refuses, or the whole new store.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when a process holds the store that is there; when the file system
    /// refuses.
    pub fn put_in_place(
        from: &Path,
        directory: &Path,
        site_id: Uuid,
        name: &str,
    ) -> Result<Option<PathBuf>, StoreError> {
        create_private_dir(directory)?;
        let _turn = lock(directory)?;
        let failed = || io(format!("cannot put the restored store into {}", directory.display()));
        let store = directory.join(STORE_FILE);
        let is_there = store.try_exists().map_err(failed())?;
        if is_there
            && let Err(redb::DatabaseError::DatabaseAlreadyOpen) =
                redb::Builder::new().open_read_only(&store)
        {
            return Err(StoreError::Locked { path: store });
        }
        let restored = fs::File::open(from.join(STORE_FILE));
        restored.and_then(|file| file.sync_all()).map_err(failed())?;
        marker::write(directory, &Marker { site_id })?;
        let mut set_aside = None;
        if is_there {
            let parent = directory.join(QUARANTINE_DIR);
            create_private_dir(&parent)?;
            let to = parent.join(name);
            fs::create_dir(&to).map_err(failed())?;
            fs::rename(&store, to.join(STORE_FILE)).map_err(failed())?;
            marker::sync_dir(&to).map_err(failed())?;
            set_aside = Some(to);
        }
        fs::rename(from.join(STORE_FILE), &store).map_err(failed())?;
        marker::sync_dir(directory).map_err(failed())?;
        if let Err(error) = remove_dir(from) {
            // The store is in place; what is left costs room alone, and goes with the next restore.
            tracing::warn!(%error, "What the restore left behind could not be removed");
        }
        Ok(set_aside)
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
        marker::write(directory, &Marker { site_id: self.site_id() })
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
    // What ran here says nothing about the site; a store must have the tables all the same.
    make_job_tables(to)
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

fn remove_dir(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io(format!("cannot remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}
