//! Reading the configuration again while the service runs, on SIGHUP.
//!
//! Who is told of incidents, where copies of backups go, what is logged and the certificate are replaced. All other
//! settings need a restart, and are named. A configuration with an error changes nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tracing::{error, info, warn};

use super::applied_config::AppliedConfig;
use super::backup::targets;
use super::check::check;
use super::checks::CheckedParts;
use super::logging::level;
use super::notices::NoticeSettings;
use super::systemd;
use super::tls::ServedCertificate;
use crate::backup::Backups;
use crate::config::{Config, ConfigErrors};
use crate::engine::EngineHandle;
use crate::health::HealthHandle;
use crate::logs::Logs;
use crate::notices::NoticesHandle;
use crate::util::BlockingLimit;

/// Reads the configuration from where the process got it.
pub type ReadConfig = Arc<dyn Fn() -> Result<Config, ConfigErrors> + Send + Sync>;

/// How long it waits for the files that the configuration is in, and those that it names.
const READ_WAIT: Duration = Duration::from_secs(10);
/// The checks that tell what is not in effect.
const CHECKS: [&str; 2] = ["configuration.applied", "tls.renewal"];
const TARGETS_KEY: &str = "backup_targets";
/// The keys that are in effect once they are read.
const RELOADED_KEYS: [&str; 13] = [
    "log_level",
    TARGETS_KEY,
    "public_url",
    "contacts",
    "escalation",
    "smtp_url",
    "smtp_url_file",
    "smtp_ca_file",
    "mail_from",
    "heartbeat_url",
    "heartbeat_url_file",
    "heartbeat_interval_s",
    "database_url_file",
];

/// What a reload replaces, and who is told of it.
pub(super) struct ReloadParts {
    engine: EngineHandle,
    logs: Logs,
    notices: NoticesHandle,
    backups: Backups,
    health: HealthHandle,
    applied: AppliedConfig,
    /// The URL of the server for this host.
    own_url: String,
    certificate: Option<ServedCertificate>,
}

impl ReloadParts {
    pub(super) fn of(
        parts: &CheckedParts,
        logs: &Logs,
        notices: &NoticesHandle,
        health: &HealthHandle,
    ) -> Self {
        Self {
            engine: parts.engine.clone(),
            logs: logs.clone(),
            notices: notices.clone(),
            backups: parts.backups.clone(),
            health: health.clone(),
            applied: parts.applied_config.clone(),
            own_url: parts.own_server.url(),
            certificate: parts.certificate.clone(),
        }
    }
}

/// Reads the configuration again when it is asked to.
pub(super) struct ConfigReloader {
    parts: ReloadParts,
    read: ReadConfig,
    /// The configuration of the start: what it has and a reload does not replace is in effect until the end.
    started: Config,
    /// The configuration that was last read without an error.
    current: watch::Sender<Config>,
}

impl ConfigReloader {
    pub(super) fn new(parts: ReloadParts, read: ReadConfig, started: Config) -> Self {
        let current = watch::Sender::new(started.clone());
        Self { parts, read, started, current }
    }

    /// Returns the configuration that was last read without an error.
    pub(super) fn config(&self) -> watch::Receiver<Config> {
        self.current.subscribe()
    }

    /// Never returns: the composition root runs it beside the server.
    pub(super) async fn run(self, requests: Arc<Notify>) {
        let disk = BlockingLimit::new(1);
        loop {
            requests.notified().await;
            systemd::reloading();
            match self.read_again(&disk).await {
                Ok(config) => self.apply(config),
                Err(what) => self.refuse(what),
            }
            systemd::reloaded();
            // At once, so that the incident and the line of systemd do not wait for the next look.
            for check in CHECKS {
                self.parts.health.run(Some(check)).await.ok();
            }
        }
    }

    /// Reads the configuration and everything that it names.
    async fn read_again(&self, disk: &BlockingLimit) -> Result<Config, String> {
        let read = Arc::clone(&self.read);
        let reading = disk.run_within(READ_WAIT, move || {
            let config = read()?;
            check(&config)?;
            Ok(config)
        });
        match reading.await {
            Ok(Ok(config)) => Ok(config),
            Ok(Err(ConfigErrors(errors))) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                Err(errors.join("; "))
            }
            Err(error) => Err(format!("its files cannot be read: {error}")),
        }
    }

    fn refuse(&self, what: String) {
        error!("The configuration was not reloaded, and the one before stays in effect: {what}");
        self.parts.applied.set_refused(what);
    }

    fn apply(&self, config: Config) {
        let changed = self.current.borrow().changed_keys(&config);
        let (engine, own_url) = (&self.parts.engine, self.parts.own_url.clone());
        match NoticeSettings::of(&config) {
            // Only if it has changed: what a contact did before counts for its next message.
            Ok(settings) if changed.iter().any(|key| is_of_notices(key)) => {
                self.parts.notices.replace(settings.for_site(&config, engine, own_url));
            }
            Ok(_) => {}
            Err(ConfigErrors(errors)) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                return self.refuse(errors.join("; "));
            }
        }
        self.parts.logs.levels().set_default_level(level(&config));
        if self.takes_targets(&config) {
            self.parts.backups.replace_targets(targets(&config));
        }
        if let Some(certificate) = &self.parts.certificate {
            certificate.reload(&config);
        }
        let waiting: Vec<&str> = self.started.changed_keys(&config);
        let waiting: Vec<&str> =
            waiting.into_iter().filter(|key| !self.is_replaced(key, &config)).collect();
        log(&changed, &waiting);
        self.parts.applied.set_read(waiting);
        self.current.send_replace(config);
    }

    fn is_replaced(&self, key: &str, config: &Config) -> bool {
        match key {
            TARGETS_KEY => self.takes_targets(config),
            "tls_cert" | "tls_key" => {
                let certificate = self.parts.certificate.as_ref();
                certificate.is_some_and(|certificate| certificate.takes_files(config))
            }
            key => RELOADED_KEYS.contains(&key),
        }
    }

    /// The jobs that copy exist only if there were targets at the start.
    fn takes_targets(&self, config: &Config) -> bool {
        self.started.backup_targets.is_empty() == config.backup_targets.is_empty()
    }
}

fn is_of_notices(key: &str) -> bool {
    !["log_level", TARGETS_KEY, "database_url_file"].contains(&key) && RELOADED_KEYS.contains(&key)
}

fn log(changed: &[&str], waiting: &[&str]) {
    let replaced: Vec<&str> =
        changed.iter().filter(|key| !waiting.contains(key)).copied().collect();
    match replaced.as_slice() {
        [] => info!("Reloaded the configuration; no setting has changed that a reload replaces"),
        replaced => info!("Reloaded the configuration; now in effect: {}", replaced.join(", ")),
    }
    if !waiting.is_empty() {
        warn!("Changed settings need a restart (systemctl restart unoc): {}", waiting.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;

    #[test]
    fn reloaded_keys_exist() {
        for name in RELOADED_KEYS {
            assert!(keys().iter().any(|key| key.name == name), "{name}");
        }
    }
}
