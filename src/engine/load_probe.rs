//! How busy the engine is, for those who watch it.

use std::time::Duration;

use tokio::time::Instant;

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::util::metrics::{Metric, float};

/// Requests that wait for the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineQueue {
    pub waiting: usize,
    /// How many may wait.
    pub max: usize,
}

impl EngineHandle {
    /// The requests that wait.
    pub fn queue(&self) -> EngineQueue {
        let max = self.requests.max_capacity();
        EngineQueue { waiting: max - self.requests.capacity(), max }
    }

    /// The queue and the batches, for monitoring systems.
    pub fn metrics(&self) -> Vec<Metric> {
        let queue = self.queue();
        let of_queue = [
            Metric::gauge(
                "unoc_engine_queue_length",
                "Number of requests that wait for the engine",
                float(queue.waiting as u64),
            ),
            Metric::gauge(
                "unoc_engine_queue_limit",
                "Number of requests that may wait for the engine",
                float(queue.max as u64),
            ),
        ];
        of_queue.into_iter().chain(self.metrics.read()).collect()
    }

    /// How long one small durable commit takes on the engine's thread, without the time in the queue.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn time_commit(&self) -> Result<Duration, EngineError> {
        let timed = self
            .run("a timed write", |engine| {
                let space = engine.volume.check_reserve(1)?;
                let begun = Instant::now();
                if space.is_ok() {
                    engine.store.write_probe(engine.clock.now())?;
                }
                Ok(space.map(|()| begun.elapsed()))
            })
            .await?;
        timed.map_err(|low_space| EngineError::from(&low_space))
    }
}
