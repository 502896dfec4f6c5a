//! What the checks and the log tell of the own certificate.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// Two files of the operator.
    Files,
    /// A certificate authority that is asked over ACME.
    Authority,
}

/// Why the certificate is not the one that it should be. Clones share it.
#[derive(Clone)]
pub struct TlsStatus {
    source: CertificateSource,
    problem: Arc<Mutex<Option<String>>>,
}

impl TlsStatus {
    pub fn new(source: CertificateSource) -> Self {
        Self { source, problem: Arc::default() }
    }

    /// Returns where the certificate comes from.
    pub fn source(&self) -> CertificateSource {
        self.source
    }

    /// Returns why a new certificate is not in effect; `None` when nothing stands in the way.
    pub fn problem(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Notes a problem, or its end. Returns whether that is news.
    pub(super) fn set_problem(&self, problem: Option<String>) -> bool {
        let mut noted = self.lock();
        let is_new = *noted != problem;
        *noted = problem;
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
