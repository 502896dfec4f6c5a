//! A dead man's switch: an address that is called as long as the appliance works. Whoever runs it alarms when
//! the calls stop.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use super::contact::masked_url;
use super::error::DeliveryError;
use super::sender::NoticeSender;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;

/// How long a call may take; the shortest interval is 10 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// The address and how often it is called.
#[derive(Clone)]
pub struct Heartbeat {
    url: Url,
    interval: Duration,
    log: Arc<Mutex<HeartbeatLog>>,
}

/// How the calls went.
#[derive(Clone, Debug, Default)]
pub struct HeartbeatLog {
    /// When the last call was answered.
    pub last_ok_at: Option<Timestamp>,
    /// Why the last call failed.
    pub error: Option<String>,
}

/// The log of a heartbeat, as it is now.
pub(super) type HeartbeatState = Arc<Mutex<HeartbeatLog>>;

impl Heartbeat {
    /// # Errors
    /// [`DeliveryError::Address`], which quotes nothing.
    pub fn parse(url: &str, interval: Duration) -> Result<Self, DeliveryError> {
        let invalid = |what: &str| DeliveryError::Address(what.to_owned());
        let url = Url::parse(url).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("the scheme is not https or http"));
        }
        Ok(Self { url, interval, log: Arc::default() })
    }

    pub(super) fn log(&self) -> HeartbeatState {
        Arc::clone(&self.log)
    }

    /// Calls the address while the engine works. Never returns.
    pub(super) async fn run(&self, engine: &EngineHandle, sender: &NoticeSender) {
        let mut tick = interval(self.interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if !engine.is_alive() {
                warn!("The engine does not respond; the heartbeat is not sent");
                continue;
            }
            let called = match sender.web() {
                Ok(web) => timeout(CALL_TIMEOUT, web.get(&self.url))
                    .await
                    .unwrap_or(Err(DeliveryError::TimedOut(CALL_TIMEOUT))),
                Err(error) => Err(error),
            };
            self.note(called.map_err(|error| error.to_string()), engine.now());
        }
    }

    /// Logs when calls begin to fail, and when they succeed again.
    fn note(&self, called: Result<String, String>, now: Timestamp) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        match called {
            Ok(_) => {
                if log.error.take().is_some() {
                    info!("The heartbeat is answered again");
                }
                log.last_ok_at = Some(now);
            }
            Err(error) => {
                if log.error.is_none() {
                    warn!(error, "The heartbeat is not answered");
                }
                log.error = Some(error);
            }
        }
    }
}

impl fmt::Debug for Heartbeat {
    /// No secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = masked_url(&self.url);
        f.debug_struct("Heartbeat")
            .field("url", &url)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
