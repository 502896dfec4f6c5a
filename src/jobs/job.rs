//! One job: what is due, what runs, what is remembered. Knows the time only as an argument.

use jiff::tz::TimeZone;
use tokio::sync::oneshot;
use tokio::task;
use tracing::warn;

use super::error::{JobError, ScheduleError};
use super::handle::{Answer, JobPatch, JobStatus, Standing};
use super::run_log::RunLog;
use super::schedule::Schedule;
use super::spec::JobSpec;
use crate::domain::Timestamp;
use crate::store::{JOB_RUNS_MAX, JobRun, JobSettings, JobWrite, RunResult, Snapshot, Trigger};

/// From how late on a due time counts as missed. The scheduler and the pauses are seconds late,
/// a start after an update is within two minutes.
const MISSED_AFTER_US: i64 = 5 * 60 * 1_000_000;
/// How far in the future a settled due time may be: clocks are set by seconds all the time.
const FUTURE_US_MAX: i64 = 60 * 1_000_000;
/// Between two looks, which come each minute, time only passes like this when the clock was set
/// or the host stood still.
const JUMP_US: i64 = 10 * 60 * 1_000_000;
/// Said of a run that the process did not live to end.
const CUT_OFF: &str = "The service stopped during this run";

/// A job and its standing.
///
/// Invariants:
/// 1. `next_id` is above the id of every run that was ever remembered.
/// 2. While `running` is there, no other run of this job begins.
pub(super) struct Job {
    pub(super) spec: JobSpec,
    schedule: Schedule,
    settings: JobSettings,
    /// What was settled in a future that the clock came back from.
    ahead: Option<Timestamp>,
    next_id: u64,
    /// Its work is in the supervisor's set of tasks under the same id.
    pub(super) running: Option<Running>,
    /// Also kept here because a full volume remembers nothing.
    latest: Option<JobRun>,
}

/// A job's standing as an operator wants it, to be adopted once it is remembered.
pub(super) struct Changed {
    schedule: Schedule,
    settings: JobSettings,
}

/// A run under way.
pub(super) struct Running {
    pub(super) task: task::Id,
    pub(super) run: JobRun,
    pub(super) log: RunLog,
    /// Told when it is over.
    pub(super) waiting: Vec<Answer<()>>,
}

impl Job {
    /// A job as the store remembers it, and what to write down of it now: that it is new, and
    /// which runs the process before this one did not live to end.
    pub(super) fn restore(
        spec: JobSpec,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<(Self, Vec<JobWrite>), JobError> {
        let own = Schedule::parse(spec.default_schedule)?;
        let kept = snapshot.job(spec.name)?;
        let is_new = kept.is_none();
        let settings = kept.unwrap_or(JobSettings {
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
                own
            }
            None => own,
        };
        let runs = snapshot.job_runs(spec.name, JOB_RUNS_MAX)?;
        let next_id = runs.first().map_or(1, |run| run.id + 1);
        let job =
            Self { spec, schedule, settings, ahead: None, next_id, running: None, latest: None };
        let cut_off = runs.into_iter().filter(|run| run.result == RunResult::Running).map(|run| {
            let message = Some(CUT_OFF.to_owned());
            job.write(false, Some(JobRun { result: RunResult::Interrupted, message, ..run }))
        });
        let mut writes: Vec<JobWrite> = cut_off.collect();
        if is_new {
            writes.push(job.write(true, None));
        }
        Ok((job, writes))
    }

    /// Goes along with a clock that was set between two looks; true when it came back from a
    /// future in which due times are settled. Settled is then what is before now: the job must not
    /// stand still until that future comes. If the clock jumps there again, that future was none:
    /// a host without a battery begins in 1970 until it has asked for the time.
    pub(super) fn follow_clock(&mut self, seen: Timestamp, now: Timestamp) -> bool {
        let settled = self.settings.settled;
        if settled.0 > now.0.saturating_add(FUTURE_US_MAX) {
            self.ahead = Some(settled);
            self.settings.settled = now;
            return true;
        }
        if let Some(ahead) = self.ahead.take_if(|ahead| *ahead <= now)
            && now.0.saturating_sub(seen.0) > JUMP_US
        {
            self.settings.settled = settled.max(ahead);
        }
        false
    }

    /// Why it has to run now, if it has to; every due time up to now is settled with that.
    pub(super) fn take_due(&mut self, now: Timestamp, zone: &TimeZone) -> Option<Trigger> {
        if !self.settings.is_enabled {
            return None;
        }
        let due = self.schedule.latest(now, zone).filter(|due| due.0 > self.settled_us())?;
        self.settings.settled = due;
        let is_late = now.0 - due.0 > MISSED_AFTER_US;
        Some(if is_late { Trigger::Missed } else { Trigger::Schedule })
    }

    /// What comes of changing what an operator may change. Due times before now are settled: neither
    /// those of the time when it was disabled nor those of another schedule are made up.
    pub(super) fn changed(
        &self,
        patch: JobPatch,
        now: Timestamp,
    ) -> Result<Changed, ScheduleError> {
        let mut changed =
            Changed { schedule: self.schedule.clone(), settings: self.settings.clone() };
        if let Some(text) = patch.schedule {
            changed.schedule = match &text {
                Some(text) => Schedule::parse(text)?,
                None => Schedule::parse(self.spec.default_schedule)?,
            };
            changed.settings.schedule = text.map(|_| changed.schedule.as_str().to_owned());
        }
        if let Some(is_enabled) = patch.is_enabled {
            changed.settings.is_enabled = is_enabled;
        }
        changed.settings.settled = changed.settings.settled.max(now);
        Ok(changed)
    }

    pub(super) fn adopt(&mut self, changed: Changed) {
        (self.schedule, self.settings) = (changed.schedule, changed.settings);
    }

    /// The run that begins now.
    pub(super) fn next_run(&mut self, trigger: Trigger, now: Timestamp) -> JobRun {
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
        }
    }

    /// The run under way, ended now, and who waits for that.
    pub(super) fn end_run(
        &mut self,
        result: RunResult,
        message: String,
        now: Timestamp,
    ) -> Option<(JobRun, Vec<Answer<()>>)> {
        let Running { run, log, waiting, .. } = self.running.take()?;
        let run = JobRun {
            ended_at: Some(now.max(run.started_at)),
            result,
            message: Some(message),
            log: log.lines(),
            ..run
        };
        self.latest = Some(run.clone());
        Some((run, waiting))
    }

    /// Answers once this run is over.
    pub(super) fn when_over(&mut self, run_id: u64, answer: oneshot::Sender<Result<(), JobError>>) {
        match &mut self.running {
            Some(running) if running.run.id == run_id => running.waiting.push(answer),
            // Whoever asked may have gone away.
            _ => drop(answer.send(Ok(()))),
        }
    }

    pub(super) fn standing(&self, now: Timestamp, zone: &TimeZone) -> Standing {
        let is_enabled = self.settings.is_enabled;
        let running = self.running.as_ref();
        let status = JobStatus {
            name: self.spec.name,
            title: self.spec.title,
            schedule: self.schedule.as_str().to_owned(),
            default_schedule: self.spec.default_schedule,
            is_enabled,
            next_run_at: self.schedule.next(now, zone).filter(|_| is_enabled),
            running: running.map(|now| JobRun { log: now.log.lines(), ..now.run.clone() }),
            runs: Vec::new(),
        };
        Standing { status, latest: self.latest.clone() }
    }

    /// What to remember: the settings, a run, or both.
    pub(super) fn write(&self, with_settings: bool, run: Option<JobRun>) -> JobWrite {
        let settings = with_settings.then(|| self.settings.clone());
        JobWrite { name: self.spec.name.to_owned(), settings, run }
    }

    fn settled_us(&self) -> i64 {
        self.settings.settled.0
    }
}

impl Changed {
    /// What to remember of it, for the job of this name.
    pub(super) fn write(&self, name: &str) -> JobWrite {
        JobWrite { name: name.to_owned(), settings: Some(self.settings.clone()), run: None }
    }
}
