//! The bytes of a value: one version byte, then the record in bincode 2's standard configuration.
//!
//! Only bytes that this program wrote are ever decoded here (bincode is no longer maintained;
//! `deny.toml` says why that is acceptable).

use bincode::config::{Configuration, standard};
use bincode::{BorrowDecode, Encode};

use super::error::StoreError;

const CONFIG: Configuration = standard();

/// A record layout that has been shipped: never edited, only followed by another version.
pub(super) trait VersionedRecord: Encode {
    const VERSION: u8;
}

/// Where bytes come from, for the error when they cannot be decoded.
#[derive(Clone, Copy)]
pub(super) struct RecordSource<'a> {
    pub(super) table: &'static str,
    pub(super) key: &'a dyn std::fmt::Display,
}

impl RecordSource<'_> {
    pub(super) fn damaged(self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { table: self.table, key: self.key.to_string(), what: what.into() }
    }
}

/// Writes a record's value into `buffer`, replacing what it held.
pub(super) fn encode_into<R: VersionedRecord>(record: &R, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.push(R::VERSION);
    bincode::encode_into_std_write(record, buffer, CONFIG)
        .expect("writing into a Vec cannot fail and records hold no unencodable values");
}

pub(super) fn encode<R: VersionedRecord>(record: &R) -> Vec<u8> {
    let mut buffer = Vec::new();
    encode_into(record, &mut buffer);
    buffer
}

/// A record that is decoded part by part, as far as the reader needs it.
pub(super) struct RecordReader<'b, 's> {
    rest: &'b [u8],
    source: RecordSource<'s>,
}

impl<'b, 's> RecordReader<'b, 's> {
    /// # Errors
    /// [`StoreError::Damaged`] for another version.
    pub(super) fn of<R: VersionedRecord>(
        bytes: &'b [u8],
        source: RecordSource<'s>,
    ) -> Result<Self, StoreError> {
        payload::<R>(bytes, source).map(|rest| Self::of_payload(rest, source))
    }

    /// Reads what follows the version byte.
    pub(super) fn of_payload(rest: &'b [u8], source: RecordSource<'s>) -> Self {
        Self { rest, source }
    }

    /// # Errors
    /// [`StoreError::Damaged`] for a short value; so does [`RecordReader::end`] for a long one.
    pub(super) fn next<T: BorrowDecode<'b, ()>>(&mut self) -> Result<T, StoreError> {
        let (part, length) = bincode::borrow_decode_from_slice(self.rest, CONFIG)
            .map_err(|error| self.source.damaged(error.to_string()))?;
        self.rest = &self.rest[length..];
        Ok(part)
    }

    pub(super) fn end(self) -> Result<(), StoreError> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(self.source.damaged(format!("{more} bytes too many"))),
        }
    }
}

/// Reads a record of this version.
///
/// # Errors
/// [`StoreError::Damaged`] for another version, a short or a long value.
pub(super) fn decode<'b, R>(bytes: &'b [u8], source: RecordSource<'_>) -> Result<R, StoreError>
where
    R: VersionedRecord + BorrowDecode<'b, ()>,
{
    let mut parts = RecordReader::of::<R>(bytes, source)?;
    let record = parts.next()?;
    parts.end()?;
    Ok(record)
}

fn payload<'b, R: VersionedRecord>(
    bytes: &'b [u8],
    source: RecordSource<'_>,
) -> Result<&'b [u8], StoreError> {
    match bytes.split_first() {
        None => Err(source.damaged("the value is empty")),
        Some((version, payload)) if *version == R::VERSION => Ok(payload),
        Some((version, _)) => {
            Err(source
                .damaged(format!("record version {version}, this program knows {}", R::VERSION)))
        }
    }
}
