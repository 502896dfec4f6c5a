//! Backups that prove themselves: the site saved as SQL, restored to show that it can be, copied off
//! the host, kept as long as the operator wants.
//!
//! In reading order: `backups` (everything that can be asked, one thing at a time), `make`, `dump`
//! (a snapshot as SQL), `seal` (packing and encrypting), `keys`; `verify`, `stage` (restored into a
//! store of its own, and compared), `load`; `restore`, `diff`, `recovery` (on a host that lost its
//! store); `copy` and [`targets`] (off the host), `prune`, `retention`; `catalog`, `manifest`,
//! `notes`, `name`, `files` (the directory); `overview` and `progress` (what is told of it all).
//!
//! Invariants:
//! 1. A manifest is in the directory only if its file was complete and durable before.
//! 2. Nothing is restored, and nothing counts as a backup, that `stage` did not restore and compare.
//! 3. `backup` does not know settings or schedules; `app` and `jobs` hand it what to do.

mod backups;
mod catalog;
mod copy;
mod diff;
mod dump;
mod error;
mod files;
mod keys;
mod load;
mod make;
mod manifest;
mod name;
mod notes;
mod overview;
mod progress;
mod prune;
mod recovery;
mod restore;
mod retention;
mod seal;
mod stage;
pub mod targets;
mod upgrade;
mod verify;

pub use backups::{BackupOptions, Backups, Log, UnusableTarget};
pub use catalog::{CatalogEntry, find_file, manifest_beside};
pub use copy::CopySummary;
pub use diff::{Counts, Difference, Example, LostChange};
pub use error::BackupError;
pub use keys::{KeyPair, Keyring, generate, key_id};
pub use manifest::{BackupReason, Digests, FORMAT, Header, Manifest, TableDigest};
pub use name::BackupId;
pub use notes::{CopyNote, CopyState, Depth, Notes, PostgresResult, Verification};
pub use overview::{Overview, Protection, TargetOverview, TargetState};
pub use progress::{Activity, Operation, ProgressUnit};
pub use prune::{FailedRemoval, Pruning};
pub use recovery::{DisasterRecovery, RecoveredStore, verify_file};
pub use restore::{RestoreReport, UndoRecord};
pub use retention::{Retained, Retention};
pub use seal::{is_encrypted, open as read_sql, read_head};
pub use upgrade::save_before_upgrade;
pub use verify::{PostgresOutcome, PostgresVerifier};
