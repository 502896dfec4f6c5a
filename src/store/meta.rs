//! The singletons: what site this is, how far it has come.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, Table};
use uuid::Uuid;

use super::codec::{Record, Source, decode, encode};
use super::error::StoreError;
use crate::domain::{IdCounters, Timestamp};

/// The layout of tables and keys that this program writes. 1: as first shipped. 2: the tables of
/// jobs.
pub(super) const SCHEMA_VERSION: u32 = 2;

const SITE_KEY: &str = "site";
const HEAD_KEY: &str = "head";

/// Which site the store holds. Its presence is the sentinel: a store without it is none of ours.
#[derive(Encode, BorrowDecode)]
pub(super) struct SiteV1 {
    pub(super) site_id: u128,
    pub(super) schema_version: u32,
    pub(super) created_at_us: i64,
}

#[derive(Encode, BorrowDecode)]
struct HeadV1 {
    seq: u64,
    next_device: u64,
    next_interface: u64,
    next_link: u64,
    next_audit: u64,
    committed_at_us: i64,
}

impl Record for SiteV1 {
    const VERSION: u8 = 1;
}

impl Record for HeadV1 {
    const VERSION: u8 = 1;
}

/// How far the site has come; changes with every commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Grows by one per commit; 0 before the first.
    pub seq: u64,
    pub counters: IdCounters,
    /// The number that the next audit row will get.
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

/// Notes that the store has the tables of [`SCHEMA_VERSION`]; all else of the sentinel stays.
pub(super) fn upgrade_site(meta: &mut MetaTable<'_>, site: &SiteV1) -> Result<(), StoreError> {
    let record = SiteV1 { schema_version: SCHEMA_VERSION, ..*site };
    meta.insert(SITE_KEY, encode(&record).as_slice())?;
    Ok(())
}

/// The sentinel, if the store has one.
pub(super) fn read_site(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<SiteV1>, StoreError> {
    let Some(value) = meta.get(SITE_KEY)? else { return Ok(None) };
    decode(value.value(), Source { table: "meta", key: &SITE_KEY }).map(Some)
}

pub(super) fn write_head(meta: &mut MetaTable<'_>, head: Head) -> Result<(), StoreError> {
    let record = HeadV1 {
        seq: head.seq,
        next_device: head.counters.device,
        next_interface: head.counters.interface,
        next_link: head.counters.link,
        next_audit: head.next_audit,
        committed_at_us: head.committed_at.0,
    };
    meta.insert(HEAD_KEY, encode(&record).as_slice())?;
    Ok(())
}

/// The head; the default one before the first commit.
pub(super) fn read_head(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Head, StoreError> {
    let Some(value) = meta.get(HEAD_KEY)? else { return Ok(Head::default()) };
    let record: HeadV1 = decode(value.value(), Source { table: "meta", key: &HEAD_KEY })?;
    Ok(Head {
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
