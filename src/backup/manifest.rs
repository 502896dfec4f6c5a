//! What a backup file holds: its header, inside the file, and its manifest, beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{IdCounters, Timestamp};
use crate::store::{AuditAnchor, AuditChain, AuditHash, AuditHead};

/// The layout of files and manifests that this program writes. 1: as first shipped. 2: the tables of
/// version 2 of the schema. 3: those of version 3, and the ends of the audit trail's chain.
pub const FORMAT: u32 = 3;
/// The highest commit number that a site can have: JSON numbers are exact up to here.
pub(super) const SEQ_MAX: u64 = 1 << 53;
/// A time that seems to be from further in the future was noted by a wrong clock.
const CLOCK_SLACK_US: i64 = 3600 * 1_000_000;

/// Rows and hash of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    pub rows: u64,
    /// SHA-256 of the table's rows as they are in the file, in hex.
    pub sha256: String,
}

/// The tables of a file, by name: `devices`, `interfaces`, `links`, `audit`.
pub type Digests = BTreeMap<String, TableDigest>;

/// Why a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackupReason {
    Schedule,
    Manual,
    /// It was due while the host was off.
    Missed,
    /// Before a newer program changes the store.
    Upgrade,
    /// Before the site is replaced with another state.
    Restore,
    /// Because another one failed its verification.
    Repair,
}

impl BackupReason {
    pub const ALL: [Self; 6] =
        [Self::Schedule, Self::Manual, Self::Missed, Self::Upgrade, Self::Restore, Self::Repair];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Missed => "missed",
            Self::Upgrade => "upgrade",
            Self::Restore => "restore",
            Self::Repair => "repair",
        }
    }
}

/// Which state of which site a file holds; it is in the file's first lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    /// The program that wrote it.
    pub version: String,
    /// Such as `unoc_20261125_021500.sql`.
    pub name: String,
    pub site_id: Uuid,
    pub site_name: String,
    /// Times are microseconds since 1970.
    pub taken_at_us: i64,
    pub seq: u64,
    pub committed_at_us: i64,
    pub next_device_id: u64,
    pub next_interface_id: u64,
    pub next_link_id: u64,
    pub next_audit_id: u64,
    /// The version of the SQL tables.
    pub sql_schema: i64,
    /// Both ends of the audit trail's hash chain. Absent before its first row, and in files of format 2 and
    /// earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_chain: Option<SavedChain>,
}

/// Both ends of the audit trail's hash chain. The hashes have 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedChain {
    /// Rows from this id on are in the chain.
    pub first_id: u64,
    /// What the first of them continues.
    pub anchor_sha256: String,
    pub head_id: u64,
    pub head_sha256: String,
}

impl From<AuditChain> for SavedChain {
    fn from(chain: AuditChain) -> Self {
        let AuditChain { anchor, head } = chain;
        Self {
            first_id: anchor.first_id,
            anchor_sha256: anchor.hash.to_string(),
            head_id: head.id,
            head_sha256: head.hash.to_string(),
        }
    }
}

impl SavedChain {
    /// The chain; `None` when a hash is none.
    pub fn chain(&self) -> Option<AuditChain> {
        let anchor = AuditHash::parse(&self.anchor_sha256)?;
        let head = AuditHash::parse(&self.head_sha256)?;
        Some(AuditChain {
            anchor: AuditAnchor { first_id: self.first_id, hash: anchor },
            head: AuditHead { id: self.head_id, hash: head },
        })
    }
}

impl Header {
    pub fn taken_at(&self) -> Timestamp {
        Timestamp(self.taken_at_us)
    }

    pub(super) fn counters(&self) -> IdCounters {
        IdCounters {
            device: self.next_device_id,
            interface: self.next_interface_id,
            link: self.next_link_id,
        }
    }
}

/// The description beside a file: enough to know whether it is the file that was written, and what
/// is in it, without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    #[serde(flatten)]
    pub header: Header,
    /// The name of the packed file.
    pub file: String,
    /// Of the packed file.
    pub bytes: u64,
    /// Of the packed file, in hex.
    pub sha256: String,
    /// Of the SQL text.
    pub plain_bytes: u64,
    pub tables: Digests,
    pub reason: BackupReason,
    pub duration_ms: u64,
    /// The keys that open it; empty if it is not encrypted.
    pub key_ids: Vec<String>,
}

impl Manifest {
    /// The rows of a table.
    pub fn rows(&self, table: &str) -> u64 {
        self.tables.get(table).map_or(0, |digest| digest.rows)
    }

    /// The rows of all tables.
    pub fn all_rows(&self) -> u64 {
        self.tables.values().map(|digest| digest.rows).sum()
    }

    pub fn taken_at(&self) -> Timestamp {
        self.header.taken_at()
    }

    /// Whether its age is known: a time later than `now` was noted by a wrong clock.
    pub(super) fn is_dated(&self, now: Timestamp) -> bool {
        is_credible(self.taken_at(), now)
    }
}

/// Whether a noted time can be true at `now`.
pub(super) fn is_credible(noted: Timestamp, now: Timestamp) -> bool {
    noted.0 <= now.0.saturating_add(CLOCK_SLACK_US)
}
