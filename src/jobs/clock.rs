//! Waking up when something may be due: at each full minute by tokio-cron-scheduler, and after
//! pauses besides.
//!
//! Every due time is a full minute, so one entry in the scheduler wakes for all jobs, and it is
//! only ever a wake-up: what is due is decided elsewhere. Not one entry per job, because the
//! scheduler keeps the UTC offset of the moment at which an entry was made (an hour off after the
//! clocks changed), and takes two day fields as "both" where cron means "either". The pauses are
//! measured without a clock that can be set: the scheduler itself stands still when the clock is
//! put back, until it has caught up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tracing::warn;

/// With seconds in front, as the scheduler wants it.
const EACH_MINUTE: &str = "0 * * * * *";
/// How late a job may be when the scheduler does not wake.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Wakes whoever waits.
pub(super) struct Ticker {
    minutes: Arc<Notify>,
    pauses: Interval,
    /// Absent when it could not be started; the pauses remain.
    scheduler: Option<JobScheduler>,
}

impl Ticker {
    pub(super) async fn start() -> Self {
        let minutes = Arc::new(Notify::new());
        let scheduler = match each_minute(&minutes).await {
            Ok(scheduler) => Some(scheduler),
            Err(error) => {
                warn!(%error, "The scheduler did not start; jobs may be {LOOK_EVERY:?} late");
                None
            }
        };
        let mut pauses = interval(LOOK_EVERY);
        pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { minutes, pauses, scheduler }
    }

    /// Returns when something may be due; the first time at once.
    pub(super) async fn wake(&mut self) {
        tokio::select! {
            () = self.minutes.notified() => {}
            _ = self.pauses.tick() => {}
        }
    }

    /// Its own tasks end within half a second; they hold nothing of ours.
    pub(super) async fn stop(self) {
        let Some(mut scheduler) = self.scheduler else { return };
        if let Err(error) = scheduler.shutdown().await {
            warn!(%error, "The scheduler ended with an error");
        }
    }
}

async fn each_minute(minutes: &Arc<Notify>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let minutes = Arc::clone(minutes);
    let wake = Job::new_async(EACH_MINUTE, move |_, _| {
        let minutes = Arc::clone(&minutes);
        Box::pin(async move { minutes.notify_one() })
    });
    scheduler.add(wake?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}
