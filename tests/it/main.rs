//! The integration tests: one binary. The modules are those of `src`, so that a route or a type leads
//! to its tests in one guess; `harness` is what they share.

mod api;
mod app;
mod auth;
mod backup;
mod cli;
mod domain;
mod engine;
mod harness;
mod health;
mod incidents;
mod jobs;
mod notices;
mod oidc;
mod pg;
mod realtime;
mod store;
mod sync;
mod tidy;
mod tls;
mod upgrade;
mod v2_import;
