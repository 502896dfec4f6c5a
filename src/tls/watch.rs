//! Files of a certificate that are replaced while the service runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tracing::{info, warn};

use super::error::TlsError;
use super::files::{CertificateFiles, FileStamp};
use super::identity::ServerIdentity;
use super::slot::CertificateSlot;
use super::status::TlsStatus;
use crate::domain::Timestamp;
use crate::util::BlockingLimit;

/// How often the files are looked at, and so how long a renewal may take to be in effect without a reload.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// How long one look may take; on a file system that hangs, the certificate in memory is served.
const READ_WAIT: Duration = Duration::from_secs(5);
/// So many looks in a row must find a fault before it is one: whoever replaces two files replaces them one after the other.
const FAULTS_TO_REPORT: u32 = 2;

/// Serves what is in the files as soon as it changes. A pair that cannot be used leaves the one before in effect.
#[derive(Clone)]
pub struct FileWatcher(Arc<Watched>);

struct Watched {
    slot: CertificateSlot,
    status: TlsStatus,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Where the files are, and what they looked like when they were read into the slot.
    files: Mutex<(CertificateFiles, Option<FileStamp>)>,
    asked: Notify,
    disk: BlockingLimit,
}

impl FileWatcher {
    /// Watches files whose content is in the slot.
    pub fn new(
        files: CertificateFiles,
        slot: CertificateSlot,
        status: TlsStatus,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Watched {
            slot,
            status,
            now: Box::new(now),
            files: Mutex::new((files, None)),
            asked: Notify::new(),
            disk: BlockingLimit::new(1),
        }))
    }

    /// Looks at once, at other files if these are others.
    pub fn look_now(&self, files: CertificateFiles) {
        *self.0.files.lock().unwrap_or_else(PoisonError::into_inner) = (files, None);
        self.0.asked.notify_one();
    }

    /// Never returns: the composition root runs it beside the server.
    pub async fn run(self) {
        let watched = self.0;
        let mut faults = 0;
        loop {
            let is_asked = tokio::select! {
                () = watched.asked.notified() => true,
                () = tokio::time::sleep(LOOK_INTERVAL) => false,
            };
            match watched.look().await {
                Ok(is_replaced) => {
                    faults = 0;
                    watched.status.set_problem(None);
                    if is_replaced {
                        info!("The certificate was replaced; new connections use it");
                    }
                }
                Err(error) => {
                    faults += 1;
                    if (is_asked || faults >= FAULTS_TO_REPORT)
                        && watched.status.set_problem(Some(error.to_string()))
                    {
                        warn!("The certificate before stays in effect: {error}");
                    }
                }
            }
        }
    }
}

impl Watched {
    /// Reads the files if they have changed since they were last in effect. Returns whether they are in effect anew.
    async fn look(&self) -> Result<bool, TlsError> {
        let (files, known) = self.files.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let looked_at = files.clone();
        let look = move || {
            let stamp = looked_at.stamp();
            if known == Some(stamp) {
                return Ok(None);
            }
            looked_at.read().map(|identity| Some((stamp, identity)))
        };
        let found = self.disk.run_within(READ_WAIT, look).await;
        let found =
            found.map_err(|error| TlsError::file(&files.certificate, error.to_string()))??;
        let Some((stamp, identity)) = found else { return Ok(false) };
        let is_new = identity.fingerprint() != self.slot.identity().fingerprint();
        if is_new {
            self.check_age(&files, &identity)?;
            self.slot.replace(identity);
        }
        let mut current = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 == files {
            current.1 = Some(stamp);
        }
        Ok(is_new)
    }

    /// An expired certificate does not replace one that is valid.
    fn check_age(
        &self,
        files: &CertificateFiles,
        identity: &ServerIdentity,
    ) -> Result<(), TlsError> {
        let now = (self.now)();
        let is_worse =
            !identity.validity().contains(now) && self.slot.identity().validity().contains(now);
        match is_worse {
            true => Err(TlsError::file(&files.certificate, "it has expired, or is not valid yet")),
            false => Ok(()),
        }
    }
}
