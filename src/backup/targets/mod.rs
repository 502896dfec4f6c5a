//! Copies off the host: places that backups are uploaded to, read back from, listed and deleted in.
//!
//! A target is an address (`s3://bucket/prefix?…`, `gs://`, `az://`, `file:///`) and, in a file
//! beside the configuration, its secrets. The objects of a site lie under `PREFIX/SITE_ID/NAME`, so
//! that many appliances share a bucket and do not see each other's files.
//!
//! Invariants:
//! 1. Nothing is visible under an object's name before it is complete.
//! 2. A copy counts once it was read back whole and its length and hash were compared.
//! 3. No secret is in a [`Target`]'s `Debug`, in its address or in a [`TargetError`].
//!
//! In reading order: `target` (what a target is), `address` and `credentials` (how it is written),
//! `place` (from both to a store), `route` (past proxies to what is near), `upload`, `download`, `pump` (bytes in, hash out), `wait` (how
//! long things may take), `error` and `explain` (what went wrong, in words).

mod address;
mod credentials;
mod download;
mod error;
mod explain;
mod place;
mod pump;
mod route;
mod target;
mod upload;
mod wait;

pub use download::{Fetched, RemoteFile};
pub use error::TargetError;
pub use target::Target;
pub use upload::LocalFile;
pub use wait::{Patience, next_attempt};
