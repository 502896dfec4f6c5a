//! Filling an empty store from elsewhere: the site that a backup holds, before it counts.

use std::sync::Arc;

use redb::Table;

use super::audit::AuditEntry;
use super::commit::Writer;
use super::error::StoreError;
use super::head::{self, Head};
use super::open::Store;
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

impl Store {
    /// Fills a store that nothing was ever written to, in one transaction, durable on return.
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
            head::write_head(&mut meta, head)?;
        }
        tx.commit().map_err(StoreError::from)?;
        Ok(())
    }
}
