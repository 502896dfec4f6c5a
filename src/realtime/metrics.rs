//! What is measured of the events to clients.

use std::sync::atomic::{AtomicU64, Ordering};

use super::fanout::Fanout;
use crate::util::metrics::{Histogram, Metric, float};

/// From a commit that is sent at once to one that waited behind many: `/live` gathers for 50 ms.
const DELAY_BOUNDS_S: &[f64] = &[0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Of one namespace.
pub(super) struct NamespaceMetrics {
    pub(super) delay: Histogram,
    behind: AtomicU64,
}

/// Written by the task that forwards commits.
#[derive(Default)]
pub(super) struct FanoutMetrics {
    pub(super) v2: NamespaceMetrics,
    pub(super) live: NamespaceMetrics,
    missed: AtomicU64,
}

impl Default for NamespaceMetrics {
    fn default() -> Self {
        Self { delay: Histogram::new(DELAY_BOUNDS_S), behind: AtomicU64::default() }
    }
}

impl NamespaceMetrics {
    pub(super) fn set_behind(&self, fanout: &Fanout) {
        self.behind.store(fanout.behind_count() as u64, Ordering::Relaxed);
    }
}

impl FanoutMetrics {
    /// Commits came faster than they could be sent.
    pub(super) fn count_missed(&self, commits: u64) {
        self.missed.fetch_add(commits, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> [Metric; 3] {
        let namespaces = [("/", &self.v2), ("/live", &self.live)];
        let behind = |of: &NamespaceMetrics| float(of.behind.load(Ordering::Relaxed));
        [
            Metric::histograms(
                "unoc_events_delay_seconds",
                "Time from a commit until its event was handed to all clients",
                "namespace",
                namespaces.map(|(namespace, of)| (namespace, &of.delay)),
            ),
            Metric::gauges(
                "unoc_clients_behind",
                "Socket.IO clients that missed an event and have not been told yet",
                "namespace",
                namespaces.map(|(namespace, of)| (namespace, behind(of))),
            ),
            Metric::counter(
                "unoc_events_missed_commits_total",
                "Commits that came faster than their events could be sent",
                float(self.missed.load(Ordering::Relaxed)),
            ),
        ]
    }
}
