//! Certificates made for one test.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority that signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate as PEM.
    pub(crate) pem: String,
}

/// A certificate and its key, as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these host names and addresses; the first is its common name as well.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        let (params, key) = (params(names), KeyPair::generate().expect("a key"));
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

/// A certificate that nobody but itself has signed, as PostgreSQL's documentation makes one.
pub(crate) fn self_signed(names: &[&str]) -> Identity {
    let (mut params, key) = (params(names), KeyPair::generate().expect("a key"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    Identity { certificate, key: key.serialize_pem() }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names.clone()).expect("usable names");
    params.distinguished_name.push(DnType::CommonName, names[0].as_str());
    params
}

/// Writes a file for a parameter of an address, and returns its path.
pub(crate) fn write(directory: &Path, name: &str, pem: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, pem).expect("a writable directory");
    path
}
