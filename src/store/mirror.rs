//! What the store knows of its mirror: whether there is one, and how far it has come.
//!
//! Marks are kept only while there is a mirror: without one, a store that lives for years would
//! remember every entity that ever was.

use std::ops::Bound;

use bincode::{BorrowDecode, Encode};
use redb::{Durability, ReadableTable, Table};
use uuid::Uuid;

use super::codec::{Record, Source, decode, encode};
use super::error::StoreError;
use super::meta::{self, Head};
use super::open::Store;
use super::tables::{self, kind_code, kind_of_code};
use crate::domain::{EntityKey, Timestamp};

const MIRROR_KEY: &str = "mirror";

/// The mirror, as this store last knew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MirrorState {
    /// Drawn once for this store; a copy of the site on another host has another.
    pub instance_id: Uuid,
    /// Of the last run that was allowed to write into the mirror.
    pub session_id: Uuid,
    /// Which holder of the site that run was; grows with every one.
    pub epoch: u64,
    /// The mirror has confirmed every change up to here; 0 before the first time.
    pub acknowledged_seq: u64,
    /// Whose state this store last took over in place of its own.
    pub adopted: Option<Holder>,
}

/// A holder of the site in the mirror: which store, and which of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    pub instance_id: Uuid,
    pub epoch: u64,
}

#[derive(Encode, BorrowDecode)]
struct MirrorV1 {
    instance_id: u128,
    session_id: u128,
    epoch: u64,
    acknowledged_seq: u64,
    adopted: Option<(u128, u64)>,
}

impl Record for MirrorV1 {
    const VERSION: u8 = 1;
}

/// A mark: an entity that changed, and the last commit that changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub key: EntityKey,
    pub seq: u64,
}

/// How far [`Store::confirm`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    All,
    /// More marks may be left behind this key.
    Until(EntityKey),
}

/// Commits between the newest that another copy of the site tells of and those that follow: more
/// than any site makes between two copies, since what was lost had numbers too.
const SEQ_GAP: u64 = 1_000_000;

/// Counters that must not fall behind those of another copy of the site: a mirror, a backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floors {
    pub seq: u64,
    pub next_audit: u64,
}

impl Floors {
    /// For a site that goes on from a copy as of the commit `seq`, or beside it: later than
    /// anything that ever was, since backups sort by seq and clients know states by it.
    pub fn beyond(seq: u64, next_audit: u64) -> Self {
        Self { seq: seq.saturating_add(SEQ_GAP), next_audit }
    }
}

/// The mirror's state, if there is a mirror.
pub(super) fn read_mirror(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<MirrorState>, StoreError> {
    let Some(value) = meta.get(MIRROR_KEY)? else { return Ok(None) };
    let record: MirrorV1 = decode(value.value(), Source { table: "meta", key: &MIRROR_KEY })?;
    Ok(Some(MirrorState {
        instance_id: Uuid::from_u128(record.instance_id),
        session_id: Uuid::from_u128(record.session_id),
        epoch: record.epoch,
        acknowledged_seq: record.acknowledged_seq,
        adopted: record.adopted.map(|(instance_id, epoch)| Holder {
            instance_id: Uuid::from_u128(instance_id),
            epoch,
        }),
    }))
}

pub(super) fn write_mirror(
    meta: &mut Table<'_, &'static str, &'static [u8]>,
    state: &MirrorState,
) -> Result<(), StoreError> {
    let record = MirrorV1 {
        instance_id: state.instance_id.as_u128(),
        session_id: state.session_id.as_u128(),
        epoch: state.epoch,
        acknowledged_seq: state.acknowledged_seq,
        adopted: state.adopted.map(|holder| (holder.instance_id.as_u128(), holder.epoch)),
    };
    meta.insert(MIRROR_KEY, encode(&record).as_slice())?;
    Ok(())
}

impl Store {
    /// Remembers the mirror, durably. From the first time on every change is marked.
    pub fn set_mirror(&self, state: &MirrorState) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            let mut meta = tx.open_table(tables::META)?;
            if read_mirror(&meta)?.is_none() {
                // Marks of an earlier version, which kept them without a mirror.
                tx.open_table(tables::DIRTY)?.retain(|_, _| false)?;
            }
            write_mirror(&mut meta, state)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Forgets the mirror and its marks.
    pub fn forget_mirror(&self) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            tx.open_table(tables::META)?.remove(MIRROR_KEY)?;
            tx.open_table(tables::DIRTY)?.retain(|_, _| false)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Takes marks not newer than `through` away, beginning behind `after`, at most `limit` of
    /// them; with the last one the mirror counts as having confirmed `through`.
    ///
    /// Not fsynced by itself: the next commit does it. After a crash before that, marks and the
    /// confirmed seq are both the older ones, and what they name is sent once more.
    pub fn confirm(
        &self,
        through: u64,
        after: Option<EntityKey>,
        limit: usize,
    ) -> Result<Confirmed, StoreError> {
        let mut tx = self.db.begin_write()?;
        tx.set_durability(Durability::None).map_err(redb::Error::from)?;
        let confirmed = {
            let mut dirty = tx.open_table(tables::DIRTY)?;
            let from = after
                .map_or(Bound::Unbounded, |key| Bound::Excluded((kind_code(key.kind), key.id)));
            let mut seen = 0;
            let mut last = None;
            let mut old = Vec::new();
            for row in dirty.range::<(u8, u64)>((from, Bound::Unbounded))? {
                let (key, seq) = row?;
                last = Some(key.value());
                if seq.value() <= through {
                    old.push(key.value());
                }
                seen += 1;
                if seen == limit {
                    break;
                }
            }
            for key in old {
                dirty.remove(key)?;
            }
            match last {
                Some(key) if seen == limit => Confirmed::Until(decode_key(key)?),
                _ => Confirmed::All,
            }
        };
        if confirmed == Confirmed::All {
            let mut meta = tx.open_table(tables::META)?;
            if let Some(mut state) = read_mirror(&meta)? {
                state.acknowledged_seq = state.acknowledged_seq.max(through);
                write_mirror(&mut meta, &state)?;
            }
        }
        tx.commit()?;
        Ok(confirmed)
    }

    /// Lets seq and audit numbers go on from the greater of theirs and `floors`, durably.
    pub fn raise(&self, floors: Floors, at: Timestamp) -> Result<Head, StoreError> {
        let tx = self.db.begin_write()?;
        let head = {
            let mut meta = tx.open_table(tables::META)?;
            let old = meta::read_head(&meta)?;
            let head = Head {
                seq: old.seq.max(floors.seq),
                next_audit: old.next_audit.max(floors.next_audit),
                committed_at: at,
                ..old
            };
            meta::write_head(&mut meta, head)?;
            head
        };
        tx.commit()?;
        Ok(head)
    }
}

pub(super) fn decode_key((kind, id): (u8, u64)) -> Result<EntityKey, StoreError> {
    let kind = kind_of_code(kind).ok_or_else(|| {
        Source { table: "dirty", key: &id }.damaged(format!("unknown kind {kind}"))
    })?;
    Ok(EntityKey { kind, id })
}
