//! Which certificate is wanted, and from whom.

use std::path::PathBuf;

/// How the authority sees that this host answers for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcmeChallenge {
    /// By plain HTTP at port 80 of the name (RFC 8555, section 8.3).
    Http01,
    /// By TLS at port 443 of the name (RFC 8737).
    TlsAlpn01,
}

/// Which certificate is wanted, and from whom.
#[derive(Clone, Debug)]
pub struct AcmeSettings {
    /// Names that the certificate is for, in lower case; at least one.
    pub names: Vec<String>,
    /// The directory of the authority, an address `https://…`.
    pub directory_url: String,
    /// An e-mail address that the authority may write to.
    pub contact: Option<String>,
    pub challenge: AcmeChallenge,
    /// Root certificates (PEM) that the authority's own server is trusted by, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where account and certificate are kept; made when it is needed.
    pub state_dir: PathBuf,
}
