//! The cron clock: tokio-cron-scheduler fires at each full minute and wakes the supervisor.
//!
//! Every due time is a full minute, so one entry of the scheduler serves all jobs; which of them are due
//! is decided in `job`. One entry per job would be wrong: the scheduler keeps the UTC offset of the
//! moment at which an entry was added (an hour off after summer time begins or ends), and takes two day
//! fields as "both" where crontab(5) means "either".
//!
//! The scheduler waits for a time of the wall clock. When that clock is set back, it would be silent
//! until the time comes again; a scheduler that is silent for too long is replaced by a new one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tracing::warn;

/// With seconds in front, as the scheduler wants it.
const EACH_MINUTE: &str = "0 * * * * *";
/// A scheduler that has not fired for a minute and a half has missed a full minute: it checks the time
/// every 500 ms.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// Fires at each full minute.
pub(super) struct CronClock {
    schedule: &'static str,
    silence_max: Duration,
    /// Absent after it could not be started; the next restart tries again.
    scheduler: Option<JobScheduler>,
    /// Also held by the scheduler's entry.
    fired: Arc<Notify>,
    /// When the scheduler fired last, or was started.
    last: Instant,
}

impl CronClock {
    pub(super) async fn start() -> Self {
        Self::with(EACH_MINUTE, SILENCE_MAX).await
    }

    async fn with(schedule: &'static str, silence_max: Duration) -> Self {
        let (fired, last) = (Arc::new(Notify::new()), Instant::now());
        let mut clock = Self { schedule, silence_max, scheduler: None, fired, last };
        clock.restart().await;
        clock
    }

    /// Waits for the next full minute, or until the scheduler has missed one and is restarted. May be
    /// dropped and called again.
    pub(super) async fn tick(&mut self) {
        if timeout_at(self.last + self.silence_max, self.fired.notified()).await.is_err() {
            self.restart().await;
        }
        self.last = Instant::now();
    }

    /// Replaces the scheduler by a new one, which goes by the time that it is now.
    async fn restart(&mut self) {
        self.shut_down().await;
        self.scheduler = match scheduler(self.schedule, &self.fired).await {
            Ok(scheduler) => Some(scheduler),
            Err(error) => {
                let late_s = self.silence_max.as_secs();
                warn!(%error, "The cron scheduler did not start; jobs may be {late_s} s late");
                None
            }
        };
    }

    /// The scheduler's tasks end within half a second; they hold nothing of ours.
    pub(super) async fn shut_down(&mut self) {
        let Some(mut scheduler) = self.scheduler.take() else { return };
        if let Err(error) = scheduler.shutdown().await {
            warn!(%error, "The cron scheduler did not stop cleanly");
        }
    }
}

async fn scheduler(schedule: &str, fired: &Arc<Notify>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let fired = Arc::clone(fired);
    let entry = Job::new_async(schedule, move |_, _| {
        let fired = Arc::clone(&fired);
        Box::pin(async move { fired.notify_one() })
    });
    scheduler.add(entry?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_fires_when_the_schedule_matches() {
        let mut clock = CronClock::with("* * * * * *", SILENCE_MAX).await;
        let start = Instant::now();
        clock.tick().await;
        clock.tick().await;
        assert!(start.elapsed() < SILENCE_MAX / 2);
        clock.shut_down().await;
    }

    #[tokio::test]
    async fn a_scheduler_that_stays_silent_is_restarted() {
        let new_year = "0 0 0 1 1 *";
        let mut clock = CronClock::with(new_year, Duration::from_millis(20)).await;
        (clock.schedule, clock.silence_max) = ("* * * * * *", Duration::ZERO);
        clock.tick().await;
        clock.silence_max = SILENCE_MAX;
        let start = Instant::now();
        clock.tick().await;
        assert!(start.elapsed() < SILENCE_MAX / 2);
        clock.shut_down().await;
    }
}
