//! The task that forwards commits to clients.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tracing::{info, warn};

use super::events::{self, PendingEvents};
use super::fanout::{Fanout, LIVE};
use super::incidents;
use super::live::{self, HEARTBEAT_INTERVAL, PendingChanges};
use super::metrics::FanoutMetrics;
use super::pace::Pace;
use super::sockets::Sockets;
use crate::engine::{Commit, EngineHandle};
use crate::incidents::IncidentsHandle;
use crate::settings::{LIVE_INTERVAL_MIN, RuntimeSetting, RuntimeSettings};

/// How often it is looked whether clients have recovered, and what is shown of them is renewed.
const SETTLE_INTERVAL: Duration = Duration::from_secs(1);

/// Forwards commits and changed incidents to clients until the engine ends.
pub async fn run(handle: EngineHandle, incidents: IncidentsHandle, sockets: Sockets) {
    let mut commits = handle.subscribe();
    let mut news = incidents.subscribe();
    let mut has_news = true;
    let seq = handle.read().seq();
    // Its sender would keep the channel open after the engine's end.
    drop((handle, incidents));
    let heartbeat_wanted = sockets.heartbeat_wanted.clone();
    let mut changed = sockets.settings().subscribe();
    let mut forwarder = Forwarder::new(sockets, seq);
    let mut heartbeat = interval(HEARTBEAT_INTERVAL);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut settling = interval(SETTLE_INTERVAL);
    settling.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        forwarder.measure();
        tokio::select! {
            commit = commits.recv() => match commit {
                Ok(commit) => forwarder.add(&commit),
                Err(RecvError::Lagged(missed)) => forwarder.miss(missed),
                Err(RecvError::Closed) => return,
            },
            news = news.recv(), if has_news => match news {
                Ok(news) => forwarder.live.send(&[incidents::changed(&news)]),
                Err(RecvError::Lagged(_)) => forwarder.live.send(&[incidents::missed()]),
                Err(RecvError::Closed) => has_news = false,
            },
            () = sleep_until(forwarder.next_batch), if forwarder.has_work() => {
                forwarder.send_batches();
            }
            _ = heartbeat.tick() => forwarder.send_heartbeat(),
            () = heartbeat_wanted.notified() => forwarder.send_heartbeat(),
            _ = settling.tick() => forwarder.settle(),
            // Its sender lives as long as the forwarder.
            _ = changed.changed() => forwarder.follow_settings(),
        }
    }
}

/// What waits to be sent, to whom, and when.
struct Forwarder {
    settings: RuntimeSettings,
    v2: Fanout,
    live: Fanout,
    /// For `/`; empty while its events are off.
    v2_events: PendingEvents,
    has_v2_events: bool,
    /// For `/live`.
    changes: PendingChanges,
    /// When the oldest commit that waits was published, for each of both.
    v2_since: Option<Instant>,
    live_since: Option<Instant>,
    metrics: Arc<FanoutMetrics>,
    /// Of this task, which misses commits when there are too many clients for so many events.
    pace: Pace,
    next_batch: Instant,
    /// Whether clients, or this task, could not follow when it was last looked.
    is_slowed: bool,
}

impl Forwarder {
    fn new(sockets: Sockets, seq: u64) -> Self {
        let now = Instant::now();
        let settings = sockets.settings().clone();
        Self {
            has_v2_events: settings.is_on(RuntimeSetting::V2Events),
            settings,
            v2: Fanout::new(sockets.io.clone(), "/"),
            live: Fanout::new(sockets.io, LIVE),
            v2_events: PendingEvents::default(),
            changes: PendingChanges::new(seq),
            v2_since: None,
            live_since: None,
            metrics: sockets.metrics,
            pace: Pace::new(now),
            next_batch: now,
            is_slowed: false,
        }
    }

    /// The least time between two batches; zero when v2's events are sent at once.
    fn interval(&self) -> Duration {
        self.settings.event_interval().max(self.pace.wait())
    }

    fn has_work(&self) -> bool {
        let has_v2_work = !self.v2_events.is_empty() || self.v2.has_clients_behind();
        !self.changes.is_empty()
            || self.live.has_clients_behind()
            || (self.has_v2_events && has_v2_work)
    }

    fn add(&mut self, commit: &Commit) {
        let max = |setting| usize::try_from(self.settings.value(setting)).unwrap_or(usize::MAX);
        self.changes.add(commit, max(RuntimeSetting::LiveChangesMax));
        self.live_since.get_or_insert(commit.published);
        if !self.has_v2_events {
            return;
        }
        self.v2_events.add(commit, max(RuntimeSetting::V2EventsMax));
        self.v2_since.get_or_insert(commit.published);
        if self.interval().is_zero() {
            self.send_v2_events();
        }
    }

    /// Commits came faster than they could be sent.
    fn miss(&mut self, count: u64) {
        self.pace.miss(Instant::now());
        self.metrics.count_missed(count);
        warn!(missed = count, "Missed commits that came faster than they could be sent");
        self.changes.overflow(self.changes.to_seq() + count);
        self.v2_events.overflow();
        if self.has_v2_events && self.interval().is_zero() {
            self.send_v2_events();
        }
    }

    fn send_v2_events(&mut self) {
        self.v2.send(&self.v2_events.take());
        if let Some(since) = self.v2_since.take() {
            self.metrics.v2.delay.observe_duration(since.elapsed());
        }
    }

    fn measure(&self) {
        self.metrics.v2.set_behind(&self.v2);
        self.metrics.live.set_behind(&self.live);
    }

    fn send_batches(&mut self) {
        if !self.changes.is_empty() {
            self.live.send(&[self.changes.take()]);
        }
        if let Some(since) = self.live_since.take() {
            self.metrics.live.delay.observe_duration(since.elapsed());
        }
        self.live.resync(&live::resync(0, self.changes.seq()));
        if self.has_v2_events {
            if !self.v2_events.is_empty() {
                self.send_v2_events();
            }
            self.v2.resync(&events::reset());
        }
        self.next_batch = Instant::now() + self.interval().max(LIVE_INTERVAL_MIN);
    }

    fn send_heartbeat(&self) {
        self.live.send_lossy(&live::heartbeat(self.changes.seq()));
    }

    /// A shorter interval begins at once, and clients that were sent nothing are asked to read everything.
    fn follow_settings(&mut self) {
        let has_v2_events = self.settings.is_on(RuntimeSetting::V2Events);
        if has_v2_events && !self.has_v2_events {
            self.v2_events.overflow();
        } else if !has_v2_events {
            (self.v2_events, self.v2_since) = (PendingEvents::default(), None);
        }
        self.has_v2_events = has_v2_events;
        self.next_batch = Instant::now();
        self.settle();
    }

    /// Lets what follows again recover, and renews what is shown.
    fn settle(&mut self) {
        let now = Instant::now();
        self.pace.settle(now);
        let (v2, live) = (self.v2.settle(now), self.live.settle(now));
        let delivery = self.settings.delivery_monitor();
        delivery.set_own_interval(self.pace.wait());
        delivery.set_namespaces(v2, live);
        let slowed = v2.slowed_count + live.slowed_count;
        let is_slowed = slowed > 0 || !self.pace.wait().is_zero();
        if is_slowed && !self.is_slowed {
            warn!(
                clients = slowed,
                "Events come faster than clients can follow; they are asked to read everything again, each at \
                 most every few seconds"
            );
        } else if !is_slowed && self.is_slowed {
            info!("All clients follow the events again");
        }
        self.is_slowed = is_slowed;
    }
}
