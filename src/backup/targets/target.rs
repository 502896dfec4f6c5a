//! A target off the host that copies go to.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path as ObjectPath;
use object_store::{Error as StoreError, ObjectStore};
use uuid::Uuid;

use super::address::{TargetAddress, TargetLocation};
use super::backend::{Backend, open_directory};
use super::credentials::CredentialsFile;
use super::deadlines::Deadlines;
use super::error::TargetError;
use super::redact::Redactor;
use crate::util::{BlockingLimit, error_chain, find_cause, trust};

/// Start of every name that a backup's file has.
const NAME_START: &str = "unoc_";

/// Longest name of a file; the longest that is made has 44 characters.
const NAME_CHARS_MAX: usize = 128;

/// The metadata service of the clouds' instances answers here (link-local; AWS, Azure and Google
/// document it), and under this name at Google.
const METADATA_HOSTS: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// A target that copies go to; cheap to clone.
#[derive(Clone)]
pub struct BackupTarget {
    name: String,
    shown_url: String,
    backend: Backend,
    /// Where in the bucket the sites' objects are.
    prefix: ObjectPath,
    /// Takes the target's secrets out of what the store says.
    redactor: Redactor,
    pub(super) deadlines: Deadlines,
    /// One check at a time whether a directory exists: while it hangs, no other one begins.
    opening: BlockingLimit,
}

impl fmt::Debug for BackupTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, shown_url, .. } = self;
        f.debug_struct("BackupTarget")
            .field("name", name)
            .field("url", shown_url)
            .finish_non_exhaustive()
    }
}

impl BackupTarget {
    /// Reads an address, and the secrets from the file that it names by `credentials_file=`, else
    /// from `backup_target_NAME` in `credentials_directory` (systemd's `$CREDENTIALS_DIRECTORY`)
    /// if it is there; without either the store asks the cloud's instance. Nothing is connected
    /// yet, so a target that is away is no error.
    ///
    /// # Errors
    /// [`TargetError::Address`], [`TargetError::Credentials`], [`TargetError::Certificates`],
    /// [`TargetError::Settings`]. None quotes a value.
    pub fn parse(text: &str, credentials_directory: Option<&Path>) -> Result<Self, TargetError> {
        let address = TargetAddress::parse(text)?;
        let named = address.credentials_file.as_deref();
        let credentials = CredentialsFile::find(named, credentials_directory, &address.name)?;
        let credentials = credentials.as_ref();
        let redactor = credentials.map(CredentialsFile::redactor).unwrap_or_default();
        let backend = Backend::build(&address, credentials, &redactor)?;
        let TargetAddress { name, shown: shown_url, location, .. } = address;
        let prefix = match location {
            TargetLocation::Bucket { prefix, .. } => prefix,
            TargetLocation::Directory(_) => ObjectPath::default(),
        };
        Ok(Self {
            name,
            shown_url,
            backend,
            prefix,
            redactor,
            deadlines: Deadlines::default(),
            opening: BlockingLimit::new(1),
        })
    }

    /// Returns the name and the shown address of a target that [`Self::parse`] may refuse for what
    /// its files hold.
    #[must_use]
    pub fn describe(text: &str) -> Option<(String, String)> {
        TargetAddress::parse(text).ok().map(|address| (address.name, address.shown))
    }

    /// Returns the secrets in the file that an address names, for those who must not pass one on. They are
    /// known also when the target cannot be used.
    #[must_use]
    pub fn secrets_in_file(text: &str) -> Vec<String> {
        let address = TargetAddress::parse(text).ok();
        let file = address.and_then(|address| address.credentials_file);
        let text = file.and_then(|file| CredentialsFile::read_text(&file).ok());
        text.map(|text| CredentialsFile::secrets_of_text(&text)).unwrap_or_default()
    }

    /// Returns the secrets in a text of the form of a credentials file: lines `KEY=VALUE`.
    #[must_use]
    pub fn secrets_in_text(text: &str) -> Vec<String> {
        CredentialsFile::secrets_of_text(text)
    }

    /// Reads several addresses, whose names must differ.
    ///
    /// # Errors
    /// As [`Self::parse`], and [`TargetError::SameName`].
    pub fn parse_all<T: AsRef<str>>(
        texts: &[T],
        credentials_directory: Option<&Path>,
    ) -> Result<Vec<Self>, TargetError> {
        let mut targets: Vec<Self> = Vec::new();
        for text in texts {
            let target = Self::parse(text.as_ref(), credentials_directory)?;
            if targets.iter().any(|other| other.name == target.name) {
                return Err(TargetError::SameName { name: target.name });
            }
            targets.push(target);
        }
        Ok(targets)
    }

    /// Returns the target with other limits for a silent line.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// Returns the name, 1 to 64 of `a-z 0-9 - _`, by which copies remember their target.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where the copies go, for people; no secret is in it.
    #[must_use]
    pub fn shown_url(&self) -> &str {
        &self.shown_url
    }

    /// Returns the directory of a `file://` target.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match &self.backend {
            Backend::Directory { path, .. } => Some(path),
            Backend::Remote(_) => None,
        }
    }

    /// Returns the store; of a directory only while it exists, so that nothing is written into the
    /// mount point of a file system that is not mounted.
    pub(super) async fn open(&self) -> Result<Arc<dyn ObjectStore>, TargetError> {
        let path = match &self.backend {
            Backend::Remote(store) => return Ok(Arc::clone(store)),
            Backend::Directory { path, .. } => path.clone(),
        };
        let opened = self.opening.run(move || {
            let is_there = path.is_dir();
            let store = is_there.then(|| open_directory(&path));
            (path, store)
        });
        let opened = self.within(self.deadlines.call, opened).await?;
        let (path, store) = opened?;
        match store {
            Some(store) => store.map_err(|error| self.failed(None, &error)),
            None => Err(TargetError::NoDirectory { target: self.name.clone(), path }),
        }
    }

    /// Waits for a step, whose blocking calls are made on the target's own threads.
    ///
    /// # Errors
    /// [`TargetError::Stalled`] after `limit`. What hangs in a directory keeps its thread; while
    /// all do, [`Self::open`] stalls, so that nothing more is begun.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        step: impl Future<Output = T>,
    ) -> Result<T, TargetError> {
        let step = async {
            match &self.backend {
                Backend::Remote(_) => step.await,
                Backend::Directory { pool, .. } => pool.run(step).await,
            }
        };
        let stalled = |_| TargetError::Stalled { target: self.name.clone(), limit };
        tokio::time::timeout(limit, step).await.map_err(stalled)
    }

    /// Returns where the objects of a site are.
    pub(super) fn site_prefix(&self, site: Uuid) -> ObjectPath {
        self.prefix.clone().join(site.to_string())
    }

    /// Returns where an object is.
    ///
    /// # Errors
    /// [`TargetError::Name`] for a name that no backup has, such as a path.
    pub(super) fn object(&self, site: Uuid, name: &str) -> Result<ObjectPath, TargetError> {
        check_name(name)?;
        Ok(self.site_prefix(site).join(name))
    }

    /// Translates an error of the store about the object `name`, or about no object in particular.
    pub(super) fn failed(&self, name: Option<&str>, error: &StoreError) -> TargetError {
        let (target, what) = (self.name.clone(), self.redactor.explain(error));
        let io = find_cause::<std::io::Error>(error);
        let kind = io.map(std::io::Error::kind);
        if let Some(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) = kind {
            return TargetError::Full { target, what };
        }
        if self.directory().is_some() {
            return match (kind, error) {
                (
                    Some(
                        std::io::ErrorKind::PermissionDenied
                        | std::io::ErrorKind::ReadOnlyFilesystem,
                    ),
                    _,
                ) => TargetError::DirectoryDenied { target, what },
                (_, StoreError::NotFound { .. }) => self.not_found(name, what),
                _ => TargetError::Store { target, what },
            };
        }
        let asked_metadata = METADATA_HOSTS.iter().any(|host| what.contains(host));
        match error {
            _ if asked_metadata => TargetError::NoCredentials { target, what },
            _ if trust::is_untrusted(error) => TargetError::Untrusted { target, what },
            _ if says(&what, &CLOCK) => TargetError::Clock { target, what },
            _ if says(&what, &OBJECT_LIMIT) => TargetError::ObjectLimit { target, what },
            _ if says(&what, &FULL) => TargetError::Full { target, what },
            _ if says(&what, &NO_BUCKET) => TargetError::NoBucket { target, what },
            StoreError::NotFound { .. } => self.not_found(name, what),
            _ if says(&what, &WRONG_KEYS) || is_answer(error, "401") => {
                TargetError::WrongKeys { target, what }
            }
            _ if is_answer(error, "403") => TargetError::Denied { target, what },
            _ if is_connection(error) => TargetError::Unreachable { target, what },
            _ => TargetError::Store { target, what },
        }
    }

    fn not_found(&self, name: Option<&str>, what: String) -> TargetError {
        let target = self.name.clone();
        match name.map(str::to_owned) {
            Some(name) => TargetError::NotFound { target, name },
            None => TargetError::Store { target, what },
        }
    }
}

/// Codes of S3 and Azure ("Common error codes" of both), MinIO and Ceph; Google answers with
/// sentences.
const NO_BUCKET: [&str; 3] = ["NoSuchBucket", "ContainerNotFound", "bucket does not exist"];
const CLOCK: [&str; 4] = [
    "RequestTimeTooSkewed",
    "RequestExpired",
    "RequestNotYetValid",
    // Of a token that is signed here.
    "in a reasonable timeframe",
];
const OBJECT_LIMIT: [&str; 2] = ["EntityTooLarge", "RequestBodyTooLarge"];
const FULL: [&str; 7] = [
    "QuotaExceeded",
    "quota exceeded",
    "InsufficientCapacity",
    "InsufficientStorage",
    "StorageFull",
    "StorageLimitExceeded",
    "storage_cap_exceeded",
];
const WRONG_KEYS: [&str; 7] = [
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidToken",
    "ExpiredToken",
    "AuthenticationFailed",
    "Invalid JWT Signature",
];

fn says(what: &str, codes: &[&str]) -> bool {
    codes.iter().any(|code| what.contains(code))
}

/// Whether the answer was 401 or 403; a listing's answer has no variant of its own.
fn is_answer(error: &StoreError, status: &str) -> bool {
    match (error, status) {
        (StoreError::PermissionDenied { .. }, "403")
        | (StoreError::Unauthenticated { .. }, "401") => true,
        _ => error_chain(error).contains(&format!("status code: {status}")),
    }
}

/// Whether there was no answer at all.
fn is_connection(error: &StoreError) -> bool {
    find_cause::<object_store::client::HttpError>(error).is_some()
}

/// Checks that `name` is `unoc_` and more of `a-z 0-9 _ .`, without two dots in a row: no path.
///
/// # Errors
/// [`TargetError::Name`].
pub(super) fn check_name(name: &str) -> Result<(), TargetError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
    let is_name = name.len() > NAME_START.len()
        && name.len() <= NAME_CHARS_MAX
        && name.starts_with(NAME_START)
        && name.chars().all(allowed)
        && !name.contains("..");
    if is_name {
        Ok(())
    } else {
        Err(TargetError::Name(name.chars().take(NAME_CHARS_MAX).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls on a directory that hangs: many more than threads may wait for it.
    const CALLS: usize = 100;
    /// Those of the pool, those that tokio has anyway, and some of other tests beside this one.
    const THREADS_MORE: usize = 20;

    fn thread_count() -> usize {
        std::fs::read_dir("/proc/self/task").unwrap().count()
    }

    /// A FIFO stands for a mount whose server is away: who opens one waits for a writer.
    #[tokio::test]
    async fn a_directory_that_hangs_blocks_few_threads() {
        const SHORT: Duration = Duration::from_millis(10);
        let directory = tempfile::tempdir().unwrap();
        let site = Uuid::from_u128(7);
        let objects = directory.path().join(site.to_string());
        std::fs::create_dir(&objects).unwrap();
        let (fifo, aside) = (objects.join("unoc_x.json"), objects.join("released"));
        let (kind, mode) =
            (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, mode, 0).unwrap();
        let url = format!("file://{}?name=nfs", directory.path().display());
        let target = BackupTarget::parse(&url, None).unwrap();
        let hurried = target.clone().with_deadlines(Deadlines { step: SHORT, call: SHORT });
        let before = thread_count();
        for _ in 0..CALLS {
            let got = hurried.get_small(site, "unoc_x.json", 1024).await;
            assert!(matches!(got, Err(TargetError::Stalled { .. })), "{got:?}");
        }
        let after = thread_count();
        assert!(after <= before + THREADS_MORE, "{after} threads after {before}");

        std::fs::rename(&fifo, &aside).unwrap();
        // For reading too, so that it does not wait for a reader itself.
        drop(std::fs::OpenOptions::new().read(true).write(true).open(&aside).unwrap());
        assert_eq!(target.list(site).await.unwrap(), [], "it goes on");
    }

    /// What `object_store` makes of an answer: a sentence with the status and the body.
    fn answered(status: &str, code: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let body = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        format!("Server returned non-2xx status code: {status}: {body}").into()
    }

    #[test]
    fn errors_of_stores_are_told_apart() {
        let remote = BackupTarget::parse("s3://b?region=x&name=t", None).unwrap();
        let generic =
            |status, code| StoreError::Generic { store: "S3", source: answered(status, code) };
        let not_found = |code| StoreError::NotFound {
            path: "p".to_owned(),
            source: answered("404 Not Found", code),
        };
        let check = |error: &StoreError, expected: &str| {
            let said = format!("{:?}", remote.failed(Some("unoc_x"), error));
            assert!(said.starts_with(expected), "{said}");
        };
        check(&generic("403 Forbidden", "AccessDenied"), "Denied");
        check(&generic("401 Unauthorized", "x"), "WrongKeys");
        for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken"] {
            check(&generic("403 Forbidden", code), "WrongKeys");
        }
        check(&generic("403 Forbidden", "RequestTimeTooSkewed"), "Clock");
        for code in ["QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"] {
            check(&generic("403 Forbidden", code), "Full");
        }
        check(&generic("507 Insufficient Storage", "InsufficientCapacity"), "Full");
        check(&generic("400 Bad Request", "EntityTooLarge"), "ObjectLimit");
        check(&generic("500 Internal Server Error", "InternalError"), "Store");
        check(&generic("404 Not Found", "NoSuchBucket"), "NoBucket");
        check(&not_found("NoSuchBucket"), "NoBucket");
        check(&not_found("ContainerNotFound"), "NoBucket");
        check(&not_found("NoSuchKey"), "NotFound");
        let metadata = "error sending request for url (http://169.254.169.254/latest/api/token)";
        let metadata = StoreError::Generic { store: "S3", source: metadata.into() };
        check(&metadata, "NoCredentials");

        let directory = BackupTarget::parse("file:///nonexistent", None).unwrap();
        for (kind, expected) in [
            (std::io::ErrorKind::PermissionDenied, "DirectoryDenied"),
            (std::io::ErrorKind::ReadOnlyFilesystem, "DirectoryDenied"),
            (std::io::ErrorKind::StorageFull, "Full"),
            (std::io::ErrorKind::QuotaExceeded, "Full"),
            (std::io::ErrorKind::Other, "Store"),
        ] {
            let source = Box::new(std::io::Error::from(kind));
            let error = StoreError::Generic { store: "LocalFileSystem", source };
            let said = format!("{:?}", directory.failed(Some("unoc_x"), &error));
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
