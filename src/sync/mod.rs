//! The mirror in PostgreSQL: exactly the site at some commit, whatever happens to the line.
//!
//! This module alone knows postgres. It runs on a thread of its own (`mirror`),
//! since postgres' client blocks and must not be used inside tokio.
//!
//! In reading order: `mirror` (the thread), `contact` (from a connection to a claim), `claim`
//! (whose state counts), `follow` (rounds), `retry` (after a failure), `round`, `first`, `reconcile`,
//! `hydrate` (what is sent and read), `write`, `value`, `copy` (how), `schema`, `session`, `target`,
//! `passfile`, `tls`, `watched` (the line), `error`, `remedy` (what a failure means). `drill` proves a
//! backup in a scratch database.
//!
//! Invariant: rows and `sync_state` change in one transaction, which begins by checking that this
//! run still holds the site.

mod adoption;
mod error;
mod follow;
mod handle;
mod handshake;
mod initial_copy;
mod mirror;
mod reconcile;
mod retry;
mod round;
mod schema;
mod server_stats;
mod status;
mod sync_state;
mod write;

pub use error::{Obstacle, SyncError};
pub use handle::Handle;
pub use mirror::{Database, SyncOptions, start};
pub use server_stats::{Facts, SlowStatement};
pub use status::{ROUNDS_KEPT, Reconciliation, Round, RoundKind, State, Status, Trouble};
