//! The files that outlive a run: account, certificate, failures.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::error::TlsError;
use super::super::identity::{IdentityFault, ServerIdentity};
use super::super::self_signed::PemPair;
use crate::util::exposure;
use crate::util::files::{PRIVATE_MODE, write_durably};

const DIRECTORY_MODE: u32 = 0o700;
/// Largest file: a chain of ten certificates with its key has less than 24 KiB.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// The account at the authority, with its key.
const ACCOUNT_FILE: &str = "account.json";
/// The chain and then its key, in one file, so that they are replaced together.
const CERTIFICATE_FILE: &str = "certificate.pem";
const FAILURES_FILE: &str = "failures.json";

/// The directory of what is kept. Its functions block.
#[derive(Clone)]
pub(super) struct AcmeDirectory(PathBuf);

/// Attempts in a row without a certificate. A restart keeps them, so that a service that restarts again and again does
/// not use up what the authority allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RenewalFailures {
    /// What was ordered.
    pub(super) wanted: String,
    pub(super) count: u32,
    /// Not before this time, in microseconds since 1970.
    pub(super) retry_at_us: i64,
    /// Why the last one failed.
    pub(super) message: String,
}

impl AcmeDirectory {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Returns the certificate of an earlier order; `None` without one.
    ///
    /// # Errors
    /// The file is there, but cannot be used.
    pub(super) fn certificate(&self) -> Result<Option<ServerIdentity>, TlsError> {
        let path = self.0.join(CERTIFICATE_FILE);
        let Some(pem) = self.read(CERTIFICATE_FILE)? else { return Ok(None) };
        let fault = |fault| match fault {
            IdentityFault::Certificate(what)
            | IdentityFault::Key(what)
            | IdentityFault::Mismatch(what) => TlsError::file(&path, what),
        };
        ServerIdentity::from_pem(&pem, &pem).map(Some).map_err(fault)
    }

    /// # Errors
    /// Those of the file system.
    pub(super) fn keep_certificate(&self, pair: &PemPair) -> Result<(), TlsError> {
        self.write(CERTIFICATE_FILE, format!("{}\n{}", pair.chain.trim_end(), pair.key).as_bytes())
    }

    /// Returns the account that was kept; `None` without one.
    ///
    /// # Errors
    /// The file is there, but cannot be used.
    pub(super) fn account<T: DeserializeOwned>(&self) -> Result<Option<T>, TlsError> {
        self.document(ACCOUNT_FILE)
    }

    /// # Errors
    /// Those of the file system.
    pub(super) fn keep_account(&self, account: &impl Serialize) -> Result<(), TlsError> {
        self.keep_document(ACCOUNT_FILE, account)
    }

    /// Returns the failures of this order since the last success; a file that cannot be read counts as none.
    pub(super) fn failures(&self, wanted: &str) -> RenewalFailures {
        let kept: Option<RenewalFailures> = self.document(FAILURES_FILE).ok().flatten();
        kept.filter(|failures| failures.wanted == wanted).unwrap_or_default()
    }

    /// # Errors
    /// Those of the file system.
    pub(super) fn keep_failures(&self, failures: &RenewalFailures) -> Result<(), TlsError> {
        self.keep_document(FAILURES_FILE, failures)
    }

    fn document<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, TlsError> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        let document = serde_json::from_slice(&bytes);
        document.map(Some).map_err(|error| TlsError::file(&self.0.join(name), error.to_string()))
    }

    fn keep_document(&self, name: &str, document: &impl Serialize) -> Result<(), TlsError> {
        let bytes = serde_json::to_vec(document);
        self.write(
            name,
            &bytes.map_err(|error| TlsError::file(&self.0.join(name), error.to_string()))?,
        )
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, TlsError> {
        let path = self.0.join(name);
        match read_private(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TlsError::file(&path, error.to_string())),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TlsError> {
        let path = self.0.join(name);
        let made = self.make().and_then(|()| write_durably(&path, bytes, PRIVATE_MODE));
        made.map_err(|error| TlsError::file(&path, error.to_string()))
    }

    fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(&self.0)?;
        // One that was there before.
        if fs::metadata(&self.0)?.permissions().mode() & 0o777 != DIRECTORY_MODE {
            fs::set_permissions(&self.0, Permissions::from_mode(DIRECTORY_MODE))?;
        }
        Ok(())
    }
}

/// Reads a file that nobody else has access to: of the same file, also when it is replaced meanwhile.
fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if let Some(why) = exposure(path, &file.metadata()?) {
        return Err(io::Error::new(ErrorKind::PermissionDenied, why));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(ErrorKind::InvalidData, "the file is too large"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::super::self_signed::self_signed;
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn what_is_kept_is_private_and_comes_back() {
        let parent = tempfile::tempdir().unwrap();
        let directory = AcmeDirectory::new(&parent.path().join("acme"));
        assert!(directory.certificate().unwrap().is_none());
        assert_eq!(directory.failures("a"), RenewalFailures::default());
        let pair = self_signed(&["a.example".to_owned()], Timestamp(0), 9).unwrap();
        directory.keep_certificate(&pair).unwrap();
        assert!(directory.certificate().unwrap().unwrap().covers("a.example"));
        let (wanted, message) = ("a".to_owned(), "why".to_owned());
        let failures = RenewalFailures { wanted, count: 3, retry_at_us: 7, message };
        directory.keep_failures(&failures).unwrap();
        assert_eq!(directory.failures("a"), failures);
        assert_eq!(directory.failures("b"), RenewalFailures::default());
        directory.keep_account(&"a secret").unwrap();
        assert_eq!(directory.account::<String>().unwrap().as_deref(), Some("a secret"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory.0), 0o700);
        for name in [ACCOUNT_FILE, CERTIFICATE_FILE, FAILURES_FILE] {
            assert_eq!(mode(&directory.0.join(name)), 0o600, "{name}");
            fs::write(directory.0.join(name), "?").unwrap();
        }
        assert!(directory.certificate().is_err() && directory.account::<String>().is_err());
        assert_eq!(directory.failures("a"), RenewalFailures::default());
    }

    #[test]
    fn what_others_can_read_or_is_too_large_is_not_used() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("acme");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let directory = AcmeDirectory::new(&path);
        directory.keep_account(&"a secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, DIRECTORY_MODE);
        let file = path.join(ACCOUNT_FILE);
        fs::set_permissions(&file, Permissions::from_mode(0o604)).unwrap();
        let error = directory.account::<String>().unwrap_err().to_string();
        assert!(error.contains("chmod o= "), "{error}");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(directory.account::<String>().unwrap().as_deref(), Some("a secret"));
        let long = usize::try_from(FILE_BYTES_MAX).unwrap() - 1;
        fs::write(&file, format!("\"{}\"", "a".repeat(long))).unwrap();
        let error = directory.account::<String>().unwrap_err().to_string();
        assert!(error.contains("too large"), "{error}");
    }
}
