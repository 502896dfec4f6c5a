//! The hash chain of the audit trail: each row has a hash of its content and of the hash of the row before,
//! so that no row can be changed or removed without changing all that follow.
//!
//! A hash is SHA-256 of text that PostgreSQL can build, too; docs/RELIABILITY.md has the query.

use std::fmt::{self, Write as _};

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, Table};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use crate::util::hex;

const CHAIN_KEY: &str = "audit_chain";

/// SHA-256; shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode, BorrowDecode)]
pub struct AuditHash(pub(super) [u8; 32]);

impl AuditHash {
    pub(super) fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// What the first row of a site's trail continues.
    fn genesis(site_id: Uuid) -> Self {
        Self::of(format!("audit trail of site {site_id}"))
    }
}

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A row and its hash. Whoever keeps the newest one elsewhere notices later that the trail was cut or
/// changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    pub id: u64,
    pub hash: AuditHash,
}

impl AuditHead {
    /// As the details of rows, exports and manifests show it.
    pub fn view(self) -> Value {
        json!({ "id": self.id, "hash": self.hash.to_string() })
    }
}

/// Where the chain begins: rows before it were removed by age, or are from before there was a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditAnchor {
    /// Rows from this id on are in the chain.
    pub first_id: u64,
    /// The hash that the first of them continues.
    pub hash: AuditHash,
}

/// Both ends of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditChain {
    pub anchor: AuditAnchor,
    pub head: AuditHead,
}

impl AuditChain {
    /// The anchor of a site without a chain whose next row has this id.
    pub(super) fn begin(site_id: Uuid, next_id: u64) -> AuditAnchor {
        AuditAnchor { first_id: next_id, hash: AuditHash::genesis(site_id) }
    }
}

/// A row's hash, and that of the part of its content that SQL does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct AuditLink {
    /// Of the rows that it undid, its counts and its images.
    pub changes: AuditHash,
    pub hash: AuditHash,
}

/// The content of a row, as its hash covers it.
pub(super) struct HashedRow<'a> {
    pub(super) id: u64,
    pub(super) seq: u64,
    pub(super) at_us: i64,
    pub(super) outcome: &'a str,
    pub(super) change_count: u64,
    pub(super) changes: AuditHash,
    pub(super) actor: &'a str,
    pub(super) address: &'a str,
    pub(super) request_id: &'a str,
    pub(super) action: &'a str,
    pub(super) details: &'a str,
}

impl HashedRow<'_> {
    /// The hash of a row that follows the one with the hash `previous`. A text stands behind the number of
    /// its bytes: no two contents give the same text.
    pub(super) fn hash(&self, previous: AuditHash) -> AuditHash {
        let mut text = String::with_capacity(512);
        let Self { id, seq, at_us, outcome, change_count, changes, .. } = self;
        write!(text, "{previous}\n{id}\n{seq}\n{at_us}\n{outcome}\n{change_count}\n{changes}\n")
            .expect("writing into a string does not fail");
        for part in [self.actor, self.address, self.request_id, self.action, self.details] {
            writeln!(text, "{}:{part}", part.len()).expect("writing into a string does not fail");
        }
        AuditHash::of(text)
    }
}

#[derive(Encode, BorrowDecode)]
struct AuditChainV1 {
    first_id: u64,
    anchor_hash: AuditHash,
    head_id: u64,
    head_hash: AuditHash,
}

impl VersionedRecord for AuditChainV1 {
    const VERSION: u8 = 1;
}

/// Both ends of the chain; `None` before the first row that is in it.
pub(super) fn read_chain(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<AuditChain>, StoreError> {
    let Some(value) = meta.get(CHAIN_KEY)? else { return Ok(None) };
    let record: AuditChainV1 =
        decode(value.value(), RecordSource { table: "meta", key: &CHAIN_KEY })?;
    let AuditChainV1 { first_id, anchor_hash, head_id, head_hash } = record;
    Ok(Some(AuditChain {
        anchor: AuditAnchor { first_id, hash: anchor_hash },
        head: AuditHead { id: head_id, hash: head_hash },
    }))
}

pub(super) fn write_chain(
    meta: &mut Table<'_, &'static str, &'static [u8]>,
    chain: &AuditChain,
) -> Result<(), StoreError> {
    let AuditChain { anchor, head } = chain;
    let record = AuditChainV1 {
        first_id: anchor.first_id,
        anchor_hash: anchor.hash,
        head_id: head.id,
        head_hash: head.hash,
    };
    meta.insert(CHAIN_KEY, encode(&record).as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> HashedRow<'static> {
        HashedRow {
            id: 7,
            seq: 300,
            at_us: 1_795_000_000_000_001,
            outcome: "done",
            change_count: 3,
            changes: AuditHash([1; 32]),
            actor: "user ada",
            address: "192.0.2.7",
            request_id: "r-1",
            action: "delete link",
            details: "",
        }
    }

    /// What was hashed once never changes: these are SHA-256 of the texts, as `sha256sum` has them.
    #[test]
    fn golden_hashes() {
        let site_id = Uuid::from_u128(0x0194_c0de_0000_7000_8000_0000_0000_0001);
        let genesis = AuditHash::genesis(site_id);
        assert_eq!(
            genesis.to_string(),
            "e51f8204086424902e38e44b25a760989b7363f2dc192bd5b094a1b8ef103bb0"
        );
        assert_eq!(
            row().hash(genesis).to_string(),
            "2815cb553533898045bb63c70663b1fe396a2f9e5480556fc873722a2db30bdc"
        );
    }

    #[test]
    fn golden_bytes_of_the_chain() {
        let record = AuditChainV1 {
            first_id: 5,
            anchor_hash: AuditHash([1; 32]),
            head_id: 300,
            head_hash: AuditHash([2; 32]),
        };
        let bytes = "0105".to_owned() + &"01".repeat(32) + "fb2c01" + &"02".repeat(32);
        assert_eq!(hex(encode(&record)), bytes);
    }

    #[test]
    fn each_part_of_a_row_is_in_its_hash() {
        let previous = AuditHash([0; 32]);
        let expected = row().hash(previous);
        let others = [
            HashedRow { id: 8, ..row() },
            HashedRow { seq: 301, ..row() },
            HashedRow { at_us: 0, ..row() },
            HashedRow { outcome: "refused", ..row() },
            HashedRow { change_count: 4, ..row() },
            HashedRow { changes: AuditHash([2; 32]), ..row() },
            HashedRow { actor: "user ad", address: "a192.0.2.7", ..row() },
            HashedRow { address: "", ..row() },
            HashedRow { request_id: "r-2", ..row() },
            HashedRow { action: "create link", ..row() },
            HashedRow { details: "{}", ..row() },
        ];
        for (number, other) in others.iter().enumerate() {
            assert_ne!(other.hash(previous), expected, "row {number}");
        }
        assert_ne!(row().hash(AuditHash([9; 32])), expected, "the row before");
    }

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = AuditHash::of("x");
        assert_eq!(AuditHash::parse(&hash.to_string()), Some(hash));
        for wrong in ["", "00", &"+1".repeat(32), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(AuditHash::parse(wrong), None, "{wrong}");
        }
    }
}
