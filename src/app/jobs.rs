//! The table of jobs: what this appliance does by itself, and when.

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;

use crate::backup::{BackupError, Backups, Depth, Reason};
use crate::domain::Kind;
use crate::engine;
use crate::jobs::{self, JobContext, JobSpec, Jobs, JobsOptions, Trigger};

/// Every job. A new one is a new row.
fn table(engine: &engine::Handle, backups: &Backups) -> Vec<JobSpec> {
    let check = engine.clone();
    let row = |name, title, schedule, work: fn(Backups, JobContext) -> jobs::Done| {
        let backups = backups.clone();
        JobSpec::new(name, title, schedule, move |context| work(backups.clone(), context))
    };
    let mut table = vec![
        row(
            "backup",
            "Save the site, restore the file to prove it, copy it off the host",
            "15 2 * * *",
            |backups, context| Box::pin(back_up(backups, context)),
        ),
        row(
            "verify",
            "Restore the newest backup fully, into PostgreSQL too where possible",
            "30 3 * * 0",
            |backups, context| Box::pin(verify(backups, context)),
        ),
        row(
            "prune",
            "Remove backups that the retention does not keep",
            "0 5 * * *",
            |backups, context| Box::pin(prune(backups, context)),
        ),
        JobSpec::new(
            "self-check",
            "Check that the engine answers and the store can be read",
            "0 6 * * *",
            move |context| self_check(check.clone(), context),
        ),
    ];
    if !backups.options().targets.is_empty() {
        table.push(row(
            "copy",
            "Copy backups off the host that are not there yet",
            "*/10 * * * *",
            |backups, context| Box::pin(copy(backups, context)),
        ));
        table.push(row(
            "verify-offhost",
            "Restore the newest backup from its copies off the host",
            "30 4 1 * *",
            |backups, context| Box::pin(verify_offhost(backups, context)),
        ));
    }
    table
}

/// Takes up the appliance's jobs, scheduled or only on request.
///
/// # Errors
/// When their records cannot be read.
pub async fn start_jobs(
    engine: &engine::Handle,
    backups: &Backups,
    is_scheduling: bool,
) -> Result<(jobs::Handle, Jobs)> {
    let options = JobsOptions { zone: TimeZone::system(), is_scheduling };
    let table = table(engine, backups);
    jobs::start(engine.clone(), table, options).await.context("cannot take up the jobs")
}

async fn back_up(backups: Backups, context: JobContext) -> Result<String> {
    let reason = match context.trigger {
        Trigger::Schedule => Reason::Schedule,
        Trigger::Manual => Reason::Manual,
        Trigger::Missed => Reason::Missed,
        Trigger::Repair => Reason::Repair,
    };
    let (worker, log) = (backups.clone(), context.log.clone());
    let work = move || worker.back_up(reason, &|line| log.line(line));
    let entry = tokio::task::spawn_blocking(work).await??;
    let log = context.log.clone();
    let copied = backups.copy_due(false, &|line| log.line(line)).await?;
    let pruned = backups.prune(&|line| log.line(line)).await?;
    let mut message = format!("{} saved and restored for proof", entry.id);
    if !backups.options().targets.is_empty() {
        message.push_str(&format!("; {} copied off the host", copied.done));
    }
    if !pruned.removed.is_empty() {
        message.push_str(&format!("; {} older ones removed", pruned.removed.len()));
    }
    if copied.failed > 0 {
        bail!("{message}; {} copies failed and are tried again", copied.failed);
    }
    Ok(message)
}

async fn verify(backups: Backups, context: JobContext) -> Result<String> {
    let (worker, log) = (backups.clone(), context.log.clone());
    let work = move || worker.verify("latest", Depth::Full, &|line| log.line(line));
    let entry = tokio::task::spawn_blocking(work).await??;
    let verification = entry.notes.verification.context("a verification notes what it found")?;
    if !verification.is_ok {
        bail!("{} failed and was put aside: {}", entry.id, verification.message);
    }
    Ok(format!("{}: {}", entry.id, verification.message))
}

async fn verify_offhost(backups: Backups, context: JobContext) -> Result<String> {
    let log = context.log.clone();
    let verified = backups.verify_offhost(&|line| log.line(line)).await?;
    Ok(format!("{} copies restored and compared", verified.len()))
}

/// Another backup or restore that is under way is no failure: the next look is soon.
async fn copy(backups: Backups, context: JobContext) -> Result<String> {
    let log = context.log.clone();
    let is_asked_for = context.trigger == Trigger::Manual;
    let copied = match backups.copy_due(is_asked_for, &|line| log.line(line)).await {
        Err(BackupError::Busy(what)) => return Ok(format!("Put off: {what} is running")),
        copied => copied?,
    };
    if copied.failed > 0 {
        bail!("{} copied, {} failed and are tried again", copied.done, copied.failed);
    }
    Ok(format!("{} copied, {} waiting", copied.done, copied.waiting))
}

async fn prune(backups: Backups, context: JobContext) -> Result<String> {
    let log = context.log.clone();
    let pruned = backups.prune(&|line| log.line(line)).await?;
    Ok(format!("{} removed, {} kept", pruned.removed.len(), pruned.kept.len()))
}

/// What a person would look at first: does it answer, can it be read, is there room.
async fn self_check(engine: engine::Handle, context: JobContext) -> Result<String> {
    engine.ping().await.context("the engine does not answer")?;
    context.log.line("The engine answers.");
    let snapshot = engine.read();
    let [devices, interfaces, links] = [Kind::Device, Kind::Interface, Kind::Link]
        .map(|kind| snapshot.count(kind).context("the store cannot be read"));
    context.log.line(format!("The store can be read at seq {}.", snapshot.head().seq));
    let room = engine.room().context("the data volume does not tell its free space")?;
    let free_mib = room.space.free_bytes >> 20;
    let min_free_mib = room.min_free_bytes >> 20;
    context.log.line(format!("{free_mib} MiB are free; below {min_free_mib} writes are refused."));
    anyhow::ensure!(room.is_writable(), "only {free_mib} MiB are free: the store is read-only");
    let (devices, interfaces, links) = (devices?, interfaces?, links?);
    Ok(format!("{devices} devices, {interfaces} interfaces, {links} links; {free_mib} MiB free"))
}
