//! The table of jobs: what this appliance does by itself, and when.

use anyhow::{Context, Result};
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::domain::Kind;
use crate::engine;
use crate::jobs::{self, JobContext, JobSpec, Jobs, JobsOptions};

/// Every job. A new one is a new row.
fn table(engine: &engine::Handle) -> Vec<JobSpec> {
    let self_check_engine = engine.clone();
    vec![JobSpec::new(
        "self-check",
        "Check that the engine answers and the store can be read",
        "0 6 * * *",
        move |context| self_check(self_check_engine.clone(), context),
    )]
}

/// Takes up the appliance's jobs, scheduled or only on request.
///
/// # Errors
/// When their records cannot be read.
pub async fn start_jobs(
    _config: &Config,
    engine: &engine::Handle,
    is_scheduling: bool,
) -> Result<(jobs::Handle, Jobs)> {
    let options = JobsOptions { zone: TimeZone::system(), is_scheduling };
    jobs::start(engine.clone(), table(engine), options).await.context("cannot take up the jobs")
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
