//! UNOC: a fibre network operations centre in one program.
//!
//! A request's way through the parts, which are also their order (nothing points back):
//! a [`domain`] command is decided by the one writer in [`engine`], made durable by [`store`],
//! answered by [`api`] and told to listeners by [`realtime`]. [`wire`] is how entities look as
//! JSON, [`query`] what needs several records of a snapshot. [`sql`] is the site as tables, [`pg`]
//! the connection to PostgreSQL. [`sync`] mirrors the site into PostgreSQL, [`v2_import`] imports
//! that of UNOC v2, and [`backup`] saves it in files and verifies that they can be restored.
//! [`jobs`] runs what is due, [`incidents`] keeps what someone has to know of, [`notices`] tells them, and
//! [`health`] checks the appliance itself, [`auth`] says who may use it, [`oidc`] asks a provider, [`settings`] are what an
//! operator changes while it runs, and [`support`] packs up what helps to find a fault. [`upgrade`] replaces the program and
//! goes back. [`app`] builds and ends it all with a [`config`]; [`cli`] is what people type. [`logs`] keeps the last lines of
//! the log, [`tls`] the certificate that is served. [`util`] has what several layers need:
//! blocking calls, durable files, error chains.
//!
//! `docs/ARCHITECTURE.md` says what each part must not know.

/// Small reads spend a quarter less processor time than with glibc's malloc and few pools; what restores leave
/// behind stays near what it was with them (docs/PERFORMANCE.md). Without huge pages: they would add a tenth.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod util;

pub mod domain;

pub mod logs;

pub mod tls;

pub mod wire;

pub mod store;

pub mod engine;
pub mod query;

pub mod sql;

pub mod pg;

pub mod backup;
pub mod sync;
pub mod v2_import;

pub mod jobs;

pub mod incidents;

pub mod notices;

pub mod auth;
pub mod health;
pub mod runbook;
pub mod settings;
pub mod support;
pub mod upgrade;

pub mod oidc;

pub mod api;
pub mod realtime;

pub mod config;

pub mod app;
pub mod cli;
