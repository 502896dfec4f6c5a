//! Copies off the host: targets that backups are uploaded to, fetched from, listed and deleted at.
//!
//! A target is an address (`s3://bucket/prefix?…`, `gs://`, `az://`, `file:///`) and, in a file
//! beside the configuration, its secrets. The objects of a site are at `PREFIX/SITE_ID/NAME`, so
//! that many appliances can share a bucket without seeing each other's files.
//!
//! Invariants:
//! 1. Nothing is visible under an object's name before it is complete.
//! 2. A copy counts once it was read back completely and its length and hash were compared.
//! 3. No secret is in a [`BackupTarget`]'s `Debug`, in its address or in a [`TargetError`].
//!
//! In reading order: `target` (what a target is), `address` and `credentials` (how it is
//! configured), `backend` (the store of both), `connector` (its HTTP client), `upload`, `download`,
//! `transfer` (bytes in, hash out), `deadlines` (how long things may take), `error` and `redact`
//! (what went wrong, without secrets).

mod address;
mod backend;
mod connector;
mod credentials;
mod deadlines;
mod download;
mod error;
mod redact;
mod target;
mod transfer;
mod upload;

pub use deadlines::{Deadlines, next_attempt};
pub use download::{Fetched, RemoteFile};
pub use error::TargetError;
pub use target::BackupTarget;
pub use upload::LocalFile;
