//! The certificate that is served now, and what answers the challenges of a certificate authority.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::watch;

use super::identity::ServerIdentity;

/// The protocol of TLS-ALPN-01 (RFC 8737, section 3): a validating authority offers it and nothing else.
pub(super) const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// The certificate that is served now. Clones share it, the handshakes and the one that replaces it alike.
#[derive(Clone)]
pub struct CertificateSlot(Arc<Slot>);

struct Slot {
    identity: watch::Sender<Arc<ServerIdentity>>,
    /// While an order is under way: what proves that this host answers for a name.
    challenges: RwLock<Challenges>,
}

#[derive(Default)]
struct Challenges {
    /// By name, for TLS-ALPN-01.
    certificates: HashMap<String, Arc<CertifiedKey>>,
    /// By token, for HTTP-01: the key authorization.
    answers: HashMap<String, String>,
}

impl CertificateSlot {
    pub fn new(identity: ServerIdentity) -> Self {
        Self(Arc::new(Slot {
            identity: watch::Sender::new(Arc::new(identity)),
            challenges: RwLock::default(),
        }))
    }

    /// Returns what is served now.
    pub fn identity(&self) -> Arc<ServerIdentity> {
        Arc::clone(&self.0.identity.borrow())
    }

    /// Returns what is served from now on, and tells when that changes.
    pub fn watch(&self) -> watch::Receiver<Arc<ServerIdentity>> {
        self.0.identity.subscribe()
    }

    /// Serves something else from the next handshake on; open connections stay.
    pub fn replace(&self, identity: ServerIdentity) {
        self.0.identity.send_replace(Arc::new(identity));
    }

    /// Returns what answers `GET /.well-known/acme-challenge/TOKEN` (RFC 8555, section 8.3), while an order asks for it.
    pub fn http_challenge(&self, token: &str) -> Option<String> {
        let challenges = self.0.challenges.read().unwrap_or_else(PoisonError::into_inner);
        challenges.answers.get(token).cloned()
    }

    pub(super) fn answer_by_http(&self, token: String, key_authorization: String) {
        let mut challenges = self.0.challenges.write().unwrap_or_else(PoisonError::into_inner);
        challenges.answers.insert(token, key_authorization);
    }

    pub(super) fn answer_by_tls(&self, name: String, certificate: CertifiedKey) {
        let mut challenges = self.0.challenges.write().unwrap_or_else(PoisonError::into_inner);
        challenges.certificates.insert(name, Arc::new(certificate));
    }

    pub(super) fn forget_challenges(&self) {
        *self.0.challenges.write().unwrap_or_else(PoisonError::into_inner) = Challenges::default();
    }
}

impl fmt::Debug for CertificateSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CertificateSlot").field(&self.identity().fingerprint()).finish()
    }
}

impl ResolvesServerCert for CertificateSlot {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut protocols = client.alpn().into_iter().flatten();
        if protocols.next() != Some(CHALLENGE_PROTOCOL) {
            return Some(self.identity().certified_key());
        }
        let challenges = self.0.challenges.read().unwrap_or_else(PoisonError::into_inner);
        challenges.certificates.get(&client.server_name()?.to_ascii_lowercase()).cloned()
    }
}
