//! The run of the service that uses the store, to notice one that ended without a shutdown.

use bincode::{BorrowDecode, Encode};

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::snapshot::Snapshot;
use super::tables;
use crate::domain::Timestamp;

/// Present while the service runs.
const RUN_KEY: &str = "run";

#[derive(Encode, BorrowDecode)]
struct RunV1 {
    started_us: i64,
}

impl VersionedRecord for RunV1 {
    const VERSION: u8 = 1;
}

impl Store {
    /// Notes durably that the service runs.
    pub fn begin_run(&self, started_at: Timestamp) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        let run = encode(&RunV1 { started_us: started_at.0 });
        tx.open_table(tables::META)?.insert(RUN_KEY, run.as_slice())?;
        tx.commit()?;
        Ok(())
    }

    /// Notes durably that the service has ended as it should.
    pub fn end_run(&self) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        tx.open_table(tables::META)?.remove(RUN_KEY)?;
        tx.commit()?;
        Ok(())
    }
}

impl Snapshot {
    /// When a run began that did not end with [`Store::end_run`]: this one, or the one before if this one
    /// has not begun with [`Store::begin_run`].
    pub fn open_run(&self) -> Result<Option<Timestamp>, StoreError> {
        let meta = self.transaction().open_table(tables::META)?;
        meta.get(RUN_KEY)?.map(|value| started(value.value())).transpose()
    }
}

fn started(bytes: &[u8]) -> Result<Timestamp, StoreError> {
    let run: RunV1 = decode(bytes, RecordSource { table: "meta", key: &RUN_KEY })?;
    Ok(Timestamp(run.started_us))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    #[test]
    fn golden_bytes() {
        let bytes = encode(&RunV1 { started_us: 1_795_000_000_000_000 });
        assert_eq!(hex(&bytes), "01fd0060be0216c10c00");
        assert_eq!(started(&bytes).unwrap(), Timestamp(1_795_000_000_000_000));
    }
}
