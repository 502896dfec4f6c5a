//! The support bundle: one file with what someone else needs to find a fault, and no secret in it.
//!
//! [`SupportBundle`] takes files in memory, so that it can be made on a full disk; each passes the
//! [`SecretMask`].

mod bundle;
mod directory;
mod host;
mod redact;

pub use bundle::{FILE_BYTES_MAX, SupportBundle};
pub use directory::directory_listing;
pub use host::host_files;
pub use redact::SecretMask;
