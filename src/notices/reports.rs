//! Plans the notices of reports: each new report is sent once to each contact that takes its kind.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

use super::outbox::Outbox;
use super::queue::GIVE_UP_AFTER;
use crate::engine::{EngineError, EngineHandle};
use crate::store::{ReportHead, Snapshot, StoreError};

/// New reports that are looked at after one run or one start: a day of every job, asked for by hand too.
const PLANNED_MAX: usize = 100;
/// How long it waits after an error, such as a volume without free space.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Plans after each run of a job. How far it has come is written together with what it plans, so that a kill
/// neither loses a report nor sends it to somebody a second time.
pub(super) struct ReportPlanner {
    pub(super) engine: EngineHandle,
    pub(super) outbox: Outbox,
    /// Changes when a run of a job has ended.
    pub(super) runs_ended: watch::Receiver<u64>,
}

impl ReportPlanner {
    /// Returns when the service stops.
    pub(super) async fn run(&self) {
        let mut ended = self.runs_ended.clone();
        loop {
            ended.borrow_and_update();
            match self.plan().await {
                Ok(()) => {
                    if ended.changed().await.is_err() {
                        return;
                    }
                }
                Err(EngineError::Stopped) => return,
                Err(error) => {
                    warn!(%error, "Reports are not sent to contacts yet");
                    sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    async fn plan(&self) -> Result<(), EngineError> {
        let now = self.engine.now();
        let oldest_us = now.0.saturating_sub(GIVE_UP_AFTER);
        let reports = new_reports(&self.engine.read(), oldest_us)?;
        if reports.is_empty() {
            return Ok(());
        }
        let batch = self.outbox.plan_reports(&reports, now);
        self.engine.save_notices(batch.clone()).await?;
        self.outbox.apply_reports(&batch);
        Ok(())
    }
}

/// The reports of which no notices are planned yet, oldest first. What is older than a day is news no longer,
/// such as the reports from before the first start of a version that sends them.
fn new_reports(snapshot: &Snapshot, oldest_us: i64) -> Result<Vec<ReportHead>, StoreError> {
    let planned = snapshot.planned_report()?.unwrap_or(0);
    let mut reports = snapshot.reports(None, None, PLANNED_MAX)?;
    reports.retain(|report| report.id > planned && report.ended_at.0 >= oldest_us);
    reports.reverse();
    Ok(reports)
}
