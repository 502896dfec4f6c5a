//! Writing a batch of decided commands: one transaction, one fsync.

use rustc_hash::FxHashSet;

use super::audit_chain::AuditHead;
use super::audit_event::{AuditEvent, AuditOrigin, AuditOutcome};
use super::audit_image::{ImageV2, Salts};
use super::audit_row::DirectCountsV1;
use super::audit_writer::{AuditWriter, NewAuditRow, append_events};
use super::error::StoreError;
use super::meta::LastCommit;
use super::mirror::{self, MirrorState};
use super::open::Store;
use super::table_writer::TableWriter;
use super::{outages, tables};
use crate::domain::{Change, DeviceId, IdCounters, InterfaceId, OutageChange, Timestamp};

/// Bytes of the images of what a command itself changed: a bulk of 10,000 devices fits, however
/// long their names. Ports that came with devices are left out first.
const AUDIT_DIRECT_BYTES_MAX: usize = 8 << 20;
/// Images of what followed from a command, such as the devices that an outage takes down, beside the ports
/// at the ends of its links: as many as an answer shows. `change_count` counts them all.
pub const AUDIT_DERIVED_IMAGES_MAX: usize = 100;

/// What the engine decided, to be made durable together.
#[derive(Debug)]
pub struct CommitBatch<'a> {
    /// One more than the last commit's.
    pub seq: u64,
    pub at: Timestamp,
    pub counters: IdCounters,
    pub entries: Vec<CommitEntry<'a>>,
    /// What is recorded with it that is no command.
    pub events: Vec<&'a AuditEvent>,
    /// What these changes say about outages.
    pub outages: Vec<OutageChange>,
    /// The mirror whose site this commit adopts, if it does.
    pub adoption: Option<AdoptionRecord>,
}

/// What a commit records of a site that it adopts from a mirror.
#[derive(Clone, Copy, Debug)]
pub struct AdoptionRecord {
    /// The id from which the audit trail continues.
    pub next_audit: u64,
    /// The newest row of the mirror's trail, which a store without one continues.
    pub audit_head: Option<AuditHead>,
    pub mirror: MirrorState,
}

/// One command's part of a batch.
#[derive(Debug)]
pub struct CommitEntry<'a> {
    pub action: &'static str,
    pub origin: &'a AuditOrigin,
    /// JSON text for the audit row, or empty.
    pub details: &'a str,
    pub changes: &'a [Change],
    /// How many of them, at the front, the command itself made; the rest followed from these.
    pub direct_count: usize,
    /// The audit rows whose commands this one undid.
    pub undone_ids: &'a [u64],
    /// Devices whose personal data is removed from the audit trail, this entry's own row included.
    pub erased: &'a [DeviceId],
}

impl Store {
    /// Writes records, indexes, dirty marks and audit rows, and returns after the fsync.
    ///
    /// # Errors
    /// The state on disk is then the one before or, if only the last step failed, the one after; the
    /// store must be reopened to find out.
    pub fn commit(&self, batch: &CommitBatch<'_>) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            let mut meta = tx.open_table(tables::META)?;
            if let Some(adoption) = &batch.adoption {
                mirror::write_mirror(&mut meta, &adoption.mirror)?;
            }
            let is_mirrored = mirror::read_mirror(&meta)?.is_some();
            let mut writer = TableWriter::open(&tx, batch.seq, is_mirrored)?;
            let floor = batch.adoption.map_or(0, |adoption| adoption.next_audit);
            let mut audit = AuditWriter::open(&tx, &meta, floor)?;
            if let Some(head) = batch.adoption.and_then(|adoption| adoption.audit_head) {
                audit.continue_chain(head);
            }
            for entry in &batch.entries {
                write_entry(&mut writer, &mut audit, batch, entry)?;
            }
            for event in &batch.events {
                audit.append_event(event, batch.seq, batch.at)?;
            }
            let mut erased: Vec<u64> =
                batch.entries.iter().flat_map(|entry| entry.erased).map(|id| id.0).collect();
            if !erased.is_empty() {
                erased.sort_unstable();
                erased.dedup();
                audit.erase_personal_data(&erased)?;
                writer.note_erasure(&erased)?;
            }
            outages::record(&tx, &mut meta, (batch.seq, batch.at), &batch.outages)?;
            let commit = LastCommit {
                seq: batch.seq,
                counters: batch.counters,
                next_audit: audit.next_id(),
                committed_at: batch.at,
            };
            audit.finish(&mut meta, commit)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Adds events to the audit trail, durably and without a new seq.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn record_events(&self, events: &[&AuditEvent], at: Timestamp) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        append_events(&tx, events, at)?;
        tx.commit()?;
        Ok(())
    }
}

fn write_entry(
    writer: &mut TableWriter<'_>,
    audit: &mut AuditWriter<'_>,
    batch: &CommitBatch<'_>,
    entry: &CommitEntry<'_>,
) -> Result<(), StoreError> {
    for change in entry.changes {
        writer.write_change(change)?;
    }
    let (direct, images) = images(entry);
    audit.append(NewAuditRow {
        seq: batch.seq,
        at: batch.at,
        origin: entry.origin,
        action: entry.action,
        outcome: AuditOutcome::Done,
        details: entry.details,
        undone_ids: entry.undone_ids,
        change_count: entry.changes.len() as u64,
        direct: Some(direct),
        images,
    })?;
    Ok(())
}

/// The images that a row keeps: those of what the operator did come before those of what followed. Of these,
/// an undo needs the ports at the ends of links: they tell whether a leaf was ever connected.
fn images(entry: &CommitEntry<'_>) -> (DirectCountsV1, Vec<ImageV2<'static>>) {
    let (direct, derived) = entry.changes.split_at(entry.direct_count.min(entry.changes.len()));
    let mut salts = Salts::default();
    let mut images = first_images(direct.iter(), &mut salts, AUDIT_DIRECT_BYTES_MAX);
    if images.len() < direct.len() {
        let is_port = |change: &&Change| matches!(change, Change::Interface(_));
        let others = direct.iter().filter(|change| !is_port(change));
        images = first_images(others, &mut salts, AUDIT_DIRECT_BYTES_MAX);
    }
    let counts = DirectCountsV1 { changes: direct.len() as u64, images: images.len() as u64 };
    let ends = ends_of_links(direct);
    let is_end = |change: &&Change| matches!(change, Change::Interface(edit) if ends.contains(&edit.latest().id));
    let bytes: usize = images.iter().map(ImageV2::byte_count).sum();
    let bytes_left = AUDIT_DIRECT_BYTES_MAX.saturating_sub(bytes);
    images.extend(first_images(derived.iter().filter(is_end), &mut salts, bytes_left));
    let others = derived.iter().filter(|change| !is_end(change)).take(AUDIT_DERIVED_IMAGES_MAX);
    images.extend(others.map(|change| ImageV2::of_change(change, &mut salts)));
    (counts, images)
}

fn first_images<'a>(
    changes: impl Iterator<Item = &'a Change>,
    salts: &mut Salts,
    bytes_max: usize,
) -> Vec<ImageV2<'static>> {
    let mut bytes = 0;
    let fits = |image: &ImageV2<'_>| {
        bytes += image.byte_count();
        bytes <= bytes_max
    };
    changes.map(|change| ImageV2::of_change(change, salts)).take_while(fits).collect()
}

/// The ports at the ends of changed links, before and after.
fn ends_of_links(changes: &[Change]) -> FxHashSet<InterfaceId> {
    let links = changes.iter().filter_map(|change| match change {
        Change::Link(edit) => Some(edit.before.iter().chain(&edit.after)),
        Change::Device(_) | Change::Interface(_) => None,
    });
    links.flatten().flat_map(|link| [link.a, link.b]).collect()
}
