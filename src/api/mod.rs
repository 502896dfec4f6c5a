//! The REST API and the embedded page: one file per resource, with its routes, views and handlers.
//!
//! A handler extracts the request, sends a command or reads a snapshot, and returns a view. Only
//! [`error`] maps errors to status codes.

mod access;
mod account;
mod answer_cache;
mod audit;
mod backups;
mod checks;
mod conditional;
mod csv;
mod devices;
mod error;
mod export;
mod extract;
mod health;
mod history;
mod incidents;
mod interfaces;
mod jobs;
mod lease;
mod lifecycle;
mod limits;
mod links;
mod list_cache;
mod listing;
mod logs;
mod metrics;
mod notices;
mod oidc;
mod openapi;
mod optics;
mod overrides;
mod precondition;
mod problems;
mod reports;
mod request;
mod router;
mod runbook;
mod seed;
mod selection;
mod session;
mod sessions;
mod settings;
mod shutdown;
mod simulate;
mod state;
mod streaming;
mod support;
mod sync;
mod tokens;
mod topology;
mod ui;
mod users;
mod validation;

pub use access::{
    Access, ChallengeAnswers, GateRules, PlainPort, ServiceSecret, TrustedProxies, gate, plain_port,
};
pub use backups::{BackupView, BackupsView, PruningView, RestoreView};
pub use checks::{CheckHistory, CheckView};
pub use history::CustomerSamples;
pub use jobs::{JobView, JobsView, RunView, job_plan};
pub use request::Peer;
pub use router::{document, router};
pub use state::{
    ApiOptions, ApiServices, ApiState, FileUsage, ServiceUsage, ShutdownGuard, SupportSource,
    TokenCheck,
};
pub use sync::{ReconciledView, SyncView};
