//! Bytes of a value: one version byte, then the record in bincode 2's standard configuration.
//!
//! Only bytes that this program wrote are ever decoded here (bincode is no longer maintained;
//! `deny.toml` says why that is acceptable).

use bincode::config::{Configuration, standard};
use bincode::{BorrowDecode, Encode};

use super::error::StoreError;

const CONFIG: Configuration = standard();

/// A record layout that has been shipped: never edited, only followed by another version.
pub(super) trait Record: Encode {
    const VERSION: u8;
}

/// Where bytes came from, for the error when they cannot be read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) table: &'static str,
    pub(super) key: &'a dyn std::fmt::Display,
}

impl Source<'_> {
    pub(super) fn damaged(self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { table: self.table, key: self.key.to_string(), what: what.into() }
    }
}

/// Writes a record's value into `buffer`, replacing what it held.
pub(super) fn encode_into<R: Record>(record: &R, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.push(R::VERSION);
    bincode::encode_into_std_write(record, buffer, CONFIG)
        .expect("writing into a Vec cannot fail and records hold no unencodable values");
}

pub(super) fn encode<R: Record>(record: &R) -> Vec<u8> {
    let mut buffer = Vec::new();
    encode_into(record, &mut buffer);
    buffer
}

/// Reads a record of this version.
///
/// # Errors
/// [`StoreError::Damaged`] for another version, a short or a long value.
pub(super) fn decode<'b, R>(bytes: &'b [u8], source: Source<'_>) -> Result<R, StoreError>
where
    R: Record + BorrowDecode<'b, ()>,
{
    let Some((version, payload)) = bytes.split_first() else {
        return Err(source.damaged("the value is empty"));
    };
    if *version != R::VERSION {
        return Err(
            source.damaged(format!("record version {version}, this program knows {}", R::VERSION))
        );
    }
    let (record, length) = bincode::borrow_decode_from_slice(payload, CONFIG)
        .map_err(|error| source.damaged(error.to_string()))?;
    if length != payload.len() {
        return Err(source.damaged(format!("{} bytes too many", payload.len() - length)));
    }
    Ok(record)
}
