//! The reports of the runbook's jobs: what each found, kept as evidence.

mod incident_drill;

use anyhow::{Result, bail};

pub(super) use incident_drill::incident_drill;

use crate::engine::EngineHandle;
use crate::jobs::JobContext;
use crate::store::{NewReport, ReportKind, ReportResult, ReportSection};

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
    let found = work.await.unwrap_or_else(|error| Findings {
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
    match (result, kept) {
        (ReportResult::Failed, _) => bail!(summary),
        (_, Err(error)) => bail!("{summary}; the report could not be kept: {error}"),
        (_, Ok(id)) => {
            context.log.line(format!("Kept as report {id}."));
            Ok(summary)
        }
    }
}
