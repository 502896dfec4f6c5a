//! The table of jobs: what this appliance does automatically, and when.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::audit::verify_audit;
use super::backup::start_backups;
use super::logging::new_log;
use super::notices::NoticeSettings;
use super::reports::{
    self, DailyReview, Findings, is_report_due, keep_report, pruning, restore_test,
    review_capacity, with_report,
};
use crate::backup::{BackupError, BackupReason, Backups, Depth, Pruning};
use crate::config::Config;
use crate::domain::EntityKind;
use crate::engine::EngineHandle;
use crate::jobs::{
    self, JobContext, JobError, JobFuture, JobRun, JobSpec, JobSupervisor, JobsHandle, JobsOptions,
    RunLog, RunResult, Trigger,
};
use crate::logs::Logs;
use crate::notices::NoticeRoutes;
use crate::store::{AuditOrigin, ReportKind};
use crate::sync::{SyncHandle, SyncState};
use crate::util::{Zone, counted, run_blocking};

/// Returns the specifications of all jobs.
fn table(
    engine: &EngineHandle,
    backups: &Backups,
    routes: &NoticeRoutes,
    logs: &Logs,
    sync: &SyncHandle,
) -> Vec<JobSpec> {
    let check = engine.clone();
    let row = |name, title, schedule, function: fn(Backups, JobContext) -> JobFuture| {
        let backups = backups.clone();
        JobSpec::new(name, title, schedule, move |context| function(backups.clone(), context))
    };
    let mut table = vec![
        backup_of(engine, backups),
        verification(engine, backups),
        pruning_of(engine, backups),
        verification_of_audit(engine, backups, sync),
        JobSpec::new("self-check", "Self-check", "0 6 * * *", move |context| {
            self_check(check.clone(), context)
        }),
    ];
    table.extend(reviews(engine, backups, logs));
    if sync.state() != SyncState::Off {
        let (engine, sync) = (engine.clone(), sync.clone());
        table.push(JobSpec::new(
            "reconcile",
            "Compare with PostgreSQL",
            "30 5 * * 0",
            move |context| reports::reconcile(engine.clone(), sync.clone(), context),
        ));
    }
    table.extend(drills(engine, backups, routes));
    if backups.options().has_targets() {
        table.push(row("copy", "Copy backups off the host", "*/10 * * * *", |backups, context| {
            Box::pin(copy(backups, context))
        }));
        table.push(row(
            "verify-offhost",
            "Verify newest off-host copy",
            "30 4 1 * *",
            |backups, context| Box::pin(verify_offhost(backups, context)),
        ));
    }
    table
}

fn backup_of(engine: &EngineHandle, backups: &Backups) -> JobSpec {
    let (engine, backups) = (engine.clone(), backups.clone());
    JobSpec::new("backup", "Nightly backup", "15 2 * * *", move |context| {
        back_up(engine.clone(), backups.clone(), context)
    })
}

fn verification(engine: &EngineHandle, backups: &Backups) -> JobSpec {
    let (engine, backups) = (engine.clone(), backups.clone());
    JobSpec::new("verify", "Verify newest backup", "30 3 * * 0", move |context| {
        let (engine, work) = (engine.clone(), verify(backups.clone(), context.clone()));
        async move { with_report(ReportKind::RestoreTest, &engine, context, work).await }
    })
}

fn pruning_of(engine: &EngineHandle, backups: &Backups) -> JobSpec {
    let (engine, backups) = (engine.clone(), backups.clone());
    JobSpec::new("prune", "Prune backups", "0 5 * * *", move |context| {
        prune(engine.clone(), backups.clone(), context)
    })
}

fn verification_of_audit(engine: &EngineHandle, backups: &Backups, sync: &SyncHandle) -> JobSpec {
    let (engine, backups, sync) = (engine.clone(), backups.clone(), sync.clone());
    // After the nightly backup, whose manifest is the newest that knows the trail.
    JobSpec::new("audit", "Verify the audit trail", "40 3 * * *", move |context| {
        verify_audit(engine.clone(), backups.clone(), sync.clone(), context)
    })
}

/// The jobs that look at what the appliance recorded.
fn reviews(engine: &EngineHandle, backups: &Backups, logs: &Logs) -> [JobSpec; 2] {
    let (engine, backups, logs) = (engine.clone(), backups.clone(), logs.clone());
    let handle = engine.clone();
    [
        JobSpec::new("daily-review", "Daily review", "10 6 * * *", move |context| {
            let (engine, backups, logs) = (engine.clone(), backups.clone(), logs.clone());
            DailyReview { engine, backups, logs }.run(context)
        }),
        JobSpec::new("capacity", "Review of the capacity", "20 6 1 * *", move |context| {
            review_capacity(handle.clone(), context)
        }),
    ]
}

/// The drills, each of which tries out what nobody wants to find out in an emergency.
fn drills(engine: &EngineHandle, backups: &Backups, routes: &NoticeRoutes) -> [JobSpec; 3] {
    let (provisioning, disaster, incident) = (engine.clone(), engine.clone(), engine.clone());
    let data_dir: Arc<Path> = Arc::from(backups.options().data_dir.as_path());
    let (backups, routes) = (backups.clone(), routes.clone());
    [
        JobSpec::new("provisioning-test", "Provisioning test", "45 5 * * 0", move |context| {
            reports::provisioning_test(provisioning.clone(), Arc::clone(&data_dir), context)
        }),
        JobSpec::new("disaster-drill", "Disaster drill", "30 4 2 * *", move |context| {
            disaster_drill(disaster.clone(), backups.clone(), context)
        }),
        // In working hours: it reaches people.
        JobSpec::new("incident-drill", "Incident drill", "0 10 1 * *", move |context| {
            reports::incident_drill(incident.clone(), routes.sender(), context)
        }),
    ]
}

/// Starts the appliance's jobs.
///
/// # Errors
/// When their records cannot be read.
pub(super) async fn start_jobs(
    engine: &EngineHandle,
    backups: &Backups,
    routes: &NoticeRoutes,
    logs: &Logs,
    sync: &SyncHandle,
) -> Result<(JobsHandle, JobSupervisor)> {
    start(engine, backups, routes, (logs, sync), true).await
}

/// Starts the jobs while no server runs: they run only on request.
///
/// # Errors
/// A setting cannot be used; their records cannot be read.
pub async fn start_offline_jobs(
    config: &Config,
    engine: &EngineHandle,
) -> Result<(JobsHandle, JobSupervisor)> {
    let backups = start_backups(config, engine, &[])?;
    let scheme = if config.tls_cert.is_some() { "https" } else { "http" };
    let own_url = format!("{scheme}://localhost:{}{}", config.port, config.base_path);
    let options = NoticeSettings::of(config)?.for_site(config, engine, own_url);
    let routes = NoticeRoutes::new(options);
    // There is no log to review, and no mirror runs.
    let (logs, sync) = (new_log(config, engine.clock()), SyncHandle::off(engine.now()));
    start(engine, &backups, &routes, (&logs, &sync), false).await
}

async fn start(
    engine: &EngineHandle,
    backups: &Backups,
    routes: &NoticeRoutes,
    (logs, sync): (&Logs, &SyncHandle),
    is_scheduling: bool,
) -> Result<(JobsHandle, JobSupervisor)> {
    reports::remove_leftovers(&backups.options().data_dir);
    let options = JobsOptions { zone: Zone::host().clone(), is_scheduling };
    let table = table(engine, backups, routes, logs, sync);
    jobs::start(engine.clone(), table, options).await.context("cannot load the jobs")
}

/// How long a job waits for another operation on backups to finish.
const BUSY_WAIT: Duration = Duration::from_secs(30 * 60);
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How long a backup's run waits for the copies. An upload that takes longer continues in a run of
/// its own: the next backup must not wait for it.
const COPY_WAIT: Duration = Duration::from_secs(60);

async fn back_up(engine: EngineHandle, backups: Backups, context: JobContext) -> Result<String> {
    let reason = match context.trigger {
        Trigger::Schedule => BackupReason::Schedule,
        Trigger::Manual => BackupReason::Manual,
        Trigger::Missed => BackupReason::Missed,
        Trigger::Repair => BackupReason::Repair,
    };
    let worker = backups.clone();
    let entry = retry_while_busy(context.clone(), move |log| {
        let worker = worker.clone();
        blocking(move || worker.back_up(reason, &|line| log.line(line))).boxed()
    });
    let entry = entry.await?;
    backups.record_made(&entry, AuditOrigin::local("job backup")).await;
    let mut message = format!("Saved and verified {}", entry.id);
    let copied = match backups.options().has_targets() {
        true => copy_off(&context).await?,
        false => None,
    };
    if let Some(copied) = &copied {
        message.push_str(&format!("; copies: {}", copied.message.as_deref().unwrap_or("-")));
    }
    let started_at = context.clock.now();
    let pruned = prune_backups(backups, context.clone()).await?;
    let removed = pruned.removed.len();
    if removed > 0 {
        message.push_str(&format!("; {} removed", counted(removed, "older backup")));
    }
    let mut is_failed = copied.is_some_and(|run| run.result == RunResult::Failed);
    // Otherwise no report would have what was removed: the job `prune` finds nothing to do after this.
    if let (found, false) = pruning_findings(&pruned)
        && let Err(error) =
            keep_report(ReportKind::Pruning, &engine, context, started_at, Ok(found)).await
    {
        message.push_str(&format!("; {error:#}"));
        is_failed = true;
    }
    if is_failed { bail!("{message}") } else { Ok(message) }
}

/// Runs the job `copy`. Returns its run, or `None` if it takes longer than [`COPY_WAIT`].
async fn copy_off(context: &JobContext) -> Result<Option<JobRun>> {
    let run = match context.jobs.run_now("copy", Trigger::Schedule).await {
        Err(JobError::AlreadyRunning) => return Ok(None),
        run => run?,
    };
    match tokio::time::timeout(COPY_WAIT, context.jobs.wait("copy", run.id)).await {
        Ok(run) => Ok(Some(run?)),
        Err(_) => Ok(None),
    }
}

/// Retries an operation while another one is running: only one may run at a time.
async fn retry_while_busy<T>(
    context: JobContext,
    mut work: impl FnMut(RunLog) -> BoxFuture<'static, Result<T, BackupError>>,
) -> Result<T> {
    let late = tokio::time::Instant::now() + BUSY_WAIT;
    loop {
        match work(context.log.clone()).await {
            Err(BackupError::Busy(what)) if tokio::time::Instant::now() < late => {
                context.log.line(format!("Waiting for {what} to finish"));
            }
            done => return Ok(done?),
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_EVERY) => {}
            () = context.stopped() => bail!(BackupError::Stopping),
        }
    }
}

/// Runs a future that also makes blocking calls, on a thread for those: a directory that hangs must
/// not block the threads that serve. The future is dropped when the service stops.
async fn run_apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, BackupError>> + Send + 'static,
    context: JobContext,
) -> Result<T, BackupError> {
    let runtime = tokio::runtime::Handle::current();
    let until_stopped = async move {
        tokio::select! {
            done = work => done,
            () = context.stopped() => Err(BackupError::Stopping),
        }
    };
    blocking(move || runtime.block_on(until_stopped)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    run_blocking(work).await.unwrap_or_else(|error| Err(error.into()))
}

async fn verify(backups: Backups, context: JobContext) -> Result<Findings> {
    let entry = retry_while_busy(context, move |log| {
        let worker = backups.clone();
        blocking(move || worker.verify("latest", Depth::Full, &|line| log.line(line))).boxed()
    });
    let entry = entry.await?;
    let verification =
        entry.notes.verification.as_ref().context("a verification records its result")?;
    if !verification.is_ok {
        bail!("{} failed and was set aside: {}", entry.id, verification.message);
    }
    if !verification.is_complete() {
        bail!("{}: {}", entry.id, verification.message);
    }
    Ok(restore_test(&entry, verification))
}

async fn verify_offhost(backups: Backups, context: JobContext) -> Result<String> {
    let stopping = context.clone();
    let verified = retry_while_busy(context, move |log| {
        let (backups, stopping) = (backups.clone(), stopping.clone());
        let work = async move { backups.verify_copies(&|line| log.line(line)).await };
        run_apart(work, stopping).boxed()
    });
    let verified = verified.await?;
    let unverified = verified.iter().find_map(|entry| {
        let verification = entry.notes.verification.as_ref()?;
        (!verification.is_complete()).then(|| format!("{}: {}", entry.id, verification.message))
    });
    if let Some(unverified) = unverified {
        bail!(unverified);
    }
    Ok(format!("{} verified", counted(verified.len(), "copy")))
}

async fn disaster_drill(
    engine: EngineHandle,
    backups: Backups,
    context: JobContext,
) -> Result<String> {
    let rebuild = retry_while_busy(context.clone(), move |_| {
        let backups = backups.clone();
        blocking(move || backups.begin_rebuild()).boxed()
    });
    reports::disaster_drill(engine, rebuild.await?, context).await
}

/// Makes the copies that are due. A copy that exists already is not an error.
async fn copy(backups: Backups, context: JobContext) -> Result<String> {
    let (log, failure) = (context.log.clone(), backups.target_failure());
    let is_asked_for = context.trigger == Trigger::Manual;
    let work = async move { backups.copy_due(is_asked_for, &|line| log.line(line)).await };
    let copied = match run_apart(work, context).await {
        Err(BackupError::Busy(what)) => return Ok(format!("Postponed: {what} is running")),
        copied => copied?,
    };
    let mut message = format!("{} copied, {} waiting", copied.done, copied.waiting);
    if copied.failed > 0 {
        message.push_str(&format!(", {} failed and will be retried", copied.failed));
    }
    match failure {
        Some(failure) => bail!("{message}; {failure}"),
        None if copied.failed > 0 => bail!("{message}"),
        None => Ok(message),
    }
}

/// Prunes. When there was nothing to do, a report is kept only if the last one is a week old.
async fn prune(engine: EngineHandle, backups: Backups, context: JobContext) -> Result<String> {
    let started_at = context.clock.now();
    let found = prune_backups(backups, context.clone()).await;
    let found = found.map(|pruned| pruning_findings(&pruned));
    if let Ok((found, true)) = &found
        && !is_report_due(&engine.read(), ReportKind::Pruning, started_at)?
    {
        return Ok(found.summary.clone());
    }
    let found = found.map(|(found, _)| found);
    keep_report(ReportKind::Pruning, &engine, context, started_at, found).await
}

/// What a pruning found, and whether there was nothing to do.
fn pruning_findings(pruned: &Pruning) -> (Findings, bool) {
    let message = format!("{} removed, {} kept", pruned.removed.len(), pruned.retained.len());
    let is_idle = pruned.removed.is_empty() && pruned.copies.is_empty();
    match failed_removals(pruned) {
        Some(failed) => (pruning(pruned, format!("{message}; {failed}")), false),
        None => (pruning(pruned, message), is_idle),
    }
}

/// Returns how many copies could not be removed, and why the first of them.
fn failed_removals(pruned: &Pruning) -> Option<String> {
    let first = pruned.failed_removals.first()?;
    let copies = counted(pruned.failed_removals.len(), "copy");
    Some(format!("{copies} could not be removed: {}", first.why))
}

async fn prune_backups(backups: Backups, context: JobContext) -> Result<Pruning> {
    let stopping = context.clone();
    let pruned = retry_while_busy(context, move |log| {
        let (backups, stopping) = (backups.clone(), stopping.clone());
        let work = async move {
            backups.prune(&AuditOrigin::local("job prune"), &|line| log.line(line)).await
        };
        run_apart(work, stopping).boxed()
    });
    pruned.await
}

/// Checks that the engine responds, that the store can be read and that there is free space.
async fn self_check(engine: EngineHandle, context: JobContext) -> Result<String> {
    engine.ping().await.context("the engine does not respond")?;
    context.log.line("The engine responds.");
    let snapshot = engine.read();
    let [devices, interfaces, links] =
        [EntityKind::Device, EntityKind::Interface, EntityKind::Link]
            .map(|kind| snapshot.count(kind).context("the store cannot be read"));
    context.log.line(format!("The store can be read at seq {}.", snapshot.seq()));
    let volume = engine.observe_volume().await?;
    let free_mib = volume.space.free_bytes >> 20;
    let min_free_mib = volume.min_free_bytes >> 20;
    context
        .log
        .line(format!("{free_mib} MiB are free; below {min_free_mib} MiB writes are refused."));
    anyhow::ensure!(volume.is_writable(), "only {free_mib} MiB are free: the store is read-only");
    let (devices, interfaces, links) = (devices?, interfaces?, links?);
    Ok(format!(
        "{}, {}, {}; {free_mib} MiB free",
        counted(devices, "device"),
        counted(interfaces, "interface"),
        counted(links, "link")
    ))
}
