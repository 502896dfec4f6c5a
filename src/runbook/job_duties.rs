//! Duties that a job of the appliance does.

use super::duty::{DoneBy, Duty, DutyAction, DutyState, Frequency};
use super::facts::{ReportFacts, RunbookFacts, last_run};
use crate::domain::Timestamp;
use crate::jobs::{JobStatus, RunResult};
use crate::store::{ReportKind, ReportResult};
use crate::util::format_bytes;

const PAGE: &str = "/operations/jobs";
/// Below this share of free space, most volumes fill up within days.
const FREE_PERCENT_LOW: u64 = 10;
/// How long a report that somebody should look at may wait: a weekend and a day.
const UNSEEN_US_MAX: i64 = 3 * 24 * 60 * 60 * 1_000_000;

pub(super) fn logs(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let job = facts.job("daily-review");
    let base = Duty {
        command: Some("unoc logs --since 24h --level warn"),
        action: Some(DutyAction { label: "Review now", path: "/api/jobs/daily-review/run" }),
        ..by_job(key, "Review of the logs", Frequency::Daily, "/operations/logs", job)
    };
    reviewed(base, ReportKind::DailyReview, facts, "No day has been reviewed yet")
}

pub(super) fn capacity(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let job = facts.job("capacity");
    let base = Duty {
        command: Some("unoc reports --kind capacity"),
        action: Some(DutyAction { label: "Review now", path: "/api/jobs/capacity/run" }),
        ..by_job(key, "Review of the capacity", Frequency::Monthly, "/operations/health", job)
    };
    let otherwise = "The capacity has not been reviewed yet";
    let base = reviewed(base, ReportKind::Capacity, facts, otherwise);
    let volume = match &facts.volume {
        Ok(volume) => volume,
        Err(error) => return with(base, DutyState::Error, error),
    };
    let percent = (volume.free_bytes * 100).checked_div(volume.total_bytes).unwrap_or(0);
    let state = match percent {
        _ if !volume.is_writable => DutyState::Error,
        percent if percent < FREE_PERCENT_LOW => DutyState::Warning,
        _ => return base,
    };
    let (free, total) = (format_bytes(volume.free_bytes), format_bytes(volume.total_bytes));
    with(base, state, &format!("{free} of {total} of the data volume are free ({percent} %) now"))
}

pub(super) fn reconcile(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    const TITLE: &str = "Comparison with PostgreSQL";
    const PAGE: &str = "/operations/sync";
    let job = facts.job("reconcile");
    if job.is_none() {
        let evidence = "No PostgreSQL is configured; there is nothing to compare".to_owned();
        let base = Duty::of_appliance(key, TITLE, Frequency::Weekly, PAGE);
        return Duty { state: DutyState::Ok, evidence, ..base };
    }
    let base = Duty {
        command: Some("unoc sync reconcile"),
        action: Some(DutyAction { label: "Compare now", path: "/api/jobs/reconcile/run" }),
        ..by_job(key, TITLE, Frequency::Weekly, PAGE, job)
    };
    reviewed(base, ReportKind::Reconciliation, facts, "Nothing has been compared by the job yet")
}

/// What the newest report says. While somebody should look at it, the duty is a person's, until a record
/// says that one did; it is overdue [`UNSEEN_US_MAX`] after the oldest one that nobody has looked at.
pub(super) fn reviewed(
    duty: Duty,
    kind: ReportKind,
    facts: &RunbookFacts<'_>,
    otherwise: &str,
) -> Duty {
    let record = facts.record(duty.key);
    let Some(report) = facts.report(kind) else {
        return with(Duty { last_record: record, ..duty }, DutyState::Unknown, otherwise);
    };
    let ReportFacts { shown: report, unseen_since } = report;
    let duty = Duty { last_done_at: Some(report.ended_at), last_record: record, ..duty };
    match (report.result, unseen_since) {
        (ReportResult::Warning, Some(since)) => {
            // A report from a clock that was ahead must not put the duty off.
            let since = (*since).min(facts.now);
            let overdue_at = Timestamp(since.0.saturating_add(UNSEEN_US_MAX));
            let is_late = facts.now >= overdue_at;
            let state = if is_late { DutyState::Warning } else { DutyState::Due };
            Duty {
                done_by: DoneBy::Operator,
                next_due_at: Some(facts.now),
                overdue_at: Some(overdue_at),
                ..with(duty, state, &report.summary)
            }
        }
        // The run of the job has said so.
        (ReportResult::Failed, _) if !duty.evidence.is_empty() => duty,
        (ReportResult::Failed, _) => with(duty, DutyState::Error, &report.summary),
        (ReportResult::Ok | ReportResult::Warning, _) => with(duty, DutyState::Ok, &report.summary),
    }
}

pub(super) fn incident_drill(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let job = facts.job("incident-drill");
    let base = Duty {
        command: Some("unoc jobs run incident-drill"),
        action: Some(DutyAction { label: "Drill now", path: "/api/jobs/incident-drill/run" }),
        ..by_job(key, "Incident drill", Frequency::Monthly, PAGE, job)
    };
    let otherwise = "No test notice has been sent to every contact yet";
    reviewed(base, ReportKind::IncidentDrill, facts, otherwise)
}

pub(super) fn provisioning_test(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let job = facts.job("provisioning-test");
    let base = Duty {
        command: Some("unoc jobs run provisioning-test"),
        action: Some(DutyAction { label: "Test now", path: "/api/jobs/provisioning-test/run" }),
        ..by_job(key, "Provisioning test", Frequency::Weekly, PAGE, job)
    };
    let otherwise = "No ONT has been provisioned in a scratch site yet";
    reviewed(base, ReportKind::ProvisioningTest, facts, otherwise)
}

/// A duty that a job does: it fails as the job does.
pub(super) fn by_job(
    key: &'static str,
    title: &'static str,
    frequency: Frequency,
    page: &'static str,
    job: Option<&JobStatus>,
) -> Duty {
    let base = Duty::of_appliance(key, title, frequency, page);
    let Some(job) = job else { return base };
    let state = match last_run(Some(job)).map(|run| run.result) {
        Some(RunResult::Failed) => DutyState::Error,
        Some(RunResult::Interrupted) => DutyState::Warning,
        _ if !job.is_enabled => DutyState::Warning,
        _ => DutyState::Ok,
    };
    let evidence = match last_run(Some(job)) {
        Some(run) if run.result == RunResult::Failed => {
            format!(
                "the last run failed: {}",
                run.message.as_deref().unwrap_or("no reason is known")
            )
        }
        Some(run) if run.result == RunResult::Interrupted => {
            "the last run was interrupted".to_owned()
        }
        _ if !job.is_enabled => format!("the job “{}” is turned off", job.name),
        _ => String::new(),
    };
    Duty { state, evidence, next_due_at: job.next_run_at, ..base }
}

/// Adds what was found to the state of the job: the worse one counts.
pub(super) fn with(duty: Duty, state: DutyState, evidence: &str) -> Duty {
    let evidence = match duty.evidence.as_str() {
        "" => evidence.to_owned(),
        of_job => format!("{evidence}; {of_job}"),
    };
    Duty { state: duty.state.max(state), evidence, ..duty }
}
