//! The weekly comparison of the site with its mirror in PostgreSQL.

use std::time::Duration;

use anyhow::{Result, bail};

use super::section::{fact, section};
use super::{Findings, with_report};
use crate::engine::EngineHandle;
use crate::jobs::JobContext;
use crate::store::{ReportKind, ReportResult, ReportValue};
use crate::sync::{Reconciliation, SyncHandle};
use crate::util::counted;

/// Compares both sides, repairs PostgreSQL, and keeps the report. Returns the summary.
pub(crate) async fn reconcile(
    engine: EngineHandle,
    sync: SyncHandle,
    context: JobContext,
) -> Result<String> {
    let stopping = context.clone();
    let work = async move {
        // The mirror has deadlines of its own for what it asks of PostgreSQL.
        tokio::select! {
            compared = sync.compare(true) => Ok(findings(&compared?)),
            () = stopping.stopped() => bail!("the service is stopping"),
        }
    };
    with_report(ReportKind::Reconciliation, &engine, context, work).await
}

fn findings(reconciliation: &Reconciliation) -> Findings {
    let Reconciliation { duration_ms, comparison, repaired, .. } = *reconciliation;
    let rows = counted(comparison.compared, "row");
    let differences = comparison.differences();
    let (result, summary) = match differences {
        0 => (ReportResult::Ok, format!("{rows} compared: PostgreSQL has the same")),
        _ => {
            let summary = format!("{rows} compared: {differences} differed and were corrected");
            (ReportResult::Warning, summary)
        }
    };
    let took = Duration::from_secs_f64(duration_ms / 1000.0);
    let mut section = section("Comparison");
    section.facts = vec![
        fact("Rows compared", ReportValue::Count(comparison.compared)),
        fact("Missing in PostgreSQL", ReportValue::Count(comparison.missing)),
        fact("Only in PostgreSQL", ReportValue::Count(comparison.extra)),
        fact("Different", ReportValue::Count(comparison.different)),
        fact("Rows written", ReportValue::Count(repaired)),
        fact("Took", ReportValue::Seconds(took.as_secs_f64())),
    ];
    if differences > 0 {
        section.text = Some(
            "Something else writes to UNOC's tables, or the database was restored. Find out what \
             does, and revoke its right to write."
                .to_owned(),
        );
    }
    Findings { result, summary, sections: vec![section] }
}
