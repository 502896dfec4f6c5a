//! Replacing the site by that of another store, in one commit.

use redb::{ReadableTable, Table, WriteTransaction};

use super::audit::AuditEntry;
use super::audit_event::AuditOrigin;
use super::audit_size::AuditSize;
use super::error::StoreError;
use super::meta::{self, LastCommit};
use super::mirror;
use super::open::Store;
use super::quarantine::copy;
use super::snapshot::Snapshot;
use super::table_writer::TableWriter;
use super::tables::kind_code;
use super::{open_outages, tables};
use crate::domain::{EntityKind, IdCounters, Timestamp};

/// The site that replaces the current one.
pub struct SiteReplacement<'a> {
    /// A view of the other store.
    pub from: &'a Snapshot,
    /// The seq of this commit, above any that either store has had.
    pub seq: u64,
    pub at: Timestamp,
    /// For the audit trail: what is done, and who asked for it.
    pub action: &'static str,
    pub origin: &'a AuditOrigin,
}

impl Store {
    /// Replaces every entity by those of the other store and returns the commit after its fsync; a
    /// reader sees the one site or the other. Ids continue from the greater counters. The audit trail
    /// continues too; a store without one copies the other's.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn replace_site(&self, new: &SiteReplacement<'_>) -> Result<LastCommit, StoreError> {
        let tx = self.db.begin_write()?;
        let commit = {
            let mut meta = tx.open_table(tables::META)?;
            let old = meta::read_last_commit(&meta)?;
            let theirs = new.from.last_commit();
            if mirror::read_mirror(&meta)?.is_some() {
                mark_all_dirty(&tx, new)?;
            }
            write_blocks(&tx, new)?;
            let in_outage = open_outages::recorded_devices(&tx)?;
            copy_entities(&tx, new.from)?;
            open_outages::keep_same_outages(&tx, &in_outage)?;
            let has_no_audit = old.next_audit == 0;
            if has_no_audit {
                copy(new.from.transaction(), &tx, tables::AUDIT)?;
            }
            let next_audit = old.next_audit.max(if has_no_audit { theirs.next_audit } else { 0 });
            let mut writer = TableWriter::open(&tx, new.seq, false)?;
            let mut size = AuditSize::read(&meta, &writer.audit, next_audit)?;
            writer.write_audit(&audit_entry(new, next_audit)?)?;
            size.update(&mut meta, &mut writer, next_audit + 1)?;
            let commit = LastCommit {
                seq: new.seq,
                counters: greater(old.counters, theirs.counters),
                next_audit: next_audit + 1,
                committed_at: new.at,
            };
            meta::write_last_commit(&mut meta, &commit)?;
            commit
        };
        tx.commit()?;
        Ok(commit)
    }
}

fn audit_entry(new: &SiteReplacement<'_>, id: u64) -> Result<AuditEntry, StoreError> {
    let mut change_count = 0;
    for kind in EntityKind::ALL {
        change_count += new.from.count(kind)?;
    }
    Ok(AuditEntry {
        id,
        seq: new.seq,
        at: new.at,
        origin: new.origin.clone(),
        action: new.action.to_owned(),
        undone_ids: Vec::new(),
        change_count,
        direct: None,
        image_count: 0,
        images: Vec::new(),
    })
}

/// Marks the entities of both sites dirty: the mirror deletes the old ones and receives the new ones.
fn mark_all_dirty(tx: &WriteTransaction, new: &SiteReplacement<'_>) -> Result<(), StoreError> {
    let mut dirty = tx.open_table(tables::DIRTY)?;
    for kind in EntityKind::ALL {
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

/// Every block that ever held an entity in either store has changed.
fn write_blocks(tx: &WriteTransaction, new: &SiteReplacement<'_>) -> Result<(), StoreError> {
    let mut blocks: Table<'_, (u8, u64), u64> = tx.open_table(tables::BLOCKS)?;
    let own: Vec<(u8, u64)> =
        blocks.iter()?.map(|row| row.map(|(key, _)| key.value())).collect::<Result<_, _>>()?;
    for key in own {
        blocks.insert(key, new.seq)?;
    }
    for kind in EntityKind::ALL {
        for block in new.from.blocks(kind, 0)? {
            blocks.insert((kind_code(kind), block?.0), new.seq)?;
        }
    }
    Ok(())
}

fn copy_entities(tx: &WriteTransaction, from: &Snapshot) -> Result<(), StoreError> {
    // Dropping a table frees its pages without visiting its rows.
    tx.delete_table(tables::INDEX)?;
    copy(from.transaction(), tx, tables::INDEX)?;
    for kind in EntityKind::ALL {
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
