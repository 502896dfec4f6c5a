//! One job: when it is due, its run under way, what the store records of it. The time is an argument.

use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;
use tokio::sync::oneshot;
use tokio::task;
use tracing::warn;

use super::error::{JobError, ScheduleError};
use super::handle::{JobPatch, JobStatus, JobsAnswer, LiveStatus};
use super::run_log::RunLog;
use super::schedule::Schedule;
use super::spec::JobSpec;
use crate::domain::Timestamp;
use crate::store::{JOB_RUNS_MAX, JobRun, JobSettings, JobWrite, RunResult, Snapshot, Trigger};

/// A run that starts later than this after its due time counts as missed. The cron clock is at most
/// 90 s late, and a restart for an update takes less than two minutes.
const MISSED_AFTER_US: i64 = 5 * 60 * 1_000_000;
/// How far in the future a settled due time may be: clocks are corrected by seconds all the time.
const FUTURE_US_MAX: i64 = 60 * 1_000_000;
/// Time between two checks, which come each minute, from which on the clock must have been set or the
/// host suspended.
const JUMP_US: i64 = 10 * 60 * 1_000_000;
/// Message of a run during which the process ended.
const INTERRUPTED: &str = "The service stopped during this run";

/// A job and its state.
///
/// Invariants:
/// 1. `next_id` is above the id of every run that was ever recorded.
/// 2. While `running` is set, no other run of this job begins.
pub(super) struct Job {
    pub(super) spec: JobSpec,
    schedule: Schedule,
    settings: JobSettings,
    /// Up to when due times were settled before the clock was set back.
    settled_ahead: Option<Timestamp>,
    next_id: u64,
    /// Its task is in the supervisor's set under the same id.
    pub(super) running: Option<Running>,
    /// Also kept here because it cannot be recorded on a full volume.
    latest: Option<JobRun>,
}

/// A job's new schedule and settings, to be applied once they are recorded.
pub(super) struct JobUpdate {
    schedule: Schedule,
    settings: JobSettings,
}

/// A run under way.
pub(super) struct Running {
    pub(super) task: task::Id,
    pub(super) run: JobRun,
    pub(super) log: RunLog,
    /// Set by the run once it has kept a report.
    pub(super) report: Arc<OnceLock<u64>>,
    /// Callers that wait for its end.
    pub(super) waiting: Vec<JobsAnswer<()>>,
}

impl Job {
    /// Returns a job as the store recorded it, and what to record now: that the job is new, and which
    /// runs the last process did not finish.
    pub(super) fn restore(
        spec: JobSpec,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<(Self, Vec<JobWrite>), JobError> {
        let default = Schedule::parse(spec.default_schedule)?;
        let recorded = snapshot.job(spec.name)?;
        let is_new = recorded.is_none();
        let settings = recorded.unwrap_or(JobSettings {
            schedule: None,
            is_enabled: true,
            first_seen: now,
            settled: now,
        });
        let schedule = match settings.schedule.as_deref().map(Schedule::parse) {
            Some(Ok(schedule)) => schedule,
            Some(Err(error)) => {
                warn!(job.name = spec.name, %error, "The schedule set for job {} cannot be read; \
                    it runs at {:?}", spec.name, spec.default_schedule);
                default
            }
            None => default,
        };
        let runs = snapshot.job_runs(spec.name, JOB_RUNS_MAX)?;
        let next_id = runs.first().map_or(1, |run| run.id + 1);
        let job = Self {
            spec,
            schedule,
            settings,
            settled_ahead: None,
            next_id,
            running: None,
            latest: None,
        };
        let interrupted =
            runs.into_iter().filter(|run| run.result == RunResult::Running).map(|run| {
                let message = Some(INTERRUPTED.to_owned());
                job.write(false, Some(JobRun { result: RunResult::Interrupted, message, ..run }))
            });
        let mut writes: Vec<JobWrite> = interrupted.collect();
        if is_new {
            writes.push(job.write(true, None));
        }
        Ok((job, writes))
    }

    /// Adjusts to a clock that was set since the last check. Returns true if it was set back to before
    /// the settled due times: those before now count as settled instead, so that the job does not pause
    /// until that time comes again. If the clock jumps forward again to where it was, it was right
    /// before: a host without a battery starts in 1970 until it has got the time.
    pub(super) fn adjust_to_clock(&mut self, last_check: Timestamp, now: Timestamp) -> bool {
        let settled = self.settings.settled;
        if settled.0 > now.0.saturating_add(FUTURE_US_MAX) {
            self.settled_ahead = Some(settled);
            self.settings.settled = now;
            return true;
        }
        if let Some(ahead) = self.settled_ahead.take_if(|ahead| *ahead <= now)
            && now.0.saturating_sub(last_check.0) > JUMP_US
        {
            self.settings.settled = settled.max(ahead);
        }
        false
    }

    /// Returns why the job has to run now, if it has to, and settles every due time up to now.
    pub(super) fn take_due(&mut self, now: Timestamp, zone: &TimeZone) -> Option<Trigger> {
        if !self.settings.is_enabled {
            return None;
        }
        let due = self.schedule.latest(now, zone).filter(|due| due.0 > self.settled_us())?;
        self.settings.settled = due;
        let is_late = now.0 - due.0 > MISSED_AFTER_US;
        Some(if is_late { Trigger::Missed } else { Trigger::Schedule })
    }

    /// Returns what an operator's change makes of the job. Due times before now are settled: neither
    /// those while it was disabled nor those of another schedule are made up for.
    pub(super) fn updated(
        &self,
        patch: JobPatch,
        now: Timestamp,
    ) -> Result<JobUpdate, ScheduleError> {
        let mut update =
            JobUpdate { schedule: self.schedule.clone(), settings: self.settings.clone() };
        if let Some(text) = patch.schedule {
            update.schedule = match &text {
                Some(text) => Schedule::parse(text)?,
                None => Schedule::parse(self.spec.default_schedule)?,
            };
            update.settings.schedule = text.map(|_| update.schedule.as_str().to_owned());
        }
        if let Some(is_enabled) = patch.is_enabled {
            update.settings.is_enabled = is_enabled;
        }
        update.settings.settled = update.settings.settled.max(now);
        Ok(update)
    }

    pub(super) fn apply(&mut self, update: JobUpdate) {
        (self.schedule, self.settings) = (update.schedule, update.settings);
    }

    /// Returns a new run that begins now.
    pub(super) fn new_run(&mut self, trigger: Trigger, now: Timestamp) -> JobRun {
        let id = self.next_id;
        self.next_id += 1;
        JobRun {
            id,
            trigger,
            started_at: now,
            ended_at: None,
            result: RunResult::Running,
            message: None,
            log: Vec::new(),
            report: None,
        }
    }

    /// Ends the run under way. Returns it, and the callers that wait for its end.
    pub(super) fn end_run(
        &mut self,
        result: RunResult,
        message: String,
        now: Timestamp,
    ) -> Option<(JobRun, Vec<JobsAnswer<()>>)> {
        let Running { run, log, report, waiting, .. } = self.running.take()?;
        let run = JobRun {
            ended_at: Some(now.max(run.started_at)),
            result,
            message: Some(message),
            log: log.lines(),
            report: report.get().copied(),
            ..run
        };
        self.latest = Some(run.clone());
        Some((run, waiting))
    }

    /// Answers once this run has ended; at once if it is not under way.
    pub(super) fn answer_at_end(
        &mut self,
        run_id: u64,
        answer: oneshot::Sender<Result<(), JobError>>,
    ) {
        match &mut self.running {
            Some(running) if running.run.id == run_id => running.waiting.push(answer),
            // The caller may have gone away.
            _ => drop(answer.send(Ok(()))),
        }
    }

    pub(super) fn live_status(&self, now: Timestamp, zone: &TimeZone) -> LiveStatus {
        let is_enabled = self.settings.is_enabled;
        let running = self.running.as_ref();
        let status = JobStatus {
            name: self.spec.name,
            title: self.spec.title,
            schedule: self.schedule.as_str().to_owned(),
            default_schedule: self.spec.default_schedule,
            is_enabled,
            next_run_at: self.schedule.next(now, zone).filter(|_| is_enabled),
            overdue_since: self
                .schedule
                .latest(now, zone)
                .filter(|due| is_enabled && due.0 > self.settled_us()),
            running: running.map(|now| JobRun { log: now.log.lines(), ..now.run.clone() }),
            runs: Vec::new(),
        };
        LiveStatus { status, latest: self.latest.clone() }
    }

    /// Returns what to record: the settings, a run, or both.
    pub(super) fn write(&self, with_settings: bool, run: Option<JobRun>) -> JobWrite {
        let settings = with_settings.then(|| self.settings.clone());
        JobWrite { name: self.spec.name.to_owned(), settings, run }
    }

    fn settled_us(&self) -> i64 {
        self.settings.settled.0
    }
}

impl JobUpdate {
    /// Returns what to record for the job of this name.
    pub(super) fn write(&self, name: &str) -> JobWrite {
        JobWrite { name: name.to_owned(), settings: Some(self.settings.clone()), run: None }
    }
}
