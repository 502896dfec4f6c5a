//! Replacing the site by that of another store, in one commit.

use redb::{ReadableTable, Table, WriteTransaction};
use serde_json::{Map, Value};

use super::audit::{AuditEntry, decode_entry};
use super::audit_chain::AuditChain;
use super::audit_event::{AuditOrigin, AuditOutcome, details_text};
use super::audit_size::MetaTable;
use super::audit_writer::{AuditWriter, NewAuditRow};
use super::error::StoreError;
use super::meta::{self, LastCommit};
use super::mirror;
use super::open::Store;
use super::quarantine::copy;
use super::snapshot::Snapshot;
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
    pub details: &'a Map<String, Value>,
}

/// Rows of a new host's own trail that are kept when it gets the trail of a backup.
const OWN_EVENTS_MAX: usize = 10_000;

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
            let copied = copy_trail(&tx, &meta, new.from)?;
            let mut audit = match &copied {
                Some(trail) => {
                    let next_id = old.next_audit.max(theirs.next_audit);
                    AuditWriter::open_copied(&tx, &meta, trail.chain, next_id)?
                }
                None => AuditWriter::open(&tx, &meta, old.next_audit)?,
            };
            for event in copied.iter().flat_map(|trail| &trail.own_events) {
                audit.append_again(event)?;
            }
            append_replacement(&mut audit, new, copied.map(|trail| trail.rows))?;
            let commit = LastCommit {
                seq: new.seq,
                counters: greater(old.counters, theirs.counters),
                next_audit: audit.next_id(),
                committed_at: new.at,
            };
            audit.finish(&mut meta, commit)?
        };
        tx.commit()?;
        Ok(commit)
    }
}

/// A trail that was copied from the other store.
struct CopiedTrail {
    /// How many rows it has.
    rows: u64,
    chain: Option<AuditChain>,
    /// What happened on this host before.
    own_events: Vec<AuditEntry>,
}

/// Copies the other store's trail in place of one without any change of the network: on a new host, some
/// logins may come before the restore. `None` if this store has a trail of its own.
fn copy_trail(
    tx: &WriteTransaction,
    meta: &MetaTable<'_>,
    from: &Snapshot,
) -> Result<Option<CopiedTrail>, StoreError> {
    let mut own_events = Vec::new();
    for row in tx.open_table(tables::AUDIT)?.iter()? {
        let (id, bytes) = row?;
        let entry = decode_entry(id.value(), bytes.value(), 0)?;
        if entry.change_count > 0 || entry.replaces_site() || own_events.len() == OWN_EVENTS_MAX {
            return Ok(None);
        }
        own_events.push(entry);
    }
    // Rows that are gone by now were changes.
    if own_events.is_empty() && meta::read_last_commit(meta)?.next_audit > 0 {
        return Ok(None);
    }
    tx.delete_table(tables::AUDIT)?;
    copy(from.transaction(), tx, tables::AUDIT)?;
    let (rows, chain) = (from.audit_count()?, from.audit_chain()?);
    Ok(Some(CopiedTrail { rows, chain, own_events }))
}

fn append_replacement(
    audit: &mut AuditWriter<'_>,
    new: &SiteReplacement<'_>,
    copied_rows: Option<u64>,
) -> Result<(), StoreError> {
    let mut change_count = 0;
    for kind in EntityKind::ALL {
        change_count += new.from.count(kind)?;
    }
    let mut details = new.details.clone();
    if let Some(rows) = copied_rows {
        details.insert("audit_rows_copied".to_owned(), rows.into());
    }
    audit.append(NewAuditRow {
        seq: new.seq,
        at: new.at,
        origin: new.origin,
        action: new.action,
        outcome: AuditOutcome::Done,
        details: &details_text(&Value::Object(details)),
        undone_ids: &[],
        change_count,
        direct: None,
        images: Vec::new(),
    })?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::store::{AuditEvent, OpenOptions, RESTORE_BACKUP};

    fn with_events(action: &'static str, count: usize) -> Store {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        let store = Store::with_backend(InMemoryBackend::new(), options).unwrap();
        let event = AuditEvent::done(AuditOrigin::local("test"), action, Value::Null);
        for _ in 0..count {
            store.record_events(&[&event], Timestamp(5)).unwrap();
        }
        store
    }

    fn restore(from: &Store, into: &Store) {
        let seq = into.read().unwrap().seq() + 1;
        let new = SiteReplacement {
            from: &from.read().unwrap(),
            seq,
            at: Timestamp(6),
            action: RESTORE_BACKUP,
            origin: &AuditOrigin::local("test"),
            details: &Map::new(),
        };
        into.replace_site(&new).unwrap();
    }

    fn actions(store: &Store) -> Vec<String> {
        let rows = store.read().unwrap().audit(None, 0).unwrap();
        rows.map(|row| row.unwrap().action).collect()
    }

    /// A new host has logins and downloads before its site is restored.
    #[test]
    fn a_restore_brings_the_trail_and_keeps_what_happened_on_a_new_host_before() {
        let (from, new_host) = (with_events("in backup", 3), with_events("on new host", 2));
        restore(&from, &new_host);
        let expected =
            ["restore backup", "on new host", "on new host", "in backup", "in backup", "in backup"];
        assert_eq!(actions(&new_host), expected);
        let snapshot = new_host.read().unwrap();
        assert_eq!(snapshot.verify_audit().unwrap().faults, []);
        let head = from.read().unwrap().audit_chain().unwrap().unwrap().head;
        let state = snapshot.find_audit_head(head).unwrap();
        assert_eq!(state, crate::store::AuditHeadState::Same, "the chain of the site goes on");
    }

    #[test]
    fn a_site_with_a_trail_of_its_own_keeps_it() {
        let (first, second) = (with_events("first", 3), with_events("second", 2));
        let site = with_events("on new host", 0);
        restore(&first, &site);
        restore(&second, &site);
        let expected = ["restore backup", "restore backup", "first", "first", "first"];
        assert_eq!(actions(&site), expected);
        assert_eq!(site.read().unwrap().verify_audit().unwrap().faults, []);
    }
}
