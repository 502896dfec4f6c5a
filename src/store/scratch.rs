//! Filling an empty store from elsewhere: the site that a backup holds, before it counts.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{StorageBackend, Table};
use uuid::Uuid;

use super::audit::AuditEntry;
use super::commit::Writer;
use super::error::{self, StoreError};
use super::meta::{self, Head};
use super::open::{self, OpenOptions, STORE_FILE, Store, create_private_dir};
use super::tables;
use crate::domain::{Change, Device, Edit, Interface, Link};

/// The open tables of a store that is being filled.
pub struct Filling<'txn> {
    writer: Writer<'txn>,
}

impl Filling<'_> {
    /// Adds a device.
    ///
    /// # Errors
    /// What writing brings; so do the others.
    pub fn device(&mut self, device: Device) -> Result<(), StoreError> {
        self.writer.write_change(&Change::Device(new(device)))
    }

    /// Adds an interface.
    pub fn interface(&mut self, interface: Interface) -> Result<(), StoreError> {
        self.writer.write_change(&Change::Interface(new(interface)))
    }

    /// Adds a link.
    pub fn link(&mut self, link: Link) -> Result<(), StoreError> {
        self.writer.write_change(&Change::Link(new(link)))
    }

    /// Adds a row of the audit trail under its own number.
    pub fn audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.writer.write_audit(entry)
    }
}

fn new<T>(entity: T) -> Edit<T> {
    Edit { before: None, after: Some(Arc::new(entity)) }
}

/// A file whose syncs are passed over: what becomes of it in a power cut is nobody's concern. The disk
/// stays free for those whose changes wait for it.
#[derive(Debug)]
struct Unsynced(FileBackend);

impl StorageBackend for Unsynced {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}

impl Store {
    /// Makes an empty store in a directory of its own, which is made. Nothing of it is durable:
    /// [`Store::put_in_place`] sees to that where it becomes the store of a site.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn scratch(
        directory: &Path,
        site_id: Uuid,
        options: OpenOptions,
    ) -> Result<Self, StoreError> {
        use std::os::unix::fs::OpenOptionsExt;
        create_private_dir(directory)?;
        let path = directory.join(STORE_FILE);
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(error::io(format!("cannot create {}", path.display())))?;
        let backend = FileBackend::new(file).map_err(|error| StoreError::Redb(error.into()))?;
        let db = open::builder(options).create_with_backend(Unsynced(backend));
        let db = db.map_err(|error| StoreError::Redb(error.into()))?;
        open::initialise(&db, site_id, options.now)?;
        Ok(Self::new(db, directory, site_id))
    }

    /// Fills a store that nothing was ever written to, in one transaction.
    /// `fill` adds everything and says how far the site has come; `seq` is that of the blocks.
    ///
    /// # Errors
    /// What `fill` returns; the store is then as empty as before.
    pub fn fill<E: From<StoreError>>(
        &self,
        seq: u64,
        fill: impl FnOnce(&mut Filling<'_>) -> Result<Head, E>,
    ) -> Result<(), E> {
        let tx = self.db.begin_write().map_err(StoreError::from)?;
        {
            let writer = Writer::open(&tx, seq, false)?;
            let mut filling = Filling { writer };
            let head = fill(&mut filling)?;
            let mut meta: Table<'_, &str, &[u8]> =
                tx.open_table(tables::META).map_err(StoreError::from)?;
            meta::write_head(&mut meta, head)?;
        }
        tx.commit().map_err(StoreError::from)?;
        Ok(())
    }
}
