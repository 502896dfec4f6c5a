//! A certificate and its key in two PEM files.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::TlsError;
use super::identity::{IdentityFault, ServerIdentity};
use super::key_access::{check_key_access, remedy_of_denied};

/// Largest file: a chain of ten certificates has 20 KiB.
const PEM_BYTES_MAX: u64 = 256 * 1024;

/// Where the chain and the key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What changes when a file is written or replaced, or its mode is; `None` while it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileStamp([Option<FileFacts>; 2]);

/// Device, inode, seconds and nanoseconds of the last change, and length.
type FileFacts = (u64, u64, i64, i64, u64);

impl CertificateFiles {
    /// Reads both. This blocks.
    ///
    /// # Errors
    /// [`TlsError`] names the file, and the commands that correct a key that others can read.
    pub fn read(&self) -> Result<ServerIdentity, TlsError> {
        let (chain, _) = read(&self.certificate).map_err(|error| {
            let denied = error.kind() == io::ErrorKind::PermissionDenied;
            let hint = if denied { ": let the service's group read it (chmod a+r)" } else { "" };
            TlsError::file(&self.certificate, format!("{error}{hint}"))
        })?;
        let (key, metadata) = read(&self.key).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => TlsError::ExposedKey {
                path: self.key.clone(),
                what: "the service may not read it".to_owned(),
                remedy: remedy_of_denied(&self.key),
            },
            _ => TlsError::file(&self.key, error.to_string()),
        })?;
        check_key_access(&self.key, &metadata)?;
        ServerIdentity::from_pem(&chain, &key).map_err(|fault| self.error(fault))
    }

    /// Returns what tells whether the files have changed. This blocks.
    pub(super) fn stamp(&self) -> FileStamp {
        let stamp = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some((
                metadata.dev(),
                metadata.ino(),
                metadata.ctime(),
                metadata.ctime_nsec(),
                metadata.size(),
            ))
        };
        FileStamp([stamp(&self.certificate), stamp(&self.key)])
    }

    fn error(&self, fault: IdentityFault) -> TlsError {
        match fault {
            IdentityFault::Certificate(what) => TlsError::file(&self.certificate, what),
            IdentityFault::Key(what) => TlsError::file(&self.key, what),
            IdentityFault::Mismatch(what) => TlsError::Mismatch {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
                what,
            },
        }
    }
}

/// Reads a file, and who may read it: of the same file, also when it is replaced meanwhile.
fn read(path: &Path) -> io::Result<(Vec<u8>, Metadata)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut bytes = Vec::new();
    file.take(PEM_BYTES_MAX).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == PEM_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("the file has {PEM_BYTES_MAX} bytes or more"),
        ));
    }
    Ok((bytes, metadata))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_key_that_everybody_can_read_is_refused_with_the_command_that_helps() {
        let directory = tempfile::tempdir().unwrap();
        let files = CertificateFiles {
            certificate: directory.path().join("cert.pem"),
            key: directory.path().join("key.pem"),
        };
        let error = |files: &CertificateFiles| files.read().unwrap_err().to_string();
        assert!(error(&files).contains("cert.pem: No such file"), "{}", error(&files));
        let missing = files.stamp();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["noc.example.org".to_owned()]).unwrap();
        fs::write(&files.certificate, params.self_signed(&key).unwrap().pem()).unwrap();
        assert!(error(&files).contains("key.pem: No such file"));
        fs::write(&files.key, key.serialize_pem()).unwrap();
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
        let remedy = format!("chmod 600 {}", files.key.display());
        assert!(error(&files).ends_with(&remedy), "{}", error(&files));
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(files.read().is_ok());
        assert_ne!(files.stamp(), missing);
        assert_eq!(files.stamp(), files.stamp());
        let before = files.stamp();
        fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert_ne!(files.stamp(), before);
        assert!(error(&files).contains("does not belong to the certificate"), "{}", error(&files));
        fs::write(&files.certificate, vec![b' '; 256 * 1024]).unwrap();
        assert!(error(&files).contains("262144 bytes or more"));
    }
}
