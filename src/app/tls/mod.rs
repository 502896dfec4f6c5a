//! The certificate of the server, from the settings: where it comes from, who keeps it up to date, and the port that
//! sends clients of plain HTTP to it.

mod redirect;
mod settings;

use std::sync::Arc;

use anyhow::{Context, Result};
use http::HeaderValue;

pub(super) use redirect::redirect_service;
pub(super) use settings::{check_certificate, kept_identity};

use self::settings::{CertificateSettings, certificate_settings};
use super::server::Encryption;
use crate::api::ChallengeAnswers;
use crate::config::{Config, ConfigErrors};
use crate::engine::Clock;
use crate::tls::acme::CertificateRenewer;
use crate::tls::{
    CertificateSlot, CertificateSource, FileWatcher, PinnedServer, TlsServer, TlsStatus,
};
use crate::util::run_blocking;

const SECONDS_PER_DAY: u32 = 86_400;

/// The certificate that the server shows. Clones share it.
#[derive(Clone)]
pub(crate) struct ServedCertificate {
    pub(super) slot: CertificateSlot,
    pub(super) status: TlsStatus,
    upkeep: CertificateUpkeep,
}

/// Who has the certificate replaced.
#[derive(Clone)]
enum CertificateUpkeep {
    Files(FileWatcher),
    Authority(CertificateRenewer),
}

impl ServedCertificate {
    /// Reads the certificate, or makes one until an authority has issued one. Returns `None` for plain HTTP.
    ///
    /// # Errors
    /// The settings contradict each other, or a file cannot be used.
    pub(super) async fn open(config: &Config, clock: &Clock) -> Result<Option<Self>> {
        let Some(settings) = certificate_settings(config)? else { return Ok(None) };
        let (own, clock) = (config.clone(), clock.clone());
        let opening = run_blocking(move || Self::open_now(&own, settings, &clock));
        opening.await.context("the certificate cannot be read")?.map(Some)
    }

    fn open_now(config: &Config, settings: CertificateSettings, clock: &Clock) -> Result<Self> {
        let clock = clock.clone();
        let now = move || clock.now();
        match settings {
            CertificateSettings::Files(files) => {
                let identity = settings::read(config, &files)?;
                let slot = CertificateSlot::new(identity);
                let status = TlsStatus::new(CertificateSource::Files);
                let watcher = FileWatcher::new(files, slot.clone(), status.clone(), now);
                Ok(Self { slot, status, upkeep: CertificateUpkeep::Files(watcher) })
            }
            CertificateSettings::Authority(settings) => {
                let status = TlsStatus::new(CertificateSource::Authority);
                let (renewer, slot) = CertificateRenewer::open(settings, status.clone(), now)?;
                Ok(Self { slot, status, upkeep: CertificateUpkeep::Authority(renewer) })
            }
        }
    }

    /// Returns how connections are encrypted with it.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn encryption(&self, hsts_days: u32) -> Result<Encryption> {
        let tls = TlsServer::new(self.slot.clone()).context("TLS cannot be set up")?;
        let max_age = hsts_days.saturating_mul(SECONDS_PER_DAY);
        let hsts = HeaderValue::from_str(&format!("max-age={max_age}"))?;
        Ok(Encryption { tls, hsts })
    }

    /// Returns how clients of this process know the server again.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn pinned(&self) -> Result<PinnedServer> {
        PinnedServer::new(self.slot.clone()).context("TLS cannot be set up")
    }

    /// Keeps it up to date. Never returns: the composition root runs it beside the server.
    pub(super) async fn keep(self) {
        match self.upkeep {
            CertificateUpkeep::Files(watcher) => watcher.run().await,
            CertificateUpkeep::Authority(renewer) => renewer.run().await,
        }
    }

    /// Looks at once at what the configuration says now.
    pub(super) fn reload(&self, config: &Config) {
        match (&self.upkeep, certificate_settings(config)) {
            (CertificateUpkeep::Files(watcher), Ok(Some(CertificateSettings::Files(files)))) => {
                watcher.look_now(files);
            }
            (CertificateUpkeep::Authority(renewer), _) => renewer.try_now(),
            // A change of where it comes from needs a restart.
            (CertificateUpkeep::Files(_), _) => {}
        }
    }

    /// Returns whether new paths of files are in effect after a reload.
    pub(super) fn takes_files(&self, config: &Config) -> bool {
        let are_files =
            matches!(certificate_settings(config), Ok(Some(CertificateSettings::Files(_))));
        are_files && matches!(self.upkeep, CertificateUpkeep::Files(_))
    }

    /// Returns what answers the challenges of an authority over plain HTTP.
    fn challenge_answers(&self) -> ChallengeAnswers {
        let slot = self.slot.clone();
        Arc::new(move |token| slot.http_challenge(token))
    }
}

/// Fails if the settings of the certificate contradict each other; no file is read.
///
/// # Errors
/// Each contradiction.
pub(super) fn check_settings(config: &Config) -> Result<(), ConfigErrors> {
    certificate_settings(config).map(drop)
}
