//! Why a copy could not be made, read or deleted.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::util::BlockingError;

/// Why an operation on a target failed. The texts hold no secret: those of the store went through
/// [`super::redact`].
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The address cannot be used; it is not quoted.
    #[error("the address of a backup target cannot be used: {0}")]
    Address(String),
    /// Two targets have one name, so their copies could not be told apart.
    #[error("two backup targets are named {name}: give each its own name=, such as &name=second")]
    SameName { name: String },
    /// The file of the secrets, or one of its lines, cannot be used.
    #[error("the credentials of a backup target in {} cannot be used: {what}", path.display())]
    Credentials { path: PathBuf, what: String },
    /// The file of the root certificates cannot be used.
    #[error("the root certificates in {} cannot be used: {what}", path.display())]
    Certificates { path: PathBuf, what: String },
    /// The store refuses its settings.
    #[error("backup target {target} cannot be set up: {what}")]
    Settings { target: String, what: String },
    /// A name that no backup has.
    #[error("{0:?} is not the name of a backup file")]
    Name(String),
    /// The server does not answer, or the connection broke.
    #[error(
        "backup target {target} cannot be reached: {what}; check the endpoint and the network; it \
         will be retried"
    )]
    Unreachable { target: String, what: String },
    /// No credentials are configured, and the host is no cloud instance that has some.
    #[error(
        "backup target {target} has no credentials: set credentials_file=, or load a systemd \
         credential named backup_target_{target} ({what})"
    )]
    NoCredentials { target: String, what: String },
    /// The certificate of the server is not accepted.
    #[error(
        "the certificate of backup target {target} is not trusted: {what}; set ca_file= to the \
         certificate that signed it, and endpoint= to a host that it names"
    )]
    Untrusted { target: String, what: String },
    /// The keys are not those of an account.
    #[error(
        "backup target {target} does not accept the keys: {what}; check those in its credentials"
    )]
    WrongKeys { target: String, what: String },
    /// The account may not do this.
    #[error(
        "backup target {target} denies access: {what}; let the account of these keys list, read, write \
         and delete in the bucket"
    )]
    Denied { target: String, what: String },
    /// The clocks of this host and of the server differ too much.
    #[error(
        "backup target {target} rejects the clock of this host: {what}; set the clock here (check \
         it with timedatectl) or on the server"
    )]
    Clock { target: String, what: String },
    /// One file is larger than the target takes.
    #[error(
        "backup target {target} does not accept a file of this size: {what}; raise its limit for \
         one object"
    )]
    ObjectLimit { target: String, what: String },
    /// The directory cannot be written.
    #[error(
        "the directory of backup target {target} cannot be used: {what}; check its owner, and \
         ReadWritePaths= in the unit"
    )]
    DirectoryDenied { target: String, what: String },
    /// The bucket or container is not there.
    #[error("backup target {target} has no such bucket: {what}; create it, or correct the address")]
    NoBucket { target: String, what: String },
    /// The directory is not there.
    #[error(
        "backup target {target}: {} is not a directory; mount or create it", path.display()
    )]
    NoDirectory { target: String, path: PathBuf },
    /// No object of this name.
    #[error("backup target {target} has no {name}")]
    NotFound { target: String, name: String },
    /// The target takes no more.
    #[error("backup target {target} is full: {what}; free some space there, or raise its quota")]
    Full { target: String, what: String },
    /// The object that was read back differs from the file that was sent; it was removed.
    #[error(
        "backup target {target} returned a different {name} than was sent: {found_bytes} of \
         {bytes} bytes, SHA-256 {found_sha256} instead of {sha256}; the copy was removed"
    )]
    Differs {
        target: String,
        name: String,
        bytes: u64,
        found_bytes: u64,
        sha256: String,
        found_sha256: String,
    },
    /// The local file has changed since it was written; it was not copied.
    #[error(
        "{} is not the file that was written: {found_bytes} of {bytes} bytes, SHA-256 \
         {found_sha256} instead of {sha256}; it was not copied; verify the backup",
        path.display()
    )]
    LocalDiffers {
        path: PathBuf,
        bytes: u64,
        found_bytes: u64,
        sha256: String,
        found_sha256: String,
    },
    /// A local file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Local { path: PathBuf, source: io::Error },
    /// There are more objects than a site can have.
    #[error(
        "backup target {target} holds more than {names_max} files of this site: remove some, or \
         use another prefix"
    )]
    TooMany { target: String, names_max: usize },
    /// An object is larger than what was asked for.
    #[error("{name} of backup target {target} is larger than {bytes_max} bytes")]
    TooLarge { target: String, name: String, bytes_max: u64 },
    /// No progress for too long.
    #[error(
        "backup target {target} made no progress for {} s; check the network; it will be retried",
        limit.as_secs_f64()
    )]
    Stalled { target: String, limit: Duration },
    /// Any other answer of the target.
    #[error("backup target {target} failed: {what}")]
    Store { target: String, what: String },
    /// A thread panicked.
    #[error("the copy was not made: an internal error ended it; the log has the cause")]
    Panicked,
    /// The appliance stops.
    #[error("the copy was interrupted: the appliance is stopping")]
    Stopping,
}

impl From<BlockingError> for TargetError {
    fn from(error: BlockingError) -> Self {
        match error {
            BlockingError::Panicked => Self::Panicked,
            BlockingError::TimedOut | BlockingError::Stopped => Self::Stopping,
        }
    }
}

/// Names the local file that an I/O error is about.
pub(super) fn local(path: &Path) -> impl FnOnce(io::Error) -> TargetError {
    let path = path.to_owned();
    move |source| TargetError::Local { path, source }
}
