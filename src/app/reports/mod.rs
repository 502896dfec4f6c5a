//! The reports of the runbook's jobs: what each found, kept as evidence.

mod backups;
mod capacity;
mod daily_review;
mod disaster_drill;
mod incident_drill;
mod provisioning_test;
mod reconciliation;
mod scratch_site;
mod section;
mod steps;

use anyhow::{Result, bail};

pub(super) use backups::{pruning, restore_test};
pub(super) use capacity::review_capacity;
pub(super) use daily_review::DailyReview;
pub(super) use disaster_drill::disaster_drill;
pub(super) use incident_drill::incident_drill;
pub(super) use provisioning_test::provisioning_test;
pub(super) use reconciliation::reconcile;
pub(super) use scratch_site::remove_leftovers;

use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::jobs::JobContext;
use crate::store::{NewReport, ReportKind, ReportResult, ReportSection, Snapshot, StoreError};

/// What happens each week has a report each week, also when there is nothing to tell.
const ROUTINE_AGE_US: i64 = 6 * 24 * 60 * 60 * 1_000_000;

/// What a job found.
pub(super) struct Findings {
    pub(super) result: ReportResult,
    /// In a sentence or two.
    pub(super) summary: String,
    pub(super) sections: Vec<ReportSection>,
}

/// Does the work of a job and keeps what it found as a report. Returns the summary.
///
/// # Errors
/// The error of the work, of which a report is kept too; the summary of a report that says `failed`; and
/// when the report could not be kept.
pub(super) async fn with_report(
    kind: ReportKind,
    engine: &EngineHandle,
    context: JobContext,
    work: impl Future<Output = Result<Findings>>,
) -> Result<String> {
    let started_at = context.clock.now();
    let found = work.await;
    keep_report(kind, engine, context, started_at, found).await
}

/// Keeps what a job found, as [`with_report`].
pub(super) async fn keep_report(
    kind: ReportKind,
    engine: &EngineHandle,
    context: JobContext,
    started_at: Timestamp,
    found: Result<Findings>,
) -> Result<String> {
    if found.is_err() && context.is_stopping() {
        // The run is interrupted when the service has stopped, which is no failure of what it did.
        std::future::pending::<()>().await;
    }
    let found = found.unwrap_or_else(|error| Findings {
        result: ReportResult::Failed,
        summary: format!("{error:#}"),
        sections: Vec::new(),
    });
    let (result, summary) = (found.result, found.summary);
    let report = NewReport {
        kind,
        started_at,
        ended_at: context.clock.now(),
        result,
        summary: summary.clone(),
        sections: found.sections,
    };
    let kept = engine.add_report(report).await;
    if let Ok(id) = &kept {
        // A run keeps one report.
        context.report.set(*id).ok();
        context.log.line(format!("Kept as report {id}."));
    }
    match (result, kept) {
        (ReportResult::Failed, _) => bail!(summary),
        (_, Err(error)) => bail!("{summary}; the report could not be kept: {error}"),
        (_, Ok(_)) => Ok(summary),
    }
}

/// Whether the newest report of a kind is a week old, or there is none.
pub(super) fn is_report_due(
    snapshot: &Snapshot,
    kind: ReportKind,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let newest = snapshot.reports(Some(kind), None, 1)?.pop();
    Ok(newest.is_none_or(|head| now.0.saturating_sub(head.ended_at.0) >= ROUTINE_AGE_US))
}
