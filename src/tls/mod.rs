//! Certificates of the own server, and the TLS that it serves with them: read from files, made by itself, or obtained
//! from a certificate authority (ACME, RFC 8555).
//!
//! Invariant: `tls` knows neither the routes of HTTP nor redb, and no settings of ours.
//!
//! In reading order: `identity` and `validity` (a certificate with its key), `files` and `key_access` (where an operator
//! puts them), `slot` (the one that is served now), `server` (the handshake), `pinned` (clients that trust exactly it),
//! `self_signed`, `watch` (files that are replaced), `status` (what the check tells), `acme`.

pub mod acme;
mod error;
mod files;
mod identity;
mod key_access;
mod pinned;
mod self_signed;
mod server;
mod slot;
mod status;
mod validity;
mod watch;

pub use error::{AuthorityFault, TlsError};
pub use files::CertificateFiles;
pub use identity::{Fingerprint, ServerIdentity};
pub use pinned::{PinnedServer, pinned_client};
pub use self_signed::{PemPair, SELF_SIGNED_DAYS_MAX, self_signed};
pub use server::{ClientStream, HandshakeOutcome, NegotiatedProtocol, TlsServer};
pub use slot::CertificateSlot;
pub use status::{CertificateSource, TlsStatus};
pub use validity::Validity;
pub use watch::FileWatcher;
