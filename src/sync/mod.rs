//! The mirror: PostgreSQL holds exactly the site at some commit, whatever happens to the
//! connection.
//!
//! It runs on a thread of its own (`thread`), since PostgreSQL's client blocks. [`start`] returns a
//! [`SyncHandle`], by which others ask it.
//!
//! In reading order: `thread` (the loop), `mirror` (what it owns), `handshake` (from a connection
//! to a claim), `claim_decision` (whose state wins), `sync_state` (the row that holds the claim),
//! `adoption` (PostgreSQL's state wins), `follow` (rounds), `round`, `initial_copy`, `reconcile`
//! (what is sent), `write` (how), `audit` (whether both trails are the same), `retry` and `backoff` (after an error), `schema`, `server_stats`,
//! `status`, `metrics`, `request`, `handle`, `error`.
//!
//! Invariant: rows and `sync_state` change in one transaction, which begins by checking that this
//! run still holds the site.

mod adoption;
mod audit;
mod backoff;
mod claim_decision;
mod error;
mod follow;
mod handle;
mod handshake;
mod initial_copy;
mod metrics;
mod mirror;
mod reconcile;
mod request;
mod retry;
mod round;
mod schema;
mod server_stats;
mod status;
mod sync_state;
mod thread;
mod write;

pub use error::{Obstacle, SyncError};
pub use handle::SyncHandle;
pub use mirror::{MirrorDatabase, SyncOptions};
pub use server_stats::{ServerStats, SlowStatement};
pub use status::{
    AuditComparison, LastError, ROUNDS_KEPT, Reconciliation, Round, RoundKind, SyncState,
    SyncStatus,
};
pub use thread::start;
