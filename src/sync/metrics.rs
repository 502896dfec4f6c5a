//! What the mirror measures of its rounds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::status::RoundKind;
use crate::util::metrics::{Histogram, Metric, float};

/// From a change over a local socket to the initial copy of the largest site.
const ROUND_BOUNDS_S: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0];

/// Written by the mirror's thread alone.
pub(super) struct SyncMetrics {
    /// Committed rounds, in the order of [`RoundKind::ALL`].
    rounds: [Histogram; 3],
    rows: AtomicU64,
    errors: AtomicU64,
}

impl Default for SyncMetrics {
    fn default() -> Self {
        let rounds = RoundKind::ALL.map(|_| Histogram::new(ROUND_BOUNDS_S));
        Self { rounds, rows: AtomicU64::default(), errors: AtomicU64::default() }
    }
}

impl SyncMetrics {
    pub(super) fn count_round(&self, kind: RoundKind, took: Duration, rows: u64) {
        self.rounds[kind as usize].observe_duration(took);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn count_error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// What was measured since the start.
    pub(super) fn read(&self) -> Vec<Metric> {
        let kinds = RoundKind::ALL.iter().map(|kind| kind.as_str());
        let count = |count: &AtomicU64| float(count.load(Ordering::Relaxed));
        vec![
            Metric::histograms(
                "unoc_sync_round_seconds",
                "Duration of a round that was committed in PostgreSQL",
                "kind",
                kinds.zip(&self.rounds),
            ),
            Metric::counter(
                "unoc_sync_rows_total",
                "Rows sent to PostgreSQL, without the audit trail",
                count(&self.rows),
            ),
            Metric::counter(
                "unoc_sync_errors_total",
                "Errors after which sync began again",
                count(&self.errors),
            ),
        ]
    }
}
