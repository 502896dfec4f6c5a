//! What the state of the duties is derived from.

use std::collections::BTreeMap;

use crate::backup::Overview;
use crate::domain::Timestamp;
use crate::jobs::{JobRun, JobStatus, RunResult};
use crate::store::DutyRecord;
use crate::sync::SyncStatus;

/// Everything that the duties look at, at one moment.
pub struct RunbookFacts<'a> {
    pub now: Timestamp,
    /// When the store was created: from then on, duties are counted.
    pub created_at: Timestamp,
    pub health: HealthFacts,
    pub read: ReadFacts,
    pub sync: &'a SyncStatus,
    /// What PostgreSQL lacks and why, in a sentence.
    pub sync_message: String,
    pub backups: Result<&'a Overview, String>,
    pub jobs: &'a [JobStatus],
    pub logs: LogFacts,
    pub overridden_count: usize,
    pub volume: Result<VolumeFacts, String>,
    /// The newest record of each duty that has one.
    pub records: BTreeMap<&'static str, DutyRecord>,
}

/// The answer of `GET /health`.
#[derive(Clone, Debug)]
pub struct HealthFacts {
    pub status: &'static str,
    pub reason: Option<String>,
}

/// A read of the site.
#[derive(Clone, Copy, Debug)]
pub struct ReadFacts {
    pub device_count: u64,
    pub seq: u64,
}

/// The warnings and errors of the last 24 hours.
#[derive(Clone, Copy, Debug)]
pub struct LogFacts {
    pub error_count: u64,
    pub warning_count: u64,
    /// Kinds of them that the 24 hours before did not have.
    pub new_count: usize,
    /// Whether earlier ones are only in the journal.
    pub is_partial: bool,
}

/// Space on the data volume, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct VolumeFacts {
    pub free_bytes: u64,
    pub total_bytes: u64,
    pub is_writable: bool,
}

impl RunbookFacts<'_> {
    pub(super) fn job(&self, name: &str) -> Option<&JobStatus> {
        self.jobs.iter().find(|job| job.name == name)
    }

    pub(super) fn record(&self, key: &str) -> Option<DutyRecord> {
        self.records.get(key).cloned()
    }
}

/// The last run of a job that succeeded.
pub(super) fn last_success(job: Option<&JobStatus>) -> Option<&JobRun> {
    job?.runs.iter().find(|run| run.result == RunResult::Ok)
}

/// The last run of a job that ended.
pub(super) fn last_run(job: Option<&JobStatus>) -> Option<&JobRun> {
    job?.runs.iter().find(|run| run.result != RunResult::Running)
}
