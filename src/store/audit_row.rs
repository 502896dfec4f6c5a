//! The records of audit rows on disk, of every version, and what the chain covers of them.

use bincode::{BorrowDecode, Encode};
use sha2::{Digest as _, Sha256};

use super::audit_chain::{AuditHash, AuditLink, HashedRow};
use super::audit_event::{ACCEPT_AUDIT_PROBLEMS, AuditOutcome, RESTORE_BACKUP};
use super::audit_image::{AuditImage, ImageV1, ImageV2};
use super::codec::{RecordReader, RecordSource, VersionedRecord, encode};
use super::error::StoreError;
use crate::domain::Timestamp;

/// How much of a row is what the command itself changed; the rest followed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectCounts {
    /// Entities that the command itself changed.
    pub changes: u64,
    /// How many images at the front are of these; fewer when there were too many to keep.
    pub images: u64,
}

#[derive(Clone, Copy, Encode, BorrowDecode)]
pub(super) struct DirectCountsV1 {
    pub(super) changes: u64,
    pub(super) images: u64,
}

impl From<DirectCounts> for DirectCountsV1 {
    fn from(counts: DirectCounts) -> Self {
        let DirectCounts { changes, images } = counts;
        Self { changes, images }
    }
}

impl From<DirectCountsV1> for DirectCounts {
    fn from(record: DirectCountsV1) -> Self {
        let DirectCountsV1 { changes, images } = record;
        Self { changes, images }
    }
}

/// The fields of a row of version 1 before its images.
#[derive(BorrowDecode)]
struct RowStartV1<'a> {
    seq: u64,
    at_us: i64,
    actor: &'a str,
    request_id: &'a str,
    action: &'a str,
    change_count: u64,
}

/// The fields of a row of version 2 before its images.
#[derive(Encode, BorrowDecode)]
pub(super) struct RowStartV2<'a> {
    pub(super) seq: u64,
    pub(super) at_us: i64,
    pub(super) actor: &'a str,
    pub(super) request_id: &'a str,
    pub(super) action: &'a str,
    pub(super) undone_ids: Vec<u64>,
    pub(super) change_count: u64,
    pub(super) direct: Option<DirectCountsV1>,
}

/// The fields of a row of version 3 before its images.
#[derive(Encode, BorrowDecode)]
pub(super) struct RowStartV3<'a> {
    pub(super) seq: u64,
    pub(super) at_us: i64,
    pub(super) actor: &'a str,
    /// Empty when it came over no network.
    pub(super) address: &'a str,
    pub(super) request_id: &'a str,
    pub(super) action: &'a str,
    /// See [`outcome_code`].
    pub(super) outcome: u8,
    /// JSON text, or empty.
    pub(super) details: &'a str,
    pub(super) undone_ids: Vec<u64>,
    pub(super) change_count: u64,
    pub(super) direct: Option<DirectCountsV1>,
    /// `None` in rows from before the chain.
    pub(super) link: Option<AuditLink>,
    /// The images were read from SQL, which lacks some of their fields: the chain does not cover them.
    pub(super) has_images_of_sql: bool,
}

/// Rows were shipped as version 1, which had neither `undone_ids` nor `direct`, and as this.
#[derive(Encode)]
pub(super) struct AuditV2<'a> {
    pub(super) start: RowStartV2<'a>,
    pub(super) images: Vec<ImageV1<'a>>,
}

#[derive(Encode)]
pub(super) struct AuditV3<'a> {
    pub(super) start: RowStartV3<'a>,
    pub(super) images: Vec<ImageV2<'a>>,
}

impl VersionedRecord for AuditV2<'_> {
    const VERSION: u8 = 2;
}

impl VersionedRecord for AuditV3<'_> {
    const VERSION: u8 = 3;
}

const VERSION_OF_V1: u8 = 1;
const VERSION_OF_V2: u8 = <AuditV2<'_> as VersionedRecord>::VERSION;

impl<'a> From<RowStartV1<'a>> for RowStartV2<'a> {
    fn from(old: RowStartV1<'a>) -> Self {
        let RowStartV1 { seq, at_us, actor, request_id, action, change_count } = old;
        let (undone_ids, direct) = (Vec::new(), None);
        Self { seq, at_us, actor, request_id, action, undone_ids, change_count, direct }
    }
}

impl<'a> From<RowStartV2<'a>> for RowStartV3<'a> {
    fn from(old: RowStartV2<'a>) -> Self {
        let RowStartV2 { seq, at_us, actor, request_id, action, undone_ids, change_count, direct } =
            old;
        Self {
            seq,
            at_us,
            actor,
            address: "",
            request_id,
            action,
            outcome: outcome_code(AuditOutcome::Done),
            details: "",
            undone_ids,
            change_count,
            direct,
            link: None,
            has_images_of_sql: false,
        }
    }
}

pub(super) const fn outcome_code(outcome: AuditOutcome) -> u8 {
    match outcome {
        AuditOutcome::Done => 0,
        AuditOutcome::Refused => 1,
    }
}

pub(super) fn outcome(code: u8, source: RecordSource<'_>) -> Result<AuditOutcome, StoreError> {
    let outcome = AuditOutcome::ALL.into_iter().find(|outcome| outcome_code(*outcome) == code);
    outcome.ok_or_else(|| source.damaged(format!("unknown outcome {code}")))
}

/// A row that is read from the front; its images follow one by one.
pub(super) struct RowReading<'b, 's> {
    pub(super) start: RowStartV3<'b>,
    pub(super) image_count: u64,
    images_read: u64,
    has_images_v1: bool,
    source: RecordSource<'s>,
    parts: RecordReader<'b, 's>,
}

impl<'b, 's> RowReading<'b, 's> {
    pub(super) fn begin(bytes: &'b [u8], source: RecordSource<'s>) -> Result<Self, StoreError> {
        let (start, mut parts, has_images_v1) = match bytes.split_first() {
            Some((&VERSION_OF_V1, payload)) => {
                let mut parts = RecordReader::of_payload(payload, source);
                let old: RowStartV2<'b> = parts.next::<RowStartV1<'b>>()?.into();
                (old.into(), parts, true)
            }
            Some((&VERSION_OF_V2, payload)) => {
                let mut parts = RecordReader::of_payload(payload, source);
                (parts.next::<RowStartV2<'b>>()?.into(), parts, true)
            }
            _ => {
                let mut parts = RecordReader::of::<AuditV3<'_>>(bytes, source)?;
                (parts.next()?, parts, false)
            }
        };
        let image_count = parts.next()?;
        Ok(Self { start, image_count, images_read: 0, has_images_v1, source, parts })
    }

    /// The next image, decoded.
    pub(super) fn next_image(&mut self) -> Result<AuditImage, StoreError> {
        self.images_read += 1;
        if self.has_images_v1 {
            self.parts.next::<ImageV1<'b>>()?.decode(self.source)
        } else {
            self.parts.next::<ImageV2<'b>>()?.decode(self.source)
        }
    }

    /// Checks that nothing follows the last image, if that was read.
    pub(super) fn end(self) -> Result<(), StoreError> {
        if self.images_read < self.image_count { Ok(()) } else { self.parts.end() }
    }

    fn images<T: BorrowDecode<'b, ()>>(&mut self) -> Result<Vec<T>, StoreError> {
        let mut images = Vec::new();
        for _ in 0..self.image_count {
            images.push(self.parts.next()?);
        }
        self.images_read = self.image_count;
        Ok(images)
    }
}

/// Returns the row without the personal data of these devices, which are ascending; `None` when it has
/// none.
pub(super) fn without_personal_data(
    id: u64,
    bytes: &[u8],
    devices: &[u64],
) -> Result<Option<Vec<u8>>, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    let mut row = RowReading::begin(bytes, source)?;
    let mut is_changed = false;
    let erased = if row.has_images_v1 {
        let mut images: Vec<ImageV1<'_>> = row.images()?;
        for image in images.iter_mut().filter(|image| image.is_of_device(devices)) {
            is_changed |= image.erase()?;
        }
        let RowStartV3 { seq, at_us, actor, request_id, action, undone_ids, .. } = row.start;
        let RowStartV3 { change_count, direct, .. } = row.start;
        let start =
            RowStartV2 { seq, at_us, actor, request_id, action, undone_ids, change_count, direct };
        row.parts.end()?;
        is_changed.then(|| encode(&AuditV2 { start, images }))
    } else {
        let mut images: Vec<ImageV2<'_>> = row.images()?;
        for image in images.iter_mut().filter(|image| image.is_of_device(devices)) {
            is_changed |= image.erase();
        }
        row.parts.end()?;
        is_changed.then(|| encode(&AuditV3 { start: row.start, images }))
    };
    Ok(erased)
}

/// What the chain covers of a row's changes: the rows that it undid, its counts and its images.
pub(super) struct ChangesHasher(Sha256);

impl ChangesHasher {
    pub(super) fn new(
        undone_ids: &[u64],
        direct: Option<DirectCountsV1>,
        image_count: u64,
    ) -> Self {
        let mut hasher = Sha256::new();
        hasher.update((undone_ids.len() as u64).to_le_bytes());
        for id in undone_ids {
            hasher.update(id.to_le_bytes());
        }
        match direct {
            None => hasher.update([0]),
            Some(DirectCountsV1 { changes, images }) => {
                hasher.update([1]);
                hasher.update(changes.to_le_bytes());
                hasher.update(images.to_le_bytes());
            }
        }
        hasher.update(image_count.to_le_bytes());
        Self(hasher)
    }

    pub(super) fn add(&mut self, image: &ImageV2<'_>) {
        image.hash_into(&mut self.0);
    }

    pub(super) fn finish(self) -> AuditHash {
        AuditHash(self.0.finalize().into())
    }
}

impl RowStartV3<'_> {
    /// The hash of this row behind the one with the hash `previous`.
    pub(super) fn hash(
        &self,
        id: u64,
        changes: AuditHash,
        outcome: AuditOutcome,
        previous: AuditHash,
    ) -> AuditHash {
        let row = HashedRow {
            id,
            seq: self.seq,
            at_us: self.at_us,
            outcome: outcome.as_str(),
            change_count: self.change_count,
            changes,
            actor: self.actor,
            address: self.address,
            request_id: self.request_id,
            action: self.action,
            details: self.details,
        };
        row.hash(previous)
    }
}

/// A row's place in the chain.
pub(super) fn link_of(id: u64, bytes: &[u8]) -> Result<Option<AuditLink>, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    Ok(RowReading::begin(bytes, source)?.start.link)
}

/// A row as it is checked.
pub(super) struct CheckedRow {
    /// `None` in a row from before the chain.
    pub(super) link: Option<AuditLink>,
    /// Whether the content and the hash before give its hash.
    pub(super) is_linked: bool,
    /// Whether its changes are those that its hash covers; true where they come from SQL.
    pub(super) has_its_changes: bool,
    pub(super) has_images_of_sql: bool,
    /// Whether it put a backup in place, with its trail.
    pub(super) is_restore: bool,
    /// When an operator accepted with it what was wrong before; `None` for other rows.
    pub(super) accepted_at: Option<Timestamp>,
    /// Sides of images that lost their personal data.
    pub(super) erased_count: u64,
}

/// Checks a row against the hash of the one before, if that is known.
///
/// # Errors
/// [`StoreError::Damaged`] when it cannot be read.
pub(super) fn check_row(
    id: u64,
    bytes: &[u8],
    previous: Option<AuditHash>,
) -> Result<CheckedRow, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    let mut row = RowReading::begin(bytes, source)?;
    let Some(link) = row.start.link else {
        return Ok(CheckedRow {
            link: None,
            is_linked: false,
            has_its_changes: true,
            has_images_of_sql: row.start.has_images_of_sql,
            is_restore: row.start.action == RESTORE_BACKUP,
            accepted_at: None,
            erased_count: 0,
        });
    };
    let images: Vec<ImageV2<'_>> = row.images()?;
    let RowReading { start, image_count, parts, .. } = row;
    parts.end()?;
    let mut changes = ChangesHasher::new(&start.undone_ids, start.direct, image_count);
    let mut erased_count = 0;
    for image in &images {
        changes.add(image);
        erased_count += image.erased_count();
    }
    let outcome = outcome(start.outcome, source)?;
    let hash = |previous| start.hash(id, link.changes, outcome, previous);
    Ok(CheckedRow {
        link: Some(link),
        is_linked: previous.is_none_or(|previous| hash(previous) == link.hash),
        has_its_changes: start.has_images_of_sql || changes.finish() == link.changes,
        has_images_of_sql: start.has_images_of_sql,
        is_restore: start.action == RESTORE_BACKUP,
        accepted_at: (start.action == ACCEPT_AUDIT_PROBLEMS).then_some(Timestamp(start.at_us)),
        erased_count,
    })
}
