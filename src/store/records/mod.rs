//! The records of entities on disk, and their conversion from and to the domain.
//!
//! A shipped struct here is never edited: add the next version and a conversion.

mod device;
mod interface;
mod link;

use bincode::{BorrowDecode, Encode};

use super::codec::RecordSource;
use super::error::StoreError;
use crate::domain::{Lifecycle, Name, Override, OverrideReason, Status, Timestamp};

/// A domain entity that has a record.
pub(super) trait StoredEntity: Sized {
    fn encode_into(&self, buffer: &mut Vec<u8>);
    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError>;
}

#[derive(Encode, BorrowDecode)]
struct OverrideV1<'a> {
    status: u8,
    reason: Option<&'a str>,
}

#[derive(Encode, BorrowDecode)]
struct OverrideV2<'a> {
    status: u8,
    reason: Option<&'a str>,
    ends_at_us: Option<i64>,
    is_planned_work: bool,
}

impl<'a> From<OverrideV1<'a>> for OverrideV2<'a> {
    fn from(old: OverrideV1<'a>) -> Self {
        let OverrideV1 { status, reason } = old;
        Self { status, reason, ends_at_us: None, is_planned_work: false }
    }
}

fn name(text: &str, source: RecordSource<'_>) -> Result<Name, StoreError> {
    Name::stored(text).map_err(|error| source.damaged(error.to_string()))
}

const fn status_code(status: Status) -> u8 {
    match status {
        Status::Up => 0,
        Status::Down => 1,
        Status::Degraded => 2,
    }
}

fn status(code: u8, source: RecordSource<'_>) -> Result<Status, StoreError> {
    match code {
        0 => Ok(Status::Up),
        1 => Ok(Status::Down),
        2 => Ok(Status::Degraded),
        _ => Err(source.damaged("unknown status")),
    }
}

/// What a record without a lifecycle, one of version 1, means.
const IN_SERVICE: u8 = lifecycle_code(Lifecycle::InService);

const fn lifecycle_code(lifecycle: Lifecycle) -> u8 {
    match lifecycle {
        Lifecycle::Planned => 0,
        Lifecycle::InService => 1,
        Lifecycle::Retired => 2,
    }
}

fn lifecycle(code: u8, source: RecordSource<'_>) -> Result<Lifecycle, StoreError> {
    Lifecycle::ALL
        .into_iter()
        .find(|lifecycle| lifecycle_code(*lifecycle) == code)
        .ok_or_else(|| source.damaged("unknown lifecycle"))
}

fn override_record(set: &Override) -> OverrideV2<'_> {
    OverrideV2 {
        status: status_code(set.status),
        reason: set.reason.as_ref().map(OverrideReason::as_str),
        ends_at_us: set.ends_at.map(|at| at.0),
        is_planned_work: set.is_planned_work,
    }
}

fn over(record: &OverrideV2<'_>, source: RecordSource<'_>) -> Result<Override, StoreError> {
    let reason = record.reason.map(OverrideReason::new).transpose();
    Ok(Override {
        status: status(record.status, source)?,
        reason: reason.map_err(|error| source.damaged(error.to_string()))?,
        ends_at: record.ends_at_us.map(Timestamp),
        is_planned_work: record.is_planned_work,
    })
}

/// The bytes of golden records.
#[cfg(test)]
pub(super) fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
}
