//! A store that no process uses and that none can open meanwhile: saved before an upgrade, put back after a
//! failed one.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use redb::{DatabaseError, ReadableDatabase};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access;
use super::error::{StoreError, catch_damage, io};
use super::marker::{self, SiteMarker};
use super::open::{STORE_FILE, create_private_dir, lock, open_error};
use super::quarantine::QUARANTINE_DIR;
use super::{meta, tables};
use crate::util::files;

/// Directory inside the data directory for the store as it was before the last upgrade of the program.
pub const UPGRADE_DIR: &str = "upgrade";
/// Reading the sentinel needs a handful of pages.
const CACHE_BYTES: usize = 1 << 20;

/// What a closed store says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedStoreFacts {
    pub site_id: Uuid,
    /// The layout of its tables and keys. It may be newer than what this program can open.
    pub schema_version: u32,
    /// The seq of the last commit; `None` if a newer program records it in another way.
    pub seq: Option<u64>,
}

/// A data directory whose store is closed. Until this is dropped, a process that wants to open the store
/// waits.
#[derive(Debug)]
pub struct ClosedStore {
    directory: PathBuf,
    _lock: fs::File,
}

impl ClosedStore {
    /// Takes hold of a data directory. A store that was not closed cleanly is repaired first.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while a process uses the store; when the system denies access.
    pub fn hold(directory: &Path) -> Result<Self, StoreError> {
        let lock = lock(directory)?;
        let path = directory.join(STORE_FILE);
        if access::check(&path)? {
            catch_damage(&path, || check_closed(&path))?;
        }
        Ok(Self { directory: directory.to_owned(), _lock: lock })
    }

    /// What the store says of itself; `None` without a store, or if it cannot be read.
    pub fn facts(&self) -> Option<ClosedStoreFacts> {
        facts_of(&self.directory.join(STORE_FILE))
    }

    /// What the store says that [`ClosedStore::save`] saved last.
    pub fn saved_facts(&self) -> Option<ClosedStoreFacts> {
        facts_of(&self.saved_path())
    }

    /// Copies the store to [`UPGRADE_DIR`], durably, in place of the copy that may be there. Without a
    /// store, there is no copy afterwards.
    ///
    /// # Errors
    /// Those of the file system; the previous copy is kept then.
    pub fn save(&self) -> Result<(), StoreError> {
        let (store, saved) = (self.directory.join(STORE_FILE), self.saved_path());
        if !access::check(&store)? {
            return match fs::remove_file(&saved) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(access::failed("remove", &saved)(error))
                }
                _ => Ok(()),
            };
        }
        create_private_dir(&self.directory.join(UPGRADE_DIR))?;
        copy_durably(&store, &saved).map_err(io(format!("cannot write {}", saved.display())))
    }

    /// Makes the saved store the store again, byte for byte, and keeps the saved one. With `quarantine`,
    /// the name of a new directory, the store that it replaces is kept below [`QUARANTINE_DIR`]. A kill at any moment leaves the one store or the other; a second call ends the work, with
    /// another name.
    ///
    /// # Errors
    /// Those of the file system; the store is unchanged then.
    pub fn put_back(&self, quarantine: Option<&str>) -> Result<(), StoreError> {
        let (store, saved) = (self.directory.join(STORE_FILE), self.saved_path());
        let failed = |what: &str| io(format!("cannot {what} {}", store.display()));
        if let Some(name) = quarantine {
            let directory = self.directory.join(QUARANTINE_DIR).join(name);
            create_private_dir(&directory)?;
            if let Some(facts) = self.facts() {
                marker::write(&directory, &SiteMarker { site_id: facts.site_id })?;
            }
            // A second name before the first one is taken over: there is a store at any moment.
            fs::hard_link(&store, directory.join(STORE_FILE)).map_err(failed("quarantine"))?;
            files::sync_directory(&directory).map_err(failed("quarantine"))?;
        }
        copy_durably(&saved, &store).map_err(failed("put back"))
    }

    fn saved_path(&self) -> PathBuf {
        self.directory.join(UPGRADE_DIR).join(STORE_FILE)
    }
}

/// Checks that no process has the store open, and repairs it after an unclean end: what cannot be read only
/// is then written to once. What is no store of this redb is left as it is.
fn check_closed(path: &Path) -> Result<(), StoreError> {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    let opened = match builder.open_read_only(path) {
        Err(DatabaseError::RepairAborted) => builder.open(path).map(drop),
        opened => opened.map(drop),
    };
    match opened {
        Err(error) => open_error(path, error).map_or(Ok(()), Err),
        Ok(()) => Ok(()),
    }
}

fn facts_of(path: &Path) -> Option<ClosedStoreFacts> {
    let read = || {
        let opened = redb::Builder::new().set_cache_size(CACHE_BYTES).open_read_only(path);
        let Ok(db) = opened else { return Ok(None) };
        let meta = db.begin_read()?.open_table(tables::META)?;
        let Some(site) = meta::read_site(&meta)? else { return Ok(None) };
        Ok(Some(ClosedStoreFacts {
            site_id: Uuid::from_u128(site.site_id),
            schema_version: site.schema_version,
            seq: meta::read_last_commit(&meta).ok().map(|commit| commit.seq),
        }))
    };
    catch_damage(path, read).ok().flatten()
}

fn copy_durably(from: &Path, to: &Path) -> io::Result<()> {
    let part = files::part_path(to);
    fs::copy(from, &part)?;
    fs::File::open(&part)?.sync_all()?;
    files::rename_durably(&part, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::store::{OpenOptions, Store};

    fn options() -> OpenOptions {
        OpenOptions { cache_bytes: CACHE_BYTES, now: Timestamp(0), site_id: None }
    }

    #[test]
    fn a_store_that_is_put_back_is_the_saved_one_byte_for_byte() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(STORE_FILE);
        let site_id = Store::open(directory.path(), options()).unwrap().site_id();
        let before = fs::read(&path).unwrap();
        let held = ClosedStore::hold(directory.path()).unwrap();
        held.save().unwrap();
        drop(held);
        Store::open(directory.path(), options()).unwrap().set_unjoined().unwrap();
        let changed = fs::read(&path).unwrap();
        assert!(changed != before);
        let held = ClosedStore::hold(directory.path()).unwrap();
        let facts = ClosedStoreFacts { site_id, schema_version: 3, seq: Some(0) };
        assert_eq!((held.facts(), held.saved_facts()), (Some(facts), Some(facts)));
        held.put_back(Some("upgrade-1")).unwrap();
        let kept = directory.path().join(QUARANTINE_DIR).join("upgrade-1");
        assert!(fs::read(&path).unwrap() == before);
        assert!(fs::read(kept.join(STORE_FILE)).unwrap() == changed);
        let taken = held.put_back(Some("upgrade-1"));
        assert!(taken.is_err() && fs::read(&path).unwrap() == before, "{taken:?}");
        drop(held);
        assert_eq!(Store::open(&kept, options()).unwrap().site_id(), site_id);
    }

    #[test]
    fn a_store_in_use_is_not_held() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), options()).unwrap();
        let refused = ClosedStore::hold(directory.path());
        assert!(matches!(refused, Err(StoreError::Locked { .. })), "{refused:?}");
        drop(store);
        assert!(ClosedStore::hold(directory.path()).is_ok());
    }

    #[test]
    fn a_directory_without_a_store_has_nothing_to_save() {
        let directory = tempfile::tempdir().unwrap();
        let held = ClosedStore::hold(directory.path()).unwrap();
        held.save().unwrap();
        assert_eq!((held.facts(), held.saved_facts()), (None, None));
    }
}
