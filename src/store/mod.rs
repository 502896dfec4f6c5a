//! The site on local disk: redb tables, versioned records, snapshots and commits.
//!
//! This module alone knows redb and bincode. It knows no rule of the network: it keeps what the
//! engine decided, together with the audit row and the marks for the mirror, in one transaction.

mod access;
mod audit;
mod audit_size;
mod codec;
mod commit;
mod disk_space;
mod error;
mod jobs;
mod marker;
mod meta;
mod mirror;
mod open;
mod quarantine;
mod records;
mod replace;
mod scratch;
mod snapshot;
mod tables;

pub use audit::{AuditEntry, AuditImage, AuditOrigin};
pub use audit_size::{AUDIT_BYTES_MAX, AUDIT_ROWS_MAX};
pub use commit::{AUDIT_DERIVED_IMAGES_MAX, AdoptionNote, CommitBatch, CommitEntry};
pub use disk_space::Space;
pub use error::{StoreError, unless_damaged};
pub use jobs::{JOB_RUNS_MAX, JobRun, JobSettings, JobWrite, RunResult, Trigger};
pub use marker::{MARKER_FILE, Marker, read as read_marker};
pub use meta::Head;
pub use mirror::{Confirmed, Floors, Holder, Mark, MirrorState};
pub use open::{OpenOptions, STORE_FILE, Store};
pub use quarantine::{QUARANTINE_BYTES_MAX, QUARANTINE_DIR, Shortage};
pub use replace::Replacement;
pub use scratch::Filling;
pub use snapshot::{BLOCK_SIZE, IdRange, Snapshot};
