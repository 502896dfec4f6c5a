//! The audit trail: who changed what, when, from what to what.

use std::ops::Deref;

use bincode::{BorrowDecode, Encode};

use super::audit_event::AuditOrigin;
use super::codec::{RecordReader, RecordSource, VersionedRecord, encode};
use super::error::StoreError;
use super::records::StoredEntity;
use super::tables::kind_code;
use crate::domain::{Change, Device, EntityKey, EntityKind, Interface, Link, Timestamp};

/// One audit row, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    pub id: u64,
    pub seq: u64,
    pub at: Timestamp,
    pub origin: AuditOrigin,
    pub action: String,
    /// The rows whose commands this one undid.
    pub undone_ids: Vec<u64>,
    /// How many entities changed; more than `images` when there were too many to keep or to read.
    pub change_count: u64,
    /// `None` in rows of version 0.1 and in those that come from SQL.
    pub direct: Option<DirectCounts>,
    /// How many images the row has; more than `images` when not all were read.
    pub image_count: u64,
    pub images: Vec<AuditImage>,
}

/// How much of a row is what the command itself changed; the rest followed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectCounts {
    /// Entities that the command itself changed.
    pub changes: u64,
    /// How many images at the front are of these; fewer when there were too many to keep.
    pub images: u64,
}

impl AuditEntry {
    /// Whether the images hold all that the command itself changed.
    pub fn is_complete(&self) -> bool {
        match self.direct {
            Some(direct) => direct.images == direct.changes,
            None => self.image_count == self.change_count,
        }
    }
}

/// One changed entity before and after.
#[derive(Clone, Debug, PartialEq)]
pub enum AuditImage {
    Device { id: u64, before: Option<Box<Device>>, after: Option<Box<Device>> },
    Interface { id: u64, before: Option<Box<Interface>>, after: Option<Box<Interface>> },
    Link { id: u64, before: Option<Box<Link>>, after: Option<Box<Link>> },
}

/// Rows were shipped as version 1, which had neither `undone_ids` nor `direct`.
#[derive(Encode)]
pub(super) struct AuditV2<'a> {
    pub(super) seq: u64,
    pub(super) at_us: i64,
    pub(super) actor: &'a str,
    pub(super) request_id: &'a str,
    pub(super) action: &'a str,
    pub(super) undone_ids: &'a [u64],
    pub(super) change_count: u64,
    pub(super) direct: Option<DirectCountsV1>,
    pub(super) images: Vec<ImageV1>,
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

/// `before` and `after` hold the entity's own versioned record.
#[derive(Encode)]
pub(super) struct ImageV1 {
    pub(super) kind: u8,
    pub(super) id: u64,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Option<Vec<u8>>,
}

impl ImageV1 {
    /// The image of a changed entity.
    pub(super) fn of_change(change: &Change) -> Self {
        match change {
            Change::Device(edit) => Self::of_sides(change.key(), &edit.before, &edit.after),
            Change::Interface(edit) => Self::of_sides(change.key(), &edit.before, &edit.after),
            Change::Link(edit) => Self::of_sides(change.key(), &edit.before, &edit.after),
        }
    }

    /// The image as it was decoded, for a row that is copied.
    pub(super) fn of_image(image: &AuditImage) -> Self {
        let key = |kind, id| EntityKey { kind, id };
        match image {
            AuditImage::Device { id, before, after } => {
                Self::of_sides(key(EntityKind::Device, *id), before, after)
            }
            AuditImage::Interface { id, before, after } => {
                Self::of_sides(key(EntityKind::Interface, *id), before, after)
            }
            AuditImage::Link { id, before, after } => {
                Self::of_sides(key(EntityKind::Link, *id), before, after)
            }
        }
    }

    fn of_sides<T: StoredEntity, P: Deref<Target = T>>(
        key: EntityKey,
        before: &Option<P>,
        after: &Option<P>,
    ) -> Self {
        let encode = |entity: &T| {
            let mut buffer = Vec::new();
            entity.encode_into(&mut buffer);
            buffer
        };
        Self {
            kind: kind_code(key.kind),
            id: key.id,
            before: before.as_deref().map(encode),
            after: after.as_deref().map(encode),
        }
    }

    /// Its size in a row, within a few bytes.
    pub(super) fn byte_count(&self) -> usize {
        let side = |side: &Option<Vec<u8>>| side.as_ref().map_or(0, Vec::len);
        IMAGE_FRAME_BYTES + side(&self.before) + side(&self.after)
    }
}

/// Kind, id, and the lengths of both sides.
const IMAGE_FRAME_BYTES: usize = 24;

/// The fields of a row of version 1 before its images, and their count.
#[derive(BorrowDecode)]
struct RowStartV1<'a> {
    seq: u64,
    at_us: i64,
    actor: &'a str,
    request_id: &'a str,
    action: &'a str,
    change_count: u64,
    image_count: u64,
}

/// The fields of [`AuditV2`] before its images, and their count.
#[derive(BorrowDecode)]
struct RowStartV2<'a> {
    seq: u64,
    at_us: i64,
    actor: &'a str,
    request_id: &'a str,
    action: &'a str,
    undone_ids: Vec<u64>,
    change_count: u64,
    direct: Option<DirectCountsV1>,
    image_count: u64,
}

impl<'a> From<RowStartV1<'a>> for RowStartV2<'a> {
    fn from(old: RowStartV1<'a>) -> Self {
        let RowStartV1 { seq, at_us, actor, request_id, action, change_count, image_count } = old;
        let (undone_ids, direct) = (Vec::new(), None);
        Self {
            seq,
            at_us,
            actor,
            request_id,
            action,
            undone_ids,
            change_count,
            direct,
            image_count,
        }
    }
}

/// An [`ImageV1`] in the bytes of its row.
#[derive(BorrowDecode)]
struct ImageBytesV1<'a> {
    kind: u8,
    id: u64,
    before: Option<&'a [u8]>,
    after: Option<&'a [u8]>,
}

impl VersionedRecord for AuditV2<'_> {
    const VERSION: u8 = 2;
}

const VERSION_OF_V1: u8 = 1;

/// Reads the fields before the images; these follow.
fn read_start<'b, 's>(
    bytes: &'b [u8],
    source: RecordSource<'s>,
) -> Result<(RowStartV2<'b>, RecordReader<'b, 's>), StoreError> {
    if let Some((&VERSION_OF_V1, payload)) = bytes.split_first() {
        let mut parts = RecordReader::of_payload(payload, source);
        return Ok((parts.next::<RowStartV1<'_>>()?.into(), parts));
    }
    let mut parts = RecordReader::of::<AuditV2<'_>>(bytes, source)?;
    Ok((parts.next()?, parts))
}

/// Reads a row with at most `images_max` of its images; the others are not decoded.
pub(super) fn decode_entry(
    id: u64,
    bytes: &[u8],
    images_max: usize,
) -> Result<AuditEntry, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    let (row, mut parts) = read_start(bytes, source)?;
    let stored = usize::try_from(row.image_count).unwrap_or(usize::MAX);
    let mut images = Vec::new();
    for _ in 0..stored.min(images_max) {
        images.push(decode_image(&parts.next()?, source)?);
    }
    if stored <= images_max {
        parts.end()?;
    }
    Ok(AuditEntry {
        id,
        seq: row.seq,
        at: Timestamp(row.at_us),
        origin: AuditOrigin {
            request_id: row.request_id.to_owned(),
            ..AuditOrigin::local(row.actor)
        },
        action: row.action.to_owned(),
        undone_ids: row.undone_ids,
        change_count: row.change_count,
        direct: row.direct.map(Into::into),
        image_count: row.image_count,
        images,
    })
}

/// Returns the row without the personal data of these devices, which are ascending; `None` when it has
/// none.
pub(super) fn without_personal_data(
    id: u64,
    bytes: &[u8],
    devices: &[u64],
) -> Result<Option<Vec<u8>>, StoreError> {
    const DEVICE: u8 = kind_code(EntityKind::Device);
    let is_concerned =
        |image: &ImageBytesV1<'_>| image.kind == DEVICE && devices.binary_search(&image.id).is_ok();
    // Most rows are about other devices: they are read, but not copied.
    if !has_image(id, bytes, is_concerned)? {
        return Ok(None);
    }
    let source = RecordSource { table: "audit", key: &id };
    let (row, mut parts) = read_start(bytes, source)?;
    let mut images = Vec::new();
    let mut is_changed = false;
    for _ in 0..row.image_count {
        let image: ImageBytesV1<'_> = parts.next()?;
        let is_concerned = is_concerned(&image);
        let mut side = |bytes: Option<&[u8]>| -> Result<Option<Vec<u8>>, StoreError> {
            let Some(bytes) = bytes else { return Ok(None) };
            let erased = if is_concerned { erased_record(image.id, bytes)? } else { None };
            is_changed |= erased.is_some();
            Ok(Some(erased.unwrap_or_else(|| bytes.to_vec())))
        };
        let (before, after) = (side(image.before)?, side(image.after)?);
        images.push(ImageV1 { kind: image.kind, id: image.id, before, after });
    }
    parts.end()?;
    let row = AuditV2 {
        seq: row.seq,
        at_us: row.at_us,
        actor: row.actor,
        request_id: row.request_id,
        action: row.action,
        undone_ids: &row.undone_ids,
        change_count: row.change_count,
        direct: row.direct,
        images,
    };
    Ok(is_changed.then(|| encode(&row)))
}

fn has_image(
    id: u64,
    bytes: &[u8],
    is_wanted: impl Fn(&ImageBytesV1<'_>) -> bool,
) -> Result<bool, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    let (row, mut parts) = read_start(bytes, source)?;
    for _ in 0..row.image_count {
        if is_wanted(&parts.next()?) {
            return Ok(true);
        }
    }
    parts.end().map(|()| false)
}

/// The record of a device without personal data; `None` when it has none.
fn erased_record(id: u64, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let mut device = Device::decode(id, bytes)?;
    if !device.erase_personal_data() {
        return Ok(None);
    }
    let mut buffer = Vec::new();
    device.encode_into(&mut buffer);
    Ok(Some(buffer))
}

fn decode_image(
    image: &ImageBytesV1<'_>,
    source: RecordSource<'_>,
) -> Result<AuditImage, StoreError> {
    const DEVICE: u8 = kind_code(EntityKind::Device);
    const INTERFACE: u8 = kind_code(EntityKind::Interface);
    const LINK: u8 = kind_code(EntityKind::Link);
    let id = image.id;
    Ok(match image.kind {
        DEVICE => {
            let (before, after) = sides(image)?;
            AuditImage::Device { id, before, after }
        }
        INTERFACE => {
            let (before, after) = sides(image)?;
            AuditImage::Interface { id, before, after }
        }
        LINK => {
            let (before, after) = sides(image)?;
            AuditImage::Link { id, before, after }
        }
        other => return Err(source.damaged(format!("unknown kind {other}"))),
    })
}

type Sides<T> = (Option<Box<T>>, Option<Box<T>>);

fn sides<T: StoredEntity>(image: &ImageBytesV1<'_>) -> Result<Sides<T>, StoreError> {
    let side = |bytes: Option<&[u8]>| {
        bytes.map(|bytes| T::decode(image.id, bytes).map(Box::new)).transpose()
    };
    Ok((side(image.before)?, side(image.after)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{InterfaceId, Lifecycle, LinkId, Status};
    use crate::store::records::unhex;
    use crate::util::hex;

    /// Versions as they were first shipped. These bytes never change.
    const AUDIT_V1: &str = "01fb2c01fd0260be0216c10c0003636c6903722d310b64656c657465206c696e6b03010305012b\
        02010201000000000000f83f000100fd0060be0216c10c0000fd0060be0216c10c00fd0060be0216c1\
        0c0000";
    const AUDIT_V2: &str = "02fb2c01fd0260be0216c10c0003636c6903722d310b64656c657465206c696e6b010603010101\
        010305012b02010201000000000000f83f000100fd0060be0216c10c0000fd0060be0216c10c00fd00\
        60be0216c10c0000";

    /// A deleted link, as it was kept with a row of the version.
    fn entry(undone_ids: Vec<u64>, direct: Option<DirectCounts>) -> AuditEntry {
        let link = Link {
            id: LinkId(5),
            a: InterfaceId(1),
            b: InterfaceId(2),
            length_km: Some(1.5),
            medium: None,
            lifecycle: Lifecycle::InService,
            status: Status::Up,
            status_override: None,
            status_since: Timestamp(1_795_000_000_000_000),
            created_at: Timestamp(1_795_000_000_000_000),
            updated_at: Timestamp(1_795_000_000_000_000),
        };
        AuditEntry {
            id: 7,
            seq: 300,
            at: Timestamp(1_795_000_000_000_001),
            origin: AuditOrigin { request_id: "r-1".into(), ..AuditOrigin::local("cli") },
            action: "delete link".into(),
            undone_ids,
            change_count: 3,
            direct,
            image_count: 1,
            images: vec![AuditImage::Link { id: 5, before: Some(Box::new(link)), after: None }],
        }
    }

    fn encoded(entry: &AuditEntry) -> Vec<u8> {
        encode(&AuditV2 {
            seq: entry.seq,
            at_us: entry.at.0,
            actor: &entry.origin.actor,
            request_id: &entry.origin.request_id,
            action: &entry.action,
            undone_ids: &entry.undone_ids,
            change_count: entry.change_count,
            direct: entry.direct.map(Into::into),
            images: entry.images.iter().map(ImageV1::of_image).collect(),
        })
    }

    #[test]
    fn a_row_round_trip_and_golden_bytes() {
        let entry = entry(vec![6], Some(DirectCounts { changes: 1, images: 1 }));
        let bytes = encoded(&entry);
        assert_eq!(decode_entry(7, &bytes, usize::MAX).unwrap(), entry);
        assert_eq!(hex(&bytes), AUDIT_V2);
    }

    #[test]
    fn a_row_of_version_1_does_not_tell_what_the_command_changed_itself() {
        let read = decode_entry(7, &unhex(AUDIT_V1), usize::MAX).unwrap();
        assert_eq!(read, entry(Vec::new(), None));
        assert!(!read.is_complete(), "two of three images are missing");
    }

    #[test]
    fn a_row_is_complete_when_it_has_all_that_the_command_changed_itself() {
        let check = |direct: Option<(u64, u64)>, change_count, expected| {
            let direct = direct.map(|(changes, images)| DirectCounts { changes, images });
            let entry = AuditEntry { change_count, ..entry(Vec::new(), direct) };
            assert_eq!(entry.is_complete(), expected, "{direct:?} of {change_count}");
        };
        check(Some((1, 1)), 3, true);
        check(Some((2, 1)), 3, false);
        check(Some((0, 0)), 3, true);
        check(None, 1, true);
        check(None, 3, false);
    }
}
