//! Notifications to systemd: ready, alive, reloading, stopping, and a line on what the service does
//! (sd_notify(3)).

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::{debug, warn};

use crate::config::environment;
use crate::engine::EngineHandle;

/// The line that systemd shows: like the socket that it is sent to, one for the whole process.
static SHOWN_STATUS: Mutex<String> = Mutex::new(String::new());

/// Returns whether somebody reads the notifications.
pub(super) fn is_listening() -> bool {
    environment().contains_key("NOTIFY_SOCKET")
}

pub(super) fn ready(address: SocketAddr) {
    notify(&[NotifyState::Ready]);
    show_status(&format!("Serving http://{address}/"));
}

/// Shows a line in `systemctl status`, unless it is the one that is shown.
pub(super) fn show_status(line: &str) {
    let mut shown = SHOWN_STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    if *shown != line {
        line.clone_into(&mut shown);
        // The socket is a datagram socket of this host: sending takes microseconds.
        notify(&[NotifyState::Status(line)]);
    }
}

/// A reload begins (sd_notify(3): the time tells it from an earlier one).
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => debug!(%error, "systemd could not be notified"),
    }
}

pub(super) fn reloaded() {
    notify(&[NotifyState::Ready]);
}

pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
    show_status("Stopping: ending open requests");
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
    let feed = || notify(&[NotifyState::Watchdog]);
    feed_while(|| handle.is_alive(), feed, period, stopping).await;
}

async fn feed_while(
    is_alive: impl Fn() -> bool,
    feed: impl Fn(),
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
        if is_alive() {
            feed();
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn an_engine_that_is_stuck_gets_no_sign_of_life() {
        const LOOKS: u32 = 5;
        let (looks, fed) = (Cell::new(0), Cell::new(0));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let stop = Cell::new(Some(stop));
        let is_alive = || {
            looks.set(looks.get() + 1);
            if looks.get() == 3 * LOOKS
                && let Some(stop) = stop.take()
            {
                stop.send(()).ok();
            }
            // Stuck for the second third.
            !(LOOKS + 1..=2 * LOOKS).contains(&looks.get())
        };
        let feed = || fed.set(fed.get() + 1);
        let stopping = async { stopped.await.unwrap_or(()) };
        feed_while(is_alive, feed, Duration::from_millis(1), stopping).await;
        assert_eq!(fed.get(), looks.get() - LOOKS);
    }
}
