//! The REST API and the embedded page: one file per resource, with its routes, views, handlers.
//!
//! A handler extracts, asks the engine or a snapshot, and shows. Errors become status codes in
//! [`error`] and nowhere else.

mod access;
mod answer_cache;
mod audit;
mod backups;
mod conditional;
mod csv;
mod devices;
mod error;
mod export;
mod extract;
mod health;
mod interfaces;
mod jobs;
mod lease;
mod links;
mod listing;
mod metrics;
mod openapi;
mod optics;
mod precondition;
mod problems;
mod request;
mod router;
mod seed;
mod shutdown;
mod simulate;
mod state;
mod streaming;
mod sync;
mod topology;
mod ui;
mod validation;

pub use access::{Access, gate};
pub use backups::{BackupView, BackupsView, PruningView, RestoreView};
pub use jobs::{JobView, JobsView, RunView};
pub use openapi::document;
pub use request::Peer;
pub use router::router;
pub use state::{ApiOptions, ApiState, ShutdownGuard, TokenCheck};
pub use sync::{ReconciledView, SyncView};
