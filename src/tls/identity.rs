//! A certificate chain with its private key.

use std::fmt;
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use super::validity::Validity;
use crate::util::{hex, trust, without_bom};

/// The SHA-256 of a certificate in DER form, by which clients on this host know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    /// Parses 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 || !bytes.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut fingerprint = [0; 32];
        for (place, digits) in fingerprint.iter_mut().zip(bytes.chunks(2)) {
            *place = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(fingerprint))
    }
}

impl fmt::Display for Fingerprint {
    /// 64 hexadecimal digits in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

/// What a server proves who it is with.
#[derive(Debug)]
pub struct ServerIdentity {
    key: Arc<CertifiedKey>,
    validity: Validity,
    fingerprint: Fingerprint,
}

/// Which of the two parts of an identity is at fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum IdentityFault {
    Certificate(String),
    Key(String),
    /// Both are what they should be, but they do not belong together.
    Mismatch(String),
}

impl ServerIdentity {
    /// Reads a chain, the server's certificate first, and its key, both as PEM. Either may hold more than that: the
    /// certificates of one and the first key of the other count.
    pub(super) fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityFault> {
        let chain =
            CertificateDer::pem_slice_iter(without_bom(chain)).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| IdentityFault::Certificate(error.to_string()))?;
        let Some(own) = chain.first() else {
            let what = "it holds no certificate in PEM form";
            return Err(IdentityFault::Certificate(what.to_owned()));
        };
        let what = |what| format!("its first certificate cannot be used: {what}");
        let validity =
            Validity::of(own).map_err(|error| IdentityFault::Certificate(what(error)))?;
        let fingerprint = Fingerprint::of(own);
        let key = PrivateKeyDer::from_pem_slice(without_bom(key)).map_err(|error| {
            IdentityFault::Key(format!("it holds no unencrypted private key in PEM form ({error})"))
        })?;
        let signing = trust::provider().key_provider.load_private_key(key);
        let signing = signing.map_err(|error| IdentityFault::Key(error.to_string()))?;
        let key = CertifiedKey::new(chain, signing);
        key.keys_match().map_err(|error| IdentityFault::Mismatch(error.to_string()))?;
        Ok(Self { key: Arc::new(key), validity, fingerprint })
    }

    /// Returns from when to when its certificate is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns by what clients on this host know its certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Returns whether the certificate is for this name or address.
    pub fn covers(&self, name: &str) -> bool {
        let parsed = self.key.cert.first().and_then(|own| ParsedCertificate::try_from(own).ok());
        let name = ServerName::try_from(name).ok();
        parsed.zip(name).is_some_and(|(own, name)| verify_server_name(&own, &name).is_ok())
    }

    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair(name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned(), "192.0.2.7".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn an_identity_is_a_chain_and_its_key() {
        let (chain, key) = pair("*.example.org");
        let identity = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        for (name, expected) in
            [("noc.example.org", true), ("192.0.2.7", true), ("example.org", false), ("a b", false)]
        {
            assert_eq!(identity.covers(name), expected, "{name}");
        }
        let text = identity.fingerprint().to_string();
        assert_eq!(Fingerprint::parse(&text), Some(identity.fingerprint()));
        for text in ["", "12", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
        // Both in one file, as ACME keeps them.
        let both = format!("{chain}{key}");
        assert!(ServerIdentity::from_pem(both.as_bytes(), both.as_bytes()).is_ok());
    }

    #[test]
    fn a_fault_names_its_part() {
        let ((chain, key), (_, other)) = (pair("a.example"), pair("b.example"));
        let fault = |chain: &str, key: &str| {
            ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err()
        };
        assert!(matches!(fault("", &key), IdentityFault::Certificate(_)));
        assert!(matches!(fault(&key, &key), IdentityFault::Certificate(_)));
        let damaged = chain.replacen('M', "!", 1);
        assert!(matches!(fault(&damaged, &key), IdentityFault::Certificate(_)));
        assert!(matches!(fault(&chain, ""), IdentityFault::Key(_)));
        assert!(matches!(fault(&chain, &chain), IdentityFault::Key(_)));
        assert!(matches!(fault(&chain, &other), IdentityFault::Mismatch(_)));
    }
}
