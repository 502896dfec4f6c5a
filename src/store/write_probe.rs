//! A durable write whose only purpose is to be timed.

use bincode::{BorrowDecode, Encode};

use super::codec::{VersionedRecord, encode};
use super::error::StoreError;
use super::open::Store;
use super::tables;
use crate::domain::Timestamp;

/// When it was last written.
const WRITE_PROBE_KEY: &str = "write_probe";

#[derive(Encode, BorrowDecode)]
struct WriteProbeV1 {
    at_us: i64,
}

impl VersionedRecord for WriteProbeV1 {
    const VERSION: u8 = 1;
}

impl Store {
    /// Commits one small record durably. The site and its seq stay what they are.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn write_probe(&self, at: Timestamp) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        let record = encode(&WriteProbeV1 { at_us: at.0 });
        tx.open_table(tables::META)?.insert(WRITE_PROBE_KEY, record.as_slice())?;
        tx.commit()?;
        Ok(())
    }
}
