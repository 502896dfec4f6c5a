//! What the engine measures of its batches.

use crate::util::metrics::{Histogram, Metric};

/// From an idle engine to the time after which a caller gives up.
const QUEUE_WAIT_BOUNDS_S: &[f64] = &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// From one small command to the replacement of the largest site.
const EXECUTE_BOUNDS_S: &[f64] = &[0.000_01, 0.0001, 0.001, 0.01, 0.1, 1.0, 10.0];
/// From an SSD with a cache that survives power cuts to a disk that is about to fail.
const COMMIT_BOUNDS_S: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Up to the largest batch.
const BATCH_BOUNDS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1024.0];

/// Written by the engine's thread alone.
pub(super) struct EngineMetrics {
    pub(super) queue_wait: Histogram,
    pub(super) batch_commands: Histogram,
    pub(super) execute: Histogram,
    pub(super) commit: Histogram,
}

impl Default for EngineMetrics {
    fn default() -> Self {
        Self {
            queue_wait: Histogram::new(QUEUE_WAIT_BOUNDS_S),
            batch_commands: Histogram::new(BATCH_BOUNDS),
            execute: Histogram::new(EXECUTE_BOUNDS_S),
            commit: Histogram::new(COMMIT_BOUNDS_S),
        }
    }
}

impl EngineMetrics {
    /// What was measured since the start.
    pub(super) fn read(&self) -> [Metric; 4] {
        [
            Metric::histogram(
                "unoc_engine_queue_wait_seconds",
                "Time that a command waited for the engine",
                &self.queue_wait,
            ),
            Metric::histogram(
                "unoc_engine_batch_commands",
                "Commands that share one commit",
                &self.batch_commands,
            ),
            Metric::histogram(
                "unoc_engine_execute_seconds",
                "Duration of carrying out the commands of a batch in memory",
                &self.execute,
            ),
            Metric::histogram(
                "unoc_engine_commit_seconds",
                "Duration of writing a batch to the store, with its fsync",
                &self.commit,
            ),
        ]
    }
}
