//! Notifications to systemd: ready, alive, reloading, stopping, and a line on what the service does
//! (sd_notify(3)).

use std::os::fd::BorrowedFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::{debug, warn};

use crate::config::environment;
use crate::engine::{EngineActivity, EngineHandle};

/// The line that systemd shows: like the socket that it is sent to, one for the whole process.
static SHOWN_STATUS: Mutex<String> = Mutex::new(String::new());

/// Returns whether somebody reads the notifications.
pub(super) fn is_listening() -> bool {
    environment().contains_key("NOTIFY_SOCKET")
}

/// Has systemd keep a socket under a name until the service has stopped, and pass it to the process after a restart
/// (sd_notify(3), `FDSTORE=1`). An earlier one of that name is no longer kept.
pub(super) fn keep_socket(socket: BorrowedFd<'_>, name: &str) {
    let name = || NotifyState::FdName(name);
    notify(&[NotifyState::FdStoreRemove, name()]);
    if let Err(error) = sd_notify::notify_with_fds(&[NotifyState::FdStore, name()], &[socket]) {
        debug!(%error, "systemd does not keep the socket");
    }
}

/// The service answers at this URL.
pub(super) fn ready(url: &str) {
    notify(&[NotifyState::Ready]);
    show_status(&format!("Serving {url}/"));
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

/// Notifies the watchdog as long as the engine is idle or makes progress, until `stopping` resolves: if it
/// hangs, or if nothing but the engine runs any more, systemd restarts the service.
///
/// A thread of its own does that: while a disk takes long for a commit, reads of the store may hold all threads
/// of the runtime, which is no reason to end the commit.
pub(super) async fn feed_watchdog(
    handle: EngineHandle,
    period: Duration,
    stopping: impl Future<Output = ()>,
) {
    let (pulse, pulses) = sync_channel(1);
    let feeder = tokio::task::spawn_blocking(move || {
        feed_while(&pulses, period, || handle.activity(), || notify(&[NotifyState::Watchdog]));
    });
    let mut tick = tokio::time::interval(period / 2);
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            // One that waits is enough.
            _ = tick.tick() => pulse.try_send(()).unwrap_or(()),
            () = &mut stopping => break,
        }
    }
    drop(pulse);
    feeder.await.ok();
}

/// Feeds with each pulse of the runtime, and without one while the engine works; ends with the last sender.
fn feed_while(
    pulses: &Receiver<()>,
    period: Duration,
    activity: impl Fn() -> EngineActivity,
    feed: impl Fn(),
) {
    loop {
        let has_pulse = match pulses.recv_timeout(period) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match activity() {
            EngineActivity::Idle if has_pulse => feed(),
            EngineActivity::Busy(_) => feed(),
            EngineActivity::Idle => {
                warn!("The service does not respond; systemd gets no watchdog signal");
            }
            EngineActivity::Stuck(_) | EngineActivity::Ended => {
                warn!("The engine does not respond; systemd gets no watchdog signal");
            }
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
    use std::cell::{Cell, RefCell};
    use std::sync::mpsc::channel;

    use super::*;
    use crate::engine::EngineTask;

    #[test]
    fn what_is_stuck_gets_no_sign_of_life_and_what_works_does() {
        let task = EngineTask { what: "a restore", elapsed: Duration::from_secs(100) };
        let check = |pulses: usize, activity: EngineActivity, expected: bool| {
            let (pulse, received) = channel();
            (0..pulses).for_each(|_| pulse.send(()).unwrap());
            // Dropped at the first look, which is then the last one.
            let pulse = RefCell::new(Some(pulse));
            let fed = Cell::new(0);
            let look = || {
                pulse.take();
                activity
            };
            feed_while(&received, Duration::from_millis(1), look, || fed.set(fed.get() + 1));
            assert_eq!(fed.get() > 0, expected, "{pulses} {activity:?}");
        };
        check(1, EngineActivity::Idle, true);
        check(1, EngineActivity::Busy(task), true);
        check(1, EngineActivity::Stuck(task), false);
        check(1, EngineActivity::Ended, false);
        check(0, EngineActivity::Idle, false);
        check(0, EngineActivity::Busy(task), true);
        check(0, EngineActivity::Stuck(task), false);
    }
}
