//! The audit trail: who changed what, when, from what to what.

use std::ops::Deref;

use bincode::{BorrowDecode, Encode};

use super::codec::{RecordReader, RecordSource, VersionedRecord, encode};
use super::error::StoreError;
use super::records::StoredEntity;
use super::tables::kind_code;
use crate::domain::{Change, Device, EntityKey, EntityKind, Interface, Link, Timestamp};

/// Who asked for a change, and by which request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditOrigin {
    /// For example `api 192.0.2.7` or `cli`.
    pub actor: String,
    /// The request's `X-Request-Id`; empty outside HTTP.
    pub request_id: String,
}

/// One audit row, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    pub id: u64,
    pub seq: u64,
    pub at: Timestamp,
    pub origin: AuditOrigin,
    pub action: String,
    /// How many entities changed; more than `images` when there were too many to keep or to read.
    pub change_count: u64,
    pub images: Vec<AuditImage>,
}

/// One changed entity before and after.
#[derive(Clone, Debug, PartialEq)]
pub enum AuditImage {
    Device { id: u64, before: Option<Box<Device>>, after: Option<Box<Device>> },
    Interface { id: u64, before: Option<Box<Interface>>, after: Option<Box<Interface>> },
    Link { id: u64, before: Option<Box<Link>>, after: Option<Box<Link>> },
}

#[derive(Encode)]
pub(super) struct AuditV1<'a> {
    pub(super) seq: u64,
    pub(super) at_us: i64,
    pub(super) actor: &'a str,
    pub(super) request_id: &'a str,
    pub(super) action: &'a str,
    pub(super) change_count: u64,
    pub(super) images: Vec<ImageV1>,
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

/// The fields of [`AuditV1`] before its images, and their count.
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

/// An [`ImageV1`] in the bytes of its row.
#[derive(BorrowDecode)]
struct ImageBytesV1<'a> {
    kind: u8,
    id: u64,
    before: Option<&'a [u8]>,
    after: Option<&'a [u8]>,
}

impl VersionedRecord for AuditV1<'_> {
    const VERSION: u8 = 1;
}

/// Reads a row with at most `images_max` of its images; the others are not decoded.
pub(super) fn decode_entry(
    id: u64,
    bytes: &[u8],
    images_max: usize,
) -> Result<AuditEntry, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    let mut parts = RecordReader::of::<AuditV1<'_>>(bytes, source)?;
    let row: RowStartV1<'_> = parts.next()?;
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
        origin: AuditOrigin { actor: row.actor.to_owned(), request_id: row.request_id.to_owned() },
        action: row.action.to_owned(),
        change_count: row.change_count,
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
    let mut parts = RecordReader::of::<AuditV1<'_>>(bytes, source)?;
    let row: RowStartV1<'_> = parts.next()?;
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
    let RowStartV1 { seq, at_us, actor, request_id, action, change_count, .. } = row;
    let row = AuditV1 { seq, at_us, actor, request_id, action, change_count, images };
    Ok(is_changed.then(|| encode(&row)))
}

fn has_image(
    id: u64,
    bytes: &[u8],
    is_wanted: impl Fn(&ImageBytesV1<'_>) -> bool,
) -> Result<bool, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    let mut parts = RecordReader::of::<AuditV1<'_>>(bytes, source)?;
    let row: RowStartV1<'_> = parts.next()?;
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
    let Some(details) = device.details.as_deref() else { return Ok(None) };
    let rest = details.without_personal_data();
    if rest == *details {
        return Ok(None);
    }
    device.details = rest.boxed();
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
