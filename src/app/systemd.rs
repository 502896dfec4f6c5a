//! Notifications to systemd: ready, alive, stopping.

use std::net::SocketAddr;
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::{debug, warn};

use crate::engine::EngineHandle;

pub(super) fn ready(address: SocketAddr) {
    let status = format!("Serving http://{address}/");
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Returns how often the watchdog is notified: twice in `WatchdogSec`; `None` without a watchdog.
pub(super) fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// How much more time a start asks for, and how often: `TimeoutStartSec` of the unit limits a start
/// that hangs, not one that repairs or loads a large store.
const START_EXTENSION: Duration = Duration::from_secs(60);
const START_EVERY: Duration = Duration::from_secs(15);
/// A start that takes longer than this hangs.
const START_MAX: Duration = Duration::from_secs(1800);

/// Extends systemd's start timeout until `started` resolves.
pub(super) async fn extend_start<T>(started: impl Future<Output = T>) -> T {
    tokio::pin!(started);
    let mut tick = tokio::time::interval(START_EVERY);
    let late = tokio::time::sleep(START_MAX);
    tokio::pin!(late);
    loop {
        tokio::select! {
            started = &mut started => return started,
            () = &mut late => return started.await,
            _ = tick.tick() => {
                let micros = u32::try_from(START_EXTENSION.as_micros()).unwrap_or(u32::MAX);
                notify(&[NotifyState::ExtendTimeoutUsec(micros)]);
            }
        }
    }
}

/// Notifies the watchdog as long as the engine is idle or makes progress: if it hangs, systemd
/// restarts the service.
pub(super) async fn feed_watchdog(
    handle: EngineHandle,
    period: Duration,
    stopping: impl Future<Output = ()>,
) {
    let mut tick = tokio::time::interval(period);
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = &mut stopping => return,
        }
        if handle.is_alive() {
            notify(&[NotifyState::Watchdog]);
        } else {
            warn!("The engine does not respond; systemd gets no watchdog signal");
        }
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        debug!(%error, "systemd could not be notified");
    }
}
