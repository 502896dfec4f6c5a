//! The task that has a certificate at all times: the first order, renewals, and pauses after failures.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tracing::{info, warn};

use super::super::error::{AuthorityFault, TlsError};
use super::super::identity::{Fingerprint, ServerIdentity};
use super::super::self_signed::{PemPair, self_signed};
use super::super::slot::CertificateSlot;
use super::super::status::TlsStatus;
use super::super::validity::span;
use super::account::{account, blocking, new_account};
use super::directory::{AcmeDirectory, RenewalFailures};
use super::order::order;
use super::schedule::{PAUSE_MAX, after, pause_after, renewal_at};
use super::settings::AcmeSettings;
use crate::domain::Timestamp;
use crate::util::jitter;

/// The longest sleep: a clock that jumps, or a host that was suspended, delays a renewal by no more.
const SLEEP_MAX: Duration = Duration::from_secs(60 * 60);
/// How long an operator waits between two attempts that he asks for.
const ASKED_PAUSE: Duration = Duration::from_secs(5);
/// Life of the certificate that is shown until the first order succeeds, in days.
const INTERIM_DAYS: u16 = 30;

/// Orders and renews a certificate. Failures are noted in the status, and never end anything. Clones share it.
#[derive(Clone)]
pub struct CertificateRenewer(Arc<Renewer>);

struct Renewer {
    settings: AcmeSettings,
    directory: AcmeDirectory,
    slot: CertificateSlot,
    status: TlsStatus,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    asked: Notify,
    /// The certificate that is shown until the first order succeeds.
    interim: Option<Fingerprint>,
    /// Drawn once, for the time of the renewal.
    jitter: f64,
}

impl CertificateRenewer {
    /// Reads what an earlier run kept into a new slot; without that, the slot has a certificate that is signed by itself.
    /// This blocks.
    ///
    /// # Errors
    /// [`TlsError::Make`]: not even that can be made.
    pub fn open(
        settings: AcmeSettings,
        status: TlsStatus,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<(Self, CertificateSlot), TlsError> {
        let directory = AcmeDirectory::new(&settings.state_dir);
        let kept = directory.certificate().unwrap_or_else(|error| {
            warn!(
                "The certificate of an earlier run cannot be used, and is ordered again: {error}"
            );
            None
        });
        let is_interim = kept.is_none();
        let identity = match kept {
            Some(identity) => identity,
            None => interim_identity(&settings, now())?,
        };
        let interim = is_interim.then(|| identity.fingerprint());
        let slot = CertificateSlot::new(identity);
        let failures = directory.failures(&wanted(&settings));
        if failures.count > 0 {
            status.set_problem(Some(failures.message));
        }
        let renewer = Renewer {
            settings,
            directory,
            slot: slot.clone(),
            status,
            now: Box::new(now),
            asked: Notify::new(),
            interim,
            jitter: jitter(),
        };
        Ok((Self(Arc::new(renewer)), slot))
    }

    /// Tries at once what is due, also while it would wait after a failure.
    pub fn try_now(&self) {
        self.0.asked.notify_one();
    }

    /// Never returns: the composition root runs it beside the server.
    pub async fn run(self) {
        let renewer = self.0;
        let mut failures = renewer.kept_failures().await;
        let mut earliest_asked = (renewer.now)();
        loop {
            let now = (renewer.now)();
            let due = renewer.due_at();
            // A pause that was kept when the clock was wrong does not last longer than any other.
            let retry_at = Timestamp(failures.retry_at_us).min(after(now, PAUSE_MAX));
            let next = due.max(retry_at);
            if next > now {
                let is_asked = renewer.wait(span(now, next)).await;
                let now = (renewer.now)();
                if !(is_asked && due <= now && earliest_asked <= now) {
                    continue;
                }
            }
            earliest_asked = after((renewer.now)(), ASKED_PAUSE);
            failures = renewer.attempt(failures).await;
        }
    }
}

impl Renewer {
    /// From when on a certificate is wanted in place of the one that is served.
    fn due_at(&self) -> Timestamp {
        let served = self.slot.identity();
        let is_for_all = self.settings.names.iter().all(|name| served.covers(name));
        match is_for_all && self.interim != Some(served.fingerprint()) {
            true => renewal_at(served.validity(), self.jitter),
            false => Timestamp(i64::MIN),
        }
    }

    /// Waits, but not for ever. Returns whether an operator ended it.
    async fn wait(&self, span: Duration) -> bool {
        tokio::select! {
            () = self.asked.notified() => true,
            () = tokio::time::sleep(span.min(SLEEP_MAX)) => false,
        }
    }

    /// Orders once. Returns the failures since the last success.
    async fn attempt(&self, failures: RenewalFailures) -> RenewalFailures {
        let (pair, identity) = match self.order().await {
            Ok(ordered) => ordered,
            Err(error) => return self.note_failure(failures.count, &error).await,
        };
        let names = self.settings.names.join(", ");
        let days = identity.validity().remaining((self.now)()).as_secs() / 86_400;
        info!("Got a certificate for {names} from the authority; it is valid for {days} days");
        self.slot.replace(identity);
        let writing = self.directory.clone();
        let kept = blocking(move || writing.keep_certificate(&pair)).await;
        let problem = kept.err().map(|error| {
            format!("the new certificate is in effect, but a restart orders another one: {error}")
        });
        if let Some(problem) = &problem {
            warn!("A certificate cannot be kept: {problem}");
        }
        self.status.set_problem(problem);
        self.keep_failures(RenewalFailures::default()).await
    }

    async fn note_failure(&self, before: u32, error: &TlsError) -> RenewalFailures {
        let count = before.saturating_add(1);
        let pause = pause_after(count, error, jitter());
        let minutes = pause.as_secs() / 60;
        let message = format!("{error} (attempt {count}; the next one is in {minutes} min)");
        warn!("No certificate from the authority; the one before stays in effect: {message}");
        self.status.set_problem(Some(message.clone()));
        let retry_at_us = after((self.now)(), pause).0;
        let wanted = wanted(&self.settings);
        self.keep_failures(RenewalFailures { wanted, count, retry_at_us, message }).await
    }

    async fn order(&self) -> Result<(PemPair, ServerIdentity), TlsError> {
        let (settings, directory) = (&self.settings, &self.directory);
        let known = account(settings, directory).await?;
        let ordered = order(&known, settings, &self.slot, (self.now)()).await;
        let is_forgotten = |error: &TlsError| {
            matches!(error, TlsError::Authority { kind: AuthorityFault::UnknownAccount, .. })
        };
        match ordered {
            // An authority that was set up anew has forgotten it.
            Err(error) if is_forgotten(&error) => {
                let made = new_account(settings, directory).await?;
                order(&made, settings, &self.slot, (self.now)()).await
            }
            ordered => ordered,
        }
    }

    async fn kept_failures(&self) -> RenewalFailures {
        let (reading, wanted) = (self.directory.clone(), wanted(&self.settings));
        blocking(move || Ok(reading.failures(&wanted))).await.unwrap_or_default()
    }

    async fn keep_failures(&self, failures: RenewalFailures) -> RenewalFailures {
        let (writing, kept) = (self.directory.clone(), failures.clone());
        if let Err(error) = blocking(move || writing.keep_failures(&kept)).await {
            warn!("The pause after a failure will be forgotten by a restart: {error}");
        }
        failures
    }
}

/// Returns the certificate that an earlier run kept; `None` without one. This blocks.
///
/// # Errors
/// It cannot be read.
pub fn kept_certificate(settings: &AcmeSettings) -> Result<Option<ServerIdentity>, TlsError> {
    AcmeDirectory::new(&settings.state_dir).certificate()
}

/// What is ordered, in one text: failures of another order say nothing about this one.
fn wanted(settings: &AcmeSettings) -> String {
    let AcmeSettings { names, directory_url, challenge, .. } = settings;
    format!("{} from {directory_url} by {challenge:?}", names.join(", "))
}

fn interim_identity(settings: &AcmeSettings, now: Timestamp) -> Result<ServerIdentity, TlsError> {
    let pair = self_signed(&settings.names, now, INTERIM_DAYS)?;
    let identity = ServerIdentity::from_pem(pair.chain.as_bytes(), pair.key.as_bytes());
    identity.map_err(|fault| TlsError::Make(format!("{fault:?}")))
}
