//! What the state of the duties is derived from.

use std::collections::BTreeMap;

use crate::backup::Overview;
use crate::domain::Timestamp;
use crate::jobs::{JobRun, JobStatus, RunResult};
use crate::store::{DutyRecord, ReportHead, ReportKind};
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
    pub overridden_count: usize,
    pub volume: Result<VolumeFacts, String>,
    /// The newest record of each duty that has one.
    pub records: BTreeMap<&'static str, DutyRecord>,
    /// One for each kind that has a report.
    pub reports: Vec<ReportFacts>,
}

/// The reports of a kind.
#[derive(Clone, Debug)]
pub struct ReportFacts {
    /// The newest one, or a warning before it that nobody has looked at.
    pub shown: ReportHead,
    /// When the oldest warning was kept that nobody has looked at.
    pub unseen_since: Option<Timestamp>,
}

/// The answer of `GET /health`.
#[derive(Clone, Debug)]
pub struct HealthFacts {
    pub status: &'static str,
    pub reason: Option<String>,
}

/// A read of the site.
#[derive(Clone, Debug)]
pub struct ReadFacts {
    pub device_count: u64,
    pub seq: u64,
    /// When the list was last asked for by HTTP, and why that failed; `None` before the first time.
    pub asked: Option<(Timestamp, Result<(), String>)>,
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

    /// What is known of the reports of a kind.
    pub(super) fn report(&self, kind: ReportKind) -> Option<&ReportFacts> {
        self.reports.iter().find(|report| report.shown.kind == kind)
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
