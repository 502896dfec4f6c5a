//! The nightly verification of the audit trail.

use anyhow::{Context, Result, bail};

use crate::backup::{Backups, audit_heads_of};
use crate::engine::EngineHandle;
use crate::jobs::JobContext;
use crate::query::{AuditCheck, check_audit};
use crate::sync::{AuditComparison, SyncHandle, SyncState};
use crate::util::{counted, run_blocking};

/// Computes every hash of the trail again, looks for the rows that backups and PostgreSQL know, and compares
/// the rows in PostgreSQL.
///
/// # Errors
/// When the trail is not as it was written: the message has the first problem, the log all of them.
pub(super) async fn verify_audit(
    engine: EngineHandle,
    backups: Backups,
    sync: SyncHandle,
    context: JobContext,
) -> Result<String> {
    let mut known = match backups.observe().await {
        Ok(overview) => audit_heads_of(&overview.entries),
        Err(error) => {
            context.log.line(format!("The backups were not asked: {error}"));
            Vec::new()
        }
    };
    known.extend(sync.status().audit_head);
    let snapshot = engine.read();
    let check = run_blocking(move || check_audit(&snapshot, known)).await?;
    let mut check = check.context("the trail cannot be read")?;
    log_check(&check, &context);
    if sync.state() != SyncState::Off {
        match sync.compare_audit().await {
            Ok(comparison) => add_comparison(&mut check, &comparison, &context),
            // The mirror has checks of its own.
            Err(error) => context.log.line(format!("PostgreSQL was not asked: {error}")),
        }
    }
    for problem in check.accepted_problems() {
        context.log.line(format!("Accepted: {problem}."));
    }
    let problems = check.problems();
    for problem in &problems {
        context.log.line(format!("{problem}."));
    }
    match problems.split_first() {
        None => Ok(format!(
            "{} verified, {} compared",
            counted(check.verification.row_count, "row"),
            counted(check.known.len(), "known row")
        )),
        Some((first, [])) => bail!("{first}"),
        Some((first, others)) => bail!("{first}; {} more in the log", others.len()),
    }
}

fn log_check(check: &AuditCheck, context: &JobContext) {
    let found = &check.verification;
    context.log.line(format!(
        "{} read; {} from before the chain, {} from a backup.",
        counted(found.row_count, "row"),
        found.unchained_count,
        found.restored_count
    ));
    if let Some(chain) = found.chain {
        let head = chain.head;
        context.log.line(format!("The newest is row {} with the hash {}.", head.id, head.hash));
    }
    for gap in &found.gaps {
        let (first, last) = (gap.first_id, gap.last_id);
        context.log.line(format!(
            "Numbers {first} to {last} were left out when the site continued above another copy; row {} \
             tells why.",
            last + 1
        ));
    }
    for (known, state) in &check.known {
        context.log.line(format!("Row {} of {}: {state:?}.", known.head.id, known.source));
    }
}

fn add_comparison(check: &mut AuditCheck, found: &AuditComparison, context: &JobContext) {
    context.log.line(format!("{} compared in PostgreSQL.", counted(found.compared, "row")));
    if let Some(first) = found.first_missing_there {
        context.log.line(format!(
            "{}, the first with the number {first}: PostgreSQL has fewer rows than here.",
            counted(found.missing_there, "row")
        ));
    }
    for (row, problem) in &found.differences {
        check.add(*row, problem.clone());
    }
}
