//! Backups: the site saved as SQL, verified by restoring it, copied off the host, kept as long as
//! the operator wants.
//!
//! In reading order, from the outside in: [`Backups`] (everything that can be asked of a running
//! site's backups), [`DisasterRecovery`] (on a host that lost its store), `upgrade`; `overview`;
//! `restore`, `rebuild`, `diff`, `undo`, `prune`, `copy`, `fetch`, `make`, `verify` (the operations),
//! `operation` (one at a time); `library` (what all of them need), `protection`, `options`; `stage`
//! (a backup restored into a store of its own, and compared), `load`, `dump` (a snapshot as SQL),
//! `seal` (packing and encrypting), `retention`; `audit_heads`, `audit_events`, `numbers` (the audit
//! trail); `catalog`, `notes`, `manifest`, `name`, `files`
//! (the directory), `keys`, `progress`, `metrics`; [`targets`] (off the host).
//!
//! Invariants:
//! 1. A manifest is in the directory only if its file was complete and durable before.
//! 2. Nothing is restored, and nothing counts as a backup, that `stage` did not restore and compare.
//! 3. `backup` does not know settings or schedules; `app` and `jobs` hand it what to do.
//! 4. Only [`Backups`], `restore`, `rebuild`, `numbers` and `audit_events` know the engine.

mod audit_events;
mod audit_heads;
mod backups;
mod catalog;
mod copy;
mod diff;
mod dump;
mod error;
mod fetch;
mod files;
mod keys;
mod library;
mod load;
mod make;
mod manifest;
mod metrics;
mod name;
mod notes;
mod numbers;
mod operation;
mod options;
mod overview;
mod progress;
mod protection;
mod prune;
mod rebuild;
mod recovery;
mod restore;
mod retention;
mod seal;
mod stage;
pub mod targets;
mod undo;
mod upgrade;
mod verify;

pub use audit_heads::{audit_heads_in, audit_heads_of};
pub use backups::{BackupUsage, Backups};
pub use catalog::{CatalogEntry, find_file, manifest_beside};
pub use copy::CopySummary;
pub use diff::{Counts, Difference, Example, LostChange};
pub use error::BackupError;
pub use keys::{KeyPair, Keyring, key_id};
pub use manifest::{BackupReason, Digests, FORMAT, Header, Manifest, TableDigest};
pub use name::BackupId;
pub use notes::{CopyNote, CopyState, Depth, Notes, PostgresResult, Verification};
pub use options::{BackupOptions, ReadPgConfig, SharedTargets, TargetSet, UnusableTarget};
pub use overview::{Overview, TargetOverview, TargetState};
pub use progress::{Activity, Log, Operation, ProgressUnit};
pub use protection::Protection;
pub use prune::{FailedRemoval, Pruning};
pub use rebuild::{
    FoundBackup, FoundBackups, RebuildComparison, RebuildFile, RebuiltSite, SiteRebuild,
    StagedSite, TargetFinding,
};
pub use recovery::{DisasterRecovery, RecoveredStore};
pub use restore::{RestoreReport, RestoreSource};
pub use retention::{Retained, Retention};
pub use seal::{is_encrypted, read_head, read_sql};
pub use undo::UndoRecord;
pub use upgrade::save_before_upgrade;
pub use verify::{VerifiedFile, verify_file};
