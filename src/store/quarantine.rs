//! Setting a store aside: a whole copy of it that a later `unoc` can open.
//!
//! What lies in the quarantine may be the only copy of acknowledged writes. Nothing here removes it but
//! what holds nothing else: copies that were cut off, and copies of the very commit that the store
//! still has. When the quarantine is full, no more is set aside until an operator has looked.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use redb::{
    Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, Value, WriteTransaction,
};
use uuid::Uuid;

use super::access;
use super::disk_space::Space;
use super::error::{StoreError, io, unless_damaged};
use super::marker::{self, Marker};
use super::meta::{self, Head};
use super::open::{STORE_FILE, Store, create_private_dir, lock, make_job_tables, unopened};
use super::snapshot::Snapshot;
use super::tables;
use crate::util::files;

/// Directory inside the data directory for stores that were set aside.
pub const QUARANTINE_DIR: &str = "quarantine";
/// What may lie in the quarantine. A site of 100,000 devices takes 100 to 300 MB, so it is room for a
/// handful of copies. The first one may be larger: there it is the volume that sets the limit.
pub const QUARANTINE_BYTES_MAX: u64 = 2 << 30;
/// The page cache of a copy while it is written: rows come in the order of their keys, which needs
/// little. redb's own default is 1 GiB, and holds what was not yet written.
const COPY_CACHE_BYTES: usize = 8 * 1024 * 1024;

/// What keeps a store from being set aside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// The volume has too little room.
    #[error(
        "{} has {} MiB free, and setting the local store aside needs {} MiB",
        .space.directory.display(), .space.free_bytes >> 20, .needed_bytes.div_ceil(1 << 20)
    )]
    Volume { space: Space, needed_bytes: u64 },
    /// The quarantine holds as much as it may.
    #[error(
        "{} holds {} MiB; with the {} MiB of the local store it would exceed the limit of {} MiB",
        .directory.display(), .bytes >> 20, .more_bytes.div_ceil(1 << 20), QUARANTINE_BYTES_MAX >> 20
    )]
    Quarantine { directory: PathBuf, bytes: u64, more_bytes: u64 },
}

impl Store {
    /// What keeps this store from being set aside, if anything does. `keep_free_bytes` is what has to be
    /// free on the volume afterwards.
    ///
    /// # Errors
    /// When the file system does not tell.
    pub fn lacks_room_to_set_aside(
        &self,
        keep_free_bytes: u64,
    ) -> Result<Option<Shortage>, StoreError> {
        // A copy has no page that the store does not have; without a commit there is nothing to copy.
        let copy_bytes = if self.read()?.head().seq == 0 { 0 } else { self.file_bytes()? };
        let (space, needed_bytes) = (self.space()?, copy_bytes + keep_free_bytes);
        if space.free_bytes < needed_bytes {
            return Ok(Some(Shortage::Volume { space, needed_bytes }));
        }
        let directory = self.directory().join(QUARANTINE_DIR);
        let bytes = bytes_below(&directory)
            .map_err(io(format!("cannot read the directory {}", directory.display())))?;
        let is_full = bytes > 0 && copy_bytes > 0 && bytes + copy_bytes > QUARANTINE_BYTES_MAX;
        Ok(is_full.then_some(Shortage::Quarantine { directory, bytes, more_bytes: copy_bytes }))
    }

    /// Removes from the quarantine what holds nothing of its own: copies that were cut off, and copies
    /// of the commit that this store still has, which were made for something that was not done.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn sweep_quarantine(&self) -> Result<(), StoreError> {
        let parent = self.directory().join(QUARANTINE_DIR);
        let failed = || io(format!("cannot read the directory {}", parent.display()));
        let entries = match fs::read_dir(&parent) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed())?,
        };
        let head = self.read()?.head();
        for entry in entries {
            let path = entry.map_err(failed())?.path();
            let is_unfinished = path.extension().is_some_and(|extension| extension == "part");
            if is_unfinished || head_of(&path) == Some(head) {
                remove_dir(&path)?;
            }
        }
        Ok(())
    }

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
            files::rename_durably(&unfinished, &directory)
                .map_err(io(format!("cannot rename a store to {}", directory.display())))
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
    /// [`StoreError::Locked`] when a process holds the store that is there; [`StoreError::Denied`] when
    /// this process may not use it; when the file system refuses.
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
        // What cannot be read may be whole: only what could be looked at gives way.
        let is_there = access::check(&store)?;
        if is_there
            && let Err(error) = unless_damaged(&store, || look(&store))
            && !error.is_loss()
        {
            return Err(error);
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
            files::rename_durably(&store, &to.join(STORE_FILE)).map_err(failed())?;
            set_aside = Some(to);
        }
        files::rename_durably(&from.join(STORE_FILE), &store).map_err(failed())?;
        if let Err(error) = remove_dir(from) {
            // The store is in place; what is left costs room alone, and goes with the next restore.
            tracing::warn!(%error, "Leftovers of the restore could not be removed");
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

/// Whether the system lets this process read it, whatever it holds.
fn look(store: &Path) -> Result<(), StoreError> {
    match redb::Builder::new().open_read_only(store) {
        Err(error) => unopened(store, error).map_or(Ok(()), Err),
        Ok(_) => Ok(()),
    }
}

/// The last commit of a store that nobody has open; `None` where there is none that can be read, and
/// for one that nothing was ever written to.
fn head_of(directory: &Path) -> Option<Head> {
    let path = directory.join(STORE_FILE);
    let read = || {
        let opened = redb::Builder::new().set_cache_size(COPY_CACHE_BYTES).open_read_only(&path);
        let Ok(db) = opened else { return Ok(None) };
        let tx = db.begin_read()?;
        meta::read_head(&tx.open_table(tables::META)?).map(Some)
    };
    unless_damaged(&path, read).ok().flatten().filter(|head| head.seq > 0)
}

/// What the files below a directory take; 0 when there is none.
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
