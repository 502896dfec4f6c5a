//! Scratch stores: the site of a backup, loaded to be checked before it replaces another.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::StorageBackend;
use redb::backends::FileBackend;
use uuid::Uuid;

use super::audit::AuditEntry;
use super::audit_chain::AuditChain;
use super::audit_writer::AuditWriter;
use super::error::{self, StoreError};
use super::meta::LastCommit;
use super::open::{self, OpenOptions, STORE_FILE, Store, create_private_dir};
use super::table_writer::TableWriter;
use super::tables;
use crate::domain::{Change, Device, Edit, Interface, Link};

/// Loads a site into an empty store.
pub struct BulkLoader<'txn> {
    writer: TableWriter<'txn>,
    audit: AuditWriter<'txn>,
}

impl BulkLoader<'_> {
    /// Adds a device.
    ///
    /// # Errors
    /// Write errors; so do the others.
    pub fn device(&mut self, device: Device) -> Result<(), StoreError> {
        self.writer.write_change(&Change::Device(creation(device)))
    }

    /// Adds an interface.
    pub fn interface(&mut self, interface: Interface) -> Result<(), StoreError> {
        self.writer.write_change(&Change::Interface(creation(interface)))
    }

    /// Adds a link.
    pub fn link(&mut self, link: Link) -> Result<(), StoreError> {
        self.writer.write_change(&Change::Link(creation(link)))
    }

    /// Adds an audit row under its own id.
    pub fn audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit.copy(entry)
    }
}

fn creation<T>(entity: T) -> Edit<T> {
    Edit { before: None, after: Some(Arc::new(entity)) }
}

/// A file that is never fsynced: a scratch store need not survive a power cut, and the disk stays free
/// for commits.
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
    /// Creates an empty store in a new directory. Nothing of it is durable until [`Store::install`] makes
    /// it the store of a site.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn create_scratch(
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

    /// Loads a site into a store that nothing was ever written to, in one transaction. `load` adds
    /// everything and returns what is to be the last commit, and the ends of the audit trail's chain;
    /// `seq` is written for each block of ids.
    ///
    /// # Errors
    /// Those of `load`, and write errors; the store is then still empty.
    pub fn bulk_load<E: From<StoreError>>(
        &self,
        seq: u64,
        load: impl FnOnce(&mut BulkLoader<'_>) -> Result<(LastCommit, Option<AuditChain>), E>,
    ) -> Result<(), E> {
        let tx = self.db.begin_write().map_err(StoreError::from)?;
        {
            let mut meta = tx.open_table(tables::META).map_err(StoreError::from)?;
            let writer = TableWriter::open(&tx, seq, false)?;
            let audit = AuditWriter::open(&tx, &meta, 0)?;
            let mut loader = BulkLoader { writer, audit };
            let (commit, chain) = load(&mut loader)?;
            drop(loader);
            let audit = AuditWriter::open_copied(&tx, &meta, chain, commit.next_audit)?;
            audit.finish(&mut meta, commit)?;
        }
        tx.commit().map_err(StoreError::from)?;
        Ok(())
    }
}
