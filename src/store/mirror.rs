//! The mirror's state, and the dirty entities: those whose last change the mirror lacks.
//!
//! Entities are marked dirty only while there is a mirror: without one, the marks of a store that lives
//! for years would name every entity that it ever had. Erasures, which are few, are always noted.

use std::ops::Bound;

use bincode::{BorrowDecode, Encode};
use redb::{Durability, ReadableTable, Table};
use uuid::Uuid;

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::tables::{self, kind_code, kind_of_code};
use crate::domain::EntityKey;

const MIRROR_KEY: &str = "mirror";

/// The state of the mirror, as far as this store knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MirrorState {
    /// Of this store, drawn once; a copy of the site on another host has another.
    pub instance_id: Uuid,
    /// Of the last run that was allowed to write into the mirror.
    pub session_id: Uuid,
    /// Of that run: it grows by one with each.
    pub epoch: u64,
    /// The mirror has confirmed every change up to here; 0 before the first time.
    pub acknowledged_seq: u64,
    /// Whose state this store last adopted.
    pub adopted: Option<Holder>,
}

/// Who holds the site in the mirror: a store, and one of its runs.
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

impl VersionedRecord for MirrorV1 {
    const VERSION: u8 = 1;
}

/// An entity that the mirror has not confirmed, and the last commit that changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirtyEntity {
    pub key: EntityKey,
    pub seq: u64,
}

/// What [`Store::clear_dirty`] has looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearedDirty {
    All,
    /// Entities up to this key; more may follow.
    Until(EntityKey),
}

/// The mirror's state, if there is a mirror.
pub(super) fn read_mirror(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<MirrorState>, StoreError> {
    let Some(value) = meta.get(MIRROR_KEY)? else { return Ok(None) };
    let record: MirrorV1 = decode(value.value(), RecordSource { table: "meta", key: &MIRROR_KEY })?;
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
    /// Writes the mirror's state, durably. From the first time on every changed entity is marked dirty.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn set_mirror(&self, state: &MirrorState) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            let mut meta = tx.open_table(tables::META)?;
            if read_mirror(&meta)?.is_none() {
                // An earlier version kept marks without a mirror.
                tx.open_table(tables::DIRTY)?.retain(|_, _| false)?;
            }
            write_mirror(&mut meta, state)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Removes the mirror's state and all dirty marks, durably. Which devices were erased stays: the
    /// database has their personal data in its audit rows, and may become the mirror again.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn forget_mirror(&self) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            tx.open_table(tables::META)?.remove(MIRROR_KEY)?;
            tx.open_table(tables::DIRTY)?.retain(|_, _| false)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Clears the marks of the next `limit` entities after the key `after` whose last change is not
    /// newer than the commit `through`. After the last entity the mirror counts as having confirmed
    /// `through`.
    ///
    /// Not fsynced by itself: the next commit does it. After a crash before that, marks and the
    /// confirmed seq are both the older ones, and the marked entities are sent once more.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn clear_dirty(
        &self,
        through: u64,
        after: Option<EntityKey>,
        limit: usize,
    ) -> Result<ClearedDirty, StoreError> {
        let mut tx = self.db.begin_write()?;
        tx.set_durability(Durability::None).map_err(redb::Error::from)?;
        let cleared = {
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
                Some(key) if seen == limit => ClearedDirty::Until(decode_key(key)?),
                _ => ClearedDirty::All,
            }
        };
        if cleared == ClearedDirty::All {
            let mut meta = tx.open_table(tables::META)?;
            tx.open_table(tables::ERASED)?.retain(|_, seq| seq > through)?;
            if let Some(mut state) = read_mirror(&meta)? {
                state.acknowledged_seq = state.acknowledged_seq.max(through);
                write_mirror(&mut meta, &state)?;
            }
        }
        tx.commit()?;
        Ok(cleared)
    }
}

pub(super) fn decode_key((kind, id): (u8, u64)) -> Result<EntityKey, StoreError> {
    let kind = kind_of_code(kind).ok_or_else(|| {
        RecordSource { table: "dirty", key: &id }.damaged(format!("unknown kind {kind}"))
    })?;
    Ok(EntityKey { kind, id })
}
