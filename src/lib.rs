//! UNOC: a fibre network operations centre in one program.
//!
//! A request's way through the parts, which are also their order (nothing points back):
//! a [`domain`] command is decided by the one writer in [`engine`], made durable by [`store`],
//! answered by [`api`] and told to listeners by [`realtime`]. [`wire`] is how entities look as
//! JSON. [`sync`] mirrors the store into PostgreSQL, [`jobs`] does what is
//! due by itself. [`app`] builds and ends it all with a [`config`]; [`cli`] is what people type.
//!
//! `docs/ARCHITECTURE.md` says what each part must not know.

pub mod domain;

pub mod wire;

pub mod store;

pub mod engine;

pub mod sync;

pub mod jobs;

pub mod api;
pub mod realtime;

pub mod config;

pub mod app;
pub mod cli;
