//! What can be wrong with a certificate, its key, or their renewal.

use std::path::{Path, PathBuf};

/// Why there is no certificate to serve with, or no new one.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written, or does not hold what it should.
    #[error("{}: {what}", path.display())]
    File { path: PathBuf, what: String },
    /// Others than the service can read a private key.
    #[error("{}: {what}; correct that with: {remedy}", path.display())]
    ExposedKey { path: PathBuf, what: String, remedy: String },
    /// The key is not the one that the certificate was issued for.
    #[error("the key in {} does not belong to the certificate in {}: {what}", key.display(), certificate.display())]
    Mismatch { certificate: PathBuf, key: PathBuf, what: String },
    /// A certificate or a request for one cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Make(String),
    /// The connection to the certificate authority cannot be set up.
    #[error("TLS to the certificate authority cannot be set up: {0}")]
    Client(String),
    /// The certificate authority is not reached, or refuses.
    #[error("{during}: {what}")]
    Authority { during: String, what: String, kind: AuthorityFault },
    /// The certificate authority issued something else than what was ordered.
    #[error("the certificate authority issued a certificate that cannot be used: {0}")]
    Issued(String),
}

/// What an answer of the certificate authority means for the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityFault {
    /// It was asked too often.
    RateLimited,
    /// It does not know the account, which has to be made again.
    UnknownAccount,
    Other,
}

impl TlsError {
    pub(super) fn file(path: &Path, what: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), what: what.into() }
    }
}
