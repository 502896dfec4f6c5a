//! Putting the site of another store in place of this one's, in one commit.

use redb::{ReadableTable, Table, WriteTransaction};

use super::audit::{AuditEntry, AuditOrigin};
use super::audit_size::Trail;
use super::commit::Writer;
use super::error::StoreError;
use super::meta::{self, Head};
use super::mirror;
use super::open::Store;
use super::quarantine::copy;
use super::snapshot::Snapshot;
use super::tables::{self, kind_code};
use crate::domain::{IdCounters, Kind, Timestamp};

/// What comes in place of the site.
pub struct Replacement<'a> {
    /// A view of the other store.
    pub from: &'a Snapshot,
    /// The number of this commit, above any that either store has had.
    pub seq: u64,
    pub at: Timestamp,
    /// What is being done and who asked for it, for the audit trail.
    pub action: &'static str,
    pub origin: &'a AuditOrigin,
}

impl Store {
    /// Takes over every entity of the other store. Ids go on from the greater counters. The own
    /// audit trail goes on too; a store without one takes the other's over. Returns after the
    /// fsync; a reader sees the one site or the other.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn replace(&self, new: &Replacement<'_>) -> Result<Head, StoreError> {
        let tx = self.db.begin_write()?;
        let head = {
            let mut meta = tx.open_table(tables::META)?;
            let old = meta::read_head(&meta)?;
            let theirs = new.from.head();
            if mirror::read_mirror(&meta)?.is_some() {
                mark_everything(&tx, new)?;
            }
            touch_blocks(&tx, new)?;
            take_over(&tx, new.from)?;
            let is_new_here = old.next_audit == 0;
            if is_new_here {
                copy(new.from.transaction(), &tx, tables::AUDIT)?;
            }
            let next_audit = old.next_audit.max(if is_new_here { theirs.next_audit } else { 0 });
            let mut writer = Writer::open(&tx, new.seq, false)?;
            let mut trail = Trail::read(&meta, &writer.audit, next_audit)?;
            writer.write_audit(&row(new, next_audit)?)?;
            trail.close(&mut meta, &mut writer, next_audit + 1)?;
            let head = Head {
                seq: new.seq,
                counters: greater(old.counters, theirs.counters),
                next_audit: next_audit + 1,
                committed_at: new.at,
            };
            meta::write_head(&mut meta, head)?;
            head
        };
        tx.commit()?;
        Ok(head)
    }
}

fn row(new: &Replacement<'_>, id: u64) -> Result<AuditEntry, StoreError> {
    let mut change_count = 0;
    for kind in Kind::ALL {
        change_count += new.from.count(kind)?;
    }
    Ok(AuditEntry {
        id,
        seq: new.seq,
        at: new.at,
        origin: new.origin.clone(),
        action: new.action.to_owned(),
        change_count,
        images: Vec::new(),
    })
}

/// Marks what is there and what comes for the mirror: it sends the one and deletes the other.
fn mark_everything(tx: &WriteTransaction, new: &Replacement<'_>) -> Result<(), StoreError> {
    let mut dirty = tx.open_table(tables::DIRTY)?;
    for kind in Kind::ALL {
        let table = tables::of_kind(kind);
        for row in tx.open_table(table)?.iter()? {
            dirty.insert((kind_code(kind), row?.0.value()), new.seq)?;
        }
        for row in new.from.transaction().open_table(table)?.iter()? {
            dirty.insert((kind_code(kind), row?.0.value()), new.seq)?;
        }
    }
    Ok(())
}

/// Every block that ever held an entity, here or there, has changed.
fn touch_blocks(tx: &WriteTransaction, new: &Replacement<'_>) -> Result<(), StoreError> {
    let mut blocks: Table<'_, (u8, u64), u64> = tx.open_table(tables::BLOCKS)?;
    let own: Vec<(u8, u64)> =
        blocks.iter()?.map(|row| row.map(|(key, _)| key.value())).collect::<Result<_, _>>()?;
    for key in own {
        blocks.insert(key, new.seq)?;
    }
    for kind in Kind::ALL {
        for block in new.from.blocks(kind, 0)? {
            blocks.insert((kind_code(kind), block?.0), new.seq)?;
        }
    }
    Ok(())
}

fn take_over(tx: &WriteTransaction, from: &Snapshot) -> Result<(), StoreError> {
    // Dropping a table frees its pages without visiting its rows.
    tx.delete_table(tables::INDEX)?;
    copy(from.transaction(), tx, tables::INDEX)?;
    for kind in Kind::ALL {
        let table = tables::of_kind(kind);
        tx.delete_table(table)?;
        copy(from.transaction(), tx, table)?;
    }
    Ok(())
}

fn greater(a: IdCounters, b: IdCounters) -> IdCounters {
    IdCounters {
        device: a.device.max(b.device),
        interface: a.interface.max(b.interface),
        link: a.link.max(b.link),
    }
}
