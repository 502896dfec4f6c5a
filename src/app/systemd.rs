//! Telling systemd that the service is ready, alive, and stopping.

use std::net::SocketAddr;
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::{debug, warn};

use crate::engine::Handle;

pub(super) fn ready(address: SocketAddr) {
    let status = format!("Serving http://{address}/");
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Half of what systemd allows between two signs of life, if it watches at all.
pub(super) fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// Gives a sign of life as long as the engine answers: a hung engine lets systemd restart us.
pub(super) async fn feed_watchdog(
    handle: Handle,
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
        match tokio::time::timeout(period, handle.ping()).await {
            Ok(Ok(())) => notify(&[NotifyState::Watchdog]),
            Ok(Err(_)) | Err(_) => warn!("The engine does not answer: no sign of life to systemd"),
        }
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        debug!(%error, "systemd could not be told");
    }
}
