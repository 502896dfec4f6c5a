//! The task that records how many customers have service.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::api::{ApiState, CustomerSamples};
use crate::domain::Timestamp;
use crate::engine::{EngineError, EngineHandle};
use crate::store::Sample;

/// How often the clock is read.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Pause between two samples when the site keeps changing: an outage is visible at once, and a storm of
/// changes is counted six times a minute.
const CHANGE_INTERVAL: Duration = Duration::from_secs(10);

const MINUTE_US: i64 = 60_000_000;

/// Records a sample in each minute, and after changes that change one. Returns when the engine has ended.
pub(super) async fn record_history(handle: EngineHandle, state: ApiState) {
    let mut recorder = Recorder { handle, state, last: None, is_failing: false };
    let mut seqs = recorder.handle.watch_seq();
    let mut tick = tokio::time::interval(CLOCK_CHECK_INTERVAL);
    let mut counted_at = Instant::now();
    loop {
        tick.tick().await;
        let is_due = recorder.is_due();
        // An error means that the engine has ended.
        let Ok(is_changed) = seqs.has_changed() else { return };
        let is_first_attempt = is_due && !recorder.is_failing;
        let may_count = (is_due || is_changed) && counted_at.elapsed() >= CHANGE_INTERVAL;
        if !is_first_attempt && !may_count {
            continue;
        }
        seqs.mark_unchanged();
        counted_at = Instant::now();
        if let Err(EngineError::Stopped) = recorder.record(is_due).await {
            return;
        }
    }
}

struct Recorder {
    handle: EngineHandle,
    state: ApiState,
    /// The last samples that were recorded, and the minute.
    last: Option<(i64, [Sample; 4])>,
    /// Whether the last attempt failed, which was logged then.
    is_failing: bool,
}

impl Recorder {
    /// Whether the present minute has no sample yet.
    fn is_due(&self) -> bool {
        let minute = minute_of(self.handle.now());
        self.last.is_none_or(|(last, _)| last != minute)
    }

    async fn record(&mut self, is_due: bool) -> Result<(), EngineError> {
        let recorded = self.try_record(is_due).await;
        if let Err(error) = &recorded
            && !self.is_failing
        {
            warn!(%error, "The number of customers without service could not be recorded");
        }
        self.is_failing = recorded.is_err();
        recorded
    }

    async fn try_record(&mut self, is_due: bool) -> Result<(), EngineError> {
        let CustomerSamples { samples, planned_work } = self.state.customer_samples().await?;
        let at = self.handle.now();
        self.handle.set_planned_work(planned_work, at).await?;
        let is_known = self.last.is_some_and(|(_, last)| last == samples);
        if is_due || !is_known {
            self.handle.record_samples(at, samples.to_vec()).await?;
            self.last = Some((minute_of(at), samples));
        }
        Ok(())
    }
}

fn minute_of(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE_US)
}
