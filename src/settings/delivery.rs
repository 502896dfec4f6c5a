//! How events are delivered at present: written by `realtime`, shown by the API.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::util::{Usage, milliseconds};

/// The least time between two batches on `/live`, whatever the setting is: 20 a second look continuous.
pub const LIVE_INTERVAL_MIN: Duration = Duration::from_millis(50);
/// Clients that follow the log at a time: 64 MiB wait for them at most.
pub const LOG_FOLLOWERS_MAX: usize = 64;

/// The clients of a namespace that cannot follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFacts {
    pub client_count: u64,
    /// Those that missed something and were not yet asked to read everything again.
    pub behind_count: u64,
    /// Those that missed something repeatedly, and are asked less often.
    pub slowed_count: u64,
    /// The longest time between two such requests to one client.
    pub longest_wait: Duration,
}

/// How events are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryFacts {
    /// The least time between two batches in effect on `/live`.
    pub interval: Duration,
    /// The least time that the service chose itself because commits came faster than it could send them.
    pub own_interval: Duration,
    pub v2: NamespaceFacts,
    pub live: NamespaceFacts,
    pub log_followers: Usage,
}

/// The facts as they are now. Each is read by itself: two may be of different moments.
#[derive(Debug, Default)]
pub struct DeliveryMonitor {
    own_interval_ms: AtomicU64,
    v2: NamespaceMonitor,
    live: NamespaceMonitor,
    log_follower_count: AtomicU64,
}

#[derive(Debug, Default)]
struct NamespaceMonitor {
    client_count: AtomicU64,
    behind_count: AtomicU64,
    slowed_count: AtomicU64,
    longest_wait_ms: AtomicU64,
}

impl DeliveryMonitor {
    /// The facts, of which the setting of the interval is a part.
    pub(super) fn read(&self, chosen_interval: Duration) -> DeliveryFacts {
        let own_interval = duration(&self.own_interval_ms);
        let log_follower_count = self.log_follower_count.load(Ordering::Relaxed);
        DeliveryFacts {
            interval: LIVE_INTERVAL_MIN.max(chosen_interval).max(own_interval),
            own_interval,
            v2: self.v2.read(),
            live: self.live.read(),
            log_followers: Usage { used: log_follower_count, max: LOG_FOLLOWERS_MAX as u64 },
        }
    }

    pub fn set_own_interval(&self, own_interval: Duration) {
        self.own_interval_ms.store(milliseconds(own_interval), Ordering::Relaxed);
    }

    pub fn set_namespaces(&self, v2: NamespaceFacts, live: NamespaceFacts) {
        self.v2.set(v2);
        self.live.set(live);
    }

    pub fn set_log_followers(&self, count: usize) {
        self.log_follower_count.store(count as u64, Ordering::Relaxed);
    }
}

impl NamespaceMonitor {
    fn read(&self) -> NamespaceFacts {
        NamespaceFacts {
            client_count: self.client_count.load(Ordering::Relaxed),
            behind_count: self.behind_count.load(Ordering::Relaxed),
            slowed_count: self.slowed_count.load(Ordering::Relaxed),
            longest_wait: duration(&self.longest_wait_ms),
        }
    }

    fn set(&self, facts: NamespaceFacts) {
        self.client_count.store(facts.client_count, Ordering::Relaxed);
        self.behind_count.store(facts.behind_count, Ordering::Relaxed);
        self.slowed_count.store(facts.slowed_count, Ordering::Relaxed);
        self.longest_wait_ms.store(milliseconds(facts.longest_wait), Ordering::Relaxed);
    }
}

fn duration(millis: &AtomicU64) -> Duration {
    Duration::from_millis(millis.load(Ordering::Relaxed))
}
