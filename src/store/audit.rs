//! The audit trail: who changed what, when, from what to what.

use bincode::{BorrowDecode, Encode};

use super::codec::{Record, Source, decode};
use super::error::StoreError;
use super::records::Stored;
use super::tables::kind_code;
use crate::domain::{Device, Interface, Kind, Link, Timestamp};

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
    /// How many entities changed; more than `images` when those were too many to keep.
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

#[derive(Encode, BorrowDecode)]
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
#[derive(Encode, BorrowDecode)]
pub(super) struct ImageV1 {
    pub(super) kind: u8,
    pub(super) id: u64,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Option<Vec<u8>>,
}

impl Record for AuditV1<'_> {
    const VERSION: u8 = 1;
}

pub(super) fn decode_entry(id: u64, bytes: &[u8]) -> Result<AuditEntry, StoreError> {
    let source = Source { table: "audit", key: &id };
    let row: AuditV1<'_> = decode(bytes, source)?;
    Ok(AuditEntry {
        id,
        seq: row.seq,
        at: Timestamp(row.at_us),
        origin: AuditOrigin { actor: row.actor.to_owned(), request_id: row.request_id.to_owned() },
        action: row.action.to_owned(),
        change_count: row.change_count,
        images: row
            .images
            .iter()
            .map(|image| decode_image(image, source))
            .collect::<Result<_, _>>()?,
    })
}

fn decode_image(image: &ImageV1, source: Source<'_>) -> Result<AuditImage, StoreError> {
    const DEVICE: u8 = kind_code(Kind::Device);
    const INTERFACE: u8 = kind_code(Kind::Interface);
    const LINK: u8 = kind_code(Kind::Link);
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

fn sides<T: Stored>(image: &ImageV1) -> Result<Sides<T>, StoreError> {
    let side = |bytes: &Option<Vec<u8>>| {
        bytes.as_deref().map(|bytes| T::decode(image.id, bytes).map(Box::new)).transpose()
    };
    Ok((side(&image.before)?, side(&image.after)?))
}
