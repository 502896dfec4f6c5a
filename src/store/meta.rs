//! The records of the table `meta`: which site this is, and what its last commit was.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, Table};
use uuid::Uuid;

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use crate::domain::{IdCounters, Timestamp};

/// The layout of tables and keys that this program writes. 1: as first shipped. 2: the tables of
/// jobs. 3: version 2 of the records of devices, interfaces and links.
pub const SCHEMA_VERSION: u32 = 3;

const SITE_KEY: &str = "site";
const LAST_COMMIT_KEY: &str = "head";
/// Present while the cross-connects of a site from before them are not assumed yet.
const UNJOINED_KEY: &str = "unjoined";
/// The schema version in which ports got cross-connects.
const FIRST_WITH_CROSS_CONNECTS: u32 = 3;

/// Which site the store holds. It is the sentinel: a redb file without it is no UNOC store.
#[derive(Encode, BorrowDecode)]
pub(super) struct SiteV1 {
    pub(super) site_id: u128,
    pub(super) schema_version: u32,
    pub(super) created_at_us: i64,
}

#[derive(Encode, BorrowDecode)]
struct LastCommitV1 {
    seq: u64,
    next_device: u64,
    next_interface: u64,
    next_link: u64,
    next_audit: u64,
    committed_at_us: i64,
}

impl VersionedRecord for SiteV1 {
    const VERSION: u8 = 1;
}

impl VersionedRecord for LastCommitV1 {
    const VERSION: u8 = 1;
}

/// The last commit: its seq and time, and the counters from which the next one continues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastCommit {
    /// Grows by one per commit; 0 before the first.
    pub seq: u64,
    pub counters: IdCounters,
    /// The id of the next audit row.
    pub next_audit: u64,
    pub committed_at: Timestamp,
}

type MetaTable<'txn> = Table<'txn, &'static str, &'static [u8]>;

pub(super) fn write_site(
    meta: &mut MetaTable<'_>,
    site_id: Uuid,
    created_at: Timestamp,
) -> Result<(), StoreError> {
    let record = SiteV1 {
        site_id: site_id.as_u128(),
        schema_version: SCHEMA_VERSION,
        created_at_us: created_at.0,
    };
    meta.insert(SITE_KEY, encode(&record).as_slice())?;
    Ok(())
}

/// Sets the schema version to [`SCHEMA_VERSION`]; the rest of the sentinel stays.
pub(super) fn upgrade_site(meta: &mut MetaTable<'_>, site: &SiteV1) -> Result<(), StoreError> {
    if site.schema_version < FIRST_WITH_CROSS_CONNECTS {
        set_unjoined(meta)?;
    }
    let record = SiteV1 { schema_version: SCHEMA_VERSION, ..*site };
    meta.insert(SITE_KEY, encode(&record).as_slice())?;
    Ok(())
}

/// Whether the site is from before cross-connects, and none were assumed since.
pub(super) fn is_unjoined(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<bool, StoreError> {
    Ok(meta.get(UNJOINED_KEY)?.is_some())
}

pub(super) fn set_unjoined(meta: &mut MetaTable<'_>) -> Result<(), StoreError> {
    meta.insert(UNJOINED_KEY, [].as_slice())?;
    Ok(())
}

pub(super) fn set_joined(meta: &mut MetaTable<'_>) -> Result<(), StoreError> {
    meta.remove(UNJOINED_KEY)?;
    Ok(())
}

/// The sentinel, if the store has one.
pub(super) fn read_site(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<SiteV1>, StoreError> {
    let Some(value) = meta.get(SITE_KEY)? else { return Ok(None) };
    decode(value.value(), RecordSource { table: "meta", key: &SITE_KEY }).map(Some)
}

pub(super) fn write_last_commit(
    meta: &mut MetaTable<'_>,
    commit: &LastCommit,
) -> Result<(), StoreError> {
    let record = LastCommitV1 {
        seq: commit.seq,
        next_device: commit.counters.device,
        next_interface: commit.counters.interface,
        next_link: commit.counters.link,
        next_audit: commit.next_audit,
        committed_at_us: commit.committed_at.0,
    };
    meta.insert(LAST_COMMIT_KEY, encode(&record).as_slice())?;
    Ok(())
}

/// The last commit; all zero before the first.
pub(super) fn read_last_commit(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<LastCommit, StoreError> {
    let Some(value) = meta.get(LAST_COMMIT_KEY)? else { return Ok(LastCommit::default()) };
    let record: LastCommitV1 =
        decode(value.value(), RecordSource { table: "meta", key: &LAST_COMMIT_KEY })?;
    Ok(LastCommit {
        seq: record.seq,
        counters: IdCounters {
            device: record.next_device,
            interface: record.next_interface,
            link: record.next_link,
        },
        next_audit: record.next_audit,
        committed_at: Timestamp(record.committed_at_us),
    })
}
